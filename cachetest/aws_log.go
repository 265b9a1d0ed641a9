package cachetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is what the fake remembers of a request. It holds no body: those of
// writing operations hold values.
type Request struct {
	Service    string      // "ssm", "secretsmanager", "s3", "appconfig", "dynamodb", "sts"
	Operation  string      // "GetParameters", "GetObject"; what was asked for if the fake does not have it
	Keys       []string    // what it asked for, as it asked: names with selectors, ARNs, bucket/key, application/environment/profile
	Header     http.Header // without the signature and the session token
	Region     string      // the Region it was signed for
	AccessKey  string      // the access key id it was signed with
	Role       string      // the ARN of the role whose session that key is of, "" for the caller's own
	Connection int         // the connection it came on: 1 for the first since the start

	// Started and Ended are moments: numbers that count up with each start and each
	// end of a request. A request with Ended below another's Started was over before
	// the other began. Ended is 0 while the request is in progress. A client that has
	// a whole answer finds its request ended.
	Started, Ended int

	Status int  // the HTTP status of the answer, 0 while there is none
	Left   bool // the client closed the connection before it had the answer

	names []string
}

// is reports whether the request is one of operation for key, "" for any.
func (r *Request) is(operation, key string) bool {
	return (operation == "" || r.Operation == operation) &&
		(key == "" || slices.Contains(r.names, key) || slices.Contains(r.Keys, key))
}

// logged is a Request while the fake still writes to it.
type logged struct{ Request }

// requestLog writes requests down.
type requestLog struct {
	mu       sync.Mutex
	changed  *sync.Cond // at each start and end of a request
	moment   int
	running  int
	most     int // the high-water mark of running
	requests []*logged
}

func (l *requestLog) init() { l.changed = sync.NewCond(&l.mu) }

func (l *requestLog) begin(c *call, r *http.Request) *logged {
	q := &logged{Request{
		Service:   c.service,
		Operation: c.operation,
		Keys:      c.keys,
		names:     c.names,
		Role:      c.role,
		Header:    r.Header.Clone(),
	}}
	q.AccessKey, q.Region = credential(r)
	q.Header.Del("Authorization")
	q.Header.Del("X-Amz-Security-Token")
	if conn := connectionOf(r.Context()); conn != nil {
		q.Connection = conn.number
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moment++
	q.Started = l.moment
	l.running++
	l.most = max(l.most, l.running)
	l.requests = append(l.requests, q)
	l.changed.Broadcast()
	return q
}

func (l *requestLog) end(q *logged, status int, left bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moment++
	q.Ended = l.moment
	q.Status = status
	q.Left = left
	l.running--
	l.changed.Broadcast()
}

// credential reads "Credential=<access key>/<date>/<region>/<service>/aws4_request"
// of a signature.
func credential(r *http.Request) (accessKey, region string) {
	_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	scope, _, _ := strings.Cut(after, ",")
	parts := strings.Split(scope, "/")
	if len(parts) != 5 {
		return "", ""
	}
	return parts[0], parts[2]
}

// Requests is every request since the start or the last [AWS.ResetCounts], in the
// order of their starts.
func (a *AWS) Requests() []Request {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	out := make([]Request, len(a.log.requests))
	for i, q := range a.log.requests {
		out[i] = q.Request
	}
	return out
}

// Calls is how many requests for an operation have come, failed ones and retries
// included; "" counts them all.
func (a *AWS) Calls(operation string) int { return a.CallsFor(operation, "") }

// CallsFor is how many requests for an operation ("" for any) named a key: a
// parameter's name, a secret's name, bucket/key. Requests that named it by its ARN
// or with a selector count. The key may also be written exactly as a request has
// it: "/app/key:3" counts only that.
func (a *AWS) CallsFor(operation, key string) int {
	a.known(operation)
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	return a.log.count(operation, key)
}

// count counts requests. l.mu is held.
func (l *requestLog) count(operation, key string) int {
	n := 0
	for _, q := range l.requests {
		if q.is(operation, key) {
			n++
		}
	}
	return n
}

// MaxConcurrent is the most requests that were in progress at one moment since the
// start or the last [AWS.ResetCounts].
func (a *AWS) MaxConcurrent() int {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	return a.log.most
}

// ResetCounts forgets the requests and the connections seen so far. Requests in
// progress still count as concurrent; the numbers of moments and connections count
// on.
func (a *AWS) ResetCounts() {
	a.log.mu.Lock()
	a.log.requests = nil
	a.log.most = a.log.running
	a.log.mu.Unlock()
	a.conns.mu.Lock()
	a.conns.count = 0
	a.conns.mu.Unlock()
}

// WaitCalls returns when at least n requests for an operation have come, answered
// or not. It panics after half a minute, saying how many have.
func (a *AWS) WaitCalls(operation string, n int) {
	a.known(operation)
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	waitUntil(a.log.changed, func() bool { return a.log.count(operation, "") >= n }, func() string {
		return fmt.Sprintf("%d requests for %s have come, not %d", a.log.count(operation, ""), operation, n)
	})
}

// WaitIdle returns when no request is in progress: after a client has left, when
// the fake has noticed. It panics after half a minute, saying what it waits for.
func (a *AWS) WaitIdle() {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	waitUntil(a.log.changed, func() bool { return a.log.running == 0 }, func() string {
		return fmt.Sprintf("%d requests are still in progress", a.log.running)
	})
}

// patience is how long the waiting methods wait: long enough for any machine, and
// shorter than the timeout of go test, whose report names no cause.
const patience = 30 * time.Second

// waitUntil waits on c, whose lock is held, until ok. It panics when patience ends.
func waitUntil(c *sync.Cond, ok func() bool, state func() string) {
	late := false
	timer := time.AfterFunc(patience, func() {
		c.L.Lock()
		defer c.L.Unlock()
		late = true
		c.Broadcast()
	})
	defer timer.Stop()
	for !ok() {
		if late {
			panic("cachetest: waited " + patience.String() + ": " + state())
		}
		c.Wait()
	}
}
