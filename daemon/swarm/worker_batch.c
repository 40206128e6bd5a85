/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/swarm/worker_batch.h"
#include <stdlib.h>
#include <string.h>
#include "daemon/swarm/worker.h"

#define BATCH_ITEMS 8192
#define BATCH_BYTES (32 * 1024 * 1024)

static enum es_err batch_add(void *ctx, const struct feed_item *item)
{
	struct batch *b = ctx;

	if (b->count == b->room) { /* records folded anew come whole */
		struct feed_item *items = realloc(b->items, 2 * b->room * sizeof *items);
		size_t *at = realloc(b->at, 2 * b->room * sizeof *at);

		b->items = items ? items : b->items;
		b->at = at ? at : b->at;
		if (!items || !at)
			return ES_NOMEM;
		b->room *= 2;
	}
	b->at[b->count] = b->bytes.len;
	buf_add(&b->bytes, item->change.fields.p, item->change.fields.len);
	b->items[b->count++] = *item;
	return buf_err(&b->bytes);
}

enum es_err batch_init(struct batch *b)
{
	memset(b, 0, sizeof *b);
	b->room = COMMIT_CHANGES_MAX; /* grows with what there is */
	b->items = malloc(b->room * sizeof *b->items);
	b->at = malloc(b->room * sizeof *b->at);
	buf_init(&b->bytes, (size_t)BATCH_ITEMS * CHANGE_MAX);
	return b->items && b->at ? ES_OK : ES_NOMEM;
}

void batch_done(struct batch *b)
{
	free(b->items);
	free(b->at);
	buf_done(&b->bytes);
}

/* The items' fields, once all are in `bytes`, which moves while it grows. */
static void batch_place(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->items[i].change.fields.p = b->bytes.p + b->at[i];
}

void batch_read(struct batch *b, struct node *n, struct position from)
{
	b->count = 0;
	buf_clear(&b->bytes);
	b->feed = (struct feed){.from = from, .max = BATCH_ITEMS, .frontier = &n->frontier, .rights = &n->rights,
				.self = &n->hub, .orders = n->orders, .order_count = n->order_count,
				.each = batch_add, .ctx = b};
	b->err = journal_feed(n->journal, &b->feed);
	batch_place(b);
	if (b->bytes.cap > BATCH_BYTES && b->bytes.len < BATCH_BYTES / 4) { /* one huge batch is not kept */
		struct buf small;

		buf_init(&small, (size_t)BATCH_ITEMS * CHANGE_MAX);
		buf_add(&small, b->bytes.p, b->bytes.len);
		buf_done(&b->bytes);
		b->bytes = small;
		batch_place(b);
	}
}

/* Everything anew: the position alone goes on behind the refolds that asked for it. */
enum es_err batch_apply(const struct batch *b, struct directory *d)
{
	enum es_err err;

	if (b->count == 0 && memcmp(&b->feed.from, &b->feed.to, sizeof b->feed.to) == 0)
		return ES_OK;
	if (!b->feed.all)
		return directory_apply(d, b->items, b->count, b->feed.to);
	err = directory_reset(d);
	return err == ES_OK ? directory_apply(d, NULL, 0, (struct position){.refold = b->feed.to.refold}) : err;
}

/* Of all members, then our own. malloc'd. */
struct named_hub *batch_hub_names(const struct node *n)
{
	size_t count = n->rights.member_count;
	struct named_hub *names = calloc(count + 1, sizeof *names);

	for (size_t i = 0; i < count && names; i++) {
		names[i].hub = n->rights.members[i].hub;
		rights_owner_text(&n->rights.members[i], names[i].pole, sizeof names[i].pole);
	}
	if (names) {
		names[count].hub = n->hub;
		snprintf(names[count].pole, sizeof names[count].pole, "%s", n->owner);
	}
	return names;
}

enum es_err worker_project(struct node *n, struct directory *d)
{
	struct batch b;
	enum es_err err = batch_init(&b);
	struct named_hub *names = batch_hub_names(n);

	if (err == ES_OK)
		err = names ? directory_name_hubs(d, names, n->rights.member_count + 1) : ES_NOMEM;
	free(names);
	do {
		if (err == ES_OK)
			batch_read(&b, n, directory_position(d));
		if (err == ES_OK)
			err = b.err;
		if (err == ES_OK)
			err = batch_apply(&b, d);
	} while (err == ES_OK && (b.feed.more || b.feed.all));
	batch_done(&b);
	return err;
}

enum es_err worker_project_past(struct node *n, struct directory *d, struct past *past)
{
	struct position at = {.edit = journal_last_edit(n->journal), .refold = journal_last_refold(n->journal)};
	struct batch b;
	enum es_err err = batch_init(&b);
	struct named_hub *names = batch_hub_names(n);

	if (err == ES_OK)
		err = names ? directory_name_hubs(d, names, n->rights.member_count + 1) : ES_NOMEM;
	free(names);
	do {
		if (err != ES_OK)
			break;
		b.count = 0;
		buf_clear(&b.bytes);
		b.feed = (struct feed){.from = at, .max = BATCH_ITEMS, .frontier = &n->frontier, .rights = past->rights,
				       .upto = past->upto, .upto_count = past->count, .anew = past->anew, .now = &n->rights,
				       .anew_ctx = past->anew_ctx, .each = batch_add, .ctx = &b};
		err = journal_feed(n->journal, &b.feed);
		batch_place(&b);
		past->erased += b.feed.erased;
		past->unlisted += b.feed.unlisted;
		at = b.feed.to;
		if (err == ES_OK)
			err = directory_apply(d, b.items, b.count, at);
	} while (b.feed.more);
	batch_done(&b);
	return err;
}
