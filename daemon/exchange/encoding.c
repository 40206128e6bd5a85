/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/exchange/encoding.h"

#include <string.h>

#include "common/say.h"
#include "proto/text.h"

const char *encoding_name(enum encoding e)
{
	static const char *const names[] = {"utf-8", "windows-1252", "utf-16le", "utf-16be"};

	return names[e];
}

static unsigned long line_of(struct slice file, size_t at)
{
	unsigned long line = 1;

	for (size_t i = 0; i < at; i++)
		line += file.p[i] == '\n' || (file.p[i] == '\r' && file.p[i + 1] != '\n');
	return line;
}

/* Where the first line that is not UTF-8 begins. */
static size_t first_bad_line(struct slice file)
{
	size_t from = 0;

	while (from < file.len) {
		const uint8_t *end = memchr(file.p + from, '\n', file.len - from);
		size_t len = end ? (size_t)(end - file.p) - from + 1 : file.len - from;

		if (!utf8_valid(file.p + from, len))
			break;
		from += len;
	}
	return from;
}

static bool undefined_in_cp1252(uint8_t c)
{
	return c == 0 || text_from_cp1252(c) == 0;
}

static enum es_err check_cp1252(struct slice file, struct buf *why)
{
	for (size_t i = 0; i < file.len; i++) {
		if (!undefined_in_cp1252(file.p[i]))
			continue;
		buf_printf(why, _("line %lu: byte 0x%02X exists neither in UTF-8 text nor in Windows-1252; "
			   "save the file as CSV UTF-8, or say --encoding"), line_of(file, i), file.p[i]);
		return ES_BAD_VALUE;
	}
	return ES_OK;
}

static enum es_err check_utf8(struct slice file, struct buf *why)
{
	if (utf8_valid(file.p, file.len))
		return ES_OK;
	buf_printf(why, _("line %lu is not valid UTF-8; try --encoding windows-1252"), line_of(file, first_bad_line(file)));
	return ES_BAD_VALUE;
}

bool encoding_is_utf16(struct slice file, enum encoding *out)
{
	bool little = file.len >= 2 && memcmp(file.p, "\xff\xfe", 2) == 0;

	if (!little && (file.len < 2 || memcmp(file.p, "\xfe\xff", 2) != 0))
		return false;
	*out = little ? ENCODING_UTF_16LE : ENCODING_UTF_16BE;
	return true;
}

static uint32_t unit_at(struct slice file, size_t at, enum encoding e)
{
	uint32_t a = file.p[at], b = file.p[at + 1];

	return e == ENCODING_UTF_16LE ? b << 8 | a : a << 8 | b;
}

enum es_err encoding_from_utf16(struct slice file, enum encoding e, struct buf *out)
{
	for (size_t at = 2; at < file.len; at += 2) {
		uint32_t cp = at + 2 <= file.len ? unit_at(file, at, e) : 0, low = 0;

		if (cp >= 0xd800 && cp < 0xdc00 && at + 4 <= file.len)
			low = unit_at(file, at + 2, e);
		if (low >= 0xdc00 && low < 0xe000) {
			cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
			at += 2;
		}
		if (cp == 0 || (cp >= 0xd800 && cp < 0xe000))
			return ES_BAD_VALUE;
		text_add(out, cp);
	}
	return buf_err(out);
}

static bool has_bom(struct slice file)
{
	return file.len >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0;
}

enum es_err encoding_find(struct slice file, const char *asked, enum encoding *out, struct buf *why)
{
	enum encoding e = ENCODING_UTF_8;
	enum es_err err;

	if (asked && strcmp(asked, "utf-8") != 0 && strcmp(asked, "windows-1252") != 0) {
		buf_printf(why, _("unknown encoding %s: utf-8 or windows-1252"), asked);
		return ES_BAD_VALUE;
	}
	if (encoding_is_utf16(file, out))
		return ES_OK;
	if (asked ? asked[0] == 'w' : !has_bom(file) && !utf8_valid(file.p, file.len))
		e = ENCODING_WINDOWS_1252;
	err = e == ENCODING_UTF_8 ? check_utf8(file, why) : check_cp1252(file, why);
	if (err == ES_OK)
		*out = e;
	return err;
}

void encoding_to_utf8(struct slice cp1252, struct buf *out)
{
	for (size_t i = 0; i < cp1252.len; i++)
		text_add(out, text_from_cp1252(cp1252.p[i]));
}

static uint8_t cp1252_byte(uint32_t c)
{
	if (c < 0x80)
		return (uint8_t)c;
	for (unsigned b = 0x80; b < 0x100; b++)
		if (text_from_cp1252((uint8_t)b) == c)
			return (uint8_t)b;
	return '?';
}

void encoding_from_utf8(struct slice utf8, struct buf *out)
{
	for (size_t at = 0; at < utf8.len;)
		buf_add_u8(out, cp1252_byte(text_next(utf8, &at)));
}
