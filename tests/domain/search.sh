#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Finding: words and filters (C1, B1, E4, E16), what another hub wrote and how old it is
# (A7), names and statuses of another time (A12, D7), saved searches (C2), and all of it
# with home away (R20).
. "$(dirname "$0")/../e2e/lib.sh"

total() { # NODE search words and options: how many are found
	total_node=$1
	shift
	e "$total_node" search "$@" --json | jq -r .total
}
titles() { # NODE search words and options: what is found, sorted
	titles_node=$1
	shift
	e "$titles_node" search "$@" --json | jq -r '[.items[].titre] | sort | join(", ")'
}
unseen() { # NODE: alerts of saved searches, "searches new"
	e "$1" searches --json | jq -r '[.items[] | .nouveaux] | map(tostring) | join(" ")'
}
day() { # DAYS from today
	date -d "$1 days" +%F
}

must found_cress
for hub in auray vitre fougeres morlaix; do
	must enter $hub
done

# --- C1: text, place, filters ---
s1=$(new morlaix structure nom="L'Atelier du Léguer" type_acteur=ess code_insee=29151 filieres=espaces_verts siae_type=ei labels=emas)
s2=$(new morlaix structure nom="Jardins de la Penzé" type_acteur=entreprise code_insee=29239 filieres="espaces_verts|numerique")
s3=$(new morlaix structure nom="Ancien Atelier" type_acteur=ess code_insee=29151 etat=fermee)
new morlaix offre titre="Entretien d'espaces verts" structure_uid="$s1" filiere=espaces_verts type_offre=service \
	labels_declares=ecodefis themes=silver_economie >/dev/null
new morlaix offre titre="Tonte" structure_uid="$s2" filiere=espaces_verts type_offre=bien >/dev/null
new morlaix offre titre="Vieille offre" structure_uid="$s2" filiere=espaces_verts type_offre=bien statut=archivee >/dev/null
new morlaix offre titre="Offre finie" structure_uid="$s2" filiere=numerique type_offre=bien valide_au="$(day -1)" >/dev/null
new morlaix besoin titre="Taille de haies" structure_uid="$s2" filiere=espaces_verts type_besoin=achat themes=silver_economie >/dev/null

upper=$(total morlaix "L'ATELIER") curly=$(total morlaix "l’atelier") joined=$(total morlaix latelier)
equal C1-apostrophe-and-case-do-not-matter "1 1 1" "$upper $curly $joined"
equal C1-accents-do-not-matter 1 "$(total morlaix "jardins de la penze")"
equal C1-filiere "Entretien d'espaces verts, Jardins de la Penzé, L'Atelier du Léguer, Taille de haies, Tonte" \
	"$(titles morlaix --filiere espaces_verts)"
equal C1-filiere-and-kind "Entretien d'espaces verts, Tonte" "$(titles morlaix --filiere espaces_verts --kind offre)"
equal C1-words-and-filters "Entretien d'espaces verts" "$(titles morlaix verts --filiere espaces_verts --kind offre --type service)"
equal C1-type-of-the-kind "Tonte" "$(titles morlaix --type bien)"
equal C1-siae-with-their-offers "Entretien d'espaces verts, L'Atelier du Léguer" "$(titles morlaix --siae)"
equal C1-offers-lie-where-their-structure-does "Entretien d'espaces verts" "$(titles morlaix --kind offre --commune Morlaix)"
equal C1-label-verified-or-declared "Entretien d'espaces verts" "$(titles morlaix --label ecodefis)"
equal C1-pays 3 "$(total morlaix --pays morlaix --kind structure --all)"
equal C1-around-a-place "Entretien d'espaces verts, L'Atelier du Léguer" \
	"$(titles morlaix --filiere espaces_verts --near Morlaix --within 5)"
equal C1-what-is-over-is-left-out "L'Atelier du Léguer" "$(titles morlaix atelier --kind structure)"
equal C1-unless-it-is-asked-for "Ancien Atelier, L'Atelier du Léguer" "$(titles morlaix atelier --kind structure --all)"
equal C1-a-status-asks-for-itself "Vieille offre" "$(titles morlaix --kind offre --statut archivee)"
equal C1-expired-offers-are-over "Offre finie" "$(titles morlaix finie --all)"
equal C1-expired-offers-are-left-out 0 "$(total morlaix finie)"
equal C1-each-hit-shows-its-last-update true \
	"$(e morlaix search --filiere espaces_verts --json | jq '[.items[].maj | test("^20..-..-..T")] | all')"
exits C1-an-unknown-code-is-refused 65 e morlaix search --kind offre --type poisson
exits C1-a-filter-the-kind-lacks-is-refused 65 e morlaix search --kind structure --phase incubation

