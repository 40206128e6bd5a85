/* SPDX-License-Identifier: Apache-2.0
 *
 * What the real fold is compared with: layers 1 to 4 of protocol.md part 3, as
 * naive as they can be written, from the specification alone. Every fold starts
 * from nothing and looks at everything: no cache, no increments, no order of
 * arrival. It shares nothing with proto/fold.c, rights*.c and admit.c.
 *
 * Commits of one federation go in, of all logs and from all nodes. Logs that no
 * control entry opens (the local ones) do not count. Not thread-safe; out of
 * memory is an assert. */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "proto/commit.h"
#include "proto/schema.h"

struct oracle;

struct oracle *oracle_new(const struct hash *fed_id);
void oracle_free(struct oracle *o); /* accepts NULL */
/* One packed commit of any log, copied. The order of calls does not matter, the
 * same bytes twice are once. Two copies of one commit (one with a payload
 * erased) complete each other. */
void oracle_add(struct oracle *o, struct slice packed);
/* The log is blocked at seq, a proof is known: from there on only what its cut
 * names counts, once it is cut. */
void oracle_fork(struct oracle *o, const struct id16 *log, uint64_t seq);
/* A commit that was taken there and is damaged since: what it said is lost here, what
 * follows it counts. */
void oracle_gap(struct oracle *o, const struct id16 *log, uint64_t seq, const struct hash *id);
/* Folds all that was added. The control log is the chain that ends in
 * `control_head`; its other branches are ignored. False, with a reason: that
 * chain is not whole or not valid, which no node may have as its own. */
ES_MUST_USE
bool oracle_fold(struct oracle *o, const struct hash *control_head, struct buf *why);
/* Of the last fold: commits that were in their place (log open, chain right, not
 * beyond the cut, the right epoch) and yet bad: form, signature, digest, stamps.
 * Those that do not even decode are in it too. */
size_t oracle_rejected(const struct oracle *o);
/* Layer 4 of a scope: one oracle_line() per standing field, ascending by record,
 * kind and field, which is the order of the text too. */
void oracle_lines(const struct oracle *o, enum scope scope, struct buf *out);
/* "record kind field edited commit index value\n": bytes in hex, numbers in
 * decimal, filled with zeros to 5, 5, 20 and 3 digits. */
void oracle_line(const struct record_id *record, unsigned kind, unsigned field, es_stamp edited,
		 const struct hash *commit, uint32_t index, struct slice value, struct buf *out);
/* Who writes the record after all control entries of the last fold. */
struct id16 oracle_steward(const struct oracle *o, const struct record_id *record, unsigned kind);

/* A federation made by hand; 0: every line is as it must be. */
int oracle_self_test(void);

#endif
