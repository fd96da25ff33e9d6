package index

import (
	"context"
	"fmt"
	"math/rand"
	"testing"
)

// people returns the facts of n people with five attributes each, one transaction per group.
func people(n, group int) [][]Fact {
	rng := rand.New(rand.NewSource(1))
	var commits [][]Fact
	var facts []Fact
	for i := range n {
		tx := TxID(T(1000 + i/group))
		e := NewID(PartUser, T(1000+i))
		for a, v := range []any{fmt.Sprint("name", rng.Intn(8)), fmt.Sprint("last", rng.Intn(6)), rng.Intn(2) == 0, rng.Intn(100), rng.Intn(100000)} {
			facts = append(facts, Fact{E: e, A: ID(100 + a), V: mustOf(v), Tx: tx})
		}
		if i%group == group-1 {
			commits, facts = append(commits, facts), nil
		}
	}
	return commits
}

func singles(commits [][]Fact) [][]Fact {
	var out [][]Fact
	for _, c := range commits {
		for i := range c {
			out = append(out, c[i:i+1])
		}
	}
	return out
}

// peopleAttrs says that every attribute is indexed and none a reference.
type peopleAttrs struct{}

func (peopleAttrs) Indexed(ID) bool { return true }
func (peopleAttrs) IsRef(ID) bool   { return false }

var now = View{Basis: 1 << 62}

func pushAll(commits [][]Fact) Levels {
	var l Levels
	for _, c := range commits {
		l = l.Push(NewRun(c, peopleAttrs{}))
	}
	return l
}

func drain(b testing.TB, c *Cursor) (n int) {
	for {
		batch, err := c.Next()
		if err != nil {
			b.Fatal(err)
		}
		if batch == nil {
			return n
		}
		n += batch.Len()
	}
}

func perFact(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/fact")
}

func BenchmarkPush(b *testing.B) {
	for _, size := range []int{1, 5} {
		commits := people(20_000, 1)
		if size == 1 {
			commits = singles(commits)
		}
		b.Run(fmt.Sprintf("unread/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pushAll(commits)
			}
			perFact(b, 100_000)
		})
		b.Run(fmt.Sprintf("read/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var l Levels
				for _, c := range commits {
					drain(b, l.Scan(context.Background(), EAVT, Prefix(2, c[0]), now))
					drain(b, l.Scan(context.Background(), AVET, Prefix(2, Fact{A: 104, V: c[0].E.salary()}), now))
					l = l.Push(NewRun(c, peopleAttrs{}))
				}
			}
			perFact(b, 100_000)
		})
	}
}

// salary returns a value that about one person in a hundred thousand has.
func (id ID) salary() Value { return Long(int64(id) * 7919 % 100_000) }

// A million facts, sorted.
func million(b *testing.B) Levels {
	l := pushAll(people(200_000, 1000))
	for o := EAVT; o <= AVET; o++ {
		drain(b, l.Scan(context.Background(), o, All, now))
	}
	b.Logf("runs: %d", len(l.runs))
	return l
}

func BenchmarkScan(b *testing.B) {
	l := million(b)
	hidden := new(IDSet)
	for i := range ID(100) {
		hidden.Add(NewID(PartUser, T(1000+1000*i)))
	}
	views := map[string]View{
		"now":     now,
		"asof":    {Basis: 1 << 62, AsOf: TxID(1150)},
		"since":   {Basis: 1 << 62, Since: TxID(1001)},
		"history": {Basis: 1 << 62, History: true},
		"without": {Basis: 1 << 62, Without: hidden},
	}
	for o := EAVT; o <= AVET; o++ {
		for name, v := range views {
			b.Run(fmt.Sprint(o, "/", name), func(b *testing.B) {
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					n = drain(b, l.Scan(context.Background(), o, All, v))
				}
				perFact(b, n)
			})
		}
	}
}

// One value in eight of the names of 20,000 people.
func BenchmarkScanOfOneValue(b *testing.B) {
	l := pushAll(people(20_000, 1000))
	r := Prefix(2, Fact{A: 100, V: mustOf("name3")})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = drain(b, l.Scan(context.Background(), AVET, r, now))
	}
	perFact(b, n)
}

func BenchmarkPoint(b *testing.B) {
	for _, shape := range []string{"one run", "many runs"} {
		commits := people(200_000, 1000)
		l := pushAll(commits)
		if shape == "one run" {
			l = Levels{}
			var facts []Fact
			for _, c := range commits {
				facts = append(facts, c...)
			}
			l = l.Push(NewRun(facts, peopleAttrs{}))
		}
		rng := rand.New(rand.NewSource(2))
		read := func(o Order, parts int) func(b *testing.B) {
			return func(b *testing.B) {
				b.ReportAllocs()
				b.ReportMetric(float64(len(l.runs)), "runs")
				for b.Loop() {
					e := NewID(PartUser, T(1000+rng.Intn(200_000)))
					key := Fact{E: e, A: 104, V: e.salary()}
					drain(b, l.Scan(context.Background(), o, Prefix(parts, key), now))
				}
			}
		}
		b.Run(shape+"/EAVT e a", read(EAVT, 2))
		b.Run(shape+"/AEVT a e", read(AEVT, 2))
		b.Run(shape+"/AVET a v", read(AVET, 2))
		b.Run(shape+"/count", func(b *testing.B) {
			for b.Loop() {
				l.Count(context.Background(), AVET, Prefix(1, Fact{A: 102}), now)
			}
		})
	}
}
