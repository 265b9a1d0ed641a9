package httpclient

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// transport answers in a synctest bubble, where there are no sockets.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// slowBody gives one byte after each wait.
type slowBody struct {
	ctx   context.Context
	waits []time.Duration
}

func (b *slowBody) Read(p []byte) (int, error) {
	if len(b.waits) == 0 {
		return 0, io.EOF
	}
	wait := b.waits[0]
	b.waits = b.waits[1:]
	select {
	case <-time.After(wait):
		p[0] = 'x'
		return 1, nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (b *slowBody) Close() error { return nil }

func TestLimits(t *testing.T) {
	const s, limit = time.Second, 1500 * time.Millisecond
	tests := []struct {
		name      string
		streaming bool
		headers   time.Duration // until they come
		waits     []time.Duration
		pause     time.Duration // the reader's own, before each read
		read      int
		err       string
		after     time.Duration
	}{
		{name: "at once", waits: []time.Duration{0, 0}, read: 2},
		{name: "just in time", headers: s, waits: []time.Duration{s / 4, s/4 - 1}, read: 2, after: limit - 1},
		{name: "no headers", headers: 2 * s, err: "no answer within 1.5s", after: limit},
		{name: "no body", headers: s, waits: []time.Duration{0, s}, read: 1, err: "no answer within 1.5s", after: limit},
		{name: "streaming, at once", streaming: true, waits: []time.Duration{0, 0}, read: 2},
		{name: "streaming, no headers", streaming: true, headers: 2 * s, err: "no answer within 1.5s", after: limit},
		{name: "streaming, long", streaming: true, headers: s, waits: []time.Duration{s, s, s, s}, read: 4, after: 5 * s},
		{name: "streaming, stalls", streaming: true, headers: s, waits: []time.Duration{s, 2 * s}, read: 1, err: "no more of the answer for 1.5s", after: 2*s + limit},
		{name: "streaming, slow reader", streaming: true, waits: []time.Duration{0, 0}, pause: time.Hour, read: 2, after: 3 * time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &Client{Limit: limit, Streaming: test.streaming, HTTP: &http.Client{
					Transport: transport(func(r *http.Request) (*http.Response, error) {
						select {
						case <-time.After(test.headers):
							return &http.Response{StatusCode: 200, Body: &slowBody{r.Context(), test.waits}}, nil
						case <-r.Context().Done():
							return nil, r.Context().Err()
						}
					}),
				}}
				start := time.Now()
				read, err := readSlowly(c, test.pause)
				if read != test.read || errorText(err) != test.err {
					t.Errorf("read %d bytes, error %q", read, errorText(err))
				}
				if took := time.Since(start); took != test.after {
					t.Errorf("took %v, want %v", took, test.after)
				}
			})
		})
	}
}

func readSlowly(c *Client, pause time.Duration) (read int, err error) {
	req, err := http.NewRequest("GET", "http://x/", nil)
	if err != nil {
		return 0, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for {
		<-time.After(pause)
		n, err := resp.Body.Read(make([]byte, 10))
		read += n
		if err == io.EOF {
			return read, nil
		}
		if err != nil {
			return read, err
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
