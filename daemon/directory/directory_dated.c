/* SPDX-License-Identifier: Apache-2.0
 *
 * What changes in time is a list of "value:from:to" beside the field that says it
 * today (R13). Both days belong to it; an empty one is open. */
#include <string.h>

#include "daemon/directory/directory_sql.h"
#include "proto/canon.h"

/* Lists that name no field of their own. Of what always has a value, the one of today
 * stands where no date says another. */
static const struct {
	const char *list, *field;
} kept[] = {
	{"denominations", "nom"},
};

struct dated {
	struct slice value, from, to;
};

/* From the right: a name may hold a colon. */
static bool dated_read(struct slice text, struct dated *d)
{
	const uint8_t *to = memrchr(text.p, ':', text.len), *from;

	if (to == NULL)
		return false;
	from = memrchr(text.p, ':', (size_t)(to - text.p));
	if (from == NULL)
		return false;
	d->value = SLICE(text.p, (size_t)(from - text.p));
	d->from = SLICE(from + 1, (size_t)(to - from - 1));
	d->to = SLICE(to + 1, (size_t)(text.p + text.len - to - 1));
	return true;
}

static int day_cmp(struct slice a, const char *day)
{
	size_t len = strlen(day);
	int order = memcmp(a.p, day, a.len < len ? a.len : len);

	return order != 0 ? order : (a.len > len) - (a.len < len);
}

/* The last one that holds that day; false: none. */
static bool dated_at(struct slice list, const char *day, struct slice *out)
{
	struct canon_reader r;
	struct slice text;
	struct dated d;
	bool found = false;
	uint32_t count;

	canon_read_init(&r, list);
	if (canon_peek(&r) != CANON_ARRAY)
		return false;
	count = canon_read_array(&r, UINT32_MAX);
	for (uint32_t i = 0; i < count && r.err == ES_OK; i++) {
		if (!canon_is_text(canon_read_value(&r), &text) || !dated_read(text, &d))
			continue;
		if ((d.from.len > 0 && day_cmp(d.from, day) > 0) || (d.to.len > 0 && day_cmp(d.to, day) < 0))
			continue;
		*out = d.value;
		found = true;
	}
	return found;
}

static const struct schema_field *dated_field(const struct schema_kind *k, const struct schema_field *list, bool *keeps)
{
	const char *name = list->flags & FIELD_DATED ? list->refers : NULL;

	*keeps = false;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept) && name == NULL; i++)
		if (strcmp(kept[i].list, list->name) == 0) {
			name = kept[i].field;
			*keeps = true;
		}
	return name == NULL ? NULL : schema_field_named(k, slice_str(name));
}

void shown_on(struct shown *s, const struct kind_map *m, const char *day, struct buf *memory)
{
	size_t at[SCHEMA_FIELDS_MAX] = {0}, len[SCHEMA_FIELDS_MAX] = {0};

	for (size_t i = 0; i < s->count; i++) {
		bool keeps;
		const struct schema_field *f = dated_field(m->k, &m->k->fields[i], &keeps);
		struct slice value;

		if (f == NULL || s->value[i].len == 0)
			continue;
		if (dated_at(s->value[i], day, &value)) {
			at[f->index] = memory->len;
			canon_str(memory, value);
			len[f->index] = memory->len - at[f->index];
		} else if (!keeps) {
			s->value[f->index] = SLICE_NONE;
		}
	}
	for (size_t i = 0; i < s->count && buf_err(memory) == ES_OK; i++)
		if (len[i] > 0)
			s->value[i] = SLICE(memory->p + at[i], len[i]);
}
