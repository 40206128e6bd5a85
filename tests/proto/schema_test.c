/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proto/schema.h"

static void kinds_are_found_by_name_and_by_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		assert_ptr_equal(schema_kind_no(k->no), k);
		assert_ptr_equal(schema_kind_named(slice_str(k->name)), k);
	}
	assert_null(schema_kind_no(0));
	assert_null(schema_kind_no((unsigned)schema_kind_count + 1));
	assert_null(schema_kind_named(slice_str("structures")));
	assert_null(schema_kind_named(SLICE_NONE));
	assert_string_equal(schema_kind_no(5)->name, "partenariat");
	assert_string_equal(schema_kind_no(9)->plural, "inscriptions");
	assert_string_equal(schema_kind_no(10)->name, "acceptation_charte");
	assert_string_equal(schema_kind_no(57)->name, "territoire");
}

static void a_number_or_name_belongs_to_one_field_of_its_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		assert_true(k->field_count <= SCHEMA_FIELDS_MAX);
		for (size_t j = 0; j < k->field_count; j++) {
			const struct schema_field *f = &k->fields[j];

			assert_int_equal(f->index, j);
			assert_ptr_equal(schema_field_no(k, f->no), f);
			assert_ptr_equal(schema_field_named(k, slice_str(f->name)), f);
		}
		assert_null(schema_field_no(k, FIELD_DELETED));
		assert_null(schema_field_no(k, 9999));
		assert_null(schema_field_named(k, slice_str("uid")));
	}
}

static void every_kind_has_a_title_a_scope_and_the_shared_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		assert_non_null(schema_field_named(k, slice_str(k->title)));
		assert_string_equal(schema_field_no(k, FIELD_PORTEE)->name, "portee");
		assert_string_equal(schema_field_no(k, FIELD_CHAMPS_LOCAUX)->name, "champs_locaux");
		assert_string_equal(schema_field_no(k, FIELD_EXTRA)->name, "extra");
		assert_int_equal(schema_field_no(k, FIELD_EXTRA)->cap, SCOPE_LOCAL);
		assert_true(k->portee_default >= k->cap);
	}
}

static void references_name_what_exists(void **state)
{
	(void)state;
	for (size_t i = 0; i < schema_kind_count; i++) {
		for (size_t j = 0; j < schema_kinds[i].field_count; j++) {
			const struct schema_field *f = &schema_kinds[i].fields[j];

			if (f->type == TYPE_REF)
				assert_non_null(schema_kind_named(slice_str(f->refers)));
			else if (f->flags & FIELD_DATED)
				assert_non_null(schema_field_named(&schema_kinds[i], slice_str(f->refers)));
			else
				assert_true(!f->refers || f->codes);
		}
	}
}

static void a_structure_has_the_columns_of_its_exchange_file(void **state)
{
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));

	(void)state;
	for (size_t i = 39; i < k->field_count; i++)
		assert_true(k->fields[i].flags & FIELD_RARE || k->fields[i].no < FIELD_OWN);
	assert_string_equal(k->fields[0].name, "identifiant_local");
	assert_string_equal(k->fields[37].name, "portee");
	assert_string_equal(k->fields[38].name, "date_maj");
	assert_string_equal(k->fields[structure_siret].name, "siret");
	assert_int_equal(k->fields[structure_siret].no, 15);
	assert_true(k->fields[structure_adresse].flags & FIELD_R16);
	assert_true(k->fields[structure_courriel].flags & FIELD_PERSONAL);
	assert_true(schema_kinds[1].fields[contact_telephone].flags & FIELD_PERSONAL);
}

static void scopes_have_names_and_only_data_scopes_are_read(void **state)
{
	enum scope s;

	(void)state;
	assert_string_equal(scope_name(SCOPE_CONTROL), "control");
	assert_string_equal(scope_name(SCOPE_LOCAL), "local");
	assert_string_equal(scope_name(SCOPE_COUNT), "?");
	assert_true(scope_parse(slice_str("cress"), &s));
	assert_int_equal(s, SCOPE_CRESS);
	assert_true(scope_parse(slice_str("public"), &s));
	assert_int_equal(s, SCOPE_PUBLIC);
	assert_false(scope_parse(slice_str("control"), &s));
	assert_false(scope_parse(slice_str("Public"), &s));
	assert_false(scope_parse(SLICE_NONE, &s));
}

