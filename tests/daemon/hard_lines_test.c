/* SPDX-License-Identifier: Apache-2.0
 *
 * Hard lines of spreadsheets, one rule's edge each (domain.md part 4), beside the
 * twenty-five of tests/data/pieges: the codes that are said, in order, and what is
 * stored. A line is written against the columns of `header`; empty cells at its end
 * may be left out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/places.h"
#include "tests/daemon/imported.h"

#define NBSP "\xc2\xa0"
#define NARROW "\xe2\x80\xaf" /* U+202F */

/* What the last line was judged and made of. */
struct seen {
	char values[16384]; /* "\nfield=value\n" */
	bool written;
};

static enum es_err keep(void *ctx, const struct edit *e, struct edit_answer *answer)
{
	struct seen *s = ctx;

	s->values[0] = '\n';
	edit_lines(e, s->values + 1, sizeof(s->values) - 1);
	s->written = true;
	*answer = (struct edit_answer){.outcome = EDIT_NEW};
	return ES_OK;
}

static bool knows_none(void *ctx, const struct schema_kind *k, const struct id16 *uid)
{
	(void)ctx;
	(void)k;
	(void)uid;
	return false;
}

/* A file of one line; `codes` gets what was said, or why it is no table. */
static void import_one(const char *kind, struct slice file, struct seen *s, char *codes, size_t size, const char *verdict)
{
	struct import_options options = {.kind = schema_kind_named(slice_str(kind))};
	struct exchange_host host = {.ctx = s, .pole = "pole-morlaix", .region = "53", .edit = keep, .knows = knows_none};
	struct outcome o;
	const json_t *line;

	*s = (struct seen){0};
	o = import_by(file, &options, &host);
	line = line_at(&o, 1);
	join_codes(line, codes, size);
	if (o.err != ES_OK)
		snprintf(codes, size, "! %s", o.why);
	else if (verdict && strcmp(text_at(line, "verdict"), verdict) != 0)
		snprintf(codes, size, "not %s: %s", verdict, text_at(line, "verdict"));
	json_decref(o.report);
}

#define OK "accepte"
#define WARN "avertissement"
#define NO "rejete"
struct hard {
	const char *header, *line, *verdict, *codes, *stored; /* stored: "field=value", NULL: nothing asked */
};

static void check_all(const char *kind, const struct hard *cases, size_t count)
{
	struct seen *s = calloc(1, sizeof(*s));
	size_t wrong = 0;

	assert_non_null(s);
	for (size_t i = 0; i < count; i++) {
		char file[8192], codes[2000], wanted[400];

		snprintf(file, sizeof(file), "%s\n%s\n", cases[i].header, cases[i].line);
		import_one(kind, slice_str(file), s, codes, sizeof(codes), cases[i].verdict);
		snprintf(wanted, sizeof(wanted), "\n%s\n", cases[i].stored ? cases[i].stored : "");
		if (strcmp(codes, cases[i].codes) == 0 && s->written == (strcmp(cases[i].verdict, NO) != 0) &&
		    (cases[i].stored == NULL || strstr(s->values, wanted)))
			continue;
		print_error("%s | %s\n  wanted %s [%s] %s\n  got [%s]%s\n", cases[i].header, cases[i].line, cases[i].verdict,
			    cases[i].codes, cases[i].stored ? cases[i].stored : "", codes, s->values);
		wrong++;
	}
	free(s);
	assert_int_equal(wrong, 0);
}

#define S "Nom;N° SIRET;N° RNA;Code INSEE;CP;Ville"
#define AT ";Morlaix" /* behind an INSEE code and a postal code */
/* A structure with a number, at Morlaix, and one more column. */
#define WITH(column) "Nom;SIRET;INSEE;" column
#define LINE(text) "Abeille verte;81230001000012;29151;" text

