/* SPDX-License-Identifier: Apache-2.0
 *
 * Two nodes in memory, each with rights, frontier, journal and one session,
 * wired together; every message that arrives is noted. */
#ifndef TESTS_PROTO_SESSION_PAIR_H
#define TESTS_PROTO_SESSION_PAIR_H

#include "proto/admit.h"
#include "proto/session.h"
#include "tests/proto/fixture.h"

#define LOGS 16
#define SEQS 24
#define SEEN 256
#define START_MS 1000000 /* of the monotonic clock, when the wall's is NOW_MS */

struct node {
	struct world *w;
	unsigned who;
	struct rights rights;
	struct frontier frontier;
	struct buf journal[LOGS][SEQS];
	struct hash ids[LOGS][SEQS];
	struct rng rng;
	int buffers;
	struct session s;
	struct session_env env;
	struct buf out;
	/* what happened to it */
	unsigned seen[SEEN], seen_count; /* types of the messages that arrived */
	struct buf heard[WIRE_TYPES]; /* body of the last one of each type */
	uint32_t stores[SEEN], store_count;
	bool identified, closed, got_join;
	unsigned acks, nacks, greets, compares, levels, forks, asked_returns, gave_back, returned;
	struct buf effect; /* body of the last level, fork, give_back or returned */
	bool report; /* `reported` when it was last seen, also as it closed */
	struct session_effects last;
	enum es_err nack_err;
	struct buf joined;
	/* how it behaves */
	enum es_err refuse; /* verdict on what arrives for log `refuse_log` */
	uint32_t refuse_log;
	bool block; /* and mark that head */
	bool hold_store, hold_load, held_store, held_load;
	bool hold_greet, hold_compare; /* the node has not answered yet */
	struct session_event greeted; /* its verdict on a HELLO */
	struct buf compared; /* its answer to `compare` */
	struct slice to_return; /* what it answers to `returns`, once */
	bool on_branch;
	enum es_err other_branch; /* verdict on a control commit that is not on our chain */
	struct session_event store_event;
	uint32_t load_log;
	uint64_t load_seq, load_last;
	unsigned per_load; /* commits in one COMMITS */
};

struct pair {
	struct world w;
	struct node a, b; /* a calls b */
	es_ms now;
};

static inline void follow_opens(struct node *n)
{
	const struct id16 *self = &n->w->keys[n->who].hub;
	const struct member *m = rights_member(&n->rights, self);

	for (size_t i = 0; i < n->rights.log_count && m; i++) {
		const struct open_log *log = &n->rights.logs[i];

		if (log->scope == SCOPE_CONTROL || frontier_find(&n->frontier, &log->id) ||
		    !rights_may_hold(&n->rights, m, log))
			continue;
		assert_non_null(frontier_add(&n->frontier, &log->id, &log->hub, log->scope, log->generation));
	}
}

static inline void node_keep(struct node *n, uint32_t index, const struct commit *c, struct slice bytes)
{
	struct head *h = &n->frontier.heads[index];

	assert_true(c->seq < SEQS);
	buf_clear(&n->journal[index][c->seq]);
	buf_add(&n->journal[index][c->seq], bytes.p, bytes.len);
	n->ids[index][c->seq] = c->id;
	h->seq = c->seq;
	h->id = c->id;
	h->hlc = c->hlc;
}

/* A commit that is not on our chain: asked for from further back until the first
 * that differs; our own, where home never acknowledged it, gives way (L6). */
static inline enum es_err node_diverged(struct node *n, uint32_t index, const struct commit *c, struct slice bytes)
{
	struct head *h = &n->frontier.heads[index];
	if (index == 0 && n->on_branch)
		return n->other_branch;
	bool first = c->seq == 1 || hash_eq(&c->prev_id, &n->ids[index][c->seq - 1]);

	if (!first || c->seq > h->seq)
		return ES_DIVERGED;
	if (index == 0) {
		n->on_branch = true;
		return n->other_branch;
	}
	if (id_eq(&h->hub, &n->env.self) && c->seq > h->acked) {
		node_keep(n, index, c, bytes);
		return ES_OK;
	}
	h->blocked = ES_FORK;
	h->blocked_seq = c->seq;
	return ES_FORK;
}

