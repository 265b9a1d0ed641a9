package awsconfig

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lambda-cache/lambdacache/internal/httpclient"
	"github.com/lambda-cache/lambdacache/internal/testhook"
)

func TestDefaultIsBuiltOnce(t *testing.T) {
	lambdaEnv(nil).setenv(t)
	clients := make([]aws.HTTPClient, 16)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			cfg, err := Default("ssmcache")
			if err != nil {
				t.Error(err)
			}
			clients[i] = cfg.HTTPClient
		})
	}
	wg.Wait()
	for _, c := range clients {
		if c != clients[0] {
			t.Fatal("two configurations were built")
		}
	}
}

func TestVariantsShareConnectionsAndCredentials(t *testing.T) {
	s := mustBuild(t, lambdaEnv(nil).host())
	plain, streaming := s.plain.HTTPClient.(*httpclient.Client), s.streaming.HTTPClient.(*httpclient.Client)
	if plain.HTTP != streaming.HTTP {
		t.Error("two pools of connections")
	}
	if plain.Streaming || !streaming.Streaming {
		t.Error("the variants are mixed up")
	}
}

func TestFailureIsNotKept(t *testing.T) {
	env{}.setenv(t)
	if _, err := Default("ssmcache"); err == nil || !strings.HasPrefix(err.Error(), "no AWS Region: set AWS_REGION") {
		t.Fatalf("without a Region: %v", err)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	if _, err := Streaming("s3cache"); err == nil || !strings.HasPrefix(err.Error(), "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set") {
		t.Fatalf("without credentials: %v", err)
	}
	if err := Use(aws.Config{Region: "r", Credentials: aws.AnonymousCredentials{}}); err != nil {
		t.Fatalf("a client that was not built counts as one: %v", err)
	}
	forget()
	lambdaEnv(nil).setenv(t)
	cfg, err := Default("ssmcache")
	if err != nil || cfg.Region != "us-east-1" {
		t.Fatalf("with both: %v, Region %q", err, cfg.Region)
	}
}

func TestUse(t *testing.T) {
	env{}.setenv(t)
	mine := aws.Config{Region: "mars-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: http.DefaultClient}
	if err := Use(aws.Config{Region: "first", Credentials: aws.AnonymousCredentials{}}); err != nil {
		t.Fatal(err)
	}
	if err := Use(mine); err != nil {
		t.Fatalf("the last one should count: %v", err)
	}
	for _, get := range []func(string) (aws.Config, error){Default, Streaming} {
		if cfg, err := get("ssmcache"); err != nil || cfg.Region != "mars-1" || cfg.HTTPClient != http.DefaultClient {
			t.Errorf("got Region %q, %v", cfg.Region, err)
		}
	}
}

func TestUseTooLate(t *testing.T) {
	lambdaEnv(nil).setenv(t)
	for _, user := range []string{"ssmcache", "s3cache", "ssmcache"} {
		if _, err := Default(user); err != nil {
			t.Fatal(err)
		}
	}
	mine := aws.Config{Region: "mars-1", Credentials: aws.AnonymousCredentials{}}
	err := Use(mine)
	if want := "awsconfig: Use comes too late, ssmcache and s3cache already made a client: call it before the first load"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if cfg, _ := Default("ssmcache"); cfg.Region != "us-east-1" {
		t.Errorf("a Use that failed took effect: Region %q", cfg.Region)
	}

	testhook.Reset()
	if err := Use(mine); err != nil {
		t.Errorf("after a reset: %v", err)
	}
	testhook.Reset()
	if cfg, err := Default("ssmcache"); err != nil || cfg.Region != "us-east-1" {
		t.Errorf("a reset should forget Use: %v, Region %q", err, cfg.Region)
	}
}

func TestUseRefusesWhatCannotWork(t *testing.T) {
	env{}.setenv(t)
	if err := Use(aws.Config{Credentials: aws.AnonymousCredentials{}}); err == nil || !strings.Contains(err.Error(), "no Region") {
		t.Errorf("without a Region: %v", err)
	}
	if err := Use(aws.Config{Region: "r"}); err == nil || !strings.Contains(err.Error(), "no Credentials") {
		t.Errorf("without credentials: %v", err)
	}
}

// The line that errors print must compile where a user puts it.
func TestUseLineCompiles(t *testing.T) {
	packages := stubs{sources: map[string]string{
		"config":    `package config; import ("awstypes"; "context"); func LoadDefaultConfig(ctx context.Context, more ...func()) (awstypes.Config, error) { return awstypes.Config{}, nil }`,
		"awsconfig": `package awsconfig; import "awstypes"; func Use(awstypes.Config) error { return nil }`,
		"context":   `package context; type Context interface{}; func Background() Context { return nil }`,
		"awstypes":  `package awstypes; type Config struct{}`,
	}, checked: map[string]*types.Package{}}
	source := "package main\nimport (\"awsconfig\"; \"config\"; \"context\")\nfunc main() {\n" + useLine + "\n}\n"
	if _, err := packages.check("main", source); err != nil {
		t.Errorf("%s\n%v", useLine, err)
	}
	for _, e := range []env{{}, {"AWS_REGION": "r"}, {"AWS_REGION": "r", "AWS_PROFILE": "p"}} {
		_, err := build(e.host())
		if err == nil || !strings.Contains(err.Error(), useLine+` // config is "github.com/aws/aws-sdk-go-v2/config"`) {
			t.Errorf("%v does not print the line: %v", e, err)
		}
	}
}

// stubs stand for packages: those that this module does not require, and context.
type stubs struct {
	sources map[string]string
	checked map[string]*types.Package
}

func (s stubs) check(path, source string) (*types.Package, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path+".go", source, 0)
	if err != nil {
		return nil, err
	}
	checker := types.Config{Importer: s}
	return checker.Check(path, files, []*ast.File{file}, nil)
}

func (s stubs) Import(path string) (*types.Package, error) {
	if p := s.checked[path]; p != nil {
		return p, nil
	}
	source, ok := s.sources[path]
	if !ok {
		return nil, errors.New("no stub for " + path)
	}
	p, err := s.check(path, source)
	s.checked[path] = p
	return p, err
}

func TestStaticCredentials(t *testing.T) {
	s := mustBuild(t, lambdaEnv(env{"AWS_ACCOUNT_ID": "123456789012"}).host())
	creds, err := s.plain.Credentials.Retrieve(context.Background())
	if err != nil || creds.AccessKeyID != "AKID" || creds.SecretAccessKey != "secret" || creds.SessionToken != "token" || creds.AccountID != "123456789012" {
		t.Errorf("%v", err)
	}
}