static void identifiers(void **state)
{
	static const struct hard cases[] = {
		{S, "Abeille;812" NBSP "300" NARROW "010.000-12;;29151;29600;Morlaix", OK, "normalise_siret", "siret=81230001000012"},
		{S, "Abeille; 81230001000012 ;;29151;29600;Morlaix", OK, "", "siren=812300010"},
		{S, "Abeille;00000000000000;;29151;29600;Morlaix", NO, "siret_cle", NULL},
		{S, "Abeille;81230001000013;;29151;29600;Morlaix", NO, "siret_cle", NULL},
		{S, "Abeille;8123000100001;;29151;29600;Morlaix", NO, "siret_longueur", NULL},
		{S, "Abeille;812300010000123;;29151;29600;Morlaix", NO, "siret_longueur", NULL},
		{S, "Abeille;8.12E+13;;29151;29600;Morlaix", NO, "siret_notation_scientifique", NULL},
		{S, "Abeille;8,123e13;;29151;29600;Morlaix", NO, "siret_notation_scientifique", NULL},
		{S, "Abeille;en cours;;29151;29600;Morlaix", NO, "siret_non_numerique", NULL},
		/* 13 digits and a key that is right behind a zero; 12 behind two. */
		{S, "Abeille;5520025900019;;29151;29600;Morlaix", NO, "siret_longueur", NULL},
		{S, "Abeille;552025900010;;29151;29600;Morlaix", WARN, "zero_initial_perdu", "siret=00552025900010"},
		/* La Poste: its seat by the key, an office by the sum, and neither. */
		{S, "La Poste;35600000000048;;29151;29600;Morlaix", OK, "", "siret=35600000000048"},
		{S, "La Poste;35600000049837;;29151;29600;Morlaix", OK, "exception_la_poste", "siret=35600000049837"},
		{S, "La Poste;356 000 000 49837;;29151;29600;Morlaix", OK, "normalise_siret exception_la_poste", "siret=35600000049837"},
		{S, "La Poste;35600000049838;;29151;29600;Morlaix", NO, "siret_cle", NULL},
		/* A digit sum that is a multiple of five is nobody else's excuse. */
		{S, "Abeille;81230001000021;;29151;29600;Morlaix", NO, "siret_cle", NULL},
		{S, "Abeille;;W291001234;29151;29600;Morlaix", OK, "sans_siret_rna", "rna=W291001234"},
		{S, "Abeille;;w 291 001 234;29151;29600;Morlaix", OK, "sans_siret_rna", "rna=W291001234"},
		{S, "Abeille;;W2A1001234;29151;29600;Morlaix", WARN, "rna_forme sans_siret_rna", "rna=W2A1001234"},
		{S, "Abeille;;W9R1001234;29151;29600;Morlaix", WARN, "rna_forme sans_siret_rna", "rna=W9R1001234"},
		{S, "Abeille;;291001234;29151;29600;Morlaix", NO, "hors_limites", NULL},
		{S, "Abeille;;W29100123;29151;29600;Morlaix", NO, "hors_limites", NULL},
		{S, "Abeille;;;29151;29600;Morlaix", WARN, "sans_identifiant", NULL},
		{"Nom;SIREN;INSEE", "Abeille;812 300 010;29151", WARN, "sans_identifiant", "siren=812300010"},
		{"Nom;SIREN;INSEE", "Abeille;812300011;29151", NO, "siret_cle sans_identifiant", NULL},
		{"Nom;SIREN;SIRET;INSEE", "Abeille;812300028;81230001000012;29151", NO, "siret_cle", NULL},
		{"Nom;SIREN;SIRET;INSEE", "Abeille;5520259;00552025900010;29151", WARN, "zero_initial_perdu", "siren=005520259"},
	};

	(void)state;
	check_all("structure", cases, COUNT(cases));
}

