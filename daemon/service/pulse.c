/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/pulse.h"
#include "common/log.h"
#include "daemon/service/service.h"

static enum es_err run_beat(struct node *n, struct job *j)
{
	(void)n;
	(void)j;
	return ES_OK;
}

static void done_beat(struct job *j)
{
	struct pulse *p = (struct pulse *)((char *)j - offsetof(struct pulse, job));

	p->out = false;
	if (p->running)
		service_tell("WATCHDOG=1");
}

static void give_job(struct pulse *p)
{
	p->job = (struct job){.run = run_beat, .done = done_beat, .reads = true};
	p->out = true;
	p->since = uv_now(p->timer.loop);
	worker_post(p->worker, &p->job);
}

static void on_timer(uv_timer_t *timer)
{
	struct pulse *p = timer->data;
	uint64_t cpu = worker_writer_cpu(p->worker);
	bool works = cpu != p->cpu;

	p->cpu = cpu;
	if (!p->out)
		give_job(p);
	else if (works && uv_now(timer->loop) - p->since < PULSE_BUSY_MS)
		service_tell("WATCHDOG=1");
	else
		log_event(LOG_ERR_, "writer.stuck", "s=%llu", (unsigned long long)((uv_now(timer->loop) - p->since) / 1000));
}

void pulse_start(struct pulse *p, uv_loop_t *loop, struct worker *w)
{
	uint64_t every = (uint64_t)service_watchdog() / 3;

	p->worker = w;
	if (every == 0)
		return;
	p->running = true;
	uv_timer_init(loop, &p->timer);
	p->timer.data = p;
	uv_timer_start(&p->timer, on_timer, 0, every);
}

void pulse_stop(struct pulse *p)
{
	if (p->running)
		uv_close((uv_handle_t *)&p->timer, NULL);
	p->running = false;
}
