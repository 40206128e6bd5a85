/* SPDX-License-Identifier: Apache-2.0
 *
 * A report for people and programs, and the frozen one back from its records. */
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/report/report_parts.h"
#include "proto/value.h"

#define DECLARED_MAX 2000
#define DECLARED_BYTES (DECLARED_MAX * 512)

static bool seen(const struct report *r, const struct report_view *v, struct report_row *row)
{
	const struct report_place *place = &r->places.list[row->place];

	if (v->has_place && (place->type != v->type || strcmp(place->code, v->code) != 0))
		return false;
	if (!v->public_only)
		return true;
	report_row_publish(row);
	return report_row_public(r, row);
}

static void pair(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":", key);
	json_quote(slice_str(text), out);
}

static void row_json(const struct report *r, const struct report_row *row, struct buf *out)
{
	const struct report_place *place = &r->places.list[row->place];
	struct buf name;

	buf_init(&name, 4096);
	report_row_name(row, &name);
	buf_printf(out, "{\"mois\":\"%s\"", r->month.text);
	pair(out, "territoire_type", report_place_types[place->type]);
	pair(out, "territoire_code", place->code);
	pair(out, "territoire_nom", place->name);
	pair(out, "indicateur", buf_cstr(&name));
	pair(out, "libelle", row->ind->label);
	pair(out, "label", row->ind->english);
	pair(out, "sens", row->ind->sens == SENS_EVITE ? "evite" : "apporte");
	if (row->masked)
		buf_str(out, ",\"valeur\":null,\"n\":null,\"masque\":true");
	else
		buf_printf(out, ",\"valeur\":%lld,\"n\":%lld,\"masque\":false", (long long)row->value, (long long)row->n);
	pair(out, "unite", row->ind->unit);
	pair(out, "definition_version", row->ind->version);
	buf_str(out, "}");
	buf_done(&name);
}

void report_json(const struct report *r, const struct report_view *v, struct slice poles, struct buf *out)
{
	struct buf items;
	int64_t total = 0;
	char iso[25];

	buf_init(&items, 64u << 20);
	for (size_t i = 0; i < r->count; i++) {
		struct report_row row = r->rows[i];

		if (!seen(r, v, &row))
			continue;
		buf_str(&items, total++ ? "," : "");
		row_json(r, &row, &items);
	}
	stamp_text(stamp_at(r->month.cutoff), iso);
	buf_printf(out, "{\"mois\":\"%s\",\"etat\":\"%s\",\"arrete\":\"%s\"", r->month.text, r->frozen ? "fige" : "provisoire", iso);
	pair(out, "format", r->format);
	pair(out, "empreinte", r->digest);
	buf_str(out, ",\"note\":");
	json_quote(buf_slice(&r->note), out);
	buf_str(out, ",\"poles\":");
	buf_add(out, poles.p, poles.len);
	buf_printf(out, ",\"public\":%s,\"total\":%lld,\"items\":[", v->public_only ? "true" : "false", (long long)total);
	buf_add(out, items.p, items.len);
	buf_str(out, "]}");
	buf_done(&items);
}

static void cell(struct buf *line, const char *text)
{
	bool quoted = strpbrk(text, ",\"\r\n") != NULL;

	buf_str(line, quoted ? "\"" : "");
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			buf_add_u8(line, '"');
		buf_add_u8(line, (uint8_t)*p);
	}
	buf_str(line, quoted ? "\"," : ",");
}

static void row_csv(const struct report *r, const struct report_row *row, struct buf *line)
{
	const struct report_place *place = &r->places.list[row->place];
	struct buf name;

	buf_init(&name, 4096);
	report_row_name(row, &name);
	cell(line, r->month.text);
	cell(line, report_place_types[place->type]);
	cell(line, place->code);
	cell(line, place->name);
	cell(line, buf_cstr(&name));
	if (row->masked)
		buf_str(line, ",");
	else
		buf_printf(line, "%lld,", (long long)row->value);
	cell(line, row->ind->unit);
	if (row->masked)
		buf_str(line, ",oui,");
	else
		buf_printf(line, "%lld,non,", (long long)row->n);
	buf_printf(line, "%s\n", row->ind->version);
	buf_done(&name);
}

enum es_err report_csv(const struct report *r, const struct report_view *v, FILE *out)
{
	struct buf line;
	enum es_err err = ES_OK;

	buf_init(&line, 1 << 20);
	buf_str(&line, "mois,territoire_type,territoire_code,territoire_nom,indicateur,valeur,unite,n,masque,definition_version\n");
	for (size_t i = 0; i <= r->count && err == ES_OK; i++) {
		err = buf_err(&line);
		if (err == ES_OK && fwrite(line.p, 1, line.len, out) != line.len)
			err = ES_IO;
		buf_clear(&line);
		if (i == r->count)
			break;
		struct report_row row = r->rows[i];

		if (seen(r, v, &row))
			row_csv(r, &row, &line);
	}
	buf_done(&line);
	return err;
}

