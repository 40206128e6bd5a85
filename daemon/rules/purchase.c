/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rules/purchase.h"

#include <stdio.h>
#include <string.h>

#include "daemon/directory/directory_sql.h"
#include "daemon/report/report.h"
#include "daemon/search/score.h"
#include "proto/value.h"

/* --- tiers --- */

static bool number_read(struct slice text, int64_t *out)
{
	int64_t n = 0;

	if (text.len == 0 || text.len > 12)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		n = 10 * n + (text.p[i] - '0');
	}
	*out = n;
	return true;
}

bool purchase_tier_read(struct slice item, struct purchase_tier *out)
{
	const uint8_t *colon = item.len ? memchr(item.p, ':', item.len) : NULL;
	size_t at = colon ? (size_t)(colon - item.p) : 0;
	struct purchase_tier tier;

	if (!colon || !number_read(SLICE(item.p, at), &tier.quantity) ||
	    !number_read(SLICE(colon + 1, item.len - at - 1), &tier.cents) || tier.quantity == 0)
		return false;
	*out = tier;
	return true;
}

bool purchase_tiers_valid(struct slice list, struct slice *bad)
{
	struct purchase_tier before = {0, INT64_MAX}, tier;
	struct slice rest = list, item;

	*bad = list;
	if (list.len == 0)
		return false;
	while (score_list_next(&rest, &item)) {
		*bad = item;
		if (!purchase_tier_read(item, &tier) || tier.quantity <= before.quantity || tier.cents >= before.cents)
			return false;
		before = tier;
	}
	return true;
}

/* The tier nearest to `total`, of those that it reaches or of the others. */
static bool nearest(struct slice list, int64_t total, bool reached, struct purchase_tier *out)
{
	struct purchase_tier tier;
	int64_t best = INT64_MAX;
	struct slice item;

	while (score_list_next(&list, &item)) {
		if (!purchase_tier_read(item, &tier))
			continue;
		int64_t away = reached ? total - tier.quantity : tier.quantity - total - 1;

		if (away >= 0 && away < best) {
			best = away;
			*out = tier;
		}
	}
	return best < INT64_MAX;
}

bool purchase_reached(struct slice list, int64_t total, struct purchase_tier *out)
{
	return nearest(list, total, true, out);
}

bool purchase_next(struct slice list, int64_t total, struct purchase_tier *out)
{
	return nearest(list, total, false, out);
}

/* --- a purchase as it stands --- */

#define IN_TIME "coalesce(g.le, '') <= a.echeance"
#define COMMITTED(what) "(SELECT " what " FROM engagement_achat g WHERE g.achat_uid = a.uid AND " IN_TIME ")"
static const char columns[] =
	"SELECT a.uid, a.titre, a.pole, a.famille, a.unite, a.echeance, coalesce(a.statut, 'ouvert'), a.paliers, a.palier_prix_cents,"
	" " COMMITTED("count(*)") ", " COMMITTED("coalesce(sum(g.quantite), 0)") ", coalesce(a.regle_le > a.echeance, 0) FROM achat_mutualise a ";
enum { UID, TITRE, POLE, FAMILLE, UNITE, ECHEANCE, STATUT, PALIERS, PRIX, COUNT, TOTAL, BY_DEADLINE };

static int64_t written_cents(sqlite3_stmt *s)
{
	return sqlite3_column_type(s, PRIX) == SQLITE_INTEGER ? sqlite3_column_int64(s, PRIX) : -1;
}

static struct purchase_due end_of(sqlite3_stmt *s, struct slice today)
{
	struct purchase_tier tier = {0, -1};
	bool reached = purchase_reached(sql_text(s, PALIERS), sqlite3_column_int64(s, TOTAL), &tier);
	bool over = slice_cmp(sql_text(s, ECHEANCE), today) < 0;

	bool decided = !sqlite3_column_int(s, BY_DEADLINE);

	if (decided && slice_eq(sql_text(s, STATUT), slice_str("abandonne")))
		return (struct purchase_due){"abandonne", -1};
	if (decided && slice_eq(sql_text(s, STATUT), slice_str("conclu")))
		return (struct purchase_due){"conclu", written_cents(s) >= 0 ? written_cents(s) : tier.cents};
	if (!over)
		return (struct purchase_due){"ouvert", tier.cents};
	return (struct purchase_due){reached ? "conclu" : "abandonne", tier.cents};
}

int64_t purchase_total(struct reader *r, const char *uid)
{
	const struct slice args[] = {slice_str(uid)};

	return reader_number(r, "SELECT coalesce(sum(g.quantite), 0) FROM engagement_achat g JOIN achat_mutualise a ON a.uid = g.achat_uid"
				" WHERE a.uid = ?1 AND " IN_TIME, args, 1);
}

static void text_json(sqlite3_stmt *s, int column, const char *name, struct buf *json)
{
	buf_printf(json, "%s\"%s\":", column == UID ? "{" : ",", name);
	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		buf_str(json, "null");
	else
		json_quote(sql_text(s, column), json);
}

static void tier_json(const char *name, bool there, const struct purchase_tier *t, int64_t missing, struct buf *json)
{
	if (name)
		buf_printf(json, ",\"%s\":", name);
	if (!there) {
		buf_str(json, "null");
		return;
	}
	buf_printf(json, "{\"quantite\":%lld,\"prix_cents\":%lld", (long long)t->quantity, (long long)t->cents);
	if (missing > 0)
		buf_printf(json, ",\"manque\":%lld", (long long)missing);
	buf_str(json, "}");
}

