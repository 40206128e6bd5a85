/* SPDX-License-Identifier: Apache-2.0
 *
 * Erasure (part 5). The steward destroys at once and its order goes to the CRESS,
 * which enters it with the places it knows; every holder destroys when it applies
 * the entry, and says so once nothing is left in any of its files.
 *
 * A commit of ours that home does not hold yet keeps its payload until it does:
 * nobody would take it with a hole that no entry lists. */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "proto/request.h"

#define REST_MS 60000
#define ORDER_NAME 96
#define SCRUB_SMALL (16 << 20)    /* bytes: written anew in a moment */
#define SCRUB_BYTES_PER_MS 5000   /* a twentieth of the time, at 100 MB a second */
#define SCRUB_RETRY_MS 60000

/* --- destroying --- */

static bool not_held_by_home(void *ctx, uint32_t index, uint64_t seq)
{
	struct node *n = ctx;
	const struct head *h = &n->frontier.heads[index];
	bool kept = n->role != ROLE_CRESS && h->scope != SCOPE_LOCAL && id_eq(&h->hub, &n->hub) && seq > h->acked;

	n->kept_back = n->kept_back || kept;
	return kept;
}

static enum es_err destroy(struct node *n, const struct record_id *record, unsigned kind, es_stamp upto, bool local,
			   int64_t *count)
{
	struct erasing e = {.frontier = &n->frontier, .record = *record, .kind = kind, .upto = upto, .local = local, .ctx = n,
			    .kept = not_held_by_home};
	enum es_err err = journal_erase(n->journal, &e);

	if (err == ES_OK)
		err = journal_refold(n->journal, record);
	if (err == ES_OK)
		err = node_set_number(n, "balai", 1);
	n->erasures++;
	*count = e.destroyed;
	return err;
}

/* Our own order means our local log too, of which a backup may have brought back what
 * went with it; what is local to others is not its signer's. */
static enum es_err destroy_entered(struct node *n, const struct forgotten *f)
{
	int64_t count;

	return destroy(n, &f->record, f->kind, f->upto, id_eq(&f->steward, &n->hub), &count);
}

enum es_err node_apply_forgets(struct node *n, uint64_t from)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < n->rights.forgotten_count && err == ES_OK; i++) {
		const struct forgotten *f = &n->rights.forgotten[i];

		if (f->seq >= from)
			err = destroy_entered(n, f);
	}
	return err;
}

/* --- our own orders, from the outbox to the entry --- */

struct orders {
	struct node *n;
	struct own_order *list;
	size_t count;
	enum es_err err;
};

static bool add_order(struct orders *o, const struct record_id *record, unsigned kind, es_stamp upto)
{
	struct own_order *more = realloc(o->list, (o->count + 1) * sizeof *more);

	if (!more) {
		o->err = ES_NOMEM;
		return false;
	}
	o->list = more;
	o->list[o->count++] = (struct own_order){.record = *record, .kind = kind, .upto = upto};
	return true;
}

static bool note_outbox_order(void *ctx, const struct outbox_edit *e)
{
	struct orders *o = ctx;
	struct request_body q;
	struct change ch;

	if (e->change.len > 2 && e->change.p[1] == OP_REQUEST && change_read(e->change, &ch) == ES_OK &&
	    request_decode(ch.fields, &q) == ES_OK && q.op == OP_FORGET)
		return add_order(o, &e->record, e->kind, q.upto);
	return true;
}

static bool note_asked_order(void *ctx, const struct ask *a)
{
	struct orders *o = ctx;

	/* Its stamp is in the request; everything older than the request goes. */
	if (a->op == OP_FORGET && id_eq(&a->from, &o->n->hub))
		return add_order(o, &a->record, a->kind, 0);
	return true;
}

/* Where the stamp of our order about a record is kept. */
static void order_name(const struct record_id *record, unsigned kind, char name[ORDER_NAME])
{
	char hex[65];

	hex_encode(record->bytes, 32, hex);
	snprintf(name, ORDER_NAME, "oubli:%u:%s", kind, hex);
}

