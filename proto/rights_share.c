/* SPDX-License-Identifier: Apache-2.0
 *
 * Rights that say the same, held once; copied before one of them changes. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "proto/rights_parts.h"

struct list {
	size_t items, count, size;
};
#define LIST(items, count, type) {offsetof(struct rights, items), offsetof(struct rights, count), sizeof(struct type)}
static const struct list lists[] = {
	LIST(members, member_count, member),
	LIST(logs, log_count, open_log),
	LIST(invites, invite_count, invitation_entry),
	LIST(territories, territory_count, territory),
	LIST(charters, charter_count, hash),
	LIST(turns, turn_count, key_turn),
	LIST(ages, age_count, key_age),
	LIST(forgotten, forgotten_count, forgotten),
	LIST(voids, void_count, position3),
	LIST(erased, erased_count, position3),
	LIST(given_up, given_up_count, hash),
	LIST(tenures, tenure_count, tenure),
};
#define LISTS (sizeof lists / sizeof lists[0])
static const size_t tables[] = {
	offsetof(struct rights_index, members),	  offsetof(struct rights_index, ages_hub),
	offsetof(struct rights_index, ages_sign), offsetof(struct rights_index, ages_dh),
	offsetof(struct rights_index, logs),	  offsetof(struct rights_index, logs_of),
	offsetof(struct rights_index, invites),	  offsetof(struct rights_index, turns),
	offsetof(struct rights_index, tenures),	  offsetof(struct rights_index, forgotten),
	offsetof(struct rights_index, voids),
};

static void **items_of(const struct rights *r, const struct list *l)
{
	return (void **)((uintptr_t)r + l->items);
}

static size_t *count_of(const struct rights *r, const struct list *l)
{
	return (size_t *)((uintptr_t)r + l->count);
}

static struct table *table_of(const struct rights_index *x, size_t which)
{
	return (struct table *)((uintptr_t)x + tables[which]);
}

/* --- a copy --- */

static void *copy_of(const void *p, size_t room, size_t used)
{
	void *copy = malloc(room);

	return copy && used ? memcpy(copy, p, used) : copy;
}

/* With the room that rights_grow counts on: the next power of two. */
static bool copy_list(struct rights *to, const struct rights *from, const struct list *l)
{
	size_t n = *count_of(from, l), room = 1;

	if (n == 0)
		return true;
	while (room < n)
		room *= 2;
	*items_of(to, l) = copy_of(*items_of(from, l), room * l->size, n * l->size);
	*count_of(to, l) = *items_of(to, l) ? n : 0;
	return *items_of(to, l) != NULL;
}

static bool copy_cuts(struct rights *r)
{
	bool done = true;

	for (size_t i = 0; i < r->tenure_count; i++) {
		struct tenure *t = &r->tenures[i];
		size_t size = t->cut_count * sizeof *t->cuts;

		t->cuts = done && size ? copy_of(t->cuts, size, size) : NULL;
		done = done && (!size || t->cuts);
	}
	return done;
}

static bool copy_tables(struct rights_index *to, const struct rights_index *from)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		const struct table *a = table_of(from, i);
		struct table *b = table_of(to, i);

		if (a->cap == 0)
			continue;
		b->heads = copy_of(a->heads, a->cap * sizeof *a->heads, a->cap * sizeof *a->heads);
		b->links = copy_of(a->links, a->cap * sizeof *a->links, a->count * sizeof *a->links);
		if (!b->heads || !b->links)
			return false;
		b->cap = a->cap;
		b->count = a->count;
	}
	to->cress = from->cress;
	return true;
}

enum es_err rights_own(struct rights *r)
{
	struct rights own = *r;
	bool done;

	if (!r->index || r->index->others == 0)
		return ES_OK;
	for (size_t i = 0; i < LISTS; i++) {
		*items_of(&own, &lists[i]) = NULL;
		*count_of(&own, &lists[i]) = 0;
	}
	own.charter_text = r->charter_text ? strdup(r->charter_text) : NULL;
	own.index = calloc(1, sizeof *own.index);
	done = own.index && (own.charter_text || !r->charter_text) && copy_tables(own.index, r->index);
	for (size_t i = 0; i < LISTS && done; i++)
		done = copy_list(&own, r, &lists[i]);
	if (!copy_cuts(&own) || !done) {
		rights_done(&own);
		return ES_NOMEM;
	}
	r->index->others--;
	*r = own;
	return ES_OK;
}

/* --- shared --- */

static bool same_tenure(const struct tenure *a, const struct tenure *b)
{
	return memcmp(a->record.bytes, b->record.bytes, 32) == 0 && a->kind == b->kind && id_eq(&a->from, &b->from) &&
	       id_eq(&a->to, &b->to) && a->seq == b->seq && position_compare(&a->offer, &b->offer) == 0 &&
	       position_compare(&a->answer, &b->answer) == 0 && a->cut_count == b->cut_count &&
	       (a->cut_count == 0 || memcmp(a->cuts, b->cuts, a->cut_count * sizeof *a->cuts) == 0);
}

/* Bytes between members may differ by chance: then two copies stay two. */
static bool same_items(const struct rights *a, const struct rights *b, const struct list *l)
{
	size_t n = *count_of(a, l);
	bool same = n == *count_of(b, l);

	if (l->items != offsetof(struct rights, tenures))
		return same && (n == 0 || memcmp(*items_of(a, l), *items_of(b, l), n * l->size) == 0);
	for (size_t i = 0; i < n && same; i++)
		same = same_tenure(&a->tenures[i], &b->tenures[i]);
	return same;
}

static bool same_lists(const struct rights *a, const struct rights *b)
{
	for (size_t i = 0; i < LISTS; i++)
		if (!same_items(a, b, &lists[i]))
			return false;
	return true;
}

bool rights_share(struct rights *to, const struct rights *from)
{
	struct rights old = *to;

	if (!to->index || !from->index || to->index == from->index || !hash_eq(&to->id, &from->id))
		return to->index && to->index == from->index;
	if (!to->charter_text != !from->charter_text ||
	    (to->charter_text && strcmp(to->charter_text, from->charter_text) != 0) || !same_lists(to, from))
		return false;
	for (size_t i = 0; i < LISTS; i++)
		*items_of(to, &lists[i]) = *items_of(from, &lists[i]);
	to->charter_text = from->charter_text;
	to->index = from->index;
	to->index->others++;
	rights_done(&old);
	return true;
}
