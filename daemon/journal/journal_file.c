/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal as a file: its WAL, its size, a copy of it, nothing left in its gaps, and a look
 * at all that is in it. */
#include "common/plant.h"
#include "daemon/journal/journal_parts.h"

enum es_err journal_scrub(struct journal *j)
{
	enum es_err err = ES_OK;

	if (PLANT(forget_leaves_wal))
		return ES_OK;
	if (!PLANT(forget_leaves_gaps))
		err = sql_exec(j->db, "VACUUM");
	return err != ES_OK ? err : sql_err(sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

int64_t journal_file_bytes(struct journal *j)
{
	sqlite3_stmt *st = NULL;
	int64_t bytes = 0;

	if (sqlite3_prepare_v2(j->db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		bytes = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return bytes;
}

void journal_rest(struct journal *j)
{
	/* An error shows at the next commit. */
	(void)sqlite3_wal_checkpoint_v2(j->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

enum es_err journal_copy(struct journal *j, const char *path)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(j->db, "VACUUM INTO ?1", -1, &st, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	sqlite3_finalize(st);
	return sql_err(rc);
}

int64_t journal_bytes_of(struct journal *j, const struct frontier *f, const struct id16 *hub)
{
	int64_t bytes = 0;

	for (uint32_t i = 1; i < f->count; i++)
		if (id_eq(&f->heads[i].hub, hub)) {
			sqlite3_bind_int64(journal_st(j, ST_BYTES_OF), 1, i + 1);
			bytes += journal_number(journal_st(j, ST_BYTES_OF));
		}
	return bytes;
}

struct looking {
	bool (*each)(void *ctx, struct slice change);
	void *ctx;
};

static bool look_at_edit(void *ctx, const struct outbox_edit *e)
{
	struct looking *l = ctx;

	return e->change.len == 0 || l->each(l->ctx, e->change);
}

enum es_err journal_each_change(struct journal *j, bool (*each)(void *ctx, struct slice change), void *ctx)
{
	struct looking l = {.each = each, .ctx = ctx};
	sqlite3_stmt *st = journal_st(j, ST_EVERY);
	bool more = true;
	int rc = SQLITE_DONE;

	while (more && (rc = sqlite3_step(st)) == SQLITE_ROW)
		more = each(ctx, sql_blob(st, 0));
	sqlite3_reset(st);
	if (!more)
		return ES_OK;
	enum es_err err = sql_err(rc);
	return err == ES_OK ? journal_outbox_each(j, SCOPE_COUNT, NULL, 0, look_at_edit, &l) : err;
}
