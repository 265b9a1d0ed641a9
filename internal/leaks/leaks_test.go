package leaks

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The search itself must find what is there.

func TestEveryFormIsFound(t *testing.T) {
	text, number := []byte(Text), int64(Number)
	for name, shown := range map[string]string{
		"plain": Text, "a piece": "…" + Text[5:9], "upper case": strings.ToUpper(Text), "quoted": fmt.Sprintf("%q", Text),
		"hex": hex.EncodeToString(text), "HEX": fmt.Sprintf("%X", text), "0x": fmt.Sprintf("%#x", text),
		"spaced hex": fmt.Sprintf("% x", text), "spaced 0x": fmt.Sprintf("% #x", text), "Go bytes": fmt.Sprintf("%#v", text),
		"numbers": fmt.Sprint(text), "runes": fmt.Sprint([]rune(Text)), "Go runes": fmt.Sprintf("%#v", []rune(Text)),
		"octal": fmt.Sprintf("%o", text), "0o": fmt.Sprintf("%O", text), "binary": fmt.Sprintf("%b", text),
		"characters": fmt.Sprintf("%c", []rune(Text)), "quoted runes": fmt.Sprintf("%q", []rune(Text)),
		"U+": fmt.Sprintf("%U", []rune(Text)), "#U+": fmt.Sprintf("%#U", []rune(Text)),
		"base64": base64.StdEncoding.EncodeToString(text), "of URLs": base64.URLEncoding.EncodeToString(text),
		"base64 from 1": base64.StdEncoding.EncodeToString([]byte("." + Text[3:7])),
		"base64 from 2": base64.StdEncoding.EncodeToString([]byte(".." + Text[3:7] + ".")),
		"query":         url.QueryEscape(Text), "path": url.PathEscape(Text),
		"integer": fmt.Sprint(number), "hex integer": fmt.Sprintf("%X", number), "octal integer": fmt.Sprintf("%o", number),
		"float": fmt.Sprint(float64(number)), "hex float": fmt.Sprintf("%x", float64(number)),
		"duration": time.Duration(number).String(), "seconds": fmt.Sprint(time.Duration(number).Seconds()),
	} {
		if Planted.In("before "+shown+" after") == "" {
			t.Errorf("not found: %s", name)
		}
	}
	for i := range len(Text) - least + 1 { // a piece with what is escaped, by whoever escapes it
		for _, e := range escapes {
			if Planted.In(e.escape(Text[i:i+least])) == "" {
				t.Errorf("bytes %d to %d are not found as %s", i, i+least, e.name)
			}
		}
	}
}

func TestNothingIsFoundByChance(t *testing.T) {
	for _, v := range []any{
		t, strings.Repeat("0123456789abcdef ", 99), errors.New(t.Name()), time.Now(), Text[:3], Text[1:4] + Text[6:9],
		map[string]int{},
		&url.URL{Host: "example.com"}, []byte(base64.StdEncoding.EncodeToString([]byte(t.Name()))),
	} {
		if way := Planted.Shown(v); way != "" {
			t.Errorf("%s of a %T", way, v)
		}
	}
	for place, v := range Places(struct{}{}) {
		if way := Planted.Shown(v); way != "" {
			t.Errorf("%s: %s", place, way)
		}
	}
}

func TestWholeValues(t *testing.T) {
	s := Whole("a value", "another\nvalue", "äöü")
	for _, shown := range []string{"<a value>", `"another\nvalue"`, "YSB2YWx1ZQ==", "äöü", `\u00e4\u00f6\u00fc`, fmt.Sprint([]rune("äöü")), fmt.Sprint([]byte("äöü"))} {
		if s.In(shown) == "" {
			t.Errorf("not found: %s", shown)
		}
	}
	if form := s.In("a val, another"); form != "" {
		t.Errorf("found a piece, as %s", form)
	}
}

