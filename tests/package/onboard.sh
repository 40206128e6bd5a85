#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The transcript that a new Pays lives through: two machines joined by one private link,
# with no other way out, Debian packages and ours. At the CRESS a federation with records;
# on the hub's machine: install, join, synced. Counts commands and seconds.
. "$(dirname "$0")/lib.sh"
the_package
make_debian
command -v ip >/dev/null || skip_all "ip is missing: apt-get install iproute2"

link=es$$
if ! ip link add "${link}a" type veth peer name "${link}b" 2>"$work/ip"; then
	skip_all "no virtual link can be made here: $(cat "$work/ip")"
fi
containers="cress pole"
unlink_machines() {
	ip link del "${link}a" 2>/dev/null
	clean
}
trap unlink_machines EXIT
boot cress
boot pole
# Moved in by hand: nspawn wants a udev to have seen them first.
ip link set "${link}a" netns "$cress_pid"
ip link set "${link}b" netns "$pole_pid"
in_container cress sh -c "ip addr add 10.99.0.1/24 dev ${link}a && ip link set ${link}a up"
in_container pole sh -c "ip addr add 10.99.0.2/24 dev ${link}b && ip link set ${link}b up"
for machine in cress pole; do
	cp "$deb" "$work/$machine/root/essaim_test.deb"
	in_container $machine apt-get update -q >"$work/apt" 2>&1
done
equal "the-hub-has-one-link-and-no-way-out" "${link}b lo" "$(in_container pole sh -c 'ls /sys/class/net' | tr '\n' ' ' | sed 's/ $//')"
equal "and-no-route" 0 "$(in_container pole ip route show default | wc -l)"

# The CRESS, with the records of the sample's hub of Vitré for something to be synced.
cp -r "$root/conf/sample/pole-vitre" "$work/cress/root/sample"
check "the-cress-is-installed" in_container cress apt-get install -q -y /root/essaim_test.deb
check "founded" in_container cress essaim init --cress --name "CRESS Bretagne" --region 53 --listen 10.99.0.1:4446
for n in 1 2 3 4 5 6 7 8 9 10; do
	in_container cress essaim add structure nom="Structure $n" type_acteur=ess code_insee=35238 >"$work/add" 2>&1 || not_ok "adds $(cat "$work/add")"
done
code=$(in_container cress essaim --quiet invite --pays auray --name "Pôle ESS du Pays d'Auray" --approve | grep -o 'ESSAIM1-[0-9A-Z-]*' | head -n 1)
check "and-has-an-invitation-to-give" test -n "$code"

commands=0 began=$(date +%s)
type_it() { # what an administrator types, as root
	commands=$((commands + 1))
	type_began=$(date +%s)
	echo "# \$ $(echo "$*" | sed 's/ESSAIM1-[0-9A-Z-]*/CODE/')"
	in_container pole sh -c "cd /root && $*" >"$work/typed" 2>&1
	type_code=$?
	grep -v '^\(Get\|Selecting\|Preparing\|Unpacking\|Setting up\|Reading\|Building\|Processing\|(Reading\)' "$work/typed" | tail -n 4 | sed 's/^/#   /'
	echo "#   exit $type_code, $(($(date +%s) - type_began)) s"
	return $type_code
}
type_it "apt install -y ./essaim_*.deb" && ok "apt-install" || not_ok "apt-install $(tail -n 1 "$work/typed")"
type_it "essaim join $code --accept-charter" && ok "essaim-join" || not_ok "essaim-join $(tail -n 1 "$work/typed")"
type_it "essaim wait --synced --timeout 110" && ok "essaim-wait-synced" || not_ok "essaim-wait-synced $(tail -n 1 "$work/typed")"
seconds=$(($(date +%s) - began))
echo "# $commands commands, $seconds s"
equal "three-commands" 3 $commands
check "under-two-minutes-($seconds-s)" test $seconds -le 120

digests() {
	in_container "$1" essaim status --json | jq -c .directory.digest
}
equal "the-hub-shows-what-the-cress-shows" "$(digests cress)" "$(digests pole)"
equal "the-ten-structures" 10 "$(in_container pole essaim status --json | jq .directory.records.structure)"
equal "it-is-live" live "$(in_container pole essaim status --json | jq -r .state)"
equal "by-the-service" active "$(in_container pole systemctl is-active essaimd.service)"
check "it-survives-a-restart" in_container pole systemctl restart essaimd.service
check "and-is-synced-again" in_container pole essaim wait --synced --timeout 60
for machine in cress pole; do
	in_container $machine journalctl -q -u essaimd.service -o cat >"$work/$machine.journal" 2>&1
done
finish
