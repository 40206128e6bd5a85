/* SPDX-License-Identifier: Apache-2.0
 *
 * Two threads, so that the loop never waits on a disk.
 *
 *   writer      owns the node and journal.db. Takes all jobs that wait, runs
 *               them in one transaction (each in a savepoint of its own), commits
 *               once (group commit), then sends them back.
 *   projector   owns directory.db. Asks the writer for what the journal has
 *               beyond its position, folds it, tells how far it is.
 *
 * A job's `run` is called on the writer's thread, its `done` on the loop's. An
 * edit is `done` once it can be seen in the directory too. */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <uv.h>
#include "daemon/node/health.h"
#include "daemon/node/node.h"
#include "daemon/service/timing.h"

/* The projector's waits; the simulator keeps to them too. */
#define PROJECT_RETRY_MS 2000
#define IDLE_AFTER_MS 1000 /* also: a reader was at work on a file that is written anew */
#define ERASE_RETRY_MS 60000 /* it could not be written anew: a full disk */

struct worker;

struct job {
	enum es_err (*run)(struct node *n, struct job *j);
	void (*done)(struct job *j);
	enum es_err err; /* of run, or of the commit; set before done */
	bool (*keeps)(enum es_err err); /* on what errors its part is kept; NULL: on none */
	bool edits; /* waits for the directory before and after */
	bool reads; /* writes nothing: no savepoint */
	bool in_memory; /* runs even where the disk gives no transaction: what it says is kept in memory */
	bool apart; /* with no other job and in no transaction: it begins its own */
	struct position seen; /* edits: what the directory must reach */
	es_ms since;
	struct job *next;
};

/* What the loop needs of the node, copied after each commit. */
struct snapshot {
	struct frontier frontier;
	int64_t outbox;
	bool member, denied, confirmed, fenced, key_replaced;
	enum es_err clash; /* ES_CONTROL_FORK */
	struct id16 withheld; /* a log of ours that a checkpoint shows short; zero: none */
	uint64_t withheld_seq;
	struct id16 astray; /* CRESS: a log that a checkpoint shows other than it is here; zero: none */
	uint64_t astray_seq;
	struct id16 instance;
	struct dh_public home;
	uint64_t lineage;
	size_t awaited;
	char awaited_names[HEALTH_NAMES_MAX]; /* joined by ", " */
	char awaited_json[1024]; /* an array of as many names as fit */
	int64_t damaged_index;
	uint64_t damaged_seq;
	struct position projected, journal;
	struct health health;
	struct timing fsyncs, folds; /* since the start: transactions of the journal, batches of the directory */
	enum es_err journal_err, directory_err; /* the last failure, ES_OK once mended */
};

/* Called on the loop's thread after commits and projections. `control`: packed
 * control commits that came since (NULL-terminated list of bufs, borrowed). */
struct worker_hooks {
	void *ctx;
	void (*grew)(void *ctx);
	void (*control)(void *ctx, struct slice packed);
	void (*control_anew)(void *ctx); /* the control log begins again, at entry 1 */
	void (*keys)(void *ctx, const struct node_keys *keys);
	void (*close)(void *ctx, uint64_t session, enum es_err why);
	void (*proof)(void *ctx, const struct id16 *log, struct slice body);
};

/* Takes the node. */
ES_MUST_USE enum es_err worker_start(uv_loop_t *loop, struct node *n, const struct worker_hooks *hooks,
				     struct worker **out);
/* Finishes what is queued, stops both threads, closes node and directory. */
void worker_stop(struct worker *w);
/* After the loop has run dry; accepts NULL. */
void worker_free(struct worker *w);
void worker_post(struct worker *w, struct job *j);
/* Nanoseconds of processor that the writer has used: a writer at work, or one that hangs? */
uint64_t worker_writer_cpu(const struct worker *w);
/* Loop's thread: the copy as of the last commit it heard of. */
const struct snapshot *worker_snapshot(const struct worker *w);

/* Work for the projector's thread, with its directory. */
struct directory_job {
	enum es_err (*run)(struct directory *d, struct directory_job *j);
	void (*done)(struct directory_job *j);
	enum es_err err;
	bool refolds; /* it emptied the directory: fold the journal again */
	struct directory_job *next;
};
void worker_post_directory(struct worker *w, struct directory_job *j);
/* One whole catch-up of a directory from a journal, for offline commands. */
ES_MUST_USE enum es_err worker_project(struct node *n, struct directory *d);
/* Folds what the journal held at a frontier, and nothing of the outbox, into an empty
 * directory, or one with other logs in it: the order of the logs does not matter. */
struct past {
	const uint64_t *upto; /* by frontier index, 0: nothing of that log */
	size_t count;
	const struct rights *rights; /* as they were then */
	/* What was said anew since, after erasures (struct feed). */
	bool (*anew)(void *ctx, enum scope scope, struct change *ch);
	void *anew_ctx;
	int64_t erased; /* changes that were there then and are destroyed now */
	int64_t unlisted; /* destroyed, then or since, by orders that no control entry says yet */
};
ES_MUST_USE enum es_err worker_project_past(struct node *n, struct directory *d, struct past *past);

#endif
