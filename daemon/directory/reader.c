/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/directory/directory_sql.h"

#include <stdlib.h>
#include <string.h>

#include "proto/value.h"

static enum es_err prepare(struct reader *r)
{
	enum es_err err = sql_prepare(r->db, "SELECT state FROM etat WHERE cle = ?1 AND id = ?2 AND kind = ?3", &r->state);

	if (err == ES_OK)
		err = sql_prepare(r->db, "SELECT hub FROM meta_pole ORDER BY hub <> ?1, hub", &r->hubs);
	if (err == ES_OK)
		err = sql_prepare(r->db, "SELECT kind, state FROM etat WHERE cle = ?1 AND id = ?2 ORDER BY kind", &r->record);
	if (err == ES_OK)
		err = sql_prepare(r->db, "SELECT (SELECT valeur FROM meta WHERE cle = 'commit'),"
					 "(SELECT valeur FROM meta WHERE cle = 'edit'),"
					 "(SELECT valeur FROM meta WHERE cle = 'refonte')", &r->position);
	return err;
}

static enum es_err open_file(struct reader *r, const char *path)
{
	int rc = sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	enum es_err err = sql_err(rc);

	if (err == ES_OK)
		err = sql_settle(r->db);
	if (err == ES_OK)
		err = sql_exec(r->db, "PRAGMA query_only = 1; PRAGMA cache_size = -8000");
	return err;
}

enum es_err reader_open(const char *path, const struct reference *ref, struct reader **out)
{
	struct reader *r = calloc(1, sizeof(*r));
	enum es_err err;

	if (r == NULL)
		return ES_NOMEM;
	r->ref = ref;
	r->within = SCOPE_LOCAL;
	kind_maps_init(&r->maps);
	err = open_file(r, path);
	if (err == ES_OK)
		err = prepare(r);
	if (err == ES_OK)
		*out = r;
	else
		reader_close(r);
	return err;
}

void reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	sqlite3_finalize(r->state);
	sqlite3_finalize(r->hubs);
	sqlite3_finalize(r->record);
	sqlite3_finalize(r->position);
	for (size_t i = 0; i < KINDS_MAX; i++)
		sqlite3_finalize(r->knows[i]);
	identity_close(&r->identity);
	sqlite3_finalize(r->contacts);
	for (size_t i = 0; i < ASKED_KEPT; i++)
		sqlite3_finalize(r->asked[i]);
	sqlite3_close(r->db);
	free(r);
}

void reader_prefer(struct reader *r, const struct id16 *hub)
{
	r->local = *hub;
}

void reader_limit(struct reader *r, enum scope within)
{
	r->within = within;
}

enum es_err reader_begin(struct reader *r)
{
	return sql_exec(r->db, "BEGIN");
}

void reader_end(struct reader *r)
{
	if (sqlite3_get_autocommit(r->db) == 0)
		(void)sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
}

enum es_err reader_state(struct reader *r, const struct record_id *record, unsigned kind, struct buf *out)
{
	sqlite3_stmt *s = r->state;
	enum es_err err;
	int rc;

	sqlite3_bind_int64(s, 1, record_key(record));
	sql_bind_slice(s, 2, record_slice(record));
	sqlite3_bind_int64(s, 3, kind);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		struct slice state = sql_blob(s, 0);

		buf_add(out, state.p, state.len);
	}
	err = sql_end(s, rc);
	return err == ES_OK ? buf_err(out) : err;
}

struct finding_records {
	bool deleted;
	struct record_id *ids;
	unsigned *kinds;
	size_t count, max;
};

/* The live records of one id, whatever their kind; or those of which the deletion stands. */
static int find_of_id(struct reader *r, const struct record_id *id, struct finding_records *f)
{
	sqlite3_stmt *s = r->record;
	int rc;

	sqlite3_bind_int64(s, 1, record_key(id));
	sql_bind_slice(s, 2, record_slice(id));
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct shown shown;

		shown_read_within(&shown, NULL, r->within, sql_blob(s, 1));
		if (shown_live(&shown) == f->deleted || sql_blob(s, 1).len == 0)
			continue;
		if (f->count < f->max) {
			f->ids[f->count] = *id;
			f->kinds[f->count] = (unsigned)sqlite3_column_int(s, 0);
		}
		f->count++;
	}
	sqlite3_reset(s);
	return rc;
}

