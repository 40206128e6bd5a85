/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of one record: what it needs, what follows from what, and which
 * fields contradict each other (domain.md parts 3 and 4). */
#include "daemon/rgpd/rgpd.h"
#include "daemon/rules/checking.h"

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

#define DERIVED_MAX 32768 /* bytes of all derived values of a record */
#define NEAR_KM 15 /* of the commune's point */
#define CANDIDATES_MAX 16
#define CHECK_STATE_MAX (16 * 65536)

/* Room for what may be derived, so that values do not move afterwards; those
 * that point into scratch already are moved along. */
static void make_room(struct checking *c)
{
	uintptr_t before = (uintptr_t)c->scratch->p;
	size_t at[SCHEMA_FIELDS_MAX];

	for (size_t i = 0; i < c->e->kind->field_count; i++) {
		uintptr_t p = (uintptr_t)c->e->values[i].p;

		at[i] = before != 0 && p >= before && p - before < c->scratch->len ? p - before : SIZE_MAX;
	}
	if (buf_reserve(c->scratch, DERIVED_MAX) == NULL)
		return;
	for (size_t i = 0; i < c->e->kind->field_count; i++) {
		if (at[i] != SIZE_MAX)
			c->e->values[i].p = c->scratch->p + at[i];
	}
}

static void check_order(struct checking *c, size_t first, size_t second, size_t blamed)
{
	struct slice a = str_of(c, first), b = str_of(c, second);

	if (a.len > 0 && b.len > 0 && value_time_seconds(a) > value_time_seconds(b))
		say(c, blamed, "date_invalide", VERDICT_REJECTED, str_of(c, blamed));
}

/* structure */

static void check_identifiers(struct checking *c)
{
	struct slice siret = str_of(c, structure_siret), rna = str_of(c, structure_rna);

	if (siret.len == 14 && !has_value(c, structure_siren) && !rejected(c, structure_siren))
		set_str(c, structure_siren, SLICE(siret.p, 9));
	if (siret.len == 14 && str_of(c, structure_siren).len == 9 && !slice_eq(str_of(c, structure_siren), SLICE(siret.p, 9)))
		say(c, structure_siren, "siret_cle", VERDICT_REJECTED, str_of(c, structure_siren));
	if (rejected(c, structure_siret) || rejected(c, structure_rna) || !surely_empty(c, structure_siret))
		return;
	if (rna.len > 0)
		say(c, structure_siret, "sans_siret_rna", VERDICT_ACCEPTED, rna);
	else if (surely_empty(c, structure_rna))
		say(c, structure_siret, "sans_identifiant", VERDICT_WARNING, SLICE_NONE);
}

static void guess(struct checking *c, size_t index, const char *text)
{
	if (text[0] == '\0' || named(c, index) || rejected(c, index))
		return;
	set_str(c, index, slice_str(text));
	c->e->if_empty |= UINT64_C(1) << index;
}

/* A category tells a family of the ESS only for those who are in it (R9). */
static void check_category(struct checking *c)
{
	struct slice code = str_of(c, structure_categorie_juridique);
	const struct legal_category *known = reference_category(c->ref, code);

	if (code.len == 0)
		return;
	if (known == NULL) {
		say(c, structure_categorie_juridique, "categorie_inconnue", VERDICT_WARNING, code);
		return;
	}
	if (slice_eq(str_of(c, structure_type_acteur), slice_str("ess")))
		guess(c, structure_famille_ess, known->famille_ess);
	guess(c, structure_statut_ess, known->statut_ess);
}

/* The commune a code names; an old code becomes the current one. */
static const struct commune *check_insee(struct checking *c, size_t index)
{
	struct slice code = str_of(c, index);
	const struct commune *found = reference_commune(c->ref, code);

	if (found || code.len == 0)
		return found;
	found = reference_old_commune(c->ref, code);
	if (found == NULL) {
		say(c, index, "code_insee_inconnu", VERDICT_REJECTED, code);
		return NULL;
	}
	say(c, index, "code_insee_ancien", VERDICT_WARNING, code);
	set_str(c, index, slice_str(found->code));
	return found;
}

static void reject_candidates(struct checking *c, const char *code, const struct commune **list, size_t n)
{
	char mem[CANDIDATES_MAX * 6];
	struct buf codes;

	buf_init_fixed(&codes, mem, sizeof(mem));
	for (size_t i = 0; i < n && i < CANDIDATES_MAX; i++)
		buf_printf(&codes, "%s%s", i > 0 ? "|" : "", list[i]->code);
	say(c, structure_code_insee, code, VERDICT_REJECTED, buf_slice(&codes));
}

