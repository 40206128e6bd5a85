#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One byte of a stored commit or change is flipped: `verify` names the log and
# seq, the daemon does not serve that commit. The directory can be lost.
. "$(dirname "$0")/lib.sh"

# flip FILE TEXT: the first byte of TEXT's last place in FILE becomes X, which
# unflip puts right again. Pages stay what they are for SQLite.
flip() {
	flip_at=$(LC_ALL=C grep -abo -F -- "$2" "$1" | tail -n 1 | cut -d : -f 1)
	[ -n "$flip_at" ] || return 1
	printf X | dd of="$1" bs=1 seek="$flip_at" conv=notrunc 2>/dev/null
}
unflip() {
	printf %.1s "$2" | dd of="$1" bs=1 seek="$flip_at" conv=notrunc 2>/dev/null
}

must found_cress
must enter auray
must enter morlaix
must settle auray morlaix cress
stop morlaix # before the change that will be damaged
must e auray import structure "$sample/pole-auray/structures.csv" >/dev/null
must e auray import evenement "$sample/pole-auray/evenements.csv" >/dev/null
mark=canari$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
uid=$(new_event auray "$mark")
must synced auray
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
public_again() {
	[ "$(digest auray public)" = "$public" ]
}
within "comes-back-by-itself" 20 public_again
check "rebuild-while-it-runs" e auray rebuild
equal "and-the-same-again" "$public" "$(digest auray public)"

# Only the directory is wrong: verify sees it, says so, and rebuild mends it.
stop auray
must sqlite3 "$work/auray/directory.db" \
	"update structure set nom='Faux' where rowid=(select min(rowid) from structure); pragma wal_checkpoint(truncate)" >/dev/null
exits "a-row-of-the-directory" 1 e auray verify
check "it-says-rebuild" grep -q "essaim rebuild" "$work/exits.err"
check "rebuild-mends-it" e auray rebuild
check "all-is-well-again" e auray verify
page=$(sqlite3 "$work/auray/directory.db" "select pageno from dbstat where name='structure_uid' order by pageno limit 1")
dd if=/dev/urandom of="$work/auray/directory.db" bs=4096 seek=$((page - 1)) count=1 conv=notrunc 2>/dev/null
exits "a-page-of-an-index-of-the-directory" 1 e auray verify
check "rebuild-mends-that-too" e auray rebuild
check "all-is-well-once-more" e auray verify
must start auray

# A change of the hub's public log, at the hub.
log=$(e auray tail --limit 1000 --json | jq -r --arg uid "$uid" 'select(.uid == $uid) | .log' | tail -n 1)
seq=$(e auray tail --limit 1000 --json | jq -r --arg uid "$uid" 'select(.uid == $uid) | .seq' | tail -n 1)
stop auray
must flip "$work/auray/journal.db" "$mark"
e auray verify >"$work/verify.out" 2>&1
equal "verify-exits-1" 1 $?
check "verify-names-the-log" grep -q "${log:-nolog}" "$work/verify.out"
check "verify-names-the-seq" grep -Eq "(^|[^0-9])${seq:-noseq}([^0-9]|\$)" "$work/verify.out"
equal "private-values-stay-out" 0 "$(grep -c "$(echo "$mark" | cut -c 2-)" "$work/verify.out")"

# Morlaix asks the damaged hub while home is away, then home.
stop cress
must start auray
must start morlaix
e auray verify >/dev/null 2>&1
equal "verify-while-it-runs-exits-1" 1 $?
e morlaix connect auray "127.0.0.1:$port_auray" >/dev/null
sleep 3
equal "the-damaged-one-is-not-served" "" "$(e morlaix show "$uid" --json 2>/dev/null)"
stop auray
must unflip "$work/auray/journal.db" "$mark"
must start auray
check "verify-once-it-is-mended" e auray verify
must start cress
within "the-sound-one-arrives" 20 shows morlaix "$uid" titre "$mark"
must settle auray morlaix cress

# The CRESS's copy: a new hub is not given it.
stop cress
must flip "$work/cress/journal.db" "$mark"
must start cress
e cress verify >"$work/verify.out" 2>&1
equal "the-cress-exits-1" 1 $?
check "the-cress-names-the-log" grep -q "${log:-nolog}" "$work/verify.out"
within "the-cress-may-invite" 20 sh -c "'$bin/essaim' --data '$work/cress' --quiet invite --pays brest --name Essai"
must enter vitre
sleep 3
equal "no-damage-is-passed-on" 0 \
	"$(cat "$work/vitre"/journal.db* "$work/vitre"/directory.db* | LC_ALL=C grep -acF "X$(echo "$mark" | cut -c 2-)")"
stop vitre
stop cress
must unflip "$work/cress/journal.db" "$mark"
must start cress
must start vitre
within "once-mended-it-arrives" 30 shows vitre "$uid" titre "$mark"

# A page of the file itself.
stop auray
check "all-is-sound-again" e auray verify
pages=$(sqlite3 "$work/auray/journal.db" 'pragma page_count')
size=$(sqlite3 "$work/auray/journal.db" 'pragma page_size')
head -c "$size" /dev/urandom | dd of="$work/auray/journal.db" bs="$size" seek=$((pages / 2)) conv=notrunc 2>/dev/null
e auray verify >"$work/verify.out" 2>&1
code=$?
head -n 2 "$work/verify.out" >&2
check "a-torn-page-is-reported" test $code = 1 -o $code = 74
check "with-words" test -s "$work/verify.out"
finish
