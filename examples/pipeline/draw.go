package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/datolite/datolite/provenance"
)

// draw writes the lineage of the second version as DOT, what it changed filled, and as SVG where Graphviz is installed.
func (s *story) draw() error {
	changed, err := s.changed()
	if err != nil {
		return err
	}
	var graph bytes.Buffer
	err = provenance.WriteDOT(s.ctx, &graph, s.conn.Snapshot(), s.v2.Version(), provenance.DOTOptions{Highlight: changed})
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, "lineage.dot")
	if err := os.WriteFile(path, graph.Bytes(), 0o666); err != nil {
		return err
	}
	fmt.Fprintln(s.w, "\n5. The lineage is drawn in", path)
	dot, err := exec.LookPath("dot")
	if err != nil {
		fmt.Fprintln(s.w, "   (Graphviz is not installed; with it there would be an SVG too)")
		return nil
	}
	svg := filepath.Join(s.dir, "lineage.svg")
	if out, err := exec.CommandContext(s.ctx, dot, "-Tsvg", "-o", svg, path).CombinedOutput(); err != nil {
		return fmt.Errorf("dot: %w: %s", err, out)
	}
	fmt.Fprintln(s.w, "   and in", svg)
	return nil
}

// changed returns the nodes that the second version does not share with the first.
func (s *story) changed() ([]provenance.NodeID, error) {
	past, _, err := s.past()
	if err != nil {
		return nil, err
	}
	delta, err := provenance.Compare(s.ctx, past, s.v1.Version(), s.v2.Version())
	if err != nil {
		return nil, err
	}
	var ids []provenance.NodeID
	for _, m := range delta.Modified {
		ids = append(ids, m.B)
	}
	for _, l := range delta.Added {
		ids = append(ids, l.Node)
	}
	return ids, nil
}
