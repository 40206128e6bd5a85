/* SPDX-License-Identifier: Apache-2.0
 *
 * The register of processings, terms and the purge, and the requests that persons
 * made (what they ask for is in api_person.c). */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/rgpd/rgpd.h"
#include "proto/canon.h"

#define STATE_MAX (16 * CHANGE_MAX)

void api_rgpd_register(struct request *r)
{
	rgpd_register_json(&r->out);
	request_answer(r, ES_OK);
}

enum es_err rgpd_no_directory(struct request *r)
{
	buf_str(&r->why, _("the directory is not there yet; try again"));
	return ES_NOT_FOUND;
}

bool rgpd_dry(struct request *r)
{
	char text[8];

	return strcmp(body_text(r, "dry_run", text, sizeof text), "oui") == 0;
}

/* Our record of that kind, whatever its creator. */
bool rgpd_own_record(struct node *n, const struct id16 *uid, const struct schema_kind *k, struct record_id *out)
{
	struct record_id ids[8];
	unsigned kinds[8];
	size_t count = reader_find(n->reader, uid, ids, kinds, 8);

	for (size_t i = 0; i < count && i < 8; i++) {
		struct id16 steward = rights_steward(&n->rights, &ids[i], kinds[i]);

		if (kinds[i] == k->no && id_eq(&steward, &n->hub)) {
			*out = ids[i];
			return true;
		}
	}
	return false;
}

/* --- terms --- */

struct dues {
	struct request *r;
	struct node *n;
	struct rgpd_due *list;
	size_t count;
	int64_t past, soon;
	bool names;
	enum es_err err;
};

static bool take_due(void *ctx, const struct rgpd_due *d)
{
	struct dues *all = ctx;
	struct rgpd_due *more = realloc(all->list, (all->count + 1) * sizeof *more);

	if (!more) {
		all->err = ES_NOMEM;
		return false;
	}
	all->list = more;
	all->list[all->count++] = *d;
	all->past += d->past;
	all->soon += !d->past;
	return true;
}

static enum es_err read_dues(struct request *r, struct node *n, struct dues *all)
{
	char today[11];

	*all = (struct dues){.r = r, .n = n};
	if (!n->reader)
		return rgpd_no_directory(r);
	day_of(n->utc, today);
	enum es_err err = rgpd_each_due(n->reader, n->owner, today, take_due, all);
	return err == ES_OK ? all->err : err;
}

/* What a list would call it. */
static void title_json(struct dues *all, const struct rgpd_due *d, const struct schema_kind *k)
{
	const struct schema_field *f = schema_field_named(k, slice_str(k->title));
	struct record_id id;
	struct buf state;

	buf_init(&state, STATE_MAX);
	if (f && rgpd_own_record(all->n, &d->uid, k, &id) && reader_state(all->n->reader, &id, k->no, &state) == ES_OK) {
		struct slice v = fold_shown(buf_slice(&state), f->no).value;

		buf_str(&all->r->out, ",\"name\":");
		if (v.len > 0)
			value_json(f, v, &all->r->out);
		else
			buf_str(&all->r->out, "null");
	}
	buf_done(&state);
}

static void due_json(struct dues *all, size_t i)
{
	const struct rgpd_due *d = &all->list[i];
	char uid[ULID_LEN + 1];

	ulid_encode(d->uid.bytes, uid);
	buf_printf(&all->r->out, "%s{\"uid\":\"%s\",\"kind\":\"%s\",\"since\":\"%s\",\"due\":\"%s\",\"past\":%s,\"goes\":\"%s\"",
		   i ? "," : "", uid, d->term->kind, d->since, d->due, d->past ? "true" : "false", rgpd_goes_name(d->term->goes));
	if (all->names)
		title_json(all, d, schema_kind_named(slice_str(d->term->kind)));
	buf_str(&all->r->out, "}");
}

enum es_err api_rgpd_due(struct request *r, struct node *n)
{
	struct dues all;
	enum es_err err = read_dues(r, n, &all);

	all.names = strcmp(request_param(r, "names"), "1") == 0;
	buf_printf(&r->out, "{\"past\":%lld,\"soon\":%lld,\"items\":[", (long long)all.past, (long long)all.soon);
	for (size_t i = 0; i < all.count && err == ES_OK; i++)
		due_json(&all, i);
	buf_str(&r->out, "]}");
	free(all.list);
	return err;
}

