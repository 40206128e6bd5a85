#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Bytes that no browser sends, too many of them, or too slowly: refused or harmless, and the
# unix socket answers all the while.
. "$(dirname "$0")/lib.sh"

must found cress
must start cress
t=$(token)
answers() {
	timeout 5 "$bin/essaim" --data "$work/cress" status --json >/dev/null
}

# The slow ones take their time: beside the others.
raw slow-header >"$work/slow-header" &
raw slow-body "$t" >"$work/slow-body" &

# One request, read in one way: never an answer to what was hidden in it.
equal hostile-the-tool-gets-answers "200 closed" "$(raw good)"
equal hostile-the-tool-sees-two "200 200 closed" "$(raw two-in-a-row)"
# libmicrohttpd says its own refusals twice: one more 400 is no second answer.
for shape in two-lengths same-length-twice length-and-chunks two-codings odd-coding length-list length-plus length-huge two-hosts \
	body-of-get http-1.0 no-host; do
	equal "hostile-$shape" "refused closed" "$(raw $shape | sed -E 's/^(4(00|13) )+/refused /')"
done
equal hostile-nul-hides-no-origin "403 closed" "$(raw nul)"
equal hostile-nul-hides-no-coding closed "$(raw nul-in-name | sed 's/^[24]00 //')"
equal hostile-big-header "431 closed" "$(raw big-header)"
equal hostile-big-body "413 closed" "$(raw big-length)"
equal hostile-endless-body cut "$(raw endless "$t")"
equal hostile-a-body-that-is-no-json 400 "$(code /api/v1/records -X POST -H "X-Essaim-CSRF: $t" -d '{"kind":')"
equal hostile-json-nested 400 "$(head -c 200000 /dev/zero | tr '\0' '[' | code /api/v1/records -X POST -H "X-Essaim-CSRF: $t" -d @-)"
equal hostile-json-twice-the-same-key 400 "$(code /api/v1/records -X POST -H "X-Essaim-CSRF: $t" -d '{"kind":"structure","kind":"contact","values":{}}')"
equal hostile-method 404 "$(code / -X BREW -H "X-Essaim-CSRF: $t")"
check hostile-the-page-goes-on test "$(code /)" = 200

slow() { # FILE FROM TO: it was cut within these seconds
	for slow_n in $(seq 60); do
		[ ! -s "$work/$1" ] || break
		sleep 0.5
	done
	slow_took=$(cat "$work/$1")
	if [ "${slow_took:-0}" -ge "$2" ] && [ "$slow_took" -le "$3" ]; then
		ok "hostile-$1-is-cut"
	else
		not_ok "hostile-$1-is-cut" "after '$slow_took' s, not $2 to $3"
	fi
}
slow slow-header 5 20
slow slow-body 10 32
check hostile-nothing-of-it-stopped-the-node answers
finish
