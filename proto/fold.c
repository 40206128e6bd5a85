/* SPDX-License-Identifier: Apache-2.0
 *
 * A state is kept in one order only: sealed groups by (scope, edited, commit,
 * index), then pending ones by (scope, edited, salt), fields ascending in
 * each. So equal layers are equal bytes, and a scope's hash is taken over its
 * groups as they lie. */
#include "proto/fold.h"

#include <stdlib.h>
#include <string.h>

#include "proto/canon.h"

#define GROUP_PARTS 6
#define GROUPS_AT_HAND 16
#define GROUP_BYTES_MIN 6
/* Fields looked at in one pass over the groups when a state is shown. */
#define WINDOW 128

struct group {
	struct fold_change c;
	struct slice raw;
	bool gone;
	uint32_t lost; /* fields taken from it by the new change */
};

struct merge {
	struct group *groups;
	size_t count;
	struct group *heap;
	struct group at_hand[GROUPS_AT_HAND];
	/* The new change, and which of its fields stand. */
	const struct fold_change *c;
	uint32_t fields;
	unsigned no[CHANGE_FIELDS_MAX];
	struct slice value[CHANGE_FIELDS_MAX];
	bool beaten[CHANGE_FIELDS_MAX];
};

/* All but the fields, which begin where the reader then stands. */
static void read_group_head(struct canon_reader *r, struct group *g)
{
	*g = (struct group){0};
	if (canon_read_array(r, GROUP_PARTS) != GROUP_PARTS && r->err == ES_OK)
		r->err = ES_DAMAGED;
	g->c.scope = (enum scope)canon_read_u64(r, SCOPE_COUNT - 1);
	g->c.edited = canon_read_u64(r, STAMP_MAX);
	g->c.pending = canon_peek(r) == CANON_NIL;
	if (g->c.pending)
		canon_read_nil(r);
	else
		canon_read_exact(r, g->c.commit.bytes, sizeof(g->c.commit.bytes));
	g->c.index = (unsigned)canon_read_u64(r, UINT32_MAX);
	if (g->c.pending)
		canon_read_exact(r, g->c.salt.bytes, sizeof(g->c.salt.bytes));
	else
		canon_read_nil(r);
}

static bool read_group(struct canon_reader *r, struct group *g)
{
	struct slice whole = r->rest;
	size_t fields;

	read_group_head(r, g);
	fields = r->err == ES_OK ? change_extent(r->rest) : 0;
	g->c.fields = SLICE(r->rest.p, fields);
	r->rest = SLICE(r->rest.p + fields, r->rest.len - fields);
	g->raw = SLICE(whole.p, whole.len - r->rest.len);
	return fields > 0;
}

static void write_group_head(struct buf *out, const struct fold_change *c, uint32_t fields)
{
	canon_array(out, GROUP_PARTS);
	canon_u64(out, c->scope);
	canon_u64(out, c->edited);
	if (c->pending) {
		canon_nil(out);
		canon_u64(out, 0);
		canon_bin(out, c->salt.bytes, sizeof(c->salt.bytes));
	} else {
		canon_bin(out, c->commit.bytes, sizeof(c->commit.bytes));
		canon_u64(out, c->index);
		canon_nil(out);
	}
	canon_map(out, fields);
}

