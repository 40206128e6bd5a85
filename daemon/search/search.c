/* SPDX-License-Identifier: Apache-2.0
 *
 * A search, step by step: which records have the words and the filters, which of them lie
 * near enough, which of those may be shown, one hit for those that are linked, one page. */
#include "daemon/search/search_parts.h"

#include <stdlib.h>

#include "proto/value.h"

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

/* The index and the grid know fields that may not be shown: what they found counts only
 * where what may be shown has the words, and lies there. */
static bool stands_within(struct searching *q, struct hit *hit, const struct shown *shown, const struct kind_map *m, struct slice words)
{
	struct place place = place_of(shown, m, q->r->ref);
	struct buf text;
	bool good;

	buf_init(&text, STATE_MAX);
	search_text(shown, m, &text);
	good = shown_live(shown) && words_in(buf_slice(&text), words);
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
	enum es_err err = search_id(q, hit->rec, &id, &kind, &heard);

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
	enum es_err err = words_match(q);

	if (err == ES_OK)
		err = search_fresh(q);
	if (err != ES_OK || q->nothing)
		return err;
	err = search_over(q);
	if (err == ES_OK)
		err = search_listed(q);
	return err == ES_OK && q->s->near ? search_near(q) : err;
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
		err = search_write(&q, json);
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
