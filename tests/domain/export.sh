#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What leaves the directory as files: each format's shape, that it holds no more than its
# scope allows, and that the same data gives the same bytes wherever it is asked for.
. "$(dirname "$0")/../e2e/lib.sh"
formats="annuaire liste-ess geojson data-inclusion schema-org"
bom=$(printf '\357\273\277')

export_to() { # NODE FORMAT [options]: into $work/out/NODE-FORMAT
	export_node=$1 export_format=$2
	shift 2
	mkdir -p "$work/out"
	e "$export_node" export "$export_format" --output "$work/out/$export_node-$export_format" "$@" >/dev/null 2>&1
}
# counts FILE: new, changed, rejected of an import of structures at morlaix
counts() {
	e "${2:-morlaix}" import structure "$1" --json >"$work/counts.json"
	jq -r '.counts | "\(.nouveaux) \(.modifies) \(.rejete)"' "$work/counts.json"
}
line_of() { # FILE TEXT: the one line that has it
	grep -aF -e "$2" "$1" | sed 's/,*$//' # a column that only one of two nodes needs
}
has_not() { # FILE TEXT
	! grep -aqF -e "$2" "$1"
}
asked() { # NODE FORMAT: as for a web site
	case $2 in
	csv) export_to "$1" csv --kind structure --public ;;
	jsonl) export_to "$1" jsonl --public ;;
	*) export_to "$1" "$2" ;;
	esac
}
asked_again() { # FORMAT
	cp "$work/out/morlaix-$1" "$work/first" && asked morlaix "$1" && cmp "$work/first" "$work/out/morlaix-$1"
}
same() { # FORMAT NODE NODE
	cmp "$work/out/$2-$1" "$work/out/$3-$1"
}

must found_cress
must enter morlaix
must enter auray
for table in structures:structure contacts:contact offres:offre besoins:besoin evenements:evenement; do
	must e morlaix import "${table#*:}" "$sample/pole-morlaix/${table%:*}.csv" >/dev/null
done

# The spreadsheet of the staff: headers, dialect, and back again.
must export_to morlaix annuaire
annuaire=$work/out/morlaix-annuaire
equal "W1-annuaire-header" "${bom}Nom de la structure;Sigle;Type;N° SIRET;N° RNA;Code juridique;Code APE;Adresse;CP;Ville;Code INSEE;Tél.;Mail;Site internet;Activités;Labels;ETP;Latitude;Longitude;Date de création;Charte signée le;Mise à jour" \
	"$(head -n 1 "$annuaire" | tr -d '\r')"
equal "W1-annuaire-lines-end-in-crlf" "$(grep -c . "$annuaire")" "$(grep -c "$(printf '\r')\$" "$annuaire")"
check "W1-annuaire-spells-like-an-office" grep -aqE ';350 000 006 00022;.*;02 61 91 72 78;.*;1,5;48,52435;.-3,76381;17/06/2022;10/06/2024;16/06/2026' "$annuaire"
equal "W1-annuaire-comes-back-as-no-change" "0 0 0" "$(counts "$annuaire")"

