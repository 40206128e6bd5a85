/* SPDX-License-Identifier: Apache-2.0
 *
 * Schedules that go to meet one story, for bugs that a broad schedule seldom meets.
 * A focus is a small federation and a line of text; all its moments are the seed's:
 *
 *     +5s..2m        go on by so much (ms, s, m)
 *     set:2          now, at machine 2 (1 is the CRESS; no number: anybody)
 *     ~set:2*6       six times, each at some moment between now and the end
 *     offer:2:3      two machines
 *
 * The words: what people and officers do (human.c's names, and "edit": one of add, set,
 * rm), the faults (faults.c's names) and, for what lies between:
 *
 *     backup:N       onto the shelf; restore-hub:N and rollback-hub:N take the newest of N
 *     down:N up:N    the process
 *     hold:A:B       nothing passes from A to B (0: anybody) until "heal"
 *     slow:N:MIN     its clock is set back by so many minutes, to the end of the faults
 *     lie.NAME:N     hub N is hostile from now on and gives a commit with that twist; a
 *                    trick's name ("says.flood:N"): plays that trick
 *     dial:N         it dials now those to whom it has no session
 *     link:A:B       A dials B from now on, whether home is there or not */
#ifndef SIM_FOCUS_H
#define SIM_FOCUS_H

#include "tests/sim/world.h"

struct focus {
	const char *name;
	int hubs;
	es_ms minutes, latency_max;
	const char *story;
};

/* NULL: no focus of that name. */
const struct focus *focus_find(const char *name);
/* Plans all of it; the federation exists. */
void focus_plan(struct world *w, const struct focus *f);

#endif
