/* SPDX-License-Identifier: Apache-2.0
 *
 * `status` (contract.md): who am I, am I heard, up to where, what is refused and
 * why, when is the next try. The digests come from the projector, the counts
 * from a reader, the rest from the loop's own facts. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "daemon/api/api_parts.h"
#include "daemon/swarm/peer.h"

es_ms status_utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_live(const struct swarm *s, const struct session *session)
{
	struct session_env env;

	swarm_env((struct swarm *)(uintptr_t)s, &env);
	return session && session->state == SESSION_STREAM && session->frontier_seen && session_lag(session, &env) == 0;
}

const struct target *status_home_target(const struct swarm *s)
{
	for (size_t i = 0; i < s->target_count; i++)
		if (s->targets[i]->home)
			return s->targets[i];
	return NULL;
}

static const struct session *home_session(const struct swarm *s)
{
	const struct member *cress = rights_cress(&s->rights);

	return cress ? swarm_session(s, &cress->hub) : NULL;
}

es_ms status_home_silent_since(const struct swarm *s)
{
	const struct member *cress = rights_cress(&s->rights);
	const struct target *t = status_home_target(s);
	es_ms heard = cress ? swarm_heard(s, &cress->hub) : 0;

	if (!t || home_session(s) || (t->last_err == ES_OK && !rights_member(&s->rights, &s->self)) ||
	    (t->last_err != ES_OK && t->last_err != ES_UNREACHABLE))
		return 0;
	return status_utc_now() - ((es_ms)uv_now(s->loop) - (heard ? heard : s->started));
}

static bool own_acked(const struct swarm *s, const struct snapshot *snap)
{
	for (size_t i = 0; i < snap->frontier.count; i++) {
		const struct head *h = &snap->frontier.heads[i];

		if (h->scope != SCOPE_LOCAL && h->scope != SCOPE_CONTROL && id_eq(&h->hub, &s->self) && h->acked != h->seq)
			return false;
	}
	return true;
}

static bool projected(const struct snapshot *snap)
{
	return snap->projected.commit >= snap->journal.commit && snap->projected.edit >= snap->journal.edit;
}

/* contract.md, `wait --synced`. */
bool swarm_synced(const struct swarm *s)
{
	const struct snapshot *snap = worker_snapshot(s->worker);

	if (!projected(snap) || snap->outbox > 0)
		return false;
	if (s->role != ROLE_CRESS) {
		const struct session *home = home_session(s);

		return home && home->confirmed && is_live(s, home) && own_acked(s, snap);
	}
	for (size_t i = 0; i < s->rights.member_count; i++) {
		const struct member *m = &s->rights.members[i];

		if (m->role != ROLE_CRESS && m->state == MEMBER_ACTIVE && !is_live(s, swarm_session(s, &m->hub)))
			return false;
	}
	return snap->awaited == 0;
}

const char *status_node_state(const struct swarm *s, const struct snapshot *snap)
{
	const struct session *home = home_session(s);
	const struct target *t = status_home_target(s);

	if (s->role == ROLE_CRESS)
		return snap->awaited > 0 ? "waiting" : "live";
	if (snap->fenced)
		return "fenced";
	if (!snap->member && !rights_member(&s->rights, &s->self))
		return "waiting";
	if (home && home->state >= SESSION_CONTROL)
		return home->confirmed ? "live" : "recovering";
	return t && t->peer ? "connecting" : "offline";
}

static const char *peer_state(const struct swarm *s, const struct session *session, const struct target *t)
{
	if (!session && t && t->peer)
		return t->peer->session.state <= SESSION_GREETING && t->peer->connected ? "handshake" : "connecting";
	if (!session)
		return t && es_err_exit(t->last_err) == 77 ? "refused" : "offline";
	if (session->state < SESSION_CONTROL)
		return "handshake";
	return is_live(s, session) ? "live" : "catching-up";
}

static void id_json(struct buf *out, const char *key, const struct id16 *id)
{
	char text[BASE32_LEN(16) + 1];

	base32_encode(id->bytes, 16, text);
	buf_printf(out, "\"%s\":\"%s\"", key, text);
}

