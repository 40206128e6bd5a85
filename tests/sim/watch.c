/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/watch.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "tests/sim/check.h"
#include "tests/sim/human.h"

/* Of one machine, as it was after its last transaction. */
struct watched {
	struct id16 instance;
	struct watched_log {
		uint64_t seq;
		struct hash id;
		es_ms held; /* since when there is something in it; 0: nothing is */
	} * logs; /* by its frontier's index */
	size_t count;
	size_t opens; /* logs of the rights looked at */
	uint64_t control_seq;
	struct hash control_id;
	bool switched; /* it followed another control branch: that ends much (L15) */
};

void watch_free(struct sim_node *s)
{
	if (s->watched)
		free(s->watched->logs);
	free(s->watched);
	s->watched = NULL;
}

void watch_forget(struct sim_node *s)
{
	watch_free(s);
}

/* --- who is told what: the scopes of part 1 --- */

static bool is_private_head(const struct sim_node *s, const struct head *h)
{
	return (h->scope == SCOPE_LOCAL || (h->scope == SCOPE_CRESS && s->role != ROLE_CRESS)) && !id_eq(&h->hub, &s->n->hub);
}

/* May this node not even hear of that log? */
static bool is_private(const struct sim_node *s, const struct id16 *log)
{
	const struct world *w = s->w;

	for (int i = 1; i <= w->node_count; i++) {
		const struct node *n = w->nodes[i] ? w->nodes[i]->n : NULL;
		const struct head *h = n ? frontier_find(&n->frontier, log) : NULL;

		if (h)
			return is_private_head(s, h);
	}
	return false;
}

#define SKEW_MS 300000
#define NACKS_MAX 3 /* of one log in one session: some were under way */
#define HELD_SIZE 52 /* log, seq, id: what a session keeps of logs that it does not know */

/* What a hub seals or hears after it has named its heads comes as news. */
static bool held_before(const struct sim_node *s, const struct head *h, es_ms then)
{
	size_t i = (size_t)(h - s->n->frontier.heads);
	const struct watched *o = s->watched;

	return o && i < o->count && o->logs[i].held > 0 && o->logs[i].held < then;
}

/* L12: a hub that has reported has named all that it held when it called, of every log. */
static void watch_report(const struct peer *p)
{
	const struct sim_node *home = p->owner,
			      *s = p->conn ? home->w->nodes[conn_node(p->conn, !p->side)] : NULL;
	const struct session *session = &p->session;

	if (home->role != ROLE_CRESS || !session->reported || p->reported || !s || !s->n ||
	    session->stranger || !check_counts(s))
		return;
	for (size_t i = 1; i < session->track_count && i < home->n->frontier.count; i++) {
		const struct head *h = frontier_find(&s->n->frontier, &home->n->frontier.heads[i].log);

		if (h && h->seq > 0 && h->scope != SCOPE_LOCAL && !id_eq(&h->hub, &home->n->hub) &&
		    held_before(s, h, p->since) && !session->tracks[i].listed)
			violation(home->w, "L12", "n%d has reported and has not named a log that it holds",
				  s->no);
	}
}

/* Part 4: the control log comes first; whoever is out of the federation is so at once. */
void watch_stream(const struct peer *p)
{
	const struct sim_node *s = p->owner;
	const struct session *session = &p->session;
	const struct member *m = rights_member(&s->n->rights, &session->peer);
	const struct track *control = session->track_count > 0 ? &session->tracks[0] : NULL;

	if (session->got > session->granted && session->state != SESSION_CLOSED)
		violation(s->w, "P8", "n%d takes more than it has granted", s->no);
	if (session->state != SESSION_STREAM || session->stranger || session->report_only)
		return;
	/* In the same tick: what its sessions had asked of the writer, and proofs of forks, come first. */
	if (m && m->state != MEMBER_ACTIVE && !s->n->control_grew)
		violation(s->w, "P5", "n%d goes on with a member that is not one any more", s->no);
	if (!p->streams && control && control->theirs > s->n->frontier.heads[0].seq && !control->differs &&
	    !control->refused)
		violation(s->w, "order", "n%d streams while its control log is at %llu and the peer's at %u",
			  s->no, (unsigned long long)s->n->frontier.heads[0].seq, control->theirs);
}

