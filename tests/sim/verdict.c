/* SPDX-License-Identifier: Apache-2.0
 *
 * The end: P4 (all level), P3 and P5 (the naive fold), P1 (every edit has effect,
 * once), P7 and private words (every file of every disk). */
#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "proto/canon.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/human.h"
#include "tests/sim/oracle.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"
#include "tests/sim/watch.h"

struct sim_node *check_home(const struct world *w)
{
	return w->nodes[1];
}

bool check_counts(const struct sim_node *s)
{
	const struct sim_node *home = s ? check_home(s->w) : NULL;
	const struct member *m;

	if (!s || !s->n || s->hostile || s->life != LIFE_UP || !home || !home->n)
		return false;
	m = rights_member(&home->n->rights, &s->n->hub);
	return m && m->state == MEMBER_ACTIVE;
}

void judge_retired(struct sim_node *s)
{
	size_t count;
	uint8_t *held = judge_held(s, &count);
	bool went_back = s->went_back;

	memset(held, 0, count);
	judge_went_back(s, held, count);
	s->went_back = went_back;
	free(held);
}

/* --- P4 --- */

static bool same_head(const struct head *a, const struct head *b)
{
	return a->seq == b->seq && (a->seq == 0 || hash_eq(&a->id, &b->id));
}

static bool read_stored(struct sim_node *s, int64_t pos, struct buf *packed);

/* The commit after `seq` that rot has eaten at home, nobody can be given: home says so
 * (DAMAGED), and has to be restored. */
static bool is_eaten_after(struct sim_node *home, size_t i, uint64_t seq)
{
	struct buf packed;

	if (!home->flipped)
		return false;
	buf_init(&packed, COMMIT_PACKED_MAX);
	bool good = read_stored(home, journal_pos(home->n->journal, (uint32_t)i, seq + 1), &packed);
	buf_done(&packed);
	return !good;
}

static bool logs_level(const struct sim_node *s, struct sim_node *home, struct buf *why)
{
	const struct member *self = rights_member(&home->n->rights, &s->n->hub);

	for (size_t i = 1; i < home->n->frontier.count; i++) {
		const struct head *h = &home->n->frontier.heads[i], *mine;
		const struct open_log *log = rights_log(&home->n->rights, &h->log);

		if (h->scope == SCOPE_LOCAL || !log || !self || !rights_may_hold(&home->n->rights, self, log))
			continue;
		mine = frontier_find(&s->n->frontier, &h->log);
		if (mine && (same_head(mine, h) || (mine->seq < h->seq && is_eaten_after(home, i, mine->seq)) ||
			     (mine->seq == h->seq && is_eaten_after(home, i, h->seq - 1))))
			continue;
		buf_printf(why, "n%d has %s log %zu (generation %u, of hub %02x%02x) at %lld, home at %llu", s->no, scope_name(h->scope),
			   i, h->generation, h->hub.bytes[0], h->hub.bytes[1], mine ? (long long)mine->seq : -1,
			   (unsigned long long)h->seq);
		if (mine && mine->blocked != ES_OK)
			buf_printf(why, ", blocked: %s", es_err_name(mine->blocked));
		return false;
	}
	return true;
}

static bool name_edit(void *ctx, const struct outbox_edit *e)
{
	struct change ch;

	if (e->change.len > 0 && change_read(e->change, &ch) == ES_OK)
		buf_printf(ctx, "; %s op %u record %02x%02x kind %u", scope_name(e->scope), ch.op, e->record.bytes[30],
			   e->record.bytes[31], e->kind);
	return true;
}

static bool own_level(const struct sim_node *s, struct buf *why)
{
	int64_t waits = journal_outbox_count(s->n->journal);

	if (waits > 0) {
		buf_printf(why, "n%d has %lld edits in its outbox%s%s", s->no, (long long)waits,
			   s->n->confirmed || s->role == ROLE_CRESS ? "" : ", not confirmed",
			   s->n->fenced ? ", fenced" : s->n->key_replaced ? ", key replaced" : "");
		(void)!journal_outbox_each(s->n->journal, SCOPE_COUNT, NULL, 0, name_edit, why);
		return false;
	}
	for (size_t i = 1; i < s->n->frontier.count && s->role != ROLE_CRESS; i++) {
		const struct head *h = &s->n->frontier.heads[i];

		if (h->scope == SCOPE_LOCAL || !id_eq(&h->hub, &s->n->hub) || h->acked == h->seq)
			continue;
		buf_printf(why, "n%d: its %s log is at %llu, acknowledged to %llu", s->no, scope_name(h->scope),
			   (unsigned long long)h->seq, (unsigned long long)h->acked);
		return false;
	}
	return true;
}

