/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a run. Faults have stopped, lines and clocks are right, what was down
 * starts. Whom protocol.md names comes once; then all must be level within the
 * bound of P4 (its 120 s, and the longest wait between two dials). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/sql.h"
#include "daemon/node/found.h"
#include "tests/sim/check.h"
#include "tests/sim/officer.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"
#include "tests/sim/vfs.h"

#define BOUND_MS 600000
#define LOOK_MS 5000
#define HUMANS_MS 60000 /* between two looks of the named humans */
#define HOPELESS_MS (6 * 3600000ll) /* humans and all */

static void human_came(struct world *w)
{
	w->plan->last_human = w->now;
}

/* A machine that stopped for a human: its disk is thrown away, the key kept. */
static void start_anew(struct world *w, struct sim_node *s)
{
	struct plan *p = w->plan;
	struct found found;
	struct rng r;
	char home[64];
	enum es_err err;
	size_t held_count;
	uint8_t *none = judge_held(s, &held_count);

	memset(none, 0, held_count);
	disk_wipe(s->disk);
	judge_went_back(s, none, held_count);
	free(none);
	s->disk->off = false;
	rng_seed_number(&r, w->seed * 65537 + (uint64_t)s->no * 7 + s->runs);
	machine_address(1, home);
	found = (struct found){.dir = s->dir, .keys = &s->keys, .rng = &r, .utc = machine_utc(s), .name = s->name,
			       .pays = "", .region = "53", .advertise = s->advertise};
	vfs_utc = found.utc;
	struct sim_node *cress = check_home(w);
	struct dh_public key = cress && cress->n ? cress->n->keys.dh : w->nodes[1]->keys.dh;
	if (s->role == ROLE_CRESS)
		err = found_cress_again(&found, &p->federation.fed_id, &s->hub);
	else
		err = found_hub(&found, &(struct found_home){.fed_id = p->federation.fed_id, .key = key, .address = home,
							     .federation = p->federation.name, .charter = p->federation.charter,
							     .hub = s->hub});
	trace_act(w->now, s->no, "anew", err, 0);
	if (err != ES_OK)
		violation(w, "P10", "n%d cannot start anew from its key: %s", s->no, es_err_name(err));
	s->flipped = false;
	s->life = LIFE_DOWN;
	human_came(w);
}

static void start_all(struct world *w)
{
	for (int i = 1; i <= w->node_count && !w->stopped; i++) {
		struct sim_node *s = w->nodes[i];

		if (!s || s->n || s->hostile || s->life == LIFE_GONE)
			continue;
		if (s->life == LIFE_STOPPED)
			start_anew(w, s);
		if (!w->stopped && !s->n)
			machine_start(s);
	}
}

/* --- the named humans --- */

static enum es_err run_accept(struct sim_node *s, struct work *k)
{
	(void)k;
	return node_accept_charter(s->n);
}

static void accept_charters(struct world *w, const struct sim_node *home)
{
	for (int i = 1; i <= w->node_count; i++) {
		struct sim_node *s = w->nodes[i];

		if (s && s->n && s != home && home->n->rights.charter_mandatory && check_counts(s) &&
		    !node_charter_accepted(s->n, &s->n->hub)) {
			sim_act(s, false, run_accept, NULL, NULL);
			human_came(w);
		}
	}
}

/* Whoever was offered a record says yes or no; an offer that nobody can answer is
 * withdrawn: until then its edits wait (L18). */
struct offers {
	struct sim_node *s;
	int64_t no;
	bool ours, withdraw;
};

static bool pick_offer(void *ctx, const struct inbox_item *i)
{
	struct offers *o = ctx;
	bool to_us = id_eq(&i->to, &o->s->n->hub);

	if (i->op == OP_PROPOSE || i->state != INBOX_OPEN || (!to_us && !o->withdraw))
		return true;
	o->no = i->no;
	o->ours = !to_us;
	return false;
}

static enum es_err run_answer(struct sim_node *s, struct work *k)
{
	struct offers o = {.s = s, .withdraw = k->a};
	enum es_err err = node_inbox(s->n, pick_offer, &o);

	if (err != ES_OK || o.no == 0)
		return err;
	human_came(s->w);
	return node_answer(s->n, o.no, !o.ours && o.no % 2, slice_str("fin"));
}

