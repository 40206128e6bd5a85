/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Public vectors cover the bytes (tests/vectors); here is how it fails. */

static const struct noise_pattern nn_psk0 = {
	.name = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b",
	.psk = true,
	.messages = 2,
	.tokens = {{NOISE_PSK, NOISE_E}, {NOISE_E, NOISE_EE}},
};
static const struct noise_pattern kk = {
	.name = "Noise_KK_25519_ChaChaPoly_BLAKE2b",
	.pre_i = true,
	.pre_r = true,
	.messages = 2,
	.tokens = {{NOISE_E, NOISE_ES, NOISE_SS}, {NOISE_E, NOISE_EE, NOISE_SE}},
};

struct pair {
	struct noise i, r;
	struct noise_cipher i_send, i_receive, r_send, r_receive;
	struct dh_public i_pub, r_pub;
	struct buf wire, text;
};

/* Secrets in steps of eight: X25519 does not look at the lowest three bits. */
static const uint8_t i_ephemeral[32] = {8}, r_ephemeral[32] = {16};

static void pair_init(struct pair *p, const struct noise_pattern *pattern,
		      const char *i_prologue, const char *r_prologue)
{
	static const uint8_t i_seed[32] = {24}, r_seed[32] = {32}, psk[1][32] = {{3}};
	struct dh_secret i_secret, r_secret;
	struct noise_config i = {.pattern = pattern, .initiator = true,
				 .prologue = slice_str(i_prologue), .s = &i_secret,
				 .psk = psk, .psk_count = pattern->psk};
	struct noise_config r = {.pattern = pattern, .prologue = slice_str(r_prologue),
				 .s = &r_secret, .psk = psk, .psk_count = pattern->psk};

	memset(p, 0, sizeof(*p));
	crypto_dh_keys(i_seed, &p->i_pub, &i_secret);
	crypto_dh_keys(r_seed, &p->r_pub, &r_secret);
	if (pattern->pre_r)
		i.rs = &p->r_pub;
	if (pattern->pre_i)
		r.rs = &p->i_pub;
	noise_init(&p->i, &i);
	noise_init(&p->r, &r);
	buf_init(&p->wire, 100000);
	buf_init(&p->text, 100000);
}

static void pair_done(struct pair *p)
{
	buf_done(&p->wire);
	buf_done(&p->text);
}

/* One message from whoever has the turn; the error is the reader's. */
static enum es_err pair_turn(struct pair *p, const char *payload)
{
	bool even = p->i.message % 2 == 0;
	struct noise *from = even ? &p->i : &p->r, *to = even ? &p->r : &p->i;

	buf_clear(&p->wire);
	buf_clear(&p->text);
	assert_int_equal(noise_write(from, even ? i_ephemeral : r_ephemeral, slice_str(payload),
				     &p->wire), ES_OK);
	return noise_read(to, buf_slice(&p->wire), &p->text);
}

static void pair_shake(struct pair *p)
{
	while (!noise_finished(&p->i)) {
		assert_int_equal(pair_turn(p, "hello"), ES_OK);
		assert_true(slice_eq(buf_slice(&p->text), slice_str("hello")));
	}
	assert_true(noise_finished(&p->r));
	noise_split(&p->i, &p->i_send, &p->i_receive);
	noise_split(&p->r, &p->r_send, &p->r_receive);
}

static enum es_err pass(struct pair *p, struct noise_cipher *from, struct noise_cipher *to,
			const char *text)
{
	buf_clear(&p->wire);
	buf_clear(&p->text);
	assert_int_equal(noise_seal(from, slice_str("ad"), slice_str(text), &p->wire), ES_OK);
	assert_int_equal(p->wire.len, strlen(text) + 16);
	return noise_open(to, slice_str("ad"), buf_slice(&p->wire), &p->text);
}

static void a_handshake_gives_two_ciphers_that_match_crosswise(void **state)
{
	static const struct noise_pattern *const all[] = {&noise_xk, &nn_psk0, &kk};
	struct pair p;

	(void)state;
	for (size_t n = 0; n < sizeof(all) / sizeof(all[0]); n++) {
		pair_init(&p, all[n], "same", "same");
		pair_shake(&p);
		assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "there"), ES_OK);
		assert_true(slice_eq(buf_slice(&p.text), slice_str("there")));
		assert_int_equal(pass(&p, &p.r_send, &p.i_receive, "back"), ES_OK);
		assert_true(slice_eq(buf_slice(&p.text), slice_str("back")));
		assert_memory_not_equal(p.i_send.key, p.i_receive.key, 32);
		assert_memory_equal(noise_hash(&p.i), noise_hash(&p.r), 64);
		pair_done(&p);
	}
}

