/* SPDX-License-Identifier: Apache-2.0
 *
 * What hubs ask of each other and of the CRESS, and what is written without a
 * human once both sides have said so (L18-L21): a proposal and its answer, an
 * offer and its acceptance, an order to forget, new keys. */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "proto/request.h"

#define DAY_MS (24 * 3600 * 1000)
#define CHECKPOINT_CUTS 500 /* in one entry */

/* --- what a commit says --- */

struct weighing {
	const struct node *n;
	struct ask *a;
};

/* Does home hold it? What we said to nobody else yet, home may never hear in time. */
static bool is_heard(const struct node *n, const struct position3 *at)
{
	const struct head *h = frontier_find(&n->frontier, &at->log);

	return n->role == ROLE_CRESS || !h || !id_eq(&h->hub, &n->hub) || at->seq <= h->acked;
}

/* The addressee's first answer stands. The offerer's withdrawal goes before an acceptance
 * of its offer until home has entered the hand-over, so where home holds it, it holds. */
static bool take_reply(void *ctx, const struct reply *r)
{
	struct weighing *w = ctx;
	struct ask *a = w->a;
	bool mine = id_eq(&a->to, &r->hub) && a->state == ASK_OPEN;
	bool withdrawn = id_eq(&a->from, &r->hub) && !r->accepted && (a->op != OP_STEWARD || is_heard(w->n, &r->at));

	if ((!mine && !withdrawn) || rights_is_void(&w->n->rights, &r->at.log, r->at.seq))
		return true;
	a->state = !r->accepted ? ASK_REFUSED : a->op == OP_PROPOSE ? ASK_DONE /* its put stands beside it */ : ASK_ACCEPTED;
	a->answer = r->at;
	return a->state == ASK_ACCEPTED;
}

/* The answer may have come first, from another log. */
static enum es_err look_for_answer(struct node *n, const struct position3 *at)
{
	struct ask a;
	struct weighing w = {.n = n, .a = &a};

	if (!journal_ask_at(n->journal, at, &a))
		return ES_OK;
	if (a.op == ASK_SEAT)
		return node_seat_answered(n, &a);
	enum ask_state before = a.state;
	if (before != ASK_OPEN && before != ASK_ACCEPTED)
		return ES_OK;
	enum es_err err = journal_answer_each(n->journal, at, take_reply, &w);
	return err != ES_OK || a.state == before ? err : journal_ask_state(n->journal, &a);
}

static enum es_err note_ask(struct node *n, struct ask *a)
{
	enum es_err err = journal_ask_put(n->journal, a);

	return err == ES_OK ? look_for_answer(n, &a->at) : err;
}

static enum es_err note_request(struct node *n, const struct head *h, struct ask *a, const struct change *ch)
{
	struct request_body q;

	if (request_decode(ch->fields, &q) != ES_OK)
		return ES_OK; /* of a later version */
	a->op = q.op;
	a->to = q.to;
	if (q.op == OP_ROTATE && id_eq(&h->hub, &n->hub))
		n->rotating = q.epoch > n->epoch;
	return note_ask(n, a);
}

static enum es_err note_answer(struct node *n, const struct head *h, const struct position3 *at, const struct change *ch)
{
	struct answer answer;

	if (answer_decode(ch->fields, &answer) != ES_OK)
		return ES_OK;
	struct reply r = {.to = answer.to, .at = *at, .hub = h->hub, .accepted = answer.accepted};
	enum es_err err = journal_answer_put(n->journal, &r);
	return err == ES_OK ? look_for_answer(n, &answer.to) : err;
}

static enum es_err note_acceptance(struct node *n, const struct head *h, const struct change *ch)
{
	struct canon_reader r;
	struct hash digest;

	canon_read_init(&r, change_field(ch->fields, FIELD_ACCEPTATION_EMPREINTE));
	struct slice text = canon_read_str(&r, 64);
	if (r.err != ES_OK || text.len != 64 || !hex_decode((const char *)text.p, 64, digest.bytes, 32))
		return ES_OK;
	return journal_charter_put(n->journal, &h->hub, &digest);
}

static enum es_err note_change(struct node *n, const struct head *h, const struct position3 *at, const struct change *ch)
{
	struct ask a = {.at = *at, .op = ch->op, .record = ch->record, .kind = ch->kind, .from = h->hub};
	struct seat_request seat;
	struct receipt receipt;

