/* SPDX-License-Identifier: Apache-2.0
 *
 * Seats of events (a bounded resource is granted by its owner alone). A request is a
 * proposal about the event, in the requester's federation log: a structure and how
 * many persons. The organiser's node answers by itself, in order of arrival there,
 * and only when it may seal: then it holds every grant that it ever signed, so that
 * a restored organiser grants no seat twice. A requester's own answer withdraws.
 *
 * Who arrives while somebody waits waits behind (C9). When places come free, those who
 * waited already are gone through in order and the first who fits is let in: what was
 * free when the queue was last looked at, and who was in it then, is a fact of the
 * journal (struct look).
 *
 * A registration that the organiser's hub holds as confirmed without having asked, by an
 * import say, is a grant too: it takes its seat before all who ask (R12). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

bool node_asks_seats(const struct change *ch, struct seat_request *q)
{
	return ch->op == OP_PROPOSE && ch->kind == KIND_OF_SEATS && seat_decode(ch->fields, q) == ES_OK;
}

static bool same_record(const struct record_id *a, const struct record_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* --- answers --- */

/* The event is this hub's, or was before it was handed over. */
static bool is_organiser(const struct node *n, const struct record_id *event, const struct id16 *hub)
{
	struct id16 steward = rights_steward(&n->rights, event, KIND_OF_SEATS);
	bool yes = id_eq(&steward, hub);

	for (size_t i = 0; i < n->rights.tenure_count && !yes; i++) {
		const struct tenure *t = &n->rights.tenures[i];

		yes = t->kind == KIND_OF_SEATS && same_record(&t->record, event) && id_eq(&t->from, hub);
	}
	return yes;
}

struct weighing {
	const struct node *n;
	struct ask *a;
};

/* Whatever the order in which they were read: a withdrawal stands over a grant. */
static bool weigh(void *ctx, const struct reply *r)
{
	struct weighing *v = ctx;
	bool organiser = is_organiser(v->n, &v->a->record, &r->hub);

	if (r->accepted ? !organiser : !organiser && !id_eq(&r->hub, &v->a->from))
		return true;
	v->a->state = r->accepted ? ASK_ACCEPTED : ASK_REFUSED;
	v->a->answer = r->at;
	return r->accepted;
}

enum es_err node_seat_answered(struct node *n, struct ask *a)
{
	struct weighing v = {.n = n, .a = a};
	enum ask_state before = a->state;
	enum es_err err = journal_answer_each(n->journal, &a->at, weigh, &v);

	return err != ES_OK || a->state == before ? err : journal_ask_state(n->journal, a);
}

/* --- an event and its requests, as they stand --- */

static struct slice shown(struct slice state, unsigned index)
{
	return fold_shown(state, schema_kind_no(KIND_OF_SEATS)->fields[index].no).value;
}

static struct slice shown_text(struct slice state, unsigned index)
{
	struct canon_reader r;

	canon_read_init(&r, shown(state, index));
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, CHANGE_MAX) : SLICE_NONE;
}

static enum es_err read_event(struct node *n, const struct record_id *event, struct seats *out)
{
	struct id16 steward = rights_steward(&n->rights, event, KIND_OF_SEATS);
	struct canon_reader r;
	struct buf b;

	*out = (struct seats){.capacity = -1, .ours = id_eq(&steward, &n->hub)};
	buf_init(&b, 16 * CHANGE_MAX);
	enum es_err err = n->reader ? reader_state(n->reader, event, KIND_OF_SEATS, &b) : ES_NOT_FOUND;
	struct slice state = buf_slice(&b), status = shown_text(state, evenement_statut);
	if (err == ES_OK && (state.len == 0 || fold_deleted(state)))
		err = ES_NOT_FOUND;
	canon_read_init(&r, shown(state, evenement_capacite));
	if (canon_peek(&r) == CANON_INT)
		out->capacity = canon_read_int(&r, 0, INT32_MAX);
	out->by_structure = slice_eq(shown_text(state, evenement_unite_capacite), slice_str("structure"));
	out->visits = slice_eq(shown_text(state, evenement_type_evenement), slice_str("formation_action"));
	out->closed = slice_eq(status, slice_str("annule")) || slice_eq(status, slice_str("realise"));
	buf_done(&b);
	return err;
}