static void xk_tells_the_responder_who_called(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &noise_xk, "", "");
	pair_shake(&p);
	assert_true(p.r.has_rs);
	assert_memory_equal(p.r.rs.bytes, p.i_pub.bytes, 32);
	pair_done(&p);
}

static void after_the_split_no_secret_is_left(void **state)
{
	static const uint8_t zeros[NOISE_PSKS_MAX * 32];
	struct pair p;

	(void)state;
	pair_init(&p, &nn_psk0, "", "");
	pair_shake(&p);
	assert_memory_equal(p.i.ck, zeros, 64);
	assert_memory_equal(p.i.s.bytes, zeros, 32);
	assert_memory_equal(p.i.e.bytes, zeros, 32);
	assert_memory_equal(p.i.psk, zeros, sizeof(p.i.psk));
	assert_memory_equal(p.i.cipher.key, zeros, 32);
	assert_memory_not_equal(noise_hash(&p.i), zeros, 64);
	noise_wipe(&p.i);
	assert_memory_equal(p.i.h, zeros, 64);
	pair_done(&p);
}

static void another_prologue_fails(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &noise_xk, "ESSAIM 1", "ESSAIM 2");
	assert_int_equal(pair_turn(&p, ""), ES_HANDSHAKE);
	pair_done(&p);
}

static void the_wrong_responder_key_fails(void **state)
{
	struct pair p;
	struct dh_secret s;
	struct noise_config c = {.pattern = &noise_xk, .initiator = true, .s = &s};

	(void)state;
	pair_init(&p, &noise_xk, "", "");
	memset(&s, 1, sizeof(s));
	c.rs = &p.i_pub; /* not the responder's */
	noise_init(&p.i, &c);
	assert_int_equal(pair_turn(&p, ""), ES_HANDSHAKE);
	pair_done(&p);
}

/* Every byte of every message, changed one at a time. */
static void a_changed_byte_anywhere_fails_and_stays_failed(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned message = 0; message < 3; message++) {
		for (size_t at = 0, len = 1; at < len; at++) {
			struct noise *to;

			pair_init(&p, &noise_xk, "", "");
			for (unsigned m = 0; m < message; m++)
				assert_int_equal(pair_turn(&p, ""), ES_OK);
			buf_clear(&p.wire);
			buf_clear(&p.text);
			to = message % 2 == 0 ? &p.r : &p.i;
			assert_int_equal(noise_write(message % 2 == 0 ? &p.i : &p.r, i_ephemeral,
						     slice_str("x"), &p.wire), ES_OK);
			len = p.wire.len;
			p.wire.p[at] ^= 1;
			assert_int_equal(noise_read(to, buf_slice(&p.wire), &p.text), ES_HANDSHAKE);
			assert_int_equal(p.text.len, 0);
			p.wire.p[at] ^= 1;
			assert_int_equal(noise_read(to, buf_slice(&p.wire), &p.text), ES_HANDSHAKE);
			assert_false(noise_finished(to));
			pair_done(&p);
		}
	}
}

static void a_message_cut_short_fails(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned message = 0; message < 3; message++) {
		for (size_t cut = 0, len = 1; cut < len; cut++) {
			pair_init(&p, &noise_xk, "", "");
			for (unsigned m = 0; m < message; m++)
				assert_int_equal(pair_turn(&p, ""), ES_OK);
			buf_clear(&p.wire);
			assert_int_equal(noise_write(message % 2 == 0 ? &p.i : &p.r, i_ephemeral,
						     SLICE_NONE, &p.wire), ES_OK);
			len = p.wire.len;
			assert_int_equal(noise_read(message % 2 == 0 ? &p.r : &p.i,
						    SLICE(p.wire.p, cut), &p.text), ES_HANDSHAKE);
			pair_done(&p);
		}
	}
}

/* Whoever wrote a message is sent it back: at once, and when it is its turn to read. */
static void a_message_reflected_to_its_writer_is_refused(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned message = 0; message < 3; message++) {
		struct noise *writer;

		pair_init(&p, &noise_xk, "", "");
		for (unsigned m = 0; m <= message; m++)
			assert_int_equal(pair_turn(&p, "mine"), ES_OK);
		buf_clear(&p.text);
		writer = message % 2 == 0 ? &p.i : &p.r;
		assert_int_equal(noise_read(writer, buf_slice(&p.wire), &p.text), ES_HANDSHAKE);
		assert_int_equal(p.text.len, 0);
		pair_done(&p);
	}
	pair_init(&p, &noise_xk, "", "");
	pair_shake(&p);
	assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "mine"), ES_OK);
	assert_int_equal(noise_open(&p.i_receive, slice_str("ad"), buf_slice(&p.wire), &p.text),
			 ES_HANDSHAKE);
	assert_true(p.i_receive.nonce == 0);
	pair_done(&p);
}

