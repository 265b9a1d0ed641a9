package dynamokey

import (
	"strconv"
	"strings"
)

// What a number of DynamoDB may be: 38 significant digits, from 1E-130 to below 1E+126.
const (
	maxDigits   = 38
	minExponent = -130
	maxExponent = 125
)

// Canonical is a number as DynamoDB understands it, written in the one way that all
// ways of writing it come to: without an exponent, and without zeros that do not
// count. It is false for what is not a number, and for one that DynamoDB cannot hold.
func Canonical(s string) (string, bool) {
	minus := strings.HasPrefix(s, "-")
	digits, exponent, ok := scan(strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+"))
	if !ok || strings.HasPrefix(s, "-+") {
		return "", false
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return "0", true
	}
	trimmed := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(trimmed)
	if first := exponent + len(trimmed) - 1; len(trimmed) > maxDigits || first < minExponent || first > maxExponent {
		return "", false
	}
	text := place(trimmed, exponent)
	if minus {
		text = "-" + text
	}
	return text, true
}

// scan reads digits with a point and an exponent: digits × 10^exponent.
func scan(s string) (digits string, exponent int, ok bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e := s[i+1:]
		number, err := strconv.Atoi(e)
		if err != nil || len(e) > 5 {
			return "", 0, false
		}
		s, exponent = s[:i], number
	}
	whole, part, _ := strings.Cut(s, ".")
	digits = whole + part
	if digits == "" || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return "", 0, false
	}
	return digits, exponent - len(part), true
}

// place writes digits × 10^exponent without an exponent.
func place(digits string, exponent int) string {
	point := len(digits) + exponent
	switch {
	case exponent >= 0:
		return digits + strings.Repeat("0", exponent)
	case point > 0:
		return digits[:point] + "." + digits[point:]
	}
	return "0." + strings.Repeat("0", -point) + digits
}
