/* SPDX-License-Identifier: Apache-2.0 */
#include "common/say.h"
#include "daemon/search/search_parts.h"

#include <stdio.h>
#include <string.h>

#include "daemon/rules/codes.h"
#include "proto/value.h"

#define COLUMNS_MAX 8

/* Codes of `statut` and `etat` that say that a record is over. */
#define CLOSED_CODES \
	"fermee|suspendue|archivee|pourvu|abandonne|abandonnee|expire|clos|close|realise|annule|decline|conclu|conclue|" \
	"sans_suite|terminee|refusee|refuse|faite|fait|tenu|ecarte"

static const struct {
	enum filter_how how;
	const char *columns;
} filters[SEARCH_FILTERS] = {
#define FILTER(id, name, how, columns) {how, columns},
#include "daemon/search/search_filters.def"
};
const char *const search_filter_names[SEARCH_FILTERS] = {
#define FILTER(id, name, how, columns) name,
#include "daemon/search/search_filters.def"
};
static const bool inherited[SEARCH_FILTERS] = {
#define INHERITED(id) [SEARCH_##id] = true,
#include "daemon/search/search_filters.def"
};
static const struct {
	const char *from, *to;
} periods[] = {
#define PERIOD(from, to) {from, to},
#include "daemon/search/search_filters.def"
};
struct kind_day {
	const char *kind, *column;
};
static const struct kind_day ends[] = {
#define ENDS(kind, column) {kind, column},
#include "daemon/search/search_filters.def"
}, begins[] = {
#define BEGINS(kind, column) {kind, column},
#include "daemon/search/search_filters.def"
};

static bool given(const struct search *s, size_t f)
{
	return s->filters[f] != NULL && s->filters[f][0] != '\0';
}

bool filter_given(const struct search *s)
{
	for (size_t f = 0; f < SEARCH_FILTERS; f++)
		if (given(s, f))
			return true;
	return false;
}

/* Is `word` one of those joined by '|'? */
static bool among(const char *list, struct slice word)
{
	for (const char *at = list, *end; *at != '\0'; at = *end == '\0' ? end : end + 1) {
		end = strchr(at, '|');
		end = end == NULL ? at + strlen(at) : end;
		if (slice_eq(SLICE(at, (size_t)(end - at)), word))
			return true;
	}
	return false;
}

/* The kind's columns of a filter. */
static size_t columns_of(const struct schema_kind *k, size_t f, const struct schema_field *out[COLUMNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < k->field_count && n < COLUMNS_MAX; i++)
		if (among(filters[f].columns, slice_str(k->fields[i].name)))
			out[n++] = &k->fields[i];
	return n;
}

static const struct schema_field *column(const struct schema_kind *k, const char *name)
{
	return schema_field_named(k, slice_str(name));
}

static bool has_period(const struct schema_kind *k)
{
	for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++)
		if (column(k, periods[i].from) != NULL && column(k, periods[i].to) != NULL)
			return true;
	return false;
}

static bool kind_has(const struct kind_map *m, size_t f)
{
	const struct schema_field *columns[COLUMNS_MAX];

	switch (filters[f].how) {
	case FILTER_OWNER:
		return true;
	case FILTER_DATE:
		return has_period(m->k);
	case FILTER_CODE:
	case FILTER_FILLED:
	case FILTER_COMMUNE:
	case FILTER_EPCI:
	case FILTER_DEPARTEMENT:
	case FILTER_PAYS:
	case FILTER_LATE:
		break;
	}
	return columns_of(m->k, f, columns) > 0 || (inherited[f] && m->structure >= 0);
}

bool filter_applies(const struct search *s, const struct kind_map *m)
{
	for (size_t f = 0; f < SEARCH_FILTERS; f++)
		if (given(s, f) && !kind_has(m, f))
			return false;
	return true;
}

/* --- territories --- */

struct place_codes {
	const struct reference *ref;
	enum filter_how how;
	struct slice value;
	struct buf json; /* ["29151", ...]: the communes, and what they lie in */
	size_t count;
};

