package conformance

import (
	"embed"
	"io/fs"
	"os"
	"testing"
)

//go:embed testdata
var carried embed.FS

// enough is how many cases must have run, so that a runner that skips does not pass.
const enough = 1300

func TestConformance(t *testing.T) {
	folder, err := fs.Sub(carried, "testdata")
	if dir := os.Getenv("DATOLITE_CONFORMANCE"); dir != "" {
		folder = os.DirFS(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	worlds, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	r := Run(t.Context(), worlds)
	for _, f := range r.Failures {
		t.Error(f)
	}
	if ran := r.Passed + r.Caveats + len(r.Failures); ran < enough {
		t.Errorf("%d cases ran, too few", ran)
	}
	t.Logf("not yet built:\n%s", r.Missing())
	t.Log(r)
}
