/* SPDX-License-Identifier: Apache-2.0
 *
 * The inbox: what hubs ask of each other about one record, one decision each; and
 * what becomes of a record as a whole: handed over, forgotten. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/rules/sentences.h"

#define WHY_MAX 1000
#define INBOX_BYTES (32 * 1024 * 1024)
#define STATE_BYTES (64u << 20) /* of one record */

struct inbox {
	struct node *n;
	struct buf *out;
	size_t count;
	enum es_err err;
};

static void hub_json(const struct node *n, const char *key, const struct id16 *hub, struct buf *out)
{
	const struct member *m = rights_member(&n->rights, hub);
	char id[BASE32_LEN(16) + 1];

	base32_encode(hub->bytes, 16, id);
	buf_printf(out, ",\"%s\":{\"id\":\"%s\",\"name\":", key, id);
	json_quote(slice_str(m ? m->name : ""), out);
	buf_str(out, "}");
}

/* What a proposal says, where its commit is here and not forgotten. */
static void proposed_json(struct node *n, const struct position3 *at, struct buf *out)
{
	struct buf bytes;
	struct change ch;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	if (node_change_at(n, at, &bytes, &ch) == ES_OK) {
		buf_str(out, ",\"fields\":");
		fields_json(&ch, out);
	}
	buf_done(&bytes);
}

/* The answer with what was listed; frees it. */
static enum es_err list_answer(struct request *r, struct inbox *b, enum es_err err)
{
	if (err == ES_OK)
		err = buf_err(b->out);
	buf_printf(&r->out, "{\"total\":%zu,\"items\":[", b->count);
	buf_add(&r->out, b->out->p, b->out->len);
	buf_str(&r->out, "]}");
	buf_done(b->out);
	return err;
}

static bool item_json(void *ctx, const struct inbox_item *i)
{
	static const char *const states[] = {"open", "accepted", "refused", "done"};
	struct inbox *b = ctx;
	const struct schema_kind *k = schema_kind_no(i->kind);
	char uid[ULID_LEN + 1];

	ulid_encode(i->record.bytes + 16, uid);
	buf_printf(b->out, "%s{\"no\":%lld,\"type\":\"%s\",\"kind\":\"%s\",\"uid\":\"%s\",\"state\":\"%s\",\"waits\":%s",
		   b->count++ ? "," : "", (long long)i->no, i->op == OP_PROPOSE ? "proposition" : "cession", k ? k->name : "", uid,
		   states[i->state], i->waits ? "true" : "false");
	buf_printf(b->out, ",\"for_us\":%s", id_eq(&i->to, &b->n->hub) ? "true" : "false");
	hub_json(b->n, "from", &i->from, b->out);
	hub_json(b->n, "to", &i->to, b->out);
	if (i->op == OP_PROPOSE)
		proposed_json(b->n, &i->at, b->out);
	else if (hand_over_follows(b->n, i, uid))
		buf_printf(b->out, ",\"follows\":\"%s\"", uid);
	buf_str(b->out, "}");
	return true;
}

static bool refusal_json(void *ctx, const struct refusal *f)
{
	struct inbox *b = ctx;
	const struct schema_kind *k = schema_kind_no(f->kind);
	char uid[ULID_LEN + 1], when[25];
	struct buf state;

	ulid_encode(f->record.bytes + 16, uid);
	stamp_text(f->said, when);
	buf_printf(b->out, "%s{\"no\":%lld,\"type\":\"%s\",\"state\":\"refused\",\"for_us\":false,\"kind\":\"%s\",\"uid\":\"%s\",\"when\":\"%s\",\"nom\":",
		   b->count++ ? "," : "", (long long)f->no, f->op == OP_PROPOSE ? "proposition" : "cession", k ? k->name : "", uid, when);
	buf_init(&state, STATE_BYTES);
	if (b->n->reader && reader_state(b->n->reader, &f->record, f->kind, &state) == ES_OK)
		json_quote(reader_title(k, buf_slice(&state)), b->out);
	else
		buf_str(b->out, "\"\"");
	buf_done(&state);
	buf_str(b->out, ",\"why\":");
	json_quote(f->why, b->out);
	hub_json(b->n, "by", &f->by, b->out);
	hub_json(b->n, "from", &b->n->hub, b->out);
	hub_json(b->n, "to", &f->to, b->out);
	if (f->op == OP_PROPOSE)
		proposed_json(b->n, &f->at, b->out);
	buf_str(b->out, "}");
	return true;
}

