#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What watches a node sees what happens to it: /metrics over real daemons, a peer
# unplugged, a stranger refused, an outbox filled offline; every name of the dashboard
# and of the alert rules exists. Then doctor, with and without a daemon, finds what
# is broken and says what to do; and backups are kept, and missed.
. "$(dirname "$0")/lib.sh"
promtool=$(command -v promtool || echo "${ESSAIM_PROMTOOL:-$build/promtool}")
faketime=$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)

metrics() { # NODE
	curl -sf --unix-socket "$work/$1/essaim.sock" http://x/metrics
}
# metric NODE 'NAME{LABELS}': its value.
metric() {
	metrics "$1" | awk -v name="$2" 'index($0, name " ") == 1 { print $NF }'
}
at_least() { # VALUE LEAST
	awk "BEGIN { exit !(${1:--1} + 0 >= $2) }"
}
metric_reaches() { # NODE NAME LEAST
	at_least "$(metric "$1" "$2")" "$3"
}
doctor() { # NODE [OPTION...]: its JSON
	doctor_node=$1
	shift
	e "$doctor_node" doctor --json "$@" 2>/dev/null
}
finds() { # NODE CODE
	doctor "$1" | jq -r '.checks[].code' | grep -qx "$2"
}

must found_cress
must enter auray
must enter vitre
must work_some auray 3 Début
must settle auray vitre cress

# --- the format ---
metrics auray >"$work/auray.prom"
metrics cress >"$work/cress.prom"
if [ -x "$promtool" ]; then
	check metrics-promtool-is-content-with-a-hub "$promtool" check metrics <"$work/auray.prom"
	equal metrics-promtool-says-nothing-of-the-cress "" "$("$promtool" check metrics <"$work/cress.prom" 2>&1)"
	check metrics-rules-are-valid "$promtool" check rules "$root/conf/prometheus/essaim.rules.yml"
else
	skipped metrics-promtool "Debian's package prometheus has it"
fi
equal metrics-each-sample-once "" "$(grep -v '^#' "$work/cress.prom" | sed 's/ [^ ]*$//' | sort | uniq -d)"
equal metrics-have-their-type "text/plain; version=0.0.4; charset=utf-8" \
	"$(curl -s -o /dev/null -w '%{content_type}' --unix-socket "$work/auray/essaim.sock" http://x/metrics)"
equal metrics-hold-no-record-id "" "$(cut -d ' ' -f 1 "$work/auray.acked" | grep -F -f - "$work/auray.prom" "$work/cress.prom")"
equal metrics-count-records 3 "$(metric vitre 'essaim_records{kind="evenement"}')"
equal metrics-say-who-is-live 2 "$(metric cress 'essaim_peers{state="live"}')"
check metrics-time-the-disk metric_reaches auray essaim_journal_fsync_seconds_count 3
check metrics-time-the-fold metric_reaches cress essaim_directory_fold_seconds_count 1
check metrics-know-the-process metric_reaches cress process_resident_memory_bytes 1000000
within metrics-watch-the-loop 5 metric_reaches cress essaim_loop_lateness_seconds_count 1
equal metrics-never-backed-up +Inf "$(metric auray essaim_backup_age_seconds)"

# --- what the dashboard and the rules name exists ---
named() { # FILE: every metric in it
	grep -oE '\b(essaim|process)_[a-z_]+[a-z]' "$1" | sort -u
}
sed -n 's/^# TYPE \([^ ]*\) histogram/\1_bucket\n\1_sum\n\1_count/p; s/^# TYPE \([^ ]*\) .*/\1/p' "$work/cress.prom" | sort -u >"$work/known"
check metrics-dashboard-is-json jq -e '.panels | length > 5' "$root/conf/grafana/essaim.json"
jq -r '.. | .expr? // empty' "$root/conf/grafana/essaim.json" >"$work/exprs"
jq -r '.. | .definition? // empty' "$root/conf/grafana/essaim.json" >>"$work/exprs"
equal metrics-dashboard-names-what-exists "" "$(named "$work/exprs" | comm -23 - "$work/known")"
sed -n 's/^ *expr: //p' "$root/conf/prometheus/essaim.rules.yml" >"$work/rules"
check metrics-rules-are-several test "$(grep -c . "$work/rules")" -ge 8
equal metrics-rules-name-what-exists "" "$(named "$work/rules" | comm -23 - "$work/known")"