static void places(void **state)
{
	static const struct hard cases[] = {
		{S, "Abeille;81230001000012;;2a004;20000;Ajaccio", WARN, "hors_territoire", "code_insee=2A004"},
		{S, "Abeille;81230001000012;;2B033;20200;Bastia", WARN, "hors_territoire", "code_insee=2B033"},
		{S, "Abeille;81230001000012;;20004;20000;Ajaccio", WARN, "code_insee_ancien hors_territoire", "code_insee=2A004"},
		{S, "Abeille;81230001000012;;97411;97400;Saint-Denis", WARN, "hors_territoire", "code_insee=97411"},
		{S, "Abeille;81230001000012;;97999;;", NO, "code_insee_inconnu", NULL},
		{S, "Abeille;81230001000012;;98001;;", NO, "code_insee_inconnu", NULL},
		{S, "Abeille;81230001000012;;00000;;", NO, "code_insee_inconnu", NULL},
		{S, "Abeille;81230001000012;;1004;01500;Ambérieu-en-Bugey", WARN, "zero_initial_perdu hors_territoire", "code_insee=01004"},
		{S, "Abeille;81230001000012;;35112;35560;Le Ferré", WARN, "code_insee_ancien code_postal_commune", "code_insee=35062"},
		{S, "Abeille;81230001000012;;;29600;St-Martin des Champs", OK, "commune_deduite", "code_insee=29254"},
		{S, "Abeille;81230001000012;;;29600;SAINT MARTIN-DES-CHAMPS", OK, "commune_deduite", "commune=Saint-Martin-des-Champs"},
		{S, "Abeille;81230001000012;;;29780;Plouhinec", OK, "commune_deduite", "code_insee=29197"},
		{S, "Abeille;81230001000012;;;56680;Plouhinec", OK, "commune_deduite", "code_insee=56169"},
		{S, "Abeille;81230001000012;;;;Saint-Armel", NO, "commune_ambigue", NULL},
		{S, "Abeille;81230001000012;;;29600;Trifouillis", NO, "code_insee_inconnu", NULL},
		{S, "Abeille;81230001000012;;;29600;", NO, "champ_requis", NULL},
		/* The columns exchanged: the postal code 29151 is no commune's, and 29600 no INSEE code. */
		{S, "Abeille;81230001000012;;29600;29151;Morlaix", NO, "code_insee_inconnu", NULL},
		/* 35210 is both: the commune it names is Pacé, the postal code is Vitré's side. */
		{S, "Abeille;81230001000012;;35210;35500;Vitré", WARN, "code_postal_commune", "code_insee=35210"},
		{S, "Abeille;81230001000012;;29151;2960;Morlaix", WARN, "zero_initial_perdu code_postal_commune", NULL},
		{S, "Abeille;81230001000012;;29151;29200;Morlaix", WARN, "code_postal_commune", "code_postal=29200"},
		{S, "Abeille;81230001000012;;29151;F-29600;Morlaix", NO, "hors_limites", NULL},
		{S, "Abeille;81230001000012;;29083;29990;Île-de-Sein", WARN, "commune_sans_epci", "code_insee=29083"},
		{S, "Abeille;81230001000012;;29155;29242;Ouessant", WARN, "commune_sans_epci", "commune=Ouessant"},
		{"Nom;SIRET;INSEE;EPCI", "Abeille;81230001000012;29151;242900836", NO, "siret_cle", NULL},
		{"Nom;SIRET;INSEE;EPCI", "Abeille;81230001000012;29151;812300010", NO, "hors_limites", NULL},
		{"Nom;SIRET;INSEE;Latitude;Longitude", "Abeille;81230001000012;29151;48,5776;-3,8280", OK, "", "latitude=48.5776"},
		{"Nom;SIRET;INSEE;Latitude;Longitude", "Abeille;81230001000012;29151;-3,8280;48,5776", NO, "coordonnees_invalides", NULL},
		{"Nom;SIRET;INSEE;Latitude;Longitude", "Abeille;81230001000012;29151;48,5776;", NO, "coordonnees_invalides", NULL},
		{"Nom;SIRET;INSEE;Latitude;Longitude", "Abeille;81230001000012;29151;;-3,8", NO, "coordonnees_invalides", NULL},
		{"Nom;SIRET;INSEE;Latitude;Longitude", "Abeille;81230001000012;29151;48.1;-1.7", NO, "coordonnees_invalides", NULL},
		{"Nom;SIRET;INSEE;Latitude;Longitude", "Abeille;81230001000012;29151;91;-3,8", NO, "coordonnees_invalides", NULL},
		{"Nom;SIRET;INSEE;Latitude;Longitude", "Abeille;81230001000012;29151;48°34;-3,8", NO, "coordonnees_invalides", NULL},
	};

	(void)state;
	check_all("structure", cases, COUNT(cases));
}

