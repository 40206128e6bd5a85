#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a hub does for its structures and projects: networks (B5), surveys (C6), working
# groups (E3), hours (E5), diagnostics (E6), requests (E8), referrals (E15), topics (E17).
. "$(dirname "$0")/../e2e/lib.sh"

days_ago() {
	date -d "$1 days ago" +%F
}
count() { # NODE NETWORK [options]: members of it
	count_node=$1
	shift
	e "$count_node" members-of "$@" --json | jq -r .total
}

must found_cress
must enter auray
must enter morlaix
must settle auray morlaix cress

# --- B5: a tree of networks ---
a=$(new auray structure type_acteur=ess "nom=Mutuelle des ports" code_insee=56007)
b=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007)
c=$(new morlaix structure type_acteur=ess "nom=Atelier bois" code_insee=29151)
garie=$(new cress reseau nom=GARIE niveau=regional)
north=$(new cress reseau "nom=Réseau nord" parent_uid="$garie")
south=$(new cress reseau "nom=Réseau sud" parent_uid="$garie")
deep=$(new cress reseau "nom=Cercle sud" parent_uid="$south")
must settle cress auray morlaix
must e auray add adhesion structure_uid="$a" reseau_uid="$north" du=2020-01-01 role=membre >/dev/null
must e auray add adhesion structure_uid="$a" reseau_uid="$south" du=2022-01-01 role=administrateur >/dev/null
must e auray add adhesion structure_uid="$b" reseau_uid="$north" du=2019-01-01 au=2021-12-31 role=membre >/dev/null
must e morlaix add adhesion structure_uid="$c" reseau_uid="$deep" du=2023-01-01 role=membre >/dev/null
must settle auray morlaix cress
equal "B5-in-two-children-counted-once-in-the-parent" "2 1 2 1" \
	"$(count cress "$garie") $(count cress "$north") $(count cress "$south") $(count cress "$deep")"
equal "B5-the-same-everywhere" "$(e cress members-of "$garie" --json | jq -c .items)" "$(e morlaix members-of "$garie" --json | jq -c .items)"
equal "B5-memberships-are-dated" "1 2 1" "$(count auray "$garie" --on 2019-06-01) $(count auray "$garie" --on 2021-06-01) $(count auray "$garie" --on 2022-06-01)"
equal "B5-none-is-a-direct-member-of-the-parent" 0 "$(e cress members-of "$garie" --json | jq .directs)"
exits "B5-no-network-below-itself" 65 e cress set "$garie" parent_uid="$deep"
siret=$(awk -F, 'NR == 2' "$sample/pole-morlaix/structures.csv" | grep -oE '[0-9]{14}' | head -n 1)
[ -n "$siret" ] || siret=35600000000048
twin_a=$(new auray structure type_acteur=ess "nom=Jumelle" code_insee=56007 siret="$siret")
twin_v=$(new morlaix structure type_acteur=ess "nom=Jumelle" code_insee=56007 siret="$siret")
must e auray add adhesion structure_uid="$twin_a" reseau_uid="$north" >/dev/null
must e morlaix add adhesion structure_uid="$twin_v" reseau_uid="$south" >/dev/null
must e cress add evenement type_evenement=assemblee "titre=Assemblée de GARIE" reseau_uid="$garie" \
	debut=2026-06-10T18:00:00+02:00 fin=2026-06-10T20:00:00+02:00 >/dev/null
must settle auray morlaix cress
equal "B5-held-by-two-hubs-counted-once" 3 "$(count cress "$garie")"
equal "B5-a-yearly-meeting" "2026-06-10" "$(e morlaix members-of "$garie" --json | jq -r '.assemblees[].debut[:10]')"
check "B5-people-read-it" grep -q "GARIE, au .* : 3 structure(s)" <<-EOF
	$(LC_ALL=fr_FR.UTF-8 e cress members-of "$garie")
EOF

