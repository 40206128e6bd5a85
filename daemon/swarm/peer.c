/* SPDX-License-Identifier: Apache-2.0
 *
 * Happy path: accept or connect -> START -> bytes both ways through
 * session_step() -> effects become jobs -> their results become events.
 * Failure: any error, EOF, a stalled write -> handles closed -> the last close
 * callback and the last job free the peer. */
#include "daemon/swarm/peer.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/log.h"
#include "proto/join.h"

#define READ_SIZE 65536
#define ROOM_BYTES (512 * 1024) /* written ahead of the socket */

static void peer_step(struct peer *p, struct session_event *ev);

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static es_ms loop_now(const struct swarm *s)
{
	return (es_ms)uv_now(s->loop);
}

/* --- ends --- */

static void maybe_free(struct peer *p)
{
	struct session_env env;

	if (p->open_handles > 0 || p->jobs > 0)
		return;
	swarm_env(p->swarm, &env);
	session_done(&p->session, &env);
	free(p);
}

static void handle_closed(uv_handle_t *handle)
{
	struct peer *p = handle->data;

	p->open_handles--;
	maybe_free(p);
}

static void target_retry(struct target *t);

static void leave_swarm(struct peer *p)
{
	struct swarm *s = p->swarm;

	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	s->peer_count--;
	if (p->counted_half)
		s->half_open--;
}

static void post_flag(struct peer *p, enum task_type type, bool value);
static void post_closed(struct peer *p, enum es_err why);

static void free_job(struct job *j)
{
	free(j);
}

void peer_close(struct peer *p, enum es_err why)
{
	struct swarm *s = p->swarm;

	if (p->closing)
		return;
	p->closing = true;
	if (!p->target && why != ES_OK)
		s->refused[why]++;
	log_event(why == ES_OK ? LOG_INFO : LOG_NOTE, "peer.closed", "from=%s why=%s", p->from, es_err_name(why));
	if (p->greeted)
		swarm_hear(s, &p->session);
	leave_swarm(p);
	post_closed(p, why);
	uv_close((uv_handle_t *)&p->tcp, handle_closed);
	uv_close((uv_handle_t *)&p->timer, handle_closed);
	if (p->target) {
		p->target->peer = NULL;
		p->target->last_err = why;
		target_retry(p->target);
		p->target = NULL;
	}
}

/* --- bytes --- */

struct writing {
	uv_write_t req;
	struct peer *peer;
	struct buf bytes;
	bool last;
	enum es_err why;
};

static void on_written(uv_write_t *req, int status)
{
	struct writing *w = req->data;
	struct peer *p = w->peer;
	bool full = p->writing > ROOM_BYTES;

	p->writing -= w->bytes.len;
	p->stalled = p->writing ? loop_now(p->swarm) : 0;
	bool last = w->last;
	enum es_err why = w->why;
	buf_done(&w->bytes);
	free(w);
	p->jobs--;
	if (p->closing) {
		maybe_free(p);
		return;
	}
	if (status < 0 || last) {
		peer_close(p, last ? why : ES_TIMEOUT);
		return;
	}
	if (full && p->writing <= ROOM_BYTES)
		peer_event(p, SESSION_EV_ROOM);
}

