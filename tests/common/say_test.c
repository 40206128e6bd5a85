/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

#define HEADER "Content-Type: text/plain; charset=UTF-8\n"

struct pair {
	const char *en, *fr;
};

static void put32(struct buf *b, size_t v)
{
	for (int i = 0; i < 4; i++)
		buf_add_u8(b, (uint8_t)(v >> 8 * i));
}

static void put_table(struct buf *b, const struct pair *pairs, size_t count, size_t at, bool french)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(french ? pairs[i].fr : pairs[i].en);

		put32(b, len);
		put32(b, at);
		at += len + 1;
	}
}

/* As msgfmt lays it out: the header, both tables, both runs of texts. */
static void mo_make(struct buf *b, const struct pair *pairs, size_t count)
{
	const size_t ids = 28, texts = ids + 8 * count, first = texts + 8 * count;
	size_t second = first;

	for (size_t i = 0; i < count; i++)
		second += strlen(pairs[i].en) + 1;
	buf_init(b, 65536);
	put32(b, 0x950412de);
	put32(b, 0);
	put32(b, count);
	put32(b, ids);
	put32(b, texts);
	put32(b, 0);
	put32(b, 0);
	put_table(b, pairs, count, first, false);
	put_table(b, pairs, count, second, true);
	for (size_t i = 0; i < count; i++)
		buf_add(b, pairs[i].en, strlen(pairs[i].en) + 1);
	for (size_t i = 0; i < count; i++)
		buf_add(b, pairs[i].fr, strlen(pairs[i].fr) + 1);
}

static bool loads(const struct pair *pairs, size_t count)
{
	struct buf b;
	bool good;

	mo_make(&b, pairs, count);
	good = say_load(buf_slice(&b));
	if (!good)
		buf_done(&b); /* else it is the catalogue's */
	return good;
}

static const struct pair good[] = {
	{"", HEADER}, {"%s: %zu lines of %.40s", "%s : %zu lignes de %.40s"}, {"no", "non"}, {"yes", "oui"}};

static void each_thread_is_answered_in_its_language(void **state)
{
	static struct buf mo;

	(void)state;
	mo_make(&mo, good, 4);
	assert_true(say_load(buf_slice(&mo)));
	assert_string_equal(_("no"), "no");
	assert_string_equal(say_in(SAY_FRENCH, "no"), "non");
	say_set(SAY_FRENCH);
	assert_string_equal(_("no"), "non");
	assert_string_equal(_("yes"), "oui");
	assert_string_equal(_("%s: %zu lines of %.40s"), "%s : %zu lignes de %.40s");
	assert_string_equal(_("perhaps"), "perhaps");
	assert_string_equal(_(""), "");
	assert_string_equal(_("zzz"), "zzz");
	say_set(SAY_ENGLISH);
	assert_string_equal(_("no"), "no");
}

/* A wrong argument in a translation would be read from the stack. */
static void a_translation_with_other_arguments_is_refused(void **state)
{
	static const char *const wrong[] = {"%s", "%s %d", "%d: %s", "%s %s %s", "%2$s %1$s", "%.9s: %s", "%s %n"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(loads((struct pair[]){{"", HEADER}, {"%s: %s", wrong[i]}}, 2));
	assert_false(loads((struct pair[]){{"", HEADER}, {"no argument", "%s"}}, 2));
}

static void what_is_not_sorted_or_not_utf8_is_refused(void **state)
{
	(void)state;
	assert_false(loads((struct pair[]){{"", HEADER}, {"b", "b"}, {"a", "a"}}, 3));
	assert_false(loads((struct pair[]){{"", HEADER}, {"a", "a"}, {"a", "b"}}, 3));
	assert_false(loads((struct pair[]){{"", "charset=ISO-8859-15\n"}, {"a", "a"}}, 2));
	assert_false(loads((struct pair[]){{"a", HEADER}, {"b", "b"}}, 2));
	assert_false(loads(good, 0));
}

/* Nothing of a cut or damaged file is believed that leads out of it. The bytes lie in a
 * block of their own, for the sanitizer to see one too many. */
static void a_damaged_file_is_refused_or_harmless(void **state)
{
	struct buf mo;

	(void)state;
	mo_make(&mo, good, 4);
	for (size_t len = 0; len < mo.len; len++) {
		uint8_t *part = malloc(len + 1);

		memcpy(part, mo.p, len);
		assert_false(say_load(SLICE(part, len)));
		free(part);
	}
	for (size_t at = 0; at < 28 + 64; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t *copy = malloc(mo.len);

			memcpy(copy, mo.p, mo.len);
			copy[at] ^= (uint8_t)(1u << bit);
			if (say_load(SLICE(copy, mo.len)))
				(void)say_in(SAY_FRENCH, "yes");
			assert_true(say_load(buf_slice(&mo)));
			free(copy);
		}
	assert_string_equal(say_in(SAY_FRENCH, "yes"), "oui");
}

static void said(const char *expected, enum say_language language, const char *format, ...)
{
	struct buf out;
	va_list texts;

	buf_init(&out, 200);
	va_start(texts, format);
	say_counted(&out, language, format, texts);
	va_end(texts);
	assert_string_equal(buf_cstr(&out), expected);
	buf_done(&out);
}

static void a_number_chooses_singular_or_plural(void **state)
{
	static const char fr[] = "%s fiche{|s} {est tenue|sont tenues} par %s : %s jour{|s}", en[] = "%s wait{s|} for %s";

	(void)state;
	said("1 fiche est tenue par Auray : 0 jour", SAY_FRENCH, fr, "1", "Auray", "0");
	said("21 fiches sont tenues par 1{|s} : 2 jours", SAY_FRENCH, fr, "21", "1{|s}", "2");
	said("1 waits for %s", SAY_ENGLISH, en, "1", "%s");
	said("0 wait for x", SAY_ENGLISH, en, "0", "x");
	said("a is left {", SAY_ENGLISH, "a {never|is} left %s", "{");
	said("cut", SAY_ENGLISH, "cut{", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_thread_is_answered_in_its_language),
		cmocka_unit_test(a_translation_with_other_arguments_is_refused),
		cmocka_unit_test(what_is_not_sorted_or_not_utf8_is_refused),
		cmocka_unit_test(a_damaged_file_is_refused_or_harmless),
		cmocka_unit_test(a_number_chooses_singular_or_plural),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
