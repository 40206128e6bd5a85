/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/swarm/swarm.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/log.h"
#include "daemon/report/report_freeze.h"
#include "daemon/support/support.h"
#include "daemon/swarm/peer.h"

bool address_split(const char *address, char *host, size_t host_size, char *port, size_t port_size)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (!colon || !colon[1] || strlen(colon + 1) >= port_size || atoi(colon + 1) <= 0 || atoi(colon + 1) > 65535)
		return false;
	if (strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	if (len == 0 || len >= host_size)
		return false;
	memcpy(host, address, len);
	host[len] = 0;
	snprintf(port, port_size, "%s", colon + 1);
	return true;
}

bool address_is_wildcard(const char *address)
{
	char host[RIGHTS_ADDRESS_MAX + 1], port[16];

	if (!address_split(address, host, sizeof host, port, sizeof port))
		return true;
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 || strcmp(host, "*") == 0;
}

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void swarm_env(struct swarm *s, struct session_env *env)
{
	const struct snapshot *snap = worker_snapshot(s->worker);

	*env = (struct session_env){
		.rights = &s->rights, .frontier = &snap->frontier, .self = s->self, .role = s->role,
		.instance = snap->instance, .lineage = snap->lineage, .dh = &s->keys->dh_secret,
		.dh_former = s->keys->has_former ? &s->keys->former_dh : NULL, .rng = &s->rng,
		.buffers = &s->buffers, .software = "essaimd " ESSAIM_VERSION, .now = (es_ms)uv_now(s->loop), .utc = utc_now(),
	};
}

static void on_connection(uv_stream_t *server, int status)
{
	struct swarm *s = server->data;

	if (status == 0 && !s->stopping)
		peer_accept(s);
}

static void free_listener(uv_handle_t *handle)
{
	free(handle);
}

static void stop_listening(struct swarm *s)
{
	if (s->listener)
		uv_close((uv_handle_t *)s->listener, free_listener);
	s->listener = NULL;
}

/* The listener's address is numeric or resolved here, once. */
static enum es_err listen_at(struct swarm *s)
{
	char host[RIGHTS_ADDRESS_MAX + 1], port[16];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *res = NULL;
	enum es_err err = ES_OK;

	if (!address_split(s->listen, host, sizeof host, port, sizeof port) ||
	    getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &res) != 0)
		return ES_CONFIG;
	s->listener = calloc(1, sizeof *s->listener);
	if (!s->listener) {
		freeaddrinfo(res);
		return ES_NOMEM;
	}
	uv_tcp_init(s->loop, s->listener);
	s->listener->data = s;
	if (uv_tcp_bind(s->listener, res->ai_addr, 0) != 0 ||
	    uv_listen((uv_stream_t *)s->listener, 512, on_connection) != 0) {
		err = ES_CONFIG;
		stop_listening(s);
	}
	freeaddrinfo(res);
	return err;
}

/* The old one goes first: the new address may be the same port on another interface. */
enum es_err swarm_readdress(struct swarm *s, const char *listen, const char *advertise)
{
	char before[RIGHTS_ADDRESS_MAX + 1];
	enum es_err err = ES_OK;

	memcpy(before, s->listen, sizeof before);
	if (strcmp(listen, before) != 0) {
		stop_listening(s);
		snprintf(s->listen, sizeof s->listen, "%s", listen);
		err = listen[0] ? listen_at(s) : ES_OK;
	}
	if (err != ES_OK) {
		memcpy(s->listen, before, sizeof s->listen);
		if (before[0] && listen_at(s) != ES_OK)
			log_event(LOG_ERR_, "listen.lost", "address=%s", before);
		return err;
	}
	snprintf(s->advertise, sizeof s->advertise, "%s", advertise);
	return ES_OK;
}

static void on_first_dial(uv_timer_t *timer)
{
	struct target *t = timer->data;

	if (!t->swarm->stopping && !t->peer)
		peer_dial(t->swarm, t, t->home && t->swarm->joining && !t->swarm->join_approved);
}

static struct target *add_target(struct swarm *s, bool home, const struct id16 *hub, const struct dh_public *key,
				 const char *address)
{
	struct target *t;

	if (s->target_count == SWARM_TARGETS_MAX || !(t = calloc(1, sizeof *t)))
		return NULL;
	t->swarm = s;
	t->home = home;
	if (hub)
		t->hub = *hub;
	t->key = *key;
	snprintf(t->address, sizeof t->address, "%s", address);
	uv_timer_init(s->loop, &t->timer);
	t->timer.data = t;
	uv_timer_start(&t->timer, on_first_dial, 0, 0);
	s->targets[s->target_count++] = t;
	return t;
}

