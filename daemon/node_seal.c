/* SPDX-License-Identifier: Apache-2.0
 *
 * From the outbox to signed commits, and the control log's entries. What is
 * sealed here passes admission like anybody's commit. */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "daemon/node.h"
#include "daemon/node_parts.h"
#include "proto/canon.h"

/* One commit in the making: the outbox rows it takes, and their bytes. */
struct sealing {
	enum scope scope;
	es_stamp greatest; /* edited stamp in this commit */
	int64_t edits[COMMIT_CHANGES_MAX];
	unsigned edit_count; /* rows taken, withdrawn ones included */
	uint32_t count;
	size_t bytes;
	size_t at[COMMIT_CHANGES_MAX];
	struct payload payload[COMMIT_CHANGES_MAX];
	struct buf changes;
	bool full;
};

static void add_change(struct sealing *s, const struct outbox_edit *e)
{
	struct payload *y = &s->payload[s->count];

	y->present = true;
	y->salt = e->salt;
	y->change.len = e->change.len;
	s->at[s->count++] = s->changes.len;
	buf_add(&s->changes, e->change.p, e->change.len);
	if (e->edited > s->greatest)
		s->greatest = e->edited;
}

static bool take_edit(void *ctx, const struct outbox_edit *e)
{
	struct sealing *s = ctx;

	if (s->edit_count == COMMIT_CHANGES_MAX || s->count == COMMIT_CHANGES_MAX ||
	    s->changes.len + e->change.len + 64 > COMMIT_BYTES_MAX) {
		s->full = true;
		return false;
	}
	s->edits[s->edit_count++] = e->edit;
	if (e->change.len > 0)
		add_change(s, e);
	return buf_err(&s->changes) == ES_OK;
}

/* Header over the payload, signed, through the door. */
static enum es_err close_commit(struct node *n, uint32_t index, const struct id16 *log, const struct hash *prev,
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
	c.key_epoch = 1;
	const struct member *self = rights_member(&n->rights, &n->hub);
	if (self)
		c.key_epoch = self->epoch;
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
		err = node_admit(n, index, &c, &p);
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
	s->scope = n->frontier.heads[index].scope;
	buf_init(&s->changes, COMMIT_BYTES_MAX + 65536);
	err = journal_outbox_each(n->journal, s->scope, NULL, 0, take_edit, s);
	if (err == ES_OK)
		err = buf_err(&s->changes);
	for (uint32_t i = 0; i < s->count; i++)
		s->payload[i].change.p = s->changes.p + s->at[i];
	if (err == ES_OK && s->count > 0 && prev)
		err = close_commit(n, index, &n->frontier.heads[index].log, prev, s->payload, s->count, s->greatest);
	for (unsigned i = 0; i < s->edit_count && err == ES_OK; i++)
		err = journal_outbox_remove(n->journal, s->edits[i]);
	*done = !s->full;
	buf_done(&s->changes);
	free(s);
	return err;
}

/* May a log of this scope grow now? Late sealing: only home's word allows. */
static bool may_seal(const struct node *n, enum scope scope)
{
	if (scope == SCOPE_LOCAL)
		return true;
	if (n->role == ROLE_CRESS)
		return node_awaited(n, NULL) == 0;
	return n->confirmed && n->home_clock_ms < NODE_CLOCK_MAX_MS && n->home_clock_ms > -NODE_CLOCK_MAX_MS;
}

