/* SPDX-License-Identifier: Apache-2.0
 *
 * The sessions of one machine: what peer.c and swarm.c do. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "proto/join.h"
#include "tests/sim/carrier.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/trace.h"
#include "tests/sim/watch.h"

#define DIAL_MIN_MS 1000
#define DIAL_MAX_MS 60000
#define LASTED_MS 30000 /* a session that was of use */

/* --- ends --- */

void peer_unref(struct peer *p)
{
	struct sim_node *s = p->owner;
	int of_another_run = 0;
	struct session_env env = {.buffers = s->n && s->runs == p->run ? &s->buffers : &of_another_run};

	p->refs--;
	if (!p->closing || p->refs > 0)
		return;
	session_done(&p->session, &env);
	hostile_tap_free(p->tap);
	free(p);
}

struct peer *peer_find(struct sim_node *s, uint64_t no)
{
	for (struct peer *p = s->peers; p; p = p->next)
		if (p->no == no)
			return p;
	return NULL;
}

static struct work *work_new(struct peer *p)
{
	struct work *k = calloc(1, sizeof *k);

	assert(k);
	k->peer = p;
	k->peer_no = p->no;
	k->is_task = true;
	p->refs++;
	return k;
}

static void post_closed(struct peer *p, enum es_err why)
{
	struct work *k = work_new(p);

	task_init(&k->task, TASK_CLOSED, &p->session, p->no);
	if (p->target && p->target->home) /* also before it has greeted us */
		k->task.role = ROLE_CRESS;
	k->task.err = why;
	sim_post(p->owner, k);
}

void peer_close(struct peer *p, enum es_err why)
{
	struct sim_node *s = p->owner;
	struct target *t = p->target;

	if (p->closing)
		return;
	p->closing = true;
	trace_act(s->w->now, s->no, "peer.closed", p->no, why);
	if (trace_on)
		trace_say("%s, peer n%d", es_err_name(why), p->conn ? conn_node(p->conn, !p->side) : 0);
	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	s->peer_count--;
	p->refs++;
	if (p->conn)
		net_close(p->conn, p->side);
	p->conn = NULL;
	if (s->n && (p->noted || p->greeted || p->session.known || (t && t->home)))
		post_closed(p, why);
	if (t) {
		t->peer = NULL;
		t->last_err = why;
		p->target = NULL;
		if (p->streams && s->w->now - p->streams_since >= LASTED_MS)
			t->attempts = 0;
		if (t->home)
			s->home_lost = s->w->now;
		if (s->n)
			target_retry(t);
	}
	peer_unref(p);
}

/* The process has ended: nobody says goodbye, nothing is run any more. */
void peers_drop(struct sim_node *s, bool vanish)
{
	while (s->peers) {
		struct peer *p = s->peers;

		s->peers = p->next;
		if (p->next)
			p->next->at = &s->peers;
		s->peer_count--;
		p->closing = true;
		p->refs++;
		if (p->conn && vanish)
			net_vanish(p->conn, p->side);
		else if (p->conn)
			net_close(p->conn, p->side);
		p->conn = NULL;
		if (p->target)
			p->target->peer = NULL;
		p->target = NULL;
		peer_unref(p);
	}
}

/* --- dialling --- */

static void dial(struct target *t);

static void on_dial(struct world *w, const struct event *e)
{
	struct target *t = e->ctx;
	struct sim_node *s = t->owner;

	if (e->a != t->no || !s->n || t->peer || s->join_denied)
		return;
	if (!t->home && s->n->fenced) {
		target_soon(t, 300000);
		return;
	}
	if (t->only_alone) {
		bool with_home = s->home_lost < 0;

		if (with_home || w->now - s->home_lost < 15000) {
			target_soon(t, 20000 + (es_ms)draw(&s->rng, 0, 20000));
			return;
		}
	}
	dial(t);
}

void target_soon(struct target *t, es_ms in)
{
	t->no = ++t->owner->target_no;
	world_in(t->owner->w, in, on_dial, t, t->no, 0);
}

