/* SPDX-License-Identifier: Apache-2.0
 *
 * What is asked and answered in data logs (protocol.md parts 2, 5, 6), as the
 * fields of a change about one record:
 *
 *   propose  the fields proposed, as a put has them; in the proposer's log. About an
 *            event, in a federation log: 200 structure, 201 how many persons, 202 the
 *            requester's own number ask for seats; never who will sit on them
 *   answer   1 log, 2 seq, 3 index of what is answered, 4 accepted, [5 why]
 *   receipt  1 control seq, 2 index of the `forget` that was carried out
 *   request  1 op of the control entry asked for, then
 *            steward  2 to hub                       (an offer; L18)
 *            forget   2 up to stamp, 3 key epoch, 4 signature (SIGN_FORGET)
 *            rotate   2 sign key, 3 dh key, 4 epoch, 5 old key's signature,
 *                     6 new key's signature (SIGN_ROTATE)
 *
 * Requests, their answers and receipts lie in the federation log. A rotation's
 * record is the hub's id and 16 zero bytes, kind 0. */
#ifndef PROTO_REQUEST_H
#define PROTO_REQUEST_H

#include "proto/rights.h"

struct answer {
	struct position3 to;
	bool accepted;
	struct slice why; /* text, may be empty */
};
struct receipt {
	uint64_t seq;
	uint32_t index;
};
struct request_body {
	unsigned op; /* OP_STEWARD, OP_FORGET, OP_ROTATE */
	struct id16 to; /* steward */
	es_stamp upto; /* forget */
	uint32_t epoch; /* forget, rotate */
	struct signature sig; /* forget; rotate: by the old key */
	struct sign_public sign; /* rotate */
	struct dh_public dh;
	struct signature new_sig;
};
/* Seats of an event: its hub grants them by an answer, the requester withdraws by one. */
enum { KIND_OF_SEATS = 8 /* evenement */, SEAT_PERSONS_MAX = 10000 };
struct seat_request {
	struct id16 structure;
	uint32_t persons;
	uint32_t no; /* drawn by the requester, among its own */
};
/* Append the canonical field map. */
void answer_encode(const struct answer *a, struct buf *fields);
void receipt_encode(const struct receipt *r, struct buf *fields);
void request_encode(const struct request_body *q, struct buf *fields);
void seat_encode(const struct seat_request *q, struct buf *fields);
/* From a decoded change's fields. ES_MALFORMED. */
ES_MUST_USE enum es_err answer_decode(struct slice fields, struct answer *out);
ES_MUST_USE enum es_err receipt_decode(struct slice fields, struct receipt *out);
ES_MUST_USE enum es_err request_decode(struct slice fields, struct request_body *out);
ES_MUST_USE enum es_err seat_decode(struct slice fields, struct seat_request *out);

#endif