/* Our open log of that scope in the frontier, -1: none. */
static int own_log(const struct node *n, enum scope scope)
{
	if (scope == SCOPE_LOCAL)
		return n->local_index;
	const struct open_log *open = rights_log_of(&n->rights, &n->hub, scope);
	const struct head *h = open ? frontier_find(&n->frontier, &open->id) : NULL;
	return h ? (int)(h - n->frontier.heads) : -1;
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
	es_stamp last;
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
	es_stamp to = l->last + 1 < e->edited ? l->last + 1 : e->edited;
	l->list[l->count++] = (struct lowered){.edit = e->edit, .from = e->edited, .to = to};
	l->last = to;
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
	struct lowering l = {.n = n, .last = clock - 1, .all = may_seal(n, SCOPE_FEDERATION)};

	if (n->last_edited <= clock)
		return ES_OK;
	for (size_t i = 1; i < n->frontier.count; i++)
		if (id_eq(&n->frontier.heads[i].hub, &n->hub) && n->frontier.heads[i].hlc > l.last)
			l.last = n->frontier.heads[i].hlc;
	enum es_err err = journal_outbox_above(n->journal, clock, note_lowered, &l);
	for (size_t i = 0; i < l.count && err == ES_OK && l.err == ES_OK; i++)
		if (l.list[i].to != l.list[i].from)
			err = journal_outbox_one(n->journal, l.list[i].edit, write_lowered, &l);
	free(l.list);
	if (l.all)
		n->last_edited = l.last;
	return err != ES_OK ? err : l.err;
}

static bool any_edit(void *ctx, const struct outbox_edit *e)
{
	(void)e;
	*(bool *)ctx = true;
	return false;
}

static enum es_err ensure_opened(struct node *n);

enum es_err node_seal(struct node *n, unsigned commits, bool *more)
{
	enum es_err err = lower_stamps(n);

	*more = false;
	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_LOCAL && err == ES_OK; scope++) {
		bool waiting = false, done = false;

		if (!may_seal(n, scope))
			continue;
		err = journal_outbox_each(n->journal, scope, NULL, 0, any_edit, &waiting);
		if (err == ES_OK && waiting && n->role == ROLE_CRESS && scope != SCOPE_LOCAL)
			err = ensure_opened(n);
		int index = own_log(n, scope);
		while (err == ES_OK && waiting && !done && index >= 0 && commits > 0) {
			err = seal_one(n, (uint32_t)index, &done);
			commits--;
		}
		if (waiting && !done && index >= 0)
			*more = true;
	}
	return err;
}

/* --- the control log --- */

size_t node_awaited(const struct node *n, struct buf *json)
{
	size_t active = 0, heard = 0, need;

	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];

		if (m->role == ROLE_CRESS || m->state != MEMBER_ACTIVE)
			continue;
		active++;
		bool here = false;
		for (size_t k = 0; k < n->reported_count; k++)
			here = here || id_eq(&n->reported[k], &m->hub);
		heard += here;
		if (!here && json) {
			if (json->len > 1)
				buf_str(json, ",");
			json_string(slice_str(m->name), json);
		}
	}
	need = active < 3 ? active : 3;
	return n->alone || n->released || heard >= need ? 0 : need - heard;
}

enum es_err node_reported(struct node *n, const struct id16 *hub)
{
	for (size_t i = 0; i < n->reported_count; i++)
		if (id_eq(&n->reported[i], hub))
			return ES_OK;
	struct id16 *more = realloc(n->reported, (n->reported_count + 1) * sizeof *more);
	if (!more)
		return ES_NOMEM;
	n->reported = more;
	n->reported[n->reported_count++] = *hub;
	n->released = node_awaited(n, NULL) == 0;
	n->grew = true;
	return ES_OK;
}

static void fill_open(struct node *n, enum scope scope, uint32_t generation, struct open_log *out)
{
	memset(out, 0, sizeof *out);
	out->hub = n->hub;
	out->scope = scope;
	out->generation = generation;
	rng_fill(&n->rng, out->nonce.bytes, 16); /* drawn in this run, never read (L14) */
	out->id = crypto_log_id(&n->rights.fed_id, &n->hub, (uint8_t)scope, &out->nonce);
}

struct entries {
	struct payload payload[COMMIT_CHANGES_MAX];
	size_t at[COMMIT_CHANGES_MAX];
	uint32_t count;
	struct buf bytes;
};

static void entry_begin(struct entries *e)
{
	e->at[e->count++] = e->bytes.len;
}

static void entries_finish(struct node *n, struct entries *e)
{
	for (uint32_t i = 0; i < e->count; i++) {
		size_t end = i + 1 < e->count ? e->at[i + 1] : e->bytes.len;

		e->payload[i].present = true;
		rng_fill(&n->rng, e->payload[i].salt.bytes, 16);
		e->payload[i].change = SLICE(e->bytes.p + e->at[i], end - e->at[i]);
	}
}

