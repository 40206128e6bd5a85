/* SPDX-License-Identifier: Apache-2.0
 *
 * The happy path: preambles and three Noise messages; HELLO and FRONTIER both
 * ways at once; whoever is behind in the control log WANTs it first; then each
 * WANTs the logs it may hold, which also subscribes to what they will become;
 * COMMITS flow within credit; ACK when durable.
 *
 * It ends: on a wrong byte, on a type the state does not list, on silence, on a
 * stranger's HELLO, on our word. */
#include "proto/session.h"
#include <stdlib.h>
#include <string.h>
#include "proto/canon.h"
#include "proto/session_parts.h"

#define BIT(t) (1u << (t))
#define FRONTIER_GAP_MS 1000 /* between two unasked FRONTIERs */
#define HELLO_ITEMS 8

static const unsigned allowed[] = {
	[SESSION_HANDSHAKE] = 0,
	[SESSION_GREETING] = BIT(WIRE_HELLO) | BIT(WIRE_JOIN) | BIT(WIRE_JOINED) | BIT(WIRE_BYE),
	[SESSION_CONTROL] = BIT(WIRE_FRONTIER) | BIT(WIRE_CREDIT) | BIT(WIRE_WANT) | BIT(WIRE_COMMITS) |
			    BIT(WIRE_ACK) | BIT(WIRE_NACK) | BIT(WIRE_PING) | BIT(WIRE_PONG) | BIT(WIRE_BYE) |
			    BIT(WIRE_FORK),
	[SESSION_STREAM] = BIT(WIRE_FRONTIER) | BIT(WIRE_CREDIT) | BIT(WIRE_WANT) | BIT(WIRE_COMMITS) |
			   BIT(WIRE_ACK) | BIT(WIRE_NACK) | BIT(WIRE_PING) | BIT(WIRE_PONG) | BIT(WIRE_BYE) |
			   BIT(WIRE_FORK),
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
	if (s->wired)
		wire_done(&s->wire);
	noise_wipe(&s->noise);
	free(s->tracks);
	s->tracks = NULL;
	s->track_count = 0;
	s->state = SESSION_CLOSED;
}

/* --- sending --- */

static void send_message(struct step *t, enum wire_type type, const struct buf *body, bool compress)
{
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
		send_message(t, WIRE_BYE, &b, false);
	}
	s->why = why;
	s->state = SESSION_CLOSED;
	t->fx->closed = true;
}

void session_hello(struct step *t)
{
	const struct session_env *env = t->env;
	uint8_t memory[256];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, HELLO_ITEMS);
	canon_u64(&b, WIRE_VERSION);
	canon_bin(&b, env->rights->fed_id.bytes, 32);
	canon_bin(&b, env->self.bytes, 16);
	canon_bin(&b, env->instance.bytes, 16);
	canon_u64(&b, env->lineage);
	canon_u64(&b, env->role);
	canon_int(&b, env->utc);
	canon_str(&b, slice_str(env->software));
	send_message(t, WIRE_HELLO, &b, false);
}

static const struct member *peer_member(const struct step *t)
{
	return rights_member(t->env->rights, &t->s->peer);
}

static bool peer_is_home(const struct session *s, const struct session_env *env)
{
	return env->role != ROLE_CRESS && s->peer_role == ROLE_CRESS;
}

uint64_t session_shareable(const struct session *s, const struct session_env *env, uint32_t index)
{
	const struct head *h = &env->frontier->heads[index];

	if (!id_eq(&h->hub, &env->self) || env->role == ROLE_CRESS || peer_is_home(s, env))
		return h->seq;
	return h->acked;
}

/* May the peer be told of this log at all? Before our control log knows it, a
 * founding member's key vouches for it: it gets the control log only. */
static bool may_tell(const struct step *t, uint32_t index)
{
	const struct head *h = &t->env->frontier->heads[index];
	const struct member *m = peer_member(t);
	const struct open_log *log;

	if (h->scope == SCOPE_LOCAL)
		return false;
	if (h->scope == SCOPE_CONTROL)
		return true;
	log = rights_log(t->env->rights, &h->log);
	return m && log && rights_may_hold(t->env->rights, m, log);
}

