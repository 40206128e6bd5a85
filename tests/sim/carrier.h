/* SPDX-License-Identifier: Apache-2.0
 *
 * A machine with a node on it, in virtual time: what worker.c, swarm.c and peer.c
 * do for the daemon.
 *
 *     effects -> tasks -> one writer step (a transaction) -> events      peer.c
 *     the journal has grown -> the directory follows, later             worker.c
 *     home is dialled for ever, 1 to 60 s; others as drawn              swarm.c
 *
 * A process ends by kill, power loss, an I/O error or a damaged page; the machine
 * starts it again after a while (all but the last: a human's work). */
#ifndef SIM_CARRIER_H
#define SIM_CARRIER_H

#include "daemon/node/node.h"
#include "daemon/node/task.h"
#include "proto/session.h"
#include "tests/sim/disk.h"
#include "tests/sim/world.h"

#define TARGETS_MAX 16
#define ROOM_BYTES (512 * 1024)
#define STALL_MS 60000
#define TICK_MS 55000
#define DIAL_HURRY_MS 1000

struct target {
	struct sim_node *owner;
	bool home, only_alone; /* dialled only while home cannot be reached */
	int to; /* machine */
	struct id16 hub;
	struct peer *peer;
	unsigned attempts;
	uint64_t dials; /* to, or from, an odd machine */
	es_ms first_dial;
	uint64_t no; /* of the dial asked for: older ones are void */
	enum es_err last_err;
};

struct peer {
	struct sim_node *owner;
	struct peer *next, **at;
	uint64_t no;
	unsigned run; /* of the process */
	struct target *target; /* NULL: it came to us */
	struct session session;
	struct conn *conn;
	int side;
	bool connected, closing, greeted, join_sent, judged, noted;
	bool confirmed, reported; /* told to the node */
	size_t watched; /* of what its session has heard, the judge has looked at */
	bool streams;
	struct id16 nacked; /* a log that the other end will not have, and how often it said so */
	unsigned nacks;
	bool floods; /* so it has given what was not asked for */
	es_ms streams_since;
	unsigned confirmations;
	unsigned refs; /* tasks and events under way */
	es_ms timer; /* armed for; 0: not */
	es_ms since;
	struct tap *tap; /* of a hostile machine's session: what it hears */
};

enum life { LIFE_UP, LIFE_DOWN /* starts again */, LIFE_STOPPED /* a human must act */, LIFE_GONE };

/* What waits for the writer. */
enum work_kind { WORK_TASK, WORK_EDIT, WORK_OFFICER, WORK_ERASED };
struct work {
	enum work_kind kind;
	struct work *next;
	struct peer *peer;
	uint64_t peer_no;
	bool is_task, edits, reads, done_called;
	struct task task;
	/* A human's act: run inside the transaction, told afterwards (err: of the act or the commit). */
	enum es_err (*run)(struct sim_node *s, struct work *k);
	void (*told)(struct sim_node *s, struct work *k, enum es_err err);
	void *ctx;
	uint64_t a, b;
	enum es_err err;
};

struct sim_node {
	struct world *w;
	int no; /* of the machine and of its disk */
	int who; /* index of the identity: clones share it */
	char dir[32];
	enum role role;
	struct disk *disk;
	struct sign_secret old_sign; /* of before its last rotation */
	struct node_keys keys, next_keys; /* next: taken with the rotation's entry */
	bool has_next;
	struct id16 hub;
	struct node *n; /* NULL: no process */
	struct directory *d;
	enum es_err directory_err;
	enum life life;
	enum es_err stopped; /* why it was stopped */
	unsigned epoch; /* of the disk, as this process knows it */
	unsigned runs; /* processes so far */
	struct clock clock;
	struct rng rng; /* of this process's sessions */
	int buffers;
	struct peer *peers;
	size_t peer_count;
	struct target targets[TARGETS_MAX];
	size_t target_count;
	uint64_t target_no;
	struct work *queue, **tail;
	size_t queued;
	uint64_t writer_no; /* of the step asked for */
	es_ms writer_at;
	struct erase_target erase, erased; /* see worker.c */
	bool names_due, projecting, scrub_waits, stepping, refuses, listens, home_away;
	es_ms home_lost; /* since when there is no session with home */
	es_ms exit_at; /* last exit */
	/* joining */
	bool joining, join_approved, join_denied;
	struct id16 join_secret;
	struct hash join_charter;
	char name[RIGHTS_NAME_MAX + 1], advertise[64];
	struct hostile *hostile; /* breaks rules now, and is not judged like the others; NULL */
	bool liar; /* broke rules on purpose at some time */
	bool odd; /* so, or spoke another version: who parts with it may say so */
	bool deaf; /* a hostile one that does not listen */
	bool fenced_seen;
	unsigned crashes, io_exits, restores;
	int64_t seen_pos; /* check.c: commits looked at */
	bool went_back; /* its files are older ones */
	bool flipped; /* a bit of its files was turned... */
	bool renewed; /* ...and its directory taken away since */
	struct watched *watched; /* watch.c's */
};

#define WHO_MAX 4096
/* Which machine answers for an identity's address. */
int address_machine(const struct world *w, const char *address);
void machine_address(int no, char out[64]);

/* A machine without a process; its disk is empty. */
struct sim_node *machine_new(struct world *w, int no, int who, enum role role, const struct node_keys *keys);
void machine_free(struct sim_node *s);
/* Starts the process; false: it stopped at once (s->stopped says why). */
bool machine_start(struct sim_node *s);
/* Ends. The first two start again after `down` ms. */
void machine_kill(struct sim_node *s, es_ms down);
void machine_power_loss(struct sim_node *s, enum disk_power how, es_ms down);
/* A clean stop, for a human's work on the files; stays down. */
void machine_stop(struct sim_node *s);
void machine_dial(struct sim_node *s, int to, const struct id16 *hub, bool home, bool only_alone);
void machine_hurry(struct sim_node *s);
es_ms machine_utc(const struct sim_node *s);

bool sim_up(const struct sim_node *s);
bool sim_refuses(const struct sim_node *s);
void sim_env(struct sim_node *s, struct session_env *env);
/* Runs inside a writer step soon. */
void sim_post(struct sim_node *s, struct work *k);
struct work *sim_act(struct sim_node *s, bool edits, enum es_err (*run)(struct sim_node *s, struct work *k),
		     void (*told)(struct sim_node *s, struct work *k, enum es_err err), void *ctx);
void sim_hurry_writer(struct sim_node *s, es_ms in);
void sim_project_soon(struct sim_node *s);
/* All proofs of forks that it has, to one peer or (NULL) to all. */
void sim_tell_proofs(struct sim_node *s, struct peer *p);
void machine_exit(struct sim_node *s, enum es_err why);
bool machine_crashed(struct sim_node *s); /* the disk went down under it: ends the process */

/* --- peers (peer.c's half) --- */

struct peer *peer_accepted(struct sim_node *s, struct conn *c);
void peer_connected(struct peer *p);
void peer_bytes(struct peer *p, struct slice bytes);
void peer_ended(struct peer *p);
void peer_room(struct peer *p);
void peer_event(struct peer *p, enum session_event_type type);
void peer_step(struct peer *p, struct session_event *ev);
void peer_close(struct peer *p, enum es_err why);
void peer_task_done(struct peer *p, struct work *k);
void peer_unref(struct peer *p);
void peers_grew(struct sim_node *s);
void peers_drop(struct sim_node *s, bool vanish); /* the process ends */
struct peer *peer_find(struct sim_node *s, uint64_t no);
void target_retry(struct target *t);
void target_soon(struct target *t, es_ms in);

#endif
