/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of one record: cells -> values -> rules -> the host's edit -> a line
 * of the report. A finding of any step stops the edit, never the report. */
#include "daemon/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/codes.h"
#include "daemon/exchange_parts.h"
#include "daemon/rgpd.h"
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
	struct header header;
	struct edit edit;
	struct findings findings;
	struct buf cells, values, derived, extra, line;
	struct seen seen, uids;
	uint64_t record;
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

/* A cell as UTF-8. It stays where it is until the next record. */
static struct slice cell_text(struct importing *im, struct slice raw)
{
	size_t from = im->cells.len;

	if (im->encoding == ENCODING_UTF_8 || text_plain(raw))
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

static void take_pole(struct importing *im, const struct column *c, struct slice text)
{
	text = text_trim(text);
	if (text.len > 0 && im->host->pole && !slice_eq(text, slice_str(im->host->pole)))
		findings_add(&im->findings, c->header, "autre_pole", VERDICT_REJECTED, text);
}

static void take_extra(struct importing *im, const struct column *c, struct slice text)
{
	text = text_trim(text);
	if (text.len == 0)
		return;
	if (rgpd_is_nobody(im->edit.kind)) {
		findings_add(&im->findings, c->header, "colonne_refusee", VERDICT_REJECTED, SLICE_NONE);
		return;
	}
	buf_add_u8(&im->extra, im->extra.len == 0 ? '{' : ',');
	json_string(slice_str(c->header), &im->extra);
	buf_add_u8(&im->extra, ':');
	json_string(text, &im->extra);
}

/* An empty cell names nothing: what stands is kept. The value's place is noted
 * by offset, since values move while they are appended. */
static void take_field(struct importing *im, const struct schema_field *f, struct slice text)
{
	size_t from = im->values.len;

	if (text.len == 0 || !value_parse(f, text, &im->values, &im->findings))
		return;
	if (im->values.len == from + 1 && im->values.p[from] == 0xc0)
		im->values.len = from;
	else
		im->edit.values[f->index] = (struct slice){NULL, im->values.len - from};
}

/* Our export for spreadsheets has set an apostrophe before what looks like a formula
 * (R19). The exchange file, which has a uid, is taken to the letter. */
static struct slice unneutralised(const struct importing *im, struct slice text)
{
	if (im->header.has_uid || text.len == 0 || text.p[0] != '\'' || !text_is_formula(text))
		return text;
	return SLICE(text.p + 1, text.len - 1);
}

static void take_cell(struct importing *im, size_t i)
{
	const struct column *c = &im->header.columns[i];
	struct slice text = unneutralised(im, cell_text(im, im->csv.fields[i]));

	switch (c->use) {
	case COLUMN_FIELD: take_field(im, c->field, text); break;
	case COLUMN_UID: take_uid(im, c, text); break;
	case COLUMN_POLE: take_pole(im, c, text); break;
	case COLUMN_EXTRA: take_extra(im, c, text); break;
	case COLUMN_IGNORED: break;
	}
}

/* Lengths become slices, now that nothing moves any more: columns were read in
 * the file's order, so values stand in that order. */
static void settle_values(struct importing *im)
{
	size_t at = 0;

	for (size_t i = 0; i < im->header.count && i < im->csv.count; i++) {
		const struct schema_field *f = im->header.columns[i].field;

		if (f == NULL || im->edit.values[f->index].len == 0)
			continue;
		im->edit.values[f->index].p = im->values.p + at;
		at += im->edit.values[f->index].len;
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

/* A record that names all it needs is judged as a whole; so is a new one. */
static bool judged_whole(const struct importing *im)
{
	const struct edit *e = &im->edit;

	return !e->has_uid || complete(e) || im->host->knows == NULL ||
	       !im->host->knows(im->host->ctx, e->kind, &e->uid);
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

/* Two lines that claim one record: neither is the right one. */
static enum es_err note_uid(struct importing *im)
{
	const uint8_t *b = im->edit.uid.bytes;
	uint64_t key = (be_read(b, 8) ^ be_read(b + 8, 8)) | 1;
	char text[ULID_LEN + 1];
	bool again = false;
	enum es_err err;

	if (!im->edit.has_uid)
		return ES_OK;
	err = seen_add(&im->uids, key, &again);
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
	settle_values(im);
	default_type(im);
	settle_extra(im);
	return ES_OK;
}

static enum es_err read_record(struct importing *im)
{
	size_t n = im->csv.count < im->header.count ? im->csv.count : im->header.count;
	enum es_err err;

	im->findings.count = 0;
	im->findings.worst = VERDICT_ACCEPTED;
	memset(&im->edit, 0, sizeof(im->edit));
	im->edit.kind = im->options->kind;
	im->edit.listed = im->header.is_annuaire;
	buf_clear(&im->cells);
	buf_clear(&im->values);
	buf_clear(&im->derived);
	buf_clear(&im->extra);
	if (im->csv.count > im->header.count)
		findings_add(&im->findings, "", "colonnes_en_trop", VERDICT_REJECTED, SLICE_NONE);
	if (im->encoding == ENCODING_WINDOWS_1252 && buf_reserve(&im->cells, 3 * im->csv.raw.len) == NULL)
		return buf_err(&im->cells);
	for (size_t i = 0; i < n; i++)
		take_cell(im, i);
	err = settle(im);
	if (err == ES_OK)
		exchange_check(&im->edit, judged_whole(im), im->ref, im->host, &im->derived, &im->findings);
	if (buf_err(&im->values) != ES_OK || buf_err(&im->derived) != ES_OK)
		return err == ES_OK ? ES_TOO_LARGE : err;
	if (err == ES_OK)
		err = note_uid(im);
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

/* "nouveau" and so on; NULL where the record was not taken. */
static enum es_err write_edit(struct importing *im, const char **match)
{
	enum edit_outcome outcome;
	enum es_err err;

	*match = NULL;
	if (im->findings.worst == VERDICT_REJECTED)
		return ES_OK;
	err = im->host->edit(im->host->ctx, &im->edit, &outcome);
	if (err == ES_OTHER_HUB) {
		findings_add(&im->findings, "uid", "autre_pole", VERDICT_REJECTED, SLICE_NONE);
		return ES_OK;
	}
	if (err != ES_OK)
		return err;
	switch (outcome) {
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
		*match = "inchange";
		im->counts->same++;
		break;
	}
	return ES_OK;
}

/* The file's own word for a field, where it has one. */
static const char *column_shown(const struct importing *im, const char *name)
{
	const struct schema_kind *k = im->options->kind;

	for (size_t i = 0; i < k->field_count; i++) {
		if (k->fields[i].name == name && im->header.of_field[i])
			return im->header.of_field[i]->header;
	}
	return name;
}

static void note_unknown_code(struct importing *im, const struct finding *f)
{
	const struct schema_field *field = schema_field_named(im->options->kind, slice_str(f->column));

	if (field && field->codes && strcmp(f->code, "valeur_hors_liste") == 0)
		im->codes_unknown |= UINT64_C(1) << field->index;
}

static void report_findings(struct importing *im)
{
	for (size_t i = 0; i < im->findings.count; i++) {
		const struct finding *f = &im->findings.list[i];

		note_unknown_code(im, f);
		buf_str(&im->line, i > 0 ? ",{\"column\":" : "{\"column\":");
		json_string(slice_str(column_shown(im, f->column)), &im->line);
		buf_printf(&im->line, ",\"code\":\"%s\",\"value\":", f->code);
		json_string(slice_str(f->value), &im->line);
		buf_add_u8(&im->line, '}');
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

static enum es_err report_record(struct importing *im, const char *match)
{
	static const char *const verdicts[] = {"accepte", "avertissement", "rejete"};

	buf_printf(&im->line, "%s{\"record\":%llu,\"line\":%llu,\"verdict\":\"%s\",\"findings\":[",
		   im->record > 1 ? ",\n" : "\n", (unsigned long long)im->record,
		   (unsigned long long)im->csv.line, verdicts[im->findings.worst]);
	report_findings(im);
	if (match)
		buf_printf(&im->line, "],\"match\":\"%s\"}", match);
	else
		buf_str(&im->line, "],\"match\":null}");
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
		im->host->progress(im->host->ctx, im->csv.at, im->csv.file.len);
	return report_record(im, match);
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
		im->host->progress(im->host->ctx, im->csv.file.len, im->csv.file.len);
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
		json_string(slice_str(column_shown(im, k->fields[i].name)), &im->line);
		buf_str(&im->line, ":[\"");
		codes_known(im->host->reader, &k->fields[i], im->host->today, "\",\"", &im->line);
		buf_str(&im->line, "\"]");
		comma = ",";
	}
	buf_str(&im->line, "}");
}

static enum es_err report_counts(struct importing *im)
{
	const struct import_counts *n = im->counts;

	buf_printf(&im->line, "],\"counts\":{\"accepte\":%lld,\"avertissement\":%lld,\"rejete\":%lld,",
		   (long long)n->accepted, (long long)n->warned, (long long)n->rejected);
	buf_printf(&im->line, "\"nouveaux\":%lld,\"modifies\":%lld,\"inchanges\":%lld}", (long long)n->new_,
		   (long long)n->changed, (long long)n->same);
	report_codes(im);
	buf_str(&im->line, "}\n");
	return flush_line(im);
}

static enum es_err import_start(struct importing *im, struct slice file, struct buf *why)
{
	enum es_err err = encoding_find(file, im->options->encoding, &im->encoding, why);

	if (err != ES_OK)
		return err;
	csv_init(&im->csv, file, im->options->separator);
	if (!csv_next(&im->csv)) {
		buf_str(why, "the file is empty: no header");
		return ES_BAD_VALUE;
	}
	return header_read(&im->header, &im->csv, im->encoding, im->options->kind, why);
}

static void import_done(struct importing *im)
{
	csv_done(&im->csv);
	header_done(&im->header);
	buf_done(&im->cells);
	buf_done(&im->values);
	buf_done(&im->derived);
	buf_done(&im->extra);
	buf_done(&im->line);
	free(im->seen.places);
	free(im->uids.places);
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
	buf_init(&im->values, RECORD_MAX);
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
