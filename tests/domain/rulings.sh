#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What is refused, and what the refusal says; names as people type them; results of a
# survey that arrive by themselves.
. "$(dirname "$0")/../e2e/lib.sh"

year=$(($(date +%Y) + 1)) # events to come
says() { # NAME PATTERN: the last refusal's line has it
	check "$1" grep -q "$2" "$work/exits.err"
}

must found_cress
must enter auray
must enter vitre
must settle auray vitre cress
a=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007)
k=$(new auray structure type_acteur=ess "nom=Le Verger" code_insee=56007 siret=91234567500017)

# B3: successions make no circle.
exits B3-nobody-succeeds-to-itself 65 e auray add succession de="$a" vers="$a" type=absorption le=2026-01-01
must e auray add succession de="$k" vers="$a" type=absorption le=2026-01-01 >/dev/null
must settle auray vitre cress
exits B3-nor-through-another 65 e auray add succession de="$a" vers="$k" type=absorption le=2026-02-01
says B3-it-says-so "vers_uid: cycle"

# Weights of a need.
exits C4-weights-make-100 65 e auray add besoin structure="$a" titre=T filiere=proprete type_besoin=achat poids_qualite=50
says C4-it-says-so "hors_limites (50 != 100)"
exits C4-not-120 65 e auray add besoin structure="$a" titre=T filiere=proprete type_besoin=achat poids_qualite=50 poids_prix=70
need=$(new auray besoin structure="$a" titre=T filiere=proprete type_besoin=recrutement poids_qualite=50 poids_prix=50 rome=k1301)
equal E7-an-occupation-has-one-form K1301 "$(value auray "$need" rome)"
exits E7-and-no-other 65 e auray set "$need" rome=X999
exits C4-nor-by-a-change 65 e auray set "$need" poids_prix=40
check C4-both-move-together e auray set "$need" poids_prix=40 poids_qualite=60

# Networks of the region are the CRESS's.
exits B5-a-regional-network-is-the-cress-s 77 e auray add reseau nom=GARIE niveau=regional
check B5-a-local-one-is-a-hub-s e auray add reseau nom=GARIE niveau=local
check B5-the-cress-has-it e cress add reseau nom=GARIE niveau=regional

# R3: a refusal has a reason; a withdrawal needs none.
must e vitre propose "$a" sigle=LJ >/dev/null
proposed() {
	no=$(e auray proposals --json | jq -r "[.items[] | select(.uid == \"$a\" and .state == \"open\") | .no] | last // empty")
	[ -n "$no" ]
}
within R3-a-proposal-arrives 40 proposed
exits R3-a-refusal-says-why 64 e auray refuse "$no"
says R3-it-says-what-to-type "refuse $no --why"
check R3-with-a-reason e auray refuse "$no" --why "déjà changé"
within R3-status-tells-the-asker 40 has_alert vitre REFUSED
refused() {
	e vitre proposals --json | jq -r ".items[] | select(.uid == \"$a\" and .state == \"refused\") | $1"
}
equal R3-the-asker-is-told-why "déjà changé false" "$(refused '"\(.why) \(.for_us)"')"
LANG=C e vitre proposals >"$work/told.txt"
check R3-in-words grep -q "refused .*sigle=LJ (because: déjà changé)" "$work/told.txt"
not_told() {
	! has_alert "$1" REFUSED
}
check R3-it-is-set-aside-once-read e vitre refuse "$(refused .no)"
equal R3-and-told-no-more "" "$(refused .no)"
within R3-then-status-is-silent 20 not_told vitre
check R3-the-refuser-is-not-told not_told auray
LANG=C e vitre tail --limit 50 >"$work/told.txt"
check R3-tail-has-it-in-words grep -q "answer structure $a refused, because: déjà changé" "$work/told.txt"
must e vitre propose "$a" sigle=RETIRE >/dev/null
within R3-another-one-arrives 40 proposed
no=$(e vitre proposals --json | jq -r '.items[] | select(.state == "open") | .no')
must e vitre refuse "$no" >/dev/null
must settle auray vitre cress
equal R3-what-one-withdraws-is-no-news 0 "$(e vitre proposals --json | jq '[.items[] | select(.state == "refused")] | length')"

