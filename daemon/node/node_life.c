/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions as the node sees them: which copy of a hub this is (L1, L8), whose logs
 * get a new generation and when (L4, L5), who has told what it holds (L11, L12),
 * what goes back to its author (L9). */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "proto/session.h"

#define GENERATIONS_A_DAY 3 /* without a human */
#define DAY_MS (24 * 3600 * 1000)
#define RETURN_BYTES (192 * 1024)

struct node_session *node_session_find(struct node *n, uint64_t no)
{
	for (size_t i = 0; i < n->session_count; i++)
		if (n->sessions[i].no == no)
			return &n->sessions[i];
	return NULL;
}

static struct node_session *session_add(struct node *n, uint64_t no)
{
	struct node_session *s = node_session_find(n, no), *more;

	if (s)
		return s;
	more = realloc(n->sessions, (n->session_count + 1) * sizeof *more);
	if (!more)
		return NULL;
	n->sessions = more;
	s = &more[n->session_count++];
	memset(s, 0, sizeof *s);
	s->no = no;
	return s;
}

/* --- L1, L8: which copy is this? --- */

static bool too_many(struct node *n, const struct id16 *hub, struct due *d)
{
	int64_t today = n->utc / DAY_MS;

	journal_due_get(n->journal, hub, d);
	if (d->day != today)
		d->count = 0;
	d->day = today;
	return d->count >= GENERATIONS_A_DAY;
}

/* A copy never seen, or let in by an officer: the newest wins, the others are fenced. */
static enum es_err accept_copy(struct node *n, struct hub_copy *c, bool first)
{
	struct due d;
	bool many = too_many(n, &c->hub, &d);
	enum es_err err;

	if (many && !first && c->state != COPY_ADMITTED) {
		c->state = COPY_FENCED;
		err = journal_copy_put(n->journal, c);
		return err != ES_OK ? err : ES_GENERATIONS;
	}
	if (!first && !PLANT(no_generation_after_restore)) {
		d.waits = true;
		d.count++;
		err = journal_due_put(n->journal, &c->hub, &d);
		if (err != ES_OK)
			return err;
		log_event(LOG_NOTE, "copy.accepted", "count=%u", d.count);
	}
	return PLANT(older_copy_not_fenced) ? journal_copy_put(n->journal, c) : journal_copy_accept(n->journal, c);
}

static bool is_behind(uint64_t lineage, uint64_t last)
{
	if (PLANT(no_lineage))
		return false;
	return PLANT(lineage_less_than) ? lineage < last : lineage <= last;
}

static enum es_err judge(struct node *n, const struct id16 *hub, const struct id16 *instance, uint64_t lineage)
{
	struct hub_copy current, c = {.hub = *hub, .instance = *instance, .lineage = lineage, .state = COPY_CURRENT};
	bool first = !journal_copy_current(n->journal, hub, &current);

	if (journal_copy_get(n->journal, hub, instance, &c)) {
		if (c.state == COPY_FENCED)
			return ES_INSTANCE_FENCED;
		if (c.state == COPY_CURRENT && is_behind(lineage, c.lineage))
			return ES_LINEAGE_BEHIND;
		c.lineage = lineage;
		return c.state == COPY_CURRENT ? journal_copy_put(n->journal, &c) : accept_copy(n, &c, false);
	}
	return accept_copy(n, &c, first);
}

/* An officer who lets a copy in means the one that knocks. */
static void note_caller(struct node *n, const struct id16 *hub, const struct id16 *instance)
{
	size_t at = 0;

	while (at < n->caller_count && !id_eq(&n->callers[at].hub, hub))
		at++;
	if (at == NODE_CALLERS)
		at = 0;
	if (at == n->caller_count)
		n->caller_count++;
	n->callers[at] = (struct node_caller){.hub = *hub, .instance = *instance};
}

static bool is_caller(const struct node *n, const struct hub_copy *c)
{
	for (size_t i = 0; i < n->caller_count; i++)
		if (id_eq(&n->callers[i].hub, &c->hub) && id_eq(&n->callers[i].instance, &c->instance))
			return true;
	return false;
}

enum es_err node_greet(struct node *n, uint64_t session, const struct id16 *hub, const struct id16 *instance,
		       enum role role, uint64_t lineage, int64_t clock_ms, bool *pending, bool *report_only)
{
	const struct member *m = rights_member(&n->rights, hub);
	struct node_session *s;
	struct due d;
	enum es_err err = ES_OK;

