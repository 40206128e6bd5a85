/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/search/score.h"

#include <string.h>

const char *const score_criteria[SCORE_CRITERIA] = {"qualite", "prix", "environnement", "social", "proximite", "delai"};
const int score_weights[SCORE_CRITERIA] = {25, 25, 15, 15, 15, 5};

/* --- the facts of scale v1 --- */

/* What a need of a type takes; financement is in no row: people deal with it. */
static const struct {
	const char *need, *offers;
} compatible[] = {
	{"achat", "bien|service|mise_a_disposition|local"},
	{"local", "local"},
	{"competence", "competence|service"},
	{"partenariat", "service|bien|competence|mise_a_disposition|local"},
	{"recrutement", "mise_a_disposition"},
	{"formation", "service|competence"},
	{"mecenat", "competence|mise_a_disposition|bien"},
	{"benevolat", "competence"},
};

static const struct {
	const char *code;
	enum score_label what;
	int points; /* for the environment, where verified */
} labels[] = {
	{"emas", LABEL_ENVIRONNEMENT, 60},
	{"ecolabel_europeen", LABEL_ENVIRONNEMENT, 50},
	{"iso14001", LABEL_ENVIRONNEMENT, 50},
	{"demeter", LABEL_ENVIRONNEMENT, 50},
	{"ab", LABEL_ENVIRONNEMENT, 40},
	{"nature_progres", LABEL_ENVIRONNEMENT, 40},
	{"imprim_vert", LABEL_ENVIRONNEMENT, 40},
	{"rge", LABEL_ENVIRONNEMENT, 40},
	{"ecodefis", LABEL_ENVIRONNEMENT, 25},
	{"label_rse_verifie", LABEL_RSE, 0},
	{"iso9001", LABEL_QUALITE, 0},
	{"qualiopi", LABEL_QUALITE, 0},
};
#define LABELS (sizeof(labels) / sizeof(labels[0]))

static const struct {
	const char *statut;
	int points;
	bool siae;
} social[] = {
	{"siae", 100, true}, {"ea_esat", 100, true}, {"esus", 80, false}, {"ess", 60, false}, {"rse_verifie", 40, false},
};
#define SOCIAL (sizeof(social) / sizeof(social[0]))

/* `far`: without coordinates; SCORE_NONE: the level alone says it. */
static const struct {
	const char *name;
	int near, far;
} levels[LEVEL_COUNT] = {
	[LEVEL_NONE] = {"", SCORE_NONE, SCORE_NONE},
	[LEVEL_COMMUNE] = {"commune", 100, 100},
	[LEVEL_EPCI] = {"epci", 85, 85},
	[LEVEL_PAYS] = {"pays", 70, 70},
	[LEVEL_DEPARTEMENT] = {"departement", SCORE_NONE, 40},
	[LEVEL_REGION] = {"region", SCORE_NONE, 20},
};

enum {
	UNKNOWN_HALF = 50, /* what is not known is neither good nor bad */
	CERTIFIED = 10, /* a quality certification, on top */
	CHARTERED = 10, /* the ethical charter, on top */
	KM_FROM = 70, /* beyond the Pays, less one point for each 2 km */
};

/* --- lists --- */

bool score_list_next(struct slice *rest, struct slice *item)
{
	const uint8_t *bar;

	if (rest->len == 0)
		return false;
	bar = memchr(rest->p, '|', rest->len);
	*item = SLICE(rest->p, bar ? (size_t)(bar - rest->p) : rest->len);
	*rest = bar ? SLICE(bar + 1, rest->len - item->len - 1) : SLICE_NONE;
	return true;
}

bool score_list_has(struct slice list, struct slice item)
{
	struct slice one;

	while (score_list_next(&list, &one))
		if (slice_eq(one, item))
			return true;
	return false;
}

static bool lists_meet(struct slice a, struct slice b)
{
	struct slice one;

	while (score_list_next(&a, &one))
		if (one.len > 0 && score_list_has(b, one))
			return true;
	return false;
}

/* Bit n: the list names label n, however often. */
static unsigned labels_of(struct slice list)
{
	unsigned found = 0;
	struct slice one;

	while (score_list_next(&list, &one))
		for (size_t i = 0; i < LABELS; i++)
			if (slice_eq(one, slice_str(labels[i].code)))
				found |= 1u << i;
	return found;
}

bool score_labels_say(struct slice list, enum score_label what)
{
	unsigned found = labels_of(list);

	for (size_t i = 0; i < LABELS; i++)
		if (labels[i].what == what && (found >> i & 1))
			return true;
	return false;
}

/* --- the filters --- */

struct pair {
	const struct score_need *need;
	const struct score_offer *offer;
	const struct score_relation *at;
	struct slice today;
};

