package db

import (
	"context"
	"github.com/datolite/datolite/index"
	"iter"
)

func (s *Snapshot) T() T                                              { panic("not built") }
func (v *View) T() T                                                  { panic("not built") }
func (s *Snapshot) Schema() *Schema                                   { panic("not built") }
func (v *View) Schema() *Schema                                       { panic("not built") }
func (s *Snapshot) IsHistory() bool                                   { panic("not built") }
func (v *View) IsHistory() bool                                       { panic("not built") }
func (s *Snapshot) EntID(ctx context.Context, e any) (ID, error)      { panic("not built") }
func (v *View) EntID(ctx context.Context, e any) (ID, error)          { panic("not built") }
func (s *Snapshot) Entity(ctx context.Context, e any) (Entity, error) { panic("not built") }
func (v *View) Entity(ctx context.Context, e any) (Entity, error)     { panic("not built") }
func (s *Snapshot) Datoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error] {
	panic("not built")
}
func (v *View) Datoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error] {
	panic("not built")
}
func (s *Snapshot) SeekDatoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error] {
	panic("not built")
}
func (v *View) SeekDatoms(ctx context.Context, o Order, components ...any) iter.Seq2[Datom, error] {
	panic("not built")
}
func (s *Snapshot) IndexRange(ctx context.Context, attr, start, end any) iter.Seq2[Datom, error] {
	panic("not built")
}
func (v *View) IndexRange(ctx context.Context, attr, start, end any) iter.Seq2[Datom, error] {
	panic("not built")
}
func (s *Snapshot) Count(ctx context.Context, o Order, components ...any) (int, error) {
	panic("not built")
}
func (v *View) Count(ctx context.Context, o Order, components ...any) (int, error) {
	panic("not built")
}
func (s *Snapshot) TxRange(ctx context.Context, start, end Moment) iter.Seq2[Tx, error] {
	panic("not built")
}
func (v *View) TxRange(ctx context.Context, start, end Moment) iter.Seq2[Tx, error] {
	panic("not built")
}
func (s *Snapshot) Scan(ctx context.Context, o Order, r index.Range) (*index.Cursor, error) {
	panic("not built")
}
func (v *View) Scan(ctx context.Context, o Order, r index.Range) (*index.Cursor, error) {
	panic("not built")
}
func (s *Snapshot) Snapshot() *Snapshot { panic("not built") }
func (v *View) Snapshot() *Snapshot     { panic("not built") }
func (s *Snapshot) String() string      { panic("not built") }
func (v *View) String() string          { panic("not built") }
func (s *Snapshot) sealed()             { panic("not built") }
func (v *View) sealed()                 { panic("not built") }
