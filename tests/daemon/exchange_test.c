/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/places.h"
#include "tests/daemon/imported.h"

/* A host that keeps the last edit as text, one "field=value" a line. */
struct host {
	enum es_err answer;
	enum edit_outcome outcome;
	bool knows;
	size_t edits, progress;
	uint64_t if_empty;
	char last[8192];
};

static enum es_err host_edit(void *ctx, const struct edit *e, struct edit_answer *answer)
{
	struct host *h = ctx;

	edit_lines(e, h->last, sizeof(h->last));
	h->if_empty = e->if_empty;
	h->edits++;
	*answer = (struct edit_answer){.outcome = h->outcome};
	return h->answer;
}

static bool host_knows(void *ctx, const struct schema_kind *k, const struct id16 *uid)
{
	assert_non_null(k);
	assert_non_null(uid);
	return ((struct host *)ctx)->knows;
}

static enum es_err host_progress(void *ctx, uint64_t done, uint64_t total)
{
	assert_true(done <= total);
	((struct host *)ctx)->progress++;
	return ES_OK;
}

static struct exchange_host host_of(struct host *h, const char *pole)
{
	return (struct exchange_host){.ctx = h, .pole = pole, .region = "53", .edit = host_edit,
				      .knows = host_knows, .progress = host_progress};
}

static struct outcome import_as(struct slice file, const struct import_options *options, struct host *h, const char *pole)
{
	struct exchange_host host = host_of(h, pole);

	return import_by(file, options, &host);
}

static struct outcome import(const char *kind, const char *file, struct host *h)
{
	struct import_options options = {.kind = schema_kind_named(slice_str(kind))};

	return import_as(slice_str(file), &options, h, "pole-morlaix");
}

static struct slice read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(1 << 22);

	assert_non_null(f);
	assert_non_null(p);
	struct slice file = SLICE(p, fread(p, 1, 1 << 22, f));
	fclose(f);
	return file;
}

static void check_trap(const struct outcome *o, const char *expected)
{
	const char *verdict = strchr(expected, ',') + 1, *code = strchr(verdict, ',') + 1;
	const json_t *line = line_at(o, (size_t)atoi(expected));
	char codes[500];

	join_codes(line, codes, sizeof(codes));
	assert_int_equal(json_integer_value(json_object_get(line, "record")), atoi(expected));
	assert_int_equal(json_integer_value(json_object_get(line, "line")), atoi(expected) + 1);
	assert_int_equal(strlen(text_at(line, "verdict")), verdict[strcspn(verdict, ",")] ? strcspn(verdict, ",") : 0);
	assert_memory_equal(text_at(line, "verdict"), verdict, strcspn(verdict, ","));
	assert_int_equal(strlen(codes), strcspn(code, ","));
	assert_memory_equal(codes, code, strcspn(code, ","));
}

static void check_traps(const char *path, const char *encoding)
{
	FILE *expected = fopen(ESSAIM_SOURCE_DIR "/tests/data/pieges/pieges_attendu.csv", "r");
	struct import_options options = {.kind = schema_kind_named(slice_str("structure"))};
	struct slice file = read_file(path);
	struct host h = {0};
	struct outcome o = import_as(file, &options, &h, "pole-morlaix");
	char row[200];

	assert_int_equal(o.err, ES_OK);
	assert_non_null(expected);
	assert_string_equal(text_at(o.report, "encoding"), encoding);
	assert_string_equal(text_at(o.report, "separator"), ";");
	assert_non_null(fgets(row, sizeof(row), expected));
	while (fgets(row, sizeof(row), expected))
		check_trap(&o, row);
	assert_int_equal(o.counts.accepted, 9);
	assert_int_equal(o.counts.warned, 7);
	assert_int_equal(o.counts.rejected, 9);
	assert_int_equal(h.edits, 16);
	fclose(expected);
	json_decref(o.report);
	free((void *)file.p);
}

static void the_twenty_five_traps_are_judged_as_expected(void **state)
{
	(void)state;
	check_traps(ESSAIM_SOURCE_DIR "/tests/data/pieges/pieges.csv", "windows-1252");
	check_traps(ESSAIM_SOURCE_DIR "/tests/data/pieges/pieges_utf8bom.csv", "utf-8");
}

