#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A value that was published is taken home: by the record's portee, by
# champs_locaux, by statut_diffusion. The others lose it and are named; it may be
# given again.
. "$(dirname "$0")/lib.sh"

must found_cress
must enter auray
must enter morlaix
must e auray import structure "$sample/pole-auray/structures.csv" >/dev/null
must e auray import contact "$sample/pole-auray/contacts.csv" >/dev/null
must settle auray morlaix cress
uid=$(first_with "$sample/pole-auray/structures.csv" statut_diffusion O)
secret=Secret$(od -An -N13 -tx1 /dev/urandom | tr -d ' \n')

absent() { # NODE UID FIELD: the record is there, the field has no value
	[ "$(e "$1" show "$2" --json | jq ".data | has(\"$3\") and .$3 != null")" = false ]
}
gone() { # NODE UID
	! e "$1" show "$2" >/dev/null 2>&1
}

# champs_locaux.
must e auray set "$uid" "description=$secret" >/dev/null
must settle auray morlaix cress
equal "published-first" "$secret" "$(value morlaix "$uid" description)"
e auray set "$uid" champs_locaux=description --json >"$work/narrow.json"
equal "names-who-still-has-it" yes \
	"$(jq -e '.encore_chez | length >= 1' "$work/narrow.json" >/dev/null && echo yes)"
check "says-it-in-words" sh -c "'$bin/essaim' --data '$work/auray' set '$uid' 'champs_locaux=description|telephone' | grep -Eqi 'cress|morlaix'"
must settle auray morlaix cress
equal "kept-at-home" "$secret" "$(value auray "$uid" description)"
check "the-cress-loses-it" absent cress "$uid" description
check "the-other-hub-loses-it" absent morlaix "$uid" description
check "telephone-too" absent cress "$uid" telephone
nowhere_else() { # TEXT: in no file of the others, journal and WAL included
	! LC_ALL=C grep -aqF -- "$1" "$work"/cress/* "$work"/morlaix/* 2>/dev/null
}
within "in-none-of-their-files" 30 nowhere_else "$secret"
check "digests-agree" same_digests auray morlaix cress
later=Plus$(od -An -N13 -tx1 /dev/urandom | tr -d ' \n')
must e auray set "$uid" "description=$later" >/dev/null
must settle auray morlaix cress
equal "later-edits-stay-home" 0 "$(cat "$work/cress"/journal.db* "$work/morlaix"/journal.db* "$work/cress"/directory.db* | LC_ALL=C grep -acF "$later")"
must e auray set "$uid" champs_locaux= >/dev/null
must settle auray morlaix cress
equal "widened-again" "$later" "$(value morlaix "$uid" description)"

# statut_diffusion P takes the address home (R16).
must e auray set "$uid" "adresse=12 rue du Secret" >/dev/null
must settle auray morlaix cress
equal "an-address-is-public" "12 rue du Secret" "$(value cress "$uid" adresse)"
must e auray set "$uid" statut_diffusion=P >/dev/null
must settle auray morlaix cress
check "the-address-goes-home" absent cress "$uid" adresse
equal "the-address-at-home" "12 rue du Secret" "$(value auray "$uid" adresse)"
must e auray set "$uid" statut_diffusion=O >/dev/null
must settle auray morlaix cress
equal "the-address-is-back" "12 rue du Secret" "$(value morlaix "$uid" adresse)"

# portee: public, federation, cress, local, and back.
e auray set "$uid" portee=federation >/dev/null
must settle auray morlaix cress
equal "members-keep-it" "$later" "$(value morlaix "$uid" description)"
equal "its-scope" federation "$(e morlaix show "$uid" --json | jq -r .scope)"
e auray set "$uid" portee=cress --json >"$work/narrow.json"
equal "the-hub-is-named" yes "$(jq -e '.encore_chez | length >= 1' "$work/narrow.json" >/dev/null && echo yes)"
must settle auray morlaix cress
check "the-other-hub-loses-the-record" gone morlaix "$uid"
equal "the-cress-keeps-it" "$later" "$(value cress "$uid" description)"
e auray set "$uid" portee=local >/dev/null
must settle auray morlaix cress
check "the-cress-loses-the-record" gone cress "$uid"
within "no-byte-of-it-remains-there" 30 nowhere_else "$later"
equal "home-keeps-it" "$later" "$(value auray "$uid" description)"
equal "one-structure-less" "$(($(records auray structure) - 1))" "$(records cress structure)"
check "digests-still-agree" same_digests auray morlaix cress
e auray set "$uid" portee=public >/dev/null
must settle auray morlaix cress
equal "public-again" "$later" "$(value morlaix "$uid" description)"
for node in auray morlaix cress; do
	check "$node-verifies" e $node verify
done
finish
