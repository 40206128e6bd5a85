/* SPDX-License-Identifier: Apache-2.0
 *
 * Structures that a hub could hold: record i is a function of i. */
#include <stdio.h>
#include "tests/bench/bench.h"
#include "common/bytes.h"

static const char *const names[] = {"L'Atelier de l'Aber", "Ressourcerie du Bocage", "Les Jardins de la Dune",
				    "Café associatif du Vieux Port", "Club nautique des Grèves", "SCOP du Chêne Creux",
				    "Épicerie sociale de l'Écluse", "Compagnie des Quatre Vents", "Entraide des Hêtres",
				    "Maison de l'enfance de la Ria", "CUMA du Kreisker", "Foyer rural de la Lande"};
static const char *const filieres[] = {"alimentation_circuits_courts", "dechets_reemploi", "espaces_verts", "numerique",
				       "culture_evenementiel", "services_personne", "mer_littoral", "tourisme"};

static int luhn(const char *digits, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		int d = digits[n - 1 - i] - '0';

		if (i % 2 == 0) {
			d *= 2;
			d = d > 9 ? d - 9 : d;
		}
		sum += d;
	}
	return (10 - sum % 10) % 10;
}

void rows_write(const char *path, const char *pole, int64_t count)
{
	FILE *f = fopen(path, "w");

	if (!f)
		bench_die(path);
	fputs("uid,pole,type_acteur,nom,siret,rna,filieres,tranche_effectif,adresse,code_postal,code_insee,latitude,longitude,"
	      "telephone,courriel,site_web,description,date_creation,statut_diffusion,etat,portee,date_maj\n", f);
	for (int64_t i = 0; i < count; i++) {
		uint8_t uid[16];
		char text[ULID_LEN + 1], siret[24];

		be_write(uid, 1700000000000ull + (uint64_t)i * 37, 6);
		be_write(uid + 6, (uint64_t)i * 0x9e3779b97f4a7c15ull, 8);
		be_write(uid + 14, (uint64_t)i, 2);
		ulid_encode(uid, text);
		snprintf(siret, sizeof siret, "%08lld", 30000000ll + (long long)(i * 7919 % 60000000));
		siret[8] = (char)('0' + luhn(siret, 8));
		snprintf(siret + 9, 8, "0001");
		siret[13] = (char)('0' + luhn(siret, 13));
		siret[14] = 0;
		fprintf(f, "%s,%s,ess,%s n° %lld,%s,,%s,%s,%lld rue de l'Église,29600,29151,%.5f,%.5f,+3326191%04lld,"
			   "contact%lld@structure.example,www.structure%lld.example,"
			   "\"Acteur de l'ESS à Morlaix ; accueil, ateliers et entraide, fiche %lld du répertoire.\","
			   "%04lld-%02lld-15,O,active,%s,2026-0%lld-1%lld\n",
			text, pole, names[i % 12], (long long)i, siret, filieres[i % 8], i % 3 ? "01" : "NN",
			(long long)(i % 180 + 1), 48.54 + (double)(i % 80) / 1000, -3.87 + (double)(i % 90) / 1000,
			(long long)(i % 10000), (long long)i, (long long)i, (long long)i, 1950 + (long long)(i % 70),
			1 + (long long)(i % 12), i % 5 ? "public" : "federation", 1 + (long long)(i % 9), (long long)(i % 10));
	}
	if (fclose(f) != 0)
		bench_die(path);
}
