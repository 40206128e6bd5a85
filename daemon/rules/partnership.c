/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from a partnership's steps and from a charter's acceptance (domain.md A4, D5, W5). */
#include "daemon/rules/follow.h"

#include <stdlib.h>

#include "daemon/directory/directory.h"
#include "daemon/rules/day.h"

/* Months after the start (D5). */
static const char *const due_months[] = {"3", "6", "12", "24", "36"};

static const char has_followups[] = "SELECT count(*) FROM suivi WHERE partenariat_uid = ?1 AND etat IS NOT 'annule' AND echeance_mois = ?2";

bool partnership_due(struct slice start, size_t i, const char **months, char date[DAY_TEXT])
{
	if (i >= sizeof(due_months) / sizeof(due_months[0]))
		return false;
	*months = due_months[i];
	return day_add_months(start, atoi(due_months[i]), date);
}

enum es_err partnership_schedule(const struct following *f)
{
	struct slice start = rules_text(&f->was, partenariat_date_debut);
	struct reader *r = f->was.host->reader;
	enum es_err err = ES_OK;

	const char *months;
	char date[DAY_TEXT];

	for (size_t i = 0; r && err == ES_OK && partnership_due(start, i, &months, date); i++) {
		const struct slice which[] = {slice_str(f->uid), slice_str(months)};

		if (reader_number(r, has_followups, which, 2) > 0)
			continue; /* back from a pause */
		const struct follow_value values[] = {
			{"partenariat_uid", f->uid}, {"echeance_mois", months}, {"date", date}, {"etat", "prevu"}};
		err = follow_put(f, "suivi", NULL, values, 4);
	}
	return err;
}

enum es_err partnership_unschedule(const struct following *f)
{
	const struct slice uid[] = {slice_str(f->uid)};
	const struct follow_value values[] = {{"etat", "annule"}};

	return follow_put_each(f, "suivi", "SELECT uid FROM suivi WHERE partenariat_uid = ?1 AND etat = 'prevu' ORDER BY date, uid", uid, 1,
			       values, 1);
}

/* A structure of ours says itself which version it has accepted; another hub's is spoken
 * for by the acceptance alone. */
enum es_err charter_take(const struct following *f)
{
	struct uid_text structure = uid_of(&f->was, acceptation_charte_structure_uid);
	const struct slice whose[] = {slice_str(structure.text), slice_str(f->was.host->pole ? f->was.host->pole : "")};
	struct slice text = rules_text(&f->was, acceptation_charte_version), day = rules_text(&f->was, acceptation_charte_le);
	struct buf version, le;

	if (reader_number(f->was.host->reader, "SELECT count(*) FROM structure WHERE uid = ?1 AND pole = ?2", whose, 2) == 0)
		return ES_OK;
	buf_init(&version, 256);
	buf_init(&le, 256);
	buf_add(&version, text.p, text.len);
	buf_add(&le, day.p, day.len);
	const struct follow_value values[] = {{"charte_version", buf_cstr(&version)}, {"charte_date", buf_cstr(&le)}};
	enum es_err err = follow_put(f, "structure", structure.text, values, 2);
	buf_done(&version);
	buf_done(&le);
	return err;
}
