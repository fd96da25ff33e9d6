package db

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"

	"github.com/datolite/datolite/storage"
)

// A Chain tells of the log of a database from its first record up to some record. Every record holds the hash of the one before, so
// the last hash stands for all of them. Keep a Chain in another place than the database, as JSON for example: a log in which it is
// found again has not been altered up to there.
type Chain struct {
	ID           string // of the database
	Records      int
	Transactions int
	T            T      // of the last transaction; 0 if there is none
	Bytes        int64  // of the records
	Hash         string // of the last record, in hexadecimal digits; of no records, that of the database's beginning
}

// A Verification tells how far Verify has come, and what it found. It can be kept as JSON, to go on from: see Resume.
type Verification struct {
	Chain              // of the log: what of it is proved
	Segments  int      // of the index that were looked at
	Facts     int      // in them; a fact lies in two orders at least, and in four at most
	AllFacts  int      // in the index, as its root says
	Damages   []Damage // the first thousand, in the order in which they were found
	Unlisted  int      // how many more there are
	Completed bool     // everything was looked at that could be

	State json.RawMessage // where Resume goes on
}

// A Damage is something in a store that is not as it was written, or not as it should have been.
type Damage struct {
	Key  string // in the store
	Why  string
	Lost string // what cannot be read for that reason

	err error
}

// Verify reads all of a database, and proves that it is as it was written and that what it says is so:
//
//   - the log: no record was altered, dropped, inserted, or put in the place of another;
//   - the index: each of its segments is there, is as its job wrote it, and holds what the one above it says, in its order;
//   - in each order there are the facts that the log tells of, and no others.
//
// It yields how far it has come now and then, and at last what it found. If the last records were cut off, or all from some record on
// written anew, that is found by Chains that were kept: each must be a beginning of the log.
//
// It ends by yielding an error once if something is damaged (ErrCorrupt, or ErrFormat for what a later version wrote; each *StoreError
// in it names a key): the Verification that comes with the error tells of all Damages, and what is lost with each. Other errors are those
// of ctx and of the store, after which the last Verification that was yielded can be resumed, and ErrNoDatabase. Verify changes nothing,
// needs memory for a few records and segments at once, and may run while others write: what they add meanwhile may be left out. If the index
// that it looks at is collected meanwhile, it begins anew, with a newer one: what it yields is less again then. Collect leaves an index for its
// window, so that should be longer than Verify takes.
func Verify(ctx context.Context, store storage.Store, name string, kept ...Chain) iter.Seq2[Verification, error] {
	return func(yield func(Verification, error) bool) {
		m, _, err := newCatalogue(store).find(ctx, Options{Name: cmp.Or(name, "main"), ReadOnly: true})
		if err != nil {
			yield(Verification{}, fmt.Errorf("db: %w", err))
			return
		}
		begin := func() *verifier { return newVerifier(store, m, logSizes{}) }
		begin().run(ctx, kept, yield, begin)
	}
}

// Verify is the function Verify for the database of the Conn. What the Conn knows of the log is one of the Chains that were kept. While
// transactions are committed by the Conn, or it learns of those of others, it works for a fifth of the time at most, and not while one of its own is under way.
func (c *Conn) Verify(ctx context.Context, kept ...Chain) iter.Seq2[Verification, error] {
	return func(yield func(Verification, error) bool) {
		h := c.head.Load()
		defer func() { runtime.KeepAlive(h) }() // and with it the pin of its root, at which a verifier begins mostly
		m, err := c.log.meta(ctx)
		if err != nil {
			yield(Verification{}, fmt.Errorf("db: %w", err))
			return
		}
		chain := h.chain(c.log)
		begin := func() *verifier {
			h = c.head.Load()
			v := newVerifier(c.log.store, m, c.log.sizes)
			v.pacer.conn = c
			return v
		}
		begin().run(ctx, append([]Chain{chain}, kept...), yield, begin)
	}
}

// VerifyBackup is the function Verify for a backup, which need not be restored for that: it proves that all is there and as it was written, that the log
// is the one that was backed up, and that the index has the facts that the log tells of. The error may be ErrNoBackup.
func VerifyBackup(ctx context.Context, store storage.Store, b Backup, kept ...Chain) iter.Seq2[Verification, error] {
	return func(yield func(Verification, error) bool) {
		v, err := newBackupVerifier(ctx, store, b)
		if err != nil {
			yield(Verification{}, fmt.Errorf("db: %w", err))
			return
		}
		v.run(ctx, append([]Chain{v.point.Chain}, kept...), yield, nil)
	}
}

// Resume goes on with a verification, of which it is what was yielded last, in this process or another one: what it has looked at is
// not read again. It ends as Verify does.
func (v Verification) Resume(ctx context.Context, store storage.Store, kept ...Chain) iter.Seq2[Verification, error] {
	return func(yield func(Verification, error) bool) {
		m, err := readMeta(ctx, store, v.ID)
		begin := func() *verifier { return newVerifier(store, m, logSizes{}) }
		x := begin()
		if err == nil {
			err = x.resume(v)
		}
		if err != nil {
			yield(Verification{}, fmt.Errorf("db: %w", err))
			return
		}
		x.run(ctx, kept, yield, begin)
	}
}

// String tells of the verification in a few lines, and of each damage in one more.
func (v Verification) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "log:   %d records with %d transactions up to %s, %d bytes\n", v.Records, v.Transactions, v.T, v.Bytes)
	fmt.Fprintf(&b, "index: %d segments, with %d of %d facts\n", v.Segments, v.Facts, v.AllFacts)
	for _, d := range v.Damages {
		fmt.Fprintf(&b, "damage: %s: %s; lost: %s\n", d.Key, d.Why, d.Lost)
	}
	switch {
	case v.Unlisted > 0:
		fmt.Fprintf(&b, "damage: %d more\n", v.Unlisted)
	case v.Completed && len(v.Damages) == 0:
		b.WriteString("all is as it was written, and the index is as the log says\n")
	case !v.Completed:
		b.WriteString("not yet complete\n")
	}
	return b.String()
}

// How many damages are listed, and how many of them the error tells of.
const (
	mostDamages = 1000
	toldDamages = 10
)

// damaged adds a damage, of which the error names the key, and what is lost with it.
func (v *Verification) damaged(err error, lost string) {
	if len(v.Damages) == mostDamages {
		v.Unlisted++
		return
	}
	d := Damage{Why: err.Error(), Lost: lost, err: err}
	if place := (*StoreError)(nil); errors.As(err, &place) {
		d.Key, d.Why = place.Key, place.Err.Error()
	}
	v.Damages = append(v.Damages, d)
}

// failure returns the error that tells of the damages; nil where there are none.
func (v *Verification) failure() error {
	var errs []error
	for _, d := range v.Damages[:min(len(v.Damages), toldDamages)] {
		errs = append(errs, d.failure())
	}
	if more := len(v.Damages) - len(errs) + v.Unlisted; more > 0 {
		errs = append(errs, fmt.Errorf("%w: in %d more places", ErrCorrupt, more))
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// failure returns the error of a damage, which may have been kept as JSON.
func (d Damage) failure() error {
	if d.err != nil {
		return d.err
	}
	return &StoreError{d.Key, fmt.Errorf("%w: %s", ErrCorrupt, d.Why)}
}

// isDamage reports whether an error tells that something is damaged, rather than that it could not be read.
func isDamage(err error) bool { return isAny(err, ErrCorrupt, ErrFormat, ErrStore) }
