/* SPDX-License-Identifier: Apache-2.0
 *
 * What was said anew. To narrow one value erases every change of its record, for the
 * value lies in them; what else stands is said once more, beyond the frontier of any
 * report frozen before (node_restate). A past folded without that would lose the record.
 *
 *     below the frontier            beyond
 *     put nom, siret, telephone     put nom, siret (base: the stamp of the first)
 *     [destroyed]                   forget: record, up to, [place of the first]
 *
 * Which records had changes below the frontier the orders tell, by the places they list;
 * what says anew, by its stamp, above its order's, and its base, not above it. The value
 * of then is the one whose base is not above the cut-off, or was itself said anew by an
 * order before. What was changed between cut-off and order took the value of then with
 * it: of that only what no record can be without is shown, as it is now. All this is
 * made of the control log and of shared logs: any node has the same. */
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "daemon/report/report_parts.h"
#include "proto/canon.h"
#include "proto/fields.h"

struct order {
	struct record_id record;
	unsigned kind;
	es_stamp upto;
	bool below; /* it destroyed something below the frontier */
};
struct report_anew {
	const struct report_base *base;
	struct order *orders; /* by record and kind */
	size_t count;
	bool cress;
	struct buf fields;
};

static int by_record(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	int order = memcmp(x->record.bytes, y->record.bytes, 32);

	return order != 0 ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

/* Does the entry list a place below the frontier? */
static bool lists_below(const struct node *n, const struct report_base *b, struct slice fields)
{
	struct fields f = fields_of(fields);
	struct canon_reader r = fields_reader(&f, 4);
	struct id16 log;
	bool below = false;

	for (uint32_t count = canon_read_array(&r, UINT32_MAX); count > 0 && r.err == ES_OK && !below; count--) {
		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		(void)canon_read_u64(&r, UINT32_MAX);
		const struct head *h = r.err == ES_OK ? frontier_find(&n->frontier, &log) : NULL;
		below = h && (size_t)(h - n->frontier.heads) < b->count && seq <= b->upto[h - n->frontier.heads];
	}
	return below;
}

static enum es_err read_order(struct node *n, struct report_anew *a, const struct forgotten *f)
{
	const struct position3 at = {.log = n->frontier.heads[0].log, .seq = f->seq, .index = f->index};
	struct order *o = &a->orders[a->count];
	struct change ch;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	enum es_err err = node_change_at(n, &at, &bytes, &ch);
	if (err == ES_OK) {
		*o = (struct order){f->record, f->kind, f->upto, lists_below(n, a->base, ch.fields)};
		a->count++;
	}
	buf_done(&bytes);
	return err == ES_NOT_FOUND ? ES_DAMAGED : err; /* the rights have it from there */
}

enum es_err report_anew_read(struct node *n, const struct report_base *b, struct report_anew **out)
{
	struct report_anew *a = calloc(1, sizeof *a);
	enum es_err err = a ? ES_OK : ES_NOMEM;

	if (!a)
		return err;
	a->base = b;
	buf_init(&a->fields, CHANGE_MAX);
	a->orders = calloc(n->rights.forgotten_count + 1, sizeof *a->orders);
	if (!a->orders)
		err = ES_NOMEM;
	for (size_t i = 0; i < n->rights.forgotten_count && err == ES_OK; i++)
		err = read_order(n, a, &n->rights.forgotten[i]);
	if (err != ES_OK) {
		report_anew_done(a);
		return err;
	}
	qsort(a->orders, a->count, sizeof *a->orders, by_record);
	*out = a;
	return ES_OK;
}

void report_anew_done(struct report_anew *a)
{
	if (!a)
		return;
	free(a->orders);
	buf_done(&a->fields);
	free(a);
}

void report_anew_of(struct report_anew *a, bool cress)
{
	a->cress = cress;
}

/* The orders about that change's record; NULL: none, or none that touched the past. */
static const struct order *orders_of(const struct report_anew *a, const struct change *ch, size_t *count)
{
	const struct order key = {.record = ch->record, .kind = ch->kind};
	const struct order *o = bsearch(&key, a->orders, a->count, sizeof key, by_record), *end = a->orders + a->count;
	bool below = false;

	while (o && o > a->orders && by_record(o - 1, &key) == 0)
		o--;
	*count = 0;
	for (const struct order *each = o; each && each < end && by_record(each, &key) == 0; each++, ++*count)
		below = below || each->below;
	return below ? o : NULL;
}

static bool says_anew(const struct order *orders, size_t count, const struct change *ch)
{
	for (size_t i = 0; i < count; i++)
		if (ch->edited > orders[i].upto && ch->base > 0 && ch->base <= orders[i].upto)
			return true;
	return false;
}

/* One act draws the stamps of an order and of what it says anew, within one millisecond. */
static bool stood_then(const struct report_anew *a, const struct order *orders, size_t count, es_stamp base)
{
	if (stamp_ms(base) <= a->base->cutoff)
		return true;
	for (size_t i = 0; i < count; i++)
		if (base > orders[i].upto && stamp_ms(base) == stamp_ms(orders[i].upto))
			return true;
	return false;
}

static bool needed(const struct schema_kind *k, unsigned no)
{
	const struct schema_field *f = k ? schema_field_no(k, no) : NULL;

	if (no == FIELD_DELETED || no == FIELD_PORTEE || no == FIELD_CHAMPS_LOCAUX)
		return true;
	return f && (f->flags & (FIELD_REQUIRED | FIELD_DERIVED)) != 0;
}

/* Its fields without those that a record can be without. */
static struct slice needed_fields(struct report_anew *a, const struct change *ch)
{
	const struct schema_kind *k = schema_kind_no(ch->kind);
	uint32_t count = 0;
	struct slice value;
	unsigned no;

	for (struct field_walk w = field_walk_start(ch->fields); field_walk_next(&w, &no, &value);)
		count += needed(k, no);
	buf_clear(&a->fields);
	canon_map(&a->fields, count);
	for (struct field_walk w = field_walk_start(ch->fields); field_walk_next(&w, &no, &value);) {
		if (!needed(k, no))
			continue;
		canon_u64(&a->fields, no);
		buf_add(&a->fields, value.p, value.len);
	}
	return buf_slice(&a->fields);
}

bool report_anew_says(void *ctx, enum scope scope, struct change *ch)
{
	struct report_anew *a = ctx;
	size_t count;

	if (scope == SCOPE_LOCAL || (scope == SCOPE_CRESS) != a->cress)
		return false;
	const struct order *orders = orders_of(a, ch, &count);
	if (!orders || !says_anew(orders, count, ch))
		return false;
	if (!stood_then(a, orders, count, ch->base))
		ch->fields = needed_fields(a, ch);
	ch->edited = stamp_ms(ch->base) <= a->base->cutoff ? ch->base : stamp_at(a->base->cutoff);
	return true;
}
