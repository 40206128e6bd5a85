#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Events and what happens at them: seats, attendance, visits, opportunities,
# appointments, invitations, pooled purchases.
. "$(dirname "$0")/../e2e/lib.sh"

year=$(($(date +%Y) + 1)) # events to come
at() { # MONTH-DAY HOUR
	echo "$year-$1T$2:00:00+01:00"
}
new_evenement() { # NODE TYPE TITLE MONTH-DAY FIELD=VALUE...
	new_evenement_node=$1 new_evenement_type=$2 new_evenement_title=$3 new_evenement_day=$4
	shift 4
	new "$new_evenement_node" evenement "type_evenement=$new_evenement_type" "titre=$new_evenement_title" \
		"debut=$(at "$new_evenement_day" 09)" "fin=$(at "$new_evenement_day" 17)" "$@"
}
findings() { # NODE add...: the codes of what it said
	findings_node=$1
	shift
	e "$findings_node" "$@" --json | jq -r '[.findings[].code] | join(" ")'
}
seats() { # NODE FILTER
	e "$1" seats "$lunch" --json | jq -r "$2"
}
seats_are() { # NODE GRANTED WAITING
	[ "$(seats "$1" '"\(.granted) \(.waiting)"')" = "$2 $3" ]
}
of() { # JSON FILTER
	echo "$1" | jq -r "$2"
}

must found_cress
must enter auray
must enter vitre
must settle auray vitre cress
jardins=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007 filieres=espaces_verts courriel=jardins@exemple.org "adresse=1, rue Haute; bas")
atelier=$(new auray structure type_acteur=ess "nom=L'Atelier" code_insee=56023 "filieres=proprete|espaces_verts")
ferme=$(new auray structure type_acteur=ess "nom=Ancienne ferme" code_insee=56007 filieres=espaces_verts etat=fermee)
garage=$(new auray structure type_acteur=entreprise "nom=Garage" code_insee=56007 filieres=mobilite_logistique)
haies=$(new vitre structure type_acteur=ess "nom=Haies vives" code_insee=35360 filieres=espaces_verts)
must settle auray vitre cress

# C8: who is invited.
exits C8-a-meeting-of-a-filiere-names-it 65 e auray add evenement type_evenement=rencontre_filiere titre=R \
	"debut=$(at 10-06 09)" "fin=$(at 10-06 17)"
meeting=$(new_evenement auray rencontre_filiere "Espaces verts" 10-06 filiere=espaces_verts code_insee=56007)
e auray invite-list "$meeting" --json >"$work/invited"
equal C8-active-structures-of-that-filiere-in-the-pays "L'Atelier, Les Jardins" "$(jq -r '[.items[].nom] | join(", ")' "$work/invited")"
equal C8-the-pays-of-the-commune auray "$(jq -r .pays "$work/invited")"
must settle auray vitre cress
equal C8-the-same-at-another-hub "$(cat "$work/invited")" "$(e vitre invite-list "$meeting" --json)"
e auray invite-list "$meeting" >"$work/invited.csv"
check C8-a-table-for-mail-merge grep -q ";\"Les Jardins\";\"jardins@exemple.org\";\"\";\"1, rue Haute; bas\";" "$work/invited.csv"
without=$(new_evenement auray atelier Sans 10-07 code_insee=56007)
exits C8-without-a-filiere-nobody-is-invited 65 e auray invite-list "$without"

seats_of_small() { # GRANTED WAITING
	[ "$(e auray seats "$small" --json | jq -r '"\(.granted) \(.waiting)"')" = "$1 $2" ]
}

# C9: lunches.
said=$(findings auray add evenement type_evenement=lunch_ess titre=Lunch "debut=$(at 11-10 12)" "fin=$(at 11-10 14)" code_insee=56007)
equal C9-november-and-the-first-of-the-departement "" "$said"
lunch=$(e auray list evenement --json | jq -r '.items[] | select(.data.titre == "Lunch") | .uid')
equal C9-20-persons "20 personne" "$(e auray show "$lunch" --json | jq -r '"\(.data.capacite) \(.data.unite_capacite)"')"
must settle auray vitre cress
equal C9-a-second-one-and-not-in-november "hors_novembre deja_un_dans_le_departement" \
	"$(findings vitre add evenement type_evenement=lunch_ess titre=Second "debut=$(at 10-20 12)" "fin=$(at 10-20 14)" departement=56)"
