#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Personal data: what is local stays (R2, A9, C7), nobody helped is named (R17, D7), terms and
# their end (part 3), the register (part 9), what is narrowed or erased is gone (F5, C14, E5, F16).
. "$(dirname "$0")/../e2e/lib.sh"

canary() {
	printf canari%s "$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n')"
}
years_ago() { # N [and so much more, as date says it]
	date -u -d "$1 years ago ${2:-}" +%F
}
scan() { # NEEDLES NODE...: no byte of them in any file
	scan_needles=$1
	shift
	for scan_node in "$@"; do
		set -- "$@" "$work/$scan_node"
		shift
	done
	"$bin/essaim-scan" "$scan_needles" "$@"
}

must found_cress
for hub in auray morlaix; do
	must enter $hub
done
must e auray import structure "$sample/pole-auray/structures.csv" >/dev/null
must settle auray morlaix cress
structure=$(first_with "$sample/pole-auray/structures.csv" statut_diffusion O)

other=$(sed 1d "$sample/pole-auray/structures.csv" | grep -o '^[0-9A-Z]\{26\}' | grep -v "$structure" | head -n 1)

# --- R2: a canary in every text of every kind, kept local ---
curl -s --unix-socket "$work/auray/essaim.sock" http://x/api/v1/kinds >"$work/kinds.json"
: >"$work/uids"
echo "structure $structure" >>"$work/uids"
# One line each: KIND, the values that it needs (@KIND: a uid of it, %: a canary).
jq -r '.kinds[] | [.name] + [.fields[] | select(.required) | .name + "=" + (
	if .type == "ref" then "@" + .refers
	elif .codes then (.codes | split("|")[0])
	elif .name == "code_insee" then "56007"
	elif .name == "code_epci" then "200043123"
	elif .name == "liste" then "filiere"
	elif .name == "edition" then "2026"
	elif .name == "paliers" then "10:100"
	elif .name == "echeance" then "2099-01-05"
	elif .type == "date" then "2026-01-05"
	elif .name == "fin" then "2026-12-01T12:00:00+01:00"
	elif .type == "time" then "2026-12-01T10:00:00+01:00"
	elif .type == "text" and .max >= 30 then "%"
	else "1" end)] | join("\t")' "$work/kinds.json" >"$work/needs"
# KIND FIELD CAP WIDEST of every text that may hold 30 characters.
jq -r '.kinds[] | . as $k | .fields[] | select((.type == "text" or (.type == "list" and (.codes | not))) and .name != "champs_locaux" and
	(.name | test("^(telephone)$") | not) and (.type == "list" or .max >= 30)) | "\($k.name) \(.name) \(.cap) \($k.cap)"' \
	"$work/kinds.json" >"$work/texts"
