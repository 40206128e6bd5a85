/* SPDX-License-Identifier: Apache-2.0
 *
 * Nodes that break the rules on purpose, and peers of another version. A hostile
 * machine runs the real core with its real keys; what it says is changed between
 * the core and the line, and now and then it says something of its own:
 *
 *     hostile.c         who, when, which trick; the end of it
 *     hostile_wire.c    between core and line: reads what comes, changes what goes
 *     hostile_craft.c   messages and commits that no core would make
 *     hostile_home.c    what only a CRESS can do: two worlds, short checkpoints
 *     hostile_judge.c   what the honest ones must not do or miss, whatever they hear
 *
 * All draws come from a stream of their own: a run without them is what it was. */
#ifndef SIM_HOSTILE_H
#define SIM_HOSTILE_H

#include "tests/sim/carrier.h"

enum trick {
	/* said once, to one peer */
	TRICK_GARBAGE, TRICK_TRUNCATED, TRICK_OVERLONG, TRICK_RAW, TRICK_FLAGS, TRICK_TYPE, TRICK_FLOOD, TRICK_CREDIT,
	TRICK_WANT_PRIVATE, TRICK_FRONTIER, TRICK_ACK, TRICK_NACK, TRICK_FALSE_PROOF, TRICK_RETURN, TRICK_RETURNED,
	TRICK_BYE, TRICK_COMMIT,
	/* in all that it says, for a while */
	TRICK_FLIP, TRICK_BITS, TRICK_MUTE, TRICK_TWICE, TRICK_HELLO, TRICK_SHAKE, TRICK_REPLAY, TRICK_DEAF, TRICK_BRANCH,
	/* home's */
	TRICK_WITHHOLD, TRICK_NO_ACK, TRICK_LEAK, TRICK_CHECKPOINT, TRICK_TWO_HOMES, TRICK_ROLLBACK,
	/* another version's */
	TRICK_PREAMBLE, TRICK_HELLO_VERSION, TRICK_NEW_TYPE, TRICK_NEW_DATA, TRICK_NEW_ENTRY, TRICKS
};
const char *trick_name(enum trick t);

enum hostile_kind { HOSTILE_HUB, HOSTILE_HOME, HOSTILE_VERSION };

/* Its own log, told to some as another one. */
#define BRANCH_MAX_SEEN 64
struct branch_commit {
	uint64_t seq;
	struct hash a, b; /* ids: the core's, theirs */
	struct buf packed; /* theirs */
};

struct hostile {
	enum hostile_kind kind;
	struct rng *rng; /* the plan's */
	bool active;
	es_ms until[TRICKS]; /* those that last */
	unsigned done[TRICKS];
	uint64_t to; /* bits of machines below 64 to whom the lasting ones are played */
	unsigned mute_type; /* TRICK_MUTE: what it does not say */
	struct id16 victim; /* TRICK_WITHHOLD, TRICK_NO_ACK: whose logs */
	struct id16 branch_log;
	uint32_t branch_index;
	uint64_t branch_from;
	struct branch_commit branch[BRANCH_MAX_SEEN];
	size_t branch_count;
	struct buf old; /* what it once said in a session, to be replayed... */
	uint64_t old_from; /* ...and the number of that peer */
	struct disk_image *image; /* TRICK_ROLLBACK: its files... */
	uint8_t *held; /* ...and what the judge says is in them */
	size_t held_count;
	int other_home; /* TRICK_TWO_HOMES: its machine */
	bool wrong_ids; /* TRICK_CHECKPOINT: with ids that are not */
};

/* Who is hostile, what happens when. `only`: that kind of fault alone, -1: as drawn. */
void hostile_plan(struct world *w, int only);
/* A focus: this hub is hostile from now on. */
void hostile_turn(struct world *w, struct sim_node *s);
/* Faults stop: evidence is looked at, and nobody lies any more. */
void hostile_end(struct world *w);
void hostile_free(struct hostile *h);

/* --- hostile_wire.c --- */

struct spoken { /* the outgoing cipher before a step */
	bool wired;
	struct wire_half out;
};
struct tap { /* of one session, the hostile end */
	size_t skip; /* bytes of the handshake still to come */
	bool begun, lost;
	struct wire wire;
	struct buf body;
};
bool hostile_plays(const struct hostile *h, const struct peer *p, enum trick t);
void hostile_before(const struct peer *p, struct spoken *b);
/* Changes what a step has written to `send`. */
void hostile_say(struct peer *p, const struct spoken *b, struct buf *send);
/* The core has taken these bytes. */
void hostile_heard(struct peer *p, struct slice taken);
void hostile_tap_free(struct tap *t);
/* A message, a bare frame, or bytes, now. */
void hostile_send(struct peer *p, unsigned type, struct slice body, bool compress);
void hostile_frame(struct peer *p, uint8_t type, uint8_t flags, struct slice body);
void hostile_bytes(struct peer *p, struct slice bytes);

/* --- hostile_craft.c --- */

/* One of the tricks that are said once. */
void hostile_trick(struct peer *p, enum trick t);
/* A commit with this twist, of a log of its own; -1: no twist of that name. */
int hostile_twist(const char *name);
void hostile_lie(struct peer *p, int twist);
/* Signs the commit again with another salt in it, following `prev` where one is given. */
bool craft_twin(struct sim_node *s, struct slice packed, const struct hash *prev, struct buf *out, struct hash *id);

/* --- hostile_home.c --- */

/* A second home with the same keys, to which some of the hubs are led; it goes again. */
void home_two_worlds(struct sim_node *s);
void home_one_world(struct sim_node *s);
/* Its files become what they were when this was last called. */
void home_rollback(struct sim_node *s);
/* A checkpoint that shows a hub's log short, or other than it is. */
void home_checkpoint(struct sim_node *s);

/* --- hostile_judge.c --- */

/* P6, whoever asks: commits of this log are read for this peer. */
void judge_load(struct peer *p, uint32_t index);
/* What was said to a hostile node: nothing about logs that it may not hold. */
void judge_given(struct peer *p, enum wire_type type, struct slice body);
/* Control branches that have met are shown (L15). */
void judge_two_worlds(struct world *w, const struct sim_node *home);
/* At the end: forks of data logs are proven, and nobody holds what it may not. */
void judge_proofs(struct world *w);
void judge_holdings(struct world *w);
/* One more dial to, or from, somebody who is turned away. */
void judge_dial(struct target *t);

#endif
