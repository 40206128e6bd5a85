/* SPDX-License-Identifier: Apache-2.0
 *
 * The few verbs of libsodium that essaim uses, with sizes in the types, and
 * the ids derived from them (protocol.md part 2).
 *
 * Hashes are BLAKE2b-256 with a personalisation per use; signatures are
 * Ed25519 over a 32-byte zero-padded ASCII context and the message, so that an
 * object signed in one context fails in every other. */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include "common/bytes.h"
#include "common/err.h"

struct hash { uint8_t bytes[32]; };
struct sign_public { uint8_t bytes[32]; };
struct sign_secret { uint8_t bytes[64]; };
struct dh_public { uint8_t bytes[32]; };
struct dh_secret { uint8_t bytes[32]; };
struct signature { uint8_t bytes[64]; };
struct id16 { uint8_t bytes[16]; }; /* hub, log, instance, uid, salt */
struct record_id { uint8_t bytes[32]; }; /* creator's hub id, then uid */

enum hash_use {
	HASH_COMMIT, HASH_CHANGE, HASH_HUB, HASH_LOG, HASH_GENESIS, HASH_BUCKET,
	HASH_INVITE, HASH_FINGERPRINT, HASH_REPORT /* "essaim1 report__" */,
	HASH_IMPORT /* "essaim1 import__": never leaves the node */
};
enum sign_use {
	SIGN_COMMIT, SIGN_JOIN, SIGN_ROTATE, SIGN_RECOVER, SIGN_FORGET,
	SIGN_EVIDENCE
};

/* Starts libsodium and runs the self-test on known bad keys
 * (CVE-2025-69277): ES_KEY_CHECK where the library accepts one. */
ES_MUST_USE enum es_err crypto_start(void);

/* libsodium has a function of that name: a file that needs both includes the
 * headers under sodium/ that it uses, not sodium.h. Hidden, so that ours never
 * stands in for theirs inside the shared library. */
__attribute__((visibility("hidden")))
struct hash crypto_hash(enum hash_use use, struct slice message);
struct hash crypto_hash2(enum hash_use use, struct slice a, struct slice b);
/* Keyed by a change's 16-byte salt. */
struct hash crypto_hash_salted(enum hash_use use, const struct id16 *salt, struct slice message);

void crypto_sign_keys(const uint8_t seed[32], struct sign_public *pk, struct sign_secret *sk);
void crypto_dh_keys(const uint8_t seed[32], struct dh_public *pk, struct dh_secret *sk);
struct signature crypto_sign_as(enum sign_use use, const struct sign_secret *sk, struct slice message);
ES_MUST_USE bool crypto_verify_as(enum sign_use use, const struct sign_public *pk,
				  const struct signature *sig, struct slice message);
/* Without a context: for public test vectors only. */
ES_MUST_USE bool crypto_verify_plain(const struct sign_public *pk, const struct signature *sig,
				     struct slice message);
/* On the curve, in the main subgroup, not of small order: asked once, when a
 * key is admitted. */
ES_MUST_USE bool crypto_sign_public_valid(const struct sign_public *pk);
/* False where the result is all zero. */
ES_MUST_USE bool crypto_dh(const struct dh_secret *sk, const struct dh_public *pk, uint8_t out[32]);

/* ChaCha20-Poly1305 (IETF, 12-byte nonce): out holds len + 16. */
void crypto_seal(const uint8_t key[32], const uint8_t nonce[12], struct slice ad,
		 struct slice plain, uint8_t *out);
/* out holds cipher.len - 16; untouched semantics are not promised on failure. */
ES_MUST_USE bool crypto_open(const uint8_t key[32], const uint8_t nonce[12], struct slice ad,
			     struct slice cipher, uint8_t *out);

/* First 16 bytes of H(hubid___, fed_id || first Ed25519 key). */
struct id16 crypto_hub_id(const struct hash *fed_id, const struct sign_public *pk);
/* First 16 bytes of H(logid___, fed_id || hub_id || scope || nonce). */
struct id16 crypto_log_id(const struct hash *fed_id, const struct id16 *hub, uint8_t scope,
			  const struct id16 *nonce);
/* What two screens show to compare two keys: "K7QX-2M4T-90WB-CDEF". */
#define FINGERPRINT_LEN 19
void crypto_fingerprint(const struct sign_public *sign, const struct dh_public *dh,
			char out[FINGERPRINT_LEN + 1]);

bool hash_eq(const struct hash *a, const struct hash *b);
bool id_eq(const struct id16 *a, const struct id16 *b);
bool id_is_zero(const struct id16 *a);
void crypto_wipe(void *p, size_t len);

#endif