# R19, F12: names as people write them, and cells that a spreadsheet would run.
long=$(printf 'Bouëtté %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18)œuvres # 150 characters
nbsp=$(printf '\302\240')
cat >"$work/names.csv" <<END
uid;nom;type_acteur;statut_ess;siret;rna;categorie_juridique;code_insee;code_postal;adresse;latitude;longitude;telephone;description;statut_diffusion;portee
;L’Île-d’Arz;ess;de_droit;;;9220;29151;29600;Quai de l’Île;48.5778;-3.8279;+33298000001;Fañch;O;public
;Kêr c'hoant;ess;de_droit;;;9220;29151;29600;;;;;;O;public
;N'Diaye${nbsp}&${nbsp}Fañch;ess;de_droit;;;9220;29151;29600;;;;;;O;public
;$long;ess;de_droit;;;9220;29151;29600;;;;;;O;public
;=HYPERLINK("http://x.example");ess;de_droit;;;9220;29151;29600;@foyer;;;;;O;public
;-2+3 Formule;ess;de_droit;;;9220;29151;29600;+33 rue;;;+442079460000;;O;public
;'=Apostrophe;ess;de_droit;;;9220;29151;29600;;;;;;O;public
;Zéro Devant;ess;de_droit;01234567400019;;9220;01004;01500;;;;;;O;public
;Diffusion Partielle;ess;de_droit;;;9220;29151;29600;7 rue CANARI-R16;48.5612345;-3.8312345;;;P;public
;Canari Fédération;ess;de_droit;;;9220;29151;29600;CANARI-FEDERATION;;;;;O;federation
;Canari Local;ess;de_droit;;;9220;29151;29600;CANARI-LOCAL;;;;;O;local
;Même RNA Un;ess;de_droit;;W291000001;9220;29151;29600;1 rue Basse;;;;;O;public
;Même RNA Deux;ess;de_droit;;W291000001;9220;29151;29600;2 rue Basse;;;;;O;public
;Pas Encore;ess;sous_condition;;;5710;29151;29600;;;;;;O;public
END
equal "F12-names-are-taken" "14 0 0" "$(counts "$work/names.csv")"
kept=$(new morlaix structure "nom=Téléphone Gardé" type_acteur=ess statut_ess=de_droit code_insee=29151 \
	telephone=0298112233 champs_locaux=telephone)
person=$(e morlaix list contact --limit 1 --json | jq -r '.items[0].uid')
must e morlaix set "$person" fonction=CANARI-CONTACT >/dev/null
place=$(new morlaix lieu "nom=La Halle" type_lieu=tiers_lieu tiers_lieu=oui code_insee=29151 latitude=48.5779 longitude=-3.8277 \
	"services=coworking|fablab" gouvernance=association modele=mixte surface_m2=320)
must settle morlaix auray cress

for node in morlaix auray cress; do
	for format in $formats csv jsonl; do
		must asked "$node" "$format"
	done
done
for format in $formats csv jsonl; do
	check "same-data-same-bytes-$format" same "$format" morlaix auray
	check "same-data-same-bytes-$format-at-the-cress" same "$format" morlaix cress
	check "$format-again-is-the-same" asked_again "$format"
done

# R19: apostrophes out, and off again.
annuaire=$work/out/morlaix-annuaire
check "R19-a-formula-gets-an-apostrophe" grep -aqF "\"'=HYPERLINK(\"\"http://x.example\"\")\";" "$annuaire"
check "R19-in-each-column" grep -aqF "'-2+3 Formule;;ess;;;9220;;'+33 rue;" "$annuaire"
check "R19-a-foreign-number-too" grep -aqF ";'+442079460000;" "$annuaire"
check "R19-an-apostrophe-of-ones-own-is-told-from-it" grep -aqF "''=Apostrophe;" "$annuaire"
equal "R19-no-cell-begins-a-formula" 0 "$(python3 -c '
import csv, sys
print(sum(c[:1] in "=+-@\t\r" and c != "" for r in csv.reader(open(sys.argv[1], encoding="utf-8-sig", newline=""), delimiter=";") for c in r))' "$annuaire")"
equal "R19-importing-that-file-takes-it-off" "0 0 0" "$(counts "$annuaire")"
equal "R19-what-is-stored-is-what-was-written" 1 "$(e morlaix list structure --limit 10000 --json | jq '[.items[] | select(.data.nom == "'"'=Apostrophe"'")] | length')"
equal "R19-another-hub-takes-nothing-of-it-for-its-own" "0 0 0" "$(counts "$work/out/auray-annuaire" auray)"
sed 's/;Kêr c.hoant/;Kêr Changée/; s/^Kêr c.hoant/Kêr Changée/' "$annuaire" >"$work/edited.csv"
equal "W1-an-edited-cell-of-the-file-is-a-new-name" "1 0 0" "$(e morlaix import structure "$work/edited.csv" --dry-run --json | jq -r '.counts | "\(.nouveaux) \(.modifies) \(.rejete)"')"

