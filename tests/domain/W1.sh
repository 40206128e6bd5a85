#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W1 from start to end: a hub's staff takes its spreadsheet into the directory. What
# the user types and sees is printed; the table of staff is the sample's, written as
# Excel in French writes it, with what people do to such tables.
. "$(dirname "$0")/../e2e/lib.sh"

# see NAME CODE COMMAND...: types it, shows the answer (its first lines), checks its exit code.
see() {
	see_name=$1 see_code=$2
	shift 2
	printf '\n$ essaim %s\n' "$(echo "$*" | sed "s#$work/##g")"
	e morlaix "$@" >"$work/seen" 2>&1
	see_got=$?
	head -n 30 "$work/seen" | sed "s#$work/##g"
	[ "$(grep -c '' "$work/seen")" -le 30 ] || echo "..."
	equal "$see_name" "$see_code" $see_got
}
title() {
	printf '\n== %s\n' "$*"
}

must found_cress
must enter morlaix
must synced morlaix cress
must e morlaix import structure "$sample/pole-morlaix/structures.csv" --quiet >/dev/null
must synced morlaix cress
before=$(records morlaix structure)

title "1. The table of staff, saved as CSV by Excel (Windows-1252, ;, dates JJ/MM/AAAA)"
must e morlaix list structure --limit 1000 --json >"$work/all.json"
{
	echo 'Nom de la structure;Sigle;Type;N° SIRET;N° RNA;Adresse;CP;Ville;Code INSEE;Tél.;Activités;ETP;Date de création;Mise à jour'
	jq -r '.items[].data | [.nom, .sigle // "", .type_acteur, .siret // "", .rna // "", .adresse // "", .code_postal // "",
		.commune, .code_insee, (.telephone // "" | sub("^\\+33"; "0")), (.filieres // [] | join(", ")),
		(.effectif_etp // "" | tostring | sub("\\."; ",")),
		(.date_creation // "" | split("-") | reverse | join("/")), (.date_maj // "" | split("-") | reverse | join("/"))]
		| map("\"" + (gsub("\""; "\"\"")) + "\"") | join(";")' "$work/all.json"
} | iconv -f utf-8 -t windows-1252//TRANSLIT | sed 's/$/\r/' >"$work/tableur.csv"
head -n 3 "$work/tableur.csv" | iconv -f windows-1252 -t utf-8
see W1-1-the-same-structures-as-staff-write-them-are-no-news 0 import structure "$work/tableur.csv"
equal W1-1-nothing-is-created "$before" "$(records morlaix structure)"

title "2. This month's table: new structures, a moved one, mistakes, and who to call"
{
	echo 'Nom de la structure;N° SIRET;CP;Ville;Tél.;Mail;Nom du contact;Courriel du contact;Budget'
	echo "Les Paniers d'ici;812 301 034 00011;29600;Morlaix;298880101;contact@paniers.example;Nolwenn Le Goff;nolwenn.legoff@paniers.example;12 000 €"
	echo "Ti Zanc'h;81230104200015;29680;Roscoff;02 98 88 01 02;;;;"
	echo "Café du bout;;29600;Trifouillis;02 98 88 01 03;;;;"
	jq -r '.items[0].data | "\(.nom | ascii_upcase);;\(.code_postal);\(.commune);02 98 88 01 04;;;;"' "$work/all.json"
} | iconv -f utf-8 -t windows-1252//TRANSLIT | sed 's/$/\r/' >"$work/mois.csv"
see W1-2-a-dry-run-shows-encoding-columns-and-verdicts 65 import structure "$work/mois.csv" --dry-run
check W1-2-the-encoding-is-shown grep -q windows-1252 "$work/seen"
check W1-2-the-columns-are-shown grep -q 'contact.courriel' "$work/seen"
check W1-3-each-problem-has-its-code grep -q siret_cle "$work/seen"
equal W1-2-nothing-is-written "$before" "$(records morlaix structure)"

title "3. What can go in goes in; the rest is left in a file of the same kind"
see W1-4-the-good-lines-go-in 0 import structure "$work/mois.csv" --skip-rejected
equal W1-5-the-one-new-structure-is-there $((before + 1)) "$(records morlaix structure)"
iconv -f windows-1252 -t utf-8 "$work/mois.csv.rejets.csv"
equal W1-4-three-lines-came-back 4 "$(grep -ac '' "$work/mois.csv.rejets.csv")"

title "4. Mended in the same spreadsheet: the key, the commune; the candidate is said to be the same"
sed 's/81230104200015/81230104200014/; s/Trifouillis/Morlaix/' "$work/mois.csv.rejets.csv" >"$work/corrige.csv"
see W1-5-the-mended-file-goes-in 0 import structure "$work/corrige.csv" --candidates same
equal W1-5-two-more-and-the-candidate-was-the-same $((before + 3)) "$(records morlaix structure)"

title "5. The person to call is a record of her own, and stays here"
see W1-7-the-contact 0 list contact
equal W1-7-one-contact 1 "$(records morlaix contact)"
must synced morlaix cress
equal W1-7-none-at-the-cress 0 "$(records cress contact)"

title "6. The same again"
see W1-8-a-second-import-changes-nothing 0 import structure "$work/corrige.csv"
equal W1-8-no-new-structure $((before + 3)) "$(records morlaix structure)"
equal W1-8-no-new-contact 1 "$(records morlaix contact)"
finish
