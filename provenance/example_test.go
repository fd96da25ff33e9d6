package provenance_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/provenance"
	"github.com/datolite/datolite/tx"
)

// spam is a pipeline that learns to tell spam: mail is loaded, a model is fitted to it, and tested.
const spam = `{:format :pipeline/v1 :pipeline "mail/spam"
 :ops {"load" {:code "git:1a2b:load.py" :ports {:in {} :out {:rows :table}}}
       "fit"  {:code "git:1a2b:fit.py"  :ports {:in {:rows :table} :out {:model :model}}}
       "test" {:code "git:1a2b:test.py" :ports {:in {:model :model :rows :table} :out {:report :metrics}}}}
 :nodes {"mail"   {:op "load" :source "mail@2026-11-01"}
         "model"  {:op "fit"  :params {:depth %d} :in {:rows ["mail" :rows]}}
         "report" {:op "test" :in {:model ["model" :model] :rows ["mail" :rows]}}}
 :targets {"report" ["report" :report]}}`

// submitted returns a database in memory with a version of the pipeline for each depth.
func submitted(ctx context.Context, depths ...int) (*db.Conn, []*provenance.Submitted) {
	conn, err := datolite.Open(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.Transact(ctx, conn, provenance.Schema()); err != nil {
		log.Fatal(err)
	}
	var out []*provenance.Submitted
	for _, depth := range depths {
		def, err := provenance.ParseEDN(fmt.Appendf(nil, spam, depth))
		if err != nil {
			log.Fatal(err)
		}
		sub, err := provenance.Submit(ctx, conn, def)
		if err != nil {
			log.Fatal(err)
		}
		out = append(out, sub)
	}
	return conn, out
}

func ExampleSubmit() {
	conn, versions := submitted(context.Background(), 3, 4)
	defer conn.Close()
	for _, v := range versions {
		fmt.Println(v.New, "new", v.Shared, "shared")
	}
	// Output:
	// 3 new 0 shared
	// 2 new 1 shared
}

func ExampleSchema() {
	ctx := context.Background()
	conn, err := datolite.Open(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	rep, err := tx.Transact(ctx, conn, provenance.Schema())
	if err != nil {
		log.Fatal(err)
	}
	again, err := tx.Transact(ctx, conn, provenance.Schema())
	_, ok := rep.After.Schema().Named("node/inputs")
	fmt.Println(ok, len(again.Datoms), err) // the second time it is the instant alone
	// Output: true 1 <nil>
}

func ExampleParseEDN() {
	def, err := provenance.ParseEDN(fmt.Appendf(nil, spam, 3))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(def.Pipeline(), def.Version())
	for _, name := range slices.Sorted(maps.Keys(def.Nodes())) {
		fmt.Println(name, def.Nodes()[name].String()[:11])
	}
	_, err = provenance.ParseEDN([]byte(`{:format :pipeline/v1 :pipeline "p" :nodes {"a" {:op "lode"}}}`))
	fmt.Println(errors.Is(err, provenance.ErrDefinition), err)
	// Output:
	// mail/spam v1_naqibc45hhchinn75oa42jnycizxehztl76e7okcyx6acqjvuxxq
	// mail n1_w34fymnw
	// model n1_kadrjivs
	// report n1_qk2qu4o5
	// true provenance: 1:54: nodes.a.op: there is no op "lode"
}

func ExampleParseJSON() {
	def, err := provenance.ParseJSON([]byte(`{"format": "pipeline/v1", "pipeline": "mail/spam",
	 "ops": {"load": {"code": "git:1a2b:load.py", "ports": {"in": {}, "out": {"rows": "table"}}},
	         "fit":  {"code": "git:1a2b:fit.py",  "ports": {"in": {"rows": "table"}, "out": {"model": "model"}}}},
	 "nodes": {"mail":  {"op": "load", "source": "mail@2026-11-01"},
	           "model": {"op": "fit", "params": {"depth": 3}, "in": {"rows": "mail.rows"}}},
	 "targets": {"model": "model.model"}}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(def.Nodes())) {
		fmt.Println(name, def.Nodes()[name].String()[:11]) // as in EDN
	}
	_, err = provenance.ParseJSON([]byte(`{"format": "pipeline/v1", "pipeline": "p", "noeds": {}}`))
	fmt.Println(errors.Is(err, provenance.ErrDefinition), err)
	// Output:
	// mail n1_w34fymnw
	// model n1_kadrjivs
	// true provenance: 1:44: definition: does not know "noeds" (did you mean "nodes"?)
}

func ExampleNewBuilder() {
	b := provenance.NewBuilder("mail/spam")
	b.Op("load", provenance.Op{Code: "git:1a2b:load.py", Out: map[string]string{"rows": "table"}})
	b.Op("fit", provenance.Op{Code: "git:1a2b:fit.py", In: map[string]string{"rows": "table"}, Out: map[string]string{"model": "model"}})
	mail := b.Node("mail", provenance.Step{Op: "load", Source: "mail@2026-11-01"})
	model := b.Node("model", provenance.Step{
		Op:     "fit",
		Params: map[string]any{"depth": 3},
		In:     map[string]provenance.Output{"rows": mail.Out("rows")},
	})
	b.Export("model", model.Out("model"))
	def, err := b.Definition()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(def.Nodes()["model"].String()[:11]) // as in EDN
	b.Export("report", model.Out("modle"))
	_, err = b.Definition()
	fmt.Println(err)
	// Output:
	// n1_kadrjivs
	// provenance: targets.report: op "fit" has no output "modle" (did you mean "model"?)
}

func ExampleFind() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3)
	defer conn.Close()
	id, err := provenance.Find(ctx, conn.Snapshot(), versions[0].Version, "model")
	fmt.Println(id == versions[0].Nodes["model"], err)
	_, err = provenance.Find(ctx, conn.Snapshot(), versions[0].Version, "modle")
	fmt.Println(err)
	// Output:
	// true <nil>
	// provenance: "modle": no such node (did you mean "model"?)
}

func ExampleFindNode() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3)
	defer conn.Close()
	n, err := provenance.FindNode(ctx, conn.Snapshot(), versions[0].Nodes["report"])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n.Op, n.Code, n.Params, n.Height)
	for _, in := range n.Inputs {
		fmt.Println(in.Name, in.Node == versions[0].Nodes["model"], in.Output)
	}
	// Output:
	// test git:1a2b:test.py {} 2
	// model true model
	// rows false rows
}

func ExampleFindVersion() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3)
	defer conn.Close()
	v, err := provenance.FindVersion(ctx, conn.Snapshot(), versions[0].Version)
	fmt.Println(v.Pipelines, len(v.Nodes), v.Tombstoned.IsZero(), err)
	_, err = provenance.FindVersion(ctx, conn.Snapshot(), provenance.VersionID{})
	fmt.Println(errors.Is(err, provenance.ErrNoVersion))
	// Output:
	// [mail/spam] 3 true <nil>
	// true
}

func ExampleCompare() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3, 4)
	defer conn.Close()
	delta, err := provenance.Compare(ctx, conn.Snapshot(), versions[0].Version, versions[1].Version)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(delta.Shared, "shared")
	for _, m := range delta.Modified {
		fmt.Println(m.Label, m.Changes, m.Root())
	}
	for _, m := range delta.RootCauses() {
		fmt.Println("because of", m.Label)
	}
	// Output:
	// 1 shared
	// model [parameters] true
	// report [inputs] false
	// because of model
}

func ExampleDownstream() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3)
	defer conn.Close()
	for hit, err := range provenance.Downstream(ctx, conn.Snapshot(), provenance.WalkOptions{}, versions[0].Nodes["model"]) {
		fmt.Println(hit.Depth, hit.Pipeline, hit.Label, err)
	}
	// Output: 1 mail/spam report <nil>
}

func ExampleUpstream() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3)
	defer conn.Close()
	for hit, err := range provenance.Upstream(ctx, conn.Snapshot(), provenance.WalkOptions{Limit: 1}, versions[0].Nodes["model"]) {
		fmt.Println(hit.Depth, hit.Label, err)
	}
	// Output: 1 mail <nil>
}

func ExampleTombstone() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3)
	defer conn.Close()
	rep, err := provenance.Tombstone(ctx, conn, versions[0].Version, "superseded")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(rep.Datoms), "datoms, the transaction's instant among them")
	// Output: 3 datoms, the transaction's instant among them
}

func ExampleActive() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3, 4)
	defer conn.Close()
	if _, err := provenance.Tombstone(ctx, conn, versions[0].Version, "superseded"); err != nil {
		log.Fatal(err)
	}
	active, err := provenance.Active(ctx, conn.Snapshot())
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range []db.Reader{conn.Snapshot(), active} {
		n := 0
		for range r.Datoms(ctx, db.AEVT, "node/id") {
			n++
		}
		fmt.Println(n)
	}
	// Output:
	// 5
	// 3
}

func ExampleArchive() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3, 4)
	defer conn.Close()
	rep, err := provenance.Tombstone(ctx, conn, versions[0].Version, "superseded")
	if err != nil {
		log.Fatal(err)
	}
	for b, err := range provenance.Archive(ctx, conn, provenance.ArchiveOptions{Nodes: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(b.Nodes, "retracted,", b.Left, "left")
	}
	_, err = provenance.FindNode(ctx, conn.Snapshot(), versions[0].Nodes["model"])
	fmt.Println(errors.Is(err, provenance.ErrNoNode))
	_, err = provenance.FindNode(ctx, conn.Snapshot().AsOf(rep.T), versions[0].Nodes["model"])
	fmt.Println(err)
	// Output:
	// 1 retracted, 1 left
	// 1 retracted, 0 left
	// true
	// <nil>
}

func ExampleWriteDOT() {
	ctx := context.Background()
	conn, versions := submitted(ctx, 3)
	defer conn.Close()
	if err := provenance.WriteDOT(ctx, os.Stdout, conn.Snapshot(), versions[0].Version, provenance.DOTOptions{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// digraph "v1_naqibc45hhchinn75oa42jnycizxehztl76e7okcyx6acqjvuxxq" {
	// 	rankdir=LR
	// 	node [shape=box style="rounded,filled" fillcolor=white fontname=Helvetica fontsize=10]
	// 	n1_kadrjivsixph3t6y [label="model\nfit\n{:depth 3}" tooltip="n1_kadrjivsixph3t6ylpv6jtxbbrl6ztt22rxxrro2vyjl3dmpw76a"]
	// 	n1_qk2qu4o5ukf4r5ud [label="report\ntest" tooltip="n1_qk2qu4o5ukf4r5udaaz5qx276qjvwf26yb33emkqafeqrrwvzjfa"]
	// 	n1_w34fymnwvxgtuoyh [label="mail\nload" tooltip="n1_w34fymnwvxgtuoyhxwkhztqipq24ztuxdzlgzv4fpv2u62mcfgya"]
	// 	n1_w34fymnwvxgtuoyh -> n1_kadrjivsixph3t6y [label="rows" fontsize=8]
	// 	n1_kadrjivsixph3t6y -> n1_qk2qu4o5ukf4r5ud [label="model" fontsize=8]
	// 	n1_w34fymnwvxgtuoyh -> n1_qk2qu4o5ukf4r5ud [label="rows" fontsize=8]
	// }
}

func ExampleParseNodeID() {
	id, err := provenance.ParseNodeID("n1_ms64wa3nnhcruq5mrhmisdkj6dkhct6hxhjzkem5ghq6m2ffoqtq")
	fmt.Println(id, err)
	_, err = provenance.ParseNodeID("v1_ms64")
	fmt.Println(err)
	// Output:
	// n1_ms64wa3nnhcruq5mrhmisdkj6dkhct6hxhjzkem5ghq6m2ffoqtq <nil>
	// provenance: not an id: "v1_ms64" is not n1_ and 52 characters of base32
}

func ExampleParseVersionID() {
	id, err := provenance.ParseVersionID("v1_3wvul6m5i6znotp4dsalq3kq7aegu3kws7utz2hlg3ppcqtkzg4a")
	fmt.Println(id, err)
	// Output: v1_3wvul6m5i6znotp4dsalq3kq7aegu3kws7utz2hlg3ppcqtkzg4a <nil>
}
