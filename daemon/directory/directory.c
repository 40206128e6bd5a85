/* SPDX-License-Identifier: Apache-2.0
 *
 * The writer. One transaction per directory_apply: fold each item into `etat`,
 * let `rows` and `digest` follow, move the position. After an error everything
 * kept in memory is read again from the file. */
#include "daemon/directory/directory_parts.h"
#include "daemon/directory/identity.h"
#include "common/plant.h"

#include <stdlib.h>
#include <string.h>

/* The shape of the tables that the schema does not decide ("es", then a number). */
#define FORMAT 0x65730007
#define MERGE_PAGES 256
#define MERGE_ROUNDS 256

struct hub_name {
	struct id16 hub;
	char *pole; /* NULL: seen, not named yet */
};

struct found {
	bool known;
	int64_t rec;
	bool has_hash[DATA_SCOPES];
	struct hash hash[DATA_SCOPES];
	int64_t arrived; /* 0: in no commit yet */
	es_ms heard;
};

struct directory {
	sqlite3 *db;
	char *path;
	struct kind_maps maps;
	struct position position;
	struct rows *rows;
	struct digest *digest;
	struct meetings *meetings;
	struct aliases *aliases;
	struct hub_name *hubs; /* by id */
	size_t hub_count;
	sqlite3_stmt *find, *insert, *update, *hub_put, *position_put, *whole, *blank, *gone;
	struct buf old, new;
	bool damaged; /* close removes the file */
	bool anew; /* written anew since the last erasure, at that count of changes */
	int anew_at;
};

static enum es_err create_tables(sqlite3 *db, const struct kind_maps *maps)
{
	enum es_err err = sql_exec(db,
		"CREATE TABLE meta(cle TEXT PRIMARY KEY, valeur INT) WITHOUT ROWID;"
		"INSERT INTO meta VALUES('commit', 0), ('edit', 0), ('refonte', 0);"
		"CREATE TABLE meta_pole(hub BLOB PRIMARY KEY, pole TEXT) WITHOUT ROWID;"
		"CREATE TABLE etat(rec INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INT NOT NULL, cle INT NOT NULL,"
		" h1 BLOB, h2 BLOB, h3 BLOB, h4 BLOB, state BLOB NOT NULL, arrivee INT, recu INT);"
		/* One small index finds records and walks buckets; 44-byte entries of the
		 * ids themselves, in random order, cost a tenth of a bulk load. */
		"CREATE INDEX etat_cle ON etat(cle);"
		"CREATE INDEX etat_arrivee ON etat(arrivee)");

	if (err == ES_OK)
		err = digest_create(db);
	if (err == ES_OK)
		err = meetings_create(db);
	if (err == ES_OK)
		err = rows_create(db, maps);
	if (err == ES_OK)
		err = identity_create(db);
	if (err == ES_OK)
		err = sql_execf(db, "PRAGMA application_id = %d; PRAGMA user_version = %d", FORMAT, (int)schema_version());
	return err;
}

static enum es_err read_pragma(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(db, sql, &s);
	int rc;

	if (err == ES_OK) {
		rc = sqlite3_step(s);
		*out = rc == SQLITE_ROW ? sqlite3_column_int(s, 0) : 0;
		err = sql_end(s, rc);
	}
	sqlite3_finalize(s);
	return err;
}

/* ES_VERSION: tables of another shape, or none. */
static enum es_err check_version(sqlite3 *db)
{
	int format = 0, version = 0;
	enum es_err err = read_pragma(db, "PRAGMA application_id", &format);

	if (err == ES_OK)
		err = read_pragma(db, "PRAGMA user_version", &version);
	if (err == ES_OK && (format != FORMAT || version != (int)schema_version()))
		err = ES_VERSION;
	return err;
}

static enum es_err set_pragmas(sqlite3 *db)
{
	enum es_err err = sql_settle(db);

	if (err == ES_OK)
		err = sql_execf(db,
				"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;"
				"PRAGMA wal_autocheckpoint = %d; PRAGMA journal_size_limit = %d;"
				"PRAGMA cache_size = -%d", sql_limits.directory_wal_pages, sql_limits.directory_wal_pages * 400,
				sql_limits.directory_cache_kib);
	return err;
}

