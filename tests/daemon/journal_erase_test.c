/* SPDX-License-Identifier: Apache-2.0
 *
 * What is forgotten leaves the journal, its outbox and its files. */
#include "tests/daemon/journal_life.h"
#include "tests/daemon/slack.h"

struct places {
	struct position3 at[16];
	size_t count;
};

static enum es_err note_place(void *ctx, const struct position3 *at)
{
	struct places *l = ctx;

	l->at[l->count++] = *at;
	return ES_OK;
}

static bool keep_second(void *ctx, uint32_t index, uint64_t seq)
{
	(void)ctx;
	return index == DATA && seq == 2;
}

static bool is_present(struct place *p, uint32_t index, uint64_t seq)
{
	static struct packed packed;
	struct buf bytes;
	uint32_t where;
	int64_t stored;

	buf_init(&bytes, 2 * COMMIT_PACKED_MAX);
	assert_int_equal(journal_one(p->j, journal_pos(p->j, index, seq), &where, &bytes, &stored), ES_OK);
	assert_int_equal(commit_unpack(buf_slice(&bytes), &packed), ES_OK);
	bool present = packed.payload[0].present;
	buf_done(&bytes);
	return present;
}

static void a_record_is_erased_up_to_a_stamp_in_shared_logs(void **state)
{
	struct place *p = *state;
	struct places places = {.count = 0};
	struct erasing e = {.frontier = &p->f, .record = record(p, AURAY, 1), .kind = 1, .upto = EARLY + 10,
			    .each = note_place, .ctx = &places};

	put(p, DATA, 1, EARLY, "Un");
	put(p, DATA, 1, EARLY + 10, "Juste a temps");
	put(p, DATA, 1, EARLY + 11, "Trop tard");
	put(p, DATA, 2, EARLY, "Un autre");
	put(p, FEDERATION, 1, EARLY, "Entre nous");
	put(p, LOCAL, 1, EARLY, "Chez nous");
	e.look_only = true;
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(e.destroyed, 0);
	assert_int_equal(places.count, 3);
	assert_true(is_present(p, DATA, 1));
	places.count = 0;
	e.look_only = false;
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(e.destroyed, 3);
	assert_int_equal(places.count, 3);
	assert_memory_equal(places.at[0].log.bytes, p->f.heads[DATA].log.bytes, 16);
	assert_int_equal(places.at[0].seq, 1);
	assert_int_equal(places.at[1].seq, 2);
	assert_memory_equal(places.at[2].log.bytes, p->f.heads[FEDERATION].log.bytes, 16);
	assert_false(is_present(p, DATA, 1));
	assert_false(is_present(p, DATA, 2));
	assert_true(is_present(p, DATA, 3));
	assert_true(is_present(p, DATA, 4));
	assert_false(is_present(p, FEDERATION, 1));
	assert_true(is_present(p, LOCAL, 1));
	e.local = true;
	e.destroyed = 0;
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(e.destroyed, 1);
	assert_false(is_present(p, LOCAL, 1));
}

static void a_commit_without_a_payload_is_served_as_it_is(void **state)
{
	struct place *p = *state;
	struct erasing e = {.frontier = &p->f, .record = record(p, AURAY, 1), .kind = 1, .upto = EARLY + 10};
	struct buf body;
	uint64_t last = 0;

	put(p, DATA, 1, EARLY, "Un");
	put(p, DATA, 2, EARLY, "Deux");
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	assert_int_equal(journal_load(p->j, DATA, &p->f.heads[DATA].log, 1, UINT64_MAX, 100000, &body, &last), ES_OK);
	assert_int_equal(last, 2);
	assert_null(memmem(body.p, body.len, "Un", 2));
	assert_non_null(memmem(body.p, body.len, "Deux", 4));
	buf_done(&body);
}

static void what_is_kept_for_now_is_told_and_stays(void **state)
{
	struct place *p = *state;
	struct places places = {.count = 0};
	struct erasing e = {.frontier = &p->f, .record = record(p, AURAY, 1), .kind = 1, .upto = EARLY + 10,
			    .kept = keep_second, .each = note_place, .ctx = &places};

	put(p, DATA, 1, EARLY, "Un");
	put(p, DATA, 1, EARLY + 1, "Deux");
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(e.destroyed, 1);
	assert_int_equal(places.count, 2);
	assert_true(is_present(p, DATA, 2));
}

static void only_that_kind_and_only_what_says_something_is_erased(void **state)
{
	struct place *p = *state;
	struct erasing e = {.frontier = &p->f, .record = record(p, AURAY, 1), .kind = 2, .upto = EARLY + 10};
	struct sealed s;

	put(p, DATA, 1, EARLY, "Un");
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(e.destroyed, 0);
	e.kind = 1;
	begin(p, DATA, &s);
	write_change(sealed_add(&s), OP_PROPOSE, &e.record, EARLY, "Propose");
	write_change(sealed_add(&s), OP_RECEIPT, &e.record, EARLY, "Recu");
	write_change(sealed_add(&s), OP_REQUEST, &e.record, EARLY, "Demande");
	store(p, DATA, &s);
	sealed_done(&s);
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(e.destroyed, 2);
}

