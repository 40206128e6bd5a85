/* SPDX-License-Identifier: Apache-2.0
 *
 * The control log's entries: what the CRESS and its officers write. */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

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

	for (enum scope scope = SCOPE_CONTROL; scope <= SCOPE_CRESS && !PLANT(control_without_generations); scope++) {
		const struct open_log *last = rights_log_of(&n->rights, &n->hub, scope);
		const struct head *h = last ? frontier_find(&n->frontier, &last->id) : NULL;
		struct open_log log;

		fill_open(n, scope, last ? last->generation + 1 : 1, &log);
		entry_begin(e);
		if (scope == SCOPE_CONTROL || !h) {
			entry_open(&log, &e->bytes);
		} else { /* nobody else writes them; what we have lost of them is cut only above its checkpoint */
			struct log_cut cut = node_cut_here(h, last);
			entry_open_cut(&log, &cut, &e->bytes);
		}
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
	enum es_err err = node_close_commit(n, 0, log, n->frontier.heads[0].seq ? &none : &n->rights.fed_id, e->payload,
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
	if (node_awaited(n) > 0 && !n->resolving && !n->recovering)
		return ES_AWAITING;
	if (n->opened && count == 0)
		return ES_OK;
	if (n->rights.founded && !node_clock_good(n))
		return ES_CLOCK_SKEW; /* what is signed tomorrow's date waits for everybody till then */
	struct entries *e = calloc(1, sizeof *e);
	if (!e)
		return ES_NOMEM;
	buf_init(&e->bytes, COMMIT_BYTES_MAX);
	struct id16 log = n->rights.control_log;
	/* The first commit of all brings its own opens, behind the genesis; a recovery comes
	 * first in its own, and begins a new generation in any case. */
	if (!n->opened && n->rights.founded && !n->recovering)
		log = add_opens(n, e);
	for (size_t i = 0; i < count; i++) {
		entry_begin(e);
		buf_add(&e->bytes, entries[i].p, entries[i].len);
		struct change ch;
		if (!n->rights.founded && change_decode(entries[i], &ch) == ES_OK && ch.op == OP_OPEN &&
		    change_field(ch.fields, 2).p[0] == SCOPE_CONTROL)
			memcpy(log.bytes, change_field(ch.fields, 5).p + 2, 16);
	}
	if (n->recovering)
		log = add_opens(n, e);
	err = seal_entries(n, e, &log);
	buf_done(&e->bytes);
	free(e);
	return err;
}

enum es_err node_enter(struct node *n, struct buf *entry)
{
	struct slice s = buf_slice(entry);
	enum es_err err = buf_err(entry) != ES_OK ? buf_err(entry) : node_control(n, &s, 1);

	buf_done(entry);
	return err;
}

enum es_err node_ensure_opened(struct node *n)
{
	return n->opened ? ES_OK : node_control(n, NULL, 0);
}

/* --- found and let in --- */

void node_open_entry(struct node *n, const struct id16 *hub, enum scope scope, uint32_t generation,
		     const struct log_cut *cut, struct buf *out)
{
	struct open_log log;

	fill_open(n, scope, generation, &log);
	log.hub = *hub;
	log.id = crypto_log_id(&n->rights.fed_id, hub, (uint8_t)scope, &log.nonce);
	entry_open_cut(&log, cut, out);
}

/* A lost key's place: the CRESS alone says so, loudly. */
static enum es_err approve_replacing(struct node *n, const struct join_request *r)
{
	const struct member *m = rights_member(&n->rights, &r->hub);
	struct rotation t = {.hub = r->hub, .sign = r->member.sign, .dh = r->member.dh, .emergency = true, .new = r->rotation};
	struct join_request done = *r;
	struct due due;

	if (!m || m->state == MEMBER_REVOKED)
		return ES_NOT_ALLOWED;
	t.epoch = m->epoch + 1;
	enum es_err err = node_enter_rotation(n, &t);
	done.state = REQUEST_APPROVED;
	if (err == ES_OK)
		err = journal_request_put(n->journal, &done);
	if (err == ES_OK) { /* the machine is new: so are its logs */
		journal_due_get(n->journal, &r->hub, &due);
		due.waits = true;
		err = journal_due_put(n->journal, &r->hub, &due);
	}
	if (err == ES_OK)
		log_event(LOG_WARN, "key.replaced", "hub=%s epoch=%u", r->member.pays, t.epoch);
	return err;
}

enum es_err node_approve(struct node *n, const struct join_request *r)
{
	if (r->replaces)
		return approve_replacing(n, r);

	struct buf b[4];
	struct slice entries[4];
	enum es_err err;
	struct join_request done = *r;

	for (int i = 0; i < 4; i++)
		buf_init(&b[i], 4096);
	entry_member(&r->member, &r->charter, &r->acceptance, &b[0]);
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_CRESS; s++)
		node_open_entry(n, &r->member.hub, s, 1, NULL, &b[s]);
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
	n->knocked = true;
	return journal_request_put(n->journal, r);
}

