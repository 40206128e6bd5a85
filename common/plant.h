/* SPDX-License-Identifier: Apache-2.0
 *
 * Bugs planted on purpose, to show that the simulator finds them. The list is
 * tests/sim/plants.def; it is compiled into essaim-sim (ESSAIM_PLANTS) and into
 * nothing else: elsewhere PLANT() is the constant false. */
#ifndef COMMON_PLANT_H
#define COMMON_PLANT_H

#include <stdbool.h>

#ifdef ESSAIM_PLANTS /* the list's path */
enum plant {
	PLANT_none,
#define PLANTED(name, story) PLANT_##name,
#include ESSAIM_PLANTS
#undef PLANTED
	PLANT_COUNT
};
extern enum plant planted;
#define PLANT(name) (planted == PLANT_##name)
#else
#define PLANT(name) false
#endif

#endif
