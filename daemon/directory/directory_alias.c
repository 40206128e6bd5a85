/* SPDX-License-Identifier: Apache-2.0
 *
 * `alias`: which structures are not counted since another stands for them, and the
 * small tables that lead there (identity.h). Rows that changed are noted while they
 * are written; at the end of the transaction the families they belong to, before and
 * after, are settled anew. Few structures ever have a row. */
#include "daemon/directory/directory_parts.h"

#include <stdlib.h>
#include <string.h>
#include "daemon/directory/identity.h"
#include "proto/canon.h"

#define SIRET_LEN 14

struct aliases {
	sqlite3 *db;
	struct identity identity;
	sqlite3_stmt *put, *drop, *name_add, *names_drop, *former_add, *former_drop, *by_uid;
	int64_t *dirty; /* structures whose family is to be settled */
	size_t count, room;
};

/* --- what to settle --- */

static enum es_err soil(void *ctx, int64_t rec)
{
	struct aliases *a = ctx;

	if (a->count == a->room) {
		size_t room = a->room ? 2 * a->room : 64;
		int64_t *more = realloc(a->dirty, room * sizeof *more);

		if (!more)
			return ES_NOMEM;
		a->dirty = more;
		a->room = room;
	}
	a->dirty[a->count++] = rec;
	return ES_OK;
}

static enum es_err soil_rows(struct aliases *a, sqlite3_stmt *s)
{
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = soil(a, sqlite3_column_int64(s, 0));
	sqlite3_reset(s);
	return err == ES_OK ? sql_err(rc) : err;
}

static enum es_err soil_uid(struct aliases *a, struct slice uid)
{
	sql_bind_text(a->by_uid, 1, uid);
	return soil_rows(a, a->by_uid);
}

/* All that may have a row: names of poles, or the Pays, changed. */
static enum es_err soil_all(struct aliases *a)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(a->db,
		"SELECT rec FROM structure WHERE siret IN (SELECT siret FROM structure WHERE siret IS NOT NULL GROUP BY siret HAVING count(*) > 1)"
		" UNION SELECT s.rec FROM doublon_fiche f CROSS JOIN structure s WHERE s.uid = f.uid"
		" UNION SELECT s.rec FROM succession x CROSS JOIN structure s WHERE s.uid = x.vers_uid"
		" UNION SELECT rec FROM alias", &s);

	if (err == ES_OK)
		err = soil_rows(a, s);
	sqlite3_finalize(s);
	return err;
}

/* --- a row that changes --- */

/* Calls with each text of a list. */
static enum es_err each_text(struct slice list, enum es_err (*each)(struct aliases *a, int64_t rec, struct slice text),
			     struct aliases *a, int64_t rec)
{
	enum es_err err = ES_OK;
	struct canon_reader r;

	canon_read_init(&r, list);
	if (list.len == 0 || canon_peek(&r) != CANON_ARRAY)
		return ES_OK;
	for (uint32_t n = canon_read_array(&r, UINT32_MAX); n > 0 && r.err == ES_OK && err == ES_OK; n--) {
		struct slice text;

		if (canon_is_text(canon_read_value(&r), &text))
			err = each(a, rec, text);
	}
	return err;
}

static enum es_err add_row(sqlite3_stmt *s, struct slice text, int64_t rec)
{
	sql_bind_text(s, 1, text);
	sqlite3_bind_int64(s, 2, rec);
	return sql_run(s);
}

static enum es_err drop_rows(sqlite3_stmt *s, int64_t rec)
{
	sqlite3_bind_int64(s, 1, rec);
	return sql_run(s);
}

/* "siret:du:au" */
static enum es_err add_former(struct aliases *a, int64_t rec, struct slice line)
{
	if (line.len < SIRET_LEN || (line.len > SIRET_LEN && line.p[SIRET_LEN] != ':'))
		return ES_OK;
	return add_row(a->former_add, SLICE(line.p, SIRET_LEN), rec);
}

static enum es_err soil_named(struct aliases *a, int64_t rec, struct slice uid)
{
	(void)rec;
	return soil_uid(a, uid);
}

static enum es_err add_named(struct aliases *a, int64_t rec, struct slice uid)
{
	enum es_err err = add_row(a->name_add, uid, rec);

	return err == ES_OK ? soil_uid(a, uid) : err;
}

static struct slice shown_text(const struct shown *s, size_t index)
{
	struct slice text = SLICE_NONE;

	return s && canon_is_text(s->value[index], &text) ? text : SLICE_NONE;
}

static bool same_field(const struct shown *a, const struct shown *b, size_t index)
{
	return a && b && slice_eq(a->value[index], b->value[index]);
}

