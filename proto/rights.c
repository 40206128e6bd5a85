/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rights.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "proto/canon.h"

void rights_init(struct rights *r, const struct hash *fed_id)
{
	memset(r, 0, sizeof *r);
	r->fed_id = *fed_id;
}

void rights_done(struct rights *r)
{
	free(r->charter_text);
	free(r->members);
	free(r->logs);
	free(r->invites);
	free(r->territories);
	memset(r, 0, sizeof *r);
}

/* Room for one more item, zeroed; NULL beyond the limit. */
static void *grow(void *items, size_t *count, size_t size, size_t max)
{
	uint8_t **list = items;
	size_t n = *count;

	if (n >= max)
		return NULL;
	if ((n & (n - 1)) == 0) { /* a power of two: double */
		uint8_t *more = realloc(*list, (n ? 2 * n : 1) * size);
		if (!more)
			return NULL;
		*list = more;
	}
	*count = n + 1;
	return memset(*list + n * size, 0, size);
}

/* --- reading entries --- */

struct entry {
	struct slice fields;
	enum es_err err;
};

static struct canon_reader entry_field(struct entry *e, unsigned no)
{
	struct canon_reader r;

	canon_read_init(&r, change_field(e->fields, no));
	return r;
}

static void entry_check(struct entry *e, const struct canon_reader *r)
{
	enum es_err err = canon_read_done(r);

	if (e->err == ES_OK)
		e->err = err;
}

static void entry_text(struct entry *e, unsigned no, char *out, size_t size)
{
	struct canon_reader r = entry_field(e, no);
	struct slice s = canon_read_str(&r, size - 1);

	entry_check(e, &r);
	memcpy(out, s.p ? s.p : (const uint8_t *)"", s.len);
	out[s.len] = 0;
}

static void entry_exact(struct entry *e, unsigned no, void *out, size_t n)
{
	struct canon_reader r = entry_field(e, no);

	canon_read_exact(&r, out, n);
	entry_check(e, &r);
}

static uint64_t entry_u64(struct entry *e, unsigned no, uint64_t max)
{
	struct canon_reader r = entry_field(e, no);
	uint64_t v = canon_read_u64(&r, max);

	entry_check(e, &r);
	return v;
}

static bool entry_nil(struct entry *e, unsigned no)
{
	struct canon_reader r = entry_field(e, no);

	return canon_peek(&r) == CANON_NIL;
}

static enum es_err apply_genesis(struct rights *r, struct entry *e, const struct commit *c)
{
	struct sign_public cress;
	struct hash recovery;
	uint8_t random[32];

	if (r->founded || c->seq != 1)
		return ES_NOT_ALLOWED;
	entry_text(e, 1, r->name, sizeof r->name);
	entry_exact(e, 2, cress.bytes, 32);
	entry_exact(e, 3, recovery.bytes, 32);
	entry_exact(e, 4, random, 32);
	entry_exact(e, 5, r->charter.bytes, 32);
	entry_text(e, 6, r->region, sizeof r->region);
	if (e->err != ES_OK)
		return e->err;
	struct hash id = rights_fed_id(slice_str(r->name), &cress, &recovery, random, &r->charter);
	if (!hash_eq(&id, &r->fed_id))
		return ES_WRONG_FEDERATION;
	r->founder = cress;
	r->founded = true;
	return ES_OK;
}

static enum es_err apply_charter(struct rights *r, struct entry *e)
{
	struct canon_reader rd = entry_field(e, 3);
	struct slice text = canon_read_str(&rd, CHARTER_MAX);
	struct hash digest;

	entry_check(e, &rd);
	entry_exact(e, 4, digest.bytes, 32);
	if (e->err != ES_OK)
		return e->err;
	struct hash real = crypto_hash(HASH_GENESIS, text);
	if (!hash_eq(&real, &digest))
		return ES_BAD_DIGEST;
	char *copy = malloc(text.len + 1);
	if (!copy)
		return ES_NOMEM;
	memcpy(copy, text.p, text.len);
	copy[text.len] = 0;
	free(r->charter_text);
	r->charter_text = copy;
	r->charter = digest;
	return ES_OK;
}

static enum es_err apply_territory(struct rights *r, struct entry *e)
{
	struct territory t, *slot = NULL;

