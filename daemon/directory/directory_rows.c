/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the kind tables, of `point` and of `recherche`. A row is written only
 * where what it shows has changed: sealing a pending edit touches none.
 *
 * Words wait until the end of the transaction and go in by ascending rowid:
 * FTS5 writes a new segment each time a rowid is below the last one. */
#include "daemon/directory/directory_parts.h"
#include "daemon/search/search_parts.h"

#include <stdlib.h>
#include <string.h>

#include "proto/canon.h"
#include "proto/value.h"

#define WORDS_MAX (4u << 20) /* bytes held before they are written */
#define WORDS_HARD_MAX (64u << 20)

struct kind_rows {
	sqlite3_stmt *insert, *update, *remove;
};

/* The words of one record before and after, as places in the arena. */
struct word_job {
	int64_t rec;
	size_t order;
	const struct kind_map *m;
	size_t old_at, old_len, new_at, new_len;
};

struct rows {
	sqlite3 *db;
	const struct kind_maps *maps;
	const struct reference *ref;
	struct aliases *aliases;
	struct kind_rows kind[KINDS_MAX];
	sqlite3_stmt *point_add, *point_put, *point_remove, *words_add, *words_remove;
	struct word_job *jobs;
	size_t job_count, job_cap;
	struct buf arena;
	struct buf scratch;
	struct shown old, new;
};

static const char *column_type(enum field_type type)
{
	switch (type) {
	case TYPE_INT:
	case TYPE_CENTS:
	case TYPE_TENTH:
	case TYPE_COORD:
	case TYPE_BOOL:
		return "INTEGER";
	case TYPE_TEXT:
	case TYPE_CODE:
	case TYPE_DATE:
	case TYPE_TIME:
	case TYPE_LIST:
	case TYPE_REF:
		break;
	}
	return "TEXT";
}

static const char *column_divisor(enum field_type type)
{
	return type == TYPE_COORD ? " / 1e7" : type == TYPE_TENTH ? " / 10.0" : type == TYPE_CENTS ? " / 100.0" : "";
}

static enum es_err kind_create_table(sqlite3 *db, const struct schema_kind *k)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	enum es_err err;

	sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(rec INTEGER PRIMARY KEY, uid TEXT, pole TEXT", k->name);
	for (size_t i = 0; i < k->field_count; i++)
		sqlite3_str_appendf(sql, ", \"%w\" %s", k->fields[i].name, column_type(k->fields[i].type));
	sqlite3_str_appendf(sql, ", maj TEXT);"
			    "CREATE VIEW \"%w_lisible\" AS SELECT uid, pole", k->name);
	for (size_t i = 0; i < k->field_count; i++)
		sqlite3_str_appendf(sql, ", \"%w\"%s AS \"%w\"", k->fields[i].name,
				    column_divisor(k->fields[i].type), k->fields[i].name);
	sqlite3_str_appendf(sql, ", maj FROM \"%w\"", k->name);
	text = sqlite3_str_finish(sql);
	err = text == NULL ? ES_NOMEM : sql_exec(db, text);
	sqlite3_free(text);
	return err;
}

/* Numbers that records are looked up by. */
static bool is_number(const char *name)
{
	return strcmp(name, "siret") == 0 || strcmp(name, "rna") == 0 || strcmp(name, "de_siret") == 0;
}

static enum es_err kind_create_indexes(sqlite3 *db, const struct schema_kind *k)
{
	enum es_err err = sql_execf(db, "CREATE INDEX \"%w_uid\" ON \"%w\"(uid, pole)", k->name, k->name);

	for (size_t i = 0; i < k->field_count && err == ES_OK; i++) {
		const struct schema_field *f = &k->fields[i];

		if (f->type == TYPE_REF || is_number(f->name))
			err = sql_execf(db, "CREATE INDEX \"%w_%w\" ON \"%w\"(\"%w\")", k->name, f->name, k->name, f->name);
	}
	return err == ES_OK ? filter_create_indexes(db, k) : err;
}

enum es_err rows_create(sqlite3 *db, const struct kind_maps *maps)
{
	enum es_err err = sql_exec(db,
		"CREATE VIRTUAL TABLE recherche USING fts5(texte, genre, content='', tokenize='unicode61 remove_diacritics 0');"
		"INSERT INTO recherche(recherche, rank) VALUES('automerge', 0);"
		"INSERT INTO recherche(recherche, rank) VALUES('crisismerge', 1000);"
		"INSERT INTO recherche(recherche, rank) VALUES('rank', 'bm25(1.0, 0.0)');"
		"CREATE TABLE point(rec INTEGER PRIMARY KEY, kind INT, lat INT, lon INT, cell INT, structure TEXT);"
		"CREATE INDEX point_cell ON point(cell, kind, lat, lon)");

