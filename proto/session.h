/* SPDX-License-Identifier: Apache-2.0
 *
 * One conversation with one peer: who has more, and sending the difference.
 *
 * The session performs no I/O, reads no clock and draws no random number of its
 * own. It is told what happened and answers with what to do:
 *
 *     event -> session_step() -> effects
 *
 *     HANDSHAKE -> GREETING -> CONTROL -> STREAM -> CLOSED
 *        3 Noise     HELLO      control     WANT, COMMITS, ACK
 *        messages    FRONTIER   log level   RETURN, both ways
 *
 * Home judges a hub's HELLO before it answers (`greet`). Who may only show what it
 * holds (a fenced copy, a revoked member, a key that home does not know) gets an
 * empty FRONTIER, is asked for what home lacks, and is then told to go. Who asks to
 * join stays in GREETING. Any error closes, after a BYE that names it where the
 * handshake was done.
 *
 * Ownership: a session owns its buffers; session_done() frees them and gives
 * its credit back to the pool. Events are borrowed for the call. Effects borrow
 * from the session and are valid until the next step.
 * Time: milliseconds on any monotonic clock, except `utc`. Not thread-safe. */
#ifndef PROTO_SESSION_H
#define PROTO_SESSION_H

#include "common/rng.h"
#include "proto/frontier.h"
#include "proto/rights.h"
#include "proto/wire.h"

#define SESSION_HANDSHAKE_MS 5000
#define SESSION_FRAME_MS 30000
#define SESSION_PING_MS 30000
#define SESSION_DEAD_MS 90000
#define SESSION_RETRY_MS 2000 /* a log that has to wait is asked for again */
#define SESSION_RETRY_TIMES 5 /* that wait doubles so often */
#define SESSION_STALL_MS 60000 /* a peer that claims to hold what we lack, and gives nothing */
#define SESSION_FORKED_MS 5000 /* for the peer to learn our control branch, once we know its */
#define SESSION_RETURNS_MS 10000 /* between two looks for void commits to give back */
#define SESSION_CREDIT_BUSY 4 /* messages granted while catching up */
#define SESSION_BUFFERS 64 /* commit buffers shared by all sessions of a node */
#define SESSION_BUFFERS_SPARE 16 /* kept for sessions that catch up */

enum session_state {
	SESSION_HANDSHAKE, SESSION_GREETING, SESSION_CONTROL, SESSION_STREAM, SESSION_CLOSED
};

/* What the node knows, lent for a step. */
struct session_env {
	const struct rights *rights;
	const struct frontier *frontier; /* ours; indexes never change */
	struct id16 self;
	enum role role;
	struct id16 instance;
	uint64_t lineage;
	const struct dh_secret *dh;
	const struct dh_secret *dh_former; /* a CRESS's, whom members away for weeks still call; NULL: none */
	struct rng *rng;
	int *buffers; /* free commit buffers of the node */
	const char *software; /* "essaimd 0.1" */
	es_ms now; /* monotonic */
	es_ms utc;
};

enum session_event_type {
	SESSION_EV_START, /* the transport is up: the initiator speaks first */
	SESSION_EV_BYTES, /* `bytes` arrived; what was taken is cut off its front */
	SESSION_EV_STORED, /* a message handed out as `store` is durable, or `err` */
	SESSION_EV_LOADED, /* `bytes`: COMMITS body asked for by `load`, up to `seq` */
	SESSION_EV_GREW, /* our frontier or rights changed */
	SESSION_EV_ROOM, /* the transport can take more */
	SESSION_EV_TIME, /* the deadline has passed */
	SESSION_EV_JOIN, /* client: send `bytes` as JOIN; server: as JOINED */
	SESSION_EV_GREETED, /* answer to `greet`: err, pending, report_only */
	SESSION_EV_COMPARED, /* answer to `compare`: `bytes`, [index...] of logs that differ,
				as our frontier numbers them */
	SESSION_EV_FORK, /* tell the peer of this proof: `bytes`, about log `log` */
	SESSION_EV_RETURNS, /* answer to `returns`: `bytes` is a RETURN body; empty: none */
	SESSION_EV_RETURNED, /* answer to `give_back`: `bytes` is the RETURNED body */
	SESSION_EV_CLOSE /* say BYE with `err` and stop */
};
struct session_event {
	enum session_event_type type;
	struct slice *bytes;
	uint32_t log; /* index in the frontier: LOADED, STORED */
	uint64_t seq;
	enum es_err err;
	bool pending; /* GREETED: this hub's logs get a new generation (L4) */
	bool report_only; /* GREETED: it may show what it holds, and nothing else (L11, L22) */
};

struct session_effects {
	struct buf *send; /* appended to: the caller's */
	bool identified; /* the peer is the member `session.peer` */
	bool store; /* write `body` (the caller may take the buffer) for log `store_log` */
	uint32_t store_log;
	struct buf *body;
	bool load; /* read commits of `load_log`: `load_seq` to `load_last` at most */
	uint32_t load_log;
	uint64_t load_seq, load_last;
	bool ack; /* from home: `body` is an ACK or a FRONTIER, [[log, seq, id]...] durable there;
		     ids may be another's, the node compares */
	bool join; /* server: `body` is a JOIN to answer; client: `body` is the JOINED */
	bool nack; /* the peer will not take a log of ours */
	struct id16 nack_log;
	uint64_t nack_seq;
	enum es_err nack_err;
	bool greet; /* home: a hub's HELLO is to be judged (L1); nothing is answered before */
	bool compare; /* `body` is [[log, seq, id]...], heads of the peer at or below ours:
			 which differ from our chain? */
	bool level; /* home, the peer's generation is pending: `body` is [[log, seq]...],
		       what it is known to hold of its own logs (L5) */
	bool fork; /* `body` is a proof that the peer sent */
	bool give_back; /* `body` is a RETURN: void commits for their author (L9) */
	bool returns; /* level with home, or home with a hub: is there anything void to give? */
	bool returned; /* `body` is a RETURNED: [id...] durable at the peer */
	bool closed; /* hang up once `send` is out; session.why says why */
};