/* Whom home does not let in, only a human's act lets in: it need not ask often. */
static es_ms turned_away(enum es_err why)
{
	switch (why) {
	case ES_REVOKED:
	case ES_INSTANCE_FENCED:
	case ES_KEY_REPLACED:
	case ES_NOT_MEMBER:
	case ES_DENIED:
	case ES_CONTROL_FORK:
		return 300000;
	case ES_SUSPENDED:
	case ES_GENERATIONS:
		return 60000;
	default:
		return 0;
	}
}

/* Full jitter: anywhere between nothing and the doubled bound. */
void target_retry(struct target *t)
{
	uint64_t bound = (uint64_t)DIAL_MIN_MS << (t->attempts < 6 ? t->attempts : 6);

	if (bound > DIAL_MAX_MS)
		bound = DIAL_MAX_MS;
	t->attempts++;
	bool other_keys = t->last_err == ES_KEY_REPLACED && t->owner->has_next;
	target_soon(t, (other_keys ? 0 : turned_away(t->last_err)) + (es_ms)rng_below(&t->owner->rng, bound) + 50);
}

static struct peer *peer_new(struct sim_node *s, struct target *t)
{
	struct peer *p = calloc(1, sizeof *p);

	assert(p);
	p->no = ++s->w->peer_no;
	p->run = s->runs;
	p->owner = s;
	p->target = t;
	p->since = s->w->now;
	p->next = s->peers;
	p->at = &s->peers;
	if (s->peers)
		s->peers->at = &p->next;
	s->peers = p;
	s->peer_count++;
	return p;
}

static void connect_now(struct peer *p)
{
	p->side = 0;
	p->conn = net_dial(p->owner->w, p->owner->no, p->target->to, p);
}

static void dial(struct target *t)
{
	struct sim_node *s = t->owner;
	const struct member *m = t->home ? NULL : rights_member(&s->n->rights, &t->hub);
	bool join = t->home && s->joining && !s->join_approved;
	struct dh_public key = t->home ? s->n->home : m ? m->dh : (struct dh_public){{0}};

	if (!t->home && !m) { /* not known here yet */
		target_soon(t, 30000);
		return;
	}
	judge_dial(t);
	struct peer *p = peer_new(s, t);

	t->peer = p;
	trace_act(s->w->now, s->no, join ? "dial.join" : "dial", p->no, (uint64_t)t->to);
	if (join)
		session_init_join(&p->session, &key);
	else
		session_init(&p->session, true, &key);
	p->session.started = p->session.heard = p->session.spoke = s->w->now;
	if (join || !t->home) {
		connect_now(p);
		return;
	}
	struct work *k = work_new(p); /* durable before HELLO says it (L1) */
	task_init(&k->task, TASK_LINEAGE, &p->session, p->no);
	sim_post(s, k);
}

struct peer *peer_accepted(struct sim_node *s, struct conn *c)
{
	if (!sim_up(s) || s->refuses || s->peer_count > 2048)
		return NULL;
	struct peer *p = peer_new(s, NULL);
	session_init(&p->session, false, NULL);
	p->session.started = p->session.heard = p->session.spoke = s->w->now;
	p->conn = c;
	p->side = 1;
	return p;
}

void peer_connected(struct peer *p)
{
	p->connected = true;
	peer_event(p, SESSION_EV_START);
}

void peer_ended(struct peer *p)
{
	bool mid = p->session.state == SESSION_HANDSHAKE && p->session.preamble_seen;

	if (!p->conn)
		return;
	p->conn = NULL; /* net.c has let go of this end */
	peer_close(p, !p->connected ? ES_UNREACHABLE : mid ? (p->target && p->session.initiator ? ES_INVITE_FOREIGN : ES_HANDSHAKE) : ES_OK);
}

/* --- joining, the hub's side --- */

