/* SPDX-License-Identifier: Apache-2.0
 *
 * From the outbox to signed commits. What is sealed here passes admission like
 * anybody's commit. */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "proto/request.h"

#define TICK_MS 60000

/* One commit in the making: the outbox rows it takes, and their bytes. */
struct sealing {
	struct node *n;
	enum scope scope;
	bool charter_first; /* until the charter in force is accepted nothing else goes */
	struct waiting_offer {
		es_stamp edited;
		struct record_id record;
	} *offers; /* hand-overs that wait in the outbox */
	size_t offer_count;
	enum es_err err;
	es_stamp greatest; /* edited stamp in this commit */
	int64_t edits[COMMIT_CHANGES_MAX];
	unsigned edit_count; /* rows taken, withdrawn ones included */
	uint32_t count;
	size_t at[COMMIT_CHANGES_MAX];
	struct payload payload[COMMIT_CHANGES_MAX];
	struct buf changes;
	bool full;
};

static void add_change(struct sealing *s, const struct outbox_edit *e, bool propose)
{
	struct payload *y = &s->payload[s->count];

	y->present = true;
	y->salt = e->salt;
	y->change.len = e->change.len;
	s->at[s->count++] = s->changes.len;
	buf_add(&s->changes, e->change.p, e->change.len);
	if (propose && s->changes.p) /* op, the array's first item: one byte */
		s->changes.p[s->at[s->count - 1] + 1] = OP_PROPOSE;
	if (e->edited > s->greatest)
		s->greatest = e->edited;
}

/* What becomes of an edit when its turn comes. */
enum fate { FATE_SEAL, FATE_PROPOSE, FATE_DROP, FATE_WAIT };

/* An offer in the outbox holds back what was edited after it (L18), wherever it lies
 * there: what a cut has given back was edited before. */
static bool waits_for_offer(const struct sealing *s, const struct outbox_edit *e)
{
	if (PLANT(edit_after_offer) || PLANT(steward_without_cut))
		return false;
	for (size_t i = 0; i < s->offer_count; i++)
		if (s->offers[i].edited < e->edited && memcmp(s->offers[i].record.bytes, e->record.bytes, 32) == 0)
			return true;
	return node_is_offered(s->n, &e->record, e->kind);
}

static enum fate fate_of_put(const struct sealing *s, const struct outbox_edit *e)
{
	const struct node *n = s->n;
	struct id16 steward = rights_steward(&n->rights, &e->record, e->kind);

	if (e->edited <= rights_forgotten(&n->rights, &e->record, e->kind) && !PLANT(outbox_not_purged) && !PLANT(dedup_by_salt_only))
		return FATE_DROP;
	if (!id_eq(&steward, &n->hub))
		return PLANT(lost_record_sealed_as_put) ? FATE_SEAL : FATE_PROPOSE; /* L20 */
	return waits_for_offer(s, e) ? FATE_WAIT : FATE_SEAL;
}

/* We have ordered since that it be forgotten. */
static bool is_to_be_forgotten(const struct node *n, const struct outbox_edit *e)
{
	for (size_t i = 0; i < n->order_count; i++)
		if (n->orders[i].kind == e->kind && e->edited <= n->orders[i].upto &&
		    memcmp(n->orders[i].record.bytes, e->record.bytes, 32) == 0)
			return true;
	return false;
}

static enum fate fate_of_request(const struct sealing *s, const struct outbox_edit *e, const struct change *ch)
{
	struct request_body q;

	if (request_decode(ch->fields, &q) != ES_OK)
		return FATE_DROP;
	if (q.op == OP_STEWARD) {
		struct id16 steward = rights_steward(&s->n->rights, &e->record, e->kind);

		if (!id_eq(&steward, &s->n->hub) || is_to_be_forgotten(s->n, e)) /* L20 */
			return FATE_DROP;
	}
	/* Home holds all we signed before: what it cuts at is then all there is. */
	return q.op == OP_FORGET || node_all_acked(s->n) ? FATE_SEAL : FATE_WAIT;
}

static enum fate fate_of(const struct sealing *s, const struct outbox_edit *e)
{
	struct seat_request seat;
	struct change ch;

	if (e->change.len == 0)
		return FATE_DROP;
	if (s->scope == SCOPE_LOCAL)
		return FATE_SEAL;
	if (change_read(e->change, &ch) != ES_OK)
		return FATE_WAIT;
	if (s->charter_first && ch.kind != KIND_ACCEPTATION_CHARTE)
		return FATE_WAIT;
	switch (ch.op) {
	case OP_PUT:
		return fate_of_put(s, e);
	case OP_REQUEST:
		return fate_of_request(s, e, &ch);
	case OP_PROPOSE: {
		struct id16 steward = rights_steward(&s->n->rights, &e->record, e->kind);

		bool ours = id_eq(&steward, &s->n->hub) && !node_asks_seats(&ch, &seat);

		return e->edited <= rights_forgotten(&s->n->rights, &e->record, e->kind) || ours ? FATE_DROP : FATE_SEAL;
	}
	default:
		return FATE_SEAL;
	}
}

