/* SPDX-License-Identifier: Apache-2.0
 *
 * Words and distance. The words give the matching records by ascending rowid;
 * the grid gives those in reach; only the page that is asked for is looked up.
 * A record without a point of its own lies where its structure does, resolved
 * here since the structure may move or arrive later. */
#include "daemon/directory_sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/value.h"

#define QUERY_MAX 4096
#define KM_PER_DEGREE 111.19

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
	struct buf match;
	struct hits words, found;
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

static void match_word(struct searching *q, struct slice word)
{
	bool any = false;

	for (size_t i = 0; i < word.len; i++)
		any = any || word_byte(word.p[i]);
	if (!any)
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

/* {texte} : ("latelier"* "bois"*) AND genre : "structure" */
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
	q->nothing = !q->has_words && (folded.len > 0 || !q->s->near);
	if (q->has_words)
		buf_str(&q->match, ")");
	if (q->has_words && q->s->kind != NULL)
		buf_printf(&q->match, " AND genre : \"%s\"", q->s->kind->name);
	buf_done(&folded);
	return err == ES_OK ? buf_err(&q->match) : err;
}

static enum es_err find_words(struct searching *q)
{
	struct hits *into = q->s->near ? &q->words : &q->found;
	const char *sql = q->s->near ? "SELECT rowid, 0 FROM recherche WHERE recherche MATCH ?1" :
				       "SELECT rowid, rank FROM recherche WHERE recherche MATCH ?1";
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(q->r->db, sql, &s);
	int rc = SQLITE_DONE;

	if (err == ES_OK)
		sql_bind_text(s, 1, buf_slice(&q->match));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = hits_add(into, sqlite3_column_int64(s, 0), sqlite3_column_double(s, 1));
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static int rec_cmp(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	return x->rec < y->rec ? -1 : x->rec > y->rec;
}

/* FTS5 answers by ascending rowid. */
static bool has_the_words(const struct searching *q, int64_t rec)
{
	struct hit key = {.rec = rec};

	return !q->has_words || (q->words.count > 0 && bsearch(&key, q->words.at, q->words.count, sizeof(key), rec_cmp) != NULL);
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

		if (has_the_words(q, rec))
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

		if (has_the_words(q, rec))
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

static enum es_err find_near(struct searching *q)
{
	enum es_err err = prepare_near(q);

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

static enum es_err read_id(struct searching *q, int64_t rec, struct record_id *id, unsigned *kind)
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
	if (from >= to)
		return ES_OK;
	while (from > 0 && h->at[from - 1].order == h->at[from].order)
		from--;
	while (to < h->count && h->at[to].order == h->at[to - 1].order)
		to++;
	for (size_t i = from; i < to && err == ES_OK; i++) {
		struct record_id id;
		unsigned kind;

		err = read_id(q, h->at[i].rec, &id, &kind);
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
	json_string(name, json);
}

static void write_columns(struct searching *q, const struct kind_map *m, sqlite3_stmt *s, const char *uid, struct buf *json)
{
	enum scope scope = m->k->portee_default;

	if (!scope_parse(column_text(s, 1, m->portee), &scope))
		scope = m->k->portee_default;
	buf_printf(json, "{\"kind\":\"%s\",\"uid\":\"%s\",\"owner\":", m->k->name, uid);
	json_string(sql_text(s, 0), json);
	buf_printf(json, ",\"scope\":\"%s\",\"titre\":", scope_name(scope));
	json_string(column_text(s, 2, m->title), json);
	write_commune(q, m, s, json);
	buf_str(json, ",\"maj\":");
	json_string(sql_text(s, 5), json);
}

static enum es_err write_hit(struct searching *q, const struct hit *hit, struct buf *json)
{
	const struct kind_map *m;
	sqlite3_stmt *s = NULL;
	struct record_id id;
	char uid[ULID_LEN + 1];
	unsigned kind;
	enum es_err err = read_id(q, hit->rec, &id, &kind);
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
	if (q->s->near)
		buf_printf(json, ",\"km\":%lld", (long long)hit->order);
	buf_str(json, "}");
	return err;
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
	buf_str(json, "]}");
	return err == ES_OK ? buf_err(json) : err;
}

static enum es_err search_run(struct searching *q, struct buf *json)
{
	enum es_err err = match_build(q);

	if (err == ES_OK)
		err = sql_prepare(q->r->db, "SELECT id, kind FROM etat WHERE rec = ?1", &q->id);
	if (err == ES_OK && q->has_words)
		err = find_words(q);
	if (err == ES_OK && q->s->near && !q->nothing)
		err = find_near(q);
	return err == ES_OK ? write_page(q, json) : err;
}

enum es_err reader_search(struct reader *r, const struct search *s, struct buf *json)
{
	struct searching q = {.r = r, .s = s};
	enum es_err err = reader_begin(r);

	if (err == ES_OK)
		err = search_run(&q, json);
	sqlite3_finalize(q.structure);
	sqlite3_finalize(q.nearest_owner);
	sqlite3_finalize(q.id);
	buf_done(&q.match);
	free(q.words.at);
	free(q.found.at);
	reader_end(r);
	return err;
}