static void add_code(struct place_codes *p, const char *code)
{
	if (code[0] == '\0')
		return;
	buf_str(&p->json, p->json.len == 0 ? "[" : ",");
	json_quote(slice_str(code), &p->json);
}

static void add_commune(struct place_codes *p, const struct commune *c)
{
	p->count++;
	add_code(p, c->code);
	add_code(p, c->epci);
	add_code(p, c->departement);
	add_code(p, c->region);
}

static void if_inside(void *ctx, const struct commune *c)
{
	struct place_codes *p = ctx;
	const char *code = p->how == FILTER_EPCI ? c->epci : p->how == FILTER_DEPARTEMENT ? c->departement : c->code;

	if (slice_eq(slice_str(code), p->value))
		add_commune(p, c);
}

static void of_pays(void *ctx, const char *code_insee)
{
	struct place_codes *p = ctx;
	const struct commune *c = reference_commune(p->ref, slice_str(code_insee));

	if (c != NULL)
		add_commune(p, c);
}

/* How many communes; their codes, those of what they lie in, and the territory's own. */
static size_t place_codes(struct place_codes *p, const struct reference *ref, enum filter_how how, const char *value)
{
	*p = (struct place_codes){.ref = ref, .how = how, .value = slice_str(value)};
	buf_init(&p->json, 1 << 20);
	if (how == FILTER_PAYS)
		reference_pays_communes(ref, p->value, of_pays, p);
	else
		reference_each_commune(ref, if_inside, p);
	if (how == FILTER_PAYS && p->count > 0)
		add_code(p, value);
	buf_str(&p->json, p->json.len == 0 ? "[]" : "]");
	return p->count;
}

/* --- conditions --- */

static void where_one(sqlite3_str *sql, size_t f, const char *alias, const struct schema_field *c, const char *value)
{
	bool list = c->type == TYPE_LIST;

	if (filters[f].how == FILTER_FILLED && strcmp(value, "1") == 0)
		sqlite3_str_appendf(sql, "%s.\"%w\" IS NOT NULL", alias, c->name);
	else if (list)
		sqlite3_str_appendf(sql, "instr('|' || %s.\"%w\" || '|', %Q)", alias, c->name, value);
	else
		sqlite3_str_appendf(sql, "%s.\"%w\" = %Q", alias, c->name, value);
}

/* `value`: the code, |code| for lists, the JSON array of codes for places. */
static void where_columns(sqlite3_str *sql, size_t f, const char *alias, const struct schema_kind *k, const char *value,
			  const char *barred, const char *codes)
{
	const struct schema_field *columns[COLUMNS_MAX];
	size_t n = columns_of(k, f, columns);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sqlite3_str_appendall(sql, " OR ");
		if (codes != NULL && columns[i]->type == TYPE_LIST)
			sqlite3_str_appendf(sql, "EXISTS(SELECT 1 FROM json_each(%Q) WHERE instr('|' || %s.\"%w\" || '|', '|' || value || '|'))",
					    codes, alias, columns[i]->name);
		else if (codes != NULL)
			sqlite3_str_appendf(sql, "%s.\"%w\" IN (SELECT value FROM json_each(%Q))", alias, columns[i]->name, codes);
		else
			where_one(sql, f, alias, columns[i], columns[i]->type == TYPE_LIST ? barred : value);
	}
	if (n == 0)
		sqlite3_str_appendall(sql, "0");
}

/* A record that says nothing of its own has what its structure has. */
static void where_inherited(sqlite3_str *sql, size_t f, const struct kind_map *m, const char *value, const char *barred,
			    const char *codes)
{
	const struct schema_kind *structure = schema_kind_named(slice_str("structure"));
	const struct schema_field *columns[COLUMNS_MAX];
	size_t n = columns_of(m->k, f, columns);

	sqlite3_str_appendall(sql, " OR (");
	for (size_t i = 0; i < n; i++)
		sqlite3_str_appendf(sql, "t.\"%w\" IS NULL AND ", columns[i]->name);
	sqlite3_str_appendf(sql, "t.\"%w\" IN (SELECT s.uid FROM structure s WHERE ", m->k->fields[m->structure].name);
	where_columns(sql, f, "s", structure, value, barred, codes);
	sqlite3_str_appendall(sql, "))");
}

