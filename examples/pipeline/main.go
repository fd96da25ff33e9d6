// Pipeline takes the training pipeline of a ranking model through its life in one database: two versions are submitted and
// compared, asked about, the older one is retired and archived, and everything is still there to be asked as it was.
//
//	go run ./examples/pipeline [-dir folder]
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"time"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/db"
	"github.com/datolite/datolite/provenance"
	"github.com/datolite/datolite/tx"
)

//go:embed ranker-1.edn
var first []byte

//go:embed ranker-2.edn
var second []byte

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", "", "the database's folder; a new temporary one when empty")
	flag.Parse()
	if *dir == "" {
		temp, err := os.MkdirTemp("", "datolite-pipeline-")
		if err != nil {
			log.Fatal(err)
		}
		*dir = temp
	}
	if err := run(context.Background(), os.Stdout, *dir); err != nil {
		log.Fatal(err)
	}
}

// run tells the story, and once more from the reopened database.
func run(ctx context.Context, w io.Writer, dir string) error {
	before, err := visit(ctx, w, dir, live)
	if err != nil {
		return err
	}
	after, err := visit(ctx, w, dir, recall)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "\nReopened: the same answers, now and as of then:", before == after)
	if before != after {
		return errors.New("the reopened database answers otherwise")
	}
	return nil
}

// A visit does something with the open database, and returns its answers as text.
func visit(ctx context.Context, w io.Writer, dir string, do func(*story) (string, error)) (answers string, err error) {
	conn, err := datolite.Open(ctx, dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := tx.Transact(ctx, conn, provenance.Schema()); err != nil {
		return "", err
	}
	s := &story{ctx: ctx, w: w, conn: conn, dir: dir}
	if s.v1, err = provenance.ParseEDN(first); err != nil {
		return "", err
	}
	if s.v2, err = provenance.ParseEDN(second); err != nil {
		return "", err
	}
	return do(s)
}

// A story is the two versions in their database.
type story struct {
	ctx    context.Context
	w      io.Writer
	conn   *db.Conn
	dir    string
	v1, v2 *provenance.Definition
}

// live does everything that a database without the pipeline needs, and says what was there already.
func live(s *story) (string, error) {
	fmt.Fprintln(s.w, "The database is in", s.dir)
	for _, step := range []func() error{s.submit, s.compare, s.ask, s.retire, s.archive, s.draw} {
		if err := step(); err != nil {
			return "", err
		}
	}
	return recall(s)
}

// recall answers the questions as they are now, and as they were when the first version was retired.
func recall(s *story) (string, error) {
	now, err := s.answers(s.conn.Snapshot(), s.v2)
	if err != nil {
		return "", err
	}
	past, _, err := s.past()
	if err != nil {
		return "", err
	}
	then, err := s.answers(past, s.v1, s.v2)
	return now + then, err
}

// submit brings both versions, as far as they are not there.
func (s *story) submit() error {
	fmt.Fprintln(s.w, "\n1. Two versions")
	for _, def := range []*provenance.Definition{s.v1, s.v2} {
		known, err := provenance.FindVersion(s.ctx, s.conn.Snapshot(), def.Version())
		if err == nil && !known.Tombstoned.IsZero() {
			fmt.Fprintf(s.w, "   %s is there already, tombstoned at %s: %s\n", short(def), known.Tombstoned.Format(time.RFC3339), known.Reason)
			continue
		}
		if err == nil {
			fmt.Fprintf(s.w, "   %s is there already, with %d nodes\n", short(def), len(known.Nodes))
			continue
		}
		if !errors.Is(err, provenance.ErrNoVersion) {
			return err
		}
		sub, err := provenance.Submit(s.ctx, s.conn, def)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.w, "   %s of %s: %d nodes new, %d shared\n", short(def), def.Pipeline(), sub.New, sub.Shared)
	}
	return nil
}

// compare shows what the second version changed, and why: on a view of before where the first is archived.
func (s *story) compare() error {
	past, _, err := s.past()
	if err != nil {
		return err
	}
	delta, err := provenance.Compare(s.ctx, past, s.v1.Version(), s.v2.Version())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.w, "   between them: %d nodes shared, %d modified, %d added, %d removed\n",
		delta.Shared, len(delta.Modified), len(delta.Added), len(delta.Removed))
	for _, m := range delta.RootCauses() {
		fmt.Fprintf(s.w, "   root cause: %s (%v)\n", m.Label, m.Changes)
	}
	return nil
}

// retire tombstones the first version, and checks that the active view hides exactly what only it kept.
func (s *story) retire() error {
	fmt.Fprintln(s.w, "\n3. Retire the first version")
	after, err := s.tombstone()
	if err != nil {
		return err
	}
	active, err := provenance.Active(s.ctx, after)
	if err != nil {
		return err
	}
	hidden, err := s.hidden(after, active)
	if err != nil {
		return err
	}
	only := s.only(s.v1, s.v2, after)
	fmt.Fprintf(s.w, "   the active view hides %d nodes: %v\n", len(hidden), hidden)
	if !slices.Equal(hidden, only) {
		return fmt.Errorf("the active view hides %v, but nothing live rests on %v", hidden, only)
	}
	return nil
}

// tombstone retires the first version, unless it is retired already, and returns the snapshot where it is.
func (s *story) tombstone() (*db.Snapshot, error) {
	known, err := provenance.FindVersion(s.ctx, s.conn.Snapshot(), s.v1.Version())
	if err != nil {
		return nil, err
	}
	if !known.Tombstoned.IsZero() {
		fmt.Fprintln(s.w, "   it is retired already")
		return s.conn.Snapshot(), nil
	}
	rep, err := provenance.Tombstone(s.ctx, s.conn, s.v1.Version(), "superseded")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.w, "   one transaction of %d datoms\n", len(rep.Datoms))
	return rep.After, nil
}

// archive retracts what is no longer live, and checks every batch.
func (s *story) archive() error {
	fmt.Fprintln(s.w, "\n4. Archive what nothing live rests on")
	past, _, err := s.past()
	if err != nil {
		return err
	}
	before, err := s.answers(past, s.v1, s.v2)
	if err != nil {
		return err
	}
	if err := s.retract(); err != nil {
		return err
	}
	if err := s.whole(); err != nil {
		return err
	}
	after, err := s.answers(past, s.v1, s.v2)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.w, "   the second version is whole; as of before, every answer is what it was:", before == after)
	if before != after {
		return errors.New("the past has changed")
	}
	return nil
}

// retract does it in batches, and looks for dangling references after each.
func (s *story) retract() error {
	batches := 0
	for b, err := range provenance.Archive(s.ctx, s.conn, provenance.ArchiveOptions{Nodes: 8}) {
		if err != nil {
			return err
		}
		batches++
		dangling, err := s.dangling()
		if err != nil {
			return err
		}
		fmt.Fprintf(s.w, "   %d nodes retracted, %d left, %d dangling references\n", b.Nodes, b.Left, dangling)
		if dangling > 0 {
			return errors.New("a reference dangles")
		}
	}
	if batches == 0 {
		fmt.Fprintln(s.w, "   nothing is left to retract")
	}
	return nil
}

// whole checks that every node of the second version is there.
func (s *story) whole() error {
	for name, id := range s.v2.Nodes() {
		found, err := provenance.FindNode(s.ctx, s.conn.Snapshot(), id)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if found.ID != id {
			return fmt.Errorf("%s is not what it was", name)
		}
	}
	return nil
}

func short(def *provenance.Definition) string { return def.Version().String()[:11] }
