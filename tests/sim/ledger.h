/* SPDX-License-Identifier: Apache-2.0
 *
 * What the judge remembers: every change a human made (a unit, known by its salt),
 * every private word written (a canary), every signed commit that any node stored. */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "proto/commit.h"
#include "proto/rights.h"
#include "tests/sim/world.h"

#define CANARY_LEN 15 /* 12 drawn, then "zqx" */
#define CANARY_TAIL 8 /* of the drawn ones: an index may have cut off the first */
#define CANARIES_A_UNIT 6

struct unit {
	struct id16 salt;
	int machine, who; /* where it was made, by whom */
	struct record_id record;
	unsigned kind, op;
	enum scope scope;
	es_stamp edited;
	es_ms made;
	bool certain; /* its human was told that it is done */
	bool superseded; /* a later edit of the same node took it out of the outbox */
	uint64_t copy_superseded; /* so did these copies of it, in theirs; machines below 64 */
	bool acked; /* home had it: its author heard so */
	bool excused;
	const char *why; /* excused */
	bool sealed;
	struct id16 log; /* where it was last seen sealed */
	uint64_t seq;
	uint32_t index;
	uint64_t holders; /* machines below 64 whose disk holds it */
	uint32_t canaries[CANARIES_A_UNIT];
	unsigned canary_count;
};
struct canary {
	char text[CANARY_LEN + 1];
	int who; /* the hub that wrote it */
	enum scope scope; /* where it was first to stand */
	struct record_id record;
	unsigned kind, field;
	bool withdrawn; /* its field was narrowed later */
};
struct seen_commit {
	struct id16 log;
	uint64_t seq;
	struct hash id;
	struct id16 hub; /* author */
	enum scope scope;
	int first; /* machine */
	bool exposed; /* stored by another identity than its author's */
	bool hostile; /* its author is */
	uint64_t stored; /* by honest machines below 64, since they last went back */
	uint32_t twin; /* another commit at the same place: index + 1 */
	uint8_t *bytes;
	size_t len;
};

struct ledger {
	struct unit *units;
	size_t unit_count, unit_cap;
	struct canary *canaries;
	size_t canary_count, canary_cap;
	struct seen_commit *commits;
	size_t commit_count, commit_cap;
	uint32_t *by_salt, *by_word, *by_id, *by_seq; /* open addressing, index + 1 */
	size_t salt_cap, word_cap, id_cap, seq_cap;
};

void ledger_init(struct ledger *l);
void ledger_done(struct ledger *l);
struct unit *ledger_unit(struct ledger *l, const struct id16 *salt); /* NULL: unknown */
struct unit *ledger_add_unit(struct ledger *l, const struct id16 *salt);
/* Draws a word, remembers it. */
struct canary *ledger_add_canary(struct ledger *l, struct rng *r);
/* By its last drawn letters, which stand just before "zqx". */
struct canary *ledger_canary(struct ledger *l, const uint8_t tail[CANARY_TAIL]);
/* Which canaries stand in these bytes. */
void ledger_read(struct ledger *l, struct slice bytes, struct unit *u);
struct seen_commit *ledger_commit(struct ledger *l, const struct hash *id);
/* First one seen at that place. */
struct seen_commit *ledger_at(struct ledger *l, const struct id16 *log, uint64_t seq);
struct seen_commit *ledger_add_commit(struct ledger *l, const struct id16 *log, uint64_t seq, const struct hash *id,
				      struct slice packed);

#endif
