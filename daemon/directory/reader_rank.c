/* SPDX-License-Identifier: Apache-2.0
 *
 * Which offers fit a need, or which needs an offer fits. Every row of the other side
 * is scored once and kept small; those that are shown are read and scored again, with
 * their proofs. */
#include <stdlib.h>
#include <string.h>

#include "daemon/directory/reader_party.h"
#include "proto/value.h"

struct ranked {
	int64_t rec, km;
	char uid[ULID_LEN + 1], pole[HUB_POLE_MAX];
	int total, proximite;
	enum score_filter filter;
};

struct ranks {
	struct reader *reader;
	const struct ranking *q;
	struct buf *json;
	struct party asked, row; /* row: the other side's, one after another */
	struct ranked *at;
	size_t count, cap, kept; /* kept: the first ones, not set aside */
	size_t reasons[FILTER_COUNT];
};

static const char *const side_names[] = {[PARTY_NEED] = "besoin", [PARTY_OFFER] = "offre"};

static const struct party *need_of(const struct ranks *k)
{
	return k->asked.side == PARTY_NEED ? &k->asked : &k->row;
}

static const struct party *offer_of(const struct ranks *k)
{
	return k->asked.side == PARTY_OFFER ? &k->asked : &k->row;
}

static struct score score_row(const struct ranks *k, struct score_relation *at)
{
	const struct party *need = need_of(k), *offer = offer_of(k);

	*at = party_relation(need, offer);
	return score_offer(&need->need, &offer->offer, at, k->q->today);
}

/* --- ranking --- */

static enum es_err make_room(struct ranks *k)
{
	size_t cap = k->cap == 0 ? 1024 : 2 * k->cap;
	struct ranked *at = realloc(k->at, cap * sizeof(*at));

	if (at == NULL)
		return ES_NOMEM;
	k->at = at;
	k->cap = cap;
	return ES_OK;
}

static void copy_text(char *out, size_t size, struct slice text)
{
	size_t n = text.len < size ? text.len : size - 1;

	if (n > 0)
		memcpy(out, text.p, n);
	out[n] = '\0';
}

static enum es_err rank_row(struct ranks *k)
{
	struct score_relation at;
	struct score s = score_row(k, &at);
	enum es_err err = k->count < k->cap ? ES_OK : make_room(k);
	struct ranked *one;

	if (err != ES_OK)
		return err;
	one = &k->at[k->count++];
	*one = (struct ranked){.rec = k->row.rec, .km = at.km, .total = s.total, .proximite = s.sub[SCORE_PROXIMITE],
			       .filter = s.filter};
	copy_text(one->uid, sizeof(one->uid), k->row.uid);
	copy_text(one->pole, sizeof(one->pole), k->row.pole);
	k->reasons[s.filter]++;
	return ES_OK;
}

static struct score_standing standing(const struct ranked *r)
{
	if (r->filter != FILTER_NONE)
		return (struct score_standing){.uid = r->uid, .pole = r->pole};
	return (struct score_standing){r->total, r->proximite, r->km, r->uid, r->pole};
}

/* Those set aside come last, by reason. */
static int ranked_cmp(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	struct score_standing x = standing(a), y = standing(b);

	if (a->filter != b->filter)
		return a->filter < b->filter ? -1 : 1;
	return score_order(&x, &y);
}

static enum es_err rank_all(struct ranks *k)
{
	enum party_side other = k->asked.side == PARTY_NEED ? PARTY_OFFER : PARTY_NEED;
	enum es_err err = party_open(&k->row, k->reader, other, k->q->today, "");
	bool found = true;

	while (err == ES_OK && found) {
		err = party_next(&k->row, &found);
		if (err == ES_OK && found)
			err = rank_row(k);
	}
	if (err == ES_OK && k->count > 1)
		qsort(k->at, k->count, sizeof(*k->at), ranked_cmp);
	k->kept = k->reasons[FILTER_NONE];
	return err;
}

/* --- writing --- */

static void write_text(struct ranks *k, const char *key, struct slice text)
{
	buf_printf(k->json, "\"%s\":", key);
	if (text.len > 0)
		json_quote(text, k->json);
	else
		buf_str(k->json, "null");
}

static void write_number(struct ranks *k, const char *key, int64_t n)
{
	if (n == SCORE_NONE)
		buf_printf(k->json, "\"%s\":null", key);
	else
		buf_printf(k->json, "\"%s\":%lld", key, (long long)n);
}

static void write_labels(struct ranks *k, const char *key, struct slice list)
{
	const char *comma = "";
	struct slice label;

	buf_printf(k->json, "\"%s\":[", key);
	while (score_list_next(&list, &label)) {
		buf_str(k->json, comma);
		json_quote(label, k->json);
		comma = ",";
	}
	buf_str(k->json, "]");
}

