/* SPDX-License-Identifier: Apache-2.0
 *
 * What we proposed or offered and another hub refused. It is told until it is set aside; that is
 * this node's own note, and nobody else's. */
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/request.h"

#define ASIDE "refus_ecartes" /* numbers, 8 bytes each */
#define ASIDE_MAX (2 * REFUSALS_MAX) /* what is dropped is older than all that is told */

struct refusing {
	struct node *n;
	bool (*each)(void *ctx, const struct refusal *r);
	void *ctx;
	uint8_t aside[8 * ASIDE_MAX];
	size_t count;
	enum es_err err;
};

static void read_aside(struct refusing *r)
{
	struct buf b;

	buf_init_fixed(&b, r->aside, sizeof r->aside);
	r->count = journal_get(r->n->journal, ASIDE, &b) && buf_err(&b) == ES_OK ? b.len / 8 : 0;
}

static bool is_aside(const struct refusing *r, int64_t no)
{
	for (size_t i = 0; i < r->count; i++)
		if ((int64_t)be_read(r->aside + 8 * i, 8) == no)
			return true;
	return false;
}

/* Withdrawn by ourselves, or the record is ours by now: nobody has refused us anything. */
static bool is_refused(const struct refusing *r, const struct ask *a, const struct head *by)
{
	struct id16 steward = rights_steward(&r->n->rights, &a->record, a->kind);
	bool ours = a->op == OP_PROPOSE && id_eq(&steward, &r->n->hub);

	return by && !id_eq(&by->hub, &r->n->hub) && !ours && !is_aside(r, a->no);
}

/* A record is offered to a hub; what is proposed concerns whoever tends it now. */
static struct id16 meant_for(const struct refusing *r, const struct ask *a)
{
	return a->op == OP_STEWARD ? a->to : rights_steward(&r->n->rights, &a->record, a->kind);
}

static bool tell(void *ctx, const struct ask *a)
{
	struct refusing *r = ctx;
	const struct head *by = frontier_find(&r->n->frontier, &a->answer.log);
	struct answer answer;
	struct change ch;
	struct buf bytes;
	bool on = true;

	if (!is_refused(r, a, by))
		return true;
	buf_init(&bytes, COMMIT_PACKED_MAX);
	r->err = node_change_at(r->n, &a->answer, &bytes, &ch);
	if (r->err == ES_OK && answer_decode(ch.fields, &answer) == ES_OK) {
		struct refusal told = {.no = a->no, .op = a->op, .at = a->at, .record = a->record, .kind = a->kind, .by = by->hub,
				       .to = meant_for(r, a), .said = ch.edited, .why = answer.why};

		on = r->each(r->ctx, &told);
	}
	buf_done(&bytes);
	if (r->err == ES_NOT_FOUND) /* forgotten since */
		r->err = ES_OK;
	return on && r->err == ES_OK;
}

enum es_err node_refusals(struct node *n, bool (*each)(void *ctx, const struct refusal *r), void *ctx)
{
	struct refusing r = {.n = n, .each = each, .ctx = ctx};
	enum es_err err;

	read_aside(&r);
	err = journal_ask_refused(n->journal, &n->hub, REFUSALS_MAX, tell, &r);
	return err != ES_OK ? err : r.err;
}

static size_t smallest(const struct refusing *r)
{
	size_t at = 0;

	for (size_t i = 1; i < r->count; i++)
		if (memcmp(r->aside + 8 * i, r->aside + 8 * at, 8) < 0)
			at = i;
	return at;
}

enum es_err node_refusal_aside(struct node *n, int64_t no)
{
	struct refusing r = {.n = n};
	struct ask a;

	read_aside(&r);
	if (!journal_ask_no(n->journal, no, &a) || a.state != ASK_REFUSED || !id_eq(&a.from, &n->hub))
		return ES_NOT_FOUND;
	if (is_aside(&r, no))
		return ES_OK;
	size_t at = r.count < ASIDE_MAX ? r.count++ : smallest(&r);
	be_write(r.aside + 8 * at, (uint64_t)no, 8);
	n->asides++;
	return journal_set(n->journal, ASIDE, SLICE(r.aside, 8 * r.count));
}
