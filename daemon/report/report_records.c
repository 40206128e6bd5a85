/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports as records: what a hub sends, what the CRESS freezes.
 *
 * A record's uid is made of what it is about (its month, its name, its territory), so
 * that to write it again changes it and makes no second one. */
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/node/node_parts.h"
#include "daemon/report/report_parts.h"
#include "daemon/support/support.h"
#include "proto/canon.h"

#define MARK "local.envoi" /* a hub has sent its counts, were there any or not */
#define VALUES_MAX 32

struct writing {
	struct node *n;
	const struct schema_kind *kind;
	struct edit e;
	struct buf memory;
	size_t at[SCHEMA_FIELDS_MAX], len[SCHEMA_FIELDS_MAX];
	enum es_err err;
};

static void begin(struct writing *w, struct node *n, const char *kind)
{
	*w = (struct writing){.n = n, .kind = schema_kind_named(slice_str(kind))};
	buf_init(&w->memory, 65536);
	w->e = (struct edit){.kind = w->kind, .has_uid = true};
	w->err = w->kind ? ES_OK : ES_UNKNOWN_KIND;
}

static const struct schema_field *field(struct writing *w, const char *name)
{
	const struct schema_field *f = w->kind ? schema_field_named(w->kind, slice_str(name)) : NULL;

	if (!f && w->err == ES_OK)
		w->err = ES_UNKNOWN_FIELD;
	if (f)
		w->at[f->index] = w->memory.len;
	return f;
}

static void put_text(struct writing *w, const char *name, struct slice text)
{
	const struct schema_field *f = field(w, name);

	if (!f)
		return;
	canon_str(&w->memory, text);
	w->len[f->index] = w->memory.len - w->at[f->index];
}

static void put_int(struct writing *w, const char *name, bool set, int64_t v)
{
	const struct schema_field *f = field(w, name);

	if (!f)
		return;
	if (set)
		canon_int(&w->memory, v);
	else
		canon_nil(&w->memory);
	w->len[f->index] = w->memory.len - w->at[f->index];
}

static void put_bool(struct writing *w, const char *name, bool v)
{
	const struct schema_field *f = field(w, name);

	if (!f)
		return;
	canon_bool(&w->memory, v);
	w->len[f->index] = w->memory.len - w->at[f->index];
}

/* 48 bits of time, the month's first day; 80 of what it is about. */
static struct id16 uid_of(const struct report_month *month, const char *name, const char *type, const char *code)
{
	char from[32], about[512];
	struct id16 uid;
	struct hash h;

	snprintf(from, sizeof from, "%.10sT00:00:00Z", month->from);
	snprintf(about, sizeof about, "%s|%s|%s|%s", month->text, name, type, code);
	h = crypto_hash(HASH_REPORT, slice_str(about));
	be_write(uid.bytes, (uint64_t)report_time_ms(slice_str(from)), 6);
	memcpy(uid.bytes + 6, h.bytes, 10);
	return uid;
}

/* Writes it; the memory is given back. */
static enum es_err end(struct writing *w)
{
	struct edit_result result;

	for (size_t i = 0; w->kind && i < w->kind->field_count; i++)
		if (w->len[i] > 0)
			w->e.values[i] = SLICE(w->memory.p + w->at[i], w->len[i]);
	if (w->err == ES_OK)
		w->err = buf_err(&w->memory);
	if (w->err == ES_OK)
		w->err = node_edit(w->n, &w->e, false, &result);
	buf_done(&w->memory);
	return w->err;
}

struct figure {
	const char *name, *type, *code, *version, *portee;
	int64_t value, n;
	bool masked, frozen; /* frozen: masque says something; in a hub's counts and in typed figures it is unset */
};

static enum es_err put_figure(struct node *n, const struct report_month *month, const struct figure *f)
{
	struct writing w;