	*pending = *report_only = false;
	if (!m)
		return ES_NOT_MEMBER;
	if (m->state == MEMBER_SUSPENDED && node_awaited(n) == 0)
		return ES_SUSPENDED;
	*report_only = m->state != MEMBER_ACTIVE;
	if (!*report_only && role == ROLE_HUB)
		err = judge(n, hub, instance, lineage);
	if (err == ES_INSTANCE_FENCED || err == ES_GENERATIONS)
		note_caller(n, hub, instance);
	if (err == ES_INSTANCE_FENCED && node_awaited(n) > 0) { /* L11: a fenced instance may report */
		*report_only = true;
		err = ES_OK;
	}
	if (err != ES_OK)
		return err;
	journal_due_get(n->journal, hub, &d);
	s = session_add(n, session);
	if (!s)
		return ES_NOMEM;
	s->hub = *hub;
	s->instance = *instance;
	s->role = role;
	s->report_only = *report_only;
	s->since = n->mono;
	s->clock = n->utc - n->mono + clock_ms;
	s->pending = *pending = d.waits && !*report_only;
	return ES_OK;
}

enum es_err node_next_lineage(struct node *n)
{
	uint8_t be[8];

	be_write(be, ++n->lineage, 8);
	return PLANT(lineage_not_stored) ? ES_OK : journal_set(n->journal, "lineage", SLICE(be, 8));
}

/* --- L4, L5: a new generation --- */

enum es_err node_level(struct node *n, uint64_t session, struct slice body)
{
	struct node_session *s = node_session_find(n, session);
	struct canon_reader r;

	if (!s)
		return ES_OK;
	canon_read_init(&r, body);
	uint32_t count = canon_read_array(&r, RIGHTS_LOGS_MAX);
	struct log_cut *heads = calloc(count + 1, sizeof *heads);
	if (!heads)
		return ES_NOMEM;
	for (uint32_t i = 0; i < count && r.err == ES_OK; i++) {
		(void)canon_read_array(&r, 2);
		canon_read_exact(&r, heads[i].log.bytes, 16);
		heads[i].seq = canon_read_u64(&r, UINT32_MAX);
	}
	free(s->heads);
	s->heads = heads;
	s->head_count = r.err == ES_OK ? count : 0;
	n->derive = true;
	return r.err;
}

/* The hub's log contains all that home holds of it, and home all that it had
 * acknowledged: both ends are at the same commit. */
static bool is_level(const struct node *n, const struct node_session *s)
{
	if (PLANT(open_not_compared) || PLANT(old_generation_unchecked))
		return true;
	for (uint32_t i = 1; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];
		uint64_t theirs = 0;

		if (h->scope == SCOPE_LOCAL || !id_eq(&h->hub, &s->hub))
			continue;
		if (h->blocked == ES_FORK)
			continue; /* a human's matter */
		for (size_t k = 0; k < s->head_count; k++)
			if (id_eq(&s->heads[k].log, &h->log))
				theirs = s->heads[k].seq;
		if (theirs != h->seq)
			return false;
	}
	return s->head_count > 0;
}

/* One `open` per scope; *good: each will have its effect. */
static size_t opens_of(struct node *n, const struct id16 *hub, struct buf b[SCOPE_CRESS], bool *good)
{
	size_t count = 0;

	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_CRESS; scope++) {
		const struct open_log *log = rights_log_of(&n->rights, hub, scope);
		const struct head *h = log ? frontier_find(&n->frontier, &log->id) : NULL;

		if (!h)
			continue;
		struct log_cut cut = {.log = h->log, .seq = h->seq, .id = h->id};
		*good = node_may_cut(n, h, &cut) && *good;
		buf_init(&b[count], 512);
		node_open_entry(n, hub, scope, log->generation + 1, PLANT(open_without_cut) ? NULL : &cut, &b[count++]);
	}
	return count;
}

static bool all_newer(const struct node *n, const struct id16 *hub, uint64_t seq)
{
	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_CRESS; scope++) {
		const struct open_log *log = rights_log_of(&n->rights, hub, scope);

		if (log && log->opened_seq <= seq)
			return false;
	}
	return true;
}

