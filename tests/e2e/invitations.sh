#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a person may do wrong: one clear line, the documented exit code, nothing
# burnt, nothing changed.
. "$(dirname "$0")/lib.sh"

must found_cress
code=$(invitation auray --approve)
spare=$(invitation morlaix --approve)

# A directory that has a node.
exits "init-where-a-node-is" 78 e cress init --cress --name X --region 53
must join auray "$code"
exits "join-where-a-node-is" 78 e auray join "$spare" --accept-charter
must start auray
check "the-spare-one-is-not-burnt" join morlaix "$spare"
must start morlaix

# Used, expired, mistyped, foreign.
exits "used" 77 e vitre join "$code" --accept-charter
short=$(invitation vitre --expires 1)
sleep 2
exits "expired" 77 e vitre join "$short" --accept-charter
good=$(invitation vitre --approve)
case $good in
*2) wrong=${good%?}3 ;;
*) wrong=${good%?}2 ;;
esac
exits "mistyped" 65 e vitre join "$wrong" --accept-charter
exits "not-an-invitation" 65 e vitre join BONJOUR --accept-charter
exits "no-terminal-and-no-consent" 64 e vitre join "$good"

# Foreign: another federation answers at the address that the invitation names.
stop cress
mv "$work/cress" "$work/first"
e cress init --cress --name "Autre région" --region 53 --listen "127.0.0.1:$port_cress" >/dev/null
must start cress
exits "foreign" 77 e vitre join "$good" --accept-charter
other=$(invitation vitre)
stop cress
rm -rf "$work/cress"
mv "$work/first" "$work/cress"
must start cress
exits "unknown-here" 77 e vitre join "$other" --accept-charter
within "the-cress-has-heard-its-members" 30 e cress invite --pays fougeres --name X
check "nothing-was-burnt" join vitre "$good"
must start vitre
stop cress
exits "home-unreachable" 69 e brest join "$spare" --accept-charter
check "and-leaves-nothing" test ! -e "$work/brest/node.key"
stop vitre
must start cress
# A CRESS that starts first hears its members (L11).
exits "invite-while-members-are-awaited" 75 e cress invite --pays fougeres --name X
must start vitre
within "the-members-are-heard" 30 e cress invite --pays fougeres --name X

# A request that the CRESS denies.
asked=$(invitation fougeres)
must join fougeres "$asked"
must start fougeres
within "the-request-is-shown" 10 sh -c "'$bin/essaim' --data '$work/cress' members --json | jq -e '.requests[] | select(.pays == \"fougeres\")'"
check "deny" e cress deny fougeres
within "the-hub-knows-and-says-it-once" 60 sh -c "'$bin/essaim' --data '$work/fougeres' status --json | jq -e '[.alerts[].code] == [\"DENIED\"]'"
check "its-state-says-it-too" sh -c "LC_ALL=C.UTF-8 '$bin/essaim' --data '$work/fougeres' status | grep -q '^state  *the CRESS has refused the request to join'"

# Programs and options.
exits "a-second-essaimd" 75 "$bin/essaimd" --data "$work/cress"
exits "essaimd-wrong-option" 64 "$bin/essaimd" --nonsense
exits "essaimd-without-a-node" 78 "$bin/essaimd" --data "$work/nowhere"
exits "wrong-option" 64 e auray list structure --nonsense
exits "wrong-command" 64 e auray nonsense
exits "missing-argument" 64 e auray show
exits "init-without-a-name" 64 e brest init --cress --region 53
exits "unknown-region" 65 e brest init --cress --name X --region 999
exits "no-daemon" 69 "$bin/essaim" --data "$work/nowhere" status
exits "help" 0 "$bin/essaim" --help
exits "help-of-a-command" 0 "$bin/essaim" import --help
exits "unknown-kind" 65 e auray list licorne
exits "unknown-field" 65 e auray add structure nom=Atelier couleur=bleu
exits "unknown-record" 65 e auray show 01K4HTSQMMX0RGNNS11S0MADB7
exits "invite-by-a-hub" 77 e auray invite --pays brest --name X
exits "unknown-pays" 65 e cress invite --pays narnia --name X
exits "unreadable-file" 74 e auray import structure "$work/absent.csv"
exits "a-folder-as-file" 74 e auray import structure "$work"
printf 'nom;type_acteur\nX\0Y;ess\n' >"$work/bad.csv"
exits "a-file-with-a-nul" 65 e auray import structure "$work/bad.csv"
before=$(digest auray public)
equal "nothing-has-changed" "$before" "$(digest auray public)"
equal "no-structure-came" 0 "$(records auray structure)"

# Rejected lines: all or nothing, and a file that says why.
{
	head -n 4 "$sample/pole-fougeres/structures.csv"
	sed -n 5p "$sample/pole-fougeres/structures.csv" | sed -E 's/,(association|cooperative|societe_commerciale_ess|mutuelle|fondation)?,(de_droit|sous_condition|justifie|hors_ess)?,/,licorne,\2,/'
} | sed 's/,pole-fougeres,/,pole-auray,/' >"$work/lines.csv"
exits "dry-run-says-65" 65 e auray import structure "$work/lines.csv" --dry-run
equal "dry-run-writes-nothing" 0 "$(records auray structure)"
exits "a-rejected-line" 65 e auray import structure "$work/lines.csv"
equal "all-or-nothing" 0 "$(records auray structure)"
check "the-rejects-are-left" test -s "$work/lines.csv.rejets.csv"
check "skip-rejected" e auray import structure "$work/lines.csv" --skip-rejected
within "the-others-are-written" 10 holds auray structure 3
must synced auray
seq_before=$(fact auray '[.logs[].seq] | add')
check "again-changes-nothing" e auray import structure "$work/lines.csv" --skip-rejected
sleep 1
equal "again-seals-nothing" "$seq_before" "$(fact auray '[.logs[].seq] | add')"

# A full disk.
unmount() {
	umount "$work/full" 2>/dev/null
}
mkdir -p "$work/full"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=3m tmpfs "$work/full" 2>/dev/null; then
	full_code=$(invitation brest --approve)
	e full join "$full_code" --accept-charter >/dev/null
	must start full
	synced full
	full_before="$(records full structure) $(digest full public)"
	head -c 10m /dev/zero >"$work/full/ballast" 2>/dev/null
	exits "full-disk-import" 74 e full import structure "$sample/pole-vitre/structures.csv"
	equal "full-disk-nothing-changed" "$full_before" "$(records full structure) $(digest full public)"
	check "full-disk-still-answers" e full status
	digest=$(fact full .directory.digest.public)
	exits "full-disk-rebuild" 74 e full rebuild
	equal "full-disk-rebuild-changes-nothing" "$digest" "$(fact full .directory.digest.public)"
	exits "full-disk-verify-is-no-damage" 74 e full verify
	rm -f "$work/full/ballast"
	check "room-again" e full add evenement type_evenement=atelier titre=Place \
		debut=2026-12-01T10:00:00+01:00 fin=2026-12-01T12:00:00+01:00
	check "room-again-synced" synced full
	stop full
	mkdir -p "$work/full/x"
	head -c 10m /dev/zero >"$work/full/ballast" 2>/dev/null
	exits "full-disk-init" 74 "$bin/essaim" --data "$work/full/x" init --cress --name X --region 53
	unmount
else
	skipped full-disk "a small tmpfs needs root and mount"
fi
check "all-are-well" settle auray morlaix
finish
