# shellcheck shell=bash
# Sourced by the scripts that install programs of Debian's without root, on any release:
# a package with all it needs, a Python included, unpacked into $dir and started with the
# C library that came with it. They set $dir, $release and $TOOLS. Nothing outside .tools/
# is touched.

say() { printf 'tools: %s\n' "$*" >&2; }

# publish NAME makes .tools/bin/NAME from the script on standard input.
publish() {
	mkdir -p "$TOOLS/bin"
	cat >"$TOOLS/bin/$1.new"
	chmod +x "$TOOLS/bin/$1.new"
	mv "$TOOLS/bin/$1.new" "$TOOLS/bin/$1"
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

# debian_lists PACKAGE fetches the package lists of the wanted Debian release from the
# first of this machine's own mirrors that has it.
debian_lists() {
	local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=""
	[ ! -e "$keyring" ] || signed="[signed-by=$keyring] "
	# shellcheck disable=SC2016 # apt's own $(…), not the shell's
	while read -r mirror; do
		echo "deb $signed$mirror $release main" >"$dir/apt/sources.list"
		if private_apt apt-get update >"$dir/apt/log" 2>&1 &&
			private_apt apt-cache show "$1" >/dev/null 2>&1; then
			return 0
		fi
	done < <(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u)
	cat "$dir/apt/log" >&2 2>/dev/null || true
	say "none of this machine's package sources has Debian $release"
	return 1
}

# unpack PACKAGE... unpacks packages with all they need into $dir/root.
unpack() {
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
	say "unpacking $1 from Debian $release"
	rm -rf "$dir"
	mkdir -p "$dir/apt/state/lists/partial" "$dir/apt/cache/archives/partial" "$dir/apt/empty" "$dir/root"
	: >"$dir/apt/status"
	debian_lists "$1" || return 1
	private_apt apt-get install --yes --download-only "$@" >"$dir/apt/log" 2>&1 || {
		cat "$dir/apt/log" >&2
		return 1
	}
	local package
	for package in "$dir"/apt/cache/archives/*.deb; do
		dpkg-deb -x "$package" "$dir/root" || return 1
	done
	rm -rf "$dir/apt"
}

# publish_python NAME ARGUMENT... makes .tools/bin/NAME run the unpacked Python with
# arguments, and then its own.
publish_python() {
	local name=$1
	shift
	publish "$name" <<-EOF
		#!/bin/sh
		# Debian's Python with the loader and libraries it was built for.
		usr=\$(cd "\$(dirname "\$0")/../${dir##*/}/root/usr" && pwd)
		for loader in "\$usr"/lib*/ld-linux*.so.*; do :; done
		for libraries in "\$usr"/lib/*-linux-gnu*; do :; done
		exec "\$loader" --argv0 "\$usr/bin/python3" --library-path "\$libraries" "\$usr/bin/python3" -I $* "\$@"
	EOF
}