static inline enum es_err node_admit(struct node *n, uint32_t index, struct slice bytes, uint64_t *seq)
{
	static struct commit c;
	static struct packed p;
	struct head *h = &n->frontier.heads[index];
	enum es_err err = commit_unpack(bytes, &p);

	if (err == ES_OK)
		err = commit_decode(p.header, &c);
	if (err != ES_OK)
		return err;
	*seq = c.seq;
	if (n->refuse != ES_OK && n->refuse_log == index) {
		if (n->block) {
			h->blocked = n->refuse;
			h->blocked_seq = c.seq;
		}
		return n->refuse;
	}
	if (c.seq <= h->seq && hash_eq(&n->ids[index][c.seq], &c.id))
		return ES_EXISTS;
	if (c.seq <= h->seq || (c.seq == h->seq + 1 && h->seq > 0 && !hash_eq(&c.prev_id, &h->id)))
		return node_diverged(n, index, &c, bytes);
	struct admit_input in = {.rights = &n->rights, .head = h, .now = NOW_MS,
				 .control_at = c.ctl_seq <= n->frontier.heads[0].seq ? &n->ids[0][c.ctl_seq] : NULL};
	err = admit_commit(&in, &c, &p);
	if (err != ES_OK)
		return err;
	node_keep(n, index, &c, bytes);
	if (index == 0) {
		assert_int_equal(rights_apply(&n->rights, &c, &p), ES_OK);
		h->log = n->rights.control_log;
		follow_opens(n);
	}
	return ES_OK;
}

static inline void node_init(struct node *n, struct world *w, unsigned who, unsigned commits, struct pair *pair)
{
	uint64_t seq;
	struct id16 zero = {{0}};

	memset(n, 0, sizeof *n);
	n->w = w;
	n->who = who;
	n->per_load = 2;
	n->buffers = SESSION_BUFFERS;
	for (int i = 0; i < LOGS; i++)
		for (int j = 0; j < SEQS; j++)
			buf_init(&n->journal[i][j], COMMIT_PACKED_MAX);
	buf_init(&n->out, 4 * WIRE_MESSAGE_MAX);
	buf_init(&n->joined, WIRE_MESSAGE_MAX);
	buf_init(&n->effect, WIRE_MESSAGE_MAX);
	for (int i = 0; i < WIRE_TYPES; i++)
		buf_init(&n->heard[i], WIRE_MESSAGE_MAX);
	buf_init(&n->compared, WIRE_MESSAGE_MAX);
	n->greeted.type = SESSION_EV_GREETED;
	n->other_branch = ES_CONTROL_FORK;
	rng_seed_number(&n->rng, who + 1);
	rights_init(&n->rights, &w->fed_id);
	assert_non_null(frontier_add(&n->frontier, &zero, &w->keys[CRESS].hub, SCOPE_CONTROL, 1));
	for (unsigned i = 0; i < commits; i++)
		assert_int_equal(node_admit(n, 0, buf_slice(&w->control[i].bytes), &seq), ES_OK);
	n->env = (struct session_env){
		.rights = &n->rights, .frontier = &n->frontier, .self = w->keys[who].hub,
		.role = world_member(w, who).role, .lineage = 1, .dh = &w->keys[who].dh_secret, .rng = &n->rng,
		.buffers = &n->buffers, .software = "essaimd test", .now = pair->now, .utc = NOW_MS + pair->now - START_MS,
	};
}

static inline void node_done(struct node *n)
{
	session_done(&n->s, &n->env);
	assert_int_equal(n->buffers, SESSION_BUFFERS); /* every credit came back */
	rights_done(&n->rights);
	frontier_done(&n->frontier);
	for (int i = 0; i < LOGS; i++)
		for (int j = 0; j < SEQS; j++)
			buf_done(&n->journal[i][j]);
	buf_done(&n->out);
	buf_done(&n->joined);
	buf_done(&n->effect);
	for (int i = 0; i < WIRE_TYPES; i++)
		buf_done(&n->heard[i]);
	buf_done(&n->compared);
}

static inline uint32_t node_log(const struct node *n, unsigned who, enum scope scope)
{
	const struct head *h = frontier_find(&n->frontier, &n->w->open[who][scope].id);

	assert_non_null(h);
	return (uint32_t)(h - n->frontier.heads);
}

