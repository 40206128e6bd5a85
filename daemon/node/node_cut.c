/* SPDX-License-Identifier: Apache-2.0
 *
 * Cuts (L4, L6, L9, L19): what lies beyond one does not count. What is ours goes
 * back to the outbox, in the same transaction; what is another's is kept aside to
 * be given back to its author. Nowhere else is a signed commit given up. */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

/* --- ours: back to the outbox --- */

struct taken {
	struct id16 *salts;
	struct outbox_edit *edits;
	size_t *at, *len; /* of their bytes */
	size_t count, room;
	struct buf bytes;
};

static bool widen(struct taken *t)
{
	size_t room = t->room ? 2 * t->room : 64;
	struct id16 *salts = realloc(t->salts, room * sizeof *salts);
	struct outbox_edit *edits = realloc(t->edits, room * sizeof *edits);
	size_t *at = realloc(t->at, room * sizeof *at);

	t->salts = salts ? salts : t->salts;
	t->edits = edits ? edits : t->edits;
	t->at = at ? at : t->at;
	if (!salts || !edits || !at)
		return false;
	t->room = room;
	return true;
}

static struct outbox_edit edit_of(enum scope scope, const struct change *ch, const struct payload *y)
{
	return (struct outbox_edit){.scope = scope, .record = ch->record, .kind = ch->kind, .edited = ch->edited,
				    .salt = y->salt, .change = y->change};
}

static enum es_err note_changes(struct taken *t, enum scope scope, const struct packed *p)
{
	struct change ch;

	for (uint32_t i = 0; i < p->count; i++) {
		const struct payload *y = &p->payload[i];

		if (!y->present || change_read(y->change, &ch) != ES_OK || ch.control)
			continue;
		if (t->count == t->room && !widen(t))
			return ES_NOMEM;
		t->salts[t->count] = y->salt;
		t->at[t->count] = t->bytes.len;
		t->edits[t->count++] = edit_of(scope, &ch, y); /* its bytes: put_back knows where */
		buf_add(&t->bytes, y->change.p, y->change.len);
	}
	return buf_err(&t->bytes);
}

/* An answer, a receipt or a request that its log lost is asked for or derived anew
 * where it still counts; an edit goes back as it was. */
static enum es_err put_back(struct node *n, struct taken *t)
{
	bool *held = calloc(t->count + 1, sizeof *held);
	enum es_err err = held ? ES_OK : ES_NOMEM;

	if (err == ES_OK)
		err = journal_find_salts(n->journal, &n->frontier, &n->hub, t->salts, t->count, held);
	for (size_t i = 0; i < t->count && err == ES_OK; i++) {
		struct outbox_edit *e = &t->edits[i];

		if (held[i] || e->edited <= rights_forgotten(&n->rights, &e->record, e->kind))
			continue;
		e->change.p = t->bytes.p + t->at[i];
		err = journal_outbox_add(n->journal, e);
		if (e->edited > n->last_edited)
			n->last_edited = e->edited;
	}
	free(held);
	return err;
}

static void taken_init(struct taken *t)
{
	memset(t, 0, sizeof *t);
	buf_init(&t->bytes, (size_t)1 << 30);
}

static void taken_done(struct taken *t)
{
	free(t->salts);
	free(t->edits);
	free(t->at);
	buf_done(&t->bytes);
}

enum es_err node_take_back(struct node *n, enum scope scope, const struct packed *p)
{
	struct taken t;

	taken_init(&t);
	enum es_err err = note_changes(&t, scope, p);
	if (err == ES_OK)
		err = put_back(n, &t);
	taken_done(&t);
	return err;
}

/* --- what is dropped --- */

struct dropping {
	struct node *n;
	const struct head *h;
	bool own, revoked;
	struct taken taken;
};

static enum es_err drop_one(void *ctx, const struct commit *c, const struct packed *p)
{
	struct dropping *d = ctx;
	struct buf packed;

