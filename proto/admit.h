/* SPDX-License-Identifier: Apache-2.0
 *
 * The verdict on one commit: may it follow the head we hold? Every commit,
 * our own included, passes here before it is stored. Pure.
 *
 * Order of the checks: federation, cut, chain, log open, control position,
 * stamps, signature, digests; the first that fails names the verdict.
 *
 * A commit that a `void` entry names is inert, and its log goes on after it: what
 * its changes say and whether its stamp rises is not looked at, they may be missing. */
#ifndef PROTO_ADMIT_H
#define PROTO_ADMIT_H

#include "proto/frontier.h"
#include "proto/rights.h"

struct admit_input {
	const struct rights *rights;
	const struct head *head; /* of the commit's log; control: index 0 */
	/* Own local logs are in no control log: the key to verify with, of the epoch
	 * that the header names (which is not checked). */
	const struct sign_public *local_key;
	/* Id of the control commit at c->ctl_seq, NULL where this node has none yet. */
	const struct hash *control_at;
	es_ms now; /* UTC, physical */
	/* A commit given back to its author (L9), or read again from this node's own
	 * journal: it may lie beyond a cut or a key's turn (its own epoch's key
	 * verifies it), and any of its changes may be missing. */
	bool lenient;
	/* At home, from one who may have destroyed what a restored home had held: any of its
	 * changes may be missing. */
	bool may_lack;
};

/* ES_OK: store it. ES_EXISTS: at or below our head with the same id as far as
 * we can tell (the caller compares older ones): pass over. ES_FORK: another id
 * at our head's seq, or where the log's cut names one. ES_BEYOND_CUT: void, it
 * does not count. ES_CONTROL_AHEAD, ES_CLOCK_SKEW, ES_UNKNOWN_LOG: wait.
 * Others block the log. A change that a `forget` names may be missing; it is the
 * caller who drops it where it is not. */
ES_MUST_USE enum es_err admit_commit(const struct admit_input *in, const struct commit *c,
				     const struct packed *p);

#endif