static enum es_err open_file(struct directory *d)
{
	int rc = sqlite3_open_v2(d->path, &d->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);

	return rc != SQLITE_OK ? sql_err(rc) : set_pragmas(d->db);
}

static enum es_err create_file(struct directory *d)
{
	enum es_err err;

	sqlite3_close(d->db);
	d->db = NULL;
	sql_unlink(d->path);
	err = open_file(d);
	if (err == ES_OK)
		err = sql_exec(d->db, "BEGIN IMMEDIATE");
	if (err == ES_OK)
		err = create_tables(d->db, &d->maps);
	if (err == ES_OK)
		err = sql_exec(d->db, "COMMIT");
	return err;
}

static void forget_hubs(struct directory *d)
{
	for (size_t i = 0; i < d->hub_count; i++)
		free(d->hubs[i].pole);
	free(d->hubs);
	d->hubs = NULL;
	d->hub_count = 0;
}

/* Where it is, or would be. */
static size_t hub_place(const struct directory *d, const uint8_t *hub)
{
	size_t low = 0, high = d->hub_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(d->hubs[mid].hub.bytes, hub, sizeof(d->hubs[mid].hub.bytes)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct hub_name *hub_find(struct directory *d, const uint8_t *hub)
{
	size_t at = hub_place(d, hub);

	if (at < d->hub_count && memcmp(d->hubs[at].hub.bytes, hub, sizeof(d->hubs[at].hub.bytes)) == 0)
		return &d->hubs[at];
	return NULL;
}

static struct hub_name *hub_add(struct directory *d, const uint8_t *hub)
{
	size_t at = hub_place(d, hub);
	struct hub_name *hubs = realloc(d->hubs, (d->hub_count + 1) * sizeof(*hubs));

	if (hubs == NULL)
		return NULL;
	d->hubs = hubs;
	memmove(&hubs[at + 1], &hubs[at], (d->hub_count++ - at) * sizeof(*hubs));
	memcpy(hubs[at].hub.bytes, hub, sizeof(hubs[at].hub.bytes));
	hubs[at].pole = NULL;
	return &hubs[at];
}

static enum es_err hub_remember(struct directory *d, struct slice hub, const char *pole)
{
	struct hub_name *known = hub_find(d, hub.p);
	char *copy = pole != NULL ? strdup(pole) : NULL;

	if (known == NULL)
		known = hub_add(d, hub.p);
	if (known == NULL || (pole != NULL && copy == NULL)) {
		free(copy);
		return ES_NOMEM;
	}
	free(known->pole);
	known->pole = copy;
	return ES_OK;
}

static enum es_err load_hubs(struct directory *d)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(d->db, "SELECT hub, pole FROM meta_pole", &s);
	int rc = SQLITE_DONE;

	forget_hubs(d);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice hub = sql_blob(s, 0);

		err = hub.len != sizeof(struct id16) ? ES_PAGE_DAMAGED :
		      hub_remember(d, hub, (const char *)sqlite3_column_text(s, 1));
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static enum es_err load_position(struct directory *d)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(d->db, "SELECT (SELECT valeur FROM meta WHERE cle = 'commit'),"
					     "(SELECT valeur FROM meta WHERE cle = 'edit'),"
					     "(SELECT valeur FROM meta WHERE cle = 'refonte')", &s);
	int rc;

	if (err == ES_OK) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW)
			d->position = (struct position){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
							sqlite3_column_int64(s, 2)};
		err = sql_end(s, rc);
	}
	sqlite3_finalize(s);
	return err;
}

static enum es_err prepare(struct directory *d)
{
	enum es_err err = sql_prepare(d->db, "SELECT rec, h1, h2, h3, h4, state, arrivee, recu FROM etat"
					     " WHERE cle = ?1 AND id = ?2 AND kind = ?3", &d->find);

