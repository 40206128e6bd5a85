/* SPDX-License-Identifier: Apache-2.0
 *
 * What a line of the page's directory shows of a record beside what every hit has:
 * a few fields, the structure it belongs to, and where it is drawn. */
#include "daemon/search/search_parts.h"

#include <string.h>

static const struct {
	const char *kind;
	const char *fields[8];
} cards[SEARCH_CARDS] = {
	{"structure", {"filieres", "siae_type", "labels", "famille_ess", "date_maj", "etat"}},
	{"offre", {"filiere", "type_offre", "prix_cents", "prix_unite", "rayon_km", "labels_verifies", "statut"}},
	{"besoin", {"filiere", "type_besoin", "budget_max_cents", "prix_unite", "date_limite", "statut"}},
};

struct card {
	struct reader *r;
	struct shown own, structure;
	const struct kind_map *m, *structures;
	struct record_id id; /* of the structure */
	struct buf state;
};

const struct schema_kind *search_card_kind(size_t i)
{
	return schema_kind_named(slice_str(cards[i].kind));
}

bool search_is_card(const struct schema_kind *k)
{
	for (size_t i = 0; i < SEARCH_CARDS; i++)
		if (search_card_kind(i) == k)
			return true;
	return false;
}

static void write_fields(const struct card *c, struct buf *json)
{
	const char *comma = "";

	buf_str(json, ",\"data\":{");
	for (size_t i = 0; i < SEARCH_CARDS; i++)
		for (const char *const *name = cards[i].fields; strcmp(cards[i].kind, c->m->k->name) == 0 && *name; name++) {
			const struct schema_field *f = schema_field_named(c->m->k, slice_str(*name));

			if (c->own.value[f->index].len == 0)
				continue;
			buf_printf(json, "%s\"%s\":", comma, *name);
			value_json(f, c->own.value[f->index], json);
			comma = ",";
		}
	buf_str(json, "}");
}

/* The structure of that uid; where several hubs hold one, the record's own hub's. */
static enum es_err find_structure(struct card *c, const struct record_id *of, const struct id16 *uid)
{
	unsigned kind = 0;

	memcpy(c->id.bytes, of->bytes, 16);
	memcpy(c->id.bytes + 16, uid->bytes, 16);
	buf_clear(&c->state);
	enum es_err err = reader_state(c->r, &c->id, c->structures->k->no, &c->state);
	if (err == ES_OK && c->state.len == 0 && reader_find(c->r, uid, &c->id, &kind, 1) > 0)
		err = reader_state(c->r, &c->id, c->structures->k->no, &c->state);
	if (err == ES_OK)
		shown_read_within(&c->structure, c->structures, c->r->within, buf_slice(&c->state));
	return err;
}

static void write_text(const struct shown *s, int at, const char *key, struct buf *json)
{
	struct slice text;

	if (at < 0 || !canon_is_text(s->value[at], &text))
		return;
	buf_printf(json, ",\"%s\":", key);
	json_quote(text, json);
}

/* What the reader may not place (R16: not diffused, and not its own), and what is only
 * estimated, is not drawn. */
static bool is_drawn(const struct card *c, const struct shown *s, const struct kind_map *m, const struct record_id *id, struct place *at)
{
	const struct schema_field *diffusion = schema_field_named(m->k, slice_str("statut_diffusion"));
	const struct commune *commune;
	struct slice code = SLICE_NONE;

	*at = place_of(s, m, c->r->ref);
	if (!at->known || at->by_structure)
		return false;
	if (diffusion && canon_is_text(s->value[diffusion->index], &code) && slice_eq(code, slice_str("P")) &&
	    memcmp(id->bytes, c->r->local.bytes, 16) != 0)
		return false;
	if (m->latitude >= 0 && s->value[m->latitude].len > 0)
		return true;
	(void)canon_is_text(s->value[m->code_insee], &code);
	commune = commune_of(code, c->r->ref);
	return commune && !commune->estimated;
}

static void write_place(const struct card *c, const struct record_id *id, bool has_structure, struct buf *json)
{
	struct place at;
	bool drawn = is_drawn(c, &c->own, c->m, id, &at);

	if (!drawn && at.by_structure && has_structure)
		drawn = is_drawn(c, &c->structure, c->structures, &c->id, &at);
	if (drawn)
		buf_printf(json, ",\"lat\":%.5f,\"lon\":%.5f", at.lat_e7 / 1e7, at.lon_e7 / 1e7);
}

static void write_structure(const struct card *c, struct buf *json)
{
	char uid[ULID_LEN + 1];

	ulid_encode(c->id.bytes + 16, uid);
	buf_printf(json, ",\"structure\":{\"uid\":\"%s\"", uid);
	write_text(&c->structure, c->structures->title, "nom", json);
	write_text(&c->structure, c->structures->commune, "commune", json);
	buf_str(json, "}");
}

enum es_err search_card(struct reader *r, const struct record_id *id, const struct kind_map *m, struct buf *json)
{
	struct card c = {.r = r, .m = m, .structures = kind_maps_find(&r->maps, schema_kind_named(slice_str("structure"))->no)};
	struct buf state;
	struct id16 uid;
	enum es_err err;
	bool has = false;

	buf_init(&state, STATE_MAX);
	buf_init(&c.state, STATE_MAX);
	err = reader_state(r, id, m->k->no, &state);
	if (err == ES_OK) {
		shown_read_within(&c.own, m, r->within, buf_slice(&state));
		has = m->structure >= 0 && canon_is_uid(c.own.value[m->structure], &uid);
	}
	if (err == ES_OK && has)
		err = find_structure(&c, id, &uid);
	has = has && shown_live(&c.structure);
	if (err == ES_OK) {
		write_fields(&c, json);
		if (has)
			write_structure(&c, json);
		write_place(&c, id, has, json);
	}
	buf_done(&state);
	buf_done(&c.state);
	return err == ES_OK ? buf_err(json) : err;
}
