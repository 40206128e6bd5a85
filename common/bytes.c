/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 64 /* bytes of a buf's first allocation */

struct slice slice_str(const char *text)
{
	return SLICE(text, text ? strlen(text) : 0);
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int slice_cmp(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.p, b.p, common);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_init_fixed(struct buf *b, void *mem, size_t size)
{
	*b = (struct buf){.p = mem, .cap = size, .max = size, .fixed = true};
}

void buf_done(struct buf *b)
{
	if (!b->fixed)
		free(b->p);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->err = ES_OK;
}

void buf_drop(struct buf *b)
{
	size_t max = b->max;

	assert(!b->fixed);
	buf_done(b);
	buf_init(b, max);
}

static bool buf_fail(struct buf *b, enum es_err err)
{
	if (b->err == ES_OK)
		b->err = err;
	return false;
}

/* Makes cap at least `need` <= max. There is always one byte more than cap
 * behind p, for the NUL of buf_cstr(). */
static bool buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
	uint8_t *p;

	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	p = realloc(b->p, cap + 1);
	if (p == NULL)
		return buf_fail(b, ES_NOMEM);
	b->p = p;
	b->cap = cap;
	return true;
}

static bool buf_room(struct buf *b, size_t n)
{
	if (b->err != ES_OK)
		return false;
	if (n > b->max - b->len)
		return buf_fail(b, ES_TOO_LARGE);
	if (b->p != NULL && n <= b->cap - b->len)
		return true;
	return b->fixed || buf_grow(b, b->len + n);
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	return buf_room(b, n) ? b->p + b->len : NULL;
}

void buf_add(struct buf *b, const void *p, size_t len)
{
	if (len == 0 || !buf_room(b, len))
		return;
	memcpy(b->p + b->len, p, len);
	b->len += len;
}

void buf_add_u8(struct buf *b, uint8_t v)
{
	if (buf_room(b, 1))
		b->p[b->len++] = v;
}

void buf_add_be(struct buf *b, uint64_t v, unsigned nbytes)
{
	if (!buf_room(b, nbytes))
		return;
	be_write(b->p + b->len, v, nbytes);
	b->len += nbytes;
}

void buf_str(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

__attribute__((format(printf, 2, 0)))
static void buf_printf_large(struct buf *b, const char *fmt, va_list args, size_t len)
{
	char *text;

	if (!buf_room(b, len)) /* asked first: max also bounds what we allocate here */
		return;
	text = malloc(len + 1);
	if (text == NULL) {
		buf_fail(b, ES_NOMEM);
		return;
	}
	vsnprintf(text, len + 1, fmt, args);
	buf_add(b, text, len);
	free(text);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char text[256];
	va_list args, again;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(text, sizeof(text), fmt, args);
	assert(len >= 0);
	if ((size_t)len < sizeof(text))
		buf_add(b, text, (size_t)len);
	else
		buf_printf_large(b, fmt, again, (size_t)len);
	va_end(again);
	va_end(args);
}

enum es_err buf_err(const struct buf *b)
{
	return b->err;
}

struct slice buf_slice(const struct buf *b)
{
	return SLICE(b->p, b->len);
}

const char *buf_cstr(struct buf *b)
{
	if (b->err != ES_OK)
		return "";
	if (b->fixed ? b->len == b->cap : b->p == NULL && !buf_room(b, 0)) {
		buf_fail(b, ES_TOO_LARGE);
		return "";
	}
	b->p[b->len] = '\0';
	return (const char *)b->p;
}

uint64_t be_read(const uint8_t *p, unsigned nbytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < nbytes; i++)
		v = v << 8 | p[i];
	return v;
}

void be_write(uint8_t *p, uint64_t v, unsigned nbytes)
{
	while (nbytes-- > 0) {
		p[nbytes] = (uint8_t)v;
		v >>= 8;
	}
}