/* Of logs that it does not know itself only what was added since. */
static bool told_of_private(struct peer *p)
{
	const struct sim_node *s = p->owner;
	const struct session *session = &p->session;
	struct id16 log;
	bool told = false;

	for (size_t at = p->watched <= session->held.len ? p->watched : 0; at + HELD_SIZE <= session->held.len; at += HELD_SIZE) {
		memcpy(log.bytes, session->held.p + at, 16);
		told = told || is_private(s, &log);
	}
	p->watched = session->held.len;
	for (size_t i = 1; i < session->track_count && i < s->n->frontier.count; i++)
		told = told || (session->tracks[i].listed && is_private_head(s, &s->n->frontier.heads[i]));
	return told;
}

void watch_heard(struct peer *p)
{
	struct sim_node *s = p->owner;
	const struct sim_node *from = p->conn ? s->w->nodes[conn_node(p->conn, !p->side)] : NULL;

	if (s->hostile || (from && from->hostile))
		return; /* they say what they like */
	watch_report(p);
	if (told_of_private(p))
		violation(s->w, "private", "n%d is told of another's log", s->no);
}

/* Part 4: what does not verify blocks its log, it is not asked for again and again. */
void watch_nacked(struct peer *p, const struct id16 *log, enum es_err err)
{
	const struct sim_node *other = p->conn ? p->owner->w->nodes[conn_node(p->conn, !p->side)] : NULL;

	if (!other || other->odd || p->floods || es_err_then(err) != ES_BLOCK)
		return; /* what comes unasked is refused as often as it comes */
	p->nacks = id_eq(&p->nacked, log) ? p->nacks + 1 : 1;
	p->nacked = *log;
	if (p->nacks > NACKS_MAX)
		violation(other->w, "P8", "n%d asks again and again for a log that does not verify",
			  other->no);
}

/* --- what is signed stays (L6), and who one is (L1) --- */

/* Does another commit stand there, that somebody else holds? */
static bool is_another_shown(const struct sim_node *s, const struct id16 *log, uint64_t seq,
			     const struct hash *ours)
{
	const struct ledger *l = &s->w->judge->ledger;
	const struct seen_commit *c = ledger_at(&s->w->judge->ledger, log, seq);

	for (; c; c = c->twin ? &l->commits[c->twin - 1] : NULL)
		if (c->exposed && !hash_eq(&c->id, ours))
			return true;
	return false;
}

/* Home's commit stands where another was: what came after that one fell with it. */
static bool is_home_s_instead(const struct sim_node *s, const struct head *h)
{
	const struct ledger *l = &s->w->judge->ledger;
	const struct seen_commit *c = h->seq > 0 ? ledger_at(&s->w->judge->ledger, &h->log, h->seq) : NULL;
	bool shown = false, other = false;

	for (; c; c = c->twin ? &l->commits[c->twin - 1] : NULL) {
		shown = shown || (c->exposed && hash_eq(&c->id, &h->id));
		other = other || !hash_eq(&c->id, &h->id);
	}
	return shown && other;
}

/* Does the log of that index hold that commit still? A head that has not moved does. */
static bool holds_still(const struct sim_node *s, size_t i, uint64_t seq, const struct hash *id)
{
	const struct head *h = &s->n->frontier.heads[i];
	struct hash now;

	if (seq == 0 || (seq == h->seq && hash_eq(id, &h->id)))
		return true;
	return seq <= h->seq && journal_commit_id(s->n->journal, (uint32_t)i, seq, &now) && hash_eq(&now, id);
}

static void watch_own(struct sim_node *s, struct watched *o, size_t i)
{
	const struct head *h = &s->n->frontier.heads[i];
	const struct open_log *log = rights_log(&s->n->rights, &h->log);
	struct watched_log *last = &o->logs[i];

	if (!log || h->scope == SCOPE_LOCAL || !id_eq(&h->hub, &s->n->hub))
		return;
	if (!holds_still(s, i, last->seq, &last->id) && !o->switched && !(log->cut && log->cut_seq < last->seq) && h->blocked == ES_OK &&
	    !is_another_shown(s, &h->log, h->seq < last->seq ? h->seq + 1 : last->seq, &last->id) &&
	    !is_another_shown(s, &h->log, last->seq, &last->id) && !is_home_s_instead(s, h))
		violation(
			s->w, "L6",
			"n%d gives up what it has signed: its %s log was at %llu and is at %llu, no cut says so",
			s->no, scope_name(h->scope), (unsigned long long)last->seq,
			(unsigned long long)h->seq);
	last->seq = h->seq;
	last->id = h->id;
}

