/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of one record: cells -> values -> rules -> the host's edit -> a line
 * of the report. A finding of any step stops the edit, never the report. */
#include "daemon/exchange/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "common/say.h"
#include "daemon/exchange/exchange_parts.h"
#include "daemon/rgpd/rgpd.h"
#include "daemon/rules/codes.h"
#include "proto/canon.h"
#include "proto/text.h"

#define RECORD_MAX (16U << 20) /* bytes of one record's values */
#define PROGRESS_EVERY 256 /* records */

/* The SIRET of the file so far, as numbers; 0: free place. */
struct seen {
	uint64_t *places;
	size_t count, size; /* size: a power of two */
};

struct importing {
	const struct import_options *options;
	const struct reference *ref;
	const struct exchange_host *host;
	FILE *report;
	struct import_counts *counts;
	struct csv csv;
	enum encoding encoding;
	struct buf unicode; /* the file, where it was UTF-16 */
	struct header header;
	struct target targets[CSV_FIELDS_MAX]; /* of the record's cells; what brought no value is ignored */
	struct edit edit, contact;
	struct exchange_match match;
	bool left; /* its candidates are not decided */
	struct slice pole; /* another hub's, that the line names */
	bool stands; /* it says what stands, and may say no more */
	struct findings findings;
	struct buf cells, values, contact_values, derived, extra, line;
	struct seen seen, uids, contacts;
	uint64_t record;
	bool listed; /* some record stands in the report */
	uint64_t codes_unknown; /* bit i: some record wrote an unknown code in field i */
};

static size_t seen_place(const struct seen *s, uint64_t siret)
{
	size_t i = (size_t)(siret * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (s->size - 1);

	while (s->places[i] != 0 && s->places[i] != siret)
		i = (i + 1) & (s->size - 1);
	return i;
}

static enum es_err seen_grow(struct seen *s)
{
	struct seen bigger = {.count = s->count, .size = s->size ? 2 * s->size : 1024};

	bigger.places = calloc(bigger.size, sizeof(*bigger.places));
	if (bigger.places == NULL)
		return ES_NOMEM;
	for (size_t i = 0; i < s->size; i++) {
		if (s->places[i])
			bigger.places[seen_place(&bigger, s->places[i])] = s->places[i];
	}
	free(s->places);
	*s = bigger;
	return ES_OK;
}

/* *again: it was there before. */
static enum es_err seen_add(struct seen *s, uint64_t siret, bool *again)
{
	enum es_err err = 2 * s->count >= s->size ? seen_grow(s) : ES_OK;
	size_t i;

	if (err != ES_OK)
		return err;
	i = seen_place(s, siret);
	*again = s->places[i] == siret;
	s->count += !*again;
	s->places[i] = siret;
	return ES_OK;
}

void exchange_counts_json(const struct import_counts *n, struct buf *out)
{
	buf_printf(out, "\"counts\":{\"accepte\":%lld,\"avertissement\":%lld,\"rejete\":%lld,", (long long)n->accepted,
		   (long long)n->warned, (long long)n->rejected);
	buf_printf(out, "\"nouveaux\":%lld,\"modifies\":%lld,\"inchanges\":%lld,\"candidats\":%lld,", (long long)n->new_,
		   (long long)n->changed, (long long)n->same, (long long)n->candidates);
	buf_printf(out, "\"contacts_nouveaux\":%lld,\"contacts_modifies\":%lld}", (long long)n->contacts_new,
		   (long long)n->contacts_changed);
}

/* A cell as UTF-8. It stays where it is until the next record. */
static struct slice cell_text(struct importing *im, struct slice raw)
{
	size_t from = im->cells.len;

	if (im->encoding != ENCODING_WINDOWS_1252 || text_plain(raw))
		return raw;
	encoding_to_utf8(raw, &im->cells);
	return SLICE(im->cells.p + from, im->cells.len - from);
}

static void take_uid(struct importing *im, const struct column *c, struct slice text)
{
	text = text_trim(text);
	if (text.len == 0)
		return;
	im->edit.has_uid = ulid_decode((const char *)text.p, text.len, im->edit.uid.bytes);
	if (!im->edit.has_uid)
		findings_add(&im->findings, c->header, "uid_invalide", VERDICT_REJECTED, text);
}

static void take_pole(struct importing *im, struct slice text)
{
	text = text_trim(text);
	if (text.len > 0 && im->host->pole && !slice_eq(text, slice_str(im->host->pole)))
		im->pole = text;
}

/* Kept as it was written, but for the ends of its lines and what nobody sees. */
static void take_extra(struct importing *im, const struct column *c, struct slice text)
{
	struct buf clean;

	text = text_trim(text);
	if (text.len == 0)
		return;
	if (rgpd_is_nobody(im->edit.kind)) {
		findings_add(&im->findings, c->header, "colonne_refusee", VERDICT_REJECTED, SLICE_NONE);
		return;
	}
	buf_init(&clean, text.len * 3 + 16);
	if (!text_plain(text) && value_clean_text(text, &clean)) {
		if (memchr(text.p, '\r', text.len))
			findings_add(&im->findings, c->header, "saut_de_ligne_normalise", VERDICT_ACCEPTED, text);
		if (text_holds(text, text_is_hidden))
			findings_add(&im->findings, c->header, "caractere_invisible", VERDICT_WARNING, SLICE_NONE);
		text = buf_slice(&clean);
	}
	buf_add_u8(&im->extra, im->extra.len == 0 ? '{' : ',');
	json_quote(slice_str(c->header), &im->extra);
	buf_add_u8(&im->extra, ':');
	json_quote(text, &im->extra);
	buf_done(&clean);
}

/* An empty cell names nothing: what stands is kept. The value's place is noted
 * by offset, since values move while they are appended. False: it brought none. */
static bool take_value(struct importing *im, const struct schema_field *f, struct slice text, struct edit *e, struct buf *values)
{
	size_t from = values->len;

	if (text.len == 0 || !value_parse(f, text, values, &im->findings))
		return false;
	if (values->len == from + 1 && values->p[from] == 0xc0) {
		values->len = from;
		return false;
	}
	e->values[f->index] = (struct slice){NULL, values->len - from};
	return true;
}

static bool ends_in(struct slice text, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < n && n < text.len; i++) {
		if ((text.p[text.len - n + i] | 0x20) != (uint8_t)word[i])
			return false;
	}
	return n < text.len;
}