	if (err == ES_OK)
		err = sql_prepare(d->db, "INSERT INTO etat(state, h1, h2, h3, h4, arrivee, recu, id, kind, cle)"
					 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", &d->insert);
	if (err == ES_OK)
		err = sql_prepare(d->db, "UPDATE etat SET state = ?1, h1 = ?2, h2 = ?3, h3 = ?4, h4 = ?5, arrivee = ?6, recu = ?7"
					 " WHERE rec = ?8", &d->update);
	if (err == ES_OK)
		err = sql_prepare(d->db, "REPLACE INTO meta_pole VALUES(?1, ?2)", &d->hub_put);
	if (err == ES_OK)
		err = sql_prepare(d->db, "UPDATE meta SET valeur = CASE cle WHEN 'commit' THEN ?1 WHEN 'edit' THEN ?2"
					 " ELSE ?3 END WHERE cle IN ('commit', 'edit', 'refonte')", &d->position_put);
	if (err == ES_OK)
		err = sql_prepare(d->db, "SELECT rec, kind, h1, h2, h3, h4, state FROM etat WHERE cle = ?1 AND id = ?2", &d->whole);
	if (err == ES_OK)
		err = sql_prepare(d->db, "UPDATE etat SET state = x'90', h1 = NULL, h2 = NULL, h3 = NULL, h4 = NULL, arrivee = NULL, recu = NULL"
					 " WHERE cle = ?1 AND id = ?2", &d->blank);
	if (err == ES_OK)
		err = sql_prepare(d->db, "DELETE FROM etat WHERE cle = ?1 AND id = ?2 AND state = x'90'", &d->gone);
	return err;
}

static enum es_err load(struct directory *d, const struct reference *ref)
{
	enum es_err err = prepare(d);

	if (err == ES_OK)
		err = aliases_open(d->db, ref, &d->aliases);
	if (err == ES_OK)
		err = rows_open(d->db, &d->maps, ref, d->aliases, &d->rows);
	if (err == ES_OK)
		err = digest_open(d->db, &d->digest);
	if (err == ES_OK)
		err = meetings_open(d->db, &d->meetings);
	if (err == ES_OK)
		err = load_hubs(d);
	if (err == ES_OK)
		err = load_position(d);
	return err;
}

static void unload(struct directory *d)
{
	sqlite3_stmt **all[] = {&d->find, &d->insert, &d->update, &d->hub_put, &d->position_put,
				&d->whole, &d->blank, &d->gone};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		sqlite3_finalize(*all[i]);
		*all[i] = NULL;
	}
	rows_close(d->rows);
	digest_close(d->digest);
	meetings_close(d->meetings);
	aliases_close(d->aliases);
	forget_hubs(d);
	d->rows = NULL;
	d->digest = NULL;
	d->meetings = NULL;
	d->aliases = NULL;
	d->position = (struct position){0};
}

static enum es_err open_or_create(struct directory *d, const struct reference *ref)
{
	enum es_err err = open_file(d);

	if (err == ES_OK)
		err = check_version(d->db);
	if (err == ES_OK)
		err = load(d, ref);
	if (err != ES_VERSION && err != ES_PAGE_DAMAGED)
		return err;
	unload(d);
	err = create_file(d);
	return err == ES_OK ? load(d, ref) : err;
}

enum es_err directory_open(const char *path, const struct reference *ref, struct directory **out)
{
	struct directory *d = calloc(1, sizeof(*d));
	enum es_err err = ES_NOMEM;

	if (d == NULL)
		return ES_NOMEM;
	kind_maps_init(&d->maps);
	buf_init(&d->old, STATE_MAX);
	buf_init(&d->new, STATE_MAX);
	d->path = strdup(path);
	if (d->path != NULL)
		err = open_or_create(d, ref);
	if (err == ES_OK)
		*out = d;
	else
		directory_close(d);
	return err;
}

void directory_close(struct directory *d)
{
	if (d == NULL)
		return;
	unload(d);
	sqlite3_close(d->db);
	if (d->damaged)
		sql_unlink(d->path);
	buf_done(&d->old);
	buf_done(&d->new);
	free(d->path);
	free(d);
}

struct position directory_position(const struct directory *d)
{
	return d->position;
}