static void values(void **state)
{
	static const struct hard cases[] = {
		{WITH("APE"), LINE("9499z"), OK, "normalise_naf", "code_naf=94.99Z"},
		{WITH("APE"), LINE("94.99Y"), NO, "naf_inconnu", NULL},
		{WITH("APE"), LINE("94.9"), NO, "naf_inconnu", NULL},
		{WITH("Code juridique"), LINE("9220"), OK, "", "famille_ess=association"},
		{WITH("Code juridique"), LINE("0000"), WARN, "categorie_inconnue", "categorie_juridique=0000"},
		{WITH("Code juridique"), LINE("922"), NO, "valeur_hors_liste", NULL},
		{WITH("Tranche d'effectif"), LINE("00"), OK, "", "tranche_effectif=00"},
		{WITH("Tranche d'effectif"), LINE("04"), NO, "valeur_hors_liste", NULL},
		{WITH("ETP"), LINE("3,5"), OK, "", "effectif_etp=3.5"},
		{WITH("ETP"), LINE("1" NARROW "234,5"), OK, "", "effectif_etp=1234.5"},
		{WITH("ETP"), LINE("-1"), NO, "hors_limites", NULL},
		{WITH("ETP"), LINE("3,55"), NO, "hors_limites", NULL},
		{WITH("Type de SIAE"), LINE("EITI"), OK, "", "siae_type=eiti"},
		{WITH("Type de SIAE"), LINE("esatt"), NO, "valeur_hors_liste", NULL},
		{WITH("Date de création"), LINE("31/02/2020"), NO, "date_invalide", NULL},
		{WITH("Date de création"), LINE("29/02/2023"), NO, "date_invalide", NULL},
		{WITH("Date de création"), LINE("29/02/2024"), OK, "", "date_creation=2024-02-29"},
		{WITH("Date de création"), LINE("1/2/2020"), OK, "", "date_creation=2020-02-01"},
		{WITH("Date de création"), LINE("35990"), WARN, "date_numero_serie_tableur", "date_creation=1998-07-14"},
		{WITH("Date de création"), LINE("14/07/98"), NO, "date_invalide", NULL},
		{WITH("Date de création"), LINE("2020-13-01"), NO, "date_invalide", NULL},
		{WITH("Date de création"), LINE("14/07/1998 00:00:00"), OK, "", "date_creation=1998-07-14"},
		{"Nom;SIRET;INSEE;Date de création;Maj", LINE("02/01/2024;01/01/2024"), NO, "date_invalide", NULL},
		{WITH("Date de création"), LINE("01/01/2190"), NO, "date_invalide", NULL},
		{WITH("Mise à jour"), LINE("2190-01-01"), NO, "date_invalide", NULL},
		{WITH("Tél."), LINE("02.98.88.00.01"), OK, "", "telephone=+33298880001"},
		{WITH("Tél."), LINE("+33 (0)2 98 88 00 01"), OK, "", "telephone=+33298880001"},
		{WITH("Tél."), LINE("0033298880001"), OK, "", "telephone=+33298880001"},
		{WITH("Tél."), LINE("298880001"), WARN, "telephone_incomplet", "telephone=+33298880001"},
		{WITH("Tél."), LINE("0692 12 34 56"), OK, "", "telephone=+262692123456"},
		{WITH("Tél."), LINE("0590123456"), OK, "", "telephone=+590590123456"},
		{WITH("Tél."), LINE("02 98 88 00"), NO, "hors_limites", NULL},
		{WITH("Tél."), LINE("voir mairie"), NO, "hors_limites", NULL},
		{WITH("Mail"), LINE("Contact@Abeille.example"), OK, "", "courriel=Contact@Abeille.example"},
		{WITH("Mail"), LINE("marie.le-goff@abeille.example"), WARN, "courriel_nominatif_donnee_personnelle", NULL},
		{WITH("Mail"), LINE("a@b.example, c@d.example"), NO, "courriel_invalide", NULL},
		{WITH("Mail"), LINE("contact@abeille"), NO, "courriel_invalide", NULL},
		{WITH("Mail"), LINE("contact@.example"), NO, "courriel_invalide", NULL},
		{WITH("ESUS"), LINE("Oui"), OK, "", "esus=oui"},
		{WITH("ESUS"), LINE("peut-être"), NO, "valeur_hors_liste", NULL},
		{WITH("Activités"), LINE("Espaces verts, Énergie"), OK, "", "filieres=espaces_verts|energie"},
		{WITH("Activités"), LINE("poterie"), NO, "valeur_hors_liste", NULL},
		{WITH("Description"), LINE("\"une\r\ndeux\""), OK, "saut_de_ligne_normalise", "description=une\ndeux"},
		{WITH("Description"), LINE("CAF\xc3\x83\xe2\x80\xb0 des arts"), WARN, "double_encodage_suspect", NULL},
		{WITH("Description"), LINE("@SUM(A1)"), WARN, "formule_neutralisee", "description=@SUM(A1)"},
		{WITH("Description"), LINE("a\x01" "b"), NO, "hors_limites", NULL},
		{WITH("Budget"), LINE("1 234,50 €"), OK, "", "extra={\"Budget\":\"1 234,50 €\"}"},
		{WITH("portee"), LINE("tout le monde"), NO, "valeur_hors_liste", NULL},
		{WITH("pole"), LINE("pole-brest"), NO, "autre_pole", NULL},
		{WITH("uid"), LINE("123"), NO, "uid_invalide", NULL},
		{WITH("motif_rejet"), LINE("Mail: courriel_invalide"), OK, "", NULL},
		{WITH("Tél."), LINE("02 98 88 00 01;de trop"), NO, "colonnes_en_trop", NULL},
		{WITH("Tél.;Mail"), "Abeille;81230001000012;29151", OK, "", "nom=Abeille"},
		{"Nom;SIRET;INSEE", "Ab;81230001000012;29151", NO, "hors_limites", NULL},
		{"Nom;SIRET;INSEE", "  ;81230001000012;29151", NO, "nom_vide", NULL},
		{"Nom;SIRET;INSEE", "\"A;\"\"B\"\"\";81230001000012;29151", OK, "", "nom=A;\"B\""},
	};

	(void)state;
	check_all("structure", cases, COUNT(cases));
}

