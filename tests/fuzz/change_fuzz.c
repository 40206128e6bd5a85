/* SPDX-License-Identifier: Apache-2.0
 *
 * A change that decodes encodes to the same bytes, and its fields can be walked
 * and shown whatever their type. */
#include <assert.h>

#include "proto/canon.h"
#include "proto/change.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

static void show(const struct change *c, unsigned no, struct slice value)
{
	const struct schema_kind *k = c->control ? NULL : schema_kind_no(c->kind);
	const struct schema_field *f = k ? schema_field_no(k, no) : NULL;
	struct buf out;

	buf_init(&out, 1u << 20);
	if (f != NULL) {
		value_text(f, value, &out);
		value_json(f, value, &out);
	}
	value_json_any(value, &out);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct change c;
	struct field_walk w;
	struct slice value, found;
	struct buf out;
	unsigned no;

	if (change_decode(SLICE(data, size), &c) != ES_OK)
		return 0;
	assert(size <= CHANGE_MAX);
	buf_init(&out, CHANGE_MAX);
	change_encode(&c, &out);
	assert(slice_eq(buf_slice(&out), SLICE(data, size)));
	buf_done(&out);

	w = field_walk_start(c.fields);
	while (field_walk_next(&w, &no, &value)) {
		assert(canon_check(value) == ES_OK);
		found = change_field(c.fields, no);
		assert(slice_eq(found, value));
		show(&c, no, value);
	}
	return 0;
}
