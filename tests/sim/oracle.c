/* SPDX-License-Identifier: Apache-2.0
 *
 * In the order of the layers: the control log, entry by entry (1); which data
 * commits count (2); the steward's tenure (3); the standing fields (4). */
#include "tests/sim/oracle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/canon.h"

#define LIST(type, name) \
	type *name;      \
	size_t name##_count
#define PUSH(list) ((list) = grow((list), list##_count, sizeof(*(list))), &(list)[list##_count++])
#define END(list) ((list) + list##_count)
#define WHERE_LEN (64 + 1 + 5 + 1 + 5) /* record, kind and field in an oracle_line() */

struct item {
	struct slice bytes; /* ours, like c */
	struct commit *c;
	bool linked; /* of the last fold: it stands in its log */
};
struct spot { /* [log, seq, id]: a cut, a void, a gap, a fork (without id) */
	struct id16 log;
	uint64_t seq;
	struct hash id;
};
struct member {
	struct id16 hub;
	uint64_t role;
	bool revoked;
};
struct key { /* every key ever; a member's last one is its own now */
	struct id16 hub;
	uint64_t epoch;
	struct sign_public sign;
};
struct log {
	struct id16 id, hub;
	uint64_t scope, checkpoint;
	struct hash final; /* what the checkpoint names */
	struct hash opened_by;
	bool is_cut;
	struct spot cut;
};
struct turn { /* until where an older key's epoch holds in a log */
	struct id16 log;
	uint64_t epoch, until;
};
struct subject {
	struct record_id record;
	uint64_t kind;
};
struct handover {
	struct subject of;
	uint64_t ctl_seq;
	struct id16 from, to;
	struct slice cuts;
};
struct forget {
	struct subject of;
	uint64_t upto;
};
struct fact { /* what one counting change says of one field */
	uint64_t scope;
	char *line;
};
struct oracle {
	struct hash fed_id;
	LIST(struct item, items);
	LIST(struct spot, forks);
	LIST(struct spot, gaps);
	size_t undecodable;
	struct { /* made anew by every fold */
		struct hash recovery;
		struct id16 control; /* the control log's generation */
		LIST(struct hash, chain); /* control ids, seq 1 first */
		LIST(struct member, members);
		LIST(struct key, keys);
		LIST(struct log, logs);
		LIST(struct turn, turns);
		LIST(struct handover, handovers);
		LIST(struct forget, forgets);
		LIST(struct spot, voids);
		LIST(struct fact, facts);
		size_t rejected;
	} s;
};

static void *grow(void *list, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0) /* full at each power of two */
		list = realloc(list, (count == 0 ? 1 : 2 * count) * size);
	assert(list);
	memset((char *)list + count * size, 0, size);
	return list;
}

/* ---- an entry's fields, each read as whatever it can be ---- */

struct value {
	bool given; /* and not nil */
	uint64_t n;
	union {
		uint8_t bytes[64];
		struct id16 id;
		struct hash hash;
		struct record_id record;
		struct sign_public sign;
		struct signature sig;
	};
	struct spot spot;
	struct slice raw;
};
struct entry {
	const struct commit *c;
	uint32_t index;
	unsigned op;
	struct value v[8];
};

static struct spot read_spot(struct canon_reader *r)
{
	struct spot s = {0};

	canon_read_array(r, 3);
	canon_read_exact(r, s.log.bytes, sizeof(s.log.bytes));
	s.seq = canon_read_u64(r, UINT64_MAX);
	if (s.seq == 0)
		canon_read_nil(r);
	else
		canon_read_exact(r, s.id.bytes, sizeof(s.id.bytes));
	return s;
}

static struct value read_value(struct slice raw)
{
	struct value v = {.raw = raw};
	struct canon_reader r;
	struct slice bin;

