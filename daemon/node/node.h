/* SPDX-License-Identifier: Apache-2.0
 *
 * One node: keys, journal, rights and frontier together, and the one door.
 * A local edit, an imported row and a peer's commit all come in here:
 *
 *     edit -> outbox ---seal---> admit -> append        (ours)
 *     COMMITS -----------------> admit -> append        (a peer's)
 *
 * No libuv, no thread, no socket: the writer's thread calls, inside a journal
 * transaction that it opens and ends. Time is told in `utc`. When a
 * transaction fails, node_reload() puts memory back in step with the disk. */
#ifndef DAEMON_NODE_H
#define DAEMON_NODE_H

#include "common/rng.h"
#include "daemon/exchange/exchange.h"
#include "daemon/journal/journal.h"
#include "daemon/rules/day.h"
#include "proto/admit.h"
#include "proto/invite.h"

#define NODE_PATH_MAX 4096
#define NODE_OWNER_MAX 64
#define NODE_CALLERS 64
#define NODE_RETURNED_MAX (16 * 1024 * 1024) /* bytes kept for one author, to be given back */
#define NODE_CLOCK_MAX_MS STAMP_SKEW_MAX_MS

struct node_keys {
	struct sign_public sign;
	struct sign_secret sign_secret;
	struct dh_public dh;
	struct dh_secret dh_secret;
	struct dh_secret former_dh; /* a CRESS answers those who know its former key only */
	bool has_former;
	uint32_t epoch; /* as the control log counted when they were taken; 0: not known */
};

/* A live session, as node-wide rules need it (L5, L11, L12). */
struct node_session {
	uint64_t no;
	struct id16 hub, instance;
	enum role role;
	bool reported; /* it has nothing that we lack */
	es_ms since; /* mono: it has not reported, and given nothing, since then */
	bool pending; /* its logs get a new generation */
	bool report_only;
	bool again; /* the carrier closes it with ES_AGAIN */
	bool confirmed;
	int64_t clock; /* its UTC minus our monotonic clock */
	struct log_cut *heads; /* what it holds of its own logs; ids unused */
	size_t head_count;
};
struct branch;

