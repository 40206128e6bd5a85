#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The spreadsheet round trip as a hub lives it: rules R4 R6 R7 R9 R10 R11 R18 R19
# at import, situations F8 (old codes), F11, F12, and each step of W1.
. "$(dirname "$0")/../e2e/lib.sh"
hub=$work/morlaix

# table NAME LINE...: a file of staff, first line the header.
table() {
	table_file=$work/$1
	shift
	printf '%s\n' "$@" >"$table_file"
}
# take FILE [OPTION...]: imports structures; the report in $work/report.json.
take() {
	take_file=$work/$1
	shift
	e morlaix import structure "$take_file" --json "$@" >"$work/report.json" 2>"$work/take.err"
}
# said FILTER: of the last report.
said() {
	jq -r "$1" "$work/report.json"
}
counts() {
	said '.counts | "\(.nouveaux) \(.modifies) \(.inchanges) \(.rejete)"'
}
# codes RECORD
codes() {
	said "[.lines[] | select(.record==$1) | .findings[].code] | join(\" \")"
}
# The uid of the structure that bears this name, alone.
named() {
	e morlaix list structure --limit 1000 --json | jq -r --arg n "$1" '[.items[] | select(.data.nom==$n) | .uid] | join(" ")'
}

must found_cress
must enter morlaix
must synced morlaix cress

# F11: a full disk says so and leaves all as it was.
unmount() {
	umount "$work/full" 2>/dev/null
}
mkdir -p "$work/full"
awk 'BEGIN { print "Nom;RNA;Code INSEE;Description"
	for (i = 0; i < 60000; i++) printf "Amicale %d;W88%07d;29151;%0200d\n", i, i, i }' >"$work/many.csv"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m tmpfs "$work/full" 2>/dev/null; then
	full_code=$(invitation brest --approve)
	must e full join "$full_code" --accept-charter >/dev/null
	must start full
	must synced full
	exits F11-a-full-disk-is-an-error-of-its-own 74 e full import structure "$work/many.csv"
	check F11-and-is-named grep -qiE 'disk|disque' "$work/exits.err"
	equal F11-a-full-disk-changes-nothing 0 "$(records full structure)"
	check F11-a-full-disk-leaves-the-database-whole e full verify
	stop full
	unmount
	must e cress suspend brest >/dev/null
else
	skipped F11-full-disk "a small tmpfs needs root and mount"
fi

# R6, R7, R9, R10, R18: one file of staff, each line another trap.
table staff.csv \
	'Nom;N° SIRET;N° RNA;Code juridique;Code APE;NAF 2025;CP;Ville;Code INSEE;Site web;Budget' \
	"L’Île-d’Arz en fête;552025900010;;9220;94.99Z;;29600;Morlaix;29151;arz.example;1 234,50 €" \
	"Kêr c'hoant;81230001000012;;5710;94.99Z;94.99Y;29780;Plouhinec;;;" \
	"Fañch N'Diaye & Bouëtté, œuvres;81230002800014;;;;94.99Y;35210;Parcé;;;" \
	"Le Ferré ensemble;81230003600017;;;;;35420;Le Ferré;35112;;" \
	";;;;;;;;;;" \
	"Sans numéro;;;;;;29600;Morlaix;29151;;" \
	";;;;;;;;;;" " ;;;;;;;;;;"
take staff.csv --dry-run
equal W1-rows-that-excel-left-empty-are-none-and-the-others-keep-their-numbers "5 7" \
	"$(said '"\(.lines[3].line) \(.lines[4].line)"')"
