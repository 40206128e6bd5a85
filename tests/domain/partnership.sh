#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Partnerships: follow-ups, charters, forms, clauses, closing (domain.md A4, A10, B7, D5-D7, F14, F15, W5).
. "$(dirname "$0")/../e2e/lib.sh"

both="benefice_a=expertise benefice_b=image reformule_par_a=x reformule_par_b=y"
# A partnership as far as STATE, its uid.
partnership() { # NODE A B STATE START [FIELD=VALUE...]
	p_node=$1 p_state=$4 p_start=$5 p_a=$2 p_b=$3
	shift 5
	p_uid=$(new "$p_node" partenariat structure_a_uid="$p_a" structure_b_uid="$p_b" forme=achat_responsable "$@")
	e "$p_node" set "$p_uid" etat=exploration >/dev/null || return 1
	# shellcheck disable=SC2086
	[ "$p_state" = exploration ] || e "$p_node" set "$p_uid" etat=formalise $both >/dev/null || return 1
	[ "$p_state" != actif ] || e "$p_node" set "$p_uid" etat=actif date_debut="$p_start" >/dev/null || return 1
	echo "$p_uid"
}
followups() { # NODE PARTNERSHIP STATE: their dates
	e "$1" list suivi --limit 1000 --json | jq -r "[.items[].data | select(.partenariat_uid == \"$2\" and .etat == \"$3\") | .date] | sort | join(\" \")"
}
followup() { # NODE PARTNERSHIP MONTHS: its uid
	e "$1" list suivi --limit 1000 --json | jq -r ".items[] | select(.data.partenariat_uid == \"$2\" and .data.echeance_mois == $3) | .uid"
}
due() { # NODE DATE FILTER
	e "$1" due --on "$2" --json | jq -r "$3"
}
# The error of the last `exits`.
said() {
	grep -q "$1" "$work/exits.err"
}
on_work() { # DAYS: that many days from today
	date -d "$1 days" +%F
}
today=$(date +%F)

must found_cress
must enter auray
must enter vitre
a=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007 charte_version=1)
b=$(new auray structure type_acteur=entreprise "nom=Garage" code_insee=56007 charte_version=1)
v=$(new vitre structure type_acteur=ess "nom=Les Ateliers" code_insee=35360 charte_version=1)
must settle auray vitre cress

# D5: the schedule.
p=$(partnership auray "$a" "$b" actif 2026-01-15)
equal "D5-followups-at-3-6-12-24-36-months" "2026-04-15 2026-07-15 2027-01-15 2028-01-15 2029-01-15" "$(followups auray "$p" prevu)"
end=$(partnership auray "$a" "$b" actif 2026-08-31)
equal "D5-the-end-of-a-month-stays-one" "2026-11-30 2027-02-28 2027-08-31 2028-08-31 2029-08-31" "$(followups auray "$end" prevu)"
check "D5-a-pause" e auray set "$end" etat=en_pause
check "D5-and-back" e auray set "$end" etat=actif
equal "D5-a-pause-leaves-the-schedule-and-makes-no-other" "2026-11-30 2027-02-28 2027-08-31 2028-08-31 2029-08-31" "$(followups auray "$end" prevu)"
early=$(partnership auray "$a" "$b" exploration -)
check "D5-an-edit-that-is-refused" test -n "$early"
# shellcheck disable=SC2086
must e auray set "$early" etat=formalise $both >/dev/null
exits "D5-no-start-no-schedule" 65 e auray set "$early" etat=actif
equal "D5-nothing-follows-from-what-is-refused" "" "$(followups auray "$early" prevu)"

# D5: due on Mondays, late after 30 days.
equal "D5-not-due-the-week-before" 0 "$(due auray 2026-04-06 '.suivis | length')"
equal "D5-due-in-its-week" "2026-04-15 $p 3 false Les Jardins Garage" \
	"$(due auray 2026-04-13 '.suivis[] | "\(.date) \(.partenariat) \(.echeance_mois) \(.en_retard) \(.structure_a.nom) \(.structure_b.nom)"')"
equal "D5-29-days-after-it-is-not-late" false "$(due auray 2026-05-14 '.suivis[0].en_retard')"
equal "D5-30-days-after-it-is" true "$(due auray 2026-05-15 '.suivis[0].en_retard')"
exits "D5-a-day-is-a-day" 65 e auray due --on 2026-02-31
within "D5-status-warns-of-the-late-ones" 10 has_alert auray FOLLOWUP_LATE
equal "D5-it-counts-and-names-nobody" "2" "$(fact auray '.alerts[] | select(.code == "FOLLOWUP_LATE") | .text' | grep -o '[0-9]*' | head -n 1)"

