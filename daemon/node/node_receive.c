/* SPDX-License-Identifier: Apache-2.0
 *
 * Commits from peers. Where one does not follow our head, the copies differ
 * somewhere: earlier commits are asked for (ES_DIVERGED) until the first that
 * differs is found, and what that means is decided here, once:
 *
 *   our own log, never acknowledged there, home says so   ours go back to the outbox (L6)
 *   a closed log whose cut names their branch             ours is void
 *   the control log                                       node_branch.c
 *   else                                                  a fork: proof kept, log blocked */
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "proto/fork.h"

/* An outbox edit that this commit of ours holds already (L3): known by its salt,
 * or, where that is gone, by its digest. */
struct twins {
	struct node *n;
	const struct commit *c;
	const struct packed *p;
	int64_t found[COMMIT_CHANGES_MAX];
	size_t count;
};

static bool find_twin(void *ctx, const struct outbox_edit *e)
{
	struct twins *t = ctx;
	struct hash digest;

	if (e->change.len == 0)
		return true;
	digest = crypto_hash_salted(HASH_CHANGE, &e->salt, e->change);
	for (uint32_t i = 0; i < t->p->count && t->count < COMMIT_CHANGES_MAX; i++) {
		const struct payload *y = &t->p->payload[i];
		bool same = y->present ? id_eq(&y->salt, &e->salt)
				       : !PLANT(dedup_by_salt_only) && hash_eq(&digest, &t->c->digests[i].digest);

		if (same)
			t->found[t->count++] = e->edit;
	}
	return true;
}

static enum es_err drop_twins(struct node *n, uint32_t index, const struct commit *c, const struct packed *p)
{
	struct twins t = {.n = n, .c = c, .p = p};
	enum es_err err;

	if (PLANT(outbox_not_deduplicated) || journal_outbox_count(n->journal) == 0)
		return ES_OK;
	err = journal_outbox_each(n->journal, n->frontier.heads[index].scope, NULL, 0, find_twin, &t);
	for (size_t i = 0; i < t.count && err == ES_OK; i++)
		err = journal_outbox_remove(n->journal, t.found[i]);
	return err;
}

/* A commit of ours that came back: home had it, or somebody who had it from home. */
static enum es_err took_own(struct node *n, uint32_t index, const struct commit *c, const struct packed *p)
{
	struct head *h = &n->frontier.heads[index];

	n->confirmed = false; /* L7 */
	if (c->seq > h->acked) {
		h->acked = c->seq;
		h->acked_id = c->id;
	}
	enum es_err err = journal_update_log(n->journal, &n->frontier, index);
	if (err == ES_OK)
		err = node_erase_acked(n);
	return err != ES_OK ? err : drop_twins(n, index, c, p);
}

/* Home gives us a commit that we hold: so it holds it too, and we had not heard. */
static enum es_err home_has_it(struct node *n, uint32_t index, const struct commit *c)
{
	struct head *own = &n->frontier.heads[index];

	own->acked = c->seq;
	own->acked_id = c->id;
	n->grew = n->derive = true;
	enum es_err err = journal_update_log(n->journal, &n->frontier, index);
	return err != ES_OK ? err : node_erase_acked(n);
}

static bool is_own(const struct node *n, uint32_t index)
{
	return index > 0 && id_eq(&n->frontier.heads[index].hub, &n->hub);
}

static bool only_acceptance(const struct packed *p)
{
	struct change ch;

	for (uint32_t i = 0; i < p->count; i++)
		if (!p->payload[i].present || change_decode(p->payload[i].change, &ch) != ES_OK ||
		    ch.kind != KIND_ACCEPTATION_CHARTE)
			return false;
	return true;
}

/* What home asks of a hub's new commits: others only get what home has taken. */
static enum es_err home_takes(struct node *n, uint32_t index, const struct commit *c, const struct packed *p)
{
	const struct head *h = &n->frontier.heads[index];
	const struct member *m = rights_member(&n->rights, &h->hub);
	uint64_t bytes = 0;

	if (n->role != ROLE_CRESS || index == 0 || !m || m->role == ROLE_CRESS)
		return ES_OK;
	if (c->has_ctl && c->ctl_seq >= n->rights.charter_seq && !node_charter_accepted(n, &h->hub) && !only_acceptance(p))
		return ES_CHARTER;
	for (uint32_t i = 0; i < c->count; i++)
		bytes += c->digests[i].length;
	if (m->quota && (uint64_t)journal_bytes_of(n->journal, &n->frontier, &h->hub) + bytes > m->quota)
		return ES_QUOTA;
	return ES_OK;
}

