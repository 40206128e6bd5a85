#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh tests/e2e/scenarios.sh [NAME]...
#
# Situations that people meet (F1, F2... are their numbers in the domain's list), and
# two that other systems were lost in, each in a federation of its own.
. "$(dirname "$0")/lib.sh"

federation() { # HUB...: a new one, all its members running and in step
	stop_all
	for federation_dir in "$work"/*/; do
		[ ! -f "$federation_dir/essaimd.log" ] || rm -rf "$federation_dir"
	done
	rm -f "$work"/*.acked
	must found_cress
	for hub in "$@"; do
		must enter "$hub"
	done
	must settle "$@" cress
}
# start_at NODE OFFSET: its clock, and nothing else of it, is set off: "+2d", or a date.
real=$bin
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" # a sanitizer wants to be loaded first
faketime=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
start_at() {
	mkdir -p "$work/Clock"
	{
		echo "#!/bin/sh"
		echo "exec env LD_PRELOAD='$faketime' FAKETIME='$2' FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 '$real/essaimd' \"\$@\""
	} >"$work/Clock/essaimd"
	chmod 755 "$work/Clock/essaimd"
	ln -sf "$real/essaim" "$work/Clock/essaim"
	bin=$work/Clock
	start "$1"
	start_at_code=$?
	bin=$real
	return $start_at_code
}
can_shift() {
	[ -n "$faketime" ] &&
		LD_PRELOAD=$faketime FAKETIME=+2d "$real/essaim" --version >/dev/null 2>&1 &&
		[ "$(LD_PRELOAD=$faketime FAKETIME='@2000-01-01 12:00:00' date +%Y)" = 2000 ]
}

new_structure() { # NODE NAME SIRET INSEE: its uid
	e "$1" add structure type_acteur=ess "nom=$2" "siret=$3" "code_insee=$4" --json | jq -r .uid
}
owner_is() { # UID OWNER NODE...: all of them say so
	owner_uid=$1 owner_want=$2
	shift 2
	for owner_node in "$@"; do
		owner_got=$(e "$owner_node" show "$owner_uid" --json | jq -r .owner)
		[ "$owner_got" = "$owner_want" ] || {
			echo "$owner_node says $owner_got"
			return 1
		}
	done
}
number() { # NODE UID TYPE: $no of the open item
	no=$(e "$1" proposals --json | jq -r "[.items[] | select(.uid == \"$2\" and .type == \"$3\" and .state == \"open\" and .waits == false) | .no] | last // empty")
	[ -n "$no" ]
}
no_fork() { # NODE...
	for fork_node in "$@"; do
		fork_codes=$(fact "$fork_node" '[.alerts[].code | select(test("FORK|BAD_|DAMAGED|WITHHELD"))] | join(" ")')
		[ -z "$fork_codes" ] || {
			echo "$fork_node: $fork_codes"
			return 1
		}
	done
}
# heads NODE PAYS: generation and seq of the logs that a hub wrote, as NODE holds them.
heads() {
	e "$1" status --json | jq -c "[.logs[] | select(.author == \"pole-$2\" and (.scope == \"public\" or .scope == \"federation\")) | [.scope, .generation, .seq]] | sort"
}
# Every log that was known has at least the seq it had: no number was given twice.
not_before() { # HEADS HEADS
	[ "$(jq -n "[$1, $2] | .[1] as \$now | [.[0][] | . as \$was | (\$now[] | select(.[0] == \$was[0] and .[1] == \$was[1]) | .[2]) >= \$was[2]] | all")" = true ]
}
titles() { # NODE PAYS: of the events that a hub put, in the order of its logs
	e "$1" tail --limit 1000 --json | jq -r "select(.op == \"put\" and .author == \"pole-$2\" and .kind == \"evenement\") | .fields.titre // empty"
}

# Two hubs create the same SIRET, both offline; the CRESS hears them in both orders.
duplicate_in_order() { # FIRST SECOND SIRET
	must stop cress
	first_uid=$(new_structure auray "Les Genêts, à Auray" "$3" 56007)
	sleep 0.1
	new_structure vitre "Les Genêts, à Vitré" "$3" 35360 >"$work/second"
	must stop "$2"
	must start cress
	must synced "$1"
	must start "$2"
	must settle auray vitre cress
	e cress duplicates --json >"$work/duplicates"
	equal "F1-$1-first-one-duplicate" "$first_uid $(cat "$work/second")" \
		"$(jq -r ".items[] | select(.siret == \"$3\") | [.items[].uid] | join(\" \")" "$work/duplicates")"
	equal "F1-$1-first-canonical-is-the-older" "$first_uid" "$(jq -r ".items[] | select(.siret == \"$3\") | .canonical" "$work/duplicates")"
	for node in auray vitre; do
		equal "F1-$1-first-same-answer-at-$node" "$(cat "$work/duplicates")" "$(e $node duplicates --json)"
		equal "F1-$1-first-same-count-at-$node" "$(records cress structure)" "$(records $node structure)"
	done
}
F1() {
	federation auray vitre
	duplicate_in_order auray vitre 33252821500020
	duplicate_in_order vitre auray 63918413400018
	# Another establishment of the same enterprise is none.
	new_structure vitre "Les Genêts, siège" 33252821500012 35360 >"$work/other"
	check "F1-another-establishment-is-there" grep -q ... "$work/other"
	must settle vitre cress auray
	equal "F1-another-establishment-is-no-duplicate" 2 "$(e auray duplicates --json | jq .total)"
	check "F1-digests" same_digests auray vitre cress
	check "F1-text" sh -c "'$bin/essaim' --data '$work/auray' duplicates | grep -q pole-vitre"
}

# A record changes hands.
hand_over() { # UID FROM TO
	must e "$2" hand-over "$1" "$3" >/dev/null
	must settle "$2" "$3"
	within "F2-$2-offers-$3" 20 number "$3" "$1" cession
	must e "$3" accept "$no" >/dev/null
	must settle "$3" "$2"
}
F2() {
	federation auray morlaix vitre
	given=$(new_event auray "Donné")
	back=$(new_event vitre "Rendu")
	kept=$(new_event auray "Gardé")
	must settle auray vitre morlaix cress
	stop morlaix # it will read the answers and the offers later, in whatever order

	# The old owner edits meanwhile: its edit waits, then becomes a proposal.
	must e auray hand-over "$given" vitre >/dev/null
	must settle auray vitre
	check "F2-edit-during-the-offer" e auray set "$given" "titre=Pendant l'offre"
	equal "F2-it-waits" 1 "$(outbox auray)"
	check "F2-one-owner-while-offered" owner_is "$given" pole-auray auray vitre cress
	exits "F2-not-yet-the-others" 77 e vitre set "$given" titre=Trop-tôt
	within "F2-the-offer-arrives" 20 number vitre "$given" cession
	must e vitre accept "$no" >/dev/null
	must settle vitre auray
	check "F2-one-owner-once-accepted" owner_is "$given" pole-vitre auray vitre cress
	exits "F2-no-longer-the-old-owners" 77 e auray set "$given" titre=Non
	within "F2-the-edit-became-a-proposal" 20 number vitre "$given" proposition
	equal "F2-and-no-value" "Donné" "$(value cress "$given" titre)"
	hand_over "$back" vitre auray

	# The one that was away reads the logs of one hub alone: of the two hand-overs, one
	# has its answer in a log that comes before the offer's.
	must stop cress
	must start morlaix
	e morlaix connect auray "127.0.0.1:$port_auray" >/dev/null
	within "F2-in-any-order-the-same-owner" 30 owner_is "$given" pole-vitre morlaix
	within "F2-the-other-way-round-too" 30 owner_is "$back" pole-auray morlaix
	must start cress
	must settle auray morlaix vitre cress

	# Refused; then never answered.
	must e auray hand-over "$kept" vitre >/dev/null
	must settle auray cress vitre
	within "F2-a-second-offer" 20 number vitre "$kept" cession
	check "F2-refused" e vitre refuse "$no" --why "pas notre Pays"
	must settle vitre cress auray
	check "F2-refused-stays" owner_is "$kept" pole-auray auray vitre cress
	check "F2-refused-its-owner-writes" e auray set "$kept" "titre=Toujours ici"
	must settle auray cress vitre
	equal "F2-refused-the-value-goes-out" "Toujours ici" "$(value vitre "$kept" titre)"
	must e auray hand-over "$kept" vitre >/dev/null
	must settle auray cress vitre
	must e auray set "$kept" "titre=Sans réponse" >/dev/null
	check "F2-unanswered-stays" owner_is "$kept" pole-auray auray vitre cress
	within "F2-unanswered-is-shown" 20 number auray "$kept" cession
	check "F2-unanswered-is-withdrawn" e auray refuse "$no"
	must settle auray cress vitre morlaix
	equal "F2-then-its-edit-goes-out" "Sans réponse" "$(value morlaix "$kept" titre)"
	check "F2-digests" same_digests auray morlaix vitre cress
	check "F2-no-fork" no_fork auray morlaix vitre cress
	if ! can_shift; then
		skipped F2-the-cress-is-told-after-30-days "no faketime"
		return
	fi
	must e auray hand-over "$kept" vitre >/dev/null
	must settle auray vitre cress
	check "F2-not-told-at-once" sh -c "! '$bin/essaim' --data '$work/cress' status --json | grep -q OFFERS_LATE"
	for node in cress auray vitre morlaix; do
		stop $node
	done
	must start_at cress +31d
	within "F2-the-cress-is-told-after-30-days" 30 has_alert cress OFFERS_LATE
	check "F2-its-owner-remains" owner_is "$kept" pole-auray cress
}

# 20 seats, 30 requests from two hubs that are both offline.
seats() { # NODE FILTER
	e "$1" seats "$event" --json | jq -r "$2"
}
seats_are() { # NODE GRANTED WAITING
	seats_got=$(seats "$1" '"\(.granted) \(.waiting)"')
	[ "$seats_got" = "$2 $3" ] || {
		echo "$1: $seats_got"
		return 1
	}
}
seats_in_order() { # FIRST SECOND
	event=$(e morlaix add evenement type_evenement=atelier "titre=Lunch, $1 d'abord" debut=2099-12-01T12:00:00+01:00 \
		fin=2099-12-01T14:00:00+01:00 capacite=20 unite_capacite=personne --json | jq -r .uid)
	must settle morlaix auray vitre cress
	must stop cress
	for hub in auray vitre; do
		n=0
		: >"$work/$hub.numbers"
		while [ $n -lt 15 ]; do
			n=$((n + 1))
			e $hub register "$event" "structure=$(cat "$work/$hub.structure")" nb_personnes=1 >>"$work/$hub.numbers"
		done
	done
	equal "F3-$1-first-offline-they-wait" "0 15" "$(seats "$1" '"\(.granted) \(.waiting)"')"
	must stop "$2"
	must start cress
	must settle "$1" morlaix
	within "F3-$1-first-gets-15" 30 seats_are morlaix 15 0
	must start "$2"
	must settle "$2" morlaix cress
	within "F3-$1-first-20-granted-10-wait" 30 seats_are morlaix 20 10
	must settle morlaix cress auray vitre
	for node in auray vitre cress; do
		within "F3-$1-first-the-same-at-$node" 30 seats_are $node 20 10
	done
	equal "F3-$1-first-its-own-15" "15 0" "$(seats "$1" '[.items[].state] | "\(map(select(. == "granted")) | length) \(map(select(. == "waiting")) | length)"')"
	equal "F3-$1-first-the-others-5" "5 10" "$(seats "$2" '[.items[].state] | "\(map(select(. == "granted")) | length) \(map(select(. == "waiting")) | length)"')"
	# One of those that came first gives a seat back: the first that waits has it.
	next=$(seats morlaix '[.items[] | select(.state == "waiting")][0].no')
	check "F3-$1-first-cancel" e "$1" cancel "$(sed -n 7p "$work/$1.numbers")"
	must settle "$1" cress morlaix "$2"
	within "F3-$1-first-9-wait" 30 seats_are "$2" 20 9
	equal "F3-$1-first-the-first-waiting-has-it" granted "$(seats "$2" ".items[] | select(.no == $next) | .state")"
	exits "F3-$1-first-cancelled-once" 65 e "$1" cancel "$(sed -n 7p "$work/$1.numbers")"
	# One that waits is withdrawn: nothing changes for the others.
	check "F3-$1-first-withdraw" e "$2" cancel "$(tail -n 1 "$work/$2.numbers")"
	must settle "$2" cress morlaix "$1"
	within "F3-$1-first-8-wait" 30 seats_are morlaix 20 8
}
F3() {
	federation auray morlaix vitre
	new_structure auray "Les Genêts" 33252821500020 56007 >"$work/auray.structure"
	new_structure vitre "Les Ajoncs" 63918413400018 35360 >"$work/vitre.structure"
	must settle auray vitre morlaix cress
	seats_in_order vitre auray
	seats_in_order auray vitre
	exits "F3-no-name-is-taken" 65 e auray register "$event" "structure=$(cat "$work/auray.structure")" nom=Martin
	equal "F3-nothing-in-the-inbox" 0 "$(e morlaix proposals --json | jq .total)"
	# The organiser's disk is lost: it grants no seat twice.
	granted=$(seats morlaix '[.items[] | select(.state == "granted") | .no] | sort | tostring')
	lose_disk morlaix
	must e morlaix restore "$work/morlaix.key" --listen "127.0.0.1:$port_morlaix" >/dev/null
	must start morlaix
	must settle morlaix auray vitre cress
	within "F3-a-restored-organiser-knows" 30 seats_are morlaix 20 8
	equal "F3-and-grants-none-twice" "$granted" "$(seats morlaix '[.items[] | select(.state == "granted") | .no] | sort | tostring')"
	# Room by structure: two persons of one use one seat. And the organiser's own requests.
	event=$(e auray add evenement type_evenement=formation_action "titre=Une structure" debut=2099-12-01T10:00:00+01:00 \
		fin=2099-12-01T12:00:00+01:00 capacite=1 unite_capacite=structure --json | jq -r .uid)
	must e auray register "$event" "structure=$(cat "$work/auray.structure")" nb_personnes=1 >/dev/null
	must settle auray vitre cress
	within "F3-the-organisers-own-request" 30 seats_are auray 1 0
	must e vitre register "$event" "structure=$(cat "$work/vitre.structure")" nb_personnes=1 >/dev/null
	must e auray register "$event" "structure=$(cat "$work/auray.structure")" nb_personnes=2 >/dev/null
	must settle auray vitre cress auray
	within "F3-one-structure-one-seat" 30 seats_are auray 1 1
	check "F3-digests" same_digests auray morlaix vitre cress
}

# A hub comes back from last week's backup, with the CRESS away at first.
F4() {
	federation auray vitre
	must work_some auray 4 Semaine-passée
	must settle auray cress vitre
	must e auray backup "$work/auray.week" --with-key >/dev/null
	must work_some auray 6 Depuis
	must settle auray cress vitre
	was=$(heads cress auray)
	crash auray
	rm -rf "$work/auray"
	must stop cress
	must e auray restore "$work/auray.week" >/dev/null
	must start auray
	must work_one auray "Après la restauration"
	e auray connect vitre "127.0.0.1:$port_vitre" >/dev/null
	sleep 3
	check "F4-nothing-is-sealed-before-home-speaks" not_before "$(heads auray auray)" "$was"
	equal "F4-its-edit-waits" 1 "$(outbox auray)"
	must start cress
	check "F4-settles" settle auray cress vitre
	check "F4-no-number-twice" not_before "$was" "$(heads cress auray)"
	all_well F4 auray cress vitre
}

# A, the causality fault: B is restored to 5, grows back to 10 with other data.
earthstar() { # NAME HOW...: brings vitre back to where it was at 5
	how_name=$1
	shift
	federation auray vitre
	rm -f "$work/vitre.five"
	n=0
	while [ $n -lt 10 ]; do
		n=$((n + 1))
		must work_one vitre "Avant $n"
		must settle vitre cress auray # one commit each
		[ $n != 5 ] || {
			must e vitre backup "$work/vitre.five" --with-key >/dev/null
			must stop vitre
			rm -rf "$work/Five"
			cp -r "$work/vitre" "$work/Five"
			must start vitre
		}
	done
	was=$(heads auray vitre)
	crash vitre
	rm -rf "$work/vitre"
	must "$@"
	must start vitre
	n=5
	while [ $n -lt 10 ]; do
		n=$((n + 1))
		must work_one vitre "Après $n"
		sleep 0.3
	done
	check "earthstar-12-$how_name-settles" settle vitre cress auray
	check "earthstar-12-$how_name-no-number-twice" not_before "$was" "$(heads auray vitre)"
	all_well "earthstar-12-$how_name" auray vitre cress
	equal "earthstar-12-$how_name-all-15-are-there" 15 "$(records auray evenement)"
}
five_restored() {
	e vitre restore "$work/vitre.five" >/dev/null
}
five_copied() { # the files themselves, as a virtual machine's snapshot has them
	cp -r "$work/Five" "$work/vitre"
}
earthstar_12() {
	earthstar restored five_restored
	earthstar copied five_copied
}

# The key is back, the log is not: nothing may be written before it is fetched.
manyverse_111() {
	federation auray vitre
	must work_some vitre 8 Avant
	must settle vitre cress auray
	was=$(heads cress vitre)
	first=$(e auray tail --limit 1000 --json | jq -r 'select(.author == "pole-vitre" and .scope == "public") | .uid' | head -n 1)
	lose_disk vitre
	must e vitre restore "$work/vitre.key" --listen "127.0.0.1:$port_vitre" >/dev/null
	must stop cress
	must start vitre
	work_one vitre "Sans le passé" # there is nobody to seal it before
	e vitre connect auray "127.0.0.1:$port_auray" >/dev/null 2>&1 # whoever follows it fetches its history
	sleep 3
	equal "manyverse-111-no-new-first-message" "" "$(e vitre tail --limit 1000 --json | jq -r 'select(.author == "pole-vitre" and .scope != "local" and .fields.titre == "Sans le passé") | .uid')"
	must start cress
	check "manyverse-111-settles" settle vitre cress auray
	check "manyverse-111-no-number-twice" not_before "$was" "$(heads cress vitre)"
	equal "manyverse-111-the-first-is-the-first" "$first" "$(e vitre tail --limit 1000 --json | jq -r 'select(.author == "pole-vitre" and .scope == "public") | .uid' | head -n 1)"
	must work_one vitre "Et cela continue"
	check "manyverse-111-it-writes-on" settle vitre cress auray
	all_well manyverse-111 auray vitre cress
}

# Erasure while a hub is out of reach for three weeks.
F6() {
	federation auray morlaix vitre
	secret=secret$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	uid=$(new_event auray "$secret")
	must settle auray morlaix vitre cress
	equal "F6-everybody-has-it" "$secret" "$(value vitre "$uid" titre)"
	stop vitre
	check "F6-forget" e auray forget "$uid" --yes
	must settle auray morlaix
	silent_is() { # NAMES
		[ "$(e cress erasures --json | jq -r "[.items[] | select(.uid == \"$uid\") | .who[]] | join(\",\")")" = "$1" ]
	}
	within "F6-the-absent-one-is-named" 30 silent_is "$(hub_title vitre)"
	weeks="now"
	if can_shift; then
		weeks=+21d
		for node in cress auray morlaix; do
			stop $node
		done
		for node in cress auray morlaix; do
			must start_at $node $weeks
		done
		must settle auray morlaix
	fi
	check "F6-still-named-after-three-weeks" silent_is "$(hub_title vitre)"
	# First contact: with a hub, while a third one asks it at the same time.
	stop cress
	if [ $weeks = now ]; then must start vitre; else must start_at vitre $weeks; fi
	e vitre connect auray "127.0.0.1:$port_auray" >/dev/null
	gone() { # NODE
		! e "$1" show "$uid" >/dev/null 2>&1
	}
	within "F6-gone-at-its-first-contact" 30 gone vitre
	echo "text $secret" >"$work/needles"
	clean_of() {
		for clean_node in "$@"; do
			"$bin/essaim-scan" "$work/needles" "$work/$clean_node" || return 1
		done
	}
	within "F6-no-byte-of-it-there" 30 clean_of vitre
	if [ $weeks = now ]; then must start cress; else must start_at cress $weeks; fi
	must settle vitre auray morlaix cress
	within "F6-nobody-is-silent" 30 silent_is ""
	check "F6-no-byte-anywhere" clean_of auray morlaix vitre cress
	# The register: the order's date, and that of each receipt.
	day=$(date -u +%Y-%m-%d)
	equal "F6-the-register-has-the-orders-date" "$day" "$(e cress erasures --json | jq -r ".items[] | select(.uid == \"$uid\") | .upto[:10]")"
	[ $weeks = now ] || day=$(date -u -d "+21 days" +%Y-%m-%d)
	equal "F6-the-receipt-has-its-own" "$day" \
		"$(e cress tail --limit 1000 --json | jq -r 'select(.op == "receipt" and .author == "pole-vitre") | .edited[:10]' | tail -n 1)"
	for node in auray morlaix vitre cress; do
		check "F6-$node-verifies" e $node verify
	done
	check "F6-digests" same_digests auray morlaix vitre cress
}

# A new charter that every hub must accept.
F7() {
	federation auray vitre
	printf 'CHARTE, version 2\nOn se dit tout.\n' >"$work/charte2"
	must work_one auray "Sous la première"
	must settle auray cress vitre
	stop auray
	check "F7-publish" e cress charter publish "$work/charte2" --version 2 --mandatory
	check "F7-vitre-accepts" sh -c "for n in 1 2 3 4 5; do sleep 1; '$bin/essaim' --data '$work/vitre' charter show | grep -q 'version 2' && break; done; '$bin/essaim' --data '$work/vitre' charter accept"
	must synced vitre
	must stop cress
	must start auray
	must work_some auray 3 "Sans le savoir" # offline: it has not heard
	must start cress
	within "F7-it-is-told" 30 has_alert auray CHARTER
	must work_some auray 3 "En le sachant"
	sleep 3
	equal "F7-it-works-on-locally" 7 "$(records auray evenement)"
	equal "F7-its-edits-wait" 6 "$(outbox auray)"
	equal "F7-nothing-of-it-leaves" 1 "$(records cress evenement)"
	must work_one vitre "Chez Vitré"
	check "F7-those-who-accepted-go-on" settle vitre cress
	within "F7-and-it-hears-them" 30 holds auray evenement 8
	check "F7-accept" e auray charter accept
	check "F7-then-all-flows" settle auray cress vitre
	sed 's/^[^ ]* //' "$work/auray.acked" >"$work/want"
	titles cress auray >"$work/got"
	check "F7-in-order" cmp "$work/want" "$work/got"
	all_well F7 auray vitre cress
}

# Wrong clocks.
wrong_clock() { # NAME OFFSET
	federation auray vitre
	uid=$(new_event auray "Juste")
	must settle auray cress vitre
	stop auray
	must start_at auray "$2"
	check "F10-$1-edits-are-taken" work_some auray 3 "Heure $1"
	check "F10-$1-and-of-what-was-there" e auray set "$uid" "titre=Écrit à la mauvaise heure"
	equal "F10-$1-and-shown" "Écrit à la mauvaise heure" "$(value auray "$uid" titre)"
	within "F10-$1-the-deviation-is-shown" 30 has_alert auray CLOCK_SKEW
	sleep 2
	equal "F10-$1-nothing-is-signed" 4 "$(outbox auray)"
	equal "F10-$1-nothing-leaves" 1 "$(records cress evenement)"
	stop auray
	must start auray # the clock is set
	check "F10-$1-then-all-is-sealed" settle auray cress vitre
	now=$(date -u +%Y-%m-%dT%H:%M)
	equal "F10-$1-none-from-the-future" "" \
		"$(e cress tail --limit 1000 --json | jq -r "select(.author == \"pole-auray\" and .op == \"put\" and (.edited[:16] > \"$now\")) | .edited" | head -n 1)"
	equal "F10-$1-the-last-edit-stands" "Écrit à la mauvaise heure" "$(value vitre "$uid" titre)"
	check "F10-$1-and-an-edit-after-it" e auray set "$uid" "titre=À la bonne heure"
	must settle auray cress vitre
	equal "F10-$1-comes-after-it" "À la bonne heure" "$(value vitre "$uid" titre)"
	within "F10-$1-no-more-warning" 30 sh -c "! '$bin/essaim' --data '$work/auray' status --json | jq -e '.alerts[] | select(.code == \"CLOCK_SKEW\")'"
	all_well "F10-$1" auray vitre cress
}
waits_for_its_time() { # NODE COUNT: that many events, and no more
	[ "$(records "$1" evenement)" = "$2" ]
}
F10() {
	if ! can_shift; then
		skipped F10 "Debian's faketime is missing, or does not work with this build"
		return
	fi
	wrong_clock two-days-ahead +2d
	wrong_clock year-2000 "@2000-01-01 12:00:00"

	# Signed where home's clock was wrong too: at the others the log waits, and is not lost.
	federation auray vitre
	for node in vitre auray cress; do
		stop $node
	done
	must start_at cress +2d
	must start_at auray +2d
	must work_some auray 2 "De demain"
	must synced auray
	must start vitre
	within "F10-signed-the-deviation-is-shown" 30 has_alert vitre CLOCK_SKEW
	sleep 3
	check "F10-signed-beyond-the-bound-waits" waits_for_its_time vitre 0
	must work_one vitre "D'aujourd'hui"
	stop vitre
	must start_at vitre +2d # its time has come
	check "F10-signed-and-is-not-lost" settle vitre cress auray
	all_well F10-signed auray vitre cress

	# Deadlines are judged by the clock of whoever receives: the CRESS's.
	federation auray
	code=$(invitation brest --approve --expires 1h)
	free_port
	LD_PRELOAD=$faketime FAKETIME=+2d FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 \
		"$bin/essaim" --data "$work/brest" join "$code" --accept-charter --listen "127.0.0.1:$port" >"$work/brest.join" 2>&1
	equal "F10-an-invitation-ends-by-the-receivers-clock" 0 $?
	code=$(invitation morlaix --approve --expires 1)
	sleep 2
	free_port
	exits "F10-and-not-by-the-senders" 77 env LD_PRELOAD="$faketime" FAKETIME="@2000-01-01 12:00:00" FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 \
		"$bin/essaim" --data "$work/morlaix" join "$code" --accept-charter --listen "127.0.0.1:$port"
}

# Who was revoked replays all it ever signed, and more.
F13() {
	federation auray morlaix vitre
	must work_some morlaix 5 Ancien
	must settle morlaix cress auray vitre
	# Another world goes on without the others: its commits bear good signatures.
	for node in cress morlaix auray vitre; do
		stop $node
	done
	cp -r "$work/cress" "$work/Cress"
	cp -r "$work/morlaix" "$work/Morlaix"
	must start cress
	must start morlaix
	cp "$work/morlaix.acked" "$work/old"
	must work_some morlaix 3 Rejoué
	must synced morlaix
	equal "F13-has-signed-more" 8 "$(records cress evenement)"
	mv "$work/old" "$work/morlaix.acked"
	stop cress
	stop morlaix
	mv "$work/morlaix" "$work/copy"
	rm -rf "$work/cress"
	mv "$work/Cress" "$work/cress"
	mv "$work/Morlaix" "$work/morlaix"

	# In this one it is revoked.
	for node in cress auray vitre morlaix; do
		must start $node
	done
	must settle morlaix auray vitre cress
	stop morlaix
	mv "$work/morlaix" "$work/Morlaix"
	stop vitre # it will hear the copy before it hears of the decision
	check "F13-revoke" e cress revoke morlaix --yes
	must synced auray
	cut=$(heads cress morlaix)
	stop cress
	stop auray
	must start vitre
	must start copy
	e copy connect vitre "127.0.0.1:$port_vitre" >/dev/null
	within "F13-who-has-not-heard-takes-them" 30 holds vitre evenement 8
	must start cress
	must start auray
	e copy connect auray "127.0.0.1:$port_auray" >/dev/null
	must settle auray vitre cress
	within "F13-beyond-the-cut-they-are-void" 30 holds vitre evenement 5
	refused() { # NODE: turned it away, and says so
		[ "$(fact "$1" '.refused.REVOKED // 0')" -ge 1 ]
	}
	within "F13-the-cress-turns-it-away" 30 refused cress
	within "F13-it-is-told" 30 has_alert copy REVOKED
	sleep 3
	for node in cress auray vitre; do
		equal "F13-nothing-new-at-$node" "$cut" "$(heads $node morlaix)"
		check "F13-the-old-ones-stay-at-$node" holds_work $node morlaix
		equal "F13-no-fork-at-$node" "" "$(fact $node '[.alerts[].code | select(test("FORK|BAD_|DAMAGED"))] | join(" ")')"
		check "F13-$node-verifies" e $node verify
	done
	check "F13-the-others-go-on" work_one auray "Sans Morlaix"
	must settle auray vitre cress
	check "F13-digests" same_digests auray vitre cress
	stop copy
	rm -rf "$work/copy" "$work/Morlaix"
}

for scenario in ${*:-F1 F2 F3 F4 F6 F7 F10 F13 earthstar_12 manyverse_111}; do
	$scenario
done
finish
