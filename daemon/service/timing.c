/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/timing.h"

const uint32_t timing_bounds_us[TIMING_BOUNDS] = {500, 1000, 2500, 5000, 10000, 25000, 50000,
						  100000, 250000, 500000, 1000000, 2500000, 10000000};

void timing_add(struct timing *t, uint64_t us)
{
	size_t i = 0;

	while (i < TIMING_BOUNDS && us > timing_bounds_us[i])
		i++;
	t->within[i]++;
	t->total_us += us;
}

uint64_t timing_count(const struct timing *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= TIMING_BOUNDS; i++)
		n += t->within[i];
	return n;
}
