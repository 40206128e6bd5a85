#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A6: the table role x action of domain.md part 3, row by row, by the command line.
. "$(dirname "$0")/../e2e/lib.sh"

must found_cress
must enter auray
must enter vitre
must settle auray vitre cress
as() { # NODE ROLE COMMAND...
	as_node=$1 as_role=$2
	shift 2
	e "$as_node" --as "$as_role" "$@"
}
count() { # NODE ROLE KIND
	as "$1" "$2" list "$3" --json | jq -r .total
}
finds() { # NODE ROLE TEXT
	as "$1" "$2" search "$3" --json | jq -r .total
}
key() { # NODE ROLE UID FIELD: is it in what the role is shown?
	as "$1" "$2" show "$3" --json | jq -r ".data | has(\"$4\")"
}
allowed() { # NAME NODE ROLE COMMAND...: not refused for the role, whatever else it says
	allowed_name=$1
	shift
	as "$@" >"$work/as.out" 2>"$work/as.err" </dev/null
	if grep -q 'may not do this\|no role of' "$work/as.err"; then
		not_ok "$allowed_name" "$(head -n 1 "$work/as.err")"
	else
		ok "$allowed_name"
	fi
}
refused() { # NAME NODE ROLE COMMAND...: 77, and it says who may
	refused_name=$1
	shift
	as "$@" >"$work/as.out" 2>"$work/as.err" </dev/null
	refused_code=$?
	if [ $refused_code = 77 ] && grep -q 'who may:\|qui le peut' "$work/as.err"; then
		ok "$refused_name"
	else
		not_ok "$refused_name" "exit $refused_code: $(head -n 1 "$work/as.err")"
	fi
}

# What there is to read: a public structure with a description kept home, a federation need,
# a local diagnostic, at the hub; and another hub's.
s=$(new auray structure type_acteur=ess "nom=Les Voiliers" code_insee=56007 "description=chantier dormant" champs_locaux=description)
b=$(new auray besoin "titre=Cordage" type_besoin=achat filiere=alimentation_circuits_courts portee=federation structure_uid="$s")
l=$(new auray besoin "titre=Confidence" type_besoin=achat filiere=alimentation_circuits_courts portee=local structure_uid="$s")
v=$(new vitre structure type_acteur=ess "nom=La Filature" code_insee=35360)
must settle auray vitre cress

exits "A6-an-unknown-role" 64 e auray --as stagiaire list structure
check "A6-it-names-the-roles" grep -q financeur_lecture "$work/exits.err"
equal "A6-so-does-the-api" 400 "$(curl -s -o /dev/null -w '%{http_code}' -H 'X-Essaim-Role: stagiaire' --unix-socket "$work/auray/essaim.sock" http://x/api/v1/status)"
exits "A6-cress-is-no-role-of-a-hub" 77 e auray --as cress list structure
exits "A6-agent-is-no-role-of-the-cress" 77 e cress --as agent_pole list structure
equal "A6-the-owner-of-the-socket-has-all" 2 "$(e auray list besoin --json | jq .total)"
equal "A6-roles-are-printed" "12 agent_pole" "$(e auray roles --json | jq -r '"\(.actions | length) \(.default)"')"
equal "A6-staff-of-the-cress" cress "$(e cress roles --json | jq -r .default)"

# Row 1, local records.
equal "A6-agent-reads-local" 2 "$(count auray agent_pole besoin)"
equal "A6-agent-finds-local" 1 "$(finds auray agent_pole Confidence)"
equal "A6-admin-reads-local" "Confidence" "$(as auray admin show "$l" --json | jq -r .data.titre)"
check "A6-and-it-is-logged" grep -q 'role.read role=admin path=/api/v1/records/' "$work/auray/essaimd.log"
equal "A6-without-the-data" 0 "$(grep -c "$l\|Confidence" "$work/auray/essaimd.log")"
equal "A6-an-agents-reading-is-not" 0 "$(grep -c 'role=agent_pole' "$work/auray/essaimd.log")"
exits "A6-funder-reads-no-local" 65 as auray financeur_lecture show "$l"
cs=$(new cress structure type_acteur=ess nom=Sein code_insee=29083)
c=$(new cress besoin "titre=Brouillon" type_besoin=achat filiere=alimentation_circuits_courts portee=local structure_uid="$cs")
must settle cress auray
exits "A6-cress-reads-no-local" 65 as cress cress show "$c"
equal "A6-nor-lists" 1 "$(count cress cress besoin)"
equal "A6-nor-finds" 0 "$(finds cress cress Brouillon)"
equal "A6-nor-in-tail" 0 "$(as cress cress tail --limit 1000 --json | grep -c Brouillon)"
equal "A6-where-the-owner-sees-it" 1 "$(e cress tail --limit 1000 --json | grep -c Brouillon)"
equal "A6-nor-exports" 0 "$(as cress cress export jsonl | grep -c Brouillon)"