func TestFind(t *testing.T) {
	var s Search
	s.Add("a", "value a")
	s.Add("b", "value\nof b")
	var got []string
	for _, f := range s.Find("nothing\ngot VALUE A and value a\n" + hex.EncodeToString([]byte("value a")) + "\nthen value\nof b\nand \"value\\nof b\"") {
		got = append(got, f.String())
	}
	want := []string{
		`a as text in line 2 after "got "`, `a as hex in line 3 after ""`, `b as text in line 4 after "then "`, `b as Go in line 6 after "and \""`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

type (
	text     string
	shy      struct{ value string }
	marshals struct{ value string }
	logs     struct{ value string }
	failing  struct{ cause error }
)

func (shy) Format(f fmt.State, _ rune)          { fmt.Fprint(f, "-") }
func (marshals) Format(f fmt.State, _ rune)     { fmt.Fprint(f, "-") }
func (m marshals) MarshalText() ([]byte, error) { return []byte(m.value), nil }
func (logs) Format(f fmt.State, _ rune)         { fmt.Fprint(f, "-") }
func (l logs) LogValue() slog.Value             { return slog.AnyValue(lazy{l.value}) }
func (l logs) MarshalBinary() ([]byte, error)   { return []byte(l.value), nil }
func (f failing) Error() string                 { return "failed" }
func (f failing) Unwrap() []error               { return []error{nil, f.cause} }
func (f failing) Format(s fmt.State, _ rune)    { fmt.Fprint(s, "failed") }

// everywhere gives the places where a value is seen.
func everywhere[T any](v T) (places map[string]bool) {
	places = make(map[string]bool)
	for place, v := range Places(v) {
		if Planted.Shown(v) != "" {
			places[place] = true
		}
	}
	return places
}

// Printing shows a plain value wherever it is, unless behind a pointer that is not
// outermost, in a channel or in a function. What has a Format of its own is shown where
// fmt calls no methods.
func TestEveryPlaceShows(t *testing.T) {
	dark := map[string]bool{
		"a pointer to a pointer": true, "an unexported pointer": true, "an unexported interface with a pointer": true,
		"a slice of pointers": true, "a channel": true, "a function": true, "an atomic pointer": true,
		"a map of package sync": true, "a key behind a pointer": true, "a context with the key": true,
	}
	for name, shown := range map[string]map[string]bool{
		"text": everywhere(text(Text)), "bytes": everywhere([]byte(Text)), "number": everywhere(Number), "interface": everywhere[any](Text),
	} {
		for place := range Places(text("")) {
			seen := shown[place] || name == "bytes" && strings.HasPrefix(place, "a key") // they are none
			if !seen && !dark[place] && place != "a context" {
				t.Errorf("a %s in %s is not seen", name, place)
			}
		}
	}
	shown := everywhere(shy{Text})
	for place := range Places(shy{}) {
		if strings.Contains(place, "unexported") && !dark[place] && !shown[place] {
			t.Errorf("a struct in %s is not seen", place)
		}
	}
}

func TestEveryWayShows(t *testing.T) {
	for _, c := range []struct {
		v    any
		ways []string
	}{
		{Text, []string{
			"%v", "%#v", "%s", "%q", "%x", "% X", "%#+-40.12x", "Sprint", "Sprintln", "Errorf", "log", "a panic", "slog text", "slog JSON",
			"JSON", "plain JSON", "XML", "an XML attribute", "gob", "text/template", "html/template",
		}},
		{[]byte(Text), []string{"%d", "%o", "%b", "%U", "%c", "JSON"}},
		{Number, []string{"%d", "%b", "%O", "%x"}},
		{float64(Number), []string{"%e", "%G", "%f", "%x"}},
		{shy{Text}, []string{"%w"}}, // where it is wrong fmt calls no methods
		{marshals{Text}, []string{"JSON", "XML", "an XML attribute", "slog JSON", "html/template"}},
		{logs{Text}, []string{"slog text", "slog JSON", "gob"}},
		{failing{errors.New(Text)}, []string{"unwrapped, %v"}},
		{fmt.Errorf("%w", failing{errors.New(Text)}), []string{"unwrapped, unwrapped, %v"}},
	} {
		found := make(map[string]bool)
		for name, text := range Ways(c.v) {
			found[name] = found[name] || Planted.In(text) != ""
		}
		for _, way := range c.ways {
			if !found[way] {
				t.Errorf("%s of a %T is not found", way, c.v)
			}
		}
		if way := Planted.Shown(c.v); way == "" {
			t.Errorf("no way of a %T is found", c.v)
		}
	}
}

func TestReaches(t *testing.T) {
	type node struct {
		next *node
		any  any
		m    map[text][]byte
		held atomic.Pointer[text]
	}
	circle := &node{}
	circle.next = circle
	held := &node{}
	deep := text(Text)
	held.held.Store(&deep)
	for _, v := range []any{Text, []byte(Text), Number, &shy{Text}, &node{next: &node{any: Text}}, node{m: map[text][]byte{"k": []byte(Text)}}, node{m: map[text][]byte{Text: nil}}, held} {
		if !Planted.Reaches(v) {
			t.Errorf("not reached in a %T", v)
		}
	}
	for _, v := range []any{nil, circle, "text", 1, &node{}, func() string { return Text }} {
		if Planted.Reaches(v) {
			t.Errorf("reached in a %T", v)
		}
	}
}
