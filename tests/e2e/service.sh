#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a service manager hears (sd_notify), without one: READY, the watchdog's word,
# RELOADING, STOPPING. A reload moves the port and the level and cuts no peer; a bad file
# changes nothing. tests/package/install.sh does it under systemd.
. "$(dirname "$0")/lib.sh"

# listen_to NODE: a manager's socket; what comes is a line each in $work/NODE.heard.
listen_to() {
	python3 -uc '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
' "$work/$1.notify" >"$work/$1.heard" 2>&1 &
	listener=$!
	for listen_n in 1 2 3 4 5 6 7 8 9 10; do
		[ ! -S "$work/$1.notify" ] || return 0
		sleep 0.5
	done
	return 1
}
heard() { # TEXT
	grep -q -- "$1" "$work/auray.heard"
}
clean_listener() {
	kill "$listener" 2>/dev/null
}
trap 'clean_listener; clean' EXIT

must found_cress
code=$(invitation auray --approve)
must join auray "$code"
listen_to auray
export NOTIFY_SOCKET="$work/auray.notify" WATCHDOG_USEC=900000
must start auray
unset NOTIFY_SOCKET WATCHDOG_USEC
within "ready-is-told" 10 heard "^READY=1"
within "the-watchdog-is-fed" 10 heard "^WATCHDOG=1"
must settle auray cress
fed=$(grep -c WATCHDOG "$work/auray.heard")
sleep 2
check "and-again-and-again" test "$(grep -c WATCHDOG "$work/auray.heard")" -ge $((fed + 3))

sessions() { # ends of the connections to the CRESS: another number is another session
	ss -Htn state established "dport = :$port_cress" | awk '{ print $3 }'
}
free_port
old=$port_auray
printf 'listen = "127.0.0.1:%s";\nlog = "debug";\n' "$port" >"$work/auray/essaim.conf"
before=$(sessions)
pid=$(pid_of auray)
kill -HUP "$pid"
within "a-reload-is-told" 10 heard "^RELOADING=1"
within "the-port-moves" 10 sh -c "ss -Hltn | grep -q '127.0.0.1:$port '"
check "the-old-one-is-closed" sh -c "! ss -Hltn | grep -q '127.0.0.1:$old '"
within "ready-follows" 10 sh -c "tail -n 3 '$work/auray.heard' | grep -q '^READY=1'"
check "there-is-a-session" test -n "$before"
equal "no-peer-is-cut" "$before" "$(sessions)"
equal "status-has-the-new-address" "127.0.0.1:$port" "$(e auray status --json | jq -r .node.listen)"
check "the-page-as-before-is-no-news" sh -c "! grep -q reload.page '$work/auray/essaimd.log'"
equal "it-is-live-all-the-while" live "$(e auray status --json | jq -r .state)"

printf 'listen = "127.0.0.1:%s";\nlogg = "debug";\n' "$old" >"$work/auray/essaim.conf"
kill -HUP "$pid"
within "a-bad-file-is-told-where-and-why" 10 heard "still the old ones: .*essaim.conf:2: logg: unknown key; did you mean 'log'?"
check "and-changes-nothing" sh -c "ss -Hltn | grep -q '127.0.0.1:$port '"
check "logged-too" grep -q "reload.refused" "$work/auray/essaimd.log"
check "status-says-so" jq -e '[.alerts[] | select(.code == "CONFIG") | .text_en] | length == 1 and (.[0] | test("essaim.conf:2: logg"))' <<-EOF
	$(e auray status --json)
EOF
printf 'listen = "127.0.0.1:%s";\nlog = "fort";\n' "$port" >"$work/auray/essaim.conf"
kill -HUP "$pid"
within "in-french-to-who-reads-french" 10 sh -c "'$bin/essaim' --data '$work/auray' status --json | jq -e '.alerts[] | select(.code == \"CONFIG\") | (.text | test(\": log: l.un de \")) and (.text_en | test(\": log: one of \"))'"
printf 'listen = "127.0.0.1:%s";\npage_public = "yes";\n' "$port" >"$work/auray/essaim.conf"
kill -HUP "$pid"
within "a-good-one-ends-it" 10 sh -c "[ \"\$('$bin/essaim' --data '$work/auray' status --json | jq '[.alerts[] | select(.code == \"CONFIG\")] | length')\" = 0 ]"
within "the-page-waits-for-a-restart" 10 grep -q "reload.page.*needs=restart" "$work/auray/essaimd.log"
printf 'listen = "127.0.0.1:%s";\nlogg = "debug";\n' "$port" >"$work/auray/essaim.conf"
exits "check-finds-it" 78 "$bin/essaimd" --data "$work/auray" --check
printf 'listen = "127.0.0.1:%s";\npage = "0.0.0.0:4447";\n' "$port" >"$work/auray/essaim.conf"
exits "check-finds-what-the-start-would-refuse" 78 "$bin/essaimd" --data "$work/auray" --check
printf 'listen = "192.0.2.1:9";\n' >"$work/auray/essaim.conf"
kill -HUP "$pid"
within "an-address-that-is-not-ours-is-refused" 10 heard "listen: cannot listen at 192.0.2.1:9"
within "and-the-old-port-is-open-again" 10 sh -c "ss -Hltn | grep -q '127.0.0.1:$port '"
printf 'listen = "127.0.0.1:%s";\n' "$port" >"$work/auray/essaim.conf"
exits "without-a-node-nothing-is-there-to-start" 69 "$bin/essaim" --data "$work/nowhere" status
check "it-says-how-to-make-one" grep -q "no node in .*/nowhere yet: make it with 'essaim join CODE'" "$work/exits.err"
must stop auray
check "stopping-is-told" heard "^STOPPING=1"
finish
