#!/usr/bin/env bash
# Lints every module: formatting, tidy go.mod, go vet, staticcheck, golangci-lint.
# Runs them all before it fails, so that one run shows everything there is to do.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
export PATH=$root/.tools/bin:$PATH GOWORK=off

failed=""

check() {
	"$@" || failed="$failed
  $* ($PWD)"
}

formatted() {
	local files
	files=$(find . \( -name '.?*' -o -name node_modules \) -prune -o -name '*.go' -print0 | xargs -0 gofumpt -l)
	[ -z "$files" ] || {
		printf 'not formatted (run make fmt):\n%s\n' "$files"
		return 1
	}
}

check formatted
while read -r module <&3; do
	cd "$root/$module"
	echo "== $module"
	check go mod tidy -diff
	check go vet ./...
	check staticcheck ./...
	check golangci-lint run --allow-parallel-runners --config "$root/.golangci.yml" ./...
done 3< <("$root/tools/modules.sh")

[ -z "$failed" ] || {
	echo "failed:${failed//$root/.}"
	exit 1
}
echo "lint: nothing to report"