equal C9-another-departement "" \
	"$(findings vitre add evenement type_evenement=lunch_ess titre=Vitré "debut=$(at 11-12 12)" "fin=$(at 11-12 14)" code_insee=35360)"

# R12, C9: both are offline to each other and take registrations; the organiser grants.
must stop cress
inscription() { # NODE EVENT STRUCTURE PERSONS
	e "$1" add inscription "evenement_uid=$2" "structure_uid=$3" "nb_personnes=$4"
}
inscribe() { # NODE STRUCTURE PERSONS
	new "$1" inscription "evenement_uid=$lunch" "structure_uid=$2" "nb_personnes=$3"
}
i1=$(inscribe auray "$jardins" 8)
i2=$(inscribe auray "$atelier" 6)
i3=$(inscribe vitre "$haies" 5)
i4=$(inscribe vitre "$haies" 3)
i5=$(inscribe vitre "$haies" 1)
equal R12-offline-nothing-is-granted-by-others "0 9" "$(seats vitre '"\(.granted) \(.waiting)"')"
equal C9-a-request-is-no-seat-yet demande "$(value vitre "$i3" statut)"
must start cress
must settle auray vitre cress
# 8 + 6 + 5 are in; 3 do not fit, and the one who came later waits behind them.
for node in auray vitre cress; do
	within "R12-$node-never-more-than-20" 70 seats_are $node 19 4
done
within C9-the-21st-person-waits 70 shows vitre "$i4" statut liste_attente
within C9-who-comes-later-waits-behind 70 shows vitre "$i5" statut liste_attente
within C9-who-fits-has-a-seat 70 shows vitre "$i3" statut inscrit
within C9-at-the-organisers-too 70 shows auray "$i2" statut inscrit
equal C9-the-table-says-so "liste_attente 3
liste_attente 1" "$(seats vitre '.items[] | select(.statut == "liste_attente") | "\(.statut) \(.nb_personnes)"')"
must inscribe auray "$garage" 4 >/dev/null
i6=$(e auray list inscription --json | jq -r '.items[] | select(.data.nb_personnes == 4) | .uid')
within C9-who-comes-later-queues-behind 70 shows auray "$i6" statut liste_attente
exits C9-saying-inscrit-takes-no-seat 65 e auray set "$i6" statut=inscrit
check R12-it-says-who-grants grep -q "places_non_accordees: The organiser" "$work/exits.err"
exits R12-nor-does-saying-so-at-another-hub 65 e vitre set "$i4" statut=inscrit
exits R12-nor-does-saying-that-it-came-before-the-day 65 e auray set "$i6" statut=present
exits R12-granted-for-8-is-not-for-9 65 e auray set "$i1" nb_personnes=9
check R12-it-says-how-to-ask-for-more grep -q "places_demandees (8).*add a registration" "$work/exits.err"
exits R12-nor-at-another-hub 65 e vitre set "$i3" nb_personnes=6
exits R12-nor-for-another-structure 65 e vitre set "$i3" "structure_uid=$jardins"
exits R12-nor-under-another-number 65 e vitre set "$i4" demande=
exits R12-or-one-made-up 65 e vitre add inscription "evenement_uid=$lunch" "structure_uid=$haies" nb_personnes=1 demande=123456 statut=inscrit
check R12-fewer-may-come e vitre set "$i3" nb_personnes=4
check R12-and-again-as-many e vitre set "$i3" nb_personnes=5
check C9-a-cancellation e auray set "$i2" statut=annule
must settle auray vitre cress
within C9-promotes-the-first-who-fits 70 shows vitre "$i4" statut inscrit
within C9-then-no-more-than-fit 70 shows auray "$i6" statut liste_attente
exits R12-what-waits-for-seats-does-not-just-go 65 e auray rm "$i6"
check R12-it-says-to-cancel-first grep -q "places_tenues: .*statut=annule" "$work/exits.err"
exits R12-nor-what-holds-some 65 e auray rm "$i1"
check R12-cancelled-it-goes e auray rm "$i2"
for node in auray vitre cress; do
	within "R12-$node-still-at-most-20" 70 seats_are $node 17 4
