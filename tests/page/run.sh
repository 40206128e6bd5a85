#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh tests/page/run.sh [NAME]   the page in a browser, against a real federation
#
# Runs tests/page/*_test.mjs (or NAME_test.mjs) with Chromium and playwright-core. What is
# missing is said, and nothing fails for it. Screenshots go to build/page-shots.
#   ESSAIM_PAGE_ROWS so many structures more
#   CHROMIUM         the browser, where it is not /usr/bin/chromium
#   ESSAIM_PAGE_NPM  a folder with playwright-core and axe-core in node_modules; else they
#                    are installed into build/page-npm
. "$(dirname "$0")/../e2e/lib.sh"

chromium=${CHROMIUM:-/usr/bin/chromium}
npm=${ESSAIM_PAGE_NPM:-$build/page-npm}
lacks() {
	skipped "page $1 is missing"
	exit 0
}
command -v node >/dev/null || lacks node
[ -x "$chromium" ] || lacks "$chromium"
if [ ! -d "$npm/node_modules/axe-core" ]; then
	command -v npm >/dev/null || lacks npm
	mkdir -p "$npm"
	npm install --prefix "$npm" --no-audit --no-fund --silent playwright-core axe-core >/dev/null 2>&1 || lacks "playwright-core (npm install)"
fi

# page NODE: starts it anew with its page; the address is in $page_at.
page() {
	stop "$1"
	free_port
	page_at=127.0.0.1:$port
	"$bin/essaimd" --data "$work/$1" --page "$page_at" >>"$work/$1/essaimd.log" 2>&1 &
	eval "pid_$1=$!"
	page_n=0
	while ! e "$1" status --json >/dev/null 2>&1; do
		page_n=$((page_n + 1))
		[ $page_n -lt 300 ] && alive "$1" || return 1
		sleep 0.1
	done
}
# browse TEST PHASE: its lines are ours.
browse() {
	if ! ESSAIM_NPM=$npm ESSAIM_CHROMIUM=$chromium ESSAIM_SHOTS=$shots ESSAIM_HUB=http://$hub_at ESSAIM_CRESS=http://$cress_at \
		ESSAIM_FACTS=$work/facts.json ESSAIM_BIN=$bin ESSAIM_WORK=$work node "$here/$1_test.mjs" "$2" >"$work/browse.out" 2>"$work/browse.err"; then
		failed=$((failed + 1))
		grep -q '^not ok' "$work/browse.out" || not_ok "page-$1-$2" "broke off: $(grep -m 1 -E 'Error|waiting' "$work/browse.err")"
	fi
	cat "$work/browse.out"
	tail -n 5 "$work/browse.err" >&2 # figures, or why it broke off
}

here=$(cd "$(dirname "$0")" && pwd)
shots=$build/page-shots
mkdir -p "$shots"

must found_cress
must enter morlaix
must enter auray
must import_sample morlaix
must import_sample auray
# ESSAIM_PAGE_ROWS more structures, all over the region.
if [ -n "${ESSAIM_PAGE_ROWS:-}" ]; then
	awk -F, -v n="$ESSAIM_PAGE_ROWS" 'NR > 1 { code[NR - 2] = $1 }
		END {
			print "nom,type_acteur,filieres,code_insee,description"
			split("Atelier Ressourcerie Jardin Café Club Épicerie Compagnie Cantine École Vélo", name, " ")
			split("alimentation_circuits_courts dechets_reemploi espaces_verts numerique culture_evenementiel", sector, " ")
			for (i = 0; i < n; i++)
				print name[i % 10 + 1] " n° " i ",ess," sector[i % 5 + 1] "," code[i * 7919 % (NR - 1)] ",Accueil et entraide " i
		}' "$root/conf/reference/communes_bretagne.csv" >"$work/rows.csv"
	must e morlaix import structure "$work/rows.csv" --candidates new >/dev/null 2>&1
fi
. "$here/world.sh"
must settle morlaix auray cress
# The CRESS has a shape of the land; the hub has none.
mkdir "$work/cress/geo"
echo '{"type":"Polygon","coordinates":[[[-4.8,48],[-2,47.4],[-1.1,48.5],[-3,48.9],[-4.8,48.6],[-4.8,48]]]}' >"$work/cress/geo/region.geojson"
must page cress
cress_at=$page_at
must page morlaix
hub_at=$page_at
must synced morlaix

for browse_test in "$here"/*_test.mjs; do
	browse_name=$(basename "$browse_test" _test.mjs)
	[ "${1:-$browse_name}" = "$browse_name" ] || continue
	browse "$browse_name" online
done
# What an administrator does needs an account.
if [ "${1:-do}" = do ]; then
	ESSAIM_PASSWORD=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
	echo "$ESSAIM_PASSWORD" | must e cress account add gwen --role admin >/dev/null
	echo "$ESSAIM_PASSWORD" | must e cress account add nolwenn --role financeur_lecture >/dev/null
	free_port
	ESSAIM_PORT_A=$port
	free_port
	ESSAIM_PORT_B=$port
	export ESSAIM_PASSWORD ESSAIM_PORT_A ESSAIM_PORT_B
	browse do admin
fi
# With home away: what is written waits, and it is said so.
stop cress
# Within a minute of the record's own writing a change is the same act (sheet.js).
while [ $(($(date +%s) - world_at)) -le 61 ]; do
	sleep 1
done
must e morlaix set "$world_own" telephone=+33298000001 >/dev/null
for browse_test in "$here"/*_test.mjs; do
	browse_name=$(basename "$browse_test" _test.mjs)
	[ "${1:-$browse_name}" = "$browse_name" ] || continue
	browse "$browse_name" offline
done
finish
