/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/export/export.h"
#include "tests/daemon/directory_world.h"

static char *exported(struct world *w, const char *format, bool public)
{
	const struct export_format *f = export_format_named(format);
	struct export_options o = {.region = "53", .public = public};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_non_null(f);
	assert_int_equal(export_write(w->r, f, &o, out), ES_OK);
	fclose(out);
	return text;
}

static void assert_holds(struct world *w, const char *format, const char *expected)
{
	char *text = exported(w, format, false);

	if (strstr(text, expected) == NULL)
		fail_msg("%s lacks %s: %s", format, expected, text);
	free(text);
}

static void assert_lacks(struct world *w, const char *format, const char *unexpected)
{
	char *text = exported(w, format, false);

	if (strstr(text, unexpected) != NULL)
		fail_msg("%s has %s: %s", format, unexpected, text);
	free(text);
}

static void apply_in(struct world *w, struct made *m, enum scope scope)
{
	m->item.change.scope = scope;
	apply(w, m);
}

static void a_public_file_holds_only_what_stands_in_public(void **state)
{
	static const char *const public_formats[] = {"liste-ess", "geojson", "data-inclusion", "schema-org"};
	struct world *w = *state;
	struct made m;
	char *text;

	structure(w, 1, "nom=Les Landes");
	apply(w, make(w, &m, &auray, "structure", 1, "statut_ess=de_droit", "latitude=48.1", "longitude=-1.6", NULL));
	apply_in(w, make(w, &m, &auray, "structure", 1, "adresse=SECRET", "telephone=0299000000", NULL), SCOPE_LOCAL);
	apply_in(w, make(w, &m, &auray, "structure", 1, "sigle=PARTAGE", NULL), SCOPE_FEDERATION);
	for (size_t i = 0; i < 4; i++) {
		assert_holds(w, public_formats[i], "Les Landes");
		assert_lacks(w, public_formats[i], "SECRET");
		assert_lacks(w, public_formats[i], "+33299000000");
		assert_lacks(w, public_formats[i], "PARTAGE");
	}
	assert_holds(w, "annuaire", "Les Landes;PARTAGE;");
	assert_lacks(w, "annuaire", "SECRET");
	assert_holds(w, "jsonl", "SECRET");
	text = exported(w, "jsonl", true);
	assert_null(strstr(text, "SECRET"));
	assert_null(strstr(text, "PARTAGE"));
	assert_non_null(strstr(text, "Les Landes"));
	free(text);
}

static void a_record_whose_values_are_narrower_is_not_there(void **state)
{
	struct world *w = *state;
	struct made m;

	apply_in(w, make(w, &m, &auray, "structure", 1, "nom=Cachée", "code_insee=35238", "portee=local", NULL), SCOPE_LOCAL);
	assert_lacks(w, "annuaire", "Cachée");
	assert_lacks(w, "data-inclusion", "Cachée");
	assert_holds(w, "jsonl", "Cachée");
}

/* R16, whatever the log of a hub that did not care has. */
static void partial_diffusion_hides_address_and_point(void **state)
{
	struct world *w = *state;
	struct made m;

	structure(w, 1, "nom=Entreprise");
	apply(w, make(w, &m, &auray, "structure", 1, "statut_ess=de_droit", "statut_diffusion=P", "adresse=7 rue Haute",
		      "code_postal=35000", "latitude=48.1", "longitude=-1.6", NULL));
	assert_lacks(w, "geojson", "Entreprise");
	assert_lacks(w, "annuaire", "7 rue Haute");
	assert_lacks(w, "liste-ess", "7 rue Haute");
	assert_holds(w, "liste-ess", ",35000,35238,");
}

static void a_guessed_point_is_not_on_the_map(void **state)
{
	const struct commune *guessed = reference_commune(ref, slice_str("29012"));
	struct world *w = *state;
	char lat[32], lon[32];
	struct made m;

	assert_non_null(guessed);
	assert_true(guessed->estimated);
	snprintf(lat, sizeof(lat), "latitude=%.7f", guessed->lat_e7 / 1e7);
	snprintf(lon, sizeof(lon), "longitude=%.7f", guessed->lon_e7 / 1e7);
	apply(w, make(w, &m, &auray, "structure", 1, "nom=Devinée", "code_insee=29012", lat, lon, "portee=public", NULL));
	assert_lacks(w, "geojson", "Devinée");
	apply(w, make(w, &m, &auray, "structure", 1, "latitude=48.5", NULL));
	assert_holds(w, "geojson", "Devinée");
}

