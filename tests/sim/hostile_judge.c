/* SPDX-License-Identifier: Apache-2.0
 *
 * What honest nodes must not do, and must not miss, whatever is said to them. Who
 * may hold which log is written down here once more, from protocol.md part 1. */
#include <string.h>
#include "proto/canon.h"
#include "proto/fork.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/trace.h"

#define DIALS_FREE 120
#define DIALS_A_MINUTE 6
#define MET_MS 30000 /* long enough for two control branches to be compared */

/* Control and public: everybody; federation: not observers; cress: its hub and the
 * CRESS; local: its hub. */
static bool may_have(enum scope scope, const struct id16 *author, const struct id16 *who, enum role role)
{
	if (scope == SCOPE_LOCAL || (scope == SCOPE_CRESS && role != ROLE_CRESS))
		return id_eq(author, who);
	return scope != SCOPE_FEDERATION || role != ROLE_OBSERVER;
}

void judge_load(struct peer *p, uint32_t index)
{
	struct sim_node *s = p->owner;
	const struct head *h = &s->n->frontier.heads[index];

	if (!s->hostile && (h->scope == SCOPE_LOCAL || !may_have(h->scope, &h->hub, &p->session.peer, p->session.peer_role)))
		violation(s->w, "P6", "n%d gives a %s log of hub %02x%02x to hub %02x%02x", s->no, scope_name(h->scope), h->hub.bytes[0],
			  h->hub.bytes[1], p->session.peer.bytes[0], p->session.peer.bytes[1]);
}

/* --- what a hostile node is told --- */

static const struct head *whose(const struct world *w, const struct id16 *log)
{
	for (int i = 1; i <= w->node_count; i++) {
		const struct sim_node *s = w->nodes[i];
		const struct head *h = s && s->n ? frontier_find(&s->n->frontier, log) : NULL;

		if (h)
			return h;
	}
	return NULL;
}

static void judge_log(struct peer *p, enum wire_type type, const struct id16 *log)
{
	struct sim_node *s = p->owner, *other = p->conn ? s->w->nodes[conn_node(p->conn, !p->side)] : NULL;
	const struct head *h = whose(s->w, log);

	if (h && other && !other->hostile && !may_have(h->scope, &h->hub, &s->hub, s->role))
		violation(s->w, "P6", "n%d speaks (message %u) to n%d about a %s log of hub %02x%02x", other->no, type, s->no,
			  scope_name(h->scope), h->hub.bytes[0], h->hub.bytes[1]);
}

static void judge_heads(struct peer *p, enum wire_type type, struct canon_reader *r)
{
	struct id16 log;

	for (uint32_t n = canon_read_array(r, RIGHTS_LOGS_MAX); n > 0 && r->err == ES_OK; n--) {
		(void)canon_read_array(r, 3);
		canon_read_exact(r, log.bytes, 16);
		(void)canon_read_value(r);
		(void)canon_read_value(r);
		if (r->err == ES_OK)
			judge_log(p, type, &log);
	}
}

static void judge_returned(struct peer *p, struct canon_reader *r)
{
	static struct packed packed;
	static struct commit c;

	(void)canon_read_array(r, 1);
	for (uint32_t n = canon_read_array(r, COMMIT_CHANGES_MAX); n > 0 && r->err == ES_OK; n--) {
		struct slice one = canon_read_value(r);

		if (r->err == ES_OK && commit_unpack(one, &packed) == ES_OK && commit_decode(packed.header, &c) == ES_OK)
			judge_log(p, WIRE_RETURN, &c.log_id);
	}
}

void judge_given(struct peer *p, enum wire_type type, struct slice body)
{
	struct canon_reader r;
	struct id16 log;

	canon_read_init(&r, body);
	switch (type) {
	case WIRE_FRONTIER:
	case WIRE_ACK:
		judge_heads(p, type, &r);
		break;
	case WIRE_COMMITS:
	case WIRE_FORK:
		(void)canon_read_array(&r, 6);
		canon_read_exact(&r, log.bytes, 16);
		if (r.err == ES_OK)
			judge_log(p, type, &log);
		break;
	case WIRE_RETURN:
		judge_returned(p, &r);
		break;
	default:
		break;
	}
}

/* --- two control logs --- */

bool judge_control_differs(const struct node *a, const struct node *b)
{
	uint64_t seq = a->rights.seq < b->rights.seq ? a->rights.seq : b->rights.seq;
	struct hash x, y;

	return journal_commit_id(a->journal, 0, seq, &x) && journal_commit_id(b->journal, 0, seq, &y) && !hash_eq(&x, &y);
}

