/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/directory/sql.h"
#include <string.h>

/* Measured at 100,000 records: a larger cache is no faster. One damaged frame of the
 * journal's WAL costs all that follow it: 4 MB at most, a sixth more is written. */
struct sql_limits sql_limits = {.journal_wal_pages = 1000, .journal_cache_kib = 16384,
				.directory_wal_pages = 20000, .directory_cache_kib = 16000};

enum es_err sql_err(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ES_OK;
	case SQLITE_FULL:
		return ES_DISK_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ES_LOCKED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ES_PAGE_DAMAGED;
	case SQLITE_NOMEM:
		return ES_NOMEM;
	default:
		return ES_IO;
	}
}

bool sql_exists(const char *path)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	int there = 0;

	return vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there;
}

void sql_unlink(const char *path)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < 3; i++) {
		char *name = sqlite3_mprintf("%s%s", path, tails[i]);

		if (name)
			vfs->xDelete(vfs, name, 0);
		sqlite3_free(name);
	}
}

enum es_err sql_run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return sql_err(rc);
}

enum es_err sql_exec(sqlite3 *db, const char *sql)
{
	return sql_err(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

struct slice sql_blob(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);

	return SLICE(p, p ? (size_t)sqlite3_column_bytes(st, column) : 0);
}

bool sql_exact(sqlite3_stmt *st, int column, void *out, size_t n)
{
	struct slice s = sql_blob(st, column);

	if (s.len != n)
		return false;
	memcpy(out, s.p, n);
	return true;
}

void sql_bind_slice(sqlite3_stmt *st, int index, struct slice s)
{
	if (s.p)
		sqlite3_bind_blob(st, index, s.p, (int)s.len, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(st, index, 0);
}