static es_stamp asked_upto(struct node *n, const struct record_id *record, unsigned kind)
{
	uint8_t memory[8];
	char name[ORDER_NAME];
	struct buf b;

	order_name(record, kind, name);
	buf_init_fixed(&b, memory, sizeof memory);
	return journal_get(n->journal, name, &b) && b.len == 8 ? be_read(memory, 8) : 0;
}

enum es_err node_load_orders(struct node *n)
{
	struct orders o = {.n = n};
	enum es_err err = journal_outbox_each(n->journal, SCOPE_FEDERATION, NULL, 0, note_outbox_order, &o);

	if (err == ES_OK)
		err = journal_ask_each(n->journal, note_asked_order, &o);
	for (size_t i = 0; i < o.count; i++)
		if (o.list[i].upto == 0)
			o.list[i].upto = asked_upto(n, &o.list[i].record, o.list[i].kind);
	free(n->orders);
	n->orders = o.list;
	n->order_count = o.count;
	return err != ES_OK ? err : o.err;
}

/* Home has acknowledged more of ours: what was kept for that is destroyed now. */
enum es_err node_erase_acked(struct node *n)
{
	enum es_err err = n->kept_back ? node_load_orders(n) : ES_OK;
	int64_t count;

	for (size_t i = 0; n->kept_back && i < n->order_count && err == ES_OK; i++)
		err = destroy(n, &n->orders[i].record, n->orders[i].kind, n->orders[i].upto, true, &count);
	for (size_t i = 0; n->kept_back && i < n->rights.forgotten_count && err == ES_OK; i++)
		err = destroy_entered(n, &n->rights.forgotten[i]);
	n->kept_back = n->kept_back && !node_all_acked(n);
	return err;
}

/* --- the order --- */

static enum es_err remember_upto(struct node *n, const struct record_id *record, unsigned kind, es_stamp upto)
{
	char name[ORDER_NAME];
	uint8_t be[8];

	order_name(record, kind, name);
	be_write(be, upto, 8);
	return journal_set(n->journal, name, SLICE(be, 8));
}

static struct signature sign_order(struct node *n, const struct forget_order *f)
{
	struct signature sig;
	struct buf message;

	buf_init(&message, 512);
	forget_message(&n->rights.fed_id, f, &message);
	sig = crypto_sign_as(SIGN_FORGET, &n->keys.sign_secret, buf_slice(&message));
	buf_done(&message);
	return sig;
}

static enum es_err order(struct node *n, const struct record_id *record, unsigned kind, es_stamp upto)
{
	struct forget_order f = {.record = *record, .kind = kind, .upto = upto, .signer = n->hub, .epoch = n->epoch};
	struct request_body q = {.op = OP_FORGET, .upto = upto, .epoch = n->epoch};
	struct buf fields;
	enum es_err err;

	buf_init(&fields, 512);
	q.sig = sign_order(n, &f);
	request_encode(&q, &fields);
	err = remember_upto(n, record, kind, upto);
	if (err == ES_OK)
		err = node_outbox_op(n, SCOPE_FEDERATION, OP_REQUEST, record, kind, buf_slice(&fields));
	buf_done(&fields);
	return err;
}

static enum es_err note_place(void *ctx, const struct position3 *at)
{
	struct buf *b = ctx;

	buf_add(b, at, sizeof *at);
	return buf_err(b);
}

enum es_err node_enter_forget(struct node *n, const struct forget_order *f, int64_t *count)
{
	struct buf places, entry;
	struct erasing e = {.frontier = &n->frontier, .record = f->record, .kind = f->kind, .upto = f->upto, .look_only = true,
			    .each = note_place, .ctx = &places};
	enum es_err err;

	buf_init(&places, CHANGE_MAX * 4);
	buf_init(&entry, CHANGE_MAX);
	err = journal_erase(n->journal, &e);
	if (err == ES_OK) {
		entry_forget(f, (const struct position3 *)(const void *)places.p, places.len / sizeof(struct position3), &entry);
		err = node_enter(n, &entry);
	}
	*count = (int64_t)(places.len / sizeof(struct position3));
	buf_done(&places);
	buf_done(&entry);
	return err;
}

