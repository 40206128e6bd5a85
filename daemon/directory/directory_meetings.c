/* SPDX-License-Identifier: Apache-2.0
 *
 * `desaccord`: a row for each field where two changes met and one editor may not
 * have seen the other's value. No value lies here: what is in conflict is judged
 * from the journal when somebody asks (node_conflict.c), so nothing has to be
 * erased twice. Few records ever have a row. */
#include "daemon/directory/directory_parts.h"

#include <stdlib.h>

struct meetings {
	sqlite3_stmt *add, *drop;
	/* While a change is noted. */
	int64_t rec;
	enum scope scope;
	enum es_err err;
};

enum es_err meetings_create(sqlite3 *db)
{
	return sql_exec(db, "CREATE TABLE desaccord(rec INT, portee INT, champ INT, PRIMARY KEY(rec, portee, champ))"
			    " WITHOUT ROWID");
}

enum es_err meetings_open(sqlite3 *db, struct meetings **out)
{
	struct meetings *s = calloc(1, sizeof(*s));
	enum es_err err;

	if (s == NULL)
		return ES_NOMEM;
	err = sql_prepare(db, "INSERT INTO desaccord VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING", &s->add);
	if (err == ES_OK)
		err = sql_prepare(db, "DELETE FROM desaccord WHERE rec = ?1", &s->drop);
	if (err == ES_OK)
		*out = s;
	else
		meetings_close(s);
	return err;
}

void meetings_close(struct meetings *s)
{
	if (s == NULL)
		return;
	sqlite3_finalize(s->add);
	sqlite3_finalize(s->drop);
	free(s);
}

static void add_field(void *ctx, unsigned field)
{
	struct meetings *s = ctx;

	if (s->err != ES_OK)
		return;
	sqlite3_bind_int64(s->add, 1, s->rec);
	sqlite3_bind_int(s->add, 2, (int)s->scope);
	sqlite3_bind_int(s->add, 3, (int)field);
	s->err = sql_run(s->add);
}

enum es_err meetings_note(struct meetings *s, int64_t rec, struct slice state, const struct feed_item *item)
{
	s->rec = rec;
	s->scope = item->change.scope;
	s->err = ES_OK;
	fold_meets(state, &item->change, item->base, add_field, s);
	return s->err;
}

enum es_err meetings_drop(struct meetings *s, int64_t rec)
{
	sqlite3_bind_int64(s->drop, 1, rec);
	return sql_run(s->drop);
}
