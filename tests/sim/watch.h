/* SPDX-License-Identifier: Apache-2.0
 *
 * Conduct: rules of protocol.md that no final state shows. Who was told of which
 * log, who gave up what it had signed, who took itself for a copy, and which of two
 * copies is let in. */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "tests/sim/carrier.h"

/* After a step of this session: with whom does it go on; from an honest peer, what has
 * it heard? */
void watch_stream(const struct peer *p);
void watch_heard(struct peer *p);
/* It hears that this log of its does not verify. */
void watch_nacked(struct peer *p, const struct id16 *log, enum es_err err);
/* It has a commit of this log that nobody has seen. */
void watch_sealed(struct sim_node *s, const struct head *h, const struct commit *c, const struct packed *p);
/* It has taken another's. */
void watch_taken(struct sim_node *s, const struct commit *c);
/* After a transaction: what became of its own logs, who does it say it is? */
void watch_written(struct sim_node *s);
/* The files are older ones now, or another's. */
void watch_forget(struct sim_node *s);
void watch_free(struct sim_node *s);
/* At the end: two copies of one hub side by side, a member or a commit that was lost? */
bool watch_end(const struct world *w, struct buf *why);

#endif