struct listing {
	struct node *n;
	const struct record_id *event; /* NULL: all, ours only */
	struct ask *asks;
	size_t ask_count, room;
	struct seats *out;
	enum es_err err;
};

static bool collect_ask(void *ctx, const struct ask *a)
{
	struct listing *l = ctx;

	if (a->op != ASK_SEAT || (l->event ? !same_record(&a->record, l->event) : !id_eq(&a->from, &l->n->hub)))
		return true;
	if (l->ask_count == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct ask *more = realloc(l->asks, room * sizeof *more);

		if (!more) {
			l->err = ES_NOMEM;
			return false;
		}
		l->asks = more;
		l->room = room;
	}
	l->asks[l->ask_count++] = *a;
	return true;
}

static struct seat *add_seat(struct listing *l, const struct seat_request *q)
{
	struct seat *more = realloc(l->out->list, (l->out->count + 1) * sizeof *more);

	if (!more) {
		l->err = ES_NOMEM;
		return NULL;
	}
	l->out->list = more;
	more += l->out->count++;
	*more = (struct seat){.no = q->no, .structure = q->structure, .persons = q->persons};
	return more;
}

static enum es_err add_sealed(struct listing *l, const struct ask *a)
{
	struct seat_request q;
	struct change ch;
	struct seat *s;
	struct buf b;

	buf_init(&b, COMMIT_PACKED_MAX);
	enum es_err err = node_change_at(l->n, &a->at, &b, &ch);
	if (err == ES_OK && node_asks_seats(&ch, &q) && (s = add_seat(l, &q)) != NULL) {
		s->hub = a->from;
		s->at = a->at;
		s->arrival = a->no;
		s->granted = a->state == ASK_ACCEPTED;
	}
	buf_done(&b);
	return err == ES_NOT_FOUND ? ES_OK : err; /* forgotten with its event */
}

static const char noted[] =
	"SELECT structure_uid, nb_personnes FROM inscription WHERE evenement_uid = ?1 AND demande IS NULL"
	" AND statut IN ('inscrit', 'present', 'absent') GROUP BY uid ORDER BY date_inscription, rang, uid";

static bool add_noted(void *ctx, const struct slice *columns)
{
	struct seat_request q = {.persons = (uint32_t)strtoul((const char *)columns[1].p, NULL, 10)};
	struct listing *l = ctx;
	struct seat *s;

	if (!ulid_decode((const char *)columns[0].p, columns[0].len, q.structure.bytes) || (s = add_seat(l, &q)) == NULL)
		return l->err == ES_OK;
	s->hub = l->n->hub;
	s->granted = s->noted = true;
	return true;
}

static enum es_err list_noted(struct node *n, const struct record_id *event, struct seats *out)
{
	struct listing l = {.n = n, .out = out};
	char uid[ULID_LEN + 1];

	ulid_encode(event->bytes + 16, uid);
	enum es_err err = reader_rows(n->reader, noted, (const struct slice[]){slice_str(uid)}, 1, add_noted, &l);
	return err != ES_OK ? err : l.err;
}

/* What waits in the outbox counts already: requests, grants, withdrawals. */
static bool add_unsealed(void *ctx, const struct outbox_edit *e)
{
	struct listing *l = ctx;
	struct seat_request q;
	struct answer answer;
	struct change ch;
	struct seat *s;

	if (e->change.len == 0 || e->kind != KIND_OF_SEATS || change_read(e->change, &ch) != ES_OK)
		return true;
	if (node_asks_seats(&ch, &q) && (s = add_seat(l, &q)) != NULL) {
		s->hub = l->n->hub;
		s->waits = true;
		s->edit = e->edit;
	}
	if (ch.op != OP_ANSWER || answer_decode(ch.fields, &answer) != ES_OK)
		return l->err == ES_OK;
	for (size_t i = 0; i < l->out->count; i++) {
		s = &l->out->list[i];
		if (!id_eq(&s->at.log, &answer.to.log) || s->at.seq != answer.to.seq || s->at.index != answer.to.index)
			continue;
		s->granted = s->waits = answer.accepted;
		if (!answer.accepted)
			memmove(s, s + 1, (--l->out->count - i) * sizeof *s);
		break;
	}
	return l->err == ES_OK;
}