/* Message `replayed` once more to who read it, when `at` messages have passed. */
static void replay(unsigned replayed, unsigned at)
{
	struct buf old;
	struct pair p;

	buf_init(&old, 1000);
	pair_init(&p, &noise_xk, "", "");
	for (unsigned m = 0; m < at; m++) {
		assert_int_equal(pair_turn(&p, "again"), ES_OK);
		if (m == replayed)
			buf_add(&old, p.wire.p, p.wire.len);
	}
	buf_clear(&p.text);
	assert_int_equal(noise_read(replayed % 2 == 0 ? &p.r : &p.i, buf_slice(&old), &p.text),
			 ES_HANDSHAKE);
	assert_int_equal(p.text.len, 0);
	pair_done(&p);
	buf_done(&old);
}

static void a_handshake_message_replayed_is_refused(void **state)
{
	(void)state;
	replay(0, 1); /* out of turn */
	replay(0, 2); /* in the third's place */
	replay(1, 2);
	replay(1, 3); /* after the end */
	replay(2, 3);
}

/* The third message of one handshake proves nothing in another one, whose
 * responder chose another ephemeral key. */
static void a_message_of_another_handshake_is_refused(void **state)
{
	static const uint8_t other[32] = {40};
	struct buf first, answer;
	struct pair a, b;

	(void)state;
	buf_init(&first, 1000);
	buf_init(&answer, 1000);
	pair_init(&a, &noise_xk, "", "");
	pair_init(&b, &noise_xk, "", "");
	for (unsigned m = 0; m < 3; m++) {
		assert_int_equal(pair_turn(&a, ""), ES_OK);
		if (m == 0)
			buf_add(&first, a.wire.p, a.wire.len);
	}
	assert_int_equal(noise_read(&b.r, buf_slice(&first), &b.text), ES_OK);
	assert_int_equal(noise_write(&b.r, other, SLICE_NONE, &answer), ES_OK);
	assert_int_equal(noise_read(&b.r, buf_slice(&a.wire), &b.text), ES_HANDSHAKE);
	assert_false(b.r.has_rs);
	pair_done(&a);
	pair_done(&b);
	buf_done(&first);
	buf_done(&answer);
}

/* X25519 with a point of small order gives zeros whatever the secret: a key
 * that any eavesdropper knows. */
static void an_ephemeral_of_small_order_fails(void **state)
{
	/* of order 2, 4, 8 and 8 */
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	};
	uint8_t message[48] = {0};
	struct pair p;

	(void)state;
	for (size_t n = 0; n < sizeof(points) / sizeof(points[0]); n++) {
		assert_true(hex_decode(points[n], 64, message, 32));
		pair_init(&p, &noise_xk, "", "");
		assert_int_equal(noise_read(&p.r, SLICE(message, sizeof(message)), &p.text),
				 ES_HANDSHAKE);
		assert_int_equal(p.r.message, 0);
		assert_true(p.r.failed);
		pair_done(&p);
		pair_init(&p, &noise_xk, "", "");
		assert_int_equal(pair_turn(&p, ""), ES_OK);
		assert_int_equal(noise_read(&p.i, SLICE(message, sizeof(message)), &p.text),
				 ES_HANDSHAKE);
		pair_done(&p);
	}
}

/* Before a byte leaves: the key to call was no key. */
static void a_responder_key_of_small_order_is_not_written_to(void **state)
{
	static const struct dh_public zero;
	struct dh_secret s = {{1}};
	struct noise_config c = {.pattern = &noise_xk, .initiator = true, .s = &s, .rs = &zero};
	struct buf wire;
	struct noise n;

	(void)state;
	buf_init(&wire, 1000);
	noise_init(&n, &c);
	assert_int_equal(noise_write(&n, i_ephemeral, SLICE_NONE, &wire), ES_HANDSHAKE);
	assert_int_equal(wire.len, 0);
	assert_int_equal(noise_write(&n, i_ephemeral, SLICE_NONE, &wire), ES_HANDSHAKE);
	buf_done(&wire);
}

