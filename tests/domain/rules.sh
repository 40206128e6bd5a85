#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What binds the fields of a record: steps, sums, dates, who writes, code lists.
. "$(dirname "$0")/../e2e/lib.sh"

year=$(date +%Y)

must found_cress
must enter auray
must enter vitre
must settle auray vitre cress

# A8, C8-C10: what a type of event brings along.
lunch=$(new auray evenement type_evenement=lunch_ess titre=Lunch debut=$year-11-10T12:00:00+01:00 fin=$year-11-10T14:00:00+01:00)
equal "C9-a-lunch-has-20-seats-for-persons" "20 personne" "$(e auray show "$lunch" --json | jq -r '"\(.data.capacite) \(.data.unite_capacite)"')"
exits "C8-a-meeting-of-a-filiere-names-it" 65 e auray add evenement type_evenement=rencontre_filiere titre=R \
	debut=$year-11-10T12:00:00+01:00 fin=$year-11-10T14:00:00+01:00

# A record of nothing is none: what is missing is said.
curl -s --unix-socket "$work/auray/essaim.sock" http://x/api/v1/kinds >"$work/kinds.json"
: >"$work/empty"
for kind in $(jq -r '.kinds[].name' "$work/kinds.json"); do
	e auray add "$kind" >>"$work/empty" 2>"$work/empty.err"
	[ $? = 65 ] && grep -qE 'champ_requis|nom_vide' "$work/empty.err" || echo "$kind: $(head -n 1 "$work/empty.err")" >>"$work/empty"
done
equal "R3-a-record-of-nothing-is-refused-of-every-kind" "" "$(grep -v role_cress "$work/empty")"

# B2, D1: shares.
shares=$(new auray structure type_acteur=ess "nom=Les Parts" code_insee=56007)
exits "B2-a-share-above-the-whole" 65 e auray add mesure structure_uid="$shares" part_achats_locaux=10001 annee=2025
exits "B2-a-negative-share" 65 e auray add mesure structure_uid="$shares" part_achats_locaux=-1 annee=2025
exits "D1-a-sum-that-is-not-the-whole" 65 e auray add mesure structure_uid="$shares" annee=2025 ressources_publiques=5000 ventes=4000 dons_mecenat=500 autres=400
check "D1-the-whole" e auray add mesure structure_uid="$shares" annee=2025 ressources_publiques=5000 ventes=4000 dons_mecenat=500 autres=500

# A10: the CRESS's lists.
a=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007 charte_version=1)
b=$(new auray structure type_acteur=entreprise "nom=Garage" code_insee=56007)
exits "A10-an-unknown-form" 65 e auray add partenariat structure_a_uid="$a" structure_b_uid="$b" forme=troc
exits "A10-only-the-cress-adds-a-form" 77 e auray add code_liste liste=forme code=troc libelle=Troc
check "A10-the-cress-adds-a-form" e cress add code_liste liste=forme code=troc "libelle=Troc" categorie=cooperation_economique
must settle cress auray vitre
p=$(new auray partenariat structure_a_uid="$a" structure_b_uid="$b" forme=troc)
equal "A10-then-it-is-used-everywhere" "troc cooperation_economique" "$(e auray show "$p" --json | jq -r '"\(.data.forme) \(.data.categorie)"')"
check "A10-a-form-is-closed" e cress add code_liste liste=forme code=mecenat_nature libelle=Nature ferme_le=2026-01-01
must settle cress auray vitre
exits "A10-a-closed-form-is-not-used-again" 65 e auray add partenariat structure_a_uid="$a" structure_b_uid="$b" forme=mecenat_nature
# A code is never reused, renamed nor withdrawn, only closed: whichever door is tried.
troc=$(e cress list code_liste --json | jq -r '.items[] | select(.data.code == "troc") | .uid')
code() { # CODE FIELD=VALUE...: a form more
	code_name=$1
	shift
	e cress add code_liste liste=forme "code=$code_name" libelle=Autre "$@"
}
for value in code=echange liste=filiere categorie=mecenat portee=local champs_locaux=categorie; do
	exits "A10-a-code-keeps-its-${value%=*}" 65 e cress set "$troc" "$value"
	check "A10-it-says-to-close-it-not-its-${value%=*}" grep -q "code_garde.*ferme_le" "$work/exits.err"
