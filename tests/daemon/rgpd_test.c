/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/rgpd/rgpd.h"
#include "proto/change.h"

static bool has_term(const char *kind)
{
	for (size_t i = 0; i < rgpd_term_count; i++)
		if (strcmp(rgpd_terms[i].kind, kind) == 0)
			return true;
	return false;
}

static void the_register_covers_every_personal_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_kind_count; i++)
		if (rgpd_names_anybody(&schema_kinds[i]) && !has_term(schema_kinds[i].name))
			fail_msg("%s names somebody and has no TERM in rgpd.def", schema_kinds[i].name);
}

static void the_register_names_each_of_them(void **state)
{
	char wanted[96];
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	rgpd_register_json(&b);
	assert_int_equal(buf_err(&b), ES_OK);
	for (size_t i = 0; i < schema_kind_count; i++)
		for (size_t f = 0; f < schema_kinds[i].field_count; f++) {
			const struct schema_field *field = &schema_kinds[i].fields[f];
			const char *kind, *name;

			if (!rgpd_names(field))
				continue;
			snprintf(wanted, sizeof wanted, "{\"kind\":\"%s\"", schema_kinds[i].name);
			kind = strstr(buf_cstr(&b), wanted);
			assert_non_null(kind);
			snprintf(wanted, sizeof wanted, "{\"name\":\"%s\"", field->name);
			name = strstr(kind, wanted);
			if (!name || (strchr(kind, ']') && name > strchr(kind, ']')))
				fail_msg("%s.%s is not in the register", schema_kinds[i].name, field->name);
		}
	buf_done(&b);
}

static void a_term_is_of_a_kind_and_its_end_is_reachable(void **state)
{
	(void)state;
	for (size_t i = 0; i < rgpd_term_count; i++) {
		const struct rgpd_term *t = &rgpd_terms[i];

		assert_non_null(schema_kind_named(slice_str(t->kind)));
		assert_true(t->processing < rgpd_processing_count);
		assert_true(t->warned <= t->months);
	}
}

/* R17: what has no place for a person has no field for one either. */
static void nobody_has_no_personal_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_kind_count; i++)
		for (size_t f = 0; rgpd_is_nobody(&schema_kinds[i]) && f < schema_kinds[i].field_count; f++)
			assert_false(schema_kinds[i].fields[f].flags & FIELD_PERSONAL);
}

static void months_end_where_the_month_does(void **state)
{
	static const struct {
		const char *from;
		int months;
		const char *to;
	} cases[] = {
		{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2023-11-27", 36, "2026-11-27"},
		{"2026-11-27", -34, "2024-01-27"}, {"2026-12-15", 1, "2027-01-15"}, {"2026-03-31", -1, "2026-02-28"},
		{"2025-11-30T18:00:00+01:00", 12, "2026-11-30"},
	};
	char out[11];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(day_add_months(slice_str(cases[i].from), cases[i].months, out));
		assert_string_equal(out, cases[i].to);
	}
	assert_false(day_add_months(slice_str("2026-13-01"), 1, out));
	assert_false(day_add_months(slice_str("hier"), 1, out));
	assert_true(day_add_days(slice_str("2026-02-27"), 2, out));
	assert_string_equal(out, "2026-03-01");
	assert_true(day_add_days(slice_str("2026-01-10"), -20, out));
	assert_string_equal(out, "2025-12-21");
}

