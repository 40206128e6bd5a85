/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/request.h"
#include "tests/proto/fixture.h"

static struct buf b;

static int setup(void **state)
{
	(void)state;
	buf_init(&b, CHANGE_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_done(&b);
	return 0;
}

static void an_answer_names_what_it_answers(void **state)
{
	struct answer a = {.to = {{{7}}, 9, 255}, .accepted = true}, got = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		a.accepted = i == 0;
		a.why = i == 0 ? SLICE_NONE : slice_str("déjà fermé");
		buf_clear(&b);
		answer_encode(&a, &b);
		assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
		assert_int_equal(answer_decode(buf_slice(&b), &got), ES_OK);
		assert_true(id_eq(&got.to.log, &a.to.log));
		assert_int_equal(got.to.seq, 9);
		assert_int_equal(got.to.index, 255);
		assert_int_equal(got.accepted, a.accepted);
		assert_true(slice_eq(got.why, a.why));
	}
}

static void a_receipt_names_the_order_it_carried_out(void **state)
{
	struct receipt r = {70000, 3}, got = {0};

	(void)state;
	receipt_encode(&r, &b);
	assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
	assert_int_equal(receipt_decode(buf_slice(&b), &got), ES_OK);
	assert_int_equal(got.seq, 70000);
	assert_int_equal(got.index, 3);
}

static struct request_body request(unsigned op)
{
	struct request_body q = {.op = op};

	if (op == OP_STEWARD)
		memset(&q.to, 1, sizeof q.to);
	if (op == OP_FORGET)
		q.upto = STAMP_MAX;
	if (op != OP_STEWARD) {
		q.epoch = 4;
		memset(&q.sig, 2, sizeof q.sig);
	}
	if (op == OP_ROTATE) {
		memset(&q.sign, 3, sizeof q.sign);
		memset(&q.dh, 4, sizeof q.dh);
		memset(&q.new_sig, 5, sizeof q.new_sig);
	}
	return q;
}

static const unsigned ops[] = {OP_STEWARD, OP_FORGET, OP_ROTATE};

static void a_request_reads_as_it_was_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct request_body q = request(ops[i]), got = {0};

		buf_clear(&b);
		request_encode(&q, &b);
		assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
		assert_int_equal(request_decode(buf_slice(&b), &got), ES_OK);
		assert_int_equal(got.op, q.op);
		assert_memory_equal(&got.to, &q.to, sizeof q.to);
		assert_true(got.upto == q.upto && got.epoch == q.epoch);
		assert_memory_equal(&got.sig, &q.sig, sizeof q.sig);
		assert_memory_equal(&got.sign, &q.sign, sizeof q.sign);
		assert_memory_equal(&got.dh, &q.dh, sizeof q.dh);
		assert_memory_equal(&got.new_sig, &q.new_sig, sizeof q.new_sig);
	}
}

static void another_op_is_no_request(void **state)
{
	struct request_body got;

	(void)state;
	for (unsigned op = 0; op < 64; op++) {
		if (op == OP_STEWARD || op == OP_FORGET || op == OP_ROTATE)
			continue;
		buf_clear(&b);
		canon_map(&b, 1);
		canon_u64(&b, 1);
		canon_u64(&b, op);
		assert_int_equal(request_decode(buf_slice(&b), &got), ES_MALFORMED);
	}
}

static void a_request_for_seats_has_a_structure_and_how_many(void **state)
{
	struct seat_request q = {.structure = {{9}}, .persons = SEAT_PERSONS_MAX, .no = 123456}, got = {0};
	static const uint32_t wrong[] = {0, SEAT_PERSONS_MAX + 1};

	(void)state;
	seat_encode(&q, &b);
	assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
	assert_int_equal(seat_decode(buf_slice(&b), &got), ES_OK);
	assert_true(id_eq(&got.structure, &q.structure));
	assert_true(got.persons == q.persons && got.no == q.no);
	for (size_t i = 0; i < 2; i++) {
		q.persons = wrong[i];
		buf_clear(&b);
		seat_encode(&q, &b);
		assert_int_not_equal(seat_decode(buf_slice(&b), &got), ES_OK);
	}
	buf_clear(&b);
	canon_map(&b, 0);
	assert_int_not_equal(seat_decode(buf_slice(&b), &got), ES_OK);
}

static void a_field_that_is_missing_is_malformed(void **state)
{
	struct answer a = {.to = {{{7}}, 9, 0}};
	struct receipt r = {4, 0};
	struct request_body q;

	(void)state;
	for (int i = 0; i < 5; i++) {
		buf_clear(&b);
		if (i == 0)
			answer_encode(&a, &b);
		else if (i == 1)
			receipt_encode(&r, &b);
		else {
			q = request(ops[i - 2]);
			request_encode(&q, &b);
		}
		for (unsigned drop = b.p[0] & 15u; drop > 0; drop--) { /* the map's later fields */
			struct buf part;
			struct field_walk w = field_walk_start(buf_slice(&b));
			struct slice value;
			unsigned no;

			buf_init(&part, CHANGE_MAX);
			canon_map(&part, drop - 1);
			for (unsigned n = 0; n + 1 < drop && field_walk_next(&w, &no, &value); n++) {
				canon_u64(&part, no);
				buf_add(&part, value.p, value.len);
			}
			enum es_err err = i == 0 ? answer_decode(buf_slice(&part), &a) :
					  i == 1 ? receipt_decode(buf_slice(&part), &r) : request_decode(buf_slice(&part), &q);
			assert_int_equal(err, ES_MALFORMED);
			buf_done(&part);
		}
	}
}

static void positions_are_those_of_commits(void **state)
{
	static const struct { uint64_t seq; uint32_t index; enum es_err err; } row[] = {
		{0, 0, ES_MALFORMED}, {1, 0, ES_OK}, {UINT32_MAX, 255, ES_OK}, {1, 256, ES_MALFORMED},
		{UINT64_C(1) << 32, 0, ES_MALFORMED}};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct answer a = {.to = {{{7}}, row[i].seq, row[i].index}};
		struct receipt r = {row[i].seq, row[i].index};

		buf_clear(&b);
		answer_encode(&a, &b);
		assert_int_equal(answer_decode(buf_slice(&b), &a), row[i].err);
		buf_clear(&b);
		receipt_encode(&r, &b);
		assert_int_equal(receipt_decode(buf_slice(&b), &r), row[i].err);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_names_what_it_answers),
		T(a_receipt_names_the_order_it_carried_out),
		T(a_request_reads_as_it_was_written),
		T(another_op_is_no_request),
		T(a_request_for_seats_has_a_structure_and_how_many),
		T(a_field_that_is_missing_is_malformed),
		T(positions_are_those_of_commits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