needed() { # KIND PORTEE NODE: the values of a new record, canaries noted for that node
	grep "^$1	" "$work/needs" | tr '\t' '\n' | sed 1d | while IFS='=' read -r need_field need_value; do
		case $need_value in
		@*)
			need_value=$(awk -v k="${need_value#@}" '$1 == k { print $2; exit }' "$work/uids")
			# Two of one kind: the second is another.
			case $need_field in
			structure_b_uid | b_uid | receveur_uid) need_value=$other ;;
			esac
			;;
		%)
			need_value=$(canary)
			[ "$2" != local ] || echo "text $need_value" >>"$work/$3.needles"
			;;
		esac
		[ "$1.$need_field.$2" = rendez_vous.creneau.local ] || echo "$need_field=$need_value"
	done
	case $1 in # one of two, at least
	adhesion) echo "reseau_uid=$(awk '$1 == "reseau" { print $2; exit }' "$work/uids")" ;;
	interaction | mesure) echo "structure_uid=$structure" ;;
	attribution) echo "prix_uid=$(awk '$1 == "prix" { print $2; exit }' "$work/uids")" ;;
	succession) echo "de_siret=35600000000048" ;;
	contact) printf 'consentement_publication=oui\nconsentement_date=2026-01-05\n' ;;
	partenariat) printf 'publication_a=oui\npublication_b=oui\n' ;;
	rendez_vous) [ "$2" != local ] || echo "creneau=2026-12-01T11:00:00+01:00" ;;
	esac
	echo "portee=$2"
}
# A record of that kind, by the hub or, where only it may, by the CRESS: "NODE UID".
make() { # KIND PORTEE
	for make_node in auray cress; do
		needed "$1" "$2" $make_node | tr '\n' '\037' >"$work/values"
		make_uid=$(IFS=$(printf '\037') && set -f && e $make_node add "$1" $(cat "$work/values") --json 2>"$work/make.err" | jq -r .uid)
		[ -z "$make_uid" ] || [ "$make_uid" = null ] || break
	done
	[ -n "$make_uid" ] && [ "$make_uid" != null ] || return 1
	echo "$1 $make_uid" >>"$work/uids"
	[ "$2" != local ] || echo "ulid $make_uid" >>"$work/$make_node.needles"
	echo "$make_node $make_uid"
}
put_canary() { # NODE UID FIELD
	put_value=$(canary)
	case $3 in
	courriel) put_text=$put_value@exemple.fr ;;
	site_web) put_text=https://$put_value.fr ;;
	extra) put_text="{\"inconnue\":\"$put_value\"}" ;;
	*) put_text=$put_value ;;
	esac
	e "$1" set "$2" "$3=$put_text" >/dev/null 2>>"$work/put.err" && echo "text $put_value" >>"$work/$1.needles"
}
: >"$work/auray.needles"
: >"$work/cress.needles"
# First what is shared, so that what is shared speaks of nothing that is not; a canary in each
# field that stays local whatever its record is.
made=0 unmade=""
for kind in $(jq -r '.kinds[] | select(.cap != "local") | .name' "$work/kinds.json"); do
	if made_as=$(make "$kind" "$(jq -r --arg k "$kind" '.kinds[] | select(.name == $k) | .cap' "$work/kinds.json")"); then
		for field in $(awk -v k="$kind" '$1 == k && $3 == "local" { print $2 }' "$work/texts"); do
			# shellcheck disable=SC2086
			put_canary $made_as "$field" || echo "$kind.$field" >>"$work/refused"
		done
	else
		unmade="$unmade $kind"
		cat "$work/make.err" >&2
	fi
done
equal "R2-a-shared-record-of-every-kind" "" "$unmade"
unmade=""
for kind in $(jq -r '.kinds[].name' "$work/kinds.json"); do
	if made_as=$(make "$kind" local); then
		made=$((made + 1))
		for field in $(awk -v k="$kind" '$1 == k { print $2 }' "$work/texts"); do
			# shellcheck disable=SC2086
			put_canary $made_as "$field" || echo "$kind.$field" >>"$work/refused"
		done
	else
		unmade="$unmade $kind"
		cat "$work/make.err" >&2
	fi
done
equal "R2-a-local-record-of-every-kind" "" "$unmade"
shared=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007 champs_locaux="description|telephone" 2>/dev/null)
put_canary auray "$shared" description
put_canary auray "$shared" extra
hidden=$(canary)
must e auray set "$shared" statut_diffusion=P adresse="$hidden" >/dev/null
echo "text $hidden" >>"$work/auray.needles"
canaries=$(cat "$work/auray.needles" "$work/cress.needles" | grep -c .)
echo "# $made kinds, $canaries needles; refused: $(sort -u "$work/refused" 2>/dev/null | tr '\n' ' ')"
check "R2-canaries-are-in-most-texts" [ "$canaries" -gt 250 ]
# C7, A9: what is counted goes, what was said stays.
survey=$(new cress enquete titre=Enquête version=1)
must settle cress auray morlaix
said=$(canary)
quoted=$(canary)
silent=$(new auray reponse enquete_uid="$survey" mode=entretien "freins=prix|delai" "verbatim=$said" portee=federation)
open=$(new auray reponse enquete_uid="$survey" mode=entretien freins=prix "verbatim=$quoted" consentement_citation=oui portee=federation)
echo "text $said" >>"$work/auray.needles"
diagnostic=$(new auray diagnostic structure_uid="$structure" grille="$(canary)" date=2026-03-01 note_gouvernance=1)
value auray "$diagnostic" grille | sed 's/^/text /' >"$work/diagnostic.needles"
must settle auray morlaix cress
for survey in $(awk '$1 == "enquete" { print $2; exit }' "$work/uids"); do # what the answers count to is told now
	e auray survey "$survey" --send >/dev/null 2>&1
