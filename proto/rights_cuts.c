/* SPDX-License-Identifier: Apache-2.0
 *
 * Logs opened, and what ends them: cuts, and the checkpoints that bound cuts. */
#include <stdlib.h>
#include <string.h>
#include "common/plant.h"
#include "proto/rights_parts.h"

void *rights_grow(void *items, size_t *count, size_t size, size_t max)
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

enum es_err rights_added(bool done)
{
	return done ? ES_OK : ES_NOMEM;
}

struct member *rights_member_mut(struct rights *r, const struct id16 *hub)
{
	return (struct member *)(uintptr_t)rights_member(r, hub);
}

struct open_log *rights_log_mut(struct rights *r, const struct id16 *id)
{
	return (struct open_log *)(uintptr_t)rights_log(r, id);
}

/* --- shapes --- */

void cut_read(struct canon_reader *rd, struct log_cut *out)
{
	memset(out, 0, sizeof *out);
	if (canon_read_array(rd, 3) != 3 && rd->err == ES_OK)
		rd->err = ES_MALFORMED;
	canon_read_exact(rd, out->log.bytes, 16);
	out->seq = canon_read_u64(rd, UINT32_MAX);
	if (out->seq > 0)
		canon_read_exact(rd, out->id.bytes, 32);
	else
		canon_read_nil(rd);
}

void position_read(struct canon_reader *rd, struct position3 *out)
{
	memset(out, 0, sizeof *out);
	if (canon_read_array(rd, 3) != 3 && rd->err == ES_OK)
		rd->err = ES_MALFORMED;
	canon_read_exact(rd, out->log.bytes, 16);
	out->seq = canon_read_u64(rd, UINT32_MAX);
	out->index = (uint32_t)canon_read_u64(rd, COMMIT_CHANGES_MAX - 1);
}

struct cut_list cuts_read(struct fields *f, unsigned no)
{
	struct canon_reader rd = fields_reader(f, no);
	uint32_t n = canon_read_array(&rd, LIST_MAX);
	struct cut_list cuts = {.list = n ? calloc(n, sizeof *cuts.list) : NULL};

	if (n && !cuts.list)
		rd.err = ES_NOMEM;
	for (uint32_t i = 0; i < n && rd.err == ES_OK; i++)
		cut_read(&rd, &cuts.list[cuts.count++]);
	fields_read(f, &rd);
	if (cuts.count > 1)
		qsort(cuts.list, cuts.count, sizeof *cuts.list, cut_compare);
	return cuts;
}

struct log_cut cuts_at(const struct cut_list *cuts, const struct id16 *log)
{
	struct log_cut at = {.log = *log};
	size_t low = 0, high = cuts->count;

