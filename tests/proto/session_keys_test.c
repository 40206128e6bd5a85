/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that were replaced by the control log: who calls with a former one, and who
 * calls home by a former one of its own. The new keys are the stranger's. */
#include "tests/proto/session_pair.h"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_done(&pair);
	return 0;
}

/* The fifth control commit: `who` has the stranger's keys now. */
static void rotate(unsigned who)
{
	const struct keys *old = &pair.w.keys[who], *new = &pair.w.keys[STRANGER];
	struct rotation r = {.hub = old->hub, .sign = new->sign, .dh = new->dh, .epoch = 2};
	struct buf b;

	buf_init(&b, 256);
	rotation_message(&pair.w.fed_id, &r, &b);
	r.old = crypto_sign_as(SIGN_ROTATE, &old->sign_secret, buf_slice(&b));
	r.new = crypto_sign_as(SIGN_ROTATE, &new->sign_secret, buf_slice(&b));
	buf_done(&b);
	entry_rotate(&r, NULL, 0, sealed_add(world_next(&pair.w)));
	assert_int_equal(world_apply(&pair.w), ES_OK);
	assert_memory_equal(rights_member(&pair.w.rights, &old->hub)->dh.bytes, new->dh.bytes, 32);
}

static void learn(struct node *n)
{
	uint64_t seq;

	assert_int_equal(node_admit(n, 0, buf_slice(&pair.w.control[4].bytes), &seq), ES_OK);
}

/* `a` calls the bearer of that key at `b`. */
static void call(const struct dh_public *key)
{
	session_init(&pair.a.s, true, key);
	session_init(&pair.b.s, false, NULL);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_START});
	talk(&pair);
}

static const struct dh_public *dh(unsigned who)
{
	return &pair.w.keys[who].dh;
}

/* --- with a former key --- */

static void home_tells_a_former_key_that_it_was_replaced(void **state)
{
	(void)state;
	rotate(AURAY);
	learn(&pair.b);
	call(dh(CRESS));
	both_ended(&pair, ES_KEY_REPLACED);
	assert_false(pair.b.identified || pair.b.s.stranger);
	assert_int_equal(pair.b.greets, 0);
	assert_int_equal(seen(&pair.a, WIRE_HELLO) + seen(&pair.a, WIRE_FRONTIER), 0);
}

static void the_key_that_replaced_it_is_welcome(void **state)
{
	(void)state;
	rotate(AURAY);
	learn(&pair.b);
	pair.a.env.dh = &pair.w.keys[STRANGER].dh_secret;
	call(dh(CRESS));
	assert_true(pair.b.identified);
	assert_int_equal(pair.a.frontier.heads[0].seq, 5);
	assert_true(pair.a.s.confirmed);
}

static void home_tells_it_also_where_home_has_called(void **state)
{
	(void)state;
	replace(&pair, &pair.a, CRESS, 4);
	replace(&pair, &pair.b, AURAY, 4);
	rotate(AURAY);
	learn(&pair.a);
	call(dh(AURAY));
	both_ended(&pair, ES_KEY_REPLACED);
}

static void to_a_hub_a_former_key_is_nobody_s(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	rotate(AURAY);
	learn(&pair.b);
	call(dh(VANNES));
	both_ended(&pair, ES_NOT_MEMBER);
}

/* Home restored to before the rotation: it is shown what it has lost (L16). */
static void a_key_that_home_does_not_know_yet_is_no_former_one(void **state)
{
	(void)state;
	rotate(AURAY);
	learn(&pair.a);
	pair.a.env.dh = &pair.w.keys[STRANGER].dh_secret;
	call(dh(CRESS));
	both_ended(&pair, ES_AGAIN);
	assert_int_equal(pair.b.frontier.heads[0].seq, 5);
	hang_up(&pair);
	call(dh(CRESS));
	assert_true(pair.b.identified && pair.a.s.confirmed);
}

static void who_is_there_when_its_key_is_replaced_calls_again_and_is_told(void **state)
{
	(void)state;
	pair.a.hold_store = true; /* it does not hear of it before it is hung up on */
	call(dh(CRESS));
	rotate(AURAY);
	learn(&pair.b);
	grew(&pair.b);
	talk(&pair);
	both_ended(&pair, ES_AGAIN);
	hang_up(&pair);
	call(dh(CRESS));
	both_ended(&pair, ES_KEY_REPLACED);
}

/* --- by a former key --- */

static void home_takes_new_keys(void)
{
	rotate(CRESS);
	learn(&pair.b);
	pair.b.env.dh = &pair.w.keys[STRANGER].dh_secret;
	pair.b.env.dh_former = &pair.w.keys[CRESS].dh_secret;
}

