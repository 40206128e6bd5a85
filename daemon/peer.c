/* SPDX-License-Identifier: Apache-2.0
 *
 * Happy path: accept or connect -> START -> bytes both ways through
 * session_step() -> effects become jobs -> their results become events.
 * Failure: any error, EOF, a stalled write -> handles closed -> the last close
 * callback and the last job free the peer. */
#include "daemon/peer.h"
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "proto/join.h"

#define READ_SIZE 65536
#define ROOM_BYTES (512 * 1024) /* written ahead of the socket */

static void peer_step(struct peer *p, struct session_event *ev);

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

struct flag_job {
	struct job job;
	bool value;
	int64_t clock_ms;
	struct id16 hub;
};

static void free_job(struct job *j)
{
	free(j);
}

static enum es_err run_confirmed(struct node *n, struct job *j)
{
	struct flag_job *f = (struct flag_job *)j;

	n->confirmed = f->value;
	n->home_clock_ms = f->clock_ms;
	n->grew = true;
	return ES_OK;
}

static void post_confirmed(struct peer *p, bool value)
{
	struct flag_job *f = calloc(1, sizeof *f);

	if (!f)
		return;
	f->job.run = run_confirmed;
	f->job.done = free_job;
	f->value = value;
	f->clock_ms = p->session.peer_clock_ms;
	worker_post(p->swarm->worker, &f->job);
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
	leave_swarm(p);
	if (p->confirmations > 0)
		post_confirmed(p, false);
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

/* --- jobs --- */

struct peer_job {
	struct job job;
	struct peer *peer;
	uint32_t index;
	uint64_t seq, last;
	struct buf body, out;
	struct dh_public key;
	uint8_t handshake[64];
};

static struct peer_job *job_new(struct peer *p, enum es_err (*run)(struct node *, struct job *), void (*done)(struct job *))
{
	struct peer_job *j = calloc(1, sizeof *j);

	if (!j)
		return NULL;
	j->job.run = run;
	j->job.done = done;
	j->peer = p;
	buf_init(&j->body, WIRE_MESSAGE_MAX);
	buf_init(&j->out, WIRE_MESSAGE_MAX);
	p->jobs++;
	return j;
}

/* Returns the peer, or NULL when it is gone. */
static struct peer *job_end(struct peer_job *j)
{
	struct peer *p = j->peer;

	p->jobs--;
	if (!p->closing)
		return p;
	maybe_free(p);
	return NULL;
}

static void job_free(struct peer_job *j)
{
	buf_done(&j->body);
	buf_done(&j->out);
	free(j);
}

static enum es_err run_store(struct node *n, struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;

	return node_receive(n, j->index, buf_slice(&j->body), &j->seq);
}

static void log_refused(const struct peer_job *j)
{
	log_event(LOG_WARN, "log.refused", "from=%s log=%u seq=%llu why=%s then=%d", j->peer->from, j->index,
		  (unsigned long long)j->seq, es_err_name(j->job.err), es_err_then(j->job.err));
}

static void done_store(struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;
	struct session_event ev = {.type = SESSION_EV_STORED, .log = j->index, .seq = j->seq, .err = job->err};

	if (job->err != ES_OK && job->err != ES_EXISTS) {
		const struct frontier *f = &worker_snapshot(j->peer->swarm->worker)->frontier;

		log_refused(j);
		if (j->index < f->count)
			swarm_blocked(j->peer->swarm, &f->heads[j->index].log, j->seq, job->err, false);
	}
	if (job_end(j))
		peer_step(j->peer, &ev);
	job_free(j);
}

static enum es_err run_load(struct node *n, struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;

	return node_load(n, j->index, j->seq, &j->out, &j->last);
}

static void done_load(struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;
	struct slice body = buf_slice(&j->out);
	struct session_event ev = {.type = SESSION_EV_LOADED, .log = j->index, .seq = j->last, .err = job->err, .bytes = &body};

	if (job_end(j))
		peer_step(j->peer, &ev);
	job_free(j);
}

static enum es_err run_ack(struct node *n, struct job *job)
{
	return node_acknowledged(n, buf_slice(&((struct peer_job *)job)->body));
}

static void done_quiet(struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;

	(void)!job_end(j);
	job_free(j);
}

static enum es_err run_join(struct node *n, struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;

	return node_join(n, buf_slice(&j->body), &j->key, j->handshake, &j->out);
}

static void done_join(struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;
	struct slice body = buf_slice(&j->out);
	struct session_event ev = {.type = SESSION_EV_JOIN, .bytes = &body};

	if (job->err != ES_OK)
		ev = (struct session_event){.type = SESSION_EV_CLOSE, .err = job->err};
	if (job_end(j))
		peer_step(j->peer, &ev);
	job_free(j);
}

static enum es_err run_reported(struct node *n, struct job *job)
{
	return node_reported(n, &((struct flag_job *)job)->hub);
}

static void take_body(struct buf *to, struct buf *from)
{
	*to = *from;
	buf_init(from, WIRE_MESSAGE_MAX);
}

static void post_load(struct peer *p, const struct session_effects *fx)
{
	struct peer_job *j = job_new(p, run_load, done_load);

	if (!j) {
		peer_close(p, ES_NOMEM);
		return;
	}
	j->job.reads = true;
	j->index = fx->load_log;
	j->seq = fx->load_seq;
	worker_post(p->swarm->worker, &j->job);
}

static void post_body(struct peer *p, const struct session_effects *fx, enum es_err (*run)(struct node *, struct job *),
		      void (*done)(struct job *))
{
	struct peer_job *j = job_new(p, run, done);

	if (!j) {
		peer_close(p, ES_NOMEM);
		return;
	}
	take_body(&j->body, fx->body);
	j->index = fx->store_log;
	j->key = p->session.peer_key;
	memcpy(j->handshake, p->session.handshake, 64);
	worker_post(p->swarm->worker, &j->job);
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
	if (p->target) {
		p->target->attempts = 0;
		p->target->last_err = ES_OK;
	}
	for (struct peer *o = s->peers, *next; o; o = next) {
		next = o->next;
		if (o != p && o->greeted && !o->target && !p->target && id_eq(&o->session.peer, &p->session.peer))
			peer_close(o, ES_OK);
	}
	if (s->role != ROLE_CRESS && p->session.peer_role == ROLE_CRESS)
		s->clock_skew_ms = p->session.peer_clock_ms;
	log_event(LOG_INFO, "peer.greeted", "from=%s role=%d", p->from, p->session.peer_role);
}

static void note_progress(struct peer *p)
{
	if (p->session.confirmed && p->session.confirmations != p->confirmations) {
		p->confirmations = p->session.confirmations;
		p->swarm->confirm_us = (uv_hrtime() - p->dialled_ns) / 1000;
		post_confirmed(p, true);
	}
	if (p->session.reported && !p->reported && p->swarm->role == ROLE_CRESS) {
		struct flag_job *f = calloc(1, sizeof *f);

		p->reported = true;
		if (!f)
			return;
		f->job.run = run_reported;
		f->job.done = free_job;
		f->hub = p->session.peer;
		worker_post(p->swarm->worker, &f->job);
	}
}

static void perform(struct peer *p, const struct session_effects *fx)
{
	if (fx->identified)
		on_identified(p);
	if (fx->store)
		post_body(p, fx, run_store, done_store);
	if (fx->ack && p->session.peer_role == ROLE_CRESS && p->swarm->role != ROLE_CRESS)
		post_body(p, fx, run_ack, done_quiet);
	if (fx->load && !p->closing)
		post_load(p, fx);
	if (fx->nack)
		swarm_blocked(p->swarm, &fx->nack_log, fx->nack_seq, fx->nack_err, true);
	if (fx->nack)
		log_event(LOG_WARN, "log.nack", "from=%s seq=%llu why=%s", p->from, (unsigned long long)fx->nack_seq,
			  es_err_name(fx->nack_err));
	if (fx->join && !p->session.join_only)
		post_body(p, fx, run_join, done_join);
	else if (fx->join && !p->closing)
		take_joined(p, buf_slice(fx->body));
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
	note_progress(p);
	if (p->session.join_only && p->session.state == SESSION_GREETING && !p->join_sent)
		send_join(p);
	if (!p->closing)
		arm_timer(p);
}

void peer_event(struct peer *p, enum session_event_type type)
{
	struct session_event ev = {.type = type};

	peer_step(p, &ev);
}

/* --- beginnings --- */

static struct peer *peer_new(struct swarm *s, struct target *t)
{
	struct peer *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->swarm = s;
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
	if (uv_accept((uv_stream_t *)&s->listener, (uv_stream_t *)&p->tcp) != 0) {
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

static enum es_err run_lineage(struct node *n, struct job *job)
{
	(void)job;
	return node_next_lineage(n);
}

static void done_lineage(struct job *job)
{
	struct peer_job *j = (struct peer_job *)job;

	if (job_end(j)) {
		if (job->err == ES_OK)
			resolve(j->peer);
		else
			peer_close(j->peer, job->err);
	}
	job_free(j);
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
	j = job_new(p, run_lineage, done_lineage); /* durable before HELLO says it */
	if (j)
		worker_post(s->worker, &j->job);
	else
		peer_close(p, ES_NOMEM);
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

static void target_retry(struct target *t)
{
	struct swarm *s = t->swarm;
	uint64_t bound = SWARM_DIAL_MIN_MS << (t->attempts < 6 ? t->attempts : 6), wait;

	if (s->stopping || t->closing)
		return;
	if (bound > SWARM_DIAL_MAX_MS)
		bound = SWARM_DIAL_MAX_MS;
	wait = rng_below(&s->rng, bound) + 50;
	t->attempts++;
	t->next_try = loop_now(s) + (es_ms)wait;
	uv_timer_start(&t->timer, on_retry, wait, 0);
}
