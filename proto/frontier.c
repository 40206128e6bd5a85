/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frontier.h"
#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct frontier *f, const struct id16 *log)
{
	return (size_t)be_read(log->bytes, 8) & (f->slot_count - 1);
}

struct head *frontier_find(const struct frontier *f, const struct id16 *log)
{
	if (f->count > 0 && id_eq(&f->heads[0].log, log))
		return &f->heads[0];
	for (size_t at = f->slot_count ? slot_of(f, log) : 0; f->slot_count && f->slots[at]; at = (at + 1) & (f->slot_count - 1))
		if (id_eq(&f->heads[f->slots[at]].log, log))
			return &f->heads[f->slots[at]];
	return NULL;
}

static void take_slot(struct frontier *f, uint32_t index)
{
	size_t at = slot_of(f, &f->heads[index].log);

	while (f->slots[at])
		at = (at + 1) & (f->slot_count - 1);
	f->slots[at] = index;
}

/* At most half full. */
static bool widen(struct frontier *f)
{
	size_t n = f->slot_count ? 2 * f->slot_count : 16;
	uint32_t *more = calloc(n, sizeof *more);

	if (!more)
		return false;
	free(f->slots);
	f->slots = more;
	f->slot_count = n;
	for (uint32_t i = 1; i < f->count; i++)
		take_slot(f, i);
	return true;
}

struct head *frontier_add(struct frontier *f, const struct id16 *log, const struct id16 *hub,
			  enum scope scope, uint32_t generation)
{
	struct head *more = f->heads;

	if (2 * (f->count + 1) > f->slot_count && !widen(f))
		return NULL;
	if ((f->count & (f->count - 1)) == 0) /* a power of two: double */
		more = realloc(f->heads, (f->count ? 2 * f->count : 1) * sizeof *more);
	if (!more)
		return NULL;
	f->heads = more;
	struct head *h = &more[f->count++];
	memset(h, 0, sizeof *h);
	h->log = *log;
	h->hub = *hub;
	h->scope = scope;
	h->generation = generation;
	if (f->count > 1)
		take_slot(f, (uint32_t)f->count - 1);
	return h;
}

bool frontier_copy(struct frontier *to, const struct frontier *from)
{
	size_t room = 1;

	while (room < from->count)
		room *= 2;
	struct head *heads = realloc(to->heads, room * sizeof *heads);
	if (!heads)
		return false;
	to->heads = heads;
	uint32_t *slots = realloc(to->slots, (from->slot_count ? from->slot_count : 1) * sizeof *slots);
	if (!slots)
		return false;
	to->slots = slots;
	if (from->count)
		memcpy(heads, from->heads, from->count * sizeof *heads);
	if (from->slot_count)
		memcpy(slots, from->slots, from->slot_count * sizeof *slots);
	to->count = from->count;
	to->slot_count = from->slot_count;
	return true;
}

void frontier_done(struct frontier *f)
{
	free(f->heads);
	free(f->slots);
	memset(f, 0, sizeof *f);
}
