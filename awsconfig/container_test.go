package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/lambda-cache/lambdacache/internal/awskeys"
	"github.com/lambda-cache/lambdacache/internal/clock"
)

// fakeContainer is a container whose endpoint is a function.
type fakeContainer struct {
	*container
	requests atomic.Int32
}

func newFakeContainer(t *testing.T, answer func(n int32, r *http.Request) (*http.Response, error)) *fakeContainer {
	t.Helper()
	provider, err := env{}.host().container(&settings{}, "VARIABLE", "http://localhost/creds")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeContainer{container: provider.(*container)}
	f.endpoint.client.HTTP = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		return answer(f.requests.Add(1), r)
	})}
	return f
}

func (f *fakeContainer) retrieve(ctx context.Context) (string, error) {
	creds, err := f.Retrieve(ctx)
	return creds.AccessKeyID, err
}

// expect checks a retrieval and how many requests there were until then.
func (f *fakeContainer) expect(t *testing.T, what, key string, requests int32) {
	t.Helper()
	got, err := f.retrieve(context.Background())
	if got != key || (err != nil) != (key == "") {
		t.Errorf("%s: got %q, %v", what, got, err)
	}
	if n := f.requests.Load(); n != requests {
		t.Errorf("%s: %d requests, want %d", what, n, requests)
	}
}

// numberedKey is a key, by the number of the request, that ends in an hour.
func numberedKey(n int32) *http.Response {
	end := time.Unix(0, clock.Now().Wall).Add(time.Hour).UTC().Format(time.RFC3339Nano)
	return respond(200, fmt.Sprintf(`{"AccessKeyId":"K%d","SecretAccessKey":"S","Expiration":%q}`, n, end))
}

type outcome struct {
	key string
	err error
}

func TestOneRetrievalForAll(t *testing.T) {
	for name, test := range map[string]struct {
		answer func() *http.Response
		key    string
		err    string
	}{
		"credentials": {func() *http.Response { return numberedKey(1) }, "K1", ""},
		"refusal": {
			func() *http.Response { return respond(403, `{"Code":"AccessDenied"}`) }, "",
			"operation error VARIABLE: GetCredentials, http response error StatusCode: 403, api error AccessDenied: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				f := newFakeContainer(t, func(int32, *http.Request) (*http.Response, error) {
					<-release
					return test.answer(), nil
				})
				outcomes := make(chan outcome, 16)
				for range cap(outcomes) {
					go func() {
						key, err := f.retrieve(context.Background())
						outcomes <- outcome{key, err}
					}()
				}
				synctest.Wait()
				close(release)
				for range cap(outcomes) {
					if o := <-outcomes; o.key != test.key || errorText(o.err) != test.err {
						t.Errorf("got %q, %v", o.key, o.err)
					}
				}
				if n := f.requests.Load(); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

// Promise 7: whoever leaves takes along what was started for them, and nobody waits
// longer than their own context allows.
func TestCallersOfARetrievalLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		f := newFakeContainer(t, func(n int32, r *http.Request) (*http.Response, error) {
			select {
			case <-release:
				return numberedKey(n), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		start := func() (chan outcome, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan outcome, 1)
			go func() {
				key, err := f.retrieve(ctx)
				done <- outcome{key, err}
			}()
			synctest.Wait()
			return done, cancel
		}
		asks, leaveAsker := start()
		waits, leaveWaiter := start()
		stays, leave := start()
		defer leave()

		leaveWaiter()
		if o := <-waits; !errors.Is(o.err, context.Canceled) {
			t.Errorf("who waited: %v", o.err)
		}
		if n := f.requests.Load(); n != 1 {
			t.Errorf("%d requests after a waiter left", n)
		}

		leaveAsker()
		o := <-asks
		if op, ok := errors.AsType[*smithy.OperationError](o.err); !ok || op.ServiceID != "VARIABLE" || !errors.Is(o.err, context.Canceled) {
			t.Errorf("who asked: %v", o.err)
		}
		synctest.Wait()
		if n := f.requests.Load(); n != 2 {
			t.Errorf("%d requests: who still waits did not take over", n)
		}
		close(release)
		if o := <-stays; o.key != "K2" || o.err != nil {
			t.Errorf("who stayed: %q, %v", o.key, o.err)
		}
	})
}

func TestCallerLeavesBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeContainer(t, func(int32, *http.Request) (*http.Response, error) { return respond(500, ""), nil })
		f.endpoint.backoff = backoff{base: time.Hour, ceiling: time.Hour}
		ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
		defer cancel()
		start := time.Now()
		if _, err := f.retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(start); took > time.Nanosecond {
			t.Errorf("left after %v", took)
		}
	})
}

