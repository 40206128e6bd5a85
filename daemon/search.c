/* SPDX-License-Identifier: Apache-2.0
 *
 * Words, filters and distance. The words give the matching records by ascending
 * rowid, with filters kind by kind; what is over is left out. Few of them are looked
 * up where they lie, many are met on the grid; only the page that is asked for is
 * looked up.
 * A record without a point of its own lies where its structure does, resolved
 * here since the structure may move or arrive later. */
#include "daemon/search_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/value.h"

#define QUERY_MAX 4096
#define KM_PER_DEGREE 111.19
#define LOOKED_UP_MAX 20000 /* records whose place is looked up one by one: the grid is not walked */

struct hit {
	int64_t rec;
	double order; /* rank, or km */
	struct id16 uid; /* filled where two hits tie */
};

struct hits {
	struct hit *at;
	size_t count, cap;
};

struct searching {
	struct reader *r;
	const struct search *s;
	bool has_words, nothing; /* nothing: words were asked, none can match */
	bool has_uids; /* those found have theirs */
	bool listed; /* `words` says which records count, also where there are none */
	struct buf match;
	struct hits words, found, over, fresh; /* all but found by rec */
	size_t told; /* of found, as points */
	sqlite3_stmt *structure, *nearest_owner, *id;
};

static enum es_err hits_add(struct hits *h, int64_t rec, double order)
{
	if (h->count == h->cap) {
		size_t cap = h->cap == 0 ? 256 : 2 * h->cap;
		struct hit *at = realloc(h->at, cap * sizeof(*at));

		if (at == NULL)
			return ES_NOMEM;
		h->at = at;
		h->cap = cap;
	}
	h->at[h->count++] = (struct hit){.rec = rec, .order = order};
	return ES_OK;
}

static bool word_byte(uint8_t c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static bool has_letters(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word_byte(word.p[i]))
			return true;
	return false;
}

static void match_word(struct searching *q, struct slice word)
{
	if (!has_letters(word))
		return;
	buf_str(&q->match, q->has_words ? " \"" : "{texte} : (\"");
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] == '"')
			buf_add_u8(&q->match, '"');
		buf_add_u8(&q->match, word.p[i]);
	}
	buf_str(&q->match, "\"*");
	q->has_words = true;
}

/* {texte} : ("latelier"* "bois"*) */
static enum es_err match_build(struct searching *q)
{
	struct buf folded;
	struct slice rest, word;
	enum es_err err;

	buf_init(&folded, QUERY_MAX * 8);
	buf_init(&q->match, QUERY_MAX * 16);
	value_fold_text(q->s->text, true, &folded);
	err = buf_err(&folded);
	rest = buf_slice(&folded);
	while (err == ES_OK && rest.len > 0) {
		const uint8_t *end = memchr(rest.p, ' ', rest.len);

		word = SLICE(rest.p, end == NULL ? rest.len : (size_t)(end - rest.p));
		match_word(q, word);
		rest = SLICE(rest.p + word.len, rest.len - word.len);
		if (rest.len > 0)
			rest = SLICE(rest.p + 1, rest.len - 1);
	}
	q->nothing = !q->has_words && (folded.len > 0 || !(q->s->near || q->s->kind != NULL || filter_given(q->s)));
	if (q->has_words)
		buf_str(&q->match, ")");
	buf_done(&folded);
	return err == ES_OK ? buf_err(&q->match) : err;
}

static int rec_cmp(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	return x->rec < y->rec ? -1 : x->rec > y->rec;
}

static bool hits_have(const struct hits *h, int64_t rec)
{
	struct hit key = {.rec = rec};

	return h->count > 0 && bsearch(&key, h->at, h->count, sizeof(key), rec_cmp) != NULL;
}

/* Neither over nor old, where that is asked. */
static bool counts(const struct searching *q, int64_t rec)
{
	return !hits_have(&q->over, rec) && (!q->s->fresh || hits_have(&q->fresh, rec));
}

