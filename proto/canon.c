/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/canon.h"

#include <msgpack.h>
#include <string.h>

/* The first byte of a value, and what it announces. `n` is the number, the
 * length in bytes or the count; of a negative int its two's complement. */
struct canon_head {
	enum canon_type type;
	bool negative;
	unsigned size; /* bytes of the head itself */
	uint64_t n;
};

/* What follows the bytes c0..df, by the format's table: how many bytes of
 * number, and the least number for which no shorter form exists. */
struct canon_form {
	uint8_t type, width;
	uint64_t least;
};

static const struct canon_form canon_forms[32] = {
	[0x00] = {CANON_NIL, 0, 0},
	[0x01] = {CANON_NONE, 0, 0}, /* never used */
	[0x02] = {CANON_BOOL, 0, 0},
	[0x03] = {CANON_BOOL, 0, 0},
	[0x04] = {CANON_BIN, 1, 0},
	[0x05] = {CANON_BIN, 2, 1 << 8},
	[0x06] = {CANON_BIN, 4, 1 << 16},
	[0x07] = {CANON_NONE, 0, 0}, /* ext 8, 16, 32 */
	[0x08] = {CANON_NONE, 0, 0},
	[0x09] = {CANON_NONE, 0, 0},
	[0x0a] = {CANON_NONE, 0, 0}, /* float 32, 64 */
	[0x0b] = {CANON_NONE, 0, 0},
	[0x0c] = {CANON_INT, 1, 1 << 7},
	[0x0d] = {CANON_INT, 2, 1 << 8},
	[0x0e] = {CANON_INT, 4, 1 << 16},
	[0x0f] = {CANON_INT, 8, UINT64_C(1) << 32},
	[0x10] = {CANON_NONE, 0, 0}, /* signed: canon_head_signed() */
	[0x11] = {CANON_NONE, 0, 0},
	[0x12] = {CANON_NONE, 0, 0},
	[0x13] = {CANON_NONE, 0, 0},
	[0x14] = {CANON_NONE, 0, 0}, /* fixext 1, 2, 4, 8, 16 */
	[0x15] = {CANON_NONE, 0, 0},
	[0x16] = {CANON_NONE, 0, 0},
	[0x17] = {CANON_NONE, 0, 0},
	[0x18] = {CANON_NONE, 0, 0},
	[0x19] = {CANON_STR, 1, 1 << 5},
	[0x1a] = {CANON_STR, 2, 1 << 8},
	[0x1b] = {CANON_STR, 4, 1 << 16},
	[0x1c] = {CANON_ARRAY, 2, 1 << 4},
	[0x1d] = {CANON_ARRAY, 4, 1 << 16},
	[0x1e] = {CANON_MAP, 2, 1 << 4},
	[0x1f] = {CANON_MAP, 4, 1 << 16},
};

/* d0..d3 hold only what the next shorter form could not, and never n >= 0. */
static bool canon_head_signed(struct slice s, struct canon_head *h)
{
	static const int64_t below[4] = {-32, INT8_MIN, INT16_MIN, INT32_MIN};
	unsigned form = s.p[0] - 0xd0u, width = 1u << form;
	uint64_t n;

	if (s.len - 1 < width)
		return false;
	n = be_read(s.p + 1, width);
	if (width < 8 && n >> (8 * width - 1) != 0)
		n |= UINT64_MAX << (8 * width);
	*h = (struct canon_head){CANON_INT, true, 1 + width, n};
	return (int64_t)n < below[form];
}

static bool canon_head_wide(struct slice s, struct canon_head *h)
{
	const struct canon_form *f = &canon_forms[s.p[0] & 31];

	if (s.p[0] >= 0xd0 && s.p[0] <= 0xd3)
		return canon_head_signed(s, h);
	if (f->type == CANON_NONE || s.len - 1 < f->width)
		return false;
	*h = (struct canon_head){(enum canon_type)f->type, false, 1u + f->width,
				 be_read(s.p + 1, f->width)};
	if (f->type == CANON_BOOL)
		h->n = s.p[0] & 1;
	return h->n >= f->least;
}

/* Is there enough left for what the head announces? Each element of an array
 * has at least one byte, each pair of a map two. */
static bool canon_head_fits(const struct canon_head *h, size_t len)
{
	size_t left = len - h->size;

	switch (h->type) {
	case CANON_STR:
	case CANON_BIN:
	case CANON_ARRAY:
		return h->n <= left;
	case CANON_MAP:
		return h->n <= left / 2;
	case CANON_NIL:
	case CANON_BOOL:
	case CANON_INT:
	case CANON_NONE:
		break;
	}
	return true;
}

