#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh conf/guides/to-man.sh NAME FILE.md [SECTION] >NAME.SECTION
#
# Section 7 is a guide, in French; the others are pages in English.
# A man page of the Markdown that the guides use, no more: headings, paragraphs,
# lists of one level, fenced code, `code`, **strong**, [text](address), and tables,
# each row of which becomes an entry: its first cell, then the others below.
set -u
[ $# = 2 ] || [ $# = 3 ] || { echo "usage: sh conf/guides/to-man.sh NAME FILE.md [SECTION]" >&2; exit 64; }

LC_ALL=C awk -v name="$1" -v section="${3:-7}" '
	# What roff would read as its own is made plain, then our marks become fonts.
	function plain(text) {
		gsub(/\\/, "\\e", text)
		gsub(/-/, "\\-", text)
		if (text ~ /^[.\x27]/)
			text = "\\&" text
		return text
	}
	function between(text, mark, font,    at, rest, out) {
		out = ""
		while ((at = index(text, mark)) > 0) {
			rest = substr(text, at + length(mark))
			if (index(rest, mark) == 0)
				break
			out = out substr(text, 1, at - 1) "\\f" font substr(rest, 1, index(rest, mark) - 1) "\\fR"
			text = substr(rest, index(rest, mark) + length(mark))
		}
		return out text
	}
	function links(text) {
		while (match(text, /\[[^]]*\]\([^)]*\)/))
			text = substr(text, 1, RSTART - 1) \
				substr(text, RSTART + 1, index(substr(text, RSTART), "](") - 2) substr(text, RSTART + RLENGTH)
		return text
	}
	function said(text) { # what French keeps together stays together
		text = plain(links(text))
		gsub(/« /, "«\\~", text)
		while (match(text, / ([:;?!%]|»)/))
			text = substr(text, 1, RSTART - 1) "\\~" substr(text, RSTART + 1)
		return between(between(text, "**", "B"), "`", "B")
	}
	function row(line,    cell, n, i) {
		gsub(/^\| *| *\|$/, "", line)
		n = split(line, cell, / *\| */)
		print ".TP\n" said(cell[1])
		for (i = 2; i <= n; i++)
			print said(cell[i])
	}
	/^```/ {
		print code ? ".EE\n.RE" : ".PP\n.RS 4\n.EX"
		code = !code
		next
	}
	code { print plain($0); next }
	/^<!--/ { next }
	/^# / {
		title = said(substr($0, 3))
		print ".TH " toupper(name) " " section " \"\" essaim\n.nh\n.ad l\n.SH " (section == 7 ? "NOM" : "NAME") "\n" plain(name) " \\- " title "\n.SH DESCRIPTION"
		next
	}
	/^## / { print ".SH \"" said(substr($0, 4)) "\""; head = 0; next }
	/^### / { print ".SS \"" said(substr($0, 5)) "\""; head = 0; next }
	/^\| *---/ { next }
	/^\|/ {
		if (head)
			row($0)
		head = 1 # the first row names the columns
		next
	}
	/^- / { gap = 0; print ".IP \\(bu 2\n" said(substr($0, 3)); next }
	/^[0-9]+\. / { gap = 0; print ".IP " $1 " 3\n" said(substr($0, length($1) + 2)); next }
	/^ *$/ { head = 0; gap = 1; next }
	{
		sub(/^ */, "")
		if (gap)
			print ".PP"
		gap = 0
		print said($0)
	}' "$2"
