/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/hostile.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "tests/sim/check.h"
#include "tests/sim/human.h"
#include "tests/sim/officer.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"

#define SEED_OF_ITS_OWN 0x686f7374696c65ull
#define IN_A_HUNDRED 9 /* runs that have such a node, of each kind */
#define NEW_OP 6 /* of data, not in version 1 */
#define NEW_CONTROL_OP 60
#define NEW_KIND 99
#define NEW_FIELD 5000

enum { HUB = 1 << HOSTILE_HUB, HOME = 1 << HOSTILE_HOME, OTHER = 1 << HOSTILE_VERSION };

static const struct {
	const char *name;
	unsigned kinds; /* of hostile nodes that play it */
	bool lasts;
	unsigned weight;
} tricks[TRICKS] = {
	[TRICK_GARBAGE] = {"says.garbage", HUB | HOME, false, 1},
	[TRICK_TRUNCATED] = {"says.truncated", HUB | HOME, false, 1},
	[TRICK_OVERLONG] = {"says.overlong", HUB | HOME, false, 1},
	[TRICK_RAW] = {"says.raw", HUB | HOME, false, 1},
	[TRICK_FLAGS] = {"says.flags", HUB | HOME, false, 1},
	[TRICK_TYPE] = {"says.type", HUB | HOME, false, 1},
	[TRICK_FLOOD] = {"says.flood", HUB | HOME, false, 2},
	[TRICK_CREDIT] = {"says.credit", HUB | HOME, false, 1},
	[TRICK_WANT_PRIVATE] = {"says.want", HUB | HOME, false, 4},
	[TRICK_FRONTIER] = {"says.frontier", HUB | HOME, false, 4},
	[TRICK_ACK] = {"says.ack", HUB | HOME, false, 3},
	[TRICK_NACK] = {"says.nack", HUB | HOME, false, 2},
	[TRICK_FALSE_PROOF] = {"says.proof", HUB | HOME, false, 2},
	[TRICK_RETURN] = {"says.return", HUB | HOME, false, 4},
	[TRICK_RETURNED] = {"says.returned", HUB | HOME, false, 1},
	[TRICK_BYE] = {"says.bye", HUB | HOME, false, 1},
	[TRICK_COMMIT] = {"gives.commit", HUB | HOME, false, 16},
	[TRICK_FLIP] = {"plays.flip", HUB | HOME, true, 2},
	[TRICK_BITS] = {"plays.bits", HUB | HOME, true, 1},
	[TRICK_MUTE] = {"plays.mute", HUB | HOME, true, 3},
	[TRICK_TWICE] = {"plays.twice", HUB | HOME, true, 2},
	[TRICK_HELLO] = {"plays.hello", HUB | HOME, true, 3},
	[TRICK_SHAKE] = {"plays.shake", HUB | HOME, true, 1},
	[TRICK_REPLAY] = {"plays.replay", HUB, true, 2},
	[TRICK_DEAF] = {"plays.deaf", HUB | HOME, true, 1},
	[TRICK_BRANCH] = {"plays.branch", HUB, true, 14},
	[TRICK_WITHHOLD] = {"plays.withhold", HOME, true, 10},
	[TRICK_NO_ACK] = {"plays.no.ack", HOME, true, 10},
	[TRICK_LEAK] = {"gives.leak", HOME, false, 10},
	[TRICK_CHECKPOINT] = {"false.checkpoint", HOME, false, 8},
	[TRICK_TWO_HOMES] = {"two.homes", HOME, false, 8},
	[TRICK_ROLLBACK] = {"own.rollback", HOME, false, 6},
	[TRICK_PREAMBLE] = {"plays.preamble", OTHER, true, 4},
	[TRICK_HELLO_VERSION] = {"plays.version", OTHER, true, 4},
	[TRICK_NEW_TYPE] = {"says.new.type", OTHER, false, 3},
	[TRICK_NEW_DATA] = {"new.data", OTHER, false, 6},
	[TRICK_NEW_ENTRY] = {"new.entry", OTHER, false, 3},
};
static const enum fault fault_of[] = {F_HOSTILE_HUB, F_HOSTILE_CRESS, F_VERSION};

