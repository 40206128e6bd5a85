/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests say of records on whole nodes: create, offer, answer, propose. */
#ifndef TESTS_DAEMON_RECORDS_H
#define TESTS_DAEMON_RECORDS_H

#include "proto/request.h"
#include "tests/daemon/nodes.h"

static inline enum es_err hand_over(struct nodes *w, struct party *from, unsigned number, struct party *to)
{
	struct id16 uid = uid_of(number), hub = to->n->hub;

	return STEP(w, from, node_hand_over(from->n, &uid, &hub));
}

struct inbox {
	struct inbox_item item;
	unsigned count;
};

static inline bool note_item(void *ctx, const struct inbox_item *i)
{
	struct inbox *in = ctx;

	in->item = *i;
	in->count++;
	return true;
}

static inline struct inbox inbox(struct party *p)
{
	struct inbox in = {.count = 0};

	assert_int_equal(node_inbox(p->n, note_item, &in), ES_OK);
	return in;
}

/* Answers the one thing in the inbox. */
static inline enum es_err answer(struct nodes *w, struct party *p, bool accept)
{
	struct inbox in = inbox(p);

	assert_int_equal(in.count, 1);
	return STEP(w, p, node_answer(p->n, in.item.no, accept, SLICE_NONE));
}

static inline bool is_steward(const struct party *as_seen_by, const struct party *creator, unsigned number, const struct party *hub)
{
	struct record_id id = record_of(creator, number);
	struct id16 steward = rights_steward(&as_seen_by->n->rights, &id, 1);

	return id_eq(&steward, &hub->n->hub);
}

static inline void create(struct nodes *w, struct party *p, unsigned number, const char *name)
{
	assert_int_equal(edit(w, p, number, "nom", name), ES_OK);
	visit_all(w);
}

/* Auray's record 1 becomes Vannes's. */
static inline void handed_over(struct nodes *w)
{
	create(w, &w->p[AURAY], 1, "Atelier");
	assert_int_equal(hand_over(w, &w->p[AURAY], 1, &w->p[VANNES]), ES_OK);
	visit_all(w);
	assert_int_equal(answer(w, &w->p[VANNES], true), ES_OK);
	visit_all(w);
}

static inline enum es_err propose(struct nodes *w, struct party *p, unsigned number, const char *field, const char *text)
{
	const struct schema_kind *k = schema_kind_named(slice_str("structure"));
	const struct schema_field *f = schema_field_named(k, slice_str(field));
	struct edit e = {.kind = k, .has_uid = true, .uid = uid_of(number)};
	struct findings findings = {0};
	struct edit_result result;
	uint8_t memory[1024];
	struct buf bytes;

	buf_init_fixed(&bytes, memory, sizeof memory);
	assert_true(value_parse(f, slice_str(text), &bytes, &findings));
	e.values[f->index] = buf_slice(&bytes);
	return STEP(w, p, node_propose(p->n, &e, &result));
}

static inline void send_requests(struct nodes *w, struct party *from, struct party *to)
{
	assert_int_equal(send_from(w, from, to, (uint32_t)(own_head(from, from, SCOPE_FEDERATION) - from->n->frontier.heads),
				   1, UINT64_MAX), ES_OK);
}

/* Home's disk is its last clone's from now on. */
static inline void go_back(struct nodes *w, struct party *copy)
{
	struct party *home = &w->p[CRESS];

	party_stop(home);
	party_stop(copy);
	memcpy(home->dir, copy->dir, sizeof home->dir);
	memcpy(home->path, copy->path, sizeof home->path);
	w->count--;
	party_start(w, home);
}

#endif
