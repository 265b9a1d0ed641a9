//go:build linux

package lambdahost

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// AccountID is the account in every invoked function's ARN.
const AccountID = "123456789012"

const (
	defaultTimeout     = 3 * time.Second
	defaultInitTimeout = 10 * time.Second
	managedInitMin     = 130 * time.Second
	managedInitMax     = 900 * time.Second
)

// Config says which function to run and how. Only Bootstrap is needed.
type Config struct {
	// Bootstrap is the path of the function's executable.
	Bootstrap string
	// Extensions are the paths of external extensions. Lambda knows an extension by
	// its file name: it must register under it.
	Extensions []string
	// Env is added to the variables Lambda sets, and wins over them. Only the Runtime
	// API's address, TMPDIR and AWS_LAMBDA_MAX_CONCURRENCY cannot be set.
	Env map[string]string
	// Dir is the working directory and LAMBDA_TASK_ROOT. Empty: the bootstrap's folder.
	Dir string
	// TmpDir is the folder in which the environment's own tmp folder is made. Empty:
	// os.TempDir().
	TmpDir string

	FunctionName string // empty: "function"
	Region       string // empty: "us-east-1"
	MemorySize   int    // in MB; a label only. 0: 128

	// Timeout is the function's timeout. 0: 3 s, as in Lambda.
	Timeout time.Duration
	// InitTimeout limits an init outside of an invocation. 0: 10 s; on Managed
	// Instances 130 s or Timeout, the longer of the two, but no more than 900 s.
	InitTimeout time.Duration
	// MaxConcurrency above 1 makes this a Managed Instances environment that runs so
	// many invocations at once and is never frozen. 0 and 1: ordinary Lambda.
	MaxConcurrency int
	// NoFreeze leaves the processes running between invocations.
	NoFreeze bool

	// Stdout and Stderr receive the log of the function and its extensions, from one
	// goroutine at a time. What an invocation logged may come after its end, but before
	// the end of its process is reported. nil: the log is dropped.
	Stdout, Stderr io.Writer
	// Now is the clock from which deadlines are told to the function and extensions.
	// The host's own patience runs on the real clock. nil: time.Now. A clock ahead of
	// the real one shows a function what it sees when its own clocks missed the time
	// it was frozen.
	Now func() time.Time
}

// withDefaults checks the configuration and fills in what was left out.
func (c Config) withDefaults() (Config, error) {
	if c.Timeout < 0 || c.InitTimeout < 0 || c.MemorySize < 0 || c.MaxConcurrency < 0 {
		return c, errors.New("lambdahost: Timeout, InitTimeout, MemorySize and MaxConcurrency must not be negative")
	}
	var err error
	if c.Bootstrap, err = executable(c.Bootstrap); err != nil {
		return c, fmt.Errorf("lambdahost: Config.Bootstrap: %w", err)
	}
	if c.Extensions, err = executables(c.Extensions); err != nil {
		return c, fmt.Errorf("lambdahost: Config.Extensions: %w", err)
	}
	if c.Dir == "" {
		c.Dir = filepath.Dir(c.Bootstrap)
	}
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return c, fmt.Errorf("lambdahost: Config.Dir: %s is not a folder", c.Dir)
	}
	c.FunctionName = or(c.FunctionName, "function")
	c.Region = or(c.Region, "us-east-1")
	c.MemorySize = or(c.MemorySize, 128)
	c.Timeout = or(c.Timeout, defaultTimeout)
	c.InitTimeout = or(c.InitTimeout, c.initLimit())
	if c.Now == nil {
		c.Now = time.Now
	}
	c.shareLog()
	return c, nil
}

// initLimit is how long Lambda lets an init run.
func (c *Config) initLimit() time.Duration {
	if !c.managed() {
		return defaultInitTimeout
	}
	return min(max(managedInitMin, c.Timeout), managedInitMax)
}

// managed tells Lambda Managed Instances from ordinary Lambda.
func (c *Config) managed() bool { return c.MaxConcurrency > 1 }

// freezes tells whether the environment is frozen between invocations.
func (c *Config) freezes() bool { return !c.managed() && !c.NoFreeze }

func (c *Config) functionARN() string {
	return "arn:aws:lambda:" + c.Region + ":" + AccountID + ":function:" + c.FunctionName
}

func executables(paths []string) ([]string, error) {
	var absolute []string
	names := map[string]bool{}
	for _, path := range paths {
		path, err := executable(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		if names[name] {
			return nil, fmt.Errorf("two files named %q: Lambda knows an extension by its file name", name)
		}
		names[name] = true
		absolute = append(absolute, path)
	}
	return absolute, nil
}

// executable returns the absolute path of a file that can be run.
func executable(path string) (string, error) {
	if path == "" {
		return "", errors.New("no path given")
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return "", fmt.Errorf("%s is not an executable file", path)
	}
	return filepath.Abs(path)
}

// or returns v, or other where v is the zero value.
func or[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}
