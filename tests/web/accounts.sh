#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Who may sign in, what a session may do, when it ends, and what is written down of it.
. "$(dirname "$0")/lib.sh"

must found cress
pass='quatre mots font bien'
secret='Confidence du Loch'

# Before the daemon runs: without one it does not start beyond this machine.
exits web-page-host-wants-accounts 78 timeout 10 "$bin/essaimd" --data "$work/cress" --config "$(printf 'page = "127.0.0.1:%s";\npage_host = "essaim.example";\n' "$page_port" >"$work/host.conf"; echo "$work/host.conf")"
exits web-beyond-loopback-wants-accounts 78 timeout 10 "$bin/essaimd" --data "$work/cress" --page "0.0.0.0:$page_port"
check web-and-says-so-in-french sh -c "LC_ALL=fr_FR.UTF-8 timeout 10 '$bin/essaimd' --data '$work/cress' --page 0.0.0.0:$page_port 2>&1 | grep -q 'personne n.a de compte'"
check web-it-says-what-to-do grep -q "essaim account add NAME --role ROLE.*TLS proxy.*conf/nginx.conf" "$work/exits.err"
exits web-every-address-of-six-too 78 timeout 10 "$bin/essaimd" --data "$work/cress" --page "[::]:$page_port"
exits web-check-refuses-what-the-start-refuses 78 timeout 10 "$bin/essaimd" --data "$work/cress" --page "0.0.0.0:$page_port" --check
check web-with-the-same-sentence grep -q "nobody has an account: make one first with 'essaim account add" "$work/exits.err"
exits web-check-looks-at-other-names-too 78 "$bin/essaimd" --data "$work/cress" --config "$work/host.conf" --check
check web-check-takes-a-page-of-this-machine "$bin/essaimd" --data "$work/cress" --page "127.0.0.1:$page_port" --check
exits web-an-address-that-is-none 64 timeout 10 "$bin/essaimd" --data "$work/cress" --page "a:b:c"
exits web-a-role-is-asked-for 64 e cress account add anne
exits web-unknown-role 65 sh -c "echo '$pass' | '$bin/essaim' --data '$work/cress' account add anne --role chef"
exits web-role-of-another-kind-of-node 65 sh -c "echo '$pass' | '$bin/essaim' --data '$work/cress' account add anne --role agent_pole"
exits web-short-password 65 sh -c "echo court | '$bin/essaim' --data '$work/cress' account add anne --role cress"
exits web-no-password 65 e cress account add anne --role cress
exits web-a-name-with-a-slash 65 sh -c "echo '$pass' | '$bin/essaim' --data '$work/cress' account add ../anne --role cress"
check web-made-without-a-daemon account cress anne cress "$pass"
exits web-made-once 78 sh -c "echo '$pass' | '$bin/essaim' --data '$work/cress' account add anne --role cress"
equal web-accounts-are-for-the-node-alone 600 "$(stat -c %a "$work/cress/accounts")"
equal web-argon2id '$argon2id$v=19$m=65536,t=2,p=1' "$(cut -d ' ' -f 4 "$work/cress/accounts" | cut -d '$' -f 1-4)"
equal web-no-password-in-it 0 "$(grep -c "$pass" "$work/cress/accounts")"
chmod 640 "$work/cress/accounts"
exits web-accounts-that-others-read 78 timeout 10 "$bin/essaimd" --data "$work/cress"
exits web-check-says-that-they-do 78 "$bin/essaimd" --data "$work/cress" --check
chmod 600 "$work/cress/accounts"
check web-check-takes-a-page-beyond-with-one "$bin/essaimd" --data "$work/cress" --page "0.0.0.0:$page_port" --check
"$bin/essaimd" --data "$work/cress" --page "0.0.0.0:$page_port" >"$work/cress/beyond.log" 2>&1 &
beyond=$!
within web-beyond-loopback-with-one 10 grep -q page.started "$work/cress/beyond.log"
kill $beyond
wait $beyond

must start cress
check web-made-with-a-daemon account cress claude admin "$pass"
check web-and-a-funder account cress region financeur_lecture "$pass"
equal web-they-are-listed "anne:cress claude:admin region:financeur_lecture" \
	"$(e cress account list --json | jq -r '[.items[] | .name + ":" + .role] | join(" ")')"
n=$(new cress besoin "titre=$secret" type_besoin=achat filiere=alimentation_circuits_courts portee=local \
	structure_uid="$(new cress structure type_acteur=ess nom=Sein code_insee=29083)")

# Without a session: the files, /me and /login.
equal web-accounts-mode "accounts null null" "$(ask /api/v1/me | jq -r '"\(.mode) \(.account) \(.role)"')"
equal web-files-are-for-all 200 "$(code /)"
for path in /api/v1/status /api/v1/search?text=a /api/v1/records?kind=structure "/api/v1/records/$n" /api/v1/export?format=csv /events /api/v1/members; do
	equal "web-nothing-without-a-session-$(echo "$path" | sed "s/$n/UID/" | tr '/?=' ---)" 401 "$(code "$path")"