static enum es_err generation_opened(struct node *n, struct node_session *s, size_t logs)
{
	struct due d;

	journal_due_get(n->journal, &s->hub, &d);
	d.waits = false;
	s->again = true;
	log_event(LOG_NOTE, "generation.opened", "logs=%zu", logs);
	return journal_due_put(n->journal, &s->hub, &d);
}

/* The hub's logs are new where they are, not where an entry says so: taken for new, it
 * would go on in the old ones and sign again at numbers that it has shown. */
static enum es_err open_generation(struct node *n, struct node_session *s)
{
	const uint64_t seq = n->rights.seq;
	struct buf b[SCOPE_CRESS];
	struct slice entries[SCOPE_CRESS];
	bool good = true;
	size_t count = opens_of(n, &s->hub, b, &good);
	enum es_err err = ES_OK;

	for (size_t i = 0; i < count; i++)
		entries[i] = buf_slice(&b[i]);
	if (good && count > 0)
		err = node_control(n, entries, count);
	for (size_t i = 0; i < count; i++)
		buf_done(&b[i]);
	if (!good || count == 0 || err != ES_OK)
		return err;
	s->pending = false; /* in this session: not entered again and again */
	return all_newer(n, &s->hub, seq) ? generation_opened(n, s, count) : ES_OK;
}

enum es_err node_due_generations(struct node *n)
{
	enum es_err err = ES_OK;

	if (n->role != ROLE_CRESS || node_awaited(n) > 0 || !node_all_reported(n))
		return ES_OK;
	for (size_t i = 0; i < n->session_count && err == ES_OK; i++) {
		struct node_session *s = &n->sessions[i];

		if (s->pending && !s->report_only && is_level(n, s))
			err = open_generation(n, s);
	}
	return err == ES_AWAITING ? ES_OK : err;
}

void node_closing(struct node *n, void (*each)(void *ctx, uint64_t session, enum es_err why), void *ctx)
{
	for (size_t i = 0; i < n->session_count; i++)
		if (n->sessions[i].again) {
			n->sessions[i].again = false;
			each(ctx, n->sessions[i].no, ES_AGAIN);
		}
}

/* --- L11, L12: who has told what it holds --- */

static struct node_heard *heard_find(const struct node *n, const struct id16 *hub)
{
	for (size_t k = 0; k < n->heard_count; k++)
		if (id_eq(&n->heard[k].hub, hub))
			return &n->heard[k];
	return NULL;
}

static struct node_heard *heard_add(struct node *n, const struct id16 *hub)
{
	struct node_heard *h = heard_find(n, hub), *more;

	if (h)
		return h;
	more = realloc(n->heard, (n->heard_count + 1) * sizeof *more);
	if (!more)
		return NULL;
	n->heard = more;
	more[n->heard_count] = (struct node_heard){.hub = *hub};
	return &more[n->heard_count++];
}

static bool has_reported(const struct node *n, const struct id16 *hub)
{
	const struct node_heard *h = heard_find(n, hub);

	return h && h->reported;
}

static size_t enough(const struct node *n, size_t active)
{
	if (PLANT(no_recovery_wait))
		return 0;
	if (n->restored)
		return PLANT(restore_waits_for_half) ? (active + 1) / 2 : active; /* L13 */
	return active < 3 ? active : 3;
}

/* Of whom a CRESS that starts wants to hear. */
static bool is_asked(const struct node *n, const struct member *m)
{
	/* L13: whom the backup shows suspended may have been let in again since. */
	return m->role != ROLE_CRESS && (m->state == MEMBER_ACTIVE || (m->state == MEMBER_SUSPENDED && n->restored));
}

static size_t reports_awaited(const struct node *n)
{
	size_t active = 0, heard = 0;

	/* A CRESS that has nothing yet is told all by its members. */
	if (n->role == ROLE_CRESS && n->restored && !n->rights.founded)
		return 1;
	for (size_t i = 0; i < n->rights.member_count; i++) {
		if (!is_asked(n, &n->rights.members[i]))
			continue;
		active++;
		heard += has_reported(n, &n->rights.members[i].hub);
	}
	size_t need = enough(n, active);
	return n->alone || n->released || heard >= need ? 0 : need - heard;
}

/* L12: who holds the entry of our own keys holds a longer control log. Were it the last
 * one, suspended and all: without it nothing can be signed. */
