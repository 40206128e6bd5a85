/* SPDX-License-Identifier: Apache-2.0
 *
 * Canonical msgpack under dice: values written and read back, bytes damaged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "proto/canon.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* In a heap block of exactly that size, so that the sanitizer sees a read
 * behind the end. */
static enum es_err check_exactly(struct slice bytes)
{
	uint8_t *p = malloc(bytes.len > 0 ? bytes.len : 1);
	enum es_err err;

	assert_non_null(p);
	if (bytes.len > 0)
		memcpy(p, bytes.p, bytes.len);
	err = canon_check(SLICE(p, bytes.len));
	free(p);
	return err;
}

/* One reading verb each, with room for whatever it may accept. */
static uint64_t read_as(struct canon_reader *r, enum canon_type type)
{
	switch (type) {
	case CANON_NIL:
		canon_read_nil(r);
		return 0;
	case CANON_BOOL:
		return canon_read_bool(r);
	case CANON_INT:
		return (uint64_t)canon_read_int(r, INT64_MIN, INT64_MAX);
	case CANON_STR:
		return canon_read_str(r, SIZE_MAX).len;
	case CANON_BIN:
		return canon_read_bin(r, SIZE_MAX).len;
	case CANON_ARRAY:
		return canon_read_array(r, UINT32_MAX);
	case CANON_MAP:
		return canon_read_map(r, UINT32_MAX);
	case CANON_NONE:
		break;
	}
	return canon_read_value(r).len;
}

/* Writes a random value to `w`, or, drawing the same from the same seed, reads
 * it from `r` and compares. Exactly one of them is given. */
static void play(struct rng *dice, struct buf *w, struct canon_reader *r, unsigned depth);

static void play_int(struct rng *dice, struct buf *w, struct canon_reader *r)
{
	uint64_t u = rng_u64(dice) >> rng_below(dice, 64);
	int64_t i = (int64_t)rng_u64(dice) >> rng_below(dice, 64);
	bool is_signed = rng_below(dice, 2) == 0;

	if (w != NULL && is_signed)
		canon_int(w, i);
	else if (w != NULL)
		canon_u64(w, u);
	else if (is_signed)
		assert_int_equal(canon_read_int(r, i, i), i);
	else
		assert_int_equal(canon_read_u64(r, u), u);
}

static void play_run(struct rng *dice, struct buf *w, struct canon_reader *r, bool is_text)
{
	static const size_t orders[] = {4, 40, 300};
	size_t len = rng_below(dice, orders[rng_below(dice, COUNT(orders))]);
	uint8_t bytes[300];

	rng_fill(dice, bytes, len);
	for (size_t i = 0; is_text && i < len; i++)
		bytes[i] = (uint8_t)(1 + bytes[i] % 127);
	if (is_text && len >= 3 && bytes[0] % 2 == 0)
		memcpy(bytes, "\xe2\x82\xac", 3);
	if (w != NULL && is_text)
		canon_str(w, SLICE(bytes, len));
	else if (w != NULL)
		canon_bin(w, bytes, len);
	else if (is_text)
		assert_true(slice_eq(canon_read_str(r, len), SLICE(bytes, len)));
	else
		assert_true(slice_eq(canon_read_bin(r, len), SLICE(bytes, len)));
}

static void play_array(struct rng *dice, struct buf *w, struct canon_reader *r, unsigned depth)
{
	uint32_t count = (uint32_t)rng_below(dice, rng_below(dice, 8) == 0 ? 40 : 5);

	if (w != NULL)
		canon_array(w, count);
	else
		assert_int_equal(canon_read_array(r, count), count);
	while (count-- > 0)
		play(dice, w, r, depth + 1);
}

/* Keys ascend by their bytes: small numbers, then texts of one letter, then
 * numbers from 128 on. */
