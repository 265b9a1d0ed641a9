package cachetest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/lambda-cache/lambdacache/cachetest"
)

func TestThrottle(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	fake.S3.Put("b", "k", nil)
	fake.Fail(cachetest.Fault{Times: 2, Do: cachetest.Throttle()})
	throttled := retry.IsErrorThrottles(retry.DefaultThrottles)

	c := ssmClient(t, fake)
	_, err := get(t.Context(), c, "/a")
	wantCode(t, err, "ThrottlingException")
	want(t, "seen as throttling", throttled.IsErrorThrottle(err), aws.TrueTernary)
	_, err = s3Client(t, fake).GetObject(t.Context(), object("b", "k"))
	wantCode(t, err, "SlowDown")
	wantStatus(t, err, 503)
	want(t, "seen as throttling", throttled.IsErrorThrottle(err), aws.TrueTernary)
	_, err = get(t.Context(), c, "/a")
	noError(t, err)
}

func TestErrorsOfAnyKind(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.Fail(cachetest.Fault{Operation: "GetParameter", Do: cachetest.Error(500, "InternalServerError", "oops")})
	fake.Fail(cachetest.Fault{Operation: "GetObject", Do: cachetest.Error(403, "ExpiredToken", "old")})
	fake.Fail(cachetest.Fault{Operation: "BatchGetSecretValue", Do: cachetest.Denied()})
	fake.Fail(cachetest.Fault{Operation: "GetSecretValue", Do: cachetest.Denied()})
	_, err := get(t.Context(), ssmClient(t, fake), "/a")
	wantCode(t, err, "InternalServerError")
	wantMessage(t, err, "oops")
	wantStatus(t, err, 500)
	_, err = s3Client(t, fake).GetObject(t.Context(), object("b", "k"))
	wantCode(t, err, "ExpiredToken")
	c := secretsClient(t, fake)
	_, err = c.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"a"}})
	if wantCode(t, err, "AccessDeniedException"); strings.Contains(err.Error(), "on resource") {
		t.Errorf("a batch takes no resource: %v", err)
	}
	_, err = c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("a")})
	if !strings.Contains(err.Error(), "on resource: a ") {
		t.Errorf("no resource: %v", err)
	}
}

func TestFaultsMatch(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	fake.SSM.Put("/b", "2")
	remove := fake.Fail(cachetest.Fault{Operation: "GetParameter", Key: "/a", After: 1, Times: 2, Do: cachetest.Throttle()})
	c := ssmClient(t, fake)
	codes := func(names ...string) string {
		var got []string
		for _, name := range names {
			_, err := get(t.Context(), c, name)
			got = append(got, code(err))
		}
		return strings.Join(got, ",")
	}
	want(t, "after 1, times 2", codes("/a", "/b", "/a:1", "/a", "/a"), ",,ThrottlingException,ThrottlingException,")
	remove()
	fake.Fail(cachetest.Fault{
		Match: func(q cachetest.Request) bool { return q.Keys[0] == "/b" },
		Do:    cachetest.Throttle(),
	})
	want(t, "by a condition", codes("/a", "/b"), ",ThrottlingException")
	fake.Heal()
	want(t, "healed", codes("/a", "/b"), ",")

	removed := fake.Fail(cachetest.Fault{Do: cachetest.Throttle()})
	removed()
	removed()
	want(t, "removed", codes("/a"), "")
}

// A fault uses one of its times only for a request that got to it.
func TestFaultsQueue(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	fake.Fail(cachetest.Fault{Do: cachetest.Delay(time.Nanosecond)})
	fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.Throttle()})
	fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.Chain(cachetest.Delay(0), cachetest.Denied())})
	c := ssmClient(t, fake)
	for _, expected := range []string{"ThrottlingException", "AccessDeniedException", ""} {
		_, err := get(t.Context(), c, "/a")
		wantCode(t, err, expected)
	}
}

func TestOwnEffect(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	fake.Fail(cachetest.Fault{Operation: "GetParameter", Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Mine", "yes")
			fake.SSM.Put("/a", "2") // as the request arrives
			next.ServeHTTP(w, r)
		})
	}})
	got, err := get(t.Context(), ssmClient(t, fake), "/a")
	noError(t, err)
	want(t, "value", got, "2")
}

func TestLatencyEndsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.Put("/a", "1")
	c := ssmClient(t, fake)
	fake.Latency(time.Millisecond)
	_, err := get(t.Context(), c, "/a")
	noError(t, err)
	fake.Latency(time.Hour)
	for _, name := range []string{"latency", "hang"} {
		if name == "hang" {
			fake.Latency(0)
			fake.Fail(cachetest.Fault{Do: cachetest.Hang()})
		}
		ctx, cancel := context.WithCancel(t.Context())
		before := fake.Calls("GetParameter")
		go func() {
			fake.WaitCalls("GetParameter", before+1)
			cancel()
		}()
		_, err := get(ctx, c, "/a")
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", name, err)
		}
		fake.WaitIdle()
		last := fake.Requests()[len(fake.Requests())-1]
		want(t, name+": the client left", last.Left, true)
		want(t, name+": status", last.Status, 0)
	}
}

