/* SPDX-License-Identifier: Apache-2.0
 *
 * Control entries, read and applied. A malformed entry is an error. So are a
 * genesis, charter, member or open that contradicts itself: they are refused with
 * their commit. Any other entry that the rules do not allow is passed over, whole,
 * by every node alike. */
#include <stdlib.h>
#include <string.h>
#include "proto/fields.h"
#include "proto/rights_parts.h"

/* --- founding --- */

static enum es_err apply_genesis(struct rights *r, struct fields *f, const struct commit *c)
{
	struct sign_public cress;
	struct hash recovery;
	uint8_t random[32];

	if (r->founded || c->seq != 1)
		return ES_NOT_ALLOWED;
	fields_text(f, 1, r->name, sizeof r->name);
	fields_exact(f, 2, cress.bytes, 32);
	fields_exact(f, 3, recovery.bytes, 32);
	fields_exact(f, 4, random, 32);
	fields_exact(f, 5, r->charter.bytes, 32);
	fields_text(f, 6, r->region, sizeof r->region);
	if (f->err != ES_OK)
		return f->err;
	struct hash id = rights_fed_id(slice_str(r->name), &cress, &recovery, random, &r->charter);
	if (!hash_eq(&id, &r->fed_id))
		return ES_WRONG_FEDERATION;
	r->founder = cress;
	r->recovery = recovery;
	r->founded = true;
	return ES_OK;
}

static enum es_err apply_charter(struct rights *r, struct fields *f, const struct commit *c)
{
	struct slice text = fields_str(f, 3, CHARTER_MAX);
	bool mandatory = fields_has(f, 5) && fields_bool(f, 5);
	struct hash digest;

	fields_exact(f, 4, digest.bytes, 32);
	if (f->err != ES_OK)
		return f->err;
	struct hash real = crypto_hash(HASH_GENESIS, text);
	if (!hash_eq(&real, &digest))
		return ES_BAD_DIGEST;
	struct hash *had = rights_grow(&r->charters, &r->charter_count, sizeof digest, UINT32_MAX);
	char *copy = had ? malloc(text.len + 1) : NULL;
	if (!copy)
		return ES_NOMEM;
	*had = digest;
	memcpy(copy, text.p, text.len);
	copy[text.len] = 0;
	free(r->charter_text);
	r->charter_text = copy;
	r->charter = digest;
	r->charter_mandatory = mandatory;
	r->charter_seq = c->seq;
	return ES_OK;
}

static enum es_err apply_territory(struct rights *r, struct fields *f)
{
	struct territory t = {0}, *slot = NULL;

	fields_text(f, 2, t.code, sizeof t.code);
	fields_text(f, 3, t.name, sizeof t.name);
	if (f->err != ES_OK)
		return f->err;
	for (size_t i = 0; i < r->territory_count; i++)
		if (strcmp(r->territories[i].code, t.code) == 0)
			slot = &r->territories[i];
	if (!slot)
		slot = rights_grow(&r->territories, &r->territory_count, sizeof t, RIGHTS_MEMBERS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = t;
	return ES_OK;
}

/* --- members --- */

static void use_invite(struct rights *r, const struct hash *hash)
{
	const struct invitation_entry *i = rights_invite(r, hash);

	if (i)
		r->invites[i - r->invites].used = true;
}

static enum es_err check_member(const struct rights *r, const struct member *m)
{
	if (!crypto_sign_public_valid(&m->sign))
		return ES_BAD_KEY;
	/* The federation id vouches for one CRESS key: no other founds, no second one enters. */
	if (m->role == ROLE_CRESS && (rights_cress(r) || memcmp(m->sign.bytes, r->founder.bytes, 32) != 0))
		return ES_NOT_ALLOWED;
	if (m->role != ROLE_CRESS && m->role != ROLE_HUB && m->role != ROLE_OBSERVER)
		return ES_NOT_ALLOWED;
	struct id16 id = crypto_hub_id(&r->fed_id, &m->sign);
	if (!id_eq(&id, &m->hub) || rights_member(r, &m->hub))
		return ES_NOT_ALLOWED;
	return rights_sign_seen(r, &m->sign) || rights_dh_taken(r, &m->dh, &m->hub) ? ES_NOT_ALLOWED : ES_OK;
}

static enum es_err apply_member(struct rights *r, struct fields *f, const struct commit *c)
{
	struct member m = {0}, *slot;

	fields_exact(f, 1, m.hub.bytes, 16);
	fields_text(f, 2, m.name, sizeof m.name);
	fields_text(f, 3, m.pays, sizeof m.pays);
	m.role = (enum role)fields_u64(f, 4, ROLE_OBSERVER);
	fields_exact(f, 5, m.sign.bytes, 32);
	fields_exact(f, 6, m.dh.bytes, 32);
	m.epoch = (uint32_t)fields_u64(f, 7, UINT32_MAX);
	if (fields_has(f, 8))
		fields_text(f, 8, m.address, sizeof m.address);
	if (fields_has(f, 10))
		fields_exact(f, 10, m.invite.bytes, 32);
	m.since = c->seq;
	if (f->err == ES_OK)
		f->err = check_member(r, &m);
	if (f->err != ES_OK)
		return f->err;
	slot = rights_grow(&r->members, &r->member_count, sizeof m, RIGHTS_MEMBERS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = m;
	if (!table_add(&r->index->members, hash_id(&m.hub), 0))
		return ES_NOMEM;
	if (m.role == ROLE_CRESS)
		r->index->cress = (uint32_t)r->member_count;
	use_invite(r, &m.invite);
	return rights_add_age(r, &m, c->seq);
}

static enum es_err apply_invite(struct rights *r, struct fields *f)
{
	struct invitation_entry i = {0}, *slot;

