#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The page's files and the gate before its routes: what it says to browsers, whom it lets in.
. "$(dirname "$0")/lib.sh"

must found cress
must start cress
host="127.0.0.1:$page_port"
t=$(token)

# Files.
equal web-index "200 text/html; charset=utf-8" "$(code /) $(says / Content-Type)"
equal web-index-by-its-name 200 "$(code /index.html)"
equal web-script-type "text/javascript; charset=utf-8" "$(says /essai.js Content-Type)"
equal web-font-type "200 font/woff2" "$(code /police/a.woff2) $(says /police/a.woff2 Content-Type)"
equal web-head-has-no-body "200 0" "$(curl -s -I -o "$work/head" -w '%{http_code} %{size_download}' "$at/essai.js")"
equal web-files-take-no-post 404 "$(code /essai.js -X POST -d x)"
etag=$(says /essai.js ETag)
equal web-etag-304 304 "$(code /essai.js -H "If-None-Match: $etag")"
equal web-another-etag-200 200 "$(code /essai.js -H 'If-None-Match: "0"')"
equal web-revalidated no-cache "$(says /index.html Cache-Control)"
equal web-gzip gzip "$(says /essai.js Content-Encoding -H 'Accept-Encoding: gzip, br')"
equal web-gzip-is-the-same "$(cksum <"$work/Page/essai.js")" "$(ask /essai.js --compressed | cksum)"
equal web-gzip-has-its-own-etag yes "$([ "$(says /essai.js ETag -H 'Accept-Encoding: gzip')" != "$etag" ] && echo yes)"
equal web-not-asked-for-not-packed "" "$(says /essai.js Content-Encoding)"
equal web-api-is-packed gzip "$(says /api/v1/kinds Content-Encoding -H 'Accept-Encoding: gzip')"
equal web-tokens-are-not "" "$(says /api/v1/me Content-Encoding -H 'Accept-Encoding: gzip')"

# Nothing outside the table of files, however it is written.
for path in /../secret.txt /../../../../../../etc/passwd /police/../../secret.txt /%2e%2e/secret.txt /..%2fsecret.txt \
	/police/..%2f..%2fsecret.txt /%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd '/..\secret.txt' //etc/passwd "/$work/secret.txt" \
	/notes.sh /.htpasswd /police /police/ /secret.txt%00.js /index.html/ /./index.html; do
	curl -s --path-as-is -o "$work/traversal" -w '%{http_code}' "$at$path" >"$work/traversal.code"
	if [ "$(cat "$work/traversal.code")" = 404 ] && ! grep -q 'of the machine\|root:\|for browsers\|hidden' "$work/traversal"; then
		ok "web-no-traversal-$(echo "$path" | sed "s#$work#WORK#" | tr -c 'a-zA-Z0-9.%\n' -)"
	else
		not_ok "web-no-traversal" "$path: $(cat "$work/traversal.code")"
	fi
done

# What every answer says, of files, routes and errors alike.
csp="default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
for path in / /essai.js /api/v1/me /api/v1/kinds /nowhere /api/v1/nowhere; do
	name=$(echo "$path" | tr / -)
	equal "web-csp$name" "$csp" "$(says $path Content-Security-Policy)"
	equal "web-nosniff$name" "nosniff no-referrer DENY" \
		"$(says $path X-Content-Type-Options) $(says $path Referrer-Policy) $(says $path X-Frame-Options)"
done
equal web-csp-of-a-refusal "$csp" "$(says /api/v1/me Content-Security-Policy -H 'Host: evil.example')"
equal web-api-is-not-stored no-store "$(says /api/v1/me Cache-Control)"

# The mode `open`: at this machine, with the rights of its staff.
equal web-open "open cress null" "$(ask /api/v1/me | jq -r '"\(.mode) \(.role) \(.account)"')"
equal web-open-node "CRESS Bretagne" "$(ask /api/v1/me | jq -r .node.name)"
equal web-open-reads 200 "$(code /api/v1/status)"
equal web-open-has-a-role-not-the-socket 403 "$(code /api/v1/rotate -X POST -H "X-Essaim-CSRF: $t" -d '{}')"
equal web-the-socket-has-all 200 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$work/cress/essaim.sock" http://x/api/v1/accounts)"
equal web-accounts-are-the-sockets 403 "$(code /api/v1/accounts)"
equal web-audit-is-the-sockets 403 "$(code /api/v1/audit)"
for header in "X-Forwarded-For: 192.0.2.1" "Forwarded: for=192.0.2.1" "X-Real-IP: 192.0.2.1" "Via: 1.1 proxy"; do
	equal "web-open-not-behind-a-proxy-$(echo "$header" | cut -d : -f 1)" 403 "$(code /api/v1/status -H "$header")"
done

# DNS rebinding: another name that points here.
for name in evil.example "evil.example:$page_port" 127.0.0.1.evil.example "localhost.evil.example" 192.0.2.7 "" "127.0.0.1:" "127.0.0.1:x" "[::1" "localhost@evil.example"; do
	equal "web-no-rebinding-$(echo "$name" | sed "s/$page_port/PORT/")" "403 403" "$(code /api/v1/me -H "Host;" -H "Host: $name" | sed 's/400/403/') $(code / -H "Host;" -H "Host: $name" | sed 's/400/403/')"