func TestDroppedAndResetConnections(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]cachetest.AWSOption{nil, {cachetest.TLS()}} {
		fake := start(t, opts...)
		fake.SSM.Put("/a", "1")
		c := ssmClient(t, fake)
		fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.DropConnection()})
		_, err := get(t.Context(), c, "/a")
		if !errors.Is(err, io.EOF) {
			t.Errorf("dropped: %v", err)
		}
		want(t, "status of a dropped request", fake.Requests()[0].Status, 0)
		want(t, "left by the client", fake.Requests()[0].Left, false)
		fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.ResetConnection()})
		_, err = get(t.Context(), c, "/a")
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("reset: %v", err)
		}
		got, err := get(t.Context(), c, "/a")
		noError(t, err)
		want(t, "value", got, "1")
		want(t, "connections", fake.Connections(), 3)
	}
}

func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.PutSecure("/a", "hunter2")
	fake.S3.Put("b", "k", bytes.Repeat([]byte("x"), 100_000))
	params, objects := ssmClient(t, fake), s3Client(t, fake)

	fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.Malformed()})
	if _, err := get(t.Context(), params, "/a"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("malformed: %v", err)
	}
	for _, n := range []int{0, 10} {
		fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.TruncateBody(n)})
		if _, err := get(t.Context(), params, "/a"); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("JSON cut at %d: %v", n, err)
		}
	}
	fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.TruncateBody(70_000)})
	got, err := read(objects.GetObject(t.Context(), object("b", "k")))
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 70_000 {
		t.Errorf("object cut: %d bytes, %v", len(got), err)
	}
	fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.TruncateBody(100_000)})
	got, err = read(objects.GetObject(t.Context(), object("b", "k")))
	noError(t, err)
	want(t, "object cut at its end", len(got), 100_000)
	fake.Fail(cachetest.Fault{Times: 1, Do: cachetest.CorruptBody(99_999)})
	got, err = read(objects.GetObject(t.Context(), object("b", "k")))
	if err == nil || len(got) != 100_000 {
		t.Errorf("object corrupted: %d bytes, %v", len(got), err)
	}
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.S3.Put("b", "k", []byte("0123456789"))
	ticks := make(chan struct{})
	fake.Fail(cachetest.Fault{Operation: "GetObject", Times: 1, Do: cachetest.SlowBody(3, ticks)})
	c := s3Client(t, fake)
	out, err := c.GetObject(t.Context(), object("b", "k"))
	noError(t, err) // the header is there before any byte
	buf := make([]byte, 3)
	for _, expected := range []string{"012", "345"} {
		ticks <- struct{}{}
		_, err := io.ReadFull(out.Body, buf)
		noError(t, err)
		want(t, "bytes of a tick", string(buf), expected)
	}
	close(ticks)
	rest, err := read(out, nil)
	noError(t, err)
	want(t, "the rest", rest, "6789")

	fake.Fail(cachetest.Fault{Operation: "GetObject", Times: 1, Do: cachetest.SlowBody(1, nil)}) // for ever
	ctx, cancel := context.WithCancel(t.Context())
	out, err = c.GetObject(ctx, object("b", "k"))
	noError(t, err)
	cancel()
	if _, err := read(out, nil); err == nil {
		t.Error("a body without an end was read")
	}
	fake.WaitIdle()
	want(t, "the client left", fake.Requests()[1].Left, true)

	fake.S3.Put("b", "big", make([]byte, 16<<20)) // more than sockets buffer
	out, err = c.GetObject(t.Context(), object("b", "big"))
	noError(t, err)
	noError(t, out.Body.Close())
	fake.WaitIdle()
	want(t, "the client left a body unread", fake.Requests()[2].Left, true)
}

// dialed is a connection of the test's own, to see what becomes of it.
func dialed(t *testing.T, fake *cachetest.AWS) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(fake.URL(), "http://"))
	noError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func getParameter(fake *cachetest.AWS, name string) *http.Request {
	r, err := http.NewRequest("POST", fake.URL(), strings.NewReader(`{"Name":"`+name+`"}`))
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-Amz-Target", "AmazonSSM.GetParameter")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/us-east-1/d/aws4_request, Signature=x")
	return r
}

func roundTrip(t *testing.T, conn net.Conn, r *http.Request) (status int, body string) {
	t.Helper()
	noError(t, r.Write(conn))
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	noError(t, err)
	defer func() { noError(t, resp.Body.Close()) }()
	b, err := io.ReadAll(resp.Body)
	noError(t, err)
	return resp.StatusCode, string(b)
}
