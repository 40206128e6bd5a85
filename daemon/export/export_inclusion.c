/* SPDX-License-Identifier: Apache-2.0
 *
 * data·inclusion, schema 1.0: one JSON object a line, the structures, then their offers
 * as services. A structure is at work and public, a service an offer that stands. */
#include "daemon/export/export_parts.h"

#define EARLIEST "2000-01-01" /* the schema refuses a date_maj before */

static void add_id(struct exporting *e, const char *key, const char *uid)
{
	export_key(e, key);
	buf_printf(&e->line, "\"essaim-%s--%s\"", e->region, uid);
}

static void add_source(struct exporting *e)
{
	export_key(e, "source");
	buf_printf(&e->line, "\"essaim-%s\"", e->region);
}

static void add_text(struct exporting *e, const struct export_row *row, const char *key, int at)
{
	export_member(e, key, export_text(e, row, at));
}

static void add_number(struct exporting *e, const struct export_row *row, const char *key, int at)
{
	export_key(e, key);
	value_json(&row->m->k->fields[at], row->shown.value[at], &e->line);
}

/* What the record says, where that can be: not before 2000 nor after it was written down;
 * else the day that its last public value was. */
static void add_updated(struct exporting *e, const struct export_row *row)
{
	char written[11];
	struct slice said = export_text(e, row, export_field(row, "date_maj"));

	export_written(row, written);
	if (said.len != 10 || slice_cmp(said, slice_str(EARLIEST)) < 0 || slice_cmp(said, slice_str(written)) > 0)
		said = slice_str(written);
	export_member(e, "date_maj", said);
}

static void add_address(struct exporting *e, const struct export_row *row)
{
	const struct commune *commune = export_commune(e, row);

	export_member(e, "commune", slice_str(commune ? commune->name : ""));
	add_text(e, row, "code_postal", structure_code_postal);
	export_member(e, "code_insee", slice_str(commune ? commune->code : ""));
	add_text(e, row, "adresse", structure_adresse);
	add_text(e, row, "complement_adresse", structure_complement_adresse);
	if (!export_point(e, row))
		return;
	add_number(e, row, "longitude", structure_longitude);
	add_number(e, row, "latitude", structure_latitude);
}

static enum es_err write_structure(struct exporting *e, const struct export_row *row)
{
	if (!export_has(row, structure_nom) || export_is(e, row, structure_etat, "fermee"))
		return ES_OK;
	buf_add_u8(&e->line, '{');
	add_source(e);
	add_id(e, "id", row->uid);
	add_text(e, row, "nom", structure_nom);
	add_updated(e, row);
	add_text(e, row, "description", structure_description);
	add_text(e, row, "siret", structure_siret);
	add_address(e, row);
	add_text(e, row, "telephone", structure_telephone);
	add_text(e, row, "courriel", structure_courriel);
	add_text(e, row, "site_web", structure_site_web);
	return export_line(e, "}\n");
}

static const struct {
	const char *type_offre, *type;
} types[] = {
	{"bien", "aide-materielle"},	    {"service", "accompagnement"}, {"mise_a_disposition", "aide-materielle"},
	{"competence", "accompagnement"}, {"local", "aide-materielle"},  {"formation", "formation"},
};

static void add_type(struct exporting *e, const struct export_row *row)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (export_is(e, row, offre_type_offre, types[i].type_offre))
			export_member(e, "type", slice_str(types[i].type));
}

static bool is_zone(struct exporting *e, struct slice code)
{
	return code.len == 2 || code.len == 3 || reference_commune(e->r->ref, code) != NULL ||
	       reference_epci_name(e->r->ref, code) != NULL;
}

/* Codes of communes, EPCI and départements; what else somebody wrote there is none. */
static void add_zones(struct exporting *e, const struct export_row *row)
{
	struct slice rest = export_text(e, row, offre_zones);
	const char *comma = "";

	if (rest.len == 0)
		return;
	export_key(e, "zone_eligibilite");
	buf_add_u8(&e->line, '[');
	while (rest.len > 0) {
		const uint8_t *bar = memchr(rest.p, '|', rest.len);
		size_t n = bar ? (size_t)(bar - rest.p) : rest.len;

		if (is_zone(e, SLICE(rest.p, n))) {
			buf_str(&e->line, comma);
			json_quote(SLICE(rest.p, n), &e->line);
			comma = ",";
		}
		n += bar != NULL;
		rest = SLICE(rest.p + n, rest.len - n);
	}
	buf_add_u8(&e->line, ']');
}

static void add_price(struct exporting *e, const struct export_row *row)
{
	if (export_has(row, offre_prix_cents))
		export_member(e, "frais", slice_str(export_is(e, row, offre_prix_cents, "0") ? "gratuit" : "payant"));
}

static bool stands(struct exporting *e, const struct export_row *row)
{
	return !export_has(row, offre_statut) || export_is(e, row, offre_statut, "active");
}

static enum es_err write_service(struct exporting *e, const struct export_row *row)
{
	struct export_row structure;

	if (!export_has(row, offre_titre) || !stands(e, row) ||
	    !export_reference(e, row, offre_structure_uid, &structure) || !export_has(&structure, structure_nom) ||
	    export_is(e, &structure, structure_etat, "fermee"))
		return ES_OK;
	buf_add_u8(&e->line, '{');
	add_source(e);
	add_id(e, "structure_id", structure.uid);
	add_id(e, "id", row->uid);
	add_text(e, row, "nom", offre_titre);
	add_text(e, row, "description", export_has(row, offre_description) ? offre_description : offre_titre);
	add_updated(e, row);
	add_type(e, row);
	add_price(e, row);
	add_zones(e, row);
	return export_line(e, "}\n");
}

enum es_err export_inclusion(struct exporting *e)
{
	enum es_err err = export_each(e, "structure", write_structure);

	return err == ES_OK ? export_each(e, "offre", write_service) : err;
}
