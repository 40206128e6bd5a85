/* SPDX-License-Identifier: Apache-2.0
 *
 * Canonical values back into text and JSON. They may come from a newer version
 * of the schema or from a hub with a fault: what does not fit its field is shown
 * as hex, never trusted. */
#include "proto/value.h"

#include <string.h>

#include "proto/canon.h"

static const char hex_digits[] = "0123456789abcdef";

static void add_hex(struct slice bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		buf_add_u8(out, (uint8_t)hex_digits[bytes.p[i] >> 4]);
		buf_add_u8(out, (uint8_t)hex_digits[bytes.p[i] & 15]);
	}
}

static void escape(uint8_t c, struct buf *out)
{
	switch (c) {
	case '"': buf_str(out, "\\\""); break;
	case '\\': buf_str(out, "\\\\"); break;
	case '\n': buf_str(out, "\\n"); break;
	case '\r': buf_str(out, "\\r"); break;
	case '\t': buf_str(out, "\\t"); break;
	default: buf_printf(out, "\\u%04x", c); break;
	}
}

static bool escaped(uint8_t c)
{
	return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void add_escaped(struct slice text, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (!escaped(text.p[i]))
			continue;
		buf_add(out, text.p + from, i - from);
		escape(text.p[i], out);
		from = i + 1;
	}
	if (from < text.len)
		buf_add(out, text.p + from, text.len - from);
}

/* Length of the valid sequence at the front, 0 where there is none. */
static size_t sequence_length(struct slice text)
{
	for (size_t n = 1; n <= 4 && n <= text.len; n++) {
		if (utf8_valid(text.p, n))
			return n;
	}
	return 0;
}

/* Bytes that are not UTF-8 become U+FFFD, one each: the JSON stays JSON. */
static void add_repaired(struct slice text, struct buf *out)
{
	while (text.len > 0) {
		size_t n = sequence_length(text);

		if (n > 0)
			add_escaped(SLICE(text.p, n), out);
		else
			buf_str(out, "\xef\xbf\xbd");
		n += n == 0;
		text = SLICE(text.p + n, text.len - n);
	}
}

void json_quote(struct slice text, struct buf *out)
{
	buf_add_u8(out, '"');
	if (utf8_valid(text.p, text.len))
		add_escaped(text, out);
	else
		add_repaired(text, out);
	buf_add_u8(out, '"');
}

static bool read_int(struct slice value, int64_t *out)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	*out = canon_read_int(&r, INT64_MIN, INT64_MAX);
	return canon_read_done(&r) == ES_OK;
}

static bool read_str(struct slice value, struct slice *out)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	*out = canon_read_str(&r, value.len);
	return canon_read_done(&r) == ES_OK;
}

static bool is_nil(struct slice value)
{
	return value.len == 0 || (value.len == 1 && value.p[0] == 0xc0);
}

/* An integer with the point put back: at least `least` digits behind it. */
static void add_decimal(int64_t v, int decimals, int least, struct buf *out)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, scale = 1, fraction;

	for (int i = 0; i < decimals; i++)
		scale *= 10;
	fraction = u % scale;
	for (; decimals > least && fraction % 10 == 0; decimals--)
		fraction /= 10;
	buf_printf(out, "%s%llu", v < 0 ? "-" : "", (unsigned long long)(u / scale));
	if (decimals > 0)
		buf_printf(out, ".%0*llu", decimals, (unsigned long long)fraction);
}

static bool add_number(const struct schema_field *f, struct slice value, struct buf *out)
{
	int64_t v;

	if (!read_int(value, &v))
		return false;
	if (f->type == TYPE_TENTH)
		add_decimal(v, 1, 1, out);
	else if (f->type == TYPE_COORD)
		add_decimal(v, 7, 0, out);
	else
		add_decimal(v, 0, 0, out);
	return true;
}

static bool add_list(struct slice value, bool json, struct buf *out)
{
	size_t before = out->len;
	struct canon_reader r;
	uint32_t n;

	canon_read_init(&r, value);
	n = canon_read_array(&r, UINT32_MAX);
	if (json)
		buf_add_u8(out, '[');
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		struct slice item = canon_read_str(&r, value.len);

		if (i > 0)
			buf_add_u8(out, json ? ',' : '|');
		if (json)
			json_quote(item, out);
		else
			buf_add(out, item.p, item.len);
	}
	if (json)
		buf_add_u8(out, ']');
	if (canon_read_done(&r) != ES_OK) {
		out->len = before;
		return false;
	}
	return true;
}

static bool add_bool(struct slice value, const char *no, const char *yes, struct buf *out)
{
	struct canon_reader r;
	bool v;

	canon_read_init(&r, value);
	v = canon_read_bool(&r);
	if (canon_read_done(&r) != ES_OK)
		return false;
	buf_str(out, v ? yes : no);
	return true;
}

