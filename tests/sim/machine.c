/* SPDX-License-Identifier: Apache-2.0
 *
 * A machine's life, its writer and its projector: what essaimd.c and worker.c do. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/swarm/worker.h"
#include "tests/sim/carrier.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/trace.h"
#include "tests/sim/vfs.h"
#include "tests/sim/watch.h"

static void on_write(struct world *w, const struct event *e);
static void on_project(struct world *w, const struct event *e);

/* --- what it is --- */

struct sim_node *machine_new(struct world *w, int no, int who, enum role role, const struct node_keys *keys)
{
	struct sim_node *s = calloc(1, sizeof *s);

	assert(s && no > 0 && no <= NODES_MAX && !w->nodes[no]);
	s->w = w;
	s->no = no;
	s->who = who;
	s->role = role;
	s->keys = *keys;
	s->tail = &s->queue;
	s->life = LIFE_DOWN;
	s->home_lost = 0;
	s->buffers = SESSION_BUFFERS;
	snprintf(s->dir, sizeof s->dir, "/sim/%d", no);
	s->disk = disk_new(no, w->seed * 4099 + (uint64_t)no);
	clock_right(&s->clock, w->now);
	w->nodes[no] = s;
	if (no > w->node_count)
		w->node_count = no;
	return s;
}

void machine_address(int no, char out[64])
{
	snprintf(out, 64, "n%d.sim:4446", no);
}

int address_machine(const struct world *w, const char *address)
{
	int no = address[0] == 'n' ? atoi(address + 1) : 0;

	return no > 0 && no <= w->node_count ? no : 0;
}

es_ms machine_utc(const struct sim_node *s)
{
	return clock_utc(&s->clock, s->w->now);
}

bool sim_up(const struct sim_node *s)
{
	return s && s->n && s->life == LIFE_UP;
}

bool sim_refuses(const struct sim_node *s)
{
	return s && !sim_up(s) && s->life != LIFE_GONE;
}

void sim_env(struct sim_node *s, struct session_env *env)
{
	struct node *n = s->n;

	*env = (struct session_env){
		.rights = &n->rights, .frontier = &n->frontier, .self = n->hub, .role = n->role, .instance = n->instance,
		.lineage = n->lineage, .dh = &n->keys.dh_secret, .dh_former = n->keys.has_former ? &n->keys.former_dh : NULL,
		.rng = &s->rng, .buffers = &s->buffers,
		.software = "essaim-sim", .now = s->w->now, .utc = machine_utc(s),
	};
}

/* --- the process --- */

static void close_process(struct sim_node *s)
{
	directory_close(s->d);
	s->d = NULL;
	node_close(s->n);
	s->n = NULL;
	s->erase = s->erased = (struct erase_target){0}; /* a process counts its erasures anew */
}

static void drop_queue(struct sim_node *s)
{
	while (s->queue) {
		struct work *k = s->queue;

		s->queue = k->next;
		if (k->peer)
			peer_unref(k->peer);
		if (k->told)
			k->told(s, k, ES_UNREACHABLE);
		if (k->is_task)
			task_done(&k->task);
		free(k);
	}
	s->tail = &s->queue;
	s->queued = 0;
}

static void on_restart(struct world *w, const struct event *e)
{
	struct sim_node *s = e->ctx;

	(void)w;
	if (s->life == LIFE_DOWN && !s->n && e->a == s->runs)
		machine_start(s);
}

static void end_process(struct sim_node *s, bool vanish, es_ms down)
{
	s->disk->off = true;
	if (s->disk->epoch == s->epoch)
		disk_kill(s->disk);
	s->writer_no++;
	for (size_t i = 0; i < s->target_count; i++)
		s->targets[i].no = ++s->target_no;
	peers_drop(s, vanish);
	drop_queue(s);
	close_process(s);
	s->projecting = s->scrub_waits = false;
	s->exit_at = s->w->now;
	if (s->life == LIFE_UP)
		s->life = LIFE_DOWN;
	if (s->life == LIFE_DOWN && down >= 0)
		world_in(s->w, down, on_restart, s, s->runs, 0);
}