static void watch_held(const struct sim_node *s, struct watched *o, size_t i)
{
	if (s->n->frontier.heads[i].seq == 0)
		o->logs[i].held = 0;
	else if (o->logs[i].held == 0)
		o->logs[i].held = s->w->now;
}

/* Is there another machine of the same hub? */
static bool has_copy(const struct sim_node *s)
{
	const struct world *w = s->w;

	for (int i = 1; i <= w->node_count; i++)
		if (w->nodes[i] && w->nodes[i] != s && w->nodes[i]->who == s->who)
			return true;
	return false;
}

static bool may_be_copy(const struct sim_node *s)
{
	return s->restores > 0 || s->flipped || has_copy(s);
}

static bool hears_home(const struct sim_node *s)
{
	for (const struct peer *p = s->peers; p; p = p->next)
		if (p->greeted && p->session.peer_role == ROLE_CRESS)
			return true;
	return s->home_lost == s->w->now; /* it starts: sealed before a crash, looked at now */
}

/* L7: a hub seals in a session with home, once its closed generations are whole. Part 5: nobody seals what is
 * forgotten (its payload is gone before anybody sees it). */
void watch_sealed(struct sim_node *s, const struct head *h, const struct commit *c, const struct packed *p)
{
	const struct sim_node *home = check_home(s->w);
	const struct head *there = home->n ? frontier_find(&home->n->frontier, &h->log) : NULL;
	const struct frontier *f = &s->n->frontier;

	if (s->role == ROLE_CRESS || h->scope == SCOPE_LOCAL || h->scope == SCOPE_CONTROL ||
	    !id_eq(&h->hub, &s->n->hub) || s->hostile)
		return;
	for (uint32_t i = 0; i < p->count; i++)
		if (!p->payload[i].present)
			violation(s->w, "P7", "n%d seals an edit in its %s log that is forgotten", s->no,
				  scope_name(h->scope));
	if (there && there->seq >= c->seq && !has_copy(s))
		violation(s->w, "L7", "n%d seals at %llu in its %s log, where home holds %llu", s->no,
			  (unsigned long long)c->seq, scope_name(h->scope), (unsigned long long)there->seq);
	if (!hears_home(s))
		violation(s->w, "L7", "n%d seals in its %s log while it does not hear home", s->no,
			  scope_name(h->scope));
	for (size_t i = 1; i < f->count; i++) {
		const struct open_log *log = rights_log(&s->n->rights, &f->heads[i].log);

		if (log && log->cut && id_eq(&f->heads[i].hub, &s->n->hub) && f->heads[i].seq < log->cut_seq)
			violation(
				s->w, "L7",
				"n%d seals in its %s log, and its %s log of generation %u is at %llu of %llu",
				s->no, scope_name(h->scope), scope_name(f->heads[i].scope),
				f->heads[i].generation, (unsigned long long)f->heads[i].seq,
				(unsigned long long)log->cut_seq);
	}
}

/* Part 2: nobody takes a commit from the future. */
void watch_taken(struct sim_node *s, const struct commit *c)
{
	es_ms ahead = stamp_ms(c->hlc) - machine_utc(s);

	if (ahead > SKEW_MS + 1000 && s->home_lost != s->w->now)
		violation(s->w, "P5", "n%d takes a commit from %lld s in the future", s->no,
			  (long long)(ahead / 1000));
}

static void watch_control(struct sim_node *s, struct watched *o)
{
	const struct head *h = &s->n->frontier.heads[0];

	if (!holds_still(s, 0, o->control_seq, &o->control_id))
		o->switched = true;
	o->control_seq = h->seq;
	o->control_id = h->id;
}

/* --- what the CRESS enters --- */