# --- all is well ---
must e auray backup --keep 3 "$work/auray/backup" >/dev/null
exits doctor-all-is-well 0 e auray doctor
equal doctor-every-check-is-ok "" "$(doctor auray | jq -r '.checks[] | select(.outcome != "ok") | .code' | tr '\n' ' ')"
equal doctor-has-ten-checks 10 "$(doctor auray | jq '.checks | length')"
check doctor-speaks-french sh -c "LC_ALL=fr_FR.UTF-8 '$bin/essaim' --data '$work/auray' doctor | grep -q '^bon  *horloge'"

# --- a peer is unplugged, and its age grows ---
sleep 3 # the CRESS has run longer than its peer will be silent
must stop vitre
within metrics-a-peer-is-gone 10 metric_reaches cress 'essaim_peers{state="offline"}' 1
age=$(metric cress 'essaim_peer_last_word_age_seconds{peer="pole-vitre"}')
check metrics-its-age-is-that-of-its-last-word \
	awk "BEGIN { exit !(${age:-1000} < $(date +%s.%N) - $(metric cress process_start_time_seconds) - 1) }"
sleep 1.2
check metrics-its-age-grows metric_reaches cress 'essaim_peer_last_word_age_seconds{peer="pole-vitre"}' \
	"$(awk "BEGIN { print ${age:-1000} + 1 }")"
check metrics-the-other-is-young sh -c "awk 'BEGIN { exit !($(metric cress 'essaim_peer_last_word_age_seconds{peer="pole-auray"}') < 31) }'"

# --- a stranger is refused, and counted ---
equal metrics-refused-begins-at-0 0 "$(metric cress 'essaim_refused_total{reason="HANDSHAKE"}')"
refused_sum() {
	metrics cress | awk '/^essaim_refused_total/ { n += $2 } END { print n + 0 }'
}
before=$(refused_sum)
printf 'GET / HTTP/1.0\r\n\r\n' | timeout 5 curl -s "telnet://127.0.0.1:$port_cress" >/dev/null 2>&1
more_refused() {
	[ "$(refused_sum)" -gt "$before" ]
}
within metrics-a-stranger-is-counted 8 more_refused
equal metrics-as-status-counts "$(fact cress '.refused | add')" "$(refused_sum)"

# --- offline: edits wait, and what home does not have is the lag ---
must stop cress
within metrics-home-is-gone 10 metric_reaches auray 'essaim_state{state="live"}' 0
must work_some auray 4 Seul
equal metrics-the-outbox-fills 4 "$(metric auray essaim_outbox_edits)"
equal metrics-nothing-is-synced 0 "$(metric auray essaim_synced)"

# --- doctor: home unreachable, with and without the daemon ---
home_lost() {
	finds auray HOME_REFUSES
}
within doctor-home-refuses 10 home_lost
exits doctor-and-that-is-a-failure 1 e auray doctor --quiet
must stop auray
exits doctor-without-a-daemon-too 1 e auray doctor --quiet
equal doctor-without-a-daemon-reads-the-journal "DATABASE_SOUND" "$(doctor auray | jq -r '.checks[] | select(.check == "database") | .code')"
equal doctor-says-that-none-runs "DAEMON_OFF" "$(doctor auray | jq -r '.checks[] | select(.check == "daemon") | .code')"
check doctor-says-what-to-do sh -c "'$bin/essaim' --data '$work/auray' doctor 2>/dev/null | grep -q -- '-> systemctl start essaimd'"

# --- a key that others can read, a file that is wrong ---
chmod 644 "$work/auray/node.key"
check doctor-an-open-key finds auray KEY_OPEN
check doctor-an-open-key-hides-nothing-else finds auray DATABASE_SOUND
chmod 600 "$work/auray/node.key"
cp "$work/auray/essaim.conf" "$work/conf.kept"
echo 'lsten = "127.0.0.1:1";' >>"$work/auray/essaim.conf"
equal doctor-a-wrong-line "essaim.conf:$(grep -n lsten "$work/auray/essaim.conf" | cut -d : -f 1): lsten" \
	"$(doctor auray | jq -r '.checks[0].text' | grep -oE 'essaim.conf:[0-9]+: lsten')"
cp "$work/conf.kept" "$work/auray/essaim.conf"

