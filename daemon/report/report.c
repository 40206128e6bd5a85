/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/report/report.h"
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/report/report_parts.h"
#include "proto/value.h"

#define MEAN_MIN 3 /* units under a mean */
#define POLES_MAX 4096

struct computing {
	struct reader *r;
	const struct report_ask *ask;
	struct report *out;
	struct report_month month; /* narrowed by the programme */
	char own[HUB_POLE_MAX], poles[POLES_MAX]; /* poles: "|a|b|" of the programme, or empty */
	bool cress;
	struct report_unit *units;
	size_t count, room;
};

/* --- rows of SQL into units --- */

static void units_clear(struct computing *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->units[i].at); /* key and detail lie behind it */
	c->count = 0;
}

static bool of_programme(const struct computing *c, struct slice pole)
{
	char wanted[HUB_POLE_MAX + 2];

	if (!c->poles[0])
		return true;
	snprintf(wanted, sizeof wanted, "|%.*s|", (int)pole.len, (const char *)pole.p);
	return strstr(c->poles, wanted) != NULL;
}

static enum es_err add_unit(struct computing *c, sqlite3_stmt *s)
{
	struct slice pole = sql_text(s, 1), key = sql_text(s, 2), detail = sql_text(s, 5);
	uint16_t at[PLACES_OF_MAX];
	size_t n = report_places_of(&c->out->places, sql_text(s, 0), pole, at);
	char *memory;

	if (n == 0)
		return ES_OK;
	if (c->count == c->room) {
		struct report_unit *more = realloc(c->units, (c->room ? 2 * c->room : 1024) * sizeof *more);

		if (!more)
			return ES_NOMEM;
		c->units = more;
		c->room = c->room ? 2 * c->room : 1024;
	}
	memory = malloc(n * sizeof *at + key.len + detail.len + 2);
	if (!memory)
		return ES_NOMEM;
	struct report_unit *u = &c->units[c->count++];
	*u = (struct report_unit){.value = sqlite3_column_int64(s, 3), .base = sqlite3_column_int64(s, 4), .at_count = n,
				  .at = (uint16_t *)(void *)memory, .key = memory + n * sizeof *at};
	u->detail = u->key + key.len + 1;
	memcpy(u->at, at, n * sizeof *at);
	memcpy(u->key, key.p, key.len);
	u->key[key.len] = 0;
	memcpy(u->detail, detail.p, detail.len);
	u->detail[detail.len] = 0;
	return ES_OK;
}

static int by_detail(const void *a, const void *b)
{
	const struct report_unit *x = a, *y = b;
	int order = strcmp(x->detail, y->detail);

	return order ? order : strcmp(x->key, y->key);
}

static enum es_err read_units(struct computing *c, const struct indicator *ind)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_preparef(c->r->db, &s, "WITH %s %s", reader_canonical_sql(), ind->sql);
	const char *values[] = {c->month.from, c->month.to, c->month.year_ago, c->own, c->out->places.region};

	for (int i = 0; i < 5 && s; i++)
		sqlite3_bind_text(s, i + 1, values[i], -1, SQLITE_STATIC); /* not each formula asks for all */
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice pole = sql_text(s, 1);

		if (of_programme(c, pole) && (ind->sees != SEES_HOME || slice_eq(pole, slice_str(c->own))))
			err = add_unit(c, s);
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	qsort(c->units, c->count, sizeof *c->units, by_detail);
	return err;
}

/* --- units into rows --- */

enum es_err report_add(struct report *r, const struct report_row *row)
{
	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 1024;
		struct report_row *more = realloc(r->rows, room * sizeof *more);

		if (!more)
			return ES_NOMEM;
		r->rows = more;
		r->room = room;
	}
	r->rows[r->count++] = *row;
	return ES_OK;
}

static enum es_err rows_of_detail(struct computing *c, const struct indicator *ind, const struct report_unit *units, size_t count,
				  struct report_cell *cells)
{
	const struct report_places *p = &c->out->places;
	enum es_err err = ES_OK;