# --- C6: a survey, 94 answers, most of the sponsors' ---
survey=$(new cress enquete "titre=Achats responsables" version=1 "questions=Achetez-vous à l'ESS ?" "commanditaires=GARIE|ACESA|ARBIO")
survey2=$(new cress enquete "titre=Achats responsables" version=2 "questions=Que vous vend l'ESS ?" "commanditaires=GARIE|ACESA|ARBIO")
awk -v survey="$survey" 'BEGIN {
	print "enquete_uid,reseau,mode,freins,leviers,part_achats_ess"
	for (i = 1; i <= 94; i++)
		printf "%s,%s,%s,%s,%s,%s\n", survey, i <= 30 ? "GARIE" : i <= 55 ? "ACESA" : i <= 70 ? "ARBIO" : "Autre réseau",
			i % 4 ? "questionnaire" : "entretien", i % 2 ? "visibilite_offre|prix" : "temps_exploration", "prix", i <= 10 ? i * 100 : ""
}' >"$work/reponses.csv"
check "C6-94-answers-imported" e cress import reponse "$work/reponses.csv"
e cress survey "$survey" --json >"$work/survey"
equal "C6-n" 94 "$(jq .n "$work/survey")"
equal "C6-by-network" "GARIE 30 true, ACESA 25 true, autre 24 false, ARBIO 15 true" \
	"$(jq -r '[.reseaux[] | "\(.reseau) \(.n) \(.commanditaire)"] | join(", ")' "$work/survey")"
equal "C6-by-mode" "questionnaire 71, entretien 23" "$(jq -r '[.modes[] | "\(.mode) \(.n)"] | join(", ")' "$work/survey")"
equal "C6-obstacles" "prix 47, temps_exploration 47, visibilite_offre 47" "$(jq -r '[.freins[] | "\(.code) \(.n)"] | join(", ")' "$work/survey")"
equal "C6-a-mean-with-its-n" "part_achats_ess 550 10" "$(jq -r '.parts[] | "\(.part) \(.moyenne) \(.n)"' "$work/survey")"
equal "C6-more-than-half-from-the-sponsors" "70 7446 true" "$(jq -r '.biais | "\(.n) \(.part) \(.averti)"' "$work/survey")"
LC_ALL=fr_FR.UTF-8 e cress survey "$survey" >"$work/survey.fr"
check "C6-the-result-prints-the-warning" grep -q "Attention, biais : 70 réponse(s) sur 94 (74 %)" "$work/survey.fr"
# Answers stay at their hub; what they count to is told.
must settle cress auray morlaix
must e auray add reponse enquete_uid="$survey" mode=entretien reseau="Autre réseau" freins=delai part_achats_ess=9000 "verbatim=Dit entre nous" >/dev/null
for share in 100 200 300; do
	must e morlaix add reponse enquete_uid="$survey" structure_uid="$c" mode=entretien reseau="Autre réseau" freins=delai part_achats_ess=$share >/dev/null
done
for share in 7000 8000 9000; do
	must e morlaix add reponse enquete_uid="$survey2" mode=entretien reseau=GARIE freins=volume part_achats_ess=$share >/dev/null
done
must settle auray morlaix cress
equal "C6-an-answer-stays-at-its-hub" "94 94" "$(records cress reponse) $(e cress survey "$survey" --json | jq .n)"
check "C6-a-hub-tells-its-counts" e auray survey "$survey" --send
check "C6-so-does-another" e morlaix survey "$survey" --send
must settle auray morlaix cress
equal "C6-the-counts-of-all-hubs" "98 cress-bretagne=94 pole-auray=1 pole-morlaix=3" \
	"$(e cress survey "$survey" --json | jq -r '"\(.n) " + ([.poles[] | "\(.pole)=\(.n)"] | join(" "))')"
equal "C6-still-no-answer" 94 "$(records cress reponse)"
equal "C6-a-share-of-one-is-not-told" "469 13" "$(e cress survey "$survey" --json | jq -r '.parts[] | "\(.moyenne) \(.n)"')"
equal "C6-the-counts-are-the-cress-s-alone" 3 "$(e auray survey "$survey" --json | jq '[.poles[]] | length + 2')"
must e morlaix survey "$survey2" --send >/dev/null
must settle morlaix cress
must settle morlaix cress
equal "C6-versions-are-never-added-up" "98 3" "$(e cress survey "$survey" --json | jq .n) $(e cress survey "$survey2" --json | jq .n)"
equal "C6-the-other-version-is-named" "2" "$(e cress survey "$survey" --json | jq -r '.autres_versions[].version')"
equal "C6-nor-in-the-report" "$survey 200, $survey2 8000" "$(e morlaix report --json |
	jq -r '[.items[] | select(.indicateur | startswith("part_achats_ess:")) | "\(.indicateur | split(":")[1] | split(".")[0]) \(.valeur)"] | join(", ")')"