static void a_static_key_sent_in_clear_is_read(void **state)
{
	static const struct noise_pattern ix = {
		.name = "Noise_IX_25519_ChaChaPoly_BLAKE2b",
		.messages = 2,
		.tokens = {{NOISE_E, NOISE_S},
			   {NOISE_E, NOISE_EE, NOISE_SE, NOISE_S, NOISE_ES}},
	};
	struct pair p;

	(void)state;
	pair_init(&p, &ix, "", "");
	assert_int_equal(pair_turn(&p, "clear"), ES_OK);
	assert_memory_equal(p.wire.p + 32, p.i_pub.bytes, 32);
	pair_done(&p);
	pair_init(&p, &ix, "", "");
	assert_int_equal(noise_read(&p.r, SLICE(p.i_pub.bytes, 32), &p.text), ES_HANDSHAKE);
	pair_done(&p);
}

static void a_message_out_of_turn_is_refused(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &noise_xk, "", "");
	assert_int_equal(noise_write(&p.r, r_ephemeral, SLICE_NONE, &p.wire), ES_HANDSHAKE);
	assert_int_equal(noise_read(&p.i, SLICE_NONE, &p.text), ES_HANDSHAKE);
	pair_done(&p);
	pair_init(&p, &noise_xk, "", "");
	pair_shake(&p);
	assert_int_equal(noise_write(&p.r, r_ephemeral, SLICE_NONE, &p.wire), ES_HANDSHAKE);
	assert_int_equal(noise_read(&p.i, SLICE_NONE, &p.text), ES_HANDSHAKE);
	pair_done(&p);
}

static void a_message_has_at_most_65535_bytes(void **state)
{
	uint8_t *big = calloc(1, 65536);
	struct pair p;

	(void)state;
	pair_init(&p, &noise_xk, "", "");
	assert_int_equal(noise_write(&p.i, i_ephemeral, SLICE(big, 65535 - 48), &p.wire), ES_OK);
	assert_int_equal(p.wire.len, 65535);
	assert_int_equal(noise_read(&p.r, buf_slice(&p.wire), &p.text), ES_OK);
	pair_done(&p);
	pair_init(&p, &noise_xk, "", "");
	assert_int_equal(noise_write(&p.i, i_ephemeral, SLICE(big, 65535 - 47), &p.wire),
			 ES_TOO_LARGE);
	assert_int_equal(p.wire.len, 0);
	assert_int_equal(noise_read(&p.r, SLICE(big, 65536), &p.text), ES_HANDSHAKE);
	pair_done(&p);
	free(big);
}

static void a_buf_without_room_is_the_error_reported(void **state)
{
	uint8_t mem[10];
	struct buf small;
	struct pair p;

	(void)state;
	buf_init_fixed(&small, mem, sizeof(mem));
	pair_init(&p, &noise_xk, "", "");
	assert_int_equal(noise_write(&p.i, i_ephemeral, SLICE_NONE, &small), ES_TOO_LARGE);
	assert_int_equal(noise_write(&p.i, i_ephemeral, SLICE_NONE, &p.wire), ES_HANDSHAKE);
	pair_done(&p);
	pair_init(&p, &noise_xk, "", "");
	pair_shake(&p);
	buf_clear(&small);
	assert_int_equal(noise_seal(&p.i_send, SLICE_NONE, SLICE_NONE, &small), ES_TOO_LARGE);
	assert_true(p.i_send.nonce == 0);
	buf_clear(&small);
	assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "eleven bytes"), ES_OK);
	p.r_receive.nonce = 0;
	assert_int_equal(noise_open(&p.r_receive, slice_str("ad"), buf_slice(&p.wire), &small),
			 ES_TOO_LARGE);
	pair_done(&p);
}

static void a_transport_failure_does_not_move_the_nonce(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &noise_xk, "", "");
	pair_shake(&p);
	assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "one"), ES_OK);
	assert_true(p.r_receive.nonce == 1);
	/* a replay, a short one, one with other ad: refused, nothing appended */
	buf_clear(&p.text);
	assert_int_equal(noise_open(&p.r_receive, slice_str("ad"), buf_slice(&p.wire), &p.text),
			 ES_HANDSHAKE);
	assert_int_equal(noise_open(&p.r_receive, slice_str("ad"), SLICE(p.wire.p, 15), &p.text),
			 ES_HANDSHAKE);
	buf_clear(&p.wire);
	assert_int_equal(noise_seal(&p.i_send, slice_str("ad"), slice_str("two"), &p.wire), ES_OK);
	assert_int_equal(noise_open(&p.r_receive, SLICE_NONE, buf_slice(&p.wire), &p.text),
			 ES_HANDSHAKE);
	assert_int_equal(p.text.len, 0);
	assert_true(p.r_receive.nonce == 1);
	assert_int_equal(noise_open(&p.r_receive, slice_str("ad"), buf_slice(&p.wire), &p.text),
			 ES_OK);
	pair_done(&p);
}

