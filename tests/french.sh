#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh tests/french.sh
#
# No sentence is said to people that has no French (conf/po): every one in the code stands
# in _( ), every one in _( ) is in fr.po, translated, with the same arguments. After a change
# `sh conf/po/update.sh` does the first two and says what is left to translate.
# The page has both languages side by side (daemon/page/words.js), so has what is said of a
# value (daemon/rules/sentences.def).
set -u
cd "$(dirname "$0")/.."
for tool in xgettext msgcmp msgfmt python3; do
	command -v $tool >/dev/null || { echo "SKIPPED french $tool is missing"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
check() { # NAME COMMAND...
	name=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		sed 's/^/# /' "$work/out"
		failed=1
	fi
}
# Whatever is between « » is typed as it stands; a quoted command in English quotes was forgotten.
quotes() {
	! msgattrib --no-wrap conf/po/fr.po | grep -n "^msgstr.*[ (]'essaim"
}
# One sentence for one: English that was copied over is no translation.
copied() {
	msgexec -i conf/po/fr.po sh -c 'IFS= read -r fr; [ "$fr" != "$MSGEXEC_MSGID" ] || [ "$fr" = structure ] || [ "$fr" = configuration ] ||
		{ [ -n "$MSGEXEC_MSGID" ] && echo "the same in both: $fr"; }' >"$work/same"
	cat "$work/same"
	[ ! -s "$work/same" ]
}

check every-sentence-is-marked python3 conf/po/wrap.py --check
sh conf/po/extract.sh >"$work/essaim.pot" || failed=1
check every-sentence-is-translated msgcmp conf/po/fr.po "$work/essaim.pot"
check no-translation-is-left-over msgcmp --use-untranslated "$work/essaim.pot" conf/po/fr.po
check every-translation-takes-the-same-arguments msgfmt --check-format --check-domain -o /dev/null conf/po/fr.po
check no-translation-is-the-english copied
check commands-stand-in-french-quotes quotes
check every-word-of-the-page-is-in-both python3 tests/page_words.py
check every-finding-has-its-sentence-in-both python3 tests/finding_words.py
exit $failed
