/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/commit.h"
#include <assert.h>
#include <string.h>
#include "proto/canon.h"

#define COMMIT_VERSION 1
#define HEADER_ITEMS 10

static void read_digests(struct canon_reader *r, struct commit *c)
{
	uint64_t total = 0;

	c->count = canon_read_array(r, COMMIT_CHANGES_MAX);
	for (uint32_t i = 0; i < c->count && r->err == ES_OK; i++) {
		if (canon_read_array(r, 2) != 2)
			r->err = r->err ? r->err : ES_MALFORMED;
		canon_read_exact(r, c->digests[i].digest.bytes, 32);
		c->digests[i].length = (uint32_t)canon_read_u64(r, CHANGE_MAX);
		total += c->digests[i].length;
	}
	if (r->err == ES_OK && (c->count == 0 || total > COMMIT_BYTES_MAX))
		r->err = ES_TOO_LARGE;
}

static void read_control(struct canon_reader *r, struct commit *c)
{
	c->has_ctl = canon_peek(r) != CANON_NIL;
	if (c->has_ctl) {
		c->ctl_seq = canon_read_u64(r, UINT64_MAX);
		canon_read_exact(r, c->ctl_id.bytes, 32);
	} else {
		canon_read_nil(r);
		canon_read_nil(r);
	}
}

enum es_err commit_decode(struct slice header, struct commit *out)
{
	struct canon_reader r;
	struct commit *c = out;

	if (header.len > COMMIT_HEADER_MAX)
		return ES_TOO_LARGE;
	memset(c, 0, offsetof(struct commit, digests));
	canon_read_init(&r, header);
	if (canon_read_array(&r, HEADER_ITEMS) != HEADER_ITEMS)
		return ES_MALFORMED;
	if (canon_read_u64(&r, 255) != COMMIT_VERSION)
		return r.err ? r.err : ES_VERSION;
	canon_read_exact(&r, c->fed_id.bytes, 32);
	canon_read_exact(&r, c->log_id.bytes, 16);
	c->seq = canon_read_u64(&r, UINT32_MAX);
	canon_read_exact(&r, c->prev_id.bytes, 32);
	c->hlc = canon_read_u64(&r, UINT64_MAX);
	read_control(&r, c);
	c->key_epoch = (uint32_t)canon_read_u64(&r, UINT32_MAX);
	read_digests(&r, c);
	enum es_err err = canon_read_done(&r);
	if (err == ES_OK && c->seq == 0)
		err = ES_MALFORMED;
	c->id = commit_id(header);
	return err;
}

void commit_encode(struct commit *c, struct buf *header)
{
	size_t start = header->len;

	canon_array(header, HEADER_ITEMS);
	canon_u64(header, COMMIT_VERSION);
	canon_bin(header, c->fed_id.bytes, 32);
	canon_bin(header, c->log_id.bytes, 16);
	canon_u64(header, c->seq);
	canon_bin(header, c->prev_id.bytes, 32);
	canon_u64(header, c->hlc);
	if (c->has_ctl) {
		canon_u64(header, c->ctl_seq);
		canon_bin(header, c->ctl_id.bytes, 32);
	} else {
		canon_nil(header);
		canon_nil(header);
	}
	canon_u64(header, c->key_epoch);
	canon_array(header, c->count);
	for (uint32_t i = 0; i < c->count; i++) {
		canon_array(header, 2);
		canon_bin(header, c->digests[i].digest.bytes, 32);
		canon_u64(header, c->digests[i].length);
	}
	if (buf_err(header) == ES_OK)
		c->id = commit_id(SLICE(header->p + start, header->len - start));
}

struct hash commit_id(struct slice header)
{
	return crypto_hash(HASH_COMMIT, header);
}

struct signature commit_sign(struct slice header, const struct sign_secret *sk)
{
	return crypto_sign_as(SIGN_COMMIT, sk, header);
}

bool commit_verify(struct slice header, const struct signature *sig, const struct sign_public *pk)
{
	return crypto_verify_as(SIGN_COMMIT, pk, sig, header);
}

void commit_pack(struct slice header, const struct signature *sig, const struct payload *payload,
		 uint32_t count, struct buf *out)
{
	canon_array(out, 3);
	canon_bin(out, header.p, header.len);
	canon_bin(out, sig->bytes, 64);
	canon_array(out, count);
	for (uint32_t i = 0; i < count; i++) {
		if (!payload[i].present) {
			canon_nil(out);
			continue;
		}
		canon_array(out, 2);
		canon_bin(out, payload[i].salt.bytes, 16);
		canon_bin(out, payload[i].change.p, payload[i].change.len);
	}
}

static void read_payload(struct canon_reader *r, struct payload *p)
{
	p->present = canon_peek(r) != CANON_NIL;
	if (!p->present) {
		canon_read_nil(r);
		p->change = SLICE_NONE;
		return;
	}
	if (canon_read_array(r, 2) != 2)
		r->err = r->err ? r->err : ES_MALFORMED;
	canon_read_exact(r, p->salt.bytes, 16);
	p->change = canon_read_bin(r, CHANGE_MAX);
}

enum es_err commit_unpack(struct slice bytes, struct packed *out)
{
	struct canon_reader r;

	canon_read_init(&r, bytes);
	if (canon_read_array(&r, 3) != 3)
		return ES_MALFORMED;
	out->header = canon_read_bin(&r, COMMIT_HEADER_MAX);
	canon_read_exact(&r, out->sig.bytes, 64);
	out->count = canon_read_array(&r, COMMIT_CHANGES_MAX);
	for (uint32_t i = 0; i < out->count && r.err == ES_OK; i++)
		read_payload(&r, &out->payload[i]);
	return canon_read_done(&r);
}

static enum es_err check_payload(const struct commit *c, const struct packed *p, bool all)
{
	if (p->count != c->count)
		return ES_BAD_DIGEST;
	for (uint32_t i = 0; i < c->count; i++) {
		const struct payload *y = &p->payload[i];

		if (!y->present && !all)
			continue;
		if (!y->present || y->change.len != c->digests[i].length)
			return ES_BAD_DIGEST;
		struct hash h = crypto_hash_salted(HASH_CHANGE, &y->salt, y->change);
		if (!hash_eq(&h, &c->digests[i].digest))
			return ES_BAD_DIGEST;
	}
	return ES_OK;
}

enum es_err commit_check_payload(const struct commit *c, const struct packed *p)
{
	return check_payload(c, p, true);
}

enum es_err commit_check_held(const struct commit *c, const struct packed *p)
{
	return check_payload(c, p, false);
}