	entry_text(e, 2, t.code, sizeof t.code);
	entry_text(e, 3, t.name, sizeof t.name);
	if (e->err != ES_OK)
		return e->err;
	for (size_t i = 0; i < r->territory_count; i++)
		if (strcmp(r->territories[i].code, t.code) == 0)
			slot = &r->territories[i];
	if (!slot)
		slot = grow(&r->territories, &r->territory_count, sizeof t, RIGHTS_MEMBERS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = t;
	return ES_OK;
}

static void use_invite(struct rights *r, const struct hash *hash)
{
	for (size_t i = 0; i < r->invite_count; i++)
		if (hash_eq(&r->invites[i].hash, hash))
			r->invites[i].used = true;
}

static enum es_err apply_member(struct rights *r, struct entry *e)
{
	struct member m = {0}, *slot;

	entry_exact(e, 1, m.hub.bytes, 16);
	entry_text(e, 2, m.name, sizeof m.name);
	entry_text(e, 3, m.pays, sizeof m.pays);
	m.role = (enum role)entry_u64(e, 4, ROLE_OBSERVER);
	entry_exact(e, 5, m.sign.bytes, 32);
	entry_exact(e, 6, m.dh.bytes, 32);
	m.epoch = (uint32_t)entry_u64(e, 7, UINT32_MAX);
	if (!entry_nil(e, 8))
		entry_text(e, 8, m.address, sizeof m.address);
	if (!entry_nil(e, 10))
		entry_exact(e, 10, m.invite.bytes, 32);
	if (e->err != ES_OK)
		return e->err;
	if (!crypto_sign_public_valid(&m.sign))
		return ES_BAD_KEY;
	/* The federation id vouches for one CRESS key: no other founds, no second one enters. */
	if (m.role == ROLE_CRESS && (rights_cress(r) || memcmp(m.sign.bytes, r->founder.bytes, 32) != 0))
		return ES_NOT_ALLOWED;
	if (m.role != ROLE_CRESS && m.role != ROLE_HUB && m.role != ROLE_OBSERVER)
		return ES_NOT_ALLOWED;
	struct id16 id = crypto_hub_id(&r->fed_id, &m.sign);
	if (!id_eq(&id, &m.hub) || rights_member(r, &m.hub))
		return ES_NOT_ALLOWED;
	slot = grow(&r->members, &r->member_count, sizeof m, RIGHTS_MEMBERS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = m;
	use_invite(r, &m.invite);
	return ES_OK;
}

static enum es_err apply_open(struct rights *r, struct entry *e, const struct commit *c)
{
	struct open_log log = {.opened_seq = c->seq, .opened_by = c->id}, *slot;

	entry_exact(e, 1, log.hub.bytes, 16);
	log.scope = (enum scope)entry_u64(e, 2, SCOPE_CRESS);
	log.generation = (uint32_t)entry_u64(e, 3, UINT32_MAX);
	entry_exact(e, 4, log.nonce.bytes, 16);
	entry_exact(e, 5, log.id.bytes, 16);
	if (e->err != ES_OK)
		return e->err;
	struct id16 id = crypto_log_id(&r->fed_id, &log.hub, (uint8_t)log.scope, &log.nonce);
	if (!id_eq(&id, &log.id) || !rights_member(r, &log.hub) || rights_log(r, &log.id))
		return ES_NOT_ALLOWED;
	slot = grow(&r->logs, &r->log_count, sizeof log, RIGHTS_LOGS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = log;
	if (log.scope == SCOPE_CONTROL)
		r->control_log = log.id;
	return ES_OK;
}

static enum es_err apply_invite(struct rights *r, struct entry *e)
{
	struct invitation_entry i = {0}, *slot;
	struct canon_reader rd = entry_field(e, 5);

	i.approved = canon_read_bool(&rd);
	entry_check(e, &rd);
	entry_exact(e, 1, i.hash.bytes, 32);
	entry_text(e, 2, i.pays, sizeof i.pays);
	entry_text(e, 3, i.name, sizeof i.name);
	i.expires = (es_ms)entry_u64(e, 4, INT64_MAX);
	if (e->err != ES_OK)
		return e->err;
	slot = grow(&r->invites, &r->invite_count, sizeof i, RIGHTS_LOGS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = i;
	return ES_OK;
}

/* Entries of later versions are kept in the log and passed over here. */
static enum es_err apply_entry(struct rights *r, const struct change *ch, const struct commit *c)
{
	struct entry e = {.fields = ch->fields};

