/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon/journal_place.h"

static void damage(struct place *p, unsigned seq)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "UPDATE payload SET change = CAST(substr(change, 1, length(change) - 1) || x'00' AS BLOB)"
				   " WHERE no = (SELECT pos << 8 FROM commits WHERE log = 2 AND seq = %u)", seq);
	tamper(p, sql);
}

static enum es_err load(struct place *p, uint64_t seq, size_t want, struct buf *body, uint64_t *last)
{
	buf_init(body, 8 * COMMIT_PACKED_MAX);
	*last = 0;
	return journal_load(p->j, DATA, &p->f.heads[DATA].log, seq, UINT64_MAX, want, body, last);
}

/* A COMMITS body holds commits `from` to `to` as they were appended. */
static void assert_body(const struct place *p, const struct buf *body, unsigned from, unsigned to)
{
	struct canon_reader r;
	struct id16 log;

	canon_read_init(&r, buf_slice(body));
	assert_int_equal(canon_read_array(&r, 2), 2);
	canon_read_exact(&r, log.bytes, 16);
	assert_memory_equal(log.bytes, p->fed.open[AURAY][SCOPE_PUBLIC].id.bytes, 16);
	assert_int_equal(canon_read_array(&r, COMMITS), to - from + 1);
	for (unsigned seq = from; seq <= to; seq++)
		assert_true(slice_eq(canon_read_value(&r), buf_slice(&p->data[seq - 1].bytes)));
	assert_int_equal(canon_read_done(&r), ES_OK);
}

/* --- opening --- */

static void create_needs_no_file_and_open_needs_one(void **state)
{
	struct place *p = *state;
	struct journal *other = NULL;
	char path[128];

	assert_int_equal(journal_open(p->path, true, &other), ES_EXISTS);
	snprintf(path, sizeof(path), "%s/none.db", p->dir);
	assert_int_equal(journal_open(path, false, &other), ES_NO_NODE);
	assert_int_not_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/none/journal.db", p->dir);
	assert_int_not_equal(journal_open(path, true, &other), ES_OK);
	assert_null(other);
	journal_close(NULL);
}

static void a_second_opener_is_told_that_it_is_locked(void **state)
{
	struct place *p = *state;
	struct journal *other = NULL;
	int status;

	assert_int_equal(journal_open(p->path, false, &other), ES_LOCKED);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		execl("/proc/self/exe", "journal_test", p->path, (char *)NULL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ES_LOCKED);
	open_again(p); /* ours was not harmed */
	assert_int_equal(p->f.count, 2);
}

static void a_file_that_is_no_database_is_damaged(void **state)
{
	struct place *p = *state;
	struct journal *other = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/text.db", p->dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fputs("ceci n'est pas une base\n", f);
	fclose(f);
	assert_int_equal(journal_open(path, false, &other), ES_PAGE_DAMAGED);
	assert_null(other);
}

/* --- transactions --- */

static void a_transaction_is_durable_or_absent(void **state)
{
	struct place *p = *state;
	struct buf b;

	buf_init(&b, 64);
	assert_false(journal_get(p->j, "name", &b));
	assert_int_equal(journal_begin(p->j), ES_OK);
	assert_int_equal(journal_set(p->j, "name", slice_str("Auray")), ES_OK);
	append(p);
	journal_rollback(p->j);
	assert_false(journal_get(p->j, "name", &b));
	assert_int_equal(journal_last_pos(p->j), 0);
	journal_rollback(p->j); /* without one: nothing */
	assert_int_equal(journal_begin(p->j), ES_OK);
	assert_int_equal(journal_set(p->j, "name", slice_str("Auray")), ES_OK);
	assert_int_equal(journal_set(p->j, "name", slice_str("Vannes")), ES_OK);
	assert_int_equal(journal_commit(p->j), ES_OK);
	open_again(p);
	assert_true(journal_get(p->j, "name", &b));
	assert_string_equal(buf_cstr(&b), "Vannes");
	assert_true(journal_get(p->j, "name", &b)); /* appends */
	assert_string_equal(buf_cstr(&b), "VannesVannes");
	buf_done(&b);
}