struct node {
	char dir[NODE_PATH_MAX];
	struct journal *journal;
	struct rights rights;
	struct frontier frontier;
	const struct reference *ref;
	struct reader *reader; /* of directory.db; NULL until it exists */
	struct node_keys keys;
	struct id16 hub;
	enum role role;
	char name[RIGHTS_NAME_MAX + 1], pays[RIGHTS_PAYS_MAX + 1];
	char owner[NODE_OWNER_MAX]; /* "pole-auray" */
	char region[8];
	struct id16 instance;
	uint64_t lineage;
	struct dh_public home; /* a hub's: the CRESS's key */
	char home_address[RIGHTS_ADDRESS_MAX + 1];
	bool denied; /* home refused the request to join */
	int local_index; /* of our local log in the frontier */
	struct rng rng;
	es_ms utc; /* set by the caller before every job */
	es_stamp last_edited;
	bool confirmed; /* a live session in which home holds all our logs (L7) */
	/* Is our clock right? Peers said theirs when they greeted; the monotonic clock tells
	 * what it would be now, and whether ours has jumped since. */
	es_ms mono; /* set by the caller before every job, beside utc */
	int64_t clock_base; /* utc minus mono when last believed */
	bool clock_based, clock_believed;
	bool opened; /* CRESS: this run's control generation is open (L14)... */
	struct id16 run_log; /* ...and its id */
	bool released; /* CRESS: this run has heard whom it awaited (L11) */
	bool alone; /* CRESS: --alone, waits for nobody (L11) */
	bool restored; /* CRESS: durable until all hubs have reported after `restore` (L13) */
	struct node_heard {
		struct id16 hub;
		bool reported; /* in this run (L11) */
		int64_t day; /* of the monotonic clock... */
		es_ms waited; /* ...in which our entries waited so long for it, in vain */
	} *heard; /* CRESS: hubs */
	size_t heard_count;
	struct node_session *sessions; /* those alive, as the carrier told */
	size_t session_count;
	struct node_caller {
		struct id16 hub, instance;
	} callers[NODE_CALLERS]; /* CRESS: copies turned away in this run, the last ones */
	size_t caller_count;
	uint32_t epoch; /* of our signing key */
	struct node_keys next; /* rotation: takes over when the entry is applied */
	bool has_next, keys_changed; /* keys_changed: the carrier's copy is stale */
	struct node_keys before; /* keys_changed: the carrier's; ours again where the entry is undone */
	bool recovering; /* the entry in hand is a `recover` */
	bool resolving; /* ...a `resolve` of the control log: it awaits nobody */
	bool rotating; /* a request for new keys is signed and not yet answered */
	bool fenced; /* home says that another copy of us is in use (L8); durable */
	bool key_replaced; /* the control log gives our place to another key; durable */
	struct id16 withheld; /* a log of ours that a checkpoint shows short or other; zero: none */
	uint64_t withheld_seq; /* what the checkpoint said */
	struct id16 astray; /* CRESS: a log of which a checkpoint names another commit than we hold... */
	uint64_t astray_seq; /* ...at this seq; zero: none */
	enum es_err clash; /* ES_CONTROL_FORK, or ES_OK */
	struct branch *branch; /* the other control log, while it is being read */
	bool forks_grew; /* a new fork proof: sessions are told */
	bool switched; /* another control branch: copies of the rights start anew */
	/* Erasures so far in this run: in the journal's rows, out of its files, out of
	 * the directory's too. */
	uint64_t erasures, scrubbed, erased;
	es_ms scrub_after; /* mono: the journal is not written anew before */
	struct own_order *orders; /* ours, not yet in the control log */
	size_t order_count;
	es_ms rested_utc; /* when the journal's WAL was last written home, and how far */
	int64_t rested_pos;
	bool kept_back; /* payloads of ours, forgotten, that home does not hold yet */
	unsigned asides; /* refusals set aside since the start */
	bool derive; /* something happened that an entry may follow from (L21) */
	es_ms derived_utc; /* when node_tick last looked */
	size_t opens_seen; /* logs of the rights that are in the frontier */
	int64_t own_pos; /* our last commit: an edit waits until it is projected */
	/* What changed since the caller last looked. */
	bool grew, control_grew, knocked; /* knocked: who asks to enter */
	int64_t damaged_index; /* a log found damaged when served, -1: none */
	uint64_t damaged_seq;
};

/* After node_open_keys(): keys asked for and perhaps entered already, NULL: none. */
ES_MUST_USE enum es_err node_keys_next(struct node *n, const struct node_keys *next);
/* Reads the key file and the journal. ES_NO_NODE, ES_LOCKED, ES_KEY_OPEN,
 * ES_CONFIG, ES_PAGE_DAMAGED... */
ES_MUST_USE enum es_err node_open(const char *dir, const struct reference *ref, struct node **out);
void node_close(struct node *n);
/* The same with keys from elsewhere and a given stream of randomness. */
ES_MUST_USE enum es_err node_open_keys(const char *dir, const struct node_keys *keys, const struct reference *ref,
				       const struct rng *rng, struct node **out);
/* Memory again from the disk, after a transaction that failed. */
ES_MUST_USE enum es_err node_reload(struct node *n);
uint64_t node_join_epoch(struct node *n); /* of keys that replace lost ones; else 0 */
bool node_member(const struct node *n); /* are we in the control log? */

/* node.key (keyfile.h). */
ES_MUST_USE enum es_err node_keys_create(const char *dir, struct rng *rng, struct node_keys *out);
ES_MUST_USE enum es_err node_keys_load(const char *dir, struct node_keys *out);
/* New ones: drawn and on disk before they are asked for; taken once they are entered. */
ES_MUST_USE enum es_err node_keys_draw_next(const char *dir, struct rng *rng, struct node_keys *out);
ES_MUST_USE enum es_err node_keys_load_next(const char *dir, struct node_keys *out, bool *has);
/* `former`: what members still call us by, NULL: the key in use until now. */
ES_MUST_USE enum es_err node_keys_take_next(const char *dir, uint32_t epoch, const struct dh_secret *former, struct node_keys *out);

/* --- peers --- */

/* What a session asks goes through daemon/node/task.h; these are its parts. */

/* A COMMITS body from a peer, all of log `index`. On an error `seq` names the
 * commit; those before it are appended. ES_EXISTS: nothing new in it. ES_DIVERGED:
 * the copies part before `seq`. ES_FORK: proven, `seq` is where. ES_CONTROL_FORK:
 * taken aside. */