/* Whoever mends a line is told all of it, in the order of its cells; then what contradicts. */
static void several_mistakes(void **state)
{
	static const struct hard cases[] = {
		{"Nom;SIRET;INSEE;Mail;Date de création", "Abeille;8,12346E+13;29151;contact.exemple.fr;31/02/2020", NO,
		 "siret_notation_scientifique courriel_invalide date_invalide", NULL},
		{"Nom;SIRET;CP;Ville", "Abeille;81230001000013;29600;Zzyzx", NO, "siret_cle code_insee_inconnu", NULL},
		{"Nom;SIRET;INSEE;APE;ETP;Tél.", "Ab;12;99999;1;-1;voir mairie", NO,
		 "hors_limites siret_longueur code_insee_inconnu naf_inconnu hors_limites hors_limites", NULL},
	};

	(void)state;
	check_all("structure", cases, COUNT(cases));
}

static void money(void **state)
{
	static const char head[] = "structure_uid;Titre;Filière;Type d'offre;Prix";
	static const struct hard cases[] = {
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;1" NARROW "234,50" NBSP "€", WARN, "reference_inconnue", "prix_cents=123450"},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;1 234 €", WARN, "reference_inconnue", "prix_cents=123400"},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;12,5 EUR", WARN, "reference_inconnue", "prix_cents=1250"},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;-5,00 €", NO, "hors_limites reference_inconnue", NULL},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;1,234 €", NO, "hors_limites reference_inconnue", NULL},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;12 € HT", WARN, "reference_inconnue", "prix_taxe=ht"},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;12,50 € TTC", WARN, "reference_inconnue", "prix_taxe=ttc"},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;12", WARN, "reference_inconnue", "prix_cents=1200"},
		{head, "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;sur devis", NO, "hors_limites reference_inconnue", NULL},
		{"structure_uid;Titre;Filière;Type d'offre;prix_cents", "01KRXWM5TM8TFMG1GG2NRXZBAG;Tri;energie;service;29800", WARN,
		 "reference_inconnue", "prix_cents=29800"},
	};

	(void)state;
	check_all("offre", cases, COUNT(cases));
}

static void lengths(void **state)
{
	char line[1200], name[320];
	struct seen *s = calloc(1, sizeof(*s));
	char codes[2000];

	(void)state;
	assert_non_null(s);
	for (int n = 150; n <= 151; n++) { /* characters, not bytes */
		name[0] = '\0';
		for (int i = 0; i < n; i++)
			strcat(name, "é");
		snprintf(line, sizeof(line), "Nom;SIRET;INSEE\n%s;81230001000012;29151\n", name);
		import_one("structure", slice_str(line), s, codes, sizeof(codes), NULL);
		assert_string_equal(codes, n == 150 ? "" : "texte_trop_long");
	}
	free(s);
}

