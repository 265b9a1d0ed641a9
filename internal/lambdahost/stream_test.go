//go:build linux

package lambdahost

import (
	"errors"
	"io"
	"testing"

	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func startStream(t *testing.T, h *Host, do string) (stream *Stream, door string) {
	t.Helper()
	door = gate(t, t.TempDir(), "door")
	stream, err := h.InvokeStream(t.Context(), Event{Payload: payload(command{Do: do, Path: door})})
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len("first,"))
	if _, err := io.ReadFull(stream, first); err != nil || string(first) != "first," {
		t.Fatalf("first chunk %q: %v", first, err)
	}
	return stream, door // the function is still at the gate
}

func TestStreamedBytesArriveBeforeTheFunctionEnds(t *testing.T) {
	h := newHost(t, nil)
	stream, door := startStream(t, h, "stream")
	if got := stream.ContentType(); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	open(t, door)
	rest, err := io.ReadAll(stream)
	if err != nil || string(rest) != "second" {
		t.Errorf("rest %q: %v", rest, err)
	}
	r, err := stream.Response(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Payload) != "first,second" || r.Error != nil || !r.Streaming || r.ContentType != "text/event-stream" {
		t.Errorf("response %+v", r)
	}
	if r.RequestID != stream.RequestID() || r.RequestID == "" {
		t.Errorf("request ids %q and %q", r.RequestID, stream.RequestID())
	}
}

func TestStreamsThatFailMidway(t *testing.T) {
	for _, c := range []struct {
		do, errorType, message string
		starts                 int
	}{
		{"stream and fail", "StreamError", "source is gone", 1},
		{"stream and exit", ErrorTypeExit, "Runtime exited with error: exit status 3", 2},
	} {
		t.Run(c.do, func(t *testing.T) {
			h := newHost(t, nil)
			stream, door := startStream(t, h, c.do)
			open(t, door)
			var failed *FunctionError
			if _, err := io.ReadAll(stream); !errors.As(err, &failed) || failed.Type != c.errorType {
				t.Errorf("reading on: %v", err)
			}
			r, err := stream.Response(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if r.Error == nil || r.Error != failed || string(r.Payload) != "first," {
				t.Errorf("error %v, payload %q", r.Error, r.Payload)
			}
			ask[int](t, h, command{Do: "count"})
			if h.Starts() != c.starts {
				t.Errorf("%d starts, want %d", h.Starts(), c.starts)
			}
		})
	}
}

func TestAResponseThatBreaksOff(t *testing.T) {
	h := newHost(t, nil)
	defer testhook.Patience(1)() // this one does not end
	r := invoke(t, h, command{Do: "break off"})
	if r.Error == nil || r.Error.Type != ErrorTypeTruncated {
		t.Errorf("error %v", r.Error)
	}
	if got := ask[int](t, h, command{Do: "count"}); got != 2 {
		t.Errorf("call %d, want the second of the same process", got)
	}
}

func TestAFailedStreamHasNoBytes(t *testing.T) {
	h := newHost(t, nil)
	stream, err := h.InvokeStream(t.Context(), Event{Payload: payload(command{Do: "error"})})
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.ContentType(); got != "" {
		t.Errorf("content type %q", got)
	}
	var failed *FunctionError
	if n, err := stream.Read(make([]byte, 8)); n != 0 || !errors.As(err, &failed) || failed.Type != "NotFound" {
		t.Errorf("read %d bytes: %v", n, err)
	}
}
