/* SPDX-License-Identifier: Apache-2.0
 *
 * The exchange files (domain.md part 5, 3 and 7): every field as it is, one table a
 * kind (csv) or one object a line (jsonl). Nothing is neutralised. */
#include "daemon/export/export_parts.h"

static bool column_empty(struct exporting *e, const char *column)
{
	sqlite3_stmt *s = NULL;
	bool empty = false;

	if (sql_preparef(e->r->db, &s, "SELECT 1 FROM \"%w\" WHERE \"%w\" IS NOT NULL LIMIT 1", e->kind->name, column) == ES_OK)
		empty = sqlite3_step(s) == SQLITE_DONE;
	sqlite3_finalize(s);
	return empty;
}

static enum es_err mark_filled(struct exporting *e, const struct export_row *row)
{
	for (size_t i = 0; i < e->kind->field_count; i++)
		if (e->columns.omit[i] && export_has(row, (int)i))
			e->columns.omit[i] = false;
	return ES_OK;
}

/* Where the file may not hold all, a column may be full of what is not in it. */
static enum es_err omit_empty(struct exporting *e)
{
	if (e->within < SCOPE_LOCAL)
		return export_each(e, e->kind->name, mark_filled);
	for (size_t i = 0; i < e->kind->field_count; i++)
		e->columns.omit[i] = e->columns.omit[i] && column_empty(e, e->kind->fields[i].name);
	return ES_OK;
}

/* `pole` follows the uid and the references that lead; columns that few
 * records have are left out where none has. */
static enum es_err choose_columns(struct exporting *e)
{
	const struct schema_kind *k = e->kind;
	struct export_columns *c = &e->columns;

	while (c->pole_before < k->field_count && k->fields[c->pole_before].type == TYPE_REF)
		c->pole_before++;
	for (size_t i = 0; i < k->field_count; i++) {
		unsigned no = k->fields[i].no;

		c->omit[i] = no == FIELD_CHAMPS_LOCAUX || no == FIELD_EXTRA || k->fields[i].flags & FIELD_RARE;
	}
	return omit_empty(e);
}

static enum es_err write_header(struct exporting *e)
{
	const struct export_columns *c = &e->columns;
	const struct schema_kind *k = e->kind;

	buf_str(&e->line, "uid");
	for (size_t i = 0; i <= k->field_count; i++) {
		if (i == c->pole_before)
			buf_str(&e->line, ",pole");
		if (i < k->field_count && !c->omit[i])
			buf_printf(&e->line, ",%s", k->fields[i].name);
	}
	return export_line(e, "\n");
}

static enum es_err write_row(struct exporting *e, const struct export_row *row)
{
	const struct export_columns *c = &e->columns;

	buf_str(&e->line, row->uid);
	for (size_t i = 0; i <= e->kind->field_count; i++) {
		if (i == c->pole_before) {
			buf_add_u8(&e->line, ',');
			export_cell(e, row->pole, ',');
		}
		if (i == e->kind->field_count || c->omit[i])
			continue;
		buf_add_u8(&e->line, ',');
		export_cell(e, export_text(e, row, (int)i), ',');
	}
	return buf_err(&e->cell) == ES_OK ? export_line(e, "\n") : buf_err(&e->cell);
}

enum es_err export_csv(struct exporting *e)
{
	enum es_err err = choose_columns(e);

	if (err == ES_OK)
		err = write_header(e);
	return err == ES_OK ? export_each(e, e->kind->name, write_row) : err;
}

static enum es_err write_object(struct exporting *e, const struct export_row *row)
{
	reader_write_within(e->r, row->record, row->m->k->no, e->within, row->state, row->pole, false, &e->line);
	return export_line(e, "\n");
}

enum es_err export_jsonl(struct exporting *e)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < schema_kind_count && err == ES_OK; i++)
		if (e->kind == NULL || e->kind == &schema_kinds[i])
			err = export_each(e, schema_kinds[i].name, write_object);
	return err;
}
