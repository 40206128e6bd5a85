#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W8: a new Pays, from the invitation to its end, with what each person types and sees.
# Lines of people begin with "--- PLACE $ essaim ..."; the checks are between them.
. "$(dirname "$0")/../e2e/lib.sh"

: >"$work/typed"
say() { # NODE COMMAND...: what a person types, and what it prints
	say_node=$1
	shift
	echo "$say_node $*" >>"$work/typed"
	LC_ALL=fr_FR.UTF-8 e "$say_node" "$@" >"$work/say.out" 2>"$work/say.err"
	say_code=$?
	{
		echo "--- $say_node \$ essaim $*"
		cat "$work/say.out" "$work/say.err"
	} | sed -E 's/ESSAIM1-[0-9A-Z-]*/ESSAIM1-.../; 15,$d' >&3
	cat "$work/say.out"
	cat "$work/say.err" >&2
	return $say_code
}
typed() { # NODE: how many commands so far
	grep -c "^$1 " "$work/typed"
}
step() {
	echo
	echo "=== $*"
}
accept_all() { # NODE: every hand-over that waits
	for accept_no in $(e "$1" proposals --json | jq -r '.items[] | select(.type == "cession" and .state == "open" and .for_us and (.waits | not)) | .no'); do
		say "$1" accept "$accept_no" >/dev/null || return 1
	done
}
offered() { # NODE COUNT
	[ "$(e "$1" proposals --json | jq '[.items[] | select(.type == "cession" and .state == "open" and .for_us and (.waits | not))] | length')" = "$2" ]
}
owned() { # NODE OWNER: structures it shows as that one's
	e "$1" list structure --limit 1000 --json | jq --arg o "$2" '[.items[] | select(.owner == $o)] | length'
}
own() { # NODE OWNER COUNT
	[ "$(owned "$1" "$2")" = "$3" ]
}

region 1 auray morlaix
# The CRESS keeps the structures of communes where there is no hub yet.
for name in "Les Voiles de Brest" "Ressourcerie du Ponant" "Crêperie solidaire"; do
	must e cress add structure type_acteur=ess "nom=$name" code_insee=29019 >/dev/null 2>&1
done
must settle cress auray morlaix
cress=$(e cress list structure --json | jq -r '.items[0].owner')
began=$(date +%s%N)

step "1. Le territoire : ses communes, datées, dans aucun autre Pays"
check "W8-the-territory" say cress territory add brest
equal "W8-has-its-communes" "$(grep -c '^brest,' "$root/conf/reference/pays_communes.csv")" "$(e cress territory --json | jq '.items[] | select(.code == "brest") | .communes')"

step "2. Une invitation, une fois, 7 jours"
say cress invite --pays brest --name "Pôle ESS du Pays de Brest" >"$work/said" 2>&1
code=$(grep -o 'ESSAIM1-[0-9A-Z-]*' "$work/said" | head -n 1)
check "W8-an-invitation" test -n "$code"
check "W8-of-7-days" grep -q "$(date -u -d '+7 days' +%F)\|$(date -d '+7 days' +%F)" "$work/said"

step "3. Au pôle : ses clés, et la charte, lue et acceptée"
free_port
port_brest=$port
say brest join "$code" --accept-charter --listen "127.0.0.1:$port_brest" >"$work/brest.join"
check "W8-the-charter-was-shown" grep -q "CHARTE DE COOPÉRATION" "$work/brest.join"
check "W8-with-the-note-of-article-26" grep -q "l'article 26" "$work/brest.join"
check "W8-that-splits-the-duties" grep -q "répartissent les obligations" "$work/brest.join"
equal "W8-keys-are-the-machines-own" 600 "$(stat -c %a "$work/brest/node.key")"
exits "W8-an-invitation-serves-once" 77 e autre join "$code" --accept-charter --listen 127.0.0.1:1
must start brest

step "4. Au téléphone : le pôle lit son empreinte, la CRESS la compare"
print=$(grep -Eo '([0-9A-Z]{4}-){3}[0-9A-Z]{4}' "$work/brest.join" | tail -n 1)
waits() {
	e cress members --json | jq -e --arg f "$print" '[.requests[] | select(.fingerprint == $f and .state == "waiting")] | length == 1'
}
within "W8-both-sides-print-the-same" 20 waits
its_row() { # PATTERN: what status says of the CRESS
	LC_ALL=fr_FR.UTF-8 "$bin/essaim" --data "$work/brest" status | grep -q "^la CRESS  *$1"
}
within "W8-who-waits-is-not-told-that-the-cress-is-away" 10 its_row "répond ; l'échange n'a pas encore commencé"
say cress members >/dev/null
check "W8-approved" say cress approve brest
must settle brest cress
signed_charter() { # digest and signature of the acceptance, in the entry that lets it in
	[ "$(e cress tail --limit 1000 --json | jq -c 'select(.op == "member" and .fields.champ_3 == "brest") | [.fields.champ_9, .fields.champ_11] | map(type)' | tail -n 1)" = '["string","string"]' ]
}
check "W8-the-accepted-charter-is-in-the-log" signed_charter

