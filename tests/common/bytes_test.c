/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/rng.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The sanitizer ends the program where malloc() would return NULL, unless told
 * otherwise; one test here wants that NULL. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void slices_compare_like_memcmp_and_the_shorter_first(void **state)
{
	(void)state;
	assert_true(slice_eq(slice_str("ab"), slice_str("ab")));
	assert_false(slice_eq(slice_str("ab"), slice_str("abc")));
	assert_false(slice_eq(slice_str("ab"), slice_str("ac")));
	assert_true(slice_eq(SLICE_NONE, slice_str("")));
	assert_true(slice_eq(slice_str(NULL), SLICE_NONE));
	assert_true(slice_cmp(slice_str("ab"), slice_str("b")) < 0);
	assert_true(slice_cmp(slice_str("ab"), slice_str("abc")) < 0);
	assert_true(slice_cmp(slice_str("b"), slice_str("abc")) > 0);
	assert_true(slice_cmp(slice_str("\x7f"), slice_str("\x80")) < 0);
	assert_int_equal(slice_cmp(slice_str("ab"), slice_str("ab")), 0);
	assert_int_equal(slice_cmp(SLICE_NONE, SLICE_NONE), 0);
	assert_true(slice_cmp(SLICE_NONE, slice_str("a")) < 0);
}

static void a_buf_grows_up_to_its_maximum_exactly(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (int i = 0; i < 1000; i++)
		buf_add_u8(&b, (uint8_t)i);
	assert_int_equal(buf_err(&b), ES_OK);
	assert_int_equal(b.len, 1000);
	assert_true(b.cap <= 1000);
	assert_int_equal(b.p[999], 999 & 255);
	buf_add_u8(&b, 1);
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	assert_int_equal(b.len, 1000);
	buf_done(&b);
}

static void a_buf_remembers_its_first_failure_and_ignores_what_follows(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_str(&b, "abc");
	buf_str(&b, "de");
	buf_str(&b, "f");
	buf_add_be(&b, 1, 1);
	buf_add_u8(&b, 1);
	buf_printf(&b, "%d", 7);
	assert_null(buf_reserve(&b, 1));
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	assert_int_equal(b.len, 3);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
}

static void clear_forgets_content_and_error_and_keeps_the_memory(void **state)
{
	struct buf b;
	uint8_t *before;

	(void)state;
	buf_init(&b, 4);
	buf_str(&b, "abcd");
	before = b.p;
	buf_str(&b, "e");
	buf_clear(&b);
	buf_str(&b, "wxyz");
	assert_int_equal(buf_err(&b), ES_OK);
	assert_ptr_equal(b.p, before);
	assert_true(slice_eq(buf_slice(&b), slice_str("wxyz")));
	buf_done(&b);
}

static void a_fixed_buf_stays_in_the_callers_memory(void **state)
{
	char mem[4];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, mem, sizeof(mem));
	buf_str(&b, "abc");
	assert_string_equal(buf_cstr(&b), "abc");
	buf_str(&b, "d");
	assert_ptr_equal(b.p, mem);
	assert_int_equal(buf_err(&b), ES_OK);
	assert_memory_equal(mem, "abcd", 4);
	buf_str(&b, "e");
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	buf_done(&b);
}

static void a_fixed_buf_without_room_for_the_nul_fails_on_cstr(void **state)
{
	char mem[4];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, mem, sizeof(mem));
	buf_str(&b, "abcd");
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
}

static void cstr_ends_with_a_nul_that_is_not_counted(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	assert_string_equal(buf_cstr(&b), "");
	buf_str(&b, "abc"); /* full: the NUL needs no room of its own */
	assert_string_equal(buf_cstr(&b), "abc");
	assert_int_equal(b.len, 3);
	assert_int_equal(buf_err(&b), ES_OK);
	buf_done(&b);
}

static void reserve_gives_memory_that_the_caller_then_counts(void **state)
{
	struct buf b;
	uint8_t *p;

	(void)state;
	buf_init(&b, 100000);
	buf_str(&b, "x");
	p = buf_reserve(&b, 70000);
	assert_non_null(p);
	memset(p, 'y', 70000);
	assert_int_equal(b.len, 1);
	b.len += 70000;
	assert_int_equal(b.p[70000], 'y');
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	buf_done(&b);
}