static bool has(struct place *p, const char *name)
{
	struct buf b;

	buf_init(&b, 64);
	bool found = journal_get(p->j, name, &b);
	buf_done(&b);
	return found;
}

static void a_job_is_kept_or_undone_alone(void **state)
{
	struct place *p = *state;

	assert_int_equal(journal_begin(p->j), ES_OK);
	assert_int_equal(journal_savepoint(p->j), ES_OK);
	assert_int_equal(journal_set(p->j, "un", slice_str("1")), ES_OK);
	assert_int_equal(journal_release(p->j, true), ES_OK);
	assert_int_equal(journal_savepoint(p->j), ES_OK);
	assert_int_equal(journal_set(p->j, "deux", slice_str("2")), ES_OK);
	assert_int_equal(journal_release(p->j, false), ES_OK);
	assert_int_equal(journal_savepoint(p->j), ES_OK);
	assert_int_equal(journal_set(p->j, "trois", slice_str("3")), ES_OK);
	assert_int_equal(journal_mark(p->j), ES_OK);
	assert_int_equal(journal_set(p->j, "quatre", slice_str("4")), ES_OK);
	assert_int_equal(journal_unmark(p->j, false), ES_OK);
	assert_int_equal(journal_mark(p->j), ES_OK);
	assert_int_equal(journal_set(p->j, "cinq", slice_str("5")), ES_OK);
	assert_int_equal(journal_unmark(p->j, true), ES_OK);
	assert_int_equal(journal_release(p->j, true), ES_OK);
	assert_int_equal(journal_commit(p->j), ES_OK);
	open_again(p);
	assert_true(has(p, "un"));
	assert_false(has(p, "deux"));
	assert_true(has(p, "trois"));
	assert_false(has(p, "quatre"));
	assert_true(has(p, "cinq"));
	assert_int_equal(journal_release(p->j, true), ES_DISK_FULL); /* no transaction any more */
	assert_int_equal(journal_unmark(p->j, true), ES_DISK_FULL);
}

/* --- logs --- */

static void the_frontier_comes_back_with_its_heads(void **state)
{
	struct place *p = *state;
	const struct commit *head = &p->data[COMMITS - 1].c;

	append_all(p);
	p->f.heads[DATA].acked = 4;
	p->f.heads[DATA].acked_id = p->data[3].c.id;
	assert_int_equal(journal_update_log(p->j, &p->f, DATA), ES_OK);
	p->f.heads[0].generation = 9;
	memset(p->f.heads[0].log.bytes, 0x99, 16);
	assert_int_equal(journal_update_log(p->j, &p->f, 0), ES_OK);
	open_again(p);
	assert_int_equal(p->f.count, 2);
	assert_int_equal(p->f.heads[0].seq, 0);
	assert_int_equal(p->f.heads[0].generation, 9);
	assert_int_equal(p->f.heads[0].log.bytes[0], 0x99);
	assert_int_equal(p->f.heads[DATA].seq, COMMITS);
	assert_memory_equal(p->f.heads[DATA].id.bytes, head->id.bytes, 32);
	assert_true(p->f.heads[DATA].hlc == head->hlc);
	assert_int_equal(p->f.heads[DATA].grew_ms, NOW_MS + COMMITS);
	assert_int_equal(p->f.heads[DATA].acked, 4);
	assert_memory_equal(p->f.heads[DATA].acked_id.bytes, p->data[3].c.id.bytes, 32);
	assert_int_equal(p->f.heads[DATA].scope, SCOPE_PUBLIC);
	assert_memory_equal(p->f.heads[DATA].hub.bytes, p->fed.keys[AURAY].hub.bytes, 16);
}