	canon_read_init(&r, raw);
	v.given = raw.len > 0 && canon_peek(&r) != CANON_NIL;
	if (canon_peek(&r) == CANON_INT)
		v.n = canon_read_u64(&r, UINT64_MAX);
	if (canon_peek(&r) == CANON_ARRAY)
		v.spot = read_spot(&r);
	if (canon_peek(&r) == CANON_BIN) {
		bin = canon_read_bin(&r, sizeof(v.bytes));
		if (bin.len > 0)
			memcpy(v.bytes, bin.p, bin.len);
	}
	return v;
}

static bool read_entry(struct entry *e, const struct packed *p)
{
	struct change ch;

	if (!p->payload[e->index].present || change_decode(p->payload[e->index].change, &ch) != ES_OK)
		return false;
	e->op = ch.op;
	for (unsigned no = 0; no < 8; no++)
		e->v[no] = read_value(change_field(ch.fields, no));
	return true;
}

/* A log's cut in [cut...], the smaller of two; not listed: at 0. */
static struct spot cut_in(struct slice list, const struct id16 *log)
{
	struct spot s, found = {.log = *log};
	struct canon_reader r;
	bool any = false;

	canon_read_init(&r, list);
	for (uint32_t n = canon_read_array(&r, UINT32_MAX); n > 0; n--) {
		s = read_spot(&r);
		if (id_eq(&s.log, log) && (!any || s.seq < found.seq))
			found = s;
		any = any || id_eq(&s.log, log);
	}
	return found;
}

/* ---- layer 1: the control log; a false stops the fold ---- */

static struct member *member_of(const struct oracle *o, const struct id16 *hub)
{
	for (struct member *m = o->s.members; m < END(o->s.members); m++)
		if (id_eq(&m->hub, hub))
			return m;
	return NULL;
}

static struct key *key_of(const struct oracle *o, const struct id16 *hub, uint64_t epoch) /* 0: the last */
{
	struct key *found = NULL;

	for (struct key *k = o->s.keys; k < END(o->s.keys); k++)
		if (id_eq(&k->hub, hub) && (epoch == 0 || k->epoch == epoch))
			found = k;
	return found;
}

static struct key *cress_key(const struct oracle *o)
{
	for (struct member *m = o->s.members; m < END(o->s.members); m++)
		if (m->role == 2)
			return key_of(o, &m->hub, 0);
	return NULL;
}

static struct log *log_of(const struct oracle *o, const struct id16 *id) /* data logs */
{
	for (struct log *l = o->s.logs; l < END(o->s.logs); l++)
		if (id_eq(&l->id, id) && l->scope != SCOPE_CONTROL)
			return l;
	return NULL;
}

static bool is_data_of(const struct log *l, const struct id16 *hub)
{
	return l->scope != SCOPE_CONTROL && id_eq(&l->hub, hub);
}

static bool same(const struct subject *a, const struct subject *b)
{
	return a->kind == b->kind && memcmp(&a->record, &b->record, sizeof(a->record)) == 0;
}

/* The steward as of a control position; *ended: the hand-over that came next. */
static struct id16 steward_at(const struct oracle *o, struct subject of, uint64_t ctl_seq,
			      const struct handover **ended)
{
	struct id16 steward;

	*ended = NULL;
	memcpy(steward.bytes, of.record.bytes, sizeof(steward.bytes)); /* its creator */
	for (const struct handover *h = o->s.handovers; h < END(o->s.handovers); h++) {
		if (!same(&h->of, &of) || *ended)
			continue;
		if (h->ctl_seq > ctl_seq)
			*ended = h;
		else
			steward = h->to;
	}
	return steward;
}

/* A checkpoint says which commit is final, not only how many. */
static bool cuts_final(const struct log *l, const struct spot *cut)
{
	return cut->seq < l->checkpoint || (cut->seq > 0 && cut->seq == l->checkpoint && !hash_eq(&cut->id, &l->final));
}

/* Of several cuts the smallest. Not of what is final: then false, and the entry does
 * not apply. */
static bool cut_at(struct log *l, struct spot cut)
{
	if (cuts_final(l, &cut))
		return false;
	if (!l->is_cut || cut.seq < l->cut.seq)
		l->cut = cut;
	l->is_cut = true;
	return true;
}