/* What is due by the calendar; the writer's own tick follows. */
static enum es_err run_tick(struct node *n, struct job *j)
{
	enum es_err err = report_send_due(n);

	(void)j;
	if (err == ES_OK)
		err = survey_send_due(n);
	if (err != ES_OK)
		log_event(LOG_ERR_, "report.unsent", "why=\"%s\"", es_err_text(err));
	return err;
}

static void free_nothing(struct job *j)
{
	free(j);
}

static void on_tick(uv_timer_t *timer)
{
	struct swarm *s = timer->data;
	struct job *j = calloc(1, sizeof *j);

	if (!j)
		return;
	j->run = run_tick;
	j->done = free_nothing;
	worker_post(s->worker, j);
}

enum es_err swarm_start(struct swarm *s, const char *home_address, const struct dh_public *home)
{
	enum es_err err = s->listen[0] ? listen_at(s) : ES_OK;

	s->started = (es_ms)uv_now(s->loop);
	uv_timer_init(s->loop, &s->tick);
	s->tick.data = s;
	uv_timer_start(&s->tick, on_tick, SWARM_TICK_MS, SWARM_TICK_MS);

	s->buffers = SESSION_BUFFERS;
	if (err == ES_OK && s->role != ROLE_CRESS && home_address[0] && !add_target(s, true, NULL, home, home_address))
		err = ES_NOMEM;
	return err;
}

static void free_target(uv_handle_t *handle)
{
	free(handle->data);
}

void swarm_stop(struct swarm *s)
{
	s->stopping = true;
	stop_listening(s);
	for (size_t i = 0; i < s->target_count; i++) {
		s->targets[i]->closing = true;
		uv_timer_stop(&s->targets[i]->timer);
	}
	uv_close((uv_handle_t *)&s->tick, NULL);
	while (s->peers)
		peer_close(s->peers, ES_OK);
	for (size_t i = 0; i < s->target_count; i++)
		uv_close((uv_handle_t *)&s->targets[i]->timer, free_target);
	s->target_count = 0;
	for (size_t i = 0; i < s->proof_count; i++)
		buf_done(&s->proofs[i].body);
	free(s->proofs);
	s->proof_count = 0;
	s->proofs = NULL;
	free(s->heard);
	s->heard_count = 0;
	s->heard = NULL;
}

void swarm_blocked(struct swarm *s, const struct id16 *log, uint64_t seq, enum es_err err, bool ours)
{
	if (es_err_then(err) == ES_RETRY && err != ES_QUOTA) /* a quota does not pass by itself */
		return;
	s->blocked.err = err;
	s->blocked.ours = ours;
	s->blocked.seq = seq;
	base32_encode(log->bytes, 16, s->blocked.log);
}

void swarm_grew(struct swarm *s)
{
	if (s->stopping)
		return;
	const struct snapshot *snap = worker_snapshot(s->worker);

	if (s->joining && snap->member)
		s->joining = false;
	for (size_t i = 0; i < s->target_count; i++) /* home may have new keys: the control log says so */
		if (s->targets[i]->home)
			s->targets[i]->key = snap->home;
	for (struct peer *p = s->peers, *next; p; p = next) {
		next = p->next;
		if (p->connected)
			peer_event(p, SESSION_EV_GREW);
	}
}

void swarm_control(struct swarm *s, struct slice packed)
{
	struct packed *p = malloc(sizeof *p);
	struct commit *c = malloc(sizeof *c);

	/* Admitted by the writer already: this copy only follows. */
	if (!p || !c || commit_unpack(packed, p) != ES_OK || commit_decode(p->header, c) != ES_OK ||
	    (c->seq > s->rights.seq && rights_apply(&s->rights, c, p) != ES_OK))
		log_event(LOG_ERR_, "control.unreadable", "seq=%llu", c ? (unsigned long long)c->seq : 0);
	free(p);
	free(c);
}

void swarm_control_anew(struct swarm *s)
{
	struct hash fed = s->rights.fed_id;

	rights_done(&s->rights);
	rights_init(&s->rights, &fed);
}

void swarm_keys(struct swarm *s, const struct node_keys *keys)
{
	*s->keys = *keys;
	for (struct peer *p = s->peers, *next; p; p = next) { /* they were greeted under the old ones */
		next = p->next;
		peer_close(p, ES_AGAIN);
	}
}