	report_cells(ind, p, units, count, cells);
	if (ind->sees == SEES_ALL)
		report_mask(ind, p, units, count, cells);
	for (size_t i = 0; i < p->count && err == ES_OK; i++) {
		struct report_row row = {.ind = ind, .place = (uint16_t)i, .value = cells[i].value, .n = ind->inner ? cells[i].count : cells[i].n,
					 .masked = cells[i].masked || (ind->sees != SEES_ALL && ind->rule == SECRET_MEAN && cells[i].n < MEAN_MIN)};

		if (!cells[i].any && (cells[i].n == 0 || (ind->form != FORM_COVER && ind->form != FORM_EPCI)))
			continue;
		snprintf(row.detail, sizeof row.detail, "%.*s", REPORT_DETAIL_MAX - 1, count ? units[0].detail : "");
		err = report_add(c->out, &row);
	}
	return err;
}

static enum es_err rows_of_units(struct computing *c, const struct indicator *ind)
{
	struct report_cell *cells = malloc((c->out->places.count + 1) * sizeof *cells);
	enum es_err err = cells ? ES_OK : ES_NOMEM;
	size_t first = 0;

	do { /* once where there is no unit: a coverage of zero is a figure too */
		size_t next = first;

		while (next < c->count && strcmp(c->units[next].detail, c->units[first].detail) == 0)
			next++;
		if (err == ES_OK)
			err = rows_of_detail(c, ind, c->units + first, next - first, cells);
		first = next;
	} while (first < c->count && err == ES_OK);
	free(cells);
	return err;
}

/* --- what hubs have sent --- */

/* Adds to the row that the indicator has there already, from `first` on. */
static enum es_err add_sent(struct computing *c, size_t first, const struct report_row *sent)
{
	for (size_t i = first; i < c->out->count; i++) {
		struct report_row *row = &c->out->rows[i];

		if (row->place != sent->place || strcmp(row->detail, sent->detail) != 0)
			continue;
		row->value = (row->masked ? 0 : row->value) + sent->value;
		row->n = (row->masked ? 0 : row->n) + sent->n;
		row->masked = false;
		return ES_OK;
	}
	return report_add(c->out, sent);
}

static enum es_err rows_of_sent(struct computing *c, const struct indicator *ind, size_t first)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(c->r->db,
		"SELECT territoire_type, territoire_code, substr(indicateur, length(?1) + 2), valeur, n, pole FROM mesure"
		" WHERE (indicateur = ?1 OR substr(indicateur, 1, length(?1) + 1) = ?1 || ':') AND mois BETWEEN ?2 AND ?3"
		" AND valeur IS NOT NULL AND structure_uid IS NULL ORDER BY indicateur, territoire_type, territoire_code, pole, uid", &s);
	char name[REPORT_DETAIL_MAX];

	snprintf(name, sizeof name, "local.%s", ind->code);
	sql_bind_text(s, 1, slice_str(name));
	sql_bind_text(s, 2, SLICE(c->month.from, 7));
	sql_bind_text(s, 3, SLICE(c->month.to, 7));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct report_row row = {.ind = ind, .value = sqlite3_column_int64(s, 3), .n = sqlite3_column_int64(s, 4)};
		unsigned type;

		if (!report_place_type(sql_text(s, 0), &type) || !report_place_find(&c->out->places, type, sql_text(s, 1), &row.place) ||
		    !of_programme(c, sql_text(s, 5)) || (!c->ask->fold && slice_eq(sql_text(s, 5), slice_str(c->own))))
			continue;
		snprintf(row.detail, sizeof row.detail, "%s", (const char *)sqlite3_column_text(s, 2));
		err = add_sent(c, first, &row);
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static enum es_err compute_one(struct computing *c, const struct indicator *ind)
{
	size_t first = c->out->count;
	enum es_err err = ES_OK;

	if (!schema_kind_named(slice_str(ind->kind)))
		return ES_OK;
	if (ind->sees == SEES_ALL || !c->ask->fold) {
		err = read_units(c, ind);
		if (err == ES_OK)
			err = rows_of_units(c, ind);
		units_clear(c);
	}
	if (err == ES_OK && ind->sees == SEES_HOME && c->cress)
		err = rows_of_sent(c, ind, first);
	return err;
}

/* --- of two others --- */