static bool is_of_our_pays(struct checking *c, const struct commune *one)
{
	char mem[64];
	struct buf pole;

	if (!c->host->pole_of || !c->host->pole)
		return false;
	buf_init_fixed(&pole, mem, sizeof(mem));
	c->host->pole_of(c->host->ctx, slice_str(one->code), &pole);
	return slice_eq(buf_slice(&pole), slice_str(c->host->pole));
}

/* The others stay in their order. */
static void own_first(struct checking *c, const struct commune **list, size_t n)
{
	size_t own = 0;

	for (size_t i = 0; i < n; i++) {
		const struct commune *one = list[i];

		if (!is_of_our_pays(c, one))
			continue;
		memmove(list + own + 1, list + own, (i - own) * sizeof(*list));
		list[own++] = one;
	}
}

/* None of the region bears that name, several elsewhere do: it may be short for one of the region. */
static size_t begun_here(struct checking *c, struct slice name, const struct commune **list)
{
	size_t n = reference_commune_beginning(c->ref, name, slice_str(c->host->region), list, CANDIDATES_MAX);
	size_t elsewhere = reference_commune_named(c->ref, name, SLICE_NONE, SLICE_NONE, list + n, CANDIDATES_MAX - n);

	return elsewhere < CANDIDATES_MAX - n ? n + elsewhere : CANDIDATES_MAX;
}

static const struct commune *deduced(struct checking *c, const struct commune *found)
{
	say(c, structure_code_insee, "commune_deduite", VERDICT_ACCEPTED, slice_str(found->code));
	set_str(c, structure_code_insee, slice_str(found->code));
	return found;
}

/* A CEDEX has a postal code of its own, within its département. */
static bool is_cedex_of(const struct commune *one, struct slice name, struct slice postal)
{
	size_t n = strlen(one->departement);

	if (postal.len != 5 || !name_is_cedex(name))
		return false;
	if (one->departement[0] == '2' && one->departement[1] > '9') /* 2A and 2B write 20 */
		return memcmp(postal.p, "20", 2) == 0;
	return memcmp(postal.p, one->departement, n) == 0;
}

static size_t named_cedex(struct checking *c, struct slice name, struct slice postal, const struct commune **list)
{
	size_t n = reference_commune_named(c->ref, name, SLICE_NONE, SLICE_NONE, list, CANDIDATES_MAX), kept = 0;

	for (size_t i = 0; i < n && i < CANDIDATES_MAX; i++)
		if (is_cedex_of(list[i], name, postal))
			list[kept++] = list[i];
	return kept;
}

/* By postal code and name; without a postal code, the region's own commune of
 * that name goes before one elsewhere. */
static const struct commune *find_commune(struct checking *c)
{
	const struct commune *list[CANDIDATES_MAX];
	struct slice name = str_of(c, structure_commune), postal = str_of(c, structure_code_postal);
	struct slice region = slice_str(c->host->region);
	size_t n;

	if ((list[0] = reference_commune(c->ref, name)) != NULL) /* its code, in the column of names */
		return deduced(c, list[0]);
	n = reference_commune_named(c->ref, name, postal, postal.len > 0 ? SLICE_NONE : region, list, CANDIDATES_MAX);
	if (n == 0 && postal.len == 0) {
		n = reference_commune_named(c->ref, name, SLICE_NONE, SLICE_NONE, list, CANDIDATES_MAX);
		if (n > 1)
			n = begun_here(c, name, list);
	}
	if (n == 0 && postal.len > 0)
		n = named_cedex(c, name, postal, list);
	if (n == 1)
		return deduced(c, list[0]);
	if (n > 1) {
		own_first(c, list, n < CANDIDATES_MAX ? n : CANDIDATES_MAX);
		reject_candidates(c, "commune_ambigue", list, n);
		return NULL;
	}
	n = reference_commune_named(c->ref, name, SLICE_NONE, region, list, CANDIDATES_MAX);
	reject_candidates(c, "code_insee_inconnu", list, n);
	return NULL;
}

/* Name and EPCI follow from the commune; its name is spelled as officially. */
static void derive_commune(struct checking *c, const struct commune *found)
{
	struct slice name = slice_str(found->name), written = str_of(c, structure_commune);

	if (!slice_eq(written, name) && (written.len == 0 || commune_is_named(found, written) || slice_eq(written, slice_str(found->code))))
		set_str(c, structure_commune, name);
	if (has_value(c, structure_code_epci) || rejected(c, structure_code_epci))
		return;
	if (found->epci[0])
		set_str(c, structure_code_epci, slice_str(found->epci));
	else if (!c->creating)
		set_nil(c, structure_code_epci);
}

