/* SPDX-License-Identifier: Apache-2.0
 *
 * The happy path of an edit: post -> writer runs and commits -> projector pulls
 * the batch through a feed request, folds -> the edit's job comes back.
 *
 * It fails: the commit does (disk full: every job of the group gets the error,
 * memory is read back from the disk); the fold does (the projector tries again
 * every PROJECT_RETRY_MS; edits are then answered without waiting for it). */
#include "daemon/swarm/worker.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "daemon/swarm/worker_batch.h"

#define EDIT_WAIT_MS 30000 /* an edit is answered at the latest then */
#define SEAL_COMMITS 16 /* per transaction, so that peers' commits get their turn */
#define HEALTH_MS 500 /* between two looks at the journal for `status` */

/* --- the two threads --- */

struct closing {
	uint64_t session;
	enum es_err why;
};
struct proof {
	struct id16 log;
	struct buf body;
};

struct worker {
	uv_loop_t *loop;
	uv_async_t async;
	struct node *node;
	struct worker_hooks hooks;
	pthread_t writer, projector;
	pthread_mutex_t lock;
	pthread_cond_t writer_wake, projector_wake;
	/* under the lock */
	struct job *queue, **queue_tail; /* to the writer */
	struct job *finished, **finished_tail; /* to the loop */
	struct job *seen; /* edits waiting to be seen in the directory */
	struct directory_job *djobs, **djobs_tail, *dfinished;
	struct buf *control; /* packed control commits for the loop */
	size_t control_count;
	bool control_anew; /* `control` begins at entry 1 again */
	struct closing *closing;
	size_t closing_count;
	struct proof *proofs;
	size_t proof_count;
	struct node_keys keys;
	bool keys_anew;
	struct erase_target erase; /* what is to be out of every file */
	bool erased_told;
	struct erase_target erased; /* what the projector has done of it; due: to be told */
	es_ms erase_after; /* mono: not before */
	struct snapshot shared;
	bool stopping, writer_gone, feed_wanted, feed_ready, dirty, projected;
	bool backlog; /* sealing what waited: its fold only repeats what is shown, and rests */
	bool derive_waits, caught_up; /* for what the directory did not say yet; it has moved since */
	struct named_hub *names;
	size_t name_count;
	struct batch batches[2];
	unsigned filling; /* the batch the writer fills */
	struct position feed_from;
	/* loop's thread */
	struct snapshot snap;
	/* writer's thread */
	uint64_t control_sent;
	struct health health;
	es_ms health_at;
	/* projector's thread */
	struct directory *directory;
};

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static es_ms mono_now(void)
{
	return (es_ms)(uv_hrtime() / 1000000);
}

static bool position_reached(struct position have, struct position want)
{
	return have.commit >= want.commit && have.edit >= want.edit && have.refold >= want.refold;
}

/* --- writer --- */

static void push(struct job ***tail, struct job *j)
{
	j->next = NULL;
	**tail = j;
	*tail = &j->next;
}

static void copy_frontier(struct frontier *to, const struct frontier *from)
{
	if (!frontier_copy(to, from))
		log_event(LOG_ERR_, "memory", "logs=%zu", from->count);
}

/* Control commits the loop has not applied to its own copy of the rights. */
static void share_control(struct worker *w)
{
	struct node *n = w->node;
	uint64_t head = n->frontier.count ? n->frontier.heads[0].seq : 0;

	for (; w->control_sent < head; w->control_sent++) {
		struct buf b, *more = realloc(w->control, (w->control_count + 1) * sizeof b);
		uint32_t index;
		int64_t stored;

		if (!more)
			return;
		w->control = more;
		buf_init(&b, COMMIT_PACKED_MAX);
		if (journal_one(n->journal, journal_pos(n->journal, 0, w->control_sent + 1), &index, &b, &stored) != ES_OK) {
			buf_done(&b);
			return;
		}
		w->control[w->control_count++] = b;
	}
}

static void share_names(struct worker *w)
{
	struct named_hub *names = batch_hub_names(w->node);

	if (!names)
		return;
	free(w->names);
	w->names = names;
	w->name_count = w->node->rights.member_count + 1;
}

