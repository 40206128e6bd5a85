/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zstd.h>

#define ALL (~0u)
#define BIT(t) (1u << (t))

static struct wire a, b;
static struct buf out, body, big;
static enum wire_type type;

static int setup(void **state)
{
	struct noise_cipher one = {.key = {1}, .has_key = true}, two = {.key = {2}, .has_key = true};

	(void)state;
	wire_init(&a, &one, &two);
	wire_init(&b, &two, &one);
	buf_init(&out, 4 * WIRE_MESSAGE_MAX);
	buf_init(&body, WIRE_MESSAGE_MAX);
	buf_init(&big, 4 * WIRE_MESSAGE_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wire_done(&a);
	wire_done(&b);
	buf_done(&out);
	buf_done(&body);
	buf_done(&big);
	return 0;
}

/* Bytes that zstd cannot make smaller, or only zeros. */
static struct slice filled(size_t len, bool random)
{
	uint32_t x = 1;

	buf_clear(&big);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		buf_add_u8(&big, random ? (uint8_t)(x >> 24) : 0);
	}
	return buf_slice(&big);
}

static enum es_err receive(unsigned allowed)
{
	struct slice in = buf_slice(&out);
	enum es_err err = wire_receive(&b, &in, allowed, &type, &body);

	if (err == ES_OK)
		assert_int_equal(in.len, 0);
	buf_clear(&out);
	return err;
}

/* A frame whose plain text is given whole. */
static void frame(const void *plain, size_t len)
{
	buf_add_be(&out, len + 16, 2);
	assert_int_equal(noise_seal(&a.out.cipher, SLICE_NONE, SLICE(plain, len), &out), ES_OK);
}

static void frame_of(unsigned of_type, unsigned flags, struct slice content)
{
	struct buf plain;

	buf_init(&plain, WIRE_FRAME_MAX);
	buf_add_u8(&plain, (uint8_t)of_type);
	buf_add_u8(&plain, (uint8_t)flags);
	buf_add(&plain, content.p, content.len);
	frame(plain.p, plain.len);
	buf_done(&plain);
}

static void a_message_crosses_and_the_next_one_waits(void **state)
{
	(void)state;
	assert_int_equal(wire_send(&a, WIRE_HELLO, slice_str("bonjour"), false, &out), ES_OK);
	assert_int_equal(wire_send(&a, WIRE_PING, slice_str("x"), false, &out), ES_OK);
	struct slice in = buf_slice(&out);
	assert_int_equal(wire_receive(&b, &in, ALL, &type, &body), ES_OK);
	assert_int_equal(type, WIRE_HELLO);
	assert_true(slice_eq(buf_slice(&body), slice_str("bonjour")));
	assert_int_equal(in.len, 2 + 16 + 2 + 1);
	assert_int_equal(wire_receive(&b, &in, ALL, &type, &body), ES_OK);
	assert_int_equal(type, WIRE_PING);
	assert_int_equal(in.len, 0);
	assert_int_equal(wire_receive(&b, &in, ALL, &type, &body), ES_OK);
	assert_int_equal(type, 0);
}

static void a_long_message_is_split_into_frames_and_joined_again(void **state)
{
	struct slice whole = filled(3 * WIRE_BODY_MAX + 5, true);

	(void)state;
	assert_int_equal(wire_send(&a, WIRE_COMMITS, whole, true, &out), ES_OK);
	assert_int_equal(a.out.frames, 4);
	assert_int_equal(out.len, whole.len + 4 * (2 + 16 + 2));
	assert_int_equal(receive(ALL), ES_OK);
	assert_true(slice_eq(buf_slice(&body), whole));
	assert_false(wire_partial(&b));
	/* exactly one frame's worth has no empty one behind it */
	whole = filled(WIRE_BODY_MAX, true);
	assert_int_equal(wire_send(&a, WIRE_FRONTIER, whole, false, &out), ES_OK);
	assert_int_equal(a.out.frames, 5);
	assert_int_equal(receive(ALL), ES_OK);
	assert_true(slice_eq(buf_slice(&body), whole));
}