static bool apply_genesis(struct oracle *o, const struct value *v)
{
	struct hash fed_id;
	struct buf b;

	buf_init(&b, CHANGE_MAX);
	canon_array(&b, 5);
	for (unsigned no = 1; no <= 5; no++)
		buf_add(&b, v[no].raw.p, v[no].raw.len);
	fed_id = crypto_hash(HASH_GENESIS, buf_slice(&b));
	buf_done(&b);
	o->s.recovery = v[3].hash;
	return hash_eq(&fed_id, &o->fed_id);
}

static bool apply_member(struct oracle *o, const struct value *v)
{
	struct id16 due = crypto_hub_id(&o->fed_id, &v[5].sign);

	if (!id_eq(&due, &v[1].id) || member_of(o, &due))
		return false;
	*PUSH(o->s.members) = (struct member){.hub = due, .role = v[4].n};
	*PUSH(o->s.keys) = (struct key){.hub = due, .epoch = v[7].n, .sign = v[5].sign};
	return true;
}

static bool apply_open(struct oracle *o, const struct value *v, const struct hash *commit)
{
	struct id16 due = crypto_log_id(&o->fed_id, &v[1].id, (uint8_t)v[2].n, &v[4].id);
	struct log *old = log_of(o, &v[6].spot.log);

	for (const struct log *l = o->s.logs; l < END(o->s.logs); l++)
		if (id_eq(&l->id, &due))
			return false;
	if (!id_eq(&due, &v[5].id) || v[2].n > SCOPE_CRESS || !member_of(o, &v[1].id))
		return false;
	if (v[6].given &&
	    (!old || !is_data_of(old, &v[1].id) || old->scope != v[2].n || !cut_at(old, v[6].spot)))
		return true; /* not allowed: nothing is opened */
	if (v[2].n == SCOPE_CONTROL)
		o->s.control = due;
	*PUSH(o->s.logs) = (struct log){.id = due, .hub = v[1].id, .scope = v[2].n, .opened_by = *commit};
	return true;
}

/* Finality, for the entries that cut all logs of a hub, whatever of them they cut. */
static bool cuts_what_is_final(const struct oracle *o, const struct id16 *hub, struct slice cuts)
{
	for (const struct log *l = o->s.logs; l < END(o->s.logs); l++) {
		struct spot cut = cut_in(cuts, &l->id);

		if (is_data_of(l, hub) && cuts_final(l, &cut))
			return true;
	}
	return false;
}

static bool apply_revoke(struct oracle *o, const struct value *v)
{
	struct member *m = member_of(o, &v[1].id);

	if (cuts_what_is_final(o, &v[1].id, v[2].raw))
		return true; /* not allowed: none is cut */
	for (struct log *l = o->s.logs; l < END(o->s.logs); l++)
		if (is_data_of(l, &v[1].id))
			cut_at(l, cut_in(v[2].raw, &l->id));
	if (m)
		m->revoked = true;
	return m;
}

/* The data logs open now: the older key up to its cut, then the new one; with no
 * list of cuts the older key for good. The signatures in `rotate` and `recover`
 * are a matter of admission: a bad one refuses the commit. */
static bool turn_key(struct oracle *o, struct key new, struct slice cuts)
{
	const struct key *old = key_of(o, &new.hub, 0);
	uint64_t epoch = old ? old->epoch : UINT64_MAX;

	for (const struct log *l = o->s.logs; l < END(o->s.logs); l++)
		if (is_data_of(l, &new.hub))
			*PUSH(o->s.turns) =
				(struct turn){l->id, epoch, cuts.p ? cut_in(cuts, &l->id).seq : UINT64_MAX};
	*PUSH(o->s.keys) = new;
	return new.epoch > epoch;
}