equal R18-a-dry-run-writes-nothing 0 "$(records morlaix structure)"
take staff.csv
equal R18-each-line-has-its-verdict "5 5 0" "$(said '"\(.lines | length) \(.counts.accepte + .counts.avertissement) \(.counts.rejete)"')"
equal R6-a-zero-that-a-spreadsheet-ate-is-proposed-and-said zero_initial_perdu "$(codes 1)"
arz=$(named "L’Île-d’Arz en fête")
equal R6-a-siret-is-text 00552025900010 "$(value morlaix "$arz" siret)"
equal R6-a-siren-keeps-its-zeros 005520259 "$(value morlaix "$arz" siren)"
hoant=$(named "Kêr c'hoant")
equal R7-homonyms-are-told-apart-by-the-postal-code 29197 "$(value morlaix "$hoant" code_insee)"
equal R7-and-it-is-said commune_deduite "$(said '.lines[1].findings[] | select(.code=="commune_deduite") | .code')"
equal R7-35210-is-a-postal-code-here-not-pace 35214 "$(value morlaix "$(named "Fañch N'Diaye & Bouëtté, œuvres")" code_insee)"
equal F8-a-merged-commune-becomes-the-one-of-today 35062 "$(value morlaix "$(named 'Le Ferré ensemble')" code_insee)"
equal F8-and-it-is-said code_insee_ancien "$(said '.lines[3].findings[] | select(.code=="code_insee_ancien") | .code')"
equal R9-an-association-is-of-the-ess-by-right de_droit "$(value morlaix "$arz" statut_ess)"
check R9-a-sas-is-not-so-by-its-category test "$(value morlaix "$hoant" statut_ess)" != de_droit
equal R10-both-codes-are-kept "94.99Z 94.99Y" "$(value morlaix "$hoant" code_naf) $(value morlaix "$hoant" code_naf25)"
equal R10-a-new-code-is-not-judged-by-the-old-table "" "$(said '[.lines[] | select(.findings[].code=="naf_inconnu") | .record] | join(" ")')"
equal W1-unknown-columns-are-listed '["Budget"]' "$(said '.extra | tostring')"
equal W1-and-kept '{"Budget":"1 234,50 €"}' "$(value morlaix "$arz" extra)"
take staff.csv
equal W1-a-second-import-changes-nothing "0 0 5 0" "$(counts)"
must synced morlaix cress
for code in 94.99Z 94.99Y; do
	found=$(e morlaix search "$code" --kind structure --json | jq -r '[.items[].uid] | index("'"$hoant"'") != null')
	equal "R10-F8-$code-is-searchable" true "$found"
done
found=$(e morlaix search 94.99Y --kind structure --json | jq -r '[.items[].uid] | index("'"$arz"'") == null')
equal R10-a-code-is-not-found-by-one-of-the-other-list true "$found"

# F12: names come back as the same bytes, through the other nodes and a file.
must e cress export csv --kind structure --output "$work/cress.csv" >/dev/null
for name in "L’Île-d’Arz en fête" "Kêr c'hoant" "Fañch N'Diaye & Bouëtté, œuvres"; do
	check "F12-$(echo "$name" | cut -c 1-4)-is-the-same-bytes-at-the-cress" grep -qF "$name" "$work/cress.csv"
done
must e morlaix export csv --kind structure --output "$work/back.csv" >/dev/null
take back.csv
equal F12-W1-an-export-imported-again-changes-nothing "0 0 5 0" "$(counts)"

# R4: the uid stays when the establishment moves; its old SIRET still finds it.
table moved.csv 'uid;SIRET;siret_precedents' "$hoant;81230001000020;81230001000012:2019-03-01:2026-10-31"
take moved.csv
equal R4-a-new-siret-is-taken "0 1 0 0" "$(counts)"
equal R4-the-uid-stays 81230001000020 "$(value morlaix "$hoant" siret)"
table old.csv 'Nom;SIRET;Code INSEE;Tél.' "Kêr c'hoant;81230001000012;29197;02 98 88 00 01"
take old.csv
equal R4-an-old-table-finds-it-by-its-earlier-siret "siret_precedent $hoant" "$(said '.lines[0] | "\(.by) \(.uids[0])"')"
equal R4-and-does-not-bring-the-old-number-back "81230001000020 +33298880001" \
	"$(value morlaix "$hoant" siret) $(value morlaix "$hoant" telephone)"

# R11: money is cents, taxes said; dates ISO.
table offres.csv 'structure_uid;Titre;Filière;Type d'"'"'offre;Prix HT;Unité de prix;Valide du' \
	"$arz;Tri;dechets_reemploi;service;1 234,50 €;jour;01/02/2026" "$arz;Tri à façon;dechets_reemploi;service;-5 €;jour;"
