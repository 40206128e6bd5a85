/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"
#include "tests/sim/vfs.h"

#define YEAR_MS (365ll * 24 * 3600000)

static const char *const names[FAULTS] = {
	"delay", "reset", "lossy", "oneway", "islands", "swizzle", "kill", "power", "crash-point", "full", "eio-read",
	"eio-write", "eio-sync", "flip", "clock-jump", "clock-freeze", "clock-creep", "restore-hub", "restore-cress",
	"rollback-hub", "rollback-cress", "clone", "hostile-hub", "hostile-cress", "version",
};
/* How likely a kind is in a run (per million), and how often it happens then. */
static const struct {
	uint32_t likely;
	unsigned low, high;
} weights[FAULTS] = {
	[F_DELAY] = {250000, 1, 4}, [F_RESET] = {350000, 1, 30}, [F_LOSSY] = {150000, 1, 3}, [F_ONEWAY] = {200000, 1, 5},
	[F_ISLANDS] = {250000, 1, 5}, [F_SWIZZLE] = {100000, 1, 2}, [F_KILL] = {300000, 1, 10}, [F_POWER] = {250000, 1, 8},
	[F_CRASH_POINT] = {250000, 1, 10}, [F_FULL] = {120000, 1, 3}, [F_EIO_READ] = {80000, 1, 3},
	[F_EIO_WRITE] = {80000, 1, 3}, [F_EIO_SYNC] = {120000, 1, 3}, [F_FLIP] = {50000, 1, 2},
	[F_CLOCK_JUMP] = {120000, 1, 3}, [F_CLOCK_FREEZE] = {80000, 1, 2}, [F_CLOCK_CREEP] = {100000, 1, 2},
	[F_RESTORE_HUB] = {200000, 1, 3}, [F_RESTORE_CRESS] = {150000, 1, 2}, [F_ROLLBACK_HUB] = {120000, 1, 2},
	[F_ROLLBACK_CRESS] = {100000, 1, 1}, [F_CLONE] = {120000, 1, 2},
};

const char *fault_name(enum fault f)
{
	return names[f];
}

static struct sim_node *any_machine(struct world *w, bool hubs_only)
{
	int list[NODES_MAX + 1], count = 0;

	for (int i = hubs_only ? 2 : 1; i <= w->node_count; i++)
		if (w->nodes[i] && !w->nodes[i]->hostile && w->nodes[i]->life != LIFE_GONE)
			list[count++] = i;
	return count > 0 ? w->nodes[list[rng_below(&w->plan->rng, (uint64_t)count)]] : NULL;
}

static es_ms a_while(struct world *w)
{
	return (es_ms)draw_log(&w->plan->rng, 1000, 2 * 3600000);
}

/* --- lines --- */

static void on_lines_end(struct world *w, const struct event *e)
{
	switch ((enum fault)e->a) {
	case F_DELAY:
		w->lines.delay = 0;
		break;
	case F_LOSSY:
		w->lines.loss_ppm = 0;
		break;
	case F_ONEWAY:
		w->way_count = 0;
		break;
	case F_SWIZZLE:
		w->island[e->b] = 0;
		break;
	default:
		memset(w->island, 0, sizeof w->island);
		break;
	}
	ways_changed(w);
}

static void on_swizzle(struct world *w, const struct event *e)
{
	if (!w->plan->over)
		w->island[e->b] = (int)e->b + 1000;
}

