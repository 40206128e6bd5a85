/* SPDX-License-Identifier: Apache-2.0
 *
 * A proof that one author signed two commits at one (log, seq): both headers and
 * both signatures, anybody can check it.
 *
 *     [log_id, seq, header, signature, header, signature]     lower id first
 *
 * It is the body of FORK, what `essaim evidence` exports (signed again by the
 * exporter, SIGN_EVIDENCE), and what the journal keeps. */
#ifndef PROTO_FORK_H
#define PROTO_FORK_H

#include "proto/rights.h"

struct fork_side {
	struct slice header; /* borrowed */
	struct signature sig;
	struct hash id, prev_id;
	uint32_t epoch;
};
struct fork_proof {
	struct id16 log;
	uint64_t seq;
	struct fork_side side[2]; /* ids ascending */
};
/* The two sides in any order; ids and prev_ids are taken from the headers.
 * ES_MALFORMED: a header does not decode, not the same (log, seq), the same id. */
ES_MUST_USE enum es_err fork_make(struct slice header_a, const struct signature *a, struct slice header_b,
				  const struct signature *b, struct fork_proof *out);
void fork_encode(const struct fork_proof *p, struct buf *out);
/* Shape only; borrows. */
ES_MUST_USE enum es_err fork_decode(struct slice bytes, struct fork_proof *out);
/* Is it the author's own doing? Each signature under the author's key of the
 * epoch its header names; the federation's. ES_BAD_SIG, ES_UNKNOWN_LOG. */
ES_MUST_USE enum es_err fork_verify(const struct fork_proof *p, const struct rights *r);

#endif
