package main

import (
	"context"
	"fmt"

	"github.com/datolite/datolite"
	"github.com/datolite/datolite/provenance"
	"github.com/datolite/datolite/tx"
)

func main() {}

func run(ctx context.Context, file []byte) error {
	conn, err := datolite.Open(ctx, "")
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err = tx.Transact(ctx, conn, provenance.Schema()); err != nil {
		return err
	}
	def, err := provenance.ParseEDN(file)
	if err != nil {
		return err
	}
	v1, err := provenance.Submit(ctx, conn, def) // conn.Snapshot() shows it as soon as this returns
	if err != nil {
		return err
	}
	us, err := provenance.Find(ctx, conn.Snapshot(), v1.Version, "us")
	if err != nil {
		return err
	}
	for hit, err := range provenance.Downstream(ctx, conn.Snapshot(), provenance.WalkOptions{}, us) {
		if err != nil {
			return err
		}
		fmt.Println(hit.Depth, hit.Pipeline, hit.Label)
	}
	if _, err = provenance.Tombstone(ctx, conn, v1.Version, "superseded"); err != nil {
		return err
	}
	live, err := provenance.Active(ctx, conn.Snapshot())
	if err != nil {
		return err
	}
	_ = live
	for b, err := range provenance.Archive(ctx, conn, provenance.ArchiveOptions{}) {
		if err != nil {
			return err
		}
		fmt.Printf("%d nodes retracted, %d left\n", b.Nodes, b.Left)
	}
	return nil
}

var _ = run