# F12, R6: the same bytes after import, sync, export, import, export.
must e morlaix export csv --kind structure --output "$work/m.csv" >/dev/null
must e auray export csv --kind structure --output "$work/a.csv" >/dev/null
for name in "L’Île-d’Arz" "Kêr c'hoant" "N'Diaye${nbsp}&${nbsp}Fañch" "$long"; do
	first=$(printf %s "$name" | sed 's/[^A-Za-z].*//')
	equal "F12-$first-is-the-same-elsewhere" "$(line_of "$work/m.csv" "$name")" "$(line_of "$work/a.csv" "$name")"
	for format in annuaire liste-ess data-inclusion schema-org; do
		check "F12-$first-in-$format" grep -aqF "$name" "$work/out/auray-$format"
	done
done
equal "F12-imports-as-no-change" "0 0 0" "$(counts "$work/m.csv")"
must e morlaix export csv --kind structure --output "$work/m2.csv" >/dev/null
check "F12-and-gives-the-same-file" cmp "$work/m.csv" "$work/m2.csv"
for format in csv annuaire data-inclusion jsonl schema-org; do
	check "R6-leading-zeros-in-$format" grep -aqE '01234567400019|012 345 674 00019' "$work/out/cress-$format"
	check "R6-and-of-the-commune-in-$format" grep -aqE '[,;"]01500[,;"].*' "$work/out/cress-$format"
done

# R16, R2: what is local or shared by the federation only.
for node in auray cress; do
	must e "$node" export jsonl --output "$work/out/$node-all" >/dev/null
done
# hold_none CANARIES FORMATS NODES: none of the texts is in any of the files
hold_none() {
	for none_canary in $1; do
		for none_format in $2; do
			for none_node in $3; do
				has_not "$work/out/$none_node-$none_format" "$none_canary" || {
					echo "$none_canary is in $none_format of $none_node"
					return 1
				}
			done
		done
	done
}
check "R16-R2-no-public-file-holds-a-narrower-value" hold_none \
	"CANARI-R16 48.5612345 CANARI-FEDERATION CANARI-LOCAL CANARI-CONTACT 298112233" \
	"liste-ess geojson data-inclusion schema-org csv jsonl" "morlaix auray cress"
check "R2-nothing-local-in-the-annuaire" hold_none "CANARI-R16 48,5612345 CANARI-LOCAL" annuaire "morlaix auray cress"
check "R2-nor-a-field-kept-at-home" has_not "$annuaire" "02 98 11 22 33"
check "R2-no-export-of-another-node-holds-a-local-value" hold_none "CANARI-R16 48.5612345 CANARI-LOCAL CANARI-CONTACT 298112233" all "auray cress"
must e morlaix export jsonl --output "$work/out/morlaix-all" >/dev/null
check "R2-the-owner-has-its-own" grep -qF CANARI-LOCAL "$work/out/morlaix-all"
check "R16-its-commune-stays-in-the-list" grep -aqE '^,,Diffusion Partielle,.*,,29600,29151,Morlaix,' "$work/out/cress-liste-ess"
check "R16-and-no-point-on-the-map" has_not "$work/out/morlaix-geojson" "Diffusion Partielle"
check "the-annuaire-holds-what-the-federation-shares" grep -aqF CANARI-FEDERATION "$work/out/cress-annuaire"

# The legal list.
liste=$work/out/cress-liste-ess
equal "liste-ess-header" "siren,siret,denomination,sigle,denomination_usuelle,categorie_juridique,libelle_categorie_juridique,famille_ess,etablissement_siege,adresse,code_postal,code_insee,commune,date_creation,origine_creation,code_naf,code_naf25,tranche_effectif,etat_administratif,date_maj" \
	"$(head -n 1 "$liste" | tr -d '\r')"
equal "liste-ess-lines-end-in-crlf" "$(grep -c . "$liste")" "$(grep -c "$(printf '\r')\$" "$liste")"
equal "liste-ess-has-those-of-right-and-those-with-proof" \
	"$(e cress export jsonl --kind structure --public | jq -r 'select(.data.statut_ess == "de_droit" or .data.statut_ess == "justifie")
		| select(.data.code_insee | test("^(22|29|35|56)")) | .data.siret // .uid' | sort -u | wc -l)" "$(($(grep -c . "$liste") - 1))"