void machine_exit(struct sim_node *s, enum es_err why)
{
	bool human = why == ES_PAGE_DAMAGED || why == ES_DAMAGED || why == ES_CONFIG || why == ES_NO_NODE;

	trace_act(s->w->now, s->no, "exit", why, 0);
	if (trace_on)
		trace_say("%s", es_err_name(why));
	s->io_exits++;
	s->stopped = why;
	if (human)
		s->life = LIFE_STOPPED;
	judge_exit(s, why);
	end_process(s, false, 2000 + (es_ms)draw(&s->w->rng, 0, 3000));
}

/* The disk was taken away in the middle of a call. */
bool machine_crashed(struct sim_node *s)
{
	if (!s->n || s->disk->epoch == s->epoch)
		return false;
	trace_act(s->w->now, s->no, "crashed", s->disk->writes, s->disk->syncs);
	s->crashes++;
	end_process(s, !s->disk->crash_kills, 1000 + (es_ms)draw_log(&s->w->rng, 100, 600000));
	return true;
}

void machine_kill(struct sim_node *s, es_ms down)
{
	if (!s->n)
		return;
	trace_act(s->w->now, s->no, "kill", (uint64_t)down, 0);
	s->crashes++;
	disk_kill(s->disk);
	end_process(s, false, down);
}

void machine_power_loss(struct sim_node *s, enum disk_power how, es_ms down)
{
	trace_act(s->w->now, s->no, "power.loss", how, (uint64_t)down);
	s->crashes++;
	disk_power_loss(s->disk, how);
	if (s->n)
		end_process(s, true, down);
}

void machine_stop(struct sim_node *s)
{
	if (!s->n)
		return;
	trace_act(s->w->now, s->no, "stop", 0, 0);
	s->writer_no++;
	for (size_t i = 0; i < s->target_count; i++)
		s->targets[i].no = ++s->target_no;
	peers_drop(s, false);
	drop_queue(s);
	s->life = LIFE_DOWN;
	close_process(s);
	s->epoch = s->disk->epoch;
	s->projecting = s->scrub_waits = false;
}

static enum es_err open_directory(struct sim_node *s)
{
	char path[64];
	enum es_err err;

	snprintf(path, sizeof path, "%s/directory.db", s->dir);
	if (!disk_find(s->disk, "directory.db") && s->w->directory_template)
		disk_add(s->disk, s->w->directory_template); /* as directory_open would make it: many tables */
	err = directory_open(path, s->w->ref, &s->d);
	if (err == ES_OK && !s->n->reader)
		err = reader_open(path, s->w->ref, &s->n->reader);
	if (err == ES_OK)
		reader_prefer(s->n->reader, &s->n->hub);
	s->directory_err = err;
	return err;
}

bool machine_start(struct sim_node *s)
{
	struct world *w = s->w;
	struct rng rng;
	enum es_err err;

	assert(!s->n);
	s->runs++;
	s->disk->off = false;
	s->epoch = s->disk->epoch;
	s->life = LIFE_UP;
	s->buffers = SESSION_BUFFERS;
	s->home_lost = w->now;
	rng_seed_number(&rng, (w->seed * 1000003 + (uint64_t)s->no) * 1009 + s->runs);
	rng_seed_number(&s->rng, ((w->seed * 1000003 + (uint64_t)s->no) * 1009 + s->runs) ^ 0x5e55ull << 48);
	vfs_utc = machine_utc(s);
	err = node_open_keys(s->dir, &s->keys, w->ref, &rng, &s->n);
	trace_act(w->now, s->no, "start", s->runs, err);
	if (err == ES_OK) {
		s->n->utc = machine_utc(s);
		s->n->mono = s->w->now;
		err = node_keys_next(s->n, s->has_next ? &s->next_keys : NULL); /* the key file holds both */
		err = open_directory(s);
	}
	if (s->n && machine_crashed(s))
		return false;
	if (!s->n && s->disk->epoch != s->epoch) { /* crashed while it was opening */
		s->life = LIFE_DOWN;
		world_in(w, 3000, on_restart, s, s->runs, 0);
		return false;
	}
	if (err != ES_OK) {
		if (err == ES_DISK_FULL || err == ES_IO || err == ES_LOCKED)
			judge_restart(s, err);
		machine_exit(s, err);
		return false;
	}
	s->stopped = ES_OK;
	s->names_due = true;
	judge_started(s);
	for (size_t i = 0; i < s->target_count; i++) {
		s->targets[i].attempts = 0;
		s->targets[i].peer = NULL;
		target_soon(&s->targets[i], (es_ms)draw(&s->rng, 0, 500));
	}
	sim_project_soon(s);
	sim_hurry_writer(s, 1);
	return true;
}

