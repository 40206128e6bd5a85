/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/directory/reader_due.h"

#include <string.h>

#include "daemon/directory/directory_sql.h"
#include "daemon/rules/checking.h"
#include "proto/value.h"

#define LATE_DAYS "30"
#define OPEN_STATES "('repere', 'exploration', 'formalise', 'actif', 'en_pause')"
#define OWN_POLE "(SELECT pole FROM meta_pole WHERE hub = CAST(?2 AS BLOB))"

/* Both structures, by the partnership `p`. */
#define WITH_SIDES \
	" LEFT JOIN structure a ON a.uid = p.structure_a_uid LEFT JOIN structure b ON b.uid = p.structure_b_uid"
#define SIDES \
	"'partenariat', p.uid, 'forme', p.forme, 'etat', p.etat," \
	" 'structure_a', json_object('uid', p.structure_a_uid, 'nom', a.nom, 'etat', a.etat)," \
	" 'structure_b', json_object('uid', p.structure_b_uid, 'nom', b.nom, 'etat', b.etat)"

/* Until Sunday. */
#define DUE " FROM suivi s JOIN partenariat p ON p.uid = s.partenariat_uid" WITH_SIDES \
	" WHERE s.etat = 'prevu' AND s.date <= date(?1, 'weekday 0')"
#define IS_LATE "julianday(?1) - julianday(s.date) >= " LATE_DAYS

static const char due_list[] =
	"SELECT json_object('date', s.date, 'uid', s.uid, 'echeance_mois', s.echeance_mois,"
	" 'jours', CAST(julianday(?1) - julianday(s.date) AS INTEGER), 'en_retard', json(iif(" IS_LATE ", 'true', 'false')), " SIDES ")"
	DUE " GROUP BY s.rec ORDER BY s.date, s.uid";
static const char due_count[] = "SELECT count(DISTINCT s.rec)" DUE " AND NOT " IS_LATE;
static const char late_count[] = "SELECT count(DISTINCT s.rec)" DUE " AND " IS_LATE;

/* The last follow-up that was done of each partnership, beside the two before. */
#define DONE \
	"WITH valeur AS (SELECT uid, partenariat_uid, date, risque_objectifs, risque_mesure_impact, risque_desequilibre, risque_legitimite," \
	"  max(coalesce(risque_objectifs, 0), coalesce(risque_mesure_impact, 0), coalesce(risque_desequilibre, 0)," \
	"   coalesce(risque_legitimite, 0)) AS pire," \
	"  coalesce(risque_objectifs, 0) + coalesce(risque_mesure_impact, 0) + coalesce(risque_desequilibre, 0)" \
	"   + coalesce(risque_legitimite, 0) AS somme" \
	"  FROM suivi WHERE coalesce(etat, 'fait') = 'fait' AND coalesce(risque_objectifs, risque_mesure_impact, risque_desequilibre," \
	"   risque_legitimite) IS NOT NULL)," \
	" rang AS (SELECT *, lag(somme, 1) OVER w AS avant, lag(somme, 2) OVER w AS encore_avant," \
	"  row_number() OVER (PARTITION BY partenariat_uid ORDER BY date DESC, uid DESC) AS n FROM valeur" \
	"  WINDOW w AS (PARTITION BY partenariat_uid ORDER BY date, uid)) "
#define AT_RISK " FROM rang s JOIN partenariat p ON p.uid = s.partenariat_uid" WITH_SIDES \
	" WHERE s.n = 1 AND p.etat IN ('actif', 'en_pause') AND (s.pire >= 2 OR (s.somme > s.avant AND s.avant > s.encore_avant))"

static const char risk_list[] =
	DONE "SELECT json_object('date', s.date, 'uid', s.uid, 'motif', iif(s.pire >= 2, 'risque', 'hausse'),"
	" 'risques', json_object('objectifs', s.risque_objectifs, 'mesure_impact', s.risque_mesure_impact,"
	" 'desequilibre', s.risque_desequilibre, 'legitimite', s.risque_legitimite), " SIDES ")"
	AT_RISK " GROUP BY s.uid ORDER BY s.date, s.uid";
static const char risk_count[] = DONE "SELECT count(DISTINCT s.uid)" AT_RISK;

static const char to_close[] =
	"SELECT json_object(" SIDES ") FROM partenariat p" WITH_SIDES " WHERE p.etat IN " OPEN_STATES " AND p.pole = " OWN_POLE
	" AND (a.etat = 'fermee' OR b.etat = 'fermee') GROUP BY p.rec ORDER BY p.uid";

/* --- lists of objects --- */

struct objects {
	struct buf *json;
	const char *comma;
};

