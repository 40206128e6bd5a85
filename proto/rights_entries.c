/* SPDX-License-Identifier: Apache-2.0
 *
 * Control entries and signed messages, written. */
#include "proto/fields.h"
#include "proto/rights.h"

static void entry_start(unsigned op, uint32_t fields, struct buf *out)
{
	canon_array(out, 6);
	canon_u64(out, op);
	for (int i = 0; i < 4; i++)
		canon_nil(out);
	canon_map(out, fields);
}

static void write_cut(const struct log_cut *cut, struct buf *out)
{
	canon_array(out, 3);
	canon_bin(out, cut->log.bytes, 16);
	canon_u64(out, cut->seq);
	if (cut->seq > 0)
		canon_bin(out, cut->id.bytes, 32);
	else
		canon_nil(out);
}

static void put_cuts(struct buf *out, unsigned no, const struct log_cut *cuts, size_t n)
{
	canon_u64(out, no);
	canon_array(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		write_cut(&cuts[i], out);
}

static void write_position(const struct position3 *p, struct buf *out)
{
	canon_array(out, 3);
	canon_bin(out, p->log.bytes, 16);
	canon_u64(out, p->seq);
	canon_u64(out, p->index);
}

/* --- who there is --- */

void entry_genesis(const struct genesis *g, struct buf *out)
{
	entry_start(OP_GENESIS, 6, out);
	field_put_str(out, 1, g->name);
	field_put_bin(out, 2, g->cress.bytes, 32);
	field_put_bin(out, 3, g->recovery.bytes, 32);
	field_put_bin(out, 4, g->random, 32);
	field_put_bin(out, 5, g->charter.bytes, 32);
	field_put_str(out, 6, g->region);
}

void entry_charter_version(struct slice type, struct slice version, struct slice text, bool mandatory,
			   struct buf *out)
{
	struct hash digest = crypto_hash(HASH_GENESIS, text);

	entry_start(OP_CHARTER, mandatory ? 5 : 4, out);
	field_put_str(out, 1, type);
	field_put_str(out, 2, version);
	field_put_str(out, 3, text);
	field_put_bin(out, 4, digest.bytes, 32);
	if (mandatory)
		field_put_bool(out, 5, true);
}

void entry_charter(struct slice type, struct slice version, struct slice text, struct buf *out)
{
	entry_charter_version(type, version, text, false, out);
}

void entry_territory(struct slice type, struct slice code, struct slice name, struct slice communes,
		     struct buf *out)
{
	entry_start(OP_TERRITORY, 4, out);
	field_put_str(out, 1, type);
	field_put_str(out, 2, code);
	field_put_str(out, 3, name);
	canon_u64(out, 4);
	buf_add(out, communes.p, communes.len);
}

static void put_or_nil(struct buf *out, unsigned no, bool there, const void *p, size_t n)
{
	if (there)
		field_put_bin(out, no, p, n);
	else
		field_put_nil(out, no);
}

void entry_member(const struct member *m, const struct hash *charter, const struct acceptance *a,
		  struct buf *out)
{
	entry_start(OP_MEMBER, 12, out);
	field_put_bin(out, 1, m->hub.bytes, 16);
	field_put_str(out, 2, slice_str(m->name));
	field_put_str(out, 3, slice_str(m->pays));
	field_put_u64(out, 4, m->role);
	field_put_bin(out, 5, m->sign.bytes, 32);
	field_put_bin(out, 6, m->dh.bytes, 32);
	field_put_u64(out, 7, m->epoch);
	if (m->address[0])
		field_put_str(out, 8, slice_str(m->address));
	else
		field_put_nil(out, 8);
	put_or_nil(out, 9, a != NULL, a ? a->sig.bytes : NULL, 64);
	put_or_nil(out, 10, a != NULL, m->invite.bytes, 32);
	field_put_bin(out, 11, charter->bytes, 32);
	put_or_nil(out, 12, a != NULL, a ? a->handshake : NULL, 64);
}

void entry_invite(const struct invitation_entry *i, struct buf *out)
{
	entry_start(OP_INVITE, i->replaces ? 6 : 5, out);
	field_put_bin(out, 1, i->hash.bytes, 32);
	field_put_str(out, 2, slice_str(i->pays));
	field_put_str(out, 3, slice_str(i->name));
	field_put_u64(out, 4, (uint64_t)i->expires);
	field_put_bool(out, 5, i->approved);
	if (i->replaces)
		field_put_bin(out, 6, i->hub.bytes, 16);
}

void entry_hub(unsigned op, const struct id16 *hub, struct buf *out)
{
	entry_start(op, 1, out);
	field_put_bin(out, 1, hub->bytes, 16);
}

void entry_quota(const struct id16 *hub, uint64_t bytes, struct buf *out)
{
	entry_start(OP_QUOTA, 2, out);
	field_put_bin(out, 1, hub->bytes, 16);
	field_put_u64(out, 2, bytes);
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

/* --- logs and their cuts --- */

void entry_open_cut(const struct open_log *log, const struct log_cut *cut, struct buf *out)
{
	entry_start(OP_OPEN, cut ? 6 : 5, out);
	field_put_bin(out, 1, log->hub.bytes, 16);
	field_put_u64(out, 2, log->scope);
	field_put_u64(out, 3, log->generation);
	field_put_bin(out, 4, log->nonce.bytes, 16);
	field_put_bin(out, 5, log->id.bytes, 16);
	if (cut) {
		canon_u64(out, 6);
		write_cut(cut, out);
	}
}

void entry_open(const struct open_log *log, struct buf *out)
{
	entry_open_cut(log, NULL, out);
}

void entry_revoke(const struct id16 *hub, const struct log_cut *cuts, size_t n, struct buf *out)
{
	entry_start(OP_REVOKE, 2, out);
	field_put_bin(out, 1, hub->bytes, 16);
	put_cuts(out, 2, cuts, n);
}

void entry_checkpoint(const struct log_cut *heads, size_t n, struct buf *out)
{
	entry_start(OP_CHECKPOINT, 1, out);
	put_cuts(out, 1, heads, n);
}

void entry_void(const struct log_cut *which, struct buf *out)
{
	entry_start(OP_VOID, 3, out);
	field_put_bin(out, 1, which->log.bytes, 16);
	field_put_u64(out, 2, which->seq);
	field_put_bin(out, 3, which->id.bytes, 32);
}

void entry_resolve(const struct id16 *log, const struct log_cut *cut, struct buf *out)
{
	entry_start(OP_RESOLVE, 2, out);
	field_put_bin(out, 1, log->bytes, 16);
	canon_u64(out, 2);
	write_cut(cut, out);
}

void entry_resolve_control(uint64_t seq, const struct hash *id, const struct hash *given_up, size_t n,
			   struct buf *out)
{
	entry_start(OP_RESOLVE, 3, out);
	field_put_u64(out, 3, seq);
	field_put_bin(out, 4, id->bytes, 32);
	canon_u64(out, 5);
	canon_array(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		canon_bin(out, given_up[i].bytes, 32);
}

void entry_alone(struct buf *out)
{
	entry_start(OP_RESOLVE, 1, out);
	field_put_bool(out, 6, true);
}

/* --- keys --- */

void rotation_message(const struct hash *fed_id, const struct rotation *r, struct buf *out)
{
	canon_array(out, 5);
	canon_bin(out, fed_id->bytes, 32);
	canon_bin(out, r->hub.bytes, 16);
	canon_bin(out, r->sign.bytes, 32);
	canon_bin(out, r->dh.bytes, 32);
	canon_u64(out, r->epoch);
}

void entry_rotate(const struct rotation *r, const struct log_cut *cuts, size_t n, struct buf *out)
{
	entry_start(OP_ROTATE, 7, out);
	field_put_bin(out, 1, r->hub.bytes, 16);
	field_put_bin(out, 2, r->sign.bytes, 32);
	field_put_bin(out, 3, r->dh.bytes, 32);
	field_put_u64(out, 4, r->epoch);
	put_cuts(out, 5, cuts, n);
	put_or_nil(out, 6, !r->emergency, r->old.bytes, 64);
	field_put_bin(out, 7, r->new.bytes, 64);
}

void recovery_message(const struct hash *fed_id, const struct recovery *r, struct buf *out)
{
	canon_array(out, 6);
	canon_bin(out, fed_id->bytes, 32);
	canon_bin(out, r->sign.bytes, 32);
	canon_bin(out, r->dh.bytes, 32);
	canon_u64(out, r->epoch);
	canon_u64(out, r->cut_seq);
	canon_bin(out, r->cut_id.bytes, 32);
}

struct hash recovery_hash(const struct sign_public *key)
{
	return crypto_hash(HASH_GENESIS, SLICE(key->bytes, sizeof key->bytes));
}

void entry_recover(const struct recovery *r, struct buf *out)
{
	entry_start(OP_RECOVER, 7, out);
	field_put_bin(out, 1, r->sign.bytes, 32);
	field_put_bin(out, 2, r->dh.bytes, 32);
	field_put_u64(out, 3, r->epoch);
	field_put_u64(out, 4, r->cut_seq);
	field_put_bin(out, 5, r->cut_id.bytes, 32);
	field_put_bin(out, 6, r->key.bytes, 32);
	field_put_bin(out, 7, r->sig.bytes, 64);
}

/* --- records --- */

void entry_steward(const struct tenure *t, struct buf *out)
{
	entry_start(OP_STEWARD, 7, out);
	field_put_bin(out, 1, t->record.bytes, 32);
	field_put_u64(out, 2, t->kind);
	field_put_bin(out, 3, t->from.bytes, 16);
	field_put_bin(out, 4, t->to.bytes, 16);
	canon_u64(out, 5);
	write_position(&t->offer, out);
	canon_u64(out, 6);
	write_position(&t->answer, out);
	put_cuts(out, 7, t->cuts, t->cut_count);
}

void forget_message(const struct hash *fed_id, const struct forget_order *f, struct buf *out)
{
	canon_array(out, 6);
	canon_bin(out, fed_id->bytes, 32);
	canon_bin(out, f->record.bytes, 32);
	canon_u64(out, f->kind);
	canon_u64(out, f->upto);
	canon_bin(out, f->signer.bytes, 16);
	canon_u64(out, f->epoch);
}

void entry_forget(const struct forget_order *f, const struct position3 *at, size_t n, struct buf *out)
{
	entry_start(OP_FORGET, 7, out);
	field_put_bin(out, 1, f->record.bytes, 32);
	field_put_u64(out, 2, f->kind);
	field_put_u64(out, 3, f->upto);
	canon_u64(out, 4);
	canon_array(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		write_position(&at[i], out);
	field_put_bin(out, 5, f->signer.bytes, 16);
	field_put_u64(out, 6, f->epoch);
	put_or_nil(out, 7, f->is_signed, f->sig.bytes, 64);
}
