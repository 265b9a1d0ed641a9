# shellcheck shell=bash disable=SC2034 # sourced by the scripts beside it
# The one place that says which version of each tool and server is used.

golangci_lint=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
gofumpt=mvdan.cc/gofumpt@v0.12.0
benchstat=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
toxiproxy=github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0
versitygw=github.com/versity/versitygw/cmd/versitygw@v1.8.0

moto=5.2.1    # what pip installs; another 5.x that is on the PATH will do
debian=trixie # the Debian release whose python3-moto is used where pip reaches no index, and whose awscli

# The versions of the npm packages are in tools/node/package-lock.json, those of the
# benchmarks' peers in benchmarks/node/package-lock.json and benchmarks/go.mod.
