/* SPDX-License-Identifier: Apache-2.0
 *
 * The state digest: per data scope 4096 bucket hashes and a root over them. A
 * bucket without a row in `seau` is empty, its hash zero: a small directory has
 * few. One whose hash is NULL is dirty, durably; it is hashed when somebody asks. */
#include "daemon/directory/directory_parts.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_BYTES_MAX (64u << 20)

struct scope_digest {
	bool dirty[BUCKET_COUNT];
	bool known;
	struct hash root;
};

struct digest {
	sqlite3 *db;
	struct scope_digest scope[DATA_SCOPES];
	sqlite3_stmt *write, *empty, *dirty, *load;
	sqlite3_stmt *bucket[DATA_SCOPES];
};

enum es_err digest_create(sqlite3 *db)
{
	return sql_exec(db, "CREATE TABLE seau(scope INT, bucket INT, hash BLOB, PRIMARY KEY(scope, bucket)) WITHOUT ROWID");
}

enum es_err digest_reload(struct digest *g)
{
	int rc;

	memset(g->scope, 0, sizeof(g->scope));
	while ((rc = sqlite3_step(g->dirty)) == SQLITE_ROW) {
		int scope = sqlite3_column_int(g->dirty, 0), bucket = sqlite3_column_int(g->dirty, 1);

		if (scope >= 1 && scope <= DATA_SCOPES && bucket >= 0 && bucket < BUCKET_COUNT)
			g->scope[scope - 1].dirty[bucket] = true;
	}
	return sql_end(g->dirty, rc);
}

static enum es_err digest_prepare(struct digest *g)
{
	enum es_err err = sql_prepare(g->db, "REPLACE INTO seau VALUES(?1, ?2, ?3)", &g->write);

	if (err == ES_OK)
		err = sql_prepare(g->db, "DELETE FROM seau WHERE scope = ?1 AND bucket = ?2", &g->empty);
	if (err == ES_OK)
		err = sql_prepare(g->db, "SELECT scope, bucket FROM seau WHERE hash IS NULL", &g->dirty);
	if (err == ES_OK)
		err = sql_prepare(g->db, "SELECT bucket, hash FROM seau WHERE scope = ?1", &g->load);
	for (int i = 0; i < DATA_SCOPES && err == ES_OK; i++)
		err = sql_preparef(g->db, &g->bucket[i],
				   "SELECT id, kind, h%d FROM etat WHERE cle BETWEEN ?1 AND ?2"
				   " AND h%d IS NOT NULL ORDER BY id, kind",
				   i + 1, i + 1);
	return err;
}

enum es_err digest_open(sqlite3 *db, struct digest **out)
{
	struct digest *g = calloc(1, sizeof(*g));
	enum es_err err;

	if (g == NULL)
		return ES_NOMEM;
	g->db = db;
	err = digest_prepare(g);
	if (err == ES_OK)
		err = digest_reload(g);
	if (err == ES_OK)
		*out = g;
	else
		digest_close(g);
	return err;
}

void digest_close(struct digest *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < DATA_SCOPES; i++)
		sqlite3_finalize(g->bucket[i]);
	sqlite3_finalize(g->write);
	sqlite3_finalize(g->empty);
	sqlite3_finalize(g->dirty);
	sqlite3_finalize(g->load);
	free(g);
}

static enum es_err write_bucket(struct digest *g, enum scope scope, unsigned bucket, struct slice hash)
{
	sqlite3_bind_int(g->write, 1, (int)scope);
	sqlite3_bind_int(g->write, 2, (int)bucket);
	if (hash.len > 0)
		sql_bind_slice(g->write, 3, hash);
	return sql_run(g->write);
}

/* Written once per bucket until the next root: bulk loads stay cheap. */
enum es_err digest_soil(struct digest *g, enum scope scope, unsigned bucket)
{
	struct scope_digest *s = &g->scope[scope - 1];

	s->known = false;
	if (s->dirty[bucket])
		return ES_OK;
	s->dirty[bucket] = true;
	return write_bucket(g, scope, bucket, SLICE(NULL, 0));
}

static enum es_err hash_bucket(sqlite3_stmt *s, unsigned bucket, struct buf *message, struct hash *out)
{
	int rc;

	buf_clear(message);
	sqlite3_bind_int64(s, 1, bucket_key(bucket));
	sqlite3_bind_int64(s, 2, bucket_key(bucket) + (bucket_key(1) - 1));
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice id = sql_blob(s, 0), hash = sql_blob(s, 2);

		buf_add(message, id.p, id.len);
		buf_add_be(message, (uint64_t)sqlite3_column_int(s, 1), 2);
		buf_add(message, hash.p, hash.len);
	}
	*out = (struct hash){0};
	if (message->len > 0)
		*out = crypto_hash(HASH_BUCKET, buf_slice(message));
	return sql_end(s, rc);
}

static enum es_err clean_bucket(struct digest *g, enum scope scope, unsigned bucket, struct buf *message)
{
	struct hash hash;
	enum es_err err = hash_bucket(g->bucket[scope - 1], bucket, message, &hash);

	if (err == ES_OK)
		err = buf_err(message);
	if (err != ES_OK)
		return err;
	if (message->len > 0)
		return write_bucket(g, scope, bucket, SLICE(hash.bytes, sizeof(hash.bytes)));
	sqlite3_bind_int(g->empty, 1, (int)scope);
	sqlite3_bind_int(g->empty, 2, (int)bucket);
	return sql_run(g->empty);
}

static enum es_err clean_all(struct digest *g, enum scope scope)
{
	struct scope_digest *s = &g->scope[scope - 1];
	enum es_err err = sql_exec(g->db, "BEGIN IMMEDIATE");
	struct buf message;

	buf_init(&message, BUCKET_BYTES_MAX);
	for (unsigned b = 0; b < BUCKET_COUNT && err == ES_OK; b++)
		if (s->dirty[b]) {
			err = clean_bucket(g, scope, b, &message);
			s->dirty[b] = err != ES_OK;
		}
	if (err == ES_OK)
		err = sql_exec(g->db, "COMMIT");
	buf_done(&message);
	return err;
}

/* The file keeps the buckets, memory the root alone. */
static enum es_err hash_root(struct digest *g, enum scope scope, struct hash *out)
{
	struct hash *buckets = calloc(BUCKET_COUNT, sizeof(*buckets));
	int rc;

	if (buckets == NULL)
		return ES_NOMEM;
	sqlite3_bind_int(g->load, 1, (int)scope);
	while ((rc = sqlite3_step(g->load)) == SQLITE_ROW) {
		struct slice hash = sql_blob(g->load, 1);
		int bucket = sqlite3_column_int(g->load, 0);

		if (hash.len == sizeof(buckets->bytes) && bucket >= 0 && bucket < BUCKET_COUNT)
			memcpy(buckets[bucket].bytes, hash.p, hash.len);
	}
	*out = crypto_hash(HASH_BUCKET, SLICE(buckets, BUCKET_COUNT * sizeof(*buckets)));
	free(buckets);
	return sql_end(g->load, rc);
}

enum es_err digest_root(struct digest *g, enum scope scope, struct hash *out)
{
	struct scope_digest *s = &g->scope[scope - 1];
	enum es_err err = ES_OK;

	if (!s->known && memchr(s->dirty, true, sizeof(s->dirty)) != NULL)
		err = clean_all(g, scope);
	if (!s->known && err == ES_OK)
		err = hash_root(g, scope, &s->root);
	if (err != ES_OK)
		return err;
	s->known = true;
	*out = s->root;
	return ES_OK;
}
