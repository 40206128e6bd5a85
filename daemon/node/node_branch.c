/* SPDX-License-Identifier: Apache-2.0
 *
 * Forks. Of a data log: both signed heads are kept as a proof, the common prefix
 * stays, the log is blocked until an officer resolves it.
 *
 * Of the control log (L15): commits that do not follow ours are read aside, into
 * a branch with rights of its own. It takes our place where it holds what settles
 * the matter: a `recover` (the paper key outranks all), or a `resolve` that names
 * our first commit after the common prefix. Else both ends show it. */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "proto/fork.h"

#define BRANCH_MAX 4096 /* commits read aside */
#define BRANCHES_MAX 64 /* shown after a `resolve` that leaves some */

struct branch {
	uint64_t first; /* seq of its first commit */
	struct rights rights;
	struct head head;
	struct buf *packed;
	size_t count;
};

void node_branch_free(struct node *n)
{
	struct branch *b = n->branch;

	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++)
		buf_done(&b->packed[i]);
	free(b->packed);
	rights_done(&b->rights);
	free(b);
	n->branch = NULL;
}

static enum es_err branch_begin(struct node *n, const struct commit *c)
{
	struct branch *b = calloc(1, sizeof *b);
	enum es_err err;

	if (!b)
		return ES_NOMEM;
	n->branch = b;
	b->first = c->seq;
	b->head = n->frontier.heads[0];
	b->head.seq = c->seq - 1;
	b->head.hlc = 0;
	rights_init(&b->rights, &n->rights.fed_id);
	err = node_rights_upto(n, c->seq - 1, &b->rights);
	b->head.id = b->rights.id;
	return err;
}

static enum es_err branch_add(struct branch *b, const struct commit *c, const struct packed *p)
{
	struct buf *more = realloc(b->packed, (b->count + 1) * sizeof *more);

	if (!more)
		return ES_NOMEM;
	b->packed = more;
	buf_init(&more[b->count], COMMIT_PACKED_MAX);
	commit_pack(p->header, &p->sig, p->payload, p->count, &more[b->count]);
	b->head.seq = c->seq;
	b->head.id = c->id;
	b->head.hlc = c->hlc;
	return buf_err(&more[b->count++]);
}

static bool names(struct slice list, const struct hash *id)
{
	struct canon_reader r;
	struct hash one;
	bool found = false;

	canon_read_init(&r, list);
	for (uint32_t k = canon_read_array(&r, 1024); k > 0 && r.err == ES_OK; k--) {
		canon_read_exact(&r, one.bytes, 32);
		found = found || (r.err == ES_OK && hash_eq(&one, id));
	}
	return found;
}

/* Does this commit settle which branch is the federation's? Admission has passed it. */
static bool settles(struct node *n, const struct branch *b, const struct packed *p, bool *recovered)
{
	struct hash ours;
	struct change ch;

	if (!journal_commit_id(n->journal, 0, b->first, &ours))
		return true; /* our head has nothing there */
	for (uint32_t i = 0; i < p->count; i++) {
		if (!p->payload[i].present || change_decode(p->payload[i].change, &ch) != ES_OK)
			continue;
		if (ch.op == OP_RECOVER && i == 0)
			return *recovered = true;
		if (ch.op == OP_RESOLVE && names(change_field(ch.fields, 5), &ours))
			return true;
	}
	return false;
}

/* Does the commit name a control position that is not on our chain? */
static enum es_err names_lost(struct node *n, uint32_t index, uint64_t seq, uint64_t first, bool *lost)
{
	struct packed *p = malloc(sizeof *p);
	struct commit *c = malloc(sizeof *c);
	struct hash on_chain;
	struct buf bytes;
	enum es_err err = p && c ? ES_OK : ES_NOMEM;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	if (err == ES_OK)
		err = node_read_commit(n, index, seq, &bytes, p);
	if (err == ES_OK)
		err = commit_decode(p->header, c);
	*lost = err == ES_OK && c->has_ctl && c->ctl_seq >= first &&
		(!journal_commit_id(n->journal, 0, c->ctl_seq, &on_chain) || !hash_eq(&on_chain, &c->ctl_id));
	buf_done(&bytes);
	free(p);
	free(c);
	return err;
}

/* Commits that name the control branch that is gone count nowhere: ours go back to the
 * outbox and our logs get new generations, others' are kept for their authors. Control
 * positions never fall along a log. */
enum es_err node_drop_lost(struct node *n, uint64_t first)
{
	enum es_err err = ES_OK;
	bool ours = false;

