package tx

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"errors"

	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/edn"
)

type cworld struct {
	snaps []*db.Snapshot
	txs   []db.ID
	attrs []string
	err   error
}

type cline struct {
	Kind, World, Schema, ID, Op, Caveat string
	Attrs, Txs                          []string
	Needs                               []string
	At                                  *int
	View                                json.RawMessage
	Steps                               []struct{ Tx string }
	Expect                              json.RawMessage
	Then map[string]any
}

func TestTempConformance(t *testing.T) {
	files, _ := filepath.Glob("/work/shared/conformance/*.jsonl")
	worlds := map[string]*cworld{}
	pass, fail_, notBuilt, cav, codes, codesOK := 0, 0, 0, 0, 0, 0
	for _, f := range files {
		r, _ := os.Open(f)
		sc := bufio.NewScanner(r)
		sc.Buffer(nil, 1<<24)
		for sc.Scan() {
			var l cline
			if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			if l.Kind == "world" {
				worlds[l.World] = makeWorld(l)
				if e := worlds[l.World].err; e != nil {
					t.Log("WORLD", l.World, e)
				}
				continue
			}
			if l.Op != "tx" && l.Op != "with" {
				continue
			}
			w := worlds[l.World]
			if w.err != nil {
				notBuilt++
				continue
			}
			if l.View != nil {
				continue
			}
			verdict, c, ok := runCase(w, l)
			codes += c
			codesOK += ok
			switch {
			case verdict == "":
				pass++
			case strings.Contains(verdict, "not supported by this"):
				notBuilt++
				t.Log("notbuilt", l.ID, verdict)
			case l.Caveat != "":
				cav++
				t.Log("caveat", l.ID, l.Caveat, verdict)
			case strings.HasPrefix(verdict, "code"):
				pass++
				t.Log(l.ID, verdict)
			default:
				fail_++
				t.Errorf("%s: %s\n   %v", l.ID, verdict, l.Steps)
			}
		}
	}
	t.Logf("passed %d failed %d notbuilt %d caveats %d codes %d/%d", pass, fail_, notBuilt, cav, codesOK, codes)
}

func makeWorld(l cline) *cworld {
	w := &cworld{attrs: l.Attrs}
	snap := db.TempGenesis()
	for _, tx := range append([]string{l.Schema}, l.Txs...) {
		rep, err := With(context.Background(), snap, EDN(tx))
		if err != nil {
			w.err = err
			return w
		}
		snap = rep.After
		w.snaps = append(w.snaps, snap)
		w.txs = append(w.txs, rep.Tx)
	}
	return w
}

type exp struct {
	OK *struct {
		Added, Removed []([]any)
		TxdataSame     bool `json:"txdata_same"`
		Tempids        map[string]any
		Noop           bool
	}
	Error    string
	Category string
}

func runCase(w *cworld, l cline) (verdict string, codes, codesOK int) {
	snap := w.snaps[len(w.snaps)-1]
	if l.At != nil {
		snap = w.snaps[*l.At]
	}
	if l.Op == "with" {
		var e map[string]any
		json.Unmarshal(l.Expect, &e)
		for _, s := range l.Steps {
			rep, err := With(context.Background(), snap, EDN(s.Tx))
			if err != nil {
				if _, bad := e["error"]; bad {
					return
				}
				return err.Error(), 0, 0
			}
			snap = rep.After
		}
		if _, bad := e["error"]; bad {
			return "no error", 0, 0
		}
		return
	}
	var es []exp
	if err := json.Unmarshal(l.Expect, &es); err != nil {
		panic(err)
	}
	for i, e := range es {
		rep, err := With(context.Background(), snap, EDN(l.Steps[i].Tx))
		if e.OK == nil {
			if err == nil {
				return "expected " + e.Error, codes, codesOK
			}
			if errors.Is(err, db.ErrNotBuilt) {
				return err.Error(), codes, codesOK
			}
			if strings.HasPrefix(e.Error, "db.error/") {
				codes++
				if db.CodeOf(err) == e.Error && string(db.CategoryOf(err)) == e.Category {
					codesOK++
				} else {
					verdict = fmt.Sprintf("code %s wanted %s: %v", db.CodeOf(err), e.Error, err)
				}
			}
			continue
		}
		if err != nil {
			return err.Error(), codes, codesOK
		}
		if v := compare(w, snap, rep, e); v != "" {
			return v, codes, codesOK
		}
		snap = rep.After
	}
	return verdict, codes, codesOK
}