e morlaix import offre "$work/offres.csv" --skip-rejected --json >"$work/report.json" 2>/dev/null
equal R11-a-negative-price-is-refused hors_limites "$(codes 2)"
tri=$(e morlaix list offre --json | jq -r '.items[0].uid')
equal R11-money-is-cents-and-its-tax "123450 ht 2026-02-01" \
	"$(value morlaix "$tri" prix_cents) $(value morlaix "$tri" prix_taxe) $(value morlaix "$tri" valide_du)"

# W1, step 5: what is like a record that stands is neither merged nor created.
table alike.csv 'Nom;SIRET;Code INSEE;Tél.' "L'ILE D'ARZ EN FETE;;29151;02 98 88 00 02" "Tout autre;81230100000012;29151;"
check W1-candidates-hinder-no-other-line take alike.csv
equal W1-a-candidate-is-a-warning "avertissement candidat nom_commune $arz" \
	"$(said '.lines[0] | "\(.verdict) \(.match) \(.by) \(.candidates[0])"')"
equal W1-it-has-its-code doublon_possible "$(said '.lines[0].findings[] | select(.code=="doublon_possible") | .code')"
equal W1-it-is-counted "1 1" "$(said '.counts | "\(.nouveaux) \(.candidats)"')"
equal W1-it-is-not-merged null "$(value morlaix "$arz" telephone)"
check W1-it-comes-back-with-its-candidate grep -q "$arz" "$work/alike.csv.rejets.csv"
table confirmed.csv 'uid;Nom;Code INSEE;Tél.' "$arz;L’Île-d’Arz en fête;29151;02 98 88 00 02"
take confirmed.csv
equal W1-the-uid-confirms-it +33298880002 "$(value morlaix "$arz" telephone)"
take alike.csv --candidates new
equal W1-or-it-is-said-to-be-another "1 0 1 0" "$(counts)"
table sisters.csv 'Nom;SIRET;Code INSEE' "Sœur de Kêr;81230001000038;29197"
take sisters.csv
equal W1-the-same-siren-in-one-commune-is-a-candidate "candidat siren_commune" "$(said '.lines[0] | "\(.match) \(.by)"')"

# W1, step 6: only what is not empty; an older line overwrites nothing.
table new.csv 'Nom;SIRET;Code INSEE;Tél.;Site web;Mise à jour' 'Gens de mer;81230101800014;29151;02 98 88 00 03;mer.example;15/06/2026'
take new.csv
mer=$(named 'Gens de mer')
table empty.csv 'SIRET;Tél.;Site web' '81230101800014;;gens.example'
take empty.csv
equal W1-an-empty-cell-clears-nothing "+33298880003 gens.example" "$(value morlaix "$mer" telephone) $(value morlaix "$mer" site_web)"
table older.csv 'Nom;SIRET;Code INSEE;Tél.;Mail;Mise à jour' 'Gens de la mer;81230101800014;29151;02 98 88 00 09;contact@mer.example;01/06/2026'
take older.csv
equal W1-an-older-line-is-said-to-be-so date_maj_ancienne "$(codes 1)"
equal W1-an-older-line-overwrites-nothing "Gens de mer +33298880003 2026-06-15" \
	"$(value morlaix "$mer" nom) $(value morlaix "$mer" telephone) $(value morlaix "$mer" date_maj)"
equal W1-but-adds-what-was-never-said contact@mer.example "$(value morlaix "$mer" courriel)"

# W1, step 7: people go to a local record of their own.
table people.csv 'Nom;SIRET;Code INSEE;Mail;Nom du contact;Prénom contact;Courriel du contact;Tél. contact;Fonction du contact' \
	'Chez Nolwenn;81230102600017;29151;nolwenn.lagadec@chez.example;Lagadec;Nolwenn;n.lagadec@chez.example;06 39 98 12 34;Présidente'
