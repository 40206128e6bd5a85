/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/directory/reader_party.h"

#include <string.h>

#include "proto/value.h"

#define LABELS_MAX 65536 /* bytes of one side's labels */

/* Columns in the order in which they are read. */
static const char need_columns[] =
	"SELECT rec, uid, pole, titre, structure_uid, statut, filiere, type_besoin, date_limite, prix_unite, budget_max_cents,"
	" delai_max_jours, rayon_max_km, siae_exige, code_insee, poids_qualite, poids_prix, poids_environnement, poids_social,"
	" poids_proximite, poids_delai, rome, postes FROM besoin ";
static const char offer_columns[] =
	"SELECT rec, uid, pole, titre, structure_uid, statut, filiere, type_offre, valide_du, valide_au, prix_unite,"
	" prix_cents, delai_jours, rayon_km, nb_avis, somme_avis, labels_verifies, labels_declares FROM offre ";
/* Where several hubs hold a structure of that uid, the record's own hub's. */
static const char structure_columns[] =
	"SELECT nom, siren, code_insee, code_epci, latitude, longitude, siae_type, siae, esus, type_acteur, statut_ess, labels,"
	" charte_version, charte_date, etat FROM structure WHERE uid = ?1 ORDER BY pole <> ?2, pole LIMIT 1";
static const char label_columns[] =
	"SELECT label, verifie, au FROM attribution WHERE (offre_uid = ?1 OR structure_uid = ?2) AND label <> ''"
	" AND du <= ?3 ORDER BY label, uid, pole";
/* The CRESS may add labels, and says what they stand for. */
static const char dimension_columns[] =
	"SELECT 1 FROM label WHERE code = ?1 AND dimension = ?2 AND pole LIKE 'cress-%' LIMIT 1";

static struct slice text(sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_TEXT ? sql_text(s, column) : SLICE_NONE;
}

static int64_t number(sqlite3_stmt *s, int column)
{
	int64_t n = sqlite3_column_int64(s, column);

	if (sqlite3_column_type(s, column) != SQLITE_INTEGER || n < 0)
		return SCORE_NONE;
	return n > SCORE_NUMBER_MAX ? SCORE_NUMBER_MAX : n;
}

static bool is(struct slice value, const char *word)
{
	return slice_eq(value, slice_str(word));
}

enum es_err party_open(struct party *p, struct reader *r, enum party_side side, struct slice today, const char *tail)
{
	enum es_err err;

	*p = (struct party){.side = side, .r = r, .today = today};
	for (int i = 0; i < LABELS_LISTS; i++)
		buf_init(&p->labels[i], LABELS_MAX);
	err = sql_preparef(r->db, &p->row, "%s%s", side == PARTY_NEED ? need_columns : offer_columns, tail);
	if (err == ES_OK)
		err = sql_prepare(r->db, structure_columns, &p->structure);
	if (err == ES_OK && side == PARTY_OFFER)
		err = sql_prepare(r->db, label_columns, &p->attributions);
	if (err == ES_OK && side == PARTY_OFFER)
		err = sql_prepare(r->db, dimension_columns, &p->dimension);
	return err;
}

void party_close(struct party *p)
{
	sqlite3_finalize(p->row);
	sqlite3_finalize(p->structure);
	sqlite3_finalize(p->attributions);
	sqlite3_finalize(p->dimension);
	for (int i = 0; i < LABELS_LISTS; i++)
		buf_done(&p->labels[i]);
}

/* --- the record --- */

static void read_need(struct party *p)
{
	sqlite3_stmt *s = p->row;

	p->need = (struct score_need){
		.statut = text(s, 5), .filieres = text(s, 6), .type = text(s, 7), .date_limite = text(s, 8),
		.prix_unite = text(s, 9), .budget_cents = number(s, 10), .delai_max_jours = number(s, 11),
		.rayon_max_km = number(s, 12), .siae_exige = sqlite3_column_int(s, 13) != 0,
	};
	p->code_insee = text(s, 14);
	p->rome = text(s, 21);
	p->postes = number(s, 22);
	for (int i = 0; i < SCORE_CRITERIA; i++)
		p->need.weight[i] = number(s, 15 + i);
}

static void read_offer(struct party *p)
{
	sqlite3_stmt *s = p->row;

	p->offer = (struct score_offer){
		.statut = text(s, 5), .filieres = text(s, 6), .type = text(s, 7), .valide_du = text(s, 8),
		.valide_au = text(s, 9), .prix_unite = text(s, 10), .prix_cents = number(s, 11),
		.delai_jours = number(s, 12), .rayon_km = number(s, 13), .nb_avis = number(s, 14),
		.somme_avis = number(s, 15), .labels_verifies = text(s, 16), .labels_declares = text(s, 17),
	};
	p->code_insee = SLICE_NONE;
}

static void read_row(struct party *p)
{
	p->rec = sqlite3_column_int64(p->row, 0);
	p->uid = text(p->row, 1);
	p->pole = text(p->row, 2);
	p->titre = text(p->row, 3);
	p->structure_uid = text(p->row, 4);
	if (p->side == PARTY_NEED)
		read_need(p);
	else
		read_offer(p);
}

