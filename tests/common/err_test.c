/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/err.h"

static void success_is_zero_and_exits_with_zero(void **state)
{
	(void)state;
	assert_int_equal(ES_OK, 0);
	assert_int_equal(es_err_exit(ES_OK), 0);
	assert_string_equal(es_err_name(ES_OK), "OK");
}

static void every_failure_has_a_name_a_sentence_and_an_exit_code(void **state)
{
	(void)state;
	for (unsigned i = 1; i < ES_ERR_COUNT; i++) {
		enum es_err err = (enum es_err)i;

		assert_true(strlen(es_err_name(err)) > 0);
		assert_true(strlen(es_err_text(err)) > 0);
		assert_in_range(es_err_exit(err), 1, 78);
		assert_in_range(es_err_then(err), ES_TELL, ES_STOP);
	}
}

static void a_row_of_the_table_reads_as_it_is_written(void **state)
{
	static const struct {
		enum es_err err;
		const char *name, *text;
		enum es_then then;
		unsigned wire;
		int exit;
	} rows[] = {
		{ES_MALFORMED, "MALFORMED", "message is not in canonical form", ES_CLOSE, 2, 65},
		{ES_BAD_SIG, "BAD_SIG", "signature does not verify", ES_BLOCK, 33, 1},
		{ES_DISK_FULL, "DISK_FULL", "disk is full", ES_RETRY, 51, 74},
		{ES_IO, "IO", "disk or database error", ES_STOP, 63, 74},
		{ES_BAD_VALUE, "BAD_VALUE", "value is not allowed for this field", ES_TELL, 0, 65},
		{ES_AWAITING, "AWAITING", "members are awaited", ES_RETRY, 0, 75},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(es_err_name(rows[i].err), rows[i].name);
		assert_string_equal(es_err_text(rows[i].err), rows[i].text);
		assert_int_equal(es_err_then(rows[i].err), rows[i].then);
		assert_int_equal(es_err_wire(rows[i].err), rows[i].wire);
		assert_int_equal(es_err_exit(rows[i].err), rows[i].exit);
	}
}

static void no_two_failures_share_a_name_or_a_number_on_the_wire(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ES_ERR_COUNT; i++) {
		for (unsigned j = i + 1; j < ES_ERR_COUNT; j++) {
			unsigned wire = es_err_wire((enum es_err)i);

			assert_string_not_equal(es_err_name((enum es_err)i),
						es_err_name((enum es_err)j));
			if (wire != 0)
				assert_int_not_equal(wire, es_err_wire((enum es_err)j));
		}
	}
}

static void what_is_sent_is_understood_by_the_other_side(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ES_ERR_COUNT; i++) {
		unsigned wire = es_err_wire((enum es_err)i);

		if (wire != 0)
			assert_int_equal(es_err_from_wire(wire), i);
	}
}

static void a_number_we_do_not_know_is_malformed(void **state)
{
	static const unsigned unknown[] = {0, 1, 10, 31, 64, 255, 1u << 16, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(es_err_from_wire(unknown[i]), ES_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_zero_and_exits_with_zero),
		cmocka_unit_test(every_failure_has_a_name_a_sentence_and_an_exit_code),
		cmocka_unit_test(a_row_of_the_table_reads_as_it_is_written),
		cmocka_unit_test(no_two_failures_share_a_name_or_a_number_on_the_wire),
		cmocka_unit_test(what_is_sent_is_understood_by_the_other_side),
		cmocka_unit_test(a_number_we_do_not_know_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
