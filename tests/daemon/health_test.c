/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/node/health.h"
#include "daemon/rgpd/rgpd.h"
#include "tests/daemon/nodes.h"

/* W6: the CRESS is told on day 20 who has not acknowledged an erasure. */
static void an_erasure_without_an_answer_is_late_after_20_days(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *cress = &w->p[CRESS];
	struct id16 uid = uid_of(1);
	struct health h = {0};
	int64_t forgot;

	three_edits(w);
	assert_int_equal(STEP(w, auray, node_forget(auray->n, &uid, &forgot)), ES_OK);
	visit(w, auray);
	visit(w, auray);
	idle(w, cress);
	health_read(cress->n, &h);
	assert_true(h.erasures > 0);
	assert_int_equal(h.erasures_late, 0);
	w->utc += RGPD_LATE_DAYS * 24ll * 3600 * 1000 + 60000;
	step_begin(w, cress);
	h = (struct health){0};
	health_read(cress->n, &h);
	assert_int_equal(step_end(cress, ES_OK), ES_OK);
	assert_int_equal(h.erasures_late, h.erasures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_erasure_without_an_answer_is_late_after_20_days, two_hubs, nodes_teardown),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
