#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Indicators (domain.md part 7): the sample's figures, by Pays, out of four hubs and
# summed at the CRESS; what is masked, what leaves a hub, what is frozen.
. "$(dirname "$0")/../e2e/lib.sh"
month=2026-10
hubs="auray fougeres morlaix vitre"

must found_cress
for hub in $hubs; do
	must enter "$hub"
	for table in structure:structures offre:offres besoin:besoins partenariat:partenariats suivi:suivis diagnostic:diagnostics \
		evenement:evenements inscription:inscriptions; do
		must e "$hub" import "${table%%:*}" "$sample/pole-$hub/${table##*:}.csv" >"$work/$hub.import" 2>&1
	done
done
# figure NODE INDICATOR [PLACE [OPTION...]]: its value there; "masque" where hidden, "" where there is none.
figure() {
	figure_node=$1 figure_what=$2 figure_place=${3:-}
	shift 2
	[ $# = 0 ] || shift
	[ -z "$figure_place" ] || set -- --territory "$figure_place" "$@"
	e "$figure_node" report --month $month --json "$@" |
		jq -r --arg i "$figure_what" '.items[] | select(.indicateur == $i) | if .masque then "masque" else .valeur end'
}
wanted() { # HUB KEY
	jq -r ".par_pole[\"pole-$1\"].$2" "$sample/attendu.json"
}
must settle $hubs cress