size_t node_awaited(const struct node *n)
{
	size_t reports = reports_awaited(n);

	return reports == 0 && n->role == ROLE_CRESS && !node_key_entered(n) ? 1 : reports;
}

void node_awaited_each(const struct node *n, void (*each)(void *ctx, const char *name), void *ctx)
{
	if (reports_awaited(n) == 0)
		return;
	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];

		if (is_asked(n, m) && !has_reported(n, &m->hub))
			each(ctx, m->name);
	}
}

static enum es_err release(struct node *n)
{
	if (n->released || node_awaited(n) > 0)
		return ES_OK;
	n->released = n->derive = true;
	n->grew = true;
	if (!n->restored)
		return ES_OK;
	n->restored = false;
	return node_set_number(n, "restored", 0);
}

static enum es_err note_reported(struct node *n, const struct id16 *hub)
{
	struct node_heard *h = heard_add(n, hub);

	if (!h)
		return ES_NOMEM;
	n->grew = n->grew || !h->reported;
	h->reported = true;
	return n->role == ROLE_CRESS ? release(n) : ES_OK;
}

static es_ms waited_before(const struct node *n, const struct id16 *hub)
{
	const struct node_heard *h = heard_find(n, hub);

	return h && h->day == n->mono / DAY_MS ? h->waited : 0;
}

/* The session reports, or ends: how long it was waited for. */
static enum es_err note_waited(struct node *n, const struct node_session *s)
{
	if (n->role != ROLE_CRESS || s->role != ROLE_HUB || s->reported)
		return ES_OK;
	es_ms before = waited_before(n, &s->hub);
	struct node_heard *h = heard_add(n, &s->hub);

	if (!h)
		return ES_NOMEM;
	h->day = n->mono / DAY_MS;
	h->waited = before + n->mono - s->since;
	return ES_OK;
}

enum es_err node_report(struct node *n, uint64_t session, bool nothing_lacking)
{
	struct node_session *s = node_session_find(n, session);

	if (!s)
		return ES_OK;
	enum es_err err = note_waited(n, s);
	s->reported = nothing_lacking;
	s->since = n->mono;
	n->derive = true;
	if (err != ES_OK || !nothing_lacking || !rights_member(&n->rights, &s->hub))
		return err;
	return note_reported(n, &s->hub);
}

void node_gave(struct node *n, uint64_t session)
{
	struct node_session *s = node_session_find(n, session);
	struct node_heard *h = s ? heard_find(n, &s->hub) : NULL;

	if (s)
		s->since = n->mono;
	if (h)
		h->waited = 0;
}

/* Who claims to hold more and gives nothing is as one who is away: else one member's
 * word would hold up all that home enters. What it does hold may come later (L9, L15). */
static bool is_waited_for(const struct node *n, const struct node_session *s)
{
	return s->role == ROLE_HUB && !s->reported && waited_before(n, &s->hub) + n->mono - s->since < SESSION_STALL_MS;
}

bool node_all_reported(const struct node *n)
{
	for (size_t i = 0; i < n->session_count; i++)
		if (is_waited_for(n, &n->sessions[i]))
			return false;
	return true;
}

static bool in_session(const struct node *n, const struct id16 *hub)
{
	for (size_t i = 0; i < n->session_count; i++)
		if (id_eq(&n->sessions[i].hub, hub))
			return true;
	return false;
}

bool node_nobody_else(const struct node *n)
{
	for (size_t i = 0; i < n->rights.member_count && !n->alone; i++) {
		const struct member *m = &n->rights.members[i];

		if (m->role != ROLE_CRESS && m->state != MEMBER_REVOKED && !has_reported(n, &m->hub) && !in_session(n, &m->hub))
			return false;
	}
	return node_all_reported(n);
}

/* --- clocks --- */

static bool is_near(int64_t ms)
{
	return ms < NODE_CLOCK_MAX_MS && ms > -NODE_CLOCK_MAX_MS;
}

/* Who in session agrees with our clock, less who does not; *heard: how many. */
static int agreement(const struct node *n, size_t *heard)
{
	int votes = 0;

	*heard = 0;
	for (size_t i = 0; i < n->session_count; i++) {
		const struct node_session *s = &n->sessions[i];

		if (n->role != ROLE_CRESS && s->role != ROLE_CRESS)
			continue;
		votes += is_near(s->clock + n->mono - n->utc) ? 1 : -1;
		++*heard;
	}
	return votes;
}

