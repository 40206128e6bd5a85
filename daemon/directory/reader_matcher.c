/* SPDX-License-Identifier: Apache-2.0
 *
 * One scan of the structures, then sorted keys: an import of a hundred thousand
 * lines asks as often, and names are compared folded, which SQL cannot. */
#include "daemon/exchange/matcher.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/directory/directory_sql.h"
#include "proto/value.h"

#define ROWS_MAX (1u << 26)
#define NAME_MAX_BYTES 2048

enum by { BY_SIRET, BY_EARLIER, BY_RNA, BY_LINE, BY_NAME, BY_SIREN, BY_COUNT };

/* One structure; 0 where it has no such number. */
struct row {
	struct id16 uid;
	uint64_t siret, siren, rna, nom, code_insee;
};
struct entry {
	uint64_t key;
	uint32_t row; /* ascending uid: the oldest first */
	uint32_t by;
};
struct matcher {
	struct buf rows, entries;
};

static uint64_t mix(uint64_t h, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ text.p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* 0 only for nothing. */
static uint64_t key_of(struct slice a, struct slice b)
{
	if (a.len == 0)
		return 0;
	return mix(mix(mix(UINT64_C(0xcbf29ce484222325), a), SLICE("", 1)), b) | 1;
}

/* Names as search has them: no accents, no case, an apostrophe joins. */
static uint64_t name_key(struct slice name, struct slice code_insee)
{
	char mem[NAME_MAX_BYTES];
	struct buf folded;

	buf_init_fixed(&folded, mem, sizeof(mem));
	value_fold_text(name, true, &folded);
	return buf_err(&folded) == ES_OK && code_insee.len > 0 ? key_of(buf_slice(&folded), code_insee) : 0;
}

static uint64_t siren_key(struct slice siren, struct slice code_insee)
{
	return code_insee.len > 0 ? key_of(siren, code_insee) : 0;
}

/* The very line again: neither number, name and commune to the letter. */
static uint64_t line_key(const struct structure_line *l)
{
	return l->siret.len == 0 && l->rna.len == 0 && l->code_insee.len > 0 ? key_of(l->nom, l->code_insee) : 0;
}

static void add_entry(struct matcher *m, enum by by, uint64_t key, uint32_t row)
{
	struct entry e = {.key = key, .row = row, .by = by};

	if (key != 0)
		buf_add(&m->entries, &e, sizeof(e));
}

/* A list of earlier numbers, however dated: each run of 14 digits. */
static void add_earlier(struct matcher *m, struct slice list, uint32_t row)
{
	size_t digits = 0;

	for (size_t i = 0; i <= list.len; i++) {
		if (i < list.len && list.p[i] >= '0' && list.p[i] <= '9') {
			digits++;
			continue;
		}
		if (digits == 14)
			add_entry(m, BY_EARLIER, key_of(SLICE(list.p + i - 14, 14), SLICE_NONE), row);
		digits = 0;
	}
}

static void add_row(struct matcher *m, sqlite3_stmt *s)
{
	struct structure_line l = {.siret = sql_text(s, 1), .siren = sql_text(s, 2), .rna = sql_text(s, 3),
				   .nom = sql_text(s, 4), .code_insee = sql_text(s, 5)};
	struct slice uid = sql_text(s, 0);
	uint32_t at = (uint32_t)(m->rows.len / sizeof(struct row));
	struct row row = {.siret = key_of(l.siret, SLICE_NONE), .siren = key_of(l.siren, SLICE_NONE),
			  .rna = key_of(l.rna, SLICE_NONE), .nom = key_of(l.nom, SLICE_NONE),
			  .code_insee = key_of(l.code_insee, SLICE_NONE)};

	if (!ulid_decode((const char *)uid.p, uid.len, row.uid.bytes))
		return;
	buf_add(&m->rows, &row, sizeof(row));
	add_entry(m, BY_SIRET, row.siret, at);
	add_earlier(m, sql_text(s, 6), at);
	add_entry(m, BY_RNA, row.rna, at);
	add_entry(m, BY_LINE, line_key(&l), at);
	add_entry(m, BY_NAME, name_key(l.nom, l.code_insee), at);
	add_entry(m, BY_SIREN, siren_key(l.siren, l.code_insee), at);
}

static int by_entry(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->by != y->by)
		return x->by < y->by ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static enum es_err read_rows(struct matcher *m, struct reader *r, const char *pole)
{
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));
	const char *earlier = schema_field_named(k, slice_str("siret_precedents")) ? "siret_precedents" : "NULL";
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_preparef(r->db, &s,
		"SELECT uid, siret, siren, rna, nom, code_insee, %s FROM structure WHERE pole = %Q ORDER BY uid", earlier, pole);

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		add_row(m, s);
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