/* One more commit of `who` in this node's copy of that log. */
static inline void node_write_as(struct node *n, unsigned who, enum scope scope, const char *text)
{
	static struct sealed s;
	uint32_t index = node_log(n, who, scope);
	const struct head *h = &n->frontier.heads[index];
	uint64_t seq;

	world_data(n->w, who, scope, &s);
	s.c.seq = h->seq + 1;
	if (h->seq > 0)
		s.c.prev_id = h->id;
	s.c.hlc = stamp_at(NOW_MS - 50000) + h->seq;
	s.c.ctl_seq = n->frontier.heads[0].seq;
	s.c.ctl_id = n->frontier.heads[0].id;
	buf_clear(&s.change[0]);
	write_put(&s.change[0], &n->w->keys[who], s.c.hlc - 10, 0, text);
	seal(&s, &n->w->keys[who]);
	assert_int_equal(node_admit(n, index, buf_slice(&s.bytes), &seq), ES_OK);
	sealed_done(&s);
}

/* Seals one commit of its own into its own log. */
static inline void node_write(struct node *n, enum scope scope, const char *text)
{
	node_write_as(n, n->who, scope, text);
}

/* Home holds the log up to there. */
static inline void node_acked(struct node *n, enum scope scope, uint64_t seq)
{
	uint32_t index = node_log(n, n->who, scope);

	n->frontier.heads[index].acked = seq;
	n->frontier.heads[index].acked_id = n->ids[index][seq];
}

static inline void node_event(struct node *n, struct session_event ev);

static inline enum es_err take_commits(struct node *n, uint32_t index, struct slice body, uint64_t *seq)
{
	struct canon_reader r;
	struct id16 log;
	enum es_err err = ES_OK;

	canon_read_init(&r, body);
	assert_int_equal(canon_read_array(&r, 2), 2);
	canon_read_exact(&r, log.bytes, 16);
	uint32_t count = canon_read_array(&r, COMMIT_CHANGES_MAX);
	for (uint32_t i = 0; i < count && err == ES_OK; i++) {
		err = node_admit(n, index, canon_read_value(&r), seq);
		if (n->on_branch && i + 1 < count)
			err = ES_OK; /* the rest of the branch */
		if (err == ES_EXISTS && !n->on_branch)
			err = ES_OK;
	}
	assert_int_equal(r.err, ES_OK);
	return err;
}

/* Commits `seq` to `top` at most. */
static inline void node_load(struct node *n, uint32_t log, uint64_t seq, uint64_t top)
{
	struct buf body, list;
	uint32_t count = 0;

	assert_true(top <= n->frontier.heads[log].seq);
	buf_init(&list, WIRE_MESSAGE_MAX);
	buf_init(&body, WIRE_MESSAGE_MAX);
	for (uint64_t i = seq; i <= top && count < n->per_load; i++, count++)
		buf_add(&list, n->journal[log][i].p, n->journal[log][i].len);
	canon_array(&body, 2);
	canon_bin(&body, n->frontier.heads[log].log.bytes, 16);
	canon_array(&body, count);
	buf_add(&body, list.p, list.len);
	struct slice bytes = buf_slice(&body);
	node_event(n, (struct session_event){.type = SESSION_EV_LOADED, .log = log, .seq = seq + count - 1, .bytes = &bytes});
	buf_done(&body);
	buf_done(&list);
}

/* Which of the peer's heads are not on our chains? */
static inline void node_compare(struct node *n, struct slice body)
{
	struct canon_reader r;
	struct buf list;
	uint32_t differ = 0;

	buf_init(&list, WIRE_MESSAGE_MAX);
	canon_read_init(&r, body);
	for (uint32_t count = canon_read_array(&r, LOGS); count > 0; count--) {
		struct id16 log;
		struct hash id;

		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		canon_read_exact(&r, id.bytes, 32);
		const struct head *h = frontier_find(&n->frontier, &log);
		assert_non_null(h);
		size_t i = (size_t)(h - n->frontier.heads);
		assert_true(seq <= h->seq);
		if (!hash_eq(&n->ids[i][seq], &id)) {
			canon_u64(&list, i);
			differ++;
		}
	}
	assert_int_equal(canon_read_done(&r), ES_OK);
	buf_clear(&n->compared);
	canon_array(&n->compared, differ);
	buf_add(&n->compared, list.p, list.len);
	buf_done(&list);
}

