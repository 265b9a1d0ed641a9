package appconfigcache

import (
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// Flags declares an entry for a feature-flag profile, by the names or ids of
// application, environment and profile:
//
//	var flags = appconfigcache.Flags("shop", "prod", "flags")
//
//	if flags.Value(ctx).Enabled("new-checkout") { … }
//
// To have the flags in a struct of your own, and a flag of another shape fail the load,
// declare [Configuration] with the struct. AppConfig's API does not choose between the
// variants of a flag, as its agent does: a flag that comes as variants fails the load. It
// panics as Configuration does.
func Flags(application, environment, profile string, opts ...lambdacache.Option) *lambdacache.Entry[FlagSet] {
	return declare(newKey("Flags", application, environment, profile), readFlags, opts)
}

// FlagSet is the feature flags of a profile. It prints as "[redacted]". The zero
// FlagSet has no flags.
type FlagSet struct {
	flags func() flags // a function, because fmt looks into anything else
}

type (
	flags map[string]flag
	flag  map[string]json.RawMessage // "enabled", and the attributes
)

// NewFlagSet makes a set for a test, to be given to cachetest.Fixed, of flags as
// AppConfig delivers them:
//
//	appconfigcache.NewFlagSet(`{"new-checkout": {"enabled": true, "limit": 10}}`)
//
// It panics if they are none.
func NewFlagSet(flags string) FlagSet {
	set, err := readFlags([]byte(flags))
	if err != nil {
		panic("lambdacache: appconfigcache.NewFlagSet: " + err.Error())
	}
	return set
}

// UnmarshalJSON reads the flags of a profile: an entry of a FlagSet, declared by whatever
// constructor, and a field of a struct that is one, are decoded as [Flags] does.
func (s *FlagSet) UnmarshalJSON(b []byte) (err error) {
	*s, err = readFlags(b)
	return err
}

func readFlags(body []byte) (FlagSet, error) {
	var all flags
	if err := decode.JSON(body, &all); err != nil {
		return FlagSet{}, err
	}
	if all == nil {
		return FlagSet{}, lambdacache.Undecodable("the profile is null, and not a set of flags")
	}
	for _, f := range all {
		switch _, ok := f.enabled(); {
		case ok:
		case f["_variants"] != nil:
			return FlagSet{}, lambdacache.Undecodable("a flag has variants, which the AppConfig agent chooses from: declare Configuration to read them as they are")
		default:
			return FlagSet{}, lambdacache.Undecodable(`a flag has no "enabled" that is true or false: declare Configuration for a profile that holds no feature flags`)
		}
	}
	return FlagSet{func() flags { return all }}, nil
}

func (f flag) enabled() (on, ok bool) {
	text := string(f["enabled"])
	return text == "true", text == "true" || text == "false"
}

// Enabled reports whether a flag is on. A flag that the profile does not have is off.
func (s FlagSet) Enabled(flag string) bool {
	on, _ := s.all()[flag].enabled()
	return on
}

// Names gives the names of the flags, on and off, in alphabetical order.
func (s FlagSet) Names() iter.Seq[string] { return slices.Values(slices.Sorted(maps.Keys(s.all()))) }

func (s FlagSet) all() flags {
	if s.flags == nil {
		return nil
	}
	return s.flags()
}

// Attribute gives an attribute of a flag that is on:
//
//	limit := appconfigcache.Attribute(flags.Value(ctx), "new-checkout", "limit", 10)
//
// A JSON string becomes a T as a text does, any other JSON value as its JSON text does:
// see [Configuration]. Without the flag or the attribute, with the flag off, and if the
// attribute is no T, it gives otherwise. A T that nothing can be decoded into panics.
func Attribute[T any](set FlagSet, flag, attribute string, otherwise T) T {
	into, err := decode.To[T]()
	if err != nil {
		panic(fmt.Sprintf("lambdacache: appconfigcache.Attribute(%q, %q): %v", flag, attribute, err))
	}
	value := set.all()[flag][attribute]
	if !set.Enabled(flag) || value == nil || string(value) == "null" {
		return otherwise
	}
	raw := decode.Text(string(value))
	var text string
	if value[0] == '"' && json.Unmarshal(value, &text) == nil {
		raw = decode.Text(text)
	}
	v, err := into(raw)
	if err != nil {
		return otherwise
	}
	return v
}

const redacted = "[redacted]"

// Format prints "[redacted]" for every verb.
func (FlagSet) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue gives "[redacted]".
func (FlagSet) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[redacted]".
func (FlagSet) MarshalText() ([]byte, error) { return []byte(redacted), nil }
