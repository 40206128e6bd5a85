/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frontier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void an_index_once_given_stays_and_a_log_is_found_by_its_id(void **state)
{
	struct frontier f = {0};
	struct id16 hub = {{9}}, unknown = {{200}};

	(void)state;
	assert_null(frontier_find(&f, &unknown));
	for (uint8_t i = 0; i < 100; i++) {
		struct id16 log = {{i}};
		struct head *h = frontier_add(&f, &log, &hub, SCOPE_CRESS, i);

		assert_non_null(h);
		assert_true(h->seq == 0 && h->acked == 0 && h->blocked == ES_OK && h->grew_ms == 0);
		h->seq = i;
	}
	assert_int_equal(f.count, 100);
	for (uint8_t i = 0; i < 100; i++) {
		struct id16 log = {{i}};
		const struct head *h = frontier_find(&f, &log);

		assert_ptr_equal(h, &f.heads[i]);
		assert_true(h->seq == i && h->generation == i && h->scope == SCOPE_CRESS && id_eq(&h->hub, &hub));
	}
	assert_null(frontier_find(&f, &unknown));
	frontier_done(&f);
	assert_int_equal(f.count, 0);
	frontier_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_index_once_given_stays_and_a_log_is_found_by_its_id)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