/* "1 200 € HT", or a column that says it for all its cells; a column of its own
 * goes before (R11). */
static void take_tax(struct importing *im, const struct column *c, struct slice text)
{
	static const uint8_t ht[] = {0xa2, 'h', 't'}, ttc[] = {0xa3, 't', 't', 'c'};
	const struct schema_field *f = header_tax_field(im->edit.kind, c->field);

	text = text_trim(text);
	if (f == NULL || text.len == 0 || im->header.of_field[f->index])
		return;
	if (ends_in(text, "ttc") || (c->tax && strcmp(c->tax, "ttc") == 0))
		im->edit.values[f->index] = SLICE(ttc, sizeof(ttc));
	else if (ends_in(text, "ht") || c->tax)
		im->edit.values[f->index] = SLICE(ht, sizeof(ht));
}

/* In a column of euros a plain number is one of euros. */
static bool take_money(struct importing *im, const struct column *c, struct slice text)
{
	char mem[80];
	struct buf euros;

	take_tax(im, c, text);
	buf_init_fixed(&euros, mem, sizeof(mem));
	text = text_trim(text);
	buf_add(&euros, text.p, text.len);
	buf_str(&euros, "\xe2\x82\xac");
	if (c->euros && text.len > 0 && text.p[text.len - 1] >= '0' && text.p[text.len - 1] <= '9' && buf_err(&euros) == ES_OK)
		text = buf_slice(&euros);
	return take_value(im, c->field, text, &im->edit, &im->values);
}

/* ="82100042900018" is how a spreadsheet is told that a number is a text: the text. Any other
 * formula stays as it is written. */
static struct slice formula_text(struct importing *im, struct slice text)
{
	size_t from = im->cells.len;
	struct slice whole = text;

	if (text.len < 3 || text.p[0] != '=' || text.p[1] != '"' || text.p[text.len - 1] != '"')
		return whole;
	text = SLICE(text.p + 2, text.len - 3);
	if (memchr(text.p, '"', text.len) == NULL)
		return text;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"' && (i + 1 == text.len || text.p[++i] != '"'))
			return whole;
		buf_add_u8(&im->cells, text.p[i]);
	}
	return SLICE(im->cells.p + from, im->cells.len - from);
}

/* Our export for spreadsheets has set an apostrophe before what looks like a formula
 * (R19). The exchange file, which has a uid, is taken to the letter. */
static struct slice unneutralised(struct importing *im, struct slice text)
{
	if (im->header.has_uid)
		return text;
	if (text.len == 0 || text.p[0] != '\'' || !text_is_formula(text))
		return formula_text(im, text);
	return SLICE(text.p + 1, text.len - 1);
}

