#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W4: a structure changes hands with what belongs to it, step by step, with what each
# person sees.
. "$(dirname "$0")/../e2e/lib.sh"

say() { # NODE COMMAND...: what a person types, and what it prints
	echo "--- $1 \$ essaim $(shift; echo "$*")"
	e "$@"
}
owners_are() { # OWNER NODE UID...
	owners_want=$1 owners_node=$2
	shift 2
	for owners_uid in "$@"; do
		owners_got=$(e "$owners_node" show "$owners_uid" --json | jq -r .owner)
		[ "$owners_got" = "$owners_want" ] || {
			echo "$owners_node: $owners_uid is $owners_got's"
			return 1
		}
	done
}
region 0 auray vitre

s=$(new auray structure type_acteur=ess "nom=Les Ajoncs" siret=33252821500020 code_insee=56007 charte_version=1)
other=$(new auray structure type_acteur=entreprise "nom=Scierie du Loch" code_insee=56007 charte_version=1)
offer=$(new auray offre "structure_uid=$s" "titre=Entretien de jardins" filiere=espaces_verts type_offre=service)
need=$(new auray besoin "structure_uid=$s" "titre=Un hangar" filiere=espaces_verts type_besoin=local)
open=$(new auray partenariat "structure_a_uid=$s" "structure_b_uid=$other" forme=achat_esat_ea)
for step in "etat=exploration" "benefice_a=expertise benefice_b=image reformule_par_a=X reformule_par_b=Y etat=formalise" "date_debut=$(date -d '-4 months' +%F) etat=actif"; do
	must e auray set "$open" $step >/dev/null
done
ended=$(new auray partenariat "structure_a_uid=$s" "structure_b_uid=$other" forme=mecenat_financier)
must e auray set "$ended" etat=abandonne >/dev/null
contact=$(new auray contact "structure_uid=$s" nom=Madec prenom=Anne)
must settle auray vitre cress

# 1. It moves to Vitré. What goes along is shown before anything is offered.
say auray hand-over "$s" vitre --dry-run
equal W4-1-nothing-is-offered-yet 0 "$(e auray proposals --json | jq .total)"
equal W4-1-what-would-go "$need $offer $open" "$(e auray hand-over "$s" vitre --dry-run --json | jq -r '[.with[].uid] | join(" ")')"
say auray hand-over "$s" vitre
must settle auray cress vitre

# 2. Vitré sees one decision, and what follows it.
say vitre proposals
equal W4-2-four-offers 4 "$(e vitre proposals --json | jq .total)"
equal W4-2-three-follow-the-structure 3 "$(e vitre proposals --json | jq "[.items[] | select(.follows == \"$s\")] | length")"
check W4-2-auray-still-owns-it owners_are pole-auray cress "$s" "$offer" "$need" "$open"

# 3. One acceptance takes all.
no=$(e vitre proposals --json | jq -r ".items[] | select(.uid == \"$s\") | .no")
say vitre accept "$no"
must settle vitre cress auray
for node in auray vitre cress; do
	check "W4-3-all-is-vitres-at-$node" owners_are pole-vitre $node "$s" "$offer" "$need" "$open"
done
equal W4-3-the-follow-ups-still-to-come "6 12 24 36" "$(e vitre list suivi --json | jq -r '[.items[].data.echeance_mois] | sort | join(" ")')"

# 4. Who gave it away writes it no more, and is told why.
exits W4-4-ceded 77 e auray set "$s" sigle=LA
check W4-4-it-says-to-whom grep -q "cede: fiche cédée à pole-vitre" "$work/exits.err"
cat "$work/exits.err"
exits W4-4-its-offer-too 77 e auray set "$offer" titre=Autre

# 5. What is closed stays, and what is local.
check W4-5-the-closed-partnership-stays owners_are pole-auray vitre "$ended"
check W4-5-the-contact-stays-at-home owners_are pole-auray auray "$contact"
exits W4-5-nobody-else-has-it 1 sh -c "'$bin/essaim' --data '$work/vitre' show '$contact' >/dev/null 2>&1 || { echo absent >&2; exit 1; }"

# 6. The new SIRET; the old one is kept, and leads there.
say vitre set "$s" siret=33252821500012 code_insee=35360
equal W4-6-the-old-number-is-kept "33252821500020::$(date +%F)" "$(value vitre "$s" siret_precedents[0])"
must settle vitre cress auray
say auray show 33252821500020
equal W4-6-the-old-number-leads-there "$s" "$(e auray show 33252821500020 --json | jq -r .uid)"
printf 'nom,type_acteur,siret,code_insee\nLes Ajoncs du Pays de Vitré,ess,33252821500020,35360\n' >"$work/old.csv"
check W4-6-a-file-with-the-old-number-finds-it e vitre import structure "$work/old.csv"
equal W4-6-and-keeps-the-new-one "33252821500012 Les Ajoncs du Pays de Vitré" "$(e vitre show "$s" --json | jq -r '"\(.data.siret) \(.data.nom)"')"
equal W4-6-no-second-record 2 "$(records vitre structure)"

# Refused: all of it stays.
must e vitre hand-over "$s" auray >/dev/null
must settle vitre cress auray
no=$(e auray proposals --json | jq -r ".items[] | select(.uid == \"$s\") | .no")
say auray refuse "$no" --why "pas notre Pays"
must settle auray cress vitre
equal W4-refused-as-a-whole 0 "$(e cress proposals --json | jq .total)"
equal W4-refused-says-who-offered-it-to-whom "Pôle ESS du Pays de Vitré, Pôle ESS du Pays d'Auray" \
	"$(e vitre proposals --json | jq -r '.items[] | select(.state == "refused" and .type == "cession") | [.from, .to] | map(.name) | join(", ")' | head -n 1)"
check W4-refused-stays owners_are pole-vitre cress "$s" "$offer" "$need" "$open"
check W4-refused-its-owner-writes e vitre set "$offer" "titre=Entretien de parcs"

# W8, step 5: a new Pays; the CRESS hands over what it held of its communes.
for n in 1 2 3; do
	new cress structure type_acteur=ess "nom=Brestoise $n" code_insee=29019 >>"$work/brestoises"
done
new cress structure type_acteur=ess "nom=D'ailleurs" code_insee=22278 >"$work/elsewhere"
must enter brest
must settle brest auray vitre cress
say cress hand-over --pays brest brest --dry-run
say cress hand-over --pays brest brest
must settle cress brest
no_more() { # accepts one of those that are open, until there is none
	brest_no=$(e brest proposals --json | jq -r '[.items[] | select(.state == "open" and .for_us and (.waits | not)) | .no] | first // empty')
	[ -n "$brest_no" ] || return 0
	e brest accept "$brest_no" >/dev/null
	return 1
}
within W8-5-the-new-hub-accepts 30 no_more
must settle brest cress auray vitre
check W8-5-they-are-the-new-hubs owners_are pole-brest auray $(cat "$work/brestoises")
check W8-5-the-others-are-not owners_are cress-bretagne auray "$(cat "$work/elsewhere")"
for node in auray vitre brest cress; do
	check "W4-$node-verifies" e $node verify
done
check W4-digests same_digests auray vitre brest cress
finish