static bool take_edit(void *ctx, const struct outbox_edit *e)
{
	struct sealing *s = ctx;

	if (s->edit_count == COMMIT_CHANGES_MAX || s->count == COMMIT_CHANGES_MAX ||
	    s->changes.len + e->change.len + 64 > COMMIT_BYTES_MAX) {
		s->full = true;
		return false;
	}
	enum fate fate = fate_of(s, e);
	if (fate == FATE_WAIT)
		return true;
	s->edits[s->edit_count++] = e->edit;
	if (fate != FATE_DROP)
		add_change(s, e, fate == FATE_PROPOSE);
	if (fate == FATE_PROPOSE || (fate == FATE_DROP && e->change.len > 0)) /* what was shown as ours is no more */
		s->err = journal_refold(s->n->journal, &e->record);
	return s->err == ES_OK && buf_err(&s->changes) == ES_OK;
}

/* Offers that wait in the outbox. */
static bool note_offer(void *ctx, const struct outbox_edit *e)
{
	struct sealing *s = ctx;
	struct request_body q;
	struct change ch;

	if (e->change.len > 2 && e->change.p[1] == OP_REQUEST && change_read(e->change, &ch) == ES_OK &&
	    request_decode(ch.fields, &q) == ES_OK && q.op == OP_STEWARD) {
		struct waiting_offer *more = realloc(s->offers, (s->offer_count + 1) * sizeof *more);

		if (!more) {
			s->err = ES_NOMEM;
			return false;
		}
		s->offers = more;
		s->offers[s->offer_count++] = (struct waiting_offer){.edited = e->edited, .record = e->record};
	}
	return true;
}

/* Header over the payload, signed, through the door. */
enum es_err node_close_commit(struct node *n, uint32_t index, const struct id16 *log, const struct hash *prev,
			      const struct payload *payload, uint32_t count, es_stamp greatest)
{
	static _Thread_local struct commit c;
	static _Thread_local struct packed p;
	const struct head *h = &n->frontier.heads[index], *control = &n->frontier.heads[0];
	struct buf header;
	enum es_err err;

	memset(&c, 0, offsetof(struct commit, digests));
	c.fed_id = n->rights.fed_id;
	c.log_id = *log;
	c.seq = h->seq + 1;
	c.prev_id = h->seq > 0 ? h->id : *prev;
	c.hlc = stamp_next(n->utc, h->hlc, greatest > 0 ? greatest - 1 : 0);
	c.has_ctl = index == 0 || node_member(n);
	c.ctl_seq = control->seq;
	c.ctl_id = index == 0 ? c.prev_id : control->id;
	c.key_epoch = n->epoch;
	c.count = count;
	for (uint32_t i = 0; i < count; i++) {
		c.digests[i].digest = crypto_hash_salted(HASH_CHANGE, &payload[i].salt, payload[i].change);
		c.digests[i].length = (uint32_t)payload[i].change.len;
	}
	buf_init(&header, COMMIT_HEADER_MAX);
	commit_encode(&c, &header);
	err = buf_err(&header);
	p.header = buf_slice(&header);
	p.sig = commit_sign(p.header, &n->keys.sign_secret);
	p.count = count;
	memcpy(p.payload, payload, count * sizeof *payload);
	if (err == ES_OK)
		err = node_admit(n, index, NULL, &c, &p);
	buf_done(&header);
	return err;
}

static const struct hash *first_prev(const struct node *n, uint32_t index)
{
	const struct head *h = &n->frontier.heads[index];
	const struct open_log *open;

	if (h->scope == SCOPE_CONTROL || h->scope == SCOPE_LOCAL)
		return &n->rights.fed_id;
	open = rights_log(&n->rights, &h->log);
	return open ? &open->opened_by : NULL;
}

/* One commit of `scope` from the outbox; *done: nothing is left. */
static enum es_err seal_one(struct node *n, uint32_t index, bool *done)
{
	struct sealing *s = calloc(1, sizeof *s);
	const struct hash *prev = first_prev(n, index);
	enum es_err err;