static void prove_qualite(struct ranks *k, const struct score_need *n, const struct score_offer *o)
{
	(void)n;
	write_number(k, "nb_avis", o->nb_avis > 0 ? o->nb_avis : 0);
	buf_str(k->json, ",");
	write_number(k, "somme_avis", o->nb_avis > 0 ? o->somme_avis : 0);
	buf_str(k->json, ",");
	write_labels(k, "certifications", buf_slice(&offer_of(k)->labels[LABELS_CERTIFYING]));
}

static void prove_prix(struct ranks *k, const struct score_need *n, const struct score_offer *o)
{
	write_number(k, "prix_cents", o->prix_cents);
	buf_str(k->json, ",");
	write_text(k, "unite", o->prix_unite);
	buf_str(k->json, ",");
	write_number(k, "budget_max_cents", n->budget_cents);
	buf_str(k->json, ",");
	write_text(k, "unite_besoin", n->prix_unite);
}

static void prove_environnement(struct ranks *k, const struct score_need *n, const struct score_offer *o)
{
	(void)n;
	write_labels(k, "verifies", o->labels_verifies);
	buf_str(k->json, ",");
	write_labels(k, "declares", o->labels_declares);
}

static void prove_social(struct ranks *k, const struct score_need *n, const struct score_offer *o)
{
	(void)n;
	write_text(k, "statut", o->statut_social);
	buf_str(k->json, ",");
	write_text(k, "siae_type", offer_of(k)->siae_type);
	buf_str(k->json, ",");
	write_text(k, "charte_version", offer_of(k)->charte_version);
	buf_str(k->json, ",");
	write_text(k, "charte_date", offer_of(k)->charte_date);
}

static void prove_proximite(struct ranks *k, const struct score_need *n, const struct score_offer *o)
{
	const struct commune *from = need_of(k)->commune, *to = offer_of(k)->commune;

	(void)n, (void)o;
	write_text(k, "commune_besoin", from ? slice_str(from->name) : SLICE_NONE);
	buf_str(k->json, ",");
	write_text(k, "commune_offre", to ? slice_str(to->name) : SLICE_NONE);
}

static void prove_delai(struct ranks *k, const struct score_need *n, const struct score_offer *o)
{
	write_number(k, "delai_jours", o->delai_jours);
	buf_str(k->json, ",");
	write_number(k, "delai_max_jours", n->delai_max_jours);
}

static void (*const proofs[SCORE_CRITERIA])(struct ranks *k, const struct score_need *n, const struct score_offer *o) = {
	[SCORE_QUALITE] = prove_qualite, [SCORE_PRIX] = prove_prix, [SCORE_ENVIRONNEMENT] = prove_environnement,
	[SCORE_SOCIAL] = prove_social, [SCORE_PROXIMITE] = prove_proximite, [SCORE_DELAI] = prove_delai,
};

static void write_detail(struct ranks *k, const struct score *s)
{
	const char *comma = "";

	buf_str(k->json, ",\"detail\":{");
	for (int i = 0; i < SCORE_CRITERIA; i++)
		buf_printf(k->json, "%s\"%s\":[%d,%d,%d]", i ? "," : "", score_criteria[i], s->sub[i], s->weight[i],
			   s->sub[i] * s->weight[i]);
	buf_str(k->json, "},\"inconnu\":[");
	for (int i = 0; i < SCORE_CRITERIA; i++) {
		if (!(s->unknown >> i & 1))
			continue;
		buf_printf(k->json, "%s\"%s\"", comma, score_criteria[i]);
		comma = ",";
	}
	buf_str(k->json, "],\"preuves\":{");
	for (int i = 0; i < SCORE_CRITERIA; i++) {
		buf_printf(k->json, "%s\"%s\":{", i ? "," : "", score_criteria[i]);
		proofs[i](k, &need_of(k)->need, &offer_of(k)->offer);
		buf_str(k->json, "}");
	}
	buf_str(k->json, "}}");
}

static void write_head(struct ranks *k)
{
	buf_str(k->json, "{");
	write_text(k, "uid", k->row.uid);
	buf_str(k->json, ",");
	write_text(k, "owner", k->row.pole);
	buf_str(k->json, ",");
	write_text(k, "titre", k->row.titre);
	buf_str(k->json, ",\"structure\":{");
	write_text(k, "uid", k->row.structure_known ? k->row.structure_uid : slice_str("(non partagé)"));
	buf_str(k->json, ",");
	write_text(k, "nom", k->row.structure_nom);
	buf_str(k->json, "}");
}

static void write_item(struct ranks *k)
{
	struct score_relation at;
	struct score s = score_row(k, &at);

	write_head(k);
	buf_printf(k->json, ",\"total\":%d,", s.total);
	write_number(k, "km", at.km);
	buf_str(k->json, ",");
	write_text(k, "niveau", slice_str(score_level_name(at.level)));
	write_detail(k, &s);
}

static void write_aside(struct ranks *k, enum score_filter why)
{
	buf_str(k->json, "{");
	write_text(k, "uid", k->row.uid);
	buf_str(k->json, ",");
	write_text(k, "titre", k->row.titre);
	buf_printf(k->json, ",\"raison\":\"%s\"}", score_filter_name(why));
}

