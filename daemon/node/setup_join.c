/* SPDX-License-Identifier: Apache-2.0
 *
 * `join` from the command line: the same session as the daemon's, driven over
 * one blocking socket. Two short conversations: JOIN(secret) to show what one
 * would enter, JOIN(accept) once a person has said yes. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "common/say.h"
#include "daemon/node/node.h"
#include "daemon/node/setup.h"
#include "daemon/service/conf.h"
#include "proto/join.h"
#include "proto/session.h"

#define CONNECT_MS 5000
#define ANSWER_MS 15000

struct talk {
	int fd;
	struct session session;
	struct session_env env;
	struct rights rights;
	struct frontier frontier;
	struct rng rng;
	int buffers;
	bool asked;
	struct buf answer;
	enum es_err err;
	bool done;
};

static es_ms monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum es_err setup_dial(const char *host, const char *port, int *out)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *res = NULL;
	enum es_err err = ES_UNREACHABLE;

	if (getaddrinfo(host, port, &hints, &res) != 0)
		return ES_NOT_FOUND;
	for (struct addrinfo *a = res; a && err != ES_OK; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		int so = 0, ready = -1;
		socklen_t len = sizeof so;

		if (fd < 0)
			continue;
		if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
			ready = poll(&p, 1, CONNECT_MS);
		if (ready == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &so, &len) == 0 && so == 0) {
			*out = fd;
			err = ES_OK;
		} else {
			err = ready == 0 ? ES_TIMEOUT : ES_UNREACHABLE;
			close(fd);
		}
	}
	freeaddrinfo(res);
	return err;
}

static enum es_err dial(const struct invite *i, int *out)
{
	char port[8];

	snprintf(port, sizeof port, "%u", i->port);
	return setup_dial(i->host, port, out) == ES_OK ? ES_OK : ES_UNREACHABLE;
}

static bool send_all(int fd, const struct buf *b)
{
	for (size_t at = 0; at < b->len;) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		ssize_t n = poll(&p, 1, ANSWER_MS) == 1 ? send(fd, b->p + at, b->len - at, MSG_NOSIGNAL) : -1;

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void talk_step(struct talk *t, struct session_event *ev)
{
	struct session_effects fx = {0};
	struct buf send;

	buf_init(&send, WIRE_MESSAGE_MAX);
	fx.send = &send;
	t->env.now = monotonic();
	session_step(&t->session, &t->env, ev, &fx);
	if (send.len > 0 && !send_all(t->fd, &send))
		t->err = ES_UNREACHABLE;
	buf_done(&send);
	if (fx.join) {
		buf_add(&t->answer, fx.body->p, fx.body->len);
		t->done = true;
	}
	if (fx.closed && !t->done)
		t->err = t->session.why != ES_OK ? t->session.why : ES_UNREACHABLE;
}

/* Closed after its preamble, before its first Noise message: it could not read
 * ours, because it does not have the key that the invitation names. */
static enum es_err hung_up(const struct talk *t)
{
	if (t->session.state == SESSION_HANDSHAKE)
		return t->session.preamble_seen ? ES_INVITE_FOREIGN : ES_BUSY;
	return ES_UNREACHABLE;
}

static void listen_once(struct talk *t, es_ms until)
{
	static uint8_t bytes[65536];
	struct pollfd p = {.fd = t->fd, .events = POLLIN};
	es_ms left = until - monotonic();

	if (left <= 0 || poll(&p, 1, (int)left) != 1) {
		t->err = ES_TIMEOUT;
		return;
	}
	ssize_t n = recv(t->fd, bytes, sizeof bytes, 0);
	if (n <= 0) {
		t->err = hung_up(t);
		return;
	}
	struct slice in = SLICE(bytes, (size_t)n);
	struct session_event ev = {.type = SESSION_EV_BYTES, .bytes = &in};
	while (in.len > 0 && t->err == ES_OK && !t->done)
		talk_step(t, &ev);
}