done
must settle auray morlaix cress
scan "$work/auray.needles" auray >/dev/null
equal "R2-the-scanner-sees-them-at-home" 1 $?
check "R2-nothing-local-leaves-the-hub" scan "$work/auray.needles" cress morlaix
check "R2-nothing-local-leaves-the-CRESS" scan "$work/cress.needles" auray morlaix
check "A9-no-text-of-a-diagnostic-at-the-CRESS" scan "$work/diagnostic.needles" cress morlaix
equal "A9-nor-the-record" 0 "$(records cress diagnostic)"
equal "C7-no-quote-without-consent" null "$(value cress "$silent" verbatim)"
equal "C7-with-consent-it-is-there" "$quoted" "$(value cress "$open" verbatim)"
equal "C7-obstacles-are-counted" "delai 1, prix 2" \
	"$(e cress list reponse --json | jq -r '[.items[].data.freins[]?] | group_by(.) | map("\(.[0]) \(length)") | join(", ")')"
must e auray set "$open" consentement_citation=non >/dev/null
must settle auray morlaix cress
equal "C7-consent-withdrawn-it-is-taken-home" null "$(value cress "$open" verbatim)"

# --- R17, D7: nobody helped is named ---
exits "D7-a-person-is-no-field-of-a-clause" 65 e auray add clause marche=Voirie nom_beneficiaire=Durand
exits "D7-nor-an-unknown-column" 65 e auray add clause marche=Voirie 'extra={"beneficiaire":"Durand"}'
printf 'marche;heures_prevues;nom_salarie\nVoirie;100;Jean Durand\n' >"$work/clauses.csv"
exits "D7-nor-in-an-import" 65 e auray import clause "$work/clauses.csv"
equal "D7-the-import-says-which" "nom_salarie colonne_refusee " \
	"$(e auray import clause "$work/clauses.csv" --dry-run --json 2>/dev/null | jq -r '[.. | objects | select(.code? == "colonne_refusee")][0] | "\(.column) \(.code) \(.value)"')"
printf 'marche;heures_prevues;nom_salarie\nVoirie;100;\n' >"$work/clauses.csv"
check "D7-an-empty-one-does-no-harm" e auray import clause "$work/clauses.csv"
printf 'ambassadeur_uid;etablissement;date;heures;eleve\n%s;Lycée;2026-03-02;2;Jeanne\n' "$structure" >"$work/interventions.csv"
exits "R17-no-pupil-in-an-intervention" 65 e auray import intervention "$work/interventions.csv"

# --- the register ---
e auray rgpd register --json >"$work/register.json"
equal "R17-the-register-has-every-personal-field" "" \
	"$(jq -r --slurpfile k "$work/kinds.json" '[.processings[].kinds[] | .kind as $n | .fields[] | "\($n).\(.name)"] as $has |
		$k[0].kinds[] | .name as $n | .fields[] | select(.personal) | "\($n).\(.name)" | select(. as $x | $has | index($x) | not)' "$work/register.json")"
check "R17-the-register-is-readable" sh -c "'$bin/essaim' --data '$work/auray' rgpd register | grep -q 'Contacts et échanges'"

# --- terms ---
old=$(canary)
old_mail=$(canary)@exemple.fr
contact=$(new auray contact structure_uid="$structure" nom="$old" courriel="$old_mail" dernier_contact="$(years_ago 3)")
soon=$(new auray contact structure_uid="$structure" nom=Bientôt dernier_contact="$(years_ago 3 "+20 days")")
new auray contact structure_uid="$structure" nom=Récent dernier_contact="$(years_ago 3 "+90 days")" >/dev/null
event=$(new auray evenement type_evenement=atelier titre=Passé debut="$(years_ago 2)T10:00:00+01:00" fin="$(years_ago 2)T12:00:00+01:00")
guest=$(new auray contact structure_uid="$structure" nom=Présente dernier_contact="$(date -u +%F)")
seat=$(new auray inscription evenement_uid="$event" structure_uid="$structure" contact_uid="$guest" nb_personnes=3 statut=present "extra={\"table\":\"$old\"}")
printf 'text %s\ntext %s\n' "$old" "$old_mail" >"$work/old.needles"
within "R17-status-counts-what-is-past" 20 has_alert auray RETENTION
check "R17-status-names-nobody" sh -c "! '$bin/essaim' --data '$work/auray' status --json | grep -q '$old'"
due_of() {
	e auray rgpd due --json | jq -r --arg u "$1" '.items[] | select(.uid == $u) | "\(.kind) \(.due) \(.past) \(.goes)"'
}
equal "terms-a-contact-after-3-years" "contact $(date -u +%F) true fiche" "$(due_of "$contact")"
equal "terms-a-warning-2-months-before" "contact $(date -u -d '20 days' +%F) false fiche" "$(due_of "$soon")"
equal "terms-names-of-an-event-after-1-year" "inscription $(years_ago 1) true noms" "$(due_of "$seat")"
equal "terms-no-names-in-the-list" 0 "$(e auray rgpd due --json | grep -c "$old")"
exits "terms-names-on-a-terminal-only" 64 e auray rgpd due --names
exits "terms-purge-asks-how" 64 e auray rgpd purge
equal "terms-a-rehearsal" "true 1" "$(e auray rgpd purge --dry-run --json | jq -r --arg u "$contact" '"\(.dry_run) \([.items[] | select(.uid == $u)] | length)"')"
equal "terms-changes-nothing" "$old" "$(value auray "$contact" nom)"
check "terms-the-purge" e auray rgpd purge --yes
exits "terms-the-contact-is-gone" 65 e auray show "$contact"
equal "terms-the-warned-one-stays" Bientôt "$(value auray "$soon" nom)"
equal "terms-seats-are-counted-on" "3 present null null" "$(e auray show "$seat" --json | jq -r '"\(.data.nb_personnes) \(.data.statut) \(.data.contact_uid) \(.data.extra)"')"
within "terms-no-byte-is-left" 30 scan "$work/old.needles" auray
equal "terms-nothing-is-past-any-more" 0 "$(e auray rgpd due --json | jq .past)"

