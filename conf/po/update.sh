#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh conf/po/update.sh
#
# After a sentence has come, gone or changed: marks it in the code (wrap.py), brings
# fr.po up to date, and names what is still to be translated there.
set -eu
cd "$(dirname "$0")/../.."
python3 conf/po/wrap.py
pot=$(mktemp)
trap 'rm -f "$pot"' EXIT
sh conf/po/extract.sh >"$pot"
[ -e conf/po/fr.po ] || msginit --no-translator -l fr.UTF-8 -i "$pot" -o conf/po/fr.po
msgmerge --quiet --update --backup=none --no-fuzzy-matching --no-wrap --sort-by-file --add-location=file conf/po/fr.po "$pot"
msgattrib --no-obsolete --no-wrap --sort-by-file --add-location=file -o conf/po/fr.po conf/po/fr.po
msgfmt --check-format --check-domain --statistics -o /dev/null conf/po/fr.po
msgattrib --untranslated --no-wrap conf/po/fr.po
