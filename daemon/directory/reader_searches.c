/* SPDX-License-Identifier: Apache-2.0
 *
 * Saved searches. What an officer has seen is the arrival number in
 * `alerte.dernier_vu`: it stands in the journal beside the commits that it counts,
 * so a rebuild finds it again, and a backup holds both or neither. */
#include "daemon/search/search_parts.h"

#include <stdlib.h>
#include <string.h>

#include "common/say.h"
#include "proto/value.h"

struct saved {
	struct slice uid, titre, critere;
	bool active;
	struct search search;
	struct search_query query;
	struct buf why; /* of what it asks and we do not understand */
};

static enum es_err prepare_saved(struct reader *r, sqlite3_stmt **s)
{
	return sql_prepare(r->db, "SELECT uid, titre, critere, coalesce(actif, 1), coalesce(dernier_vu, '0') FROM alerte"
				  " ORDER BY uid, pole", s);
}

static enum es_err read_saved(sqlite3_stmt *s, const struct search_source *from, struct saved *v)
{
	struct search_source mine = {search_query_get, &v->query, from->ref, from->region, NULL};
	enum es_err err = ES_BAD_VALUE;

	v->uid = sql_text(s, 0);
	v->titre = sql_text(s, 1);
	v->critere = sql_text(s, 2);
	v->active = sqlite3_column_int(s, 3) != 0;
	buf_clear(&v->why);
	if (search_query_parse(&v->query, v->critere))
		err = search_read(&v->search, &mine, &v->why);
	v->search.fresh = true;
	v->search.after = strtoll((const char *)sql_text(s, 4).p, NULL, 10);
	return err;
}

static enum es_err write_saved(struct reader *r, const struct saved *v, enum es_err read, bool hits, struct buf *json)
{
	int64_t count = 0;
	enum es_err err = read == ES_OK ? search_count(r, &v->search, &count) : ES_OK;

	buf_str(json, "{\"uid\":");
	json_quote(v->uid, json);
	buf_str(json, ",\"titre\":");
	json_quote(v->titre, json);
	buf_str(json, ",\"critere\":");
	json_quote(v->critere, json);
	buf_printf(json, ",\"actif\":%s,\"nouveaux\":%lld", v->active ? "true" : "false", (long long)count);
	if (read != ES_OK) {
		buf_str(json, ",\"erreur\":");
		json_quote(v->why.len > 0 ? buf_slice(&v->why) : slice_str(_(es_err_text(read))), json);
	} else if (hits && err == ES_OK) {
		buf_str(json, ",\"fiches\":");
		err = search_page(r, &v->search, json);
	}
	buf_str(json, "}");
	return err;
}

/* Calls each saved search, read, with what reading it said. */
static enum es_err each_saved(struct reader *r, const struct search_source *from,
			      enum es_err (*each)(void *ctx, struct reader *r, const struct saved *v, enum es_err read), void *ctx)
{
	struct saved *v = calloc(1, sizeof(*v));
	sqlite3_stmt *s = NULL;
	enum es_err err = v != NULL ? prepare_saved(r, &s) : ES_NOMEM;
	int rc = SQLITE_DONE;

	if (v != NULL)
		buf_init(&v->why, 2048);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = each(ctx, r, v, read_saved(s, from, v));
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	if (v != NULL)
		buf_done(&v->why);
	free(v);
	return err;
}

struct listing {
	struct buf *json;
	bool hits;
	const char *comma;
};

static enum es_err list_saved(void *ctx, struct reader *r, const struct saved *v, enum es_err read)
{
	struct listing *l = ctx;

	buf_str(l->json, l->comma);
	l->comma = ",";
	return write_saved(r, v, read, l->hits, l->json);
}

enum es_err reader_searches(struct reader *r, const struct search_source *from, bool hits, struct buf *json)
{
	struct listing l = {json, hits, ""};
	enum es_err err = reader_begin(r);

	buf_printf(json, "{\"jusqu_a\":%lld,\"items\":[", err == ES_OK ? (long long)reader_position(r).commit : 0ll);
	if (err == ES_OK)
		err = each_saved(r, from, list_saved, &l);
	buf_str(json, "]}");
	reader_end(r);
	return err == ES_OK ? buf_err(json) : err;
}

static enum es_err count_saved(void *ctx, struct reader *r, const struct saved *v, enum es_err read)
{
	struct searches_new *n = ctx;
	int64_t count = 0;
	enum es_err err = v->active && read == ES_OK ? search_count(r, &v->search, &count) : ES_OK;

	n->searches += count > 0;
	n->hits += count;
	return err;
}

enum es_err reader_searches_new(struct reader *r, const struct search_source *from, struct searches_new *out)
{
	struct searches_new n = {0};
	enum es_err err = reader_begin(r);

	if (err == ES_OK)
		err = each_saved(r, from, count_saved, &n);
	reader_end(r);
	if (err == ES_OK)
		*out = n;
	return err;
}

size_t reader_searches_uids(struct reader *r, struct id16 *out, size_t max)
{
	sqlite3_stmt *s = NULL;
	size_t n = 0;

	if (prepare_saved(r, &s) == ES_OK)
		while (n < max && sqlite3_step(s) == SQLITE_ROW) {
			struct slice uid = sql_text(s, 0);

			n += ulid_decode((const char *)uid.p, uid.len, out[n].bytes);
		}
	sqlite3_finalize(s);
	return n;
}
