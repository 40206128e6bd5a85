/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/health.h"
#include <string.h>
#include "daemon/node/node_parts.h"
#include "daemon/rgpd/rgpd.h"

#define ERASURES_MS 30000 /* between two counts where there is much to count */
#define ERASURES_CHEAP 2000
#define DAY_MS (24ll * 3600 * 1000)
#define OFFER_LATE_DAYS 30
#define NEWCOMER_DAYS 7 /* a member is news... */
#define NEWCOMERS_MS 60000 /* ...counted so often, or when there is one more */
#define COUNTS_MS 2000 /* between two counts while the directory moves... */
#define COUNTS_LARGE_MS 60000 /* ...a large one... */
#define COUNTS_LARGE (16 << 20) /* bytes of journal */
#define COUNTS_REST_MS (3600ll * 1000) /* ...and while only the date does */

static bool count_proof(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	(void)log;
	(void)seq;
	(void)proof;
	(*(size_t *)ctx)++;
	return true;
}

struct waiting {
	struct node *n;
	size_t count, late;
};

/* Since it came here, by our clock. */
static bool is_late(struct node *n, const struct position3 *at, int64_t days)
{
	const struct head *h = frontier_find(&n->frontier, &at->log);
	struct buf packed;
	uint32_t index;
	int64_t stored = 0;

	buf_init(&packed, COMMIT_PACKED_MAX);
	bool found = h && journal_one(n->journal, journal_pos(n->journal, (uint32_t)(h - n->frontier.heads), at->seq), &index,
				      &packed, &stored) == ES_OK;
	buf_done(&packed);
	return found && n->utc - stored > days * DAY_MS;
}

struct erasure_counting {
	struct node *n;
	struct health *h;
};

/* Joined by ", "; false, and an ellipsis instead, where there is no room. */
bool health_add_name(char names[HEALTH_NAMES_MAX], const char *name)
{
	size_t len = strlen(names);
	bool room = len + strlen(name) + 8 <= HEALTH_NAMES_MAX;

	if (len >= 3 && strcmp(names + len - 3, "...") == 0)
		return false;
	snprintf(names + len, HEALTH_NAMES_MAX - len, "%s%s", len ? ", " : "", room ? name : "...");
	return room;
}

static bool count_erasure(void *ctx, const struct erasure *e)
{
	struct erasure_counting *c = ctx;
	struct health *h = c->h;
	struct position3 at = {.log = c->n->frontier.heads[0].log, .seq = e->what.seq};

	if (e->silent == 0)
		return true;
	h->erasures_late += is_late(c->n, &at, RGPD_LATE_DAYS);
	if (h->erasures++ > 0)
		return true;
	for (size_t i = 0; i < e->silent && i < 64 && health_add_name(h->silent, e->who[i]->name); i++)
		;
	return true;
}

static bool count_open(void *ctx, const struct inbox_item *i)
{
	struct waiting *w = ctx;

	w->count += i->state == INBOX_OPEN && !i->waits && id_eq(&i->to, &w->n->hub);
	w->late += w->n->role == ROLE_CRESS && i->op == OP_REQUEST && i->state == INBOX_OPEN && is_late(w->n, &i->at, OFFER_LATE_DAYS);
	return true;
}

static bool count_knocking(void *ctx, const struct join_request *r)
{
	(*(size_t *)ctx) += r->state == REQUEST_WAITING;
	return true;
}

static bool count_refusal(void *ctx, const struct refusal *r)
{
	(void)r;
	(*(size_t *)ctx)++;
	return true;
}

static void count_erasures(struct node *n, struct health *h)
{
	bool cheap = n->rights.forgotten_count * n->rights.member_count < ERASURES_CHEAP;

	if (!cheap && n->utc - h->erasures_at < ERASURES_MS && n->utc >= h->erasures_at)
		return;
	h->erasures = 0;
	h->erasures_late = 0;
	h->silent[0] = 0;
	h->erasures_at = n->utc;
	(void)!node_erasures(n, count_erasure, &(struct erasure_counting){n, h});
}

static bool count_due(void *ctx, const struct rgpd_due *d)
{
	struct health *h = ctx;

	h->past += d->past;
	h->soon += !d->past;
	return true;
}

