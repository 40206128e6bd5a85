/* SPDX-License-Identifier: Apache-2.0
 *
 * Records folded anew, and what is left of them in the files. */
#include "tests/daemon/directory_world.h"
#include "tests/daemon/slack.h"

static struct feed_item reset_of(const struct id16 *hub, unsigned uid)
{
	struct feed_item item = {.reset = true};

	memcpy(item.record.bytes, hub->bytes, 16);
	be_write(item.record.bytes + 28, uid, 4);
	return item;
}

static void apply_list(struct world *w, const struct feed_item *items, size_t count)
{
	w->at.refold++;
	assert_int_equal(directory_apply(w->d, items, count, w->at), ES_OK);
}

static void a_record_that_is_reset_loses_everything(void **state)
{
	struct world *w = *state;
	struct feed_item item = reset_of(&auray, 1);
	struct hash empty[4], now;
	struct made m;

	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++)
		assert_int_equal(directory_digest(w->d, s, &empty[s - 1]), ES_OK);
	structure(w, 1, "nom=Une");
	apply(w, make(w, &m, &auray, "offre", 1, "titre=Paniers", NULL)); /* another kind of the same id */
	apply(w, make(w, &m, &auray, "structure", 1, "sigle=UN", NULL));
	m = (struct made){0};
	make(w, &m, &auray, "structure", 1, "telephone=0261911090", NULL)->item.change.scope = SCOPE_LOCAL;
	apply(w, &m);
	apply_list(w, &item, 1);
	assert_unknown(w, 1);
	assert_int_equal(directory_records(w->d), 0);
	assert_int_equal(count_hits(w, "une"), 0);
	assert_int_equal(count_hits(w, "paniers"), 0);
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure") + query(w->path, "SELECT count(*) FROM offre") +
			 query(w->path, "SELECT count(*) FROM point"), 0);
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++) {
		assert_int_equal(directory_digest(w->d, s, &now), ES_OK);
		assert_true(hash_eq(&now, &empty[s - 1]));
	}
	reopen(w);
	assert_int_equal(directory_position(w->d).refold, 1);
	assert_unknown(w, 1);
	structure(w, 1, "nom=Revenue");
	assert_shows(w, 1, "Revenue");
	assert_hides(w, 1, "UN");
	assert_int_equal(count_hits(w, "revenue"), 1);
}

static void what_follows_a_reset_is_all_there_is(void **state)
{
	struct world *w = *state;
	struct directory *fresh = NULL;
	struct made set[12];
	struct feed_item items[6];
	int64_t differ = -1;
	struct hash a, b;
	struct buf what;

	for (unsigned i = 0; i < 12; i++) {
		char name[32];

		snprintf(name, sizeof(name), "nom=Structure %u", i);
		make(w, &set[i], &auray, "structure", i % 4, name, i % 3 ? NULL : "sigle=S", NULL);
		set[i].item.change.scope = i % 5 == 0 ? SCOPE_FEDERATION : SCOPE_PUBLIC;
	}
	fill(w, w->d, set, 12, false);
	/* Of records 1 and 2 only the first change counts still; 9 was never here. */
	items[0] = reset_of(&auray, 2);
	items[1] = reset_of(&auray, 1);
	items[2] = reset_of(&auray, 9);
	items[3] = set[1].item;
	items[4] = set[2].item;
	items[5] = reset_of(&auray, 10);
	apply_list(w, items, 6);
	assert_int_equal(directory_open(w->other, ref, &fresh), ES_OK);
	name_hub(fresh, &auray, "pole-auray");
	name_hub(fresh, &vitre, "pole-vitre");
	for (unsigned i = 0; i < 12; i++)
		if (i % 4 == 0 || i % 4 == 3 || i == 1 || i == 2)
			apply_to(fresh, w, &set[i]);
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++) {
		assert_int_equal(directory_digest(w->d, s, &a), ES_OK);
		assert_int_equal(directory_digest(fresh, s, &b), ES_OK);
		assert_true(hash_eq(&a, &b));
	}
	directory_idle(fresh);
	buf_init(&what, 200);
	assert_int_equal(directory_compare(w->d, w->other, &differ, &what), ES_OK);
	assert_int_equal(differ, 0);
	buf_done(&what);
	directory_close(fresh);
	assert_int_equal(directory_records(w->d), 4);
	for (unsigned i = 0; i < 12; i++)
		made_done(&set[i]);
}

static void hand_over(struct world *w)
{
	struct feed_item items[2] = {reset_of(&auray, 1)};
	struct made m;

	structure(w, 1, "nom=Une");
	make(w, &m, &auray, "structure", 1, "nom=Une", NULL)->item.steward = vitre;
	items[1] = m.item;
	apply_list(w, items, 2);
	made_done(&m);
}

static void a_record_handed_over_is_listed_as_its_steward_s(void **state)
{
	struct world *w = *state;

	hand_over(w);
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure WHERE pole = 'pole-vitre'"), 1);
}

/* Finding D2. */
static void what_is_shown_of_a_record_handed_over_names_its_steward(void **state)
{
	struct world *w = *state;

	hand_over(w);
	assert_shows(w, 1, "pole-vitre");
}

