/* SPDX-License-Identifier: Apache-2.0
 *
 * What the page draws of a territory: where structures are, how partnerships went
 * from month to month, who meets when and with how many seats. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/directory/directory_sql.h"

/* Only what is public, to those who read no more. */
#define SEEN "(?2 = '' OR portee = 'public')"

static struct slice public_only(const struct request *r)
{
	return slice_str(r->within == SCOPE_PUBLIC ? "public" : "");
}

static enum es_err list_rows(struct request *r, struct reader *reader, const char *sql, const struct slice *args, size_t count)
{
	enum es_err err;

	buf_str(&r->out, "{\"items\":[");
	err = reader_json_rows(reader, sql, args, count, &r->out);
	buf_str(&r->out, "]}");
	return err == ES_OK ? buf_err(&r->out) : err;
}

/* --- coverage: communes of the Pays, with their structures --- */

struct coverage {
	struct request *r;
	size_t count;
};

/* A commune of several Pays is a line in each. Where its place is but estimated it
 * counts and is not drawn. */
static bool add_commune(void *ctx, const struct slice *columns)
{
	struct coverage *c = ctx;
	const struct commune *place = reference_commune(c->r->api->ref, columns[1]);
	struct buf *out = &c->r->out;

	buf_printf(out, "%s{\"pays\":", c->count++ ? "," : "");
	json_quote(SLICE(columns[0].p + 5, columns[0].len - 5), out);
	buf_str(out, ",\"code\":");
	json_quote(columns[1], out);
	buf_str(out, ",\"nom\":");
	json_quote(slice_str(place ? place->name : ""), out);
	if (place && place->has_point && !place->estimated)
		buf_printf(out, ",\"lat\":%.5f,\"lon\":%.5f", place->lat_e7 / 1e7, place->lon_e7 / 1e7);
	else
		buf_str(out, ",\"lat\":null,\"lon\":null");
	buf_printf(out, ",\"structures\":%.*s}", (int)columns[2].len, (const char *)columns[2].p);
	return true;
}

enum es_err api_coverage(struct request *r, struct reader *reader)
{
	char pole[HUB_POLE_MAX] = "";
	struct coverage c = {.r = r};
	struct buf sql;
	enum es_err err;

	if (request_param(r, "pays")[0])
		snprintf(pole, sizeof pole, "pole-%.20s", request_param(r, "pays"));
	buf_init(&sql, 2000);
	buf_printf(&sql, "WITH %s, n AS (SELECT code_insee, count(*) AS n FROM canonique WHERE etat IS NOT 'fermee'"
			 " AND statut_ess IN ('de_droit', 'justifie') AND " SEEN " GROUP BY code_insee)"
			 " SELECT p.pole, p.code_insee, coalesce(n.n, 0) FROM pays_commune p LEFT JOIN n ON n.code_insee = p.code_insee"
			 " WHERE p.pole LIKE 'pole-%%' AND (?1 = '' OR p.pole = ?1) ORDER BY p.pole, p.code_insee",
		   reader_canonical_sql());
	const struct slice args[] = {slice_str(pole), public_only(r)};
	buf_str(&r->out, "{\"items\":[");
	err = reader_rows(reader, buf_cstr(&sql), args, 2, add_commune, &c);
	buf_printf(&r->out, "],\"total\":%zu}", c.count);
	buf_done(&sql);
	return err == ES_OK ? buf_err(&r->out) : err;
}

/* --- a series: partnerships at the end of each month, by the hub that holds them --- */

/* One that is closed was active until its last day; one without a first day, since ever. */
static const char series[] =
	"WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i + 1 < CAST(?1 AS INTEGER)),"
	" m(mois, fin) AS (SELECT strftime('%Y-%m', ?2, 'start of month', '-' || i || ' months'),"
	"  min(?2, date(?2, 'start of month', '-' || i || ' months', '+1 month', '-1 day')) FROM k)"
	" SELECT json_object('mois', mois, 'poles', json((SELECT json_group_object(pole, n) FROM (SELECT pole, count(*) AS n FROM partenariat"
	"  WHERE (etat IN ('formalise', 'actif', 'en_pause') OR (etat = 'clos' AND date_fin > fin))"
	"  AND coalesce(date_debut, '') <= fin GROUP BY pole ORDER BY pole)))) FROM m ORDER BY mois";

enum es_err api_series(struct request *r, struct reader *reader)
{
	const char *asked = request_param(r, "months");
	long months = asked[0] ? strtol(asked, NULL, 10) : 24;
	char today[11], count[8];

	if (months < 1 || months > 120) {
		buf_str(&r->why, _("months: from 1 to 120"));
		return ES_BAD_VALUE;
	}
	today_text(today);
	snprintf(count, sizeof count, "%ld", months);
	return list_rows(r, reader, series, (const struct slice[]){slice_str(count), slice_str(today)}, 2);
}

/* --- meetings to come, with their seats --- */

struct meetings {
	struct request *r;
	struct node *n;
	size_t count;
};

static void seats_of(struct meetings *m, struct slice uid)
{
	struct id16 event;
	struct seats e = {0};

	if (ulid_decode((const char *)uid.p, uid.len, event.bytes) && node_seats(m->n, &event, &e) == ES_OK)
		buf_printf(&m->r->out, ",\"granted\":%lld,\"waiting\":%lld", (long long)e.granted, (long long)e.waiting);
	seats_done(&e);
}

static bool add_meeting(void *ctx, const struct slice *columns)
{
	struct meetings *m = ctx;
	struct buf *out = &m->r->out;

	buf_str(out, m->count++ ? "," : "");
	buf_add(out, columns[1].p, columns[1].len - 1); /* the object goes on */
	seats_of(m, columns[0]);
	buf_str(out, "}");
	return true;
}

static const char coming[] =
	"SELECT uid, json_object('uid', uid, 'titre', titre, 'type', type_evenement, 'filiere', filiere, 'debut', debut, 'fin', fin,"
	" 'lieu', lieu, 'owner', pole, 'capacity', capacite, 'unit', coalesce(unite_capacite, 'personne'), 'statut', statut)"
	" FROM evenement WHERE substr(debut, 1, 10) >= ?1 AND coalesce(statut, '') NOT IN ('annule', 'realise')"
	" GROUP BY uid ORDER BY debut, uid LIMIT 50";

enum es_err api_meetings(struct request *r, struct node *n)
{
	struct meetings m = {.r = r, .n = n};
	char today[11];
	enum es_err err = ES_OK;

	today_text(today);
	buf_str(&r->out, "{\"items\":[");
	if (n->reader)
		err = reader_rows(n->reader, coming, (const struct slice[]){slice_str(today)}, 1, add_meeting, &m);
	buf_printf(&r->out, "],\"total\":%zu}", m.count);
	return err == ES_OK ? buf_err(&r->out) : err;
}
