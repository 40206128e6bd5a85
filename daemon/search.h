/* SPDX-License-Identifier: Apache-2.0
 *
 * Searching the directory: words, around a place, and the filters of
 * search_filters.def. A saved search (kind `alerte`) is the same, kept as the
 * query string that the API takes.
 *
 * New is what came from another hub in a commit that arrived after a given one
 * (`after`): a record counts from the first commit of it that reached this node, so
 * an edit, a restart or a rebuild makes nothing new again. */
#ifndef DAEMON_SEARCH_H
#define DAEMON_SEARCH_H

#include "daemon/reference.h"
#include "proto/schema.h"

struct reader;

enum filter_how {
	FILTER_CODE, /* the column is it, or the list has it */
	FILTER_FILLED, /* the column is filled: "1", or it is that code */
	FILTER_COMMUNE, FILTER_EPCI, FILTER_DEPARTEMENT, FILTER_PAYS, /* lies in it, or is for it */
	FILTER_OWNER, /* "morlaix", "pole-morlaix" */
	FILTER_DATE /* valid on that day */
};
enum search_filter {
#define FILTER(id, name, how, columns) SEARCH_##id,
#include "daemon/search_filters.def"
	SEARCH_FILTERS
};
extern const char *const search_filter_names[SEARCH_FILTERS];

#define SEARCH_DATE_LEN 10

struct search {
	struct slice text; /* may be empty where near, a kind or a filter is set */
	const struct schema_kind *kind; /* NULL: all */
	bool near;
	int32_t lat_e7, lon_e7;
	int64_t within_km;
	const char *filters[SEARCH_FILTERS]; /* NULL or "": none */
	char today[SEARCH_DATE_LEN + 1]; /* what ended before is over; "": nothing has */
	bool closed; /* shows what is over too */
	int64_t after; /* new since that arrival; 0: all */
	int64_t limit, offset;
};

/* Where a search's parameters come from: "" for those not given, which stay valid as
 * long as the search. */
struct search_source {
	const char *(*get)(void *ctx, const char *name);
	void *ctx;
	const struct reference *ref;
	const char *region; /* in which a commune's name is looked for */
};
/* text, kind, near, within, limit, offset, all, and the filters. `why` says what is
 * wrong: ES_UNKNOWN_KIND, ES_NOT_FOUND, ES_AMBIGUOUS, ES_BAD_VALUE. */
ES_MUST_USE enum es_err search_read(struct search *s, const struct search_source *from, struct buf *why);
/* JSON {total, items[{kind, uid, owner, scope, titre, commune, maj, recu, km?}]};
 * every word must begin a word of the record; ordered by rank then uid, by
 * distance then uid when near. */
ES_MUST_USE enum es_err reader_search(struct reader *r, const struct search *s, struct buf *json);
/* How many it finds. */
ES_MUST_USE enum es_err reader_search_count(struct reader *r, const struct search *s, int64_t *out);

#endif