static bool is_not(struct slice statut, const char *open)
{
	return statut.len > 0 && !slice_eq(statut, slice_str(open));
}

static bool after(struct slice a, struct slice b)
{
	return a.len > 0 && b.len > 0 && slice_cmp(a, b) > 0;
}

/* Only a distance that is known can be too far. */
static bool beyond(int64_t km, int64_t radius)
{
	return km != SCORE_NONE && radius != SCORE_NONE && km > radius;
}

static bool need_closed(const struct pair *p)
{
	return is_not(p->need->statut, "ouvert");
}

static bool offer_inactive(const struct pair *p)
{
	return is_not(p->offer->statut, "active");
}

static bool same_unit(const struct pair *p)
{
	return p->at->same_structure || (p->need->siren.len > 0 && slice_eq(p->need->siren, p->offer->siren));
}

static bool other_filiere(const struct pair *p)
{
	return !lists_meet(p->need->filieres, p->offer->filieres);
}

static bool other_type(const struct pair *p)
{
	for (size_t i = 0; i < sizeof(compatible) / sizeof(compatible[0]); i++)
		if (slice_eq(p->need->type, slice_str(compatible[i].need)))
			return !score_list_has(slice_str(compatible[i].offers), p->offer->type);
	return true;
}

static bool offer_expired(const struct pair *p)
{
	return after(p->today, p->offer->valide_au);
}

static bool need_expired(const struct pair *p)
{
	return after(p->today, p->need->date_limite);
}

static bool offer_too_late(const struct pair *p)
{
	return after(p->offer->valide_du, p->need->date_limite);
}

static bool beyond_offer(const struct pair *p)
{
	return beyond(p->at->km, p->offer->rayon_km) && p->at->level != LEVEL_COMMUNE && p->at->level != LEVEL_EPCI;
}

static bool beyond_need(const struct pair *p)
{
	return beyond(p->at->km, p->need->rayon_max_km) && p->at->level != LEVEL_COMMUNE;
}

static bool lacks_siae(const struct pair *p)
{
	for (size_t i = 0; i < SOCIAL; i++)
		if (social[i].siae && slice_eq(p->offer->statut_social, slice_str(social[i].statut)))
			return false;
	return p->need->siae_exige;
}

static const struct {
	const char *name;
	bool (*applies)(const struct pair *p);
} filters[FILTER_COUNT] = {
	[FILTER_NONE] = {"", NULL},
	[FILTER_BESOIN_FERME] = {"besoin_ferme", need_closed},
	[FILTER_OFFRE_INACTIVE] = {"offre_inactive", offer_inactive},
	[FILTER_MEME_UNITE_LEGALE] = {"meme_unite_legale", same_unit},
	[FILTER_FILIERE] = {"filiere", other_filiere},
	[FILTER_TYPE] = {"type", other_type},
	[FILTER_OFFRE_EXPIREE] = {"offre_expiree", offer_expired},
	[FILTER_BESOIN_EXPIRE] = {"besoin_expire", need_expired},
	[FILTER_OFFRE_TROP_TARDIVE] = {"offre_trop_tardive", offer_too_late},
	[FILTER_HORS_ZONE_OFFRE] = {"hors_zone_offre", beyond_offer},
	[FILTER_HORS_RAYON_BESOIN] = {"hors_rayon_besoin", beyond_need},
	[FILTER_SIAE_EXIGEE] = {"siae_exigee", lacks_siae},
};

const char *score_filter_name(enum score_filter f)
{
	return filters[f].name;
}

static enum score_filter filter_of(const struct pair *p)
{
	for (int f = FILTER_NONE + 1; f < FILTER_COUNT; f++)
		if (filters[f].applies(p))
			return (enum score_filter)f;
	return FILTER_NONE;
}

/* --- the six sub-scores; SCORE_NONE: not known --- */

static int capped(int64_t points)
{
	return points < 0 ? 0 : points > 100 ? 100 : (int)points;
}

/* Opinions from 1 to 5, on average, as 0 to 100. */
static int opinions(const struct score_offer *o)
{
	return o->nb_avis > 0 ? capped((o->somme_avis * 100 - o->nb_avis * 100) / (o->nb_avis * 4)) : SCORE_NONE;
}

static int qualite(const struct pair *p, unsigned *unknown)
{
	int points = opinions(p->offer);

	if (points == SCORE_NONE) {
		*unknown |= 1u << SCORE_QUALITE;
		points = UNKNOWN_HALF;
	}
	return capped(points + (p->offer->certif_qualite ? CERTIFIED : 0));
}

/* r: the price in hundredths of the budget. 100 up to 80, 60 at 100, 0 from 125 on. */
static int price_points(int64_t r)
{
	if (r <= 80)
		return 100;
	return r <= 100 ? (int)(100 - (r - 80) * 40 / 20) : r < 125 ? (int)((125 - r) * 60 / 25) : 0;
}

