/* SPDX-License-Identifier: Apache-2.0
 *
 * kawanet/msgpack-test-suite: each value comes with every encoding msgpack
 * allows. Ours is the one our writer makes of the JSON value; that one must be
 * read and written back the same, all others must be refused. A list without it
 * fails: either the file or our writer is wrong. */
#include "proto/canon.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vectors/vectors.h"

#define VALUE_MAX 65536 /* bytes of one encoding */

static bool write_json(struct buf *b, const json_t *value);

struct pair {
	struct buf key;
	const json_t *value;
};

static int pair_order(const void *a, const void *b)
{
	return slice_cmp(buf_slice(&((const struct pair *)a)->key),
			 buf_slice(&((const struct pair *)b)->key));
}

/* The suite's maps have text keys, in any order; ours go by their bytes. */
static bool write_map(struct buf *b, const json_t *map)
{
	size_t count = json_object_size(map), n = 0;
	struct pair *pairs = calloc(count + 1, sizeof(*pairs));
	bool good = true;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)map, name, value) {
		pairs[n].value = value;
		buf_init(&pairs[n].key, VALUE_MAX);
		canon_str(&pairs[n++].key, slice_str(name));
	}
	qsort(pairs, count, sizeof(*pairs), pair_order);
	canon_map(b, (uint32_t)count);
	for (n = 0; n < count; n++) {
		buf_add(b, pairs[n].key.p, pairs[n].key.len);
		good = good && write_json(b, pairs[n].value);
		buf_done(&pairs[n].key);
	}
	free(pairs);
	return good;
}

static bool write_array(struct buf *b, const json_t *array)
{
	json_t *value;
	size_t i;

	canon_array(b, (uint32_t)json_array_size(array));
	json_array_foreach(array, i, value) {
		if (!write_json(b, value))
			return false;
	}
	return true;
}

/* 1.0 is an integer to us; 0.5 has no form at all. */
static bool write_real(struct buf *b, double v)
{
	if (v != trunc(v) || v < -0x1p63 || v >= 0x1p64)
		return false;
	if (v < 0)
		canon_int(b, (int64_t)v);
	else
		canon_u64(b, (uint64_t)v);
	return true;
}

/* The canonical form of a JSON value, false where it has none. */
static bool write_json(struct buf *b, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
		canon_nil(b);
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		canon_bool(b, json_is_true(value));
		return true;
	case JSON_INTEGER:
		canon_int(b, json_integer_value(value));
		return true;
	case JSON_REAL:
		return write_real(b, json_real_value(value));
	case JSON_STRING:
		canon_str(b, SLICE(json_string_value(value), json_string_length(value)));
		return true;
	case JSON_ARRAY:
		return write_array(b, value);
	case JSON_OBJECT:
		return write_map(b, value);
	}
	return false;
}

static bool write_bignum(struct buf *b, const char *text)
{
	char *end;

	errno = 0;
	if (text[0] == '-')
		canon_int(b, strtoll(text, &end, 10));
	else
		canon_u64(b, strtoull(text, &end, 10));
	return errno == 0 && end != text && *end == '\0';
}

/* The entry's type is the name of its member: {"binary": "00-ff", ...}. */
static bool entry_write(struct buf *b, const json_t *entry, struct tally *t)
{
	static const char *const as_json[] = {"nil", "bool", "number", "string", "array", "map"};
	const char *bignum = vector_text(entry, "bignum");

	if (bignum != NULL)
		return write_bignum(b, bignum);
	if (vector_text(entry, "binary") != NULL) {
		struct buf bytes = vector_hex(entry, "binary", t);

		canon_bin(b, bytes.p, bytes.len);
		buf_done(&bytes);
		return true;
	}
	for (size_t i = 0; i < sizeof(as_json) / sizeof(as_json[0]); i++) {
		const json_t *value = json_object_get(entry, as_json[i]);

		if (value != NULL)
			return write_json(b, value);
	}
	return false; /* ext, timestamp, and whatever comes next */
}

static void copy_int(struct canon_reader *r, struct buf *b)
{
	struct canon_reader ahead = *r;
	uint64_t v = canon_read_u64(&ahead, UINT64_MAX);

	if (ahead.err != ES_OK) {
		canon_int(b, canon_read_int(r, INT64_MIN, -1));
		return;
	}
	*r = ahead;
	canon_u64(b, v);
}

/* Reads one value and writes it again. */
static void copy_value(struct canon_reader *r, struct buf *b)
{
	struct slice s;
	uint32_t n;

	switch (canon_peek(r)) {
	case CANON_NIL:
		canon_read_nil(r);
		canon_nil(b);
		break;
	case CANON_BOOL:
		canon_bool(b, canon_read_bool(r));
		break;
	case CANON_INT:
		copy_int(r, b);
		break;
	case CANON_STR:
		canon_str(b, canon_read_str(r, VALUE_MAX));
		break;
	case CANON_BIN:
		s = canon_read_bin(r, VALUE_MAX);
		canon_bin(b, s.p, s.len);
		break;
	case CANON_ARRAY:
		canon_array(b, n = canon_read_array(r, VALUE_MAX));
		for (; n > 0; n--)
			copy_value(r, b);
		break;
	case CANON_MAP:
		canon_map(b, n = canon_read_map(r, VALUE_MAX));
		for (n *= 2; n > 0; n--)
			copy_value(r, b);
		break;
	case CANON_NONE:
		canon_read_nil(r); /* leaves the reader failed */
		break;
	}
}

static bool copies_itself(struct slice bytes)
{
	struct canon_reader r;
	struct buf again;
	bool same;

	buf_init(&again, VALUE_MAX);
	canon_read_init(&r, bytes);
	copy_value(&r, &again);
	same = canon_read_done(&r) == ES_OK && slice_eq(bytes, buf_slice(&again));
	buf_done(&again);
	return same;
}

static void entry_check(const json_t *entry, struct tally *t)
{
	json_t *encodings = json_object_get(entry, "msgpack"), *text;
	bool has_form, listed = false;
	struct buf ours;
	size_t i;

	if (!json_is_array(encodings))
		t->unparsable = true;
	buf_init(&ours, VALUE_MAX);
	has_form = entry_write(&ours, entry, t);
	json_array_foreach(encodings, i, text) {
		const char *hex = json_string_value(text);
		struct buf bytes = vector_hex_text(hex ? hex : "?", t);
		struct slice s = buf_slice(&bytes);
		bool canonical = has_form && slice_eq(s, buf_slice(&ours));
		bool accepted = canon_check(s) == ES_OK;

		vector_check(t, accepted == canonical && (!accepted || copies_itself(s)),
			     "msgpack %s: must be %s", hex ? hex : "?",
			     canonical ? "accepted" : "refused");
		listed = listed || canonical;
		buf_done(&bytes);
	}
	if (has_form && !listed) {
		const char *first = json_string_value(json_array_get(encodings, 0));

		vector_check(t, false, "msgpack %s: our own encoding is not in the list",
			     first ? first : "(none)");
	}
	buf_done(&ours);
}

void msgpack_vectors(json_t *root, struct tally *t)
{
	const char *group;
	json_t *entries, *entry;
	size_t i;

	if (!json_is_object(root))
		t->unparsable = true;
	json_object_foreach(root, group, entries) {
		if (!json_is_array(entries))
			t->unparsable = true;
		json_array_foreach(entries, i, entry)
			entry_check(entry, t);
	}
}