take people.csv
equal W1-a-contact-is-made 1 "$(said .counts.contacts_nouveaux)"
equal W1-a-person-in-the-structure-s-e-mail-is-flagged courriel_nominatif_donnee_personnelle "$(codes 1)"
person=$(e morlaix list contact --json | jq -r '.items[0].uid')
equal W1-with-its-fields "Nolwenn Lagadec n.lagadec@chez.example +33639981234 Présidente" \
	"$(e morlaix show "$person" --json | jq -r '.data | "\(.prenom) \(.nom) \(.courriel) \(.telephone) \(.fonction)"')"
equal W1-it-belongs-to-the-structure "$(named 'Chez Nolwenn')" "$(value morlaix "$person" structure_uid)"
equal W1-it-stays-at-the-hub local "$(e morlaix show "$person" --json | jq -r .scope)"
take people.csv
equal W1-the-contact-too-changes-nothing-twice "0 0 1 0 0 0" "$(counts) $(said '.counts | "\(.contacts_nouveaux) \(.contacts_modifies)"')"
must synced morlaix cress
sleep 0.3
check W1-no-name-reaches-the-cress sh -c "! grep -aq 'Lagadec' '$work/cress/directory.db' '$work/cress/journal.db' '$work/cress/'*-wal"

# R18: what is rejected comes back in the file's own dialect, and goes in once mended.
printf 'Nom;SIRET;Code INSEE;T\351l.;Note\r\nPaniers d\222ici;81230103400011;29151;02 98 88 00 04;vu\r\nMal num\351rot\351e;81230104200015;29151;;\r\n' >"$work/latin.csv"
exits R18-a-rejected-line-stops-the-file 65 e morlaix import structure "$work/latin.csv"
equal R18-nothing-is-written "" "$(named 'Paniers d’ici')"
check R18-the-rest-goes-in-when-asked e morlaix import structure "$work/latin.csv" --skip-rejected
equal R18-it-does 29151 "$(value morlaix "$(named 'Paniers d’ici')" code_insee)"
equal R18-the-rejects-have-their-reason "$(printf 'Mal num\351rot\351e;81230104200015;29151;;;SIRET: siret_cle')" "$(sed -n 2p "$work/latin.csv.rejets.csv" | tr -d '\r')"
sed 's/81230104200015/81230104200014/' "$work/latin.csv.rejets.csv" >"$work/mended.csv"
grep -aq 81230104200014 "$work/mended.csv" || not_ok setup-mended
take mended.csv
equal R18-the-mended-file-goes-in "1 0 0 0" "$(counts)"
equal R18-its-reasons-are-no-column '["Note"]' "$(said '.extra | tostring')"

# R18: all that is wrong with a line is said at once.
table three.csv 'Nom;SIRET;Code INSEE;Mail;Date de création' 'Trois fautes;8,12346E+13;29151;contact.exemple.fr;31/02/2020'
three="siret_notation_scientifique courriel_invalide date_invalide"
take three.csv --dry-run
equal R18-a-dry-run-says-all-mistakes-of-a-line "$three" "$(codes 1)"
equal R18-each-finding-has-its-verdict rejete "$(said '[.lines[0].findings[].verdict] | unique | join(" ")')"
equal R18-and-so-do-its-words 3 "$(e morlaix import structure "$work/three.csv" --dry-run 2>/dev/null |
	grep -cE 'rounded the SIRET|@ is missing|This date does not exist')"
accents=$(printf 'é%.0s' $(seq 100)) # a value is quoted in whole letters
table long.csv 'Nom;SIRET;Code INSEE;Date de création' "Adresse longue;81230104200014;29151;$accents"
equal R18-a-long-value-is-cut-between-letters "\"$(printf 'é%.0s' $(seq 40))…\"" \
	"$(e morlaix import structure "$work/long.csv" --dry-run 2>/dev/null | grep -ao '"é.*"')"
take three.csv
equal R18-so-does-the-file-to-correct \
	"SIRET: siret_notation_scientifique, Mail: courriel_invalide, Date de création: date_invalide" \
	"$(sed -n 2p "$work/three.csv.rejets.csv" | cut -d ';' -f 6)"
