/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of bytes: a borrowed `slice`, a growing `buf` that knows its maximum,
 * and the two spellings people see, hexadecimal and Crockford base32.
 *
 * A buf remembers its first failure and ignores what follows (sticky), so a
 * caller appends freely and asks once with buf_err(). */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/err.h"

struct slice {
	const uint8_t *p;
	size_t len;
};

#define SLICE(ptr, n) ((struct slice){.p = (const uint8_t *)(ptr), .len = (n)})
#define SLICE_NONE ((struct slice){0})

struct slice slice_str(const char *text);
bool slice_eq(struct slice a, struct slice b);
int slice_cmp(struct slice a, struct slice b); /* memcmp order, shorter first */

struct buf {
	uint8_t *p;
	size_t len, cap, max; /* bytes; never grows above max */
	enum es_err err;
	bool fixed; /* memory is the caller's: never realloc'd nor freed */
};

void buf_init(struct buf *b, size_t max);
/* Over the caller's memory; appending beyond it is ES_TOO_LARGE. */
void buf_init_fixed(struct buf *b, void *mem, size_t size);
void buf_done(struct buf *b); /* frees; accepts a zeroed buf */
void buf_clear(struct buf *b); /* keeps the memory, forgets content and error */
void buf_drop(struct buf *b); /* gives the memory back, keeps the limit */
void buf_add(struct buf *b, const void *p, size_t len);
void buf_add_u8(struct buf *b, uint8_t v);
void buf_add_be(struct buf *b, uint64_t v, unsigned nbytes);
void buf_str(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Room for n more bytes, to be filled by the caller who then adds to len;
 * NULL once the buf has failed. */
uint8_t *buf_reserve(struct buf *b, size_t n);
enum es_err buf_err(const struct buf *b);
struct slice buf_slice(const struct buf *b);
/* NUL-terminated view of the content (the NUL is not counted in len). */
const char *buf_cstr(struct buf *b);

uint64_t be_read(const uint8_t *p, unsigned nbytes);
void be_write(uint8_t *p, uint64_t v, unsigned nbytes);

/* out holds 2 * n + 1 characters, lower case. */
void hex_encode(const uint8_t *p, size_t n, char *out);
/* Exactly n bytes from exactly 2 * n characters of either case. */
ES_MUST_USE bool hex_decode(const char *text, size_t text_len, uint8_t *p, size_t n);

/* Crockford base32, upper case, no padding, most significant bit first;
 * n bytes become ceil(8n/5) characters. Decoding reads either case, O as 0,
 * I and L as 1, and skips '-' and spaces; the spare low bits must be zero. */
#define BASE32_LEN(n) (((n) * 8 + 4) / 5)
void base32_encode(const uint8_t *p, size_t n, char *out); /* BASE32_LEN + 1 */
ES_MUST_USE bool base32_decode(const char *text, size_t text_len, uint8_t *p, size_t n);

/* A ULID is 128 bits shown as 26 characters whose first is 0..7: the number's
 * own base32, padded in front (unlike base32_encode). */
#define ULID_LEN 26
void ulid_encode(const uint8_t uid[16], char out[ULID_LEN + 1]);
ES_MUST_USE bool ulid_decode(const char *text, size_t text_len, uint8_t uid[16]);

/* Valid UTF-8 (no surrogates, no overlong forms), without U+0000. */
bool utf8_valid(const uint8_t *p, size_t len);

#endif
