package edn

import (
	"math/big"
	"strconv"
	"strings"
)

// numberAhead reports whether the token at off begins with a digit, or with a sign and a digit.
func (r *reader) numberAhead() bool {
	c := r.text[r.off]
	if c == '+' || c == '-' {
		return r.off+1 < len(r.text) && class[r.text[r.off+1]]&digit != 0
	}
	return class[c]&digit != 0
}

func (r *reader) number(pos Pos) error {
	s := r.token()
	if len(s) < 19 {
		if n, ok := shortInt(s); ok {
			return r.scalar(pos, n)
		}
	}
	v, err := parseNumber(s, r.limits.Digits)
	if err != nil {
		err.Pos = pos
		return err
	}
	return r.scalar(pos, v)
}

// shortInt reads an integer of at most 18 characters; it reports false for anything else.
func shortInt(s string) (n int64, ok bool) {
	digits := s
	if s[0] == '-' || s[0] == '+' {
		digits = s[1:]
	}
	if digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	for i := range len(digits) {
		if class[digits[i]]&digit == 0 {
			return 0, false
		}
		n = 10*n + int64(digits[i]-'0')
	}
	if s[0] == '-' {
		n = -n
	}
	return n, true
}

// parseNumber reads the token of a number, which begins with a digit or with a sign and a digit.
func parseNumber(s string, limit int) (any, *Error) {
	n, why := splitNumber(s)
	switch {
	case why != "":
		return nil, &Error{Text: "number " + clip(s) + " " + why, Kind: ErrSyntax}
	case n.digits > limit:
		return nil, &Error{Text: "a number of " + strconv.Itoa(n.digits) + " digits; the limit is " + strconv.Itoa(limit), Kind: ErrLimit}
	case n.suffix == 'M':
		return n.decimal()
	case n.suffix == 'N' || n.whole():
		return n.integer(), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, &Error{Text: "number " + clip(s) + " is beyond the range of a double", Kind: ErrSyntax}
	}
	return f, nil
}

// A numeral is the text of a number in its parts.
type numeral struct {
	text     string // without suffix
	sign     string // "-" or ""
	int      string // digits before the point
	frac     string // digits after the point
	exponent string // digits behind E, with their sign
	suffix   byte   // N, M or 0
	digits   int    // from the first that is not 0 on
}

func (n numeral) whole() bool { return n.frac == "" && n.exponent == "" }

// splitNumber finds the parts of a number, or tells what is wrong with it.
func splitNumber(s string) (n numeral, why string) {
	rest := s
	if s[0] == '-' || s[0] == '+' {
		n.sign, rest = strings.TrimPrefix(s[:1], "+"), s[1:]
	}
	n.int, rest = takeDigits(rest)
	if strings.HasPrefix(rest, ".") {
		if n.frac, rest = takeDigits(rest[1:]); n.frac == "" {
			return n, "has no digit after its point"
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		if n.exponent, rest = takeExponent(rest[1:]); n.exponent == "" {
			return n, "has no digit in its exponent"
		}
	}
	n.text = s[:len(s)-len(rest)]
	n.digits = len(n.int) + len(n.frac)
	if n.int == "0" {
		n.digits = len(strings.TrimLeft(n.frac, "0"))
	}
	if rest == "M" || rest == "N" && n.whole() {
		n.suffix, rest = rest[0], ""
	}
	return n, n.wrong(rest)
}

// wrong tells what is wrong with a number behind whose parts stands rest.
func (n numeral) wrong(rest string) string {
	switch {
	case n.int == "":
		return "has no digit"
	case strings.HasPrefix(rest, "/"):
		return "is a ratio, which cannot be read"
	case rest == "N":
		return "is no integer and cannot end in N"
	case rest != "":
		return "is malformed"
	case len(n.int) > 1 && n.int[0] == '0':
		return "begins with 0"
	}
	return ""
}

func takeDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && class[s[i]]&digit != 0 {
		i++
	}
	return s[:i], s[i:]
}

func takeExponent(s string) (exponent, rest string) {
	sign := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	digits, rest := takeDigits(s[sign:])
	if digits == "" {
		return "", s
	}
	return s[:sign+len(digits)], rest
}

// integer returns an int64 or, where it does not fit or ends in N, a *big.Int.
func (n numeral) integer() any {
	if n.suffix != 'N' {
		if i, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			return i
		}
	}
	return n.big(n.int)
}

// big returns the integer of digits, with the sign of the number.
func (n numeral) big(digits string) *big.Int {
	i, _ := new(big.Int).SetString(n.sign+digits, 10)
	return i
}

func (n numeral) decimal() (any, *Error) {
	exponent := int64(0)
	if n.exponent != "" {
		var err error
		if exponent, err = strconv.ParseInt(n.exponent, 10, 40); err != nil {
			return nil, n.beyond()
		}
	}
	scale := int64(len(n.frac)) - exponent
	if scale != int64(int32(scale)) {
		return nil, n.beyond()
	}
	return Decimal{Unscaled: n.big(n.int + n.frac), Scale: int32(scale)}, nil
}

func (n numeral) beyond() *Error {
	return &Error{Text: "number " + clip(n.text) + " has an exponent beyond the range of a decimal", Kind: ErrSyntax}
}