	i.approved = fields_bool(f, 5);
	fields_exact(f, 1, i.hash.bytes, 32);
	fields_text(f, 2, i.pays, sizeof i.pays);
	fields_text(f, 3, i.name, sizeof i.name);
	i.expires = (es_ms)fields_u64(f, 4, INT64_MAX);
	i.replaces = fields_has(f, 6);
	if (i.replaces)
		fields_exact(f, 6, i.hub.bytes, 16);
	if (f->err != ES_OK)
		return f->err;
	if (rights_invite(r, &i.hash) || (i.replaces && !rights_member(r, &i.hub)))
		return ES_OK;
	slot = rights_grow(&r->invites, &r->invite_count, sizeof i, RIGHTS_LOGS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = i;
	return rights_added(table_add(&r->index->invites, hash_key(i.hash.bytes), 0));
}

/* Suspension cuts nothing; the CRESS cannot be shut out by its own entry. */
static enum es_err apply_state(struct rights *r, struct fields *f, enum member_state from,
			       enum member_state to)
{
	struct id16 hub;

	fields_exact(f, 1, hub.bytes, 16);
	if (f->err != ES_OK)
		return f->err;
	struct member *m = rights_member_mut(r, &hub);
	if (m && m->role != ROLE_CRESS && m->state == from)
		m->state = to;
	return ES_OK;
}

static enum es_err apply_quota(struct rights *r, struct fields *f)
{
	struct id16 hub;

	fields_exact(f, 1, hub.bytes, 16);
	uint64_t bytes = fields_u64(f, 2, UINT64_MAX);
	if (f->err != ES_OK)
		return f->err;
	struct member *m = rights_member_mut(r, &hub);
	if (m)
		m->quota = bytes;
	return ES_OK;
}

/* --- all of them --- */

/* Entries of later versions are kept in the log and passed over here. */
static enum es_err apply_entry(struct rights *r, const struct change *ch, const struct entry_place *p)
{
	struct fields f = fields_of(ch->fields);

	if (!r->founded && ch->op != OP_GENESIS)
		return ES_NOT_ALLOWED;
	switch (ch->op) {
	case OP_GENESIS:
		return apply_genesis(r, &f, p->c);
	case OP_MEMBER:
		return apply_member(r, &f, p->c);
	case OP_OPEN:
		return rights_apply_open(r, &f, p->c);
	case OP_SUSPEND:
		return apply_state(r, &f, MEMBER_ACTIVE, MEMBER_SUSPENDED);
	case OP_RESUME:
		return apply_state(r, &f, MEMBER_SUSPENDED, MEMBER_ACTIVE);
	case OP_REVOKE:
		return rights_apply_revoke(r, &f);
	case OP_ROTATE:
		return rights_apply_rotate(r, &f, p->c);
	case OP_STEWARD:
		return rights_apply_steward(r, &f, p->c);
	case OP_FORGET:
		return rights_apply_forget(r, &f, p);
	case OP_TERRITORY:
		return apply_territory(r, &f);
	case OP_CHARTER:
		return apply_charter(r, &f, p->c);
	case OP_CHECKPOINT:
		return rights_apply_checkpoint(r, &f, p->c);
	case OP_RESOLVE:
		return rights_apply_resolve(r, &f);
	case OP_VOID:
		return rights_apply_void(r, &f);
	case OP_QUOTA:
		return apply_quota(r, &f);
	case OP_INVITE:
		return apply_invite(r, &f);
	case OP_RECOVER:
		return rights_apply_recover(r, &f, p);
	default:
		return ES_OK;
	}
}

enum es_err rights_apply(struct rights *r, const struct commit *c, const struct packed *p)
{
	enum es_err err = ES_OK;
	struct change ch;

	r->cuts_changed = r->stewards_changed = r->forgets_changed = false;
	if (!r->index)
		r->index = calloc(1, sizeof *r->index);
	if (!r->index || rights_own(r) != ES_OK)
		return ES_NOMEM;
	for (uint32_t i = 0; i < p->count && err == ES_OK; i++) {
		struct entry_place at = {.c = c, .index = i};

		err = p->payload[i].present ? change_decode(p->payload[i].change, &ch) : ES_BAD_DIGEST;
		if (err == ES_OK && !ch.control)
			err = ES_NOT_ALLOWED;
		if (err == ES_OK)
			err = apply_entry(r, &ch, &at);
	}
	r->seq = c->seq;
	r->id = c->id;
	return err;
}
