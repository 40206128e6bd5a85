#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W3: the same structure in two Pays, step by step, with what each person sees.
. "$(dirname "$0")/../e2e/lib.sh"

say() { # what a person types, and what it prints
	echo "--- $1 \$ essaim $(shift; echo "$*")"
	e "$@"
}
region 0 auray vitre

# 1. Two hubs hold one SIRET: an establishment of Vitré (35360), which Auray met first.
a=$(e auray add structure type_acteur=ess "nom=Les Genêts" siret=33252821500020 code_insee=35360 --json | jq -r .uid)
sleep 0.1
v=$(e vitre add structure type_acteur=ess "nom=Association Les Genêts" siret=33252821500020 code_insee=35360 --json | jq -r .uid)
offer=$(e auray add offre "structure_uid=$a" "titre=Menuiserie des Genêts" filiere=btp_ecoconstruction type_offre=service --json | jq -r .uid)
must settle auray vitre cress

# 2. The CRESS sees it, and opens the duplicate.
say cress duplicates
within W3-1-the-cress-is-told 20 has_alert cress DUPLICATES_FOUND
say cress link "$a" "$v"
must settle cress auray vitre
say vitre duplicates
within W3-2-the-hubs-are-asked 20 has_alert vitre DUPLICATES

# 3. The record of the hub whose Pays holds the commune, though it is the younger one.
for node in auray vitre cress; do
	equal "W3-3-canonical-at-$node" "$v" "$(e $node duplicates --json | jq -r '.items[0].canonical')"
	equal "W3-3-proposed-at-$node" propose "$(e $node duplicates --json | jq -r '.items[0].state')"
done
equal W3-3-the-fields-that-differ '["nom"]' "$(e cress duplicates --json | jq -c '[.items[0].items[] | .differ // empty] | add')"

# 4. Both accept.
say auray link "$a" "$v"
must settle auray cress vitre
equal W3-4-one-answer-is-not-enough propose "$(e cress duplicates --json | jq -r '.items[0].state')"
say vitre link "$v" "$a"
must settle vitre cress auray

# 5. The other is an alias; what was attached stays attached, and is its hub's.
say auray show "$a"
for node in auray vitre cress; do
	equal "W3-5-linked-at-$node" accepte "$(e $node duplicates --json | jq -r '.items[0].state')"
	equal "W3-5-alias-at-$node" "$v" "$(e $node show "$a" --json | jq -r .doublon_de)"
	equal "W3-5-the-reference-lists-it-at-$node" "$a" "$(e $node show "$v" --json | jq -r '.doublons[0].uid')"
	equal "W3-5-one-hit-at-$node" "1 $v" "$(e $node search genêts --kind structure --json | jq -r '"\(.total) \(.items[0].uid)"')"
	equal "W3-5-its-offer-stays-attached-at-$node" "pole-auray $a" "$(e $node show "$offer" --json | jq -r '"\(.owner) \(.data.structure_uid)"')"
done
equal W3-5-its-fields-stay "Les Genêts" "$(value vitre "$a" nom)"
check W3-5-and-are-still-its-hubs e auray set "$a" "sigle=LG"

# 6. Counted once.
counted() { # NODE
	sqlite3 -readonly "$work/$1/directory.db" "SELECT count(*) FROM structure WHERE rec NOT IN (SELECT rec FROM alias)"
}
if command -v sqlite3 >/dev/null; then
	must settle auray cress vitre
	equal W3-6-counted-once-everywhere "1 1 1" "$(counted auray) $(counted vitre) $(counted cress)"
else
	skipped W3-6-counted-once-everywhere "no sqlite3"
fi

# 7. The CRESS ends it: both are there as before.
say cress unlink "$a"
must settle cress auray vitre
for node in auray vitre cress; do
	equal "W3-7-apart-at-$node" separe "$(e $node duplicates --json | jq -r '.items[0].state')"
	equal "W3-7-nothing-of-the-link-at-$node" "null null" "$(e $node show "$a" --json | jq -r '"\(.doublon_de) \(.compte_avec)"')"
	equal "W3-7-two-hits-at-$node" 2 "$(e $node search genêts --kind structure --json | jq -r .total)"
done

# Without an answer the CRESS decides, not before 30 days.
say cress link "$a" "$v"
exits W3-4-not-before-30-days 77 e cress link "$a" "$v" --decide
record=$(e cress duplicates --json | jq -r '.items[0].doublon')
must e auray unlink "$a" "$v" >/dev/null
must settle auray vitre cress
must e cress set "$record" "le=$(date -d '-31 days' +%F)" >/dev/null
within W3-4-the-cress-is-told-after-30-days 20 has_alert cress DUPLICATES_LATE
say cress link "$a" "$v" --decide
must settle cress auray vitre
for node in auray vitre cress; do
	equal "W3-4-decided-at-$node" "$v" "$(e $node show "$a" --json | jq -r .doublon_de)"
done

# The CRESS may name the other one of the two.
check W3-3-the-cress-names-the-record-of-reference e cress link "$a" "$v" --canonical "$a"
exits W3-3-one-of-the-two 65 e cress link "$a" "$v" --canonical "$offer"
exits W3-a-third-hub-has-no-word 77 e vitre link "$a" "$(e auray add structure type_acteur=ess nom=Tiers code_insee=56007 --json | jq -r .uid >"$work/x"; must settle auray cress vitre; cat "$work/x")"
for node in auray vitre cress; do
	check "W3-$node-verifies" e $node verify
done
check W3-digests same_digests auray vitre cress
finish
