/* SPDX-License-Identifier: Apache-2.0
 *
 * One establishment in several hubs' directories: the same SIRET, or two that somebody
 * says are one; the decision is identity.h's. And what only looks like it: one RNA
 * where a SIRET is missing; one enterprise with several establishments. */
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "proto/value.h"

const char *reader_canonical_sql(void)
{
	return "canonique AS (SELECT * FROM structure WHERE rec NOT IN (SELECT rec FROM alias))";
}

enum es_err reader_identity(struct reader *r, struct identity **out)
{
	enum es_err err = r->identity.one ? ES_OK : identity_open(r->db, &r->identity);

	*out = &r->identity;
	return err;
}

struct listing {
	struct reader *r;
	struct identity *identity;
	struct buf *json;
	int64_t *seen; /* those whose family is written */
	size_t seen_count;
	int64_t count;
};

/* --- one family --- */

static bool is_twin(const struct family *f, size_t i)
{
	for (size_t b = 0; b < f->kin_count; b++)
		if (b != i && f->kin[i].siret[0] && strcmp(f->kin[i].siret, f->kin[b].siret) == 0)
			return true;
	for (size_t s = 0; s < f->saying_count; s++)
		if (f->sayings[s].a == i || f->sayings[s].b == i)
			return true;
	return false;
}

static const char *state_name(enum pair_state state)
{
	static const char *const names[] = {"detecte", "propose", "accepte", "separe"};

	return names[state];
}

/* The hub's own answer about the two, as its last record has it. */
static void write_answer(const struct family *f, size_t i, size_t canonical, struct buf *json)
{
	static const char *const names[] = {"propose", "accepte", "refuse", "annule"};
	const struct saying *s = i == canonical ? NULL : family_word(f, i, canonical, f->kin[i].pole);

	for (size_t b = 0; i == canonical && !s && b < f->kin_count; b++)
		if (b != i)
			s = family_word(f, b, i, f->kin[i].pole);
	if (s)
		buf_printf(json, ",\"answer\":\"%s\"", names[s->what]);
}

static enum es_err write_name(struct listing *l, int64_t rec)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = sql_prepare(l->r->db, "SELECT nom FROM structure WHERE rec = ?1", &s);

	if (err == ES_OK) {
		sqlite3_bind_int64(s, 1, rec);
		if (sqlite3_step(s) == SQLITE_ROW)
			json_quote(sql_text(s, 0), l->json);
		else
			buf_str(l->json, "\"\"");
	}
	sqlite3_finalize(s);
	return err;
}

/* The names of the fields in which the two differ; no value. */
static enum es_err write_differences(struct listing *l, int64_t a, int64_t b)
{
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));
	const char *comma = "";
	sqlite3_stmt *s = NULL;
	struct buf sql;
	enum es_err err;

	buf_init(&sql, 16384);
	buf_str(&sql, "SELECT 0");
	for (size_t i = 0; i < k->field_count; i++)
		buf_printf(&sql, ", a.%s IS NOT b.%s", k->fields[i].name, k->fields[i].name);
	buf_str(&sql, " FROM structure a, structure b WHERE a.rec = ?1 AND b.rec = ?2");
	err = sql_prepare(l->r->db, buf_cstr(&sql), &s);
	buf_done(&sql);
	if (err != ES_OK)
		return err;
	sqlite3_bind_int64(s, 1, a);
	sqlite3_bind_int64(s, 2, b);
	buf_str(l->json, ",\"differ\":[");
	if (sqlite3_step(s) == SQLITE_ROW)
		for (size_t i = 0; i < k->field_count; i++)
			if (k->fields[i].no >= FIELD_OWN && sqlite3_column_int(s, (int)i + 1)) {
				buf_printf(l->json, "%s\"%s\"", comma, k->fields[i].name);
				comma = ",";
			}
	buf_str(l->json, "]");
	sqlite3_finalize(s);
	return ES_OK;
}

static enum es_err write_kin(struct listing *l, const struct family *f, size_t i, size_t canonical)
{
	buf_printf(l->json, "{\"uid\":\"%s\",\"owner\":", f->kin[i].uid);
	json_quote(slice_str(f->kin[i].pole), l->json);
	buf_str(l->json, ",\"nom\":");
	enum es_err err = write_name(l, f->kin[i].rec);
	write_answer(f, i, canonical, l->json);
	if (i != canonical) {
		buf_printf(l->json, ",\"state\":\"%s\"", state_name(family_pair(f, i, canonical)));
		if (err == ES_OK)
			err = write_differences(l, f->kin[canonical].rec, f->kin[i].rec);
	}
	buf_str(l->json, "}");
	return err;
}

