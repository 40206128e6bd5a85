/* SPDX-License-Identifier: Apache-2.0
 *
 * The accounts of the page and its audit log: for the owner of the unix socket alone. The
 * list lives on the loop's thread; a changed copy of it is written in the pool, then takes
 * its place. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/say.h"
#include "daemon/web/audit.h"
#include "daemon/web/web_parts.h"

struct account_change {
	struct request *r;
	uv_work_t work;
	struct accounts next;
	struct account one;
	char password[ACCOUNT_PASSWORD_MAX + 2]; /* "": none to be hashed */
	bool removes;
	enum es_err err;
};

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000;
}

/* --- the list --- */

void api_accounts(struct request *r)
{
	const struct accounts *a = &r->api->accounts;

	buf_str(&r->out, "{\"items\":[");
	for (size_t i = 0; i < a->count; i++) {
		char since[25];

		stamp_text(stamp_at(a->list[i].since), since);
		buf_printf(&r->out, "%s{\"name\":\"%s\",\"role\":\"%s\",\"since\":\"%s\",\"sessions\":%zu}", i ? "," : "", a->list[i].name,
			   a->list[i].role->name, since, r->api->web ? web_sessions_count(r->api->web, a->list[i].name) : 0);
	}
	buf_str(&r->out, "]}");
	request_answer(r, ES_OK);
}

/* --- changes --- */

static void change_work(uv_work_t *work)
{
	struct account_change *c = work->data;

	if (!c->removes)
		c->err = account_hash(c->password, c->one.hash);
	if (c->err == ES_OK && c->removes)
		accounts_remove(&c->next, c->one.name);
	else if (c->err == ES_OK)
		c->err = accounts_put(&c->next, &c->one);
	if (c->err == ES_OK)
		c->err = accounts_save(c->r->api->dir, &c->next);
}

static void change_done(uv_work_t *work, int status)
{
	struct account_change *c = work->data;
	struct request *r = c->r;
	struct api *a = r->api;

	if (status != 0)
		c->err = ES_NOMEM;
	if (c->err == ES_OK) {
		struct accounts former = a->accounts;

		a->accounts = c->next;
		c->next = former;
		if (a->web)
			web_sessions_end_of(a->web, c->one.name);
		buf_printf(&r->out, "{\"name\":\"%s\",\"role\":\"%s\"}", c->one.name, c->one.role->name);
	}
	a->changing_accounts = false;
	accounts_free(&c->next);
	request_answer(r, c->err);
	crypto_wipe(c, sizeof *c);
	free(c);
}

/* A copy to be changed; one change at a time, or one of two would be lost. */
static enum es_err change_new(struct request *r, struct account_change **out)
{
	struct api *a = r->api;
	struct account_change *c = calloc(1, sizeof *c);
	enum es_err err = c ? ES_OK : ES_NOMEM;

	if (err == ES_OK && a->changing_accounts) {
		buf_str(&r->why, _("another account is being changed: try again"));
		err = ES_BUSY;
	}
	for (size_t i = 0; err == ES_OK && i < a->accounts.count; i++)
		err = accounts_put(&c->next, &a->accounts.list[i]);
	if (err != ES_OK) {
		if (c)
			accounts_free(&c->next);
		free(c);
		return err;
	}
	c->r = r;
	c->work.data = c;
	*out = c;
	return ES_OK;
}

static void change_start(struct account_change *c)
{
	c->r->api->changing_accounts = true;
	if (uv_queue_work(c->r->api->loop, &c->work, change_work, change_done) != 0)
		change_done(&c->work, UV_ENOMEM);
}

/* The account of the path, NULL: answered. */
static const struct account *account_of(struct request *r)
{
	const struct account *a = accounts_named(&r->api->accounts, r->part);

	if (a)
		return a;
	buf_printf(&r->why, _("%.40s: no such account; 'essaim account list' shows them"), r->part);
	request_answer(r, ES_NOT_FOUND);
	return NULL;
}

static void set_password(struct request *r, const struct account *one)
{
	struct account_change *c = NULL;
	char password[ACCOUNT_PASSWORD_MAX + 2];
	enum es_err err = account_check_password(body_text(r, "password", password, sizeof password), &r->why);

	if (err == ES_OK)
		err = change_new(r, &c);
	if (err != ES_OK) {
		request_answer(r, err);
		return;
	}
	c->one = *one;
	memcpy(c->password, password, sizeof c->password);
	crypto_wipe(password, sizeof password);
	change_start(c);
}

