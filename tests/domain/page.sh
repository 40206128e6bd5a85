#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the page's screens of territory and federation ask of the daemon.
. "$(dirname "$0")/../e2e/lib.sh"

ask() { # NODE PATH [BODY]
	if [ $# -gt 2 ]; then
		curl -sS --unix-socket "$work/$1/essaim.sock" -d "$3" "http://x/api/v1/$2"
	else
		curl -sS --unix-socket "$work/$1/essaim.sock" "http://x/api/v1/$2"
	fi
}
ask_as() { # ROLE NODE PATH
	curl -sS --unix-socket "$work/$2/essaim.sock" -H "X-Essaim-Role: $1" "http://x/api/v1/$3"
}
this=$(date +%Y-%m)

region 0 morlaix auray
a=$(new morlaix structure nom="Atelier du Quai" type_acteur=ess code_insee=29151 famille_ess=association statut_ess=de_droit)
b=$(new morlaix structure nom="Conserverie du Quai" type_acteur=ess code_insee=29151 famille_ess=association statut_ess=de_droit)
hidden=$(new morlaix structure nom="Amicale du Quai" type_acteur=ess code_insee=29151 famille_ess=association statut_ess=de_droit portee=federation)
{
	echo 'structure_a_uid;structure_b_uid;forme;etat;date_debut;date_fin;motif_cloture'
	echo "$a;$b;achat_responsable;actif;$(date -d '-40 days' +%F);;"
	echo "$a;$hidden;achat_responsable;exploration;$(date -d '-40 days' +%F);;"
} >"$work/partenariats.csv"
must e morlaix import partenariat "$work/partenariats.csv" >"$work/imported"
event=$(e morlaix add evenement type_evenement=atelier titre="Atelier du quai" debut="$(date -d '+9 days' +%FT10:00:00+01:00)" \
	fin="$(date -d '+9 days' +%FT12:00:00+01:00)" capacite=4 unite_capacite=personne statut=ouvert --json | jq -r .uid)
must settle morlaix auray cress

count_of() { # ROLE: structures of Morlaix's commune 29151
	ask_as "$1" cress "coverage?pays=morlaix" | jq '.items[] | select(.code == "29151") | .structures'
}
equal PAGE-coverage-counts-each-structure-once 3 "$(count_of cress)"
equal PAGE-coverage-shows-a-funder-what-is-public 2 "$(count_of financeur_lecture)"
equal PAGE-coverage-has-every-commune-of-the-pays "$(grep -c '^morlaix,' "$root/conf/reference/pays_communes.csv")" \
	"$(ask cress 'coverage?pays=morlaix' | jq .total)"
equal PAGE-coverage-draws-no-estimated-place true "$(ask cress coverage | jq '[.items[] | select(.lat == null)] | length > 0')"

equal PAGE-series-has-its-months "24 $this" "$(ask cress series | jq -r '"\(.items | length) \(.items[-1].mois)"')"
equal PAGE-series-counts-what-is-active-and-nothing-else 1 "$(ask cress series | jq '.items[-1].poles["pole-morlaix"]')"
equal PAGE-series-does-not-count-it-before-it-began null "$(ask cress series | jq '.items[-4].poles["pole-morlaix"]')"
equal PAGE-series-refuses-another-length BAD_VALUE "$(ask cress 'series?months=999' | jq -r .error.code)"

must e auray register "$event" structure="$a" nb_personnes=3 >/dev/null
must settle auray morlaix cress
equal CLI-in-one-pipe-what-is-said-first-comes-first "1 of" "$(LANG=C e morlaix list structure --limit 1 2>&1 | tail -n 1 | cut -d " " -f 1,2)"
# Where a record has come to: Auray registered above, in session, after Morlaix's first records were at the CRESS.
equal PAGE-a-journey-names-who-was-in-touch-since true "$(ask morlaix "journey/$a" |
	jq -r --arg since "$(ask morlaix "journey/$a" | jq -r .home_at)" '.others[] | .linked > $since')"
late=$(new morlaix structure nom="Dernière du Quai" type_acteur=ess code_insee=29151)
must settle morlaix cress
equal PAGE-and-not-who-was-not "home null" "$(ask morlaix "journey/$late" | jq -r '"\(.place) \(.others[].linked)"')"
equal PAGE-meetings-have-their-seats "$event 4 3" "$(ask morlaix meetings | jq -r '.items[] | "\(.uid) \(.capacity) \(.granted)"')"
must e morlaix set "$event" statut=annule >/dev/null
equal PAGE-a-cancelled-meeting-is-gone 0 "$(ask morlaix meetings | jq .total)"

