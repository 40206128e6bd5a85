/* SPDX-License-Identifier: Apache-2.0
 *
 * What is seen while it runs: P1's acknowledgements, P2, P10, and honest nodes
 * that take each other for hostile ones. */
#include "tests/sim/check.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "proto/canon.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"
#include "tests/sim/watch.h"

struct judge *judge_new(struct world *w)
{
	struct judge *j = calloc(1, sizeof *j);

	assert(j);
	j->w = w;
	ledger_init(&j->ledger);
	w->judge = j;
	return j;
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	ledger_done(&j->ledger);
	free(j);
}

void violation(struct world *w, const char *promise, const char *fmt, ...)
{
	struct judge *j = w->judge;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (j->violations++ == 0)
		snprintf(j->first, sizeof j->first, "%s at %lld.%03lld s: %s", promise, (long long)(w->now / 1000),
			 (long long)(w->now % 1000), text);
	if (trace_on)
		trace_say("VIOLATION %s %s", promise, text);
	w->stopped = true;
}

/* --- what nodes store --- */

static void seen_change(struct sim_node *s, const struct head *h, const struct seen_commit *c, uint32_t index,
			const struct payload *y)
{
	struct ledger *l = &s->w->judge->ledger;
	struct unit *u = ledger_unit(l, &y->salt);
	struct change ch;
	bool crafted = c->hostile && !id_eq(&h->hub, u ? &s->w->nodes[u->machine]->hub : &s->n->hub);

	if (!y->present || change_read(y->change, &ch) != ES_OK || ch.control || crafted)
		return;
	if (!u) {
		if (ch.op != OP_PUT && ch.op != OP_PROPOSE)
			return; /* answers, receipts, requests */
		u = ledger_add_unit(l, &y->salt); /* of an act whose end nobody heard */
		u->machine = s->no;
		u->who = s->who;
		u->record = ch.record;
		u->kind = ch.kind;
		u->op = ch.op;
		u->made = s->w->now;
		u->scope = h->scope;
		ledger_read(l, y->change, u);
	}
	u->edited = ch.edited;
	u->op = ch.op;
	u->sealed = true;
	u->log = c->log;
	u->seq = c->seq;
	u->index = index;
	if (s->no < 64)
		u->holders |= 1ull << s->no;
	if (s->role == ROLE_CRESS && id_eq(&h->hub, &s->n->hub) && h->scope != SCOPE_LOCAL)
		u->acked = true; /* home's own: durable is acknowledged */
}

/* L17: a CRESS that goes back unmarked (or is two, each without what the other has), together
 * with a hub that did so or has a copy. */
static bool is_promised(const struct world *w)
{
	const unsigned *f = w->plan ? w->plan->fault_count : NULL;

	return !f || (f[F_ROLLBACK_CRESS] == 0 && !w->judge->two_homes) || f[F_ROLLBACK_HUB] + f[F_CLONE] == 0;
}

/* P2: two signed commits of an honest author at one place, both shown to others. */
static void seen_twins(struct sim_node *s, const struct seen_commit *c)
{
	struct ledger *l = &s->w->judge->ledger;
	const struct seen_commit *t = is_promised(s->w) ? ledger_at(l, &c->log, c->seq) : NULL;

	for (; t; t = t->twin ? &l->commits[t->twin - 1] : NULL)
		if (t != c && t->exposed && c->exposed && !t->hostile && !c->hostile)
			violation(s->w, "P2", "two commits of one author (%02x%02x) at one place, seq %llu, scope %s: seen by n%d and n%d",
				  c->hub.bytes[0], c->hub.bytes[1], (unsigned long long)c->seq, scope_name(c->scope), t->first, s->no);
}

static void seen_commit(struct sim_node *s, uint32_t index, struct slice packed)
{
	static struct packed p;
	static struct commit c;
	struct judge *j = s->w->judge;
	const struct head *h = &s->n->frontier.heads[index];
	struct seen_commit *seen;

	if (commit_unpack(packed, &p) != ES_OK || commit_decode(p.header, &c) != ES_OK) {
		violation(s->w, "P9", "n%d holds a commit that does not decode", s->no);
		return;
	}
	seen = ledger_commit(&j->ledger, &c.id);
	if (!seen) {
		seen = ledger_add_commit(&j->ledger, &c.log_id, c.seq, &c.id, packed);
		seen->hub = h->hub;
		seen->scope = h->scope;
		seen->first = s->no;
		seen->hostile = human_is_hostile(s->w, &h->hub);
		j->sealed++;
		watch_sealed(s, h, &c, &p);
		if (stamp_ms(c.hlc) > WORLD_EPOCH_MS + s->w->now + STAMP_SKEW_MAX_MS && s->n->session_count > 0)
			j->contradicted = true;
	}
	j->stored++;
	if (!s->hostile && s->no < 64)
		seen->stored |= 1ull << s->no;
	bool others = !id_eq(&h->hub, &s->n->hub);
	if (others && !seen->exposed) {
		seen->exposed = true;
		seen->first = s->no;
		if (seen->twin || ledger_at(&j->ledger, &c.log_id, c.seq) != seen)
			seen_twins(s, seen);
	}
	if (others)
		watch_taken(s, &c);
	if (others && h->scope == SCOPE_LOCAL)
		violation(s->w, "local", "n%d holds another's local log", s->no);
	for (uint32_t i = 0; i < p.count && index > 0; i++)
		seen_change(s, h, seen, i, &p.payload[i]);
}