static const struct report_row *row_of(const struct report *r, size_t count, const struct indicator *ind, const struct report_row *like)
{
	for (size_t i = 0; i < count; i++)
		if (r->rows[i].ind == ind && r->rows[i].place == like->place &&
		    (strcmp(r->rows[i].detail, like->detail) == 0 || !r->rows[i].detail[0]))
			return &r->rows[i];
	return NULL;
}

static enum es_err divide(struct report *r, const struct indicator *ind)
{
	const struct indicator *over = indicator_named(slice_str(ind->over)),
			       *under = ind->under ? indicator_named(slice_str(ind->under)) : NULL;
	size_t count = r->count;
	enum es_err err = ES_OK;

	for (size_t i = 0; i < count && err == ES_OK; i++) {
		struct report_row row = r->rows[i];
		const struct report_row *by = under ? row_of(r, count, under, &row) : NULL;
		int64_t divisor = under ? (by ? by->value : 0) : row.n;

		if (row.ind != over || divisor <= 0)
			continue;
		row.ind = ind;
		row.n = divisor;
		row.masked = row.masked || (by && by->masked);
		row.value = row.masked ? 0 : row.value * ind->factor / divisor;
		err = report_add(r, &row);
	}
	return err;
}

/* --- typed by people: `mesure` of an `indicateur` that the CRESS has defined (E13) --- */

static enum es_err add_declared(struct computing *c, sqlite3_stmt *s, const struct indicator *ind)
{
	struct report_row row = {.ind = ind, .value = sqlite3_column_int64(s, 7), .n = sqlite3_column_int64(s, 8)};
	unsigned type;

	if (!report_place_type(sql_text(s, 5), &type) || !report_place_find(&c->out->places, type, sql_text(s, 6), &row.place))
		return ES_OK;
	return report_add(c->out, &row);
}

static const char *keep(struct buf *memory, struct slice text)
{
	const char *at = (const char *)memory->p + memory->len;

	buf_add(memory, text.p, text.len);
	buf_add_u8(memory, 0);
	return at;
}

#define DECLARED_MAX 500
#define DECLARED_BYTES (DECLARED_MAX * 512)

static enum es_err compute_declared(struct computing *c)
{
	struct report *out = c->out;
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(c->r->db,
		"SELECT i.code, coalesce(i.unite, ''), i.sens, coalesce(i.definition_version, '1'), i.nom, m.territoire_type, m.territoire_code,"
		" sum(m.valeur), sum(coalesce(m.n, 1)) FROM mesure m JOIN indicateur i ON i.code = m.indicateur"
		" WHERE i.pole LIKE 'cress-%' AND m.mois BETWEEN ?1 AND ?2 AND m.valeur IS NOT NULL AND m.masque IS NULL AND m.structure_uid IS NULL"
		" AND i.uid = (SELECT min(uid) FROM indicateur x WHERE x.code = i.code AND x.pole LIKE 'cress-%')"
		" GROUP BY i.code, m.territoire_type, m.territoire_code ORDER BY i.code, m.territoire_type, m.territoire_code", &s);

	buf_init(&out->memory, DECLARED_BYTES);
	out->declared = calloc(DECLARED_MAX, sizeof *out->declared);
	if (err == ES_OK && (!out->declared || !buf_reserve(&out->memory, DECLARED_BYTES)))
		err = ES_NOMEM; /* reserved whole: its texts do not move */
	sql_bind_text(s, 1, SLICE(c->month.from, 7));
	sql_bind_text(s, 2, SLICE(c->month.to, 7));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice code = sql_text(s, 0);
		struct indicator *last = out->declared_count ? &out->declared[out->declared_count - 1] : NULL;

