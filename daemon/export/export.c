/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/export/export_parts.h"

#include "proto/text.h"

#define EXPORT(id, name, kinds, holds, kind, stem, ending, type, fr, en) \
	{name, kinds, holds, kind, stem, ending, type, fr, en, export_##id},
const struct export_format export_formats[] = {
#include "daemon/export/exports.def"
};
#undef EXPORT
const size_t export_format_count = sizeof(export_formats) / sizeof(export_formats[0]);

const struct export_format *export_format_named(const char *name)
{
	for (size_t i = 0; i < export_format_count; i++)
		if (strcmp(export_formats[i].name, name) == 0)
			return &export_formats[i];
	return NULL;
}

bool export_has_past(const struct export_format *f)
{
	return f->holds == HOLDS_PUBLIC;
}

void export_format_names(struct buf *out)
{
	for (size_t i = 0; i < export_format_count; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", export_formats[i].name);
}

/* --- records --- */

/* The owner has put these fields into its local log; a hub that did not is no reason
 * to publish them. */
static void hide_r16(struct export_row *row)
{
	const struct schema_kind *k = row->m->k;
	int statut = export_field(row, "statut_diffusion");
	struct slice text;

	if (statut < 0 || !canon_is_text(row->shown.value[statut], &text) || !slice_eq(text, slice_str("P")))
		return;
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].flags & FIELD_R16)
			row->shown.value[i] = SLICE_NONE;
}

/* False: nothing of it is to be seen. The statement's columns: id, state, pole. */
static bool read_row(struct exporting *e, sqlite3_stmt *s, const struct kind_map *m, struct export_row *row)
{
	row->m = m;
	row->record = sql_blob(s, 0);
	row->state = sql_blob(s, 1);
	row->pole = sql_text(s, 2);
	ulid_encode(record_uid(row->record).p, row->uid);
	shown_read_within(&row->shown, m, e->within, row->state);
	if (e->within < SCOPE_LOCAL)
		hide_r16(row);
	return shown_live(&row->shown);
}

static const struct kind_map *map_named(struct exporting *e, const char *kind)
{
	const struct schema_kind *k = schema_kind_named(slice_str(kind));

	return k == NULL ? NULL : kind_maps_find(&e->r->maps, k->no);
}

enum es_err export_each(struct exporting *e, const char *kind, export_each_row *each)
{
	const struct kind_map *m = map_named(e, kind);
	struct export_row row;
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = ES_OK;

	if (m == NULL)
		return ES_OK;
	err = sql_preparef(e->r->db, &s,
		"SELECT e.id, e.state, t.pole FROM \"%w\" t JOIN etat e ON e.rec = t.rec ORDER BY t.uid, t.pole", kind);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		if (read_row(e, s, m, &row))
			err = each(e, &row);
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

int export_field(const struct export_row *row, const char *name)
{
	const struct schema_field *f = schema_field_named(row->m->k, slice_str(name));

	return f == NULL ? -1 : f->index;
}

bool export_has(const struct export_row *row, int at)
{
	return at >= 0 && row->shown.value[at].len > 0;
}

struct slice export_text(struct exporting *e, const struct export_row *row, int at)
{
	buf_clear(&e->cell);
	if (export_has(row, at))
		value_text(&row->m->k->fields[at], row->shown.value[at], &e->cell);
	return buf_slice(&e->cell);
}

bool export_is(struct exporting *e, const struct export_row *row, int at, const char *text)
{
	return slice_eq(export_text(e, row, at), slice_str(text));
}

void export_written(const struct export_row *row, char day[11])
{
	char written[25];

	stamp_text(row->shown.valued, written);
	memcpy(day, written, 10);
	day[10] = '\0';
}

struct slice export_updated(struct exporting *e, const struct export_row *row)
{
	struct slice said = export_text(e, row, export_field(row, "date_maj"));
	char day[11];