static void peer_send(struct peer *p, struct buf *bytes, bool last, enum es_err why)
{
	struct writing *w = calloc(1, sizeof *w);
	uv_buf_t b;

	if (!w) {
		buf_done(bytes);
		peer_close(p, ES_NOMEM);
		return;
	}
	w->peer = p;
	w->bytes = *bytes;
	w->last = last;
	w->why = why;
	w->req.data = w;
	b = uv_buf_init((char *)w->bytes.p, (unsigned)w->bytes.len);
	p->jobs++;
	if (p->writing == 0)
		p->stalled = loop_now(p->swarm);
	p->writing += w->bytes.len;
	p->swarm->bytes_out += w->bytes.len;
	if (uv_write(&w->req, (uv_stream_t *)&p->tcp, &b, 1, on_written) != 0) {
		p->jobs--;
		buf_done(&w->bytes);
		free(w);
		peer_close(p, ES_TIMEOUT);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char memory[READ_SIZE]; /* one loop, one read at a time */

	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(memory, sizeof memory);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct peer *p = stream->data;
	struct slice in;
	struct session_event ev = {.type = SESSION_EV_BYTES, .bytes = &in};

	if (n < 0) {
		bool mid = p->session.state == SESSION_HANDSHAKE && p->session.preamble_seen;
		peer_close(p, mid ? (p->target && p->session.initiator ? ES_INVITE_FOREIGN : ES_HANDSHAKE) : ES_OK);
		return;
	}
	p->swarm->bytes_in += (uint64_t)n;
	in = SLICE(buf->base, (size_t)n);
	while (in.len > 0 && !p->closing && p->session.state != SESSION_CLOSED)
		peer_step(p, &ev);
}

/* --- tasks: the session's effects on the writer's thread --- */

struct peer_job {
	struct job job;
	struct peer *peer; /* NULL: nobody waits for it */
	struct task task;
};

/* Returns the peer, or NULL when it is gone. */
static struct peer *job_end(struct peer_job *j)
{
	struct peer *p = j->peer;

	if (!p)
		return NULL;
	p->jobs--;
	if (!p->closing)
		return p;
	maybe_free(p);
	return NULL;
}

static enum es_err run_task(struct node *n, struct job *job)
{
	return task_run(n, &((struct peer_job *)job)->task);
}

static void log_refused(struct peer_job *j)
{
	const struct frontier *f = &worker_snapshot(j->peer->swarm->worker)->frontier;
	const struct task *t = &j->task;

	if (t->err == ES_OK || t->err == ES_EXISTS || t->err == ES_DIVERGED)
		return;
	log_event(LOG_WARN, "log.refused", "from=%s log=%u seq=%llu why=%s then=%d", j->peer->from, t->index,
		  (unsigned long long)t->seq, es_err_name(t->err), es_err_then(t->err));
	if (t->index < f->count)
		swarm_blocked(j->peer->swarm, &f->heads[t->index].log, t->seq, t->err, false);
}

static void done_task(struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;
	struct session_event ev;
	struct slice bytes;

	j->task.err = job->err;
	if (j->peer && j->task.type == TASK_STORE)
		log_refused(j);
	if (j->task.type == TASK_GREET && job->err != ES_OK && j->peer)
		swarm_told(j->peer->swarm, &j->task.hub, &j->task.instance, job->err);
	struct peer *p = job_end(j);
	if (p && task_event(&j->task, &bytes, &ev))
		peer_step(p, &ev);
	task_done(&j->task);
	free(j);
}

/* `p` may be NULL: a task of a session that is over. */
static struct peer_job *job_new(struct peer *p)
{
	struct peer_job *j = calloc(1, sizeof *j);

	if (!j)
		return NULL;
	j->job.run = run_task;
	j->job.done = done_task;
	j->job.keeps = task_keeps;
	j->peer = p;
	if (p)
		p->jobs++;
	return j;
}

static void post(struct peer *p, struct peer_job *j)
{
	j->job.reads = j->task.reads;
	j->job.in_memory = j->task.in_memory;
	worker_post(p->swarm->worker, &j->job);
}

static void post_flag(struct peer *p, enum task_type type, bool value)
{
	struct peer_job *j = job_new(p);

	if (!j)
		return;
	task_init(&j->task, type, &p->session, p->no);
	j->task.flag = value;
	post(p, j);
}

static void post_closed(struct peer *p, enum es_err why)
{
	struct peer_job *j = p->noted || p->greeted || p->target ? job_new(NULL) : NULL;

	if (!j)
		return;
	task_init(&j->task, TASK_CLOSED, &p->session, p->no);
	if (p->target && p->target->home) /* also before it has greeted us */
		j->task.role = ROLE_CRESS;
	j->task.err = why;
	post(p, j);
}

/* --- joining, the hub's side --- */

static void send_join(struct peer *p)
{
	struct swarm *s = p->swarm;
	struct join_ask ask = {.accept = true, .fed_id = s->rights.fed_id, .secret = s->join_secret,
			       .sign = s->keys->sign, .charter = s->join_charter};
	struct member m = {.sign = s->keys->sign, .dh = s->keys->dh};
	struct buf message, body;

	snprintf(ask.name, sizeof ask.name, "%s", s->name);
	snprintf(ask.address, sizeof ask.address, "%s", s->advertise);
	snprintf(m.name, sizeof m.name, "%s", s->name);
	snprintf(m.address, sizeof m.address, "%s", s->advertise);
	buf_init(&message, 2048);
	buf_init(&body, 2048);
	acceptance_message(p->session.handshake, &s->rights.fed_id, &m, &ask.charter, &message);
	ask.sig = crypto_sign_as(SIGN_JOIN, &s->keys->sign_secret, buf_slice(&message));
	ask.replaces = s->join_epoch > 0;
	if (ask.replaces) { /* in the place of a key that was lost */
		struct rotation t = {.hub = s->self, .sign = s->keys->sign, .dh = s->keys->dh, .epoch = s->join_epoch};

		buf_clear(&message);
		rotation_message(&s->rights.fed_id, &t, &message);
		ask.rotation = crypto_sign_as(SIGN_ROTATE, &s->keys->sign_secret, buf_slice(&message));
	}
	join_ask_encode(&ask, &body);
	struct slice bytes = buf_slice(&body);
	struct session_event ev = {.type = SESSION_EV_JOIN, .bytes = &bytes};
	p->join_sent = true;
	peer_step(p, &ev);
	buf_done(&message);
	buf_done(&body);
}

static enum es_err run_denied(struct node *n, struct job *job)
{
	uint8_t one[8] = {0, 0, 0, 0, 0, 0, 0, 1};

	(void)job;
	n->denied = true;
	return journal_set(n->journal, "denied", SLICE(one, 8));
}

static void take_joined(struct peer *p, struct slice body)
{
	struct join_answer a;
	struct swarm *s = p->swarm;

	if (join_answer_decode(body, &a) != ES_OK || !a.accepted) {
		peer_close(p, ES_MALFORMED);
		return;
	}
	s->join_approved = a.state == JOIN_APPROVED;
	s->join_denied = a.state == JOIN_DENIED;
	if (s->join_denied) {
		struct job *j = calloc(1, sizeof *j);
		if (j) {
			j->run = run_denied;
			j->done = free_job;
			worker_post(s->worker, j);
		}
	}
	struct target *t = p->target;
	if (t && s->join_approved)
		t->attempts = 0;
	peer_close(p, s->join_denied ? ES_DENIED : ES_OK);
}

/* --- a step and its effects --- */

static void arm_timer(struct peer *p);

static void on_timer(uv_timer_t *timer)
{
	struct peer *p = timer->data;

	if (p->stalled && loop_now(p->swarm) - p->stalled >= SWARM_STALL_MS) {
		peer_close(p, ES_TIMEOUT);
		return;
	}
	peer_event(p, SESSION_EV_TIME);
}

static void arm_timer(struct peer *p)
{
	es_ms now = loop_now(p->swarm), at = session_deadline(&p->session);

	if (p->stalled && p->stalled + SWARM_STALL_MS < at)
		at = p->stalled + SWARM_STALL_MS;
	uv_timer_start(&p->timer, on_timer, at > now ? (uint64_t)(at - now) : 1, 0);
}

/* Who else has a session with this member? The newer one wins. */
static void on_identified(struct peer *p)
{
	struct swarm *s = p->swarm;

	p->greeted = true;
	if (p->counted_half) {
		p->counted_half = false;
		s->half_open--;
	}
	for (struct peer *o = s->peers, *next; o; o = next) {
		next = o->next;
		if (!p->session.report_only && o != p && o->greeted && !o->target && !p->target && id_eq(&o->session.peer, &p->session.peer))
			peer_close(o, ES_OK);
	}
	if (id_eq(&s->turned_away.hub, &p->session.peer) && id_eq(&s->turned_away.instance, &p->session.peer_instance))
		s->turned_away.err = ES_OK; /* it calls again: judged anew */
	if (s->role != ROLE_CRESS && p->session.peer_role == ROLE_CRESS) {
		s->clock_skew_ms = p->session.peer_clock_ms;
		s->clock_heard = true;
	}
	log_event(LOG_INFO, "peer.greeted", "from=%s role=%d", p->from, p->session.peer_role);
}

static void note_progress(struct peer *p)
{
	const struct session *s = &p->session;
	bool confirmed = s->confirmed && p->swarm->role != ROLE_CRESS && s->peer_role == ROLE_CRESS;

	if (confirmed != p->confirmed || (confirmed && s->confirmations != p->confirmations)) {
		if (confirmed && !p->confirmed)
			p->swarm->home_since = utc_now();
		p->confirmed = confirmed;
		p->confirmations = s->confirmations;
		if (confirmed)
			p->swarm->confirm_us = (uv_hrtime() - p->dialled_ns) / 1000;
		post_flag(p, TASK_CONFIRM, confirmed);
	}
	if (p->greeted && s->reported != p->reported && p->swarm->role == ROLE_CRESS) {
		p->reported = s->reported;
		post_flag(p, TASK_REPORT, s->reported);
	}
}

static void perform(struct peer *p, struct session_effects *fx)
{
	if (fx->nack)
		swarm_blocked(p->swarm, &fx->nack_log, fx->nack_seq, fx->nack_err, true);
	if (fx->nack)
		log_event(LOG_WARN, "log.nack", "from=%s seq=%llu why=%s", p->from, (unsigned long long)fx->nack_seq,
			  es_err_name(fx->nack_err));
	if (fx->join && p->session.join_only && !p->closing) {
		fx->join = false;
		take_joined(p, buf_slice(fx->body));
	}
	while (!p->closing) {
		struct task t;
		struct peer_job *j;

		if (!task_next(fx, &p->session, p->no, &t))
			break;
		j = job_new(p);
		if (!j) {
			task_done(&t);
			peer_close(p, ES_NOMEM);
			return;
		}
		j->task = t;
		p->noted = p->noted || t.type == TASK_GREET;
		post(p, j);
	}
}

static void peer_step(struct peer *p, struct session_event *ev)
{
	struct session_env env;
	struct session_effects fx = {0};
	struct buf send;

	if (p->closing)
		return;
	buf_init(&send, 4 * WIRE_MESSAGE_MAX);
	fx.send = &send;
	swarm_env(p->swarm, &env);
	p->session.room = p->writing <= ROOM_BYTES;
	session_step(&p->session, &env, ev, &fx);
	if (fx.identified)
		on_identified(p);
	note_progress(p); /* also of a step that closes: it may have been heard out */
	if (send.len > 0)
		peer_send(p, &send, fx.closed, p->session.why);
	else
		buf_done(&send);
	if (p->closing)
		return;
	perform(p, &fx);
	if (p->closing)
		return;
	if (fx.closed && p->writing == 0)
		peer_close(p, p->session.why);
	if (p->closing)
		return;
	if (p->session.join_only && p->session.state == SESSION_GREETING && !p->join_sent)
		send_join(p);
	if (!p->closing && p->session.state == SESSION_STREAM && !p->streams) {
		p->streams = true;
		if (p->target) {
			p->target->attempts = 0;
			p->target->last_err = ES_OK;
		}
		swarm_tell_proofs(p->swarm, p);
	}
	if (!p->closing)
		arm_timer(p);
}

void peer_event(struct peer *p, enum session_event_type type)
{
	struct session_event ev = {.type = type};

	peer_step(p, &ev);
}

void peer_end(struct peer *p, enum es_err why)
{
	struct session_event ev = {.type = SESSION_EV_CLOSE, .err = why};

	peer_step(p, &ev);
}

void peer_fork(struct peer *p, uint32_t index, struct slice proof)
{
	struct session_event ev = {.type = SESSION_EV_FORK, .log = index, .bytes = &proof};

	peer_step(p, &ev);
}

/* --- beginnings --- */

static struct peer *peer_new(struct swarm *s, struct target *t)
{
	struct peer *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->swarm = s;
	p->no = ++s->sessions;
	p->target = t;
	p->since = loop_now(s);
	uv_tcp_init(s->loop, &p->tcp);
	uv_timer_init(s->loop, &p->timer);
	p->tcp.data = p->timer.data = p->resolve.data = p->connect.data = p;
	p->open_handles = 2;
	p->next = s->peers;
	p->at = &s->peers;
	if (s->peers)
		s->peers->at = &p->next;
	s->peers = p;
	s->peer_count++;
	return p;
}

static void peer_begin(struct peer *p)
{
	uv_tcp_nodelay(&p->tcp, 1);
	p->connected = true;
	peer_event(p, SESSION_EV_START);
	if (!p->closing && uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read) != 0)
		peer_close(p, ES_IO);
}