void machine_free(struct sim_node *s)
{
	if (s->n) {
		peers_drop(s, true);
		drop_queue(s);
		disk_kill(s->disk);
		close_process(s);
	}
	s->w->nodes[s->no] = NULL;
	watch_free(s);
	hostile_free(s->hostile);
	free(s);
}

void machine_dial(struct sim_node *s, int to, const struct id16 *hub, bool home, bool only_alone)
{
	struct target *t;

	for (size_t i = 0; i < s->target_count; i++)
		if (s->targets[i].to == to)
			return;
	assert(s->target_count < TARGETS_MAX);
	t = &s->targets[s->target_count++];
	*t = (struct target){.owner = s, .home = home, .only_alone = only_alone, .to = to, .hub = *hub};
	if (s->n)
		target_soon(t, (es_ms)draw(&s->rng, 0, 1000));
}

void machine_hurry(struct sim_node *s)
{
	for (size_t i = 0; i < s->target_count && s->n; i++)
		if (!s->targets[i].peer) {
			s->targets[i].attempts = 0;
			target_soon(&s->targets[i], (es_ms)draw(&s->rng, 0, DIAL_HURRY_MS));
		}
}

/* --- the writer --- */

void sim_hurry_writer(struct sim_node *s, es_ms in)
{
	if (!s->n || (s->writer_at > s->w->now && s->writer_at <= s->w->now + in))
		return;
	s->writer_at = s->w->now + in;
	world_at(s->w, s->writer_at, on_write, s, ++s->writer_no, 0);
}

void sim_post(struct sim_node *s, struct work *k)
{
	k->next = NULL;
	*s->tail = k;
	s->tail = &k->next;
	s->queued++;
	sim_hurry_writer(s, (es_ms)draw(&s->rng, 0, 12));
}

struct work *sim_act(struct sim_node *s, bool edits, enum es_err (*run)(struct sim_node *s, struct work *k),
		     void (*told)(struct sim_node *s, struct work *k, enum es_err err), void *ctx)
{
	struct work *k = calloc(1, sizeof *k);

	assert(k);
	k->edits = edits;
	k->run = run;
	k->told = told;
	k->ctx = ctx;
	sim_post(s, k);
	return k;
}

static enum es_err run_one(struct sim_node *s, struct work *k)
{
	struct node *n = s->n;
	enum es_err err;
	bool keep;

	if (k->reads)
		return k->is_task ? task_run(n, &k->task) : k->run(s, k);
	err = journal_savepoint(n->journal);
	if (err != ES_OK && k->is_task && k->task.in_memory)
		(void)task_run(n, &k->task);
	if (err != ES_OK)
		return err;
	k->err = k->is_task ? task_run(n, &k->task) : k->run(s, k);
	keep = task_keeps(k->err);
	err = journal_release(n->journal, keep);
	if (!keep && node_reload(n) != ES_OK)
		err = ES_IO;
	return err != ES_OK && (keep || k->err == ES_OK) ? err : k->err;
}

/* What waits, as far as it may run now; edits one at a time, once the directory shows the last. */
static struct work *take_group(struct sim_node *s)
{
	struct work *group = NULL, **tail = &group, *rest = s->queue;
	bool ready = s->directory_err != ES_OK || node_edit_ready(s->n), edit = false;