static bool apply_recover(struct oracle *o, const struct entry *e)
{
	const struct value *v = e->v;
	struct hash key = crypto_hash(HASH_GENESIS, SLICE(v[6].bytes, 32));

	if (!cress_key(o) || e->index != 0 || !hash_eq(&key, &o->s.recovery) || v[4].n + 1 != e->c->seq ||
	    !hash_eq(&v[5].hash, &e->c->prev_id))
		return false;
	return turn_key(o, (struct key){cress_key(o)->hub, v[3].n, v[1].sign}, SLICE_NONE);
}

/* Is there, in one of the hub's data logs, a commit that is not void? */
static bool stands_at(const struct oracle *o, struct spot at, const struct id16 *hub)
{
	const struct log *l = log_of(o, &at.log);

	for (const struct spot *v = o->s.voids; v < END(o->s.voids); v++)
		if (id_eq(&v->log, &at.log) && v->seq == at.seq)
			return false;
	return l && id_eq(&l->hub, hub) && at.seq > 0 && !(l->is_cut && at.seq > l->cut.seq);
}

static bool apply_steward(struct oracle *o, const struct value *v, uint64_t ctl_seq)
{
	struct handover h = {{v[1].record, v[2].n}, ctl_seq, v[3].id, v[4].id, v[7].raw};
	struct id16 now = steward_at(o, h.of, UINT64_MAX, &(const struct handover *){NULL});

	if (id_eq(&now, &h.from) && stands_at(o, v[5].spot, &h.from) && stands_at(o, v[6].spot, &h.to) &&
	    !cuts_what_is_final(o, &h.from, h.cuts)) /* else without effect */
		*PUSH(o->s.handovers) = h;
	return true;
}

/* What the steward signs: the specification names the context and not the
 * message, this is our reading. */
static bool forget_signed(const struct oracle *o, const struct value *v)
{
	const struct key *k = v[6].n > 0 ? key_of(o, &v[5].id, v[6].n) : NULL;
	struct buf b;
	bool good;

	buf_init(&b, 256);
	canon_array(&b, 4);
	canon_bin(&b, o->fed_id.bytes, 32);
	canon_bin(&b, v[1].bytes, 32);
	canon_u64(&b, v[2].n);
	canon_u64(&b, v[3].n);
	good = k && crypto_verify_as(SIGN_FORGET, &k->sign, &v[7].sig, buf_slice(&b));
	buf_done(&b);
	return good;
}

static bool apply_forget(struct oracle *o, const struct value *v)
{
	struct forget f = {{v[1].record, v[2].n}, v[3].n};
	struct id16 steward = steward_at(o, f.of, UINT64_MAX, &(const struct handover *){NULL});
	const struct member *m = member_of(o, &steward);

	if (v[7].given ? id_eq(&v[5].id, &steward) && forget_signed(o, v) : m && m->revoked)
		*PUSH(o->s.forgets) = f; /* else without effect */
	return true;
}

/* Finality binds it like a cut: where payloads may be compacted nothing is taken away. */
static bool apply_void(struct oracle *o, const struct value *v)
{
	const struct log *l = log_of(o, &v[1].id);

	if (l && v[2].n > l->checkpoint)
		*PUSH(o->s.voids) = (struct spot){v[1].id, v[2].n, v[3].hash};
	return true;
}

static bool apply_checkpoint(struct oracle *o, const struct value *v)
{
	for (struct log *l = o->s.logs; l < END(o->s.logs); l++) {
		struct spot head = cut_in(v[1].raw, &l->id);

		if (head.seq <= l->checkpoint || (l->is_cut && head.seq > l->cut.seq))
			continue;
		l->checkpoint = head.seq;
		l->final = head.id;
	}
	return true;
}

static bool apply_resolve(struct oracle *o, const struct value *v)
{
	struct log *l = log_of(o, &v[1].id);

	if (!v[1].given || !l || !id_eq(&v[2].spot.log, &l->id))
		return true; /* of the control log or --alone: the head we are given tells */
	if (v[2].spot.seq > 0 && v[2].spot.seq == l->checkpoint) { /* what is final there, the officer says */
		l->final = v[2].spot.id;
		if (l->is_cut && l->cut.seq == v[2].spot.seq)
			l->cut.id = v[2].spot.id;
	}
	cut_at(l, v[2].spot);
	return true;
}

