#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh tests/run.sh                  all tests; on 2 cores of a bare Debian 12 in under 30 minutes
# sh tests/run.sh night MINUTES    the same; half of MINUTES for the fuzzers, half for the simulator
# sh tests/run.sh quick            build, unit tests, vectors and corpora only
#
# As root it installs what is missing; else it says what to install. One line
# per test: "ok NAME", "not ok NAME why", "SKIPPED NAME why". Logs: build/logs.
# The last line is "N passed, N failed, N skipped"; exit 1 if any failed.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$(pwd)

tier=day fuzz_seconds=56 sim_seeds=100 sim_orders=100
case ${1:-day} in
day) ;;
quick) tier=quick ;;
night)
	tier=night
	case ${2:-} in
	'' | *[!0-9]*) echo "usage: sh tests/run.sh night MINUTES" >&2; exit 64 ;;
	esac
	fuzz_seconds=$(($2 * 30)) sim_seeds=$(($2 * 60)) sim_orders=2000 ;;
*) echo "usage: sh tests/run.sh [quick | night MINUTES]" >&2; exit 64 ;;
esac

export LC_ALL=C.UTF-8 ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
logs=$root/build/logs results=$root/build/logs/results
mkdir -p "$logs"
rm -f "$logs"/*
: >"$results"
began=$(date +%s)
cores=$(nproc)

stage() {
	echo
	echo "== $* ($(($(date +%s) - began)) s)"
}
# ok NAME | not ok NAME why | SKIPPED NAME why: shown and counted.
result() {
	echo "$*"
	echo "$*" >>"$results"
}
finish() {
	passed=$(grep -c '^ok ' "$results")
	failed=$(grep -c '^not ok ' "$results")
	skipped=$(grep -c '^SKIPPED ' "$results")
	echo
	if [ "$failed" -gt 0 ]; then
		echo "failed (logs in build/logs):"
		grep '^not ok ' "$results" | sed 's/^not ok /  /'
	fi
	[ "$skipped" = 0 ] || grep '^SKIPPED ' "$results" | sed 's/^/  /'
	echo "$(($(date +%s) - began)) s"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}
# build PRESET "TARGET..." [cmake options]: into its folder, or a "not ok" with the first errors.
build() {
	preset=$1 targets=$2
	shift 2
	# shellcheck disable=SC2086
	if cmake --preset "$preset" "$@" >"$logs/build-$preset.log" 2>&1 &&
		cmake --build --preset "$preset" --target $targets >>"$logs/build-$preset.log" 2>&1; then
		result "ok build-$preset"
		return 0
	fi
	grep -E 'error|Error|undefined reference' "$logs/build-$preset.log" | head -n 10
	result "not ok build-$preset see build/logs/build-$preset.log"
	return 1
}
# unit FOLDER PREFIX [ctest options]: each ctest is one test.
unit() {
	folder=$1 prefix=$2
	shift 2
	ctest --test-dir "$folder" -j 2 --output-on-failure "$@" >"$logs/ctest$(echo "$prefix" | tr / -).log" 2>&1
	awk -v prefix="$prefix" '
		/ Test +#[0-9]+: / {
			name = $0
			sub(/.* Test +#[0-9]+: /, "", name)
			why = name
			sub(/[ .*].*/, "", name)
			if (why ~ / Passed /)
				print "ok " prefix name
			else if (why ~ /\*\*\*(Skipped|Not Run \(Disabled\))/)
				print "SKIPPED " prefix name " it said so"
			else {
				sub(/^[^*]*\*\*\*/, "", why)
				sub(/ +[0-9.]+ sec.*/, "", why)
				print "not ok " prefix name " " why
			}
		}' "$logs/ctest$(echo "$prefix" | tr / -).log" >"$logs/ctest.lines"
	cat "$logs/ctest.lines" | tee -a "$results"
	[ -s "$logs/ctest.lines" ] || result "not ok ${prefix}unit-tests ctest ran nothing"
}
# script NAME COMMAND...: relays the result lines of an end-to-end script.
script() {
	name=$1
	shift
	timeout -k 10 900 "$@" >"$logs/$name.log" 2>"$logs/$name.err"
	code=$?
	grep -E '^(ok|not ok|SKIPPED) ' "$logs/$name.log" | sed -E "s#^(ok|not ok|SKIPPED) #\1 $name/#" |
		tee "$logs/$name.lines"
	cat "$logs/$name.lines" >>"$results"
	if [ $code = 124 ] || [ $code = 137 ]; then
		result "not ok $name/ends took more than 900 s"
	elif ! [ -s "$logs/$name.lines" ] || { [ $code != 0 ] && ! grep -q '^not ok ' "$logs/$name.lines"; }; then
		tail -n 5 "$logs/$name.err"
		result "not ok $name/ends exit $code, see build/logs/$name.log and .err"
	fi
}

