// Package dynamokey writes the primary key of a DynamoDB item as text that tells it
// from every other one, and reads it back: "tenants?pk=tenant#1&sk=7".
//
// The attributes stand in the order of their names. A number is written in digits, a
// string as it is and in quotation marks where it could be taken for something else,
// bytes in base64.
package dynamokey

import (
	"cmp"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the type of an attribute, as DynamoDB calls it.
type Kind string

// The types that an attribute of a key may have.
const (
	String Kind = "S"
	Number Kind = "N"
	Binary Kind = "B"
)

// Attribute is one attribute of a key: the partition key or the sort key.
type Attribute struct {
	Name  string
	Kind  Kind
	Value string // a number in the form of [Canonical], bytes as they are
}

// Key is the primary key of an item of a table.
type Key struct {
	Table      string // its name or ARN
	Attributes []Attribute
}

// Of is the key of these attributes, in whatever order they are given.
func Of(table string, attributes ...Attribute) Key {
	sorted := slices.SortedFunc(slices.Values(attributes), func(a, b Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return Key{table, sorted}
}

// String is the key as text.
func (k Key) String() string {
	var b strings.Builder
	b.WriteString(k.Table)
	separator := "?"
	for _, a := range k.Attributes {
		b.WriteString(separator)
		b.WriteString(quote(a.Name, strings.ContainsRune(a.Name, '=')))
		b.WriteByte('=')
		b.WriteString(a.Text())
		separator = "&"
	}
	return b.String()
}

const base64Prefix = "base64:"

// Text is the attribute's value as the key's text has it.
func (a Attribute) Text() string {
	switch a.Kind {
	case Number:
		return a.Value
	case Binary:
		return base64Prefix + base64.StdEncoding.EncodeToString([]byte(a.Value))
	}
	_, isNumber := Canonical(a.Value)
	return quote(a.Value, isNumber || strings.HasPrefix(a.Value, base64Prefix))
}

// quote puts quotation marks around what does not read the same without them.
func quote(s string, must bool) string {
	odd := func(r rune) bool { return r == '&' || r == '"' || !unicode.IsPrint(r) || r == utf8.RuneError }
	if must || s == "" || s != strings.TrimSpace(s) || strings.ContainsFunc(s, odd) {
		return strconv.Quote(s)
	}
	return s
}

var errNoKey = errors.New("not the text of a key")

// Parse reads what String wrote.
func Parse(text string) (Key, error) {
	table, rest, found := strings.Cut(text, "?")
	k := Key{Table: table}
	for more := found; more; {
		name, after, ok := token(rest, "=")
		if !ok || !strings.HasPrefix(after, "=") {
			return Key{}, errNoKey
		}
		a := Attribute{Name: name}
		if a.Kind, a.Value, rest, ok = value(after[1:]); !ok {
			return Key{}, errNoKey
		}
		k.Attributes = append(k.Attributes, a)
		rest, more = strings.CutPrefix(rest, "&")
		if !more && rest != "" {
			return Key{}, errNoKey
		}
	}
	return k, nil
}

// token takes a name or a string off the front of s, up to one of the ends.
func token(s, ends string) (text, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", "", false
		}
		text, err = strconv.Unquote(quoted)
		return text, s[len(quoted):], err == nil
	}
	end := strings.IndexAny(s, ends)
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], true
}

func value(s string) (kind Kind, text, rest string, ok bool) {
	text, rest, ok = token(s, "&")
	if !ok || strings.HasPrefix(s, `"`) {
		return String, text, rest, ok
	}
	if encoded, isBinary := strings.CutPrefix(text, base64Prefix); isBinary {
		data, err := base64.StdEncoding.DecodeString(encoded)
		return Binary, string(data), rest, err == nil
	}
	if canonical, isNumber := Canonical(text); isNumber {
		return Number, canonical, rest, true
	}
	return String, text, rest, true
}
