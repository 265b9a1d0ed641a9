package leaks

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"iter"
	"log"
	"log/slog"
	"strings"
	"sync"
	"text/template"
)

// Ways gives all that printing, logging and encoding make of v, each with its name;
// of an error also what they make of every error that it wraps.
func Ways(v any) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for where, v := range chain(v) {
			for name, text := range waysOfOne(v) {
				if !yield(where+name, text) {
					return
				}
			}
		}
	}
}

// Shown names the first way that shows a value, "" if none does.
func (s Search) Shown(v any) string {
	var texts, names []string
	seen := make(map[string]bool)
	for name, text := range Ways(v) {
		if !seen[text] {
			seen[text] = true
			texts, names = append(texts, text), append(names, name)
		}
	}
	if s.In(strings.Join(texts, "\n")) == "" {
		return ""
	}
	for i, text := range texts {
		if form := s.In(text); form != "" {
			return names[i] + ", as " + form
		}
	}
	return "several ways together" // a form that has a line break: what follows a value is its own
}

// chain gives v and, if it is an error, all that it wraps.
func chain(v any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) { walk("", v, yield) }
}

func walk(where string, v any, yield func(string, any) bool) bool {
	if !yield(where, v) {
		return false
	}
	switch e := v.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return walk(where+"unwrapped, ", inner, yield)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !walk(where+"unwrapped, ", inner, yield) {
				return false
			}
		}
	}
	return true
}

// formats are all verbs, with the flags that change what is printed. With a wrong verb,
// fmt calls no methods and follows pointers that it otherwise does not.
var formats = sync.OnceValue(func() (all []string) {
	for _, set := range []struct {
		verbs string
		flags []string
	}{
		{"vsqxXdw", []string{"", "+", "#", " ", "0", "+#", "# ", "40", ".12", "#+-40.12"}},
		{"tTpbcoOeEfFgGU", []string{"", "+#"}},
	} {
		for _, verb := range set.verbs {
			for _, flags := range set.flags {
				all = append(all, "%"+flags+string(verb))
			}
		}
	}
	return all
})

func waysOfOne(v any) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, format := range formats() {
			if !yield(format, fmt.Sprintf(format, v)) {
				return
			}
		}
		for _, w := range writers {
			if !yield(w.name, written(w.write, v)) {
				return
			}
		}
	}
}

// written is what write writes of v, with its error or panic.
func written(write func(*bytes.Buffer, any) error, v any) (text string) {
	var b bytes.Buffer
	defer func() {
		if r := recover(); r != nil {
			text = b.String() + fmt.Sprint(r)
		}
	}()
	if err := write(&b, v); err != nil {
		fmt.Fprintf(&b, "%v %#v", err, err)
	}
	return b.String()
}

var writers = []struct {
	name  string
	write func(*bytes.Buffer, any) error
}{
	{"Sprint", func(b *bytes.Buffer, v any) error { fmt.Fprint(b, v, v); return nil }},
	{"Sprintln", func(b *bytes.Buffer, v any) error { fmt.Fprintln(b, v); return nil }},
	{"Errorf", func(_ *bytes.Buffer, v any) error { return fmt.Errorf("failed with %v", v) }},
	{"log", func(b *bytes.Buffer, v any) error { log.New(b, "", 0).Print(v); return nil }},
	{"a panic", func(b *bytes.Buffer, v any) error {
		defer func() { fmt.Fprintf(b, "panic: %v [recovered]", recover()) }()
		panic(v)
	}},
	{"slog text", func(b *bytes.Buffer, v any) error { return logged(slog.NewTextHandler(b, nil), v) }},
	{"slog JSON", func(b *bytes.Buffer, v any) error { return logged(slog.NewJSONHandler(b, nil), v) }},
	{"JSON", func(b *bytes.Buffer, v any) error { return json.NewEncoder(b).Encode(v) }},
	{"plain JSON", func(b *bytes.Buffer, v any) error {
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		return e.Encode(v)
	}},
	{"XML", func(b *bytes.Buffer, v any) error { return xml.NewEncoder(b).Encode(v) }},
	{"an XML attribute", func(b *bytes.Buffer, v any) error {
		return xml.NewEncoder(b).Encode(attribute{v})
	}},
	{"gob", func(b *bytes.Buffer, v any) error { return gob.NewEncoder(b).Encode(v) }},
	{"text/template", func(b *bytes.Buffer, v any) error { return templates().text.Execute(b, v) }},
	{"html/template", func(b *bytes.Buffer, v any) error { return templates().html.Execute(b, v) }},
}

type attribute struct {
	Value any `xml:"value,attr"`
}

// templates are parsed when they are needed: package cachetest imports this one.
var templates = sync.OnceValue(func() (t struct {
	text *template.Template
	html *htmltemplate.Template
},
) {
	t.text = template.Must(template.New("").Parse(`{{.}} {{printf "%#v %q" . .}} {{js .}} {{html .}} {{urlquery .}}`))
	t.html = htmltemplate.Must(htmltemplate.New("").Parse(
		`<p title="{{.}}">{{.}}</p><a href="/?q={{.}}">a</a><script>x={{.}};y="{{.}}"</script><style>a{b:{{.}}}</style>`))
	return t
})

// logged logs v in all the places of a record.
func logged(h slog.Handler, v any) error {
	l := slog.New(h)
	l.Info("m", "k", v)
	l.With("k", v).WithGroup("g").Error("m", slog.Any("list", []any{v}), slog.Group("g", "k", v), "lazy", lazy{v})
	if err, ok := v.(error); ok {
		l.Error("m", "err", errors.Join(err, err))
	}
	return nil
}

// lazy is a value that is logged when it comes to it.
type lazy struct{ v any }

func (l lazy) LogValue() slog.Value { return slog.AnyValue(l.v) }
