/* SPDX-License-Identifier: Apache-2.0
 *
 * A mailing list by consent (E19): contacts that this node shows, whose consent for the
 * purpose is given and not withdrawn. `consentements` holds "purpose:given" and, once
 * withdrawn, "purpose:given:withdrawn". Personal data: the file is for one mailing. */
#include "daemon/export/export_parts.h"

#define DATE_LEN 10

static bool is_date(struct slice text)
{
	return text.len == DATE_LEN && value_time_seconds(text) != INT64_MIN;
}

/* The date an item gives its consent to `purpose`; empty where it does not, or no more. */
static struct slice consent_of(struct slice item, struct slice purpose)
{
	struct slice given;

	if (item.len <= purpose.len || item.p[purpose.len] != ':' || memcmp(item.p, purpose.p, purpose.len) != 0)
		return SLICE_NONE;
	given = SLICE(item.p + purpose.len + 1, item.len - purpose.len - 1);
	return is_date(given) ? given : SLICE_NONE;
}

static struct slice consented_since(struct exporting *e, const struct export_row *row, struct slice purpose)
{
	struct slice rest = export_text(e, row, contact_consentements);
	struct slice since = SLICE_NONE;

	while (rest.len > 0 && since.len == 0) {
		const uint8_t *bar = memchr(rest.p, '|', rest.len);
		size_t n = bar ? (size_t)(bar - rest.p) : rest.len;

		since = consent_of(SLICE(rest.p, n), purpose);
		n += bar != NULL;
		rest = SLICE(rest.p + n, rest.len - n);
	}
	return since;
}

static void add_cell(struct exporting *e, struct slice cell)
{
	buf_add_u8(&e->line, ';');
	export_neutral_cell(e, cell, ';');
}

static enum es_err write_contact(struct exporting *e, const struct export_row *row)
{
	struct slice purpose = slice_str(e->o->finalite ? e->o->finalite : "newsletter");
	struct slice since = consented_since(e, row, purpose);
	struct export_row structure;
	char date[DATE_LEN];

	if (since.len == 0 || !export_has(row, contact_courriel))
		return ES_OK;
	memcpy(date, since.p, DATE_LEN);
	export_neutral_cell(e, export_text(e, row, contact_courriel), ';');
	add_cell(e, export_text(e, row, contact_prenom));
	add_cell(e, export_text(e, row, contact_nom));
	add_cell(e, export_reference(e, row, contact_structure_uid, &structure) ? export_text(e, &structure, structure_nom)
									       : SLICE_NONE);
	add_cell(e, SLICE(date, DATE_LEN));
	return export_line(e, "\n");
}

enum es_err export_diffusion(struct exporting *e)
{
	enum es_err err;

	buf_str(&e->line, "courriel;prenom;nom;structure;depuis");
	err = export_line(e, "\n");
	return err == ES_OK ? export_each(e, "contact", write_contact) : err;
}