static void commits_have_positions_in_order_of_arrival(void **state)
{
	struct place *p = *state;
	struct hash id;
	struct buf packed;
	uint32_t index = 99;
	int64_t stored = 0;

	append_all(p);
	assert_int_equal(journal_last_pos(p->j), COMMITS);
	for (unsigned seq = 1; seq <= COMMITS; seq++) {
		assert_int_equal(journal_pos(p->j, DATA, seq), seq);
		assert_true(journal_commit_id(p->j, DATA, seq, &id));
		assert_memory_equal(id.bytes, p->data[seq - 1].c.id.bytes, 32);
	}
	assert_int_equal(journal_pos(p->j, DATA, COMMITS + 1), 0);
	assert_int_equal(journal_pos(p->j, 0, 1), 0);
	assert_false(journal_commit_id(p->j, DATA, COMMITS + 1, &id));
	buf_init(&packed, 2 * COMMIT_PACKED_MAX);
	assert_int_equal(journal_one(p->j, 2, &index, &packed, &stored), ES_OK);
	assert_int_equal(index, DATA);
	assert_int_equal(stored, NOW_MS + 2);
	assert_true(slice_eq(buf_slice(&packed), buf_slice(&p->data[1].bytes)));
	assert_int_equal(journal_one(p->j, COMMITS + 1, &index, &packed, &stored), ES_NOT_FOUND);
	buf_done(&packed);
}

static void the_same_seq_twice_is_refused(void **state)
{
	struct place *p = *state;
	int64_t pos;

	append(p);
	assert_int_not_equal(journal_append(p->j, DATA, &p->data[0].c, &p->data[0].p, NOW_MS, &pos), ES_OK);
	assert_int_equal(journal_last_pos(p->j), 1);
}

static void load_serves_from_a_seq_near_the_bytes_wanted(void **state)
{
	struct place *p = *state;
	struct buf body;
	uint64_t last;

	append_all(p);
	assert_int_equal(load(p, 1, 100000, &body, &last), ES_OK);
	assert_int_equal(last, COMMITS);
	assert_body(p, &body, 1, COMMITS);
	buf_done(&body);
	assert_int_equal(load(p, 3, 1, &body, &last), ES_OK); /* at least one */
	assert_int_equal(last, 3);
	assert_body(p, &body, 3, 3);
	buf_done(&body);
	assert_int_equal(load(p, 2, p->data[1].bytes.len + 1, &body, &last), ES_OK);
	assert_int_equal(last, 3);
	assert_body(p, &body, 2, 3);
	buf_done(&body);
	assert_int_equal(load(p, COMMITS + 1, 100000, &body, &last), ES_OK);
	assert_int_equal(body.len, 0);
	buf_done(&body);
}

static void load_goes_no_further_than_it_is_asked(void **state)
{
	struct place *p = *state;
	struct buf body;
	uint64_t last = 0;

	append_all(p);
	buf_init(&body, 8 * COMMIT_PACKED_MAX);
	assert_int_equal(journal_load(p->j, DATA, &p->f.heads[DATA].log, 2, 4, 100000, &body, &last), ES_OK);
	assert_int_equal(last, 4);
	assert_body(p, &body, 2, 4);
	buf_clear(&body);
	assert_int_equal(journal_load(p->j, DATA, &p->f.heads[DATA].log, 3, 2, 100000, &body, &last), ES_OK);
	assert_int_equal(body.len, 0);
	buf_done(&body);
}

static void load_serves_what_lies_before_the_damage_and_then_names_it(void **state)
{
	struct place *p = *state;
	struct buf body;
	uint64_t last;

	append_all(p);
	damage(p, 4);
	assert_int_equal(load(p, 1, 100000, &body, &last), ES_OK);
	assert_int_equal(last, 3);
	assert_body(p, &body, 1, 3);
	buf_done(&body);
	assert_int_equal(load(p, 4, 100000, &body, &last), ES_DAMAGED);
	assert_int_equal(last, 4);
	assert_int_equal(body.len, 0);
	buf_done(&body);
	assert_int_equal(load(p, 5, 100000, &body, &last), ES_OK);
	assert_body(p, &body, 5, COMMITS);
	buf_done(&body);
}