done
exits "A10-a-code-is-not-removed" 65 e cress rm "$troc"
exits "R3-nor-handed-over" 77 e cress hand-over "$troc" vitre
check "R3-it-says-who-keeps-it" grep -q "the CRESS alone writes" "$work/exits.err"
exits "A10-nor-forgotten" 65 e cress forget "$troc" --yes
equal "A10-nor-renamed-over-http" 'code: code_garde (troc)' "$(curl -sS --unix-socket "$work/cress/essaim.sock" -X POST \
	-H 'Content-Type: application/json' -d '{"values":{"code":"echange"}}' "http://x/api/v1/records/$troc" | jq -r .error.text | cut -d: -f 1-2)"
check "A10-its-label-is-mended" e cress set "$troc" "libelle=Troc de services"
exits "A10-a-code-is-not-used-twice" 65 code troc categorie=mecenat
check "A10-it-says-that-it-is-there" grep -q "code_existe (troc)" "$work/exits.err"
exits "A10-nor-in-another-spelling" 65 code troc_ categorie=mecenat
exits "A10-a-code-has-one-way-to-be-written" 65 code TuTo categorie=mecenat
exits "A10-a-built-in-code-gets-no-other-sense" 65 code achat_esat_ea categorie=mecenat
exits "A10-nor-while-it-is-closed" 65 code achat_esat_ea categorie=mecenat ferme_le=2027-01-01
exits "A10-nor-does-one-that-is-closed" 65 code mecenat_nature categorie=mecenat
exits "A10-a-form-has-a-category" 65 code tutorat
exits "A10-of-those-there-are" 65 code tutorat categorie=autre
check "A10-it-names-the-categories" grep -q "known: .*cooperation_economique.*mecenat" "$work/exits.err"
exits "A10-a-list-that-there-is" 65 e cress add code_liste liste=nimporte code=x libelle=X
check "A10-it-names-the-lists" grep -q "known: filiere, forme, .*theme" "$work/exits.err"
codes() { # LINE...: imports them, "liste;code;libelle;categorie"
	printf 'liste;code;libelle;categorie\n' >"$work/codes.csv"
	printf '%s\n' "$@" >>"$work/codes.csv"
	e cress import code_liste "$work/codes.csv" --json
}
verdicts() {
	codes "$@" | jq -r '[.counts.nouveaux, .counts.inchanges, .counts.rejete, (.lines[].findings[] | select(.verdict == "rejete") | .code)] | join(" ")'
}
equal "A10-nor-by-an-import" "0 0 3 code_existe code_de_base champ_requis" \
	"$(verdicts "forme;troc;Autre sens;mecenat" "forme;achat_esat_ea;Autre sens;mecenat" "forme;sanscat;Sans;")"
equal "A10-nor-twice-in-a-file" "1 0 1 doublon_dans_le_fichier" "$(verdicts "filiere;velo_cargo;Vélo;" "filiere;velo__cargo;Cargo;")"
equal "A10-new-ones-come-in" "2 0 0" "$(verdicts "filiere;velo_cargo;Vélo-cargo;" "forme;tutorat;Tutorat;mecenat")"
equal "R18-and-once" "0 2 0" "$(verdicts "filiere;velo_cargo;Vélo-cargo;" "forme;tutorat;Tutorat;mecenat")"
draft=$(new cress code_liste liste=filiere code=brouillon libelle=Brouillon portee=local)
check "A10-a-draft-that-nobody-heard-of-is-renamed" e cress set "$draft" code=ebauche
check "A10-or-removed" e cress rm "$draft"
check "A10-a-code-is-closed" e cress set "$troc" ferme_le=2026-01-01
exits "A10-and-stays-taken" 65 code troc categorie=mecenat
check "A10-and-opened-again" e cress set "$troc" ferme_le=

