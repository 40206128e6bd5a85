#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The CRESS comes back from an older backup, alone or with a hub that does too, or
# from its key alone. It asks its members before it enters anything (75), takes back
# what they hold, and gives every hub's log a new generation (L11-L16).
. "$(dirname "$0")/lib.sh"

hubs="auray morlaix vitre"
round() { # NAME: everybody works on, then all agree
	for hub in $hubs; do
		must work_some $hub 2 "$1"
	done
	check "$1-settles" settle $hubs cress
	all_well "$1" $hubs cress
}
cress_back() { # FILE [OPTIONS]: in an empty directory
	e cress restore "$@" --listen "127.0.0.1:$port_cress" >"$work/cress.restore" && start cress
}

region 5 auray morlaix vitre
must e cress backup "$work/cress.old" --with-key >/dev/null

# Alone. After the backup: work, a new member, a hand-over.
must enter fougeres
hubs="auray morlaix vitre fougeres"
must work_some fougeres 3 Nouveau
must work_some auray 5 Plus
given=$(head -n 1 "$work/auray.acked" | cut -d ' ' -f 1)
must e auray hand-over "$given" vitre >/dev/null
must settle $hubs cress
offered() {
	no=$(e vitre proposals --json | jq -r ".items[] | select(.uid == \"$given\" and .state == \"open\") | .no")
	[ -n "$no" ]
}
within "the-offer-arrives" 20 offered
must e vitre accept "$no" >/dev/null
must settle $hubs cress
is_vitres() {
	e vitre set "$given" "titre=À Vitré" >/dev/null 2>&1
}
within "handed-over" 20 is_vitres
grep -v "^$given " "$work/auray.acked" >"$work/x" && mv "$work/x" "$work/auray.acked"
echo "$given À Vitré" >>"$work/vitre.acked"
must settle $hubs cress
for hub in $hubs; do
	stop $hub
done
crash cress
rm -rf "$work/cress"
must cress_back "$work/cress.old"
check "it-says-what-comes-next" grep -q "resolve --alone" "$work/cress.restore"
exits "invite-waits" 75 e cress invite --pays brest --name Brest
exits "revoke-waits" 75 e cress revoke auray --yes
check "it-names-them" grep -q Vitré "$work/exits.err"
equal "it-says-so" waiting "$(fact cress .state)"
must start auray
must start morlaix
sleep 3
exits "two-of-three-are-not-all" 75 e cress invite --pays brest --name Brest
must start vitre
must start fougeres
within "all-have-reported" 60 sh -c "'$bin/essaim' --data '$work/cress' --quiet invite --pays brest --name Brest"
check "the-late-member-is-back" sh -c "'$bin/essaim' --data '$work/cress' members --json | jq -e '.members[] | select(.pays == \"fougeres\" and .state == \"active\")'"
check "settles" settle $hubs cress
all_well alone $hubs cress
equal "the-hand-over-stands" 77 "$(e auray set "$given" titre=Non >/dev/null 2>&1; echo $?)"
within "every-hub-has-a-new-generation" 30 sh -c "'$bin/essaim' --data '$work/auray' status --json | jq -e '[.logs[] | select(.author == \"pole-auray\" and .scope == \"public\") | .generation] | max >= 2'"
round alone-after

# Restored together with a hub.
must e cress backup "$work/cress.two" --with-key >/dev/null
must e morlaix backup "$work/morlaix.two" --with-key >/dev/null
must work_some auray 4 Entre
must work_some vitre 4 Entre
must settle $hubs cress
crash cress
crash morlaix
rm -rf "$work/cress" "$work/morlaix"
must cress_back "$work/cress.two"
e morlaix restore "$work/morlaix.two" >/dev/null
must start morlaix
check "with-a-hub-settles" settle $hubs cress
all_well with-a-hub $hubs cress
round with-a-hub-after

# Disk lost, no backup, the key kept.
lose_disk cress
must cress_back "$work/cress.key"
check "from-the-key-settles" settle $hubs cress
check "from-the-key-it-invites" e cress invite --pays brest --name Brest
all_well from-the-key $hubs cress
round from-the-key-after
equal "its-name-is-the-same" "CRESS Bretagne" "$(fact cress .federation.name)"

# A member that will never answer: --alone, recorded.
must e cress backup "$work/cress.three" --with-key >/dev/null
stop fougeres
crash cress
rm -rf "$work/cress"
must cress_back "$work/cress.three"
sleep 4
exits "one-is-awaited" 75 e cress invite --pays brest --name Brest
exits "alone-is-asked-twice" 64 e cress resolve --alone
check "alone" e cress resolve --alone --yes
check "it-invites-then" e cress invite --pays brest --name Brest
equal "it-is-in-the-control-log" 1 "$(e cress tail --limit 30 --json | jq -r .op | grep -c resolve)"
check "the-others-go-on" settle auray morlaix vitre
must start fougeres
check "and-the-late-one-too" settle $hubs cress
all_well in-the-end $hubs cress

# With all of its hubs, each from a backup of that hour: what came after is on no disk
# any more; what came before is whole, and all go on from there.
for node in $hubs cress; do
	must e $node backup "$work/$node.four" --with-key >/dev/null
	[ $node = cress ] || cp "$work/$node.acked" "$work/$node.acked.four"
done
for hub in $hubs; do
	must work_some $hub 2 Perdu
done
must settle $hubs cress
for node in $hubs cress; do
	crash $node
	rm -rf "${work:?}/$node"
done
must cress_back "$work/cress.four"
for hub in $hubs; do
	must e $hub restore "$work/$hub.four" >/dev/null
	must start $hub
	mv "$work/$hub.acked.four" "$work/$hub.acked"
done
check "with-all-hubs-settles" settle $hubs cress
check "with-all-hubs-it-invites" e cress invite --pays brest --name Brest
all_well with-all-hubs $hubs cress
round with-all-hubs-after

# Without any: no hub answers, an officer says so; then they come back, one with its
# disk, the others with their keys alone.
must e cress backup "$work/cress.five" --with-key >/dev/null
for hub in $hubs; do
	stop $hub
done
crash cress
rm -rf "$work/cress"
must cress_back "$work/cress.five"
exits "without-any-it-waits" 75 e cress invite --pays brest --name Brest
check "without-any-alone" e cress resolve --alone --yes
check "without-any-it-invites" e cress invite --pays brest --name Brest
must start auray
for hub in morlaix vitre fougeres; do
	lose_disk $hub
	must e $hub restore "$work/$hub.key" >/dev/null
	must start $hub
done
check "without-any-then-all-settle" settle $hubs cress
all_well without-any $hubs cress
round without-any-after
finish