struct request_counting {
	struct health *h;
	char before[11]; /* received then, or earlier: late */
};

static bool count_request(void *ctx, const struct rgpd_request *q)
{
	struct request_counting *c = ctx;

	c->h->requests_late += q->closed.len == 0 && q->received.len == 10 && memcmp(q->received.p, c->before, 10) <= 0;
	return true;
}

static bool counts_stand(struct node *n, const struct health *h, const struct position *at)
{
	bool moved = at->commit != h->counted_commit || at->edit != h->counted_edit;
	es_ms pause = !moved ? COUNTS_REST_MS : journal_file_bytes(n->journal) > COUNTS_LARGE ? COUNTS_LARGE_MS : COUNTS_MS;

	return h->counted_at && n->utc >= h->counted_at && n->utc - h->counted_at < pause;
}

static void count_terms(struct node *n, struct health *h, const char *today)
{
	struct request_counting requests = {.h = h};

	h->past = h->soon = h->requests_late = 0;
	(void)!rgpd_each_due(n->reader, n->owner, today, count_due, h);
	if (day_add_days(slice_str(today), -RGPD_LATE_DAYS, requests.before))
		(void)!rgpd_each_request(n->reader, n->owner, count_request, &requests);
}

/* ?1 our pole, ?2 the last day on which a proposal is late now. */
#define PROPOSED "FROM doublon d WHERE d.etat = 'propose' AND d.pole LIKE 'cress-%' AND NOT EXISTS (SELECT 1 FROM doublon_fiche f" \
	" CROSS JOIN structure s CROSS JOIN alias a WHERE f.rec = d.rec AND s.uid = f.uid AND a.rec = s.rec AND a.lien IS NOT NULL)"
#define FOUND \
	"SELECT count(*) FROM alias a CROSS JOIN structure s CROSS JOIN structure c WHERE a.lien IS NULL AND s.rec = a.rec" \
	" AND c.rec = a.canonique AND s.siret = c.siret AND s.pole <> c.pole AND s.uid NOT IN (SELECT uid FROM doublon_fiche)"
#define ASKED \
	"SELECT count(*) " PROPOSED " AND EXISTS (SELECT 1 FROM doublon_fiche f CROSS JOIN structure s WHERE f.rec = d.rec" \
	" AND s.uid = f.uid AND s.pole = ?1) AND NOT EXISTS (SELECT 1 FROM doublon o WHERE o.pole = ?1 AND o.uids = d.uids)"

static void count_duplicates(struct node *n, struct health *h, const char *today)
{
	char late[11];

	h->duplicates = h->duplicates_late = h->duplicates_asked = 0;
	if (!day_add_days(slice_str(today), -OFFER_LATE_DAYS, late))
		return;
	const struct slice args[] = {slice_str(n->owner), slice_str(late)};
	if (n->role == ROLE_CRESS) {
		h->duplicates = (size_t)reader_number(n->reader, FOUND, args, 0);
		h->duplicates_late = (size_t)reader_number(n->reader, "SELECT count(*) " PROPOSED " AND d.le <= ?1", &args[1], 1);
	} else {
		h->duplicates_asked = (size_t)reader_number(n->reader, ASKED, args, 1);
	}
}

size_t health_duplicates(struct node *n)
{
	const struct slice args[] = {slice_str(n->owner)};
	struct health h = {0};
	char today[11];

	day_of(n->utc, today);
	count_duplicates(n, &h, today);
	if (n->role != ROLE_CRESS) /* those that nobody has asked about yet are answered all the same */
		h.duplicates = (size_t)reader_number(n->reader, FOUND " AND ?1 IN (s.pole, c.pole)", args, 1);
	return h.duplicates + h.duplicates_asked;
}

/* What we have proposed is looked up only where something waits. */
static void count_requests(struct node *n, struct health *h, const char *today)
{
	struct buf answered;

	requests_count(n->reader, slice_str("[]"), today, &h->requests);
	if (h->requests.waiting == 0)
		return;
	buf_init(&answered, 1 << 20);
	if (requests_answered(n, &answered) == ES_OK)
		requests_count(n->reader, buf_slice(&answered), today, &h->requests);
	buf_done(&answered);
}