const char *trick_name(enum trick t)
{
	return tricks[t].name;
}

static struct hostile *hostile_new(struct world *w, enum hostile_kind kind)
{
	struct hostile *h = calloc(1, sizeof *h);

	assert(h);
	h->kind = kind;
	h->rng = &w->plan->hostile_rng;
	buf_init(&h->old, 32768);
	return h;
}

void hostile_free(struct hostile *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->branch_count; i++)
		buf_done(&h->branch[i].packed);
	buf_done(&h->old);
	disk_image_free(h->image);
	free(h->held);
	free(h);
}

/* --- another version's data: kept, forwarded, folded as it is --- */

static void new_fields(struct rng *r, struct buf *b)
{
	uint8_t bytes[40];

	rng_fill(r, bytes, sizeof bytes);
	canon_map(b, 2);
	canon_u64(b, NEW_FIELD);
	canon_bin(b, bytes, draw(r, 0, sizeof bytes));
	canon_u64(b, NEW_FIELD + 1);
	canon_array(b, 1);
	canon_bool(b, true);
}

static enum es_err run_new_data(struct sim_node *s, struct work *k)
{
	struct rng *r = &s->w->plan->hostile_rng;
	struct record_id id;
	struct buf b;
	enum es_err err;

	memcpy(id.bytes, s->n->hub.bytes, 16);
	rng_fill(r, id.bytes + 16, 16);
	buf_init(&b, 200);
	new_fields(r, &b);
	unsigned op = k->a == 0 ? NEW_OP : OP_PUT, kind = k->a == 1 ? NEW_KIND : 1;
	err = node_outbox_op(s->n, (enum scope)draw(r, SCOPE_PUBLIC, SCOPE_CRESS), op, &id, kind, buf_slice(&b));
	buf_done(&b);
	return err;
}

/* An entry that this version does not know, or one with a field more. */
static enum es_err run_new_entry(struct sim_node *s, struct work *k)
{
	const struct rights *g = &s->n->rights;
	struct buf b;
	enum es_err err;

	buf_init(&b, 300);
	canon_array(&b, 6);
	canon_u64(&b, k->a ? NEW_CONTROL_OP : OP_QUOTA);
	for (int i = 0; i < 4; i++)
		canon_nil(&b);
	canon_map(&b, 3);
	canon_u64(&b, 1);
	canon_bin(&b, g->members[rng_below(&s->w->plan->hostile_rng, g->member_count)].hub.bytes, 16);
	canon_u64(&b, 2);
	canon_u64(&b, 0);
	canon_u64(&b, 77);
	canon_str(&b, slice_str("plus tard"));
	struct slice bytes = buf_slice(&b);
	err = node_control(s->n, &bytes, 1);
	buf_done(&b);
	return err;
}

/* --- one trick --- */

/* Of the sessions that have keys, each with the same chance. */
static struct peer *any_peer(struct sim_node *s)
{
	size_t count = 0, at;

	for (struct peer *p = s->peers; p; p = p->next)
		count += p->session.wired && !p->closing && p->conn;
	if (count == 0)
		return NULL;
	at = (size_t)rng_below(s->hostile->rng, count);
	for (struct peer *p = s->peers; p; p = p->next)
		if (p->session.wired && !p->closing && p->conn && at-- == 0)
			return p;
	return NULL;
}

static void on_hears_again(struct world *w, const struct event *e)
{
	if (w->nodes[e->a])
		w->nodes[e->a]->deaf = false;
}