/* --- what comes after its own erasure --- */

/* The same order as before, with one place more: its signature does not cover the
 * places. */
static enum es_err list_place(struct node *n, const struct forgotten *f, const struct position3 *at)
{
	struct forget_order again = {.record = f->record, .kind = f->kind, .upto = f->upto, .signer = f->steward};
	struct position3 entered = {.log = n->frontier.heads[0].log, .seq = f->seq, .index = f->index};
	struct canon_reader r;
	struct buf bytes, entry;
	struct change ch;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	buf_init(&entry, CHANGE_MAX);
	enum es_err err = node_change_at(n, &entered, &bytes, &ch);
	if (err == ES_NOT_FOUND)
		err = ES_DAMAGED; /* the rights have it from there */
	if (err == ES_OK) {
		canon_read_init(&r, change_field(ch.fields, 6));
		again.epoch = (uint32_t)canon_read_u64(&r, UINT32_MAX);
		canon_read_init(&r, change_field(ch.fields, 7));
		again.is_signed = canon_peek(&r) != CANON_NIL;
		if (again.is_signed)
			canon_read_exact(&r, again.sig.bytes, 64);
		entry_forget(&again, at, 1, &entry);
		err = node_enter(n, &entry);
	}
	buf_done(&bytes);
	buf_done(&entry);
	return err;
}

/* The last order about that record, or, where only the giver of the commit knows which,
 * the giver's last. */
static const struct forgotten *order_for(const struct node *n, const struct record_id *record, unsigned kind)
{
	for (size_t i = n->rights.forgotten_count; i > 0; i--) {
		const struct forgotten *f = &n->rights.forgotten[i - 1];

		if (kind == 0 ? memcmp(f->steward.bytes, record->bytes, sizeof f->steward.bytes) == 0
			      : f->kind == kind && memcmp(f->record.bytes, record->bytes, 32) == 0)
			return f;
	}
	return NULL;
}

enum es_err node_list_holes(struct node *n)
{
	struct record_id record;
	struct position3 at;
	unsigned kind;
	size_t passed = 0;
	enum es_err err = ES_OK;

	while (err == ES_OK && journal_hole(n->journal, passed, &at, &record, &kind)) {
		const struct forgotten *order = order_for(n, &record, kind);

		if (!order && kind == 0) {
			passed++; /* its giver's order is on its way */
			continue;
		}
		if (order && !rights_is_erased(&n->rights, &at.log, at.seq, at.index)) {
			const struct forgotten f = *order; /* the list moves when the entry is applied */

			err = list_place(n, &f, &at);
		}
		if (err == ES_OK)
			err = journal_hole_listed(n->journal, &at);
	}
	return err;
}

/* The CRESS's own record: it signs and enters in one go. */
static enum es_err enter_own(struct node *n, const struct record_id *record, unsigned kind, es_stamp upto,
			     int64_t *places)
{
	struct forget_order f = {.record = *record, .kind = kind, .upto = upto, .signer = n->hub, .epoch = n->epoch,
				 .is_signed = true};
	f.sig = sign_order(n, &f);
	return node_enter_forget(n, &f, places);
}

static enum es_err find_record(struct node *n, const struct id16 *uid, struct record_id *id, unsigned *kind, bool *revoked)
{
	struct record_id ids[16];
	unsigned kinds[16];
	size_t count = n->reader ? reader_find(n->reader, uid, ids, kinds, 16) : 0;

	if (count == 0 && n->reader)
		count = reader_find_deleted(n->reader, uid, ids, kinds, 16);
	*revoked = false;
	for (size_t i = 0; i < count && i < 16; i++) {
		struct id16 steward = rights_steward(&n->rights, &ids[i], kinds[i]);
		const struct member *m = rights_member(&n->rights, &steward);

		*id = ids[i];
		*kind = kinds[i];
		if (id_eq(&steward, &n->hub))
			return ES_OK;
		*revoked = n->role == ROLE_CRESS && m && m->state == MEMBER_REVOKED;
		if (*revoked)
			return ES_OK;
	}
	return count > 0 ? ES_OTHER_HUB : ES_NOT_FOUND;
}

