/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/places.h"
#include "daemon/reference/reference.h"

static struct reference *ref;

static int load(void **state)
{
	(void)state;
	return reference_load(ESSAIM_SOURCE_DIR "/conf/reference", &ref) != ES_OK;
}

static int unload(void **state)
{
	(void)state;
	reference_free(ref);
	reference_free(NULL);
	return 0;
}

static void a_commune_is_found_by_its_code(void **state)
{
	const struct commune *c = reference_commune(ref, slice_str("29151"));

	(void)state;
	assert_non_null(c);
	assert_string_equal(c->name, "Morlaix");
	assert_string_equal(c->postal, "29600");
	assert_string_equal(c->epci, "242900835");
	assert_string_equal(c->departement, "29");
	assert_string_equal(c->region, "53");
	assert_true(c->has_point && !c->estimated);
	assert_int_equal(c->lat_e7, 485778400);
	assert_int_equal(c->lon_e7, -38279200);
	assert_string_equal(reference_commune(ref, slice_str("2A004"))->name, "Ajaccio");
	assert_null(reference_commune(ref, slice_str("29999")));
	assert_null(reference_commune(ref, slice_str("")));
	assert_null(reference_commune(ref, slice_str("a code far too long")));
}

static void points_that_are_guesses_are_marked(void **state)
{
	(void)state;
	assert_false(reference_commune(ref, slice_str("29083"))->has_point);
	assert_string_equal(reference_commune(ref, slice_str("29083"))->epci, "");
	assert_true(reference_commune(ref, slice_str("22002"))->has_point);
	assert_false(reference_commune(ref, slice_str("22002"))->estimated);
}

static void an_old_code_leads_to_the_current_one(void **state)
{
	(void)state;
	assert_string_equal(reference_old_commune(ref, slice_str("35112"))->code, "35062");
	assert_string_equal(reference_old_commune(ref, slice_str("29200"))->code, "29151");
	assert_string_equal(reference_old_commune(ref, slice_str("20004"))->code, "2A004");
	assert_null(reference_old_commune(ref, slice_str("29151")));
	assert_null(reference_old_commune(ref, slice_str("1")));
}

static size_t named(const char *name, const char *postal, const char *region, const struct commune **out)
{
	return reference_commune_named(ref, slice_str(name), slice_str(postal), slice_str(region), out, 4);
}

static void a_commune_is_found_by_name_however_written(void **state)
{
	const struct commune *list[4];

	(void)state;
	assert_int_equal(named("MORLAIX", "29600", "", list), 1);
	assert_string_equal(list[0]->code, "29151");
	assert_int_equal(named("île de sein", "", "53", list), 1);
	assert_string_equal(list[0]->code, "29083");
	assert_int_equal(named("St Malo", "35400", "", list), 1);
	assert_string_equal(list[0]->name, "Saint-Malo");
	assert_int_equal(named("Ste-Anne-d’Auray", "", "53", list), 1);
	assert_int_equal(named("plouhinec", "", "", list), 2);
	assert_string_equal(list[0]->code, "29197");
	assert_string_equal(list[1]->code, "56169");
	assert_int_equal(named("plouhinec", "29780", "", list), 1);
	assert_int_equal(named("plouhinec", "", "84", list), 0);
	assert_int_equal(named("nulle part", "", "", list), 0);
	assert_true(named("Saint-Martin", "", "", list) >= 1);
	assert_int_equal(named("Saint-Martin", "", "53", list), 0);
	assert_int_equal(reference_commune_beginning(ref, slice_str("St-martin"), slice_str("53"), list, 4), 3);
	assert_string_equal(list[0]->name, "Saint-Martin-des-Prés");
	assert_string_equal(list[1]->name, "Saint-Martin-des-Champs");
	assert_int_equal(reference_commune_beginning(ref, slice_str("Saint-Martin"), slice_str("53"), list, 1), 1);
	assert_int_equal(reference_commune_beginning(ref, slice_str("Morlaix"), slice_str("53"), list, 4), 0);
	assert_int_equal(reference_commune_beginning(ref, slice_str("Morl"), slice_str("53"), list, 4), 0);
	assert_int_equal(reference_commune_beginning(ref, SLICE_NONE, slice_str("53"), list, 4), 0);
}

