/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading conf/reference into memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/exchange/csv.h"
#include "daemon/reference/reference_parts.h"

#define FILE_MAX (64U << 20)

/* A file being read: its strings go to one block no larger than the file. */
struct table {
	struct slice file;
	struct csv csv;
	struct slice header[32];
	size_t columns, rows;
	char *text;
	size_t text_len;
};

static enum es_err read_stream(FILE *f, struct slice *out)
{
	struct stat st;
	uint8_t *p;
	size_t n;

	if (fstat(fileno(f), &st) != 0 || st.st_size <= 0 || st.st_size > FILE_MAX)
		return ES_IO;
	p = malloc((size_t)st.st_size);
	if (p == NULL)
		return ES_NOMEM;
	n = fread(p, 1, (size_t)st.st_size, f);
	if (n != (size_t)st.st_size) {
		free(p);
		return ES_IO;
	}
	*out = SLICE(p, n);
	return ES_OK;
}

static enum es_err read_file(const char *dir, const char *name, struct slice *out)
{
	char path[4096];
	enum es_err err;
	FILE *f;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return ES_IO;
	f = fopen(path, "rb");
	if (f == NULL)
		return ES_IO;
	err = read_stream(f, out);
	fclose(f);
	return err;
}

static size_t count_rows(struct slice file)
{
	size_t n = 1;

	for (size_t i = 0; i < file.len; i++)
		n += file.p[i] == '\n' || file.p[i] == '\r';
	return n;
}

/* The block belongs to the reference from the start, so that one free suffices. */
static enum es_err table_open(struct reference *r, const char *dir, const char *name, struct table *t)
{
	enum es_err err;
	char **texts = realloc(r->texts, (r->text_count + 1) * sizeof(*texts));

	*t = (struct table){0};
	if (texts == NULL)
		return ES_NOMEM;
	r->texts = texts;
	err = read_file(dir, name, &t->file);
	if (err != ES_OK)
		return err;
	t->text = malloc(2 * t->file.len);
	if (t->text == NULL)
		return ES_NOMEM;
	r->texts[r->text_count++] = t->text;
	t->rows = count_rows(t->file);
	csv_init(&t->csv, t->file, ',');
	if (!csv_next(&t->csv))
		return ES_CONFIG;
	for (; t->columns < t->csv.count && t->columns < 32; t->columns++)
		t->header[t->columns] = t->csv.fields[t->columns];
	return ES_OK;
}

static void table_close(struct reference *r, struct table *t)
{
	r->bytes += t->text_len;
	if (t->file.p)
		csv_done(&t->csv);
	free((void *)t->file.p);
}

static struct slice cell(const struct table *t, const char *column)
{
	for (size_t i = 0; i < t->columns && i < t->csv.count; i++) {
		if (slice_eq(t->header[i], slice_str(column)))
			return t->csv.fields[i];
	}
	return SLICE_NONE;
}

/* Each cell with its NUL fits: a cell and its separator took as much. */
static const char *keep(struct table *t, struct slice text)
{
	char *p = t->text + t->text_len;

	if (text.len == 0)
		return "";
	memcpy(p, text.p, text.len);
	p[text.len] = '\0';
	t->text_len += text.len + 1;
	return p;
}

static const char *keep_cell(struct table *t, const char *column)
{
	return keep(t, cell(t, column));
}

static void *rows_of(struct reference *r, const struct table *t, size_t size)
{
	r->bytes += t->rows * size;
	return calloc(t->rows, size);
}

/* "48.57784" into 1e-7 degrees. */
static int32_t coordinate(struct slice text)
{
	int64_t v = 0;
	int decimals = -1;

	for (size_t i = 0; i < text.len && decimals < 7; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9') {
			v = v * 10 + (text.p[i] - '0');
			decimals += decimals >= 0;
		} else if (text.p[i] == '.') {
			decimals = 0;
		}
	}
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 7; decimals++)
		v *= 10;
	return (int32_t)(text.len > 0 && text.p[0] == '-' ? -v : v);
}