static int prix(const struct pair *p, unsigned *unknown)
{
	int64_t budget = p->need->budget_cents, price = p->offer->prix_cents;

	if (price >= 0 && budget > 0 && slice_eq(p->need->prix_unite, p->offer->prix_unite))
		return price_points(price * 100 / budget);
	*unknown |= 1u << SCORE_PRIX;
	return UNKNOWN_HALF;
}

/* What is declared counts half, unless it is verified too. Silence is no merit. */
static int environnement(const struct pair *p, unsigned *unknown)
{
	unsigned verified = labels_of(p->offer->labels_verifies), declared = labels_of(p->offer->labels_declares);
	int points = 0;

	(void)unknown;
	for (size_t i = 0; i < LABELS; i++)
		points += verified >> i & 1 ? labels[i].points : declared >> i & 1 ? labels[i].points / 2 : 0;
	return capped(points);
}

static int social_points(const struct pair *p, unsigned *unknown)
{
	int points = p->offer->charte_ethique ? CHARTERED : 0;

	(void)unknown;
	for (size_t i = 0; i < SOCIAL; i++)
		if (slice_eq(p->offer->statut_social, slice_str(social[i].statut)))
			points += social[i].points;
	return capped(points);
}

static int proximite(const struct pair *p, unsigned *unknown)
{
	enum score_level level = p->at->level;

	if (levels[level].near != SCORE_NONE)
		return levels[level].near;
	if (p->at->km != SCORE_NONE)
		return capped(KM_FROM - p->at->km / 2);
	if (levels[level].far != SCORE_NONE)
		return levels[level].far;
	*unknown |= 1u << SCORE_PROXIMITE;
	return 0;
}

static int delai(const struct pair *p, unsigned *unknown)
{
	int64_t most = p->need->delai_max_jours, days = p->offer->delai_jours;

	if (most < 0 || days < 0) {
		*unknown |= 1u << SCORE_DELAI;
		return UNKNOWN_HALF;
	}
	return days <= most ? 100 : days <= 2 * most ? 50 : 0;
}

static int (*const criteria[SCORE_CRITERIA])(const struct pair *p, unsigned *unknown) = {
	[SCORE_QUALITE] = qualite, [SCORE_PRIX] = prix, [SCORE_ENVIRONNEMENT] = environnement,
	[SCORE_SOCIAL] = social_points, [SCORE_PROXIMITE] = proximite, [SCORE_DELAI] = delai,
};

/* --- together --- */

static bool weights_fill(const int64_t given[SCORE_CRITERIA], const int unset[SCORE_CRITERIA], int out[SCORE_CRITERIA])
{
	int sum = 0;

	for (int i = 0; i < SCORE_CRITERIA; i++) {
		if (given[i] > 100 || given[i] < SCORE_NONE)
			return false;
		out[i] = given[i] == SCORE_NONE ? unset[i] : (int)given[i];
		sum += out[i];
	}
	return sum == 100;
}

bool score_weigh(const int64_t given[SCORE_CRITERIA], int out[SCORE_CRITERIA])
{
	static const int nothing[SCORE_CRITERIA];

	if (weights_fill(given, nothing, out) || weights_fill(given, score_weights, out))
		return true;
	memcpy(out, score_weights, sizeof(score_weights));
	return false;
}

struct score score_offer(const struct score_need *need, const struct score_offer *offer,
			 const struct score_relation *relation, struct slice today)
{
	struct pair p = {need, offer, relation, today};
	struct score s = {.filter = filter_of(&p)};

	if (s.filter != FILTER_NONE)
		return s;
	(void)score_weigh(need->weight, s.weight);
	for (int i = 0; i < SCORE_CRITERIA; i++) {
		s.sub[i] = criteria[i](&p, &s.unknown);
		s.total += s.sub[i] * s.weight[i];
	}
	return s;
}

int score_order(const struct score_standing *a, const struct score_standing *b)
{
	int by;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	if (a->proximite != b->proximite)
		return a->proximite > b->proximite ? -1 : 1;
	if (a->km != b->km) /* unsigned: SCORE_NONE is farthest */
		return (uint64_t)a->km < (uint64_t)b->km ? -1 : 1;
	by = strcmp(a->uid, b->uid);
	return by != 0 ? by : strcmp(a->pole, b->pole);
}

const char *score_level_name(enum score_level l)
{
	return levels[l].name;
}

enum score_level score_level_named(struct slice name)
{
	for (int l = LEVEL_COMMUNE; l < LEVEL_COUNT; l++)
		if (slice_eq(name, slice_str(levels[l].name)))
			return (enum score_level)l;
	return LEVEL_NONE;
}
