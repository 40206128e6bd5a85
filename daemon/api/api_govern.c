/* SPDX-License-Identifier: Apache-2.0
 *
 * What the CRESS's officers decide, and keys: each is one control entry (node.h).
 * Nothing here prints or logs a key. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/node/setup.h"

#define LOST_KEY_LIFETIME_MS (7ll * 86400 * 1000)

enum es_err only_cress(struct request *r, const struct node *n, const char *what)
{
	if (n->role == ROLE_CRESS)
		return ES_OK;
	buf_printf(&r->why, _("only the CRESS %s; ask its officers"), what);
	return ES_NOT_ALLOWED;
}

enum es_err member_param(struct request *r, struct node *n, struct member *out)
{
	const struct member *m = NULL;
	char who[256];
	enum es_err err;

	body_text(r, "hub", who, sizeof who);
	err = node_find_member(n, slice_str(who), &m);
	if (err == ES_OK)
		*out = *m;
	else
		buf_printf(&r->why, _("%s: %s among the members; see 'essaim members'"), who, _(es_err_text(err)));
	return err;
}

/* --- members --- */

static enum es_err on_member(struct request *r, struct node *n, const char *what, const char *state,
			     enum es_err (*decide)(struct node *n, const struct member *m))
{
	struct member m;
	enum es_err err = only_cress(r, n, what);

	if (err == ES_OK)
		err = member_param(r, n, &m);
	if (err == ES_OK) {
		err = explain_awaiting(r, n, decide(n, &m));
		if (err == ES_NOT_ALLOWED)
			buf_printf(&r->why, _("%s: %s; see 'essaim members'"), m.name, m.role == ROLE_CRESS ? _("is the CRESS itself") : state);
	}
	if (err == ES_OK)
		member_answer(r, &m);
	return err;
}

static enum es_err decide_suspend(struct node *n, const struct member *m)
{
	return node_suspend(n, m, false);
}

static enum es_err decide_resume(struct node *n, const struct member *m)
{
	return node_suspend(n, m, true);
}

enum es_err api_suspend(struct request *r, struct node *n)
{
	return on_member(r, n, _("suspends a member"), _("is not active"), decide_suspend);
}

enum es_err api_resume(struct request *r, struct node *n)
{
	return on_member(r, n, _("lets a member come back"), _("is not suspended"), decide_resume);
}

enum es_err api_revoke(struct request *r, struct node *n)
{
	return on_member(r, n, _("revokes a member"), _("is revoked already"), node_revoke);
}

enum es_err api_quota(struct request *r, struct node *n)
{
	char text[32], *end = text;
	struct member m;
	uint64_t bytes = 0;
	enum es_err err = only_cress(r, n, _("sets quotas"));

	body_text(r, "bytes", text, sizeof text);
	if (strcmp(text, "none") != 0 && strcmp(text, "aucun") != 0)
		bytes = strtoull(text, &end, 10);
	if (err == ES_OK && end != text && (*end || bytes == 0 || text[0] == '-')) {
		buf_printf(&r->why, _("%s: expected a number of bytes, or none"), text);
		err = ES_USAGE;
	} else if (err == ES_OK && end == text && strcmp(text, "none") != 0 && strcmp(text, "aucun") != 0) {
		buf_printf(&r->why, _("%s: expected a number of bytes, or none"), text);
		err = ES_USAGE;
	}
	if (err == ES_OK)
		err = member_param(r, n, &m);
	if (err == ES_OK) {
		err = explain_awaiting(r, n, node_quota(n, &m, bytes));
		if (err == ES_NOT_ALLOWED)
			buf_printf(&r->why, _("%s: the CRESS has no quota"), m.name);
	}
	if (err == ES_OK)
		member_answer(r, &m);
	return err;
}

/* --- keys --- */

/* This node's own, planned. */
static enum es_err rotate_own(struct request *r, struct node *n)
{
	struct node_keys next;
	char finger[FINGERPRINT_LEN + 1];
	enum es_err err = node_keys_draw_next(n->dir, &n->rng, &next);

	if (err == ES_OK)
		err = explain_awaiting(r, n, node_rotate(n, &next));
	if (err == ES_EXISTS) {
		buf_str(&r->why, _("new keys are asked for already and wait for the CRESS"));
		err = ES_AWAITING;
	} else if (err == ES_NOT_ALLOWED) {
		buf_str(&r->why, _("this node is not a member, or another key stands in its place: ask the CRESS"));
	}
	if (err == ES_OK) {
		crypto_fingerprint(&next.sign, &next.dh, finger);
		buf_printf(&r->out, "{\"fingerprint\":\"%s\",\"state\":\"%s\"}", finger,
			   n->role == ROLE_CRESS ? "entered" : "asked");
	}
	crypto_wipe(&next, sizeof next);
	return err;
}

