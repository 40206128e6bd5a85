#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Identity across territories: rows A12, B3, C15, rules R3, R4, R5, situations F1, F2,
# F14, F15. The long versions of F1 and F2 are in tests/e2e/scenarios.sh, those of the
# workflows in W3.sh and W4.sh.
. "$(dirname "$0")/../e2e/lib.sh"

hubs="auray fougeres morlaix vitre"
counted() { # NODE: structures, each establishment once
	sqlite3 -readonly "$work/$1/directory.db" "SELECT count(*) FROM structure WHERE rec NOT IN (SELECT rec FROM alias)"
}
seen() { # NODE UID FILTER
	e "$1" show "$2" --json | jq -r "$3"
}
everywhere() { # NAME WANTED UID FILTER
	for everywhere_node in $hubs cress; do
		equal "$1-at-$everywhere_node" "$2" "$(seen $everywhere_node "$3" "$4")"
	done
}
must found_cress
for hub in $hubs; do
	must enter $hub
done
must settle $hubs cress
# Each hub imports its own offline: the others' arrive in whatever order.
must stop cress
for hub in $hubs; do
	must e $hub import structure "$sample/pole-$hub/structures.csv" >/dev/null
done
must start cress
must settle $hubs cress

# R5: the sample's own figures, at every node: 27 pairs counted once though nobody has
# confirmed them yet, 13 pairs of establishments that are two.
sort "$sample/attendu_doublons.csv" | sed '/^siret,/d' >"$work/want"
sort "$sample/attendu_freres.csv" | sed '/^siren,/d' | cut -d , -f 1,2,4 >"$work/want_siblings"
for node in $hubs cress; do
	e $node duplicates --json >"$work/duplicates.$node"
	equal "R5-27-duplicates-at-$node" 27 "$(jq .total "$work/duplicates.$node")"
	jq -r '.items[] | .canonical as $c | (.items[] | select(.uid == $c)) as $first | (.items[] | select(.uid != $c)) as $other
		| [.siret, $first.owner, $first.uid, $other.owner, $other.uid] | join(",")' "$work/duplicates.$node" | sort >"$work/got"
	check "R5-the-hub-whose-pays-it-is-stands-at-$node" cmp "$work/want" "$work/got"
	e $node duplicates --siblings --json >"$work/siblings.$node"
	equal "R5-13-enterprises-with-two-establishments-at-$node" 13 "$(jq .total "$work/siblings.$node")"
	jq -r '.items[] | [.siren] + ([.items[].siret] | sort) | join(",")' "$work/siblings.$node" | sort >"$work/got"
	check "R5-which-at-$node" cmp "$work/want_siblings" "$work/got"
	if command -v sqlite3 >/dev/null; then
		equal "R5-counted-once-at-$node" 2013 "$(counted $node)"
		equal "R5-1905-sirets-at-$node" 1905 "$(sqlite3 -readonly "$work/$node/directory.db" "SELECT count(siret) FROM structure WHERE rec NOT IN (SELECT rec FROM alias)")"
		for hub in $hubs; do
			equal "R5-of-$hub-at-$node" "$(jq -r ".par_pole.\"pole-$hub\" | \"\(.structures_hors_doublons) \(.ess_actives)\"" "$sample/attendu.json")" \
				"$(sqlite3 -readonly -separator ' ' "$work/$node/directory.db" "SELECT count(*), sum(etat = 'active' AND statut_ess IN ('de_droit', 'justifie')) FROM structure WHERE pole = 'pole-$hub' AND rec NOT IN (SELECT rec FROM alias)")"
		done
	fi
done
first=$(jq -r '.items[0].items[0].uid' "$work/siblings.cress") second=$(jq -r '.items[0].items[1].uid' "$work/siblings.cress")
everywhere R5-another-establishment-is-shown "$second null" "$first" '"\(.etablissements[0].uid) \(.doublon_de)"'

# F1, short: the same answer whoever came first (the sample came in one order per node).
for node in $hubs; do
	check "F1-the-same-answer-at-$node" cmp "$work/duplicates.cress" "$work/duplicates.$node"
done

# R3: one owner; anyone else proposes.
mine=$(new auray structure type_acteur=ess "nom=La Ruche" siret=91234567500017 code_insee=56007)
must settle auray cress vitre
exits R3-nobody-else-writes-it 77 e vitre set "$mine" sigle=LR
check R3-anyone-proposes e vitre propose "$mine" sigle=LR
must settle vitre cress auray
no=$(e auray proposals --json | jq -r ".items[] | select(.uid == \"$mine\") | .no")
check R3-its-owner-accepts e auray accept "$no"
must settle auray cress $hubs
everywhere R3-then-it-is-so LR "$mine" .data.sigle

