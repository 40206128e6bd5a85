/* SPDX-License-Identifier: Apache-2.0
 *
 * Values written without having been seen, on whole nodes: where a restored hub and
 * the instance that was lost had both changed a field, people see both values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/value.h"
#include "tests/daemon/nodes.h"

/* An edit as `essaim set` makes it. */
static void decide(struct nodes *w, struct party *p, const char *field, const char *text, enum edit_outcome outcome)
{
	struct edit e = {.kind = schema_kind_named(slice_str("structure")), .has_uid = true, .uid = uid_of(1), .decides = true};
	struct edit_result result;

	assert_int_equal(edit_field(w, p, &e, field, text, true, &result), ES_OK);
	assert_int_equal(result.outcome, outcome);
}

struct listing {
	char text[256];
	size_t len;
};

static bool note(void *ctx, const struct said *stands, const struct said *other)
{
	struct listing *l = ctx;

	/* Texts of less than 32 bytes: one byte before them. */
	l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%s: %.*s<%.*s ", scope_name(stands->scope),
				   (int)stands->value.len - 1, (const char *)stands->value.p + 1,
				   (int)other->value.len - 1, (const char *)other->value.p + 1);
	return true;
}

static void assert_conflicts(struct party *p, const char *expected)
{
	struct listing l = {.len = 0};

	assert_int_equal(node_conflicts(p->n, NULL, note, &l), ES_OK);
	assert_string_equal(l.text, expected);
}

/* Auray's record 1 is changed; then Auray is lost, and comes back from an older
 * backup, not in touch yet. */
static struct party *restored(struct nodes *w)
{
	struct party *auray = &w->p[AURAY], *copy;

	assert_int_equal(edit(w, auray, 1, "nom", "Atelier"), ES_OK);
	visit_all(w);
	copy = party_clone(w, auray);
	assert_int_equal(edit(w, auray, 1, "nom", "Perdu"), ES_OK);
	visit(w, auray);
	party_stop(auray);
	assert_int_equal(STEP(w, copy, node_restored(copy->n)), ES_OK);
	return copy;
}

static struct party *in_conflict(struct nodes *w)
{
	struct party *copy = restored(w);

	assert_int_equal(edit(w, copy, 1, "nom", "Revenu"), ES_OK);
	visit_all(w);
	return copy;
}

static void all_see(struct nodes *w, const char *expected)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->p[i].n)
			assert_conflicts(&w->p[i], expected);
}

static void both_values_are_listed_on_every_node(void **state)
{
	struct nodes *w = *state;

	in_conflict(w);
	assert_true(shows(&w->p[VANNES], 1, "Revenu"));
	all_see(w, "public: Revenu<Perdu ");
}

static void an_edit_after_the_restore_that_saw_the_value_is_no_conflict(void **state)
{
	struct nodes *w = *state;
	struct party *copy = restored(w);

	visit_all(w);
	assert_int_equal(edit(w, copy, 1, "nom", "Revenu"), ES_OK);
	visit_all(w);
	all_see(w, "");
}

static void editing_on_unaware_hides_nothing(void **state)
{
	struct nodes *w = *state;
	struct party *copy = restored(w);

	assert_int_equal(edit(w, copy, 1, "nom", "Revenu"), ES_OK);
	decide(w, copy, "nom", "Encore", EDIT_CHANGED);
	visit_all(w);
	all_see(w, "public: Encore<Perdu ");
}

static void a_third_value_ends_it(void **state)
{
	struct nodes *w = *state;
	struct party *copy = in_conflict(w);

	decide(w, copy, "nom", "Choisi", EDIT_CHANGED);
	visit_all(w);
	all_see(w, "");
	assert_true(shows(&w->p[VANNES], 1, "Choisi"));
	assert_int_equal(edit(w, copy, 1, "nom", "Plus tard"), ES_OK);
	visit_all(w);
	all_see(w, "");
}

static void the_beaten_value_ends_it(void **state)
{
	struct nodes *w = *state;

	decide(w, in_conflict(w), "nom", "Perdu", EDIT_CHANGED);
	visit_all(w);
	all_see(w, "");
	assert_true(shows(&w->p[VANNES], 1, "Perdu"));
}

static void the_shown_value_said_again_ends_it(void **state)
{
	struct nodes *w = *state;
	struct party *copy = in_conflict(w);

	decide(w, copy, "nom", "Revenu", EDIT_CHANGED);
	assert_conflicts(copy, ""); /* at once, here: it waits for home */
	assert_conflicts(&w->p[CRESS], "public: Revenu<Perdu ");
	visit_all(w);
	all_see(w, "");
	assert_true(shows(&w->p[VANNES], 1, "Revenu"));
	decide(w, copy, "nom", "Revenu", EDIT_SAME);
}