static bool add_object(void *ctx, struct slice text)
{
	struct objects *o = ctx;

	buf_str(o->json, o->comma);
	buf_add(o->json, text.p, text.len);
	o->comma = ",\n";
	return true;
}

static enum es_err object_list(struct reader *r, const char *name, const char *sql, const struct slice *args, size_t count,
			       struct buf *json)
{
	struct objects o = {.json = json, .comma = ""};

	buf_printf(json, ",\"%s\":[", name);
	enum es_err err = reader_texts(r, sql, args, count, add_object, &o);
	buf_str(json, "]");
	return err;
}

static enum es_err due_lists(struct reader *r, const char *on, struct buf *json)
{
	struct slice args[] = {slice_str(on), SLICE(r->local.bytes, sizeof(r->local.bytes))};
	enum es_err err = object_list(r, "suivis", due_list, args, 1, json);

	if (err == ES_OK)
		err = object_list(r, "alertes", risk_list, args, 0, json);
	return err == ES_OK ? object_list(r, "a_clore", to_close, args, 2, json) : err;
}

enum es_err reader_due(struct reader *r, const char *on, struct buf *json)
{
	enum es_err err = reader_begin(r);

	buf_str(json, "{\"on\":");
	json_quote(slice_str(on), json);
	if (err == ES_OK)
		err = due_lists(r, on, json);
	buf_str(json, "}");
	reader_end(r);
	return err == ES_OK ? buf_err(json) : err;
}

void reader_due_counts(struct reader *r, const char *on, struct due_counts *out)
{
	const struct slice day = slice_str(on);

	*out = (struct due_counts){0};
	if (reader_number(r, "SELECT EXISTS (SELECT 1 FROM suivi)", NULL, 0) == 0)
		return;
	out->due = reader_number(r, due_count, &day, 1);
	out->late = reader_number(r, late_count, &day, 1);
	out->risk = reader_number(r, risk_count, NULL, 0);
}

/* --- the ethical charter anew --- */

/* What a structure says itself goes before what was said for it. */
static const char renewals[] =
	"WITH dit AS (SELECT s.uid, s.nom, s.pole, s.etat, coalesce(s.charte_version, (SELECT x.version FROM acceptation_charte x"
	"  WHERE x.structure_uid = s.uid ORDER BY x.le DESC, x.uid DESC LIMIT 1)) AS version FROM structure s)"
	" SELECT json_object('uid', d.uid, 'nom', d.nom, 'owner', d.pole, 'version', d.version, 'partenariats', json((SELECT"
	"  json_group_array(json_object('uid', p.uid, 'forme', p.forme, 'etat', p.etat)) FROM (SELECT * FROM partenariat"
	"  WHERE d.uid IN (structure_a_uid, structure_b_uid) AND etat IN ('formalise', 'actif', 'en_pause') ORDER BY uid) p)))"
	" FROM dit d WHERE d.version <> " ETHICAL_VERSION("?1") " AND coalesce(d.etat, 'active') = 'active'"
	" AND (?3 = 'all' OR d.pole = " OWN_POLE ")"
	" AND NOT EXISTS (SELECT 1 FROM acceptation_charte y WHERE y.structure_uid = d.uid AND y.version = " ETHICAL_VERSION("?1") ")"
	" ORDER BY d.nom, d.uid";

enum es_err reader_renewals(struct reader *r, const char *today, bool all, struct buf *json)
{
	const struct slice args[] = {slice_str(today), SLICE(r->local.bytes, sizeof(r->local.bytes)), slice_str(all ? "all" : "own")};
	enum es_err err = reader_begin(r);
	struct buf version;

	buf_init(&version, 4096);
	(void)!reader_text(r, "SELECT " ETHICAL_VERSION("?1"), args, 1, &version);
	buf_str(json, "{\"version\":");
	json_quote(buf_slice(&version), json);
	if (err == ES_OK)
		err = object_list(r, "items", renewals, args, 3, json);
	buf_str(json, "}");
	buf_done(&version);
	reader_end(r);
	return err == ES_OK ? buf_err(json) : err;
}

/* --- clauses --- */

void reader_clause_hours(struct reader *r, const char *uid, struct buf *json)
{
	const struct slice args[] = {slice_str(uid)};
	struct buf hours;

	buf_init(&hours, 4096);
	if (reader_text(r, "SELECT json_object('heures_clauses', json_object('prevues', coalesce(sum(heures_prevues), 0), 'realisees',"
			   " coalesce(sum(heures_realisees), 0))) FROM clause WHERE partenariat_uid = ?1 HAVING count(*) > 0",
			args, 1, &hours)) {
		json->len--;
		buf_str(json, ",\"derived\":");
		buf_add(json, hours.p, hours.len);
		buf_str(json, "}");
	}
	buf_done(&hours);
}