/* A hub's that is lost: an invitation that lets its operator in with new ones. */
static enum es_err replace_lost(struct request *r, struct node *n)
{
	char text[INVITE_TEXT_MAX], iso[25];
	struct member m;
	es_ms until = 0;
	enum es_err err = only_cress(r, n, _("replaces a lost key"));

	if (err == ES_OK && !r->address[0]) {
		buf_str(&r->why, _("this node has no address to give; set listen and advertise in essaim.conf and reload essaimd"));
		err = ES_NO_ADDRESS;
	}
	if (err == ES_OK)
		err = member_param(r, n, &m);
	if (err == ES_OK && (m.role == ROLE_CRESS || m.state == MEMBER_REVOKED)) {
		buf_printf(&r->why, "%s: %s", m.name, m.role == ROLE_CRESS ? _("the CRESS's own lost key is replaced by 'essaim recover'")
									     : _("is revoked: invite it as a new hub"));
		err = ES_NOT_ALLOWED;
	}
	if (err == ES_OK)
		err = explain_awaiting(r, n, node_invite(n, m.pays, m.name, LOST_KEY_LIFETIME_MS, false, &m.hub, r->address,
							 text, &until));
	if (err != ES_OK)
		return err;
	stamp_text(stamp_at(until), iso);
	buf_printf(&r->out, "{\"invitation\":\"%s\",\"expires\":\"%s\",\"name\":", text, iso);
	json_quote(slice_str(m.name), &r->out);
	buf_str(&r->out, ",\"pays\":");
	json_quote(slice_str(m.pays), &r->out);
	buf_str(&r->out, "}");
	crypto_wipe(text, sizeof text);
	return ES_OK;
}

enum es_err api_rotate(struct request *r, struct node *n)
{
	char who[256];

	body_text(r, "hub", who, sizeof who);
	return who[0] ? replace_lost(r, n) : rotate_own(r, n);
}

enum es_err api_recover(struct request *r, struct node *n)
{
	char key[128], number[24], finger[FINGERPRINT_LEN + 1];
	struct node_keys next = {0};
	uint64_t last_good = UINT64_MAX;
	uint8_t seed[32];
	enum es_err err = only_cress(r, n, _("is recovered"));

	body_text(r, "key", key, sizeof key);
	body_text(r, "last_good", number, sizeof number);
	if (number[0])
		last_good = strtoull(number, NULL, 10);
	if (err == ES_OK && recovery_parse(slice_str(key), seed) != ES_OK) {
		buf_str(&r->why, _("the recovery key is mistyped: 13 groups of 4, as 'essaim init' printed them"));
		err = ES_MISTYPED;
	}
	crypto_wipe(key, sizeof key);
	crypto_wipe(r->body.p, r->body.len);
	if (err == ES_OK)
		err = node_keys_draw_next(n->dir, &n->rng, &next);
	if (err == ES_OK)
		err = explain_awaiting(r, n, node_recover(n, seed, &next, last_good));
	if (err == ES_BAD_KEY) {
		buf_str(&r->why, _("the recovery key is mistyped, or another federation's"));
		err = ES_MISTYPED;
	}
	crypto_wipe(seed, sizeof seed);
	if (err == ES_OK) {
		crypto_fingerprint(&next.sign, &next.dh, finger);
		buf_printf(&r->out, "{\"fingerprint\":\"%s\",\"epoch\":%u}", finger, n->epoch);
	}
	crypto_wipe(&next, sizeof next);
	return err;
}

/* --- charter --- */

enum es_err api_charter(struct request *r, struct node *n)
{
	char digest[65];
	bool first = true;

	hex_encode(n->rights.charter.bytes, 32, digest);
	buf_printf(&r->out, "{\"digest\":\"%s\",\"mandatory\":%s,\"accepted\":%s,\"text\":", digest,
		   n->rights.charter_mandatory ? "true" : "false",
		   n->role == ROLE_CRESS || journal_charter(n->journal, &n->hub, &n->rights.charter) ? "true" : "false");
	json_quote(slice_str(n->rights.charter_text ? n->rights.charter_text : ""), &r->out);
	buf_str(&r->out, ",\"hubs\":[");
	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];

		if (m->role != ROLE_HUB || m->state == MEMBER_REVOKED)
			continue;
		buf_str(&r->out, first ? "{\"name\":" : ",{\"name\":");
		first = false;
		json_quote(slice_str(m->name), &r->out);
		buf_printf(&r->out, ",\"accepted\":%s}",
			   journal_charter(n->journal, &m->hub, &n->rights.charter) ? "true" : "false");
	}
	buf_str(&r->out, "]}");
	return ES_OK;
}

