#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Needs and offers that fit (domain.md part 7; rows C3, C4, E7, E11): the scale with
# its proofs, why an offer is set aside, labels that run out, what a hub may see.
. "$(dirname "$0")/../e2e/lib.sh"

day() { # OFFSET ("+30 days")
	date -d "$1" +%Y-%m-%d
}
structure() { # NODE TYPE NAME COMMUNE FIELD=VALUE...
	structure_node=$1 structure_type=$2 structure_name=$3 structure_commune=$4
	shift 4
	new "$structure_node" structure "nom=$structure_name" "type_acteur=$structure_type" "code_insee=$structure_commune" "$@"
}
offer() { # NODE STRUCTURE TITLE FIELD=VALUE...
	offer_node=$1 offer_of=$2 offer_title=$3
	shift 3
	new "$offer_node" offre "structure_uid=$offer_of" "titre=$offer_title" statut=active "$@"
}
# ranked NODE NEED FILTER: jq over the answer.
ranked() {
	e "$1" match "$2" --json | jq -r "$3"
}
# of NODE NEED OFFER FILTER: jq over one item.
of() {
	e "$1" match "$2" --json | jq -r ".items[] | select(.uid == \"$3\") | $4"
}
reason() { # NODE NEED OFFER
	e "$1" match "$2" --all --json | jq -r ".ecartes[] | select(.uid == \"$3\") | .raison"
}

must found_cress
must enter morlaix
must enter vitre

# --- C4: quality, price, environment, proximity: the same integers ---

# The worked example of the document, as records: a buyer in Morlaix, a SIAE of the same Pays.
buyer=$(structure morlaix entreprise "Mairie de la baie" 29151 siret=81230001000012)
siae=$(structure morlaix ess "Jardins solidaires" 29184 siret=81230002800014 siae_type=aci charte_version=2026-01 \
	"charte_date=$(day '-30 days')")
need=$(new morlaix besoin "structure_uid=$buyer" "titre=Entretien d'espaces verts" filiere=espaces_verts type_besoin=achat \
	budget_max_cents=100000 prix_unite=forfait delai_max_jours=15 rayon_max_km=50 "date_limite=$(day '+60 days')" statut=ouvert)
example=$(offer morlaix "$siae" "Tonte et taille" filiere=espaces_verts type_offre=service prix_cents=95000 prix_unite=forfait \
	delai_jours=7 rayon_km=30 nb_avis=4 somme_avis=18 "valide_du=$(day '-60 days')" "valide_au=$(day '+60 days')")
equal C4-the-worked-example-is-6975 \
	'6975 {"qualite":[87,25,2175],"prix":[70,25,1750],"environnement":[0,15,0],"social":[100,15,1500],"proximite":[70,15,1050],"delai":[100,5,500]} [] v1' \
	"$(e morlaix match "$need" --json | jq -r '"\(.items[0].total) \(.items[0].detail | tojson) \(.items[0].inconnu | tojson) \(.bareme)"')"
equal C4-proofs-stand-beside-the-integers \
	'4 18 95000 100000 forfait siae aci 2026-01 pays Morlaix Plouénan 7 15' \
	"$(of morlaix "$need" "$example" '[.preuves.qualite.nb_avis, .preuves.qualite.somme_avis, .preuves.prix.prix_cents,
		.preuves.prix.budget_max_cents, .preuves.prix.unite, .preuves.social.statut, .preuves.social.siae_type,
		.preuves.social.charte_version, .niveau, .preuves.proximite.commune_besoin, .preuves.proximite.commune_offre,
		.preuves.delai.delai_jours, .preuves.delai.delai_max_jours] | join(" ")')"
equal C4-the-vectors-give-the-same-integers "24 passed, 0 failed" \
	"$("$bin/essaim-vectors" score "$root/tests/vectors/data/score_vecteurs.jsonl" 2>&1)"