/* A log of its own gets a second branch, from the next commit on, once in a life. */
static void begin_branch(struct sim_node *s)
{
	struct hostile *h = s->hostile;
	const struct frontier *f = &s->n->frontier;

	for (unsigned tries = 0; tries < 40 && h->branch_from == 0; tries++) {
		uint32_t i = (uint32_t)rng_below(h->rng, f->count);
		const struct head *own = &f->heads[i];

		if (own->scope == SCOPE_CONTROL || own->scope == SCOPE_LOCAL || !id_eq(&own->hub, &s->n->hub))
			continue;
		h->branch_log = own->log;
		h->branch_index = i;
		h->branch_from = own->seq + 1;
	}
}

static void begin_lasting(struct sim_node *s, enum trick t)
{
	struct hostile *h = s->hostile;
	const struct rights *g = &s->n->rights;
	es_ms lasts = (es_ms)draw_log(h->rng, 10000, 4 * 3600000);

	h->until[t] = s->w->now + lasts;
	h->to |= rng_u64(h->rng) & rng_u64(h->rng);
	h->mute_type = (unsigned)draw(h->rng, WIRE_FRONTIER, WIRE_RETURNED);
	h->victim = g->members[rng_below(h->rng, g->member_count)].hub;
	if (h->kind == HOSTILE_VERSION)
		h->to = UINT64_MAX;
	if (t == TRICK_BRANCH)
		begin_branch(s);
	if (t == TRICK_DEAF) {
		s->deaf = true;
		world_in(s->w, lasts < 600000 ? lasts : 600000, on_hears_again, NULL, (uint64_t)s->no, 0);
	}
}

static void new_data(struct world *w, struct sim_node *s, enum trick t)
{
	struct rng *r = &w->plan->hostile_rng;
	uint64_t which = rng_below(r, 3);

	if (t == TRICK_NEW_ENTRY)
		sim_act(check_home(w), false, run_new_entry, NULL, NULL)->a = which > 0;
	else
		sim_act(s, true, run_new_data, NULL, NULL)->a = which;
}

static void play(struct sim_node *s, enum trick t)
{
	struct hostile *h = s->hostile;
	struct peer *p = tricks[t].lasts ? NULL : any_peer(s);

	trace_act(s->w->now, s->no, tricks[t].name, h->kind, p ? (uint64_t)conn_node(p->conn, !p->side) : 0);
	h->done[t]++;
	s->w->plan->fault_count[fault_of[h->kind]]++;
	if (tricks[t].lasts)
		begin_lasting(s, t);
	else if (t == TRICK_CHECKPOINT)
		home_checkpoint(s);
	else if (t == TRICK_TWO_HOMES)
		home_two_worlds(s);
	else if (t == TRICK_ROLLBACK)
		home_rollback(s);
	else if (p)
		hostile_trick(p, t);
}

static void on_trick(struct world *w, const struct event *e)
{
	struct sim_node *s = w->nodes[e->a];
	enum trick t = (enum trick)e->b;
	bool honest = t == TRICK_NEW_DATA || t == TRICK_NEW_ENTRY;

	if (w->plan->over || !s || !s->n || (honest && !check_home(w)->n))
		return;
	if (honest) {
		trace_act(w->now, s->no, tricks[t].name, 0, 0);
		w->plan->fault_count[F_VERSION]++;
		new_data(w, s, t);
	} else if (s->hostile && s->hostile->active) {
		play(s, t);
	}
}

/* --- the plan --- */

/* What a home does besides: of these, one in a run. */
enum home_way { HOME_PLAIN, HOME_GOES_BACK, HOME_TWO, HOME_POISONS, HOME_WAYS };

static unsigned weight_of(enum trick t, enum hostile_kind kind, enum home_way way)
{
	if ((t == TRICK_ROLLBACK && way != HOME_GOES_BACK) || (t == TRICK_TWO_HOMES && way != HOME_TWO))
		return 0;
	return tricks[t].kinds & 1u << kind ? tricks[t].weight : 0;
}

static enum trick draw_trick(struct rng *r, enum hostile_kind kind, enum home_way way)
{
	unsigned sum = 0;

