#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Indicators (domain.md part 7): the sample's figures, by Pays, out of four hubs and
# summed at the CRESS; what is masked, what leaves a hub, what is frozen.
. "$(dirname "$0")/../e2e/lib.sh"
month=2026-10
hubs="auray fougeres morlaix vitre"

must found_cress
for hub in $hubs; do
	must enter "$hub"
	for table in structure:structures offre:offres besoin:besoins partenariat:partenariats suivi:suivis diagnostic:diagnostics \
		evenement:evenements inscription:inscriptions; do
		must e "$hub" import "${table%%:*}" "$sample/pole-$hub/${table##*:}.csv" >"$work/$hub.import" 2>&1
	done
done
# figure NODE INDICATOR [PLACE [OPTION...]]: its value there; "masque" where hidden, "" where there is none.
figure() {
	figure_node=$1 figure_what=$2 figure_place=${3:-}
	shift 2
	[ $# = 0 ] || shift
	[ -z "$figure_place" ] || set -- --territory "$figure_place" "$@"
	e "$figure_node" report --month $month --json "$@" |
		jq -r --arg i "$figure_what" '.items[] | select(.indicateur == $i) | if .masque then "masque" else .valeur end'
}
wanted() { # HUB KEY
	jq -r ".par_pole[\"pole-$1\"].$2" "$sample/attendu.json"
}
enquete=$(e cress add enquete titre=Achats version=1 --json | jq -r .uid)
must settle $hubs cress

# --- the sample's figures ---
for hub in $hubs; do
	for node in $hub cress; do
		equal "E14-coverage-of-$hub-at-$node" "$(wanted "$hub" couverture_pour_10000)" "$(figure $node couverture_communes "pays:$hub")"
		equal "W7-structures-of-$hub-at-$node" "$(wanted "$hub" ess_actives)" "$(figure $node nb_structures_ess "pays:$hub")"
		equal "W7-jobs-of-$hub-at-$node" "$(wanted "$hub" etp_ess_dixiemes)" "$(figure $node etp_ess "pays:$hub")"
	done
done
equal R5-a-duplicate-counts-once "$(jq '[.par_pole[].ess_actives] | add' "$sample/attendu.json")" "$(figure cress nb_structures_ess region:53)"
equal R5-duplicates-are-told "$(jq .doublons_siret "$sample/attendu.json")" "$(figure cress doublons region:53)"
check R11-only-integers jq -e '[.items[].valeur | select(. != null and . != floor)] == []' <<-EOF
	$(e cress report --month $month --json)
EOF
equal R8-an-EPCI-may-lie-in-two-departements 2 "$(e cress report --month $month --json | jq -r '.items[] | select(.indicateur == "epci_rencontres" and .territoire_type == "epci" and .territoire_code == "243500741") | 2')"
equal A2-one-line-for-each-hub 4 "$(e cress report --month $month --json | jq '.poles | length')"
equal hub-shows-its-own-Pays "pays auray" "$(e auray report --month $month --json | jq -r '[.items[] | .territoire_type + " " + .territoire_code] | unique | join(",")')"
exits an-unknown-territory-is-refused 65 e cress report --pays nulle-part
exits a-month-is-a-month 65 e cress report --month 2026-13

# --- R15 ---
e cress report --month $month --json >"$work/report.json"
check D2-amounts-are-hidden jq -e '[.items[] | select(.indicateur == "montants" and .masque)] | length > 0' "$work/report.json"
check R15-no-sum-of-less-than-three jq -e '[.items[] | select((.indicateur == "montants" or .indicateur == "etp_ess") and .masque == false and .n < 3)] == []' "$work/report.json"
check R15-a-masked-figure-says-nothing jq -e '[.items[] | select(.masque) | .valeur, .n | select(. != null)] == []' "$work/report.json"

# --- E13 ---
check E13-two-families jq -e '[.items[] | select(.territoire_type == "region") | .sens] | unique == ["apporte", "evite"]' "$work/report.json"
e cress add indicateur code=tonnes_evitees "nom=Déchets évités" unite=tonnes sens=evite >/dev/null
e vitre add mesure indicateur=tonnes_evitees territoire_type=pays territoire_code=vitre mois=$month valeur=42 n=4 >/dev/null

# --- structures to speak of: three of the Pays d'Auray ---
of_auray() { # N
	e auray list structure --limit 2000 --json |
		jq -r "[.items[] | select(.data.code_epci == \"200043123\" and .data.etat == \"active\" and .data.siren != null)] | unique_by(.data.siren) | .[$1].uid"
}
s1=$(of_auray 0) s2=$(of_auray 1) s3=$(of_auray 2)

# --- B2, D1, C5 ---
exits B2-a-share-is-at-most-10000 65 e auray add mesure structure_uid="$s1" annee=2026 part_achats_locaux=10001
must e auray add mesure structure_uid="$s1" annee=2026 part_achats_locaux=3000 >/dev/null
must e auray add mesure structure_uid="$s2" annee=2026 part_achats_locaux=4001 >/dev/null
equal B2-no-mean-of-two masque "$(figure auray part_achats_locaux:2026 pays:auray)"
must e auray add mesure structure_uid="$s3" annee=2026 part_achats_locaux=6001 >/dev/null
equal B2-a-mean-of-three 4334 "$(figure auray part_achats_locaux:2026 pays:auray)"
exits D1-the-sources-make-a-whole 65 e auray add mesure structure_uid="$s1" annee=2025 ressources_publiques=5000 ventes=4000 dons_mecenat=0 autres=0 portee=local
for s in "$s1:5000" "$s2:6000" "$s3:7000"; do
	must e auray add mesure structure_uid="${s%:*}" annee=2026 ressources_publiques=$((10000 - ${s#*:})) ventes="${s#*:}" dons_mecenat=0 autres=0 portee=local >/dev/null
done
for s in "$s1:2000" "$s2:3000" "$s3:5000"; do
	must e auray add reponse enquete_uid="$enquete" structure_uid="${s%:*}" mode=questionnaire part_ventes_ess="${s#*:}" >/dev/null
done

# --- A1 ---
event() { # NODE DATE
	e "$1" add evenement type_evenement=atelier titre=Atelier "debut=$2T10:00:00+01:00" "fin=$2T12:00:00+01:00" statut=realise >/dev/null
}
must e cress add programme code=experimentation "nom=Expérimentation" debut=2019-01-01 fin=2019-12-31 "poles=pole-auray|pole-vitre" >/dev/null
must event auray 2019-03-05
must event vitre 2019-12-31
must event auray 2020-01-02
must event morlaix 2019-03-05

# --- E9, E10, E12, E18 ---
must e auray add evenement type_evenement=ess_tour titre=Tour debut=2026-10-06T10:00:00+02:00 fin=2026-10-06T12:00:00+02:00 code_insee=56007 departement=56 statut=realise >/dev/null
must e cress add epci_contact code_epci=242900835 le=2026-10-07 >/dev/null
must e cress add epci_contact code_epci=200067072 le=2026-11-20 >/dev/null
must e cress add engagement_collectivite territoire_type=epci territoire_code=242900835 type_engagement=plan_ess du=2026-01-01 >/dev/null
must e cress add engagement_collectivite territoire_type=epci territoire_code=200067072 type_engagement=plan_ess du=2020-01-01 au=2025-12-31 >/dev/null
projet=$(e morlaix add projet "nom=Brasserie bio" phase=incubation territoire=morlaix --json | jq -r .uid)
must e morlaix add etape projet_uid="$projet" phase=ideation du=2025-01-01 au=2025-12-31 >/dev/null
must e morlaix add etape projet_uid="$projet" phase=incubation du=2026-01-01 >/dev/null
prix=$(e cress add prix "nom=Prix régional" edition=2025 --json | jq -r .uid)
must e cress add attribution prix_uid="$prix" structure_uid="$s1" rang=laureat du=2025-11-15 >/dev/null
must e cress add attribution prix_uid="$prix" structure_uid="$s2" rang=nomine du=2025-11-15 >/dev/null

# --- F15 ---
before="$(figure fougeres partenariats pays:fougeres) $(figure vitre partenariats pays:vitre) $(figure cress partenariats_inter_pays region:53) $(figure cress partenariats region:53)"
in_pays() { # HUB EPCI
	e "$1" list structure --limit 2000 --json | jq -r "first(.items[] | select(.data.code_epci == \"$2\" and .owner == \"pole-$1\")).uid"
}
cat >"$work/partnership.csv" <<-EOF
	structure_a_uid,structure_b_uid,forme,categorie,etat,date_debut
	$(in_pays fougeres 200072452),$(in_pays vitre 200039022),mutualisation_achats,cooperation_economique,formalise,2026-10-01
EOF
must e fougeres import partenariat "$work/partnership.csv" >/dev/null

for hub in $hubs; do
	must e "$hub" report send --month $month >/dev/null
done
must settle $hubs cress

equal E13-what-is-avoided-stands-apart "evite 42" "$(e cress report --month $month --pays vitre --json | jq -r '.items[] | select(.indicateur == "tonnes_evitees") | .sens + " " + (.valeur | tostring)')"
equal D1-a-mean-of-three-is-federated 6000 "$(figure cress ressources_moyennes:ventes.2026 pays:auray)"
equal D1-the-structures-stay-home 0 "$(e cress list mesure --limit 5000 --json | jq '[.items[] | select(.data.ventes != null)] | length')"
equal C5-sales-are-sales 3333 "$(figure cress part_ventes_ess:"$enquete".questionnaire pays:auray)"
equal C5-and-never-purchases "" "$(figure cress part_achats_ess:"$enquete".questionnaire region:53)"
equal A1-only-its-hubs-and-its-dates 2 "$(e cress report --programme experimentation --territory region:53 --json | jq '.items[] | select(.indicateur == "evenements") | .valeur')"
exits A1-an-unknown-programme 65 e cress report --programme inconnu
equal E9-the-EPCI-still-to-be-met "61 2 59" "$(e cress report epci --month $month --json | jq -r '"\(.total) \(.rencontres) \([.items[] | select(.rencontre == false)] | length)"')"
equal E9-those-met-are-not-among-them "" "$(e cress report epci --month $month --json | jq -r '.items[] | select(.rencontre == false and (.code == "200043123" or .code == "242900835")) | .code')"
epci29=$(awk -F , 'NR > 1 && $5 == 29 && $4 != "" { print $4 }' "$root/conf/reference/communes_bretagne.csv" | sort -u | wc -l)
equal E10-share-of-EPCI-committed $((10000 / epci29)) "$(figure cress epci_engages departement:29)"
projects() { # NODE DATE
	e "$1" report --date "$2" --pays morlaix --json | jq -r '[.items[] | select(.indicateur | startswith("projets_par_phase")) | .indicateur + "=" + (.valeur | tostring)] | join(" ")'
}
equal E12-a-phase-at-a-date projets_par_phase:ideation=1 "$(projects morlaix 2025-06-15)"
equal E12-another-at-another projets_par_phase:incubation=1 "$(projects morlaix 2026-10-31)"
equal E12-the-CRESS-knows-how-many 1 "$(figure cress projets_par_phase:incubation pays:morlaix)"
equal E12-and-not-which 0 "$(records cress projet)"
equal E18-winners-by-Pays-and-year 1 "$(figure cress prix_laureats:2025 pays:auray)"
equal A9-the-count-is-at-the-CRESS "$(for hub in $hubs; do figure "$hub" diagnostics region:53; done | awk '{ n += $1 } END { print n }')" "$(figure cress diagnostics region:53)"
equal A9-no-diagnostic-is 0 "$(records cress diagnostic)"
equal D5-the-CRESS-gets-counts-only "$(for hub in $hubs; do figure "$hub" suivis_faits region:53; done | awk '{ n += $1 } END { print n }')" "$(figure cress suivis_faits region:53)"
equal A9-other-hubs-get-none "" "$(figure vitre diagnostics pays:auray)"
set -- $before
equal F15-counted-once-in-the-Pays-of-a "$(($1 + 1)) $2" "$(figure cress partenariats pays:fougeres) $(figure cress partenariats pays:vitre)"
equal F15-and-once-between-Pays "$(($3 + 1)) $(($4 + 1))" "$(figure cress partenariats_inter_pays region:53) $(figure cress partenariats region:53)"
check public-has-only-the-region-of-what-is-not-public jq -e \
	'[.items[] | select(.territoire_type != "region" and (.indicateur | test("^(partenariats|diagnostics|suivis|alertes|note_)")))] == []' <<-EOF
	$(e cress report --month $month --public --json)
EOF
e cress export indicateurs --month $month >"$work/indicateurs.csv"
e cress export indicateurs --month $month >"$work/again.csv"
equal indicateurs-has-its-header mois,territoire_type,territoire_code,territoire_nom,indicateur,valeur,unite,n,masque,definition_version "$(head -n 1 "$work/indicateurs.csv")"
check indicateurs-same-data-same-bytes cmp "$work/indicateurs.csv" "$work/again.csv"
equal indicateurs-of-vitre "2026-10,pays,vitre,Pays de Vitré - Porte de Bretagne,couverture_communes,8709,pour_dix_mille,62,non,1" \
	"$(grep ',pays,vitre,.*,couverture_communes,' "$work/indicateurs.csv")"
check R15-masked-cells-are-empty grep -q ',montants,,centimes,,oui,1$' "$work/indicateurs.csv"
sent=$(outbox auray)
must e auray report send --month $month >/dev/null
equal sending-twice-changes-nothing "$sent" "$(outbox auray)"
finish
