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
	/* spaces that do not break, have no width, or are Windows-1252's own */
	check("a;b\n\xc2\xa0;\xe2\x80\x8b\n\xa0;\xa0 \n\"\xe2\x80\xaf\";\xef\xbb\xbf\n;\xe9\n", ';', "1:a/b 5:/\xe9");
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

/* "line:field/field" as above, with ! before a field whose quote is stray. */
static void check_strays(const char *file, const char *expected)
{
	struct csv c;
	struct buf out;

	buf_init(&out, 10000);
	csv_init(&c, slice_str(file), ';');
	while (csv_next(&c)) {
		size_t strays = 0;

		buf_printf(&out, "%s%d:", out.len > 0 ? " " : "", (int)c.line);
		for (size_t i = 0; i < c.count; i++) {
			buf_printf(&out, "%s%s", i > 0 ? "/" : "", c.stray[i] ? "!" : "");
			buf_add(&out, c.fields[i].p, c.fields[i].len);
			strays += c.stray[i];
		}
		assert_int_equal(c.strays, strays);
	}
	csv_done(&c);
	assert_string_equal(buf_cstr(&out), expected);
	buf_done(&out);
}

static void a_stray_quote_is_a_letter_and_takes_no_other_line(void **state)
{
	(void)state;
	/* never closed; closed by another field's quote; by one at the beginning of a line */
	check_strays("a;b\n1;\"x\ny;z", "1:a/b 2:1/!\"x 3:y/z");
	check_strays("1;\"x;2\r\ny;z\r\n3;\"zwei \"\"Wort\"\"\"\r\n", "1:1/!\"x/2 2:y/z 3:3/zwei \"Wort\"");
	check_strays("1;\"x\n\"\";\"\"\n\"y\";z\n", "1:1/!\"x 3:y/z");
	check_strays("1;\"x;\"y z\";3\n", "1:1/!\"x/y z/3");
	check_strays("1;\"\"\"x\n2;\"\"\"y\"\"\"\n", "1:1/!\"\"\"x 2:2/\"y\"");
	check_strays("\"x\n\"y\n\"z\n", "1:!\"x 2:!\"y 3:!\"z");
	/* what people and programs do write */
	check_strays("1;\"a;b\n\nc\" ;3\n4;5\n", "1:1/a;b\n\nc /3 4:4/5");
	check_strays("1;\"Les Amis\" de Vitr\xc3\xa9;Asso \"Haie\"\n2;\n", "1:1/Les Amis de Vitr\xc3\xa9/Asso \"Haie\" 2:2/");
}

/* Not timed: a reader that looked for the end of each quote in the rest of the file would take 2^40 steps. */
static void many_stray_quotes_are_read_in_one_go(void **state)
{
	static const char *const lines[] = {"1;\"x\n", "1;\"\"\"x\n", "\"x\";\"y\n", "\"\";\"\"\"\"\n", "1;\"x;y\"z\n"};
	struct buf file;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct csv c;
		size_t n = 0, records = 0;

		buf_init(&file, 5 << 20);
		for (; file.len < 4 << 20; n++)
			buf_str(&file, lines[i]);
		csv_init(&c, buf_slice(&file), ';');
		while (csv_next(&c))
			records++;
		assert_int_equal(records, n);
		csv_done(&c);
		buf_done(&file);
	}
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
		cmocka_unit_test(a_stray_quote_is_a_letter_and_takes_no_other_line),
		cmocka_unit_test(many_stray_quotes_are_read_in_one_go),
		cmocka_unit_test(a_byte_order_mark_and_a_sep_line_are_passed),
		cmocka_unit_test(the_separator_is_the_one_that_makes_equal_records),
		cmocka_unit_test(fields_beyond_the_limit_are_counted_only),
		cmocka_unit_test(the_line_end_is_that_of_the_first_line),
		cmocka_unit_test(the_encoding_is_found_or_asked_for),
		cmocka_unit_test(windows_1252_becomes_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