	for (int t = 0; t < TRICKS; t++)
		sum += weight_of((enum trick)t, kind, way);
	unsigned at = (unsigned)rng_below(r, sum);
	for (int t = 0; t < TRICKS; t++) {
		unsigned weight = weight_of((enum trick)t, kind, way);

		if (at < weight)
			return (enum trick)t;
		at -= weight;
	}
	return TRICK_GARBAGE;
}

static void plan_tricks(struct world *w, struct sim_node *s, enum hostile_kind kind, es_ms from, es_ms to)
{
	struct plan *p = w->plan;
	struct rng *r = &p->hostile_rng;
	enum home_way way = (enum home_way)rng_below(r, HOME_WAYS);
	es_ms rush = (es_ms)draw(r, (uint64_t)from, (uint64_t)to);

	s->hostile->wrong_ids = way == HOME_POISONS;
	if (kind == HOSTILE_HOME) {
		p->home_goes_back = way == HOME_GOES_BACK; /* L17: not promised together with others */
		p->home_poisons = way == HOME_POISONS;
	}
	for (uint64_t n = draw_log(r, 4, 60); n > 0; n--) {
		enum trick t = draw_trick(r, kind, way);
		es_ms at = rng_below(r, 3) ? (es_ms)draw(r, (uint64_t)from, (uint64_t)to) : rush + (es_ms)rng_below(r, 60000);

		world_at(w, at < to ? at : to, on_trick, NULL, (uint64_t)s->no, t);
	}
}

static void on_officer(struct world *w, const struct event *e)
{
	if (!w->plan->over)
		officer_about(w, (enum act_kind)e->a, &w->nodes[e->b]->hub);
}

/* It calls whom it likes; now and then the officer has had enough. */
static void plan_hub(struct world *w, struct sim_node *s)
{
	struct plan *p = w->plan;
	struct rng *r = &p->hostile_rng;

	for (int i = 2; i <= p->hubs + 1; i++) {
		struct sim_node *o = w->nodes[i];
		bool calls = rng_below(r, 100) < 40, called = rng_below(r, 100) < 20;

		if (i != s->no && calls && s->target_count < TARGETS_MAX)
			machine_dial(s, i, &o->hub, false, false);
		if (i != s->no && called && o->target_count < TARGETS_MAX)
			machine_dial(o, s->no, &s->hub, false, false);
	}
	if (rng_below(r, 100) < 20)
		world_at(w, (es_ms)draw(r, 10000, (uint64_t)p->end - 1), on_officer, NULL, ACT_REVOKE, (uint64_t)s->no);
	if (rng_below(r, 100) < 15)
		world_at(w, (es_ms)draw(r, 10000, (uint64_t)p->end - 1), on_officer, NULL, ACT_SUSPEND, (uint64_t)s->no);
	if (rng_below(r, 100) < 15)
		world_at(w, (es_ms)draw(r, 10000, (uint64_t)p->end - 1), on_officer, NULL, ACT_QUOTA, (uint64_t)s->no);
}

/* Between these two moments it speaks another version; what it then leaves behind is
 * a later one's, too. */
static void on_version(struct world *w, const struct event *e)
{
	struct sim_node *s = w->nodes[e->a];

	if (w->plan->over || !s->hostile)
		return;
	trace_act(w->now, s->no, e->b ? "other.version" : "this.version", 0, 0);
	s->hostile->active = e->b;
	while (s->peers)
		peer_close(s->peers, ES_OK);
	if (e->b)
		return;
	hostile_free(s->hostile);
	s->hostile = NULL;
}

static void plan_version(struct world *w, struct sim_node *s)
{
	struct plan *p = w->plan;
	struct rng *r = &p->hostile_rng;
	es_ms from = (es_ms)draw(r, 10000, (uint64_t)p->end / 2), to = (es_ms)draw(r, (uint64_t)from, (uint64_t)p->end - 1);

	world_at(w, from, on_version, NULL, (uint64_t)s->no, true);
	world_at(w, to, on_version, NULL, (uint64_t)s->no, false);
	plan_tricks(w, s, HOSTILE_VERSION, from, to);
	for (uint64_t n = draw(r, 0, 6); n > 0; n--) {
		enum trick t = rng_below(r, 2) ? TRICK_NEW_DATA : TRICK_NEW_ENTRY;

		world_at(w, (es_ms)draw(r, 10000, (uint64_t)p->end - 1), on_trick, NULL, (uint64_t)s->no, t);
	}
}

