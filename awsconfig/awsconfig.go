// Package awsconfig is the AWS configuration that every source uses unless it is
// given a client of its own.
//
// It exists because the SDK's own defaults hurt a function that calls once a
// minute: a kept-alive connection that died while the environment was frozen costs
// up to two seconds before the first retry, and a server that never answers is
// waited for without end. Here a connection is made within 1 s, TLS within another,
// an attempt answers within 1.5 s, three attempts are made with waits of up to
// 25 to 400 ms between them, and connections idle for 10 s are not used again, also
// when most of the ten were spent frozen. A younger one that has ended is replaced at
// once and without using up an attempt; one whose packets vanish is given up after
// 0.75 s. docs/connections.md has the figures.
//
// Everything comes from what Lambda provides: the Region, the session credentials
// or the container credentials endpoint of SnapStart and Managed Instances, and
// the SDK's environment variables for endpoints, FIPS, dual stack, retries,
// checksums, proxies and certificates. Container credentials that a service refuses before
// their end are asked for again. AWS_DEFAULTS_MODE is not read: this package
// is such a mode. Profiles, SSO and web identity are left to the SDK's config
// module, which would cost every cold start 0.3 ms and 2 MB: hand its result to
// [Use].
package awsconfig

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// current is the configuration in force. It is built by the first call that needs
// it; a failure is not kept, so that the next call reads the environment again.
var current struct {
	mu    sync.Mutex
	set   *set     // nil until built or handed over
	users []string // who has built a client from it
}

// set is one configuration in its two variants, sharing connections and
// credentials.
type set struct {
	plain, streaming aws.Config
	close            func() // closes idle connections
}

func init() { testhook.OnReset(forget) }

// Default returns the configuration for services that answer at once, such as SSM
// and Secrets Manager: an attempt, its answer read to the end, may take 1.5 s. The
// caller names itself, such as "ssmcache", so that a [Use] that comes too late can
// say who was first.
//
// It fails without a Region, without credentials, and on an environment variable it
// cannot understand. No error is kept: a later call reads the environment again.
func Default(user string) (aws.Config, error) {
	s, err := take(user)
	if err != nil {
		return aws.Config{}, err
	}
	return s.plain, nil
}

// Streaming is [Default] for answers of any size, such as objects of S3: the 1.5 s
// end when the answer begins, and from then on no single read of the body may take
// longer. Both configurations share credentials and connections.
func Streaming(user string) (aws.Config, error) {
	s, err := take(user)
	if err != nil {
		return aws.Config{}, err
	}
	return s.streaming, nil
}

// Use makes cfg, as it is, the configuration that [Default] and [Streaming] return.
// Call it before the first load, in main or an init function; of several calls the
// last one counts. Once a client has been built Use changes nothing and returns an
// error that names who built one.
func Use(cfg aws.Config) error {
	current.mu.Lock()
	defer current.mu.Unlock()
	if len(current.users) > 0 {
		return fmt.Errorf("awsconfig: Use comes too late, %s already made a client: call it before the first load",
			strings.Join(current.users, " and "))
	}
	if cfg.Region == "" {
		return errors.New("awsconfig: the configuration given to Use has no Region: set AWS_REGION or its Region field")
	}
	if cfg.Credentials == nil {
		return errors.New("awsconfig: the configuration given to Use has no Credentials: take it from config.LoadDefaultConfig")
	}
	current.set = &set{plain: cfg, streaming: cfg, close: func() {}}
	return nil
}

func take(user string) (*set, error) {
	current.mu.Lock()
	defer current.mu.Unlock()
	if current.set == nil {
		s, err := build(lambda())
		if err != nil {
			return nil, err
		}
		current.set = s
	}
	if !slices.Contains(current.users, user) {
		current.users = append(current.users, user)
	}
	return current.set, nil
}

func forget() {
	current.mu.Lock()
	if current.set != nil {
		current.set.close()
	}
	current.set, current.users = nil, nil
	current.mu.Unlock()
}
