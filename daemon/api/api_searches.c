/* SPDX-License-Identifier: Apache-2.0
 *
 * Saved searches: kept, listed, seen. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"

#define SEEN_MAX 1000

static struct search_source from_here(struct request *r, struct search_query *q)
{
	return (struct search_source){search_query_get, q, r->api->ref, r->api->swarm->rights.region, NULL};
}

enum es_err api_searches(struct request *r, struct reader *reader)
{
	struct search_source from = from_here(r, NULL);

	return reader_searches(reader, &from, strcmp(request_param(r, "new"), "1") == 0, &r->out);
}

/* What is shown now is seen. The job waited for the directory. */
static void seen_now(struct node *n, char out[24])
{
	snprintf(out, 24, "%lld", n->reader ? (long long)reader_position(n->reader).commit : 0ll);
}

/* The body's titre and critere; what the criterion asks must make sense today. */
enum es_err api_search_save(struct request *r, struct node *n)
{
	char titre[1024], critere[SEARCH_QUERY_MAX + 2], seen[24], yes[] = "oui";
	char names[4][16] = {"titre", "critere", "actif", "dernier_vu"};
	struct pair pairs[4] = {{names[0], titre}, {names[1], critere}, {names[2], yes}, {names[3], seen}};
	struct edit e = {.kind = schema_kind_named(slice_str("alerte"))};
	struct search_query query;
	struct search_source from = from_here(r, &query);
	enum es_err err = ES_BAD_VALUE;

	body_text(r, "titre", titre, sizeof titre);
	body_text(r, "critere", critere, sizeof critere);
	seen_now(n, seen);
	from.reader = n->reader;
	if (search_query_parse(&query, slice_str(critere)))
		err = search_query_check(&query, &r->why);
	else
		buf_printf(&r->why, _("critere: a query string of at most %d bytes, such as text=bois&kind=offre"), SEARCH_QUERY_MAX);
	if (err == ES_OK)
		err = search_read(&r->search, &from, &r->why);
	return err == ES_OK ? edit_pairs(r, n, &e, pairs, 4, WRITING_NEW) : err;
}

struct seen_list {
	struct id16 uids[SEEN_MAX];
	size_t count;
};

static enum es_err mark_seen(struct request *r, struct node *n, const struct id16 *uid, char *upto)
{
	char name[] = "dernier_vu";
	struct pair pair = {name, upto};
	struct edit e = {.kind = schema_kind_named(slice_str("alerte")), .has_uid = true, .uid = *uid};

	buf_clear(&r->out);
	return edit_pairs(r, n, &e, &pair, 1, WRITING_OURS);
}

/* The saved searches of this node, or the one that is named. */
static enum es_err which_seen(struct request *r, struct node *n, struct seen_list *list)
{
	char text[64];
	bool all;

	body_text(r, "uid", text, sizeof text);
	all = strcmp(text, "all") == 0;
	list->count = 0;
	if (n->reader)
		list->count = reader_searches_uids(n->reader, list->uids, SEEN_MAX);
	for (size_t i = 0; i < list->count && !all; i++) {
		char uid[ULID_LEN + 1];

		ulid_encode(list->uids[i].bytes, uid);
		if (strcmp(uid, text) != 0)
			continue;
		list->uids[0] = list->uids[i];
		list->count = 1;
		return ES_OK;
	}
	if (all)
		return ES_OK;
	buf_printf(&r->why, _("%s: no saved search of that uid; 'essaim searches' lists them"), text);
	return ES_NOT_FOUND;
}

/* Body: uid or "all"; `jusqu_a`: what the list that was shown said, so that nothing is
 * taken for seen that came since. */
enum es_err api_search_seen(struct request *r, struct node *n)
{
	struct seen_list *list = malloc(sizeof *list);
	char now[24], upto[24];
	enum es_err err = list ? which_seen(r, n, list) : ES_NOMEM;

	seen_now(n, now);
	body_text(r, "jusqu_a", upto, sizeof upto);
	if (upto[0] && strtoll(upto, NULL, 10) < strtoll(now, NULL, 10))
		snprintf(now, sizeof now, "%lld", strtoll(upto, NULL, 10));
	for (size_t i = 0; err == ES_OK && i < list->count; i++)
		err = mark_seen(r, n, &list->uids[i], now);
	if (err == ES_OK) {
		buf_clear(&r->out);
		buf_printf(&r->out, "{\"vues\":%zu,\"jusqu_a\":%s}", list->count, now);
	}
	free(list);
	return err;
}
