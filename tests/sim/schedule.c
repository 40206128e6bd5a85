/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/schedule.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/found.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/officer.h"
#include "tests/sim/trace.h"
#include "tests/sim/vfs.h"

#define HOUR 3600000ll

static void on_act(struct world *w, const struct event *e)
{
	if (!w->plan->over)
		human_do(w, (enum act_kind)e->a, (int)e->b);
}

static void act_at(struct world *w, es_ms at, enum act_kind kind, int machine)
{
	world_at(w, at, on_act, NULL, kind, (uint64_t)machine);
}

/* --- who dials whom --- */

static void wire(struct world *w)
{
	struct plan *p = w->plan;
	uint64_t always = draw(&p->rng, 0, 2) == 0 ? 150000 : 0, alone = draw(&p->rng, 0, 2) == 0 ? 250000 : 0;

	for (int i = 2; i <= p->hubs + 1; i++) {
		struct sim_node *s = w->nodes[i];

		machine_dial(s, 1, &p->federation.cress, true, false);
		for (int k = 2; k <= p->hubs + 1 && p->hubs <= 50; k++) {
			bool dials = chance(&p->rng, (uint32_t)always), dials_alone = chance(&p->rng, (uint32_t)alone);

			if (k != i && (dials || dials_alone) && s->target_count < TARGETS_MAX)
				machine_dial(s, k, &w->nodes[k]->hub, false, !dials);
		}
	}
}

/* --- what people do --- */

static es_ms moment(struct plan *p)
{
	return (es_ms)draw(&p->rng, 5000, (uint64_t)p->end - 1000);
}

static void plan_edits(struct world *w)
{
	struct plan *p = w->plan;
	unsigned bursts = p->edits / 40;
	es_ms rush = moment(p); /* most things happen close to each other, some alone */

	for (unsigned i = 0; i < p->edits - 8 * bursts; i++) {
		uint64_t what = rng_below(&p->rng, 100);
		es_ms at = rng_below(&p->rng, 3) ? moment(p) : rush + (es_ms)rng_below(&p->rng, 120000);

		if (at >= p->end)
			at = p->end - 1;
		act_at(w, at, what < 50 ? ACT_ADD : what < 92 ? ACT_SET : ACT_RM, 0);
	}
	for (unsigned i = 0; i < bursts; i++)
		act_at(w, moment(p), ACT_BURST, 0);
}

static void plan_some(struct world *w, enum act_kind kind, uint32_t per_million, uint64_t low, uint64_t high)
{
	struct plan *p = w->plan;

	if (!chance(&p->rng, per_million))
		return;
	for (uint64_t n = draw(&p->rng, low, high); n > 0; n--)
		act_at(w, moment(p), kind, 0);
}

static void plan_people(struct world *w)
{
	struct plan *p = w->plan;

	plan_edits(w);
	plan_some(w, ACT_PROPOSE, 400000, 1, 8);
	plan_some(w, ACT_OFFER, 500000, 1, 10);
	plan_some(w, ACT_ANSWER, 800000, 4, 24);
	plan_some(w, ACT_FORGET, 400000, 1, 6);
	plan_some(w, ACT_SUSPEND, 150000, 1, 2);
	plan_some(w, ACT_RESUME, 300000, 1, 3);
	if (p->hubs >= 3)
		plan_some(w, ACT_REVOKE, 120000, 1, 1);
	plan_some(w, ACT_QUOTA, 60000, 1, 1);
	plan_some(w, ACT_VOID, 80000, 1, 2);
	plan_some(w, ACT_CHARTER, 120000, 1, 2);
	plan_some(w, ACT_ACCEPT_CHARTER, 200000, 2, 10);
	plan_some(w, ACT_CHECKPOINT, 300000, 1, 4);
	plan_some(w, ACT_ROTATE_CRESS, 60000, 1, 1);
	plan_some(w, ACT_INVITE, 200000, 1, 2);
	if (chance(&p->rng, 120000)) {
		int who = (int)draw(&p->rng, 2, (uint64_t)p->hubs + 1);

		act_at(w, moment(p), ACT_ROTATE, who);
	}
}

/* --- a new hub, late --- */