exits R18-an-edit-says-all-of-them-too 65 e morlaix add structure nom=X siret=8,12346E+13 courriel=abc date_creation=31/02/2020
equal R18-each-with-its-sentence 4 "$(grep -oE '(nom: hors_limites \(X\)|siret: siret_[a-z_]* \([^)]*\)|courriel: [a-z_]*|date_creation: [a-z_]* \([^)]*\)): [NTO]' "$work/exits.err" | wc -l)"

# Excel's "Unicode text".
printf '\377\376' >"$work/unicode.txt"
printf 'Nom\tSIRET\tCode INSEE\r\nBugul Noz – œuvres\t81230105900018\t29151\r\n' | iconv -f utf-8 -t utf-16le >>"$work/unicode.txt"
take unicode.txt
equal W1-utf-16-is-read "utf-16le 1" "$(said '"\(.encoding) \(.counts.nouveaux)"')"
check W1-with-its-letters test -n "$(named 'Bugul Noz – œuvres')"

# A commune's code in the column of names.
printf 'nom;type_acteur;Commune\nCode en Commune;ess;29151\n' >"$work/coded.csv"
take coded.csv
equal W1-R7-a-code-in-the-column-of-names "Morlaix 29151" \
	"$(e morlaix show "$(named 'Code en Commune')" --json | jq -r '"\(.data.commune) \(.data.code_insee)"')"

# R18: a quote that nobody closed takes no line with it, whoever seems to close it below.
table stray.csv 'Nom;SIRET;CP;Ville;Code INSEE;Description' \
	'Asso Z1;81230111700014;29600;Morlaix;29151;"pas ferme' \
	'Asso Z2;81230112500017;29600;Morlaix;29151;deux' \
	'Asso Z3;81230113300011;29600;Morlaix;29151;"deux mots"' \
	'Asso "Z4";81230114100014;29600;Morlaix;29151;"sur' 'trois; lignes' '"' \
	'Asso Z5;81230115800018;"29600;Morlaix;29151;jamais'
for end in lf crlf; do
	[ $end = lf ] || sed -i 's/$/\r/' "$work/stray.csv"
	take stray.csv --dry-run
	equal "R18-$end-a-stray-quote-refuses-its-own-line" "2 rejete guillemet_ouvert Description" \
		"$(said '.lines[] | select(.record==1) | "\(.line) \(.verdict) \(.findings[0].code) \(.findings[0].column)"')"
	equal "R18-$end-and-the-lines-below-are-read" "3 4 5 8" "$(said '[.lines[1:][].line | tostring] | join(" ")')"
	equal "R18-$end-a-cell-of-three-lines-stays-one" "accepte" "$(said '.lines[] | select(.record==4).verdict')"
	equal "R18-$end-a-quote-never-closed-keeps-its-columns" "rejete guillemet_ouvert CP" \
		"$(said '.lines[] | select(.record==5) | "\(.verdict) \(.findings[0].code) \(.findings[0].column)"')"
done
take stray.csv --skip-rejected
equal R18-the-others-are-taken "3 0 0 2" "$(counts)"
equal R18-nothing-of-a-refused-line-is-taken "" "$(named 'Asso Z1')$(named 'Asso Z5')"
equal R18-what-the-quotes-held-is-there "$(printf 'sur\ntrois; lignes')" "$(value morlaix "$(named 'Asso "Z4"')" description | sed '/^$/d')"
equal R18-the-refused-lines-come-back-whole 'Asso Z1;81230111700014;29600;Morlaix;29151;"""pas ferme";Description: guillemet_ouvert' \
	"$(sed -n 2p "$work/stray.csv.rejets.csv" | tr -d '\r')"
equal R18-and-each-on-its-own-line 'Asso Z5;81230115800018;"""29600";Morlaix;29151;jamais;CP: guillemet_ouvert' \
	"$(sed -n 3p "$work/stray.csv.rejets.csv" | tr -d '\r')"