/* Back to what the file says. */
static enum es_err undo(struct directory *d, enum es_err err)
{
	if (err == ES_PAGE_DAMAGED)
		d->damaged = true;
	if (sqlite3_get_autocommit(d->db) == 0)
		(void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	rows_forget(d->rows);
	aliases_forget(d->aliases);
	if (digest_reload(d->digest) != ES_OK || load_hubs(d) != ES_OK)
		return err == ES_OK ? ES_IO : err;
	return err;
}

static enum es_err empty_tables(struct directory *d)
{
	enum es_err err = sql_exec(d->db, "BEGIN IMMEDIATE; DELETE FROM etat; DELETE FROM seau; DELETE FROM point;"
					  "DELETE FROM desaccord; DELETE FROM alias; DELETE FROM doublon_fiche; DELETE FROM siret_ancien;"
					  "INSERT INTO recherche(recherche) VALUES('delete-all'); UPDATE meta SET valeur = 0 WHERE cle <> 'pays'");

	for (size_t i = 0; i < schema_kind_count && err == ES_OK; i++)
		err = sql_execf(d->db, "DELETE FROM \"%w\"", schema_kinds[i].name);
	return err != ES_OK ? err : sql_exec(d->db, "COMMIT");
}

enum es_err directory_reset(struct directory *d)
{
	enum es_err err = empty_tables(d);