static void the_last_nonce_is_never_used(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &noise_xk, "", "");
	pair_shake(&p);
	p.i_send.nonce = p.r_receive.nonce = UINT64_MAX - 1;
	assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "last"), ES_OK);
	assert_int_equal(noise_seal(&p.i_send, SLICE_NONE, SLICE_NONE, &p.wire), ES_HANDSHAKE);
	assert_int_equal(noise_open(&p.r_receive, SLICE_NONE, buf_slice(&p.wire), &p.text),
			 ES_HANDSHAKE);
	pair_done(&p);
}

static void a_rekey_on_both_sides_goes_on_and_on_one_side_fails(void **state)
{
	uint8_t nonce[12] = {[4] = 255, 255, 255, 255, 255, 255, 255, 255};
	uint8_t expected[48], zeros[32] = {0};
	struct pair p;

	(void)state;
	pair_init(&p, &noise_xk, "", "");
	pair_shake(&p);
	assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "one"), ES_OK);
	crypto_seal(p.i_send.key, nonce, SLICE_NONE, SLICE(zeros, 32), expected);
	noise_rekey(&p.i_send);
	assert_memory_equal(p.i_send.key, expected, 32);
	assert_true(p.i_send.nonce == 1);
	assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "two"), ES_HANDSHAKE);
	noise_rekey(&p.r_receive);
	p.i_send.nonce = 1;
	assert_int_equal(pass(&p, &p.i_send, &p.r_receive, "two"), ES_OK);
	pair_done(&p);
}

static void a_long_name_is_hashed_and_a_short_one_padded(void **state)
{
	static const struct noise_pattern longer = {
		.name = "Noise_NN_a_name_that_has_more_than_sixty_four_characters_in_it_25519",
		.messages = 2,
		.tokens = {{NOISE_E}, {NOISE_E, NOISE_EE}},
	};
	struct noise_config c = {.pattern = &longer, .initiator = true};
	/* BLAKE2b-512 of the name, from Python's hashlib */
	uint8_t expected[64];
	struct noise n;

	(void)state;
	assert_true(hex_decode("b8a712bd38406b955b157b5992c22f38abd467980103241097fddd85b2ae0fe9"
			       "e2832c25b2a8f921a009d507cd54e5bc9c2cc45022523b87ef9846a5446557b6",
			       128, expected, 64));
	noise_init(&n, &c);
	assert_memory_equal(n.ck, expected, 64);
	/* a shorter one is padded with zeros */
	memset(expected, 0, sizeof(expected));
	memcpy(expected, "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b", 37);
	c.pattern = &nn_psk0;
	noise_init(&n, &c);
	assert_memory_equal(n.ck, expected, 64);
}

static int start(void **state)
{
	(void)state;
	return crypto_start() != ES_OK;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_gives_two_ciphers_that_match_crosswise),
		cmocka_unit_test(xk_tells_the_responder_who_called),
		cmocka_unit_test(after_the_split_no_secret_is_left),
		cmocka_unit_test(another_prologue_fails),
		cmocka_unit_test(the_wrong_responder_key_fails),
		cmocka_unit_test(a_changed_byte_anywhere_fails_and_stays_failed),
		cmocka_unit_test(a_message_cut_short_fails),
		cmocka_unit_test(a_message_reflected_to_its_writer_is_refused),
		cmocka_unit_test(a_handshake_message_replayed_is_refused),
		cmocka_unit_test(a_message_of_another_handshake_is_refused),
		cmocka_unit_test(an_ephemeral_of_small_order_fails),
		cmocka_unit_test(a_responder_key_of_small_order_is_not_written_to),
		cmocka_unit_test(a_static_key_sent_in_clear_is_read),
		cmocka_unit_test(a_message_out_of_turn_is_refused),
		cmocka_unit_test(a_message_has_at_most_65535_bytes),
		cmocka_unit_test(a_buf_without_room_is_the_error_reported),
		cmocka_unit_test(a_transport_failure_does_not_move_the_nonce),
		cmocka_unit_test(the_last_nonce_is_never_used),
		cmocka_unit_test(a_rekey_on_both_sides_goes_on_and_on_one_side_fails),
		cmocka_unit_test(a_long_name_is_hashed_and_a_short_one_padded),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