/* By steward, not by who made it. */
static void a_new_name_reaches_rows_by_steward(void **state)
{
	struct world *w = *state;

	hand_over(w);
	name_hub(w->d, &auray, "pole-auray-quiberon");
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure WHERE pole = 'pole-vitre'"), 1);
	name_hub(w->d, &vitre, "pole-vitre-fougeres");
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure WHERE pole = 'pole-vitre-fougeres'"), 1);
}

static void a_reset_in_a_batch_that_fails_is_undone(void **state)
{
	struct world *w = *state;
	uint8_t big[4 + 2 * 300] = {0xde, 0x01, 0x2c};
	struct feed_item items[2] = {reset_of(&auray, 1)};
	struct hash before, after;
	struct made bad;

	for (unsigned i = 0; i < 300; i++)
		big[3 + 2 * i] = (uint8_t)(i % 128);
	structure(w, 1, "nom=Une");
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &before), ES_OK);
	make(w, &bad, &auray, "structure", 2, "nom=Deux", NULL);
	bad.item.change.fields = SLICE(big, sizeof(big));
	items[1] = bad.item;
	assert_int_equal(directory_apply(w->d, items, 2, (struct position){9, 9, 9}), ES_TOO_LARGE);
	made_done(&bad);
	assert_shows(w, 1, "Une");
	assert_int_equal(directory_position(w->d).refold, 0);
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &after), ES_OK);
	assert_true(hash_eq(&before, &after));
	assert_int_equal(count_hits(w, "une"), 1);
}

static bool on_disk(const struct world *w, const char *text)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	bool found = false;

	for (size_t i = 0; i < 3; i++) {
		char path[128], *bytes = malloc(1 << 24);
		snprintf(path, sizeof(path), "%s%s", w->path, tails[i]);
		FILE *f = fopen(path, "rb");
		size_t len = f ? fread(bytes, 1, 1 << 24, f) : 0;

		found = found || memmem(bytes, len, text, strlen(text)) != NULL;
		if (f)
			fclose(f);
		free(bytes);
	}
	return found;
}

static void after_a_scrub_no_file_holds_a_word_that_was_reset(void **state)
{
	struct world *w = *state;
	struct feed_item item = reset_of(&auray, 7);
	struct made m;

	for (unsigned i = 0; i < 60; i++)
		structure(w, i, i == 7 ? "nom=Zyxwvutsrq" : "nom=Banale");
	apply(w, make(w, &m, &auray, "structure", 7, "telephone=0261911090", "courriel=zyxwvutsrq@example.org", NULL));
	assert_true(on_disk(w, "Zyxwvutsrq") && on_disk(w, "zyxwvutsrq") && on_disk(w, "61911090"));
	directory_idle(w->d);
	apply_list(w, &item, 1);
	assert_int_equal(count_hits(w, "zyxwvutsrq"), 0);
	assert_int_equal(directory_scrub(w->d), ES_OK);
	assert_false(on_disk(w, "Zyxwvutsrq"));
	assert_false(on_disk(w, "zyxwvutsrq"));
	assert_false(on_disk(w, "61911090"));
	assert_true(on_disk(w, "Banale"));
	assert_int_equal(count_hits(w, "banale"), 59);
}

static void after_a_scrub_no_gap_between_rows_holds_a_word(void **state)
{
	struct world *w = *state;
	struct feed_item item = reset_of(&auray, 1);

	for (unsigned i = 0; i < 60; i++)
		structure(w, i, i == 1 ? "nom=Zyxwvutsrq" : "nom=Banale");
	close_world(w);
	leave_in_a_gap(w->path, "Zyxwvutsrq");
	reopen(w);
	apply_list(w, &item, 1);
	assert_int_equal(directory_scrub(w->d), ES_OK);
	assert_false(on_disk(w, "Zyxwvutsrq"));
	assert_true(on_disk(w, "Banale"));
}

static void a_scrub_waits_for_who_reads(void **state)
{
	struct world *w = *state;
	struct feed_item item = reset_of(&auray, 1);
	sqlite3 *db = NULL;

	structure(w, 1, "nom=Zyxwvutsrq");
	assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM structure", NULL, NULL, NULL), SQLITE_OK);
	apply_list(w, &item, 1);
	assert_int_equal(directory_scrub(w->d), ES_LOCKED);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(directory_scrub(w->d), ES_OK);
	assert_false(on_disk(w, "Zyxwvutsrq"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_that_is_reset_loses_everything),
		TEST(what_follows_a_reset_is_all_there_is),
		TEST(a_record_handed_over_is_listed_as_its_steward_s),
		TEST(what_is_shown_of_a_record_handed_over_names_its_steward),
		TEST(a_new_name_reaches_rows_by_steward),
		TEST(a_reset_in_a_batch_that_fails_is_undone),
		TEST(after_a_scrub_no_file_holds_a_word_that_was_reset),
		TEST(after_a_scrub_no_gap_between_rows_holds_a_word),
		TEST(a_scrub_waits_for_who_reads),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
