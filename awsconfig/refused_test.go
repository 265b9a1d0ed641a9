package awsconfig

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/internal/clock"
)

// Credentials of a container that a service refuses before their end are asked for
// again, and the call is made once more; those of the environment are all there are.
func TestRefusedCredentialsAreAskedForAgain(t *testing.T) {
	clocks := replaceClock(t)
	endpoint := serve(t, func(n int32, w http.ResponseWriter, _ *http.Request) {
		end := time.Unix(0, clock.Now().Wall).Add(6 * time.Hour).UTC().Format(time.RFC3339Nano)
		fmt.Fprintf(w, `{"AccessKeyId":"K%d","SecretAccessKey":"S","Token":"T","Expiration":%q}`, n, end)
	})
	const expired, denied = "ExpiredTokenException", "AccessDeniedException"
	var refused, code string // the key whose calls are refused, and how
	var bodies []string
	service := serve(t, func(int32, http.ResponseWriter, *http.Request) {})
	service.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if strings.Contains(r.Header.Get("Authorization"), "Credential="+refused) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, code)
			return
		}
		io.WriteString(w, parameterJSON)
	})
	cfg := mustBuild(t, containerEnv(env{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.URL, "AWS_ENDPOINT_URL_SSM": service.URL,
	}).host()).plain
	for i, c := range []struct {
		pass          time.Duration
		refused, code string
		asked         int32 // how often the endpoint was, until then
		calls         int
		fails         bool
	}{
		{0, "", "", 1, 1, false},
		{29 * time.Second, "K1", expired, 1, 1, true}, // too young to have been revoked
		{time.Second, "K1", expired, 2, 2, false},
		{time.Minute, "K", expired, 3, 2, true}, // whatever the endpoint gives
		{time.Minute, "K3", denied, 3, 1, true},
		{5 * time.Minute, "K3", denied, 4, 2, false},
		{time.Hour, "", "", 4, 1, false},
	} {
		clocks.forward(c.pass)
		refused, code, bodies = c.refused, c.code, nil
		if refused == "" {
			refused = "nobody"
		}
		err := getParameter(cfg)
		if (err != nil) != c.fails || endpoint.requests.Load() != c.asked || len(bodies) != c.calls {
			t.Errorf("%d: %d calls, the endpoint was asked %d times; %v", i, len(bodies), endpoint.requests.Load(), err)
		}
		for _, body := range bodies {
			if body != `{"Name":"/a"}` {
				t.Errorf("%d: sent %q", i, body)
			}
		}
	}

	e := lambdaEnv(env{"AWS_ENDPOINT_URL_SSM": service.URL})
	refused, code, bodies = "AKID", expired, nil
	if err := getParameter(mustBuild(t, e.host()).plain); err == nil || len(bodies) != 1 {
		t.Errorf("keys of the environment: %d calls, %v", len(bodies), err)
	}
}
