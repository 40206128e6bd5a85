/* SPDX-License-Identifier: Apache-2.0
 *
 * A .mo file (GNU gettext manual, 10.3), little-endian as msgfmt writes it: a header of
 * seven numbers, of which we use
 *
 *      0  95 04 12 de, the magic     8  how many sentences
 *     12  where the table of the sentences begins, sorted
 *     16  where that of their translations does
 *
 * Each row of a table is a length and an offset; each text ends with a NUL. */
#include "common/say.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x950412deu
#define HEADER_LEN 20
#define SENTENCES_MAX 65536

struct catalogue {
	struct slice mo;
	uint32_t count, ids, texts; /* offsets of the two tables */
};

static struct catalogue french;
static _Thread_local enum say_language speaking = SAY_ENGLISH;

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool has_table(const struct catalogue *c, uint32_t at)
{
	return at <= c->mo.len && c->mo.len - at >= (size_t)c->count * 8;
}

/* NULL for a row that leads out of the file or to a text with a NUL inside. */
static const char *text_at(const struct catalogue *c, uint32_t table, uint32_t row)
{
	uint32_t len = le32(c->mo.p + table + (size_t)row * 8), at = le32(c->mo.p + table + (size_t)row * 8 + 4);

	if (at >= c->mo.len || len >= c->mo.len - at || memchr(c->mo.p + at, 0, (size_t)len + 1) != c->mo.p + at + len)
		return NULL;
	return (const char *)c->mo.p + at;
}

/* The next directive of a printf format, from its % to its letter. */
static struct slice directive(const char **format)
{
	const char *p = strchr(*format, '%');
	size_t len;

	if (!p) {
		*format += strlen(*format);
		return SLICE_NONE;
	}
	len = 1 + strspn(p + 1, "-+ #0*.123456789hlLqjzt");
	len += p[len] != 0;
	*format = p + len;
	return SLICE(p, len);
}

static bool same_arguments(const char *a, const char *b)
{
	struct slice x, y;

	do {
		x = directive(&a);
		y = directive(&b);
	} while (x.len > 0 && slice_eq(x, y));
	return slice_eq(x, y);
}

/* The first row is the file's own description. */
static bool is_sound(const struct catalogue *c)
{
	const char *before = NULL;

	for (uint32_t i = 0; i < c->count; i++) {
		const char *id = text_at(c, c->ids, i), *text = text_at(c, c->texts, i);

		if (!id || !text || (before && strcmp(before, id) >= 0))
			return false;
		if (i == 0 ? *id || !strstr(text, "charset=UTF-8") : !same_arguments(id, text))
			return false;
		before = id;
	}
	return c->count > 0;
}

bool say_load(struct slice mo)
{
	struct catalogue c = {.mo = mo};

	if (mo.len < HEADER_LEN || mo.len > UINT32_MAX || le32(mo.p) != MAGIC)
		return false;
	c.count = le32(mo.p + 8);
	c.ids = le32(mo.p + 12);
	c.texts = le32(mo.p + 16);
	if (c.count > SENTENCES_MAX || !has_table(&c, c.ids) || !has_table(&c, c.texts) || !is_sound(&c))
		return false;
	french = c;
	return true;
}

void say_set(enum say_language language)
{
	speaking = language;
}

enum say_language say_language(void)
{
	return speaking;
}

const char *say_in(enum say_language language, const char *english)
{
	uint32_t low = 1, high = french.count;

	while (language == SAY_FRENCH && low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(english, text_at(&french, french.ids, middle));

		if (order == 0)
			return text_at(&french, french.texts, middle);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return english;
}

const char *say_text(const char *english)
{
	return say_in(speaking, english);
}

static bool is_one(const char *number, enum say_language language)
{
	unsigned long long n = strtoull(number, NULL, 10);

	return n == 1 || (n == 0 && language == SAY_FRENCH);
}

/* What stands between { and }; returns what follows. */
static const char *choose(struct buf *out, const char *p, bool one)
{
	const size_t first = strcspn(p, "|}"), all = strcspn(p, "}");

	if (one)
		buf_add(out, p, first);
	else if (first < all)
		buf_add(out, p + first + 1, all - first - 1);
	return p + all + (p[all] == '}');
}

void say_counted(struct buf *out, enum say_language language, const char *format, va_list texts)
{
	const char *last = "";

	while (*format) {
		size_t plain = strcspn(format, "%{");

		buf_add(out, format, plain);
		format += plain;
		if (*format == '{') {
			format = choose(out, format + 1, is_one(last, language));
		} else if (*format == '%') {
			last = va_arg(texts, const char *);
			buf_str(out, last);
			format += 2; /* %s */
		}
	}
}