struct giver {
	enum { FROM_ANYBODY, FROM_HOME, FROM_AUTHOR } as; /* a hub's home may be the author too: FROM_HOME */
	struct id16 hub;
};
ES_MUST_USE enum es_err node_receive(struct node *n, uint32_t index, const struct giver *from, struct slice body, uint64_t *seq);
/* An ACK body from home. */
ES_MUST_USE enum es_err node_acknowledged(struct node *n, struct slice body);
/* The stamp of that hub's newest commit here; 0: none. */
es_stamp node_newest_of(const struct node *n, const struct id16 *hub);
/* When home said that it holds that commit of ours (UTC); 0: not known any more, or not yet. */
es_ms node_acknowledged_at(struct node *n, uint32_t index, uint64_t seq);
ES_MUST_USE enum es_err node_load(struct node *n, uint32_t index, uint64_t seq, uint64_t upto, struct buf *body,
				  uint64_t *last);
/* [[log, seq, id]...] -> [index...] of the logs whose commit there is another one. */
ES_MUST_USE enum es_err node_compare(struct node *n, struct slice body, struct buf *out);
/* Home session's number, counted up and durable before HELLO says it. */
ES_MUST_USE enum es_err node_next_lineage(struct node *n);
/* L1: judges a hub's HELLO. */
ES_MUST_USE enum es_err node_greet(struct node *n, uint64_t session, const struct id16 *hub, const struct id16 *instance,
				   enum role role, uint64_t lineage, int64_t clock_ms, bool *pending, bool *report_only);
ES_MUST_USE enum es_err node_level(struct node *n, uint64_t session, struct slice body);
ES_MUST_USE enum es_err node_report(struct node *n, uint64_t session, bool nothing_lacking);
/* What this session's peer claimed to hold, or part of it, has come. */
void node_gave(struct node *n, uint64_t session);
ES_MUST_USE enum es_err node_confirm(struct node *n, uint64_t session, bool confirmed, int64_t home_clock_ms);
ES_MUST_USE enum es_err node_session_closed(struct node *n, uint64_t session, enum role peer, enum es_err why);
/* L9. */
ES_MUST_USE enum es_err node_returns(struct node *n, const struct id16 *peer, enum role role, struct buf *body);
ES_MUST_USE enum es_err node_given_back(struct node *n, struct slice body, struct buf *ids);
ES_MUST_USE enum es_err node_returned(struct node *n, const struct id16 *peer, enum role role, struct slice ids);
/* A FORK body. */
ES_MUST_USE enum es_err node_fork(struct node *n, struct slice body);
ES_MUST_USE enum es_err node_proofs(struct node *n, bool (*each)(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof),
				    void *ctx);

/* Everything that happens without a human and without a peer: what waits is
 * sealed, missing control entries are derived again (L21), generations that are
 * due (L4), checkpoints, receipts. In a transaction, after every group of jobs;
 * at least once a minute. *more: call again at once. On an error other than
 * ES_AWAITING it has changed nothing, on disk or in memory. */
ES_MUST_USE enum es_err node_tick(struct node *n, unsigned commits, bool *more);
/* Sessions that must be closed now: calls each with its number and why. */
void node_closing(struct node *n, void (*each)(void *ctx, uint64_t session, enum es_err why), void *ctx);
/* Erasure, the carrier's part: after a commit node_scrub(); where `due` then says so,
 * let the directory reach `at`, directory_scrub() it, and tell node_erased(), in a
 * transaction: the receipts go into the outbox. */
struct erase_target {
	bool due;
	struct position at;
	uint64_t count, seq;
};
ES_MUST_USE enum es_err node_scrub(struct node *n);
struct erase_target node_erase_target(const struct node *n);
ES_MUST_USE enum es_err node_erased(struct node *n, const struct erase_target *t);

/* --- edits --- */

