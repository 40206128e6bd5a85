/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/swarm.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/log.h"
#include "daemon/peer.h"

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
		.instance = s->instance, .lineage = snap->lineage, .dh = &s->keys->dh_secret, .rng = &s->rng,
		.buffers = &s->buffers, .software = "essaimd " ESSAIM_VERSION, .now = (es_ms)uv_now(s->loop), .utc = utc_now(),
	};
}

static void on_connection(uv_stream_t *server, int status)
{
	struct swarm *s = server->data;

	if (status == 0 && !s->stopping)
		peer_accept(s);
}

/* The listener's address is numeric or resolved here, once, at start. */
static enum es_err listen_at(struct swarm *s)
{
	char host[RIGHTS_ADDRESS_MAX + 1], port[16];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *res = NULL;
	enum es_err err = ES_OK;

	if (!address_split(s->listen, host, sizeof host, port, sizeof port) ||
	    getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &res) != 0)
		return ES_CONFIG;
	uv_tcp_init(s->loop, &s->listener);
	s->listener.data = s;
	if (uv_tcp_bind(&s->listener, res->ai_addr, 0) != 0 ||
	    uv_listen((uv_stream_t *)&s->listener, 512, on_connection) != 0) {
		err = ES_CONFIG;
		uv_close((uv_handle_t *)&s->listener, NULL);
	}
	s->listening = err == ES_OK;
	freeaddrinfo(res);
	return err;
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

enum es_err swarm_start(struct swarm *s, const char *home_address, const struct dh_public *home)
{
	enum es_err err = s->listen[0] ? listen_at(s) : ES_OK;

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
	if (s->listening)
		uv_close((uv_handle_t *)&s->listener, NULL);
	s->listening = false;
	for (size_t i = 0; i < s->target_count; i++) {
		s->targets[i]->closing = true;
		uv_timer_stop(&s->targets[i]->timer);
	}
	while (s->peers)
		peer_close(s->peers, ES_OK);
	for (size_t i = 0; i < s->target_count; i++)
		uv_close((uv_handle_t *)&s->targets[i]->timer, free_target);
	s->target_count = 0;
}

void swarm_blocked(struct swarm *s, const struct id16 *log, uint64_t seq, enum es_err err, bool ours)
{
	if (es_err_then(err) == ES_RETRY)
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
	if (s->joining && worker_snapshot(s->worker)->member)
		s->joining = false;
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
