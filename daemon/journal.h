/* SPDX-License-Identifier: Apache-2.0
 *
 * journal.db: the truth. Signed commits as received, this node's outbox, and
 * the few facts that must survive (meta). One connection, EXCLUSIVE, WAL,
 * synchronous=FULL, secure_delete; the thread that opened it owns it.
 *
 *   meta(nom, valeur)
 *   log(no, id, hub, scope, generation, acked, acked_id)      no = frontier index + 1
 *   commits(pos, log, seq, id, hlc, header, sig, stored)      pos = order of arrival
 *   payload(pos << 8 | index, salt, change)                   destroyed in place by an erasure
 *   outbox(edit, scope, record, kind, edited, salt, change)   edits not sealed
 *   demande(hub, ...)                                         requests to join (CRESS)
 *
 * Everything between journal_begin() and journal_commit() is durable or absent.
 * Errors: ES_DISK_FULL, ES_PAGE_DAMAGED, ES_LOCKED (another process), ES_IO. */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "daemon/directory.h"
#include "proto/commit.h"
#include "proto/frontier.h"
#include "proto/rights.h"

struct journal;

/* `create`: the file must not exist (ES_EXISTS); else it must (ES_NO_NODE). */
ES_MUST_USE enum es_err journal_open(const char *path, bool create, struct journal **out);
void journal_close(struct journal *j);

ES_MUST_USE enum es_err journal_begin(struct journal *j);
ES_MUST_USE enum es_err journal_commit(struct journal *j);
void journal_rollback(struct journal *j);
/* Inside a transaction: one job's part, to be kept or undone alone. */
ES_MUST_USE enum es_err journal_savepoint(struct journal *j);
ES_MUST_USE enum es_err journal_release(struct journal *j, bool keep);

/* The same, inside a job: an import that turns out to write nothing. */
ES_MUST_USE enum es_err journal_mark(struct journal *j);
ES_MUST_USE enum es_err journal_unmark(struct journal *j, bool keep);

ES_MUST_USE enum es_err journal_set(struct journal *j, const char *name, struct slice value);
/* False where it is not set; appends to out. */
bool journal_get(struct journal *j, const char *name, struct buf *out);

/* Fills an empty frontier, heads included. */
ES_MUST_USE enum es_err journal_frontier(struct journal *j, struct frontier *f);
/* Log number index + 1, as the frontier has it. */
ES_MUST_USE enum es_err journal_add_log(struct journal *j, const struct frontier *f, uint32_t index);
/* The control log's generation, or home's acknowledgement, has changed. */
ES_MUST_USE enum es_err journal_update_log(struct journal *j, const struct frontier *f, uint32_t index);
/* Appends an admitted commit. */
ES_MUST_USE enum es_err journal_append(struct journal *j, uint32_t index, const struct commit *c,
				       const struct packed *p, es_ms utc, int64_t *pos);
bool journal_commit_id(struct journal *j, uint32_t index, uint64_t seq, struct hash *id);

/* Appends a COMMITS body [log_id, [packed...]] with commits from `seq` on, as
 * many as stay near `want` bytes (at least one; none: nothing appended). Every
 * byte is verified against the stored id and digests first: ES_DAMAGED names
 * the seq in *last, once nothing sound comes before it. */
ES_MUST_USE enum es_err journal_load(struct journal *j, uint32_t index, const struct id16 *log, uint64_t seq,
				     size_t want, struct buf *body, uint64_t *last);
/* One commit, whole, unchecked. ES_NOT_FOUND. Borrows until the next call. */
ES_MUST_USE enum es_err journal_one(struct journal *j, int64_t pos, uint32_t *index, struct buf *packed, int64_t *stored);
/* The position of (log, seq), 0: none. */
int64_t journal_pos(struct journal *j, uint32_t index, uint64_t seq);
int64_t journal_last_pos(struct journal *j);
/* How many changes the commit at that position has. */
int64_t journal_changes(struct journal *j, int64_t pos);
int64_t journal_last_edit(struct journal *j);

/* Changes after `from` for the fold: commits first, then the outbox. Calls each;
 * stops after `max` items, at a commit's end. `to` is where it stopped, `more`
 * whether there is more. A damaged commit is passed over and counted. */
struct feed {
	struct position from, to;
	size_t max;
	bool more;
	int64_t damaged; /* commits passed over, the last one in log damaged_log */
	uint32_t damaged_log;
	const struct frontier *frontier;
	enum es_err (*each)(void *ctx, const struct feed_item *item);
	void *ctx;
};
ES_MUST_USE enum es_err journal_feed(struct journal *j, struct feed *feed);

struct outbox_edit {
	int64_t edit;
	enum scope scope;
	struct record_id record;
	unsigned kind;
	es_stamp edited;
	struct id16 salt;
	struct slice change; /* borrowed; empty: withdrawn before it was sealed */
};
ES_MUST_USE enum es_err journal_outbox_add(struct journal *j, const struct outbox_edit *e);
ES_MUST_USE enum es_err journal_outbox_remove(struct journal *j, int64_t edit);
/* In order of edit; a scope, or SCOPE_COUNT for all; a record, or NULL; after
 * `after`. Returns false from each to stop. */
ES_MUST_USE enum es_err journal_outbox_each(struct journal *j, enum scope scope, const struct record_id *record,
					    int64_t after, bool (*each)(void *ctx, const struct outbox_edit *e),
					    void *ctx);
/* Edits above a stamp, in order of `edited`; and one of them stamped anew. */
ES_MUST_USE enum es_err journal_outbox_above(struct journal *j, es_stamp limit,
					     bool (*each)(void *ctx, const struct outbox_edit *e), void *ctx);
ES_MUST_USE enum es_err journal_outbox_one(struct journal *j, int64_t edit,
					   bool (*each)(void *ctx, const struct outbox_edit *e), void *ctx);
ES_MUST_USE enum es_err journal_outbox_restamp(struct journal *j, int64_t edit, es_stamp edited, struct slice change);
int64_t journal_outbox_count(struct journal *j);

struct join_request {
	struct member member; /* as it would be entered */
	struct acceptance acceptance;
	struct hash charter;
	enum { REQUEST_WAITING, REQUEST_APPROVED, REQUEST_DENIED } state;
	es_ms at;
};
ES_MUST_USE enum es_err journal_request_put(struct journal *j, const struct join_request *r);
/* Returns false from each to stop. */
ES_MUST_USE enum es_err journal_request_each(struct journal *j, bool (*each)(void *ctx, const struct join_request *r),
					     void *ctx);
/* The lines of PRAGMA integrity_check; ES_PAGE_DAMAGED when there are any. */
ES_MUST_USE enum es_err journal_check_pages(struct journal *j, struct buf *what);

#endif
