#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the guides (conf/guides) tell people to type exists: each `essaim ...` of their
# code, read by the command line itself, which finds a command, an option or a number
# of words that it does not know; kinds and fields are those of the schema; every
# alert has its line in a table; each guide makes a man page. Then the officer's day is
# played, each command of that guide in its order: its example values must do.
. "$(dirname "$0")/../e2e/lib.sh"
guides=${ESSAIM_GUIDES:-$root/conf/guides}
schema=$root/proto/schema.def

# typed FILE: "LINE essaim ..." for each, from blocks (continued lines joined) and from `code`.
typed() {
	awk '
		/^```/ { code = !code; next }
		code {
			sub(/^.* -- essaim /, "essaim ") # runuser -u essaim -- essaim ...
			whole = whole $0
			if (sub(/\\$/, "", whole))
				next
			if (whole ~ /^essaim /)
				print NR, whole
			whole = ""
			next
		}
		{
			n = split($0, part, "`")
			for (i = 2; i <= n; i += 2)
				if (part[i] ~ /^essaim /)
					print NR, part[i]
		}' "$1"
}
# fields_known KIND WORD...: each WORD that is FIELD=VALUE is one of that kind ("[a-z_]*": of any).
fields_known() {
	fields_kind=$1
	shift
	for fields_word in "$@"; do
		case $fields_word in
		[a-z]*=*) grep -qE "^FIELD\($fields_kind, [0-9]+, ${fields_word%%=*}," "$schema" || {
			echo "no field ${fields_word%%=*} of $fields_kind"
			return 1
		} ;;
		esac
	done
}
# known essaim WORD...: nobody answers on that socket; 64 is a line that the table refuses.
known() {
	shift
	case $1 in
	revoke | resolve | forget | void) set -- "$@" --yes ;; # asked on a terminal
	esac
	case " $* " in
	*" init "* | *" join "* | *" restore "*) set -- "$@" --help ;; # done here, without a daemon: options only
	esac
	"$bin/essaim" --data "$work/nobody" --socket "$work/nobody.sock" "$@" >"$work/known" 2>&1 </dev/null
	known_code=$?
	[ $known_code -lt 128 ] || return 1 # it crashed
	while [ "${1#--}" != "$1" ]; do # --as ROLE, --data DIR before the command
		shift 2
	done
	case $1 in
	add) [ $known_code != 64 ] && grep -q "^KIND($2," "$schema" && fields_known "$2" "$@" ;;
	set | propose) [ $known_code != 64 ] && fields_known '[a-z_]+' "$@" ;;
	*) [ $known_code != 64 ] ;;
	esac
}
# refused FILE: the lines of that guide that are not known, and why.
refused() {
	refused_file=$(basename "$1")
	typed "$1" | sed 's/ NUMERO/ 1/; s,--data /var/lib/essaim ,,' >"$work/typed"
	while read -r refused_line refused_command; do
		set -f
		eval "set -- $refused_command"
		set +f
		[ $# -gt 1 ] || continue
		known "$@" >"$work/why" || {
			echo "$refused_file:$refused_line: $refused_command: $(head -n 1 "$work/why") $(head -n 1 "$work/known")"
		}
	done <"$work/typed"
}

cd "$work" || exit 1
for file in agent-de-pole cress administrateur; do
	refused "$guides/$file.md" >"$work/refused"
	cat "$work/refused"
	equal "guides-$file-commands-exist" 0 "$(grep -c '' "$work/refused")"
	check "guides-$file-has-many" test "$(typed "$guides/$file.md" | grep -c '')" -ge 20
	sh "$root/conf/guides/to-man.sh" essaim-guide "$guides/$file.md" >"$work/$file.7"
	equal "guides-$file-all-its-headings-are-in-the-man-page" \
		"$(sed -n 's/^### *//p; s/^## *//p' "$guides/$file.md" | grep -c '')" \
		"$(grep '^\.S[HS]' "$work/$file.7" | grep -vc ' NOM$\| DESCRIPTION$')"
	if command -v man >/dev/null; then
		equal "guides-$file-man-has-nothing-to-say" "" \
			"$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$work/$file.7" 2>&1 >/dev/null)"
	else
		skipped "guides-$file-man-has-nothing-to-say" "no man"
	fi
done

# This test sees what is wrong.
wrong() { # NAME COMMAND: a guide that says so is refused
	printf '# x\n\n```\n%s\n```\n' "$2" >"$work/wrong.md"
	equal "guides-$1-is-seen" 1 "$(refused "$work/wrong.md" | grep -c '')"
}
wrong an-unknown-command "essaim imprt structure f.csv"
wrong an-unknown-option "essaim import structure f.csv --dry"
wrong a-missing-word "essaim hand-over"
wrong an-unknown-kind "essaim add truc nom=x"
wrong an-unknown-field "essaim add offre couleur=x"
wrong an-unknown-field-on-the-next-line "essaim set OFFRE titre=x \\
	couleur=x"
