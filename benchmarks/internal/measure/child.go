package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
)

// patience is how long a child may take for its setup or for one sample.
const patience = time.Minute

// child is a peer in a process of its own.
type child struct {
	lab    *Lab
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *json.Decoder
	stderr bytes.Buffer
}

func openChild(l *Lab, s Subject) (sampler, error) { return startChild(l, s) }

func startChild(l *Lab, s Subject) (*child, error) {
	p, ok := peer.Find(s.Peer)
	if !ok || p.Setups[s.Measure] == nil {
		return nil, fmt.Errorf("%s cannot be measured by %q", s.Peer, s.Measure)
	}
	c := &child{lab: l}
	if p.Node() {
		c.cmd = exec.Command("node", "serve.mjs", p.ID, s.Measure)
		c.cmd.Dir = l.NodeDir
	} else {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		c.cmd = exec.Command(self, peer.ChildArgs(p.ID, s.Measure)...)
	}
	c.cmd.Env = l.env()
	c.cmd.Stderr = &c.stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := c.reply(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// env is this process's environment, with the fake AWS in place of any other.
func (l *Lab) env() (env []string) {
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "POWERTOOLS_") && !strings.HasPrefix(kv, "NODE_") {
			env = append(env, kv)
		}
	}
	// The race detector would sleep for a second at the end of each child.
	return append(append(env, l.AWS.Env()...), "AWS_EC2_METADATA_DISABLED=true", "GORACE=atexit_sleep_ms=0")
}

func (c *child) sample(_ context.Context, m *Measurement) (sample, error) {
	return c.ask(peer.Request{N: m.N, Readers: m.Readers})
}

// ask has the child take one sample.
func (c *child) ask(r peer.Request) (sample, error) {
	r.Want = c.lab.want()
	c.lab.AWS.ResetCounts()
	if err := json.NewEncoder(c.in).Encode(r); err != nil {
		return sample{}, errors.Join(err, errors.New(c.stderr.String()))
	}
	reply, err := c.reply()
	if err != nil {
		return sample{}, err
	}
	return sample{
		ns:          float64(reply.Took) / float64(r.N),
		calls:       c.lab.AWS.Calls(""),
		connections: c.lab.AWS.Connections(),
	}, nil
}

func (c *child) reply() (r peer.Reply, err error) {
	late := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	err = c.out.Decode(&r)
	if !late.Stop() {
		return r, fmt.Errorf("no answer for %v", patience)
	}
	if err != nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait() // for what it printed
		return r, fmt.Errorf("the child has ended: %w\n%s", err, &c.stderr)
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	return r, nil
}

// close ends the child: it ends when there is nothing more to read.
func (c *child) close() error {
	_ = c.in.Close()
	late := time.AfterFunc(5*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	return c.cmd.Wait()
}