static enum es_err count_place(void *ctx, const struct position3 *at)
{
	(void)at;
	++*(int64_t *)ctx;
	return ES_OK;
}

static enum es_err count_shared(struct node *n, const struct record_id *record, unsigned kind, es_stamp upto, int64_t *count)
{
	struct erasing e = {.frontier = &n->frontier, .record = *record, .kind = kind, .upto = upto, .look_only = true,
			    .each = count_place, .ctx = count};

	*count = 0;
	return journal_erase(n->journal, &e);
}

/* Our own record, up to a stamp. */
static enum es_err forget_upto(struct node *n, const struct record_id *id, unsigned kind, es_stamp upto, int64_t *forgot)
{
	int64_t shared, local;
	enum es_err err = count_shared(n, id, kind, upto, &shared);

	if (err != ES_OK)
		return err;
	if (n->role == ROLE_CRESS && shared > 0) { /* the places first, while they are there to be seen */
		err = enter_own(n, id, kind, upto, forgot);
		if (err == ES_OK)
			err = destroy(n, id, kind, upto, true, &local);
		*forgot += err == ES_OK ? local : 0;
		return err;
	}
	err = destroy(n, id, kind, upto, true, forgot);
	/* Nobody else hears of a record that never left (its order would name it). */
	if (err == ES_OK && shared > 0 && !PLANT(forget_not_ordered))
		err = order(n, id, kind, upto);
	return err;
}

enum es_err node_forget(struct node *n, const struct id16 *uid, int64_t *forgot)
{
	struct record_id id;
	unsigned kind = 0;
	bool revoked;
	enum es_err err = find_record(n, uid, &id, &kind, &revoked);

	*forgot = 0;
	if (err != ES_OK)
		return err;
	if (revoked) {
		struct forget_order f = {.record = id, .kind = kind, .upto = node_next_edited(n, 0), .signer = n->hub, .epoch = n->epoch};

		log_event(LOG_WARN, "forget.revoked", "kind=%u", kind);
		return node_enter_forget(n, &f, forgot);
	}
	return node_forget_record(n, &id, kind, NULL, forgot);
}

/* What stays would be lost where its stamps were lowered, at sealing, below the order's. */
static bool stamps_hold(struct node *n, es_stamp upto)
{
	return node_clock_steady(n) && !stamp_ahead(upto, n->utc);
}

/* Our orders are to be loaded afterwards. */
static enum es_err forget_record(struct node *n, const struct record_id *id, unsigned kind, const struct rest *rest, int64_t *forgot)
{
	struct id16 steward = rights_steward(&n->rights, id, kind);
	enum es_err err = ES_OK;

	*forgot = 0;
	if (!id_eq(&steward, &n->hub))
		return ES_OTHER_HUB;
	if (n->role != ROLE_CRESS && node_is_offered(n, id, kind))
		return ES_NOT_ALLOWED; /* L18: the order may come when it is no more ours to give */
	es_stamp upto = node_next_edited(n, 0);
	if (rest)
		err = stamps_hold(n, upto) ? node_restate(n, id, rest) : ES_CLOCK_SKEW;
	return err == ES_OK ? forget_upto(n, id, kind, upto, forgot) : err;
}

enum es_err node_forget_record(struct node *n, const struct record_id *id, unsigned kind, const struct rest *rest, int64_t *forgot)
{
	enum es_err err = forget_record(n, id, kind, rest, forgot);

	return err == ES_OK ? node_load_orders(n) : err;
}

enum es_err node_erase_withdrawn(struct node *n, const struct withdrawn *list, size_t count)
{
	enum es_err err = ES_OK;
	int64_t forgot;

	for (size_t i = 0; i < count && err == ES_OK; i++) {
		err = forget_record(n, &list[i].record, list[i].kind->no, &(struct rest){.kind = list[i].kind}, &forgot);
		if (err == ES_NOT_ALLOWED || err == ES_CLOCK_SKEW)
			err = ES_OK;
	}
	return err == ES_OK && count > 0 ? node_load_orders(n) : err;
}