# --- E5: ambassadors consent, hours are counted, no pupil ---
friend=$(canary)
exits "E5-an-ambassador-consents" 65 e auray add ambassadeur "nom=$friend"
ambassador=$(new auray ambassadeur prenom=Gaëlle "nom=$friend" courriel="$friend@exemple.fr" consentement_le=2026-01-10 heures_annuelles=2 portee=federation)
for day in 2025-11-12 2026-02-03 2026-11-10; do
	new auray intervention ambassadeur_uid="$ambassador" etablissement="Lycée Kerneuzec" code_insee=56007 niveau=lycee date=$day heures=1.5 eleves_nb=28 portee=federation >/dev/null
done
must settle auray morlaix cress
hours() {
	e cress list intervention --limit 1000 --json | jq -r --arg a "$ambassador" '[.items[].data | select(.ambassadeur_uid == $a or .ambassadeur_uid == "(non partagé)" or .ambassadeur_uid == null) |
		select(.etablissement == "Lycée Kerneuzec") | {y: .date[:4], h: .heures}] | group_by(.y) | map("\(.[0].y) \(map(.h) | add)") | join(", ")'
}
equal "E5-hours-per-ambassador-and-year" "2025 1.5, 2026 3" "$(hours)"
equal "E5-a-school-by-its-commune" 3 "$(e cress list intervention --limit 1000 --json | jq '[.items[].data | select(.code_insee == "56007" and .etablissement == "Lycée Kerneuzec")] | length')"
must e auray set "$ambassador" consentement_retire_le="$(date -u +%F)" >/dev/null
equal "E5-consent-withdrawn-ends-the-term" "ambassadeur $(date -u +%F) true fiche" "$(due_of "$ambassador")"
check "E5-the-purge" e auray rgpd purge --yes
must settle auray morlaix cress
printf 'text %s\n' "$friend" >"$work/friend.needles"
within "E5-no-byte-is-left-anywhere" 30 scan "$work/friend.needles" auray morlaix cress
equal "E5-hours-stay" "2025 1.5, 2026 3" "$(hours)"

# --- C14: no contact leaves without consent, by whatever door; withdrawn, it comes home ---
kept=$(canary)
contact=$(new auray contact structure_uid="$structure" prenom=Nolwenn "nom=$kept" courriel="$kept@exemple.fr" base_legale=interet_legitime)
exits "C14-not-shared-without-consent" 65 e auray set "$contact" portee=federation
check "C14-it-says-which-consent" grep -q "base_legale: champ_requis: The person has to consent to the record leaving its hub" "$work/exits.err"
exits "C14-not-published-without-consent" 65 e auray set "$contact" portee=public
check "C14-and-which-one-to-publish" grep -q "The person has to consent to being published" "$work/exits.err"
must settle auray morlaix cress
printf 'text %s\n' "$kept" >"$work/kept.needles"
check "C14-so-she-is-nowhere-else" scan "$work/kept.needles" morlaix cress
must e auray set "$contact" base_legale=consentement consentement_publication=oui consentement_date=2026-01-01 portee=public >/dev/null
must settle auray morlaix cress
equal "C14-with-consent-she-is-there" "$kept" "$(value morlaix "$contact" nom)"
must e auray set "$contact" portee=federation >/dev/null
must settle auray morlaix cress
must e auray set "$contact" base_legale=interet_legitime >/dev/null
must settle auray morlaix cress
within "C14-withdrawn-she-is-nowhere-else" 30 scan "$work/kept.needles" morlaix cress
equal "C14-and-stays-at-home" "$kept" "$(value auray "$contact" nom)"

