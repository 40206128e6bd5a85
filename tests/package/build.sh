#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The package: built twice, in other folders, time zones and umasks, the same bytes;
# nothing for lintian to say; everything in its place; the unit's exposure.
. "$(dirname "$0")/lib.sh"
need dpkg-buildpackage dh lintian cmake

the_package
other=$work/other
mkdir -p "$other/a/longer/folder"
again=$(umask 077 && TMPDIR="$other/a/longer/folder" TZ=Pacific/Auckland sh "$root/conf/package.sh" "$other/out")
equal "a-second-build-has-the-same-bytes" "$(sha256sum <"$deb")" "$(sha256sum <"$again")"

lintian --no-cfg --display-info --pedantic "$deb" >"$work/lintian" 2>"$work/lintian.err"
lintian_code=$?
equal "lintian-has-nothing-to-say" "0 " "$lintian_code $(head -n 5 "$work/lintian" | tr '\n' ';')"

dpkg-deb -c "$deb" | awk '{print $6}' | sed 's|^\./|/|' >"$work/files"
for file in /usr/sbin/essaimd /usr/bin/essaim /usr/share/essaim/reference/communes_france.csv /usr/share/essaim/charte.txt \
	/usr/share/essaim/seed/pratiques.csv /etc/essaim/essaim.conf /usr/share/man/man1/essaim.1.gz /usr/share/man/fr/man1/essaim.1.gz \
	/usr/share/man/man8/essaimd.8.gz /usr/share/man/man5/essaim.conf.5.gz /usr/share/man/man7/essaim-guide-admin.7.gz \
	/usr/share/bash-completion/completions/essaim /usr/share/zsh/vendor-completions/_essaim \
	/usr/share/fish/vendor_completions.d/essaim.fish /usr/lib/sysusers.d/essaim.conf /usr/lib/tmpfiles.d/essaim.conf; do
	check "has-$(basename $file)-in-$(basename "$(dirname $file)")" grep -qx "$file" "$work/files"
done
for unit in "$root"/systemd/*.service "$root"/systemd/*.socket "$root"/systemd/*.timer; do
	[ ! -e "$unit" ] || check "has-$(basename "$unit")" grep -q "/lib/systemd/system/$(basename "$unit")\$" "$work/files"
done
if [ -e "$root/daemon/page/index.html" ]; then
	check "has-the-page" grep -qx /usr/share/essaim/page/index.html "$work/files"
fi
dpkg-deb -x "$deb" "$work/tree"
# What sentences, guides and the configuration send one to is there, as it is in the sources.
examples=usr/share/doc/essaim/examples
for example in nginx.conf grafana/essaim.json prometheus/essaim.rules.yml; do
	check "has-the-example-$(basename $example)" cmp "$root/conf/$example" "$work/tree/$examples/$example"
done
zcat "$work"/tree/usr/share/man/man?/*.gz | sed 's/\\-/-/g; s/\\&//g' | cat - "$work/tree/etc/essaim/essaim.conf" "$work"/tree/lib/systemd/system/essaimd* >"$work/says"
strings "$work/tree/usr/sbin/essaimd" >>"$work/says"
equal "nothing-sends-one-into-the-sources" "" "$(grep -o 'conf/\(nginx\|grafana\|prometheus\)[a-z./]*' "$work/says" | sort -u | tr '\n' ' ')"
check "the-page-names-the-example" grep -q "/$examples" "$work/says"
for named in $(grep -o "/$examples/[a-zA-Z./]*[a-z]" "$work/says" | sort -u); do
	check "is-there-$(basename "$named")" test -e "$work/tree$named"
done
check "no-trace-of-the-folder-it-was-built-in" sh -c "! grep -rl essaim-package. '$work/tree/usr'"

exposure=$(systemd-analyze security --offline=true "$root/systemd/essaimd.service" 2>/dev/null | sed -n 's/.*exposure level[^:]*: \([0-9.]*\).*/\1/p')
check "exposure-is-1.1-or-better-($exposure)" awk "BEGIN { exit !(${exposure:-9} <= 1.1) }"

check "bash-completion-is-bash" bash -n "$work/tree/usr/share/bash-completion/completions/essaim"
# As a shell does it: a command, an option of it, a kind of record.
completes() { # WORDS...: what bash would offer for the last of them
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _essaim; echo "${COMPREPLY[*]}"' \
		bash "$work/tree/usr/share/bash-completion/completions/essaim" "$@"
}
equal "completes-a-command" status "$(completes essaim stat)"
equal "completes-an-option" --accept-charter "$(completes essaim join --acc)"
equal "completes-a-kind-after-options" structure "$(completes essaim --data /x list struct)"
equal "completes-a-role" agent_pole "$(completes essaim --as ag)"
for shell in zsh fish; do
	if command -v $shell >/dev/null; then
		check "$shell-completion-is-$shell" $shell -n "$work"/tree/usr/share/$shell/vendor?completions*/*essaim*
	else
		echo "SKIPPED $shell-completion-is-$shell $shell is missing"
	fi
done
finish
