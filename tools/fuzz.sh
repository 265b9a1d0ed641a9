#!/usr/bin/env bash
# Runs every fuzz target of every module, each for the given time, and fails if one
# fails. What makes a target fail is written to its testdata/fuzz: commit it, go test
# runs it from then on.
set -euo pipefail

time=${1:?how long, such as 10s}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export GOWORK=off

# targets prints "package target" for each fuzz target of the module here.
targets() {
	go test -list '^Fuzz' ./... |
		awk '/^Fuzz/ { names[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }'
}

failed=()
ran=0
for module in $(tools/modules.sh); do
	pushd "$module" >/dev/null
	list=$(targets)
	while read -r package target <&3; do
		[ -n "$target" ] || continue
		echo "== $package $target"
		ran=$((ran + 1))
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1s "$package" || failed+=("$package $target")
	done 3<<<"$list"
	popd >/dev/null
done

if [ ${#failed[@]} -gt 0 ]; then
	printf 'failed: %s\n' "${failed[@]}" >&2
	exit 1
fi
if [ "$ran" -eq 0 ]; then
	echo "no fuzz target was found" >&2
	exit 1
fi
echo "$ran fuzz targets, $time each"