static bool canon_head_read(struct slice s, struct canon_head *h)
{
	uint8_t c;

	if (s.len == 0)
		return false;
	c = s.p[0];
	if (c < 0x80)
		*h = (struct canon_head){CANON_INT, false, 1, c};
	else if (c >= 0xe0)
		*h = (struct canon_head){CANON_INT, true, 1, UINT64_MAX << 8 | c};
	else if (c < 0x90)
		*h = (struct canon_head){CANON_MAP, false, 1, c & 15};
	else if (c < 0xa0)
		*h = (struct canon_head){CANON_ARRAY, false, 1, c & 15};
	else if (c < 0xc0)
		*h = (struct canon_head){CANON_STR, false, 1, c & 31};
	else if (!canon_head_wide(s, h))
		return false;
	return canon_head_fits(h, s.len);
}

static bool canon_skip(struct slice *s, unsigned depth);

static bool canon_skip_array(struct slice *s, uint64_t count, unsigned depth)
{
	while (count-- > 0) {
		if (!canon_skip(s, depth))
			return false;
	}
	return true;
}

/* Keys strictly ascending by their bytes, hence unique. */
static bool canon_skip_map(struct slice *s, uint64_t count, unsigned depth)
{
	struct slice last = SLICE_NONE;

	while (count-- > 0) {
		struct slice key = *s;

		if (!canon_skip(s, depth))
			return false;
		key.len -= s->len;
		if (last.p != NULL && slice_cmp(last, key) >= 0)
			return false;
		last = key;
		if (!canon_skip(s, depth))
			return false;
	}
	return true;
}

/* Moves s past one canonical value; `depth` is that of what encloses it. */
static bool canon_skip(struct slice *s, unsigned depth)
{
	struct canon_head h;
	size_t body = 0;

	if (!canon_head_read(*s, &h))
		return false;
	if (h.type == CANON_STR && !utf8_valid(s->p + h.size, h.n))
		return false;
	if (h.type == CANON_STR || h.type == CANON_BIN)
		body = h.n;
	*s = SLICE(s->p + h.size + body, s->len - h.size - body);
	if (h.type != CANON_ARRAY && h.type != CANON_MAP)
		return true;
	if (depth == CANON_DEPTH)
		return false;
	return h.type == CANON_ARRAY ? canon_skip_array(s, h.n, depth + 1)
				     : canon_skip_map(s, h.n, depth + 1);
}

enum es_err canon_check(struct slice bytes)
{
	return canon_skip(&bytes, 0) && bytes.len == 0 ? ES_OK : ES_MALFORMED;
}

void canon_read_init(struct canon_reader *r, struct slice bytes)
{
	*r = (struct canon_reader){.rest = bytes};
}

enum canon_type canon_peek(const struct canon_reader *r)
{
	struct canon_head h;

	return r->err == ES_OK && canon_head_read(r->rest, &h) ? h.type : CANON_NONE;
}

static void canon_fail(struct canon_reader *r, enum es_err err)
{
	if (r->err == ES_OK)
		r->err = err;
}

static void canon_advance(struct canon_reader *r, size_t n)
{
	r->rest = SLICE(r->rest.p + n, r->rest.len - n);
}

/* Reads past the head of a value of this type and hands out its number, at
 * most `max`; 0 after a failure. */
static uint64_t canon_take(struct canon_reader *r, enum canon_type type, uint64_t max)
{
	struct canon_head h;

	if (r->err != ES_OK)
		return 0;
	if (!canon_head_read(r->rest, &h) || h.type != type || h.negative) {
		canon_fail(r, ES_MALFORMED);
		return 0;
	}
	if (h.n > max) {
		canon_fail(r, type == CANON_INT ? ES_MALFORMED : ES_TOO_LARGE);
		return 0;
	}
	canon_advance(r, h.size);
	return h.n;
}

void canon_read_nil(struct canon_reader *r)
{
	(void)canon_take(r, CANON_NIL, UINT64_MAX);
}

bool canon_read_bool(struct canon_reader *r)
{
	return canon_take(r, CANON_BOOL, 1) != 0;
}

int64_t canon_read_int(struct canon_reader *r, int64_t min, int64_t max)
{
	struct canon_head h;
	int64_t v;

	if (r->err != ES_OK)
		return 0;
	if (!canon_head_read(r->rest, &h) || h.type != CANON_INT ||
	    (!h.negative && h.n > INT64_MAX)) {
		canon_fail(r, ES_MALFORMED);
		return 0;
	}
	v = (int64_t)h.n;
	if (v < min || v > max) {
		canon_fail(r, ES_MALFORMED);
		return 0;
	}
	canon_advance(r, h.size);
	return v;
}

