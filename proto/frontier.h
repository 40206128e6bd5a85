/* SPDX-License-Identifier: Apache-2.0
 *
 * The log heads a node holds. Index 0 is the control log, whose generations
 * share one seq and one chain; an index, once given, stays. */
#ifndef PROTO_FRONTIER_H
#define PROTO_FRONTIER_H

#include "common/crypto.h"
#include "common/stamp.h"
#include "proto/schema.h"

struct head {
	struct id16 log; /* control: of its current generation */
	struct id16 hub; /* author */
	enum scope scope;
	uint32_t generation;
	uint64_t seq; /* 0: empty */
	struct hash id;
	es_stamp hlc;
	uint64_t acked; /* own data logs: what home holds durably */
	struct hash acked_id;
	int64_t acked_ms; /* UTC, when that was heard in this run; 0: before it */
	int64_t grew_ms; /* UTC, when this node stored the head; 0: never */
	enum es_err blocked; /* ES_OK, or why nothing more is taken from it */
	uint64_t blocked_seq;
};
struct frontier {
	struct head *heads;
	size_t count;
	uint32_t *slots; /* log id -> index, open addressing; index 0's id changes and is not in it */
	size_t slot_count;
};

/* NULL: unknown. Any generation's id finds the control log through rights. */
struct head *frontier_find(const struct frontier *f, const struct id16 *log);
/* Appends, empty; NULL without memory. */
struct head *frontier_add(struct frontier *f, const struct id16 *log, const struct id16 *hub,
			  enum scope scope, uint32_t generation);
/* Makes `to` the same; false without memory: `to` is as it was. */
bool frontier_copy(struct frontier *to, const struct frontier *from);
void frontier_done(struct frontier *f);

#endif