void human_join(struct world *w, const char *invitation, int no)
{
	struct plan *p = w->plan;
	struct invite in;
	struct node_keys keys;
	struct found found;
	struct rng r;

	if (invite_decode(slice_str(invitation), &in) != ES_OK) {
		violation(w, "join", "the invitation cannot be read: %s", invitation);
		return;
	}
	officer_keys(w, &w->rng, &keys);
	struct sim_node *s = machine_new(w, no, no - 1, ROLE_HUB, &keys);
	snprintf(s->name, sizeof s->name, "Pole tardif %d", no);
	machine_address(no, s->advertise);
	rng_seed_number(&r, w->seed * 65537 + (uint64_t)no);
	found = (struct found){.dir = s->dir, .keys = &s->keys, .rng = &r, .utc = machine_utc(s), .name = s->name,
			       .pays = "", .region = "53", .advertise = s->advertise};
	char home[64];
	machine_address(1, home);
	vfs_utc = found.utc;
	struct sim_node *cress = check_home(w);
	struct hash charter = cress && cress->n ? cress->n->rights.charter : p->federation.charter;
	enum es_err err = found_hub(&found, &(struct found_home){.fed_id = in.fed_id, .key = in.home, .address = home,
								 .federation = p->federation.name, .secret = in.secret,
								 .charter = charter});
	trace_act(w->now, no, "invited", err, 0);
	s->hub = crypto_hub_id(&in.fed_id, &keys.sign);
	s->joining = true;
	s->join_secret = in.secret;
	s->join_charter = charter;
	machine_dial(s, 1, &p->federation.cress, true, false);
	machine_start(s);
}

/* --- the run --- */

static void draw_plan(struct world *w, const struct wish *wish)
{
	struct plan *p = w->plan;
	uint64_t hubs = draw_log(&p->rng, 1, 11), hours = draw_log(&p->rng, 1, 96), edits = draw_log(&p->rng, 20, 200);

	p->hubs = wish->hubs ? wish->hubs : (int)hubs;
	p->end = (es_ms)(wish->hours ? wish->hours : (int)hours) * HOUR;
	p->edits = (unsigned)edits;
	w->people->join_left = p->hubs < 11 ? 2 : 0;
	w->people->next_machine = p->hubs + 2;
	w->lines.latency_max = (es_ms)draw_log(&p->rng, 2, 400);
	w->lines.jitter = (es_ms)draw_log(&p->rng, 1, 100);
	w->lines.bytes_per_ms = (uint32_t)draw_log(&p->rng, 16, 4096);
	if (draw(&p->rng, 0, 9) == 0)
		w->lines.piece_max = (uint32_t)draw_log(&p->rng, 64, 4096);
}

static void draw_focus(struct world *w, const struct wish *wish)
{
	struct plan *p = w->plan;
	const struct focus *f = wish->focus;

	p->hubs = wish->hubs ? wish->hubs : f->hubs;
	p->end = wish->hours ? (es_ms)wish->hours * HOUR : f->minutes * 60000;
	w->people->next_machine = p->hubs + 2;
	w->people->join_left = 2;
	w->lines.latency_max = (es_ms)draw_log(&p->rng, 2, (uint64_t)f->latency_max);
	w->lines.jitter = (es_ms)draw_log(&p->rng, 1, 100);
	w->lines.bytes_per_ms = 1024;
}

static void start_hubs(struct world *w)
{
	for (int i = 2; i <= w->plan->hubs + 1; i++)
		machine_start(w->nodes[i]);
}

static void focused(struct world *w, const struct wish *wish)
{
	draw_focus(w, wish);
	federation_make(w, w->plan->hubs);
	for (int i = 2; i <= w->plan->hubs + 1; i++)
		machine_dial(w->nodes[i], 1, &w->plan->federation.cress, true, false);
	start_hubs(w);
	focus_plan(w, wish->focus);
}

static void broad(struct world *w, const struct wish *wish)
{
	struct plan *p = w->plan;

	draw_plan(w, wish);
	trace_act(0, -1, "plan", (uint64_t)p->hubs, (uint64_t)p->end);
	if (trace_on)
		trace_say("%d hubs, %lld h, %u edits", p->hubs, (long long)(p->end / HOUR), p->edits);
	federation_make(w, p->hubs);
	wire(w);
	start_hubs(w);
	plan_people(w);
	if (wish->no_faults)
		return;
	hostile_plan(w, wish->only_fault);
	faults_plan(w, wish->only_fault);
}

void schedule_run(struct world *w, const struct wish *wish)
{
	struct plan *p = calloc(1, sizeof *p);

	assert(p);
	w->plan = p;
	rng_seed_number(&p->rng, w->seed ^ 0x706c616eull << 16);
	people_new(w);
	if (wish->focus)
		focused(w, wish);
	else
		broad(w, wish);
	world_run(w, p->end);
	if (!w->stopped)
		finish(w);
	if (!w->stopped)
		check_end(w);
}

void schedule_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->shelf_count; i++) {
		disk_image_free(p->shelves[i].image);
		free(p->shelves[i].held);
	}
	free(p);
}
