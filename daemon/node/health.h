/* SPDX-License-Identifier: Apache-2.0
 *
 * What `status` tells of the journal itself: read on the thread that owns it, now
 * and then, copied to the loop with the rest (worker.h). */
#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include "daemon/directory/reader_due.h"
#include "daemon/node/node.h"
#include "daemon/support/support.h"

#define HEALTH_NAMES_MAX 256 /* bytes */

struct health {
	es_ms backup; /* UTC of the last one, 0: never */
	int64_t voids; /* commits to be given back to their author (L9) */
	size_t proofs; /* forks, ever */
	size_t erasures; /* that somebody has not acknowledged... */
	char silent[HEALTH_NAMES_MAX]; /* ...and who, of the first: names, joined by ", " */
	es_ms erasures_at; /* counted then */
	size_t due; /* CRESS: hubs whose logs get a new generation (L4) */
	size_t inbox; /* proposals and offers that wait for our answer */
	size_t knocking; /* CRESS: who ask to enter */
	size_t refusals; /* of our proposals and offers, that nobody has set aside */
	int64_t refusals_pos; /* counted at that commit... */
	unsigned refusals_asides; /* ...and that many set aside since the start */
	size_t late; /* CRESS: offers that nobody has answered for 30 days */
	/* Duplicates: CRESS: seen and not opened, unanswered for 30 days; hub: to be answered. */
	size_t duplicates, duplicates_late, duplicates_asked;
	size_t erasures_late; /* of `erasures`: ordered 20 days ago and more */
	size_t past, soon; /* own records past their term (rgpd.h), or near it... */
	size_t requests_late; /* ...and persons' requests that wait for 20 days and more */
	struct requests_open requests; /* of volunteers, without an answer */
	bool charter_due; /* the charter in force waits for our acceptance */
	struct due_counts followups; /* of our partnerships */
	es_ms counted_at; /* duplicates, terms, requests and follow-ups, then... */
	int64_t counted_commit, counted_edit; /* ...where the directory stood */
	size_t unaccepted; /* CRESS: hubs whose acceptance it waits for... */
	char unaccepted_names[HEALTH_NAMES_MAX]; /* ...and which, joined by ", " */
	size_t newcomers; /* a hub's: members who entered after us, within 7 days... */
	char newcomer_names[HEALTH_NAMES_MAX]; /* ...the last ones first */
	es_ms newcomers_at; /* counted then... */
	size_t newcomers_of; /* ...of so many members */
};
/* Duplicates that wait for a decision of ours. There is a directory. */
size_t health_duplicates(struct node *n);
/* Behind a comma, or "..." where there is no room left: false then. */
bool health_add_name(char names[HEALTH_NAMES_MAX], const char *name);
/* `h` holds what was read before, or zeros. */
void health_read(struct node *n, struct health *h);

#endif
