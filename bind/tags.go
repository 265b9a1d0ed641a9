package bind

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache"
)

// tags is what the tag of one field says.
type tags struct {
	source, value string  // of a source: its name, and what is to be read; "" for none
	policy        []keyed // maxage and the like
	leftOut       bool    // bind:"-"
}

type keyed struct{ key, value string }

// policies are the tags that stand beside a source's.
var policies = map[string]func(value string) lambdacache.Option{
	"maxage": func(value string) lambdacache.Option {
		if value == "forever" {
			return lambdacache.MaxAge(lambdacache.Forever)
		}
		return lambdacache.MaxAge(duration(value))
	},
	"stale":  func(value string) lambdacache.Option { return lambdacache.StaleIfError(duration(value)) },
	"ahead":  func(value string) lambdacache.Option { return lambdacache.RefreshAhead(fraction(value)) },
	"jitter": func(value string) lambdacache.Option { return lambdacache.Jitter(fraction(value)) },
}

// others are tags that many packages put on fields. They are no mistakes.
var others = []string{
	"bson", "dynamodbav", "env", "json", "jsonschema", "mapstructure", "protobuf", "toml", "validate", "xml", "yaml",
}

// parse reads the tag of a field.
func (s *structure) parse(t reflect.StructTag) (read tags) {
	for _, p := range split(string(t)) {
		_, isSource := s.sources[p.key]
		_, isPolicy := policies[p.key]
		switch {
		case p.key == "bind" && p.value == "-":
			return tags{leftOut: true}
		case p.key == "bind":
			panic(fmt.Sprintf(`bind:%q is unknown: write bind:"-" to leave the field out`, p.value))
		case isSource && read.source != "":
			panic(fmt.Sprintf("%s and %s: a field has one source", read.source, p.key))
		case isSource:
			read.source, read.value = p.key, p.value
		case isPolicy:
			read.policy = append(read.policy, p)
		case !slices.Contains(others, p.key):
			panic(fmt.Sprintf(`the tag %s is unknown (%s): give bind.Struct the Tag of its source, or mark the field bind:"-"`, p.key, s.known()))
		}
	}
	if read.source == "" && len(read.policy) > 0 {
		panic(fmt.Sprintf("%s stands beside the tag of a source (%s), and there is none", read.policy[0].key, s.known()))
	}
	return read
}

// split takes a struct tag apart as package reflect does, but tells what it cannot read.
func split(s string) (pairs []keyed) {
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		key, rest, _ := strings.Cut(s, ":")
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil || quoted[0] != '"' || key == "" || strings.ContainsAny(key, " ,\"") {
			panic(fmt.Sprintf(`its tag is malformed at %q: write key:"value", with spaces between several`, s))
		}
		value, _ := strconv.Unquote(quoted)
		pairs, s = append(pairs, keyed{key, value}), rest[len(quoted):]
	}
	return pairs
}

// options are what the tags beside the source's say.
func (t tags) options() (opts []lambdacache.Option) {
	for _, p := range t.policy {
		func() {
			defer func() {
				if r := recover(); r != nil {
					panic(fmt.Sprintf("%s:%q: %s", p.key, p.value, strings.TrimPrefix(fmt.Sprint(r), "lambdacache: ")))
				}
			}()
			opts = append(opts, policies[p.key](p.value))
		}()
	}
	return opts
}

func duration(value string) time.Duration {
	d, err := time.ParseDuration(value)
	if err != nil {
		panic(`not a duration: write "90s", "5m" or "1h30m"`)
	}
	return d
}

func fraction(value string) float64 {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		panic(`not a fraction: write "0.25"`)
	}
	return f
}

// expand puts the environment in the place of ${VAR}.
func expand(value string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(value, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed || name == "" {
			panic(fmt.Sprintf("%q: write ${NAME} for an environment variable", "${"+after))
		}
		set, ok := os.LookupEnv(name)
		if !ok {
			panic(fmt.Sprintf("the environment variable %s is not set", name))
		}
		b.WriteString(set)
		value = rest
	}
}