	begin(&w, n, "mesure");
	w.e.uid = uid_of(month, f->name, f->type, f->code);
	put_text(&w, "indicateur", slice_str(f->name));
	put_text(&w, "territoire_type", slice_str(f->type));
	put_text(&w, "territoire_code", slice_str(f->code));
	if (month->text[0])
		put_text(&w, "mois", slice_str(month->text));
	put_int(&w, "valeur", !f->masked, f->value);
	put_int(&w, "n", !f->masked, f->n);
	if (f->frozen)
		put_bool(&w, "masque", f->masked);
	put_text(&w, "definition_version", slice_str(f->version));
	put_text(&w, "portee", slice_str(f->portee));
	return end(&w);
}

enum es_err report_put_count(struct node *n, const char *name, int64_t value, int64_t count)
{
	const struct report_month always = {.from = "2000-01-01"};
	struct figure f = {.name = name, .type = n->role == ROLE_CRESS ? "region" : "pays", .version = "1", .portee = "cress",
			   .code = n->role == ROLE_CRESS ? n->rights.region : n->pays, .value = value, .n = count};

	return put_figure(n, &always, &f);
}

/* --- sending --- */

static enum es_err send_row(struct node *n, const struct report *r, const struct report_row *row)
{
	const struct report_place *place = &r->places.list[row->place];
	struct buf name;
	enum es_err err;

	buf_init(&name, 4096);
	buf_str(&name, "local.");
	report_row_name(row, &name);
	struct figure f = {.name = buf_cstr(&name), .type = report_place_types[place->type], .code = place->code,
			   .version = row->ind->version, .portee = "cress", .value = row->value, .n = row->n};
	err = put_figure(n, &r->month, &f);
	buf_done(&name);
	return err;
}

static bool goes_out(const struct report_row *row)
{
	return row->ind->sees == SEES_HOME && !row->masked && row->value != 0;
}

static bool still_sent(const struct report *r, const struct figure *f)
{
	char name[32 + REPORT_DETAIL_MAX + 64];

	for (size_t i = 0; i < r->count; i++) {
		const struct report_row *row = &r->rows[i];
		const struct report_place *place = &r->places.list[row->place];

		if (!goes_out(row) || strcmp(place->code, f->code) != 0 || strcmp(report_place_types[place->type], f->type) != 0)
			continue;
		snprintf(name, sizeof name, "local.%.60s%s%s", row->ind->code, row->detail[0] ? ":" : "", row->detail);
		if (strcmp(name, f->name) == 0)
			return true;
	}
	return false;
}

/* A count that was sent before and has become nothing is zero now. */
static enum es_err clear_sent(struct node *n, const struct report_month *month, const struct report *now)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(n->reader->db, "SELECT indicateur, territoire_type, territoire_code, coalesce(definition_version, '1')"
				      " FROM mesure WHERE pole = ?1 AND mois = ?2 AND substr(indicateur, 1, 6) = 'local.' AND valeur <> 0"
				      " AND indicateur <> '" MARK "' ORDER BY uid", &s);

	sql_bind_text(s, 1, slice_str(n->owner));
	sql_bind_text(s, 2, slice_str(month->text));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct figure f = {.name = (const char *)sqlite3_column_text(s, 0), .type = (const char *)sqlite3_column_text(s, 1),
				   .code = (const char *)sqlite3_column_text(s, 2), .version = (const char *)sqlite3_column_text(s, 3),
				   .portee = "cress"};

		if (!still_sent(now, &f))
			err = put_figure(n, month, &f);
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

enum es_err report_send(struct node *n, const struct report_month *month, int64_t *count)
{
	struct report_ask ask = {.month = *month, .everything = true};
	struct figure mark = {.name = MARK, .type = n->role == ROLE_CRESS ? "region" : "pays", .version = "1", .portee = "cress", .value = 1};
	struct report r;
	enum es_err err = n->reader ? report_compute(n->reader, &ask, &r) : ES_NOT_FOUND;

