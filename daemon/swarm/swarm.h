/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom to dial, whom to accept, whom to leave alone; and the loop's own copy of
 * the rights. All of it lives on the loop's thread.
 *
 * Home is dialled for ever with full-jitter backoff (1 s to 60 s); a member
 * given by `connect` likewise until the daemon stops. At most
 * SWARM_HALF_OPEN connections may be without a known peer, SWARM_PER_ADDRESS of
 * one address; beyond, the oldest half-open one makes room. */
#ifndef DAEMON_SWARM_H
#define DAEMON_SWARM_H

#include <uv.h>
#include "daemon/swarm/worker.h"
#include "proto/session.h"

#define SWARM_HALF_OPEN 64
#define SWARM_PER_ADDRESS 4
#define SWARM_PEERS_MAX 2048
#define SWARM_DIAL_MIN_MS 1000
#define SWARM_DIAL_MAX_MS 60000
#define SWARM_PATIENCE_MS 300000
#define SWARM_STALL_MS 60000 /* a peer that takes nothing we write */
#define SWARM_TICK_MS 30000
#define SWARM_TARGETS_MAX 256

struct peer;
struct swarm;

struct target {
	struct swarm *swarm;
	bool home;
	struct id16 hub; /* connect: the member */
	struct dh_public key;
	char address[RIGHTS_ADDRESS_MAX + 1];
	struct peer *peer; /* while there is one */
	uv_timer_t timer;
	unsigned attempts;
	es_ms next_try; /* loop time */
	enum es_err last_err; /* why the last session ended */
	bool closing;
};

struct swarm {
	uv_loop_t *loop;
	struct worker *worker;
	struct node_keys *keys;
	struct rights rights; /* the loop's copy */
	struct id16 self;
	enum role role;
	struct rng rng;
	int buffers;
	char listen[RIGHTS_ADDRESS_MAX + 1], advertise[RIGHTS_ADDRESS_MAX + 1];
	uv_tcp_t *listener; /* NULL: nobody may call */
	bool stopping;
	struct target *targets[SWARM_TARGETS_MAX];
	size_t target_count;
	struct peer *peers; /* list */
	size_t peer_count, half_open;
	uint64_t refused[ES_ERR_COUNT];
	uint64_t bytes_in, bytes_out; /* on the wire, all peers, since the start */
	uint64_t confirm_us; /* last home session: from connect() until home held all */
	/* what a hub says to be let in */
	bool joining, join_approved, join_denied;
	uint32_t join_epoch; /* of keys that replace lost ones; else 0 */
	uint64_t sessions; /* numbers given so far */
	uv_timer_t tick; /* node_tick() at least once a minute */
	struct id16 join_secret;
	struct hash join_charter;
	char name[RIGHTS_NAME_MAX + 1];
	/* The last log that was refused, here or by a peer. */
	struct {
		enum es_err err;
		bool ours; /* a peer will not take it */
		uint64_t seq;
		char log[32]; /* its id, as people see it */
	} blocked;
	struct {
		struct id16 log;
		struct buf body;
	} *proofs;
	size_t proof_count;
	/* The last copy of a hub that was turned away. */
	struct {
		enum es_err err;
		struct id16 hub, instance;
	} turned_away;
	es_ms started; /* loop time */
	es_ms home_since; /* UTC: home holds all of ours since then, in this session or the last */
	struct swarm_heard {
		struct id16 hub;
		es_ms at; /* loop time */
	} *heard; /* the last word of members whose sessions have ended */
	size_t heard_count;
	bool clock_heard; /* clock_skew_ms is home's word */
	es_ms clock_skew_ms; /* home's UTC minus ours, last heard */
};

/* `s` is zeroed memory with keys, self, role, name, listen... filled in; the
 * worker is set before anything is dialled. ES_CONFIG: the address cannot be bound. */
ES_MUST_USE enum es_err swarm_start(struct swarm *s, const char *home_address, const struct dh_public *home);
/* Other addresses from now on; sessions go on, members hear of it when they next meet us.
 * ES_CONFIG: the new one cannot be bound, all is as before. */
ES_MUST_USE enum es_err swarm_readdress(struct swarm *s, const char *listen, const char *advertise);
/* Says BYE to all and closes; the loop then runs dry. */
void swarm_stop(struct swarm *s);
/* A log was refused with a code that asks for a human. */
void swarm_blocked(struct swarm *s, const struct id16 *log, uint64_t seq, enum es_err err, bool ours);
/* Hooks for the worker. */
void swarm_grew(struct swarm *s);
void swarm_control(struct swarm *s, struct slice packed);
void swarm_control_anew(struct swarm *s);
void swarm_keys(struct swarm *s, const struct node_keys *keys);
void swarm_close(struct swarm *s, uint64_t session, enum es_err why);
void swarm_proof(struct swarm *s, const struct id16 *log, struct slice body);
/* A session has reached STREAM: it is told of every fork we know. */
void swarm_tell_proofs(struct swarm *s, struct peer *p);
/* A hub was told why its session cannot be (fenced, too many restorations). */
void swarm_told(struct swarm *s, const struct id16 *hub, const struct id16 *instance, enum es_err why);
/* Dials a member at an address, for as long as the daemon runs. */
ES_MUST_USE enum es_err swarm_connect(struct swarm *s, const struct member *m, const char *address);
/* Somebody waits: whoever is not connected is dialled within a second. */
void swarm_hurry(struct swarm *s);
/* The live session with a member, or NULL. */
const struct session *swarm_session(const struct swarm *s, const struct id16 *hub);
/* Loop time of its last word in this run, in a session that lives or in one that has
 * ended; 0: none. */
es_ms swarm_heard(const struct swarm *s, const struct id16 *hub);
/* That session ends. */
void swarm_hear(struct swarm *s, const struct session *session);
/* contract.md, `wait --synced`: nothing waits here or on the other side. */
bool swarm_synced(const struct swarm *s);
void swarm_env(struct swarm *s, struct session_env *env);

/* Splits "host:port" ("[::1]:4446" too). False where it is neither. */
bool address_split(const char *address, char *host, size_t host_size, char *port, size_t port_size);
/* 0.0.0.0, ::, empty or *: nothing to advertise. */
bool address_is_wildcard(const char *address);

#endif
