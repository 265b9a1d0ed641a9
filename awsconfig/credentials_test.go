package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/internal/awsfault"
	"github.com/lambda-cache/lambdacache/internal/awskeys"
)

const keysJSON = `{"AccessKeyId":"K","SecretAccessKey":"S","Token":"T"}`

// keysUntil are keys that end after d.
func keysUntil(d time.Duration) string {
	return fmt.Sprintf(`{"AccessKeyId":"K","SecretAccessKey":"S","Token":"T","Expiration":%q}`,
		time.Now().Add(d).UTC().Format(time.RFC3339))
}

// containerEnv has no keys of its own.
func containerEnv(more env) env {
	more["AWS_REGION"] = "us-east-1"
	return more
}

func retrieve(s *set) (string, error) {
	creds, err := s.plain.Credentials.Retrieve(context.Background())
	return creds.AccessKeyID + creds.SecretAccessKey + creds.SessionToken, err
}

func TestContainerCredentials(t *testing.T) {
	s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/creds?a=b" || r.Header.Get("Authorization") != "Bearer x" {
			t.Errorf("asked for %s with token %q", r.URL, r.Header.Get("Authorization"))
		}
		io.WriteString(w, keysJSON)
	})
	for name, e := range map[string]env{
		"full":               {"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/creds?a=b"},
		"full, with a name":  {"AWS_CONTAINER_CREDENTIALS_FULL_URI": strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/creds?a=b"},
		"relative":           {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds?a=b"},
		"relative wins":      {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds?a=b", "AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/wrong"},
		"half a key is none": {"AWS_ACCESS_KEY_ID": "AKID", "AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL + "/creds?a=b"},
	} {
		t.Run(name, func(t *testing.T) {
			e["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer x"
			h := containerEnv(e).host()
			h.containerHost = s.URL
			if got, err := retrieve(mustBuild(t, h)); err != nil || got != "KST" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestRelativeURIIsOfTheContainerHost(t *testing.T) {
	if got := lambda().containerHost; got != "http://169.254.170.2" {
		t.Errorf("relative to %s", got)
	}
}

func TestKeysOfTheEnvironmentWin(t *testing.T) {
	e := lambdaEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/", "AWS_PROFILE": "p", "AWS_WEB_IDENTITY_TOKEN_FILE": "f"})
	if got, err := retrieve(mustBuild(t, e.host())); err != nil || got != "AKIDsecrettoken" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTokenFileIsReadEachTime(t *testing.T) {
	var seen []string
	s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		io.WriteString(w, keysUntil(time.Minute)) // so near its end that it is not kept
	})
	file := filepath.Join(t.TempDir(), "token")
	built := mustBuild(t, containerEnv(env{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI":     s.URL,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN":      "of the variable",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
	}).host())

	_, err := retrieve(built)
	if !errors.Is(err, os.ErrNotExist) && !strings.Contains(errorText(err), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
		t.Errorf("without the file: %v", err)
	}
	for _, token := range []string{"one", "two\n"} {
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := retrieve(built); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(seen, ","); got != "one,two" {
		t.Errorf("tokens sent: %s", got)
	}
}

func TestCredentialsAreKeptUntilTheirEnd(t *testing.T) {
	left := time.Hour
	s := serve(t, func(_ int32, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, keysUntil(left)) })
	built := mustBuild(t, containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL}).host())
	for range 3 {
		if _, err := retrieve(built); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.requests.Load(); n != 1 {
		t.Errorf("%d requests for credentials that last an hour", n)
	}

	left = awskeys.ExpiryWindow - time.Second
	built = mustBuild(t, containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL}).host())
	for range 3 {
		if _, err := retrieve(built); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.requests.Load(); n != 4 {
		t.Errorf("%d requests, want 3 more for credentials about to end", n-1)
	}
}

func TestContainerTriesAgain(t *testing.T) {
	s := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 1:
			http.Error(w, "slow down", http.StatusTooManyRequests)
		case 2:
			hangUp(w)
		default:
			io.WriteString(w, keysJSON)
		}
	})
	built := mustBuild(t, containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL}).host())
	if got, err := retrieve(built); err != nil || got != "KST" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestContainerHosts(t *testing.T) {
	for address, allowed := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		"169.254.170.2:80": true, "169.254.170.23:80": true, "[fd00:ec2::23]:80": true,
		"169.254.169.254:80": false, "10.0.0.1:80": false, "[fd00:ec2::254]:80": false, "192.0.2.1:80": false, "": false,
	} {
		if err := containerHostsOnly("tcp", address, nil); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTokenStaysHome(t *testing.T) {
	built := mustBuild(t, containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/creds"}).host())
	err := awsfault.Classify(getParameter(built.plain), awsfault.Denial{})
	want := "192.0.2.1:80 is no host for credentials over http: use https, or a loopback, ECS or EKS address"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant … %s", err, want)
	}
	if _, ok := errors.AsType[*foreignHostError](err); !ok {
		t.Errorf("%v", err)
	}
}

// net/http itself sends nothing on loopback to a proxy, so no request can show it.
func TestTokenPassesNoProxyInTheClear(t *testing.T) {
	proxied := func(scheme string) bool {
		return lambda().endpointClient(scheme).HTTP.Transport.(*http.Transport).Proxy != nil
	}
	if proxied("http") || !proxied("https") {
		t.Errorf("by proxy: http %v, https %v", proxied("http"), proxied("https"))
	}
}

func TestContainerDoesNotFollow(t *testing.T) {
	s := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	built := mustBuild(t, containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL}).host())
	if _, err := retrieve(built); err == nil || s.requests.Load() != 1 {
		t.Errorf("%v after %d requests", err, s.requests.Load())
	}
}

