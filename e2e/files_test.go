//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/internal/lambdahost"

	"github.com/lambda-cache/lambdacache/e2e/internal/guest"
)

type fileResponse struct {
	Generation int
	Path       string
}

func newFile(t *testing.T, changes ...change) (*function, *cachetest.AWS) {
	t.Helper()
	aws := cachetest.NewAWS(t, cachetest.NoEnv())
	putFile(aws, 1)
	return newFunction(t, "file", aws, changes...), aws
}

// putFile stores an object that takes several writes to download.
func putFile(aws *cachetest.AWS, generation int) []byte {
	body := []byte(guest.Value(generation) + "\n" + strings.Repeat("weights ", 1<<17))
	aws.S3.Put("app-models", "model.bin", body)
	return body
}

// onDisk lists the files that the library keeps in an environment's tmp folder.
func onDisk(t testing.TB, f *function) (files []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(f.TmpDir(), "lambdacache-s3-*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Lambda keeps /tmp when a process crashes. What stands there is not trusted: nobody
// knows whether it is whole, or what has changed since.
func TestFilesAfterACrash(t *testing.T) {
	f, _ := newFile(t)
	first := invoke[fileResponse](t, f, nil)
	if first.Generation != 1 || !strings.HasPrefix(first.Path, f.TmpDir()) {
		t.Fatalf("generation %d at %s, want 1 below %s", first.Generation, first.Path, f.TmpDir())
	}
	f.Kill()
	if got := onDisk(t, f); len(got) != 1 || got[0] != first.Path {
		t.Fatalf("on disk %q, want the file of the process that crashed", got)
	}
	forged := guest.Value(999) + "\n"
	if err := os.WriteFile(first.Path, []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRecovery(t, f, 1, first)
	if f.Starts() != 2 {
		t.Errorf("%d processes, want 2", f.Starts())
	}
}

// wantWholeDownload fails unless the object was asked for once and without condition.
func wantWholeDownload(t testing.TB, aws *cachetest.AWS) {
	t.Helper()
	requests := aws.Requests()
	if len(requests) != 1 || requests[0].Status != 200 || requests[0].Header.Get("If-None-Match") != "" {
		t.Errorf("requests %+v, want one for the whole object", requests)
	}
}

// A crash in the middle of a download leaves a part of a file behind, wherever it
// happens and however often. /tmp is kept each time; nothing piles up in it.
func TestACrashDuringADownload(t *testing.T) {
	f, aws := newFile(t)
	held := invoke[fileResponse](t, f, nil)
	const size, chunk = 1 << 20, 64 << 10
	generation := 1
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, size / 2, size, len(putFile(aws, 1)) - 1} {
		generation++
		putFile(aws, generation)
		gate := cachetest.NewGate()
		aws.Fail(cachetest.Fault{Operation: "GetObject", Times: 1, Do: gate.HoldBody(n)})
		f.sleepUnseen(t, time.Minute)
		crashing := f.begin(t, nil)
		gate.Wait(1)
		left := []string{held.Path}
		if n > 0 {
			left = append(left, waitForPart(t, f))
		}
		f.Kill()
		failed(t, f.outcome(t, crashing), lambdahost.ErrorTypeExit)
		if got := onDisk(t, f); len(got) != len(left) {
			t.Fatalf("crash after %d bytes: on disk %q, want the old version and the part, %q", n, got, left)
		}
		held = wantRecovery(t, f, generation, held)
	}
}

// A function that is stopped by its timeout is reset like one that crashed.
func TestATimeoutDuringADownload(t *testing.T) {
	t.Parallel()
	f, aws := newFile(t, timeout(3*time.Second))
	first := invoke[fileResponse](t, f, nil)
	putFile(aws, 2)
	gate := cachetest.NewGate()
	heal := aws.Fail(cachetest.Fault{Operation: "GetObject", Do: gate.HoldBody(512 << 10)})
	f.sleepUnseen(t, time.Minute)
	failed(t, f.try(t, nil), lambdahost.ErrorTypeTimeout)
	heal()
	wantRecovery(t, f, 2, first)
}

// wantRecovery invokes a function whose process has ended during a download. The new
// process asks for the whole object, once, and keeps nothing of what was there.
func wantRecovery(t testing.TB, f *function, generation int, before fileResponse) fileResponse {
	t.Helper()
	starts := f.Starts()
	f.aws.ResetCounts()
	r := invoke[fileResponse](t, f, nil)
	if r.Generation != generation || f.Starts() != starts+1 {
		t.Errorf("generation %d in process %d, want %d in %d", r.Generation, f.Starts(), generation, starts+1)
	}
	wantWholeDownload(t, f.aws)
	if got := onDisk(t, f); len(got) != 1 || got[0] != r.Path || r.Path == before.Path {
		t.Errorf("on disk %q, want only %s", got, r.Path)
	}
	return r
}

// waitForPart waits until something of a download is on disk.
func waitForPart(t testing.TB, f *function) string {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		for _, path := range onDisk(t, f) {
			if info, err := os.Stat(path); err == nil && strings.HasSuffix(path, ".part") && info.Size() > 0 {
				return path
			}
		}
		select {
		case <-look.C:
		case <-t.Context().Done():
			t.Fatal("no part of the download is on disk")
		}
	}
}
