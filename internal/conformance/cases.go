package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// A World is a database to ask: a schema and transactions, which all succeed.
type World struct {
	Name   string   `json:"world"`
	Schema string   `json:"schema"`
	Attrs  []string `json:"attrs"` // whose datoms count
	Txs    []string `json:"txs"`
	Needs  []string `json:"needs"` // conf functions
	Cases  []Case   `json:"-"`
}

// A Case is a question about a world, or a transaction in it, and what is expected.
type Case struct {
	ID       string          `json:"id"`
	Area     string          `json:"area"`
	Op       string          `json:"op"`
	Expect   json.RawMessage `json:"expect"`
	Caveat   string          `json:"caveat"`
	Needs    []string        `json:"needs"`
	Fns      []string        `json:"fns"`
	Question                 // of a with case too: how the result is looked at
	Steps    []Step          `json:"steps"`
	Then     *Then           `json:"then"`

	Exception *Exception `json:"-"`
}

// A Then is the question that a with case asks of what its steps came to.
type Then struct {
	Op string `json:"op"`
	Question
}

// A Step is one transaction.
type Step struct {
	Tx string `json:"tx"`
}

// A Question has the keys of every kind of question.
type Question struct {
	At         *int            `json:"at"`
	View       oneOrMany[View] `json:"view"`
	Filter     *View           `json:"filter"`
	Query      string          `json:"query"`
	Inputs     []Input         `json:"inputs"`
	Pattern    string          `json:"pattern"`
	Eid        string          `json:"eid"`
	Eids       string          `json:"eids"`
	Index      string          `json:"index"`
	Components string          `json:"components"`
	Attr       string          `json:"attr"`
	Start      json.RawMessage `json:"start"`
	End        json.RawMessage `json:"end"`
}

// A View is a way to look at a database.
type View struct {
	Kind     string   `json:"kind"`
	Tx       *int     `json:"tx"`
	Inst     string   `json:"inst"`
	NotAttrs []string `json:"not_attrs"`
	NotTx    *int     `json:"not_tx"`
}

// An Input is one input of a query.
type Input struct {
	T    string          `json:"t"`
	At   *int            `json:"at"`
	View oneOrMany[View] `json:"view"`
	Edn  string          `json:"edn"`
	ID   string          `json:"id"`
	IDs  []string        `json:"ids"`
	N    int             `json:"n"`
}

// oneOrMany reads a list, or one element without brackets.
type oneOrMany[T any] []T

func (l *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = oneOrMany[T]{one}
	return nil
}

// Load reads the worlds of every *.jsonl and *.jsonl.zst in a folder.
func Load(folder fs.FS) ([]*World, error) {
	var worlds []*World
	names, err := fs.Glob(folder, "*.jsonl*")
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(name, ".zst") {
			if text, err = unpack(text); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		if worlds, err = parse(worlds, text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return worlds, err
}

func unpack(text []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(text, nil)
}

// parse appends the worlds of a file, whose cases name one that stands before them.
func parse(worlds []*World, text []byte) ([]*World, error) {
	byName := map[string]*World{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		var head struct{ Kind, World string }
		if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if head.Kind == "world" {
			w := &World{}
			if err := json.Unmarshal(lines.Bytes(), w); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			byName[w.Name] = w
			worlds = append(worlds, w)
			continue
		}
		var c Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		w := byName[head.World]
		if w == nil {
			return nil, fmt.Errorf("line %d: case %s stands before its world %s", n, c.ID, head.World)
		}
		w.Cases = append(w.Cases, c)
	}
	return worlds, lines.Err()
}