enum es_err api_charter_publish(struct request *r, struct node *n)
{
	char *text = malloc(CHARTER_MAX + 2), version[64], mandatory[8];
	enum es_err err = text ? only_cress(r, n, _("publishes a charter")) : ES_NOMEM;

	if (err == ES_OK) {
		body_text(r, "text", text, CHARTER_MAX + 2);
		body_text(r, "version", version, sizeof version);
		body_text(r, "mandatory", mandatory, sizeof mandatory);
	}
	if (err == ES_OK && (!text[0] || !version[0] || strlen(text) > CHARTER_MAX)) {
		buf_printf(&r->why, _("a charter has a version and a text of at most %d bytes"), CHARTER_MAX);
		err = ES_BAD_VALUE;
	}
	if (err == ES_OK)
		err = explain_awaiting(r, n, node_charter(n, slice_str(version), slice_str(text), strcmp(mandatory, "oui") == 0));
	free(text);
	return err == ES_OK ? api_charter(r, n) : err;
}

enum es_err api_charter_accept(struct request *r, struct node *n)
{
	char digest[65];
	enum es_err err;

	if (node_member(n) && journal_charter(n->journal, &n->hub, &n->rights.charter)) { /* twice is once */
		err = ES_OK;
	} else {
		err = node_member(n) ? node_accept_charter(n) : ES_NOT_ALLOWED;
		if (err == ES_NOT_ALLOWED)
			buf_str(&r->why, _("a charter is accepted on a hub that is a member"));
	}
	hex_encode(n->rights.charter.bytes, 32, digest);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"digest\":\"%s\"}", digest);
	return err;
}

/* --- the journal --- */

static enum es_err log_param(struct request *r, struct id16 *log)
{
	char text[64];

	body_text(r, "log", text, sizeof text);
	memset(log, 0, sizeof *log);
	if (strcmp(text, "control") == 0 || base32_decode(text, strlen(text), log->bytes, 16))
		return ES_OK;
	buf_printf(&r->why, _("%s: not the id of a log; see 'essaim status'"), text);
	return ES_BAD_VALUE;
}

enum es_err api_void(struct request *r, struct node *n)
{
	struct id16 log;
	char number[24];
	enum es_err err = only_cress(r, n, _("declares a commit void"));

	body_text(r, "seq", number, sizeof number);
	uint64_t seq = strtoull(number, NULL, 10);
	if (err == ES_OK)
		err = log_param(r, &log);
	if (err == ES_OK) {
		err = explain_awaiting(r, n, node_void(n, &log, seq));
		if (err == ES_NOT_FOUND)
			buf_printf(&r->why, _("no commit %llu in that log here; see 'essaim status'"), (unsigned long long)seq);
		else if (err == ES_NOT_ALLOWED)
			buf_printf(&r->why, _("commit %llu of that log is final: a checkpoint covers it, and every member relies on it; its author can change the record anew, or 'essaim forget' it"), (unsigned long long)seq);
	}
	if (err == ES_OK)
		buf_printf(&r->out, "{\"seq\":%llu}", (unsigned long long)seq);
	return err;
}

enum es_err api_resolve(struct request *r, struct node *n)
{
	struct id16 log;
	char alone[8];
	enum es_err err = only_cress(r, n, _("resolves"));

	body_text(r, "alone", alone, sizeof alone);
	if (err == ES_OK && strcmp(alone, "oui") == 0) {
		err = node_alone(n);
	} else if (err == ES_OK) {
		err = log_param(r, &log);
		if (err == ES_OK)
			err = explain_awaiting(r, n, node_resolve(n, &log));
		if (err == ES_NOT_FOUND)
			buf_str(&r->why, _("that log has no fork to resolve; see 'essaim status' and 'essaim evidence'"));
	}
	if (err == ES_OK)
		buf_str(&r->out, "{\"resolved\":true}");
	return err;
}

enum es_err api_checkpoint(struct request *r, struct node *n)
{
	enum es_err err = only_cress(r, n, _("writes checkpoints"));

	if (err == ES_OK)
		err = explain_awaiting(r, n, node_checkpoint(n));
	if (err == ES_OK)
		buf_printf(&r->out, "{\"seq\":%llu}", (unsigned long long)n->rights.checkpoint_seq);
	return err;
}