static enum es_err admit_from_peer(struct node *n, uint32_t index, const struct giver *from, const struct commit *c, const struct packed *p)
{
	enum es_err err = home_takes(n, index, c, p);

	if (err == ES_OK)
		err = node_admit(n, index, from, c, p);
	return err == ES_OK && is_own(n, index) ? took_own(n, index, c, p) : err;
}

static bool signed_by_author(const struct node *n, uint32_t index, const struct commit *c, const struct packed *p)
{
	const struct head *h = &n->frontier.heads[index];
	const struct key_age *age = rights_key_age(&n->rights, &h->hub, c->key_epoch);

	return age && hash_eq(&c->fed_id, &n->rights.fed_id) && id_eq(&c->log_id, &h->log) &&
	       commit_verify(p->header, &p->sig, &age->sign);
}

/* Against ours, unless rot has been at it: then nobody signed two. */
static enum es_err prove(struct node *n, uint32_t index, const struct commit *c, const struct packed *p)
{
	static _Thread_local struct packed ours;
	static _Thread_local struct commit mine;
	struct fork_proof proof;
	struct buf bytes, body;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	buf_init(&body, 4 * COMMIT_HEADER_MAX);
	enum es_err err = node_read_commit(n, index, c->seq, &bytes, &ours);
	if (err == ES_OK && (commit_decode(ours.header, &mine) != ES_OK || !signed_by_author(n, index, &mine, &ours) ||
			     hash_eq(&mine.id, &c->id)))
		err = ES_DAMAGED;
	if (err == ES_OK)
		err = fork_make(ours.header, &ours.sig, p->header, &p->sig, &proof);
	if (err == ES_OK) {
		fork_encode(&proof, &body);
		err = node_fork_found(n, index, c->seq, buf_slice(&body));
	}
	buf_done(&bytes);
	buf_done(&body);
	return err;
}

/* Does the log's cut say that theirs is the branch that counts? */
static bool cut_names_theirs(const struct node *n, uint32_t index, uint64_t seq)
{
	const struct open_log *log = rights_log(&n->rights, &n->frontier.heads[index].log);
	struct hash ours;

	return log && log->cut && seq <= log->cut_seq &&
	       (!journal_commit_id(n->journal, index, log->cut_seq, &ours) || !hash_eq(&ours, &log->cut_id));
}

static enum es_err parted(struct node *n, uint32_t index, const struct giver *from, const struct commit *c, const struct packed *p)
{
	const struct head *h = &n->frontier.heads[index];
	bool own = is_own(n, index);
	enum es_err err;

	if (index == 0)
		return node_branch_commit(n, c, p);
	if (!signed_by_author(n, index, c, p))
		return ES_BAD_SIG;
	if (PLANT(first_seen_wins))
		return ES_EXISTS;
	if ((own && from->as == FROM_HOME && c->seq > h->acked && !PLANT(own_unacked_not_unsealed)) || cut_names_theirs(n, index, c->seq)) {
		err = node_truncate(n, index, c->seq - 1);
		return err != ES_OK ? err : admit_from_peer(n, index, from, c, p);
	}
	err = prove(n, index, c, p);
	return err != ES_OK ? err : ES_FORK;
}

/* Where does this commit stand beside ours? */
static enum es_err place(struct node *n, uint32_t index, const struct giver *from, const struct commit *c, const struct packed *p)
{
	const struct head *h = &n->frontier.heads[index];
	struct hash ours, before = {{0}};
	bool have;

	if (h->blocked == ES_FORK && c->seq >= h->blocked_seq)
		return ES_FORK;
	if (c->seq == h->seq + 1 && (h->seq == 0 || hash_eq(&c->prev_id, &h->id)))
		return admit_from_peer(n, index, from, c, p);
	if (index == 0 && n->branch)
		return node_branch_commit(n, c, p);
	if (c->seq > h->seq)
		return ES_DIVERGED;
	if (c->seq == 0 || !journal_commit_id(n->journal, index, c->seq, &ours))
		return ES_DAMAGED;
	if (hash_eq(&ours, &c->id)) {
		enum es_err err = is_own(n, index) && from->as == FROM_HOME && c->seq > h->acked ? home_has_it(n, index, c) : ES_OK;

		return err != ES_OK ? err : ES_EXISTS;
	}
	have = c->seq == 1 || journal_commit_id(n->journal, index, c->seq - 1, &before);
	if (have && (c->seq == 1 || hash_eq(&c->prev_id, &before)))
		return parted(n, index, from, c, p);
	return ES_DIVERGED;
}