done
for name in localhost "localhost:1" 127.0.0.1 "[::1]:$page_port" LOCALHOST; do
	equal "web-own-name-$(echo "$name" | sed "s/$page_port/PORT/")" 200 "$(code /api/v1/me -H "Host: $name")"
done

# CSRF: no token, another's, another site.
body='{"kind":"structure","values":{"type_acteur":"ess","nom":"Sein","code_insee":"29083"}}'
write() {
	code /api/v1/records -X POST -H 'Content-Type: application/json' -d "$body" "$@"
}
equal web-csrf-no-token 403 "$(write)"
equal web-csrf-empty-token 403 "$(write -H 'X-Essaim-CSRF;')"
equal web-csrf-wrong-token 403 "$(write -H "X-Essaim-CSRF: $(echo "$t" | tr 'a-zA-Z' 'b-zaB-ZA')")"
equal web-csrf-shorter-token 403 "$(write -H "X-Essaim-CSRF: $(echo "$t" | cut -c 1-20)")"
equal web-csrf-another-origin 403 "$(write -H "X-Essaim-CSRF: $t" -H 'Origin: http://evil.example')"
equal web-csrf-null-origin 403 "$(write -H "X-Essaim-CSRF: $t" -H 'Origin: null')"
equal web-csrf-another-port 403 "$(write -H "X-Essaim-CSRF: $t" -H 'Origin: http://127.0.0.1:1')"
equal web-csrf-name-inside 403 "$(write -H "X-Essaim-CSRF: $t" -H "Origin: http://$host.evil.example")"
equal web-csrf-another-site-says-the-browser 403 "$(write -H "X-Essaim-CSRF: $t" -H 'Sec-Fetch-Site: cross-site')"
equal web-a-form-of-another-site 403 "$(code /api/v1/records -X POST -H 'Content-Type: text/plain' -H 'Origin: http://evil.example' -d "$body")"
equal web-another-site-reads-nothing 403 "$(code /api/v1/search?text=a -H 'Sec-Fetch-Site: cross-site')"
equal web-another-site-of-this-machine-neither 403 "$(code /api/v1/status -H 'Sec-Fetch-Site: same-site')"
equal web-no-cors "" "$(says /api/v1/me Access-Control-Allow-Origin -H "Origin: http://$host")"
equal web-preflight-refused 403 "$(code /api/v1/records -X OPTIONS -H 'Origin: http://evil.example' -H 'Access-Control-Request-Method: POST')"
equal web-delete-wants-it-too 403 "$(code /api/v1/records/01ARZ3NDEKTSV4RRFFQ69G5FAV -X DELETE)"
equal web-none-of-it-wrote 0 "$(records cress structure)"
equal web-with-token-and-origin 200 "$(write -H "X-Essaim-CSRF: $t" -H "Origin: http://$host")"
equal web-and-it-is-there 1 "$(e cress list structure --json | jq .total)"

# XSS: what was typed comes back as JSON, whatever the file says it is, and nothing else.
for string in '<script>alert(1)</script>' '"><img src=x onerror=alert(1)>' "javascript:alert('1')" '{{7*7}}' '</title><svg onload=alert(1)>' \
	'\u003cscript\u003e' '&lt;b&gt;' "x' onmouseover='alert(1)"; do
	n=$((${n:-0} + 1))
	uid=$(jq -n --arg x "Sein $string" '{kind: "structure", values: {type_acteur: "ess", nom: $x, code_insee: "29083", description: $x}}' |
		ask /api/v1/records -X POST -H "X-Essaim-CSRF: $t" -d @- | jq -r .uid)
	equal "web-xss-$n-comes-back-as-it-was" "Sein $string" "$(ask "/api/v1/records/$uid" | jq -r .data.nom)"
	equal "web-xss-$n-as-json" "application/json; charset=utf-8 nosniff" \
		"$(says "/api/v1/records/$uid" Content-Type) $(says "/api/v1/records/$uid" X-Content-Type-Options)"
	equal "web-xss-$n-in-a-list" "application/json; charset=utf-8" "$(says "/api/v1/search?text=Sein" Content-Type)"
	equal "web-xss-$n-in-an-error" "application/json; charset=utf-8" \
		"$(says "/api/v1/$(jq -rn --arg x "$string" '$x | @uri')" Content-Type)"
done
equal web-export-is-no-html "text/csv nosniff" "$(says '/api/v1/export?format=csv&kind=structure' Content-Type | cut -d ';' -f 1) $(says '/api/v1/export?format=csv&kind=structure' X-Content-Type-Options)"

# A reload reads the files anew.
echo '<!doctype html><title>deux</title>' >"$work/Page/index.html"
equal web-read-at-start 0 "$(ask / | grep -c deux)"
kill -HUP "$(pid_of cress)"
within web-a-reload-reads-them-anew 5 sh -c "curl -s $at/ | grep -q deux"
finish
