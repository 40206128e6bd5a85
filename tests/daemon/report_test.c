/* SPDX-License-Identifier: Apache-2.0
 *
 * Months as Paris counts them, medians, and the statistical secret (R15), alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "daemon/report/report.h"
#include "daemon/report/report_parts.h"

static struct report_month month(const char *text)
{
	struct report_month m;

	assert_true(report_month_parse(slice_str(text), &m));
	return m;
}

static void a_month_is_closed_at_midnight_in_paris(void **state)
{
	static const struct {
		const char *month, *first, *last, *cutoff;
	} cases[] = {
		{"2026-10", "2026-10-01", "2026-10-31", "2026-10-31T23:00:00Z"}, /* the clocks went back on the 25th */
		{"2026-03", "2026-03-01", "2026-03-31", "2026-03-31T22:00:00Z"}, /* forward on the 29th */
		{"2026-09", "2026-09-01", "2026-09-30", "2026-09-30T22:00:00Z"},
		{"2026-02", "2026-02-01", "2026-02-28", "2026-02-28T23:00:00Z"},
		{"2028-02", "2028-02-01", "2028-02-29", "2028-02-29T23:00:00Z"},
		{"2026-12", "2026-12-01", "2026-12-31", "2026-12-31T23:00:00Z"},
		{"2027-01", "2027-01-01", "2027-01-31", "2027-01-31T23:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct report_month m = month(cases[i].month);

		assert_string_equal(m.from, cases[i].first);
		assert_string_equal(m.to, cases[i].last);
		assert_int_equal(m.cutoff, report_time_ms(slice_str(cases[i].cutoff)));
	}
}

static void the_month_changes_with_paris(void **state)
{
	static const struct {
		const char *time, *month;
	} cases[] = {
		{"2026-12-31T22:59:59Z", "2026-12"}, {"2026-12-31T23:00:00Z", "2027-01"}, {"2026-03-31T21:59:59Z", "2026-03"},
		{"2026-03-31T22:00:00Z", "2026-04"}, {"2026-10-31T22:30:00Z", "2026-10"}, {"2026-10-31T23:00:00Z", "2026-11"},
	};
	struct report_month m, before;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		report_month_at(report_time_ms(slice_str(cases[i].time)), &m);
		assert_string_equal(m.text, cases[i].month);
	}
	m = month("2027-01");
	report_month_before(&m, &before);
	assert_string_equal(before.text, "2026-12");
}

static void a_month_may_end_on_one_of_its_days(void **state)
{
	struct report_month m = month("2028-02");

	(void)state;
	assert_true(report_month_upto(&m, slice_str("2028-02-29")));
	assert_string_equal(m.year_ago, "2027-02-28");
	assert_true(report_month_upto(&m, slice_str("2028-02-10")));
	assert_string_equal(m.to, "2028-02-10");
	assert_false(report_month_upto(&m, slice_str("2028-03-01")));
	assert_false(report_month_upto(&m, slice_str("2028-02-00")));
}

static void what_is_no_month_is_refused(void **state)
{
	static const char *const wrong[] = {"2026-13", "2026-00", "2026-1", "202610", "2026/10", "x026-10", "", "2026-10-01"};
	struct report_month m;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(report_month_parse(slice_str(wrong[i]), &m));
}

static void medians_are_integers(void **state)
{
	int64_t odd[] = {9, 1, 5}, even[] = {8, 3, 1, 4}, one[] = {7};

	(void)state;
	assert_int_equal(report_median(odd, 3), 5);
	assert_int_equal(report_median(even, 4), 3); /* 3.5 rounds down */
	assert_int_equal(report_median(one, 1), 7);
	assert_int_equal(report_median(NULL, 0), 0);
}

static void a_cell_has_three_units_and_none_above_85_per_cent(void **state)
{
	(void)state;
	assert_false(report_secret(SECRET_SUM, 0, 0, 0)); /* nothing is no secret */
	assert_true(report_secret(SECRET_SUM, 2, 50, 100));
	assert_false(report_secret(SECRET_SUM, 3, 85, 100));
	assert_true(report_secret(SECRET_SUM, 3, 86, 100));
	assert_true(report_secret(SECRET_MEAN, 2, 0, 0));
	assert_false(report_secret(SECRET_MEAN, 3, 99, 100));
	assert_false(report_secret(SECRET_NONE, 1, 1, 1));
	assert_true(report_secret(SECRET_FEW, 1, 0, 0));
}

