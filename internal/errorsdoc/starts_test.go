package errorsdoc_test

import (
	"os"
	"testing"
)

// starting is an error of a process that has not loaded anything yet.
type starting struct {
	heading string
	declare func() probe
	env     map[string]string // what is wrong; "" counts as not set
}

func (c starting) run(t *testing.T, s *section) {
	aws, _, _ := start(t)
	aws.SSM.Put("/start/app/key", goodValue)
	aws.S3.Put("models", "start.bin", []byte(goodValue))
	right := make(map[string]string)
	for name, value := range c.env {
		right[name] = os.Getenv(name)
		t.Setenv(name, value)
	}
	p := c.declare()
	err := p.get(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	s.matches(t, err.Error())
	s.kind(t, err)
	checkType(t, err)
	checkCode(t, err, "")
	checkSilent(t, []string{goodValue}, []error{err})
	if p.age() != 0 || p.version() != "" {
		t.Errorf("age %v, version %q: something is held", p.age(), p.version())
	}
	for name, value := range right {
		t.Setenv(name, value)
	}
	if err := p.get(t.Context()); err != nil {
		t.Errorf("the next load, after what was wrong was put right: %v", err)
	}
}

func starts() []starting {
	key := parameter[string]("/start/app/key")
	return []starting{
		{"No Region", key, map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}},
		{"No credentials", key, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}},
		{"Half of the credentials", key, map[string]string{"AWS_SECRET_ACCESS_KEY": ""}},
		{"Credentials of a profile", key, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "dev"}},
		{"A setting that cannot be understood", key, map[string]string{"AWS_RETRY_MODE": "fast"}},
		{"A folder for files that is not there", file("s3://models/start.bin"), map[string]string{"TMPDIR": "/no/such/folder"}},
	}
}