static void play_key(struct buf *w, struct canon_reader *r, uint32_t key)
{
	char letter = (char)('a' + key - 10);

	if (key >= 10 && key < 20 && w != NULL)
		canon_str(w, SLICE(&letter, 1));
	else if (key >= 10 && key < 20)
		assert_true(slice_eq(canon_read_str(r, 1), SLICE(&letter, 1)));
	else if (w != NULL)
		canon_u64(w, (uint64_t)key * key * key);
	else
		assert_int_equal(canon_read_u64(r, UINT64_MAX), (uint64_t)key * key * key);
}

static void play_map(struct rng *dice, struct buf *w, struct canon_reader *r, unsigned depth)
{
	uint32_t count = (uint32_t)rng_below(dice, rng_below(dice, 8) == 0 ? 40 : 5), key = 0;

	if (w != NULL)
		canon_map(w, count);
	else
		assert_int_equal(canon_read_map(r, count), count);
	while (count-- > 0) {
		/* 5^3 is the last cube below 128, 20^3 the first above the texts. */
		key += 1 + (uint32_t)rng_below(dice, 3);
		if (key > 5 && key < 10)
			key = 10;
		play_key(w, r, key);
		play(dice, w, r, depth + 1);
	}
}

static void play(struct rng *dice, struct buf *w, struct canon_reader *r, unsigned depth)
{
	unsigned type = (unsigned)rng_below(dice, depth < CANON_DEPTH ? CANON_NONE : CANON_ARRAY);
	bool flag = rng_below(dice, 2) == 0;

	assert_true(w != NULL || canon_peek(r) == (enum canon_type)type);
	switch ((enum canon_type)type) {
	case CANON_NIL:
		if (w != NULL)
			canon_nil(w);
		else
			canon_read_nil(r);
		break;
	case CANON_BOOL:
		if (w != NULL)
			canon_bool(w, flag);
		else
			assert_int_equal(canon_read_bool(r), flag);
		break;
	case CANON_INT:
		play_int(dice, w, r);
		break;
	case CANON_STR:
	case CANON_BIN:
		play_run(dice, w, r, type == CANON_STR);
		break;
	case CANON_ARRAY:
		play_array(dice, w, r, depth);
		break;
	case CANON_MAP:
		play_map(dice, w, r, depth);
		break;
	case CANON_NONE:
		fail();
	}
}

static void random_values_are_read_back_as_they_were_written(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 22);
	for (uint64_t seed = 0; seed < 3000; seed++) {
		struct canon_reader r;
		struct rng dice;

		buf_clear(&b);
		rng_seed_number(&dice, seed);
		play(&dice, &b, NULL, 0);
		assert_int_equal(buf_err(&b), ES_OK);
		assert_int_equal(check_exactly(buf_slice(&b)), ES_OK);

		rng_seed_number(&dice, seed);
		canon_read_init(&r, buf_slice(&b));
		play(&dice, NULL, &r, 0);
		assert_int_equal(canon_read_done(&r), ES_OK);
	}
	buf_done(&b);
}

/* Reads a value of any shape and writes it again. */
static void copy_value(struct canon_reader *r, struct buf *w)
{
	struct slice last = SLICE_NONE, run;
	uint32_t count;

	switch (canon_peek(r)) {
	case CANON_NIL:
		canon_read_nil(r);
		canon_nil(w);
		break;
	case CANON_BOOL:
		canon_bool(w, canon_read_bool(r));
		break;
	case CANON_INT:
		if (r->rest.p[0] >= 0xd0)
			canon_int(w, canon_read_int(r, INT64_MIN, -1));
		else
			canon_u64(w, canon_read_u64(r, UINT64_MAX));
		break;
	case CANON_STR:
		run = canon_read_str(r, SIZE_MAX);
		assert_true(utf8_valid(run.p, run.len));
		canon_str(w, run);
		break;
	case CANON_BIN:
		run = canon_read_bin(r, SIZE_MAX);
		canon_bin(w, run.p, run.len);
		break;
	case CANON_ARRAY:
		count = canon_read_array(r, UINT32_MAX);
		canon_array(w, count);
		while (count-- > 0)
			copy_value(r, w);
		break;
	case CANON_MAP:
		count = canon_read_map(r, UINT32_MAX);
		canon_map(w, count);
		while (count-- > 0) {
			struct slice key = r->rest;

			copy_value(r, w);
			key.len -= r->rest.len;
			assert_true(slice_cmp(last, key) < 0);
			last = key;
			copy_value(r, w);
		}
		break;
	case CANON_NONE:
		fail_msg("a value that was checked cannot be read");
	}
}