# A4, A11, D3: formalise.
equal "A11-a-new-one-is-spotted" repere "$(value auray "$p" etat)"
exits "A11-no-step-is-skipped" 65 e auray set "$p" etat=actif
check "A11-exploration" e auray set "$p" etat=exploration
exits "A11-both-benefits" 65 e auray set "$p" etat=formalise benefice_a=expertise reformule_par_a=x reformule_par_b=y
exits "D3-both-restatements" 65 e auray set "$p" etat=formalise benefice_a=expertise benefice_b=image reformule_par_a=x
exits "A4-both-charters" 65 e auray set "$p" etat=formalise benefice_a=expertise benefice_b=image reformule_par_a=x reformule_par_b=y
check "A4-it-says-whose" grep -q charte_manquante "$work/exits.err"
check "A4-the-other-accepts" e auray set "$b" charte_version=1
check "A4-then-it-is-formal" e auray set "$p" etat=formalise benefice_a=expertise benefice_b=image reformule_par_a=x reformule_par_b=y
equal "A4-on-this-day" "$(date +%F)" "$(value auray "$p" formalise_le)"
equal "D4-steps-are-dated" "repere exploration formalise" "$(e auray show "$p" --json | jq -r '[.data.etats[] | split(":")[0]] | join(" ")')"

# D4: stages may go back; the fourth is the CRESS's.
check "D4-a-stage" e auray set "$p" stade=integratif
check "D4-back-again" e auray set "$p" stade=transactionnel
equal "D4-all-are-listed" "integratif transactionnel" "$(e auray show "$p" --json | jq -r '[.data.stades[] | split(":")[0]] | join(" ")')"
exits "D4-a-hub-alone-cannot" 77 e auray set "$p" stade=transformationnel preuve_stade=Étude
must settle auray cress
exits "D4-a-proof-is-asked" 65 e cress propose "$p" stade=transformationnel
check "D4-the-cress-proposes" e cress propose "$p" stade=transformationnel "preuve_stade=Étude"
proposed() {
	no=$(e auray proposals --json | jq -r "[.items[] | select(.uid == \"$p\" and .state == \"open\") | .no] | last // empty")
	[ -n "$no" ]
}
within "D4-it-arrives" 20 proposed
check "D4-the-hub-accepts" e auray accept "$no"
equal "D4-the-fourth-stage" transformationnel "$(value auray "$p" stade)"

# D6: a campaign asks for the question of legitimacy.
check "D6-a-campaign" e auray set "$p" campagne_commerciale=oui "campagne_texte=1 € reversé"
exits "D6-the-question-is-asked" 65 e auray add suivi partenariat_uid="$p" echeance_mois=3 date=2026-04-15 risque_objectifs=1
check "D6-answered" e auray add suivi partenariat_uid="$p" echeance_mois=3 date=2026-04-15 risque_objectifs=1 risque_legitimite=0

# W5 in short: closing.
check "W5-active" e auray set "$p" etat=actif date_debut=2026-01-15
exits "W5-no-end-without-a-reason" 65 e auray set "$p" etat=clos date_fin=2026-10-01 bilan_a=bon bilan_b=bon
must e auray add suivi partenariat_uid="$p" echeance_mois=9 date=2026-10-01 risque_objectifs=0 risque_legitimite=0 >/dev/null
check "W5-closed" e auray set "$p" etat=clos date_fin=2026-10-01 motif_cloture=objectif_atteint bilan_a=bon bilan_b=bon
exits "W5-it-does-not-open-again" 65 e auray set "$p" etat=actif
exits "W5-nor-change" 65 e auray set "$p" montant_cents=100
check "W5-but-takes-notes" e auray set "$p" publication_a=oui