exits "C6-questions-that-were-asked-stand" 65 e cress set "$survey" "questions=Une autre question ?"
exits "C6-so-does-their-version" 65 e cress set "$survey" version=3
one=$(e auray list reponse --json | jq -r '.items[0].uid')
must e auray rm "$one" >/dev/null
must e auray survey "$survey" --send >/dev/null
must settle auray cress
must settle auray cress
equal "C6-an-answer-taken-back-is-counted-no-more" "97 0" \
	"$(e cress survey "$survey" --json | jq -r '"\(.n) \([.poles[] | select(.pole == "pole-auray")] | length)"')"

# --- E3: working groups ---
check "E3-the-seven-themes" e cress import groupe_projet "$root/conf/seed/groupes_projets.csv"
check "E3-twice-changes-nothing" e cress import groupe_projet "$root/conf/seed/groupes_projets.csv"
must settle cress auray
equal "E3-pilots" "cress 4, etat 2, region 1" \
	"$(e auray list groupe_projet --json | jq -r '[.items[].data.pilote] | group_by(.) | map("\(.[0]) \(length)") | join(", ")')"
group=$(e cress list groupe_projet --json | jq -r '.items[0].uid')
late=$(new cress action groupe_uid="$group" "titre=Annuaire des appuis" etat=en_cours echeance="$(days_ago 3)")
must e cress add action groupe_uid="$group" "titre=Journée" etat=prevue echeance=2099-01-01 >/dev/null
must e cress add action groupe_uid="$group" "titre=Guide" etat=faite echeance="$(days_ago 30)" >/dev/null
equal "E3-actions-that-are-late" "$late" "$(e cress search --kind action --late --json | jq -r '[.items[].uid] | join(" ")')"

# --- E6: diagnostics, and what follows ---
first=$(new auray diagnostic structure_uid="$a" grille=guide-v1 date=2025-03-01 note_gouvernance=1 note_strategie=2 note_territoire=0 note_social_emploi=3 \
	note_usagers=4 note_diversite_egalite=2 note_environnement=2 note_ethique=3)
plan() {
	e auray diagnostic "$a" --json | jq -r "[.plan[] | $1] | join(\" \")"
}
equal "E6-each-note-below-2-proposes-an-action" "gouvernance territoire" "$(plan .theme)"
equal "E6-in-words-to-be-done" "a_faire a_faire" "$(plan 'select(.action | length > 20) | .etat')"
must e auray set "$first" note_gouvernance=0 note_ethique=1 >/dev/null
equal "E6-a-note-corrected-proposes-once" "ethique gouvernance territoire" "$(plan .theme)"
must e auray add diagnostic structure_uid="$a" grille=guide-v1 date=2026-03-01 note_gouvernance=3 note_strategie=2 note_territoire=2 note_ethique=0 >/dev/null
must e auray add diagnostic structure_uid="$a" grille=guide-v2 date=2026-06-01 note_gouvernance=4 >/dev/null
e auray diagnostic "$a" --json >"$work/file"
equal "E6-grids-stand-apart" "guide-v1 2, guide-v2 1" "$(jq -r '[.grilles[] | "\(.grille) \(.diagnostics | length)"] | join(", ")' "$work/file")"
equal "E6-what-is-still-to-be-done-is-not-proposed-again" "ethique gouvernance territoire" "$(plan .theme)"
equal "E6-progress-within-one-grid" "3 0 2 null" \
	"$(jq -r '.grilles[0].progres.themes | "\(.gouvernance) \(.strategie) \(.territoire) \(.usagers)"' "$work/file")"
equal "E6-none-across-two" "null 4" "$(jq -r '.grilles[1] | "\(.progres) \(.diagnostics[0].moyenne | floor)"' "$work/file")"
check "E6-the-structure-takes-its-file-away" e auray diagnostic "$a" --output "$work/dossier.txt"
check "E6-with-all-of-it" sh -c "grep -q 'guide-v1' '$work/dossier.txt' && grep -q 'guide-v2' '$work/dossier.txt' && [ \$(grep -c a_faire '$work/dossier.txt') = 3 ]"
equal "E6-readable-by-its-owner-alone" 600 "$(stat -c %a "$work/dossier.txt")"
printf 'structure_uid,grille,date,note_gouvernance\n%s,guide-v1,2024-01-01,0\n' "$b" >"$work/diagnostics.csv"
must e auray import diagnostic "$work/diagnostics.csv" >/dev/null 2>&1
equal "E6-an-import-proposes-nothing" 0 "$(e auray diagnostic "$b" --json | jq '.plan | length')"
must settle auray cress
equal "E6-the-cress-has-none-of-it" "0 0" "$(records cress diagnostic) $(records cress plan_action)"

