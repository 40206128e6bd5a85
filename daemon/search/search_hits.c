/* SPDX-License-Identifier: Apache-2.0
 *
 * Which records a search is about: the words' by ascending rowid, with filters kind by kind;
 * what is over, old or beyond the reader's limit does not count. */
#include "daemon/search/search_parts.h"

#include <stdlib.h>

enum es_err hits_add(struct hits *h, int64_t rec, double order)
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

static int rec_cmp(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	return x->rec < y->rec ? -1 : x->rec > y->rec;
}

static void hits_sort(struct hits *h)
{
	if (h->count > 1)
		qsort(h->at, h->count, sizeof(*h->at), rec_cmp);
}

bool hits_have(const struct hits *h, int64_t rec)
{
	struct hit key = {.rec = rec};

	return h->count > 0 && bsearch(&key, h->at, h->count, sizeof(key), rec_cmp) != NULL;
}

bool search_counts(const struct searching *q, int64_t rec)
{
	return !hits_have(&q->over, rec) && (!q->s->fresh || hits_have(&q->fresh, rec));
}

static enum es_err take_uid(struct slice text, struct hit *hit)
{
	return ulid_decode((const char *)text.p, text.len, hit->uid.bytes) ? ES_OK : ES_PAGE_DAMAGED;
}

/* Nothing says what is nearer: what is ours, then by title. */
static bool by_title(const struct searching *q)
{
	return q->s->cards && !q->has_words && !q->s->near;
}

/* rec, order and, where the table was asked, uid; by title, the rows come in their order
 * and theirs is only whether another hub's follow ours. */
static enum es_err take_hits(struct searching *q, sqlite3_stmt *s, struct hits *into)
{
	bool has_uid = sqlite3_column_count(s) > 2, numbered = by_title(q);
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;
	double row = 0;

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t rec = sqlite3_column_int64(s, 0);

		row += numbered;
		if (!search_counts(q, rec))
			continue;
		err = hits_add(into, rec, sqlite3_column_double(s, 1) + row);
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

#define BEHIND_OURS "1e9" /* more than there are rows */

static void append_own_first(sqlite3_str *sql, const struct searching *q, const struct kind_map *m)
{
	char hub[2 * sizeof(struct id16) + 1];

	hex_encode(q->r->local.bytes, sizeof(q->r->local.bytes), hub);
	sqlite3_str_appendf(sql, "SELECT t.rec, (t.pole IS NOT (SELECT pole FROM meta_pole WHERE hub = x'%s')) * " BEHIND_OURS ", t.uid FROM \"%w\" t WHERE 1",
			    hub, m->k->name);
}

/* What a kind's filters let through, of the records with the words where there are any. */
static enum es_err prepare_kind(struct searching *q, const struct kind_map *m, const struct buf *match, sqlite3_stmt **out)
{
	sqlite3_str *sql = sqlite3_str_new(q->r->db);
	bool ranked = q->has_words && !q->s->near;
	enum es_err err;
	char *text;

	if (by_title(q))
		append_own_first(sql, q, m);
	else if (match->len > 0)
		sqlite3_str_appendf(sql, "SELECT t.rec, %s, t.uid FROM recherche r CROSS JOIN \"%w\" t ON t.rec = r.rowid"
					 " WHERE r.recherche MATCH ?1", ranked ? "r.rank" : "0", m->k->name);
	else
		sqlite3_str_appendf(sql, "SELECT t.rec, 0, t.uid FROM \"%w\" t WHERE 1", m->k->name);
	filter_where(sql, q->s, m, q->r->ref);
	if (by_title(q)) /* as its index has it (filter_create_indexes) */
		sqlite3_str_appendf(sql, " ORDER BY t.\"%w\" COLLATE NOCASE, t.uid, t.pole", m->k->title ? m->k->title : "uid");
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
	hits_sort(into);
	return err;
}

enum es_err search_listed(struct searching *q)
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
	unsigned conditions = q->s->fresh ? CLOSED_TO_COME : CLOSED_CONDITIONS; /* what is to come is news all the same */
	enum es_err err = ES_OK;

	for (unsigned c = 0; c < conditions && err == ES_OK; c++) {
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

enum es_err search_over(struct searching *q)
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
	hits_sort(&q->over);
	return err;
}

enum es_err search_fresh(struct searching *q)
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
	hits_sort(&q->fresh);
	q->nothing = q->nothing || q->fresh.count == 0;
	return err;
}