# B5, B6.
top=$(new auray reseau "nom=Réseau des réseaux")
sub=$(new auray reseau "nom=Réseau local" parent_uid="$top")
exits "B5-no-cycle" 65 e auray set "$top" parent_uid="$sub"
g=$(new auray groupement type_groupement=ptce "nom=PTCE du bois")
exits "B6-a-ptce-of-nobody" 65 e auray set "$g" labellise_le=2026-01-01
must e auray add adhesion structure_uid="$a" groupement_uid="$g" role=membre >/dev/null
exits "B6-one-enterprise-of-the-ess-is-not-enough" 65 e auray set "$g" labellise_le=2026-01-01
must e auray add adhesion structure_uid="$b" groupement_uid="$g" role=membre >/dev/null
check "B6-with-another-actor" e auray set "$g" labellise_le=2026-01-01
exits "B5-a-membership-is-of-something" 65 e auray add adhesion structure_uid="$a" role=membre

# E1, E8, roles.
exits "E1-a-strategy-is-the-regions" 77 e auray add strategie code=sress nom=SRESS
s=$(new cress strategie code=sress nom=SRESS "signatures=region:2026-01-01|etat:2026-01-02")
equal "E1-two-signatures" projet "$(value cress "$s" etat)"
check "E1-the-third" e cress set "$s" "signatures=region:2026-01-01|etat:2026-01-02|cress:2026-01-03"
equal "E1-three" en_vigueur "$(value cress "$s" etat)"
exits "A6-the-cress-writes-in-no-hubs-pays" 77 e cress add structure type_acteur=ess "nom=Ailleurs" code_insee=56007
check "A6-it-does-outside" e cress add structure type_acteur=ess "nom=Ouessant" code_insee=29155
d=$(new cress demande "sujet=Comptabilité" code_insee=35360 recue_le=2026-11-01)
equal "E8-routed-to-the-hub-of-the-commune" pole-vitre "$(value cress "$d" pole_destinataire)"
d=$(new cress demande "sujet=Comptabilité" code_insee=29151 recue_le=2026-11-01)
equal "E8-else-to-the-cress" cress-bretagne "$(value cress "$d" pole_destinataire)"

# R13: what changes in time is dated, and never overwritten.
siae=$(new auray structure type_acteur=ess "nom=Chantiers du Loch" code_insee=56007 siae_type=aci)
check "R13-a-new-status" e auray set "$siae" siae_type=ei
day=$(date +%F)
equal "R13-both-are-dated" "aci:$day:$day ei:$day:" "$(e auray show "$siae" --json | jq -r '.data.siae | join(" ")')"
check "R13-withdrawn" e auray set "$siae" siae_type=
equal "R13-the-last-one-ends" "aci:$day:$day ei:$day:$day" "$(e auray show "$siae" --json | jq -r '.data.siae | join(" ")')"

exits "R13-a-line-that-is-none" 65 e auray set "$siae" siae=jamais
exits "R13-a-day-that-is-none" 65 e auray set "$siae" "siae=aci:2023-02-30:"
exits "R13-an-end-before-its-beginning" 65 e auray set "$siae" "siae=aci:2024-01-01:2023-01-01"
for names in X:2021-02-31: X:2021-03-31:2010-02-15 X:hier: ::: '{"nom":"X","du":"2020-01-01"}'; do
	exits "A12-a-former-name-is-dated-not-$names" 65 e auray set "$siae" "denominations=$names"
