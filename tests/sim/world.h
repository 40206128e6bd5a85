/* SPDX-License-Identifier: Apache-2.0
 *
 * Virtual time, and the lines between the machines. Everything that happens is
 * an event in one heap, ordered by time and then by the order in which it was
 * asked for; every draw comes from the one seed. No thread, no real clock, no
 * address decides anything.
 *
 *     connection   two ends, each direction a queue of pieces in order (TCP): late,
 *                  held while the way is blocked, lost only with the connection
 *     way          from node to node: blocked by islands and one-way partitions
 *
 * Time: milliseconds since the world began; a node's wall clock is its own. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "common/bytes.h"
#include "common/rng.h"
#include "common/stamp.h"

#define WORLD_EPOCH_MS 1764000000000ll /* UTC at time 0 on a right clock */
#define NODES_MAX 4096

struct world;
struct sim_node;
struct conn;
struct peer;

struct event {
	es_ms at;
	uint64_t no;
	void (*run)(struct world *w, const struct event *e);
	void *ctx;
	uint64_t a, b;
};

/* A wall clock: what it showed at some moment, and how it went on from there. */
struct clock {
	es_ms utc, mono;
	int64_t ppm; /* creep */
	bool frozen;
};

/* How the lines are in this run. */
struct lines {
	es_ms latency_min, latency_max; /* of a pair, drawn once */
	es_ms jitter; /* of each piece */
	es_ms delay; /* a fault: up to so much more for each piece, while it lasts */
	uint32_t bytes_per_ms;
	uint32_t loss_ppm; /* of pieces: the connection is reset */
	uint32_t piece_max; /* bytes; small ones cut messages anywhere */
	es_ms connect_timeout;
};

struct way { /* blocked one way; -1: any node */
	int from, to;
};

struct world {
	uint64_t seed;
	es_ms now;
	struct event *heap;
	size_t heap_count, heap_cap;
	uint64_t event_no;
	bool stopped;
	struct rng net_rng, rng; /* of the lines; of everything else */
	struct lines lines;
	struct sim_node *nodes[NODES_MAX + 1]; /* from 1 */
	int node_count;
	int island[NODES_MAX + 1];
	struct way ways[64];
	size_t way_count;
	struct conn *conns; /* all that are alive */
	uint64_t conn_no, peer_no, pieces, bytes, resets;
	struct judge *judge; /* check.c's */
	struct people *people; /* human.c's */
	struct plan *plan; /* schedule.c's */
	const struct reference *ref;
	bool few_pays; /* a small first control commit */
	bool crowded; /* many nodes: what they hold alike is held once */
	const struct disk_image *directory_template; /* an empty directory.db; NULL: made each time */
};

void world_init(struct world *w, uint64_t seed);
void world_done(struct world *w);
void world_at(struct world *w, es_ms at, void (*run)(struct world *w, const struct event *e), void *ctx, uint64_t a, uint64_t b);
void world_in(struct world *w, es_ms in, void (*run)(struct world *w, const struct event *e), void *ctx, uint64_t a, uint64_t b);
/* Runs events up to and including `until`, or until stopped. */
void world_run(struct world *w, es_ms until);
/* From low to high, both included. */
uint64_t draw(struct rng *r, uint64_t low, uint64_t high);
bool chance(struct rng *r, uint32_t per_million);
/* Log-uniform: as often 1..10 as 10..100. */
uint64_t draw_log(struct rng *r, uint64_t low, uint64_t high);

es_ms clock_utc(const struct clock *c, es_ms now);
void clock_right(struct clock *c, es_ms now);
void clock_jump(struct clock *c, es_ms now, es_ms by);
void clock_freeze(struct clock *c, es_ms now, bool frozen);
void clock_creep(struct clock *c, es_ms now, int64_t ppm);

/* --- lines --- */

bool way_blocked(const struct world *w, int from, int to);
/* After islands or ways have changed: what was held goes on. */
void ways_changed(struct world *w);
void ways_heal(struct world *w);

/* An end is the carrier's peer; told by peer_connected, peer_bytes, peer_ended, peer_room. */
struct conn *net_dial(struct world *w, int from, int to, struct peer *end);
/* False: no such connection any more. Takes nothing. */
void net_send(struct conn *c, int side, const void *p, size_t len, bool last);
/* Bytes handed over and not yet at the other machine. */
size_t net_writing(const struct conn *c, int side);
/* Since when nothing of it has moved; 0: nothing waits. */
es_ms net_stalled(const struct conn *c, int side);
/* This end lets go: the other one hears of it (FIN), or not (the machine is gone). */
void net_close(struct conn *c, int side);
void net_vanish(struct conn *c, int side);
/* A fault: both ends are told that it broke. */
void net_reset(struct conn *c);
int conn_node(const struct conn *c, int side);
/* A random connection that is alive, or NULL. */
struct conn *net_any(struct world *w, struct rng *r);

#endif