static void check_sample(const char *pole, const struct schema_kind *k, int64_t *records)
{
	struct import_options options = {.kind = k};
	struct host h = {.knows = true};
	struct slice file;
	struct outcome o;
	char path[500];

	snprintf(path, sizeof(path), "%s/conf/sample/%s/%s.csv", ESSAIM_SOURCE_DIR, pole, k->plural);
	file = read_file(path);
	o = import_as(file, &options, &h, pole);
	assert_int_equal(o.err, ES_OK);
	assert_int_equal(o.counts.rejected, 0);
	assert_int_equal(json_array_size(json_object_get(o.report, "extra")), 0);
	*records += o.counts.accepted + o.counts.warned;
	json_decref(o.report);
	free((void *)file.p);
}

static void every_line_of_the_sample_comes_in(void **state)
{
	static const char *const poles[] = {"pole-auray", "pole-fougeres", "pole-morlaix", "pole-vitre"};
	int64_t records = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(poles); i++) {
		for (size_t j = 0; j < KIND_ACCEPTATION_CHARTE - 1; j++)
			check_sample(poles[i], &schema_kinds[j], &records);
	}
	assert_int_equal(records, 8793);
}

/* One record under a header: its codes, and what the host was given. */
struct record_case { const char *kind, *header, *row, *codes; };

static void check_record(const struct record_case *c)
{
	struct host h = {.outcome = EDIT_NEW};
	char file[2000], codes[500];
	struct outcome o;

	snprintf(file, sizeof(file), "%s\n%s\n", c->header, c->row);
	o = import(c->kind, file, &h);
	assert_int_equal(o.err, ES_OK);
	join_codes(line_at(&o, 1), codes, sizeof(codes));
	if (strcmp(codes, c->codes) != 0)
		print_error("%s\n", file);
	assert_string_equal(codes, c->codes);
	json_decref(o.report);
}

#define U1 "01HFG9S5DHXAWEMB73JMCCVEY5"
#define U2 "01FTC3B93S01CT5G6SHD57FJYM"

