/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the session share among themselves.
 *
 *     session.c            events, messages, deadlines
 *     session_handshake.c  preambles, Noise
 *     session_greet.c      HELLO: who is it, what may it do here
 *     session_tracks.c     what is known of each log on both sides, as sets
 *     session_frontier.c   FRONTIER, ACK: comparing; what is confirmed and reported
 *     session_serve.c      WANT, CREDIT, COMMITS, NACK, both ways
 *     session_return.c     void commits given back, fork proofs
 *
 * A step costs what has changed: session_refresh() puts a log into the sets it
 * belongs to whenever something about it changes, and the rest walks sets. */
#ifndef PROTO_SESSION_PARTS_H
#define PROTO_SESSION_PARTS_H

#include "common/plant.h"
#include "proto/canon.h"
#include "proto/session.h"

/* One call of session_step(). */
struct step {
	struct session *s;
	const struct session_env *env;
	struct session_effects *fx;
};

enum set {
	SET_TELL, /* the peer may be told of it */
	SET_AHEAD, /* the peer has of it what we lack, or may: it is being probed */
	SET_WANT, /* to be asked for */
	SET_WAIT, /* to be asked for again, later */
	SET_SERVE, /* asked for, and there is something to send */
	SET_NEWS, /* the peer does not know our head */
	SET_CHECK, /* in the `compare` under way */
	SET_OURS, /* our own data logs */
	SET_PEERS, /* the peer's */
	SETS
};
bool set_has(const struct session *s, enum set which, uint32_t i);
void set_put(struct session *s, enum set which, uint32_t i, bool in);
/* The first member at or above `from`; -1: none. */
int set_next(const struct session *s, enum set which, uint32_t from);
#define FOR_SET(i, s, which) for (int i = set_next(s, which, 0); i >= 0; i = set_next(s, which, (uint32_t)i + 1))

/* session.c */
/* Nothing is sent once it is closed. */
void session_send(struct step *t, enum wire_type type, const struct buf *body, bool compress);
/* BYE where the ciphers are agreed, then nothing more. */
void session_close(struct step *t, enum es_err why);
bool session_home(const struct step *t); /* is the peer our home? */
/* Do we hear out somebody who gets nothing in return? */
bool session_mute(const struct step *t);

/* session_handshake.c */
/* The transport is up. */
void session_start(struct step *t);
/* Takes bytes off `in` while the handshake lasts. */
void session_shake(struct step *t, struct slice *in);

/* session_greet.c */
void session_hello(struct step *t);
void session_on_hello(struct step *t);
void session_on_greeted(struct step *t, const struct session_event *ev);
/* Closes where a membership has ended meanwhile. */
void session_check_members(struct step *t);

/* session_tracks.c */
/* The peer's log by its id; -1: not known here. Control generations: 0. */
int session_find(const struct step *t, const struct id16 *log);
void session_refresh(struct step *t, uint32_t i);
/* After a step of the node: what has moved? Closes without memory. */
void session_resync(struct step *t);
bool session_ahead(const struct session *s); /* does the peer hold what we lack? */
void session_set_theirs(struct step *t, uint32_t i, uint64_t seq);

/* session_frontier.c */
void session_send_frontier(struct step *t);
/* News that nobody asked for is told by a FRONTIER, not too often. */
void session_tell_news(struct step *t);
es_ms session_news_at(const struct session *s); /* 0: none wait */
void session_on_frontier(struct step *t);
void session_on_ack(struct step *t);
void session_on_compared(struct step *t, const struct session_event *ev);
/* Positions of logs that were unknown. */
void session_retry_held(struct step *t);
/* The peer's copy of this log differs from ours: ask further back. */
void session_probe(struct step *t, uint32_t i);
/* CONTROL or STREAM, confirmed, reported; hangs up on whom was heard out. */
void session_settle(struct step *t);
/* Effects that wait for a free `body`: compare, level. */
void session_ask(struct step *t);

/* session_serve.c */
void session_send_wants(struct step *t);
void session_grant(struct step *t);
void session_load_next(struct step *t);
void session_send_nack(struct step *t, uint32_t i, uint64_t seq, enum es_err err);
void session_on_credit(struct step *t);
void session_on_want(struct step *t);
void session_on_commits(struct step *t);
void session_on_nack(struct step *t);
void session_on_stored(struct step *t, const struct session_event *ev);
void session_on_loaded(struct step *t, const struct session_event *ev);
/* Does a log that we asked for keep us waiting? */
bool session_waits(const struct session *s);

/* session_return.c */
/* Asks the node for something void to give, where it is time. */
void session_ask_returns(struct step *t);
void session_on_return(struct step *t);
void session_on_returned(struct step *t);
void session_on_fork(struct step *t);
void session_returns(struct step *t, const struct session_event *ev);
void session_returned(struct step *t, const struct session_event *ev);
void session_tell_fork(struct step *t, const struct session_event *ev);

#endif