	if (!s)
		return ES_NOMEM;
	s->n = n;
	s->scope = n->frontier.heads[index].scope;
	s->charter_first = s->scope != SCOPE_LOCAL && n->role != ROLE_CRESS && !node_charter_accepted(n, &n->hub);
	buf_init(&s->changes, COMMIT_BYTES_MAX + 65536);
	err = s->scope == SCOPE_LOCAL ? ES_OK : journal_outbox_each(n->journal, SCOPE_FEDERATION, NULL, 0, note_offer, s);
	if (err == ES_OK)
		err = s->err;
	if (err == ES_OK)
		err = journal_outbox_each(n->journal, s->scope, NULL, 0, take_edit, s);
	if (err == ES_OK)
		err = s->err != ES_OK ? s->err : buf_err(&s->changes);
	for (uint32_t i = 0; i < s->count; i++)
		s->payload[i].change.p = s->changes.p + s->at[i];
	if (err == ES_OK && s->count > 0 && prev)
		err = node_close_commit(n, index, &n->frontier.heads[index].log, prev, s->payload, s->count, s->greatest);
	for (unsigned i = 0; i < s->edit_count && err == ES_OK; i++)
		err = journal_outbox_remove(n->journal, s->edits[i]);
	*done = !s->full;
	buf_done(&s->changes);
	free(s->offers);
	free(s);
	return err;
}

bool node_all_acked(const struct node *n)
{
	for (uint32_t i = 1; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];

		if (h->scope != SCOPE_LOCAL && id_eq(&h->hub, &n->hub) && h->acked != h->seq)
			return n->role == ROLE_CRESS;
	}
	return true;
}

/* May a log of this scope grow now? */
bool node_may_seal(struct node *n, enum scope scope)
{
	if (!node_key_entered(n))
		return false;
	if (scope == SCOPE_LOCAL)
		return node_clock_steady(n); /* what jumps may jump back: the outbox is durable too */
	if (n->rotating || n->key_replaced)
		return false; /* the old key has signed its last: what waits is for the new one */
	if (n->role == ROLE_CRESS)
		return node_awaited(n) == 0 && node_clock_good(n);
	if (PLANT(seal_early))
		return node_member(n);
	return n->confirmed && node_clock_good(n);
}

/* Our open log of that scope in the frontier, -1: none. */
int node_own_log(const struct node *n, enum scope scope)
{
	if (scope == SCOPE_LOCAL)
		return n->local_index;
	const struct open_log *open = rights_log_of(&n->rights, &n->hub, scope);
	const struct head *h = open && !open->cut ? frontier_find(&n->frontier, &open->id) : NULL;
	return h && h->blocked == ES_OK ? (int)(h - n->frontier.heads) : -1;
}

/* --- stamps above the clock --- */

struct lowered {
	int64_t edit;
	es_stamp from, to;
};
struct lowering {
	struct node *n;
	struct lowered *list; /* ascending, both stamps */
	size_t count;
	es_stamp last, last_local; /* the local log's own past binds nobody else */
	bool all; /* else the local log's alone: the others wait for home's clock */
	enum es_err err;
};

static bool note_lowered(void *ctx, const struct outbox_edit *e)
{
	struct lowering *l = ctx;
	struct lowered *more = l->list;

	if (!l->all && e->scope != SCOPE_LOCAL)
		return true;
	if ((l->count & (l->count - 1)) == 0)
		more = realloc(l->list, (l->count ? 2 * l->count : 1) * sizeof *more);
	if (!more) {
		l->err = ES_NOMEM;
		return false;
	}
	l->list = more;
	es_stamp *last = e->scope == SCOPE_LOCAL ? &l->last_local : &l->last;
	es_stamp to = *last + 1 < e->edited ? *last + 1 : e->edited;
	l->list[l->count++] = (struct lowered){.edit = e->edit, .from = e->edited, .to = to};
	*last = to;
	if (l->last_local < l->last) /* order kept: a narrowed value comes after its nil */
		l->last_local = l->last;
	return true;
}

static es_stamp lowered_stamp(const struct lowering *l, es_stamp from)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (l->list[mid].from < from)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->count && l->list[low].from == from ? l->list[low].to : from;
}

static bool write_lowered(void *ctx, const struct outbox_edit *e)
{
	struct lowering *l = ctx;
	es_stamp edited = lowered_stamp(l, e->edited);
	struct change ch;
	struct buf bytes;

	buf_init(&bytes, 2 * CHANGE_MAX);
	if (e->change.len > 0) {
		l->err = change_read(e->change, &ch);
		ch.edited = edited;
		ch.base = lowered_stamp(l, ch.base);
		if (ch.base >= edited)
			ch.base = edited - 1; /* it named an edit lowered and sealed before */
		if (l->err == ES_OK)
			change_encode(&ch, &bytes);
	}
	if (l->err == ES_OK)
		l->err = buf_err(&bytes);
	if (l->err == ES_OK)
		l->err = journal_outbox_restamp(l->n->journal, e->edit, edited, buf_slice(&bytes));
	buf_done(&bytes);
	return false;
}

/* Part 2: at sealing an `edited` above the clock is lowered to it, order kept, and
 * a base that names a lowered edit with it. Never below what is sealed already:
 * an edit made after a clock was set back still comes after it. */