static void fields_are_checked_against_each_other(void **state)
{
	static const struct record_case cases[] = {
		{"structure", "nom;rna;cp;ville;code insee", "Essai;W291001234;29600;Morlaix;29151", "sans_siret_rna"},
		{"structure", "nom;rna;cp;ville;code insee", "Essai;W291001234;29000;Morlaix;29151", "sans_siret_rna code_postal_commune"},
		{"structure", "nom;rna;cp;ville", "Essai;W291001234;29000;Morlaix", "sans_siret_rna code_insee_inconnu"},
		{"structure", "nom;rna;ville", "Essai;W291001234;Nulle part", "sans_siret_rna code_insee_inconnu"},
		{"structure", "nom;rna;ville", "Essai;W291001234;Ajaccio", "sans_siret_rna commune_deduite hors_territoire"},
		{"structure", "nom;rna;cp", "Essai;W291001234;29600", "sans_siret_rna champ_requis"},
		{"structure", "nom;rna;cp;ville", "Essai;W291001234;35300;FOUGERES CEDEX", "sans_siret_rna commune_deduite"},
		{"structure", "nom;rna;cp;ville", "Essai;W291001234;35302;Foug\xc3\xa8res C\xc3\xa9" "dex 2", "sans_siret_rna commune_deduite"},
		{"structure", "nom;rna;cp;ville;insee", "Essai;W291001234;35302;FOUGERES-CEDEX;35115", "sans_siret_rna"},
		{"structure", "nom;rna;cp;ville;insee", "Essai;W291001234;29602;FOUGERES CEDEX;35115", "sans_siret_rna code_postal_commune"},
		{"structure", "nom;rna;cp;ville", "Essai;W291001234;35302;FOUGERES", "sans_siret_rna code_insee_inconnu"},
		{"structure", "nom;rna;cp;ville", "Essai;W291001234;29602;FOUGERES CEDEX", "sans_siret_rna code_insee_inconnu"},
		{"structure", "nom;rna;cp;ville", "Essai;W291001234;20176;AJACCIO CEDEX", "sans_siret_rna commune_deduite hors_territoire"},
		{"structure", "nom;rna;ville", "Essai;W291001234;Plouhinec Cedex", "sans_siret_rna commune_ambigue"},
		{"structure", "nom;rna;insee;lat;lon", "Essai;W291001234;29151;48,5;-3,8", "sans_siret_rna"},
		{"structure", "nom;rna;insee;lat;lon", "Essai;W291001234;29151;-3,8;48,5", "sans_siret_rna coordonnees_invalides"},
		{"structure", "nom;rna;insee;lat;lon", "Essai;W291001234;29151;48,9;-3,8", "sans_siret_rna coordonnees_invalides"},
		{"structure", "nom;rna;insee;lat;lon", "Essai;W291001234;29151;48,5;", "sans_siret_rna coordonnees_invalides"},
		{"structure", "nom;rna;insee;lat;lon", "Essai;W291001234;29151;;-3,8", "sans_siret_rna coordonnees_invalides"},
		{"structure", "nom;rna;insee;lat;lon", "Essai;W291001234;29083;48,04;-4,85", "sans_siret_rna commune_sans_epci"},
		{"structure", "nom;rna;insee;lat;lon", "Essai;W291001234;29151;x;-3,8", "coordonnees_invalides sans_siret_rna"},
		{"structure", "nom;rna;insee;ape", "Essai;W291001234;29151;9498Z", "normalise_naf sans_siret_rna naf_inconnu"},
		{"structure", "nom;rna;insee;code juridique", "Essai;W291001234;29151;5385", "sans_siret_rna categorie_inconnue"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;anne.le-goff@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;anne.goff7@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;anne.goff7b@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;zanne.yyqz12b@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;jean_dupont@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;Jean_Dupont.2@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;jean.dupont+asso@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;jdupont@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;anne.goff7bis@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;contact.morlaix@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;Info.asso@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;accueil_vitre@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;les.abers@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;contactin.morlaix@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;zanne.leroux.2@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;zanne.y.martin3@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;y.martin@x.example", "sans_siret_rna courriel_nominatif_donnee_personnelle"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;contact.ess.bretagne@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;ess.2.29@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;mail", "Essai;W291001234;29151;pole.29@x.example", "sans_siret_rna"},
		{"structure", "nom;rna;insee;date de création;mise à jour", "Essai;W291001234;29151;02/01/2024;01/01/2024", "sans_siret_rna date_invalide"},
		{"structure", "nom;rna;insee;denominations", "Essai;W291001234;29151;X:2010-02-15:2021-03-31|Y:2021-04-01:|Z", "sans_siret_rna"},
		{"structure", "nom;rna;insee;denominations", "Essai;W291001234;29151;X:2021-02-31:", "sans_siret_rna date_invalide"},
		{"structure", "nom;rna;insee;denominations", "Essai;W291001234;29151;X:2021-03-31:2010-02-15", "sans_siret_rna date_invalide"},
		{"structure", "nom;rna;insee;denominations", "Essai;W291001234;29151;X:hier:", "sans_siret_rna date_invalide"},
		{"structure", "nom;rna;insee;siae", "Essai;W291001234;29151;aci:2024-01-01:2023-01-01", "sans_siret_rna date_invalide"},
		{"contact", "structure_uid;nom;consentements", U1 ";Le Goff;newsletter:2026-01-15|visite:2026-01-15:2026-02-01", "reference_inconnue"},
		{"contact", "structure_uid;nom;consentements", U1 ";Le Goff;zzz", "date_invalide reference_inconnue"},
		{"contact", "structure_uid;nom;consentements", U1 ";Le Goff;newsletter:2026-02-01:2026-01-15", "date_invalide reference_inconnue"},
		{"structure", "nom;rna;insee;champs_locaux", "Essai;W291001234;29151;telephone|inconnu", "sans_siret_rna valeur_hors_liste"},
		{"structure", "nom;siret;insee", "Essai;812;29151", "siret_longueur"},
		{"structure", "nom;rna;insee;type", "Essai;W291001234;29151;", "sans_siret_rna champ_requis"},
		{"structure", "nom;rna;insee", "Essai;W291001234;29151;de trop", "colonnes_en_trop sans_siret_rna"},
		{"structure", "nom;insee;description", "Essai;29151;\"jamais referm\xc3\xa9", "guillemet_ouvert sans_identifiant"},
		{"structure", "nom;rna;insee;sigle", "Essai;W291001234;29151", "sans_siret_rna"},
		{"structure", "uid;nom;rna;insee", "xyz;Essai;W291001234;29151", "uid_invalide sans_siret_rna"},
		{"structure", "nom;pole;rna;insee", "Essai;pole-auray;W291001234;29151", "autre_pole sans_siret_rna"},
		{"contact", "structure_uid;nom;portee", U1 ";Le Goff;local", "reference_inconnue"},
		{"contact", "structure_uid;nom;portee", U1 ";Le Goff;federation", "champ_requis reference_inconnue"},
		{"contact", "structure_uid;nom;portee;base_legale", U1 ";Le Goff;federation;consentement", "reference_inconnue"},
		{"contact", "structure_uid;nom;portee;consentement_publication", U1 ";Le Goff;public;non", "champ_requis reference_inconnue"},
		{"contact", "structure_uid;nom;portee;consentement_publication", U1 ";Le Goff;public;oui", "reference_inconnue"},
		{"contact", "nom;portee", "Le Goff;local", "champ_requis"},
		{"offre", "structure_uid;titre;filiere;type_offre;nb_avis;somme_avis", U1 ";Haies;espaces_verts;service;2;11", "hors_limites reference_inconnue"},
		{"offre", "structure_uid;titre;filiere;type_offre;nb_avis;somme_avis", U1 ";Haies;espaces_verts;service;2;10", "reference_inconnue"},
		{"offre", "structure_uid;titre;filiere;type_offre;valide_du;valide_au", U1 ";Haies;espaces_verts;service;2026-01-02;2026-01-01", "date_invalide reference_inconnue"},
		{"besoin", "structure_uid;titre;filiere;type_besoin;code_insee;poids_qualite;poids_prix;poids_environnement;poids_social;poids_proximite;poids_delai",
		 U1 ";Haies;espaces_verts;achat;29200;25;25;15;15;15;5", "code_insee_ancien reference_inconnue"},
		{"besoin", "structure_uid;titre;filiere;type_besoin;code_insee;poids_qualite;poids_prix;poids_environnement;poids_social;poids_proximite;poids_delai",
		 U1 ";Haies;espaces_verts;achat;29999;25;25;15;15;15;6", "code_insee_inconnu hors_limites reference_inconnue"},
		{"partenariat", "structure_a_uid;structure_b_uid;forme;etat", U1 ";" U2 ";achat_responsable;repere", "reference_inconnue reference_inconnue"},
		{"partenariat", "structure_a_uid;structure_b_uid;forme;etat", U1 ";" U2 ";achat_responsable;actif", "reference_inconnue reference_inconnue historique_incomplet"},
		{"partenariat", "structure_a_uid;structure_b_uid;forme;etat", U1 ";" U1 ";achat_responsable;repere", "hors_limites reference_inconnue reference_inconnue"},
		{"partenariat", "structure_a_uid;structure_b_uid;forme;categorie;etat", U1 ";" U2 ";achat_responsable;mecenat;repere", "valeur_hors_liste reference_inconnue reference_inconnue"},
		{"partenariat", "structure_a_uid;structure_b_uid;forme;etat;date_debut;date_fin", U1 ";" U2 ";achat_responsable;repere;2026-02-01;2026-01-01", "date_invalide reference_inconnue reference_inconnue"},
		{"evenement", "type_evenement;titre;debut;fin", "atelier;Essai;2026-05-22T14:00:00+02:00;2026-05-22T13:00:00+01:00", ""},
		{"evenement", "type_evenement;titre;debut;fin", "atelier;Essai;2026-05-22T14:00:00+02:00;2026-05-22T12:00:00+01:00", "date_invalide"},
		{"evenement", "type_evenement;titre;debut;fin;filiere", "rencontre_filiere;Essai;2026-05-22T14:00:00+02:00;2026-05-22T15:00:00+02:00;", "champ_requis"},
		{"inscription", "evenement_uid;structure_uid;nb_personnes", U1 ";" U2 ";0", "hors_limites reference_inconnue reference_inconnue"},
		{"suivi", "partenariat_uid;echeance_mois;date", U1 ";3;2026-01-01", "reference_inconnue"},
		{"diagnostic", "structure_uid;note_ethique", U1 ";5", "hors_limites reference_inconnue"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_record(&cases[i]);
}

static void what_follows_from_other_fields_is_filled_in(void **state)
{
	struct host h = {0};
	struct outcome o = import("structure", "Nom;SIRET;Code juridique;Ville;CP;Note;Type;Avis\n"
				  "Les Haies;81230001000012;9220;MORLAIX;29600;à voir;ESS;\n", &h);

	(void)state;
	assert_string_equal(h.last, "type_acteur=ess\nnom=Les Haies\nsiren=812300010\nsiret=81230001000012\n"
			    "categorie_juridique=9220\nfamille_ess=association\nstatut_ess=de_droit\n"
			    "code_postal=29600\ncode_insee=29151\ncommune=Morlaix\ncode_epci=242900835\n"
			    "extra={\"Note\":\"à voir\"}\n");
	assert_true(h.if_empty == (UINT64_C(1) << structure_famille_ess | UINT64_C(1) << structure_statut_ess));
	assert_int_equal(json_array_size(json_object_get(o.report, "extra")), 2);
	json_decref(o.report);
}

static void a_table_without_types_gets_them_from_the_category(void **state)
{
	static const char *const cases[][2] = {{"9220", "type_acteur=ess\n"}, {"7210", "type_acteur=collectivite\n"},
					       {"", "type_acteur=ess\n"}, {"5385", "type_acteur=ess\n"}};
	struct host h = {0};
	char file[200];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o;

		snprintf(file, sizeof(file), "nom;rna;insee;code juridique\nEssai;W291001234;29151;%s\n", cases[i][0]);
		o = import("structure", file, &h);
		assert_memory_equal(h.last, cases[i][1], strlen(cases[i][1]));
		assert_true(h.if_empty & UINT64_C(1) << structure_type_acteur);
		json_decref(o.report);
	}
}

static void headers_are_mapped_by_name_synonym_and_label(void **state)
{
	struct host h = {0};
	struct outcome o = import("structure", "\"Raison sociale\";N° SIRET;TÉL.;Date de création;code_insee;Budget;Budget;;motif_rejet\n"
				  "Essai;81230001000012;0261910001;14/07/1998;29151;a;b;c;siret_cle\n", &h);
	const json_t *mapping = json_object_get(o.report, "mapping");

	(void)state;
	assert_string_equal(text_at(mapping, "Raison sociale"), "nom");
	assert_string_equal(text_at(mapping, "N° SIRET"), "siret");
	assert_string_equal(text_at(mapping, "TÉL."), "telephone");
	assert_string_equal(text_at(mapping, "Date de création"), "date_creation");
	assert_string_equal(text_at(mapping, "motif_rejet"), "null");
	assert_int_equal(json_array_size(json_object_get(o.report, "extra")), 3);
	assert_non_null(strstr(h.last, "extra={\"Budget\":\"a\",\"Budget (7)\":\"b\",\"colonne 8\":\"c\"}\n"));
	json_decref(o.report);
}

static void unknown_columns_join_those_kept_before(void **state)
{
	struct host h = {0};
	struct outcome o = import("structure", "nom;rna;insee;extra;Note\nEssai;W291001234;29151;\"{\"\"a\"\":1}\";b\n", &h);

	(void)state;
	assert_non_null(strstr(h.last, "extra={\"Note\":\"b\",\"a\":1}\n"));
	json_decref(o.report);
}

static void too_much_in_unknown_columns_is_refused(void **state)
{
	struct import_options options = {.kind = schema_kind_named(slice_str("structure"))};
	struct host h = {0};
	struct outcome o;
	char *file = malloc(20100), codes[200];
	int n = snprintf(file, 100, "nom;rna;insee;Note\nEssai;W291001234;29151;");

	(void)state;
	memset(file + n, 'a', 20000);
	o = import_as(SLICE(file, n + 20000), &options, &h, NULL);
	join_codes(line_at(&o, 1), codes, sizeof(codes));
	assert_string_equal(codes, "texte_trop_long sans_siret_rna");
	json_decref(o.report);
	free(file);
}

static void files_that_cannot_be_read_are_explained(void **state)
{
	static const char *const cases[][2] = {
		{"", "no header"}, {"\n\n", "no header"}, {"a;b;c\n", "no column"}, {"uid;pole\n", "no column"},
		{"siret;N° SIRET;nom\n", "same field"}, {"uid;nom;uid\n", "same field"}, {"nom\x81\xe9\n", "0x81"},
	};
	struct host h = {0};
	char wide[3 * 300];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o = import("structure", cases[i][0], &h);

		assert_int_equal(o.err, ES_BAD_VALUE);
		assert_non_null(strstr(o.why, cases[i][1]));
	}
	memset(wide, ',', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	assert_non_null(strstr(import("structure", wide, &h).why, "columns"));
	assert_int_equal(h.edits, 0);
}

#define TABLE "uid,pole,type_acteur,nom,rna,code_insee\n"
#define ROW U1 ",pole-morlaix,ess,Essai,W291001234,29151\n"

static void the_hosts_answer_is_reported(void **state)
{
	static const struct { enum edit_outcome outcome; const char *match; } cases[] = {
		{EDIT_NEW, "nouveau"}, {EDIT_CHANGED, "modifie"}, {EDIT_SAME, "inchange"}};
	struct host h = {.knows = true};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o;

		h.outcome = cases[i].outcome;
		o = import("structure", TABLE ROW, &h);
		assert_string_equal(text_at(line_at(&o, 1), "match"), cases[i].match);
		assert_int_equal(o.counts.new_, i == 0);
		assert_int_equal(o.counts.changed, i == 1);
		assert_int_equal(o.counts.same, i == 2);
		json_decref(o.report);
	}
	assert_int_equal(h.progress, 3);
}

