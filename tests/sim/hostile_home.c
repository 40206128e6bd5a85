/* SPDX-License-Identifier: Apache-2.0
 *
 * A home that lies with what it alone can write: the control log. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/human.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"

#define LOOK_MS 600000 /* for a checkpoint to be read */
#define LONG_AGO_MS 3700000 /* an hour's grace, and some */

/* --- two worlds --- */

static void lead(struct sim_node *s, int from, int to)
{
	for (size_t i = 0; i < s->target_count; i++) {
		struct target *t = &s->targets[i];

		if (!t->home || t->to != from)
			continue;
		t->to = to;
		if (t->peer)
			peer_close(t->peer, ES_OK);
	}
}

static struct sim_node *copy_home(struct sim_node *s, int no)
{
	struct sim_node *c = machine_new(s->w, no, s->who, ROLE_CRESS, &s->keys);
	struct disk_image *im = disk_snapshot(s->disk);
	size_t count;
	uint8_t *held = judge_held(s, &count);

	memcpy(c->name, s->name, sizeof c->name);
	memcpy(c->advertise, s->advertise, sizeof c->advertise);
	c->hub = s->hub;
	c->next_keys = s->next_keys;
	c->has_next = s->has_next;
	c->liar = c->odd = true;
	c->hostile = calloc(1, sizeof *c->hostile);
	assert(c->hostile);
	c->hostile->kind = HOSTILE_HOME;
	c->hostile->rng = s->hostile->rng;
	disk_restore(c->disk, im);
	judge_went_back(c, held, count);
	disk_image_free(im);
	free(held);
	return c;
}

void home_two_worlds(struct sim_node *s)
{
	struct world *w = s->w;
	struct hostile *h = s->hostile;
	int no = w->people->next_machine;

	if (h->other_home || !s->n || s->disk->off || no >= 60)
		return;
	w->people->next_machine++;
	h->other_home = no;
	w->judge->two_homes = true;
	machine_start(copy_home(s, no));
	for (int i = 2; i <= w->node_count; i++)
		if (w->nodes[i] && w->nodes[i]->role == ROLE_HUB && rng_below(h->rng, 2))
			lead(w->nodes[i], s->no, no);
}

void home_one_world(struct sim_node *s)
{
	struct world *w = s->w;
	struct sim_node *c = w->nodes[s->hostile->other_home];

	if (s->hostile->other_home == 0 || c->life == LIFE_GONE)
		return;
	judge_retired(c);
	machine_stop(c);
	c->life = LIFE_GONE;
	for (int i = 2; i <= w->node_count; i++)
		if (w->nodes[i])
			lead(w->nodes[i], c->no, s->no);
	trace_act(w->now, c->no, "one.world", 0, 0);
}

/* --- its own past --- */

void home_rollback(struct sim_node *s)
{
	struct hostile *h = s->hostile;

	if (!s->n || s->disk->off)
		return;
	if (!h->image) {
		h->image = disk_snapshot(s->disk);
		h->held = judge_held(s, &h->held_count);
		return;
	}
	machine_kill(s, -1);
	disk_restore(s->disk, h->image);
	judge_went_back(s, h->held, h->held_count);
	disk_image_free(h->image);
	free(h->held);
	h->image = NULL;
	h->held = NULL;
	machine_start(s);
}

/* --- a false checkpoint --- */

struct claim {
	int victim;
	unsigned runs; /* of the victim's process */
	struct log_cut said;
	uint64_t seq; /* of the control commit */
	struct hash id;
};

static struct sim_node *victim_of(struct sim_node *s, struct log_cut *said)
{
	struct world *w = s->w;
	struct rng *r = s->hostile->rng;
	struct sim_node *v = w->nodes[2 + rng_below(r, (uint64_t)w->node_count - 1)];
	bool other = s->hostile->wrong_ids && rng_below(r, 2);

	for (size_t i = 1; v && v->n && !v->hostile && v->role == ROLE_HUB && i < v->n->frontier.count; i++) {
		const struct head *h = &v->n->frontier.heads[i];
		const struct open_log *log = rights_log(&s->n->rights, &h->log);
		bool old = h->acked_ms > 0 && h->acked_ms + LONG_AGO_MS < machine_utc(s) && h->acked_ms + LONG_AGO_MS < machine_utc(v);

		if (!log || log->cut || h->scope == SCOPE_LOCAL || !id_eq(&h->hub, &v->hub) || h->acked < 2 || (!other && !old))
			continue;
		said->log = h->log;
		said->seq = h->acked - !other;
		const struct head *ours = frontier_find(&s->n->frontier, &h->log);
		if (!ours || !journal_commit_id(s->n->journal, (uint32_t)(ours - s->n->frontier.heads), said->seq, &said->id))
			continue;
		said->id.bytes[9] ^= other;
		return v;
	}
	return NULL;
}

static enum es_err run_claim(struct sim_node *s, struct work *k)
{
	struct claim *c = k->ctx;
	struct sim_node *v = s->hostile ? victim_of(s, &c->said) : NULL;
	struct buf entry;
	enum es_err err;

	if (!v)
		return ES_NOT_FOUND;
	buf_init(&entry, CHANGE_MAX);
	entry_checkpoint(&c->said, 1, &entry);
	struct slice bytes = buf_slice(&entry);
	err = node_control(s->n, &bytes, 1);
	buf_done(&entry);
	c->victim = v->no;
	c->runs = v->runs;
	c->seq = s->n->rights.seq;
	c->id = s->n->rights.id;
	return err;
}

/* "Hubs check theirs against it": the one whose log was shown short or other knows. */
static void on_look(struct world *w, const struct event *e)
{
	struct claim *c = e->ctx;
	struct sim_node *v = w->nodes[c->victim];
	struct hash id;

	if (v && v->n && v->runs == c->runs && v->n->rights.checkpoint_seq == c->seq && journal_commit_id(v->n->journal, 0, c->seq, &id) &&
	    hash_eq(&id, &c->id)) {
		const struct open_log *log = rights_log(&v->n->rights, &c->said.log);

		if (log && !log->cut && !id_eq(&v->n->withheld, &c->said.log))
			violation(w, "withheld", "a checkpoint shows n%d's log at %llu, short or other, and it says nothing", v->no,
				  (unsigned long long)c->said.seq);
	}
	free(c);
}

static void told_claim(struct sim_node *s, struct work *k, enum es_err err)
{
	struct claim *c = k->ctx;

	trace_act(s->w->now, s->no, "false.checkpoint", err, c->said.seq);
	if (err == ES_OK)
		world_in(s->w, LOOK_MS, on_look, c, 0, 0);
	else
		free(c);
}

void home_checkpoint(struct sim_node *s)
{
	struct claim *c = calloc(1, sizeof *c);

	assert(c);
	sim_act(s, false, run_claim, told_claim, c)->kind = WORK_OFFICER;
}