static void every_kind_of_damage_is_found(void **state)
{
	static const char *const harm[] = {
		"UPDATE commits SET id = zeroblob(32) WHERE pos = 1",
		"UPDATE commits SET header = CAST(x'00' || substr(header, 2) AS BLOB) WHERE pos = 2",
		"UPDATE commits SET sig = x'01' WHERE pos = 3",
		"UPDATE payload SET salt = zeroblob(16) WHERE no = 4 << 8",
		"DELETE FROM payload WHERE no = (5 << 8) + 1",
		"UPDATE payload SET change = NULL WHERE no = 6 << 8",
	};
	struct place *p = *state;
	struct buf body;
	uint64_t last;

	append_all(p);
	for (unsigned i = 0; i < 6; i++) {
		tamper(p, harm[i]);
		if (load(p, i + 1, 100000, &body, &last) != ES_DAMAGED || last != i + 1 || body.len != 0)
			fail_msg("%s: not found", harm[i]);
		buf_done(&body);
	}
}

/* --- the feed --- */

struct fed {
	char text[32][16];
	bool pending[32];
	enum scope scope[32];
	size_t count;
};

static enum es_err note_item(void *ctx, const struct feed_item *item)
{
	struct fed *f = ctx;
	struct canon_reader r;

	assert_true(f->count < 32);
	canon_read_init(&r, change_field(item->change.fields, 10));
	struct slice text = item->change.fields.len > 1 ? canon_read_str(&r, 15) : SLICE_NONE;
	memcpy(f->text[f->count], text.p ? (const char *)text.p : "", text.len);
	f->pending[f->count] = item->change.pending;
	f->scope[f->count++] = item->change.scope;
	return ES_OK;
}

static void the_feed_gives_commits_then_the_outbox_from_a_position(void **state)
{
	struct place *p = *state;
	struct fed got = {.count = 0};
	struct feed feed = {.max = 100, .frontier = &p->f, .rights = &p->fed.rights, .each = note_item, .ctx = &got};

	add_row(p, SCOPE_LOCAL, 1, stamp_at(NOW_MS), "Attend");
	add_row(p, SCOPE_PUBLIC, 2, stamp_at(NOW_MS) + 1, NULL);
	append(p);
	append(p);
	assert_int_equal(journal_feed(p->j, &feed), ES_OK);
	assert_int_equal(got.count, 6);
	assert_string_equal(got.text[0], "Biocoop");
	assert_string_equal(got.text[1], "Second");
	assert_int_equal(got.scope[3], SCOPE_PUBLIC);
	assert_false(got.pending[3]);
	assert_string_equal(got.text[4], "Attend");
	assert_true(got.pending[4]);
	assert_int_equal(got.scope[4], SCOPE_LOCAL);
	assert_string_equal(got.text[5], ""); /* withdrawn */
	assert_false(feed.more);
	assert_int_equal(feed.to.commit, 2);
	assert_int_equal(feed.to.edit, 2);
	feed.from = feed.to;
	got.count = 0;
	assert_int_equal(journal_feed(p->j, &feed), ES_OK);
	assert_int_equal(got.count, 0);
	assert_int_equal(feed.to.commit, 2);
}

static void the_feed_stops_at_a_commit_s_end_and_goes_on(void **state)
{
	struct place *p = *state;
	struct fed got = {.count = 0};
	struct feed feed = {.max = 3, .frontier = &p->f, .rights = &p->fed.rights, .each = note_item, .ctx = &got};
	unsigned calls = 0;

	append_all(p);
	for (unsigned i = 0; i < 5; i++)
		add_row(p, SCOPE_LOCAL, i, stamp_at(NOW_MS) + i, "Attend");
	assert_int_equal(journal_feed(p->j, &feed), ES_OK);
	assert_int_equal(got.count, 4); /* two commits of two */
	assert_true(feed.more);
	assert_int_equal(feed.to.commit, 2);
	do {
		feed.from = feed.to;
		assert_int_equal(journal_feed(p->j, &feed), ES_OK);
		assert_true(++calls < 20);
	} while (feed.more);
	assert_int_equal(got.count, 2 * COMMITS + 5);
	assert_int_equal(feed.to.commit, COMMITS);
	assert_int_equal(feed.to.edit, 5);
}

