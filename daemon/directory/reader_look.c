/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers, texts and rows out of the directory, for those who look at other records. */
#include <string.h>
#include "daemon/directory/directory_sql.h"

/* The same questions come again with every edit and every tick: their statements are
 * kept. One that is being read (an answer within an answer) is not lent twice. */
static enum es_err lend(struct reader *r, const char *sql, sqlite3_stmt **s)
{
	for (size_t i = 0; i < ASKED_KEPT; i++)
		if (r->asked[i] && strcmp(sqlite3_sql(r->asked[i]), sql) == 0) {
			*s = r->asked[i];
			r->asked[i] = NULL;
			return ES_OK;
		}
	return sql_prepare(r->db, sql, s);
}

static void give_back(struct reader *r, sqlite3_stmt *s)
{
	size_t at = 0;

	if (!s)
		return;
	while (at < ASKED_KEPT && r->asked[at])
		at++;
	if (at == ASKED_KEPT) /* no place it was lent from: the one that has been there longest goes */
		at = r->asked_next++ % ASKED_KEPT;
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	sqlite3_finalize(r->asked[at]);
	r->asked[at] = s;
}

static enum es_err prepare(struct reader *r, const char *sql, const struct slice *args, size_t count, sqlite3_stmt **s)
{
	enum es_err err = lend(r, sql, s);

	for (size_t i = 0; i < count && err == ES_OK; i++)
		sql_bind_text(*s, (int)i + 1, args[i]);
	return err;
}

static enum es_err ask(struct reader *r, const char *sql, const struct slice *args, size_t count, sqlite3_stmt **s)
{
	enum es_err err = prepare(r, sql, args, count, s);

	return err == ES_OK ? sql_err(sqlite3_step(*s)) : err;
}

int64_t reader_number(struct reader *r, const char *sql, const struct slice *args, size_t count)
{
	sqlite3_stmt *s = NULL;
	int64_t n = ask(r, sql, args, count, &s) == ES_OK ? sqlite3_column_int64(s, 0) : 0;

	give_back(r, s);
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
	give_back(r, s);
	return found;
}

enum es_err reader_rows(struct reader *r, const char *sql, const struct slice *args, size_t count,
			bool (*each)(void *ctx, const struct slice *columns), void *ctx)
{
	struct slice columns[ROW_COLUMNS_MAX];
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = prepare(r, sql, args, count, &s);

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(s) && i < ROW_COLUMNS_MAX; i++)
			columns[i] = sql_text(s, i);
		if (!each(ctx, columns)) {
			rc = SQLITE_DONE;
			break;
		}
	}
	if (err == ES_OK)
		err = sql_err(rc);
	give_back(r, s);
	return err;
}

enum es_err reader_texts(struct reader *r, const char *sql, const struct slice *args, size_t count,
			 bool (*each)(void *ctx, struct slice text), void *ctx)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = prepare(r, sql, args, count, &s);
	int rc = SQLITE_DONE;

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW && each(ctx, sql_text(s, 0)))
		continue;
	if (err == ES_OK)
		err = sql_err(rc);
	give_back(r, s);
	return err;
}

enum es_err reader_json_rows(struct reader *r, const char *sql, const struct slice *args, size_t count, struct buf *json)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = prepare(r, sql, args, count, &s);
	const char *comma = "";
	int rc = SQLITE_DONE;

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice row = sql_text(s, 0);

		buf_str(json, comma);
		buf_add(json, row.p, row.len);
		comma = ",";
	}
	if (err == ES_OK)
		err = sql_err(rc);
	give_back(r, s);
	return err == ES_OK ? buf_err(json) : err;
}