	switch (ch->op) {
	case OP_PROPOSE:
		if (h->scope == SCOPE_FEDERATION && node_asks_seats(ch, &seat))
			a.op = ASK_SEAT;
		a.to = rights_steward(&n->rights, &ch->record, ch->kind);
		return note_ask(n, &a);
	case OP_REQUEST:
		return h->scope == SCOPE_FEDERATION ? note_request(n, h, &a, ch) : ES_OK;
	case OP_ANSWER:
		return note_answer(n, h, at, ch);
	case OP_RECEIPT:
		return receipt_decode(ch->fields, &receipt) == ES_OK
			       ? journal_receipt_put(n->journal, receipt.seq, receipt.index, &h->hub) : ES_OK;
	case OP_PUT:
		return ch->kind == KIND_ACCEPTATION_CHARTE && h->scope == SCOPE_FEDERATION ? note_acceptance(n, h, ch) : ES_OK;
	default:
		return ES_OK;
	}
}

enum es_err node_noted(struct node *n, uint32_t index, const struct commit *c, const struct packed *p)
{
	const struct head *h = &n->frontier.heads[index];
	enum es_err err = ES_OK;
	struct change ch;

	if (h->scope == SCOPE_LOCAL)
		return ES_OK;
	for (uint32_t i = 0; i < p->count && err == ES_OK; i++) {
		struct position3 at = {.log = h->log, .seq = c->seq, .index = i};

		if (!p->payload[i].present || change_read(p->payload[i].change, &ch) != ES_OK || ch.control)
			continue;
		if (ch.op == OP_PUT && ch.kind != KIND_ACCEPTATION_CHARTE)
			continue;
		n->derive = true;
		err = note_change(n, h, &at, &ch);
	}
	return err;
}

/* --- what follows, at the CRESS --- */

struct asks {
	struct ask *list;
	size_t count;
	enum es_err err;
};

static bool collect(void *ctx, const struct ask *a)
{
	struct asks *l = ctx;
	struct ask *more = realloc(l->list, (l->count + 1) * sizeof *more);

	if (!more) {
		l->err = ES_NOMEM;
		return false;
	}
	l->list = more;
	l->list[l->count++] = *a;
	return true;
}

static bool same_place(const struct position3 *a, const struct position3 *b)
{
	return id_eq(&a->log, &b->log) && a->seq == b->seq && a->index == b->index;
}

static bool is_handed_over(const struct node *n, const struct ask *a)
{
	for (size_t i = 0; i < n->rights.tenure_count; i++)
		if (same_place(&n->rights.tenures[i].offer, &a->at))
			return true;
	return false;
}

static enum es_err done(struct node *n, struct ask *a)
{
	a->state = ASK_DONE;
	return journal_ask_state(n->journal, a);
}

static enum es_err derive_steward(struct node *n, struct ask *a)
{
	struct id16 steward = rights_steward(&n->rights, &a->record, a->kind);
	const struct member *to = rights_member(&n->rights, &a->to), *from = rights_member(&n->rights, &a->from);
	struct tenure t = {.record = a->record, .kind = a->kind, .from = a->from, .to = a->to, .offer = a->at, .answer = a->answer};
	struct buf b;
	enum es_err err;

	if (is_handed_over(n, a) || !id_eq(&steward, &a->from) || !to || to->state == MEMBER_REVOKED || !from ||
	    from->state == MEMBER_REVOKED || id_eq(&a->from, &a->to))
		return done(n, a);
	if (to->state != MEMBER_ACTIVE)
		return ES_OK; /* once it is back, or until the offer is withdrawn */
	err = node_cuts_of(n, &a->from, &t.cuts, &t.cut_count);
	if (err != ES_OK)
		return err == ES_NOT_ALLOWED ? ES_OK : err; /* once it has an effect */
	if (PLANT(closed_generation_cut_at_head))
		t.cut_count = 0;
	buf_init(&b, COMMIT_BYTES_MAX);
	entry_steward(&t, &b);
	err = node_enter(n, &b);
	free(t.cuts);
	return err != ES_OK ? err : done(n, a);
}

/* The change that lies there, from its commit; borrows from `bytes`. */
enum es_err node_change_at(struct node *n, const struct position3 *at, struct buf *bytes, struct change *ch)
{
	static _Thread_local struct packed p;
	const struct head *h = frontier_find(&n->frontier, &at->log);
	enum es_err err = h ? node_read_commit(n, (uint32_t)(h - n->frontier.heads), at->seq, bytes, &p) : ES_NOT_FOUND;