	if (err == ES_OK)
		d->position = (struct position){0};
	return undo(d, err); /* what memory holds is read from the file again */
}

int64_t directory_records(struct directory *d)
{
	sqlite3_stmt *s = NULL;
	int64_t n = 0;

	if (sql_prepare(d->db, "SELECT count(*) FROM etat", &s) == ES_OK && sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static enum es_err find_record(struct directory *d, const struct feed_item *item, int64_t key, struct found *f)
{
	sqlite3_stmt *s = d->find;
	int rc;

	*f = (struct found){0};
	buf_clear(&d->old);
	sqlite3_bind_int64(s, 1, key);
	sql_bind_slice(s, 2, record_slice(&item->record));
	sqlite3_bind_int64(s, 3, item->kind);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		struct slice state = sql_blob(s, 5);

		f->known = true;
		f->rec = sqlite3_column_int64(s, 0);
		f->arrived = sqlite3_column_int64(s, 6);
		f->heard = sqlite3_column_int64(s, 7);
		buf_add(&d->old, state.p, state.len);
		for (int i = 0; i < DATA_SCOPES; i++) {
			struct slice hash = sql_blob(s, i + 1);

			f->has_hash[i] = hash.len == sizeof(f->hash[i].bytes);
			if (f->has_hash[i])
				memcpy(f->hash[i].bytes, hash.p, hash.len);
		}
	}
	return sql_end(s, rc);
}

/* Only a sealed change touches layer 4, and only in its own scope. */
static enum es_err rehash(struct directory *d, const struct feed_item *item, int64_t key, struct found *f)
{
	enum scope scope = item->change.scope;
	struct hash hash;
	bool has;
	int at = (int)scope - 1;

	if (item->change.pending || scope < SCOPE_PUBLIC || scope > SCOPE_LOCAL)
		return ES_OK;
	has = fold_hash(buf_slice(&d->new), &item->record, item->kind, scope, &hash);
	if (has == f->has_hash[at] && (!has || hash_eq(&hash, &f->hash[at])))
		return ES_OK;
	f->has_hash[at] = has;
	if (has)
		f->hash[at] = hash;
	return digest_soil(d->digest, scope, key_bucket(key));
}

/* The first commit that told of a record stays; an edit that waits is in none. */
static bool note_arrival(const struct feed_item *item, struct found *f)
{
	bool first = f->arrived == 0;

	if (item->change.pending || item->arrived == 0)
		return false;
	if (first)
		f->arrived = item->arrived;
	f->heard = item->heard;
	return first;
}

static void bind_arrival(sqlite3_stmt *s, const struct found *f)
{
	if (f->arrived > 0) {
		sqlite3_bind_int64(s, 6, f->arrived);
		sqlite3_bind_int64(s, 7, f->heard);
	} else {
		sqlite3_bind_null(s, 6);
		sqlite3_bind_null(s, 7);
	}
}

static enum es_err write_state(struct directory *d, const struct feed_item *item, int64_t key, struct found *f)
{
	sqlite3_stmt *s = f->known ? d->update : d->insert;
	enum es_err err;

	sql_bind_slice(s, 1, buf_slice(&d->new));
	for (int i = 0; i < DATA_SCOPES; i++) {
		if (f->has_hash[i])
			sql_bind_slice(s, i + 2, SLICE(f->hash[i].bytes, sizeof(f->hash[i].bytes)));
		else
			sqlite3_bind_null(s, i + 2);
	}
	bind_arrival(s, f);
	if (f->known) {
		sqlite3_bind_int64(s, 8, f->rec);
	} else {
		sql_bind_slice(s, 8, record_slice(&item->record));
		sqlite3_bind_int64(s, 9, item->kind);
		sqlite3_bind_int64(s, 10, key);
	}
	err = sql_run(s);
	if (err == ES_OK && !f->known)
		f->rec = sqlite3_last_insert_rowid(d->db);
	return err;
}

static enum es_err hub_write(struct directory *d, struct slice hub, const char *pole)
{
	sql_bind_slice(d->hub_put, 1, hub);
	sqlite3_bind_text(d->hub_put, 2, pole, -1, SQLITE_STATIC);
	return sql_run(d->hub_put);
}

/* A hub is listed from its first record on, named or not: a uid is looked up
 * hub by hub, and a name given later knows whether rows must follow. */
static enum es_err hub_pole(struct directory *d, struct slice hub, const char **pole)
{
	const struct hub_name *known = hub_find(d, hub.p);
	enum es_err err;

	if (known != NULL) {
		*pole = known->pole;
		return ES_OK;
	}
	*pole = NULL;
	err = hub_write(d, hub, NULL);
	return err == ES_OK ? hub_remember(d, hub, NULL) : err;
}

static enum es_err apply_item(struct directory *d, const struct feed_item *item, int64_t key)
{
	const struct kind_map *m = kind_maps_find(&d->maps, item->kind);
	struct slice record = record_slice(&item->record);
	const char *pole;
	struct found f;
	enum es_err err = find_record(d, item, key, &f);

	buf_clear(&d->new);
	if (err == ES_OK)
		err = fold_apply(buf_slice(&d->old), &item->change, &d->new);
	if (err == ES_OK && f.known && !item->change.pending) /* also where it is beaten at once */
		err = meetings_note(d->meetings, f.rec, buf_slice(&d->old), item);
	bool arrives = err == ES_OK && note_arrival(item, &f);
	if (err != ES_OK || (f.known && !arrives && slice_eq(buf_slice(&d->old), buf_slice(&d->new))))
		return err;
	err = rehash(d, item, key, &f);
	if (err == ES_OK)
		err = write_state(d, item, key, &f);
	if (err == ES_OK)
		err = hub_pole(d, SLICE(item->steward.bytes, 16), &pole);
	if (err == ES_OK && m != NULL)
		err = rows_change(d->rows, m, f.rec, record, pole, buf_slice(&d->old), buf_slice(&d->new));
	return err;
}

/* A record loses all it had, of every kind; what counts comes behind. */
static enum es_err blank_kind(struct directory *d, const struct feed_item *item, int64_t key)
{
	sqlite3_stmt *s = d->whole;
	const struct kind_map *m = kind_maps_find(&d->maps, (unsigned)sqlite3_column_int(s, 1));
	struct slice state = sql_blob(s, 6);
	static const uint8_t nothing[1] = {0x90};
	enum es_err err = ES_OK;

	for (int i = 0; i < DATA_SCOPES && err == ES_OK; i++)
		if (sqlite3_column_type(s, i + 2) != SQLITE_NULL)
			err = digest_soil(d->digest, (enum scope)(i + 1), key_bucket(key));
	buf_clear(&d->old);
	buf_add(&d->old, state.p, state.len);
	if (err == ES_OK)
		err = meetings_drop(d->meetings, sqlite3_column_int64(s, 0));
	if (err == ES_OK && m != NULL)
		err = rows_change(d->rows, m, sqlite3_column_int64(s, 0), record_slice(&item->record), NULL,
				  buf_slice(&d->old), SLICE(nothing, 1));
	return err;
}

static enum es_err with_record(sqlite3_stmt *s, const struct feed_item *item, int64_t key)
{
	sqlite3_bind_int64(s, 1, key);
	sql_bind_slice(s, 2, record_slice(&item->record));
	return sql_run(s);
}

static enum es_err reset_record(struct directory *d, const struct feed_item *item, int64_t key)
{
	sqlite3_stmt *s = d->whole;
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	sqlite3_bind_int64(s, 1, key);
	sql_bind_slice(s, 2, record_slice(&item->record));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = blank_kind(d, item, key);
	sqlite3_reset(s);
	if (err == ES_OK)
		err = sql_err(rc);
	return err == ES_OK ? with_record(d->blank, item, key) : err;
}

static enum es_err drop_blanks(struct directory *d, const struct feed_item *items, size_t count)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < count && err == ES_OK; i++)
		if (items[i].reset)
			err = with_record(d->gone, &items[i], record_key(&items[i].record));
	return err;
}

