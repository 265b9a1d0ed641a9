package cachetest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
)

// answerWriter notices when an answer is complete. It says so before the last byte
// goes out: a client that has the whole answer finds its request ended in the log.
type answerWriter struct {
	http.ResponseWriter
	end    func(status int, failed bool) // called once
	status int
	sent   int
	failed bool // a write went nowhere
	ended  bool
}

func (w *answerWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n := 0
	if w.sent += len(p); len(p) > 0 && strconv.Itoa(w.sent) == w.Header().Get("Content-Length") {
		var err error
		if n, err = w.pass(p[:len(p)-1]); err != nil {
			return n, err
		}
		w.finish()
	}
	m, err := w.pass(p[n:])
	return n + m, err
}

func (w *answerWriter) pass(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.failed = w.failed || err != nil
	return n, err
}

// Unwrap lets http.ResponseController through.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answerWriter) finish() {
	if !w.ended {
		w.ended = true
		w.end(w.status, w.failed)
	}
}

// write sends a whole answer. Every answer has a length, or a truncated one could
// not be told from a short one.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails when the client left
}

// requestID gives an answer the request's number, in the form and under the name
// of the service.
func requestID(h http.Header, service string, number int) {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", number)
	if service == "s3" {
		h.Set("X-Amz-Request-Id", id)
		h.Set("X-Amz-Id-2", id)
		return
	}
	h.Set("X-Amzn-Requestid", id)
}

const jsonType = "application/x-amz-json-1.1"

func writeJSON(w http.ResponseWriter, service string, out any) {
	body, err := json.Marshal(out)
	if err != nil {
		panic(err) // our own types
	}
	sendJSON(w, service, http.StatusOK, body)
}

// refuseJSON is how a service of the JSON protocol refuses.
func refuseJSON(service string) func(http.ResponseWriter, *apiError) {
	namespace := ""
	if service == "dynamodb" {
		namespace = "com.amazonaws.dynamodb.v20120810#"
	}
	return func(w http.ResponseWriter, e *apiError) {
		body, err := json.Marshal(map[string]string{"__type": namespace + e.code, "message": e.message})
		if err != nil {
			panic(err)
		}
		sendJSON(w, service, e.status, body)
	}
}

// sendJSON sends an answer. DynamoDB speaks an older version of the protocol, and sends
// a checksum that its clients compare.
func sendJSON(w http.ResponseWriter, service string, status int, body []byte) {
	if service != "dynamodb" {
		write(w, status, jsonType, body)
		return
	}
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	write(w, status, "application/x-amz-json-1.0", body)
}