static bool apply(struct oracle *o, const struct entry *e)
{
	switch (e->op) {
	case OP_GENESIS:
		return e->c->seq == 1 && e->index == 0 && apply_genesis(o, e->v);
	case OP_MEMBER:
		return apply_member(o, e->v);
	case OP_OPEN:
		return apply_open(o, e->v, &e->c->id);
	case OP_REVOKE:
		return apply_revoke(o, e->v);
	case OP_ROTATE:
		if (cuts_what_is_final(o, &e->v[1].id, e->v[5].raw))
			return true; /* without effect */
		return turn_key(o, (struct key){e->v[1].id, e->v[4].n, e->v[2].sign}, e->v[5].raw);
	case OP_RECOVER:
		return apply_recover(o, e);
	case OP_STEWARD:
		return apply_steward(o, e->v, e->c->seq);
	case OP_FORGET:
		return apply_forget(o, e->v);
	case OP_CHECKPOINT:
		return apply_checkpoint(o, e->v);
	case OP_VOID:
		return apply_void(o, e->v);
	case OP_RESOLVE:
		return apply_resolve(o, e->v);
	default: /* suspend, charter, quota... and unknown ones: nothing that folds */
		return true;
	}
}

/* Signed by that key; and every change that is there is the one that was signed,
 * well formed and in a log of its sort. */
static bool is_sound(const struct commit *c, const struct packed *p, const struct sign_public *sign,
		     bool control)
{
	if (!commit_verify(p->header, &p->sig, sign))
		return false;
	for (uint32_t i = 0; i < p->count; i++) {
		const struct payload *x = &p->payload[i];
		struct hash digest;
		struct change ch;

		if (!x->present && !control)
			continue; /* erased */
		if (!x->present || change_decode(x->change, &ch) != ES_OK || ch.control != control)
			return false;
		digest = crypto_hash_salted(HASH_CHANGE, &x->salt, x->change);
		if (x->change.len != c->digests[i].length || !hash_eq(&digest, &c->digests[i].digest) ||
		    (!control && (ch.edited > c->hlc || (ch.base != 0 && ch.base >= ch.edited))))
			return false;
	}
	return true;
}

/* Signed at the founding by the genesis's key, after a loss by the one that
 * `recover` brings, else by the CRESS's before this commit. */
static bool control_apply(struct oracle *o, const struct item *it)
{
	struct entry e = {.c = it->c};
	struct key k = cress_key(o) ? *cress_key(o) : (struct key){.epoch = 1};
	struct packed p;

	if (commit_unpack(it->bytes, &p) != ES_OK || !read_entry(&e, &p) ||
	    (e.op == OP_GENESIS) != (it->c->seq == 1))
		return false;
	if (e.op == OP_GENESIS)
		k.sign = e.v[2].sign;
	if (e.op == OP_RECOVER)
		k = (struct key){.epoch = e.v[3].n, .sign = e.v[1].sign};
	if (!it->c->has_ctl || it->c->ctl_seq != it->c->seq - 1 ||
	    !hash_eq(&it->c->ctl_id, &it->c->prev_id) || it->c->key_epoch != k.epoch ||
	    !is_sound(it->c, &p, &k.sign, true))
		return false;
	for (; e.index < p.count; e.index++)
		if (!read_entry(&e, &p) || !apply(o, &e))
			return false;
	/* Of the generation before, or of the one opened in this very commit (L14). */
	return cress_key(o) && id_eq(&o->s.control, &it->c->log_id);
}

static const struct item *item_of(const struct oracle *o, const struct hash *id)
{
	for (const struct item *it = o->items; it < END(o->items); it++)
		if (hash_eq(&it->c->id, id))
			return it;
	return NULL;
}