	for (size_t i = 0; i < maps->count && err == ES_OK; i++) {
		err = kind_create_table(db, maps->at[i].k);
		if (err == ES_OK)
			err = kind_create_indexes(db, maps->at[i].k);
	}
	return err;
}

static enum es_err prepare_put(sqlite3 *db, const struct schema_kind *k, bool update, sqlite3_stmt **out)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	enum es_err err;

	if (update)
		sqlite3_str_appendf(sql, "UPDATE \"%w\" SET uid = ?2, pole = ?3", k->name);
	else
		sqlite3_str_appendf(sql, "INSERT INTO \"%w\" VALUES(?1, ?2, ?3", k->name);
	for (size_t i = 0; i <= k->field_count; i++) {
		const char *name = i < k->field_count ? k->fields[i].name : "maj";

		if (update)
			sqlite3_str_appendf(sql, ", \"%w\" = ?%d", name, (int)i + 4);
		else
			sqlite3_str_appendf(sql, ", ?%d", (int)i + 4);
	}
	sqlite3_str_appendall(sql, update ? " WHERE rec = ?1" : ")");
	text = sqlite3_str_finish(sql);
	err = text == NULL ? ES_NOMEM : sql_prepare(db, text, out);
	sqlite3_free(text);
	return err;
}

/* Prepared at the first use: most directories hold few of the kinds. */
static enum es_err kind_rows_prepare(struct rows *r, const struct kind_map *m, struct kind_rows **out)
{
	struct kind_rows *rows = &r->kind[m - r->maps->at];
	enum es_err err = ES_OK;

	if (rows->insert == NULL)
		err = prepare_put(r->db, m->k, false, &rows->insert);
	if (err == ES_OK && rows->update == NULL)
		err = prepare_put(r->db, m->k, true, &rows->update);
	if (err == ES_OK && rows->remove == NULL)
		err = sql_preparef(r->db, &rows->remove, "DELETE FROM \"%w\" WHERE rec = ?1", m->k->name);
	*out = rows;
	return err;
}

static enum es_err rows_prepare(struct rows *r)
{
	enum es_err err = sql_prepare(r->db, "INSERT INTO point VALUES(?1, ?2, ?3, ?4, ?5, ?6)", &r->point_add);

	if (err == ES_OK)
		err = sql_prepare(r->db, "REPLACE INTO point VALUES(?1, ?2, ?3, ?4, ?5, ?6)", &r->point_put);

	if (err == ES_OK)
		err = sql_prepare(r->db, "DELETE FROM point WHERE rec = ?1", &r->point_remove);
	if (err == ES_OK)
		err = sql_prepare(r->db, "INSERT INTO recherche(rowid, texte, genre) VALUES(?1, ?2, ?3)", &r->words_add);
	if (err == ES_OK)
		err = sql_prepare(r->db,
				  "INSERT INTO recherche(recherche, rowid, texte, genre) VALUES('delete', ?1, ?2, ?3)",
				  &r->words_remove);
	return err;
}

enum es_err rows_open(sqlite3 *db, const struct kind_maps *maps, const struct reference *ref, struct aliases *aliases,
		      struct rows **out)
{
	struct rows *r = calloc(1, sizeof(*r));
	enum es_err err;

	if (r == NULL)
		return ES_NOMEM;
	r->db = db;
	r->maps = maps;
	r->ref = ref;
	r->aliases = aliases;
	buf_init(&r->arena, WORDS_HARD_MAX);
	buf_init(&r->scratch, STATE_MAX);
	err = rows_prepare(r);
	if (err == ES_OK)
		*out = r;
	else
		rows_close(r);
	return err;
}

void rows_close(struct rows *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < KINDS_MAX; i++) {
		sqlite3_finalize(r->kind[i].insert);
		sqlite3_finalize(r->kind[i].update);
		sqlite3_finalize(r->kind[i].remove);
	}
	sqlite3_finalize(r->point_add);
	sqlite3_finalize(r->point_put);
	sqlite3_finalize(r->point_remove);
	sqlite3_finalize(r->words_add);
	sqlite3_finalize(r->words_remove);
	buf_done(&r->arena);
	buf_done(&r->scratch);
	free(r->jobs);
	free(r);
}