static size_t next_twin(const struct family *f, const char *after)
{
	size_t next = KIN_NONE;

	for (size_t i = 0; i < f->kin_count; i++)
		if (is_twin(f, i) && strcmp(f->kin[i].uid, after) > 0 &&
		    (next == KIN_NONE || strcmp(f->kin[i].uid, f->kin[next].uid) < 0))
			next = i;
	return next;
}

/* The state of the whole: that of the first one that is not linked. */
static void write_decision(const struct family *f, size_t canonical, struct buf *json)
{
	enum pair_state state = PAIR_LINKED;
	const struct saying *word = NULL;

	for (size_t i = 0; i < f->kin_count; i++) {
		const struct saying *w = i == canonical || !is_twin(f, i) ? NULL : family_word(f, i, canonical, NULL);

		if (i != canonical && is_twin(f, i) && state == PAIR_LINKED)
			state = family_pair(f, i, canonical);
		if (w && (!word || strcmp(w->uid, word->uid) < 0))
			word = w;
	}
	buf_printf(json, ",\"state\":\"%s\"", state_name(state));
	if (word)
		buf_printf(json, ",\"doublon\":\"%s\",\"since\":\"%s\"", word->uid, word->le);
}

static enum es_err write_family(struct listing *l, const struct family *f)
{
	size_t first = next_twin(f, ""), canonical;
	enum es_err err = ES_OK;

	if (first == KIN_NONE)
		return ES_OK;
	canonical = f->kin[first].counted;
	buf_str(l->json, l->count++ ? ",{\"siret\":" : "{\"siret\":");
	if (f->kin[first].siret[0])
		json_quote(slice_str(f->kin[first].siret), l->json);
	else
		buf_str(l->json, "null");
	buf_printf(l->json, ",\"canonical\":\"%s\"", f->kin[canonical].uid);
	write_decision(f, canonical, l->json);
	buf_str(l->json, ",\"items\":[");
	for (size_t i = first; i != KIN_NONE && err == ES_OK; i = next_twin(f, f->kin[i].uid)) {
		buf_str(l->json, i == first ? "" : ",");
		err = write_kin(l, f, i, canonical);
	}
	buf_str(l->json, "]}");
	return err == ES_OK ? buf_err(l->json) : err;
}

/* --- all of them --- */

static bool is_seen(const struct listing *l, int64_t rec)
{
	for (size_t i = l->seen_count; i-- > 0;)
		if (l->seen[i] == rec)
			return true;
	return false;
}

static enum es_err note_seen(struct listing *l, const struct family *f)
{
	int64_t *more = realloc(l->seen, (l->seen_count + f->kin_count + 1) * sizeof *more);

	if (!more)
		return ES_NOMEM;
	l->seen = more;
	for (size_t i = 0; i < f->kin_count; i++)
		l->seen[l->seen_count++] = f->kin[i].rec;
	return ES_OK;
}

static enum es_err list_family(struct listing *l, int64_t rec)
{
	struct family f;
	enum es_err err;

	if (is_seen(l, rec))
		return ES_OK;
	err = identity_family(l->identity, rec, &f);
	if (err == ES_OK)
		err = note_seen(l, &f);
	if (err == ES_OK && f.kin_count > 1)
		err = write_family(l, &f);
	family_done(&f);
	return err;
}

static enum es_err list_duplicates(struct listing *l)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(l->r->db,
		"SELECT rec FROM (SELECT rec, siret, uid FROM structure WHERE siret IN"
		" (SELECT siret FROM structure WHERE siret IS NOT NULL GROUP BY siret HAVING count(DISTINCT pole) > 1)"
		" UNION SELECT s.rec, s.siret, s.uid FROM doublon_fiche f CROSS JOIN structure s WHERE s.uid = f.uid)"
		" ORDER BY siret IS NULL, siret, uid, rec", &s);

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = list_family(l, sqlite3_column_int64(s, 0));
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

/* Rows of (group, uid, pole, nom, siret) as groups; returns how many. */
static enum es_err write_groups(struct reader *r, const char *sql, const char *key, struct buf *json, int64_t *count)
{
	sqlite3_stmt *s = NULL;
	struct buf open; /* the group that is open */
	int rc = SQLITE_DONE;
	enum es_err err = sql_prepare(r->db, sql, &s);

	buf_init(&open, 64);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		bool same = *count > 0 && slice_eq(sql_text(s, 0), buf_slice(&open));

