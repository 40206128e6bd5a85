/* SPDX-License-Identifier: Apache-2.0
 *
 * E5: hours of ambassadors. Who has withdrawn is in no list that is given out; the hours
 * stay. */
#include "daemon/support/support.h"

static const char hours[] =
	"SELECT json_object('annee', ?1, 'total', (SELECT coalesce(sum(heures), 0) / 10.0 FROM intervention"
	" WHERE ?1 = '' OR substr(date, 1, 4) = ?1),"
	" 'items', json((SELECT json_group_array(json_object('uid', uid, 'nom', nom, 'prenom', prenom, 'annee', annee, 'heures', heures / 10.0,"
	" 'interventions', n, 'eleves', eleves, 'prevues', prevues / 10.0))"
	" FROM (SELECT i.ambassadeur_uid AS uid, a.nom, a.prenom, substr(i.date, 1, 4) AS annee, sum(i.heures) AS heures, count(*) AS n,"
	"  coalesce(sum(i.eleves_nb), 0) AS eleves, a.heures_annuelles AS prevues FROM intervention i"
	"  LEFT JOIN ambassadeur a ON a.uid = i.ambassadeur_uid AND (a.consentement_retire_le IS NULL OR a.consentement_retire_le > ?2)"
	"  WHERE ?1 = '' OR substr(i.date, 1, 4) = ?1 GROUP BY i.ambassadeur_uid, annee ORDER BY annee, a.nom, a.prenom, uid))))";

enum es_err ambassador_hours(struct reader *r, const char *annee, const char *day, struct buf *json)
{
	const struct slice args[] = {slice_str(annee), slice_str(day)};

	return reader_text(r, hours, args, 2, json) ? buf_err(json) : ES_IO;
}
