/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "daemon/directory/directory_sql.h"

static const char every[] = "SELECT e.id, e.kind, d.portee, d.champ FROM desaccord d JOIN etat e ON e.rec = d.rec"
			    " ORDER BY e.id, e.kind, d.portee, d.champ";
static const char of_one[] = "SELECT e.id, e.kind, d.portee, d.champ FROM etat e JOIN desaccord d ON d.rec = e.rec"
			     " WHERE e.cle = ?1 AND e.id = ?2 ORDER BY e.kind, d.portee, d.champ";

static enum es_err read_meeting(sqlite3_stmt *s, struct meeting *m)
{
	if (!sql_exact(s, 0, m->record.bytes, sizeof(m->record.bytes)))
		return ES_PAGE_DAMAGED;
	m->kind = (unsigned)sqlite3_column_int(s, 1);
	m->scope = (enum scope)sqlite3_column_int(s, 2);
	m->field = (unsigned)sqlite3_column_int(s, 3);
	return ES_OK;
}

enum es_err reader_meetings(struct reader *r, const struct record_id *record,
			    bool (*each)(void *ctx, const struct meeting *m), void *ctx)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(r->db, record ? of_one : every, &s);
	struct meeting m;
	int rc = SQLITE_DONE;

	if (err == ES_OK && record) {
		sqlite3_bind_int64(s, 1, record_key(record));
		sql_bind_slice(s, 2, record_slice(record));
	}
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		err = read_meeting(s, &m);
		if (err == ES_OK && !each(ctx, &m))
			break;
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}