	s->queue = NULL;
	s->tail = &s->queue;
	s->queued = 0;
	while (rest) {
		struct work *k = rest;

		rest = k->next;
		k->next = NULL;
		if (k->edits && (!ready || edit)) {
			*s->tail = k;
			s->tail = &k->next;
			s->queued++;
		} else {
			*tail = k;
			tail = &k->next;
		}
		edit = edit || k->edits;
	}
	return group;
}

struct group {
	struct sim_node *s;
	unsigned run;
	struct work *works;
};

static void free_work(struct work *k)
{
	if (k->peer)
		peer_unref(k->peer);
	if (k->is_task)
		task_done(&k->task);
	free(k);
}

/* The transaction is durable: everybody is told, a moment later. */
static void on_done(struct world *w, const struct event *e)
{
	struct group *g = e->ctx;
	struct sim_node *s = g->s;

	(void)w;
	while (g->works) {
		struct work *k = g->works;
		bool alive = s->n && s->runs == g->run;

		g->works = k->next;
		if (k->told)
			k->told(s, k, alive ? k->err : ES_UNREACHABLE);
		else if (alive && k->peer)
			peer_task_done(k->peer, k);
		free_work(k);
	}
	free(g);
	machine_crashed(s);
}

static void finish_group(struct sim_node *s, struct work *works, enum es_err commit)
{
	struct group *g = calloc(1, sizeof *g);

	assert(g);
	for (struct work *k = works; k; k = k->next) {
		if (commit != ES_OK && !k->reads)
			k->err = commit;
		if (k->is_task)
			k->task.err = k->err;
		if (commit == ES_OK)
			judge_committed(s, k);
	}
	*g = (struct group){.s = s, .run = s->runs, .works = works};
	world_in(s->w, (es_ms)draw(&s->rng, 0, 8), on_done, g, 0, 0);
}

static void free_group(struct sim_node *s, struct work *works)
{
	while (works) {
		struct work *k = works;

		works = k->next;
		if (k->told)
			k->told(s, k, ES_UNREACHABLE);
		free_work(k);
	}
}

static void close_one(void *ctx, uint64_t session, enum es_err why)
{
	struct peer *p = peer_find(ctx, session);
	struct session_event ev = {.type = SESSION_EV_CLOSE, .err = why};

	if (p)
		peer_step(p, &ev);
}

/* Copied first: a step may reach into the node again. */
struct proofs {
	struct {
		struct id16 log;
		struct buf body;
	} list[32];
	size_t count;
};

static bool note_proof(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct proofs *all = ctx;

	(void)seq;
	if (all->count == 32)
		return false;
	all->list[all->count].log = *log;
	buf_init(&all->list[all->count].body, WIRE_SMALL_MAX);
	buf_add(&all->list[all->count++].body, proof.p, proof.len);
	return true;
}

static void tell_proof(struct sim_node *s, struct peer *p, const struct id16 *log, const struct buf *body)
{
	const struct head *h = frontier_find(&s->n->frontier, log);
	struct slice bytes = buf_slice(body);
	struct session_event ev = {.type = SESSION_EV_FORK, .bytes = &bytes, .log = h ? (uint32_t)(h - s->n->frontier.heads) : 0};

	if (h && p->greeted)
		peer_step(p, &ev);
}

void sim_tell_proofs(struct sim_node *s, struct peer *to)
{
	struct proofs all = {0};

	(void)!node_proofs(s->n, note_proof, &all);
	for (size_t i = 0; i < all.count; i++) {
		uint64_t last = UINT64_MAX;

		for (struct peer *p = to; p && s->n && !p->closing; p = NULL)
			tell_proof(s, p, &all.list[i].log, &all.list[i].body);
		while (!to && s->n) {
			struct peer *p = s->peers;

			while (p && p->no >= last)
				p = p->next;
			if (!p)
				break;
			last = p->no;
			tell_proof(s, p, &all.list[i].log, &all.list[i].body);
		}
		buf_done(&all.list[i].body);
	}
}

