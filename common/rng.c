/* SPDX-License-Identifier: Apache-2.0 */
#include "common/rng.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define RNG_BLOCK 64 /* bytes of one ChaCha20 block */

void rng_seed(struct rng *r, const uint8_t seed[32])
{
	memcpy(r->key, seed, sizeof(r->key));
	r->block = 0;
}

void rng_seed_number(struct rng *r, uint64_t seed)
{
	uint8_t bytes[32] = {0};

	/* Byte by byte: a seed printed by one machine replays on another. */
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(seed >> 8 * i);
	rng_seed(r, bytes);
}

void rng_seed_system(struct rng *r)
{
	uint8_t seed[32];

	randombytes_buf(seed, sizeof(seed));
	rng_seed(r, seed);
	sodium_memzero(seed, sizeof(seed));
}

void rng_fill(struct rng *r, void *out, size_t len)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	if (len == 0)
		return;
	/* Each call starts at a fresh block: no byte is ever given twice. */
	memset(out, 0, len);
	crypto_stream_chacha20_xor_ic(out, out, len, nonce, r->block, r->key);
	r->block += (len + RNG_BLOCK - 1) / RNG_BLOCK;
}

uint64_t rng_u64(struct rng *r)
{
	uint8_t bytes[8];
	uint64_t v = 0;

	rng_fill(r, bytes, sizeof(bytes));
	for (unsigned i = 0; i < 8; i++)
		v |= (uint64_t)bytes[i] << 8 * i;
	return v;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	uint64_t skip, v;

	assert(n > 0);
	/* 2^64 mod n values are left out, the rest divides evenly. */
	skip = -n % n;
	do {
		v = rng_u64(r);
	} while (v < skip);
	return v % n;
}