/* What the directory tells, counted where it has moved. */
static void count_directory(struct node *n, struct health *h)
{
	struct position at = n->reader ? reader_position(n->reader) : (struct position){0};
	char today[11];

	if (!n->reader || counts_stand(n, h, &at))
		return;
	h->counted_at = n->utc;
	h->counted_commit = at.commit;
	h->counted_edit = at.edit;
	day_of(n->utc, today);
	count_terms(n, h, today);
	count_duplicates(n, h, today);
	reader_due_counts(n->reader, today, &h->followups);
	count_requests(n, h, today);
}

/* CRESS: whose batches wait at home for the charter in force (A3). */
static void count_unaccepted(struct node *n, struct health *h)
{
	h->unaccepted = 0;
	h->unaccepted_names[0] = 0;
	for (size_t i = 0; n->role == ROLE_CRESS && i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];

		if (m->role != ROLE_HUB || m->state == MEMBER_REVOKED || node_charter_accepted(n, &m->hub))
			continue;
		h->unaccepted++;
		(void)health_add_name(h->unaccepted_names, m->name);
	}
}

/* When the control log says that it entered. */
static es_ms entered_at(struct node *n, const struct member *m)
{
	static _Thread_local struct packed p;
	static _Thread_local struct commit c;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	bool found = node_read_commit(n, 0, m->since, &bytes, &p) == ES_OK && commit_decode(p.header, &c) == ES_OK;
	buf_done(&bytes);
	return found ? stamp_ms(c.hlc) : 0;
}

static bool newcomers_known(const struct node *n, const struct health *h)
{
	return h->newcomers_of == n->rights.member_count && n->utc >= h->newcomers_at && n->utc - h->newcomers_at < NEWCOMERS_MS;
}

/* Members stand in the order in which they entered. */
static void count_newcomers(struct node *n, struct health *h)
{
	const struct member *self = rights_member(&n->rights, &n->hub);

	if (n->role != ROLE_HUB || !self || newcomers_known(n, h))
		return;
	h->newcomers = 0;
	h->newcomer_names[0] = 0;
	h->newcomers_at = n->utc;
	h->newcomers_of = n->rights.member_count;
	for (size_t i = n->rights.member_count; i > 0; i--) {
		const struct member *m = &n->rights.members[i - 1];

		if (m->since <= self->since || n->utc - entered_at(n, m) > NEWCOMER_DAYS * DAY_MS)
			break;
		if (m->role != ROLE_HUB || m->state != MEMBER_ACTIVE)
			continue;
		h->newcomers++;
		(void)health_add_name(h->newcomer_names, m->name);
	}
}

/* Each is read in its commit: looked at again once something has come, or been set aside. */
static void count_refusals(struct node *n, struct health *h)
{
	int64_t pos = journal_last_pos(n->journal);

	if (h->refusals_pos == pos && h->refusals_asides == n->asides)
		return;
	h->refusals_pos = pos;
	h->refusals_asides = n->asides;
	h->refusals = 0;
	(void)!node_refusals(n, count_refusal, &h->refusals);
}

void health_read(struct node *n, struct health *h)
{
	uint8_t be[8] = {0};
	struct waiting w = {.n = n};
	struct buf b;

	buf_init_fixed(&b, be, sizeof be);
	h->backup = journal_get(n->journal, "backup", &b) && b.len == 8 ? (es_ms)be_read(be, 8) : 0;
	h->voids = journal_void_waiting(n->journal);
	h->proofs = 0;
	(void)!node_proofs(n, count_proof, &h->proofs);
	count_erasures(n, h);
	count_directory(n, h);
	(void)!node_inbox(n, count_open, &w);
	h->inbox = w.count;
	h->late = w.late;
	h->knocking = 0;
	(void)!journal_request_each(n->journal, count_knocking, &h->knocking);
	count_refusals(n, h);
	h->charter_due = node_charter_due(n);
	count_unaccepted(n, h);
	count_newcomers(n, h);
	h->due = 0;
	for (size_t i = 0; n->role == ROLE_CRESS && i < n->rights.member_count; i++) {
		struct due d;

		if (n->rights.members[i].role != ROLE_HUB || n->rights.members[i].state == MEMBER_REVOKED)
			continue;
		journal_due_get(n->journal, &n->rights.members[i].hub, &d);
		h->due += d.waits;
	}
}
