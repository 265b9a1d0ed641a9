// Package decode makes values of the types users declare out of what sources
// deliver. What a type is made of is decided once, from its reflect.Type, in this
// order: []byte; a slice of strings; encoding.TextUnmarshaler; json.Unmarshaler;
// time.Duration; by kind string, numbers and bool; everything else JSON.
//
// Its errors name types and positions, never a byte of the input, and wrap nothing:
// the errors of strconv, encoding/json and most UnmarshalText methods quote.
package decode

// Raw is a value as a source delivers it.
type Raw struct {
	kind kind
	text string
	data []byte
}

type kind int

const (
	text   kind = iota // text in text
	octets             // text in data
	list               // strings joined by commas, in text
	binary             // in data: not text
)

// Text is a value that is text.
func Text(s string) Raw { return Raw{kind: text, text: s} }

// Bytes is a value that is text or bytes, as the user likes. It is not copied.
func Bytes(b []byte) Raw { return Raw{kind: octets, data: b} }

// List is a value that is a list of strings joined by commas: an SSM StringList.
func List(s string) Raw { return Raw{kind: list, text: s} }

// Binary is a value that is not text. It is not copied.
func Binary(b []byte) Raw { return Raw{kind: binary, data: b} }

// asText is the value as a string; false if it is not text.
func (r Raw) asText() (string, bool) {
	switch r.kind {
	case binary:
		return "", false
	case octets:
		return string(r.data), true
	}
	return r.text, true
}

// asBytes is the value as bytes.
func (r Raw) asBytes() []byte {
	if r.kind == binary || r.kind == octets {
		return r.data
	}
	return []byte(r.text)
}

// Error says why a value could not be decoded, without a byte of it.
type Error struct{ reason string }

func (e *Error) Error() string { return e.reason }

// Safe tells errors of other packages that are made to be shown and quote nothing,
// and gives their text. Package lambdacache sets it.
var Safe = func(error) (reason string, ok bool) { return "", false }
