package httpcache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// walk is the way to a document, by redirects. net/http's own would take headers, and in
// Referer the query, to other hosts.
type walk struct {
	*source
	ctx      context.Context
	declared *url.URL
	headers  http.Header // for the declared URL's host
	fresh    bool        // caches on the way are to be gone past
	calls    int
}

// maxRedirects is how many redirects are followed.
const maxRedirects = 5

// document gives the answer with the document, or with the news that the one held still
// stands, and the URL that gave it.
func (w *walk) document(had answered) (*http.Response, *url.URL, error) {
	at, have := w.declared, had.version
	for hops := 0; ; {
		condition := ""
		if at.String() == had.at { // elsewhere another document may have the same validator
			condition = have
		}
		resp, err := w.get(at, condition)
		if err != nil {
			return nil, nil, err
		}
		switch code := resp.StatusCode; {
		case code == http.StatusOK, code == http.StatusNotModified && condition != "" && goesOn(resp.Header, condition):
			return resp, at, nil
		case code == http.StatusNotModified && condition != "":
			discard(resp)
			have = "" // it speaks of something else
		case isRedirect(code) && resp.Header.Get("Location") != "":
			discard(resp)
			if hops++; hops > maxRedirects {
				return nil, nil, fmt.Errorf("more than %d redirects: declare the URL that they lead to", maxRedirects)
			}
			if at, err = w.follow(at, resp.Header.Get("Location")); err != nil {
				return nil, nil, err
			}
		default:
			discard(resp)
			return nil, nil, w.refusal(at, resp)
		}
	}
}

// get makes one request.
func (w *walk) get(at *url.URL, have string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, errors.New("no request can be made of the URL") // its own error quotes
	}
	req.Header.Set("User-Agent", "lambda-cache")
	if w.fresh {
		req.Header.Set("Cache-Control", "no-cache")
	}
	if sameOrigin(at, w.declared) {
		for name, values := range w.headers {
			req.Header[name] = values
		}
	}
	condition(req.Header, have)
	client := w.client
	if client == nil {
		client = defaultClient()
	}
	w.calls++
	resp, err := client.Do(req)
	if err != nil {
		return nil, unanswered(w.ctx, at, err)
	}
	return resp, nil
}

func isRedirect(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow gives the URL that a redirect leads to.
func (w *walk) follow(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	switch {
	case err != nil || to.Hostname() == "":
		return nil, errors.New("a redirect to what is no URL")
	case to.User != nil:
		return nil, fmt.Errorf("a redirect to a URL of %s with a user name or password in it: those are not sent", to.Host)
	case to.Scheme == "https":
	case to.Scheme == "http" && isLoopback(to.Hostname()) && w.declared.Scheme == "http": // a sidecar or a test
	default:
		return nil, fmt.Errorf("a redirect to %s, which is not https: it is not followed", to.Host)
	}
	to.Fragment, to.RawFragment = "", ""
	return to, nil
}

// discard ends an answer whose body nobody wants. A short one is read, because its
// connection can then be used again.
func discard(resp *http.Response) {
	const short = 4 << 10
	if resp.ContentLength >= 0 && resp.ContentLength <= short {
		_, _ = io.Copy(io.Discard, resp.Body)
	}
	_ = resp.Body.Close()
}

var errCompressed = errors.New("the document comes compressed, and not as it was asked for: the Transport of httpcache.Client has DisableCompression, or the server does not heed Accept-Encoding")

// compressed reports whether a body still is. What else Content-Encoding may say, such as
// the aws-chunked of some objects, is nothing that was done to the bytes.
func compressed(h http.Header) bool {
	for coding := range strings.SplitSeq(strings.ToLower(strings.Join(h.Values("Content-Encoding"), ",")), ",") {
		switch strings.TrimSpace(coding) {
		case "gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress", "dcb", "dcz":
			return true
		}
	}
	return false
}

// read reads a document of at most the limit.
func (s *source) read(w *walk, at *url.URL, resp *http.Response) ([]byte, error) {
	if compressed(resp.Header) {
		return nil, errCompressed
	}
	tooLarge := func(size string) error {
		return fmt.Errorf("the document has %s bytes, and the limit is %d: set httpcache.SizeLimit", size, s.limit)
	}
	announced := resp.ContentLength
	if announced > int64(s.limit) {
		return nil, tooLarge(fmt.Sprint(announced))
	}
	const unknown, trusted = 4 << 10, 16 << 20 // a length is no more than a claim
	room := int64(unknown)
	if announced >= 0 {
		room = min(announced, trusted) + 1 // the end is found without another piece of memory
	}
	body := make([]byte, 0, min(room, int64(s.limit)+1))
	for {
		n, err := resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > s.limit:
			return nil, tooLarge("more")
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, brokenOff(w.ctx, at, len(body), announced, err)
		case len(body) == cap(body):
			larger := make([]byte, len(body), min(2*cap(body), s.limit+1))
			copy(larger, body)
			body = larger
		}
	}
}
