package edn

import (
	"encoding/hex"
	"errors"
)

// A UUID is a universally unique identifier of 16 bytes, ordered as unsigned bytes.
type UUID [16]byte

// String returns the usual form, 8-4-4-4-12 lower-case hex digits.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

var errNoUUID = errors.New("a uuid is written 8-4-4-4-12 hex digits")

// ParseUUID reads the form that String writes; digits may be upper case.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, errNoUUID
	}
	_, err := hex.Decode(u[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	if err != nil {
		return UUID{}, errNoUUID
	}
	return u, nil
}

// A URI is a uniform resource identifier, kept and compared as the text that was given.
type URI string

// A Char is one character of EDN, such as \a or \newline.
type Char rune
