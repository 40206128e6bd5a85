/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and signatures that this process has judged already. One process plays
 * all the nodes, so each is met once a node and again at each restart: a third
 * of a schedule's time. The verdicts are pure functions of their input; the
 * linker puts these in front of libsodium's (--wrap), which still gives every
 * first verdict. */
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_sign.h>
#include <stdbool.h>
#include <string.h>

#define KNOWN 16384 /* the latest of those that fall on one place stays */

int __real_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long len,
				       const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long len,
				       const unsigned char *pk);
int __real_crypto_core_ed25519_is_valid_point(const unsigned char *pk);
int __wrap_crypto_core_ed25519_is_valid_point(const unsigned char *pk);

struct verdict {
	unsigned char about[32]; /* a key, or the hash of key, signature and message */
	int said;
	bool given;
};

/* Where the verdict on this stands, or shall stand. */
static struct verdict *verdict_on(struct verdict known[KNOWN], const unsigned char about[32])
{
	unsigned place;

	memcpy(&place, about, sizeof place);
	struct verdict *v = &known[place % KNOWN];
	if (memcmp(v->about, about, sizeof v->about) != 0) {
		memcpy(v->about, about, sizeof v->about);
		v->given = false;
	}
	return v;
}

int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m, unsigned long long len,
				       const unsigned char *pk)
{
	static struct verdict signatures[KNOWN];
	crypto_generichash_state h;
	unsigned char about[32];

	crypto_generichash_init(&h, NULL, 0, sizeof about);
	crypto_generichash_update(&h, pk, crypto_sign_PUBLICKEYBYTES);
	crypto_generichash_update(&h, sig, crypto_sign_BYTES);
	crypto_generichash_update(&h, m, len);
	crypto_generichash_final(&h, about, sizeof about);
	struct verdict *v = verdict_on(signatures, about);
	if (!v->given)
		v->said = __real_crypto_sign_verify_detached(sig, m, len, pk);
	v->given = true;
	return v->said;
}

int __wrap_crypto_core_ed25519_is_valid_point(const unsigned char *pk)
{
	static struct verdict keys[KNOWN];
	struct verdict *v = verdict_on(keys, pk);

	if (!v->given)
		v->said = __real_crypto_core_ed25519_is_valid_point(pk);
	v->given = true;
	return v->said;
}
