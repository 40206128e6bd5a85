/* SPDX-License-Identifier: Apache-2.0
 *
 * Conflicts (protocol.md part 2). The directory says which fields are worth a
 * look; all that was ever said of them is then read from the journal and judged
 * by proto/conflict.h. So the answer is what the commits here say, in whatever
 * order they came. */
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"

#define VALUES_MAX (256u << 20)

struct gathering {
	struct meeting *meetings; /* as the reader gives them: by record, kind, scope, field */
	size_t meeting_count, meeting_room;
	struct record_id *records; /* each once, ascending */
	size_t record_count;
	struct said *said;
	size_t *at; /* where each value lies in `values`, which moves as it grows */
	size_t count, room;
	struct buf values;
	enum es_err err;
};

static bool add_meeting(void *ctx, const struct meeting *m)
{
	struct gathering *g = ctx;

	if (g->meeting_count == g->meeting_room) {
		size_t room = g->meeting_room ? 2 * g->meeting_room : 64;
		struct meeting *more = realloc(g->meetings, room * sizeof *more);

		if (!more) {
			g->err = ES_NOMEM;
			return false;
		}
		g->meetings = more;
		g->meeting_room = room;
	}
	g->meetings[g->meeting_count++] = *m;
	return true;
}

static enum es_err name_records(struct gathering *g)
{
	g->records = malloc((g->meeting_count + 1) * sizeof *g->records);
	if (!g->records)
		return ES_NOMEM;
	for (size_t i = 0; i < g->meeting_count; i++)
		if (i == 0 || memcmp(g->meetings[i].record.bytes, g->meetings[i - 1].record.bytes, 32) != 0)
			g->records[g->record_count++] = g->meetings[i].record;
	return ES_OK;
}

static int meeting_cmp(const void *x, const void *y)
{
	const struct meeting *a = x, *b = y;
	int order = memcmp(a->record.bytes, b->record.bytes, sizeof a->record.bytes);

	if (order == 0 && a->kind != b->kind)
		order = a->kind < b->kind ? -1 : 1;
	if (order == 0 && a->scope != b->scope)
		order = a->scope < b->scope ? -1 : 1;
	if (order == 0 && a->field != b->field)
		order = a->field < b->field ? -1 : 1;
	return order;
}

static enum es_err add_said(struct gathering *g, const struct said *s)
{
	if (g->count == g->room) {
		size_t room = g->room ? 2 * g->room : 256;
		struct said *said = realloc(g->said, room * sizeof *said);
		size_t *at = realloc(g->at, room * sizeof *at);

		g->said = said ? said : g->said;
		g->at = at ? at : g->at;
		if (!said || !at)
			return ES_NOMEM;
		g->room = room;
	}
	g->at[g->count] = g->values.len;
	g->said[g->count++] = *s;
	buf_add(&g->values, s->value.p, s->value.len);
	return buf_err(&g->values);
}

static enum es_err gather_item(void *ctx, const struct feed_item *item)
{
	struct gathering *g = ctx;
	struct said s = {.record = item->record, .kind = item->kind, .scope = item->change.scope, .log = item->log,
			 .edited = item->change.edited, .base = item->base, .commit = item->change.commit,
			 .index = item->change.index};
	enum es_err err = ES_OK;

	if (item->reset)
		return ES_OK;
	for (struct field_walk w = field_walk_start(item->change.fields);
	     err == ES_OK && field_walk_next(&w, &s.field, &s.value);) {
		struct meeting m = {.record = s.record, .kind = s.kind, .scope = s.scope, .field = s.field};

		if (bsearch(&m, g->meetings, g->meeting_count, sizeof m, meeting_cmp))
			err = add_said(g, &s);
	}
	return err;
}

static void gathering_free(struct gathering *g)
{
	free(g->meetings);
	free(g->records);
	free(g->said);
	free(g->at);
	buf_done(&g->values);
}

static enum es_err gather(struct node *n, const struct record_id *record, struct gathering *g)
{
	struct feed feed = {.frontier = &n->frontier, .rights = &n->rights, .orders = n->orders,
			    .order_count = n->order_count, .each = gather_item, .ctx = g};
	enum es_err err = reader_meetings(n->reader, record, add_meeting, g);

	if (err == ES_OK)
		err = g->err;
	if (err != ES_OK || g->meeting_count == 0)
		return err;
	err = name_records(g);
	if (err == ES_OK)
		err = journal_tell(n->journal, &feed, g->records, g->record_count);
	for (size_t i = 0; i < g->count; i++)
		g->said[i].value.p = g->values.p + g->at[i];
	conflict_sort(g->said, g->count);
	return err;
}

struct telling_conflicts {
	struct node *n;
	bool (*each)(void *ctx, const struct said *stands, const struct said *other);
	void *ctx;
	enum es_err err;
};

/* Of a record that is deleted nobody has to choose a value. */
static bool tell_live(void *ctx, const struct said *stands, const struct said *other)
{
	struct telling_conflicts *t = ctx;
	struct buf state;
	bool more = true;

	buf_init(&state, 16 * CHANGE_MAX);
	t->err = reader_state(t->n->reader, &stands->record, stands->kind, &state);
	if (t->err == ES_OK && !fold_deleted(buf_slice(&state)))
		more = t->each(t->ctx, stands, other);
	buf_done(&state);
	return more && t->err == ES_OK;
}

enum es_err node_conflicts(struct node *n, const struct record_id *record,
			   bool (*each)(void *ctx, const struct said *stands, const struct said *other), void *ctx)
{
	struct telling_conflicts t = {.n = n, .each = each, .ctx = ctx};
	struct gathering g = {0};

	if (!n->reader)
		return ES_OK;
	buf_init(&g.values, VALUES_MAX);
	enum es_err err = gather(n, record, &g);
	if (err == ES_OK) {
		conflict_each(g.said, g.count, tell_live, &t);
		err = t.err;
	}
	gathering_free(&g);
	return err;
}
