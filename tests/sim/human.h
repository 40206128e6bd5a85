/* SPDX-License-Identifier: Apache-2.0
 *
 * The people of the federation: they edit, propose, hand over, forget; the officer
 * governs; and, where protocol.md names a human, one comes. */
#ifndef SIM_HUMAN_H
#define SIM_HUMAN_H

#include "tests/sim/carrier.h"

enum act_kind {
	ACT_ADD, ACT_SET, ACT_RM, ACT_BURST, ACT_PROPOSE, ACT_OFFER, ACT_ANSWER, ACT_FORGET, ACT_ACCEPT_CHARTER,
	ACT_ROTATE, /* hubs */
	ACT_SUSPEND, ACT_RESUME, ACT_REVOKE, ACT_QUOTA, ACT_VOID, ACT_CHARTER, ACT_CHECKPOINT, ACT_ROTATE_CRESS,
	ACT_INVITE, /* the officer's */
	ACT_ALONE, ACT_ADMIT, ACT_RESOLVE, ACT_RECOVER, /* named humans */
	ACT_KINDS
};
const char *act_name(enum act_kind k);

struct record_note {
	struct record_id id;
	unsigned kind;
	int who;
	bool forgotten;
};
struct people {
	struct record_note *records;
	size_t record_count, record_cap;
	uint64_t acts, done[ACT_KINDS], refused[ACT_KINDS];
	int next_machine; /* number for the next one that joins */
	unsigned join_left;
	bool resolving; /* an officer was called to a fork */
};

struct people *people_new(struct world *w);
void people_free(struct people *p);
/* Somebody does something now; `at`: the machine, 0: any that is up. */
void human_do(struct world *w, enum act_kind kind, int at);
/* The same, and to whom (an offer); 0: any. */
void human_do_to(struct world *w, enum act_kind kind, int at, int to);
/* Has a steward ever ordered so? */
bool human_forgot(const struct world *w, const struct record_id *id);
void human_committed(struct sim_node *s, const struct work *k);
/* Has this author broken rules on purpose? */
bool human_is_hostile(const struct world *w, const struct id16 *hub);
/* A hub with an invitation, from the moment its file is there. */
void human_join(struct world *w, const char *invitation, int no);

#endif
