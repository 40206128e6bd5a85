# SPDX-License-Identifier: Apache-2.0
#
# What the scripts of this folder share; each begins with `. "$(dirname "$0")/lib.sh"` and
# ends with `finish`. Results are lines as in tests/e2e: "ok NAME", "not ok NAME why",
# "SKIPPED NAME why".
#
#   ESSAIM_DEB         a package that is built already; else conf/package.sh builds one into
#                      build/package
#   ESSAIM_DEBIAN_ROOT the folder that keeps the debootstrap root and the Debian packages
#                      (default: build/debian); it is made once, with the network
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${ESSAIM_BUILD:-$root/build}
cache=${ESSAIM_DEBIAN_ROOT:-$build/debian}
suite=bookworm
mirror=${ESSAIM_MIRROR:-http://deb.debian.org/debian}
script=$(basename "$0" .sh)
export LC_ALL=C.UTF-8
work=$(mktemp -d "${TMPDIR:-/tmp}/essaim-package-$script.XXXXXX") || exit 1
failed=0

ok() {
	echo "ok $1"
}
not_ok() {
	echo "not ok $*"
	failed=$((failed + 1))
}
skip_all() {
	echo "SKIPPED $script $*"
	exit 0
}
# check NAME COMMAND...: it succeeds.
check() {
	check_name=$1
	shift
	if "$@" >"$work/check.out" 2>&1; then
		ok "$check_name"
	else
		not_ok "$check_name" "$(echo "$*" | cut -c 1-80): $(tail -n 1 "$work/check.out" | cut -c 1-200)"
	fi
}
# equal NAME WANTED GOT
equal() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "wanted '$2', got '$3'"
	fi
}
# says NAME PATTERN COMMAND...: its output has it.
says() {
	says_name=$1 says_pattern=$2
	shift 2
	"$@" >"$work/says.out" 2>&1
	if grep -q -- "$says_pattern" "$work/says.out"; then
		ok "$says_name"
	else
		not_ok "$says_name" "no '$says_pattern' in: $(tail -n 2 "$work/says.out" | tr '\n' ' ' | cut -c 1-200)"
	fi
}
# within SECONDS COMMAND...: tried each half second.
within() {
	within_end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $within_end ] || return 1
		sleep 0.5
	done
}
finish() {
	[ $failed = 0 ]
	exit
}

need() {
	for need_program in "$@"; do
		command -v "$need_program" >/dev/null || skip_all "$need_program is missing: apt-get install debhelper lintian debootstrap systemd-container dpkg-dev jq"
	done
}

# $deb: the package under test.
the_package() {
	deb=${ESSAIM_DEB:-}
	[ -z "$deb" ] || return 0
	deb=$(sh "$root/conf/package.sh" "$build/package") || skip_all "the package cannot be built here"
}

# --- a Debian, and containers of it ---

# A root with systemd and nothing of ours; and a folder of Debian packages, an archive for
# apt, with what the package depends on: containers have no network.
make_debian() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	need debootstrap systemd-nspawn nsenter dpkg-scanpackages jq
	mkdir -p "$cache"
	if [ ! -e "$cache/root.done" ]; then
		rm -rf "$cache/root"
		debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,procps \
			$suite "$cache/root" "$mirror" >"$cache/debootstrap.log" 2>&1 ||
			skip_all "debootstrap failed: $(tail -n 1 "$cache/debootstrap.log")"
		touch "$cache/root.done"
	fi
	if [ ! -e "$cache/archive/Packages" ]; then
		mkdir -p "$cache/archive"
		make_archive >"$cache/archive.log" 2>&1 || skip_all "no Debian packages: $(tail -n 1 "$cache/archive.log")"
	fi
}
# Asks the root's own apt what it would install.
make_archive() {
	cp "$deb" "$cache/root/tmp/essaim.deb"
	cp /etc/resolv.conf "$cache/root/etc/resolv.conf"
	echo "deb $mirror $suite main" >"$cache/root/etc/apt/sources.list"
	chroot "$cache/root" apt-get update &&
		chroot "$cache/root" apt-get install -y --download-only --no-install-recommends /tmp/essaim.deb || return 1
	mv "$cache/root"/var/cache/apt/archives/*.deb "$cache/archive/"
	rm -f "$cache/root/tmp/essaim.deb"
	rm -rf "$cache/root"/var/lib/apt/lists/*
	echo "deb [trusted=yes] file:/archive ./" >"$cache/root/etc/apt/sources.list"
	(cd "$cache/archive" && dpkg-scanpackages -m . >Packages.new && mv Packages.new Packages)
}

# boot NAME [nspawn options]: a fresh copy of the root, running; $NAME_pid leads it.
boot() {
	boot_name=$1
	shift
	boot_dir=$work/$boot_name
	cp -a --reflink=auto "$cache/root" "$boot_dir"
	echo "$boot_name" >"$boot_dir/etc/hostname"
	mkdir -p "$boot_dir/archive"
	systemd-nspawn -q -D "$boot_dir" --boot --register=no --keep-unit --private-network \
		--bind-ro="$cache/archive:/archive" "$@" >"$work/$boot_name.console" 2>&1 </dev/null &
	boot_nspawn=$!
	eval "${boot_name}_nspawn=$boot_nspawn"
	boot_leader=""
	for boot_n in $(seq 120); do
		boot_leader=$(pgrep -P $boot_nspawn 2>/dev/null | head -n 1)
		if [ -n "$boot_leader" ] && nsenter -t "$boot_leader" -a true 2>/dev/null; then
			break
		fi
		kill -0 $boot_nspawn 2>/dev/null || break
		sleep 0.5
	done
	if [ -z "$boot_leader" ] || ! kill -0 $boot_nspawn 2>/dev/null; then
		skip_all "systemd-nspawn does not boot here: $(tail -n 1 "$work/$boot_name.console" | cut -c 1-160)"
	fi
	eval "${boot_name}_pid=$boot_leader"
	within 120 in_container "$boot_name" systemctl is-system-running --wait
	within 60 in_container "$boot_name" systemctl is-active multi-user.target ||
		skip_all "systemd does not come up in the container: $(tail -n 1 "$work/$boot_name.console" | cut -c 1-160)"
}
in_container() { # NAME COMMAND...
	eval "in_pid=\$${1}_pid"
	shift
	nsenter -t "$in_pid" -a env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
# end NAME: powered off; its folder stays until the script ends.
end() {
	eval "end_pid=\${${1}_pid:-} end_nspawn=\$${1}_nspawn"
	eval "${1}_nspawn="
	[ -n "$end_nspawn" ] || return 0
	[ -z "$end_pid" ] || nsenter -t "$end_pid" -a systemctl poweroff >/dev/null 2>&1
	for end_n in $(seq 60); do
		kill -0 "$end_nspawn" 2>/dev/null || break
		sleep 0.5
	done
	kill -KILL "$end_nspawn" 2>/dev/null
	wait "$end_nspawn" 2>/dev/null
}
clean() {
	trap '' INT TERM
	for clean_name in ${containers:-}; do
		eval "clean_nspawn=\${${clean_name}_nspawn:-}"
		[ -z "$clean_nspawn" ] || end "$clean_name"
	done
	if [ $failed != 0 ]; then
		mkdir -p "$build/logs"
		cp "$work"/*.console "$work"/*.journal "$build/logs/" 2>/dev/null
	fi
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM
