package edn

import (
	"fmt"
	"strconv"
	"time"
)

// parseInstant reads a year, month, day, hour, minute, second and fraction, of which any tail may be missing, and an offset
// from UTC, which is Z where it is missing. Years have four digits or, with a sign, up to nine. Digits below the
// millisecond are dropped.
func parseInstant(s string) (t time.Time, ok bool) {
	year, rest, ok := takeYear(s)
	part := [5]int{1, 1, 0, 0, 0} // month, day, hour, minute, second
	n := 0
	for n < len(part) && len(rest) >= 3 && rest[0] == "--T::"[n] && isTwoDigits(rest[1:3]) {
		part[n], _ = strconv.Atoi(rest[1:3])
		rest = rest[3:]
		n++
	}
	milli := 0
	if n == len(part) && len(rest) > 1 && rest[0] == '.' {
		var frac string
		if frac, rest = takeDigits(rest[1:]); frac == "" {
			return t, false
		}
		milli, _ = strconv.Atoi((frac + "00")[:3])
	}
	offset, zoned := parseOffset(rest)
	if !ok || !zoned || !inCalendar(year, part) {
		return t, false
	}
	t = time.Date(year, time.Month(part[0]), part[1], part[2], part[3], part[4], milli*int(time.Millisecond), time.UTC)
	return t.Add(-offset), true
}

// takeYear takes four digits, or a sign and four to nine digits.
func takeYear(s string) (year int, rest string, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits, rest := takeDigits(s[1:])
		year, err := strconv.Atoi(s[:1+len(digits)])
		return year, rest, err == nil && 4 <= len(digits) && len(digits) <= 9
	}
	digits, rest := takeDigits(s)
	year, err := strconv.Atoi(digits)
	return year, rest, err == nil && len(digits) == 4
}

func isTwoDigits(s string) bool { return class[s[0]]&class[s[1]]&digit != 0 }

// parseOffset reads Z, nothing, or a sign, two digits, a colon and two digits.
func parseOffset(s string) (offset time.Duration, ok bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	if len(s) != 6 || s[0] != '-' && s[0] != '+' || s[3] != ':' || !isTwoDigits(s[1:3]) || !isTwoDigits(s[4:]) {
		return 0, false
	}
	h, _ := strconv.Atoi(s[1:3])
	m, _ := strconv.Atoi(s[4:])
	offset = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if s[0] == '-' {
		offset = -offset
	}
	return offset, h < 24 && m < 60
}

// inCalendar reports whether there is such a second; a leap second ends a minute 59.
func inCalendar(year int, part [5]int) bool {
	month, day, hour, minute, second := part[0], part[1], part[2], part[3], part[4]
	if month < 1 || month > 12 || day < 1 || day > time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return false
	}
	return hour < 24 && minute < 60 && (second < 60 || second == 60 && minute == 59)
}

// appendInstant appends the time in UTC with milliseconds. Years beyond four digits get a sign.
func appendInstant(b []byte, t time.Time) []byte {
	t = t.UTC()
	if year := t.Year(); year < 0 || year > 9999 {
		b = fmt.Appendf(b, "%+05d", year)
	} else {
		b = fmt.Appendf(b, "%04d", year)
	}
	return t.AppendFormat(b, "-01-02T15:04:05.000Z")
}
