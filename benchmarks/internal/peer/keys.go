package peer

import (
	"fmt"
	"strings"
)

// A function of these benchmarks has up to 30 parameters and up to 20 secrets.
var (
	parameters = numbered("/app/p%02d", 30)
	secrets    = numbered("prod/s%02d", 20)
	mixed      = append(append([]string(nil), parameters[:20]...), secrets[:10]...)
)

func numbered(format string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(format, i))
	}
	return list
}

// Parameters and Secrets are what the fake AWS must have.
func Parameters() []string { return parameters }

// Secrets are the names of the secrets; see [Parameters].
func Secrets() []string { return secrets }

// refreshes are the keys of each measure that refreshes.
var refreshes = map[string][]string{
	RefreshParameter: parameters[:1],
	Refresh30:        parameters,
	Refresh20:        secrets,
	RefreshMix:       mixed,
}

func isSecret(key string) bool { return !strings.HasPrefix(key, "/") }

// split tells parameters from secrets.
func split(keys []string) (params, secretIDs []string) {
	for _, k := range keys {
		if isSecret(k) {
			secretIDs = append(secretIDs, k)
		} else {
			params = append(params, k)
		}
	}
	return params, secretIDs
}