static bool bind_list(struct rows *r, sqlite3_stmt *s, int at, struct slice value)
{
	struct canon_reader list;
	struct slice item;
	uint32_t count;

	canon_read_init(&list, value);
	if (canon_peek(&list) != CANON_ARRAY)
		return false;
	count = canon_read_array(&list, UINT32_MAX);
	buf_clear(&r->scratch);
	for (uint32_t i = 0; i < count; i++) {
		if (!canon_is_text(canon_read_value(&list), &item))
			return false;
		if (i > 0)
			buf_add_u8(&r->scratch, '|');
		buf_add(&r->scratch, item.p, item.len);
	}
	if (buf_err(&r->scratch) != ES_OK)
		return false;
	sqlite3_bind_text64(s, at, r->scratch.len == 0 ? "" : (const char *)r->scratch.p, r->scratch.len, SQLITE_TRANSIENT,
			    SQLITE_UTF8);
	return true;
}

static bool bind_uid(sqlite3_stmt *s, int at, struct slice value)
{
	char text[ULID_LEN + 1];
	struct id16 uid;

	if (!canon_is_uid(value, &uid))
		return false;
	ulid_encode(uid.bytes, text);
	sqlite3_bind_text(s, at, text, ULID_LEN, SQLITE_TRANSIENT);
	return true;
}

static bool bind_bool(sqlite3_stmt *s, int at, struct slice value)
{
	bool yes = value.len == 1 && value.p[0] == 0xc3;

	if (!yes && !(value.len == 1 && value.p[0] == 0xc2))
		return false;
	sqlite3_bind_int(s, at, yes);
	return true;
}

static bool bind_typed(struct rows *r, sqlite3_stmt *s, int at, enum field_type type, struct slice value)
{
	struct slice text;
	int64_t number;

	switch (type) {
	case TYPE_TEXT:
	case TYPE_CODE:
	case TYPE_DATE:
	case TYPE_TIME:
		if (!canon_is_text(value, &text))
			return false;
		sql_bind_text(s, at, text);
		return true;
	case TYPE_LIST:
		return bind_list(r, s, at, value);
	case TYPE_REF:
		return bind_uid(s, at, value);
	case TYPE_BOOL:
		return bind_bool(s, at, value);
	case TYPE_INT:
	case TYPE_CENTS:
	case TYPE_TENTH:
	case TYPE_COORD:
		if (!canon_is_int(value, &number))
			return false;
		sqlite3_bind_int64(s, at, number);
		return true;
	}
	return false;
}

/* A value of another type than its field's is stored as a blob, so that no
 * affinity makes a number of it. */
static enum es_err put_row(struct rows *r, sqlite3_stmt *s, const struct kind_map *m, int64_t rec,
			   struct slice record, const char *pole)
{
	char uid[ULID_LEN + 1], maj[25];
	int at = 4;

	ulid_encode(record_uid(record).p, uid);
	stamp_text(r->new.latest, maj);
	sqlite3_bind_int64(s, 1, rec);
	sqlite3_bind_text(s, 2, uid, ULID_LEN, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, pole, -1, SQLITE_STATIC);
	for (size_t i = 0; i < r->new.count; i++, at++) {
		struct slice value = r->new.value[i];

		if (value.len == 0)
			sqlite3_bind_null(s, at);
		else if (!bind_typed(r, s, at, m->k->fields[i].type, value))
			sql_bind_slice(s, at, value);
	}
	sqlite3_bind_text(s, at, maj, -1, SQLITE_STATIC);
	return sql_run(s);
}

static bool same_row(const struct shown *a, const struct shown *b)
{
	if (stamp_ms(a->latest) != stamp_ms(b->latest))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!slice_eq(a->value[i], b->value[i]))
			return false;
	return true;
}

static enum es_err change_row(struct rows *r, const struct kind_map *m, int64_t rec, struct slice record,
			      const char *pole, bool was, bool is)
{
	struct kind_rows *rows;
	enum es_err err;

	if (was && is && same_row(&r->old, &r->new))
		return ES_OK;
	err = kind_rows_prepare(r, m, &rows);
	if (err != ES_OK)
		return err;
	if (is)
		return put_row(r, was ? rows->update : rows->insert, m, rec, record, pole);
	sqlite3_bind_int64(rows->remove, 1, rec);
	return sql_run(rows->remove);
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->known == b->known && a->by_structure == b->by_structure && a->lat_e7 == b->lat_e7 &&
	       a->lon_e7 == b->lon_e7 && id_eq(&a->structure, &b->structure);
}

static enum es_err put_point(sqlite3_stmt *s, const struct kind_map *m, int64_t rec, const struct place *place)
{
	char structure[ULID_LEN + 1];

	sqlite3_bind_int64(s, 1, rec);
	sqlite3_bind_int(s, 2, m->k->no);
	if (place->by_structure) {
		ulid_encode(place->structure.bytes, structure);
		sqlite3_bind_text(s, 6, structure, ULID_LEN, SQLITE_STATIC);
	} else {
		sqlite3_bind_int(s, 3, place->lat_e7);
		sqlite3_bind_int(s, 4, place->lon_e7);
		sqlite3_bind_int(s, 5, place_row(place->lat_e7) * PLACE_COLUMNS + place_column(place->lon_e7));
	}
	return sql_run(s);
}

