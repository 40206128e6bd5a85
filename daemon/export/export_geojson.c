/* SPDX-License-Identifier: Apache-2.0
 *
 * A map (RFC 7946): points of public records as [longitude, latitude], properties flat.
 * A feature a line. */
#include "daemon/export/export_parts.h"

/* Numbers, lists and booleans as JSON has them; a list as one text, to stay flat. */
static void add_property(struct exporting *e, const struct export_row *row, size_t at)
{
	const struct schema_field *f = &row->m->k->fields[at];

	if (f->type == TYPE_LIST) {
		export_member(e, f->name, export_text(e, row, (int)at));
		return;
	}
	export_key(e, f->name);
	value_json(f, row->shown.value[at], &e->line);
}

static void add_properties(struct exporting *e, const struct export_row *row)
{
	export_member(e, "uid", slice_str(row->uid));
	export_member(e, "pole", row->pole);
	for (size_t i = 0; i < row->m->k->field_count; i++) {
		bool elsewhere = (int)i == row->m->latitude || (int)i == row->m->longitude || (int)i == row->m->portee;

		if (!elsewhere && export_has(row, (int)i))
			add_property(e, row, i);
	}
}

/* A place has its commune by its code; a reader of the map wants its name. */
static void add_commune(struct exporting *e, const struct export_row *row)
{
	const struct commune *commune = export_commune(e, row);

	if (commune != NULL && (row->m->commune < 0 || !export_has(row, row->m->commune)))
		export_member(e, "commune", slice_str(commune->name));
}

static void add_coordinate(struct exporting *e, const struct export_row *row, int at)
{
	struct slice text = export_text(e, row, at);

	buf_add(&e->line, text.p, text.len);
}

static enum es_err write_feature(struct exporting *e, const struct export_row *row)
{
	bool before = false;
	enum es_err err = ES_OK;

	if (!export_point(e, row))
		return ES_OK;
	if (strcmp(row->m->k->name, "structure") == 0)
		err = export_listed_before(e, row, export_point, &before);
	if (err != ES_OK || before)
		return err;
	buf_str(&e->line, e->count++ > 0 ? ",\n" : "\n");
	buf_str(&e->line, "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[");
	add_coordinate(e, row, row->m->longitude);
	buf_add_u8(&e->line, ',');
	add_coordinate(e, row, row->m->latitude);
	buf_str(&e->line, "]},\"properties\":{");
	add_properties(e, row);
	add_commune(e, row);
	return export_line(e, "}}");
}

enum es_err export_geojson(struct exporting *e)
{
	enum es_err err;

	buf_str(&e->line, "{\"type\":\"FeatureCollection\",\"features\":[");
	err = export_each(e, e->kind->name, write_feature);
	return err == ES_OK ? export_line(e, "\n]}\n") : err;
}
