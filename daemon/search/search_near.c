/* SPDX-License-Identifier: Apache-2.0
 *
 * Around a place. Few records are looked up where they lie, many are met on the grid.
 * A record without a point of its own lies where its structure does, resolved
 * here since the structure may move or arrive later. */
#include "daemon/search/search_parts.h"

#include <math.h>

#include "proto/value.h"

#define KM_PER_DEGREE 111.19
#define LOOKED_UP_MAX 20000 /* records whose place is looked up one by one: the grid is not walked */

static bool is_listed(const struct searching *q, int64_t rec)
{
	return q->listed ? hits_have(&q->words, rec) : search_counts(q, rec);
}

static enum es_err consider(struct searching *q, int64_t rec, int32_t lat_e7, int32_t lon_e7)
{
	int64_t km = value_distance_km(q->s->lat_e7, q->s->lon_e7, lat_e7, lon_e7);

	return km <= q->s->within_km ? hits_add(&q->found, rec, (double)km) : ES_OK;
}

/* How many degrees of longitude the circle covers at most, 180 where it
 * reaches a pole. */
static double reach_longitude(double lat, double reach)
{
	double top = fabs(lat) + reach;

	if (top >= 89.9)
		return 180;
	return fmin(180, reach / cos(top * 3.14159265358979323846 / 180) + 0.1);
}

struct box {
	int row_from, row_to, column_from, column_to;
};

static struct box box_around(const struct search *s)
{
	double lat = s->lat_e7 / 1e7, lon = s->lon_e7 / 1e7;
	double reach = fmin(180, ((double)s->within_km + 1) / KM_PER_DEGREE + 0.01);
	double wide = reach_longitude(lat, reach);
	struct box b = {.column_from = 0, .column_to = PLACE_COLUMNS - 1};

	b.row_from = place_row((int64_t)(fmax(lat - reach, -90) * 1e7));
	b.row_to = place_row((int64_t)(fmin(lat + reach, 90) * 1e7));
	/* Across the 180th meridian the whole row is read. */
	if (lon - wide > -180 && lon + wide < 180) {
		b.column_from = place_column((int64_t)((lon - wide) * 1e7));
		b.column_to = place_column((int64_t)((lon + wide) * 1e7));
	}
	return b;
}

static int kind_number(const struct searching *q)
{
	return q->s->kind == NULL ? -1 : q->s->kind->no;
}

static enum es_err row_of_grid(struct searching *q, sqlite3_stmt *s, int row, const struct box *b)
{
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	sqlite3_bind_int(s, 1, row * PLACE_COLUMNS + b->column_from);
	sqlite3_bind_int(s, 2, row * PLACE_COLUMNS + b->column_to);
	sqlite3_bind_int(s, 3, kind_number(q));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t rec = sqlite3_column_int64(s, 0);

		if (is_listed(q, rec))
			err = consider(q, rec, sqlite3_column_int(s, 1), sqlite3_column_int(s, 2));
	}
	sqlite3_reset(s);
	return err == ES_OK ? sql_err(rc) : err;
}

static enum es_err find_own_points(struct searching *q)
{
	struct box b = box_around(q->s);
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(q->r->db,
		"SELECT rec, lat, lon FROM point WHERE cell BETWEEN ?1 AND ?2 AND (?3 < 0 OR kind = ?3)", &s);

	for (int row = b.row_from; row <= b.row_to && err == ES_OK; row++)
		err = row_of_grid(q, s, row, &b);
	sqlite3_finalize(s);
	return err;
}

/* Where several hubs hold a structure of that uid, the record's own hub's. */
static int step_owner(struct searching *q, struct slice uid, int64_t rec)
{
	sqlite3_stmt *s = q->nearest_owner;

	sqlite3_reset(s);
	sql_bind_text(s, 1, uid);
	sqlite3_bind_int64(s, 2, rec);
	return sqlite3_step(s);
}

static enum es_err consider_at(struct searching *q, sqlite3_stmt *s, int64_t rec)
{
	if (sqlite3_column_type(s, 0) == SQLITE_NULL)
		return ES_OK;
	return consider(q, rec, sqlite3_column_int(s, 0), sqlite3_column_int(s, 1));
}

static enum es_err consider_structure(struct searching *q, int64_t rec, struct slice uid)
{
	sqlite3_stmt *s = q->structure;
	enum es_err err = ES_OK;
	int rc;

	sql_bind_text(s, 1, uid);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && sqlite3_column_int(s, 2) > 1) {
		rc = step_owner(q, uid, rec);
		if (rc == SQLITE_ROW)
			err = consider_at(q, q->nearest_owner, rec);
	} else if (rc == SQLITE_ROW) {
		err = consider_at(q, s, rec);
	}
	sqlite3_reset(s);
	sqlite3_reset(q->nearest_owner);
	return err == ES_OK ? sql_err(rc) : err;
}

static enum es_err find_by_structure(struct searching *q)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(q->r->db,
		"SELECT rec, structure FROM point WHERE cell IS NULL AND (?1 < 0 OR kind = ?1)", &s);
	int rc = SQLITE_DONE;

	if (err == ES_OK)
		sqlite3_bind_int(s, 1, kind_number(q));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t rec = sqlite3_column_int64(s, 0);

		if (is_listed(q, rec))
			err = consider_structure(q, rec, sql_text(s, 1));
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static enum es_err prepare_near(struct searching *q)
{
	enum es_err err = sql_prepare(q->r->db,
		"SELECT p.lat, p.lon, count(*) FROM structure t LEFT JOIN point p ON p.rec = t.rec WHERE t.uid = ?1", &q->structure);

	if (err != ES_OK)
		return err;
	return sql_prepare(q->r->db,
		"SELECT p.lat, p.lon FROM structure t JOIN etat e ON e.rec = t.rec LEFT JOIN point p ON p.rec = t.rec"
		" WHERE t.uid = ?1 ORDER BY substr(e.id, 1, 16) <> (SELECT substr(id, 1, 16) FROM etat WHERE rec = ?2), t.pole"
		" LIMIT 1", &q->nearest_owner);
}

/* One by one where they are few. */
static enum es_err find_looked_up(struct searching *q)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(q->r->db, "SELECT lat, lon, structure FROM point WHERE rec = ?1", &s);

	for (size_t i = 0; i < q->words.count && err == ES_OK; i++) {
		int64_t rec = q->words.at[i].rec;
		int rc;

		sqlite3_bind_int64(s, 1, rec);
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW && sqlite3_column_type(s, 2) != SQLITE_NULL)
			err = consider_structure(q, rec, sql_text(s, 2));
		else if (rc == SQLITE_ROW)
			err = consider_at(q, s, rec);
		rc = sqlite3_reset(s);
		if (err == ES_OK)
			err = sql_err(rc);
	}
	sqlite3_finalize(s);
	return err;
}

enum es_err search_near(struct searching *q)
{
	enum es_err err = prepare_near(q);

	if (err == ES_OK && q->listed && q->words.count <= LOOKED_UP_MAX)
		return find_looked_up(q);
	if (err == ES_OK)
		err = find_own_points(q);
	if (err == ES_OK)
		err = find_by_structure(q);
	return err;
}