done
exits R12-granted-places-stay 65 e auray set "$lunch" capacite=16
check R12-it-says-how-many grep -q "places_accordees (17).*essaim seats" "$work/exits.err"
check R12-as-many-as-are-granted-do e auray set "$lunch" capacite=17
must e auray set "$lunch" capacite=20
must settle auray vitre cress
# The order holds while the capacity changes: nobody's seat was cancelled.
small=$(e auray add evenement type_evenement=atelier "titre=Petit" debut=2027-05-10T10:00:00+02:00 fin=2027-05-10T12:00:00+02:00 capacite=5 unite_capacite=personne --json | jq -r .uid)
must settle auray vitre cress
for n in 3 3 1; do
	must e auray register "$small" "structure=$haies" nb_personnes=$n >/dev/null
	must settle auray cress
done
within C9-one-has-a-seat 40 seats_of_small 3 4
must e auray set "$small" capacite=3
must settle auray cress
must e auray set "$small" capacite=5
must settle auray cress
sleep 2
check C9-who-came-after-still-waits seats_of_small 3 4
must e auray set "$small" capacite=6
within C9-the-first-is-served-first 40 seats_of_small 6 1
exits C9-more-than-there-are-is-refused 65 e vitre register "$lunch" "structure=$haies" nb_personnes=21
check C9-it-says-how-many-there-are grep -q "21, and the event has 20" "$work/exits.err"
exits C9-nor-as-an-inscription 65 inscription vitre "$lunch" "$haies" 21
# R12: what was imported as granted holds its seats, and nobody is let in over them.
import_inscriptions() { # UID:PERSONS:STATUT...
	echo "uid;evenement_uid;structure_uid;nb_personnes;statut" >"$work/inscriptions.csv"
	for line; do
		echo "$line" | sed "s/^\([^:]*\):\([^:]*\):\(.*\)/\1;$full;$jardins;\2;\3/" >>"$work/inscriptions.csv"
	done
	must e auray import inscription "$work/inscriptions.csv" >/dev/null
}
full_is() { # NODE GRANTED WAITING
	[ "$(e "$1" seats "$full" --json | jq -r '"\(.granted) \(.waiting)"')" = "$2 $3" ]
}
full=$(new_evenement auray atelier Complet 06-10 capacite=10 unite_capacite=personne)
first=01ARZ3NDEKTSV4RRFFQ69G5FA1 second=01ARZ3NDEKTSV4RRFFQ69G5FA2 third=01ARZ3NDEKTSV4RRFFQ69G5FA3
must settle auray vitre cress
import_inscriptions $first:6:inscrit $second:2:inscrit $third:2:liste_attente
within R12-imported-registrations-hold-their-seats 20 full_is auray 8 0
equal R12-as-the-page-shows-it "8 0" "$(curl -sS --unix-socket "$work/auray/essaim.sock" http://x/api/v1/meetings | jq -r ".items[] | select(.uid == \"$full\") | \"\(.granted) \(.waiting)\"")"
equal R12-and-the-table 2 "$(e auray seats "$full" --json | jq '[.items[] | select(.no == null and .statut == "inscrit")] | length')"
must e vitre register "$full" "structure=$haies" nb_personnes=3 >/dev/null
must settle auray vitre cress
within R12-nobody-is-let-in-over-them 20 full_is auray 8 3
exits R12-nor-are-there-fewer-places 65 e auray set "$full" capacite=7
equal R12-attendance-counts-both "pole-auray 8 2, pole-vitre 0 3" \
	"$(e auray attendance "$full" --json | jq -r '[.presences[] | "\(.pole) \(.inscrits) \(.attente)"] | join(", ")')"