static void send_frontier(struct step *t)
{
	const struct frontier *f = t->env->frontier;
	uint32_t n = 0;
	struct buf b;

	for (uint32_t i = 0; i < f->count; i++)
		n += may_tell(t, i);
	buf_init(&b, WIRE_MESSAGE_MAX);
	canon_array(&b, n);
	for (uint32_t i = 0; i < f->count; i++) {
		const struct head *h = &f->heads[i];

		if (!may_tell(t, i))
			continue;
		uint64_t seq = session_shareable(t->s, t->env, i);
		canon_array(&b, 3);
		canon_bin(&b, h->log.bytes, 16);
		canon_u64(&b, seq);
		canon_bin(&b, seq == h->seq ? h->id.bytes : h->acked_id.bytes, 32);
	}
	send_message(t, WIRE_FRONTIER, &b, false);
	buf_done(&b);
	t->s->sent_control = f->count ? f->heads[0].seq : 0;
	t->s->frontier_due = false;
	t->s->frontier_sent = t->env->now;
}

/* --- what we lack, and credit --- */

static bool match_tracks(struct step *t)
{
	struct session *s = t->s;
	size_t n = t->env->frontier->count;

	if (n <= s->track_count)
		return true;
	struct track *more = realloc(s->tracks, n * sizeof *more);
	if (!more)
		return false;
	memset(more + s->track_count, 0, (n - s->track_count) * sizeof *more);
	s->tracks = more;
	s->track_count = n;
	return true;
}

static int find_index(const struct step *t, const struct id16 *log)
{
	const struct frontier *f = t->env->frontier;
	const struct head *h = frontier_find(f, log);
	const struct open_log *open;

	if (h)
		return (int)(h - f->heads);
	if (id_is_zero(log))
		return 0; /* the control log, for a node that holds nothing of it yet */
	open = rights_log(t->env->rights, log); /* an earlier control generation */
	return open && open->scope == SCOPE_CONTROL ? 0 : -1;
}

static bool is_ahead(const struct step *t, uint32_t i)
{
	return t->s->tracks[i].theirs > t->env->frontier->heads[i].seq && !t->s->tracks[i].refused &&
	       t->env->frontier->heads[i].blocked == ES_OK;
}

/* Do we follow this log from this peer, also while it has nothing new? */
static bool follows(const struct step *t, uint32_t i)
{
	const struct head *h = &t->env->frontier->heads[i];

	if (h->scope == SCOPE_LOCAL || h->blocked != ES_OK || !t->s->tracks[i].listed || t->s->tracks[i].refused ||
	    !may_tell(t, i))
		return false;
	if (is_ahead(t, i))
		return true;
	if (peer_is_home(t->s, t->env))
		return !id_eq(&h->hub, &t->env->self);
	return t->env->role == ROLE_CRESS && id_eq(&h->hub, &t->s->peer);
}

static void grant(struct step *t, bool busy)
{
	struct session *s = t->s;
	uint64_t open = s->granted - s->stored, want = busy ? SESSION_CREDIT_BUSY : 1;
	int keep = busy && open == 0 ? 0 : SESSION_BUFFERS_SPARE;
	uint64_t before = s->granted;
	uint8_t memory[16];
	struct buf b;

	while (open < want && *t->env->buffers > (open == 0 && busy ? 0 : keep)) {
		(*t->env->buffers)--;
		s->granted++;
		open++;
	}
	if (s->granted == before)
		return;
	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 1);
	canon_u64(&b, s->granted);
	send_message(t, WIRE_CREDIT, &b, false);
}

static bool any_ahead(const struct step *t)
{
	for (uint32_t i = 0; i < t->s->track_count; i++)
		if (is_ahead(t, i) && may_tell(t, i))
			return true;
	return false;
}

/* One WANT for every log we follow and have not asked for; the control log
 * alone until it is level. */
static void send_wants(struct step *t)
{
	struct session *s = t->s;
	uint32_t n = 0, last = s->state == SESSION_CONTROL ? 1 : (uint32_t)s->track_count;
	struct buf b, list;

	buf_init(&list, WIRE_SMALL_MAX);
	for (uint32_t i = 0; i < last; i++) {
		if (s->tracks[i].asked || s->tracks[i].waits || !follows(t, i) || list.len > WIRE_SMALL_MAX - 64)
			continue;
		s->tracks[i].asked = true;
		canon_array(&list, 2);
		canon_bin(&list, t->env->frontier->heads[i].log.bytes, 16);
		canon_u64(&list, t->env->frontier->heads[i].seq + 1);
		n++;
	}
	if (n > 0) {
		buf_init(&b, WIRE_SMALL_MAX);
		canon_array(&b, n);
		buf_add(&b, list.p, list.len);
		send_message(t, WIRE_WANT, &b, false);
		buf_done(&b);
	}
	buf_done(&list);
	grant(t, any_ahead(t));
}

