/* SPDX-License-Identifier: Apache-2.0
 *
 * What a record's sheet says beside its values: of each field since when it says so and
 * who may see it, and the records that belong to it. */
#include "daemon/directory/directory_sql.h"

#include <string.h>

#define AROUND_MAX 50

struct facts {
	struct reader *r;
	const struct kind_map *m;
	struct buf *json;
	const char *comma;
	bool waits;
};

static void write_fact(void *ctx, unsigned no, const struct fold_value *v)
{
	struct facts *f = ctx;
	int at = kind_map_field(f->m, no);
	char when[25];

	f->waits = f->waits || v->pending;
	if (at < 0 || v->value.len == 0 || v->value.p[0] == 0xc0 || v->scope > f->r->within)
		return;
	stamp_text(v->edited, when);
	buf_printf(f->json, "%s\"%s\":{\"when\":\"%s\",\"scope\":\"%s\",\"waits\":%s}", f->comma, f->m->k->fields[at].name, when,
		   scope_name(v->scope), v->pending ? "true" : "false");
	f->comma = ",";
}

static bool write_meeting(void *ctx, const struct meeting *m)
{
	struct facts *f = ctx;
	int at = m->scope <= f->r->within ? kind_map_field(f->m, m->field) : -1;

	if (at >= 0) {
		buf_printf(f->json, "%s\"%s\"", f->comma, f->m->k->fields[at].name);
		f->comma = ",";
	}
	return true;
}

/* When the last change of it came here; nothing where it was written here. */
static enum es_err write_heard(struct facts *f, const struct record_id *id)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(f->r->db, "SELECT recu FROM etat WHERE cle = ?1 AND id = ?2 AND kind = ?3 AND recu > 0", &s);
	char when[25];

	if (err == ES_OK) {
		sqlite3_bind_int64(s, 1, record_key(id));
		sql_bind_slice(s, 2, record_slice(id));
		sqlite3_bind_int64(s, 3, f->m->k->no);
		int rc = sqlite3_step(s);

		if (rc == SQLITE_ROW) {
			stamp_text(stamp_at(sqlite3_column_int64(s, 0)), when);
			buf_printf(f->json, ",\"recu\":\"%s\"", when);
		}
		err = sql_end(s, rc);
	}
	sqlite3_finalize(s);
	return err;
}

/* Records of that kind whose structure it is, the last written first. */
static enum es_err write_kind(struct facts *f, const char *kind, const char *uid)
{
	const struct schema_kind *k = schema_kind_named(slice_str(kind));
	char within[READER_WITHIN_MAX];
	const char *comma = "";
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err;

	reader_within_sql(f->r, k, within);
	err = sql_preparef(f->r->db, &s, "SELECT e.id, e.state, t.pole FROM (SELECT rec, uid, pole, maj FROM \"%w\" WHERE structure_uid = ?1"
					 " AND %s ORDER BY maj DESC, uid, pole LIMIT %d) t JOIN etat e ON e.rec = t.rec"
					 " ORDER BY t.maj DESC, t.uid, t.pole", kind, within, AROUND_MAX);
	if (err == ES_OK)
		sql_bind_text(s, 1, slice_str(uid));
	buf_printf(f->json, "\"%s\":[", kind);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		buf_str(f->json, comma);
		reader_write(f->r, sql_blob(s, 0), k->no, sql_blob(s, 1), sql_text(s, 2), true, f->json);
		comma = ",";
	}
	buf_str(f->json, "]");
	sqlite3_finalize(s);
	return err == ES_OK ? sql_err(rc) : err;
}

static enum es_err write_around(struct facts *f, const struct id16 *uid)
{
	static const char *const kinds[] = {"offre", "besoin", "contact", "interaction"};
	char text[ULID_LEN + 1];
	enum es_err err = ES_OK;

	ulid_encode(uid->bytes, text);
	buf_str(f->json, ",\"around\":{");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && err == ES_OK; i++) {
		buf_str(f->json, i ? "," : "");
		err = write_kind(f, kinds[i], text);
	}
	buf_str(f->json, "}");
	return err;
}

static enum es_err write_facts(struct facts *f, const struct record_id *id, struct slice state, const struct id16 *uid)
{
	enum es_err err;

	buf_str(f->json, "{\"fields\":{");
	fold_each(state, write_fact, f);
	buf_printf(f->json, "},\"waits\":%s,\"meetings\":[", f->waits ? "true" : "false");
	f->comma = "";
	err = reader_meetings(f->r, id, write_meeting, f);
	buf_str(f->json, "]");
	if (err == ES_OK)
		err = write_heard(f, id);
	if (err == ES_OK && strcmp(f->m->k->name, "structure") == 0)
		err = write_around(f, uid);
	buf_str(f->json, "}");
	return err == ES_OK ? buf_err(f->json) : err;
}

enum es_err reader_facts(struct reader *r, const struct id16 *uid, struct buf *json)
{
	struct facts f = {.r = r, .json = json, .comma = ""};
	struct record_id id;
	struct buf state;
	unsigned kind = 0;
	enum es_err err = reader_begin(r);

	buf_init(&state, STATE_MAX);
	if (err == ES_OK && reader_find(r, uid, &id, &kind, 1) == 0)
		err = ES_NOT_FOUND;
	f.m = kind_maps_find(&r->maps, kind);
	if (err == ES_OK)
		err = reader_state(r, &id, kind, &state);
	if (err == ES_OK && f.m)
		err = write_facts(&f, &id, buf_slice(&state), uid);
	else if (err == ES_OK)
		buf_str(json, "{}");
	reader_end(r);
	buf_done(&state);
	return err;
}

struct slice reader_title(const struct schema_kind *k, struct slice state)
{
	const struct schema_field *f = k ? schema_field_named(k, slice_str(k->title)) : NULL;
	struct slice text;

	return f && canon_is_text(fold_shown(state, f->no).value, &text) ? text : slice_str("");
}