/* L14: this run's generations of the control log and of our own data logs. */
static struct id16 add_opens(struct node *n, struct entries *e)
{
	struct id16 control = n->rights.control_log;

	for (enum scope scope = SCOPE_CONTROL; scope <= SCOPE_CRESS; scope++) {
		const struct open_log *last = rights_log_of(&n->rights, &n->hub, scope);
		struct open_log log;

		fill_open(n, scope, last ? last->generation + 1 : 1, &log);
		entry_begin(e);
		entry_open(&log, &e->bytes);
		if (scope == SCOPE_CONTROL)
			control = log.id;
	}
	return control;
}

static enum es_err seal_entries(struct node *n, struct entries *e, const struct id16 *log)
{
	struct hash none = {{0}};

	if (buf_err(&e->bytes) != ES_OK)
		return buf_err(&e->bytes);
	entries_finish(n, e);
	enum es_err err = close_commit(n, 0, log, n->frontier.heads[0].seq ? &none : &n->rights.fed_id, e->payload,
				       e->count, 0);
	if (err == ES_OK) {
		n->opened = true;
		n->run_log = *log;
	}
	return err;
}

enum es_err node_control(struct node *n, const struct slice *entries, size_t count)
{
	enum es_err err = ES_OK;

	if (n->role != ROLE_CRESS)
		return ES_NOT_ALLOWED;
	if (node_awaited(n, NULL) > 0)
		return ES_AWAITING;
	if (n->opened && count == 0)
		return ES_OK;
	struct entries *e = calloc(1, sizeof *e);
	if (!e)
		return ES_NOMEM;
	buf_init(&e->bytes, COMMIT_BYTES_MAX);
	struct id16 log = n->rights.control_log;
	/* The first commit of all brings its own opens, behind the genesis. */
	if (!n->opened && n->rights.founded)
		log = add_opens(n, e);
	for (size_t i = 0; i < count; i++) {
		entry_begin(e);
		buf_add(&e->bytes, entries[i].p, entries[i].len);
		struct change ch;
		if (!n->rights.founded && change_decode(entries[i], &ch) == ES_OK && ch.op == OP_OPEN &&
		    change_field(ch.fields, 2).p[0] == SCOPE_CONTROL)
			memcpy(log.bytes, change_field(ch.fields, 5).p + 2, 16);
	}
	err = seal_entries(n, e, &log);
	buf_done(&e->bytes);
	free(e);
	return err;
}

static enum es_err ensure_opened(struct node *n)
{
	return n->opened ? ES_OK : node_control(n, NULL, 0);
}

/* --- found and let in --- */

void node_open_entry(struct node *n, const struct id16 *hub, enum scope scope, uint32_t generation, struct buf *out)
{
	struct open_log log;

	fill_open(n, scope, generation, &log);
	log.hub = *hub;
	log.id = crypto_log_id(&n->rights.fed_id, hub, (uint8_t)scope, &log.nonce);
	entry_open(&log, out);
}

enum es_err node_approve(struct node *n, const struct join_request *r)
{
	struct buf b[4];
	struct slice entries[4];
	enum es_err err;
	struct join_request done = *r;

	for (int i = 0; i < 4; i++)
		buf_init(&b[i], 4096);
	entry_member(&r->member, &r->charter, &r->acceptance, &b[0]);
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_CRESS; s++)
		node_open_entry(n, &r->member.hub, s, 1, &b[s]);
	for (int i = 0; i < 4; i++)
		entries[i] = buf_slice(&b[i]);
	err = node_control(n, entries, 4);
	done.state = REQUEST_APPROVED;
	if (err == ES_OK)
		err = journal_request_put(n->journal, &done);
	for (int i = 0; i < 4; i++)
		buf_done(&b[i]);
	if (err == ES_OK)
		log_event(LOG_NOTE, "member.approved", "hub=%s", r->member.pays);
	return err;
}

enum es_err node_deny(struct node *n, struct join_request *r)
{
	r->state = REQUEST_DENIED;
	return journal_request_put(n->journal, r);
}