	if (err == ES_OK && (at->index >= p.count || !p.payload[at->index].present))
		err = ES_NOT_FOUND;
	if (err == ES_OK)
		err = change_decode(p.payload[at->index].change, ch);
	return err == ES_MALFORMED ? ES_DAMAGED : err;
}

static enum es_err read_request(struct node *n, const struct ask *a, struct request_body *q, es_stamp *edited)
{
	struct buf bytes;
	struct change ch;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	enum es_err err = node_change_at(n, &a->at, &bytes, &ch);
	if (err == ES_OK)
		err = request_decode(ch.fields, q);
	if (err == ES_OK)
		*edited = ch.edited;
	buf_done(&bytes);
	return err;
}

static enum es_err derive_forget(struct node *n, struct ask *a)
{
	struct forget_order f = {.record = a->record, .kind = a->kind, .signer = a->from, .is_signed = true};
	struct id16 steward = rights_steward(&n->rights, &a->record, a->kind);
	struct request_body q;
	es_stamp edited;
	enum es_err err = read_request(n, a, &q, &edited);

	if (err != ES_OK || rights_forgotten(&n->rights, &a->record, a->kind) >= q.upto ||
	    (!id_eq(&steward, &a->from) && !PLANT(forget_unsigned)))
		return err == ES_NOT_FOUND || err == ES_OK ? done(n, a) : err;
	f.upto = q.upto;
	f.epoch = q.epoch;
	f.sig = q.sig;
	int64_t places;

	err = node_enter_forget(n, &f, &places);
	return err != ES_OK ? err : done(n, a);
}

static enum es_err derive_rotate(struct node *n, struct ask *a)
{
	const struct member *m = rights_member(&n->rights, &a->from);
	struct rotation r = {.hub = a->from};
	struct request_body q;
	es_stamp edited;
	enum es_err err = read_request(n, a, &q, &edited);

	if (err != ES_OK || !m || m->state == MEMBER_REVOKED || q.epoch != m->epoch + 1)
		return err == ES_NOT_FOUND || err == ES_OK ? done(n, a) : err;
	r.sign = q.sign;
	r.dh = q.dh;
	r.epoch = q.epoch;
	r.old = q.sig;
	r.new = q.new_sig;
	err = node_enter_rotation(n, &r);
	if (err == ES_NOT_ALLOWED)
		return ES_OK; /* once it has an effect */
	return err != ES_OK ? err : done(n, a);
}

/* --- what the control log has settled, at every node --- */

static enum es_err is_settled(struct node *n, const struct ask *a, bool *yes)
{
	const struct member *from = rights_member(&n->rights, &a->from), *to = rights_member(&n->rights, &a->to);
	struct id16 steward = rights_steward(&n->rights, &a->record, a->kind);
	struct request_body q;
	es_stamp edited;
	enum es_err err = ES_OK;

	*yes = (from && from->state == MEMBER_REVOKED) || (a->op == OP_STEWARD && to && to->state == MEMBER_REVOKED) ||
	       (a->op != ASK_SEAT && rights_is_void(&n->rights, &a->at.log, a->at.seq));
	if (a->op == OP_STEWARD || (a->op == OP_FORGET && !PLANT(forget_unsigned)))
		*yes = *yes || !id_eq(&steward, &a->from);
	if (*yes || (a->op != OP_FORGET && a->op != OP_ROTATE))
		return ES_OK;
	err = read_request(n, a, &q, &edited);
	if (err == ES_NOT_FOUND)
		err = ES_OK;
	else if (err == ES_OK && a->op == OP_FORGET)
		*yes = rights_forgotten(&n->rights, &a->record, a->kind) >= q.upto;
	else if (err == ES_OK)
		*yes = from && from->epoch >= q.epoch;
	return err;
}

/* Home may hold our withdrawal now, or an officer have voided the answer. */
static enum es_err weigh_again(struct node *n, struct ask *a)
{
	enum es_err err = ES_OK;

	if (a->op != OP_STEWARD)
		return ES_OK;
	if (a->state == ASK_ACCEPTED && rights_is_void(&n->rights, &a->answer.log, a->answer.seq)) {
		a->state = ASK_OPEN;
		err = journal_ask_state(n->journal, a);
	}
	return err == ES_OK ? look_for_answer(n, &a->at) : err;
}

