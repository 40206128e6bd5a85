#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W7, the CRESS's month, from start to end, as its officer sees it; then what must not
# change it: late data, an erasure (F16), 1 January's communes (F8).
. "$(dirname "$0")/../e2e/lib.sh"
month=2026-10
export LC_ALL=fr_FR.UTF-8

say() {
	echo "# $*"
}
# figure NODE MONTH INDICATOR PLACE: as the report has it.
figure() {
	e "$1" report --month "$2" --territory "$4" --json |
		jq -r --arg i "$3" '.items[] | select(.indicateur == $i) | if .masque then "masque" else .valeur end'
}
digest_of() { # NODE MONTH
	e "$1" report --month "$2" --json | jq -r .empreinte
}
association() { # NODE NAME INSEE
	e "$1" add structure type_acteur=ess "nom=$2" "code_insee=$3" categorie_juridique=9220 etat=active --json 2>/dev/null | jq -r .uid
}
now() {
	date -u +%Y-%m-%dT%H:%M:%SZ
}

say "a region of two hubs; a little of a month's work"
must found_cress
must enter auray
must enter vitre
for name in Un Deux Trois; do
	must [ -n "$(association auray "Atelier $name" 56007)" ]
	must [ -n "$(association vitre "Verger $name" 35360)" ]
done
un=$(e auray list structure --json | jq -r '.items[] | select(.data.nom == "Atelier Un") | .uid')
deux=$(e auray list structure --json | jq -r '.items[] | select(.data.nom == "Atelier Deux") | .uid')
must e auray set "$deux" "adresse=3 rue du Canari" telephone=0297000001 >/dev/null
verger=$(e vitre list structure --json | jq -r '.items[] | select(.data.nom == "Verger Un") | .uid')
must e vitre set "$verger" telephone=0299000001 >/dev/null
secret=$(association auray "Chez Ermeline Kerzerho" 56007)
contact=$(e auray add contact structure_uid="$secret" prenom=Ermeline nom=Kerzerho --json | jq -r .uid)
must settle auray vitre cress

say "1. the cut-off is not passed: nothing is frozen"
exits W7-a-month-that-runs-is-not-frozen 75 e cress report freeze --month "$(date +%Y)-12"
exits W7-a-month-of-which-nothing-was-known-is-not-frozen 65 e cress report freeze --month 2026-09
equal W7-nor-is-it-frozen-all-the-same provisoire "$(e cress report --month 2026-09 --json | jq -r .etat)"
exits W7-only-the-CRESS-freezes 77 e auray report freeze --month $month

say "2. the hubs' counts; Vitré does not send them"
e auray report send --month $month
must settle auray vitre cress

say "   Vitré writes while the CRESS cannot be reached: that comes too late"
must stop cress
must [ -n "$(association vitre "Verger de trop" 35360)" ]

say "3. frozen; the CRESS's calendar says until when"
sleep 1.1
cutoff=$(now)
sleep 1.1
must start cress
must settle auray vitre cress
e cress report freeze --month $month --at "$cutoff" --dry-run
e cress report freeze --month $month --at "$cutoff" --dry-run --json >"$work/draft"
equal W7-what-would-be-frozen-is-seen-first "7 pole-vitre" "$(jq -r '[(.rapport.items[] | select(.indicateur == "nb_structures_ess") | .valeur), .retards[].pole] | join(" ")' "$work/draft")"
equal W7-and-nothing-is-written provisoire "$(e cress report --month $month --json | jq -r .etat)"
e cress report freeze --month $month --at "$cutoff" --json >"$work/frozen"
equal W7-what-is-frozen-is-what-was-seen "$(jq -r .empreinte "$work/draft")" "$(jq -r .empreinte "$work/frozen")"
e cress report freeze --month $month
first=$(jq -r .empreinte "$work/frozen")
check W7-frozen-once jq -e ".nouveau and (.empreinte | length) == 64" "$work/frozen"
equal W7-late-hubs-are-named "pole-vitre" "$(jq -r '.retards[] | select(.dernier_envoi | test("^20")) | .pole' "$work/frozen")"
equal E2-rerun-gives-the-same-digest "$first" "$(e cress report freeze --month $month --json | jq -r .empreinte)"
must settle auray vitre cress

say "4. what is frozen is read, and computed again, anywhere"
for node in cress auray vitre; do
	equal "W7-$node-has-the-digest" "$first" "$(digest_of $node $month)"
	check "W7-$node-computes-it-again" e $node report --month $month --check
