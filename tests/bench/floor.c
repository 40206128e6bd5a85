/* SPDX-License-Identifier: Apache-2.0
 *
 * The floor: the rows of one directory.db loaded from memory into an empty one
 * of the same schema by one thread of plain SQLite, synchronous=FULL, 10,000
 * rows a transaction, final checkpoint inside the time. Nothing is verified,
 * decoded, journalled or sent. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/bench/bench.h"
#include "daemon/directory/directory.h"
#include "proto/value.h"

#define PER_TRANSACTION 10000

struct table {
	const char *name;
	int columns;
	size_t rows;
	sqlite3_value **values;
	sqlite3_stmt *insert;
};

static void check(sqlite3 *db, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
		bench_die(sqlite3_errmsg(db));
}

static void read_table(sqlite3 *db, struct table *t)
{
	char sql[128];
	sqlite3_stmt *st;
	size_t cap = 0, n = 0;

	snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" ORDER BY rec", t->name);
	check(db, sqlite3_prepare_v2(db, sql, -1, &st, NULL));
	t->columns = sqlite3_column_count(st);
	while (sqlite3_step(st) == SQLITE_ROW) {
		for (int c = 0; c < t->columns; c++) {
			if (n == cap) {
				cap = cap ? 2 * cap : 65536;
				t->values = realloc(t->values, cap * sizeof *t->values);
			}
			t->values[n++] = sqlite3_value_dup(sqlite3_column_value(st, c));
		}
		t->rows++;
	}
	sqlite3_finalize(st);
}

/* The index's words, folded beforehand: the floor pays for indexing only. */
static char **read_words(sqlite3 *db, size_t rows)
{
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));
	char **words = calloc(rows, sizeof *words);
	sqlite3_stmt *st;
	size_t at = 0;

	check(db, sqlite3_prepare_v2(db, "SELECT * FROM structure ORDER BY rec", -1, &st, NULL));
	while (sqlite3_step(st) == SQLITE_ROW && at < rows) {
		struct buf b;

		buf_init(&b, 65536);
		for (int c = 0; c < sqlite3_column_count(st); c++) {
			const struct schema_field *f = schema_field_named(k, slice_str(sqlite3_column_name(st, c)));
			const char *text = (const char *)sqlite3_column_text(st, c);

			if (f && (f->flags & FIELD_SEARCH) && text) {
				value_fold_text(slice_str(text), false, &b);
				buf_str(&b, " ");
			}
		}
		words[at++] = strdup(buf_cstr(&b));
		buf_done(&b);
	}
	sqlite3_finalize(st);
	return words;
}

static void prepare(sqlite3 *db, struct table *t)
{
	char sql[1024];
	size_t n = (size_t)snprintf(sql, sizeof sql, "INSERT INTO \"%s\" VALUES(?", t->name);

	for (int c = 1; c < t->columns; c++)
		n += (size_t)snprintf(sql + n, sizeof sql - n, ",?");
	snprintf(sql + n, sizeof sql - n, ")");
	check(db, sqlite3_prepare_v2(db, sql, -1, &t->insert, NULL));
}

static void insert(sqlite3 *db, struct table *t, size_t row)
{
	for (int c = 0; c < t->columns; c++)
		sqlite3_bind_value(t->insert, c + 1, t->values[row * (size_t)t->columns + (size_t)c]);
	check(db, sqlite3_step(t->insert));
	sqlite3_reset(t->insert);
}

static void make_empty(const char *path)
{
	struct directory *d;

	if (directory_open(path, NULL, &d) != ES_OK)
		bench_die(path);
	directory_close(d);
}

double floor_load(const char *source, const char *path, bool with_state)
{
	struct table tables[3] = {{.name = "structure"}, {.name = "point"}, {.name = "etat"}};
	int count = with_state ? 3 : 2;
	sqlite3 *db;
	sqlite3_stmt *index;
	double start, took;

	check(NULL, sqlite3_open_v2(source, &db, SQLITE_OPEN_READONLY, NULL));
	for (int t = 0; t < count; t++)
		read_table(db, &tables[t]);
	char **words = read_words(db, tables[0].rows);
	sqlite3_close(db);
	remove(path);
	make_empty(path);
	check(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL));
	check(db, sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
				   "PRAGMA wal_autocheckpoint=20000", NULL, NULL, NULL));
	for (int t = 0; t < count; t++)
		prepare(db, &tables[t]);
	check(db, sqlite3_prepare_v2(db, "INSERT INTO recherche(rowid,texte,genre) VALUES(?,?,'structure')", -1, &index, NULL));
	start = now_s();
	for (size_t row = 0; row < tables[0].rows; row++) {
		if (row % PER_TRANSACTION == 0)
			check(db, sqlite3_exec(db, row ? "COMMIT; BEGIN" : "BEGIN", NULL, NULL, NULL));
		for (int t = 0; t < count; t++)
			if (row < tables[t].rows)
				insert(db, &tables[t], row);
		sqlite3_bind_int64(index, 1, (sqlite3_int64)row + 1);
		sqlite3_bind_text(index, 2, words[row], -1, SQLITE_STATIC);
		check(db, sqlite3_step(index));
		sqlite3_reset(index);
	}
	check(db, sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL));
	took = now_s() - start;
	for (int t = 0; t < count; t++) {
		sqlite3_finalize(tables[t].insert);
		for (size_t i = 0; i < tables[t].rows * (size_t)tables[t].columns; i++)
			sqlite3_value_free(tables[t].values[i]);
		free(tables[t].values);
	}
	for (size_t i = 0; i < tables[0].rows; i++)
		free(words[i]);
	free(words);
	sqlite3_finalize(index);
	sqlite3_close(db);
	return took;
}

static void free_table(struct table *t)
{
	sqlite3_finalize(t->insert);
	for (size_t i = 0; i < t->rows * (size_t)t->columns; i++)
		sqlite3_value_free(t->values[i]);
	free(t->values);
}

double floor_tables(const char *source, const char *path, size_t *rows)
{
	struct table *tables = calloc(schema_kind_count, sizeof *tables);
	sqlite3 *db;
	double start, took;

	check(NULL, sqlite3_open_v2(source, &db, SQLITE_OPEN_READONLY, NULL));
	for (size_t t = 0; t < schema_kind_count; t++) {
		tables[t].name = schema_kinds[t].name;
		read_table(db, &tables[t]);
	}
	sqlite3_close(db);
	remove(path);
	make_empty(path);
	check(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL));
	check(db, sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536", NULL, NULL, NULL));
	for (size_t t = 0; t < schema_kind_count; t++)
		prepare(db, &tables[t]);
	*rows = 0;
	start = now_s();
	check(db, sqlite3_exec(db, "BEGIN", NULL, NULL, NULL));
	for (size_t t = 0; t < schema_kind_count; t++) {
		for (size_t row = 0; row < tables[t].rows; row++)
			insert(db, &tables[t], row);
		*rows += tables[t].rows;
	}
	check(db, sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL));
	took = now_s() - start;
	for (size_t t = 0; t < schema_kind_count; t++)
		free_table(&tables[t]);
	sqlite3_close(db);
	free(tables);
	return took;
}
