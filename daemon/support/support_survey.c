/* SPDX-License-Identifier: Apache-2.0
 *
 * C6: answers stay at the hub that has them, results are the region's. A hub's counts are
 * `mesure` records named enquete.SURVEY.FIGURE, for the CRESS alone; what is said in
 * words is none of them.
 *
 * An answer belongs to one survey, a survey to one version of its questions
 * (rules_look.c): no two versions are ever added up. */
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/node/node_parts.h"
#include "daemon/report/report_parts.h"
#include "daemon/rules/day.h"
#include "daemon/support/support.h"

#define NAME_MAX_TEXT "60" /* of a network's name, in a figure's */

#define CODED(name, list) " UNION ALL SELECT f.pole, '" name ".' || value, 1, 1 FROM fiche f, " ITEMS("f." list) " WHERE value <> ''"
#define SHARE(name) " UNION ALL SELECT pole, '" name "', " name ", 1 FROM fiche WHERE " name " IS NOT NULL"
/* What an answer calls its network is free text: told where the others know that name, a network's or a sponsor's. */
#define KNOWN \
	"connu AS (SELECT lower(substr(nom, 1, " NAME_MAX_TEXT ")) AS nom FROM reseau WHERE coalesce(portee, '') <> 'local'" \
	" UNION SELECT lower(substr(value, 1, " NAME_MAX_TEXT ")) FROM enquete e, " ITEMS("e.commanditaires") " WHERE e.uid = ?1)"
#define NETWORK "substr(coalesce(reseau, ''), 1, " NAME_MAX_TEXT ")"
/* One row a figure and answer, out of `fiche`. */
#define FACTS \
	KNOWN ", fait(pole, nom, valeur, n) AS (SELECT pole, 'n', 1, 1 FROM fiche" \
	" UNION ALL SELECT pole, 'reseau.' || iif(" NETWORK " = '' OR lower(" NETWORK ") IN (SELECT nom FROM connu), " NETWORK ", 'autre'), 1, 1 FROM fiche" \
	" UNION ALL SELECT pole, 'mode.' || mode, 1, 1 FROM fiche" \
	CODED("frein", "freins") CODED("levier", "leviers") CODED("motif", "motifs") SHARE("part_ventes_ess") SHARE("part_achats_ess") ")"
/* What hubs have told: ?1 the survey, ?2 our pole. */
#define TOLD \
	"compte(pole, nom, valeur, n) AS (SELECT pole, substr(indicateur, 36), valeur, n FROM mesure" \
	" WHERE substr(indicateur, 1, 35) = 'enquete.' || ?1 || '.' AND valeur IS NOT NULL)"

#define COUNTED(name, key) \
	"json((SELECT json_group_array(json_object('" key "', substr(nom, length('" name ".') + 1), 'n', valeur)) FROM" \
	" (SELECT * FROM somme WHERE substr(nom, 1, length('" name ".')) = '" name ".' AND valeur > 0 ORDER BY valeur DESC, nom)))"

static const char result[] =
	"WITH " TOLD ","
	" fiche AS (SELECT * FROM reponse WHERE enquete_uid = ?1 AND (pole = ?2 OR pole NOT IN (SELECT pole FROM compte))), " FACTS ","
	" tout AS (SELECT * FROM fait UNION ALL SELECT * FROM compte WHERE pole <> ?2),"
	" somme AS (SELECT nom, sum(valeur) AS valeur, sum(n) AS n FROM tout GROUP BY nom),"
	" e AS (SELECT * FROM enquete WHERE uid = ?1 ORDER BY pole LIMIT 1),"
	" sponsor AS (SELECT DISTINCT lower(substr(value, 1, " NAME_MAX_TEXT ")) AS nom FROM e, " ITEMS("e.commanditaires") " WHERE value <> ''),"
	" reseau_n AS (SELECT substr(nom, 8) AS reseau, valeur AS n, lower(substr(nom, 8)) IN (SELECT nom FROM sponsor) AS commanditaire"
	"  FROM somme WHERE substr(nom, 1, 7) = 'reseau.' AND valeur > 0),"
	" biais AS (SELECT coalesce((SELECT sum(n) FROM reseau_n WHERE commanditaire), 0) AS n, coalesce((SELECT valeur FROM somme WHERE nom = 'n'), 0) AS tous)"
	" SELECT json_object('uid', e.uid, 'titre', e.titre, 'version', e.version, 'n', (SELECT tous FROM biais),"
	" 'reseaux', json((SELECT json_group_array(json_object('reseau', reseau, 'n', n, 'commanditaire', json(iif(commanditaire, 'true', 'false'))))"
	"  FROM (SELECT * FROM reseau_n ORDER BY n DESC, reseau))),"
	" 'modes', " COUNTED("mode", "mode") ", 'freins', " COUNTED("frein", "code") ", 'leviers', " COUNTED("levier", "code") ","
	" 'motifs', " COUNTED("motif", "code") ","
	" 'parts', json((SELECT json_group_array(json_object('part', nom, 'moyenne', iif(n >= 3, valeur / n, NULL), 'n', n))"
	"  FROM (SELECT * FROM somme WHERE nom IN ('part_achats_ess', 'part_ventes_ess') AND n > 0 ORDER BY nom))),"
	" 'biais', (SELECT json_object('n', n, 'part', iif(tous > 0, n * 10000 / tous, 0), 'averti', json(iif(2 * n > tous, 'true', 'false'))) FROM biais),"
	" 'poles', json((SELECT json_group_array(json_object('pole', pole, 'n', n)) FROM"
	"  (SELECT pole, sum(valeur) AS n FROM tout WHERE nom = 'n' GROUP BY pole HAVING n > 0 ORDER BY pole))),"
	" 'autres_versions', json((SELECT json_group_array(json_object('uid', uid, 'version', version)) FROM"
	"  (SELECT DISTINCT v.uid, v.version FROM enquete v WHERE lower(v.titre) = lower(e.titre) AND v.uid <> e.uid ORDER BY v.version, v.uid)))) FROM e";

