#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One author signs two commits at one (log, seq) and shows each to somebody else. Once
# they meet, both signatures prove it, to anybody; the log stands still at the last
# commit that all agree on, until the CRESS cuts it there. No change is lost, not even
# one of the two.
. "$(dirname "$0")/lib.sh"

hubs="auray morlaix vitre"
interval=30 # of a session: it has spoken at least once by then
if [ ! -x "$bin/essaim-fork" ]; then
	skipped "evidence essaim-fork is not built"
	exit 0
fi
title_of() { # NODE UID
	e "$1" show "$2" --json 2>/dev/null | jq -r '.data.titre'
}
titled() { # NODE UID TITLE
	[ "$(title_of "$1" "$2")" = "$3" ]
}
nothing_to_give_back() { # NODE
	! has_alert "$1" VOID_COMMITS
}
proven() { # NODE LOG SEQ: evidence is there, and its status says so
	e "$1" evidence --json | jq -e ".items[] | select(.log == \"$2\" and .seq == $3)" >/dev/null &&
		has_alert "$1" FORK &&
		[ "$(fact "$1" ".logs[] | select(.id == \"$2\") | \"\(.blocked) \(.blocked_seq)\"")" = "FORK $3" ]
}
not_blocked() { # NODE
	[ "$(fact "$1" '[.logs[] | select(.blocked != null)] | length')" = 0 ]
}
# flipped FIELD: the export, one hexadecimal digit of that field of its first item another one.
flipped() {
	jq ".items[0].$1 |= (.[:100] + (if .[100:101] == \"0\" then \"1\" else \"0\" end) + .[101:])" "$work/fork.json" >"$work/$1.json"
}
# duel SCOPE TITLE OTHER-TITLE MORE HUB...: auray signs twice. Home has one branch, with
# MORE commits on top; those hubs are away meanwhile, and hear the other while home is.
# $log, $seq, $first and $second (uids) are left; auray and the CRESS are silent, vitre too.
freeze() { # so that it has not begun anew after, and awaits nobody (L11)
	kill -STOP "$(pid_of "$1")"
}
thaw() {
	kill -CONT "$(pid_of "$1")"
}
hush=stop
duel() {
	scope=$1 title=$2 other=$3 more=$4
	shift 4
	for away in "$@"; do
		stop "$away"
	done
	first=$(e auray add evenement type_evenement=atelier "titre=$title" debut=2026-12-01T10:00:00+01:00 \
		fin=2026-12-01T12:00:00+01:00 "portee=$scope" --json | jq -r .uid)
	must synced auray
	within "$scope-home-has-one-branch" 20 titled cress "$first" "$title"
	stop auray
	cp -r "$work/auray" "$work/forked"
	rm -f "$work/forked/essaimd.log" "$work/forked/essaim.sock" "$work/forked/directory.db"* # made anew
	must start auray
	exits "$scope-not-under-a-daemon" 1 "$bin/essaim-fork" "$work/auray" "$scope" "$title" "$other"
	while [ "$more" -gt 0 ]; do
		more_uid=$(e auray add evenement type_evenement=atelier "titre=Suite $more" debut=2026-12-01T10:00:00+01:00 \
			fin=2026-12-01T12:00:00+01:00 "portee=$scope" --json | jq -r .uid)
		echo "$more_uid Suite $more" >>"$work/later"
		must synced auray
		more=$((more - 1))
	done
	stop auray
	stop vitre
	$hush cress
	forked=$("$bin/essaim-fork" "$work/forked" "$scope" "$title" "$other") || return 1
	log=$(echo "$forked" | sed 's/^log=\([0-9A-Z]*\) .*/\1/')
	seq=$(echo "$forked" | sed 's/.* seq=\([0-9]*\) .*/\1/')
	second=$(echo "$forked" | sed 's/.* uid=//')
	check "$scope-each-branch-is-sound" e forked verify
	must start forked
	for away in "$@"; do
		must start "$away"
		must e forked connect "$away" "127.0.0.1:$(eval "echo \$port_$away")" >/dev/null
		within "$scope-$away-has-the-other-branch" 30 titled "$away" "$second" "$other" || return 1
		equal "$scope-$away-knows-nothing-yet" "$proofs" "$(e "$away" evidence --json | jq .total)"
	done
	stop forked
	rm -rf "$work/forked"
}
duel_over() { # both changes and what came on top count again
	{
		echo "$first $title"
		echo "$second $other"
		cat "$work/later"
	} >>"$work/auray.acked"
	: >"$work/later"
}

: >"$work/later"
region 3 $hubs
equal "no-evidence-of-nothing" 0 "$(e cress evidence --json | jq .total)"

proofs=0
must duel public "Première version" "Deuxième version" 0 morlaix
must start cress
must start vitre
began=$(date +%s)
within "proven-at-home" $((2 * interval)) proven cress "$log" "$seq"
within "proven-at-the-hub" $((2 * interval)) proven morlaix "$log" "$seq"
within "told-to-the-others" $((2 * interval)) proven vitre "$log" "$seq"
check "within-two-session-intervals" test $(($(date +%s) - began)) -le $((2 * interval))
must start auray
within "the-author-is-told" $((2 * interval)) proven auray "$log" "$seq"
for node in cress morlaix vitre auray; do
	equal "$node-names-author-and-seq" "pole-auray $seq" "$(e $node evidence --json | jq -r ".items[] | \"\(.author) \(.seq)\"")"
	check "$node-shows-the-common-prefix" holds_work $node auray
	equal "$node-shows-neither-branch" " " "$(title_of $node "$first") $(title_of $node "$second")"