static void the_outbox_and_void_commits_are_erased_too(void **state)
{
	struct place *p = *state;
	struct erasing e = {.frontier = &p->f, .record = record(p, AURAY, 1), .kind = 1, .upto = EARLY + 10};
	struct record_id two = record(p, AURAY, 2);
	struct sealed s;
	struct buf body;

	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 1, EARLY, 1, "Un");
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 1, EARLY + 11, 2, "Trop tard");
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PROPOSE, 1, EARLY, 3, "Propose");
	wait_in_outbox(p, SCOPE_FEDERATION, OP_REQUEST, 1, EARLY, 4, "Demande");
	wait_in_outbox(p, SCOPE_LOCAL, OP_PUT, 1, EARLY, 5, "Chez nous");
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 2, EARLY, 6, "Un autre");
	begin(p, DATA, &s);
	write_change(sealed_add(&s), OP_PUT, &e.record, EARLY, "Perdu");
	write_change(sealed_add(&s), OP_PUT, &two, EARLY, "Reste");
	seal(&s, &p->fed.keys[AURAY]);
	assert_int_equal(journal_void_put(p->j, &p->fed.keys[AURAY].hub, &s.c.id, buf_slice(&s.bytes)), ES_OK);
	sealed_done(&s);
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(e.destroyed, 3);
	assert_int_equal(journal_outbox_count(p->j), 4);
	assert_int_equal(journal_void_count(p->j), 1);
	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	assert_int_equal(journal_void_load(p->j, &p->fed.keys[AURAY].hub, false, 100000, &body), ES_OK);
	assert_null(memmem(body.p, body.len, "Perdu", 5));
	assert_non_null(memmem(body.p, body.len, "Reste", 5));
	buf_done(&body);
	e.local = true;
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(journal_outbox_count(p->j), 3);
}

static void after_a_scrub_no_file_holds_what_was_erased(void **state)
{
	struct place *p = *state;
	struct erasing e = {.frontier = &p->f, .record = record(p, AURAY, 1), .kind = 1, .upto = EARLY + 10, .local = true};

	assert_int_equal(journal_begin(p->j), ES_OK);
	for (unsigned i = 0; i < 40; i++)
		put(p, DATA, i, EARLY, i == 1 ? "SecretSigne" : "Banal");
	put(p, LOCAL, 1, EARLY, "SecretLocal");
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 1, EARLY, 1, "SecretAttend");
	assert_int_equal(journal_commit(p->j), ES_OK);
	assert_true(on_disk(p, "SecretSigne"));
	assert_true(on_disk(p, "SecretLocal"));
	assert_true(on_disk(p, "SecretAttend"));
	assert_int_equal(journal_begin(p->j), ES_OK);
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(journal_commit(p->j), ES_OK);
	assert_int_equal(e.destroyed, 3);
	assert_true(on_disk(p, "SecretSigne")); /* the WAL has it still */
	assert_int_equal(journal_scrub(p->j), ES_OK);
	assert_false(on_disk(p, "SecretSigne"));
	assert_false(on_disk(p, "SecretLocal"));
	assert_false(on_disk(p, "SecretAttend"));
	assert_true(on_disk(p, "Banal"));
	open_again(p);
	assert_false(on_disk(p, "SecretSigne"));
}

static void after_a_scrub_no_gap_between_rows_holds_a_word(void **state)
{
	struct place *p = *state;

	for (unsigned i = 0; i < 40; i++)
		put(p, DATA, i, EARLY, "Banal");
	journal_close(p->j);
	p->j = NULL;
	leave_in_a_gap(p->path, "SecretMoved");
	open_again(p);
	assert_true(on_disk(p, "SecretMoved"));
	assert_int_equal(journal_scrub(p->j), ES_OK);
	assert_false(on_disk(p, "SecretMoved"));
	assert_true(on_disk(p, "Banal"));
}

static void what_a_cut_took_away_is_in_no_file_after_a_scrub(void **state)
{
	struct place *p = *state;

	put(p, DATA, 1, EARLY, "Reste");
	put(p, DATA, 2, EARLY, "SecretCoupe");
	assert_int_equal(journal_drop_after(p->j, DATA, 1, NULL, NULL), ES_OK);
	assert_int_equal(journal_scrub(p->j), ES_OK);
	assert_false(on_disk(p, "SecretCoupe"));
	assert_true(on_disk(p, "Reste"));
}

static void a_copy_is_whole_and_can_be_opened(void **state)
{
	struct place *p = *state;
	struct journal *copy = NULL;
	char path[128];
	struct frontier f = {0};

	append_all(p);
	wait_in_outbox(p, SCOPE_LOCAL, OP_PUT, 1, EARLY, 1, "Attend");
	snprintf(path, sizeof path, "%s/copy.db", p->dir);
	assert_int_equal(journal_copy(p->j, path), ES_OK);
	assert_int_not_equal(journal_copy(p->j, path), ES_OK); /* never over another */
	assert_int_equal(journal_open(path, false, &copy), ES_OK);
	assert_int_equal(journal_frontier(copy, &f), ES_OK);
	assert_int_equal(f.heads[DATA].seq, COMMITS);
	assert_int_equal(journal_outbox_count(copy), 1);
	frontier_done(&f);
	journal_close(copy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_is_erased_up_to_a_stamp_in_shared_logs),
		TEST(a_commit_without_a_payload_is_served_as_it_is),
		TEST(what_is_kept_for_now_is_told_and_stays),
		TEST(only_that_kind_and_only_what_says_something_is_erased),
		TEST(the_outbox_and_void_commits_are_erased_too),
		TEST(after_a_scrub_no_file_holds_what_was_erased),
		TEST(after_a_scrub_no_gap_between_rows_holds_a_word),
		TEST(what_a_cut_took_away_is_in_no_file_after_a_scrub),
		TEST(a_copy_is_whole_and_can_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