static void answer_offers(struct world *w)
{
	for (int i = 1; i <= w->node_count; i++)
		if (check_counts(w->nodes[i]))
			sim_act(w->nodes[i], true, run_answer, NULL, NULL)->a = w->now > w->plan->end + 240000;
}

static void settle_members(struct world *w, const struct sim_node *home)
{
	const struct rights *g = &home->n->rights;

	for (size_t i = 0; i < g->member_count; i++) {
		if (g->members[i].state == MEMBER_SUSPENDED) {
			officer_about(w, ACT_RESUME, &g->members[i].hub);
			human_came(w);
		}
		if (g->members[i].quota > 0 && g->members[i].state == MEMBER_ACTIVE) {
			officer_about(w, ACT_QUOTA, &g->members[i].hub);
			human_came(w);
		}
	}
}

/* Of two copies of one hub that are both fenced, or of one that is alone, the officer
 * lets one in; a fenced one beside a live one is switched off. */
static void settle_copies(struct world *w)
{
	for (int i = 1; i <= w->node_count; i++) {
		struct sim_node *s = w->nodes[i];
		bool other = false;

		if (!s || !s->n || (!s->n->fenced && !s->n->key_replaced))
			continue;
		for (int k = 1; k <= w->node_count; k++) {
			struct sim_node *o = w->nodes[k];

			other = other || (o && o != s && o->who == s->who && o->n && !o->n->fenced && !o->n->key_replaced);
		}
		if (other) {
			judge_retired(s);
			machine_stop(s);
			s->life = LIFE_GONE;
			trace_act(w->now, s->no, "retired", 0, 0);
		} else {
			officer_about(w, ACT_ADMIT, &s->n->hub);
		}
		human_came(w);
	}
}

static bool want_resolve(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct world *w = ctx;

	(void)seq;
	(void)proof;
	officer_resolve(w, log);
	human_came(w);
	return true;
}

/* Home once signed for final what it does not hold; `essaim alerts` names the log. */
static bool is_astray(const struct head *h, const struct open_log *log)
{
	return h->blocked == ES_OK && rights_beside_checkpoint(log, h->seq, &h->id);
}

/* L17: a cut that names a commit which nobody has brought by now. */
static bool is_cut_above(const struct head *h, const struct open_log *log)
{
	return log->cut && h->seq < log->cut_seq && log->cut_seq > log->checkpoint;
}

static void settle_cuts(struct world *w, const struct sim_node *home)
{
	for (size_t i = 1; i < home->n->frontier.count && w->now > w->plan->end + 240000; i++) {
		const struct head *h = &home->n->frontier.heads[i];
		const struct open_log *log = rights_log(&home->n->rights, &h->log);
		const struct member *m = rights_member(&home->n->rights, &h->hub);

		if (!log || !m || m->state != MEMBER_ACTIVE || !(is_cut_above(h, log) || is_astray(h, log)))
			continue;
		officer_resolve(w, &h->log);
		human_came(w);
	}
}

static void settle_forks(struct world *w, struct sim_node *home)
{
	if (home->n->clash == ES_CONTROL_FORK) {
		officer_resolve(w, &home->n->frontier.heads[0].log);
		human_came(w);
	}
	for (size_t i = 1; i < home->n->frontier.count; i++)
		if (home->n->frontier.heads[i].blocked == ES_FORK) {
			(void)!node_proofs(home->n, want_resolve, w);
			break;
		}
}

static bool anybody_to_wait_for(const struct world *w)
{
	for (int i = 1; i <= w->node_count; i++) {
		const struct sim_node *s = w->nodes[i];

		if (s && s->n && s->role == ROLE_HUB && !s->n->fenced)
			return true;
	}
	return false;
}

/* A clock that was wrong and is right again, where no hub that may speak is left to say so. */
static bool clock_waits(const struct world *w, struct sim_node *home)
{
	for (int i = 2; i <= w->node_count; i++)
		if (check_counts(w->nodes[i]))
			return false;
	return !node_clock_good(home->n);
}

static void settle_awaited(struct world *w, struct sim_node *home)
{
	bool no_use = w->judge->hostile || home->flipped; /* what a damaged home refuses, it waits for in vain */
	bool reports = node_awaited(home->n) > 0 && (no_use || !anybody_to_wait_for(w));

	if ((!reports && !clock_waits(w, home)) || w->now < w->plan->end + 300000)
		return;
	officer_do(w, ACT_ALONE, 0);
	human_came(w);
}

/* What a hostile hub gave others and home does not take (its quota, a charter that it never
 * accepts), only a cut ends. */