step "5. La CRESS cède au pôle les structures de ses communes (W4)"
check "W8-seed" say cress hand-over --pays brest brest
must settle cress brest
within "W8-they-are-offered" 20 offered brest 3
say brest proposals >/dev/null
check "W8-the-hub-accepts" accept_all brest
must settle brest cress auray morlaix
within "W8-they-are-its-own" 20 own brest pole-brest 3
within "W8-everywhere" 20 own auray pole-brest 3

step "6. Premier import (W1) : d'abord à blanc"
printf 'nom;type_acteur;code_insee;siret\nAtelier du Port;ess;29019;35600000000048\nLes Embruns;ess;29019;\nSans commune;ess;;\n' >"$work/brest.csv"
exits "W8-dry-run" 65 say brest import structure "$work/brest.csv" --dry-run
equal "W8-nothing-written" 3 "$(owned brest pole-brest)"
check "W8-first-import" say brest import structure "$work/brest.csv" --skip-rejected
equal "W8-two-lines-came-in" 5 "$(owned brest pole-brest)"

step "7. Échange d'essai, dans les deux sens"
must new_event brest "Essai de Brest" >"$work/there"
must new_event cress "Essai de la CRESS" >"$work/back"
check "W8-exchange" settle brest cress
check "W8-there" shows cress "$(cat "$work/there")" titre "Essai de Brest"
check "W8-and-back" shows brest "$(cat "$work/back")" titre "Essai de la CRESS"

step "8. Actif : annoncé à tous les pôles"
must settle auray morlaix
for hub in auray morlaix; do
	equal "W8-$hub-lists-it" active "$(e $hub members --json | jq -r '.members[] | select(.pays == "brest") | .state')"
	within "W8-$hub-is-told" 10 has_alert $hub NEW_MEMBER
	equal "W8-$hub-has-typed-nothing" 0 "$(typed $hub)"
done
e auray status --json | jq -r '.alerts[] | select(.code == "NEW_MEMBER") | "auray, essaim status : " + .text'
took=$((($(date +%s%N) - began) / 1000000))
echo "commandes tapées : CRESS $(typed cress), Brest $(typed brest), autres pôles $(($(typed auray) + $(typed morlaix))) ; temps machine $((took / 1000)),$(printf %03d $((took % 1000))) s"

step "Chemin inverse : suspendu, sa file reste, il ne lit plus"
check "W8-suspend" say cress suspend brest
within "W8-it-is-told" 20 has_alert brest SUSPENDED
must work_some brest 2 Suspendu
must work_some auray 1 Pendant
must settle auray morlaix cress
sleep 1
equal "W8-its-queue-is-kept" true "$([ "$(outbox brest)" -ge 2 ] && echo true)"
check "W8-it-reads-no-more" sh -c "! '$bin/essaim' --data '$work/brest' list evenement --limit 1000 --json | grep -q Pendant"
check "W8-resume" say cress resume brest
must settle brest cress auray morlaix
check "W8-nothing-is-lost" holds_work auray brest
check "W8-it-reads-again" holds_work brest auray

step "Fermé : tout revient à la CRESS, puis le pôle sort"
check "W8-hand-over-of-all" say brest hand-over --pays brest bretagne
must settle brest cress
within "W8-the-cress-is-asked" 20 offered cress 5
check "W8-it-accepts" accept_all cress
must settle cress brest auray morlaix
within "W8-they-are-the-cresss" 20 own auray "$cress" 5
check "W8-closed" say cress revoke brest --yes
within "W8-its-machine-is-told" 20 has_alert brest REVOKED
must settle auray morlaix cress
equal "W8-nothing-of-it-is-lost" 5 "$(owned morlaix "$cress")"

step "Machine volée : la clé est retirée, à une coupe"
kept=$(head -n 1 "$work/morlaix.acked" | cut -d ' ' -f 1)
stop morlaix
check "W8-the-key-is-revoked" say cress revoke morlaix --yes
must settle cress auray
cut() { # up to where its public log counts
	fact cress '[.logs[] | select(.author == "pole-morlaix" and .scope == "public") | .cut] | first'
}
check "W8-at-a-cut" test "$(cut)" -ge 1
must start morlaix
must new_event morlaix "Écrit par le voleur" >"$work/thief"
within "W8-the-thief-is-turned-away" 20 has_alert morlaix REVOKED
sleep 1
for node in cress auray; do
	exits "W8-what-he-writes-is-nowhere-$node" 65 e $node show "$(cat "$work/thief")"
	check "W8-what-came-before-stays-$node" e $node show "$kept"
	equal "W8-the-log-stops-at-the-cut-$node" "$(cut)" "$(fact $node '[.logs[] | select(.author == "pole-morlaix" and .scope == "public") | .seq] | first')"
done
check "W8-all-agree" same_digests cress auray
finish
