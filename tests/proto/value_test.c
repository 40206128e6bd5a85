/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/places.h"
#include "proto/canon.h"
#include "proto/value.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a field makes of a text: the value written back, or NULL where rejected;
 * codes joined by a space. */
struct reading_case { const char *field, *text, *value, *codes; };

static const struct schema_field *field_called(const char *name)
{
	const char *dot = strchr(name, '.');
	struct slice kind = dot ? SLICE(name, dot - name) : slice_str("structure");
	const struct schema_field *f = schema_field_named(schema_kind_named(kind), slice_str(dot ? dot + 1 : name));

	assert_non_null(f);
	return f;
}

static void join_codes(const struct findings *f, char out[256])
{
	out[0] = '\0';
	for (size_t i = 0; i < f->count; i++) {
		if (i > 0)
			strcat(out, " ");
		strcat(out, f->list[i].code);
	}
}

static void check_reading(const struct reading_case *c)
{
	const struct schema_field *f = field_called(c->field);
	struct findings findings = {0};
	struct buf value, text;
	char codes[256];
	bool ok;

	buf_init(&value, 100000);
	buf_init(&text, 100000);
	ok = value_parse(f, slice_str(c->text), &value, &findings);
	join_codes(&findings, codes);
	if (ok != (c->value != NULL) || strcmp(codes, c->codes) != 0)
		print_error("%s: \"%s\" gives %s [%s]\n", c->field, c->text, ok ? "a value" : "nothing", codes);
	assert_int_equal(ok, c->value != NULL);
	assert_string_equal(codes, c->codes);
	assert_int_equal(value.len > 0, ok);
	assert_true(ok == (findings.worst != VERDICT_REJECTED));
	if (ok) {
		assert_int_equal(canon_check(buf_slice(&value)), ES_OK);
		value_text(f, buf_slice(&value), &text);
		assert_string_equal(buf_cstr(&text), c->value);
	}
	buf_done(&value);
	buf_done(&text);
}

static void check_readings(const struct reading_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_reading(&cases[i]);
}

