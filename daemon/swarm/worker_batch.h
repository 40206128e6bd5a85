/* SPDX-License-Identifier: Apache-2.0
 *
 * One batch of the fold's feed: read on the writer's thread, folded on the projector's. */
#ifndef DAEMON_WORKER_BATCH_H
#define DAEMON_WORKER_BATCH_H

#include "daemon/node/node.h"

struct batch {
	struct feed_item *items;
	size_t *at; /* offsets of the fields in bytes */
	size_t count, room;
	struct buf bytes;
	struct feed feed;
	enum es_err err;
};

ES_MUST_USE enum es_err batch_init(struct batch *b);
void batch_done(struct batch *b);
/* What the journal has beyond `from`; b->err tells. */
void batch_read(struct batch *b, struct node *n, struct position from);
ES_MUST_USE enum es_err batch_apply(const struct batch *b, struct directory *d);
/* What each hub's records are shown under: all members', then our own. malloc'd. */
struct named_hub *batch_hub_names(const struct node *n);

#endif