static void adding_nothing_changes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	buf_add(&b, NULL, 0);
	buf_str(&b, "");
	assert_int_equal(buf_err(&b), ES_OK);
	assert_int_equal(b.len, 0);
	buf_done(&b);
	buf_done(&(struct buf){0});
}

static void printf_appends_short_and_long_text(void **state)
{
	char word[400];
	struct buf b;

	(void)state;
	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	buf_init(&b, 1000);
	buf_printf(&b, "%d-%s.", 42, "a");
	buf_printf(&b, "%s%c", word, '!');
	assert_int_equal(b.len, 5 + 400);
	assert_memory_equal(b.p, "42-a.www", 8);
	assert_int_equal(b.p[404], '!');
	buf_printf(&b, "%s%s", word, word);
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	assert_int_equal(b.len, 405);
	buf_done(&b);
}

/* PTRDIFF_MAX bytes are within max here, and more than any allocator gives. */
static void running_out_of_memory_is_remembered(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX - 1);
	assert_null(buf_reserve(&b, PTRDIFF_MAX));
	assert_int_equal(buf_err(&b), ES_NOMEM);
	buf_str(&b, "abc");
	assert_string_equal(buf_cstr(&b), "");
	buf_clear(&b);
	buf_str(&b, "abc");
	assert_string_equal(buf_cstr(&b), "abc");
	buf_done(&b);
}

static void big_endian_numbers_survive_the_trip(void **state)
{
	uint8_t p[8];
	struct buf b;

	(void)state;
	be_write(p, 0x0102030405060708, 8);
	assert_memory_equal(p, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	assert_true(be_read(p, 8) == 0x0102030405060708);
	assert_true(be_read(p, 3) == 0x010203);
	assert_true(be_read(p, 0) == 0);
	buf_init(&b, 16);
	buf_add_be(&b, 0xabcdef, 2);
	assert_true(slice_eq(buf_slice(&b), slice_str("\xcd\xef")));
	buf_done(&b);
}

static void hex_is_lower_case_and_read_in_either(void **state)
{
	uint8_t p[3] = {0};
	char text[7];

	(void)state;
	assert_true(hex_decode("00aBfF", 6, p, 3));
	hex_encode(p, 3, text);
	assert_string_equal(text, "00abff");
	hex_encode(p, 0, text);
	assert_string_equal(text, "");
	assert_true(hex_decode("", 0, p, 0));
}

static void hex_refuses_another_length_or_letter_and_leaves_the_bytes(void **state)
{
	static const char *const bad[] = {"00", "0011223", "0011223344", "00112g", "00 112", "0x1122"};
	uint8_t p[3] = {7, 7, 7};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(hex_decode(bad[i], strlen(bad[i]), p, 3));
	assert_memory_equal(p, "\7\7\7", 3);
}

static void base32_follows_crockfords_alphabet(void **state)
{
	static const struct {
		const char *bytes, *text;
		size_t n;
	} cases[] = {
		{"", "", 0},
		{"\xff", "ZW", 1},
		{"\x00", "00", 1},
		{"f", "CR", 1},
		{"foobar", "CSQPYRK1E8", 6},
		{"\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf\x84\x65\x3a\x56\xd7\xc6\x75\xbe\x77\xdf",
		 "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 20},
	};
	uint8_t back[20];
	char text[33];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		base32_encode((const uint8_t *)cases[i].bytes, cases[i].n, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(strlen(text), BASE32_LEN(cases[i].n));
		assert_true(base32_decode(text, strlen(text), back, cases[i].n));
		assert_memory_equal(back, cases[i].bytes, cases[i].n);
	}
}

static void base32_forgives_what_people_write(void **state)
{
	uint8_t p[6];

	(void)state;
	assert_true(base32_decode("csqp-yrki e8", 12, p, 6));
	assert_memory_equal(p, "foobar", 6);
	assert_true(base32_decode(" CSQP YRKL-E8-", 14, p, 6));
	assert_memory_equal(p, "foobar", 6);
	assert_true(base32_decode("oO", 2, p, 1));
	assert_int_equal(p[0], 0);
}

static void base32_refuses_wrong_length_letters_and_spare_bits(void **state)
{
	static const char *const bad[] = {
		"CSQPYRK1E",   /* short */
		"CSQPYRK1E80", /* long */
		"CSQPYRK1E9",  /* spare bit set */
		"CSQPYRK1EU",  /* U is no digit */
		"CSQPYRK1E_",
	};
	uint8_t p[6] = {7, 7, 7, 7, 7, 7};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(base32_decode(bad[i], strlen(bad[i]), p, 6));
	assert_false(base32_decode("CSQPYRK1E\0", 10, p, 6));
	assert_false(base32_decode("0", 1, p, 0));
	assert_memory_equal(p, "\7\7\7\7\7\7", 6);
}

static void a_ulid_is_the_numbers_own_base32(void **state)
{
	static const struct {
		uint8_t uid[16];
		const char *text;
	} cases[] = {
		{{0}, "00000000000000000000000000"},
		{{[15] = 1}, "00000000000000000000000001"},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff},
		 "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
		{{0x01, 0x56, 0x3d, 0xf3, 0x64, 0x81, 0x0d, 0x1c, 0xdd, 0xf7, 0xa2, 0xe4, 0x4d,
		  0x20, 0x55, 0x08},
		 "01ARYZ6S411MEDVXX2WH6J0N88"},
	};
	char text[ULID_LEN + 1];
	uint8_t uid[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ulid_encode(cases[i].uid, text);
		assert_string_equal(text, cases[i].text);
		assert_true(ulid_decode(text, ULID_LEN, uid));
		assert_memory_equal(uid, cases[i].uid, 16);
	}
	assert_true(ulid_decode("oiLARYZ6s411medvxx2wh6jon8", ULID_LEN, uid));
}

static void a_ulid_of_another_length_or_above_128_bits_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "0000000000000000000000000", "000000000000000000000000000",
		"80000000000000000000000000", "0000000000000U000000000000",
		"-0000000000000000000000000", "0000000000000-000000000000",
	};
	uint8_t uid[16] = {9};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(ulid_decode(bad[i], strlen(bad[i]), uid));
	assert_int_equal(uid[0], 9);
}

