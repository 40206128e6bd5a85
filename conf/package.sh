#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh conf/package.sh [OUTDIR]
#
# Builds the Debian package of this tree into OUTDIR (default: build/package). Debian wants
# debian/ at the top of the sources, we keep it in conf/debian: it is built in a copy.
# The same sources give the same bytes, in any folder, time zone and umask.
# ESSAIM_PACKAGE_VERSION: another version than that of conf/debian/changelog (tests).
set -eu
umask 022
export LC_ALL=C.UTF-8 TZ=UTC
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$root/build/package}
mkdir -p "$out"
out=$(cd "$out" && pwd)

for program in dpkg-buildpackage dh cmake; do
	command -v $program >/dev/null || {
		echo "package.sh: $program is missing: apt-get install build-essential debhelper cmake" >&2
		exit 69
	}
done

work=$(mktemp -d "${TMPDIR:-/tmp}/essaim-package.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir "$work/essaim"
(cd "$root" && tar cf - --exclude=./build --exclude=./.git --exclude=./tests .) | (cd "$work/essaim" && tar xf - --no-same-permissions)
cp -R "$work/essaim/conf/debian" "$work/essaim/debian"
cd "$work/essaim"
if [ -n "${ESSAIM_PACKAGE_VERSION:-}" ]; then
	sed -i "1s/([^)]*)/($ESSAIM_PACKAGE_VERSION)/" debian/changelog
fi
if ! dpkg-buildpackage -b -us -uc >"$out/build.log" 2>&1; then
	tail -n 30 "$out/build.log" >&2
	echo "package.sh: the build failed; all of it is in $out/build.log" >&2
	exit 1
fi
for file in ../essaim*.deb; do
	cp "$file" "$out/"
	case $file in
	*-dbgsym_*) ;;
	*) echo "$out/$(basename "$file")" ;;
	esac
done
