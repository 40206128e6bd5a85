/* SPDX-License-Identifier: Apache-2.0
 *
 * How long something took, each time it was done: counted by upper bound, as
 * /metrics shows it. Plain memory, zeroed to begin with; copied as it stands. */
#ifndef DAEMON_TIMING_H
#define DAEMON_TIMING_H

#include <stddef.h>
#include <stdint.h>

#define TIMING_BOUNDS 13
extern const uint32_t timing_bounds_us[TIMING_BOUNDS]; /* ascending */

struct timing {
	uint64_t within[TIMING_BOUNDS + 1]; /* up to that bound and beyond the one before; the last: longer */
	uint64_t total_us;
};
void timing_add(struct timing *t, uint64_t us);
uint64_t timing_count(const struct timing *t);

#endif