static void lines_fault(struct world *w, enum fault f)
{
	struct rng *r = &w->plan->rng;
	es_ms lasts = a_while(w);
	struct sim_node *s = any_machine(w, false);
	struct conn *c;

	switch (f) {
	case F_DELAY:
		w->lines.delay = (es_ms)draw_log(r, 100, 1800000);
		break;
	case F_LOSSY:
		w->lines.loss_ppm = (uint32_t)draw_log(r, 1000, 300000);
		break;
	case F_RESET:
		c = net_any(w, r);
		if (c)
			net_reset(c);
		return;
	case F_ONEWAY:
		if (s && w->way_count < 60) {
			bool from = rng_below(r, 2);
			struct sim_node *o = any_machine(w, false);
			int other = rng_below(r, 2) ? -1 : o->no;

			w->ways[w->way_count++] = (struct way){from ? s->no : other, from ? other : s->no};
		}
		break;
	case F_ISLANDS: {
		uint64_t islands = draw(r, 2, 4);

		for (int i = 1; i <= w->node_count; i++)
			w->island[i] = (int)rng_below(r, islands);
		break;
	}
	default: /* swizzle: one after the other goes, and comes back in another order */
		for (int i = 1; i <= w->node_count; i++) {
			es_ms gone = (es_ms)rng_below(r, (uint64_t)lasts / 2 + 1), back = lasts / 2 + (es_ms)rng_below(r, (uint64_t)lasts / 2 + 1);

			world_in(w, gone, on_swizzle, NULL, f, (uint64_t)i);
			world_in(w, back, on_lines_end, NULL, f, (uint64_t)i);
		}
		return;
	}
	world_in(w, lasts, on_lines_end, NULL, f, 0);
}

/* --- machines --- */

static void on_disk_end(struct world *w, const struct event *e)
{
	struct sim_node *s = w->nodes[e->b];

	if (s)
		s->disk->quota = 0;
}

static void disk_fault(struct world *w, enum fault f)
{
	struct rng *r = &w->plan->rng;
	struct sim_node *s = any_machine(w, false);
	es_ms down = (es_ms)draw_log(r, 200, 1800000);
	enum disk_power how = (enum disk_power)draw(r, 0, 2);

	if (!s)
		return;
	switch (f) {
	case F_KILL:
		machine_kill(s, down);
		break;
	case F_POWER:
		if (s->n)
			machine_power_loss(s, how, down);
		break;
	case F_CRASH_POINT:
		s->disk->crash_in = (int64_t)draw_log(r, 1, 200) - 1;
		s->disk->crash_kills = draw(r, 0, 3) == 0;
		s->disk->crash_how = how;
		break;
	case F_FULL:
		s->disk->quota = s->disk->used + draw_log(r, 512, 200000);
		world_in(w, a_while(w), on_disk_end, NULL, 0, (uint64_t)s->no);
		break;
	default:
		s->disk->fail_in[f == F_EIO_READ ? FAULT_READ : f == F_EIO_WRITE ? FAULT_WRITE : FAULT_SYNC] =
			(int64_t)draw_log(r, 1, 100) - 1;
		break;
	}
}

static void flip_fault(struct world *w)
{
	static const char *const files[] = {"journal.db", "journal.db", "directory.db", "journal.db-wal"};
	struct sim_node *s = any_machine(w, false);
	uint64_t at = 0;

	if (!s)
		return;
	const char *name = files[rng_below(&w->plan->rng, 4)];
	if (disk_flip(s->disk, name, &at)) {
		s->flipped = true;
		trace_act(w->now, s->no, "flipped", at, 0);
		if (trace_on)
			trace_say("%s byte %llu", name, (unsigned long long)at);
	}
}

static void on_clock_right(struct world *w, const struct event *e)
{
	struct sim_node *s = w->nodes[e->b];

	if (s)
		clock_right(&s->clock, w->now);
}

static void clock_fault(struct world *w, enum fault f)
{
	struct rng *r = &w->plan->rng;
	struct sim_node *s = any_machine(w, false);

	if (!s)
		return;
	if (f == F_CLOCK_JUMP) {
		bool back = rng_below(r, 2), far = rng_below(r, 3) == 0;
		es_ms by = far ? (es_ms)draw(r, 1, 100) * YEAR_MS : (es_ms)draw_log(r, 1000, 48 * 3600000);

		clock_jump(&s->clock, w->now, back ? -by : by);
	} else if (f == F_CLOCK_FREEZE) {
		clock_freeze(&s->clock, w->now, true);
	} else {
		clock_creep(&s->clock, w->now, (int64_t)draw(r, 0, 40000) - 20000);
	}
	world_in(w, a_while(w), on_clock_right, NULL, 0, (uint64_t)s->no);
}

/* --- copies --- */

