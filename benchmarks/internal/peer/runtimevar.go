package peer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gocloud.dev/runtimevar"
	"gocloud.dev/runtimevar/awsparamstore"
	"gocloud.dev/runtimevar/awssecretsmanager"
)

// runtimevar polls each variable from a goroutine of its own, every 30 s unless told
// otherwise, and Latest gives what it saw last. It cannot be asked to refresh: what is
// measured as one is the first load of newly opened variables.
var runtimevarPeer = Peer{ID: "runtimevar", Name: "gocloud.dev runtimevar", Module: "gocloud.dev", Setups: runtimevarSetups()}

func runtimevarSetups() map[string]Setup {
	setups := map[string]Setup{
		Hit: func(ctx context.Context) (Op, error) {
			s, err := loadDefault(ctx)
			if err != nil {
				return nil, err
			}
			v, err := open(s, parameters[0])
			if err != nil {
				return nil, err
			}
			if _, err := v.Latest(ctx); err != nil {
				return nil, err
			}
			return repeat(func(n int) string {
				var snapshot runtimevar.Snapshot
				for range n {
					snapshot, _ = v.Latest(ctx)
				}
				text, _ := snapshot.Value.(string)
				return text
			}), nil
		},
	}
	for measure, keys := range refreshes {
		setups[measure] = func(ctx context.Context) (Op, error) {
			s, err := loadDefault(ctx)
			if err != nil {
				return nil, err
			}
			var opened []*runtimevar.Variable
			closeAll := func() {
				for _, v := range opened {
					_ = v.Close() // it was canceled, it says
				}
				opened = nil
			}
			return refreshing(keys, closeAll, func(ctx context.Context) (map[string]string, error) {
				byKey := make(map[string]*runtimevar.Variable, len(keys))
				var errs []error
				for _, k := range keys {
					v, err := open(s, k)
					if err != nil {
						errs = append(errs, err)
						continue
					}
					opened, byKey[k] = append(opened, v), v
				}
				if err := errors.Join(errs...); err != nil {
					return nil, err
				}
				return sideBySide(ctx, keys, func(ctx context.Context, key string) (string, error) {
					snapshot, err := byKey[key].Latest(ctx)
					if err != nil {
						return "", err
					}
					text, ok := snapshot.Value.(string)
					if !ok {
						return "", fmt.Errorf("runtimevar: %T", snapshot.Value)
					}
					return text, nil
				})
			}), nil
		}
	}
	return setups
}

func open(s *sdk, key string) (*runtimevar.Variable, error) {
	const never = 24 * time.Hour // no poll falls into somebody's sample
	if isSecret(key) {
		return awssecretsmanager.OpenVariable(s.secrets, key, runtimevar.StringDecoder, &awssecretsmanager.Options{WaitDuration: never})
	}
	return awsparamstore.OpenVariable(s.ssm, key, runtimevar.StringDecoder, &awsparamstore.Options{WaitDuration: never})
}