/* From the head down to the founding, then up again. */
static bool control_fold(struct oracle *o, const struct hash *head, struct buf *why)
{
	const struct item *it;

	for (struct hash id = *head; !hash_eq(&id, &o->fed_id); id = it->c->prev_id) {
		it = item_of(o, &id);
		if (!it) {
			buf_str(why, "a commit of the control chain is missing");
			return false;
		}
		*PUSH(o->s.chain) = id;
	}
	for (size_t i = 0, j = o->s.chain_count; i + 1 < j--; i++) {
		struct hash swap = o->s.chain[i];

		o->s.chain[i] = o->s.chain[j];
		o->s.chain[j] = swap;
	}
	for (size_t i = 0; i < o->s.chain_count; i++) {
		bool applied = false;

		for (const struct item *x = o->items; x < END(o->items);
		     x++) /* of several copies the good one */
			if (!applied && hash_eq(&x->c->id, &o->s.chain[i]) && x->c->seq == i + 1)
				applied = control_apply(o, x);
		if (!applied) {
			buf_printf(why, "control seq %zu does not apply", i + 1);
			return false;
		}
	}
	return true;
}

/* ---- layer 2: which data commits count ---- */

static bool is_chained(const struct oracle *o, const struct log *l, const struct commit *c)
{
	if (c->seq == 1)
		return hash_eq(&c->prev_id, &l->opened_by);
	for (const struct spot *v = o->s.voids; v < END(o->s.voids); v++)
		if (id_eq(&v->log, &l->id) && v->seq + 1 == c->seq && hash_eq(&v->id, &c->prev_id))
			return true; /* whatever it was, what comes after it counts */
	for (const struct spot *g = o->gaps; g < END(o->gaps); g++)
		if (id_eq(&g->log, &l->id) && g->seq + 1 == c->seq && hash_eq(&g->id, &c->prev_id))
			return true;
	for (const struct item *x = o->items; x < END(o->items); x++)
		if (x->linked && id_eq(&x->c->log_id, &l->id) && x->c->seq + 1 == c->seq &&
		    hash_eq(&x->c->id, &c->prev_id))
			return x->c->hlc < c->hlc;
	return false;
}

static bool is_in_place(const struct oracle *o, const struct log *l, const struct commit *c)
{
	uint64_t epoch = key_of(o, &l->hub, 0)->epoch;

	if (l->is_cut && (c->seq > l->cut.seq || (c->seq == l->cut.seq && !hash_eq(&c->id, &l->cut.id))))
		return false;
	for (const struct spot *v = o->s.voids; v < END(o->s.voids); v++)
		if (id_eq(&v->log, &l->id) && v->seq == c->seq)
			return false;
	for (const struct turn *t = o->s.turns; t < END(o->s.turns); t++)
		if (id_eq(&t->log, &l->id) && c->seq <= t->until && t->epoch < epoch)
			epoch = t->epoch;
	return is_chained(o, l, c) && c->key_epoch == epoch && c->has_ctl && c->ctl_seq > 0 &&
	       c->ctl_seq <= o->s.chain_count && hash_eq(&c->ctl_id, &o->s.chain[c->ctl_seq - 1]);
}

/* Items are sorted by log and seq: what is before has been linked before. */
static void link_item(struct oracle *o, struct item *it)
{
	const struct log *l = log_of(o, &it->c->log_id);
	struct packed p;

	it->linked = false;
	if (!l || !is_in_place(o, l, it->c) || commit_unpack(it->bytes, &p) != ES_OK)
		return;
	it->linked = is_sound(it->c, &p, &key_of(o, &l->hub, it->c->key_epoch)->sign, false);
	o->s.rejected += it->linked ? 0 : 1;
}

/* Where a log is blocked: a proof is known, or both branches are here. */
static uint64_t forked_at(const struct oracle *o, const struct id16 *log)
{
	const struct item *last = NULL;
	uint64_t at = UINT64_MAX;

	for (const struct spot *f = o->forks; f < END(o->forks); f++)
		if (id_eq(&f->log, log) && f->seq < at)
			at = f->seq;
	for (const struct item *it = o->items; it < END(o->items); it++) {
		if (!it->linked || !id_eq(&it->c->log_id, log))
			continue;
		if (last && last->c->seq == it->c->seq && !hash_eq(&last->c->id, &it->c->id) &&
		    it->c->seq < at)
			at = it->c->seq;
		last = it;
	}
	return at;
}