enum es_err report_export(struct reader *r, const struct report_month *m, bool public_only, FILE *out)
{
	struct report_ask ask = {.month = *m};
	struct report_view v = {.public_only = public_only};
	struct report report;
	enum es_err err = report_frozen(r, m, &report);

	if (err == ES_NOT_FOUND)
		err = report_compute(r, &ask, &report);
	if (err != ES_OK)
		return err;
	err = report_csv(&report, &v, out);
	report_done(&report);
	return err;
}

/* --- frozen --- */

static const char *keep(struct buf *memory, struct slice text)
{
	const char *at = (const char *)memory->p + memory->len;

	buf_add(memory, text.p, text.len);
	buf_add_u8(memory, 0);
	return at;
}

/* The table's own where its definition is still that of then; else what the records say. */
static const struct indicator *indicator_then(struct report *out, struct slice code, struct slice version, sqlite3_stmt *s)
{
	const struct indicator *now = indicator_named(code);

	if (now && slice_eq(slice_str(now->version), version))
		return now;
	for (size_t i = 0; i < out->declared_count; i++)
		if (slice_eq(slice_str(out->declared[i].code), code) && slice_eq(slice_str(out->declared[i].version), version))
			return &out->declared[i];
	if (out->declared_count == DECLARED_MAX)
		return NULL;
	struct indicator *ind = &out->declared[out->declared_count++];

	if (now)
		*ind = *now;
	else
		*ind = (struct indicator){.code = keep(&out->memory, code), .label = keep(&out->memory, sql_text(s, 7)),
					  .unit = keep(&out->memory, sql_text(s, 8)),
					  .sens = slice_eq(sql_text(s, 9), slice_str("evite")) ? SENS_EVITE : SENS_APPORTE};
	ind->version = keep(&out->memory, version);
	return buf_err(&out->memory) == ES_OK ? ind : NULL;
}

static enum es_err add_frozen(struct report *out, sqlite3_stmt *s)
{
	struct slice name = sql_text(s, 0);
	const uint8_t *colon = memchr(name.p, ':', name.len);
	size_t len = colon ? (size_t)(colon - name.p) : name.len;
	struct report_row row = {.value = sqlite3_column_int64(s, 3), .n = sqlite3_column_int64(s, 4), .masked = sqlite3_column_int(s, 5) != 0};
	unsigned type;

	if (!report_place_type(sql_text(s, 1), &type) || !report_place_find(&out->places, type, sql_text(s, 2), &row.place))
		return ES_OK;
	row.ind = indicator_then(out, SLICE(name.p, len), sql_text(s, 6), s);
	if (!row.ind)
		return ES_NOMEM;
	if (colon)
		snprintf(row.detail, sizeof row.detail, "%.*s", (int)(name.len - len - 1), (const char *)colon + 1);
	return report_add(out, &row);
}

/* Territories that were in it and are no more. */
static enum es_err ensure_places(struct reader *r, struct report *out)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(r->db, "SELECT DISTINCT territoire_type, territoire_code FROM mesure WHERE pole LIKE 'cress-%'"
					     " AND mois = ?1 AND masque IS NOT NULL", &s);

	sql_bind_text(s, 1, slice_str(out->month.text));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		unsigned type;

		if (report_place_type(sql_text(s, 0), &type))
			err = report_place_ensure(&out->places, type, sql_text(s, 1));
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static enum es_err read_rows(struct reader *r, struct report *out)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(r->db,
		"SELECT m.indicateur, territoire_type, territoire_code, valeur, n, masque, coalesce(m.definition_version, '1'),"
		" coalesce(i.nom, m.indicateur), coalesce(i.unite, ''), i.sens FROM mesure m LEFT JOIN indicateur i ON i.code = m.indicateur"
		" AND i.uid = (SELECT min(uid) FROM indicateur x WHERE x.code = i.code AND x.pole LIKE 'cress-%')"
		" WHERE m.pole LIKE 'cress-%' AND m.mois = ?1 AND masque IS NOT NULL AND structure_uid IS NULL ORDER BY m.uid", &s);

	buf_init(&out->memory, DECLARED_BYTES);
	out->declared = calloc(DECLARED_MAX, sizeof *out->declared);
	if (err == ES_OK && (!out->declared || !buf_reserve(&out->memory, DECLARED_BYTES)))
		err = ES_NOMEM;
	sql_bind_text(s, 1, slice_str(out->month.text));
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = add_frozen(out, s);
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

enum es_err report_frozen(struct reader *r, const struct report_month *m, struct report *out)
{
	sqlite3_stmt *s = NULL;
	enum es_err err;