/* New keys: whoever was greeted under the old ones starts again. */
static void take_keys(struct sim_node *s)
{
	s->old_sign = s->keys.sign_secret;
	s->keys = s->n->keys;
	s->next_keys = s->n->next;
	s->has_next = s->n->has_next;
	s->n->keys_changed = false;
	trace_act(s->w->now, s->no, "keys", s->n->has_next, 0);
	while (s->peers)
		peer_close(s->peers, ES_AGAIN);
}

static struct position journal_position(const struct sim_node *s)
{
	struct journal *j = s->n->journal;

	return (struct position){journal_last_pos(j), journal_last_edit(j), journal_last_refold(j)};
}

static bool position_reached(struct position have, struct position want)
{
	return have.commit >= want.commit && have.edit >= want.edit && have.refold >= want.refold;
}

/* What the control log says is much, and the same on every node. */
static void share_rights(struct sim_node *s)
{
	struct world *w = s->w;

	for (int i = 1; i <= w->node_count; i++) {
		struct sim_node *other = w->nodes[i];

		if (!other || other == s || !other->n || !hash_eq(&other->n->rights.id, &s->n->rights.id))
			continue;
		(void)rights_share(&s->n->rights, &other->n->rights);
		break;
	}
}

static void tell_sessions(struct sim_node *s)
{
	struct node *n = s->n;
	bool grew = n->grew || n->control_grew, forks = n->forks_grew;

	s->erase = node_erase_target(n);
	s->names_due = s->names_due || n->control_grew;
	if (s->w->crowded && n->control_grew)
		share_rights(s);
	if (n->keys_changed)
		take_keys(s);
	if (s->joining && node_member(n))
		s->joining = false;
	node_closing(n, close_one, s);
	if (forks && s->n)
		sim_tell_proofs(s, NULL);
	if (!s->n)
		return;
	n->grew = n->control_grew = n->forks_grew = n->switched = false;
	if (grew)
		peers_grew(s);
}

static enum es_err run_group(struct sim_node *s, struct work *works, bool *more)
{
	struct node *n = s->n;
	enum es_err err = journal_begin(n->journal);

	for (struct work *k = works; k; k = k->next) {
		k->err = err != ES_OK && !k->reads && !(k->is_task && k->task.in_memory) ? err : run_one(s, k);
		if (s->disk->epoch != s->epoch)
			return ES_IO;
	}
	if (err == ES_OK) {
		enum es_err tick = node_tick(n, 16, more);

		if (tick != ES_OK && tick != ES_AWAITING)
			trace_act(s->w->now, s->no, "tick.failed", tick, 0), trace_say("%s", es_err_name(tick));
		*more = *more && tick == ES_OK;
	}
	if (err == ES_OK)
		err = journal_commit(n->journal);
	if (err == ES_OK && node_scrub(n) != ES_OK)
		trace_act(s->w->now, s->no, "scrub.failed", 0, 0);
	return err;
}

static void on_write(struct world *w, const struct event *e)
{
	struct sim_node *s = e->ctx;
	struct work *works;
	bool more = false;
	enum es_err err;

	if (!s->n || e->a != s->writer_no)
		return;
	s->writer_at = 0;
	works = take_group(s);
	s->n->utc = vfs_utc = machine_utc(s);
	s->n->mono = s->w->now;
	trace_act(w->now, s->no, "write", s->queued, (uint64_t)journal_last_pos(s->n->journal));
	err = run_group(s, works, &more);
	if (s->disk->epoch != s->epoch) {
		free_group(s, works);
		machine_crashed(s);
		return;
	}
	if (err != ES_OK)
		trace_act(w->now, s->no, "write.failed", err, 0);
	if (err != ES_OK && (err == ES_IO || err == ES_PAGE_DAMAGED || node_reload(s->n) != ES_OK)) {
		free_group(s, works);
		if (!machine_crashed(s))
			machine_exit(s, err == ES_PAGE_DAMAGED ? err : ES_IO);
		return;
	}
	judge_written(s, err);
	finish_group(s, works, err);
	sim_project_soon(s);
	tell_sessions(s);
	if (!s->n)
		return;
	if (more || (s->queued > 0 && node_edit_ready(s->n)))
		sim_hurry_writer(s, 1);
	else
		sim_hurry_writer(s, TICK_MS);
}