func compare(w *cworld, before *db.Snapshot, rep *db.Report, e exp) string {
	attrs := map[db.ID]bool{}
	for _, a := range w.attrs {
		if at, ok := rep.After.Schema().Named(a); ok {
			attrs[at.ID] = true
		}
	}
	var got, want []string
	for _, d := range rep.Datoms {
		if attrs[d.A] {
			got = append(got, fmt.Sprint(d.E, d.A, d.V.Kind(), d.V, d.Added))
		}
	}
	if e.OK.Noop && len(rep.Datoms) != 1 {
		return fmt.Sprint("not noop ", rep.Datoms)
	}
	for i, rows := range [][][]any{e.OK.Added, e.OK.Removed} {
		for _, row := range rows {
			a, ok := rep.After.Schema().Named(row[1].(map[string]any)["k"].(string))
			if !ok {
				return fmt.Sprint("no attribute ", row)
			}
			v, err := a.Value(cval(w, before, rep, row[2]))
			if err != nil {
				return err.Error()
			}
			want = append(want, fmt.Sprint(cent(w, before, rep, row[0]), a.ID, v.Kind(), v, i == 0))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Sprintf("got %v\nwant %v", got, want)
	}
	for name, label := range e.OK.Tempids {
		if rep.TempIDs[name] != cent(w, before, rep, label) {
			return "tempid " + name
		}
	}
	return ""
}

func cent(w *cworld, before *db.Snapshot, rep *db.Report, x any) db.ID {
	l := x.(map[string]any)["e"].(string)
	ctx := context.Background()
	if id, ok := strings.CutPrefix(l, "tmp:"); ok {
		return rep.TempIDs[id]
	}
	if l == "datomic.tx" {
		return rep.Tx
	}
	if n, ok := strings.CutPrefix(l, "tx:"); ok {
		var i int
		fmt.Sscan(n, &i)
		return w.txs[i]
	}
	if strings.HasPrefix(l, ":") {
		id, _ := rep.After.EntID(ctx, db.Keyword(l[1:]))
		return id
	}
	var last db.Datom
	for d, err := range rep.After.History().Datoms(ctx, db.AVET, db.Keyword("id"), l) {
		if err != nil {
			panic(err)
		}
		if d.Added && d.Tx >= last.Tx {
			last = d
		}
	}
	return last.E
}

func cval(w *cworld, before *db.Snapshot, rep *db.Report, x any) any {
	switch x := x.(type) {
	case float64:
		return int64(x)
	case []any:
		var tup db.Tuple
		for _, y := range x {
			tup = append(tup, cval(w, before, rep, y))
		}
		return tup
	case map[string]any:
		for k, v := range x {
			switch k {
			case "e":
				return cent(w, before, rep, x)
			case "k":
				return db.Keyword(v.(string))
			case "sym":
				return db.Symbol(v.(string))
			case "uri":
				return db.URI(v.(string))
			case "bytes":
				b, _ := base64.StdEncoding.DecodeString(v.(string))
				return b
			case "uuid":
				u, _ := edn.ParseUUID(v.(string))
				return u
			case "inst":
				tm, err := time.Parse(time.RFC3339Nano, v.(string))
				if err != nil {
					panic(err)
				}
				return tm
			case "f":
				return float32(v.(float64))
			case "n":
				n, _ := new(big.Int).SetString(v.(string), 10)
				return n
			case "d":
				if f, ok := v.(float64); ok {
					return f
				}
				return map[any]float64{"Inf": math.Inf(1), "-Inf": math.Inf(-1), "NaN": math.NaN()}[v]
			case "dec":
				n, err := edn.Read(v.(string) + "M")
				if err != nil {
					panic(err)
				}
				return n.Value
			}
		}
	}
	return x
}
