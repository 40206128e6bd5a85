/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads told and heard, and what follows from them.
 *
 *     FRONTIER, ACK -> theirs -> above our head: wanted
 *                             -> at our head: same id, or it differs
 *                             -> below: the node compares -> it differs
 *
 * Where it differs, commits from further back are asked for, until the node holds
 * the first one that differs. Our first FRONTIER names every log that the peer may
 * be told of; later ones those whose head it does not know, behind the control log;
 * an empty one says that nothing has moved. */
#include <string.h>
#include "proto/session_parts.h"

#define FRONTIER_GAP_MS 1000 /* between two unasked FRONTIERs */
#define HELD_SIZE (16 + 4 + 32) /* log, seq, id */
#define CHECK_SIZE (4 + 4 + 32) /* index, seq, id */
#define PROBE_FACTOR 16

/* --- ours --- */

static void write_position(const struct head *h, uint64_t seq, struct buf *b)
{
	canon_array(b, 3);
	canon_bin(b, h->log.bytes, 16);
	canon_u64(b, seq);
	canon_bin(b, seq == h->seq ? h->id.bytes : h->acked_id.bytes, 32);
}

static bool is_kept_back(const struct step *t, uint32_t i)
{
	return PLANT(only_own_heads_reported) && session_home(t) && !set_has(t->s, SET_OURS, i);
}

void session_send_frontier(struct step *t)
{
	const struct frontier *f = t->env->frontier;
	struct session *s = t->s;
	struct buf b, list;
	uint32_t n = 0;

	buf_init(&list, WIRE_MESSAGE_MAX);
	FOR_SET(i, s, SET_NEWS) {
		struct track *k = &s->tracks[i];

		session_refresh(t, (uint32_t)i); /* the head may have moved under us */
		if (i > 0 && !is_kept_back(t, (uint32_t)i)) {
			write_position(&f->heads[i], k->offer, &list);
			n++;
		}
		k->said = true;
		k->told = k->offer;
		set_put(s, SET_NEWS, (uint32_t)i, false);
	}
	bool control = s->track_count > 0 && !session_mute(t) &&
		       (n > 0 || s->frontier_sent == 0 || !hash_eq(&s->told_control, &f->heads[0].id));
	buf_init(&b, WIRE_MESSAGE_MAX);
	canon_array(&b, n + control);
	if (control) {
		write_position(&f->heads[0], f->heads[0].seq, &b);
		s->tracks[0].told = (uint32_t)f->heads[0].seq;
		s->told_control = f->heads[0].id;
	}
	buf_add(&b, list.p, list.len);
	if (buf_err(&list) != ES_OK || buf_err(&b) != ES_OK)
		session_close(t, ES_TOO_LARGE);
	session_send(t, WIRE_FRONTIER, &b, false);
	buf_done(&b);
	buf_done(&list);
	s->frontier_due = false;
	s->frontier_sent = t->env->now;
}

void session_tell_news(struct step *t)
{
	struct session *s = t->s;

	if (s->state < SESSION_CONTROL || s->state == SESSION_CLOSED || session_mute(t) ||
	    s->track_count == 0)
		return;
	const struct head *control = &t->env->frontier->heads[0];
	if (s->tracks[0].told != control->seq || !hash_eq(&s->told_control, &control->id) ||
	    (s->frontier_due && t->env->now - s->frontier_sent >= FRONTIER_GAP_MS))
		session_send_frontier(t);
}

es_ms session_news_at(const struct session *s)
{
	return s->frontier_due ? s->frontier_sent + FRONTIER_GAP_MS : 0;
}

/* --- theirs --- */

void session_probe(struct step *t, uint32_t i)
{
	struct track *k = &t->s->tracks[i];
	const struct head *h = &t->env->frontier->heads[i];
	uint64_t base = k->theirs < h->seq ? k->theirs : h->seq;

	k->differs = true;
	if (k->step > 0 && k->step >= base) {
		k->refused = true; /* all of it was looked at, and the node is none the wiser */
		k->step = 0;
	} else if (k->step > 0) {
		k->step *= PROBE_FACTOR;
	} else if (session_home(t) && set_has(t->s, SET_OURS, i) && base > h->acked) {
		k->step = (uint32_t)(base - h->acked); /* nobody but home has seen the rest (L6) */
	} else {
		k->step = 1;
	}
	k->asked = false;
	session_refresh(t, i);
}

