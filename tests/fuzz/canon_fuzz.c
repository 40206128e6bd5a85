/* SPDX-License-Identifier: Apache-2.0
 *
 * What the reader accepts, the writer writes back byte for byte: so there is
 * one encoding of each value, and no other is taken. */
#include <assert.h>
#include <string.h>

#include "proto/canon.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

static void copy(struct canon_reader *r, struct buf *out, unsigned depth)
{
	uint32_t n;

	assert(depth <= CANON_DEPTH);
	switch (canon_peek(r)) {
	case CANON_NIL:
		canon_read_nil(r);
		canon_nil(out);
		break;
	case CANON_BOOL:
		canon_bool(out, canon_read_bool(r));
		break;
	case CANON_INT:
		/* Above INT64_MAX an integer is read as unsigned. */
		if (r->rest.p[0] == 0xcf)
			canon_u64(out, canon_read_u64(r, UINT64_MAX));
		else
			canon_int(out, canon_read_int(r, INT64_MIN, INT64_MAX));
		break;
	case CANON_STR:
		canon_str(out, canon_read_str(r, SIZE_MAX));
		break;
	case CANON_BIN: {
		struct slice s = canon_read_bin(r, SIZE_MAX);

		canon_bin(out, s.p, s.len);
		break;
	}
	case CANON_ARRAY:
		n = canon_read_array(r, UINT32_MAX);
		canon_array(out, n);
		for (uint32_t i = 0; i < n; i++)
			copy(r, out, depth + 1);
		break;
	case CANON_MAP:
		n = canon_read_map(r, UINT32_MAX);
		canon_map(out, n);
		for (uint32_t i = 0; i < 2 * n; i++)
			copy(r, out, depth + 1);
		break;
	case CANON_NONE:
		assert(r->err != ES_OK); /* never at the end of a value that was accepted */
		break;
	}
}

/* Reads at will, whatever the bytes: the reader stays in its bounds. */
static void read_at_will(const uint8_t *data, size_t size)
{
	struct canon_reader r;

	canon_read_init(&r, SLICE(data, size));
	while (r.err == ES_OK && !canon_at_end(&r)) {
		size_t before = r.rest.len;

		switch (r.rest.p[0] % 8) {
		case 0: canon_read_nil(&r); break;
		case 1: (void)canon_read_bool(&r); break;
		case 2: (void)canon_read_int(&r, -100, 70000); break;
		case 3: (void)canon_read_str(&r, 40); break;
		case 4: (void)canon_read_bin(&r, 40); break;
		case 5: (void)canon_read_array(&r, 300); break;
		case 6: (void)canon_read_map(&r, 300); break;
		default: (void)canon_read_value(&r); break;
		}
		assert(r.err != ES_OK || r.rest.len < before);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = SLICE(data, size);
	struct canon_reader r;
	struct buf out;

	read_at_will(data, size);
	if (canon_check(in) != ES_OK)
		return 0;
	buf_init(&out, 1u << 22);
	canon_read_init(&r, in);
	copy(&r, &out, 0);
	assert(canon_read_done(&r) == ES_OK && buf_err(&out) == ES_OK);
	assert(slice_eq(in, buf_slice(&out)));
	buf_clear(&out);
	value_json_any(in, &out);
	buf_done(&out);
	return 0;
}