bool node_clock_steady(struct node *n)
{
	int64_t now = n->utc - n->mono;

	if (!n->clock_based) {
		n->clock_based = true;
		n->clock_base = now;
	}
	return is_near(now - n->clock_base) || node_clock_good(n);
}

bool node_clock_good(struct node *n)
{
	int64_t now = n->utc - n->mono;
	size_t heard;
	int votes = agreement(n, &heard);

	if (PLANT(seal_without_clock))
		return true;
	if (!n->clock_based) {
		n->clock_based = true;
		n->clock_base = now;
	}
	bool steady = is_near(now - n->clock_base);
	if (votes > 0) {
		n->clock_base = now;
		n->clock_believed = true;
		return true;
	}
	if (n->role != ROLE_CRESS)
		return false; /* home's word alone counts */
	n->clock_believed = n->clock_believed && steady;
	return heard == 0 ? steady : n->clock_believed;
}

void node_clock_alone(struct node *n)
{
	size_t heard;

	(void)agreement(n, &heard);
	if (heard == 0)
		n->clock_base = n->utc - n->mono;
}

/* --- L7, and what the end of a session says --- */

static bool any_confirmed(const struct node *n)
{
	for (size_t i = 0; i < n->session_count; i++)
		if (n->sessions[i].confirmed)
			return true;
	return false;
}

enum es_err node_confirm(struct node *n, uint64_t session, bool confirmed, int64_t home_clock_ms)
{
	struct node_session *s = session_add(n, session);

	if (!s)
		return ES_NOMEM;
	s->role = ROLE_CRESS;
	s->reported = true;
	s->confirmed = confirmed;
	n->confirmed = any_confirmed(n);
	s->clock = n->utc - n->mono + home_clock_ms;
	n->derive = true;
	if (!confirmed || !n->fenced)
		return ES_OK;
	n->fenced = false; /* an officer let us in again */
	return node_set_number(n, "fenced", 0);
}

static void session_remove(struct node *n, uint64_t no)
{
	for (size_t i = 0; i < n->session_count; i++)
		if (n->sessions[i].no == no) {
			free(n->sessions[i].heads);
			n->sessions[i] = n->sessions[--n->session_count];
			i--;
		}
}

enum es_err node_session_closed(struct node *n, uint64_t session, enum role peer, enum es_err why)
{
	const struct node_session *s = node_session_find(n, session);
	enum es_err err = s ? note_waited(n, s) : ES_OK;

	session_remove(n, session);
	n->confirmed = n->confirmed && any_confirmed(n);
	n->derive = true;
	if (n->role == ROLE_CRESS || peer != ROLE_CRESS)
		return err;
	if (why == ES_LINEAGE_BEHIND) {
		log_event(LOG_WARN, "copy.behind", "then=new-instance");
		return node_new_instance(n);
	}
	if (why == ES_KEY_REPLACED && n->has_next) { /* ours were entered and we have not heard */
		node_take_next(n);
		return ES_OK;
	}
	if (why == ES_KEY_REPLACED && !n->key_replaced) {
		n->key_replaced = true;
		return node_set_number(n, "key_replaced", 1);
	}
	if (why == ES_INSTANCE_FENCED && !n->fenced) {
		n->fenced = true;
		return node_set_number(n, "fenced", 1);
	}
	return ES_OK;
}

/* A human has decided: the fenced copy may come in, at its next call, as the newest. */
struct admitting {
	const struct node *n;
	const struct id16 *hub;
	struct hub_copy copy;
	bool found, called, admitted;
};

static bool note_fenced(void *ctx, const struct hub_copy *c)
{
	struct admitting *a = ctx;

	a->admitted = a->admitted || (id_eq(&c->hub, a->hub) && c->state == COPY_ADMITTED);
	if (!id_eq(&c->hub, a->hub) || c->state != COPY_FENCED || a->called)
		return true;
	a->called = is_caller(a->n, c);
	if (a->called || !a->found || c->lineage >= a->copy.lineage)
		a->copy = *c;
	a->found = true;
	return true;
}

