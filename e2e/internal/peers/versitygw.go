package peers

import (
	"os"
	"os/exec"
	"testing"
)

// S3Server is a running versitygw: S3 with signatures checked, ETags, conditional
// requests, ranges, multipart uploads and versions. Buckets are addressed by path.
type S3Server struct {
	Endpoint  string
	Region    string
	AccessKey string
	SecretKey string
}

// VersityGW starts versitygw, without a bucket, until the test ends.
func VersityGW(t testing.TB) *S3Server {
	t.Helper()
	gateway := program(t, "versitygw", "versitygw")
	s := &S3Server{Region: "us-east-1", AccessKey: "test", SecretKey: "testtest"}
	data, versions := t.TempDir(), t.TempDir()
	s.Endpoint = serve(t, "/", func(address string) *exec.Cmd {
		// Keep-alive is off unless asked for; S3 itself keeps connections open.
		cmd := exec.Command(gateway, "--quiet", "--keep-alive", "--port", address, "--region", s.Region,
			"posix", "--versioning-dir", versions, data)
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.SecretKey)
		return cmd
	})
	return s
}
