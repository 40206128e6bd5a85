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
 *   copie(hub, instance, lineage, etat, le)                   the CRESS's book of instances (L1, L8)
 *   du(hub, attend, jour, nombre)                             generations that are due (L4)
 *   hors_coupe(id, hub, packed, a_home)                       void commits to give back (L9)
 *   preuve(log, seq, preuve)                                  forks
 *   branche(seq, id)                                          other control logs seen (L15)
 *   requete(no, log, seq, idx, op, record, kind, de, a, etat) proposals, offers, orders
 *   recu(seq, idx, hub)                                       erasures acknowledged
 *   refonte(no, record)                                       records to be folded anew
 *   charte(hub, empreinte)                                    charters accepted
 *
 * Everything between journal_begin() and journal_commit() is durable or absent.
 * Errors: ES_DISK_FULL, ES_PAGE_DAMAGED, ES_LOCKED (another process), ES_IO. */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "daemon/directory/directory.h"
#include "proto/commit.h"
#include "proto/frontier.h"
#include "proto/rights.h"

struct journal;

#define JOURNAL_VERSION 2

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
/* False where it is not set, or cannot be read (journal_get_err says so); appends to out. */
bool journal_get(struct journal *j, const char *name, struct buf *out);
/* The first error that reading met since this was last asked; ES_OK: none. */
ES_MUST_USE enum es_err journal_get_err(struct journal *j);

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

/* Appends a COMMITS body [log_id, [packed...]] with commits `seq` to `upto`, as
 * many as stay near `want` bytes (at least one; none: nothing appended). Every
 * byte is verified against the stored id and digests first: ES_DAMAGED names
 * the seq in *last, once nothing sound comes before it. */
ES_MUST_USE enum es_err journal_load(struct journal *j, uint32_t index, const struct id16 *log, uint64_t seq,
				     uint64_t upto, size_t want, struct buf *body, uint64_t *last);
/* One commit, whole, unchecked. ES_NOT_FOUND. Borrows until the next call. */
ES_MUST_USE enum es_err journal_one(struct journal *j, int64_t pos, uint32_t *index, struct buf *packed, int64_t *stored);
/* The position of (log, seq), 0: none. */
int64_t journal_pos(struct journal *j, uint32_t index, uint64_t seq);
/* The commit of that id in a log, 0: none. Looks from the head down. */
uint64_t journal_seq_of(struct journal *j, uint32_t index, const struct hash *id);
int64_t journal_last_pos(struct journal *j);
/* How many changes the commit at that position has. */
int64_t journal_changes(struct journal *j, int64_t pos);
int64_t journal_last_edit(struct journal *j);

/* Changes after `from` for the fold: commits first, then the outbox, then, once
 * nothing else is left, records to be folded anew: each is reset, then all that
 * counts of it is told again. Calls each; stops after `max` items, at a commit's
 * end (refolds come whole). `to` is where it stopped, `more` whether there is
 * more. A damaged commit is passed over and counted. What does not count (layers
 * 2 and 3, blocked logs) is not told. */
struct own_order {
	struct record_id record;
	unsigned kind;
	es_stamp upto;
};
struct feed {
	struct position from, to;
	size_t max;
	bool more;
	bool all; /* everything is to be folded anew: reset the directory, keep `to.refold` */
	int64_t damaged; /* commits passed over, the last one in log damaged_log */
	uint32_t damaged_log;
	const struct frontier *frontier;
	const struct rights *rights;
	const struct id16 *self; /* what this hub wrote has not arrived; NULL: all has */
	const struct own_order *orders; /* erasures that no control entry says yet */
	size_t order_count;
	const uint64_t *upto; /* by frontier index: nothing beyond this seq is told; NULL: no limit */
	size_t upto_count;
	int64_t erased; /* with a limit: changes below it that are destroyed */
	int64_t unlisted; /* destroyed, below it or beyond, and no control entry says so yet */
	/* With a limit: does a change beyond it say anew what stood below? It may be given the
	 * stamp and the fields it had then; borrowed until the next call. NULL: none does. Whose
	 * it was to say, `now` knows. */
	bool (*anew)(void *ctx, enum scope scope, struct change *ch);
	const struct rights *now;
	void *anew_ctx;
	enum es_err (*each)(void *ctx, const struct feed_item *item);
	void *ctx;
};
ES_MUST_USE enum es_err journal_feed(struct journal *j, struct feed *feed);

/* All that counts of some records, ascending by id: as the feed tells records that
 * are folded anew. One pass over the payloads. */
ES_MUST_USE enum es_err journal_tell(struct journal *j, struct feed *feed, struct record_id *records, size_t count);

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
bool journal_outbox_rows(struct journal *j); /* withdrawn ones too */

