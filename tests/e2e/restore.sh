#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A hub's disk is lost, or it comes back from an older backup, or a copy of it runs
# beside it. Nothing that home acknowledged is missing, nothing forks, and no hand
# is needed but to restore, and to say which of two copies is to live (L1-L10).
. "$(dirname "$0")/lib.sh"

back() { # HUB FILE [OPTIONS]: restored from it, running
	back_hub=$1
	shift
	e "$back_hub" restore "$@" >"$work/$back_hub.restore" || return 1
	start "$back_hub"
}

must found_cress
for hub in auray morlaix vitre fougeres; do
	must enter $hub
done
must work_some auray 20 Auray
must work_some morlaix 5 Morlaix
must settle auray morlaix vitre fougeres cress

# Refusals first.
exits "restore-where-a-node-is" 78 e auray restore "$work/auray/node.key"
exits "restore-of-nothing" 74 e brest restore "$work/absent"
echo Bonjour >"$work/no-backup"
chmod 600 "$work/no-backup"
exits "restore-of-another-file" 65 e brest restore "$work/no-backup"
check "and-nothing-is-left" test ! -e "$work/brest/journal.db"
must e auray backup "$work/auray.0" >/dev/null
exits "a-backup-writes-over-nothing" 78 e auray backup "$work/auray.0"
equal "a-backup-is-private" 600 "$(stat -c %a "$work/auray.0")"
equal "nothing-of-it-stays-with-the-daemon" 0 "$(ls -A "$work/auray" | grep -c sauvegarde)"
exits "a-backup-without-a-key" 78 e brest restore "$work/auray.0"
cp "$work/auray/node.key" "$work/open.key"
chmod 644 "$work/open.key"
exits "a-key-that-others-can-read" 78 e brest restore "$work/open.key"
sqlite3 "$work/auray.0" 'create table tmp as select * from sauvegarde; drop table sauvegarde; drop table tmp'
exits "a-database-that-is-no-backup" 65 e brest restore "$work/auray.0" --key "$work/auray/node.key"

# Disk lost, key kept: everything comes back from home.
lose_disk auray
check "disk-lost-key-kept" back auray "$work/auray.key" --listen "127.0.0.1:$port_auray"
check "disk-lost-comes-back" synced auray
check "disk-lost-its-work-is-there" holds_work auray auray
must work_some auray 3 Après
check "disk-lost-goes-on" settle auray cress morlaix
all_well disk-lost auray cress morlaix
equal "the-key-is-private" 600 "$(stat -c %a "$work/auray/node.key")"

# Backups of several ages. An old one; one whose outbox was sealed and acknowledged
# since; one with commits that home has, its acknowledgement unseen; the newest.
must e vitre backup "$work/vitre.old" --with-key >/dev/null
must work_some vitre 10 Vieux
must settle vitre cress
first=$(head -n 1 "$work/vitre.acked" | cut -d ' ' -f 1)
stop cress
must work_some vitre 5 Hors-ligne
must rework vitre "$first" "Changé hors ligne"
must e vitre backup "$work/vitre.outbox" --with-key >/dev/null
must start cress
must settle vitre cress
crash vitre
rm -rf "$work/vitre"
check "before-seal" back vitre "$work/vitre.outbox"
check "before-seal-synced" settle vitre cress morlaix
all_well before-seal vitre cress morlaix

# Sealed while home hears nothing: frozen, not gone.
kill -STOP "$(pid_of cress)"
must work_some vitre 4 Gelé
must rework vitre "$first" "Changé dans le gel"
must e vitre backup "$work/vitre.sealed" --with-key >/dev/null
must work_some vitre 2 Gelé-après
crash vitre
kill -CONT "$(pid_of cress)"
rm -rf "$work/vitre"
# The two edits after the backup died with the disk, unless they had left already.
grep -v Gelé-après "$work/vitre.acked" >"$work/kept" && mv "$work/kept" "$work/vitre.acked"
check "between-seal-and-ack" back vitre "$work/vitre.sealed"
check "between-seal-and-ack-synced" settle vitre cress morlaix
all_well between-seal-and-ack vitre cress morlaix
e cress list evenement --limit 10000 --json | jq -r '.items[] | .uid + " " + .data.titre' | grep Gelé-après >>"$work/vitre.acked"

must work_some vitre 3 Neuf
must rework vitre "$first" "Changé à la fin"
must settle vitre cress
crash vitre
rm -rf "$work/vitre"
check "after-ack-from-the-oldest" back vitre "$work/vitre.old"
check "after-ack-synced" settle vitre cress morlaix
must work_some vitre 3 Encore
check "after-ack-goes-on" settle vitre cress morlaix
all_well after-ack vitre cress morlaix

# More than three times in a day a human is asked (L8).
must e vitre backup "$work/vitre.again" --with-key >/dev/null
stop vitre
rm -rf "$work/vitre"
check "a-fourth-time" back vitre "$work/vitre.again"
must work_some vitre 2 Patience
within "the-cress-is-told" 30 sh -c "'$bin/essaim' --data '$work/cress' status --json | jq -e '.alerts[] | select(.code == \"COPY_TURNED_AWAY\" or .code == \"GENERATIONS\")'"
check "approve-lets-it-in" e cress approve vitre
check "and-it-goes-on" settle vitre cress morlaix
all_well fourth vitre cress morlaix

# Cloned, both alive: the newer copy wins, the older one is fenced and loses nothing.
must work_some fougeres 5 Fougères
must settle fougeres cress
must e fougeres backup "$work/fougeres.copy" --with-key >/dev/null
free_port
port_clone=$port
e clone restore "$work/fougeres.copy" --listen "127.0.0.1:$port_clone" >/dev/null
must start clone
check "the-clone-is-let-in" synced clone
within "the-older-one-is-fenced" 30 state_is fougeres fenced
work_one clone "De la copie" && mv "$work/clone.acked" "$work/clone.list"
must work_one fougeres "De l'ancien"
cat "$work/clone.list" >>"$work/fougeres.acked"
must synced clone
sleep 2
within "the-cress-says-what-to-do" 10 has_alert cress COPY_TURNED_AWAY
check "the-older-one-seals-nothing" test "$(outbox fougeres)" -ge 1
exits "nobody-else-is-let-in" 65 e cress approve nobody
check "a-human-lets-the-older-one-in" e cress approve fougeres
check "it-is-back" synced fougeres
equal "it-is-live" live "$(fact fougeres .state)"
check "its-work-arrives" settle fougeres cress morlaix
within "now-the-clone-is-fenced" 30 state_is clone fenced
stop clone
rm -rf "$work/clone"
all_well clone fougeres cress morlaix
# A copy that is let in while the CRESS itself waits: the answer says what it waits for.
for node in auray morlaix vitre fougeres; do
	stop $node
done
stop cress
must start cress
LC_ALL=C.UTF-8 "$bin/essaim" --data "$work/cress" approve fougeres >"$work/approved"
check "approve-twice-is-once" e cress approve fougeres
check "approve-says-that-it-takes-effect-later" grep -q "is approved. It gets in once the CRESS has heard: .*Auray" "$work/approved"
equal "all-hubs-are-members-still" 5 "$(e cress members --json | jq '[.members[] | select(.state == "active")] | length')"
finish