static void another_hubs_record_is_rejected_and_other_failures_stop(void **state)
{
	struct host h = {.answer = ES_OTHER_HUB};
	struct outcome o = import("structure", TABLE ROW, &h);
	char codes[200];

	(void)state;
	join_codes(line_at(&o, 1), codes, sizeof(codes));
	assert_string_equal(codes, "sans_siret_rna autre_pole");
	assert_string_equal(text_at(line_at(&o, 1), "match"), "null");
	assert_int_equal(o.counts.rejected, 1);
	json_decref(o.report);
	h.answer = ES_DISK_FULL;
	assert_int_equal(import("structure", TABLE ROW ROW, &h).err, ES_DISK_FULL);
	assert_int_equal(h.edits, 2);
}

static void a_known_record_may_name_only_what_changes(void **state)
{
	struct host h = {.knows = true, .outcome = EDIT_CHANGED};
	struct outcome o = import("structure", "uid,nom,telephone\n" U1 ",,0261910001\n", &h);

	(void)state;
	assert_int_equal(o.counts.accepted, 1);
	assert_string_equal(h.last, "type_acteur=ess\ntelephone=+33261910001\n");
	json_decref(o.report);
	h.knows = false;
	o = import("structure", "uid,nom,telephone\n" U1 ",,0261910001\n", &h);
	assert_int_equal(o.counts.rejected, 1);
	json_decref(o.report);
}