static void send_join(struct peer *p)
{
	struct sim_node *s = p->owner;
	struct join_ask ask = {.accept = true, .fed_id = s->n->rights.fed_id, .secret = s->join_secret,
			       .sign = s->keys.sign, .charter = s->join_charter};
	struct member m = {.sign = s->keys.sign, .dh = s->keys.dh};
	struct buf message, body;

	snprintf(ask.name, sizeof ask.name, "%s", s->name);
	snprintf(ask.address, sizeof ask.address, "%s", s->advertise);
	snprintf(m.name, sizeof m.name, "%s", s->name);
	snprintf(m.address, sizeof m.address, "%s", s->advertise);
	buf_init(&message, 2048);
	buf_init(&body, 2048);
	acceptance_message(p->session.handshake, &ask.fed_id, &m, &ask.charter, &message);
	ask.sig = crypto_sign_as(SIGN_JOIN, &s->keys.sign_secret, buf_slice(&message));
	join_ask_encode(&ask, &body);
	struct slice bytes = buf_slice(&body);
	struct session_event ev = {.type = SESSION_EV_JOIN, .bytes = &bytes};
	p->join_sent = true;
	peer_step(p, &ev);
	buf_done(&message);
	buf_done(&body);
}

static void take_joined(struct peer *p, struct slice body)
{
	struct sim_node *s = p->owner;
	struct target *t = p->target;
	struct join_answer a;

	if (join_answer_decode(body, &a) != ES_OK || !a.accepted) {
		peer_close(p, ES_MALFORMED);
		return;
	}
	s->join_approved = a.state == JOIN_APPROVED;
	s->join_denied = a.state == JOIN_DENIED;
	trace_act(s->w->now, s->no, "joined", a.state, 0);
	if (t && s->join_approved)
		t->attempts = 0;
	peer_close(p, s->join_denied ? ES_DENIED : ES_OK);
}

/* --- a step and its effects --- */

static void on_timer(struct world *w, const struct event *e)
{
	struct peer *p = e->ctx;

	if (!p->closing && p->timer == (es_ms)e->a) {
		es_ms stalled = p->conn ? net_stalled(p->conn, p->side) : 0;

		p->timer = 0;
		if (stalled && w->now - stalled >= STALL_MS)
			peer_close(p, ES_TIMEOUT);
		else
			peer_event(p, SESSION_EV_TIME);
	}
	peer_unref(p);
}

/* One event under way per peer: a later deadline waits for the earlier one to pass. */
static void arm_timer(struct peer *p)
{
	struct world *w = p->owner->w;
	es_ms at = session_deadline(&p->session);
	es_ms stalled = p->conn ? net_stalled(p->conn, p->side) : 0;

	if (stalled && stalled + STALL_MS < at)
		at = stalled + STALL_MS;
	if (at <= w->now)
		at = w->now + 1;
	if (p->timer && p->timer <= at)
		return;
	p->timer = at;
	p->refs++;
	world_at(w, at, on_timer, p, (uint64_t)at, 0);
}

/* Who else has a session with this member? The newer one wins. */
static void on_identified(struct peer *p)
{
	struct sim_node *s = p->owner;

	p->greeted = true;
	if (p->target && p->target->home)
		s->home_lost = -1;
	trace_act(s->w->now, s->no, "greeted", p->no, (uint64_t)p->session.peer_role);
	for (struct peer *o = s->peers, *next; o; o = next) {
		next = o->next;
		if (!p->session.report_only && o != p && o->greeted && !o->target && !p->target && id_eq(&o->session.peer, &p->session.peer))
			peer_close(o, ES_OK);
	}
}

static void post_flag(struct peer *p, enum task_type type, bool flag)
{
	struct work *k = work_new(p);

	task_init(&k->task, type, &p->session, p->no);
	k->task.flag = flag;
	sim_post(p->owner, k);
}

static void note_progress(struct peer *p)
{
	const struct session *s = &p->session;
	bool confirmed = s->confirmed && p->owner->role != ROLE_CRESS && s->peer_role == ROLE_CRESS;

	if (confirmed != p->confirmed || (confirmed && s->confirmations != p->confirmations)) {
		p->confirmed = confirmed;
		p->confirmations = s->confirmations;
		post_flag(p, TASK_CONFIRM, confirmed);
	}
	if (p->greeted && s->reported != p->reported && p->owner->role == ROLE_CRESS) {
		p->reported = s->reported;
		post_flag(p, TASK_REPORT, s->reported);
	}
}

