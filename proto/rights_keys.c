/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that follow one another: rotate and recover. */
#include <stdlib.h>
#include "proto/rights_parts.h"

enum es_err rights_add_age(struct rights *r, const struct member *m, uint64_t from)
{
	struct key_age *age = rights_grow(&r->ages, &r->age_count, sizeof *age, UINT32_MAX);
	struct rights_index *x = r->index;

	if (!age)
		return ES_NOMEM;
	*age = (struct key_age){.hub = m->hub, .epoch = m->epoch, .sign = m->sign, .dh = m->dh, .from = from};
	return rights_added(table_add(&x->ages_hub, hash_id(&m->hub), 0) &&
			    table_add(&x->ages_sign, hash_key(m->sign.bytes), 0) &&
			    table_add(&x->ages_dh, hash_key(m->dh.bytes), 0));
}

static enum es_err add_turn(struct rights *r, const struct member *m, const struct id16 *log, uint64_t until)
{
	struct key_turn *t = rights_grow(&r->turns, &r->turn_count, sizeof *t, UINT32_MAX);

	if (!t)
		return ES_NOMEM;
	*t = (struct key_turn){.hub = m->hub, .log = *log, .epoch = m->epoch, .until = until};
	return rights_added(table_add(&r->index->turns, hash_id(log), 0));
}

/* A key that somebody has had already would make two authors of one. */
static bool key_fits(const struct rights *r, const struct member *m, uint32_t epoch,
		     const struct sign_public *sign, const struct dh_public *dh)
{
	return epoch > m->epoch && crypto_sign_public_valid(sign) && !rights_sign_seen(r, sign) &&
	       !rights_dh_taken(r, dh, &m->hub);
}

static bool rotation_signed(const struct rights *r, const struct member *m, const struct rotation *n)
{
	struct buf b;
	bool ok;

	buf_init(&b, 256);
	rotation_message(&r->fed_id, n, &b);
	ok = crypto_verify_as(SIGN_ROTATE, &n->sign, &n->new, buf_slice(&b)) &&
	     (n->emergency || crypto_verify_as(SIGN_ROTATE, &m->sign, &n->old, buf_slice(&b)));
	buf_done(&b);
	return ok;
}

static enum es_err take_keys(struct rights *r, struct member *m, uint32_t epoch,
			     const struct sign_public *sign, const struct dh_public *dh, uint64_t from)
{
	m->epoch = epoch;
	m->sign = *sign;
	m->dh = *dh;
	r->cuts_changed = true; /* what the old key signed beyond its turns is gone */
	return rights_add_age(r, m, from);
}

/* A lost key's successor came in by an invitation that serves once. */
static void use_replacements(struct rights *r, const struct id16 *hub)
{
	for (size_t i = 0; i < r->invite_count; i++)
		if (r->invites[i].replaces && id_eq(&r->invites[i].hub, hub))
			r->invites[i].used = true;
}

static enum es_err rotate(struct rights *r, struct member *m, const struct rotation *n,
			  const struct cut_list *cuts, const struct commit *c)
{
	static const struct id16 control;
	enum es_err err = ES_OK;

	EACH_DATA_LOG(r, &m->hub, at) {
		if (err == ES_OK)
			err = add_turn(r, m, &r->logs[at - 1].id, cuts_at(cuts, &r->logs[at - 1].id).seq);
	}
	if (err == ES_OK && m->role == ROLE_CRESS)
		err = add_turn(r, m, &control, c->seq); /* this commit still bears the old key */
	if (err != ES_OK)
		return err;
	if (n->emergency)
		use_replacements(r, &m->hub);
	return take_keys(r, m, n->epoch, &n->sign, &n->dh, c->seq);
}

enum es_err rights_apply_rotate(struct rights *r, struct fields *f, const struct commit *c)
{
	struct rotation n = {0};

	fields_exact(f, 1, n.hub.bytes, 16);
	fields_exact(f, 2, n.sign.bytes, 32);
	fields_exact(f, 3, n.dh.bytes, 32);
	n.epoch = (uint32_t)fields_u64(f, 4, UINT32_MAX);
	n.emergency = !fields_has(f, 6);
	if (!n.emergency)
		fields_exact(f, 6, n.old.bytes, 64);
	fields_exact(f, 7, n.new.bytes, 64);
	struct cut_list cuts = cuts_read(f, 5);
	enum es_err err = f->err;
	struct member *m = err == ES_OK ? rights_member_mut(r, &n.hub) : NULL;
	if (m && m->state != MEMBER_REVOKED && key_fits(r, m, n.epoch, &n.sign, &n.dh) &&
	    cuts_fit(r, &n.hub, &cuts) && rotation_signed(r, m, &n))
		err = rotate(r, m, &n, &cuts, c);
	free(cuts.list);
	return err;
}

enum es_err rights_recovery(const struct rights *r, struct slice fields, const struct commit *c,
			    struct recovery *out)
{
	struct fields f = fields_of(fields);
	const struct member *cress = rights_cress(r);
	struct recovery n = {0};
	struct buf b;

	fields_exact(&f, 1, n.sign.bytes, 32);
	fields_exact(&f, 2, n.dh.bytes, 32);
	n.epoch = (uint32_t)fields_u64(&f, 3, UINT32_MAX);
	n.cut_seq = fields_u64(&f, 4, UINT32_MAX);
	fields_exact(&f, 5, n.cut_id.bytes, 32);
	fields_exact(&f, 6, n.key.bytes, 32);
	fields_exact(&f, 7, n.sig.bytes, 64);
	if (f.err != ES_OK)
		return f.err;
	struct hash hash = recovery_hash(&n.key);
	if (!cress || !hash_eq(&hash, &r->recovery) || !crypto_sign_public_valid(&n.key) ||
	    c->seq != n.cut_seq + 1 || !hash_eq(&c->prev_id, &n.cut_id) ||
	    !key_fits(r, cress, n.epoch, &n.sign, &n.dh))
		return ES_NOT_ALLOWED;
	buf_init(&b, 256);
	recovery_message(&r->fed_id, &n, &b);
	bool ok = crypto_verify_as(SIGN_RECOVER, &n.key, &n.sig, buf_slice(&b));
	buf_done(&b);
	if (!ok)
		return ES_NOT_ALLOWED;
	*out = n;
	return ES_OK;
}

/* The commit that holds it, as its first entry, bears the new key already. The old
 * key's data logs keep it to their end: `open`s of the same commit cut them. */
enum es_err rights_apply_recover(struct rights *r, struct fields *f, const struct entry_place *p)
{
	static const struct id16 control;
	struct recovery n;
	enum es_err err = rights_recovery(r, f->map, p->c, &n);

	if (err != ES_OK || p->index > 0)
		return err == ES_NOT_ALLOWED ? ES_OK : err;
	struct member *m = rights_member_mut(r, &rights_cress(r)->hub);
	EACH_DATA_LOG(r, &m->hub, at) {
		if (err == ES_OK)
			err = add_turn(r, m, &r->logs[at - 1].id, UINT64_MAX);
	}
	if (err == ES_OK)
		err = add_turn(r, m, &control, n.cut_seq);
	return err != ES_OK ? err : take_keys(r, m, n.epoch, &n.sign, &n.dh, p->c->seq);
}
