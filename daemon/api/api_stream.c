/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /events: what the node says by itself, as server-sent events.
 *
 *   event: status   {state, synced, outbox, refused}, at once and when it changes
 *   event: changed  {commit, edit}: the directory has moved; its place in the journal
 *   event: todo     what waits for a person here, counted
 *   event: end      the session is over: sign in again
 *   :               every 15 s, so that both sides notice a dead line
 *
 * A stream waits suspended; a suspended connection neither times out nor notices that its
 * other end has gone, so the 15 s are also how it is found out. There are STREAMS_MAX of
 * them; who comes later gets 503 and asks /status now and then. */
#include <stdlib.h>
#include <string.h>
#include "common/say.h"
#include "daemon/web/web_parts.h"

#define STREAMS_MAX 64
#define STREAM_BUFFER_MAX 16384 /* unread by its other end: it has gone */
#define TICK_MS 500
#define HEARTBEAT_TICKS 30
#define STREAM_RETRY_S 15

struct stream {
	struct stream *next, *before;
	struct streams *all;
	struct listener *listener;
	struct MHD_Connection *conn;
	struct web_ticket ticket; /* page: whose it is */
	struct buf waiting; /* to be sent */
	bool suspended, over;
};

struct streams {
	struct api *api;
	uv_timer_t timer;
	bool timed; /* it is in the loop: since the first stream */
	struct stream *list;
	size_t count;
	unsigned ticks;
	/* What was said last. */
	struct buf status, todo;
	struct position seen;
};

enum es_err streams_start(struct api *a)
{
	struct streams *all = calloc(1, sizeof *all);

	if (!all)
		return ES_NOMEM;
	all->api = a;
	buf_init(&all->status, STREAM_BUFFER_MAX);
	buf_init(&all->todo, STREAM_BUFFER_MAX);
	a->streams = all;
	return ES_OK;
}

/* --- one stream --- */

static void say(struct stream *s, const char *event, const struct buf *data)
{
	buf_printf(&s->waiting, "event: %s\ndata: ", event);
	buf_add(&s->waiting, data->p, data->len);
	buf_str(&s->waiting, "\n\n");
}

/* Its bytes go out, or its end. */
static void wake(struct stream *s)
{
	if (buf_err(&s->waiting) != ES_OK)
		s->over = true;
	if (!s->suspended || (s->waiting.len == 0 && !s->over))
		return;
	s->suspended = false;
	MHD_resume_connection(s->conn);
}

static ssize_t on_read(void *ctx, uint64_t at, char *out, size_t max)
{
	struct stream *s = ctx;
	size_t n = s->waiting.len < max ? s->waiting.len : max;

	(void)at;
	if (n > 0) {
		memcpy(out, s->waiting.p, n);
		memmove(s->waiting.p, s->waiting.p + n, s->waiting.len - n);
		s->waiting.len -= n;
		return (ssize_t)n;
	}
	if (s->over)
		return MHD_CONTENT_READER_END_OF_STREAM;
	s->suspended = true;
	MHD_suspend_connection(s->conn);
	return 0;
}

static void on_free(void *ctx)
{
	struct stream *s = ctx;
	struct streams *all = s->all;

	if (s->before)
		s->before->next = s->next;
	else
		all->list = s->next;
	if (s->next)
		s->next->before = s->before;
	all->count--;
	buf_done(&s->waiting);
	free(s);
}

/* --- what is said --- */

static void status_data(struct streams *all, struct buf *out)
{
	buf_init(out, STREAM_BUFFER_MAX);
	status_brief(all->api, out);
}

static void todo_data(struct streams *all, struct buf *out)
{
	buf_init(out, STREAM_BUFFER_MAX);
	status_todo(all->api, out);
}

static void position_data(const struct position *p, struct buf *out)
{
	buf_init(out, 128);
	buf_printf(out, "{\"commit\":%lld,\"edit\":%lld}", (long long)p->commit, (long long)p->edit);
}

static void say_all(struct streams *all, const char *event, const struct buf *data)
{
	for (struct stream *s = all->list; s; s = s->next)
		say(s, event, data);
}

/* Says it where it differs from what was said last; takes `now`. */
static void say_change(struct streams *all, const char *event, struct buf *last, struct buf *now)
{
	if (slice_eq(buf_slice(last), buf_slice(now))) {
		buf_done(now);
		return;
	}
	say_all(all, event, now);
	buf_done(last);
	*last = *now;
}