/* On the branch that the cut names? */
static bool leads_to_cut(const struct oracle *o, const struct log *l, const struct commit *c)
{
	struct hash id = l->cut.id;

	while (l->is_cut && !hash_eq(&id, &c->id)) {
		const struct item *x = item_of(o, &id);

		if (!x || x->c->seq <= c->seq)
			return false;
		id = x->c->prev_id;
	}
	return l->is_cut;
}

/* ---- layers 3 and 4: the steward's changes, the standing fields ---- */

/* Was the log's hub the steward at the commit's control position; and is the
 * commit within the cut of the hand-over that ended that tenure? */
static bool is_stewards(const struct oracle *o, const struct log *l, const struct commit *c,
			struct subject of)
{
	const struct handover *ended;
	struct id16 steward = steward_at(o, of, c->ctl_seq, &ended);

	return id_eq(&steward, &l->hub) && (!ended || c->seq <= cut_in(ended->cuts, &l->id).seq);
}

static bool is_forgotten(const struct oracle *o, struct subject of, es_stamp edited)
{
	for (const struct forget *f = o->s.forgets; f < END(o->s.forgets); f++)
		if (same(&f->of, &of) && edited <= f->upto)
			return true;
	return false;
}

static void add_fact(struct oracle *o, uint64_t scope, const struct change *ch, unsigned field,
		     const struct hash *commit, uint32_t index, struct slice value)
{
	struct buf b;

	buf_init(&b, 4 * CHANGE_MAX);
	oracle_line(&ch->record, ch->kind, field, ch->edited, commit, index, value, &b);
	*PUSH(o->s.facts) = (struct fact){scope, strdup(buf_cstr(&b))};
	buf_done(&b);
}

static void add_facts(struct oracle *o, const struct log *l, const struct item *it)
{
	struct field_walk w;
	struct slice value;
	struct packed p;
	struct change ch;
	unsigned field;

	if (commit_unpack(it->bytes, &p) != ES_OK)
		return;
	for (uint32_t i = 0; i < p.count; i++) {
		if (!p.payload[i].present || change_decode(p.payload[i].change, &ch) != ES_OK ||
		    ch.op != OP_PUT || !is_stewards(o, l, it->c, (struct subject){ch.record, ch.kind}) ||
		    is_forgotten(o, (struct subject){ch.record, ch.kind}, ch.edited))
			continue;
		w = field_walk_start(ch.fields);
		while (field_walk_next(&w, &field, &value))
			add_fact(o, l->scope, &ch, field, &it->c->id, i, value);
	}
}

static int fact_order(const void *pa, const void *pb)
{
	const struct fact *a = pa, *b = pb;

	return a->scope != b->scope ? (a->scope > b->scope ? 1 : -1) : strcmp(a->line, b->line);
}

static int item_order(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int d = memcmp(&a->c->log_id, &b->c->log_id, sizeof(a->c->log_id));

	if (d != 0 || a->c->seq != b->c->seq)
		return d != 0 ? d : a->c->seq > b->c->seq ? 1 : -1;
	return memcmp(&a->c->id, &b->c->id, sizeof(a->c->id));
}

static void forget_fold(struct oracle *o)
{
	for (struct fact *f = o->s.facts; f < END(o->s.facts); f++)
		free(f->line);
	free(o->s.chain);
	free(o->s.members);
	free(o->s.keys);
	free(o->s.logs);
	free(o->s.turns);
	free(o->s.handovers);
	free(o->s.forgets);
	free(o->s.voids);
	free(o->s.facts);
	memset(&o->s, 0, sizeof(o->s));
}

