#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W6, a person asks to be erased: Anne Le Goff is a contact of Auray and is named in many
# other places. Auray logs the request, finds her, erases her, answers her; one hub is
# away and does so when it is back. What the user sees is printed.
. "$(dirname "$0")/../e2e/lib.sh"

must found_cress
for hub in auray morlaix vitre; do
	must enter $hub
done
mail=anne.legoff.$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')@exemple.fr
old_mail=ancienne.$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')@exemple.fr
last=LeGoff$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
name="Anne Kerguelen $last"
printf 'text %s\ntext %s\ntext Kerguelen %s\ntext %s\n' "$mail" "$old_mail" "$last" "$last" >"$work/needles"
# As it lies in the full-text index.
printf 'text %s\n' "$(echo "$last" | tr 'A-Z' 'a-z')" >>"$work/needles"

run() { # what the user types, and what is answered
	echo "\$ essaim $*"
	e auray "$@" 2>&1 | tee "$work/said"
	echo
}
e auray import structure "$sample/pole-auray/structures.csv" >"$work/import" || must false
structure=$(first_with "$sample/pole-auray/structures.csv" statut_diffusion O)
event=$(new_event auray "Atelier de septembre")

# 1. She is everywhere: her own record, shared by consent; a former address; what others say.
contact=$(new auray contact structure_uid="$structure" prenom=Anne "nom=Kerguelen $last" courriel="$old_mail" telephone=0612345678 \
	base_legale=consentement consentement_publication=oui consentement_date=2026-09-01 dernier_contact=2026-09-01 portee=federation)
must settle auray morlaix vitre cress
must e auray set "$contact" courriel="$mail" >/dev/null
gone_contact=$(new auray contact structure_uid="$structure" prenom=Anne "nom=Kerguelen $last" courriel="$mail")
must e auray rm "$gone_contact" >/dev/null
interaction=$(new auray interaction structure_uid="$structure" contact_uid="$contact" le=2026-09-02 "objet=Appel du matin" canal=telephone)
mention=$(new auray interaction structure_uid="$structure" le=2026-09-03 "objet=Rappeler $name avant midi, 06 12 34 56 78" canal=telephone)
seat=$(new auray inscription evenement_uid="$event" structure_uid="$structure" contact_uid="$contact" nb_personnes=2 statut=inscrit)
member=$(new auray membre "nom=$name" courriel="$mail" role=agent_pole du=2026-01-01)
survey=$(new cress enquete "titre=Enquête" version=1)
must settle cress auray
verbatim=$(new auray reponse enquete_uid="$survey" mode=entretien freins=prix "verbatim=$name trouve que c'est cher" consentement_citation=oui portee=federation)
project=$(new auray projet "nom=Une épicerie" phase=ideation "porteur=$name" portee=federation)
must e auray set "$structure" courriel="$mail" >/dev/null
printf 'uid;description;animatrice;autre\n%s;Une description;%s;garder ceci\n' "$structure" "$name" >"$work/extra.csv"
e auray import structure "$work/extra.csv" >"$work/import" || cat "$work/import"
namesake=$(new auray contact structure_uid="$structure" prenom=Anne "nom=Kerguelen $last" courriel=une.autre@exemple.fr)
foreign=$(new morlaix contact structure_uid="$structure" prenom=Anne "nom=Kerguelen $last" courriel="$mail" base_legale=consentement \
	consentement_publication=oui consentement_date=2026-09-01 portee=federation)
must settle auray morlaix vitre cress
must e auray export csv --kind contact --output "$work/given-out.csv" >/dev/null
must e auray backup "$work/auray.before" --with-key >/dev/null
structures=$(records cress structure)
events=$(records vitre evenement)
seats=$(records auray inscription)
scan() {
	for scan_node in "$@"; do
		set -- "$@" "$work/$scan_node"
		shift
	done
	"$bin/essaim-scan" "$work/needles" "$@" >"$work/scan.out"
}
! scan vitre
equal "W6-the-scanner-sees-her" 0 $?

# 2. The file that she may ask for.
run rgpd person "$mail"
e auray rgpd person "$mail" --json >"$work/person.json" || not_ok "W6-her-file" "no answer"
for uid in "$contact" "$gone_contact" "$interaction" "$mention" "$seat" "$member" "$verbatim" "$project" "$structure" "$foreign"; do
	equal "W6-her-file-has-$(jq -r --arg u "$uid" '.items[] | select(.uid == $u) | .kind + (if .deleted then "-deleted" else "" end)' "$work/person.json")" 1 \
		"$(jq --arg u "$uid" '[.items[] | select(.uid == $u)] | length' "$work/person.json")"
done
equal "W6-the-other-hub-is-named" pole-morlaix "$(jq -r --arg u "$foreign" '.items[] | select(.uid == $u) | .owner' "$work/person.json")"
equal "W6-a-namesake-is-perhaps" true "$(jq -r --arg u "$namesake" '.items[] | select(.uid == $u) | .perhaps' "$work/person.json")"
equal "W6-a-namesakes-data-are-not-hers" '{}' "$(jq -c --arg u "$namesake" '.items[] | select(.uid == $u) | .data' "$work/person.json")"
equal "W6-her-file-has-unknown-columns" true "$(jq --arg u "$structure" '.items[] | select(.uid == $u) | .named_in | index("extra") != null' "$work/person.json")"
equal "W6-found-by-a-former-address" 1 "$(e auray rgpd person "$old_mail" --json | jq --arg u "$contact" '[.items[] | select(.uid == $u)] | length')"
equal "W6-found-by-number" 1 "$(e auray rgpd person "06.12.34.56.78" --json | jq --arg u "$contact" '[.items[] | select(.uid == $u)] | length')"
equal "W6-found-by-name-without-accents-or-case" 1 "$(e auray rgpd person "KERGUELEN $last anne" --json | jq --arg u "$contact" '[.items[] | select(.uid == $u)] | length')"
equal "W6-a-request-is-logged" acces "$(e auray show "$(jq -r .request "$work/person.json")" --json | jq -r .data.type_demande)"
equal "W6-her-file-says-all-of-her" "$mail" "$(jq -r --arg u "$contact" '.items[] | select(.uid == $u) | .data.courriel' "$work/person.json")"
check "W6-her-file-in-a-file" e auray rgpd person "$mail" --output "$work/her-file.json"

