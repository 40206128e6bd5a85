/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/exchange/csv.h"

#include <string.h>

#include "proto/text.h"

#define DETECT_RECORDS 500 /* that vote on the separator */

static bool is_line_end(uint8_t c)
{
	return c == '\n' || c == '\r';
}

/* Excel's own line: sep=; */
static size_t sep_line(struct slice file, size_t at, char *separator)
{
	size_t end = at + 5;

	if (file.len < end || strncmp((const char *)file.p + at, "sep=", 4) != 0)
		return at;
	if (end < file.len && !is_line_end(file.p[end]))
		return at;
	*separator = (char)file.p[at + 4];
	if (end < file.len && file.p[end] == '\r')
		end++;
	if (end < file.len && file.p[end] == '\n')
		end++;
	return end;
}

static size_t bom_length(struct slice file)
{
	return file.len >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

void csv_init(struct csv *c, struct slice file, char separator)
{
	size_t bom = bom_length(file);
	char declared = 0;

	memset(c, 0, offsetof(struct csv, fields));
	buf_init(&c->unquoted, file.len + 1);
	c->file = file;
	c->at = sep_line(file, bom, &declared);
	c->next_line = c->at > bom ? 2 : 1;
	c->separator = separator ? separator : declared ? declared : csv_detect_separator(file);
}

void csv_done(struct csv *c)
{
	buf_done(&c->unquoted);
}

/* Passes a quoted stretch, from behind its opening quote to behind its closing
 * one; false where the file ends first. */
static bool pass_quoted(struct csv *c, bool *doubled)
{
	for (;;) {
		const uint8_t *p = c->file.p + c->at, *quote;

		quote = c->at < c->file.len ? memchr(p, '"', c->file.len - c->at) : NULL;
		if (quote == NULL) {
			c->at = c->file.len;
			return false;
		}
		c->at = (size_t)(quote - c->file.p) + 1;
		if (c->at == c->file.len || c->file.p[c->at] != '"')
			return true;
		*doubled = true;
		c->at++;
	}
}

static void pass_plain(struct csv *c)
{
	const uint8_t *p = c->file.p;
	size_t at = c->at, len = c->file.len;
	uint8_t separator = (uint8_t)c->separator;

	while (at < len && p[at] != separator && !is_line_end(p[at]))
		at++;
	c->at = at;
}

static bool is_blank(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != ' ' && text.p[i] != '\t')
			return false;
	return true;
}

static bool protects(const struct csv *c, struct slice quoted)
{
	return memchr(quoted.p, c->separator, quoted.len) || memchr(quoted.p, '\n', quoted.len) ||
	       memchr(quoted.p, '\r', quoted.len);
}

/* From its opening quote to its separator or line end, *end behind the closing quote;
 * false where the opening one is stray. */
static bool pass_field(struct csv *c, size_t *end, bool *doubled)
{
	size_t from = c->at++;

	if (!pass_quoted(c, doubled))
		return false;
	*end = c->at;
	pass_plain(c);
	return is_blank(SLICE(c->file.p + *end, c->at - *end)) || !protects(c, SLICE(c->file.p + from, *end - from));
}

/* One field, up to its separator or line end. Where quotes must be taken out of
 * the middle, the raw field is kept until the record's length is known. */
static void read_field(struct csv *c)
{
	size_t from = c->at, end = 0;
	bool doubled = false, opens = from < c->file.len && c->file.p[from] == '"';
	bool quoted = opens && pass_field(c, &end, &doubled), simple;

	if (!quoted) {
		c->at = from;
		pass_plain(c);
	}
	simple = quoted && !doubled && c->at == end;
	if (c->count < CSV_FIELDS_MAX) {
		c->starts[c->count] = from;
		c->quoted[c->count] = quoted && !simple;
		c->stray[c->count] = opens && !quoted;
		c->fields[c->count] = simple ? SLICE(c->file.p + from + 1, end - from - 2) :
					       SLICE(c->file.p + from, c->at - from);
	}
	c->strays += opens && !quoted;
	c->count++;
}

/* What the quotes mean: text outside them is kept as it is. */
static struct slice unquote(struct slice raw, struct buf *out)
{
	size_t from = out->len;
	bool inside = false;

