#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Work goes on while others are away, and reaches them when they are back.
. "$(dirname "$0")/lib.sh"

must found_cress
must enter auray
must enter morlaix
must synced auray morlaix cress
must e auray import evenement "$sample/pole-auray/evenements.csv" >/dev/null
must synced auray cress morlaix
uid=$(first_with "$sample/pole-auray/evenements.csv" statut realise)
check "all-have-the-import" shows morlaix "$uid" statut realise

# The CRESS is away.
stop cress
check "edit-while-home-is-away" e auray set "$uid" "titre=Buzz d'hiver"
equal "the-hub-shows-its-edit-at-once" "Buzz d'hiver" "$(value auray "$uid" titre)"
equal "the-edit-waits-in-the-outbox" 1 "$(fact auray .outbox)"
equal "the-hub-is-offline-or-connecting" yes \
	"$(fact auray .state | grep -qE 'offline|connecting' && echo yes)"
exits "wait-says-try-later" 75 e auray wait --synced --timeout 1
check "the-timeout-names-the-cress" grep -q "CRESS Bretagne" "$work/exits.err"
in_words() { # LOCALE PATTERN
	LC_ALL=$1 "$bin/essaim" --data "$work/auray" status | grep -qE "$2"
}
within "status-says-since-when-the-cress-is-away" 15 in_words C.UTF-8 '^the CRESS +has not been heard for [0-9]+ s, next try in'
within "and-in-french" 15 in_words fr_FR.UTF-8 '^la CRESS +ne répond pas depuis [0-9]+ s, prochain essai dans'
within "its-state-in-french" 15 in_words fr_FR.UTF-8 'CRESS Bretagne +hors ligne'
check "an-empty-log-has-no-age" in_words C.UTF-8 '^  local +pole-auray +0 +[A-Z0-9]+$'
check "json-says-since-when" sh -c "'$bin/essaim' --data '$work/auray' status --json | jq -e '.home | .heard == false and (.since | test(\"^20\"))'"
within "after-a-minute-an-alert" 75 has_alert auray HOME_AWAY
must start cress
check "synced-once-home-is-back" synced auray cress morlaix
check "status-says-that-the-copy-is-the-same" in_words C.UTF-8 '^the CRESS +has the same as this node, for'
check "the-alert-is-gone" sh -c "! '$bin/essaim' --data '$work/auray' status --json | jq -e '.alerts[] | select(.code == \"HOME_AWAY\")'"
within "the-cress-has-it" 10 shows cress "$uid" titre "Buzz d'hiver"
within "the-other-hub-has-it" 10 shows morlaix "$uid" titre "Buzz d'hiver"
equal "the-outbox-is-empty" 0 "$(fact auray .outbox)"

# Morlaix is away, Auray edits, home acknowledges and goes away: Auray serves Morlaix.
stop morlaix
must e auray set "$uid" "titre=Buzz de printemps" >/dev/null
must synced auray
stop cress
must start morlaix
equal "not-there-before" "Buzz d'hiver" "$(value morlaix "$uid" titre)"
must e morlaix connect auray "127.0.0.1:$port_auray" >/dev/null
within "a-hub-serves-a-hub" 15 shows morlaix "$uid" titre "Buzz de printemps"

# Two hubs, one edit each, both away from home, then all together.
mine=$(new_event morlaix "Atelier à Morlaix")
must e auray set "$uid" "titre=Buzz d'été" >/dev/null
equal "what-home-has-not-seen-is-not-passed-on" "Buzz de printemps" "$(value morlaix "$uid" titre)"
must start cress
check "all-synced" settle auray morlaix cress
check "digests-agree" same_digests auray morlaix cress
equal "auray-reached-morlaix" "Buzz d'été" "$(value morlaix "$uid" titre)"
equal "morlaix-reached-auray" "Atelier à Morlaix" "$(value auray "$mine" titre)"

# Nobody edits another's record.
exits "another-hubs-record" 77 e morlaix set "$uid" titre=Volé
must e auray rm "$uid" >/dev/null
must settle auray morlaix cress
exits "a-deleted-record-is-gone-everywhere" 65 e morlaix show "$uid"
check "a-graceful-stop-is-quick" stop auray
finish