		if (indicator_named(code))
			continue; /* computed, not typed */
		if ((!last || !slice_eq(slice_str(last->code), code)) && out->declared_count < DECLARED_MAX) {
			last = &out->declared[out->declared_count++];
			*last = (struct indicator){.code = keep(&out->memory, code), .unit = keep(&out->memory, sql_text(s, 1)),
						   .sens = slice_eq(sql_text(s, 2), slice_str("evite")) ? SENS_EVITE : SENS_APPORTE,
						   .version = keep(&out->memory, sql_text(s, 3)), .label = keep(&out->memory, sql_text(s, 4))};
		}
		err = buf_err(&out->memory);
		if (err == ES_OK)
			err = add_declared(c, s, last);
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

/* --- what the formulas may ask --- */

static void code_of(sqlite3_context *ctx, sqlite3_value *commune, unsigned type)
{
	const struct report_places *p = sqlite3_user_data(ctx);
	const char *text = (const char *)sqlite3_value_text(commune);
	uint16_t at[PLACES_OF_MAX];
	size_t n = text ? report_places_of(p, slice_str(text), SLICE_NONE, at) : 0;

	for (size_t i = 0; i < n; i++)
		if (p->list[at[i]].type == type) {
			sqlite3_result_text(ctx, p->list[at[i]].code, -1, SQLITE_TRANSIENT);
			return;
		}
	sqlite3_result_null(ctx);
}

static void pays_de(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	(void)count;
	code_of(ctx, values[0], PLACE_PAYS);
}

static void epci_de(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	(void)count;
	code_of(ctx, values[0], PLACE_EPCI);
}

static void cree_le(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]);
	struct id16 uid;
	char iso[25];

	(void)count;
	if (!text || !ulid_decode(text, strlen(text), uid.bytes)) {
		sqlite3_result_null(ctx);
		return;
	}
	stamp_text(stamp_at((es_ms)be_read(uid.bytes, 6)), iso);
	sqlite3_result_text(ctx, iso, 10, SQLITE_TRANSIENT);
}

static void jours(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	int64_t s[2];

	(void)count;
	for (int i = 0; i < 2; i++) {
		const char *text = (const char *)sqlite3_value_text(values[i]);

		s[i] = text ? value_time_seconds(slice_str(text)) : INT64_MIN;
		if (s[i] == INT64_MIN) {
			sqlite3_result_null(ctx);
			return;
		}
	}
	sqlite3_result_int64(ctx, (s[1] - s[0]) / 86400);
}

static enum es_err teach(sqlite3 *db, struct report_places *p)
{
	static const struct {
		const char *name;
		int count;
		void (*run)(sqlite3_context *ctx, int count, sqlite3_value **values);
	} functions[] = {{"pays_de", 1, pays_de}, {"epci_de", 1, epci_de}, {"cree_le", 1, cree_le}, {"jours", 2, jours}};
	enum es_err err = ES_OK;

	for (size_t i = 0; i < sizeof functions / sizeof *functions && err == ES_OK; i++)
		err = sql_err(sqlite3_create_function(db, functions[i].name, functions[i].count, SQLITE_UTF8 | SQLITE_DETERMINISTIC, p,
						      functions[i].run, NULL, NULL));
	return err;
}

/* --- a report --- */

enum es_err report_own_pole(struct reader *r, char out[HUB_POLE_MAX])
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(r->db, "SELECT pole FROM meta_pole WHERE hub = ?1", &s);

	out[0] = 0;
	if (err == ES_OK) {
		sqlite3_bind_blob(s, 1, r->local.bytes, 16, SQLITE_STATIC);
		if (sqlite3_step(s) == SQLITE_ROW)
			snprintf(out, HUB_POLE_MAX, "%s", (const char *)sqlite3_column_text(s, 0));
	}
	sqlite3_finalize(s);
	return err;
}

static void later(char *day, struct slice other)
{
	if (other.len == 10 && slice_cmp(other, slice_str(day)) > 0)
		memcpy(day, other.p, 10);
}

static void sooner(char *day, struct slice other)
{
	if (other.len == 10 && slice_cmp(other, slice_str(day)) < 0)
		memcpy(day, other.p, 10);
}

/* Its hubs, as "pole-auray" or "auray"; its dates narrow the days asked for (A1). */
static enum es_err read_programme(struct computing *c)
{
	sqlite3_stmt *s = NULL;
	struct buf b;
	enum es_err err;