static bool folded(const struct sim_node *s, struct buf *why)
{
	struct position at = s->d ? directory_position(s->d) : (struct position){0};

	if (s->d && at.commit >= journal_last_pos(s->n->journal) && at.edit >= journal_last_edit(s->n->journal) &&
	    at.refold >= journal_last_refold(s->n->journal) && s->n->erased >= s->n->erasures)
		return true;
	buf_printf(why, "n%d: the directory is behind its journal%s", s->no, s->n->erased < s->n->erasures ? ", an erasure is under way" : "");
	return false;
}

bool check_level(struct world *w, struct buf *why)
{
	struct sim_node *home = check_home(w);

	if (!home || !home->n) {
		buf_str(why, "home is not running");
		return false;
	}
	if (node_awaited(home->n) > 0) {
		buf_str(why, "home awaits reports");
		return false;
	}
	for (int i = 1; i <= w->node_count; i++) {
		struct sim_node *s = w->nodes[i];

		if (!s || s->hostile || s->life == LIFE_GONE)
			continue;
		if (!s->n) {
			buf_printf(why, "n%d is not running", i);
			return false;
		}
		if (s->joining && !s->join_denied) {
			buf_printf(why, "n%d is still joining", i);
			return false;
		}
		if (!check_counts(s))
			continue;
		if (!same_head(&s->n->frontier.heads[0], &home->n->frontier.heads[0])) {
			buf_printf(why, "n%d's control log is at %llu, home's at %llu", i,
				   (unsigned long long)s->n->frontier.heads[0].seq, (unsigned long long)home->n->frontier.heads[0].seq);
			return false;
		}
		if (s->n->fenced) {
			buf_printf(why, "n%d is fenced", i);
			return false;
		}
		if (!own_level(s, why) || !logs_level(s, home, why) || !folded(s, why))
			return false;
		if (s->queued > 0) {
			buf_printf(why, "n%d's writer has work", i);
			return false;
		}
	}
	return watch_end(w, why);
}

/* --- P3, P5 --- */

static void state_lines(struct slice state, const struct record_id *record, unsigned kind, enum scope scope, struct buf *out)
{
	struct canon_reader r;

	canon_read_init(&r, state);
	for (uint32_t groups = canon_read_array(&r, 65536); groups > 0 && r.err == ES_OK; groups--) {
		struct hash commit = {{0}};

		(void)canon_read_array(&r, 6);
		enum scope in = (enum scope)canon_read_u64(&r, 15);
		es_stamp edited = canon_read_u64(&r, UINT64_MAX);
		bool pending = canon_peek(&r) == CANON_NIL;
		if (pending)
			(void)canon_read_value(&r);
		else
			canon_read_exact(&r, commit.bytes, 32);
		uint32_t index = (uint32_t)canon_read_u64(&r, UINT32_MAX);
		(void)canon_read_value(&r); /* salt */
		for (uint32_t fields = canon_read_map(&r, 65536); fields > 0 && r.err == ES_OK; fields--) {
			unsigned no = (unsigned)canon_read_u64(&r, 65535);
			struct slice value = canon_read_value(&r);

			if (in == scope && !pending)
				oracle_line(record, kind, no, edited, &commit, index, value, out);
		}
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a directory, in the order of their text. */
static void sort_lines(struct buf *b)
{
	size_t count = 0;
	const char *text = buf_cstr(b);

	for (const char *p = text; *p; p++)
		count += *p == '\n';
	char *copy = strdup(text), **at = malloc((count + 1) * sizeof *at), *rest = copy;
	assert(copy && at);
	for (size_t i = 0; i < count; i++)
		at[i] = strsep(&rest, "\n");
	qsort(at, count, sizeof *at, by_text);
	buf_clear(b);
	for (size_t i = 0; i < count; i++) {
		buf_str(b, at[i]);
		buf_str(b, "\n");
	}
	free(at);
	free(copy);
}

static void directory_lines(struct sim_node *s, enum scope scope, struct buf *out)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	char path[64];

	snprintf(path, sizeof path, "%s/directory.db", s->dir);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT id, kind, state FROM etat", -1, &st, NULL) == SQLITE_OK)
		while (sqlite3_step(st) == SQLITE_ROW) {
			struct record_id id;

			if (sqlite3_column_bytes(st, 0) != 32)
				continue;
			memcpy(id.bytes, sqlite3_column_blob(st, 0), 32);
			state_lines(SLICE(sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2)), &id,
				    (unsigned)sqlite3_column_int(st, 1), scope, out);
		}
	sqlite3_finalize(st);
	sqlite3_close(db);
	sort_lines(out);
}

