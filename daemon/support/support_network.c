/* SPDX-License-Identifier: Apache-2.0
 *
 * B5: a tree of networks, and who belongs to it on a day: whoever counts for a structure
 * (identity.h) belongs once. UNION ends a walk even where
 * two hubs together made a circle that neither could see. */
#include "daemon/support/support.h"

#define PARTS(name) \
	"json((SELECT json_group_array(json_object('reseau_uid', m.groupe, 'nom', m.groupe_nom, 'role', m.role, 'du', m.du, 'au', m.au))" \
	" FROM (SELECT * FROM membre WHERE cle = " name ".cle ORDER BY groupe_nom, groupe, du) m))"

static const char members[] =
	"WITH RECURSIVE"
	" groupe AS (SELECT uid, nom, sigle, niveau, parent_uid FROM reseau"
	"  UNION ALL SELECT uid, nom, NULL, NULL, NULL FROM groupement),"
	" dessous(uid) AS (SELECT ?1 UNION SELECT r.uid FROM reseau r JOIN dessous d ON r.parent_uid = d.uid),"
	" arbre(haut, uid) AS (SELECT uid, uid FROM dessous UNION SELECT a.haut, r.uid FROM arbre a JOIN reseau r ON r.parent_uid = a.uid),"
	" membre AS (SELECT coalesce(c.uid, a.structure_uid) AS cle, c.nom, c.commune, c.pole,"
	"  g.uid AS groupe, g.nom AS groupe_nom, a.role, a.du, a.au"
	"  FROM adhesion a JOIN groupe g ON g.uid = coalesce(a.reseau_uid, a.groupement_uid)"
	"  LEFT JOIN structure s ON s.uid = a.structure_uid LEFT JOIN alias x ON x.rec = s.rec"
	"  LEFT JOIN structure c ON c.rec = coalesce(x.canonique, s.rec)"
	"  WHERE g.uid IN (SELECT uid FROM dessous) AND (a.du IS NULL OR a.du <= ?2) AND (a.au IS NULL OR a.au >= ?2))"
	" SELECT json_object('uid', h.uid, 'nom', h.nom, 'sigle', h.sigle, 'niveau', h.niveau, 'jour', ?2,"
	" 'total', (SELECT count(DISTINCT cle) FROM membre),"
	" 'directs', (SELECT count(DISTINCT cle) FROM membre WHERE groupe = ?1),"
	" 'reseaux', json((SELECT json_group_array(json_object('uid', uid, 'nom', nom, 'parent_uid', parent_uid, 'total', total))"
	"  FROM (SELECT g.uid, g.nom, g.parent_uid, (SELECT count(DISTINCT cle) FROM membre m JOIN arbre a ON a.uid = m.groupe"
	"   WHERE a.haut = g.uid) AS total FROM groupe g WHERE g.uid IN (SELECT uid FROM dessous) AND g.uid <> ?1 ORDER BY g.nom, g.uid))),"
	" 'items', json((SELECT json_group_array(json_object('uid', cle, 'nom', coalesce(nom, '(non partagé)'), 'commune', commune,"
	"  'owner', pole, 'adhesions', " PARTS("k") "))"
	"  FROM (SELECT cle, nom, commune, pole FROM membre GROUP BY cle ORDER BY nom, cle) k)),"
	" 'assemblees', json((SELECT json_group_array(json_object('uid', uid, 'titre', titre, 'debut', debut, 'statut', statut, 'reseau_uid', reseau_uid))"
	"  FROM (SELECT * FROM evenement WHERE type_evenement = 'assemblee' AND reseau_uid IN (SELECT uid FROM dessous)"
	"   ORDER BY debut, uid)))) FROM groupe h WHERE h.uid = ?1 ORDER BY h.nom LIMIT 1";

enum es_err network_members(struct reader *r, const char *uid, const char *day, struct buf *json)
{
	const struct slice args[] = {slice_str(uid), slice_str(day)};

	return reader_text(r, members, args, 2, json) ? buf_err(json) : ES_NOT_FOUND;
}
