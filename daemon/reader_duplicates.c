/* SPDX-License-Identifier: Apache-2.0
 *
 * One establishment in two hubs' directories: the same SIRET (never the same SIREN
 * alone). Linked by the eye only: both records stay as they are. */
#include "daemon/directory_sql.h"
#include "proto/value.h"

/* Of several with one SIRET, the smallest uid counts. */
const char *reader_canonical_sql(void)
{
	return "canonique AS (SELECT * FROM structure WHERE rec NOT IN (SELECT rec FROM"
	       " (SELECT rec, row_number() OVER (PARTITION BY siret ORDER BY uid, pole) AS rang FROM structure"
	       " WHERE siret IS NOT NULL) WHERE rang > 1))";
}

struct grouping {
	struct buf *json;
	struct buf siret; /* of the group that is open */
	int64_t count;
};

static void write_row(struct grouping *g, sqlite3_stmt *s)
{
	struct slice siret = sql_text(s, 0);
	bool same = g->count > 0 && slice_eq(siret, buf_slice(&g->siret));

	if (!same) { /* the first of a group bears the smallest uid */
		buf_str(g->json, g->count++ ? "]},{\"siret\":" : "{\"siret\":");
		json_string(siret, g->json);
		buf_str(g->json, ",\"canonical\":");
		json_string(sql_text(s, 1), g->json);
		buf_str(g->json, ",\"items\":[");
		buf_clear(&g->siret);
		buf_add(&g->siret, siret.p, siret.len);
	}
	buf_str(g->json, same ? ",{\"uid\":" : "{\"uid\":");
	json_string(sql_text(s, 1), g->json);
	buf_str(g->json, ",\"owner\":");
	json_string(sql_text(s, 2), g->json);
	buf_str(g->json, ",\"nom\":");
	json_string(sql_text(s, 3), g->json);
	buf_str(g->json, "}");
}

enum es_err reader_duplicates(struct reader *r, struct buf *json)
{
	struct grouping g;
	sqlite3_stmt *s = NULL;
	struct buf items;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(r->db,
		"SELECT siret, uid, pole, nom FROM structure WHERE siret IN"
		" (SELECT siret FROM structure WHERE siret IS NOT NULL GROUP BY siret HAVING count(DISTINCT pole) > 1)"
		" ORDER BY siret, uid, pole", &s);

	buf_init(&items, 64u << 20);
	g = (struct grouping){.json = &items};
	buf_init(&g.siret, 64);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		write_row(&g, s);
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	if (g.count > 0)
		buf_str(&items, "]}");
	if (err == ES_OK)
		err = buf_err(&items);
	buf_printf(json, "{\"total\":%lld,\"items\":[", (long long)g.count);
	buf_add(json, items.p, items.len);
	buf_str(json, "]}");
	buf_done(&g.siret);
	buf_done(&items);
	return err == ES_OK ? buf_err(json) : err;
}

static bool says(const struct shown *shown, const struct kind_map *m, const struct slice *values)
{
	for (size_t i = 0; i < m->k->field_count; i++)
		if (values[i].len > 0 && !slice_eq(values[i], shown->value[i]))
			return false;
	return true;
}

bool reader_repeats(struct reader *r, const struct structure_match *m, const struct slice *values)
{
	const struct kind_map *map = kind_maps_find(&r->maps, schema_kind_named(slice_str("structure"))->no);
	const char *key = m->siret.len > 0 ? "siret = ?1" : m->rna.len > 0 ? "rna = ?1" :
			  "siret IS NULL AND rna IS NULL AND nom = ?1 AND code_insee = ?2";
	sqlite3_stmt *s = NULL;
	struct shown shown;
	bool found = false;

	if (sql_preparef(r->db, &s, "SELECT e.state FROM structure t JOIN etat e ON e.rec = t.rec WHERE %s AND pole <> ?3", key) != ES_OK)
		return false;
	sql_bind_text(s, 1, m->siret.len > 0 ? m->siret : m->rna.len > 0 ? m->rna : m->nom);
	if (m->siret.len == 0 && m->rna.len == 0)
		sql_bind_text(s, 2, m->code_insee);
	sqlite3_bind_text(s, 3, m->pole, -1, SQLITE_STATIC);
	while (!found && sqlite3_step(s) == SQLITE_ROW) {
		shown_read(&shown, map, sql_blob(s, 0));
		found = says(&shown, map, values);
	}
	sqlite3_finalize(s);
	return found;
}
