// Package leaks looks for values where they must not be: in all that printing,
// logging and encoding make of something that holds them (see [Everywhere]), and in
// logs (see [Search.In]). It is what the promise that secrets do not leak is tested
// with.
package leaks

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Text and Number are values to plant. No piece of theirs is found anywhere by chance,
// nor in base64 in a number or a UUID, and three characters of the text are escaped by somebody.
const (
	Text   = `zQ7~EW9!<J4^p&2%Xv`
	Number = 8675309867530912
)

// Planted finds the two and every piece of the text.
var Planted = Pieces(Text).And(Numbers(Number))

// Found is a value that was found. It tells nothing of the value itself.
type Found struct {
	Of     string // whose value it is, as [Search.Add] was told
	Form   string // in which it was written: "hex"
	Line   int    // of the text, from 1
	Before string // what stands before it in the line
}

func (f Found) String() string {
	return fmt.Sprintf("%s as %s in line %d after %q", cmp.Or(f.Of, "a value"), f.Form, f.Line, f.Before)
}

// Search finds values in whatever form they are written.
type Search struct {
	exact  forms // case matters
	folded forms // in lower case
}

// least is how many bytes of a value in a row are a leak.
const least = 4

// Pieces finds any four bytes in a row of the values. They must be so that nothing
// has four bytes of them by chance.
func Pieces(values ...string) (s Search) {
	for _, v := range values {
		for i := range len(v) - least + 1 {
			s.add("", v[i:i+least])
		}
	}
	return s
}

// Whole finds the values as they are, from end to end.
func Whole(values ...string) (s Search) {
	for _, v := range values {
		s.add("", v)
	}
	return s
}

// Add makes s find a value, from end to end, and tell whose it is.
func (s *Search) Add(of, value string) { s.add(of, value) }

// Numbers finds numbers: integers, floats and durations.
func Numbers(values ...int64) (s Search) {
	for _, n := range values {
		for _, base := range []int{2, 8, 10, 16} {
			s.fold("number", strconv.FormatInt(n, base))
		}
		s.fold("float", fmt.Sprintf("%.9e", float64(n))[:10])
		s.fold("short float", fmt.Sprintf("%e", float64(n)))
		s.fold("hexadecimal float", fmt.Sprintf("%.10x", float64(n))[:12])
		s.fold("duration", time.Duration(n).String())
		s.fold("seconds", strconv.FormatFloat(time.Duration(n).Seconds(), 'f', -1, 64))
	}
	return s
}

// And finds what either finds.
func (s Search) And(other Search) Search {
	return Search{s.exact.and(other.exact), s.folded.and(other.folded)}
}

// In names the form in which text has one of the values, "" if it has none. It tells
// nothing of the value.
func (s Search) In(text string) string {
	if _, form := s.first(text, lower(text)); form != nil {
		return form.name
	}
	return ""
}

// first gives the first form that text has, and where it is; nil for none.
func (s Search) first(text, lowered string) (at int, found *form) {
	at, found = s.exact.in(text)
	if folded, f := s.folded.in(lowered); f != nil && (found == nil || folded < at) {
		return folded, f
	}
	return at, found
}

// Find finds the values in a text, one in each line.
func (s Search) Find(text string) (all []Found) {
	lowered, begin := lower(text), 0
	for {
		at, form := s.first(text[begin:], lowered[begin:])
		if form == nil {
			return all
		}
		at += begin
		all = append(all, Found{
			Of: form.of, Form: form.name,
			Line:   1 + strings.Count(text[:at], "\n"),
			Before: text[max(begin, strings.LastIndexByte(text[:at], '\n')+1):at],
		})
		begin = at + len(form.text)
		if end := strings.IndexByte(text[begin:], '\n'); end >= 0 {
			begin += end
		} else {
			return all
		}
	}
}

// lower is in lower case what is ASCII, so that everything stays where it is.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

func (s *Search) fold(name, text string) { s.folded.add(form{"", name, lower(text)}) }

// add adds all the forms of a piece of a value.
func (s *Search) add(of, piece string) {
	for _, e := range escapes {
		s.folded.add(form{of, e.name, lower(e.escape(piece))})
	}
	for _, l := range lists {
		s.folded.add(form{of, l.name, lower(list(l.unit, l.gap, []byte(piece)))})
		if runes := []rune(piece); len(runes) != len(piece) {
			s.folded.add(form{of, l.name, lower(list(l.unit, l.gap, runes))})
		}
	}
	// In base64 it looks different at each of three offsets, and shares digits with its
	// neighbours.
	for name, code := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64 of URLs": base64.RawURLEncoding} {
		for before := range 3 {
			text := code.EncodeToString([]byte("\x00\x00"[:before] + piece))
			s.exact.add(form{of, name, text[(8*before+5)/6 : 8*(before+len(piece))/6]})
		}
	}
}

var escapes = []struct {
	name   string
	escape func(string) string
}{
	{"text", func(s string) string { return s }},
	{"Go", func(s string) string { return trim(strconv.Quote(s)) }},
	{"ASCII Go", func(s string) string { return trim(strconv.QuoteToASCII(s)) }},
	{"JSON", func(s string) string { b, _ := json.Marshal(s); return trim(string(b)) }},
	{"HTML", template.HTMLEscapeString},
	{"JavaScript", template.JSEscapeString},
	{"URL", url.QueryEscape},
	{"path", url.PathEscape},
	{"XML", func(s string) string {
		var b bytes.Buffer
		_ = xml.EscapeText(&b, []byte(s)) // into memory
		return b.String()
	}},
}

func trim(quoted string) string { return quoted[1 : len(quoted)-1] }

// lists are the ways in which bytes and runes are written one by one.
var lists = []struct{ name, unit, gap string }{
	{"hex", "%02x", ""},
	{"spaced hex", "%02x", " "},
	{"0x spaced hex", "0x%02x", " "},
	{"Go bytes", "0x%x", ", "},
	{"numbers", "%d", " "},
	{"Go numbers", "%d", ", "},
	{"JSON numbers", "%d", ","},
	{"octal", "%o", " "},
	{"0 octal", "0%o", " "},
	{"0o octal", "0o%o", " "},
	{"binary", "%b", " "},
	{"0b binary", "0b%b", " "},
	{"U+", "U+%04X", " "},
	{"characters", "%c", " "},
	{"quoted characters", "%q", " "},
	{"U+ and characters", "%#U", " "},
}

func list[E byte | rune](unit, gap string, elements []E) string {
	units := make([]string, len(elements))
	for i, e := range elements {
		units[i] = fmt.Sprintf(unit, e)
	}
	return strings.Join(units, gap)
}
