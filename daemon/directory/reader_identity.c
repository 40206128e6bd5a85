/* SPDX-License-Identifier: Apache-2.0
 *
 * What is shown beside a structure: whose alias it is, its aliases, the other
 * establishments of its enterprise, its successor, its governance. And which
 * structure a SIRET means now. */
#include <stdio.h>
#include "daemon/directory/directory_sql.h"
#include "proto/value.h"

static void write_other(const char *key, const struct kin *k, struct buf *json)
{
	buf_printf(json, ",\"%s\":\"%s\"", key, k->uid);
}

/* Kin 0 is the record that is shown. */
static void write_family(const struct family *f, struct buf *json)
{
	const struct kin *k = &f->kin[0];
	bool any = false;

	if (k->linked != 0)
		write_other("doublon_de", &f->kin[k->linked], json);
	else if (k->absorbed && k->counted != 0)
		write_other("successeur", &f->kin[k->counted], json);
	else if (k->counted != 0)
		write_other("compte_avec", &f->kin[k->counted], json);
	for (size_t i = 1; i < f->kin_count; i++) {
		if (f->kin[i].linked != 0)
			continue;
		buf_printf(json, "%s{\"uid\":\"%s\",\"owner\":", any ? "," : ",\"doublons\":[", f->kin[i].uid);
		json_quote(slice_str(f->kin[i].pole), json);
		buf_str(json, "}");
		any = true;
	}
	buf_str(json, any ? "]" : "");
}

/* Rows as objects under their columns' names; nothing where there is none. */
static enum es_err write_rows(struct reader *r, const char *sql, const struct slice *args, int count, const char *key,
			      struct buf *json)
{
	sqlite3_stmt *s = NULL;
	bool any = false;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(r->db, sql, &s);

	for (int i = 0; i < count && err == ES_OK; i++)
		sql_bind_text(s, i + 1, args[i]);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		buf_printf(json, any ? "," : ",\"%s\":[", key);
		for (int i = 0, said = 0; i < sqlite3_column_count(s); i++) {
			if (sqlite3_column_type(s, i) == SQLITE_NULL)
				continue;
			buf_printf(json, "%s\"%s\":", said++ ? "," : "{", sqlite3_column_name(s, i));
			json_quote(sql_text(s, i), json);
		}
		buf_str(json, "}");
		any = true;
	}
	buf_str(json, any ? "]" : "");
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

/* Same SIREN, other SIRET: the same enterprise, another establishment. */
static enum es_err write_siblings(struct reader *r, const struct kin *k, struct buf *json)
{
	char from[15], to[15];

	if (!k->siret[0])
		return ES_OK;
	snprintf(from, sizeof from, "%.9s00000", k->siret);
	snprintf(to, sizeof to, "%.9s99999", k->siret);
	return write_rows(r, "SELECT uid, pole AS owner, nom, siret FROM structure WHERE siret BETWEEN ?1 AND ?2"
			     " AND rec NOT IN (SELECT rec FROM alias) AND siret <> ?3 ORDER BY siret, uid, pole",
			  (const struct slice[]){slice_str(from), slice_str(to), slice_str(k->siret)}, 3, "etablissements", json);
}

static enum es_err write_around(struct reader *r, const struct kin *k, struct buf *json)
{
	enum es_err err = write_siblings(r, k, json);

	if (err != ES_OK)
		return err;
	return write_rows(r, "SELECT niveau, nom, territoire, uid, pole AS owner FROM organe WHERE structure_uid = ?1"
			     " ORDER BY CASE niveau WHEN 'local' THEN 1 WHEN 'departemental' THEN 2 WHEN 'regional' THEN 3 ELSE 4 END,"
			     " nom, uid, pole",
			  (const struct slice[]){slice_str(k->uid)}, 1, "organes", json);
}

enum es_err reader_show_around(struct reader *r, const struct record_id *id, unsigned kind, struct buf *json)
{
	struct identity *identity;
	struct family f = {0};
	sqlite3_stmt *s = NULL;
	int64_t rec = 0;
	enum es_err err = reader_identity(r, &identity);

	if (err == ES_OK)
		err = sql_prepare(r->db, "SELECT rec FROM etat WHERE cle = ?1 AND id = ?2 AND kind = ?3", &s);
	if (err == ES_OK) {
		sqlite3_bind_int64(s, 1, record_key(id));
		sql_bind_slice(s, 2, record_slice(id));
		sqlite3_bind_int64(s, 3, kind);
		rec = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	}
	sqlite3_finalize(s);
	if (err == ES_OK)
		err = identity_family(identity, rec, &f);
	if (err == ES_OK && f.kin_count > 0 && json->len > 0) {
		json->len--; /* the object goes on */
		write_family(&f, json);
		err = write_around(r, &f.kin[0], json);
		buf_str(json, "}");
	}
	family_done(&f);
	return err;
}

/* The structure that bears it, or bore it, or absorbed who bore it; then who stands
 * for that one. */
bool reader_resolve(struct reader *r, struct slice siret, struct id16 *uid)
{
	sqlite3_stmt *s = NULL;
	bool found = false;

	if (sql_prepare(r->db,
		"SELECT t.uid FROM (SELECT rec, 1 AS how FROM structure WHERE siret = ?1"
		" UNION ALL SELECT t.rec, 2 FROM succession x CROSS JOIN structure t WHERE x.de_siret = ?1 AND t.uid = x.vers_uid"
		" UNION ALL SELECT rec, 3 FROM siret_ancien WHERE siret = ?1) f LEFT JOIN alias a ON a.rec = f.rec"
		" JOIN structure t ON t.rec = coalesce(a.canonique, f.rec)"
		" ORDER BY f.how, a.rec IS NOT NULL, t.uid, t.pole LIMIT 1", &s) != ES_OK)
		return false;
	sql_bind_text(s, 1, siret);
	if (sqlite3_step(s) == SQLITE_ROW) {
		struct slice text = sql_text(s, 0);

		found = ulid_decode((const char *)text.p, text.len, uid->bytes);
	}
	sqlite3_finalize(s);
	return found;
}
