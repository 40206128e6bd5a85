/* SPDX-License-Identifier: Apache-2.0
 *
 * Canonical msgpack (protocol.md part 2): nil, bool, int, str, bin, array and
 * map, each in its one shortest form; map keys unique and ascending by their
 * encoded bytes; depth at most CANON_DEPTH; str is UTF-8 without U+0000.
 *
 * The writer stands on msgpack-c. The reader is our own: bytes from others
 * never reach msgpack-c. Both are sticky: after the first failure every call
 * does nothing and reads zero, and the caller asks once at the end.
 *
 * Anything not canonical, of another type or out of range is ES_MALFORMED; a
 * length or count above the caller's max is ES_TOO_LARGE. Depth counts arrays
 * and maps around a value, itself included: [[]] has depth 2, 1 has none.
 *
 * The reader borrows its bytes; slices it returns point into them. A count is
 * checked against the bytes that remain before it is returned, so a loop over
 * it is bounded by the input. Map key order is checked by canon_check(), or
 * by the caller reading keys it expects; call canon_check() once on anything
 * a stranger sent. */
#ifndef PROTO_CANON_H
#define PROTO_CANON_H

#include "common/bytes.h"

#define CANON_DEPTH 8

/* The whole slice is exactly one canonical value. */
ES_MUST_USE enum es_err canon_check(struct slice bytes);

enum canon_type {
	CANON_NIL, CANON_BOOL, CANON_INT, CANON_STR, CANON_BIN, CANON_ARRAY,
	CANON_MAP, CANON_NONE /* at the end, or failed */
};

struct canon_reader {
	struct slice rest;
	enum es_err err;
};

void canon_read_init(struct canon_reader *r, struct slice bytes);
enum canon_type canon_peek(const struct canon_reader *r);
void canon_read_nil(struct canon_reader *r);
bool canon_read_bool(struct canon_reader *r);
int64_t canon_read_int(struct canon_reader *r, int64_t min, int64_t max);
uint64_t canon_read_u64(struct canon_reader *r, uint64_t max);
struct slice canon_read_str(struct canon_reader *r, size_t max);
struct slice canon_read_bin(struct canon_reader *r, size_t max);
/* A bin of exactly n bytes, copied. */
void canon_read_exact(struct canon_reader *r, void *out, size_t n);
uint32_t canon_read_array(struct canon_reader *r, uint32_t max);
uint32_t canon_read_map(struct canon_reader *r, uint32_t max);
/* The bytes of the next value, whole, whatever it is (checked canonical). */
struct slice canon_read_value(struct canon_reader *r);
bool canon_at_end(const struct canon_reader *r);
/* Nothing failed and nothing is left. */
ES_MUST_USE enum es_err canon_read_done(const struct canon_reader *r);

/* Appends to a buf (sticky through it). The caller writes map keys in
 * ascending order of their encoding; canon_check() in tests keeps it honest. */
void canon_nil(struct buf *b);
void canon_bool(struct buf *b, bool v);
void canon_int(struct buf *b, int64_t v);
void canon_u64(struct buf *b, uint64_t v);
void canon_str(struct buf *b, struct slice text);
void canon_bin(struct buf *b, const void *p, size_t len);
void canon_array(struct buf *b, uint32_t count);
void canon_map(struct buf *b, uint32_t count);

#endif