static void address_text(uv_tcp_t *tcp, char *out, size_t size)
{
	struct sockaddr_storage a;
	int len = sizeof a;

	snprintf(out, size, "?");
	if (uv_tcp_getpeername(tcp, (struct sockaddr *)&a, &len) == 0)
		uv_ip_name((struct sockaddr *)&a, out, size);
}

/* The oldest half-open connection: of one address, or of any. */
static struct peer *oldest_half(struct swarm *s, const char *from, const struct peer *but, size_t *count)
{
	struct peer *oldest = NULL;

	*count = 0;
	for (struct peer *p = s->peers; p; p = p->next) {
		if (p == but || !p->counted_half || (from && strcmp(p->from, from) != 0))
			continue;
		(*count)++;
		if (!oldest || p->since <= oldest->since)
			oldest = p;
	}
	return oldest;
}

void peer_accept(struct swarm *s)
{
	struct peer *p = peer_new(s, NULL), *old;
	size_t count;

	if (!p)
		return;
	session_init(&p->session, false, NULL);
	if (uv_accept((uv_stream_t *)s->listener, (uv_stream_t *)&p->tcp) != 0) {
		peer_close(p, ES_IO);
		return;
	}
	address_text(&p->tcp, p->from, sizeof p->from);
	p->counted_half = true;
	s->half_open++;
	old = oldest_half(s, p->from, p, &count);
	if (count >= SWARM_PER_ADDRESS)
		peer_close(old, ES_BUSY);
	old = oldest_half(s, NULL, p, &count);
	if (count >= SWARM_HALF_OPEN)
		peer_close(old, ES_BUSY);
	if (s->peer_count > SWARM_PEERS_MAX)
		peer_close(p, ES_BUSY);
	else
		peer_begin(p);
}

