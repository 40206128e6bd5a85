/* SPDX-License-Identifier: Apache-2.0
 *
 * How a session ends: strangers, wrong bytes, silence, our word; and the two
 * messages a stranger may exchange. */
#include "tests/proto/session_pair.h"

static struct pair pair;
static struct buf body;

static int setup(void **state)
{
	(void)state;
	buf_init(&body, WIRE_MESSAGE_MAX);
	pair_init(&pair, AURAY, 4, CRESS, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_done(&body);
	pair_done(&pair);
	return 0;
}

static void meet(void)
{
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.b.s.state, SESSION_STREAM);
}

/* Both ends know why; the other heard it in a BYE. */
static void ended(struct node *by, struct node *other, enum es_err why)
{
	assert_true(by->closed);
	assert_int_equal(by->s.state, SESSION_CLOSED);
	assert_int_equal(by->s.why, why);
	deliver(by, other);
	assert_true(other->closed);
	assert_int_equal(other->s.state, SESSION_CLOSED);
	assert_int_equal(other->s.why, why);
}

/* A member who makes the message of a type by hand, and what home says. */
static void hostile(enum wire_type type, enum es_err why)
{
	forge(&pair.a, type, &body);
	deliver(&pair.a, &pair.b);
	ended(&pair.b, &pair.a, why);
}

static void a_stranger_is_told_that_it_is_no_member(void **state)
{
	(void)state;
	node_done(&pair.a);
	node_init(&pair.a, &pair.w, STRANGER, 4, &pair);
	start(&pair);
	talk(&pair);
	assert_false(pair.b.identified);
	assert_int_equal(pair.b.s.why, ES_NOT_MEMBER);
	assert_int_equal(pair.a.s.why, ES_NOT_MEMBER);
	assert_int_equal(pair.a.s.state, SESSION_CLOSED);
}

static void a_hub_does_not_talk_to_a_node_that_its_control_log_does_not_know(void **state)
{
	(void)state;
	node_done(&pair.a);
	node_init(&pair.a, &pair.w, AURAY, 2, &pair);
	node_done(&pair.b);
	node_init(&pair.b, &pair.w, VANNES, 4, &pair); /* knows Auray, is not known to it */
	start(&pair);
	talk(&pair);
	assert_false(pair.a.identified);
	assert_int_equal(pair.a.s.why, ES_NOT_MEMBER);
	deliver(&pair.a, &pair.b);
	assert_int_equal(pair.b.s.why, ES_NOT_MEMBER);
}

static void another_federation_is_refused(void **state)
{
	(void)state;
	pair.b.rights.fed_id.bytes[5] ^= 1;
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.b.s.why, ES_WRONG_FEDERATION);
	assert_int_equal(pair.a.s.why, ES_WRONG_FEDERATION);
}

static void a_member_that_claims_another_hub_or_role_is_refused(void **state)
{
	(void)state;
	pair.a.env.self = pair.w.keys[VANNES].hub;
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.s.why, ES_NOT_MEMBER);
	session_done(&pair.a.s, &pair.a.env);
	session_done(&pair.b.s, &pair.b.env);
	pair.a.closed = pair.b.closed = false;
	pair.a.env.self = pair.w.keys[AURAY].hub;
	pair.a.env.role = ROLE_CRESS;
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.s.why, ES_NOT_MEMBER);
}

static void a_suspended_and_a_revoked_member_hear_which(void **state)
{
	static const struct { enum member_state state; enum es_err why; } row[] = {
		{MEMBER_SUSPENDED, ES_SUSPENDED}, {MEMBER_REVOKED, ES_REVOKED}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < pair.b.rights.member_count; j++)
			if (id_eq(&pair.b.rights.members[j].hub, &pair.w.keys[AURAY].hub))
				pair.b.rights.members[j].state = row[i].state;
		pair.b.greeted.err = row[i].state == MEMBER_SUSPENDED ? ES_SUSPENDED : ES_OK;
		start(&pair);
		talk(&pair);
		assert_int_equal(pair.a.s.why, row[i].why);
		assert_int_equal(pair.b.s.why, row[i].why);
		session_done(&pair.a.s, &pair.a.env);
		session_done(&pair.b.s, &pair.b.env);
		pair.a.closed = pair.b.closed = false;
	}
}