static void take_as_same(struct track *k)
{
	k->due = k->differs = false;
	k->step = 0;
}

/* Is the peer's head on our chain? */
static void check_head(struct step *t, uint32_t i, uint64_t seq, const struct hash *id)
{
	struct session *s = t->s;
	struct track *k = &s->tracks[i];
	const struct head *h = &t->env->frontier->heads[i];
	uint8_t *record;

	if (seq == 0 || seq > h->seq || PLANT(frontier_by_seq_only))
		return;
	if (seq == h->seq && hash_eq(id, &h->id)) {
		take_as_same(k);
		k->refused &= i != 0; /* a control branch given up: the peer has followed */
		return;
	}
	if (seq == h->seq) {
		k->due = false;
		if (!k->differs || k->step == 0)
			session_probe(t, i);
		return;
	}
	if (s->checks.len + CHECK_SIZE > WIRE_MESSAGE_MAX || !(record = buf_reserve(&s->checks, CHECK_SIZE)))
		return;
	be_write(record, i, 4);
	be_write(record + 4, seq, 4);
	memcpy(record + 8, id->bytes, 32);
	s->checks.len += CHECK_SIZE;
	k->due = true;
}

static void take_position(struct step *t, uint32_t i, uint64_t seq, const struct hash *id)
{
	t->s->tracks[i].listed = true;
	session_set_theirs(t, i, seq);
	check_head(t, i, seq, id);
	session_refresh(t, i);
}

/* One [log, seq, id]: the log's index, -1 where we do not know it or the reader failed. */
static int read_position(struct step *t, struct canon_reader *r, struct id16 *log, uint64_t *seq, struct hash *id)
{
	if (canon_read_array(r, 3) != 3)
		r->err = r->err ? r->err : ES_MALFORMED;
	canon_read_exact(r, log->bytes, 16);
	*seq = canon_read_u64(r, UINT32_MAX);
	canon_read_exact(r, id->bytes, 32);
	return r->err == ES_OK ? session_find(t, log) : -1;
}

/* Kept until our control log knows the log. `before`: what earlier messages left. */
static void hold(struct session *s, size_t before, const struct id16 *log, uint64_t seq, const struct hash *id)
{
	uint8_t *p = NULL;

	for (size_t at = 0; at < before && !p; at += HELD_SIZE)
		if (memcmp(s->held.p + at, log->bytes, 16) == 0)
			p = s->held.p + at;
	if (!p && s->held.len + HELD_SIZE <= WIRE_MESSAGE_MAX && (p = buf_reserve(&s->held, HELD_SIZE)))
		s->held.len += HELD_SIZE;
	if (!p)
		return; /* more than a FRONTIER can name: heard again in the next session */
	memcpy(p, log->bytes, 16);
	be_write(p + 16, seq, 4);
	memcpy(p + 20, id->bytes, 32);
}

void session_retry_held(struct step *t)
{
	struct session *s = t->s;
	size_t kept = 0;

	for (size_t at = 0; at < s->held.len; at += HELD_SIZE) {
		const uint8_t *p = s->held.p + at;
		struct id16 log;
		struct hash id;

		memcpy(log.bytes, p, 16);
		memcpy(id.bytes, p + 20, 32);
		int index = session_find(t, &log);
		if (index >= 0) {
			take_position(t, (uint32_t)index, be_read(p + 16, 4), &id);
			continue;
		}
		memmove(s->held.p + kept, p, HELD_SIZE);
		kept += HELD_SIZE;
	}
	s->held.len = kept;
	if (kept == 0)
		buf_drop(&s->held);
}

/* Home holds more of ours than it was heard to say: an ACK was lost with its session. */
static bool acknowledges(const struct step *t, int index, uint64_t seq)
{
	if (index <= 0 || !session_home(t) || !set_has(t->s, SET_OURS, (uint32_t)index))
		return false;
	const struct head *h = &t->env->frontier->heads[index];
	return seq > h->acked && seq <= h->seq;
}