/* --- differences: a region of three Pays, one commune each --- */

static struct report_place places[] = {
	{.type = PLACE_PAYS, .code = "a"}, {.type = PLACE_PAYS, .code = "b"}, {.type = PLACE_PAYS, .code = "c"},
	{.type = PLACE_REGION, .code = "r"},
};
static struct report_member members[] = {{"00001", 0}, {"00001", 3}, {"00002", 1}, {"00002", 3}, {"00003", 2}, {"00003", 3}};
static struct report_places region = {.list = places, .count = 4, .members = members, .member_count = 6};
static const struct indicator sums = {.code = "x", .form = FORM_SUM, .rule = SECRET_SUM};
#define UNITS_MAX 32
static uint16_t at[UNITS_MAX][2];
static char keys[UNITS_MAX][8], no_detail[1];

/* `counts` units of 10 in each Pays. */
static size_t make_units(const size_t counts[3], struct report_unit *units)
{
	size_t n = 0;

	for (uint16_t p = 0; p < 3; p++)
		for (size_t i = 0; i < counts[p]; i++, n++) {
			at[n][0] = p;
			at[n][1] = 3;
			keys[n][0] = (char)('a' + n);
			keys[n][1] = 0;
			units[n] = (struct report_unit){.key = keys[n], .detail = no_detail, .value = 10, .base = 1, .at = at[n], .at_count = 2};
		}
	return n;
}

static void masks_of(const size_t counts[3], const char *wanted)
{
	struct report_unit units[UNITS_MAX];
	struct report_cell cells[4];
	size_t n = make_units(counts, units);
	char got[5] = "....";

	report_cells(&sums, &region, units, n, cells);
	report_mask(&sums, &region, units, n, cells);
	for (size_t i = 0; i < 4; i++)
		got[i] = cells[i].masked ? 'X' : '.';
	assert_string_equal(got, wanted);
}

static void no_difference_tells_what_is_masked(void **state)
{
	(void)state;
	masks_of((const size_t[]){5, 4, 6}, "....");
	masks_of((const size_t[]){5, 4, 2}, ".XX."); /* region less a and b would be c: b, the smallest, goes too */
	masks_of((const size_t[]){5, 2, 2}, ".XX."); /* two hidden ones of two units are together four */
	masks_of((const size_t[]){5, 1, 1}, "XXX."); /* but not of one each */
	masks_of((const size_t[]){0, 0, 2}, "..XX"); /* nothing shown inside, nothing to subtract */
	masks_of((const size_t[]){5, 0, 2}, "X.X.");
}

static void a_unit_counts_once_however_many_rows_it_has(void **state)
{
	struct report_unit units[UNITS_MAX];
	struct report_cell cells[4];
	size_t n = make_units((const size_t[]){3, 0, 0}, units);

	(void)state;
	units[1].key = units[0].key; /* two establishments of one enterprise */
	report_cells(&sums, &region, units, n, cells);
	assert_int_equal(cells[0].n, 2);
	assert_int_equal(cells[0].sum, 30);
	assert_int_equal(cells[0].largest, 20);
	assert_true(report_secret(SECRET_SUM, cells[0].n, cells[0].largest, cells[0].sum));
}

static void every_indicator_is_named_once_and_its_parts_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < indicator_count; i++) {
		const struct indicator *ind = &indicators[i];

		assert_ptr_equal(indicator_named(slice_str(ind->code)), ind);
		assert_true(ind->label[0] && ind->unit[0] && ind->version[0]);
		if (ind->sees == SEES_SUMS) { /* what it is made of comes before it */
			assert_true(indicator_named(slice_str(ind->over)) < ind && indicator_named(slice_str(ind->over)));
			assert_true(!ind->under || indicator_named(slice_str(ind->under)) < ind);
		} else {
			assert_non_null(schema_kind_named(slice_str(ind->kind)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_month_is_closed_at_midnight_in_paris),
		cmocka_unit_test(the_month_changes_with_paris),
		cmocka_unit_test(a_month_may_end_on_one_of_its_days),
		cmocka_unit_test(what_is_no_month_is_refused),
		cmocka_unit_test(medians_are_integers),
		cmocka_unit_test(a_cell_has_three_units_and_none_above_85_per_cent),
		cmocka_unit_test(no_difference_tells_what_is_masked),
		cmocka_unit_test(a_unit_counts_once_however_many_rows_it_has),
		cmocka_unit_test(every_indicator_is_named_once_and_its_parts_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