# --- damage ---
cp "$work/auray/directory.db" "$work/directory.kept"
dd if=/dev/urandom of="$work/auray/directory.db" bs=4096 seek=3 count=6 conv=notrunc 2>/dev/null
check doctor-a-damaged-directory finds auray DATABASE_DIRECTORY
cp "$work/directory.kept" "$work/auray/directory.db"

# --- a full disk ---
unmount() {
	umount "$work/full" 2>/dev/null
}
mkdir -p "$work/full"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=12m tmpfs "$work/full" 2>/dev/null; then
	cp -a "$work/auray/." "$work/full/"
	equal doctor-a-full-disk DISK_FULL "$("$bin/essaim" --data "$work/full" doctor --json 2>/dev/null | jq -r '.checks[] | select(.check == "disk") | .code')"
	unmount
else
	skipped doctor-a-full-disk "a small tmpfs needs root and mount"
fi

# --- the clock, and a backup that is too old ---
must start cress
if [ -n "$faketime" ] && LD_PRELOAD=$faketime FAKETIME=+1h "$bin/essaim" --version >/dev/null 2>&1; then
	export FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
	rm -f "$work/auray/backup"/*
	must env LD_PRELOAD="$faketime" FAKETIME=-9d "$bin/essaim" --data "$work/auray" --quiet backup --keep 2 "$work/auray/backup"
	LD_PRELOAD=$faketime FAKETIME=+1h "$bin/essaimd" --data "$work/auray" >>"$work/auray/essaimd.log" 2>&1 &
	pid_auray=$!
	clock_seen() {
		finds auray CLOCK_AHEAD
	}
	within doctor-a-clock-ahead 15 clock_seen
	check metrics-a-clock-ahead awk "BEGIN { exit !($(metric auray essaim_clock_offset_seconds) < -3500) }"
	check metrics-an-old-backup metric_reaches auray essaim_backup_age_seconds 777600
	check doctor-an-old-backup finds auray BACKUP_OLD
	check backup-status-warns has_alert auray OLD_BACKUP
	must stop auray
	rm -f "$work/auray/backup"/*
else
	skipped doctor-a-clock-ahead "Debian's faketime is missing, or does not work with this build"
fi

# --- back: the lag goes, backups are kept ---
must start auray
must start vitre
must synced auray vitre cress
equal metrics-the-outbox-is-empty 0 "$(metric auray essaim_outbox_edits)"
equal metrics-no-lag-is-left 0 "$(metrics cress | awk '/^essaim_log_lag_commits/ { n += $2 } END { print n }')"

# Signed heads: over its quota a hub seals, home takes nothing, and both sides say how much.
must e cress quota auray 1 >/dev/null
must settle vitre
new_event auray "De trop" >/dev/null
within metrics-what-home-refuses-is-lag 10 metric_reaches auray 'essaim_log_lag_commits{author="pole-auray",scope="public"}' 1
within metrics-home-knows-what-it-lacks 10 metric_reaches cress 'essaim_log_lag_commits{author="pole-auray",scope="public"}' 1
must e cress quota auray none >/dev/null
lag_gone() {
	[ "$(metric cress 'essaim_log_lag_commits{author="pole-auray",scope="public"}')" = 0 ] &&
		[ "$(metric auray 'essaim_log_lag_commits{author="pole-auray",scope="public"}')" = 0 ]
}
within metrics-and-then-none 60 lag_gone

for n in 1 2 3; do
	must e auray --quiet backup --keep 2 "$work/auray/backup"
	sleep 1.1 # their names are dates
done
touch "$work/auray/backup/essaim-notes.db"
equal backup-keeps-the-last-two 2 "$(ls "$work/auray/backup" | grep -c '^essaim-[0-9]')"
check backup-leaves-other-files-alone test -f "$work/auray/backup/essaim-notes.db"
equal backup-is-for-its-owner "700 600" "$(stat -c %a "$work/auray/backup") $(stat -c %a "$work/auray/backup"/essaim-2* | sort -u)"
exits backup-keeps-no-key 64 e auray backup --keep 2 --with-key "$work/auray/backup"
exits backup-keeps-one-at-least 64 e auray backup --keep 0 "$work/auray/backup"
newest=$(ls "$work/auray/backup"/essaim-2* | tail -n 1)
"$bin/essaim" --data "$work/again" restore "$newest" --key "$work/auray/node.key" >/dev/null 2>&1
check backup-can-be-restored test -f "$work/again/journal.db"
check doctor-ends-well e auray doctor
finish