static void take_cell(struct importing *im, size_t i)
{
	const struct column *c = &im->header.columns[i];
	struct target *to = &im->targets[i];
	struct slice raw = im->csv.fields[i];
	struct slice text = unneutralised(im, cell_text(im, im->csv.stray[i] ? SLICE(raw.p + 1, raw.len - 1) : raw)); /* its quote is told already */
	bool taken = true;

	*to = persons_target(&im->header, &im->csv, i);
	switch (to->use) {
	case COLUMN_FIELD:
		if (to->field->type == TYPE_CENTS)
			taken = take_money(im, c, text);
		else
			taken = take_value(im, to->field, text, &im->edit, &im->values);
		break;
	case COLUMN_CONTACT: taken = take_value(im, to->field, text, &im->contact, &im->contact_values); break;
	case COLUMN_UID: take_uid(im, c, text); break;
	case COLUMN_POLE: take_pole(im, text); break;
	case COLUMN_EXTRA: take_extra(im, c, text); break;
	case COLUMN_IGNORED: break;
	}
	if (!taken)
		to->use = COLUMN_IGNORED;
}

/* Lengths become slices, now that nothing moves any more: columns were read in
 * the file's order, so values stand in that order. */
static void settle_values(struct importing *im, enum column_use use, struct edit *e, const struct buf *values)
{
	size_t at = 0;

	for (size_t i = 0; i < im->header.count && i < im->csv.count; i++) {
		const struct target *t = &im->targets[i];

		if (t->use != use)
			continue;
		e->values[t->field->index].p = values->p + at;
		at += e->values[t->field->index].len;
	}
}

/* Unknown columns join what a column "extra" brought: one JSON object. */
static void settle_extra(struct importing *im)
{
	const struct schema_field *f = schema_field_no(im->edit.kind, FIELD_EXTRA);
	struct slice *value = &im->edit.values[f->index], own = SLICE_NONE;
	struct canon_reader r;
	size_t from = im->derived.len;

	if (im->extra.len == 0)
		return;
	canon_read_init(&r, *value);
	if (value->len > 0)
		own = canon_read_str(&r, value->len);
	if (own.len > 2) {
		buf_add_u8(&im->extra, ',');
		buf_add(&im->extra, own.p + 1, own.len - 2);
	}
	buf_add_u8(&im->extra, '}');
	if (text_length(buf_slice(&im->extra)) > (size_t)f->max) {
		findings_add(&im->findings, f->name, "texte_trop_long", VERDICT_REJECTED, SLICE_NONE);
		return;
	}
	canon_str(&im->derived, buf_slice(&im->extra));
	*value = SLICE(im->derived.p + from, im->derived.len - from);
}

/* Staff tables have no column for the type: the category tells, else it is of
 * the ESS, like nearly all that hubs keep. */
static void default_type(struct importing *im)
{
	const struct schema_field *f = schema_field_named(im->edit.kind, slice_str("type_acteur"));
	struct slice category = im->edit.values[structure_categorie_juridique];
	const struct legal_category *known = NULL;
	struct canon_reader r;

	if (f == NULL || im->header.of_field[f->index])
		return;
	canon_read_init(&r, category);
	if (category.len > 0)
		known = reference_category(im->ref, canon_read_str(&r, category.len));
	im->edit.values[f->index] = SLICE(im->derived.p + im->derived.len, 0);
	canon_str(&im->derived, slice_str(known && known->type_acteur[0] ? known->type_acteur : "ess"));
	im->edit.values[f->index].len = (size_t)(im->derived.p + im->derived.len - im->edit.values[f->index].p);
	im->edit.if_empty |= UINT64_C(1) << f->index;
}

static bool complete(const struct edit *e)
{
	for (size_t i = 0; i < e->kind->field_count; i++) {
		if ((e->kind->fields[i].flags & FIELD_REQUIRED) && e->values[i].len == 0)
			return false;
	}
	return true;
}

/* Has the table a column for all that a record needs? */
static bool header_complete(const struct importing *im)
{
	const struct schema_kind *k = im->options->kind;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct schema_field *f = &k->fields[i];
		bool named = im->header.of_field[i] || (strcmp(f->name, "code_insee") == 0 && im->header.of_field[structure_commune]);

		if ((f->flags & FIELD_REQUIRED) && !named && strcmp(f->name, "type_acteur") != 0)
			return false;
	}
	return true;
}

/* A record that names all it needs is judged as a whole; so is a new one, and one
 * known by its numbers unless the table is only about some fields ("SIRET;Tél."). */
static bool judged_whole(const struct importing *im)
{
	const struct edit *e = &im->edit;

	if (im->match.sure && !header_complete(im))
		return false;
	return !e->has_uid || im->match.sure || complete(e) || im->host->knows == NULL ||
	       !im->host->knows(im->host->ctx, e->kind, &e->uid);
}

