//go:build unix

package s3cache

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lambda-cache/lambdacache"
)

// FuzzURI holds that a URI is refused, or read the same when it is read again, also out
// of the key of an entry, where it stands behind a version.
func FuzzURI(f *testing.F) {
	for _, uri := range []string{
		"s3://b/k", "s3://b/", "s3:///k", "s3://b", "S3://b/k", "", "s3://b//a", "s3://b/a?b#c%20 d:1", "s3://b/../x", "s3://b/x of s3://c/y", "s3://b/\xff", "s3://b/\x00", "s3://b/a/",
		"s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/ap/a/b", "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint:ap/k", "s3://arn:aws:s3:::b/k", "s3://arn:::::/", "s3://arn:a:s3:b:c:accesspoint/d",
		"version v of s3://b/k", "s3://b/version 1 of k",
	} {
		for _, version := range []string{"", "null", "3sL4kqtJlcpXroDTDmJ", "of", "version", "s3://b/k"} {
			f.Add(uri, version)
		}
	}
	f.Fuzz(func(t *testing.T, uri, version string) {
		l, err := parse(uri)
		if err != nil {
			return
		}
		if l.uri() != uri {
			t.Errorf("%q becomes %q", uri, l.uri())
		}
		if strings.ContainsFunc(version, unprintable) { // which VersionID refuses
			version = ""
		}
		l.version = version
		if again, err := locate(l.cacheKey()); err != nil || again != l {
			t.Errorf("%+v is %q, and read again %+v, %v", l, l.cacheKey(), again, err)
		}
		if name := l.name(); name == "" || strings.Contains(name, "/") {
			t.Errorf("%q has the name %q", uri, name)
		}
		if l.bucket == "" || l.key == "" || !strings.HasSuffix(l.arn("aws"), l.key) || !strings.HasPrefix(l.arn("aws"), l.bucketARN("aws")) {
			t.Errorf("%q is %+v with the ARN %q", uri, l, l.arn("aws"))
		}
		if d := digest(l.cacheKey()); len(d) != 32 || strings.ContainsAny(d, "/.") {
			t.Errorf("%q is kept as %q", uri, d)
		}
	})
}

// constant is a client that knows one object.
type constant struct{ body []byte }

func (c *constant) GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return &s3.GetObjectOutput{
		Body: io.NopCloser(bytes.NewReader(c.body)), ContentLength: aws.Int64(int64(len(c.body))), ETag: aws.String(`"e"`),
	}, nil
}

// FuzzTree holds that whatever stands in the folder of all processes, a load finds its
// way, nothing outside is touched, and neither is what a living process has. Nothing
// of it is read: the library keeps no index that could be forged.
func FuzzTree(f *testing.F) {
	for _, script := range []string{
		"", "d1-dead\n", "d1-dead\nf1-dead/x.part\nf1-dead/whole\nd1-dead/deeper\nf1-dead/deeper/x\n", "l1-link\n", "n1-dangling\n", "ffile\n", "p1-pipe\n", "d1-dead\nl1-dead/link\np1-dead/pipe\nn1-dead/x\n",
		"a1-alive\nf1-alive/x\n", "a1-alive\nr1-relative\n", "d1-dead\nh1-dead/hard\n", "d..\nd.\nf\x00\nd-\nd\xff\nd日本\nd%2e%2e\nd \nd\\\nd*\n", "c1-locked\nfc/x\n", "a1-alive\nd1-alive/d\nl1-alive/d/l\n", "r..\n",
		"d1-a\nd1-b\nd1-c\nd2-a\nd3-a\nd4-a\nf5\nf6\nl7\nl8\n", "d" + strings.Repeat("x", 255) + "\n", "d" + strings.Repeat("x/", 200) + "\n",
	} {
		f.Add([]byte(script))
	}
	client := &constant{body: []byte("the object")}
	e := File("s3://b/k", Client(client))
	f.Fuzz(func(t *testing.T, script []byte) {
		temp, victim := t.TempDir(), t.TempDir()
		t.Setenv("TMPDIR", temp)
		disk.forget()
		shared := filepath.Join(temp, fmt.Sprint("lambdacache-s3-", os.Getuid()))
		if err := os.Mkdir(shared, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(victim, "file"), []byte("the victim's"), 0o600); err != nil {
			t.Fatal(err)
		}
		g := &gardener{shared: shared, victim: victim}
		defer g.close()
		for line := range strings.Lines(string(script)) {
			if g.made++; g.made > 100 {
				break
			}
			g.plant(strings.TrimSuffix(line, "\n"))
		}
		alive := g.look(t)
		got, err := e.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want(t, "content", content(t, got), "the object")
		if dir := filepath.Dir(filepath.Dir(got.Path())); dir != shared {
			t.Errorf("the file is in %s", dir)
		}
		if b, err := os.ReadFile(filepath.Join(victim, "file")); err != nil || string(b) != "the victim's" {
			t.Errorf("the victim's file: %q, %v", b, err)
		}
		if names, err := os.ReadDir(victim); err != nil || len(names) != 1 {
			t.Errorf("the victim's folder has %v, %v", names, err)
		}
		if after := g.look(t); after != alive {
			t.Errorf("living processes had\n%s\nand have\n%s", alive, after)
		}
		lambdacache.Invalidate(e)
	})
}

// gardener plants a tree as a script says: a letter and a name a line.
type gardener struct {
	shared, victim string
	made           int
	alive          []*os.File
}

func (g *gardener) plant(line string) {
	if len(line) < 2 {
		return
	}
	name := line[1:]
	if !filepath.IsLocal(name) || strings.Count(name, "/") > 50 { // what is planted is below the shared folder
		return
	}
	path := filepath.Join(g.shared, name)
	if real, err := filepath.EvalSymlinks(filepath.Dir(path)); err != nil || !strings.HasPrefix(real+"/", g.shared+"/") {
		return // nor is it behind one of the links
	}
	switch line[0] { // whatever cannot be made is not
	case 'd':
		_ = os.MkdirAll(path, 0o700)
	case 'c':
		_ = os.Mkdir(path, 0)
	case 'f':
		_ = os.WriteFile(path, []byte("planted"), 0o600)
	case 'l':
		_ = os.Symlink(g.victim, path)
	case 'n':
		_ = os.Symlink(g.victim+"/nosuch", path)
	case 'r':
		_ = os.Symlink("1-alive", path)
	case 'h':
		_ = os.Link(filepath.Join(g.victim, "file"), path)
	case 'p':
		_ = syscall.Mkfifo(path, 0o600)
	case 'a':
		if os.Mkdir(path, 0o700) == nil && filepath.Dir(path) == g.shared {
			if dir, err := os.Open(path); err == nil {
				_ = tryLock(dir)
				g.alive = append(g.alive, dir)
			}
		}
	}
}

// look is what living processes have.
func (g *gardener) look(t *testing.T) string {
	var text strings.Builder
	for _, dir := range g.alive {
		err := filepath.WalkDir(dir.Name(), func(path string, d fs.DirEntry, err error) error {
			fmt.Fprintln(&text, path, d.Type())
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	return text.String()
}

func (g *gardener) close() {
	for _, dir := range g.alive {
		dir.Close()
	}
}
