package errorsdoc_test

import (
	"os"
	"testing"

	"github.com/lambda-cache/lambdacache/awsconfig/assumerole"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/ssmcache"
)

// starting is an error of a process that has not loaded anything yet.
type starting struct {
	heading string
	declare func() probe
	env     map[string]string // what is wrong; "" counts as not set
	code    string            // AWS's error code that errors.As finds, "" for none
	mend    func(*cachetest.AWS)
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
	checkCode(t, err, c.code)
	checkSilent(t, []string{goodValue}, []error{err})
	if p.age() != 0 || p.version() != "" {
		t.Errorf("age %v, version %q: something is held", p.age(), p.version())
	}
	for name, value := range right {
		t.Setenv(name, value)
	}
	if c.mend != nil {
		c.mend(aws)
	}
	if err := p.get(t.Context()); err != nil {
		t.Errorf("the next load, after what was wrong was put right: %v", err)
	}
}

func starts() []starting {
	key := parameter[string]("/start/app/key")
	const account, reader = "222222222222", "arn:aws:iam::222222222222:role/reader"
	return []starting{
		{heading: "No Region", declare: key, env: map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}},
		{heading: "No credentials", declare: key, env: map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}},
		{heading: "Half of the credentials", declare: key, env: map[string]string{"AWS_SECRET_ACCESS_KEY": ""}},
		{heading: "Credentials of a profile", declare: key, env: map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "dev"}},
		{heading: "A setting that cannot be understood", declare: key, env: map[string]string{"AWS_RETRY_MODE": "fast"}},
		{heading: "A folder for files that is not there", declare: file("s3://models/start.bin"), env: map[string]string{"TMPDIR": "/no/such/folder"}},
		{
			heading: "A role that may not be assumed",
			declare: parameter[string]("/role/app/key", ssmcache.Config(assumerole.Role(reader))),
			code:    "AccessDenied",
			mend: func(aws *cachetest.AWS) {
				aws.STS.PutRole(reader, "")
				aws.SSM.In(account, cachetest.Region).Put("/role/app/key", goodValue)
			},
		},
	}
}