static bool home_confirms(const struct step *t, uint32_t *own)
{
	uint32_t open = 0;
	bool behind = false;

	for (uint32_t i = 0; i < t->s->track_count; i++) {
		const struct head *h = &t->env->frontier->heads[i];

		if (h->scope == SCOPE_LOCAL || h->scope == SCOPE_CONTROL || !id_eq(&h->hub, &t->env->self))
			continue;
		open++;
		if (t->s->tracks[i].theirs != h->seq)
			behind = true;
	}
	*own = open;
	return open > 0 && !behind;
}

static void settle(struct step *t)
{
	struct session *s = t->s;

	if (s->state == SESSION_CONTROL && s->frontier_seen && !is_ahead(t, 0))
		s->state = SESSION_STREAM;
	if (s->state != SESSION_STREAM)
		return;
	uint32_t own = 0;
	bool holds_all = peer_is_home(s, t->env) && home_confirms(t, &own);
	if (own != s->own_logs)
		s->confirmed = false; /* an `open` of ours ends the permission (L7) */
	s->own_logs = own;
	if (holds_all && !s->confirmed) {
		s->confirmed = true;
		s->confirmations++;
	}
	if (!s->reported && !any_ahead(t))
		s->reported = true;
}

/* One [log, seq, id] of a FRONTIER or an ACK: the log's index, -1 where we do not
 * know it or the reader has failed. */
static int read_position(struct step *t, struct canon_reader *r, uint64_t *seq, struct hash *id)
{
	struct id16 log;

	if (canon_read_array(r, 3) != 3)
		r->err = r->err ? r->err : ES_MALFORMED;
	canon_read_exact(r, log.bytes, 16);
	*seq = canon_read_u64(r, UINT32_MAX);
	canon_read_exact(r, id->bytes, 32);
	return r->err == ES_OK ? find_index(t, &log) : -1;
}

/* The peer's FRONTIER, read again whenever our control log has grown: it may
 * name logs that we only now know. */
static void apply_frontier(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct hash id;
	uint64_t seq;

	if (!match_tracks(t) || s->held.len == 0)
		return;
	canon_read_init(&r, buf_slice(&s->held));
	uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX);
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		int index = read_position(t, &r, &seq, &id);
		if (i == 0 && index < 0)
			index = 0; /* a control generation we have yet to learn */
		if (index < 0)
			continue;
		const struct head *h = &t->env->frontier->heads[index];
		if (seq == h->seq && seq > 0 && !hash_eq(&id, &h->id)) {
			session_close(t, ES_FORK);
			return;
		}
		s->tracks[index].listed = true;
		if (seq > s->tracks[index].theirs)
			s->tracks[index].theirs = (uint32_t)seq;
	}
	if (canon_read_done(&r) != ES_OK)
		session_close(t, ES_MALFORMED);
}

/* --- what the peer lacks --- */

static void load_next(struct step *t)
{
	struct session *s = t->s;

	if (s->loading || !s->room || s->sent >= s->limit || s->state < SESSION_CONTROL)
		return;
	for (uint32_t i = 0; i < s->track_count; i++) {
		struct track *k = &s->tracks[i];

		if (k->next == 0 || k->next > session_shareable(s, t->env, i) || !may_tell(t, i))
			continue;
		s->loading = true;
		t->fx->load = true;
		t->fx->load_log = i;
		t->fx->load_seq = k->next;
		return;
	}
}

/* News that nobody asked for is told by a FRONTIER, not too often. */
static void tell_news(struct step *t)
{
	struct session *s = t->s;

	if (s->state < SESSION_CONTROL)
		return;
	if (t->env->frontier->heads[0].seq != s->sent_control) {
		send_frontier(t);
		return;
	}
	for (uint32_t i = 0; i < s->track_count && !s->frontier_due; i++)
		s->frontier_due = s->tracks[i].next == 0 && may_tell(t, i) &&
				  session_shareable(s, t->env, i) > s->tracks[i].theirs;
	if (s->frontier_due && t->env->now - s->frontier_sent >= FRONTIER_GAP_MS)
		send_frontier(t);
}