/* The other end of a session with the hub of that id, while both ends live. */
static const struct sim_node *other_end(const struct sim_node *home, const struct id16 *hub)
{
	for (const struct peer *p = home->peers; p; p = p->next) {
		const struct sim_node *s = p->conn && id_eq(&p->session.peer, hub)
						   ? home->w->nodes[conn_node(p->conn, !p->side)]
						   : NULL;

		for (const struct peer *q = s && s->n ? s->peers : NULL; q; q = q->next)
			if (q->conn == p->conn && id_eq(&p->session.peer_instance, &s->n->instance))
				return s;
	}
	return NULL;
}

/* L5: where an `open` cuts a hub's log, the hub holds all of it up to there, and nothing
 * that home had acknowledged beyond. */
static void watch_open(struct sim_node *home, const struct open_log *log)
{
	const struct sim_node *s = other_end(home, &log->hub);
	const struct head *h = s ? frontier_find(&s->n->frontier, &log->id) : NULL;
	const struct open_log *next = rights_log_of(&home->n->rights, &log->hub, log->scope);
	struct hash there;

	if (!h || s->hostile || !next || next->generation != log->generation + 1 || home->w->people->resolving)
		return;
	if (h->acked > log->cut_seq || h->seq < log->cut_seq ||
	    (log->cut_seq > 0 &&
	     (!journal_commit_id(s->n->journal, (uint32_t)(h - s->n->frontier.heads), log->cut_seq, &there) ||
	      !hash_eq(&there, &log->cut_id))))
		violation(home->w, "L5",
			  "n%d's %s log is cut at %llu: it is at %llu there, acknowledged to %llu", s->no,
			  scope_name(log->scope), (unsigned long long)log->cut_seq,
			  (unsigned long long)h->seq, (unsigned long long)h->acked);
}

/* An `open` that comes back from a hub was judged in its time. */
static bool is_sealed_here(const struct sim_node *home, const struct hash *control)
{
	const struct seen_commit *c = ledger_commit(&home->w->judge->ledger, control);

	return c && c->first == home->no && !c->exposed;
}

static void watch_opens(struct sim_node *home, struct watched *o)
{
	const struct rights *g = &home->n->rights;

	for (size_t i = o->opens; i < g->log_count; i++)
		if (g->logs[i].generation > 1 && o->opens > 0 && is_sealed_here(home, &g->logs[i].opened_by))
			for (size_t k = 0; k < i; k++)
				if (g->logs[k].cut && id_eq(&g->logs[k].hub, &g->logs[i].hub) &&
				    g->logs[k].scope == g->logs[i].scope &&
				    g->logs[k].generation + 1 == g->logs[i].generation)
					watch_open(home, &g->logs[k]);
	o->opens = g->log_count;
}

/* Could the CRESS know, once its members had told it (L11-L13), of every entry that was
 * ever shown? Then its control log does not fork. */
static bool all_can_tell(const struct world *w)
{
	const struct sim_node *home = check_home(w);
	int hubs = 0;

	if (!home->n || w->people->done[ACT_ALONE] + w->people->done[ACT_INVITE] > 0 || w->judge->hostile)
		return false;
	for (int i = 2; i <= w->node_count; i++) {
		const struct sim_node *s = w->nodes[i];
		const struct member *m = s ? rights_member(&home->n->rights, &s->hub) : NULL;

		if (!m || m->state != MEMBER_ACTIVE || s->restores > 0 || s->flipped)
			return false;
		hubs++;
	}
	return hubs <= 3;
}

static void watch_clash(struct sim_node *s)
{
	if (s->n->clash == ES_CONTROL_FORK && all_can_tell(s->w))
		violation(s->w, "L11",
			  "n%d sees the control log fork, and every hub could have told the CRESS", s->no);
}

void watch_written(struct sim_node *s)
{
	struct watched *o = s->watched;
	size_t count = s->n->frontier.count;

	if (s->hostile)
		return;
	if (!o) {
		o = s->watched = calloc(1, sizeof *o);
		assert(o);
		o->instance = s->n->instance;
	}
	if (count > o->count) {
		o->logs = realloc(o->logs, count * sizeof *o->logs);
		assert(o->logs);
		memset(o->logs + o->count, 0, (count - o->count) * sizeof *o->logs);
		o->count = count;
	}
	watch_control(s, o);
	watch_clash(s);
	if (s->role == ROLE_CRESS)
		watch_opens(s, o);
	for (size_t i = 1; i < count; i++) {
		watch_own(s, o, i);
		watch_held(s, o, i);
	}
	/* A home that lies may say LINEAGE_BEHIND to anybody; it is believed. */
	if (!id_eq(&o->instance, &s->n->instance) && !o->switched && !may_be_copy(s) && !check_home(s->w)->hostile)
		violation(s->w, "L1", "n%d takes itself for a copy, and nothing was done to its files",
			  s->no);
	o->instance = s->n->instance;
}

