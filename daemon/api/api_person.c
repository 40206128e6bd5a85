/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person may ask: her file, and to be erased. No answer repeats in `why` what
 * was looked for. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/rgpd/rgpd.h"
#include "proto/canon.h"

#define TEXT_MAX 512
#define REQUEST_UIDS_MAX 200
#define STATE_MAX (16 * CHANGE_MAX)

/* --- her file --- */

static enum es_err find_person(struct request *r, struct node *n, struct rgpd_found *found)
{
	char text[TEXT_MAX];
	enum es_err err = n->reader ? rgpd_find(n, slice_str(body_text(r, "text", text, sizeof text)), found) : rgpd_no_directory(r);

	if (err == ES_BAD_VALUE)
		buf_str(&r->why, _("a person is looked for by an e-mail address, a phone number, or first and last name"));
	return err;
}

/* Of her own record all that it says, of others what names her; of what may be somebody
 * else's nothing: it is not hers to read. */
static void hit_fields_json(struct node *n, const struct rgpd_hit *h, struct buf *out)
{
	bool whole = rgpd_is_person(h->kind);
	const char *comma = "";
	struct buf state;

	buf_init(&state, STATE_MAX);
	buf_str(out, ",\"data\":{");
	if (reader_state(n->reader, &h->record, h->kind->no, &state) != ES_OK)
		buf_clear(&state);
	for (size_t i = 0; i < h->kind->field_count; i++) {
		const struct schema_field *f = &h->kind->fields[i];
		struct slice v = fold_shown(buf_slice(&state), f->no).value;

		if (h->other || v.len == 0 || v.p[0] == 0xc0 || (!whole && !(h->fields >> i & 1)))
			continue;
		buf_printf(out, "%s\"%s\":", comma, f->name);
		value_json(f, v, out);
		comma = ",";
	}
	buf_str(out, "},\"named_in\":[");
	comma = "";
	for (size_t i = 0; i < h->kind->field_count; i++)
		if (h->fields >> i & 1) {
			buf_printf(out, "%s\"%s\"", comma, h->kind->fields[i].name);
			comma = ",";
		}
	buf_str(out, "]");
	buf_done(&state);
}

static void owner_json(struct node *n, const struct rgpd_hit *h, struct buf *out)
{
	struct id16 steward = rights_steward(&n->rights, &h->record, h->kind->no);
	const struct member *m = rights_member(&n->rights, &steward);
	char owner[NODE_OWNER_MAX] = "";

	if (m)
		rights_owner_text(m, owner, sizeof owner);
	buf_str(out, ",\"owner\":");
	json_quote(slice_str(h->ours ? n->owner : owner), out);
}

static void hit_json(struct node *n, const struct rgpd_hit *h, bool data, struct buf *out)
{
	char uid[ULID_LEN + 1];

	ulid_encode(h->record.bytes + 16, uid);
	buf_printf(out, "{\"kind\":\"%s\",\"uid\":\"%s\"", h->kind->name, uid);
	owner_json(n, h, out);
	buf_printf(out, ",\"ours\":%s,\"deleted\":%s,\"by\":\"%s\",\"learnt\":%s,\"perhaps\":%s,\"goes\":\"%s\"", h->ours ? "true" : "false",
		   h->deleted ? "true" : "false", needle_by(h->by), h->by->asked ? "false" : "true", h->other ? "true" : "false",
		   rgpd_goes_name(h->ours ? rgpd_fate(h) : RGPD_NOTHING));
	if (data)
		hit_fields_json(n, h, out);
	buf_str(out, "}");
}

static void hits_json(struct node *n, const struct rgpd_found *f, bool data, struct buf *out)
{
	buf_printf(out, "\"total\":%zu,\"items\":[", f->count);
	for (size_t i = 0; i < f->count; i++) {
		buf_str(out, i ? "," : "");
		hit_json(n, &f->list[i], data, out);
	}
	buf_str(out, "]");
}

