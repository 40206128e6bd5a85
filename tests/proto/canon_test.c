/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "proto/canon.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MEM_MAX 300000

static uint8_t mem[MEM_MAX];

static struct slice from_hex(const char *hex)
{
	size_t n = strlen(hex) / 2;

	assert_true(n <= sizeof(mem) && hex_decode(hex, 2 * n, mem, n));
	return SLICE(mem, n);
}

/* In a heap block of exactly that size, so that the sanitizer sees a read
 * behind the end. */
static enum es_err check_exactly(struct slice bytes)
{
	uint8_t *p = malloc(bytes.len > 0 ? bytes.len : 1);
	enum es_err err;

	assert_non_null(p);
	if (bytes.len > 0)
		memcpy(p, bytes.p, bytes.len);
	err = canon_check(SLICE(p, bytes.len));
	free(p);
	return err;
}

/* ---- which bytes are canonical ---- */

static void every_form_is_accepted_where_it_is_the_shortest(void **state)
{
	static const char *const good[] = {
		"c0", "c2", "c3",
		"00", "7f", "cc80", "ccff", "cd0100", "cdffff", "ce00010000", "ceffffffff",
		"cf0000000100000000", "cfffffffffffffffff",
		"ff", "e0", "d0df", "d080", "d1ff7f", "d18000", "d2ffff7fff", "d280000000",
		"d3ffffffff7fffffff", "d38000000000000000",
		"a0", "a161", "a2c3a9", "c400", "c401ff",
		"90", "9101", "80", "8101c0", "820102a161c3",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(check_exactly(from_hex(good[i])), ES_OK);
}

static void a_number_in_a_longer_form_than_it_needs_is_refused(void **state)
{
	static const char *const bad[] = {
		"cc00", "cc7f", "cd0000", "cd00ff", "ce00000000", "ce0000ffff",
		"cf0000000000000000", "cf00000000ffffffff",
		"d0ff", "d0e0", "d1ff80", "d1ffff", "d2ffff8000", "d2ffffffff",
		"d3ffffffff80000000", "d3ffffffffffffffff",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(check_exactly(from_hex(bad[i])), ES_MALFORMED);
}

static void a_number_that_is_not_negative_is_refused_in_the_signed_family(void **state)
{
	static const char *const bad[] = {
		"d000", "d07f", "d10000", "d10080", "d17fff", "d200000000", "d200008000",
		"d27fffffff", "d30000000000000000", "d30000000080000000", "d37fffffffffffffff",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(check_exactly(from_hex(bad[i])), ES_MALFORMED);
}

static void float_ext_timestamp_and_the_unused_byte_are_refused(void **state)
{
	static const char *const bad[] = {
		"c1", "ca00000000", "cb0000000000000000", "c70100aa", "c8000100aa",
		"c90000000100aa", "d400aa", "d500aaaa", "d6ff00000000", "d7ff0000000000000000",
		"d80000000000000000000000000000000000", "91ca00000000",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(check_exactly(from_hex(bad[i])), ES_MALFORMED);
}

static void text_is_valid_utf8_without_a_zero(void **state)
{
	static const char *const bad[] = {"a100", "a1ff", "a1c3", "a2c080", "a3eda080", "91a100",
					  "81a10001", "8101a1ff"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(check_exactly(from_hex(bad[i])), ES_MALFORMED);
	assert_int_equal(check_exactly(from_hex("c40100")), ES_OK); /* a bin is not text */
}

/* A head of the given form, then `body` bytes. */
static struct slice headed(uint8_t form, uint64_t arg, unsigned width, uint8_t fill, size_t body)
{
	mem[0] = form;
	be_write(mem + 1, arg, width);
	memset(mem + 1 + width, fill, body);
	return SLICE(mem, 1 + width + body);
}

static void a_length_or_count_has_its_shortest_form(void **state)
{
	static const struct {
		uint8_t form;
		unsigned width;
		uint64_t least;
		size_t per; /* bytes of body for each */
		uint8_t fill;
	} rows[] = {
		{0xd9, 1, 32, 1, 'x'}, {0xda, 2, 256, 1, 'x'}, {0xdb, 4, 65536, 1, 'x'},
		{0xc4, 1, 0, 1, 0}, {0xc5, 2, 256, 1, 0}, {0xc6, 4, 65536, 1, 0},
		{0xdc, 2, 16, 1, 0xc0}, {0xdd, 4, 65536, 1, 0xc0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t n = rows[i].least;

		assert_int_equal(check_exactly(headed(rows[i].form, n, rows[i].width, rows[i].fill,
						      n * rows[i].per)),
				 ES_OK);
		if (n == 0)
			continue;
		n--;
		assert_int_equal(check_exactly(headed(rows[i].form, n, rows[i].width, rows[i].fill,
						      n * rows[i].per)),
				 ES_MALFORMED);
	}
}

/* A map of n pairs (ascending number: nil), its head in the given form. */
static struct slice long_map(uint8_t form, unsigned width, uint32_t n)
{
	struct buf b;

	buf_init_fixed(&b, mem, sizeof(mem));
	buf_add_u8(&b, form);
	buf_add_be(&b, n, width);
	for (uint32_t i = 0; i < n; i++) {
		canon_u64(&b, i);
		canon_nil(&b);
	}
	assert_int_equal(buf_err(&b), ES_OK);
	return buf_slice(&b);
}

static void a_count_of_pairs_has_its_shortest_form(void **state)
{
	(void)state;
	assert_int_equal(check_exactly(long_map(0x8f, 0, 15)), ES_OK);
	assert_int_equal(check_exactly(long_map(0xde, 2, 15)), ES_MALFORMED);
	assert_int_equal(check_exactly(long_map(0xde, 2, 16)), ES_OK);
	assert_int_equal(check_exactly(long_map(0xdf, 4, 16)), ES_MALFORMED);
	assert_int_equal(check_exactly(long_map(0xdf, 4, 65535)), ES_MALFORMED);
	assert_int_equal(check_exactly(long_map(0xdf, 4, 65536)), ES_OK);
}

static void a_length_or_count_above_what_remains_is_refused(void **state)
{
	static const char *const bad[] = {
		"a1", "a26f", "d92061", "da0100", "db00010000", "dbffffffff",
		"c401", "c5010000", "c6ffffffff00",
		"91", "9201", "dc0010c0c0", "ddffffffff", "ddffffffffc0c0",
		"81", "8101", "820102", "82010203", "de00100101", "dfffffffff0101",
		"9291", "8101a1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(check_exactly(from_hex(bad[i])), ES_MALFORMED);
}

static void nothing_and_a_value_cut_short_are_refused(void **state)
{
	static const char *const whole[] = {"ccff", "cd0100", "ceffffffff", "cf0000000100000000",
					    "d080", "d18000", "d280000000", "d38000000000000000",
					    "a3616263", "c403010203", "93010203", "8201c002c0",
					    "dc0010c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"};

	(void)state;
	assert_int_equal(canon_check(SLICE_NONE), ES_MALFORMED);
	for (size_t i = 0; i < COUNT(whole); i++) {
		struct slice bytes = from_hex(whole[i]);

		assert_int_equal(check_exactly(bytes), ES_OK);
		while (bytes.len-- > 0)
			assert_int_equal(check_exactly(bytes), ES_MALFORMED);
	}
}

static void a_byte_after_the_value_is_refused(void **state)
{
	static const char *const bad[] = {"c0c0", "0000", "a16100", "9001", "80c0", "910101"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(check_exactly(from_hex(bad[i])), ES_MALFORMED);
}

static void map_keys_are_unique_and_ascending_by_their_bytes(void **state)
{
	static const struct {
		const char *hex;
		enum es_err err;
	} rows[] = {
		{"8201c002c0", ES_OK},
		{"8202c001c0", ES_MALFORMED},
		{"8201c001c0", ES_MALFORMED},
		{"8300c001c001c0", ES_MALFORMED},
		{"827fc0a0c0", ES_OK}, /* by bytes: 127, then "", then 128 */
		{"82a0c0cc80c0", ES_OK},
		{"82cc80c0a0c0", ES_MALFORMED},
		{"8200c0ffc0", ES_OK}, /* -1 is ff */
		{"82ffc000c0", ES_MALFORMED},
		{"82a161c0a16200", ES_OK},
		{"82a16200a161c0", ES_MALFORMED},
		{"82a162c0a26161c0", ES_OK}, /* the length comes first in the bytes */
		{"82a26161c0a162c0", ES_MALFORMED},
		{"829101c0920101c0", ES_OK}, /* any value may be a key */
		{"829101c09101c0", ES_MALFORMED},
		{"818201c001c0c0", ES_MALFORMED}, /* inside a key */
		{"81c08202c001c0", ES_MALFORMED}, /* inside a value */
		{"918202c001c0", ES_MALFORMED},
		{"8201c0c100", ES_MALFORMED}, /* a key that is none */
		{"8201c102c0", ES_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(check_exactly(from_hex(rows[i].hex)), rows[i].err);
}

static void arrays_and_maps_go_eight_deep_and_no_deeper(void **state)
{
	static const struct {
		const char *hex;
		enum es_err err;
	} rows[] = {
		{"9191919191919190", ES_OK},
		{"9191919191919101", ES_OK}, /* what is no array or map adds nothing */
		{"919191919191919190", ES_MALFORMED},
		{"919191919191919180", ES_MALFORMED},
		{"81c081c081c081c081c081c081c080", ES_OK},
		{"81c081c081c081c081c081c081c081c080", ES_MALFORMED},
		{"91919191919191819001", ES_MALFORMED}, /* in a key too */
		{"9291919191919191909090", ES_MALFORMED},
		{"92919191919191909191919191919001", ES_MALFORMED},
		{"929191919191919091919191919190", ES_OK}, /* side by side is not deep */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(check_exactly(from_hex(rows[i].hex)), rows[i].err);
	/* Nor does a stranger's nesting decide how deep we recurse. */
	assert_int_equal(check_exactly(headed(0x91, 0, 0, 0x91, MEM_MAX - 1)), ES_MALFORMED);
}

/* ---- the writer ---- */

static void assert_written(struct buf *b, const char *hex)
{
	char text[64];

	assert_int_equal(buf_err(b), ES_OK);
	assert_int_equal(canon_check(buf_slice(b)), ES_OK);
	hex_encode(b->p, b->len, text);
	assert_string_equal(text, hex);
	buf_clear(b);
}

static void a_number_is_written_in_its_shortest_form(void **state)
{
	static const struct {
		int64_t v;
		const char *hex;
	} rows[] = {
		{0, "00"}, {127, "7f"}, {128, "cc80"}, {255, "ccff"}, {256, "cd0100"},
		{65535, "cdffff"}, {65536, "ce00010000"}, {UINT32_MAX, "ceffffffff"},
		{INT64_C(1) << 32, "cf0000000100000000"}, {INT64_MAX, "cf7fffffffffffffff"},
		{-1, "ff"}, {-32, "e0"}, {-33, "d0df"}, {-128, "d080"}, {-129, "d1ff7f"},
		{-32768, "d18000"}, {-32769, "d2ffff7fff"}, {INT32_MIN, "d280000000"},
		{INT64_C(-1) + INT32_MIN, "d3ffffffff7fffffff"}, {INT64_MIN, "d38000000000000000"},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	for (size_t i = 0; i < COUNT(rows); i++) {
		canon_int(&b, rows[i].v);
		assert_written(&b, rows[i].hex);
		if (rows[i].v < 0)
			continue;
		canon_u64(&b, (uint64_t)rows[i].v);
		assert_written(&b, rows[i].hex);
	}
	canon_u64(&b, UINT64_MAX);
	assert_written(&b, "cfffffffffffffffff");
	buf_done(&b);
}

static void other_values_are_written_as_the_format_says(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	canon_nil(&b);
	assert_written(&b, "c0");
	canon_bool(&b, false);
	assert_written(&b, "c2");
	canon_bool(&b, true);
	assert_written(&b, "c3");
	canon_str(&b, slice_str(""));
	assert_written(&b, "a0");
	canon_str(&b, slice_str("été"));
	assert_written(&b, "a5c3a974c3a9");
	canon_bin(&b, NULL, 0);
	assert_written(&b, "c400");
	canon_bin(&b, "\0\1", 2);
	assert_written(&b, "c4020001");
	canon_array(&b, 0);
	assert_written(&b, "90");
	canon_map(&b, 0);
	assert_written(&b, "80");
	buf_done(&b);
}

static void a_length_is_written_in_its_shortest_form_and_read_back(void **state)
{
	static const uint32_t lengths[] = {0,   1,   15,  16,    17,    31,    32,
					   33,  255, 256, 65535, 65536, 100000};
	static char text[100001];
	struct buf b;

	(void)state;
	memset(text, 'x', sizeof(text));
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct canon_reader r;
		uint32_t n = lengths[i];

		buf_clear(&b);
		canon_array(&b, n + 2);
		canon_str(&b, SLICE(text, n));
		canon_bin(&b, text, n);
		for (uint32_t k = 0; k < n; k++)
			canon_nil(&b);
		assert_int_equal(canon_check(buf_slice(&b)), ES_OK);

		canon_read_init(&r, buf_slice(&b));
		assert_int_equal(canon_read_array(&r, UINT32_MAX), n + 2);
		assert_int_equal(canon_read_str(&r, n).len, n);
		assert_int_equal(canon_read_bin(&r, n).len, n);
		for (uint32_t k = 0; k < n; k++)
			canon_read_nil(&r);
		assert_int_equal(canon_read_done(&r), ES_OK);

		buf_clear(&b);
		canon_map(&b, n);
		for (uint32_t k = 0; k < n; k++) {
			canon_u64(&b, k);
			canon_bool(&b, true);
		}
		assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
		canon_read_init(&r, buf_slice(&b));
		assert_int_equal(canon_read_map(&r, n), n);
	}
	buf_done(&b);
}

static void the_writer_fails_through_its_buf_and_stays_failed(void **state)
{
	uint8_t small[4];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, small, sizeof(small));
	canon_str(&b, slice_str("abc"));
	canon_nil(&b);
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	canon_map(&b, 1);
	canon_bool(&b, true);
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	assert_int_equal(b.len, 4);
}

static void a_run_too_long_for_the_format_is_refused_not_cut(void **state)
{
	const size_t len = (size_t)UINT32_MAX + 1;
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	canon_bin(&b, mem, len); /* never looked at */
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	canon_str(&b, SLICE(mem, len));
	assert_int_equal(buf_err(&b), ES_TOO_LARGE);
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

/* ---- the reader ---- */

static void a_reader_reads_what_was_written_in_order(void **state)
{
	const uint8_t id[4] = {1, 2, 3, 4};
	uint8_t copy[4];
	struct canon_reader r;
	struct slice text;
	struct buf b;

	(void)state;
	buf_init(&b, 200);
	canon_array(&b, 9);
	canon_nil(&b);
	canon_bool(&b, true);
	canon_bool(&b, false);
	canon_int(&b, -5);
	canon_u64(&b, UINT64_MAX);
	canon_str(&b, slice_str("abc"));
	canon_bin(&b, id, sizeof(id));
	canon_bin(&b, id, sizeof(id));
	canon_map(&b, 1);
	canon_int(&b, 7);
	canon_str(&b, slice_str("seven"));

	canon_read_init(&r, buf_slice(&b));
	assert_int_equal(canon_read_array(&r, 9), 9);
	canon_read_nil(&r);
	assert_true(canon_read_bool(&r));
	assert_false(canon_read_bool(&r));
	assert_int_equal(canon_read_int(&r, -5, -5), -5);
	assert_int_equal(canon_read_u64(&r, UINT64_MAX), UINT64_MAX);
	text = canon_read_str(&r, 3);
	assert_true(slice_eq(text, slice_str("abc")));
	assert_true(text.p > b.p && text.p < b.p + b.len); /* borrowed */
	assert_true(slice_eq(canon_read_bin(&r, 4), SLICE(id, 4)));
	canon_read_exact(&r, copy, sizeof(copy));
	assert_memory_equal(copy, id, sizeof(id));
	assert_int_equal(canon_read_map(&r, 1), 1);
	assert_int_equal(canon_read_int(&r, INT64_MIN, INT64_MAX), 7);
	assert_int_equal(canon_read_done(&r), ES_MALFORMED); /* not all was read */
	assert_false(canon_at_end(&r));
	assert_true(slice_eq(canon_read_str(&r, 100), slice_str("seven")));
	assert_true(canon_at_end(&r));
	assert_int_equal(canon_peek(&r), CANON_NONE);
	assert_int_equal(canon_read_done(&r), ES_OK);
	buf_done(&b);
}

static void peek_names_the_next_value_and_moves_nothing(void **state)
{
	static const struct {
		const char *hex;
		enum canon_type type;
	} rows[] = {
		{"c0", CANON_NIL}, {"c2", CANON_BOOL}, {"c3", CANON_BOOL},
		{"05", CANON_INT}, {"ff", CANON_INT}, {"cc80", CANON_INT}, {"d080", CANON_INT},
		{"a161", CANON_STR}, {"c400", CANON_BIN}, {"90", CANON_ARRAY}, {"80", CANON_MAP},
		{"c1", CANON_NONE}, {"ca00000000", CANON_NONE}, {"d400aa", CANON_NONE},
		{"", CANON_NONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct canon_reader r;
		size_t len = strlen(rows[i].hex) / 2;

		canon_read_init(&r, from_hex(rows[i].hex));
		assert_int_equal(canon_peek(&r), rows[i].type);
		assert_int_equal(r.rest.len, len);
		assert_int_equal(r.err, ES_OK);
	}
}

/* One reading verb each, with room for whatever it may accept. */
static uint64_t read_as(struct canon_reader *r, enum canon_type type)
{
	switch (type) {
	case CANON_NIL:
		canon_read_nil(r);
		return 0;
	case CANON_BOOL:
		return canon_read_bool(r);
	case CANON_INT:
		return (uint64_t)canon_read_int(r, INT64_MIN, INT64_MAX);
	case CANON_STR:
		return canon_read_str(r, SIZE_MAX).len;
	case CANON_BIN:
		return canon_read_bin(r, SIZE_MAX).len;
	case CANON_ARRAY:
		return canon_read_array(r, UINT32_MAX);
	case CANON_MAP:
		return canon_read_map(r, UINT32_MAX);
	case CANON_NONE:
		break;
	}
	return canon_read_value(r).len;
}

static void a_value_of_another_type_is_malformed(void **state)
{
	static const char *const values[] = {"c0", "c3", "05", "a161", "c401aa", "9101", "8101c0"};
	struct canon_reader r;

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		for (unsigned type = CANON_NIL; type < CANON_NONE; type++) {
			canon_read_init(&r, from_hex(values[i]));
			if (type == i) {
				(void)read_as(&r, (enum canon_type)type);
				assert_int_equal(r.err, ES_OK);
			} else {
				assert_int_equal(read_as(&r, (enum canon_type)type), 0);
				assert_int_equal(canon_read_done(&r), ES_MALFORMED);
			}
		}
	}
}

static void every_verb_refuses_what_is_not_canonical(void **state)
{
	static const struct {
		enum canon_type type;
		const char *hex;
	} rows[] = {
		{CANON_INT, "cc01"}, {CANON_INT, "d005"}, {CANON_INT, "cd01"}, {CANON_INT, "d1ff"},
		{CANON_STR, "a1ff"}, {CANON_STR, "a100"}, {CANON_STR, "a261"}, {CANON_STR, "d90161"},
		{CANON_BIN, "c402aa"}, {CANON_BIN, "c50001aa"},
		{CANON_ARRAY, "92c0"}, {CANON_ARRAY, "ddffffffff"}, {CANON_ARRAY, "dc0001c0"},
		{CANON_MAP, "82c0c0c0"}, {CANON_MAP, "dfffffffff"}, {CANON_MAP, "de000101c0"},
		{CANON_NONE, "8202c001c0"}, {CANON_NONE, "919191919191919190"}, {CANON_NONE, "c1"},
		{CANON_NIL, ""}, {CANON_BOOL, ""}, {CANON_INT, ""}, {CANON_STR, ""},
		{CANON_BIN, ""}, {CANON_ARRAY, ""}, {CANON_MAP, ""}, {CANON_NONE, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct canon_reader r;

		canon_read_init(&r, from_hex(rows[i].hex));
		assert_int_equal(read_as(&r, rows[i].type), 0);
		assert_int_equal(r.err, ES_MALFORMED);
		assert_true(canon_at_end(&r));
	}
}

static void a_number_outside_its_range_is_malformed(void **state)
{
	static const struct {
		const char *hex;
		int64_t min, max;
		enum es_err err;
	} rows[] = {
		{"05", 5, 5, ES_OK}, {"05", 6, 9, ES_MALFORMED}, {"05", 0, 4, ES_MALFORMED},
		{"fb", -5, -5, ES_OK}, {"fb", -4, 9, ES_MALFORMED}, {"fb", -9, -6, ES_MALFORMED},
		{"cf7fffffffffffffff", 0, INT64_MAX, ES_OK},
		{"cf8000000000000000", INT64_MIN, INT64_MAX, ES_MALFORMED},
		{"cfffffffffffffffff", -1, -1, ES_MALFORMED},
		{"d38000000000000000", INT64_MIN, 0, ES_OK},
	};
	static const struct {
		const char *hex;
		uint64_t max;
		enum es_err err;
	} unsigned_rows[] = {
		{"05", 5, ES_OK}, {"05", 4, ES_MALFORMED}, {"ff", UINT64_MAX, ES_MALFORMED},
		{"d38000000000000000", UINT64_MAX, ES_MALFORMED},
		{"cfffffffffffffffff", UINT64_MAX, ES_OK},
		{"cfffffffffffffffff", UINT64_MAX - 1, ES_MALFORMED},
	};
	struct canon_reader r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t v;

		canon_read_init(&r, from_hex(rows[i].hex));
		v = canon_read_int(&r, rows[i].min, rows[i].max);
		assert_int_equal(canon_read_done(&r), rows[i].err);
		assert_true(rows[i].err == ES_OK || v == 0);
	}
	for (size_t i = 0; i < COUNT(unsigned_rows); i++) {
		canon_read_init(&r, from_hex(unsigned_rows[i].hex));
		(void)canon_read_u64(&r, unsigned_rows[i].max);
		assert_int_equal(canon_read_done(&r), unsigned_rows[i].err);
	}
}

static void a_length_or_count_above_the_callers_maximum_is_too_large(void **state)
{
	struct canon_reader r;

	(void)state;
	canon_read_init(&r, from_hex("a3616263"));
	assert_null(canon_read_str(&r, 2).p);
	assert_int_equal(canon_read_done(&r), ES_TOO_LARGE);
	canon_read_init(&r, from_hex("c403616263"));
	assert_null(canon_read_bin(&r, 2).p);
	assert_int_equal(canon_read_done(&r), ES_TOO_LARGE);
	canon_read_init(&r, from_hex("93010203"));
	assert_int_equal(canon_read_array(&r, 2), 0);
	assert_int_equal(canon_read_done(&r), ES_TOO_LARGE);
	canon_read_init(&r, from_hex("8201020304"));
	assert_int_equal(canon_read_map(&r, 1), 0);
	assert_int_equal(canon_read_done(&r), ES_TOO_LARGE);
	/* What cannot be there at all is malformed, whatever the maximum. */
	canon_read_init(&r, from_hex("ddffffffff"));
	assert_int_equal(canon_read_array(&r, 2), 0);
	assert_int_equal(canon_read_done(&r), ES_MALFORMED);
}

static void an_exact_bin_has_that_length_or_reads_as_zeros(void **state)
{
	static const char *const bad[] = {"c403010203", "c40101", "c400", "a16101", "c40201"};
	static const uint8_t zeros[2];
	struct canon_reader r;
	uint8_t out[2];

	(void)state;
	canon_read_init(&r, from_hex("c4020102"));
	canon_read_exact(&r, out, 2);
	assert_int_equal(canon_read_done(&r), ES_OK);
	assert_memory_equal(out, "\1\2", 2);
	canon_read_init(&r, from_hex("c400"));
	canon_read_exact(&r, out, 0);
	assert_int_equal(canon_read_done(&r), ES_OK);
	for (size_t i = 0; i < COUNT(bad); i++) {
		memset(out, 0xaa, sizeof(out));
		canon_read_init(&r, from_hex(bad[i]));
		canon_read_exact(&r, out, sizeof(out));
		assert_int_not_equal(canon_read_done(&r), ES_OK);
		assert_memory_equal(out, zeros, sizeof(out));
	}
}

static void after_a_failure_every_verb_does_nothing_and_reads_zero(void **state)
{
	/* A bool where a number is wanted, then a good value of each type. */
	static const char values[] = "c3c0c305a161c401aa91018101c0";
	static const uint8_t zeros[1];
	uint8_t out[1] = {0xaa};
	struct canon_reader r;

	(void)state;
	canon_read_init(&r, from_hex(values));
	assert_int_equal(canon_read_u64(&r, 9), 0);
	assert_int_equal(canon_peek(&r), CANON_NONE);
	assert_true(canon_at_end(&r));
	for (unsigned type = CANON_NIL; type <= CANON_NONE; type++) {
		struct canon_reader before = r;

		assert_int_equal(read_as(&r, (enum canon_type)type), 0);
		assert_int_equal(canon_read_u64(&r, UINT64_MAX), 0);
		assert_memory_equal(&r, &before, sizeof(r));
	}
	canon_read_exact(&r, out, sizeof(out));
	assert_memory_equal(out, zeros, sizeof(out));
	assert_int_equal(canon_read_done(&r), ES_MALFORMED);
}

static void the_first_failure_is_the_one_that_is_told(void **state)
{
	struct canon_reader r;

	(void)state;
	canon_read_init(&r, from_hex("a3616263"));
	(void)canon_read_str(&r, 2);
	canon_read_nil(&r);
	assert_int_equal(canon_read_done(&r), ES_TOO_LARGE);
}

static void a_whole_value_is_read_as_its_bytes(void **state)
{
	static const char *const values[] = {"c0", "ccff", "a161", "c402aabb", "93010203",
					     "8201920203a16180"};
	uint8_t all[64];
	struct canon_reader r;
	struct buf b;

	(void)state;
	buf_init_fixed(&b, all, sizeof(all));
	for (size_t i = 0; i < COUNT(values); i++) {
		struct slice v = from_hex(values[i]);

		buf_add(&b, v.p, v.len);
	}
	canon_read_init(&r, buf_slice(&b));
	for (size_t i = 0; i < COUNT(values); i++)
		assert_true(slice_eq(canon_read_value(&r), from_hex(values[i])));
	assert_int_equal(canon_read_done(&r), ES_OK);
}

/* ---- generated values ---- */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_accepted_where_it_is_the_shortest),
		cmocka_unit_test(a_number_in_a_longer_form_than_it_needs_is_refused),
		cmocka_unit_test(a_number_that_is_not_negative_is_refused_in_the_signed_family),
		cmocka_unit_test(float_ext_timestamp_and_the_unused_byte_are_refused),
		cmocka_unit_test(text_is_valid_utf8_without_a_zero),
		cmocka_unit_test(a_length_or_count_has_its_shortest_form),
		cmocka_unit_test(a_count_of_pairs_has_its_shortest_form),
		cmocka_unit_test(a_length_or_count_above_what_remains_is_refused),
		cmocka_unit_test(nothing_and_a_value_cut_short_are_refused),
		cmocka_unit_test(a_byte_after_the_value_is_refused),
		cmocka_unit_test(map_keys_are_unique_and_ascending_by_their_bytes),
		cmocka_unit_test(arrays_and_maps_go_eight_deep_and_no_deeper),
		cmocka_unit_test(a_number_is_written_in_its_shortest_form),
		cmocka_unit_test(other_values_are_written_as_the_format_says),
		cmocka_unit_test(a_length_is_written_in_its_shortest_form_and_read_back),
		cmocka_unit_test(the_writer_fails_through_its_buf_and_stays_failed),
		cmocka_unit_test(a_run_too_long_for_the_format_is_refused_not_cut),
		cmocka_unit_test(a_reader_reads_what_was_written_in_order),
		cmocka_unit_test(peek_names_the_next_value_and_moves_nothing),
		cmocka_unit_test(a_value_of_another_type_is_malformed),
		cmocka_unit_test(every_verb_refuses_what_is_not_canonical),
		cmocka_unit_test(a_number_outside_its_range_is_malformed),
		cmocka_unit_test(a_length_or_count_above_the_callers_maximum_is_too_large),
		cmocka_unit_test(an_exact_bin_has_that_length_or_reads_as_zeros),
		cmocka_unit_test(after_a_failure_every_verb_does_nothing_and_reads_zero),
		cmocka_unit_test(the_first_failure_is_the_one_that_is_told),
		cmocka_unit_test(a_whole_value_is_read_as_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
