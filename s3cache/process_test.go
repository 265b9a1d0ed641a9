package s3cache

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
)

// childURI makes the test binary a process that downloads one file.
const (
	childURI    = "S3CACHE_TEST_CHILD_URI"
	childTraced = "S3CACHE_TEST_CHILD_TRACED" // and be stopped before what it does with files
)

var prepareTraced func() error // where there is a way

// child downloads a file and prints its path, or the error; for each line that it reads
// the same again. With its standard input it ends.
func child(uri string) {
	if os.Getenv(childTraced) != "" {
		if err := prepareTraced(); err != nil {
			fmt.Println("untraced:", err)
			return
		}
	}
	e := File(uri)
	f, err := e.Get(context.Background())
	lines := bufio.NewScanner(os.Stdin)
	for tell(f, err); lines.Scan(); tell(f, err) {
		f, err = e.Refresh(context.Background())
	}
	if err == nil {
		_, err = os.Stat(f.Path())
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("still there")
}

func tell(f *LocalFile, err error) {
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	fmt.Println(f.Path())
}

type process struct {
	*exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// start starts a child; it is killed at the end of the test if it still runs.
func (l *lab) start(uri string) *process {
	l.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childURI+"="+uri)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	p := &process{cmd, in, bufio.NewReader(out)}
	l.t.Cleanup(func() { p.kill() })
	return p
}

func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	return strings.TrimSpace(line)
}

// A process that is killed in the middle of a download leaves something behind, which
// the next one neither uses nor keeps.
func TestKilledDuringDownload(t *testing.T) {
	size := len(bigBody())
	for _, n := range []int{1, chunk, chunk + 1, size / 2, size - 1} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", bigBody())
			gate := cachetest.NewGate()
			l.Fail(cachetest.Fault{Do: gate.HoldBody(n), Times: 1})
			p := l.start("s3://b/k")
			gate.Wait(1)
			l.awaitPart()
			p.kill()
			want(t, "left behind", len(l.onDisk()), 1)

			f := get(t, File("s3://b/k"))
			want(t, "content", content(t, f), string(bigBody()))
			l.onlyOnDisk(f)
		})
	}
}

// awaitPart returns when a download has begun to write.
func (l *lab) awaitPart() {
	for {
		parts, err := filepath.Glob(l.shared() + "/*/*" + partSuffix)
		if err != nil {
			l.t.Fatal(err)
		}
		if len(parts) > 0 {
			return
		}
	}
}

// A whole file of a process that is no more is not used either: what it was, only
// that process knew.
func TestKilledAfterDownload(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", []byte("one"))
	p := l.start("s3://b/k")
	path := p.line(t)
	p.kill()
	if err := os.WriteFile(path, []byte("bad"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := get(t, File("s3://b/k"))
	want(t, "content", content(t, f), "one")
	l.onlyOnDisk(f)
	want(t, "calls", l.Calls(""), 2)
}

// Two processes share the folder, and neither touches what is the other's.
func TestTwoProcesses(t *testing.T) {
	l := newLab(t)
	l.S3.Put("b", "k", bigBody())
	gate := cachetest.NewGate()
	l.Fail(cachetest.Fault{Do: gate.HoldBody(100_000), Times: 1})
	p := l.start("s3://b/k")
	gate.Wait(1)
	l.awaitPart()

	f := get(t, File("s3://b/k"))
	want(t, "on disk", len(l.onDisk()), 2)
	gate.Release()
	theirs := p.line(t)
	b, err := os.ReadFile(theirs)
	if err != nil || string(b) != string(bigBody()) {
		t.Errorf("the child's file %q: %d bytes, %v", theirs, len(b), err)
	}
	p2 := l.start("s3://b/k")
	p2.line(t)
	want(t, "ours", content(t, f), string(bigBody()))
	p.in.Close()
	want(t, "theirs", p.line(t), "still there")
}