void judge_written(struct sim_node *s, enum es_err err)
{
	int64_t last = journal_last_pos(s->n->journal);
	struct buf packed;

	if (err != ES_OK)
		return;
	buf_init(&packed, COMMIT_PACKED_MAX);
	for (int64_t pos = s->seen_pos + 1; pos <= last; pos++) {
		uint32_t index;
		int64_t stored;

		buf_clear(&packed);
		enum es_err one = journal_one(s->n->journal, pos, &index, &packed, &stored);
		if (one == ES_NOT_FOUND)
			continue;
		if (one == ES_OK && index < s->n->frontier.count)
			seen_commit(s, index, buf_slice(&packed));
	}
	s->seen_pos = last;
	buf_done(&packed);
	watch_written(s);
}

/* --- what home has acknowledged --- */

static void acked_upto(struct sim_node *s, const struct id16 *log, uint64_t seq)
{
	struct ledger *l = &s->w->judge->ledger;

	for (size_t i = 0; i < l->unit_count; i++) {
		struct unit *u = &l->units[i];

		if (u->sealed && !u->acked && u->seq <= seq && u->who == s->who && id_eq(&u->log, log)) {
			u->acked = true;
			s->w->judge->acked++;
		}
	}
}

static void read_ack(struct sim_node *s, struct slice body)
{
	struct canon_reader r;
	struct id16 log;
	struct hash id;

	canon_read_init(&r, body);
	for (uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX); n > 0 && r.err == ES_OK; n--) {
		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		canon_read_exact(&r, id.bytes, 32);
		struct seen_commit *c = r.err == ES_OK ? ledger_at(&s->w->judge->ledger, &log, seq) : NULL;
		for (; c; c = c->twin ? &s->w->judge->ledger.commits[c->twin - 1] : NULL)
			if (hash_eq(&c->id, &id))
				acked_upto(s, &log, seq);
	}
}

void judge_committed(struct sim_node *s, const struct work *k)
{
	if (!k->is_task)
		human_committed(s, k);
	else if (k->task.type == TASK_ACK && k->err == ES_OK && k->task.role == ROLE_CRESS && !check_home(s->w)->hostile)
		read_ack(s, buf_slice(&k->task.body));
}

/* --- sessions and processes --- */

static bool between_honest(const struct sim_node *s, const struct peer *p)
{
	const struct sim_node *other = p->conn ? s->w->nodes[conn_node(p->conn, !p->side)] : NULL;

	return !s->odd && other && !other->odd;
}

/* A header that rot has been at is served until `essaim verify` finds it. */
static bool is_rotten(const struct sim_node *s, const struct peer *p)
{
	return s->flipped || (p->conn && s->w->nodes[conn_node(p->conn, !p->side)]->flipped);
}

void judge_session(struct peer *p)
{
	struct sim_node *s = p->owner;
	enum es_err why = p->session.why;

	if (s->buffers < 0 || s->buffers > SESSION_BUFFERS)
		violation(s->w, "P8", "n%d has %d free commit buffers", s->no, s->buffers);
	watch_stream(p);
	if (between_honest(s, p))
		watch_heard(p);
	if (p->session.state != SESSION_CLOSED || p->judged)
		return;
	p->judged = true;
	if ((why == ES_MALFORMED || why == ES_STATE || why == ES_CREDIT || why == ES_TOO_LARGE || why == ES_VERSION ||
	     why == ES_WRONG_FEDERATION) &&
	    between_honest(s, p) && !is_rotten(s, p))
		violation(s->w, "honest", "n%d and n%d, both honest, part with %s", s->no, conn_node(p->conn, !p->side),
			  es_err_name(why));
}

/* After a home that went back without knowing it (L15): what was sealed under the branch that
 * it lost follows nothing that it holds. The refusal may be on its way while the officer decides. */