static enum es_err structure_changes(struct aliases *a, int64_t rec, struct slice uid, const struct shown *old,
				     const struct shown *new)
{
	bool same = same_field(old, new, structure_siret) && same_field(old, new, structure_code_insee);
	enum es_err err = ES_OK;

	if (!same)
		err = soil(a, rec);
	if (err == ES_OK && old && !same) /* those it leaves; who joins it is found when it is settled */
		err = identity_near(&a->identity, uid, shown_text(old, structure_siret), soil, a);
	if (err != ES_OK || same_field(old, new, structure_siret_precedents))
		return err;
	if (old)
		err = drop_rows(a->former_drop, rec);
	return err == ES_OK && new ? each_text(new->value[structure_siret_precedents], add_former, a, rec) : err;
}

static enum es_err doublon_changes(struct aliases *a, int64_t rec, const struct shown *old, const struct shown *new)
{
	enum es_err err = old ? drop_rows(a->names_drop, rec) : ES_OK;

	if (err == ES_OK && old)
		err = each_text(old->value[doublon_uids], soil_named, a, rec);
	return err == ES_OK && new ? each_text(new->value[doublon_uids], add_named, a, rec) : err;
}

static enum es_err soil_succession(struct aliases *a, const struct shown *s)
{
	static const size_t ends[] = {succession_de_uid, succession_vers_uid};
	enum es_err err = ES_OK;

	for (size_t i = 0; i < 2 && err == ES_OK; i++) {
		char text[ULID_LEN + 1];
		struct id16 uid;

		if (!canon_is_uid(s->value[ends[i]], &uid))
			continue;
		ulid_encode(uid.bytes, text);
		err = soil_uid(a, SLICE(text, ULID_LEN));
	}
	return err == ES_OK ? identity_near(&a->identity, SLICE_NONE, shown_text(s, succession_de_siret), soil, a) : err;
}

enum es_err aliases_note(struct aliases *a, const struct kind_map *m, int64_t rec, struct slice record,
			 const struct shown *old, const struct shown *new)
{
	enum es_err err = ES_OK;
	char uid[ULID_LEN + 1];

	if (strcmp(m->k->name, "structure") == 0) {
		ulid_encode(record_uid(record).p, uid);
		return structure_changes(a, rec, SLICE(uid, ULID_LEN), old, new);
	}
	if (strcmp(m->k->name, "doublon") == 0)
		return doublon_changes(a, rec, old, new);
	if (strcmp(m->k->name, "succession") == 0) {
		err = old ? soil_succession(a, old) : ES_OK;
		return err == ES_OK && new ? soil_succession(a, new) : err;
	}
	return ES_OK;
}

/* --- settling --- */