# 3. Logged the day it came; looked at; done. Vitré is away.
request=$(new auray demande_rgpd reference=COURRIER-17 type_demande=effacement recue_le="$(date -u +%F)")
stop vitre
exits "W6-erase-asks-how" 64 e auray rgpd erase "$mail"
run rgpd erase "$mail" --dry-run
equal "W6-a-rehearsal-changes-nothing" "$mail" "$(value auray "$contact" courriel)"
exits "W6-a-name-of-several-is-not-enough" 65 e auray rgpd erase "$name" --yes
run rgpd erase "$mail" --yes --request "$request"
check "W6-exports-given-out-are-listed" grep -q "csv contact" "$work/said"
must settle auray morlaix
run rgpd requests
check "W6-who-is-still-silent" grep -q "$(hub_title vitre)" "$work/said"
equal "W6-the-CRESS-sees-who-is-silent" yes "$(e cress erasures --json | jq -r --arg v "$(hub_title vitre)" '[.items[] | select(.who | index($v))] | if length > 0 then "yes" else "no" end')"

# 4. The namesake and Morlaix' own record stay until they are asked for themselves.
equal "W6-the-namesake-stays" une.autre@exemple.fr "$(value auray "$namesake" courriel)"
check "W6-morlaix-erases-its-own" e morlaix rgpd erase "$mail" --yes
check "W6-then-the-namesake-by-its-address" e auray rgpd erase une.autre@exemple.fr --yes
must settle auray morlaix
check "W6-vitre-comes-back" start vitre
must settle auray morlaix vitre cress
nobody_silent() {
	[ "$(e cress erasures --json | jq '[.items[] | select(.silent > 0)] | length')" = 0 ]
}
within "W6-all-have-answered" 60 nobody_silent
within "W6-no-byte-of-her-in-any-file" 60 scan auray morlaix vitre cress
[ ! -s "$work/scan.out" ] || cat "$work/scan.out"

# 5. The rest is as it was.
equal "W6-the-structure-is-there" "Une description" "$(value vitre "$structure" description)"
equal "W6-its-address-is-gone" null "$(value vitre "$structure" courriel)"
equal "W6-the-other-column-is-kept" '{"autre":"garder ceci"}' "$(e auray show "$structure" --json | jq -r '.data.extra | if type == "string" then . else tojson end')"
equal "W6-structures-counted-as-before" "$structures" "$(records cress structure)"
equal "W6-events-counted-as-before" "$events" "$(records vitre evenement)"
equal "W6-seats-counted-as-before" "$seats 2" "$(records auray inscription) $(value auray "$seat" nb_personnes)"
equal "W6-the-answer-is-counted-on" '["prix"]' "$(e cress show "$verbatim" --json | jq -c .data.freins)"
equal "W6-her-words-are-gone" null "$(value cress "$verbatim" verbatim)"
equal "W6-the-project-is-there" ideation "$(value morlaix "$project" phase)"
equal "W6-a-mention-alone-is-cleared" telephone "$(value auray "$mention" canal)"
for node in auray morlaix vitre cress; do
	check "W6-$node-verifies" e $node verify
done
check "W6-digests-agree" same_digests auray morlaix vitre cress
for node in auray morlaix vitre cress; do
	e $node rebuild >/dev/null
done
check "W6-no-byte-after-a-rebuild" scan auray morlaix vitre cress

# 6. A backup from before: the orders are replayed before it serves.
crash auray
rm -rf "$work/auray"
must e auray restore "$work/auray.before" >/dev/null
rm "$work/auray.before"
must start auray
must settle auray morlaix vitre cress
gone() {
	! e auray show "$contact" >/dev/null 2>&1
}
within "W6-restored-and-erased-again" 60 gone
shared_clean() { # what never left Auray is a backup's alone: it is erased again by hand
	e auray rgpd erase "$mail" --yes >/dev/null 2>&1
	scan auray morlaix vitre cress
}
e auray rgpd erase une.autre@exemple.fr --yes >/dev/null 2>&1
within "W6-no-byte-after-a-restore" 60 shared_clean
[ ! -s "$work/scan.out" ] || cat "$work/scan.out"

# 7. The reply; and a refusal, which says why.
refused=$(new auray demande_rgpd reference=COURRIER-18 type_demande=effacement recue_le=2026-11-01)
exits "W6-a-refusal-says-why" 64 e auray rgpd refuse "$refused"
run rgpd refuse "$refused" --why "Liste légale : obligation de la CRESS (loi 2014-856, art. 6)"
equal "W6-a-refusal-is-dated" "$(date -u +%F)" "$(value auray "$refused" close_le)"
run rgpd requests
late=$(new auray demande_rgpd reference=COURRIER-19 type_demande=acces recue_le="$(date -u -d '21 days ago' +%F)")
within "W6-after-20-days-status-warns" 20 has_alert auray RGPD_DUE
must e auray set "$late" close_le="$(date -u +%F)" >/dev/null
no_alert() {
	! has_alert auray RGPD_DUE
}
within "W6-closed-it-warns-no-more" 20 no_alert
finish
