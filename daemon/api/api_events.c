/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read off events and pooled purchases (sheet.h, purchase.h). */
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/exchange/sheet.h"

/* The uid in the query, as the directory writes it. */
static enum es_err uid_param(struct request *r, const char *name, char out[ULID_LEN + 1])
{
	const char *text = request_param(r, name);
	struct id16 uid;

	if (!ulid_decode(text, strlen(text), uid.bytes)) {
		buf_printf(&r->why, _("%.64s: not a uid (26 characters)"), text);
		return ES_BAD_VALUE;
	}
	ulid_encode(uid.bytes, out);
	return ES_OK;
}

static enum es_err none_here(struct request *r, const char *what, const char *uid, enum es_err err)
{
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no such %s here"), uid, what);
	return err;
}

/* --- with the seats, which the journal has --- */

struct seating {
	struct node *n;
	struct buf json;
};

static bool add_seats(void *ctx, struct slice uid)
{
	struct seating *s = ctx;
	struct id16 event;

	if (ulid_decode((const char *)uid.p, uid.len, event.bytes))
		seats_list_json(s->n, &event, &s->json);
	return true;
}

static enum es_err seating_of(struct seating *s, struct node *n, const char *key)
{
	enum es_err err;

	s->n = n;
	buf_init(&s->json, 1 << 24);
	buf_str(&s->json, "[");
	err = n->reader ? sheet_events(n->reader, key, add_seats, s) : ES_NOT_FOUND;
	buf_str(&s->json, "]");
	return err == ES_OK ? buf_err(&s->json) : err;
}

enum es_err api_attendance(struct request *r, struct node *n)
{
	const char *key = request_param(r, "of");
	struct seating s;
	char today[11];
	enum es_err err = seating_of(&s, n, key);

	today_text(today);
	if (err == ES_OK)
		err = sheet_attendance(n->reader, key, buf_slice(&s.json), slice_str(today), &r->out);
	buf_done(&s.json);
	return none_here(r, _("series or event"), key, err);
}

enum es_err api_session(struct request *r, struct node *n)
{
	char uid[ULID_LEN + 1];
	struct seating s;
	enum es_err err = uid_param(r, "uid", uid);

	if (err != ES_OK)
		return err;
	err = seating_of(&s, n, uid);
	if (err == ES_OK)
		err = sheet_session(n->reader, uid, buf_slice(&s.json), &r->out);
	buf_done(&s.json);
	return none_here(r, _("event"), uid, err);
}

/* --- from the directory alone --- */

enum es_err api_schedule(struct request *r, struct reader *reader)
{
	char uid[ULID_LEN + 1], structure[ULID_LEN + 1] = "";
	enum es_err err = uid_param(r, "uid", uid);

	if (err == ES_OK && request_param(r, "structure")[0])
		err = uid_param(r, "structure", structure);
	return err == ES_OK ? none_here(r, _("event"), uid, sheet_schedule(reader, uid, structure, &r->out)) : err;
}

enum es_err api_invited(struct request *r, struct reader *reader)
{
	char uid[ULID_LEN + 1];
	enum es_err err = uid_param(r, "uid", uid);

	if (err != ES_OK)
		return err;
	err = sheet_invited(reader, uid, &r->out);
	if (err == ES_BAD_VALUE)
		buf_printf(&r->why, _("%s: this event has no filiere, so nobody is invited by it; 'essaim set' gives it one"), uid);
	return none_here(r, _("event"), uid, err);
}

enum es_err api_tiers(struct request *r, struct reader *reader)
{
	char uid[ULID_LEN + 1], today[11];
	enum es_err err = uid_param(r, "uid", uid);

	today_text(today);
	return err == ES_OK ? none_here(r, _("pooled purchase"), uid, purchase_show(reader, uid, slice_str(today), &r->out)) : err;
}
