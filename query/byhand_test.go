package query_test

import (
	"fmt"
	"slices"
	"sort"
	"testing"

	"github.com/datolite/datolite/db"
)

// Arrays of people, laid out for the questions below: what no general engine can be quicker than.
type arrays struct {
	byName    map[string][]db.ID
	byLast    map[string][]db.ID
	byAge     [100][]db.ID
	last      []string
	lastCode  []uint8
	male      []bool
	age       []int64
	salary    []int64
	bySalary  []db.ID // in the order of salaries
	sorted    []int64 // salaries in that order
	passports map[string]db.ID
}

func laidOut(all []citizen) *arrays {
	n := len(all)
	a := &arrays{byName: map[string][]db.ID{}, byLast: map[string][]db.ID{}, last: make([]string, n), lastCode: make([]uint8, n), male: make([]bool, n),
		age: make([]int64, n), salary: make([]int64, n), bySalary: make([]db.ID, n), sorted: make([]int64, n), passports: map[string]db.ID{}}
	codes := map[string]uint8{}
	for i, c := range all {
		e := db.ID(i)
		if _, ok := codes[c.last]; !ok {
			codes[c.last] = uint8(len(codes))
		}
		a.byName[c.name], a.byLast[c.last], a.byAge[c.age] = append(a.byName[c.name], e), append(a.byLast[c.last], e), append(a.byAge[c.age], e)
		a.last[i], a.lastCode[i], a.male[i], a.age[i], a.salary[i], a.bySalary[i] = c.last, codes[c.last], c.sex == "male", int64(c.age), int64(c.salary), e
		if i%100 == 0 {
			a.passports[fmt.Sprint("P", i)] = e
		}
	}
	sort.Slice(a.bySalary, func(i, j int) bool { return a.salary[a.bySalary[i]] < a.salary[a.bySalary[j]] })
	for i, e := range a.bySalary {
		a.sorted[i] = a.salary[e]
	}
	return a
}

// Columns of an answer.
type columns struct {
	e []db.ID
	l []string
	v []int64
}

func (a *arrays) q1() columns { return columns{e: slices.Clone(a.byName["Ivan"])} }

func (a *arrays) q2() columns {
	c := a.q1()
	c.v = make([]int64, len(c.e))
	for i, e := range c.e {
		c.v[i] = a.age[e]
	}
	return c
}

func (a *arrays) ofSex(male bool) columns {
	ivans := a.byName["Ivan"]
	c := columns{e: make([]db.ID, 0, len(ivans)), v: make([]int64, 0, len(ivans))}
	for _, e := range ivans {
		if a.male[e] == male {
			c.e, c.v = append(c.e, e), append(c.v, a.age[e])
		}
	}
	return c
}

func (a *arrays) q3() columns { return a.ofSex(true) }

func (a *arrays) not() columns { return a.ofSex(false) }

func (a *arrays) q4() columns {
	c := a.ofSex(true)
	c.l = make([]string, len(c.e))
	for i, e := range c.e {
		c.l[i] = a.last[e]
	}
	return c
}

func (a *arrays) q5() columns {
	var ages [100]bool
	n := 0
	for _, e := range a.byName["Ivan"] {
		if age := a.age[e]; !ages[age] {
			ages[age], n = true, n+len(a.byAge[age])
		}
	}
	c := columns{e: make([]db.ID, 0, n), l: make([]string, 0, n), v: make([]int64, 0, n)}
	for age, is := range ages {
		if is {
			for _, e := range a.byAge[age] {
				c.e, c.l, c.v = append(c.e, e), append(c.l, a.last[e]), append(c.v, int64(age))
			}
		}
	}
	return c
}

func (a *arrays) qpred() columns {
	at, _ := slices.BinarySearch(a.sorted, 50_001)
	return columns{e: slices.Clone(a.bySalary[at:]), v: slices.Clone(a.sorted[at:])}
}

func (a *arrays) agg() columns {
	var sum, count [6]int64
	for i, code := range a.lastCode {
		sum[code] += a.salary[i]
		count[code]++
	}
	for i := range sum {
		sum[i] /= count[i]
	}
	return columns{v: sum[:]}
}

func (a *arrays) orJoin() columns {
	x, y := a.byName["Ivan"], a.byLast["Ivanov"]
	out := make([]db.ID, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0] < y[0]:
			out, x = append(out, x[0]), x[1:]
		case x[0] > y[0]:
			out, y = append(out, y[0]), y[1:]
		default:
			out, x, y = append(out, x[0]), x[1:], y[1:]
		}
	}
	return columns{e: append(append(out, x...), y...)}
}

func (a *arrays) point() columns {
	e := a.passports["P700"]
	return columns{v: a.salary[e : e+1]}
}

// What the queries of BenchmarkQuery cost where they are loops over arrays that are there: how near an engine comes to that is a ratio
// that holds on every machine.
func BenchmarkByHand(b *testing.B) {
	hands := map[string]func(*arrays) columns{"q1": (*arrays).q1, "q2": (*arrays).q2, "q3": (*arrays).q3, "q4": (*arrays).q4, "q5": (*arrays).q5,
		"qpred": (*arrays).qpred, "agg": (*arrays).agg, "not": (*arrays).not, "or-join": (*arrays).orJoin, "point": (*arrays).point}
	for _, n := range []int{20_000, 200_000} {
		all := citizens(n)
		a := laidOut(all)
		for _, q := range asked {
			hand, ok := hands[q.name]
			if !ok {
				continue
			}
			want := q.rows(all)
			b.Run(fmt.Sprintf("%dk/%s", n/1000, q.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if c := hand(a); max(len(c.e), len(c.v)) != want {
						b.Fatalf("%d rows, want %d", max(len(c.e), len(c.v)), want)
					}
				}
				b.ReportMetric(float64(want), "rows")
			})
		}
	}
}

// grown is a tree of maps as BenchmarkPullTree pulls it, from arrays of children.
func grown(children [][]int, at, depth int, all bool) map[string]any {
	m := make(map[string]any, 4)
	m["n"] = int64(depth)
	if all {
		m["k"], m["flag"] = db.Keyword("a/b"), true
	}
	if len(children[at]) > 0 {
		parts := make([]any, len(children[at]))
		for i, c := range children[at] {
			parts[i] = grown(children, c, depth-1, all)
		}
		m["parts"] = parts
	}
	return m
}

func BenchmarkPullTreeByHand(b *testing.B) {
	children := make([][]int, 781)
	for i := range 156 {
		children[i] = []int{5*i + 1, 5*i + 2, 5*i + 3, 5*i + 4, 5*i + 5}
	}
	for _, c := range []struct {
		name string
		all  bool
	}{{"nested", false}, {"many", true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if m := grown(children, 0, 4, c.all); len(m["parts"].([]any)) != 5 {
					b.Fatal("not the tree")
				}
			}
		})
	}
}
