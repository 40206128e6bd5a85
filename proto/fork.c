/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fork.h"
#include <string.h>
#include "proto/canon.h"

#define PROOF_ITEMS 6

static enum es_err make_side(struct slice header, const struct signature *sig, struct commit *c,
			     struct fork_side *out)
{
	if (commit_decode(header, c) != ES_OK)
		return ES_MALFORMED;
	*out = (struct fork_side){
		.header = header, .sig = *sig, .id = c->id, .prev_id = c->prev_id, .epoch = c->key_epoch};
	return ES_OK;
}

enum es_err fork_make(struct slice header_a, const struct signature *a, struct slice header_b,
		      const struct signature *b, struct fork_proof *out)
{
	struct fork_proof p;
	struct commit c;
	struct hash fed;

	if (make_side(header_a, a, &c, &p.side[0]) != ES_OK)
		return ES_MALFORMED;
	p.log = c.log_id;
	p.seq = c.seq;
	fed = c.fed_id;
	if (make_side(header_b, b, &c, &p.side[1]) != ES_OK || !id_eq(&c.log_id, &p.log) || c.seq != p.seq ||
	    !hash_eq(&c.fed_id, &fed))
		return ES_MALFORMED;
	int order = memcmp(p.side[0].id.bytes, p.side[1].id.bytes, 32);
	if (order == 0)
		return ES_MALFORMED;
	if (order > 0) {
		struct fork_side other = p.side[0];

		p.side[0] = p.side[1];
		p.side[1] = other;
	}
	*out = p;
	return ES_OK;
}

void fork_encode(const struct fork_proof *p, struct buf *out)
{
	canon_array(out, PROOF_ITEMS);
	canon_bin(out, p->log.bytes, 16);
	canon_u64(out, p->seq);
	for (int i = 0; i < 2; i++) {
		canon_bin(out, p->side[i].header.p, p->side[i].header.len);
		canon_bin(out, p->side[i].sig.bytes, 64);
	}
}

enum es_err fork_decode(struct slice bytes, struct fork_proof *out)
{
	struct slice header[2];
	struct signature sig[2];
	struct canon_reader r;
	struct fork_proof p;
	struct id16 log;

	canon_read_init(&r, bytes);
	if (canon_read_array(&r, PROOF_ITEMS) != PROOF_ITEMS)
		return r.err ? r.err : ES_MALFORMED;
	canon_read_exact(&r, log.bytes, 16);
	uint64_t seq = canon_read_u64(&r, UINT32_MAX);
	for (int i = 0; i < 2; i++) {
		header[i] = canon_read_bin(&r, COMMIT_HEADER_MAX);
		canon_read_exact(&r, sig[i].bytes, 64);
	}
	enum es_err err = canon_read_done(&r);
	if (err == ES_OK)
		err = fork_make(header[0], &sig[0], header[1], &sig[1], &p);
	/* One spelling: the lower id first. */
	if (err == ES_OK && (!id_eq(&log, &p.log) || seq != p.seq || p.side[0].header.p != header[0].p))
		err = ES_MALFORMED;
	if (err == ES_OK)
		*out = p;
	return err;
}

enum es_err fork_verify(const struct fork_proof *p, const struct rights *r)
{
	const struct open_log *log = rights_log(r, &p->log);
	struct commit c;

	if (!log)
		return ES_UNKNOWN_LOG;
	for (int i = 0; i < 2; i++) {
		const struct fork_side *s = &p->side[i];
		const struct key_age *age = rights_key_age(r, &log->hub, s->epoch);

		if (commit_decode(s->header, &c) != ES_OK || !hash_eq(&c.fed_id, &r->fed_id))
			return ES_UNKNOWN_LOG; /* a log of another federation is none of ours */
		if (!age || !commit_verify(s->header, &s->sig, &age->sign))
			return ES_BAD_SIG;
	}
	return ES_OK;
}