/* The day of the oldest record that names her: no export before it can. */
static void oldest_day(const struct rgpd_found *f, char out[11])
{
	uint64_t oldest = UINT64_MAX;

	for (size_t i = 0; i < f->count; i++) {
		uint64_t ms = be_read(f->list[i].record.bytes + 16, 6); /* a ULID begins with its time */

		oldest = ms < oldest ? ms : oldest;
	}
	day_of(oldest == UINT64_MAX ? 0 : (es_ms)oldest, out);
}

static void exports_json(struct request *r, const struct rgpd_found *f)
{
	char since[11];

	oldest_day(f, since);
	buf_str(&r->out, ",\"exports\":");
	rgpd_exports_json(r->api->dir, since, &r->out);
}

static void uids_text(const struct rgpd_found *f, bool erased, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count && count < REQUEST_UIDS_MAX; i++) {
		const struct rgpd_hit *h = &f->list[i];
		char uid[ULID_LEN + 1];

		if (!h->ours || (erased && rgpd_fate(h) == RGPD_NOTHING))
			continue;
		ulid_encode(h->record.bytes + 16, uid);
		buf_printf(out, "%s%s", count++ ? "|" : "", uid);
	}
}

enum es_err api_rgpd_person(struct request *r, struct node *n)
{
	struct rgpd_found found = {0};
	struct buf uids;
	enum es_err err = find_person(r, n, &found);

	buf_init(&uids, API_BODY_MAX);
	if (err == ES_OK) {
		uids_text(&found, false, &uids);
		buf_str(&r->out, "{");
		hits_json(n, &found, true, &r->out);
		exports_json(r, &found);
		err = rgpd_log_request(r, n, "acces", uids.len ? buf_cstr(&uids) : "");
		buf_str(&r->out, "}");
	}
	buf_done(&uids);
	rgpd_found_done(&found);
	return err;
}

/* --- erasure --- */

/* A name that several bear: their addresses differ. */
static bool means_several(struct node *n, const struct rgpd_found *f)
{
	struct buf first, state;
	bool several = false;

	buf_init(&first, CHANGE_MAX);
	buf_init(&state, STATE_MAX);
	for (size_t i = 0; i < f->count && !several; i++) {
		const struct rgpd_hit *h = &f->list[i];
		const struct schema_field *mail = schema_field_named(h->kind, slice_str("courriel"));

		buf_clear(&state);
		if (!rgpd_is_person(h->kind) || !mail || !h->by->asked || h->by->type != NEEDLE_NAME ||
		    reader_state(n->reader, &h->record, h->kind->no, &state) != ES_OK)
			continue;
		struct slice v = fold_shown(buf_slice(&state), mail->no).value;
		if (v.len < 2)
			continue;
		several = first.len > 0 && !slice_eq(buf_slice(&first), v);
		if (first.len == 0)
			buf_add(&first, v.p, v.len);
	}
	buf_done(&first);
	buf_done(&state);
	return several;
}

/* What is left of the columns that nobody knew, as a canonical value; empty: nothing. */
static void rest_of_extra(struct node *n, const struct rgpd_found *f, const struct rgpd_hit *h, struct buf *out)
{
	struct canon_reader c;
	struct buf state, text;

	buf_init(&state, STATE_MAX);
	buf_init(&text, CHANGE_MAX);
	if (reader_state(n->reader, &h->record, h->kind->no, &state) == ES_OK) {
		canon_read_init(&c, fold_shown(buf_slice(&state), FIELD_EXTRA).value);
		if (canon_peek(&c) == CANON_STR) {
			struct slice extra = canon_read_str(&c, CHANGE_MAX);

			if (!needles_extra(&f->needles, extra, &text))
				buf_add(&text, extra.p, extra.len); /* a former one named her */
		}
	}
	if (text.len > 0)
		canon_str(out, buf_slice(&text));
	buf_done(&state);
	buf_done(&text);
}