static void company_numbers_are_cleaned_and_their_keys_checked(void **state)
{
	static const struct reading_case cases[] = {
		{"siret", "", "", ""}, {"siret", "  ", "", ""},
		{"siret", "81230001000012", "81230001000012", ""},
		{"siret", " 812 300 010 00012 ", "81230001000012", "normalise_siret"},
		{"siret", "812\xc2\xa0" "300\xe2\x80\xaf" "010.000-12", "81230001000012", "normalise_siret"},
		{"siret", "81230004400012", NULL, "siret_cle"},
		{"siret", "8,12346E+13", NULL, "siret_notation_scientifique"},
		{"siret", "8E13", NULL, "siret_notation_scientifique"},
		{"siret", "8,1e-3", NULL, "siret_notation_scientifique"},
		{"siret", "MONACOCONFO001", NULL, "siret_non_numerique"},
		{"siret", "552025900010", "00552025900010", "zero_initial_perdu"},
		{"siret", "8123000100001", NULL, "siret_longueur"},
		{"siret", "123", NULL, "siret_longueur"},
		{"siret", "81230001000012812300010000128123000100001281230001000012", NULL, "siret_longueur"},
		{"siret", "35600000000048", "35600000000048", ""},
		{"siret", "35600000049837", "35600000049837", "exception_la_poste"},
		{"siret", "35600000049838", NULL, "siret_cle"},
		{"siret", "00000000000000", NULL, "siret_cle"},
		{"siret", "- -", NULL, "siret_non_numerique"},
		{"siren", "812300010", "812300010", ""}, {"siren", "812 300 010", "812300010", ""},
		{"siren", "812300011", NULL, "siret_cle"}, {"siren", "000000000", NULL, "siret_cle"},
		{"siren", "5520259", "005520259", "zero_initial_perdu"}, {"siren", "12", NULL, "siret_longueur"},
		{"code_epci", "242900835", "242900835", ""}, {"code_epci", "812300010", NULL, "hors_limites"},
		{"code_epci", "242900836", NULL, "siret_cle"},
		{"rna", "W291001234", "W291001234", ""}, {"rna", "w29 1001234", "W291001234", ""},
		{"rna", "W2A1001234", "W2A1001234", "rna_forme"}, {"rna", "W29100123", NULL, "hors_limites"},
		{"rna", "X291001234", NULL, "hors_limites"},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void siret_vectors_are_judged_as_their_file_says(void **state)
{
	char line[200];
	FILE *f = fopen(ESSAIM_SOURCE_DIR "/tests/data/pieges/siret_vecteurs.csv", "r");
	int seen = 0;

	(void)state;
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	for (; fgets(line, sizeof(line), f); seen++) {
		size_t len = strcspn(line, ",");

		assert_int_equal(value_siret_valid(SLICE(line, len)), line[len + 1] == '1');
	}
	assert_int_equal(seen, 13);
	fclose(f);
	assert_true(value_siren_valid(slice_str("356000000")));
	assert_false(value_siren_valid(slice_str("35600000")));
}

static void codes_of_places_and_activities_have_their_shapes(void **state)
{
	static const struct reading_case cases[] = {
		{"code_insee", "29151", "29151", ""}, {"code_insee", "2a004", "2A004", ""},
		{"code_insee", "97105", "97105", ""}, {"code_insee", "98411", "98411", ""},
		{"code_insee", "1001", "01001", "zero_initial_perdu"}, {"code_insee", "97905", NULL, "code_insee_inconnu"},
		{"code_insee", "98305", NULL, "code_insee_inconnu"}, {"code_insee", "96001", NULL, "code_insee_inconnu"},
		{"code_insee", "00001", NULL, "code_insee_inconnu"}, {"code_insee", "2C001", NULL, "code_insee_inconnu"},
		{"code_insee", "AB001", NULL, "code_insee_inconnu"}, {"code_insee", "29A51", NULL, "code_insee_inconnu"},
		{"code_insee", "291510000", NULL, "code_insee_inconnu"},
		{"code_postal", "29600", "29600", ""}, {"code_postal", "29 600", "29600", ""},
		{"code_postal", "1000", "01000", "zero_initial_perdu"}, {"code_postal", "F-35000", NULL, "hors_limites"},
		{"code_postal", "296", NULL, "hors_limites"},
		{"code_naf", "94.99Z", "94.99Z", ""}, {"code_naf", "9499Z", "94.99Z", "normalise_naf"},
		{"code_naf", "94.99z", "94.99Z", "normalise_naf"}, {"code_naf", "94.99", NULL, "naf_inconnu"},
		{"code_naf", "ABCDE", NULL, "naf_inconnu"}, {"code_naf25", "94.99Y", "94.99Y", ""},
		{"categorie_juridique", "9220", "9220", ""}, {"categorie_juridique", "92", NULL, "valeur_hors_liste"},
		{"categorie_juridique", "asso", NULL, "valeur_hors_liste"},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void telephones_become_international(void **state)
{
	static const struct reading_case cases[] = {
		{"telephone", "02 61 91 00 01", "+33261910001", ""}, {"telephone", "02.61.91.00.01", "+33261910001", ""},
		{"telephone", "0033261910001", "+33261910001", ""}, {"telephone", "+33 (0)2 61 91 00 01", "+33261910001", ""},
		{"telephone", "+33261910001", "+33261910001", ""}, {"telephone", "+442079460000", "+442079460000", ""},
		{"telephone", "261910001", "+33261910001", "telephone_incomplet"},
		{"telephone", "06 39 98 00 01", "+33639980001", ""}, {"telephone", "06 39 12 34 56", "+262639123456", ""},
		{"telephone", "0590 12 34 56", "+590590123456", ""}, {"telephone", "3949", "3949", "telephone_incomplet"},
		{"telephone", "voir site", NULL, "hors_limites"}, {"telephone", "02 61 91 00", NULL, "hors_limites"},
		{"telephone", "0061910001", "+61910001", ""}, {"telephone", "+0261910001", NULL, "hors_limites"},
		{"telephone", "()", NULL, "hors_limites"}, {"telephone", "+33", NULL, "hors_limites"},
		{"telephone", "02 61 91 00 01 / 06 39 98 00 01", NULL, "hors_limites"},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void an_email_is_one_address(void **state)
{
	static const struct reading_case cases[] = {
		{"courriel", "contact@atelier.example", "contact@atelier.example", ""},
		{"courriel", " a+b@x.example ", "a+b@x.example", ""}, {"courriel", "é@x.example", "é@x.example", ""},
		{"courriel", "contact(at)atelier.example", NULL, "courriel_invalide"},
		{"courriel", "a@b", NULL, "courriel_invalide"}, {"courriel", "a b@x.example", NULL, "courriel_invalide"},
		{"courriel", "@x.example", NULL, "courriel_invalide"}, {"courriel", "a@", NULL, "courriel_invalide"},
		{"courriel", "a@x..example", NULL, "courriel_invalide"}, {"courriel", ".a@x.example", NULL, "courriel_invalide"},
		{"courriel", "a@x.example; b@x.example", NULL, "courriel_invalide"},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void dates_are_read_as_people_and_spreadsheets_write_them(void **state)
{
	static const struct reading_case cases[] = {
		{"date_creation", "1998-07-14", "1998-07-14", ""}, {"date_creation", "14/07/1998", "1998-07-14", ""},
		{"date_creation", "4/7/1998", "1998-07-04", ""}, {"date_creation", "14.07.1998", "1998-07-14", ""},
		{"date_creation", "1998-07-14 00:00:00", "1998-07-14", ""},
		{"date_creation", "35990", "1998-07-14", "date_numero_serie_tableur"},
		{"date_creation", "45351", "2024-02-29", "date_numero_serie_tableur"},
		{"date_creation", "73050", "2099-12-31", "date_numero_serie_tableur"},
		{"date_creation", "10000", "1927-05-18", "date_numero_serie_tableur"},
		{"date_creation", "99999", NULL, "date_invalide"}, {"date_creation", "1998", NULL, "date_invalide"},
		{"date_creation", "31/02/2024", NULL, "date_invalide"}, {"date_creation", "29/02/2024", "2024-02-29", ""},
		{"date_creation", "29/02/1900", NULL, "date_invalide"}, {"date_creation", "29/02/2000", "2000-02-29", ""},
		{"date_creation", "14/07/98", NULL, "date_invalide"}, {"date_creation", "14/07-1998", NULL, "date_invalide"},
		{"date_creation", "1998-13-01", NULL, "date_invalide"}, {"date_creation", "1998-07-14x", NULL, "date_invalide"},
		{"date_creation", "hier", NULL, "date_invalide"}, {"date_creation", "0998-07-14", NULL, "date_invalide"},
		{"evenement.debut", "2026-05-22T14:00:00+02:00", "2026-05-22T14:00:00+02:00", ""},
		{"evenement.debut", "2026-05-22T14:00", "2026-05-22T14:00:00+02:00", ""},
		{"evenement.debut", "22/11/2026 9h30", "2026-11-22T09:30:00+01:00", ""},
		{"evenement.debut", "2026-03-29T01:59", "2026-03-29T01:59:00+01:00", ""},
		{"evenement.debut", "2026-03-29T03:00", "2026-03-29T03:00:00+02:00", ""},
		{"evenement.debut", "2026-10-25T02:59", "2026-10-25T02:59:00+02:00", ""},
		{"evenement.debut", "2026-10-25T03:00", "2026-10-25T03:00:00+01:00", ""},
		{"evenement.debut", "2026-05-22T14:00:00Z", "2026-05-22T14:00:00+00:00", ""},
		{"evenement.debut", "2026-05-22T14:00:00-0330", "2026-05-22T14:00:00-03:30", ""},
		{"evenement.debut", "2026-05-22", NULL, "date_invalide"}, {"evenement.debut", "2026-05-22T24:00", NULL, "date_invalide"},
		{"evenement.debut", "2026-05-22T14:60", NULL, "date_invalide"}, {"evenement.debut", "2026-05-22Tx", NULL, "date_invalide"},
		{"evenement.debut", "2026-05-22T14:00:00+2", NULL, "date_invalide"}, {"evenement.debut", "14:00", NULL, "date_invalide"},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void times_compare_as_instants(void **state)
{
	(void)state;
	assert_true(value_time_seconds(slice_str("2026-05-22T14:00:00+02:00")) ==
		    value_time_seconds(slice_str("2026-05-22T12:00:00+00:00")));
	assert_true(value_time_seconds(slice_str("2026-05-22")) < value_time_seconds(slice_str("2026-05-23")));
	assert_int_equal(value_time_seconds(slice_str("2026-03-01")) - value_time_seconds(slice_str("2026-02-28")), 86400);
	assert_true(value_time_seconds(slice_str("no")) == INT64_MIN);
	assert_true(value_time_seconds(slice_str("2026-05-22Tx")) == INT64_MIN);
}

static void numbers_keep_their_unit_inside(void **state)
{
	static const struct reading_case cases[] = {
		{"offre.prix_cents", "29800", "29800", ""}, {"offre.prix_cents", "1 234,50 €", "123450", ""},
		{"offre.prix_cents", "1\xc2\xa0" "234,50\xe2\x80\xaf€", "123450", ""}, {"offre.prix_cents", "12,5", "1250", ""},
		{"offre.prix_cents", "12.50", "1250", ""}, {"offre.prix_cents", "12 euros", "1200", ""},
		{"offre.prix_cents", "12€", "1200", ""}, {"offre.prix_cents", "0", "0", ""},
		{"offre.prix_cents", "-5", NULL, "hors_limites"}, {"offre.prix_cents", "12,345", NULL, "hors_limites"},
		{"offre.prix_cents", "gratuit", NULL, "hors_limites"}, {"offre.prix_cents", "€", NULL, "hors_limites"},
		{"offre.prix_cents", "999999999999999999999", NULL, "hors_limites"},
		{"offre.prix_cents", "999999999999999999", NULL, "hors_limites"},
		{"offre.tva_pb", "2000", "2000", ""}, {"offre.tva_pb", "10001", NULL, "hors_limites"},
		{"besoin.poids_prix", "25", "25", ""}, {"besoin.poids_prix", "101", NULL, "hors_limites"},
		{"besoin.poids_prix", "2,5", NULL, "hors_limites"}, {"besoin.quantite", "1 500", "1500", ""},
		{"suivi.risque_objectifs", "4", NULL, "hors_limites"}, {"suivi.satisfaction_a", "0", NULL, "hors_limites"},
		{"diagnostic.note_ethique", "4", "4", ""}, {"diagnostic.note_ethique", "5", NULL, "hors_limites"},
		{"effectif_etp", "3,5", "3.5", ""}, {"effectif_etp", "3.50", "3.5", ""}, {"effectif_etp", "12", "12.0", ""},
		{"effectif_etp", "0.0", "0.0", ""}, {"effectif_etp", "3,25", NULL, "hors_limites"},
		{"effectif_etp", "1,2,3", NULL, "hors_limites"}, {"effectif_etp", "-1", NULL, "hors_limites"},
		{"latitude", "48.57784", "48.57784", ""}, {"latitude", "48,57784", "48.57784", ""},
		{"longitude", "-3.8279200", "-3.82792", ""}, {"longitude", "+3", "3", ""}, {"longitude", "-0.5", "-0.5", ""},
		{"latitude", "48.123456789", "48.1234567", ""}, {"latitude", "91", NULL, "coordonnees_invalides"},
		{"longitude", "-180.1", NULL, "coordonnees_invalides"}, {"latitude", "nord", NULL, "coordonnees_invalides"},
		{"latitude", "1234567890123456789012345678901234567890123", NULL, "coordonnees_invalides"},
		{"esus", "oui", "oui", ""}, {"esus", "Non", "non", ""}, {"esus", "VRAI", "oui", ""}, {"esus", "0", "non", ""},
		{"esus", "true", "oui", ""}, {"esus", "peut-être", NULL, "valeur_hors_liste"},
		{"esus", "une très longue réponse", NULL, "valeur_hors_liste"},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void codes_and_lists_hold_what_their_list_holds(void **state)
{
	static const struct reading_case cases[] = {
		{"type_acteur", "ess", "ess", ""}, {"type_acteur", "ESS", "ess", ""}, {"type_acteur", "Collectivité", "collectivite", ""},
		{"type_acteur", "service public", "service_public", ""}, {"type_acteur", "ess|reseau", NULL, "valeur_hors_liste"},
		{"type_acteur", "es", NULL, "valeur_hors_liste"}, {"tranche_effectif", "NN", "NN", ""},
		{"portee", "cress", "cress", ""}, {"portee", "control", NULL, "valeur_hors_liste"},
		{"filieres", "energie|numerique", "energie|numerique", ""}, {"filieres", "Espaces verts, énergie", "espaces_verts|energie", ""},
		{"filieres", "energie;energie", "energie", ""}, {"filieres", "energie,numerique", "energie|numerique", ""},
		{"filieres", "|", "", ""}, {"filieres", "energie|pas un code", NULL, "valeur_hors_liste"},
		{"filieres", "energie|ajoutee_par_la_cress", "energie|ajoutee_par_la_cress", ""},
		{"labels", "B Corp, Bio,équitable", "B Corp|Bio,équitable", ""}, {"labels", "a\x01", NULL, "hors_limites"},
		{"labels", "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30|31", NULL, "hors_limites"},
		{"diagnostic.grille", "rse_ess_v1", "rse_ess_v1", ""}, {"diagnostic.grille", "é", NULL, "valeur_hors_liste"},
		{"diagnostic.grille", "0123456789012345678901234567890123456789012345678901234567890", NULL, "texte_trop_long"},
		{"contact.structure_uid", "01HFG9S5DHXAWEMB73JMCCVEY5", "01HFG9S5DHXAWEMB73JMCCVEY5", ""},
		{"contact.structure_uid", "01hfg9s5dhxawemb73jmccvey5", "01HFG9S5DHXAWEMB73JMCCVEY5", ""},
		{"contact.structure_uid", "91HFG9S5DHXAWEMB73JMCCVEY5", NULL, "uid_invalide"},
		{"contact.structure_uid", "x", NULL, "uid_invalide"},
		{"extra", "{\"Budget\":\"1\"}", "{\"Budget\":\"1\"}", ""}, {"extra", "Budget", NULL, "valeur_hors_liste"},
		{"champs_locaux", "telephone|courriel", "telephone|courriel", ""},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void texts_are_kept_as_written_and_doubts_are_said(void **state)
{
	static const struct reading_case cases[] = {
		{"nom", "  Kêr c'hoant ", "Kêr c'hoant", ""}, {"nom", "e\xcc\x81t\xc3\xa9", "été", ""},
		{"nom", "L’Île\xc2\xa0" "d’Arz", "L’Île\xc2\xa0" "d’Arz", ""}, {"nom", "AB", NULL, "hors_limites"},
		{"nom", "=HYPERLINK()", "=HYPERLINK()", "formule_neutralisee"}, {"nom", "@foyer", "@foyer", "formule_neutralisee"},
		{"nom", "CAFÃ‰", "CAFÃ‰", "double_encodage_suspect"},
		{"description", "un\r\ndeux\rtrois\n", "un\ndeux\ntrois", "saut_de_ligne_normalise"},
		{"description", "un\xe2\x80\xa8" "deux\xe2\x80\xa9trois", "un\ndeux\ntrois", "saut_de_ligne_normalise"},
		{"nom", "Les \xe2\x80\xae" "Abers\xe2\x80\xac", "Les Abers", "caractere_invisible"},
		{"nom", "Les A\xe2\x80\x8b" "be\xc2\xadrs", "Les Abers", "caractere_invisible"},
		{"nom", "\xe2\x80\x8e Kêr \xe2\x80\x8f", "Kêr", "caractere_invisible"},
		{"nom", "\xe2\x81\xa6\xe2\x81\xa9", NULL, "hors_limites"}, {"sigle", "\xe2\x81\xa6\xe2\x81\xa9", "", "caractere_invisible"},
		{"labels", "emas|a\xe2\x80\xae" "b", "emas|ab", "caractere_invisible"},
		{"nom", "A\xe2\x80\x8d" "B\xe2\x80\x8c" "C", "A\xe2\x80\x8d" "B\xe2\x80\x8c" "C", ""},
		{"description", "un\x01", NULL, "hors_limites"}, {"description", "\xff", NULL, "hors_limites"},
		{"nom", "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\x8b\xe3\x82\x99", "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\x8c", ""},
		{"sigle", "01234567890123456789012345678901234567890", NULL, "texte_trop_long"},
		{"sigle", "éééééééééééééééééééééééééééééééééééééééé", "éééééééééééééééééééééééééééééééééééééééé", ""},
	};

	(void)state;
	check_readings(cases, COUNT(cases));
}

static void a_list_item_has_a_length_too(void **state)
{
	struct findings findings = {0};
	char text[300];
	struct buf out;

	(void)state;
	memset(text, 'a', sizeof(text));
	buf_init(&out, 1000);
	assert_false(value_parse(field_called("labels"), SLICE(text, 201), &out, &findings));
	assert_string_equal(findings.list[0].code, "texte_trop_long");
	assert_true(value_parse(field_called("labels"), SLICE(text, 200), &out, &findings));
	assert_false(value_parse(field_called("courriel"), SLICE(text, 300), &out, &findings));
	buf_done(&out);
}

static void personal_values_never_stand_in_a_finding(void **state)
{
	struct findings findings = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_false(value_parse(field_called("contact.courriel"), slice_str("anne(at)x"), &out, &findings));
	assert_true(value_parse(field_called("contact.nom"), slice_str("=Anne"), &out, &findings));
	assert_false(value_parse(field_called("siret"), slice_str("12"), &out, &findings));
	assert_string_equal(findings.list[0].value, "");
	assert_string_equal(findings.list[1].value, "");
	assert_string_equal(findings.list[2].value, "12");
	assert_string_equal(findings.list[2].column, "siret");
	buf_done(&out);
}

static void findings_are_bounded_and_cut_between_characters(void **state)
{
	struct findings f = {0};
	char text[FINDING_VALUE_MAX + 20];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text + FINDING_VALUE_MAX - 2, "é", 2);
	findings_add(&f, "nom", "hors_limites", VERDICT_WARNING, SLICE(text, sizeof(text)));
	assert_int_equal(strlen(f.list[0].value), FINDING_VALUE_MAX - 2);
	for (int i = 0; i < 2 * FINDINGS_MAX; i++)
		findings_add(&f, "nom", "hors_limites", i == 40 ? VERDICT_REJECTED : VERDICT_ACCEPTED, SLICE_NONE);
	assert_int_equal(f.count, FINDINGS_MAX);
	assert_int_equal(f.worst, VERDICT_REJECTED);
}

static void check_json(const char *field, const char *value_hex, const char *text, const char *json)
{
	uint8_t bytes[100];
	size_t n = strlen(value_hex) / 2;
	struct buf out;

	assert_true(hex_decode(value_hex, 2 * n, bytes, n));
	buf_init(&out, 1000);
	value_text(field_called(field), SLICE(bytes, n), &out);
	assert_string_equal(buf_cstr(&out), text);
	buf_clear(&out);
	value_json(field_called(field), SLICE(bytes, n), &out);
	assert_string_equal(buf_cstr(&out), json);
	buf_done(&out);
}

static void values_are_shown_as_text_and_json_and_never_trusted(void **state)
{
	static const char *const cases[][4] = {
		{"nom", "c0", "", "null"}, {"nom", "", "", "null"},
		{"nom", "a3616263", "abc", "\"abc\""}, {"nom", "a5610a220962", "a\n\"\tb", "\"a\\n\\\"\\tb\""},
		{"nom", "a45c0d017f", "\\\r\x01\x7f", "\"\\\\\\r\\u0001\\u007f\""},
		{"nom", "05", "05", "\"05\""}, {"siret", "c3", "c3", "\"c3\""},
		{"effectif_etp", "23", "3.5", "3.5"}, {"effectif_etp", "a161", "a161", "\"a161\""},
		{"latitude", "ce1cf463e0", "48.57784", "48.57784"}, {"longitude", "ff", "-0.0000001", "-0.0000001"},
		{"filieres", "92a161a162", "a|b", "[\"a\",\"b\"]"}, {"filieres", "90", "", "[]"},
		{"filieres", "9105", "9105", "\"9105\""}, {"esus", "c3", "oui", "true"}, {"esus", "c2", "non", "false"},
		{"esus", "01", "01", "\"01\""}, {"contact.structure_uid", "a161", "a161", "\"a161\""},
		{"contact.structure_uid", "c41000000000000000000000000000000001", "00000000000000000000000001",
		 "\"00000000000000000000000001\""},
		{"contact.structure_uid", "c40101", "c40101", "\"c40101\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_json(cases[i][0], cases[i][1], cases[i][2], cases[i][3]);
}

static void any_value_has_a_json_form(void **state)
{
	static const char *const cases[][2] = {
		{"c0", "null"}, {"c3", "true"}, {"c2", "false"}, {"2a", "42"}, {"ff", "-1"}, {"a161", "\"a\""},
		{"cfffffffffffffffff", "18446744073709551615"}, {"c4020aff", "\"0aff\""}, {"9201c0", "[1,null]"},
		{"82a16101a16291c3", "{\"a\":1,\"b\":[true]}"}, {"820102c40105c0", "{\"1\":2,\"05\":null}"},
		{"81c001", "{\"c0\":1}"}, {"", "\"\""}, {"c1", "\"c1\""}, {"0102", "\"0102\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t bytes[40];
		size_t n = strlen(cases[i][0]) / 2;
		struct buf out;

		buf_init(&out, 1000);
		assert_true(hex_decode(cases[i][0], 2 * n, bytes, n));
		value_json_any(SLICE(bytes, n), &out);
		assert_string_equal(buf_cstr(&out), cases[i][1]);
		buf_done(&out);
	}
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	json_quote(slice_str("a\xffé\xe2\x82\"\xf0\x9f\x8c\xb1"), &out);
	assert_string_equal(buf_cstr(&out), "\"a\xef\xbf\xbdé\xef\xbf\xbd\xef\xbf\xbd\\\"\xf0\x9f\x8c\xb1\"");
	buf_done(&out);
}

static void distances_are_those_of_the_vectors(void **state)
{
	static const struct { int32_t lat1, lon1, lat2, lon2; int64_t km; } cases[] = {
		{485778400, -38279200, 476669200, -29842100, 119}, {485778400, -38279200, 481227900, -12098300, 200},
		{485778400, -38279200, 484596900, -50861500, 94}, {476669200, -29842100, 476568800, -27620500, 17},
		{476669200, -29842100, 473439300, -31896300, 39}, {481227900, -12098300, 481119800, -16742900, 34},
		{0, 0, 0, 0, 0}, {0, 0, 0, 1800000000, 20015}, {900000000, 0, -900000000, 0, 20015},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(value_distance_km(cases[i].lat1, cases[i].lon1, cases[i].lat2, cases[i].lon2), cases[i].km);
}

static void search_text_holds_both_forms_and_a_query_one(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	value_fold_text(slice_str("L'Atelier"), false, &out);
	value_fold_text(slice_str("Vert"), false, &out);
	assert_string_equal(buf_cstr(&out), "latelier l atelier vert");
	buf_clear(&out);
	value_fold_text(slice_str("L’ATELIER vert"), true, &out);
	assert_string_equal(buf_cstr(&out), "latelier vert");
	buf_done(&out);
}

static void clean_text_is_trimmed_composed_and_without_controls(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_true(value_clean_text(slice_str("  a b "), &out));
	assert_true(value_clean_text(slice_str(" e\xcc\x81\r\n\xc2\xa0"), &out));
	assert_string_equal(buf_cstr(&out), "a bé");
	assert_false(value_clean_text(slice_str("a\x1b"), &out));
	assert_false(value_clean_text(slice_str("a\xc2\x85"), &out));
	assert_false(value_clean_text(slice_str("\xc3"), &out));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(company_numbers_are_cleaned_and_their_keys_checked),
		cmocka_unit_test(siret_vectors_are_judged_as_their_file_says),
		cmocka_unit_test(codes_of_places_and_activities_have_their_shapes),
		cmocka_unit_test(telephones_become_international),
		cmocka_unit_test(an_email_is_one_address),
		cmocka_unit_test(dates_are_read_as_people_and_spreadsheets_write_them),
		cmocka_unit_test(times_compare_as_instants),
		cmocka_unit_test(numbers_keep_their_unit_inside),
		cmocka_unit_test(codes_and_lists_hold_what_their_list_holds),
		cmocka_unit_test(texts_are_kept_as_written_and_doubts_are_said),
		cmocka_unit_test(a_list_item_has_a_length_too),
		cmocka_unit_test(personal_values_never_stand_in_a_finding),
		cmocka_unit_test(findings_are_bounded_and_cut_between_characters),
		cmocka_unit_test(values_are_shown_as_text_and_json_and_never_trusted),
		cmocka_unit_test(any_value_has_a_json_form),
		cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
		cmocka_unit_test(distances_are_those_of_the_vectors),
		cmocka_unit_test(search_text_holds_both_forms_and_a_query_one),
		cmocka_unit_test(clean_text_is_trimmed_composed_and_without_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