	if (d->own)
		return PLANT(void_not_taken_back) ? ES_OK : note_changes(&d->taken, d->h->scope, p);
	if (d->revoked || PLANT(void_not_given_back))
		return ES_OK;
	buf_init(&packed, COMMIT_PACKED_MAX);
	commit_pack(p->header, &p->sig, p->payload, p->count, &packed);
	enum es_err err = buf_err(&packed);
	if (err == ES_OK)
		err = journal_void_put(d->n->journal, &d->h->hub, &c->id, buf_slice(&packed));
	buf_done(&packed);
	return err;
}

enum es_err node_truncate(struct node *n, uint32_t index, uint64_t after)
{
	struct head *h = &n->frontier.heads[index];
	const struct member *m = rights_member(&n->rights, &h->hub);
	struct dropping d = {.n = n, .h = h, .own = id_eq(&h->hub, &n->hub), .revoked = m && m->state == MEMBER_REVOKED};
	enum es_err err;

	if (after >= h->seq)
		return ES_OK;
	taken_init(&d.taken);
	err = journal_drop_after(n->journal, index, after, drop_one, &d);
	if (err == ES_OK)
		err = journal_ask_cut(n->journal, &h->log, after);
	if (err == ES_OK)
		err = journal_head(n->journal, index, h);
	if (err == ES_OK && h->acked > h->seq) {
		h->acked = h->seq;
		h->acked_id = h->id;
		err = journal_update_log(n->journal, &n->frontier, index);
	}
	if (err == ES_OK && d.own)
		err = put_back(n, &d.taken); /* once they are gone: "unless a log of its own holds them" */
	taken_done(&d.taken);
	n->grew = n->derive = true;
	if (d.own)
		n->confirmed = false;
	log_event(LOG_NOTE, "log.cut", "log=%u after=%llu own=%d", index, (unsigned long long)after, d.own);
	return err;
}

/* A fork that a cut at or below its first commit has settled. */
static void settle_fork(struct node *n, struct head *h, const struct open_log *log)
{
	if (h->blocked == ES_FORK && log->cut_seq < h->blocked_seq) {
		h->blocked = ES_OK;
		h->blocked_seq = 0;
		n->grew = true;
	}
}

static enum es_err apply_cut(struct node *n, uint32_t index, const struct open_log *log)
{
	struct head *h = &n->frontier.heads[index];
	enum es_err err = ES_OK;
	struct hash ours;

	if (h->blocked == ES_FORK && log->cut_seq >= h->blocked_seq) {
		/* The cut names one branch of a fork: without the other's the log is whole again. */
		if (!journal_commit_id(n->journal, index, log->cut_seq, &ours) || !hash_eq(&ours, &log->cut_id))
			err = node_truncate(n, index, h->blocked_seq - 1);
		else
			err = node_refold_from(n, index, h->blocked_seq); /* what stood aside counts again */
		h->blocked = ES_OK;
		h->blocked_seq = 0;
		n->grew = true;
	}
	if (err == ES_OK && h->seq > log->cut_seq)
		err = node_truncate(n, index, log->cut_seq + (PLANT(cut_off_by_one) ? 1 : 0));
	settle_fork(n, h, log);
	return err;
}

enum es_err node_apply_cuts(struct node *n)
{
	enum es_err err = ES_OK;

	for (uint32_t i = 1; i < n->frontier.count && err == ES_OK; i++) {
		const struct open_log *log = n->frontier.heads[i].scope == SCOPE_LOCAL
						     ? NULL : rights_log(&n->rights, &n->frontier.heads[i].log);

		if (log && log->cut)
			err = apply_cut(n, i, log);
	}
	return err;
}

/* --- a hand-over --- */

static bool is_edit_of(const struct node *n, const struct tenure *t, const struct change *ch)
{
	return ch->op == OP_PUT && ch->kind == t->kind && memcmp(ch->record.bytes, t->record.bytes, 32) == 0 &&
	       ch->edited > rights_forgotten(&n->rights, &t->record, t->kind);
}

static enum es_err put_back_of(struct node *n, const struct tenure *t, enum scope scope, const struct packed *p)
{
	enum es_err err = ES_OK;
	struct change ch;

