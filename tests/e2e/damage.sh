#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One byte of a stored commit or change is flipped: `verify` names the log and
# seq, the daemon does not serve that commit. The directory can be lost.
. "$(dirname "$0")/lib.sh"

# flip FILE NEEDLE: the first byte of NEEDLE's last place in FILE; the commit stays
# readable for SQLite.
flip() {
	flip_at=$(LC_ALL=C grep -abo -F -- "$2" "$1" | tail -n 1 | cut -d : -f 1)
	[ -n "$flip_at" ] || return 1
	printf X | dd of="$1" bs=1 seek="$flip_at" conv=notrunc 2>/dev/null
}

must found_cress
must enter auray
must e auray import structure "$sample/pole-auray/structures.csv" >/dev/null
must e auray import evenement "$sample/pole-auray/evenements.csv" >/dev/null
mark=canari$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
uid=$(new_event auray "$mark")
must synced auray cress
check "verify-while-it-runs" e auray verify
equal "plain-sql-while-it-runs" 3 "$(sqlite3 -readonly "$work/auray/directory.db" 'select nom from structure limit 3' | grep -c .)"

# The directory is lost: the same comes back, by hand or by itself.
public=$(digest auray public) federation=$(digest auray federation)
stop auray
check "verify-while-it-is-stopped" e auray verify
rm -f "$work/auray"/directory.db*
check "rebuild-while-it-is-stopped" e auray rebuild
must start auray
equal "the-same-public-digest" "$public" "$(digest auray public)"
equal "the-same-federation-digest" "$federation" "$(digest auray federation)"
stop auray
rm -f "$work/auray"/directory.db*
must start auray
within "comes-back-by-itself" 20 test "$(digest auray public)" = "$public"
check "rebuild-while-it-runs" e auray rebuild
equal "and-the-same-again" "$public" "$(digest auray public)"

# A change of the hub's public log.
log=$(fact auray '.logs[] | select(.scope == "public" and .author != null and .seq > 0) | .id' | while read -r id; do
	e auray tail --limit 1000 --json | jq -r --arg id "$id" --arg uid "$uid" 'select(.log == $id and .uid == $uid) | .log' | head -n 1
done | head -n 1)
seq=$(e auray tail --limit 1000 --json | jq -r --arg uid "$uid" 'select(.uid == $uid) | .seq' | tail -n 1)
stop auray
cp -r "$work/auray" "$work/sound"
must flip "$work/auray/journal.db" "$mark"
e auray verify >"$work/verify.out" 2>&1
equal "verify-exits-1" 1 $?
check "verify-names-the-log" grep -q "${log:-nolog}" "$work/verify.out"
check "verify-names-the-seq" grep -Eq "(^|[^0-9])${seq:-noseq}([^0-9]|\$)" "$work/verify.out"
equal "private-values-stay-out" 0 "$(grep -c "$mark" "$work/verify.out")"

# A new hub asks for everything, and the damaged node alone could give it.
stop cress
must start cress
must enter morlaix
must synced morlaix
equal "the-others-have-the-sound-one" "$mark" "$(value morlaix "$uid" titre)"
stop morlaix
cp -r "$work/morlaix" "$work/before"
rm -rf "$work/morlaix" "$work/before"
must start auray
within "the-daemon-says-it" 10 sh -c "'$bin/essaim' --data '$work/auray' verify >/dev/null 2>&1; test \$? = 1"
new_event auray "Après la panne" >/dev/null 2>&1
sleep 3
equal "the-damaged-one-is-not-served" "$mark" "$(value cress "$uid" titre)"
check "the-cress-is-sound" e cress verify
stop auray

# The CRESS's own copy is damaged: a new hub is not given it.
stop cress
must flip "$work/cress/journal.db" "$mark"
must start cress
must enter vitre
sleep 3
equal "not-served-by-the-cress" "" "$(e vitre show "$uid" --json 2>/dev/null)"
equal "no-damage-is-passed-on" 0 "$(cat "$work/vitre"/journal.db* | LC_ALL=C grep -ac "X$(echo "$mark" | cut -c 2-)")"
e cress verify >/dev/null 2>&1
equal "the-cress-says-so" 1 $?
stop vitre

# A page of the file itself.
stop cress
rm -rf "$work/auray"
mv "$work/sound" "$work/auray"
check "the-sound-copy-verifies" e auray verify
pages=$(sqlite3 "$work/auray/journal.db" 'pragma page_count')
size=$(sqlite3 "$work/auray/journal.db" 'pragma page_size')
head -c "$size" /dev/urandom | dd of="$work/auray/journal.db" bs="$size" seek=$((pages / 2)) conv=notrunc 2>/dev/null
e auray verify >"$work/verify.out" 2>&1
code=$?
check "a-torn-page-is-reported" test $code = 1 -o $code = 74
check "with-words" test -s "$work/verify.out"
finish
