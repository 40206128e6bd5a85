#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Out of the directory and in again, where several hubs share it: a line of another
# hub's record that says what stands is no wish to change it.
. "$(dirname "$0")/../e2e/lib.sh"

said() { # FILTER: of the last report
	jq -r "$1" "$work/report.json"
}
counts() {
	said '.counts | "\(.nouveaux) \(.modifies) \(.rejete) \(.contacts_nouveaux)"'
}
take_all() { # NODE DIR
	e "$1" import all "$2" --json >"$work/report.json" 2>"$work/take.err"
}

must found_cress
for hub in morlaix auray; do
	must enter "$hub"
	must e "$hub" import all "$sample/pole-$hub" --quiet >/dev/null
done
must settle morlaix auray cress
for node in morlaix auray cress; do
	must e "$node" export csv --output "$work/$node.out" >/dev/null 2>&1
	cp "$work/$node.out/structures.csv" "$work/$node.before"
	take_all "$node" "$work/$node.out"
	equal "W1-R18-the-federation-out-and-in-again-changes-nothing-at-$node" "0 0 0 0 true" "$(counts) $(said .written)"
	must e "$node" export csv --kind structure --output "$work/$node.after" >/dev/null
	check "W1-R18-and-gives-the-same-file-at-$node" cmp "$work/$node.before" "$work/$node.after"
done

# So it is with the file for spreadsheets, also where the node may not write such structures.
for node in morlaix cress; do
	must e "$node" export annuaire --output "$work/annuaire.csv" >/dev/null 2>&1
	e "$node" import structure "$work/annuaire.csv" --json >"$work/report.json" 2>/dev/null
	equal "W1-R18-the-annuaire-in-again-changes-nothing-at-$node" "0 0 0 0 true" "$(counts) $(said .written)"
	equal "W1-R18-all-its-lines-stand-at-$node" "$(($(grep -c . "$work/annuaire.csv") - 1))" "$(said .counts.inchanges)"
done
sed '2s/;[^;]*$/;/; 2s/^[^;]*/Un autre nom/' "$work/annuaire.csv" >"$work/wished.csv"
e cress import structure "$work/wished.csv" --json >"$work/report.json" 2>/dev/null
equal "W1-R3-a-line-of-it-that-wishes-something-is-refused-at-the-cress" "65 1 role_pays" \
	"$? $(said .counts.rejete) $(said '.lines[] | select(.verdict == "rejete") | .findings[].code | select(. == "role_pays")')"

# A line of another hub's that does want something else is refused, and changes nothing.
csv() { # PYTHON STATEMENT...: on `rows`, from and to CSV
	python3 -c "
import csv, sys
rows = list(csv.reader(sys.stdin))
at = rows[0].index
$1
csv.writer(sys.stdout, lineterminator='\\n').writerows(rows)"
}
take_some() { # NODE FILE
	e "$1" import structure "$2" --json >"$work/report.json" 2>"$work/take.err"
}
csv 'rows = [rows[0]] + [r for r in rows if r[at("pole")] == "pole-auray"]' <"$work/morlaix.before" >"$work/theirs.csv"
csv 'rows[3][at("telephone")] = "+33298112233"' <"$work/theirs.csv" >"$work/wished.csv"
asked=$(sed -n 4p "$work/theirs.csv" | cut -d, -f1)
held="$(records morlaix structure) $(value morlaix "$asked" telephone)"
theirs=$(($(grep -c . "$work/theirs.csv") - 1))
for node in morlaix cress; do
	take_some "$node" "$work/wished.csv"
	equal "W1-R3-a-line-of-another-hub-that-changes-something-is-refused-at-$node" "65 autre_pole 3 1 $((theirs - 1))" \
		"$? $(said '.lines[] | select(.verdict == "rejete") | "\(.findings[0].code) \(.record)"') $(said '.counts | "\(.rejete) \(.inchanges)"')"
	csv 'rows = [[c for i, c in enumerate(r) if i != at("pole")] for r in rows]' <"$work/wished.csv" >"$work/no-pole.csv"
	take_some "$node" "$work/no-pole.csv"
	equal "W1-R3-without-a-column-pole-too-at-$node" "1 $((theirs - 1))" \
		"$(said '.counts | "\(.rejete) \(.inchanges)"')"
