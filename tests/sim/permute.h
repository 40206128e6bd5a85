/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PERMUTE_H
#define SIM_PERMUTE_H

#include "tests/sim/carrier.h"

/* After a run: `count` random orders of what home holds give home's digests. 0: they do. */
int permute(struct world *w, unsigned count);

#endif
