package analysis

import (
	"math"
	"strconv"
	"strings"
)

// Unit is what a value counts. It is written after the number, and decides how many digits people want to see.
type Unit string

const (
	// Plain is a number without a unit, written with four significant digits.
	Plain Unit = ""
	// Percent is written with one decimal.
	Percent Unit = "%"
	// Milliseconds are written whole.
	Milliseconds Unit = "ms"
)

// format writes a value with the unit's usual number of decimals, and with more
// of them where rounding would make it look like one of its limits, or like zero
// or all: 98.96 % must not read as "99 %, below the minimum of 99 %".
func (u Unit) format(v float64, limits ...float64) string {
	limits = append(limits, 0)
	if u == Percent {
		limits = append(limits, 100)
	}
	usual := u.decimals(v)
	for d := usual; d <= usual+6; d++ {
		if s := fixed(v, d); tellsApart(s, v, d, limits) {
			return u.after(s)
		}
	}
	return u.exact(v)
}

// exact writes a value with as many digits as it has.
func (u Unit) exact(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		return u.after(strconv.FormatFloat(v, 'g', -1, 64))
	}
	return u.after(strconv.FormatFloat(v, 'f', -1, 64))
}

func (u Unit) after(number string) string {
	if u == Plain {
		return number
	}
	return number + " " + string(u)
}

func (u Unit) decimals(v float64) int {
	switch u {
	case Percent:
		return 1
	case Milliseconds:
		return 0
	case Plain:
	}
	magnitude := math.Floor(math.Log10(math.Abs(v)))
	if v == 0 || magnitude > 3 {
		return 0
	}
	return int(3 - magnitude)
}

func tellsApart(s string, v float64, decimals int, limits []float64) bool {
	for _, l := range limits {
		if l != v && fixed(l, decimals) == s {
			return false
		}
	}
	return true
}

// fixed rounds to a number of decimals and drops the zeros at the end. Very
// large and very small numbers get an exponent instead of hundreds of digits.
func fixed(v float64, decimals int) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}
