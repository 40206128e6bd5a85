/* SPDX-License-Identifier: Apache-2.0
 *
 * The watchdog is fed while the writer is well or at work, and starves when it hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/service/pulse.h"
#include "daemon/service/service.h"
#include "tests/daemon/nodes.h"

#define WATCHED_MS 300 /* fed each 100 */

static int manager = -1;

static int manage(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char name[64];

	/* An abstract name, as containers are given. */
	snprintf(name, sizeof name, "@essaim-pulse-%ld", (long)getpid());
	memcpy(at.sun_path, name, strlen(name));
	at.sun_path[0] = 0;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (manager < 0 || bind(manager, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) != 0)
		return -1;
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "300000", 1);
	return nodes_reference(state);
}

static int unmanage(void **state)
{
	close(manager);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	return nodes_done(state);
}

/* How often the manager was told WATCHDOG=1 since the last time. */
static int fed(void)
{
	char text[256];
	int count = 0;

	for (ssize_t n; (n = recv(manager, text, sizeof text - 1, 0)) > 0;) {
		text[n] = 0;
		count += strcmp(text, "WATCHDOG=1") == 0;
	}
	return count;
}

/* --- a loop with a worker --- */

static void nothing(void *ctx)
{
	(void)ctx;
}
static void no_control(void *ctx, struct slice packed)
{
	(void)ctx;
	(void)packed;
}
static void no_keys(void *ctx, const struct node_keys *keys)
{
	(void)ctx;
	(void)keys;
}
static void no_close(void *ctx, uint64_t session, enum es_err why)
{
	(void)ctx;
	(void)session;
	(void)why;
}
static void no_proof(void *ctx, const struct id16 *log, struct slice body)
{
	(void)ctx;
	(void)log;
	(void)body;
}

struct stage {
	uv_loop_t loop;
	struct worker *worker;
	struct pulse pulse;
	struct job job;
	uv_timer_t timer;
};

static void stop_loop(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void run_for(struct stage *s, uint64_t ms)
{
	uv_timer_start(&s->timer, stop_loop, ms, 0);
	uv_run(&s->loop, UV_RUN_DEFAULT);
}

static void done_nothing(struct job *j)
{
	(void)j;
}

static void open_stage(struct stage *s, struct nodes *w)
{
	static const struct worker_hooks hooks = {.grew = nothing, .control = no_control, .control_anew = nothing,
						  .keys = no_keys, .close = no_close, .proof = no_proof};
	struct party *p = &w->p[AURAY];

	memset(s, 0, sizeof *s);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	uv_timer_init(&s->loop, &s->timer);
	directory_close(p->d); /* the projector opens its own */
	p->d = NULL;
	assert_int_equal(worker_start(&s->loop, p->n, &hooks, &s->worker), ES_OK);
	p->n = NULL;
	pulse_start(&s->pulse, &s->loop, s->worker);
}

static void close_stage(struct stage *s)
{
	pulse_stop(&s->pulse);
	uv_close((uv_handle_t *)&s->timer, NULL);
	worker_stop(s->worker);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	worker_free(s->worker);
	assert_int_equal(uv_loop_close(&s->loop), 0);
}

/* --- what the writer may be doing --- */

#define TASK_MS 1500

static enum es_err hang(struct node *n, struct job *j)
{
	const struct timespec pause = {.tv_sec = TASK_MS / 1000, .tv_nsec = TASK_MS % 1000 * 1000000L};

	(void)n;
	(void)j;
	nanosleep(&pause, NULL);
	return ES_OK;
}

static enum es_err work(struct node *n, struct job *j)
{
	uint64_t end = uv_hrtime() + TASK_MS * 1000000ull;

	(void)n;
	(void)j;
	while (uv_hrtime() < end)
		;
	return ES_OK;
}

static void a_node_that_is_well_feeds_it(void **state)
{
	struct stage s;

	open_stage(&s, *state);
	run_for(&s, 1500);
	assert_true(fed() >= 3);
	close_stage(&s);
}

static int fed_during(struct nodes *w, enum es_err (*task)(struct node *n, struct job *j))
{
	struct stage s;
	int count;

	open_stage(&s, w);
	run_for(&s, 200);
	s.job = (struct job){.run = task, .done = done_nothing, .reads = true};
	worker_post(s.worker, &s.job);
	run_for(&s, WATCHED_MS); /* a beat may have been under way */
	(void)fed();
	run_for(&s, TASK_MS - 2 * WATCHED_MS);
	count = fed();
	close_stage(&s);
	return count;
}

static void a_writer_at_work_is_left_in_peace(void **state)
{
	assert_true(fed_during(*state, work) >= 1);
}

static void a_writer_that_hangs_starves_it(void **state)
{
	assert_int_equal(fed_during(*state, hang), 0);
}

static void started_by_hand_nobody_watches(void **state)
{
	(void)state;
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(service_watchdog(), 0);
	setenv("WATCHDOG_USEC", "300000", 1);
	assert_int_equal(service_watchdog(), WATCHED_MS);
	setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
	assert_int_equal(service_watchdog(), 0);
	unsetenv("WATCHDOG_PID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_node_that_is_well_feeds_it, two_hubs, nodes_teardown),
		cmocka_unit_test_setup_teardown(a_writer_at_work_is_left_in_peace, two_hubs, nodes_teardown),
		cmocka_unit_test_setup_teardown(a_writer_that_hangs_starves_it, two_hubs, nodes_teardown),
		cmocka_unit_test(started_by_hand_nobody_watches),
	};

	return cmocka_run_group_tests(tests, manage, unmanage);
}
