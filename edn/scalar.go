package edn

import (
	"encoding/hex"
	"errors"
	"math/big"
)

// A UUID is a universally unique identifier of 16 bytes, ordered as unsigned bytes.
type UUID [16]byte

// String returns the usual form, 8-4-4-4-12 lower-case hex digits.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseUUID reads the form that String writes; digits may be upper case.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, errors.New("a uuid is written 8-4-4-4-12 hex digits")
	}
	_, err := hex.Decode(u[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	if err != nil {
		return UUID{}, errors.New("a uuid is written 8-4-4-4-12 hex digits")
	}
	return u, nil
}

// A URI is a uniform resource identifier, kept and compared as the text that was given.
type URI string

// A Char is one character of EDN, such as \a or \newline.
type Char rune

// A Decimal is the exact number Unscaled × 10^−Scale. Two decimals of one value and different scales are different values
// of a database: 1.0M is not 1.00M. The zero Decimal is 0M. Operations never change their operands.
type Decimal struct {
	Unscaled *big.Int // nil is zero; must not be changed once the Decimal is in use
	Scale    int32
}