done
equal web-nor-written 401 "$(code /api/v1/records -X POST -H "X-Essaim-CSRF: $(token)" -d '{}')"
equal web-a-role-is-not-taken-from-a-header 401 "$(code /api/v1/status -H 'X-Essaim-Role: admin')"

# Signing in.
equal web-login-wants-the-token 403 "$(code /api/v1/login -d '{"name":"anne","password":"x"}')"
equal web-wrong-password 401 "$(login anne 'autre chose tout à fait')"
equal web-wrong-name 401 "$(login personne "$pass")"
equal web-one-answer-for-both "$(jq -c .error "$work/personne.me")" "$(login anne faux >/dev/null; jq -c .error "$work/anne.me")"
equal web-login 200 "$(login anne "$pass")"
equal web-me-then "anne cress accounts" "$(jq -r '"\(.account) \(.role) \(.mode)"' "$work/anne.me")"
check web-the-cookie test -n "$(grep essaim_session "$work/anne.jar")"
cookie=$(jq -n --arg p "$pass" '{name: "anne", password: $p}' | curl -s -o /dev/null -D - -H "X-Essaim-CSRF: $(token)" -d @- "$at/api/v1/login" | tr -d '\r' | grep -i '^set-cookie')
equal web-cookie-is-guarded "Path=/; HttpOnly; SameSite=Strict" "$(echo "$cookie" | sed 's/^[^;]*; //')"
cookie=$(jq -n --arg p "$pass" '{name: "anne", password: $p}' | curl -s -o /dev/null -D - -H 'X-Forwarded-Proto: https' -H "X-Essaim-CSRF: $(token)" -d @- "$at/api/v1/login" | tr -d '\r' | grep -i '^set-cookie')
equal web-and-secure-behind-tls "Path=/; HttpOnly; SameSite=Strict; Secure" "$(echo "$cookie" | sed 's/^[^;]*; //')"
equal web-read-in-session 200 "$(by anne /api/v1/status)"
equal web-another-sessions-token 403 "$(code /api/v1/records -X POST -b "$work/anne.jar" -H "X-Essaim-CSRF: $(token)" -d '{}')"
equal web-two-cookies-are-none 401 "$(code /api/v1/status -H "Cookie: essaim_session=a; essaim_session=$(awk '/essaim_session/ { print $7 }' "$work/anne.jar")")"
equal web-another-cookie 401 "$(code /api/v1/status -H 'Cookie: essaim_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')"

# The role's column, on TCP as on the command line (tests/domain/roles.sh has all of it).
must login claude "$pass" >"$work/out"
must login region "$pass" >"$work/out"
add='{"kind":"structure","values":{"type_acteur":"ess","nom":"Ouessant","code_insee":"29155"}}'
equal web-the-officer-writes 200 "$(by anne /api/v1/records -X POST -d "$add")"
equal web-the-officer-of-the-cress-reads-no-local 404 "$(by anne "/api/v1/records/$n")"
equal web-the-admin-reads-local 200 "$(by claude "/api/v1/records/$n")"
equal web-the-admin-writes-nothing 403 "$(by claude /api/v1/records -X POST -d "$add")"
equal web-the-admin-invites 200 "$(by claude /api/v1/invite -X POST -d '{"pays":"auray","name":"Auray"}')"
equal web-the-officer-does-not 403 "$(by anne /api/v1/invite -X POST -d '{"pays":"auray","name":"Auray"}')"
equal web-the-funder-reads-what-is-public 200 "$(by region '/api/v1/records?kind=structure')"
equal web-the-funder-no-local 404 "$(by region "/api/v1/records/$n")"
equal web-the-funder-no-federation 403 "$(by region /api/v1/status)"
equal web-the-funder-no-events 403 "$(by region /events)"
equal web-the-funder-writes-nothing 403 "$(by region /api/v1/records -X POST -d "$add")"
equal web-a-header-adds-no-right 403 "$(by region /api/v1/status -H 'X-Essaim-Role: admin')"
equal web-accounts-are-nobodys-but-the-sockets 403 "$(by claude /api/v1/accounts)"
equal web-nor-the-audit 403 "$(by claude /api/v1/audit)"

# /events in a session, and its end.
curl -s -N --max-time 15 -b "$work/anne.jar" "$at/events" >"$work/events" &
within web-events-say-the-status 5 grep -q '^event: status' "$work/events"
was=$(grep -c '^event: changed' "$work/events")
new cress structure type_acteur=ess nom=Houat code_insee=56086 >"$work/out"
told() {
	[ "$(grep -c '^event: changed' "$work/events")" -gt "$was" ]
}
within web-events-say-that-the-directory-moved 5 told
equal web-events-carry-no-value 0 "$(grep -c 'Houat' "$work/events")"
equal web-logout 200 "$(by anne /api/v1/logout -X POST -d '{}')"
equal web-after-logout 401 "$(by anne /api/v1/status)"
within web-events-end-with-the-session 5 grep -q '^event: end' "$work/events"

