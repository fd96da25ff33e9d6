package query_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/query"
	"github.com/datolite/datolite/tx"
)

type Person struct {
	Name   string   `datom:"person/name,identity"`
	Born   int      `datom:"person/born"`
	Friend *Person  `datom:"person/friend"`
	Tags   []string `datom:"person/tag"`
}

// people returns a database in memory of two people.
func people(o ...db.Options) *db.Snapshot {
	ctx := context.Background()
	conn, err := datolite.Open(ctx, "", o...)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if _, err := tx.Transact(ctx, conn, tx.Schema[Person]()); err != nil {
		log.Fatal(err)
	}
	rep, err := tx.Transact(ctx, conn, tx.Structs(
		Person{Name: "Ada", Born: 1815, Tags: []string{"author", "poet"}, Friend: &Person{Name: "Charles", Born: 1791}}))
	if err != nil {
		log.Fatal(err)
	}
	return rep.After
}

func ExampleAll() {
	rows, err := query.All[Person](context.Background(), people(), `[:find ?name ?born
		:where [?p :person/name ?name] [?p :person/born ?born]
		:order-by [?born]]`)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range rows {
		fmt.Println(p.Name, p.Born)
	}
	// Output:
	// Charles 1791
	// Ada 1815
}

func ExampleOne() {
	born, err := query.One[int](context.Background(), people(), `[:find ?born . :in $ ?name
		:where [?p :person/name ?name] [?p :person/born ?born]]`, "Ada")
	fmt.Println(born, err)
	_, err = query.One[int](context.Background(), people(), `[:find ?born . :where [?p :person/name "Bob"] [?p :person/born ?born]]`)
	fmt.Println(err)
	// Output:
	// 1815 <nil>
	// query: no such row
}

func ExampleEach() {
	for name, err := range query.Each[string](context.Background(), people(), `[:find [?n ...] :where [_ :person/name ?n] :order-by [?n]]`) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name)
	}
	// Output:
	// Ada
	// Charles
}

func ExamplePrepare() {
	_, err := query.Prepare[Person](`[:find ?name ?born :where [?p :person/name ?name] [?p :person/born ?borm]]`)
	fmt.Println(err)
	// Output:
	// query: 1:14: ?born is used but never bound (did you mean ?borm?)
}

var friendOf = query.MustPrepare[string](`[:find ?friend . :in $ ?name
	:where [?p :person/name ?name] [?p :person/friend ?f] [?f :person/name ?friend]]`)

func ExampleMustPrepare() {
	name, err := friendOf.One(context.Background(), people(), "Ada")
	fmt.Println(name, err)
	// Output:
	// Charles <nil>
}

func ExamplePrepared_All() {
	names, err := friendOf.All(context.Background(), people(), "Ada")
	fmt.Println(names, err)
	// Output:
	// [Charles] <nil>
}

func ExamplePrepared_One() {
	_, err := friendOf.One(context.Background(), people(), "Charles")
	fmt.Println(err)
	// Output:
	// query: no such row
}

func ExamplePrepared_Each() {
	for name, err := range friendOf.Each(context.Background(), people(), "Ada") {
		fmt.Println(name, err)
	}
	// Output:
	// Charles <nil>
}

func ExampleRun() {
	rows, err := query.Run(context.Background(), people(), `[:find ?name (count ?tag) :keys who tags
		:where [?p :person/name ?name] [?p :person/tag ?tag]]`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows.Columns(), rows.Len())
	for rows.Next() {
		fmt.Println(rows.Row()...)
	}
	// Output:
	// [who tags] 1
	// Ada 2
}

func ExampleRows_Scan() {
	rows, err := query.Run(context.Background(), people(), `[:find ?name ?born
		:where [?p :person/name ?name] [?p :person/born ?born]
		:order-by [?name]]`)
	if err != nil {
		log.Fatal(err)
	}
	for rows.Next() {
		var name string
		var born int
		if err := rows.Scan(&name, &born); err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, born)
	}
	// Output:
	// Ada 1815
	// Charles 1791
}

func ExampleFunc() {
	initial := query.Func("text/initial", func(s string) string { return strings.ToUpper(s[:1]) })
	snap := people(db.Options{Host: []db.Named{initial}})
	letters, err := query.All[string](context.Background(), snap, `[:find [?letter ...]
		:where [_ :person/name ?name] [(text/initial ?name) ?letter]
		:order-by [?letter]]`)
	fmt.Println(letters, err)
	// Output:
	// [A C] <nil>
}