done
equal W7-what-came-too-late-is-not-in-it 3 "$(figure cress $month nb_structures_ess pays:vitre)"
equal W7-the-figure 4 "$(figure vitre $month nb_structures_ess pays:auray)"
e cress report --month $month --territory region:53 --public
english=$(LC_ALL=en_US.UTF-8 e cress report --month $month --territory region:53)
french=$(e cress report --month $month --territory region:53)
says() { # TEXT WORDS...: which of them it has
	says_text=$1
	shift
	for says_words in "$@"; do
		! echo "$says_text" | grep -q "$says_words" || echo "$says_words"
	done | tr '\n' ';'
}
set -- "2026-10, frozen" "2026-10, figé" "Structures of the ESS" "Structures de l'ESS"
equal A18-a-report-is-in-english-in-english "$1;$3;" "$(says "$english" "$@")"
set -- "pole-vitre is late: its counts of 2026-10 have not come (last sent: 20" \
	"pole-vitre est en retard : ses comptes de 2026-10 ne sont pas arrivés (dernier envoi : 20"
equal A18-who-was-late-too "$1;" "$(says "$english" "$@")"
equal A18-who-was-late-in-french "$2;" "$(says "$french" "$@")"
set -- "2026-10, frozen" "2026-10, figé" "Structures of the ESS" "Structures de l'ESS"
equal A18-and-in-french-in-french "$2;$4;" "$(says "$french" "$@")"

say "   duplicates, masked cells, who signed; then what is published: figures as CSV, the legal list"
e cress duplicates
equal W7-no-duplicate-is-open 0 "$(e cress duplicates --json | jq .total)"
echo "masqués : $(e cress report --month $month --territory region:53 --json | jq '[.items[] | select(.masque)] | length')"
e cress show "$(e cress list rapport --json | jq -r '.items[0].uid')"
e cress export indicateurs --month $month --public >"$work/public.csv"
head -n 4 "$work/public.csv"
e auray export indicateurs --month $month --public >"$work/public.auray.csv"
check W7-the-public-figures-are-the-same-anywhere cmp "$work/public.csv" "$work/public.auray.csv"
e cress export liste-ess >"$work/list.csv"
head -n 3 "$work/list.csv"
check W7-the-legal-list-has-them grep -q "Atelier Un" "$work/list.csv"
e cress export liste-ess --month $month >"$work/list.month.csv"
equal W7-7-the-month-s-list-is-of-the-snapshot "3 3" "$(grep -c Atelier "$work/list.month.csv") $(grep -c Verger "$work/list.month.csv")"
exits W7-7-not-before-it-is-frozen 65 e cress export liste-ess --month 2026-09
exits W7-7-an-exchange-file-has-no-month 64 e cress export csv --kind structure --month $month

say "5. late data: next month's, with a note"
association auray "Atelier Quatre" 56007 >/dev/null
must settle auray vitre cress
e vitre export liste-ess --month $month >"$work/list.vitre.csv"
check W7-7-late-data-do-not-change-it-and-any-node-has-the-same cmp "$work/list.month.csv" "$work/list.vitre.csv"
check W7-7-today-s-has-it grep -q "Atelier Quatre" <<-EOF
	$(e cress export liste-ess)
EOF
say "   a value narrowed since: its record stays in the month's list, the value does not"
narrow() { # NODE UID FIELD=VALUE...
	must e "$@" >/dev/null
	must settle auray vitre cress
}
narrow auray set "$un" telephone=0297000002
narrow auray set "$un" champs_locaux=telephone
narrow auray set "$un" courriel=contact@atelier-un.example
narrow auray set "$un" "champs_locaux=telephone|courriel"
narrow vitre set "$verger" "nom=Verger renommé" sigle=VTARD
narrow vitre set "$verger" champs_locaux=telephone
e cress export liste-ess --month $month >"$work/list.narrowed.csv"
sed "s/Verger Un/Verger renommé/" "$work/list.month.csv" | sort >"$work/list.wanted.csv"
sort "$work/list.narrowed.csv" >"$work/list.sorted.csv"
check W7-7-narrowing-takes-no-one-out-of-the-month-s-list-nor-brings-in-what-came-later \
	cmp "$work/list.wanted.csv" "$work/list.sorted.csv"
