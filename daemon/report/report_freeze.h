/* SPDX-License-Identifier: Apache-2.0
 *
 * The CRESS's month (domain.md W7): figures that stay as they were.
 *
 * A cut-off is a time; what each log held then is a seq. Freezing writes both down:
 *
 *     rapport   mois, frontiere "arrete=TIME control=SEQ LOG=SEQ ...", empreinte, note
 *     mesure    one per figure: indicateur, territoire, valeur, n, masque, definition_version
 *
 * in the CRESS's own signed logs. Checking folds the journal up to that frontier into a
 * directory beside the one in use (report.db, removed afterwards) and computes again:
 * the same logs give the same digest, on whatever node. The digest covers the figures
 * made of public and federation logs; those that hubs counted at home are the CRESS's
 * alone, and their whole-region sums are published.
 *
 * The logs of scope cress count up to what is there when it is frozen: a hub's counts
 * for a month are made, and sealed, once the month is over, and say their month.
 *
 * After an erasure the past cannot be folded again as it was. The frozen records
 * still can be read: no name is in them. The check then holds them against the digest,
 * and says how many changes are gone.
 *
 * All run on the writer's thread, in its transaction; freezing and checking take as long
 * as folding the journal once. */
#ifndef DAEMON_REPORT_FREEZE_H
#define DAEMON_REPORT_FREEZE_H

#include "daemon/node/node.h"
#include "daemon/report/report.h"

/* The CRESS's. Appends JSON {mois, empreinte, nouveau, mesures, arrete, note, retards[]}.
 * Frozen before: says so, writes nothing. ES_NOT_ALLOWED: a hub. ES_AGAIN: not over yet.
 * ES_NOT_FOUND: nothing was known at the cut-off, every figure is zero. `dry`: writes
 * nothing, and adds essai, vide (would be refused so), masquees and rapport, the region's
 * figures as they would be. */
ES_MUST_USE enum es_err report_freeze(struct node *n, const struct report_month *month, bool dry, struct buf *json, struct buf *why);
/* JSON {mois, ok, empreinte, recalcul, effaces, manque}. ES_DAMAGED: it is not what was
 * frozen. ES_NOT_FOUND: not frozen, or logs are missing here. */
ES_MUST_USE enum es_err report_check(struct node *n, const struct report_month *month, struct buf *json, struct buf *why);
/* Calls `each` once with a reader of the directory as it was at the month's cut-off:
 * public and federation logs, without what has been erased since; what was said anew of a
 * record beside the erased value is there (report_anew.c). Its error is the result; with a
 * sentence in `why`: ES_NOT_FOUND, as report_check; ES_AWAITING, an erasure of ours that the
 * CRESS has not entered. */
typedef enum es_err report_reading(void *ctx, struct reader *r);
ES_MUST_USE enum es_err report_then(struct node *n, const struct report_month *month, report_reading *each, void *ctx, struct buf *why);
/* This node's counts of its local records for a month, as `mesure` records of scope
 * cress; those it sent before for that month are corrected. */
ES_MUST_USE enum es_err report_send(struct node *n, const struct report_month *month, int64_t *count);
/* The same on its own, once, after the end of each month. */
ES_MUST_USE enum es_err report_send_due(struct node *n);

#endif
