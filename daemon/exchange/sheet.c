/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/exchange/sheet.h"

#include <stdio.h>
#include <string.h>

#include "daemon/directory/directory_sql.h"
#include "proto/value.h"

/* Of two hubs' records of one structure, the first by hub. */
#define NAME_OF(uid) "(SELECT nom FROM structure WHERE uid = " uid " ORDER BY pole LIMIT 1)"
#define SEATS \
	"place AS (SELECT value ->> '$.e' AS e, value ->> '$.p' AS p, value ->> '$.s' AS s, value ->> '$.n' AS n, value ->> '$.g' AS g" \
	" FROM json_each(?2) WHERE NOT value ->> '$.i')" /* what was noted is in the directory */
#define OF_KEY "FROM evenement WHERE (uid = ?1 OR serie = ?1) AND statut IS NOT 'annule'"

enum es_err sheet_events(struct reader *r, const char *key, bool (*each)(void *ctx, struct slice uid), void *ctx)
{
	const struct slice args[] = {slice_str(key)};

	return reader_texts(r, "SELECT DISTINCT uid FROM (SELECT uid " OF_KEY " ORDER BY rang, debut, uid)", args, 1, each, ctx);
}

/* --- attendance --- */

/* `venus`: how many came, NULL where nobody noted it. `passe`: it has taken place. */
#define ATTENDANCE \
	"WITH ev AS (SELECT uid, coalesce(rang, 1) AS rang, debut, coalesce(statut = 'realise', 0) OR substr(fin, 1, 10) < ?3 AS passe " OF_KEY "), " SEATS ", " \
	"note AS (SELECT i.evenement_uid AS e, coalesce((SELECT min(pole) FROM structure WHERE uid = i.structure_uid), i.pole) AS p," \
	" i.structure_uid AS s, i.nb_personnes AS n, i.demande AS d, coalesce(i.statut, 'demande') AS statut," \
	" CASE WHEN i.statut = 'absent' THEN 0 WHEN i.statut = 'present' THEN coalesce(i.presents, i.nb_personnes) ELSE i.presents END AS venus" \
	" FROM inscription i JOIN ev ON ev.uid = i.evenement_uid WHERE i.statut IS NOT 'annule')"

static const char attendance_events[] =
	"SELECT json_object('uid', uid, 'titre', titre, 'serie', serie, 'rang', rang, 'debut', debut, 'statut', statut, 'owner', pole) " OF_KEY
	" ORDER BY rang, debut, uid, pole";

/* A hub that asked for seats is counted by them and by what was noted without asking, one
 * that did not by what was noted. */
static const char attendance_hubs[] =
	ATTENDANCE " SELECT json_object('evenement', ev.uid, 'rang', ev.rang, 'pole', h.p,"
	" 'inscrits', coalesce((SELECT sum(n * g) FROM place WHERE e = ev.uid AND p = h.p) + coalesce((SELECT sum(n) FROM note"
	"   WHERE e = ev.uid AND p = h.p AND d IS NULL AND statut IN ('inscrit', 'present', 'absent')), 0),"
	"  (SELECT sum(n) FROM note WHERE e = ev.uid AND p = h.p AND statut IN ('inscrit', 'present', 'absent')), 0),"
	" 'attente', coalesce((SELECT sum(n * (1 - g)) FROM place WHERE e = ev.uid AND p = h.p) + coalesce((SELECT sum(n) FROM note"
	"   WHERE e = ev.uid AND p = h.p AND d IS NULL AND statut IN ('demande', 'liste_attente')), 0),"
	"  (SELECT sum(n) FROM note WHERE e = ev.uid AND p = h.p AND statut IN ('demande', 'liste_attente')), 0),"
	" 'presents', (SELECT sum(venus) FROM note WHERE e = ev.uid AND p = h.p),"
	" 'absents', (SELECT sum(max(n - venus, 0)) FROM note WHERE e = ev.uid AND p = h.p AND venus IS NOT NULL))"
	" FROM ev JOIN (SELECT e, p FROM place UNION SELECT e, p FROM note) h ON h.e = ev.uid ORDER BY ev.rang, ev.debut, ev.uid, h.p";

