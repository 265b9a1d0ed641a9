package testlab

import (
	"bytes"
	"io"
	"net/http"
)

// Whole sends requests of the AWS SDK with a body that is in memory, if it is small. The
// SDK closes its own when there is an answer, and net/http breaks the connection off if it
// has not had its last look at the body by then.
type Whole struct {
	Client interface {
		Do(req *http.Request) (*http.Response, error)
	}
}

// small is what there may be twice.
const small = 1 << 20

// Do sends one.
func (w Whole) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.Body != http.NoBody && req.ContentLength <= small {
		body, err := io.ReadAll(req.Body)
		if closed := req.Body.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	return w.Client.Do(req)
}
