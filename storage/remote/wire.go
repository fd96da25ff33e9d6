package remote

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/datolite/datolite/storage"
)

// What a request and its answer have in common, as docs/remote.md tells it. This file alone knows the bytes.
const (
	version       = "1"
	headerVersion = "Datolite-Protocol"
	headerOutcome = "Datolite-Outcome"
	headerSum     = "Datolite-Sum"
	contentType   = "application/vnd.datolite"
	nonceSize     = 16
)

// The bounds of version 1. A body holds one value of the largest size with its key, or as many smaller ones as fit.
const (
	pageKeys = 4096     // the most keys of one answer
	keyField = 2 + 512  // the longest key after its length
	leastMax = 1 << 20  // of a body, however small values are
	overhead = 64 << 10 // of a body above its value
	maxText  = 4 << 10  // of what an error says
)

// maxBody returns the largest body of a request that changes a store with limits, and of an answer that has a value of it.
func maxBody(limits storage.Limits) int { return max(limits.Value, leastMax) + overhead }

// An operation is what a request asks for.
type operation struct {
	name    string
	changes bool // it needs the token that may write
	small   bool // its request has a few keys at most
	once    bool // it must not be sent again by itself
}

var operations = map[string]operation{
	"limits": {name: "limits", small: true},
	"get":    {name: "get", small: true},
	"list":   {name: "list", small: true},
	"watch":  {name: "watch", small: true},
	"create": {name: "create", changes: true, once: true},
	"put":    {name: "put", changes: true},
	"unless": {name: "unless", changes: true, once: true},
	"delete": {name: "delete", changes: true},
}

// outcomes are the words for what came of a request, the errors that they stand for, and the status that tells as much to those
// who know only HTTP. The first two stand for no error of a store: it was done, or failed for a reason that is told in text.
var outcomes = []struct {
	word   string
	kind   error
	status int
}{
	{"ok", nil, http.StatusOK},
	{"failed", nil, http.StatusServiceUnavailable},
	{"not-found", storage.ErrNotFound, http.StatusNotFound},
	{"exists", storage.ErrExists, http.StatusConflict},
	{"unknown", storage.ErrUnknown, http.StatusInternalServerError},
	{"forbidden", storage.ErrForbidden, http.StatusForbidden},
	{"key", storage.ErrKey, http.StatusBadRequest},
	{"too-large", storage.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{"format", storage.ErrFormat, http.StatusBadRequest},
	{"corrupt", storage.ErrCorrupt, http.StatusInternalServerError},
	{"guarded", storage.ErrGuarded, http.StatusConflict},
}

const ok, failed = 0, 1

// outcomeOf returns the place in outcomes of err. That the server's store is closed or locked is a failure like others: it says
// nothing about the store of the client.
func outcomeOf(err error) int {
	if errors.Is(err, storage.ErrUnknown) {
		return outcomeNamed("unknown")
	}
	for i, o := range outcomes {
		if o.kind != nil && errors.Is(err, o.kind) {
			return i
		}
	}
	return failed
}

// outcomeNamed returns the place in outcomes of a word, or -1.
func outcomeNamed(word string) int {
	for i, o := range outcomes {
		if o.word == word {
			return i
		}
	}
	return -1
}

// A sum is the SHA-256 of what was sent.
type sum [sha256.Size]byte

// requestSum binds the body of a request to its operation.
func requestSum(name string, body []byte) sum { return sumOf([]byte(name), body) }

// answerSum binds an answer to the request that it is for, so that no other answer passes for it.
func answerSum(request sum, word string, body []byte) sum {
	return sumOf(request[:], []byte(word), body)
}

// sumOf returns the sum of parts, of which all but the last are preceded by their length.
func sumOf(parts ...[]byte) (s sum) {
	h := sha256.New()
	for i, part := range parts {
		if i < len(parts)-1 {
			h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		}
		h.Write(part)
	}
	h.Sum(s[:0])
	return s
}

func (s sum) String() string { return hex.EncodeToString(s[:]) }

// parseSum returns the sum that a header tells. What is none is the sum of zeros, which nothing has.
func parseSum(text string) (s sum) {
	if b, err := hex.DecodeString(text); err == nil && len(b) == len(s) {
		copy(s[:], b)
	}
	return s
}

// appendFields appends fields to a body, each after its length.
func appendFields[T string | []byte](body []byte, fields ...T) []byte {
	for _, field := range fields {
		body = append(binary.AppendUvarint(body, uint64(len(field))), field...)
	}
	return body
}

var errFields = errors.New("the body does not consist of fields")

// splitFields returns the fields of a body, which are at most so many. They alias the body.
func splitFields(body []byte, most int) (fields [][]byte, err error) {
	for len(body) > 0 {
		size, n := binary.Uvarint(body)
		if n <= 0 || size > uint64(len(body)-n) || len(fields) == most {
			return nil, errFields
		}
		end := n + int(size)
		fields = append(fields, body[n:end:end])
		body = body[end:]
	}
	return fields, nil
}

// loopbackName reports whether a host, as in an URL and without its port, is this machine.
func loopbackName(host string) bool { return host == "localhost" || isLoopbackIP(host) }
