#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Strangers at the door of the CRESS: refused, counted under the right reason,
# bounded in time and memory, the others unharmed. essaim-hostile is the stranger.
. "$(dirname "$0")/lib.sh"
hostile=$bin/essaim-hostile
[ -x "$hostile" ] || { skipped hostile "essaim-hostile is not built"; finish; }

must found_cress
must enter auray
must enter morlaix
must synced auray morlaix cress
code=$(invitation vitre)
memory() {
	awk '/^VmRSS/ { print $2 }' "/proc/$(pid_of cress)/status"
}
count() {
	fact cress "[.refused.$1 // 0] | add"
}
# refused NAME REASON MODE: turned away within 40 s, counted once or more.
refused() {
	before=$(count "$2")
	line=$("$hostile" "$3" "$code" 2>&1) || { not_ok "$1" "$line"; return; }
	sleep 0.3
	after=$(count "$2")
	if [ "$after" -gt "$before" ]; then
		ok "$1"
		echo "   $3: $line, $2 $before -> $after" >&2
	else
		not_ok "$1" "$line; refused: $(fact cress '.refused | tostring')"
	fi
}
start_memory=$(memory)
refused "a-stranger-with-a-key" NOT_MEMBER stranger
refused "another-federation" WRONG_FEDERATION federation
refused "a-replayed-handshake" HANDSHAKE replay
refused "a-handshake-for-another-key" HANDSHAKE key
refused "a-frame-of-random-bytes" MALFORMED frame
refused "a-frame-too-early" STATE early
refused "one-byte-a-second" TIMEOUT slow
refused "one-byte-a-second-in-a-frame" TIMEOUT slowframe

before=$(fact cress '[.refused[]] | add')
line=$("$hostile" noise "$code") || not_ok "random-bytes-end" "$line"
sleep 0.3
check "random-bytes-are-refused" test "$(fact cress '[.refused[]] | add')" -gt "$before"

# 500 half-open connections; meanwhile a member edits and it arrives.
before=$(count BUSY)
"$hostile" halfopen "$code" 500 >"$work/halfopen.out" 2>&1 &
flood=$!
sleep 1
uid=$(new_event auray "Pendant l'assaut")
within "members-are-served-meanwhile" 10 shows morlaix "$uid" titre "Pendant l'assaut"
peak=$(memory)
wait $flood
equal "half-open-ones-are-ended" 0 $?
echo "   $(cat "$work/halfopen.out")" >&2
check "the-bound-is-counted" test "$(count BUSY)" -gt "$before"
# A sanitizer's allocator keeps what is freed: its figures say nothing.
case $build in
*asan*) skipped "memory-is-bounded" "built with a sanitizer" ;;
*) check "memory-is-bounded" test $((peak - start_memory)) -lt 32768 ;;
esac

# Members that come back find the door open.
stop auray
must start auray
check "a-member-comes-back" synced auray morlaix cress
check "digests-agree" same_digests auray morlaix cress
exits "the-invitation-is-still-good" 0 e vitre join "$code" --accept-charter
finish
