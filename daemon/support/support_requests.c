/* SPDX-License-Identifier: Apache-2.0
 *
 * E8: requests of volunteers, routed to the hub of their commune, until it answers. */
#include "daemon/support/support.h"
#include "daemon/report/report.h"

/* ?1 our pole, ?2 uids that we have answered, ?3 the day. */
#define OPEN \
	"ouverte AS (SELECT *, CAST(julianday(?3) - julianday(recue_le) AS INTEGER) AS jours, uid IN (SELECT value FROM json_each(?2)) AS propose" \
	" FROM demande WHERE coalesce(etat, 'recue') NOT IN ('repondue', 'close')" \
	" AND (pole_destinataire = ?1 OR substr(?1, 1, 6) = 'cress-'))"
#define LATE "jours > " REQUEST_LATE_DAYS

enum es_err requests_list(struct reader *r, struct slice answered, const char *day, struct buf *json)
{
	char own[HUB_POLE_MAX] = "";
	enum es_err err = report_own_pole(r, own);
	const struct slice args[] = {slice_str(own), answered, slice_str(day)};

	if (err != ES_OK)
		return err;
	return reader_text(r,
		"WITH " OPEN " SELECT json_object('jour', ?3, 'total', (SELECT count(*) FROM ouverte),"
		" 'en_retard', (SELECT count(*) FROM ouverte WHERE NOT propose AND " LATE "),"
		" 'items', json((SELECT json_group_array(json_object('uid', uid, 'sujet', sujet, 'code_insee', code_insee, 'recue_le', recue_le,"
		" 'jours', jours, 'en_retard', json(iif(NOT propose AND " LATE ", 'true', 'false')), 'propose', json(iif(propose, 'true', 'false')),"
		" 'etat', coalesce(etat, 'recue'), 'pole_destinataire', pole_destinataire, 'owner', pole))"
		" FROM (SELECT * FROM ouverte ORDER BY recue_le, uid))))", args, 3, json) ? buf_err(json) : ES_IO;
}

void requests_count(struct reader *r, struct slice answered, const char *day, struct requests_open *out)
{
	char own[HUB_POLE_MAX] = "";
	enum es_err err = report_own_pole(r, own);
	const struct slice args[] = {slice_str(own), answered, slice_str(day)};

	*out = (struct requests_open){0};
	if (err != ES_OK)
		return;
	out->waiting = reader_number(r, "WITH " OPEN " SELECT count(*) FROM ouverte WHERE NOT propose", args, 3);
	if (out->waiting > 0)
		out->late = reader_number(r, "WITH " OPEN " SELECT count(*) FROM ouverte WHERE NOT propose AND " LATE, args, 3);
}

/* --- what we proposed --- */

struct answering {
	const struct node *n;
	struct buf *json;
};

static bool add_answered(void *ctx, const struct inbox_item *i)
{
	struct answering *a = ctx;
	char uid[ULID_LEN + 1];

	if (i->op != OP_PROPOSE || i->state != INBOX_OPEN || !id_eq(&i->from, &a->n->hub))
		return true;
	ulid_encode(i->record.bytes + 16, uid);
	buf_printf(a->json, "%s\"%s\"", a->json->len > 1 ? "," : "", uid);
	return true;
}

enum es_err requests_answered(struct node *n, struct buf *json)
{
	struct answering a = {n, json};
	enum es_err err;

	buf_str(json, "[");
	err = node_inbox(n, add_answered, &a);
	buf_str(json, "]");
	return err == ES_OK ? buf_err(json) : err;
}

/* --- whose it is to answer --- */

bool support_is_for_us(struct reader *r, const char *uid)
{
	char own[HUB_POLE_MAX] = "";
	bool known = report_own_pole(r, own) == ES_OK;
	const struct slice args[] = {slice_str(uid), slice_str(own)};

	return known && reader_number(r, "SELECT (SELECT count(*) FROM demande WHERE uid = ?1 AND pole_destinataire = ?2)"
				" + (SELECT count(*) FROM orientation o WHERE o.uid = ?1 AND (o.vers = ?2"
				" OR EXISTS (SELECT 1 FROM structure s WHERE s.uid = o.vers_uid AND s.pole = ?2)))", args, 2) > 0;
}