static int rec_cmp(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

static void sort_dirty(struct aliases *a)
{
	size_t kept = 0;

	if (a->count > 1)
		qsort(a->dirty, a->count, sizeof *a->dirty, rec_cmp);
	for (size_t i = 0; i < a->count; i++)
		if (i == 0 || a->dirty[i] != a->dirty[i - 1])
			a->dirty[kept++] = a->dirty[i];
	a->count = kept;
}

static enum es_err write_kin(struct aliases *a, const struct family *f, size_t i)
{
	const struct kin *k = &f->kin[i];

	if (k->counted == i)
		return drop_rows(a->drop, k->rec);
	sqlite3_bind_int64(a->put, 1, k->rec);
	sqlite3_bind_int64(a->put, 2, f->kin[k->counted].rec);
	if (k->linked != i)
		sqlite3_bind_int64(a->put, 3, f->kin[k->linked].rec);
	else
		sqlite3_bind_null(a->put, 3);
	return sql_run(a->put);
}

/* All of a family are written together, and need not be looked at again. */
static enum es_err settle_one(struct aliases *a, size_t at, bool *done)
{
	struct family f;
	enum es_err err = identity_family(&a->identity, a->dirty[at], &f);

	if (err == ES_OK && f.kin_count == 0)
		err = drop_rows(a->drop, a->dirty[at]);
	for (size_t i = 0; i < f.kin_count && err == ES_OK; i++) {
		const int64_t *same = bsearch(&f.kin[i].rec, a->dirty, a->count, sizeof *a->dirty, rec_cmp);

		err = write_kin(a, &f, i);
		if (same)
			done[same - a->dirty] = true;
	}
	family_done(&f);
	return err;
}

enum es_err aliases_settle(struct aliases *a)
{
	enum es_err err = ES_OK;
	bool *done;

	if (a->count == 0)
		return ES_OK;
	sort_dirty(a);
	done = calloc(a->count, sizeof *done);
	if (!done)
		return ES_NOMEM;
	for (size_t i = 0; i < a->count && err == ES_OK; i++)
		if (!done[i])
			err = settle_one(a, i, done);
	free(done);
	aliases_forget(a);
	return err;
}

void aliases_forget(struct aliases *a)
{
	a->count = 0;
}

enum es_err aliases_renamed(struct aliases *a)
{
	enum es_err err = soil_all(a);

	return err == ES_OK ? aliases_settle(a) : err;
}

/* --- the communes of each Pays --- */

struct filling {
	sqlite3_stmt *add; /* NULL: only the sum is asked */
	const char *pays;
	struct buf sum;
	enum es_err err;
};

static void fill_commune(void *ctx, const char *code_insee)
{
	struct filling *w = ctx;
	char pole[HUB_POLE_MAX];

	snprintf(pole, sizeof pole, "pole-%s", w->pays);
	buf_printf(&w->sum, "%s %s\n", pole, code_insee);
	if (!w->add || w->err != ES_OK)
		return;
	sql_bind_text(w->add, 1, slice_str(code_insee));
	sqlite3_bind_text(w->add, 2, pole, -1, SQLITE_STATIC);
	w->err = sql_run(w->add);
}

static void walk_pays(struct filling *w, const struct reference *ref)
{
	for (size_t i = 0; i < reference_pays_count(ref); i++) {
		w->pays = reference_pays_at(ref, i)->code;
		reference_pays_communes(ref, slice_str(w->pays), fill_commune, w);
	}
}

static enum es_err fill_pays(struct aliases *a, const struct reference *ref, int64_t sum)
{
	struct filling w = {0};
	enum es_err err = sql_exec(a->db, "BEGIN IMMEDIATE; DELETE FROM pays_commune");

	buf_init(&w.sum, 4u << 20);
	if (err == ES_OK)
		err = sql_prepare(a->db, "INSERT INTO pays_commune VALUES(?1, ?2) ON CONFLICT DO NOTHING", &w.add);
	if (err == ES_OK)
		walk_pays(&w, ref);
	if (err == ES_OK)
		err = w.err;
	if (err == ES_OK)
		err = sql_execf(a->db, "UPDATE meta SET valeur = %lld WHERE cle = 'pays'", (long long)sum);
	if (err == ES_OK)
		err = aliases_renamed(a);
	if (err == ES_OK)
		err = sql_exec(a->db, "COMMIT");
	sqlite3_finalize(w.add);
	buf_done(&w.sum);
	if (err != ES_OK)
		(void)sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

/* Written anew where the tables are others than those it was filled from. */
static enum es_err follow_pays(struct aliases *a, const struct reference *ref)
{
	struct filling w = {0};
	sqlite3_stmt *s = NULL;
	int64_t sum, was = 0;
	enum es_err err = sql_prepare(a->db, "SELECT valeur FROM meta WHERE cle = 'pays'", &s);

	if (err == ES_OK && sqlite3_step(s) == SQLITE_ROW)
		was = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	if (err != ES_OK || !ref)
		return err;
	buf_init(&w.sum, 4u << 20);
	walk_pays(&w, ref);
	sum = (int64_t)(be_read(crypto_hash(HASH_BUCKET, buf_slice(&w.sum)).bytes, 8) >> 1);
	err = buf_err(&w.sum);
	buf_done(&w.sum);
	return err != ES_OK || sum == was ? err : fill_pays(a, ref, sum);
}

/* --- life --- */

static enum es_err prepare(struct aliases *a)
{
	const struct { sqlite3_stmt **s; const char *sql; } all[] = {
		{&a->put, "REPLACE INTO alias VALUES(?1, ?2, ?3)"},
		{&a->drop, "DELETE FROM alias WHERE rec = ?1"},
		{&a->name_add, "INSERT INTO doublon_fiche VALUES(?1, ?2) ON CONFLICT DO NOTHING"},
		{&a->names_drop, "DELETE FROM doublon_fiche WHERE rec = ?1"},
		{&a->former_add, "INSERT INTO siret_ancien VALUES(?1, ?2) ON CONFLICT DO NOTHING"},
		{&a->former_drop, "DELETE FROM siret_ancien WHERE rec = ?1"},
		{&a->by_uid, "SELECT rec FROM structure WHERE uid = ?1"},
	};
	enum es_err err = identity_open(a->db, &a->identity);

	for (size_t i = 0; i < sizeof all / sizeof *all && err == ES_OK; i++)
		err = sql_prepare(a->db, all[i].sql, all[i].s);
	return err;
}

enum es_err aliases_open(sqlite3 *db, const struct reference *ref, struct aliases **out)
{
	struct aliases *a = calloc(1, sizeof *a);
	enum es_err err;

	if (!a)
		return ES_NOMEM;
	a->db = db;
	err = prepare(a);
	if (err == ES_OK)
		err = follow_pays(a, ref);
	if (err == ES_OK)
		*out = a;
	else
		aliases_close(a);
	return err;
}

void aliases_close(struct aliases *a)
{
	if (!a)
		return;
	sqlite3_stmt *all[] = {a->put, a->drop, a->name_add, a->names_drop, a->former_add, a->former_drop, a->by_uid};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		sqlite3_finalize(all[i]);
	identity_close(&a->identity);
	free(a->dirty);
	free(a);
}
