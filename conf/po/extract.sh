#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh conf/po/extract.sh: every sentence of the code that is said to people, as a template
# (.pot) on stdout. Tables whose rows have a column for each language are their own
# catalogue (tests/french.sh checks them).
set -eu
cd "$(dirname "$0")/../.."
find common daemon -name '*.c' -o -name err.def -o -name remedies.def | LC_ALL=C sort |
	xgettext --files-from=- --language=C --from-code=UTF-8 --no-wrap --add-location=file --sort-by-file \
		--keyword --keyword=_ --keyword=N_ --keyword=ERR:5 --keyword=REMEDY:2 \
		--flag=_:1:pass-c-format --flag=buf_printf:2:c-format --flag=ERR:5:no-c-format --flag=REMEDY:2:no-c-format \
		--package-name=essaim --output=- | sed '/^"POT-Creation-Date:/d'