static enum es_err take_uid(struct slice text, struct hit *hit)
{
	return ulid_decode((const char *)text.p, text.len, hit->uid.bytes) ? ES_OK : ES_PAGE_DAMAGED;
}

/* rec, order and, where the table was asked, uid. */
static enum es_err take_hits(struct searching *q, sqlite3_stmt *s, struct hits *into)
{
	bool has_uid = sqlite3_column_count(s) > 2;
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t rec = sqlite3_column_int64(s, 0);

		if (!counts(q, rec))
			continue;
		err = hits_add(into, rec, sqlite3_column_double(s, 1));
		if (err == ES_OK && has_uid)
			err = take_uid(sql_text(s, 2), &into->at[into->count - 1]);
	}
	return err == ES_OK ? sql_err(rc) : err;
}

static enum es_err find_words(struct searching *q, struct hits *into)
{
	const char *sql = q->s->near ? "SELECT rowid, 0 FROM recherche WHERE recherche MATCH ?1" :
				       "SELECT rowid, rank FROM recherche WHERE recherche MATCH ?1";
	sqlite3_stmt *s = NULL;
	enum es_err err;

	if (q->s->kind != NULL)
		buf_printf(&q->match, " AND genre : \"%s\"", q->s->kind->name);
	err = buf_err(&q->match);
	if (err == ES_OK)
		err = sql_prepare(q->r->db, sql, &s);
	if (err == ES_OK) {
		sql_bind_text(s, 1, buf_slice(&q->match));
		err = take_hits(q, s, into);
	}
	sqlite3_finalize(s);
	return err;
}

/* Nothing says what is nearer: what is ours, then by title. */
static void append_own_first(sqlite3_str *sql, const struct searching *q, const struct kind_map *m)
{
	char hub[2 * sizeof(struct id16) + 1];

	hex_encode(q->r->local.bytes, sizeof(q->r->local.bytes), hub);
	sqlite3_str_appendf(sql, "SELECT t.rec, row_number() OVER (ORDER BY t.pole IS NOT (SELECT pole FROM meta_pole WHERE hub = x'%s'),"
				 " \"%w\" COLLATE NOCASE, t.uid, t.pole), t.uid FROM \"%w\" t WHERE 1", hub, m->k->fields[m->title].name, m->k->name);
}

/* What a kind's filters let through, of the records with the words where there are any. */
static enum es_err prepare_kind(struct searching *q, const struct kind_map *m, const struct buf *match, sqlite3_stmt **out)
{
	sqlite3_str *sql = sqlite3_str_new(q->r->db);
	bool ranked = q->has_words && !q->s->near;
	enum es_err err;
	char *text;

	if (q->s->cards && !q->has_words && !q->s->near)
		append_own_first(sql, q, m);
	else if (match->len > 0)
		sqlite3_str_appendf(sql, "SELECT t.rec, %s, t.uid FROM recherche r CROSS JOIN \"%w\" t ON t.rec = r.rowid"
					 " WHERE r.recherche MATCH ?1", ranked ? "r.rank" : "0", m->k->name);
	else
		sqlite3_str_appendf(sql, "SELECT t.rec, 0, t.uid FROM \"%w\" t WHERE 1", m->k->name);
	filter_where(sql, q->s, m, q->r->ref);
	text = sqlite3_str_finish(sql);
	err = text == NULL ? ES_NOMEM : sql_prepare(q->r->db, text, out);
	sqlite3_free(text);
	return err;
}

static enum es_err find_kind(struct searching *q, const struct kind_map *m, struct hits *into)
{
	sqlite3_stmt *s = NULL;
	struct buf match;
	enum es_err err;