static void take_match(struct importing *im)
{
	if (!im->match.sure)
		return;
	im->edit.has_uid = true;
	im->edit.uid = im->match.uids[0];
	/* An earlier number of the record does not come back as its number. */
	if (strcmp(im->match.by, "siret_precedent") == 0)
		im->edit.values[structure_siret] = im->edit.values[structure_siren] = SLICE_NONE;
}

static enum es_err find_known(struct importing *im)
{
	enum es_err err = ES_OK;

	if (!im->edit.has_uid && im->host->find)
		err = im->host->find(im->host->ctx, &im->edit, &im->match);
	if (err == ES_OK)
		take_match(im);
	return err;
}

/* Like one that stands here: is it the same? */
static enum es_err find_alike(struct importing *im)
{
	enum es_err err;

	if (im->edit.has_uid || im->findings.worst == VERDICT_REJECTED || im->host->resemble == NULL)
		return ES_OK;
	err = im->host->resemble(im->host->ctx, &im->edit, &im->match);
	if (err != ES_OK || im->match.count == 0)
		return err;
	if (!im->match.sure) {
		findings_add(&im->findings, "nom", "doublon_possible", VERDICT_WARNING, SLICE_NONE);
		im->left = im->options->candidates == CANDIDATES_LEFT ||
			   (im->options->candidates == CANDIDATES_SAME && im->match.count > 1);
		im->match.sure = im->options->candidates == CANDIDATES_SAME && im->match.count == 1;
	}
	take_match(im);
	return ES_OK;
}

static enum es_err note_twice(struct importing *im)
{
	const struct schema_field *f = schema_field_named(im->edit.kind, slice_str("siret"));
	struct canon_reader r;
	struct slice siret;
	uint64_t number = 0;
	bool again = false;
	enum es_err err;

	if (f == NULL || im->edit.values[f->index].len == 0 || im->findings.worst == VERDICT_REJECTED)
		return ES_OK;
	canon_read_init(&r, im->edit.values[f->index]);
	siret = canon_read_str(&r, 14);
	for (size_t i = 0; i < siret.len; i++)
		number = number * 10 + (siret.p[i] - '0');
	err = seen_add(&im->seen, number, &again);
	if (again)
		findings_add(&im->findings, f->name, "doublon_dans_le_fichier", VERDICT_WARNING, siret);
	return err;
}

/* FNV-1a, a key for seen_add. */
static uint64_t mixed(uint64_t key, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		key = (key ^ text.p[i]) * UINT64_C(0x100000001b3);
	return key;
}

/* A10: of two lines of one code, the first one is. The directory does not have it yet. */
static enum es_err note_code_twice(struct importing *im)
{
	static const size_t naming[] = {code_liste_liste, code_liste_code};
	struct buf name;
	bool again = false;

	if (im->edit.kind->no != code_liste_KIND || im->findings.worst == VERDICT_REJECTED)
		return ES_OK;
	buf_init(&name, 1024);
	for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]); i++) {
		struct canon_reader r;

		canon_read_init(&r, im->edit.values[naming[i]]);
		text_fold(canon_read_str(&r, 512), TEXT_JOINED, &name);
		buf_add_u8(&name, 0);
	}
	uint64_t key = mixed(UINT64_C(0xcbf29ce484222325), buf_slice(&name));
	enum es_err err = name.len > 2 ? seen_add(&im->seen, key | 1, &again) : ES_OK;
	if (again)
		findings_add(&im->findings, "code", "doublon_dans_le_fichier", VERDICT_REJECTED, SLICE_NONE);
	buf_done(&name);
	return err;
}

static void forget_findings(struct importing *im)
{
	im->findings.count = 0;
	im->findings.worst = VERDICT_ACCEPTED;
}

/* An export of the federation holds the other hubs' records too: where such a line says
 * what stands, nobody asks for a change; else its own hub is asked (`propose`). */
static void judge_others(struct importing *im)
{
	if (im->pole.len == 0 && (im->header.has_pole || !im->edit.has_uid))
		return;
	im->stands = im->findings.worst != VERDICT_REJECTED && exchange_stands(im->host, &im->edit);
	if (im->pole.len == 0)
		return; /* whose it is shows when it is refused */
	if (im->stands)
		forget_findings(im); /* its own hub hears them */
	else
		findings_add(&im->findings, "pole", "autre_pole", VERDICT_REJECTED, im->pole);
}

/* Refused, but nothing is wished: the line repeats what stands, in a record of this node or another's. */
static void judge_repeats(struct importing *im)
{
	if (im->findings.worst != VERDICT_REJECTED) {
		im->stands = false;
		return;
	}
	im->stands = im->stands || (im->edit.listed && im->host->repeats && im->host->repeats(im->host->ctx, &im->edit));
	if (im->stands)
		forget_findings(im);
}

