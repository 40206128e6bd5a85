/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/rng.h"

static void the_stream_is_chacha20_from_the_seed(void **state)
{
	/* Key, nonce and block zero: draft-agl-tls-chacha20poly1305, first vector. */
	static const uint8_t expected[64] = {
		0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53,
		0x86, 0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36,
		0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7, 0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48,
		0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4,
		0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86,
	};
	static const uint8_t zero[32];
	uint8_t out[64];
	struct rng r;

	(void)state;
	rng_seed(&r, zero);
	rng_fill(&r, out, sizeof(out));
	assert_memory_equal(out, expected, sizeof(out));
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
	struct rng a, b;

	(void)state;
	rng_seed_number(&a, 42);
	rng_seed_number(&b, 42);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rng_u64(&a), rng_u64(&b));
}

static void another_seed_gives_other_numbers(void **state)
{
	struct rng a, b;

	(void)state;
	rng_seed_number(&a, 42);
	rng_seed_number(&b, UINT64_C(42) << 56);
	for (int i = 0; i < 100; i++)
		assert_int_not_equal(rng_u64(&a), rng_u64(&b));
}

static void a_seed_number_is_a_seed_of_little_endian_bytes(void **state)
{
	const uint8_t bytes[32] = {8, 7, 6, 5, 4, 3, 2, 1};
	struct rng a, b;

	(void)state;
	rng_seed_number(&a, UINT64_C(0x0102030405060708));
	rng_seed(&b, bytes);
	assert_int_equal(rng_u64(&a), rng_u64(&b));
}

static void two_seeds_from_the_system_differ(void **state)
{
	struct rng a, b;

	(void)state;
	rng_seed_system(&a);
	rng_seed_system(&b);
	assert_int_not_equal(rng_u64(&a), rng_u64(&b));
}

static void seeding_again_starts_the_stream_again(void **state)
{
	struct rng r;
	uint64_t first;

	(void)state;
	rng_seed_number(&r, 1);
	first = rng_u64(&r);
	rng_u64(&r);
	rng_seed_number(&r, 1);
	assert_int_equal(rng_u64(&r), first);
}

static void a_fill_writes_what_was_asked_and_nothing_beside_it(void **state)
{
	struct rng r;

	(void)state;
	rng_seed_number(&r, 2);
	for (size_t len = 0; len < 200; len++) {
		uint8_t out[202], twin[202];
		struct rng again = r;

		memset(out, 0xaa, sizeof(out));
		memset(twin, 0xbb, sizeof(twin));
		rng_fill(&r, out + 1, len);
		rng_fill(&again, twin + 1, len);
		assert_memory_equal(out + 1, twin + 1, len);
		assert_int_equal(out[0], 0xaa);
		assert_int_equal(out[len + 1], 0xaa);
	}
	rng_fill(&r, NULL, 0);
}

static void no_block_of_the_stream_is_given_twice(void **state)
{
	uint8_t long_run[128], first[65], second[64];
	struct rng r;

	(void)state;
	rng_seed_number(&r, 3);
	rng_fill(&r, first, sizeof(first)); /* a byte of the second block, the rest is lost */
	assert_int_equal(r.block, 2);
	rng_fill(&r, second, sizeof(second));
	assert_int_equal(r.block, 3);
	rng_seed_number(&r, 3);
	rng_fill(&r, long_run, sizeof(long_run));
	assert_memory_equal(first, long_run, sizeof(first));
	assert_memory_not_equal(second, long_run + 64, sizeof(second));
}

static void a_number_below_n_stays_below_n(void **state)
{
	static const uint64_t bounds[] = {1, 2, 3, 10, 255, UINT64_C(1) << 63,
					  (UINT64_C(1) << 63) + 1, UINT64_MAX};
	struct rng r;

	(void)state;
	rng_seed_number(&r, 4);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		for (int k = 0; k < 500; k++)
			assert_true(rng_below(&r, bounds[i]) < bounds[i]);
	}
}

static void numbers_below_n_are_uniform(void **state)
{
	unsigned seen[6] = {0};
	struct rng r;

	(void)state;
	rng_seed_number(&r, 5);
	for (int i = 0; i < 60000; i++)
		seen[rng_below(&r, 6)]++;
	for (int i = 0; i < 6; i++)
		assert_in_range(seen[i], 9600, 10400); /* 10000, sigma 91 */
}

static void what_does_not_divide_evenly_is_drawn_again(void **state)
{
	/* Below 3 * 2^62 a plain remainder would hit the low third twice as often. */
	const uint64_t third = UINT64_C(1) << 62;
	unsigned low = 0;
	struct rng r;

	(void)state;
	rng_seed_number(&r, 6);
	for (int i = 0; i < 9000; i++)
		low += rng_below(&r, 3 * third) < third;
	assert_in_range(low, 2800, 3200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stream_is_chacha20_from_the_seed),
		cmocka_unit_test(the_same_seed_gives_the_same_numbers),
		cmocka_unit_test(another_seed_gives_other_numbers),
		cmocka_unit_test(a_seed_number_is_a_seed_of_little_endian_bytes),
		cmocka_unit_test(two_seeds_from_the_system_differ),
		cmocka_unit_test(seeding_again_starts_the_stream_again),
		cmocka_unit_test(a_fill_writes_what_was_asked_and_nothing_beside_it),
		cmocka_unit_test(no_block_of_the_stream_is_given_twice),
		cmocka_unit_test(a_number_below_n_stays_below_n),
		cmocka_unit_test(numbers_below_n_are_uniform),
		cmocka_unit_test(what_does_not_divide_evenly_is_drawn_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