static const struct commune *check_place(struct checking *c)
{
	const struct commune *found = check_insee(c, structure_code_insee);
	struct slice postal = str_of(c, structure_code_postal);

	if (found == NULL && !has_value(c, structure_code_insee) && !rejected(c, structure_code_insee) &&
	    str_of(c, structure_commune).len > 0)
		found = find_commune(c);
	if (found == NULL)
		return NULL;
	if (c->host->region && c->host->region[0] && strcmp(c->host->region, found->region) != 0)
		say(c, structure_code_insee, "hors_territoire", VERDICT_WARNING, slice_str(found->code));
	if (found->epci[0] == '\0')
		say(c, structure_code_insee, "commune_sans_epci", VERDICT_WARNING, slice_str(found->code));
	if (postal.len > 0 && !commune_has_postal(found, postal) && !is_cedex_of(found, str_of(c, structure_commune), postal))
		say(c, structure_code_postal, "code_postal_commune", VERDICT_WARNING, postal);
	derive_commune(c, found);
	return found;
}

/* Far from a measured point; or near it only when read the other way round. */
static bool point_wrong(const struct commune *place, int64_t lat, int64_t lon)
{
	int64_t km, swapped;

	if (!place->has_point)
		return false;
	km = value_distance_km(place->lat_e7, place->lon_e7, (int32_t)lat, (int32_t)lon);
	swapped = value_distance_km(place->lat_e7, place->lon_e7, (int32_t)lon, (int32_t)lat);
	return place->estimated ? km > 4 * NEAR_KM && swapped < 4 * NEAR_KM : km > NEAR_KM;
}

static void check_point(struct checking *c, const struct commune *place)
{
	int64_t lat = 0, lon = 0;
	bool has_lat = int_of(c, structure_latitude, &lat), has_lon = int_of(c, structure_longitude, &lon);
	size_t blamed = has_lat ? structure_latitude : structure_longitude;
	char text[64];
	int n;

	if (rejected(c, structure_latitude) || rejected(c, structure_longitude))
		return;
	if ((has_lat && surely_empty(c, structure_longitude)) || (has_lon && surely_empty(c, structure_latitude)))
		say(c, blamed, "coordonnees_invalides", VERDICT_REJECTED, SLICE_NONE);
	if (!has_lat || !has_lon || place == NULL || !point_wrong(place, lat, lon))
		return;
	n = snprintf(text, sizeof(text), "%.5f %.5f", (double)lat / 1e7, (double)lon / 1e7);
	say(c, blamed, "coordonnees_invalides", VERDICT_REJECTED, SLICE(text, n));
}

static void check_structure(struct checking *c)
{
	struct slice naf = str_of(c, structure_code_naf);

	check_identifiers(c);
	check_category(c);
	if (naf.len > 0 && !reference_naf(c->ref, naf))
		say(c, structure_code_naf, "naf_inconnu", VERDICT_REJECTED, naf);
	check_point(c, check_place(c));
	check_order(c, structure_date_creation, structure_date_maj, structure_date_creation);
}

/* the others */

static void check_offre(struct checking *c)
{
	int64_t n, sum;

	if (int_of(c, offre_nb_avis, &n) && int_of(c, offre_somme_avis, &sum) && (sum < n || sum > 5 * n))
		say(c, offre_somme_avis, "hors_limites", VERDICT_REJECTED, SLICE_NONE);
	check_order(c, offre_valide_du, offre_valide_au, offre_valide_au);
}

static void check_besoin(struct checking *c)
{
	(void)check_insee(c, besoin_code_insee);
}

static const struct { const char *forme, *categorie; } categories[] = {
	{"mecenat_competences", "mecenat"},
	{"mecenat_financier", "mecenat"},
	{"mecenat_nature", "mecenat"},
	{"soutien_action_locale", "mecenat"},
	{"achat_esat_ea", "pratiques_responsables"},
	{"achat_responsable", "pratiques_responsables"},
	{"insertion_emploi", "pratiques_responsables"},
	{"clause_sociale", "pratiques_responsables"},
	{"pratiques_responsables", "pratiques_responsables"},
	{"valorisation_dechets", "cooperation_economique"},
	{"mutualisation_achats", "cooperation_economique"},
	{"reponse_commune", "cooperation_economique"},
	{"hebergement_local", "cooperation_economique"},
	{"innovation_sociale", "innovation_societale"},
};

const char *exchange_categorie(struct slice forme)
{
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (slice_eq(forme, slice_str(categories[i].forme)))
			return categories[i].categorie;
	return "";
}

