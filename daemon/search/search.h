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

#include "daemon/reference/reference.h"
#include "common/crypto.h"
#include "proto/schema.h"

struct reader;

enum filter_how {
	FILTER_CODE, /* the column is it, or the list has it */
	FILTER_FILLED, /* the column is filled: "1", or it is that code */
	FILTER_COMMUNE, FILTER_EPCI, FILTER_DEPARTEMENT, FILTER_PAYS, /* lies in it, or is for it */
	FILTER_OWNER, /* "morlaix", "pole-morlaix" */
	FILTER_DATE, /* valid on that day */
	FILTER_LATE /* "1": its deadline is past */
};
enum search_filter {
#define FILTER(id, name, how, columns) SEARCH_##id,
#include "daemon/search/search_filters.def"
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
	char today[SEARCH_DATE_LEN + 1]; /* what ended before is over, what begins later to come; "": nothing has */
	bool closed; /* shows what is over or to come too */
	bool points; /* instead of items, where they lie: a kind of the cards */
	bool cards; /* as the page lists them: more of each, and how many of each of its kinds */
	bool fresh; /* only what is new... */
	int64_t after; /* ...since that arrival */
	int64_t limit, offset;
};

/* Where a search's parameters come from: "" for those not given, which stay valid as
 * long as the search. */
struct search_source {
	const char *(*get)(void *ctx, const char *name);
	void *ctx;
	const struct reference *ref;
	const char *region; /* in which a commune's name is looked for */
	struct reader *reader; /* in which codes are looked for; NULL: whatever may be one is */
};
/* The parameters of search_parameter. `why` says what is wrong: ES_UNKNOWN_KIND, ES_NOT_FOUND,
 * ES_AMBIGUOUS, ES_BAD_VALUE. */
ES_MUST_USE enum es_err search_read(struct search *s, const struct search_source *from, struct buf *why);
/* Is that one of text (or q), kind, near, within, limit, offset, all, cards, points, or a filter? One that is not,
 * misspelt, would find everything: `why` says it with those that are. ES_BAD_VALUE. A search that was saved is not
 * asked this again: another version may have known more. */
ES_MUST_USE enum es_err search_parameter(const char *name, struct buf *why);
/* A query string's parameters, decoded: text=bois&kind=offre. */
#define SEARCH_QUERY_MAX 1000
#define SEARCH_PARAMETERS_MAX 32
struct search_query {
	char text[SEARCH_QUERY_MAX + 1];
	struct {
		const char *name, *value;
	} parameters[SEARCH_PARAMETERS_MAX];
	size_t count;
};
ES_MUST_USE bool search_query_parse(struct search_query *q, struct slice text);
const char *search_query_get(void *q, const char *name); /* a search_source's */
/* All its names are known. */
ES_MUST_USE enum es_err search_query_check(const struct search_query *q, struct buf *why);
/* JSON {total, items[{kind, uid, owner, scope, titre, commune, maj, recu?, km?}]}, `recu`
 * being when its last change came here from another hub; every word must begin a word
 * of the record; ordered by rank then uid, by distance then uid when near. With `cards`
 * "totals":{structure, offre, besoin}, and items have data{}, structure{uid, nom, commune},
 * lat and lon where they may be drawn; without words or place the local hub's come first,
 * then by title. With `points` {total, points[[lat, lon, how many]]} alone: cells of a
 * hundredth of a degree. */
ES_MUST_USE enum es_err reader_search(struct reader *r, const struct search *s, struct buf *json);
/* JSON {jusqu_a, items[{uid, titre, critere, actif, nouveaux, fiches?}]}: the saved
 * searches by uid and what is new in each; `fiches` are the hits themselves. One that
 * cannot be understood any more has `erreur` instead. `from` gives ref and region. */
ES_MUST_USE enum es_err reader_searches(struct reader *r, const struct search_source *from, bool hits, struct buf *json);
/* The uids of the saved searches; at most `max` are stored. */
ES_MUST_USE size_t reader_searches_uids(struct reader *r, struct id16 *out, size_t max);
/* How many of the active ones have something new, and how much together. */
struct searches_new {
	size_t searches;
	int64_t hits;
};
ES_MUST_USE enum es_err reader_searches_new(struct reader *r, const struct search_source *from, struct searches_new *out);

#endif