# D5: done by its answers; risks.
s3=$(followup auray "$p" 3) s6=$(followup auray "$p" 6)
check "D5-answers" e auray set "$s3" risque_objectifs=1 satisfaction_a=4 "commentaire=Motsecret de Léontine"
equal "D5-make-it-done-today" "fait $today" "$(value auray "$s3" etat) $(value auray "$s3" fait_le)"
equal "D5-and-it-is-not-due-any-more" "$s6" "$(due auray 2026-07-15 '.suivis[].uid')"
equal "D5-a-risk-of-1-is-no-alert" 0 "$(due auray "$today" '.alertes | length')"
check "D5-a-risk-of-2" e auray set "$s6" risque_desequilibre=2
equal "D5-is-one" "$p risque" "$(due auray "$today" '.alertes[] | "\(.partenariat) \(.motif)"')"
within "D5-status-warns-of-it" 10 has_alert auray FOLLOWUP_RISK
check "D5-better-at-the-next" e auray set "$(followup auray "$p" 12)" risque_desequilibre=0 risque_objectifs=0
equal "D5-no-alert-any-more" 0 "$(due auray "$today" '.alertes | length')"
must e auray set "$(followup auray "$end" 3)" risque_objectifs=0 >/dev/null
must e auray set "$(followup auray "$end" 6)" risque_objectifs=1 >/dev/null
equal "D5-one-rise-is-no-alert" 0 "$(due auray "$today" '.alertes | length')"
must e auray set "$(followup auray "$end" 12)" risque_objectifs=1 risque_mesure_impact=1 >/dev/null
equal "D5-two-in-a-row-are" "$end hausse" "$(due auray "$today" '.alertes[] | "\(.partenariat) \(.motif)"')"
figure() { # INDICATOR: of this month, at home
	e auray report --month "$(date +%Y-%m)" --json | jq -r --arg i "$1" '.items[] | select(.indicateur == $i and .territoire_code == "auray") | .valeur'
}
equal "D5-the-months-figures-know-done-from-planned" "6 1" "$(figure suivis_faits) $(figure alertes)"
week=$(partnership auray "$a" "$b" actif "$(date -d "$today -3 months" +%F)")
within "D5-status-tells-what-is-due-this-week" 10 has_alert auray FOLLOWUP_DUE
check "D5-week" test -n "$week"

# D5, R2: not a word of it at the CRESS.
must settle auray vitre cress
equal "D5-the-cress-holds-no-followup" 0 "$(e cress list suivi --json | jq .total)"
equal "D5-nor-has-any-due" 0 "$(due cress "$today" '[.suivis[], .alertes[]] | length')"
holds_text() { # NODE TEXT: among all its files
	grep -rqaF "$2" "$work/$1"
}
check "D5-the-hub-has-the-comment" holds_text auray Motsecret
check "D5-the-cress-has-not" sh -c "! grep -rqaF Motsecret '$work/cress'"

# A4: versions of the ethical charter.
check "A4-the-cress-publishes-the-first" e cress add charte type_charte=ethique version=1 "texte=Respect." adoptee_le=2024-01-01
equal "A4-its-digest-is-computed" 64 "$(e cress list charte --json | jq -r '.items[0].data.empreinte | length')"
exits "A4-no-hub-does" 77 e auray add charte type_charte=ethique version=9 texte=Non adoptee_le=2024-01-01
must settle auray vitre cress
exits "A4-a-version-that-is-not" 65 e auray set "$a" charte_version=3
check "A4-it-says-so" said version_inconnue
equal "A4-nobody-renews" 0 "$(e auray charter renewals --json | jq '.items | length')"
check "A4-the-second-version" e cress add charte type_charte=ethique version=2 "texte=Respect et transparence." adoptee_le="$today"
must settle auray vitre cress
equal "A4-who-must-renew-here" "Garage Les Jardins" "$(e auray charter renewals --json | jq -r '[.items[].nom] | join(" ")')"
equal "A4-and-for-which-partnerships" 4 "$(e auray charter renewals --json | jq '.items[0].partenariats | length')"
equal "A4-the-cress-sees-all" "Garage Les Ateliers Les Jardins" "$(e cress charter renewals --json | jq -r '[.items[].nom] | join(" ")')"
draft=$(partnership auray "$a" "$b" exploration -)
# shellcheck disable=SC2086
exits "A4-formal-only-with-the-version-in-force" 65 e auray set "$draft" etat=formalise $both
check "A4-whose-is-missing" said charte_manquante
check "A4-one-renews" e auray set "$a" charte_version=2
equal "A4-today" "$today" "$(value auray "$a" charte_date)"
equal "A4-and-was-dated" "1 2" "$(e auray show "$a" --json | jq -r '[.data.chartes[] | split(":")[0]] | join(" ")')"
check "A4-the-other-by-an-acceptance" e auray add acceptation_charte structure_uid="$b"
equal "A4-of-the-version-in-force" 2 "$(value auray "$b" charte_version)"
equal "A4-with-that-texts-digest" "$(e cress list charte --json | jq -r '.items[].data | select(.version == "2") | .empreinte')" \
	"$(e auray list acceptation_charte --limit 100 --json | jq -r '.items[].data | select(.structure_uid != null) | .empreinte')"