bool oracle_fold(struct oracle *o, const struct hash *control_head, struct buf *why)
{
	forget_fold(o);
	if (o->items_count > 0)
		qsort(o->items, o->items_count, sizeof(*o->items), item_order);
	if (!control_fold(o, control_head, why))
		return false;
	for (struct item *it = o->items; it < END(o->items); it++)
		link_item(o, it);
	for (const struct log *l = o->s.logs; l < END(o->s.logs); l++) {
		uint64_t fork = forked_at(o, &l->id);

		for (const struct item *it = o->items; it < END(o->items); it++)
			if (it->linked && id_eq(&it->c->log_id, &l->id) &&
			    (it->c->seq < fork || leads_to_cut(o, l, it->c)))
				add_facts(o, l, it);
	}
	if (o->s.facts_count > 0)
		qsort(o->s.facts, o->s.facts_count, sizeof(*o->s.facts), fact_order);
	return true;
}

size_t oracle_rejected(const struct oracle *o)
{
	return o->undecodable + o->s.rejected;
}

struct id16 oracle_steward(const struct oracle *o, const struct record_id *record, unsigned kind)
{
	const struct handover *none;

	return steward_at(o, (struct subject){*record, kind}, UINT64_MAX, &none);
}

static void add_hex(const uint8_t *p, size_t n, struct buf *out)
{
	char pair[3];

	for (size_t i = 0; i < n; i++) {
		hex_encode(p + i, 1, pair);
		buf_str(out, pair);
	}
}

void oracle_line(const struct record_id *record, unsigned kind, unsigned field, es_stamp edited,
		 const struct hash *commit, uint32_t index, struct slice value, struct buf *out)
{
	add_hex(record->bytes, sizeof(record->bytes), out);
	buf_printf(out, " %05u %05u %020llu ", kind, field, (unsigned long long)edited);
	add_hex(commit->bytes, sizeof(commit->bytes), out);
	buf_printf(out, " %03u ", index);
	add_hex(value.p, value.len, out);
	buf_str(out, "\n");
}

void oracle_lines(const struct oracle *o, enum scope scope, struct buf *out)
{
	for (const struct fact *f = o->s.facts; f < END(o->s.facts);
	     f++) /* of each field the last, so the greatest */
		if (f->scope == scope && (f + 1 == END(o->s.facts) || f[1].scope != scope ||
					  memcmp(f->line, f[1].line, WHERE_LEN) != 0))
			buf_str(out, f->line);
}

/* ---- what goes in ---- */

struct oracle *oracle_new(const struct hash *fed_id)
{
	struct oracle *o = calloc(1, sizeof(*o));

	assert(o);
	o->fed_id = *fed_id;
	return o;
}

void oracle_free(struct oracle *o)
{
	if (!o)
		return;
	forget_fold(o);
	for (struct item *it = o->items; it < END(o->items); it++) {
		free((void *)it->bytes.p);
		free(it->c);
	}
	free(o->items);
	free(o->forks);
	free(o->gaps);
	free(o);
}

void oracle_add(struct oracle *o, struct slice packed)
{
	struct commit c;
	struct packed p;
	uint8_t *bytes;

	for (const struct item *x = o->items; x < END(o->items); x++)
		if (slice_eq(x->bytes, packed))
			return;
	if (commit_unpack(packed, &p) != ES_OK || commit_decode(p.header, &c) != ES_OK ||
	    !hash_eq(&c.fed_id, &o->fed_id) || p.count != c.count) {
		o->undecodable++;
		return;
	}
	bytes = malloc(packed.len);
	assert(bytes);
	memcpy(bytes, packed.p, packed.len);
	*PUSH(o->items) = (struct item){.bytes = SLICE(bytes, packed.len), .c = malloc(sizeof(c))};
	assert(o->items[o->items_count - 1].c);
	*o->items[o->items_count - 1].c = c;
}

void oracle_fork(struct oracle *o, const struct id16 *log, uint64_t seq)
{
	*PUSH(o->forks) = (struct spot){.log = *log, .seq = seq};
}

void oracle_gap(struct oracle *o, const struct id16 *log, uint64_t seq, const struct hash *id)
{
	*PUSH(o->gaps) = (struct spot){.log = *log, .seq = seq, .id = *id};
}