/* What we know of the peer's copy of one log; same index as the frontier. */
struct track {
	uint32_t theirs; /* seq the peer says it holds */
	uint32_t next; /* next seq to send; 0: the peer has not asked */
	uint32_t ours, offer; /* our head, and what of it the peer may have, when last looked at */
	uint32_t told; /* the head of ours that it knows: by FRONTIER, by our ACK, by our commits */
	uint32_t from; /* where our last WANT began */
	uint32_t step; /* how far back the last probe went; 0: not probing */
	bool said; /* our FRONTIER has named it */
	bool listed; /* the peer's has: only then can it be asked for */
	bool asked; /* we asked for it */
	bool fresh; /* nothing has come since: the first commit must be `from` */
	bool waits; /* to be asked for again at retry_at */
	bool held_up; /* until a human here lets it in: nothing that we lack */
	bool refused; /* the peer's copy does not verify: not asked for again */
	bool blocked; /* here, when last looked at */
	bool due; /* the peer's head is to be compared with our chain */
	bool differs; /* it does not lie on our chain */
};

struct session {
	enum session_state state;
	bool initiator, join_only;
	enum es_err why;
	struct noise noise;
	struct buf raw; /* handshake bytes not yet whole */
	bool preamble_seen;
	struct wire wire;
	bool wired;
	struct buf body; /* the message in hand */
	struct dh_public peer_key;
	bool known; /* peer_key is a member's */
	struct id16 peer; /* its hub id, once greeted */
	enum role peer_role;
	struct id16 peer_instance;
	uint64_t peer_lineage;
	int64_t peer_clock_ms; /* peer's UTC minus ours, when it greeted */
	int64_t clock_said; /* our UTC minus the monotonic clock, as HELLO said it... */
	struct id16 instance_said; /* ...and our instance */
	struct buf held; /* positions it named of logs that we do not know yet */
	struct buf checks; /* its heads at or below ours, to be compared */
	struct buf side; /* the body of `compare` or `level` */
	bool frontier_seen;
	struct track *tracks;
	size_t track_count;
	uint64_t *sets; /* bits over the tracks, see session_parts.h */
	size_t words; /* of one set */
	uint64_t rights_seq; /* control position that the sets were made for... */
	struct hash rights_id;
	struct hash told_control; /* ...and the control head that our last FRONTIER named */
	bool frontier_due; /* ours has news that the peer has not asked for */
	es_ms frontier_sent;
	uint64_t granted, got, stored; /* messages we allowed, received, finished */
	uint64_t limit, sent; /* messages we may send, have sent */
	bool loading; /* one `load` at a time */
	uint32_t load_log;
	uint64_t load_seq;
	bool room;
	bool confirmed; /* home holds all our logs: sealing is allowed */
	unsigned confirmations; /* how often that became true: an `open` of ours ends it (L7) */
	uint32_t own_logs; /* of ours, when it was last judged */
	bool reported; /* the peer has nothing that we lack (now) */
	bool pending; /* a generation is due: our side (hub) offers only what was acknowledged
			 (L2), home's side tells the node when it is level */
	bool report_only; /* L11, L22: home lets the hub show what it holds, no more; on either side */
	bool suspended; /* it was, when it greeted */
	bool stranger; /* L16: a key we do not know shows control entries */
	bool judging; /* `greet` waits for its answer */
	bool comparing; /* so does `compare` */
	bool returning; /* so does `returns`, or our RETURN for the peer's RETURNED */
	bool giving; /* so does `give_back` */
	bool returns_due, level_due;
	bool forked, peer_forked; /* the other control branch is known here, there (L15) */
	unsigned retries; /* how often in a row a log had to wait */
	uint8_t handshake[64];
	es_ms started, frame_began, heard, spoke, retry_at, progress, forked_at;
	es_ms returns_at, returns_later; /* not before; and when it is due then (0: it is not) */
};

void session_init(struct session *s, bool initiator, const struct dh_public *peer /* initiator */);
/* The client of a JOIN: stays in GREETING. */
void session_init_join(struct session *s, const struct dh_public *home);
void session_done(struct session *s, const struct session_env *env);
/* On an error in the peer's bytes the session closes: effects->closed, s->why. Takes at
 * most one message from ev->bytes: call again while bytes are left and it is open. */
void session_step(struct session *s, const struct session_env *env, struct session_event *ev,
		  struct session_effects *effects);
/* When to wake it with SESSION_EV_TIME. */
es_ms session_deadline(const struct session *s);
/* Commits that either side still lacks of the other. */
uint64_t session_lag(const struct session *s, const struct session_env *env);
/* The highest seq of log `index` that this peer may be given: home-first. */
uint64_t session_shareable(const struct session *s, const struct session_env *env, uint32_t index);

#endif