static void a_hello_of_another_version_is_refused(void **state)
{
	struct id16 zero = {{0}};

	(void)state;
	session_init_join(&pair.a.s, &pair.w.keys[CRESS].dh);
	session_init(&pair.b.s, false, NULL);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_START});
	talk(&pair);
	canon_array(&body, 8);
	canon_u64(&body, WIRE_VERSION + 1);
	canon_bin(&body, pair.w.fed_id.bytes, 32);
	canon_bin(&body, pair.w.keys[AURAY].hub.bytes, 16);
	canon_bin(&body, zero.bytes, 16);
	canon_u64(&body, 1);
	canon_u64(&body, ROLE_HUB);
	canon_int(&body, NOW_MS);
	canon_str(&body, slice_str("essaimd 9"));
	hostile(WIRE_HELLO, ES_VERSION);
}

/* --- joining --- */

static void knock(void)
{
	node_done(&pair.a);
	node_init(&pair.a, &pair.w, STRANGER, 0, &pair);
	session_init_join(&pair.a.s, &pair.w.keys[CRESS].dh);
	session_init(&pair.b.s, false, NULL);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_START});
	talk(&pair);
	assert_int_equal(pair.a.s.state, SESSION_GREETING);
	assert_int_equal(pair.b.s.state, SESSION_GREETING);
}

static void a_stranger_may_ask_to_join_and_is_answered(void **state)
{
	uint8_t ask[] = {0x92, 1, 2}, answer[] = {0x91, 7};
	struct slice ask_slice = SLICE(ask, sizeof ask), answer_slice = SLICE(answer, sizeof answer);

	(void)state;
	knock();
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_JOIN, .bytes = &ask_slice});
	talk(&pair);
	assert_true(pair.b.got_join);
	assert_true(slice_eq(buf_slice(&pair.b.joined), ask_slice));
	assert_memory_equal(pair.a.s.handshake, pair.b.s.handshake, 64);
	assert_memory_equal(pair.b.s.peer_key.bytes, pair.w.keys[STRANGER].dh.bytes, 32);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_JOIN, .bytes = &answer_slice});
	talk(&pair);
	assert_true(pair.a.got_join);
	assert_true(slice_eq(buf_slice(&pair.a.joined), answer_slice));
	assert_int_equal(pair.b.s.state, SESSION_GREETING);
	assert_false(pair.b.identified);
	assert_int_equal(seen(&pair.b, WIRE_HELLO), 0);
}

static void an_answer_to_join_that_nobody_asked_for_is_out_of_state(void **state)
{
	(void)state;
	knock();
	canon_array(&body, 0);
	hostile(WIRE_JOINED, ES_STATE);
}

static void a_question_to_join_put_to_the_client_is_out_of_state(void **state)
{
	(void)state;
	knock();
	canon_array(&body, 0);
	forge(&pair.b, WIRE_JOIN, &body);
	deliver(&pair.b, &pair.a);
	ended(&pair.a, &pair.b, ES_STATE);
}

static void a_stranger_may_ask_for_nothing_else(void **state)
{
	static const enum wire_type others[] = {WIRE_FRONTIER, WIRE_CREDIT, WIRE_WANT, WIRE_COMMITS, WIRE_ACK,
						WIRE_NACK, WIRE_FORK, WIRE_PING, WIRE_PONG, WIRE_DIGEST};

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		knock();
		canon_array(&body, 0);
		hostile(others[i], ES_STATE);
		session_done(&pair.b.s, &pair.b.env);
		pair.b.closed = false;
	}
	knock();
}

static void an_invited_client_waits_for_its_answer_longer_than_a_handshake(void **state)
{
	(void)state;
	knock();
	at(&pair, pair.now + SESSION_HANDSHAKE_MS);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_TIME});
	assert_int_equal(pair.a.s.state, SESSION_GREETING);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_TIME});
	ended(&pair.b, &pair.a, ES_TIMEOUT);
}

/* --- wrong bytes --- */

static void more_commits_than_granted_end_the_session(void **state)
{
	(void)state;
	meet();
	uint64_t granted = pair.b.s.granted;
	assert_true(granted > 0);
	pair.b.s.granted = pair.b.s.got;
	pair.b.buffers += (int)(granted - pair.b.s.granted);
	canon_array(&body, 2);
	canon_bin(&body, pair.w.open[AURAY][SCOPE_PUBLIC].id.bytes, 16);
	canon_array(&body, 0);
	hostile(WIRE_COMMITS, ES_CREDIT);
	assert_int_equal(pair.b.store_count, 0);
}

