package errorsdoc_test

import (
	"context"
	"net/http"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
)

func busy() []loading {
	return []loading{
		{
			heading: "A service that is asked too often",
			declare: parameter[string]("/throttled/app/key"),
			good:    puts("/throttled/app/key", goodValue),
			bad:     fails(cachetest.Throttle()),
			code:    "ThrottlingException",
		},
		{
			heading: "A service that is out of order",
			declare: parameter[string]("/broken/app/key"),
			good:    puts("/broken/app/key", goodValue),
			bad:     fails(cachetest.Error(500, "InternalServerError", "An error occurred on the server side.")),
			code:    "InternalServerError",
		},
		{
			heading: "A connection that breaks",
			declare: parameter[string]("/dropped/app/key"),
			good:    puts("/dropped/app/key", goodValue),
			bad:     fails(cachetest.DropConnection()),
		},
		{
			heading: "Something that answers, and not in HTTP",
			declare: parameter[string]("/foreign/app/key"),
			good:    puts("/foreign/app/key", goodValue),
			bad:     fails(notHTTP),
			values:  []string{badValue},
		},
	}
}

// notHTTP answers with a value where HTTP begins with its version, as after an answer that
// was longer than it said.
func notHTTP(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		_, _ = conn.Write([]byte(badValue + " " + badValue + "\r\n\r\n"))
	})
}

// ending is the context of an invocation that says when it ends and, so that a busy
// machine cannot make it come first, does not.
type ending struct {
	context.Context
	at time.Time
}

func (c ending) Deadline() (time.Time, bool) { return c.at, true }

func slow() []loading {
	const soon = 50 * time.Millisecond
	return []loading{
		{
			heading: "No answer within the time of a load",
			declare: parameter[string]("/slow/app/key", lambdacache.LoadTimeout(time.Second)),
			good:    puts("/slow/app/key", goodValue),
			bad:     fails(cachetest.Hang()),
		},
		{
			heading: "A caller who stops waiting",
			declare: parameter[string]("/left/app/key"),
			good:    puts("/left/app/key", goodValue),
			bad:     func(*cachetest.AWS) {},
			ask: func(ctx context.Context, aws *cachetest.AWS, p probe) error {
				gate := aws.Hold("GetParameters")
				ctx, cancel := context.WithCancel(ctx)
				go func() {
					gate.Wait(1)
					cancel()
				}()
				return p.get(ctx)
			},
		},
		{
			heading: "An invocation whose time is up",
			declare: parameter[string]("/late/app/key"),
			good:    puts("/late/app/key", goodValue),
			bad:     fails(cachetest.Hang()),
			ask: func(ctx context.Context, _ *cachetest.AWS, p probe) error {
				h := lambdacache.Wrap(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }, p.entry)
				_, err := h(ending{ctx, time.Now().Add(soon)}, struct{}{})
				return err
			},
		},
	}
}