static void first_difference(const char *a, const char *b, char out[300])
{
	size_t from = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '\n')
			from = i + 1;
	snprintf(out, 300, "shown %.110s... expected %.110s...", a[from] ? a + from : "nothing", b[from] ? b + from : "nothing");
	for (char *c = out; *c; c++)
		if (*c == '\n')
			*c = '|';
}

/* A commit as it lies in a journal; false: there is none, or rot has been at it, which a
 * disk that was not flipped may not show. */
static bool read_stored(struct sim_node *s, int64_t pos, struct buf *packed)
{
	static struct packed p;
	static struct commit c;
	struct hash id;
	uint32_t index;
	int64_t stored;

	buf_clear(packed);
	if (journal_one(s->n->journal, pos, &index, packed, &stored) != ES_OK)
		return false;
	return !s->flipped || (commit_unpack(buf_slice(packed), &p) == ES_OK && commit_decode(p.header, &c) == ES_OK &&
			       journal_commit_id(s->n->journal, index, c.seq, &id) && hash_eq(&id, &c.id) &&
			       commit_check_held(&c, &p) == ES_OK);
}

/* What rot has eaten stands aside until `essaim verify` and a human: the node shows the
 * rest. How many, and to the oracle (NULL: nobody) which. */
static size_t find_gaps(struct sim_node *s, struct oracle *o)
{
	size_t count = 0;
	struct buf packed;

	buf_init(&packed, COMMIT_PACKED_MAX);
	for (uint32_t i = 1; s->flipped && i < s->n->frontier.count; i++) {
		const struct head *h = &s->n->frontier.heads[i];

		for (uint64_t seq = 1; seq <= h->seq; seq++) {
			const struct seen_commit *was = ledger_at(&s->w->judge->ledger, &h->log, seq);

			if (!was || read_stored(s, journal_pos(s->n->journal, i, seq), &packed))
				continue;
			count++;
			if (o)
				oracle_gap(o, &h->log, seq, &was->id);
		}
	}
	buf_done(&packed);
	return count;
}

/* Folds all that a node's journal holds, the naive way. */
static struct oracle *oracle_of(struct sim_node *s)
{
	struct oracle *o = oracle_new(&s->n->rights.fed_id);
	int64_t last = journal_last_pos(s->n->journal);
	struct buf packed, why;

	buf_init(&packed, COMMIT_PACKED_MAX);
	buf_init(&why, 500);
	for (int64_t pos = 1; pos <= last; pos++)
		if (read_stored(s, pos, &packed))
			oracle_add(o, buf_slice(&packed));
	(void)find_gaps(s, o);
	for (size_t i = 1; i < s->n->frontier.count; i++)
		if (s->n->frontier.heads[i].blocked == ES_FORK)
			oracle_fork(o, &s->n->frontier.heads[i].log, s->n->frontier.heads[i].blocked_seq);
	if (!oracle_fold(o, &s->n->frontier.heads[0].id, &why))
		violation(s->w, "P5", "n%d: its control log does not fold: %s", s->no, buf_cstr(&why));
	else if (oracle_rejected(o) > 0 && !s->flipped)
		violation(s->w, "P5", "n%d holds %zu commits that are not good", s->no, oracle_rejected(o));
	buf_done(&packed);
	buf_done(&why);
	return o;
}