/* --- officers --- */

enum es_err node_suspend(struct node *n, const struct member *m, bool resume)
{
	struct buf b;

	if (m->role == ROLE_CRESS || m->state != (resume ? MEMBER_SUSPENDED : MEMBER_ACTIVE))
		return ES_NOT_ALLOWED;
	buf_init(&b, 256);
	entry_hub(resume ? OP_RESUME : OP_SUSPEND, &m->hub, &b);
	return node_enter(n, &b);
}

enum es_err node_revoke(struct node *n, const struct member *m)
{
	struct id16 hub = m->hub;
	struct log_cut *cuts;
	struct buf b;
	size_t count;

	if (m->role == ROLE_CRESS || m->state == MEMBER_REVOKED)
		return ES_NOT_ALLOWED;
	if (n->role != ROLE_CRESS)
		return ES_NOT_ALLOWED;
	enum es_err err = node_cuts_of(n, &hub, &cuts, &count);
	if (err != ES_OK)
		return err;
	buf_init(&b, CHANGE_MAX);
	entry_revoke(&hub, cuts, PLANT(revoke_without_cuts) ? 0 : count, &b);
	err = node_enter(n, &b);
	free(cuts);
	return err;
}

enum es_err node_quota(struct node *n, const struct member *m, uint64_t bytes)
{
	struct buf b;

	if (m->role == ROLE_CRESS)
		return ES_NOT_ALLOWED;
	buf_init(&b, 256);
	entry_quota(&m->hub, bytes, &b);
	return node_enter(n, &b);
}

enum es_err node_void(struct node *n, const struct id16 *log, uint64_t seq)
{
	const struct head *h = frontier_find(&n->frontier, log);
	struct log_cut which = {.log = *log, .seq = seq};
	struct buf b;

	if (!h || h->scope == SCOPE_LOCAL || h == n->frontier.heads)
		return ES_NOT_FOUND;
	if (!journal_commit_id(n->journal, (uint32_t)(h - n->frontier.heads), seq, &which.id))
		return ES_NOT_FOUND;
	const struct open_log *open = rights_log(&n->rights, log);
	if (!open || (seq <= open->checkpoint && !PLANT(cut_below_checkpoint)))
		return ES_NOT_ALLOWED; /* final */
	buf_init(&b, 256);
	entry_void(&which, &b);
	return node_enter(n, &b);
}

enum es_err node_charter(struct node *n, struct slice version, struct slice text, bool mandatory)
{
	struct buf b;

	if (text.len == 0 || text.len > CHARTER_MAX)
		return ES_TOO_LARGE;
	buf_init(&b, CHANGE_MAX);
	entry_charter_version(slice_str("collaboration"), version, text, mandatory, &b);
	return node_enter(n, &b);
}

enum es_err node_alone(struct node *n)
{
	struct buf b;

	if (n->role != ROLE_CRESS)
		return ES_NOT_ALLOWED;
	n->alone = true;
	node_clock_alone(n);
	buf_init(&b, 64);
	entry_alone(&b);
	enum es_err err = node_enter(n, &b);
	if (err != ES_OK)
		n->alone = false;
	else if (n->restored) {
		n->restored = false;
		err = node_set_number(n, "restored", 0);
	}
	return err;
}

/* --- forks resolved --- */

struct given {
	uint64_t seq; /* where the branches part: the lowest */
	struct hash ids[64];
	size_t count;
};

static bool note_given(void *ctx, uint64_t seq, const struct hash *id)
{
	struct given *g = ctx;

	if (g->count == 0 || seq < g->seq)
		g->seq = seq;
	if (g->count < 64)
		g->ids[g->count++] = *id;
	return true;
}

