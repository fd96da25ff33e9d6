//go:build amd64 || arm64

package bolt

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// A disk is what is on it for sure, and what was asked of it since the last sync, of which any part may be there.
type disk struct {
	names   map[string]*content
	pending []naming
}

// A naming gives a file a name, or takes a name away.
type naming struct {
	name string
	file *content // nil takes it away
}

// A content is a file without its name.
type content struct {
	synced  []byte
	pending []event // writes and truncates
}

// replay returns what events make of a disk, which stays as it was.
func replay(was *disk, events []event) *disk {
	d := was.clone()
	for _, e := range events {
		d.take(e)
	}
	return d
}

func (d *disk) clone() *disk {
	same := map[*content]*content{nil: nil}
	copied := func(of *content) *content {
		if _, done := same[of]; !done {
			same[of] = &content{slices.Clone(of.synced), slices.Clone(of.pending)}
		}
		return same[of]
	}
	c := &disk{names: map[string]*content{}}
	for name, of := range d.names {
		c.names[name] = copied(of)
	}
	for _, n := range d.pending {
		c.pending = append(c.pending, naming{n.name, copied(n.file)})
	}
	return c
}

func (d *disk) take(e event) {
	file := named(d.names, d.pending)[e.name]
	switch e.kind {
	case create:
		d.pending = append(d.pending, naming{e.name, &content{}})
	case link:
		d.pending = append(d.pending, naming{e.newName, file})
	case rename: // a loss of power may come between the two
		d.pending = append(d.pending, naming{e.newName, file}, naming{e.name, nil})
	case unlink:
		d.pending = append(d.pending, naming{e.name, nil})
	case syncNames:
		d.names, d.pending = named(d.names, d.pending), nil
	case write, truncate:
		file.pending = append(file.pending, e)
	case syncFile:
		file.synced, file.pending = file.seen(), nil
	}
}

// named returns names after some namings.
func named(names map[string]*content, namings []naming) map[string]*content {
	names = maps.Clone(names)
	for _, n := range namings {
		if names[n.name] = n.file; n.file == nil {
			delete(names, n.name)
		}
	}
	return names
}

// seen returns the files as everybody sees them while the power is on.
func (d *disk) seen() map[string][]byte {
	files := map[string][]byte{}
	for name, file := range named(d.names, d.pending) {
		files[name] = file.seen()
	}
	return files
}

// mount makes the files in a folder as they are seen.
func (d *disk) mount(folder string) (err error) {
	paths := map[*content]string{}
	for name, file := range named(d.names, d.pending) {
		path := filepath.Join(folder, name)
		if other, twice := paths[file]; twice {
			err = errors.Join(err, os.Link(other, path))
		} else {
			err = errors.Join(err, os.WriteFile(path, file.seen(), 0o600))
		}
		paths[file] = path
	}
	return err
}

func (c *content) seen() []byte {
	data := slices.Clone(c.synced)
	for _, e := range c.pending {
		data = e.change(data, 0, int64(len(e.data)))
	}
	return data
}

// torn returns the files as they may be when the power comes back: of what was not synced any part is there.
func (d *disk) torn(rng *rand.Rand) map[string][]byte {
	unit := []int64{512, 4096}[rng.IntN(2)]
	share := []float64{0, 1, rng.Float64(), rng.Float64()}[rng.IntN(4)]
	happens := func() bool { return rng.Float64() < share }
	namings := slices.DeleteFunc(slices.Clone(d.pending), func(naming) bool { return !happens() })
	files := map[string][]byte{}
	for name, file := range named(d.names, namings) {
		data := slices.Clone(file.synced)
		for _, e := range file.pending {
			data = e.tear(data, unit, happens)
		}
		files[name] = data
	}
	return files
}

// tear does part of a write, in whole units of the disk, or all of a truncate, or nothing.
func (e event) tear(data []byte, unit int64, happens func() bool) []byte {
	if e.kind == truncate && happens() {
		return e.change(data, 0, 0)
	}
	for from := int64(0); from < int64(len(e.data)); {
		to := min(from+unit-(e.at+from)%unit, int64(len(e.data)))
		if happens() {
			data = e.change(data, from, to)
		}
		from = to
	}
	return data
}

// change does the part of a write from one of its bytes to another, or a truncate.
func (e event) change(data []byte, from, to int64) []byte {
	need := e.at + to
	if e.kind == truncate && need < int64(len(data)) {
		return data[:need]
	}
	if need > int64(len(data)) {
		data = append(data, make([]byte, need-int64(len(data)))...)
	}
	copy(data[e.at+from:], e.data[from:to])
	return data
}
