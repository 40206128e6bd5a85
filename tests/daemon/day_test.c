/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/rules/day.h"

static void a_later_month_has_the_same_day_or_its_last(void **state)
{
	static const struct { const char *from; int months; const char *to; } cases[] = {
		{"2026-01-15", 3, "2026-04-15"}, {"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"},
		{"2026-08-31", 3, "2026-11-30"}, {"2026-11-30", 3, "2027-02-28"}, {"2026-12-01", 12, "2027-12-01"},
		{"2027-01-31", -2, "2026-11-30"}, {"2000-02-29", 12, "2001-02-28"}, {"2026-05-22T14:00:00+02:00", 1, "2026-06-22"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[DAY_TEXT];

		assert_true(day_add_months(slice_str(cases[i].from), cases[i].months, out));
		assert_string_equal(out, cases[i].to);
	}
}

static void days_cross_months_and_years(void **state)
{
	static const struct { const char *from; int days; const char *to; } cases[] = {
		{"2026-02-28", 1, "2026-03-01"}, {"2024-02-28", 1, "2024-02-29"}, {"2026-12-31", 1, "2027-01-01"},
		{"2026-01-01", -1, "2025-12-31"}, {"2026-03-29", 1, "2026-03-30"}, {"1970-01-02", -2, "1969-12-31"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[DAY_TEXT];

		assert_true(day_add_days(slice_str(cases[i].from), cases[i].days, out));
		assert_string_equal(out, cases[i].to);
	}
}

static void what_is_no_day_is_refused(void **state)
{
	static const char *const texts[] = {"", "2026", "2026-13-01", "2026-02-29", "2026-00-10", "2026-01-32", "demain tôt", "0000-01-01"};
	char out[DAY_TEXT] = "as before";

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(day_add_months(slice_str(texts[i]), 1, out));
		assert_false(day_add_days(slice_str(texts[i]), 1, out));
	}
	assert_string_equal(out, "as before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_later_month_has_the_same_day_or_its_last),
		cmocka_unit_test(days_cross_months_and_years),
		cmocka_unit_test(what_is_no_day_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