enum es_err node_admit_instance(struct node *n, const struct member *m)
{
	struct admitting a = {.n = n, .hub = &m->hub};
	enum es_err err = n->role == ROLE_CRESS ? journal_copy_each(n->journal, note_fenced, &a) : ES_NOT_ALLOWED;

	if (err == ES_OK && !a.found)
		return a.admitted ? ES_OK : ES_NOT_FOUND; /* said before, it has not called since */
	a.copy.state = COPY_ADMITTED;
	return err == ES_OK ? journal_copy_put(n->journal, &a.copy) : err;
}

/* --- L9: void commits go back to their author, through home too --- */

enum es_err node_returns(struct node *n, const struct id16 *peer, enum role role, struct buf *body)
{
	return journal_void_load(n->journal, peer, role == ROLE_CRESS, RETURN_BYTES, body);
}

/* Each change that is there is one, and is what its author signed. */
static enum es_err check_returned(const struct commit *c, const struct packed *p)
{
	enum es_err err = commit_check_held(c, p);
	struct change ch;

	for (uint32_t i = 0; i < p->count && err == ES_OK; i++)
		if (p->payload[i].present && change_decode(p->payload[i].change, &ch) != ES_OK)
			err = ES_BAD_DIGEST;
	return err;
}

/* How much is kept for whom, read once for a RETURN. */
struct kept {
	struct kept_for {
		struct id16 hub;
		uint64_t bytes, logs; /* `logs`: of changes in its logs, where it has a quota */
	} *list;
	size_t count;
	enum es_err err;
};

static struct kept_for *kept_add(struct kept *k, const struct id16 *hub, uint64_t bytes)
{
	struct kept_for *more = realloc(k->list, (k->count + 1) * sizeof *more);

	if (!more)
		return NULL;
	k->list = more;
	more[k->count] = (struct kept_for){.hub = *hub, .bytes = bytes};
	return &more[k->count++];
}

static bool note_kept(void *ctx, const struct id16 *hub, uint64_t bytes)
{
	struct kept *k = ctx;

	k->err = kept_add(k, hub, bytes) ? ES_OK : ES_NOMEM;
	return k->err == ES_OK;
}

static struct kept_for *kept_for(struct kept *k, const struct id16 *hub)
{
	for (size_t i = 0; i < k->count; i++)
		if (id_eq(&k->list[i].hub, hub))
			return &k->list[i];
	return kept_add(k, hub, 0);
}

/* Any member may sign what home never took, and hand it over as void: it counts in its
 * author's quota, and is bounded where there is none. */
static enum es_err has_room(struct node *n, struct kept *k, const struct member *m, size_t bytes)
{
	struct kept_for *of = kept_for(k, &m->hub);

	if (!of)
		return ES_NOMEM;
	if (m->quota && of->logs == 0)
		of->logs = (uint64_t)journal_bytes_of(n->journal, &n->frontier, &m->hub);
	of->bytes += bytes;
	return of->bytes > NODE_RETURNED_MAX || (m->quota && of->logs + of->bytes > m->quota) ? ES_QUOTA : ES_OK;
}

/* Kept for its author, as far as it may lie here. */
static enum es_err keep_returned(struct node *n, struct kept *k, const struct open_log *log, const struct hash *id,
				  const struct packed *p)
{
	static _Thread_local struct packed again;
	const struct member *self = rights_member(&n->rights, &n->hub);
	const struct packed *kept = node_without_forgotten(n, p, &again);
	struct buf packed;

	if (!self || !rights_may_hold(&n->rights, self, log))
		return ES_NOT_ALLOWED;
	buf_init(&packed, COMMIT_PACKED_MAX);
	commit_pack(kept->header, &kept->sig, kept->payload, kept->count, &packed);
	enum es_err err = buf_err(&packed);
	if (err == ES_OK)
		err = has_room(n, k, rights_member(&n->rights, &log->hub), packed.len);
	if (err == ES_OK)
		err = journal_void_put(n->journal, &log->hub, id, buf_slice(&packed));
	buf_done(&packed);
	return err;
}

/* Anybody may bring it; only its author's signature makes it ours to keep. */
static enum es_err take_returned(struct node *n, struct kept *k, struct slice packed, struct hash *id)
{
	static _Thread_local struct packed p;
	static _Thread_local struct commit c;
	enum es_err err = commit_unpack(packed, &p);