check "liste-ess-not-outside-the-region" has_not "$liste" "Zéro Devant"
check "liste-ess-not-those-who-might" has_not "$liste" "Pas Encore"
# A record typed here says neither its state nor a date: it is active, and the journal has the day.
typed=$(new morlaix structure "nom=Saisie Ici" type_acteur=ess statut_ess=de_droit code_insee=29151)
must settle morlaix auray cress
today=$(e morlaix tail --limit 1 --json | jq -r '.edited // .at // empty' | cut -c 1-10)
[ -n "$today" ] || today=$(date -u +%F)
for node in morlaix cress; do
	must export_to "$node" liste-ess
	must export_to "$node" annuaire
	equal "liste-ess-of-a-typed-record-at-$node" ",A,$today" "$(line_of "$work/out/$node-liste-ess" "Saisie Ici" | tr -d '\r' | grep -o ',A,[0-9-]*$')"
	equal "annuaire-of-a-typed-record-at-$node" "$(date -d "$today" +%d/%m/%Y)" "$(line_of "$work/out/$node-annuaire" "Saisie Ici" | tr -d '\r' | sed 's/.*;//')"
done
check "liste-ess-the-same-bytes-at-both" cmp "$work/out/morlaix-liste-ess" "$work/out/cress-liste-ess"
equal "W1-such-a-date-comes-back-as-no-change" "0 0 0" "$(counts "$work/out/cress-annuaire")"
equal "W1-nor-is-it-news-for-another-hub" "0 0 0" "$(counts "$work/out/cress-annuaire" auray)"
equal "W1-and-the-record-is-as-silent-as-before" null "$(value morlaix "$typed" date_maj)"

# R5: one establishment that two hubs hold is in the public list and on the map once.
siret=$(tail -n +2 "$liste" | cut -d, -f2 | grep -m 1 .)
must e auray add structure "nom=Le Même Établissement" type_acteur=ess statut_ess=de_droit "siret=$siret" code_insee=29151 \
	latitude=48.5778 longitude=-3.8279 >/dev/null
must settle auray morlaix cress
must export_to cress liste-ess
equal "R5-an-establishment-is-listed-once" 1 "$(cut -d, -f2 "$work/out/cress-liste-ess" | grep -c "$siret")"

# B4, E17: places on the map.
must e cress export geojson --kind lieu --output "$work/places.geojson" >/dev/null
equal "B4-the-map-lists-it-once-with-its-commune" "1 Morlaix coworking|fablab" "$(jq -r '[.features[].properties | select(.nom == "La Halle")] | "\(length) \(.[0].commune) \(.[0].services)"' "$work/places.geojson")"
equal "E17-longitude-comes-first" "-3.8277 48.5779" "$(jq -r --arg uid "$place" '.features[] | select(.properties.uid == $uid) | .geometry.coordinates | "\(.[0]) \(.[1])"' "$work/places.geojson")"
equal "E17-with-its-governance-and-model" "association mixte 320" "$(jq -r '.features[0].properties | "\(.gouvernance) \(.modele) \(.surface_m2)"' "$work/places.geojson")"
for map in "$work/places.geojson" "$work/out/cress-geojson"; do
	equal "E17-$(basename "$map")-is-rfc-7946" true "$(jq '.type == "FeatureCollection" and (has("crs") | not) and ([.features[] |
		.type == "Feature" and .geometry.type == "Point" and (.geometry.coordinates | length == 2 and (.[0] >= -180 and .[0] <= 180 and .[1] >= -90 and .[1] <= 90))
		and ([.properties[] | type | . != "object" and . != "array"] | all)] | all) and (.features | length > 0)' "$map")"
done
for subject in gouvernance locaux modele; do
	new morlaix besoin structure_uid="$kept" "titre=Besoin $subject" filiere=lieux_tiers_lieux type_besoin=local "sujet=$subject" >/dev/null
done
new morlaix besoin structure_uid="$kept" "titre=Encore des locaux" filiere=lieux_tiers_lieux type_besoin=local sujet=locaux >/dev/null
equal "E17-needs-are-counted-by-topic" "gouvernance 1 locaux 2 modele 1" "$(e morlaix export jsonl --kind besoin | jq -rs '[.[].data.sujet | select(. != null)] | group_by(.) | map("\(.[0]) \(length)") | join(" ")')"

