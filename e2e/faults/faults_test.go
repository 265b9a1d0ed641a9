package faults

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/site"
	"github.com/lambda-cache/lambdacache/internal/testhook"

	"github.com/lambda-cache/lambdacache/e2e/internal/peers"
)

// fault is a section of the page.
type fault struct {
	name, text string
	begin      func(t *testing.T, w *world)
	alone      bool // its cells run one by one, because some event is about no key
	timed      bool // loads and attempts meet their limits; else they have all the time they need, on a slow machine too
}

// value is the length of every value, so that an answer can be cut in its middle.
const valueSize = 3000

var faults = []fault{
	{name: "slow", text: "Every answer comes 0.3 s late.", begin: toxic("latency", "downstream", map[string]any{"latency": 300})},
	{name: "hang", timed: true, text: "The service takes the request and never answers.", begin: effect(cachetest.Hang())},
	{name: "reset", text: "Every connection is reset when it is used.", begin: toxic("reset_peer", "upstream", map[string]any{"timeout": 0})},
	{name: "half-open", timed: true, text: "Connections are made, and nothing passes.", begin: toxic("timeout", "upstream", map[string]any{"timeout": 0})},
	{name: "truncated body", text: "Every connection ends in the middle of the answer.", begin: cutOff},
	{
		name: "malformed answer", text: "200 with JSON that ends too early. S3's answers have no form but in errors: 400 with XML that ends too early.",
		begin: perService(cachetest.Malformed(), document(400, `<Error><Code>Inva`), site.Answer(200, `{"value":"v2`)),
	},
	{
		name: "400 denied", text: "`AccessDeniedException`, of S3 `AccessDenied`; over HTTP 401, which is how a site asks for credentials.", alone: true,
		begin: perService(cachetest.Error(400, "AccessDeniedException", "not authorized"), cachetest.Error(400, "AccessDenied", "Access Denied"), site.Answer(401, "")),
	},
	{
		name: "400 throttled", text: "`ThrottlingException`, of S3 `RequestLimitExceeded`; over HTTP 429.",
		begin: perService(cachetest.Throttle(), cachetest.Error(400, "RequestLimitExceeded", "Rate exceeded"), site.Answer(429, "")),
	},
	{
		name: "403", text: "`AccessDeniedException`, of S3 `AccessDenied`, which is how S3 itself denies.", alone: true,
		begin: perService(cachetest.Error(403, "AccessDeniedException", "not authorized"), cachetest.Denied(), site.Answer(403, "")),
	},
	{name: "404", text: "What is asked for has been deleted.", begin: func(_ *testing.T, w *world) { w.deleteAll() }},
	{
		name: "500", text: "`InternalServerError`, of S3 `InternalError`.",
		begin: perService(cachetest.Error(500, "InternalServerError", "try again"), cachetest.Error(500, "InternalError", "We encountered an internal error."), site.Answer(500, "")),
	},
	{
		name: "503", text: "`ServiceUnavailable`, of S3 `SlowDown`.",
		begin: perService(cachetest.Error(503, "ServiceUnavailable", "try again"), cachetest.Throttle(), site.Answer(503, "")),
	},
	{
		name: "expired token", text: "400 `ExpiredTokenException`, of S3 `ExpiredToken`; over HTTP 401.",
		begin: perService(cachetest.Error(400, "ExpiredTokenException", "The security token is expired"), cachetest.Error(400, "ExpiredToken", "The provided token has expired."), site.Answer(401, "")),
	},
	{name: "DNS: no such host", text: "The service's name is not known.", begin: func(_ *testing.T, w *world) { w.dns.fail(nameError) }},
	{name: "DNS: failure", text: "The name server answers SERVFAIL.", begin: func(_ *testing.T, w *world) { w.dns.fail(serverFailure) }},
}

func toxic(kind, stream string, attributes map[string]any) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		w.proxy.Add(t, kind, stream, attributes)
		w.siteProxy.Add(t, kind, stream, attributes)
	}
}

// cutOff ends connections after half of a value. Those of the site begin with a handshake
// and the header, which are less than a value.
func cutOff(t *testing.T, w *world) {
	w.proxy.Add(t, "limit_data", "downstream", map[string]any{"bytes": valueSize / 2})
	w.siteProxy.Add(t, "limit_data", "downstream", map[string]any{"bytes": valueSize})
}

func effect(e cachetest.Effect) func(*testing.T, *world) { return perService(e, e, e) }

func perService(others, s3, http cachetest.Effect) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) {
		w.site.Fail(0, http)
		for service, e := range map[bool]cachetest.Effect{false: others, true: s3} {
			w.Fail(cachetest.Fault{Match: func(r cachetest.Request) bool { return (r.Service == "s3") == service }, Do: e})
		}
	}
}

// document answers with a status and a body of XML.
func document(status int, body string) cachetest.Effect {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
}

// world is a fake AWS and a site behind a network that can be broken.
type world struct {
	*services
	clock            *cachetest.Clock
	proxy, siteProxy *peers.Proxy
	documents        string // the URL of the site, behind its proxy
	dns              *nameServer
	cells            []*cell
}

func (w *world) deleteAll() {
	for _, c := range w.cells {
		for _, key := range c.keys {
			c.source.remove(w.services, key)
		}
	}
}

func (w *world) heal(t *testing.T) {
	w.Heal()
	w.site.Heal()
	w.proxy.Heal(t)
	w.siteProxy.Heal(t)
	w.dns.fail(0)
}

func TestFaultsOnToxiproxy(t *testing.T) {
	toxiproxy := peers.Toxiproxy(t)
	s := newServices(t)
	cachetest.Reset(t)
	w := &world{
		services: s, clock: cachetest.NewClock(t),
		proxy:     toxiproxy.Proxy(t, "aws", strings.TrimPrefix(s.URL(), "http://")),
		siteProxy: toxiproxy.Proxy(t, "site", s.site.Listener.Addr().String()),
		dns:       serveNames(t),
	}
	_, port, err := net.SplitHostPort(w.siteProxy.Address)
	if err != nil {
		t.Fatal(err)
	}
	w.documents = "https://" + net.JoinHostPort(siteName, port)
	pages := make(page)
	for _, f := range faults {
		start, restore := time.Now(), func() {}
		if f.timed {
			restore = testhook.Patience(longer)
		}
		w.cells = newCells(t, w, f)
		w.play(t, f)
		for _, c := range w.cells {
			pages.add(t, f, c)
		}
		restore()
		t.Logf("%s: %v", f.name, time.Since(start))
	}
	pages.compare(t)
}
