/* SPDX-License-Identifier: Apache-2.0
 *
 * The happy path: preambles and three Noise messages; HELLO and FRONTIER both
 * ways at once (home judges first); whoever is behind in the control log WANTs it
 * first; then each WANTs the logs it may hold, which also subscribes to what they
 * will become; COMMITS flow within credit; ACK when durable.
 *
 * It ends: on a wrong byte, on a type the state does not list, on silence, when
 * somebody has been heard out, when a membership ends, on our word. */
#include "proto/session.h"
#include <stdlib.h>
#include <string.h>
#include "proto/session_parts.h"

#define BIT(t) (1u << (t))
#define GREETED                                                                                                  \
	(BIT(WIRE_FRONTIER) | BIT(WIRE_CREDIT) | BIT(WIRE_WANT) | BIT(WIRE_COMMITS) | BIT(WIRE_ACK) | BIT(WIRE_NACK) | \
	 BIT(WIRE_PING) | BIT(WIRE_PONG) | BIT(WIRE_BYE) | BIT(WIRE_FORK))

static const unsigned allowed[] = {
	[SESSION_HANDSHAKE] = 0,
	[SESSION_GREETING] = BIT(WIRE_HELLO) | BIT(WIRE_JOIN) | BIT(WIRE_JOINED) | BIT(WIRE_BYE),
	[SESSION_CONTROL] = GREETED,
	[SESSION_STREAM] = GREETED | BIT(WIRE_RETURN) | BIT(WIRE_RETURNED),
	[SESSION_CLOSED] = 0,
};

void session_init(struct session *s, bool initiator, const struct dh_public *peer)
{
	memset(s, 0, sizeof *s);
	s->initiator = initiator;
	if (initiator)
		s->peer_key = *peer;
	s->room = true;
	buf_init(&s->raw, NOISE_MESSAGE_MAX + 2 + WIRE_PREAMBLE_LEN);
	buf_init(&s->body, WIRE_MESSAGE_MAX);
	buf_init(&s->held, WIRE_MESSAGE_MAX);
	buf_init(&s->checks, WIRE_MESSAGE_MAX);
}

void session_init_join(struct session *s, const struct dh_public *home)
{
	session_init(s, true, home);
	s->join_only = true;
}

void session_done(struct session *s, const struct session_env *env)
{
	*env->buffers += (int)(s->granted - s->stored);
	s->granted = s->stored = 0;
	buf_done(&s->raw);
	buf_done(&s->body);
	buf_done(&s->held);
	buf_done(&s->checks);
	buf_done(&s->side);
	if (s->wired)
		wire_done(&s->wire);
	noise_wipe(&s->noise);
	free(s->tracks);
	free(s->sets);
	s->tracks = NULL;
	s->sets = NULL;
	s->track_count = s->words = 0;
	s->state = SESSION_CLOSED;
}

/* --- sending --- */

void session_send(struct step *t, enum wire_type type, const struct buf *body, bool compress)
{
	if (t->s->state == SESSION_CLOSED)
		return;
	if (buf_err(body) != ES_OK || wire_send(&t->s->wire, type, buf_slice(body), compress, t->fx->send) != ES_OK)
		t->fx->closed = true;
	t->s->spoke = t->env->now;
}

void session_close(struct step *t, enum es_err why)
{
	struct session *s = t->s;
	uint8_t memory[16];
	struct buf b;

	if (s->state == SESSION_CLOSED)
		return;
	if (s->wired) {
		buf_init_fixed(&b, memory, sizeof memory);
		canon_array(&b, 1);
		canon_u64(&b, es_err_wire(why));
		session_send(t, WIRE_BYE, &b, false);
	}
	s->why = why;
	s->state = SESSION_CLOSED;
	t->fx->closed = true;
}

static void send_empty(struct step *t, enum wire_type type)
{
	uint8_t memory[8];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 0);
	session_send(t, type, &b, false);
}

/* --- who is it to us --- */

bool session_home(const struct step *t)
{
	return t->env->role != ROLE_CRESS && t->s->peer_role == ROLE_CRESS;
}

bool session_mute(const struct step *t)
{
	return t->env->role == ROLE_CRESS && (t->s->report_only || t->s->stranger);
}

/* --- messages --- */

static void on_bye(struct step *t)
{
	struct canon_reader r;

	canon_read_init(&r, buf_slice(&t->s->body));
	if (canon_read_array(&r, 1) != 1)
		r.err = r.err ? r.err : ES_MALFORMED;
	unsigned wire = (unsigned)canon_read_u64(&r, 65535);
	t->s->why = canon_read_done(&r) != ES_OK ? ES_MALFORMED : wire == 0 ? ES_OK : es_err_from_wire(wire);
	t->s->state = SESSION_CLOSED;
	t->fx->closed = true;
}

