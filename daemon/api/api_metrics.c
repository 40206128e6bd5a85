/* SPDX-License-Identifier: Apache-2.0
 *
 * `/metrics` and `doctor`: the same facts as `status`, for what watches and for what
 * asks how the machine does. Files, records and the process are looked at in the
 * pool, the rest is the loop's own; nobody waits for the writer. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "daemon/api/api_parts.h"
#include "daemon/service/metrics.h"
#include "daemon/service/process.h"
#include "daemon/swarm/peer.h"

struct looking {
	uv_work_t work;
	struct request *r;
	json_t *records; /* {KIND: count}; NULL: unreadable */
	struct node_files files;
	struct process_facts process;
};

struct telling {
	struct buf *out;
	const struct looking *look;
	const struct swarm *s;
	const struct snapshot *snap;
	const struct api *api;
	es_ms now, utc; /* loop time, UTC */
	double one[METRIC_COUNT]; /* of those without a label; NAN: not known */
};

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- with labels --- */

static void label_1(struct telling *t, enum metric_id id, const char *a, double value)
{
	metric_sample(t->out, id, value, (const char *const[]){a});
}

static void label_2(struct telling *t, enum metric_id id, const char *a, const char *b, double value)
{
	metric_sample(t->out, id, value, (const char *const[]){a, b});
}

static void tell_build(struct telling *t, enum metric_id id)
{
	char schema[16], journal[16];

	snprintf(schema, sizeof schema, "%u", (unsigned)schema_version());
	snprintf(journal, sizeof journal, "%d", JOURNAL_VERSION);
	metric_sample(t->out, id, 1, (const char *const[]){ESSAIM_VERSION, schema, journal});
}

static void tell_node(struct telling *t, enum metric_id id)
{
	const struct member *self = rights_member(&t->s->rights, &t->s->self);
	char owner[NODE_OWNER_MAX] = "";

	if (self)
		rights_owner_text(self, owner, sizeof owner);
	label_2(t, id, t->s->role == ROLE_CRESS ? "cress" : "hub", owner, 1);
}

static void tell_state(struct telling *t, enum metric_id id)
{
	static const char *const states[] = {"offline", "connecting", "recovering", "waiting", "live", "fenced"};
	const char *state = status_node_state(t->s, t->snap);

	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		label_1(t, id, states[i], strcmp(state, states[i]) == 0);
}

static void tell_records(struct telling *t, enum metric_id id)
{
	const char *kind;
	json_t *count;

	json_object_foreach(t->look->records, kind, count) label_1(t, id, kind, (double)json_integer_value(count));
}

/* All logs of an author in one scope, whatever their generation. */
struct log_sum {
	char author[NODE_OWNER_MAX];
	const char *scope;
	uint64_t seq, lag;
	es_ms grew; /* 0: never */
};

static int by_author(const void *a, const void *b)
{
	const struct log_sum *x = a, *y = b;
	int c = strcmp(x->author, y->author);

	return c != 0 ? c : strcmp(x->scope, y->scope);
}

/* The highest signed head that anybody told us of: a peer in session, or a checkpoint. */
static uint64_t told_head(const struct telling *t, size_t index)
{
	const struct head *h = &t->snap->frontier.heads[index];
	const struct open_log *open = rights_log(&t->s->rights, &h->log);
	uint64_t top = open ? open->checkpoint : 0;

	for (const struct peer *p = t->s->peers; p; p = p->next) {
		const struct track *k = p->greeted && index < p->session.track_count ? &p->session.tracks[index] : NULL;
		/* What came and was refused is not in `theirs` before the peer's next FRONTIER. */
		uint64_t says = !k || !k->listed ? 0 : k->theirs <= h->seq && k->waits ? h->seq + 1 : k->theirs;

		top = says > top ? says : top;
	}
	return open && open->cut && top > open->cut_seq ? open->cut_seq : top;
}

static uint64_t lag_of(const struct telling *t, size_t index)
{
	const struct head *h = &t->snap->frontier.heads[index];
	bool ours = id_eq(&h->hub, &t->s->self) && h->scope != SCOPE_CONTROL;
	uint64_t told;

	if (ours && (h->scope == SCOPE_LOCAL || t->s->role == ROLE_CRESS))
		return 0; /* nobody is to acknowledge it */
	if (ours)
		return h->seq > h->acked ? h->seq - h->acked : 0;
	told = told_head(t, index);
	return told > h->seq ? told - h->seq : 0;
}

/* malloc'd; *n sums in order. */
static struct log_sum *sum_logs(const struct telling *t, size_t *n)
{
	const struct frontier *f = &t->snap->frontier;
	struct log_sum *sums = calloc(f->count + 1, sizeof *sums);

