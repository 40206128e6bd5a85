/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/search/score.h"

#define TODAY "2026-11-01"

/* The worked example of domain.md: 6975. */
struct world {
	struct score_need need;
	struct score_offer offer;
	struct score_relation at;
};

static struct slice s(const char *text)
{
	return slice_str(text);
}

static struct world example(void)
{
	return (struct world){
		.need = {.statut = s("ouvert"), .siren = s("812300010"), .filieres = s("espaces_verts"), .type = s("achat"),
			 .date_limite = s("2026-12-31"), .prix_unite = s("forfait"), .budget_cents = 100000,
			 .delai_max_jours = 15, .rayon_max_km = 50,
			 .weight = {SCORE_NONE, SCORE_NONE, SCORE_NONE, SCORE_NONE, SCORE_NONE, SCORE_NONE}},
		.offer = {.statut = s("active"), .siren = s("812300028"), .filieres = s("espaces_verts"), .type = s("service"),
			  .valide_du = s("2026-01-01"), .valide_au = s("2027-01-01"), .prix_unite = s("forfait"),
			  .prix_cents = 95000, .delai_jours = 7, .rayon_km = 30, .nb_avis = 4, .somme_avis = 18,
			  .statut_social = s("siae"), .charte_ethique = true},
		.at = {.level = LEVEL_PAYS, .km = 12},
	};
}

static struct score scored(const struct world *w)
{
	return score_offer(&w->need, &w->offer, &w->at, s(TODAY));
}

static void the_worked_example_comes_out(void **state)
{
	struct world w = example();
	struct score got = scored(&w);
	static const int wanted[SCORE_CRITERIA] = {87, 70, 0, 100, 70, 100};

	(void)state;
	assert_int_equal(got.filter, FILTER_NONE);
	assert_memory_equal(got.sub, wanted, sizeof(wanted));
	assert_int_equal(got.total, 6975);
	assert_int_equal(got.unknown, 0);
}

/* --- filters --- */

static void apply(struct world *w, const char *what, const char *value)
{
	int64_t n = strtoll(value, NULL, 10);

	if (!strcmp(what, "besoin"))
		w->need.statut = s(value);
	else if (!strcmp(what, "offre"))
		w->offer.statut = s(value);
	else if (!strcmp(what, "siren"))
		w->offer.siren = s(value);
	else if (!strcmp(what, "siren_besoin"))
		w->need.siren = s(value);
	else if (!strcmp(what, "meme"))
		w->at.same_structure = true;
	else if (!strcmp(what, "filieres"))
		w->offer.filieres = s(value);
	else if (!strcmp(what, "filieres_besoin"))
		w->need.filieres = s(value);
	else if (!strcmp(what, "type"))
		w->offer.type = s(value);
	else if (!strcmp(what, "type_besoin"))
		w->need.type = s(value);
	else if (!strcmp(what, "au"))
		w->offer.valide_au = s(value);
	else if (!strcmp(what, "du"))
		w->offer.valide_du = s(value);
	else if (!strcmp(what, "limite"))
		w->need.date_limite = s(value);
	else if (!strcmp(what, "km"))
		w->at.km = n;
	else if (!strcmp(what, "niveau"))
		w->at.level = score_level_named(s(value));
	else if (!strcmp(what, "rayon"))
		w->offer.rayon_km = n;
	else if (!strcmp(what, "rayon_besoin"))
		w->need.rayon_max_km = n;
	else if (!strcmp(what, "siae"))
		w->need.siae_exige = true;
	else if (!strcmp(what, "social"))
		w->offer.statut_social = s(value);
	else if (!strcmp(what, "charte"))
		w->offer.charte_ethique = n != 0;
	else if (!strcmp(what, "prix"))
		w->offer.prix_cents = n;
	else if (!strcmp(what, "unite"))
		w->offer.prix_unite = s(value);
	else if (!strcmp(what, "unite_besoin"))
		w->need.prix_unite = s(value);
	else if (!strcmp(what, "budget"))
		w->need.budget_cents = n;
	else if (!strcmp(what, "avis"))
		w->offer.nb_avis = n;
	else if (!strcmp(what, "somme"))
		w->offer.somme_avis = n;
	else if (!strcmp(what, "certif"))
		w->offer.certif_qualite = true;
	else if (!strcmp(what, "verifies"))
		w->offer.labels_verifies = s(value);
	else if (!strcmp(what, "declares"))
		w->offer.labels_declares = s(value);
	else if (!strcmp(what, "delai"))
		w->offer.delai_jours = n;
	else if (!strcmp(what, "delai_besoin"))
		w->need.delai_max_jours = n;
	else
		fail_msg("unknown change %s", what);
}

