package awsfault

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

func TestResponseBreaksOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"Parameters":[{"Value":"hunter2`)
	}))
	defer server.Close()
	err := Classify(getParameters(config(server.URL, 1)), parameterDenial)
	if err == nil || err.Error() != "GetParameters: unexpected EOF" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	holdsNoResponse(t, err)
}

func TestContextEndsWhileReading(t *testing.T) {
	reading := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"Parameters":[{"Value":"hunter2`)
		w.(http.Flusher).Flush()
		close(reading)
		hang(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-reading; cancel() }()
	_, raw := ssm.NewFromConfig(config(server.URL, 3)).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/a"}})
	err := Classify(raw, parameterDenial)
	if err == nil || err.Error() != "GetParameters: given up: context canceled" || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	holdsNoResponse(t, err)
}

func TestDeadline(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(hang))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, raw := ssm.NewFromConfig(config(server.URL, 3)).GetParameters(ctx, &ssm.GetParametersInput{Names: []string{"/a"}})
	err := Classify(raw, parameterDenial)
	if err == nil || err.Error() != "GetParameters: given up: context deadline exceeded" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	err := Classify(getParameters(config(server.URL, 2)), parameterDenial)
	want := "GetParameters: no answer from " + host + ": dial tcp " + host + ": connect: connection refused, 2 attempts"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if CanSplit(err) {
		t.Error("a network that refuses everybody is no key's fault")
	}
}

// slow is a client that ends each attempt by itself.
type slow struct{}

func (slow) Do(*http.Request) (*http.Response, error) { return nil, slow{} }
func (slow) Error() string                            { return "no answer within 1.5s" }
func (slow) Timeout() bool                            { return true }

func TestAttemptTimeout(t *testing.T) {
	cfg := config("http://localhost", 3)
	cfg.HTTPClient = slow{}
	err := Classify(getParameters(cfg), parameterDenial)
	if want := "GetParameters: no answer within 1.5s an attempt, 3 attempts"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Error("taken for the caller's deadline")
	}
}

func TestTimeoutOfUsersHTTPClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(hang))
	defer server.Close()
	cfg := config(server.URL, 2)
	cfg.HTTPClient = &http.Client{Timeout: 10 * time.Millisecond}
	err := Classify(getParameters(cfg), parameterDenial)
	if err == nil || !strings.HasSuffix(err.Error(), ", 2 attempts") || strings.Contains(err.Error(), "given up") {
		t.Errorf("%v", err)
	}
}

// The refusal of a role must not be taken for the refusal of what it was wanted for.