static void compression_is_kept_only_where_it_helps(void **state)
{
	(void)state;
	assert_int_equal(wire_send(&a, WIRE_COMMITS, filled(100000, false), true, &out), ES_OK);
	assert_true(out.len < 1000);
	assert_int_equal(receive(ALL), ES_OK);
	assert_true(slice_eq(buf_slice(&body), filled(100000, false)));
	assert_int_equal(wire_send(&a, WIRE_COMMITS, filled(1000, true), true, &out), ES_OK);
	assert_int_equal(out.len, 1000 + 2 + 16 + 2);
	assert_int_equal(receive(ALL), ES_OK);
	assert_int_equal(wire_send(&a, WIRE_COMMITS, filled(511, false), true, &out), ES_OK);
	assert_int_equal(out.len, 511 + 2 + 16 + 2);
	assert_int_equal(receive(ALL), ES_OK);
	assert_int_equal(wire_send(&a, WIRE_COMMITS, filled(1000, false), false, &out), ES_OK);
	assert_int_equal(out.len, 1000 + 2 + 16 + 2);
}

static void too_long_a_message_is_not_sent(void **state)
{
	(void)state;
	assert_int_equal(wire_send(&a, WIRE_COMMITS, filled(WIRE_MESSAGE_MAX + 1, false), true, &out), ES_TOO_LARGE);
	assert_int_equal(out.len, 0);
	assert_int_equal(wire_send(&a, WIRE_COMMITS, filled(WIRE_MESSAGE_MAX, true), true, &out), ES_OK);
	assert_int_equal(receive(ALL), ES_OK);
	assert_int_equal(body.len, WIRE_MESSAGE_MAX);
}

static void a_body_that_unpacks_to_more_than_the_limit_is_refused(void **state)
{
	static uint8_t packed[100000];
	struct slice bomb = filled(WIRE_MESSAGE_MAX + 1, false);
	size_t n = ZSTD_compress(packed, sizeof packed, bomb.p, bomb.len, 1);

	(void)state;
	assert_false(ZSTD_isError(n));
	frame_of(WIRE_COMMITS, WIRE_ZSTD, SLICE(packed, n));
	assert_int_equal(receive(ALL), ES_TOO_LARGE);
	assert_int_equal(body.len, 0);
	assert_int_equal(body.cap, 0); /* no memory for what it claims */
}

static void a_body_of_unknown_size_is_refused(void **state)
{
	static uint8_t packed[10000];
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	struct slice text = filled(1000, false);

	(void)state;
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, 0)));
	size_t n = ZSTD_compress2(ctx, packed, sizeof packed, text.p, text.len);
	ZSTD_freeCCtx(ctx);
	assert_false(ZSTD_isError(n));
	frame_of(WIRE_COMMITS, WIRE_ZSTD, SLICE(packed, n));
	assert_int_equal(receive(ALL), ES_MALFORMED);
}

static void a_compressed_body_is_one_whole_zstd_frame(void **state)
{
	static uint8_t packed[10000];
	struct slice text = filled(1000, true);
	size_t n = ZSTD_compress(packed, sizeof packed, text.p, text.len, 1);

	(void)state;
	packed[n] = 0;
	frame_of(WIRE_COMMITS, WIRE_ZSTD, SLICE(packed, n + 1));
	assert_int_equal(receive(ALL), ES_MALFORMED);
	frame_of(WIRE_COMMITS, WIRE_ZSTD, SLICE(packed, n - 1));
	assert_int_equal(receive(ALL), ES_MALFORMED);
	frame_of(WIRE_COMMITS, WIRE_ZSTD, slice_str("not zstd at all"));
	assert_int_equal(receive(ALL), ES_MALFORMED);
	frame_of(WIRE_COMMITS, WIRE_ZSTD, SLICE(packed, n));
	assert_int_equal(receive(ALL), ES_OK);
	assert_true(slice_eq(buf_slice(&body), text));
}

static void what_a_zstd_frame_says_of_its_size_must_be_true(void **state)
{
	static uint8_t packed[10000];
	struct slice text = filled(1000, false);
	size_t n = ZSTD_compress(packed, sizeof packed, text.p, text.len, 1);

	(void)state;
	/* magic 4, descriptor 1, then two bytes of size - 256 */
	assert_int_equal(packed[5] + 256 * packed[6], 1000 - 256);
	packed[5]++;
	frame_of(WIRE_COMMITS, WIRE_ZSTD, SLICE(packed, n));
	assert_int_equal(receive(ALL), ES_MALFORMED);
}

static void greetings_joins_and_frontiers_are_never_compressed(void **state)
{
	static const enum wire_type plain[] = {WIRE_HELLO, WIRE_JOIN, WIRE_JOINED, WIRE_FRONTIER, WIRE_WANT, WIRE_ACK, WIRE_BYE};
	uint8_t packed[200];
	size_t n = ZSTD_compress(packed, sizeof packed, "\x90", 1, 1);

	(void)state;
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		frame_of(plain[i], WIRE_ZSTD, SLICE(packed, n));
		assert_int_equal(receive(ALL), ES_MALFORMED);
	}
	frame_of(WIRE_FORK, WIRE_ZSTD, SLICE(packed, n));
	assert_int_equal(receive(ALL), ES_OK);
}

