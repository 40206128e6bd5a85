/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/directory/directory_sql.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "proto/canon.h"
#include "proto/value.h"

enum es_err sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
	return sql_err(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL));
}

enum es_err sql_preparef(sqlite3 *db, sqlite3_stmt **out, const char *fmt, ...)
{
	enum es_err err = ES_NOMEM;
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sql != NULL)
		err = sql_prepare(db, sql, out);
	sqlite3_free(sql);
	return err;
}

enum es_err sql_execf(sqlite3 *db, const char *fmt, ...)
{
	enum es_err err = ES_NOMEM;
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = sqlite3_vmprintf(fmt, args);
	va_end(args);
	if (sql != NULL)
		err = sql_exec(db, sql);
	sqlite3_free(sql);
	return err;
}

enum es_err sql_end(sqlite3_stmt *s, int rc)
{
	enum es_err err = sql_err(rc);

	sqlite3_reset(s);
	return err;
}

struct slice sql_text(sqlite3_stmt *s, int column)
{
	const void *p = sqlite3_column_text(s, column);

	return SLICE(p == NULL ? "" : p, (size_t)sqlite3_column_bytes(s, column));
}

/* The text stays the caller's until the statement is reset. */
void sql_bind_text(sqlite3_stmt *s, int at, struct slice text)
{
	sqlite3_bind_text64(s, at, text.p == NULL ? "" : (const char *)text.p, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

enum es_err sql_settle(sqlite3 *db)
{
	sqlite3_busy_timeout(db, 5000);
	sqlite3_extended_result_codes(db, 1);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return sql_exec(db, "PRAGMA temp_store = MEMORY");
}

int64_t record_key(const struct record_id *record)
{
	struct hash h = crypto_hash(HASH_BUCKET, record_slice(record));

	return (int64_t)(be_read(h.bytes, 8) >> 1);
}

int64_t bucket_key(unsigned bucket)
{
	return (int64_t)bucket << 51;
}

unsigned key_bucket(int64_t key)
{
	return (unsigned)(key >> 51);
}

struct slice record_slice(const struct record_id *record)
{
	return SLICE(record->bytes, sizeof(record->bytes));
}

struct slice record_hub(struct slice record)
{
	return SLICE(record.p, sizeof(struct id16));
}

struct slice record_uid(struct slice record)
{
	return SLICE(record.p + sizeof(struct id16), sizeof(struct id16));
}

static int field_at(const struct schema_kind *k, const char *name)
{
	const struct schema_field *f = schema_field_named(k, slice_str(name));

	return f == NULL ? -1 : f->index;
}

static void kind_map_init(struct kind_map *m, const struct schema_kind *k)
{
	assert(k->field_count <= SCHEMA_FIELDS_MAX);
	m->k = k;
	for (size_t i = 0; i < 256; i++)
		m->by_no[i] = -1;
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].no < 256)
			m->by_no[k->fields[i].no] = (int16_t)i;
	m->portee = field_at(k, "portee");
	m->title = k->title == NULL ? -1 : field_at(k, k->title);
	m->commune = field_at(k, "commune");
	m->code_insee = field_at(k, "code_insee");
	m->latitude = field_at(k, "latitude");
	m->longitude = field_at(k, "longitude");
	m->structure = field_at(k, "structure_uid");
	if (m->structure < 0)
		m->structure = field_at(k, "structure_a_uid");
}

void kind_maps_init(struct kind_maps *maps)
{
	assert(schema_kind_count <= KINDS_MAX);
	maps->count = schema_kind_count;
	for (size_t i = 0; i < maps->count; i++)
		kind_map_init(&maps->at[i], &schema_kinds[i]);
}

const struct kind_map *kind_maps_find(const struct kind_maps *maps, unsigned no)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->at[i].k->no == no)
			return &maps->at[i];
	return NULL;
}

int kind_map_field(const struct kind_map *m, unsigned no)
{
	const struct schema_field *f;

	if (no < 256)
		return m->by_no[no];
	f = schema_field_no(m->k, no);
	return f == NULL ? -1 : f->index;
}

struct shown_reading {
	struct shown *s;
	const struct kind_map *m;
	enum scope within;
};

static void shown_field(void *ctx, unsigned no, const struct fold_value *v)
{
	struct shown_reading *reading = ctx;
	struct shown *s = reading->s;
	int at;

	if (v->scope > reading->within)
		return;
	if (v->edited > s->latest)
		s->latest = v->edited;
	if (v->value.p[0] == 0xc0)
		return;
	if (v->scope < s->widest)
		s->widest = v->scope;
	if (v->edited > s->valued)
		s->valued = v->edited;
	if (no == FIELD_DELETED)
		s->deleted = v->value.p[0] == 0xc3;
	if (no == FIELD_PORTEE)
		s->portee = v->value;
	if (no >= FIELD_OWN)
		s->own = true;
	at = reading->m == NULL ? -1 : kind_map_field(reading->m, no);
	if (at >= 0)
		s->value[at] = v->value;
}