static void the_feed_passes_over_a_damaged_commit_and_counts_it(void **state)
{
	struct place *p = *state;
	struct fed got = {.count = 0};
	struct feed feed = {.max = 100, .frontier = &p->f, .rights = &p->fed.rights, .each = note_item, .ctx = &got};

	append_all(p);
	damage(p, 2);
	assert_int_equal(journal_feed(p->j, &feed), ES_OK);
	assert_int_equal(got.count, 2 * (COMMITS - 1));
	assert_int_equal(feed.damaged, 1);
	assert_int_equal(feed.damaged_log, DATA);
	assert_int_equal(feed.to.commit, COMMITS);
}

static enum es_err refuse(void *ctx, const struct feed_item *item)
{
	(void)item;
	return ++*(int *)ctx == 3 ? ES_NOMEM : ES_OK;
}

static void an_error_of_each_ends_the_feed(void **state)
{
	struct place *p = *state;
	int calls = 0;
	struct feed feed = {.max = 100, .frontier = &p->f, .rights = &p->fed.rights, .each = refuse, .ctx = &calls};

	append_all(p);
	assert_int_equal(journal_feed(p->j, &feed), ES_NOMEM);
	assert_int_equal(calls, 3);
}

/* --- the outbox --- */

struct listed {
	int64_t edit[16];
	size_t count, stop;
};

static bool list_row(void *ctx, const struct outbox_edit *e)
{
	struct listed *l = ctx;

	l->edit[l->count++] = e->edit;
	return l->count != l->stop;
}