	if (c->ask->programme.len == 0)
		return ES_OK;
	err = sql_prepare(c->r->db, "SELECT debut, fin, coalesce(poles, '') FROM programme WHERE code = ?1 ORDER BY uid, pole LIMIT 1", &s);
	if (err == ES_OK) {
		sql_bind_text(s, 1, c->ask->programme);
		err = sqlite3_step(s) == SQLITE_ROW ? ES_OK : ES_NOT_FOUND;
	}
	if (err == ES_OK) {
		const char *poles = (const char *)sqlite3_column_text(s, 2);

		if (c->ask->whole_programme) {
			memcpy(c->month.from, "0000-00-00", 10);
			memcpy(c->month.to, "9999-99-99", 10);
		}
		later(c->month.from, sql_text(s, 0));
		sooner(c->month.to, sql_text(s, 1));
		buf_init_fixed(&b, c->poles, sizeof c->poles - 1);
		buf_str(&b, "|");
		for (const char *at = poles; *at; at += strcspn(at, "|"), at += *at == '|') {
			int len = (int)strcspn(at, "|");

			buf_printf(&b, "%s%.*s|", strncmp(at, "pole-", 5) && strncmp(at, "cress-", 6) ? "pole-" : "", len, at);
		}
		err = buf_err(&b);
		c->poles[b.len] = 0;
	}
	sqlite3_finalize(s);
	return err;
}

static enum es_err compute_all(struct computing *c)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < indicator_count && err == ES_OK; i++)
		err = indicators[i].sees == SEES_SUMS ? divide(c->out, &indicators[i]) : compute_one(c, &indicators[i]);
	return err == ES_OK ? compute_declared(c) : err;
}

static void drop_inner(struct report *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++)
		if (!r->rows[i].ind->inner)
			r->rows[kept++] = r->rows[i];
	r->count = kept;
}

enum es_err report_compute(struct reader *r, const struct report_ask *ask, struct report *out)
{
	struct computing c = {.r = r, .ask = ask, .out = out, .month = ask->month};
	bool own = sqlite3_get_autocommit(r->db) != 0; /* an export has begun one already */
	enum es_err err;

	*out = (struct report){.month = ask->month, .format = REPORT_FORMAT};
	buf_init(&out->note, 16000);
	err = own ? reader_begin(r) : ES_OK;
	if (err == ES_OK)
		err = report_own_pole(r, c.own);
	c.cress = ask->fold || strncmp(c.own, "cress-", 6) == 0;
	if (err == ES_OK)
		err = report_places_open(r, ask->month.to, &out->places);
	if (err == ES_OK)
		err = teach(r->db, &out->places);
	if (err == ES_OK)
		err = read_programme(&c);
	if (err == ES_OK)
		err = compute_all(&c);
	if (own)
		reader_end(r);
	units_clear(&c);
	free(c.units);
	if (err == ES_OK && !ask->everything)
		drop_inner(out);
	report_sort(out);
	if (err != ES_OK)
		report_done(out);
	return err;
}

void report_done(struct report *r)
{
	report_places_done(&r->places);
	free(r->rows);
	free(r->declared);
	buf_done(&r->memory);
	buf_done(&r->note);
	*r = (struct report){0};
}

static int by_order(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;

	if (x->place != y->place)
		return (int)x->place - (int)y->place;
	if (x->ind->sens != y->ind->sens)
		return (int)x->ind->sens - (int)y->ind->sens;
	int order = strcmp(x->ind->code, y->ind->code);
	return order ? order : strcmp(x->detail, y->detail);
}

void report_sort(struct report *r)
{
	if (r->count > 0)
		qsort(r->rows, r->count, sizeof *r->rows, by_order);
}

/* --- what may be published --- */

static bool counted_at_home(const struct indicator *ind)
{
	const struct indicator *over = ind->over ? indicator_named(slice_str(ind->over)) : NULL;

	return ind->sees == SEES_HOME || (over && over->sees == SEES_HOME);
}

bool report_row_home(const struct report_row *row)
{
	return counted_at_home(row->ind);
}

/* Counts of records that are not public only for the whole region: from one territory
 * nobody can subtract. */
bool report_row_public(const struct report *r, const struct report_row *row)
{
	bool few = counted_at_home(row->ind) || row->ind->rule == SECRET_FEW;

	return !few || r->places.list[row->place].type == PLACE_REGION;
}

void report_row_publish(struct report_row *row)
{
	bool few = counted_at_home(row->ind) || row->ind->rule == SECRET_FEW;

	row->masked = row->masked || (few && report_secret(SECRET_FEW, row->n, 0, 0));
}

void report_row_name(const struct report_row *row, struct buf *out)
{
	buf_printf(out, "%s%s%s", row->ind->code, row->detail[0] ? ":" : "", row->detail);
}
