#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the guides (conf/guides) tell people to type exists: each `essaim ...` of their
# code, read by the command line itself, which finds a command, an option or a number
# of words that it does not know; kinds and fields are those of the schema; every
# alert has its line in a table; and each guide makes a man page.
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
	"$bin/essaim" --data "$work/nobody" --socket "$work/nobody.sock" "$@" >"$work/known" 2>&1 </dev/null
	known_code=$?
	while [ "${1#--}" != "$1" ]; do # --as ROLE, --data DIR before the command
		shift 2
	done
	case $1 in
	join | restore) "$bin/essaim" "$1" --help >/dev/null ;; # done here, without a daemon: not for a made-up code
	add) [ $known_code != 64 ] && grep -q "^KIND($2," "$schema" && fields_known "$2" "$@" ;;
	set | propose) [ $known_code != 64 ] && fields_known '[a-z_]+' "$@" ;;
	*) [ $known_code != 64 ] ;;
	esac
}
# refused FILE: the lines of that guide that are not known, and why.
refused() {
	refused_file=$(basename "$1")
	typed "$1" | sed 's/ NUMERO/ 1/' >"$work/typed"
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
	equal "guides-$file-all-its-headings-are-in-the-man-page" "$(sed -n 's/^### *//p; s/^## *//p' "$guides/$file.md" | grep -c '')" \
		"$(grep '^\.S[HS]' "$work/$file.7" | grep -vc ' NOM$\| DESCRIPTION$')"
	if command -v man >/dev/null; then
		equal "guides-$file-man-has-nothing-to-say" "" "$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l "$work/$file.7" 2>&1 >/dev/null)"
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
for code in $(sed -n 's/^ALERT([A-Z_]*, "\([A-Z_]*\)".*/\1/p' "$root/daemon/alerts.def" | sort -u); do
	cat "$guides"/*.md | grep -q "^| \`$code\` |" || missing="$missing $code"
done
equal guides-every-alert-is-explained "" "$missing"
finish