static void a_date_beyond_the_writing_gives_way_to_it(void **state)
{
	struct world *w = *state;
	struct made m;

	w->clock = UINT64_C(1764000000000) << 16; /* 2025-11-24 */
	structure(w, 1, "nom=Demain");
	assert_holds(w, "data-inclusion", "\"date_maj\":\"2025-11-24\"");
	apply(w, make(w, &m, &auray, "structure", 1, "date_maj=2031-01-01", NULL));
	assert_holds(w, "data-inclusion", "\"date_maj\":\"2025-11-24\"");
	apply(w, make(w, &m, &auray, "structure", 1, "date_maj=1999-12-31", NULL));
	assert_holds(w, "data-inclusion", "\"date_maj\":\"2025-11-24\"");
	apply(w, make(w, &m, &auray, "structure", 1, "date_maj=2024-02-29", NULL));
	assert_holds(w, "data-inclusion", "\"date_maj\":\"2024-02-29\"");
}

static void an_establishment_of_two_hubs_is_listed_once(void **state)
{
	struct world *w = *state;
	struct made m;

	apply(w, make(w, &m, &vitre, "structure", 2, "nom=La Seconde", "siret=35000000600022", "code_insee=35238",
		      "statut_ess=de_droit", "portee=public", NULL));
	assert_holds(w, "liste-ess", "La Seconde");
	apply(w, make(w, &m, &auray, "structure", 1, "nom=La Première", "siret=35000000600022", "code_insee=35238",
		      "statut_ess=hors_ess", "portee=public", NULL));
	assert_holds(w, "liste-ess", "La Seconde"); /* the other is not in the list */
	apply(w, make(w, &m, &auray, "structure", 1, "statut_ess=justifie", NULL));
	assert_holds(w, "liste-ess", "La Première");
	assert_lacks(w, "liste-ess", "La Seconde");
}

static void consent_is_to_a_purpose_and_until_withdrawn(void **state)
{
	static const struct {
		const char *consents;
		bool listed;
	} cases[] = {
		{"newsletter:2026-01-15", true},
		{"evenements:2026-01-15|newsletter:2026-02-01", true},
		{"newsletter:2025-01-15:2025-03-01|newsletter:2026-02-01", true},
		{"newsletter:2026-01-15:2026-03-01", false},
		{"newsletter", false},
		{"newsletter:", false},
		{"newsletter:bientôt", false},
		{"newsletters:2026-01-15", false},
		{"evenements:2026-01-15", false},
	};
	struct world *w = *state;
	char consents[128];
	struct made m;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(consents, sizeof(consents), "consentements=%s", cases[i].consents);
		apply_in(w, make(w, &m, &auray, "contact", 1, "nom=Le Goff", "courriel=a@b.example", consents, NULL), SCOPE_LOCAL);
		if (cases[i].listed)
			assert_holds(w, "liste-diffusion", "a@b.example;;Le Goff;;202");
		else
			assert_lacks(w, "liste-diffusion", "a@b.example");
	}
}

static void a_format_without_a_kind_to_choose_says_so(void **state)
{
	struct export_options o = {.kind = schema_kind_named(slice_str("offre"))};
	struct world *w = *state;

	assert_int_equal(export_write(w->r, export_format_named("annuaire"), &o, stdout), ES_USAGE);
	o.kind = NULL;
	assert_int_equal(export_write(w->r, export_format_named("csv"), &o, stdout), ES_UNKNOWN_KIND);
	assert_null(export_format_named("excel"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_public_file_holds_only_what_stands_in_public),
		TEST(a_record_whose_values_are_narrower_is_not_there),
		TEST(partial_diffusion_hides_address_and_point),
		TEST(a_guessed_point_is_not_on_the_map),
		TEST(a_date_beyond_the_writing_gives_way_to_it),
		TEST(an_establishment_of_two_hubs_is_listed_once),
		TEST(consent_is_to_a_purpose_and_until_withdrawn),
		TEST(a_format_without_a_kind_to_choose_says_so),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
