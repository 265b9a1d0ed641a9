#!/usr/bin/env bash
# Installs moto_server 5.x, the stand-in for SSM, Secrets Manager, S3 and DynamoDB.
# The first of these that works: one that is already on the PATH; pip, in a virtual
# environment; Debian's own package, unpacked into .tools/moto (tools/debian.sh). The last
# needs neither root nor Python, and nothing outside .tools/ is touched.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOOLS=${TOOLS:-$(dirname "$here")/.tools}
dir=$TOOLS/moto
# shellcheck source=tools/versions.sh
. "$here/versions.sh"
release=$debian
# shellcheck source=tools/debian.sh
. "$here/debian.sh"

# works PROGRAM: it starts, and it is 5.x, the first without a "service" argument.
works() {
	local help
	help=$("$1" -h 2>/dev/null) && [[ $help == *--port* && $help != *"[service]"* ]]
}

from_pip() {
	command -v python3 >/dev/null || return 1
	say "installing moto $moto with pip"
	rm -rf "$dir"
	timeout 60 python3 -m venv "$dir/venv" >/dev/null 2>&1 || return 1
	timeout 300 "$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
		--timeout 10 --retries 0 "moto[server]==$moto" >/dev/null 2>&1 || return 1
	publish moto_server <<-'EOF'
		#!/bin/sh
		exec "$(dirname "$0")/../moto/venv/bin/moto_server" "$@"
	EOF
	works "$TOOLS/bin/moto_server"
}

# python3-flask-cors belongs to moto's server, which the package only suggests.
from_debian() { unpack python3-moto python3-flask-cors && publish_python moto_server -m moto.server && works "$TOOLS/bin/moto_server"; }

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
