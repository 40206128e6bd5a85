/* SPDX-License-Identifier: Apache-2.0
 *
 * domain.md part 3, "Who may do what", written again by hand: rows by columns, and
 * every route of the API under a row of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "daemon/api/api_parts.h"
#include "daemon/api/roles.h"

/* agent_pole, cress, admin, financeur_lecture: may (1), may not (0), co-signs (2). */
static const struct {
	const char *row;
	int may[4];
} domain[] = {
	{"READ_LOCAL", {1, 0, 1, 0}}, {"READ_FEDERATION", {1, 1, 1, 0}}, {"READ_PUBLIC", {1, 1, 1, 1}}, {"WRITE", {1, 1, 0, 0}},
	{"PROPOSE", {1, 1, 0, 0}},    {"GRANT", {1, 1, 0, 0}},	       {"TABLES", {0, 1, 0, 0}},      {"IDENTITY", {1, 1, 0, 0}},
	{"GOVERN", {0, 2, 1, 0}},     {"IMPORT", {1, 1, 0, 0}},	       {"EXPORT", {1, 1, 0, 1}},      {"PRIVACY", {1, 1, 1, 0}},
};
#define ROWS (sizeof domain / sizeof *domain)

static const int *row_of(enum action_id action)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(domain[i].row, action_rows[action].name) == 0)
			return domain[i].may;
	return NULL;
}

static void the_table_is_that_of_the_domain(void **state)
{
	(void)state;
	assert_int_equal(ACTION_COUNT - 1, ROWS);
	assert_int_equal(ROLE_ID_COUNT, 4);
	for (size_t a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		const int *may = row_of((enum action_id)a);

		assert_non_null(may);
		for (size_t i = 0; i < ROLE_ID_COUNT; i++) {
			assert_int_equal(role_may(&role_rows[i], (enum action_id)a, false), may[i] == 1);
			assert_int_equal(role_may(&role_rows[i], (enum action_id)a, true), may[i] != 0);
		}
	}
}

static void every_route_names_its_action(void **state)
{
	(void)state;
	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *route = &api_routes[i];

		if (route->anyone || route->owner) { /* to sign in one needs no role; accounts are nobody's but the owner's */
			assert_int_equal(route->action, ACTION_NONE);
			continue;
		}
		if (route->action == ACTION_NONE)
			print_error("%s %s names no action (roles.def)\n", route->method, route->path);
		assert_int_not_equal(route->action, ACTION_NONE);
		for (size_t n = 0; n < ROLE_ID_COUNT; n++) {
			int may = row_of(route->action)[n];

			assert_int_equal(role_may(&role_rows[n], route->action, route->cosigns), may == 1 || (may == 2 && route->cosigns));
		}
	}
}

/* Reading roles write nothing: by method, whatever the action is called. */
static void a_funder_only_gets(void **state)
{
	const struct role_row *funder = role_named("financeur_lecture");

	(void)state;
	for (size_t i = 0; i < api_route_count; i++)
		if (strcmp(api_routes[i].method, "GET") != 0)
			assert_false(role_may(funder, api_routes[i].action, api_routes[i].cosigns));
	assert_int_equal(funder->within, SCOPE_PUBLIC);
}

static void an_admin_writes_no_record(void **state)
{
	const struct role_row *admin = role_named("admin");

	(void)state;
	for (size_t i = 0; i < api_route_count; i++)
		if (api_routes[i].edits && api_routes[i].action != ACTION_PRIVACY)
			assert_false(role_may(admin, api_routes[i].action, api_routes[i].cosigns));
	assert_true(role_is_logged(admin));
	assert_false(role_is_logged(role_named("agent_pole")));
}

static void what_a_role_reads_follows_from_its_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROLE_ID_COUNT; i++) {
		const struct role_row *r = &role_rows[i];
		enum scope within = role_may(r, ACTION_READ_LOCAL, false)	 ? SCOPE_LOCAL
				    : role_may(r, ACTION_READ_FEDERATION, false) ? SCOPE_CRESS
										 : SCOPE_PUBLIC;

		assert_int_equal(r->within, within);
	}
}

static void a_refusal_says_who_may(void **state)
{
	struct buf why;

	(void)state;
	buf_init(&why, 1024);
	assert_int_equal(role_check(role_named("financeur_lecture"), false, ACTION_IMPORT, false, &why), ES_NOT_ALLOWED);
	assert_string_equal(buf_cstr(&why), "financeur_lecture may not do this (import a file); who may: agent_pole");
	buf_clear(&why);
	assert_int_equal(role_check(role_named("agent_pole"), false, ACTION_TABLES, false, &why), ES_NOT_ALLOWED);
	assert_non_null(strstr(buf_cstr(&why), "at the CRESS"));
	buf_clear(&why);
	assert_int_equal(role_check(role_named("cress"), false, ACTION_READ_PUBLIC, false, &why), ES_NOT_ALLOWED);
	assert_non_null(strstr(buf_cstr(&why), "no role of a hub's node"));
	buf_clear(&why);
	assert_int_equal(role_check(role_named("admin"), true, ACTION_NONE, false, &why), ES_NOT_ALLOWED);
	assert_null(role_named("ADMIN"));
	assert_string_equal(role_of_node(true)->name, "cress");
	assert_string_equal(role_of_node(false)->name, "agent_pole");
	buf_done(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_that_of_the_domain),
		cmocka_unit_test(every_route_names_its_action),
		cmocka_unit_test(a_funder_only_gets),
		cmocka_unit_test(an_admin_writes_no_record),
		cmocka_unit_test(what_a_role_reads_follows_from_its_column),
		cmocka_unit_test(a_refusal_says_who_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
