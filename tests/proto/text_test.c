/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proto/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void spaces_of_every_kind_are_trimmed(void **state)
{
	static const char *const cases[][2] = {
		{"", ""}, {"   ", ""}, {" a b ", "a b"}, {"\xc2\xa0" "a\xe2\x80\xaf", "a"}, {"\t\r\na\n", "a"},
		{"\xc2\xa0", ""}, {"\xc3\xa9", "\xc3\xa9"}, {"a\xe2\x80\x99", "a\xe2\x80\x99"}, {"\xef\xbb\xbfnom", "nom"},
		{"a\xf0\x9f\x8c\xb1", "a\xf0\x9f\x8c\xb1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_true(slice_eq(text_trim(slice_str(cases[i][0])), slice_str(cases[i][1])));
}

static void length_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(text_length(slice_str("")), 0);
	assert_int_equal(text_length(slice_str("œuvre")), 5);
	assert_int_equal(text_length(slice_str("a\xf0\x9f\x8c\xb1")), 2);
	assert_true(text_plain(slice_str("abc")));
	assert_false(text_plain(slice_str("abç")));
	assert_false(text_plain(slice_str("a\tb")));
}

static void folding_drops_case_accents_and_punctuation(void **state)
{
	static const char *const cases[][4] = {
		/* written, apart, joined, both */
		{"L'ATELIER", "l atelier", "latelier", "latelier l atelier"},
		{"L’Atelier d'Œuvres", "l atelier d oeuvres", "latelier doeuvres", "latelier l atelier doeuvres d oeuvres"},
		{"Kêr c'hoant", "ker c hoant", "ker choant", "ker choant c hoant"},
		{"Fañch & N'Diaye (Bouëtté)", "fanch n diaye bouette", "fanch ndiaye bouette", "fanch ndiaye n diaye bouette"},
		{"Île-d’Arz", "ile d arz", "ile darz", "ile darz d arz"},
		{"'entre guillemets' l'", "entre guillemets l", "entre guillemets l", "entre guillemets l"},
		{"STRAẞE Æther Łódź Ørsted đ", "strasse aether lodz orsted d", "strasse aether lodz orsted d", "strasse aether lodz orsted d"},
		{"N° 12, 3e étage", "n 12 3e etage", "n 12 3e etage", "n 12 3e etage"},
		{"ﬁn", "fin", "fin", "fin"},
		{"e\xcc\x81t\xc3\xa9", "ete", "ete", "ete"},
		{"d'l'eau", "d l eau", "dleau", "dleau d l eau"},
		{"", "", "", ""}, {" - ", "", "", ""},
		{"Þór ħ ı", "thor h i", "thor h i", "thor h i"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int how = TEXT_APART; how <= TEXT_BOTH; how++) {
			struct buf out;

			buf_init(&out, 1000);
			text_fold(slice_str(cases[i][0]), (enum text_words)how, &out);
			assert_string_equal(buf_cstr(&out), cases[i][1 + how]);
			buf_done(&out);
		}
	}
}

static void folding_into_a_full_buffer_fails_without_harm(void **state)
{
	char mem[12];
	struct buf out;

	(void)state;
	buf_init_fixed(&out, mem, sizeof(mem));
	text_fold(slice_str("l'atelier"), TEXT_BOTH, &out);
	assert_int_equal(buf_err(&out), ES_TOO_LARGE);
}

static void windows_1252_has_five_holes(void **state)
{
	size_t holes = 0;

	(void)state;
	for (int c = 1; c < 256; c++)
		holes += text_from_cp1252((uint8_t)c) == 0;
	assert_int_equal(holes, 5);
	assert_int_equal(text_from_cp1252(0x80), 0x20ac);
	assert_int_equal(text_from_cp1252(0x9c), 0x153);
	assert_int_equal(text_from_cp1252(0xe9), 0xe9);
}

static void a_text_encoded_twice_is_recognised_and_repaired(void **state)
{
	static const char *const cases[][2] = {
		{"CAFÃ‰", "CAFÉ"}, {"Ã©tÃ©", "été"}, {"lâ€™atelier", "l’atelier"}, {"cÅ“ur", "cœur"},
		{"café", NULL}, {"Ã", NULL}, {"ÉCOLE", NULL}, {"abc", NULL}, {"€", NULL}, {"ÃÉ", NULL}, {"Ã© 漢", NULL},
		{"Ã© é", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		buf_init(&out, 1000);
		assert_int_equal(text_repair(slice_str(cases[i][0]), &out), cases[i][1] != NULL);
		assert_string_equal(buf_cstr(&out), cases[i][1] ? cases[i][1] : "");
		buf_done(&out);
	}
}

static void what_a_spreadsheet_runs_is_a_formula(void **state)
{
	static const char *const formulas[] = {"=1+1", "+33 2", "-2", "@foyer", "\tx", "\rx", "'=1", "''@a"};
	static const char *const texts[] = {"", "'", "''", "a=1", "'tis", " =1", "L'île", "1-2"};

	(void)state;
	for (size_t i = 0; i < COUNT(formulas); i++)
		assert_true(text_is_formula(slice_str(formulas[i])));
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(text_is_formula(slice_str(texts[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spaces_of_every_kind_are_trimmed),
		cmocka_unit_test(what_a_spreadsheet_runs_is_a_formula),
		cmocka_unit_test(length_counts_characters),
		cmocka_unit_test(folding_drops_case_accents_and_punctuation),
		cmocka_unit_test(folding_into_a_full_buffer_fails_without_harm),
		cmocka_unit_test(windows_1252_has_five_holes),
		cmocka_unit_test(a_text_encoded_twice_is_recognised_and_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