static void node_json(struct request *r, const struct snapshot *snap)
{
	const struct swarm *s = r->api->swarm;
	const struct member *self = rights_member(&s->rights, &s->self);
	char fed[BASE32_LEN(32) + 1], finger[FINGERPRINT_LEN + 1];
	struct buf *out = &r->out;

	buf_str(out, "\"node\":{");
	id_json(out, "id", &s->self);
	buf_str(out, ",\"name\":");
	json_quote(slice_str(self ? self->name : s->name), out);
	crypto_fingerprint(&s->keys->sign, &s->keys->dh, finger);
	buf_printf(out, ",\"role\":\"%s\",\"pays\":", s->role == ROLE_CRESS ? "cress" : "hub");
	json_quote(slice_str(self ? self->pays : ""), out);
	buf_str(out, ",\"listen\":");
	json_quote(slice_str(s->listen), out);
	buf_printf(out, ",\"version\":\"%s\",\"fingerprint\":\"%s\"}", ESSAIM_VERSION, finger);
	base32_encode(s->rights.fed_id.bytes, 32, fed);
	buf_printf(out, ",\"federation\":{\"id\":\"%s\",\"name\":", fed);
	json_quote(slice_str(s->rights.name), out);
	buf_printf(out, ",\"members\":%zu},\"state\":\"%s\",\"synced\":%s,\"outbox\":%lld", s->rights.member_count,
		   status_node_state(s, snap), swarm_synced(s) ? "true" : "false", (long long)snap->outbox);
}

static void logs_json(struct request *r, const struct snapshot *snap)
{
	const struct swarm *s = r->api->swarm;
	struct buf *out = &r->out;
	es_ms now = status_utc_now();

	buf_str(out, ",\"logs\":[");
	for (size_t i = 0; i < snap->frontier.count; i++) {
		const struct head *h = &snap->frontier.heads[i];
		const struct member *m = rights_member(&s->rights, &h->hub);
		char author[NODE_OWNER_MAX] = "", head[65];

		if (m)
			rights_owner_text(m, author, sizeof author);
		hex_encode(h->id.bytes, 32, head);
		buf_str(out, i ? ",{" : "{");
		id_json(out, "id", &h->log);
		buf_printf(out, ",\"author\":\"%s\",\"scope\":\"%s\",\"generation\":%u,\"seq\":%llu,\"head\":\"%s\"", author,
			   h->scope == SCOPE_CONTROL ? "control" : scope_name(h->scope), h->generation,
			   (unsigned long long)h->seq, head);
		if (id_eq(&h->hub, &s->self) && h->scope != SCOPE_LOCAL && s->role != ROLE_CRESS)
			buf_printf(out, ",\"acked\":%llu", (unsigned long long)h->acked);
		else
			buf_str(out, ",\"acked\":null");
		if (h->blocked != ES_OK)
			buf_printf(out, ",\"blocked\":\"%s\",\"blocked_seq\":%llu", es_err_name(h->blocked),
				   (unsigned long long)h->blocked_seq);
		else
			buf_str(out, ",\"blocked\":null");
		const struct open_log *open = rights_log(&s->rights, &h->log);
		if (open && open->cut)
			buf_printf(out, ",\"cut\":%llu", (unsigned long long)open->cut_seq);
		else
			buf_str(out, ",\"cut\":null");
		buf_printf(out, ",\"age_s\":%lld}", h->grew_ms ? (long long)((now - h->grew_ms) / 1000) : -1ll);
	}
	buf_str(out, "]");
}

static const struct target *target_of(const struct swarm *s, const struct member *m)
{
	for (size_t i = 0; i < s->target_count; i++)
		if (m->role == ROLE_CRESS ? s->targets[i]->home : id_eq(&s->targets[i]->hub, &m->hub))
			return s->targets[i];
	return NULL;
}

bool status_peer(const struct swarm *s, const struct member *m, struct status_peer *out)
{
	out->session = swarm_session(s, &m->hub);
	out->target = target_of(s, m);
	if (id_eq(&m->hub, &s->self) || (!out->session && !out->target && s->role != ROLE_CRESS))
		return false;
	out->state = peer_state(s, out->session, out->target);
	return true;
}

static int by_size(const void *a, const void *b)
{
	es_ms x = *(const es_ms *)a, y = *(const es_ms *)b;

	return (x > y) - (x < y);
}

