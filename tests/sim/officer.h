/* SPDX-License-Identifier: Apache-2.0
 *
 * The officer at the CRESS, and whoever has the keys of a hub in hand. */
#ifndef SIM_OFFICER_H
#define SIM_OFFICER_H

#include "tests/sim/human.h"

/* Posts the act; it is tried again while members are awaited. */
void officer_do(struct world *w, enum act_kind kind, int at);
/* About one member (a resume of whom was suspended...). */
void officer_about(struct world *w, enum act_kind kind, const struct id16 *hub);
void officer_resolve(struct world *w, const struct id16 *log);
void officer_keys(struct world *w, struct rng *r, struct node_keys *out);

#endif
