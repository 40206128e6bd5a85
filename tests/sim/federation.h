/* SPDX-License-Identifier: Apache-2.0
 *
 * A federation as it stands when a run begins: a CRESS (machine 1), its hubs, each
 * with its first journal. */
#ifndef SIM_FEDERATION_H
#define SIM_FEDERATION_H

#include "tests/sim/carrier.h"

struct federation {
	struct hash fed_id, charter;
	struct id16 cress;
	uint8_t recovery[32]; /* the paper key's seed */
	char name[64];
};
/* Hubs are machines 2..hubs+1. */
void federation_make(struct world *w, int hubs);
/* The empty directory that every machine starts with (before any run). */
const struct disk_image *federation_template(const struct reference *ref);

#endif
