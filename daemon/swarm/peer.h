/* SPDX-License-Identifier: Apache-2.0
 *
 * A session on a TCP stream: moves its bytes, performs its effects through the
 * worker, reports back. Freed once closed and no job of it is under way. */
#ifndef DAEMON_PEER_H
#define DAEMON_PEER_H

#include "daemon/node/task.h"
#include "daemon/swarm/swarm.h"

struct peer {
	struct peer *next, **at; /* in the swarm's list */
	struct swarm *swarm;
	struct target *target; /* NULL: it came to us */
	struct session session;
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_getaddrinfo_t resolve;
	uv_connect_t connect;
	unsigned open_handles, jobs;
	bool connected, closing, counted_half, greeted, reported, join_sent;
	bool noted; /* the node has been asked about it: it keeps the session until told of its end */
	uint64_t no; /* never used again */
	bool confirmed, streams;
	unsigned confirmations; /* told to the writer */
	size_t writing; /* bytes handed to libuv, not yet gone */
	es_ms stalled; /* since when; 0: not */
	es_ms since; /* loop time of the start */
	uint64_t dialled_ns; /* when connect() was called */
	char from[64]; /* address it came from */
	struct session_event *event;
};

/* A connection that the listener has ready. */
void peer_accept(struct swarm *s);
void peer_dial(struct swarm *s, struct target *t, bool join);
/* Says BYE with `why`. */
void peer_end(struct peer *p, enum es_err why);
void peer_fork(struct peer *p, uint32_t index, struct slice proof);
void peer_close(struct peer *p, enum es_err why);
void peer_event(struct peer *p, enum session_event_type type);

#endif
