/* SPDX-License-Identifier: Apache-2.0
 *
 * A need and an offer, and what the scale makes of them: one JSON object a line,
 * {cas, besoin, offre, ecart, score}. `ecart` is the filter that sets the offer
 * aside, then `score` is null; else the other way round. */
#include <jansson.h>
#include <string.h>

#include "daemon/search/score.h"
#include "tests/vectors/vectors.h"

#define TEXTS_MAX 65536 /* bytes of the lists of one line */

static const json_t *member(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return v == NULL || json_is_null(v) ? NULL : v;
}

/* Absent is empty; anything but a text is no vector of this kind. */
static struct slice text_of(const json_t *o, const char *name, struct tally *t)
{
	const json_t *v = member(o, name);

	if (v != NULL && !json_is_string(v))
		t->unparsable = true;
	return json_is_string(v) ? SLICE(json_string_value(v), json_string_length(v)) : SLICE_NONE;
}

static int64_t number_of(const json_t *o, const char *name, struct tally *t)
{
	const json_t *v = member(o, name);
	json_int_t n = json_integer_value(v);

	if (v == NULL)
		return SCORE_NONE;
	if (!json_is_integer(v) || n < 0 || n > SCORE_NUMBER_MAX)
		t->unparsable = true;
	return n;
}

static bool flag_of(const json_t *o, const char *name, struct tally *t)
{
	const json_t *v = member(o, name);

	if (v != NULL && !json_is_boolean(v))
		t->unparsable = true;
	return json_is_true(v);
}

/* ["a","b"] as a|b (or one text as it is), in `texts`, which does not move: its room is there from the start. */
static struct slice list_of(const json_t *o, const char *name, struct buf *texts, struct tally *t)
{
	const json_t *v = member(o, name), *one;
	size_t from = texts->len, i;

	if (json_is_string(v))
		return text_of(o, name, t);
	if (v != NULL && !json_is_array(v))
		t->unparsable = true;
	json_array_foreach(v, i, one)
	{
		if (!json_is_string(one))
			t->unparsable = true;
		if (i > 0)
			buf_add_u8(texts, '|');
		if (json_is_string(one))
			buf_str(texts, json_string_value(one));
	}
	return SLICE(texts->p + from, texts->len - from);
}

/* "poids": {"qualite": 25, ...}, or one by one as the exchange file has them. */
static void weights_of(const json_t *need, int64_t weight[SCORE_CRITERIA], struct tally *t)
{
	const json_t *together = member(need, "poids");
	char name[32];

	for (int i = 0; i < SCORE_CRITERIA; i++) {
		snprintf(name, sizeof(name), "poids_%s", score_criteria[i]);
		weight[i] = together ? number_of(together, score_criteria[i], t) : number_of(need, name, t);
	}
}

static struct score_need need_of(const json_t *o, struct buf *texts, struct tally *t)
{
	struct score_need n = {
		.statut = text_of(o, "statut", t), .siren = text_of(o, "siren", t),
		.filieres = list_of(o, "filieres", texts, t), .type = text_of(o, "type_besoin", t),
		.date_limite = text_of(o, "date_limite", t), .prix_unite = text_of(o, "prix_unite", t),
		.budget_cents = number_of(o, "budget_max_cents", t),
		.delai_max_jours = number_of(o, "delai_max_jours", t),
		.rayon_max_km = number_of(o, "rayon_max_km", t), .siae_exige = flag_of(o, "siae_exige", t),
	};

	weights_of(o, n.weight, t);
	return n;
}

static struct score_offer offer_of(const json_t *o, struct buf *texts, struct tally *t)
{
	return (struct score_offer){
		.statut = text_of(o, "statut", t), .siren = text_of(o, "siren", t),
		.filieres = list_of(o, "filieres", texts, t), .type = text_of(o, "type_offre", t),
		.valide_du = text_of(o, "valide_du", t), .valide_au = text_of(o, "valide_au", t),
		.prix_unite = text_of(o, "prix_unite", t), .prix_cents = number_of(o, "prix_cents", t),
		.delai_jours = number_of(o, "delai_jours", t), .rayon_km = number_of(o, "rayon_km", t),
		.nb_avis = number_of(o, "nb_avis", t), .somme_avis = number_of(o, "somme_avis", t),
		.labels_verifies = list_of(o, "labels_verifies", texts, t),
		.labels_declares = list_of(o, "labels_declares", texts, t),
		.statut_social = text_of(o, "statut_social", t), .certif_qualite = flag_of(o, "certif_qualite", t),
		.charte_ethique = flag_of(o, "charte_ethique", t),
	};
}