static void an_edit_of_another_field_does_not(void **state)
{
	struct nodes *w = *state;

	decide(w, in_conflict(w), "sigle", "AT", EDIT_CHANGED);
	visit_all(w);
	all_see(w, "public: Revenu<Perdu ");
}

static void nor_an_import(void **state)
{
	struct nodes *w = *state;
	struct party *copy = in_conflict(w);

	assert_int_equal(edit(w, copy, 1, "nom", "Revenu"), ES_OK);
	assert_int_equal(edit(w, copy, 1, "nom", "Importe"), ES_OK);
	visit_all(w);
	all_see(w, "public: Importe<Perdu ");
}

static void a_field_that_is_narrowed_is_decided_where_it_stood(void **state)
{
	struct nodes *w = *state;

	decide(w, in_conflict(w), "portee", "federation", EDIT_CHANGED);
	visit_all(w);
	all_see(w, "public: <Perdu ");
	decide(w, &w->p[w->count - 1], "nom", "Choisi", EDIT_CHANGED);
	visit_all(w);
	all_see(w, "");
	assert_true(shows(&w->p[VANNES], 1, "Choisi"));
}

static void a_record_that_is_deleted_or_forgotten_has_none(void **state)
{
	struct nodes *w = *state;
	struct party *copy = in_conflict(w);
	struct id16 uid = uid_of(1);
	struct edit_result result;
	int64_t places;

	assert_int_equal(STEP(w, copy, node_delete(copy->n, &uid, &result)), ES_OK);
	assert_conflicts(copy, "");
	visit_all(w);
	all_see(w, "");
	assert_int_equal(edit(w, copy, 1, "sigle", "AT"), ES_OK); /* it comes back */
	visit_all(w);
	all_see(w, "public: Revenu<Perdu ");
	assert_int_equal(STEP(w, copy, node_forget(copy->n, &uid, &places)), ES_OK);
	assert_conflicts(copy, "");
	visit_all(w);
	all_see(w, "");
	for (size_t i = 0; i < w->count; i++)
		assert_false(w->p[i].n && on_disk(&w->p[i], "Perdu"));
}

static void a_node_that_starts_anew_lists_the_same(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];

	in_conflict(w);
	party_restart(w, home);
	assert_conflicts(home, "public: Revenu<Perdu ");
	assert_int_equal(directory_reset(home->d), ES_OK);
	assert_conflicts(home, "");
	project(home);
	assert_conflicts(home, "public: Revenu<Perdu ");
}

static bool note_number(void *ctx, const struct inbox_item *i)
{
	*(int64_t *)ctx = i->no;
	return false;
}

/* What the steward accepts replaces a value that was seen. */
static void an_accepted_proposal_is_no_conflict(void **state)
{
	struct nodes *w = *state;
	struct party *copy = restored(w);
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));
	const struct schema_field *f = schema_field_named(k, slice_str("nom"));
	struct edit e = {.kind = k, .has_uid = true, .uid = uid_of(1)};
	struct edit_result result;
	static const uint8_t proposed[] = {0xa7, 'P', 'r', 'o', 'p', 'o', 's', 'e'};
	int64_t no = 0;

	visit_all(w); /* Auray's logs are of a new generation */
	e.values[f->index] = SLICE(proposed, sizeof proposed);
	assert_int_equal(STEP(w, &w->p[VANNES], node_propose(w->p[VANNES].n, &e, &result)), ES_OK);
	visit_all(w);
	assert_int_equal(node_inbox(copy->n, note_number, &no), ES_OK);
	assert_int_equal(STEP(w, copy, node_answer(copy->n, no, true, SLICE_NONE)), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[VANNES], 1, "Propose"));
	all_see(w, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, two_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_values_are_listed_on_every_node),
		TEST(an_edit_after_the_restore_that_saw_the_value_is_no_conflict),
		TEST(editing_on_unaware_hides_nothing),
		TEST(a_third_value_ends_it),
		TEST(the_beaten_value_ends_it),
		TEST(the_shown_value_said_again_ends_it),
		TEST(an_edit_of_another_field_does_not),
		TEST(nor_an_import),
		TEST(a_field_that_is_narrowed_is_decided_where_it_stood),
		TEST(a_record_that_is_deleted_or_forgotten_has_none),
		TEST(a_node_that_starts_anew_lists_the_same),
		TEST(an_accepted_proposal_is_no_conflict),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
