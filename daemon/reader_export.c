/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory as files (domain.md part 5). One record is in memory at a time;
 * everything is read in one transaction, so a file is one moment of the directory. */
#include "daemon/directory_sql.h"

#include <string.h>

#include "proto/value.h"

#define EXPORT_LINE_MAX (64u << 20)

struct exporting {
	struct reader *r;
	const struct kind_map *m;
	FILE *out;
	bool omit[SCHEMA_FIELDS_MAX];
	size_t pole_before; /* index of the field that follows `pole` */
	struct buf line, cell;
};

static void csv_cell(struct buf *line, struct slice cell)
{
	bool quoted = false;

	for (size_t i = 0; i < cell.len && !quoted; i++)
		quoted = cell.p[i] == ',' || cell.p[i] == '"' || cell.p[i] == '\n' || cell.p[i] == '\r';
	if (!quoted) {
		buf_add(line, cell.p, cell.len);
		return;
	}
	buf_add_u8(line, '"');
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.p[i] == '"')
			buf_add_u8(line, '"');
		buf_add_u8(line, cell.p[i]);
	}
	buf_add_u8(line, '"');
}

static enum es_err write_line(struct exporting *e)
{
	enum es_err err;

	buf_add_u8(&e->line, '\n');
	err = buf_err(&e->line);
	if (err == ES_OK && fwrite(e->line.p, 1, e->line.len, e->out) != e->line.len)
		err = ES_IO;
	buf_clear(&e->line);
	return err;
}

static bool column_empty(struct exporting *e, const char *column)
{
	sqlite3_stmt *s = NULL;
	bool empty = false;

	if (sql_preparef(e->r->db, &s, "SELECT 1 FROM \"%w\" WHERE \"%w\" IS NOT NULL LIMIT 1", e->m->k->name, column) == ES_OK)
		empty = sqlite3_step(s) == SQLITE_DONE;
	sqlite3_finalize(s);
	return empty;
}

/* `pole` follows the uid and the references that lead; columns that few
 * records have are left out where none has. */
static void choose_columns(struct exporting *e)
{
	const struct schema_kind *k = e->m->k;

	while (e->pole_before < k->field_count && k->fields[e->pole_before].type == TYPE_REF)
		e->pole_before++;
	for (size_t i = 0; i < k->field_count; i++) {
		unsigned no = k->fields[i].no;
		bool rare = no == FIELD_CHAMPS_LOCAUX || no == FIELD_EXTRA || k->fields[i].flags & FIELD_RARE;

		e->omit[i] = rare && column_empty(e, k->fields[i].name);
	}
}

static enum es_err write_header(struct exporting *e)
{
	const struct schema_kind *k = e->m->k;

	buf_str(&e->line, "uid");
	for (size_t i = 0; i <= k->field_count; i++) {
		if (i == e->pole_before)
			buf_str(&e->line, ",pole");
		if (i < k->field_count && !e->omit[i])
			buf_printf(&e->line, ",%s", k->fields[i].name);
	}
	return write_line(e);
}

static enum es_err write_row(struct exporting *e, struct slice record, struct slice state, struct slice pole)
{
	const struct schema_kind *k = e->m->k;
	char uid[ULID_LEN + 1];
	struct shown shown;

	shown_read(&shown, e->m, state);
	ulid_encode(record_uid(record).p, uid);
	buf_str(&e->line, uid);
	for (size_t i = 0; i <= k->field_count; i++) {
		if (i == e->pole_before) {
			buf_add_u8(&e->line, ',');
			csv_cell(&e->line, pole);
		}
		if (i == k->field_count || e->omit[i])
			continue;
		buf_clear(&e->cell);
		if (shown.value[i].len > 0)
			value_text(&k->fields[i], shown.value[i], &e->cell);
		if (buf_err(&e->cell) != ES_OK)
			return buf_err(&e->cell);
		buf_add_u8(&e->line, ',');
		csv_cell(&e->line, buf_slice(&e->cell));
	}
	return write_line(e);
}

static enum es_err write_object(struct exporting *e, struct slice record, struct slice state, struct slice pole)
{
	reader_write(e->r, record, e->m->k->no, state, pole, false, &e->line);
	return write_line(e);
}

static enum es_err each_record(struct exporting *e, enum es_err (*write)(struct exporting *, struct slice record,
									 struct slice state, struct slice pole))
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_preparef(e->r->db, &s,
		"SELECT e.id, e.state, t.pole FROM \"%w\" t JOIN etat e ON e.rec = t.rec ORDER BY t.uid, t.pole",
		e->m->k->name);

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = write(e, sql_blob(s, 0), sql_blob(s, 1), sql_text(s, 2));
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static void export_init(struct exporting *e, struct reader *r, FILE *out)
{
	*e = (struct exporting){.r = r, .out = out};
	buf_init(&e->line, EXPORT_LINE_MAX);
	buf_init(&e->cell, EXPORT_LINE_MAX);
}

static enum es_err export_done(struct exporting *e, enum es_err err)
{
	reader_end(e->r);
	buf_done(&e->line);
	buf_done(&e->cell);
	if (err == ES_OK && fflush(e->out) != 0)
		err = ES_IO;
	return err;
}

enum es_err reader_export_csv(struct reader *r, const struct schema_kind *k, FILE *out)
{
	struct exporting e;
	enum es_err err = reader_begin(r);

	export_init(&e, r, out);
	e.m = kind_maps_find(&r->maps, k->no);
	if (err == ES_OK && e.m == NULL)
		err = ES_UNKNOWN_KIND;
	if (err == ES_OK) {
		choose_columns(&e);
		err = write_header(&e);
	}
	if (err == ES_OK)
		err = each_record(&e, write_row);
	return export_done(&e, err);
}

enum es_err reader_export_jsonl(struct reader *r, const struct schema_kind *k, FILE *out)
{
	struct exporting e;
	enum es_err err = reader_begin(r);

	export_init(&e, r, out);
	for (size_t i = 0; i < r->maps.count && err == ES_OK; i++) {
		e.m = &r->maps.at[i];
		if (k == NULL || k->no == e.m->k->no)
			err = each_record(&e, write_object);
	}
	return export_done(&e, err);
}