# --- E16, E4, B1 ---
equal E16-theme "Entretien d'espaces verts, Taille de haies" "$(titles morlaix --theme silver_economie)"
support() { # TITLE TERRITORIES FROM TO PHASES
	e cress add offre_appui titre="$1" organisme=TAg territoires="$2" du="$3" au="$4" phases="$5" >/dev/null
}
must support "Ici et maintenant" morlaix "$(day -10)" "$(day 10)" "incubation|ideation"
must support "Pour la région" 53 "$(day -10)" "" incubation
must support "Passée" morlaix "$(day -90)" "$(day -1)" incubation
must support "À venir" morlaix "$(day 1)" "$(day 90)" incubation
must support "Autre phase" morlaix "" "" essaimage
must support "Autre Pays" vitre "" "" incubation
must settle auray vitre fougeres morlaix cress
equal E4-support-of-a-pays-and-a-phase-valid-today "Ici et maintenant, Pour la région" \
	"$(titles morlaix --kind offre_appui --pays morlaix --phase incubation --valid-on today)"
equal E4-what-has-not-begun-is-not-there-yet "Ici et maintenant, Pour la région" "$(titles morlaix --pays morlaix --phase incubation)"
equal E4-unless-it-is-asked-for "Ici et maintenant, Passée, Pour la région, À venir" "$(titles morlaix --pays morlaix --phase incubation --all)"
equal E4-valid-on-another-day "Ici et maintenant, Pour la région, À venir" \
	"$(titles morlaix --kind offre_appui --pays morlaix --phase incubation --valid-on "$(day 5)")"
must e cress import pratique "$root/conf/seed/pratiques.csv" >/dev/null
check B1-twice-changes-nothing sh -c "'$bin/essaim' --data '$work/cress' import pratique '$root/conf/seed/pratiques.csv' --json | jq -e '.counts.inchanges == 4'"
must settle auray vitre fougeres morlaix cress
equal B1-four-practices 4 "$(total vitre --kind pratique)"
equal B1-fishing-finds-the-maritime-cooperative "S'inspirer d'une coopérative maritime" "$(titles vitre pêche --kind pratique)"

# --- A7 ---
a1=$(new auray structure nom="Ferme d'Auray" type_acteur=ess code_insee=56007)
need=$(new auray besoin titre="Véhicule frigorifique partagé" structure_uid="$a1" filiere=mobilite_logistique type_besoin=local)
must settle auray vitre fougeres morlaix cress
equal A7-a-need-of-auray-is-found-at-vitre "$need federation" \
	"$(e vitre search frigorifique --json | jq -r '.items[0] | .uid + " " + .scope')"
equal A7-with-when-it-was-written-and-received true \
	"$(e vitre search frigorifique --json | jq '.items[0] | (.maj | length > 19) and (.recu | length > 19) and .recu >= .maj')"
e vitre search frigorifique >"$work/a7.out"
check A7-people-see-its-age grep -qE 'T[0-9:.]+Z +[0-9]+ (s|min) ' "$work/a7.out"

# --- A12, D7 ---
body=$(new vitre structure nom="DREETS Bretagne" type_acteur=service_public code_insee=35238 \
	denominations="Direccte Bretagne:2010-01-01:2021-03-31|DREETS Bretagne:2021-04-01:" siae="ei:2023-01-01:" siae_type=ei)
must settle vitre fougeres
equal A12-the-old-name-finds-it "DREETS Bretagne" "$(titles fougeres direccte)"
on() { # DAY FIELD
	e fougeres show "$body" --on "$1" --json | jq -r ".data.$2"
}
equal A12-in-2020-it-has-the-name-of-then "Direccte Bretagne" "$(on 2020-06-30 nom)"
equal A12-from-the-day-of-the-change-the-new-one "DREETS Bretagne" "$(on 2021-04-01 nom)"
equal A12-before-any-date-the-name-of-today "DREETS Bretagne" "$(on 2001-01-01 nom)"
equal A12-no-siae-in-2022 null "$(on 2022-12-31 siae_type)"
equal A12-siae-in-2023 ei "$(on 2023-12-31 siae_type)"
exits A12-a-day-is-a-day 65 e fougeres show "$body" --on 2020

# --- the API's parameters ---
asked() { # QUERY: the code of the answer, and its total or what it says
	curl -s -w ' %{http_code}' --unix-socket "$work/morlaix/essaim.sock" "http://x/api/v1/search?$1" |
		jq -rs '"\(.[1]) \(.[0].total // .[0].error.text)"'
}
equal C1-q-is-text-too "200 2 200 2" "$(asked 'q=atelier&all=1') $(asked 'text=atelier&all=1')"
equal C1-a-parameter-that-is-not-known-is-refused "400 wher: a search has no such parameter; known: text, q, kind, near" \
	"$(asked 'text=atelier&wher=29151' | sed 's/, within.*//')"
critere=$(curl -s --unix-socket "$work/morlaix/essaim.sock" http://x/api/v1/searches -d '{"titre": "Bois", "critere": "q=bois&kid=offre"}' |
	jq -r .error.text)