/* New keys: the file first, then everybody who has a copy. */
static void share_keys(struct worker *w)
{
	struct node *n = w->node;

	if (!n->keys_changed)
		return;
	if (node_keys_take_next(n->dir, n->keys.epoch, &n->keys.former_dh, &n->keys) != ES_OK)
		log_event(LOG_ERR_, "key.unwritable", "dir=%s", n->dir);
	n->keys_changed = false;
	w->keys = n->keys;
	w->keys_anew = true;
}

static void note_closing(void *ctx, uint64_t session, enum es_err why)
{
	struct worker *w = ctx;
	struct closing *more = realloc(w->closing, (w->closing_count + 1) * sizeof *more);

	if (!more)
		return;
	w->closing = more;
	w->closing[w->closing_count++] = (struct closing){.session = session, .why = why};
}

static bool note_proof(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct worker *w = ctx;
	struct proof *more = realloc(w->proofs, (w->proof_count + 1) * sizeof *more);

	(void)seq;
	if (!more)
		return false;
	w->proofs = more;
	struct proof *p = &more[w->proof_count++];
	p->log = *log;
	buf_init(&p->body, proof.len + 1);
	buf_add(&p->body, proof.p, proof.len);
	return true;
}

static void share_proofs(struct worker *w)
{
	if (node_proofs(w->node, note_proof, w) != ES_OK)
		log_event(LOG_ERR_, "proofs.unreadable", "dir=%s", w->node->dir);
}

struct awaited {
	struct snapshot *s;
	struct buf json;
};

static void add_awaited(void *ctx, const char *name)
{
	struct awaited *a = ctx;
	size_t len = a->json.len;

	(void)health_add_name(a->s->awaited_names, name);
	if (len > 1)
		buf_str(&a->json, ",");
	json_quote(slice_str(name), &a->json);
	if (a->json.err != ES_OK) /* no half of a name */
		a->json.len = len;
}

static void share_awaited(const struct node *n, struct snapshot *s)
{
	struct awaited a = {.s = s};

	buf_init_fixed(&a.json, s->awaited_json, sizeof s->awaited_json - 2);
	buf_str(&a.json, "[");
	s->awaited_names[0] = 0;
	s->awaited = n->role == ROLE_CRESS ? node_awaited(n) : 0;
	if (s->awaited > 0)
		node_awaited_each(n, add_awaited, &a);
	memcpy(s->awaited_json + a.json.len, "]", 2);
}

/* Under the lock, outside a transaction: what the loop may know. */
static void share(struct worker *w)
{
	struct node *n = w->node;
	struct snapshot *s = &w->shared;

	copy_frontier(&s->frontier, &n->frontier);
	s->outbox = journal_outbox_count(n->journal);
	s->member = node_member(n);
	s->denied = n->denied;
	s->confirmed = n->confirmed;
	s->fenced = n->fenced;
	s->key_replaced = n->key_replaced;
	s->clash = n->clash;
	s->withheld = n->withheld;
	s->withheld_seq = n->withheld_seq;
	s->astray = n->astray;
	s->astray_seq = n->astray_seq;
	s->instance = n->instance;
	s->home = n->home;
	s->lineage = n->lineage;
	s->journal = (struct position){journal_last_pos(n->journal), journal_last_edit(n->journal), journal_last_refold(n->journal)};
	s->damaged_index = n->damaged_index;
	s->damaged_seq = n->damaged_seq;
	share_awaited(n, s);
	if (n->switched) { /* another control branch: from its first entry */
		w->control_sent = 0;
		for (size_t i = 0; i < w->control_count; i++)
			buf_done(&w->control[i]);
		w->control_count = 0;
		w->control_anew = true;
	}
	if (n->control_grew || n->switched) {
		share_control(w);
		share_names(w);
	}
	share_keys(w);
	node_closing(n, note_closing, w);
	if (n->forks_grew)
		share_proofs(w);
	w->erase = node_erase_target(n);
	n->grew = n->control_grew = n->switched = n->forks_grew = false;
	w->dirty = true;
	pthread_cond_signal(&w->projector_wake);
}

