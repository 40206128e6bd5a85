/* SPDX-License-Identifier: Apache-2.0
 *
 * How well an offer fits a need: domain.md part 7, scale "v1". Pure: no SQL, no
 * clock, integers only; the same facts give the same score on every node.
 *
 *     need, offer, relation, today -> a reason to set the offer aside
 *                                   | six sub-scores 0..100, weighted: total 0..10000
 *
 * Every division rounds down. What is not known scores as its criterion says and is
 * named in `unknown`. A score is shown with its proofs, never stored, never public.
 *
 * Texts are borrowed. An absent text is empty, an absent number SCORE_NONE. Lists are
 * as in SQL: a|b|c. Dates are ISO; the day on a boundary is still inside. */
#ifndef DAEMON_SCORE_H
#define DAEMON_SCORE_H

#include "common/bytes.h"

#define SCORE_SCALE "v1"
#define SCORE_NONE (-1) /* an absent number */
#define SCORE_NUMBER_MAX 1000000000000000 /* cents, km, days, opinions: at most */

enum score_criterion {
	SCORE_QUALITE, SCORE_PRIX, SCORE_ENVIRONNEMENT, SCORE_SOCIAL, SCORE_PROXIMITE, SCORE_DELAI,
	SCORE_CRITERIA
};
extern const char *const score_criteria[SCORE_CRITERIA]; /* "qualite" */
extern const int score_weights[SCORE_CRITERIA]; /* where the need has none */

/* Why an offer is set aside: the first that applies. */
enum score_filter {
	FILTER_NONE, FILTER_BESOIN_FERME, FILTER_OFFRE_INACTIVE, FILTER_MEME_UNITE_LEGALE, FILTER_FILIERE, FILTER_TYPE,
	FILTER_OFFRE_EXPIREE, FILTER_BESOIN_EXPIRE, FILTER_OFFRE_TROP_TARDIVE, FILTER_HORS_ZONE_OFFRE,
	FILTER_HORS_RAYON_BESOIN, FILTER_SIAE_EXIGEE, FILTER_COUNT
};
const char *score_filter_name(enum score_filter f); /* "hors_zone_offre"; FILTER_NONE: "" */

/* The smallest area that holds both, nearest first. */
enum score_level {
	LEVEL_NONE, LEVEL_COMMUNE, LEVEL_EPCI, LEVEL_PAYS, LEVEL_DEPARTEMENT, LEVEL_REGION, LEVEL_COUNT
};
const char *score_level_name(enum score_level l); /* "departement"; LEVEL_NONE: "" */
enum score_level score_level_named(struct slice name);

struct score_need {
	struct slice statut; /* empty: open */
	struct slice siren, filieres, type, date_limite, prix_unite;
	int64_t budget_cents, delai_max_jours, rayon_max_km;
	int64_t weight[SCORE_CRITERIA]; /* SCORE_NONE: unset */
	bool siae_exige;
};
struct score_offer {
	struct slice statut; /* empty: active */
	struct slice siren, filieres, type, valide_du, valide_au, prix_unite;
	int64_t prix_cents, delai_jours, rayon_km, nb_avis, somme_avis;
	struct slice labels_verifies, labels_declares;
	struct slice statut_social; /* siae, ea_esat, esus, ess, rse_verifie, or empty */
	bool certif_qualite, charte_ethique;
};
struct score_relation {
	enum score_level level;
	int64_t km; /* great circle, to the nearest */
	bool same_structure; /* one legal unit, whatever their SIREN say */
};
struct score {
	enum score_filter filter; /* but FILTER_NONE: nothing below counts */
	int sub[SCORE_CRITERIA], weight[SCORE_CRITERIA];
	int total; /* sum of weight x sub */
	unsigned unknown; /* bit n: criterion n */
};
struct score score_offer(const struct score_need *need, const struct score_offer *offer,
			 const struct score_relation *relation, struct slice today);

/* What orders those that are kept: by total, proximity, distance (an unknown one last),
 * uid, hub. Never 0 for two records. */
struct score_standing {
	int total, proximite;
	int64_t km;
	const char *uid, *pole;
};
int score_order(const struct score_standing *a, const struct score_standing *b);

/* The weights that count: the need's. Those it leaves unset are 0 where the others sum
 * to 100, else the scale's. False where that does not make 100: the scale's stand. */
bool score_weigh(const int64_t given[SCORE_CRITERIA], int out[SCORE_CRITERIA]);
/* What a label stands for besides its points. */
enum score_label { LABEL_ENVIRONNEMENT, LABEL_QUALITE, LABEL_RSE };
bool score_labels_say(struct slice labels, enum score_label what);

/* The next item of a|b|c, *rest moving behind it; false at the end. */
bool score_list_next(struct slice *rest, struct slice *item);
bool score_list_has(struct slice list, struct slice item);

#endif
