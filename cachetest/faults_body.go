package cachetest

import "net/http"

// AtByte calls hook when n bytes of the answer's body have been sent, in the middle
// of the answer: to replace the object that is being downloaded, for example. With
// n = 0 hook runs when the answer is made and nothing of it sent, not even its
// header. A body of fewer than n bytes does not call it. The rest of the answer
// waits for hook.
func AtByte(n int, hook func()) Effect {
	return atByte(n, func(*http.Request) { hook() })
}

// TruncateBody sends the header, with the true length, and n bytes of the body, and
// closes the connection. A body of up to n bytes is sent whole.
func TruncateBody(n int) Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&cutWriter{ResponseWriter: w, left: n}, r)
		})
	}
}

// CorruptBody changes byte n of the body, counted from 0, as a fault of a disk or a
// cable would. A body without such a byte stays as it is.
func CorruptBody(n int) Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&corruptWriter{ResponseWriter: w, at: n}, r)
		})
	}
}

// SlowBody sends the header at once, then size bytes of the body for each value
// that the test sends to ticks; when ticks is closed, the rest. The wait ends when
// the client leaves. It panics if size is below 1.
func SlowBody(size int, ticks <-chan struct{}) Effect {
	if size < 1 {
		panic("cachetest: SlowBody needs a size of at least 1")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&slowWriter{ResponseWriter: w, r: r, size: size, ticks: ticks}, r)
		})
	}
}

func atByte(n int, hook func(*http.Request)) Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&hookWriter{ResponseWriter: w, left: n, hook: func() { hook(r) }}, r)
		})
	}
}

// hookWriter calls hook once, when left bytes have been sent.
type hookWriter struct {
	http.ResponseWriter
	left int
	hook func() // nil when it was called
}

func (w *hookWriter) WriteHeader(status int) {
	if w.left == 0 {
		w.call()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *hookWriter) Write(p []byte) (int, error) {
	if w.hook == nil || len(p) < w.left {
		w.left -= len(p)
		return w.ResponseWriter.Write(p)
	}
	n, err := send(w.ResponseWriter, p[:w.left])
	w.call()
	if err != nil {
		return n, err
	}
	m, err := w.ResponseWriter.Write(p[n:])
	return n + m, err
}

func (w *hookWriter) call() {
	hook := w.hook
	w.hook = nil
	hook()
}

// cutWriter closes the connection when more than left bytes are written.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		_, _ = send(w.ResponseWriter, p[:w.left])
		abort()
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

// corruptWriter changes one byte.
type corruptWriter struct {
	http.ResponseWriter
	at   int
	sent int
}

func (w *corruptWriter) Write(p []byte) (int, error) {
	if i := w.at - w.sent; i >= 0 && i < len(p) {
		p = append([]byte(nil), p...)
		p[i] ^= 0x01
	}
	w.sent += len(p)
	return w.ResponseWriter.Write(p)
}

// slowWriter sends size bytes a tick.
type slowWriter struct {
	http.ResponseWriter
	r     *http.Request
	size  int
	ticks <-chan struct{}
}

func (w *slowWriter) WriteHeader(status int) {
	w.ResponseWriter.WriteHeader(status)
	_, _ = send(w.ResponseWriter, nil)
}

func (w *slowWriter) Write(p []byte) (int, error) {
	sent := 0
	for sent < len(p) {
		select {
		case <-w.ticks:
		case <-w.r.Context().Done():
			abort()
		}
		n, err := send(w.ResponseWriter, p[sent:min(sent+w.size, len(p))])
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// send writes p and everything before it to the client now.
func send(w http.ResponseWriter, p []byte) (int, error) {
	n := 0
	if len(p) > 0 {
		var err error
		if n, err = w.Write(p); err != nil {
			return n, err
		}
	}
	return n, http.NewResponseController(w).Flush()
}
