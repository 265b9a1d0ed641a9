package decode

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Into decodes raw into the value that dst addresses.
type Into func(raw Raw, dst reflect.Value) error

// As decodes raw into a T by rules worked out on the spot.
func As[T any](raw Raw) (T, error) {
	var v T
	into, err := For(reflect.TypeFor[T]())
	if err != nil {
		return v, err
	}
	err = into(raw, reflect.ValueOf(&v).Elem())
	return v, err
}

// To works out how a T is decoded and gives a function that does it, or an error for
// a type that nothing can be decoded into.
func To[T any]() (func(Raw) (T, error), error) {
	into, err := For(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return func(raw Raw) (T, error) {
		var v T
		err := into(raw, reflect.ValueOf(&v).Elem())
		return v, err
	}, nil
}

var (
	textUnmarshaler   = reflect.TypeFor[encoding.TextUnmarshaler]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	jsonUnmarshaler   = reflect.TypeFor[json.Unmarshaler]()
	duration          = reflect.TypeFor[time.Duration]()
	byteSlice         = reflect.TypeFor[[]byte]()
	stringType        = reflect.TypeFor[string]()
)

// For is To for a type that is known only by reflection.
func For(t reflect.Type) (Into, error) {
	into := forText(t)
	if into == nil {
		return nil, fmt.Errorf("nothing can be decoded into a value of type %v: use a concrete type, such as string, []byte or a struct for JSON", t)
	}
	if t == byteSlice || !implements(t, binaryUnmarshaler) {
		return into, nil
	}
	return func(raw Raw, dst reflect.Value) error {
		if raw.kind != binary {
			return into(raw, dst)
		}
		return foreign(t, target(dst).(encoding.BinaryUnmarshaler).UnmarshalBinary(raw.data))
	}, nil
}

func forText(t reflect.Type) Into {
	var set func(s string, dst reflect.Value) error
	switch k := t.Kind(); {
	case t == byteSlice:
		return ofBytes
	case implements(t, textUnmarshaler):
		set = unmarshalText
	case implements(t, jsonUnmarshaler):
		return ofJSON
	case IsStrings(t):
		return ofStrings
	case k == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return ofBytes
	case k == reflect.String, k >= reflect.Bool && k <= reflect.Uint64, k == reflect.Float32, k == reflect.Float64:
		set = setScalar
	case k == reflect.Struct:
		return ofJSON
	case k == reflect.Map, k == reflect.Slice, k == reflect.Array, k == reflect.Pointer:
		if !inJSON(t) {
			return nil
		}
		return ofJSON
	default:
		return nil
	}
	return func(raw Raw, dst reflect.Value) error {
		s, ok := raw.asText()
		if !ok {
			return &Error{fmt.Sprintf("the value is binary, not a %v: declare []byte", t)}
		}
		return set(s, dst)
	}
}

// inJSON reports whether JSON can become a t. It does not look into structs: JSON need
// not have all of their fields.
func inJSON(t reflect.Type) bool {
	seen := make(map[reflect.Type]bool) // type T []T
	for !seen[t] && !implements(t, textUnmarshaler) && !implements(t, jsonUnmarshaler) {
		seen[t] = true
		switch t.Kind() {
		case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
			return false
		case reflect.Interface:
			return t.NumMethod() == 0
		case reflect.Map:
			if !isName(t.Key()) {
				return false
			}
			t = t.Elem()
		case reflect.Slice, reflect.Array, reflect.Pointer:
			t = t.Elem()
		}
	}
	return true
}

// isName reports whether t can be the key of a map that is made of JSON.
func isName(t reflect.Type) bool {
	k := t.Kind()
	return k == reflect.String || k >= reflect.Int && k <= reflect.Uintptr || implements(t, textUnmarshaler)
}

func unmarshalText(s string, dst reflect.Value) error {
	return foreign(dst.Type(), target(dst).(encoding.TextUnmarshaler).UnmarshalText([]byte(s)))
}

// setScalar sets a string, a number, a bool or a duration.
func setScalar(s string, dst reflect.Value) error {
	t, k := dst.Type(), dst.Kind()
	if k == reflect.String {
		dst.SetString(s)
		return nil
	}
	s = strings.TrimSpace(s)
	var err error
	switch {
	case t == duration:
		var d time.Duration
		d, err = time.ParseDuration(s)
		dst.SetInt(int64(d))
	case k == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(s)
		dst.SetBool(b)
	case k <= reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(s, 10, t.Bits())
		dst.SetInt(n)
	case k <= reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(s, 10, t.Bits())
		dst.SetUint(n)
	default:
		var n float64
		n, err = strconv.ParseFloat(s, t.Bits())
		dst.SetFloat(n)
	}
	return number(t, err)
}

// IsStrings reports whether t is decoded as a list of strings.
func IsStrings(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem() == stringType && !implements(t, textUnmarshaler) && !implements(t, jsonUnmarshaler)
}

func ofBytes(raw Raw, dst reflect.Value) error {
	dst.SetBytes(raw.asBytes())
	return nil
}

// ofStrings splits a list at its commas, which nothing can escape, and keeps empty
// elements; any other value is a JSON array.
func ofStrings(raw Raw, dst reflect.Value) error {
	if raw.kind != list {
		return ofJSON(raw, dst)
	}
	dst.Set(reflect.ValueOf(strings.Split(raw.text, ",")).Convert(dst.Type()))
	return nil
}

func ofJSON(raw Raw, dst reflect.Value) error {
	data := raw.asBytes()
	if k := dst.Kind(); (k == reflect.Struct || k == reflect.Array) && string(bytes.TrimSpace(data)) == "null" {
		return &Error{fmt.Sprintf("the value is null, not JSON of a %v", dst.Type())}
	}
	return JSON(data, dst.Addr().Interface())
}

// JSON decodes a JSON value into dst, a pointer, with the errors of this package.
func JSON(data []byte, dst any) error {
	if err := json.Unmarshal(data, dst); err != nil {
		return jsonError(reflect.TypeOf(dst).Elem(), err, len(data))
	}
	return nil
}

// jsonError keeps of an error of encoding/json the wanted type and the position.
func jsonError(t reflect.Type, err error, size int) error {
	var own *Error
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &own):
		return own
	case size == 0:
		return &Error{fmt.Sprintf("the value is empty, not JSON of a %v", t)}
	case errors.As(err, &syntax):
		return &Error{fmt.Sprintf("not JSON of a %v: malformed at byte %d", t, syntax.Offset)}
	case errors.As(err, &mismatch):
		return &Error{fmt.Sprintf("not JSON of a %v: what ends at byte %d is no %v", t, mismatch.Offset, mismatch.Type)}
	}
	return foreign(t, err)
}

// number is the error of a value that strconv or time could not parse.
func number(t reflect.Type, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return &Error{fmt.Sprintf("out of range for a %v", t)}
	}
	return &Error{fmt.Sprintf("not a valid %v", t)}
}

// foreign is the error of somebody else's method: only its type is safe to tell.
func foreign(t reflect.Type, err error) error {
	var own *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	}
	if reason, ok := Safe(err); ok {
		return &Error{reason}
	}
	return &Error{fmt.Sprintf("not a valid %v: its decoder failed with a %T", t, err)}
}

func implements(t, iface reflect.Type) bool {
	return t.Kind() != reflect.Interface && (t.Implements(iface) && t.Kind() == reflect.Pointer || reflect.PointerTo(t).Implements(iface))
}

// target gives what has the unmarshalling method: the address of dst, or for a
// pointer type a new value that dst then points to.
func target(dst reflect.Value) any {
	if dst.Kind() == reflect.Pointer {
		dst.Set(reflect.New(dst.Type().Elem()))
		return dst.Interface()
	}
	return dst.Addr().Interface()
}
