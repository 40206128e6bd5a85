/* SPDX-License-Identifier: Apache-2.0
 *
 * Where to look for conflicts: the table `desaccord`. */
#include "tests/daemon/directory_world.h"

/* Record 1's name as somebody wrote it who saw the value of stamp `base`. */
static void name(struct world *w, struct made *m, const char *text, es_stamp base)
{
	make(w, m, &auray, "structure", 1, text, NULL)->item.base = base;
}

static int64_t rows(const struct world *w)
{
	return query(w->path, "SELECT count(*) FROM desaccord");
}

static void an_edit_that_saw_what_it_beats_leaves_no_row(void **state)
{
	struct world *w = *state;
	struct made m;

	name(w, &m, "nom=Une", 0);
	apply(w, &m);
	name(w, &m, "nom=Deux", m.item.change.edited);
	apply(w, &m);
	name(w, &m, "nom=Deux", 0); /* the same value */
	apply(w, &m);
	assert_int_equal(rows(w), 0);
}

struct seen {
	struct meeting last;
	unsigned count;
};

static bool see(void *ctx, const struct meeting *m)
{
	struct seen *s = ctx;

	s->last = *m;
	s->count++;
	return true;
}

static void one_that_did_not_leaves_one_in_either_order(void **state)
{
	struct world *w = *state;
	struct made first, second;

	for (unsigned backwards = 0; backwards < 2; backwards++) {
		struct seen all = {.count = 0}, one = {.count = 0}, none = {.count = 0};
		struct record_id other = {{0}};

		name(w, &first, "nom=Une", 0);
		name(w, &second, "nom=Deux", first.item.change.edited - 1);
		apply_to(w->d, w, backwards ? &second : &first);
		assert_int_equal(rows(w), 0);
		apply_to(w->d, w, backwards ? &first : &second);
		assert_int_equal(rows(w), 1);
		assert_shows(w, 1, "Deux");
		assert_int_equal(reader_meetings(w->r, NULL, see, &all), ES_OK);
		assert_int_equal(reader_meetings(w->r, &first.item.record, see, &one), ES_OK);
		assert_int_equal(reader_meetings(w->r, &other, see, &none), ES_OK);
		assert_int_equal(all.count, 1);
		assert_int_equal(one.count, 1);
		assert_int_equal(none.count, 0);
		assert_memory_equal(one.last.record.bytes, first.item.record.bytes, 32);
		assert_int_equal(one.last.kind, first.item.kind);
		assert_int_equal(one.last.scope, SCOPE_PUBLIC);
		assert_ptr_equal(schema_field_no(schema_kind_no(one.last.kind), one.last.field),
				 schema_field_named(schema_kind_no(one.last.kind), slice_str("nom")));
		made_done(&first);
		made_done(&second);
		assert_int_equal(directory_reset(w->d), ES_OK);
		assert_int_equal(rows(w), 0);
	}
}

static void what_waits_in_the_outbox_leaves_none(void **state)
{
	struct world *w = *state;
	struct made m;

	name(w, &m, "nom=Une", 0);
	apply(w, &m);
	name(w, &m, "nom=Deux", 0);
	m.item.change.pending = true;
	apply(w, &m);
	name(w, &m, "nom=Trois", 0);
	m.item.change.scope = SCOPE_LOCAL; /* of another scope */
	apply(w, &m);
	assert_int_equal(rows(w), 0);
}

static void a_record_that_is_reset_has_none(void **state)
{
	struct world *w = *state;
	struct feed_item item = {.reset = true};
	struct made m;

	for (unsigned i = 0; i < 2; i++) {
		name(w, &m, i ? "nom=Une" : "nom=Deux", 0);
		item.record = m.item.record;
		apply(w, &m);
	}
	assert_int_equal(rows(w), 1);
	w->at.refold++;
	assert_int_equal(directory_apply(w->d, &item, 1, w->at), ES_OK);
	assert_int_equal(rows(w), 0);
}

static void a_fold_of_the_same_items_has_the_same_ones(void **state)
{
	struct world *w = *state;
	struct directory *fresh = NULL;
	int64_t differ = -1;
	sqlite3 *db = NULL;
	struct made set[9];
	struct buf what;

	for (unsigned i = 0; i < 9; i++) {
		char text[32];

		snprintf(text, sizeof(text), "nom=Nom %u", i);
		name(w, &set[i], text, i % 2 ? w->clock : 0);
	}
	fill(w, w->d, set, 9, false);
	assert_int_equal(directory_open(w->other, ref, &fresh), ES_OK);
	name_hub(fresh, &auray, "pole-auray");
	name_hub(fresh, &vitre, "pole-vitre");
	fill(w, fresh, set, 9, false);
	directory_close(fresh);
	buf_init(&what, 200);
	assert_int_equal(directory_compare(w->d, w->other, &differ, &what), ES_OK);
	assert_int_equal(differ, 0);
	assert_int_equal(rows(w), 1);
	assert_int_equal(sqlite3_open(w->other, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM desaccord", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(directory_compare(w->d, w->other, &differ, &what), ES_OK);
	assert_int_equal(differ, 1);
	assert_non_null(strstr(buf_cstr(&what), "desaccord"));
	buf_done(&what);
	for (unsigned i = 0; i < 9; i++)
		made_done(&set[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_edit_that_saw_what_it_beats_leaves_no_row),
		TEST(one_that_did_not_leaves_one_in_either_order),
		TEST(what_waits_in_the_outbox_leaves_none),
		TEST(a_record_that_is_reset_has_none),
		TEST(a_fold_of_the_same_items_has_the_same_ones),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
