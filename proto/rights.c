/* SPDX-License-Identifier: Apache-2.0
 *
 * What the control log says, asked. */
#include "proto/rights.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/plant.h"
#include "proto/canon.h"
#include "proto/rights_parts.h"

#define TABLE_FIRST 8 /* places of a table's first allocation */

/* --- tables --- */

uint32_t table_first(const struct table *t, uint32_t hash)
{
	uint32_t at = t->cap ? t->heads[hash & (t->cap - 1)] : 0;

	while (at && t->links[at - 1].hash != hash)
		at = t->links[at - 1].next;
	return at;
}

uint32_t table_next(const struct table *t, uint32_t place)
{
	uint32_t hash = t->links[place - 1].hash, at = t->links[place - 1].next;

	while (at && t->links[at - 1].hash != hash)
		at = t->links[at - 1].next;
	return at;
}

/* Each chain splits in two, its order kept. */
static bool table_grow(struct table *t)
{
	uint32_t cap = t->cap ? 2 * t->cap : TABLE_FIRST, next;
	struct table_link *links = realloc(t->links, cap * sizeof *links);

	if (!links)
		return false;
	t->links = links;
	uint32_t *heads = calloc(cap, sizeof *heads);
	if (!heads)
		return false;
	for (uint32_t b = 0; b < t->cap; b++) {
		uint32_t *tail[2] = {&heads[b], &heads[b + t->cap]};

		for (uint32_t at = t->heads[b]; at; at = next) {
			uint32_t **end = &tail[(links[at - 1].hash & t->cap) != 0];

			next = links[at - 1].next;
			links[at - 1].next = 0;
			**end = at;
			*end = &links[at - 1].next;
		}
	}
	free(t->heads);
	t->heads = heads;
	t->cap = cap;
	return true;
}

bool table_add(struct table *t, uint32_t hash, uint32_t after)
{
	if (t->count == t->cap && !table_grow(t))
		return false;
	uint32_t *from = after ? &t->links[after - 1].next : &t->heads[hash & (t->cap - 1)];

	t->links[t->count] = (struct table_link){*from, hash};
	*from = ++t->count;
	return true;
}

static void table_done(struct table *t)
{
	free(t->heads);
	free(t->links);
}