static void say_moved(struct streams *all)
{
	struct position now = worker_snapshot(all->api->swarm->worker)->projected;
	struct buf data;

	if (now.commit == all->seen.commit && now.edit == all->seen.edit)
		return;
	all->seen = now;
	position_data(&now, &data);
	say_all(all, "changed", &data);
	buf_done(&data);
}

static void say_news(struct streams *all)
{
	struct buf now;

	status_data(all, &now);
	say_change(all, "status", &all->status, &now);
	todo_data(all, &now);
	say_change(all, "todo", &all->todo, &now);
	say_moved(all);
}

static void end_strangers(struct streams *all)
{
	struct web *w = all->api->web;

	for (struct stream *s = all->list; s; s = s->next)
		if (!s->over && s->listener->page && !web_ticket_good(w, &s->ticket)) {
			buf_str(&s->waiting, "event: end\ndata: {}\n\n");
			s->over = true;
		}
}

static void run_listeners(struct api *a)
{
	listener_run(&a->control);
	if (a->web)
		listener_run(&a->web->listener);
}

static void on_tick(uv_timer_t *timer)
{
	struct streams *all = timer->data;

	say_news(all);
	end_strangers(all);
	if (++all->ticks % HEARTBEAT_TICKS == 0)
		for (struct stream *s = all->list; s; s = s->next)
			buf_str(&s->waiting, ":\n\n");
	for (struct stream *s = all->list; s; s = s->next)
		wake(s);
	run_listeners(all->api);
	if (all->count == 0)
		uv_timer_stop(timer);
}

static void start_timer(struct streams *all)
{
	if (!all->timed)
		uv_timer_init(all->api->loop, &all->timer);
	all->timed = true;
	all->timer.data = all;
	if (!uv_is_active((uv_handle_t *)&all->timer))
		uv_timer_start(&all->timer, on_tick, TICK_MS, TICK_MS);
}

/* --- coming and going --- */

/* The first words: all there is to say. What is new since the last tick is for the others, too. */
static void greet(struct stream *s)
{
	struct streams *all = s->all;
	struct buf position;

	say_news(all);
	buf_clear(&s->waiting);
	buf_str(&s->waiting, "retry: 3000\n\n");
	position_data(&all->seen, &position);
	say(s, "status", &all->status);
	say(s, "todo", &all->todo);
	say(s, "changed", &position);
	buf_done(&position);
}

static struct stream *stream_new(struct streams *all, struct request *r)
{
	struct stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->all = all;
	s->listener = r->listener;
	s->conn = r->conn;
	buf_init(&s->waiting, STREAM_BUFFER_MAX);
	if (r->listener->page)
		web_ticket_take(r, &s->ticket);
	s->next = all->list;
	if (s->next)
		s->next->before = s;
	all->list = s;
	all->count++;
	greet(s);
	start_timer(all);
	return s;
}

bool stream_has_room(struct request *r)
{
	if (r->api->streams->count < STREAMS_MAX && !r->api->stopping)
		return true;
	buf_printf(&r->why, _("%d pages listen already: ask /api/v1/status now and then"), STREAMS_MAX);
	r->visit.retry_s = STREAM_RETRY_S;
	r->visit.close = true;
	return false;
}

enum MHD_Result stream_open(struct request *r)
{
	struct stream *s = stream_new(r->api->streams, r);
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!s)
		return MHD_NO;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read, s, on_free);
	if (!response) {
		on_free(s);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "text/event-stream; charset=utf-8");
	MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* nginx passes it on at once */
	if (r->listener->page)
		web_headers(r, response);
	r->answered = true;
	result = MHD_queue_response(r->conn, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return result;
}

/* MHD may not be stopped while connections are suspended. */
void streams_stop(struct api *a)
{
	if (!a->streams)
		return;
	for (struct stream *s = a->streams->list; s; s = s->next) {
		s->over = true;
		wake(s);
	}
	run_listeners(a);
	if (a->streams->timed)
		uv_close((uv_handle_t *)&a->streams->timer, NULL);
}

void streams_free(struct api *a)
{
	if (!a->streams)
		return;
	buf_done(&a->streams->status);
	buf_done(&a->streams->todo);
	free(a->streams);
	a->streams = NULL;
}