uint64_t canon_read_u64(struct canon_reader *r, uint64_t max)
{
	return canon_take(r, CANON_INT, max);
}

/* The body of a str or bin; canon_take() has checked that it is there. */
static struct slice canon_body(struct canon_reader *r, enum canon_type type, size_t max)
{
	size_t len = canon_take(r, type, max);
	struct slice body = SLICE(r->rest.p, len);

	if (r->err != ES_OK)
		return SLICE_NONE;
	canon_advance(r, len);
	return body;
}

struct slice canon_read_str(struct canon_reader *r, size_t max)
{
	struct slice text = canon_body(r, CANON_STR, max);

	if (utf8_valid(text.p, text.len))
		return text;
	canon_fail(r, ES_MALFORMED);
	return SLICE_NONE;
}

struct slice canon_read_bin(struct canon_reader *r, size_t max)
{
	return canon_body(r, CANON_BIN, max);
}

void canon_read_exact(struct canon_reader *r, void *out, size_t n)
{
	struct slice body = canon_body(r, CANON_BIN, n);

	if (r->err == ES_OK && body.len == n) {
		if (n > 0)
			memcpy(out, body.p, n);
		return;
	}
	canon_fail(r, ES_MALFORMED);
	memset(out, 0, n);
}

uint32_t canon_read_array(struct canon_reader *r, uint32_t max)
{
	return (uint32_t)canon_take(r, CANON_ARRAY, max);
}

uint32_t canon_read_map(struct canon_reader *r, uint32_t max)
{
	return (uint32_t)canon_take(r, CANON_MAP, max);
}

struct slice canon_read_value(struct canon_reader *r)
{
	struct slice value = r->rest, after = r->rest;

	if (r->err != ES_OK)
		return SLICE_NONE;
	if (!canon_skip(&after, 0)) {
		canon_fail(r, ES_MALFORMED);
		return SLICE_NONE;
	}
	value.len -= after.len;
	r->rest = after;
	return value;
}

bool canon_at_end(const struct canon_reader *r)
{
	return r->err != ES_OK || r->rest.len == 0;
}

enum es_err canon_read_done(const struct canon_reader *r)
{
	return r->err == ES_OK && r->rest.len > 0 ? ES_MALFORMED : r->err;
}

static int canon_append(void *data, const char *p, size_t len)
{
	buf_add(data, p, len);
	return 0; /* the buf remembers */
}

static msgpack_packer canon_packer(struct buf *b)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, b, canon_append);
	return pk;
}

void canon_nil(struct buf *b)
{
	msgpack_packer pk = canon_packer(b);

	msgpack_pack_nil(&pk);
}

void canon_bool(struct buf *b, bool v)
{
	msgpack_packer pk = canon_packer(b);

	if (v)
		msgpack_pack_true(&pk);
	else
		msgpack_pack_false(&pk);
}

void canon_int(struct buf *b, int64_t v)
{
	msgpack_packer pk = canon_packer(b);

	msgpack_pack_int64(&pk, v);
}

void canon_u64(struct buf *b, uint64_t v)
{
	msgpack_packer pk = canon_packer(b);

	msgpack_pack_uint64(&pk, v);
}

/* A length has 32 bits at most; msgpack-c would cut a longer one in silence. */
static bool canon_length(struct buf *b, size_t len)
{
	if (len > UINT32_MAX && b->err == ES_OK)
		b->err = ES_TOO_LARGE;
	return len <= UINT32_MAX;
}

void canon_str(struct buf *b, struct slice text)
{
	msgpack_packer pk = canon_packer(b);

	if (!canon_length(b, text.len))
		return;
	msgpack_pack_str(&pk, text.len);
	buf_add(b, text.p, text.len);
}

void canon_bin(struct buf *b, const void *p, size_t len)
{
	msgpack_packer pk = canon_packer(b);

	if (!canon_length(b, len))
		return;
	msgpack_pack_bin(&pk, len);
	buf_add(b, p, len);
}

void canon_array(struct buf *b, uint32_t count)
{
	msgpack_packer pk = canon_packer(b);

	msgpack_pack_array(&pk, count);
}

void canon_map(struct buf *b, uint32_t count)
{
	msgpack_packer pk = canon_packer(b);

	msgpack_pack_map(&pk, count);
}
