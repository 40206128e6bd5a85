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
#include "daemon/exchange.h"
#include "daemon/journal.h"
#include "proto/admit.h"
#include "proto/invite.h"

#define NODE_PATH_MAX 4096
#define NODE_OWNER_MAX 64
#define NODE_CLOCK_MAX_MS STAMP_SKEW_MAX_MS

struct node_keys {
	struct sign_public sign;
	struct sign_secret sign_secret;
	struct dh_public dh;
	struct dh_secret dh_secret;
};

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
	int64_t home_clock_ms; /* home's UTC minus ours in that session */
	bool opened; /* CRESS: this run's control generation is open (L14)... */
	struct id16 run_log; /* ...and its id */
	bool released; /* CRESS: this run has heard whom it awaited (L11) */
	bool alone; /* CRESS: --alone, waits for nobody (L11) */
	struct id16 *reported; /* CRESS: hubs that reported in this run */
	size_t reported_count;
	int64_t own_pos; /* our last commit: an edit waits until it is projected */
	/* What changed since the caller last looked. */
	bool grew, control_grew;
	int64_t damaged_index; /* a log found damaged when served, -1: none */
	uint64_t damaged_seq;
};

/* Reads the key file and the journal. ES_NO_NODE, ES_LOCKED, ES_KEY_OPEN,
 * ES_CONFIG, ES_PAGE_DAMAGED... */
ES_MUST_USE enum es_err node_open(const char *dir, const struct reference *ref, struct node **out);
void node_close(struct node *n);
/* Memory again from the disk, after a transaction that failed. */
ES_MUST_USE enum es_err node_reload(struct node *n);
bool node_member(const struct node *n); /* are we in the control log? */

/* node.key: two 32-byte seeds in hexadecimal, 0600. */
ES_MUST_USE enum es_err node_keys_create(const char *dir, struct rng *rng, struct node_keys *out);
ES_MUST_USE enum es_err node_keys_load(const char *dir, struct node_keys *out);

/* --- peers --- */

/* A COMMITS body from a peer, all of log `index`. On an error `seq` names the
 * commit; those before it are appended. ES_EXISTS: nothing new in it. */
ES_MUST_USE enum es_err node_receive(struct node *n, uint32_t index, struct slice body, uint64_t *seq);
/* An ACK body from home. */
ES_MUST_USE enum es_err node_acknowledged(struct node *n, struct slice body);
ES_MUST_USE enum es_err node_load(struct node *n, uint32_t index, uint64_t seq, struct buf *body, uint64_t *last);
/* Home session's number, counted up and durable before HELLO says it. */
ES_MUST_USE enum es_err node_next_lineage(struct node *n);

/* --- edits --- */

struct edit_result {
	struct id16 uid;
	enum edit_outcome outcome;
	enum scope kept_from; /* SCOPE_COUNT; else the wider scope whose value was withdrawn */
};
/* ES_OTHER_HUB, ES_NOT_FOUND (`must_exist`), ES_TOO_LARGE. Writes to the outbox. */
ES_MUST_USE enum es_err node_edit(struct node *n, const struct edit *e, bool must_exist, struct edit_result *out);
ES_MUST_USE enum es_err node_delete(struct node *n, const struct id16 *uid, struct edit_result *out);
/* May an edit be computed now, or must the directory first catch up? */
bool node_edit_ready(const struct node *n);
/* Names of the active members that may hold a scope's logs, this node apart. */
void node_holders(const struct node *n, enum scope scope, void (*each)(void *ctx, const char *name), void *ctx);

/* --- sealing --- */

/* Seals what waits and may be sealed, at most `commits` commits. *more: there
 * is more to seal now. */
ES_MUST_USE enum es_err node_seal(struct node *n, unsigned commits, bool *more);

/* --- the control log (CRESS) --- */

/* Seals entries (whole changes, one after another in `count` slices) as one
 * control commit, L14's opens in front where this run has none. ES_AWAITING
 * while members are awaited (L11), ES_NOT_ALLOWED on a hub. */
ES_MUST_USE enum es_err node_control(struct node *n, const struct slice *entries, size_t count);
/* L11: a hub's heads have been heard in this run. */
ES_MUST_USE enum es_err node_reported(struct node *n, const struct id16 *hub);
/* How many reports are still awaited, and of whom (JSON array of names). */
size_t node_awaited(const struct node *n, struct buf *json);
/* Writes a new invitation's text to out (INVITE_TEXT_MAX). ES_NO_ADDRESS. */
ES_MUST_USE enum es_err node_invite(struct node *n, const char *pays, const char *name, es_ms lifetime,
				    bool approved, const char *address, char *out, es_ms *expires);
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
