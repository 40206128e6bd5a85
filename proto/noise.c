/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/noise.h"

#include <assert.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <string.h>

#define HASH_LEN 64 /* HASHLEN of BLAKE2b */
#define HASH_BLOCK 128 /* BLOCKLEN, for HMAC */
#define KEY_LEN 32
#define TAG_LEN 16

const struct noise_pattern noise_xk = {
	.name = "Noise_XK_25519_ChaChaPoly_BLAKE2b",
	.pre_r = true,
	.messages = 3,
	.tokens = {{NOISE_E, NOISE_ES}, {NOISE_E, NOISE_EE}, {NOISE_S, NOISE_SE}},
};

/* HASH(a || b) */
static void noise_hash2(uint8_t out[HASH_LEN], struct slice a, struct slice b)
{
	crypto_generichash_blake2b_state state;

	crypto_generichash_blake2b_init(&state, NULL, 0, HASH_LEN);
	crypto_generichash_blake2b_update(&state, a.p, a.len);
	crypto_generichash_blake2b_update(&state, b.p, b.len);
	crypto_generichash_blake2b_final(&state, out, HASH_LEN);
	crypto_wipe(&state, sizeof(state));
}

/* HMAC of RFC 2104 over BLAKE2b; its keys are never longer than a block. The
 * keyed mode of BLAKE2b is another function: Noise asks for HMAC. */
static void noise_hmac(uint8_t out[HASH_LEN], const uint8_t key[HASH_LEN], struct slice a,
		       struct slice b)
{
	crypto_generichash_blake2b_state state;
	uint8_t pad[HASH_BLOCK], inner[HASH_LEN];

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < HASH_LEN; i++)
		pad[i] ^= key[i];
	crypto_generichash_blake2b_init(&state, NULL, 0, HASH_LEN);
	crypto_generichash_blake2b_update(&state, pad, sizeof(pad));
	crypto_generichash_blake2b_update(&state, a.p, a.len);
	crypto_generichash_blake2b_update(&state, b.p, b.len);
	crypto_generichash_blake2b_final(&state, inner, HASH_LEN);
	for (size_t i = 0; i < HASH_BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	noise_hash2(out, SLICE(pad, sizeof(pad)), SLICE(inner, sizeof(inner)));
	crypto_wipe(&state, sizeof(state));
	crypto_wipe(pad, sizeof(pad));
	crypto_wipe(inner, sizeof(inner));
}

/* HKDF(chaining_key, input, outputs): out[i] = HMAC(temp, out[i-1] || i + 1) */
static void noise_hkdf(const uint8_t ck[HASH_LEN], struct slice input, uint8_t out[][HASH_LEN],
		       unsigned outputs)
{
	uint8_t temp[HASH_LEN];

	noise_hmac(temp, ck, input, SLICE_NONE);
	for (unsigned i = 0; i < outputs; i++) {
		uint8_t number = (uint8_t)(i + 1);

		noise_hmac(out[i], temp, i == 0 ? SLICE_NONE : SLICE(out[i - 1], HASH_LEN),
			   SLICE(&number, 1));
	}
	crypto_wipe(temp, sizeof(temp));
}

/* InitializeKey(k): the first 32 of the 64 bytes */
static void cipher_init(struct noise_cipher *c, const uint8_t key[HASH_LEN])
{
	memcpy(c->key, key, KEY_LEN);
	c->nonce = 0;
	c->has_key = true;
}