/* A CRESS has no home: the middle one of what those in session say. */
bool status_clock(const struct swarm *s, es_ms *ms)
{
	es_ms said[256];
	size_t n = 0;

	if (s->role != ROLE_CRESS) {
		*ms = s->clock_skew_ms;
		return s->clock_heard;
	}
	for (const struct peer *p = s->peers; p && n < 256; p = p->next)
		if (p->greeted)
			said[n++] = p->session.peer_clock_ms;
	qsort(said, n, sizeof *said, by_size);
	*ms = n ? said[n / 2] : 0;
	return n > 0;
}

static void peers_json(struct request *r)
{
	const struct swarm *s = r->api->swarm;
	es_ms now = (es_ms)uv_now(s->loop);
	struct session_env env;
	struct buf *out = &r->out;
	bool first = true;

	swarm_env(r->api->swarm, &env);
	buf_str(out, ",\"peers\":[");
	for (size_t i = 0; i < s->rights.member_count; i++) {
		const struct member *m = &s->rights.members[i];
		struct status_peer peer;

		if (!status_peer(s, m, &peer))
			continue;
		const struct session *session = peer.session;
		const struct target *t = peer.target;
		buf_str(out, first ? "{" : ",{");
		first = false;
		id_json(out, "id", &m->hub);
		buf_str(out, ",\"name\":");
		json_quote(slice_str(m->name), out);
		buf_printf(out, ",\"state\":\"%s\",\"lag\":%llu,\"age_s\":", peer.state,
			   session ? (unsigned long long)session_lag(session, &env) : 0ull);
		if (session)
			buf_printf(out, "%lld", (long long)((now - session->heard) / 1000));
		else
			buf_str(out, "null");
		if (t && !session && t->next_try > now)
			buf_printf(out, ",\"next_try_s\":%lld}", (long long)((t->next_try - now + 999) / 1000));
		else
			buf_str(out, ",\"next_try_s\":null}");
	}
	buf_str(out, "]");
}

static void refused_json(const struct swarm *s, struct buf *out)
{
	bool first = true;

	buf_str(out, ",\"refused\":{");
	for (int e = 1; e < ES_ERR_COUNT; e++) {
		if (s->refused[e] == 0)
			continue;
		buf_printf(out, "%s\"%s\":%llu", first ? "" : ",", es_err_name((enum es_err)e), (unsigned long long)s->refused[e]);
		first = false;
	}
	buf_str(out, "}");
}

/* Am I heard, up to where, since when, and when is the next try? */
static void home_json(struct request *r, const struct snapshot *snap)
{
	const struct swarm *s = r->api->swarm;
	const struct member *cress = rights_cress(&s->rights);
	const struct session *home = home_session(s);
	const struct target *t = status_home_target(s);
	es_ms now = (es_ms)uv_now(s->loop);
	struct buf *out = &r->out;
	char iso[25];

	if (s->role == ROLE_CRESS) {
		buf_str(out, ",\"home\":null");
		return;
	}
	bool same = home && home->confirmed && is_live(s, home) && own_acked(s, snap) && snap->outbox == 0;
	buf_printf(out, ",\"home\":{\"heard\":%s,\"same\":%s,\"since\":", home && home->confirmed ? "true" : "false",
		   same ? "true" : "false");
	es_ms since = home && home->confirmed ? s->home_since : status_home_silent_since(s);
	if (since) {
		stamp_text(stamp_at(since), iso);
		buf_printf(out, "\"%s\"", iso);
	} else {
		buf_str(out, "null");
	}
	es_ms heard = cress ? swarm_heard(s, &cress->hub) : 0;
	if (heard)
		buf_printf(out, ",\"word_age_s\":%lld", (long long)((now - heard) / 1000));
	else
		buf_str(out, ",\"word_age_s\":null");
	if (t && !home && t->next_try > now)
		buf_printf(out, ",\"next_try_s\":%lld", (long long)((t->next_try - now + 999) / 1000));
	else
		buf_str(out, ",\"next_try_s\":null");
	buf_str(out, ",\"address\":");
	json_quote(slice_str(t ? t->address : ""), out);
	buf_printf(out, ",\"last_end\":\"%s\"}", t && t->last_err != ES_OK ? es_err_name(t->last_err) : "");
}