equal "A4-nobody-is-left" 0 "$(e auray charter renewals --json | jq '.items | length')"
# shellcheck disable=SC2086
check "A4-then-it-is-formal" e auray set "$draft" etat=formalise $both

# A10, B7: codes.
must e cress add code_liste liste=forme code=troc libelle=Troc categorie=cooperation_economique >/dev/null
must e cress add code_liste liste=forme code=mecenat_nature libelle=Nature ferme_le=2026-01-01 >/dev/null
must settle cress auray vitre
exits "A10-an-unknown-form" 65 e auray add partenariat structure_a_uid="$a" structure_b_uid="$b" forme=inconnue
check "A10-the-sentence-names-the-known" said "achat_esat_ea, .*innovation_sociale, .*troc"
check "A10-but-none-that-is-closed" sh -c "! grep -q mecenat_nature '$work/exits.err'"
printf 'structure_a_uid,structure_b_uid,forme,etat\n%s,%s,troc,actif\n%s,%s,inconnue,actif\n' "$a" "$b" "$b" "$a" >"$work/forms.csv"
exits "A10-an-import-with-an-unknown-form" 65 e auray import partenariat "$work/forms.csv"
check "A10-names-them-in-its-report" grep -q "forme.*achat_esat_ea.*troc" "$work/exits.out"
equal "A10-in-json-too" true "$(e auray import partenariat "$work/forms.csv" --dry-run --json 2>/dev/null | jq '.codes.forme | index("troc") != null')"
equal "A10-the-line-of-a-known-one-is-good" "accepte rejete" \
	"$(e auray import partenariat "$work/forms.csv" --dry-run --json 2>/dev/null | jq -r '[.lines[].verdict] | join(" ")' | sed 's/avertissement/accepte/')"
equal "A10-the-list-marks-what-was-added-and-closed" "troc:true:cooperation_economique:null mecenat_nature:false:mecenat:2026-01-01" \
	"$(e auray codes forme --json | jq -r '[.lists[0].codes[] | select(.ajoute or .ferme_le != null) | "\(.code):\(.ajoute):\(.categorie):\(.ferme_le)"] | sort | reverse | join(" ")')"
equal "A10-each-form-has-a-category" 15 "$(e auray codes forme --json | jq '[.lists[0].codes[] | select(.categorie != null)] | length')"
exits "A10-no-such-list" 65 e auray codes licorne
for motif in confiance financements parties_prenantes ancrage_territorial image; do
	e auray codes motif --json | jq -e "[.lists[0].codes[].code] | index(\"$motif\")" >/dev/null || not_ok "B7-$motif" "not in the list"
done
check "B7-the-motives-are-printed" sh -c "'$bin/essaim' --socket '$work/auray/essaim.sock' codes motif | grep -q parties_prenantes"

# D7: the hours of the clauses.
market=$(partnership auray "$a" "$b" actif "$(on_work -100)" clause_sociale=oui)
c1=$(new auray clause partenariat_uid="$market" "marche=Voirie" heures_prevues=100 heures_realisees=40)
c2=$(new auray clause partenariat_uid="$market" "marche=Espaces verts" heures_prevues=50 heures_realisees=5)
equal "D7-hours-sum" "150 45" "$(e auray show "$market" --json | jq -r '.derived.heures_clauses | "\(.prevues) \(.realisees)"')"
exits "D7-no-beneficiary" 65 e auray add clause partenariat_uid="$market" marche=X beneficiaire=Léontine