/* 32 zero bits, then the nonce, little-endian */
static void cipher_nonce(uint64_t nonce, uint8_t out[12])
{
	memset(out, 0, 4);
	for (unsigned i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(nonce >> 8 * i);
}

enum es_err noise_seal(struct noise_cipher *c, struct slice ad, struct slice plain, struct buf *out)
{
	uint8_t nonce[12];
	uint8_t *p;

	assert(c->has_key);
	if (c->nonce == UINT64_MAX)
		return ES_HANDSHAKE;
	p = buf_reserve(out, plain.len + TAG_LEN);
	if (p == NULL)
		return buf_err(out);
	cipher_nonce(c->nonce, nonce);
	crypto_seal(c->key, nonce, ad, plain, p);
	out->len += plain.len + TAG_LEN;
	c->nonce++;
	return ES_OK;
}

enum es_err noise_open(struct noise_cipher *c, struct slice ad, struct slice cipher, struct buf *out)
{
	uint8_t nonce[12];
	uint8_t *p;

	assert(c->has_key);
	if (c->nonce == UINT64_MAX || cipher.len < TAG_LEN)
		return ES_HANDSHAKE;
	p = buf_reserve(out, cipher.len - TAG_LEN);
	if (p == NULL)
		return buf_err(out);
	cipher_nonce(c->nonce, nonce);
	if (!crypto_open(c->key, nonce, ad, cipher, p))
		return ES_HANDSHAKE;
	out->len += cipher.len - TAG_LEN;
	c->nonce++;
	return ES_OK;
}

/* k = ENCRYPT(k, 2^64 - 1, "", zeros), less the tag; n goes on */
void noise_rekey(struct noise_cipher *c)
{
	static const uint8_t zeros[KEY_LEN];
	uint8_t nonce[12], sealed[KEY_LEN + TAG_LEN];

	assert(c->has_key);
	cipher_nonce(UINT64_MAX, nonce);
	crypto_seal(c->key, nonce, SLICE_NONE, SLICE(zeros, KEY_LEN), sealed);
	memcpy(c->key, sealed, KEY_LEN);
	crypto_wipe(sealed, sizeof(sealed));
}

static void mix_hash(struct noise *n, struct slice data)
{
	noise_hash2(n->h, SLICE(n->h, HASH_LEN), data);
}

static void mix_public(struct noise *n, const struct dh_public *pk)
{
	mix_hash(n, SLICE(pk->bytes, sizeof(pk->bytes)));
}

static void mix_key(struct noise *n, struct slice input)
{
	uint8_t out[2][HASH_LEN];

	noise_hkdf(n->ck, input, out, 2);
	memcpy(n->ck, out[0], HASH_LEN);
	cipher_init(&n->cipher, out[1]);
	crypto_wipe(out, sizeof(out));
}

static void mix_key_and_hash(struct noise *n, struct slice input)
{
	uint8_t out[3][HASH_LEN];

	noise_hkdf(n->ck, input, out, 3);
	memcpy(n->ck, out[0], HASH_LEN);
	mix_hash(n, SLICE(out[1], HASH_LEN));
	cipher_init(&n->cipher, out[2]);
	crypto_wipe(out, sizeof(out));
}

/* EncryptAndHash(plain), appended to out */
static enum es_err encrypt_and_hash(struct noise *n, struct slice plain, struct buf *out)
{
	size_t start = out->len;
	enum es_err err;

	if (n->cipher.has_key) {
		err = noise_seal(&n->cipher, SLICE(n->h, HASH_LEN), plain, out);
	} else {
		buf_add(out, plain.p, plain.len);
		err = buf_err(out);
	}
	if (err == ES_OK)
		mix_hash(n, SLICE(out->p + start, out->len - start));
	return err;
}

/* DecryptAndHash(data), appended to out */
static enum es_err decrypt_and_hash(struct noise *n, struct slice data, struct buf *out)
{
	enum es_err err;

	if (n->cipher.has_key) {
		err = noise_open(&n->cipher, SLICE(n->h, HASH_LEN), data, out);
	} else {
		buf_add(out, data.p, data.len);
		err = buf_err(out);
	}
	if (err == ES_OK)
		mix_hash(n, data);
	return err;
}

/* e, mixed: with any psk modifier it also enters the key (section 9.2) */
static void mix_ephemeral(struct noise *n, const struct dh_public *e)
{
	mix_public(n, e);
	if (n->pattern->psk)
		mix_key(n, SLICE(e->bytes, sizeof(e->bytes)));
}

/* Our e or s with their e or s; the token's first letter is the initiator's. */
static enum es_err mix_dh(struct noise *n, enum noise_token token)
{
	bool i_static = token == NOISE_SE || token == NOISE_SS;
	bool r_static = token == NOISE_ES || token == NOISE_SS;
	bool ours = n->initiator ? i_static : r_static;
	bool theirs = n->initiator ? r_static : i_static;
	uint8_t shared[KEY_LEN];

	assert(ours ? n->has_s : n->has_e);
	assert(theirs ? n->has_rs : n->has_re);
	if (!crypto_dh(ours ? &n->s : &n->e, theirs ? &n->rs : &n->re, shared))
		return ES_HANDSHAKE;
	mix_key(n, SLICE(shared, sizeof(shared)));
	crypto_wipe(shared, sizeof(shared));
	return ES_OK;
}

static void mix_psk(struct noise *n)
{
	assert(n->psk_next < n->psk_count);
	mix_key_and_hash(n, SLICE(n->psk[n->psk_next++], KEY_LEN));
}

static void noise_name(struct noise *n, const char *name)
{
	struct slice text = slice_str(name);

	memset(n->h, 0, HASH_LEN);
	if (text.len <= HASH_LEN)
		memcpy(n->h, text.p, text.len);
	else
		noise_hash2(n->h, text, SLICE_NONE);
	memcpy(n->ck, n->h, HASH_LEN);
}

static void noise_keys(struct noise *n, const struct noise_config *c)
{
	if (c->s != NULL) {
		crypto_dh_keys(c->s->bytes, &n->s_pub, &n->s);
		n->has_s = true;
	}
	if (c->rs != NULL) {
		n->rs = *c->rs;
		n->has_rs = true;
	}
	assert(c->psk_count <= NOISE_PSKS_MAX);
	if (c->psk_count > 0)
		memcpy(n->psk, c->psk, c->psk_count * KEY_LEN);
	n->psk_count = c->psk_count;
}

void noise_init(struct noise *n, const struct noise_config *c)
{
	const struct noise_pattern *p = c->pattern;

	*n = (struct noise){.pattern = p, .initiator = c->initiator};
	noise_name(n, p->name);
	noise_keys(n, c);
	mix_hash(n, c->prologue);
	assert(!(c->initiator ? p->pre_i : p->pre_r) || n->has_s);
	assert(!(c->initiator ? p->pre_r : p->pre_i) || n->has_rs);
	if (p->pre_i)
		mix_public(n, c->initiator ? &n->s_pub : &n->rs);
	if (p->pre_r)
		mix_public(n, c->initiator ? &n->rs : &n->s_pub);
}

static enum es_err write_ephemeral(struct noise *n, const uint8_t e_secret[32], struct buf *out)
{
	assert(e_secret != NULL);
	crypto_dh_keys(e_secret, &n->e_pub, &n->e);
	n->has_e = true;
	buf_add(out, n->e_pub.bytes, KEY_LEN);
	mix_ephemeral(n, &n->e_pub);
	return buf_err(out);
}

static enum es_err write_token(struct noise *n, enum noise_token token, const uint8_t e_secret[32],
			       struct buf *out)
{
	switch (token) {
	case NOISE_E:
		return write_ephemeral(n, e_secret, out);
	case NOISE_S:
		assert(n->has_s);
		return encrypt_and_hash(n, SLICE(n->s_pub.bytes, KEY_LEN), out);
	case NOISE_EE:
	case NOISE_ES:
	case NOISE_SE:
	case NOISE_SS:
		return mix_dh(n, token);
	case NOISE_PSK:
		mix_psk(n);
		break;
	case NOISE_END:
		break;
	}
	return ES_OK;
}

/* The initiator writes the even messages. */
static bool noise_our_turn(const struct noise *n)
{
	return n->initiator == (n->message % 2 == 0);
}

enum es_err noise_write(struct noise *n, const uint8_t e_secret[32], struct slice payload,
			struct buf *out)
{
	const enum noise_token *token = n->pattern->tokens[n->message % NOISE_MESSAGES_MAX];
	size_t start = out->len;
	enum es_err err = ES_OK;

	if (n->failed || noise_finished(n) || !noise_our_turn(n))
		return ES_HANDSHAKE;
	for (; err == ES_OK && *token != NOISE_END; token++)
		err = write_token(n, *token, e_secret, out);
	if (err == ES_OK)
		err = encrypt_and_hash(n, payload, out);
	if (err == ES_OK && out->len - start > NOISE_MESSAGE_MAX)
		err = ES_TOO_LARGE;
	if (err == ES_OK) {
		n->message++;
		return ES_OK;
	}
	n->failed = true;
	out->len = start;
	return err;
}

static enum es_err read_ephemeral(struct noise *n, struct slice *rest)
{
	if (rest->len < KEY_LEN)
		return ES_HANDSHAKE;
	memcpy(n->re.bytes, rest->p, KEY_LEN);
	n->has_re = true;
	*rest = SLICE(rest->p + KEY_LEN, rest->len - KEY_LEN);
	mix_ephemeral(n, &n->re);
	return ES_OK;
}

static enum es_err read_static(struct noise *n, struct slice *rest)
{
	size_t len = KEY_LEN + (n->cipher.has_key ? TAG_LEN : 0);
	struct buf rs;
	enum es_err err;

	if (rest->len < len)
		return ES_HANDSHAKE;
	buf_init_fixed(&rs, n->rs.bytes, KEY_LEN);
	err = decrypt_and_hash(n, SLICE(rest->p, len), &rs);
	if (err != ES_OK)
		return err;
	n->has_rs = true;
	*rest = SLICE(rest->p + len, rest->len - len);
	return ES_OK;
}

static enum es_err read_token(struct noise *n, enum noise_token token, struct slice *rest)
{
	switch (token) {
	case NOISE_E:
		return read_ephemeral(n, rest);
	case NOISE_S:
		return read_static(n, rest);
	case NOISE_EE:
	case NOISE_ES:
	case NOISE_SE:
	case NOISE_SS:
		return mix_dh(n, token);
	case NOISE_PSK:
		mix_psk(n);
		break;
	case NOISE_END:
		break;
	}
	return ES_OK;
}

enum es_err noise_read(struct noise *n, struct slice message, struct buf *out)
{
	const enum noise_token *token = n->pattern->tokens[n->message % NOISE_MESSAGES_MAX];
	enum es_err err = ES_OK;

	if (n->failed || noise_finished(n) || noise_our_turn(n) ||
	    message.len > NOISE_MESSAGE_MAX)
		err = ES_HANDSHAKE;
	for (; err == ES_OK && *token != NOISE_END; token++)
		err = read_token(n, *token, &message);
	if (err == ES_OK)
		err = decrypt_and_hash(n, message, out);
	if (err == ES_OK)
		n->message++;
	else
		n->failed = true;
	return err;
}

bool noise_finished(const struct noise *n)
{
	return !n->failed && n->message == n->pattern->messages;
}

/* What must not outlive the handshake. */
static void noise_forget(struct noise *n)
{
	crypto_wipe(n->ck, sizeof(n->ck));
	crypto_wipe(&n->cipher, sizeof(n->cipher));
	crypto_wipe(&n->s, sizeof(n->s));
	crypto_wipe(&n->e, sizeof(n->e));
	crypto_wipe(n->psk, sizeof(n->psk));
}

void noise_split(struct noise *n, struct noise_cipher *send, struct noise_cipher *receive)
{
	uint8_t out[2][HASH_LEN];

	assert(noise_finished(n));
	noise_hkdf(n->ck, SLICE_NONE, out, 2);
	cipher_init(n->initiator ? send : receive, out[0]);
	cipher_init(n->initiator ? receive : send, out[1]);
	crypto_wipe(out, sizeof(out));
	noise_forget(n);
}

const uint8_t *noise_hash(const struct noise *n)
{
	return n->h;
}

void noise_wipe(struct noise *n)
{
	crypto_wipe(n, sizeof(*n));
}
