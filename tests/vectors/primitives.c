/* SPDX-License-Identifier: Apache-2.0
 *
 * X25519, ChaCha20-Poly1305 and BLAKE2b: the primitives of the handshake. */
#include <jansson.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "tests/vectors/vectors.h"

static long long vector_id(const json_t *vector, size_t index)
{
	const json_t *id = json_object_get(vector, "tcId");

	return json_is_integer(id) ? json_integer_value(id) : (long long)index;
}

/* An all-zero output must be refused; any other must be the one expected. */
static bool x25519_good(struct slice public, struct slice private, struct slice shared, bool valid)
{
	static const uint8_t zeros[32];
	struct dh_public pk;
	struct dh_secret sk;
	uint8_t out[32];

	if (public.len != 32 || private.len != 32 || shared.len != 32)
		return !valid;
	memcpy(pk.bytes, public.p, 32);
	memcpy(sk.bytes, private.p, 32);
	if (!crypto_dh(&sk, &pk, out))
		return !valid || slice_eq(shared, SLICE(zeros, 32));
	return slice_eq(shared, SLICE(out, 32)) == valid;
}

void x25519_vectors(json_t *root, struct tally *t)
{
	json_t *vectors = vectors_of(root, t), *v;
	size_t i;

	json_array_foreach(vectors, i, v) {
		struct buf public = vector_hex(v, "public", t);
		struct buf private = vector_hex(v, "private", t);
		struct buf shared = vector_hex(v, "shared", t);

		vector_check(t,
			     x25519_good(buf_slice(&public), buf_slice(&private),
					 buf_slice(&shared), vector_valid(v, t)),
			     "x25519 %lld: wrong shared secret", vector_id(v, i));
		buf_done(&public);
		buf_done(&private);
		buf_done(&shared);
	}
}

struct aead {
	struct buf key, iv, aad, msg, ct, tag;
};

static bool aead_seals(const struct aead *a)
{
	uint8_t *out = malloc(a->msg.len + 16);
	bool good;

	crypto_seal(a->key.p, a->iv.p, buf_slice(&a->aad), buf_slice(&a->msg), out);
	good = slice_eq(SLICE(out, a->msg.len + 16), buf_slice(&a->ct));
	free(out);
	return good;
}

/* Does it open, and is the text then the vector's? */
static bool aead_opens(const struct aead *a, bool *same)
{
	uint8_t *out = malloc(a->ct.len + 1);
	bool opened = crypto_open(a->key.p, a->iv.p, buf_slice(&a->aad), buf_slice(&a->ct), out);

	*same = opened && slice_eq(SLICE(out, a->ct.len - 16), buf_slice(&a->msg));
	free(out);
	return opened;
}

/* crypto_seal() takes 12 bytes by its type: with another length it cannot
 * even be called, which is the refusal that the vector asks for. */
static bool aead_good(struct aead *a, bool valid)
{
	bool opened, same;

	if (a->iv.len != 12 || a->key.len != 32)
		return !valid;
	buf_add(&a->ct, a->tag.p, a->tag.len);
	opened = aead_opens(a, &same);
	return valid ? same && aead_seals(a) : !opened;
}

void chacha_vectors(json_t *root, struct tally *t)
{
	json_t *vectors = vectors_of(root, t), *v;
	size_t i;

	json_array_foreach(vectors, i, v) {
		struct aead a = {
			.key = vector_hex(v, "key", t),
			.iv = vector_hex(v, "iv", t),
			.aad = vector_hex(v, "aad", t),
			.msg = vector_hex(v, "msg", t),
			.ct = vector_hex(v, "ct", t),
			.tag = vector_hex(v, "tag", t),
		};
		struct buf *all[] = {&a.key, &a.iv, &a.aad, &a.msg, &a.ct, &a.tag};

		vector_check(t, aead_good(&a, vector_valid(v, t)),
			     "chacha20poly1305 %lld: wrong verdict", vector_id(v, i));
		for (size_t b = 0; b < sizeof(all) / sizeof(all[0]); b++)
			buf_done(all[b]);
	}
}

/* Noise hashes to 64 bytes; the hash verbs of crypto.h give 32, so this one
 * asks the function that both stand on. */
static bool blake2b_good(struct slice in, struct slice key, struct slice expected)
{
	uint8_t out[crypto_generichash_blake2b_BYTES_MAX];

	if (expected.len == 0 || expected.len > sizeof(out) ||
	    key.len > crypto_generichash_blake2b_KEYBYTES_MAX)
		return false;
	return crypto_generichash_blake2b(out, expected.len, in.p, in.len, key.p, key.len) == 0 &&
	       slice_eq(SLICE(out, expected.len), expected);
}

static void blake2b_check(const json_t *v, size_t i, struct tally *t)
{
	struct buf in = vector_hex(v, "in", t);
	struct buf key = vector_hex(v, "key", t);
	struct buf out = vector_hex(v, "out", t);

	vector_check(t, blake2b_good(buf_slice(&in), buf_slice(&key), buf_slice(&out)),
		     "blake2b %zu: wrong hash", i);
	buf_done(&in);
	buf_done(&key);
	buf_done(&out);
}

/* Upstream's file has the other members of the family too. */
void blake2b_vectors(json_t *root, struct tally *t)
{
	json_t *vectors = vectors_of(root, t), *v;
	size_t i;

	json_array_foreach(vectors, i, v) {
		const char *hash = vector_text(v, "hash");

		if (hash == NULL || strcmp(hash, "blake2b") == 0)
			blake2b_check(v, i, t);
		else
			vector_skip(t, "another hash", hash);
	}
}