static void backup(struct world *w, struct sim_node *s)
{
	struct plan *p = w->plan;
	struct shelf *to;

	if (!s || !s->n || p->shelf_count == SHELF_MAX || disk_no(s->no)->off)
		return;
	to = &p->shelves[p->shelf_count++];
	to->image = disk_snapshot(s->disk);
	to->keys = s->keys;
	to->held = judge_held(s, &to->held_count);
	to->machine = s->no;
	to->at = w->now;
	to->flipped = s->flipped;
	trace_act(w->now, s->no, "backup", 0, 0);
}

static const struct shelf *pick_shelf(struct world *w, bool cress)
{
	struct plan *p = w->plan;
	size_t count = 0, at;

	for (size_t i = 0; i < p->shelf_count; i++)
		count += (w->nodes[p->shelves[i].machine]->role == ROLE_CRESS) == cress;
	if (count == 0)
		return NULL;
	at = (size_t)rng_below(&p->rng, count);
	for (size_t i = 0; i < p->shelf_count; i++)
		if ((w->nodes[p->shelves[i].machine]->role == ROLE_CRESS) == cress && at-- == 0)
			return &p->shelves[i];
	return NULL;
}

/* `essaim restore`: the journal of the backup, told that it is one. */
static bool mark_restored(struct sim_node *s)
{
	struct node *n = NULL;
	struct rng rng;

	rng_seed_number(&rng, (s->w->seed * 1000003 + (uint64_t)s->no) * 1009 + s->runs + 500);
	s->disk->off = false;
	vfs_utc = machine_utc(s);
	enum es_err err = node_open_keys(s->dir, &s->keys, s->w->ref, &rng, &n);
	if (err != ES_OK)
		return false;
	n->utc = machine_utc(s);
	n->mono = s->w->now;
	err = journal_begin(n->journal);
	if (err == ES_OK)
		err = node_restored(n);
	if (err == ES_OK)
		err = journal_commit(n->journal);
	node_close(n);
	return err == ES_OK;
}

static void go_back(struct world *w, enum fault f, const struct shelf *b)
{
	bool marked = f == F_RESTORE_HUB || f == F_RESTORE_CRESS;
	struct sim_node *s = b ? w->nodes[b->machine] : NULL;

	if (!s || s->life == LIFE_GONE || s->hostile)
		return;
	w->plan->fault_count[f]++;
	if (s->n)
		machine_kill(s, -1);
	s->life = LIFE_DOWN;
	disk_restore(s->disk, b->image);
	s->flipped = b->flipped;
	s->disk->crash_in = -1;
	s->disk->quota = 0;
	for (int i = 0; i < FAULT_KINDS; i++)
		s->disk->fail_in[i] = -1;
	/* The key file lies elsewhere: a machine that went back behind its own rotation has
	 * lost its key, which is another story. */
	judge_went_back(s, b->held, b->held_count);
	trace_act(w->now, s->no, names[f], (uint64_t)(w->now - b->at), 0);
	if (marked && !mark_restored(s)) {
		s->life = LIFE_STOPPED;
		if (s->flipped)
			return; /* the backup is of a damaged file */
		violation(w, "restore", "n%d: a backup cannot be restored", s->no);
		return;
	}
	machine_start(s);
}

static void clone(struct world *w, struct sim_node *s)
{
	struct plan *p = w->plan;
	struct sim_node *c;
	int no = w->people->next_machine;

	if (!s || !s->n || p->clones >= 2 || no >= 60)
		return;
	w->people->next_machine++;
	p->clones++;
	p->fault_count[F_CLONE]++;
	c = machine_new(w, no, s->who, ROLE_HUB, &s->keys);
	memcpy(c->name, s->name, sizeof c->name);
	memcpy(c->advertise, s->advertise, sizeof c->advertise);
	c->hub = s->hub;
	c->flipped = s->flipped; /* rot is copied too, and the key file with the keys to come */
	c->has_next = s->has_next;
	c->next_keys = s->next_keys;
	struct disk_image *im = disk_snapshot(s->disk);
	disk_restore(c->disk, im);
	disk_image_free(im);
	size_t count;
	uint8_t *held = judge_held(s, &count);
	judge_went_back(c, held, count);
	free(held);
	for (size_t i = 0; i < s->target_count; i++)
		machine_dial(c, s->targets[i].to, &s->targets[i].hub, s->targets[i].home, s->targets[i].only_alone);
	trace_act(w->now, c->no, "clone", (uint64_t)s->no, 0);
	machine_start(c);
}

