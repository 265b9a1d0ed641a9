package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/smithy-go"
)

// useLine is one line of Go that hands over whatever the SDK itself would find.
const useLine = `cfg, err := config.LoadDefaultConfig(context.Background()); if err == nil { err = awsconfig.Use(cfg) }`

const useInstead = `hand over the SDK's own configuration before the first load: ` + useLine +
	` // config is "github.com/aws/aws-sdk-go-v2/config"`

// credentials finds the credentials in the SDK's order. Where the SDK would look
// into a profile or a web identity first, it is an error not to have been told: the
// wrong role's credentials are worse than none.
func (h host) credentials(env *settings) (aws.CredentialsProvider, error) {
	key, secret := h.getenv("AWS_ACCESS_KEY_ID"), h.getenv("AWS_SECRET_ACCESS_KEY")
	if key != "" && secret != "" {
		return credentials.StaticCredentialsProvider{
			Value: aws.Credentials{
				AccessKeyID:     key,
				SecretAccessKey: secret,
				SessionToken:    h.getenv("AWS_SESSION_TOKEN"),
				AccountID:       h.getenv("AWS_ACCOUNT_ID"),
				Source:          "environment",
			},
			Source: []aws.CredentialSource{aws.CredentialSourceEnvVars},
		}, nil
	}
	for _, name := range [...]string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if h.getenv(name) != "" {
			return nil, errors.New("no AWS credentials: " + name + " is not followed here; " + useInstead)
		}
	}
	if uri := h.getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); uri != "" {
		return h.container(env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", h.containerHost+uri)
	}
	if uri := h.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"); uri != "" {
		return h.container(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
	}
	return nil, fmt.Errorf("no AWS credentials: %s: set both, as Lambda does; for a profile, SSO or web identity %s",
		notSet(key, secret), useInstead)
}

func notSet(key, secret string) string {
	switch {
	case key != "":
		return "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not"
	case secret != "":
		return "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not"
	}
	return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"
}

// expiryWindow is how long before their end credentials are fetched anew, as in the
// SDK.
const expiryWindow = 5 * time.Minute

// container is the credentials endpoint of SnapStart and Managed Instances.
func (h host) container(env *settings, variable, uri string) (aws.CredentialsProvider, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New(variable + " does not make a URL with scheme and host")
	}
	endpoint := endpointcreds.New(uri, func(o *endpointcreds.Options) {
		o.HTTPClient = h.containerClient(u.Scheme)
		o.Retryer = h.newRetryer(env, retryTooMany)
		o.AuthorizationToken = h.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := h.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) { return readToken(file) })
		}
	})
	return aws.NewCredentialsCache(&containerProvider{Provider: endpoint, variable: variable},
		func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = expiryWindow }), nil
}

// readToken reads the token anew for each request: it changes while the environment
// lives.
func readToken(file string) (string, error) {
	token, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %w", err)
	}
	return strings.TrimRight(string(token), "\r\n"), nil
}

// containerProvider says where credentials did not come from. Its error is an
// [smithy.OperationError] of its own, so that a refusal of the endpoint is not taken
// for a refusal of the call that wanted the credentials.
type containerProvider struct {
	*endpointcreds.Provider
	variable string
}

func (p *containerProvider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := p.Provider.Retrieve(ctx)
	if err == nil && !creds.HasKeys() {
		err = errors.New("the answer holds no keys")
	}
	if _, unreadable := errors.AsType[*smithy.DeserializationError](err); unreadable {
		err = errors.New("the answer is not the JSON of credentials") // the cause would quote it
	}
	if err != nil {
		return aws.Credentials{}, &smithy.OperationError{ServiceID: p.variable, OperationName: "GetCredentials", Err: err}
	}
	return creds, nil
}

// containerClient keeps no connection, hours lie between two requests, and sends the
// authorization token in the clear only to the container's own hosts, never to a
// proxy.
func (h host) containerClient(scheme string) *client {
	dialer := &net.Dialer{Timeout: h.connect}
	transport := awshttp.NewBuildableClient().GetTransport()
	transport.TLSHandshakeTimeout = h.connect
	transport.DisableKeepAlives = true
	if scheme == "http" {
		transport.Proxy = nil
		dialer.Control = containerHostsOnly
	}
	transport.DialContext = dialer.DialContext
	return &client{
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		limit: h.attempt,
	}
}

// containerHostsOnly checks the address that is really connected to, whatever a name
// resolved to before.
func containerHostsOnly(_, address string, _ syscall.RawConn) error {
	if addr, err := netip.ParseAddrPort(address); err == nil {
		ip := addr.Addr().Unmap()
		if ip.IsLoopback() {
			return nil
		}
		switch ip.String() {
		case "169.254.170.2", "169.254.170.23", "fd00:ec2::23": // ECS and Lambda; EKS; EKS over IPv6
			return nil
		}
	}
	return &foreignHostError{address}
}

// foreignHostError refuses to send the token.
type foreignHostError struct{ address string }

func (e *foreignHostError) Error() string {
	return e.address + " is no host for credentials over http: use https, or a loopback, ECS or EKS address"
}

// RetryableError keeps the SDK from trying again.
func (e *foreignHostError) RetryableError() bool { return false }