/* --- messages --- */

static void on_hello(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct hash fed;

	if (s->join_only) {
		session_close(t, ES_STATE);
		return;
	}
	canon_read_init(&r, buf_slice(&s->body));
	if (canon_read_array(&r, HELLO_ITEMS) != HELLO_ITEMS)
		r.err = r.err ? r.err : ES_MALFORMED;
	uint64_t version = canon_read_u64(&r, 255);
	canon_read_exact(&r, fed.bytes, 32);
	canon_read_exact(&r, s->peer.bytes, 16);
	canon_read_exact(&r, s->peer_instance.bytes, 16);
	s->peer_lineage = canon_read_u64(&r, UINT64_MAX);
	s->peer_role = (enum role)canon_read_u64(&r, ROLE_OBSERVER);
	s->peer_clock_ms = canon_read_int(&r, 0, INT64_MAX) - t->env->utc;
	canon_read_str(&r, 64);
	enum es_err err = canon_read_done(&r);
	if (err == ES_OK && version != WIRE_VERSION)
		err = ES_VERSION;
	if (err == ES_OK && !hash_eq(&fed, &t->env->rights->fed_id))
		err = ES_WRONG_FEDERATION;
	const struct member *m = rights_member_dh(t->env->rights, &s->peer_key);
	/* A hub that was just let in knows its home by the invitation's key alone. */
	bool first = s->initiator && !t->env->rights->founded;
	if (err == ES_OK && !m && !first)
		err = ES_NOT_MEMBER;
	if (err == ES_OK && m && (!id_eq(&m->hub, &s->peer) || m->role != s->peer_role))
		err = ES_NOT_MEMBER;
	if (err == ES_OK && m && m->state != MEMBER_ACTIVE)
		err = m->state == MEMBER_SUSPENDED ? ES_SUSPENDED : ES_REVOKED;
	if (err != ES_OK) {
		session_close(t, err);
		return;
	}
	s->known = true;
	s->state = SESSION_CONTROL;
	t->fx->identified = true;
	if (!s->initiator)
		session_hello(t);
	if (!match_tracks(t))
		session_close(t, ES_NOMEM);
	else
		send_frontier(t);
}

static void on_frontier(struct step *t)
{
	struct session *s = t->s;

	buf_clear(&s->held);
	buf_add(&s->held, s->body.p, s->body.len);
	s->frontier_seen = true;
	apply_frontier(t);
	if (s->state == SESSION_CLOSED)
		return;
	settle(t);
	send_wants(t);
	load_next(t);
}

static void on_credit(struct step *t)
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
	load_next(t);
}

static void on_want(struct step *t)
{
	struct canon_reader r;
	struct id16 log;

	canon_read_init(&r, buf_slice(&t->s->body));
	uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX);
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		if (canon_read_array(&r, 2) != 2)
			r.err = r.err ? r.err : ES_MALFORMED;
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		int index = r.err == ES_OK ? find_index(t, &log) : -1;
		if (seq == 0)
			r.err = r.err ? r.err : ES_MALFORMED;
		/* A log it may not hold does not exist for it: no answer. */
		if (index >= 0 && (size_t)index < t->s->track_count && may_tell(t, (uint32_t)index)) {
			t->s->tracks[index].next = (uint32_t)seq;
			if (seq - 1 > t->s->tracks[index].theirs)
				t->s->tracks[index].theirs = (uint32_t)seq - 1;
		}
	}
	if (canon_read_done(&r) != ES_OK)
		session_close(t, ES_MALFORMED);
	else
		load_next(t);
}

