/* SPDX-License-Identifier: Apache-2.0
 *
 * An invitation: one string that gives the right to ask to join.
 *
 *     "ESSAIM1-" base32( 1, fed_id 32, home's X25519 key 32, secret 16,
 *                        expires u40 seconds, port u16, host length u8, host,
 *                        checksum 4 )
 *
 * The checksum is the first 4 bytes of H(invite__, all before it). */
#ifndef PROTO_INVITE_H
#define PROTO_INVITE_H

#include "common/crypto.h"
#include "common/stamp.h"

#define INVITE_HOST_MAX 253
#define INVITE_TEXT_MAX 640

struct invite {
	struct hash fed_id;
	struct dh_public home;
	struct id16 secret;
	es_ms expires; /* UTC, a whole second */
	uint16_t port;
	char host[INVITE_HOST_MAX + 1];
};

/* out holds INVITE_TEXT_MAX. */
void invite_encode(const struct invite *i, char *out);
/* Case, spaces and dashes are ignored. ES_MISTYPED for anything else. */
ES_MUST_USE enum es_err invite_decode(struct slice text, struct invite *out);
/* What the control log keeps of the secret. */
struct hash invite_hash(const struct id16 *secret);

#endif