func ExampleRules() {
	names, err := query.All[string](context.Background(), people(), `[:find [?name ...] :in $ %
		:where [?p :person/name "Ada"] (knows ?p ?q) [?q :person/name ?name]]`,
		query.Rules(`[[(knows ?p ?q) [?p :person/friend ?q]]
			[(knows ?p ?q) [?p :person/friend ?r] (knows ?r ?q)]]`))
	fmt.Println(names, err)
	// Output:
	// [Charles] <nil>
}

func ExamplePullAll() {
	snap := people()
	names := []db.LookupRef{db.Lookup("person/name", "Charles"), db.Lookup("person/name", "Nobody"), db.Lookup("person/name", "Ada")}
	found, err := query.PullAll[*Person](context.Background(), snap, names)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range found {
		if p != nil {
			fmt.Println(p.Name, p.Born)
		} else {
			fmt.Println("nobody")
		}
	}
	// Output:
	// Charles 1791
	// nobody
	// Ada 1815
}

func ExamplePullIndex() {
	youngest := query.IndexSlice{Attr: "person/born", Reverse: true}
	for p, err := range query.PullIndex[Person](context.Background(), people(), youngest) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Born, p.Name)
	}
	// Output:
	// 1815 Ada
	// 1791 Charles
}

func ExamplePull() {
	ctx, snap := context.Background(), people()
	ada, err := query.Pull[Person](ctx, snap, db.Lookup("person/name", "Ada"))
	fmt.Println(ada.Name, ada.Tags, ada.Friend.Name, err)
	m, err := query.Pull[map[string]any](ctx, snap, db.Lookup("person/name", "Charles"), `[:person/born {:person/_friend [:person/name]}]`)
	fmt.Println(m, err)
	// Output:
	// Ada [author poet] Charles <nil>
	// map[person/_friend:[map[person/name:Ada]] person/born:1791] <nil>
}

func ExampleWithBudget() {
	snap := people()
	ctx := query.WithBudget(context.Background(), query.Budget{Datoms: 1_000_000, Bytes: 64 << 20})
	n, err := query.One[int](ctx, snap, `[:find (count ?p) . :where [?p :person/name]]`)
	fmt.Println(n, err)

	_, err = query.All[string](query.WithBudget(ctx, query.Budget{Datoms: 1}), snap, `[:find [?name ...] :where [_ :person/name ?name]]`)
	fmt.Println(err, errors.Is(err, query.ErrBudget))
	// Output:
	// 2 <nil>
	// query: the query reads more than 1 datom true
}

func ExampleExplain() {
	plan, err := query.Explain(context.Background(), people(),
		`[:find ?name :where [?p :person/name ?name] [?p :person/born ?born] [(< ?born 1800)]]`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan)
	// Output:
	// 1 [?p :person/born ?born]: read AVET of :person/born within bounds (~1 row)
	// 2 [(< ?born 1800)]: filter (~1 row)
	// 3 [?p :person/name ?name]: read AEVT of :person/name beside ?p (~1 row)
}

func ExampleAnalyze() {
	plan, err := query.Analyze(context.Background(), people(), `[:find ?name :where [?p :person/born 1815] [?p :person/name ?name]]`)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range plan.Steps {
		fmt.Println(s.Clause, s.How, s.Expected, s.Rows, s.Datoms)
	}
	fmt.Println(plan.Rows, plan.Datoms, plan.Duration > 0)
	// Output:
	// [?p :person/born 1815] read AVET of :person/born 1 1 1
	// [?p :person/name ?name] read EAVT of :person/name 1 1 1
	// 1 2 true
}

func ExamplePlan_String() {
	plan, err := query.Explain(context.Background(), people(), `[:find ?name :where [?p :person/name ?name] (not [?p :person/tag])]`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan.String())
	// Output:
	// 1 [?p :person/name ?name]: read AEVT of :person/name (~2 rows)
	// 2 (not [?p :person/tag]): remove the rows for which holds (~2 rows)
	//   2.1 [?p :person/tag]: read AEVT of :person/tag beside ?p (~4 rows)
}

func ExamplePlan_DOT() {
	plan, err := query.Explain(context.Background(), people(), `[:find ?name :where [?p :person/born 1815] [?p :person/name ?name]]`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(plan.DOT())
	// Output:
	// digraph plan {
	//   node [shape=box];
	//   "1" [label="[?p :person/born 1815]\nread AVET of :person/born\n(~1 row)"];
	//   "2" [label="[?p :person/name ?name]\nread AEVT of :person/name beside ?p\n(~1 row)"];
	//   "1" -> "2";
	// }
}

func ExamplePrepared_Attributes() {
	q := query.MustPrepare[string](`[:find [?name ...] :where [?p :person/born] [?p :person/name ?name]]`)
	names, all := q.Attributes()
	fmt.Println(names, all)
	// Output: [:person/born :person/name] false
}