	for (uint32_t i = 0; i < p->count && err == ES_OK; i++) {
		const struct payload *y = &p->payload[i];
		struct outbox_edit e;

		if (!y->present || change_read(y->change, &ch) != ES_OK || !is_edit_of(n, t, &ch))
			continue;
		e = edit_of(scope, &ch, y);
		err = journal_outbox_add(n->journal, &e);
	}
	return err;
}

static enum es_err log_left_out(struct node *n, const struct tenure *t, uint32_t index)
{
	static _Thread_local struct packed p;
	const struct head *h = &n->frontier.heads[index];
	enum es_err err = ES_OK;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	for (uint64_t seq = rights_tenure_cut(t, &h->log) + 1; seq <= h->seq && err == ES_OK; seq++) {
		buf_clear(&bytes);
		err = node_read_commit(n, index, seq, &bytes, &p);
		if (err == ES_OK)
			err = put_back_of(n, t, h->scope, &p);
	}
	buf_done(&bytes);
	return err;
}

enum es_err node_left_out(struct node *n, const struct tenure *t)
{
	enum es_err err = ES_OK;

	if (!id_eq(&t->from, &n->hub) || n->role == ROLE_CRESS || PLANT(edit_after_offer))
		return ES_OK;
	for (uint32_t i = 1; i < n->frontier.count && err == ES_OK; i++)
		if (n->frontier.heads[i].scope != SCOPE_LOCAL && id_eq(&n->frontier.heads[i].hub, &n->hub))
			err = log_left_out(n, t, i);
	return err;
}

struct log_cut node_cut_here(const struct head *h, const struct open_log *log)
{
	if (h->seq < log->checkpoint)
		return (struct log_cut){.log = h->log, .seq = log->checkpoint, .id = log->checkpoint_id};
	return (struct log_cut){.log = h->log, .seq = h->seq, .id = h->id};
}

/* Where we hold of a log what nobody else may take (its author alone says that there is
 * nothing more), and no checkpoint has made it final: below that. */
static void cut_below_hole(struct node *n, uint32_t index, const struct open_log *log, struct log_cut *cut)
{
	uint64_t hole = journal_hole_of(n->journal, &cut->log);

	if (hole == 0 || hole > cut->seq || hole <= log->checkpoint)
		return;
	cut->seq = hole - 1;
	if (cut->seq > 0 && !journal_commit_id(n->journal, index, cut->seq, &cut->id))
		cut->seq = 0;
}

struct log_cut node_cut_whole(struct node *n, uint32_t index, const struct open_log *log)
{
	struct log_cut cut = node_cut_here(&n->frontier.heads[index], log);

	cut_below_hole(n, index, log, &cut);
	return cut;
}

bool node_may_cut(struct node *n, const struct head *h, const struct log_cut *cut)
{
	if (rights_may_cut(&n->rights, cut))
		return true;
	const struct open_log *log = rights_log(&n->rights, &h->log);
	if (log && h->seq >= log->checkpoint)
		node_astray(n, &h->log, log->checkpoint);
	return false;
}

enum es_err node_cuts_of(struct node *n, const struct id16 *hub, struct log_cut **out, size_t *count)
{
	struct log_cut *list = calloc(n->frontier.count + 1, sizeof *list);

	bool good = true;

	if (!list)
		return ES_NOMEM;
	*count = 0;
	for (uint32_t i = 1; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];
		const struct open_log *log = rights_log(&n->rights, &h->log);

		if (!log || h->scope == SCOPE_LOCAL || !id_eq(&h->hub, hub))
			continue;
		struct log_cut cut = node_cut_here(h, log);
		if (log->cut) { /* a closed generation: home may not hold it whole yet (L19) */
			cut.seq = log->cut_seq;
			cut.id = log->cut_id;
		}
		cut_below_hole(n, i, log, &cut);
		good = node_may_cut(n, h, &cut) && good;
		if (cut.seq > 0)
			list[(*count)++] = cut;
	}
	if (!good) {
		free(list);
		return ES_NOT_ALLOWED;
	}
	*out = list;
	return ES_OK;
}