static void where_filter(sqlite3_str *sql, size_t f, const struct kind_map *m, const char *value, const struct reference *ref)
{
	bool place = filters[f].how >= FILTER_COMMUNE && filters[f].how <= FILTER_PAYS;
	char *barred = sqlite3_mprintf("|%s|", value);
	struct place_codes p;

	if (place)
		(void)place_codes(&p, ref, filters[f].how, value);
	sqlite3_str_appendall(sql, " AND (");
	where_columns(sql, f, "t", m->k, value, barred, place ? buf_cstr(&p.json) : NULL);
	if (inherited[f] && m->structure >= 0)
		where_inherited(sql, f, m, value, barred, place ? buf_cstr(&p.json) : NULL);
	sqlite3_str_appendall(sql, ")");
	if (place)
		buf_done(&p.json);
	sqlite3_free(barred);
}

static void where_valid(sqlite3_str *sql, const struct schema_kind *k, const char *day)
{
	for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++)
		if (column(k, periods[i].from) != NULL && column(k, periods[i].to) != NULL)
			sqlite3_str_appendf(sql, " AND substr(coalesce(t.\"%w\", '0000'), 1, 10) <= %Q"
						 " AND substr(coalesce(t.\"%w\", '9999'), 1, 10) >= %Q",
					    periods[i].from, day, periods[i].to, day);
}

void filter_where(sqlite3_str *sql, const struct search *s, const struct kind_map *m, const struct reference *ref)
{
	for (size_t f = 0; f < SEARCH_FILTERS; f++) {
		if (!given(s, f))
			continue;
		if (filters[f].how == FILTER_OWNER)
			sqlite3_str_appendf(sql, " AND t.pole IN (%Q, 'pole-' || %Q)", s->filters[f], s->filters[f]);
		else if (filters[f].how == FILTER_DATE)
			where_valid(sql, m->k, s->filters[f]);
		else if (filters[f].how == FILTER_LATE)
			sqlite3_str_appendf(sql, " AND t.\"%w\" < %Q", filters[f].columns, s->today);
		else
			where_filter(sql, f, m, s->filters[f], ref);
	}
}

void filter_match(struct buf *match, const struct search *s, const struct kind_map *m)
{
	const struct schema_field *columns[COLUMNS_MAX];

	for (size_t f = 0; f < SEARCH_FILTERS; f++) {
		size_t n = given(s, f) && filters[f].how == FILTER_CODE ? columns_of(m->k, f, columns) : 0;
		bool indexed = n > 0;

		for (size_t i = 0; i < n; i++)
			indexed = indexed && columns[i]->flags & FIELD_SEARCH;
		if (!indexed || strchr(s->filters[f], '"') != NULL)
			continue;
		buf_printf(match, "%s{texte} : \"", match->len > 0 ? " AND " : "");
		value_fold_text(slice_str(s->filters[f]), false, match);
		buf_str(match, "\"");
	}
}

/* --- checks --- */

/* Is it in use, where no list says what may be? */
static bool code_borne(struct reader *r, const struct schema_kind *k, const struct schema_field *c, const char *code)
{
	const struct slice args[] = {slice_str(code)};
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT EXISTS (SELECT 1 FROM \"%s\" WHERE instr('|' || \"%s\" || '|', '|' || ?1 || '|') > 0)", k->name, c->name);
	return reader_number(r, sql, args, 1) > 0;
}

static bool column_knows(struct reader *r, const struct schema_kind *k, const struct schema_field *c, const char *code)
{
	const struct slice args[] = {slice_str(c->refers ? c->refers : ""), slice_str(code)};

	if (c->codes != NULL && among(c->codes, slice_str(code)))
		return true;
	if (r == NULL)
		return c->codes == NULL || c->refers != NULL;
	if (c->codes == NULL)
		return code_borne(r, k, c, code);
	return c->refers != NULL && reader_number(r, "SELECT count(*) FROM code_liste WHERE liste = ?1 AND code = ?2", args, 2) > 0;
}

