package lambdacache_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	lc "github.com/lambda-cache/lambdacache"
)

// What a log says of an event: the cause, which is an error, too.
func TestEventsInLogs(t *testing.T) {
	e := lc.Event{
		Kind: lc.EventFailed, Source: "ssm", Key: "/app/k", Entries: []string{"k"},
		Duration: 50 * time.Millisecond, Calls: 1, Age: time.Minute, Err: lc.Denied(errors.New("no"), "ssm:GetParameters", "*"),
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	logger.Info("cache", "event", e)
	want(t, "log", log.String(), `{"level":"INFO","msg":"cache","event":{"kind":"failed","source":"ssm","key":"/app/k","entries":["k"],`+
		`"duration":50000000,"calls":1,"age":60000000000,"error":"no; allow ssm:GetParameters on *"}}`+"\n")
	log.Reset()
	logger.Info("cache", "event", lc.Event{Kind: lc.EventFallback, Source: "ssm"})
	want(t, "log", log.String(), `{"level":"INFO","msg":"cache","event":{"kind":"fallback","source":"ssm"}}`+"\n")
	for _, test := range []struct {
		event lc.Event
		want  string
	}{
		{e, `{"Kind":"failed","Source":"ssm","Key":"/app/k","Entries":["k"],"Duration":50000000,"Calls":1,"Age":60000000000,"Err":"no; allow ssm:GetParameters on *"}`},
		{lc.Event{Kind: lc.EventLoaded, Source: "ssm"}, `{"Kind":"loaded","Source":"ssm","Key":"","Entries":null,"Duration":0,"Calls":0,"Age":0}`},
	} {
		text, err := json.Marshal(test.event)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "JSON", string(text), test.want)
	}
}