done
check "all-have-the-same-proof" test "$(for node in cress morlaix vitre auray; do e $node evidence --json | jq -r '.items[0].proof'; done | sort -u | wc -l)" = 1

# On paper: it convinces every member, and nothing else does.
check "evidence-as-a-table" sh -c "'$bin/essaim' --data '$work/cress' evidence | grep -q '$log'"
check "evidence-to-a-file" e cress --quiet evidence --output "$work/fork.json"
for node in cress morlaix vitre auray; do
	check "$node-verifies-it" e $node evidence --check "$work/fork.json"
done
for field in proof signature; do
	flipped $field
	check "$field-was-flipped" sh -c "! cmp -s '$work/fork.json' '$work/$field.json'"
	exits "a-flipped-byte-of-the-$field" 1 e vitre evidence --check "$work/$field.json"
done
e morlaix evidence --json | jq ".items[0].signer = \"$(fact vitre .node.id)\"" >"$work/signer.json"
exits "somebody-else-as-its-signer" 1 e vitre evidence --check "$work/signer.json"
echo '{}' >"$work/nothing.json"
exits "no-evidence-at-all" 65 e vitre evidence --check "$work/nothing.json"

# Life goes on: the other logs, and what the author writes meanwhile.
must work_one vitre "Pendant"
within "others-work-on" 30 holds_work morlaix vitre
check "the-author-may-write" work_one auray "Pendant"
stop morlaix
must start morlaix
within "it-is-durable" 30 proven morlaix "$log" "$seq"

exits "only-at-the-cress" 77 e vitre resolve "$log" --yes
exits "asked-twice" 64 e cress resolve "$log"
must e cress wait --synced --timeout 60 >/dev/null
check "resolve" e cress resolve "$log" --yes
for node in cress morlaix vitre auray; do
	within "$node-is-not-blocked" 60 not_blocked $node
	within "$node-has-no-alert" 10 sh -c "! '$bin/essaim' --data '$work/$node' status --json | jq -e '.alerts[] | select(.code == \"FORK\")'"
	equal "$node-cut-at-the-prefix" $((seq - 1)) "$(fact $node ".logs[] | select(.id == \"$log\") | .cut")"
done
check "a-new-generation" test "$(fact cress '[.logs[] | select(.author == "pole-auray" and .scope == "public") | .generation] | max')" -ge 2
for node in cress morlaix vitre auray; do
	within "$node-has-the-first-change" 60 titled $node "$first" "Première version"
	within "$node-has-the-second-change" 60 titled $node "$second" "Deuxième version"
done
duel_over
check "settles" settle $hubs cress
all_well resolved $hubs cress
equal "nothing-to-resolve-twice" 65 "$(e cress resolve "$log" --yes >/dev/null 2>&1; echo $?)"
equal "the-proof-is-kept" 1 "$(e cress evidence --json | jq .total)"
for hub in $hubs; do
	must work_some $hub 2 Après
done
check "goes-on" settle $hubs cress
all_well goes-on $hubs cress

# Again: the very first commit of a log, the branch at home has grown since, and one of
# those who hold the other comes back only when all is settled.
proofs=1
hush=freeze
must duel federation "Troisième version" "Quatrième version" 3 morlaix vitre
stop vitre
equal "the-first-of-its-log" 1 "$seq"
thaw cress
must start auray
for node in cress morlaix auray; do
	within "again-proven-at-$node" $((2 * interval)) proven $node "$log" "$seq"
	equal "again-$node-shows-neither-branch" " " "$(title_of $node "$first") $(title_of $node "$second")"
done
check "again-resolve" e cress resolve --yes "$log"
duel_over
for node in cress morlaix auray; do
	within "again-$node-is-not-blocked" 60 not_blocked $node
	within "again-$node-has-all-changes" 60 holds_work $node auray
done
must start vitre
check "the-late-one-settles" settle $hubs cress
within "the-late-one-has-all-changes" 60 holds_work vitre auray
equal "the-late-one-is-cut-there-too" 0 "$(fact vitre ".logs[] | select(.id == \"$log\") | .cut")"
for hub in $hubs; do
	must work_some $hub 2 Encore
done
check "again-goes-on" settle $hubs cress
all_well again $hubs cress
equal "the-late-one-has-both-proofs" 2 "$(e vitre evidence --json | jq .total)"
for node in cress $hubs; do
	within "$node-has-nothing-to-give-back" 30 nothing_to_give_back $node
done
finish