struct edit_result {
	struct id16 uid;
	enum edit_outcome outcome;
	enum scope kept_from; /* SCOPE_COUNT; else the wider scope whose value was withdrawn */
	struct record_id record; /* by node_edit */
	bool older; /* the edit yielded to a record of a later date_maj */
	bool moved_home; /* others may see it now and could not, or the other way: node_say_names */
};
/* ES_OTHER_HUB, ES_NOT_FOUND (`must_exist`), ES_TOO_LARGE. Writes to the outbox. */
ES_MUST_USE enum es_err node_edit(struct node *n, const struct edit *e, bool must_exist, struct edit_result *out);
ES_MUST_USE enum es_err node_delete(struct node *n, const struct id16 *uid, struct edit_result *out);
/* May our clock's time be signed? A hub asks home, a CRESS those in session. */
bool node_clock_good(struct node *n);
/* Has it not jumped since it was last believed? Enough for what stays here. */
bool node_clock_steady(struct node *n);
/* The fold state of our record of that kind and uid, pending edits included, appended:
 * nothing where it is new. Needs `kind` and `uid` of the edit. ES_OTHER_HUB, ES_NOT_FOUND. */
ES_MUST_USE enum es_err node_stands(struct node *n, const struct edit *e, struct buf *out);
/* May an edit be computed now, or must the directory first catch up? Edits look at
 * other records, so it has to show those still in the outbox too. */
bool node_edit_ready(const struct node *n);
/* Names of the active members that may hold a scope's logs, this node apart. */
void node_holders(const struct node *n, enum scope scope, void (*each)(void *ctx, const char *name), void *ctx);

/* Values written without having been seen, of live records (of one, or NULL): the one
 * that stands, the one beaten; by record, kind, scope, field. False from each stops.
 * Values last until each returns. An edit that `decides` its fields ends theirs. */
ES_MUST_USE enum es_err node_conflicts(struct node *n, const struct record_id *record,
				       bool (*each)(void *ctx, const struct said *stands, const struct said *other),
				       void *ctx);
/* The change that lies there, from its commit; borrows from `bytes`. ES_NOT_FOUND: not here, or forgotten. */
ES_MUST_USE enum es_err node_change_at(struct node *n, const struct position3 *at, struct buf *bytes, struct change *ch);
/* A stored commit; borrows from `bytes`. */
ES_MUST_USE enum es_err node_read_commit(struct node *n, uint32_t index, uint64_t seq, struct buf *bytes, struct packed *out);
/* The inbox: proposals, offers and their answers, by the number the list shows. */
struct inbox_item {
	int64_t no;
	unsigned op; /* OP_PROPOSE; OP_REQUEST: an offer */
	struct position3 at;
	struct record_id record;
	unsigned kind;
	struct id16 from, to;
	enum { INBOX_OPEN, INBOX_ACCEPTED, INBOX_REFUSED, INBOX_DONE } state;
	bool waits; /* not sealed yet */
};
/* R3: what we proposed or offered and another hub refused (node_refusal.c); `why` is borrowed. */
#define REFUSALS_MAX 32 /* told at once: the last ones */
struct refusal {
	int64_t no;
	unsigned op; /* OP_PROPOSE, OP_STEWARD */
	struct position3 at; /* our proposal */
	struct record_id record;
	unsigned kind;
	struct id16 by, to; /* who refused it; to whom it was offered, or who tends it now */
	es_stamp said;
	struct slice why;
};
ES_MUST_USE enum es_err node_refusals(struct node *n, bool (*each)(void *ctx, const struct refusal *r), void *ctx);
/* It is told no more. ES_NOT_FOUND: no such refusal. */
ES_MUST_USE enum es_err node_refusal_aside(struct node *n, int64_t no);
/* Open and accepted ones; false from each stops. */
ES_MUST_USE enum es_err node_inbox(struct node *n, bool (*each)(void *ctx, const struct inbox_item *i), void *ctx);
/* A proposal for another hub's record: `e` names it. ES_NOT_FOUND, ES_EXISTS (it is ours). */
ES_MUST_USE enum es_err node_propose(struct node *n, const struct edit *e, struct edit_result *out);
/* Answers what is addressed to us; the proposer or offerer refusing withdraws it.
 * ES_NOT_FOUND, ES_NOT_ALLOWED. */
ES_MUST_USE enum es_err node_answer(struct node *n, int64_t no, bool accept, struct slice why);
/* Seats of an event, by its uid. The organiser's hub grants in order of arrival there;
 * what does not fit waits, and all who come later wait behind it, until places come free:
 * then the first who fits. */