# Several at a time, each with its own folders and ports: scripts wait more than they
# reckon, so there is one more of them than cores. The long ones go first, or the end waits
# for one alone. queue NAME COMMAND..., of one name the first; then `drain HOW_MANY FUNCTION`.
queue() {
	echo "$*" >>"$logs/queue"
}
lane() {
	while read -r lane_name lane_command; do
		# shellcheck disable=SC2086
		mkdir "$logs/taken-$lane_name" 2>/dev/null && "$1" "$lane_name" $lane_command
	done <"$logs/queue"
}
drain() {
	for lane_number in $(seq "$1"); do
		lane "$2" &
	done
	wait
	rm -rf "$logs/queue" "$logs"/taken-*
}

stage "packages"
sh conf/install-deps.sh build tests || {
	result "not ok packages some are missing and could not be installed"
	finish
}

stage "build (warnings are errors)"
build default all -DESSAIM_WERROR=ON || finish

stage "unit tests, arrows, corpora"
unit build ""

stage "public vectors"
vectors=${ESSAIM_VECTORS:-}
for dir in "$root/tests/vectors/data" "$root/../shared/vectors"; do
	[ -n "$vectors" ] || [ ! -d "$dir" ] || vectors=$dir
done
data=${ESSAIM_DATA:-}
for dir in "$root/tests/vectors/data" "$root/../shared/data"; do
	[ -n "$data" ] || [ ! -f "$dir/distance_vecteurs.csv" ] || data=$dir
done
# KIND FILE, one test for each file
vector() {
	if [ ! -f "$2" ]; then
		result "SKIPPED vectors/$1 $(basename "$2") is not here (ESSAIM_VECTORS, ESSAIM_DATA name the folders)"
		return
	fi
	if line=$(build/bin/essaim-vectors "$1" "$2" 2>>"$logs/vectors.log"); then
		echo "   $1 $(basename "$2"): $line"
		result "ok vectors/$1/$(basename "$2")"
	else
		result "not ok vectors/$1/$(basename "$2") $line"
	fi
}
vector noise "$vectors/noise/snow.json"
vector noise "$vectors/noise/noise-c-basic.json"
vector ed25519 "$vectors/ed25519/cctv.json"
vector ed25519 "$vectors/ed25519/speccheck.json"
vector x25519 "$vectors/x25519/wycheproof.json"
vector chacha20poly1305 "$vectors/aead/wycheproof-chacha20-poly1305.json"
vector blake2b "$vectors/blake2b/kat.json"
vector msgpack "$vectors/msgpack/msgpack-test-suite.json"
siret=$data/pieges/siret_vecteurs.csv
[ -f "$siret" ] || siret=$data/siret_vecteurs.csv
vector siret "$siret"
vector distance "$data/distance_vecteurs.csv"
vector score "$data/score_vecteurs.jsonl"
[ $tier != quick ] || finish

stage "simulator: $sim_seeds schedules"
sim=build/bin/essaim-sim
# NAME COMMAND...: exit 0, its last line shown.
simulated() {
	name=$1
	shift
	if timeout -k 10 7200 "$@" >"$logs/sim-$name.log" 2>&1; then
		echo "   $(tail -n 1 "$logs/sim-$name.log")"
		result "ok sim/$name"
	else
		result "not ok sim/$name $(grep -m 1 '^violation' "$logs/sim-$name.log" | cut -c 1-160) see build/logs/sim-$name.log"
	fi
}
simulated self-test $sim --self-test
# Arguments that make no sense are refused, not run.
refused=0
for wrong in "--seed -1" "--seed x" "--seeds 5..1" "--seeds 1.." "--seeds 1..2x" "--seed 1 --hubs 0" "--seed 1 --hours 0" "--seed 1 --jobs 0"; do
	timeout 60 $sim $wrong >/dev/null 2>&1
	[ $? -eq 64 ] && refused=$((refused + 1)) || echo "   $sim $wrong: not refused"
done
[ $refused -eq 8 ] && result "ok sim/arguments" || result "not ok sim/arguments $refused of 8 refused"
simulated "seeds-1..$sim_seeds" $sim --seeds "1..$sim_seeds"
simulated "orders" $sim --permutations $sim_orders
first=$($sim --seed 3 --hash 2>/dev/null | head -n 1) again=$($sim --seed 3 --hash 2>/dev/null | head -n 1)
if [ -n "$first" ] && [ "$first" = "$again" ]; then
	result "ok sim/replay"
else
	result "not ok sim/replay '$first' then '$again'"
fi
# Schedules that once failed, and bugs planted on purpose with the seed that finds each.
# Nothing is found but the bug: without it the same schedule keeps every promise.
replay() { # NAME seed|PLANT SEED [options]
	log=$logs/sim-$1.log what=$2 seed=$3
	shift 3
	if [ "$what" = seed ]; then
		simulated "seed-$seed$(echo "$*" | tr -c 'a-z\n' -)" $sim --seed "$seed" "$@"
	elif ! timeout 300 $sim --focus "$what" --seed "$seed" "$@" >"$log" 2>&1; then
		result "not ok sim/plant-$what seed $seed without it: $(grep -m 1 '^violation' "$log" | cut -c 1-120)"
	elif timeout 300 $sim --plant "$what" --seed "$seed" "$@" >"$log" 2>&1; then
		result "not ok sim/plant-$what seed $seed does not find it any more"
	elif grep -q '^violation' "$log"; then
		result "ok sim/plant-$what"
	else
		result "not ok sim/plant-$what $(tail -n 1 "$log" | cut -c 1-120)"
	fi
}
number=0
while read -r what seed more; do
	case $what in
	'' | '#'*) ;;
	*) queue "$((number += 1))-$what-$seed" "$what" "$seed" "$more" ;;
	esac
