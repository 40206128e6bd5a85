/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said of a value: that each code has its sentence, tests/finding_words.py tells. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "daemon/rules/sentences.h"
#include "proto/schema.h"
#include "proto/value.h"

static void a_code_is_said_in_the_readers_language(void **state)
{
	(void)state;
	assert_string_equal(sentence_in(SAY_FRENCH, "champ_requis", "titre"), "Ce champ est demandé.");
	assert_string_equal(sentence_in(SAY_ENGLISH, "champ_requis", ""), "This field is required.");
	assert_null(sentence_in(SAY_ENGLISH, "not_a_code", ""));
}

static void a_field_of_which_another_sentence_is_true_has_that_one(void **state)
{
	static const struct { const char *field, *text; } cases[] = {
		{"nom", "This name is too short or too long."}, {"telephone", "This is not a telephone number."},
		{"b_uid", "It takes two organisations."}, {"effectif_etp", "This value is out of bounds."},
		{"", "This value is out of bounds."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(sentence_in(SAY_ENGLISH, "hors_limites", cases[i].field), cases[i].text);
}

static bool a_kind_has(struct slice name)
{
	for (size_t i = 0; i < schema_kind_count; i++)
		if (schema_field_named(&schema_kinds[i], name))
			return true;
	return slice_eq(name, slice_str("uid"));
}

static void check_fields(const char *fields)
{
	while (*fields) {
		size_t n = strcspn(fields, "|");

		assert_true(a_kind_has(SLICE(fields, n)));
		fields += n + (fields[n] == '|');
	}
}

/* The page takes the first that fits. */
static void the_page_gets_them_with_a_fields_own_before_the_rest(void **state)
{
	const char *closed = "";
	struct buf out;
	json_t *all, *one;
	size_t i;

	(void)state;
	buf_init(&out, 1 << 20);
	sentences_json(&out);
	all = json_loads(buf_cstr(&out), 0, NULL);
	assert_true(json_array_size(all) > 50);
	json_array_foreach(all, i, one)
	{
		const char *code = json_string_value(json_object_get(one, "code"));
		const char *fields = json_string_value(json_object_get(one, "fields"));

		assert_string_not_equal(code, closed);
		check_fields(fields);
		closed = *fields ? closed : code;
		assert_true(strlen(json_string_value(json_object_get(one, "fr"))) > 5);
		assert_true(strlen(json_string_value(json_object_get(one, "en"))) > 5);
	}
	json_decref(all);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_is_said_in_the_readers_language),
		cmocka_unit_test(a_field_of_which_another_sentence_is_true_has_that_one),
		cmocka_unit_test(the_page_gets_them_with_a_fields_own_before_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