static void on_commits(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct id16 log;

	if (++s->got > s->granted) {
		session_close(t, ES_CREDIT);
		return;
	}
	canon_read_init(&r, buf_slice(&s->body));
	if (canon_read_array(&r, 2) != 2)
		r.err = r.err ? r.err : ES_MALFORMED;
	canon_read_exact(&r, log.bytes, 16);
	int index = r.err == ES_OK ? find_index(t, &log) : -1;
	if (r.err != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	if (index < 0)
		index = 0; /* the control log, in a generation we have yet to learn: admission decides */
	if ((size_t)index >= s->track_count || !s->tracks[index].asked) {
		s->stored++; /* crossed our NACK on the way: the peer will be asked again */
		(*t->env->buffers)++;
		return;
	}
	t->fx->store = true;
	t->fx->store_log = (uint32_t)index;
	t->fx->body = &s->body;
}

static void on_ack(struct step *t)
{
	struct canon_reader r;
	struct hash id;
	uint64_t seq;

	canon_read_init(&r, buf_slice(&t->s->body));
	uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX);
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		int index = read_position(t, &r, &seq, &id);
		if (index >= 0 && (size_t)index < t->s->track_count && seq > t->s->tracks[index].theirs)
			t->s->tracks[index].theirs = (uint32_t)seq;
	}
	if (canon_read_done(&r) != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	t->fx->ack = true;
	t->fx->body = &t->s->body;
	settle(t);
}

static void on_nack(struct step *t)
{
	struct canon_reader r;

	canon_read_init(&r, buf_slice(&t->s->body));
	if (canon_read_array(&r, 3) != 3)
		r.err = r.err ? r.err : ES_MALFORMED;
	canon_read_exact(&r, t->fx->nack_log.bytes, 16);
	t->fx->nack_seq = canon_read_u64(&r, UINT32_MAX);
	t->fx->nack_err = es_err_from_wire((unsigned)canon_read_u64(&r, 65535));
	if (canon_read_done(&r) != ES_OK) {
		session_close(t, ES_MALFORMED);
		return;
	}
	t->fx->nack = true;
	int index = find_index(t, &t->fx->nack_log);
	if (index >= 0 && (size_t)index < t->s->track_count)
		t->s->tracks[index].next = 0; /* until it asks again */
}

static void send_empty(struct step *t, enum wire_type type)
{
	uint8_t memory[8];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 0);
	send_message(t, type, &b, false);
}

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
	if (answer != t->s->join_only) {
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
		on_hello(t);
		break;
	case WIRE_FRONTIER:
		on_frontier(t);
		break;
	case WIRE_CREDIT:
		on_credit(t);
		break;
	case WIRE_WANT:
		on_want(t);
		break;
	case WIRE_COMMITS:
		on_commits(t);
		break;
	case WIRE_ACK:
		on_ack(t);
		break;
	case WIRE_NACK:
		on_nack(t);
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
	case WIRE_FORK:
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

static void send_ack(struct step *t, uint32_t i)
{
	const struct head *h = &t->env->frontier->heads[i];
	uint8_t memory[96];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 1);
	canon_array(&b, 3);
	canon_bin(&b, h->log.bytes, 16);
	canon_u64(&b, h->seq);
	canon_bin(&b, h->id.bytes, 32);
	send_message(t, WIRE_ACK, &b, false);
}

static void send_nack(struct step *t, uint32_t i, uint64_t seq, enum es_err err)
{
	uint8_t memory[64];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 3);
	canon_bin(&b, t->env->frontier->heads[i].log.bytes, 16);
	canon_u64(&b, seq);
	canon_u64(&b, es_err_wire(err));
	send_message(t, WIRE_NACK, &b, false);
}

static void on_stored(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;

	s->stored++;
	(*t->env->buffers)++;
	if (!match_tracks(t) || ev->log >= s->track_count)
		return;
	if (ev->err == ES_OK || ev->err == ES_EXISTS) {
		if (ev->seq > s->tracks[ev->log].theirs)
			s->tracks[ev->log].theirs = (uint32_t)ev->seq; /* it sent them: it has them */
		send_ack(t, ev->log);
	} else {
		send_nack(t, ev->log, ev->seq, ev->err);
		s->tracks[ev->log].asked = false;
		if (es_err_then(ev->err) == ES_RETRY) {
			s->tracks[ev->log].waits = true;
			s->retry_at = t->env->now + SESSION_RETRY_MS;
		} else {
			s->tracks[ev->log].refused = true; /* nothing is retried for ever */
		}
		if (es_err_then(ev->err) == ES_CLOSE) {
			session_close(t, ev->err);
			return;
		}
	}
	if (ev->log == 0)
		apply_frontier(t);
	if (s->state == SESSION_CLOSED)
		return;
	settle(t);
	send_wants(t);
	load_next(t);
}