# Row 2, federation.
for who in "auray agent_pole" "cress cress" "auray admin" "cress admin"; do
	equal "A6-$(echo "$who" | tr ' ' -)-reads-federation" Cordage "$(as $who show "$b" --json | jq -r .data.titre)"
	allowed "A6-$(echo "$who" | tr ' ' -)-status" $who status
	allowed "A6-$(echo "$who" | tr ' ' -)-duplicates" $who duplicates
	allowed "A6-$(echo "$who" | tr ' ' -)-match" $who match "$b"
done
exits "A6-funder-reads-no-federation" 65 as auray financeur_lecture show "$b"
equal "A6-funder-lists-none" 0 "$(count auray financeur_lecture besoin)"
equal "A6-funder-finds-none" 0 "$(finds cress financeur_lecture Cordage)"
for command in status members duplicates proposals conflicts searches tail erasures "match $b" "seats $b" "report epci"; do
	refused "A6-funder-no-$(echo "$command" | cut -d ' ' -f 1)" auray financeur_lecture $command
done

# Row 3, what is public.
for who in "auray agent_pole" "cress cress" "auray admin" "cress financeur_lecture" "auray financeur_lecture"; do
	equal "A6-$(echo "$who" | tr ' ' -)-reads-public" 3 "$(count $who structure)"
	equal "A6-$(echo "$who" | tr ' ' -)-finds-public" 1 "$(finds $who filature)"
	allowed "A6-$(echo "$who" | tr ' ' -)-report" $who report
done
equal "A6-funder-near" 1 "$(as auray financeur_lecture search --kind structure --near 56007 --within 5 --json | jq .total)"
equal "A6-a-field-kept-home-is-the-hubs" "true false" "$(key auray agent_pole "$s" description) $(key auray financeur_lecture "$s" description)"
equal "A6-nor-is-it-found-by-it" "1 0" "$(finds auray agent_pole dormant) $(finds auray financeur_lecture dormant)"
# The reader that served a funder serves the next one whole.
check "A6-a-funder-looks" as auray financeur_lecture list besoin
equal "A6-and-status-counts-all-after-it" "$(e auray list besoin --json | jq .total)" \
	"$(as auray financeur_lecture list besoin >/dev/null; records auray besoin)"
equal "A6-a-funders-report-is-the-public-one" "$(e auray report --public --json | jq -c .items)" "$(as auray financeur_lecture report --json | jq -c .items)"

# Row 4, writing.
check "A6-agent-writes-his-hubs" as auray agent_pole set "$s" "nom=Les Voiliers d'Auray"
exits "A6-agent-not-anothers" 77 as auray agent_pole set "$v" nom=Non
exits "A6-cress-in-no-hubs-pays" 77 as cress cress add structure type_acteur=ess nom=Ici code_insee=56007
check "A6-cress-outside" as cress cress add structure type_acteur=ess nom=Ouessant code_insee=29155
for who in "auray admin" "cress admin" "auray financeur_lecture" "cress financeur_lecture"; do
	name=A6-$(echo "$who" | tr ' ' -)
	refused "$name-adds-nothing" $who add structure type_acteur=ess nom=X code_insee=29155
	refused "$name-sets-nothing" $who set "$s" nom=X
	refused "$name-removes-nothing" $who rm "$s"
	refused "$name-hands-nothing-over" $who hand-over "$s" vitre
	refused "$name-accepts-nothing" $who accept 1
	# Rows 5 and 6.
	refused "$name-proposes-nothing" $who propose "$v" nom=X
	refused "$name-asks-for-no-seat" $who register "$b" structure="$s" nb_personnes=1
	# Rows 7 and 10.
	refused "$name-publishes-no-charter" $who charter publish "$root/conf/charte.txt" --version 2
	refused "$name-draws-no-territory" $who territory add brest
	refused "$name-freezes-no-report" $who report freeze
	refused "$name-imports-nothing" $who import structure "$sample/pole-auray/structures.csv" --dry-run
	refused "$name-sends-no-report" $who report send
