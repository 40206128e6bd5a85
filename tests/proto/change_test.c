/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/canon.h"
#include "proto/change.h"

static struct slice two_fields(struct buf *b)
{
	buf_init(b, 4096);
	canon_map(b, 2);
	canon_u64(b, 10);
	canon_str(b, slice_str("Ressourcerie"));
	canon_u64(b, 300);
	canon_nil(b);
	return buf_slice(b);
}

static struct change sample(struct slice fields)
{
	struct change c = {.op = OP_PUT, .kind = 7, .edited = 1000, .base = 900, .fields = fields};

	memset(c.record.bytes, 0x5a, sizeof(c.record.bytes));
	return c;
}

static enum es_err decode_buf(struct buf *b, struct change *out)
{
	enum es_err err = change_decode(buf_slice(b), out);

	buf_clear(b);
	return err;
}

static void a_data_change_comes_back_as_it_was_written(void **state)
{
	struct buf fields, bytes;
	struct change c = sample(two_fields(&fields)), back;

	(void)state;
	buf_init(&bytes, CHANGE_MAX);
	change_encode(&c, &bytes);
	assert_int_equal(canon_check(buf_slice(&bytes)), ES_OK);
	assert_int_equal(change_decode(buf_slice(&bytes), &back), ES_OK);
	assert_int_equal(back.op, OP_PUT);
	assert_false(back.control);
	assert_memory_equal(back.record.bytes, c.record.bytes, 32);
	assert_int_equal(back.kind, 7);
	assert_int_equal(back.edited, 1000);
	assert_int_equal(back.base, 900);
	assert_true(slice_eq(back.fields, c.fields));
	buf_done(&bytes);
	buf_done(&fields);
}

static void a_change_whose_editor_saw_nothing_has_a_nil_base(void **state)
{
	struct buf fields, bytes;
	struct change c = sample(two_fields(&fields)), back;

	(void)state;
	buf_init(&bytes, CHANGE_MAX);
	c.base = 0;
	change_encode(&c, &bytes);
	assert_int_equal(decode_buf(&bytes, &back), ES_OK);
	assert_int_equal(back.base, 0);
	buf_done(&bytes);
	buf_done(&fields);
}

static void a_control_entry_has_nil_for_record_kind_edited_and_base(void **state)
{
	struct buf fields, bytes;
	struct change c = {.op = OP_MEMBER, .control = true, .fields = two_fields(&fields)}, back;

	(void)state;
	buf_init(&bytes, CHANGE_MAX);
	change_encode(&c, &bytes);
	assert_memory_equal(bytes.p, "\x96\x21\xc0\xc0\xc0\xc0\x82", 7);
	assert_int_equal(decode_buf(&bytes, &back), ES_OK);
	assert_true(back.control);
	assert_true(slice_eq(back.fields, c.fields));
	buf_done(&bytes);
	buf_done(&fields);
}

struct shape {
	const char *what;
	enum es_err expected;
	const char *hex;
};

#define RECORD "c420" "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

static const struct shape shapes[] = {
	{"a put", ES_OK, "9601" RECORD "0705c080"},
	{"an unknown data op", ES_OK, "961f" RECORD "0705c080"},
	{"an unknown control op", ES_OK, "96cd0100c0c0c0c080"},
	{"no op", ES_MALFORMED, "9600" RECORD "0705c080"},
	{"a negative op", ES_MALFORMED, "96ff" RECORD "0705c080"},
	{"five parts", ES_MALFORMED, "9501" RECORD "0705c0"},
	{"seven parts", ES_MALFORMED, "9701" RECORD "0705c080c0"},
	{"not an array", ES_MALFORMED, "80"},
	{"nothing", ES_MALFORMED, ""},
	{"a trailing byte", ES_MALFORMED, "9601" RECORD "0705c080c0"},
	{"a short record id", ES_MALFORMED, "9601c4025a5a0705c080"},
	{"a put without record", ES_MALFORMED, "9601c00705c080"},
	{"a put without edited", ES_MALFORMED, "9601" RECORD "07c0c080"},
	{"a kind above 65535", ES_MALFORMED, "9601" RECORD "ce0001000005c080"},
	{"a base written as 0", ES_MALFORMED, "9601" RECORD "07050080"},
	{"a base of text", ES_MALFORMED, "9601" RECORD "0705a13180"},
	{"a control entry with a record", ES_MALFORMED, "9620" RECORD "c0c0c080"},
	{"a control entry with a stamp", ES_MALFORMED, "9620c0c005c080"},
	{"fields as an array", ES_MALFORMED, "9601" RECORD "0705c090"},
	{"a field named by text", ES_MALFORMED, "9601" RECORD "0705c081a13101"},
	{"a negative field", ES_MALFORMED, "9601" RECORD "0705c081ff01"},
	{"a field above 65535", ES_MALFORMED, "9601" RECORD "0705c081ce0001000001"},
	{"the field 65535", ES_OK, "9601" RECORD "0705c081cdffff01"},
	{"fields out of order", ES_MALFORMED, "9601" RECORD "0705c0820b010a01"},
	{"a field twice", ES_MALFORMED, "9601" RECORD "0705c0820a010a01"},
	{"an integer that is too long", ES_MALFORMED, "9601" RECORD "cc0705c080"},
};

static void only_the_exact_shape_is_a_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];
		size_t n = strlen(s->hex) / 2;
		uint8_t *bytes = malloc(n + 1);
		struct change c;
		enum es_err err;

		assert_true(hex_decode(s->hex, 2 * n, bytes, n));
		err = change_decode(SLICE(bytes, n), &c);
		if ((err == ES_OK) != (s->expected == ES_OK))
			fail_msg("%s: %s", s->what, es_err_name(err));
		free(bytes);
	}
}