	*count = 0;
	if (err != ES_OK)
		return err;
	mark.code = n->role == ROLE_CRESS ? r.places.region : n->pays;
	err = clear_sent(n, month, &r);
	for (size_t i = 0; i < r.count && err == ES_OK; i++) {
		const struct report_row *row = &r.rows[i];

		if (!goes_out(row))
			continue;
		err = send_row(n, &r, row);
		*count += 1;
	}
	if (err == ES_OK)
		err = put_figure(n, month, &mark);
	report_done(&r);
	return err;
}

/* Months are told as AAAAMM. A node that is new has no month behind it. */
enum es_err report_send_due(struct node *n)
{
	struct report_month now, before;
	uint64_t sent, wanted;
	int64_t count;
	enum es_err err = ES_OK;

	if (!n->reader || !node_member(n) || !node_clock_steady(n) || n->fenced || n->key_replaced)
		return ES_OK;
	report_month_at(n->utc, &now);
	wanted = strtoull(now.text, NULL, 10) * 100 + strtoull(now.text + 5, NULL, 10);
	sent = node_number(n, "report_month");
	if (sent >= wanted || (sent > 0 && !node_edit_ready(n)))
		return ES_OK;
	report_month_before(&now, &before);
	if (sent > 0)
		err = report_send(n, &before, &count);
	if (sent > 0 && err == ES_OK)
		err = survey_send_all(n);
	return err == ES_OK ? node_set_number(n, "report_month", wanted) : err;
}

/* --- freezing --- */

enum es_err report_frontier_text(struct reader *r, const struct report_month *month, struct buf *out)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(r->db, "SELECT frontiere FROM rapport WHERE mois = ?1 AND pole LIKE 'cress-%' ORDER BY uid, pole LIMIT 1", &s);

	if (err != ES_OK)
		return err;
	sql_bind_text(s, 1, slice_str(month->text));
	if (sqlite3_step(s) == SQLITE_ROW) {
		struct slice text = sql_text(s, 0);

		buf_add(out, text.p, text.len);
		err = buf_err(out);
	} else {
		err = ES_NOT_FOUND;
	}
	sqlite3_finalize(s);
	return err;
}

static enum es_err freeze_row(struct node *n, const struct report *r, const struct report_row *in)
{
	struct report_row row = *in;
	const struct report_place *place = &r->places.list[row.place];
	bool home = report_row_home(&row), open = report_row_public(r, &row) && (home || row.ind->rule != SECRET_FEW);
	struct buf name;
	enum es_err err;

	if (open)
		report_row_publish(&row);
	buf_init(&name, 4096);
	report_row_name(&row, &name);
	struct figure f = {.name = buf_cstr(&name), .type = report_place_types[place->type], .code = place->code, .version = row.ind->version,
			   .portee = open ? "public" : home ? "cress" : "federation", .value = row.value, .n = row.n, .masked = row.masked, .frozen = true};
	err = put_figure(n, &r->month, &f);
	buf_done(&name);
	return err;
}

enum es_err report_write_frozen(struct node *n, const struct report *r, struct slice frontier)
{
	struct writing w;
	enum es_err err = ES_OK;

	for (size_t i = 0; i < r->count && err == ES_OK; i++)
		err = freeze_row(n, r, &r->rows[i]);
	if (err != ES_OK)
		return err;
	begin(&w, n, "rapport");
	w.e.uid = uid_of(&r->month, "rapport", "region", r->places.region);
	put_text(&w, "mois", slice_str(r->month.text));
	put_text(&w, "empreinte", slice_str(r->digest));
	put_text(&w, "format", slice_str(REPORT_FORMAT));
	put_text(&w, "frontiere", frontier);
	if (r->note.len > 0)
		put_text(&w, "note", buf_slice(&r->note));
	put_text(&w, "portee", slice_str("public"));
	return end(&w);
}

/* --- what has to be said beside the figures --- */

/* When its newest commit here was sealed, "" where there is none. */
static void last_batch(const struct node *n, const struct id16 *hub, char iso[25])
{
	const es_stamp latest = node_newest_of(n, hub);

	iso[0] = 0;
	if (latest > 0)
		stamp_text(latest, iso);
}