/* Such an id can only be the control log's next generation, which a hub asks its
 * home for (L14); home asks no hub for it, so there it is dropped. */
static void commits_of_a_log_that_nobody_opened_are_taken_for_a_control_generation(void **state)
{
	(void)state;
	meet();
	canon_array(&body, 2);
	canon_bin(&body, pair.w.open[STRANGER][SCOPE_PUBLIC].id.bytes, 16);
	canon_array(&body, 0);
	forge(&pair.a, WIRE_COMMITS, &body);
	deliver(&pair.a, &pair.b);
	assert_false(pair.b.closed);
	assert_int_equal(pair.b.store_count, 0);
}

static void commits_not_asked_for_are_dropped_and_their_credit_comes_back(void **state)
{
	(void)state;
	meet();
	int buffers = pair.b.buffers;
	uint64_t granted = pair.b.s.granted;
	canon_array(&body, 2);
	canon_bin(&body, pair.w.open[VANNES][SCOPE_PUBLIC].id.bytes, 16); /* home gets it from Vannes */
	canon_array(&body, 0);
	forge(&pair.a, WIRE_COMMITS, &body);
	deliver(&pair.a, &pair.b);
	assert_false(pair.b.closed);
	assert_int_equal(pair.b.store_count, 0);
	assert_int_equal(pair.b.buffers, buffers); /* back, and granted anew */
	assert_int_equal(pair.b.s.granted, granted + 1);
}

static void a_second_hello_is_out_of_state(void **state)
{
	(void)state;
	meet();
	canon_array(&body, 0);
	hostile(WIRE_HELLO, ES_STATE);
}

static void a_tampered_frame_ends_the_session(void **state)
{
	(void)state;
	meet();
	canon_array(&body, 0);
	forge(&pair.a, WIRE_PING, &body);
	pair.a.out.p[5] ^= 1;
	deliver(&pair.a, &pair.b);
	ended(&pair.b, &pair.a, ES_MALFORMED);
}

static void bytes_that_are_not_canonical_end_the_session(void **state)
{
	(void)state;
	meet();
	buf_add_u8(&body, 0xcc);
	buf_add_u8(&body, 1); /* one, in two bytes */
	hostile(WIRE_PING, ES_MALFORMED);
}

static void a_message_of_another_shape_ends_the_session(void **state)
{
	static const enum wire_type types[] = {WIRE_FRONTIER, WIRE_CREDIT, WIRE_WANT, WIRE_COMMITS, WIRE_ACK, WIRE_NACK};

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		meet();
		canon_array(&body, 1);
		canon_array(&body, 1);
		canon_nil(&body);
		hostile(types[i], ES_MALFORMED);
		session_done(&pair.a.s, &pair.a.env);
		session_done(&pair.b.s, &pair.b.env);
		pair.a.closed = pair.b.closed = false;
	}
	meet();
	canon_nil(&body); /* a BYE is heard whatever it says, but not answered */
	forge(&pair.a, WIRE_BYE, &body);
	deliver(&pair.a, &pair.b);
	assert_int_equal(pair.b.s.why, ES_MALFORMED);
	assert_int_equal(pair.b.out.len, 0);
}

static void credit_is_never_taken_back(void **state)
{
	(void)state;
	meet();
	assert_true(pair.b.s.limit > 0);
	canon_array(&body, 1);
	canon_u64(&body, pair.b.s.limit - 1);
	hostile(WIRE_CREDIT, ES_MALFORMED);
}

static void nobody_wants_commit_zero(void **state)
{
	(void)state;
	meet();
	canon_array(&body, 1);
	canon_array(&body, 2);
	canon_bin(&body, pair.w.open[CRESS][SCOPE_PUBLIC].id.bytes, 16);
	canon_u64(&body, 0);
	hostile(WIRE_WANT, ES_MALFORMED);
}

static void a_verdict_that_blames_the_peer_ends_the_session(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	pair.b.refuse = ES_MALFORMED;
	pair.b.refuse_log = node_log(&pair.b, AURAY, SCOPE_PUBLIC);
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.nacks, 1);
	assert_int_equal(pair.a.nack_err, ES_MALFORMED);
	assert_int_equal(pair.b.s.why, ES_MALFORMED);
	assert_int_equal(pair.a.s.why, ES_MALFORMED);
}

