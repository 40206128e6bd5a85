/* SPDX-License-Identifier: Apache-2.0
 *
 * The page that is asked for: the hits in order, and only those of the page looked up. */
#include "daemon/search/search_parts.h"

#include <stdlib.h>
#include <string.h>

static int order_cmp(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	int order = x->order < y->order ? -1 : x->order > y->order;

	if (order == 0)
		order = memcmp(x->uid.bytes, y->uid.bytes, sizeof(x->uid.bytes));
	return order != 0 ? order : x->rec < y->rec ? -1 : x->rec > y->rec;
}

enum es_err search_id(struct searching *q, int64_t rec, struct record_id *id, unsigned *kind, es_ms *heard)
{
	sqlite3_stmt *s = q->id;
	struct slice blob;
	int rc;

	sqlite3_bind_int64(s, 1, rec);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		blob = sql_blob(s, 0);
		if (blob.len != sizeof(id->bytes))
			rc = SQLITE_CORRUPT;
		else
			memcpy(id->bytes, blob.p, blob.len);
		*kind = (unsigned)sqlite3_column_int(s, 1);
		*heard = sqlite3_column_int64(s, 2);
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_CORRUPT;
	}
	return sql_end(s, rc);
}

/* Uids are looked up only for the ties that the page touches. */
static enum es_err order_page(struct searching *q, size_t from, size_t to)
{
	struct hits *h = &q->found;
	enum es_err err = ES_OK;

	if (h->count > 1)
		qsort(h->at, h->count, sizeof(*h->at), order_cmp);
	if (from >= to || q->has_uids)
		return ES_OK;
	while (from > 0 && h->at[from - 1].order == h->at[from].order)
		from--;
	while (to < h->count && h->at[to].order == h->at[to - 1].order)
		to++;
	for (size_t i = from; i < to && err == ES_OK; i++) {
		struct record_id id;
		unsigned kind;
		es_ms heard;

		err = search_id(q, h->at[i].rec, &id, &kind, &heard);
		if (err == ES_OK)
			memcpy(h->at[i].uid.bytes, record_uid(record_slice(&id)).p, sizeof(h->at[i].uid.bytes));
	}
	if (err == ES_OK)
		qsort(h->at + from, to - from, sizeof(*h->at), order_cmp);
	return err;
}

static const char *column_name(const struct kind_map *m, int at)
{
	return at < 0 ? "rec" : m->k->fields[at].name;
}

/* A column's text; empty where the kind has none or the value is of another type. */
static struct slice column_text(sqlite3_stmt *s, int column, int at)
{
	return at < 0 || sqlite3_column_type(s, column) != SQLITE_TEXT ? slice_str("") : sql_text(s, column);
}

static void write_commune(struct searching *q, const struct kind_map *m, sqlite3_stmt *s, struct buf *json)
{
	struct slice name = column_text(s, 3, m->commune);
	const struct commune *commune;

	if (name.len == 0) {
		commune = commune_of(column_text(s, 4, m->code_insee), q->r->ref);
		if (commune != NULL)
			name = slice_str(commune->name);
	}
	if (name.len == 0)
		return;
	buf_str(json, ",\"commune\":");
	json_quote(name, json);
}

static void write_columns(struct searching *q, const struct kind_map *m, sqlite3_stmt *s, const char *uid, struct buf *json)
{
	enum scope scope = m->k->portee_default;

	if (!scope_parse(column_text(s, 1, m->portee), &scope))
		scope = m->k->portee_default;
	buf_printf(json, "{\"kind\":\"%s\",\"uid\":\"%s\",\"owner\":", m->k->name, uid);
	json_quote(sql_text(s, 0), json);
	buf_printf(json, ",\"scope\":\"%s\",\"titre\":", scope_name(scope));
	json_quote(column_text(s, 2, m->title), json);
	write_commune(q, m, s, json);
	buf_str(json, ",\"maj\":");
	json_quote(sql_text(s, 5), json);
}