# What is unknown is named, and why another one is set aside.
silent=$(offer morlaix "$siae" "Débroussaillage" filiere=espaces_verts type_offre=service)
equal C4-what-is-unknown-is-named '["qualite","prix","delai"]' "$(of morlaix "$need" "$silent" '.inconnu | tojson')"
other=$(offer morlaix "$siae" "Site internet" filiere=numerique type_offre=service)
own=$(offer morlaix "$buyer" "Location de tondeuse" filiere=espaces_verts type_offre=bien)
late=$(offer morlaix "$siae" "Plantation d'hiver" filiere=espaces_verts type_offre=service "valide_du=$(day '+61 days')")
over=$(offer morlaix "$siae" "Plantation d'été" filiere=espaces_verts type_offre=service "valide_du=$(day '-60 days')" \
	"valide_au=$(day yesterday)")
course=$(offer morlaix "$siae" "Apprendre la taille" filiere=espaces_verts type_offre=formation)
equal C4-each-offer-set-aside-says-why "filiere meme_unite_legale offre_trop_tardive offre_expiree type" \
	"$(reason morlaix "$need" "$other") $(reason morlaix "$need" "$own") $(reason morlaix "$need" "$late") $(reason morlaix "$need" "$over") $(reason morlaix "$need" "$course")"
equal C4-reasons-are-counted-without-all \
	'{"meme_unite_legale":1,"filiere":1,"type":1,"offre_expiree":1,"offre_trop_tardive":1} 0' \
	"$(ranked morlaix "$need" '"\(.raisons | tojson) \(.ecartes | length)"')"

# --- C3: social, environment, local; near counts more than quick ---

near=$(offer morlaix "$(structure morlaix entreprise "La Pépinière du port" 29151)" "Tonte, à côté" filiere=espaces_verts type_offre=service \
	prix_cents=80000 prix_unite=forfait delai_jours=40 nb_avis=1 somme_avis=5)
far=$(offer vitre "$(structure vitre entreprise "La Pépinière du château" 35360)" "Tonte, vite" filiere=espaces_verts type_offre=service \
	prix_cents=80000 prix_unite=forfait delai_jours=1 nb_avis=1 somme_avis=5)
must e morlaix --quiet set "$need" rayon_max_km=
must settle vitre morlaix cress
equal C3-default-weights-are-15-over-5 "15 5" \
	"$(of morlaix "$need" "$near" '"\(.detail.proximite[1]) \(.detail.delai[1])"')"
