package cachetest

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/lambda-cache/lambdacache/internal/leaks"
)

// held is every value that the fake has ever held.
type held struct {
	mu     sync.Mutex
	values []heldValue         // since the search was made
	known  map[heldValue]bool  // all of them
	found  map[string]struct{} // what is searched for
	search leaks.Search
}

type heldValue struct{ owner, value string }

const (
	leastShown = 6        // bytes: shorter values are found in everything
	mostShown  = 256      // of a longer value the first so many are looked for
	mostParsed = 64 << 10 // of longer values only that is kept, and what they are made of is not looked for
)

// ShownIn looks for every value that the fake has ever held in a text, such as the log
// of the function under test, and says whose it found and in which line, never the
// value. Values are found as they are, escaped, in hexadecimal, in base64 and as lists
// of numbers; of a StringList also its elements, and of JSON the strings and numbers in
// it. Values of fewer than 6 bytes are not looked for, and of long ones the first 256
// bytes.
//
//	for _, leak := range aws.ShownIn(log.String()) {
//		t.Error(leak)
//	}
func (a *AWS) ShownIn(text string) []string {
	h := a.held()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, v := range h.values {
		h.takeApart(v)
	}
	h.values = nil
	var all []string
	for _, f := range h.search.Find(text) {
		all = append(all, f.String())
	}
	return all
}

// hold notes a value of owner.
func (h *held) hold(owner string, value []byte) {
	if len(value) > mostParsed {
		value = value[:mostShown]
	}
	v := heldValue{owner, string(value)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known, h.found = make(map[heldValue]bool), make(map[string]struct{})
	}
	if !h.known[v] {
		h.known[v] = true
		h.values = append(h.values, v)
	}
}

// takeApart makes the search find a value and what it is made of.
func (h *held) takeApart(v heldValue) {
	h.find(v.owner, v.value)
	var parsed any
	d := json.NewDecoder(strings.NewReader(v.value))
	d.UseNumber()
	if d.Decode(&parsed) == nil {
		h.leaves(v.owner, parsed)
	}
}

func (h *held) leaves(owner string, v any) {
	switch v := v.(type) {
	case string:
		h.find(owner, v)
	case json.Number:
		h.find(owner, v.String())
	case []any:
		for _, e := range v {
			h.leaves(owner, e)
		}
	case map[string]any:
		for name, e := range v {
			h.leaves(owner+"#"+name, e)
		}
	}
}

func (h *held) find(owner, value string) {
	value = value[:min(len(value), mostShown)]
	if _, known := h.found[value]; !known && len(value) >= leastShown {
		h.found[value] = struct{}{}
		h.search.Add("the value of "+owner, value)
	}
}
