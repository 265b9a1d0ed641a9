package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/lambda-cache/lambdacache/benchmarks/internal/peer"
)

// versions are those of the peers: of the Go modules in this program, and of the
// packages installed for Node.js.
func versions(node string) (map[string]string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil, errors.New("this program does not know what it was built from")
	}
	modules := make(map[string]string)
	for _, m := range info.Deps {
		modules[m.Path] = m.Version
	}
	out := make(map[string]string)
	for _, name := range []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/ssm"} {
		out[name] = modules[name]
	}
	for _, p := range peer.All {
		pkg, npm := strings.CutPrefix(p.Module, "npm:")
		switch {
		case p.Module == "":
		case npm:
			text, err := os.ReadFile(filepath.Join(node, "node_modules", pkg, "package.json"))
			if err != nil {
				return nil, fmt.Errorf("tools/install.sh peers installs what is missing: %w", err)
			}
			var about struct{ Version string }
			if err := json.Unmarshal(text, &about); err != nil {
				return nil, fmt.Errorf("%s: %w", pkg, err)
			}
			out[pkg] = about.Version
		default:
			if out[p.Module] = modules[p.Module]; out[p.Module] == "" {
				return nil, fmt.Errorf("%s is not in this program", p.Module)
			}
		}
	}
	return out, nil
}
