/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/officer.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/keyfile.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"

#define TRIES 40

struct duty {
	enum act_kind kind;
	struct rng rng;
	struct id16 hub, log;
	bool has_hub;
	uint64_t seq;
	int tries;
	char text[INVITE_TEXT_MAX];
	char address[64];
	int machine; /* of whoever is invited */
	struct node_keys keys;
};

void officer_keys(struct world *w, struct rng *r, struct node_keys *out)
{
	uint8_t seeds[64];

	(void)w;
	rng_fill(r, seeds, sizeof seeds);
	keys_from_seeds(seeds, out);
}

/* A hub in that state, each with the same chance; NULL: none. */
static const struct member *pick(struct sim_node *s, struct duty *d, enum member_state state)
{
	const struct rights *g = &s->n->rights;
	size_t count = 0, at;

	if (d->has_hub)
		return rights_member(g, &d->hub);
	for (size_t i = 0; i < g->member_count; i++)
		count += g->members[i].role == ROLE_HUB && g->members[i].state == state;
	if (count == 0)
		return NULL;
	at = (size_t)rng_below(&d->rng, count);
	for (size_t i = 0; i < g->member_count; i++)
		if (g->members[i].role == ROLE_HUB && g->members[i].state == state && at-- == 0)
			return &g->members[i];
	return NULL;
}

static enum es_err run_void(struct sim_node *s, struct duty *d)
{
	const struct frontier *f = &s->n->frontier;
	const struct head *h = &f->heads[rng_below(&d->rng, f->count)];

	if (h->scope == SCOPE_CONTROL || h->scope == SCOPE_LOCAL || h->seq == 0)
		return ES_NOT_FOUND;
	d->log = h->log;
	d->seq = draw(&d->rng, 1, h->seq);
	return node_void(s->n, &h->log, d->seq);
}

static enum es_err run_invite(struct sim_node *s, struct duty *d)
{
	const struct rights *g = &s->n->rights;
	char name[64];
	es_ms expires;

	if (g->territory_count == 0)
		return ES_NOT_FOUND;
	snprintf(name, sizeof name, "Pole tardif %d", d->machine);
	return node_invite(s->n, g->territories[rng_below(&d->rng, g->territory_count)].code, name, 7 * 24 * 3600000ll, true,
			   NULL, d->address, d->text, &expires);
}

static enum es_err run_duty(struct sim_node *s, struct work *k)
{
	struct duty *d = k->ctx;
	struct node *n = s->n;
	const struct member *m = NULL;
	char version[32];

	switch (d->kind) {
	case ACT_SUSPEND:
		m = pick(s, d, MEMBER_ACTIVE);
		break;
	case ACT_RESUME:
		m = pick(s, d, MEMBER_SUSPENDED);
		break;
	case ACT_REVOKE:
	case ACT_QUOTA:
	case ACT_ADMIT:
		m = pick(s, d, MEMBER_ACTIVE);
		break;
	default:
		break;
	}
	if (m) {
		d->hub = m->hub;
		d->has_hub = true;
	}
	switch (d->kind) {
	case ACT_SUSPEND:
	case ACT_RESUME:
		return m ? node_suspend(n, m, d->kind == ACT_RESUME) : ES_NOT_FOUND;
	case ACT_REVOKE:
		return m ? node_revoke(n, m) : ES_NOT_FOUND;
	case ACT_QUOTA:
		return m ? node_quota(n, m, d->seq) : ES_NOT_FOUND;
	case ACT_ADMIT:
		return m ? node_admit_instance(n, m) : ES_NOT_FOUND;
	case ACT_VOID:
		return run_void(s, d);
	case ACT_CHARTER:
		snprintf(version, sizeof version, "%llu", (unsigned long long)draw(&d->rng, 2, 999));
		return node_charter(n, slice_str(version), slice_str("Charte nouvelle.\n"), d->seq > 0);
	case ACT_CHECKPOINT:
		return node_checkpoint(n);
	case ACT_ROTATE:
	case ACT_ROTATE_CRESS:
		if (!s->has_next) { /* the key file comes first; asked twice: the same ones */
			s->next_keys = d->keys;
			if (memcmp(&d->keys.sign, &s->keys.sign, sizeof d->keys.sign) == 0) /* entered, though nobody heard */
				officer_keys(s->w, &d->rng, &s->next_keys);
			s->has_next = true;
		}
		return node_rotate(n, &s->next_keys);
	case ACT_INVITE:
		return run_invite(s, d);
	case ACT_ALONE:
		return node_alone(n);
	case ACT_RECOVER:
		return node_recover(n, s->w->plan->federation.recovery, &d->keys, UINT64_MAX);
	case ACT_RESOLVE:
		return node_resolve(n, &d->log);
	default:
		return ES_NOT_ALLOWED;
	}
}