enum es_err survey_result(struct reader *r, const char *uid, struct buf *json)
{
	char own[HUB_POLE_MAX] = "";
	enum es_err err = report_own_pole(r, own);
	const struct slice args[] = {slice_str(uid), slice_str(own)};

	if (err != ES_OK)
		return err;
	return reader_text(r, result, args, 2, json) ? buf_err(json) : ES_NOT_FOUND;
}

/* --- what is told --- */

/* A sum of one or two shares would tell of one structure: their mean is nobody's to know. What
 * was told before and is nothing now is zero. */
static const char told[] =
	"WITH " TOLD ", fiche AS (SELECT * FROM reponse WHERE enquete_uid = ?1 AND pole = ?2), " FACTS ","
	" somme AS (SELECT nom, sum(valeur) AS valeur, sum(n) AS n FROM fait GROUP BY nom HAVING substr(nom, 1, 5) <> 'part_' OR sum(n) >= 3)"
	" SELECT nom, valeur, n FROM somme UNION ALL SELECT nom, 0, 0 FROM compte WHERE pole = ?2 AND valeur <> 0 AND nom NOT IN (SELECT nom FROM somme)"
	" ORDER BY nom LIMIT 4096";

static enum es_err tell(struct node *n, const char *survey, sqlite3_stmt *s)
{
	struct buf name;
	enum es_err err;

	buf_init(&name, 4096);
	buf_printf(&name, "enquete.%s.%s", survey, (const char *)sqlite3_column_text(s, 0));
	err = buf_err(&name);
	if (err == ES_OK)
		err = report_put_count(n, buf_cstr(&name), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2));
	buf_done(&name);
	return err;
}

enum es_err survey_send(struct node *n, const char *uid, int64_t *count)
{
	const struct slice args[] = {slice_str(uid), slice_str(n->owner)};
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = ES_NOT_FOUND;

	*count = 0;
	if (n->reader && reader_number(n->reader, "SELECT count(*) FROM enquete WHERE uid = ?1", args, 1) > 0)
		err = sql_prepare(n->reader->db, told, &s);
	for (int i = 0; i < 2 && err == ES_OK; i++)
		sql_bind_text(s, i + 1, args[i]);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		err = tell(n, uid, s);
		*count += 1;
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static bool is_told(struct node *n, const char *today)
{
	static const char waiting[] =
		"SELECT count(*) FROM enquete e WHERE (e.au IS NULL OR e.au >= ?2) AND EXISTS (SELECT 1 FROM reponse r WHERE r.enquete_uid = e.uid AND r.pole = ?1)";
	const struct slice args[] = {slice_str(n->owner), slice_str(today)};

	return reader_number(n->reader, waiting, args, 2) == 0;
}

/* Looked at once after each edit: what has not changed is not written again. */
enum es_err survey_send_due(struct node *n)
{
	uint64_t edit = (uint64_t)journal_last_edit(n->journal);
	enum es_err err = ES_OK;
	char today[11];

	if (!n->reader || !node_member(n) || !node_clock_steady(n) || n->fenced || n->key_replaced)
		return ES_OK;
	if (node_number(n, "survey_edit") == edit || !node_edit_ready(n))
		return ES_OK;
	day_of(n->utc, today);
	if (!is_told(n, today))
		err = survey_send_all(n);
	return err == ES_OK ? node_set_number(n, "survey_edit", edit) : err;
}

struct surveys {
	size_t count;
	char uid[256][ULID_LEN + 1];
};

static bool add_survey(void *ctx, struct slice uid)
{
	struct surveys *all = ctx;

	if (uid.len == ULID_LEN) {
		memcpy(all->uid[all->count], uid.p, ULID_LEN);
		all->uid[all->count++][ULID_LEN] = 0;
	}
	return all->count < sizeof all->uid / sizeof *all->uid;
}

enum es_err survey_send_all(struct node *n)
{
	const struct slice own[] = {slice_str(n->owner)};
	struct surveys all = {0};
	int64_t count;
	enum es_err err = reader_texts(n->reader, "SELECT DISTINCT r.enquete_uid FROM reponse r JOIN enquete e ON e.uid = r.enquete_uid"
						  " WHERE r.pole = ?1 ORDER BY 1 DESC", own, 1, add_survey, &all);

	for (size_t i = 0; i < all.count && err == ES_OK; i++)
		err = survey_send(n, all.uid[i], &count);
	return err;
}