struct join_request {
	struct member member; /* as it would be entered */
	struct acceptance acceptance;
	struct hash charter;
	bool replaces; /* a lost key's place: hub is whose, rotation signs the new keys */
	struct id16 hub;
	struct signature rotation;
	enum { REQUEST_WAITING, REQUEST_APPROVED, REQUEST_DENIED } state;
	es_ms at;
};
ES_MUST_USE enum es_err journal_request_put(struct journal *j, const struct join_request *r);
/* Returns false from each to stop. */
ES_MUST_USE enum es_err journal_request_each(struct journal *j, bool (*each)(void *ctx, const struct join_request *r),
					     void *ctx);
/* --- the life cycle --- */

/* Takes commits (log, seq > after) away, the greatest last: calls `each` with each
 * one, packed, in order of seq, before it goes; their records are marked to be
 * folded anew. */
ES_MUST_USE enum es_err journal_drop_after(struct journal *j, uint32_t index, uint64_t after,
					   enum es_err (*each)(void *ctx, const struct commit *c, const struct packed *p),
					   void *ctx);
/* The head that is stored: seq 0 where the log is empty. */
ES_MUST_USE enum es_err journal_head(struct journal *j, uint32_t index, struct head *h);
/* Which of these salts lie in commits of this hub's logs, or in the outbox: sets
 * found[i]. One pass over the payloads. */
ES_MUST_USE enum es_err journal_find_salts(struct journal *j, const struct frontier *f, const struct id16 *hub,
					   const struct id16 *salts, size_t n, bool *found);
ES_MUST_USE enum es_err journal_outbox_remove_salt(struct journal *j, const struct id16 *salt, int64_t *removed);

/* A record is to be folded anew; NULL: all of them. */
ES_MUST_USE enum es_err journal_refold(struct journal *j, const struct record_id *record);
int64_t journal_last_refold(struct journal *j);
ES_MUST_USE enum es_err journal_refold_done(struct journal *j, int64_t no); /* the directory is past it */
#define FEED_REFOLDS_MAX 2000 /* records in one batch; beyond, everything is folded anew */

/* Destroys salts and payloads of a record's changes with edited <= upto, in
 * commits of shared scopes (`local`: of the local log instead), void ones and the outbox's included;
 * `kept` (may be NULL) says which commits keep theirs for now. Calls `each` (may be NULL) with the
 * position of every one, destroyed now or before by this hub's order. Counts in *n. */
struct erasing {
	const struct frontier *frontier;
	struct record_id record;
	unsigned kind;
	es_stamp upto;
	bool local; /* in the local log too */
	bool look_only; /* destroy nothing, tell the positions */
	bool (*kept)(void *ctx, uint32_t index, uint64_t seq);
	enum es_err (*each)(void *ctx, const struct position3 *at);
	void *ctx;
	int64_t destroyed;
};
ES_MUST_USE enum es_err journal_erase(struct journal *j, struct erasing *e);
/* Writes the whole file anew and empties the WAL: what was destroyed is then in no
 * file, nor in the gaps SQLite leaves where rows have moved. Outside a transaction;
 * takes as long as a copy of the file, and as much disk. */
ES_MUST_USE enum es_err journal_scrub(struct journal *j);
/* Every change that is held here, whatever counts of it, then the outbox's; false from
 * each stops. Void commits are left out. */
ES_MUST_USE enum es_err journal_each_change(struct journal *j, bool (*each)(void *ctx, struct slice change), void *ctx);
/* How large the database file is, the WAL not counted. */
int64_t journal_file_bytes(struct journal *j);
/* Writes the WAL into the database file as far as nobody is in the way. */
void journal_rest(struct journal *j);
/* A consistent copy of the whole file. Outside a transaction. */
ES_MUST_USE enum es_err journal_copy(struct journal *j, const char *path);

enum copy_state { COPY_CURRENT, COPY_FENCED, COPY_ADMITTED };
struct hub_copy {
	struct id16 hub, instance;
	uint64_t lineage;
	enum copy_state state;
};
/* False where that instance is not in the book. */
bool journal_copy_get(struct journal *j, const struct id16 *hub, const struct id16 *instance, struct hub_copy *out);
bool journal_copy_current(struct journal *j, const struct id16 *hub, struct hub_copy *out);
/* Makes it the current one: all others of that hub are fenced. Or changes one alone. */
ES_MUST_USE enum es_err journal_copy_accept(struct journal *j, const struct hub_copy *c);
ES_MUST_USE enum es_err journal_copy_put(struct journal *j, const struct hub_copy *c);
/* Fenced ones that no human has decided on; false from each stops. */
ES_MUST_USE enum es_err journal_copy_each(struct journal *j, bool (*each)(void *ctx, const struct hub_copy *c), void *ctx);
struct due {
	bool waits; /* its logs get a new generation */
	int64_t day; /* UTC day of the last one... */
	unsigned count; /* ...and how many on it */
};
void journal_due_get(struct journal *j, const struct id16 *hub, struct due *out);
ES_MUST_USE enum es_err journal_due_put(struct journal *j, const struct id16 *hub, const struct due *d);

/* Void commits. A payload of a forgotten record goes in journal_erase. */
ES_MUST_USE enum es_err journal_void_put(struct journal *j, const struct id16 *author, const struct hash *id,
					 struct slice packed);