static enum es_err settle_asks(struct node *n)
{
	struct asks l = {0};
	enum es_err err = journal_ask_each(n->journal, collect, &l);
	bool rotating = false;

	if (err == ES_OK)
		err = l.err;
	for (size_t i = 0; i < l.count && err == ES_OK; i++) {
		bool settled = false;

		err = weigh_again(n, &l.list[i]);
		if (err == ES_OK)
			err = is_settled(n, &l.list[i], &settled);
		if (err == ES_OK && settled)
			err = done(n, &l.list[i]);
		else
			rotating = rotating || (l.list[i].op == OP_ROTATE && id_eq(&l.list[i].from, &n->hub));
	}
	free(l.list);
	n->rotating = rotating;
	return err;
}

static enum es_err derive_one(struct node *n, struct ask *a)
{
	switch (a->op) {
	case OP_STEWARD:
		return a->state == ASK_ACCEPTED ? derive_steward(n, a) : ES_OK;
	case OP_FORGET:
		return derive_forget(n, a);
	case OP_ROTATE:
		return derive_rotate(n, a);
	default:
		return ES_OK;
	}
}

static enum es_err derive_asks(struct node *n)
{
	struct asks l = {0};
	enum es_err err = journal_ask_each(n->journal, collect, &l);

	if (err == ES_OK)
		err = l.err;
	for (size_t i = 0; i < l.count && err == ES_OK; i++)
		err = derive_one(n, &l.list[i]);
	free(l.list);
	return err;
}

/* What a checkpoint may make final of a log now. A commit with a change missing that only
 * its author calls destroyed is not: a cut must be able to end it. */
static bool is_new_final(struct node *n, uint32_t index, struct log_cut *out)
{
	const struct head *h = &n->frontier.heads[index];
	const struct open_log *log = rights_log(&n->rights, &h->log);

	if (!log || h->scope == SCOPE_LOCAL || log->cut || h->blocked != ES_OK || h->seq <= log->checkpoint)
		return false;
	*out = node_cut_whole(n, index, log);
	return out->seq > log->checkpoint;
}

static bool has_moved(struct node *n)
{
	struct log_cut unused;

	for (uint32_t i = 1; i < n->frontier.count; i++)
		if (is_new_final(n, i, &unused))
			return true;
	return false;
}

enum es_err node_checkpoint(struct node *n)
{
	struct log_cut *list = calloc(n->frontier.count + 1, sizeof *list);
	struct slice entries[COMMIT_CHANGES_MAX];
	struct buf bufs[16];
	size_t count = 0, used = 0;
	enum es_err err = ES_OK;

	if (!list)
		return ES_NOMEM;
	for (uint32_t i = 1; i < n->frontier.count; i++)
		count += is_new_final(n, i, &list[count]);
	for (size_t i = 0; i < count && used < 16 && used * 31000 < COMMIT_BYTES_MAX - 32768; i += CHECKPOINT_CUTS) {
		buf_init(&bufs[used], CHANGE_MAX);
		entry_checkpoint(list + i, count - i < CHECKPOINT_CUTS ? count - i : CHECKPOINT_CUTS, &bufs[used]);
		entries[used] = buf_slice(&bufs[used]);
		used++;
	}
	if (used > 0)
		err = node_control(n, entries, used);
	for (size_t i = 0; i < used; i++)
		buf_done(&bufs[i]);
	free(list);
	return err;
}

enum es_err node_derive(struct node *n)
{
	enum es_err err = settle_asks(n);

	if (err == ES_OK)
		err = node_grant_seats(n);
	if (err == ES_OK)
		err = node_note_seats(n);
	if (err == ES_OK)
		err = node_settle_purchases(n);
	if (err != ES_OK || n->role != ROLE_CRESS || !n->rights.founded || node_awaited(n) > 0 || !node_all_reported(n))
		return err;
	err = node_due_generations(n);
	if (err == ES_OK)
		err = node_list_holes(n);
	if (err == ES_OK)
		err = derive_asks(n);
	if (err == ES_OK && n->utc - n->rights.checkpoint_utc >= DAY_MS && has_moved(n))
		err = node_checkpoint(n);
	return err == ES_AWAITING || err == ES_CLOCK_SKEW ? ES_OK : err;
}