static void judge_pair(struct world *w, struct sim_node *a, struct sim_node *b)
{
	for (const struct peer *p = a->peers; p; p = p->next)
		if (p->conn && conn_node(p->conn, !p->side) == b->no && p->streams && w->now - p->streams_since > MET_MS &&
		    judge_control_differs(a->n, b->n) && (a->n->clash == ES_OK || b->n->clash == ES_OK))
			violation(w, "fork", "n%d and n%d have talked for %lld s and hold two control logs: %s and %s", a->no, b->no,
				  (long long)((w->now - p->streams_since) / 1000), es_err_name(a->n->clash), es_err_name(b->n->clash));
}

/* Who was told CONTROL_FORK, and why, has something to show. */
static void judge_parted(struct world *w, struct sim_node *a)
{
	for (size_t i = 0; i < a->target_count; i++) {
		const struct target *t = &a->targets[i];
		const struct sim_node *b = w->nodes[t->to];

		if (!t->peer && t->last_err == ES_CONTROL_FORK && a->n->clash == ES_OK && b && b->n && !b->hostile && judge_control_differs(a->n, b->n))
			violation(w, "fork", "n%d parted from n%d over the control log and shows nothing", a->no, b->no);
	}
}

void judge_two_worlds(struct world *w, const struct sim_node *home)
{
	if (home->hostile->other_home == 0)
		return;
	for (int i = 2; i <= w->node_count && !w->stopped; i++) {
		struct sim_node *a = w->nodes[i];

		if (!a || !a->n || a->hostile)
			continue;
		judge_parted(w, a);
		for (int k = 2; k <= w->node_count && !w->stopped; k++)
			if (k != i && w->nodes[k] && w->nodes[k]->n && !w->nodes[k]->hostile)
				judge_pair(w, a, w->nodes[k]);
	}
}

/* --- the end --- */

struct wanted {
	const struct seen_commit *c;
	bool found;
};

static bool is_proof(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct wanted *k = ctx;

	(void)proof;
	k->found = k->found || (id_eq(log, &k->c->log) && seq <= k->c->seq);
	return !k->found;
}

/* A hostile author's two commits at one place, each stored by somebody who is level
 * with home now: home keeps the proof. */
static void judge_twins(struct world *w, const struct seen_commit *a, const struct seen_commit *b)
{
	struct sim_node *home = check_home(w);
	uint64_t level = 0;
	struct wanted k = {.c = a};

	for (int i = 1; i <= w->node_count && i < 64; i++)
		if (check_counts(w->nodes[i]))
			level |= 1ull << i;
	if (a->scope == SCOPE_CONTROL || !(a->stored & level) || !(b->stored & level))
		return;
	const struct open_log *log = rights_log(&home->n->rights, &a->log);
	bool cut = log && log->cut && log->cut_seq < a->seq; /* void, both of them, before they met */
	if (node_proofs(home->n, is_proof, &k) == ES_OK && !k.found && !cut)
		violation(w, "P6", "two commits of one author at seq %llu, n%d and n%d had one each, and home has no proof",
			  (unsigned long long)a->seq, a->first, b->first);
}

void judge_proofs(struct world *w)
{
	const struct ledger *l = &w->judge->ledger;

	for (size_t i = 0; i < l->commit_count && !w->stopped; i++) {
		const struct seen_commit *a = &l->commits[i];

		for (uint32_t t = a->hostile ? a->twin : 0; t && !w->stopped; t = l->commits[t - 1].twin)
			if (l->commits[t - 1].hostile)
				judge_twins(w, a, &l->commits[t - 1]);
	}
}

void judge_holdings(struct world *w)
{
	for (int i = 1; i <= w->node_count && !w->stopped; i++) {
		const struct sim_node *s = w->nodes[i];

		/* Where a bit flipped, the name of a log may have. */
		for (size_t k = 0; s && s->n && !s->flipped && k < s->n->frontier.count; k++) {
			const struct head *h = &s->n->frontier.heads[k];

			if (h->seq > 0 && !may_have(h->scope, &h->hub, &s->hub, s->role))
				violation(w, "P6", "n%d holds a %s log of hub %02x%02x", i, scope_name(h->scope), h->hub.bytes[0], h->hub.bytes[1]);
		}
	}
}

void judge_dial(struct target *t)
{
	struct world *w = t->owner->w;
	const struct sim_node *to = w->nodes[t->to];

	if (t->owner->liar || !(t->owner->odd || (to && to->odd)))
		return;
	if (t->dials++ == 0)
		t->first_dial = w->now;
	if (t->dials > DIALS_FREE + DIALS_A_MINUTE * (uint64_t)((w->now - t->first_dial) / 60000))
		violation(w, "loop", "n%d has dialled n%d %llu times in %lld s", t->owner->no, t->to, (unsigned long long)t->dials,
			  (long long)((w->now - t->first_dial) / 1000));
}
