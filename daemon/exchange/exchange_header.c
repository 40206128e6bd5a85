/* SPDX-License-Identifier: Apache-2.0 */
#include "common/say.h"
#include "daemon/exchange/exchange_parts.h"

#include <stdio.h>
#include <string.h>

#include "daemon/export/export.h"
#include "proto/text.h"
#include "proto/value.h"

#define HEADER_MAX (1U << 20) /* bytes of all headers, in UTF-8 */
#define REASONS_COLUMN "motif_rejet" /* what exchange_rejects() adds */

/* What staff call a field, folded (domain.md part 5). A field's own name and
 * its French label need no line here. */
static const struct { const char *written, *field; } synonyms[] = {
	{"n siret", "siret"}, {"no siret", "siret"}, {"numero de siret", "siret"}, {"n de siret", "siret"},
	{"code siret", "siret"}, {"n siren", "siren"}, {"no siren", "siren"}, {"numero de siren", "siren"},
	{"n rna", "rna"}, {"no rna", "rna"}, {"code rna", "rna"},
	{"nom structure", "nom"}, {"raison sociale", "nom"}, {"denomination", "nom"},
	{"denomination sociale", "nom"}, {"structure", "nom"}, {"acronyme", "sigle"},
	{"type", "type_acteur"}, {"type acteur", "type_acteur"}, {"type de structure", "type_acteur"},
	{"code juridique", "categorie_juridique"}, {"cp", "code_postal"}, {"ville", "commune"},
	{"localite", "commune"}, {"insee", "code_insee"}, {"code insee", "code_insee"},
	{"code commune", "code_insee"}, {"code insee commune", "code_insee"}, {"epci", "code_epci"},
	{"ape", "code_naf"}, {"naf", "code_naf"}, {"code ape", "code_naf"}, {"code naf", "code_naf"},
	{"naf 2025", "code_naf25"}, {"code naf 2025", "code_naf25"}, {"naf25", "code_naf25"},
	{"mail", "courriel"}, {"email", "courriel"}, {"e mail", "courriel"}, {"mel", "courriel"},
	{"adresse mail", "courriel"}, {"adresse email", "courriel"}, {"adresse e mail", "courriel"},
	{"tel", "telephone"}, {"n de telephone", "telephone"}, {"numero de telephone", "telephone"},
	{"site", "site_web"}, {"site web", "site_web"}, {"effectif", "effectif_etp"}, {"etp", "effectif_etp"},
	{"activites", "filieres"}, {"secteurs", "filieres"}, {"lat", "latitude"}, {"lon", "longitude"},
	{"lng", "longitude"}, {"long", "longitude"}, {"date creation", "date_creation"},
	{"date de la charte", "charte_date"}, {"date de mise a jour", "date_maj"}, {"maj", "date_maj"},
	{"derniere mise a jour", "date_maj"}, {"presentation", "description"}, {"complement", "complement_adresse"},
	{"siret precedent", "siret_precedents"}, {"siret precedents", "siret_precedents"}, {"ancien siret", "siret_precedents"},
	{"enseigne", "denomination_usuelle"}, {"nom d usage", "denomination_usuelle"}, {"nom usuel", "denomination_usuelle"},
	{"siege", "etablissement_siege"}, {"siege social", "etablissement_siege"}, {"origine", "origine_creation"},
	{"anciens siret", "siret_precedents"}, {"budget", "budget_max_cents"},
	{"portable", "telephone"}, {"mobile", "telephone"}, {"gsm", "telephone"}, {"tel portable", "telephone"},
	{"telephone portable", "telephone"}, {"tel mobile", "telephone"}, {"telephone mobile", "telephone"},
	{"n de portable", "telephone"}, {"numero de portable", "telephone"}, {"tel fixe", "telephone"},
	{"telephone fixe", "telephone"}, {"fixe", "telephone"}, {"nom prenom", "nom"}, {"nom et prenom", "nom"},
	{"prenom nom", "nom"}, {"prenom et nom", "nom"}, {"prenoms", "prenom"}, {"poste", "fonction"},
	{"poste occupe", "fonction"}, {"fonctions", "fonction"},
};
void header_fold(struct slice text, struct folded *out)
{
	struct buf b;

	buf_init_fixed(&b, out->text, sizeof(out->text) - 1);
	text_fold(text, TEXT_APART, &b);
	out->len = buf_err(&b) == ES_OK ? b.len : 0;
	out->text[out->len] = '\0';
}

static bool folds_to(const char *text, const struct folded *f)
{
	struct folded own;

	header_fold(slice_str(text), &own);
	return f->len > 0 && strcmp(own.text, f->text) == 0;
}

