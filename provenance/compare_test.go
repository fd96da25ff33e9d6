package provenance_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/provenance"
)

// pair returns a pipeline of a source and what rests on it, with names, a parameter and an input port of their own.
func pair(t *testing.T, source, consumer string, param int, region, port string) *provenance.Definition {
	return parse(t, fmt.Sprintf(`{:format :pipeline/v1 :pipeline "pair"
	 :ops {"load" {:code "c" :ports {:in {} :out {:o :t}}} "fit" {:code "c" :ports {:in {:%[5]s :t} :out {:o :t}}}}
	 :nodes {"%[1]s" {:op "load" :params {:region "%[4]s"}} "%[2]s" {:op "fit" :params {:n %[3]d} :in {:%[5]s ["%[1]s" :o]}}}
	 :targets {"out" ["%[2]s" :o]}}`, source, consumer, param, region, port))
}

// What a node is called is no change of what rests on it.
func TestCompareTellsCauses(t *testing.T) {
	conn := open(t)
	a := pair(t, "mail", "model", 1, "us", "rows")
	submit(t, conn, a)
	for _, c := range []struct {
		b    *provenance.Definition
		want map[string][]provenance.Change
	}{
		{pair(t, "post", "model", 1, "us", "rows"), map[string][]provenance.Change{}},
		{pair(t, "post", "model", 2, "us", "rows"), map[string][]provenance.Change{"model": {provenance.ChangedParams}}},
		{pair(t, "mail", "model", 1, "fr", "rows"), map[string][]provenance.Change{"mail": {provenance.ChangedParams}, "model": {provenance.ChangedInputs}}},
		{pair(t, "post", "model", 1, "fr", "rows"), map[string][]provenance.Change{"model": {provenance.ChangedStructure}}},
		{pair(t, "mail", "model", 1, "us", "data"), map[string][]provenance.Change{"model": {provenance.ChangedStructure}}},
	} {
		submit(t, conn, c.b)
		delta, err := provenance.Compare(t.Context(), conn.Snapshot(), a.Version(), c.b.Version())
		if c.b.Version() == a.Version() { // whose names are now the other ones
			delta, err = provenance.Compare(t.Context(), conn.Snapshot(), a.Version(), a.Version())
			submit(t, conn, a)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]provenance.Change{}
		for _, m := range delta.Modified {
			got[m.Label] = m.Changes
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// A view that hides a part of a version tells so, and a port of which it hides the node names none.
func TestHiddenParts(t *testing.T) {
	conn := open(t)
	d := pair(t, "mail", "model", 1, "us", "rows")
	submit(t, conn, d)
	ctx, snap := t.Context(), conn.Snapshot()
	mail, err := provenance.FindNode(ctx, snap, d.Nodes()["mail"])
	if err != nil {
		t.Fatal(err)
	}
	hidden := &db.IDSet{}
	hidden.Add(mail.Entity)
	view := snap.Without(hidden)
	var at *provenance.NodeError
	if _, err := provenance.Compare(ctx, view, d.Version(), d.Version()); !errors.Is(err, provenance.ErrNoNode) || !errors.As(err, &at) || at.Name != "mail" {
		t.Error(err)
	}
	model, err := provenance.FindNode(ctx, view, d.Nodes()["model"])
	if err != nil || !cmp.Equal(model.Inputs, []provenance.Port{{Name: "rows", Output: "o"}}) {
		t.Error(model, err)
	}
}