static void a_ping_is_answered(void **state)
{
	(void)state;
	meet();
	unsigned before = seen(&pair.a, WIRE_PONG);
	canon_array(&body, 0);
	forge(&pair.a, WIRE_PING, &body);
	talk(&pair);
	assert_int_equal(seen(&pair.a, WIRE_PONG), before + 1);
	assert_false(pair.a.closed || pair.b.closed);
}

/* --- the handshake --- */

static void raw(const void *bytes, size_t len)
{
	struct slice in = SLICE(bytes, len);

	session_init(&pair.b.s, false, NULL);
	pair.b.closed = false;
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_BYTES, .bytes = &in});
	assert_true(pair.b.closed);
	session_done(&pair.b.s, &pair.b.env);
}

static void whoever_does_not_speak_essaim_is_hung_up_on(void **state)
{
	uint8_t preamble[WIRE_PREAMBLE_LEN + 2 + 300] = {0};

	(void)state;
	raw("GET / HTTP/1.1\r\nHost: a\r\n", 25);
	assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
	assert_int_equal(pair.b.out.len, 0); /* not a byte, before it has said who we are */
	wire_preamble(preamble);
	preamble[8] = preamble[9] = WIRE_VERSION + 1;
	raw(preamble, WIRE_PREAMBLE_LEN);
	assert_int_equal(pair.b.s.why, ES_VERSION);
	wire_preamble(preamble);
	be_write(preamble + WIRE_PREAMBLE_LEN, 47, 2);
	raw(preamble, WIRE_PREAMBLE_LEN + 2);
	assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
	be_write(preamble + WIRE_PREAMBLE_LEN, 257, 2);
	raw(preamble, WIRE_PREAMBLE_LEN + 2);
	assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
	be_write(preamble + WIRE_PREAMBLE_LEN, 48, 2);
	raw(preamble, WIRE_PREAMBLE_LEN + 2 + 48);
	assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
}

static void a_node_that_is_not_the_one_expected_fails_the_handshake(void **state)
{
	(void)state;
	session_init(&pair.a.s, true, &pair.w.keys[VANNES].dh);
	session_init(&pair.b.s, false, NULL);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_START});
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_START});
	talk(&pair);
	assert_int_equal(pair.b.s.why, ES_HANDSHAKE);
	assert_int_equal(pair.b.s.state, SESSION_CLOSED);
	assert_int_equal(pair.a.s.state, SESSION_HANDSHAKE);
}

/* --- time, and our word --- */

static void a_handshake_that_drags_on_is_given_up(void **state)
{
	(void)state;
	start(&pair);
	assert_int_equal(session_deadline(&pair.a.s), pair.now + SESSION_HANDSHAKE_MS);
	tick(&pair, SESSION_HANDSHAKE_MS - 1);
	assert_false(pair.a.closed || pair.b.closed);
	tick(&pair, 1);
	assert_int_equal(pair.a.s.why, ES_TIMEOUT);
	assert_int_equal(pair.b.s.why, ES_TIMEOUT);
	assert_true(pair.a.closed && pair.b.closed);
}

static void a_frame_that_drags_on_is_given_up(void **state)
{
	(void)state;
	meet();
	struct slice half = SLICE("\x00\x20\x01", 3);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_BYTES, .bytes = &half});
	assert_int_equal(session_deadline(&pair.a.s), pair.now + SESSION_FRAME_MS);
	at(&pair, pair.now + SESSION_FRAME_MS - 1);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_TIME});
	assert_false(pair.a.closed);
	at(&pair, pair.now + 1);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_TIME});
	assert_int_equal(pair.a.s.why, ES_TIMEOUT);
}

static void a_quiet_link_is_kept_alive_and_a_dead_one_given_up(void **state)
{
	(void)state;
	meet();
	assert_int_equal(session_deadline(&pair.a.s), pair.now + SESSION_PING_MS);
	for (int i = 0; i < 8; i++) {
		tick(&pair, SESSION_PING_MS);
		talk(&pair);
	}
	assert_false(pair.a.closed || pair.b.closed);
	assert_int_equal(seen(&pair.b, WIRE_PONG), 8);
	for (int i = 0; i < 3; i++) {
		tick(&pair, SESSION_PING_MS - (i == 2));
		buf_clear(&pair.b.out); /* the cable is out */
	}
	assert_false(pair.a.closed);
	assert_int_equal(session_deadline(&pair.a.s), pair.now + 1);
	tick(&pair, 1);
	assert_int_equal(pair.a.s.why, ES_TIMEOUT);
	assert_true(pair.a.closed);
}