static void make_hostile(struct world *w, struct sim_node *s, enum hostile_kind kind)
{
	static const char *const kinds[] = {"hostile.hub", "hostile.home", "other.peer"};

	trace_act(0, s->no, kinds[kind], 0, 0);
	s->hostile = hostile_new(w, kind);
	s->odd = true;
	s->liar = kind != HOSTILE_VERSION;
	w->judge->hostile = w->judge->hostile || s->liar;
	s->hostile->active = s->liar;
	if (kind == HOSTILE_VERSION)
		plan_version(w, s);
	else
		plan_tricks(w, s, kind, 10000, w->plan->end - 1);
	if (kind == HOSTILE_HUB)
		plan_hub(w, s);
}

void hostile_turn(struct world *w, struct sim_node *s)
{
	if (s->hostile)
		return;
	rng_seed_number(&w->plan->hostile_rng, w->seed ^ SEED_OF_ITS_OWN);
	s->hostile = hostile_new(w, HOSTILE_HUB);
	s->odd = s->liar = w->judge->hostile = s->hostile->active = true;
}

void hostile_plan(struct world *w, int only)
{
	struct plan *p = w->plan;
	struct rng *r = &p->hostile_rng;
	bool on[3];

	rng_seed_number(r, w->seed ^ SEED_OF_ITS_OWN);
	for (int k = 0; k < 3; k++) {
		bool drawn = rng_below(r, 100) < IN_A_HUNDRED;

		on[k] = only >= 0 ? only == (int)fault_of[k] : drawn;
	}
	int hub = 2 + (int)rng_below(r, (uint64_t)p->hubs), other = 2 + (int)rng_below(r, (uint64_t)p->hubs);
	if (on[HOSTILE_HOME])
		make_hostile(w, check_home(w), HOSTILE_HOME);
	else if (on[HOSTILE_HUB])
		make_hostile(w, w->nodes[hub], HOSTILE_HUB);
	if (on[HOSTILE_VERSION] && !w->nodes[other]->hostile)
		make_hostile(w, w->nodes[other], HOSTILE_VERSION);
}

/* --- the end --- */

/* A hub that was caught: it goes, or is put out, or behaves from now on. */
static void end_hub(struct world *w, struct sim_node *s)
{
	uint64_t fate = rng_below(s->hostile->rng, 3);

	trace_act(w->now, s->no, "hostile.ends", fate, 0);
	s->deaf = false;
	s->hostile->active = false;
	if (fate == 0) {
		judge_retired(s);
		machine_stop(s);
		s->life = LIFE_GONE;
	} else if (fate == 1) {
		officer_about(w, ACT_REVOKE, &s->hub);
	}
}

static void end_honestly(struct sim_node *s)
{
	s->deaf = false;
	s->hostile->active = false;
	while (s->peers)
		peer_close(s->peers, ES_OK);
	hostile_free(s->hostile);
	s->hostile = NULL;
}

void hostile_end(struct world *w)
{
	int count = w->node_count;

	for (int i = 1; i <= count && !w->stopped; i++) {
		struct sim_node *s = w->nodes[i];

		if (!s || !s->hostile || s->life == LIFE_GONE)
			continue;
		if (s->hostile->kind == HOSTILE_HUB) {
			end_hub(w, s);
		} else if (s->hostile->kind == HOSTILE_VERSION) {
			end_honestly(s);
		} else if (i == 1) {
			judge_two_worlds(w, s);
			home_one_world(s);
			end_honestly(s);
		}
	}
}