/* Takes words that say how money is counted from the end of a header: "prix ht en euros". */
static const char *cut_money_words(struct folded *f)
{
	static const char *const ends[] = {" en euros", " euros", " eur", " ht", " ttc"};
	const char *tax = NULL;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (f->len <= n || strcmp(f->text + f->len - n, ends[i]) != 0)
			continue;
		f->len -= n;
		f->text[f->len] = '\0';
		if (i >= 3)
			tax = ends[i] + 1;
	}
	return tax;
}

/* "Prix", "Montant HT": an amount in euros, where the field's own name and label say cents. */
static const struct schema_field *money_of(const struct schema_kind *k, struct slice header, const char **tax)
{
	struct folded folded, name, label;

	header_fold(header, &folded);
	*tax = cut_money_words(&folded);
	for (size_t i = 0; i < k->field_count && folded.len > 0; i++) {
		if (k->fields[i].type != TYPE_CENTS)
			continue;
		header_fold(slice_str(k->fields[i].name), &name);
		header_fold(slice_str(k->fields[i].label), &label);
		if ((name.len == folded.len + strlen(" cents") && strncmp(name.text, folded.text, folded.len) == 0) ||
		    (label.len == folded.len + strlen(" centimes") && strncmp(label.text, folded.text, folded.len) == 0))
			return &k->fields[i];
	}
	return NULL;
}

const struct schema_field *header_tax_field(const struct schema_kind *k, const struct schema_field *money)
{
	char name[64];
	int base = (int)strcspn(money->name, "_");

	snprintf(name, sizeof(name), "%.*s_taxe", base, money->name);
	return schema_field_named(k, slice_str(name));
}

/* By its name, then by what people call it, then by its label. */
const struct schema_field *header_field_of(const struct schema_kind *k, struct slice header)
{
	const struct schema_field *f = schema_field_named(k, header);
	struct folded folded;

	header_fold(header, &folded);
	for (size_t i = 0; f == NULL && i < k->field_count; i++) {
		if (folds_to(k->fields[i].name, &folded))
			f = &k->fields[i];
	}
	for (size_t i = 0; f == NULL && i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		if (strcmp(synonyms[i].written, folded.text) == 0)
			f = schema_field_named(k, slice_str(synonyms[i].field));
	}
	if (f == NULL)
		f = schema_field_said(k, header);
	for (size_t i = 0; f == NULL && i < k->field_count; i++) {
		if (folds_to(k->fields[i].label, &folded))
			f = &k->fields[i];
	}
	return f;
}

static bool name_taken(const struct header *h, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++) {
		if (strcmp(h->columns[i].header, name) == 0)
			return true;
	}
	return false;
}

/* Keeps a column's name; columns without one, or named as another, get a number. */
static void keep_name(struct header *h, size_t i, struct slice name)
{
	size_t from = h->names.len;

	buf_add(&h->names, name.p, name.len);
	if (name.len == 0)
		buf_printf(&h->names, "colonne %zu", i + 1);
	buf_add_u8(&h->names, 0);
	if (buf_err(&h->names) != ES_OK)
		return;
	h->columns[i].header = (const char *)h->names.p + from;
	if (h->columns[i].use == COLUMN_EXTRA && name_taken(h, i, h->columns[i].header)) {
		h->names.len--;
		buf_printf(&h->names, " (%zu)", i + 1);
		buf_add_u8(&h->names, 0);
	}
}

static void find_use(struct column *c, struct slice name, const struct schema_kind *k)
{
	if (persons_column(c, name, k))
		return;
	c->field = header_field_of(k, name);
	if (c->field) {
		c->use = COLUMN_FIELD;
		return;
	}
	c->field = money_of(k, name, &c->tax);
	if (c->field) {
		c->use = COLUMN_FIELD;
		c->euros = true;
		return;
	}
	if (slice_eq(name, slice_str("uid")))
		c->use = COLUMN_UID;
	else if (slice_eq(name, slice_str("pole")))
		c->use = COLUMN_POLE;
	else if (slice_eq(name, slice_str(REASONS_COLUMN)))
		c->use = COLUMN_IGNORED;
	else
		c->use = COLUMN_EXTRA;
}

static enum es_err refuse_twice(const struct header *h, size_t i, struct buf *why)
{
	const struct column *c = &h->columns[i];

	for (size_t j = 0; j < i; j++) {
		const struct column *other = &h->columns[j];

		if (c->use > COLUMN_POLE || other->use != c->use || other->field != c->field)
			continue;
		buf_printf(why, _("columns \"%s\" and \"%s\" are the same field"), other->header, c->header);
		return ES_BAD_VALUE;
	}
	return ES_OK;
}