static size_t find_all(struct reader *r, const struct id16 *uid, struct finding_records f)
{
	struct record_id id;

	sql_bind_slice(r->hubs, 1, SLICE(r->local.bytes, sizeof(r->local.bytes)));
	while (sqlite3_step(r->hubs) == SQLITE_ROW) {
		struct slice hub = sql_blob(r->hubs, 0);

		if (hub.len != sizeof(*uid))
			continue;
		memcpy(id.bytes, hub.p, hub.len);
		memcpy(id.bytes + hub.len, uid->bytes, sizeof(uid->bytes));
		find_of_id(r, &id, &f);
	}
	sqlite3_reset(r->hubs);
	return f.count;
}

size_t reader_find(struct reader *r, const struct id16 *uid, struct record_id *ids, unsigned *kinds, size_t max)
{
	return find_all(r, uid, (struct finding_records){.ids = ids, .kinds = kinds, .max = max});
}

size_t reader_find_deleted(struct reader *r, const struct id16 *uid, struct record_id *ids, unsigned *kinds, size_t max)
{
	return find_all(r, uid, (struct finding_records){.deleted = true, .ids = ids, .kinds = kinds, .max = max});
}

static sqlite3_stmt *knows_statement(struct reader *r, const struct schema_kind *k)
{
	const struct kind_map *m = kind_maps_find(&r->maps, k->no);
	sqlite3_stmt **s;

	if (m == NULL)
		return NULL;
	s = &r->knows[m - r->maps.at];
	if (*s == NULL && sql_preparef(r->db, s, "SELECT 1 FROM \"%w\" WHERE uid = ?1", k->name) != ES_OK)
		return NULL;
	return *s;
}

bool reader_knows(struct reader *r, const struct schema_kind *k, const struct id16 *uid)
{
	sqlite3_stmt *s = knows_statement(r, k);
	char text[ULID_LEN + 1];
	bool known;

	if (s == NULL)
		return false;
	ulid_encode(uid->bytes, text);
	sqlite3_bind_text(s, 1, text, ULID_LEN, SQLITE_STATIC);
	known = sqlite3_step(s) == SQLITE_ROW;
	sqlite3_reset(s);
	return known;
}

static bool reference_hidden(struct reader *r, const struct schema_field *f, struct slice value)
{
	const struct schema_kind *k;
	struct id16 uid;

	if (f->type != TYPE_REF || f->refers == NULL || !canon_is_uid(value, &uid))
		return false;
	k = schema_kind_named(slice_str(f->refers));
	if (r->within < SCOPE_LOCAL) {
		struct record_id id;
		unsigned kind;

		return reader_find(r, &uid, &id, &kind, 1) == 0;
	}
	return k != NULL && !reader_knows(r, k, &uid);
}

struct data_writing {
	struct buf *json;
	const struct kind_map *m;
	enum scope within;
	const char *comma;
};

static void write_unknown(void *ctx, unsigned no, const struct fold_value *v)
{
	struct data_writing *w = ctx;

	if (no == FIELD_DELETED || no == FIELD_PORTEE || v->value.p[0] == 0xc0 || v->scope > w->within)
		return;
	if (w->m != NULL && kind_map_field(w->m, no) >= 0)
		return;
	buf_printf(w->json, "%s\"champ_%u\":", w->comma, no);
	value_json_any(v->value, w->json);
	w->comma = ",";
}

/* The scope stands beside the data, so portee is left out of it. */
static void write_data(struct reader *r, const struct shown *shown, const struct kind_map *m, enum scope within,
		       struct slice state, bool hide_unknown, struct buf *json)
{
	struct data_writing w = {.json = json, .m = m, .within = within, .comma = ""};

	for (size_t i = 0; i < shown->count; i++) {
		const struct schema_field *f = &m->k->fields[i];

		if (shown->value[i].len == 0 || f->no == FIELD_PORTEE)
			continue;
		buf_printf(json, "%s\"%s\":", w.comma, f->name);
		if (hide_unknown && reference_hidden(r, f, shown->value[i]))
			buf_str(json, "\"(non partagé)\"");
		else
			value_json(f, shown->value[i], json);
		w.comma = ",";
	}
	fold_each(state, write_unknown, &w);
}

