/* SPDX-License-Identifier: Apache-2.0
 *
 * Who sits there: /me, /login, /logout. A password is checked in the pool, one after the
 * other; as long for a name that nobody has as for one that somebody has. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/log.h"
#include "common/say.h"
#include "daemon/web/web_parts.h"

#define LOGINS_MAX 16 /* that wait to be checked */

struct web_login {
	struct web_login *next;
	struct request *r;
	uv_work_t work;
	char name[64], password[ACCOUNT_PASSWORD_MAX + 2], hash[ACCOUNT_HASH_MAX], address[64];
	bool matches;
};

bool web_is_open(const struct web *w)
{
	return w->api->accounts.count == 0 && !w->beyond && w->conf.hosts[0] == 0;
}

/* --- me --- */

static void text_or_null(const char *key, const char *text, struct buf *out)
{
	buf_printf(out, "\"%s\":", key);
	if (text && text[0])
		json_quote(slice_str(text), out);
	else
		buf_str(out, "null");
}

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void session_json(struct request *r, const struct web_session *s)
{
	struct web *w = r->api->web;
	bool open = web_is_open(w), cress = r->api->swarm->role == ROLE_CRESS;
	const struct role_row *role = s ? s->role : open ? role_of_node(cress) : NULL;
	char ends[25] = "";

	if (s)
		stamp_text(stamp_at(utc_now() + web_session_left(w, s)), ends);
	text_or_null("account", s ? s->account : "", &r->out);
	buf_str(&r->out, ",");
	text_or_null("role", role ? role->name : "", &r->out);
	buf_printf(&r->out, ",\"mode\":\"%s\",", open ? "open" : !s && w->conf.open_to_all ? "public" : "accounts");
	text_or_null("csrf", s ? s->token : w->token, &r->out);
	buf_str(&r->out, ",");
	text_or_null("ends", ends, &r->out);
}

static void answer_me(struct request *r, const struct web_session *s)
{
	const struct swarm *swarm = r->api->swarm;
	const struct member *self = rights_member(&swarm->rights, &swarm->self);
	const char *language = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Accept-Language");

	buf_str(&r->out, "{");
	session_json(r, s);
	buf_str(&r->out, ",\"node\":{");
	text_or_null("name", self ? self->name : swarm->name, &r->out);
	buf_printf(&r->out, ",\"role\":\"%s\",", swarm->role == ROLE_CRESS ? "cress" : "hub");
	text_or_null("pays", self ? self->pays : "", &r->out);
	buf_printf(&r->out, "},\"lang\":\"%s\"}", language && strncmp(language, "en", 2) == 0 ? "en" : "fr");
	request_answer(r, ES_OK);
}

void api_me(struct request *r)
{
	answer_me(r, r->visit.session);
}

/* --- logout --- */

static const char *secure(struct request *r)
{
	const char *scheme = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "X-Forwarded-Proto");

	return scheme && strcmp(scheme, "https") == 0 ? "; Secure" : "";
}

static void set_cookie(struct request *r, const char *value, const char *more)
{
	snprintf(r->visit.cookie, sizeof r->visit.cookie, WEB_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s%s", value, more,
		 secure(r));
}

void api_logout(struct request *r)
{
	struct web_session *s = web_session_of(r->api->web, MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "Cookie"));

	if (s)
		web_session_end(s);
	set_cookie(r, "", "; Max-Age=0");
	answer_me(r, NULL);
}

/* --- login --- */

/* A proxy on this machine says for whom it asks; its own word is the last one. */
void web_address_of(const struct request *r, char *out, size_t size)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const char *for_whom = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "X-Forwarded-For");
	const char *last = for_whom ? strrchr(for_whom, ',') : NULL;

	snprintf(out, size, "?");
	if (info && info->client_addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)info->client_addr)->sin_addr, out, (socklen_t)size);
	else if (info && info->client_addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)info->client_addr)->sin6_addr, out, (socklen_t)size);
	if (for_whom && (strncmp(out, "127.", 4) == 0 || strcmp(out, "::1") == 0 || strcmp(out, "?") == 0))
		snprintf(out, size, "%s", last ? last + 1 + strspn(last + 1, " ") : for_whom);
	out[strspn(out, "0123456789abcdefABCDEF.:?")] = 0; /* it is logged */
}

static void check_work(uv_work_t *work)
{
	struct web_login *l = work->data;

	l->matches = account_matches(l->hash, l->password);
}

static void check_done(uv_work_t *work, int status);

static void check_next(struct web *w)
{
	struct web_login *l = w->logins;

	if (l && uv_queue_work(w->api->loop, &l->work, check_work, check_done) != 0)
		check_done(&l->work, UV_ENOMEM);
}

static void admit(struct request *r, const struct account *a)
{
	char cookie[WEB_TOKEN_LEN + 1];
	struct web_session *s = web_session_begin(r->api->web, a, cookie);

	memcpy(r->visit.account, a->name, sizeof a->name);
	r->role = a->role;
	set_cookie(r, cookie, "");
	crypto_wipe(cookie, sizeof cookie);
	answer_me(r, s);
}

static void check_done(uv_work_t *work, int status)
{
	struct web_login *l = work->data;
	struct request *r = l->r;
	struct web *w = r->api->web;
	const struct account *a = accounts_named(&w->api->accounts, l->name);

	w->logins = l->next;
	/* The account may have been removed or changed meanwhile. */
	if (status == 0 && l->matches && a && strcmp(a->hash, l->hash) == 0) {
		admit(r, a);
	} else {
		web_tries_count(w, COUNT_NAME, l->name);
		web_tries_count(w, COUNT_ADDRESS, l->address);
		if (a) /* a name that somebody has may be told */
			memcpy(r->visit.account, a->name, sizeof a->name);
		log_event(LOG_WARN, "page.login_refused", "from=%s", l->address);
		buf_str(&r->why, _("this name and this password do not go together"));
		request_answer(r, ES_NO_SESSION);
	}
	crypto_wipe(l, sizeof *l);
	free(l);
	check_next(w);
}

static unsigned must_wait(const struct web *w, const struct web_login *l)
{
	unsigned by_name = web_tries_wait(w, COUNT_NAME, l->name), by_address = web_tries_wait(w, COUNT_ADDRESS, l->address);
	unsigned waiting = 0;

	for (const struct web_login *other = w->logins; other; other = other->next)
		waiting++;
	if (waiting >= LOGINS_MAX && by_name == 0)
		by_name = 2;
	return by_name > by_address ? by_name : by_address;
}

static void queue(struct web *w, struct web_login *l)
{
	struct web_login **end = &w->logins;

	while (*end)
		end = &(*end)->next;
	*end = l;
	l->work.data = l;
	if (w->logins == l)
		check_next(w);
}

void api_login(struct request *r)
{
	struct web *w = r->api->web;
	struct web_login *l = calloc(1, sizeof *l);
	const struct account *a;

	if (!l) {
		request_answer(r, ES_NOMEM);
		return;
	}
	l->r = r;
	body_text(r, "name", l->name, sizeof l->name);
	body_text(r, "password", l->password, sizeof l->password);
	web_address_of(r, l->address, sizeof l->address);
	r->visit.retry_s = must_wait(w, l);
	if (r->visit.retry_s > 0) {
		crypto_wipe(l, sizeof *l);
		free(l);
		buf_printf(&r->why, _("too many tries: wait for %u s"), r->visit.retry_s);
		request_answer(r, ES_BUSY);
		return;
	}
	a = accounts_named(&w->api->accounts, l->name);
	if (a)
		memcpy(l->hash, a->hash, sizeof l->hash);
	queue(w, l);
}