/* --- its structure --- */

/* The next part of type:from:to. */
static struct slice part_next(struct slice *rest)
{
	const uint8_t *colon = rest->len ? memchr(rest->p, ':', rest->len) : NULL;
	struct slice part = SLICE(rest->p, colon ? (size_t)(colon - rest->p) : rest->len);

	*rest = colon ? SLICE(colon + 1, rest->len - part.len - 1) : SLICE_NONE;
	return part;
}

/* The type that is in force today: the dated list says, where it knows of the type;
 * else the plain field. */
static struct slice siae_today(struct slice type, struct slice dated, struct slice today)
{
	struct slice item, answer = type;

	while (score_list_next(&dated, &item)) {
		struct slice rest = item, of = part_next(&rest), from = part_next(&rest), to = part_next(&rest);

		if (slice_cmp(from, today) <= 0 && (to.len == 0 || slice_cmp(today, to) <= 0))
			return of;
		if (slice_eq(of, type))
			answer = SLICE_NONE;
	}
	return answer;
}

/* The best that the structure or the offer's labels give. */
static const char *social_of(const struct party *p, sqlite3_stmt *s)
{
	struct slice ess = p->structure_known ? text(s, 10) : SLICE_NONE;

	if (p->siae_type.len > 0)
		return score_list_has(slice_str("ea|eatt|esat"), p->siae_type) ? "ea_esat" : "siae";
	if (p->structure_known && sqlite3_column_int(s, 8) != 0)
		return "esus";
	if (score_list_has(slice_str("de_droit|justifie"), ess))
		return "ess";
	if (p->structure_known && ess.len == 0 && is(text(s, 9), "ess"))
		return "ess";
	return p->labels[LABELS_RESPONSIBLE].len > 0 ? "rse_verifie" : "";
}

static void read_place(struct party *p, sqlite3_stmt *s)
{
	bool own = p->code_insee.len == 0 && sqlite3_column_type(s, 4) == SQLITE_INTEGER &&
		   sqlite3_column_type(s, 5) == SQLITE_INTEGER;

	if (p->code_insee.len == 0) {
		p->code_insee = text(s, 2);
		p->code_epci = text(s, 3);
	}
	if (own) {
		p->has_point = true;
		p->lat_e7 = sqlite3_column_int(s, 4);
		p->lon_e7 = sqlite3_column_int(s, 5);
	}
}

/* The commune gives what the structure does not say. */
static void settle_place(struct party *p)
{
	p->commune = commune_of(p->code_insee, p->r->ref);
	if (p->commune == NULL)
		return;
	p->code_insee = slice_str(p->commune->code);
	p->code_epci = slice_str(p->commune->epci);
	if (!p->has_point && p->commune->has_point) {
		p->has_point = true;
		p->lat_e7 = p->commune->lat_e7;
		p->lon_e7 = p->commune->lon_e7;
	}
}

/* --- labels --- */

static struct slice list(const struct party *p, enum party_labels which)
{
	return buf_slice(&p->labels[which]);
}

static void list_add(struct party *p, enum party_labels which, struct slice label)
{
	struct buf *to = &p->labels[which];

	if (label.len == 0 || score_list_has(list(p, which), label))
		return;
	if (to->len > 0)
		buf_add_u8(to, '|');
	buf_add(to, label.p, label.len);
}

/* A label whose attributions have run out counts no more, whichever undated list still
 * names it, unless another attribution holds. */
static bool stands(const struct party *p, enum party_labels which, struct slice label)
{
	return !score_list_has(list(p, LABELS_LAPSED), label) || score_list_has(list(p, LABELS_HELD), label) ||
	       (which == LABELS_DECLARED && score_list_has(list(p, LABELS_CLAIMED), label));
}

/* What is verified is not shown as declared too. */
static void lists_add(struct party *p, enum party_labels which, struct slice labels)
{
	struct slice label;

	while (score_list_next(&labels, &label))
		if (stands(p, which, label) && !score_list_has(list(p, LABELS_VERIFIED), label))
			list_add(p, which, label);
}

static enum es_err read_attributions(struct party *p)
{
	sqlite3_stmt *s = p->attributions;
	int rc;

	sql_bind_text(s, 1, p->uid);
	sql_bind_text(s, 2, p->structure_uid);
	sql_bind_text(s, 3, p->today);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice until = text(s, 2);
		bool over = until.len > 0 && slice_cmp(until, p->today) < 0;
		bool verified = sqlite3_column_int(s, 1) != 0;

		list_add(p, over ? LABELS_LAPSED : verified ? LABELS_HELD : LABELS_CLAIMED, text(s, 0));
	}
	return sql_end(s, rc);
}

/* Does the CRESS say that this label stands for that? */
static bool label_is(struct party *p, struct slice label, const char *dimension)
{
	bool said;

	sql_bind_text(p->dimension, 1, label);
	sql_bind_text(p->dimension, 2, slice_str(dimension));
	said = sqlite3_step(p->dimension) == SQLITE_ROW;
	sqlite3_reset(p->dimension);
	return said;
}

