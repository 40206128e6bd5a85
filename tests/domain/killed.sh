#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# F11 for a folder of several tables: killed at 60 %, whoever is killed, nothing of any
# table has changed, and it can be repeated.
. "$(dirname "$0")/../e2e/lib.sh"
hub=$work/morlaix
dir=$work/folder

must found_cress
must enter morlaix
must synced morlaix cress
mkdir "$dir"
awk -v dir="$dir" 'BEGIN {
	structures = dir "/structures.csv"; contacts = dir "/contacts.csv"; offers = dir "/offres.csv"; needs = dir "/besoins.csv"
	print "uid,pole,type_acteur,nom,code_insee,description" >structures
	print "uid,structure_uid,pole,nom,courriel" >contacts
	print "uid,structure_uid,pole,titre,filiere,type_offre" >offers
	print "uid,structure_uid,pole,titre,filiere,type_besoin" >needs
	for (i = 0; i < 8000; i++) {
		uid = sprintf("01KWK1%020d", i)
		printf "%s,pole-morlaix,ess,Amicale %d,29151,%0100d\n", uid, i, i >structures
		printf "01KWK2%020d,%s,pole-morlaix,Personne %d,p%d@exemple.example\n", i, uid, i, i >contacts
		printf "01KWK3%020d,%s,pole-morlaix,Offre %d,espaces_verts,service\n", i, uid, i >offers
		printf "01KWK4%020d,%s,pole-morlaix,Besoin %d,espaces_verts,achat\n", i, uid, i >needs
	}
}'
all() { # how many of each kind there are
	for kind in structure contact offre besoin; do
		echo "$(records morlaix $kind)"
	done | tr '\n' ' '
}
past() { # PERCENT
	curl -s --unix-socket "$hub/essaim.sock" http://x/api/v1/progress |
		jq -e "select(.what==\"import\" and .total>0) | .done * 100 / .total >= $1" >/dev/null
}
# Begins the import; returns past 60 %, while it is still going on.
begin() {
	e morlaix import all "$dir" --quiet >/dev/null 2>&1 &
	client=$!
	until past 60; do
		kill -0 $client 2>/dev/null || return 1
	done
}
idle() {
	curl -s --unix-socket "$hub/essaim.sock" http://x/api/v1/progress | jq -e '.what == ""' >/dev/null
}
before=$(all)
check F11-a-folder-is-past-60-percent begin
crash morlaix
wait $client
must start morlaix
equal F11-the-daemon-killed-then-has-changed-nothing-in-any-table "$before" "$(all)"
check F11-its-database-is-whole e morlaix verify
check F11-past-60-percent-once-more begin
pid=$(pgrep -P $client -x essaim || echo $client)
kill -KILL $pid
wait $client 2>/dev/null
within F11-the-daemon-leaves-off 30 idle
must synced morlaix
equal F11-the-command-killed-then-has-changed-nothing-in-any-table "$before" "$(all)"
equal F11-and-nothing-waits-to-be-sealed 0 "$(fact morlaix .outbox)"
# While it is sealed and folded, who asks is told how far it is.
busy() {
	[ "$(e morlaix status --json 2>/dev/null | jq .outbox)" -gt 0 ]
}
e morlaix import all "$dir" --quiet >/dev/null 2>&1 &
client=$!
within F11-status-answers-before-the-end 60 busy
wait $client
equal F11-repeated-it-goes-in 0 $?
equal F11-and-again-it-changes-nothing "0 0 32000 0" \
	"$(e morlaix import all "$dir" --json | jq -r '.counts | "\(.nouveaux) \(.modifies) \(.inchanges) \(.rejete)"')"
equal F11-all-of-every-table-is-there "8000 8000 8000 8000 " "$(all)"
check F11-all-of-it-verifies e morlaix verify
finish
