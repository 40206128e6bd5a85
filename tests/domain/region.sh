#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A2, A3, R14: a region of four that becomes five, and a charter that binds.
. "$(dirname "$0")/../e2e/lib.sh"

hubs="auray fougeres morlaix vitre"
region 1 $hubs
pids() {
	for pids_node in cress $hubs; do
		pid_of "$pids_node"
	done
}

# --- A2: the fifth Pays ---
before=$(pids)
must enter brest
must work_some brest 2 Brest
must settle brest cress $hubs
knows_log() { # NODE
	[ "$(fact "$1" '[.logs[] | select(.author == "pole-brest" and .scope == "public" and .seq > 0 and .blocked == null)] | length')" = 1 ]
}
for hub in $hubs; do
	check "A2-$hub-accepts-its-log" knows_log "$hub"
	check "A2-$hub-has-its-work" holds_work "$hub" brest
	within "A2-$hub-is-told" 10 has_alert "$hub" NEW_MEMBER
	equal "A2-$hub-lists-it" active "$(e "$hub" members --json | jq -r '.members[] | select(.pays == "brest") | .state')"
done
equal "A2-brest-is-told-of-nobody" false "$(fact brest '[.alerts[].code] | index("NEW_MEMBER") != null')"
equal "A2-nobody-was-started-again" "$before" "$(pids)"
equal "A2-the-regional-report-has-5-lines" 5 "$(e cress report --json | jq '.poles | length')"
check "A2-one-of-them-is-brest" sh -c "'$bin/essaim' --data '$work/cress' report --json | jq -e '[.poles[] | tostring | select(test(\"pole-brest\"))] | length == 1'"
check "A2-all-agree" same_digests cress brest $hubs

# --- A3, R14: a charter of collaboration, version 2 ---
a=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007 charte_version=1)
b=$(new auray structure type_acteur=entreprise "nom=Garage" code_insee=56007 charte_version=1)
p=$(new auray partenariat structure_a_uid="$a" structure_b_uid="$b" forme=mecenat_nature)
must e auray set "$p" etat=exploration >/dev/null
must settle auray cress brest
{
	cat "$root/conf/charte.txt"
	echo "9. Les comptes sont rendus en janvier."
} >"$work/charte2"
check "A3-a-version-is-published" e cress charter publish "$work/charte2" --version 2 --mandatory
must settle cress
charter_due() {
	[ "$(fact "$1" .life.charter_due)" = true ]
}
for hub in auray brest; do
	within "A3-$hub-hears-of-it" 20 charter_due "$hub"
done
equal "A3-one-text-one-digest" "$(e cress charter show --json | jq -r .digest)" "$(e auray charter show --json | jq -r .digest)"
check "A3-brest-accepts" e brest charter accept
formal() {
	e auray set "$p" etat=formalise benefice_a=expertise benefice_b=image reformule_par_a=x reformule_par_b=y
}
exits "R14-no-partnership-is-formalised-before" 65 formal
check "R14-it-says-why" grep -q 'etat: charte_non_acceptee' "$work/exits.err"
equal "R14-nothing-changed" exploration "$(value auray "$p" etat)"
must work_some auray 3 Attente
must work_some brest 1 Accord
must settle brest cress
sleep 1
equal "A3-the-batch-waits" 3 "$(outbox auray)"
equal "A3-none-of-it-is-at-the-cress" 0 "$(e cress list evenement --limit 1000 --json | jq '[.items[] | select(.data.titre | startswith("Attente"))] | length')"
check "A3-the-other-goes-on" holds_work cress brest
says() { # NODE CODE: the alert bears the domain's own word, in both languages
	[ "$(fact "$1" "[.alerts[] | select(.code == \"$2\" and (.text | test(\"charte_non_acceptee\")) and (.text_en | test(\"charte_non_acceptee\")))] | length")" = 1 ]
}
within "A3-the-hub-is-told" 10 says auray CHARTER
within "A3-so-is-the-cress" 10 says cress CHARTER_WAITED
check "A3-which-hubs" sh -c "'$bin/essaim' --data '$work/cress' status --json | jq -r '.alerts[] | select(.code == \"CHARTER_WAITED\") | .text' | grep -q Auray"
check "A3-and-not-those-who-accepted" sh -c "! '$bin/essaim' --data '$work/cress' status --json | jq -r '.alerts[] | select(.code == \"CHARTER_WAITED\") | .text' | grep -qi brest"
check "R20-work-goes-on-at-home" holds_work auray auray
check "A3-accept" e auray charter accept
check "A3-then-it-flows" synced auray
check "R14-then-it-is-formal" formal
for hub in fougeres morlaix vitre; do
	must e "$hub" charter accept >/dev/null
done
check "A3-all-settles" settle $hubs brest cress
nobody_awaited() {
	! has_alert cress CHARTER_WAITED
}
within "A3-nobody-is-awaited" 10 nobody_awaited
flowed() { # in the order in which they were written
	e brest list evenement --limit 1000 --json | jq -r '[.items[] | select(.data.titre | startswith("Attente")) | .data.titre] | join(",")'
}
equal "F7-in-order" "Attente 1,Attente 2,Attente 3" "$(flowed)"
all_well A3-nothing-lost auray brest cress

# --- W8-1: territories do not overlap ---
printf 'code_insee;du;au\n29019;2026-01-01;\n35001;2026-01-01;\n' >"$work/communes"
exits "W8-a-commune-of-another-pays" 65 e cress territory add iroise --name "Pays d'Iroise" --communes "$work/communes"
check "W8-it-names-the-commune-and-the-pays" grep -q "29019 (Brest) is in Pays de Brest" "$work/exits.err"
exits "W8-nothing-was-drawn" 65 e cress invite --pays iroise --name I
exits "W8-a-new-pays-has-a-name" 64 e cress territory add iroise --communes "$work/communes"
check "W8-unless-shared" e cress territory add iroise --name "Pays d'Iroise" --communes "$work/communes" --shared
equal "W8-with-its-communes" 2 "$(e cress territory --json | jq '.items[] | select(.code == "iroise") | .communes')"
printf '35001;2020-01-01;2021-01-01\n' >"$work/past"
check "W8-one-after-the-other-is-no-overlap" e cress territory add ancien --name "Ancien Pays" --communes "$work/past"
printf '99999\n' >"$work/wrong"
exits "W8-an-unknown-commune" 65 e cress territory add x --name X --communes "$work/wrong"
printf '29019;hier\n' >"$work/wrong"
exits "W8-a-day-is-a-day" 65 e cress territory add x --name X --communes "$work/wrong"
exits "W8-a-hub-draws-none" 77 e auray territory add x --name X --communes "$work/past"
finish