/* `v`: 4 came, 3 did not, 2 has a seat, 1 waits, 0 nothing. */
static const char attendance_structures[] =
	ATTENDANCE ", qui AS (SELECT s, min(p) AS p FROM (SELECT s, p FROM note UNION SELECT s, p FROM place WHERE s IS NOT NULL) GROUP BY s),"
	" etat AS (SELECT qui.s AS s, ev.uid AS e, ev.rang AS rang, ev.debut AS debut, ev.passe AS passe, max("
	"  coalesce((SELECT max(CASE WHEN venus > 0 THEN 4 WHEN venus = 0 THEN 3 WHEN statut = 'inscrit' THEN 2 ELSE 1 END)"
	"   FROM note WHERE note.e = ev.uid AND note.s = qui.s), 0),"
	"  coalesce((SELECT max(1 + g) FROM place WHERE place.e = ev.uid AND place.s = qui.s), 0)) AS v FROM qui JOIN ev)"
	" SELECT json_object('uid', qui.s, 'nom', " NAME_OF("qui.s") ", 'pole', qui.p,"
	" 'rangs', json((SELECT json_group_array(json_object('evenement', e, 'rang', rang, 'statut', CASE v WHEN 4 THEN 'present'"
	"  WHEN 3 THEN 'absent' WHEN 2 THEN 'inscrit' WHEN 1 THEN 'liste_attente' END)) FROM"
	"  (SELECT * FROM etat WHERE etat.s = qui.s ORDER BY rang, debut, e))),"
	" 'manques', json((SELECT json_group_array(rang) FROM"
	"  (SELECT rang FROM etat WHERE etat.s = qui.s AND (v = 3 OR (v < 2 AND passe)) ORDER BY rang, debut, e))))"
	" FROM qui ORDER BY " NAME_OF("qui.s") ", qui.s";

static bool exists(struct reader *r, const char *sql, const char *key)
{
	const struct slice args[] = {slice_str(key)};

	return reader_number(r, sql, args, 1) > 0;
}

struct section {
	const char *opens, *sql;
};

/* Each section's rows between its words. */
static enum es_err write_sections(struct reader *r, const struct section *sections, size_t count, const struct slice *args,
				  size_t arg_count, struct buf *json)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < count && err == ES_OK; i++) {
		buf_str(json, sections[i].opens);
		err = reader_json_rows(r, sections[i].sql, args, arg_count, json);
	}
	return err == ES_OK ? buf_err(json) : err;
}

enum es_err sheet_attendance(struct reader *r, const char *key, struct slice seats, struct slice today, struct buf *json)
{
	static const struct section sections[] = {
		{"{\"events\":[", attendance_events},
		{"],\"presences\":[", attendance_hubs},
		{"],\"structures\":[", attendance_structures},
	};
	const struct slice args[] = {slice_str(key), seats, today};
	enum es_err err = exists(r, "SELECT count(*) " OF_KEY, key) ? ES_OK : ES_NOT_FOUND;

	if (err == ES_OK)
		err = write_sections(r, sections, sizeof(sections) / sizeof(sections[0]), args, 3, json);
	buf_str(json, "]}");
	return err;
}

/* --- a session --- */

/* Six months later, or that month's last day. */
#define SIX_MONTHS \
	"min(date(substr(e.debut, 1, 10), 'start of month', '+6 months', '+' || (substr(e.debut, 9, 2) - 1) || ' days')," \
	" date(substr(e.debut, 1, 10), 'start of month', '+7 months', '-1 day'))"
#define IS_CONCLUDED "coalesce(o.etat = 'conclue', 0)"
#define COUNTS \
	"'total', count(*), 'conclues', coalesce(sum(" IS_CONCLUDED "), 0), 'conclues_6_mois', coalesce(sum(" IS_CONCLUDED \
	" AND coalesce(o.conclue_le <= " SIX_MONTHS ", 0)), 0), 'sans_suite', coalesce(sum(coalesce(o.etat = 'sans_suite', 0)), 0)"
#define BORN_HERE "FROM opportunite o JOIN evenement e ON e.uid = o.evenement_uid WHERE e.uid = ?1"

static const char session_head[] =
	"SELECT json_object('uid', uid, 'titre', titre, 'type_evenement', type_evenement, 'filiere', filiere, 'debut', debut,"
	" 'statut', statut, 'owner', pole) FROM evenement WHERE uid = ?1 ORDER BY pole LIMIT 1";
