/* SPDX-License-Identifier: Apache-2.0
 *
 * The rejected records back into a file like the one they came from, each with
 * its reasons, so that they can be mended there and imported. */
#include "daemon/exchange/exchange.h"

#include <string.h>

#include "daemon/exchange/csv.h"
#include "daemon/exchange/encoding.h"

static void put(struct slice text, FILE *out)
{
	if (text.len > 0)
		fwrite(text.p, 1, text.len, out);
}

static void put_quoted(struct slice text, FILE *out)
{
	fputc('"', out);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"')
			fputc('"', out);
		fputc(text.p[i], out);
	}
	fputc('"', out);
}

static void put_cell(struct slice text, char separator, FILE *out)
{
	if (memchr(text.p, separator, text.len) || memchr(text.p, '"', text.len) || memchr(text.p, '\r', text.len) ||
	    memchr(text.p, '\n', text.len))
		put_quoted(text, out);
	else
		put(text, out);
}

/* From there to there as it was written, but a stray quote as the letter it was read as: a
 * spreadsheet would look for its end in the lines below. */
static void put_raw(const struct csv *c, size_t from, size_t to, FILE *out)
{
	for (size_t i = 0; c->strays > 0 && i < c->count && i < CSV_FIELDS_MAX; i++) {
		if (!c->stray[i] || c->starts[i] < from || c->starts[i] >= to)
			continue;
		put(SLICE(c->file.p + from, c->starts[i] - from), out);
		put_quoted(c->fields[i], out);
		from = c->starts[i] + c->fields[i].len;
	}
	put(SLICE(c->file.p + from, to - from), out);
}

/* A record shorter than the header is filled up, and the cells that one has too many stand
 * behind the reasons: those keep their column. */
static void put_record(const struct csv *c, size_t width, const char *last, FILE *out)
{
	bool long_one = c->count > width && width < CSV_FIELDS_MAX;
	size_t from = (size_t)(c->raw.p - c->file.p), to = from + c->raw.len, whole = long_one ? c->starts[width] : to;

	put_raw(c, from, whole, out); /* of a long one with the separator behind */
	for (size_t n = c->count; n < width; n++)
		fputc(c->separator, out);
	if (!long_one)
		fputc(c->separator, out);
	put_cell(slice_str(last), c->separator, out);
	if (long_one) {
		fputc(c->separator, out);
		put_raw(c, whole, to, out);
	}
	fputs(csv_line_end(c->file), out);
}

/* The file as it was, but UTF-16 as UTF-8 with its mark, which every spreadsheet reads too. */
static enum es_err in_bytes(struct slice *file, struct buf *unicode)
{
	enum encoding e;
	enum es_err err;

	if (!encoding_is_utf16(*file, &e))
		return ES_OK;
	buf_str(unicode, "\xef\xbb\xbf");
	err = encoding_from_utf16(*file, e, unicode);
	*file = buf_slice(unicode);
	return err;
}

static enum es_err write_rejects(struct slice file, char separator, const char *const *reasons, size_t count, FILE *out)
{
	size_t width, i = 0;
	struct csv c;

	csv_init(&c, file, separator);
	if (!csv_next(&c)) {
		csv_done(&c);
		return ES_BAD_VALUE;
	}
	width = c.count;
	/* The byte order mark and the "sep=" line too. */
	put(SLICE(file.p, (size_t)(c.raw.p - file.p)), out);
	put_record(&c, width, "motif_rejet", out);
	bool latin = !utf8_valid(file.p, file.len); /* the reasons in the file's own encoding */
	for (; i < count && csv_next(&c); i++) {
		struct buf b;

		if (!reasons[i])
			continue;
		buf_init(&b, 65536);
		if (latin)
			encoding_from_utf8(slice_str(reasons[i]), &b);
		else
			buf_str(&b, reasons[i]);
		put_record(&c, width, b.len ? buf_cstr(&b) : "", out);
		buf_done(&b);
	}
	csv_done(&c);
	return ferror(out) ? ES_IO : ES_OK;
}

enum es_err exchange_rejects(struct slice file, char separator, const char *const *reasons, size_t count, FILE *out)
{
	struct buf unicode;
	enum es_err err;

	buf_init(&unicode, 2 * file.len + 16);
	err = in_bytes(&file, &unicode);
	if (err == ES_OK)
		err = write_rejects(file, separator, reasons, count, out);
	buf_done(&unicode);
	return err;
}