/* What the life cycle has in hand (protocol.md part 6). */
static void life_json(struct request *r, const struct snapshot *snap)
{
	const struct health *h = &snap->health;
	struct buf *out = &r->out;
	es_ms clock_ms;

	buf_str(out, ",\"life\":{");
	id_json(out, "instance", &snap->instance);
	buf_printf(out, ",\"lineage\":%llu,\"fenced\":%s,\"key_replaced\":%s,\"control_fork\":%s", (unsigned long long)snap->lineage,
		   snap->fenced ? "true" : "false", snap->key_replaced ? "true" : "false", snap->clash == ES_OK ? "false" : "true");
	buf_printf(out, ",\"awaited\":%s,\"generations_due\":%zu,\"void_commits\":%lld,\"erasures_pending\":%zu,\"forks\":%zu,"
			"\"inbox\":%zu,\"refusals\":%zu,\"charter_due\":%s", snap->awaited_json[0] ? snap->awaited_json : "[]", h->due,
		   (long long)h->voids, h->erasures, h->proofs, h->inbox, h->refusals, h->charter_due ? "true" : "false");
	buf_printf(out, ",\"erasures_late\":%zu", h->erasures_late);
	if (status_clock(r->api->swarm, &clock_ms))
		buf_printf(out, ",\"clock_ms\":%lld", (long long)clock_ms);
	else
		buf_str(out, ",\"clock_ms\":null");
	if (h->backup)
		buf_printf(out, ",\"backup_age_s\":%lld}", (long long)((status_utc_now() - h->backup) / 1000));
	else
		buf_str(out, ",\"backup_age_s\":null}");
}

/* --- for those who listen --- */

void status_brief(struct api *a, struct buf *out)
{
	const struct swarm *s = a->swarm;
	const struct snapshot *snap = worker_snapshot(s->worker);

	buf_printf(out, "{\"state\":\"%s\",\"synced\":%s,\"outbox\":%lld", status_node_state(s, snap), swarm_synced(s) ? "true" : "false",
		   (long long)snap->outbox);
	refused_json(s, out);
	buf_str(out, "}");
}

void status_todo(struct api *a, struct buf *out)
{
	const struct health *h = &worker_snapshot(a->swarm->worker)->health;

	buf_printf(out, "{\"inbox\":%zu,\"knocking\":%zu,\"refusals\":%zu,\"duplicates\":%zu,\"duplicates_asked\":%zu,\"erasures\":%zu,\"erasures_late\":%zu,"
		   "\"requests_late\":%zu,\"charter_due\":%s,\"awaited\":%zu}", h->inbox, h->knocking, h->refusals, h->duplicates, h->duplicates_asked,
		   h->erasures, h->erasures_late, h->requests_late, h->charter_due ? "true" : "false",
		   worker_snapshot(a->swarm->worker)->awaited);
}

/* --- its three steps --- */

static enum es_err digest_run(struct directory *d, struct directory_job *j)
{
	struct request *r = (struct request *)((char *)j - offsetof(struct request, directory_job));
	enum es_err err = d ? directory_digest(d, SCOPE_PUBLIC, &r->digests[0]) : ES_IO;

	return err != ES_OK ? err : directory_digest(d, SCOPE_FEDERATION, &r->digests[1]);
}

static void count_work(uv_work_t *work)
{
	struct request *r = work->data;

	r->err = request_open_reader(r, SCOPE_LOCAL);
	if (r->err == ES_OK)
		r->err = reader_counts(r->reader, &r->body);
	if (r->err == ES_OK) {
		struct search_source from = search_from_request(r);

		r->err = reader_searches_new(r->reader, &from, &r->news);
	}
	if (r->err == ES_OK) {
		char today[11];

		today_text(today);
		r->err = purchases_ended(r->reader, slice_str(today), &r->purchases);
	}
}

