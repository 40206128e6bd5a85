/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/lateness.h"

static void arm(struct lateness *l);

static void on_beat(uv_timer_t *timer)
{
	struct lateness *l = timer->data;
	uint64_t now = uv_hrtime();

	timing_add(&l->late, now > l->due_ns ? (now - l->due_ns) / 1000 : 0);
	arm(l);
}

/* The loop's own time may be old by now: it counts from the time that is. */
static void arm(struct lateness *l)
{
	uv_update_time(l->timer.loop);
	l->due_ns = uv_hrtime() + LATENESS_MS * 1000000ull;
	uv_timer_start(&l->timer, on_beat, LATENESS_MS, 0);
}

void lateness_start(struct lateness *l, uv_loop_t *loop)
{
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	arm(l);
}

void lateness_stop(struct lateness *l)
{
	uv_close((uv_handle_t *)&l->timer, NULL);
}
