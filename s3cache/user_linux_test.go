package s3cache

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// nobody is a user that is not root.
const nobody = 65534

// asNobody runs tests of this file's package in a process of another user, for whom a
// folder may be locked, or belong to another.
func asNobody(t *testing.T, temp, tests string, env ...string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run", tests)
	cmd.Env = append(append(os.Environ(), "TMPDIR="+temp, "GOCOVERDIR="), env...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
	return string(out)
}

// foreignTemp is a folder for temporary files of another user.
func foreignTemp(t *testing.T) string {
	t.Helper()
	temp, err := os.MkdirTemp("", "s3cache-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	if err := os.Chown(temp, nobody, nobody); err != nil {
		t.Skip(err)
	}
	return temp
}

func TestAsAnotherUser(t *testing.T) {
	out := asNobody(t, foreignTemp(t), "^(TestFileTampered.*|TestFolderNotOurs|TestFolderOpenedToOthers|TestSweep)$")
	if strings.Contains(out, "--- SKIP") || !strings.Contains(out, "/folder_locked") {
		t.Errorf("tests were skipped:\n%s", out)
	}
}

const inForeignFolder = "S3CACHE_TEST_FOREIGN_FOLDER"

// A folder that root has made, though its name is that of our own, and though its mode
// is right.
func TestFolderOfAnotherUser(t *testing.T) {
	if os.Getenv(inForeignFolder) == "" {
		temp := foreignTemp(t)
		if err := os.Mkdir(filepath.Join(temp, "lambdacache-s3-"+strconv.Itoa(nobody)), 0o700); err != nil {
			t.Fatal(err)
		}
		asNobody(t, temp, "^TestFolderOfAnotherUser$", inForeignFolder+"="+temp)
		return
	}
	l := newLab(t)
	t.Setenv("TMPDIR", os.Getenv(inForeignFolder))
	l.S3.Put("b", "k", []byte("x"))
	fails(t, File("s3://b/k"), "the folder "+l.shared()+" for files cannot be used: it belongs to another user: remove it, or set TMPDIR")
}
