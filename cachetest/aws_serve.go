package cachetest

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// call is one request as its service reads it, before anything is done about it.
type call struct {
	service   string // as in ARNs and IAM actions: "ssm"
	operation string // "GetParameters"; "" if it could not be told
	action    string // the IAM action it needs: "ssm:GetParameters", "s3:GetObject"
	keys      []string
	names     []string // keys[i] as the service stores it: no selector, no ARN of our own account
	resources []string // keys[i] as a denial names it; empty if the action takes no resource
	caller    string   // the ARN of who asks
	role      string   // the role's, if it is one's session

	// answer does the operation and writes its outcome. Nothing of the service's
	// data is looked at before.
	answer func(http.ResponseWriter) *apiError

	// refuse writes an error in the form of the service.
	refuse func(http.ResponseWriter, *apiError)
}

// apiError is an error answer of a service.
type apiError struct {
	status  int
	code    string
	message string
	fields  []string       // names and values of further elements in S3's answer
	members map[string]any // further members in AppConfig's
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

type callKey struct{}

// callOf is the call that r was read as; r is a request of the fake.
func callOf(r *http.Request) *call { return r.Context().Value(callKey{}).(*call) }

// serve is the road of every request: read, write down, meet the faults, be
// authorised, be answered.
func (a *AWS) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client left while sending
	}
	c := a.read(r, body)
	c.caller, c.role = a.STS.caller(r)
	entry := a.log.begin(c, r)
	ctx := r.Context() // done when the client closes the connection
	answer := &answerWriter{ResponseWriter: w, end: func(status int, failed bool) {
		a.log.end(entry, status, failed || ctx.Err() != nil)
	}}
	defer answer.finish()

	requestID(answer.Header(), c.service, entry.Started)
	r = r.WithContext(context.WithValue(ctx, callKey{}, c))
	a.faults.meet(entry.Request, http.HandlerFunc(a.answer)).ServeHTTP(answer, r)
}

// read finds the service of a request: those of the JSON protocol name their
// operation in a header, those of AppConfig are known by their path, STS takes a form,
// everything else is S3's.
func (a *AWS) read(r *http.Request, body []byte) *call {
	target := r.Header.Get("X-Amz-Target")
	switch service, operation, _ := strings.Cut(target, "."); {
	case target == "" && isAppConfig(r):
		return a.AppConfig.at(a.STS.place(r)).read(r, body)
	case target == "" && isQuery(r):
		return a.STS.read(body)
	case target == "":
		return a.S3.read(r, body)
	case service == "AmazonSSM":
		return a.SSM.at(a.STS.place(r)).read(operation, body)
	case service == "secretsmanager":
		return a.Secrets.at(a.STS.place(r)).read(operation, body)
	case service == "DynamoDB_20120810":
		return a.Dynamo.at(a.STS.place(r)).read(operation, body)
	default:
		return unknownJSON("", target)
	}
}

// answer is what happens to a request that no fault has kept away.
func (a *AWS) answer(w http.ResponseWriter, r *http.Request) {
	c := callOf(r)
	err := signed(r)
	if err == nil {
		err = a.STS.check(c, r)
	}
	if err == nil {
		err = a.policy.check(c)
	}
	if err == nil {
		err = c.answer(w)
	}
	if err != nil {
		c.refuse(w, err)
	}
}

func signed(r *http.Request) *apiError {
	if r.Header.Get("Authorization") != "" || r.URL.Query().Has("X-Amz-Signature") {
		return nil
	}
	return &apiError{status: 403, code: "MissingAuthenticationToken", message: "Missing Authentication Token"}
}
