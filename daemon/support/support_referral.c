/* SPDX-License-Identifier: Apache-2.0
 *
 * E15: who brings the competences that a project asks for. */
#include "daemon/directory/sql.h"
#include "daemon/report/report.h"
#include "daemon/support/support.h"

#define HAS(list, text) "instr('|' || lower(" list ") || '|', '|' || lower(" text ") || '|') > 0"

/* ?1 the project, ?2 the day: what it asks for, and who brings it. Who refused is asked no more. */
#define WANTED \
	"demandee AS (SELECT DISTINCT value AS competence FROM projet p, " ITEMS("p.competences") " WHERE p.uid = ?1 AND value <> '')," \
	" deja AS (SELECT competence, vers_uid, coalesce(etat, '') AS etat, uid FROM orientation WHERE projet_uid = ?1)," \
	" membre AS (SELECT a.structure_uid AS uid, a.role, a.competences, g.uid AS groupe, g.nom AS groupement FROM adhesion a" \
	"  JOIN groupement g ON g.uid = a.groupement_uid AND g.type_groupement = 'consortium'" \
	"  WHERE (a.du IS NULL OR a.du <= ?2) AND (a.au IS NULL OR a.au >= ?2))," \
	" trouve AS (SELECT d.competence, m.uid, m.groupement, m.role, 1 AS nomme FROM demandee d JOIN membre m ON " HAS("m.competences", "d.competence") \
	"  UNION ALL SELECT d.competence, g.chef_de_file_uid, g.nom, 'chef_de_file', 0 FROM demandee d JOIN groupement g" \
	"  ON g.type_groupement = 'consortium' AND g.chef_de_file_uid IS NOT NULL AND " HAS("g.competences", "d.competence") \
	"  WHERE NOT EXISTS (SELECT 1 FROM membre m WHERE m.uid = g.chef_de_file_uid AND m.groupe = g.uid AND " HAS("m.competences", "d.competence") "))," \
	" candidat AS (SELECT t.*, s.nom, s.pole FROM trouve t LEFT JOIN structure s ON s.uid = t.uid" \
	"  WHERE NOT EXISTS (SELECT 1 FROM deja j WHERE j.competence = t.competence AND j.vers_uid = t.uid AND j.etat = 'refusee'))"
#define IN_ORDER " ORDER BY nomme DESC, nom, uid, groupement"

static const char candidates[] =
	"WITH " WANTED
	" SELECT json_object('uid', p.uid, 'nom', p.nom, 'owner', p.pole,"
	" 'competences', json((SELECT json_group_array(json_object('competence', d.competence,"
	"  'oriente', (SELECT min(j.uid) FROM deja j WHERE j.competence = d.competence AND j.etat <> 'refusee'),"
	"  'candidats', json((SELECT json_group_array(json_object('uid', c.uid, 'nom', coalesce(c.nom, '(non partagé)'), 'owner', c.pole,"
	"   'groupement', c.groupement, 'role', c.role, 'nomme', json(iif(c.nomme, 'true', 'false'))))"
	"   FROM (SELECT * FROM candidat WHERE candidat.competence = d.competence" IN_ORDER ") c))))"
	"  FROM (SELECT * FROM demandee ORDER BY competence) d))) FROM projet p WHERE p.uid = ?1 ORDER BY p.pole LIMIT 1";

enum es_err referral_candidates(struct reader *r, const char *projet, const char *day, struct buf *json)
{
	const struct slice args[] = {slice_str(projet), slice_str(day)};

	return reader_text(r, candidates, args, 2, json) ? buf_err(json) : ES_NOT_FOUND;
}

enum es_err referral_wanted(struct reader *r, const char *projet, const char *day, bool (*each)(void *ctx, struct slice competence), void *ctx)
{
	const struct slice args[] = {slice_str(projet), slice_str(day)};

	return reader_texts(r, "WITH " WANTED " SELECT competence FROM demandee d WHERE EXISTS (SELECT 1 FROM candidat c WHERE c.competence = d.competence)"
			       " AND NOT EXISTS (SELECT 1 FROM deja j WHERE j.competence = d.competence AND j.etat <> 'refusee') ORDER BY competence",
			    args, 2, each, ctx);
}

bool referral_first(struct reader *r, const char *projet, const char *day, struct slice competence, struct buf *uid, struct buf *nom)
{
	const struct slice args[] = {slice_str(projet), slice_str(day), competence};

	return reader_text(r, "WITH " WANTED " SELECT uid FROM candidat WHERE competence = ?3" IN_ORDER " LIMIT 1", args, 3, uid) &&
	       reader_text(r, "WITH " WANTED " SELECT coalesce(nom, '(non partagé)') FROM candidat WHERE competence = ?3" IN_ORDER " LIMIT 1", args, 3, nom);
}

enum es_err referral_list(struct reader *r, struct buf *json)
{
	char own[HUB_POLE_MAX] = "";
	enum es_err err = report_own_pole(r, own);
	const struct slice args[] = {slice_str(own)};

	if (err != ES_OK)
		return err;
	return reader_text(r,
		"WITH vue AS (SELECT o.*, (SELECT nom FROM projet p WHERE p.uid = o.projet_uid ORDER BY p.pole LIMIT 1) AS projet,"
		" o.vers = ?1 OR EXISTS (SELECT 1 FROM structure s WHERE s.uid = o.vers_uid AND s.pole = ?1) AS pour_nous FROM orientation o)"
		" SELECT json_object('total', (SELECT count(*) FROM vue WHERE pour_nous OR pole = ?1),"
		" 'items', json((SELECT json_group_array(json_object('uid', uid, 'competence', competence, 'projet_uid', projet_uid,"
		" 'projet', coalesce(projet, '(non partagé)'), 'de', coalesce(de, pole), 'vers', vers, 'vers_uid', vers_uid, 'etat', etat, 'le', le,"
		" 'owner', pole, 'pour_nous', json(iif(pour_nous, 'true', 'false'))))"
		" FROM (SELECT * FROM vue WHERE pour_nous OR pole = ?1 ORDER BY le, uid))))", args, 1, json) ? buf_err(json) : ES_IO;
}