static const char session_counts[] = "SELECT json_object(" COUNTS ") " BORN_HERE;
static const char session_natures[] = "SELECT json_object('nature', o.nature, " COUNTS ") " BORN_HERE " GROUP BY o.nature ORDER BY o.nature";
static const char session_phases[] =
	"SELECT json_object('uid', uid, 'type_phase', type_phase, 'structure', structure_uid, 'debut', debut, 'duree_heures', duree_heures / 10.0)"
	" FROM phase WHERE evenement_uid = ?1 ORDER BY type_phase, debut, uid";

/* A visit is due to each structure with a seat or noted as registered. A planned one that
 * has no date counts too, unless it is of a structure that gave its seat back. */
#define VISITS \
	"WITH " SEATS ", visite AS (SELECT structure_uid AS s, min(debut) AS debut FROM phase WHERE evenement_uid = ?1 AND type_phase = 'individuel'" \
	" GROUP BY structure_uid), attendu AS (SELECT s FROM place WHERE g = 1 AND s IS NOT NULL" \
	" UNION SELECT structure_uid FROM inscription WHERE evenement_uid = ?1 AND statut IN ('inscrit', 'present')" \
	" UNION SELECT s FROM visite WHERE s IS NULL OR debut IS NOT NULL OR NOT EXISTS (SELECT 1 FROM place WHERE g = 1))"
static const char session_visits[] =
	VISITS " SELECT json_object('structure', a.s, 'nom', " NAME_OF("a.s") ", 'debut', (SELECT debut FROM visite WHERE visite.s IS a.s))"
	" FROM attendu a ORDER BY " NAME_OF("a.s") ", a.s";
static const char visit_missing[] =
	VISITS " SELECT coalesce(s, '') FROM attendu a WHERE (SELECT debut FROM visite WHERE visite.s IS a.s) IS NULL ORDER BY s LIMIT 1";

enum es_err sheet_session(struct reader *r, const char *uid, struct slice seats, struct buf *json)
{
	static const struct section sections[] = {
		{"", session_head},
		{",\"opportunites\":", session_counts},
		{",\"natures\":[", session_natures},
		{"],\"phases\":[", session_phases},
		{"],\"visites\":[", session_visits},
	};
	const struct slice args[] = {slice_str(uid), seats};
	enum es_err err = exists(r, "SELECT count(*) FROM evenement WHERE uid = ?1", uid) ? ES_OK : ES_NOT_FOUND;

	buf_str(json, "{\"evenement\":");
	if (err == ES_OK)
		err = write_sections(r, sections, sizeof(sections) / sizeof(sections[0]), args, 2, json);
	buf_str(json, "]}");
	return err;
}

bool sheet_visit_missing(struct reader *r, const char *uid, struct slice seats, struct buf *structure)
{
	const struct slice args[] = {slice_str(uid), seats};

	return reader_text(r, visit_missing, args, 2, structure);
}

/* --- appointments --- */

static const char schedule_rows[] =
	"WITH rv AS (SELECT uid, a_uid AS s, b_uid AS avec, creneau, \"table\" AS t, etat FROM rendez_vous WHERE evenement_uid = ?1 AND etat IS NOT 'annule'"
	" UNION ALL SELECT uid, b_uid, a_uid, creneau, \"table\", etat FROM rendez_vous WHERE evenement_uid = ?1 AND etat IS NOT 'annule'),"
	" qui AS (SELECT DISTINCT s FROM rv WHERE ?2 = '' OR s = ?2)"
	" SELECT json_object('structure', qui.s, 'nom', " NAME_OF("qui.s") ", 'rendez_vous', json((SELECT json_group_array(json_object('creneau', creneau,"
	" 'table', t, 'avec', avec, 'nom', " NAME_OF("avec") ", 'etat', etat)) FROM"
	" (SELECT * FROM rv WHERE rv.s = qui.s ORDER BY strftime('%s', creneau), uid)))) FROM qui ORDER BY " NAME_OF("qui.s") ", qui.s";