/* --- L18 --- */

struct offered {
	const struct record_id *record;
	unsigned kind;
	const struct id16 *hub;
	bool yes;
};

static bool is_open_offer(void *ctx, const struct ask *a)
{
	struct offered *o = ctx;

	o->yes = a->op == OP_STEWARD && a->kind == o->kind && id_eq(&a->from, o->hub) &&
		 memcmp(a->record.bytes, o->record->bytes, 32) == 0;
	return !o->yes;
}

bool node_is_offered(struct node *n, const struct record_id *record, unsigned kind)
{
	struct offered o = {.record = record, .kind = kind, .hub = &n->hub};

	return journal_ask_each(n->journal, is_open_offer, &o) == ES_OK && o.yes;
}

/* --- what people do --- */

static enum es_err find_ours(struct node *n, const struct id16 *uid, struct record_id *id, unsigned *kind)
{
	struct record_id ids[16];
	unsigned kinds[16];
	size_t count = n->reader ? reader_find(n->reader, uid, ids, kinds, 16) : 0;

	for (size_t i = 0; i < count && i < 16; i++) {
		struct id16 steward = rights_steward(&n->rights, &ids[i], kinds[i]);

		if (id_eq(&steward, &n->hub)) {
			*id = ids[i];
			*kind = kinds[i];
			return ES_OK;
		}
	}
	return count > 0 ? ES_OTHER_HUB : ES_NOT_FOUND;
}

static bool has_offer(void *ctx, const struct outbox_edit *e)
{
	struct offered *o = ctx;
	struct request_body q;
	struct change ch;

	o->yes = e->kind == o->kind && e->change.len > 0 && change_read(e->change, &ch) == ES_OK && ch.op == OP_REQUEST &&
		 request_decode(ch.fields, &q) == ES_OK && q.op == OP_STEWARD;
	return !o->yes;
}

bool node_offers(struct node *n, const struct record_id *record, unsigned kind)
{
	struct offered o = {.record = record, .kind = kind};

	return (journal_outbox_each(n->journal, SCOPE_COUNT, record, 0, has_offer, &o) == ES_OK && o.yes) ||
	       node_is_offered(n, record, kind);
}

enum es_err node_hand_over(struct node *n, const struct id16 *uid, const struct id16 *to)
{
	struct request_body q = {.op = OP_STEWARD, .to = *to};
	const struct member *m = rights_member(&n->rights, to);
	struct record_id id;
	struct buf fields;
	unsigned kind = 0;
	enum es_err err = find_ours(n, uid, &id, &kind);

	if (err != ES_OK)
		return err;
	if (node_offers(n, &id, kind))
		return ES_EXISTS;
	if (!m || m->state != MEMBER_ACTIVE || id_eq(to, &n->hub))
		return ES_NOT_ALLOWED;
	buf_init(&fields, 256);
	request_encode(&q, &fields);
	if (err == ES_OK)
		err = node_outbox_op(n, SCOPE_FEDERATION, OP_REQUEST, &id, kind, buf_slice(&fields));
	buf_done(&fields);
	return err;
}

static bool own_answer_waits(void *ctx, const struct outbox_edit *e)
{
	struct inbox_item *i = ctx;
	struct answer answer;
	struct change ch;

	i->waits = e->change.len > 0 && change_read(e->change, &ch) == ES_OK && ch.op == OP_ANSWER &&
		   answer_decode(ch.fields, &answer) == ES_OK && same_place(&answer.to, &i->at);
	return !i->waits;
}

/* Its record is forgotten, and what it says with it; or it is the proposer's own by now. */
static bool is_moot(const struct node *n, const struct ask *a)
{
	struct id16 steward = rights_steward(&n->rights, &a->record, a->kind);

	if (a->op == OP_PROPOSE && id_eq(&steward, &a->from))
		return true;
	for (size_t i = 0; i < n->order_count; i++)
		if (n->orders[i].kind == a->kind && memcmp(n->orders[i].record.bytes, a->record.bytes, 32) == 0)
			return true;
	return rights_is_erased(&n->rights, &a->at.log, a->at.seq, a->at.index);
}

enum es_err node_inbox(struct node *n, bool (*each)(void *ctx, const struct inbox_item *i), void *ctx)
{
	struct asks l = {0};
	enum es_err err = journal_ask_each(n->journal, collect, &l);