check R12-to-confirm-one-that-waited-asks e auray set "$third" statut=inscrit
within R12-and-it-waits-behind 70 shows auray "$third" statut liste_attente
must full_is auray 8 5
exits R12-what-was-imported-holds-no-more-than-there-is 65 e auray set $first nb_personnes=9
check R12-it-counts-them grep -q "places_depassees (11/10)" "$work/exits.err"
exits R12-nor-does-one-who-is-said-to-have-come-already 65 e auray add inscription "evenement_uid=$full" "structure_uid=$jardins" nb_personnes=3 statut=present
must full_is auray 8 5
# What was granted elsewhere, before, may come in: whoever brings it is told what it makes of the event.
printf 'evenement_uid;structure_uid;nb_personnes;statut\n%s;%s;2;inscrit\n%s;%s;3;inscrit\n' "$full" "$garage" "$full" "$atelier" >"$work/granted.csv"
told() { # NODE: of each line, of how many seats it was said that they are too many
	e "$1" import inscription "$work/granted.csv" --json | jq -r '[.lines[].findings[] | select(.code | test("^places")) | "\(.code) \(.value)"] | join(", ")'
}
equal R12-an-import-may-say-more-than-there-is "places_depassees 13/10" "$(told auray)"
equal R12-and-says-nothing-of-what-is-here "" "$(told auray)"
must e auray export csv --kind inscription >"$work/granted.csv"
equal R12-nor-of-the-own-export "" "$(told auray)"
printf 'evenement_uid;structure_uid;nb_personnes;statut\n%s;%s;2;inscrit\n%s;%s;3;inscrit\n' "$full" "$garage" "$full" "$atelier" >"$work/granted.csv"
must full_is auray 13 5
equal R12-at-another-hub-it-was-never-asked-for "places_non_demandees , places_non_demandees " "$(told vitre)"
# A note of what is past asks for nothing.
lunch_gone=$(new auray evenement type_evenement=atelier "titre=D'hier" debut=2025-05-01T10:00:00+02:00 fin=2025-05-01T12:00:00+02:00)
off=$(new_evenement auray atelier Annulé 06-12 statut=annule)
must settle auray vitre cress
past=$(new auray evenement type_evenement=atelier titre=Passé debut=2025-03-01T10:00:00+01:00 fin=2025-03-01T12:00:00+01:00)
noted=$(new auray inscription "evenement_uid=$past" "structure_uid=$jardins" nb_personnes=2 statut=inscrit)
equal C9-what-is-past-asks-for-no-seat "inscrit null" "$(e auray show "$noted" --json | jq -r '"\(.data.statut) \(.data.demande)"')"

# A8: another hub's event that is over is asked for nothing, and who came to it is its hub's to note.
exits A8-what-is-past-elsewhere-is-not-asked-for 65 inscription vitre "$lunch_gone" "$haies" 2
check A8-it-says-that-it-is-over grep -q "evenement_passe: This event is over" "$work/exits.err"
exits A8-nor-with-a-word-of-being-registered 65 e vitre add inscription "evenement_uid=$lunch_gone" "structure_uid=$haies" nb_personnes=2 statut=inscrit
exits A8-nor-by-a-request 77 e vitre register "$lunch_gone" "structure=$haies" nb_personnes=2
exits A8-attendance-is-the-organisers-to-note 77 e vitre add inscription "evenement_uid=$lunch_gone" "structure_uid=$haies" nb_personnes=2 statut=present
check A8-it-says-whom-to-tell grep -q "role_organisateur.*tell it" "$work/exits.err"
exits A8-nor-on-one-that-stands 77 e vitre set "$i3" statut=present presents=5
exits A8-a-cancelled-event-gives-no-seats 65 inscription auray "$off" "$haies" 2
must inscription auray "$lunch_gone" "$haies" 2 >/dev/null
noted=$(e auray list inscription --json | jq -r ".items[] | select(.data.evenement_uid == \"$lunch_gone\") | .uid")
check A8-the-organiser-notes-those-of-another-hub e auray set "$noted" statut=present presents=1
equal A8-and-counts-them-by-hub "pole-vitre 2 1 1" "$(e auray attendance "$lunch_gone" --json | jq -r '[.presences[] | "\(.pole) \(.inscrits) \(.presents) \(.absents)"] | join(", ")')"