static void memory_follows_what_arrived_not_what_a_length_claims(void **state)
{
	struct slice in = SLICE("\xff\xff\x00\x01\x02", 5);

	(void)state;
	assert_int_equal(wire_receive(&b, &in, ALL, &type, &body), ES_OK);
	assert_int_equal(type, 0);
	assert_true(wire_partial(&b));
	assert_int_equal(b.frame.len, 5);
	assert_true(b.frame.cap < 1024);
	assert_int_equal(b.message.cap, 0);
}

static void a_message_is_freed_once_it_is_handed_over(void **state)
{
	(void)state;
	assert_int_equal(wire_send(&a, WIRE_COMMITS, filled(200000, true), false, &out), ES_OK);
	assert_int_equal(receive(ALL), ES_OK);
	assert_int_equal(b.message.cap, 0);
	assert_int_equal(b.frame.cap, 0);
}

static void an_endless_message_is_cut_off_at_the_limit_of_its_type(void **state)
{
	struct slice half = filled(WIRE_SMALL_MAX / 2, true);

	(void)state;
	frame_of(WIRE_WANT, WIRE_MORE, half);
	frame_of(WIRE_WANT, WIRE_MORE, half);
	assert_int_equal(receive(ALL), ES_OK);
	assert_true(wire_partial(&b));
	frame_of(WIRE_WANT, 0, SLICE("x", 1));
	assert_int_equal(receive(ALL), ES_TOO_LARGE);
	teardown(state);
	setup(state);
	half = filled(WIRE_SMALL_MAX / 2, true);
	for (int i = 0; i < 10; i++)
		frame_of(WIRE_COMMITS, WIRE_MORE, half);
	assert_int_equal(receive(ALL), ES_OK);
	frame_of(WIRE_COMMITS, 0, SLICE("x", 1));
	assert_int_equal(receive(ALL), ES_TOO_LARGE);
}

static void a_type_that_the_state_does_not_list_is_refused_before_its_body(void **state)
{
	(void)state;
	frame_of(WIRE_COMMITS, WIRE_MORE, slice_str("a long story"));
	assert_int_equal(receive(BIT(WIRE_HELLO) | BIT(WIRE_BYE)), ES_STATE);
	assert_int_equal(b.message.len, 0);
	frame_of(WIRE_BYE, 0, slice_str("x"));
	assert_int_equal(receive(BIT(WIRE_HELLO) | BIT(WIRE_BYE)), ES_OK);
}

static void unknown_types_and_flags_are_malformed(void **state)
{
	(void)state;
	frame_of(0, 0, slice_str("x"));
	assert_int_equal(receive(ALL), ES_MALFORMED);
	frame_of(WIRE_TYPES, 0, slice_str("x"));
	assert_int_equal(receive(ALL), ES_MALFORMED);
	frame_of(WIRE_PING, 4, slice_str("x"));
	assert_int_equal(receive(ALL), ES_MALFORMED);
	frame("\x0b", 1); /* no flags at all */
	assert_int_equal(receive(ALL), ES_MALFORMED);
}

static void the_frames_of_a_message_are_of_one_kind(void **state)
{
	(void)state;
	frame_of(WIRE_COMMITS, WIRE_MORE, slice_str("x"));
	frame_of(WIRE_PING, 0, slice_str("x"));
	assert_int_equal(receive(ALL), ES_MALFORMED);
	teardown(state);
	setup(state);
	frame_of(WIRE_COMMITS, WIRE_MORE, slice_str("x"));
	frame_of(WIRE_COMMITS, WIRE_ZSTD, slice_str("x"));
	assert_int_equal(receive(ALL), ES_MALFORMED);
}

static void a_tampered_frame_is_refused(void **state)
{
	(void)state;
	for (size_t at = 2; at < 2 + 16 + 2 + 3; at++) {
		frame_of(WIRE_PING, 0, slice_str("abc"));
		out.p[at] ^= 1;
		assert_int_equal(receive(ALL), ES_MALFORMED);
		a.out.cipher.nonce = 0; /* the receiver's did not move */
	}
	frame_of(WIRE_PING, 0, slice_str("abc"));
	assert_int_equal(receive(ALL), ES_OK);
}

static void a_frame_too_short_for_its_tag_is_refused(void **state)
{
	(void)state;
	buf_add(&out, "\x00\x03" "abc", 5);
	assert_int_equal(receive(ALL), ES_MALFORMED);
}