static enum es_err lower_stamps(struct node *n)
{
	es_stamp clock = stamp_at(n->utc) | 0xffff;
	struct lowering l = {.n = n, .last = clock - 1, .all = node_may_seal(n, SCOPE_FEDERATION)};

	if (n->last_edited <= clock)
		return ES_OK;
	l.last_local = l.last;
	for (size_t i = 1; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];
		es_stamp *last = h->scope == SCOPE_LOCAL ? &l.last_local : &l.last;

		if (id_eq(&h->hub, &n->hub) && h->hlc > *last)
			*last = h->hlc;
	}
	if (l.last_local < l.last)
		l.last_local = l.last;
	enum es_err err = journal_outbox_above(n->journal, clock, note_lowered, &l);
	for (size_t i = 0; i < l.count && err == ES_OK && l.err == ES_OK; i++)
		if (l.list[i].to != l.list[i].from)
			err = journal_outbox_one(n->journal, l.list[i].edit, write_lowered, &l);
	free(l.list);
	if (l.all)
		n->last_edited = l.last_local;
	return err != ES_OK ? err : l.err;
}

static bool any_edit(void *ctx, const struct outbox_edit *e)
{
	(void)e;
	*(bool *)ctx = true;
	return false;
}

enum es_err node_seal(struct node *n, unsigned commits, bool *more)
{
	enum es_err err;

	*more = false;
	if (!journal_outbox_rows(n->journal))
		return ES_OK;
	err = lower_stamps(n);
	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_LOCAL && err == ES_OK; scope++) {
		bool waiting = false, done = false;

		if (!node_may_seal(n, scope))
			continue;
		err = journal_outbox_each(n->journal, scope, NULL, 0, any_edit, &waiting);
		if (err == ES_OK && waiting && n->role == ROLE_CRESS && scope != SCOPE_LOCAL)
			err = node_ensure_opened(n);
		int index = node_own_log(n, scope);
		while (err == ES_OK && waiting && !done && index >= 0 && commits > 0) {
			err = seal_one(n, (uint32_t)index, &done);
			commits--;
		}
		if (waiting && !done && index >= 0 && commits == 0)
			*more = true;
	}
	return err;
}

/* The disk or the memory of this machine: no other entry would fare better. */
static bool is_ours(enum es_err err)
{
	return err == ES_DISK_FULL || err == ES_NOMEM || es_err_then(err) == ES_STOP;
}

static enum es_err tick(struct node *n, unsigned commits, bool *more)
{
	bool due = n->derive || n->utc - n->derived_utc >= TICK_MS || n->utc < n->derived_utc;
	enum es_err err = ES_OK;

	*more = false;
	if (due) {
		n->derive = false;
		n->derived_utc = n->utc;
		err = node_derive(n);
		if (err != ES_OK && !is_ours(err)) /* one entry that cannot be written holds up nobody */
			log_event(LOG_ERR_, "derive.failed", "why=%s", es_err_name(err));
	}
	if (is_ours(err))
		return err;
	bool waits = n->derive; /* for the directory, or for a better day */
	err = node_seal(n, commits, more);
	*more = *more || (n->derive && !waits); /* what follows from what was sealed */
	return err;
}

enum es_err node_tick(struct node *n, unsigned commits, bool *more)
{
	enum es_err err = journal_savepoint(n->journal);

	*more = false;
	if (err != ES_OK)
		return err;
	err = tick(n, commits, more);
	bool keep = err == ES_OK || err == ES_AWAITING;
	enum es_err released = journal_release(n->journal, keep);
	if (keep)
		return released != ES_OK ? released : err;
	n->derive = true; /* what was begun is looked at again */
	return node_reload(n) == ES_OK ? err : ES_IO; /* memory never runs ahead of the disk */
}

es_stamp node_next_edited(struct node *n, es_stamp base)
{
	n->last_edited = stamp_next(n->utc, n->last_edited, base);
	return n->last_edited;
}

enum es_err node_outbox_op(struct node *n, enum scope scope, unsigned op, const struct record_id *record, unsigned kind,
			   struct slice fields)
{
	struct change ch = {.op = op, .record = *record, .kind = kind, .edited = node_next_edited(n, 0), .fields = fields};
	struct outbox_edit e = {.scope = scope, .record = *record, .kind = kind, .edited = ch.edited};
	struct buf bytes;
	enum es_err err;

	buf_init(&bytes, CHANGE_MAX);
	change_encode(&ch, &bytes);
	rng_fill(&n->rng, e.salt.bytes, 16);
	e.change = buf_slice(&bytes);
	err = buf_err(&bytes) != ES_OK ? buf_err(&bytes) : journal_outbox_add(n->journal, &e);
	buf_done(&bytes);
	n->derive = true;
	return err;
}
