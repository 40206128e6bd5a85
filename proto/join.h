/* SPDX-License-Identifier: Apache-2.0
 *
 * The bodies of JOIN and JOINED (protocol.md part 5).
 *
 *     JOIN    [1, fed_id, secret]                                      ask
 *             [2, fed_id, secret, name, sign key, charter digest,
 *              address, signature, (rotation signature)]               accept
 *     JOINED  [1, federation, CRESS's name, pays, name, charter text,
 *              CRESS's sign key, region, ([hub, epoch])]               nothing is burnt
 *             [2, state]         0 waiting, 1 approved, 2 denied
 *
 * [hub, epoch]: the invitation is for a member whose key was lost; whoever comes in
 * takes its place with keys of that epoch, and signs the rotation too.
 * The signature is SIGN_JOIN over acceptance_message() (rights.h). */
#ifndef PROTO_JOIN_H
#define PROTO_JOIN_H

#include "proto/rights.h"

struct join_ask {
	bool accept;
	struct hash fed_id;
	struct id16 secret;
	char name[RIGHTS_NAME_MAX + 1], address[RIGHTS_ADDRESS_MAX + 1];
	struct sign_public sign;
	struct hash charter;
	struct signature sig;
	bool replaces;
	struct signature rotation; /* SIGN_ROTATE over rotation_message() */
};
struct join_answer {
	bool accepted; /* answer to an accept: `state` only */
	unsigned state;
	char federation[RIGHTS_NAME_MAX + 1], cress[RIGHTS_NAME_MAX + 1];
	char pays[RIGHTS_PAYS_MAX + 1], name[RIGHTS_NAME_MAX + 1], region[8];
	struct slice charter; /* borrowed */
	struct sign_public cress_sign;
	bool replaces;
	struct id16 hub;
	uint32_t epoch;
};
enum { JOIN_WAITING, JOIN_APPROVED, JOIN_DENIED };

void join_ask_encode(const struct join_ask *a, struct buf *out);
ES_MUST_USE enum es_err join_ask_decode(struct slice body, struct join_ask *out);
void join_answer_encode(const struct join_answer *a, struct buf *out);
ES_MUST_USE enum es_err join_answer_decode(struct slice body, struct join_answer *out);

#endif
