/* SPDX-License-Identifier: Apache-2.0
 *
 * Commits, both ways: asking, granting, storing; being asked, reading, sending. */
#include <string.h>
#include "proto/session_parts.h"

/* --- what we lack --- */

void session_grant(struct step *t)
{
	struct session *s = t->s;
	bool busy = session_ahead(s);
	uint64_t open = s->granted - s->stored, want = busy ? SESSION_CREDIT_BUSY : 1;
	uint64_t before = s->granted;
	uint8_t memory[16];
	struct buf b;

	if (s->state == SESSION_CLOSED)
		return;
	while (open < want && *t->env->buffers > (open == 0 && busy ? 0 : SESSION_BUFFERS_SPARE)) {
		(*t->env->buffers)--;
		s->granted++;
		open++;
	}
	if (s->granted == before)
		return;
	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 1);
	canon_u64(&b, s->granted);
	session_send(t, WIRE_CREDIT, &b, false);
}

static uint64_t want_from(const struct step *t, uint32_t i)
{
	const struct track *k = &t->s->tracks[i];
	uint64_t ours = t->env->frontier->heads[i].seq, base = k->theirs < ours ? k->theirs : ours;

	if (k->step == 0)
		return ours + 1;
	return base >= k->step ? base - k->step + 1 : 1;
}

/* As many of SET_WANT as one message holds; the control log alone until it is level. */
static uint32_t list_wants(struct step *t, struct buf *list)
{
	struct session *s = t->s;
	uint32_t n = 0;

	FOR_SET(i, s, SET_WANT) {
		struct track *k = &s->tracks[i];

		if ((i > 0 && s->state == SESSION_CONTROL) || list->len > WIRE_SMALL_MAX - 64)
			break;
		k->asked = k->fresh = true;
		k->from = (uint32_t)want_from(t, (uint32_t)i);
		canon_array(list, 2);
		canon_bin(list, t->env->frontier->heads[i].log.bytes, 16);
		canon_u64(list, k->from);
		set_put(s, SET_WANT, (uint32_t)i, false);
		n++;
	}
	return n;
}

void session_send_wants(struct step *t)
{
	uint32_t n;

	if (t->s->state < SESSION_CONTROL || t->s->state == SESSION_CLOSED)
		return;
	do {
		struct buf b, list;

		buf_init(&list, WIRE_SMALL_MAX);
		n = list_wants(t, &list);
		if (n > 0) {
			buf_init(&b, WIRE_SMALL_MAX);
			canon_array(&b, n);
			buf_add(&b, list.p, list.len);
			session_send(t, WIRE_WANT, &b, false);
			buf_done(&b);
		}
		buf_done(&list);
	} while (n > 0);
	session_grant(t);
}

bool session_waits(const struct session *s)
{
	if (s->granted == s->stored || s->got > s->stored)
		return false; /* no credit given, or what came is not stored yet */
	FOR_SET(i, s, SET_AHEAD)
		if (s->tracks[i].asked)
			return true;
	return false;
}

/* --- what comes --- */

static void give_back_credit(struct step *t)
{
	t->s->stored++;
	(*t->env->buffers)++;
}

/* The seq of the first commit of a COMMITS' list; 0: cannot be said. */
static uint64_t first_seq(struct canon_reader r)
{
	struct canon_reader header;

	if (canon_read_array(&r, COMMIT_CHANGES_MAX) == 0 || canon_read_array(&r, 3) != 3)
		return 0;
	struct slice bytes = canon_read_bin(&r, COMMIT_HEADER_MAX);
	canon_read_init(&header, bytes);
	(void)canon_read_array(&header, 16);
	(void)canon_read_u64(&header, UINT64_MAX);
	(void)canon_read_bin(&header, 32);
	(void)canon_read_bin(&header, 16);
	uint64_t seq = canon_read_u64(&header, UINT64_MAX);
	return r.err == ES_OK && header.err == ES_OK ? seq : 0;
}

