/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/rules/purchase.h"

static void tiers_rise_and_their_prices_fall(void **state)
{
	static const struct {
		const char *list, *bad; /* NULL: as it should be */
	} cases[] = {
		{"10:1000", NULL},
		{"10:1000|20:900|100:0", NULL},
		{"", ""},
		{"10:1000|10:900", "10:900"},
		{"20:900|10:1000", "10:1000"},
		{"10:900|20:1000", "20:1000"},
		{"10:900|20:900", "20:900"},
		{"0:900", "0:900"},
		{"10", "10"},
		{"10:", "10:"},
		{":10", ":10"},
		{"10:9,50", "10:9,50"},
		{"-1:900", "-1:900"},
		{"10:900:1", "10:900:1"},
		{"9999999999999:1", "9999999999999:1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice bad = SLICE_NONE;

		assert_int_equal(purchase_tiers_valid(slice_str(cases[i].list), &bad), cases[i].bad == NULL);
		if (cases[i].bad)
			assert_true(slice_eq(bad, slice_str(cases[i].bad)));
	}
}

static void the_total_picks_the_tier(void **state)
{
	static const struct {
		int64_t total, reached, next; /* cents; -1: none */
	} cases[] = {{0, -1, 1000}, {9, -1, 1000}, {10, 1000, 900}, {19, 1000, 900}, {20, 900, 800}, {99, 900, 800}, {100, 800, -1}, {5000, 800, -1}};
	struct slice list = slice_str("10:1000|20:900|100:800");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct purchase_tier reached = {0, -1}, next = {0, -1};

		assert_int_equal(purchase_reached(list, cases[i].total, &reached), cases[i].reached >= 0);
		assert_int_equal(reached.cents, cases[i].reached);
		assert_int_equal(purchase_next(list, cases[i].total, &next), cases[i].next >= 0);
		assert_int_equal(next.cents, cases[i].next);
	}
}

/* A record of another version may hold what we would refuse. */
static void what_cannot_be_read_is_no_tier(void **state)
{
	struct purchase_tier tier = {0, -1};

	(void)state;
	assert_true(purchase_reached(slice_str("beaucoup|20:900|10:1000|"), 15, &tier));
	assert_int_equal(tier.cents, 1000);
	assert_false(purchase_reached(slice_str("beaucoup"), 15, &tier));
	assert_false(purchase_next(SLICE_NONE, 15, &tier));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiers_rise_and_their_prices_fall),
		cmocka_unit_test(the_total_picks_the_tier),
		cmocka_unit_test(what_cannot_be_read_is_no_tier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