static void a_refused_change_leaves_the_result_untouched(void **state)
{
	struct change c = {.op = 99};

	(void)state;
	assert_int_not_equal(change_decode(SLICE("\x96\x01", 2), &c), ES_OK);
	assert_int_equal(c.op, 99);
}

static void a_change_above_the_limit_is_too_large(void **state)
{
	static uint8_t bytes[CHANGE_MAX + 1];
	struct change c;

	(void)state;
	assert_int_equal(change_decode(SLICE(bytes, sizeof(bytes)), &c), ES_TOO_LARGE);
}

static enum es_err decode_with_fields(unsigned count)
{
	struct buf fields, bytes;
	struct change c, back;
	enum es_err err;

	buf_init(&fields, CHANGE_MAX);
	buf_init(&bytes, CHANGE_MAX);
	canon_map(&fields, count);
	for (unsigned i = 0; i < count; i++) {
		canon_u64(&fields, i);
		canon_bool(&fields, true);
	}
	c = sample(buf_slice(&fields));
	change_encode(&c, &bytes);
	err = change_decode(buf_slice(&bytes), &back);
	buf_done(&fields);
	buf_done(&bytes);
	return err;
}

static void a_change_names_at_most_256_fields(void **state)
{
	(void)state;
	assert_int_equal(decode_with_fields(CHANGE_FIELDS_MAX), ES_OK);
	assert_int_not_equal(decode_with_fields(CHANGE_FIELDS_MAX + 1), ES_OK);
}

static void the_walk_gives_every_field_in_order(void **state)
{
	struct buf fields;
	struct field_walk w = field_walk_start(two_fields(&fields));
	struct slice value;
	unsigned no;

	(void)state;
	assert_true(field_walk_next(&w, &no, &value));
	assert_int_equal(no, 10);
	assert_int_equal(value.len, 13);
	assert_true(field_walk_next(&w, &no, &value));
	assert_int_equal(no, 300);
	assert_int_equal(value.p[0], 0xc0);
	assert_false(field_walk_next(&w, &no, &value));
	assert_false(field_walk_next(&w, &no, &value));
	buf_done(&fields);
}

static void the_walk_stops_at_damage(void **state)
{
	struct field_walk w = field_walk_start(SLICE("\x82\x0a\xa5x", 4));
	struct slice value;
	unsigned no;

	(void)state;
	assert_false(field_walk_next(&w, &no, &value));
	assert_false(field_walk_next(&w, &no, &value));
}

static void a_field_that_is_not_named_is_empty(void **state)
{
	struct buf b;
	struct slice fields = two_fields(&b);

	(void)state;
	assert_int_equal(change_field(fields, 10).len, 13);
	assert_int_equal(change_field(fields, 300).len, 1);
	assert_int_equal(change_field(fields, 9).len, 0);
	assert_int_equal(change_field(fields, 11).len, 0);
	assert_int_equal(change_field(fields, 301).len, 0);
	assert_int_equal(change_field(SLICE("\x80", 1), 0).len, 0);
	buf_done(&b);
}

/* A value that needs every width of head: text of n bytes, bytes, integers, lists. */
static void write_wide(struct buf *b, size_t n)
{
	static const int64_t numbers[] = {0, 127, 128, 255, 256, 65535, 65536, INT64_MAX, -1, -32, -33, -129, -32769, INT64_MIN};
	static char text[70000];

	memset(text, 'x', sizeof(text));
	canon_array(b, 6);
	canon_str(b, SLICE(text, n));
	canon_bin(b, text, n);
	canon_array(b, sizeof(numbers) / sizeof(numbers[0]));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		canon_int(b, numbers[i]);
	canon_map(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		canon_u64(b, i);
		canon_bool(b, i % 2);
	}
	canon_array(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		canon_nil(b);
	canon_u64(b, UINT64_MAX);
}

static void the_extent_of_a_value_is_where_the_strict_reader_ends(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536};
	struct canon_reader r;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 22);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len;

		buf_clear(&b);
		write_wide(&b, sizes[i]);
		len = b.len;
		canon_nil(&b);
		canon_read_init(&r, buf_slice(&b));
		assert_int_equal(canon_read_value(&r).len, len);
		assert_int_equal(change_extent(buf_slice(&b)), len);
	}
	buf_done(&b);
}

static void a_value_that_does_not_fit_has_no_extent(void **state)
{
	static const char *const cut[] = {"a5", "a578", "c4", "c405", "c60000", "cd01", "d0", "d9", "dbffffffff", "92c0", "81c0",
					  "ddffffffff", "dfffffffff", "dc00", "c1", "d4", "91c1", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		size_t n = strlen(cut[i]) / 2;
		uint8_t *bytes = malloc(n + 1);

		assert_true(hex_decode(cut[i], 2 * n, bytes, n));
		assert_int_equal(change_extent(SLICE(bytes, n)), 0);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_data_change_comes_back_as_it_was_written),
		cmocka_unit_test(a_change_whose_editor_saw_nothing_has_a_nil_base),
		cmocka_unit_test(a_control_entry_has_nil_for_record_kind_edited_and_base),
		cmocka_unit_test(only_the_exact_shape_is_a_change),
		cmocka_unit_test(a_refused_change_leaves_the_result_untouched),
		cmocka_unit_test(a_change_above_the_limit_is_too_large),
		cmocka_unit_test(a_change_names_at_most_256_fields),
		cmocka_unit_test(the_walk_gives_every_field_in_order),
		cmocka_unit_test(the_walk_stops_at_damage),
		cmocka_unit_test(a_field_that_is_not_named_is_empty),
		cmocka_unit_test(the_extent_of_a_value_is_where_the_strict_reader_ends),
		cmocka_unit_test(a_value_that_does_not_fit_has_no_extent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