code=$(e cress invite --pays vitre --name Vitré --json | jq -r .invitation)
equal PAGE-an-invitation-is-listed "vitre Vitré false" "$(ask cress invitations | jq -r '.items[] | "\(.pays) \(.name) \(.approved)"')"
equal PAGE-its-secret-is-not "" "$(ask cress invitations | grep -o ESSAIM1)"
equal PAGE-a-hub-officer-does-not-list-them NOT_ALLOWED "$(ask_as agent_pole morlaix invitations | jq -r .error.code)"
# One that went to the wrong person is taken back, also for a CRESS that starts anew.
wrong=$(e cress invite --pays brest --name Brest --json | jq -r .invitation)
must e cress invite --pays brest --name "Brest bis" >/dev/null
exits INVITE-which-of-two-has-to-be-said 65 e cress invite --cancel brest
must e cress invite --cancel "brest bis" >/dev/null
equal INVITE-cancelled-is-no-longer-listed "Brest Vitré" "$(ask cress invitations | jq -r '[.items[].name] | sort | join(" ")')"
must e cress invite --cancel brest >/dev/null
exits INVITE-what-is-not-open-cannot-be-cancelled 65 e cress invite --cancel brest
exits INVITE-cancelled-serves-nobody 77 e brest join "$wrong" --accept-charter
must stop cress
must start cress
exits INVITE-nor-after-a-restart 77 e brest join "$wrong" --accept-charter
exits INVITE-only-the-CRESS-cancels 77 e morlaix invite --cancel vitre
drawn=$(ask cress qr "{\"text\": \"$code\"}")
equal PAGE-a-code-is-drawn true "$(echo "$drawn" | jq '.size > 40 and (.path | test("^M0 0h7v1h-7z"))')"
equal PAGE-nothing-is-no-code BAD_VALUE "$(ask cress qr '{}' | jq -r .error.code)"
must join vitre "$code"
must start vitre
waits() {
	ask cress members | jq -e '.requests | length == 1' >/dev/null
}
within PAGE-a-hub-asks-to-enter 20 waits
heard() { # WORDS: the stream of the CRESS has them, at once
	curl -sSN --max-time 2 --unix-socket "$work/cress/essaim.sock" http://x/events 2>/dev/null | grep -q "$1"
}
within PAGE-the-stream-says-that-somebody-asks-to-enter 10 heard '"knocking":1'
must e cress approve vitre >/dev/null
must settle vitre cress
within PAGE-and-that-nobody-does-any-more 10 heard '"knocking":0'
equal PAGE-a-used-invitation-is-gone 0 "$(ask cress invitations | jq .total)"

equal PAGE-activity-has-fourteen-days 14 "$(ask morlaix activity | jq '.items[] | select(.owner == "pole-morlaix") | .days | length')"
equal PAGE-activity-is-todays true "$(ask morlaix activity | jq '.items[] | select(.owner == "pole-morlaix") | .days[-1] >= 4')"
equal PAGE-the-region-is-the-federations region:53 "$(ask morlaix 'report?territory=region' | jq -r '[.items[] | "\(.territoire_type):\(.territoire_code)"] | unique | join(" ")')"
# The land as the operator draws it.
equal PAGE-no-folder-no-shapes 0 "$(ask morlaix shapes | jq '.rings | length')"
mkdir "$work/morlaix/geo"
echo '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":
	[[[-4,48],[-3,48],[-3,49],[-4,49],[-4,48]],[[-3.6,48.4],[-3.4,48.4],[-3.5,48.6],[-3.6,48.4]]]}}]}' >"$work/morlaix/geo/a.geojson"
echo '{"type":"MultiPolygon","coordinates":[[[[-5,48.1],[-4.9,48.1],[-4.9,48.2],[-5,48.1]]]]}' >"$work/morlaix/geo/ile.geojson"
equal PAGE-shapes-are-rings-with-their-holes "10,8,8 -4" "$(ask morlaix shapes | jq -r '"\([.rings[] | length] | join(",")) \(.rings[0][0])"')"
tag=$(curl -sS -D - -o /dev/null --unix-socket "$work/morlaix/essaim.sock" http://x/api/v1/shapes | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
equal PAGE-shapes-are-told-once 304 "$(curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $tag" --unix-socket "$work/morlaix/essaim.sock" http://x/api/v1/shapes)"
echo '{"type":"Polygon","coordinates":[[[-4,48],[-3' >"$work/morlaix/geo/b.geojson"
echo '{"type":"Polygon","coordinates":[[[200000,6800000],[200001,6800000],[200001,6800001],[200000,6800000]]]}' >"$work/morlaix/geo/lambert.geojson"
echo '{"type":"Point","coordinates":[-4,48]}' >"$work/morlaix/geo/point.geojson"
awk 'BEGIN { printf "{\"type\":\"Polygon\",\"coordinates\":[["; for (i = 0; i < 21000; i++) printf "[%.4f,48],", -4 + i / 30000; print "[-4,48]]]}" }' \
	>"$work/morlaix/geo/long.geojson"
truncate -s 5M "$work/morlaix/geo/large.geojson"
equal PAGE-what-cannot-be-drawn-is-named "b.geojson lambert.geojson large.geojson long.geojson point.geojson" \
	"$(ask morlaix shapes | jq -r '[.refused[].file] | join(" ")')"
equal PAGE-with-the-reason "a position is [longitude, latitude] in degrees" "$(ask morlaix shapes | jq -r '.refused[] | select(.file == "lambert.geojson") | .why')"
equal PAGE-and-the-others-stand "10,8,8" "$(ask morlaix shapes | jq -r '[.rings[] | length] | join(",")')"
check PAGE-the-log-says-so-too grep -q "shapes.refused.*b.geojson" "$work/morlaix/essaimd.log"
check PAGE-all-verify e morlaix verify
finish