static void compare_oracle(struct sim_node *s)
{
	struct oracle *o = oracle_of(s);
	struct buf shown, expected;
	char what[300];
	bool rotten = s->flipped && oracle_rejected(o) > 0; /* a bit of a signature: `essaim verify` finds it */

	buf_init(&shown, 64 << 20);
	buf_init(&expected, 64 << 20);
	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_CRESS && !s->w->stopped && !rotten; scope++) {
		buf_clear(&shown);
		buf_clear(&expected);
		directory_lines(s, scope, &shown);
		oracle_lines(o, scope, &expected);
		const char *a = buf_cstr(&shown), *b = buf_cstr(&expected);
		if (strcmp(a, b) == 0)
			continue;
		first_difference(a, b, what);
		violation(s->w, "P5", "n%d's %s directory is not the fold: %s", s->no, scope_name(scope), what);
	}
	buf_done(&shown);
	buf_done(&expected);
	oracle_free(o);
}

/* Which record's hash differs, or which bucket's; the first one. */
static void explain_digest(struct sim_node *s, struct sim_node *home, enum scope scope, char out[200])
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	char path[64], sql[400];

	snprintf(out, 200, "no record's hash differs");
	snprintf(path, sizeof path, "%s/directory.db", s->dir);
	snprintf(sql, sizeof sql, "ATTACH '%s/directory.db' AS home", home->dir);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		(void)sqlite3_exec(db, sql, NULL, NULL, NULL);
	snprintf(sql, sizeof sql, "SELECT hex(id), kind, hex(h%d), n FROM (SELECT id, kind, h%d, 'here' AS n FROM main.etat UNION ALL "
				  "SELECT id, kind, h%d, 'home' FROM home.etat) WHERE h%d IS NOT NULL GROUP BY id, kind, h%d HAVING count(*) = 1",
		 (int)scope, (int)scope, (int)scope, (int)scope, (int)scope);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		snprintf(out, 200, "record %s kind %d hash %.16s only %s", sqlite3_column_text(st, 0), sqlite3_column_int(st, 1),
			 (const char *)sqlite3_column_text(st, 2), sqlite3_column_text(st, 3));
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static void compare_digests(struct world *w, struct sim_node *home)
{
	struct hash a, b;
	char what[200];

	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_FEDERATION; scope++) {
		if (directory_digest(home->d, scope, &a) != ES_OK)
			continue;
		for (int i = 2; i <= w->node_count && !w->stopped; i++) {
			struct sim_node *s = w->nodes[i];

			if (!check_counts(s) || !s->d || directory_digest(s->d, scope, &b) != ES_OK || hash_eq(&a, &b))
				continue;
			compare_oracle(s); /* whose fold is it that is wrong? */
			if (!w->stopped)
				compare_oracle(home);
			if (find_gaps(s, NULL) + find_gaps(home, NULL) > 0)
				continue; /* they hold the same no longer */
			if (!w->stopped)
				explain_digest(s, home, scope, what);
			if (!w->stopped)
				violation(w, "P3", "n%d and home hold the same %s logs and show different digests: %s", i, scope_name(scope), what);
		}
	}
}

/* --- P1: every edit, once --- */

static void count_payload(struct sim_node *s, const struct head *h, const struct commit *c, const struct payload *y, uint8_t *times)
{
	struct ledger *l = &s->w->judge->ledger;
	struct unit *u = y->present ? ledger_unit(l, &y->salt) : NULL;
	const struct rights *g = &s->n->rights;
	struct change ch;

	if (!u || change_read(y->change, &ch) != ES_OK)
		return;
	if (!id_eq(&h->hub, &s->w->nodes[u->machine]->hub) && human_is_hostile(s->w, &h->hub))
		return; /* another's salt, used again */
	if (h->scope != SCOPE_LOCAL) {
		if (rights_is_void(g, &c->log_id, c->seq))
			return;
		if (ch.op == OP_PUT && !rights_counts(g, &h->hub, &c->log_id, c->seq, c->has_ctl ? c->ctl_seq : 0, &ch.record, ch.kind))
			return;
		if (ch.op != OP_PUT && ch.op != OP_PROPOSE)
			return;
	}
	times[u - l->units]++;
}

