#!/usr/bin/env bash
# Installs moto_server 5.x, the stand-in for SSM, Secrets Manager, S3 and DynamoDB.
# The first of these that works: one that is already on the PATH; pip, in a virtual
# environment; Debian's own package with all it needs, a Python included, unpacked
# into .tools/moto and started with the C library that came with it. The last needs
# neither root nor Python, and nothing outside .tools/ is touched.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOOLS=${TOOLS:-$(dirname "$here")/.tools}
dir=$TOOLS/moto
# shellcheck source=tools/versions.sh
. "$here/versions.sh"

say() { printf 'tools: %s\n' "$*" >&2; }

# works PROGRAM: it starts, and it is 5.x, the first without a "service" argument.
works() {
	local help
	help=$("$1" -h 2>/dev/null) && [[ $help == *--port* && $help != *"[service]"* ]]
}

# publish FILE makes .tools/bin/moto_server from the script on standard input.
publish() {
	mkdir -p "$TOOLS/bin"
	cat >"$TOOLS/bin/moto_server.new"
	chmod +x "$TOOLS/bin/moto_server.new"
	mv "$TOOLS/bin/moto_server.new" "$TOOLS/bin/moto_server"
	works "$TOOLS/bin/moto_server"
}

from_pip() {
	command -v python3 >/dev/null || return 1
	say "installing moto $moto with pip"
	rm -rf "$dir"
	timeout 60 python3 -m venv "$dir/venv" >/dev/null 2>&1 || return 1
	timeout 300 "$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
		--timeout 10 --retries 0 "moto[server]==$moto" >/dev/null 2>&1 || return 1
	publish <<-'EOF'
		#!/bin/sh
		exec "$(dirname "$0")/../moto/venv/bin/moto_server" "$@"
	EOF
}

# private_apt COMMAND... runs apt with lists, cache and package status of its own.
# The status is empty, so that every dependency is fetched, down to the C library:
# what is unpacked does not depend on the release this machine runs.
private_apt() {
	local command=$1
	shift
	"$command" -q \
		-o Dir::State="$dir/apt/state" \
		-o Dir::State::status="$dir/apt/status" \
		-o Dir::Cache="$dir/apt/cache" \
		-o Dir::Etc::sourcelist="$dir/apt/sources.list" \
		-o Dir::Etc::sourceparts="$dir/apt/empty" \
		-o Dir::Etc::preferences="$dir/apt/none" \
		-o Dir::Etc::preferencesparts="$dir/apt/empty" \
		-o APT::Sandbox::User=root \
		-o APT::Install-Recommends=false \
		-o Acquire::Languages=none \
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
		"$@"
}

# debian_lists fetches the package lists of the wanted Debian release from the first
# of this machine's own mirrors that has it.
debian_lists() {
	local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=""
	[ ! -e "$keyring" ] || signed="[signed-by=$keyring] "
	# shellcheck disable=SC2016 # apt's own $(…), not the shell's
	while read -r mirror; do
		echo "deb $signed$mirror $moto_debian main" >"$dir/apt/sources.list"
		if private_apt apt-get update >"$dir/apt/log" 2>&1 &&
			private_apt apt-cache show python3-moto >/dev/null 2>&1; then
			return 0
		fi
	done < <(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u)
	cat "$dir/apt/log" >&2 2>/dev/null || true
	say "none of this machine's package sources has Debian $moto_debian"
	return 1
}

from_debian() {
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
	say "unpacking moto from Debian $moto_debian"
	rm -rf "$dir"
	mkdir -p "$dir/apt/state/lists/partial" "$dir/apt/cache/archives/partial" "$dir/apt/empty" "$dir/root"
	: >"$dir/apt/status"
	debian_lists || return 1
	# python3-flask-cors belongs to moto's server, which the package only suggests.
	private_apt apt-get install --yes --download-only python3-moto python3-flask-cors >"$dir/apt/log" 2>&1 || {
		cat "$dir/apt/log" >&2
		return 1
	}
	local package
	for package in "$dir"/apt/cache/archives/*.deb; do
		dpkg-deb -x "$package" "$dir/root" || return 1
	done
	rm -rf "$dir/apt"
	publish <<-'EOF'
		#!/bin/sh
		# Debian's Python with the loader and libraries it was built for.
		usr=$(cd "$(dirname "$0")/../moto/root/usr" && pwd)
		for loader in "$usr"/lib*/ld-linux*.so.*; do :; done
		for libraries in "$usr"/lib/*-linux-gnu*; do :; done
		exec "$loader" --argv0 "$usr/bin/python3" --library-path "$libraries" "$usr/bin/python3" -I -m moto.server "$@"
	EOF
}

if works "$TOOLS/bin/moto_server" || works moto_server; then
	exit 0
fi
if from_pip; then
	exit 0
fi
rm -rf "$dir" "$TOOLS/bin/moto_server"
say "pip could not install it"
if from_debian; then
	exit 0
fi
rm -rf "$dir" "$TOOLS/bin/moto_server"
say "no moto_server: install Python 3, run  pip install 'moto[server]==$moto'  and put moto_server on the PATH"
exit 1
