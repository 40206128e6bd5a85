/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>

#include "common/rng.h"
#include "common/stamp.h"

#define MS_MAX (((es_ms)1 << 48) - 1)

static void a_stamp_at_a_time_has_counter_zero_and_gives_the_time_back(void **state)
{
	static const es_ms times[] = {0, 1, 1795000000123, MS_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		es_stamp s = stamp_at(times[i]);

		assert_int_equal(s & 0xffff, 0);
		assert_int_equal(stamp_ms(s), times[i]);
		assert_int_equal(stamp_ms(s | 0xffff), times[i]);
	}
}

static void a_time_that_has_no_stamp_is_clamped(void **state)
{
	(void)state;
	assert_int_equal(stamp_at(-1), 0);
	assert_int_equal(stamp_at(INT64_MIN), 0);
	assert_int_equal(stamp_ms(stamp_at(MS_MAX + 1)), MS_MAX);
	assert_int_equal(stamp_ms(stamp_at(INT64_MAX)), MS_MAX);
}

static void the_next_stamp_is_the_least_that_is_late_enough(void **state)
{
	const es_stamp now = stamp_at(1000);
	const struct {
		es_stamp last, floor, next;
	} rows[] = {
		{0, 0, now},
		{now - 1, 0, now}, /* the clock is already above */
		{now, 0, now + 1},
		{0, now, now + 1},
		{now + 5, now + 9, now + 10},
		{now + 9, now + 5, now + 10},
		{now | 0xffff, 0, stamp_at(1001)}, /* the counter runs over into the time */
		{stamp_at(90000), 0, stamp_at(90000) + 1}, /* the clock was set back */
		{STAMP_MAX - 1, 0, STAMP_MAX},
		{STAMP_MAX, 0, STAMP_MAX}, /* none is above: it stays, it never wraps */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(stamp_next(1000, rows[i].last, rows[i].floor), rows[i].next);
}

static void a_row_of_stamps_increases_whatever_the_clock_does(void **state)
{
	struct rng r;
	es_stamp last = 0;

	(void)state;
	rng_seed_number(&r, 7);
	for (int i = 0; i < 10000; i++) {
		es_ms now = (es_ms)rng_below(&r, 1000000) - 1000;
		es_stamp floor = stamp_at((es_ms)rng_below(&r, 1000000));
		es_stamp next = stamp_next(now, last, floor);

		assert_true(next > last && next > floor && next >= stamp_at(now));
		assert_true(next == stamp_at(now) || next == last + 1 || next == floor + 1);
		last = i % 50 == 49 ? 0 : next;
	}
}

static void a_stamp_is_ahead_from_one_millisecond_past_the_bound(void **state)
{
	const es_ms now = 1795000000000;

	(void)state;
	assert_false(stamp_ahead(stamp_at(0), now));
	assert_false(stamp_ahead(stamp_at(now), now));
	assert_false(stamp_ahead(stamp_at(now + STAMP_SKEW_MAX_MS) | 0xffff, now));
	assert_true(stamp_ahead(stamp_at(now + STAMP_SKEW_MAX_MS + 1), now));
	assert_true(stamp_ahead(STAMP_MAX, now));
}

static void no_clock_makes_the_bound_overflow(void **state)
{
	(void)state;
	assert_false(stamp_ahead(STAMP_MAX, INT64_MAX));
	assert_true(stamp_ahead(STAMP_MAX, INT64_MIN));
	assert_false(stamp_ahead(0, INT64_MIN));
}

static void a_stamp_reads_as_a_date_of_utc(void **state)
{
	static const struct {
		es_ms ms;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{951868799999, "2000-02-29T23:59:59.999Z"},
		{951868800000, "2000-03-01T00:00:00.000Z"},
		{1795342272123, "2026-11-22T10:11:12.123Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"}, /* not a leap year */
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{253402300800000, "9999-12-31T23:59:59.999Z"}, /* four digits, no more */
		{MS_MAX, "9999-12-31T23:59:59.999Z"},
	};
	char text[25];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		stamp_text(stamp_at(rows[i].ms), text);
		assert_string_equal(text, rows[i].text);
	}
}

static void the_date_is_the_one_that_the_c_library_finds(void **state)
{
	struct rng r;

	(void)state;
	rng_seed_number(&r, 8);
	for (int i = 0; i < 20000; i++) {
		es_ms ms = (es_ms)rng_below(&r, 253402300800000);
		time_t seconds = (time_t)(ms / 1000);
		char text[25], date[32], expected[64];
		struct tm tm;

		assert_non_null(gmtime_r(&seconds, &tm));
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(expected, sizeof(expected), "%s.%03dZ", date, (int)(ms % 1000));
		stamp_text(stamp_at(ms), text);
		assert_string_equal(text, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stamp_at_a_time_has_counter_zero_and_gives_the_time_back),
		cmocka_unit_test(a_time_that_has_no_stamp_is_clamped),
		cmocka_unit_test(the_next_stamp_is_the_least_that_is_late_enough),
		cmocka_unit_test(a_row_of_stamps_increases_whatever_the_clock_does),
		cmocka_unit_test(a_stamp_is_ahead_from_one_millisecond_past_the_bound),
		cmocka_unit_test(no_clock_makes_the_bound_overflow),
		cmocka_unit_test(a_stamp_reads_as_a_date_of_utc),
		cmocka_unit_test(the_date_is_the_one_that_the_c_library_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