static void settle_hostile(struct world *w, const struct sim_node *home)
{
	for (int i = 2; i <= w->node_count && w->now > w->plan->end + 300000; i++) {
		const struct sim_node *s = w->nodes[i];
		const struct member *m = s && s->hostile && s->role == ROLE_HUB ? rights_member(&home->n->rights, &s->hub) : NULL;

		if (m && m->state != MEMBER_REVOKED) {
			officer_about(w, ACT_REVOKE, &s->hub);
			human_came(w);
		}
	}
}

/* A bit that flipped in a directory shows in `essaim verify`, not always by itself; its
 * cure is to take the file away: the next start folds it anew. */
static void renew_directory(struct sim_node *s)
{
	char path[64];

	s->renewed = true;
	machine_stop(s);
	snprintf(path, sizeof path, "%s/directory.db", s->dir);
	sql_unlink(path);
	machine_start(s);
}

/* Where it cannot be folded anew it is the journal that lost a page. */
static void settle_flipped(struct world *w)
{
	for (int i = 1; i <= w->node_count && !w->stopped; i++) {
		struct sim_node *s = w->nodes[i];

		if (!s || !s->n || !s->flipped)
			continue;
		if (!s->renewed) {
			renew_directory(s);
		} else if (s->directory_err == ES_PAGE_DAMAGED) {
			machine_stop(s);
			start_anew(w, s);
			machine_start(s);
		} else {
			continue;
		}
		human_came(w);
	}
}

/* Home went back to before its own rotation, and nobody who calls brings the entry: the
 * paper key. */
static void settle_home_key(struct world *w, const struct sim_node *home)
{
	if (node_member(home->n) || home->n->frontier.heads[0].seq == 0 || w->now < w->plan->end + 240000)
		return;
	officer_do(w, ACT_RECOVER, 0);
	human_came(w);
}

static void humans_come(struct world *w)
{
	struct sim_node *home = check_home(w);

	start_all(w);
	settle_flipped(w);
	if (!home || !home->n)
		return;
	accept_charters(w, home);
	settle_members(w, home);
	settle_hostile(w, home);
	answer_offers(w);
	for (int i = 1; i <= w->node_count; i++) /* whoever was turned away is told to try again */
		if (w->nodes[i] && w->nodes[i]->n)
			machine_hurry(w->nodes[i]);
	settle_copies(w);
	settle_forks(w, home);
	settle_cuts(w, home);
	settle_awaited(w, home);
	settle_home_key(w, home);
}

/* A CRESS whom nobody was there to contradict has signed tomorrow's date, as its clock said:
 * the log waits till then, both ends see CLOCK_SKEW, nothing is skipped (part 2). */
static bool waits_for_tomorrow(struct world *w)
{
	const struct sim_node *home = check_home(w);

	for (size_t i = 0; !w->judge->contradicted && home && home->n && i < home->n->frontier.count; i++)
		if (home->n->frontier.heads[i].scope != SCOPE_LOCAL &&
		    stamp_ms(home->n->frontier.heads[i].hlc) > home->n->utc + STAMP_SKEW_MAX_MS)
			return true;
	return false;
}

void finish(struct world *w)
{
	struct plan *p = w->plan;
	es_ms looked = 0, since = p->end;
	struct buf why;
	unsigned level = 0;

	p->over = true;
	faults_end(w);
	start_all(w);
	human_came(w);
	buf_init(&why, 200000);
	while (!w->stopped && level < 3) {
		if (w->now - looked >= HUMANS_MS) {
			looked = w->now;
			humans_come(w);
		}
		world_run(w, w->now + LOOK_MS);
		p->level_checks++;
		buf_clear(&why);
		level = !w->stopped && check_level(w, &why) ? level + 1 : 0;
		if (level == 1)
			p->leveled = w->now;
		if (waits_for_tomorrow(w)) {
			since = w->now;
			human_came(w);
		}
		if (level == 0 && !w->stopped && (w->now - p->last_human > BOUND_MS || w->now - since > HOPELESS_MS))
			violation(w, "P4", "%lld s after the last fault and %lld s after the last human: %s",
				  (long long)((w->now - p->end) / 1000), (long long)((w->now - p->last_human) / 1000), buf_cstr(&why));
	}
	buf_done(&why);
	trace_act(w->now, -1, "level", (uint64_t)(p->leveled - p->end), 0);
}
