package edn

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
)

func parsed(t *testing.T, s string) Decimal {
	t.Helper()
	d, err := ParseDecimal(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseDecimal(t *testing.T) {
	for _, wrong := range []string{"", "-", "x", "1M", "1N", "1.", ".5", "1/2", "01", "--1", "1e", " 1", "1 ", "##NaN", "1_0", "é", "1E99999999999"} {
		if d, err := ParseDecimal(wrong); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q is parsed as %v, %v", wrong, d, err)
		}
	}
	if _, err := ParseDecimal(strings.Repeat("1", MaxDigits+1)); !errors.Is(err, ErrLimit) {
		t.Error(err)
	}
	if _, err := ParseDecimal("x"); err.Error() != `edn: decimal "x" is malformed` {
		t.Error(err)
	}
}

func TestDecimalString(t *testing.T) {
	for _, s := range []string{"0", "0.00", "1", "-1.00", "0.000001", "1E-7", "1.5E+3", "1E+1", "-1.23E-20", "0E+3", "0E-7", "1.2345E+2147483652", "1E-2147483647"} {
		if got := parsed(t, s).String(); got != s {
			t.Errorf("%s prints as %s", s, got)
		}
	}
	lowest := Decimal{big.NewInt(123), math.MinInt32}
	if again := parsed(t, lowest.String()); again.Scale != lowest.Scale || again.Cmp(lowest) != 0 {
		t.Error(again)
	}
}

// law: no scale makes an operation costly.
func TestHostileScales(t *testing.T) {
	huge, tiny := parsed(t, "1E999999999"), parsed(t, "1E-999999999")
	for _, f := range []func() (Decimal, error){
		func() (Decimal, error) { return huge.Add(tiny) },
		func() (Decimal, error) { return tiny.Sub(huge) },
		func() (Decimal, error) { return parsed(t, "1E2000000000").Mul(huge) },
		func() (Decimal, error) { return parsed(t, "1E2000000000").Quo(tiny) },
		func() (Decimal, error) {
			return parsed(t, strings.Repeat("9", MaxDigits)).Add(parsed(t, "1"))
		},
		func() (Decimal, error) {
			return parsed(t, strings.Repeat("9", MaxDigits)).Mul(parsed(t, "11"))
		},
	} {
		if d, err := f(); !errors.Is(err, ErrLimit) {
			t.Errorf("%v, %v", d, err)
		}
	}
	if huge.Cmp(tiny) != 1 || tiny.Cmp(huge) != -1 || huge.Cmp(parsed(t, "-1")) != 1 || parsed(t, "-1E999999999").Cmp(parsed(t, "-1")) != -1 {
		t.Error("1E999999999 is not greater than 1E-999999999")
	}
	zero := parsed(t, "0E999999999")
	if sum, err := zero.Add(parsed(t, "1.5")); err != nil || sum.String() != "1.5" {
		t.Error(sum, err)
	}
	if zero.Cmp(Decimal{}) != 0 || parsed(t, "1E3").Cmp(parsed(t, "1000.0")) != 0 || parsed(t, "999").Cmp(parsed(t, "1E3")) != -1 {
		t.Error("wrong order")
	}
}

func TestQuo(t *testing.T) {
	for _, c := range []struct{ x, y, want string }{
		{"1", "2", "0.5"}, {"4.00", "2", "2.00"}, {"10", "5", "2"}, {"100", "0.1", "1.00E+3"}, {"1", "-8", "-0.125"}, {"0", "7", "0"}, {"0.00", "7", "0.00"},
		{"1", "3125", "0.00032"}, {"21", "7", "3"}, {"1", "1E3", "0.001"}, {"6", "1.5", "4"},
	} {
		got, err := parsed(t, c.x).Quo(parsed(t, c.y))
		if err != nil || got.String() != c.want {
			t.Errorf("%s / %s = %v, %v; want %s", c.x, c.y, got, err, c.want)
		}
	}
	if _, err := parsed(t, "1").Quo(parsed(t, "3")); !errors.Is(err, ErrInexact) {
		t.Error(err)
	}
	if _, err := parsed(t, "1").Quo(Decimal{}); !errors.Is(err, ErrDivideByZero) {
		t.Error(err)
	}
}