static enum es_err move_position(struct directory *d, struct position to)
{
	sqlite3_bind_int64(d->position_put, 1, to.commit);
	sqlite3_bind_int64(d->position_put, 2, to.edit);
	sqlite3_bind_int64(d->position_put, 3, to.refold);
	return sql_run(d->position_put);
}

struct turn {
	int64_t key;
	size_t item;
};

static int turn_cmp(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

/* Items go in by key, the order of the index, and each record's own ones in
 * theirs: records do not depend on each other. */
static enum es_err apply_items(struct directory *d, const struct feed_item *items, size_t count)
{
	struct turn *turns = malloc((count + 1) * sizeof(*turns));
	enum es_err err = ES_OK;

	if (turns == NULL)
		return ES_NOMEM;
	for (size_t i = 0; i < count; i++)
		turns[i] = (struct turn){.key = record_key(&items[i].record), .item = i};
	qsort(turns, count, sizeof(*turns), turn_cmp);
	for (size_t i = 0; i < count && err == ES_OK; i++)
		err = items[turns[i].item].reset ? reset_record(d, &items[turns[i].item], turns[i].key)
						 : apply_item(d, &items[turns[i].item], turns[i].key);
	free(turns);
	return err;
}

enum es_err directory_apply(struct directory *d, const struct feed_item *items, size_t count, struct position to)
{
	enum es_err err = sql_exec(d->db, "BEGIN IMMEDIATE");

	if (err == ES_OK)
		err = apply_items(d, items, count);
	if (err == ES_OK)
		err = rows_flush(d->rows);
	if (err == ES_OK)
		err = aliases_settle(d->aliases);
	if (err == ES_OK)
		err = drop_blanks(d, items, count);
	if (err == ES_OK)
		err = move_position(d, to);
	if (err == ES_OK)
		err = sql_exec(d->db, "COMMIT");
	if (err != ES_OK)
		return undo(d, err);
	d->position = to;
	return ES_OK;
}

/* Rows that bear the old name; where there was none, those of what the hub created. */
static enum es_err rename_rows(struct directory *d, struct slice hub, const char *old, const char *pole)
{
	char hex[2 * sizeof(struct id16) + 1];
	enum es_err err = ES_OK;

	hex_encode(hub.p, hub.len, hex);
	for (size_t i = 0; i < d->maps.count && err == ES_OK && old; i++)
		err = sql_execf(d->db, "UPDATE \"%w\" SET pole = %Q WHERE pole = %Q", d->maps.at[i].k->name, pole, old);
	for (size_t i = 0; i < d->maps.count && err == ES_OK && !old; i++)
		err = sql_execf(d->db,
				"UPDATE \"%w\" SET pole = %Q WHERE pole IS NULL AND rec IN"
				" (SELECT rec FROM etat WHERE kind = %d AND substr(id, 1, 16) = x'%s')",
				d->maps.at[i].k->name, pole, (int)d->maps.at[i].k->no, hex);
	return err;
}

static enum es_err name_hub(struct directory *d, const struct named_hub *name)
{
	struct slice hub = SLICE(name->hub.bytes, sizeof(name->hub.bytes));
	const struct hub_name *known = hub_find(d, hub.p);
	enum es_err err = ES_OK;

	if (sqlite3_get_autocommit(d->db))
		err = sql_exec(d->db, "BEGIN IMMEDIATE");
	if (err == ES_OK)
		err = hub_write(d, hub, name->pole);
	if (err == ES_OK && known != NULL)
		err = rename_rows(d, hub, known->pole, name->pole);
	if (err == ES_OK && known != NULL)
		err = aliases_renamed(d->aliases);
	return err == ES_OK ? hub_remember(d, hub, name->pole) : err;
}

static bool is_named(struct directory *d, const struct named_hub *name)
{
	const struct hub_name *known = hub_find(d, name->hub.bytes);

	return known != NULL && known->pole != NULL && strcmp(known->pole, name->pole) == 0;
}

enum es_err directory_name_hubs(struct directory *d, const struct named_hub *names, size_t count)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < count && err == ES_OK; i++)
		if (!is_named(d, &names[i]))
			err = name_hub(d, &names[i]);
	if (err == ES_OK && !sqlite3_get_autocommit(d->db))
		err = sql_exec(d->db, "COMMIT");
	return err == ES_OK ? ES_OK : undo(d, err);
}

