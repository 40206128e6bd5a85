#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh tests/package/run.sh: builds the Debian package, then installs that very file in
# containers. Fails where one of them does.
cd "$(dirname "$0")" || exit 1
code=0
sh ./build.sh || code=1
ESSAIM_DEB=$(ls ../../build/package/essaim_*.deb 2>/dev/null | tail -n 1)
[ -z "$ESSAIM_DEB" ] || ESSAIM_DEB=$(realpath "$ESSAIM_DEB")
export ESSAIM_DEB
for script in install onboard; do
	sh "./$script.sh" || code=1
done
exit $code
