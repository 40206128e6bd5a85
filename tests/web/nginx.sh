#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The page behind nginx with TLS: conf/nginx.conf as it stands, but for its name, its ports
# and its certificate.
. "$(dirname "$0")/lib.sh"
nginx=$(command -v nginx || ls /usr/sbin/nginx 2>/dev/null)
for program in "${nginx:-nginx}" openssl; do
	if ! command -v "$program" >/dev/null; then
		skipped "web-nginx $program is missing"
		exit 0
	fi
done
name=essaim.pole.example
pass='quatre mots font bien'

must found cress
must account cress anne cress "$pass"
echo "page_host = \"$name\";" >>"$work/cress/essaim.conf"
must start cress
inside=$page_port
free_port
plain=$port
free_port
tls=$port
mkdir "$work/N"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/N/key.pem" -out "$work/N/cert.pem" -days 2 -subj "/CN=$name" \
	-addext "subjectAltName=DNS:$name" 2>"$work/N/openssl"
{
	echo "pid $work/N/pid; error_log $work/N/error; worker_processes 1; daemon on;"
	[ "$(id -u)" != 0 ] || echo "user root;"
	echo "events {} http { access_log off;"
	for what in client_body proxy fastcgi uwsgi scgi; do
		echo "${what}_temp_path $work/N/$what;"
	done
	grep -v 'listen \[::\]' "$root/conf/nginx.conf" | sed -e "s/listen 80;/listen 127.0.0.1:$plain;/" -e "s/listen 443/listen 127.0.0.1:$tls/" \
		-e "s/127.0.0.1:4447/127.0.0.1:$inside/" -e "s#/etc/letsencrypt/live/$name/fullchain.pem#$work/N/cert.pem#" \
		-e "s#/etc/letsencrypt/live/$name/privkey.pem#$work/N/key.pem#"
	echo "}"
} >"$work/N/nginx.conf"
check web-nginx-takes-the-example "$nginx" -e "$work/N/error" -t -c "$work/N/nginx.conf"
must "$nginx" -e "$work/N/error" -c "$work/N/nginx.conf"
unmount() { # lib.sh calls it at the end
	[ ! -f "$work/N/pid" ] || kill "$(cat "$work/N/pid")"
}

at=https://$name:$tls
export CURL_HOME="$work/N"
{
	echo "cacert = \"$work/N/cert.pem\""
	echo "resolve = \"$name:$tls:127.0.0.1\""
} >"$work/N/.curlrc"

equal web-nginx-index 200 "$(code /)"
equal web-nginx-speaks-two "2" "$(curl -s -o /dev/null -w '%{http_version}' "$at/")"
equal web-nginx-to-tls "301" "$(curl -s -o /dev/null -w '%{http_code}' -H "Host: $name" "http://127.0.0.1:$plain/")"
equal web-nginx-csp-passes "default-src 'none'" "$(says / content-security-policy | cut -d ';' -f 1)"
equal web-nginx-another-name 403 "$(code / -H 'Host: evil.example')"
equal web-nginx-nothing-without-a-session 401 "$(code /api/v1/status)"
equal web-nginx-login 200 "$(login anne "$pass")"
check web-nginx-the-cookie-is-for-tls grep -q "TRUE.*essaim_session" "$work/anne.jar"
equal web-nginx-in-session 200 "$(by anne /api/v1/status)"
equal web-nginx-the-pages-own-origin 200 "$(by anne /api/v1/records -X POST -H "Origin: https://$name" \
	-d '{"kind":"structure","values":{"type_acteur":"ess","nom":"Sein","code_insee":"29083"}}')"
equal web-nginx-another-origin 403 "$(by anne /api/v1/records -X POST -H "Origin: https://evil.example" -d '{}')"
head -c 2000000 /dev/zero | tr '\0' ' ' >"$work/N/big"
equal web-nginx-big-body 413 "$(by anne /api/v1/records -X POST -H 'Expect:' --data-binary @"$work/N/big")"
(ask /events -N -b "$work/anne.jar" --max-time 6 >"$work/events") &
within web-nginx-events-come-at-once 5 grep -q '^event: status' "$work/events"
equal web-nginx-whose-login-it-was 127.0.0.1 "$(e cress audit --json | jq -r '[.items[] | select(.what == "POST /api/v1/login")] | last | .from')"
finish