static void name_column(struct reader *r, const struct schema_kind *k, const struct schema_field *c, struct buf *why)
{
	struct buf values;
	char sql[320];

	buf_init(&values, 16384);
	if (c->codes != NULL) {
		codes_known(r, c, NULL, "|", &values);
	} else if (r != NULL) {
		snprintf(sql, sizeof(sql), "SELECT group_concat(v, '|') FROM (SELECT DISTINCT i.value AS v FROM \"%s\" t, " ITEMS("t.\"%s\"") " i"
			 " WHERE i.value <> '' ORDER BY v LIMIT 40)", k->name, c->name);
		(void)reader_text(r, sql, NULL, 0, &values);
	}
	if (values.len > 0)
		buf_printf(why, "%s%s.%s: %s", why->len > 0 ? "; " : _("known: "), k->name, c->name, buf_cstr(&values));
	buf_done(&values);
}

/* A list that several kinds share is named once. */
static bool same_list(const struct schema_field *a, const struct schema_field *b)
{
	return a != NULL && a->codes != NULL && b->codes != NULL && strcmp(a->codes, b->codes) == 0;
}

static bool code_known(const struct search *s, size_t f, struct reader *r, struct buf *why)
{
	const struct schema_field *columns[COLUMNS_MAX], *last = NULL;
	bool known = false;

	for (unsigned naming = 0; naming < 2 && !known; naming++)
		for (size_t i = 0; i < schema_kind_count && !known; i++) {
			const struct schema_kind *k = &schema_kinds[i];
			size_t n = s->kind == NULL || s->kind == k ? columns_of(k, f, columns) : 0;

			for (size_t c = 0; c < n && !known; c++) {
				if (naming == 0)
					known = column_knows(r, k, columns[c], s->filters[f]);
				else if (!same_list(last, columns[c]))
					name_column(r, k, last = columns[c], why);
			}
		}
	return known;
}

static bool owner_known(const char *owner, struct reader *r, struct buf *why)
{
	const struct slice args[] = {slice_str(owner)};

	if (r == NULL || reader_number(r, "SELECT count(*) FROM meta_pole WHERE pole IN (?1, 'pole-' || ?1)", args, 1) > 0)
		return true;
	buf_str(why, _("known: "));
	(void)reader_text(r, "SELECT group_concat(pole, '|') FROM (SELECT DISTINCT pole FROM meta_pole ORDER BY pole)", NULL, 0, why);
	return false;
}

enum es_err filter_check(const struct search *s, enum search_filter f, const struct search_source *from, struct buf *why)
{
	const char *value = s->filters[f];
	struct place_codes p;
	bool good = true;
	struct buf codes;

	buf_init(&codes, 65536);
	switch (filters[f].how) {
	case FILTER_CODE:
		good = code_known(s, f, from->reader, &codes);
		break;
	case FILTER_FILLED:
		good = strcmp(value, "1") == 0 || code_known(s, f, from->reader, &codes);
		break;
	case FILTER_COMMUNE:
	case FILTER_EPCI:
	case FILTER_DEPARTEMENT:
	case FILTER_PAYS:
		good = place_codes(&p, from->ref, filters[f].how, value) > 0;
		buf_done(&p.json);
		buf_str(&codes, _("no commune of the reference lies there"));
		break;
	case FILTER_DATE:
		good = strlen(value) == SEARCH_DATE_LEN && value_time_seconds(slice_str(value)) != INT64_MIN;
		buf_str(&codes, _("a day is YYYY-MM-DD, or today"));
		break;
	case FILTER_LATE:
		good = strcmp(value, "1") == 0;
		break;
	case FILTER_OWNER:
		good = owner_known(value, from->reader, &codes);
		break;
	}
	if (!good)
		buf_printf(why, _("%s: '%s' is not known; %s"), search_filter_names[f], value,
			   codes.len > 0 ? buf_cstr(&codes) : _("no record here bears one; 'essaim codes' has the lists"));
	buf_done(&codes);
	return good ? ES_OK : ES_BAD_VALUE;
}

