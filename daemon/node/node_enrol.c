/* SPDX-License-Identifier: Apache-2.0
 *
 * An inscription says what became of its request for seats: `demande` until its
 * organiser has heard, `liste_attente` where they do not fit or wait behind, `inscrit` once granted,
 * `annule` once given back. It is local, and written here without anybody's doing;
 * `present` and `absent` are people's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

#define ENROLMENTS_MAX 4096 /* in one tick; the next one goes on */

struct enrolment {
	char uid[ULID_LEN + 1], event[ULID_LEN + 1], statut[16];
	uint32_t no;
};
struct enrolments {
	struct enrolment *list;
	size_t count;
};

static const char pending[] =
	"SELECT i.uid || ' ' || i.evenement_uid || ' ' || i.demande || ' ' || i.statut FROM inscription i JOIN evenement e ON e.uid = i.evenement_uid"
	" WHERE i.demande > 0 AND i.statut IN ('demande', 'liste_attente', 'inscrit')"
	" AND substr(e.fin, 1, 10) >= date(?1, 'unixepoch', '-1 day') GROUP BY i.uid ORDER BY i.evenement_uid, i.uid";

static bool add_enrolment(void *ctx, struct slice text)
{
	struct enrolments *l = ctx;
	struct enrolment *e = &l->list[l->count];
	char line[96];

	if (text.len < sizeof line) {
		snprintf(line, sizeof line, "%.*s", (int)text.len, (const char *)text.p);
		l->count += sscanf(line, "%26s %26s %u %15s", e->uid, e->event, &e->no, e->statut) == 4;
	}
	return l->count < ENROLMENTS_MAX;
}

static const struct seat *seat_of(const struct node *n, const struct seats *s, uint32_t no)
{
	for (size_t i = s->count; i > 0; i--)
		if (s->list[i - 1].no == no && id_eq(&s->list[i - 1].hub, &n->hub))
			return &s->list[i - 1];
	return NULL;
}

/* It does not fit, or comes after one that does not (node_seat.c). */
static bool is_behind(const struct seats *s, const struct seat *seat)
{
	for (const struct seat *o = s->list; o <= seat && s->capacity >= 0; o++)
		if (!o->granted && s->granted + (s->by_structure ? 1 : (int64_t)o->persons) > s->capacity)
			return true;
	return false;
}

static const char *becomes(const struct node *n, const struct seats *s, const struct enrolment *e)
{
	const struct seat *seat = seat_of(n, s, e->no);

	if (!seat)
		return "annule";
	if (seat->granted)
		return "inscrit";
	return is_behind(s, seat) ? "liste_attente" : "demande";
}

static enum es_err write_statut(struct node *n, const struct enrolment *e, const char *statut)
{
	struct edit edit = {.kind = schema_kind_named(slice_str("inscription")), .has_uid = true};
	struct edit_result result;
	struct buf value;
	enum es_err err;

	if (!ulid_decode(e->uid, strlen(e->uid), edit.uid.bytes))
		return ES_OK;
	buf_init(&value, 64);
	canon_str(&value, slice_str(statut));
	edit.values[inscription_statut] = buf_slice(&value);
	err = buf_err(&value) == ES_OK ? node_edit(n, &edit, true, &result) : buf_err(&value);
	buf_done(&value);
	return err == ES_NOT_FOUND || err == ES_OTHER_HUB ? ES_OK : err;
}

static enum es_err note_all(struct node *n, const struct enrolments *l)
{
	enum es_err err = ES_OK;
	struct seats s = {0};

	for (size_t i = 0; i < l->count && err == ES_OK; i++) {
		const struct enrolment *e = &l->list[i];
		struct id16 event;

		if (!ulid_decode(e->event, strlen(e->event), event.bytes))
			continue;
		if (i == 0 || strcmp(e->event, e[-1].event) != 0) {
			seats_done(&s);
			err = node_seats(n, &event, &s);
		}
		if (err == ES_OK && strcmp(becomes(n, &s, e), e->statut) != 0)
			err = write_statut(n, e, becomes(n, &s, e));
	}
	seats_done(&s);
	return err == ES_NOT_FOUND ? ES_OK : err;
}

enum es_err node_note_seats(struct node *n)
{
	struct enrolments l = {0};
	char now[24];
	enum es_err err;

	if (!n->reader || !n->rights.founded)
		return ES_OK;
	if (reader_number(n->reader, "SELECT 1 FROM inscription WHERE demande > 0 LIMIT 1", NULL, 0) == 0)
		return ES_OK;
	if (!node_edit_ready(n)) {
		n->derive = true; /* what the directory says is not the last word yet */
		return ES_OK;
	}
	l.list = calloc(ENROLMENTS_MAX, sizeof *l.list);
	if (!l.list)
		return ES_NOMEM;
	snprintf(now, sizeof now, "%lld", (long long)(n->utc / 1000));
	err = reader_texts(n->reader, pending, (const struct slice[]){slice_str(now)}, 1, add_enrolment, &l);
	if (err == ES_OK)
		err = note_all(n, &l);
	free(l.list);
	return err;
}