static int by_arrival(const void *a, const void *b)
{
	const struct ask *x = a, *y = b;

	return x->no < y->no ? -1 : x->no > y->no;
}

static enum es_err list_seats(struct node *n, const struct record_id *event, struct seats *out)
{
	struct listing l = {.n = n, .event = event, .out = out};
	enum es_err err = journal_ask_each(n->journal, collect_ask, &l);

	if (l.ask_count > 0)
		qsort(l.asks, l.ask_count, sizeof *l.asks, by_arrival);
	for (size_t i = 0; i < l.ask_count && err == ES_OK; i++)
		err = add_sealed(&l, &l.asks[i]);
	free(l.asks);
	if (err == ES_OK)
		err = journal_outbox_each(n->journal, SCOPE_FEDERATION, event, 0, add_unsealed, &l);
	return err != ES_OK ? err : l.err;
}

/* Persons, or one for each structure, however often it asks: those granted among the
 * first `among` count it. */
static int64_t cost_of(const struct seats *e, size_t i, size_t among)
{
	if (!e->by_structure)
		return e->list[i].persons;
	for (size_t k = 0; k < among; k++)
		if (k != i && e->list[k].granted && id_eq(&e->list[k].structure, &e->list[i].structure))
			return 0;
	return 1;
}

static enum es_err seats_of(struct node *n, const struct record_id *event, struct seats *out)
{
	enum es_err err = read_event(n, event, out);

	if (err == ES_OK && out->ours)
		err = list_noted(n, event, out);
	if (err == ES_OK)
		err = list_seats(n, event, out);
	for (size_t i = 0; i < out->count; i++)
		*(out->list[i].granted ? &out->granted : &out->waiting) += cost_of(out, i, i);
	return err;
}

void seats_done(struct seats *s)
{
	free(s->list);
	memset(s, 0, sizeof *s);
}

/* --- the organiser --- */

static enum es_err write_answer(struct node *n, const struct record_id *event, const struct position3 *to, bool accepted)
{
	struct answer answer = {.to = *to, .accepted = accepted};
	struct buf fields;

	buf_init(&fields, 256);
	answer_encode(&answer, &fields);
	enum es_err err = node_outbox_op(n, SCOPE_FEDERATION, OP_ANSWER, event, KIND_OF_SEATS, buf_slice(&fields));
	buf_done(&fields);
	return err;
}

static bool is_planned(struct node *n, const struct record_id *event, const struct id16 *structure)
{
	char uids[2][ULID_LEN + 1];

	ulid_encode(event->bytes + 16, uids[0]);
	ulid_encode(structure->bytes, uids[1]);
	return reader_number(n->reader, "SELECT count(*) FROM phase WHERE evenement_uid = ?1 AND structure_uid = ?2",
			     (const struct slice[]){slice_str(uids[0]), slice_str(uids[1])}, 2) > 0;
}

/* C10: half a day at each structure, whose date is to be found. */
static enum es_err plan_visit(struct node *n, const struct record_id *event, const struct id16 *structure)
{
	static const unsigned fields[] = {phase_evenement_uid, phase_type_phase, phase_structure_uid, phase_duree_heures};
	struct edit e = {.kind = schema_kind_named(slice_str("phase"))};
	struct buf values[4];
	struct edit_result result;
	enum es_err err = ES_OK;

	for (size_t i = 0; i < 4; i++)
		buf_init(&values[i], 64);
	canon_bin(&values[0], event->bytes + 16, 16);
	canon_str(&values[1], slice_str("individuel"));
	canon_bin(&values[2], structure->bytes, 16);
	canon_int(&values[3], 35); /* tenths of an hour */
	for (size_t i = 0; i < 4; i++) {
		err = err == ES_OK ? buf_err(&values[i]) : err;
		e.values[fields[i]] = buf_slice(&values[i]);
	}
	if (err == ES_OK && !is_planned(n, event, structure))
		err = node_edit(n, &e, false, &result);
	for (size_t i = 0; i < 4; i++)
		buf_done(&values[i]);
	return err;
}