done <tests/sim/seeds.txt
drain "$cores" replay

stage "end to end"
# promtool alone, without the server that its package starts.
if ! command -v promtool >/dev/null && [ ! -x build/promtool ] && tools=$(mktemp -d); then
	(cd "$tools" && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb .) >"$logs/promtool.log" 2>&1 &&
		cp "$tools/usr/bin/promtool" build/promtool
	rm -rf "$tools"
fi
for e2e in tests/e2e/scenarios.sh tests/e2e/*.sh; do
	name=$(basename "$e2e" .sh)
	[ "$name" = lib ] || queue "$name" sh "$e2e"
done
drain $((cores + 1)) script

stage "the domain: every row, rule and situation"
for domain in tests/domain/*.sh; do
	queue "domain-$(basename "$domain" .sh)" sh "$domain"
done
drain $((cores + 1)) script
missing=
for row in $(seq -f A%g 12) $(seq -f B%g 7) $(seq -f C%g 15) $(seq -f D%g 7) $(seq -f E%g 19) $(seq -f R%g 20) $(seq -f F%g 16) $(seq -f W%g 8); do
	grep -qE "^(ok|SKIPPED) [^ ]*/$row-" "$results" || missing="$missing $row"
done
if [ -z "$missing" ]; then
	result "ok domain-rows"
else
	result "not ok domain-rows no test of:$missing"
fi

stage "the page: in a browser; its gate, accounts, hostile input, a proxy; the Debian package"
# What cannot be installed is said by who needs it.
sh conf/install-deps.sh browser package >"$logs/install-more.log" 2>&1
queue page sh tests/page/run.sh
queue package sh tests/package/run.sh
for web in tests/web/*.sh; do
	name=$(basename "$web" .sh)
	[ "$name" = lib ] || queue "web-$name" sh "$web"
done
drain "$cores" script

stage "coverage of common/ and proto/"
if build coverage 'unit_common unit_proto'; then
	find build/coverage -name '*.gcda' -delete
	ctest --test-dir build/coverage -j 2 -R '^(common|proto)/' >"$logs/ctest-coverage.log" 2>&1 ||
		result "not ok coverage-tests see build/logs/ctest-coverage.log"
	gcovr --root . --filter 'common/' --filter 'proto/' --gcov-executable gcov \
		--print-summary --txt "$logs/coverage.txt" build/coverage >"$logs/coverage-summary.log" 2>&1
	percent=$(awk '/^lines:/ { sub(/%.*/, "", $2); print $2 }' "$logs/coverage-summary.log")
	echo "coverage common+proto: ${percent:-0} % lines"
	if awk "BEGIN { exit !(${percent:-0} >= 90) }"; then
		result "ok coverage"
	else
		result "not ok coverage ${percent:-0} % of lines, 90 wanted; see build/logs/coverage.txt"
	fi
fi

stage "AddressSanitizer and UndefinedBehaviorSanitizer"
if build asan all; then
	unit build/asan "asan/" -E '^tidy$'
	asan="env ESSAIM_BUILD=$root/build/asan sh"
	for e2e in tests/e2e/scenarios.sh tests/e2e/govern.sh tests/e2e/evidence.sh tests/e2e/*.sh; do
		name=$(basename "$e2e" .sh)
		case $name in
		lib) ;;
		kill) queue asan-kill $asan "$e2e" 5 ;;
		*) queue "asan-$name" $asan "$e2e" ;;
		esac
	done
	for name in accounts gate hostile; do
		queue "asan-web-$name" $asan "tests/web/$name.sh"
	done
	drain $((cores + 1)) script
fi

stage "fuzzers, $fuzz_seconds s in all"
if build fuzz fuzzers; then
	count=$(ls tests/fuzz/*_fuzz.c | wc -l)
	each=$((fuzz_seconds / count))
	for source in tests/fuzz/*_fuzz.c; do
		name=$(basename "$source" _fuzz.c)
		mkdir -p "build/fuzz/corpus/$name"
		if (cd build/fuzz && bin/"${name}_fuzz" -max_total_time=$each -timeout=10 -rss_limit_mb=1024 \
			-artifact_prefix="$logs/fuzz-$name-" "corpus/$name" "$root/tests/fuzz/corpus/$name") \
			>"$logs/fuzz-$name.log" 2>&1; then
			echo "   $(grep -E '^Done ' "$logs/fuzz-$name.log")"
			result "ok fuzz/$name"
		else
			result "not ok fuzz/$name see build/logs/fuzz-$name.log"
		fi
	done
fi

finish
