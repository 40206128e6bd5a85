# SPDX-License-Identifier: Apache-2.0
#
# What the end-to-end scripts share; each begins with `. "$(dirname "$0")/lib.sh"`
# and ends with `finish`. Needs jq. ESSAIM_BUILD names the build folder.
#
# Each result is a line: "ok NAME", "not ok NAME why", "SKIPPED NAME why".
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${ESSAIM_BUILD:-$root/build}
bin=$build/bin
sample=$root/conf/sample
script=$(basename "$0" .sh)
export LC_ALL=C.UTF-8
for program in essaimd essaim; do
	if [ ! -x "$bin/$program" ]; then
		echo "not ok $script $bin/$program is missing: build first"
		exit 1
	fi
done
if ! command -v jq >/dev/null; then
	echo "SKIPPED $script jq is missing"
	exit 0
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/essaim-$script.XXXXXX") || exit 1
. "$root/conf/nodes.sh"
failed=0
exec 3>&1 # results, wherever a step's own words go

clean() {
	trap '' INT TERM
	for clean_dir in "$work"/*/; do
		clean_node=$(basename "$clean_dir")
		case $clean_node in
		*[!a-z]*) continue ;;
		esac
		crash "$clean_node" 2>/dev/null
		if [ $failed != 0 ] && [ -f "$clean_dir/essaimd.log" ]; then
			mkdir -p "$build/logs"
			cp "$clean_dir/essaimd.log" "$build/logs/$script-$clean_node.log"
		fi
	done
	! type unmount >/dev/null 2>&1 || unmount
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

ok() {
	echo "ok $1" >&3
}
not_ok() {
	echo "not ok $*" >&3
	failed=$((failed + 1))
}
skipped() {
	echo "SKIPPED $*" >&3
}
# check NAME COMMAND...: it succeeds.
check() {
	check_name=$1
	shift
	if "$@" >"$work/check.out" 2>&1; then
		ok "$check_name"
	else
		not_ok "$check_name" "$(echo "$*" | cut -c 1-80): $(tail -n 1 "$work/check.out" | cut -c 1-160)"
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
# exits NAME CODE COMMAND...: ends with CODE; an error is one line on stderr.
exits() {
	exits_name=$1 exits_code=$2
	shift 2
	"$@" >"$work/exits.out" 2>"$work/exits.err" </dev/null
	exits_got=$?
	exits_lines=$(grep -c . "$work/exits.err")
	if [ $exits_got != "$exits_code" ]; then
		not_ok "$exits_name" "exit $exits_got, not $exits_code: $(head -n 1 "$work/exits.err")"
	elif [ "$exits_code" != 0 ] && [ "$exits_lines" != 1 ]; then
		not_ok "$exits_name" "$exits_lines lines on stderr, not one: $(head -c 200 "$work/exits.err" | tr '\n' '/')"
	else
		ok "$exits_name"
	fi
}
# within NAME SECONDS COMMAND...: succeeds before that.
within() {
	within_name=$1 within_tries=$(($2 * 5))
	shift 2
	while ! "$@" >"$work/within.out" 2>&1; do
		within_tries=$((within_tries - 1))
		if [ $within_tries -le 0 ]; then
			not_ok "$within_name" "not in time: $(echo "$*" | cut -c 1-100) $(tail -n 1 "$work/within.out")"
			return 1
		fi
		sleep 0.2
	done
	ok "$within_name"
}
# A step that the rest stands on.
must() {
	"$@" && return 0
	not_ok "$script-setup" "impossible: $*"
	exit 1
}
# fact NODE FILTER: jq over its status.
fact() {
	e "$1" status --json | jq -r "$2"
}
# value NODE UID FIELD: as `show` has it; "null" where unset.
value() {
	e "$1" show "$2" --json | jq -r ".data.$3"
}
shows() { # NODE UID FIELD VALUE
	[ "$(value "$1" "$2" "$3" 2>/dev/null)" = "$4" ]
}
holds() { # NODE KIND COUNT
	[ "$(records "$1" "$2")" = "$3" ]
}
synced() { # NODE...; a CRESS is, once every active member is in session
	for synced_node in "$@"; do
		e "$synced_node" wait --synced --timeout 60 >/dev/null || return 1
	done
}
# new NODE KIND FIELD=VALUE...: its uid on stdout.
new() {
	new_node=$1
	shift
	e "$new_node" add "$@" --json 2>/dev/null | jq -r .uid
}
# An event as a small record to edit: new_event NODE TITLE, its uid on stdout.
new_event() {
	e "$1" add evenement type_evenement=atelier "titre=$2" debut=2026-12-01T10:00:00+01:00 \
		fin=2026-12-01T12:00:00+01:00 --json | jq -r .uid
}
# An event, acknowledged: its uid and title go to $work/HUB.acked.
work_one() { # HUB TITLE
	work_uid=$(new_event "$1" "$2" 2>/dev/null)
	[ -n "$work_uid" ] && [ "$work_uid" != null ] && echo "$work_uid $2" >>"$work/$1.acked"
}
work_some() { # HUB COUNT PREFIX
	work_n=0
	while [ $work_n -lt "$2" ]; do
		work_n=$((work_n + 1))
		work_one "$1" "$3 $work_n" || return 1
	done
}
# A federation of these hubs, each with some work that all have.
region() { # COUNT HUB...
	region_work=$1
	shift
	must found_cress
	for region_hub in "$@"; do
		must enter "$region_hub"
		must work_some "$region_hub" "$region_work" Début
	done
	must settle "$@" cress
}
# Edit an event that is in the list: the value there is the one that counts.
rework() { # HUB UID TITLE
	e "$1" set "$2" "titre=$3" >/dev/null || return 1
	grep -v "^$2 " "$work/$1.acked" >"$work/rework"
	echo "$2 $3" >>"$work/rework"
	mv "$work/rework" "$work/$1.acked"
}
# Every acknowledged event of HUB is at NODE, once, with its value.
holds_work() { # NODE HUB
	e "$1" list evenement --limit 10000 --json | jq -r '.items[] | .uid + " " + .data.titre' | sort >"$work/have"
	sort "$work/$2.acked" >"$work/want"
	lost=$(comm -13 "$work/have" "$work/want" | head -n 1)
	twice=$(cut -d ' ' -f 1 "$work/have" | uniq -d | head -n 1)
	[ -z "$lost$twice" ] || echo "at $1 of $2: missing or changed '$lost', twice '$twice'"
	[ -z "$lost$twice" ]
}
# all_well NAME NODE...: nothing acknowledged by the hubs that worked is missing
# anywhere, all agree, no log is forked or blocked, everything verifies.
all_well() {
	well_name=$1
	shift
	check "$well_name-digests-agree" same_digests "$@"
	for well_node in "$@"; do
		for well_list in "$work"/*.acked; do
			[ -e "$well_list" ] || continue
			check "$well_name-$well_node-has-all-of-$(basename "$well_list" .acked)" holds_work "$well_node" "$(basename "$well_list" .acked)"
		done
		equal "$well_name-$well_node-no-fork" "" "$(fact "$well_node" '[.alerts[].code | select(test("FORK|BAD_|DAMAGED|BEYOND"))] | join(" ")')"
		check "$well_name-$well_node-verifies" e "$well_node" verify
	done
}
# The node's disk is gone; its key file is kept beside.
lose_disk() { # NODE
	crash "$1"
	cp "$work/$1/node.key" "$work/$1.key"
	rm -rf "${work:?}/$1"
}
has_alert() { # NODE CODE
	[ "$(fact "$1" "[.alerts[].code] | index(\"$2\") != null")" = true ]
}
state_is() { # NODE STATE
	[ "$(fact "$1" .state)" = "$2" ]
}

# Whoever still runs stops when asked, and no sanitizer had a word to say.
stop_all() {
	for finish_dir in "$work"/*/; do
		finish_node=$(basename "$finish_dir")
		case $finish_node in
		*[!a-z]*) continue ;;
		esac
		[ -f "$finish_dir/essaimd.log" ] || continue
		stop "$finish_node" || not_ok "$finish_node-stops-when-asked" "exit $?"
		if grep -qE 'ERROR: [A-Za-z]*Sanitizer|runtime error:' "$finish_dir/essaimd.log"; then
			not_ok "$finish_node-sanitizer" \
				"$(grep -E 'SUMMARY:|runtime error:' "$finish_dir/essaimd.log" | head -n 1)"
		fi
	done
}
finish() {
	stop_all
	exit $((failed > 0))
}