	if (said.len > 0)
		return said;
	export_written(row, day);
	buf_str(&e->cell, day);
	return buf_slice(&e->cell);
}

const struct commune *export_commune(struct exporting *e, const struct export_row *row)
{
	return commune_of(export_text(e, row, row->m->code_insee), e->r->ref);
}

bool export_point(struct exporting *e, const struct export_row *row)
{
	const struct commune *commune = export_commune(e, row);
	int64_t lat, lon;

	if (row->m->latitude < 0 || row->m->longitude < 0 || !canon_is_int(row->shown.value[row->m->latitude], &lat) ||
	    !canon_is_int(row->shown.value[row->m->longitude], &lon))
		return false;
	return commune == NULL || !commune->estimated || commune->lat_e7 != lat || commune->lon_e7 != lon;
}

enum es_err export_listed_before(struct exporting *e, const struct export_row *row,
				 bool (*lists)(struct exporting *, const struct export_row *), bool *before)
{
	struct slice siret = export_text(e, row, structure_siret);
	struct export_row other;
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	*before = false;
	if (siret.len == 0)
		return ES_OK;
	if (e->others == NULL)
		err = sql_prepare(e->r->db, "SELECT e.id, e.state, t.pole FROM structure t JOIN etat e ON e.rec = t.rec"
					    " WHERE t.siret = ?1 AND (t.uid, t.pole) < (?2, ?3) ORDER BY t.uid, t.pole",
				  &e->others);
	if (err != ES_OK)
		return err;
	sqlite3_bind_text64(e->others, 1, (const char *)siret.p, siret.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	sqlite3_bind_text(e->others, 2, row->uid, ULID_LEN, SQLITE_STATIC);
	sql_bind_text(e->others, 3, row->pole);
	while (!*before && (rc = sqlite3_step(e->others)) == SQLITE_ROW)
		*before = read_row(e, e->others, row->m, &other) && lists(e, &other);
	return sql_end(e->others, rc);
}

bool export_reference(struct exporting *e, const struct export_row *row, int at, struct export_row *to)
{
	const struct kind_map *m = at < 0 ? NULL : map_named(e, row->m->k->fields[at].refers);
	struct slice uid = export_text(e, row, at);
	bool found = false;

	sqlite3_finalize(e->refers);
	e->refers = NULL;
	if (uid.len == 0 || m == NULL ||
	    sql_preparef(e->r->db, &e->refers, "SELECT e.id, e.state, t.pole FROM \"%w\" t JOIN etat e ON e.rec = t.rec"
					       " WHERE t.uid = ?1 ORDER BY t.pole", m->k->name) != ES_OK)
		return false;
	sql_bind_text(e->refers, 1, uid);
	while (!found && sqlite3_step(e->refers) == SQLITE_ROW)
		found = read_row(e, e->refers, m, to);
	return found;
}

/* --- lines --- */

enum es_err export_line(struct exporting *e, const char *end)
{
	enum es_err err;

	buf_str(&e->line, end);
	err = buf_err(&e->line);
	if (err == ES_OK && fwrite(e->line.p, 1, e->line.len, e->out) != e->line.len)
		err = ES_IO;
	buf_clear(&e->line);
	return err;
}

void export_cell(struct exporting *e, struct slice cell, char separator)
{
	bool quoted = false;

	for (size_t i = 0; i < cell.len && !quoted; i++)
		quoted = cell.p[i] == (uint8_t)separator || cell.p[i] == '"' || cell.p[i] == '\n' || cell.p[i] == '\r';
	if (!quoted) {
		buf_add(&e->line, cell.p, cell.len);
		return;
	}
	buf_add_u8(&e->line, '"');
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.p[i] == '"')
			buf_add_u8(&e->line, '"');
		buf_add_u8(&e->line, cell.p[i]);
	}
	buf_add_u8(&e->line, '"');
}

void export_neutral_cell(struct exporting *e, struct slice cell, char separator)
{
	struct buf neutral;

	if (!text_is_formula(cell)) {
		export_cell(e, cell, separator);
		return;
	}
	buf_init(&neutral, cell.len + 1);
	buf_add_u8(&neutral, '\'');
	buf_add(&neutral, cell.p, cell.len);
	export_cell(e, buf_slice(&neutral), separator);
	if (buf_err(&neutral) != ES_OK)
		e->line.err = buf_err(&neutral);
	buf_done(&neutral);
}

void export_key(struct exporting *e, const char *key)
{
	uint8_t last = e->line.len > 0 ? e->line.p[e->line.len - 1] : '{';

	buf_printf(&e->line, "%s\"%s\":", last == '{' ? "" : ",", key);
}

void export_member(struct exporting *e, const char *key, struct slice text)
{
	if (text.len == 0)
		return;
	export_key(e, key);
	json_quote(text, &e->line);
}

/* --- the whole --- */

static enum scope scope_held(enum export_holds holds)
{
	switch (holds) {
	case HOLDS_PUBLIC: return SCOPE_PUBLIC;
	case HOLDS_SHARED: return SCOPE_FEDERATION;
	case HOLDS_ALL:
	case HOLDS_PERSONS: break;
	}
	return SCOPE_LOCAL;
}

static void name_region(struct exporting *e)
{
	const char *name = reference_region_name(e->r->ref, slice_str(e->o->region ? e->o->region : ""));
	struct buf slug;

	buf_init_fixed(&slug, e->region, sizeof(e->region) - 1);
	text_fold(slice_str(name ? name : "France"), TEXT_APART, &slug);
	for (size_t i = 0; i < slug.len; i++)
		if (e->region[i] == ' ')
			e->region[i] = '-';
}

static enum es_err choose_kind(struct exporting *e, const struct export_format *f)
{
	if (f->kinds == EXPORT_WHOLE)
		return e->o->kind == NULL ? ES_OK : ES_USAGE;
	e->kind = e->o->kind;
	if (e->kind == NULL && f->default_kind != NULL)
		e->kind = schema_kind_named(slice_str(f->default_kind));
	return e->kind == NULL && f->kinds == EXPORT_ONE ? ES_UNKNOWN_KIND : ES_OK;
}

enum es_err export_write(struct reader *r, const struct export_format *f, const struct export_options *o, FILE *out)
{
	struct exporting e = {.r = r, .o = o, .out = out, .within = o->public ? SCOPE_PUBLIC : scope_held(f->holds)};
	enum es_err err = choose_kind(&e, f);

	if (e.within > r->within)
		e.within = r->within;
	if (err == ES_OK)
		err = reader_begin(r);
	if (err != ES_OK)
		return err;
	name_region(&e);
	buf_init(&e.line, EXPORT_LINE_MAX);
	buf_init(&e.cell, EXPORT_LINE_MAX);
	err = f->write(&e);
	sqlite3_finalize(e.others);
	sqlite3_finalize(e.refers);
	reader_end(r);
	buf_done(&e.line);
	buf_done(&e.cell);
	if (err == ES_OK && fflush(out) != 0)
		err = ES_IO;
	return err;
}
