package awsconfig

import (
	"cmp"
	"context"
	"errors"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// useLine is one line of Go that hands over whatever the SDK itself would find.
const useLine = `cfg, err := config.LoadDefaultConfig(context.Background()); if err == nil { err = awsconfig.Use(cfg) }`

const useInstead = `hand over the SDK's own configuration before the first load: ` + useLine +
	` // config is "github.com/aws/aws-sdk-go-v2/config"`

// credentials finds the credentials in the SDK's order. Where the SDK would look
// into a profile or a web identity first, it is an error not to have been told: the
// wrong role's credentials are worse than none.
func (h *host) credentials(env *settings) (aws.CredentialsProvider, error) {
	key, secret := h.getenv("AWS_ACCESS_KEY_ID"), h.getenv("AWS_SECRET_ACCESS_KEY")
	if key != "" && secret != "" {
		creds := aws.Credentials{
			AccessKeyID:     key,
			SecretAccessKey: secret,
			SessionToken:    h.getenv("AWS_SESSION_TOKEN"),
			AccountID:       h.getenv("AWS_ACCOUNT_ID"),
			Source:          "environment",
		}
		return fixedKeys(func() aws.Credentials { return creds }), nil
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
	return nil, errors.New("no AWS credentials: " + notSet(key, secret) +
		": set both, as Lambda does; for a profile, SSO or web identity " + useInstead)
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

// container is the endpoint of SnapStart and Managed Instances.
func (h *host) container(env *settings, variable, uri string) (aws.CredentialsProvider, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New(variable + " does not make a URL with scheme and host")
	}
	return newContainer(&endpoint{
		variable: variable,
		url:      u,
		getenv:   h.getenv,
		client:   h.endpointClient(u.Scheme),
		attempts: cmp.Or(env.maxAttempts, retry.DefaultMaxAttempts),
		backoff:  h.backoff(),
	}), nil
}

// fixedKeys are the keys of the environment, in a function, because fmt looks into
// anything else.
type fixedKeys func() aws.Credentials

// Retrieve gives the keys.
func (k fixedKeys) Retrieve(context.Context) (aws.Credentials, error) { return k(), nil }

// ProviderSources tells the service, in the User-Agent, where the keys are from.
func (k fixedKeys) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceEnvVars}
}