/* The fields that name somebody, as bits. */
static uint64_t naming_fields(const struct schema_kind *k)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct schema_field *f = &k->fields[i];

		if ((rgpd_names(f) || f->no == FIELD_EXTRA) && !(f->flags & FIELD_REQUIRED))
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static enum es_err purge_one(struct node *n, const struct rgpd_due *d, int64_t *destroyed)
{
	const struct schema_kind *k = schema_kind_named(slice_str(d->term->kind));
	struct rest rest = {.kind = k, .without = naming_fields(k)};
	struct record_id id;
	int64_t count = 0;

	if (!rgpd_own_record(n, &d->uid, k, &id))
		return ES_OK;
	enum es_err err = node_forget_record(n, &id, k->no, d->term->goes == RGPD_NAMES ? &rest : NULL, &count);
	*destroyed += count;
	return err;
}

/* On offer to another hub: it goes once that is settled. */
static enum es_err purge_dues(struct node *n, struct dues *all, int64_t *destroyed, size_t *left)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < all->count && err == ES_OK; i++) {
		if (!all->list[i].past)
			continue;
		err = purge_one(n, &all->list[i], destroyed);
		*left += err == ES_NOT_ALLOWED;
		err = err == ES_NOT_ALLOWED ? ES_OK : err;
	}
	return err;
}

enum es_err api_rgpd_purge(struct request *r, struct node *n)
{
	bool dry = rgpd_dry(r);
	int64_t destroyed = 0, records = 0, names = 0;
	size_t left = 0, shown = 0;
	struct dues all;
	enum es_err err = read_dues(r, n, &all);

	if (err == ES_OK && !dry)
		err = explain_awaiting(r, n, purge_dues(n, &all, &destroyed, &left));
	buf_str(&r->out, "{\"items\":[");
	for (size_t i = 0; i < all.count && err == ES_OK; i++) {
		if (!all.list[i].past)
			continue;
		records += all.list[i].term->goes == RGPD_RECORD;
		names += all.list[i].term->goes == RGPD_NAMES;
		all.list[shown] = all.list[i];
		due_json(&all, shown++);
	}
	buf_printf(&r->out, "],\"dry_run\":%s,\"records\":%lld,\"names\":%lld,\"left\":%zu,\"destroyed\":%lld}", dry ? "true" : "false",
		   (long long)records, (long long)names, left, (long long)destroyed);
	free(all.list);
	return err;
}

/* --- the request that is kept of it, without identity --- */

static struct pair said(const char *key, const char *value)
{
	return (struct pair){.key = (char *)(uintptr_t)key, .value = (char *)(uintptr_t)value};
}

static enum es_err write_request(struct request *r, struct node *n, struct edit *e, const struct pair *pairs, size_t count,
				 enum writing how)
{
	struct findings *f = calloc(1, sizeof *f);
	struct edit_result result;
	enum es_err err = f ? record_write(r, n, e, pairs, count, how, &result, f) : ES_NOMEM;

	if (err == ES_OK)
		e->uid = result.uid;
	free(f);
	return err;
}

/* A reference for letters: what was asked, the day, and four characters by chance. */
static void draw_reference(struct node *n, const char *type, const char *today, char out[48])
{
	uint8_t chance[3];
	char text[BASE32_LEN(3) + 1];

	rng_fill(&n->rng, chance, sizeof chance);
	base32_encode(chance, sizeof chance, text);
	snprintf(out, 48, "%.12s-%.10s-%s", type, today, text);
}

enum es_err rgpd_log_request(struct request *r, struct node *n, const char *type, const char *uids)
{
	struct edit e = {.kind = schema_kind_named(slice_str("demande_rgpd"))};
	char today[11], due[11] = "", reference[48], uid[ULID_LEN + 1];
	enum es_err err;

	day_of(n->utc, today);
	(void)!day_add_months(slice_str(today), RGPD_ANSWER_MONTHS, due);
	draw_reference(n, type, today, reference);
	const struct pair pairs[] = {said("reference", reference), said("type_demande", type), said("recue_le", today),
				     said("echeance", due), said("uids", uids)};
	err = write_request(r, n, &e, pairs, sizeof pairs / sizeof *pairs, WRITING_NEW);
	ulid_encode(e.uid.bytes, uid);
	if (err == ES_OK)
		buf_printf(&r->out, ",\"request\":\"%s\",\"reference\":\"%s\",\"due\":\"%s\"", uid, reference, due);
	return err;
}

/* One that was logged when it came. */
enum es_err rgpd_fill_request(struct request *r, struct node *n, const char *request, const char *uids)
{
	struct edit e = {.kind = schema_kind_named(slice_str("demande_rgpd")), .has_uid = true};
	const struct pair pairs[] = {said("uids", uids)};
	struct record_id id;

	if (!ulid_decode(request, strlen(request), e.uid.bytes) || !rgpd_own_record(n, &e.uid, e.kind, &id)) {
		buf_str(&r->why, _("request: no demande_rgpd of that uid here"));
		return ES_NOT_FOUND;
	}
	enum es_err err = write_request(r, n, &e, pairs, 1, WRITING_OURS);
	if (err == ES_OK)
		buf_printf(&r->out, ",\"request\":\"%s\",\"reference\":\"%s\"", request, request);
	return err;
}