void session_on_commits(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct id16 log;

	if (++s->got > s->granted && !PLANT(credit_unchecked)) {
		session_close(t, ES_CREDIT);
		return;
	}
	canon_read_init(&r, buf_slice(&s->body));
	if (canon_read_array(&r, 2) != 2)
		r.err = r.err ? r.err : ES_MALFORMED;
	canon_read_exact(&r, log.bytes, 16);
	int index = r.err == ES_OK ? session_find(t, &log) : -1;
	if (r.err != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	if (index < 0)
		index = 0; /* the control log, in a generation we have yet to learn: admission decides */
	struct track *k = &s->tracks[index];
	uint64_t first = k->fresh ? first_seq(r) : 0;
	if (!k->asked || (first != 0 && first != k->from)) {
		/* Crossed our NACK, or our last WANT, on the way. */
		give_back_credit(t);
		session_grant(t);
		return;
	}
	k->fresh = false;
	s->progress = t->env->now;
	t->fx->store = true;
	t->fx->store_log = (uint32_t)index;
	t->fx->body = &s->body;
}

static void send_ack(struct step *t, uint32_t i)
{
	const struct head *h = &t->env->frontier->heads[i];
	struct track *k = &t->s->tracks[i];
	uint8_t memory[96];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 1);
	canon_array(&b, 3);
	canon_bin(&b, h->log.bytes, 16);
	canon_u64(&b, h->seq);
	canon_bin(&b, h->id.bytes, 32);
	session_send(t, WIRE_ACK, &b, false);
	if (i > 0 && k->said && h->seq == session_shareable(t->s, t->env, i)) /* control: FRONTIER says it, with the logs that it opened */
		k->told = (uint32_t)h->seq;
}

void session_send_nack(struct step *t, uint32_t i, uint64_t seq, enum es_err err)
{
	uint8_t memory[64];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 3);
	canon_bin(&b, t->env->frontier->heads[i].log.bytes, 16);
	canon_u64(&b, seq);
	canon_u64(&b, es_err_wire(err));
	session_send(t, WIRE_NACK, &b, false);
}

/* Who reads our ACK knows what we had entered before we held this: then it was too late. */
static void tell_control(struct step *t)
{
	if (hash_eq(&t->s->told_control, &t->env->frontier->heads[0].id))
		return;
	session_resync(t); /* the logs that it opened go along */
	session_tell_news(t);
}

static void accepted(struct step *t, uint32_t i, uint64_t seq, bool was_there)
{
	struct session *s = t->s;
	struct track *k = &s->tracks[i];
	uint64_t ours = t->env->frontier->heads[i].seq;

	if (seq > k->theirs)
		session_set_theirs(t, i, seq); /* it sent them: it has them */
	k->held_up = false;
	if (!was_there)
		s->retries = 0;
	if (seq >= (k->theirs < ours ? k->theirs : ours)) {
		/* All that was in question has been looked at. A control branch that we have
		 * given up stays the peer's until it follows. */
		k->refused |= i == 0 && was_there && k->differs;
		k->differs = k->due = false;
		k->step = 0;
	}
	if (i > 0)
		tell_control(t);
	send_ack(t, i);
}

static void refused(struct step *t, uint32_t i, uint64_t seq, enum es_err err)
{
	struct session *s = t->s;
	struct track *k = &s->tracks[i];

	session_send_nack(t, i, seq, err);
	k->asked = false;
	k->held_up = err == ES_QUOTA || err == ES_CHARTER;
	if (es_err_then(err) == ES_RETRY || PLANT(nack_retried_for_ever)) {
		k->waits = true;
		set_put(s, SET_WAIT, i, true);
		if (s->retry_at == 0) {
			s->retry_at = t->env->now + ((es_ms)SESSION_RETRY_MS << s->retries);
			s->retries += s->retries < SESSION_RETRY_TIMES;
		}
	} else {
		k->refused = true; /* nothing is retried for ever */
		k->step = 0;
	}
	if (es_err_then(err) == ES_CLOSE)
		session_close(t, err);
}

/* The whole other branch is here: humans decide (L15). The session ends once the
 * peer has ours too, so that both ends can show it, or has had the time. */
static void found_control_fork(struct step *t, uint64_t seq)
{
	struct session *s = t->s;

	s->forked = true;
	s->forked_at = t->env->now;
	session_send_nack(t, 0, seq, ES_CONTROL_FORK);
	if (s->peer_forked || session_mute(t))
		session_close(t, ES_CONTROL_FORK);
}

void session_on_stored(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;

	give_back_credit(t);
	s->progress = t->env->now;
	if (ev->log >= s->track_count)
		return;
	if (ev->err == ES_OK || ev->err == ES_EXISTS)
		accepted(t, ev->log, ev->seq, ev->err == ES_EXISTS);
	else if (ev->err == ES_DIVERGED)
		session_probe(t, ev->log);
	else if (ev->err == ES_CONTROL_FORK && ev->seq >= s->tracks[ev->log].theirs)
		found_control_fork(t, ev->seq);
	else if (ev->err != ES_CONTROL_FORK)
		refused(t, ev->log, ev->seq, ev->err);
	if (ev->log == 0 && s->state != SESSION_CLOSED)
		session_resync(t);
	session_refresh(t, ev->log);
	session_settle(t);
	session_send_wants(t);
	session_load_next(t);
}

