/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/join.h"
#include <string.h>
#include "proto/canon.h"

#define ASK_ITEMS 3
#define ACCEPT_ITEMS 8
#define OFFER_ITEMS 8

void join_ask_encode(const struct join_ask *a, struct buf *out)
{
	canon_array(out, a->accept ? ACCEPT_ITEMS + a->replaces : ASK_ITEMS);
	canon_u64(out, a->accept ? 2 : 1);
	canon_bin(out, a->fed_id.bytes, 32);
	canon_bin(out, a->secret.bytes, 16);
	if (!a->accept)
		return;
	canon_str(out, slice_str(a->name));
	canon_bin(out, a->sign.bytes, 32);
	canon_bin(out, a->charter.bytes, 32);
	canon_str(out, slice_str(a->address));
	canon_bin(out, a->sig.bytes, 64);
	if (a->replaces)
		canon_bin(out, a->rotation.bytes, 64);
}

static void read_text(struct canon_reader *r, char *out, size_t size)
{
	struct slice s = canon_read_str(r, size - 1);

	if (s.len > 0)
		memcpy(out, s.p, s.len);
	out[s.len] = 0;
}

enum es_err join_ask_decode(struct slice body, struct join_ask *out)
{
	struct canon_reader r;

	memset(out, 0, sizeof *out);
	canon_read_init(&r, body);
	uint32_t n = canon_read_array(&r, ACCEPT_ITEMS + 1);
	uint64_t phase = canon_read_u64(&r, 2);
	out->accept = phase == 2;
	out->replaces = out->accept && n == ACCEPT_ITEMS + 1;
	if (phase == 0 || n != (out->accept ? ACCEPT_ITEMS + (uint32_t)out->replaces : ASK_ITEMS))
		return ES_MALFORMED;
	canon_read_exact(&r, out->fed_id.bytes, 32);
	canon_read_exact(&r, out->secret.bytes, 16);
	if (out->accept) {
		read_text(&r, out->name, sizeof out->name);
		canon_read_exact(&r, out->sign.bytes, 32);
		canon_read_exact(&r, out->charter.bytes, 32);
		read_text(&r, out->address, sizeof out->address);
		canon_read_exact(&r, out->sig.bytes, 64);
		if (out->replaces)
			canon_read_exact(&r, out->rotation.bytes, 64);
	}
	return canon_read_done(&r);
}

void join_answer_encode(const struct join_answer *a, struct buf *out)
{
	if (a->accepted) {
		canon_array(out, 2);
		canon_u64(out, 2);
		canon_u64(out, a->state);
		return;
	}
	canon_array(out, OFFER_ITEMS + a->replaces);
	canon_u64(out, 1);
	canon_str(out, slice_str(a->federation));
	canon_str(out, slice_str(a->cress));
	canon_str(out, slice_str(a->pays));
	canon_str(out, slice_str(a->name));
	canon_str(out, a->charter);
	canon_bin(out, a->cress_sign.bytes, 32);
	canon_str(out, slice_str(a->region));
	if (!a->replaces)
		return;
	canon_array(out, 2);
	canon_bin(out, a->hub.bytes, 16);
	canon_u64(out, a->epoch);
}

enum es_err join_answer_decode(struct slice body, struct join_answer *out)
{
	struct canon_reader r;

	memset(out, 0, sizeof *out);
	canon_read_init(&r, body);
	uint32_t n = canon_read_array(&r, OFFER_ITEMS + 1);
	uint64_t phase = canon_read_u64(&r, 2);
	out->accepted = phase == 2;
	out->replaces = n == OFFER_ITEMS + 1;
	if (phase == 0 || n != (out->accepted ? 2 : OFFER_ITEMS + (uint32_t)out->replaces))
		return ES_MALFORMED;
	if (out->accepted) {
		out->state = (unsigned)canon_read_u64(&r, JOIN_DENIED);
		return canon_read_done(&r);
	}
	read_text(&r, out->federation, sizeof out->federation);
	read_text(&r, out->cress, sizeof out->cress);
	read_text(&r, out->pays, sizeof out->pays);
	read_text(&r, out->name, sizeof out->name);
	out->charter = canon_read_str(&r, CHARTER_MAX);
	canon_read_exact(&r, out->cress_sign.bytes, 32);
	read_text(&r, out->region, sizeof out->region);
	if (out->replaces) {
		if (canon_read_array(&r, 2) != 2)
			r.err = r.err ? r.err : ES_MALFORMED;
		canon_read_exact(&r, out->hub.bytes, 16);
		out->epoch = (uint32_t)canon_read_u64(&r, UINT32_MAX);
	}
	return canon_read_done(&r);
}