void shown_read(struct shown *s, const struct kind_map *m, struct slice state)
{
	shown_read_within(s, m, SCOPE_LOCAL, state);
}

void shown_read_within(struct shown *s, const struct kind_map *m, enum scope within, struct slice state)
{
	struct shown_reading reading = {s, m, within};

	s->count = m == NULL ? 0 : m->k->field_count;
	memset(s->value, 0, s->count * sizeof(s->value[0]));
	s->portee = SLICE_NONE;
	s->deleted = s->own = false;
	s->latest = s->valued = 0;
	s->widest = SCOPE_LOCAL;
	fold_each(state, shown_field, &reading);
}

bool shown_live(const struct shown *s)
{
	return s->own && !s->deleted;
}

const char *shown_scope(const struct shown *s)
{
	struct slice text;
	enum scope scope;

	if (canon_is_text(s->portee, &text) && scope_parse(text, &scope))
		return scope_name(scope);
	return scope_name(s->widest);
}

/* The state was checked when it came: only its head is read again, since every
 * text of every record passes here. */
bool canon_is_text(struct slice value, struct slice *text)
{
	uint8_t c = value.len == 0 ? 0xc0 : value.p[0];
	size_t head = (c & 0xe0) == 0xa0 ? 1 : c >= 0xd9 && c <= 0xdb ? 1 + ((size_t)1 << (c - 0xd9)) : 0;
	size_t len;

	if (head == 0 || head > value.len)
		return false;
	len = head == 1 ? c & 0x1fu : (size_t)be_read(value.p + 1, (unsigned)head - 1);
	if (len != value.len - head)
		return false;
	*text = SLICE(value.p + head, len);
	return true;
}

bool canon_is_int(struct slice value, int64_t *number)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	if (canon_peek(&r) != CANON_INT)
		return false;
	*number = canon_read_int(&r, INT64_MIN, INT64_MAX);
	return r.err == ES_OK;
}

bool canon_is_uid(struct slice value, struct id16 *uid)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	if (canon_peek(&r) != CANON_BIN)
		return false;
	canon_read_exact(&r, uid->bytes, sizeof(uid->bytes));
	return r.err == ES_OK;
}

static struct slice shown_at(const struct shown *s, int at)
{
	return at < 0 ? SLICE_NONE : s->value[at];
}

const struct commune *commune_of(struct slice code, const struct reference *ref)
{
	const struct commune *c;

	if (ref == NULL || code.len == 0)
		return NULL;
	c = reference_commune(ref, code);
	return c != NULL ? c : reference_old_commune(ref, code);
}

struct place place_of(const struct shown *s, const struct kind_map *m, const struct reference *ref)
{
	struct place place = {0};
	struct slice code = SLICE_NONE;
	const struct commune *commune;
	int64_t lat, lon;

	if (canon_is_int(shown_at(s, m->latitude), &lat) && canon_is_int(shown_at(s, m->longitude), &lon) &&
	    lat >= -900000000 && lat <= 900000000 && lon >= -1800000000 && lon <= 1800000000) {
		place.known = true;
		place.lat_e7 = (int32_t)lat;
		place.lon_e7 = (int32_t)lon;
		return place;
	}
	(void)canon_is_text(shown_at(s, m->code_insee), &code);
	commune = commune_of(code, ref);
	if (commune != NULL && commune->has_point) {
		place.known = true;
		place.lat_e7 = commune->lat_e7;
		place.lon_e7 = commune->lon_e7;
	} else if (code.len == 0 && canon_is_uid(shown_at(s, m->structure), &place.structure)) {
		place.known = place.by_structure = true;
	}
	return place;
}

int place_row(int64_t lat_e7)
{
	return (int)((lat_e7 + 900000000) / 1000000);
}

int place_column(int64_t lon_e7)
{
	int column = (int)((lon_e7 + 1800000000) / 1000000);

	return column < PLACE_COLUMNS ? column : PLACE_COLUMNS - 1;
}

static void search_words(struct slice value, struct buf *out)
{
	struct canon_reader r;
	struct slice text;
	uint32_t count;

	if (canon_is_text(value, &text)) {
		value_fold_text(text, false, out);
		buf_add_u8(out, ' ');
		return;
	}
	canon_read_init(&r, value);
	if (canon_peek(&r) != CANON_ARRAY)
		return;
	count = canon_read_array(&r, UINT32_MAX);
	for (uint32_t i = 0; i < count && r.err == ES_OK; i++)
		if (canon_is_text(canon_read_value(&r), &text)) {
			value_fold_text(text, false, out);
			buf_add_u8(out, ' ');
		}
}

void search_text(const struct shown *s, const struct kind_map *m, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++)
		if (m->k->fields[i].flags & FIELD_SEARCH && s->value[i].len > 0)
			search_words(s->value[i], out);
}