# A8: three sessions of one series.
opus() { # RANK DAY
	new auray evenement type_evenement=formation_rse "titre=Opus $1" serie=opus "rang=$1" "debut=2025-$2T09:00:00+01:00" "fin=2025-$2T12:00:00+01:00"
}
came() { # EVENT STRUCTURE PERSONS FIELD=VALUE...
	came_event=$1 came_structure=$2 came_persons=$3
	shift 3
	must e auray add inscription "evenement_uid=$came_event" "structure_uid=$came_structure" "nb_personnes=$came_persons" "$@" >/dev/null
}
o3=$(opus 3 12-10) o1=$(opus 1 11-05) o2=$(opus 2 11-20)
came "$o1" "$jardins" 2 statut=present
came "$o2" "$jardins" 2 statut=present presents=1
came "$o3" "$jardins" 2 statut=absent
came "$o1" "$atelier" 1 statut=present
came "$o3" "$atelier" 1 statut=present
came "$o1" "$haies" 3 statut=present
came "$o2" "$haies" 3 statut=absent
came "$o3" "$haies" 3 statut=present
rolls=$(e auray attendance opus --json)
equal A8-in-their-order "Opus 1, Opus 2, Opus 3" "$(of "$rolls" '[.events[].titre] | join(", ")')"
equal A8-attendance-per-hub "1 pole-auray 3 3 0, 1 pole-vitre 3 3 0, 2 pole-auray 2 1 1, 2 pole-vitre 3 0 3, 3 pole-auray 3 1 2, 3 pole-vitre 3 3 0" \
	"$(of "$rolls" '[.presences[] | "\(.rang) \(.pole) \(.inscrits) \(.presents) \(.absents)"] | join(", ")')"
equal A8-who-missed-which "Haies vives 2, L'Atelier 2, Les Jardins 3" \
	"$(of "$rolls" '[.structures[] | "\(.nom) \(.manques | join("+"))"] | join(", ")')"
equal A8-one-of-them "Opus 2" "$(e auray attendance "$o2" --json | jq -r '[.events[].titre] | join(", ")')"
equal A8-others-see-counts-of-seats "pole-auray 8 4 null, pole-vitre 9 0 null" \
	"$(e vitre attendance "$lunch" --json | jq -r '[.presences[] | "\(.pole) \(.inscrits) \(.attente) \(.presents)"] | join(", ")')"
equal A8-and-no-structure-of-others "Haies vives" "$(e vitre attendance "$lunch" --json | jq -r '[.structures[].nom] | join(", ")')"
exits A8-no-such-series 65 e auray attendance nulle

# C10: a formation-action for six structures.
action=$(new_evenement auray formation_action "Mesurer" 03-10 code_insee=56007)
phases() {
	e auray list phase --json | jq -r "[.items[] | select(.data.evenement_uid == \"$action\") | .data.type_phase] | sort | join(\" \")"
}
equal C10-a-day-together-and-one-to-look-back "collectif restitution" "$(phases)"
five=""
for name in Un Deux Trois Quatre Cinq; do
	five="$five $(new vitre structure type_acteur=ess "nom=Structure $name" code_insee=35360)"
done
must settle auray vitre cress
ask() { # NODE STRUCTURE
	must e "$1" register "$action" "structure=$2" nb_personnes=1 >/dev/null
}
ask auray "$jardins"
ask auray "$jardins" # two people of one structure
for structure in $five; do
	ask vitre "$structure"
