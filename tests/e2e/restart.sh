#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A CRESS that starts waits for its members before it signs (L11), and signs in a
# generation of its own (L14); a hub's local log needs nobody (L10).
. "$(dirname "$0")/lib.sh"

control() { # NODE: "generation seq" of its control log
	fact "$1" '.logs[] | select(.scope=="control") | "\(.generation) \(.seq)"'
}
local_seq() {
	fact "$1" '.logs[] | select(.scope=="local") | .seq'
}

must found_cress
must enter auray
must enter fougeres
must synced auray fougeres cress
before=$(control cress)
stop auray
stop fougeres
stop cress
must start cress

# Nobody has been heard: nothing is signed, and the answer names who is awaited.
exits "invite-while-members-are-awaited" 75 e cress invite --pays brest --name Brest
says_awaited() {
	e cress status | grep -q 'alert AWAITING: .* more hubs\{0,1\} before it signs: Pôle[^"\[]*$'
}
check "the-alert-names-them-in-words" says_awaited
check "the-awaited-are-named" grep -q "Auray" "$work/exits.err"
equal "its-state-says-so" waiting "$(fact cress .state)"
equal "an-alert-says-so" AWAITING "$(fact cress '.alerts[0].code')"
must start auray
must synced auray
exits "one-of-two-is-not-enough" 75 e cress invite --pays brest --name Brest
equal "nothing-was-signed" "$before" "$(control cress)"

# A hub's own log goes on meanwhile, and the rest is acknowledged.
local_before=$(local_seq auray)
uid=$(new_event auray "Repas partagé")
must e auray set "$uid" portee=local >/dev/null
equal "the-local-log-waits-for-nobody" "$((local_before + 1))" "$(local_seq auray)"
check "edits-are-acknowledged-meanwhile" synced auray

must start fougeres
must synced auray fougeres cress
check "all-are-heard-it-invites" e cress invite --pays brest --name Brest
equal "a-control-generation-of-its-own" "$((${before% *} + 1))" "$(control cress | cut -d' ' -f1)"
check "the-seq-goes-on" test "$(control cress | cut -d' ' -f2)" -gt "${before#* }"
must synced auray fougeres
equal "the-hubs-follow" "$(control cress)" "$(control auray)"
equal "no-session-was-dropped-for-it" "{}" "$(fact cress '.refused | tostring')"
check "a-second-invitation" e cress invite --pays brest --name Brest
equal "opens-no-further-generation" "$((${before% *} + 1))" "$(control cress | cut -d' ' -f1)"
check "cress-verifies" e cress verify
check "auray-verifies" e auray verify
finish