# R4: a move gives a new SIRET, never a new uid; twice.
must e auray set "$mine" siret=91234567500025 >/dev/null
must e auray set "$mine" siret=92345678400019 >/dev/null
must settle auray cress $hubs
today=$(date +%F)
everywhere R4-former-numbers-are-kept "91234567500017::$today|91234567500025:$today:$today" "$mine" '.data.siret_precedents | join("|")'
everywhere R4-a-former-number-finds-it "$mine" 91234567500017 .uid
everywhere R4-so-does-the-new-one "$mine" 92345678400019 .uid
printf 'nom;type_acteur;siret;code_insee\nLa Ruche;ess;91234567500025;56007\n' >"$work/old.csv"
equal R4-an-old-file-changes-nothing "0 0 1" "$(e auray import structure "$work/old.csv" --json | jq -r '.counts | "\(.nouveaux) \(.modifies) \(.inchanges)"')"

# R5: the same establishment twice at one hub.
e morlaix add structure type_acteur=ess "nom=Les Deux" siret=91234567500108 code_insee=29151 --json >"$work/one" 2>/dev/null
if [ "$(jq '.findings | length' "$work/one")" != 0 ]; then
	not_ok R5-the-first-is-no-duplicate "$(cat "$work/one")"
fi
e morlaix wait --synced --timeout 60 >/dev/null
e morlaix add structure type_acteur=ess "nom=Les Deux bis" siret=91234567500108 code_insee=29151 --json >"$work/two" 2>/dev/null
equal R5-a-second-one-is-told-the-first "siret siret_deja_ici $(jq -r .uid "$work/one") Les Deux" \
	"$(jq -r '.findings[] | "\(.column) \(.code) \(.value)"' "$work/two")"
must e morlaix rm "$(jq -r .uid "$work/two")" >/dev/null
third=$(e morlaix add structure type_acteur=ess "nom=Les Deux ter" siret=91234567500108 code_insee=29151 2>"$work/said")
equal R5-in-words-too "siret: siret_deja_ici $(jq -r .uid "$work/one") Les Deux: Another of your records bears this SIRET already." \
	"$(grep deja_ici "$work/said")"
e morlaix set "$third" siret=91234567500108 sigle=LD --json >"$work/again" 2>/dev/null
equal R5-once-said-it-is-not-said-again 0 "$(jq '.findings | length' "$work/again")"
must e morlaix rm "$third" >/dev/null
must e morlaix rm "$(jq -r .uid "$work/one")" >/dev/null

# A12: a renamed body is one record, found by both names.
body=$(new morlaix structure type_acteur=service_public "nom=DREETS Bretagne" code_insee=29151 "denominations=DIRECCTE Bretagne:2010-02-15:2021-03-31")
must settle morlaix cress $hubs
for node in $hubs cress; do
	equal "A12-found-by-the-old-name-at-$node" "$body" "$(e $node search direccte --json | jq -r '.items[0].uid')"
done

# B3: two small cooperatives are absorbed; bodies by level.
small=$(new fougeres structure type_acteur=ess "nom=Coop des Landes" siret=35600000000048 code_insee=35115)
large=$(new fougeres structure type_acteur=ess "nom=Grande Coopérative" code_insee=35115)
larger=$(new vitre structure type_acteur=ess "nom=Coopérative régionale" code_insee=35360)
must settle fougeres vitre cress $hubs
before=$(counted cress)
new fougeres succession "de_uid=$small" "vers_uid=$large" type_succession=absorption le=2026-06-30 >/dev/null
new fougeres succession de_siret=35600000049837 "vers_uid=$large" type_succession=fusion le=2020-01-01 >/dev/null
new cress succession "de_uid=$large" "vers_uid=$larger" type_succession=absorption le=2026-09-30 >/dev/null
new vitre succession "de_uid=$mine" "vers_uid=$larger" type_succession=absorption le=2026-09-30 >/dev/null
for level in national local regional; do
	new vitre organe "structure_uid=$larger" "nom=Conseil $level" niveau=$level >/dev/null
