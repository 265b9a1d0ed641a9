package awsconfig

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/testlab"
)

func TestHungServerIsTriedAgain(t *testing.T) {
	testlab.Patiently(t, 50*time.Millisecond, func(t *testing.T, limit time.Duration) (enough bool) {
		s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				hang(r)
				return
			}
			answerParameter(n, w, r)
		})
		h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()
		h.attempt = limit
		err := getParameter(mustBuild(t, h).plain)
		t.Log(err)
		return err == nil && s.requests.Load() == 2
	})
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
	testlab.Patiently(t, 100*time.Millisecond, streamedBodyStalls)
}

func streamedBodyStalls(t *testing.T, limit time.Duration) (enough bool) {
	s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		hang(r)
	})
	h := lambdaEnv(env{"AWS_ENDPOINT_URL": s.URL}).host()
	h.attempt = limit
	out, err := s3.NewFromConfig(mustBuild(t, h).streaming, func(o *s3.Options) { o.UsePathStyle = true }).
		GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	if err != nil {
		t.Log(err)
		return false
	}
	defer out.Body.Close()
	got, err := io.ReadAll(out.Body)
	if err == nil || err.Error() != "no more of the answer for "+limit.String() {
		t.Errorf("read %q, %v", got, err)
	}
	return string(got) == "part"
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

// Redirects that lead nowhere are followed three times, and what comes then is the answer.
func TestRedirectsThatLeadNowhere(t *testing.T) {
	s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	})
	req, err := http.NewRequest("PUT", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := mustBuild(t, lambdaEnv(nil).host()).plain.HTTPClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := s.requests.Load(); resp.StatusCode != http.StatusTemporaryRedirect || n != 4 {
		t.Errorf("status %d after %d requests", resp.StatusCode, n)
	}
}
