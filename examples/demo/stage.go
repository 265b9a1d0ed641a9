//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/lambdahost"
)

// What the function finds at AWS, and is asked.
const (
	latency   = 50 * time.Millisecond
	parameter = "/production/app/var"
	password  = "correct-horse-battery-staple"
	modelSize = 64 << 10
	question  = "what do you know?"
)

var hosts = []string{"a.internal", "b.internal"}

// response is what the function answers.
type response struct {
	Answer string   `json:"answer"`
	Key    string   `json:"key"`
	Hosts  []string `json:"hosts"`
	DBHost string   `json:"dbHost"`
	Model  int      `json:"modelBytes"`
}

// stage is a function in a local Lambda, and the fake AWS it talks to.
type stage struct {
	aws   *cachetest.AWS
	host  *lambdahost.Host
	ahead atomic.Int64 // how far the local Lambda's clock is ahead
	heal  func()       // takes the fault back that a scene has made
}

// newStage starts the fake, with everything in it that the function reads, and
// prepares the local Lambda. dir takes the environment's /tmp.
func newStage(dir, bootstrap string) (*stage, error) {
	aws, err := cachetest.StartAWS()
	if err != nil {
		return nil, err
	}
	s := &stage{aws: aws}
	aws.Latency(latency)
	aws.SSM.Put(parameter, "v1")
	aws.SSM.PutList("/production/app/hosts", hosts...)
	aws.S3.Put("models", "fraud.bin", make([]byte, modelSize))
	s.putSecret("db-1")

	env := map[string]string{}
	for _, kv := range aws.Env() {
		name, value, _ := strings.Cut(kv, "=")
		env[name] = value
	}
	s.host, err = lambdahost.New(lambdahost.Config{
		Bootstrap: bootstrap,
		Env:       env,
		TmpDir:    dir,
		Timeout:   10 * time.Second,
		Now:       func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
	})
	if err != nil {
		aws.Close()
		return nil, err
	}
	return s, nil
}

// close ends the function and the fake.
func (s *stage) close() error {
	err := s.host.Close()
	s.aws.Close()
	return err
}

func (s *stage) putSecret(host string) {
	s.aws.Secrets.PutString("prod/db", `{"host":"`+host+`","user":"app","password":"`+password+`"}`)
}

// outcome is an invocation as seen from outside.
type outcome struct {
	calls    map[string]int // requests by operation, retries included
	services []string       // of each request, in the order of their starts
	status   map[string]int // of each operation's last answer
	atOnce   int            // the most requests in progress at one moment
	took     time.Duration  // from the event's hand-over to the answer's first byte
	cold     bool           // the first invocation of a process
	payload  []byte
	err      *lambdahost.FunctionError
}

// play lets happen what comes before the invocation, and invokes the function.
func (s *stage) play(ctx context.Context, sc scene) (outcome, error) {
	s.ahead.Add(int64(sc.later))
	if sc.before != nil {
		if err := sc.before(s); err != nil {
			return outcome{}, err
		}
	}
	s.aws.ResetCounts()
	event, err := json.Marshal(map[string]string{"question": question})
	if err != nil {
		return outcome{}, err
	}
	freezes := s.host.Freezes()
	r, err := s.host.Invoke(ctx, event)
	if err != nil {
		return outcome{}, err
	}
	if s.host.Freezes() != freezes+1 {
		return outcome{}, errors.New("the process was not frozen after it")
	}
	o := outcome{
		calls: map[string]int{}, status: map[string]int{}, atOnce: s.aws.MaxConcurrent(),
		took: r.FirstByte, cold: r.ColdStart, payload: r.Payload, err: r.Error,
	}
	for _, q := range s.aws.Requests() {
		o.calls[q.Operation]++
		o.services = append(o.services, q.Service)
		o.status[q.Operation] = q.Status
	}
	return o, nil
}

// answered checks the answer.
func (o outcome) answered(want response) error {
	var got response
	if err := json.Unmarshal(o.payload, &got); err != nil {
		return fmt.Errorf("its answer is not the JSON object that was expected: %w", err)
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("it answered %+v, not %+v", got, want)
	}
	return nil
}