# Another password, no account: its sessions are over.
must login anne "$pass" >"$work/out"
check web-another-password sh -c "echo 'cinq mots font encore mieux' | '$bin/essaim' --data '$work/cress' account password anne"
equal web-its-sessions-are-over 401 "$(by anne /api/v1/status)"
equal web-the-former-password 401 "$(login anne "$pass")"
equal web-the-new-one 200 "$(login anne 'cinq mots font encore mieux')"
check web-an-account-is-removed e cress account remove region
equal web-and-out-of-its-session 401 "$(by region '/api/v1/records?kind=structure')"
exits web-removed-once 65 e cress account remove region

# Too many tries: this name waits, with the right password too; another does not.
cp "$work/claude.jar" "$work/inside.jar"
cp "$work/claude.token" "$work/inside.token"
for try in 1 2 3 4 5; do
	login claude "faux $try" >"$work/out"
done
equal web-the-sixth-waits 429 "$(login claude "$pass")"
wait=$(jq -n --arg p "$pass" '{name: "claude", password: $p}' | curl -s -o /dev/null -D - -H "X-Essaim-CSRF: $(token)" -d @- "$at/api/v1/login" | tr -d '\r' | sed -n 's/^Retry-After: //p')
check web-and-is-told-how-long test "${wait:-0}" -ge 1 -a "${wait:-0}" -le 60
equal web-who-is-in-stays-in 200 "$(by inside /api/v1/status)"
equal web-another-name-does-not-wait 200 "$(login anne 'cinq mots font encore mieux')"

# What is written down: who, which route, which record; never a value, a password, a cookie.
equal web-audit-login 200,anne,cress "$(e cress audit --json | jq -r '[.items[] | select(.what == "POST /api/v1/login" and .code == "OK")] | last | "200,\(.who),\(.role)"')"
equal web-audit-refused-login NO_SESSION "$(e cress audit --json | jq -r '[.items[] | select(.who == "claude" and .code != "OK" and .what == "POST /api/v1/login")] | last | .code')"
equal web-audit-no-unknown-name 0 "$(grep -c personne "$work/cress/audit.log")"
uid=$(by_name=anne; ask /api/v1/records -X POST -b "$work/anne.jar" -H "X-Essaim-CSRF: $(cat "$work/anne.token")" -d "$add" | jq -r .uid)
equal web-audit-names-the-record "anne 127.0.0.1 $uid" "$(e cress audit --json --limit 1 | jq -r '.items[0] | "\(.who) \(.from) \(.uid)"')"
e cress set "$uid" nom=Molène >"$work/out" 2>&1
equal web-audit-of-the-socket "uid $(id -u) socket POST /api/v1/records/ $uid OK" "$(e cress audit --json --limit 1 | jq -r '.items[0] | "\(.who) \(.from) \(.what) \(.uid) \(.code)"')"
equal web-audit-limit 3 "$(e cress audit --limit 3 --json | jq '.items | length')"
equal web-audit-is-for-the-node-alone 600 "$(stat -c %a "$work/cress/audit.log")"
for value in "$secret" Ouessant Molène Houat "$pass" 'cinq mots' "$(awk '/essaim_session/ { print $7 }' "$work/anne.jar")" "$(cat "$work/anne.token")"; do
	n_value=$((${n_value:-0} + 1))
	equal "web-value-$n_value-in-no-log" "0 0" "$(grep -c -- "$value" "$work/cress/audit.log") $(grep -c -- "$value" "$work/cress/essaimd.log")"
done

# A session ends by itself; what the page asks by itself does not keep it.
must again cress 'page_session = 3;'
equal web-short-session 200 "$(login anne 'cinq mots font encore mieux')"
sleep 2
equal web-work-keeps-it 200 "$(by anne '/api/v1/records?kind=structure')"
sleep 2
equal web-for-as-long-again 200 "$(by anne /api/v1/status)"
sleep 2
equal web-but-not-the-page-by-itself 401 "$(by anne /api/v1/status)"

# Public: what is public, and no more.
must again cress 'page_public = "yes";'
equal web-public "public null" "$(ask /api/v1/me | jq -r '"\(.mode) \(.role)"')"
equal web-public-lists 200 "$(code '/api/v1/records?kind=structure')"
check web-public-finds test "$(ask '/api/v1/search?text=Houat' | jq .total)" = 1
equal web-public-no-local "404 0" "$(code "/api/v1/records/$n") $(ask '/api/v1/records?kind=besoin' | jq .total)"
equal web-public-no-contact 0 "$(ask '/api/v1/records?kind=contact' | jq .total)"
for path in /api/v1/status /api/v1/members /events /api/v1/export?format=csv /api/v1/tail /api/v1/audit; do
	equal "web-public-no$(echo $path | tr '/?=' ---)" 401 "$(code "$path")"
done
equal web-public-writes-nothing 401 "$(code /api/v1/records -X POST -H "X-Essaim-CSRF: $(token)" -d "$add")"

# The last account stays while strangers may come.
must again cress 'page_host = "essaim.example";'
e cress account remove claude >"$work/out"
exits web-the-last-account-stays 77 e cress account remove anne
equal web-a-name-of-page-host 200 "$(code /api/v1/me -H 'Host: essaim.example')"
equal web-and-no-other 403 "$(code /api/v1/me -H 'Host: www.essaim.example')"
finish