static void on_connect(uv_connect_t *req, int status)
{
	struct peer *p = req->data;

	p->jobs--;
	if (p->closing)
		maybe_free(p);
	else if (status < 0)
		peer_close(p, ES_UNREACHABLE);
	else
		peer_begin(p);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct peer *p = req->data;

	p->jobs--;
	p->dialled_ns = uv_hrtime();
	if (p->closing)
		maybe_free(p);
	else if (status < 0 || !res || uv_tcp_connect(&p->connect, &p->tcp, res->ai_addr, on_connect) != 0)
		peer_close(p, ES_UNREACHABLE);
	else
		p->jobs++;
	uv_freeaddrinfo(res);
}

static void resolve(struct peer *p)
{
	char host[RIGHTS_ADDRESS_MAX + 1], port[16];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

	snprintf(p->from, sizeof p->from, "%.60s", p->target->address);
	if (!address_split(p->target->address, host, sizeof host, port, sizeof port) ||
	    uv_getaddrinfo(p->swarm->loop, &p->resolve, on_resolved, host, port, &hints) != 0)
		peer_close(p, ES_UNREACHABLE);
	else
		p->jobs++;
}

static void done_lineage(struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;
	struct peer *p = job_end(j);

	if (p && job->err == ES_OK)
		resolve(p);
	else if (p)
		peer_close(p, job->err);
	task_done(&j->task);
	free(j);
}

