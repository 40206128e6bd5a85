/* SPDX-License-Identifier: Apache-2.0
 *
 * Records past their term, or near it (rgpd.def), and the requests that persons made. */
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/rgpd/rgpd.h"

struct dues {
	struct rgpd_due *list;
	size_t count, room;
};

static enum es_err add_due(struct dues *all, const struct rgpd_due *d)
{
	if (all->count == all->room) {
		size_t room = all->room ? all->room * 2 : 64;
		struct rgpd_due *more = realloc(all->list, room * sizeof *more);

		if (!more)
			return ES_NOMEM;
		all->list = more;
		all->room = room;
	}
	all->list[all->count++] = *d;
	return ES_OK;
}

/* The term's own arithmetic decides; SQL has only sorted out what is far from it. */
static enum es_err take_row(struct dues *all, const struct rgpd_term *t, sqlite3_stmt *s, const char *today)
{
	struct rgpd_due d = {.term = t};
	struct slice uid = sql_text(s, 0), since = sql_text(s, 1);
	char warned[11];

	if (!ulid_decode((const char *)uid.p, uid.len, d.uid.bytes) || since.len < 10 ||
	    !day_add_months(since, (int)t->months, d.due) || !day_add_months(slice_str(d.due), -(int)t->warned, warned))
		return ES_OK;
	memcpy(d.since, since.p, 10);
	d.past = strcmp(d.due, today) <= 0;
	return d.past || strcmp(warned, today) <= 0 ? add_due(all, &d) : ES_OK;
}

/* NAMES that are gone already are due no more. */
static void named_still(const struct schema_kind *k, sqlite3_str *sql)
{
	const char *word = " AND (";

	for (size_t i = 0; i < k->field_count; i++) {
		const struct schema_field *f = &k->fields[i];

		if ((!rgpd_names(f) && f->no != FIELD_EXTRA) || f->flags & FIELD_REQUIRED)
			continue;
		sqlite3_str_appendf(sql, "%st.\"%w\" IS NOT NULL", word, f->name);
		word = " OR ";
	}
	sqlite3_str_appendall(sql, word[1] == 'O' ? ")" : "");
}

static enum es_err prepare_term(struct reader *r, const struct rgpd_term *t, sqlite3_stmt **out)
{
	const struct schema_kind *k = schema_kind_named(slice_str(t->kind));
	sqlite3_str *sql = sqlite3_str_new(r->db);
	char *text;
	enum es_err err;

	sqlite3_str_appendf(sql, "SELECT t.uid, %s FROM \"%w\" t WHERE t.pole = ?1 AND %s <= ?2", t->since, t->kind, t->since);
	if (t->goes == RGPD_NAMES)
		named_still(k, sql);
	text = sqlite3_str_finish(sql);
	err = text ? sql_prepare(r->db, text, out) : ES_NOMEM;
	sqlite3_free(text);
	return err;
}

static enum es_err each_of_term(struct reader *r, const struct rgpd_term *t, const char *pole, const char *today, struct dues *all)
{
	sqlite3_stmt *s = NULL;
	char before[11];
	int rc = SQLITE_DONE;

	/* A day of a short month may stand for three of a long one; a time goes on behind its day. */
	if (t->goes == RGPD_NOTHING || !day_add_months(slice_str(today), (int)t->warned - (int)t->months, before) ||
	    !day_add_days(slice_str(before), 4, before))
		return ES_OK;
	enum es_err err = prepare_term(r, t, &s);
	if (err == ES_OK) {
		sqlite3_bind_text(s, 1, pole, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, before, -1, SQLITE_STATIC);
	}
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = take_row(all, t, s, today);
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static int by_due(const void *a, const void *b)
{
	const struct rgpd_due *x = a, *y = b;
	int order = strcmp(x->due, y->due);

	if (order == 0)
		order = strcmp(x->term->kind, y->term->kind);
	return order ? order : memcmp(x->uid.bytes, y->uid.bytes, 16);
}

/* A kind may have two terms: the first that ends counts. */
static bool said_before(const struct dues *all, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(all->list[k].term->kind, all->list[i].term->kind) == 0 && id_eq(&all->list[k].uid, &all->list[i].uid))
			return true;
	return false;
}

static bool has_two_terms(const struct rgpd_term *t)
{
	for (size_t i = 0; i < rgpd_term_count; i++)
		if (&rgpd_terms[i] != t && strcmp(rgpd_terms[i].kind, t->kind) == 0)
			return true;
	return false;
}

enum es_err rgpd_each_due(struct reader *r, const char *pole, const char *today,
			  bool (*each)(void *ctx, const struct rgpd_due *d), void *ctx)
{
	struct dues all = {0};
	enum es_err err = ES_OK;

	for (size_t i = 0; i < rgpd_term_count && err == ES_OK; i++)
		err = each_of_term(r, &rgpd_terms[i], pole, today, &all);
	if (err == ES_OK && all.count > 1)
		qsort(all.list, all.count, sizeof *all.list, by_due);
	for (size_t i = 0; i < all.count && err == ES_OK; i++)
		if ((!has_two_terms(all.list[i].term) || !said_before(&all, i)) && !each(ctx, &all.list[i]))
			break;
	free(all.list);
	return err;
}

/* --- requests --- */

static struct rgpd_request read_request(sqlite3_stmt *s)
{
	return (struct rgpd_request){
		.uid = sql_text(s, 0), .reference = sql_text(s, 1), .type = sql_text(s, 2), .received = sql_text(s, 3),
		.due = sql_text(s, 4), .longer = sqlite3_column_int(s, 5) == 1, .uids = sql_text(s, 6), .why = sql_text(s, 7),
		.closed = sql_text(s, 8)};
}

enum es_err rgpd_each_request(struct reader *r, const char *pole, bool (*each)(void *ctx, const struct rgpd_request *q),
			      void *ctx)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	bool more = true;
	enum es_err err = sql_prepare(r->db, "SELECT uid, reference, type_demande, recue_le, echeance, prolongee, uids, motif_refus, close_le"
					     " FROM demande_rgpd WHERE pole = ?1 ORDER BY recue_le, uid", &s);

	if (err == ES_OK)
		sqlite3_bind_text(s, 1, pole, -1, SQLITE_STATIC);
	while (err == ES_OK && more && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct rgpd_request q = read_request(s);

		more = each(ctx, &q);
	}
	if (err == ES_OK && more)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

bool rgpd_request_due(const struct rgpd_request *q, char out[11])
{
	return day_add_months(q->received, RGPD_ANSWER_MONTHS + (q->longer ? RGPD_LONGER_MONTHS : 0), out);
}