/* --- the projector --- */

void sim_project_soon(struct sim_node *s)
{
	if (!s->n || s->projecting)
		return;
	s->projecting = true;
	world_in(s->w, (es_ms)draw(&s->rng, 1, 40), on_project, s, s->runs, 0);
}

static enum es_err run_erased(struct sim_node *s, struct work *k)
{
	(void)k;
	return node_erased(s->n, &s->erased);
}

static void told_erased(struct sim_node *s, struct work *k, enum es_err err)
{
	(void)k;
	trace_act(s->w->now, s->no, "erased", err, 0);
	s->erased.due = false;
	if (s->n && s->n->erased < s->erased.count)
		s->erased.count = s->n->erased; /* the journal was not ready: again */
	else if (s->n)
		sim_project_soon(s);
}

static void on_scrub(struct world *w, const struct event *e);

/* Forgotten in the journal and folded: now out of the directory's files. */
static void scrub(struct sim_node *s)
{
	struct erase_target t = s->erase;

	if (s->scrub_waits || !t.due || s->erased.due || s->erased.count >= t.count || !position_reached(directory_position(s->d), t.at))
		return;
	enum es_err err = directory_scrub(s->d);
	if (err == ES_OK) {
		s->erased = t;
		sim_act(s, false, run_erased, told_erased, NULL)->kind = WORK_ERASED;
	} else {
		if (trace_on)
			trace_say("n%d: the directory is not written anew: %s", s->no, es_err_name(err));
		s->scrub_waits = true; /* a reader was at work, or the disk is full */
		world_in(s->w, err == ES_LOCKED ? IDLE_AFTER_MS : ERASE_RETRY_MS, on_scrub, s, s->runs, 0);
	}
}

static void on_scrub(struct world *w, const struct event *e)
{
	struct sim_node *s = e->ctx;

	(void)w;
	if (!s->n || !s->d || e->a != s->runs)
		return;
	s->scrub_waits = false;
	vfs_utc = machine_utc(s);
	scrub(s);
	machine_crashed(s);
}

static void on_project(struct world *w, const struct event *e)
{
	struct sim_node *s = e->ctx;
	enum es_err err = ES_OK;

	if (!s->n || e->a != s->runs)
		return;
	s->projecting = false;
	vfs_utc = machine_utc(s);
	if (!s->d)
		err = open_directory(s);
	struct position before = s->d ? directory_position(s->d) : (struct position){0};
	if (err == ES_OK && (s->names_due || !position_reached(before, journal_position(s))))
		err = worker_project(s->n, s->d);
	s->names_due = err != ES_OK;
	struct position after = s->d ? directory_position(s->d) : (struct position){0};
	bool moved = memcmp(&before, &after, sizeof before) != 0;
	if (moved || err != ES_OK)
		trace_act(w->now, s->no, "project", (uint64_t)after.commit, err);
	s->directory_err = err;
	if (machine_crashed(s))
		return;
	if (err == ES_PAGE_DAMAGED) { /* it is made anew from the journal */
		reader_close(s->n->reader);
		s->n->reader = NULL;
		directory_close(s->d);
		s->d = NULL;
	}
	if (err != ES_OK) {
		s->projecting = true;
		world_in(w, PROJECT_RETRY_MS, on_project, s, s->runs, 0);
		return;
	}
	scrub(s);
	if (machine_crashed(s))
		return;
	if (moved && (s->queued > 0 || s->n->derive))
		sim_hurry_writer(s, 1);
	if (moved && draw(&s->rng, 0, 15) == 0) {
		directory_idle(s->d);
		machine_crashed(s);
	}
}
