/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/fields.h"
#include <string.h>

struct fields fields_of(struct slice map)
{
	return (struct fields){.map = map};
}

struct canon_reader fields_reader(const struct fields *f, unsigned no)
{
	struct canon_reader r;

	canon_read_init(&r, change_field(f->map, no));
	return r;
}

void fields_read(struct fields *f, const struct canon_reader *r)
{
	enum es_err err = canon_read_done(r);

	if (f->err == ES_OK)
		f->err = err;
}

bool fields_has(const struct fields *f, unsigned no)
{
	struct canon_reader r = fields_reader(f, no);
	enum canon_type type = canon_peek(&r);

	return type != CANON_NONE && type != CANON_NIL;
}

struct slice fields_str(struct fields *f, unsigned no, size_t max)
{
	struct canon_reader r = fields_reader(f, no);
	struct slice s = canon_read_str(&r, max);

	fields_read(f, &r);
	return s;
}

void fields_text(struct fields *f, unsigned no, char *out, size_t size)
{
	struct slice s = fields_str(f, no, size - 1);

	if (s.len > 0)
		memcpy(out, s.p, s.len);
	out[s.len] = 0;
}

void fields_exact(struct fields *f, unsigned no, void *out, size_t n)
{
	struct canon_reader r = fields_reader(f, no);

	canon_read_exact(&r, out, n);
	fields_read(f, &r);
}

uint64_t fields_u64(struct fields *f, unsigned no, uint64_t max)
{
	struct canon_reader r = fields_reader(f, no);
	uint64_t v = canon_read_u64(&r, max);

	fields_read(f, &r);
	return v;
}

bool fields_bool(struct fields *f, unsigned no)
{
	struct canon_reader r = fields_reader(f, no);
	bool v = canon_read_bool(&r);

	fields_read(f, &r);
	return v;
}

void field_put_str(struct buf *out, unsigned no, struct slice text)
{
	canon_u64(out, no);
	canon_str(out, text);
}

void field_put_bin(struct buf *out, unsigned no, const void *p, size_t n)
{
	canon_u64(out, no);
	canon_bin(out, p, n);
}

void field_put_u64(struct buf *out, unsigned no, uint64_t v)
{
	canon_u64(out, no);
	canon_u64(out, v);
}

void field_put_bool(struct buf *out, unsigned no, bool v)
{
	canon_u64(out, no);
	canon_bool(out, v);
}

void field_put_nil(struct buf *out, unsigned no)
{
	canon_u64(out, no);
	canon_nil(out);
}