/* One to three small damages; the result may well be canonical again. */
static size_t mutate(struct rng *dice, uint8_t *p, size_t len)
{
	for (uint64_t n = 1 + rng_below(dice, 3); n > 0; n--) {
		size_t at = rng_below(dice, len);

		switch (rng_below(dice, 5)) {
		case 0:
			p[at] = (uint8_t)rng_u64(dice);
			break;
		case 1:
			p[at] ^= (uint8_t)(1u << rng_below(dice, 8));
			break;
		case 2: /* the bytes at which a value begins */
			p[at] = (uint8_t)(0xc0 + rng_below(dice, 0x20));
			break;
		case 3:
			memmove(p + at + 1, p + at, len - at);
			p[at] = (uint8_t)rng_u64(dice);
			len++;
			break;
		default:
			memmove(p + at, p + at + 1, len - at - 1);
			len -= len > 1;
		}
	}
	return len;
}

static void damaged_bytes_are_refused_or_are_the_one_form_of_another_value(void **state)
{
	unsigned refused = 0, accepted = 0;
	struct buf b, again;

	(void)state;
	buf_init(&b, 1 << 22);
	buf_init(&again, 1 << 22);
	for (uint64_t seed = 0; seed < 20000; seed++) {
		struct canon_reader r;
		struct slice bytes;
		struct rng dice;

		buf_clear(&b);
		rng_seed_number(&dice, seed);
		play(&dice, &b, NULL, seed % 2 == 0 ? 0 : CANON_DEPTH - 1);
		if (b.len > 2000) /* one byte of many seldom matters */
			continue;
		assert_non_null(buf_reserve(&b, 8));
		b.len = mutate(&dice, b.p, b.len);
		bytes = buf_slice(&b);

		canon_read_init(&r, bytes);
		if (check_exactly(bytes) != ES_OK) {
			/* Whole values may stand in front of what is wrong. */
			while (!canon_at_end(&r)) {
				struct slice value = canon_read_value(&r);

				assert_true(r.err != ES_OK || canon_check(value) == ES_OK);
				assert_true(value.len < bytes.len);
			}
			refused++;
			continue;
		}
		assert_true(slice_eq(canon_read_value(&r), bytes));
		canon_read_init(&r, bytes);
		buf_clear(&again);
		copy_value(&r, &again);
		assert_int_equal(canon_read_done(&r), ES_OK);
		assert_true(slice_eq(buf_slice(&again), bytes));
		accepted++;
	}
	/* Both happen, or the test shows nothing. */
	assert_true(refused > 2000 && accepted > 2000);
	buf_done(&b);
	buf_done(&again);
}

static void random_bytes_never_lead_the_reader_astray(void **state)
{
	struct rng dice;

	(void)state;
	rng_seed_number(&dice, 99);
	for (int i = 0; i < 50000; i++) {
		size_t len = rng_below(&dice, 24);
		uint8_t *p = malloc(len + 1);
		struct canon_reader r;
		unsigned steps = 0;

		assert_non_null(p);
		rng_fill(&dice, p, len);
		canon_read_init(&r, SLICE(p, len));
		/* Each step takes a byte or ends it. */
		while (!canon_at_end(&r)) {
			(void)read_as(&r, (enum canon_type)rng_below(&dice, CANON_NONE + 1));
			assert_true(++steps <= len);
		}
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_values_are_read_back_as_they_were_written),
		cmocka_unit_test(damaged_bytes_are_refused_or_are_the_one_form_of_another_value),
		cmocka_unit_test(random_bytes_never_lead_the_reader_astray),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