static void on_loaded(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;
	struct track *k = &s->tracks[ev->log];
	struct buf body;

	s->loading = false;
	if (ev->err != ES_OK || ev->bytes->len == 0) {
		k->next = 0; /* damaged here: not served, the node has raised its alert */
		load_next(t);
		return;
	}
	if (k->next == 0) { /* refused meanwhile; another log may be waiting */
		load_next(t);
		return;
	}
	k->next = (uint32_t)ev->seq + 1;
	s->sent++;
	body = (struct buf){.p = (uint8_t *)(uintptr_t)ev->bytes->p, .len = ev->bytes->len, .fixed = true};
	send_message(t, WIRE_COMMITS, &body, true);
	load_next(t);
}

static void on_grew(struct step *t)
{
	if (t->s->state < SESSION_CONTROL || !match_tracks(t))
		return;
	apply_frontier(t);
	if (t->s->state == SESSION_CLOSED)
		return;
	settle(t);
	send_wants(t);
	tell_news(t);
	load_next(t);
}

static void on_time(struct step *t)
{
	struct session *s = t->s;
	es_ms now = t->env->now;

	if ((s->state <= SESSION_GREETING && now - s->started >= SESSION_HANDSHAKE_MS && !s->join_only) ||
	    (s->frame_began && now - s->frame_began >= SESSION_FRAME_MS) || now - s->heard >= SESSION_DEAD_MS ||
	    (s->join_only && s->state == SESSION_HANDSHAKE && now - s->started >= SESSION_HANDSHAKE_MS)) {
		session_close(t, ES_TIMEOUT);
		return;
	}
	if (s->state < SESSION_CONTROL)
		return;
	if (s->retry_at && now >= s->retry_at) {
		s->retry_at = 0;
		for (size_t i = 0; i < s->track_count; i++)
			s->tracks[i].waits = false;
		send_wants(t);
	}
	if (now - s->spoke >= SESSION_PING_MS) {
		send_frontier(t); /* quiet links still say their heads */
		send_empty(t, WIRE_PING);
	}
	grant(t, any_ahead(t));
	tell_news(t);
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
	switch (ev->type) {
	case SESSION_EV_START:
		session_start(&t);
		break;
	case SESSION_EV_BYTES:
		on_bytes(&t, ev->bytes);
		break;
	case SESSION_EV_STORED:
		on_stored(&t, ev);
		break;
	case SESSION_EV_LOADED:
		on_loaded(&t, ev);
		break;
	case SESSION_EV_GREW:
		on_grew(&t);
		break;
	case SESSION_EV_ROOM:
		s->room = true;
		load_next(&t);
		break;
	case SESSION_EV_TIME:
		on_time(&t);
		break;
	case SESSION_EV_JOIN: {
		struct buf body = {.p = (uint8_t *)(uintptr_t)ev->bytes->p, .len = ev->bytes->len, .fixed = true};

		send_message(&t, s->join_only ? WIRE_JOIN : WIRE_JOINED, &body, false);
		break;
	}
	case SESSION_EV_CLOSE:
		session_close(&t, ev->err);
		break;
	}
}

static es_ms sooner(es_ms a, es_ms b)
{
	return a < b ? a : b;
}

es_ms session_deadline(const struct session *s)
{
	es_ms at = s->heard + SESSION_DEAD_MS;

	if (s->state == SESSION_HANDSHAKE || (s->state == SESSION_GREETING && !s->join_only))
		at = sooner(at, s->started + SESSION_HANDSHAKE_MS);
	else if (s->state != SESSION_GREETING)
		at = sooner(at, s->spoke + SESSION_PING_MS);
	if (s->frame_began)
		at = sooner(at, s->frame_began + SESSION_FRAME_MS);
	if (s->retry_at)
		at = sooner(at, s->retry_at);
	if (s->frontier_due)
		at = sooner(at, s->frontier_sent + FRONTIER_GAP_MS);
	return at;
}

uint64_t session_lag(const struct session *s, const struct session_env *env)
{
	struct step t = {.s = (struct session *)(uintptr_t)s, .env = env};
	uint64_t lag = 0;

	for (uint32_t i = 0; i < s->track_count && i < env->frontier->count; i++) {
		uint64_t ours = session_shareable(s, env, i), theirs = s->tracks[i].theirs;

		if (may_tell(&t, i))
			lag += ours > theirs ? ours - theirs : theirs - ours;
	}
	return lag;
}