/* Two lines that claim one record: neither is the right one. */
static enum es_err note_uid(struct importing *im)
{
	const uint8_t *b = im->edit.uid.bytes;
	uint64_t key = be_read(b, 8) * UINT64_C(0x9e3779b97f4a7c15) ^ be_read(b + 8, 8);
	char text[ULID_LEN + 1];
	bool again = false;
	enum es_err err;

	if (!im->edit.has_uid || im->match.sure)
		return ES_OK;
	err = seen_add(&im->uids, key ? key : 1, &again); /* 0 is a free place */
	ulid_encode(b, text);
	if (again)
		findings_add(&im->findings, "uid", "doublon_dans_le_fichier", VERDICT_REJECTED, slice_str(text));
	return err;
}

/* Room at once for what settle_extra and the defaults append: values point
 * there. (exchange_check makes its own.) */
static enum es_err settle(struct importing *im)
{
	if (buf_reserve(&im->derived, 2 * (im->extra.len + im->values.len) + 64) == NULL)
		return buf_err(&im->derived);
	settle_values(im, COLUMN_FIELD, &im->edit, &im->values);
	settle_values(im, COLUMN_CONTACT, &im->contact, &im->contact_values);
	default_type(im);
	settle_extra(im);
	return ES_OK;
}

static void note_strays(struct importing *im)
{
	size_t told = 0;

	for (size_t i = 0; i < im->csv.count && i < im->header.count && told < im->csv.strays; i++) {
		const struct column *c = &im->header.columns[i];

		if (!im->csv.stray[i])
			continue;
		findings_add(&im->findings, c->field ? c->field->name : c->header, "guillemet_ouvert", VERDICT_REJECTED, SLICE_NONE);
		told++;
	}
	if (told == 0 && im->csv.strays > 0)
		findings_add(&im->findings, "", "guillemet_ouvert", VERDICT_REJECTED, SLICE_NONE);
}

/* Does the cell of column `at` look as if it held the end of its own row, whole rows, or the
 * beginning of the row where it closes? Narrow tables are let be: their prose has that many separators too. */
static bool holds_a_row(const struct importing *im, struct slice cell, size_t at)
{
	const size_t last = im->header.count - 1;
	size_t separators = 0, lines = 0, first = 0;

	if (last < 3)
		return false;
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.p[i] != '\n' && cell.p[i] != '\r') {
			separators += cell.p[i] == (uint8_t)im->csv.separator;
			continue;
		}
		if (lines++ == 0)
			first = separators;
		else if (separators == last)
			return true;
		separators = 0;
	}
	if (lines == 0)
		return false;
	return separators == last || (first == last - at && (first >= 2 || (first == 1 && separators == at)));
}

/* Two stray quotes, one where a cell begins and one where another ends, look like one long cell: only
 * a person can tell. */
static void note_swallowed(struct importing *im)
{
	struct slice raw = im->csv.raw;

	if (memchr(raw.p, '\n', raw.len) == NULL && memchr(raw.p, '\r', raw.len) == NULL)
		return;
	for (size_t i = 0; i < im->csv.count && i < im->header.count; i++) {
		const struct column *c = &im->header.columns[i];

		if (holds_a_row(im, im->csv.fields[i], i))
			findings_add(&im->findings, c->field ? c->field->name : c->header, "lignes_dans_une_case", VERDICT_WARNING, SLICE_NONE);
	}
}

static enum es_err read_record(struct importing *im)
{
	size_t n = im->csv.count < im->header.count ? im->csv.count : im->header.count;
	enum es_err err;