static enum es_err erase_hit(struct node *n, const struct rgpd_found *f, const struct rgpd_hit *h, int64_t *destroyed)
{
	struct rest rest = {.kind = h->kind};
	enum rgpd_goes fate = h->ours ? rgpd_fate(h) : RGPD_NOTHING;
	int64_t count = 0;
	struct buf extra;

	if (fate == RGPD_NOTHING)
		return ES_OK;
	buf_init(&extra, CHANGE_MAX);
	for (size_t i = 0; i < h->kind->field_count; i++)
		if (h->fields >> i & 1 && !(h->kind->fields[i].flags & FIELD_REQUIRED))
			rest.without |= UINT64_C(1) << i;
	rest_of_extra(n, f, h, &extra);
	rest.extra = buf_slice(&extra);
	enum es_err err = node_forget_record(n, &h->record, h->kind->no, fate == RGPD_NAMES ? &rest : NULL, &count);
	*destroyed += count;
	buf_done(&extra);
	return err;
}

static enum es_err erase_all(struct request *r, struct node *n, const struct rgpd_found *f, int64_t *destroyed)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < f->count && err == ES_OK; i++)
		err = erase_hit(n, f, &f->list[i], destroyed);
	if (err == ES_NOT_ALLOWED)
		buf_str(&r->why, _("one of the records is on offer to another hub: 'essaim proposals' shows it, 'essaim refuse N' withdraws it; nothing was erased"));
	return explain_awaiting(r, n, err);
}

static void counts_json(const struct rgpd_found *f, struct buf *out)
{
	size_t forgotten = 0, cleared = 0, others = 0, perhaps = 0;

	for (size_t i = 0; i < f->count; i++) {
		enum rgpd_goes fate = rgpd_fate(&f->list[i]);

		others += !f->list[i].ours;
		perhaps += f->list[i].other;
		forgotten += f->list[i].ours && fate == RGPD_RECORD;
		cleared += f->list[i].ours && fate == RGPD_NAMES;
	}
	buf_printf(out, ",\"forgotten\":%zu,\"cleared\":%zu,\"others\":%zu,\"perhaps\":%zu", forgotten, cleared, others, perhaps);
}

static enum es_err keep_request(struct request *r, struct node *n, const struct rgpd_found *f)
{
	char request[64];
	struct buf uids;

	buf_init(&uids, API_BODY_MAX);
	uids_text(f, true, &uids);
	body_text(r, "request", request, sizeof request);
	enum es_err err = request[0] ? rgpd_fill_request(r, n, request, uids.len ? buf_cstr(&uids) : "")
				     : rgpd_log_request(r, n, "effacement", uids.len ? buf_cstr(&uids) : "");
	buf_done(&uids);
	return err;
}

enum es_err api_rgpd_erase(struct request *r, struct node *n)
{
	bool dry = rgpd_dry(r);
	struct rgpd_found found = {0};
	int64_t destroyed = 0;
	enum es_err err = find_person(r, n, &found);

	if (err == ES_OK && found.count == 0 && !dry) {
		buf_str(&r->why, _("nobody of that name, address or number is known here"));
		err = ES_NOT_FOUND;
	}
	if (err == ES_OK && !dry && means_several(n, &found)) {
		buf_str(&r->why, _("several persons bear that name: give the address or the number ('essaim rgpd erase TEXT --dry-run' lists them)"));
		err = ES_AMBIGUOUS;
	}
	if (err == ES_OK) { /* written down before what it tells of is gone */
		buf_printf(&r->out, "{\"dry_run\":%s,", dry ? "true" : "false");
		hits_json(n, &found, false, &r->out);
		exports_json(r, &found);
		counts_json(&found, &r->out);
	}
	if (err == ES_OK && !dry)
		err = keep_request(r, n, &found);
	if (err == ES_OK && !dry)
		err = erase_all(r, n, &found, &destroyed);
	if (err == ES_OK)
		buf_printf(&r->out, ",\"destroyed\":%lld}", (long long)destroyed);
	rgpd_found_done(&found);
	return err;
}