static struct score score_of(const json_t *line, struct buf *texts, struct tally *t)
{
	const json_t *need_json = json_object_get(line, "besoin"), *offer_json = json_object_get(line, "offre");
	struct score_need need = need_of(need_json, texts, t);
	struct score_offer offer = offer_of(offer_json, texts, t);
	struct score_relation at = {
		.level = score_level_named(text_of(need_json, "niveau", t)),
		.km = number_of(need_json, "distance_km", t),
	};

	if (!json_is_object(need_json) || !json_is_object(offer_json))
		t->unparsable = true;
	return score_offer(&need, &offer, &at, text_of(need_json, "jour", t));
}

static bool detail_same(const json_t *detail, const struct score *s)
{
	bool same = json_object_size(detail) == SCORE_CRITERIA;

	for (int i = 0; i < SCORE_CRITERIA; i++) {
		const json_t *row = json_object_get(detail, score_criteria[i]);

		same = same && json_array_size(row) == 3 &&
		       json_integer_value(json_array_get(row, 0)) == s->sub[i] &&
		       json_integer_value(json_array_get(row, 1)) == s->weight[i] &&
		       json_integer_value(json_array_get(row, 2)) == s->sub[i] * s->weight[i];
	}
	return same;
}

/* What is unknown is a set: its order says nothing. */
static bool unknown_same(const json_t *list, unsigned unknown)
{
	for (int i = 0; i < SCORE_CRITERIA; i++) {
		const json_t *one;
		bool named = false;
		size_t n;

		json_array_foreach(list, n, one)
			named = named || (json_is_string(one) && strcmp(json_string_value(one), score_criteria[i]) == 0);
		if (named != (unknown >> i & 1))
			return false;
	}
	return json_array_size(list) == (size_t)__builtin_popcount(unknown);
}

static const char *score_text(const struct score *s, struct buf *out)
{
	buf_str(out, score_filter_name(s->filter));
	for (int i = 0; i < SCORE_CRITERIA && s->filter == FILTER_NONE; i++)
		buf_printf(out, "%s %d x %d%s, ", score_criteria[i], s->sub[i], s->weight[i],
			   s->unknown >> i & 1 ? " (unknown)" : "");
	if (s->filter == FILTER_NONE)
		buf_printf(out, "total %d", s->total);
	return buf_cstr(out);
}

static void check_line(const json_t *line, struct buf *texts, struct tally *t)
{
	const json_t *set_aside = json_object_get(line, "ecart"), *wanted = json_object_get(line, "score");
	const char *name = vector_text(line, "cas");
	struct score s = score_of(line, texts, t);
	char room[512];
	struct buf ours;
	bool good;

	if (t->unparsable)
		return;
	buf_init_fixed(&ours, room, sizeof(room));
	if (s.filter != FILTER_NONE)
		good = json_is_string(set_aside) && json_is_null(wanted) &&
		       strcmp(json_string_value(set_aside), score_filter_name(s.filter)) == 0;
	else
		good = json_is_null(set_aside) && json_integer_value(json_object_get(wanted, "total")) == s.total &&
		       detail_same(json_object_get(wanted, "detail"), &s) &&
		       unknown_same(json_object_get(wanted, "inconnu"), s.unknown) &&
		       strcmp(vector_text(wanted, "bareme") ? vector_text(wanted, "bareme") : "", SCORE_SCALE) == 0;
	vector_check(t, good, "score %s: ours is %s", name ? name : "?", score_text(&s, &ours));
}

void score_vectors(char *lines, struct tally *t)
{
	static char room[TEXTS_MAX];

	for (char *end; *lines != '\0' && !t->unparsable; lines = end) {
		size_t length = strcspn(lines, "\n");
		json_t *line = NULL;
		struct buf texts;

		end = lines + length + (lines[length] == '\n');
		if (strspn(lines, " \r\t") >= length)
			continue;
		buf_init_fixed(&texts, room, sizeof(room));
		line = json_loadb(lines, length, 0, NULL);
		t->unparsable = !json_is_object(line);
		if (!t->unparsable)
			check_line(line, &texts, t);
		t->unparsable = t->unparsable || buf_err(&texts) != ES_OK;
		json_decref(line);
	}
}
