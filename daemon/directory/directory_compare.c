/* SPDX-License-Identifier: Apache-2.0
 *
 * Two directory files side by side: every record's state and hashes, and the
 * rows made from them. Records are paired by id, since `rec` is each file's own.
 * The word index is left out: it follows from the rows. */
#include "daemon/directory/directory_parts.h"

struct comparison {
	sqlite3 *db;
	int64_t differ;
	struct buf *what;
};

static void name_first(struct comparison *c, const char *table, sqlite3_stmt *s)
{
	struct slice id = sql_blob(s, 0);
	char uid[ULID_LEN + 1] = "";

	if (c->differ > 0)
		return;
	if (id.len == sizeof(struct record_id))
		ulid_encode(record_uid(id).p, uid);
	buf_printf(c->what, "%s: %s", table, uid[0] != '\0' ? uid : "differs");
}

/* `sql` gives the id of each pair that differs. */
static enum es_err compare_rows(struct comparison *c, const char *table, char *sql)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql == NULL ? ES_NOMEM : sql_prepare(c->db, sql, &s);
	int rc = SQLITE_DONE;

	sqlite3_free(sql);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		name_first(c, table, s);
		c->differ++;
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

/* Rows that `here` has and `there` lacks or holds otherwise. */
static enum es_err compare_states(struct comparison *c, const char *here, const char *there, bool values)
{
	return compare_rows(c, "etat", sqlite3_mprintf(
		"SELECT a.id FROM %s.etat a LEFT JOIN %s.etat b ON b.cle = a.cle AND b.id = a.id AND b.kind = a.kind"
		" WHERE b.rec IS NULL OR (%d AND (a.state, a.h1, a.h2, a.h3, a.h4) IS NOT (b.state, b.h1, b.h2, b.h3, b.h4))",
		here, there, values));
}

static char *table_columns(const struct schema_kind *k, const char *side)
{
	sqlite3_str *list = sqlite3_str_new(NULL);

	sqlite3_str_appendf(list, "%s.uid, %s.pole, %s.maj", side, side, side);
	for (size_t i = 0; i < k->field_count; i++)
		sqlite3_str_appendf(list, ", %s.\"%w\"", side, k->fields[i].name);
	return sqlite3_str_finish(list);
}

static enum es_err compare_table(struct comparison *c, const char *table, const char *here, const char *there,
				 const char *columns_a, const char *columns_b)
{
	return compare_rows(c, table, sqlite3_mprintf(
		"SELECT ea.id FROM %s.\"%w\" a JOIN %s.etat ea ON ea.rec = a.rec"
		" LEFT JOIN %s.etat eb ON eb.cle = ea.cle AND eb.id = ea.id AND eb.kind = ea.kind"
		" LEFT JOIN %s.\"%w\" b ON b.rec = eb.rec"
		" WHERE b.rec IS NULL OR (%s) IS NOT (%s)",
		here, table, here, there, there, table, columns_a, columns_b));
}

static enum es_err compare_both(struct comparison *c, const char *table, const char *columns_a, const char *columns_b)
{
	enum es_err err = compare_table(c, table, "main", "autre", columns_a, columns_b);

	return err == ES_OK ? compare_table(c, table, "autre", "main", "1", "1") : err;
}

static enum es_err compare_kind(struct comparison *c, const struct schema_kind *k)
{
	char *a = table_columns(k, "a"), *b = table_columns(k, "b");
	enum es_err err = a == NULL || b == NULL ? ES_NOMEM : compare_both(c, k->name, a, b);

	sqlite3_free(a);
	sqlite3_free(b);
	return err;
}

static enum es_err compare_meetings(struct comparison *c, const char *here, const char *there)
{
	return compare_rows(c, "desaccord", sqlite3_mprintf(
		"SELECT ea.id FROM %s.desaccord a JOIN %s.etat ea ON ea.rec = a.rec"
		" LEFT JOIN %s.etat eb ON eb.cle = ea.cle AND eb.id = ea.id AND eb.kind = ea.kind"
		" LEFT JOIN %s.desaccord b ON b.rec = eb.rec AND b.portee = a.portee AND b.champ = a.champ"
		" WHERE b.rec IS NULL",
		here, here, there, there));
}

/* Who stands for whom, by id. */
static enum es_err compare_aliases(struct comparison *c, const char *here, const char *there)
{
	return compare_rows(c, "alias", sqlite3_mprintf(
		"SELECT ea.id FROM %s.alias a JOIN %s.etat ea ON ea.rec = a.rec JOIN %s.etat ca ON ca.rec = a.canonique"
		" LEFT JOIN %s.etat eb ON eb.cle = ea.cle AND eb.id = ea.id AND eb.kind = ea.kind"
		" LEFT JOIN %s.alias b ON b.rec = eb.rec LEFT JOIN %s.etat cb ON cb.rec = b.canonique"
		" WHERE cb.id IS NOT ca.id OR (a.lien IS NULL) <> (b.lien IS NULL)",
		here, here, here, there, there, there));
}

static enum es_err compare_all(struct comparison *c)
{
	enum es_err err = compare_states(c, "main", "autre", true);

	if (err == ES_OK)
		err = compare_states(c, "autre", "main", false);
	for (size_t i = 0; i < schema_kind_count && err == ES_OK; i++)
		err = compare_kind(c, &schema_kinds[i]);
	if (err == ES_OK)
		err = compare_both(c, "point", "a.kind, a.lat, a.lon, a.structure", "b.kind, b.lat, b.lon, b.structure");
	if (err == ES_OK)
		err = compare_meetings(c, "main", "autre");
	if (err == ES_OK)
		err = compare_meetings(c, "autre", "main");
	if (err == ES_OK)
		err = compare_aliases(c, "main", "autre");
	if (err == ES_OK)
		err = compare_aliases(c, "autre", "main");
	if (err == ES_OK)
		err = compare_rows(c, "meta_pole", sqlite3_mprintf(
			"SELECT hub FROM (SELECT * FROM main.meta_pole EXCEPT SELECT * FROM autre.meta_pole) UNION "
			"SELECT hub FROM (SELECT * FROM autre.meta_pole EXCEPT SELECT * FROM main.meta_pole)"));
	return err;
}

/* The other file's name as a read-only URI. */
static enum es_err attach(sqlite3 *db, const char *path)
{
	struct buf uri;
	enum es_err err;

	buf_init(&uri, 8192);
	buf_str(&uri, "file:");
	for (; *path != '\0'; path++) {
		if (*path == '%' || *path == '?' || *path == '#')
			buf_printf(&uri, "%%%02X", *path);
		else
			buf_add_u8(&uri, (uint8_t)*path);
	}
	buf_str(&uri, "?mode=ro");
	err = buf_err(&uri);
	if (err == ES_OK)
		err = sql_execf(db, "ATTACH %Q AS autre", buf_cstr(&uri));
	buf_done(&uri);
	return err;
}

enum es_err rows_compare(sqlite3 *db, const char *other_path, int64_t *differ, struct buf *what)
{
	struct comparison c = {.db = db, .what = what};
	enum es_err err = attach(db, other_path);

	if (err != ES_OK)
		return err;
	err = sql_exec(db, "BEGIN");
	if (err == ES_OK)
		err = compare_all(&c);
	if (sqlite3_get_autocommit(db) == 0)
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	if (sqlite3_exec(db, "DETACH autre", NULL, NULL, NULL) != SQLITE_OK && err == ES_OK)
		err = ES_IO;
	if (err == ES_OK)
		*differ = c.differ;
	return err;
}
