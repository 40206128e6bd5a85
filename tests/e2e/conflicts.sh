#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A hub comes back from an old backup and edits, before it reaches home, what the lost
# one had edited after that backup: everybody sees both values, until somebody chooses.
. "$(dirname "$0")/lib.sh"

listed() { # NODE: "field shown<other" of each, on one line
	e "$1" conflicts --json | jq -r '[.items[] | .field + " " + .shown.value + "<" + .other.value] | join(", ")'
}
lists() { # NODE WANTED
	[ "$(listed "$1")" = "$2" ]
}
says() { # PATTERN COMMAND...
	says_pattern=$1
	shift
	"$@" 2>&1 | grep -qE "$says_pattern"
}
everywhere() { # NAME WANTED
	for hub in auray morlaix cress; do
		within "$1-at-$hub" 30 lists $hub "$2"
	done
}

must found_cress
must enter auray
must enter morlaix
uid=$(new_event auray "Avant")
autre=$(new_event auray "Autre")
must settle auray cress morlaix
must e auray backup "$work/auray.old" --with-key >/dev/null
must e auray set "$uid" "titre=Perdu" >/dev/null
must e auray set "$autre" "titre=Connu" >/dev/null
must settle auray cress morlaix
everywhere "nothing-to-choose" ""
check "it-says-so" says "aucun désaccord|no conflict" e auray conflicts

crash auray
rm -rf "$work/auray"
must stop cress
must stop morlaix
must e auray restore "$work/auray.old" --listen "127.0.0.1:$port_auray" >/dev/null
must start auray
must e auray set "$uid" "titre=Revenu" >/dev/null
must start cress
must start morlaix
must settle auray cress morlaix
everywhere "both-are-listed" "titre Revenu<Perdu"
for hub in auray morlaix cress; do
	equal "one-is-shown-at-$hub" Revenu "$(value $hub "$uid" titre)"
	equal "an-unseen-edit-alone-is-none-at-$hub" Connu "$(value $hub "$autre" titre)"
done
equal "whose-and-of-which-generation" "$(hub_title auray) 2 1" \
	"$(e cress conflicts --json | jq -r '.items[0] | .shown.by.name + " \(.shown.generation) \(.other.generation)"')"
check "a-line-for-people" says "$uid.*titre.*Revenu.*Perdu" e cress conflicts
check "and-what-to-do" says "essaim set UID" e cress conflicts
check "folded-anew" e cress rebuild
everywhere "still-listed" "titre Revenu<Perdu"

# Editing something else decides nothing; saying the shown value once more does.
must e auray set "$autre" "titre=Suite" >/dev/null
must settle auray cress morlaix
everywhere "not-decided-by-another-edit" "titre Revenu<Perdu"
check "chosen" e auray set "$uid" "titre=Revenu"
must settle auray cress morlaix
everywhere "decided" ""
equal "the-chosen-one-stands" Revenu "$(value morlaix "$uid" titre)"
all_well after auray cress morlaix
finish