static void a_siret_seen_before_in_the_file_is_told(void **state)
{
	struct import_options options = {.kind = schema_kind_named(slice_str("structure"))};
	struct host h = {0};
	struct outcome o;
	struct buf file;

	(void)state;
	buf_init(&file, 1 << 20);
	buf_str(&file, "nom;siret;insee\n");
	for (int i = 0; i < 3000; i++) {
		char digits[40];

		/* The last digit runs until the key is right. */
		for (int key = 0; key < 10; key++) {
			snprintf(digits, sizeof(digits), "812300010%04d%d", i, key);
			if (value_siret_valid(slice_str(digits)))
				break;
		}
		buf_printf(&file, "Essai;%s;29151\n", digits);
	}
	buf_str(&file, "Essai;81230001000012;29151\n");
	o = import_as(buf_slice(&file), &options, &h, NULL);
	assert_int_equal(o.counts.accepted, 3000);
	assert_int_equal(o.counts.warned, 1);
	assert_int_equal(h.progress, 3001 / 256 + 1);
	json_decref(o.report);
	buf_done(&file);
}

static void lines_count_rows_of_the_file(void **state)
{
	struct host h = {0};
	struct outcome o = import("structure", "sep=;\nnom;rna;insee;description\n"
				  "Un;W291001234;29151;\"a\nb\"\nDeux;W291001234;29151;c\n", &h);

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(line_at(&o, 1), "line")), 3);
	assert_int_equal(json_integer_value(json_object_get(line_at(&o, 2), "line")), 5);
	json_decref(o.report);
}

