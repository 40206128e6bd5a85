/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/change.h"

#include <string.h>

#include "proto/canon.h"

#define CHANGE_PARTS 6
#define OP_MAX UINT16_MAX
#define FIELD_NO_MAX UINT16_MAX

static void read_data_head(struct canon_reader *r, struct change *c)
{
	canon_read_exact(r, c->record.bytes, sizeof(c->record.bytes));
	c->kind = (unsigned)canon_read_u64(r, UINT16_MAX);
	c->edited = canon_read_u64(r, STAMP_MAX);
	if (canon_peek(r) == CANON_NIL) {
		canon_read_nil(r);
		return;
	}
	c->base = canon_read_u64(r, STAMP_MAX);
	/* "No value seen" has one spelling, nil. */
	if (c->base == 0 && r->err == ES_OK)
		r->err = ES_MALFORMED;
}

static void read_control_head(struct canon_reader *r)
{
	for (int i = 0; i < 4; i++)
		canon_read_nil(r);
}

/* The order and uniqueness of the keys were seen by canon_check. */
static struct slice read_fields(struct canon_reader *r)
{
	struct slice whole = r->rest;
	uint32_t count = canon_read_map(r, CHANGE_FIELDS_MAX);

	for (uint32_t i = 0; i < count && r->err == ES_OK; i++) {
		canon_read_u64(r, FIELD_NO_MAX);
		size_t n = change_extent(r->rest);

		if (r->err != ES_OK)
			break;
		if (n == 0) {
			r->err = ES_MALFORMED;
			break;
		}
		r->rest = SLICE(r->rest.p + n, r->rest.len - n);
	}
	whole.len -= r->rest.len;
	return whole;
}

enum es_err change_decode(struct slice bytes, struct change *out)
{
	if (bytes.len > CHANGE_MAX)
		return ES_TOO_LARGE;
	enum es_err err = canon_check(bytes);
	return err != ES_OK ? err : change_read(bytes, out);
}

enum es_err change_read(struct slice bytes, struct change *out)
{
	struct change c = {0};
	struct canon_reader r;
	enum es_err err;

	canon_read_init(&r, bytes);
	if (canon_read_array(&r, CHANGE_PARTS) != CHANGE_PARTS)
		return ES_MALFORMED;
	c.op = (unsigned)canon_read_u64(&r, OP_MAX);
	if (c.op == 0)
		return ES_MALFORMED;
	c.control = c.op > OP_DATA_LAST;
	if (c.control)
		read_control_head(&r);
	else
		read_data_head(&r, &c);
	c.fields = read_fields(&r);
	err = canon_read_done(&r);
	if (err == ES_OK)
		*out = c;
	return err;
}

void change_encode(const struct change *c, struct buf *out)
{
	canon_array(out, CHANGE_PARTS);
	canon_u64(out, c->op);
	if (c->control) {
		for (int i = 0; i < 4; i++)
			canon_nil(out);
	} else {
		canon_bin(out, c->record.bytes, sizeof(c->record.bytes));
		canon_u64(out, c->kind);
		canon_u64(out, c->edited);
		if (c->base == 0)
			canon_nil(out);
		else
			canon_u64(out, c->base);
	}
	buf_add(out, c->fields.p, c->fields.len);
}

/* One head: its own length, the bytes of text that follow it, the values inside. */
struct head {
	size_t len, bytes, values;
};

static struct head head_sized(struct slice at, unsigned width, bool values, unsigned each)
{
	struct head h = {.len = 1 + width};
	uint64_t n;

	if (at.len < h.len)
		return (struct head){0};
	n = be_read(at.p + 1, width);
	if (values)
		h.values = (size_t)n * each;
	else
		h.bytes = (size_t)n;
	return h;
}

static struct head head_read(struct slice at)
{
	uint8_t c = at.len == 0 ? 0xc1 : at.p[0];

	if (c < 0x80 || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3)
		return (struct head){.len = 1};
	if (c < 0x90)
		return (struct head){.len = 1, .values = 2 * (c & 15u)};
	if (c < 0xa0)
		return (struct head){.len = 1, .values = c & 15u};
	if (c < 0xc0)
		return (struct head){.len = 1, .bytes = c & 31u};
	if (c >= 0xc4 && c <= 0xc6)
		return head_sized(at, 1u << (c - 0xc4), false, 1);
	if (c >= 0xcc && c <= 0xcf)
		return (struct head){.len = 1 + ((size_t)1 << (c - 0xcc))};
	if (c >= 0xd0 && c <= 0xd3)
		return (struct head){.len = 1 + ((size_t)1 << (c - 0xd0))};
	if (c >= 0xd9 && c <= 0xdb)
		return head_sized(at, 1u << (c - 0xd9), false, 1);
	if (c >= 0xdc)
		return head_sized(at, c & 1u ? 4 : 2, true, c >= 0xde ? 2 : 1);
	return (struct head){0};
}

size_t change_extent(struct slice checked)
{
	size_t at = 0, left = 1;

	if (checked.len == 0)
		return 0;
	while (left > 0) {
		struct head h = head_read(SLICE(checked.p + at, checked.len - at));

		if (h.len == 0 || h.len > checked.len - at || h.bytes > checked.len - at - h.len)
			return 0;
		at += h.len + h.bytes;
		left += h.values - 1;
		/* Each value still to come has at least a byte. */
		if (left > checked.len - at)
			return 0;
	}
	return at;
}

struct field_walk field_walk_start(struct slice fields)
{
	struct field_walk w = {0};
	struct canon_reader r;

	canon_read_init(&r, fields);
	w.left = canon_read_map(&r, UINT32_MAX);
	w.rest = r.rest;
	return w;
}

bool field_walk_next(struct field_walk *w, unsigned *no, struct slice *value)
{
	struct canon_reader r;

	if (w->left == 0)
		return false;
	canon_read_init(&r, w->rest);
	*no = (unsigned)canon_read_u64(&r, FIELD_NO_MAX);
	*value = SLICE(r.rest.p, r.err == ES_OK ? change_extent(r.rest) : 0);
	w->rest = SLICE(r.rest.p + value->len, r.rest.len - value->len);
	w->left = value->len > 0 ? w->left - 1 : 0;
	return value->len > 0;
}

struct slice change_field(struct slice fields, unsigned no)
{
	struct field_walk w = field_walk_start(fields);
	struct slice value;
	unsigned at;

	while (field_walk_next(&w, &at, &value) && at <= no)
		if (at == no)
			return value;
	return SLICE_NONE;
}