static enum es_err resolve_control(struct node *n)
{
	struct given g = {0};
	struct hash before = n->rights.fed_id;
	struct buf b;
	enum es_err err = journal_branch_each(n->journal, note_given, &g);

	if (err != ES_OK || g.count == 0)
		return err != ES_OK ? err : ES_NOT_FOUND;
	if (g.seq > 1)
		(void)journal_commit_id(n->journal, 0, g.seq - 1, &before);
	buf_init(&b, CHANGE_MAX);
	entry_resolve_control(g.seq - 1, &before, g.ids, g.count, &b);
	n->resolving = true; /* whoever holds the other branch cannot report over it */
	err = node_enter(n, &b);
	n->resolving = false;
	return err;
}

/* L17: the cut names a commit that no live disk holds; nobody can reach it. */
static bool is_cut_above(const struct head *h, const struct open_log *open)
{
	return h->blocked != ES_FORK && open->cut && node_cut_here(h, open).seq < open->cut_seq;
}

static enum es_err resolve_cut(struct node *n, const struct head *h, const struct open_log *open)
{
	struct log_cut cut = node_cut_here(h, open);
	struct buf b;

	buf_init(&b, 512);
	entry_resolve(&open->id, &cut, &b);
	return node_enter(n, &b);
}

/* Where a checkpoint, not a fork, stands against what we hold: nothing may cut there. */
static bool is_astray(const struct head *h, const struct open_log *open)
{
	return h->blocked != ES_FORK && rights_beside_checkpoint(open, h->seq, &h->id);
}

/* The log ends at `cut`; its author goes on in a new one. */
static enum es_err resolve_at(struct node *n, const struct open_log *open, const struct log_cut *cut)
{
	const struct open_log *last = rights_log_of(&n->rights, &open->hub, open->scope);
	const bool is_last = id_eq(&last->id, &open->id);
	struct slice entries[2];
	struct buf b[2];

	buf_init(&b[0], 512);
	buf_init(&b[1], 512);
	entry_resolve(&open->id, cut, &b[0]);
	node_open_entry(n, &open->hub, open->scope, last->generation + 1, is_last ? cut : NULL, &b[1]);
	entries[0] = buf_slice(&b[0]);
	entries[1] = buf_slice(&b[1]);
	enum es_err err = node_control(n, entries, is_last ? 2 : 1);
	buf_done(&b[0]);
	buf_done(&b[1]);
	return err;
}

/* Home holds other than it signed for final (node_astray). A hub that is owed a new
 * generation gets it when it is level (L5), not here. */
static enum es_err resolve_astray(struct node *n, const struct head *h, const struct open_log *open)
{
	const struct log_cut cut = {.log = h->log, .seq = h->seq, .id = h->id};
	struct due d;
	enum es_err err;

	journal_due_get(n->journal, &open->hub, &d);
	err = d.waits ? resolve_cut(n, h, open) : resolve_at(n, open, &cut);
	if (err == ES_OK && id_eq(&n->astray, &h->log))
		memset(&n->astray, 0, sizeof n->astray);
	n->derive = true;
	return err;
}

enum es_err node_resolve(struct node *n, const struct id16 *log)
{
	const struct head *h = frontier_find(&n->frontier, log);
	const struct open_log *open = rights_log(&n->rights, log);
	struct log_cut cut = {.log = *log};

	if (n->role != ROLE_CRESS)
		return ES_NOT_ALLOWED;
	if (id_is_zero(log) || (open && open->scope == SCOPE_CONTROL))
		return resolve_control(n);
	if (h && open && is_cut_above(h, open))
		return resolve_cut(n, h, open);
	if (h && open && is_astray(h, open))
		return resolve_astray(n, h, open);
	if (!h || !open || h->blocked != ES_FORK)
		return ES_NOT_FOUND;
	cut.seq = h->blocked_seq - 1;
	if (open->checkpoint > cut.seq) { /* final: the branch that the checkpoint names stays */
		cut.seq = open->checkpoint;
		cut.id = open->checkpoint_id;
	} else if (cut.seq > 0 && !journal_commit_id(n->journal, (uint32_t)(h - n->frontier.heads), cut.seq, &cut.id)) {
		return ES_DAMAGED;
	}
	return resolve_at(n, open, &cut);
}
