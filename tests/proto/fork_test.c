/* SPDX-License-Identifier: Apache-2.0
 *
 * Two commits of one author at one place, and what proves it. */
#include "proto/fork.h"
#include "tests/proto/fixture.h"

static struct world w;
static struct sealed a, b;
static struct buf bytes;

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	world_found(&w);
	world_let_in(&w, AURAY);
	world_data(&w, AURAY, SCOPE_PUBLIC, &a);
	world_data(&w, AURAY, SCOPE_PUBLIC, &b);
	b.c.hlc++;
	seal(&a, &w.keys[AURAY]);
	seal(&b, &w.keys[AURAY]);
	buf_init(&bytes, 2 * COMMIT_HEADER_MAX + 512);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_done(&bytes);
	sealed_done(&a);
	sealed_done(&b);
	world_done(&w);
	return 0;
}

static enum es_err make(struct fork_proof *p)
{
	return fork_make(a.p.header, &a.p.sig, b.p.header, &b.p.sig, p);
}

static void a_proof_is_the_same_whoever_came_first(void **state)
{
	struct fork_proof one, two;

	(void)state;
	assert_int_equal(make(&one), ES_OK);
	assert_int_equal(fork_make(b.p.header, &b.p.sig, a.p.header, &a.p.sig, &two), ES_OK);
	assert_true(memcmp(one.side[0].id.bytes, one.side[1].id.bytes, 32) < 0);
	for (int i = 0; i < 2; i++) {
		assert_true(hash_eq(&one.side[i].id, &two.side[i].id));
		assert_true(hash_eq(&one.side[i].prev_id, &a.c.prev_id));
		assert_int_equal(one.side[i].epoch, 1);
		assert_memory_equal(&one.side[i].sig, &two.side[i].sig, sizeof one.side[i].sig);
	}
	assert_true(id_eq(&one.log, &a.c.log_id));
	assert_int_equal(one.seq, 1);
}

static void it_reads_as_it_was_written(void **state)
{
	struct fork_proof p, got;

	(void)state;
	assert_int_equal(make(&p), ES_OK);
	fork_encode(&p, &bytes);
	assert_int_equal(canon_check(buf_slice(&bytes)), ES_OK);
	assert_int_equal(fork_decode(buf_slice(&bytes), &got), ES_OK);
	assert_true(id_eq(&got.log, &p.log) && got.seq == p.seq);
	for (int i = 0; i < 2; i++)
		assert_true(hash_eq(&got.side[i].id, &p.side[i].id) && slice_eq(got.side[i].header, p.side[i].header));
	assert_int_equal(fork_verify(&got, &w.rights), ES_OK);
}

static void it_has_one_spelling(void **state)
{
	struct fork_proof p, got;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(make(&p), ES_OK);
		struct fork_side first = p.side[0];
		if (i == 0) {
			p.side[0] = p.side[1];
			p.side[1] = first;
		}
		p.log.bytes[0] ^= i == 1;
		p.seq += i == 2;
		buf_clear(&bytes);
		fork_encode(&p, &bytes);
		if (i == 3)
			bytes.len--;
		assert_int_equal(fork_decode(buf_slice(&bytes), &got), ES_MALFORMED);
	}
	assert_int_equal(fork_decode(SLICE_NONE, &got), ES_MALFORMED);
}

static void one_commit_or_two_places_are_no_fork(void **state)
{
	struct fork_proof p;

	(void)state;
	assert_int_equal(fork_make(a.p.header, &a.p.sig, a.p.header, &b.p.sig, &p), ES_MALFORMED);
	assert_int_equal(fork_make(a.p.header, &a.p.sig, SLICE_NONE, &b.p.sig, &p), ES_MALFORMED);
	b.c.seq = 2;
	seal(&b, &w.keys[AURAY]);
	assert_int_equal(make(&p), ES_MALFORMED);
	b.c.seq = 1;
	b.c.log_id = w.open[AURAY][SCOPE_CRESS].id;
	seal(&b, &w.keys[AURAY]);
	assert_int_equal(make(&p), ES_MALFORMED);
	b.c.log_id = a.c.log_id;
	b.c.fed_id.bytes[0] ^= 1;
	seal(&b, &w.keys[AURAY]);
	assert_int_equal(make(&p), ES_MALFORMED);
}

static void both_sides_are_the_author_s_doing(void **state)
{
	struct fork_proof p;

	(void)state;
	seal(&b, &w.keys[CRESS]);
	assert_int_equal(make(&p), ES_OK);
	assert_int_equal(fork_verify(&p, &w.rights), ES_BAD_SIG);
	b.c.key_epoch = 2; /* has no such key */
	seal(&b, &w.keys[AURAY]);
	assert_int_equal(make(&p), ES_OK);
	assert_int_equal(fork_verify(&p, &w.rights), ES_BAD_SIG);
}

static void it_is_about_a_log_of_this_federation(void **state)
{
	struct fork_proof p;

	(void)state;
	a.c.log_id = b.c.log_id = w.open[VANNES][SCOPE_PUBLIC].id;
	seal(&a, &w.keys[VANNES]);
	seal(&b, &w.keys[VANNES]);
	assert_int_equal(make(&p), ES_OK);
	assert_int_equal(fork_verify(&p, &w.rights), ES_UNKNOWN_LOG);
	a.c.log_id = b.c.log_id = w.open[AURAY][SCOPE_PUBLIC].id;
	a.c.fed_id.bytes[0] ^= 1;
	b.c.fed_id = a.c.fed_id;
	seal(&a, &w.keys[AURAY]);
	seal(&b, &w.keys[AURAY]);
	assert_int_equal(make(&p), ES_OK);
	assert_int_equal(fork_verify(&p, &w.rights), ES_UNKNOWN_LOG);
}

static void the_control_log_forks_too(void **state)
{
	struct fork_proof p;

	(void)state;
	a.c = b.c = w.control[1].c;
	b.c.hlc++;
	seal(&a, &w.keys[CRESS]);
	seal(&b, &w.keys[CRESS]);
	assert_int_equal(make(&p), ES_OK);
	assert_int_equal(fork_verify(&p, &w.rights), ES_OK);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_proof_is_the_same_whoever_came_first),
		T(it_reads_as_it_was_written),
		T(it_has_one_spelling),
		T(one_commit_or_two_places_are_no_fork),
		T(both_sides_are_the_author_s_doing),
		T(it_is_about_a_log_of_this_federation),
		T(the_control_log_forks_too),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
