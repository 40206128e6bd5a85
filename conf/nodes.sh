# SPDX-License-Identifier: Apache-2.0
#
# Functions to run nodes from a shell script; read with `.` by conf/demo.sh and
# tests/e2e/lib.sh, which set $bin (programs), $sample (conf/sample) and $work (a
# folder for one data directory per node). A node's name is lower-case letters.

# e NODE COMMAND...: the command line, on that node.
e() {
	e_node=$1
	shift
	"$bin/essaim" --data "$work/$e_node" "$@"
}

pid_of() {
	eval "echo \${pid_$1:-}"
}
alive() {
	[ -n "$(pid_of "$1")" ] && kill -0 "$(pid_of "$1")" 2>/dev/null
}

# start NODE: essaimd in the background, its log in its folder; returns once it answers.
start() { # NODE; where page_NODE is a port, its page is there
	eval "start_page=\${page_$1:-}"
	"$bin/essaimd" --data "$work/$1" ${start_page:+--page "127.0.0.1:$start_page"} >>"$work/$1/essaimd.log" 2>&1 &
	eval "pid_$1=$!"
	start_n=0
	while ! e "$1" status --json >/dev/null 2>&1; do
		start_n=$((start_n + 1))
		if [ $start_n -gt 300 ] || ! alive "$1"; then
			echo "essaimd of $1 does not answer:" >&2
			tail -n 5 "$work/$1/essaimd.log" >&2
			return 1
		fi
		sleep 0.1
	done
}
# stop NODE: asks, waits, and insists after 20 s. Not 0: it had to insist, or the
# daemon ended with that exit code (a sanitizer's finding, too).
stop() {
	stop_pid=$(pid_of "$1")
	[ -n "$stop_pid" ] || return 0
	eval "pid_$1="
	kill -TERM "$stop_pid" 2>/dev/null || return 0
	stop_n=0
	while kill -0 "$stop_pid" 2>/dev/null; do
		stop_n=$((stop_n + 1))
		if [ $stop_n -gt 200 ]; then
			kill -KILL "$stop_pid" 2>/dev/null
			wait "$stop_pid" 2>/dev/null
			return 1
		fi
		sleep 0.1
	done
	wait "$stop_pid" 2>/dev/null
}
# crash NODE: no warning given.
crash() {
	crash_pid=$(pid_of "$1")
	eval "pid_$1="
	[ -z "$crash_pid" ] || kill -KILL "$crash_pid" 2>/dev/null
	wait "$crash_pid" 2>/dev/null
	return 0
}

# A TCP port of 127.0.0.1 on which nobody listens, and that was not given before.
ports_given=" "
free_port() {
	while :; do
		port=$(($(od -An -N2 -tu2 /dev/urandom) % 12000 + 20000))
		case $ports_given in
		*" $port "*) continue ;;
		esac
		grep -qi ":$(printf %04x $port) 0" /proc/net/tcp /proc/net/tcp6 2>/dev/null || break
	done
	ports_given="$ports_given$port "
}

# Facts out of `status --json`, without jq.
facts() {
	e "$1" status --json | tr -d ' \n'
}
records() { # NODE KIND
	facts "$1" | sed -n "s/.*\"records\":{[^}]*\"$2\":\([0-9]*\).*/\1/p"
}
digest() { # NODE public|federation
	facts "$1" | sed -n "s/.*\"digest\":{[^}]*\"$2\":\"\([0-9a-f]\{64\}\)\".*/\1/p"
}
outbox() { # NODE
	facts "$1" | sed -n 's/.*"outbox":\([0-9]*\).*/\1/p'
}

