/* SPDX-License-Identifier: Apache-2.0
 *
 * A commit: the signed header of 1..256 changes, and its packed form with the
 * changes beside it (protocol.md part 2).
 *
 *     header  [1, fed_id, log_id, seq, prev_id, hlc, ctl_seq, ctl_id, key_epoch,
 *              [[digest, length], ...]]
 *     packed  [header, signature, [[salt, change] | nil, ...]]
 *
 * The id is the hash of the header's bytes; the signature is never part of it.
 * The bytes received are the bytes verified, stored and forwarded. */
#ifndef PROTO_COMMIT_H
#define PROTO_COMMIT_H

#include "proto/change.h"

#define COMMIT_CHANGES_MAX 256
#define COMMIT_BYTES_MAX 262144 /* of all its changes */
#define COMMIT_HEADER_MAX 12288
/* The largest packed commit: header, signature, salts, framing. */
#define COMMIT_PACKED_MAX (COMMIT_BYTES_MAX + COMMIT_HEADER_MAX + COMMIT_CHANGES_MAX * 32 + 128)

struct commit_digest {
	struct hash digest;
	uint32_t length; /* of the change's bytes */
};
struct commit {
	struct hash fed_id;
	struct id16 log_id;
	uint64_t seq;
	struct hash prev_id;
	es_stamp hlc;
	bool has_ctl; /* false: sealed before its author was a member */
	uint64_t ctl_seq;
	struct hash ctl_id;
	uint32_t key_epoch;
	uint32_t count;
	struct commit_digest digests[COMMIT_CHANGES_MAX];
	struct hash id; /* of the header's bytes */
};
struct payload {
	bool present;
	struct id16 salt;
	struct slice change; /* borrowed */
};
struct packed {
	struct slice header;
	struct signature sig;
	uint32_t count;
	struct payload payload[COMMIT_CHANGES_MAX];
};

ES_MUST_USE enum es_err commit_decode(struct slice header, struct commit *out);
/* Writes the header of everything but `id`, and sets `id`. */
void commit_encode(struct commit *c, struct buf *header);
struct hash commit_id(struct slice header);
struct signature commit_sign(struct slice header, const struct sign_secret *sk);
ES_MUST_USE bool commit_verify(struct slice header, const struct signature *sig, const struct sign_public *pk);

void commit_pack(struct slice header, const struct signature *sig, const struct payload *payload,
		 uint32_t count, struct buf *out);
/* Shape only; borrows from `bytes`. */
ES_MUST_USE enum es_err commit_unpack(struct slice bytes, struct packed *out);
/* Every change present, of the length and digest that the header says:
 * ES_BAD_DIGEST. */
ES_MUST_USE enum es_err commit_check_payload(const struct commit *c, const struct packed *p);
/* The same of the changes that are there: whether others may be missing is the
 * caller's to judge. */
ES_MUST_USE enum es_err commit_check_held(const struct commit *c, const struct packed *p);

#endif