/* What waits, then what others refused of ours. */
enum es_err api_proposals(struct request *r, struct node *n)
{
	struct buf items;
	struct inbox b = {.n = n, .out = &items};

	buf_init(&items, INBOX_BYTES);
	enum es_err err = node_inbox(n, item_json, &b);
	if (err == ES_OK)
		err = node_refusals(n, refusal_json, &b);
	return list_answer(r, &b, err);
}

static void side_json(const struct node *n, const char *key, const struct said *s, struct buf *out)
{
	bool waits = s->log == LOG_PENDING;
	const struct head *h = waits ? NULL : &n->frontier.heads[s->log];
	char when[25];

	stamp_text(s->edited, when);
	buf_printf(out, ",\"%s\":{\"value\":", key);
	field_value_json(schema_kind_no(s->kind), s->field, s->value, out);
	buf_printf(out, ",\"when\":\"%s\",\"waits\":%s", when, waits ? "true" : "false");
	hub_json(n, "by", h ? &h->hub : &n->hub, out);
	if (h)
		buf_printf(out, ",\"generation\":%u", h->generation);
	buf_str(out, "}");
}

/* Whoever tends the record chooses; everybody is shown both. */
bool conflict_is_ours(const struct node *n, const struct said *stands)
{
	struct id16 steward = rights_steward(&n->rights, &stands->record, stands->kind);

	return id_eq(&steward, &n->hub);
}

static bool conflict_json(void *ctx, const struct said *stands, const struct said *other)
{
	struct inbox *b = ctx;
	const struct schema_kind *k = schema_kind_no(stands->kind);
	char uid[ULID_LEN + 1];

	ulid_encode(stands->record.bytes + 16, uid);
	buf_printf(b->out, "%s{\"uid\":\"%s\",\"kind\":\"%s\",\"field\":", b->count++ ? "," : "", uid, k ? k->name : "");
	field_json(k, stands->field, b->out);
	buf_printf(b->out, ",\"scope\":\"%s\",\"ours\":%s", scope_name(stands->scope), conflict_is_ours(b->n, stands) ? "true" : "false");
	side_json(b->n, "shown", stands, b->out);
	side_json(b->n, "other", other, b->out);
	buf_str(b->out, "}");
	return true;
}

enum es_err api_conflicts(struct request *r, struct node *n)
{
	struct buf items;
	struct inbox b = {.n = n, .out = &items};

	buf_init(&items, INBOX_BYTES);
	return list_answer(r, &b, node_conflicts(n, NULL, conflict_json, &b));
}

static enum es_err answer_one(struct request *r, struct node *n, int64_t no, bool accept, const char *why)
{
	enum es_err err = accept ? hand_over_schedule(r, n, no) : ES_OK;

	return err == ES_OK ? node_answer(n, no, accept, slice_str(why)) : err;
}

struct asker {
	int64_t no;
	const struct id16 *us;
	bool others; /* it is open, and another hub asked it */
};

static bool note_asker(void *ctx, const struct inbox_item *i)
{
	struct asker *a = ctx;

	if (i->no == a->no && i->state == INBOX_OPEN)
		a->others = !id_eq(&i->from, a->us);
	return true;
}

/* R3: who asked is told why not; one's own request is withdrawn without. */
static enum es_err check_reason(struct request *r, struct node *n, int64_t no, const char *why)
{
	struct asker a = {.no = no, .us = &n->hub};
	enum es_err err = why[strspn(why, " ")] ? ES_OK : node_inbox(n, note_asker, &a);

	if (err != ES_OK || !a.others)
		return err;
	buf_printf(&r->why, _("%lld: whoever asked is told why; type: essaim refuse %lld --why \"...\""), (long long)no, (long long)no);
	return ES_USAGE;
}

static enum es_err answer(struct request *r, struct node *n, bool accept)
{
	char number[24], why[WHY_MAX + 1];
	int64_t *with = NULL; /* what goes with a structure is answered with it (W4) */
	size_t count = 0;
	enum es_err err;