/* The queue as it was last looked at. A capacity that changes frees no seat. */
struct look {
	int64_t granted, upto; /* places; the last arrival */
};

static void look_name(const struct record_id *event, char out[80])
{
	char hex[65];

	hex_encode(event->bytes, 32, hex);
	snprintf(out, 80, "accordees.%s", hex);
}

/* Never looked at: nothing has come free. */
static struct look last_look(struct node *n, const struct record_id *event)
{
	struct look l = {0};
	char name[80];
	struct buf text;

	look_name(event, name);
	buf_init(&text, 64);
	if (journal_get(n->journal, name, &text))
		(void)sscanf(buf_cstr(&text), "%" SCNd64 " %" SCNd64, &l.granted, &l.upto);
	buf_done(&text);
	return l;
}

static enum es_err keep_look(struct node *n, const struct record_id *event, const struct look *was, const struct look *now)
{
	char name[80], text[48];

	if (was->granted == now->granted && was->upto == now->upto)
		return ES_OK;
	look_name(event, name);
	snprintf(text, sizeof text, "%" PRId64 " %" PRId64, now->granted, now->upto);
	return journal_set(n->journal, name, slice_str(text));
}

static enum es_err give(struct node *n, const struct record_id *event, const struct seats *e, const struct seat *s, int64_t cost)
{
	enum es_err err = write_answer(n, event, &s->at, true);

	if (err == ES_OK && e->visits && e->by_structure && cost > 0)
		err = plan_visit(n, event, &s->structure);
	return err;
}

/* Whoever can never fit holds nobody up. */
static enum es_err walk_queue(struct node *n, const struct record_id *event, struct seats *e, const struct look *was, struct look *now)
{
	bool freed = e->granted < was->granted, held = false;
	enum es_err err = ES_OK;

	for (size_t i = 0; i < e->count && err == ES_OK; i++) {
		struct seat *s = &e->list[i];
		int64_t cost = cost_of(e, i, e->count);

		now->upto = s->arrival > now->upto ? s->arrival : now->upto;
		if (s->granted || s->at.seq == 0 || (e->capacity >= 0 && cost > e->capacity))
			continue;
		if ((e->capacity >= 0 && e->granted + cost > e->capacity) || (held && cost > 0 && !(freed && s->arrival <= was->upto))) {
			held = true;
			continue;
		}
		err = give(n, event, e, s, cost);
		s->granted = true;
		e->granted += cost;
	}
	now->granted = e->granted;
	return err;
}

static enum es_err grant(struct node *n, const struct record_id *event)
{
	struct look was = last_look(n, event), now = {0};
	struct seats e;
	enum es_err err = seats_of(n, event, &e);

	if (err == ES_OK && !e.closed) {
		err = walk_queue(n, event, &e, &was, &now);
		if (err == ES_OK)
			err = keep_look(n, event, &was, &now);
	}
	seats_done(&e);
	return err == ES_NOT_FOUND ? ES_OK : err; /* the event is deleted, or not here yet */
}

struct waiting {
	struct node *n;
	struct record_id *events; /* ours, with requests that wait */
	size_t count;
	enum es_err err;
};

static bool note_waiting(void *ctx, const struct ask *a)
{
	struct waiting *w = ctx;
	struct record_id *more;

	if (a->op != ASK_SEAT || a->state != ASK_OPEN)
		return true;
	struct id16 steward = rights_steward(&w->n->rights, &a->record, KIND_OF_SEATS);
	if (!id_eq(&steward, &w->n->hub))
		return true;
	for (size_t i = 0; i < w->count; i++)
		if (same_record(&w->events[i], &a->record))
			return true;
	more = realloc(w->events, (w->count + 1) * sizeof *more);
	if (!more) {
		w->err = ES_NOMEM;
		return false;
	}
	w->events = more;
	more[w->count++] = a->record;
	return true;
}

enum es_err node_grant_seats(struct node *n)
{
	struct waiting w = {.n = n};
	enum es_err err = ES_OK;

