//go:build linux

package lambdahost

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/lambda-cache/lambdacache/internal/leftover"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// The test binary is also the function and its extensions: started under the name
// of a symbolic link, it acts as what the link is called.
const childMark = "LAMBDAHOST_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childMark) == "" {
		testhook.Patient() // a busy machine is no function that does not end
		leftover.Main(m)
	}
	switch name := filepath.Base(os.Args[0]); {
	case name == "bootstrap":
		runFunction()
	case name == "parent":
		runParent()
	case name == "idler":
		block()
	default:
		runExtension(name)
	}
}

// command is the event of the test function.
type command struct {
	Do   string
	N    int
	Path string
}

// function is a small runtime: it asks for events and obeys them.
type function struct {
	base    string
	calls   atomic.Int64 // lost with the process
	arrived sync.WaitGroup
	arrive  sync.Once
}

func runFunction() {
	record("runtime started")
	f := &function{base: "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime"}
	f.init()
	loops, _ := strconv.Atoi(os.Getenv("AWS_LAMBDA_MAX_CONCURRENCY"))
	for range max(loops, 1) - 1 {
		go f.loop()
	}
	f.loop()
}

// init misbehaves as the environment asks.
func (f *function) init() {
	switch os.Getenv("INIT") {
	case "error":
		post(f.base+"/init/error", `{"errorMessage":"no table","errorType":"NoTable"}`)
		os.Exit(1)
	case "exit once":
		if !exists("inited") {
			write("inited", "")
			os.Exit(7)
		}
	case "hang":
		block()
	}
	if mode := os.Getenv("INTERNAL"); mode != "" {
		startInternal(mode)
	}
}

// startInternal waits for SIGTERM and registers an internal extension, which is what
// makes SIGTERM come.
func startInternal(mode string) {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		record("SIGTERM")
		if mode == "exits" {
			os.Exit(0)
		}
	}()
	if mode == "unregistered" {
		return
	}
	status, id, _ := register("internal", nil)
	if status != http.StatusOK {
		panic(fmt.Sprint("internal extension refused: ", status))
	}
	go nextEvent(id)
}

func (f *function) loop() {
	for {
		resp, err := http.Get(f.base + "/invocation/next")
		if err != nil {
			block() // the host closed the API and is about to kill us
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			panic(err)
		}
		f.handle(resp.Header, body)
	}
}

func (f *function) handle(head http.Header, body []byte) {
	var c command
	if err := json.Unmarshal(body, &c); err != nil {
		panic(err)
	}
	url := f.base + "/invocation/" + head.Get("Lambda-Runtime-Aws-Request-Id")
	answer := func(v any) { respond(url+"/response", v) }
	calls := f.calls.Add(1)
	switch c.Do {
	case "count":
		answer(calls)
	case "head":
		answer(head)
	case "environ":
		dir, _ := os.Getwd()
		answer(map[string]any{"env": os.Environ(), "dir": dir, "tmp": os.TempDir()})
	case "error":
		post(url+"/error", `{"errorMessage":"no user","errorType":"NotFound","stackTrace":[]}`)
	case "error and exit":
		post(url+"/error", `{"errorMessage":"nil map","errorType":"Panic"}`)
		os.Exit(1)
	case "exit":
		os.Exit(c.N)
	case "panic":
		panic("as asked")
	case "hang":
		block()
	case "write":
		write(c.Path, "kept")
		answer(nil)
	case "read":
		content, _ := os.ReadFile(filepath.Join(os.TempDir(), c.Path))
		answer(string(content))
	case "tick":
		go tick(c.Path)
		answer(nil)
	case "start":
		idler := exec.Command(c.Path)
		idler.Env = os.Environ()
		if err := idler.Start(); err != nil {
			panic(err)
		}
		answer(idler.Process.Pid)
	case "meet":
		f.arrive.Do(func() { f.arrived.Add(c.N) })
		f.arrived.Done()
		f.arrived.Wait()
		answer(os.Getpid())
	case "wait":
		awaitGate(c.Path)
		answer("late")
	case "stream":
		stream(url+"/response", c.Path, nil)
	case "stream and fail":
		stream(url+"/response", c.Path, func() error { return io.ErrUnexpectedEOF })
	case "stream and exit":
		stream(url+"/response", c.Path, func() error { os.Exit(3); return nil })
	case "break off":
		breakOff(url + "/response")
	default:
		answer("unknown command " + c.Do)
	}
}

// stream answers in two chunks and waits at the gate between them.
func stream(url, gate string, end func() error) {
	body, w := io.Pipe()
	req, _ := http.NewRequest(http.MethodPost, url, body)
	req.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
	req.Header.Set("Content-Type", "text/event-stream")
	req.Trailer = http.Header{trailerErrorType: nil, trailerErrorBody: nil}
	go func() {
		_, _ = io.WriteString(w, "first,")
		awaitGate(gate)
		if end != nil {
			if err := end(); err != nil {
				req.Trailer.Set(trailerErrorType, "StreamError")
				req.Trailer.Set(trailerErrorBody, base64.StdEncoding.EncodeToString(
					[]byte(`{"errorMessage":"source is gone","errorType":"StreamError"}`)))
				w.Close()
				return
			}
		}
		_, _ = io.WriteString(w, "second")
		w.Close()
	}()
	finish(http.DefaultClient.Do(req))
}

// breakOff ends a response before its declared length.
func breakOff(url string) {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(conn, "POST /%s HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n\r\ntoo little", path, host)
	conn.Close()
}

// tick counts in a file that the test reads, once a millisecond.
func tick(path string) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		panic(err)
	}
	if err := f.Truncate(8); err != nil {
		panic(err)
	}
	shared, err := syscall.Mmap(int(f.Fd()), 0, 8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	for range time.Tick(time.Millisecond) {
		atomic.AddInt64((*int64)(unsafe.Pointer(&shared[0])), 1)
	}
}

// runParent makes a host, tells its process's id and waits to be killed.
func runParent() {
	h, err := New(Config{
		Bootstrap: os.Getenv("BOOTSTRAP"),
		Env:       map[string]string{childMark: "1"},
		NoFreeze:  true, // the kernel hangs up on orphaned processes that are stopped
	})
	if err != nil {
		panic(err)
	}
	if err := h.Init(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(h.PID())
	block()
}