	while (low < high) { /* the first that is not below (log, 0) */
		size_t mid = low + (high - low) / 2;

		if (cut_compare(&cuts->list[mid], &at) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < cuts->count && id_eq(&cuts->list[low].log, log) ? cuts->list[low] : at;
}

/* --- cuts --- */

/* Finality: nothing at or below a checkpoint may be cut. */
static bool above_checkpoint(const struct open_log *log, const struct log_cut *cut)
{
	if (PLANT(cut_below_checkpoint))
		return true;
	return cut->seq > log->checkpoint ||
	       (cut->seq == log->checkpoint && (cut->seq == 0 || hash_eq(&cut->id, &log->checkpoint_id)));
}

bool rights_may_cut(const struct rights *r, const struct log_cut *cut)
{
	const struct open_log *log = rights_log(r, &cut->log);

	return log && above_checkpoint(log, cut);
}

static void cut_log(struct rights *r, struct open_log *log, const struct log_cut *cut)
{
	if (log->cut && log->cut_seq <= cut->seq)
		return; /* the smallest counts */
	log->cut = true;
	log->cut_seq = cut->seq;
	log->cut_id = cut->id;
	r->cuts_changed = true;
}

bool cuts_fit(const struct rights *r, const struct id16 *hub, const struct cut_list *cuts)
{
	for (size_t i = 0; i < cuts->count; i++) {
		const struct open_log *log = rights_log(r, &cuts->list[i].log);

		if (!log || !id_eq(&log->hub, hub))
			return false;
	}
	EACH_DATA_LOG(r, hub, at) {
		struct log_cut cut = cuts_at(cuts, &r->logs[at - 1].id);

		if (!above_checkpoint(&r->logs[at - 1], &cut))
			return false;
	}
	return true;
}

/* --- entries --- */

enum es_err rights_apply_revoke(struct rights *r, struct fields *f)
{
	struct id16 hub;

	fields_exact(f, 1, hub.bytes, 16);
	struct cut_list cuts = cuts_read(f, 2);
	struct member *m = f->err == ES_OK ? rights_member_mut(r, &hub) : NULL;
	if (m && m->role != ROLE_CRESS && m->state != MEMBER_REVOKED && cuts_fit(r, &hub, &cuts)) {
		m->state = MEMBER_REVOKED;
		r->cuts_changed = true;
		EACH_DATA_LOG(r, &hub, at) {
			struct log_cut cut = cuts_at(&cuts, &r->logs[at - 1].id);

			cut_log(r, &r->logs[at - 1], &cut);
		}
	}
	free(cuts.list);
	return f->err;
}

/* Of two generations the greater is found first, of equal ones the later. */
static bool index_log(struct rights *r, const struct open_log *log)
{
	uint32_t after = 0;

	for (uint32_t at = rights_first_log(r, &log->hub, log->scope); at; at = rights_next_log(r, at)) {
		if (r->logs[at - 1].generation <= log->generation)
			break;
		after = at;
	}
	return table_add(&r->index->logs, hash_id(&log->id), 0) &&
	       table_add(&r->index->logs_of, hash_hub_scope(&log->hub, log->scope), after);
}

/* May this `open` cut that earlier generation? */
static bool open_cuts(const struct open_log *log, const struct open_log *before, const struct log_cut *cut)
{
	return before && log->scope != SCOPE_CONTROL && before->scope == log->scope &&
	       id_eq(&before->hub, &log->hub) && before->generation < log->generation &&
	       above_checkpoint(before, cut);
}

enum es_err rights_apply_open(struct rights *r, struct fields *f, const struct commit *c)
{
	struct open_log log = {.opened_seq = c->seq, .opened_by = c->id}, *slot;
	struct log_cut cut = {.seq = 0};
	bool cuts = change_field(f->map, 6).len > 0;

	fields_exact(f, 1, log.hub.bytes, 16);
	log.scope = (enum scope)fields_u64(f, 2, SCOPE_CRESS);
	log.generation = (uint32_t)fields_u64(f, 3, UINT32_MAX);
	fields_exact(f, 4, log.nonce.bytes, 16);
	fields_exact(f, 5, log.id.bytes, 16);
	if (cuts) {
		struct canon_reader rd = fields_reader(f, 6);

		cut_read(&rd, &cut);
		fields_read(f, &rd);
	}
	if (f->err != ES_OK)
		return f->err;
	struct id16 id = crypto_log_id(&r->fed_id, &log.hub, (uint8_t)log.scope, &log.nonce);
	const struct member *m = rights_member(r, &log.hub);
	if (!id_eq(&id, &log.id) || !m || rights_log(r, &log.id) ||
	    (log.scope == SCOPE_CONTROL && m->role != ROLE_CRESS))
		return ES_NOT_ALLOWED;
	struct open_log *before = cuts ? rights_log_mut(r, &cut.log) : NULL;
	if (m->state == MEMBER_REVOKED || (cuts && !open_cuts(&log, before, &cut)))
		return ES_OK;
	if (before)
		cut_log(r, before, &cut);
	slot = rights_grow(&r->logs, &r->log_count, sizeof log, RIGHTS_LOGS_MAX);
	if (!slot)
		return ES_TOO_LARGE;
	*slot = log;
	if (!index_log(r, slot))
		return ES_NOMEM;
	if (log.scope == SCOPE_CONTROL)
		r->control_log = log.id;
	return ES_OK;
}

enum es_err rights_apply_checkpoint(struct rights *r, struct fields *f, const struct commit *c)
{
	struct cut_list heads = cuts_read(f, 1);

	for (size_t i = 0; i < heads.count && f->err == ES_OK; i++) {
		const struct log_cut *h = &heads.list[i];
		struct open_log *log = rights_log_mut(r, &h->log);

		if (!log || h->seq <= log->checkpoint || (log->cut && h->seq > log->cut_seq))
			continue;
		log->checkpoint = h->seq;
		log->checkpoint_id = h->id;
	}
	if (f->err == ES_OK) {
		r->checkpoint_seq = c->seq;
		r->checkpoint_utc = stamp_ms(c->hlc);
	}
	free(heads.list);
	return f->err;
}

enum es_err rights_apply_void(struct rights *r, struct fields *f)
{
	struct position3 at = {0}, *slot;
	struct hash id;

	fields_exact(f, 1, at.log.bytes, 16);
	at.seq = fields_u64(f, 2, UINT32_MAX);
	fields_exact(f, 3, id.bytes, 32);
	if (f->err != ES_OK)
		return f->err;
	const struct open_log *log = rights_log(r, &at.log);
	if (!log || log->scope == SCOPE_CONTROL || at.seq == 0 || rights_is_void(r, &at.log, at.seq))
		return ES_OK;
	if (at.seq <= log->checkpoint && !PLANT(cut_below_checkpoint))
		return ES_OK;
	slot = rights_grow(&r->voids, &r->void_count, sizeof at, UINT32_MAX);
	if (!slot)
		return ES_NOMEM;
	*slot = at;
	r->cuts_changed = true;
	return rights_added(table_add(&r->index->voids, hash_commit_at(&at.log, at.seq), 0));
}

/* A checkpoint cannot be taken back, but it can have lied: what stands at its own
 * number an officer may say, who compared. */
bool rights_beside_checkpoint(const struct open_log *log, uint64_t seq, const struct hash *id)
{
	return seq > 0 && seq == log->checkpoint && !hash_eq(id, &log->checkpoint_id);
}

static void set_right(struct rights *r, struct open_log *log, const struct log_cut *cut)
{
	log->checkpoint_id = cut->id;
	if (!log->cut || log->cut_seq != cut->seq)
		return;
	log->cut_id = cut->id;
	r->cuts_changed = true;
}

static enum es_err resolve_data(struct rights *r, struct fields *f)
{
	struct canon_reader rd = fields_reader(f, 2);
	struct log_cut cut;
	struct id16 id;

	cut_read(&rd, &cut);
	fields_read(f, &rd);
	fields_exact(f, 1, id.bytes, 16);
	if (f->err != ES_OK)
		return f->err;
	struct open_log *log = rights_log_mut(r, &id);
	if (!log || log->scope == SCOPE_CONTROL || !id_eq(&cut.log, &id))
		return ES_OK;
	if (rights_beside_checkpoint(log, cut.seq, &cut.id))
		set_right(r, log, &cut);
	if (!above_checkpoint(log, &cut))
		return ES_OK;
	cut_log(r, log, &cut);
	r->alone = false;
	return ES_OK;
}

/* Branches of the control log that the officer has given up, by their first commits. */
static enum es_err resolve_control(struct rights *r, struct fields *f)
{
	struct canon_reader rd = fields_reader(f, 5);
	struct hash id;

	for (uint32_t left = canon_read_array(&rd, LIST_MAX); left > 0 && rd.err == ES_OK; left--) {
		struct hash *slot =
			rights_grow(&r->given_up, &r->given_up_count, sizeof id, RIGHTS_MEMBERS_MAX);

		if (!slot)
			return ES_TOO_LARGE;
		canon_read_exact(&rd, slot->bytes, 32);
	}
	fields_read(f, &rd);
	fields_u64(f, 3, UINT32_MAX);
	fields_exact(f, 4, id.bytes, 32);
	if (f->err == ES_OK)
		r->alone = false;
	return f->err;
}

enum es_err rights_apply_resolve(struct rights *r, struct fields *f)
{
	if (fields_has(f, 1))
		return resolve_data(r, f);
	if (fields_has(f, 3))
		return resolve_control(r, f);
	bool alone = fields_bool(f, 6);
	if (f->err == ES_OK)
		r->alone = alone;
	return f->err;
}