done
must settle vitre auray cress
action_seats() {
	[ "$(e "$1" seats "$action" --json | jq -r '"\(.unit) \(.granted) \(.waiting)"')" = "structure 6 0" ]
}
within C10-two-people-of-one-structure-use-one-seat 20 action_seats auray
ask auray "$garage"
must settle auray vitre cress
equal C10-a-seventh-structure-waits "6 1" "$(e auray seats "$action" --json | jq -r '"\(.granted) \(.waiting)"')"
equal C10-a-visit-for-each-of-the-six "collectif individuel individuel individuel individuel individuel individuel restitution" "$(phases)"
exits C10-not-done-without-visits 65 e auray set "$action" statut=realise
check C10-it-says-why grep -q visite_sans_date "$work/exits.err"
visits=$(e auray list phase --json | jq -r ".items[] | select(.data.evenement_uid == \"$action\" and .data.type_phase == \"individuel\") | .uid")
for visit in $visits; do
	last=$visit
done
for visit in $visits; do
	[ "$visit" = "$last" ] || must e auray set "$visit" "debut=$(at 03-12 09)" >/dev/null
done
exits C10-not-done-while-one-visit-has-no-date 65 e auray set "$action" statut=realise
equal C10-the-sheet-shows-it 1 "$(e auray session "$action" --json | jq '[.visites[] | select(.debut == null)] | length')"
must e auray rm "$last" >/dev/null
exits C10-nor-while-it-is-missing 65 e auray set "$action" statut=realise
gone=$(e auray session "$action" --json | jq -r '.visites[] | select(.debut == null) | .structure')
exits R12-a-visit-is-the-organisers-to-plan 77 e vitre add phase "evenement_uid=$action" type_phase=individuel "structure_uid=$gone"
must e auray add phase "evenement_uid=$action" type_phase=individuel "structure_uid=$gone" "debut=$(at 03-13 09)" >/dev/null
check C10-then-it-is-done e auray set "$action" statut=realise

# C11: opportunities of a session, concluded within six months.
buzz=$(new auray evenement type_evenement=buzz_in_ess titre=Buzz debut=2025-08-31T09:00:00+02:00 fin=2025-08-31T12:00:00+02:00)
born() { # NATURE FIELD=VALUE...
	born_nature=$1
	shift
	must e auray add opportunite "evenement_uid=$buzz" "donneur_uid=$jardins" "receveur_uid=$garage" "nature=$born_nature" le=2025-08-31 "$@" >/dev/null
}
born affaire etat=conclue conclue_le=2026-02-28
born affaire etat=conclue conclue_le=2026-03-01
born solution etat=ouverte
born contact etat=sans_suite
sheet=$(e auray session "$buzz" --json)
equal C11-opportunities-concluded-at-six-months "4 2 1 1" \
	"$(of "$sheet" '.opportunites | "\(.total) \(.conclues) \(.conclues_6_mois) \(.sans_suite)"')"
equal C11-by-nature "affaire 2 1, contact 1 0, solution 1 0" \
	"$(of "$sheet" '[.natures[] | "\(.nature) \(.total) \(.conclues_6_mois)"] | join(", ")')"

# C12: appointments of a fair.
fair=$(new_evenement auray convention_affaires Coventis 10-15 code_insee=56007)
meet() { # A B HOUR TABLE
	e auray add rendez_vous "evenement_uid=$fair" "a_uid=$1" "b_uid=$2" "creneau=$3" "table=$4"
}
check C12-an-appointment meet "$jardins" "$garage" "$year-10-15T10:00:00+02:00" 1
exits C12-nobody-sits-twice 65 meet "$garage" "$haies" "$year-10-15T10:00:00+02:00" 2
exits C12-however-the-hour-is-written 65 meet "$garage" "$haies" "$year-10-15T08:00:00Z" 2
check C12-others-do meet "$atelier" "$haies" "$year-10-15T10:00:00+02:00" 2
check C12-an-earlier-slot meet "$garage" "$haies" "$year-10-15T09:40:00+02:00" 2
must settle auray vitre cress
exits R12-a-slot-is-the-organisers-to-give 77 e vitre add rendez_vous "evenement_uid=$fair" "a_uid=$jardins" "b_uid=$haies" "creneau=$year-10-15T11:00:00+02:00"
equal C12-a-schedule-for-each-structure "Garage: Haies vives, Les Jardins; Haies vives: Garage, L'Atelier; L'Atelier: Haies vives; Les Jardins: Garage" \
	"$(e auray schedule "$fair" --json | jq -r '[.items[] | "\(.nom): \([.rendez_vous[].nom] | join(", "))"] | join("; ")')"
