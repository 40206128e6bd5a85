/* SPDX-License-Identifier: Apache-2.0
 *
 * The gate before the page's routes (web.h says its order). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "common/log.h"
#include "common/say.h"
#include "daemon/web/web_parts.h"

/* --- pure parts --- */

/* "[::1]:4447" has its name between the brackets, brackets included. */
static size_t host_len(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
	size_t len = !end ? strlen(host) : host[0] == '[' ? (size_t)(end - host) + 1 : (size_t)(end - host);
	const char *port = host + len;

	if (port[0] == 0)
		return len;
	return port[0] == ':' && port[1] && strspn(port + 1, "0123456789") == strlen(port + 1) ? len : 0;
}

static bool host_is(const char *host, size_t len, const char *name, size_t name_len)
{
	return len > 0 && len == name_len && strncasecmp(host, name, len) == 0;
}

bool web_host_good(const char *host, const char *names)
{
	static const char *const own[] = {"localhost", "127.0.0.1", "[::1]"};
	size_t len = host_len(host), name_len;

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (host_is(host, len, own[i], strlen(own[i])))
			return true;
	for (const char *name = names + strspn(names, " "); *name; name += name_len + strspn(name + name_len, " ")) {
		name_len = strcspn(name, " ");
		if (host_is(host, len, name, name_len))
			return true;
	}
	return false;
}

bool web_origin_good(const char *origin, const char *host)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncasecmp(origin, schemes[i], strlen(schemes[i])) == 0)
			return strcasecmp(origin + strlen(schemes[i]), host) == 0;
	return false;
}

bool web_cookie(const char *header, const char *name, char *out, size_t size)
{
	size_t name_len = strlen(name), found = 0;

	for (const char *at = header; *at; at += strspn(at, "; \t")) {
		size_t len = strcspn(at, ";");

		if (len > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0) {
			size_t value = len - name_len - 1;

			if (value >= size || found++ > 0)
				return false;
			memcpy(out, at + name_len + 1, value);
			out[value] = 0;
		}
		at += len;
	}
	return found == 1;
}

/* --- the checks --- */

struct entry {
	struct request *r;
	struct web *w;
	const char *method, *version;
	bool writes; /* neither GET nor HEAD */
};

static const char *header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

static enum es_err refuse(struct request *r, enum es_err err, const char *why)
{
	buf_clear(&r->why);
	buf_str(&r->why, why);
	return err;
}

/* What two readers of one request could understand in two ways. */
struct shape {
	unsigned lengths, codings, hosts;
	bool odd;
	int64_t length;
};

static enum MHD_Result look_at_header(void *ctx, enum MHD_ValueKind kind, const char *key, size_t key_len,
				      const char *value, size_t value_len)
{
	struct shape *s = ctx;

	(void)kind;
	if (key_len == 0 || key[key_len - 1] == ' ' || key[key_len - 1] == '\t')
		s->odd = true;
	if (strcasecmp(key, "Content-Length") == 0) {
		s->lengths++;
		if (!value || value_len == 0 || value_len > 18 || strspn(value, "0123456789") != value_len)
			s->odd = true;
		else
			s->length = strtoll(value, NULL, 10);
	}
	if (strcasecmp(key, "Transfer-Encoding") == 0) {
		s->codings++;
		if (!value || strcasecmp(value, "chunked") != 0)
			s->odd = true;
	}
	s->hosts += strcasecmp(key, "Host") == 0;
	return MHD_YES;
}

static enum es_err check_shape(struct entry *e)
{
	struct request *r = e->r;
	struct shape s = {0};

	MHD_get_connection_values_n(r->conn, MHD_HEADER_KIND, look_at_header, &s);
	if (strcmp(e->version, MHD_HTTP_VERSION_1_1) != 0)
		return refuse(r, ES_MALFORMED, _("only HTTP/1.1 is spoken here; a proxy needs 'proxy_http_version 1.1'"));
	if (s.odd || s.lengths > 1 || s.codings > 1 || s.hosts != 1 || (s.lengths && s.codings))
		return refuse(r, ES_MALFORMED, _("the request's header can be read in two ways"));
	if (!e->writes && (s.length > 0 || s.codings))
		return refuse(r, ES_MALFORMED, _("a request that only reads has no body"));
	if (s.length > (r->route && r->route->file ? API_FILE_MAX : API_BODY_MAX))
		return refuse(r, ES_TOO_LARGE, _("the request is larger than what is taken"));
	return ES_OK;
}