/* --- two copies (L8) --- */

static bool works(const struct sim_node *s)
{
	return check_counts(s) && !s->n->fenced && !s->n->key_replaced;
}

static bool copies_told_apart(const struct world *w, struct buf *why)
{
	for (int i = 2; i <= w->node_count; i++)
		for (int k = i + 1; k <= w->node_count; k++) {
			const struct sim_node *a = w->nodes[i], *b = w->nodes[k];

			if (!a || !b || a->who != b->who || !works(a) || !works(b))
				continue;
			buf_printf(why, "n%d and n%d are copies of one hub, and neither is fenced", i, k);
			return false;
		}
	return true;
}

/* --- at the end: who is left out --- */

/* L16: whoever was let in, and holds the entry that says so, is not lost by a restore. */
static bool members_kept(const struct world *w, struct buf *why)
{
	const struct sim_node *home = check_home(w);

	for (int i = 2; i <= w->node_count && !w->people->resolving; i++) {
		const struct sim_node *s = w->nodes[i];
		const struct member *self = s && s->n && s->life == LIFE_UP && !s->hostile
						    ? rights_member(&s->n->rights, &s->n->hub)
						    : NULL;

		if (!self || self->state != MEMBER_ACTIVE || rights_member(&home->n->rights, &s->n->hub))
			continue;
		buf_printf(why, "n%d was let in, and home does not know it", i);
		return false;
	}
	return true;
}

/* Does this node hold the log up to its cut? */
static bool holds_cut(const struct sim_node *s, const struct open_log *log)
{
	const struct head *h = s && s->n && s->life == LIFE_UP && !s->hostile && !s->n->fenced
				       ? frontier_find(&s->n->frontier, &log->id)
				       : NULL;
	struct hash there;

	return h && h->seq >= log->cut_seq && h->blocked == ES_OK &&
	       journal_commit_id(s->n->journal, (uint32_t)(h - s->n->frontier.heads), log->cut_seq, &there) &&
	       hash_eq(&there, &log->cut_id);
}

/* L22: what a cut names is brought by whoever holds it, a revoked author too. */
static bool cuts_met(const struct world *w, struct buf *why)
{
	const struct sim_node *home = check_home(w);
	const struct rights *g = &home->n->rights;

	for (size_t i = 0; i < g->log_count; i++) {
		const struct open_log *log = &g->logs[i];

		if (!log->cut || log->cut_seq == 0 || log->scope == SCOPE_CONTROL || holds_cut(home, log))
			continue;
		for (int k = 2; k <= w->node_count; k++)
			if (holds_cut(w->nodes[k], log)) {
				buf_printf(why, "home lacks what a cut names, and n%d holds it", k);
				return false;
			}
	}
	return true;
}

/* P5: nobody keeps what lies beyond a cut, as part of its log. */
static bool nothing_beyond(const struct world *w, struct buf *why)
{
	for (int i = 1; i <= w->node_count; i++) {
		const struct sim_node *s = w->nodes[i];

		for (size_t k = 1; check_counts(s) && k < s->n->frontier.count; k++) {
			const struct head *h = &s->n->frontier.heads[k];
			const struct open_log *log =
				h->scope == SCOPE_LOCAL ? NULL : rights_log(&s->n->rights, &h->log);

			if (!log || !log->cut || h->seq <= log->cut_seq || h->blocked != ES_OK)
				continue;
			buf_printf(why, "n%d holds a log to %llu that is cut at %llu", i,
				   (unsigned long long)h->seq, (unsigned long long)log->cut_seq);
			return false;
		}
	}
	return true;
}

bool watch_end(const struct world *w, struct buf *why)
{
	return nothing_beyond(w, why) && copies_told_apart(w, why) && members_kept(w, why) &&
	       cuts_met(w, why);
}