func TestTokenOfTwoLines(t *testing.T) {
	s := serve(t, func(int32, http.ResponseWriter, *http.Request) {})
	built := mustBuild(t, containerEnv(env{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "hunter2\r\nX-Other: header",
	}).host())
	_, err := retrieve(built)
	want := "operation error AWS_CONTAINER_CREDENTIALS_FULL_URI: GetCredentials, AWS_CONTAINER_AUTHORIZATION_TOKEN holds more than one line"
	if errorText(err) != want || s.requests.Load() != 0 {
		t.Errorf("got  %v after %d requests\nwant %s", err, s.requests.Load(), want)
	}
}

// What a call says when its credentials cannot be had.
func TestContainerErrors(t *testing.T) {
	tests := []struct {
		name   string
		status int
		kind   string
		body   string
		want   string
	}{
		{"refused", 403, "application/json", `{"code":"AccessDenied","message":"wrong token"}`, "AccessDenied: wrong token"},
		{"refused in plain text", 403, "text/plain", "wrong token", "wrong token"},
		{"nonsense", 200, "application/json", `{"AccessKeyId":hunter2}`, "the answer is not the JSON of credentials"},
		{"refused without a word", 404, "text/plain", "", "HTTP status 404 Not Found"},
		{"a page of a proxy", 502, "text/html", "<html>hunter2</html>", "HTTP status 502 Bad Gateway, 3 attempts"},
		{"too many", 429, "text/plain", "slow down", "TooManyRequestsException: slow down, 3 attempts"},
		{"no date", 200, "application/json", `{"AccessKeyId":"K","SecretAccessKey":"hunter2","Expiration":"soon"}`, "the answer is not the JSON of credentials"},
		{"null", 200, "application/json", `{}`, "the answer holds no keys"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, func(_ int32, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			built := mustBuild(t, containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": s.URL}).host())
			err := awsfault.Classify(getParameter(built.plain), awsfault.Denial{Action: "ssm:GetParameter"})
			want := "GetParameter: no credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI GetCredentials: " + test.want
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if errors.Is(err, lambdacache.ErrDenied) {
				t.Error("no policy of the parameter would help")
			}
			if errors.Is(err, lambdacache.ErrThrottled) != (test.status == 429) {
				t.Errorf("throttled: %v", err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "hunter") || strings.Contains(e.Error(), "invalid character") {
					t.Errorf("quotes the answer: %v", e)
				}
			}
		})
	}
}

func TestNoCredentials(t *testing.T) {
	for want, e := range map[string]env{
		"no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: set both, as Lambda does; for a profile, SSO or web identity " + useInstead: {},
		"no AWS credentials: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not: set both, as Lambda does; for a profile, SSO or web identity " + useInstead: {
			"AWS_ACCESS_KEY_ID": "k",
		},
		"no AWS credentials: AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not: set both, as Lambda does; for a profile, SSO or web identity " + useInstead: {
			"AWS_SECRET_ACCESS_KEY": "s",
		},
		"no AWS credentials: AWS_PROFILE is not followed here; " + useInstead:                 {"AWS_PROFILE": "p", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost"},
		"no AWS credentials: AWS_WEB_IDENTITY_TOKEN_FILE is not followed here; " + useInstead: {"AWS_WEB_IDENTITY_TOKEN_FILE": "f"},
		"AWS_CONTAINER_CREDENTIALS_FULL_URI does not make a URL with scheme and host":         {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "localhost:80"},
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not make a URL with scheme and host":     {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "\x00"},
	} {
		if _, err := build(containerEnv(e).host()); errorText(err) != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// Credentials come over https from anywhere, and over http from hosts that are known.
func TestSchemesOfTheCredentialsEndpoint(t *testing.T) {
	for uri, ok := range map[string]bool{
		"https://credentials.example.com/role": true, "http://localhost/role": true,
		"ftp://localhost/role": false, "file:///role": false, "https:///role": false,
	} {
		_, err := build(containerEnv(env{"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri}).host())
		if (err == nil) != ok {
			t.Errorf("%s: %v", uri, err)
		}
	}
}
