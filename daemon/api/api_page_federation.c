/* SPDX-License-Identifier: Apache-2.0
 *
 * What the page shows of the federation besides members and alerts: invitations that
 * still serve, a code to photograph, how much each hub has written lately. */
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "daemon/api/api_parts.h"

#define ACTIVITY_DAYS 14

void invitation_id(const struct invitation_entry *e, char out[INVITE_ID_MAX])
{
	base32_encode(e->hash.bytes, 5, out);
}

static bool is_meant(const struct invitation_entry *e, const char *who)
{
	char id[INVITE_ID_MAX];

	invitation_id(e, id);
	return strcasecmp(who, id) == 0 || strcasecmp(who, e->pays) == 0 || strcasecmp(who, e->name) == 0;
}

/* {"who"}: an id, a Pays or a name. */
static enum es_err find_invitation(struct request *r, struct node *n, const char *who, const struct invitation_entry **out)
{
	char id[INVITE_ID_MAX];
	struct buf ids;
	size_t found = 0;

	buf_init(&ids, 4096);
	for (size_t i = 0; i < n->rights.invite_count; i++) {
		const struct invitation_entry *e = &n->rights.invites[i];

		if (!is_meant(e, who) || !node_invite_open(n, e))
			continue;
		*out = e;
		invitation_id(e, id);
		buf_printf(&ids, "%s%s", found++ ? ", " : "", id);
	}
	if (found == 0)
		buf_printf(&r->why, _("%s: no open invitation of that Pays or name"), who);
	else if (found > 1)
		buf_printf(&r->why, _("%s: several invitations are open; say which: %s"), who, buf_cstr(&ids));
	buf_done(&ids);
	return found == 1 ? ES_OK : found == 0 ? ES_NOT_FOUND : ES_AMBIGUOUS;
}

enum es_err api_invite_cancel(struct request *r, struct node *n)
{
	const struct invitation_entry *e = NULL;
	char who[256];
	enum es_err err = n->role == ROLE_CRESS ? ES_OK : ES_NOT_ALLOWED;

	body_text(r, "who", who, sizeof who);
	if (err != ES_OK)
		buf_str(&r->why, _("only the CRESS invites"));
	if (err == ES_OK)
		err = find_invitation(r, n, who, &e);
	if (err != ES_OK)
		return err;
	err = node_invite_cancel(n, e);
	if (err == ES_INVITE_USED)
		buf_printf(&r->why, _("%s: asks to join already; 'essaim approve' lets it in, 'essaim deny' does not"), e->name);
	if (err != ES_OK)
		return err;
	buf_str(&r->out, "{\"cancelled\":");
	json_quote(slice_str(e->name), &r->out);
	buf_str(&r->out, "}");
	return buf_err(&r->out);
}

/* Neither used nor over; the secret itself is nowhere kept. */
enum es_err api_invitations(struct request *r, struct node *n)
{
	size_t total = 0;
	char iso[25];

	buf_str(&r->out, "{\"items\":[");
	for (size_t i = 0; i < n->rights.invite_count; i++) {
		const struct invitation_entry *e = &n->rights.invites[i];
		char id[INVITE_ID_MAX];

		if (!node_invite_open(n, e))
			continue;
		stamp_text(stamp_at(e->expires), iso);
		invitation_id(e, id);
		buf_printf(&r->out, "%s{\"id\":\"%s\",\"pays\":", total++ ? "," : "", id);
		json_quote(slice_str(e->pays), &r->out);
		buf_str(&r->out, ",\"name\":");
		json_quote(slice_str(e->name), &r->out);
		buf_printf(&r->out, ",\"expires\":\"%s\",\"approved\":%s,\"replaces\":%s}", iso, e->approved ? "true" : "false",
			   e->replaces ? "true" : "false");
	}
	buf_printf(&r->out, "],\"total\":%zu}", total);
	return buf_err(&r->out);
}

/* Dark modules as runs along each row: a path's `d` of a drawing. */
static void write_runs(const QRcode *q, struct buf *out)
{
	for (int y = 0; y < q->width; y++) {
		const unsigned char *row = q->data + y * q->width;

		for (int x = 0, end; x < q->width; x = end + 1) {
			for (end = x; end < q->width && row[end] & 1; end++)
				;
			if (end > x)
				buf_printf(out, "M%d %dh%dv1h-%dz", x, y, end - x, end - x);
		}
	}
}

/* {"text"}: {"size", "path"}. Nothing is kept of it. */
void api_qr(struct request *r)
{
	char text[INVITE_TEXT_MAX];
	QRcode *q;

	body_text(r, "text", text, sizeof text);
	q = text[0] ? QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1) : NULL;
	if (!q) {
		buf_str(&r->why, _("text: what is to be drawn, as long as an invitation at most"));
		request_answer(r, ES_BAD_VALUE);
		return;
	}
	buf_printf(&r->out, "{\"size\":%d,\"path\":\"", q->width);
	write_runs(q, &r->out);
	buf_str(&r->out, "\"}");
	QRcode_free(q);
	request_answer(r, ES_OK);
}

/* Records by the day and the hub of their last word, over the last days. */
static void activity_sql(struct buf *sql)
{
	buf_str(sql, "WITH RECURSIVE d(le, i) AS (SELECT ?1, 0 UNION ALL SELECT date(le, '-1 day'), i + 1 FROM d WHERE i + 1 < CAST(?2 AS INTEGER)),"
		     " w(pole, le, n) AS (");
	for (size_t i = 0; i < schema_kind_count; i++)
		buf_printf(sql, "%sSELECT pole, substr(maj, 1, 10), count(*) FROM %s WHERE maj > date(?1, '-' || ?2 || ' days') GROUP BY 1, 2",
			   i ? " UNION ALL " : "", schema_kinds[i].name);
	buf_str(sql, "), s AS (SELECT pole, le, sum(n) AS n FROM w GROUP BY pole, le)"
		     " SELECT json_object('owner', pole, 'days', json((SELECT json_group_array(n) FROM (SELECT coalesce((SELECT n FROM s t"
		     " WHERE t.pole = p.pole AND t.le = d.le), 0) AS n FROM d ORDER BY d.le)))) FROM (SELECT DISTINCT pole FROM s) p ORDER BY pole");
}

enum es_err api_activity(struct request *r, struct reader *reader)
{
	char today[11], days[8];
	struct buf sql;
	enum es_err err;

	today_text(today);
	snprintf(days, sizeof days, "%d", ACTIVITY_DAYS);
	const struct slice args[] = {slice_str(today), slice_str(days)};
	buf_init(&sql, 1 << 16);
	activity_sql(&sql);
	buf_str(&r->out, "{\"items\":[");
	err = buf_err(&sql) == ES_OK ? reader_json_rows(reader, buf_cstr(&sql), args, 2, &r->out) : buf_err(&sql);
	buf_str(&r->out, "]}");
	buf_done(&sql);
	return err == ES_OK ? buf_err(&r->out) : err;
}