static enum es_err run_job(struct node *n, struct job *j)
{
	enum es_err err;

	if (j->reads || j->apart)
		return j->run(n, j);
	err = journal_savepoint(n->journal);
	if (err != ES_OK) {
		if (j->in_memory)
			(void)!j->run(n, j);
		return err;
	}
	j->err = j->run(n, j);
	/* A batch from a peer keeps the commits before the one that was refused. */
	bool keep = j->keeps ? j->keeps(j->err) : j->err == ES_OK;
	err = journal_release(n->journal, keep);
	if (!keep && node_reload(n) != ES_OK)
		err = ES_IO;
	return err != ES_OK && (keep || j->err == ES_OK) ? err : j->err;
}

static void finish_group(struct worker *w, struct job *group, enum es_err commit)
{
	struct node *n = w->node;
	struct position last = {journal_last_pos(n->journal), journal_last_edit(n->journal), journal_last_refold(n->journal)};

	while (group) {
		struct job *j = group;

		group = j->next;
		if (commit != ES_OK && !j->reads && !j->apart)
			j->err = commit;
		j->seen = last;
		if (j->edits && j->err == ES_OK && w->shared.directory_err == ES_OK &&
		    !position_reached(w->shared.projected, last)) {
			j->next = w->seen;
			w->seen = j;
		} else {
			push(&w->finished_tail, j);
		}
	}
}

/* Seals what the outbox holds as far as allowed; true: there is more. */
static bool seal_step(struct worker *w)
{
	struct node *n = w->node;
	bool more = false;
	enum es_err err = node_tick(n, SEAL_COMMITS, &more);

	if (err != ES_OK && err != ES_AWAITING)
		log_event(LOG_ERR_, "seal.failed", "why=%s", es_err_name(err));
	if (err == ES_DISK_FULL || err == ES_IO)
		w->shared.journal_err = err;
	return err == ES_OK && more;
}

static void look(struct worker *w, bool now)
{
	es_ms utc = w->node->utc;

	if (!now && utc - w->health_at < HEALTH_MS && utc >= w->health_at)
		return;
	w->health_at = utc;
	health_read(w->node, &w->health);
}

/* One transaction for all that waited. */
static bool run_group(struct worker *w, struct job *group, bool seal)
{
	struct node *n = w->node;
	bool writes = seal, more = false;
	uint64_t fsync_us = 0;
	enum es_err err = ES_OK;

	n->utc = utc_now();
	n->mono = mono_now();
	for (struct job *j = group; j; j = j->next)
		writes = writes || !(j->reads || j->apart);
	if (writes)
		err = journal_begin(n->journal);
	for (struct job *j = group; j; j = j->next)
		j->err = err != ES_OK && !j->reads && !j->in_memory ? err : run_job(n, j);
	if (writes && err == ES_OK)
		more = seal_step(w);
	if (writes && err == ES_OK) {
		uint64_t began = uv_hrtime();

		err = journal_commit(n->journal);
		fsync_us = (uv_hrtime() - began) / 1000;
	}
	if (writes && err == ES_OK && node_scrub(n) != ES_OK)
		log_event(LOG_ERR_, "journal.scrub", "dir=%s", n->dir);
	if (err != ES_OK) {
		log_event(LOG_ERR_, "journal.failed", "why=%s", es_err_name(err));
		/* After a failed write or fsync nobody knows what the disk holds: stop
		 * before anything is acknowledged; the next start reads what is there. */
		if (err == ES_IO)
			_exit(es_err_exit(ES_IO));
		if (node_reload(n) != ES_OK)
			log_event(LOG_ERR_, "journal.unreadable", "dir=%s", n->dir);
	}
	look(w, n->control_grew || n->knocked || (group && group->apart));
	n->knocked = false;
	pthread_mutex_lock(&w->lock);
	w->shared.journal_err = err;
	w->shared.health = w->health;
	if (fsync_us > 0)
		timing_add(&w->shared.fsyncs, fsync_us);
	w->backlog = more;
	w->derive_waits = n->derive && !more;
	if (writes || n->grew || n->control_grew)
		share(w);
	w->shared.damaged_index = n->damaged_index;
	w->shared.damaged_seq = n->damaged_seq;
	finish_group(w, group, err);
	pthread_mutex_unlock(&w->lock);
	uv_async_send(&w->async);
	return more;
}

