#!/usr/bin/env bash
# Installs the aws CLI: one that is on the PATH will do; else Debian's package, unpacked
# into .tools/awscli (tools/debian.sh), which needs neither root nor Python.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOOLS=${TOOLS:-$(dirname "$here")/.tools}
dir=$TOOLS/awscli
# shellcheck source=tools/versions.sh
. "$here/versions.sh"
release=$debian
# shellcheck source=tools/debian.sh
. "$here/debian.sh"

works() { [[ $("$1" --version 2>/dev/null) == aws-cli/* ]]; }

if works "$TOOLS/bin/aws" || works aws; then
	exit 0
fi
if unpack awscli && publish_python aws -m awscli && works "$TOOLS/bin/aws"; then
	exit 0
fi
rm -rf "$dir" "$TOOLS/bin/aws"
say "no aws CLI: install it and put aws on the PATH"
exit 1
