/* SPDX-License-Identifier: Apache-2.0
 *
 * A search's inside. Its words (search_words.c) and filters (search_filter.c) give records
 * (search_hits.c), a place keeps those around it (search_near.c), and the page that is
 * asked for is written (search_page.c); search.c is these steps in order. */
#ifndef DAEMON_SEARCH_PARTS_H
#define DAEMON_SEARCH_PARTS_H

#include "daemon/directory/directory_sql.h"

/* reader_search, and how much it finds, inside a transaction of the reader's. */
ES_MUST_USE enum es_err search_page(struct reader *r, const struct search *s, struct buf *json);
ES_MUST_USE enum es_err search_count(struct reader *r, const struct search *s, int64_t *out);

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

#define QUERY_MAX 4096

ES_MUST_USE enum es_err hits_add(struct hits *h, int64_t rec, double order);
bool hits_have(const struct hits *h, int64_t rec);

/* {texte} : ("latelier"* "bois"*) in `match`; whether there are words at all. */
ES_MUST_USE enum es_err words_match(struct searching *q);
/* Has the text a word that starts so, for each of them? Both folded. */
bool words_in(struct slice text, struct slice words);
/* What does not count, by rec; `fresh` only where it is asked. */
ES_MUST_USE enum es_err search_over(struct searching *q);
ES_MUST_USE enum es_err search_fresh(struct searching *q);
/* Neither over nor old, where that is asked. */
bool search_counts(const struct searching *q, int64_t rec);
/* Filters, and a kind as a whole, are asked of the tables; words alone of their index. */
ES_MUST_USE enum es_err search_listed(struct searching *q);
/* Those listed that lie in the circle are found. */
ES_MUST_USE enum es_err search_near(struct searching *q);
/* Whose record it is. */
ES_MUST_USE enum es_err search_id(struct searching *q, int64_t rec, struct record_id *id, unsigned *kind, es_ms *heard);
/* The page's hits as reader_search answers them. */
ES_MUST_USE enum es_err search_write(struct searching *q, struct buf *json);

/* What `cards` adds to a hit: ,"data":{},"structure":{},"lat":,"lon":. */
#define SEARCH_CARDS 3
const struct schema_kind *search_card_kind(size_t i);
bool search_is_card(const struct schema_kind *k);
ES_MUST_USE enum es_err search_card(struct reader *r, const struct record_id *id, const struct kind_map *m, struct buf *json);

/* Where those records of a kind of the cards lie: [lat, lon, how many]... `next` gives one
 * after another, then 0. */
ES_MUST_USE enum es_err search_points(struct reader *r, const struct schema_kind *k, int64_t (*next)(void *ctx), void *ctx, struct buf *json);

bool filter_given(const struct search *s);
/* Has the kind all the filters that are given? */
bool filter_applies(const struct search *s, const struct kind_map *m);
/* " AND (...)" for each filter, over the kind's table named t. */
void filter_where(sqlite3_str *sql, const struct search *s, const struct kind_map *m, const struct reference *ref);
/* What those filters say that the word index knows: ` AND {texte} : "..."`. */
void filter_match(struct buf *match, const struct search *s, const struct kind_map *m);
/* What the value must be. */
ES_MUST_USE enum es_err filter_check(const struct search *s, enum search_filter f, const struct search_source *from, struct buf *why);

/* Each condition under which a record of the kind is over, or still to come; `day`: "YYYY-MM-DD". */
enum { CLOSED_TO_COME = 3, CLOSED_CONDITIONS };
bool filter_closed(sqlite3_str *sql, const struct schema_kind *k, unsigned condition, const char *day);
/* The directory's indexes that they stand on. */
ES_MUST_USE enum es_err filter_create_indexes(sqlite3 *db, const struct schema_kind *k);

#endif