	*n = 0;
	for (size_t i = 0; sums && i < f->count; i++) {
		const struct head *h = &f->heads[i];
		const struct member *m = rights_member(&t->s->rights, &h->hub);

		if (m)
			rights_owner_text(m, sums[i].author, sizeof sums[i].author);
		sums[i].scope = h->scope == SCOPE_CONTROL ? "control" : scope_name(h->scope);
		sums[i].seq = h->seq;
		sums[i].lag = lag_of(t, i);
		sums[i].grew = h->grew_ms;
	}
	if (!sums || f->count == 0)
		return sums;
	qsort(sums, f->count, sizeof *sums, by_author);
	for (size_t i = 1; i < f->count; i++) {
		struct log_sum *to = &sums[*n], *from = &sums[i];

		if (by_author(to, from) != 0) {
			sums[++*n] = *from;
			continue;
		}
		to->seq += from->seq;
		to->lag += from->lag;
		to->grew = from->grew > to->grew ? from->grew : to->grew;
	}
	++*n;
	return sums;
}

static void tell_logs(struct telling *t, enum metric_id id)
{
	size_t n;
	struct log_sum *sums = sum_logs(t, &n);

	for (size_t i = 0; i < n; i++) {
		const struct log_sum *l = &sums[i];

		if (id == METRIC_LOG_COMMITS)
			label_2(t, id, l->author, l->scope, (double)l->seq);
		else if (id == METRIC_LOG_LAG)
			label_2(t, id, l->author, l->scope, (double)l->lag);
		else if (l->grew)
			label_2(t, id, l->author, l->scope, (double)(t->utc - l->grew) / 1000);
	}
	free(sums);
}

static void tell_peer_states(struct telling *t, enum metric_id id)
{
	static const char *const states[] = {"offline", "connecting", "handshake", "catching-up", "live", "refused", "suspended"};
	size_t counts[sizeof states / sizeof *states] = {0};
	struct status_peer peer;

	for (size_t i = 0; i < t->s->rights.member_count; i++) {
		const struct member *m = &t->s->rights.members[i];

		if (m->state == MEMBER_REVOKED || !status_peer(t->s, m, &peer))
			continue;
		for (size_t k = 0; k < sizeof states / sizeof *states; k++)
			counts[k] += strcmp(peer.state, states[k]) == 0;
	}
	for (size_t k = 0; k < sizeof states / sizeof *states; k++)
		label_1(t, id, states[k], (double)counts[k]);
}

/* Since the start, where it has said nothing: an alert then needs no other rule. */
static double silence(const struct telling *t, const struct id16 *hub)
{
	es_ms heard = swarm_heard(t->s, hub);

	return heard ? (double)(t->now - heard) / 1000 : (double)t->utc / 1000 - t->look->process.start_s;
}

static void tell_peers(struct telling *t, enum metric_id id)
{
	struct session_env env;
	struct status_peer peer;

	swarm_env(t->api->swarm, &env);
	for (size_t i = 0; i < t->s->rights.member_count; i++) {
		const struct member *m = &t->s->rights.members[i];
		char name[NODE_OWNER_MAX];

		if (m->state == MEMBER_REVOKED || !status_peer(t->s, m, &peer))
			continue;
		rights_owner_text(m, name, sizeof name);
		if (id == METRIC_PEER_AGE)
			label_1(t, id, name, silence(t, &m->hub));
		else if (peer.session)
			label_1(t, id, name, (double)session_lag(peer.session, &env));
	}
}

/* Every reason that can go over the wire is there from the start, at 0. */
static void tell_refused(struct telling *t, enum metric_id id)
{
	for (int e = 1; e < ES_ERR_COUNT; e++)
		if (es_err_wire((enum es_err)e) != 0 || t->s->refused[e] > 0)
			label_1(t, id, es_err_name((enum es_err)e), (double)t->s->refused[e]);
}

static void tell_database(struct telling *t, enum metric_id id)
{
	const struct node_files *f = &t->look->files;

	label_2(t, id, "journal", "main", (double)f->journal);
	label_2(t, id, "journal", "wal", (double)f->journal_wal);
	label_2(t, id, "directory", "main", (double)f->directory);
	label_2(t, id, "directory", "wal", (double)f->directory_wal);
}

static void tell_failing(struct telling *t, enum metric_id id)
{
	label_1(t, id, "journal", t->snap->journal_err != ES_OK);
	label_1(t, id, "directory", t->snap->directory_err != ES_OK);
}

static void tell_timing(struct telling *t, enum metric_id id)
{
	metric_histogram(t->out, id, id == METRIC_FSYNC ? &t->snap->fsyncs : id == METRIC_FOLD ? &t->snap->folds : &t->api->lateness.late);
}

static void (*const labelled[METRIC_COUNT])(struct telling *t, enum metric_id id) = {
	[METRIC_BUILD_INFO] = tell_build, [METRIC_NODE_INFO] = tell_node, [METRIC_STATE] = tell_state,
	[METRIC_RECORDS] = tell_records, [METRIC_LOG_COMMITS] = tell_logs, [METRIC_LOG_LAG] = tell_logs,
	[METRIC_LOG_AGE] = tell_logs, [METRIC_PEERS] = tell_peer_states, [METRIC_PEER_LAG] = tell_peers,
	[METRIC_PEER_AGE] = tell_peers, [METRIC_REFUSED] = tell_refused, [METRIC_FSYNC] = tell_timing,
	[METRIC_FOLD] = tell_timing, [METRIC_LATENESS] = tell_timing, [METRIC_DATABASE] = tell_database,
	[METRIC_FAILING] = tell_failing,
};

