/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto.h"

#include <assert.h>
/* One by one: sodium.h declares another crypto_hash(). */
#include <sodium/core.h>
#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_scalarmult.h>
#include <sodium/crypto_sign.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

#define SIGN_PREFIX 32 /* bytes of context in front of what is signed */
/* A commit header has at most 256 digests, about 10 KiB; only a recovery or
 * an evidence could be longer and goes to the heap. */
#define SIGN_STACK 16384

static const char hash_personal[][crypto_generichash_blake2b_PERSONALBYTES + 1] = {
	[HASH_COMMIT] = "essaim1 commitid",
	[HASH_CHANGE] = "essaim1 change__",
	[HASH_HUB] = "essaim1 hubid___",
	[HASH_LOG] = "essaim1 logid___",
	[HASH_GENESIS] = "essaim1 genesis_",
	[HASH_BUCKET] = "essaim1 bucket__",
	[HASH_INVITE] = "essaim1 invite__",
	[HASH_FINGERPRINT] = "essaim1 fingerpr",
	[HASH_REPORT] = "essaim1 report__",
	[HASH_IMPORT] = "essaim1 import__",
};

static const char sign_prefix[][SIGN_PREFIX] = {
	[SIGN_COMMIT] = "essaim/v1/commit",
	[SIGN_JOIN] = "essaim/v1/join",
	[SIGN_ROTATE] = "essaim/v1/rotate",
	[SIGN_RECOVER] = "essaim/v1/recover",
	[SIGN_FORGET] = "essaim/v1/forget",
	[SIGN_EVIDENCE] = "essaim/v1/evidence",
};

/* Keys that must be refused: the eight points of small order; the base point
 * plus each of the seven others, outside the main subgroup (plus the one of
 * order 2, "9599...", is what CVE-2025-69277 lets through); a y that is not
 * reduced; a y without an x. */
static const char *const bad_keys[] = {
	"0100000000000000000000000000000000000000000000000000000000000000",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819",
	"9bad33f580df7ecc49df5342bac8145d5bedc40f573d1b067f3c4ce449689a15",
	"da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2",
	"9599999999999999999999999999999999999999999999999999999999999999",
	"55ae61520ca466adcc4ae4a32dc1633a5d749c64a5b50f136fc3469f27e487e6",
	"5252cc0a7f208133b620acbd4537eba2a4123bf0a8c2e4f980c3b31bb69765ea",
	"13661d745ad63221ca5da0456fa618713511dc60668aa464e55b09a20ff7fc1d",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0200000000000000000000000000000000000000000000000000000000000000",
};
/* The base point itself: a check that refuses everything is no check. */
static const char good_key[] = "5866666666666666666666666666666666666666666666666666666666666666";

static bool known_key_valid(const char *hex)
{
	struct sign_public pk;

	return hex_decode(hex, strlen(hex), pk.bytes, sizeof(pk.bytes)) &&
	       crypto_sign_public_valid(&pk);
}

enum es_err crypto_start(void)
{
	if (sodium_init() < 0)
		return ES_KEY_CHECK;
	for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
		if (known_key_valid(bad_keys[i]))
			return ES_KEY_CHECK;
	}
	return known_key_valid(good_key) ? ES_OK : ES_KEY_CHECK;
}

static struct hash hash_keyed(enum hash_use use, const uint8_t *key, size_t key_len,
			      struct slice message)
{
	struct hash h;

	crypto_generichash_blake2b_salt_personal(h.bytes, sizeof(h.bytes), message.p, message.len,
						 key, key_len, NULL,
						 (const uint8_t *)hash_personal[use]);
	return h;
}

struct hash crypto_hash(enum hash_use use, struct slice message)
{
	return hash_keyed(use, NULL, 0, message);
}

struct hash crypto_hash2(enum hash_use use, struct slice a, struct slice b)
{
	crypto_generichash_blake2b_state state;
	struct hash h;

	crypto_generichash_blake2b_init_salt_personal(&state, NULL, 0, sizeof(h.bytes), NULL,
						      (const uint8_t *)hash_personal[use]);
	crypto_generichash_blake2b_update(&state, a.p, a.len);
	crypto_generichash_blake2b_update(&state, b.p, b.len);
	crypto_generichash_blake2b_final(&state, h.bytes, sizeof(h.bytes));
	return h;
}

struct hash crypto_hash_salted(enum hash_use use, const struct id16 *salt, struct slice message)
{
	return hash_keyed(use, salt->bytes, sizeof(salt->bytes), message);
}

void crypto_sign_keys(const uint8_t seed[32], struct sign_public *pk, struct sign_secret *sk)
{
	crypto_sign_seed_keypair(pk->bytes, sk->bytes, seed);
}