static void private_values_are_not_in_the_report(void **state)
{
	struct host h = {0};
	struct outcome o = import("contact", "structure_uid;Nom;Mail\n" U1 ";=Anne;anne(at)x\n", &h);
	char *text = json_dumps(o.report, 0);

	(void)state;
	assert_null(strstr(text, "anne"));
	assert_null(strstr(text, "Anne"));
	assert_non_null(strstr(text, "\"Mail\""));
	free(text);
	json_decref(o.report);
}

static void rejected_records_come_back_in_their_own_dialect(void **state)
{
	static const char *const reasons[] = {NULL, "siret_cle", "a;\"b\"", "c"};
	const char *file = "\xef\xbb\xbfsep=;\r\nnom;siret\r\nUn;1\r\nDeux;2\r\n\"Tr\r\nois\"\r\nQuatre;\"4\r\nCinq;5\r\n";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(exchange_rejects(slice_str(file), 0, reasons, COUNT(reasons), out), ES_OK);
	fclose(out);
	assert_string_equal(text, "\xef\xbb\xbfsep=;\r\nnom;siret;motif_rejet\r\nDeux;2;siret_cle\r\n"
			    "\"Tr\r\nois\";;\"a;\"\"b\"\"\"\r\nQuatre;\"\"\"4\";c\r\n");
	free(text);
	out = fopen("/dev/full", "w");
	assert_int_equal(exchange_rejects(SLICE_NONE, ';', NULL, 0, out), ES_BAD_VALUE);
	setbuf(out, NULL);
	assert_int_equal(exchange_rejects(slice_str("a;b\n"), ';', NULL, 0, out), ES_IO);
	fclose(out);
}