equal C12-printed-for-one "Garage" "$(e auray schedule "$fair" --structure "$garage" | sed -n 3p)"

# C13: a pooled purchase.
yesterday=$(date -d yesterday +%F) later=$(date -d "+20 days" +%F)
exits C13-tiers-rise 65 e auray add achat_mutualise titre=P famille=energie "echeance=$later" "paliers=20:900|10:1000"
exits C13-and-their-prices-fall 65 e auray add achat_mutualise titre=P famille=energie "echeance=$later" "paliers=10:900|20:1000"
exits C13-tiers-have-a-form 65 e auray add achat_mutualise titre=P famille=energie "echeance=$later" "paliers=beaucoup"
granules=$(new auray achat_mutualise titre=Granulés famille=energie "echeance=$later" unite=tonne "paliers=10:40000|30:35000|100:30000")
papier=$(new auray achat_mutualise titre=Papier famille=impression_communication "echeance=$later" "paliers=50:500")
must settle auray vitre cress
commit() { # NODE PURCHASE STRUCTURE QUANTITY FIELD=VALUE...
	commit_node=$1 commit_purchase=$2 commit_structure=$3 commit_quantity=$4
	shift 4
	e "$commit_node" add engagement_achat "achat_uid=$commit_purchase" "structure_uid=$commit_structure" "quantite=$commit_quantity" "$@"
}
must commit auray "$granules" "$jardins" 9 "le=$yesterday" >/dev/null
equal C13-below-the-first-tier "ouvert 9 null 1" "$(e auray tiers "$granules" --json | jq -r '"\(.statut) \(.total) \(.palier) \(.suivant.manque)"')"
must commit vitre "$granules" "$haies" 25 "le=$yesterday" >/dev/null
must commit vitre "$papier" "$haies" 10 "le=$yesterday" >/dev/null
must settle vitre auray cress
for node in auray vitre cress; do
	equal "C13-$node-the-total-of-all-hubs-picks-the-tier" "34 35000 100 66" \
		"$(e $node tiers "$granules" --json | jq -r '"\(.total) \(.palier.prix_cents) \(.suivant.quantite) \(.suivant.manque)"')"
done
exits C13-what-is-below-cannot-be-concluded 65 e auray set "$papier" statut=conclu
equal C13-nobody-is-told-yet "" "$(fact vitre '[.alerts[].code | select(test("PURCHASE"))] | join(" ")')"
# The deadline passes.
must e auray set "$granules" "echeance=$yesterday" >/dev/null
must e auray set "$papier" "echeance=$yesterday" >/dev/null
must settle auray vitre cress
for node in auray vitre cress; do
	equal "C13-$node-concluded-at-the-deadline" "conclu 35000" "$(e $node tiers "$granules" --json | jq -r '"\(.statut) \(.prix_cents)"')"
	equal "C13-$node-below-the-first-tier-abandoned" abandonne "$(e $node tiers "$papier" --json | jq -r .statut)"
done
for node in auray vitre; do
	check "C13-$node-is-told-of-the-one" has_alert $node PURCHASE_CONCLUDED
	check "C13-$node-is-told-of-the-other" has_alert $node PURCHASE_ABANDONED
done
equal C13-who-has-no-part-is-not-told "" "$(fact cress '[.alerts[].code | select(test("PURCHASE"))] | join(" ")')"
within C13-the-record-says-so-without-anybody 20 shows vitre "$papier" statut abandonne
within C13-with-the-price-reached 20 shows vitre "$granules" palier_prix_cents 35000
exits C13-no-commitment-after-the-deadline 65 commit vitre "$granules" "$haies" 5
exits C13-whatever-its-date-says 65 commit vitre "$granules" "$haies" 5 "le=$yesterday"
exits C13-what-was-promised-stands 65 e auray set "$granules" "paliers=10:50000"
check C13-digests same_digests auray vitre cress
finish
