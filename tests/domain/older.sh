#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# F9: nodes of an earlier version, without one kind (territoire) and one field
# (offre.public) of the schema, in the middle of a federation: they keep and forward
# what they do not know, and show it once upgraded.
. "$(dirname "$0")/../e2e/lib.sh"

if [ ! -x "$build/former/essaimd" ]; then
	skipped "F9-older-node $build/former/essaimd is not built here (sanitizers, coverage)"
	finish
fi
former() { # NODE: starts, with the earlier version
	mkdir -p "$work/Former"
	ln -sf "$build/former/essaimd" "$work/Former/essaimd"
	ln -sf "$build/bin/essaim" "$work/Former/essaim"
	now=$bin
	bin=$work/Former
	start "$1"
	former_code=$?
	bin=$now
	return $former_code
}
level() { # those who are awake
	synced "$@" && synced "$@"
}
wire() { # NODE: heads of the logs that others wrote too, as it holds them
	e "$1" status --json | jq -c '[.logs[] | select(.scope == "public" or .scope == "federation") | [.id, .seq, .head]] | sort'
}
same_wire() {
	[ "$(wire "$1")" = "$(wire "$2")" ]
}

must found_cress
must enter auray
must enter morlaix
must enter vitre
must settle auray morlaix vitre cress
stop vitre
stop auray
must former auray
must level auray morlaix
check "F9-the-older-one-does-not-know-the-kind" sh -c "! '$bin/essaim' --data '$work/auray' list territoire"

# Written by those who know: a kind at the CRESS, a field at Morlaix.
t=$(e cress add territoire code=auray type_territoire=pays "nom=Pays d'Auray" "membres=56007:2026-01-01:" --json | jq -r .uid)
s=$(e morlaix add structure type_acteur=ess "nom=Les Bénévoles" code_insee=29151 --json | jq -r .uid)
o=$(e morlaix add offre structure_uid="$s" "titre=Comptabilité" filiere=conseil_formation type_offre=formation public=benevoles --json | jq -r .uid)
must level morlaix auray
within "F9-it-holds-the-same-logs" 30 same_wire auray cress
equal "F9-it-shows-what-it-knows" "Comptabilité null" "$(e auray show "$o" --json | jq -r '"\(.data.titre) \(.data.public)"')"
equal "F9-and-the-rest-by-number" benevoles "$(e auray show "$o" --json | jq -r .data.champ_30)"
equal "F9-an-unknown-kind-too" kind_57 "$(e auray show "$t" --json | jq -r .kind)"
check "F9-it-still-answers" e auray search comptabilite
check "F9-it-verifies" e auray verify
check "F9-it-writes-on" work_one auray "Toujours là"

# Home is away: Vitré, which slept, gets it from the older one.
must level auray morlaix
stop cress
stop morlaix
must start vitre
must e vitre connect auray "127.0.0.1:$port_auray" >/dev/null
within "F9-it-forwards-the-field" 30 shows vitre "$o" public benevoles
within "F9-it-forwards-the-kind" 30 shows vitre "$t" nom "Pays d'Auray"

# A record that it does not fully know is rewritten by its own hub; nothing of it is lost.
must start cress
must start morlaix
check "F9-edited-by-its-hub" e morlaix set "$o" "titre=Comptabilité des associations"
must settle auray morlaix vitre cress
equal "F9-the-field-stays" "Comptabilité des associations benevoles" "$(e auray show "$o" --json | jq -r '"\(.data.titre) \(.data.champ_30)"')"
check "F9-same-digests" same_digests auray morlaix vitre cress

# Upgraded: it folds again and shows everything.
stop auray
must start auray
within "F9-upgraded-it-shows-the-field" 30 shows auray "$o" public benevoles
within "F9-upgraded-it-shows-the-kind" 30 shows auray "$t" nom "Pays d'Auray"
must settle auray morlaix vitre cress
check "F9-and-the-digests-are-the-same" same_digests auray morlaix vitre cress

# The other way round: home itself is older.
stop cress
must former cress
must level auray morlaix vitre
check "F9-home-is-older" e morlaix set "$o" public=elus
must settle auray morlaix vitre cress
within "F9-an-older-home-forwards-it" 30 shows vitre "$o" public elus
finish