	body_text(r, "no", number, sizeof number);
	body_text(r, "why", why, sizeof why);
	err = accept ? ES_OK : check_reason(r, n, strtoll(number, NULL, 10), why);
	if (err == ES_OK)
		err = hand_over_group(n, strtoll(number, NULL, 10), &with, &count);
	if (err == ES_OK)
		err = answer_one(r, n, strtoll(number, NULL, 10), accept, why);
	for (size_t i = 0; i < count && err == ES_OK; i++)
		err = answer_one(r, n, with[i], accept, why);
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: nothing open under that number; see 'essaim proposals'"), number);
	else if (err == ES_NOT_ALLOWED)
		buf_printf(&r->why, accept ? _("%s: is addressed to another hub; only that hub accepts")
					   : _("%s: is addressed to another hub; only that hub refuses, or who asked withdraws"), number);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"no\":%lld,\"accepted\":%s,\"with\":%zu}", strtoll(number, NULL, 10), accept ? "true" : "false", count);
	free(with);
	return err;
}

enum es_err api_accept(struct request *r, struct node *n)
{
	return answer(r, n, true);
}

/* What others refused of ours is set aside by the same word: it is told no more. */
enum es_err api_refuse(struct request *r, struct node *n)
{
	char number[24];

	body_text(r, "no", number, sizeof number);
	if (node_refusal_aside(n, strtoll(number, NULL, 10)) != ES_OK)
		return answer(r, n, false);
	buf_printf(&r->out, "{\"no\":%lld,\"accepted\":false,\"with\":0}", strtoll(number, NULL, 10));
	return ES_OK;
}

/* --- one record --- */

static enum es_err uid_param(struct request *r, struct id16 *uid)
{
	body_text(r, "uid", r->part, sizeof r->part);
	return part_uid(r, uid);
}

enum es_err api_forget(struct request *r, struct node *n)
{
	int64_t destroyed = 0;
	struct id16 uid;
	enum es_err err = uid_param(r, &uid);

	if (err == ES_OK && n->reader && reader_knows(n->reader, schema_kind_no(code_liste_KIND), &uid)) {
		buf_printf(&r->why, "%s: %s: %s", r->part, "code_garde", sentence_in(say_language(), "code_garde", ""));
		r->why.len--; /* its stop: the line ends without one */
		err = ES_BAD_VALUE;
	}
	if (err != ES_OK)
		return err;
	err = explain_awaiting(r, n, node_forget(n, &uid, &destroyed));
	if (err == ES_OTHER_HUB)
		buf_printf(&r->why, _("%s: only its own hub has it forgotten (the CRESS: once that hub is revoked)"), r->part);
	else if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no such record here"), r->part);
	else if (err == ES_NOT_ALLOWED && r->why.len == 0)
		buf_printf(&r->why, _("%s: is on offer to another hub; 'essaim proposals' shows it, 'essaim refuse N' withdraws it, and once home has heard it can be forgotten"),
			   r->part);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"uid\":\"%s\",\"destroyed\":%lld}", r->part, (long long)destroyed);
	return err;
}

static bool erasure_json(void *ctx, const struct erasure *e)
{
	struct inbox *b = ctx;
	const struct schema_kind *k = schema_kind_no(e->what.kind);
	char uid[ULID_LEN + 1], upto[25];

	ulid_encode(e->what.record.bytes + 16, uid);
	stamp_text(e->what.upto, upto);
	buf_printf(b->out, "%s{\"uid\":\"%s\",\"kind\":\"%s\",\"upto\":\"%s\",\"seq\":%llu,\"silent\":%zu,\"who\":[",
		   b->count++ ? "," : "", uid, k ? k->name : "", upto, (unsigned long long)e->what.seq, e->silent);
	for (size_t i = 0; i < e->silent && i < 64; i++) {
		buf_str(b->out, i ? "," : "");
		json_quote(slice_str(e->who[i]->name), b->out);
	}
	buf_str(b->out, "]}");
	return true;
}

enum es_err api_erasures(struct request *r, struct node *n)
{
	struct buf items;
	struct inbox b = {.n = n, .out = &items};

	buf_init(&items, INBOX_BYTES);
	return list_answer(r, &b, node_erasures(n, erasure_json, &b));
}