static void who_calls_by_home_s_former_key_learns_the_new_one(void **state)
{
	(void)state;
	home_takes_new_keys();
	call(dh(CRESS));
	assert_true(pair.b.identified);
	both_ended(&pair, ES_AGAIN);
	assert_int_equal(pair.a.frontier.heads[0].seq, 5);
	assert_memory_equal(rights_cress(&pair.a.rights)->dh.bytes, dh(STRANGER)->bytes, 32);
	hang_up(&pair);
	call(dh(STRANGER));
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_true(pair.a.s.confirmed);
}

static void a_hub_that_knows_better_does_not_go_on_with_the_former_key(void **state)
{
	(void)state;
	home_takes_new_keys();
	learn(&pair.a);
	call(dh(CRESS));
	both_ended(&pair, ES_NOT_MEMBER);
	assert_false(pair.a.identified);
}

static void no_other_key_than_the_last_two_is_answered(void **state)
{
	(void)state;
	home_takes_new_keys();
	call(dh(VANNES));
	assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
	assert_int_equal(pair.a.s.state, SESSION_HANDSHAKE);
	hang_up(&pair);
	pair.b.env.dh_former = NULL;
	call(dh(CRESS));
	assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
	assert_int_equal(pair.a.s.state, SESSION_HANDSHAKE);
}

/* The first message alone may be for either key, and only as it was sent. */
static void tampered_messages_fail_by_either_key(void **state)
{
	(void)state;
	home_takes_new_keys();
	for (int i = 0; i < 4; i++) {
		session_init(&pair.a.s, true, i & 1 ? dh(CRESS) : dh(STRANGER));
		session_init(&pair.b.s, false, NULL);
		node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
		node_event(&pair.a, (struct session_event){.type = SESSION_EV_START});
		if (i & 2) {
			deliver(&pair.a, &pair.b);
			deliver(&pair.b, &pair.a);
		}
		pair.a.out.p[(i & 2 ? 0 : WIRE_PREAMBLE_LEN) + 40] ^= 1;
		deliver(&pair.a, &pair.b);
		assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
		assert_int_equal(pair.b.s.state, SESSION_CLOSED);
		assert_false(pair.b.identified);
		hang_up(&pair);
	}
}

static void a_former_key_is_found_byte_by_byte_too(void **state)
{
	(void)state;
	home_takes_new_keys();
	session_init(&pair.a.s, true, dh(CRESS));
	session_init(&pair.b.s, false, NULL);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_START});
	for (int i = 0; i < 20; i++) {
		deliver_by(&pair.a, &pair.b, 1);
		deliver_by(&pair.b, &pair.a, 1);
	}
	both_ended(&pair, ES_AGAIN);
	assert_int_equal(pair.a.frontier.heads[0].seq, 5);
}

/* An invitation printed before the rotation bears the former key. */
static void an_invitation_by_the_former_key_still_joins(void **state)
{
	uint8_t ask[] = {0x92, 1, 2};
	struct slice bytes = SLICE(ask, sizeof ask);

	(void)state;
	home_takes_new_keys();
	replace(&pair, &pair.a, STRANGER, 0);
	pair.a.env.dh = &pair.w.keys[WATCHER].dh_secret; /* any key of its own */
	session_init_join(&pair.a.s, dh(CRESS));
	session_init(&pair.b.s, false, NULL);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_START});
	talk(&pair);
	assert_int_equal(pair.a.s.state, SESSION_GREETING);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_JOIN, .bytes = &bytes});
	talk(&pair);
	assert_true(pair.b.got_join);
	assert_memory_equal(pair.a.s.handshake, pair.b.s.handshake, 64);
	assert_memory_equal(pair.b.s.peer_key.bytes, dh(WATCHER)->bytes, 32);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(home_tells_a_former_key_that_it_was_replaced),
		T(the_key_that_replaced_it_is_welcome),
		T(home_tells_it_also_where_home_has_called),
		T(to_a_hub_a_former_key_is_nobody_s),
		T(a_key_that_home_does_not_know_yet_is_no_former_one),
		T(who_is_there_when_its_key_is_replaced_calls_again_and_is_told),
		T(who_calls_by_home_s_former_key_learns_the_new_one),
		T(a_hub_that_knows_better_does_not_go_on_with_the_former_key),
		T(no_other_key_than_the_last_two_is_answered),
		T(tampered_messages_fail_by_either_key),
		T(a_former_key_is_found_byte_by_byte_too),
		T(an_invitation_by_the_former_key_still_joins),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
