/* SPDX-License-Identifier: Apache-2.0
 *
 * A structure closes (F14): its offers here are suspended. Its partnerships stay, since
 * closing one wants a reason and what both sides make of it. */
#include "daemon/rules/follow.h"

#define OFFERS \
	" FROM offre WHERE structure_uid = ?1 AND pole = ?2 AND coalesce(statut, 'active') = 'active' ORDER BY uid"

static enum es_err list(const struct following *f, const char *member, const char *sql, const struct slice *args, size_t count)
{
	enum es_err err;

	if (!f->answer)
		return ES_OK;
	buf_printf(f->answer, ",\"%s\":[", member);
	err = reader_json_rows(f->was.host->reader, sql, args, count, f->answer);
	buf_str(f->answer, "]");
	return err;
}

enum es_err structure_close(const struct following *f)
{
	const struct slice args[] = {slice_str(f->uid), slice_str(f->n->owner)};
	enum es_err err;

	if (!f->was.host->reader)
		return ES_OK;
	err = list(f, "offres_suspendues", "SELECT json_quote(uid)" OFFERS, args, 2);
	if (err == ES_OK)
		err = list(f, "partenariats_a_clore",
			   "SELECT json_quote(uid) FROM partenariat WHERE (structure_a_uid = ?1 OR structure_b_uid = ?1)"
			   " AND etat NOT IN ('clos', 'abandonne') ORDER BY uid", args, 1);
	if (err != ES_OK)
		return err;
	return follow_put_each(f, "offre", "SELECT uid" OFFERS, args, 2, &(struct follow_value){"statut", "suspendue"}, 1);
}