	if (!r->founded && ch->op != OP_GENESIS)
		return ES_NOT_ALLOWED;
	switch (ch->op) {
	case OP_GENESIS:
		return apply_genesis(r, &e, c);
	case OP_CHARTER:
		return apply_charter(r, &e);
	case OP_TERRITORY:
		return apply_territory(r, &e);
	case OP_MEMBER:
		return apply_member(r, &e);
	case OP_OPEN:
		return apply_open(r, &e, c);
	case OP_INVITE:
		return apply_invite(r, &e);
	default:
		return ES_OK;
	}
}

enum es_err rights_apply(struct rights *r, const struct commit *c, const struct packed *p)
{
	enum es_err err = ES_OK;
	struct change ch;

	for (uint32_t i = 0; i < p->count && err == ES_OK; i++) {
		err = change_decode(p->payload[i].change, &ch);
		if (err == ES_OK && !ch.control)
			err = ES_NOT_ALLOWED;
		if (err == ES_OK)
			err = apply_entry(r, &ch, c);
	}
	r->seq = c->seq;
	r->id = c->id;
	return err;
}

/* --- questions --- */

const struct member *rights_member(const struct rights *r, const struct id16 *hub)
{
	for (size_t i = 0; i < r->member_count; i++)
		if (id_eq(&r->members[i].hub, hub))
			return &r->members[i];
	return NULL;
}

const struct member *rights_member_dh(const struct rights *r, const struct dh_public *dh)
{
	for (size_t i = 0; i < r->member_count; i++)
		if (memcmp(r->members[i].dh.bytes, dh->bytes, 32) == 0)
			return &r->members[i];
	return NULL;
}

const struct member *rights_cress(const struct rights *r)
{
	for (size_t i = 0; i < r->member_count; i++)
		if (r->members[i].role == ROLE_CRESS)
			return &r->members[i];
	return NULL;
}

const struct open_log *rights_log(const struct rights *r, const struct id16 *log)
{
	for (size_t i = 0; i < r->log_count; i++)
		if (id_eq(&r->logs[i].id, log))
			return &r->logs[i];
	return NULL;
}

const struct open_log *rights_log_of(const struct rights *r, const struct id16 *hub, enum scope scope)
{
	const struct open_log *best = NULL;

	for (size_t i = 0; i < r->log_count; i++)
		if (r->logs[i].scope == scope && id_eq(&r->logs[i].hub, hub) &&
		    (!best || r->logs[i].generation >= best->generation))
			best = &r->logs[i];
	return best;
}

const struct invitation_entry *rights_invite(const struct rights *r, const struct hash *hash)
{
	for (size_t i = 0; i < r->invite_count; i++)
		if (hash_eq(&r->invites[i].hash, hash))
			return &r->invites[i];
	return NULL;
}

const struct territory *rights_territory(const struct rights *r, const char *code)
{
	for (size_t i = 0; i < r->territory_count; i++)
		if (strcmp(r->territories[i].code, code) == 0)
			return &r->territories[i];
	return NULL;
}

bool rights_may_hold(const struct rights *r, const struct member *m, const struct open_log *log)
{
	(void)r;
	if (m->state != MEMBER_ACTIVE)
		return false;
	switch (log->scope) {
	case SCOPE_CONTROL:
	case SCOPE_PUBLIC:
		return true;
	case SCOPE_FEDERATION:
		return m->role == ROLE_HUB || m->role == ROLE_CRESS;
	case SCOPE_CRESS:
		return m->role == ROLE_CRESS || id_eq(&m->hub, &log->hub);
	case SCOPE_LOCAL:
	case SCOPE_COUNT:
		break;
	}
	return false;
}

void rights_owner_text(const struct member *m, char *out, size_t size)
{
	snprintf(out, size, "%s-%s", m->role == ROLE_CRESS ? "cress" : "pole", m->pays);
}

struct hash rights_fed_id(struct slice name, const struct sign_public *cress, const struct hash *recovery,
			  const uint8_t random[32], const struct hash *charter)
{
	struct buf b;

	buf_init(&b, 1024);
	canon_array(&b, 5);
	canon_str(&b, name);
	canon_bin(&b, cress->bytes, 32);
	canon_bin(&b, recovery->bytes, 32);
	canon_bin(&b, random, 32);
	canon_bin(&b, charter->bytes, 32);
	struct hash h = crypto_hash(HASH_GENESIS, buf_slice(&b));
	buf_done(&b);
	return h;
}

/* --- writing entries --- */

static void entry_start(unsigned op, uint32_t fields, struct buf *out)
{
	canon_array(out, 6);
	canon_u64(out, op);
	for (int i = 0; i < 4; i++)
		canon_nil(out);
	canon_map(out, fields);
}

static void put_text(struct buf *out, unsigned no, struct slice text)
{
	canon_u64(out, no);
	canon_str(out, text);
}

static void put_bin(struct buf *out, unsigned no, const void *p, size_t n)
{
	canon_u64(out, no);
	canon_bin(out, p, n);
}

static void put_u64(struct buf *out, unsigned no, uint64_t v)
{
	canon_u64(out, no);
	canon_u64(out, v);
}

static void put_nil(struct buf *out, unsigned no)
{
	canon_u64(out, no);
	canon_nil(out);
}

void entry_genesis(const struct genesis *g, struct buf *out)
{
	entry_start(OP_GENESIS, 6, out);
	put_text(out, 1, g->name);
	put_bin(out, 2, g->cress.bytes, 32);
	put_bin(out, 3, g->recovery.bytes, 32);
	put_bin(out, 4, g->random, 32);
	put_bin(out, 5, g->charter.bytes, 32);
	put_text(out, 6, g->region);
}

void entry_charter(struct slice type, struct slice version, struct slice text, struct buf *out)
{
	struct hash digest = crypto_hash(HASH_GENESIS, text);

	entry_start(OP_CHARTER, 4, out);
	put_text(out, 1, type);
	put_text(out, 2, version);
	put_text(out, 3, text);
	put_bin(out, 4, digest.bytes, 32);
}

void entry_territory(struct slice type, struct slice code, struct slice name, struct slice communes, struct buf *out)
{
	entry_start(OP_TERRITORY, 4, out);
	put_text(out, 1, type);
	put_text(out, 2, code);
	put_text(out, 3, name);
	canon_u64(out, 4);
	buf_add(out, communes.p, communes.len);
}

void entry_member(const struct member *m, const struct hash *charter, const struct acceptance *a, struct buf *out)
{
	entry_start(OP_MEMBER, 12, out);
	put_bin(out, 1, m->hub.bytes, 16);
	put_text(out, 2, slice_str(m->name));
	put_text(out, 3, slice_str(m->pays));
	put_u64(out, 4, m->role);
	put_bin(out, 5, m->sign.bytes, 32);
	put_bin(out, 6, m->dh.bytes, 32);
	put_u64(out, 7, m->epoch);
	if (m->address[0])
		put_text(out, 8, slice_str(m->address));
	else
		put_nil(out, 8);
	if (a)
		put_bin(out, 9, a->sig.bytes, 64);
	else
		put_nil(out, 9);
	if (a)
		put_bin(out, 10, m->invite.bytes, 32);
	else
		put_nil(out, 10);
	put_bin(out, 11, charter->bytes, 32);
	if (a)
		put_bin(out, 12, a->handshake, 64);
	else
		put_nil(out, 12);
}

void entry_open(const struct open_log *log, struct buf *out)
{
	entry_start(OP_OPEN, 5, out);
	put_bin(out, 1, log->hub.bytes, 16);
	put_u64(out, 2, log->scope);
	put_u64(out, 3, log->generation);
	put_bin(out, 4, log->nonce.bytes, 16);
	put_bin(out, 5, log->id.bytes, 16);
}

void entry_invite(const struct invitation_entry *i, struct buf *out)
{
	entry_start(OP_INVITE, 5, out);
	put_bin(out, 1, i->hash.bytes, 32);
	put_text(out, 2, slice_str(i->pays));
	put_text(out, 3, slice_str(i->name));
	put_u64(out, 4, (uint64_t)i->expires);
	canon_u64(out, 5);
	canon_bool(out, i->approved);
}

void acceptance_message(const uint8_t handshake[64], const struct hash *fed_id, const struct member *m,
			const struct hash *charter, struct buf *out)
{
	canon_array(out, 7);
	canon_bin(out, handshake, 64);
	canon_bin(out, fed_id->bytes, 32);
	canon_str(out, slice_str(m->name));
	canon_bin(out, m->sign.bytes, 32);
	canon_bin(out, m->dh.bytes, 32);
	canon_bin(out, charter->bytes, 32);
	canon_str(out, slice_str(m->address));
}
