/* SPDX-License-Identifier: Apache-2.0
 *
 * The state digest: per data scope 4096 bucket hashes and a root over them. A
 * bucket without a row in `seau` is dirty, durably; it is hashed when somebody
 * asks. An empty bucket's hash is zero. */
#include "daemon/directory_parts.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_BYTES_MAX (64u << 20)

struct scope_digest {
	bool clean[BUCKET_COUNT]; /* it has a row */
	struct hash *bucket; /* of the clean ones; NULL until asked for */
	bool known;
	struct hash root;
};

struct digest {
	sqlite3 *db;
	struct scope_digest scope[DATA_SCOPES];
	sqlite3_stmt *soil, *write, *clean, *load;
	sqlite3_stmt *bucket[DATA_SCOPES];
};

enum es_err digest_create(sqlite3 *db)
{
	return sql_exec(db, "CREATE TABLE seau(scope INT, bucket INT, hash BLOB, PRIMARY KEY(scope, bucket)) WITHOUT ROWID");
}

enum es_err digest_reload(struct digest *g)
{
	int rc;

	for (size_t i = 0; i < DATA_SCOPES; i++) {
		struct scope_digest *s = &g->scope[i];

		memset(s->clean, 0, sizeof(s->clean));
		free(s->bucket);
		s->bucket = NULL;
		s->known = false;
	}
	while ((rc = sqlite3_step(g->clean)) == SQLITE_ROW) {
		int scope = sqlite3_column_int(g->clean, 0), bucket = sqlite3_column_int(g->clean, 1);

		if (scope >= 1 && scope <= DATA_SCOPES && bucket >= 0 && bucket < BUCKET_COUNT)
			g->scope[scope - 1].clean[bucket] = true;
	}
	return sql_end(g->clean, rc);
}

static enum es_err digest_prepare(struct digest *g)
{
	enum es_err err = sql_prepare(g->db, "DELETE FROM seau WHERE scope = ?1 AND bucket = ?2", &g->soil);

	if (err == ES_OK)
		err = sql_prepare(g->db, "REPLACE INTO seau VALUES(?1, ?2, ?3)", &g->write);
	if (err == ES_OK)
		err = sql_prepare(g->db, "SELECT scope, bucket FROM seau", &g->clean);
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
	for (size_t i = 0; i < DATA_SCOPES; i++) {
		sqlite3_finalize(g->bucket[i]);
		free(g->scope[i].bucket);
	}
	sqlite3_finalize(g->soil);
	sqlite3_finalize(g->write);
	sqlite3_finalize(g->clean);
	sqlite3_finalize(g->load);
	free(g);
}

/* Written once per bucket until the next root: bulk loads stay cheap. */
enum es_err digest_soil(struct digest *g, enum scope scope, unsigned bucket)
{
	struct scope_digest *s = &g->scope[scope - 1];

	s->known = false;
	if (!s->clean[bucket])
		return ES_OK;
	s->clean[bucket] = false;
	sqlite3_bind_int(g->soil, 1, (int)scope);
	sqlite3_bind_int(g->soil, 2, (int)bucket);
	return sql_run(g->soil);
}

static enum es_err load_buckets(struct digest *g, enum scope scope)
{
	struct scope_digest *s = &g->scope[scope - 1];
	int rc;

	if (s->bucket != NULL)
		return ES_OK;
	s->bucket = calloc(BUCKET_COUNT, sizeof(*s->bucket));
	if (s->bucket == NULL)
		return ES_NOMEM;
	sqlite3_bind_int(g->load, 1, (int)scope);
	while ((rc = sqlite3_step(g->load)) == SQLITE_ROW) {
		struct slice hash = sql_blob(g->load, 1);
		int bucket = sqlite3_column_int(g->load, 0);

		if (hash.len == sizeof(s->bucket->bytes) && bucket >= 0 && bucket < BUCKET_COUNT)
			memcpy(s->bucket[bucket].bytes, hash.p, hash.len);
	}
	return sql_end(g->load, rc);
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
	struct hash *hash = &g->scope[scope - 1].bucket[bucket];
	enum es_err err = hash_bucket(g->bucket[scope - 1], bucket, message, hash);

	if (err == ES_OK)
		err = buf_err(message);
	if (err != ES_OK)
		return err;
	sqlite3_bind_int(g->write, 1, (int)scope);
	sqlite3_bind_int(g->write, 2, (int)bucket);
	sql_bind_slice(g->write, 3, SLICE(hash->bytes, sizeof(hash->bytes)));
	return sql_run(g->write);
}

static enum es_err clean_all(struct digest *g, enum scope scope)
{
	struct scope_digest *s = &g->scope[scope - 1];
	enum es_err err = sql_exec(g->db, "BEGIN IMMEDIATE");
	struct buf message;

	buf_init(&message, BUCKET_BYTES_MAX);
	for (unsigned b = 0; b < BUCKET_COUNT && err == ES_OK; b++)
		if (!s->clean[b]) {
			err = clean_bucket(g, scope, b, &message);
			s->clean[b] = err == ES_OK;
		}
	if (err == ES_OK)
		err = sql_exec(g->db, "COMMIT");
	buf_done(&message);
	return err;
}

static bool all_clean(const struct scope_digest *s)
{
	return memchr(s->clean, false, sizeof(s->clean)) == NULL;
}

enum es_err digest_root(struct digest *g, enum scope scope, struct hash *out)
{
	struct scope_digest *s = &g->scope[scope - 1];
	enum es_err err = ES_OK;

	if (!s->known) {
		err = load_buckets(g, scope);
		if (err == ES_OK && !all_clean(s))
			err = clean_all(g, scope);
		if (err != ES_OK)
			return err;
		s->root = crypto_hash(HASH_BUCKET, SLICE(s->bucket, BUCKET_COUNT * sizeof(*s->bucket)));
		s->known = true;
	}
	*out = s->root;
	return ES_OK;
}