void peer_dial(struct swarm *s, struct target *t, bool join)
{
	struct peer *p = peer_new(s, t);
	struct peer_job *j;

	if (!p)
		return;
	t->peer = p;
	if (join)
		session_init_join(&p->session, &t->key);
	else
		session_init(&p->session, true, &t->key);
	p->session.started = p->session.heard = p->session.spoke = loop_now(s);
	if (join || !t->home) {
		resolve(p);
		return;
	}
	j = job_new(p);
	if (!j) {
		peer_close(p, ES_NOMEM);
		return;
	}
	task_init(&j->task, TASK_LINEAGE, NULL, p->no); /* durable before HELLO says it */
	j->job.done = done_lineage;
	worker_post(s->worker, &j->job);
}

/* Full jitter: anywhere between nothing and the doubled bound. */
static void on_retry(uv_timer_t *timer)
{
	struct target *t = timer->data;
	struct swarm *s = t->swarm;

	if (s->stopping || t->peer || s->join_denied)
		return;
	peer_dial(s, t, t->home && s->joining && !s->join_approved);
}

/* Where a human has to act first, nobody is called every second. */
static es_ms patience(enum es_err why)
{
	switch (why) {
	case ES_REVOKED:
	case ES_INSTANCE_FENCED:
	case ES_KEY_REPLACED:
	case ES_NOT_MEMBER:
	case ES_DENIED:
	case ES_CONTROL_FORK:
		return SWARM_PATIENCE_MS;
	case ES_SUSPENDED:
	case ES_GENERATIONS:
		return SWARM_DIAL_MAX_MS;
	default:
		return 0;
	}
}

static void target_retry(struct target *t)
{
	struct swarm *s = t->swarm;
	uint64_t bound = SWARM_DIAL_MIN_MS << (t->attempts < 6 ? t->attempts : 6), wait;

	if (s->stopping || t->closing)
		return;
	if (bound > SWARM_DIAL_MAX_MS)
		bound = SWARM_DIAL_MAX_MS;
	wait = rng_below(&s->rng, bound) + 50 + (uint64_t)patience(t->last_err);
	t->attempts++;
	t->next_try = loop_now(s) + (es_ms)wait;
	uv_timer_start(&t->timer, on_retry, wait, 0);
}