check W7-7-a-value-narrowed-was-in-it grep -q "rue du Canari" "$work/list.narrowed.csv"
must stop cress
must e vitre set "$verger" "champs_locaux=telephone|sigle" >/dev/null
exits W7-7-no-list-without-what-an-erasure-of-ours-took-along 75 e vitre export liste-ess --month $month
must start cress
must settle vitre auray cress
narrow auray set "$deux" statut_diffusion=P
for node in cress auray vitre; do
	e $node export liste-ess --month $month >"$work/list.$node.csv"
	equal "W7-7-what-was-narrowed-is-not-in-it-at-$node" "1 0" \
		"$(grep -c "Atelier Deux" "$work/list.$node.csv") $(grep -c "rue du Canari" "$work/list.$node.csv")"
	check "W7-7-same-bytes-at-$node" cmp "$work/list.cress.csv" "$work/list.$node.csv"
done
equal E2-late-data-change-nothing 4 "$(figure cress $month nb_structures_ess pays:auray)"
check E2-nor-the-digest e cress report --month $month --check
e cress report freeze --month 2026-11 --at now --json >"$work/next"
equal E2-they-are-in-the-next-month 5 "$(figure cress 2026-11 nb_structures_ess pays:auray)"
equal E2-and-so-is-what-came-too-late 4 "$(figure cress 2026-11 nb_structures_ess pays:vitre)"
check E2-with-a-note jq -e '.note | test("pole-vitre : 1 changement")' "$work/next"
equal A18-the-note-in-english "pole-vitre: 1 change(s) of before the cut-off of 2026-10, come after it, counted here." \
	"$(LC_ALL=en_US.UTF-8 e cress report --month 2026-11 --territory region:53 | grep '^pole-vitre: ')"
exits W7-no-month-without-a-report 65 e cress report --month 2026-09 --check

say "6. F16: an erasure, and the report of before"
must e auray forget "$secret" --yes
must e auray forget "$contact" --yes
must settle auray vitre cress
sleep 2
equal F16-counts-unchanged 4 "$(figure cress $month nb_structures_ess pays:auray)"
equal F16-the-digest-too "$first" "$(digest_of cress $month)"
check F16-the-check-says-what-is-gone jq -e '.ok and .effaces > 0' <<-EOF
	$(e cress report --month $month --check --json)
EOF
equal F16-today-counts-one-less 4 "$(e cress report --month 2026-11 --live --pays auray --json | jq '.items[] | select(.indicateur == "nb_structures_ess") | .valeur')"
equal F16-no-name-anywhere "" "$(for node in cress auray vitre; do e $node report --month $month --json; done | grep -ci kerzerho | grep -v '^0')"

say "7. F8: on 1 January a commune leaves the Pays; December stays, January changes"
must e cress add territoire code=auray type_territoire=pays "nom=Pays d'Auray" \
	"membres=56007:2016-01-01:2026-12-31|56023|56031" millesime_cog=2027 >/dev/null
equal F8-december-has-it 4 "$(figure cress 2026-12 nb_structures_ess pays:auray)"
equal F8-january-has-not "" "$(figure cress 2027-01 nb_structures_ess pays:auray)"
equal F8-what-is-frozen-does-not-change "4 $first" "$(figure cress $month nb_structures_ess pays:auray) $(digest_of cress $month)"
check F8-and-comes-out-again e cress report --month $month --check

say "   a hub that joins now, and a directory made anew, have the month's list as all others"
must enter fougeres
must settle fougeres auray vitre cress
must stop vitre
must e vitre rebuild >/dev/null
must start vitre
must settle vitre cress
for node in cress auray vitre fougeres; do
	e $node export liste-ess --month $month >"$work/list.$node.csv"
	check "W7-7-the-list-at-the-end-at-$node" cmp "$work/list.cress.csv" "$work/list.$node.csv"
done
equal W7-7-the-list-at-the-end "3 3" "$(grep -c Atelier "$work/list.cress.csv") $(grep -c Verger "$work/list.cress.csv")"

say "8. a figure touched by hand is seen"
uid=$(e cress list mesure --limit 5000 --json | jq -r ".items[] | select(.data.mois == \"$month\" and .data.indicateur == \"nb_structures_ess\" and .data.territoire_code == \"auray\") | .uid")
must e cress set "$uid" valeur=400 >/dev/null
exits W7-a-changed-figure-fails-the-check 1 e cress report --month $month --check
finish