void swarm_close(struct swarm *s, uint64_t session, enum es_err why)
{
	for (struct peer *p = s->peers; p; p = p->next)
		if (p->no == session) {
			peer_end(p, why);
			return;
		}
}

static void tell_proof(struct swarm *s, struct peer *p, const struct id16 *log, struct slice body)
{
	const struct frontier *f = &worker_snapshot(s->worker)->frontier;
	const struct head *h = frontier_find(f, log);

	if (h && p->greeted)
		peer_fork(p, (uint32_t)(h - f->heads), body);
}

void swarm_tell_proofs(struct swarm *s, struct peer *p)
{
	for (size_t i = 0; i < s->proof_count && !p->closing; i++)
		tell_proof(s, p, &s->proofs[i].log, buf_slice(&s->proofs[i].body));
}

/* All of them come each time one is found: only the new one is told. */
void swarm_proof(struct swarm *s, const struct id16 *log, struct slice body)
{
	size_t at = 0;

	while (at < s->proof_count && !id_eq(&s->proofs[at].log, log))
		at++;
	if (at < s->proof_count && slice_eq(buf_slice(&s->proofs[at].body), body))
		return;
	if (at == s->proof_count) {
		void *more = realloc(s->proofs, (at + 1) * sizeof *s->proofs);

		if (!more)
			return;
		s->proofs = more;
		buf_init(&s->proofs[at].body, WIRE_SMALL_MAX);
		s->proof_count++;
	}
	s->proofs[at].log = *log;
	buf_clear(&s->proofs[at].body);
	buf_add(&s->proofs[at].body, body.p, body.len);
	for (struct peer *p = s->peers, *next; p; p = next) {
		next = p->next;
		tell_proof(s, p, log, body);
	}
}

void swarm_told(struct swarm *s, const struct id16 *hub, const struct id16 *instance, enum es_err why)
{
	if (why == ES_LINEAGE_BEHIND)
		return; /* it helps itself */
	s->turned_away.hub = *hub;
	s->turned_away.instance = *instance;
	s->turned_away.err = why;
}

enum es_err swarm_connect(struct swarm *s, const struct member *m, const char *address)
{
	for (size_t i = 0; i < s->target_count; i++) {
		struct target *t = s->targets[i];

		if (t->home || !id_eq(&t->hub, &m->hub))
			continue;
		snprintf(t->address, sizeof t->address, "%s", address);
		t->attempts = 0;
		if (!t->peer)
			uv_timer_start(&t->timer, on_first_dial, 0, 0);
		return ES_OK;
	}
	return add_target(s, false, &m->hub, &m->dh, address) ? ES_OK : ES_TOO_LARGE;
}

void swarm_hurry(struct swarm *s)
{
	es_ms soon = (es_ms)uv_now(s->loop) + SWARM_DIAL_MIN_MS;

	for (size_t i = 0; i < s->target_count && !s->stopping; i++) {
		struct target *t = s->targets[i];

		if (t->peer || t->next_try <= soon)
			continue;
		t->attempts = 0;
		t->next_try = soon;
		uv_timer_start(&t->timer, on_first_dial, rng_below(&s->rng, SWARM_DIAL_MIN_MS) + 50, 0);
	}
}

const struct session *swarm_session(const struct swarm *s, const struct id16 *hub)
{
	for (const struct peer *p = s->peers; p; p = p->next)
		if (p->greeted && id_eq(&p->session.peer, hub))
			return &p->session;
	return NULL;
}

static struct swarm_heard *heard_of(const struct swarm *s, const struct id16 *hub)
{
	for (size_t i = 0; i < s->heard_count; i++)
		if (id_eq(&s->heard[i].hub, hub))
			return &s->heard[i];
	return NULL;
}

void swarm_hear(struct swarm *s, const struct session *session)
{
	struct swarm_heard *h = heard_of(s, &session->peer), *more;

	if (!h && !rights_member(&s->rights, &session->peer))
		return;
	if (!h) {
		more = realloc(s->heard, (s->heard_count + 1) * sizeof *more);
		if (!more)
			return;
		s->heard = more;
		h = &more[s->heard_count++];
		*h = (struct swarm_heard){.hub = session->peer};
	}
	if (session->heard > h->at)
		h->at = session->heard;
}

es_ms swarm_heard(const struct swarm *s, const struct id16 *hub)
{
	const struct session *session = swarm_session(s, hub);
	const struct swarm_heard *h = heard_of(s, hub);

	return session ? session->heard : h ? h->at : 0;
}
