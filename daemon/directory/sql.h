/* SPDX-License-Identifier: Apache-2.0
 *
 * The few SQLite verbs the journal repeats. */
#ifndef DAEMON_SQL_H
#define DAEMON_SQL_H

#include <sqlite3.h>
#include "common/bytes.h"

/* What a database may take: a thousand nodes in one process (tests/sim) take less. */
struct sql_limits {
	int journal_wal_pages, journal_cache_kib, directory_wal_pages, directory_cache_kib;
};
extern struct sql_limits sql_limits;

/* ES_OK for OK, ROW and DONE. */
enum es_err sql_err(int rc);
/* Database files are asked for, and removed, through SQLite's default VFS. */
bool sql_exists(const char *path);
void sql_unlink(const char *path); /* with its -wal and -shm */
/* Steps a statement that returns no row, resets it and clears its bindings. */
ES_MUST_USE enum es_err sql_run(sqlite3_stmt *st);
ES_MUST_USE enum es_err sql_exec(sqlite3 *db, const char *sql);
struct slice sql_blob(sqlite3_stmt *st, int column); /* borrowed until the next step */
/* True when the column is a blob of exactly n bytes, copied. */
bool sql_exact(sqlite3_stmt *st, int column, void *out, size_t n);
void sql_bind_slice(sqlite3_stmt *st, int index, struct slice s);

/* The items of a list of the directory, which joins them by '|', as rows of `value`. */
#define ITEMS(list) "json_each('[\"' || replace(replace(coalesce(" list ", ''), '\"', ''), '|', '\",\"') || '\"]')"

#endif