# data·inclusion and schema.org.
check "data-inclusion-follows-its-schema" python3 "$root/tests/domain/inclusion.py" bretagne <"$work/out/cress-data-inclusion"
equal "schema-org-is-one-document" "https://schema.org" "$(jq -r '.["@context"]' "$work/out/cress-schema-org")"
equal "schema-org-has-its-four-types" "Demand Event Offer Organization" "$(jq -r '[.["@graph"][]["@type"]] | unique | join(" ")' "$work/out/cress-schema-org")"
equal "schema-org-names-only-nodes-of-its-graph" 0 "$(jq '([.["@graph"][]["@id"]] | unique) as $ids | [.["@graph"][] | .offeredBy["@id"]?, .["@reverse"].seeks["@id"]? | select(. != null)] | unique | map(select(. as $i | $ids | index($i) | not)) | length' "$work/out/cress-schema-org")"

# E19: a mailing list by consent, on each node that holds the contact.
yes=$(new morlaix contact structure_uid="$kept" prenom=Anne nom=Oui courriel=anne@oui.example base_legale=consentement \
	"consentements=newsletter:2026-01-15" portee=federation)
new morlaix contact structure_uid="$kept" nom=Autre courriel=autre@chose.example base_legale=consentement \
	"consentements=evenements:2026-02-01" portee=federation >/dev/null
must settle morlaix cress
listed() { # NODE
	e "$1" export liste-diffusion 2>"$work/reminder" | grep -c "anne@oui.example"
}
equal "E19-header" "courriel;prenom;nom;structure;depuis" "$(e morlaix export liste-diffusion 2>/dev/null | head -n 1)"
equal "E19-one-line-a-person" "anne@oui.example;Anne;Oui;Téléphone Gardé;2026-01-15" "$(e cress export liste-diffusion 2>/dev/null | tail -n 1)"
equal "E19-who-consents-is-listed-at-home" 1 "$(listed morlaix)"
check "E19-a-reminder-that-these-are-personal-data" grep -qiE "personal data|données personnelles" "$work/reminder"
equal "E19-and-at-the-cress" 1 "$(listed cress)"
equal "E19-not-for-another-purpose" 0 "$(e morlaix export liste-diffusion --finalite evenements 2>/dev/null | grep -c anne@)"
must e morlaix set "$yes" "consentements=newsletter:2026-01-15:2026-11-01" >/dev/null
must settle morlaix cress
equal "E19-withdrawn-is-absent-from-the-next-list" "0 0" "$(listed morlaix) $(listed cress)"

# The command.
check "help-lists-the-formats" sh -c "'$bin/essaim' export --help | grep -q data-inclusion"
exits "an-unknown-format" 64 e morlaix export excel
check "names-those-there-are" grep -q "csv, jsonl, annuaire, liste-ess, geojson, data-inclusion, schema-org" "$work/exits.err"
exits "no-kind-where-there-is-none" 64 e morlaix export annuaire --kind offre
mkdir "$work/folder"
must e cress export liste-ess --output "$work/folder" >/dev/null
must e cress export geojson --output "$work/folder" >/dev/null
equal "a-folder-gets-the-names-of-the-files" "liste_ess.csv structures.geojson" "$(ls "$work/folder" | tr '\n' ' ' | sed 's/ $//')"
# Two hubs hold one establishment under other names: the annuaire has both lines, and
# neither changes anything at either.
nodes=$(ls "$work"/*/essaim.sock | xargs -n 1 dirname | xargs -n 1 basename | grep -v cress | head -n 2 | tr '\n' ' ')
for node in $nodes; do
	new "$node" structure type_acteur=ess "nom=Les Bruyères vues de $node" siret=33252821500020 code_insee=29151 >/dev/null
done
must settle $nodes cress
for node in $nodes; do
	e "$node" export annuaire --output "$work/both-$node.csv" >/dev/null 2>&1
	equal "W1-another-hubs-line-is-no-news-at-$node" "0 0" \
		"$(e "$node" import structure "$work/both-$node.csv" --json 2>/dev/null | jq -r '.counts | "\(.nouveaux) \(.modifies)"')"
done
finish