equal C3-proximity-counts-more-than-delay "$near $far" \
	"$(e morlaix match "$need" --json | jq -r "[.items[].uid | select(. == \"$near\" or . == \"$far\")] | join(\" \")")"
equal C3-the-two-differ-only-there "100 0 0 100" \
	"$(of morlaix "$need" "$near" '"\(.detail.proximite[0]) \(.detail.delai[0])"') $(of morlaix "$need" "$far" '"\(.detail.proximite[0]) \(.detail.delai[0])"')"
must e morlaix --quiet set "$need" poids_qualite=25 poids_prix=25 poids_environnement=15 poids_social=15 poids_proximite=5 poids_delai=15
equal C3-the-need-may-say-otherwise "$far $near" \
	"$(e morlaix match "$need" --json | jq -r "[.items[].uid | select(. == \"$near\" or . == \"$far\")] | join(\" \")")"
must e morlaix --quiet set "$need" poids_qualite= poids_prix= poids_environnement= poids_social= poids_proximite= poids_delai=
must e morlaix --quiet set "$example" 'labels_verifies=ab|emas' labels_declares=rge
equal C3-three-dimensions-with-proof '100 ["ab","emas"] ["rge"] 100 siae 70 pays' \
	"$(of morlaix "$need" "$example" '"\(.detail.environnement[0]) \(.preuves.environnement.verifies | tojson) \(.preuves.environnement.declares | tojson) \(.detail.social[0]) \(.preuves.social.statut) \(.detail.proximite[0]) \(.niveau)"')"
must e morlaix --quiet set "$example" labels_verifies= labels_declares=rge
equal C3-a-declared-label-counts-half 20 "$(of morlaix "$need" "$example" '.detail.environnement[0]')"
must e morlaix --quiet set "$example" labels_declares=

# --- E11: labels with a date ---

environment() { # NODE
	of "$1" "$need" "$example" '"\(.detail.environnement[0]) \(.preuves.environnement.verifies + .preuves.environnement.declares | join(","))"'
}
label=$(new morlaix attribution label=ab "offre_uid=$example" "du=$(day '-300 days')" "au=$(day today)" verifie=oui organisme=Certif)
equal E11-a-verified-label-of-today-scores "40 ab" "$(environment morlaix)"
must e morlaix --quiet set "$label" verifie=non
equal E11-an-unverified-one-scores-half "20 ab" "$(environment morlaix)"
must e morlaix --quiet set "$label" verifie=oui "au=$(day yesterday)"
equal E11-an-expired-label-neither-scores-nor-shows "0 " "$(environment morlaix)"
must e morlaix --quiet set "$example" labels_verifies=ab
equal E11-nor-through-an-undated-list "0 " "$(environment morlaix)"
must e morlaix --quiet set "$example" labels_verifies=
house=$(new morlaix attribution label=demeter "structure_uid=$siae" "du=$(day '-300 days')" verifie=oui)
equal E11-a-label-of-the-structure-scores-for-its-offer "50 demeter" "$(environment morlaix)"
must e morlaix --quiet set "$house" "du=$(day tomorrow)"
equal E11-not-before-its-day "0 " "$(environment morlaix)"
must e morlaix --quiet set "$house" "du=$(day '-300 days')" "au=$(day yesterday)"
must e morlaix --quiet set "$siae" labels=demeter
equal E11-an-expired-label-of-the-structure-does-not-show "0 " "$(environment morlaix)"
must e morlaix --quiet set "$siae" labels=
must settle morlaix vitre cress
equal E11-the-same-at-another-hub "0 " "$(environment vitre)"

quality=$(e cress add label code=nf_service "nom=NF Service" dimension=qualite --json | jq -r .uid)
must settle cress morlaix
must e morlaix --quiet set "$example" labels_verifies=nf_service
equal C4-a-label-that-the-cress-calls-quality-adds-10 '97 ["nf_service"]' \
	"$(of morlaix "$need" "$example" '"\(.detail.qualite[0]) \(.preuves.qualite.certifications | tojson)"')"
must e cress --quiet set "$quality" dimension=territoire
must settle cress morlaix
equal C4-and-no-more-where-it-does-not 87 "$(of morlaix "$need" "$example" '.detail.qualite[0]')"
must e morlaix --quiet set "$example" labels_verifies=

must e morlaix --quiet set "$siae" "siae=aci:2024-01-01:$(day yesterday)"
equal C3-a-siae-agreement-that-ended-does-not-count "70 ess" \
	"$(of morlaix "$need" "$example" '"\(.detail.social[0]) \(.preuves.social.statut)"')"
must e morlaix --quiet set "$siae" "siae=aci:2024-01-01:$(day yesterday)|ei:$(day today):"
equal C3-the-one-of-today-does "100 siae ei" \
	"$(of morlaix "$need" "$example" '"\(.detail.social[0]) \(.preuves.social.statut) \(.preuves.social.siae_type)"')"
must e morlaix --quiet set "$siae" siae=

# --- E7: an occupation short of people meets those who place them ---

job=$(new morlaix besoin "structure_uid=$buyer" "titre=Deux maçons" filiere=btp_ecoconstruction type_besoin=recrutement rome=F1703 \
	postes=2 contrat=cddi siae_exige=oui statut=ouvert)
placed=$(offer morlaix "$siae" "Mise à disposition de maçons" filiere=btp_ecoconstruction type_offre=mise_a_disposition)
interim=$(offer morlaix "$(structure morlaix entreprise "Intérim du Léon" 29259)" "Maçons intérimaires" filiere=btp_ecoconstruction \
	type_offre=mise_a_disposition)
works=$(offer morlaix "$siae" "Murs de pierre" filiere=btp_ecoconstruction type_offre=service)
equal E7-posts-of-an-occupation-meet-a-siae "F1703 2 $placed" "$(ranked morlaix "$job" '"\(.rome) \(.postes) \(.items | map(.uid) | join(" "))"')"
equal E7-others-are-set-aside "siae_exigee type" "$(reason morlaix "$job" "$interim") $(reason morlaix "$job" "$works")"
must e morlaix --quiet set "$job" siae_exige=non
equal E7-without-the-demand-both-are-ranked "$placed $interim" "$(ranked morlaix "$job" '.items | map(.uid) | join(" ")')"
job2=$(new vitre besoin "structure_uid=$(structure vitre entreprise "Bâti d'argile" 35360)" "titre=Un maçon" filiere=btp_ecoconstruction \
	type_besoin=recrutement rome=F1703 postes=1 contrat=cdi statut=ouvert)
must settle vitre morlaix cress
equal E7-posts-open-by-occupation-and-hub '{"pole-morlaix F1703":2,"pole-vitre F1703":1}' \
	"$(e cress list besoin --limit 1000 --json | jq -c '[.items[] | select(.data.type_besoin == "recrutement" and .data.statut == "ouvert")]
		| group_by(.owner + " " + .data.rome) | map({(.[0].owner + " " + .[0].data.rome): (map(.data.postes) | add)}) | add')"
equal E7-the-need-of-another-hub-is-matched-here "$placed $interim" \
	"$(ranked morlaix "$job2" '.items | map(.uid) | join(" ")')"

# --- what is seen, and from which side ---

money=$(new morlaix besoin "structure_uid=$buyer" "titre=Un prêt" filiere=espaces_verts type_besoin=financement statut=ouvert)
check C4-a-need-of-money-is-to-be-dealt-with sh -c "LC_ALL=fr_FR.UTF-8 '$bin/essaim' --data '$work/morlaix' match $money | grep -q 'à traiter'"
equal C4-an-offer-finds-the-needs-it-fits "$need" "$(ranked morlaix "$example" '.items | map(.uid) | join(" ")')"
equal C4-with-the-same-score "$(of morlaix "$need" "$example" .total)" "$(ranked morlaix "$example" '.items[0].total')"
kept=$(offer vitre "$(structure vitre entreprise "Secret" 35360 portee=local)" "Tonte, entre nous" filiere=espaces_verts type_offre=service portee=local)
veiled=$(offer vitre "$(structure vitre entreprise "Voilée" 35360 portee=local)" "Tonte, sans nom" filiere=espaces_verts type_offre=service)
must settle vitre morlaix cress
equal C4-its-own-hub-ranks-a-local-offer "$kept" "$(of vitre "$need" "$kept" .uid)"
equal C4-another-hub-does-not-see-it "" "$(e morlaix match "$need" --all --json | grep -o "$kept")"
equal C4-a-hidden-structure-counts-with-what-is-known '(non partagé) null 0 ["qualite","prix","proximite","delai"]' \
	"$(of morlaix "$need" "$veiled" '"\(.structure.uid) \(.structure.nom) \(.total - .detail.qualite[2] - .detail.prix[2] - .detail.delai[2]) \(.inconnu | tojson)"')"
e morlaix match "$need" --json | jq '[.items[] | select(.owner == "pole-morlaix")]' >"$work/here"
e cress match "$need" --json | jq '[.items[] | select(.owner == "pole-morlaix")]' >"$work/there"
check C4-two-nodes-rank-alike cmp "$work/here" "$work/there"
must e morlaix --quiet set "$siae" etat=fermee
equal C4-a-closed-structure-offers-nothing offre_inactive "$(reason morlaix "$need" "$example")"
must e morlaix --quiet set "$siae" etat=active
equal C4-nothing-is-stored "0 0" "$(records morlaix rapprochement) $(records cress rapprochement)"
island=$(new morlaix besoin "structure_uid=$(structure morlaix entreprise "Gîte de l'île" 22016)" "titre=Taille" filiere=espaces_verts \
	type_besoin=achat statut=ouvert)
offer_there=$(offer morlaix "$(structure morlaix entreprise "Sur le port" 22162)" "Taille" filiere=espaces_verts type_offre=service)
offer_isle=$(offer morlaix "$(structure morlaix entreprise "Autre île" 29155)" "Taille" filiere=espaces_verts type_offre=service)
equal C4-two-islands-share-no-epci "departement 40 region 20" \
	"$(of morlaix "$island" "$offer_there" '"\(.niveau) \(.detail.proximite[0])"') $(of morlaix "$island" "$offer_isle" '"\(.niveau) \(.detail.proximite[0])"')"
exits C4-an-unknown-uid 65 e morlaix match 01K2QA6ZTE38ZWM2NR96KPNZ71
exits C4-a-structure-is-no-need 65 e morlaix match "$siae"

finish
