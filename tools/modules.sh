#!/usr/bin/env bash
# Without arguments, prints the folder of every Go module here, one a line, the root
# module first. With arguments, runs them as a command in each of those folders and
# fails at the first that fails.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

modules() {
	find . \( -name '.?*' -o -name node_modules -o -name testdata \) -prune -o -name go.mod -print |
		sed 's|/go.mod$||; s|^\./||' | LC_ALL=C sort
}

if [ $# -eq 0 ]; then
	modules
	exit
fi
export GOWORK=off
while read -r module <&3; do
	echo "== $module: $*"
	(cd "$module" && "$@")
done 3< <(modules)