	forget_findings(im);
	memset(&im->match, 0, sizeof(im->match));
	memset(&im->edit, 0, sizeof(im->edit));
	im->edit.kind = im->options->kind;
	im->edit.listed = im->header.is_annuaire;
	for (size_t i = 0; i < im->edit.kind->field_count; i++)
		im->edit.columns |= (uint64_t)(im->header.of_field[i] != NULL) << i;
	im->edit.yields = true;
	if (im->header.contacts) {
		memset(&im->contact, 0, sizeof(im->contact));
		im->contact.kind = schema_kind_named(slice_str("contact"));
	}
	im->left = im->stands = false;
	im->pole = SLICE_NONE;
	buf_clear(&im->cells);
	buf_clear(&im->values);
	buf_clear(&im->contact_values);
	buf_clear(&im->derived);
	buf_clear(&im->extra);
	if (im->csv.count > im->header.count)
		findings_add(&im->findings, "", "colonnes_en_trop", VERDICT_REJECTED, SLICE_NONE);
	note_strays(im);
	note_swallowed(im);
	if (buf_reserve(&im->cells, (im->encoding == ENCODING_WINDOWS_1252 ? 6 : 1) * im->csv.raw.len) == NULL)
		return buf_err(&im->cells);
	for (size_t i = 0; i < n; i++)
		take_cell(im, i);
	err = settle(im);
	if (err == ES_OK)
		judge_others(im);
	if (err == ES_OK && im->stands && im->pole.len > 0)
		return note_uid(im);
	if (err == ES_OK)
		err = find_known(im);
	if (err == ES_OK)
		exchange_check(&im->edit, judged_whole(im), im->ref, im->host, &im->derived, &im->findings);
	if (err == ES_OK)
		judge_repeats(im);
	if (buf_err(&im->values) != ES_OK || buf_err(&im->contact_values) != ES_OK || buf_err(&im->derived) != ES_OK)
		return err == ES_OK ? ES_TOO_LARGE : err;
	if (err == ES_OK)
		err = note_uid(im);
	if (err == ES_OK)
		err = find_alike(im);
	if (err == ES_OK && im->header.contacts && !im->stands && !im->left)
		persons_withdraw(im->host, &im->contact, &im->edit, &im->findings);
	if (err == ES_OK)
		exchange_forget_day(im->host, &im->edit);
	if (err == ES_OK)
		err = note_code_twice(im);
	return err == ES_OK ? note_twice(im) : err;
}

/* A partnership comes in as it stands today, without how it got there. */
static void note_history(struct importing *im)
{
	struct slice etat = im->edit.values[partenariat_etat];
	struct canon_reader r;

	if (strcmp(im->edit.kind->name, "partenariat") != 0)
		return;
	canon_read_init(&r, etat);
	if (!slice_eq(canon_read_str(&r, 40), slice_str("repere")))
		findings_add(&im->findings, "etat", "historique_incomplet", VERDICT_WARNING, SLICE_NONE);
}

static bool names_any(const struct edit *e)
{
	for (size_t i = 0; i < e->kind->field_count; i++) {
		if (e->values[i].len > 0)
			return true;
	}
	return false;
}

/* The same person of the same structure twice in a file is one contact. */
static enum es_err contact_again(struct importing *im, const struct id16 *structure, bool *again)
{
	static const size_t naming[] = {contact_courriel, contact_prenom, contact_nom};
	uint64_t key = be_read(structure->bytes + 8, 8);

	for (size_t i = 0; i < sizeof(naming) / sizeof(naming[0]); i++)
		key = mixed(key, im->contact.values[naming[i]]);
	return seen_add(&im->contacts, key | 1, again);
}

/* Split off to a record of its own, which stays at the hub (W1, step 7). */
static enum es_err write_contact(struct importing *im, const struct id16 *structure)
{
	struct edit_answer answer;
	uint8_t mem[64];
	struct buf own;
	size_t uid_len;
	bool again = false;
	enum es_err err = contact_again(im, structure, &again);

	if (err != ES_OK || again)
		return err;
	buf_init_fixed(&own, mem, sizeof(mem));
	canon_bin(&own, structure->bytes, sizeof(structure->bytes));
	uid_len = own.len;
	canon_str(&own, slice_str("interet_legitime"));
	im->contact.values[contact_structure_uid] = SLICE(mem, uid_len);
	if (im->contact.values[contact_base_legale].len == 0) {
		im->contact.values[contact_base_legale] = SLICE(mem + uid_len, own.len - uid_len);
		im->contact.if_empty |= UINT64_C(1) << contact_base_legale;
	}
	if (im->host->contact)
		im->contact.has_uid = im->host->contact(im->host->ctx, structure, &im->contact, &im->contact.uid);
	err = im->host->edit(im->host->ctx, &im->contact, &answer);
	if (err == ES_OK && answer.outcome == EDIT_NEW)
		im->counts->contacts_new++;
	else if (err == ES_OK && answer.outcome == EDIT_CHANGED)
		im->counts->contacts_changed++;
	return err;
}

static void count_same(struct importing *im, const char **match)
{
	*match = "inchange";
	im->counts->same++;
}

/* "nouveau" and so on; NULL where the record was not taken. */
static enum es_err write_edit(struct importing *im, const char **match)
{
	struct edit_answer answer;
	enum es_err err;

