/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens in a run, drawn from its seed: how many nodes, how long, who does
 * what when, and which kinds of faults there are (each run has only some). */
#ifndef SIM_SCHEDULE_H
#define SIM_SCHEDULE_H

#include "tests/sim/federation.h"
#include "tests/sim/focus.h"
#include "tests/sim/human.h"

enum fault {
	F_DELAY, F_RESET, F_LOSSY, F_ONEWAY, F_ISLANDS, F_SWIZZLE, F_KILL, F_POWER, F_CRASH_POINT, F_FULL, F_EIO_READ,
	F_EIO_WRITE, F_EIO_SYNC, F_FLIP, F_CLOCK_JUMP, F_CLOCK_FREEZE, F_CLOCK_CREEP, F_RESTORE_HUB, F_RESTORE_CRESS,
	F_ROLLBACK_HUB, F_ROLLBACK_CRESS, F_CLONE, F_HOSTILE_HUB, F_HOSTILE_CRESS, F_VERSION, FAULTS
};
const char *fault_name(enum fault f);

/* A backup on a shelf. */
struct shelf {
	struct disk_image *image;
	struct node_keys keys;
	uint8_t *held;
	size_t held_count;
	int machine;
	es_ms at;
	bool flipped;
};
#define SHELF_MAX 24

struct plan {
	struct federation federation;
	struct rng rng;
	int hubs;
	es_ms end; /* faults stop here */
	unsigned edits;
	bool faults[FAULTS];
	unsigned fault_count[FAULTS]; /* how often each happened */
	struct shelf shelves[SHELF_MAX];
	size_t shelf_count;
	bool over; /* faults have stopped */
	es_ms last_human;
	uint64_t level_checks;
	es_ms leveled; /* when all were level at the end */
	int clones;
	bool alone_given;
	struct rng hostile_rng; /* of hostile nodes and other versions alone */
	bool home_goes_back; /* on purpose */
	bool home_poisons; /* what it says is final is not: no cut is allowed there any more */
};

/* What the command line fixes; 0: drawn. */
struct wish {
	int hubs;
	int hours;
	bool no_faults;
	int only_fault; /* -1 */
	const struct focus *focus; /* NULL: the broad schedule */
};

/* A whole run: 0 violations, or the judge has the first one. */
void schedule_run(struct world *w, const struct wish *wish);
void schedule_free(struct plan *p);
/* faults.c: plans them all, ends them all. */
void faults_plan(struct world *w, int only);
void faults_end(struct world *w);
/* One of them, or a backup, now; machine 0: any. */
void fault_at(struct world *w, enum fault f, int machine);
void fault_backup(struct world *w, int machine);
/* finish.c: named humans, until all are level or time is up. */
void finish(struct world *w);

#endif