static int number_cmp(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Which of two changes of one class and scope stands. */
static int stamp_cmp(const struct fold_change *a, const struct fold_change *b)
{
	int order = number_cmp(a->edited, b->edited);

	if (order == 0 && a->pending)
		return memcmp(a->salt.bytes, b->salt.bytes, sizeof(a->salt.bytes));
	if (order == 0)
		order = memcmp(a->commit.bytes, b->commit.bytes, sizeof(a->commit.bytes));
	return order != 0 ? order : number_cmp(a->index, b->index);
}

static int group_cmp(const struct fold_change *a, const struct fold_change *b)
{
	if (a->pending != b->pending)
		return a->pending ? 1 : -1;
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	return stamp_cmp(a, b);
}

static enum es_err merge_read_change(struct merge *m, const struct fold_change *c)
{
	struct field_walk w = field_walk_start(c->fields);

	m->c = c;
	m->fields = 0;
	if (w.left > CHANGE_FIELDS_MAX)
		return ES_TOO_LARGE;
	while (field_walk_next(&w, &m->no[m->fields], &m->value[m->fields]))
		m->beaten[m->fields++] = false;
	return ES_OK;
}

static enum es_err merge_read_state(struct merge *m, struct slice state)
{
	struct canon_reader r;
	uint32_t count;

	canon_read_init(&r, state);
	count = canon_read_array(&r, UINT32_MAX);
	if (r.err != ES_OK || count > state.len / GROUP_BYTES_MIN)
		return ES_DAMAGED;
	m->groups = m->at_hand;
	if (count > GROUPS_AT_HAND)
		m->groups = m->heap = malloc(count * sizeof(*m->heap));
	if (m->groups == NULL)
		return ES_NOMEM;
	for (m->count = 0; m->count < count; m->count++)
		if (!read_group(&r, &m->groups[m->count]))
			return ES_DAMAGED;
	return canon_at_end(&r) ? ES_OK : ES_DAMAGED;
}

/* The fields both name go to the greater stamp. */
static void merge_contest(struct merge *m, struct group *g)
{
	struct field_walk w = field_walk_start(g->c.fields);
	uint32_t total = w.left, i = 0;
	bool newer = stamp_cmp(m->c, &g->c) > 0;
	struct slice value;
	unsigned no;

	while (field_walk_next(&w, &no, &value)) {
		while (i < m->fields && m->no[i] < no)
			i++;
		if (i == m->fields || m->no[i] != no)
			continue;
		if (newer)
			g->lost++;
		else
			m->beaten[i] = true;
	}
	g->gone = g->lost == total;
}

static void merge_group(struct merge *m, struct group *g)
{
	const struct fold_change *c = m->c;
	bool same_edit = g->c.pending && memcmp(g->c.salt.bytes, c->salt.bytes, sizeof(c->salt.bytes)) == 0;

	if (c->pending && g->c.pending && g->c.scope == c->scope && g->c.edited == c->edited)
		same_edit = true;
	if (same_edit)
		g->gone = true;
	else if (g->c.pending == c->pending && g->c.scope == c->scope)
		merge_contest(m, g);
}

static void write_remaining(struct buf *out, const struct merge *m, const struct group *g)
{
	struct field_walk w = field_walk_start(g->c.fields);
	struct slice value;
	unsigned no;
	uint32_t i = 0;

	if (g->lost == 0) {
		buf_add(out, g->raw.p, g->raw.len);
		return;
	}
	write_group_head(out, &g->c, w.left - g->lost);
	while (field_walk_next(&w, &no, &value)) {
		while (i < m->fields && m->no[i] < no)
			i++;
		if (i < m->fields && m->no[i] == no)
			continue;
		canon_u64(out, no);
		buf_add(out, value.p, value.len);
	}
}

static uint32_t merge_standing(const struct merge *m)
{
	uint32_t standing = 0;

	for (uint32_t i = 0; i < m->fields; i++)
		standing += !m->beaten[i];
	return standing;
}

static void write_change(struct buf *out, const struct merge *m, uint32_t standing)
{
	write_group_head(out, m->c, standing);
	for (uint32_t i = 0; i < m->fields; i++) {
		if (m->beaten[i])
			continue;
		canon_u64(out, m->no[i]);
		buf_add(out, m->value[i].p, m->value[i].len);
	}
}

static void merge_write(const struct merge *m, struct buf *out)
{
	uint32_t standing = merge_standing(m);
	bool placed = standing == 0;
	uint32_t left = standing > 0;

	for (size_t i = 0; i < m->count; i++)
		left += !m->groups[i].gone;
	canon_array(out, left);
	for (size_t i = 0; i < m->count; i++) {
		const struct group *g = &m->groups[i];

		if (g->gone)
			continue;
		if (!placed && group_cmp(m->c, &g->c) < 0) {
			write_change(out, m, standing);
			placed = true;
		}
		write_remaining(out, m, g);
	}
	if (!placed)
		write_change(out, m, standing);
}

/* A record's first change is nearly every change: its map is copied whole. */
static enum es_err apply_first(const struct fold_change *c, struct buf *out)
{
	struct field_walk w = field_walk_start(c->fields);
	struct canon_reader r;

	if (w.left > CHANGE_FIELDS_MAX)
		return ES_TOO_LARGE;
	canon_array(out, w.left > 0);
	if (w.left > 0) {
		canon_read_init(&r, c->fields);
		canon_read_map(&r, CHANGE_FIELDS_MAX);
		write_group_head(out, c, w.left);
		buf_add(out, r.rest.p, r.rest.len);
	}
	return buf_err(out);
}

enum es_err fold_apply(struct slice state, const struct fold_change *c, struct buf *out)
{
	struct merge m;
	enum es_err err;

	if (state.len == 0)
		return apply_first(c, out);
	m.heap = NULL;
	err = merge_read_change(&m, c);
	if (err == ES_OK)
		err = merge_read_state(&m, state);
	if (err == ES_OK) {
		for (size_t i = 0; i < m.count; i++)
			merge_group(&m, &m.groups[i]);
		merge_write(&m, out);
		err = buf_err(out);
	}
	free(m.heap);
	return err;
}

/* Walks the groups of a state; false at the end and on damage. */
struct group_walk {
	struct canon_reader r;
	uint32_t left;
};

static struct group_walk group_walk_start(struct slice state)
{
	struct group_walk w = {0};

	canon_read_init(&w.r, state);
	if (state.len > 0)
		w.left = canon_read_array(&w.r, UINT32_MAX);
	return w;
}

static bool group_walk_next(struct group_walk *w, struct group *g)
{
	return w->left-- > 0 && read_group(&w->r, g);
}

static struct fold_value group_value(const struct group *g, struct slice value)
{
	return (struct fold_value){
		.value = value, .scope = g->c.scope, .edited = g->c.edited, .pending = g->c.pending
	};
}

/* Pending groups come last in a state: the last one met of a scope stands. */
struct fold_value fold_in_scope(struct slice state, unsigned field, enum scope scope)
{
	struct group_walk w = group_walk_start(state);
	struct fold_value stands = {0};
	struct group g;

	while (group_walk_next(&w, &g)) {
		struct slice value = SLICE_NONE;

		if (g.c.scope == scope)
			value = change_field(g.c.fields, field);
		if (value.len > 0)
			stands = group_value(&g, value);
	}
	return stands;
}

/* Of two equal stamps the narrower scope is shown: a narrowing edit puts nil in
 * the wider log and the value in the narrower one. */
struct fold_value fold_shown(struct slice state, unsigned field)
{
	struct fold_value shown = {0};

	for (unsigned s = SCOPE_CONTROL; s < SCOPE_COUNT; s++) {
		struct fold_value v = fold_in_scope(state, field, (enum scope)s);

		if (v.value.len > 0 && (shown.value.len == 0 || v.edited >= shown.edited))
			shown = v;
	}
	return shown;
}

static bool is_nil(struct slice value)
{
	return value.len == 1 && value.p[0] == 0xc0;
}

bool fold_sealed_in_scope(struct slice state, unsigned field, enum scope scope)
{
	struct group_walk w = group_walk_start(state);
	struct group g;

	while (group_walk_next(&w, &g)) {
		struct slice value = SLICE_NONE;

		if (g.c.scope == scope && !g.c.pending)
			value = change_field(g.c.fields, field);
		if (value.len > 0 && !is_nil(value))
			return true;
	}
	return false;
}

struct window {
	unsigned from, next; /* next: the smallest field beyond, or UINT_MAX */
	struct fold_value slot[WINDOW][SCOPE_COUNT];
	uint8_t have[WINDOW]; /* bit per scope */
};

static void window_add(struct window *w, const struct group *g)
{
	struct field_walk walk = field_walk_start(g->c.fields);
	struct slice value;
	unsigned no;

	while (field_walk_next(&walk, &no, &value)) {
		if (no < w->from)
			continue;
		if (no - w->from >= WINDOW) {
			w->next = no < w->next ? no : w->next;
			break;
		}
		w->slot[no - w->from][g->c.scope] = group_value(g, value);
		w->have[no - w->from] |= (uint8_t)(1u << g->c.scope);
	}
}

static const struct fold_value *window_shown(const struct window *w, unsigned i)
{
	const struct fold_value *shown = NULL;

	for (unsigned s = SCOPE_CONTROL; s < SCOPE_COUNT; s++)
		if (w->have[i] & 1u << s && (shown == NULL || w->slot[i][s].edited >= shown->edited))
			shown = &w->slot[i][s];
	return shown;
}

/* Nearly always: every field stands once, in the one group, which ends with them. */
static bool each_of_single(struct slice state, void (*each)(void *, unsigned, const struct fold_value *), void *ctx)
{
	struct group_walk w = group_walk_start(state);
	struct field_walk fields;
	struct group g;
	struct slice value;
	unsigned no;

	if (w.left != 1)
		return false;
	read_group_head(&w.r, &g);
	if (w.r.err != ES_OK)
		return true;
	fields = field_walk_start(w.r.rest);
	while (field_walk_next(&fields, &no, &value)) {
		struct fold_value v = group_value(&g, value);

		each(ctx, no, &v);
	}
	return true;
}

void fold_each(struct slice state, void (*each)(void *ctx, unsigned field, const struct fold_value *v), void *ctx)
{
	struct window w;

	if (each_of_single(state, each, ctx))
		return;
	for (w.next = 0; w.next != UINT32_MAX;) {
		struct group_walk groups = group_walk_start(state);
		struct group g;

		w.from = w.next;
		w.next = UINT32_MAX;
		memset(w.have, 0, sizeof(w.have));
		while (group_walk_next(&groups, &g))
			window_add(&w, &g);
		for (unsigned i = 0; i < WINDOW; i++)
			if (w.have[i])
				each(ctx, w.from + i, window_shown(&w, i));
	}
}

bool fold_deleted(struct slice state)
{
	struct slice value = fold_shown(state, FIELD_DELETED).value;

	return value.len == 1 && value.p[0] == 0xc3;
}

bool fold_hash(struct slice state, const struct record_id *record, unsigned kind, enum scope scope, struct hash *out)
{
	struct group_walk w = group_walk_start(state);
	struct slice run = SLICE_NONE;
	uint8_t head[sizeof(record->bytes) + 2];
	struct group g;

	/* The one group of most states is taken to its end without a walk. */
	if (w.left == 1) {
		run = w.r.rest;
		read_group_head(&w.r, &g);
		if (w.r.err != ES_OK || g.c.scope != scope || g.c.pending)
			return false;
		w.left = 0;
	}
	while (group_walk_next(&w, &g)) {
		if (g.c.scope != scope || g.c.pending)
			continue;
		if (run.len == 0)
			run.p = g.raw.p;
		run.len += g.raw.len;
	}
	if (run.len == 0)
		return false;
	memcpy(head, record->bytes, sizeof(record->bytes));
	be_write(head + sizeof(record->bytes), kind, 2);
	*out = crypto_hash2(HASH_BUCKET, SLICE(head, sizeof(head)), run);
	return true;
}

static void meet_group(const struct group *g, const struct fold_change *c, void (*each)(void *, unsigned), void *ctx)
{
	struct field_walk w = field_walk_start(c->fields);
	struct slice value, other;
	unsigned no;

	while (field_walk_next(&w, &no, &value)) {
		other = change_field(g->c.fields, no);
		if (other.len > 0 && !slice_eq(other, value))
			each(ctx, no);
	}
}

void fold_meets(struct slice state, const struct fold_change *c, es_stamp base,
		void (*each)(void *ctx, unsigned field), void *ctx)
{
	struct group_walk w = group_walk_start(state);
	struct group g;

	while (group_walk_next(&w, &g)) {
		int order = stamp_cmp(c, &g.c);

		if (!g.c.pending && g.c.scope == c->scope && order != 0 && !(order > 0 && g.c.edited == base))
			meet_group(&g, c, each, ctx);
	}
}

es_stamp fold_latest(struct slice state)
{
	struct group_walk w = group_walk_start(state);
	es_stamp latest = 0;
	struct group g;

	while (group_walk_next(&w, &g))
		if (g.c.edited > latest)
			latest = g.c.edited;
	return latest;
}

bool fold_newest(struct slice state, struct fold_change *out)
{
	struct group_walk w = group_walk_start(state);
	struct group g;
	bool any = false;

	while (group_walk_next(&w, &g)) {
		if (g.c.scope == SCOPE_LOCAL || (any && !g.c.pending && g.c.edited < out->edited))
			continue;
		*out = g.c;
		any = true;
	}
	return any;
}