static void tiers_json(sqlite3_stmt *s, struct buf *json)
{
	struct slice list = sql_text(s, PALIERS), rest = list, item;
	int64_t total = sqlite3_column_int64(s, TOTAL);
	struct purchase_tier tier = {0};
	const char *comma = "";

	tier_json("palier", purchase_reached(list, total, &tier), &tier, 0, json);
	bool more = purchase_next(list, total, &tier);
	tier_json("suivant", more, &tier, tier.quantity - total, json);
	buf_str(json, ",\"paliers\":[");
	while (score_list_next(&rest, &item)) {
		if (!purchase_tier_read(item, &tier))
			continue;
		buf_str(json, comma);
		tier_json(NULL, true, &tier, 0, json);
		comma = ",";
	}
	buf_str(json, "]");
}

static void show(sqlite3_stmt *s, struct slice today, struct buf *json)
{
	static const char *const names[] = {"uid", "titre", "owner", "famille", "unite", "echeance"};
	struct purchase_due end = end_of(s, today);

	for (int i = UID; i <= ECHEANCE; i++)
		text_json(s, i, names[i], json);
	buf_printf(json, ",\"statut\":\"%s\",\"prix_cents\":", end.statut);
	if (end.cents < 0)
		buf_str(json, "null");
	else
		buf_printf(json, "%lld", (long long)end.cents);
	buf_printf(json, ",\"total\":%lld,\"engagements\":%lld", (long long)sqlite3_column_int64(s, TOTAL),
		   (long long)sqlite3_column_int64(s, COUNT));
	tiers_json(s, json);
}

static const char by_hub[] =
	"SELECT json_object('pole', g.pole, 'engagements', count(*), 'total', sum(g.quantite))"
	" FROM engagement_achat g JOIN achat_mutualise a ON a.uid = g.achat_uid WHERE a.uid = ?1 AND " IN_TIME
	" GROUP BY g.pole ORDER BY g.pole";

enum es_err purchase_show(struct reader *r, const char *uid, struct slice today, struct buf *json)
{
	const struct slice args[] = {slice_str(uid)};
	sqlite3_stmt *s = NULL;
	enum es_err err = reader_begin(r);

	if (err == ES_OK)
		err = sql_preparef(r->db, &s, "%sWHERE a.uid = ?1 ORDER BY a.pole LIMIT 1", columns);
	if (err == ES_OK) {
		sql_bind_text(s, 1, args[0]);
		int rc = sqlite3_step(s);
		err = rc == SQLITE_ROW ? ES_OK : rc == SQLITE_DONE ? ES_NOT_FOUND : sql_err(rc);
	}
	if (err == ES_OK) {
		show(s, today, json);
		buf_str(json, ",\"poles\":[");
		err = reader_json_rows(r, by_hub, args, 1, json);
		buf_str(json, "]}");
	}
	sqlite3_finalize(s);
	reader_end(r);
	return err == ES_OK ? buf_err(json) : err;
}

/* --- those that ended --- */

static void note(int64_t *count, char *titles, size_t size, struct slice title)
{
	size_t len = strlen(titles);

	(*count)++;
	if (len + title.len + 8 < size)
		snprintf(titles + len, size - len, "%s%.*s", len ? ", " : "", (int)title.len, (const char *)title.p);
	else if (len + 4 < size && (len < 3 || strcmp(titles + len - 3, "...") != 0))
		snprintf(titles + len, size - len, "...");
}

static const char recent[] =
	"WHERE (a.pole = ?1 OR EXISTS (SELECT 1 FROM engagement_achat g WHERE g.achat_uid = a.uid AND g.pole = ?1))"
	" AND (a.echeance < ?2 OR a.statut IN ('conclu', 'abandonne')) AND a.echeance >= date(?2, '-' || ?3 || ' days')"
	" ORDER BY a.echeance, a.uid, a.pole";

enum es_err purchases_ended(struct reader *r, struct slice today, struct purchases_ended *out)
{
	char own[HUB_POLE_MAX];
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = report_own_pole(r, own);

	*out = (struct purchases_ended){0};
	if (err == ES_OK)
		err = sql_preparef(r->db, &s, "%s%s", columns, recent);
	if (err == ES_OK) {
		sql_bind_text(s, 1, slice_str(own));
		sql_bind_text(s, 2, today);
		sqlite3_bind_int(s, 3, PURCHASE_TOLD_DAYS);
	}
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		if (strcmp(end_of(s, today).statut, "conclu") == 0)
			note(&out->concluded, out->concluded_titles, sizeof out->concluded_titles, sql_text(s, TITRE));
		else
			note(&out->abandoned, out->abandoned_titles, sizeof out->abandoned_titles, sql_text(s, TITRE));
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

/* --- those to be written --- */

static const char due[] =
	"WHERE a.pole = ?1 AND a.echeance < ?2 AND (coalesce(a.statut, 'ouvert') = 'ouvert' OR (a.regle_le > a.echeance"
	" AND a.echeance >= date(?2, '-' || ?3 || ' days'))) ORDER BY a.uid";

static bool is_written(sqlite3_stmt *s, const struct purchase_due *end)
{
	return slice_eq(sql_text(s, STATUT), slice_str(end->statut)) && written_cents(s) == end->cents;
}

enum es_err purchases_due(struct reader *r, const char *pole, struct slice today,
			  bool (*each)(void *ctx, struct slice uid, struct purchase_due due), void *ctx)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	bool more = true;
	enum es_err err = sql_preparef(r->db, &s, "%s%s", columns, due);

	if (err == ES_OK) {
		sql_bind_text(s, 1, slice_str(pole));
		sql_bind_text(s, 2, today);
		sqlite3_bind_int(s, 3, PURCHASE_TOLD_DAYS);
	}
	while (err == ES_OK && more && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct purchase_due end = end_of(s, today);

		if (!is_written(s, &end))
			more = each(ctx, sql_text(s, UID), end);
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}
