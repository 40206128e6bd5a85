/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/text.h"

#include <string.h>
#include <utf8proc.h>

uint32_t text_next(struct slice text, size_t *at)
{
	const uint8_t *p = text.p + *at;
	size_t left = text.len - *at, n;
	uint32_t cp = p[0];

	n = cp < 0x80 ? 1 : cp < 0xe0 ? 2 : cp < 0xf0 ? 3 : 4;
	if (n > left)
		n = left;
	if (n > 1)
		cp &= 0xffU >> (n + 1);
	for (size_t i = 1; i < n; i++)
		cp = cp << 6 | (p[i] & 0x3f);
	*at += n;
	return cp;
}

void text_add(struct buf *out, uint32_t cp)
{
	utf8proc_uint8_t bytes[4];

	if (cp < 0x80)
		buf_add_u8(out, (uint8_t)cp);
	else
		buf_add(out, bytes, (size_t)utf8proc_encode_char((utf8proc_int32_t)cp, bytes));
}

bool text_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	}
	return true;
}

size_t text_cut(struct slice text, size_t max)
{
	size_t n = text.len < max ? text.len : max;

	while (n > 0 && n < text.len && (text.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

bool text_is_space(uint32_t cp)
{
	return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200b) ||
	       cp == 0x202f || cp == 0x205f || cp == 0x3000 || cp == 0xfeff;
}

bool text_is_hidden(uint32_t cp)
{
	return cp == 0xad || cp == 0x61c || cp == 0x180e || cp == 0x200b || cp == 0x200e || cp == 0x200f ||
	       (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) ||
	       (cp >= 0xe0000 && cp <= 0xe007f);
}

bool text_is_line_end(uint32_t cp)
{
	return cp == 0x2028 || cp == 0x2029;
}

bool text_holds(struct slice text, bool (*is)(uint32_t cp))
{
	if (text_plain(text))
		return false;
	for (size_t at = 0; at < text.len;)
		if (is(text_next(text, &at)))
			return true;
	return false;
}

static size_t space_before(struct slice text)
{
	size_t at = text.len - 1, next;

	while (at > 0 && text.len - at < 4 && (text.p[at] & 0xc0) == 0x80)
		at--;
	next = at;
	return text_is_space(text_next(text, &next)) ? text.len - at : 0;
}

bool text_is_formula(struct slice text)
{
	size_t i = 0;

	while (i < text.len && text.p[i] == '\'')
		i++;
	return i < text.len && memchr("=+-@\t\r", text.p[i], 6) != NULL;
}

struct slice text_trim(struct slice text)
{
	size_t n;

	while (text.len > 0) {
		size_t at = 0;

		if (text.p[0] > ' ' && text.p[0] < 0x80)
			break;
		if (!text_is_space(text_next(text, &at)))
			break;
		text = SLICE(text.p + at, text.len - at);
	}
	while (text.len > 0 && (text.p[text.len - 1] <= ' ' || text.p[text.len - 1] >= 0x80) &&
	       (n = space_before(text)) > 0)
		text.len -= n;
	return text;
}

size_t text_length(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

/* Letters that no decomposition takes apart. */
static const char *fold_special(uint32_t cp)
{
	switch (cp) {
	case 0x153: return "oe";
	case 0xe6: return "ae";
	case 0xf8: return "o";
	case 0x142: return "l";
	case 0x111: case 0xf0: return "d";
	case 0xfe: return "th";
	case 0x127: return "h";
	case 0x131: return "i";
	default: return NULL;
	}
}

static bool is_apostrophe(uint32_t cp)
{
	return cp == '\'' || cp == 0x2019 || cp == 0x2018 || cp == 0x2bc || cp == '`' || cp == 0xb4 || cp == 0x201b;
}

static bool is_word(int32_t cp)
{
	switch (utf8proc_category(cp)) {
	case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO: case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO:
		return true;
	default:
		return false;
	}
}

/* One code point's folded letters into out (at most 8 bytes kept per letter);
 * how many, 0 for what separates words, -1 for what leaves no trace. */
static int fold_point(uint32_t cp, char out[64])
{
	utf8proc_int32_t parts[16];
	int bound = 0, len = 0;
	utf8proc_ssize_t n;

	n = utf8proc_decompose_char((utf8proc_int32_t)cp, parts, 16,
				    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE, &bound);
	if (n == 0)
		return -1;
	for (utf8proc_ssize_t i = 0; i < n && i < 16; i++) {
		const char *special = fold_special((uint32_t)parts[i]);

		if (special) {
			memcpy(out + len, special, strlen(special));
			len += (int)strlen(special);
		} else if (is_word(parts[i])) {
			len += (int)utf8proc_encode_char(parts[i], (utf8proc_uint8_t *)out + len);
		}
	}
	return len;
}

struct folding {
	enum text_words how;
	struct buf *out;
	size_t word; /* where the word begins in out */
	size_t parts[16]; /* where its parts after an apostrophe begin */
	size_t part_count;
	bool open, apostrophe;
};

static void fold_end_word(struct folding *f)
{
	size_t end = f->out->len, from = f->word;

	if (f->how == TEXT_BOTH && f->part_count > 0 && buf_err(f->out) == ES_OK) {
		for (size_t i = 0; i <= f->part_count; i++) {
			size_t to = i < f->part_count ? f->parts[i] : end;
			uint8_t *room = buf_reserve(f->out, to - from + 1);

			if (room == NULL)
				break;
			room[0] = ' ';
			memcpy(room + 1, f->out->p + from, to - from);
			f->out->len += to - from + 1;
			from = to;
		}
	}
	f->open = f->apostrophe = false;
	f->part_count = 0;
}

static void fold_letters(struct folding *f, const char *letters, size_t len)
{
	if (!f->open) {
		if (f->out->len > 0)
			buf_add_u8(f->out, ' ');
		f->word = f->out->len;
		f->open = true;
	} else if (f->apostrophe && f->part_count < 16) {
		f->parts[f->part_count++] = f->out->len;
	}
	f->apostrophe = false;
	buf_add(f->out, letters, len);
}

static void fold_one(struct folding *f, uint32_t cp)
{
	char letters[64];
	int len;

	if (cp < 0x80) {
		bool letter = (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9');

		letters[0] = (char)(cp >= 'A' && cp <= 'Z' ? cp + 32 : cp);
		len = letter || (cp >= 'A' && cp <= 'Z');
	} else {
		len = is_apostrophe(cp) ? 0 : fold_point(cp, letters);
	}
	if (len > 0)
		fold_letters(f, letters, (size_t)len);
	else if (is_apostrophe(cp) && f->how != TEXT_APART)
		f->apostrophe = f->open;
	else if (len == 0)
		fold_end_word(f);
}

void text_fold(struct slice text, enum text_words how, struct buf *out)
{
	struct folding f = {.how = how, .out = out};

	for (size_t at = 0; at < text.len;)
		fold_one(&f, text_next(text, &at));
	fold_end_word(&f);
}

/* 0x80 to 0x9f; the rest of Windows-1252 is Unicode's own. */
static const uint16_t cp1252_high[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

uint32_t text_from_cp1252(uint8_t byte)
{
	return byte >= 0x80 && byte < 0xa0 ? cp1252_high[byte - 0x80] : byte;
}

static int to_cp1252(uint32_t cp)
{
	if (cp < 0x100)
		return (int)cp;
	for (int i = 0; i < 32; i++) {
		if (cp1252_high[i] == cp)
			return 0x80 + i;
	}
	return -1;
}

/* Does the first character beyond ASCII look like the head of a sequence, with
 * a tail behind it? Almost every text stops here. */
static bool looks_doubled(struct slice text)
{
	int head, tail;

	for (size_t at = 0; at < text.len;) {
		if (text.p[at] < 0x80) {
			at++;
			continue;
		}
		head = to_cp1252(text_next(text, &at));
		if (head < 0xc2 || head > 0xf4 || at == text.len)
			return false;
		tail = to_cp1252(text_next(text, &at));
		return tail >= 0x80 && tail < 0xc0;
	}
	return false;
}

bool text_repair(struct slice text, struct buf *out)
{
	struct buf bytes;
	bool found = looks_doubled(text);

	buf_init(&bytes, text.len);
	for (size_t at = 0; found && at < text.len;) {
		int byte = to_cp1252(text_next(text, &at));

		found = byte >= 0;
		buf_add_u8(&bytes, (uint8_t)byte);
	}
	found = found && buf_err(&bytes) == ES_OK && utf8_valid(bytes.p, bytes.len);
	if (found)
		buf_add(out, bytes.p, bytes.len);
	buf_done(&bytes);
	return found;
}