	buf_init(&match, QUERY_MAX * 32);
	buf_add(&match, q->match.p, q->match.len);
	filter_match(&match, q->s, m);
	if (match.len > 0)
		buf_printf(&match, " AND genre : \"%s\"", m->k->name);
	err = buf_err(&match);
	if (err == ES_OK)
		err = prepare_kind(q, m, &match, &s);
	if (err == ES_OK && match.len > 0)
		sql_bind_text(s, 1, buf_slice(&match));
	if (err == ES_OK)
		err = take_hits(q, s, into);
	sqlite3_finalize(s);
	buf_done(&match);
	return err;
}

static bool kind_searched(const struct searching *q, const struct kind_map *m)
{
	return q->s->kind == NULL || q->s->kind == m->k;
}

/* By ascending rec, as bsearch wants them. */
static enum es_err find_kinds(struct searching *q, struct hits *into)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < q->r->maps.count && err == ES_OK; i++)
		if (kind_searched(q, &q->r->maps.at[i]) && filter_applies(q->s, &q->r->maps.at[i]))
			err = find_kind(q, &q->r->maps.at[i], into);
	if (err == ES_OK && into->count > 1)
		qsort(into->at, into->count, sizeof(*into->at), rec_cmp);
	return err;
}

/* Filters, and a kind as a whole, are asked of the tables; words alone of their index. */
static enum es_err find_listed(struct searching *q)
{
	struct hits *into = q->s->near ? &q->words : &q->found;

	if (filter_given(q->s) || (!q->has_words && !q->s->near)) {
		q->listed = true;
		q->has_uids = !q->s->near;
		return find_kinds(q, into);
	}
	q->listed = q->has_words;
	return q->has_words ? find_words(q, into) : ES_OK;
}

/* --- what does not count --- */

static enum es_err take_recs(struct searching *q, sqlite3_str *sql, struct hits *into)
{
	char *text = sqlite3_str_finish(sql);
	sqlite3_stmt *s = NULL;
	enum es_err err = text == NULL ? ES_NOMEM : sql_prepare(q->r->db, text, &s);
	int rc = SQLITE_DONE;

	sqlite3_free(text);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = hits_add(into, sqlite3_column_int64(s, 0), 0);
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static enum es_err find_over_of(struct searching *q, const struct schema_kind *k)
{
	const char *on = q->s->filters[SEARCH_VALID_ON];
	const char *day = on != NULL && on[0] != '\0' ? on : q->s->today;
	enum es_err err = ES_OK;

	for (unsigned c = 0; c < CLOSED_CONDITIONS && err == ES_OK; c++) {
		sqlite3_str *sql = sqlite3_str_new(q->r->db);

		sqlite3_str_appendf(sql, "SELECT rec FROM \"%w\" WHERE ", k->name);
		if (filter_closed(sql, k, c, day))
			err = take_recs(q, sql, &q->over);
		else
			sqlite3_free(sqlite3_str_finish(sql));
	}
	return err;
}

/* A reader with a limit: records beyond it are as if they were over. */
static enum es_err find_beyond(struct searching *q, const struct schema_kind *k)
{
	sqlite3_str *sql = sqlite3_str_new(q->r->db);
	char within[READER_WITHIN_MAX];

	reader_within_sql(q->r, k, within);
	sqlite3_str_appendf(sql, "SELECT rec FROM \"%w\" WHERE NOT (%s)", k->name, within);
	return take_recs(q, sql, &q->over);
}

static enum es_err find_over(struct searching *q)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < q->r->maps.count && err == ES_OK; i++) {
		const struct kind_map *m = &q->r->maps.at[i];

		if (!kind_searched(q, m))
			continue;
		if (!q->s->closed)
			err = find_over_of(q, m->k);
		if (err == ES_OK && q->r->within < SCOPE_LOCAL)
			err = find_beyond(q, m->k);
	}
	if (q->over.count > 1)
		qsort(q->over.at, q->over.count, sizeof(*q->over.at), rec_cmp);
	return err;
}

static enum es_err find_fresh(struct searching *q)
{
	char hub[2 * sizeof(struct id16) + 1];
	sqlite3_str *sql;
	enum es_err err;