done
must settle fougeres vitre cress $hubs
everywhere B3-an-absorbed-siret-resolves-to-its-successor "$larger" 35600000000048 .uid
everywhere B3-and-one-whose-record-was-never-here "$larger" 35600000049837 .uid
everywhere B3-the-absorbed-one-says-so "$larger" "$small" .successeur
everywhere B3-bodies-by-level "local regional national" "$larger" '[.organes[].niveau] | join(" ")'
everywhere B3-nobody-absorbs-anothers-record null "$mine" .successeur
for node in $hubs cress; do
	equal "B3-counted-once-at-$node" $((before - 2)) "$(counted $node)"
done

# F2, short: an edit during the hand-over; what it comes to.
given=$(new auray structure type_acteur=ess "nom=Donnée" code_insee=56007)
must settle auray cress $hubs
must e auray hand-over "$given" vitre >/dev/null
must settle auray cress vitre
must e auray set "$given" "nom=Pendant l'offre" >/dev/null
no=$(e vitre proposals --json | jq -r ".items[] | select(.uid == \"$given\" and .type == \"cession\") | .no")
must e vitre accept "$no" >/dev/null
must settle vitre auray cress $hubs
everywhere F2-one-owner "pole-vitre Donnée" "$given" '"\(.owner) \(.data.nom)"'

# F14: an establishment closes.
closed=$(new auray structure type_acteur=ess "nom=Fermera" code_insee=56007)
firm=$(new fougeres structure type_acteur=entreprise "nom=Granit de Fougères" code_insee=35115)
association=$(new vitre structure type_acteur=ess "nom=Vitré Solidaire" code_insee=35360)
offer=$(new auray offre "structure_uid=$closed" "titre=Peinture de Fermera" filiere=btp_ecoconstruction type_offre=service statut=active)
archived=$(new auray offre "structure_uid=$closed" titre=Ancienne filiere=btp_ecoconstruction type_offre=service statut=archivee)
must settle auray cress $hubs
partnership=$(new auray partenariat "structure_a_uid=$closed" "structure_b_uid=$association" forme=mecenat_nature)
must settle auray cress $hubs
e auray set "$closed" etat=fermee --json >"$work/closed"
equal F14-its-offers-are-suspended "$offer" "$(jq -r '.offres_suspendues | join(" ")' "$work/closed")"
equal F14-its-partnerships-are-listed-for-closing "$partnership" "$(jq -r '.partenariats_a_clore | join(" ")' "$work/closed")"
must settle auray cress $hubs
everywhere F14-suspended-not-deleted suspendue "$offer" .data.statut
everywhere F14-archived-stays-archived archivee "$archived" .data.statut
everywhere F14-the-partnership-is-as-it-was repere "$partnership" .data.etat

# F15: a company of Fougères, an association of Vitré.
border=$(new fougeres partenariat "structure_a_uid=$firm" "structure_b_uid=$association" forme=achat_responsable)
must settle fougeres cress $hubs
everywhere F15-both-see-it-one-owns-it pole-fougeres "$border" .owner
exits F15-its-owner-does-not-countersign 77 e fougeres countersign "$border"
exits F15-nor-writes-it-by-hand 77 e fougeres set "$border" contresigne_le=2026-11-01
exits F15-nor-does-a-third-hub 77 e morlaix countersign "$border"
check F15-the-others-hub-does e vitre countersign "$border"
must settle vitre cress fougeres
no=$(e fougeres proposals --json | jq -r ".items[] | select(.uid == \"$border\") | .no")
check F15-its-owner-takes-it e fougeres accept "$no"
must settle fougeres cress $hubs
everywhere F15-countersigned "pole-fougeres $today" "$border" '"\(.owner) \(.data.contresigne_le)"'

# C15: the CRESS is reorganised; what was stays with the old one, dated.
hub=$(new cress pole code=auray "nom=Pôle d'Auray" rattachement=cress-bretagne "rattachements=cress-bretagne:2020-10-13:")
must e cress set "$hub" rattachement=cress-grand-ouest >/dev/null
must settle cress $hubs
everywhere C15-the-attachment-is-dated "cress-grand-ouest cress-bretagne:2020-10-13:$today|cress-grand-ouest:$today:" "$hub" \
	'"\(.data.rattachement) \(.data.rattachements | join("|"))"'
equal C15-of-an-earlier-day cress-bretagne "$(e auray show "$hub" --on 2024-01-01 --json | jq -r .data.rattachement)"

for node in $hubs cress; do
	check "identity-$node-verifies" e $node verify
done
check identity-digests same_digests $hubs cress
finish