static bool has_sent(struct node *n, const char *owner, const struct report_month *month)
{
	sqlite3_stmt *s = NULL;
	bool yes = false;

	if (sql_prepare(n->reader->db, "SELECT 1 FROM mesure WHERE indicateur = '" MARK "' AND pole = ?1 AND mois = ?2", &s) == ES_OK) {
		sql_bind_text(s, 1, slice_str(owner));
		sql_bind_text(s, 2, slice_str(month->text));
		yes = sqlite3_step(s) == SQLITE_ROW;
	}
	sqlite3_finalize(s);
	return yes;
}

static void note_late(struct node *n, const struct report_month *month, struct buf *note, struct buf *late)
{
	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];
		char owner[NODE_OWNER_MAX], iso[25];

		rights_owner_text(m, owner, sizeof owner);
		if (m->state != MEMBER_ACTIVE || id_eq(&m->hub, &n->hub) || has_sent(n, owner, month))
			continue;
		last_batch(n, &m->hub, iso);
		buf_printf(late, "%s{\"pole\":\"%s\",\"dernier_envoi\":\"%s\"}", late->len ? "," : "", owner, iso);
		buf_printf(note, "%s%s est en retard : ses comptes de %s ne sont pas arrivés (dernier envoi : %.10s).", note->len ? "\n" : "",
			   owner, month->text, iso[0] ? iso : "aucun");
	}
}

static int64_t changes_before(const struct packed *p, es_ms cutoff)
{
	struct change ch;
	int64_t n = 0;

	for (uint32_t i = 0; i < p->count; i++)
		n += p->payload[i].present && change_read(p->payload[i].change, &ch) == ES_OK && !ch.control && ch.op == OP_PUT &&
		     stamp_ms(ch.edited) <= cutoff;
	return n;
}

/* Made before the last cut-off, sealed or come after it: counted now. */
static enum es_err count_too_late(struct node *n, uint32_t index, const struct report_base *was, uint64_t upto, int64_t *count)
{
	struct packed *packed = malloc(sizeof *packed);
	enum es_err err = packed ? ES_OK : ES_NOMEM;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	for (uint64_t seq = (index < was->count ? was->upto[index] : 0) + 1; seq <= upto && err == ES_OK; seq++) {
		buf_clear(&bytes);
		err = node_read_commit(n, index, seq, &bytes, packed);
		*count += err == ES_OK ? changes_before(packed, was->cutoff) : 0;
	}
	buf_done(&bytes);
	free(packed);
	return err;
}

static enum es_err note_too_late(struct node *n, const struct report_month *before, const struct report_base *was, const struct report_base *b,
				 struct buf *note)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < n->rights.member_count && err == ES_OK; i++) {
		const struct member *m = &n->rights.members[i];
		char owner[NODE_OWNER_MAX];
		int64_t count = 0;

		for (uint32_t k = 1; k < b->count && err == ES_OK; k++) {
			const struct head *h = &n->frontier.heads[k];

			if (id_eq(&h->hub, &m->hub) && (h->scope == SCOPE_PUBLIC || h->scope == SCOPE_FEDERATION))
				err = count_too_late(n, k, was, b->upto[k], &count);
		}
		rights_owner_text(m, owner, sizeof owner);
		if (count > 0)
			buf_printf(note, "%s%s : %lld changement(s) d'avant l'arrêté de %s, arrivé(s) après, compté(s) ici.", note->len ? "\n" : "", owner,
				   (long long)count, before->text);
	}
	return err;
}

enum es_err report_notes(struct node *n, const struct report_month *month, const struct report_base *b, struct buf *note, struct buf *late)
{
	struct report_month before;
	struct report_base was = {0};
	enum es_err err;

	note_late(n, month, note, late);
	report_month_before(month, &before);
	err = report_recorded_base(n, &before, &was);
	if (err == ES_OK)
		err = note_too_late(n, &before, &was, b, note);
	report_base_done(&was);
	return err == ES_NOT_FOUND ? ES_OK : err;
}
