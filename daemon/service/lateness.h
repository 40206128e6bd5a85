/* SPDX-License-Identifier: Apache-2.0
 *
 * How late the loop is: a timer asks to be woken every LATENESS_MS and notes by
 * how much it was woken later, which is what every peer and request waited too. */
#ifndef DAEMON_LATENESS_H
#define DAEMON_LATENESS_H

#include <uv.h>
#include "daemon/service/timing.h"

#define LATENESS_MS 1000

struct lateness {
	uv_timer_t timer;
	uint64_t due_ns;
	struct timing late;
};
/* `l` is zeroed, and stays until the loop has run dry after lateness_stop(). */
void lateness_start(struct lateness *l, uv_loop_t *loop);
void lateness_stop(struct lateness *l);

#endif