enum es_err directory_digest(struct directory *d, enum scope scope, struct hash *out)
{
	enum es_err err;

	if (scope < SCOPE_PUBLIC || scope > SCOPE_LOCAL)
		return ES_NOT_FOUND;
	err = digest_root(d->digest, scope, out);
	return err == ES_OK ? ES_OK : undo(d, err);
}

enum es_err directory_compare(struct directory *d, const char *other_path, int64_t *differ, struct buf *what)
{
	return rows_compare(d->db, other_path, differ, what);
}

/* A merge that changes fewer than two rows of its tables had nothing to do. */
static enum es_err merge_words(struct directory *d)
{
	enum es_err err = ES_OK;

	for (int i = 0; i < MERGE_ROUNDS && err == ES_OK; i++) {
		int before = sqlite3_total_changes(d->db);

		err = sql_execf(d->db, "INSERT INTO recherche(recherche, rank) VALUES('merge', %d)", MERGE_PAGES);
		if (sqlite3_total_changes(d->db) - before < 2)
			break;
	}
	return err;
}

/* FTS5 keeps deleted words until its segments are merged, SQLite the bytes of rows
 * that moved until the file is written anew (on disk: a directory may be large). */
static enum es_err write_anew(struct directory *d)
{
	enum es_err err = ES_OK;

	if (d->anew && d->anew_at == sqlite3_total_changes(d->db))
		return ES_OK; /* a reader was in the way of the rest */
	if (!PLANT(words_not_scrubbed))
		err = sql_exec(d->db, "INSERT INTO recherche(recherche) VALUES('optimize')");
	if (err == ES_OK && !PLANT(forget_leaves_gaps)) {
		enum es_err vacuum = sql_exec(d->db, "PRAGMA temp_store = FILE; VACUUM");

		err = sql_exec(d->db, "PRAGMA temp_store = MEMORY"); /* also after a full disk */
		err = vacuum != ES_OK ? vacuum : err;
	}
	d->anew = err == ES_OK;
	d->anew_at = sqlite3_total_changes(d->db);
	return err;
}

enum es_err directory_scrub(struct directory *d)
{
	enum es_err err = write_anew(d);
	int frames = 0, done = 0, rc;

	if (err != ES_OK)
		return err;
	rc = sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &frames, &done);
	return (rc & 0xff) == SQLITE_BUSY ? ES_LOCKED : sql_err(rc);
}

/* Nothing here is needed for correctness: a failure shows at the next apply. */
void directory_idle(struct directory *d)
{
	enum es_err err = merge_words(d);

	if (err == ES_PAGE_DAMAGED)
		d->damaged = true;
	sqlite3_busy_timeout(d->db, 0);
	sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(d->db, 5000);
}