struct seat {
	uint32_t no; /* of the request, drawn by its hub */
	struct id16 hub, structure;
	uint32_t persons;
	bool granted;
	bool noted; /* confirmed in a registration of the organiser's that asked for nothing: no request, `no` is 0 */
	bool waits; /* the request, or its grant, is not sealed yet */
	int64_t arrival; /* in which order it came here; 0: not sealed */
	struct position3 at; /* where it lies; seq 0: not sealed... */
	int64_t edit; /* ...then its place in the outbox */
};
struct seats {
	int64_t capacity; /* -1: no limit */
	bool by_structure; /* else by person */
	bool visits; /* each structure with a seat is visited (a formation-action) */
	bool closed; /* cancelled or over: nothing is granted any more */
	bool ours;
	int64_t granted, waiting;
	struct seat *list; /* those noted, then in order of arrival here, those not sealed last; malloc'd */
	size_t count;
};
/* ES_NOT_FOUND. */
ES_MUST_USE enum es_err node_seats(struct node *n, const struct id16 *event, struct seats *out);
void seats_done(struct seats *s);
/* Asks for seats; *no is the request's number. ES_NOT_FOUND, ES_NOT_ALLOWED (closed),
 * ES_TOO_LARGE (more than there are places), ES_BAD_VALUE (structure not known here, or
 * how many). */
ES_MUST_USE enum es_err node_ask_seats(struct node *n, const struct id16 *event, const struct id16 *structure,
				       uint32_t persons, uint32_t *no);
/* Withdraws a request of ours; what was granted is free again. ES_NOT_FOUND. */
ES_MUST_USE enum es_err node_cancel_seats(struct node *n, uint32_t no);
/* Offers a record of ours to another hub (L18). ES_NOT_FOUND, ES_OTHER_HUB, ES_EXISTS (offered already). */
ES_MUST_USE enum es_err node_hand_over(struct node *n, const struct id16 *uid, const struct id16 *to);
/* Forgets a record of ours everywhere, now here (R6). On the CRESS: a revoked
 * member's record. `forgot`: how many payloads were destroyed here. ES_NOT_FOUND,
 * ES_OTHER_HUB, ES_NOT_ALLOWED (it is on offer: withdraw first). */
ES_MUST_USE enum es_err node_forget(struct node *n, const struct id16 *uid, int64_t *forgot);
/* The same of a record by its id, deleted or not. `rest`: what is to stay of it is said
 * anew before the order, at its scopes; the fields of `without` (bits by index) are gone,
 * former values included, and `extra` (canonical, may be empty) stands for the old one
 * where that is among them. ES_CLOCK_SKEW: not with a clock that may be corrected. */
struct rest {
	const struct schema_kind *kind;
	uint64_t without;
	struct slice extra;
};
ES_MUST_USE enum es_err node_forget_record(struct node *n, const struct record_id *id, unsigned kind,
					   const struct rest *rest, int64_t *forgot);
/* After edits that withdrew a value from a wider scope: it is erased wherever it lay.
 * All that stands is said anew before the order. Nothing, where that cannot be now (a
 * record on offer, a clock that may be corrected): the value is withdrawn all the same. */
struct withdrawn {
	const struct schema_kind *kind;
	struct record_id record;
};
ES_MUST_USE enum es_err node_erase_withdrawn(struct node *n, const struct withdrawn *list, size_t count);
/* After an edit that moved a record home or away from there: our records that name it say so
 * where it may be seen now. Those of which something is withdrawn are appended, struct withdrawn. */
ES_MUST_USE enum es_err node_say_names(struct node *n, const struct schema_kind *k, const struct id16 *uid, struct buf *withdrawn);
/* Who has not acknowledged which erasure. */
struct erasure {
	struct forgotten what;
	size_t silent;
	const struct member *who[64]; /* the first of them */
};
ES_MUST_USE enum es_err node_erasures(struct node *n, bool (*each)(void *ctx, const struct erasure *e), void *ctx);

/* --- the control log (CRESS) --- */

/* Seals entries (whole changes, one after another in `count` slices) as one
 * control commit, L14's opens in front where this run has none. ES_AWAITING
 * while members are awaited (L11), ES_NOT_ALLOWED on a hub. */
