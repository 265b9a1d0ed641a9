package s3cache

import (
	"fmt"
	"sync"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsorigin"
)

// defaultStreams is how many streams a large object comes in unless an option says so.
const defaultStreams = 8

var streamsOption = lambdacache.NewOptionKind[int]("s3cache.Streams")

// Streams makes an entry load a large object, one of 16 MiB or more, over up to n
// connections at once; smaller ones come over one. The default is 8. With 1 every object
// comes over one, in one request: write that beside a [Client] that may have no more than
// one connection (MaxConnsPerHost), or a load waits a second for another in vain. Zero and
// below panic. Entries with the same number share loads.
func Streams(n int) lambdacache.Option {
	if n < 1 {
		panic(fmt.Sprintf("lambdacache: s3cache.Streams(%d): not a number of streams: write 1 to load in one, or leave the option out for %d", n, defaultStreams))
	}
	return streamsOption.With(n)
}

// Objects and files have origins of their own, because what they load is not the
// same. Both leave it to the client when to give up.
var (
	objectOrigins = origins[[]byte]{source: func(s service) lambdacache.Source[[]byte] { return objects{s} }}
	fileOrigins   = origins[*LocalFile]{source: func(s service) lambdacache.Source[*LocalFile] { return newFiles(s) }}
)

// origins are those of one kind, by their number of streams.
type origins[R any] struct {
	source func(service) lambdacache.Source[R]

	mu sync.Mutex
	of map[int]*awsorigin.Origins[R]
}

// take gives the origin that opts choose, and opts without those that do.
func (o *origins[R]) take(key string, opts []lambdacache.Option) (*lambdacache.Origin[R], []lambdacache.Option) {
	streams, given, opts := streamsOption.Take(opts)
	if !given {
		streams = defaultStreams
	}
	return o.with(streams).Take(key, opts)
}

func (o *origins[R]) with(streams int) *awsorigin.Origins[R] {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = make(map[int]*awsorigin.Origins[R])
	}
	if o.of[streams] == nil {
		o.of[streams] = awsorigin.NewOrigins(clients, "s3", func(name string, client awsorigin.Get) *lambdacache.Origin[R] {
			return lambdacache.NewOrigin(name, o.source(service{client, streams}), lambdacache.OriginLoadTimeout(0))
		})
	}
	return o.of[streams]
}
