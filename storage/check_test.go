package storage

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckKey(t *testing.T) {
	for key, want := range map[string]string{
		"a":                      "",
		"name/my-db_2.x/0":       "",
		strings.Repeat("k", 512): "",
		"":                       "not a key: it is empty",
		strings.Repeat("k", 513): "not a key: it has 513 bytes, and a key has at most 512",
		"db/Log":                 `not a key: byte 3 is "L", and a key is made of a-z 0-9 / _ . -`,
		"a b":                    `not a key: byte 1 is " ", and a key is made of a-z 0-9 / _ . -`,
		"é":                      `not a key: byte 0 is "\xc3", and a key is made of a-z 0-9 / _ . -`,
	} {
		err := CheckKey(key)
		if want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != want || !errors.Is(err, ErrKey) {
			t.Errorf("CheckKey(%.20q) = %v, want %q", key, err, want)
		}
	}
}

func TestLimitsRefuse(t *testing.T) {
	l := Limits{Value: 3, Batch: 2}
	fine, long, bad := Item{"a", []byte("123")}, Item{"b", []byte("1234")}, Item{"B", nil}
	for _, c := range []struct {
		err  error
		kind error
		text string
	}{
		{l.CheckItems("put", fine, fine), nil, ""},
		{l.CheckItems("put", fine, long), ErrTooLarge, "put b: over the store's limit: 4 bytes of at most 3"},
		{l.CheckItems("put", fine, fine, fine), ErrTooLarge, "put: over the store's limit: 3 items of at most 2 in one call"},
		{l.CheckItems("create", bad), ErrKey, `create B: not a key: byte 0 is "B", and a key is made of a-z 0-9 / _ . -`},
		{l.CheckKeys("delete", "a", "a\n"), ErrKey, `delete "a\n": not a key: byte 1 is "\n", and a key is made of a-z 0-9 / _ . -`},
		{l.CheckKeys("delete", "a", "b", "c"), ErrTooLarge, "delete: over the store's limit: 3 items of at most 2 in one call"},
	} {
		if !errors.Is(c.err, c.kind) || c.err != nil && c.err.Error() != c.text {
			t.Errorf("got %v, want %s", c.err, c.text)
		}
	}
}

func TestErrorCutsLongKeys(t *testing.T) {
	err := &Error{Op: "get", Key: strings.Repeat("x", 1000), Err: ErrKey}
	if want := `get "` + strings.Repeat("x", 64) + `"…: not a key`; err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
}