static void utf8_is_accepted_up_to_its_edges(void **state)
{
	static const char *const good[] = {
		"", "a", "plain ascii of more than eight bytes", "h\xc3\xa9",
		"\x01\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xe2\x9d\xa4zzzzzzzz",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(utf8_valid((const uint8_t *)good[i], strlen(good[i])));
}

static void utf8_refuses_nul_surrogates_overlong_and_cut_forms(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		{"\0", 1}, {"1234\0" "5678", 9}, {"12345678\0", 9}, {"\x80", 1}, {"\xbf", 1},
		{"\xc0\x80", 2}, {"\xc1\xbf", 2}, {"\xe0\x9f\xbf", 3}, {"\xed\xa0\x80", 3},
		{"\xed\xbf\xbf", 3}, {"\xf0\x8f\xbf\xbf", 4}, {"\xf4\x90\x80\x80", 4},
		{"\xf5\x80\x80\x80", 4}, {"\xff", 1}, {"\xc3", 1}, {"\xe2\x9d", 2},
		{"\xf0\x9f\x8d", 3}, {"\xc3" "a", 2}, {"\xe2\x9d" "a", 3}, {"\xf0\x9f\x8d" "a", 4},
		{"1234567\xc3", 8},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(utf8_valid((const uint8_t *)bad[i].text, bad[i].len));
}

static void every_spelling_of_random_bytes_is_read_back(void **state)
{
	uint8_t p[50], back[50];
	char text[101];
	struct rng r;

	(void)state;
	rng_seed_number(&r, 11);
	for (size_t n = 0; n <= sizeof(p); n++) {
		for (int i = 0; i < 50; i++) {
			rng_fill(&r, p, n);
			hex_encode(p, n, text);
			assert_int_equal(strlen(text), 2 * n);
			assert_true(hex_decode(text, 2 * n, back, n));
			assert_memory_equal(p, back, n);
			base32_encode(p, n, text);
			assert_int_equal(strlen(text), BASE32_LEN(n));
			assert_true(base32_decode(text, strlen(text), back, n));
			assert_memory_equal(p, back, n);
			if (n != 16)
				continue;
			ulid_encode(p, text);
			assert_true(ulid_decode(text, ULID_LEN, back));
			assert_memory_equal(p, back, n);
		}
	}
}

static void ulids_sort_like_their_bytes(void **state)
{
	uint8_t a[16], b[16];
	char text_a[ULID_LEN + 1], text_b[ULID_LEN + 1];
	struct rng r;

	(void)state;
	rng_seed_number(&r, 12);
	for (int i = 0; i < 1000; i++) {
		rng_fill(&r, a, sizeof(a));
		memcpy(b, a, sizeof(b));
		b[rng_below(&r, 16)] ^= (uint8_t)(1u << rng_below(&r, 8));
		ulid_encode(a, text_a);
		ulid_encode(b, text_b);
		assert_int_equal(memcmp(a, b, 16) < 0, strcmp(text_a, text_b) < 0);
	}
}

/* By the definition, without a thought for what is allowed. */
static size_t utf8_spell(uint32_t c, size_t n, uint8_t out[4])
{
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(lead[n] | c);
	return n;
}

static void utf8_accepts_each_character_in_its_one_spelling(void **state)
{
	uint8_t out[4];

	(void)state;
	for (uint32_t c = 0; c <= 0x1fffff; c++) {
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bool good = c != 0 && (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;

		if (utf8_valid(out, utf8_spell(c, n, out)) != good)
			fail_msg("U+%X", c);
		for (n++; n <= 4; n++) {
			if (utf8_valid(out, utf8_spell(c, n, out)))
				fail_msg("U+%X in %zu bytes", c, n);
		}
	}
}

static void a_wrong_byte_is_found_wherever_it_stands(void **state)
{
	uint8_t text[40];

	(void)state;
	for (size_t len = 1; len <= sizeof(text); len++) {
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', len);
			assert_true(utf8_valid(text, len));
			text[at] = 0;
			assert_false(utf8_valid(text, len));
			text[at] = 0x80;
			assert_false(utf8_valid(text, len));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_compare_like_memcmp_and_the_shorter_first),
		cmocka_unit_test(a_buf_grows_up_to_its_maximum_exactly),
		cmocka_unit_test(a_buf_remembers_its_first_failure_and_ignores_what_follows),
		cmocka_unit_test(clear_forgets_content_and_error_and_keeps_the_memory),
		cmocka_unit_test(a_fixed_buf_stays_in_the_callers_memory),
		cmocka_unit_test(a_fixed_buf_without_room_for_the_nul_fails_on_cstr),
		cmocka_unit_test(cstr_ends_with_a_nul_that_is_not_counted),
		cmocka_unit_test(reserve_gives_memory_that_the_caller_then_counts),
		cmocka_unit_test(adding_nothing_changes_nothing),
		cmocka_unit_test(printf_appends_short_and_long_text),
		cmocka_unit_test(running_out_of_memory_is_remembered),
		cmocka_unit_test(big_endian_numbers_survive_the_trip),
		cmocka_unit_test(hex_is_lower_case_and_read_in_either),
		cmocka_unit_test(hex_refuses_another_length_or_letter_and_leaves_the_bytes),
		cmocka_unit_test(base32_follows_crockfords_alphabet),
		cmocka_unit_test(base32_forgives_what_people_write),
		cmocka_unit_test(base32_refuses_wrong_length_letters_and_spare_bits),
		cmocka_unit_test(a_ulid_is_the_numbers_own_base32),
		cmocka_unit_test(a_ulid_of_another_length_or_above_128_bits_is_refused),
		cmocka_unit_test(utf8_is_accepted_up_to_its_edges),
		cmocka_unit_test(utf8_refuses_nul_surrogates_overlong_and_cut_forms),
		cmocka_unit_test(every_spelling_of_random_bytes_is_read_back),
		cmocka_unit_test(ulids_sort_like_their_bytes),
		cmocka_unit_test(utf8_accepts_each_character_in_its_one_spelling),
		cmocka_unit_test(a_wrong_byte_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