	if (!q->s->fresh)
		return ES_OK;
	hex_encode(q->r->local.bytes, sizeof(q->r->local.bytes), hub);
	sql = sqlite3_str_new(q->r->db);
	sqlite3_str_appendf(sql, "SELECT rec FROM etat WHERE arrivee > %lld AND substr(id, 1, 16) <> x'%s'",
			    (long long)q->s->after, hub);
	err = take_recs(q, sql, &q->fresh);
	if (q->fresh.count > 1)
		qsort(q->fresh.at, q->fresh.count, sizeof(*q->fresh.at), rec_cmp);
	q->nothing = q->nothing || q->fresh.count == 0;
	return err;
}

/* --- around a place --- */

static bool is_listed(const struct searching *q, int64_t rec)
{
	return q->listed ? hits_have(&q->words, rec) : counts(q, rec);
}

static enum es_err consider(struct searching *q, int64_t rec, int32_t lat_e7, int32_t lon_e7)
{
	int64_t km = value_distance_km(q->s->lat_e7, q->s->lon_e7, lat_e7, lon_e7);

	return km <= q->s->within_km ? hits_add(&q->found, rec, (double)km) : ES_OK;
}

/* How many degrees of longitude the circle covers at most, 180 where it
 * reaches a pole. */
static double reach_longitude(double lat, double reach)
{
	double top = fabs(lat) + reach;

	if (top >= 89.9)
		return 180;
	return fmin(180, reach / cos(top * 3.14159265358979323846 / 180) + 0.1);
}

struct box {
	int row_from, row_to, column_from, column_to;
};

static struct box box_around(const struct search *s)
{
	double lat = s->lat_e7 / 1e7, lon = s->lon_e7 / 1e7;
	double reach = fmin(180, ((double)s->within_km + 1) / KM_PER_DEGREE + 0.01);
	double wide = reach_longitude(lat, reach);
	struct box b = {.column_from = 0, .column_to = PLACE_COLUMNS - 1};

	b.row_from = place_row((int64_t)(fmax(lat - reach, -90) * 1e7));
	b.row_to = place_row((int64_t)(fmin(lat + reach, 90) * 1e7));
	/* Across the 180th meridian the whole row is read. */
	if (lon - wide > -180 && lon + wide < 180) {
		b.column_from = place_column((int64_t)((lon - wide) * 1e7));
		b.column_to = place_column((int64_t)((lon + wide) * 1e7));
	}
	return b;
}

static int kind_number(const struct searching *q)
{
	return q->s->kind == NULL ? -1 : q->s->kind->no;
}

static enum es_err row_of_grid(struct searching *q, sqlite3_stmt *s, int row, const struct box *b)
{
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	sqlite3_bind_int(s, 1, row * PLACE_COLUMNS + b->column_from);
	sqlite3_bind_int(s, 2, row * PLACE_COLUMNS + b->column_to);
	sqlite3_bind_int(s, 3, kind_number(q));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t rec = sqlite3_column_int64(s, 0);

		if (is_listed(q, rec))
			err = consider(q, rec, sqlite3_column_int(s, 1), sqlite3_column_int(s, 2));
	}
	sqlite3_reset(s);
	return err == ES_OK ? sql_err(rc) : err;
}

static enum es_err find_own_points(struct searching *q)
{
	struct box b = box_around(q->s);
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(q->r->db,
		"SELECT rec, lat, lon FROM point WHERE cell BETWEEN ?1 AND ?2 AND (?3 < 0 OR kind = ?3)", &s);

	for (int row = b.row_from; row <= b.row_to && err == ES_OK; row++)
		err = row_of_grid(q, s, row, &b);
	sqlite3_finalize(s);
	return err;
}

/* Where several hubs hold a structure of that uid, the record's own hub's. */
static int step_owner(struct searching *q, struct slice uid, int64_t rec)
{
	sqlite3_stmt *s = q->nearest_owner;

	sqlite3_reset(s);
	sql_bind_text(s, 1, uid);
	sqlite3_bind_int64(s, 2, rec);
	return sqlite3_step(s);
}

