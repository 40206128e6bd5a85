/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /shapes: the land, as the operator gives it: every DIR/geo/NAME.geojson (RFC 7946, in
 * degrees), as rings the map draws under its points. A file that cannot be used is left out
 * and named with the reason; the others stand. Their bounds keep the page within its own. */
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/log.h"
#include "common/say.h"
#include "daemon/api/api_parts.h"

#define SHAPES_FILES_MAX 16
#define SHAPES_FILE_BYTES (4 * 1024 * 1024)
#define SHAPES_POINTS_MAX 20000 /* all files together: about 130 KB on the way to the page */
#define SHAPES_DEPTH_MAX 4 /* collections in collections */

struct shaping {
	struct buf rings; /* of the file in hand */
	size_t points, rings_count;
	const char *why;
};

static bool refuse(struct shaping *s, const char *why)
{
	s->why = why;
	return false;
}

/* A ten-thousandth of a degree is eleven metres. */
static bool take_position(struct shaping *s, const json_t *at, bool first)
{
	const json_t *lon = json_array_get(at, 0), *lat = json_array_get(at, 1);
	double x = json_number_value(lon), y = json_number_value(lat);

	if (!json_is_number(lon) || !json_is_number(lat) || fabs(x) > 180 || fabs(y) > 90)
		return refuse(s, N_("a position is [longitude, latitude] in degrees"));
	if (++s->points > SHAPES_POINTS_MAX)
		return refuse(s, N_("more than 20000 points in all: simplify it (mapshaper -simplify)"));
	buf_printf(&s->rings, "%s%.4f,%.4f", first ? "" : ",", x, y);
	return true;
}

static bool take_ring(struct shaping *s, const json_t *ring)
{
	size_t count = json_array_size(ring);

	if (!json_is_array(ring) || count < 4)
		return refuse(s, N_("a ring has four positions at least"));
	buf_str(&s->rings, s->rings_count++ ? ",[" : "[");
	for (size_t i = 0; i < count; i++)
		if (!take_position(s, json_array_get(ring, i), i == 0))
			return false;
	buf_str(&s->rings, "]");
	return true;
}

static bool take_polygon(struct shaping *s, const json_t *rings)
{
	if (!json_is_array(rings) || json_array_size(rings) == 0)
		return refuse(s, N_("a Polygon has rings"));
	for (size_t i = 0; i < json_array_size(rings); i++)
		if (!take_ring(s, json_array_get(rings, i)))
			return false;
	return true;
}

static bool take_any(struct shaping *s, const json_t *what, unsigned depth);

static bool take_each(struct shaping *s, const json_t *list, unsigned depth, bool polygons)
{
	if (!json_is_array(list))
		return refuse(s, N_("a collection has a list"));
	for (size_t i = 0; i < json_array_size(list); i++)
		if (polygons ? !take_polygon(s, json_array_get(list, i)) : !take_any(s, json_array_get(list, i), depth + 1))
			return false;
	return true;
}

static bool take_any(struct shaping *s, const json_t *what, unsigned depth)
{
	const char *type = json_string_value(json_object_get(what, "type"));

	if (!type || depth > SHAPES_DEPTH_MAX)
		return refuse(s, N_("not GeoJSON"));
	if (strcmp(type, "FeatureCollection") == 0)
		return take_each(s, json_object_get(what, "features"), depth, false);
	if (strcmp(type, "GeometryCollection") == 0)
		return take_each(s, json_object_get(what, "geometries"), depth, false);
	if (strcmp(type, "Feature") == 0)
		return take_any(s, json_object_get(what, "geometry"), depth + 1);
	if (strcmp(type, "Polygon") == 0)
		return take_polygon(s, json_object_get(what, "coordinates"));
	if (strcmp(type, "MultiPolygon") == 0)
		return take_each(s, json_object_get(what, "coordinates"), depth, true);
	return refuse(s, N_("only Polygon and MultiPolygon are drawn"));
}

static const char *take_file(struct shaping *s, const char *path)
{
	struct stat st;
	json_t *root;

	s->why = NULL;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return N_("not a file that can be read");
	if (st.st_size > SHAPES_FILE_BYTES)
		return N_("larger than 4 MB: simplify it (mapshaper -simplify)");
	root = json_load_file(path, 0, NULL);
	if (!root)
		return N_("not JSON, or it cannot be read");
	(void)!take_any(s, root, 0);
	json_decref(root);
	return s->why;
}

static int is_shape(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 8 && e->d_name[0] != '.' && strcmp(e->d_name + len - 8, ".geojson") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void refused_json(struct buf *out, const char *name, const char *why)
{
	log_event(LOG_WARN, "shapes.refused", "file=%s why=%s", name, why);
	buf_str(out, out->len ? ",{\"file\":" : "{\"file\":");
	json_quote(slice_str(name), out);
	buf_str(out, ",\"why\":");
	json_quote(slice_str(say_text(why)), out);
	buf_str(out, "}");
}

/* All of a file, or nothing of it. */
static void add_file(struct request *r, struct shaping *s, const char *name, struct buf *rings, struct buf *refused)
{
	char path[NODE_PATH_MAX + 300];
	size_t points = s->points;

	snprintf(path, sizeof path, "%.4000s/geo/%.255s", r->api->dir, name);
	s->rings_count = 0;
	buf_clear(&s->rings);
	const char *why = take_file(s, path);

	if (!why && s->rings_count == 0)
		why = N_("there is no polygon in it");
	if (why) {
		s->points = points;
		refused_json(refused, name, why);
		return;
	}
	buf_str(rings, rings->len ? "," : "");
	buf_add(rings, s->rings.p, s->rings.len);
}

/* {"rings":[[lon,lat,lon,lat...]...],"refused":[{"file","why"}]} */
enum es_err api_shapes(struct request *r, struct reader *reader)
{
	struct dirent **names = NULL;
	char dir[NODE_PATH_MAX + 8];
	struct shaping s = {0};
	struct buf rings, refused;

	(void)reader;
	snprintf(dir, sizeof dir, "%.4000s/geo", r->api->dir);
	buf_init(&s.rings, SHAPES_POINTS_MAX * 32);
	buf_init(&rings, SHAPES_POINTS_MAX * 32);
	buf_init(&refused, 65536);
	int count = scandir(dir, &names, is_shape, by_name);
	for (int i = 0; i < count; i++) {
		if (i < SHAPES_FILES_MAX)
			add_file(r, &s, names[i]->d_name, &rings, &refused);
		else
			refused_json(&refused, names[i]->d_name, N_("more than 16 files"));
		free(names[i]);
	}
	free(names);
	buf_str(&r->out, "{\"rings\":[");
	buf_add(&r->out, rings.p, rings.len);
	buf_str(&r->out, "],\"refused\":[");
	buf_add(&r->out, refused.p, refused.len);
	buf_str(&r->out, "]}");
	buf_done(&s.rings);
	buf_done(&rings);
	buf_done(&refused);
	r->lasts = true;
	return ES_OK;
}