/* Takes the waiting jobs; edits stay behind while the directory is. */
static struct job *take_group(struct worker *w)
{
	struct job *group = NULL, **tail = &group, *rest = w->queue;
	bool ready = w->shared.directory_err != ES_OK || node_edit_ready(w->node), edit = false, apart = false;

	w->queue = NULL;
	w->queue_tail = &w->queue;
	while (rest) {
		struct job *j = rest;

		rest = j->next;
		/* One edit at a time: the next must see it in the directory. */
		if ((j->edits && (!ready || edit) && !w->stopping) || apart || (j->apart && group))
			push(&w->queue_tail, j);
		else
			push(&tail, j);
		apart = apart || j->apart; /* alone, or the first of the next group */
		edit = edit || j->edits;
	}
	return group;
}

static bool runnable(struct worker *w)
{
	if (!w->queue)
		return false;
	if (w->stopping || w->shared.directory_err != ES_OK || node_edit_ready(w->node))
		return true;
	for (struct job *j = w->queue; j; j = j->next)
		if (!j->edits)
			return true;
	return false;
}

static void fill_feed(struct worker *w)
{
	struct batch *b = &w->batches[w->filling];
	struct position from = w->feed_from;

	w->feed_wanted = false;
	pthread_mutex_unlock(&w->lock);
	batch_read(b, w->node, from);
	pthread_mutex_lock(&w->lock);
	if (b->feed.damaged > 0)
		w->node->damaged_index = w->shared.damaged_index = b->feed.damaged_log;
	w->feed_ready = true;
	pthread_cond_signal(&w->projector_wake);
}

static void *writer_main(void *ctx)
{
	struct worker *w = ctx;
	bool seal = true;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->feed_wanted && !runnable(w) && !seal && !w->caught_up && !w->stopping)
			pthread_cond_wait(&w->writer_wake, &w->lock);
		seal = seal || w->caught_up;
		w->caught_up = false;
		if (w->feed_wanted)
			fill_feed(w);
		if (w->stopping && !w->queue && !w->feed_wanted)
			break;
		struct job *group = runnable(w) ? take_group(w) : NULL;
		bool apart = group && group->apart;
		if (!group && !seal)
			continue;
		pthread_mutex_unlock(&w->lock);
		seal = run_group(w, group, seal && !apart) || (seal && apart);
		pthread_mutex_lock(&w->lock);
	}
	w->writer_gone = true;
	pthread_cond_signal(&w->projector_wake);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- projector --- */

static void ask_feed(struct worker *w, unsigned batch, struct position from)
{
	w->filling = batch;
	w->feed_from = from;
	w->feed_wanted = true;
	w->feed_ready = false;
	pthread_cond_signal(&w->writer_wake);
}

static void release_seen(struct worker *w)
{
	struct job **at = &w->seen;

	while (*at) {
		struct job *j = *at;

		if (w->shared.directory_err != ES_OK || position_reached(w->shared.projected, j->seen)) {
			*at = j->next;
			push(&w->finished_tail, j);
		} else {
			at = &j->next;
		}
	}
}

/* Under the lock before and after. */
static void applied(struct worker *w, enum es_err err, int64_t damaged)
{
	if (err != ES_OK && w->shared.directory_err == ES_OK)
		log_event(LOG_ERR_, "directory.failed", "why=%s", es_err_name(err));
	w->shared.directory_err = err;
	if (err == ES_OK && damaged > 0)
		w->shared.directory_err = ES_OK;
	w->shared.projected = directory_position(w->directory);
	w->projected = true;
	w->caught_up = w->derive_waits;
	release_seen(w);
	pthread_cond_signal(&w->writer_wake);
	uv_async_send(&w->async);
}

static void name_hubs(struct worker *w)
{
	while (w->names) {
		struct named_hub *names = w->names;
		size_t count = w->name_count;
		enum es_err err;

		w->names = NULL;
		pthread_mutex_unlock(&w->lock);
		err = directory_name_hubs(w->directory, names, count);
		if (err != ES_OK)
			log_event(LOG_WARN, "directory.names", "why=%s", es_err_name(err));
		free(names);
		pthread_mutex_lock(&w->lock);
	}
}