static void reasons_keep_their_column_where_a_record_has_too_many_cells(void **state)
{
	static const char *const reasons[] = {"a", "b", "c", "d"};
	const char *file = "nom;siret\nUn;\"1;2\";trois;4\nDeux;2\nTrois;\nQuatre;4;\"5";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(exchange_rejects(slice_str(file), ';', reasons, COUNT(reasons), out), ES_OK);
	fclose(out);
	assert_string_equal(text, "nom;siret;motif_rejet\nUn;\"1;2\";a;trois;4\nDeux;2;b\nTrois;;c\nQuatre;4;d;\"\"\"5\"\n");
	free(text);
}

static void a_report_that_cannot_be_written_stops_the_import(void **state)
{
	struct import_options options = {.kind = schema_kind_named(slice_str("structure"))};
	struct host h = {0};
	struct exchange_host host = host_of(&h, NULL);
	struct import_counts counts;
	struct buf why;
	FILE *report = fopen("/dev/full", "w");

	(void)state;
	setbuf(report, NULL);
	buf_init(&why, 100);
	assert_int_equal(exchange_import(slice_str(TABLE ROW), &options, ref, &host, report, &counts, &why), ES_IO);
	buf_done(&why);
	fclose(report);
}

/* What `set` does: one named field, values in the same scratch. */
static void an_edit_is_judged_by_what_it_names(void **state)
{
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));
	static const struct { size_t index; const char *text; bool creating; const char *code; } cases[] = {
		{structure_telephone, "0261910001", false, NULL}, {structure_nom, "", false, "nom_vide"},
		{structure_code_insee, "", false, "champ_requis"}, {structure_telephone, "0261910001", true, "sans_identifiant"},
		{structure_siret, "", false, NULL}, {structure_commune, "Plouhinec", false, "commune_ambigue"},
		{structure_code_insee, "29083", false, "commune_sans_epci"}, {structure_latitude, "48,5", false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct host h = {0};
		struct exchange_host host = host_of(&h, "pole-morlaix");
		struct findings f = {0};
		struct edit e = {.kind = k};
		struct buf scratch;

		buf_init(&scratch, 1 << 16);
		assert_true(value_parse(&k->fields[cases[i].index], slice_str(cases[i].text), &scratch, &f));
		e.values[cases[i].index] = buf_slice(&scratch);
		exchange_check(&e, cases[i].creating, ref, &host, &scratch, &f);
		if (cases[i].code)
			assert_string_equal(f.list[0].code, cases[i].code);
		else
			assert_int_equal(f.count, 0);
		assert_int_equal(canon_check(e.values[cases[i].index]), ES_OK);
		buf_done(&scratch);
	}
}

