package db

import (
	"context"
	"fmt"

	"github.com/datolite/datolite/storage"
)

// newBackupVerifier returns the verifier of a backup, whose root is the one that its point names. One that cannot be read is a damage.
func newBackupVerifier(ctx context.Context, store storage.Store, b Backup) (*verifier, error) {
	p, err := pointOf(ctx, store, b)
	if err != nil {
		return nil, err
	}
	m, err := readMeta(ctx, store, p.ID)
	if err != nil {
		return nil, err
	}
	v := newVerifier(store, m, logSizes{})
	v.point, v.begun = p, true
	l, r, err := p.open(ctx, store)
	if err == nil {
		if v.log = l; r != nil {
			err = v.beginIndex(r)
		}
	}
	if isDamage(err) {
		v.damaged(err, "the index, and the log that lies in chunks")
		err = nil
	}
	return v, err
}

// tells returns an error unless the point tells of what was verified.
func (p *point) tells(v *verifier) error {
	if s := v.snap; p.T != v.T || p.Transactions != v.Transactions || p.Bytes != v.Bytes || p.Datoms != v.datoms || p.Instant.UnixMilli() != s.instant {
		return &StoreError{p.key(), fmt.Errorf("%w: the counts of the backup are not those of its log", ErrCorrupt)}
	}
	return nil
}
