/* SPDX-License-Identifier: Apache-2.0
 *
 * One establishment in two hubs' directories: the same SIRET (never the same SIREN
 * alone). Linked by the eye only: both records stay as they are. */
#include "daemon/directory_sql.h"
#include "proto/value.h"

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