	*match = NULL;
	if (im->findings.worst == VERDICT_REJECTED)
		return ES_OK;
	if (im->stands) {
		count_same(im, match);
		return ES_OK;
	}
	if (im->left) {
		*match = "candidat";
		im->counts->candidates++;
		return ES_OK;
	}
	err = im->host->edit(im->host->ctx, &im->edit, &answer);
	if (err == ES_OTHER_HUB) {
		if (exchange_stands(im->host, &im->edit))
			count_same(im, match);
		else
			findings_add(&im->findings, "uid", "autre_pole", VERDICT_REJECTED, SLICE_NONE);
		return ES_OK;
	}
	if (err != ES_OK)
		return err;
	if (answer.older)
		findings_add(&im->findings, "date_maj", "date_maj_ancienne", VERDICT_WARNING, SLICE_NONE);
	switch (answer.outcome) {
	case EDIT_NEW:
		*match = "nouveau";
		im->counts->new_++;
		note_history(im);
		break;
	case EDIT_CHANGED:
		*match = "modifie";
		im->counts->changed++;
		break;
	case EDIT_SAME:
		count_same(im, match);
		break;
	}
	if (!im->header.contacts || answer.older || !names_any(&im->contact))
		return ES_OK;
	return write_contact(im, &answer.uid);
}

/* The file's own word for a field, where it has one. */
static const char *column_shown(const struct importing *im, const char *name)
{
	for (size_t i = 0; i < im->header.count; i++) {
		const struct column *c = &im->header.columns[i];

		if (c->field && c->field->name == name)
			return c->header;
	}
	return name;
}

static void note_unknown_code(struct importing *im, const struct finding *f)
{
	const struct schema_field *field = schema_field_named(im->options->kind, slice_str(f->column));

	if (field && field->codes && strcmp(f->code, "valeur_hors_liste") == 0)
		im->codes_unknown |= UINT64_C(1) << field->index;
}

static const char *const verdicts[] = {"accepte", "avertissement", "rejete"};

static void report_findings(struct importing *im)
{
	for (size_t i = 0; i < im->findings.count; i++) {
		const struct finding *f = &im->findings.list[i];

		note_unknown_code(im, f);
		buf_str(&im->line, i > 0 ? ",{\"column\":" : "{\"column\":");
		json_quote(slice_str(column_shown(im, f->column)), &im->line);
		buf_printf(&im->line, ",\"code\":\"%s\",\"value\":", f->code);
		json_quote(slice_str(f->value), &im->line);
		buf_printf(&im->line, ",\"verdict\":\"%s\"}", verdicts[f->verdict]);
	}
}

static void count_verdict(struct importing *im)
{
	switch (im->findings.worst) {
	case VERDICT_ACCEPTED: im->counts->accepted++; break;
	case VERDICT_WARNING: im->counts->warned++; break;
	case VERDICT_REJECTED: im->counts->rejected++; break;
	}
}

static enum es_err flush_line(struct importing *im)
{
	if (buf_err(&im->line) != ES_OK)
		return buf_err(&im->line);
	if (fwrite(im->line.p, 1, im->line.len, im->report) != im->line.len)
		return ES_IO;
	buf_clear(&im->line);
	return ES_OK;
}

/* How the record was known, where the line did not say its uid itself. */
static void report_match(struct importing *im, const char *match)
{
	char text[ULID_LEN + 1];

	if (match)
		buf_printf(&im->line, "],\"match\":\"%s\"", match);
	else
		buf_str(&im->line, "],\"match\":null");
	if (im->match.count == 0)
		return;
	buf_printf(&im->line, ",\"by\":\"%s\",\"%s\":[", im->match.by, im->match.sure ? "uids" : "candidates");
	for (size_t i = 0; i < im->match.count; i++) {
		ulid_encode(im->match.uids[i].bytes, text);
		buf_printf(&im->line, "%s\"%s\"", i > 0 ? "," : "", text);
	}
	buf_str(&im->line, "]");
}

static enum es_err report_record(struct importing *im, const char *match)
{
	if (im->options->brief && im->findings.worst == VERDICT_ACCEPTED)
		return ES_OK;
	buf_printf(&im->line, "%s{\"record\":%llu,\"line\":%llu,\"verdict\":\"%s\",\"findings\":[",
		   im->listed ? ",\n" : "\n", (unsigned long long)im->record,
		   (unsigned long long)im->csv.line, verdicts[im->findings.worst]);
	im->listed = true;
	report_findings(im);
	report_match(im, match);
	buf_str(&im->line, "}");
	return flush_line(im);
}

static enum es_err import_record(struct importing *im)
{
	const char *match = NULL;
	enum es_err err;

	im->record++;
	err = read_record(im);
	if (err == ES_OK)
		err = write_edit(im, &match);
	if (err != ES_OK)
		return err;
	count_verdict(im);
	if (im->host->progress && im->record % PROGRESS_EVERY == 0)
		err = im->host->progress(im->host->ctx, im->csv.at, im->csv.file.len);
	return err == ES_OK ? report_record(im, match) : err;
}