# same_digests NODE...: equal and there, tried for 30 s.
same_digests() {
	same_n=0
	while :; do
		same_first="" same_all=yes
		for same_node in "$@"; do
			same_one="$(digest "$same_node" public) $(digest "$same_node" federation)"
			[ ${#same_one} = 129 ] || same_all=no
			[ -n "$same_first" ] || same_first=$same_one
			[ "$same_one" = "$same_first" ] || same_all=no
		done
		[ $same_all = no ] || return 0
		same_n=$((same_n + 1))
		[ $same_n -lt 60 ] || return 1
		sleep 0.5
	done
}
# settle NODE...: hubs, then the CRESS, then hubs again: what one sent, the others have.
settle() {
	for settle_round in 1 2; do
		for settle_node in "$@"; do
			e "$settle_node" wait --synced --timeout 180 >/dev/null || return 1
		done
	done
}

# local_rows FILE: uids of the records of an exchange CSV whose portee is `local`,
# whatever its dialect. Quoted newlines are followed.
local_rows() {
	LC_ALL=C awk '
		function record(text,    n, cell, i) {
			# The separator is the one after the header'"'"'s first name, "uid".
			gsub(/"[^"]*"/, "x", text)
			n = split(text, cell, separator)
			if (!header) {
				header = 1
				for (i = 1; i <= n; i++)
					column[cell[i]] = i
				return
			}
			if (cell[column["portee"]] == "local")
				print cell[1]
		}
		NR == 1 {
			sub(/^\357\273\277/, "")
			separator = substr($0, 4, 1)
		}
		{
			sub(/\r$/, "")
			whole = whole (whole == "" ? "" : " ") $0
			quotes = gsub(/"/, "\"", whole)
			if (quotes % 2 == 0) {
				record(whole)
				whole = ""
			}
		}' "$1"
}
# first_with FILE COLUMN VALUE: uid of the first record that has it.
first_with() {
	LC_ALL=C awk -v want="$2" -v value="$3" '
		NR == 1 {
			sub(/^\357\273\277/, "")
			separator = substr($0, 4, 1)
		}
		{
			sub(/\r$/, "")
			gsub(/"[^"]*"/, "x")
			n = split($0, cell, separator)
			if (NR == 1) {
				for (i = 1; i <= n; i++)
					if (cell[i] == want)
						at = i
			} else if (n > at && cell[at] == value || n == at && cell[at] == value) {
				print cell[1]
				exit
			}
		}' "$1"
}
# Every table of the sample, in an order where what is referred to comes first: KIND FILE.
sample_tables="structure:structures contact:contacts offre:offres besoin:besoins
partenariat:partenariats suivi:suivis diagnostic:diagnostics evenement:evenements inscription:inscriptions"

hub_title() {
	case $1 in
	auray) echo "Pôle ESS du Pays d'Auray" ;;
	fougeres) echo "Pôle ESS du Pays de Fougères" ;;
	morlaix) echo "Pôle ESS du Pays de Morlaix" ;;
	vitre) echo "Pôle ESS du Pays de Vitré" ;;
	*) echo "Pôle ESS de $1" ;;
	esac
}

# found_cress: a federation, its CRESS running.
found_cress() {
	free_port
	port_cress=$port
	e cress init --cress --name "CRESS Bretagne" --region 53 --listen "127.0.0.1:$port" \
		>"$work/cress.init" || return 1
	start cress
}
# invitation PAYS [options]: the string, on stdout.
invitation() {
	invitation_pays=$1
	shift
	e cress --quiet invite --pays "$invitation_pays" --name "$(hub_title "$invitation_pays")" "$@" |
		grep -o 'ESSAIM1-[0-9A-Z-]*' | head -n 1
}
# join HUB CODE: its data directory, not started; what was said is in $work/HUB.join.
join() {
	free_port
	eval "port_$1=$port"
	e "$1" join "$2" --accept-charter --listen "127.0.0.1:$port" >"$work/$1.join"
}
# enter HUB: invited, approved beforehand, joined, started.
enter() {
	enter_code=$(invitation "$1" --approve)
	[ -n "$enter_code" ] || return 1
	join "$1" "$enter_code" && start "$1"
}
# import_sample HUB: its nine tables; what was said is in $work/HUB.import.
import_sample() {
	for import_table in $sample_tables; do
		e "$1" import "${import_table%%:*}" "$sample/pole-$1/${import_table##*:}.csv" \
			>>"$work/$1.import" 2>&1 || return
	done
}
