#!/usr/bin/env bash
# Installs the tools and servers named on the command line into .tools/, which git
# ignores; without a name, all of them. What is there already in the right version
# is left alone, so calling it again costs nothing. Nothing of the system is changed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
export TOOLS=$root/.tools
bin=$TOOLS/bin
# shellcheck source=tools/versions.sh
. "$here/versions.sh"

all=(golangci-lint staticcheck gofumpt benchstat moto versitygw toxiproxy fun serve-static dynalite awscli peers)

say() { printf 'tools: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# go_tool NAME PACKAGE@VERSION installs one Go program, unless it is there in that
# version and built by this Go: linters refuse code newer than their own compiler.
go_tool() {
	local name=$1 want=$2 have=""
	if [ -x "$bin/$name" ]; then
		have=$(go version -m "$bin/$name" 2>/dev/null |
			awk 'NR == 1 {go = $NF} $1 == "path" {path = $2} $1 == "mod" {version = $3} END {print path "@" version, go}') || true
	fi
	[ "$have" != "$want $(go env GOVERSION)" ] || return 0
	say "building $want"
	# Without cgo no C compiler is needed. GOFLAGS and GOWORK are for our own modules.
	# Go names a program after its package, which is "server" for some: hence the move.
	mkdir -p "$bin/new"
	GOBIN=$bin/new CGO_ENABLED=0 GOFLAGS='' GOWORK=off go install "$want"
	mv "$bin/new/"* "$bin/$name"
	rmdir "$bin/new"
}

# node_packages NAME FROM DIR installs what is locked in FROM into DIR, exactly.
node_packages() {
	local name=$1 from=$2 dir=$3
	command -v npm >/dev/null || die "$name needs Node.js 20 or newer with npm on the PATH"
	if cmp -s "$from/package-lock.json" "$dir/installed.json"; then
		return 0
	fi
	say "installing $name"
	mkdir -p "$dir"
	cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$dir/"
	npm ci --prefix "$dir" --no-audit --no-fund --loglevel=error >&2
	cp "$dir/package-lock.json" "$dir/installed.json" # last: an interrupted install is not taken for a whole one
}

# npm_packages are @vercel/fun, serve-static, dynalite, and AWS's own client for AppConfig.
npm_packages() { node_packages "the packages of tools/node" "$here/node" "$TOOLS/node"; }

# peers are the libraries for Node.js that the benchmarks compare with, beside the
# programs that use them.
peers() {
	node_packages "the benchmarks' peers for Node.js" "$root/benchmarks/node" "$TOOLS/peers"
	cp "$root"/benchmarks/node/*.mjs "$TOOLS/peers/"
}

install() {
	case $1 in
	golangci-lint) go_tool golangci-lint "$golangci_lint" ;;
	staticcheck) go_tool staticcheck "$staticcheck" ;;
	gofumpt) go_tool gofumpt "$gofumpt" ;;
	benchstat) go_tool benchstat "$benchstat" ;;
	versitygw) go_tool versitygw "$versitygw" ;;
	toxiproxy) go_tool toxiproxy-server "$toxiproxy" ;;
	moto) "$here/moto.sh" ;;
	awscli) "$here/awscli.sh" ;;
	fun | serve-static | dynalite) npm_packages ;;
	peers) peers ;;
	*) die "no tool is called $1; there are: ${all[*]}" ;;
	esac
}

mkdir -p "$bin"
[ $# -gt 0 ] || set -- "${all[@]}"
for tool in "$@"; do
	install "$tool"
done
