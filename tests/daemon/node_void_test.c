/* SPDX-License-Identifier: Apache-2.0
 *
 * What is left of a record when an officer has made one of its commits void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/daemon/nodes.h"

/* The day's checkpoint comes with the first: what follows may be made void. */
static void create(struct nodes *w, struct party *p, unsigned number, const char *name)
{
	assert_int_equal(edit(w, p, number, "nom", name), ES_OK);
	visit_all(w);
}

/* The officer's `void` takes the words of a commit, and with them who may see the rest. */
static void no_void_commit_lets_more_people_see_a_record(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 2, "Publique");
	assert_int_equal(edit(w, auray, 1, "portee", "cress"), ES_OK);
	visit_all(w);
	struct head *h = own_head(home, auray, SCOPE_CRESS);
	uint64_t narrowed = h->seq;
	assert_int_equal(edit(w, auray, 1, "nom", "Entre nous"), ES_OK);
	visit_all(w);
	assert_int_equal(STEP(w, home, node_void(home->n, &h->log, narrowed)), ES_OK);
	visit_all(w);
	assert_int_equal(edit(w, auray, 1, "description", "Toujours entre nous"), ES_OK);
	visit_all(w);
	assert_true(shows(home, 1, "Toujours entre nous"));
	assert_true(shows(home, 1, "\"scope\":\"cress\""));
	assert_true(on_disk(vannes, "Publique"));
	assert_false(on_disk(vannes, "ntre nous"));
	assert_int_equal(edit(w, auray, 1, "portee", "public"), ES_OK); /* asked for */
	visit_all(w);
	assert_true(shows(vannes, 1, "Toujours entre nous"));
}

static void a_record_whose_portee_is_void_is_deleted_for_all(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	struct id16 uid = uid_of(1);
	struct edit_result result;

	create(w, auray, 2, "Autre fiche");
	create(w, auray, 1, "Atelier");
	const struct head *h = own_head(home, auray, SCOPE_PUBLIC);
	uint64_t made = h->seq;
	assert_int_equal(edit(w, auray, 1, "description", "Reste"), ES_OK);
	visit_all(w);
	assert_int_equal(STEP(w, home, node_void(home->n, &h->log, made)), ES_OK);
	visit_all(w);
	assert_true(shows(vannes, 1, "Reste"));
	assert_int_equal(STEP(w, auray, node_delete(auray->n, &uid, &result)), ES_OK);
	visit_all(w);
	assert_false(shows(vannes, 1, "Reste"));
	assert_false(shows(auray, 1, "Reste"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, three_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_void_commit_lets_more_people_see_a_record),
		TEST(a_record_whose_portee_is_void_is_deleted_for_all),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