/* Rows from..to, read again. */
static enum es_err write_rows(struct ranks *k, size_t from, size_t to)
{
	enum es_err err = ES_OK;
	bool found;

	for (size_t i = from; i < to && err == ES_OK; i++) {
		err = party_at(&k->row, k->at[i].rec, &found);
		if (err == ES_OK && !found)
			err = ES_PAGE_DAMAGED;
		if (err != ES_OK)
			break;
		if (i > from)
			buf_str(k->json, ",");
		if (k->at[i].filter == FILTER_NONE)
			write_item(k);
		else
			write_aside(k, k->at[i].filter);
		err = buf_err(k->json);
	}
	return err;
}

static void write_reasons(struct ranks *k)
{
	const char *comma = "";

	buf_str(k->json, "],\"raisons\":{");
	for (int f = FILTER_NONE + 1; f < FILTER_COUNT; f++) {
		if (k->reasons[f] == 0)
			continue;
		buf_printf(k->json, "%s\"%s\":%zu", comma, score_filter_name((enum score_filter)f), k->reasons[f]);
		comma = ",";
	}
	buf_str(k->json, "},\"ecartes\":[");
}

/* Whose weights count. */
static const char *weights_from(const struct score_need *need)
{
	int weight[SCORE_CRITERIA];

	if (!score_weigh(need->weight, weight))
		return "invalides";
	return memcmp(weight, score_weights, sizeof(weight)) == 0 ? "bareme" : "besoin";
}

static void write_asked(struct ranks *k)
{
	const struct party *asked = &k->asked;
	bool need = asked->side == PARTY_NEED;

	buf_str(k->json, "{");
	write_text(k, side_names[asked->side], asked->uid);
	buf_str(k->json, ",");
	write_text(k, "titre", asked->titre);
	buf_str(k->json, ",");
	write_text(k, "type", need ? asked->need.type : asked->offer.type);
	buf_str(k->json, ",");
	write_text(k, "jour", k->q->today);
	buf_str(k->json, ",\"bareme\":\"" SCORE_SCALE "\"");
	if (need)
		buf_printf(k->json, ",\"poids\":\"%s\"", weights_from(&asked->need));
	if (need && asked->rome.len > 0) {
		buf_str(k->json, ",");
		write_text(k, "rome", asked->rome);
		buf_str(k->json, ",");
		write_number(k, "postes", asked->postes);
	}
	/* No kind of offer answers a need of money: people take it on. */
	if (need && slice_eq(asked->need.type, slice_str("financement")))
		buf_str(k->json, ",\"a_traiter\":true");
	buf_printf(k->json, ",\"total\":%zu,\"items\":[", k->kept);
}

static enum es_err write_answer(struct ranks *k)
{
	enum party_side other = k->row.side;
	size_t shown = (uint64_t)k->q->limit < k->kept ? (size_t)k->q->limit : k->kept;
	enum es_err err;

	party_close(&k->row);
	err = party_open(&k->row, k->reader, other, k->q->today, "WHERE rec = ?1");
	write_asked(k);
	if (err == ES_OK)
		err = write_rows(k, 0, shown);
	write_reasons(k);
	if (err == ES_OK && k->q->all)
		err = write_rows(k, k->kept, k->count);
	buf_str(k->json, "]}");
	return err == ES_OK ? buf_err(k->json) : err;
}

/* The need of that uid, else the offer; where several hubs have one, this node's own. */
static enum es_err find_asked(struct ranks *k)
{
	static const char tail[] = "WHERE uid = ?1 ORDER BY pole <> coalesce((SELECT pole FROM meta_pole WHERE hub = ?2), ''), pole"
				   " LIMIT 1";
	char uid[ULID_LEN + 1];
	enum es_err err = ES_OK;
	bool found = false;

	ulid_encode(k->q->uid.bytes, uid);
	for (int side = PARTY_NEED; side <= PARTY_OFFER && err == ES_OK && !found; side++) {
		party_close(&k->asked);
		err = party_open(&k->asked, k->reader, (enum party_side)side, k->q->today, tail);
		if (err != ES_OK)
			break;
		sqlite3_bind_text(k->asked.row, 1, uid, ULID_LEN, SQLITE_TRANSIENT);
		sql_bind_slice(k->asked.row, 2, SLICE(k->reader->local.bytes, sizeof(k->reader->local.bytes)));
		err = party_next(&k->asked, &found);
	}
	return err == ES_OK && !found ? ES_NOT_FOUND : err;
}

enum es_err reader_rank(struct reader *r, const struct ranking *q, struct buf *json)
{
	struct ranks k = {.q = q, .reader = r, .json = json};
	enum es_err err = reader_begin(r);

	if (err == ES_OK)
		err = find_asked(&k);
	if (err == ES_OK)
		err = rank_all(&k);
	if (err == ES_OK)
		err = write_answer(&k);
	party_close(&k.asked);
	party_close(&k.row);
	free(k.at);
	reader_end(r);
	return err;
}