static void count_units(struct sim_node *s, bool local, uint8_t *times)
{
	static struct packed p;
	static struct commit c;
	int64_t last = journal_last_pos(s->n->journal);
	struct buf packed;

	buf_init(&packed, COMMIT_PACKED_MAX);
	for (int64_t pos = 1; pos <= last; pos++) {
		uint32_t index;
		int64_t stored;

		buf_clear(&packed);
		if (journal_one(s->n->journal, pos, &index, &packed, &stored) != ES_OK || index == 0)
			continue;
		const struct head *h = &s->n->frontier.heads[index];
		if ((h->scope == SCOPE_LOCAL) != local || commit_unpack(buf_slice(&packed), &p) != ES_OK ||
		    commit_decode(p.header, &c) != ES_OK)
			continue;
		for (uint32_t i = 0; i < p.count; i++)
			count_payload(s, h, &c, &p.payload[i], times);
	}
	buf_done(&packed);
}

static bool author_left(const struct world *w, const struct unit *u)
{
	const struct rights *g = &check_home(w)->n->rights;
	bool any = false;

	for (int i = 1; i <= w->node_count; i++) {
		const struct sim_node *s = w->nodes[i];
		const struct member *m = s && s->who == u->who ? rights_member(g, &s->hub) : NULL;

		any = any || (m && m->state == MEMBER_ACTIVE && s->life == LIFE_UP);
	}
	return !any;
}

/* Of a hub and its copy one stays: what that one took out of its outbox is as if unsaid. */
static bool superseded(const struct world *w, const struct unit *u)
{
	for (int i = 1; i <= w->node_count && i < 64; i++)
		if (u->copy_superseded >> i & 1 && w->nodes[i]->life != LIFE_GONE && w->nodes[u->machine]->life == LIFE_GONE)
			return true;
	return u->superseded;
}

static bool voided(const struct rights *g, const struct unit *u)
{
	for (size_t i = 0; i < g->void_count; i++)
		if (g->voids[i].seq == u->seq && id_eq(&g->voids[i].log, &u->log))
			return true;
	return false;
}

/* Its steward has destroyed it: a human asked, or it is a liar's, who orders what it likes. */
static bool is_forgotten(struct world *w, const struct unit *u)
{
	const struct rights *g = &check_home(w)->n->rights;
	struct id16 steward = rights_steward(g, &u->record, u->kind), creator;

	memcpy(creator.bytes, u->record.bytes, sizeof creator.bytes);
	return rights_forgotten(g, &u->record, u->kind) >= u->edited &&
	       (human_forgot(w, &u->record) || human_is_hostile(w, &steward) || human_is_hostile(w, &creator));
}

/* Home holds its commit, and rot has been at it there: `essaim verify` says so. */
static bool is_eaten(struct sim_node *home, const struct unit *u)
{
	const struct head *h = u->sealed && home->flipped ? frontier_find(&home->n->frontier, &u->log) : NULL;
	struct buf packed;

	if (!h || u->seq > h->seq)
		return false;
	buf_init(&packed, COMMIT_PACKED_MAX);
	bool eaten = !read_stored(home, journal_pos(home->n->journal, (uint32_t)(h - home->n->frontier.heads), u->seq), &packed);
	buf_done(&packed);
	return eaten;
}

static void check_units(struct world *w)
{
	struct sim_node *home = check_home(w);
	struct ledger *l = &w->judge->ledger;
	uint8_t *times = calloc(l->unit_count + 1, 1);

	assert(times);
	count_units(home, false, times);
	for (int i = 1; i <= w->node_count; i++) {
		uint8_t *here = w->nodes[i] && w->nodes[i]->n ? calloc(l->unit_count + 1, 1) : NULL;

		if (here) /* a copied hub has its own local log */
			count_units(w->nodes[i], true, here);
		for (size_t u = 0; here && u < l->unit_count; u++)
			times[u] = times[u] > here[u] ? times[u] : here[u];
		free(here);
	}
	for (size_t i = 0; i < l->unit_count && !w->stopped; i++) {
		const struct unit *u = &l->units[i];

		if (w->nodes[u->machine]->liar)
			continue; /* it may have forked or thrown away its own work */
		if (times[i] > 1)
			violation(w, "twice", "an edit of n%d's, made at %lld s, %s, has effect %u times", u->machine,
				  (long long)(u->made / 1000), scope_name(u->scope), times[i]);
		if (times[i] > 0 || superseded(w, u) || u->excused || is_forgotten(w, u) || !(u->certain || u->acked) ||
		    (u->sealed && voided(&home->n->rights, u)) || is_eaten(home, u))
			continue;
		if (author_left(w, u) && (!u->acked || home->restores > 0))
			continue;
		violation(w, u->acked ? "P1" : "dropped", "an edit of n%d's, made at %lld s, %s, op %u%s: sealed at %llu, in no effect",
			  u->machine, (long long)(u->made / 1000), scope_name(u->scope), u->op, u->acked ? ", acknowledged" : "",
			  u->sealed ? (unsigned long long)u->seq : 0);
	}
	free(times);
}

