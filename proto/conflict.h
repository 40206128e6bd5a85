/* SPDX-License-Identifier: Apache-2.0
 *
 * Values written without having been seen. A field keeps the value of the
 * greatest stamp; `base` says which value each editor saw. What was beaten and
 * seen by nobody is not lost silently: people are shown both values.
 *
 * The changes of one field in one scope make a tree by `base`. A beaten change
 * is in conflict with the one that stands unless
 *   - a later change has it as its base: whoever wrote that saw it;
 *   - a later change says the same value;
 *   - a later change is of its own log: an author knows what it wrote;
 *   - a later change has a greater base that no change here bears (forgotten,
 *     void, of another scope): what its editor saw cannot be known, and had come
 *     after the beaten one.
 * So an edit by somebody who saw several values says the field once for each, one
 * change per base. The answer depends on the set of changes alone, not on the
 * order in which they came. */
#ifndef PROTO_CONFLICT_H
#define PROTO_CONFLICT_H

#include "proto/change.h"
#include "proto/schema.h"

#define LOG_PENDING UINT32_MAX

/* One field of one change that counts. */
struct said {
	struct record_id record;
	unsigned kind, field;
	enum scope scope;
	es_stamp edited, base;
	struct hash commit;
	unsigned index;
	uint32_t log; /* the author's log, by any number; LOG_PENDING: in this node's outbox */
	struct slice value;
};

/* Sorts by record, kind, scope, field and stamp, pending ones last: the last of a
 * field is the one that stands. */
void conflict_sort(struct said *list, size_t count);
/* On a sorted list: calls `each` for every beaten value in conflict, with the one
 * that stands; false stops. */
void conflict_each(const struct said *list, size_t count,
		   bool (*each)(void *ctx, const struct said *stands, const struct said *other), void *ctx);

#endif