# --- E8: requests of volunteers ---
old=$(new cress demande "sujet=Comptabilité" code_insee=29151 recue_le="$(days_ago 16)")
recent=$(new cress demande "sujet=Jardinage" code_insee=29151 recue_le="$(days_ago 15)")
must settle cress morlaix auray
must settle cress morlaix auray
equal "E8-a-request-from-29151-reaches-pole-morlaix" "pole-morlaix pole-morlaix" "$(value cress "$old" pole_destinataire) $(value morlaix "$recent" pole_destinataire)"
equal "E8-the-hub-of-the-commune-has-them" "2 1" "$(e morlaix requests --json | jq -r '"\(.total) \(.en_retard)"')"
equal "E8-another-has-none" 0 "$(e auray requests --json | jq .total)"
equal "E8-the-late-one-is-named" "$old true 16" "$(e morlaix requests --json | jq -r '.items[0] | "\(.uid) \(.en_retard) \(.jours)"')"
within "E8-unanswered-after-15-days-is-shown" 10 has_alert morlaix REQUESTS_LATE
check "E8-what-waits-too" has_alert morlaix REQUESTS_WAITING
within "E8-the-cress-is-told-of-the-late-one" 10 has_alert cress REQUESTS_LATE
equal "E8-only-a-count" "" "$(fact morlaix '.alerts[] | select(.code | startswith("REQUESTS")) | .text' | grep -i compta)"
exits "E8-another-hub-does-not-answer" 77 e auray answer "$old"
check "E8-the-hub-answers" e morlaix answer "$old" --structure "$c"
equal "E8-it-is-no-more-late-there" "true 0" "$(e morlaix requests --json | jq -r '"\(.items[0].propose) \(.en_retard)"')"
proposed() { # NODE UID: the number of what was proposed to it
	no=$(e "$1" proposals --json | jq -r "[.items[] | select(.uid == \"$2\" and .state == \"open\") | .no] | last // empty")
	[ -n "$no" ]
}
within "E8-the-answer-arrives" 20 proposed cress "$old"
must e cress accept "$no" >/dev/null
equal "E8-answered-on-that-day-by-whom" "repondue $(date +%F) $c" \
	"$(e cress show "$old" --json | jq -r '.data | "\(.etat) \(.repondue_le) \(.structure_uid)"')"
check "E8-its-own-is-answered-at-once" e cress answer "$recent"
equal "E8-with-no-proposal" repondue "$(value cress "$recent" etat)"
must settle cress morlaix
must settle cress morlaix
equal "E8-nothing-waits" 0 "$(e morlaix requests --json | jq .total)"
quiet() {
	! has_alert morlaix REQUESTS_LATE && ! has_alert morlaix REQUESTS_WAITING
}
within "E8-nor-warns" 10 quiet
equal "E8-the-median-delay-is-in-the-report" 15 "$(e cress report --pays morlaix --json |
	jq -r '.items[] | select(.indicateur == "demandes_delai_median_j") | .valeur')"

# --- E15: the organic brewery ---
chamber=$(new morlaix structure type_acteur=chambre_consulaire "nom=Chambre d'agriculture" code_insee=29151)
trades=$(new morlaix structure type_acteur=chambre_consulaire "nom=Chambre de métiers" code_insee=29151)
regional=$(new cress structure type_acteur=reseau "nom=CRESS Bretagne" code_insee=35238)
must settle morlaix cress auray
four=$(new cress groupement type_groupement=consortium "nom=Créer en région" chef_de_file_uid="$trades" "competences=statuts_cooperatifs|agriculture_biologique|gestion")
must e cress add adhesion structure_uid="$chamber" groupement_uid="$four" role=membre competences=agriculture_biologique >/dev/null
must e cress add adhesion structure_uid="$regional" groupement_uid="$four" role=membre competences=statuts_cooperatifs >/dev/null
must e cress add adhesion structure_uid="$trades" groupement_uid="$four" role=chef_de_file >/dev/null
must settle cress auray morlaix
brewery=$(new auray projet "nom=Brasserie biologique" phase=ideation "competences=statuts_cooperatifs|agriculture_biologique" porteur=Quelquun)
e auray orient "$brewery" --json >"$work/orient"
equal "E15-who-names-the-competence-comes-first" "agriculture_biologique $chamber, statuts_cooperatifs $regional" \
	"$(jq -r '[.competences[] | "\(.competence) \(.candidats[0].uid)"] | join(", ")' "$work/orient")"
