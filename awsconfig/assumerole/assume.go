package assumerole

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/lambda-cache/lambdacache/awsconfig"
	"github.com/lambda-cache/lambdacache/internal/awskeys"
	"github.com/lambda-cache/lambdacache/internal/clock"
)

// Configure gives cfg with the credentials of the session. It makes no call.
func (s *Session) Configure(cfg aws.Config) (aws.Config, error) {
	cfg.Credentials = s
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), awskeys.Watch)
	return cfg, nil
}

// Retrieve gives the credentials of the session and assumes the role if need be.
func (s *Session) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := s.keys.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &roleError{s.role, err}
	}
	return creds, nil
}

// ProviderSources tells services, in the User-Agent, where the credentials are from.
func (s *Session) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceSTSAssumeRole}
}

var errNoKeys = errors.New("the answer to AssumeRole holds no keys")

// assume makes one AssumeRole.
func (s *Session) assume(ctx context.Context, hurry bool) (*awskeys.Grant, error) {
	client, err := clients.of(s.config)
	if err != nil {
		return nil, err
	}
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String(s.role),
		RoleSessionName: aws.String(s.sessionName()),
		DurationSeconds: aws.Int32(int32(s.duration / time.Second)),
	}
	if s.externalID != "" {
		in.ExternalId = aws.String(s.externalID)
	}
	asked := clock.Now()
	out, err := client.AssumeRole(ctx, in, func(o *sts.Options) {
		if hurry {
			o.RetryMaxAttempts = 1
		}
	})
	switch {
	case err != nil:
		return nil, err
	case out.Credentials == nil || aws.ToString(out.Credentials.AccessKeyId) == "" || aws.ToString(out.Credentials.SecretAccessKey) == "":
		return nil, errNoKeys
	}
	// By the clock that they will age on: STS's own may not agree with it.
	end := time.Unix(0, asked.Wall).Add(s.duration)
	if told := out.Credentials.Expiration; told != nil && told.Before(end) {
		end = *told
	}
	return awskeys.NewGrant(aws.Credentials{
		AccessKeyID:     *out.Credentials.AccessKeyId,
		SecretAccessKey: *out.Credentials.SecretAccessKey,
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		AccountID:       s.account(),
		CanExpire:       true,
		Expires:         end,
		Source:          "assumerole",
	}, asked), nil
}

func (s *Session) sessionName() string {
	if s.name != "" {
		return s.name
	}
	if name := os.Getenv("AWS_LAMBDA_FUNCTION_NAME"); isSessionName(name) {
		return name
	}
	return "lambda-cache"
}

// clients are the STS clients of all sessions, each made when it is needed. An error is
// not kept.
var clients = &clientsOf{made: make(map[awsconfig.Provider]*sts.Client)}

type clientsOf struct {
	mu   sync.Mutex
	made map[awsconfig.Provider]*sts.Client // by who assumes, nil for the function
}

func (c *clientsOf) of(who awsconfig.Provider) (*sts.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client := c.made[who]; client != nil {
		return client, nil
	}
	cfg, err := awsconfig.Default("assumerole")
	if err == nil && who != nil {
		cfg, err = who.Configure(cfg)
	}
	if err != nil {
		return nil, err
	}
	c.made[who] = sts.NewFromConfig(cfg)
	return c.made[who], nil
}

func (c *clientsOf) forget() {
	c.mu.Lock()
	clear(c.made)
	c.mu.Unlock()
}

// roleError says for which role there are no credentials.
type roleError struct {
	role string
	err  error
}

func (e *roleError) Error() string { return e.err.Error() }
func (e *roleError) Unwrap() error { return e.err }

// RoleToAssume tells package awsfault the role's ARN.
func (e *roleError) RoleToAssume() string { return e.role }

// RetryableError keeps the client that wants the credentials from trying again: AssumeRole
// has been, and each of its attempts would be three more.
func (e *roleError) RetryableError() bool { return false }