# F15: side A is the hub's own, however it gets there.
theirs=$(new vitre structure type_acteur=ess "nom=Vitré Vélo" code_insee=35360)
must settle auray vitre cress
bond=$(new auray partenariat structure_a="$a" structure_b="$theirs" forme=achat_responsable categorie=pratiques_responsables)
exits F15-side-a-is-not-changed-to-another-hub-s 77 e auray set "$bond" structure_a_uid="$theirs" structure_b_uid="$a"
says F15-it-says-who-leads-it "role_pole_de_a .*countersign"
check F15-to-another-of-ours-it-is e auray set "$bond" structure_a_uid="$k"
must e auray set "$bond" structure_a_uid="$a" >/dev/null
must settle auray vitre cress
exits F15-nor-asked-of-it 77 e vitre propose "$bond" structure_a_uid="$theirs"
sides() { # UID A B
	printf 'uid,structure_a_uid,structure_b_uid,forme,categorie,etat\n%s,%s,%s,achat_responsable,pratiques_responsables,actif\n' "$@" >"$work/sides.csv"
}
sides "" "$theirs" "$a"
exits F15-nor-imported 65 e auray import partenariat "$work/sides.csv"
equal F15-the-report-says-why role_pole_de_a "$(e auray import partenariat "$work/sides.csv" --json 2>/dev/null | jq -r '.lines[].findings[].code')"
sides "$bond" "$theirs" "$a"
exits F15-nor-into-one-that-stands 65 e auray import partenariat "$work/sides.csv"
equal F15-it-stands-as-it-was "$a $theirs" "$(value auray "$bond" structure_a_uid) $(value auray "$bond" structure_b_uid)"
sides "" "$k" "$theirs"
check F15-ours-is e auray import partenariat "$work/sides.csv"

# R5: one enterprise's two establishments are no duplicate, whoever says so and however.
k2=$(new auray structure type_acteur=ess "nom=Le Verger, dépôt" code_insee=56007 siret=91234567500025)
twin=$(new vitre structure type_acteur=ess "nom=Le Verger" code_insee=56007 siret=91234567500017)
must settle auray vitre cress
for node in cress auray vitre; do
	exits "R5-two-establishments-are-no-duplicate-at-$node" 65 e $node add doublon "uids=$k|$k2" etat=propose
	exits "R5-nor-accepted-at-$node" 65 e $node add doublon "uids=$k2|$k" etat=accepte
	says "R5-it-says-why-at-$node" "deux_etablissements .*another SIRET"
