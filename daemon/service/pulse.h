/* SPDX-License-Identifier: Apache-2.0
 *
 * The watchdog's food. It is given only if both threads that the node needs are well:
 *
 *     timer (loop) -> job -> writer runs it -> back on the loop -> WATCHDOG=1
 *
 * A writer may be at work for minutes (a region's import, `verify`). As long as it uses
 * its processor it is not taken for dead, for PULSE_BUSY_MS at most: what waits on a lock
 * or a hung disk uses none. */
#ifndef DAEMON_PULSE_H
#define DAEMON_PULSE_H

#include <uv.h>
#include "daemon/swarm/worker.h"

#define PULSE_BUSY_MS (60 * 60 * 1000)

struct pulse {
	struct worker *worker;
	uv_timer_t timer;
	struct job job;
	bool running, out; /* out: the writer has the job */
	uint64_t since; /* loop time when it was given */
	uint64_t cpu; /* ns that the writer had used at the last look */
};

/* Does nothing where no service manager watches. */
void pulse_start(struct pulse *p, uv_loop_t *loop, struct worker *w);
/* Before the worker is stopped: its job comes back all the same. */
void pulse_stop(struct pulse *p);

#endif