	for (uint32_t i = 1; i < n->frontier.count && err == ES_OK; i++) {
		const struct head *h = &n->frontier.heads[i];
		uint64_t seq = h->seq;
		bool lost = true;

		if (h->scope == SCOPE_LOCAL)
			continue;
		while (err == ES_OK && seq > 0 && lost) {
			err = names_lost(n, i, seq, first, &lost);
			seq -= lost;
		}
		if (err != ES_OK || seq == h->seq)
			continue;
		ours = ours || id_eq(&h->hub, &n->hub);
		err = node_truncate(n, i, seq);
	}
	return err == ES_OK && ours && n->role != ROLE_CRESS ? node_new_instance(n) : err;
}

/* Named by a `resolve` of ours already: nothing to do. */
static bool is_given_up(const struct node *n, const struct hash *id)
{
	for (size_t i = 0; i < n->rights.given_up_count; i++)
		if (hash_eq(&n->rights.given_up[i], id))
			return true;
	return false;
}

/* Branches of other nodes that what we hold now does not settle. */
struct unsettled {
	struct node *n;
	uint64_t seq[BRANCHES_MAX];
	struct hash id[BRANCHES_MAX];
	size_t count;
};

static bool note_unsettled(void *ctx, uint64_t seq, const struct hash *id)
{
	struct unsettled *u = ctx;
	struct hash ours;
	bool settled = is_given_up(u->n, id) || (journal_commit_id(u->n->journal, 0, seq, &ours) && hash_eq(&ours, id));

	if (!settled) {
		u->seq[u->count] = seq;
		u->id[u->count++] = *id;
	}
	return u->count < BRANCHES_MAX;
}

/* A `recover` outranks all of them, a `resolve` those that it names. */
static enum es_err forget_settled(struct node *n, bool all)
{
	struct unsettled u = {.n = n};
	enum es_err err = all ? ES_OK : journal_branch_each(n->journal, note_unsettled, &u);

	if (err == ES_OK)
		err = journal_branch_clear(n->journal);
	for (size_t i = 0; i < u.count && err == ES_OK; i++)
		err = journal_branch_put(n->journal, u.seq[i], &u.id[i]);
	n->clash = u.count > 0 ? ES_CONTROL_FORK : ES_OK;
	return err;
}

/* Our own log goes on with what settles them. */
enum es_err node_branches_settled(struct node *n, const struct packed *p)
{
	struct change ch;
	bool resolved = false, recovered = false;

	for (uint32_t i = 0; i < p->count && n->clash != ES_OK; i++)
		if (p->payload[i].present && change_decode(p->payload[i].change, &ch) == ES_OK) {
			resolved = resolved || ch.op == OP_RESOLVE;
			recovered = recovered || ch.op == OP_RECOVER;
		}
	return resolved || recovered ? forget_settled(n, recovered) : ES_OK;
}

static enum es_err take_place(struct node *n, bool recovered)
{
	static _Thread_local struct packed p;
	static _Thread_local struct commit c;
	struct branch *b = n->branch;
	uint64_t first = b->first;
	int64_t pos;
	enum es_err err = journal_drop_after(n->journal, 0, first - 1, NULL, NULL);

	for (size_t i = 0; i < b->count && err == ES_OK; i++) {
		err = commit_unpack(buf_slice(&b->packed[i]), &p);
		if (err == ES_OK)
			err = commit_decode(p.header, &c);
		if (err == ES_OK)
			err = journal_append(n->journal, 0, &c, &p, n->utc, &pos);
		if (err == ES_OK)
			err = node_note_control(n, &c, &p);
	}
	if (err == ES_OK && node_number(n, "efface") >= first) /* those receipts were for the other branch */
		err = node_set_number(n, "efface", first - 1);
	if (err == ES_OK)
		err = journal_refold(n->journal, NULL);
	if (err == ES_OK)
		err = node_reload(n); /* frees the branch */
	n->rights.cuts_changed = true;
	if (err == ES_OK)
		err = node_follow_rights(n, &c);
	if (err == ES_OK)
		err = node_apply_forgets(n, first);
	if (err == ES_OK)
		err = node_drop_lost(n, first);
	if (err == ES_OK)
		err = forget_settled(n, recovered);
	n->switched = true;
	log_event(LOG_WARN, "control.switched", "from=%llu", (unsigned long long)first);
	return err;
}

/* Where ours goes on with a `recover`, the paper key has given up what others hold from
 * there on under the key that was lost. */
static bool is_recovered(struct node *n, const struct commit *c)
{
	struct position3 at = {.log = n->frontier.heads[0].log, .seq = c->seq};
	const struct member *cress = rights_cress(&n->rights);
	struct change ch;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	bool yes = cress && c->key_epoch < cress->epoch && node_change_at(n, &at, &bytes, &ch) == ES_OK && ch.op == OP_RECOVER;
	buf_done(&bytes);
	return yes;
}

