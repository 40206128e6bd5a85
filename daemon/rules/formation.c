/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from planning a formation-action (domain.md C10): a day together, and half
 * a day to look back. The half day at each structure follows from its seat (node_seat.c). */
#include "daemon/rules/follow.h"

#include "daemon/directory/directory.h"

enum es_err formation_plan(const struct following *f)
{
	const struct slice uid[] = {slice_str(f->uid)};
	struct slice start = rules_text(&f->was, evenement_debut);
	char debut[40] = "";

	if (f->was.host->reader && reader_number(f->was.host->reader, "SELECT count(*) FROM phase WHERE evenement_uid = ?1", uid, 1) > 0)
		return ES_OK; /* planned already, under another type */
	if (start.len < sizeof(debut))
		memcpy(debut, start.p, start.len);
	const struct follow_value together[] = {
		{"evenement_uid", f->uid}, {"type_phase", "collectif"}, {"debut", debut}, {"duree_heures", "7"}};
	const struct follow_value back[] = {{"evenement_uid", f->uid}, {"type_phase", "restitution"}, {"duree_heures", "3.5"}};
	enum es_err err = follow_put(f, "phase", NULL, together, sizeof(together) / sizeof(together[0]));

	return err == ES_OK ? follow_put(f, "phase", NULL, back, sizeof(back) / sizeof(back[0])) : err;
}