	for (size_t i = 0; i < raw.len; i++) {
		if (raw.p[i] != '"' || (!inside && i > 0))
			buf_add_u8(out, raw.p[i]);
		else if (inside && i + 1 < raw.len && raw.p[i + 1] == '"')
			buf_add_u8(out, raw.p[i++]);
		else
			inside = !inside;
	}
	return SLICE(out->p + from, out->len - from);
}

static bool unquote_fields(struct csv *c)
{
	size_t n = c->count < CSV_FIELDS_MAX ? c->count : CSV_FIELDS_MAX;

	buf_clear(&c->unquoted);
	for (size_t i = 0; i < n; i++) {
		if (!c->quoted[i])
			continue;
		/* Room for the whole record at once: slices must not move. */
		if (c->unquoted.len == 0 && buf_reserve(&c->unquoted, c->raw.len) == NULL)
			return false;
		c->fields[i] = unquote(c->fields[i], &c->unquoted);
	}
	return true;
}

static uint64_t count_lines(struct slice text)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n' || (text.p[i] == '\r' && (i + 1 == text.len || text.p[i + 1] != '\n'));
	return n;
}

/* LF, CR or both: one line. */
static void pass_line_end(struct csv *c)
{
	bool cr = c->file.p[c->at] == '\r';

	c->at++;
	if (cr && c->at < c->file.len && c->file.p[c->at] == '\n')
		c->at++;
	c->next_line++;
}

static bool read_record(struct csv *c)
{
	size_t from;

	while (c->at < c->file.len && is_line_end(c->file.p[c->at]))
		pass_line_end(c);
	if (c->at >= c->file.len)
		return false;
	from = c->at;
	c->count = c->strays = 0;
	c->line = c->next_line;
	for (;;) {
		read_field(c);
		if (c->at >= c->file.len || is_line_end(c->file.p[c->at]))
			break;
		c->at++;
	}
	c->raw = SLICE(c->file.p + from, c->at - from);
	c->next_line += memchr(c->raw.p, '"', c->raw.len) ? count_lines(c->raw) : 0;
	if (c->at < c->file.len)
		pass_line_end(c);
	return unquote_fields(c);
}

/* Of any width, none too; a byte 0xa0 that is no UTF-8 is the hard space of Windows-1252. */
static bool shows_nothing(struct slice text)
{
	bool utf8 = utf8_valid(text.p, text.len);

	for (size_t at = 0; at < text.len;) {
		uint32_t cp = utf8 ? text_next(text, &at) : text_from_cp1252(text.p[at++]);

		if (!text_is_space(cp) && !text_is_hidden(cp))
			return false;
	}
	return true;
}

/* Excel fills the rows below a table with separators. */
static bool says_nothing(const struct csv *c)
{
	for (size_t i = 0; i < c->count && i < CSV_FIELDS_MAX; i++)
		if (!shows_nothing(c->fields[i]))
			return false;
	return c->count <= CSV_FIELDS_MAX;
}

bool csv_next(struct csv *c)
{
	do {
		if (!read_record(c))
			return false;
	} while (says_nothing(c));
	return true;
}

/* How many records are as wide as the header, and how wide that is. */
static size_t vote(struct slice file, char separator, size_t *width)
{
	struct csv c;
	size_t same = 0, n = 0;

	csv_init(&c, file, separator);
	*width = 0;
	while (n < DETECT_RECORDS && csv_next(&c)) {
		if (n++ == 0)
			*width = c.count;
		same += c.count == *width;
	}
	csv_done(&c);
	return *width > 1 ? same : 0;
}

char csv_detect_separator(struct slice file)
{
	static const char candidates[] = ";,\t";
	size_t best = 0, best_width = 0;
	char found = ';';

	for (size_t i = 0; candidates[i]; i++) {
		size_t width, same = vote(file, candidates[i], &width);

		if (same > best || (same == best && same > 0 && width > best_width)) {
			best = same;
			best_width = width;
			found = candidates[i];
		}
	}
	return found;
}

const char *csv_line_end(struct slice file)
{
	for (size_t i = 0; i < file.len; i++) {
		if (file.p[i] == '\n')
			return "\n";
		if (file.p[i] == '\r')
			return i + 1 < file.len && file.p[i + 1] == '\n' ? "\r\n" : "\r";
	}
	return "\n";
}
