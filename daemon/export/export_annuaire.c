/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory as staff keep it in a spreadsheet (domain.md part 5, 2): what is shared,
 * in the headers and the spelling of a French office. Importing the file again changes
 * nothing: each cell reads back as the value it was made of, and a "Mise à jour" that no
 * record said, only the journal, as none (exchange_stands.c). */
#include "daemon/export/export_parts.h"

enum spelling { AS_IS, DAY, UPDATED, DECIMAL, PHONE, SPACED, LISTED };

static const struct column {
	int field;
	enum spelling as;
} columns[] = {
	{structure_nom, AS_IS},		 {structure_sigle, AS_IS},	 {structure_type_acteur, AS_IS},
	{structure_siret, SPACED},	 {structure_rna, AS_IS},	 {structure_categorie_juridique, AS_IS},
	{structure_code_naf, AS_IS},	 {structure_adresse, AS_IS},	 {structure_code_postal, AS_IS},
	{structure_commune, AS_IS},	 {structure_code_insee, AS_IS},	 {structure_telephone, PHONE},
	{structure_courriel, AS_IS},	 {structure_site_web, AS_IS},	 {structure_filieres, LISTED},
	{structure_labels, LISTED},	 {structure_effectif_etp, DECIMAL}, {structure_latitude, DECIMAL},
	{structure_longitude, DECIMAL},	 {structure_date_creation, DAY}, {structure_charte_date, DAY},
	{structure_date_maj, UPDATED},
};

const char export_annuaire_header[] =
	"Nom de la structure;Sigle;Type;N° SIRET;N° RNA;Code juridique;Code APE;Adresse;CP;Ville;Code INSEE;Tél.;Mail;"
	"Site internet;Activités;Labels;ETP;Latitude;Longitude;Date de création;Charte signée le;Mise à jour";

/* 2026-11-27 */
static void add_day(struct slice date, struct buf *out)
{
	if (date.len == 10)
		buf_printf(out, "%.2s/%.2s/%.4s", (const char *)date.p + 8, (const char *)date.p + 5, (const char *)date.p);
	else
		buf_add(out, date.p, date.len);
}

/* +33261917278, which a spreadsheet would take for a number. */
static void add_phone(struct slice phone, struct buf *out)
{
	if (phone.len != 12 || memcmp(phone.p, "+33", 3) != 0) {
		buf_add(out, phone.p, phone.len);
		return;
	}
	buf_printf(out, "0%c", phone.p[3]);
	for (size_t i = 4; i < phone.len; i += 2)
		buf_printf(out, " %.2s", (const char *)phone.p + i);
}

/* Fourteen digits in a row come out of a spreadsheet as 8,12346E+13. */
static void add_spaced(struct slice siret, struct buf *out)
{
	for (size_t i = 0; i < siret.len; i++)
		buf_printf(out, "%s%c", i > 0 && i <= 9 && i % 3 == 0 ? " " : "", siret.p[i]);
}

static void add_replaced(struct slice text, char what, const char *by, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == (uint8_t)what)
			buf_str(out, by);
		else
			buf_add_u8(out, text.p[i]);
}

static void spell(struct slice text, enum spelling as, struct buf *out)
{
	switch (as) {
	case AS_IS: buf_add(out, text.p, text.len); break;
	case DAY:
	case UPDATED: add_day(text, out); break;
	case DECIMAL: add_replaced(text, '.', ",", out); break;
	case PHONE: add_phone(text, out); break;
	case SPACED: add_spaced(text, out); break;
	case LISTED: add_replaced(text, '|', ", ", out); break;
	}
}

static enum es_err write_row(struct exporting *e, const struct export_row *row)
{
	struct buf spelled;
	struct slice text;
	enum es_err err;

	buf_init(&spelled, EXPORT_LINE_MAX);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		buf_clear(&spelled);
		if (columns[i].as == UPDATED)
			text = export_updated(e, row);
		else
			text = export_text(e, row, columns[i].field);
		spell(text, columns[i].as, &spelled);
		buf_str(&e->line, i > 0 ? ";" : "");
		export_neutral_cell(e, buf_slice(&spelled), ';');
	}
	err = buf_err(&spelled);
	buf_done(&spelled);
	return err == ES_OK ? export_line(e, "\r\n") : err;
}

enum es_err export_annuaire(struct exporting *e)
{
	enum es_err err;

	buf_printf(&e->line, "\xef\xbb\xbf%s", export_annuaire_header);
	err = export_line(e, "\r\n");
	return err == ES_OK ? export_each(e, "structure", write_row) : err;
}
