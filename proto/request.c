/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/request.h"
#include <string.h>
#include "proto/fields.h"

void answer_encode(const struct answer *a, struct buf *fields)
{
	canon_map(fields, a->why.len > 0 ? 5 : 4);
	field_put_bin(fields, 1, a->to.log.bytes, 16);
	field_put_u64(fields, 2, a->to.seq);
	field_put_u64(fields, 3, a->to.index);
	field_put_bool(fields, 4, a->accepted);
	if (a->why.len > 0)
		field_put_str(fields, 5, a->why);
}

enum es_err answer_decode(struct slice fields, struct answer *out)
{
	struct fields f = fields_of(fields);
	struct answer a = {.accepted = fields_bool(&f, 4)};

	fields_exact(&f, 1, a.to.log.bytes, 16);
	a.to.seq = fields_u64(&f, 2, UINT32_MAX);
	a.to.index = (uint32_t)fields_u64(&f, 3, COMMIT_CHANGES_MAX - 1);
	if (fields_has(&f, 5))
		a.why = fields_str(&f, 5, CHANGE_MAX);
	if (f.err == ES_OK && a.to.seq == 0)
		f.err = ES_MALFORMED;
	if (f.err == ES_OK)
		*out = a;
	return f.err;
}

void receipt_encode(const struct receipt *r, struct buf *fields)
{
	canon_map(fields, 2);
	field_put_u64(fields, 1, r->seq);
	field_put_u64(fields, 2, r->index);
}

enum es_err receipt_decode(struct slice fields, struct receipt *out)
{
	struct fields f = fields_of(fields);
	struct receipt r = {.seq = fields_u64(&f, 1, UINT32_MAX)};

	r.index = (uint32_t)fields_u64(&f, 2, COMMIT_CHANGES_MAX - 1);
	if (f.err == ES_OK && r.seq == 0)
		f.err = ES_MALFORMED;
	if (f.err == ES_OK)
		*out = r;
	return f.err;
}

void request_encode(const struct request_body *q, struct buf *fields)
{
	canon_map(fields, q->op == OP_STEWARD ? 2 : q->op == OP_FORGET ? 4 : 6);
	field_put_u64(fields, 1, q->op);
	if (q->op == OP_STEWARD) {
		field_put_bin(fields, 2, q->to.bytes, 16);
	} else if (q->op == OP_FORGET) {
		field_put_u64(fields, 2, q->upto);
		field_put_u64(fields, 3, q->epoch);
		field_put_bin(fields, 4, q->sig.bytes, 64);
	} else {
		field_put_bin(fields, 2, q->sign.bytes, 32);
		field_put_bin(fields, 3, q->dh.bytes, 32);
		field_put_u64(fields, 4, q->epoch);
		field_put_bin(fields, 5, q->sig.bytes, 64);
		field_put_bin(fields, 6, q->new_sig.bytes, 64);
	}
}

enum es_err request_decode(struct slice fields, struct request_body *out)
{
	struct fields f = fields_of(fields);
	struct request_body q = {.op = (unsigned)fields_u64(&f, 1, UINT16_MAX)};

	switch (q.op) {
	case OP_STEWARD:
		fields_exact(&f, 2, q.to.bytes, 16);
		break;
	case OP_FORGET:
		q.upto = fields_u64(&f, 2, STAMP_MAX);
		q.epoch = (uint32_t)fields_u64(&f, 3, UINT32_MAX);
		fields_exact(&f, 4, q.sig.bytes, 64);
		break;
	case OP_ROTATE:
		fields_exact(&f, 2, q.sign.bytes, 32);
		fields_exact(&f, 3, q.dh.bytes, 32);
		q.epoch = (uint32_t)fields_u64(&f, 4, UINT32_MAX);
		fields_exact(&f, 5, q.sig.bytes, 64);
		fields_exact(&f, 6, q.new_sig.bytes, 64);
		break;
	default:
		return ES_MALFORMED;
	}
	if (f.err == ES_OK)
		*out = q;
	return f.err;
}

enum { SEAT_STRUCTURE = 200, SEAT_PERSONS, SEAT_NO };

void seat_encode(const struct seat_request *q, struct buf *fields)
{
	canon_map(fields, 3);
	field_put_bin(fields, SEAT_STRUCTURE, q->structure.bytes, 16);
	field_put_u64(fields, SEAT_PERSONS, q->persons);
	field_put_u64(fields, SEAT_NO, q->no);
}

enum es_err seat_decode(struct slice fields, struct seat_request *out)
{
	struct fields f = fields_of(fields);
	struct seat_request q = {.persons = (uint32_t)fields_u64(&f, SEAT_PERSONS, SEAT_PERSONS_MAX)};

	fields_exact(&f, SEAT_STRUCTURE, q.structure.bytes, 16);
	q.no = (uint32_t)fields_u64(&f, SEAT_NO, UINT32_MAX);
	if (f.err == ES_OK && q.persons == 0)
		f.err = ES_MALFORMED;
	if (f.err == ES_OK)
		*out = q;
	return f.err;
}