static bool control_parts(const struct sim_node *s)
{
	const struct sim_node *home = check_home(s->w);

	return s->n && home && home->n && (home->n->rights.given_up_count > 0 || judge_control_differs(s->n, home->n));
}

void judge_nack(struct sim_node *s, const struct id16 *log, uint64_t seq, enum es_err err)
{
	struct judge *j = s->w->judge;

	(void)log;
	j->nacks++;
	trace_act(s->w->now, s->no, "nack", seq, err);
	if (err == ES_BAD_CHAIN && control_parts(s))
		return;
	if (!j->hostile && (err == ES_BAD_CHAIN || err == ES_BAD_SIG || err == ES_BAD_DIGEST || err == ES_BAD_STAMP ||
			    err == ES_BAD_KEY || err == ES_MALFORMED))
		violation(s->w, "honest", "a commit of n%d's is refused as %s, seq %llu", s->no, es_err_name(err),
			  (unsigned long long)seq);
}

void judge_exit(struct sim_node *s, enum es_err why)
{
	struct judge *j = s->w->judge;
	bool hurt = s->flipped || s->disk->failed[FAULT_READ] || s->disk->failed[FAULT_WRITE] || s->disk->failed[FAULT_SYNC];

	j->exits++;
	if (s->hostile)
		return;
	if (why == ES_IO && hurt)
		return;
	if (why == ES_PAGE_DAMAGED && s->flipped)
		return;
	if (why == ES_DAMAGED && s->flipped)
		return;
	if (why == ES_DISK_FULL && s->disk->full)
		return;
	violation(s->w, "P10", "n%d stops with %s, and nothing was done to its disk", s->no, es_err_name(why));
}

void judge_restart(struct sim_node *s, enum es_err err)
{
	trace_act(s->w->now, s->no, "start.failed", err, 0);
}

static bool note_held(void *ctx, const struct outbox_edit *e)
{
	struct sim_node *s = ctx;
	struct unit *u = ledger_unit(&s->w->judge->ledger, &e->salt);

	if (u && s->no < 64)
		u->holders |= 1ull << s->no;
	return true;
}

/* Rot has eaten the end of its WAL: what does it still hold? */
static void look_again(struct sim_node *s)
{
	struct ledger *l = &s->w->judge->ledger;

	for (size_t i = 0; i < l->unit_count && s->no < 64; i++)
		l->units[i].holders &= ~(1ull << s->no);
	s->seen_pos = 0;
	judge_written(s, ES_OK);
	(void)!journal_outbox_each(s->n->journal, SCOPE_COUNT, NULL, 0, note_held, s);
	for (size_t i = 0; i < l->unit_count && s->no < 64; i++)
		if (l->units[i].holders == 0 && !l->units[i].excused) {
			l->units[i].excused = true;
			l->units[i].why = "rot";
		}
	s->restores++;
	s->went_back = true;
	watch_forget(s);
}

/* What was committed before a crash is there after it. */
void judge_started(struct sim_node *s)
{
	int64_t last = journal_last_pos(s->n->journal);

	s->w->judge->restarts++;
	if (last < s->seen_pos && s->flipped && !s->went_back)
		look_again(s);
	else if (last < s->seen_pos && !s->went_back)
		violation(s->w, "P1", "n%d had stored %lld commits, after a restart there are %lld", s->no,
			  (long long)s->seen_pos, (long long)last);
	if (s->went_back)
		s->seen_pos = last;
	s->went_back = false;
	judge_written(s, ES_OK); /* what was durable though nobody heard of it */
}

uint8_t *judge_held(const struct sim_node *s, size_t *count)
{
	struct ledger *l = &s->w->judge->ledger;
	uint8_t *held = calloc(l->unit_count + 1, 1);

	assert(held);
	*count = l->unit_count;
	for (size_t i = 0; i < l->unit_count && s->no < 64; i++)
		held[i] = l->units[i].holders >> s->no & 1;
	return held;
}

void judge_went_back(struct sim_node *s, const uint8_t *held, size_t count)
{
	struct ledger *l = &s->w->judge->ledger;

	s->went_back = true;
	s->restores++;
	watch_forget(s);
	for (size_t i = 0; i < l->commit_count && s->no < 64; i++)
		l->commits[i].stored &= ~(1ull << s->no);
	for (size_t i = 0; i < l->unit_count && s->no < 64; i++) {
		struct unit *u = &l->units[i];

		if (i < count && held[i])
			u->holders |= 1ull << s->no;
		else
			u->holders &= ~(1ull << s->no);
		if (u->holders == 0 && !u->excused) {
			u->excused = true;
			u->why = "no disk held it";
		}
	}
}