done
check "A12-it-says-how" grep -q "date_invalide.*value:from:to" "$work/exits.err"
check "A12-a-former-name" e auray set "$siae" "denominations=Chantiers d'Auray:2010-02-15:2021-03-31|Loch insertion::"
agrees=$(new auray contact structure_uid="$siae" prenom=Anne nom=Riou base_legale=consentement consentement_date=2026-01-15)
for given in zzz newsletter: newsletter:2026-02-01:2026-01-15 newsletter:15/01/2026; do
	exits "E19-a-consent-is-dated-not-$given" 65 e auray set "$agrees" "consentements=$given"
done
check "E19-a-consent" e auray set "$agrees" "consentements=newsletter:2026-01-15|visite:2026-01-15:2026-02-01"

# A person's address is not put on a public record; what stays home already, stays.
mail=$(new auray structure type_acteur=ess "nom=Les Ajoncs" code_insee=56007 telephone=0297123456 champs_locaux=telephone)
check "W1-a-personal-address" e auray set "$mail" courriel=marie.durand@ajoncs.example
equal "W1-stays-at-its-hub" "courriel telephone" "$(e auray show "$mail" --json | jq -r '.data.champs_locaux | sort | join(" ")')"
must settle auray cress
equal "W1-and-nowhere-else" "null null" "$(e cress show "$mail" --json | jq -r '"\(.data.courriel) \(.data.telephone)"')"
equal "W1-set-free-it-is-said-again" courriel_nominatif_donnee_personnelle "$(e auray set "$mail" champs_locaux= --json | jq -r '.findings[].code')"
equal "W1-and-stays-at-its-hub-alone" courriel "$(e auray show "$mail" --json | jq -r '.data.champs_locaux | join(" ")')"
printf 'uid;champs_locaux\n%s;adresse\n' "$mail" >"$work/libre.csv"
must e auray import structure "$work/libre.csv" >/dev/null
must settle auray cress
equal "W1-nor-does-an-import-set-it-free" "null +33297123456" "$(e cress show "$mail" --json | jq -r '"\(.data.courriel) \(.data.telephone)"')"

# Who may hold a record is at most who may hold its kind; side A leads; one form, one category.
exits "R2-no-diagnostic-is-public" 65 e auray add diagnostic structure_uid="$mail" grille=v1 date=2026-01-05 portee=public
exits "A10-one-category" 65 e auray set "$p" categorie=innovation_societale
far=$(new vitre structure type_acteur=ess "nom=Loin" code_insee=35360)
must settle vitre auray cress
exits "R3-the-hub-of-side-a-leads" 77 e auray add partenariat structure_a_uid="$far" structure_b_uid="$mail" forme=mecenat_financier

# A5: another hub has called that network.
must settle auray vitre cress
must e auray add interaction reseau_uid="$top" le="$(date +%F)" canal=telephone objet=Secret >/dev/null
must settle auray vitre cress
equal "A5-the-second-hub-is-warned" "deja_contacte pole-auray" \
	"$(e vitre add interaction reseau_uid="$top" le="$(date +%F)" canal=telephone --json | jq -r '.findings[] | "\(.code) \(.value)"')"
check "A5-in-words-too-with-the-hub" sh -c "'$bin/essaim' --data '$work/vitre' add interaction reseau_uid='$top' le=$(date +%F) canal=telephone 2>&1 | grep -q 'deja_contacte pole-auray'"

# C12: one slot, one appointment.
ev=$(new auray evenement type_evenement=convention_affaires titre=Coventis debut=$year-11-10T09:00:00+01:00 fin=$year-11-10T18:00:00+01:00)
must e auray add rendez_vous evenement_uid="$ev" a_uid="$a" b_uid="$b" creneau=$year-11-10T10:00:00+01:00 >/dev/null
exits "C12-nobody-sits-twice" 65 e auray add rendez_vous evenement_uid="$ev" a_uid="$b" b_uid="$a" creneau=$year-11-10T10:00:00+01:00
check "C12-the-next-slot" e auray add rendez_vous evenement_uid="$ev" a_uid="$b" b_uid="$a" creneau=$year-11-10T10:20:00+01:00
finish