enum es_err node_receive(struct node *n, uint32_t index, const struct giver *from, struct slice body, uint64_t *seq)
{
	static _Thread_local struct packed p;
	static _Thread_local struct commit c;
	struct canon_reader r;
	struct id16 log;
	enum es_err err = ES_OK;
	bool new_one = false;

	canon_read_init(&r, body);
	if (canon_read_array(&r, 2) != 2)
		return ES_MALFORMED;
	canon_read_exact(&r, log.bytes, 16);
	uint32_t count = canon_read_array(&r, COMMIT_CHANGES_MAX);
	for (uint32_t i = 0; i < count && err == ES_OK; i++) {
		struct slice packed = canon_read_value(&r);

		err = r.err != ES_OK ? r.err : commit_unpack(packed, &p);
		if (err == ES_OK)
			err = commit_decode(p.header, &c);
		if (err != ES_OK)
			break;
		*seq = c.seq;
		err = place(n, index, from, &c, &p);
		if (err == ES_CONTROL_FORK && i + 1 < count)
			err = ES_EXISTS; /* the rest of the branch is in the same message */
		if (err == ES_OK)
			new_one = true;
		if (err == ES_EXISTS)
			err = ES_OK;
	}
	if (err == ES_OK)
		err = canon_read_done(&r);
	return err != ES_OK ? err : new_one ? ES_OK : ES_EXISTS;
}

enum es_err node_acknowledged(struct node *n, struct slice body)
{
	struct canon_reader r;
	struct id16 log;
	struct hash id, ours;
	enum es_err err = ES_OK;
	bool moved = false;

	canon_read_init(&r, body);
	uint32_t count = canon_read_array(&r, RIGHTS_LOGS_MAX);
	for (uint32_t i = 0; i < count && err == ES_OK; i++) {
		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		canon_read_exact(&r, id.bytes, 32);
		struct head *h = r.err == ES_OK ? frontier_find(&n->frontier, &log) : NULL;
		if (PLANT(unsealed_on_fetch) && h && h->scope != SCOPE_CONTROL && id_eq(&h->hub, &n->hub) && seq <= h->acked)
			err = node_truncate(n, (uint32_t)(h - n->frontier.heads), h->acked);
		if (!h || !id_eq(&h->hub, &n->hub) || seq <= h->acked || seq > h->seq)
			continue;
		uint32_t index = (uint32_t)(h - n->frontier.heads);
		if (!journal_commit_id(n->journal, index, seq, &ours) || !hash_eq(&ours, &id))
			continue; /* not our commit: home will tell by a fork */
		h->acked = seq;
		h->acked_id = id;
		h->acked_ms = n->utc;
		n->grew = n->derive = moved = true;
		err = journal_update_log(n->journal, &n->frontier, index);
		if (err == ES_OK)
			err = node_note_acknowledged(n, index, seq);
	}
	return err == ES_OK && moved ? node_erase_acked(n) : err;
}

enum es_err node_compare(struct node *n, struct slice body, struct buf *out)
{
	struct canon_reader r;
	uint32_t differing = 0;
	struct buf list;

	buf_init(&list, RIGHTS_LOGS_MAX * 5);
	canon_read_init(&r, body);
	for (uint32_t count = canon_read_array(&r, RIGHTS_LOGS_MAX); count > 0 && r.err == ES_OK; count--) {
		struct id16 log;
		struct hash id, ours;

		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		canon_read_exact(&r, id.bytes, 32);
		const struct head *h = frontier_find(&n->frontier, &log);
		const struct open_log *open = h ? NULL : rights_log(&n->rights, &log);
		if (!h && (id_is_zero(&log) || (open && open->scope == SCOPE_CONTROL)))
			h = &n->frontier.heads[0];
		if (!h || seq == 0 || seq > h->seq)
			continue;
		uint32_t index = (uint32_t)(h - n->frontier.heads);
		if (journal_commit_id(n->journal, index, seq, &ours) && !hash_eq(&ours, &id)) {
			canon_u64(&list, index);
			differing++;
		}
	}
	canon_array(out, differing);
	buf_add(out, list.p, list.len);
	enum es_err err = r.err != ES_OK ? r.err : buf_err(&list);
	buf_done(&list);
	return err;
}
