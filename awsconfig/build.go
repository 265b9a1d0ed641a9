package awsconfig

import (
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/lambda-cache/lambdacache/internal/awskeys"
	"github.com/lambda-cache/lambdacache/internal/awsrecover"
	"github.com/lambda-cache/lambdacache/internal/httpclient"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// host is where the configuration is built: the environment and the limits, which
// tests make shorter.
type host struct {
	getenv         func(string) string
	attempt        time.Duration // one attempt, or one read of a streamed body
	connect        time.Duration // a connection, and again its TLS handshake
	idle           time.Duration // how long a connection may lie idle
	containerHost  string        // what a relative credentials URI is relative to
	backoffCeiling time.Duration
}

func lambda() *host {
	return &host{
		getenv:         os.Getenv,
		attempt:        testhook.Limit(1500 * time.Millisecond),
		connect:        testhook.Limit(time.Second),
		idle:           10 * time.Second,
		containerHost:  "http://169.254.170.2",
		backoffCeiling: 400 * time.Millisecond,
	}
}

func build(h *host) (*set, error) {
	env, err := readSettings(h.getenv)
	if err != nil {
		return nil, err
	}
	creds, err := h.credentials(env)
	if err != nil {
		return nil, err
	}
	roots, err := readRoots(h.getenv("AWS_CA_BUNDLE"))
	if err != nil {
		return nil, err
	}
	pool, http := newPool(h, roots)
	s := &set{close: pool.Close}
	// The connections that are idle when an attempt met silence may be as dead as its
	// own was: the next attempt makes a new one.
	answers := httpclient.Client{HTTP: http, Before: pool.DropIdle, Silent: pool.Close, Limit: h.attempt}
	streams := answers
	streams.Streaming = true
	s.plain = aws.Config{
		Region:                      env.region,
		Credentials:                 creds,
		HTTPClient:                  &answers,
		Retryer:                     func() aws.Retryer { return h.newRetryer(env) },
		RetryMaxAttempts:            env.maxAttempts,
		RetryMode:                   env.retryMode,
		ConfigSources:               []any{env},
		BaseEndpoint:                env.baseEndpoint,
		AppID:                       env.appID,
		AccountIDEndpointMode:       env.accountIDMode,
		RequestChecksumCalculation:  env.requestChecksum,
		ResponseChecksumValidation:  env.responseChecksum,
		DisableClockSkewCorrection:  env.noSkewCorrection,
		DisableRequestCompression:   env.noCompression,
		RequestMinCompressSizeBytes: env.minCompress,
		AuthSchemePreference:        env.authSchemes,
		APIOptions:                  []func(*middleware.Stack) error{awsrecover.Answers, awskeys.Watch},
	}
	s.streaming = s.plain
	s.streaming.HTTPClient = &streams
	return s, nil
}