right='essaim due --on 2027-03-01'
equal guides-and-what-is-right-is-not "" "$(printf '```\n%s\n```\n' "$right" >right.md && refused right.md)"

# Every alert that has a code of its own is explained in one of the tables.
missing=""
for code in $(sed -n 's/^ALERT([A-Z_]*, "\([A-Z_]*\)".*/\1/p' "$root/daemon/api/alerts.def" | sort -u); do
	cat "$guides"/*.md | grep -q "^| \`$code\` |" || missing="$missing $code"
done
equal guides-every-alert-is-explained "" "$missing"

# The officer's guide, played at Auray. Its words in capitals are uids, known from
# before or given by the command before; other hubs' records are Vitré's.
new() { # NODE KIND FIELD=VALUE...: its uid
	new_node=$1
	shift
	e "$new_node" add "$@" --json 2>/dev/null | jq -r .uid
}
must found_cress
must enter auray
must enter vitre
must e cress add charte type_charte=ethique version=1 texte=Respect adoptee_le=2024-01-01 >/dev/null
entreprise=$(new auray structure type_acteur=entreprise "nom=Chantiers du Loch" code_insee=56007)
structure=$(new auray structure type_acteur=ess "nom=Jardins du Golfe" code_insee=56260 charte_version=1)
offre=$(new auray offre "structure_uid=$structure" "titre=Espaces verts" filiere=espaces_verts type_offre=service rayon_km=60)
fiche=$(new auray structure type_acteur=ess "nom=Les Genêts" siret=33252821500020 code_insee=35360)
autre_fiche=$(new vitre structure type_acteur=ess "nom=Association Les Genêts" siret=33252821500020 code_insee=35360)
fiche_voisine=$(new vitre structure type_acteur=ess "nom=Ateliers de Vitré" code_insee=35360 charte_version=1)
new auray contact "structure_uid=$structure" nom=Madec courriel=anne@exemple.fr >/dev/null
must settle auray vitre cress
partenariat_voisin=$(new vitre partenariat "structure_a_uid=$fiche_voisine" "structure_b_uid=$structure" forme=achat_responsable)
must e vitre propose "$structure" sigle=JG >/dev/null
must e vitre propose "$structure" "description=Des jardins" >/dev/null
must settle vitre cress auray
cp "$sample/pole-auray/structures.csv" structures.csv
printf 'nom;code_insee\nJardins du golfe;56260\n' >corrige.csv

# number COMMAND: the first request or question that is open.
number() {
	case $1 in
	cancel) e auray seats "$evenement" --json | jq -r '[.. | .no? // empty] | first' ;;
	*) e auray proposals --json | jq -r '[.items[] | select(.for_us and .state == "open") | .no] | first' ;;
	esac
}
besoin="" partenariat="" suivi="" evenement="" inscription="" demande=""
replaced() { # COMMAND LINE
	replaced_line=$1
	for replaced_word in entreprise structure offre fiche autre_fiche fiche_voisine partenariat_voisin \
		besoin partenariat suivi evenement inscription demande; do
		eval "replaced_uid=\$$replaced_word"
		replaced_line=$(echo "$replaced_line" | sed "s/\\b$(echo $replaced_word | tr a-z A-Z)\\b/$replaced_uid/g")
	done
	echo "$replaced_line" | sed "s#/media/sauvegarde#$work#; s/NUMERO/$(number "$(echo "$1" | cut -d ' ' -f 2)")/
		s/date_debut=[0-9-]*/date_debut=$(date -d '-30 days' +%F)/; s/date_fin=[0-9-]*/date_fin=$(date +%F)/"
}
play() { # LINE: typed at Auray; a uid that it gives is kept under its kind's name
	set -f
	eval "set -- $(replaced "$1")"
	set +f
	shift
	e auray "$@" >"$work/out" 2>"$work/err" </dev/null || return 1
	case "$1 ${2:-}" in
	add\ besoin | add\ partenariat | add\ evenement | add\ inscription)
		eval "$2=$(grep -oE '[0-9A-Z]{26}' "$work/out" | head -n 1)"
		;;
	add\ demande_rgpd) demande=$(grep -oE '[0-9A-Z]{26}' "$work/out" | head -n 1) ;;
	set*) suivi=$(e auray list suivi --json | jq -r '.items[0].uid // ""') ;;
	esac
}
typed "$guides/agent-de-pole.md" | sed 's/^[0-9]* //; /Quand status/,$d' | awk 'NF > 1' >"$work/day"
played=0
while read -r line; do
	case $line in
	"essaim tiers"*) continue ;; # of an alert's line: there is no such purchase here
	esac
	if play "$line"; then
		played=$((played + 1))
	else
		not_ok guides-agent-de-pole-is-played "$line: $(tail -n 2 "$work/err")"
	fi
done <"$work/day"
check guides-agent-de-pole-is-played test "$played" -ge 60
echo "$played commands of the officer's guide typed"
finish
