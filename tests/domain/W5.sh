#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W5, closing a partnership, as the officer does it: what is asked is printed. Each rule
# by itself is in partnership.sh; here they are met in their order, and the other nodes look.
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

must found_cress
must enter auray
must enter vitre
a=$(new auray structure type_acteur=entreprise "nom=Chantiers du Loch" code_insee=56007 charte_version=1)
b=$(new auray structure type_acteur=ess "nom=Jardins du Golfe" code_insee=56260 charte_version=1)
p=$(new auray partenariat structure_a_uid="$a" structure_b_uid="$b" forme=clause_sociale publication_a=oui publication_b=oui portee=public)
must e auray set "$p" etat=exploration >/dev/null
must e auray set "$p" etat=formalise benefice_a=expertise benefice_b=image reformule_par_a=x reformule_par_b=y >/dev/null
must e auray set "$p" etat=actif date_debut=2026-01-15 >/dev/null
must e auray add clause partenariat_uid="$p" marche=Voirie heures_prevues=300 heures_realisees=280 >/dev/null
must e auray set "$p" publication_b=non >/dev/null
must settle auray vitre cress
equal W5-public-while-it-runs public "$(e vitre show "$p" --json | jq -r .scope)"
equal W5-five-followups-wait 5 "$(e auray list suivi --json | jq '[.items[] | select(.data.etat == "prevu")] | length')"

# Everything that is missing is named at once.
read_out set "$p" etat=clos
for missing in date_fin motif_cloture bilan_a bilan_b; do
	reads "W5-closing-asks-for-$missing" "$missing"
done
read_out set "$p" etat=clos date_fin="$today" motif_cloture=vacances bilan_a=Tenu bilan_b=Tenu
reads W5-a-motive-is-one-of-the-list "terme_prevu"
read_out set "$p" etat=clos date_fin=2026-01-14 motif_cloture=objectif_atteint bilan_a=Tenu bilan_b=Tenu
reads W5-the-end-is-not-before-the-start date_invalide
read_out set "$p" etat=clos date_fin="$today" motif_cloture=objectif_atteint bilan_a=Tenu bilan_b=Tenu
reads W5-a-last-followup-is-asked-for suivi_final_requis
equal W5-refused-it-is-as-it-was "actif 5" "$(value auray "$p" etat) $(e auray list suivi --json | jq '[.items[] | select(.data.etat == "prevu")] | length')"

# The last follow-up answers what was due; then it closes, with all that follows.
read_out due
last=$(e auray due --json | jq -r '.suivis[-1].uid')
check W5-the-last-followup e auray set "$last" risque_objectifs=0 risque_legitimite=0 satisfaction_a=5 satisfaction_b=4
read_out set "$p" etat=clos date_fin="$today" motif_cloture=objectif_atteint bilan_a=Tenu bilan_b=Tenu
reads W5-closed modifié
read_out show "$p"
reads W5-the-hours-are-shown "heures_clauses.realisees *280"
equal W5-pending-ones-are-cancelled "0 4 1" "$(e auray list suivi --json | jq -r '[.items[].data.etat] | "\(map(select(. == "prevu")) | length) \(map(select(. == "annule")) | length) \(map(select(. == "fait")) | length)"')"
read_out due
reads W5-nothing-is-due-any-more "aucun suivi"
equal W5-public-is-withdrawn federation "$(e auray show "$p" --json | jq -r .scope)"
must settle auray vitre cress
equal W5-everywhere "federation federation" "$(e vitre show "$p" --json | jq -r .scope) $(e cress show "$p" --json | jq -r .scope)"
equal W5-each-sees-why objectif_atteint "$(value vitre "$p" motif_cloture)"

# Closed: only annotations, its hours frozen, told of only as both wish.
read_out set "$p" montant_cents=100
reads W5-a-closed-one-is-closed fiche_close
read_out set "$(e auray list clause --json | jq -r '.items[0].uid')" heures_realisees=300
reads W5-its-hours-are-frozen fiche_close
read_out add pratique "titre=Insérer par la voirie" "resume=280 heures" partenariat_uid="$p"
reads W5-a-practice-needs-both accord_requis
check W5-the-other-side-agrees-now e auray set "$p" publication_b=oui
check W5-then-the-practice-is-published e auray add pratique "titre=Insérer par la voirie" "resume=280 heures" partenariat_uid="$p"
check W5-and-the-partnership-may-be e auray set "$p" portee=public
check W5-one-side-takes-it-back e auray set "$p" publication_a=non
equal W5-it-is-withdrawn-again federation "$(e auray show "$p" --json | jq -r .scope)"

# Resumed: a new one, linked to the old.
q=$(new auray partenariat structure_a_uid="$a" structure_b_uid="$b" forme=clause_sociale reprise_de_uid="$p")
equal W5-resumed-from-the-start "repere $p" "$(value auray "$q" etat) $(value auray "$q" reprise_de_uid)"
equal W5-the-old-one-stays-closed clos "$(value auray "$p" etat)"
exits W5-a-running-one-is-not-resumed 65 e auray add partenariat structure_a_uid="$a" structure_b_uid="$b" forme=clause_sociale reprise_de_uid="$q"
finish