/* --- requests, and who is still silent --- */

struct listing {
	struct request *r;
	struct node *n;
	const struct rgpd_request *q;
	char today[11];
	size_t count;
	bool silent[256]; /* members, by their place in the rights */
};

static bool speaks_of(const struct rgpd_request *q, const struct record_id *record)
{
	char uid[ULID_LEN + 1];

	ulid_encode(record->bytes + 16, uid);
	for (size_t at = 0; at + ULID_LEN <= q->uids.len; at++)
		if (memcmp(q->uids.p + at, uid, ULID_LEN) == 0)
			return true;
	return false;
}

static bool note_silent(void *ctx, const struct erasure *e)
{
	struct listing *l = ctx;

	for (size_t i = 0; speaks_of(l->q, &e->what.record) && i < e->silent && i < 64; i++) {
		size_t at = (size_t)(e->who[i] - l->n->rights.members);

		if (at < sizeof l->silent / sizeof *l->silent)
			l->silent[at] = true;
	}
	return true;
}

/* Orders that home has not entered: nobody else has heard of them. */
static size_t orders_waiting(const struct listing *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->n->order_count; i++)
		count += speaks_of(l->q, &l->n->orders[i].record);
	return count;
}

static void silent_json(struct listing *l)
{
	const char *comma = "";

	memset(l->silent, 0, sizeof l->silent);
	(void)!node_erasures(l->n, note_silent, l);
	buf_str(&l->r->out, ",\"silent\":[");
	for (size_t i = 0; i < l->n->rights.member_count && i < sizeof l->silent / sizeof *l->silent; i++)
		if (l->silent[i]) {
			buf_str(&l->r->out, comma);
			json_quote(slice_str(l->n->rights.members[i].name), &l->r->out);
			comma = ",";
		}
	buf_printf(&l->r->out, "],\"orders_waiting\":%zu", orders_waiting(l));
}

static void text_json(struct buf *out, const char *key, struct slice text)
{
	buf_printf(out, ",\"%s\":", key);
	if (text.len > 0)
		json_quote(text, out);
	else
		buf_str(out, "null");
}

static bool request_json(void *ctx, const struct rgpd_request *q)
{
	struct listing *l = ctx;
	struct buf *out = &l->r->out;
	char due[11] = "";

	l->q = q;
	buf_str(out, l->count++ ? ",{\"uid\":" : "{\"uid\":");
	json_quote(q->uid, out);
	text_json(out, "reference", q->reference);
	text_json(out, "type", q->type);
	text_json(out, "received", q->received);
	text_json(out, "due", rgpd_request_due(q, due) ? slice_str(due) : SLICE_NONE);
	text_json(out, "closed", q->closed);
	text_json(out, "refused", q->why);
	buf_printf(out, ",\"late\":%s", q->closed.len == 0 && due[0] && strcmp(due, l->today) < 0 ? "true" : "false");
	text_json(out, "uids", q->uids);
	silent_json(l);
	buf_str(out, "}");
	return true;
}

enum es_err api_rgpd_requests(struct request *r, struct node *n)
{
	struct listing l = {.r = r, .n = n};

	if (!n->reader)
		return rgpd_no_directory(r);
	day_of(n->utc, l.today);
	buf_str(&r->out, "{\"items\":[");
	enum es_err err = rgpd_each_request(n->reader, n->owner, request_json, &l);
	buf_printf(&r->out, "],\"total\":%zu}", l.count);
	return err;
}

/* A refusal says why, and when. */
enum es_err api_rgpd_refuse(struct request *r, struct node *n)
{
	struct edit e = {.kind = schema_kind_named(slice_str("demande_rgpd")), .has_uid = true};
	char why[1200], today[11], uid[64];
	struct record_id id;

	body_text(r, "uid", uid, sizeof uid);
	body_text(r, "why", why, sizeof why);
	day_of(n->utc, today);
	if (!n->reader)
		return rgpd_no_directory(r);
	if (!ulid_decode(uid, strlen(uid), e.uid.bytes) || !rgpd_own_record(n, &e.uid, e.kind, &id)) {
		buf_printf(&r->why, _("%.40s: no demande_rgpd of that uid here; see 'essaim rgpd requests'"), uid);
		return ES_NOT_FOUND;
	}
	if (!why[0]) {
		buf_str(&r->why, _("a refusal says why: --why TEXT"));
		return ES_USAGE;
	}
	const struct pair pairs[] = {said("motif_refus", why), said("close_le", today)};
	enum es_err err = write_request(r, n, &e, pairs, 2, WRITING_OURS);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"uid\":\"%s\",\"closed\":\"%s\"}", uid, today);
	return err;
}
