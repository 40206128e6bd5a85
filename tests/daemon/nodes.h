/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole nodes in a temporary folder: a CRESS and its hubs, let in by its own
 * entries, and what passes between them without a session. One clock for all. */
#ifndef TESTS_DAEMON_NODES_H
#define TESTS_DAEMON_NODES_H

#include "daemon/node/node_parts.h"

#define PARTIES_MAX 8
#define CHARTER "Nous partageons nos fiches."

struct party {
	char dir[96], path[112];
	struct node_keys keys;
	struct node *n; /* NULL: stopped */
	struct directory *d;
	uint64_t session; /* with home; 0: none */
	uint64_t erased; /* erasures that the directory has followed */
	bool pending; /* home says that its logs get a new generation */
};
struct nodes {
	char dir[64];
	es_ms utc;
	struct rng rng;
	struct hash fed_id;
	uint8_t recovery[32]; /* seed of the paper key */
	struct party p[PARTIES_MAX]; /* the CRESS first */
	size_t count;
	uint64_t sessions;
};
enum { CRESS, AURAY, VANNES, RENNES };

void nodes_open(struct nodes *w, unsigned hubs);
void nodes_close(struct nodes *w);
/* Of a group of tests: the tables of conf/reference, loaded once. */
extern struct reference *nodes_ref;
int nodes_reference(void **state);
int nodes_done(void **state);
/* Of one test: its nodes are the state. */
int two_hubs(void **state);
int three_hubs(void **state);
int nodes_teardown(void **state);
struct party *party_join(struct nodes *w, const char *pays, const char *name);
void party_keys(struct nodes *w, struct node_keys *out); /* new ones */
void party_stop(struct party *p);
void party_start(struct nodes *w, struct party *p);
void party_restart(struct nodes *w, struct party *p);
/* Another machine with the same disk and the same keys, running. */
struct party *party_clone(struct nodes *w, struct party *of);

/* One step of the writer: STEP(w, p, node_edit(p->n, ...)). What the call wrote is
 * kept as the daemon keeps it; then what follows by itself, and the directory. */
void step_begin(struct nodes *w, struct party *p);
enum es_err step_end(struct party *p, enum es_err err);
#define STEP(w, p, call) (step_begin(w, p), step_end(p, (call)))
void idle(struct nodes *w, struct party *p); /* a step that asks nothing */
void project(struct party *p);

/* --- between nodes --- */

struct head *head_of(struct party *p, const struct id16 *log);
/* The hub's open log of that scope, as `p` knows it. */
struct head *own_head(struct party *p, const struct party *whose, enum scope scope);
/* What `to` lacks of one of `from`'s logs, from `seq` on, up to `upto`. */
enum es_err send_from(struct nodes *w, struct party *from, struct party *to, uint32_t index, uint64_t seq, uint64_t upto);
void send_control(struct nodes *w, struct party *from, struct party *to);
void send_data(struct nodes *w, struct party *from, struct party *to);
void send_acks(struct nodes *w, struct party *home, struct party *hub);
void send_returns(struct nodes *w, struct party *from, struct party *to);
/* The hub calls home: lineage, HELLO. What home says. */
enum es_err call(struct nodes *w, struct party *hub);
/* In an open session: all that both have passes until nothing moves. */
void settle(struct nodes *w, struct party *hub);
void hang_up(struct nodes *w, struct party *hub, enum es_err why);
/* A whole session; once more where home says so. */
void visit(struct nodes *w, struct party *hub);
void visit_all(struct nodes *w);
/* The hub seals without home: what it then has, home has not acknowledged. */
void seal_alone(struct nodes *w, struct party *hub);

/* --- records --- */

struct id16 uid_of(unsigned number);
struct record_id record_of(const struct party *creator, unsigned number);
enum es_err edit(struct nodes *w, struct party *p, unsigned number, const char *field, const char *text);
/* One field of it, as text. */
enum es_err edit_field(struct nodes *w, struct party *p, struct edit *e, const char *field, const char *text, bool must_exist,
		       struct edit_result *result);
/* Three edits of Auray's, each in a commit of its own, held by everybody. */
void three_edits(struct nodes *w);
bool shows(struct party *p, unsigned number, const char *text);
/* Does any of its files hold these bytes? */
bool on_disk(const struct party *p, const char *text);
/* Changes in the outbox that hold this text; the last one's op, salt and stamp. */
struct waiting {
	unsigned count, op;
	struct id16 salt;
	es_stamp edited;
};
struct waiting waiting(struct party *p, const char *text);
/* The same of stored commits, of any log; and where the last one stands. */
struct stored {
	unsigned count, op;
	struct id16 salt, log;
	es_stamp edited;
	uint64_t seq;
};
struct stored stored(struct party *p, const char *text);

#endif