static void on_join(struct step *t, bool answer)
{
	if (answer != t->s->join_only || t->s->judging) {
		session_close(t, ES_STATE);
		return;
	}
	t->fx->join = true;
	t->fx->body = &t->s->body;
}

static void on_message(struct step *t, enum wire_type type)
{
	if (canon_check(buf_slice(&t->s->body)) != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	switch (type) {
	case WIRE_HELLO:
		session_on_hello(t);
		break;
	case WIRE_FRONTIER:
		session_on_frontier(t);
		break;
	case WIRE_CREDIT:
		session_on_credit(t);
		break;
	case WIRE_WANT:
		session_on_want(t);
		break;
	case WIRE_COMMITS:
		session_on_commits(t);
		break;
	case WIRE_ACK:
		session_on_ack(t);
		break;
	case WIRE_NACK:
		session_on_nack(t);
		break;
	case WIRE_FORK:
		session_on_fork(t);
		break;
	case WIRE_RETURN:
		session_on_return(t);
		break;
	case WIRE_RETURNED:
		session_on_returned(t);
		break;
	case WIRE_JOIN:
		on_join(t, false);
		break;
	case WIRE_JOINED:
		on_join(t, true);
		break;
	case WIRE_PING:
		send_empty(t, WIRE_PONG);
		break;
	case WIRE_BYE:
		on_bye(t);
		break;
	case WIRE_PONG:
	case WIRE_DIGEST:
	case WIRE_TYPES:
		break; /* heard: that is all */
	}
}

/* --- events --- */

static void on_bytes(struct step *t, struct slice *in)
{
	struct session *s = t->s;
	enum wire_type type;
	enum es_err err;

	if (s->state == SESSION_HANDSHAKE)
		session_shake(t, in);
	if (s->state == SESSION_HANDSHAKE || s->state == SESSION_CLOSED || in->len == 0)
		return;
	err = wire_receive(&s->wire, in, allowed[s->state], &type, &s->body);
	if (err != ES_OK) {
		session_close(t, err);
		return;
	}
	if (type != 0) {
		s->heard = t->env->now;
		on_message(t, type);
	}
	if (!wire_partial(&s->wire))
		s->frame_began = 0;
	else if (s->frame_began == 0)
		s->frame_began = t->env->now;
}

static void on_grew(struct step *t)
{
	struct session *s = t->s;

	if (s->state < SESSION_CONTROL)
		return;
	session_check_members(t);
	if (s->state == SESSION_CLOSED)
		return;
	session_resync(t);
	s->returns_due = true;
	session_settle(t);
	session_send_wants(t);
	session_tell_news(t);
	session_load_next(t);
}

/* Logs that had to wait are asked for again. */
static void retry(struct step *t)
{
	struct session *s = t->s;

	s->retry_at = 0;
	FOR_SET(i, s, SET_WAIT) {
		set_put(s, SET_WAIT, (uint32_t)i, false);
		s->tracks[i].waits = false;
		session_refresh(t, (uint32_t)i);
	}
	session_send_wants(t);
}

static bool is_late(const struct session *s, es_ms now)
{
	bool shaking = s->state == SESSION_HANDSHAKE || (s->state == SESSION_GREETING && !s->join_only);

	return (shaking && now - s->started >= SESSION_HANDSHAKE_MS) ||
	       (s->frame_began && now - s->frame_began >= SESSION_FRAME_MS) || now - s->heard >= SESSION_DEAD_MS ||
	       (s->state >= SESSION_CONTROL && session_waits(s) && now - s->progress >= SESSION_STALL_MS);
}

/* A key nobody knows is heard out at once, or not at all (L16). */
static bool is_idle_stranger(const struct session *s, es_ms now)
{
	return s->stranger && !s->frontier_seen && now - s->started >= SESSION_HANDSHAKE_MS;
}

static void on_time(struct step *t)
{
	struct session *s = t->s;
	es_ms now = t->env->now;

	if (is_idle_stranger(s, now)) {
		session_close(t, ES_NOT_MEMBER);
		return;
	}
	if (is_late(s, now)) {
		session_close(t, ES_TIMEOUT);
		return;
	}
	if (s->state < SESSION_CONTROL)
		return;
	int64_t moved = t->env->utc - now - s->clock_said;
	if (moved > STAMP_SKEW_MAX_MS / 2 || moved < -STAMP_SKEW_MAX_MS / 2) {
		session_close(t, ES_AGAIN); /* our clock has jumped: HELLO says it anew */
		return;
	}
	if (s->forked && now - s->forked_at >= SESSION_FORKED_MS) {
		session_close(t, ES_CONTROL_FORK);
		return;
	}
	if (s->retry_at && now >= s->retry_at)
		retry(t);
	if (now - s->spoke >= SESSION_PING_MS) {
		session_send_frontier(t); /* quiet links still say their heads... */
		send_empty(t, WIRE_PING);
		buf_drop(&s->body); /* ...and keep nothing of their longest message */
	}
	session_grant(t);
	session_tell_news(t);
}

static void on_event(struct step *t, struct session_event *ev)
{
	switch (ev->type) {
	case SESSION_EV_START:
		session_start(t);
		break;
	case SESSION_EV_BYTES:
		on_bytes(t, ev->bytes);
		break;
	case SESSION_EV_STORED:
		session_on_stored(t, ev);
		break;
	case SESSION_EV_LOADED:
		session_on_loaded(t, ev);
		break;
	case SESSION_EV_GREW:
		on_grew(t);
		break;
	case SESSION_EV_ROOM:
		t->s->room = true;
		session_load_next(t);
		break;
	case SESSION_EV_TIME:
		on_time(t);
		break;
	case SESSION_EV_JOIN: {
		struct buf body = {.p = (uint8_t *)(uintptr_t)ev->bytes->p, .len = ev->bytes->len, .fixed = true};

		session_send(t, t->s->join_only ? WIRE_JOIN : WIRE_JOINED, &body, false);
		break;
	}
	case SESSION_EV_GREETED:
		session_on_greeted(t, ev);
		break;
	case SESSION_EV_COMPARED:
		session_on_compared(t, ev);
		break;
	case SESSION_EV_FORK:
		session_tell_fork(t, ev);
		break;
	case SESSION_EV_RETURNS:
		session_returns(t, ev);
		break;
	case SESSION_EV_RETURNED:
		session_returned(t, ev);
		break;
	case SESSION_EV_CLOSE:
		session_close(t, ev->err);
		break;
	}
}

void session_step(struct session *s, const struct session_env *env, struct session_event *ev,
		  struct session_effects *fx)
{
	struct step t = {.s = s, .env = env, .fx = fx};
	struct buf *send = fx->send;

	memset(fx, 0, sizeof *fx);
	fx->send = send;
	if (s->state == SESSION_CLOSED) {
		fx->closed = true;
		return;
	}
	bool stood_still = s->state < SESSION_CONTROL || !session_waits(s);
	on_event(&t, ev);
	if (s->state < SESSION_CONTROL || s->state == SESSION_CLOSED)
		return;
	session_ask(&t);
	session_ask_returns(&t);
	if (stood_still)
		s->progress = env->now; /* from here on we wait */
}

/* --- deadlines and figures --- */

static es_ms sooner(es_ms a, es_ms b)
{
	return a < b ? a : b;
}

es_ms session_deadline(const struct session *s)
{
	es_ms at = s->heard + SESSION_DEAD_MS, news = session_news_at(s);

	if (s->state == SESSION_HANDSHAKE || (s->state == SESSION_GREETING && !s->join_only))
		at = sooner(at, s->started + SESSION_HANDSHAKE_MS);
	else if (s->state != SESSION_GREETING)
		at = sooner(at, s->spoke + SESSION_PING_MS);
	if (s->state == SESSION_CONTROL || s->state == SESSION_STREAM)
		at = session_waits(s) ? sooner(at, s->progress + SESSION_STALL_MS) : at;
	if (s->stranger && !s->frontier_seen)
		at = sooner(at, s->started + SESSION_HANDSHAKE_MS);
	if (s->frame_began)
		at = sooner(at, s->frame_began + SESSION_FRAME_MS);
	if (s->retry_at)
		at = sooner(at, s->retry_at);
	if (s->forked)
		at = sooner(at, s->forked_at + SESSION_FORKED_MS);
	if (news)
		at = sooner(at, news);
	if (s->returns_later)
		at = sooner(at, s->returns_later);
	if (s->checks.len > 0 && !s->comparing && s->state != SESSION_CLOSED)
		at = sooner(at, s->heard); /* the last step had another body to hand out: at once */
	return at;
}

uint64_t session_lag(const struct session *s, const struct session_env *env)
{
	uint64_t lag = 0;

	FOR_SET(i, s, SET_TELL) {
		uint64_t ours = session_shareable(s, env, (uint32_t)i), theirs = s->tracks[i].theirs;

		lag += ours > theirs ? ours - theirs : theirs - ours;
	}
	return lag;
}