// A frozen environment: each clock alone is reason enough.
func TestCredentialsAgeOnAllClocks(t *testing.T) {
	for name, move := range map[string]func(*clocks){
		"wall, the other frozen":      func(c *clocks) { c.wall.Add(int64(time.Hour - awskeys.ExpiryWindow + 1)) },
		"monotonic, the other frozen": func(c *clocks) { c.mono.Add(int64(time.Hour - awskeys.ExpiryWindow + 1)) },
		"wall stepped back":           func(c *clocks) { c.wall.Add(-int64(2 * time.Second)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := replaceClock(t)
			f := newFakeContainer(t, func(n int32, _ *http.Request) (*http.Response, error) { return numberedKey(n), nil })
			f.expect(t, "first", "K1", 1)
			c.forward(time.Second)
			f.expect(t, "a second later", "K1", 1)
			c.forward(-time.Second)
			move(c)
			f.expect(t, "due", "K2", 2)
		})
	}
}

func TestCredentialsWithoutEnd(t *testing.T) {
	c := replaceClock(t)
	f := newFakeContainer(t, func(int32, *http.Request) (*http.Response, error) { return respond(200, keysJSON), nil })
	f.expect(t, "first", "K", 1)
	c.forward(100 * 365 * 24 * time.Hour)
	f.expect(t, "a century later", "K", 1)
	creds, err := f.Retrieve(context.Background())
	if err != nil || creds.CanExpire || creds.SessionToken != "T" {
		t.Errorf("%v, can expire: %v", err, creds.CanExpire)
	}
}

// Credentials that cannot be renewed are used to their end, and the endpoint is not
// asked by every call meanwhile.
func TestCredentialsOutliveTheirEndpoint(t *testing.T) {
	c := replaceClock(t)
	down := false
	f := newFakeContainer(t, func(n int32, _ *http.Request) (*http.Response, error) {
		if down {
			return respond(500, ""), nil
		}
		return numberedKey(n), nil
	})
	f.expect(t, "first", "K1", 1)
	down = true
	c.forward(time.Hour - awskeys.ExpiryWindow + time.Second)
	f.expect(t, "due", "K1", 2) // one attempt
	c.forward(awskeys.RenewalPause)
	f.expect(t, "in the pause", "K1", 2)
	c.forward(1)
	f.expect(t, "after the pause", "K1", 3)
	c.forward(awskeys.ExpiryWindow - awskeys.RenewalPause - time.Second)
	f.expect(t, "ended", "", 6) // three attempts
	down = false
	f.expect(t, "up again", "K7", 7)
}

func TestRenewalKeepsNobodyWaiting(t *testing.T) {
	c := replaceClock(t)
	asked, release := make(chan struct{}), make(chan struct{})
	f := newFakeContainer(t, func(n int32, _ *http.Request) (*http.Response, error) {
		if n == 2 {
			close(asked)
			<-release
		}
		return numberedKey(n), nil
	})
	f.expect(t, "first", "K1", 1)
	c.forward(time.Hour - awskeys.ExpiryWindow + time.Second)
	renewed := make(chan string)
	go func() {
		key, _ := f.retrieve(context.Background())
		renewed <- key
	}()
	<-asked
	f.expect(t, "during the renewal", "K1", 2)
	close(release)
	if key := <-renewed; key != "K2" {
		t.Errorf("who renewed got %q", key)
	}
	f.expect(t, "after it", "K2", 2)
}

func TestCredentialsDoNotPrint(t *testing.T) {
	f := newFakeContainer(t, func(int32, *http.Request) (*http.Response, error) {
		return respond(200, `{"AccessKeyId":"hunter1","SecretAccessKey":"hunter2","Token":"hunter3"}`), nil
	})
	f.expect(t, "first", "hunter1", 1)
	fixed, err := env{"AWS_ACCESS_KEY_ID": "hunter1", "AWS_SECRET_ACCESS_KEY": "hunter2"}.host().credentials(&settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range []aws.CredentialsProvider{f.container, fixed} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			for _, x := range []any{provider, aws.Config{Credentials: provider}} {
				if text := fmt.Sprintf(verb, x); strings.Contains(text, "hunter") || strings.Contains(text, "68756e746572") {
					t.Errorf("%s of %T: %s", verb, x, text)
				}
			}
		}
	}
}

// The SDK's letters for where credentials are from: AWS counts them.
func TestUserAgentTellsTheSource(t *testing.T) {
	s := serve(t, func(_ int32, w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, keysJSON) })
	for letter, e := range map[string]env{
		"g": lambdaEnv(nil),
		"z": containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL}),
	} {
		cfg := mustBuild(t, e.host()).plain
		r := &recorder{}
		cfg.HTTPClient = r
		if err := getParameter(cfg); err != nil {
			t.Fatal(err)
		}
		_, features, _ := strings.Cut(r.header("User-Agent"), " m/")
		if !strings.Contains(features, letter) {
			t.Errorf("no %s in %q", letter, r.header("User-Agent"))
		}
	}
}
