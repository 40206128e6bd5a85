/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "daemon/exchange/csv.h"
#include "daemon/exchange/encoding.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* "line:field/field" for each record. */
static void read_all(struct slice file, char separator, struct buf *out)
{
	struct csv c;

	csv_init(&c, file, separator);
	while (csv_next(&c)) {
		buf_printf(out, "%s%d:", out->len > 0 ? " " : "", (int)c.line);
		for (size_t i = 0; i < c.count; i++) {
			buf_str(out, i > 0 ? "/" : "");
			buf_add(out, c.fields[i].p, c.fields[i].len);
		}
	}
	assert_int_equal(buf_err(&c.unquoted), ES_OK);
	csv_done(&c);
}

static void check(const char *file, char separator, const char *expected)
{
	struct buf out;

	buf_init(&out, 10000);
	read_all(slice_str(file), separator, &out);
	assert_string_equal(buf_cstr(&out), expected);
	buf_done(&out);
}

static void lines_may_end_in_any_way(void **state)
{
	(void)state;
	check("a,b\nc,d\n", ',', "1:a/b 2:c/d");
	check("a,b\r\nc,d", ',', "1:a/b 2:c/d");
	check("a,b\rc,d\r", ',', "1:a/b 2:c/d");
	check("", ',', "");
	check("\n\n", ',', "");
	check("a\n\n\r\nb\n", ',', "1:a 4:b");
	check("a,\nb,\n", ',', "1:a/ 2:b/");
}

static void lines_of_nothing_but_separators_are_no_records(void **state)
{
	(void)state;
	check("a;b\nc;d\n;\n;;;;\n", ';', "1:a/b 2:c/d");
	check("a;b\n; \n\"\";\"\"\r\nc;\n \t;\n;d", ';', "1:a/b 4:c/ 6:/d");
	check("a;b\n0;\n,\n", ';', "1:a/b 2:0/ 3:,");
}

static void quotes_protect_separators_quotes_and_line_breaks(void **state)
{
	(void)state;
	check("\"a,b\",c\n", ',', "1:a,b/c");
	check("\"a \"\"b\"\"\",c\n", ',', "1:a \"b\"/c");
	check("\"a\nb\r\nc\",d\ne,f\n", ',', "1:a\nb\r\nc/d 4:e/f");
	check("a\"b,c\n", ',', "1:a\"b/c");
	check("\"a\"b\"c,d\n", ',', "1:ab\"c/d");
	check("\"\",\"\"\"\"\n", ',', "1:/\"");
}

static void an_unclosed_quote_takes_the_rest_and_is_told(void **state)
{
	struct csv c;

	(void)state;
	csv_init(&c, slice_str("a,b\n1,\"x\ny,z"), ',');
	assert_true(csv_next(&c));
	assert_false(c.unclosed);
	assert_true(csv_next(&c));
	assert_true(c.unclosed);
	assert_int_equal(c.count, 2);
	assert_true(slice_eq(c.fields[1], slice_str("x\ny,z")));
	assert_false(csv_next(&c));
	csv_done(&c);
}

static void a_byte_order_mark_and_a_sep_line_are_passed(void **state)
{
	(void)state;
	check("\xef\xbb\xbf" "a;b\n", 0, "1:a/b");
	check("sep=;\r\na;b\r\n", 0, "2:a/b");
	check("sep=|\na|b\n", 0, "2:a/b");
	check("\xef\xbb\xbfsep=,\na;b,c\n", 0, "2:a;b/c");
	check("sep=;", 0, "");
	check("sep=;x;y\n", ';', "1:sep=/x/y");
	check("sep=;\na,b\n", ',', "2:a/b");
}