static int32_t whole(struct slice text)
{
	int32_t n = 0;

	for (size_t i = 0; i < text.len && i < 9 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		n = n * 10 + (text.p[i] - '0');
	return n;
}

static void read_point(const struct table *t, struct commune *c)
{
	struct slice lat = cell(t, "latitude"), lon = cell(t, "longitude"), source = cell(t, "source_coord");

	c->has_point = lat.len > 0 && lon.len > 0;
	c->lat_e7 = coordinate(lat);
	c->lon_e7 = coordinate(lon);
	c->estimated = source.len > 0 && !slice_eq(source, slice_str("geonames"));
	c->population = whole(cell(t, "population"));
}

static enum es_err load_communes(struct reference *r, struct table *t)
{
	r->communes = rows_of(r, t, sizeof(*r->communes));
	if (r->communes == NULL)
		return ES_NOMEM;
	while (csv_next(&t->csv)) {
		struct commune *c = &r->communes[r->commune_count++];

		c->code = keep_cell(t, "code_insee");
		c->name = keep_cell(t, "nom");
		c->postal = keep_cell(t, "codes_postaux");
		c->epci = keep_cell(t, "code_epci");
		c->departement = keep_cell(t, "code_departement");
		c->region = keep_cell(t, "code_region");
		read_point(t, c);
	}
	qsort(r->communes, r->commune_count, sizeof(*r->communes), reference_compare_code);
	return ES_OK;
}

/* Brittany has a point for every commune, marked where it is a guess. */
static enum es_err load_points(struct reference *r, struct table *t)
{
	while (csv_next(&t->csv)) {
		struct commune *c = (struct commune *)reference_commune(r, cell(t, "code_insee"));

		if (c && cell(t, "latitude").len > 0)
			read_point(t, c);
	}
	return ES_OK;
}

static enum es_err load_old_codes(struct reference *r, struct table *t)
{
	r->old = rows_of(r, t, sizeof(*r->old));
	if (r->old == NULL)
		return ES_NOMEM;
	while (csv_next(&t->csv)) {
		const struct commune *c = reference_commune(r, cell(t, "code_actuel"));
		struct slice code = cell(t, "code_ancien");

		if (c == NULL || code.len != 5)
			continue;
		memcpy(r->old[r->old_count].code, code.p, 5);
		r->old[r->old_count++].commune = (uint32_t)(c - r->communes);
	}
	qsort(r->old, r->old_count, sizeof(*r->old), reference_compare_old);
	return ES_OK;
}

/* Codes with their names, nothing else. */
static enum es_err load_names(struct reference *r, struct table *t, const char *code, struct named **list, size_t *count)
{
	*list = rows_of(r, t, sizeof **list);
	if (*list == NULL)
		return ES_NOMEM;
	while (csv_next(&t->csv)) {
		(*list)[*count].code = keep_cell(t, code);
		(*list)[(*count)++].name = keep_cell(t, "nom");
	}
	qsort(*list, *count, sizeof **list, reference_compare_code);
	return ES_OK;
}

static enum es_err load_epci(struct reference *r, struct table *t)
{
	return load_names(r, t, "code_epci", &r->epci, &r->epci_count);
}

static enum es_err load_regions(struct reference *r, struct table *t)
{
	return load_names(r, t, "code_region", &r->regions, &r->region_count);
}

static enum es_err load_departements(struct reference *r, struct table *t)
{
	return load_names(r, t, "code_departement", &r->departements, &r->departement_count);
}

static enum es_err load_naf(struct reference *r, struct table *t)
{
	r->naf = rows_of(r, t, sizeof(*r->naf));
	if (r->naf == NULL)
		return ES_NOMEM;
	while (csv_next(&t->csv)) {
		struct slice code = cell(t, "code");

		if (code.len == 6 && slice_eq(cell(t, "niveau"), slice_str("sous_classe")))
			memcpy(r->naf[r->naf_count++], code.p, 6);
	}
	qsort(r->naf, r->naf_count, sizeof(*r->naf), reference_compare_naf);
	return ES_OK;
}

static enum es_err load_categories(struct reference *r, struct table *t)
{
	r->categories = rows_of(r, t, sizeof(*r->categories));
	if (r->categories == NULL)
		return ES_NOMEM;
	while (csv_next(&t->csv)) {
		struct legal_category *c = &r->categories[r->category_count++];

		c->code = keep_cell(t, "code");
		c->label = keep_cell(t, "libelle");
		c->famille_ess = keep_cell(t, "famille_ess");
		c->statut_ess = keep_cell(t, "statut_ess");
		c->type_acteur = keep_cell(t, "type_acteur");
	}
	qsort(r->categories, r->category_count, sizeof(*r->categories), reference_compare_code);
	return ES_OK;
}

static enum es_err load_pays(struct reference *r, struct table *t)
{
	r->pays = rows_of(r, t, sizeof(*r->pays));
	if (r->pays == NULL)
		return ES_NOMEM;
	while (csv_next(&t->csv)) {
		r->pays[r->pays_count].code = keep_cell(t, "pays");
		r->pays[r->pays_count++].name = keep_cell(t, "nom");
	}
	return ES_OK;
}

static int compare_member(const void *a, const void *b)
{
	const struct pays_commune *x = a, *y = b;

	if (x->pays != y->pays)
		return x->pays < y->pays ? -1 : 1;
	return (x->commune > y->commune) - (x->commune < y->commune);
}

static enum es_err load_members(struct reference *r, struct table *t)
{
	r->members = rows_of(r, t, sizeof(*r->members));
	r->pays_of = calloc(r->commune_count + 1, sizeof(*r->pays_of));
	r->bytes += (r->commune_count + 1) * sizeof(*r->pays_of);
	if (r->members == NULL || r->pays_of == NULL)
		return ES_NOMEM;
	while (csv_next(&t->csv)) {
		const struct pays *p = reference_pays(r, cell(t, "pays"));
		const struct commune *c = reference_commune(r, cell(t, "code_insee"));

		if (p == NULL || c == NULL)
			continue;
		r->members[r->member_count++] = (struct pays_commune){(uint32_t)(p - r->pays), (uint32_t)(c - r->communes)};
		r->pays_of[c - r->communes] = (uint32_t)(p - r->pays) + 1;
	}
	qsort(r->members, r->member_count, sizeof(*r->members), compare_member);
	return ES_OK;
}

/* From the last to the first: chains come out ascending. */
static enum es_err index_names(struct reference *r)
{
	char mem[300];
	struct buf name;

	r->name_head = calloc(NAME_BUCKETS, sizeof(uint32_t));
	r->name_next = calloc(r->commune_count + 1, sizeof(uint32_t));
	r->bytes += (NAME_BUCKETS + r->commune_count) * sizeof(uint32_t);
	if (r->name_head == NULL || r->name_next == NULL)
		return ES_NOMEM;
	for (size_t i = r->commune_count; i > 0; i--) {
		uint32_t bucket;

		buf_init_fixed(&name, mem, sizeof(mem));
		reference_normal_name(slice_str(r->communes[i - 1].name), &name);
		bucket = reference_name_bucket(buf_slice(&name));
		r->name_next[i] = r->name_head[bucket];
		r->name_head[bucket] = (uint32_t)i;
	}
	return ES_OK;
}

static const struct {
	const char *file;
	enum es_err (*load)(struct reference *r, struct table *t);
} loads[] = {
	/* Communes first: the others refer to them. */
	{"communes_france.csv", load_communes}, {"communes_bretagne.csv", load_points},
	{"communes_anciens_codes.csv", load_old_codes}, {"epci_france.csv", load_epci},
	{"departements.csv", load_departements}, {"regions.csv", load_regions}, {"naf.csv", load_naf},
	{"categories_juridiques_ess.csv", load_categories},
	{"pays.csv", load_pays}, {"pays_communes.csv", load_members},
};

static enum es_err load_table(struct reference *r, const char *dir, size_t i)
{
	struct table t;
	enum es_err err = table_open(r, dir, loads[i].file, &t);

	if (err == ES_OK)
		err = loads[i].load(r, &t);
	if (err == ES_OK)
		err = buf_err(&t.csv.unquoted);
	table_close(r, &t);
	return err;
}

enum es_err reference_load(const char *dir, struct reference **out)
{
	struct reference *r = calloc(1, sizeof(*r));
	enum es_err err = r ? ES_OK : ES_NOMEM;

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]) && err == ES_OK; i++)
		err = load_table(r, dir, i);
	if (err == ES_OK)
		err = index_names(r);
	if (err != ES_OK) {
		reference_free(r);
		return err;
	}
	*out = r;
	return ES_OK;
}

