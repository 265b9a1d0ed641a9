// Package httpcache gives a Lambda function documents from any HTTPS server, such as
// the keys of a JSON Web Key Set or an OpenID discovery document:
//
//	var keys = httpcache.URL[KeySet]("https://issuer.example.com/.well-known/jwks.json",
//		lambdacache.MaxAge(10*time.Minute), lambdacache.StaleIfError(time.Hour))
//
//	func handler(ctx context.Context, e Event) (Response, error) {
//		return verify(keys.Value(ctx), e.Token)
//	}
//
//	func main() { lambda.Start(lambdacache.Wrap(handler, keys)) }
//
// A load is one GET, and one more for each redirect. Once a document is held the
// request is conditional: If-None-Match with its ETag, else If-Modified-Since with its
// Last-Modified, so that a document that did not change moves no body. The version of an
// entry is the one or the other. Only an answer with status 200 is a document.
//
// Requests that meet a broken connection, silence or a fault of the server (status 408
// and 5xx) are made up to three times, with pauses as in package awsconfig; those that
// are refused, throttled or not found are made once. The default client bounds them as
// awsconfig does: 1 s to connect and again for the TLS handshake, 1.5 s to the first byte
// and as much without progress; a connection that was idle for 10 s, frozen time
// included, is not used again. It heeds HTTPS_PROXY and NO_PROXY.
//
// # Freshness
//
// What the server says may shorten the max age and never lengthens it. A document is due
// when it is older than the entry's max age, or when its max-age (in want of it, Expires
// less Date) is over, less the Age that it had already. With no-store, no-cache, a
// max-age that cannot be read, and must-revalidate without a lifetime it is due at the
// next invocation: for its own, an invocation always has a value. Else must-revalidate
// changes nothing, because a document that is due is never used without asking, unless
// [lambdacache.StaleIfError] says so, which counts from when the document is due and is
// the function's word, not the server's: stale-if-error and stale-while-revalidate are
// ignored, and so is what only shared caches heed: s-maxage, private, proxy-revalidate.
//
// The entry's own age counts from its load, whatever Age says: a cache between us and the
// server is a part of what the URL names, and asking it again brings the same copy. Who
// wants to go past it calls Refresh, which sends Cache-Control: no-cache; an entry with
// MaxAge(0) always does.
//
// A Last-Modified less than a second before its Date is not used to ask for changes:
// another one may follow within that second (RFC 9110, section 8.8.2.2).
//
// # Safety
//
// URLs are https; http is for this machine alone ("http://localhost:2772/…", a sidecar).
// Up to five redirects are followed, to https only. What [Header] gives goes to the
// URL's own scheme, host and port, and to no other.
//
// Query strings may hold secrets: errors and events show "…" in place of their values.
// A path is shown as it is.
package httpcache

import (
	"fmt"
	"math"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/decode"
)

// URL declares an entry for a document, decoded once per load by T: []byte is the body
// as it is, not copied; a string the same as text; a type with UnmarshalText or
// UnmarshalJSON decodes itself; numbers, bool and time.Duration are parsed; everything
// else is JSON. The default client asks for gzip and decompresses it; a body that is
// compressed in another way is an error.
//
// The entry is named after the last part of the URL's path, in want of one after the
// host. Its max age is 60 s and its load timeout 3 s, unless options say otherwise.
// Entries of one URL with the same client, headers and size limit share loads.
//
// URL panics if the URL is not one, if it is not https (or http of this machine), if it
// has a user name, a password or a fragment, if nothing can be decoded into T (any), and
// on an option of another source.
func URL[T any](url string, opts ...lambdacache.Option) *lambdacache.Entry[T] {
	at := locate("URL", url)
	into, err := decode.To[T]()
	if err != nil {
		panic(fmt.Sprintf("lambdacache: httpcache.URL(%q): %v", at.key(), err))
	}
	return declare(at, func(body []byte) (T, error) { return into(decode.Bytes(body)) }, opts)
}

// URLFunc is [URL] with a decoder of your own. It must not change the body: entries of
// the same document share it. Of its error only the type is shown, because most decoders
// quote their input; return [lambdacache.Undecodable] to say more. A nil decoder panics.
func URLFunc[T any](url string, decode func(body []byte) (T, error), opts ...lambdacache.Option) *lambdacache.Entry[T] {
	at := locate("URLFunc", url)
	if decode == nil {
		panic(fmt.Sprintf("lambdacache: httpcache.URLFunc(%q): the decoder is nil: write httpcache.URL to decode by type", at.key()))
	}
	return declare(at, decode, opts)
}

func declare[T any](at location, decode func([]byte) (T, error), opts []lambdacache.Option) *lambdacache.Entry[T] {
	origin, rest := take(at.query, opts)
	return lambdacache.Declare(origin.Origin, at.key(), at.name(), decode, rest...)
}

// DefaultSizeLimit is the most bytes a document may have unless [SizeLimit] says
// otherwise: 1 MiB.
const DefaultSizeLimit = 1 << 20

var sizeLimit = lambdacache.NewOptionKind[int]("httpcache.SizeLimit")

// SizeLimit sets how many bytes a document may have, after decompression; 1 MiB by
// default. A larger one is an error: where its length is announced none of it is read,
// else no more than one byte past the limit. 0 and less panic.
func SizeLimit(bytes int) lambdacache.Option {
	if bytes <= 0 {
		panic(fmt.Sprintf("lambdacache: httpcache.SizeLimit(%d): a document needs room; leave the option out for 1 MiB", bytes))
	}
	return sizeLimit.With(min(bytes, math.MaxInt-1))
}
