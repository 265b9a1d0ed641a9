package testlab

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/lambda-cache/lambdacache/internal/awsrecover"
)

// Answers is a server that gives every request the answer that it is told to give, for
// fuzz tests. It is started when it is needed and runs on to the end of the process.
type Answers struct {
	start  sync.Once
	server *httptest.Server

	mu     sync.Mutex
	status int
	header http.Header
	body   []byte
}

// Config is that of a client of the server, which makes one attempt.
func (a *Answers) Config() aws.Config {
	a.start.Do(func() { a.server = httptest.NewServer(a) })
	return aws.Config{
		BaseEndpoint: &a.server.URL, Region: "us-east-1", HTTPClient: a.server.Client(),
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
		APIOptions: []func(*middleware.Stack) error{awsrecover.Answers}, // as awsconfig's
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
		}),
	}
}

// Say sets the answer; header may be nil.
func (a *Answers) Say(status int, header http.Header, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.header, a.body = status, header, body
}

// ServeHTTP gives the answer.
func (a *Answers) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}
