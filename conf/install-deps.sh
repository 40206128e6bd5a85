#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh conf/install-deps.sh [build|tests|package|browser]...
#
# What essaim needs on Debian 12 (and 13): installs what is missing when run by
# root, else names it and fails. `build` makes the programs, `tests` adds what
# tests/run.sh uses, `package` what makes the Debian package and tries it in a container,
# `browser` what looks at the page.
# Shared by conf/demo.sh and tests/run.sh.
set -u

build="gcc libc6-dev libuv1-dev libsqlite3-dev libmsgpack-dev|libmsgpack-c-dev libsodium-dev
libmicrohttpd-dev libjansson-dev libutf8proc-dev libzstd-dev libqrencode-dev libconfig-dev zlib1g-dev
libcurl4-gnutls-dev|libcurl4-openssl-dev cmake ninja-build pkg-config|pkgconf gettext"
tests="libcmocka-dev python3 clang libclang-rt-14-dev|libclang-rt-19-dev gcovr sqlite3 jq curl faketime
nginx openssl"
browser="chromium"
# Node.js may come from elsewhere; Debian's npm is large.
command -v node >/dev/null || browser="$browser nodejs"
command -v npm >/dev/null || browser="$browser npm"
package="build-essential debhelper lintian debootstrap systemd-container dpkg-dev iproute2 jq"

installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "essaim: not a Debian system; install the equivalents of:" $build >&2
	exit 0
fi

wanted=""
for what in "${@:-build}"; do
	case $what in
	build) wanted="$wanted $build" ;;
	tests) wanted="$wanted $tests" ;;
	package) wanted="$wanted $package" ;;
	browser) wanted="$wanted $browser" ;;
	*) echo "usage: sh conf/install-deps.sh [build|tests|package|browser]..." >&2; exit 64 ;;
	esac
done

# "a|b": any of them will do.
missing=""
for group in $wanted; do
	found=no
	for package in $(echo "$group" | tr '|' ' '); do
		if installed "$package"; then
			found=yes
		fi
	done
	[ $found = yes ] || missing="$missing $group"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "essaim: packages are missing; as root: apt-get install$(echo "$missing" | sed 's/|[^ ]*//g')" >&2
	exit 1
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing:$missing" >&2
try() {
	"$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
}
# A mirror may hiccup: three tries.
for n in 1 2 3; do
	try apt-get update -q && break
	[ $n = 3 ] || sleep 5
done
chosen=""
for group in $missing; do
	pick=""
	for package in $(echo "$group" | tr '|' ' '); do
		if [ -z "$pick" ] && apt-cache show "$package" >/dev/null 2>&1; then
			pick=$package
		fi
	done
	if [ -z "$pick" ]; then
		echo "essaim: no package $group in the configured Debian archive" >&2
		exit 1
	fi
	chosen="$chosen $pick"
done
for n in 1 2 3; do
	try apt-get install -q -y --no-install-recommends $chosen && exit 0
	[ $n = 3 ] || sleep 5
done
echo "essaim: apt-get could not install$chosen" >&2
exit 1
