package s3cache

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

// childURI makes the test binary a process that downloads one file.
const (
	childURI    = "S3CACHE_TEST_CHILD_URI"
	childTraced = "S3CACHE_TEST_CHILD_TRACED" // and be stopped before what it does with files
	childRanges = "S3CACHE_TEST_CHILD_RANGES" // and download in ranges of so many bytes or more
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
	if least, err := strconv.ParseInt(os.Getenv(childRanges), 10, 64); err == nil {
		large, leastRange = 64, least
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
	in  io.WriteCloser
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
	bothWays(t, 2*chunk, killedDuringDownload)
}

func killedDuringDownload(t *testing.T) {
	size := len(bigBody())
	points := []int{0, 1, 4095, 4096, size - 1, size}
	for n := chunk; n < size; n += chunk {
		points = append(points, n-1, n, n+1)
	}
	for _, n := range points {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			l := newLab(t)
			l.S3.Put("b", "k", bigBody())
			gate := cachetest.NewGate()
			l.Fail(cachetest.Fault{Do: gate.HoldBody(n), Times: 1})
			p := l.start("s3://b/k")
			gate.Wait(1)
			if n > 0 {
				l.awaitPart()
				want(t, "left behind", len(l.onDisk()), 1)
			}
			p.kill()

			f := get(t, File("s3://b/k"))
			want(t, "content", content(t, f), string(bigBody()))
			l.onlyOnDisk(f)
			want(t, "folders", len(l.folders()), 1)
		})
	}
}

// awaitPart returns when a download has begun to write.
func (l *lab) awaitPart() {
	for {
		parts, err := filepath.Glob(l.shared() + "/*/*")
		if err != nil {
			l.t.Fatal(err)
		}
		if len(parts) > 0 {
			return
		}
	}
}

// folders are those of processes.
func (l *lab) folders() []string {
	l.t.Helper()
	folders, err := filepath.Glob(l.shared() + "/*")
	if err != nil {
		l.t.Fatal(err)
	}
	return folders
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

// Two processes, and eight, live and load new versions while others come, go and
// crash. Nobody's file is swept and nobody reads another's.
func TestManyProcesses(t *testing.T) {
	for _, n := range []int{2, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			l := newLab(t)
			residents := make([]*resident, n)
			for i := range residents {
				residents[i] = &resident{lab: l, key: fmt.Sprint("k", i)}
				residents[i].put()
				residents[i].process = l.start("s3://b/" + residents[i].key)
			}
			l.S3.Put("b", "passing", bigBody())
			for range 2 {
				var all sync.WaitGroup
				for _, r := range residents {
					all.Go(r.check)
				}
				for i := range 3 {
					passing := l.start("s3://b/passing")
					all.Go(func() { l.visit(passing, i) })
				}
				all.Wait()
			}
			testhook.Reset()
			f := get(t, File("s3://b/passing")) // and sweeps
			want(t, "folders", len(l.folders()), n+1)
			for _, r := range residents {
				r.check()
				want(t, r.key+" is still there", r.leave(), "still there")
			}
			testhook.Reset()
			get(t, File("s3://b/passing"))
			for _, folder := range l.folders() {
				if !strings.HasPrefix(filepath.Base(folder), fmt.Sprint(os.Getpid(), "-")) {
					t.Errorf("left behind: %s", folder)
				}
			}
			want(t, "ours", content(t, f), string(bigBody()))
		})
	}
}

// resident is a process that stays, with an object of its own.
type resident struct {
	*lab
	*process
	key     string
	version int
	asked   bool
}

func (r *resident) put() {
	r.version++
	r.S3.Put("b", r.key, fmt.Appendf(bigBody(), "%s %d", r.key, r.version))
}

// check has a resident load a new version and looks at its file.
func (r *resident) check() {
	if r.asked {
		r.put()
		fmt.Fprintln(r.in, "again")
	}
	r.asked = true
	said, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Errorf("%s: %v", r.key, err)
		return
	}
	got, err := os.ReadFile(strings.TrimSpace(said))
	if want := fmt.Appendf(bigBody(), "%s %d", r.key, r.version); err != nil || !bytes.Equal(got, want) {
		r.t.Errorf("%s: the process said %q: %d bytes, %v, want %d", r.key, said, len(got), err, len(want))
	}
}

func (r *resident) leave() string {
	r.in.Close()
	said := r.line(r.t)
	_ = r.Wait()
	return said
}

// visit is a process that comes and goes: it crashes at some time, crashes when it has
// loaded, or ends.
func (l *lab) visit(p *process, way int) {
	if way > 0 {
		said, err := p.out.ReadString('\n')
		if got, readErr := os.ReadFile(strings.TrimSpace(said)); err != nil || !bytes.Equal(got, bigBody()) {
			l.t.Errorf("a visitor said %q: %d bytes, %v, %v", said, len(got), err, readErr)
		}
	}
	if way == 1 {
		p.in.Close()
		_, _ = io.Copy(io.Discard, p.out)
	}
	p.kill()
}