done
exits R5-nor-linked 65 e auray link "$k" "$k2"
printf 'uids,etat,le\n%s|%s,propose,2026-11-01\n' "$k" "$k2" >"$work/pairs.csv"
exits R5-nor-imported 65 e cress import doublon "$work/pairs.csv"
pair=$(new cress doublon "uids=$k|$twin" etat=propose)
check R5-one-establishment-in-two-hubs-is [ ${#pair} = 26 ]
exits R5-nor-changed-into 65 e cress set "$pair" "uids=$k|$k2"
check R5-nothing-else-is-proposed sh -c "! '$bin/essaim' --data '$work/cress' duplicates --json | grep -q $k2"

# A list is what was asked for, or is refused.
python3 -c 'print("nom,type_acteur,code_insee,portee"); [print(f"Liste {i},ess,56007,local") for i in range(1200)]' >"$work/many.csv"
must e auray import structure "$work/many.csv" --quiet >/dev/null
all=$(e auray list structure --limit 10000 --json | jq -r '"\(.total) \(.items | length)"')
equal R18-a-long-list-is-whole "${all% *}" "${all#* }"
check R18-it-is-long [ "${all% *}" -gt 1200 ]
exits R18-a-longer-one-is-refused 64 e auray list structure --limit 10001
says R18-it-says-what-to-do "10000 .*--offset .*export csv"

# Codes nobody knows.
for filter in filiere type label theme phase statut owner; do
	exits "C1-$filter-unknown" 65 e auray search --kind structure --all --$filter nimporte
done
exits C1-filiere-of-all-kinds 65 e auray search --filiere nimporte
says C1-it-names-the-known "known: .*alimentation_circuits_courts"
check C1-a-known-one e auray search --filiere proprete
must e auray set "$a" labels=emas >/dev/null
check C1-a-label-in-use e auray search --label emas
exits C1-a-kind-unknown 65 e auray search --kind nimporte mot
exits E19-a-purpose-nobody-was-asked-for 65 e auray export liste-diffusion --finalite zzz
says E19-it-names-the-known "known: newsletter"

# C12: within the event.
fair=$(new auray evenement type_evenement=convention_affaires titre=Coventis "debut=$year-10-15T09:00:00+02:00" "fin=$year-10-15T18:00:00+02:00")
exits C12-not-after-its-event 65 e auray add rendez_vous evenement="$fair" a="$a" b="$k" "creneau=$year-10-16T10:00:00+02:00"
says C12-it-says-so hors_evenement
exits C12-nor-on-the-day-before 65 e auray add rendez_vous evenement="$fair" a="$a" b="$k" "creneau=$year-10-14T10:00:00+02:00"
check C12-within-it e auray add rendez_vous evenement="$fair" a="$a" b="$k" "creneau=$year-10-15T10:00:00+02:00"

# F14: what hangs on a structure.
exits F14-not-removed-with-its-needs 65 e auray rm "$a"
says F14-it-says-what-and-what-to-do "besoin: fiche_liee (1); .*etat=fermee"
free=$(new auray structure type_acteur=ess "nom=Erreur" code_insee=56007)
check F14-what-nothing-hangs-on-goes e auray rm "$free"

# Histories that cannot be read.
exits R4-a-former-siret-is-one 65 e auray set "$a" siret_precedents=12
exits R13-no-such-status 65 e auray set "$a" siae=nimporte
exits E1-a-signature-has-its-day 65 e cress add strategie code=s nom=SRESS "signatures=region|etat|cress"
exits E1-and-a-signer 65 e cress add strategie code=s nom=SRESS "signatures=moi:2026-01-01"

# Names as people type them.
exits W1-an-unknown-field 65 e auray set "$a" nimporte=1
says W1-it-names-the-kind-s "unknown field of structure; known: .*siret, .*code_insee"
exits W1-nothing-is-said-twice 65 e auray add clause partenariat=x partenariat_uid=y
place=$(new auray lieu nom=Halle type=salle code_insee=56007)
equal W1-type-is-the-kind-s-type salle "$(value auray "$place" type_lieu)"
issue=$(new auray enjeu territoire=auray theme=jeunesse constat=C)
equal W1-one-of-a-list jeunesse "$(e auray show "$issue" --json | jq -r '.data.themes | join(" ")')"
asked=$(new auray demande sujet=Compta commune=56007 recue_le=2026-11-02)
equal E8-commune-is-the-commune-s-code 56007 "$(value auray "$asked" code_insee)"
issue=$(new auray enjeu territoire=auray theme=environnement constat=C)
equal A7-a-theme-of-the-guide environnement "$(e auray show "$issue" --json | jq -r '.data.themes | join(" ")')"
printf 'type,nom,code_insee,operateur\nsalle,Préau,56007,%s\n' "$a" >"$work/lieux.csv"
check W1-in-a-file-too e auray import lieu "$work/lieux.csv"
offer=$(new auray offre structure="$a" titre=O filiere=proprete type_offre=service)
pair=$(new auray rapprochement besoin="$need" offre="$offer" score=6975 etat=propose "detail=qualite:87:4 avis|prix:70:950 pour 1000")
equal C4-the-proofs-are-kept "qualite:87:4 avis" "$(e auray show "$pair" --json | jq -r '.data.detail[0]')"

# F8: both nomenclatures, and a commune that has merged.
merged=$(new auray structure type_acteur=ess "nom=Fusion" code_insee=35112 code_naf=81.30Z code_naf25=81.30Y)
equal F8-the-commune-of-today 35062 "$(value auray "$merged" code_insee)"
equal F8-both-codes "81.30Z 81.30Y" "$(e auray show "$merged" --json | jq -r '"\(.data.code_naf) \(.data.code_naf25)"')"
for code in 81.30Z 81.30Y; do
	equal "F8-$code-is-found" "$merged" "$(e auray search "$code" --kind structure --json | jq -r '.items[].uid')"
done

# Part 9: names of participants are kept a year, three where a funder asks for the sign-in sheets.
who=$(new auray contact structure="$a" nom=Le-Gall base_legale=interet_legitime)
for funded in non oui; do
	past=$(new auray evenement type_evenement=atelier "titre=Passé $funded" debut=2025-01-10T09:00:00+01:00 fin=2025-01-10T12:00:00+01:00 emargement_financeur=$funded)
	[ "$funded" = oui ] && kept=$past || over=$past
	must e auray add inscription evenement="$past" structure="$a" contact="$who" nb_personnes=1 statut=present >/dev/null
done
e auray rgpd due --json >"$work/due"
due_of() {
	i=$(e auray list inscription --json | jq -r ".items[] | select(.data.evenement_uid == \"$1\") | .uid")
	grep -c "$i" "$work/due"
}
equal R17-a-year "1" "$(due_of "$over")"
equal R17-three-where-a-funder-asks "0" "$(due_of "$kept")"

# C6, C7: results come by themselves, quotes do not.
survey=$(new cress enquete titre=Freins version=1 du=2026-01-01 commanditaires=GARIE)
must settle auray vitre cress
must e auray add reponse enquete="$survey" structure="$a" reseau=GARIE mode=entretien "frein=prix|delai" "verbatim=Trop cher pour nous" >/dev/null
must e auray add reponse enquete="$survey" structure="$k" reseau=Autre mode=questionnaire freins=prix >/dev/null
counted() {
	[ "$(e cress survey "$survey" --json | jq -r '"\(.n) \(.freins[0].code) \(.freins[0].n)"')" = "2 prix 2" ]
}
within C6-the-counts-come-by-themselves 100 counted
equal C7-no-quote-comes "0" "$(e cress list reponse --json | jq .total)"
finish