/* --- receipts --- */

static bool held_then(const struct member *m, const struct forgotten *f)
{
	return m->state != MEMBER_REVOKED && m->role != ROLE_OBSERVER && m->since <= f->seq;
}

/* What lies in the WAL alone goes with one damaged frame of it: not for long. */
static void rest(struct node *n)
{
	int64_t last = journal_last_pos(n->journal);

	if (n->utc - n->rested_utc < REST_MS && n->utc >= n->rested_utc)
		return;
	n->rested_utc = n->utc;
	if (last != n->rested_pos)
		journal_rest(n->journal);
	n->rested_pos = last;
}

/* A large journal takes long to write anew: not for each of many erasures. */
static es_ms scrub_pause(const struct node *n)
{
	int64_t bytes = journal_file_bytes(n->journal);

	return bytes < SCRUB_SMALL ? 0 : bytes / SCRUB_BYTES_PER_MS;
}

enum es_err node_scrub(struct node *n)
{
	uint64_t count = n->erasures;

	rest(n);
	if (n->scrubbed == count || n->mono < n->scrub_after)
		return ES_OK;
	enum es_err err = journal_scrub(n->journal);
	if (err == ES_OK)
		n->scrubbed = count;
	n->scrub_after = n->mono + (err == ES_OK ? scrub_pause(n) : SCRUB_RETRY_MS);
	return err;
}

struct erase_target node_erase_target(const struct node *n)
{
	if (n->erasures <= n->erased || n->scrubbed < n->erasures)
		return (struct erase_target){0};
	return (struct erase_target){
		.due = true, .count = n->erasures, .seq = n->rights.seq,
		.at = {journal_last_pos(n->journal), journal_last_edit(n->journal), journal_last_refold(n->journal)},
	};
}

static enum es_err write_receipts(struct node *n, const struct member *self, uint64_t after, uint64_t upto)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < n->rights.forgotten_count && err == ES_OK; i++) {
		const struct forgotten *f = &n->rights.forgotten[i];
		struct receipt r = {.seq = f->seq, .index = f->index};
		struct buf fields;

		if (f->seq <= after || f->seq > upto || !held_then(self, f))
			continue;
		buf_init(&fields, 64);
		receipt_encode(&r, &fields);
		err = node_outbox_op(n, SCOPE_FEDERATION, OP_RECEIPT, &f->record, f->kind, buf_slice(&fields));
		buf_done(&fields);
	}
	return err;
}

enum es_err node_erased(struct node *n, const struct erase_target *t)
{
	const struct member *self = rights_member(&n->rights, &n->hub);
	uint64_t after = node_number(n, "efface");
	enum es_err err;

	if (n->scrubbed < t->count || (n->kept_back && !node_all_acked(n)))
		return ES_OK; /* later: the last of it is not gone yet */
	err = t->count == n->erasures ? node_set_number(n, "balai", 0) : ES_OK;
	if (err == ES_OK && self && t->seq > after) {
		err = write_receipts(n, self, after, t->seq);
		if (err == ES_OK)
			err = node_set_number(n, "efface", t->seq);
	}
	if (err == ES_OK && t->count > n->erased)
		n->erased = t->count;
	return err;
}

enum es_err node_erasures(struct node *n, bool (*each)(void *ctx, const struct erasure *e), void *ctx)
{
	for (size_t i = 0; i < n->rights.forgotten_count; i++) {
		struct erasure e = {.what = n->rights.forgotten[i]};

		for (size_t k = 0; k < n->rights.member_count; k++) {
			const struct member *m = &n->rights.members[k];

			if (!held_then(m, &e.what) || journal_receipt(n->journal, e.what.seq, e.what.index, &m->hub))
				continue;
			if (e.silent < 64)
				e.who[e.silent] = m;
			e.silent++;
		}
		if (!each(ctx, &e))
			break;
	}
	return ES_OK;
}