	if (!n->rights.founded || !node_may_seal(n, SCOPE_FEDERATION) || node_own_log(n, SCOPE_FEDERATION) < 0)
		return ES_OK; /* node_confirm() and its like have this looked at again */
	err = journal_ask_each(n->journal, note_waiting, &w);
	if (err == ES_OK)
		err = w.err;
	if (w.count > 0 && !node_edit_ready(n))
		n->derive = true; /* the event's capacity is not the last one yet */
	else
		for (size_t i = 0; i < w.count && err == ES_OK; i++)
			if (!node_offers(n, &w.events[i], KIND_OF_SEATS)) /* L18 */
				err = grant(n, &w.events[i]);
	free(w.events);
	return err;
}

/* --- what people do --- */

static enum es_err find_event(struct node *n, const struct id16 *uid, struct record_id *out)
{
	struct record_id ids[8];
	unsigned kinds[8];
	size_t count = n->reader ? reader_find(n->reader, uid, ids, kinds, 8) : 0;

	for (size_t i = 0; i < count && i < 8; i++)
		if (kinds[i] == KIND_OF_SEATS) {
			*out = ids[i];
			return ES_OK;
		}
	return ES_NOT_FOUND;
}

enum es_err node_seats(struct node *n, const struct id16 *event, struct seats *out)
{
	struct record_id id;
	enum es_err err = find_event(n, event, &id);

	*out = (struct seats){.capacity = -1};
	return err == ES_OK ? seats_of(n, &id, out) : err;
}

static const struct seat *seat_numbered(const struct seats *own, uint32_t no)
{
	for (size_t i = own->count; i > 0; i--)
		if (own->list[i - 1].no == no)
			return &own->list[i - 1];
	return NULL;
}

/* Six digits, to be told by telephone. */
static uint32_t draw_number(struct node *n, const struct seats *own)
{
	uint32_t no = 0;

	for (int tries = 0; tries < 100 && (no == 0 || seat_numbered(own, no)); tries++) {
		rng_fill(&n->rng, &no, sizeof no);
		no = 100000 + no % 900000;
	}
	return no;
}

enum es_err node_ask_seats(struct node *n, const struct id16 *event, const struct id16 *structure, uint32_t persons,
			   uint32_t *no)
{
	struct seat_request q = {.structure = *structure, .persons = persons};
	struct seats e, own = {0};
	struct record_id id;
	struct buf fields;
	enum es_err err = find_event(n, event, &id);

	if (err == ES_OK)
		err = read_event(n, &id, &e);
	if (err == ES_OK && e.closed)
		err = ES_NOT_ALLOWED;
	if (err == ES_OK && (persons < 1 || persons > SEAT_PERSONS_MAX ||
			     !reader_knows(n->reader, schema_kind_named(slice_str("structure")), structure)))
		err = ES_BAD_VALUE;
	if (err == ES_OK && e.capacity >= 0 && (e.by_structure ? 1 : (int64_t)persons) > e.capacity)
		err = ES_TOO_LARGE; /* it would wait for ever */
	if (err == ES_OK)
		err = list_seats(n, NULL, &own);
	if (err == ES_OK) {
		*no = q.no = draw_number(n, &own);
		buf_init(&fields, 64);
		seat_encode(&q, &fields);
		err = node_outbox_op(n, SCOPE_FEDERATION, OP_PROPOSE, &id, KIND_OF_SEATS, buf_slice(&fields));
		buf_done(&fields);
	}
	seats_done(&own);
	return err;
}

enum es_err node_cancel_seats(struct node *n, uint32_t no)
{
	struct seats own = {0};
	struct ask a;
	enum es_err err = list_seats(n, NULL, &own);
	const struct seat *s = seat_numbered(&own, no);

	if (err == ES_OK && !s)
		err = ES_NOT_FOUND;
	if (err == ES_OK && s->at.seq == 0) /* never sent, never was */
		err = journal_outbox_remove(n->journal, s->edit);
	else if (err == ES_OK)
		err = journal_ask_at(n->journal, &s->at, &a) ? write_answer(n, &a.record, &s->at, false) : ES_NOT_FOUND;
	n->derive = true;
	seats_done(&own);
	return err;
}
