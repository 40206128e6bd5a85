#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Keys change: planned, in an emergency, and by the paper key once the CRESS's was
# stolen. Who bears the old ones is let in nowhere; nobody's work suffers.
. "$(dirname "$0")/lib.sh"

hubs="auray morlaix vitre"
fingerprint() { # PAYS
	e cress members --json | jq -r ".members[] | select(.pays == \"$1\") | .fingerprint"
}
round() { # NAME
	for hub in $hubs; do
		must work_some $hub 2 "$1"
	done
	check "$1-settles" settle $hubs cress
	all_well "$1" $hubs cress
}

region 3 $hubs
paper=$(grep -oE '([0-9A-Z]{4}-){12}[0-9A-Z]{4}' "$work/cress.init")

# A hub's, planned.
before=$(fingerprint auray)
check "rotate-a-hub" e auray rotate-key
check "rotate-a-hub-settles" settle auray cress
check "it-has-a-new-key" test "$before" != "$(fingerprint auray)"
equal "both-ends-agree" "$(fingerprint auray)" "$(fact auray .node.fingerprint)"
stop auray
must start auray
round hub-rotated

# The CRESS's, with a hub away.
stop vitre
before=$(fingerprint bretagne)
check "rotate-the-cress" e cress rotate-key
check "rotate-the-cress-settles" settle auray morlaix
check "the-cress-has-a-new-key" test "$before" != "$(fingerprint bretagne)"
stop cress
must start cress
must start vitre
check "the-one-that-was-away-finds-it" synced vitre
round cress-rotated

# Disk and key of a hub lost: its operator comes in with new ones.
cp -r "$work/morlaix" "$work/stolen"
crash morlaix
rm -rf "$work/morlaix" "$work/stolen/essaim.sock"
code=$(e cress --quiet rotate-key morlaix | grep -o 'ESSAIM1-[0-9A-Z-]*')
check "an-invitation-in-its-place" test -n "$code"
exits "the-cress-itself-is-recovered-otherwise" 77 e cress rotate-key bretagne
check "it-joins" join morlaix "$code"
must start morlaix
within "and-waits" 20 sh -c "'$bin/essaim' --data '$work/cress' members --json | jq -e '.requests[] | select(.pays == \"morlaix\")'"
check "approve" e cress approve morlaix
check "its-work-comes-back" synced morlaix
round key-lost
sed -i "s/$port_morlaix/1/" "$work/stolen/essaim.conf" 2>/dev/null
rm -f "$work/stolen/essaim.conf"
must start stolen
within "the-old-key-is-told" 30 has_alert stolen KEY_REPLACED
stop stolen
rm -rf "$work/stolen"

# The CRESS's key is stolen: the thief's copy runs in its place, a hub takes an entry.
stop cress
good=$(e auray status --json | jq '.logs[] | select(.scope == "control") | .seq')
cp -r "$work/cress" "$work/thief"
stop morlaix
stop vitre
must start thief
within "the-thief-is-believed" 60 sh -c "'$bin/essaim' --data '$work/thief' resolve --alone --yes"
check "the-thief-enters-something" e thief --quiet invite --pays brest --name Complice
more_than() {
	[ "$(e auray status --json | jq '.logs[] | select(.scope == "control") | .seq')" -gt "$good" ]
}
within "a-hub-takes-it" 30 more_than
must work_one auray "Sous le voleur"
check "and-works-on" synced auray
stop thief
must start cress
must start morlaix
must start vitre
exits "a-mistyped-paper-key" 65 sh -c "echo ABCD-EFGH | '$bin/essaim' --data '$work/cress' recover"
exits "another-paper-key" 65 sh -c "echo '$paper' | tr 0-9 1-90 | '$bin/essaim' --data '$work/cress' recover"
echo "$paper" | tr '[:upper:]' '[:lower:]' >"$work/paper"
within "all-are-heard" 60 sh -c "! '$bin/essaim' --data '$work/cress' status --json | jq -e '.alerts[] | select(.code == \"AWAITING\")'"
exits "only-on-the-cress" 77 e auray recover --key "$work/paper"
before=$(fingerprint bretagne)
check "recover" e cress recover --key "$work/paper" --last-good "$good"
check "the-cress-has-other-keys" test "$before" != "$(fingerprint bretagne)"
check "the-hubs-switch" settle $hubs cress
equal "the-accomplice-has-no-invitation" 0 "$(e cress tail --limit 1000 --json | jq -r 'select(.op == "invite") | .fields | tostring' | grep -c Complice)"
round recovered
stop cress
must start thief
sleep 4
check "the-thief-is-alone" test "$(fact thief '[.peers[] | select(.state == "live")] | length')" = 0
stop thief
must start cress
check "and-all-is-well" settle $hubs cress
check "no-key-is-shown" sh -c "! grep -qE '[0-9a-f]{64}' '$work'/*/essaimd.log"
finish