static void post(struct sim_node *s, struct duty *d);

static void on_again(struct world *w, const struct event *e)
{
	struct duty *d = e->ctx;
	struct sim_node *s = w->nodes[e->a];

	if (s && s->n)
		post(s, d);
	else
		world_in(w, 30000, on_again, d, e->a, 0);
}

/* What follows from it in the world. */
static void follow(struct sim_node *s, struct duty *d)
{
	if (d->kind == ACT_INVITE)
		human_join(s->w, d->text, d->machine);
}

static void told(struct sim_node *s, struct work *k, enum es_err err)
{
	struct duty *d = k->ctx;
	struct people *p = s->w->people;

	trace_act(s->w->now, s->no, act_name(d->kind), err, d->seq);
	if (trace_on && err != ES_OK)
		trace_say("refused: %s", es_err_name(err));
	if ((err == ES_AWAITING || err == ES_UNREACHABLE || err == ES_DISK_FULL) && d->tries++ < TRIES) {
		world_in(s->w, (es_ms)draw(&d->rng, 5000, 40000), on_again, d, (uint64_t)s->no, 0);
		return;
	}
	if (err == ES_OK)
		p->done[d->kind]++;
	else
		p->refused[d->kind]++;
	if (err == ES_OK)
		follow(s, d);
	free(d);
}

static enum es_err run(struct sim_node *s, struct work *k)
{
	return run_duty(s, k);
}

static void post(struct sim_node *s, struct duty *d)
{
	struct work *k = sim_act(s, false, run, told, d);

	k->kind = WORK_OFFICER;
}

static struct duty *duty_new(struct world *w, enum act_kind kind)
{
	struct duty *d = calloc(1, sizeof *d);

	assert(d);
	d->kind = kind;
	rng_seed_number(&d->rng, w->seed * 40503 + w->people->acts++);
	return d;
}

void officer_do(struct world *w, enum act_kind kind, int at)
{
	struct sim_node *s = kind == ACT_ROTATE ? w->nodes[at] : check_home(w);
	const struct hostile *liar = check_home(w)->hostile;
	struct duty *d;

	if (!s || !s->n || (kind == ACT_ROTATE && liar && liar->other_home)) /* a key that one home alone knows is lost with it */
		return;
	d = duty_new(w, kind);
	if (kind == ACT_ROTATE || kind == ACT_ROTATE_CRESS || kind == ACT_RECOVER)
		officer_keys(w, &d->rng, &d->keys);
	if (kind == ACT_QUOTA)
		d->seq = draw(&d->rng, 2000, 60000);
	if (kind == ACT_CHARTER)
		d->seq = rng_below(&d->rng, 3) > 0;
	if (kind == ACT_INVITE) {
		if (w->people->join_left == 0) {
			free(d);
			return;
		}
		w->people->join_left--;
		d->machine = w->people->next_machine++;
		machine_address(s->no, d->address);
	}
	post(s, d);
}

void officer_about(struct world *w, enum act_kind kind, const struct id16 *hub)
{
	struct sim_node *s = check_home(w);
	struct duty *d;

	if (!s || !s->n)
		return;
	d = duty_new(w, kind);
	d->hub = *hub;
	d->has_hub = true;
	post(s, d);
}

void officer_resolve(struct world *w, const struct id16 *log)
{
	struct sim_node *s = check_home(w);
	struct duty *d;

	if (!s || !s->n)
		return;
	w->people->resolving = true;
	d = duty_new(w, ACT_RESOLVE);
	d->log = *log;
	post(s, d);
}