/* Whole files: dialects, and what is no table at all. */
static void files(void **state)
{
#define ROW "Abeille;81230001000012;29151\n"
	static const struct { const char *file; size_t len; const char *codes, *stored; } cases[] = {
#define FILE_OF(text) text, sizeof(text) - 1
		{FILE_OF("\xef\xbb\xbf" "sep=;\r\nNom;SIRET;INSEE\r\n" ROW), "", "nom=Abeille"},
		{FILE_OF("Nom\tSIRET\tINSEE\nAbeille\t81230001000012\t29151\n"), "", "nom=Abeille"},
		{FILE_OF("Nom,SIRET,INSEE\r\"Abeille, verte\",81230001000012,29151\r"), "", "nom=Abeille, verte"},
		{FILE_OF("Nom;SIRET;INSEE\nL\x92\xc9toile d\x92\x9cuvres;81230001000012;29151\n"), "", "nom=L’Étoile d’œuvres"},
		{FILE_OF("Nom;SIRET;INSEE\nCaf\x81;81230001000012;29151\n"),
		 "! line 2: byte 0x81 exists neither in UTF-8 text nor in Windows-1252; save the file as CSV UTF-8, or say --encoding", NULL},
		{FILE_OF("Nom;SIRET;INSEE\nCaf\x8d\xe9;81230001000012;29151\n"),
		 "! line 2: byte 0x8D exists neither in UTF-8 text nor in Windows-1252; save the file as CSV UTF-8, or say --encoding", NULL},
		{FILE_OF("\xff\xfeN\0o\0m\0\t\0S\0I\0R\0E\0T\0\t\0I\0N\0S\0E\0E\0\r\0\n\0\xc9\0t\0\x53\x01\t\0"
			 "8\0001\0002\0003\0000\0000\0000\0001\0000\0000\0000\0000\0001\0002\0\t\0002\0009\0001\0005\0001\0\r\0\n\0"),
		 "", "nom=Étœ"},
		{FILE_OF("\xff\xfeN\0o"), "! the file begins as UTF-16 but is not; save it as CSV UTF-8", NULL},
		{FILE_OF(""), "! the file is empty: no header", NULL},
		{FILE_OF("\xef\xbb\xbf\r\n\r\n"), "! the file is empty: no header", NULL},
		{FILE_OF("Nom;SIRET;INSEE\n"), "", NULL},
		{FILE_OF("Truc;Machin\n1;2\n"), "! no column of this kind of record is recognised in the first line", NULL},
		{FILE_OF("Nom;Raison sociale;SIRET;INSEE\nA;B;1;2\n"), "! columns \"Nom\" and \"Raison sociale\" are the same field", NULL},
		{FILE_OF("Nom;SIRET;INSEE;Note;Note\nAbeille;81230001000012;29151;un;deux\n"), "",
		 "extra={\"Note\":\"un\",\"Note (5)\":\"deux\"}"},
		{FILE_OF("Nom;SIRET;INSEE;\nAbeille;81230001000012;29151;vu\n"), "", "extra={\"colonne 4\":\"vu\"}"},
		{FILE_OF("\nNom;SIRET;INSEE\n\n" ROW "\n"), "", "nom=Abeille"},
	};
	struct seen *s = calloc(1, sizeof(*s));
	char codes[2000], wanted[400];

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < COUNT(cases); i++) {
		import_one("structure", SLICE(cases[i].file, cases[i].len), s, codes, sizeof(codes), NULL);
		if (strcmp(codes, cases[i].codes) != 0)
			print_error("file %zu: %.40s\n", i, cases[i].file);
		assert_string_equal(codes, cases[i].codes);
		assert_int_equal(s->written, cases[i].stored != NULL);
		snprintf(wanted, sizeof(wanted), "\n%s\n", cases[i].stored ? cases[i].stored : "");
		if (cases[i].stored && strstr(s->values, wanted) == NULL)
			print_error("file %zu: wanted %s, got %s\n", i, wanted, s->values);
		assert_true(cases[i].stored == NULL || strstr(s->values, wanted) != NULL);
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifiers), cmocka_unit_test(places), cmocka_unit_test(values),
		cmocka_unit_test(several_mistakes), cmocka_unit_test(money), cmocka_unit_test(lengths), cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