/* One conversation; `make` writes the JOIN body once the handshake is known. */
static enum es_err converse(const struct invite *i, const struct node_keys *keys,
			    void (*make)(void *ctx, const uint8_t handshake[64], struct buf *body), void *ctx, struct buf *answer)
{
	struct talk *t = calloc(1, sizeof *t);
	struct session_event start = {.type = SESSION_EV_START};
	enum es_err err;

	if (!t)
		return ES_NOMEM;
	err = dial(i, &t->fd);
	if (err != ES_OK) {
		free(t);
		return err;
	}
	rng_seed_system(&t->rng);
	rights_init(&t->rights, &i->fed_id);
	t->env = (struct session_env){.rights = &t->rights, .frontier = &t->frontier, .role = ROLE_HUB, .dh = &keys->dh_secret,
				      .rng = &t->rng, .buffers = &t->buffers, .software = "essaim"};
	buf_init(&t->answer, WIRE_MESSAGE_MAX);
	session_init_join(&t->session, &i->home);
	talk_step(t, &start);
	es_ms until = monotonic() + ANSWER_MS;
	while (t->err == ES_OK && !t->done) {
		if (t->session.state == SESSION_GREETING && !t->asked) {
			struct buf body;

			buf_init(&body, 4096);
			make(ctx, t->session.handshake, &body);
			struct slice bytes = buf_slice(&body);
			struct session_event ev = {.type = SESSION_EV_JOIN, .bytes = &bytes};
			talk_step(t, &ev);
			t->asked = true;
			buf_done(&body);
			continue;
		}
		listen_once(t, until);
	}
	err = t->err;
	if (err == ES_OK)
		buf_add(answer, t->answer.p, t->answer.len);
	session_done(&t->session, &t->env);
	rights_done(&t->rights);
	buf_done(&t->answer);
	close(t->fd);
	free(t);
	return err;
}

static enum es_err explain(enum es_err err, const struct invite *i, struct buf *why)
{
	if (err == ES_WRONG_FEDERATION)
		err = ES_INVITE_FOREIGN;
	buf_printf(why, "%s:%u: %s%s", i->host, i->port, _(es_err_text(err)),
		   err == ES_UNREACHABLE || err == ES_TIMEOUT ? _("; check the network and try again") :
		   es_err_exit(err) == 77 ? _("; ask the CRESS for a new invitation") : "");
	return err;
}

struct asking {
	const struct invite *invite;
	const struct setup *setup;
	const struct join_offer *offer;
	struct node_keys keys;
	char advertise[RIGHTS_ADDRESS_MAX + 1];
	bool accept;
};

static void make_ask(void *ctx, const uint8_t handshake[64], struct buf *body)
{
	struct asking *a = ctx;
	struct join_ask ask = {.accept = a->accept, .fed_id = a->invite->fed_id, .secret = a->invite->secret};
	struct member m = {.sign = a->keys.sign, .dh = a->keys.dh};
	struct buf message;

	if (a->accept) {
		snprintf(ask.name, sizeof ask.name, "%s", a->setup->name);
		snprintf(ask.address, sizeof ask.address, "%s", a->advertise);
		snprintf(m.name, sizeof m.name, "%s", ask.name);
		snprintf(m.address, sizeof m.address, "%s", ask.address);
		ask.sign = a->keys.sign;
		ask.charter = a->offer->charter_digest;
		buf_init(&message, 2048);
		acceptance_message(handshake, &a->invite->fed_id, &m, &ask.charter, &message);
		ask.sig = crypto_sign_as(SIGN_JOIN, &a->keys.sign_secret, buf_slice(&message));
		ask.replaces = !id_is_zero(&a->offer->replaces);
		if (ask.replaces) {
			struct rotation t = {.hub = a->offer->replaces, .sign = a->keys.sign, .dh = a->keys.dh, .epoch = a->offer->epoch};

			buf_clear(&message);
			rotation_message(&a->invite->fed_id, &t, &message);
			ask.rotation = crypto_sign_as(SIGN_ROTATE, &a->keys.sign_secret, buf_slice(&message));
		}
		buf_done(&message);
	}
	join_ask_encode(&ask, body);
}

static char offer_region[8];

enum es_err setup_join_ask(const struct setup *s, const struct invite *invite, struct join_offer *offer, struct buf *why)
{
	struct asking a = {.invite = invite, .setup = s};
	struct join_answer answer;
	struct buf body;
	uint8_t seeds[64];
	struct rng rng;
	char path[NODE_PATH_MAX + 16];
	enum es_err err;

