/* SPDX-License-Identifier: Apache-2.0
 *
 * What freezing, checking and sending share. */
#ifndef DAEMON_REPORT_PARTS_H
#define DAEMON_REPORT_PARTS_H

#include "daemon/report/report_freeze.h"

/* A cut-off: how far each log counts, by frontier index; [0] is the control log. */
struct report_base {
	uint64_t *upto;
	size_t count;
	es_ms cutoff;
	size_t missing; /* logs that are not here, or not that far */
};
void report_base_done(struct report_base *b);
ES_MUST_USE enum es_err report_base_at(struct node *n, es_ms cutoff, struct report_base *b);
/* As `rapport` has it; the logs of scope cress are no part of the digest. */
void report_base_text(const struct node *n, const struct report_base *b, bool cress_too, struct buf *out);
/* Why there is no past to read. */
void report_not_frozen(const struct report_month *month, struct buf *why);
void report_logs_missing(const struct report_month *month, size_t count, struct buf *why);
/* The figures of then; *erased: changes that can not be folded any more. */
ES_MUST_USE enum es_err report_past(struct node *n, const struct report_base *b, const struct report_month *month, struct report *out,
				    int64_t *erased);
void report_digest(const struct node *n, const struct report_base *b, const struct report *r, char out[65]);
/* What the month's `rapport` says. ES_NOT_FOUND: not frozen. */
ES_MUST_USE enum es_err report_recorded_base(struct node *n, const struct report_month *month, struct report_base *b);

/* report_anew.c: what was said anew since, of records that an erasure or a narrowing
 * (node_erase_withdrawn) took out of the past. Borrows both; `_done` takes NULL. */
struct report_anew;
ES_MUST_USE enum es_err report_anew_read(struct node *n, const struct report_base *b, struct report_anew **out);
void report_anew_done(struct report_anew *a);
void report_anew_of(struct report_anew *a, bool cress); /* the logs of scope cress, or the others */
/* As struct feed's `anew`; ctx is the report_anew. */
bool report_anew_says(void *ctx, enum scope scope, struct change *ch);

bool report_row_home(const struct report_row *row); /* made of hubs' own counts */
es_ms report_time_ms(struct slice text); /* a time with its offset; 0: not one */

/* A count of this node's that belongs to no month, for the CRESS alone; written again it changes. */
ES_MUST_USE enum es_err report_put_count(struct node *n, const char *name, int64_t value, int64_t count);

/* report_records.c: the text of the frontier. */
ES_MUST_USE enum es_err report_frontier_text(struct reader *r, const struct report_month *month, struct buf *out);
ES_MUST_USE enum es_err report_write_frozen(struct node *n, const struct report *r, struct slice frontier);
/* Who is late, and what came too late for the month before: sentences, and a JSON list's inside. */
ES_MUST_USE enum es_err report_notes(struct node *n, const struct report_month *month, const struct report_base *b, struct buf *note,
				     struct buf *late);

#endif
