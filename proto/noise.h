/* SPDX-License-Identifier: Apache-2.0
 *
 * The Noise protocol framework, revision 34 (noiseprotocol.org), for the one
 * suite 25519_ChaChaPoly_BLAKE2b. The handshake walks a token table; the
 * product's table holds XK, the vectors program's the other patterns.
 *
 * Plain memory, no destructor but noise_wipe(). Randomness is handed in: the
 * ephemeral secret is a parameter. A failed read leaves the handshake unusable
 * and moves no transport nonce. */
#ifndef PROTO_NOISE_H
#define PROTO_NOISE_H

#include "common/crypto.h"

enum noise_token {
	NOISE_END, NOISE_E, NOISE_S, NOISE_EE, NOISE_ES, NOISE_SE, NOISE_SS, NOISE_PSK
};

#define NOISE_MESSAGES_MAX 4
#define NOISE_TOKENS_MAX 8
#define NOISE_PSKS_MAX 4
#define NOISE_MESSAGE_MAX 65535

struct noise_pattern {
	const char *name; /* "Noise_XK_25519_ChaChaPoly_BLAKE2b" */
	bool pre_i, pre_r; /* the initiator's, the responder's static key is known */
	bool psk; /* any psk modifier: e tokens also mix the key */
	unsigned messages;
	enum noise_token tokens[NOISE_MESSAGES_MAX][NOISE_TOKENS_MAX]; /* END-terminated */
};
extern const struct noise_pattern noise_xk;

struct noise_cipher {
	uint8_t key[32];
	uint64_t nonce; /* 2^64-1 is never used */
	bool has_key;
};

struct noise {
	const struct noise_pattern *pattern;
	bool initiator;
	unsigned message; /* next one, from 0 */
	uint8_t ck[64], h[64];
	struct noise_cipher cipher;
	struct dh_secret s, e;
	struct dh_public s_pub, e_pub, rs, re;
	bool has_s, has_e, has_re, has_rs;
	uint8_t psk[NOISE_PSKS_MAX][32];
	unsigned psk_count, psk_next;
	bool failed;
};

struct noise_config {
	const struct noise_pattern *pattern;
	bool initiator;
	struct slice prologue;
	const struct dh_secret *s; /* NULL where the pattern needs none */
	const struct dh_public *rs; /* NULL unless known beforehand */
	const uint8_t (*psk)[32]; /* in the order of their tokens */
	unsigned psk_count;
};

void noise_init(struct noise *n, const struct noise_config *c);
/* Appends the next message to out; `e_secret` is used where it has an e. */
ES_MUST_USE enum es_err noise_write(struct noise *n, const uint8_t e_secret[32],
				    struct slice payload, struct buf *out);
/* Appends the payload to out. ES_HANDSHAKE on anything wrong. */
ES_MUST_USE enum es_err noise_read(struct noise *n, struct slice message, struct buf *out);
bool noise_finished(const struct noise *n);
/* The two transport ciphers, then wipes the handshake's secrets: h and the
 * public keys (rs: who the peer is) stay readable. */
void noise_split(struct noise *n, struct noise_cipher *send, struct noise_cipher *receive);
/* The handshake hash h (64 bytes), a channel binding. */
const uint8_t *noise_hash(const struct noise *n);

/* Transport: out gets plain.len + 16 bytes; ES_HANDSHAKE when the nonce is spent. */
ES_MUST_USE enum es_err noise_seal(struct noise_cipher *c, struct slice ad, struct slice plain, struct buf *out);
/* A failure does not move the nonce. */
ES_MUST_USE enum es_err noise_open(struct noise_cipher *c, struct slice ad, struct slice cipher, struct buf *out);
/* Noise REKEY(k), section 4.2. */
void noise_rekey(struct noise_cipher *c);
void noise_wipe(struct noise *n);

#endif