	*out = (struct report){.month = *m, .frozen = true};
	buf_init(&out->note, 1 << 16);
	err = sql_prepare(r->db, "SELECT empreinte, coalesce(format, ''), coalesce(note, ''), substr(frontiere, 8, 20) FROM rapport WHERE mois = ?1 AND pole LIKE 'cress-%'"
				 " ORDER BY uid, pole LIMIT 1", &s);
	if (err == ES_OK) {
		sql_bind_text(s, 1, slice_str(m->text));
		err = sqlite3_step(s) == SQLITE_ROW ? ES_OK : ES_NOT_FOUND;
	}
	if (err == ES_OK) {
		struct slice note = sql_text(s, 2);

		snprintf(out->digest, sizeof out->digest, "%s", (const char *)sqlite3_column_text(s, 0));
		snprintf(out->format, sizeof out->format, "%s", (const char *)sqlite3_column_text(s, 1));
		buf_add(&out->note, note.p, note.len);
		out->month.cutoff = report_time_ms(sql_text(s, 3)); /* "arrete=TIME ..." */
	}
	sqlite3_finalize(s);
	if (err == ES_OK)
		err = report_places_open(r, m->to, &out->places);
	if (err == ES_OK)
		err = ensure_places(r, out);
	if (err == ES_OK)
		err = read_rows(r, out);
	report_sort(out);
	if (err != ES_OK)
		report_done(out);
	return err;
}

/* --- who takes part --- */

enum es_err report_poles(struct reader *r, struct buf *json)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	int64_t n = 0;
	enum es_err err = sql_prepare(r->db, "SELECT pole, (SELECT max(maj) FROM structure WHERE structure.pole = meta_pole.pole) FROM meta_pole"
					     " WHERE pole LIKE 'pole-%' GROUP BY pole ORDER BY pole", &s);

	buf_str(json, "[");
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		const struct pays *pays = reference_pays(r->ref, SLICE(sql_text(s, 0).p + 5, sql_text(s, 0).len - 5));

		buf_str(json, n++ ? ",{\"pole\":" : "{\"pole\":");
		json_quote(sql_text(s, 0), json);
		pair(json, "nom", pays ? pays->name : "");
		buf_str(json, ",\"derniere_maj\":");
		json_quote(sql_text(s, 1), json);
		buf_str(json, "}");
	}
	buf_str(json, "]");
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

/* --- EPCI, met or not --- */

/* The communes of the i-th place, as JSON. */
static void communes_of(const struct report_places *places, size_t i, struct buf *json)
{
	buf_str(json, "[");
	for (size_t k = 0; k < places->member_count; k++)
		if (places->members[k].place == i)
			buf_printf(json, "%s\"%s\"", json->len > 1 ? "," : "", places->members[k].commune);
	buf_str(json, "]");
}

static enum es_err epci_json(sqlite3_stmt *s, const struct report_places *places, size_t i, struct slice to, int64_t *met, struct buf *items)
{
	struct buf communes;

	buf_init(&communes, 1 << 16);
	communes_of(places, i, &communes);
	sql_bind_text(s, 1, slice_str(places->list[i].code));
	sql_bind_text(s, 2, to);
	sql_bind_text(s, 3, buf_slice(&communes));
	int rc = sqlite3_step(s);
	bool yes = rc == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL;

	buf_printf(items, "%s{\"code\":\"%s\",\"nom\":", items->len ? "," : "", places->list[i].code);
	json_quote(slice_str(places->list[i].name), items);
	buf_printf(items, ",\"rencontre\":%s,\"le\":", yes ? "true" : "false");
	json_quote(yes ? sql_text(s, 0) : SLICE("", 0), items);
	buf_str(items, "}");
	*met += yes;
	enum es_err err = sql_end(s, rc);
	buf_done(&communes);
	return err;
}

enum es_err report_epci(struct reader *r, const struct report_month *m, struct buf *json)
{
	struct report_places places;
	sqlite3_stmt *s = NULL;
	int64_t total = 0, met = 0;
	struct buf items;
	enum es_err err = report_places_open(r, m->to, &places);

	if (err != ES_OK)
		return err;
	buf_init(&items, 1 << 20);
	err = sql_prepare(r->db, "SELECT min(le) FROM (SELECT le FROM epci_contact WHERE code_epci = ?1 UNION ALL"
				 " SELECT substr(debut, 1, 10) AS le FROM evenement WHERE type_evenement = 'ess_tour' AND statut = 'realise'"
				 " AND code_insee IN (SELECT value FROM json_each(?3))) WHERE le <= ?2", &s);
	for (size_t i = 0; i < places.count && err == ES_OK; i++) {
		if (places.list[i].type != PLACE_EPCI)
			continue;
		total++;
		err = epci_json(s, &places, i, slice_str(m->to), &met, &items);
	}
	sqlite3_finalize(s);
	buf_printf(json, "{\"total\":%lld,\"rencontres\":%lld,\"items\":[", (long long)total, (long long)met);
	buf_add(json, items.p, items.len);
	buf_str(json, "]}");
	buf_done(&items);
	report_places_done(&places);
	return err;
}