/* n is a multiple of 8. */
static uint32_t hash_bytes(uint64_t h, const void *p, size_t n)
{
	uint64_t word;

	for (size_t i = 0; i < n; i += sizeof word) {
		memcpy(&word, (const uint8_t *)p + i, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

uint32_t hash_id(const struct id16 *id)
{
	return hash_bytes(0, id->bytes, 16);
}

uint32_t hash_key(const uint8_t key[32])
{
	return hash_bytes(0, key, 32);
}

uint32_t hash_hub_scope(const struct id16 *hub, enum scope scope)
{
	return hash_bytes((uint64_t)scope, hub->bytes, 16);
}

uint32_t hash_record(const struct record_id *record, unsigned kind)
{
	return hash_bytes(kind, record->bytes, 32);
}

uint32_t hash_commit_at(const struct id16 *log, uint64_t seq)
{
	return hash_bytes(seq, log->bytes, 16);
}

/* --- the state --- */

void rights_init(struct rights *r, const struct hash *fed_id)
{
	memset(r, 0, sizeof *r);
	r->fed_id = *fed_id;
}

static void index_done(struct rights_index *x)
{
	struct table *const all[] = {&x->members, &x->ages_hub,  &x->ages_sign, &x->ages_dh,
				     &x->logs,    &x->logs_of,   &x->invites,   &x->turns,
				     &x->tenures, &x->forgotten, &x->voids};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		table_done(all[i]);
	free(x);
}

void rights_done(struct rights *r)
{
	if (r->index && r->index->others > 0) {
		r->index->others--;
		memset(r, 0, sizeof *r);
		return;
	}
	for (size_t i = 0; i < r->tenure_count; i++)
		free(r->tenures[i].cuts);
	free(r->charter_text);
	free(r->charters);
	free(r->members);
	free(r->logs);
	free(r->invites);
	free(r->territories);
	free(r->turns);
	free(r->ages);
	free(r->tenures);
	free(r->forgotten);
	free(r->voids);
	free(r->erased);
	free(r->given_up);
	if (r->index)
		index_done(r->index);
	memset(r, 0, sizeof *r);
}

static const struct rights_index *tables(const struct rights *r)
{
	static const struct rights_index none;

	return r->index ? r->index : &none;
}

/* --- members and keys --- */

const struct member *rights_member(const struct rights *r, const struct id16 *hub)
{
	const struct table *t = &tables(r)->members;

	for (uint32_t at = table_first(t, hash_id(hub)); at; at = table_next(t, at))
		if (id_eq(&r->members[at - 1].hub, hub))
			return &r->members[at - 1];
	return NULL;
}

const struct member *rights_member_dh(const struct rights *r, const struct dh_public *dh)
{
	const struct table *t = &tables(r)->ages_dh;

	for (uint32_t at = table_first(t, hash_key(dh->bytes)); at; at = table_next(t, at)) {
		const struct member *m = rights_member(r, &r->ages[at - 1].hub);

		if (m && memcmp(m->dh.bytes, dh->bytes, 32) == 0)
			return m;
	}
	return NULL;
}

bool rights_dh_former(const struct rights *r, const struct dh_public *dh)
{
	const struct table *t = &tables(r)->ages_dh;

	if (rights_member_dh(r, dh))
		return false;
	for (uint32_t at = table_first(t, hash_key(dh->bytes)); at; at = table_next(t, at))
		if (memcmp(r->ages[at - 1].dh.bytes, dh->bytes, 32) == 0)
			return true;
	return false;
}

const struct member *rights_member_sign(const struct rights *r, const struct sign_public *sign)
{
	const struct table *t = &tables(r)->ages_sign;

	for (uint32_t at = table_first(t, hash_key(sign->bytes)); at; at = table_next(t, at)) {
		const struct member *m = rights_member(r, &r->ages[at - 1].hub);

		if (m && memcmp(m->sign.bytes, sign->bytes, 32) == 0)
			return m;
	}
	return NULL;
}

bool rights_sign_seen(const struct rights *r, const struct sign_public *sign)
{
	const struct table *t = &tables(r)->ages_sign;

	for (uint32_t at = table_first(t, hash_key(sign->bytes)); at; at = table_next(t, at))
		if (memcmp(r->ages[at - 1].sign.bytes, sign->bytes, 32) == 0)
			return true;
	return false;
}

bool rights_dh_taken(const struct rights *r, const struct dh_public *dh, const struct id16 *hub)
{
	const struct table *t = &tables(r)->ages_dh;

	for (uint32_t at = table_first(t, hash_key(dh->bytes)); at; at = table_next(t, at))
		if (memcmp(r->ages[at - 1].dh.bytes, dh->bytes, 32) == 0 && !id_eq(&r->ages[at - 1].hub, hub))
			return true;
	return false;
}

const struct member *rights_cress(const struct rights *r)
{
	uint32_t at = tables(r)->cress;

	return at ? &r->members[at - 1] : NULL;
}

const struct key_age *rights_key_age(const struct rights *r, const struct id16 *hub, uint32_t epoch)
{
	const struct table *t = &tables(r)->ages_hub;

	for (uint32_t at = table_first(t, hash_id(hub)); at; at = table_next(t, at))
		if (r->ages[at - 1].epoch == epoch && id_eq(&r->ages[at - 1].hub, hub))
			return &r->ages[at - 1];
	return NULL;
}

const struct sign_public *rights_key(const struct rights *r, const struct id16 *hub, const struct id16 *log,
				     uint64_t seq, uint32_t *epoch)
{
	const struct member *m = rights_member(r, hub);
	const struct table *t = &tables(r)->turns;

	if (!m)
		return NULL;
	*epoch = m->epoch;
	for (uint32_t at = table_first(t, hash_id(log)); at; at = table_next(t, at)) {
		const struct key_turn *turn = &r->turns[at - 1];

		if (id_eq(&turn->log, log) && id_eq(&turn->hub, hub) && seq <= turn->until &&
		    turn->epoch < *epoch)
			*epoch = turn->epoch;
	}
	const struct key_age *age = rights_key_age(r, hub, *epoch);
	return age ? &age->sign : NULL;
}

/* --- logs --- */

const struct open_log *rights_log(const struct rights *r, const struct id16 *log)
{
	const struct table *t = &tables(r)->logs;

	for (uint32_t at = table_first(t, hash_id(log)); at; at = table_next(t, at))
		if (id_eq(&r->logs[at - 1].id, log))
			return &r->logs[at - 1];
	return NULL;
}

static uint32_t same_log_of(const struct rights *r, const struct id16 *hub, enum scope scope, uint32_t at)
{
	while (at && !(r->logs[at - 1].scope == scope && id_eq(&r->logs[at - 1].hub, hub)))
		at = table_next(&tables(r)->logs_of, at);
	return at;
}

uint32_t rights_first_log(const struct rights *r, const struct id16 *hub, enum scope scope)
{
	return same_log_of(r, hub, scope, table_first(&tables(r)->logs_of, hash_hub_scope(hub, scope)));
}

uint32_t rights_next_log(const struct rights *r, uint32_t place)
{
	const struct open_log *log = &r->logs[place - 1];

	return same_log_of(r, &log->hub, log->scope, table_next(&tables(r)->logs_of, place));
}

const struct open_log *rights_log_of(const struct rights *r, const struct id16 *hub, enum scope scope)
{
	uint32_t at = rights_first_log(r, hub, scope);

	return at ? &r->logs[at - 1] : NULL;
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

bool rights_is_void(const struct rights *r, const struct id16 *log, uint64_t seq)
{
	const struct open_log *open = rights_log(r, log);
	const struct table *t = &tables(r)->voids;

	if (open && open->cut && seq > open->cut_seq + (PLANT(cut_off_by_one) ? 1 : 0))
		return true;
	for (uint32_t at = table_first(t, hash_commit_at(log, seq)); at; at = table_next(t, at))
		if (r->voids[at - 1].seq == seq && id_eq(&r->voids[at - 1].log, log))
			return true;
	return false;
}

/* --- records --- */

/* The record's tenures, the last first. */
static const struct tenure *tenure_from(const struct rights *r, const struct record_id *record, unsigned kind,
					uint32_t *at)
{
	while (*at) {
		const struct tenure *t = &r->tenures[*at - 1];

		if (t->kind == kind && memcmp(t->record.bytes, record->bytes, 32) == 0)
			return t;
		*at = table_next(&tables(r)->tenures, *at);
	}
	return NULL;
}

/* The steward at that control position, and the hand-over that ended it, if any. */
static struct id16 steward_at(const struct rights *r, const struct record_id *record, unsigned kind,
			      uint64_t seq, const struct tenure **ended)
{
	uint32_t at = table_first(&tables(r)->tenures, hash_record(record, kind));
	const struct tenure *t;
	struct id16 creator;

	*ended = NULL;
	while ((t = tenure_from(r, record, kind, &at)) != NULL) {
		if (t->seq <= seq)
			return t->to;
		*ended = t;
		at = table_next(&tables(r)->tenures, at);
	}
	memcpy(creator.bytes, record->bytes, sizeof creator.bytes);
	return creator;
}

struct id16 rights_steward_at(const struct rights *r, const struct record_id *record, unsigned kind,
			      uint64_t seq)
{
	const struct tenure *ended;

	return steward_at(r, record, kind, seq, &ended);
}

struct id16 rights_steward(const struct rights *r, const struct record_id *record, unsigned kind)
{
	return rights_steward_at(r, record, kind, UINT64_MAX);
}

int cut_compare(const void *a, const void *b)
{
	const struct log_cut *x = a, *y = b;
	int order = memcmp(x->log.bytes, y->log.bytes, sizeof x->log.bytes);

	if (order == 0)
		order = (x->seq > y->seq) - (x->seq < y->seq);
	return order != 0 ? order : memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

uint64_t rights_tenure_cut(const struct tenure *t, const struct id16 *log)
{
	size_t low = 0, high = t->cut_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(t->cuts[mid].log.bytes, log->bytes, sizeof log->bytes) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->cut_count && id_eq(&t->cuts[low].log, log) ? t->cuts[low].seq : 0;
}

bool rights_counts(const struct rights *r, const struct id16 *author, const struct id16 *log, uint64_t seq,
		   uint64_t ctl_seq, const struct record_id *record, unsigned kind)
{
	const struct tenure *ended;

	if (rights_is_void(r, log, seq))
		return false;
	struct id16 steward =
		steward_at(r, record, kind, PLANT(steward_ignores_ctl_seq) ? UINT64_MAX : ctl_seq, &ended);
	if (!id_eq(&steward, author))
		return false;
	return !ended || PLANT(steward_without_cut) || seq <= rights_tenure_cut(ended, log);
}

es_stamp rights_forgotten(const struct rights *r, const struct record_id *record, unsigned kind)
{
	const struct table *t = &tables(r)->forgotten;
	es_stamp upto = 0;

	for (uint32_t at = table_first(t, hash_record(record, kind)); at; at = table_next(t, at)) {
		const struct forgotten *f = &r->forgotten[at - 1];

		if (f->kind == kind && memcmp(f->record.bytes, record->bytes, 32) == 0 && f->upto > upto)
			upto = f->upto;
	}
	return upto;
}

int position_compare(const void *a, const void *b)
{
	const struct position3 *x = a, *y = b;
	int order = memcmp(x->log.bytes, y->log.bytes, sizeof x->log.bytes);

	if (order == 0)
		order = (x->seq > y->seq) - (x->seq < y->seq);
	return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

bool rights_is_erased(const struct rights *r, const struct id16 *log, uint64_t seq, uint32_t index)
{
	struct position3 at = {.log = *log, .seq = seq, .index = index};

	return r->erased_count > 0 &&
	       bsearch(&at, r->erased, r->erased_count, sizeof at, position_compare) != NULL;
}

/* --- invitations, territories, names --- */

const struct invitation_entry *rights_invite(const struct rights *r, const struct hash *hash)
{
	const struct table *t = &tables(r)->invites;

	for (uint32_t at = table_first(t, hash_key(hash->bytes)); at; at = table_next(t, at))
		if (hash_eq(&r->invites[at - 1].hash, hash))
			return &r->invites[at - 1];
	return NULL;
}

const struct territory *rights_territory(const struct rights *r, const char *code)
{
	for (size_t i = 0; i < r->territory_count; i++)
		if (strcmp(r->territories[i].code, code) == 0)
			return &r->territories[i];
	return NULL;
}

bool rights_had_charter(const struct rights *r, const struct hash *digest)
{
	for (size_t i = 0; i < r->charter_count; i++)
		if (hash_eq(&r->charters[i], digest))
			return true;
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
