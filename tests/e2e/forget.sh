#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `forget` with a node away: the others destroy and acknowledge now, it does so at
# its first contact, before it serves anything. Then no byte of what was erased is
# in any file of any node, and every chain still verifies.
# FORGET_COUNT (500): how many records.
. "$(dirname "$0")/lib.sh"
count=${FORGET_COUNT:-500}

must found_cress
for hub in auray morlaix vitre; do
	must enter $hub
done
must e auray import structure "$sample/pole-auray/structures.csv" >/dev/null
must settle auray morlaix vitre cress

# Canaries, in the files of an import: in the journal, the directory, the index.
{
	echo "uid;type_evenement;titre;debut;fin;extra_note;portee"
	od -An -v -tx1 -w16 -N $((count * 16)) /dev/urandom | tr -d ' ' |
		awk '{ portee = NR % 4 == 0 ? "federation" : "public"
			printf ";atelier;canari%s;2026-12-01T10:00:00+01:00;2026-12-01T12:00:00+01:00;secret%s;%s\n", $1, $1, portee }'
} >"$work/canaries.csv"
must e auray import evenement "$work/canaries.csv" >/dev/null
must work_some auray 3 Reste
must settle auray morlaix vitre cress
equal "they-are-everywhere" "$count" "$(e vitre list evenement --limit 1000 --json | jq '[.items[] | select(.data.titre | startswith("canari"))] | length')"
sed 1d "$work/canaries.csv" | awk -F ';' '{ print "text " $3; print "text " $6 }' >"$work/needles"
e auray list evenement --limit 1000 --json | jq -r '.items[] | select(.data.titre | startswith("canari")) | .uid' >"$work/uids"
# Some are edited again, some are deleted, and some wait in the outbox.
n=0
while read -r uid; do
	n=$((n + 1))
	[ $n -le 15 ] || break
	if [ $n -gt 10 ]; then # deleted: what it said is stored all the same
		must e auray rm "$uid" >/dev/null
		continue
	fi
	e auray set "$uid" "titre=canariencore$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" >/dev/null
	e auray show "$uid" --json | jq -r '"text " + .data.titre' >>"$work/needles"
done <"$work/uids"
must settle auray morlaix vitre cress
scan() { # NODE...
	for scan_node in "$@"; do
		set -- "$@" "$work/$scan_node"
		shift
	done
	"$bin/essaim-scan" "$work/needles" "$@"
}
scan vitre >"$work/scan.out"
equal "the-scanner-sees-them" 1 $?

stop vitre # for weeks
exits "forget-asks" 64 e auray forget "$(head -n 1 "$work/uids")"
exits "not-anothers" 77 e morlaix forget "$(head -n 1 "$work/uids")" --yes
failures=0
while read -r uid; do
	e auray forget "$uid" --yes >/dev/null </dev/null || failures=$((failures + 1))
done <"$work/uids"
equal "all-are-forgotten" 0 $failures
check "settles" settle auray morlaix
answered() { # how many erasures wait for NAMES alone
	[ "$(e auray erasures --json | jq -r "[.items[] | select((.who | join(\",\")) == \"$1\")] | length")" = "$count" ]
}
within "only-the-absent-one-is-silent" 60 answered "$(hub_title vitre)"
within "status-says-who" 60 has_alert cress ERASURES_PENDING
clean_of() {
	scan "$@" >"$work/scan.out"
}
within "no-byte-at-the-others" 60 clean_of auray morlaix cress
for node in auray morlaix cress; do
	equal "gone-at-$node" 0 "$(e $node list evenement --limit 1000 --json | jq '[.items[] | select(.data.titre | startswith("canari"))] | length')"
	check "$node-verifies" e $node verify
done

# First contact: with a hub, which serves it the order before anything else.
stop cress
must start vitre
e vitre connect auray "127.0.0.1:$port_auray" >/dev/null
gone_at_vitre() {
	[ "$(e vitre list evenement --limit 1000 --json | jq '[.items[] | select(.data.titre | startswith("canari"))] | length')" = 0 ]
}
within "at-its-first-contact" 60 gone_at_vitre
within "no-byte-there-either" 60 clean_of vitre
must start cress
check "all-settle" settle auray morlaix vitre cress
within "nobody-is-silent" 60 answered ""
check "no-byte-anywhere" clean_of auray morlaix vitre cress
all_well forgotten auray morlaix vitre cress
for node in auray morlaix vitre cress; do
	e $node rebuild >/dev/null
done
check "no-byte-after-a-rebuild" clean_of auray morlaix vitre cress

# A backup from before: what comes back is forgotten before it is served.
secret=secret$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
uid=$(new_event morlaix "$secret")
must settle morlaix auray vitre cress
must e morlaix backup "$work/morlaix.before" --with-key >/dev/null
check "forget-it" e morlaix forget "$uid" --yes
must settle morlaix auray vitre cress
crash morlaix
rm -rf "$work/morlaix"
must e morlaix restore "$work/morlaix.before" >/dev/null
must start morlaix
check "restored-settles" settle morlaix auray vitre cress
echo "text $secret" >"$work/needles"
within "it-did-not-come-back" 60 clean_of auray morlaix vitre cress
exits "not-shown" 65 e morlaix show "$uid"
all_well restored auray morlaix vitre cress
finish
