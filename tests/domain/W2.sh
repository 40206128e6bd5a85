#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W2, the day of a hub officer, from the search to the sync in the evening; what is
# printed is what the officer reads. The network is away until the evening (R20).
. "$(dirname "$0")/../e2e/lib.sh"

# The officer's own words, and the answer.
read_out() { # COMMAND...
	echo "# essaim $*" >&3
	LC_ALL=fr_FR.UTF-8 e auray "$@" 2>&1 | tee "$work/read" | sed 's/^/#   /' >&3
}
reads() { # NAME PATTERN: the last answer has it
	check "$1" grep -q "$2" "$work/read"
}
today=$(date +%F)
soon=$(date -d "$today 20 days" +%F)

must found_cress
must enter auray
must enter vitre
must e cress add charte type_charte=ethique version=1 texte=Respect adoptee_le=2024-01-01 >/dev/null
must settle auray vitre cress
mairie=$(new auray structure type_acteur=entreprise "nom=Chantiers du Loch" code_insee=56007)
jardins=$(new auray structure type_acteur=ess "nom=Jardins du Golfe" code_insee=56260 siae_type=aci charte_version=1)
loin=$(new vitre structure type_acteur=ess "nom=Ateliers de Vitré" code_insee=35360)
new auray contact structure_uid="$jardins" nom=Motsecret prenom=Léontine courriel=leontine@jardins.example >/dev/null
offre=$(new auray offre structure_uid="$jardins" "titre=Entretien d'espaces verts" filiere=espaces_verts type_offre=service rayon_km=60 statut=active)
new vitre offre structure_uid="$loin" "titre=Espaces verts et clôtures" filiere=espaces_verts type_offre=service rayon_km=300 statut=active >/dev/null
must settle auray vitre cress
stop cress
echo "# the network is away" >&3

# Search, call, interaction.
read_out search espaces verts --near 56007 --within 40
reads W2-search-finds-who-is-near "Entretien d'espaces verts"
call=$(new auray interaction structure_uid="$jardins" le="$today" canal=telephone "objet=Léontine Motsecret prend deux chantiers" prochaine="$soon")
equal W2-the-call-is-kept-at-the-hub local "$(e auray show "$call" --json | jq -r .scope)"

# Need, proposals scored, introduce.
besoin=$(new auray besoin structure_uid="$mairie" "titre=Entretenir trois jardins" filiere=espaces_verts type_besoin=achat code_insee=56007 rayon_max_km=300 date_limite="$soon" statut=ouvert)
read_out match "$besoin"
equal W2-the-nearest-is-proposed-first "$offre" "$(e auray match "$besoin" --json | jq -r '.items[0].uid')"
score=$(e auray match "$besoin" --json | jq '.items[0].total')
rapprochement=$(new auray rapprochement besoin_uid="$besoin" offre_uid="$offre" score="$score" bareme=v1 etat=retenu le="$today")
equal W2-they-are-introduced retenu "$(value auray "$rapprochement" etat)"

# The partnership, step by step; what is missing is said.
p=$(new auray partenariat structure_a_uid="$mairie" structure_b_uid="$jardins" forme=achat_responsable besoin_uid="$besoin" offre_uid="$offre")
equal W2-spotted repere "$(value auray "$p" etat)"
check W2-explored e auray set "$p" etat=exploration objectif_a=Entretien objectif_b=Emploi circuit_decision_a=Direction circuit_decision_b=Bureau
read_out set "$p" etat=formalise
for missing in benefice_a benefice_b reformule_par_a reformule_par_b charte_manquante; do
	reads "W2-formal-asks-for-$missing" "$missing"
done
equal W2-and-nothing-has-changed exploration "$(value auray "$p" etat)"
check W2-the-company-accepts-the-charter e auray set "$mairie" charte_version=1
check W2-formal e auray set "$p" etat=formalise benefice_a=expertise benefice_b=image reformule_par_a=Insérer reformule_par_b=Entretenir
check W2-active e auray set "$p" etat=actif date_debut="$today"
equal W2-steps-are-dated "repere exploration formalise actif" "$(e auray show "$p" --json | jq -r '[.data.etats[] | split(":")[0]] | join(" ")')"
check W2-the-need-is-met e auray set "$besoin" statut=pourvu
equal W2-on-this-day "$today" "$(value auray "$besoin" pourvu_le)"

# Follow-ups on the Monday of their week.
monday=$(date -d "$today 3 months" +%F)
read_out due --on "$monday"
reads W2-the-followup-is-due "Chantiers du Loch"
equal W2-the-first-of-five "3" "$(e auray due --on "$monday" --json | jq -r '[.suivis[].echeance_mois] | join(" ")')"
read_out due
reads W2-not-yet "aucun suivi"

# An event, and who came.
lunch=$(new auray evenement type_evenement=lunch_ess "titre=Lunch du Golfe" debut="${today}T12:00:00+01:00" fin="${today}T14:00:00+01:00" code_insee=56007)
inscription=$(new auray inscription evenement_uid="$lunch" structure_uid="$jardins" nb_personnes=2)
read_out seats "$lunch"
reads W2-and-wait-for-the-network "pas encore envoyé"
check W2-they-came e auray set "$inscription" statut=present presents=2

# The evening: sent, received, refused and why.
read_out status
reads W2-status-says-that-home-is-away "cress\|CRESS"
must start cress
within W2-the-network-is-back 30 synced auray
read_out status
equal W2-all-is-sent 0 "$(fact auray .outbox)"
must settle auray vitre cress
read_out seats "$lunch"
equal W2-seats-are-granted 2 "$(e auray seats "$lunch" --json | jq .granted)"
for node in cress vitre; do
	equal "W2-$node-has-received-the-partnership" actif "$(value $node "$p" etat)"
	equal "W2-$node-has-no-call" 0 "$(e $node list interaction --json | jq .total)"
	equal "W2-$node-has-no-followup" 0 "$(e $node list suivi --json | jq .total)"
	check "W2-$node-has-not-a-word-of-them" sh -c "! grep -rqaF Motsecret '$work/$node'"
done
must e cress suspend auray >/dev/null
within W2-a-refusal-is-told 20 has_alert auray SUSPENDED
read_out status
reads W2-and-why "suspendu"
check W2-work-goes-on e auray set "$mairie" description=Jardins
must e cress resume auray >/dev/null
must stop auray # starting anew calls at once
must start auray
within W2-then-it-leaves 40 shows cress "$mairie" description Jardins
finish