for basis in "" interet_legitime; do
	published=$(canary)
	contact=$(new auray contact structure_uid="$structure" "nom=$published" base_legale=consentement consentement_publication=oui \
		consentement_date=2026-01-01 portee=public)
	must settle auray morlaix cress
	must shows morlaix "$contact" nom "$published"
	must e auray set "$contact" "base_legale=$basis" >/dev/null
	must settle auray morlaix cress
	printf 'text %s\n' "$published" >"$work/published.needles"
	equal "C14-published-and-its-basis-is-now-'$basis'" local "$(e auray show "$contact" --json | jq -r .scope)"
	within "C14-she-is-nowhere-else-with-'$basis'" 30 scan "$work/published.needles" morlaix cress
done

# --- C14: one person goes, the network stays ---
network=$(new auray reseau nom=GARIE niveau=local etat=a_contacter portee=public)
member=$(new auray adhesion structure_uid="$structure" reseau_uid="$network" du=2020-01-01 role=membre)
person=$(canary)
new auray contact structure_uid="$structure" prenom=Maïwenn "nom=$person" courriel="$person@exemple.fr" base_legale=consentement \
	consentement_publication=oui consentement_date=2026-01-01 portee=public >/dev/null
must settle auray morlaix cress
printf 'text %s\n' "$person" >"$work/person.needles"
scan "$work/person.needles" morlaix >/dev/null
equal "C14-she-is-known-everywhere" 1 $?
before="$(records cress reseau) $(records cress adhesion) $(records cress structure)"
check "C14-she-is-erased" e auray rgpd erase "Maïwenn $person" --yes
must settle auray morlaix cress
within "C14-no-trace-of-her-at-any-node" 30 scan "$work/person.needles" auray morlaix cress
equal "C14-the-network-is-intact" "$before $network" "$(records cress reseau) $(records cress adhesion) $(records cress structure) $(value morlaix "$member" reseau_uid)"
for node in auray morlaix cress; do
	check "C14-$node-verifies" e $node verify
done

# --- F16: no name in what is printed afterwards; E19: withdrawn is absent from the next list ---
for node in auray morlaix cress; do
	e $node export jsonl >"$work/$node.jsonl"
done
check "F16-no-name-in-any-export" sh -c "! grep -q -e '$person' -e '$friend' -e '$old' '$work'/*.jsonl"
month=$(date -u -d "$(date -u +%Y-%m-01) -1 day" +%Y-%m)
if e cress help report >/dev/null 2>&1; then
	e cress report --month "$month" --json >"$work/report.json" 2>&1
	check "F16-no-name-in-a-report" sh -c "! grep -q -e '$person' -e '$friend' -e '$old' '$work/report.json'"
fi

# --- R1: what is kept of an erased change confirms no guess (rgpd_test.c says why) ---
journal() { # QUERY, on a copy: the daemon holds the file
	e auray backup "$work/auray.copy" >/dev/null && "$bin/essaim-scan" "$1" "$work/auray.copy"
}
check "R1-no-payload-in-a-new-backup-either" journal "$work/person.needles"

# --- F5: public, then local ---
secret=$(canary)
published=$(new auray offre structure_uid="$structure" "titre=$secret" filiere=numerique type_offre=service)
must settle auray morlaix cress
stop morlaix
e auray set "$published" portee=local --json >"$work/narrow.json"
equal "F5-who-has-not-heard-is-listed" "CRESS Bretagne, $(hub_title morlaix)" "$(jq -r '.encore_chez | sort | join(", ")' "$work/narrow.json")"
must e auray wait --synced >/dev/null
exits "F5-gone-at-the-CRESS" 65 e cress show "$published"
check "F5-gone-from-its-next-export" sh -c "! '$bin/essaim' --data '$work/cress' export jsonl | grep -q '$secret'"
must start morlaix
must settle auray morlaix cress
exits "F5-gone-at-the-other-hub" 65 e morlaix show "$published"
check "F5-gone-from-its-export" sh -c "! '$bin/essaim' --data '$work/morlaix' export jsonl | grep -q '$secret'"
equal "F5-home-keeps-it" "$secret" "$(value auray "$published" titre)"
check "F5-digests-agree" same_digests auray morlaix cress
finish