void session_on_frontier(struct step *t)
{
	struct session *s = t->s;
	size_t before = s->held.len;
	struct canon_reader r;
	struct id16 log;
	struct hash id;
	uint64_t seq;

	canon_read_init(&r, buf_slice(&s->body));
	uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX);
	bool acks = PLANT(unsealed_on_fetch) && session_home(t) && !s->frontier_seen;
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		int index = read_position(t, &r, &log, &seq, &id);

		if (i == 0 && index < 0)
			index = 0; /* a control generation we have yet to learn */
		acks = acks || acknowledges(t, index, seq);
		if (r.err != ES_OK || (s->stranger && index != 0))
			continue;
		if (index >= 0)
			take_position(t, (uint32_t)index, seq, &id);
		else
			hold(s, before, &log, seq, &id);
	}
	if (canon_read_done(&r) != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	if (!s->frontier_seen && n == 0 && session_home(t))
		s->report_only = true; /* home hears us out, and gives nothing */
	s->frontier_seen = true;
	if (acks) { /* the node compares the ids */
		t->fx->ack = true;
		t->fx->body = &s->body;
	}
	session_settle(t);
	session_send_wants(t);
	session_load_next(t);
}

void session_on_ack(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct id16 log;
	struct hash id;
	uint64_t seq;

	canon_read_init(&r, buf_slice(&s->body));
	uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX);
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		int index = read_position(t, &r, &log, &seq, &id);

		if (r.err != ES_OK || index < 0)
			continue;
		session_set_theirs(t, (uint32_t)index, seq);
		if (seq == t->env->frontier->heads[index].seq) /* below: it has followed our chain so far */
			check_head(t, (uint32_t)index, seq, &id);
		session_refresh(t, (uint32_t)index);
	}
	if (canon_read_done(&r) != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	if (session_home(t)) {
		t->fx->ack = true;
		t->fx->body = &s->body;
	}
	session_settle(t);
	session_send_wants(t);
	session_load_next(t);
}

/* The caller may have taken the last one. */
static void begin_side(struct session *s, uint32_t n)
{
	buf_done(&s->side);
	buf_init(&s->side, 2 * WIRE_MESSAGE_MAX);
	canon_array(&s->side, n);
}

/* --- comparing --- */

static void ask_compare(struct step *t)
{
	struct session *s = t->s;
	struct buf list;
	uint32_t n = 0;

	buf_init(&list, 2 * WIRE_MESSAGE_MAX);
	for (size_t at = 0; at < s->checks.len; at += CHECK_SIZE) {
		const uint8_t *p = s->checks.p + at;
		uint32_t i = (uint32_t)be_read(p, 4);
		struct track *k = &s->tracks[i];

		if (!k->due || be_read(p + 4, 4) != k->theirs)
			continue; /* it has moved since */
		canon_array(&list, 3);
		canon_bin(&list, t->env->frontier->heads[i].log.bytes, 16);
		canon_u64(&list, k->theirs);
		canon_bin(&list, p + 8, 32);
		k->due = false;
		set_put(s, SET_CHECK, i, true);
		n++;
	}
	buf_done(&s->checks);
	buf_init(&s->checks, WIRE_MESSAGE_MAX);
	if (n > 0) {
		begin_side(s, n);
		buf_add(&s->side, list.p, list.len);
		if (buf_err(&s->side) != ES_OK || buf_err(&list) != ES_OK)
			session_close(t, ES_NOMEM);
		s->comparing = true;
		t->fx->compare = true;
		t->fx->body = &s->side;
	}
	buf_done(&list);
}

void session_on_compared(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;
	struct canon_reader r;

	s->comparing = false;
	if (ev->err != ES_OK || s->state < SESSION_CONTROL) {
		session_close(t, ev->err != ES_OK ? ev->err : ES_STATE);
		return;
	}
	canon_read_init(&r, *ev->bytes);
	for (uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX); n > 0 && r.err == ES_OK; n--) {
		uint32_t i = (uint32_t)canon_read_u64(&r, UINT32_MAX);

		if (r.err == ES_OK && set_has(s, SET_CHECK, i) && !s->tracks[i].due && s->tracks[i].step == 0)
			session_probe(t, i);
	}
	FOR_SET(i, s, SET_CHECK) {
		set_put(s, SET_CHECK, (uint32_t)i, false);
		session_refresh(t, (uint32_t)i);
	}
	session_settle(t);
	session_send_wants(t);
	session_load_next(t);
}

/* --- what follows --- */

/* May this node seal in its logs? False at once where home has what we lack. `all`:
 * home has said that it holds the very same. Old generations must reach their cuts (L7). */