/* --- P7, and private words --- */

struct looking {
	struct sim_node *s;
	const struct sim_node *home;
};

static void judge_word(struct looking *k, const struct canary *c, const struct disk_file *f, uint64_t at)
{
	struct world *w = k->s->w;
	struct ledger *l = &w->judge->ledger;
	bool own = c->who == k->s->who;

	for (int i = 1; i <= w->node_count; i++)
		if (w->nodes[i] && w->nodes[i]->hostile && w->nodes[i]->who == c->who && w->nodes[i]->role == ROLE_HUB)
			return; /* its words are its own affair */
	if (c->scope == SCOPE_LOCAL && !own && !c->withdrawn)
		violation(w, "local", "a local word of who %d is in n%d's %s at %llu", c->who, k->s->no, f->name, (unsigned long long)at);
	if (c->scope == SCOPE_CRESS && !own && !c->withdrawn && k->s->role != ROLE_CRESS)
		violation(w, "cress", "a word for the CRESS of who %d is in n%d's %s", c->who, k->s->no, f->name);
	if (!k->s->n || k->s->hostile || c->scope == SCOPE_LOCAL || c->scope == SCOPE_COUNT)
		return;
	es_stamp upto = rights_forgotten(&k->s->n->rights, &c->record, c->kind);
	if (upto == 0)
		return;
	for (size_t i = 0; i < l->unit_count; i++) {
		const struct unit *u = &l->units[i];

		for (unsigned n = 0; n < u->canary_count; n++)
			if (&l->canaries[u->canaries[n]] == c && u->edited <= upto && u->scope != SCOPE_LOCAL)
				violation(w, "P7", "a forgotten word (%s, op %u of n%d's, %s, record ..%02x%02x) is in n%d's %s at %llu", c->text,
					  u->op, u->machine, scope_name(u->scope), u->record.bytes[30], u->record.bytes[31], k->s->no, f->name,
					  (unsigned long long)at);
	}
}

static void on_word(void *ctx, const struct disk_file *f, uint64_t at, const uint8_t *before, size_t n)
{
	struct looking *k = ctx;
	const struct canary *c = n == CANARY_TAIL ? ledger_canary(&k->s->w->judge->ledger, before) : NULL;

	if (c && !k->s->w->stopped)
		judge_word(k, c, f, at);
}

static void check_words(struct world *w)
{
	for (int i = 1; i <= w->node_count && !w->stopped; i++) {
		struct looking k = {.s = w->nodes[i], .home = check_home(w)};

		if (k.s)
			disk_search(k.s->disk, "zqx", 3, CANARY_TAIL, on_word, &k);
	}
}

/* --- all --- */

void check_end(struct world *w)
{
	struct sim_node *home = check_home(w);
	int hubs = 0, at;

	compare_digests(w, home);
	if (!w->stopped)
		compare_oracle(home);
	for (int i = 2; i <= w->node_count; i++)
		hubs += check_counts(w->nodes[i]);
	at = hubs > 0 ? (int)rng_below(&w->rng, (uint64_t)hubs) : -1;
	for (int i = 2; i <= w->node_count && !w->stopped && hubs > 0; i++)
		if (check_counts(w->nodes[i]) && (at-- == 0 || w->judge->hostile))
			compare_oracle(w->nodes[i]);
	if (!w->stopped)
		check_units(w);
	if (!w->stopped)
		check_words(w);
	if (!w->stopped)
		judge_proofs(w);
	if (!w->stopped)
		judge_holdings(w);
}