/* --- what is over --- */

/* statut IN ('archivee', ...), of the codes that the column has. */
static bool closed_codes(sqlite3_str *sql, const struct schema_field *f)
{
	const char *comma = "";

	for (const char *at = CLOSED_CODES, *end; *at != '\0'; at = *end == '\0' ? end : end + 1) {
		end = strchr(at, '|');
		end = end == NULL ? at + strlen(at) : end;
		if (f->codes != NULL && !among(f->codes, SLICE(at, (size_t)(end - at))))
			continue;
		if (comma[0] == '\0')
			sqlite3_str_appendf(sql, "\"%w\" IN (", f->name);
		sqlite3_str_appendf(sql, "%s'%.*s'", comma, (int)(end - at), at);
		comma = ",";
	}
	if (comma[0] != '\0')
		sqlite3_str_appendall(sql, ")");
	return comma[0] != '\0';
}

static const char *day_column(const struct kind_day *days, size_t count, const struct schema_kind *k)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(days[i].kind, k->name) == 0)
			return days[i].column;
	return NULL;
}

static const char *end_column(const struct schema_kind *k)
{
	return day_column(ends, sizeof(ends) / sizeof(*ends), k);
}

bool filter_closed(sqlite3_str *sql, const struct schema_kind *k, unsigned condition, const char *day)
{
	static const char *const states[] = {"statut", "etat"};

	if (condition < 2) {
		const struct schema_field *f = column(k, states[condition]);

		return f != NULL && f->type == TYPE_CODE && closed_codes(sql, f);
	}
	const char *name = condition == CLOSED_TO_COME ? day_column(begins, sizeof(begins) / sizeof(*begins), k) : end_column(k);
	if (name == NULL || day[0] == '\0')
		return false;
	sqlite3_str_appendf(sql, condition == CLOSED_TO_COME ? "\"%w\" > %Q" : "\"%w\" < %Q", name, day);
	return true;
}

static enum es_err create_closed(sqlite3 *db, const struct schema_kind *k, unsigned condition)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	enum es_err err = ES_OK;
	char *text;

	sqlite3_str_appendf(sql, "CREATE INDEX \"%w_fini_%u\" ON \"%w\"(rec) WHERE ", k->name, condition, k->name);
	bool any = filter_closed(sql, k, condition, "");
	text = sqlite3_str_finish(sql);
	if (any)
		err = text == NULL ? ES_NOMEM : sql_exec(db, text);
	sqlite3_free(text);
	return err;
}

static enum es_err create_index(sqlite3 *db, const struct schema_kind *k, const char *name, const char *where)
{
	if (name == NULL || column(k, name) == NULL)
		return ES_OK;
	return sql_execf(db, "CREATE INDEX \"%w_%w\" ON \"%w\"(\"%w\")%s", k->name, name, k->name, name, where);
}

/* The order of a list that nothing was asked of (search_hits.c). */
static enum es_err create_titles(sqlite3 *db, const struct schema_kind *k)
{
	if (!search_is_card(k))
		return ES_OK;
	return sql_execf(db, "CREATE INDEX \"%w_liste\" ON \"%w\"(\"%w\" COLLATE NOCASE, uid, pole)", k->name, k->name, k->title);
}

enum es_err filter_create_indexes(sqlite3 *db, const struct schema_kind *k)
{
	enum es_err err = create_index(db, k, "code_insee", "");

	if (err == ES_OK && column(k, "siae_type") != NULL)
		err = create_index(db, k, "siae_type", " WHERE siae_type IS NOT NULL");
	if (err == ES_OK)
		err = create_index(db, k, end_column(k), "");
	if (err == ES_OK)
		err = create_titles(db, k);
	for (unsigned c = 0; c < 2 && err == ES_OK; c++)
		err = create_closed(db, k, c);
	return err;
}