ES_MUST_USE enum es_err node_control(struct node *n, const struct slice *entries, size_t count);
/* One entry alone, which is freed. */
ES_MUST_USE enum es_err node_enter(struct node *n, struct buf *entry);
/* Officers' entries. All: ES_AWAITING, ES_NOT_ALLOWED. */
ES_MUST_USE enum es_err node_suspend(struct node *n, const struct member *m, bool resume);
ES_MUST_USE enum es_err node_revoke(struct node *n, const struct member *m);
ES_MUST_USE enum es_err node_quota(struct node *n, const struct member *m, uint64_t bytes);
ES_MUST_USE enum es_err node_void(struct node *n, const struct id16 *log, uint64_t seq);
ES_MUST_USE enum es_err node_charter(struct node *n, struct slice version, struct slice text, bool mandatory);
ES_MUST_USE enum es_err node_checkpoint(struct node *n);
/* A data log's fork: cut at the common prefix, new generation. A control fork: ours
 * goes on. A log whose cut names what no disk holds any more: cut where we hold it. One
 * of which a checkpoint names another commit than we hold: ours stands, new generation.
 * ES_NOT_FOUND: nothing of that kind. */
ES_MUST_USE enum es_err node_resolve(struct node *n, const struct id16 *log);
ES_MUST_USE enum es_err node_alone(struct node *n);
/* Lets a fenced or too often restored copy of a hub in at its next call (L8): the one
 * that called last, where one has. Once more before it calls is nothing. ES_NOT_FOUND: none is
 * turned away. */
ES_MUST_USE enum es_err node_admit_instance(struct node *n, const struct member *m);
/* Takes new keys, written to the key file by the caller: a hub asks home, the CRESS
 * enters it at once. The old ones sign until the entry is applied. */
ES_MUST_USE enum es_err node_rotate(struct node *n, const struct node_keys *next);
/* The CRESS's key is lost or stolen: `seed` is the recovery key's. */
ES_MUST_USE enum es_err node_recover(struct node *n, const uint8_t seed[32], const struct node_keys *next,
					 uint64_t last_good /* control seq; UINT64_MAX: our head */);
/* Where a hub accepted the charter in force. */
bool node_charter_accepted(const struct node *n, const struct id16 *hub);
bool node_charter_due(const struct node *n); /* it waits for ours: we are a hub and a member */
ES_MUST_USE enum es_err node_accept_charter(struct node *n);
/* What `restore` does to a copy of the files: a new instance; on a CRESS, everyone
 * must report and every log gets a new generation (L2, L10, L13). */
ES_MUST_USE enum es_err node_restored(struct node *n);
/* How many reports are still awaited; of whom they may come, none where that is not known. */
size_t node_awaited(const struct node *n);
void node_awaited_each(const struct node *n, void (*each)(void *ctx, const char *name), void *ctx);
/* Writes a new invitation's text to out (INVITE_TEXT_MAX). `replaces`: the member
 * whose key is lost, NULL: nobody. ES_NO_ADDRESS. */
ES_MUST_USE enum es_err node_invite(struct node *n, const char *pays, const char *name, es_ms lifetime,
				    bool approved, const struct id16 *replaces, const char *address, char *out,
				    es_ms *expires);
/* The CRESS's own word that it no longer serves (node_cancel.c); ES_INVITE_USED: somebody has
 * asked to join with it, and waits. */
ES_MUST_USE enum es_err node_invite_cancel(struct node *n, const struct invitation_entry *e);
bool node_invite_cancelled(struct node *n, const struct hash *hash);
bool node_invite_open(struct node *n, const struct invitation_entry *e); /* still serves */
/* Who asks: an id, a name, a Pays code or a fingerprint. ES_NOT_FOUND, ES_AMBIGUOUS. */
ES_MUST_USE enum es_err node_find_request(struct node *n, struct slice who, struct join_request *out);
ES_MUST_USE enum es_err node_approve(struct node *n, const struct join_request *r);
ES_MUST_USE enum es_err node_deny(struct node *n, struct join_request *r);
/* A member by id, name or Pays code. */
ES_MUST_USE enum es_err node_find_member(const struct node *n, struct slice who, const struct member **out);

/* A JOIN body from a stranger with this X25519 key, over a handshake with this
 * hash; appends the JOINED body. An error is for BYE. */
ES_MUST_USE enum es_err node_join(struct node *n, struct slice body, const struct dh_public *key,
				  const uint8_t handshake[64], struct buf *joined);

#endif
