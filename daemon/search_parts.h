/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters as SQL: between search_filter.c, search.c and the directory's tables. */
#ifndef DAEMON_SEARCH_PARTS_H
#define DAEMON_SEARCH_PARTS_H

#include "daemon/directory_sql.h"

/* reader_search, and how much it finds, inside a transaction of the reader's. */
ES_MUST_USE enum es_err search_page(struct reader *r, const struct search *s, struct buf *json);
ES_MUST_USE enum es_err search_count(struct reader *r, const struct search *s, int64_t *out);

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
ES_MUST_USE enum es_err filter_check(const struct search *s, enum search_filter f, const struct reference *ref, struct buf *why);

/* Each condition under which a record of the kind is over; `day`: "YYYY-MM-DD". */
enum { CLOSED_CONDITIONS = 3 };
bool filter_closed(sqlite3_str *sql, const struct schema_kind *k, unsigned condition, const char *day);
/* The directory's indexes that they stand on. */
ES_MUST_USE enum es_err filter_create_indexes(sqlite3 *db, const struct schema_kind *k);

#endif