static void write_shown(struct reader *r, struct slice record, unsigned kind, const struct shown *shown, enum scope within,
			struct slice state, struct slice pole, bool hide_unknown, struct buf *json)
{
	const struct kind_map *m = kind_maps_find(&r->maps, kind);
	char uid[ULID_LEN + 1];

	ulid_encode(record_uid(record).p, uid);
	if (m != NULL)
		buf_printf(json, "{\"kind\":\"%s\",\"uid\":\"%s\",\"owner\":", m->k->name, uid);
	else
		buf_printf(json, "{\"kind\":\"kind_%u\",\"uid\":\"%s\",\"owner\":", kind, uid);
	json_quote(pole, json);
	buf_printf(json, ",\"scope\":\"%s\",\"data\":{", shown_scope(shown));
	write_data(r, shown, m, within, state, hide_unknown, json);
	buf_str(json, "}}");
}

void reader_write(struct reader *r, struct slice record, unsigned kind, struct slice state, struct slice pole,
		  bool hide_unknown, struct buf *json)
{
	reader_write_within(r, record, kind, r->within, state, pole, hide_unknown, json);
}

void reader_write_within(struct reader *r, struct slice record, unsigned kind, enum scope within, struct slice state,
			 struct slice pole, bool hide_unknown, struct buf *json)
{
	struct shown shown;

	shown_read_within(&shown, kind_maps_find(&r->maps, kind), within, state);
	write_shown(r, record, kind, &shown, within, state, pole, hide_unknown, json);
}

static enum es_err write_on(struct reader *r, const struct record_id *id, unsigned kind, struct slice state, struct slice pole,
			    const char *day, struct buf *json)
{
	const struct kind_map *m = kind_maps_find(&r->maps, kind);
	struct shown shown;
	struct buf memory;
	enum es_err err;

	buf_init(&memory, STATE_MAX);
	shown_read_within(&shown, m, r->within, state);
	if (m != NULL)
		shown_on(&shown, m, day, &memory);
	err = buf_err(&memory);
	if (err == ES_OK)
		write_shown(r, record_slice(id), kind, &shown, r->within, state, pole, true, json);
	buf_done(&memory);
	return err;
}

/* Whose record it is, handed over or not: its row says; a kind not known here has none. */
static enum es_err prepare_owner(struct reader *r, const struct record_id *id, unsigned kind, sqlite3_stmt **s)
{
	const struct kind_map *m = kind_maps_find(&r->maps, kind);
	enum es_err err = m ? sql_preparef(r->db, s, "SELECT t.pole FROM etat e JOIN \"%w\" t ON t.rec = e.rec"
						     " WHERE e.cle = ?2 AND e.id = ?1 AND e.kind = ?3", m->k->name)
			    : sql_prepare(r->db, "SELECT pole FROM meta_pole WHERE hub = ?1", s);

	if (err != ES_OK)
		return err;
	sql_bind_slice(*s, 1, m ? record_slice(id) : record_hub(record_slice(id)));
	if (m) {
		sqlite3_bind_int64(*s, 2, record_key(id));
		sqlite3_bind_int64(*s, 3, kind);
	}
	return ES_OK;
}

static enum es_err show_record(struct reader *r, const struct record_id *id, unsigned kind, const char *day, struct buf *json)
{
	sqlite3_stmt *owner = NULL;
	struct slice pole = slice_str("");
	struct buf state;
	enum es_err err;

	buf_init(&state, STATE_MAX);
	err = reader_state(r, id, kind, &state);
	if (err == ES_OK)
		err = prepare_owner(r, id, kind, &owner);
	if (err == ES_OK) {
		if (sqlite3_step(owner) == SQLITE_ROW)
			pole = sql_text(owner, 0);
		if (day != NULL)
			err = write_on(r, id, kind, buf_slice(&state), pole, day, json);
		else
			reader_write(r, record_slice(id), kind, buf_slice(&state), pole, true, json);
		err = err == ES_OK ? buf_err(json) : err;
		if (err == ES_OK && !day && kind == schema_kind_named(slice_str("structure"))->no)
			err = reader_show_around(r, id, kind, json);
	}
	sqlite3_finalize(owner);
	buf_done(&state);
	return err;
}

enum es_err reader_show(struct reader *r, const struct id16 *uid, struct buf *json)
{
	return reader_show_on(r, uid, NULL, json);
}

enum es_err reader_show_on(struct reader *r, const struct id16 *uid, const char *day, struct buf *json)
{
	struct record_id id;
	unsigned kind;
	enum es_err err = reader_begin(r);