done
check "A6-agent-proposes" as auray agent_pole propose "$v" "nom=La Filature du Pays"
check "A6-cress-proposes" as cress cress propose "$v" "nom=Filature"
allowed "A6-agent-asks-for-a-seat" auray agent_pole register "$b" structure="$s" nb_personnes=1
allowed "A6-cress-asks-for-a-seat" cress cress register "$b" structure="$s" nb_personnes=1

# Row 7, tables.
refused "A6-agent-publishes-no-charter" auray agent_pole charter publish "$root/conf/charte.txt" --version 2
refused "A6-agent-draws-no-territory" auray agent_pole territory add brest
exits "A6-agent-extends-no-list" 77 as auray agent_pole add code_liste liste=forme code=troc libelle=Troc
check "A6-cress-extends-a-list" as cress cress add code_liste liste=forme code=troc libelle=Troc categorie=cooperation_economique
check "A6-cress-draws-a-territory" as cress cress territory add brest

# Row 9, who belongs, and the node.
for command in "invite --pays morlaix --name M" "suspend vitre" "resume vitre" "revoke vitre --yes" "quota vitre none" rotate-key \
	"checkpoint" "resolve --alone --yes" "connect vitre 127.0.0.1:1" rebuild "backup $work/x"; do
	name=$(echo "$command" | cut -d ' ' -f 1)
	refused "A6-agent-no-$name" auray agent_pole $command
	refused "A6-cress-alone-no-$name" cress cress $command
	refused "A6-funder-no-$name" cress financeur_lecture $command
done
for command in "approve nobody" "deny nobody"; do
	name=$(echo "$command" | cut -d ' ' -f 1)
	allowed "A6-cress-co-signs-$name" cress cress $command
	allowed "A6-admin-$name" cress admin $command
	refused "A6-funder-no-$name" cress financeur_lecture $command
	refused "A6-agent-no-$name" auray agent_pole $command
done
check "A6-admin-invites" as cress admin invite --pays morlaix --name M
check "A6-admin-suspends" as cress admin suspend vitre
check "A6-admin-resumes" as cress admin resume vitre
check "A6-admin-backs-up" as auray admin backup "$work/a.backup"
check "A6-admin-checks" as auray admin verify
exits "A6-agent-restores-no-node" 77 as auray agent_pole restore "$work/a.backup"
exits "A6-agent-founds-nothing" 77 as autre agent_pole init --cress --name X --region 53

# Rows 10 and 11, files.
allowed "A6-agent-imports" auray agent_pole import structure "$sample/pole-auray/structures.csv" --dry-run
allowed "A6-cress-imports" cress cress import structure "$sample/pole-auray/structures.csv" --dry-run
refused "A6-admin-exports-nothing" auray admin export csv --kind structure
exits "A6-agent-exports" 0 as auray agent_pole export csv --kind besoin
equal "A6-with-local" 1 "$(grep -c Confidence "$work/exits.out")"
exits "A6-funder-exports" 0 as auray financeur_lecture export csv --kind structure
equal "A6-what-is-public" "2 0" "$(grep -c 'Voiliers\|Filature' "$work/exits.out") $(grep -c dormant "$work/exits.out")"
equal "A6-and-no-more" 0 "$(as auray financeur_lecture export csv --kind besoin | grep -c 'Cordage\|Confidence')"
exits "A6-as-csv" 77 as auray financeur_lecture export jsonl
exits "A6-and-indicators" 0 as auray financeur_lecture export indicateurs

# Row 12, a person's request.
refused "A6-funder-forgets-nothing" auray financeur_lecture forget "$b" --yes
check "A6-admin-executes" as auray admin forget "$l" --yes
check "A6-agent-forgets-his-hubs" as auray agent_pole forget "$b" --yes
exits "A6-agent-not-anothers-person" 77 as auray agent_pole forget "$v" --yes
finish