	for (size_t i = 0; i < l.count && err == ES_OK; i++) {
		const struct ask *a = &l.list[i];
		struct inbox_item item = {.no = a->no, .op = a->op == OP_PROPOSE ? OP_PROPOSE : OP_REQUEST, .at = a->at,
			.record = a->record, .kind = a->kind, .from = a->from, .to = a->to,
			.state = a->state == ASK_ACCEPTED ? INBOX_ACCEPTED : INBOX_OPEN};

		if ((a->op != OP_PROPOSE && a->op != OP_STEWARD) || is_moot(n, a))
			continue;
		err = journal_outbox_each(n->journal, SCOPE_COUNT, &a->record, 0, own_answer_waits, &item);
		if (err == ES_OK && !each(ctx, &item))
			break;
	}
	free(l.list);
	return err != ES_OK ? err : l.err;
}

/* The put that an accepted proposal becomes stands in the commit of its answer. */
static enum es_err take_proposal(struct node *n, const struct ask *a, enum scope scope)
{
	const struct schema_kind *k = schema_kind_no(a->kind);
	struct buf bytes;
	struct change ch;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	enum es_err err = node_change_at(n, &a->at, &bytes, &ch);
	if (err == ES_OK && k)
		err = node_put(n, &a->record, k, scope, ch.fields);
	else if (err == ES_OK)
		err = node_outbox_op(n, scope, OP_PUT, &a->record, a->kind, ch.fields);
	buf_done(&bytes);
	return err;
}

enum es_err node_answer(struct node *n, int64_t no, bool accept, struct slice why)
{
	struct ask a;
	struct buf fields;
	enum es_err err = ES_OK;

	if (!journal_ask_no(n->journal, no, &a) || (a.op != OP_PROPOSE && a.op != OP_STEWARD) ||
	    (a.state != ASK_OPEN && (a.state != ASK_ACCEPTED || accept || !id_eq(&a.from, &n->hub))))
		return ES_NOT_FOUND;
	const struct head *h = frontier_find(&n->frontier, &a.at.log);
	struct id16 steward = rights_steward(&n->rights, &a.record, a.kind);
	bool mine = a.op == OP_PROPOSE ? id_eq(&steward, &n->hub) : id_eq(&a.to, &n->hub);
	if (!h || (!mine && (accept || !id_eq(&a.from, &n->hub))))
		return ES_NOT_ALLOWED;
	enum scope scope = a.op == OP_PROPOSE ? h->scope : SCOPE_FEDERATION;
	struct answer answer = {.to = a.at, .accepted = accept, .why = why};
	buf_init(&fields, CHANGE_MAX);
	answer_encode(&answer, &fields);
	if (accept && a.op == OP_PROPOSE)
		err = take_proposal(n, &a, scope);
	if (err == ES_OK)
		err = node_outbox_op(n, scope, OP_ANSWER, &a.record, a.kind, buf_slice(&fields));
	buf_done(&fields);
	return err;
}

/* --- the charter in force --- */

bool node_charter_accepted(const struct node *n, const struct id16 *hub)
{
	return !n->rights.charter_mandatory || journal_charter(n->journal, hub, &n->rights.charter);
}

bool node_charter_due(const struct node *n)
{
	return n->role == ROLE_HUB && node_member(n) && !node_charter_accepted(n, &n->hub);
}

enum es_err node_accept_charter(struct node *n)
{
	char hex[65];
	struct record_id id;
	struct buf fields;

	if (n->role == ROLE_CRESS)
		return ES_NOT_ALLOWED;
	memcpy(id.bytes, n->hub.bytes, 16);
	memcpy(id.bytes + 16, n->rights.charter.bytes, 16); /* one for each version */
	hex_encode(n->rights.charter.bytes, 32, hex);
	buf_init(&fields, 512);
	canon_map(&fields, 2);
	canon_u64(&fields, FIELD_PORTEE);
	canon_str(&fields, slice_str("federation"));
	canon_u64(&fields, FIELD_ACCEPTATION_EMPREINTE);
	canon_str(&fields, slice_str(hex));
	enum es_err err = node_outbox_op(n, SCOPE_FEDERATION, OP_PUT, &id, KIND_ACCEPTATION_CHARTE, buf_slice(&fields));
	buf_done(&fields);
	return err;
}