	snprintf(path, sizeof path, "%s/journal.db", s->dir);
	if (access(path, F_OK) == 0) {
		buf_printf(why, _("%s: a node exists here already; choose another --data directory"), s->dir);
		return ES_EXISTS;
	}
	rng_seed_system(&rng); /* keys for this question only */
	rng_fill(&rng, seeds, sizeof seeds);
	crypto_sign_keys(seeds, &a.keys.sign, &a.keys.sign_secret);
	crypto_dh_keys(seeds + 32, &a.keys.dh, &a.keys.dh_secret);
	buf_init(&body, WIRE_MESSAGE_MAX);
	err = converse(invite, &a.keys, make_ask, &a, &body);
	if (err == ES_OK)
		err = join_answer_decode(buf_slice(&body), &answer);
	if (err == ES_OK && answer.accepted)
		err = ES_MALFORMED;
	if (err == ES_OK) {
		memset(offer, 0, sizeof *offer);
		snprintf(offer->federation, sizeof offer->federation, "%s", answer.federation);
		snprintf(offer->cress, sizeof offer->cress, "%s", answer.cress);
		snprintf(offer->pays, sizeof offer->pays, "%s", answer.pays);
		snprintf(offer->name, sizeof offer->name, "%s", answer.name);
		snprintf(offer_region, sizeof offer_region, "%s", answer.region);
		crypto_fingerprint(&answer.cress_sign, &invite->home, offer->fingerprint);
		if (answer.replaces) {
			offer->replaces = answer.hub;
			offer->epoch = answer.epoch;
		}
		offer->charter_digest = crypto_hash(HASH_GENESIS, answer.charter);
		offer->charter = malloc(answer.charter.len + 1);
		if (offer->charter) {
			memcpy(offer->charter, answer.charter.p, answer.charter.len);
			offer->charter[answer.charter.len] = 0;
		} else {
			err = ES_NOMEM;
		}
	}
	buf_done(&body);
	return err == ES_OK ? err : explain(err, invite, why);
}

enum es_err setup_make_hub(const struct setup *s, const struct invite *invite, const struct join_offer *offer,
			   const char *region, struct rng *rng, struct buf *why);

static void remove_hub(const char *dir)
{
	static const char *const parts[] = {"journal.db", "journal.db-wal", "journal.db-shm", "node.key", "essaim.conf"};
	char path[NODE_PATH_MAX + 32];

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, parts[i]);
		unlink(path);
	}
}

/* The node is made first, so that its keys are on disk before home knows them;
 * where home then refuses, it is taken away again. */
enum es_err setup_join_accept(const struct setup *s, const struct invite *invite, const struct join_offer *offer,
			      char fingerprint[FINGERPRINT_LEN + 1], char state[16], struct buf *why)
{
	struct asking a = {.invite = invite, .setup = s, .offer = offer, .accept = true};
	struct setup named = *s;
	struct join_answer answer = {0};
	struct buf body;
	struct rng rng;
	enum es_err err;

	if (!named.name || !named.name[0])
		named.name = offer->name;
	a.setup = &named;
	rng_seed_system(&rng);
	err = setup_make_hub(&named, invite, offer, offer_region, &rng, why);
	if (err != ES_OK)
		return err;
	err = node_keys_load(s->dir, &a.keys);
	const char *address = s->advertise ? s->advertise : s->listen;
	if (address && (!conf_address(address, a.advertise) || strncmp(a.advertise, "0.0.0.0", 7) == 0))
		a.advertise[0] = 0;
	buf_init(&body, 4096);
	if (err == ES_OK)
		err = converse(invite, &a.keys, make_ask, &a, &body);
	if (err == ES_OK)
		err = join_answer_decode(buf_slice(&body), &answer);
	if (err == ES_OK && answer.state == JOIN_DENIED)
		err = ES_DENIED;
	buf_done(&body);
	if (err != ES_OK) {
		remove_hub(s->dir);
		return explain(err, invite, why);
	}
	crypto_fingerprint(&a.keys.sign, &a.keys.dh, fingerprint);
	snprintf(state, 16, "%s", answer.state == JOIN_APPROVED ? "approved" : "waiting");
	return ES_OK;
}
