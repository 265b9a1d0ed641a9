package peer

import (
	"context"
	"errors"
)

// The libraries for Node.js are measured by node/serve.mjs, which speaks the protocol
// of [Serve] and times itself; here is only what they can be measured by.
var (
	powertools = Peer{
		ID: "powertools", Name: "Powertools parameters (Node.js)", Module: "npm:@aws-lambda-powertools/parameters",
		Setups: inNode(Hit, Invoke1, Invoke30, Refresh30, Refresh20, RefreshMix, Stampede),
	}
	middy = Peer{
		ID: "middy", Name: "middy ssm, secrets-manager (Node.js)", Module: "npm:@middy/ssm",
		Setups: inNode(Invoke1, Invoke30, Refresh30, Refresh20, RefreshMix),
	}
)

var errNode = errors.New("a peer for Node.js is served by node")

func inNode(measures ...string) map[string]Setup {
	setups := make(map[string]Setup)
	for _, m := range measures {
		setups[m] = func(context.Context) (Op, error) { return nil, errNode }
	}
	return setups
}

// Node tells whether a peer is served by Node.js.
func (p Peer) Node() bool { return len(p.Module) > 4 && p.Module[:4] == "npm:" }
