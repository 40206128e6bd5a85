/* SPDX-License-Identifier: Apache-2.0
 *
 * Where all that a search finds lies, for the map: counted in cells of a hundredth of a
 * degree. What is not diffused (R16) has no place but at home, nor has what lies in a
 * commune whose own place is only estimated. */
#include "daemon/search/search_parts.h"

#include <stdlib.h>

#define CELL_E7 100000 /* a hundredth of a degree */
#define DIFFUSED "(t.statut_diffusion IS NOT 'P' OR (%d AND t.pole = (SELECT pole FROM meta_pole WHERE hub = ?2)))"

struct cell {
	int64_t lat, lon; /* in cells */
};

struct points {
	struct reader *r;
	sqlite3_stmt *s;
	struct cell *at;
	size_t count, cap;
};

static enum es_err prepare(struct points *p, const struct schema_kind *k)
{
	int local = p->r->within == SCOPE_LOCAL;
	enum es_err err;

	if (schema_field_named(k, slice_str("latitude")))
		err = sql_preparef(p->r->db, &p->s, "SELECT t.latitude, t.longitude, t.code_insee FROM \"%w\" t WHERE t.rec = ?1 AND " DIFFUSED,
				   k->name, local);
	else if (schema_field_named(k, slice_str("code_insee")))
		err = sql_preparef(p->r->db, &p->s,
			"SELECT iif(o.code_insee IS NULL, t.latitude, NULL), iif(o.code_insee IS NULL, t.longitude, NULL),"
			" coalesce(o.code_insee, t.code_insee) FROM \"%w\" o JOIN structure t ON t.uid = o.structure_uid"
			" WHERE o.rec = ?1 AND " DIFFUSED " ORDER BY t.pole <> o.pole, t.pole LIMIT 1", k->name, local);
	else
		err = sql_preparef(p->r->db, &p->s, "SELECT t.latitude, t.longitude, t.code_insee FROM \"%w\" o JOIN structure t"
			" ON t.uid = o.structure_uid WHERE o.rec = ?1 AND " DIFFUSED " ORDER BY t.pole <> o.pole, t.pole LIMIT 1", k->name, local);
	if (err == ES_OK)
		sql_bind_slice(p->s, 2, SLICE(p->r->local.bytes, sizeof p->r->local.bytes));
	return err;
}

static bool place_here(const struct points *p, int64_t *lat, int64_t *lon)
{
	const struct commune *c;

	if (sqlite3_column_type(p->s, 0) == SQLITE_INTEGER && sqlite3_column_type(p->s, 1) == SQLITE_INTEGER) {
		*lat = sqlite3_column_int64(p->s, 0);
		*lon = sqlite3_column_int64(p->s, 1);
		return true;
	}
	c = commune_of(sql_text(p->s, 2), p->r->ref);
	if (!c || !c->has_point || c->estimated)
		return false;
	*lat = c->lat_e7;
	*lon = c->lon_e7;
	return true;
}

/* Towards the south and west also below zero. */
static int64_t cell_of(int64_t e7)
{
	return e7 >= 0 ? e7 / CELL_E7 : -((-e7 + CELL_E7 - 1) / CELL_E7);
}

static enum es_err add(struct points *p, int64_t lat, int64_t lon)
{
	if (p->count == p->cap) {
		size_t cap = p->cap == 0 ? 1024 : 2 * p->cap;
		struct cell *at = realloc(p->at, cap * sizeof *at);

		if (!at)
			return ES_NOMEM;
		p->at = at;
		p->cap = cap;
	}
	p->at[p->count++] = (struct cell){cell_of(lat), cell_of(lon)};
	return ES_OK;
}

static enum es_err look_up(struct points *p, int64_t rec)
{
	enum es_err err = ES_OK;
	int64_t lat, lon;
	int rc;

	sqlite3_bind_int64(p->s, 1, rec);
	rc = sqlite3_step(p->s);
	if (rc == SQLITE_ROW && place_here(p, &lat, &lon))
		err = add(p, lat, lon);
	sqlite3_reset(p->s);
	return err == ES_OK ? sql_err(rc) : err;
}

static int cell_cmp(const void *left, const void *right)
{
	const struct cell *a = left, *b = right;

	if (a->lat != b->lat)
		return a->lat < b->lat ? -1 : 1;
	return a->lon < b->lon ? -1 : a->lon > b->lon;
}

/* [lat, lon, how many] of the middle of each cell, from south-west to north-east. */
static void write_cells(struct points *p, struct buf *json)
{
	if (p->count > 1)
		qsort(p->at, p->count, sizeof *p->at, cell_cmp);
	for (size_t i = 0, n; i < p->count; i += n) {
		for (n = 1; i + n < p->count && cell_cmp(&p->at[i], &p->at[i + n]) == 0; n++)
			continue;
		buf_printf(json, "%s[%.3f,%.3f,%zu]", i ? "," : "", (double)p->at[i].lat / 100 + .005, (double)p->at[i].lon / 100 + .005, n);
	}
}

enum es_err search_points(struct reader *r, const struct schema_kind *k, int64_t (*next)(void *ctx), void *ctx, struct buf *json)
{
	struct points p = {.r = r};
	enum es_err err = prepare(&p, k);

	for (int64_t rec; err == ES_OK && (rec = next(ctx)) > 0;)
		err = look_up(&p, rec);
	if (err == ES_OK)
		write_cells(&p, json);
	sqlite3_finalize(p.s);
	free(p.at);
	return err == ES_OK ? buf_err(json) : err;
}