static void frames_replayed_or_out_of_order_are_refused(void **state)
{
	(void)state;
	frame_of(WIRE_PING, 0, slice_str("a"));
	struct buf copy;
	buf_init(&copy, 100);
	buf_add(&copy, out.p, out.len);
	assert_int_equal(receive(ALL), ES_OK);
	buf_add(&out, copy.p, copy.len);
	assert_int_equal(receive(ALL), ES_MALFORMED);
	buf_done(&copy);
}

static void both_ends_rekey_after_the_same_frame(void **state)
{
	struct noise_cipher before = a.out.cipher;

	(void)state;
	for (unsigned i = 0; i < WIRE_REKEY_FRAMES - 1; i++) {
		assert_int_equal(wire_send(&a, WIRE_PING, SLICE("x", 1), false, &out), ES_OK);
		assert_int_equal(receive(ALL), ES_OK);
	}
	assert_memory_equal(a.out.cipher.key, before.key, 32);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wire_send(&a, WIRE_PING, SLICE("x", 1), false, &out), ES_OK);
		assert_int_equal(receive(ALL), ES_OK);
		assert_memory_not_equal(a.out.cipher.key, before.key, 32);
		assert_memory_equal(a.out.cipher.key, b.in.cipher.key, 32);
		assert_int_equal(a.out.frames, i);
	}
	/* the other direction has its own count */
	assert_int_equal(b.out.frames, 0);
}

static void both_ends_rekey_after_the_same_bytes(void **state)
{
	struct noise_cipher before = a.out.cipher;

	(void)state;
	a.out.bytes = b.in.bytes = WIRE_REKEY_BYTES - 2 * (1 + 2 + 16);
	assert_int_equal(wire_send(&a, WIRE_PING, SLICE("x", 1), false, &out), ES_OK);
	assert_memory_equal(a.out.cipher.key, before.key, 32);
	assert_int_equal(wire_send(&a, WIRE_PING, SLICE("x", 1), false, &out), ES_OK);
	assert_memory_not_equal(a.out.cipher.key, before.key, 32);
	struct slice in = buf_slice(&out);
	assert_int_equal(wire_receive(&b, &in, ALL, &type, &body), ES_OK);
	assert_int_equal(wire_receive(&b, &in, ALL, &type, &body), ES_OK);
	assert_memory_equal(a.out.cipher.key, b.in.cipher.key, 32);
}

static void a_preamble_names_the_program_and_its_versions(void **state)
{
	uint8_t p[WIRE_PREAMBLE_LEN];

	(void)state;
	wire_preamble(p);
	assert_int_equal(wire_preamble_check(p), ES_OK);
	p[9] = WIRE_VERSION + 5; /* speaks later ones too */
	assert_int_equal(wire_preamble_check(p), ES_OK);
	p[8] = WIRE_VERSION + 1;
	assert_int_equal(wire_preamble_check(p), ES_VERSION);
	p[8] = p[9] = WIRE_VERSION - 1;
	assert_int_equal(wire_preamble_check(p), ES_VERSION);
	wire_preamble(p);
	p[15] = 9; /* reserved: ignored */
	assert_int_equal(wire_preamble_check(p), ES_OK);
	p[6] = '\n';
	assert_int_equal(wire_preamble_check(p), ES_HANDSHAKE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_message_crosses_and_the_next_one_waits),
		T(a_long_message_is_split_into_frames_and_joined_again),
		T(compression_is_kept_only_where_it_helps),
		T(too_long_a_message_is_not_sent),
		T(a_body_that_unpacks_to_more_than_the_limit_is_refused),
		T(a_body_of_unknown_size_is_refused),
		T(a_compressed_body_is_one_whole_zstd_frame),
		T(what_a_zstd_frame_says_of_its_size_must_be_true),
		T(greetings_joins_and_frontiers_are_never_compressed),
		T(memory_follows_what_arrived_not_what_a_length_claims),
		T(a_message_is_freed_once_it_is_handed_over),
		T(an_endless_message_is_cut_off_at_the_limit_of_its_type),
		T(a_type_that_the_state_does_not_list_is_refused_before_its_body),
		T(unknown_types_and_flags_are_malformed),
		T(the_frames_of_a_message_are_of_one_kind),
		T(a_tampered_frame_is_refused),
		T(a_frame_too_short_for_its_tag_is_refused),
		T(frames_replayed_or_out_of_order_are_refused),
		T(both_ends_rekey_after_the_same_frame),
		T(both_ends_rekey_after_the_same_bytes),
		T(a_preamble_names_the_program_and_its_versions),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