static bool may_seal(const struct step *t, bool *all, uint32_t *own)
{
	struct session *s = t->s;

	*all = true;
	*own = 0;
	FOR_SET(i, s, SET_OURS) {
		const struct head *h = &t->env->frontier->heads[i];
		const struct track *k = &s->tracks[i];
		const struct open_log *log = rights_log(t->env->rights, &h->log);
		bool cut = log && log->cut;
		uint64_t theirs = cut && k->theirs > log->cut_seq ? log->cut_seq : k->theirs;

		++*own;
		if (cut && PLANT(old_generation_unchecked))
			continue;
		if (theirs > h->seq || k->differs || (cut && h->seq < log->cut_seq) || (k->blocked && !cut))
			return false;
		if (theirs != h->seq || !k->listed || k->due || set_has(s, SET_CHECK, (uint32_t)i))
			*all = false;
	}
	return *own > 0;
}

/* Is the peer's control log known to be ours, as far as it goes? Or is there nothing to be done about it. */
static bool control_level(const struct session *s)
{
	const struct track *k = &s->tracks[0];
	bool compared = !k->due && !set_has(s, SET_CHECK, 0);

	return PLANT(control_after_data) || (!set_has(s, SET_AHEAD, 0) && compared && (!k->differs || k->refused));
}

static void settle_confirmed(struct step *t)
{
	struct session *s = t->s;
	bool all, may;
	uint32_t own;

	if (!session_home(t))
		return;
	may = may_seal(t, &all, &own) && !s->pending && !s->report_only; /* a fenced copy is given an empty FRONTIER */
	may = may && control_level(s); /* what home has entered since may bind what we seal next (L18) */
	if (PLANT(confirm_without_equality))
		may = all = own > 0;
	if (!may || own != s->own_logs)
		s->confirmed = false; /* an `open` of ours ends the permission (L7) */
	s->own_logs = own;
	if (may && all && !s->confirmed) {
		s->confirmed = true;
		s->confirmations++;
	}
}

/* It has shown what it holds: that is all that it may do here. */
static void dismiss(struct step *t)
{
	const struct rights *r = t->env->rights;
	const struct member *m = t->s->stranger ? rights_member_dh(r, &t->s->peer_key) : rights_member(r, &t->s->peer);

	if (t->s->stranger)
		session_close(t, m && m->state == MEMBER_ACTIVE ? ES_AGAIN : ES_NOT_MEMBER);
	else if (t->s->suspended && m && m->state != MEMBER_REVOKED)
		session_close(t, m->state == MEMBER_ACTIVE ? ES_AGAIN : ES_SUSPENDED);
	else
		session_close(t, m && m->state == MEMBER_REVOKED ? ES_REVOKED : ES_INSTANCE_FENCED);
}

/* Does the peer hold what we lack and would take? A log over its quota waits for an
 * officer's entry, which waits for this. */
static bool lacks(const struct session *s)
{
	FOR_SET(i, s, SET_AHEAD)
		if (!s->tracks[i].held_up)
			return true;
	return s->comparing || s->checks.len > 0;
}

void session_settle(struct step *t)
{
	struct session *s = t->s;

	if (s->state == SESSION_CONTROL && s->frontier_seen && control_level(s)) {
		s->state = SESSION_STREAM;
		s->returns_due = true;
		s->progress = t->env->now;
	}
	if (s->state != SESSION_STREAM)
		return;
	settle_confirmed(t);
	s->reported = !lacks(s);
	if (s->reported && session_mute(t) && s->got == s->stored)
		dismiss(t);
}

/* Home: what the hub is known to hold of its own logs (L5). */
static void ask_level(struct step *t)
{
	struct session *s = t->s;
	struct buf list;
	uint32_t n = 0;

	buf_init(&list, WIRE_MESSAGE_MAX);
	FOR_SET(i, s, SET_PEERS) {
		canon_array(&list, 2);
		canon_bin(&list, t->env->frontier->heads[i].log.bytes, 16);
		canon_u64(&list, s->tracks[i].theirs);
		n++;
	}
	begin_side(s, n);
	buf_add(&s->side, list.p, list.len);
	buf_done(&list);
	s->level_due = false;
	t->fx->level = true;
	t->fx->body = &s->side;
}

void session_ask(struct step *t)
{
	struct session *s = t->s;

	if (!t->fx->body && !s->comparing && s->checks.len > 0 && s->state != SESSION_CLOSED)
		ask_compare(t);
	if (!t->fx->body && s->level_due && s->pending && t->env->role == ROLE_CRESS && s->state == SESSION_STREAM)
		ask_level(t);
}