static bool wait_feed(struct worker *w)
{
	while (!w->feed_ready && !w->writer_gone)
		pthread_cond_wait(&w->projector_wake, &w->lock);
	return w->feed_ready;
}

/* What was forgotten has been folded away: out of every file with it. */
static void scrub(struct worker *w)
{
	struct erase_target t = w->erase;

	if (!t.due || w->erased.count >= t.count || mono_now() < w->erase_after || !position_reached(w->shared.projected, t.at))
		return;
	pthread_mutex_unlock(&w->lock);
	enum es_err err = directory_scrub(w->directory);
	pthread_mutex_lock(&w->lock);
	if (err == ES_OK) {
		w->erased = t;
		w->erased_told = false;
		uv_async_send(&w->async);
	} else if (err != ES_LOCKED) { /* nobody writes a file anew every second on a full disk */
		w->erase_after = mono_now() + ERASE_RETRY_MS;
		log_event(LOG_ERR_, "directory.scrub", "why=%s", es_err_name(err));
	}
}

/* The first of them, whoever waits behind it; true: the directory is to be folded again. */
static bool run_directory_job(struct worker *w)
{
	struct directory_job *j = w->djobs;

	w->djobs = j->next;
	if (!w->djobs)
		w->djobs_tail = &w->djobs;
	pthread_mutex_unlock(&w->lock);
	j->err = j->run(w->directory, j);
	pthread_mutex_lock(&w->lock);
	bool again = j->refolds && j->err == ES_OK;
	if (again) {
		w->shared.directory_err = ES_OK;
		w->shared.projected = directory_position(w->directory);
		w->dirty = true;
	}
	j->next = w->dfinished;
	w->dfinished = j;
	uv_async_send(&w->async);
	return again;
}

/* Between two batches of a long fold: who only asks does not wait for its end. */
static void answer_between(struct worker *w)
{
	while (w->djobs && !w->djobs->refolds)
		(void)run_directory_job(w);
}

static void run_directory_jobs(struct worker *w)
{
	while (w->djobs && !run_directory_job(w))
		continue; /* those behind one that refolds see the directory folded again */
}

/* Folds all there is: while one batch is folded the writer reads the next. */
static void project(struct worker *w)
{
	unsigned mine = 0;

	name_hubs(w);
	w->dirty = false;
	ask_feed(w, mine, directory_position(w->directory));
	while (wait_feed(w)) {
		struct batch *b = &w->batches[mine];
		bool more = b->feed.more && !b->feed.all && b->err == ES_OK && !w->stopping;
		w->dirty = w->dirty || b->feed.all;
		enum es_err err = b->err;

		if (more)
			ask_feed(w, mine ^ 1, b->feed.to);
		else
			w->feed_ready = false;
		pthread_mutex_unlock(&w->lock);
		uint64_t began = uv_hrtime();
		if (err == ES_OK)
			err = batch_apply(b, w->directory);
		pthread_mutex_lock(&w->lock);
		if (err == ES_OK && b->count > 0)
			timing_add(&w->shared.folds, (uv_hrtime() - began) / 1000);
		applied(w, err, b->feed.damaged);
		answer_between(w);
		if (err != ES_OK && more)
			(void)!wait_feed(w); /* the batch asked for is dropped */
		if (err != ES_OK || !more)
			break;
		mine ^= 1;
	}
	w->feed_ready = false;
}

static int wait_work(struct worker *w, long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return pthread_cond_timedwait(&w->projector_wake, &w->lock, &until);
}

