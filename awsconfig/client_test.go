package awsconfig

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache/internal/awsfault"
)

func TestHungServerIsTriedAgain(t *testing.T) {
	s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			hang(r)
			return
		}
		answerParameter(n, w, r)
	})
	h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL, "AWS_MAX_ATTEMPTS": "50"}).host()
	h.attempt = 50 * time.Millisecond
	if err := getParameter(mustBuild(t, h).plain); err != nil {
		t.Fatal(err)
	}
	if n := s.requests.Load(); n < 2 {
		t.Errorf("%d requests", n)
	}
}

func TestServerHungForGood(t *testing.T) {
	for _, part := range []string{"", `{"Parameter":`} { // before the headers, and in the body
		s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
			if part != "" {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, part)
				w.(http.Flusher).Flush()
			}
			hang(r)
		})
		h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()
		h.attempt = 20 * time.Millisecond
		err := awsfault.Classify(getParameter(mustBuild(t, h).plain), awsfault.Denial{})
		if want := "GetParameter: no answer within 20ms an attempt, 3 attempts"; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("taken for the caller's deadline")
		}
	}
}

func TestServerThatHangsUp(t *testing.T) {
	s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 1: // without a word
			hangUp(w)
		case 2: // in mid-sentence
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"Parameter":`)
		default:
			answerParameter(n, w, r)
		}
	})
	if err := getParameter(mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()).plain); err != nil {
		t.Error(err)
	}
	if n := s.requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestCallerLeaves(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := serve(t, func(_ int32, _ http.ResponseWriter, r *http.Request) {
		cancel()
		hang(r)
	})
	err := getParameterCtx(ctx, mustBuild(t, lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()).plain)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := s.requests.Load(); n != 1 {
		t.Errorf("%d requests for a caller who has left", n)
	}
}

func TestStreamedBodyStalls(t *testing.T) {
	s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		hang(r)
	})
	h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()
	h.attempt = 300 * time.Millisecond
	out, err := s3.NewFromConfig(mustBuild(t, h).streaming, func(o *s3.Options) { o.UsePathStyle = true }).
		GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	got, err := io.ReadAll(out.Body)
	if string(got) != "part" || err == nil || err.Error() != "no more of the answer for 300ms" {
		t.Errorf("read %q, %v", got, err)
	}
}

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
				c := &client{limit: limit, streaming: test.streaming, http: &http.Client{
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

func readSlowly(c *client, pause time.Duration) (read int, err error) {
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

func TestRedirects(t *testing.T) {
	elsewhere := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Security-Token") != "" {
			t.Error("the session token went to another host")
		}
		io.WriteString(w, r.Method)
	})
	for status, followed := range map[int]bool{301: false, 302: false, 307: true, 308: true} {
		s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1), status)
		})
		c := mustBuild(t, lambdaEnv(nil).host()).plain.HTTPClient
		req, err := http.NewRequest("PUT", s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Security-Token", "token")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if (string(got) == "PUT") != followed || (resp.StatusCode == status) == followed {
			t.Errorf("%d: status %d, body %q", status, resp.StatusCode, got)
		}
	}
}
