# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the page share: a CRESS whose page is on TCP, asked with curl and, where
# the bytes themselves matter, with raw.py. Read with `.`; what e2e/lib.sh says holds here.
. "$(dirname "$0")/../e2e/lib.sh"
for program in curl python3; do
	if ! command -v $program >/dev/null; then
		echo "SKIPPED $script $program is missing"
		exit 0
	fi
done
mkdir "$work/Page" # a capital: not the name of a node
export ESSAIM_PAGE="$work/Page"
printf '<!doctype html>\n<html lang="fr"><title>essaim</title><script type="module" src="essai.js"></script>\n' >"$work/Page/index.html"
seq 1 400 | sed 's/^/export const n_/' >"$work/Page/essai.js"
mkdir "$work/Page/police"
head -c 3000 /dev/urandom >"$work/Page/police/a.woff2"
echo 'secret of the machine' >"$work/secret.txt"
echo 'not for browsers' >"$work/Page/notes.sh"
echo 'hidden' >"$work/Page/.htpasswd"

# found NODE: a federation, its CRESS not yet started; its page's port is $page_port.
found() {
	free_port
	e "$1" init --cress --name "CRESS Bretagne" --region 53 --listen "127.0.0.1:$port" >"$work/$1.init" || return 1
	free_port
	page_port=$port
	at=http://127.0.0.1:$page_port
	echo "page = \"127.0.0.1:$page_port\";" >>"$work/$1/essaim.conf"
}
# again NODE [LINE...]: started again with these lines more in its configuration.
again() {
	again_node=$1
	shift
	stop "$again_node"
	for again_line in "$@"; do
		echo "$again_line" >>"$work/$again_node/essaim.conf"
	done
	start "$again_node"
}
# ask PATH [curl options]: the answer's body.
ask() {
	ask_path=$1
	shift
	curl -s --max-time 20 "$@" "$at$ask_path"
}
# code PATH [curl options]: the status alone.
code() {
	code_path=$1
	shift
	curl -s --max-time 20 -o /dev/null -w '%{http_code}' "$@" "$at$code_path"
}
# says PATH NAME [curl options]: one header of the answer.
says() {
	says_path=$1 says_name=$2
	shift 2
	curl -s --max-time 20 -o /dev/null -D - "$@" "$at$says_path" | tr -d '\r' | sed -n "s/^$says_name: //Ip"
}
token() { # [curl options]
	ask /api/v1/me "$@" | jq -r .csrf
}
account() { # NODE NAME ROLE PASSWORD
	echo "$4" | e "$1" account add "$2" --role "$3" >/dev/null
}
# login NAME PASSWORD: the status; the cookie is in $work/NAME.jar, the token in $work/NAME.token.
login() {
	jq -n --arg name "$1" --arg password "$2" '{name: $name, password: $password}' |
		curl -s --max-time 20 -o "$work/$1.me" -w '%{http_code}' -c "$work/$1.jar" -H "X-Essaim-CSRF: $(token)" -d @- "$at/api/v1/login"
	jq -r '.csrf // empty' "$work/$1.me" >"$work/$1.token"
}
# by NAME PATH [curl options]: the status of a request of a session.
by() {
	by_name=$1 by_path=$2
	shift 2
	code "$by_path" -b "$work/$by_name.jar" -H "X-Essaim-CSRF: $(cat "$work/$by_name.token")" "$@"
}
raw() { # WHAT [ARGUMENT...]
	python3 "$root/tests/web/raw.py" "$page_port" "$@"
}