void api_account_add(struct request *r)
{
	struct account one = {.since = utc_now()};
	char name[ACCOUNT_NAME_MAX + 2], role[64];
	enum es_err err = account_check(body_text(r, "name", name, sizeof name), body_text(r, "role", role, sizeof role),
					r->api->swarm->role == ROLE_CRESS, &r->why);

	if (err == ES_OK && accounts_named(&r->api->accounts, name)) {
		buf_printf(&r->why, _("%s has an account already; 'essaim account password' changes its password"), name);
		err = ES_EXISTS;
	}
	if (err != ES_OK) {
		request_answer(r, err);
		return;
	}
	snprintf(one.name, sizeof one.name, "%.32s", name);
	one.role = role_named(role);
	set_password(r, &one);
}

static void remove_account(struct request *r, const struct account *there)
{
	const struct web *w = r->api->web;
	struct account_change *c = NULL;
	enum es_err err = ES_OK;

	if (r->api->accounts.count == 1 && w && (w->beyond || w->conf.hosts[0])) {
		buf_str(&r->why, _("the last account stays while the page is reached from elsewhere ('page', 'page_host' in essaim.conf)"));
		err = ES_NOT_ALLOWED;
	}
	if (err == ES_OK)
		err = change_new(r, &c);
	if (err != ES_OK) {
		request_answer(r, err);
		return;
	}
	c->one = *there;
	c->removes = true;
	change_start(c);
}

/* {"password"}: another one; {"remove": true}. */
void api_account_change(struct request *r)
{
	const struct account *there = account_of(r);
	char removes[8];

	if (there && strcmp(body_text(r, "remove", removes, sizeof removes), "oui") == 0)
		remove_account(r, there);
	else if (there)
		set_password(r, there);
}

/* --- the audit log --- */

enum es_err api_audit(struct request *r, struct node *n)
{
	const char *asked = request_param(r, "limit");
	long limit = asked[0] ? strtol(asked, NULL, 10) : 50;
	enum es_err err;

	(void)n;
	if (limit < 1 || limit > AUDIT_LINES_MAX) {
		buf_printf(&r->why, _("limit: from 1 to %d"), AUDIT_LINES_MAX);
		return ES_USAGE;
	}
	buf_str(&r->out, "{\"items\":");
	err = audit_read(r->api->dir, (size_t)limit, &r->out);
	buf_str(&r->out, "}");
	return err;
}

/* Of the answer to a new record: {"uid":"...". */
static void uid_of(const struct request *r, char out[ULID_LEN + 1])
{
	static const char head[] = "{\"uid\":\"";
	const size_t len = sizeof head - 1;
	uint8_t uid[16];

	out[0] = 0;
	if (ulid_decode(r->part, strlen(r->part), uid))
		ulid_encode(uid, out);
	else if (r->out.len > len + ULID_LEN && memcmp(r->out.p, head, len) == 0 &&
		 ulid_decode((const char *)r->out.p + len, ULID_LEN, uid))
		ulid_encode(uid, out);
}

static void who_of(const struct request *r, char out[64])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t len = sizeof peer;

	snprintf(out, 64, "%s", r->visit.account);
	if (!r->listener->page && info && getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		snprintf(out, 64, "uid %u", (unsigned)peer.uid);
}

void api_audited(struct request *r, enum es_err err)
{
	char who[64], from[64] = "socket", uid[ULID_LEN + 1];

	/* What the gate turned away, and tries that were not even looked at, would push out what
	 * the log is for. */
	if (!r->route || strcmp(r->route->method, "GET") == 0 || (r->listener->page && (!r->visit.admitted || r->visit.retry_s)))
		return;
	who_of(r, who);
	if (r->listener->page)
		web_address_of(r, from, sizeof from);
	uid_of(r, uid);
	audit_note(r->api->dir, &(struct audit_line){.who = who, .role = r->role ? r->role->name : "", .from = from,
						     .method = r->route->method, .route = r->route->path, .uid = uid,
						     .code = es_err_name(err)});
}