static void check_forme(struct checking *c)
{
	struct slice categorie = str_of(c, partenariat_categorie), its = slice_str(exchange_categorie(str_of(c, partenariat_forme)));

	if (its.len == 0)
		return;
	if (categorie.len == 0 && !rejected(c, partenariat_categorie))
		set_str(c, partenariat_categorie, its);
	else if (categorie.len > 0 && !slice_eq(categorie, its))
		say(c, partenariat_categorie, "valeur_hors_liste", VERDICT_REJECTED, categorie);
}

static void check_partenariat(struct checking *c)
{
	struct slice a = c->e->values[partenariat_structure_a_uid], b = c->e->values[partenariat_structure_b_uid];

	check_forme(c);
	if (a.len > 1 && slice_eq(a, b))
		say(c, partenariat_structure_b_uid, "hors_limites", VERDICT_REJECTED, SLICE_NONE);
}

static void check_evenement(struct checking *c)
{
	struct slice type = str_of(c, evenement_type_evenement);

	(void)check_insee(c, evenement_code_insee);
	check_order(c, evenement_debut, evenement_fin, evenement_fin);
	if (slice_eq(type, slice_str("rencontre_filiere")) && surely_empty(c, evenement_filiere) &&
	    !rejected(c, evenement_filiere))
		say(c, evenement_filiere, "champ_requis", VERDICT_REJECTED, SLICE_NONE);
}

static const struct {
	const char *kind;
	void (*check)(struct checking *c);
} kind_checks[] = {
	{"structure", check_structure},	    {"offre", check_offre}, {"besoin", check_besoin},
	{"partenariat", check_partenariat}, {"evenement", check_evenement},
};

/* every kind */

static void check_refs(struct checking *c)
{
	const struct schema_kind *k = c->e->kind;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct schema_field *f = &k->fields[i];
		char text[ULID_LEN + 1];
		struct canon_reader r;
		struct id16 uid;

		if (f->type != TYPE_REF || !has_value(c, i) || c->host->knows == NULL)
			continue;
		canon_read_init(&r, c->e->values[i]);
		canon_read_exact(&r, uid.bytes, sizeof(uid.bytes));
		if (c->host->knows(c->host->ctx, schema_kind_named(slice_str(f->refers)), &uid))
			continue;
		ulid_encode(uid.bytes, text);
		say(c, i, "reference_inconnue", VERDICT_WARNING, slice_str(text));
	}
}

static void check_kept_home(struct checking *c, size_t index)
{
	struct canon_reader r;

	canon_read_init(&r, c->e->values[index]);
	for (uint32_t n = canon_read_array(&r, UINT32_MAX); n > 0; n--) {
		struct slice name = canon_read_str(&r, SIZE_MAX);

		if (schema_field_named(c->e->kind, name) == NULL)
			say(c, index, "valeur_hors_liste", VERDICT_REJECTED, name);
	}
}

static void check_required(struct checking *c)
{
	const struct schema_kind *k = c->e->kind;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct schema_field *f = &k->fields[i];

		if (f->no == FIELD_CHAMPS_LOCAUX && has_value(c, i))
			check_kept_home(c, i);
		if (!(f->flags & FIELD_REQUIRED) || !surely_empty(c, i) || rejected(c, i))
			continue;
		say(c, i, strcmp(f->name, "nom") == 0 ? "nom_vide" : "champ_requis", VERDICT_REJECTED, SLICE_NONE);
	}
}

/* R17: there is no place for a person helped, not even in columns that nobody knows. */
static void check_nobody(struct checking *c)
{
	const struct schema_field *f = schema_field_no(c->e->kind, FIELD_EXTRA);

	if (rgpd_is_nobody(c->e->kind) && f && c->e->values[f->index].len > 1)
		findings_add(c->findings, f->name, "colonne_refusee", VERDICT_REJECTED, SLICE_NONE);
}

void exchange_check(struct edit *e, bool creating, const struct reference *ref, const struct exchange_host *host,
		    struct buf *scratch, struct findings *findings)
{
	struct buf state;
	struct checking c = {e, creating, ref, host, scratch, findings, &state};

	buf_init(&state, CHECK_STATE_MAX);
	make_room(&c);
	for (size_t i = 0; i < sizeof(kind_checks) / sizeof(kind_checks[0]); i++) {
		if (strcmp(e->kind->name, kind_checks[i].kind) == 0)
			kind_checks[i].check(&c);
	}
	rules_check(&c);
	check_nobody(&c);
	check_refs(&c);
	check_required(&c);
	buf_done(&state);
}