/* --- all of them --- */

static void on_fault(struct world *w, const struct event *e)
{
	enum fault f = (enum fault)e->a;

	if (w->plan->over)
		return;
	trace_act(w->now, -1, names[f], e->b, 0);
	if (f < F_KILL)
		lines_fault(w, f);
	else if (f <= F_EIO_SYNC)
		disk_fault(w, f);
	else if (f == F_FLIP)
		flip_fault(w);
	else if (f <= F_CLOCK_CREEP)
		clock_fault(w, f);
	else if (f <= F_ROLLBACK_CRESS)
		go_back(w, f, pick_shelf(w, f == F_RESTORE_CRESS || f == F_ROLLBACK_CRESS));
	else if (f == F_CLONE)
		clone(w, any_machine(w, true));
	if (f <= F_CLOCK_CREEP)
		w->plan->fault_count[f]++;
}

static void on_backup(struct world *w, const struct event *e)
{
	(void)e;
	if (!w->plan->over)
		backup(w, any_machine(w, false));
}

/* --- of a focus: there and now --- */

static const struct shelf *newest_shelf(const struct plan *p, int machine)
{
	for (size_t i = p->shelf_count; i > 0; i--)
		if (p->shelves[i - 1].machine == machine)
			return &p->shelves[i - 1];
	return NULL;
}

void fault_backup(struct world *w, int machine)
{
	backup(w, machine ? w->nodes[machine] : any_machine(w, false));
}

void fault_at(struct world *w, enum fault f, int machine)
{
	struct event e = {.a = f};

	if (machine && f == F_CLONE)
		clone(w, w->nodes[machine]);
	else if (machine && f >= F_RESTORE_HUB && f <= F_ROLLBACK_CRESS)
		go_back(w, f, newest_shelf(w->plan, machine));
	else
		on_fault(w, &e);
}

void faults_plan(struct world *w, int only)
{
	struct plan *p = w->plan;
	bool backs = false;

	for (int f = 0; f < FAULTS; f++) {
		bool on = chance(&p->rng, weights[f].likely);

		p->faults[f] = only >= 0 ? f == only : on;
	}
	if (p->faults[F_ROLLBACK_CRESS] || p->home_goes_back) /* L17: not promised */
		p->faults[F_ROLLBACK_HUB] = p->faults[F_CLONE] = false;
	if (p->home_poisons) /* who lost his memory has nobody else to ask */
		p->faults[F_RESTORE_HUB] = p->faults[F_ROLLBACK_HUB] = p->faults[F_CLONE] = false;
	for (int f = 0; f < FAULTS; f++) {
		uint64_t n = draw(&p->rng, weights[f].low ? weights[f].low : 1, weights[f].high ? weights[f].high : 1);

		for (; p->faults[f] && f < F_HOSTILE_HUB && n > 0; n--)
			world_at(w, (es_ms)draw(&p->rng, 10000, (uint64_t)p->end - 1), on_fault, NULL, (uint64_t)f, n);
		backs = backs || (p->faults[f] && f >= F_RESTORE_HUB && f <= F_ROLLBACK_CRESS);
	}
	for (uint64_t n = backs ? draw(&p->rng, 3, SHELF_MAX) : 0; n > 0; n--)
		world_at(w, (es_ms)draw(&p->rng, 8000, (uint64_t)p->end - 1), on_backup, NULL, 0, 0);
}

void faults_end(struct world *w)
{
	hostile_end(w);
	w->lines.delay = 0;
	w->lines.loss_ppm = 0;
	ways_heal(w);
	for (int i = 1; i <= w->node_count; i++) {
		struct sim_node *s = w->nodes[i];

		if (!s)
			continue;
		clock_right(&s->clock, w->now);
		s->disk->quota = 0;
		s->disk->crash_in = -1;
		for (int f = 0; f < FAULT_KINDS; f++)
			s->disk->fail_in[f] = -1;
	}
}