static enum es_err consider_at(struct searching *q, sqlite3_stmt *s, int64_t rec)
{
	if (sqlite3_column_type(s, 0) == SQLITE_NULL)
		return ES_OK;
	return consider(q, rec, sqlite3_column_int(s, 0), sqlite3_column_int(s, 1));
}

static enum es_err consider_structure(struct searching *q, int64_t rec, struct slice uid)
{
	sqlite3_stmt *s = q->structure;
	enum es_err err = ES_OK;
	int rc;

	sql_bind_text(s, 1, uid);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && sqlite3_column_int(s, 2) > 1) {
		rc = step_owner(q, uid, rec);
		if (rc == SQLITE_ROW)
			err = consider_at(q, q->nearest_owner, rec);
	} else if (rc == SQLITE_ROW) {
		err = consider_at(q, s, rec);
	}
	sqlite3_reset(s);
	sqlite3_reset(q->nearest_owner);
	return err == ES_OK ? sql_err(rc) : err;
}

static enum es_err find_by_structure(struct searching *q)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(q->r->db,
		"SELECT rec, structure FROM point WHERE cell IS NULL AND (?1 < 0 OR kind = ?1)", &s);
	int rc = SQLITE_DONE;

	if (err == ES_OK)
		sqlite3_bind_int(s, 1, kind_number(q));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t rec = sqlite3_column_int64(s, 0);

		if (is_listed(q, rec))
			err = consider_structure(q, rec, sql_text(s, 1));
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static enum es_err prepare_near(struct searching *q)
{
	enum es_err err = sql_prepare(q->r->db,
		"SELECT p.lat, p.lon, count(*) FROM structure t LEFT JOIN point p ON p.rec = t.rec WHERE t.uid = ?1", &q->structure);

	if (err != ES_OK)
		return err;
	return sql_prepare(q->r->db,
		"SELECT p.lat, p.lon FROM structure t JOIN etat e ON e.rec = t.rec LEFT JOIN point p ON p.rec = t.rec"
		" WHERE t.uid = ?1 ORDER BY substr(e.id, 1, 16) <> (SELECT substr(id, 1, 16) FROM etat WHERE rec = ?2), t.pole"
		" LIMIT 1", &q->nearest_owner);
}

/* One by one where they are few. */
static enum es_err find_looked_up(struct searching *q)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(q->r->db, "SELECT lat, lon, structure FROM point WHERE rec = ?1", &s);

	for (size_t i = 0; i < q->words.count && err == ES_OK; i++) {
		int64_t rec = q->words.at[i].rec;
		int rc;

		sqlite3_bind_int64(s, 1, rec);
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW && sqlite3_column_type(s, 2) != SQLITE_NULL)
			err = consider_structure(q, rec, sql_text(s, 2));
		else if (rc == SQLITE_ROW)
			err = consider_at(q, s, rec);
		rc = sqlite3_reset(s);
		if (err == ES_OK)
			err = sql_err(rc);
	}
	sqlite3_finalize(s);
	return err;
}

static enum es_err find_near(struct searching *q)
{
	enum es_err err = prepare_near(q);

	if (err == ES_OK && q->listed && q->words.count <= LOOKED_UP_MAX)
		return find_looked_up(q);
	if (err == ES_OK)
		err = find_own_points(q);
	if (err == ES_OK)
		err = find_by_structure(q);
	return err;
}

static int order_cmp(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	int order = x->order < y->order ? -1 : x->order > y->order;

	if (order == 0)
		order = memcmp(x->uid.bytes, y->uid.bytes, sizeof(x->uid.bytes));
	return order != 0 ? order : rec_cmp(a, b);
}

static enum es_err read_id(struct searching *q, int64_t rec, struct record_id *id, unsigned *kind, es_ms *heard)
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

		err = read_id(q, h->at[i].rec, &id, &kind, &heard);
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
	enum es_err err = read_id(q, hit->rec, &id, &kind, &heard);
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