equal "E15-then-the-lead-chamber" "$trades chef_de_file" "$(jq -r '.competences[0].candidats[1] | "\(.uid) \(.role)"' "$work/orient")"
check "E15-both-are-assigned" e auray orient "$brewery" --assign
equal "E15-once" 0 "$(e auray orient "$brewery" --assign --json | jq '.orientations | length')"
must settle auray morlaix cress
must settle auray morlaix cress
part() { # NODE: what it is asked
	e "$1" orient --json | jq -r '[.items[] | select(.pour_nous) | "\(.competence) \(.projet)"] | join(", ")'
}
equal "E15-the-cress-sees-its-part-not-the-project" "statuts_cooperatifs (non partagé)" "$(part cress)"
equal "E15-the-chamber-s-hub-sees-its-part" "agriculture_biologique (non partagé)" "$(part morlaix)"
equal "E15-the-project-is-at-its-hub-and-named-to-nobody" "0 null" \
	"$(records cress projet) $(value cress "$(e cress orient --json | jq -r '.items[0].uid')" projet_uid)"
mine=$(e morlaix orient --json | jq -r '.items[0].uid')
check "E15-the-chamber-accepts" e morlaix answer "$mine"
within "E15-its-answer-arrives" 20 proposed auray "$mine"
must e auray accept "$no" >/dev/null
equal "E15-accepted" acceptee "$(value auray "$mine" etat)"
must e auray set "$brewery" portee=federation >/dev/null
must settle auray morlaix cress
must settle auray morlaix cress
equal "E15-once-it-is-shared-they-see-it" "Brasserie biologique" "$(e cress orient --json | jq -r '.items[0].projet')"
equal "E15-but-not-who-carries-it" null "$(value cress "$brewery" porteur)"

# --- E17: what tiers-lieux need ---
for topic in "Gouvernance partagée" "gouvernance" "Gouvernance" "Recherche de locaux" "trouver des locaux" "Locaux" "Modèle économique" "modèle" "Modele"; do
	must e auray add besoin structure_uid="$a" "titre=$topic" filiere=lieux_tiers_lieux type_besoin=competence "sujet=$topic" statut=ouvert >/dev/null
done
equal "E17-needs-by-the-three-topics" "gouvernance 3, modele 3, recherche_de_locaux 3" "$(e auray report --json |
	jq -r '[.items[] | select(.indicateur | startswith("besoins_tiers_lieux:")) | "\(.indicateur | split(":")[1]) \(.valeur)"] | join(", ")')"

# --- E5: ambassadors ---
exits "E5-only-with-consent" 65 e auray add ambassadeur nom=Kerneur
who=$(new auray ambassadeur nom=Kerneur prenom=Anne consentement_le=2025-01-01 heures_annuelles=2 portee=federation)
must settle auray cress
must e auray add intervention ambassadeur_uid="$who" etablissement="Lycée du port" code_insee=56007 date=2025-03-01 heures=1,5 eleves_nb=30 portee=federation >/dev/null
must e auray add intervention ambassadeur_uid="$who" etablissement="Collège des dunes" code_insee=56034 date=2026-02-01 heures=2 portee=federation >/dev/null
must e auray add intervention ambassadeur_uid="$who" etablissement="Lycée du port" code_insee=56007 date=2026-03-01 heures=1 portee=federation >/dev/null
must settle auray cress
hours() { # NODE
	e "$1" hours --json | jq -r '[.items[] | "\(.annee) \(.heures * 10) \(.nom)"] | join(", ")'
}
equal "E5-hours-per-ambassador-and-year" "2025 15 Kerneur, 2026 30 Kerneur" "$(hours cress)"
equal "E5-of-one-year" 3 "$(e auray hours --year 2026 --json | jq '.total | floor')"
equal "E5-the-school-by-its-commune" "Lycée du port 2" "$(e auray search --kind intervention --commune 56007 --json |
	jq -r '.items | "\(.[0].titre) \(length)"')"
exits "E5-no-pupil-has-a-field" 65 e auray add intervention ambassadeur_uid="$who" etablissement=Lycée date=2026-04-01 heures=1 eleve_nom=Secret
must e auray set "$who" consentement_retire_le="$(date +%F)" >/dev/null
must settle auray cress
must settle auray cress
equal "E5-consent-withdrawn-the-name-goes-the-hours-stay" "2025 15 null, 2026 30 null" "$(hours auray)"
equal "E5-at-the-others-too" "0 2025 15 null, 2026 30 null" "$(records cress ambassadeur) $(hours cress)"
finish
