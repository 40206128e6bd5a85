#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh tests/e2e/kill.sh [N]: kill -9 of any daemon, N times (20) at random moments
# of the imports. Restarted it needs no hand; nothing acknowledged is missing;
# all agree in the end. KILL_SEED=NUMBER replays the choice of victims and pauses.
. "$(dirname "$0")/lib.sh"
times=${1:-20}
seed=${KILL_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
echo "seed $seed" >&2
hubs="auray fougeres morlaix vitre"

must found_cress
for hub in $hubs; do
	must enter "$hub"
done
must settle $hubs cress

# One hub's staff: nine imports, each tried until it is acknowledged; then one
# event after another until the last kill. What was acknowledged is written down.
work_at() {
	hub=$1
	: >"$work/$hub.acked"
	for table in $sample_tables; do
		tries=0
		until e "$hub" import "${table%%:*}" "$sample/pole-$hub/${table##*:}.csv" >>"$work/$hub.import" 2>&1; do
			tries=$((tries + 1))
			if [ $tries -gt 400 ]; then
				echo "$table was never taken" >"$work/$hub.gaveup"
				return
			fi
			sleep 0.1
		done
		echo "$table" >>"$work/$hub.imported"
	done
	n=0
	while [ ! -e "$work/enough" ]; do
		n=$((n + 1))
		uid=$(new_event "$hub" "Essai $n" 2>/dev/null)
		[ -z "$uid" ] || echo "$uid Essai $n" >>"$work/$hub.acked"
		sleep 0.2
	done
}
for hub in $hubs; do
	work_at "$hub" &
	eval "staff_$hub=$!"
done

# The moments, from one seed.
awk -v seed="$seed" -v times="$times" 'BEGIN {
	srand(seed)
	split("cress auray fougeres morlaix vitre", node, " ")
	for (i = 0; i < times; i++)
		printf "%.2f %s\n", 0.05 + rand() * 0.7, node[1 + int(rand() * 5)]
}' >"$work/moments"
restarted=0
while read -r pause node; do
	sleep "$pause"
	crash "$node"
	if start "$node"; then
		restarted=$((restarted + 1))
	else
		not_ok "restart-of-$node" "seed $seed"
		break
	fi
done <"$work/moments"
equal "restarted-without-a-hand" "$times" "$restarted"
touch "$work/enough"
for hub in $hubs; do
	eval "wait \$staff_$hub"
	equal "$hub-imported-all" 9 "$(grep -c . "$work/$hub.imported" 2>/dev/null)"
done

check "all-synced" settle $hubs cress
check "digests-agree" same_digests cress $hubs
equal "structures-at-the-cress" 2040 "$(records cress structure)"
equal "offers-at-the-cress" 1313 "$(records cress offre)"
equal "needs-at-the-cress" 532 "$(records cress besoin)"
equal "partnerships-at-the-cress" 195 "$(records cress partenariat)"
equal "contacts-at-the-cress" 895 "$(records cress contact)"

# Each event that was acknowledged is there, at home and at the CRESS.
for hub in $hubs; do
	missing=0 count=0
	for node in "$hub" cress; do
		e "$node" list evenement --limit 10000 --json | jq -r '.items[] | .uid' | sort >"$work/have"
		cut -d ' ' -f 1 "$work/$hub.acked" | sort >"$work/acked"
		missing=$((missing + $(comm -23 "$work/acked" "$work/have" | grep -c .)))
	done
	count=$(grep -c . "$work/$hub.acked")
	equal "$hub-nothing-acknowledged-is-missing" 0 "$missing"
	echo "$hub: $count single edits were acknowledged between the kills" >&2
done
for node in cress $hubs; do
	check "$node-verifies" e "$node" verify
done
[ $failed = 0 ] || echo "replay: KILL_SEED=$seed sh tests/e2e/kill.sh $times" >&2
finish
