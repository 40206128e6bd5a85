/* SPDX-License-Identifier: Apache-2.0
 *
 * E6: what follows from a self-diagnosis, and the file that a structure takes away. */
#include "daemon/rules/follow.h"
#include "daemon/support/support.h"

#define NOTE_LOW 2 /* below it an action is proposed */

static const struct {
	size_t field;
	const char *theme, *action;
} advices[] = {
#define ADVICE(name, text) {diagnostic_note_##name, #name, text},
#include "daemon/support/advice.def"
};

static bool is_low(const struct following *f)
{
	struct canon_reader v;

	canon_read_init(&v, rules_after(&f->was, f->field));
	return canon_peek(&v) == CANON_INT && canon_read_int(&v, INT64_MIN, INT64_MAX) < NOTE_LOW;
}

/* One proposal a theme: a note that is corrected proposes nothing twice, nor does the next
 * diagnostic what the structure has still to do. */
static bool is_planned(const struct following *f, const char *structure, const char *theme, const char *action)
{
	const struct slice args[] = {slice_str(f->uid), slice_str(theme), slice_str(structure), slice_str(action)};

	return reader_number(f->was.host->reader, "SELECT count(*) FROM plan_action WHERE theme = ?2 AND (diagnostic_uid = ?1"
						  " OR (structure_uid = ?3 AND action = ?4 AND coalesce(etat, '') IN ('', 'a_faire', 'en_cours')))",
			     args, 4) > 0;
}

enum es_err diagnostic_propose(const struct following *f)
{
	struct slice ref = rules_after(&f->was, diagnostic_structure_uid);
	char structure[ULID_LEN + 1] = "";
	struct canon_reader r;
	uint8_t uid[16];
	enum es_err err = ES_OK;

	canon_read_init(&r, ref);
	canon_read_exact(&r, uid, sizeof uid);
	if (!is_low(f) || r.err != ES_OK || !f->was.host->reader)
		return ES_OK;
	ulid_encode(uid, structure);
	for (size_t i = 0; i < sizeof advices / sizeof *advices && err == ES_OK; i++) {
		const struct follow_value values[] = {{"diagnostic_uid", f->uid}, {"structure_uid", structure},
						      {"theme", advices[i].theme}, {"action", advices[i].action}, {"etat", "a_faire"}};

		if (advices[i].field == f->field && !is_planned(f, structure, advices[i].theme, advices[i].action))
			err = follow_put(f, "plan_action", NULL, values, 5);
	}
	return err;
}

/* --- the file --- */

#define EACH_NOTE(one) \
	one(gouvernance) "," one(strategie) "," one(territoire) "," one(social_emploi) "," one(usagers) "," \
	one(diversite_egalite) "," one(environnement) "," one(ethique)
#define NOTE(name) "'" #name "', d.note_" #name
#define CHANGE(name) "'" #name "', b.note_" #name " - a.note_" #name
#define FILLED(name) "d.note_" #name

static const char file[] =
	"WITH fait AS (SELECT *, coalesce(grille, '') AS g, row_number() OVER (PARTITION BY coalesce(grille, '') ORDER BY date DESC, uid DESC) AS rang"
	"  FROM diagnostic WHERE structure_uid = ?1)"
	" SELECT json_object('uid', s.uid, 'nom', s.nom,"
	" 'grilles', json((SELECT json_group_array(json_object('grille', g.g,"
	"  'diagnostics', json((SELECT json_group_array(json_object('uid', d.uid, 'date', d.date, 'notes', json_object(" EACH_NOTE(NOTE) "),"
	"   'moyenne', (SELECT CAST(avg(value) * 100 AS INTEGER) / 100.0 FROM json_each(json_array(" EACH_NOTE(FILLED) ")))))"
	"   FROM (SELECT * FROM fait WHERE fait.g = g.g ORDER BY date, uid) d)),"
	"  'progres', json((SELECT json_object('de', a.date, 'a', b.date, 'themes', json_object(" EACH_NOTE(CHANGE) "))"
	"   FROM fait a JOIN fait b ON b.g = a.g AND b.rang = 1 WHERE a.g = g.g AND a.rang = 2))))"
	"  FROM (SELECT DISTINCT fait.g FROM fait ORDER BY fait.g) g)),"
	" 'plan', json((SELECT json_group_array(json_object('uid', uid, 'theme', theme, 'action', action, 'etat', etat, 'echeance', echeance,"
	"  'responsable', responsable, 'aide_demandee', aide_demandee, 'diagnostic_uid', diagnostic_uid))"
	"  FROM (SELECT * FROM plan_action WHERE structure_uid = ?1 ORDER BY theme, uid))))"
	" FROM structure s WHERE s.uid = ?1 ORDER BY s.pole LIMIT 1";

enum es_err diagnostic_file(struct reader *r, const char *structure, struct buf *json)
{
	const struct slice args[] = {slice_str(structure)};

	return reader_text(r, file, args, 1, json) ? buf_err(json) : ES_NOT_FOUND;
}