sed 's/"""\([^"]*\)"/\1/' "$work/stray.csv.rejets.csv" >"$work/closed.csv"
take closed.csv
equal R18-mended-they-go-in "2 0 0 0" "$(counts)"
table long.csv 'Nom;SIRET;CP;Ville;Code INSEE;Description' \
	'Asso L1;81230119000011;29600;Morlaix;29151;"ouvert' 'Asso L2;;29600;Morlaix;29151;deux' 'Asso L3;;29600;Morlaix;29151;ferme"' \
	'Asso L4;81230120800011;29600;Morlaix;29151;"Ouvert ; fermé ; sur' 'rendez-vous ; sinon ; non"'
take long.csv --dry-run
equal R18-a-cell-that-may-have-swallowed-lines-is-said "avertissement lignes_dans_une_case Description" \
	"$(said '.lines[] | select(.record==1) | "\(.verdict) \(.findings[] | select(.code=="lignes_dans_une_case") | "\(.code) \(.column)")"')"
equal R18-prose-of-several-lines-is-not accepte "$(said '.lines[] | select(.record==2).verdict')"
table half.csv 'Nom;SIRET;CP;Ville;Code INSEE;Description' \
	'"Asso M1;81230119000011;29600;Morlaix;29151;a' 'Asso M2";81230120800011;29600;Morlaix;29151;b' \
	'Asso M3;81230111700014;29600;Morlaix;"29151;note' 'Asso M4;81230115800018;29600;Morlaix;29151";autre'
take half.csv --dry-run
equal R18-nor-do-halves-of-lines-go-unsaid "Nom Code INSEE" "$(said '[.lines[].findings[] | select(.code=="lignes_dans_une_case") | .column] | join(" ")')"
table head.csv 'Nom;CP;Ville;"Description' 'Asso N1;29600;Morlaix;d"' 'Asso N2;29600;Morlaix;d'
exits R18-a-header-that-holds-a-line-is-refused 65 e morlaix import structure "$work/head.csv" --dry-run
table header.csv 'Nom;"SIRET;Code INSEE' 'Asso Z6;81230116600011;29151'
exits R18-a-stray-quote-in-the-header-is-said 65 e morlaix import structure "$work/header.csv"
check R18-and-what-to-do grep -qE 'guillemet|quote' "$work/exits.err"
equal R18-the-sentence-is-said-with-the-line 2 \
	"$(e morlaix import structure "$work/stray.csv" --dry-run 2>&1 | grep -c 'A quote opens this cell')"

# W1: what spreadsheets and their users write: numbers as formulas, CEDEX, rows of hard spaces.
table office.csv 'Nom;SIRET;CP;Ville;Description;Sigle' \
	'="Asso F1";="81230117400015";"=""35302""";FOUGERES CEDEX 2;"=""dit """"Haie"""" ici"""' \
	"$(printf ';;\302\240;\342\200\213;')" "$(printf '\302\240;"\342\200\257";;;')" \
	"$(printf 'Asso F2\363\240\200\201;81230118200018;56170;Fougères Cédex;;="A"&B2')"
take office.csv --dry-run
equal W1-a-row-of-hard-spaces-is-none "2 5" "$(said '[.lines[].line | tostring] | join(" ")')"
equal W1-a-cedex-of-another-departement-is-asked "rejete code_insee_inconnu" \
	"$(said '.lines[] | select(.record==2) | "\(.verdict) \([.findings[] | select(.verdict=="rejete").code] | join(" "))"')"
equal W1-tags-that-nobody-sees-are-said "Nom" "$(said '.lines[] | select(.record==2) | .findings[] | select(.code=="caractere_invisible").column')"
take office.csv --skip-rejected
f1=$(named 'Asso F1')
equal W1-a-text-written-as-a-formula-is-its-text "81230117400015 35302" "$(value morlaix "$f1" siret) $(value morlaix "$f1" code_postal)"
equal W1-with-the-quotes-it-holds 'dit "Haie" ici' "$(value morlaix "$f1" description)"
equal W1-a-cedex-is-its-commune "35115 Fougères" "$(value morlaix "$f1" code_insee) $(value morlaix "$f1" commune)"
sed -i 's/56170;Fougères Cédex/35300;Fougères Cédex/' "$work/office.csv"
take office.csv
equal W1-tags-are-taken-out "Asso F2" "$(value morlaix "$(named 'Asso F2')" nom)"
equal W1-a-formula-stays-as-written '="A"&B2' "$(value morlaix "$(named 'Asso F2')" sigle)"
must e morlaix export annuaire --output "$work/annuaire.csv" >/dev/null
check R19-and-is-no-formula-in-an-export grep -qF "'=\"\"A" "$work/annuaire.csv"

