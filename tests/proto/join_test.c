/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/join.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "proto/canon.h"

static struct join_ask ask(bool accept)
{
	struct join_ask a;

	memset(&a, 0, sizeof a);
	a.accept = accept;
	memset(a.fed_id.bytes, 1, 32);
	memset(a.secret.bytes, 2, 16);
	if (accept) {
		memset(a.name, 'n', RIGHTS_NAME_MAX);
		strcpy(a.address, "hub.example:7480");
		memset(a.sign.bytes, 3, 32);
		memset(a.charter.bytes, 4, 32);
		memset(a.sig.bytes, 5, 64);
	}
	return a;
}

static struct join_answer offer(void)
{
	struct join_answer a = {.federation = "Bretagne ESS", .cress = "CRESS Bretagne", .pays = "auray",
				.name = "Pole Auray", .region = "53", .charter = slice_str("texte")};

	memset(a.cress_sign.bytes, 6, 32);
	return a;
}

/* Cut anywhere, or one byte longer: refused. */
static void whole_only(struct buf *b, bool is_ask)
{
	static struct join_ask a;
	struct join_answer j;

	for (size_t i = 0; i < b->len; i++)
		assert_int_not_equal(is_ask ? join_ask_decode(SLICE(b->p, i), &a) : join_answer_decode(SLICE(b->p, i), &j), ES_OK);
	buf_add_u8(b, 0xc0);
	assert_int_not_equal(is_ask ? join_ask_decode(buf_slice(b), &a) : join_answer_decode(buf_slice(b), &j), ES_OK);
}

static void both_questions_come_back_as_they_were_asked(void **state)
{
	(void)state;
	for (int accept = 0; accept < 2; accept++) {
		struct join_ask in = ask(accept), out;
		struct buf b;

		buf_init(&b, 10000);
		join_ask_encode(&in, &b);
		assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
		assert_int_equal(join_ask_decode(buf_slice(&b), &out), ES_OK);
		assert_memory_equal(&in, &out, sizeof in);
		whole_only(&b, true);
		buf_done(&b);
	}
}

static void an_offer_and_each_state_come_back_as_they_were_answered(void **state)
{
	struct join_answer in = offer(), out;
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	join_answer_encode(&in, &b);
	assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
	assert_int_equal(join_answer_decode(buf_slice(&b), &out), ES_OK);
	assert_false(out.accepted);
	assert_string_equal(out.federation, in.federation);
	assert_string_equal(out.cress, in.cress);
	assert_string_equal(out.pays, in.pays);
	assert_string_equal(out.name, in.name);
	assert_string_equal(out.region, in.region);
	assert_true(slice_eq(out.charter, in.charter));
	assert_memory_equal(&out.cress_sign, &in.cress_sign, 32);
	whole_only(&b, false);
	for (unsigned i = JOIN_WAITING; i <= JOIN_DENIED + 1; i++) {
		in = (struct join_answer){.accepted = true, .state = i};
		buf_clear(&b);
		join_answer_encode(&in, &b);
		assert_int_equal(join_answer_decode(buf_slice(&b), &out) == ES_OK, i <= JOIN_DENIED);
		if (i <= JOIN_DENIED)
			assert_true(out.accepted && out.state == i);
	}
	buf_done(&b);
}

static void who_replaces_a_lost_key_says_so_in_a_ninth_item(void **state)
{
	struct join_ask in = ask(true), out;
	struct join_answer answer = offer(), told;
	struct buf b;

	(void)state;
	in.replaces = true;
	memset(in.rotation.bytes, 7, 64);
	buf_init(&b, 10000);
	join_ask_encode(&in, &b);
	assert_int_equal(b.p[0], 0x99);
	assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
	assert_int_equal(join_ask_decode(buf_slice(&b), &out), ES_OK);
	assert_memory_equal(&in, &out, sizeof in);
	whole_only(&b, true);
	buf_clear(&b);
	answer.replaces = true;
	memset(answer.hub.bytes, 8, 16);
	answer.epoch = 3;
	join_answer_encode(&answer, &b);
	assert_int_equal(b.p[0], 0x99);
	assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
	assert_int_equal(join_answer_decode(buf_slice(&b), &told), ES_OK);
	assert_true(told.replaces && !told.accepted && told.epoch == 3);
	assert_memory_equal(&told.hub, &answer.hub, 16);
	whole_only(&b, false);
	/* and nowhere else */
	answer.accepted = true;
	buf_clear(&b);
	join_answer_encode(&answer, &b);
	assert_int_equal(b.p[0], 0x92);
	in.accept = false;
	buf_clear(&b);
	join_ask_encode(&in, &b);
	assert_int_equal(b.p[0], 0x93);
	buf_done(&b);
}

static void a_text_longer_than_its_field_is_refused(void **state)
{
	char name[RIGHTS_NAME_MAX + 2] = {0};
	struct join_ask in = ask(true), out;
	struct buf b;

	(void)state;
	memset(name, 'n', RIGHTS_NAME_MAX + 1);
	buf_init(&b, 10000);
	canon_array(&b, 8);
	canon_u64(&b, 2);
	canon_bin(&b, in.fed_id.bytes, 32);
	canon_bin(&b, in.secret.bytes, 16);
	canon_str(&b, slice_str(name));
	canon_bin(&b, in.sign.bytes, 32);
	canon_bin(&b, in.charter.bytes, 32);
	canon_str(&b, slice_str(""));
	canon_bin(&b, in.sig.bytes, 64);
	assert_int_equal(join_ask_decode(buf_slice(&b), &out), ES_TOO_LARGE);
	buf_done(&b);
}

static void an_unknown_phase_or_count_is_malformed(void **state)
{
	struct join_answer answer;
	struct join_ask out;

	(void)state;
	assert_int_equal(join_ask_decode(SLICE("\x93\x00\xc0\xc0", 4), &out), ES_MALFORMED);
	assert_int_equal(join_ask_decode(SLICE("\x93\x02\xc0\xc0", 4), &out), ES_MALFORMED);
	assert_int_equal(join_ask_decode(SLICE("\x92\x01\xc0", 3), &out), ES_MALFORMED);
	assert_int_equal(join_answer_decode(SLICE("\x92\x00\x00", 3), &answer), ES_MALFORMED);
	assert_int_equal(join_answer_decode(SLICE("\x92\x01\x00", 3), &answer), ES_MALFORMED);
	assert_int_equal(join_answer_decode(SLICE("\x91\x02", 2), &answer), ES_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_questions_come_back_as_they_were_asked),
		cmocka_unit_test(an_offer_and_each_state_come_back_as_they_were_answered),
		cmocka_unit_test(who_replaces_a_lost_key_says_so_in_a_ninth_item),
		cmocka_unit_test(a_text_longer_than_its_field_is_refused),
		cmocka_unit_test(an_unknown_phase_or_count_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
