#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The life of an installed node, in a Debian that knows nothing else: install, init, every
# feature under the sandbox, reload, watchdog, upgrade, remove, purge.
. "$(dirname "$0")/lib.sh"
the_package
make_debian

containers=node
boot node
in_node() {
	in_container node "$@"
}
as_agent() {
	in_container node runuser -u nolwenn -- "$@"
}
prop() { # PROPERTY
	in_node systemctl show -P "$1" essaimd.service
}
active() {
	in_node systemctl is-active essaimd.service
}
# journal WORDS...: what the service has said, with these options.
journal() {
	in_node journalctl -q -u essaimd.service -o cat "$@"
}
in_node apt-get update -q >"$work/apt" 2>&1
cp "$deb" "$work/node/root/essaim.deb"

# --- install: nothing runs ---
check "installs" in_node apt-get install -q -y /root/essaim.deb
equal "nothing-runs-before-there-is-a-node" inactive "$(active)"
equal "it-is-no-failure-either" 0 "$(in_node systemctl --failed --no-legend | wc -l)"
equal "it-will-start-with-the-machine" enabled "$(in_node systemctl is-enabled essaimd.service)"
equal "the-folder-is-the-users" "essaim essaim 750" "$(in_node stat -c '%U %G %a' /var/lib/essaim)"
says "status-says-how-to-make-a-node" "essaim join CODE" in_node essaim status
check "man-pages-are-there" in_node test -e /usr/share/man/man1/essaim.1.gz -a -e /usr/share/man/man8/essaimd.8.gz

# --- a node ---
in_node useradd -m -G essaim nolwenn
says "an-agent-makes-no-node-and-is-told" "root" as_agent essaim init --cress --name CRESS --region 53
check "init-makes-the-node" in_node essaim init --cress --name "CRESS Bretagne" --region 53 --listen 127.0.0.1:4446
equal "and-the-service-runs" active "$(active)"
equal "all-of-it-is-the-users" essaim "$(in_node sh -c 'stat -c %U /var/lib/essaim/* | sort -u | tr "\n" " "' | tr -d ' ')"
equal "nobody-else-reads-the-key" 600 "$(in_node stat -c %a /var/lib/essaim/node.key)"
id=$(in_node essaim status --json | jq -r .node.id)
equal "it-listens-where-init-said" 127.0.0.1:4446 "$(in_node essaim status --json | jq -r .node.listen)"
says "check-shows-what-is-in-force" 'listen = "127.0.0.1:4446"' in_node essaimd --check

# --- every feature, under the sandbox, as somebody of the group ---
uid=$(as_agent essaim add structure nom="Ferme de Kerval" type_acteur=ess code_insee=56007 portee=local --json 2>/dev/null | jq -r .uid)
check "an-agent-adds" test -n "$uid" -a "$uid" != null
check "and-searches" sh -c "[ \"\$1\" -ge 1 ]" sh "$(as_agent essaim search Kerval --json | jq .total)"
cp -r "$root/conf/sample" "$work/node/home/nolwenn/sample"
in_node chown -R nolwenn: /home/nolwenn
check "imports-a-file-of-hers" as_agent essaim import structure /home/nolwenn/sample/pole-auray/structures.csv --skip-rejected
check "exports-into-her-home" as_agent essaim export csv --kind structure --output /home/nolwenn/structures.csv
equal "and-it-is-hers" nolwenn "$(in_node stat -c %U /home/nolwenn/structures.csv)"
check "backs-up-into-her-home" as_agent essaim backup /home/nolwenn/pole.sauvegarde
equal "private-and-hers" "nolwenn 600" "$(in_node stat -c '%U %a' /home/nolwenn/pole.sauvegarde)"
says "but-not-the-key" "root" as_agent essaim backup /home/nolwenn/cle.sauvegarde --with-key
check "and-nothing-is-left-of-it" in_node test ! -e /home/nolwenn/cle.sauvegarde
check "root-backs-up-with-the-key" in_node essaim backup /root/cress.cle --with-key
equal "nothing-is-left-beside-the-journal" 0 "$(in_node sh -c 'ls -A /var/lib/essaim | grep -c sauvegarde')"
equal "the-backup-is-known" 0 "$(in_node essaim status --json | jq '[.alerts[].code | select(. == "NO_BACKUP")] | length')"
check "forgets" in_node essaim forget "$uid" --yes
check "invites" in_node essaim invite --pays auray --name "Pôle d'Auray"
check "verifies" in_node essaim verify
check "rebuilds" in_node essaim rebuild
check "saves-evidence" in_node essaim evidence --output /root/evidence.json
equal "the-service-complains-of-nothing" "" "$(journal -p warning)"

# --- journal, reload ---
in_node mkdir -p /etc/essaim/conf.d
pid=$(prop MainPID)
equal "journald-has-priorities" 5 "$(in_node journalctl -q -u essaimd.service -o json | jq -r 'select(.MESSAGE | startswith("started")) | .PRIORITY' | tail -n 1)"
printf 'log = "debug";\nlisten = "127.0.0.1:4450";\n' >"$work/node/etc/essaim/conf.d/10-test.conf"
check "reload-takes-settings-in" in_node systemctl reload essaimd.service
check "it-listens-elsewhere-now" within 10 sh -c "nsenter -t $node_pid -a ss -Hltn | grep -q 127.0.0.1:4450"
check "and-no-more-where-it-was" sh -c "! nsenter -t $node_pid -a ss -Hltn | grep -q 127.0.0.1:4446"
equal "it-is-the-same-process" "$pid" "$(prop MainPID)"
printf 'log = "debug";\nlisen = "127.0.0.1:4451";\n' >"$work/node/etc/essaim/conf.d/10-test.conf"
check "a-bad-file-fails-the-reload" sh -c "! nsenter -t $node_pid -a systemctl reload essaimd.service"
says "it-says-file-line-key-and-reason" "/etc/essaim/conf.d/10-test.conf:2: lisen: unknown key; did you mean 'listen'?" journal
in_node kill -HUP "$pid"
check "even-a-plain-signal-changes-nothing" within 10 sh -c "nsenter -t $node_pid -a journalctl -q -u essaimd.service -o cat | grep -q reload.refused"
says "and-status-says-so" "still the old ones" in_node systemctl status essaimd.service
equal "the-old-settings-hold" 1 "$(in_node ss -Hltn | grep -c 127.0.0.1:4450)"
rm "$work/node/etc/essaim/conf.d/10-test.conf"