enum es_err matcher_open(struct reader *r, const char *pole, struct matcher **out)
{
	struct matcher *m = calloc(1, sizeof(*m));
	enum es_err err;

	if (m == NULL)
		return ES_NOMEM;
	buf_init(&m->rows, ROWS_MAX * sizeof(struct row));
	buf_init(&m->entries, ROWS_MAX * sizeof(struct entry));
	err = read_rows(m, r, pole);
	if (err == ES_OK)
		err = buf_err(&m->rows);
	if (err == ES_OK)
		err = buf_err(&m->entries);
	if (err != ES_OK) {
		matcher_close(m);
		return err;
	}
	if (m->entries.len > 0)
		qsort(m->entries.p, m->entries.len / sizeof(struct entry), sizeof(struct entry), by_entry);
	*out = m;
	return ES_OK;
}

void matcher_close(struct matcher *m)
{
	if (m == NULL)
		return;
	buf_done(&m->rows);
	buf_done(&m->entries);
	free(m);
}

static const struct row *row_at(const struct matcher *m, const struct entry *e)
{
	return (const struct row *)(const void *)m->rows.p + e->row;
}

/* The first entry with that key; *end behind the last. */
static const struct entry *entries_of(const struct matcher *m, enum by by, uint64_t key, const struct entry **end)
{
	const struct entry *all = (const struct entry *)(const void *)m->entries.p;
	size_t count = m->entries.len / sizeof(*all), low = 0, high = count;
	struct entry wanted = {.key = key, .by = by};

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_entry(&all[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; key != 0 && high < count && all[high].by == by && all[high].key == key;)
		high++;
	*end = all + high;
	return all + low;
}

static bool differ(uint64_t a, uint64_t b)
{
	return a != 0 && b != 0 && a != b;
}

/* One number may be several records': the one of that name and commune is meant, then
 * the oldest. An association's RNA is that of all its establishments: two SIRET tell
 * them apart. */
static bool found_sure(const struct matcher *m, enum by by, const struct structure_line *line, uint64_t key, const char *name,
		       struct exchange_match *out)
{
	uint64_t siret = key_of(line->siret, SLICE_NONE), nom = key_of(line->nom, SLICE_NONE);
	uint64_t code_insee = key_of(line->code_insee, SLICE_NONE);
	const struct entry *end, *e = entries_of(m, by, key, &end);
	const struct row *best = NULL;
	int least = 4;

	for (; key != 0 && e < end; e++) {
		const struct row *row = row_at(m, e);
		int apart = 2 * (row->nom != nom) + (row->code_insee != code_insee);

		if (apart >= least || (by == BY_RNA && differ(siret, row->siret)))
			continue;
		least = apart;
		best = row;
	}
	if (best)
		*out = (struct exchange_match){.by = name, .sure = true, .count = 1, .uids = {best->uid}};
	return best != NULL;
}

static void add_candidate(struct exchange_match *out, const char *by, const struct id16 *uid)
{
	for (size_t i = 0; i < out->count; i++) {
		if (id_eq(&out->uids[i], uid))
			return;
	}
	if (out->count == 0)
		out->by = by;
	if (out->count < EXCHANGE_CANDIDATES)
		out->uids[out->count++] = *uid;
}

void matcher_find(const struct matcher *m, const struct structure_line *line, struct exchange_match *out)
{
	uint64_t siret = key_of(line->siret, SLICE_NONE);

	*out = (struct exchange_match){0};
	if (m->entries.len == 0 || found_sure(m, BY_SIRET, line, siret, "siret", out) ||
	    found_sure(m, BY_EARLIER, line, siret, "siret_precedent", out))
		return;
	(void)found_sure(m, BY_RNA, line, key_of(line->rna, SLICE_NONE), "rna", out);
}

void matcher_resemble(const struct matcher *m, const struct structure_line *line, struct exchange_match *out)
{
	uint64_t siren = key_of(line->siren, SLICE_NONE), rna = key_of(line->rna, SLICE_NONE), key;
	const struct entry *end;

	*out = (struct exchange_match){0};
	if (m->entries.len == 0 || found_sure(m, BY_LINE, line, line_key(line), "nom_commune", out))
		return;
	key = siren_key(line->siren, line->code_insee);
	for (const struct entry *e = entries_of(m, BY_SIREN, key, &end); key != 0 && e < end; e++)
		add_candidate(out, "siren_commune", &row_at(m, e)->uid);
	key = name_key(line->nom, line->code_insee);
	for (const struct entry *e = entries_of(m, BY_NAME, key, &end); key != 0 && e < end; e++) {
		const struct row *row = row_at(m, e);

		/* Two legal units may bear one name. */
		if (!differ(siren, row->siren) && !differ(rna, row->rna))
			add_candidate(out, "nom_commune", &row->uid);
	}
}

static bool same_folded(struct slice a1, struct slice a2, struct slice b1, struct slice b2)
{
	char left[NAME_MAX_BYTES], right[NAME_MAX_BYTES];
	struct buf a, b;

	buf_init_fixed(&a, left, sizeof(left));
	buf_init_fixed(&b, right, sizeof(right));
	value_fold_text(a1, true, &a);
	value_fold_text(a2, true, &a);
	value_fold_text(b1, true, &b);
	value_fold_text(b2, true, &b);
	return buf_err(&a) == ES_OK && buf_err(&b) == ES_OK && a.len > 0 && slice_eq(buf_slice(&a), buf_slice(&b));
}

static bool same_contact(const struct contact_line *line, sqlite3_stmt *s, bool by_mail)
{
	if (by_mail)
		return same_folded(line->courriel, SLICE_NONE, sql_text(s, 1), SLICE_NONE);
	if (line->nom.len + line->prenom.len > 0)
		return same_folded(line->prenom, line->nom, sql_text(s, 2), sql_text(s, 3));
	return line->courriel.len == 0 && line->telephone.len > 0 && slice_eq(line->telephone, sql_text(s, 4));
}

bool reader_contact(struct reader *r, const char *pole, const struct id16 *structure, const struct contact_line *line,
		    struct id16 *uid)
{
	char text[ULID_LEN + 1];
	bool found = false;

	if (r->contacts == NULL &&
	    sql_prepare(r->db, "SELECT uid, courriel, prenom, nom, telephone FROM contact WHERE structure_uid = ?1 AND pole = ?2"
			       " ORDER BY uid", &r->contacts) != ES_OK)
		return false;
	ulid_encode(structure->bytes, text);
	sqlite3_bind_text(r->contacts, 1, text, ULID_LEN, SQLITE_TRANSIENT);
	sqlite3_bind_text(r->contacts, 2, pole, -1, SQLITE_TRANSIENT);
	for (int by_mail = 1; by_mail >= 0 && !found; by_mail--) {
		sqlite3_reset(r->contacts);
		while (!found && sqlite3_step(r->contacts) == SQLITE_ROW) {
			struct slice its = sql_text(r->contacts, 0);

			found = same_contact(line, r->contacts, by_mail) &&
				ulid_decode((const char *)its.p, its.len, uid->bytes);
		}
	}
	sqlite3_reset(r->contacts);
	return found;
}