enum es_err node_branch_commit(struct node *n, const struct commit *c, const struct packed *p)
{
	struct branch *b = n->branch;
	struct hash before;
	bool recovered = false;
	enum es_err err = ES_OK;

	if (b && (c->seq != b->head.seq + 1 || !hash_eq(&c->prev_id, &b->head.id))) {
		node_branch_free(n); /* another session begins anew */
		b = NULL;
	}
	if (!b && (c->seq == 1 || !journal_commit_id(n->journal, 0, c->seq - 1, &before) || !hash_eq(&before, &c->prev_id)))
		return ES_DIVERGED;
	if (!b && (is_given_up(n, &c->id) || is_recovered(n, c)))
		return ES_EXISTS;
	if (!b)
		err = branch_begin(n, c);
	b = n->branch;
	struct admit_input in = {.rights = &b->rights, .head = &b->head, .now = n->utc};
	if (err == ES_OK)
		err = b->count == BRANCH_MAX ? ES_TOO_LARGE : admit_commit(&in, c, p);
	if (err == ES_OK)
		err = rights_apply(&b->rights, c, p);
	if (err == ES_OK)
		err = branch_add(b, c, p);
	if (err == ES_OK && c->seq == b->first)
		err = journal_branch_put(n->journal, c->seq, &c->id);
	if (err != ES_OK) {
		node_branch_free(n);
		return err;
	}
	if (settles(n, b, p, &recovered))
		return take_place(n, recovered);
	n->clash = ES_CONTROL_FORK;
	return ES_CONTROL_FORK;
}

/* --- data logs --- */

enum es_err node_refold_from(struct node *n, uint32_t index, uint64_t seq)
{
	enum es_err err = ES_OK;

	for (; seq <= n->frontier.heads[index].seq && err == ES_OK; seq++)
		err = node_refold_commit(n, index, seq);
	return err;
}

/* Settled: the log was cut below the fork, or its cut names one branch. */
static bool is_settled(const struct node *n, const struct id16 *log)
{
	const struct open_log *open = rights_log(&n->rights, log);

	return open && open->cut;
}

static void block(struct head *h, uint64_t seq)
{
	h->blocked = ES_FORK;
	h->blocked_seq = seq;
}

enum es_err node_fork_found(struct node *n, uint32_t index, uint64_t seq, struct slice proof)
{
	struct head *h = &n->frontier.heads[index];
	enum es_err err = journal_proof_put(n->journal, &h->log, seq, proof);

	if (err != ES_OK && err != ES_EXISTS)
		return err;
	if (err == ES_OK) { /* who knows it already has told everybody: else two of us would tell each other for ever */
		n->forks_grew = true;
		log_event(LOG_WARN, "log.fork", "log=%u seq=%llu", index, (unsigned long long)seq);
	}
	if (is_settled(n, &h->log) || (h->blocked == ES_FORK && h->blocked_seq <= seq) || h->scope == SCOPE_CONTROL)
		return ES_OK;
	block(h, seq);
	n->grew = true;
	return node_refold_from(n, index, seq);
}

enum es_err node_fork(struct node *n, struct slice body)
{
	struct fork_proof p;
	enum es_err err = fork_decode(body, &p);

	if (err == ES_OK)
		err = fork_verify(&p, &n->rights);
	if (err != ES_OK)
		return err;
	const struct head *h = frontier_find(&n->frontier, &p.log);
	if (!h)
		return ES_UNKNOWN_LOG;
	return node_fork_found(n, (uint32_t)(h - n->frontier.heads), p.seq, body);
}

enum es_err node_proofs(struct node *n, bool (*each)(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof),
			void *ctx)
{
	return journal_proof_each(n->journal, each, ctx);
}

static bool load_fork(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct node *n = ctx;
	struct head *h = frontier_find(&n->frontier, log);

	(void)proof;
	if (h && h->scope != SCOPE_CONTROL && !is_settled(n, log))
		block(h, seq);
	return true;
}

static bool load_clash(void *ctx, uint64_t seq, const struct hash *id)
{
	struct node *n = ctx;

	(void)seq;
	if (!is_given_up(n, id))
		n->clash = ES_CONTROL_FORK;
	return true;
}

enum es_err node_load_forks(struct node *n)
{
	enum es_err err = journal_proof_each(n->journal, load_fork, n);

	n->clash = ES_OK;
	return err != ES_OK ? err : journal_branch_each(n->journal, load_clash, n);
}
