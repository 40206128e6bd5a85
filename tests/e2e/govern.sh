#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What officers decide, and what hubs settle among themselves.
. "$(dirname "$0")/lib.sh"

region 3 auray morlaix vitre

member_is() { # PAYS STATE
	[ "$(e cress members --json | jq -r ".members[] | select(.pays == \"$1\") | .state")" = "$2" ]
}
no_session() { # PAYS's name at the CRESS is not live
	[ "$(e cress status --json | jq -r "[.peers[] | select(.name == \"$(hub_title "$1")\" and (.state == \"live\" or .state == \"catching-up\"))] | length")" = 0 ]
}

# Suspended: an open session closes at once, nothing is lost.
must synced vitre
exits "a-hub-suspends-nobody" 77 e auray suspend vitre
exits "nobody-by-that-name" 65 e cress suspend narnia
check "suspend" e cress suspend vitre
check "suspended-in-the-same-tick" no_session vitre
check "the-list-says-it" member_is vitre suspended
exits "suspend-twice" 77 e cress suspend vitre
must work_some vitre 2 Suspendu
within "the-hub-is-told" 20 has_alert vitre SUSPENDED
check "the-others-go-on" settle auray morlaix
exits "resume-an-active-one" 77 e cress resume auray
check "resume" e cress resume vitre
check "and-it-settles" settle vitre cress auray
all_well resumed vitre cress auray

# A quota: what is over it waits, and flows once it is lifted.
exits "a-quota-is-a-number" 64 e cress quota vitre beaucoup
check "quota" e cress quota vitre 100
must work_some vitre 3 Trop
sleep 3
check "over-the-quota-waits" sh -c "! '$bin/essaim' --data '$work/cress' list evenement --limit 1000 --json | grep -q 'Trop 3'"
within "over-the-quota-its-hub-is-told" 20 has_alert vitre QUOTA
check "in-english" sh -c "LC_ALL=C.UTF-8 '$bin/essaim' --data '$work/vitre' status | grep -q 'is refused by another node'"
check "in-french" sh -c "LC_ALL=fr_FR.UTF-8 '$bin/essaim' --data '$work/vitre' status | grep -q 'est refusé par un autre nœud'"
check "no-quota" e cress quota vitre none
check "then-it-flows" settle vitre cress auray
all_well quota vitre cress auray
check "it-is-told-no-longer" sh -c "! '$bin/essaim' --data '$work/vitre' status --json | grep -q QUOTA"

# A new charter that every hub must accept.
{
	echo "CHARTE, version 2"
	echo "On se dit tout."
} >"$work/charte2"
exits "a-charter-needs-a-version" 64 e cress charter publish "$work/charte2"
exits "a-hub-publishes-none" 77 e auray charter publish "$work/charte2" --version 2
check "publish" e cress charter publish "$work/charte2" --version 2 --mandatory
must settle cress
sees_charter() {
	e "$1" charter show | grep -q "version 2"
}
within "the-hub-sees-it" 20 sees_charter auray
must work_some auray 3 Charte
within "and-is-told" 20 has_alert auray CHARTER
sleep 2
equal "until-then-edits-wait" 3 "$(outbox auray)"
check "accept" e auray charter accept
check "then-they-flow" synced auray
check "all-accept" e morlaix charter accept
check "all-accept-too" e vitre charter accept
check "all-flow" settle auray morlaix vitre cress
equal "the-cress-knows" 3 "$(e cress charter show --json | jq '[.hubs[] | select(.accepted)] | length')"
all_well charter auray morlaix vitre cress

# A record is handed over, and back. While it is offered its changes wait (L18).
uid=$(head -n 1 "$work/auray.acked" | cut -d ' ' -f 1)
exits "not-ours-to-give" 77 e morlaix hand-over "$uid" vitre
exits "not-to-a-stranger" 65 e auray hand-over "$uid" narnia
check "offer" e auray hand-over "$uid" morlaix
exits "offered-already" 77 e auray hand-over "$uid" vitre
must synced auray
must e auray set "$uid" "titre=Pendant l'offre" >/dev/null
number() { # NODE TYPE: of the open item about uid
	no=$(e "$1" proposals --json | jq -r "[.items[] | select(.uid == \"$uid\" and .type == \"$2\" and .state == \"open\" and .waits == false) | .no] | last // empty")
	[ -n "$no" ]
}
within "the-offer-arrives" 20 number morlaix cession
equal "the-change-waits" 1 "$(outbox auray)"
exits "not-vitres-to-accept" 77 sh -c "'$bin/essaim' --data '$work/vitre' accept \$('$bin/essaim' --data '$work/vitre' proposals --json | jq '.items[0].no')"
check "accept-it" e morlaix accept "$no"
must settle morlaix cress auray
writes() { # NODE TITLE
	e "$1" set "$uid" "titre=$2" >/dev/null 2>&1
}
within "morlaix-writes-it" 20 writes morlaix "À Morlaix"
exits "auray-does-not" 77 e auray set "$uid" titre=Non
check "handed-over-settles" settle auray morlaix vitre cress
# What was changed meanwhile came as a proposal (L20).
within "the-change-became-a-proposal" 20 number morlaix proposition
check "refuse-it" e morlaix refuse "$no" --why "déjà changé"
check "refused-settles" settle morlaix auray cress
equal "its-value-is-morlaixs" "À Morlaix" "$(value cress "$uid" titre)"
equal "one-record" 1 "$(e cress list evenement --limit 1000 --json | jq "[.items[] | select(.uid == \"$uid\")] | length")"
check "back" e morlaix hand-over "$uid" auray
must settle morlaix cress auray
within "the-offer-back-arrives" 20 number auray cession
check "accept-it-back" e auray accept "$no"
must settle auray cress morlaix
within "auray-writes-again" 20 writes auray "De retour"
grep -v "^$uid " "$work/auray.acked" >"$work/x" && mv "$work/x" "$work/auray.acked"
echo "$uid De retour" >>"$work/auray.acked"
check "back-settles" settle auray morlaix vitre cress
all_well handed-over auray morlaix vitre cress
# An offer withdrawn.
must e auray hand-over "$uid" vitre >/dev/null
must synced auray
within "shown-where-it-was-made" 20 number auray cession
check "withdraw" e auray refuse "$no"
must settle auray vitre cress
check "withdrawn-it-writes" writes auray "Encore chez nous"
grep -v "^$uid " "$work/auray.acked" >"$work/x" && mv "$work/x" "$work/auray.acked"
echo "$uid Encore chez nous" >>"$work/auray.acked"

# A proposal accepted.
check "propose" e vitre propose "$uid" "titre=Proposé par Vitré"
exits "not-to-oneself" 77 e auray propose "$uid" titre=X
must settle vitre cress auray
within "the-proposal-arrives" 20 number auray proposition
check "accept-the-proposal" e auray accept "$no"
check "accepted-settles" settle auray cress vitre
equal "its-value-stands" "Proposé par Vitré" "$(value vitre "$uid" titre)"
exits "answered-once" 65 e auray accept "$no"
equal "nothing-waits" 0 "$(e auray proposals --json | jq '[.items[] | select(.state == "open")] | length')"
grep -v "^$uid " "$work/auray.acked" >"$work/x" && mv "$work/x" "$work/auray.acked"
echo "$uid Proposé par Vitré" >>"$work/auray.acked"
equal "no-conflict" 0 "$(e auray conflicts --json | jq .total)"

# A commit made inert: it counts nowhere, what comes after it does.
poison=$(new_event vitre "Scellement empoisonné")
must settle vitre cress auray
log=$(e vitre tail --limit 1000 --json | jq -r "select(.uid == \"$poison\") | .log" | tail -n 1)
seq=$(e vitre tail --limit 1000 --json | jq -r "select(.uid == \"$poison\") | .seq" | tail -n 1)
must work_one vitre "Après le poison"
must settle vitre cress auray
exits "void-asks" 64 e cress void "$log" "$seq"
exits "void-nothing" 65 e cress void "$log" 999999 --yes
check "void" e cress void "$log" "$seq" --yes
must settle vitre cress auray
for node in vitre cress auray; do
	exits "void-at-$node" 65 e $node show "$poison"
done
all_well void auray vitre cress

# Territories, checkpoint.
check "territory" sh -c "'$bin/essaim' --data '$work/auray' territory | grep -q '^auray'"
exits "unknown-territory" 65 e cress territory add narnia
check "a-territory-twice-is-once" e cress territory add auray
check "checkpoint" e cress checkpoint
final=$(new_event vitre "Devenu définitif")
must settle vitre cress auray
seq=$(e vitre tail --limit 1000 --json | jq -r "select(.uid == \"$final\") | .seq" | tail -n 1)
must e cress checkpoint >/dev/null
exits "what-is-final-is-not-made-void" 77 e cress void "$log" "$seq" --yes
check "and-it-says-why" grep -q "commit $seq of that log is final" "$work/exits.err"
exits "a-hub-checks-nothing" 77 e auray checkpoint

# Revoked: for good, at once; the others keep what it had given.
must settle auray morlaix vitre cress
exits "revoke-asks" 64 e cress revoke morlaix
check "revoke" e cress revoke morlaix --yes
check "revoked-in-the-same-tick" no_session morlaix
within "it-is-told" 20 has_alert morlaix REVOKED
exits "it-cannot-come-back" 77 e cress resume morlaix
check "the-rest-settles" settle auray vitre cress
all_well revoked auray vitre cress
# Its records can be forgotten by the CRESS alone.
gone=$(head -n 1 "$work/morlaix.acked" | cut -d ' ' -f 1)
exits "a-hub-cannot-forget-it" 77 e auray forget "$gone" --yes
check "the-cress-can" e cress forget "$gone" --yes
must settle auray vitre cress
exits "forgotten" 65 e auray show "$gone"
finish