static void *projector_main(void *ctx)
{
	struct worker *w = ctx;
	bool idle_done = false;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		bool rests = w->backlog && !w->seen && !w->djobs;
		if (w->dirty && !rests && w->shared.directory_err == ES_OK) {
			project(w);
			idle_done = false;
			continue;
		}
		scrub(w);
		run_directory_jobs(w);
		if (w->dirty && !rests && w->shared.directory_err == ES_OK)
			continue;
		if (wait_work(w, w->shared.directory_err ? PROJECT_RETRY_MS : IDLE_AFTER_MS) == 0 || w->stopping)
			continue;
		if (w->shared.directory_err != ES_OK && w->directory) {
			project(w);
		} else if (!idle_done && w->directory) {
			pthread_mutex_unlock(&w->lock);
			directory_idle(w->directory);
			pthread_mutex_lock(&w->lock);
			idle_done = true;
		}
	}
	run_directory_jobs(w);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- loop --- */

static void deliver_control(struct worker *w, struct buf *control, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (w->hooks.control)
			w->hooks.control(w->hooks.ctx, buf_slice(&control[i]));
		buf_done(&control[i]);
	}
	free(control);
}

struct erased_job {
	struct job job;
	struct worker *w;
	struct erase_target target;
};

static enum es_err run_erased(struct node *n, struct job *j)
{
	return node_erased(n, &((struct erased_job *)j)->target);
}

/* A full disk: its receipts are written later. */
static void done_erased(struct job *j)
{
	struct erased_job *e = (struct erased_job *)j; /* its first member */

	if (j->err != ES_OK) {
		pthread_mutex_lock(&e->w->lock);
		e->w->erased.count = 0;
		e->w->erase_after = mono_now() + ERASE_RETRY_MS;
		pthread_mutex_unlock(&e->w->lock);
	}
	free(e);
}

/* Both files are clean: the receipts go out. */
static void deliver_erased(struct worker *w, const struct erase_target *t)
{
	struct erased_job *j = calloc(1, sizeof *j);

	if (!j)
		return;
	j->job.run = run_erased;
	j->job.done = done_erased;
	j->w = w;
	j->target = *t;
	worker_post(w, &j->job);
}

static void deliver_proofs(struct worker *w, struct proof *proofs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (w->hooks.proof)
			w->hooks.proof(w->hooks.ctx, &proofs[i].log, buf_slice(&proofs[i].body));
		buf_done(&proofs[i].body);
	}
	free(proofs);
}

static void deliver_closing(struct worker *w, struct closing *closing, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (w->hooks.close)
			w->hooks.close(w->hooks.ctx, closing[i].session, closing[i].why);
	free(closing);
}

/* What the threads left for the loop since the last time. */
struct left {
	struct job *jobs;
	struct directory_job *djobs;
	struct buf *control;
	struct closing *closing;
	struct proof *proofs;
	size_t control_count, closing_count, proof_count;
	bool anew, keys_anew, erased;
	struct erase_target target;
	struct node_keys keys;
};

/* Under the lock. The lists are the loop's from here on. */
static void take_left(struct worker *w, struct left *l)
{
	*l = (struct left){.jobs = w->finished, .djobs = w->dfinished, .control = w->control, .closing = w->closing, .proofs = w->proofs,
			   .control_count = w->control_count, .closing_count = w->closing_count, .proof_count = w->proof_count,
			   .anew = w->control_anew, .keys_anew = w->keys_anew, .erased = w->erased.due && !w->erased_told,
			   .target = w->erased};
	l->keys = w->keys;
	w->finished = NULL;
	w->finished_tail = &w->finished;
	w->dfinished = NULL;
	w->control = NULL;
	w->closing = NULL;
	w->proofs = NULL;
	w->control_count = w->closing_count = w->proof_count = 0;
	w->control_anew = w->keys_anew = false;
	w->erased_told = true;
}

static void take_snapshot(struct worker *w)
{
	struct frontier mine = w->snap.frontier;

	w->snap = w->shared;
	w->snap.frontier = mine;
	copy_frontier(&w->snap.frontier, &w->shared.frontier);
}