	if (err == ES_OK)
		err = commit_decode(p.header, &c);
	if (err != ES_OK)
		return err;
	*id = c.id;
	const struct open_log *log = rights_log(&n->rights, &c.log_id);
	const struct member *m = log ? rights_member(&n->rights, &log->hub) : NULL;
	const struct key_age *age = m ? rights_key_age(&n->rights, &m->hub, c.key_epoch) : NULL;
	if (!age || !hash_eq(&c.fed_id, &n->rights.fed_id) || !commit_verify(p.header, &p.sig, &age->sign))
		return ES_BAD_SIG;
	err = check_returned(&c, &p);
	if (err != ES_OK)
		return err;
	if (id_eq(&log->hub, &n->hub))
		return node_take_back(n, log->scope, &p);
	return m->state == MEMBER_REVOKED ? ES_OK : keep_returned(n, k, log, &c.id, &p);
}

enum es_err node_given_back(struct node *n, struct slice body, struct buf *ids)
{
	struct canon_reader r;
	struct buf list;
	struct kept k = {.err = ES_OK};
	uint32_t kept = 0;
	enum es_err err = journal_void_bytes(n->journal, note_kept, &k);

	err = err == ES_OK ? k.err : err;
	buf_init(&list, 64 * 1024);
	canon_read_init(&r, body);
	(void)canon_read_array(&r, 1);
	for (uint32_t count = canon_read_array(&r, 4096); count > 0 && err == ES_OK; count--) {
		struct slice packed = canon_read_value(&r);
		struct hash id;

		err = r.err != ES_OK ? r.err : take_returned(n, &k, packed, &id);
		if (err == ES_BAD_SIG || err == ES_BAD_DIGEST || err == ES_NOT_ALLOWED || err == ES_QUOTA) { /* not its author's, or not for us: answered, not kept */
			log_event(LOG_WARN, "return.refused", "why=%s", es_err_name(err));
			err = ES_OK;
		}
		if (err == ES_OK) {
			canon_bin(&list, id.bytes, 32);
			kept++;
		}
	}
	canon_array(ids, kept);
	buf_add(ids, list.p, list.len);
	buf_done(&list);
	free(k.list);
	n->grew = true;
	return err;
}

enum es_err node_returned(struct node *n, const struct id16 *peer, enum role role, struct slice ids)
{
	struct canon_reader r;
	enum es_err err = ES_OK;

	canon_read_init(&r, ids);
	for (uint32_t count = canon_read_array(&r, 4096); count > 0 && err == ES_OK; count--) {
		struct hash id;

		canon_read_exact(&r, id.bytes, 32);
		err = r.err != ES_OK ? r.err : journal_void_given(n->journal, &id, role == ROLE_CRESS ? NULL : peer);
	}
	return err;
}

/* --- restored --- */

static enum es_err due_all(struct node *n)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < n->rights.member_count && err == ES_OK; i++) {
		const struct member *m = &n->rights.members[i];
		struct due d;

		if (m->role != ROLE_HUB || PLANT(no_generation_after_restore))
			continue;
		journal_due_get(n->journal, &m->hub, &d);
		d.waits = true;
		err = journal_due_put(n->journal, &m->hub, &d);
	}
	return err;
}

/* L10: the local log goes on in a generation of its own. */
static enum es_err new_local_log(struct node *n)
{
	struct id16 nonce;
	struct head *h;

	rng_fill(&n->rng, nonce.bytes, 16);
	struct id16 log = crypto_log_id(&n->rights.fed_id, &n->hub, SCOPE_LOCAL, &nonce);
	uint32_t generation = n->local_index >= 0 ? n->frontier.heads[n->local_index].generation + 1 : 1;
	h = frontier_add(&n->frontier, &log, &n->hub, SCOPE_LOCAL, generation);
	if (!h)
		return ES_NOMEM;
	n->local_index = (int)n->frontier.count - 1;
	return journal_add_log(n->journal, &n->frontier, (uint32_t)n->local_index);
}

enum es_err node_restored(struct node *n)
{
	enum es_err err = node_new_instance(n);

	if (err == ES_OK)
		err = new_local_log(n);
	if (err != ES_OK || n->role != ROLE_CRESS)
		return err;
	n->restored = true;
	n->released = false;
	n->opened = false;
	err = node_set_number(n, "restored", 1);
	return err == ES_OK ? due_all(n) : err;
}