static void count_done(uv_work_t *work, int status)
{
	struct request *r = work->data;
	struct api *a = r->api;
	const struct snapshot *snap = worker_snapshot(a->swarm->worker);
	char hex[2][65];

	(void)status;
	request_return_reader(r);
	for (int i = 0; i < 2; i++)
		hex_encode(r->digests[i].bytes, 32, hex[i]);
	buf_str(&r->out, "{");
	node_json(r, snap);
	logs_json(r, snap);
	buf_str(&r->out, ",\"directory\":{\"records\":");
	if (r->err == ES_OK)
		buf_add(&r->out, r->body.p, r->body.len);
	else
		buf_str(&r->out, "{}");
	buf_printf(&r->out, ",\"digest\":{\"public\":\"%s\",\"federation\":\"%s\"}}", hex[0], hex[1]);
	peers_json(r);
	refused_json(r->api->swarm, &r->out);
	home_json(r, snap);
	life_json(r, snap);
	status_alerts(r, snap);
	buf_str(&r->out, "}");
	request_answer(r, ES_OK);
}

static void digest_done(struct directory_job *j)
{
	struct request *r = (struct request *)((char *)j - offsetof(struct request, directory_job));
	struct api *a = r->api;

	buf_clear(&r->body);
	request_take_reader(r);
	r->work.data = r;
	if (uv_queue_work(a->loop, &r->work, count_work, count_done) != 0)
		request_answer(r, ES_NOMEM);
}

static enum es_err look_run(struct node *n, struct job *j)
{
	(void)n;
	(void)j;
	return ES_OK;
}

static void look_done(struct job *j)
{
	free(j);
}

/* The journal's own facts for the next one who asks; this answer does not wait for
 * a writer that may be in the middle of an import. */
static void look_again(struct worker *w)
{
	struct job *j = calloc(1, sizeof *j);

	if (!j)
		return;
	j->run = look_run;
	j->done = look_done;
	j->reads = true;
	worker_post(w, j);
}

void api_status(struct request *r)
{
	look_again(r->api->swarm->worker);
	if (strcmp(request_param(r, "hurry"), "1") == 0) /* `wait`: not after the longest backoff */
		swarm_hurry(r->api->swarm);
	r->directory_job = (struct directory_job){.run = digest_run, .done = digest_done};
	worker_post_directory(r->api->swarm->worker, &r->directory_job);
}

/* What the node is at, and how far; "": nothing. An outbox that cannot be sealed now waits. */
static const char *busy_with(struct api *api, const struct snapshot *snap, uint64_t *done, uint64_t *total)
{
	const struct swarm *s = api->swarm;
	bool seals = snap->outbox > 0 && strcmp(status_node_state(s, snap), "live") == 0;

	api->seal_total = snap->outbox == 0 ? 0 : snap->outbox > api->seal_total ? snap->outbox : api->seal_total;
	*done = atomic_load(&api->import_done);
	*total = atomic_load(&api->import_total);
	if (atomic_load(&api->importing))
		return "import";
	if (seals) {
		*done = (uint64_t)(api->seal_total - snap->outbox);
		*total = (uint64_t)api->seal_total;
		return "seal";
	}
	if (projected(snap))
		return "";
	*done = (uint64_t)snap->projected.commit;
	*total = (uint64_t)snap->journal.commit;
	return "fold";
}

/* Cheap enough to be asked for at every turn: nothing here touches a disk. */
void api_progress(struct request *r)
{
	const struct swarm *s = r->api->swarm;
	const struct snapshot *snap = worker_snapshot(s->worker);
	uint64_t done, total;
	const char *what = busy_with(r->api, snap, &done, &total);

	buf_printf(&r->out, "{\"what\":\"%s\",\"done\":%llu,\"total\":%llu", what, (unsigned long long)done, (unsigned long long)total);
	buf_printf(&r->out, ",\"commits\":%lld,\"projected\":%lld,\"outbox\":%lld,\"peers\":%zu,\"synced\":%s",
		   (long long)snap->journal.commit, (long long)snap->projected.commit, (long long)snap->outbox, s->peer_count,
		   swarm_synced(s) ? "true" : "false");
	buf_printf(&r->out, ",\"wire_in\":%llu,\"wire_out\":%llu,\"confirm_us\":%llu}", (unsigned long long)s->bytes_in,
		   (unsigned long long)s->bytes_out, (unsigned long long)s->confirm_us);
	request_answer(r, ES_OK);
}