static enum es_err check_host(struct entry *e)
{
	const char *host = header(e->r, "Host");

	if (host && (web_host_good(host, e->w->conf.hosts) || web_host_good(host, e->w->host)))
		return ES_OK;
	return refuse(e->r, ES_NOT_ALLOWED, _("this node is not called by that name; 'page_host' in essaim.conf lists its names"));
}

/* Sec-Fetch-Site: browsers say so themselves, also where they send no Origin. */
static enum es_err check_origin(struct entry *e)
{
	const char *origin = header(e->r, "Origin"), *site = header(e->r, "Sec-Fetch-Site");

	if (origin && !web_origin_good(origin, header(e->r, "Host")))
		return refuse(e->r, ES_NOT_ALLOWED, _("another site's page may not ask"));
	if (e->r->route && site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return refuse(e->r, ES_NOT_ALLOWED, _("another site's page may not ask"));
	return ES_OK;
}

/* Without accounts the rights are those of whoever sits at the machine: what a proxy
 * brings comes from elsewhere. */
static enum es_err check_open(struct entry *e)
{
	static const char *const proxied[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"};

	for (size_t i = 0; i < sizeof proxied / sizeof *proxied; i++)
		if (header(e->r, proxied[i]))
			return refuse(e->r, ES_NOT_ALLOWED,
				      _("behind a proxy this page needs accounts: 'essaim account add NAME --role ROLE'"));
	e->r->role = role_of_node(e->w->api->swarm->role == ROLE_CRESS);
	return ES_OK;
}

static bool is_public_read(const struct entry *e)
{
	return e->w->conf.open_to_all && !e->writes && e->r->route->action == ACTION_READ_PUBLIC;
}

static enum es_err check_session(struct entry *e)
{
	struct request *r = e->r;
	struct web_session *s = web_session_of(e->w, header(r, "Cookie"));

	if (web_is_open(e->w))
		return check_open(e);
	if (s) {
		memcpy(r->visit.account, s->account, sizeof r->visit.account);
		r->visit.session = s;
		r->role = s->role;
		if (!r->route->idle)
			s->heard = (es_ms)uv_now(e->w->api->loop);
		return ES_OK;
	}
	if (is_public_read(e)) {
		r->role = role_named("financeur_lecture");
		return ES_OK;
	}
	return r->route->anyone ? ES_OK : refuse(r, ES_NO_SESSION, _("no session, or it has ended: sign in"));
}

static enum es_err check_token(struct entry *e)
{
	const char *given = header(e->r, "X-Essaim-CSRF");
	const char *wanted = e->r->visit.session ? e->r->visit.session->token : e->w->token;

	if (!e->writes || (given && web_same_token(given, wanted)))
		return ES_OK;
	return refuse(e->r, ES_NOT_ALLOWED, _("the header X-Essaim-CSRF has not the token that /api/v1/me gave"));
}

static enum es_err check_role(struct entry *e)
{
	struct request *r = e->r;

	if (r->role)
		r->within = r->role->within;
	if (r->route->anyone)
		return ES_OK;
	enum es_err err = role_check(r->role, e->w->api->swarm->role == ROLE_CRESS, r->route->action, r->route->cosigns, &r->why);
	if (err == ES_OK && role_is_logged(r->role) && !e->writes)
		log_event(LOG_NOTE, "role.read", "role=%s path=%s", r->role->name, r->route->path);
	return err;
}

void web_admit(struct request *r, const char *method, const char *version)
{
	static enum es_err (*const all[])(struct entry *) = {check_shape, check_host, check_origin};
	static enum es_err (*const routes[])(struct entry *) = {check_session, check_token, check_role};
	struct entry e = {.r = r, .w = r->api->web, .method = method, .version = version,
			  .writes = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0};

	r->within = SCOPE_PUBLIC;
	r->visit.body_began = (es_ms)uv_now(r->api->loop);
	for (size_t i = 0; i < sizeof all / sizeof *all && r->err == ES_OK; i++)
		r->err = all[i](&e);
	for (size_t i = 0; r->route && i < sizeof routes / sizeof *routes && r->err == ES_OK; i++)
		r->err = routes[i](&e);
	r->visit.admitted = r->err == ES_OK;
}

bool web_body_late(const struct request *r)
{
	es_ms now = (es_ms)uv_now(r->api->loop);
	int64_t taken = r->spooled + (int64_t)r->body.len;

	return now - r->visit.body_began > WEB_BODY_MS + taken * 1000 / WEB_BODY_RATE;
}