		if (!same) {
			buf_printf(json, "%s{\"%s\":", (*count)++ ? "]}," : "", key);
			json_quote(sql_text(s, 0), json);
			buf_str(json, ",\"items\":[");
			buf_clear(&open);
			buf_add(&open, sql_text(s, 0).p, sql_text(s, 0).len);
		}
		buf_str(json, same ? ",{\"uid\":" : "{\"uid\":");
		json_quote(sql_text(s, 1), json);
		buf_str(json, ",\"owner\":");
		json_quote(sql_text(s, 2), json);
		buf_str(json, ",\"nom\":");
		json_quote(sql_text(s, 3), json);
		if (sqlite3_column_type(s, 4) != SQLITE_NULL) {
			buf_str(json, ",\"siret\":");
			json_quote(sql_text(s, 4), json);
		}
		buf_str(json, "}");
		err = buf_err(json);
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	buf_str(json, *count > 0 ? "]}" : "");
	buf_done(&open);
	return err;
}

enum es_err reader_duplicates(struct reader *r, struct buf *json)
{
	struct listing l = {.r = r};
	struct buf items;
	int64_t candidates = 0;
	enum es_err err = reader_begin(r);

	buf_init(&items, 64u << 20);
	l.json = &items;
	if (err == ES_OK)
		err = reader_identity(r, &l.identity);
	if (err == ES_OK)
		err = list_duplicates(&l);
	buf_printf(json, "{\"total\":%lld,\"items\":[", (long long)l.count);
	buf_add(json, items.p, items.len);
	buf_str(json, "],\"candidates\":[");
	if (err == ES_OK)
		err = write_groups(r,
			"SELECT rna, uid, pole, nom, siret FROM structure WHERE rna IN (SELECT rna FROM structure WHERE rna IS NOT NULL"
			" AND uid NOT IN (SELECT uid FROM doublon_fiche) GROUP BY rna"
			" HAVING count(DISTINCT pole) > 1 AND count(siret) < count(*)) ORDER BY rna, uid, pole", "rna", json, &candidates);
	buf_str(json, "]}");
	reader_end(r);
	buf_done(&items);
	free(l.seen);
	return err == ES_OK ? buf_err(json) : err;
}

bool reader_two_establishments(struct reader *r, struct slice a, struct slice b)
{
	return reader_number(r, "SELECT count(*) FROM structure a, structure b WHERE a.uid = ?1 AND b.uid = ?2"
				" AND a.siren = b.siren AND a.siret <> b.siret", (const struct slice[]){a, b}, 2) > 0;
}

enum es_err reader_siblings(struct reader *r, struct buf *json)
{
	struct buf items;
	int64_t count = 0;
	enum es_err err = reader_begin(r);

	buf_init(&items, 64u << 20);
	if (err == ES_OK)
		err = write_groups(r,
			"SELECT substr(siret, 1, 9) AS siren, uid, pole, nom, siret FROM structure WHERE substr(siret, 1, 9) IN"
			" (SELECT substr(siret, 1, 9) FROM structure WHERE siret IS NOT NULL"
			"  GROUP BY 1 HAVING count(DISTINCT siret) > 1) AND rec NOT IN (SELECT rec FROM alias)"
			" ORDER BY 1, siret, uid, pole", "siren", &items, &count);
	buf_printf(json, "{\"total\":%lld,\"items\":[", (long long)count);
	buf_add(json, items.p, items.len);
	buf_str(json, "]}");
	reader_end(r);
	buf_done(&items);
	return err == ES_OK ? buf_err(json) : err;
}

static bool says(const struct shown *shown, const struct kind_map *m, const struct slice *values)
{
	for (size_t i = 0; i < m->k->field_count; i++)
		if (values[i].len > 0 && !slice_eq(values[i], shown->value[i]))
			return false;
	return true;
}

bool reader_repeats(struct reader *r, const struct structure_match *m, const struct slice *values)
{
	const struct kind_map *map = kind_maps_find(&r->maps, schema_kind_named(slice_str("structure"))->no);
	const char *key = m->siret.len > 0 ? "siret = ?1" : m->rna.len > 0 ? "rna = ?1" :
			  "siret IS NULL AND rna IS NULL AND nom = ?1 AND code_insee = ?2";
	sqlite3_stmt *s = NULL;
	struct shown shown;
	bool found = false;

	if (sql_preparef(r->db, &s, "SELECT e.state FROM structure t JOIN etat e ON e.rec = t.rec WHERE %s AND pole <> ?3", key) != ES_OK)
		return false;
	sql_bind_text(s, 1, m->siret.len > 0 ? m->siret : m->rna.len > 0 ? m->rna : m->nom);
	if (m->siret.len == 0 && m->rna.len == 0)
		sql_bind_text(s, 2, m->code_insee);
	sqlite3_bind_text(s, 3, m->pole, -1, SQLITE_STATIC);
	while (!found && sqlite3_step(s) == SQLITE_ROW) {
		shown_read(&shown, map, sql_blob(s, 0));
		found = says(&shown, map, values);
	}
	sqlite3_finalize(s);
	return found;
}