/* Verified labels that stand for `what`, by the scale or by the CRESS. */
static void pick_labels(struct party *p, enum party_labels into, enum score_label what, const char *dimension)
{
	struct slice rest = list(p, LABELS_VERIFIED), label;

	while (score_list_next(&rest, &label))
		if (score_labels_say(label, what) || label_is(p, label, dimension))
			list_add(p, into, label);
}

static enum es_err settle_labels(struct party *p, struct slice of_structure)
{
	enum es_err err;

	for (int i = 0; i < LABELS_LISTS; i++)
		buf_clear(&p->labels[i]);
	err = read_attributions(p);
	lists_add(p, LABELS_VERIFIED, p->offer.labels_verifies);
	lists_add(p, LABELS_VERIFIED, list(p, LABELS_HELD));
	lists_add(p, LABELS_DECLARED, p->offer.labels_declares);
	lists_add(p, LABELS_DECLARED, of_structure);
	lists_add(p, LABELS_DECLARED, list(p, LABELS_CLAIMED));
	pick_labels(p, LABELS_CERTIFYING, LABEL_QUALITE, "qualite");
	pick_labels(p, LABELS_RESPONSIBLE, LABEL_RSE, "rse");
	p->offer.labels_verifies = list(p, LABELS_VERIFIED);
	p->offer.labels_declares = list(p, LABELS_DECLARED);
	p->offer.certif_qualite = p->labels[LABELS_CERTIFYING].len > 0;
	for (int i = 0; i < LABELS_LISTS && err == ES_OK; i++)
		err = buf_err(&p->labels[i]);
	return err;
}

/* --- together --- */

static void read_structure(struct party *p, sqlite3_stmt *s)
{
	bool closed = is(text(s, 14), "fermee");

	p->structure_nom = text(s, 0);
	p->need.siren = p->offer.siren = text(s, 1);
	p->siae_type = siae_today(text(s, 6), text(s, 7), p->today);
	p->charte_version = text(s, 12);
	p->charte_date = text(s, 13);
	p->offer.charte_ethique = p->charte_version.len > 0 || p->charte_date.len > 0;
	if (closed) /* its open offers are suspended, its needs nobody's (F14) */
		p->need.statut = p->offer.statut = slice_str("suspendue");
	read_place(p, s);
}

static enum es_err read_party(struct party *p)
{
	sqlite3_stmt *s = p->structure;
	enum es_err err = ES_OK;
	int rc;

	read_row(p);
	p->structure_nom = p->code_epci = p->siae_type = p->charte_version = p->charte_date = SLICE_NONE;
	p->has_point = false;
	sqlite3_reset(s);
	sql_bind_text(s, 1, p->structure_uid);
	sql_bind_text(s, 2, p->pole);
	rc = sqlite3_step(s);
	p->structure_known = rc == SQLITE_ROW;
	if (p->structure_known)
		read_structure(p, s);
	else
		err = sql_err(rc);
	settle_place(p);
	if (err == ES_OK && p->side == PARTY_OFFER)
		err = settle_labels(p, p->structure_known ? text(s, 11) : SLICE_NONE);
	p->offer.statut_social = slice_str(social_of(p, s));
	return err;
}

enum es_err party_next(struct party *p, bool *found)
{
	int rc = sqlite3_step(p->row);

	*found = rc == SQLITE_ROW;
	return *found ? read_party(p) : sql_err(rc);
}

enum es_err party_at(struct party *p, int64_t rec, bool *found)
{
	sqlite3_reset(p->row);
	sqlite3_bind_int64(p->row, 1, rec);
	return party_next(p, found);
}

static bool same(const char *a, const char *b)
{
	return a[0] != '\0' && strcmp(a, b) == 0;
}

/* An island has no EPCI: two of them are not in the same one (R8). */
static enum score_level level_of(const struct party *a, const struct party *b)
{
	const struct pays *pays;

	if (a->code_insee.len > 0 && slice_eq(a->code_insee, b->code_insee))
		return LEVEL_COMMUNE;
	if (a->code_epci.len > 0 && slice_eq(a->code_epci, b->code_epci))
		return LEVEL_EPCI;
	if (a->commune == NULL || b->commune == NULL)
		return LEVEL_NONE;
	pays = reference_pays_of(a->r->ref, a->commune);
	if (pays != NULL && pays == reference_pays_of(b->r->ref, b->commune))
		return LEVEL_PAYS;
	if (same(a->commune->departement, b->commune->departement))
		return LEVEL_DEPARTEMENT;
	return same(a->commune->region, b->commune->region) ? LEVEL_REGION : LEVEL_NONE;
}

struct score_relation party_relation(const struct party *a, const struct party *b)
{
	return (struct score_relation){
		.level = level_of(a, b),
		.km = a->has_point && b->has_point ? value_distance_km(a->lat_e7, a->lon_e7, b->lat_e7, b->lon_e7) : SCORE_NONE,
		.same_structure = a->structure_uid.len > 0 && slice_eq(a->structure_uid, b->structure_uid),
	};
}