static enum es_err write_page(struct searching *q, struct buf *json)
{
	size_t count = q->found.count, from, to;
	enum es_err err;

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

/* --- one hit for records that are linked --- */

struct tie {
	int64_t alias, canonical;
	bool shown; /* the canonical one is found too */
};

static int tie_cmp(const void *a, const void *b)
{
	const struct tie *x = a, *y = b;

	return x->alias < y->alias ? -1 : x->alias > y->alias;
}

static struct tie *tie_of(struct tie *ties, size_t count, int64_t alias)
{
	struct tie key = {.alias = alias};

	return count > 0 ? bsearch(&key, ties, count, sizeof key, tie_cmp) : NULL;
}

static enum es_err read_ties(struct reader *r, const char *sql, struct tie **out, size_t *count)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(r->db, sql, &s);

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct tie *more = realloc(*out, (*count + 1) * sizeof *more);

		if (!more) {
			err = ES_NOMEM;
			break;
		}
		*out = more;
		more[(*count)++] = (struct tie){.alias = sqlite3_column_int64(s, 0), .canonical = sqlite3_column_int64(s, 1)};
	}
	sqlite3_finalize(s);
	return err == ES_OK ? sql_err(rc) : err;
}

static void drop_shown(struct hits *h, struct tie *ties, size_t tie_count, struct tie *heads, size_t head_count)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->count; i++) {
		struct tie *head = tie_of(heads, head_count, h->at[i].rec);

		if (head)
			head->shown = true;
	}
	for (size_t i = 0; i < h->count; i++) {
		struct tie *tie = tie_of(ties, tie_count, h->at[i].rec);
		struct tie *head = tie ? tie_of(heads, head_count, tie->canonical) : NULL;

		if (!head || !head->shown)
			h->at[kept++] = h->at[i];
	}
	h->count = kept;
}

/* An alias whose record of reference is found too is no hit of its own (W3). */
static enum es_err fold_aliases(struct searching *q)
{
	struct tie *ties = NULL, *heads = NULL;
	size_t tie_count = 0, head_count = 0;
	enum es_err err = read_ties(q->r, "SELECT rec, lien FROM alias WHERE lien IS NOT NULL ORDER BY rec", &ties, &tie_count);

	if (err == ES_OK && tie_count > 0)
		err = read_ties(q->r, "SELECT DISTINCT lien, 0 FROM alias WHERE lien IS NOT NULL ORDER BY lien", &heads, &head_count);
	if (err == ES_OK)
		drop_shown(&q->found, ties, tie_count, heads, head_count);
	free(ties);
	free(heads);
	return err;
}

/* --- a reader with a limit --- */

/* Does the text have a word that starts so? */
static bool has_word(struct slice text, struct slice word)
{
	for (size_t i = 0; i + word.len <= text.len; i++)
		if ((i == 0 || !word_byte(text.p[i - 1])) && memcmp(text.p + i, word.p, word.len) == 0)
			return true;
	return false;
}

static bool has_words(struct slice text, struct slice words)
{
	while (words.len > 0) {
		const uint8_t *end = memchr(words.p, ' ', words.len);
		size_t len = end == NULL ? words.len : (size_t)(end - words.p);

		if (has_letters(SLICE(words.p, len)) && !has_word(text, SLICE(words.p, len)))
			return false;
		words = SLICE(words.p + len, words.len - len);
		if (words.len > 0)
			words = SLICE(words.p + 1, words.len - 1);
	}
	return true;
}

/* The index and the grid know fields that may not be shown: what they found counts only
 * where what may be shown has the words, and lies there. */