static void on_async(uv_async_t *async)
{
	struct worker *w = async->data;
	struct left l;

	pthread_mutex_lock(&w->lock);
	take_left(w, &l);
	take_snapshot(w);
	pthread_mutex_unlock(&w->lock);
	if (l.anew && w->hooks.control_anew)
		w->hooks.control_anew(w->hooks.ctx);
	if (l.keys_anew && w->hooks.keys)
		w->hooks.keys(w->hooks.ctx, &l.keys);
	crypto_wipe(&l.keys, sizeof l.keys);
	deliver_control(w, l.control, l.control_count);
	if (l.erased)
		deliver_erased(w, &l.target);
	while (l.jobs) {
		struct job *j = l.jobs;
		l.jobs = j->next;
		j->done(j);
	}
	while (l.djobs) {
		struct directory_job *j = l.djobs;
		l.djobs = j->next;
		j->done(j);
	}
	deliver_proofs(w, l.proofs, l.proof_count);
	if (w->hooks.grew)
		w->hooks.grew(w->hooks.ctx);
	deliver_closing(w, l.closing, l.closing_count);
}

static enum es_err open_directory(struct worker *w)
{
	char path[NODE_PATH_MAX + 16];
	enum es_err err;

	snprintf(path, sizeof path, "%.4000s/directory.db", w->node->dir);
	err = directory_open(path, w->node->ref, &w->directory);
	if (err == ES_OK && !w->node->reader)
		err = reader_open(path, w->node->ref, &w->node->reader);
	if (err == ES_OK)
		reader_prefer(w->node->reader, &w->node->hub);
	if (err == ES_OK)
		w->shared.projected = directory_position(w->directory);
	return err;
}

enum es_err worker_start(uv_loop_t *loop, struct node *n, const struct worker_hooks *hooks, struct worker **out)
{
	struct worker *w = calloc(1, sizeof *w);
	enum es_err err;

	if (!w)
		return ES_NOMEM;
	w->loop = loop;
	w->node = n;
	w->hooks = *hooks;
	w->queue_tail = &w->queue;
	w->finished_tail = &w->finished;
	w->djobs_tail = &w->djobs;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->writer_wake, NULL);
	pthread_cond_init(&w->projector_wake, NULL);
	err = open_directory(w);
	if (err == ES_OK)
		err = batch_init(&w->batches[0]);
	if (err == ES_OK)
		err = batch_init(&w->batches[1]);
	if (err == ES_OK && uv_async_init(loop, &w->async, on_async) != 0)
		err = ES_IO;
	if (err != ES_OK) {
		directory_close(w->directory);
		worker_free(w);
		return err;
	}
	w->async.data = w;
	n->control_grew = true;
	n->utc = utc_now();
	n->mono = mono_now();
	share(w);
	*out = w; /* the hooks may ask for the snapshot */
	on_async(&w->async);
	if (pthread_create(&w->writer, NULL, writer_main, w) != 0 ||
	    pthread_create(&w->projector, NULL, projector_main, w) != 0)
		return ES_NOMEM;
	return ES_OK;
}

void worker_post(struct worker *w, struct job *j)
{
	pthread_mutex_lock(&w->lock);
	push(&w->queue_tail, j);
	pthread_cond_signal(&w->writer_wake);
	pthread_mutex_unlock(&w->lock);
}

void worker_post_directory(struct worker *w, struct directory_job *j)
{
	pthread_mutex_lock(&w->lock);
	j->next = NULL;
	*w->djobs_tail = j;
	w->djobs_tail = &j->next;
	pthread_cond_signal(&w->projector_wake);
	pthread_mutex_unlock(&w->lock);
}

const struct snapshot *worker_snapshot(const struct worker *w)
{
	return &w->snap;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	frontier_done(&w->snap.frontier);
	frontier_done(&w->shared.frontier);
	batch_done(&w->batches[0]);
	batch_done(&w->batches[1]);
	free(w->names);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->writer_wake);
	pthread_cond_destroy(&w->projector_wake);
	free(w);
}

uint64_t worker_writer_cpu(const struct worker *w)
{
	struct timespec t = {0};
	clockid_t clock;

	if (pthread_getcpuclockid(w->writer, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void worker_stop(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->writer_wake);
	pthread_cond_broadcast(&w->projector_wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->writer, NULL);
	pthread_join(w->projector, NULL);
	w->shared.directory_err = ES_IO; /* nothing more will be seen: answer the edits */
	release_seen(w);
	on_async(&w->async);
	directory_close(w->directory);
	node_close(w->node);
	uv_close((uv_handle_t *)&w->async, NULL);
}