equal C2-nor-is-it-kept "kid: a search has no such parameter" "${critere%%;*}"

# --- C2 ---
saved=$(e fougeres search bois --kind offre --filiere btp_ecoconstruction --save "Du bois")
other=$(e fougeres search --pays vitre --kind structure --save "Structures de Vitré")
equal C2-nothing-is-new-when-it-is-kept "0 0" "$(unseen fougeres)"
v1=$(new vitre structure nom="Scierie du Bocage" type_acteur=ess code_insee=35360)
offer=$(new vitre offre titre="Charpente en bois" structure_uid="$v1" filiere=btp_ecoconstruction type_offre=bien)
must settle vitre fougeres
equal C2-an-offer-of-vitre-raises-one-alert-at-fougeres "1 1" "$(unseen fougeres)"
check C2-status-tells has_alert fougeres SEARCH_HITS
equal C2-status-tells-counts-only 0 "$(e fougeres status --json | jq -r '.alerts[] | select(.code == "SEARCH_HITS") | .text' |
	grep -ciE 'bois|charpente|vitré')"
equal C2-the-hit-is-shown "$offer" \
	"$(e fougeres searches --new --json | jq -r --arg s "$saved" '.items[] | select(.uid == $s) | .fiches.items[].uid')"
must e fougeres --quiet searches seen "$saved"
equal C2-seen-is-seen "0 1" "$(unseen fougeres)"
must e vitre --quiet set "$offer" titre="Charpente en bois local"
must settle vitre fougeres
equal C2-an-edit-raises-nothing "0 1" "$(unseen fougeres)"
must e fougeres --quiet searches seen all
equal C2-all-is-seen "0 0" "$(unseen fougeres)"
equal C2-no-alert-is-left false "$(fact fougeres '[.alerts[].code] | index("SEARCH_HITS") != null')"
must stop fougeres
must start fougeres
equal C2-a-restart-raises-nothing "0 0" "$(unseen fougeres)"
must e fougeres --quiet rebuild
equal C2-a-rebuild-raises-nothing "0 0" "$(unseen fougeres)"
f1=$(new fougeres structure nom="Menuiserie" type_acteur=ess code_insee=35115)
new fougeres offre titre="Bois d'ici" structure_uid="$f1" filiere=btp_ecoconstruction type_offre=bien >/dev/null
equal C2-what-this-hub-writes-is-no-news "0 0" "$(unseen fougeres)"
more=$(new vitre offre titre="Bois d’œuvre" structure_uid="$v1" filiere=btp_ecoconstruction type_offre=bien)
must settle vitre fougeres
equal C2-the-next-one-raises-again "1 0" "$(unseen fougeres)"
must e fougeres --quiet rebuild
equal C2-a-rebuild-keeps-what-is-new "1 0" "$(unseen fougeres)"
equal C2-and-which-it-is "$more" \
	"$(e fougeres searches --new --json | jq -r --arg s "$saved" '.items[] | select(.uid == $s) | .fiches.items[].uid')"

# The mark is in the backup with the commits it counts: nothing seen before it is new again.
must e fougeres --quiet searches seen all
must e fougeres --quiet backup "$work/fougeres.saved" --with-key
late=$(new vitre offre titre="Bois de palettes" structure_uid="$v1" filiere=btp_ecoconstruction type_offre=bien)
must settle vitre fougeres
crash fougeres
rm -rf "$work/fougeres"
mkdir "$work/fougeres"
must e fougeres --quiet restore "$work/fougeres.saved"
must start fougeres
must settle vitre fougeres
equal C2-a-restore-forgets-nothing-and-repeats-nothing "1 0 $late" \
	"$(unseen fougeres) $(e fougeres searches --new --json | jq -r --arg s "$saved" '.items[] | select(.uid == $s) | .fiches.items[].uid')"

must e fougeres --quiet set "$saved" actif=non
equal C2-a-search-at-rest-raises-no-alert false "$(fact fougeres '[.alerts[].code] | index("SEARCH_HITS") != null')"
equal C2-a-saved-search-stays-here 0 "$(e cress list alerte --json | jq .total)"
exits C2-seen-of-nothing 65 e fougeres searches seen "$offer"
must e fougeres --quiet rm "$other"

# --- R20 ---
must stop cress
n=$(new morlaix structure nom="Hors ligne" type_acteur=ess code_insee=29151 2>/dev/null)
equal R20-entry-without-network "Hors ligne" "$(value morlaix "$n" nom)"
equal R20-search-without-network 1 "$(total morlaix "hors ligne" --commune 29151)"
printf 'nom,type_acteur,code_insee\nImportée hors ligne,ess,29151\n' >"$work/r20.csv"
check R20-import-without-network e morlaix import structure "$work/r20.csv"
equal R20-what-was-imported-is-found 1 "$(total morlaix importée)"
equal R20-the-own-pays-without-network 4 "$(total morlaix --pays morlaix --kind structure)"
finish