static enum es_err import_records(struct importing *im)
{
	enum es_err err;

	buf_add_u8(&im->line, '{');
	header_json(&im->header, im->encoding, im->csv.separator, &im->line);
	buf_str(&im->line, ",\"lines\":[");
	err = flush_line(im);
	while (err == ES_OK && csv_next(&im->csv))
		err = import_record(im);
	if (err == ES_OK)
		err = buf_err(&im->csv.unquoted);
	if (err == ES_OK && im->host->progress)
		err = im->host->progress(im->host->ctx, im->csv.file.len, im->csv.file.len);
	return err;
}

/* Once for the file: the codes that a field which had an unknown one knows. */
static void report_codes(struct importing *im)
{
	const struct schema_kind *k = im->options->kind;
	const char *comma = "";

	buf_str(&im->line, ",\"codes\":{");
	for (size_t i = 0; i < k->field_count; i++) {
		if (!(im->codes_unknown >> i & 1))
			continue;
		buf_str(&im->line, comma);
		json_quote(slice_str(column_shown(im, k->fields[i].name)), &im->line);
		buf_str(&im->line, ":[\"");
		codes_known(im->host->reader, &k->fields[i], im->host->today, "\",\"", &im->line);
		buf_str(&im->line, "\"]");
		comma = ",";
	}
	buf_str(&im->line, "}");
}

static enum es_err report_counts(struct importing *im)
{
	buf_str(&im->line, "],");
	exchange_counts_json(im->counts, &im->line);
	report_codes(im);
	buf_str(&im->line, "}\n");
	return flush_line(im);
}

/* A column's name may have two lines, or a separator in quotes: both are a row that was swallowed. */
static bool header_holds_a_row(const struct csv *c)
{
	for (size_t i = 0; i < c->count && i < CSV_FIELDS_MAX; i++) {
		struct slice name = c->fields[i];

		if (memchr(name.p, c->separator, name.len) && (memchr(name.p, '\n', name.len) || memchr(name.p, '\r', name.len)))
			return true;
	}
	return false;
}

static enum es_err import_start(struct importing *im, struct slice file, struct buf *why)
{
	enum es_err err = encoding_find(file, im->options->encoding, &im->encoding, why);

	if (err == ES_OK && (im->encoding == ENCODING_UTF_16LE || im->encoding == ENCODING_UTF_16BE)) {
		err = encoding_from_utf16(file, im->encoding, &im->unicode);
		if (err == ES_BAD_VALUE)
			buf_str(why, _("the file begins as UTF-16 but is not; save it as CSV UTF-8"));
		file = buf_slice(&im->unicode);
	}
	if (err != ES_OK)
		return err;
	csv_init(&im->csv, file, im->options->separator);
	if (!csv_next(&im->csv)) {
		buf_str(why, _("the file is empty: no header"));
		return ES_BAD_VALUE;
	}
	if (im->csv.strays > 0 || header_holds_a_row(&im->csv)) {
		buf_str(why, _("the header has a quote that its cell does not close; close it or take it away"));
		return ES_BAD_VALUE;
	}
	return header_read(&im->header, &im->csv, im->encoding, im->options->kind, why);
}

static void import_done(struct importing *im)
{
	csv_done(&im->csv);
	header_done(&im->header);
	buf_done(&im->unicode);
	buf_done(&im->cells);
	buf_done(&im->values);
	buf_done(&im->contact_values);
	buf_done(&im->derived);
	buf_done(&im->extra);
	buf_done(&im->line);
	free(im->seen.places);
	free(im->uids.places);
	free(im->contacts.places);
	free(im);
}

enum es_err exchange_import(struct slice file, const struct import_options *options, const struct reference *ref,
			    const struct exchange_host *host, FILE *report, struct import_counts *counts,
			    struct buf *why)
{
	struct importing *im = calloc(1, sizeof(*im));
	enum es_err err;

	if (im == NULL)
		return ES_NOMEM;
	*counts = (struct import_counts){0};
	im->options = options;
	im->ref = ref;
	im->host = host;
	im->report = report;
	im->counts = counts;
	buf_init(&im->cells, 4 * (size_t)RECORD_MAX);
	buf_init(&im->unicode, 2 * file.len + 16);
	buf_init(&im->values, RECORD_MAX);
	buf_init(&im->contact_values, RECORD_MAX);
	buf_init(&im->derived, 4 * (size_t)RECORD_MAX);
	buf_init(&im->extra, RECORD_MAX);
	buf_init(&im->line, RECORD_MAX);
	err = import_start(im, file, why);
	if (err == ES_OK)
		err = import_records(im);
	if (err == ES_OK)
		err = report_counts(im);
	import_done(im);
	return err;
}