done
csv 'rows[2][0] = rows[2][0][:-4] + "0000"' <"$work/theirs.csv" >"$work/unheard.csv"
take_some morlaix "$work/unheard.csv"
equal "W1-R3-a-record-that-nobody-knows-is-not-made-for-another-hub" "autre_pole 2" \
	"$(said '.lines[] | select(.verdict == "rejete") | "\(.findings[0].code) \(.record)"')"
equal "W1-R3-nothing-was-changed" "$held" "$(records morlaix structure) $(value morlaix "$asked" telephone)"

# An import that narrows: what was published is in no file of the others any more.
canary() {
	echo "Canari$(od -An -N13 -tx1 /dev/urandom | tr -d ' \n')"
}
nowhere_else() { # TEXT...
	for nowhere_text in "$@"; do
		! LC_ALL=C grep -aqF -- "$nowhere_text" "$work"/cress/* "$work"/auray/* || return 1
	done
}
by_scope=$(canary) by_field=$(canary) by_diffusion=$(canary) by_sheet=$(canary)
i=0
for text in "$by_scope" "$by_field" "$by_diffusion" "$by_sheet"; do
	i=$((i + 1))
	eval "uid_$i=\$(new morlaix structure 'nom=Narrowed $i' type_acteur=ess code_insee=29151 'adresse=$text')"
done
must settle morlaix auray cress
check "F5-all-have-them-first" sh -c "grep -aqF $by_scope '$work'/auray/journal.db* && grep -aqF $by_diffusion '$work'/cress/journal.db*"
cat >"$work/narrow.csv" <<END
uid;portee;champs_locaux;statut_diffusion
$uid_1;local;;
$uid_2;;adresse;
$uid_3;;;P
END
e morlaix import structure "$work/narrow.csv" --dry-run --json >"$work/report.json" 2>/dev/null
check "F5-a-dry-run-names-nobody" sh -c "! '$bin/essaim' --data '$work/morlaix' import structure '$work/narrow.csv' --dry-run 2>&1 | grep -q 'not yet erased'"
equal "F5-a-dry-run-orders-nothing" "3 0" "$(said .counts.modifies) $(e morlaix erasures --json | jq '.items | length')"
take_some morlaix "$work/narrow.csv"
equal "F5-an-import-that-narrows-says-who-has-the-values" "3 0 true" "$(said '.counts | "\(.modifies) \(.rejete)"') $(said '.encore_chez | length >= 1')"
mkdir "$work/folder"
printf 'uid;champs_locaux\n%s;adresse\n' "$uid_4" >"$work/folder/structures.csv"
LANG=C e morlaix import all "$work/folder" >"$work/said.txt" 2>&1
check "F5-so-does-a-folder-in-words" grep -q "^not yet erased at: .*Auray" "$work/said.txt"
must settle morlaix auray cress
within "F5-no-file-of-another-node-holds-a-byte-of-them" 30 nowhere_else "$by_scope" "$by_field" "$by_diffusion" "$by_sheet"
equal "F5-they-stand-at-home" "$by_scope $by_field $by_diffusion $by_sheet" \
	"$(for uid in $uid_1 $uid_2 $uid_3 $uid_4; do value morlaix "$uid" adresse; done | tr '\n' ' ' | sed 's/ $//')"
equal "F5-the-rest-stands-elsewhere" "Narrowed 2 Narrowed 3" "$(value auray "$uid_2" nom) $(value cress "$uid_3" nom)"
take_some morlaix "$work/narrow.csv"
equal "F5-again-it-narrows-nothing" "0 3 null" "$(said '.counts | "\(.modifies) \(.inchanges)"') $(said .encore_chez)"
check "F5-digests-agree" same_digests morlaix auray cress
for node in morlaix auray cress; do
	check "F5-$node-verifies" e $node verify
done
finish
