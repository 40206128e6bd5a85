/* SPDX-License-Identifier: Apache-2.0
 *
 * Seats of events, and structures that two hubs hold. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "proto/request.h"

static enum es_err uid_of(struct request *r, const char *text, struct id16 *uid)
{
	if (ulid_decode(text, strlen(text), uid->bytes))
		return ES_OK;
	buf_printf(&r->why, _("%.64s: not a uid (26 characters)"), text);
	return ES_BAD_VALUE;
}

/* A plain number; 0: not one, or above max. */
static uint32_t number_of(const char *text, uint32_t max)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && *end == 0 && v <= max ? (uint32_t)v : 0;
}

/* "pole-auray" of a hub, as the directory has it. */
static void pole_json(const struct node *n, const struct id16 *hub, struct buf *json)
{
	const struct member *m = rights_member(&n->rights, hub);
	char owner[NODE_OWNER_MAX] = "";

	if (m)
		rights_owner_text(m, owner, sizeof owner);
	json_quote(slice_str(owner), json);
}

static void seat_json(const struct node *n, const struct seat *s, struct buf *out)
{
	char structure[ULID_LEN + 1];

	ulid_encode(s->structure.bytes, structure);
	buf_str(out, "{\"no\":");
	if (s->noted)
		buf_str(out, "null");
	else
		buf_printf(out, "%u", s->no);
	buf_str(out, ",\"hub\":");
	pole_json(n, &s->hub, out);
	buf_printf(out, ",\"structure\":\"%s\",\"nb_personnes\":%u,\"state\":\"%s\",\"statut\":\"%s\",\"waits\":%s}", structure,
		   s->persons, s->granted ? "granted" : "waiting", s->granted ? "inscrit" : "liste_attente", s->waits ? "true" : "false");
}

enum es_err api_seats(struct request *r, struct node *n)
{
	struct id16 event;
	struct seats e = {0};
	bool first = true;
	enum es_err err = uid_of(r, request_param(r, "uid"), &event);

	if (err == ES_OK) {
		err = node_seats(n, &event, &e);
		if (err == ES_NOT_FOUND)
			buf_printf(&r->why, _("%s: no such event here"), request_param(r, "uid"));
	}
	if (err != ES_OK) {
		seats_done(&e);
		return err;
	}
	buf_str(&r->out, "{\"capacity\":");
	if (e.capacity < 0)
		buf_str(&r->out, "null");
	else
		buf_printf(&r->out, "%lld", (long long)e.capacity);
	buf_printf(&r->out, ",\"unit\":\"%s\",\"granted\":%lld,\"waiting\":%lld,\"items\":[", e.by_structure ? "structure" : "personne",
		   (long long)e.granted, (long long)e.waiting);
	for (size_t i = 0; i < e.count; i++) {
		if (!e.ours && !id_eq(&e.list[i].hub, &n->hub))
			continue; /* another hub's requests are the organiser's to see */
		buf_str(&r->out, first ? "" : ",");
		seat_json(n, &e.list[i], &r->out);
		first = false;
	}
	buf_str(&r->out, "]}");
	seats_done(&e);
	return buf_err(&r->out);
}

void seats_list_json(struct node *n, const struct id16 *event, struct buf *json)
{
	char uid[ULID_LEN + 1], structure[ULID_LEN + 1];
	struct seats e = {0};

	ulid_encode(event->bytes, uid);
	if (node_seats(n, event, &e) != ES_OK)
		e.count = 0;
	for (size_t i = 0; i < e.count; i++) {
		bool shown = e.ours || id_eq(&e.list[i].hub, &n->hub);

		ulid_encode(e.list[i].structure.bytes, structure);
		buf_printf(json, "%s{\"e\":\"%s\",\"p\":", json->len > 1 ? "," : "", uid);
		pole_json(n, &e.list[i].hub, json);
		buf_printf(json, ",\"s\":%s%s%s,\"n\":%u,\"g\":%d,\"i\":%d,\"d\":%u}", shown ? "\"" : "", shown ? structure : "null",
			   shown ? "\"" : "", e.list[i].persons, e.list[i].granted, e.list[i].noted, e.list[i].no);
	}
	seats_done(&e);
}

static bool is_over(const struct node *n, const char *event)
{
	char today[11];

	day_of(n->utc, today);
	return reader_number(n->reader, "SELECT count(*) FROM evenement WHERE uid = ?1 AND substr(fin, 1, 10) < ?2",
			     (const struct slice[]){slice_str(event), slice_str(today)}, 2) > 0;
}

/* More than the event has would wait for ever. */
static enum es_err seats_too_many(struct buf *why, struct node *n, const struct id16 *event, uint32_t persons)
{
	struct seats e = {0};

	if (node_seats(n, event, &e) == ES_OK)
		buf_printf(why, _("nb_personnes: %u, and the event has %lld place(s) in all; ask for that many at most"), persons, (long long)e.capacity);
	seats_done(&e);
	return ES_BAD_VALUE;
}

enum es_err api_register(struct request *r, struct node *n)
{
	struct id16 event, structure = {{0}};
	struct pair pairs[4];
	uint32_t persons = 0, no = 0;
	enum es_err err;
	size_t count = body_pairs(r, "values", pairs, 4, &err);

	for (size_t i = 0; i < count && err == ES_OK; i++) {
		if (strcmp(pairs[i].key, "structure") == 0) {
			err = uid_of(r, pairs[i].value, &structure);
		} else if (strcmp(pairs[i].key, "nb_personnes") == 0) {
			persons = number_of(pairs[i].value, SEAT_PERSONS_MAX);
		} else {
			buf_printf(&r->why, _("%.64s: a request for seats has structure and nb_personnes, and no name"), pairs[i].key);
			err = ES_UNKNOWN_FIELD;
		}
	}
	pairs_free(pairs, count);
	if (err == ES_OK)
		err = uid_of(r, body_text(r, "uid", r->part, sizeof r->part), &event);
	if (err != ES_OK)
		return err;
	err = n->reader && is_over(n, r->part) ? ES_NOT_ALLOWED : node_ask_seats(n, &event, &structure, persons, &no);
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no such event here"), r->part);
	else if (err == ES_NOT_ALLOWED)
		buf_printf(&r->why, _("%s: this event is cancelled or over"), r->part);
	else if (err == ES_TOO_LARGE)
		err = seats_too_many(&r->why, n, &event, persons);
	else if (err == ES_BAD_VALUE)
		buf_printf(&r->why, _("%s: structure is a structure known here, nb_personnes 1 to %d"), r->part, SEAT_PERSONS_MAX);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"no\":%u}", no);
	return err;
}

enum es_err api_cancel(struct request *r, struct node *n)
{
	char text[24];
	uint32_t no = number_of(body_text(r, "no", text, sizeof text), UINT32_MAX);
	enum es_err err = node_cancel_seats(n, no);

	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no request for seats of this hub under that number; see 'essaim seats'"), text);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"no\":%u}", no);
	return err;
}