static void a_commune_that_changes_takes_its_name_and_epci_along(void **state)
{
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));
	struct host h = {0};
	struct exchange_host host = host_of(&h, "pole-morlaix");
	struct findings f = {0};
	struct edit e = {.kind = k};
	struct edit_answer answer;
	struct buf scratch;

	(void)state;
	buf_init(&scratch, 1 << 16);
	assert_true(value_parse(&k->fields[structure_code_insee], slice_str("29083"), &scratch, &f));
	e.values[structure_code_insee] = buf_slice(&scratch);
	exchange_check(&e, false, ref, &host, &scratch, &f);
	assert_int_equal(host_edit(&h, &e, &answer), ES_OK);
	assert_string_equal(h.last, "code_insee=29083\ncommune=Île-de-Sein\ncode_epci=\n");
	buf_done(&scratch);
}

static void host_morlaix_of(void *ctx, struct slice code_insee, struct buf *out)
{
	(void)ctx;
	buf_str(out, slice_eq(code_insee, slice_str("29254")) || slice_eq(code_insee, slice_str("56169")) ? "pole-morlaix" : "cress-53");
}

/* A name that none here bears may be short for one of ours; our Pays goes before the region, the region before the others. */
static void communes_of_one_name_are_offered_from_near_to_far(void **state)
{
	static const struct { const char *name, *codes; } cases[] = {
		{"Saint-Martin", "29254|22313|56229|32389|54480|65392|67426|97801"},
		{"St Martin", "29254|22313|56229|32389|54480|65392|67426|97801"},
		{"Plouhinec", "56169|29197"},
	};
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct host h = {0};
		struct exchange_host host = host_of(&h, "pole-morlaix");
		struct findings f = {0};
		struct edit e = {.kind = k};
		struct buf scratch;

		host.pole_of = host_morlaix_of;
		buf_init(&scratch, 1 << 16);
		assert_true(value_parse(&k->fields[structure_commune], slice_str(cases[i].name), &scratch, &f));
		e.values[structure_commune] = buf_slice(&scratch);
		exchange_check(&e, false, ref, &host, &scratch, &f);
		assert_string_equal(f.list[0].code, "commune_ambigue");
		assert_string_equal(f.list[0].value, cases[i].codes);
		buf_done(&scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_twenty_five_traps_are_judged_as_expected),
		cmocka_unit_test(every_line_of_the_sample_comes_in),
		cmocka_unit_test(fields_are_checked_against_each_other),
		cmocka_unit_test(what_follows_from_other_fields_is_filled_in),
		cmocka_unit_test(a_table_without_types_gets_them_from_the_category),
		cmocka_unit_test(headers_are_mapped_by_name_synonym_and_label),
		cmocka_unit_test(unknown_columns_join_those_kept_before),
		cmocka_unit_test(too_much_in_unknown_columns_is_refused),
		cmocka_unit_test(files_that_cannot_be_read_are_explained),
		cmocka_unit_test(the_hosts_answer_is_reported),
		cmocka_unit_test(another_hubs_record_is_rejected_and_other_failures_stop),
		cmocka_unit_test(a_known_record_may_name_only_what_changes),
		cmocka_unit_test(a_siret_seen_before_in_the_file_is_told),
		cmocka_unit_test(lines_count_rows_of_the_file),
		cmocka_unit_test(private_values_are_not_in_the_report),
		cmocka_unit_test(rejected_records_come_back_in_their_own_dialect),
		cmocka_unit_test(reasons_keep_their_column_where_a_record_has_too_many_cells),
		cmocka_unit_test(a_report_that_cannot_be_written_stops_the_import),
		cmocka_unit_test(an_edit_is_judged_by_what_it_names),
		cmocka_unit_test(a_commune_that_changes_takes_its_name_and_epci_along),
		cmocka_unit_test(communes_of_one_name_are_offered_from_near_to_far),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