/* --- without --- */

static void fill_federation(struct telling *t)
{
	const struct swarm *s = t->s;
	size_t members = 0, blocked = 0;
	es_ms clock_ms;

	for (size_t i = 0; i < s->rights.member_count; i++)
		members += s->rights.members[i].state != MEMBER_REVOKED;
	for (size_t i = 0; i < t->snap->frontier.count; i++)
		blocked += t->snap->frontier.heads[i].blocked != ES_OK;
	t->one[METRIC_SYNCED] = swarm_synced(s);
	t->one[METRIC_MEMBERS] = (double)members;
	t->one[METRIC_LOGS_BLOCKED] = (double)blocked;
	t->one[METRIC_BYTES_IN] = (double)s->bytes_in;
	t->one[METRIC_BYTES_OUT] = (double)s->bytes_out;
	if (status_clock(s, &clock_ms))
		t->one[METRIC_CLOCK] = (double)clock_ms / 1000;
}

static void fill_node(struct telling *t)
{
	const struct snapshot *snap = t->snap;
	const struct health *h = &snap->health;
	int64_t behind = snap->journal.commit - snap->projected.commit;

	t->one[METRIC_DIRECTORY_LAG] = behind > 0 ? (double)behind : 0;
	t->one[METRIC_OUTBOX] = (double)snap->outbox;
	t->one[METRIC_BACKUP_AGE] = h->backup ? (double)(t->utc - h->backup) / 1000 : (double)INFINITY;
	t->one[METRIC_ERASURES] = (double)h->erasures;
	t->one[METRIC_ERASURES_LATE] = (double)h->erasures_late;
	t->one[METRIC_INBOX] = (double)h->inbox;
	t->one[METRIC_FORKS] = (double)h->proofs;
}

static void fill_machine(struct telling *t)
{
	const struct process_facts *p = &t->look->process;

	t->one[METRIC_DISK_FREE] = (double)t->look->files.disk_free;
	t->one[METRIC_CPU] = p->cpu_s;
	t->one[METRIC_OPEN_FDS] = (double)p->open_fds;
	t->one[METRIC_MAX_FDS] = (double)p->max_fds;
	t->one[METRIC_VIRTUAL] = (double)p->virtual_bytes;
	t->one[METRIC_RESIDENT] = (double)p->resident_bytes;
	t->one[METRIC_START] = p->start_s;
}

static void tell_all(struct telling *t)
{
	for (int id = 0; id < METRIC_COUNT; id++)
		t->one[id] = (double)NAN;
	fill_federation(t);
	fill_node(t);
	fill_machine(t);
	for (int id = 0; id < METRIC_COUNT; id++) {
		if (!labelled[id] && isnan(t->one[id]))
			continue;
		metric_begin(t->out, (enum metric_id)id);
		if (labelled[id])
			labelled[id](t, (enum metric_id)id);
		else
			metric_sample(t->out, (enum metric_id)id, t->one[id], NULL);
	}
}

/* --- its two steps --- */

static void look_work(uv_work_t *work)
{
	struct looking *l = work->data;
	struct request *r = l->r;

	r->err = request_open_reader(r, SCOPE_LOCAL);
	if (r->err == ES_OK)
		r->err = reader_counts(r->reader, &r->body);
	if (r->err == ES_OK)
		l->records = json_loadb((const char *)r->body.p, r->body.len, 0, NULL);
	node_files_look(r->api->dir, &l->files);
	process_look(&l->process);
}

static void look_done(uv_work_t *work, int status)
{
	struct looking *l = work->data;
	struct request *r = l->r;
	struct api *a = r->api;
	struct telling t = {.out = &r->out, .look = l, .s = a->swarm, .snap = worker_snapshot(a->swarm->worker), .api = a,
			    .now = (es_ms)uv_now(a->loop), .utc = utc_now()};

	(void)status;
	request_return_reader(r);
	tell_all(&t);
	json_decref(l->records);
	free(l);
	r->type = "text/plain; version=0.0.4; charset=utf-8";
	request_answer(r, ES_OK);
}

void api_metrics(struct request *r)
{
	struct looking *l = calloc(1, sizeof *l);
	struct api *a = r->api;

	if (!l) {
		request_answer(r, ES_NOMEM);
		return;
	}
	l->r = r;
	l->work.data = l;
	buf_clear(&r->body);
	request_take_reader(r);
	if (uv_queue_work(a->loop, &l->work, look_work, look_done) != 0) {
		free(l);
		request_answer(r, ES_NOMEM);
	}
}

/* The journal belongs to the writer: what `doctor` would look at itself without a daemon. */
enum es_err api_doctor(struct request *r, struct node *n)
{
	struct buf pages;

	buf_init(&pages, 8192);
	enum es_err err = journal_check_pages(n->journal, true, &pages);
	buf_printf(&r->out, "{\"journal\":\"%s\",\"version\":%d,\"dir\":", es_err_name(err), JOURNAL_VERSION);
	json_quote(slice_str(n->dir), &r->out);
	buf_str(&r->out, "}");
	buf_done(&pages);
	return ES_OK;
}