printf 'page = "0.0.0.0:4447";\n' >"$work/node/etc/essaim/conf.d/10-test.conf"
check "check-refuses-a-page-that-the-start-would" sh -c "! nsenter -t $node_pid -a essaimd --check"
says "and-names-the-example-that-is-there" "see $(ls "$work/node/usr/share/doc/essaim/examples/nginx.conf" | sed "s|^$work/node||")" in_node essaimd --check
check "so-that-a-reload-fails-and-not-the-start" sh -c "! nsenter -t $node_pid -a systemctl reload essaimd.service"
rm "$work/node/etc/essaim/conf.d/10-test.conf"

# --- the page's socket: as the unit says, while the service runs ---
sed -n 's/^# *\(systemctl stop essaimd;.*\)/\1/p' "$work/node/usr/lib/systemd/system/essaimd.socket" "$work/node/lib/systemd/system/essaimd.socket" 2>/dev/null | head -n 1 >"$work/node/root/socket.sh"
check "the-units-own-hint-is-there" test -s "$work/node/root/socket.sh"
check "the-socket-as-its-unit-says" in_node sh -e /root/socket.sh
equal "systemd-listens-and-the-service-runs" "active active" "$(in_node systemctl is-active essaimd.socket essaimd.service | tr '\n' ' ' | sed 's/ $//')"
equal "the-page-is-there" 1 "$(in_node ss -Hltn | grep -c 127.0.0.1:4447)"
check "restarts-with-it" in_node systemctl restart essaimd.service
check "and-answers" within 20 in_node essaim status
in_node systemctl disable -q --now essaimd.socket
in_node systemctl restart essaimd.service
check "and-without-it-again" within 20 in_node essaim status
pid=$(prop MainPID)

# --- watchdog ---
equal "systemd-watches" 30s "$(prop WatchdogUSec)"
in_node kill -STOP "$pid"
began=$(date +%s)
check "a-daemon-that-hangs-is-killed" within 120 sh -c "[ \"\$(nsenter -t $node_pid -a systemctl show -P NRestarts essaimd.service)\" -ge 1 ]"
echo "# killed and started again after $(($(date +%s) - began)) s"
check "and-started-again" within 60 sh -c "nsenter -t $node_pid -a essaim status --json"
check "by-another-process" test "$pid" != "$(prop MainPID)"
equal "the-same-node" "$id" "$(in_node essaim status --json | jq -r .node.id)"
equal "no-core-file-of-its-keys" 0 "$(in_node sh -c 'ls /core* /var/lib/essaim/core* 2>/dev/null | wc -l')"

# --- restore, by root ---
in_node systemctl stop essaimd.service
in_node mv /var/lib/essaim /var/lib/essaim.before
in_node systemd-tmpfiles --create /usr/lib/tmpfiles.d/essaim.conf
check "root-restores-a-file-of-its-own" in_node essaim restore /root/cress.cle
equal "for-the-service" essaim "$(in_node sh -c 'stat -c %U /var/lib/essaim/* | sort -u | tr "\n" " "' | tr -d ' ')"
check "which-runs-on-it" in_node systemctl start essaimd.service
equal "as-the-node-it-was" "$id" "$(in_node essaim status --json | jq -r .node.id)"
in_node rm -rf /var/lib/essaim.before

# --- upgrade ---
dpkg-deb -R "$deb" "$work/newer" && sed -i 's/^Version: .*/&+test1/' "$work/newer/DEBIAN/control"
dpkg-deb -Zgzip -b "$work/newer" "$work/node/root/newer.deb" >/dev/null
pid=$(prop MainPID)
check "upgrades" in_node apt-get install -q -y /root/newer.deb
check "the-service-is-started-again" test "$pid" != "$(prop MainPID)"
equal "and-runs" active "$(active)"
equal "the-node-is-kept" "$id" "$(in_node essaim status --json | jq -r .node.id)"
check "and-verifies" in_node essaim verify

# --- remove, install again, purge ---
check "removes" in_node apt-get remove -q -y essaim
check "the-node-stays" in_node test -e /var/lib/essaim/node.key -a -e /var/lib/essaim/journal.db
check "nothing-runs" sh -c "! nsenter -t $node_pid -a pgrep -x essaimd"
check "installs-again" in_node apt-get install -q -y /root/newer.deb
check "and-goes-on" within 30 sh -c "nsenter -t $node_pid -a systemctl is-active essaimd.service"
equal "as-the-same-node" "$id" "$(in_node essaim status --json | jq -r .node.id)"
says "purge-says-what-it-takes" "node.key (its identity)" in_node apt-get purge -q -y essaim
check "and-takes-it" in_node test ! -e /var/lib/essaim -a ! -e /etc/essaim
check "the-user-stays" in_node getent passwd essaim
equal "no-unit-is-left" 0 "$(in_node systemctl --failed --no-legend | wc -l)"
check "a-machine-purged-can-begin-again" in_node apt-get install -q -y /root/essaim.deb
equal "with-nothing-running" inactive "$(active)"
journal >"$work/node.journal" 2>&1
finish
