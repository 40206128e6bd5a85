/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of ESS enterprises that a CRESS keeps and publishes (loi 2014-856 art. 6, code
 * de commerce R123-222): the region's establishments, each once. Open data dialect of
 * RFC 4180. What nobody entered (whether it is the seat, the origin of its creation) is
 * an empty cell, not a guess. */
#include "daemon/export/export_parts.h"

static const char header[] =
	"siren,siret,denomination,sigle,denomination_usuelle,categorie_juridique,libelle_categorie_juridique,famille_ess,"
	"etablissement_siege,adresse,code_postal,code_insee,commune,date_creation,origine_creation,code_naf,code_naf25,"
	"tranche_effectif,etat_administratif,date_maj";

enum { CATEGORY_LABEL = -2, ADMINISTRATIVE = -3, UPDATED = -4 };
static const int columns[] = {
	structure_siren, structure_siret, structure_nom, structure_sigle, structure_denomination_usuelle,
	structure_categorie_juridique, CATEGORY_LABEL,
	structure_famille_ess, structure_etablissement_siege, structure_adresse, structure_code_postal, structure_code_insee, structure_commune,
	structure_date_creation, structure_origine_creation, structure_code_naf, structure_code_naf25, structure_tranche_effectif, ADMINISTRATIVE,
	UPDATED,
};

/* "sous_condition" is what a legal form may become; "justifie" has its proof (R9). */
static bool lists(struct exporting *e, const struct export_row *row)
{
	const struct commune *commune;

	if (!export_is(e, row, structure_statut_ess, "de_droit") && !export_is(e, row, structure_statut_ess, "justifie"))
		return false;
	commune = export_commune(e, row);
	return commune != NULL && e->o->region != NULL && strcmp(commune->region, e->o->region) == 0;
}

static struct slice category_label(struct exporting *e, const struct export_row *row)
{
	const struct legal_category *c = reference_category(e->r->ref, export_text(e, row, structure_categorie_juridique));

	return slice_str(c ? c->label : "");
}

/* SIRENE's letters. Nobody has closed what says nothing of its state. */
static struct slice administrative(struct exporting *e, const struct export_row *row)
{
	return slice_str(export_is(e, row, structure_etat, "fermee") ? "F" : "A");
}

static struct slice cell(struct exporting *e, const struct export_row *row, int column)
{
	switch (column) {
	case CATEGORY_LABEL: return category_label(e, row);
	case ADMINISTRATIVE: return administrative(e, row);
	case UPDATED: return export_updated(e, row);
	default: return export_text(e, row, column);
	}
}

static enum es_err write_row(struct exporting *e, const struct export_row *row)
{
	bool before;
	enum es_err err;

	if (!lists(e, row))
		return ES_OK;
	err = export_listed_before(e, row, lists, &before);
	if (err != ES_OK || before)
		return err;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		buf_str(&e->line, i > 0 ? "," : "");
		export_cell(e, cell(e, row, columns[i]), ',');
	}
	return export_line(e, "\r\n");
}

enum es_err export_liste_ess(struct exporting *e)
{
	enum es_err err;

	buf_str(&e->line, header);
	err = export_line(e, "\r\n");
	return err == ES_OK ? export_each(e, "structure", write_row) : err;
}