static enum es_err change_point(struct rows *r, const struct kind_map *m, int64_t rec, bool was, bool is)
{
	struct place old = {0}, new = {0};

	if (was)
		old = place_of(&r->old, m, r->ref);
	if (is)
		new = place_of(&r->new, m, r->ref);
	if (same_place(&old, &new))
		return ES_OK;
	if (new.known)
		return put_point(old.known ? r->point_put : r->point_add, m, rec, &new);
	sqlite3_bind_int64(r->point_remove, 1, rec);
	return sql_run(r->point_remove);
}

static enum es_err job_add(struct rows *r, const struct word_job *job)
{
	if (r->job_count == r->job_cap) {
		size_t cap = r->job_cap == 0 ? 256 : 2 * r->job_cap;
		struct word_job *jobs = realloc(r->jobs, cap * sizeof(*jobs));

		if (jobs == NULL)
			return ES_NOMEM;
		r->jobs = jobs;
		r->job_cap = cap;
	}
	r->jobs[r->job_count] = *job;
	r->jobs[r->job_count].order = r->job_count;
	r->job_count++;
	return buf_err(&r->arena);
}

static bool same_words_fields(const struct rows *r, const struct kind_map *m)
{
	for (size_t i = 0; i < m->k->field_count; i++)
		if (m->k->fields[i].flags & FIELD_SEARCH && !slice_eq(r->old.value[i], r->new.value[i]))
			return false;
	return true;
}

static enum es_err change_words(struct rows *r, const struct kind_map *m, int64_t rec, bool was, bool is)
{
	struct word_job job = {.rec = rec, .m = m, .old_at = r->arena.len};

	if (was && is && same_words_fields(r, m))
		return ES_OK;
	if (was)
		search_text(&r->old, m, &r->arena);
	job.new_at = r->arena.len;
	job.old_len = job.new_at - job.old_at;
	if (is)
		search_text(&r->new, m, &r->arena);
	job.new_len = r->arena.len - job.new_at;
	if (job.old_len == 0 && job.new_len == 0)
		return buf_err(&r->arena);
	return job_add(r, &job);
}

enum es_err rows_change(struct rows *r, const struct kind_map *m, int64_t rec, struct slice record,
			const char *pole, struct slice old, struct slice new)
{
	bool was = false, is;
	enum es_err err;

	if (old.len > 0) {
		shown_read(&r->old, m, old);
		was = shown_live(&r->old);
	}
	shown_read(&r->new, m, new);
	is = shown_live(&r->new);
	if (!was && !is)
		return ES_OK;
	err = change_row(r, m, rec, record, pole, was, is);
	if (err == ES_OK)
		err = aliases_note(r->aliases, m, rec, record, was ? &r->old : NULL, is ? &r->new : NULL);
	if (err == ES_OK)
		err = change_point(r, m, rec, was, is);
	if (err == ES_OK)
		err = change_words(r, m, rec, was, is);
	if (err == ES_OK && r->arena.len > WORDS_MAX)
		err = rows_flush(r);
	return err;
}

static int job_cmp(const void *a, const void *b)
{
	const struct word_job *x = a, *y = b;

	if (x->rec != y->rec)
		return x->rec < y->rec ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static enum es_err run_words(struct rows *r, sqlite3_stmt *s, const struct word_job *job, size_t at, size_t len)
{
	if (len == 0)
		return ES_OK;
	sqlite3_bind_int64(s, 1, job->rec);
	sql_bind_text(s, 2, SLICE(r->arena.p + at, len));
	sqlite3_bind_text(s, 3, job->m->k->name, -1, SQLITE_STATIC);
	return sql_run(s);
}

/* A record that changed twice goes from its first words to its last ones. */
enum es_err rows_flush(struct rows *r)
{
	enum es_err err = ES_OK;

	if (r->job_count > 1)
		qsort(r->jobs, r->job_count, sizeof(*r->jobs), job_cmp);
	for (size_t i = 0; i < r->job_count && err == ES_OK; i++) {
		const struct word_job *first = &r->jobs[i], *last;

		while (i + 1 < r->job_count && r->jobs[i + 1].rec == first->rec)
			i++;
		last = &r->jobs[i];
		err = run_words(r, r->words_remove, first, first->old_at, first->old_len);
		if (err == ES_OK)
			err = run_words(r, r->words_add, last, last->new_at, last->new_len);
	}
	if (err == ES_OK)
		rows_forget(r);
	return err;
}

void rows_forget(struct rows *r)
{
	r->job_count = 0;
	buf_clear(&r->arena);
}
