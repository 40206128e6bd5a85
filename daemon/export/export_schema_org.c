/* SPDX-License-Identifier: Apache-2.0
 *
 * schema.org as one JSON-LD document, a node of @graph a line: organizations, their
 * offers, their needs (Demand) and events. Only what is public and stands today. */
#include "daemon/export/export_parts.h"

/* A node's IRI. */
static void add_id(struct exporting *e, const char *uid)
{
	export_key(e, "@id");
	buf_printf(&e->line, "\"urn:essaim:%s\"", uid);
}

static void open_node(struct exporting *e, const struct export_row *row, const char *type)
{
	buf_printf(&e->line, "%s{\"@type\":\"%s\"", e->count++ > 0 ? ",\n" : "\n", type);
	add_id(e, row->uid);
}

static void open_member(struct exporting *e, const char *key, const char *type)
{
	export_key(e, key);
	buf_printf(&e->line, "{\"@type\":\"%s\"", type);
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

static void add_identifier(struct exporting *e, const struct export_row *row, const char *name, int at, const char **comma)
{
	if (!export_has(row, at))
		return;
	buf_printf(&e->line, "%s{\"@type\":\"PropertyValue\",\"propertyID\":\"%s\"", *comma, name);
	add_text(e, row, "value", at);
	buf_add_u8(&e->line, '}');
	*comma = ",";
}

static void add_identifiers(struct exporting *e, const struct export_row *row)
{
	const char *comma = "";

	if (!export_has(row, structure_siret) && !export_has(row, structure_rna))
		return;
	export_key(e, "identifier");
	buf_add_u8(&e->line, '[');
	add_identifier(e, row, "SIRET", structure_siret, &comma);
	add_identifier(e, row, "RNA", structure_rna, &comma);
	buf_add_u8(&e->line, ']');
}

/* Where the record is: its street if it has one, its commune, region and country. */
static void add_address(struct exporting *e, const struct export_row *row, int street, int postal)
{
	const struct commune *commune = export_commune(e, row);
	const char *region;

	if (commune == NULL)
		return;
	region = reference_region_name(e->r->ref, slice_str(commune->region));
	open_member(e, "address", "PostalAddress");
	add_text(e, row, "streetAddress", street);
	add_text(e, row, "postalCode", postal);
	export_member(e, "addressLocality", slice_str(commune->name));
	export_member(e, "addressRegion", slice_str(region ? region : ""));
	buf_str(&e->line, ",\"addressCountry\":\"FR\"}");
}

static void add_geo(struct exporting *e, const struct export_row *row)
{
	if (!export_point(e, row))
		return;
	open_member(e, "geo", "GeoCoordinates");
	add_number(e, row, "latitude", structure_latitude);
	add_number(e, row, "longitude", structure_longitude);
	buf_add_u8(&e->line, '}');
}

static enum es_err write_organization(struct exporting *e, const struct export_row *row)
{
	if (export_is(e, row, structure_etat, "fermee"))
		return ES_OK;
	open_node(e, row, "Organization");
	add_text(e, row, "name", structure_nom);
	add_text(e, row, "alternateName", structure_sigle);
	add_identifiers(e, row);
	add_text(e, row, "taxID", structure_siren);
	add_text(e, row, "description", structure_description);
	add_address(e, row, structure_adresse, structure_code_postal);
	add_geo(e, row);
	add_text(e, row, "telephone", structure_telephone);
	add_text(e, row, "email", structure_courriel);
	add_text(e, row, "url", structure_site_web);
	add_text(e, row, "foundingDate", structure_date_creation);
	return export_line(e, "}");
}

/* False, and nothing written, where the structure is not public too. */
static bool add_party(struct exporting *e, const struct export_row *row, const char *key, int at)
{
	struct export_row structure;

	if (!export_reference(e, row, at, &structure) || export_is(e, &structure, structure_etat, "fermee"))
		return false;
	export_key(e, key);
	buf_add_u8(&e->line, '{');
	add_id(e, structure.uid);
	buf_add_u8(&e->line, '}');
	return true;
}

static void add_item(struct exporting *e, const struct export_row *row, const char *type, int title, int category)
{
	open_member(e, "itemOffered", type);
	add_text(e, row, "name", title);
	add_text(e, row, "category", category);
	buf_add_u8(&e->line, '}');
}

/* Cents into "123.45". */
static void add_price(struct exporting *e, const struct export_row *row, int at)
{
	int64_t cents;

	if (!canon_is_int(row->shown.value[at], &cents))
		return;
	export_key(e, "price");
	buf_printf(&e->line, "\"%lld.%02lld\"", (long long)(cents / 100), (long long)(cents % 100));
	export_member(e, "priceCurrency", slice_str("EUR"));
}

static bool is_product(struct exporting *e, const struct export_row *row)
{
	return export_is(e, row, offre_type_offre, "bien") || export_is(e, row, offre_type_offre, "local");
}

static enum es_err write_offer(struct exporting *e, const struct export_row *row)
{
	if (export_has(row, offre_statut) && !export_is(e, row, offre_statut, "active"))
		return ES_OK;
	open_node(e, row, "Offer");
	add_text(e, row, "name", offre_titre);
	add_text(e, row, "description", offre_description);
	add_item(e, row, is_product(e, row) ? "Product" : "Service", offre_titre, offre_filiere);
	add_price(e, row, offre_prix_cents);
	add_text(e, row, "validFrom", offre_valide_du);
	add_text(e, row, "validThrough", offre_valide_au);
	add_party(e, row, "offeredBy", offre_structure_uid);
	return export_line(e, "}");
}

/* Who seeks it: schema.org has the property on the organization alone. */
static void add_seeker(struct exporting *e, const struct export_row *row)
{
	size_t before = e->line.len;

	export_key(e, "@reverse");
	buf_add_u8(&e->line, '{');
	if (add_party(e, row, "seeks", besoin_structure_uid))
		buf_add_u8(&e->line, '}');
	else
		e->line.len = before;
}

static enum es_err write_demand(struct exporting *e, const struct export_row *row)
{
	if (export_has(row, besoin_statut) && !export_is(e, row, besoin_statut, "ouvert"))
		return ES_OK;
	open_node(e, row, "Demand");
	add_text(e, row, "name", besoin_titre);
	add_text(e, row, "description", besoin_description);
	add_item(e, row, "Service", besoin_titre, besoin_filiere);
	add_price(e, row, besoin_budget_max_cents);
	add_text(e, row, "validThrough", besoin_date_limite);
	add_seeker(e, row);
	return export_line(e, "}");
}

static enum es_err write_event(struct exporting *e, const struct export_row *row)
{
	bool cancelled = export_is(e, row, evenement_statut, "annule");
	const struct commune *commune = export_commune(e, row);

	open_node(e, row, "Event");
	add_text(e, row, "name", evenement_titre);
	add_text(e, row, "startDate", evenement_debut);
	add_text(e, row, "endDate", evenement_fin);
	export_member(e, "eventStatus", slice_str(cancelled ? "https://schema.org/EventCancelled"
							    : "https://schema.org/EventScheduled"));
	if (commune != NULL) {
		open_member(e, "location", "Place");
		export_member(e, "name", slice_str(commune->name));
		add_address(e, row, -1, -1);
		buf_add_u8(&e->line, '}');
	}
	if (export_has(row, evenement_capacite) && !export_is(e, row, evenement_unite_capacite, "structure"))
		add_number(e, row, "maximumAttendeeCapacity", evenement_capacite);
	return export_line(e, "}");
}

static const struct {
	const char *kind;
	export_each_row *write;
} nodes[] = {
	{"structure", write_organization}, {"offre", write_offer}, {"besoin", write_demand}, {"evenement", write_event},
};

enum es_err export_schema_org(struct exporting *e)
{
	enum es_err err = ES_OK;

	buf_str(&e->line, "{\"@context\":\"https://schema.org\",\"@graph\":[");
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]) && err == ES_OK; i++)
		err = export_each(e, nodes[i].kind, nodes[i].write);
	return err == ES_OK ? export_line(e, "\n]}\n") : err;
}