static void assert_listed(struct place *p, enum scope scope, const struct record_id *record, int64_t after, size_t stop,
			  const char *expected)
{
	struct listed l = {.stop = stop};
	char got[64] = "";

	assert_int_equal(journal_outbox_each(p->j, scope, record, after, list_row, &l), ES_OK);
	for (size_t i = 0; i < l.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%lld ", (long long)l.edit[i]);
	assert_string_equal(got, expected);
}

static void the_outbox_is_in_order_of_edit_by_scope_and_by_record(void **state)
{
	struct place *p = *state;
	struct record_id two = {{[31] = 2}};

	assert_int_equal(journal_last_edit(p->j), 0);
	add_row(p, SCOPE_PUBLIC, 1, 900, "a");
	add_row(p, SCOPE_LOCAL, 2, 500, "b");
	add_row(p, SCOPE_PUBLIC, 2, 100, NULL);
	add_row(p, SCOPE_LOCAL, 1, 800, "d");
	assert_listed(p, SCOPE_COUNT, NULL, 0, 0, "1 2 3 4 ");
	assert_listed(p, SCOPE_PUBLIC, NULL, 0, 0, "1 3 ");
	assert_listed(p, SCOPE_LOCAL, NULL, 2, 0, "4 ");
	assert_listed(p, SCOPE_CRESS, NULL, 0, 0, "");
	assert_listed(p, SCOPE_COUNT, &two, 0, 0, "2 3 ");
	assert_listed(p, SCOPE_COUNT, &two, 2, 0, "3 ");
	assert_listed(p, SCOPE_COUNT, NULL, 0, 2, "1 2 ");
	assert_int_equal(journal_outbox_count(p->j), 3); /* the withdrawn one is not waiting */
	assert_int_equal(journal_outbox_remove(p->j, 4), ES_OK);
	assert_int_equal(journal_last_edit(p->j), 4); /* a number is never given twice */
	add_row(p, SCOPE_PUBLIC, 1, 901, "e");
	assert_listed(p, SCOPE_COUNT, NULL, 0, 0, "1 2 3 5 ");
	open_again(p);
	assert_listed(p, SCOPE_COUNT, NULL, 0, 0, "1 2 3 5 ");
	assert_int_equal(journal_last_edit(p->j), 5);
}

static void a_damaged_page_is_named(void **state)
{
	struct place *p = *state;
	struct buf what;

	append_all(p);
	add_row(p, SCOPE_LOCAL, 1, stamp_at(NOW_MS), "Attend");
	buf_init(&what, 4096);
	assert_int_equal(journal_check_pages(p->j, false, &what), ES_OK);
	assert_int_equal(what.len, 0);
	tamper(p, "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='CREATE INDEX outbox_record ON outbox(kind)'"
		  " WHERE name='outbox_record'"); /* an index that does not say what its table says */
	assert_int_equal(journal_check_pages(p->j, false, &what), ES_PAGE_DAMAGED);
	assert_true(what.len > 0);
	buf_done(&what);
}

/* --- requests --- */

struct requests {
	struct join_request r[4];
	size_t count, stop;
};

static bool note_request(void *ctx, const struct join_request *r)
{
	struct requests *all = ctx;

	all->r[all->count++] = *r;
	return all->count != all->stop;
}

static void requests_come_back_in_order_with_their_state(void **state)
{
	struct place *p = *state;
	struct join_request a = {.member = world_member(&p->fed, VANNES), .charter = p->fed.charter, .at = 2000};
	struct join_request b = {.member = world_member(&p->fed, STRANGER), .charter = p->fed.charter, .at = 1000};
	struct requests all = {.count = 0};

	memset(a.acceptance.handshake, 5, 64);
	memset(a.acceptance.sig.bytes, 6, 64);
	memset(a.member.invite.bytes, 7, 32);
	assert_int_equal(journal_request_put(p->j, &a), ES_OK);
	assert_int_equal(journal_request_put(p->j, &b), ES_OK);
	a.state = REQUEST_DENIED;
	assert_int_equal(journal_request_put(p->j, &a), ES_OK);
	open_again(p);
	assert_int_equal(journal_request_each(p->j, note_request, &all), ES_OK);
	assert_int_equal(all.count, 2);
	assert_string_equal(all.r[0].member.name, "Inconnu");
	assert_int_equal(all.r[0].state, REQUEST_WAITING);
	assert_int_equal(all.r[1].state, REQUEST_DENIED);
	assert_int_equal(all.r[1].at, 2000);
	assert_string_equal(all.r[1].member.name, "Pole Vannes");
	assert_string_equal(all.r[1].member.pays, "vannes");
	assert_string_equal(all.r[1].member.address, "vannes.example:7480");
	assert_memory_equal(all.r[1].member.hub.bytes, a.member.hub.bytes, 16);
	assert_memory_equal(&all.r[1].member.sign, &a.member.sign, sizeof(a.member.sign));
	assert_memory_equal(&all.r[1].member.dh, &a.member.dh, sizeof(a.member.dh));
	assert_memory_equal(&all.r[1].member.invite, &a.member.invite, 32);
	assert_memory_equal(&all.r[1].acceptance, &a.acceptance, sizeof(a.acceptance));
	assert_memory_equal(&all.r[1].charter, &a.charter, 32);
	all = (struct requests){.stop = 1};
	assert_int_equal(journal_request_each(p->j, note_request, &all), ES_OK);
	assert_int_equal(all.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(create_needs_no_file_and_open_needs_one),
		TEST(a_second_opener_is_told_that_it_is_locked),
		TEST(a_file_that_is_no_database_is_damaged),
		TEST(a_transaction_is_durable_or_absent),
		TEST(a_job_is_kept_or_undone_alone),
		TEST(the_frontier_comes_back_with_its_heads),
		TEST(commits_have_positions_in_order_of_arrival),
		TEST(the_same_seq_twice_is_refused),
		TEST(load_serves_from_a_seq_near_the_bytes_wanted),
		TEST(load_goes_no_further_than_it_is_asked),
		TEST(load_serves_what_lies_before_the_damage_and_then_names_it),
		TEST(every_kind_of_damage_is_found),
		TEST(the_feed_gives_commits_then_the_outbox_from_a_position),
		TEST(the_feed_stops_at_a_commit_s_end_and_goes_on),
		TEST(the_feed_passes_over_a_damaged_commit_and_counts_it),
		TEST(an_error_of_each_ends_the_feed),
		TEST(the_outbox_is_in_order_of_edit_by_scope_and_by_record),
		TEST(a_damaged_page_is_named),
		TEST(requests_come_back_in_order_with_their_state),
	};
	struct journal *j = NULL;

	if (argc > 1) /* the other process of a_second_opener */
		return journal_open(argv[1], false, &j);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
