package httpcache

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/lambda-cache/lambdacache"
)

// header is one header that a user gives.
type header struct {
	id    uint64 // what an origin knows it by
	name  string
	value func(context.Context) (string, error)
}

var (
	headerOption = lambdacache.NewOptionKind[*header]("httpcache.Header")
	lastHeader   atomic.Uint64
)

// Header sends a header with each request to the URL's own scheme, host and port, and
// never to where a redirect leads beyond that. value is called before each try, and may
// Get another entry:
//
//	httpcache.Header("Authorization", func(ctx context.Context) (string, error) {
//		token, err := token.Get(ctx)
//		return "Bearer " + token, err
//	})
//
// What it returns appears in no error and no event; "" leaves the header out. Its error
// is the load's, as it is: it must not hold the value. It may run in several goroutines
// at once.
//
// Entries share loads only if they are given the same Option: each call of Header makes
// one that differs from all others. Of two with the same name the last one counts. A nil
// function, a name that is none, and names that are this package's own (Host,
// Accept-Encoding, those of conditional requests) panic.
func Header(name string, value func(ctx context.Context) (string, error)) lambdacache.Option {
	canonical := http.CanonicalHeaderKey(name)
	refuse := func(why string) { panic(fmt.Sprintf("lambdacache: httpcache.Header(%q): %s", name, why)) }
	switch {
	case value == nil:
		refuse("a function is required that gives the header's value")
	case name == "" || strings.ContainsFunc(name, notInToken):
		refuse(`not the name of a header: write a name such as "Authorization"`)
	case slices.Contains(ours, canonical):
		refuse("this package sets it itself; leave it out")
	}
	return headerOption.With(&header{lastHeader.Add(1), canonical, value})
}

// ours are the headers that decide what is fetched and how it is read.
var ours = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Host", "If-Match", "If-Modified-Since", "If-None-Match",
	"If-Range", "If-Unmodified-Since", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func notInToken(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r != 0 && strings.ContainsRune("!#$%&'*+-.^_`|~", r))
}

// headers are those of one entry, in the order of their names.
type headers []*header

func takeHeaders(opts []lambdacache.Option) (all headers, rest []lambdacache.Option) {
	for _, o := range opts {
		h, given, other := headerOption.Take([]lambdacache.Option{o})
		rest = append(rest, other...)
		if given {
			all = append(slices.DeleteFunc(all, func(earlier *header) bool { return earlier.name == h.name }), h)
		}
	}
	slices.SortFunc(all, func(a, b *header) int { return strings.Compare(a.name, b.name) })
	return all, rest
}

// identity tells the headers of one entry from those of others.
func (all headers) identity() string {
	ids := make([]string, len(all))
	for i, h := range all {
		ids[i] = strconv.FormatUint(h.id, 10)
	}
	return strings.Join(ids, " ")
}

// values asks for the value of each.
func (all headers) values(ctx context.Context) (http.Header, error) {
	values := make(http.Header)
	for _, h := range all {
		value, err := h.value(ctx)
		switch {
		case err != nil:
			return nil, &fault{text: fmt.Sprintf("the value of httpcache.Header(%q): %v", h.name, err), err: err}
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return nil, fmt.Errorf("the value of httpcache.Header(%q) has a line break or another control character: trim it", h.name)
		case value != "":
			values.Set(h.name, value)
		}
	}
	return values, nil
}
