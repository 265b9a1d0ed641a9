package peer

import (
	"context"
	"os"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
)

// sdk is the AWS SDK as one calls it by hand. It also loads for the peers that know
// nothing of AWS.
type sdk struct {
	ssm     *ssm.Client
	secrets *secretsmanager.Client
}

func newSDK(cfg aws.Config) *sdk {
	return &sdk{ssm.NewFromConfig(cfg), secretsmanager.NewFromConfig(cfg)}
}

// loadDefault has the configuration that the SDK's documentation begins with.
func loadDefault(ctx context.Context) (*sdk, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	return newSDK(cfg), nil
}

// legacy is loadDefault as it was before the SDK's v1.48.0: its first wait before trying
// again was up to 2 s, and is up to 50 ms since.
func legacy(ctx context.Context) (*sdk, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryer(func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.NewExponentialJitterBackoff(retry.DefaultMaxBackoff)
		})
	}))
	if err != nil {
		return nil, err
	}
	return newSDK(cfg), nil
}

func only(measure string, setups map[string]Setup) map[string]Setup {
	return map[string]Setup{measure: setups[measure]}
}

// byHand has a configuration made of what Lambda's environment provides.
func byHand(context.Context) (*sdk, error) {
	return newSDK(aws.Config{
		Region:       os.Getenv("AWS_REGION"),
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
				SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
				SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
			}, nil
		}),
	}), nil
}

// one asks for one key.
func (s *sdk) one(ctx context.Context, key string) (string, error) {
	if isSecret(key) {
		out, err := s.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &key})
		if err != nil {
			return "", err
		}
		return *out.SecretString, nil
	}
	out, err := s.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &key, WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", err
	}
	return *out.Parameter.Value, nil
}

// oneByOne asks for each key in turn.
func (s *sdk) oneByOne(ctx context.Context, keys []string) (map[string]string, error) {
	out := make(map[string]string, len(keys))
	for _, k := range keys {
		v, err := s.one(ctx, k)
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, nil
}

// batches asks with the fewest calls there are, side by side: the floor of a refresh,
// and some sixty lines that a function would rather not have.
func (s *sdk) batches(ctx context.Context, keys []string) (map[string]string, error) {
	var mu sync.Mutex
	values := make(map[string]string, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	params, secretIDs := split(keys)
	for len(params) > 0 {
		names := params[:min(10, len(params))]
		params = params[len(names):]
		group.Go(func() error {
			out, err := s.ssm.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(true)})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, p := range out.Parameters {
				values[*p.Name] = *p.Value
			}
			return nil
		})
	}
	for len(secretIDs) > 0 {
		ids := secretIDs[:min(20, len(secretIDs))]
		secretIDs = secretIDs[len(ids):]
		group.Go(func() error {
			out, err := s.secrets.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{SecretIdList: ids})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, v := range out.SecretValues {
				values[*v.Name] = *v.SecretString
			}
			return nil
		})
	}
	return values, group.Wait()
}

// refreshBy makes the refresh measures of a way to call the SDK.
func refreshBy(clients func(context.Context) (*sdk, error), load func(*sdk, context.Context, []string) (map[string]string, error)) map[string]Setup {
	setups := make(map[string]Setup)
	for measure, keys := range refreshes {
		setups[measure] = func(ctx context.Context) (Op, error) {
			s, err := clients(ctx)
			if err != nil {
				return nil, err
			}
			return refreshing(keys, nil, func(ctx context.Context) (map[string]string, error) { return load(s, ctx, keys) }), nil
		}
	}
	return setups
}

// The SDK without a cache: three ways to ask, and two configurations.
var (
	handBatches   = Peer{ID: "hand", Name: "SDK by hand, batches side by side", Setups: andStampede(refreshBy(byHand, (*sdk).batches))}
	handDefault   = Peer{ID: "hand-default", Name: "the same with LoadDefaultConfig", Module: "github.com/aws/aws-sdk-go-v2/config", Setups: refreshBy(loadDefault, (*sdk).batches)}
	handLegacy    = Peer{ID: "hand-legacy", Name: "the same with the backoff of SDKs before v1.48.0", Setups: only(RefreshParameter, refreshBy(legacy, (*sdk).batches))}
	handGoroutine = Peer{ID: "hand-goroutines", Name: "SDK by hand, a goroutine each", Setups: refreshBy(byHand, func(s *sdk, ctx context.Context, keys []string) (map[string]string, error) {
		return sideBySide(ctx, keys, s.one)
	})}
	handOneByOne = Peer{ID: "hand-one-by-one", Name: "SDK by hand, one after another", Setups: refreshBy(byHand, (*sdk).oneByOne)}
)

// andStampede adds a stampede by hand: what is due is loaded once, whoever asks.
func andStampede(setups map[string]Setup) map[string]Setup {
	setups[Stampede] = func(ctx context.Context) (Op, error) {
		s, err := byHand(ctx)
		if err != nil {
			return nil, err
		}
		var held atomic.Pointer[string]
		var flights singleflight.Group
		key := parameters[0]
		return stampede(func() { held.Store(nil) }, func(ctx context.Context) (string, error) {
			if v := held.Load(); v != nil {
				return *v, nil
			}
			_, err, _ := flights.Do(key, func() (any, error) {
				if held.Load() != nil {
					return nil, nil // the flight before this one ended just now
				}
				v, err := s.one(ctx, key)
				if err == nil {
					held.Store(&v)
				}
				return nil, err
			})
			if err != nil {
				return "", err
			}
			return *held.Load(), nil
		}), nil
	}
	return setups
}