static void a_person_is_known_by_what_she_wrote(void **state)
{
	static const struct {
		const char *needle, *text;
		bool found;
	} cases[] = {
		{"anne@ex.fr", "écrire à Anne@EX.fr.", true},
		{"anne@ex.fr", "<anne@ex.fr>", true},
		{"anne@ex.fr", "jeanne@ex.fr", false},
		{"anne@ex.fr", "le.anne@ex.fr", false},
		{"anne@ex.fr", "anne@ex.fr.bzh", false},
		{"06 12 34 56 78", "+33612345678", true},
		{"+33612345678", "tél. 06.12.34.56.78 (soir)", true},
		{"0612345678", "06\u00a012\u202f34 56 78", true},
		{"0612345678", "0612345679", false},
		{"0612345678", "06 12 34, puis 56 78", false},
		{"Anne Le Goff", "vu ANNE LE GOFF hier", true},
		{"Élodie Le Bihan", "elodie le bihan", true},
		{"Anne Le Goff", "Anne Le Goffic", false},
		{"Anne Le Goff", "Marianne Le Goff", false},
		{"Anne Le Goff", "{\"referente\":\"Anne Le Goff\",\"autre\":\"x\"}", true},
		{"Yann N'Diaye", "yann n\u2019diaye", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct needles n = {0};

		assert_true(needles_add(&n, slice_str(cases[i].needle), true));
		if ((needles_in(&n, slice_str(cases[i].text)) != NULL) != cases[i].found)
			fail_msg("case %zu: '%s' in '%s'", i, cases[i].needle, cases[i].text);
	}
}

static void one_word_is_too_little(void **state)
{
	struct needles n = {0};

	(void)state;
	assert_false(needles_add(&n, slice_str("Martin"), true));
	assert_false(needles_add(&n, slice_str("  "), true));
	assert_int_equal(n.count, 0);
}

static void other_columns_stay(void **state)
{
	struct needles n = {0};
	struct buf rest;

	(void)state;
	buf_init(&rest, 4096);
	assert_true(needles_add(&n, slice_str("Anne Le Goff"), true));
	assert_true(needles_extra(&n, slice_str("{\"referente\":\"Anne Le Goff\",\"autre\":\"garder\"}"), &rest));
	assert_string_equal(buf_cstr(&rest), "{\"autre\":\"garder\"}");
	buf_clear(&rest);
	assert_true(needles_extra(&n, slice_str("{\"referente\":\"Anne Le Goff\"}"), &rest));
	assert_int_equal(rest.len, 0);
	assert_false(needles_extra(&n, slice_str("{\"autre\":\"garder\"}"), &rest));
	buf_done(&rest);
}

/* R1: a digest is under a salt of its change. Without it, who knows what was written, down to
 * the byte, cannot tell whether it was that. */
static void a_digest_confirms_no_guess(void **state)
{
	struct change ch = {.op = OP_PUT, .kind = 2, .edited = 7, .record = {{1}}};
	const struct id16 salts[] = {{{1}}, {{2}}, {{0}}};
	struct hash digests[3];
	struct buf fields, bytes;

	(void)state;
	buf_init(&fields, 4096);
	buf_init(&bytes, 4096);
	buf_add(&fields, "\x81\x0e\xaa" "anne@ex.fr", 13);
	ch.fields = buf_slice(&fields);
	change_encode(&ch, &bytes);
	for (size_t i = 0; i < 3; i++)
		digests[i] = crypto_hash_salted(HASH_CHANGE, &salts[i], buf_slice(&bytes));
	assert_memory_not_equal(digests[0].bytes, digests[1].bytes, 32);
	assert_memory_not_equal(digests[0].bytes, digests[2].bytes, 32);
	for (enum hash_use use = 0; use <= HASH_CHANGE; use++) {
		struct hash guess = crypto_hash(use, buf_slice(&bytes));

		assert_memory_not_equal(digests[0].bytes, guess.bytes, 32);
	}
	buf_done(&fields);
	buf_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_register_covers_every_personal_field),
		cmocka_unit_test(the_register_names_each_of_them),
		cmocka_unit_test(a_term_is_of_a_kind_and_its_end_is_reachable),
		cmocka_unit_test(nobody_has_no_personal_field),
		cmocka_unit_test(months_end_where_the_month_does),
		cmocka_unit_test(a_person_is_known_by_what_she_wrote),
		cmocka_unit_test(one_word_is_too_little),
		cmocka_unit_test(other_columns_stay),
		cmocka_unit_test(a_digest_confirms_no_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