static void a_postal_code_belongs_to_its_communes(void **state)
{
	const struct commune *c = reference_commune(ref, slice_str("35115"));

	(void)state;
	assert_true(commune_has_postal(c, slice_str("35300")));
	assert_false(commune_has_postal(c, slice_str("35301")));
	assert_false(commune_has_postal(c, slice_str("3530")));
	assert_false(commune_has_postal(c, SLICE_NONE));
	assert_true(commune_is_named(c, slice_str("FOUGÈRES")));
	assert_false(commune_is_named(c, slice_str("Vitré")));
}

static void activities_categories_and_epci_are_known(void **state)
{
	const struct legal_category *c = reference_category(ref, slice_str("9220"));

	(void)state;
	assert_true(reference_naf(ref, slice_str("94.99Z")));
	assert_false(reference_naf(ref, slice_str("94.99A")));
	assert_false(reference_naf(ref, slice_str("94.99")));
	assert_string_equal(c->famille_ess, "association");
	assert_string_equal(c->statut_ess, "de_droit");
	assert_string_equal(c->type_acteur, "ess");
	assert_null(reference_category(ref, slice_str("5385")));
	assert_string_equal(reference_epci_name(ref, slice_str("200043123")), "CC Auray Quiberon Terre Atlantique");
	assert_null(reference_epci_name(ref, slice_str("1")));
}

struct members { size_t count; char last[6]; };

static void count_member(void *ctx, const char *code)
{
	struct members *m = ctx;

	assert_true(strcmp(m->last, code) < 0);
	strcpy(m->last, code);
	m->count++;
}

static void a_pays_lists_its_communes_ascending(void **state)
{
	struct members auray = {0}, none = {0};

	(void)state;
	assert_int_equal(reference_pays_count(ref), 5);
	assert_string_equal(reference_pays(ref, slice_str("auray"))->name, "Pays d'Auray");
	assert_null(reference_pays(ref, slice_str("nantes")));
	assert_string_equal(reference_pays_at(ref, 0)->code, "auray");
	assert_null(reference_pays_at(ref, 5));
	reference_pays_communes(ref, slice_str("auray"), count_member, &auray);
	assert_int_equal(auray.count, 28);
	reference_pays_communes(ref, slice_str("nantes"), count_member, &none);
	assert_string_equal(reference_pays_of(ref, reference_commune(ref, slice_str("56007")))->code, "auray");
	assert_null(reference_pays_of(ref, reference_commune(ref, slice_str("2A004"))));
	assert_int_equal(none.count, 0);
}

static void the_tables_are_small(void **state)
{
	(void)state;
	assert_true(reference_bytes(ref) < 10 << 20);
}

static void the_folder_comes_from_the_environment_or_the_build(void **state)
{
	(void)state;
	assert_int_equal(setenv("ESSAIM_REFERENCE", "/ailleurs", 1), 0);
	assert_string_equal(reference_default_dir(), "/ailleurs");
	assert_int_equal(unsetenv("ESSAIM_REFERENCE"), 0);
	assert_non_null(strstr(reference_default_dir(), "reference"));
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_folder_that_lacks_a_table_is_refused(void **state)
{
	char dir[] = "/tmp/essaim-reference-XXXXXX", path[300];
	struct reference *none = NULL;

	(void)state;
	assert_int_equal(reference_load("/nowhere", &none), ES_IO);
	assert_non_null(mkdtemp(dir));
	put_file(dir, "communes_france.csv", "");
	assert_int_equal(reference_load(dir, &none), ES_IO);
	put_file(dir, "communes_france.csv", "\n\n");
	assert_int_equal(reference_load(dir, &none), ES_CONFIG);
	put_file(dir, "communes_france.csv", "code_insee,nom\n29151,Morlaix\r1\r2\r3\r4\n");
	assert_int_equal(reference_load(dir, &none), ES_IO);
	assert_null(none);
	snprintf(path, sizeof(path), "%s/communes_france.csv", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commune_is_found_by_its_code),
		cmocka_unit_test(points_that_are_guesses_are_marked),
		cmocka_unit_test(an_old_code_leads_to_the_current_one),
		cmocka_unit_test(a_commune_is_found_by_name_however_written),
		cmocka_unit_test(a_postal_code_belongs_to_its_communes),
		cmocka_unit_test(activities_categories_and_epci_are_known),
		cmocka_unit_test(a_pays_lists_its_communes_ascending),
		cmocka_unit_test(the_tables_are_small),
		cmocka_unit_test(the_folder_comes_from_the_environment_or_the_build),
		cmocka_unit_test(a_folder_that_lacks_a_table_is_refused),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
