/* SPDX-License-Identifier: Apache-2.0
 *
 * Randomness as a value: a ChaCha20 stream from a 32-byte seed. The daemon
 * seeds it from the system, the simulator and tests from a number. */
#ifndef COMMON_RNG_H
#define COMMON_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint8_t key[32];
	uint64_t block; /* 64-byte blocks drawn so far */
};

void rng_seed(struct rng *r, const uint8_t seed[32]);
void rng_seed_number(struct rng *r, uint64_t seed);
void rng_seed_system(struct rng *r);
void rng_fill(struct rng *r, void *out, size_t len);
uint64_t rng_u64(struct rng *r);
/* Uniform in 0..n-1; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

#endif