static inline void node_answer_compare(struct node *n)
{
	struct slice bytes = buf_slice(&n->compared);

	node_event(n, (struct session_event){.type = SESSION_EV_COMPARED, .bytes = &bytes});
}

/* Ids that are not ours acknowledge nothing. True where a head moved. */
static inline bool take_ack(struct node *n, struct slice body)
{
	struct canon_reader r;
	struct id16 log;
	bool moved = false;

	canon_read_init(&r, body);
	for (uint32_t count = canon_read_array(&r, LOGS); count > 0; count--) {
		struct hash id;

		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		canon_read_exact(&r, id.bytes, 32);
		struct head *h = frontier_find(&n->frontier, &log);
		if (!h || !id_eq(&h->hub, &n->env.self) || seq <= h->acked || seq > h->seq ||
		    !hash_eq(&n->ids[h - n->frontier.heads][seq], &id))
			continue;
		h->acked = seq;
		h->acked_id = id;
		moved = true;
	}
	assert_int_equal(canon_read_done(&r), ES_OK);
	n->acks++;
	return moved;
}

/* One step, and what the node does about its effects. */
static inline void node_event(struct node *n, struct session_event ev)
{
	struct session_effects fx = {.send = &n->out};

	session_step(&n->s, &n->env, &ev, &fx);
	n->last = fx;
	n->report = n->s.reported;
	n->identified |= fx.identified;
	n->closed |= fx.closed;
	if (fx.nack) {
		n->nacks++;
		n->nack_err = fx.nack_err;
	}
	if (fx.join) {
		n->got_join = true;
		buf_clear(&n->joined);
		buf_add(&n->joined, fx.body->p, fx.body->len);
	}
	if (fx.greet) {
		n->greets++;
		if (!n->hold_greet)
			node_event(n, n->greeted);
	}
	if (fx.level || fx.fork || fx.give_back || fx.returned) {
		buf_clear(&n->effect);
		buf_add(&n->effect, fx.body->p, fx.body->len);
	}
	n->levels += fx.level;
	n->forks += fx.fork;
	n->returned += fx.returned;
	if (fx.compare) {
		n->compares++;
		node_compare(n, buf_slice(fx.body));
		if (!n->hold_compare)
			node_answer_compare(n);
	}
	if (fx.give_back)
		n->gave_back++;
	if (fx.returns) {
		struct slice give = n->to_return;

		n->asked_returns++;
		n->to_return = SLICE_NONE;
		node_event(n, (struct session_event){.type = SESSION_EV_RETURNS, .bytes = &give});
	}
	if (fx.ack) {
		if (take_ack(n, buf_slice(fx.body)))
			node_event(n, (struct session_event){.type = SESSION_EV_GREW});
	}
	if (fx.store) {
		struct session_event stored = {.type = SESSION_EV_STORED, .log = fx.store_log};

		n->stores[n->store_count++ % SEEN] = fx.store_log;
		stored.err = take_commits(n, fx.store_log, buf_slice(fx.body), &stored.seq);
		if (n->hold_store) {
			n->held_store = true;
			n->store_event = stored;
		} else {
			node_event(n, stored);
			node_event(n, (struct session_event){.type = SESSION_EV_GREW});
		}
	}
	if (fx.load && n->hold_load) {
		n->held_load = true;
		n->load_log = fx.load_log;
		n->load_seq = fx.load_seq;
		n->load_last = fx.load_last;
	} else if (fx.load) {
		node_load(n, fx.load_log, fx.load_seq, fx.load_last);
	}
}

/* Reads the next message without the session noticing. */
static inline void tap(struct node *n, struct slice in)
{
	struct wire w = n->s.wire;
	struct buf body;
	enum wire_type type;

	if (!n->s.wired || wire_partial(&n->s.wire))
		return;
	buf_init(&w.frame, WIRE_FRAME_MAX + 2);
	buf_init(&w.message, WIRE_MESSAGE_MAX);
	buf_init(&body, WIRE_MESSAGE_MAX);
	if (wire_receive(&w, &in, ~0u, &type, &body) == ES_OK && type != 0) {
		n->seen[n->seen_count++ % SEEN] = type;
		buf_clear(&n->heard[type]);
		buf_add(&n->heard[type], body.p, body.len);
	}
	buf_done(&body);
	wire_done(&w);
}