# Every kind of the sample: a folder in one go, out, and in again.
must e morlaix import all "$sample/pole-morlaix" --quiet >/dev/null
must synced morlaix
must e morlaix export csv --output "$work/out" >/dev/null 2>&1
e morlaix import all "$work/out" --json >"$work/report.json" 2>/dev/null
equal W1-every-kind-exported-and-imported-changes-nothing "0 0 0 true" \
	"$(said '.counts | "\(.nouveaux) \(.modifies) \(.rejete)"') $(said .written)"
check W1-of-all-tables test "$(said '.tables | length')" -ge 9
equal W1-references-before-what-refers "structure offre" "$(said '[.tables[].kind | select(.=="structure" or .=="offre")] | join(" ")')"

# F11: killed on the way, whoever is killed, nothing has changed and it can be repeated.
before=$(records morlaix structure)
e morlaix import structure "$work/many.csv" >/dev/null 2>&1 &
client=$!
past() { # PERCENT
	curl -s --unix-socket "$hub/essaim.sock" http://x/api/v1/progress |
		jq -e "select(.what==\"import\" and .total>0) | .done * 100 / .total >= $1" >/dev/null
}
reached=no
while [ $reached = no ] && kill -0 $client 2>/dev/null; do
	! past 60 || reached=yes
done
crash morlaix
wait $client
equal F11-it-was-past-60-percent yes $reached
must start morlaix
equal F11-the-daemon-killed-at-60-percent-has-changed-nothing "$before" "$(records morlaix structure)"
check F11-the-database-is-whole e morlaix verify
e morlaix import structure "$work/many.csv" --quiet >/dev/null 2>&1 &
client=$!
until past 20 || ! kill -0 $client 2>/dev/null; do
	:
done
kill -KILL $client 2>/dev/null
wait $client 2>/dev/null
: >"$work/busy"
while [ ! -e "$work/busy.end" ]; do
	curl -s --unix-socket "$hub/essaim.sock" http://x/api/v1/progress | jq -r '"\(.what) \(.done <= .total and .total > 0)"' >>"$work/busy"
	sleep 0.2
done &
busy=$!
check F11-repeated-it-goes-in e morlaix import structure "$work/many.csv" --quiet
within F11-all-of-it 60 holds morlaix structure $((before + 60000))
must synced morlaix
: >"$work/busy.end"
wait $busy
equal A2-what-takes-long-is-named "import true seal true" "$(grep -E '^(import|seal)' "$work/busy" | sort -u | tr '\n' ' ' | sed 's/ $//')"
known=$(e morlaix list structure --limit 1 --json | jq -r ".items[0].uid")
# R18 without a uid: what a table says again changes nothing, and twins stay two.
printf 'structure_uid;nom;prenom;courriel;fonction\n%s;Le Gall;Anne;anne@exemple.fr;\n%s;Riou;;;Bénévole\n%s;Riou;;;Bénévole\n' \
	"$known" "$known" "$known" >"$work/persons.csv"
counted() { # what the import of the persons says
	e morlaix import contact "$work/persons.csv" --json 2>/dev/null | jq -r '.counts | "\(.nouveaux) \(.modifies) \(.inchanges)"'
}
equal "R18-persons-without-uid" "3 0 0" "$(counted)"
equal "R18-persons-again" "0 0 3" "$(counted)"
printf '%s;Riou;;;Bénévole\n' "$known" >>"$work/persons.csv"
equal "R18-a-third-twin-is-one-more" "1 0 3" "$(counted)"
finish
