/* SPDX-License-Identifier: Apache-2.0
 *
 * Records: handed over, forgotten. */
#include <stdlib.h>
#include "common/plant.h"
#include "proto/rights_parts.h"

static bool is_of(const struct rights *r, const struct position3 *at, const struct id16 *hub)
{
	const struct open_log *log = rights_log(r, &at->log);

	return log && id_eq(&log->hub, hub) && at->seq > 0 && !rights_is_void(r, &at->log, at->seq);
}

/* L22: a revoked steward's offer stands where it lies at or below its cut. */
static bool hand_over_allowed(const struct rights *r, const struct tenure *t, const struct cut_list *cuts)
{
	struct id16 steward = rights_steward(r, &t->record, t->kind);
	const struct member *to = rights_member(r, &t->to);

	return id_eq(&steward, &t->from) && !id_eq(&t->from, &t->to) && to && to->state != MEMBER_REVOKED &&
	       is_of(r, &t->offer, &t->from) && is_of(r, &t->answer, &t->to) && cuts_fit(r, &t->from, cuts);
}

enum es_err rights_apply_steward(struct rights *r, struct fields *f, const struct commit *c)
{
	struct tenure t = {.seq = c->seq}, *slot;
	struct canon_reader offer = fields_reader(f, 5), answer = fields_reader(f, 6);

	fields_exact(f, 1, t.record.bytes, 32);
	t.kind = (unsigned)fields_u64(f, 2, UINT16_MAX);
	fields_exact(f, 3, t.from.bytes, 16);
	fields_exact(f, 4, t.to.bytes, 16);
	position_read(&offer, &t.offer);
	fields_read(f, &offer);
	position_read(&answer, &t.answer);
	fields_read(f, &answer);
	struct cut_list cuts = cuts_read(f, 7);
	if (f->err != ES_OK || !hand_over_allowed(r, &t, &cuts)) {
		free(cuts.list);
		return f->err;
	}
	slot = rights_grow(&r->tenures, &r->tenure_count, sizeof t, UINT32_MAX);
	if (!slot) {
		free(cuts.list);
		return ES_NOMEM;
	}
	t.cuts = cuts.list;
	t.cut_count = cuts.count;
	*slot = t;
	r->stewards_changed = true;
	return rights_added(table_add(&r->index->tenures, hash_record(&t.record, t.kind), 0));
}

static bool forget_allowed(const struct rights *r, const struct forget_order *o, const struct id16 *steward)
{
	const struct member *m = rights_member(r, steward);
	const struct key_age *age = rights_key_age(r, &o->signer, o->epoch);
	struct buf b;

	if (PLANT(forget_unsigned))
		return true;
	if (!o->is_signed) /* the CRESS alone, for who can sign no more */
		return m && m->state == MEMBER_REVOKED;
	if (!id_eq(&o->signer, steward) || !age)
		return false;
	buf_init(&b, 256);
	forget_message(&r->fed_id, o, &b);
	bool ok = crypto_verify_as(SIGN_FORGET, &age->sign, &o->sig, buf_slice(&b));
	buf_done(&b);
	return ok;
}

struct positions {
	struct position3 *list;
	size_t count;
};

/* Those in logs that are open, sorted. The caller frees the list. */
static struct positions read_positions(const struct rights *r, struct fields *f, unsigned no)
{
	struct canon_reader rd = fields_reader(f, no);
	uint32_t n = canon_read_array(&rd, LIST_MAX);
	struct positions at = {.list = n ? calloc(n, sizeof *at.list) : NULL};

	if (n && !at.list)
		rd.err = ES_NOMEM;
	for (uint32_t i = 0; i < n && rd.err == ES_OK; i++) {
		position_read(&rd, &at.list[at.count]);
		const struct open_log *log = rights_log(r, &at.list[at.count].log);
		if (log && log->scope != SCOPE_CONTROL)
			at.count++;
	}
	fields_read(f, &rd);
	if (at.count > 1)
		qsort(at.list, at.count, sizeof *at.list, position_compare);
	return at;
}

/* Two sorted lists become one, from their ends. */
static enum es_err add_erased(struct rights *r, const struct positions *at)
{
	size_t old = r->erased_count, new = at->count;

	if (new == 0)
		return ES_OK;
	struct position3 *all = realloc(r->erased, (old + new) * sizeof *all);
	if (!all)
		return ES_NOMEM;
	r->erased = all;
	r->erased_count = old + new;
	while (new > 0)
		if (old > 0 && position_compare(&all[old - 1], &at->list[new - 1]) > 0) {
			all[old + new - 1] = all[old - 1];
			old--;
		} else {
			all[old + new - 1] = at->list[new - 1];
			new--;
		}
	return ES_OK;
}

static enum es_err forget(struct rights *r, const struct forget_order *o, const struct id16 *steward,
			  const struct entry_place *p)
{
	struct forgotten *slot = rights_grow(&r->forgotten, &r->forgotten_count, sizeof *slot, UINT32_MAX);

	if (!slot)
		return ES_NOMEM;
	*slot = (struct forgotten){.record = o->record,
				   .kind = o->kind,
				   .upto = o->upto,
				   .seq = p->c->seq,
				   .index = p->index,
				   .steward = *steward};
	r->forgets_changed = true;
	return rights_added(table_add(&r->index->forgotten, hash_record(&o->record, o->kind), 0));
}

enum es_err rights_apply_forget(struct rights *r, struct fields *f, const struct entry_place *p)
{
	struct forget_order o = {0};

	fields_exact(f, 1, o.record.bytes, 32);
	o.kind = (unsigned)fields_u64(f, 2, UINT16_MAX);
	o.upto = fields_u64(f, 3, STAMP_MAX);
	fields_exact(f, 5, o.signer.bytes, 16);
	o.epoch = (uint32_t)fields_u64(f, 6, UINT32_MAX);
	o.is_signed = fields_has(f, 7);
	if (o.is_signed)
		fields_exact(f, 7, o.sig.bytes, 64);
	struct positions at = read_positions(r, f, 4);
	enum es_err err = f->err;
	struct id16 steward = rights_steward(r, &o.record, o.kind);
	if (err == ES_OK && forget_allowed(r, &o, &steward)) {
		err = add_erased(r, &at);
		if (err == ES_OK)
			err = forget(r, &o, &steward, p);
	}
	free(at.list);
	return err;
}
