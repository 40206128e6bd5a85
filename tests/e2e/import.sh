#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Spreadsheets in and out: the hard lines' verdicts in both encodings, importing
# twice, what an export gives back.
. "$(dirname "$0")/lib.sh"
hard=$root/tests/data/pieges

public_seq() {
	fact "$1" '.logs[] | select(.scope=="public" and .author=="pole-'"$1"'") | .seq'
}
# record,verdict,code of each line of a report, as pieges_attendu.csv has them
verdicts() {
	jq -r '.lines[] | "\(.record),\(.verdict),\(.findings[0].code // "")"' "$1"
}

must found_cress
must enter morlaix
must synced morlaix cress
cut -d, -f1-3 "$hard/pieges_attendu.csv" | tail -n +2 | tr -d '\r' >"$work/wanted"
for file in pieges pieges_utf8bom; do
	cp "$hard/$file.csv" "$work/$file.csv"
	e morlaix import structure "$work/$file.csv" --dry-run --json >"$work/$file.json"
	equal "$file-dry-run-exits-65" 65 $?
	verdicts "$work/$file.json" >"$work/$file.got"
	check "$file-gives-the-expected-verdicts" diff "$work/wanted" "$work/$file.got"
done
equal "windows-1252-is-said" windows-1252 "$(jq -r .encoding "$work/pieges.json")"
equal "utf-8-is-said" utf-8 "$(jq -r .encoding "$work/pieges_utf8bom.json")"
equal "a-dry-run-writes-nothing" 0 "$(records morlaix structure)"
check "a-dry-run-leaves-no-file" test ! -e "$work/pieges.csv.rejets.csv"

check "the-good-ones" e morlaix import structure "$work/pieges.csv" --skip-rejected
equal "sixteen-structures" 16 "$(records morlaix structure)"
check "the-rejects-in-their-own-encoding" grep -aq "$(printf 'N\260 SIRET: siret_cle')" "$work/pieges.csv.rejets.csv"
must synced morlaix
seq=$(public_seq morlaix)
# Without a uid column a structure is known by its SIRET, RNA, or name and commune.
check "again" e morlaix import structure "$work/pieges.csv" --skip-rejected
check "and-in-the-other-encoding" e morlaix import structure "$work/pieges_utf8bom.csv" --skip-rejected
equal "importing-twice-adds-nothing" 16 "$(records morlaix structure)"
equal "importing-twice-seals-nothing" "$seq" "$(public_seq morlaix)"

# Two lines that claim one record: neither is the right one.
printf 'uid;nom;type_acteur;code_insee\n%s\n%s\n' '01M84CJ2N5BDZS6TMNNG8W0AMY;Premier;ess;29151' \
	'01M84CJ2N5BDZS6TMNNG8W0AMY;Second;ess;29151' >"$work/twice.csv"
exits "a-uid-twice-in-a-file" 65 e morlaix import structure "$work/twice.csv" --json
equal "is-said" doublon_dans_le_fichier "$(jq -r '.lines[1].findings[] | select(.column=="uid") | .code' "$work/exits.out")"

for table in structures:structure offres:offre contacts:contact; do
	must e morlaix import "${table#*:}" "$sample/pole-morlaix/${table%:*}.csv" >/dev/null
done
must synced morlaix
must e morlaix export csv --output "$work/out" >/dev/null
seq=$(public_seq morlaix)
for table in structures:structure offres:offre contacts:contact; do
	e morlaix import "${table#*:}" "$work/out/${table%:*}.csv" --json >"$work/again.json"
	equal "an-exported-${table%:*}-file-changes-nothing" "0 0 0" \
		"$(jq -r '.counts | "\(.nouveaux) \(.modifies) \(.rejete)"' "$work/again.json")"
done
equal "and-seals-nothing" "$seq" "$(public_seq morlaix)"
must e morlaix export csv --output "$work/out2" >/dev/null
check "the-same-data-the-same-bytes" diff -r "$work/out" "$work/out2"
must e morlaix export jsonl --output "$work/a.jsonl" >/dev/null
must e morlaix export jsonl --output "$work/b.jsonl" >/dev/null
check "jsonl-too" cmp "$work/a.jsonl" "$work/b.jsonl"

# Accents, case and apostrophes do not matter; a place and a radius do.
found=$(e morlaix search "L'ATELIER" --json | jq .total)
check "an-atelier-is-found" test "$found" -gt 0
equal "typographic-apostrophe" "$found" "$(e morlaix search "l’atelier" --json | jq .total)"
equal "no-apostrophe" "$found" "$(e morlaix search latelier --json | jq .total)"
equal "oe-is-the-ligature" "$(e morlaix search "œuvres" --json | jq .total)" "$(e morlaix search OEUVRES --json | jq .total)"
near=$(e morlaix search "" --kind structure --near Morlaix --within 5 --json | jq .total)
far=$(e morlaix search "" --kind structure --near 29151 --within 100 --json | jq .total)
check "further-is-more" test "$near" -gt 0 -a "$far" -gt "$near"
exits "two-communes-of-one-name" 65 e morlaix search x --near Plouhinec
check "the-candidates-are-named" grep -q 29197 "$work/exits.err"
exits "an-empty-search-is-no-failure" 0 e morlaix search zzzzzzzz
equal "tail-shows-the-last" 1 "$(e morlaix tail --limit 1 | wc -l)"
equal "tail-shows-the-last-twenty" 20 "$(e morlaix tail --limit 20 | wc -l)"
finish