static bool add_ref(struct slice value, const char *quote, struct buf *out)
{
	struct canon_reader r;
	char text[ULID_LEN + 1];
	struct slice uid;

	canon_read_init(&r, value);
	uid = canon_read_bin(&r, 16);
	if (canon_read_done(&r) != ES_OK || uid.len != 16)
		return false;
	ulid_encode(uid.p, text);
	buf_printf(out, "%s%s%s", quote, text, quote);
	return true;
}

static bool add_text(struct slice value, bool json, struct buf *out)
{
	struct slice text;

	if (!read_str(value, &text))
		return false;
	if (json)
		json_quote(text, out);
	else
		buf_add(out, text.p, text.len);
	return true;
}

static bool add_typed(const struct schema_field *f, struct slice value, bool json, struct buf *out)
{
	switch (f->type) {
	case TYPE_TEXT: case TYPE_CODE: case TYPE_DATE: case TYPE_TIME:
		return add_text(value, json, out);
	case TYPE_LIST:
		return add_list(value, json, out);
	case TYPE_INT: case TYPE_CENTS: case TYPE_TENTH: case TYPE_COORD:
		return add_number(f, value, out);
	case TYPE_BOOL:
		return add_bool(value, json ? "false" : "non", json ? "true" : "oui", out);
	case TYPE_REF:
		return add_ref(value, json ? "\"" : "", out);
	}
	return false;
}

void value_text(const struct schema_field *f, struct slice value, struct buf *out)
{
	if (!is_nil(value) && !add_typed(f, value, false, out))
		add_hex(value, out);
}

void value_json(const struct schema_field *f, struct slice value, struct buf *out)
{
	if (is_nil(value)) {
		buf_str(out, "null");
	} else if (!add_typed(f, value, true, out)) {
		buf_add_u8(out, '"');
		add_hex(value, out);
		buf_add_u8(out, '"');
	}
}

static void add_any(struct canon_reader *r, bool key, struct buf *out);

static void add_any_array(struct canon_reader *r, struct buf *out)
{
	uint32_t n = canon_read_array(r, UINT32_MAX);

	buf_add_u8(out, '[');
	for (uint32_t i = 0; i < n && r->err == ES_OK; i++) {
		if (i > 0)
			buf_add_u8(out, ',');
		add_any(r, false, out);
	}
	buf_add_u8(out, ']');
}

static void add_any_map(struct canon_reader *r, struct buf *out)
{
	uint32_t n = canon_read_map(r, UINT32_MAX);

	buf_add_u8(out, '{');
	for (uint32_t i = 0; i < n && r->err == ES_OK; i++) {
		if (i > 0)
			buf_add_u8(out, ',');
		add_any(r, true, out);
		buf_add_u8(out, ':');
		add_any(r, false, out);
	}
	buf_add_u8(out, '}');
}

static void add_any_int(struct canon_reader *r, struct buf *out)
{
	struct canon_reader again = *r;
	int64_t v = canon_read_int(r, INT64_MIN, INT64_MAX);

	if (r->err == ES_OK) {
		buf_printf(out, "%lld", (long long)v);
		return;
	}
	*r = again;
	buf_printf(out, "%llu", (unsigned long long)canon_read_u64(r, UINT64_MAX));
}

/* A key that is not a string is quoted as it would be written. */
static void add_any(struct canon_reader *r, bool key, struct buf *out)
{
	enum canon_type type = canon_peek(r);
	bool quoted = type == CANON_BIN || (key && type != CANON_STR);

	if (key && type != CANON_STR && type != CANON_INT && type != CANON_BIN) {
		buf_add_u8(out, '"');
		add_hex(canon_read_value(r), out);
		buf_add_u8(out, '"');
		return;
	}
	if (quoted)
		buf_add_u8(out, '"');
	switch (type) {
	case CANON_NIL: canon_read_nil(r); buf_str(out, "null"); break;
	case CANON_BOOL: buf_str(out, canon_read_bool(r) ? "true" : "false"); break;
	case CANON_INT: add_any_int(r, out); break;
	case CANON_STR: json_quote(canon_read_str(r, r->rest.len), out); break;
	case CANON_BIN: add_hex(canon_read_bin(r, r->rest.len), out); break;
	case CANON_ARRAY: add_any_array(r, out); break;
	case CANON_MAP: add_any_map(r, out); break;
	case CANON_NONE: r->err = ES_MALFORMED; break;
	}
	if (quoted)
		buf_add_u8(out, '"');
}

void value_json_any(struct slice value, struct buf *out)
{
	struct canon_reader r;

	if (value.len == 0 || canon_check(value) != ES_OK) {
		buf_add_u8(out, '"');
		add_hex(value, out);
		buf_add_u8(out, '"');
		return;
	}
	canon_read_init(&r, value);
	add_any(&r, false, out);
}
