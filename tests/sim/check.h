/* SPDX-License-Identifier: Apache-2.0
 *
 * The judge: knows the rules, not the code. It sees what nodes store and send, and
 * at the end looks at every disk. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "tests/sim/carrier.h"
#include "tests/sim/ledger.h"

struct judge {
	bool contradicted; /* somebody was in session with whoever signed a later date than it was */
	struct world *w;
	struct ledger ledger;
	unsigned violations;
	char first[512];
	bool hostile; /* somebody breaks rules on purpose */
	bool two_homes; /* it is a CRESS, that shows two worlds */
	uint64_t sealed, acked, stored, sessions, restarts, exits, nacks;
};

struct judge *judge_new(struct world *w);
void judge_free(struct judge *j);
/* A violation: which promise, what, where. The first one stops the run. */
void violation(struct world *w, const char *promise, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* While it runs. */
void judge_session(struct peer *p);
void judge_nack(struct sim_node *s, const struct id16 *log, uint64_t seq, enum es_err err);
/* Do they hold two control logs? */
bool judge_control_differs(const struct node *a, const struct node *b);
void judge_exit(struct sim_node *s, enum es_err why);
void judge_restart(struct sim_node *s, enum es_err err);
void judge_started(struct sim_node *s);
void judge_committed(struct sim_node *s, const struct work *k);
void judge_written(struct sim_node *s, enum es_err err);
/* The files of a machine are older ones now; what it held then. */
void judge_went_back(struct sim_node *s, const uint8_t *held, size_t count);
/* Which units this machine's disk holds: one byte each. malloc'd. */
uint8_t *judge_held(const struct sim_node *s, size_t *count);

/* A fenced copy is switched off: what it alone held is gone. */
void judge_retired(struct sim_node *s);

/* At the end. Are all level? `why` says what is not. */
bool check_level(struct world *w, struct buf *why);
void check_end(struct world *w);
/* Is this machine one of those that must be level at the end? */
bool check_counts(const struct sim_node *s);
struct sim_node *check_home(const struct world *w);

#endif