static bool stands_within(struct searching *q, struct hit *hit, const struct shown *shown, const struct kind_map *m, struct slice words)
{
	struct place place = place_of(shown, m, q->r->ref);
	struct buf text;
	bool good;

	buf_init(&text, STATE_MAX);
	search_text(shown, m, &text);
	good = shown_live(shown) && has_words(buf_slice(&text), words);
	buf_done(&text);
	if (q->s->near && place.known && !place.by_structure)
		hit->order = (double)value_distance_km(q->s->lat_e7, q->s->lon_e7, place.lat_e7, place.lon_e7);
	return good && (!q->s->near || (place.known && hit->order <= (double)q->s->within_km));
}

static enum es_err keep_shown(struct searching *q, struct slice words, size_t from, size_t *kept)
{
	struct hit *hit = &q->found.at[from];
	const struct kind_map *m;
	struct record_id id;
	struct shown shown;
	struct buf state;
	unsigned kind;
	es_ms heard;
	enum es_err err = read_id(q, hit->rec, &id, &kind, &heard);

	if (err != ES_OK)
		return err;
	m = kind_maps_find(&q->r->maps, kind);
	buf_init(&state, STATE_MAX);
	err = reader_state(q->r, &id, kind, &state);
	if (err == ES_OK && m != NULL) {
		shown_read_within(&shown, m, q->r->within, buf_slice(&state));
		if (stands_within(q, hit, &shown, m, words))
			q->found.at[(*kept)++] = *hit;
	}
	buf_done(&state);
	return err;
}

static enum es_err find_shown(struct searching *q)
{
	struct buf words;
	size_t kept = 0;
	enum es_err err = ES_OK;

	if (q->r->within == SCOPE_LOCAL)
		return ES_OK;
	buf_init(&words, QUERY_MAX * 8);
	value_fold_text(q->s->text, true, &words);
	err = buf_err(&words);
	for (size_t i = 0; i < q->found.count && err == ES_OK; i++)
		err = keep_shown(q, buf_slice(&words), i, &kept);
	buf_done(&words);
	q->found.count = kept;
	return err;
}

static enum es_err search_look(struct searching *q)
{
	enum es_err err = match_build(q);

	if (err == ES_OK)
		err = find_fresh(q);
	if (err != ES_OK || q->nothing)
		return err;
	err = find_over(q);
	if (err == ES_OK)
		err = find_listed(q);
	return err == ES_OK && q->s->near ? find_near(q) : err;
}

static enum es_err search_find(struct searching *q)
{
	enum es_err err = search_look(q);

	if (err == ES_OK && !q->nothing)
		err = find_shown(q);
	return err == ES_OK && !q->nothing ? fold_aliases(q) : err;
}

static enum es_err search_prepare(struct searching *q)
{
	return sql_prepare(q->r->db, "SELECT id, kind, recu FROM etat WHERE rec = ?1", &q->id);
}

static void search_done(struct searching *q)
{
	sqlite3_finalize(q->structure);
	sqlite3_finalize(q->nearest_owner);
	sqlite3_finalize(q->id);
	buf_done(&q->match);
	free(q->words.at);
	free(q->found.at);
	free(q->over.at);
	free(q->fresh.at);
}

enum es_err search_page(struct reader *r, const struct search *s, struct buf *json)
{
	struct searching q = {.r = r, .s = s};
	enum es_err err = search_prepare(&q);

	if (err == ES_OK)
		err = search_find(&q);
	if (err == ES_OK)
		err = s->points ? write_points(&q, json) : write_page(&q, json);
	search_done(&q);
	return err;
}

enum es_err search_count(struct reader *r, const struct search *s, int64_t *out)
{
	struct searching q = {.r = r, .s = s};
	enum es_err err = search_prepare(&q);

	if (err == ES_OK)
		err = search_find(&q);
	if (err == ES_OK)
		*out = (int64_t)q.found.count;
	search_done(&q);
	return err;
}

enum es_err reader_search(struct reader *r, const struct search *s, struct buf *json)
{
	enum es_err err = reader_begin(r);

	if (err == ES_OK)
		err = search_page(r, s, json);
	reader_end(r);
	return err;
}