static enum es_err read_column(struct header *h, size_t i, struct slice raw, enum encoding e,
			       const struct schema_kind *k)
{
	struct slice name = raw;
	struct buf utf8;

	buf_init(&utf8, 4 * raw.len + 1);
	if (e == ENCODING_WINDOWS_1252) {
		encoding_to_utf8(raw, &utf8);
		name = buf_slice(&utf8);
	}
	name = text_trim(name);
	find_use(&h->columns[i], name, k);
	keep_name(h, i, name);
	buf_done(&utf8);
	return buf_err(&h->names);
}

static bool is_annuaire(const struct header *h)
{
	const char *rest = export_annuaire_header;

	for (size_t i = 0; i < h->count; i++) {
		size_t len = strcspn(rest, ";");

		if (strlen(h->columns[i].header) != len || memcmp(h->columns[i].header, rest, len) != 0)
			return false;
		rest += len + (rest[len] == ';');
	}
	return *rest == '\0';
}

static enum es_err find_fields(struct header *h, struct buf *why)
{
	bool any = false;

	for (size_t i = 0; i < h->count; i++) {
		h->has_uid = h->has_uid || h->columns[i].use == COLUMN_UID;
		h->has_pole = h->has_pole || h->columns[i].use == COLUMN_POLE;
		h->contacts = h->contacts || h->columns[i].use == COLUMN_CONTACT;
		if (h->columns[i].use != COLUMN_FIELD)
			continue;
		h->of_field[h->columns[i].field->index] = &h->columns[i];
		any = true;
	}
	if (!any)
		buf_str(why, _("no column of this kind of record is recognised in the first line"));
	return any ? ES_OK : ES_BAD_VALUE;
}

enum es_err header_read(struct header *h, const struct csv *c, enum encoding e, const struct schema_kind *k,
			struct buf *why)
{
	enum es_err err = ES_OK;

	memset(h, 0, sizeof(*h));
	buf_init(&h->names, HEADER_MAX);
	if (c->count > CSV_FIELDS_MAX) {
		buf_printf(why, _("more than %d columns"), CSV_FIELDS_MAX);
		return ES_BAD_VALUE;
	}
	/* All at once: names must not move. A name costs its UTF-8 and a number. */
	if (buf_reserve(&h->names, 4 * c->raw.len + 40 * c->count) == NULL)
		return buf_err(&h->names);
	h->count = c->count;
	for (size_t i = 0; i < c->count && err == ES_OK; i++)
		err = read_column(h, i, c->fields[i], e, k);
	if (err == ES_OK)
		persons_settle(h, k);
	for (size_t i = 0; i < c->count && err == ES_OK; i++)
		err = refuse_twice(h, i, why);
	h->is_annuaire = err == ES_OK && is_annuaire(h);
	return err == ES_OK ? find_fields(h, why) : err;
}

void header_done(struct header *h)
{
	buf_done(&h->names);
}

static void map_column(const struct column *c, struct buf *out)
{
	json_quote(slice_str(c->header), out);
	switch (c->use) {
	case COLUMN_FIELD:
		buf_printf(out, ":\"%s", c->field->name);
		if (c->person)
			buf_printf(out, "|contact.%s", c->person->name);
		buf_str(out, "\"");
		break;
	case COLUMN_CONTACT: buf_printf(out, ":\"contact.%s\"", c->field->name); break;
	case COLUMN_UID: buf_str(out, ":\"uid\""); break;
	case COLUMN_POLE: buf_str(out, ":\"pole\""); break;
	case COLUMN_EXTRA: case COLUMN_IGNORED: buf_str(out, ":null"); break;
	}
}

void header_json(const struct header *h, enum encoding e, char separator, struct buf *out)
{
	const char *comma = "";

	buf_printf(out, "\"encoding\":\"%s\",\"separator\":", encoding_name(e));
	json_quote(SLICE(&separator, 1), out);
	buf_str(out, ",\"mapping\":{");
	for (size_t i = 0; i < h->count; i++) {
		buf_str(out, i > 0 ? "," : "");
		map_column(&h->columns[i], out);
	}
	buf_str(out, "},\"extra\":[");
	for (size_t i = 0; i < h->count; i++) {
		if (h->columns[i].use != COLUMN_EXTRA)
			continue;
		buf_str(out, comma);
		json_quote(slice_str(h->columns[i].header), out);
		comma = ",";
	}
	buf_str(out, "]");
}