/* "km=51 rayon=100": a copy is cut in place and kept, since slices borrow it. */
static void apply_all(struct world *w, const char *changes, char copy[256])
{
	char *save = NULL;

	snprintf(copy, 256, "%s", changes);
	for (char *one = strtok_r(copy, " ", &save); one; one = strtok_r(NULL, " ", &save)) {
		char *equal = strchr(one, '=');

		assert_non_null(equal);
		*equal = '\0';
		apply(w, one, equal + 1);
	}
}

static void an_offer_is_set_aside_for_the_first_reason(void **state)
{
	static const struct {
		const char *changes, *reason;
	} cases[] = {
		{"besoin=pourvu", "besoin_ferme"},
		{"besoin=expire", "besoin_ferme"},
		{"besoin=", ""}, /* nobody closed it */
		{"offre=suspendue", "offre_inactive"},
		{"offre=archivee", "offre_inactive"},
		{"offre=", ""},
		{"siren=812300010", "meme_unite_legale"},
		{"siren= siren_besoin=", ""}, /* two associations without a SIREN are not one */
		{"meme=1 siren= siren_besoin=", "meme_unite_legale"},
		{"filieres=numerique", "filiere"},
		{"filieres=numerique|espaces_verts", ""},
		{"filieres=numerique|espaces_verts filieres_besoin=proprete|numerique", ""},
		{"filieres=espaces", "filiere"}, /* a prefix is another code */
		{"filieres= filieres_besoin=", "filiere"},
		{"type=bien", ""},
		{"type=mise_a_disposition", ""},
		{"type=local", ""},
		{"type=competence", "type"},
		{"type=formation", "type"},
		{"type_besoin=local", "type"},
		{"type_besoin=local type=local", ""},
		{"type_besoin=competence", ""},
		{"type_besoin=competence type=competence", ""},
		{"type_besoin=competence type=bien", "type"},
		{"type_besoin=partenariat type=competence", ""},
		{"type_besoin=partenariat type=formation", "type"},
		{"type_besoin=recrutement", "type"},
		{"type_besoin=recrutement type=mise_a_disposition", ""},
		{"type_besoin=formation", ""},
		{"type_besoin=formation type=competence", ""},
		{"type_besoin=mecenat", "type"},
		{"type_besoin=mecenat type=bien", ""},
		{"type_besoin=benevolat", "type"},
		{"type_besoin=benevolat type=competence", ""},
		{"type_besoin=financement", "type"},
		{"type_besoin=troc", "type"}, /* a later code */
		{"au=2026-10-31", "offre_expiree"},
		{"au=2026-11-01", ""},
		{"au=", ""},
		{"limite=2026-10-31", "besoin_expire"},
		{"limite=2026-11-01", ""},
		{"limite=", ""},
		{"du=2027-01-01", "offre_trop_tardive"},
		{"du=2026-12-31", ""}, /* begins later than today, still in time */
		{"du=2027-01-01 limite=", ""},
		{"du=", ""},
		{"km=31 niveau=departement", "hors_zone_offre"},
		{"km=30 niveau=departement", ""},
		{"km=31 niveau=pays", "hors_zone_offre"},
		{"km=31 niveau=epci", ""},
		{"km=31 niveau=commune", ""},
		{"km=31 niveau=departement rayon=-1", ""},
		{"km=1 niveau=departement rayon=0", "hors_zone_offre"},
		{"km=0 niveau=departement rayon=0", ""},
		{"km=51 niveau=departement rayon=100", "hors_rayon_besoin"},
		{"km=50 niveau=departement rayon=100", ""},
		{"km=51 niveau=epci", "hors_rayon_besoin"}, /* one EPCI is within the offer's zone, not the need's */
		{"km=51 niveau=commune", ""},
		{"km=51 niveau=departement rayon=100 rayon_besoin=-1", ""},
		{"km=-1 niveau=departement", ""}, /* nobody knows how far */
		{"km=-1 niveau=", ""},
		{"siae=1", ""},
		{"siae=1 social=ea_esat", ""},
		{"siae=1 social=esus", "siae_exigee"},
		{"siae=1 social=", "siae_exigee"},
		/* the order */
		{"besoin=pourvu offre=suspendue siren=812300010", "besoin_ferme"},
		{"offre=suspendue siren=812300010 filieres=numerique", "offre_inactive"},
		{"siren=812300010 filieres=numerique type=formation", "meme_unite_legale"},
		{"filieres=numerique type=formation au=2026-10-31", "filiere"},
		{"type=formation au=2026-10-31 limite=2026-10-31", "type"},
		{"au=2026-10-31 limite=2026-10-31 du=2026-10-31", "offre_expiree"},
		{"limite=2026-10-31 du=2027-01-01", "besoin_expire"},
		{"du=2027-01-01 km=60 niveau=", "offre_trop_tardive"},
		{"km=60 niveau= siae=1 social=", "hors_zone_offre"},
		{"km=60 niveau= rayon=100 siae=1 social=", "hors_rayon_besoin"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w = example();
		char copy[256];

		apply_all(&w, cases[i].changes, copy);
		print_message("%s\n", cases[i].changes);
		assert_string_equal(score_filter_name(scored(&w).filter), cases[i].reason);
	}
}

/* --- sub-scores --- */

static void each_criterion_has_its_points(void **state)
{
	static const struct {
		const char *changes;
		enum score_criterion which;
		int points;
		bool unknown;
	} cases[] = {
		{"avis=0 somme=0", SCORE_QUALITE, 50, true},
		{"avis=-1 somme=-1", SCORE_QUALITE, 50, true},
		{"avis=0 somme=0 certif=1", SCORE_QUALITE, 60, true},
		{"avis=1 somme=5", SCORE_QUALITE, 100, false},
		{"avis=1 somme=5 certif=1", SCORE_QUALITE, 100, false},
		{"avis=3 somme=3", SCORE_QUALITE, 0, false},
		{"avis=3 somme=3 certif=1", SCORE_QUALITE, 10, false},
		{"avis=3 somme=10", SCORE_QUALITE, 58, false}, /* 58.3 */
		{"avis=3 somme=1", SCORE_QUALITE, 0, false}, /* impossible, and no negative score */
		{"avis=3 somme=99", SCORE_QUALITE, 100, false},
		{"prix=0", SCORE_PRIX, 100, false},
		{"prix=80000", SCORE_PRIX, 100, false},
		{"prix=80999", SCORE_PRIX, 100, false}, /* r rounds down */
		{"prix=81000", SCORE_PRIX, 98, false},
		{"prix=100999", SCORE_PRIX, 60, false},
		{"prix=101000", SCORE_PRIX, 57, false}, /* 57.6 */
		{"prix=124000", SCORE_PRIX, 2, false},
		{"prix=125000", SCORE_PRIX, 0, false},
		{"prix=900000000000", SCORE_PRIX, 0, false},
		{"prix=-1", SCORE_PRIX, 50, true},
		{"budget=-1", SCORE_PRIX, 50, true},
		{"budget=0", SCORE_PRIX, 50, true},
		{"unite=jour", SCORE_PRIX, 50, true},
		{"unite=", SCORE_PRIX, 50, true},
		{"unite= unite_besoin=", SCORE_PRIX, 70, false},
		{"verifies=", SCORE_ENVIRONNEMENT, 0, false},
		{"verifies=emas", SCORE_ENVIRONNEMENT, 60, false},
		{"declares=ecodefis", SCORE_ENVIRONNEMENT, 12, false},
		{"declares=ecodefis|ab", SCORE_ENVIRONNEMENT, 32, false},
		{"verifies=ab declares=ab|rge", SCORE_ENVIRONNEMENT, 60, false},
		{"verifies=ab|ab", SCORE_ENVIRONNEMENT, 40, false},
		{"verifies=emas|iso14001", SCORE_ENVIRONNEMENT, 100, false},
		{"verifies=max_havelaar|label_rse_verifie", SCORE_ENVIRONNEMENT, 0, false},
		{"social=siae charte=0", SCORE_SOCIAL, 100, false},
		{"social=siae", SCORE_SOCIAL, 100, false},
		{"social=ea_esat charte=0", SCORE_SOCIAL, 100, false},
		{"social=esus charte=0", SCORE_SOCIAL, 80, false},
		{"social=esus", SCORE_SOCIAL, 90, false},
		{"social=ess", SCORE_SOCIAL, 70, false},
		{"social=rse_verifie", SCORE_SOCIAL, 50, false},
		{"social=", SCORE_SOCIAL, 10, false},
		{"social= charte=0", SCORE_SOCIAL, 0, false},
		{"niveau=commune km=3", SCORE_PROXIMITE, 100, false},
		{"niveau=commune km=-1", SCORE_PROXIMITE, 100, false},
		{"niveau=epci km=9", SCORE_PROXIMITE, 85, false},
		{"niveau=pays km=-1", SCORE_PROXIMITE, 70, false},
		{"niveau=departement km=25", SCORE_PROXIMITE, 58, false},
		{"niveau=departement km=0", SCORE_PROXIMITE, 70, false},
		{"niveau=departement km=-1", SCORE_PROXIMITE, 40, false},
		{"niveau=region km=-1", SCORE_PROXIMITE, 20, false},
		{"niveau=region km=30", SCORE_PROXIMITE, 55, false},
		{"niveau= km=10", SCORE_PROXIMITE, 65, false},
		{"niveau= km=-1", SCORE_PROXIMITE, 0, true},
		{"niveau=region km=141 rayon=-1 rayon_besoin=-1", SCORE_PROXIMITE, 0, false},
		{"niveau=region km=900 rayon=-1 rayon_besoin=-1", SCORE_PROXIMITE, 0, false},
		{"delai=15", SCORE_DELAI, 100, false},
		{"delai=16", SCORE_DELAI, 50, false},
		{"delai=30", SCORE_DELAI, 50, false},
		{"delai=31", SCORE_DELAI, 0, false},
		{"delai=-1", SCORE_DELAI, 50, true},
		{"delai_besoin=-1", SCORE_DELAI, 50, true},
		{"delai=0 delai_besoin=0", SCORE_DELAI, 100, false},
		{"delai=1 delai_besoin=0", SCORE_DELAI, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w = example();
		struct score got;
		char copy[256];

		apply_all(&w, cases[i].changes, copy);
		got = scored(&w);
		print_message("%s\n", cases[i].changes);
		assert_int_equal(got.filter, FILTER_NONE);
		assert_int_equal(got.sub[cases[i].which], cases[i].points);
		assert_int_equal(got.unknown >> cases[i].which & 1, cases[i].unknown);
	}
}

/* --- weights --- */

static void by_default_proximity_counts_more_than_delay(void **state)
{
	int sum = 0;

	(void)state;
	for (int i = 0; i < SCORE_CRITERIA; i++)
		sum += score_weights[i];
	assert_int_equal(sum, 100);
	assert_int_equal(score_weights[SCORE_PROXIMITE], 15);
	assert_int_equal(score_weights[SCORE_DELAI], 5);
}

static void the_need_may_change_the_weights(void **state)
{
	enum { N = SCORE_NONE };
	static const struct {
		int64_t given[SCORE_CRITERIA];
		int weight[SCORE_CRITERIA];
		bool taken;
	} cases[] = {
		{{N, N, N, N, N, N}, {25, 25, 15, 15, 15, 5}, true},
		{{20, 15, 30, 20, 15, 0}, {20, 15, 30, 20, 15, 0}, true},
		{{50, 50, N, N, N, N}, {50, 50, 0, 0, 0, 0}, true},
		{{20, 30, N, N, N, N}, {20, 30, 15, 15, 15, 5}, true},
		{{30, 30, N, N, N, N}, {25, 25, 15, 15, 15, 5}, false},
		{{100, 100, 0, 0, 0, 0}, {25, 25, 15, 15, 15, 5}, false},
		{{0, 0, 0, 0, 0, 0}, {25, 25, 15, 15, 15, 5}, false},
		{{101, 0, 0, 0, 0, N}, {25, 25, 15, 15, 15, 5}, false},
		{{0, 0, 0, 0, 100, 0}, {0, 0, 0, 0, 100, 0}, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got[SCORE_CRITERIA];

		assert_int_equal(score_weigh(cases[i].given, got), cases[i].taken);
		assert_memory_equal(got, cases[i].weight, sizeof(got));
	}
}

/* --- what holds whatever the facts --- */

static void a_cheaper_offer_never_scores_less_on_price(void **state)
{
	struct world w = example();
	int last = 100;

	(void)state;
	for (int64_t price = 0; price < 200000; price += 137) {
		w.offer.prix_cents = price;
		int now = scored(&w).sub[SCORE_PRIX];

		assert_in_range(now, 0, last);
		last = now;
	}
	assert_int_equal(last, 0);
}

static void a_verified_label_never_lowers_a_score(void **state)
{
	static const char *const all[] = {"emas", "ecolabel_europeen", "iso14001", "demeter", "ab", "nature_progres", "imprim_vert",
					  "rge", "ecodefis", "label_rse_verifie", "iso9001", "qualiopi", "inconnu"};
	struct world w = example();
	struct buf verified;

	(void)state;
	buf_init(&verified, 4096);
	w.offer.labels_declares = s("ab|emas|rge");
	for (size_t first = 0; first < 13; first++) {
		int last = 0;

		buf_clear(&verified);
		for (size_t i = 0; i < 13; i++) {
			w.offer.labels_verifies = buf_slice(&verified);
			int now = scored(&w).total;

			assert_true(now >= last);
			last = now;
			buf_printf(&verified, "%s%s", i ? "|" : "", all[(first + i) % 13]);
		}
	}
	buf_done(&verified);
}

static void a_nearer_offer_never_scores_less_on_proximity(void **state)
{
	struct world w = example();
	int last = 100;

	(void)state;
	w.offer.rayon_km = w.need.rayon_max_km = SCORE_NONE;
	w.at.level = LEVEL_DEPARTEMENT;
	for (w.at.km = 0; w.at.km < 1000; w.at.km++) {
		int now = scored(&w).sub[SCORE_PROXIMITE];

		assert_in_range(now, 0, last);
		last = now;
	}
}

#define STANDINGS 7

static int order(const void *a, const void *b)
{
	return score_order(a, b);
}

static void swap(struct score_standing *a, struct score_standing *b)
{
	struct score_standing c = *a;

	*a = *b;
	*b = c;
}

/* Heap's permutations of the first n; each must sort into `wanted`. */
static void sort_each(struct score_standing *at, size_t n, const struct score_standing *wanted)
{
	struct score_standing copy[STANDINGS];

	if (n == 1) {
		memcpy(copy, at, sizeof(copy));
		qsort(copy, STANDINGS, sizeof(*copy), order);
		assert_memory_equal(copy, wanted, sizeof(copy));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		sort_each(at, n - 1, wanted);
		swap(&at[n % 2 ? 0 : i], &at[n - 1]);
	}
}

static void offers_in_any_order_are_ranked_the_same(void **state)
{
	static const struct score_standing wanted[STANDINGS] = {
		{7000, 50, 90, "Z", "b"}, {6975, 85, 90, "Z", "b"}, {6975, 70, 12, "C", "a"}, {6975, 70, 13, "A", "a"},
		{6975, 70, 13, "B", "a"}, {6975, 70, 13, "B", "b"}, {6975, 70, SCORE_NONE, "A", "a"},
	};
	struct score_standing at[STANDINGS];

	(void)state;
	memcpy(at, wanted, sizeof(at));
	sort_each(at, STANDINGS, wanted);
}

static void a_list_is_read_item_by_item(void **state)
{
	struct slice rest = s("a||bc"), item;

	(void)state;
	assert_true(score_list_next(&rest, &item) && slice_eq(item, s("a")));
	assert_true(score_list_next(&rest, &item) && item.len == 0);
	assert_true(score_list_next(&rest, &item) && slice_eq(item, s("bc")));
	assert_false(score_list_next(&rest, &item));
	assert_true(score_labels_say(s("ab|qualiopi"), LABEL_QUALITE));
	assert_false(score_labels_say(s("ab|emas"), LABEL_QUALITE));
	assert_true(score_labels_say(s("label_rse_verifie"), LABEL_RSE));
	assert_false(score_labels_say(SLICE_NONE, LABEL_RSE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worked_example_comes_out),
		cmocka_unit_test(an_offer_is_set_aside_for_the_first_reason),
		cmocka_unit_test(each_criterion_has_its_points),
		cmocka_unit_test(by_default_proximity_counts_more_than_delay),
		cmocka_unit_test(the_need_may_change_the_weights),
		cmocka_unit_test(a_cheaper_offer_never_scores_less_on_price),
		cmocka_unit_test(a_verified_label_never_lowers_a_score),
		cmocka_unit_test(a_nearer_offer_never_scores_less_on_proximity),
		cmocka_unit_test(offers_in_any_order_are_ranked_the_same),
		cmocka_unit_test(a_list_is_read_item_by_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