static void a_field_goes_no_further_than_the_narrowest_of_its_limits(void **state)
{
	const struct schema_kind *structure = schema_kind_no(1), *suivi = schema_kind_no(6);
	const struct { const struct schema_kind *k; const char *field; enum scope portee; bool p, home; enum scope is; } cases[] = {
		{structure, "nom", SCOPE_PUBLIC, false, false, SCOPE_PUBLIC},
		{structure, "nom", SCOPE_FEDERATION, false, false, SCOPE_FEDERATION},
		{structure, "nom", SCOPE_PUBLIC, true, false, SCOPE_PUBLIC},
		{structure, "adresse", SCOPE_PUBLIC, false, false, SCOPE_PUBLIC},
		{structure, "adresse", SCOPE_PUBLIC, true, false, SCOPE_LOCAL},
		{structure, "latitude", SCOPE_FEDERATION, true, false, SCOPE_LOCAL},
		{structure, "telephone", SCOPE_PUBLIC, false, true, SCOPE_LOCAL},
		{structure, "extra", SCOPE_PUBLIC, false, false, SCOPE_LOCAL},
		{structure, "champs_locaux", SCOPE_PUBLIC, false, false, SCOPE_LOCAL},
		{structure, "portee", SCOPE_CRESS, true, true, SCOPE_CRESS},
		{suivi, "date", SCOPE_PUBLIC, false, false, SCOPE_LOCAL},
		{suivi, "portee", SCOPE_PUBLIC, false, false, SCOPE_LOCAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct schema_field *f = schema_field_named(cases[i].k, slice_str(cases[i].field));

		assert_int_equal(schema_scope(cases[i].k, f, cases[i].portee, cases[i].p, cases[i].home), cases[i].is);
	}
}

static void the_version_is_stable_and_fits_a_signed_integer(void **state)
{
	(void)state;
	assert_int_equal(schema_version(), schema_version());
	assert_true(schema_version() != 0 && schema_version() <= INT32_MAX);
}

static void a_field_is_found_as_people_type_it(void **state)
{
	static const struct {
		const char *kind, *said, *field; /* NULL: none */
	} cases[] = {
		{"besoin", "titre", "titre"},	  {"rapprochement", "besoin", "besoin_uid"}, {"rendez_vous", "a", "a_uid"},
		{"lieu", "type", "type_lieu"},	  {"demande_rgpd", "type", "type_demande"},  {"enjeu", "theme", "themes"},
		{"groupe_projet", "theme", "theme"}, {"offre_appui", "phase", "phases"},     {"offre_appui", "territoire", "territoires"},
		{"succession", "de", "de_uid"},	  {"orientation", "vers", "vers"},	     {"besoin", "", NULL},
		{"besoin", "nimporte", NULL},	  {"contact", "type", NULL},		     {"programme", "pole", NULL},
		{"demande", "commune", "code_insee"}, {"mesure", "date", "mois"}, {"partenariat", "texte", "campagne_texte"},
		{"partenariat", "a", "structure_a_uid"}, {"partenariat", "b", "structure_b_uid"}, {"structure", "commune", "commune"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct schema_kind *k = schema_kind_named(slice_str(cases[i].kind));
		const struct schema_field *f = schema_field_said(k, slice_str(cases[i].said));

		if (cases[i].field)
			assert_string_equal(f ? f->name : "", cases[i].field);
		else
			assert_null(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_found_as_people_type_it),
		cmocka_unit_test(kinds_are_found_by_name_and_by_number),
		cmocka_unit_test(a_number_or_name_belongs_to_one_field_of_its_kind),
		cmocka_unit_test(every_kind_has_a_title_a_scope_and_the_shared_fields),
		cmocka_unit_test(references_name_what_exists),
		cmocka_unit_test(a_structure_has_the_columns_of_its_exchange_file),
		cmocka_unit_test(scopes_have_names_and_only_data_scopes_are_read),
		cmocka_unit_test(a_field_goes_no_further_than_the_narrowest_of_its_limits),
		cmocka_unit_test(the_version_is_stable_and_fits_a_signed_integer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