enum es_err sheet_schedule(struct reader *r, const char *uid, const char *structure, struct buf *json)
{
	static const struct section sections[] = {{"{\"evenement\":", session_head}, {",\"items\":[", schedule_rows}};
	const struct slice args[] = {slice_str(uid), slice_str(structure)};
	enum es_err err = reader_begin(r);

	if (err == ES_OK && !exists(r, "SELECT count(*) FROM evenement WHERE uid = ?1", uid))
		err = ES_NOT_FOUND;
	if (err == ES_OK)
		err = write_sections(r, sections, 2, args, 2, json);
	buf_str(json, "]}");
	reader_end(r);
	return err;
}

/* --- invitations --- */

static const char invited_rows[] =
	"SELECT json_object('uid', uid, 'nom', nom, 'courriel', courriel, 'telephone', telephone, 'adresse', adresse,"
	" 'complement_adresse', complement_adresse, 'code_postal', code_postal, 'commune', commune, 'owner', pole)"
	" FROM canonique WHERE etat IS NOT 'fermee' AND instr('|' || filieres || '|', '|' || ?1 || '|')"
	" AND (?2 = '' OR code_insee IN (SELECT value FROM json_each(?2))) ORDER BY nom, uid, pole";

static void add_commune(void *ctx, const char *code_insee)
{
	struct buf *list = ctx;

	buf_printf(list, "%s\"%s\"", list->len > 1 ? "," : "", code_insee);
}

/* Of the event's commune, else of its hub. */
static const struct pays *pays_of(struct reader *r, struct slice code_insee, struct slice pole)
{
	const struct commune *c = code_insee.len > 0 ? commune_of(code_insee, r->ref) : NULL;

	if (c)
		return reference_pays_of(r->ref, c);
	if (code_insee.len > 0 || pole.len < 5 || memcmp(pole.p, "pole-", 5) != 0)
		return NULL;
	return reference_pays(r->ref, SLICE(pole.p + 5, pole.len - 5));
}

static enum es_err write_invited(struct reader *r, sqlite3_stmt *s, struct buf *json)
{
	struct slice filiere = sql_text(s, 1);
	const struct pays *pays = pays_of(r, sql_text(s, 2), sql_text(s, 3));
	struct buf communes, sql;
	enum es_err err;

	if (filiere.len == 0)
		return ES_BAD_VALUE;
	buf_init(&communes, 1 << 20);
	buf_init(&sql, 4096);
	if (pays) {
		buf_str(&communes, "[");
		reference_pays_communes(r->ref, slice_str(pays->code), add_commune, &communes);
		buf_str(&communes, "]");
	}
	buf_printf(&sql, "WITH %s %s", reader_canonical_sql(), invited_rows);
	buf_str(json, "{\"evenement\":");
	buf_add(json, sql_text(s, 0).p, sql_text(s, 0).len);
	buf_str(json, ",\"pays\":");
	if (pays)
		json_quote(slice_str(pays->code), json);
	else
		buf_str(json, "null");
	buf_str(json, ",\"items\":[");
	err = buf_err(&communes) != ES_OK ? buf_err(&communes)
					  : reader_json_rows(r, buf_cstr(&sql), (const struct slice[]){filiere, buf_slice(&communes)}, 2, json);
	buf_str(json, "]}");
	buf_done(&communes);
	buf_done(&sql);
	return err == ES_OK ? buf_err(json) : err;
}

enum es_err sheet_invited(struct reader *r, const char *uid, struct buf *json)
{
	sqlite3_stmt *s = NULL;
	enum es_err err = reader_begin(r);

	if (err == ES_OK)
		err = sql_prepare(r->db, "SELECT json_object('uid', uid, 'titre', titre, 'filiere', filiere, 'debut', debut, 'owner', pole),"
					 " filiere, code_insee, pole FROM evenement WHERE uid = ?1 ORDER BY pole LIMIT 1", &s);
	if (err == ES_OK) {
		sql_bind_text(s, 1, slice_str(uid));
		int rc = sqlite3_step(s);
		err = rc == SQLITE_ROW ? ES_OK : rc == SQLITE_DONE ? ES_NOT_FOUND : sql_err(rc);
	}
	if (err == ES_OK)
		err = write_invited(r, s, json);
	sqlite3_finalize(s);
	reader_end(r);
	return err;
}
