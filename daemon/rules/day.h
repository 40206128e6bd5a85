/* SPDX-License-Identifier: Apache-2.0
 *
 * A day of the calendar as records have it, "2026-11-27". A longer text that begins with
 * one (a time) counts as its day. */
#ifndef DAEMON_DAY_H
#define DAEMON_DAY_H

#include "common/bytes.h"
#include "common/stamp.h"

#define DAY_TEXT 11 /* with its end */

/* The day at that time, where this machine stands. */
void day_of(es_ms utc, char out[DAY_TEXT]);
void day_write(int year, int month, int day, char out[DAY_TEXT]);
int day_last(int year, int month); /* of a month: 28 to 31 */
/* So many months later (or sooner): the same day, or the last one of a shorter month.
 * False: not a day. */
ES_MUST_USE bool day_add_months(struct slice day, int months, char out[DAY_TEXT]);
ES_MUST_USE bool day_add_days(struct slice day, int days, char out[DAY_TEXT]);

#endif
