/* SPDX-License-Identifier: Apache-2.0
 *
 * One number or one text out of the directory, for rules that look at other records. */
#include "daemon/directory_sql.h"

static enum es_err ask(struct reader *r, const char *sql, const struct slice *args, size_t count, sqlite3_stmt **s)
{
	enum es_err err = sql_prepare(r->db, sql, s);

	for (size_t i = 0; i < count && err == ES_OK; i++)
		sql_bind_text(*s, (int)i + 1, args[i]);
	if (err == ES_OK)
		err = sql_err(sqlite3_step(*s));
	return err;
}

int64_t reader_number(struct reader *r, const char *sql, const struct slice *args, size_t count)
{
	sqlite3_stmt *s = NULL;
	int64_t n = ask(r, sql, args, count, &s) == ES_OK ? sqlite3_column_int64(s, 0) : 0;

	sqlite3_finalize(s);
	return n;
}

bool reader_text(struct reader *r, const char *sql, const struct slice *args, size_t count, struct buf *out)
{
	sqlite3_stmt *s = NULL;
	bool found = ask(r, sql, args, count, &s) == ES_OK && sqlite3_data_count(s) > 0 && sqlite3_column_type(s, 0) != SQLITE_NULL;

	if (found) {
		struct slice text = sql_text(s, 0);

		buf_add(out, text.p, text.len);
	}
	sqlite3_finalize(s);
	return found;
}
