/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium/crypto_generichash.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <string.h>
#include "daemon/web/web_parts.h"

void web_token(char out[WEB_TOKEN_LEN + 1])
{
	uint8_t bytes[32];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(out, WEB_TOKEN_LEN + 1, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	crypto_wipe(bytes, sizeof bytes);
}

bool web_same_token(const char *a, const char *b)
{
	return strlen(a) == WEB_TOKEN_LEN && strlen(b) == WEB_TOKEN_LEN && sodium_memcmp(a, b, WEB_TOKEN_LEN) == 0;
}

static void hash_cookie(const char *cookie, uint8_t out[32])
{
	crypto_generichash(out, 32, (const uint8_t *)cookie, strlen(cookie), NULL, 0);
}

es_ms web_session_left(const struct web *w, const struct web_session *s)
{
	es_ms now = (es_ms)uv_now(w->api->loop);
	es_ms rest = s->heard + w->conf.rest_s * 1000ll - now, all = s->began + WEB_SESSION_MS - now;

	return rest < all ? rest : all;
}

struct web_session *web_session_of(struct web *w, const char *cookies)
{
	char cookie[WEB_TOKEN_LEN + 1];
	uint8_t hash[32];

	if (!cookies || !web_cookie(cookies, WEB_COOKIE, cookie, sizeof cookie))
		return NULL;
	hash_cookie(cookie, hash);
	for (size_t i = 0; i < WEB_SESSIONS_MAX; i++) {
		struct web_session *s = &w->sessions[i];

		if (!s->used || sodium_memcmp(s->cookie, hash, sizeof hash) != 0)
			continue;
		if (web_session_left(w, s) > 0)
			return s;
		web_session_end(s);
	}
	return NULL;
}

static struct web_session *place(struct web *w)
{
	struct web_session *oldest = &w->sessions[0];

	for (size_t i = 0; i < WEB_SESSIONS_MAX; i++) {
		struct web_session *s = &w->sessions[i];

		if (!s->used || web_session_left(w, s) <= 0)
			return s;
		if (s->heard < oldest->heard)
			oldest = s;
	}
	return oldest;
}

struct web_session *web_session_begin(struct web *w, const struct account *a, char cookie[WEB_TOKEN_LEN + 1])
{
	struct web_session *s = place(w);

	*s = (struct web_session){.used = true, .role = a->role, .began = (es_ms)uv_now(w->api->loop)};
	s->heard = s->began;
	memcpy(s->account, a->name, sizeof s->account);
	web_token(s->token);
	web_token(cookie);
	hash_cookie(cookie, s->cookie);
	return s;
}

void web_session_end(struct web_session *s)
{
	crypto_wipe(s, sizeof *s);
}

void web_sessions_end_of(struct web *w, const char *account)
{
	for (size_t i = 0; i < WEB_SESSIONS_MAX; i++)
		if (w->sessions[i].used && strcmp(w->sessions[i].account, account) == 0)
			web_session_end(&w->sessions[i]);
}

size_t web_sessions_count(const struct web *w, const char *account)
{
	size_t count = 0;

	for (size_t i = 0; i < WEB_SESSIONS_MAX; i++)
		count += w->sessions[i].used && strcmp(w->sessions[i].account, account) == 0 && web_session_left(w, &w->sessions[i]) > 0;
	return count;
}

void web_ticket_take(const struct request *r, struct web_ticket *out)
{
	*out = (struct web_ticket){.session = r->visit.session};
	if (out->session)
		memcpy(out->token, out->session->token, sizeof out->token);
}

bool web_ticket_good(const struct web *w, const struct web_ticket *t)
{
	if (!t->session)
		return web_is_open(w);
	return t->session->used && web_same_token(t->session->token, t->token) && web_session_left(w, t->session) > 0;
}