/* Appends [[packed...]] of those for this author (or, `home`, all that home has not had). */
ES_MUST_USE enum es_err journal_void_load(struct journal *j, const struct id16 *author, bool home, size_t want,
					  struct buf *body);
ES_MUST_USE enum es_err journal_void_given(struct journal *j, const struct hash *id, const struct id16 *author /* NULL: home */);
ES_MUST_USE enum es_err journal_void_again(struct journal *j); /* home has started anew */
int64_t journal_void_count(struct journal *j);
/* How much is kept for each author. */
ES_MUST_USE enum es_err journal_void_bytes(struct journal *j, bool (*each)(void *ctx, const struct id16 *hub, uint64_t bytes),
					   void *ctx);
int64_t journal_void_waiting(struct journal *j); /* neither their author nor home has them */

/* One for each log, of its lowest fork. ES_EXISTS: this one says nothing new. */
ES_MUST_USE enum es_err journal_proof_put(struct journal *j, const struct id16 *log, uint64_t seq, struct slice proof);
ES_MUST_USE enum es_err journal_proof_each(struct journal *j,
					   bool (*each)(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof),
					   void *ctx);
/* Another control branch's first commit, seen and not (yet) taken. */
ES_MUST_USE enum es_err journal_branch_put(struct journal *j, uint64_t seq, const struct hash *id);
ES_MUST_USE enum es_err journal_branch_each(struct journal *j, bool (*each)(void *ctx, uint64_t seq, const struct hash *id),
					    void *ctx);
ES_MUST_USE enum es_err journal_branch_clear(struct journal *j);

#define ASK_SEAT 256 /* in no change: a proposal that asks for seats */
enum ask_state { ASK_OPEN, ASK_ACCEPTED, ASK_REFUSED, ASK_DONE };
struct ask {
	int64_t no;
	struct position3 at;
	unsigned op; /* OP_PROPOSE, ASK_SEAT, or what a request asks for */
	struct record_id record;
	unsigned kind;
	struct id16 from, to;
	enum ask_state state;
	struct position3 answer; /* once answered */
};
ES_MUST_USE enum es_err journal_ask_put(struct journal *j, const struct ask *a);
bool journal_ask_at(struct journal *j, const struct position3 *at, struct ask *out);
bool journal_ask_no(struct journal *j, int64_t no, struct ask *out);
ES_MUST_USE enum es_err journal_ask_state(struct journal *j, const struct ask *a);
ES_MUST_USE enum es_err journal_ask_each(struct journal *j, bool (*each)(void *ctx, const struct ask *a), void *ctx);
/* Proposals and offers of that hub's that were refused, the last ones first. */
ES_MUST_USE enum es_err journal_ask_refused(struct journal *j, const struct id16 *from, unsigned max,
					    bool (*each)(void *ctx, const struct ask *a), void *ctx);
/* Those of a log beyond seq are gone, and answers from there open again. */
ES_MUST_USE enum es_err journal_ask_cut(struct journal *j, const struct id16 *log, uint64_t seq);

/* Every answer that was read, also before what it answers. */
struct reply {
	struct position3 to, at;
	struct id16 hub;
	bool accepted;
};
ES_MUST_USE enum es_err journal_answer_put(struct journal *j, const struct reply *r);
ES_MUST_USE enum es_err journal_answer_each(struct journal *j, const struct position3 *to,
					    bool (*each)(void *ctx, const struct reply *r), void *ctx);
/* Changes that were forgotten before they came, where no `forget` lists their place (CRESS). Kind 0: only
 * who gave it knows the record, whose first 16 bytes are that hub then. */
ES_MUST_USE enum es_err journal_hole_put(struct journal *j, const struct position3 *at, const struct record_id *record,
					 unsigned kind);
/* The first commit of a log that came without what only its giver may know to be
 * forgotten; 0: none. */
uint64_t journal_hole_of(struct journal *j, const struct id16 *log);
/* The nth of them, from 0; false: there are not so many. */
bool journal_hole(struct journal *j, size_t nth, struct position3 *at, struct record_id *record, unsigned *kind);
ES_MUST_USE enum es_err journal_hole_listed(struct journal *j, const struct position3 *at);

ES_MUST_USE enum es_err journal_receipt_put(struct journal *j, uint64_t seq, uint32_t index, const struct id16 *hub);
bool journal_receipt(struct journal *j, uint64_t seq, uint32_t index, const struct id16 *hub);
ES_MUST_USE enum es_err journal_charter_put(struct journal *j, const struct id16 *hub, const struct hash *digest);
bool journal_charter(struct journal *j, const struct id16 *hub, const struct hash *digest);
/* Bytes of changes that this hub's logs hold. */
int64_t journal_bytes_of(struct journal *j, const struct frontier *f, const struct id16 *hub);

/* The lines of PRAGMA integrity_check (`quick`: of quick_check, which leaves the
 * indexes out); ES_PAGE_DAMAGED when there are any. */
ES_MUST_USE enum es_err journal_check_pages(struct journal *j, bool quick, struct buf *what);

#endif
