package cachetest

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// stsOperations are what the fake's STS has.
var stsOperations = []string{"AssumeRole"}

// isQuery reports whether a request is of the query protocol, which only STS speaks
// here: a form, while whatever is written to S3 has another type.
func isQuery(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" &&
		(r.URL.Path == "/" || r.URL.Path == "")
}

func (s *STS) read(body []byte) *call {
	form, err := url.ParseQuery(string(body))
	c := &call{service: "sts", operation: form.Get("Action"), refuse: refuseQuery}
	switch {
	case err != nil:
		return c.failing(badRequest("MalformedQueryString", "the body is not a form"))
	case c.operation != stsOperations[0]:
		return c.failing(&apiError{status: 400, code: "InvalidAction", message: "the fake AWS of cachetest has no operation " + c.operation})
	}
	role := form.Get("RoleArn")
	c.action = "sts:AssumeRole"
	c.keys, c.names, c.resources = []string{role}, []string{role}, []string{role}
	c.answer = func(w http.ResponseWriter) *apiError {
		out, err := s.assumeRole(c, form)
		if err != nil {
			return err
		}
		out.ResponseMetadata.RequestID = w.Header().Get("X-Amzn-Requestid")
		writeQuery(w, http.StatusOK, out)
		return nil
	}
	return c
}

type assumeRoleOutput struct {
	XMLName          xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
	AssumeRoleResult struct {
		Credentials struct {
			AccessKeyID     string `xml:"AccessKeyId"`
			SecretAccessKey string
			SessionToken    string
			Expiration      string
		}
		AssumedRoleUser struct {
			AssumedRoleID string `xml:"AssumedRoleId"`
			Arn           string
		}
	}
	ResponseMetadata struct {
		RequestID string `xml:"RequestId"`
	}
}

var stsSessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

const (
	shortestSession = 900
	defaultSession  = 3600
	longestSession  = 12 * 3600
	longestChained  = 3600 // of a role that a session assumes
)

func (s *STS) assumeRole(c *call, form url.Values) (*assumeRoleOutput, *apiError) {
	role, name := form.Get("RoleArn"), form.Get("RoleSessionName")
	seconds, err := strconv.Atoi(form.Get("DurationSeconds"))
	switch {
	case !stsSessionName.MatchString(name):
		return nil, badRequest("ValidationError", "Value at 'roleSessionName' failed to satisfy constraint")
	case form.Get("DurationSeconds") == "":
		seconds = defaultSession
	case err != nil || seconds < shortestSession || seconds > longestSession:
		return nil, badRequest("ValidationError", "Value at 'durationSeconds' failed to satisfy constraint")
	}
	if c.role != "" && seconds > longestChained {
		return nil, badRequest("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	s.mu.Lock()
	wanted, ok := s.roles[role]
	s.mu.Unlock()
	if !ok || wanted != "" && wanted != form.Get("ExternalId") { // AWS tells them apart to nobody
		return nil, denial(c, role)
	}
	accessKey, secret, session := s.open(role, name, time.Duration(seconds)*time.Second)
	out := new(assumeRoleOutput)
	creds := &out.AssumeRoleResult.Credentials
	creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken = accessKey, secret, session.token
	creds.Expiration = time.Unix(0, session.ends).UTC().Format(time.RFC3339) // whole seconds, as AWS
	out.AssumeRoleResult.AssumedRoleUser.Arn = session.arn()
	out.AssumeRoleResult.AssumedRoleUser.AssumedRoleID = "AROA0123456789EXAMPLE:" + name
	return out, nil
}

type queryError struct {
	XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Error   struct{ Type, Code, Message string }

	RequestID string `xml:"RequestId"`
}

func refuseQuery(w http.ResponseWriter, e *apiError) {
	out := &queryError{RequestID: w.Header().Get("X-Amzn-Requestid")}
	out.Error.Type, out.Error.Code, out.Error.Message = "Sender", e.code, e.message
	writeQuery(w, e.status, out)
}

func writeQuery(w http.ResponseWriter, status int, out any) {
	body, err := xml.Marshal(out)
	if err != nil {
		panic(err) // our own types
	}
	write(w, status, "text/xml", body)
}