/* Effects become tasks; what a joining client hears is its own affair. */
static void perform(struct peer *p, struct session_effects *fx)
{
	struct sim_node *s = p->owner;
	struct task t;

	if (fx->load)
		judge_load(p, fx->load_log);
	if (fx->nack) {
		judge_nack(s, &fx->nack_log, fx->nack_seq, fx->nack_err);
		watch_nacked(p, &fx->nack_log, fx->nack_err);
	}
	if (fx->join && p->session.join_only) {
		if (!p->closing)
			take_joined(p, buf_slice(fx->body));
		return;
	}
	while (!p->closing && task_next(fx, &p->session, p->no, &t)) {
		struct work *k = work_new(p);

		k->task = t;
		k->reads = t.reads;
		p->noted = p->noted || t.type == TASK_GREET;
		sim_post(s, k);
	}
}

void peer_step(struct peer *p, struct session_event *ev)
{
	struct sim_node *s = p->owner;
	struct session_env env;
	struct session_effects fx = {0};
	struct spoken before;
	struct buf send;

	if (p->closing || !s->n)
		return;
	p->refs++;
	buf_init(&send, 4 * WIRE_MESSAGE_MAX);
	fx.send = &send;
	sim_env(s, &env);
	p->session.room = !p->conn || net_writing(p->conn, p->side) <= ROOM_BYTES;
	hostile_before(p, &before);
	session_step(&p->session, &env, ev, &fx);
	if (s->hostile)
		hostile_say(p, &before, &send);
	judge_session(p);
	if (fx.identified)
		on_identified(p);
	note_progress(p); /* also of a step that closes: it may have been heard out */
	if (send.len > 0 && p->conn)
		net_send(p->conn, p->side, send.p, send.len, fx.closed);
	buf_done(&send);
	if (!p->closing)
		perform(p, &fx);
	if (!p->closing && fx.closed)
		peer_close(p, p->session.why);
	if (!p->closing && p->session.join_only && p->session.state == SESSION_GREETING && !p->join_sent)
		send_join(p);
	if (!p->closing && p->session.state == SESSION_STREAM && !p->streams) {
		p->streams = true;
		p->streams_since = s->w->now;
		sim_tell_proofs(s, p);
	}
	if (!p->closing)
		arm_timer(p);
	peer_unref(p);
}

void peer_event(struct peer *p, enum session_event_type type)
{
	struct session_event ev = {.type = type};

	peer_step(p, &ev);
}

void peer_bytes(struct peer *p, struct slice bytes)
{
	struct session_event ev = {.type = SESSION_EV_BYTES, .bytes = &bytes};

	if (p->owner->deaf)
		return;
	p->refs++;
	while (bytes.len > 0 && !p->closing && p->owner->n && p->session.state != SESSION_CLOSED) {
		struct slice rest = bytes;

		peer_step(p, &ev);
		if (p->owner->hostile)
			hostile_heard(p, SLICE(rest.p, rest.len - bytes.len));
	}
	peer_unref(p);
}

void peer_room(struct peer *p)
{
	if (!p->session.room && net_writing(p->conn, p->side) <= ROOM_BYTES)
		peer_event(p, SESSION_EV_ROOM);
}

/* A task of this peer has been run, and what it wrote is durable. */
void peer_task_done(struct peer *p, struct work *k)
{
	struct task *t = &k->task;
	struct session_event ev = {0};
	struct slice bytes;

	if (p->closing)
		return;
	if (t->type == TASK_LINEAGE) {
		if (t->err == ES_OK)
			connect_now(p);
		else
			peer_close(p, t->err);
		return;
	}
	if (task_event(t, &bytes, &ev))
		peer_step(p, &ev);
}

void peers_grew(struct sim_node *s)
{
	/* A step may close any of them: go by number, not by pointer. */
	uint64_t last = UINT64_MAX;

	for (;;) {
		struct peer *p = s->peers;

		while (p && p->no >= last)
			p = p->next;
		if (!p || !s->n)
			break;
		last = p->no;
		if (p->connected)
			peer_event(p, SESSION_EV_GREW);
	}
}
