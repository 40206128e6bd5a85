/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/conflict.h"

#include <stdlib.h>
#include <string.h>

static int number_cmp(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int field_cmp(const struct said *a, const struct said *b)
{
	int order = memcmp(a->record.bytes, b->record.bytes, sizeof(a->record.bytes));

	if (order == 0)
		order = number_cmp(a->kind, b->kind);
	if (order == 0)
		order = number_cmp(a->scope, b->scope);
	return order != 0 ? order : number_cmp(a->field, b->field);
}

static int said_cmp(const void *x, const void *y)
{
	const struct said *a = x, *b = y;
	int order = field_cmp(a, b);

	if (order == 0)
		order = number_cmp(a->log == LOG_PENDING, b->log == LOG_PENDING);
	if (order == 0)
		order = number_cmp(a->edited, b->edited);
	if (order == 0)
		order = memcmp(a->commit.bytes, b->commit.bytes, sizeof(a->commit.bytes));
	return order != 0 ? order : number_cmp(a->index, b->index);
}

void conflict_sort(struct said *list, size_t count)
{
	if (count > 1)
		qsort(list, count, sizeof(*list), said_cmp);
}

static bool is_borne(const struct said *list, size_t count, es_stamp edited)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].edited == edited)
			return true;
	return false;
}

/* The one at `at` of one field's changes: has a later one taken it into account? */
static bool is_known(const struct said *list, size_t count, size_t at)
{
	const struct said *x = &list[at];

	for (size_t i = at + 1; i < count; i++) {
		const struct said *later = &list[i];

		if (later->log == x->log || later->base == x->edited || slice_eq(later->value, x->value))
			return true;
		if (later->base > x->edited && !is_borne(list, count, later->base))
			return true;
	}
	return false;
}

static bool each_of_field(const struct said *list, size_t count,
			  bool (*each)(void *ctx, const struct said *stands, const struct said *other), void *ctx)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (list[i].log != LOG_PENDING && !is_known(list, count, i) && !each(ctx, &list[count - 1], &list[i]))
			return false;
	return true;
}

void conflict_each(const struct said *list, size_t count,
		   bool (*each)(void *ctx, const struct said *stands, const struct said *other), void *ctx)
{
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && field_cmp(&list[i], &list[end]) == 0;)
			end++;
		if (!each_of_field(list + i, end - i, each, ctx))
			return;
	}
}
