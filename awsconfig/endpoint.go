package awsconfig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/lambda-cache/lambdacache/internal/awskeys"
	"github.com/lambda-cache/lambdacache/internal/clock"
	"github.com/lambda-cache/lambdacache/internal/httpclient"
)

// endpoint gives out credentials over HTTP. The SDK has a client for it that is made
// like those of services and adds 60 KB to every function.
type endpoint struct {
	variable string // which names the endpoint
	url      *url.URL
	getenv   func(string) string
	client   *httpclient.Client
	attempts int
	backoff  backoff
}

// ask makes up to the given number of attempts.
func (e *endpoint) ask(ctx context.Context, attempts int) (*awskeys.Grant, error) {
	token, err := e.token()
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		g, err := e.attempt(ctx, token)
		switch {
		case err == nil:
			return g, nil
		case ctx.Err() != nil:
			return nil, &aws.RequestCanceledError{Err: ctx.Err()}
		case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) != aws.TrueTernary:
			return nil, err
		case attempt >= attempts:
			return nil, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
		}
		delay, _ := e.backoff.BackoffDelay(attempt, err) // it never fails
		select {
		case <-time.After(delay):
		case <-ctx.Done(): // the next attempt says so
		}
	}
}

// token reads the token's file anew each time: it changes while the environment
// lives.
func (e *endpoint) token() (string, error) {
	name := "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	token := e.getenv(name)
	if file := e.getenv(name + "_FILE"); file != "" {
		name += "_FILE"
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		token = strings.TrimSpace(string(content))
	}
	if strings.ContainsAny(token, "\r\n") {
		return "", errors.New(name + " holds more than one line")
	}
	return token, nil
}

func (e *endpoint) attempt(ctx context.Context, token string) (*awskeys.Grant, error) {
	req := &http.Request{Method: http.MethodGet, URL: e.url, Header: http.Header{"Accept": {"application/json"}}}
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	asked := clock.Now()
	resp, err := e.client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, &smithyhttp.RequestSendError{Err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	var a answer
	err = json.Unmarshal(text, &a)
	switch {
	case resp.StatusCode/100 != 2:
		return nil, refused(resp, text, &a)
	case err != nil:
		return nil, errors.New("the answer is not the JSON of credentials") // err would quote it
	case a.AccessKeyID == "" || a.SecretAccessKey == "":
		return nil, errors.New("the answer holds no keys")
	}
	return awskeys.NewGrant(aws.Credentials{
		AccessKeyID:     a.AccessKeyID,
		SecretAccessKey: a.SecretAccessKey,
		SessionToken:    a.Token,
		AccountID:       a.AccountID,
		CanExpire:       !a.Expiration.IsZero(),
		Expires:         a.Expiration,
		Source:          "container",
	}, asked), nil
}

// answer is what endpoints send. Its names match in any case.
type answer struct {
	AccessKeyID, SecretAccessKey, Token, AccountID string
	Expiration                                     time.Time
	Code, Message                                  string
}

// refused is the error of an answer without credentials. Its text is from JSON or
// plain text, and from nothing else. Endpoints are known to answer 429 without a code,
// by which the SDK would know it.
func refused(resp *http.Response, text []byte, a *answer) error {
	if a.Code == "" && resp.StatusCode == http.StatusTooManyRequests {
		a.Code = "TooManyRequestsException"
	}
	if a.Message == "" && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		a.Message = strings.TrimSpace(string(text))
	}
	if a.Code == "" && a.Message == "" {
		a.Message = "HTTP status " + resp.Status
	}
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: resp},
		Err:      &smithy.GenericAPIError{Code: a.Code, Message: a.Message},
	}
}

// endpointClient keeps no connection, hours lie between two requests, and sends the
// authorization token in the clear only to the container's own hosts, never to a
// proxy.
func (h *host) endpointClient(scheme string) *httpclient.Client {
	pool, client := newPool(h, nil)
	transport := client.Transport.(*http.Transport)
	transport.DisableKeepAlives = true
	if scheme == "http" {
		transport.Proxy = nil
		pool.Dialer.Control = containerHostsOnly
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &httpclient.Client{HTTP: client, Limit: h.attempt}
}

// containerHostsOnly checks the address that is really connected to, whatever a name
// resolved to before.
func containerHostsOnly(_, address string, _ syscall.RawConn) error {
	name, _, _ := net.SplitHostPort(address)
	ip := net.ParseIP(name)
	if ip.IsLoopback() {
		return nil
	}
	switch ip.String() {
	case "169.254.170.2", "169.254.170.23", "fd00:ec2::23": // ECS and Lambda; EKS; EKS over IPv6
		return nil
	}
	return &foreignHostError{address}
}

// foreignHostError refuses to send the token.
type foreignHostError struct{ address string }

func (e *foreignHostError) Error() string {
	return e.address + " is no host for credentials over http: use https, or a loopback, ECS or EKS address"
}

// RetryableError keeps us from trying again.
func (e *foreignHostError) RetryableError() bool { return false }