void crypto_dh_keys(const uint8_t seed[32], struct dh_public *pk, struct dh_secret *sk)
{
	memcpy(sk->bytes, seed, sizeof(sk->bytes));
	crypto_scalarmult_base(pk->bytes, sk->bytes);
}

/* prefix || message in one run: Ed25519 reads it twice, and libsodium's
 * multi-part form is Ed25519ph, another scheme. Out of memory stops the
 * program: "does not verify" would block an honest log. */
static uint8_t *signed_bytes(enum sign_use use, struct slice message, uint8_t stack[SIGN_STACK])
{
	size_t len = SIGN_PREFIX + message.len;
	uint8_t *p = len <= SIGN_STACK ? stack : malloc(len);

	assert(p != NULL);
	memcpy(p, sign_prefix[use], SIGN_PREFIX);
	if (message.len > 0)
		memcpy(p + SIGN_PREFIX, message.p, message.len);
	return p;
}

struct signature crypto_sign_as(enum sign_use use, const struct sign_secret *sk,
				struct slice message)
{
	uint8_t stack[SIGN_STACK];
	uint8_t *p = signed_bytes(use, message, stack);
	struct signature sig;

	crypto_sign_detached(sig.bytes, NULL, p, SIGN_PREFIX + message.len, sk->bytes);
	if (p != stack)
		free(p);
	return sig;
}

bool crypto_verify_as(enum sign_use use, const struct sign_public *pk, const struct signature *sig,
		      struct slice message)
{
	uint8_t stack[SIGN_STACK];
	uint8_t *p = signed_bytes(use, message, stack);
	bool good = crypto_verify_plain(pk, sig, SLICE(p, SIGN_PREFIX + message.len));

	if (p != stack)
		free(p);
	return good;
}

bool crypto_verify_plain(const struct sign_public *pk, const struct signature *sig,
			 struct slice message)
{
	return crypto_sign_verify_detached(sig->bytes, message.p, message.len, pk->bytes) == 0;
}

bool crypto_sign_public_valid(const struct sign_public *pk)
{
	return crypto_core_ed25519_is_valid_point(pk->bytes) == 1;
}

bool crypto_dh(const struct dh_secret *sk, const struct dh_public *pk, uint8_t out[32])
{
	return crypto_scalarmult(out, sk->bytes, pk->bytes) == 0;
}

void crypto_seal(const uint8_t key[32], const uint8_t nonce[12], struct slice ad,
		 struct slice plain, uint8_t *out)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.p, plain.len, ad.p, ad.len,
						  NULL, nonce, key);
}

bool crypto_open(const uint8_t key[32], const uint8_t nonce[12], struct slice ad,
		 struct slice cipher, uint8_t *out)
{
	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, cipher.p, cipher.len,
							 ad.p, ad.len, nonce, key) == 0;
}

static struct id16 id_from(const struct hash *h)
{
	struct id16 id;

	memcpy(id.bytes, h->bytes, sizeof(id.bytes));
	return id;
}

struct id16 crypto_hub_id(const struct hash *fed_id, const struct sign_public *pk)
{
	struct hash h = crypto_hash2(HASH_HUB, SLICE(fed_id->bytes, sizeof(fed_id->bytes)),
				     SLICE(pk->bytes, sizeof(pk->bytes)));

	return id_from(&h);
}

struct id16 crypto_log_id(const struct hash *fed_id, const struct id16 *hub, uint8_t scope,
			  const struct id16 *nonce)
{
	uint8_t rest[16 + 1 + 16];
	struct hash h;

	memcpy(rest, hub->bytes, 16);
	rest[16] = scope;
	memcpy(rest + 17, nonce->bytes, 16);
	h = crypto_hash2(HASH_LOG, SLICE(fed_id->bytes, sizeof(fed_id->bytes)),
			 SLICE(rest, sizeof(rest)));
	return id_from(&h);
}

void crypto_fingerprint(const struct sign_public *sign, const struct dh_public *dh,
			char out[FINGERPRINT_LEN + 1])
{
	struct hash h = crypto_hash2(HASH_FINGERPRINT, SLICE(sign->bytes, sizeof(sign->bytes)),
				     SLICE(dh->bytes, sizeof(dh->bytes)));
	char text[BASE32_LEN(10) + 1];

	base32_encode(h.bytes, 10, text); /* 80 bits: four groups of four */
	for (size_t i = 0; i < 4; i++) {
		memcpy(out + 5 * i, text + 4 * i, 4);
		out[5 * i + 4] = i < 3 ? '-' : '\0';
	}
}

bool hash_eq(const struct hash *a, const struct hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool id_eq(const struct id16 *a, const struct id16 *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool id_is_zero(const struct id16 *a)
{
	return sodium_is_zero(a->bytes, sizeof(a->bytes)) == 1;
}

void crypto_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}