	if (err == ES_OK)
		err = reader_find(r, uid, &id, &kind, 1) == 0 ? ES_NOT_FOUND : show_record(r, &id, kind, day, json);
	reader_end(r);
	return err;
}

void reader_within_sql(const struct reader *r, const struct schema_kind *k, char out[READER_WITHIN_MAX])
{
	const struct kind_map *m = kind_maps_find(&r->maps, k->no);
	enum scope narrowest = k->cap > k->portee_default ? k->cap : k->portee_default;
	size_t len;

	if (r->within == SCOPE_LOCAL || m == NULL || m->portee < 0) {
		snprintf(out, READER_WITHIN_MAX, "%d", r->within == SCOPE_LOCAL || narrowest <= r->within);
		return;
	}
	snprintf(out, READER_WITHIN_MAX, "%d AND coalesce(portee, '%s') IN (''", k->cap <= r->within, scope_name(k->portee_default));
	for (enum scope s = SCOPE_PUBLIC; s <= r->within; s++) {
		len = strlen(out);
		snprintf(out + len, READER_WITHIN_MAX - len, ", '%s'", scope_name(s));
	}
	len = strlen(out);
	snprintf(out + len, READER_WITHIN_MAX - len, ")");
}

enum es_err reader_count(struct reader *r, const struct schema_kind *k, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	char within[READER_WITHIN_MAX];
	enum es_err err;

	reader_within_sql(r, k, within);
	err = sql_preparef(r->db, &s, "SELECT count(*) FROM \"%w\" WHERE %s", k->name, within);

	if (err == ES_OK) {
		int rc = sqlite3_step(s);

		if (rc == SQLITE_ROW)
			*out = sqlite3_column_int64(s, 0);
		err = sql_end(s, rc);
	}
	sqlite3_finalize(s);
	return err;
}

static enum es_err list_items(struct reader *r, const struct schema_kind *k, int64_t limit, int64_t offset, struct buf *json)
{
	sqlite3_stmt *s = NULL;
	const char *comma = "";
	char within[READER_WITHIN_MAX];
	int rc = SQLITE_DONE;
	enum es_err err;

	reader_within_sql(r, k, within);
	err = sql_preparef(r->db, &s,
		"SELECT e.id, e.state, t.pole"
		" FROM (SELECT rec, uid, pole FROM \"%w\" WHERE %s ORDER BY uid, pole LIMIT %lld OFFSET %lld) t"
		" JOIN etat e ON e.rec = t.rec ORDER BY t.uid, t.pole", k->name, within, (long long)limit, (long long)offset);

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		buf_str(json, comma);
		reader_write(r, sql_blob(s, 0), k->no, sql_blob(s, 1), sql_text(s, 2), true, json);
		err = buf_err(json);
		comma = ",";
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

enum es_err reader_list(struct reader *r, const struct schema_kind *k, int64_t limit, int64_t offset, struct buf *json)
{
	enum es_err err = reader_begin(r);
	int64_t total = 0;

	if (err == ES_OK)
		err = reader_count(r, k, &total);
	if (err == ES_OK) {
		buf_printf(json, "{\"total\":%lld,\"items\":[", (long long)total);
		err = list_items(r, k, limit, offset < 0 ? 0 : offset, json);
		buf_str(json, "]}");
	}
	reader_end(r);
	return err == ES_OK ? buf_err(json) : err;
}

enum es_err reader_counts(struct reader *r, struct buf *json)
{
	enum es_err err = reader_begin(r);

	for (size_t i = 0; i < schema_kind_count && err == ES_OK; i++) {
		int64_t count = 0;

		err = reader_count(r, &schema_kinds[i], &count);
		buf_printf(json, "%s\"%s\":%lld", i == 0 ? "{" : ",", schema_kinds[i].name, (long long)count);
	}
	buf_str(json, "}");
	reader_end(r);
	return err == ES_OK ? buf_err(json) : err;
}

struct position reader_position(struct reader *r)
{
	struct position p = {0};

	if (sqlite3_step(r->position) == SQLITE_ROW)
		p = (struct position){sqlite3_column_int64(r->position, 0), sqlite3_column_int64(r->position, 1),
				      sqlite3_column_int64(r->position, 2)};
	sqlite3_reset(r->position);
	return p;
}