static enum es_err write_hit(struct searching *q, const struct hit *hit, struct buf *json)
{
	const struct kind_map *m;
	sqlite3_stmt *s = NULL;
	struct record_id id;
	char uid[ULID_LEN + 1], recu[25];
	unsigned kind;
	es_ms heard;
	enum es_err err = search_id(q, hit->rec, &id, &kind, &heard);
	int rc;

	if (err != ES_OK)
		return err;
	m = kind_maps_find(&q->r->maps, kind);
	if (m == NULL)
		return ES_PAGE_DAMAGED;
	ulid_encode(record_uid(record_slice(&id)).p, uid);
	err = sql_preparef(q->r->db, &s, "SELECT pole, \"%w\", \"%w\", \"%w\", \"%w\", maj FROM \"%w\" WHERE rec = %lld",
			   column_name(m, m->portee), column_name(m, m->title), column_name(m, m->commune),
			   column_name(m, m->code_insee), m->k->name, (long long)hit->rec);
	if (err == ES_OK) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW)
			write_columns(q, m, s, uid, json);
		err = rc == SQLITE_DONE ? ES_PAGE_DAMAGED : sql_err(rc);
	}
	sqlite3_finalize(s);
	if (heard > 0) {
		stamp_text(stamp_at(heard), recu);
		buf_printf(json, ",\"recu\":\"%s\"", recu);
	}
	if (q->s->near)
		buf_printf(json, ",\"km\":%lld", (long long)hit->order);
	if (err == ES_OK && q->s->cards)
		err = search_card(q->r, &id, m, json);
	buf_str(json, "}");
	return err;
}

/* How many of each kind the same question finds. */
static enum es_err write_totals(struct searching *q, struct buf *json)
{
	enum es_err err = ES_OK;

	buf_str(json, ",\"totals\":{");
	for (size_t i = 0; i < SEARCH_CARDS && err == ES_OK; i++) {
		struct search other = *q->s;
		int64_t count = (int64_t)q->found.count;

		other.kind = search_card_kind(i);
		other.cards = false; /* only counted: in no order */
		if (other.kind != q->s->kind)
			err = search_count(q->r, &other, &count);
		buf_printf(json, "%s\"%s\":%lld", i ? "," : "", other.kind->name, (long long)count);
	}
	buf_str(json, "}");
	return err;
}

static int64_t next_found(void *ctx)
{
	struct searching *q = ctx;

	return q->told < q->found.count ? q->found.at[q->told++].rec : 0;
}

static enum es_err write_points(struct searching *q, struct buf *json)
{
	buf_printf(json, "{\"total\":%zu,\"points\":[", q->found.count);
	enum es_err err = search_points(q->r, q->s->kind, next_found, q, json);

	buf_str(json, "]}");
	return err == ES_OK ? buf_err(json) : err;
}

enum es_err search_write(struct searching *q, struct buf *json)
{
	size_t count = q->found.count, from, to;
	enum es_err err;

	if (q->s->points)
		return write_points(q, json);
	from = q->s->offset < 0 ? 0 : (uint64_t)q->s->offset > count ? count : (size_t)q->s->offset;
	to = q->s->limit < 0 || (uint64_t)q->s->limit > count - from ? count : from + (size_t)q->s->limit;
	err = order_page(q, from, to);
	buf_printf(json, "{\"total\":%zu,\"items\":[", count);
	for (size_t i = from; i < to && err == ES_OK; i++) {
		if (i > from)
			buf_add_u8(json, ',');
		err = write_hit(q, &q->found.at[i], json);
		if (err == ES_OK)
			err = buf_err(json);
	}
	buf_str(json, "]");
	if (err == ES_OK && q->s->cards)
		err = write_totals(q, json);
	buf_str(json, "}");
	return err == ES_OK ? buf_err(json) : err;
}
