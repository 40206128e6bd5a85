/* SPDX-License-Identifier: Apache-2.0
 *
 * What a session asks of its node, as values: a session's effects become tasks,
 * a task is run where the node lives (the writer's thread, or the simulator), and
 * its outcome goes back to the session as an event. peer.c and the simulator are
 * the two who carry them about.
 *
 *     session_step -> effects -> task_next() ... task_run() -> task_event() -> session_step */
#ifndef DAEMON_TASK_H
#define DAEMON_TASK_H

#include "daemon/node/node.h"
#include "proto/session.h"

enum task_type {
	TASK_STORE, /* COMMITS from a peer */
	TASK_LOAD, /* commits for a peer */
	TASK_ACK, /* home holds ours */
	TASK_JOIN, /* a stranger's JOIN */
	TASK_GREET, /* L1: judge a HELLO */
	TASK_COMPARE, TASK_FORK,
	TASK_LEVEL, /* L5: what a hub whose generation is pending holds */
	TASK_RETURNS, TASK_GIVE_BACK, TASK_RETURNED, /* L9 */
	TASK_REPORT, /* the session's `reported` has changed (L11, L12) */
	TASK_CONFIRM, /* home's word on our logs has changed (L7) */
	TASK_LINEAGE, /* before a home session is dialled (L1) */
	TASK_CLOSED /* the session is over; err says why */
};

struct task {
	enum task_type type;
	bool reads; /* writes nothing */
	bool in_memory; /* about a session: the node must hear it where the disk takes nothing, too */
	uint64_t session; /* the carrier's number for it, never reused */
	struct id16 hub, instance; /* the peer's */
	struct id16 said; /* our own instance, as HELLO said it */
	enum role role; /* the peer's */
	uint64_t lineage;
	int64_t clock_ms; /* CONFIRM: home's UTC minus ours */
	bool flag; /* CONFIRM, REPORT: true or false */
	uint32_t index;
	uint64_t seq, last;
	struct dh_public key;
	uint8_t handshake[64];
	struct buf body, out; /* owned */
	bool pending, report_only; /* GREET's answer */
	enum es_err err; /* CLOSED: why; else of task_run */
};

void task_init(struct task *t, enum task_type type, const struct session *s, uint64_t session);
void task_done(struct task *t);
/* The next task these effects ask for, in order; false: no more. Takes the bodies. */
bool task_next(struct session_effects *fx, struct session *s, uint64_t session, struct task *out);
/* In a journal transaction; t->err is its outcome too. */
enum es_err task_run(struct node *n, struct task *t);
/* On what errors is a task's part of the transaction kept? (The commits before the
 * one that was refused are.) */
bool task_keeps(enum es_err err);
/* Fills the event that tells the session; false: it needs none. `bytes` borrows. */
bool task_event(const struct task *t, struct slice *bytes, struct session_event *ev);

#endif