static void the_separator_is_the_one_that_makes_equal_records(void **state)
{
	static const struct { const char *file; char separator; } cases[] = {
		{"a;b\n1;\"2,3\"\n1,5;2\n", ';'}, {"a,b\n1;2,3\n", ','}, {"a\tb\n1,2\t3\n", '\t'},
		{"a;b,c\n1;2,3\n4;5\n", ';'}, {"a;b;c,d\n1;2;3,4\n", ';'}, {"seul\n1\n", ';'}, {"", ';'},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(csv_detect_separator(slice_str(cases[i].file)), cases[i].separator);
}

static void fields_beyond_the_limit_are_counted_only(void **state)
{
	char file[2 * CSV_FIELDS_MAX + 20];
	struct csv c;

	(void)state;
	memset(file, ',', sizeof(file));
	csv_init(&c, SLICE(file, sizeof(file)), ',');
	assert_true(csv_next(&c));
	assert_int_equal(c.count, sizeof(file) + 1);
	assert_int_equal(c.raw.len, sizeof(file));
	csv_done(&c);
}

static void the_line_end_is_that_of_the_first_line(void **state)
{
	(void)state;
	assert_string_equal(csv_line_end(slice_str("a\r\nb\n")), "\r\n");
	assert_string_equal(csv_line_end(slice_str("a\nb")), "\n");
	assert_string_equal(csv_line_end(slice_str("a\rb")), "\r");
	assert_string_equal(csv_line_end(slice_str("a")), "\n");
}

static void check_encoding(const char *file, size_t len, const char *asked, enum es_err err, const char *expected)
{
	enum encoding e = ENCODING_UTF_8;
	struct buf why;

	buf_init(&why, 1000);
	assert_int_equal(encoding_find(SLICE(file, len), asked, &e, &why), err);
	if (err == ES_OK)
		assert_string_equal(encoding_name(e), expected);
	else
		assert_non_null(strstr(buf_cstr(&why), expected));
	buf_done(&why);
}

static void the_encoding_is_found_or_asked_for(void **state)
{
	(void)state;
	check_encoding("abc", 3, NULL, ES_OK, "utf-8");
	check_encoding("caf\xc3\xa9", 5, NULL, ES_OK, "utf-8");
	check_encoding("caf\xe9", 4, NULL, ES_OK, "windows-1252");
	check_encoding("caf\xc3\xa9", 5, "windows-1252", ES_OK, "windows-1252");
	check_encoding("a\r\nb\ncaf\xe9\n", 10, "utf-8", ES_BAD_VALUE, "line 3");
	check_encoding("\xef\xbb\xbf\n\xe9", 5, NULL, ES_BAD_VALUE, "line 2");
	check_encoding("a\ncaf\xe9\x81", 7, NULL, ES_BAD_VALUE, "line 2: byte 0x81");
	check_encoding("a\rb\0", 4, NULL, ES_BAD_VALUE, "line 2: byte 0x00");
	check_encoding("\xff\xfe" "a\0", 4, NULL, ES_OK, "utf-16le");
	check_encoding("\xfe\xff\0a", 4, "utf-8", ES_OK, "utf-16be");
	check_encoding("a", 1, "latin-9", ES_BAD_VALUE, "latin-9");
}

static void windows_1252_becomes_utf8(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	encoding_to_utf8(slice_str("5 \x80, \x9cuvre d\x92\xe9t\xe9"), &out);
	assert_string_equal(buf_cstr(&out), "5 €, œuvre d’été");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_may_end_in_any_way),
		cmocka_unit_test(lines_of_nothing_but_separators_are_no_records),
		cmocka_unit_test(quotes_protect_separators_quotes_and_line_breaks),
		cmocka_unit_test(an_unclosed_quote_takes_the_rest_and_is_told),
		cmocka_unit_test(a_byte_order_mark_and_a_sep_line_are_passed),
		cmocka_unit_test(the_separator_is_the_one_that_makes_equal_records),
		cmocka_unit_test(fields_beyond_the_limit_are_counted_only),
		cmocka_unit_test(the_line_end_is_that_of_the_first_line),
		cmocka_unit_test(the_encoding_is_found_or_asked_for),
		cmocka_unit_test(windows_1252_becomes_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