# W5: closing.
closing="date_fin=$today bilan_a=bon bilan_b=bon"
# shellcheck disable=SC2086
exits "W5-no-end-without-a-motive" 65 e auray set "$market" etat=clos $closing
exits "W5-nor-without-both-assessments" 65 e auray set "$market" etat=clos motif_cloture=terme_prevu date_fin="$today" bilan_a=bon
# shellcheck disable=SC2086
exits "W5-nor-without-a-last-followup" 65 e auray set "$market" etat=clos motif_cloture=terme_prevu $closing
check "W5-it-says-so" said suivi_final_requis
must e auray add suivi partenariat_uid="$market" echeance_mois=4 date="$(on_work -120)" risque_objectifs=0 >/dev/null
# shellcheck disable=SC2086
exits "W5-an-old-one-is-not-the-last" 65 e auray set "$market" etat=clos motif_cloture=terme_prevu $closing
check "W5-the-last-followup" e auray add suivi partenariat_uid="$market" echeance_mois=4 date="$today" risque_objectifs=0
exits "W5-public-only-if-both-agree" 65 e auray set "$market" portee=public
check "W5-they-agree" e auray set "$market" publication_a=oui publication_b=oui portee=public
check "W5-one-does-not-any-more" e auray set "$market" publication_b=non
# shellcheck disable=SC2086
check "W5-closed" e auray set "$market" etat=clos motif_cloture=terme_prevu $closing
equal "W5-pending-followups-are-cancelled" "" "$(followups auray "$market" prevu)"
equal "W5-five-of-them" 5 "$(followups auray "$market" annule | wc -w | tr -d ' ')"
equal "W5-public-is-withdrawn" federation "$(e auray show "$market" --json | jq -r .scope)"
exits "W5-the-hours-of-its-clauses-are-frozen" 65 e auray set "$c1" heures_realisees=99
exits "W5-none-is-added" 65 e auray add clause partenariat_uid="$market" marche=Autre heures_prevues=1
exits "W5-nor-led-elsewhere" 65 e auray set "$c2" partenariat_uid="$p"
exits "W5-nor-removed" 65 e auray rm "$c2"
equal "W5-they-stay" "150 45" "$(e auray show "$market" --json | jq -r '.derived.heures_clauses | "\(.prevues) \(.realisees)"')"
exits "W5-no-practice-of-one-who-does-not-agree" 65 e auray add pratique "titre=Voirie" "resume=Ensemble" partenariat_uid="$market"
check "W5-why" said accord_requis
check "W5-both-agree-after-all" e auray set "$market" publication_b=oui
check "W5-then-it-is-told" e auray add pratique "titre=Voirie" "resume=Ensemble" partenariat_uid="$market"
exits "W5-what-is-open-is-not-resumed" 65 e auray add partenariat structure_a_uid="$a" structure_b_uid="$b" forme=troc reprise_de_uid="$p"
again=$(new auray partenariat structure_a_uid="$a" structure_b_uid="$b" forme=troc reprise_de_uid="$market")
equal "W5-what-is-closed-is-by-a-new-one" repere "$(value auray "$again" etat)"
check "W5-given-up-before-it-was-active" e auray set "$again" etat=abandonne

# F14: a structure is closed.
check "F14-the-garage-shuts" e auray set "$b" etat=fermee
equal "F14-its-partnerships-are-to-be-closed" "$(printf '%s\n' "$p" "$end" "$early" "$week" "$draft" | sort | tr '\n' ' ')" \
	"$(due auray "$today" '.a_clore[].partenariat' | sort | tr '\n' ' ')"
equal "F14-and-not-deleted" actif "$(value auray "$p" etat)"
must settle auray vitre cress
equal "F14-by-their-own-hub" 0 "$(due vitre "$today" '.a_clore | length')"
must e auray set "$b" etat=active >/dev/null

# F15: with a structure of another hub.
must e vitre set "$v" charte_version=2 >/dev/null
must settle auray vitre cress
border=$(partnership auray "$a" "$v" formalise -)
exits "F15-not-active-before-the-other-hub-signs" 65 e auray set "$border" etat=actif date_debut="$today"
exits "F15-nobody-signs-for-it" 77 e auray set "$border" contresigne_le="$today"
must settle auray vitre cress
equal "F15-the-other-hub-sees-it" formalise "$(value vitre "$border" etat)"
exits "F15-and-does-not-write-it" 77 e vitre set "$border" etat=actif
exits "F15-nor-proposes-a-step" 77 e vitre propose "$border" etat=actif date_debut="$today" contresigne_le="$today"
check "F15-it-countersigns" e vitre propose "$border" contresigne_le="$today"
must settle auray vitre cress
no=$(e auray proposals --json | jq -r "[.items[] | select(.uid == \"$border\" and .state == \"open\") | .no] | last")
check "F15-the-owner-takes-it" e auray accept "$no"
check "F15-then-it-is-active" e auray set "$border" etat=actif date_debut="$today"
must settle auray vitre cress
equal "F15-one-owner-everywhere" "pole-auray pole-auray" "$(e vitre show "$border" --json | jq -r .owner) $(e cress show "$border" --json | jq -r .owner)"
equal "F15-its-followups-are-the-owners" "5 0" "$(followups auray "$border" prevu | wc -w | tr -d ' ') $(followups vitre "$border" prevu | wc -w | tr -d ' ')"
finish