void hex_encode(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(const char *text, size_t text_len, uint8_t *p, size_t n)
{
	if (text_len % 2 != 0 || text_len / 2 != n)
		return false;
	/* Looked at in full first, so that a refusal leaves p as it was. */
	for (size_t i = 0; i < text_len; i++) {
		if (hex_digit(text[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return true;
}

static const char base32_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void base32_encode(const uint8_t *p, size_t n, char *out)
{
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 5; have -= 5)
			*out++ = base32_digits[bits >> (have - 5) & 31];
	}
	if (have > 0)
		*out++ = base32_digits[bits << (5 - have) & 31];
	*out = '\0';
}

/* Crockford's digit, with the letters that people confuse; -1 for another. */
static int base32_digit(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	at = c == '\0' ? NULL : strchr(base32_digits, c);
	return at == NULL ? -1 : (int)(at - base32_digits);
}

/* Decodes into p, or only checks where p is NULL. */
static bool base32_run(const char *text, size_t text_len, uint8_t *p, size_t n)
{
	unsigned bits = 0, have = 0;
	size_t digits = 0, len = 0;

	for (size_t i = 0; i < text_len; i++) {
		int digit = base32_digit(text[i]);

		if (text[i] == '-' || text[i] == ' ')
			continue;
		if (digit < 0 || ++digits > BASE32_LEN(n))
			return false;
		bits = bits << 5 | (unsigned)digit;
		have += 5;
		if (have < 8 || len == n)
			continue;
		have -= 8;
		if (p != NULL)
			p[len] = (uint8_t)(bits >> have);
		len++;
	}
	return digits == BASE32_LEN(n) && (bits & ((1u << have) - 1)) == 0;
}

bool base32_decode(const char *text, size_t text_len, uint8_t *p, size_t n)
{
	return base32_run(text, text_len, NULL, n) && base32_run(text, text_len, p, n);
}

void ulid_encode(const uint8_t uid[16], char out[ULID_LEN + 1])
{
	unsigned bits = 0, have = 2; /* two zero bits in front: 130 = 26 * 5 */

	for (size_t i = 0; i < 16; i++) {
		bits = bits << 8 | uid[i];
		for (have += 8; have >= 5; have -= 5)
			*out++ = base32_digits[bits >> (have - 5) & 31];
	}
	*out = '\0';
}

bool ulid_decode(const char *text, size_t text_len, uint8_t uid[16])
{
	uint8_t bytes[16];
	unsigned bits = 0, have = 0;
	size_t len = 0;

	if (text_len != ULID_LEN || base32_digit(text[0]) > 7)
		return false;
	for (size_t i = 0; i < text_len; i++) {
		int digit = base32_digit(text[i]);

		if (digit < 0)
			return false;
		bits = bits << 5 | (unsigned)digit;
		have += i == 0 ? 3 : 5; /* the first digit has three bits to give */
		if (have >= 8) {
			have -= 8;
			bytes[len++] = (uint8_t)(bits >> have);
		}
	}
	memcpy(uid, bytes, sizeof(bytes));
	return true;
}

/* Eight bytes at once where all are ASCII and none is zero: most text is. */
static bool utf8_plain(const uint8_t *p)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (v & tops) == 0 && ((v - ones) & tops) == 0;
}

/* Length of the sequence at p, 0 where it is not valid (RFC 3629, table 3-7
 * of Unicode: the second byte's range depends on the first). */
static size_t utf8_sequence(const uint8_t *p, size_t len)
{
	uint8_t c = p[0], low = 0x80, high = 0xbf;
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (n == 1)
		return c != 0;
	if (c < 0xc2 || c > 0xf4 || len < n)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	if (c == 0xed)
		high = 0x9f; /* surrogates */
	if (c == 0xf0)
		low = 0x90;
	if (c == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool utf8_valid(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = len - i >= 8 && utf8_plain(p + i) ? 8 : utf8_sequence(p + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
