#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A thousand at once: bounded and refused beyond, and the unix socket answers all the while.
. "$(dirname "$0")/lib.sh"

must found cress
must start cress
answers() {
	timeout 5 "$bin/essaim" --data "$work/cress" status --json >/dev/null
}

# 1,000 pages that listen, and idle.
raw crowd 1000 "$work/ready" "$work/enough" >"$work/crowd" &
within hostile-1000-have-asked 30 test -e "$work/ready"
equal hostile-64-listen "200:64 503:936" "$(cat "$work/crowd")"
check hostile-the-socket-answers answers
equal hostile-so-does-the-page 200 "$(code /)"
equal hostile-the-next-is-refused-and-told-when "503 15" "$(code /events) $(says /events Retry-After)"
check hostile-work-goes-on e cress add structure type_acteur=ess nom=Sein code_insee=29083
touch "$work/enough"
listens() {
	[ "$(curl -s -N --max-time 1 -o /dev/null -w '%{http_code}' "$at/events")" = 200 ]
}
within hostile-when-they-have-gone-there-is-room 25 listens

# 1,000 that say nothing at all: whoever comes after them waits for a moment, not for ever.
raw mute 1000 "$work/mute-ready" "$work/mute-enough" >/dev/null &
within hostile-1000-say-nothing 20 test -e "$work/mute-ready"
check hostile-the-socket-answers-them-being-there answers
page_answers() {
	[ "$(code / --max-time 3)" = 200 ]
}
within hostile-and-the-page-in-a-while 25 page_answers
touch "$work/mute-enough"

finish