/* --- what the peer lacks --- */

void session_load_next(struct step *t)
{
	struct session *s = t->s;
	int i;

	if (s->loading || !s->room || s->sent >= s->limit || s->state < SESSION_CONTROL || s->state == SESSION_CLOSED)
		return;
	i = set_next(s, SET_SERVE, 0);
	if (i < 0)
		return;
	s->loading = true;
	s->load_log = (uint32_t)i;
	s->load_seq = s->tracks[i].next;
	t->fx->load = true;
	t->fx->load_log = s->load_log;
	t->fx->load_seq = s->load_seq;
	t->fx->load_last = session_shareable(s, t->env, s->load_log);
}

void session_on_credit(struct step *t)
{
	struct canon_reader r;

	canon_read_init(&r, buf_slice(&t->s->body));
	if (canon_read_array(&r, 1) != 1)
		r.err = r.err ? r.err : ES_MALFORMED;
	uint64_t limit = canon_read_u64(&r, UINT64_MAX);
	if (canon_read_done(&r) != ES_OK || limit < t->s->limit) {
		session_close(t, ES_MALFORMED);
		return;
	}
	t->s->limit = limit;
	session_load_next(t);
}

void session_on_want(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct id16 log;

	canon_read_init(&r, buf_slice(&s->body));
	uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX);
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		if (canon_read_array(&r, 2) != 2)
			r.err = r.err ? r.err : ES_MALFORMED;
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		int index = r.err == ES_OK ? session_find(t, &log) : -1;
		if (i == 0 && index < 0)
			index = 0; /* the control log, by a generation of another branch */
		if (seq == 0)
			r.err = r.err ? r.err : ES_MALFORMED;
		/* A log it may not hold does not exist for it: no answer. */
		if (index < 0 || session_mute(t) || !set_has(s, SET_TELL, (uint32_t)index))
			continue;
		s->tracks[index].next = (uint32_t)seq;
		session_refresh(t, (uint32_t)index);
	}
	if (canon_read_done(&r) != ES_OK)
		session_close(t, ES_MALFORMED);
	else
		session_load_next(t);
}

void session_on_nack(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct id16 log;

	canon_read_init(&r, buf_slice(&s->body));
	if (canon_read_array(&r, 3) != 3)
		r.err = r.err ? r.err : ES_MALFORMED;
	canon_read_exact(&r, log.bytes, 16);
	uint64_t seq = canon_read_u64(&r, UINT32_MAX);
	enum es_err err = es_err_from_wire((unsigned)canon_read_u64(&r, 65535));
	if (canon_read_done(&r) != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	int index = session_find(t, &log);
	if (index >= 0 && s->tracks[index].asked && (err == ES_DAMAGED || err == ES_PAGE_DAMAGED)) {
		s->tracks[index].refused = true; /* its copy is damaged: others have one */
	} else {
		t->fx->nack = true;
		t->fx->nack_log = log;
		t->fx->nack_seq = seq;
		t->fx->nack_err = err;
		if (index >= 0)
			s->tracks[index].next = 0; /* until it asks again */
	}
	if (index < 0)
		return;
	s->peer_forked |= index == 0 && err == ES_CONTROL_FORK;
	if (s->peer_forked && s->forked)
		session_close(t, ES_CONTROL_FORK);
	session_refresh(t, (uint32_t)index);
	session_settle(t);
}

void session_on_loaded(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;
	struct track *k = &s->tracks[s->load_log];
	struct buf body;

	if (!s->loading || s->state == SESSION_CLOSED)
		return;
	s->loading = false;
	if (k->next != s->load_seq || ev->seq > session_shareable(s, t->env, s->load_log)) {
		/* Refused, wanted from elsewhere or cut back meanwhile. */
	} else if (ev->err != ES_OK || ev->bytes->len == 0) {
		k->next = 0; /* damaged here: not served, the node has raised its alert */
		if (ev->err == ES_DAMAGED || ev->err == ES_PAGE_DAMAGED)
			session_send_nack(t, s->load_log, s->load_seq, ev->err);
	} else {
		k->next = (uint32_t)ev->seq + 1;
		if (ev->seq > k->told && k->said)
			k->told = (uint32_t)ev->seq;
		s->sent++;
		body = (struct buf){.p = (uint8_t *)(uintptr_t)ev->bytes->p, .len = ev->bytes->len, .fixed = true};
		session_send(t, WIRE_COMMITS, &body, true);
	}
	session_refresh(t, s->load_log);
	session_load_next(t);
}