static inline unsigned seen(const struct node *n, enum wire_type type)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n->seen_count; i++)
		count += n->seen[i] == type;
	return count;
}

/* What `from` has to say arrives, `chunk` bytes at a time. */
static inline void deliver_by(struct node *from, struct node *to, size_t chunk)
{
	struct buf bytes = from->out;

	buf_init(&from->out, 4 * WIRE_MESSAGE_MAX);
	for (size_t at = 0; at < bytes.len && !to->closed; at += chunk) {
		struct slice in = SLICE(bytes.p + at, chunk < bytes.len - at ? chunk : bytes.len - at);

		while (in.len > 0 && !to->closed) {
			tap(to, in);
			node_event(to, (struct session_event){.type = SESSION_EV_BYTES, .bytes = &in});
		}
	}
	buf_done(&bytes);
}

static inline void deliver(struct node *from, struct node *to)
{
	deliver_by(from, to, SIZE_MAX / 2);
}

/* Until neither has anything more to say. */
static inline void talk(struct pair *p)
{
	for (int i = 0; i < 500 && (p->a.out.len > 0 || p->b.out.len > 0); i++) {
		deliver(&p->a, &p->b);
		deliver(&p->b, &p->a);
	}
	assert_true(p->a.out.len == 0 || p->b.closed);
}

static inline void at(struct pair *p, es_ms now)
{
	p->a.env.utc += now - p->now; /* whatever it was set to, it goes on */
	p->b.env.utc += now - p->now;
	p->now = p->a.env.now = p->b.env.now = now;
}

static inline void tick(struct pair *p, es_ms ms)
{
	at(p, p->now + ms);
	node_event(&p->a, (struct session_event){.type = SESSION_EV_TIME});
	node_event(&p->b, (struct session_event){.type = SESSION_EV_TIME});
}

static inline void grew(struct node *n)
{
	node_event(n, (struct session_event){.type = SESSION_EV_GREW});
}

static inline void start(struct pair *p)
{
	session_init(&p->a.s, true, &p->w.keys[p->b.who].dh);
	session_init(&p->b.s, false, NULL);
	node_event(&p->b, (struct session_event){.type = SESSION_EV_START});
	node_event(&p->a, (struct session_event){.type = SESSION_EV_START});
}

/* The founding, then one control commit for each of Auray, Vannes, the watcher. */
static inline void pair_init(struct pair *p, unsigned a, unsigned a_commits, unsigned b, unsigned b_commits)
{
	p->now = START_MS;
	world_init(&p->w);
	world_found(&p->w);
	world_let_in(&p->w, AURAY);
	world_let_in(&p->w, VANNES);
	world_let_in(&p->w, WATCHER);
	node_init(&p->a, &p->w, a, a_commits, p);
	node_init(&p->b, &p->w, b, b_commits, p);
}

static inline void pair_done(struct pair *p)
{
	node_done(&p->a);
	node_done(&p->b);
	world_done(&p->w);
}

/* Another node in its place. */
static inline void replace(struct pair *p, struct node *n, unsigned who, unsigned commits)
{
	node_done(n);
	node_init(n, &p->w, who, commits, p);
}

/* Both sessions are gone, and what was on its way with them. */
static inline void hang_up(struct pair *p)
{
	session_done(&p->a.s, &p->a.env);
	session_done(&p->b.s, &p->b.env);
	p->a.closed = p->b.closed = false;
	buf_clear(&p->a.out);
	buf_clear(&p->b.out);
}

static inline void both_ended(const struct pair *p, enum es_err why)
{
	assert_int_equal(p->a.s.state, SESSION_CLOSED);
	assert_int_equal(p->b.s.state, SESSION_CLOSED);
	assert_int_equal(p->a.s.why, why);
	assert_int_equal(p->b.s.why, why);
}

/* A message of `n`'s own making, past its session. */
static inline void forge(struct node *n, enum wire_type type, struct buf *body)
{
	assert_int_equal(wire_send(&n->s.wire, type, buf_slice(body), false, &n->out), ES_OK);
	buf_clear(body);
}

#endif