/* Ours, by so much; nobody has waited. */
static void jump(struct node *n, es_ms by)
{
	n->env.utc += by;
	node_event(n, (struct session_event){.type = SESSION_EV_TIME});
}

static void a_session_whose_own_clock_has_jumped_starts_again(void **state)
{
	const es_ms most = STAMP_SKEW_MAX_MS / 2;

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct node *n = i & 1 ? &pair.b : &pair.a, *peer = i & 1 ? &pair.a : &pair.b;
		es_ms way = i & 2 ? -1 : 1, before;

		meet();
		before = peer->s.peer_clock_ms;
		jump(n, way * most);
		tick(&pair, SESSION_PING_MS); /* time that passes is no jump */
		talk(&pair);
		assert_false(pair.a.closed || pair.b.closed);
		jump(n, way);
		ended(n, peer, ES_AGAIN);
		hang_up(&pair);
		meet(); /* HELLO says the new one: nothing has moved since */
		assert_int_equal(peer->s.peer_clock_ms, before + way * (most + 1));
		jump(n, 0);
		assert_false(n->closed);
		hang_up(&pair);
	}
}

/* A machine that slept: its monotonic clock stood still meanwhile. */
static void a_clock_that_stood_still_is_a_jump_too(void **state)
{
	(void)state;
	meet();
	at(&pair, pair.now + STAMP_SKEW_MAX_MS);
	pair.a.env.now -= STAMP_SKEW_MAX_MS;
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_TIME});
	ended(&pair.a, &pair.b, ES_AGAIN);
}

static void who_waits_to_be_let_in_has_said_no_clock(void **state)
{
	(void)state;
	knock();
	jump(&pair.a, STAMP_SKEW_MAX_MS);
	jump(&pair.b, -STAMP_SKEW_MAX_MS);
	assert_false(pair.a.closed || pair.b.closed);
}

static void our_word_ends_it_and_the_peer_hears_why(void **state)
{
	(void)state;
	meet();
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_CLOSE, .err = ES_INSTANCE_FENCED});
	ended(&pair.b, &pair.a, ES_INSTANCE_FENCED);
	/* and then nothing moves it any more */
	size_t len = pair.a.out.len;
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_CLOSE, .err = ES_BUSY});
	grew(&pair.a);
	assert_int_equal(pair.a.s.why, ES_INSTANCE_FENCED);
	assert_true(pair.a.last.closed);
	assert_int_equal(pair.a.out.len, len);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_stranger_is_told_that_it_is_no_member),
		T(a_hub_does_not_talk_to_a_node_that_its_control_log_does_not_know),
		T(another_federation_is_refused),
		T(a_member_that_claims_another_hub_or_role_is_refused),
		T(a_suspended_and_a_revoked_member_hear_which),
		T(a_hello_of_another_version_is_refused),
		T(a_stranger_may_ask_to_join_and_is_answered),
		T(an_answer_to_join_that_nobody_asked_for_is_out_of_state),
		T(a_question_to_join_put_to_the_client_is_out_of_state),
		T(a_stranger_may_ask_for_nothing_else),
		T(an_invited_client_waits_for_its_answer_longer_than_a_handshake),
		T(more_commits_than_granted_end_the_session),
		T(commits_of_a_log_that_nobody_opened_are_taken_for_a_control_generation),
		T(commits_not_asked_for_are_dropped_and_their_credit_comes_back),
		T(a_second_hello_is_out_of_state),
		T(a_tampered_frame_ends_the_session),
		T(bytes_that_are_not_canonical_end_the_session),
		T(a_message_of_another_shape_ends_the_session),
		T(credit_is_never_taken_back),
		T(nobody_wants_commit_zero),
		T(a_verdict_that_blames_the_peer_ends_the_session),
		T(a_ping_is_answered),
		T(whoever_does_not_speak_essaim_is_hung_up_on),
		T(a_node_that_is_not_the_one_expected_fails_the_handshake),
		T(a_handshake_that_drags_on_is_given_up),
		T(a_frame_that_drags_on_is_given_up),
		T(a_quiet_link_is_kept_alive_and_a_dead_one_given_up),
		T(a_session_whose_own_clock_has_jumped_starts_again),
		T(a_clock_that_stood_still_is_a_jump_too),
		T(who_waits_to_be_let_in_has_said_no_clock),
		T(our_word_ends_it_and_the_peer_hears_why),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
