/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub officer's Monday: which follow-ups are due, which partnerships are at risk or
 * have to be closed, who has to accept the ethical charter anew (domain.md A4, D5, F14).
 * Follow-ups are local records: a CRESS has none, and finds its lists empty. */
#ifndef DAEMON_READER_DUE_H
#define DAEMON_READER_DUE_H

#include "daemon/directory/directory.h"

/* {"on", "suivis": [...], "alertes": [...], "a_clore": [...]} as of a day, "2026-11-27":
 * due up to the end of that week, late 30 days after the date; at risk by the last
 * follow-up that was done (a risk of 2 or more, or their sum has risen twice in a row);
 * of a structure that is closed. */
ES_MUST_USE enum es_err reader_due(struct reader *r, const char *on, struct buf *json);
/* The same as numbers: due and not late, late, at risk. */
struct due_counts {
	int64_t due, late, risk;
};
void reader_due_counts(struct reader *r, const char *on, struct due_counts *out);

/* {"version", "items": [{uid, nom, owner, version, partenariats}]}: structures that have accepted
 * an older version than the one in force; ours, or where this is a CRESS (`all`) everybody's. */
ES_MUST_USE enum es_err reader_renewals(struct reader *r, const char *today, bool all, struct buf *json);

/* ,"derived":{...} into the object that `json` ends with, where the record is a partnership
 * that has clauses: their hours. */
void reader_clause_hours(struct reader *r, const char *uid, struct buf *json);

#endif
