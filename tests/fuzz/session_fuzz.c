/* SPDX-License-Identifier: Apache-2.0
 *
 * A session against a peer that sends what it likes. The first byte says who the
 * peer is: a member with its key, a stranger with a key, bytes without any
 * handshake, or home answering us. What follows is a list of
 *     type, flags, length u16, body         a frame, where type < 128
 *     128 + event, argument                 something that happens at our end
 * Whatever comes: no crash, credit is given back, a closed session stays so,
 * nothing is asked to be stored that was not asked for. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/canon.h"
#include "proto/session.h"
#include "tests/fuzz/fuzz.h"

enum peer_kind { PEER_HUB, PEER_STRANGER, PEER_BYTES, PEER_HOME, PEER_KINDS };

struct world {
	struct dh_public cress_pub, hub_pub, stranger_pub;
	struct dh_secret cress_dh, hub_dh, stranger_dh;
	struct rights rights;
	struct frontier frontier;
	struct session_env env;
	struct rng rng;
	int buffers;
	struct session s;
	struct noise noise; /* the peer's end */
	struct wire wire;
	bool wired;
	struct buf sent; /* by the session */
};

static struct id16 id_of(uint8_t n)
{
	struct id16 id = {{0}};

	memset(id.bytes, n, sizeof(id.bytes));
	return id;
}

static void open_log(struct world *w, uint8_t n, struct id16 hub, enum scope scope, uint64_t seq)
{
	struct id16 log = id_of(n);
	struct open_log *o = &w->rights.logs[w->rights.log_count++];
	struct head *h = frontier_add(&w->frontier, &log, &hub, scope, 1);

	*o = (struct open_log){.id = log, .hub = hub, .scope = scope, .generation = 1};
	assert(h != NULL);
	h->seq = h->acked = seq;
}

/* A federation of a CRESS (1) and two hubs (2: the peer or us, 3). */
static void build(struct world *w, bool we_are_hub)
{
	static const uint8_t seeds[3][32] = {{8, 1}, {8, 2}, {8, 3}}; /* differ beyond the clamped bits */
	struct id16 cress = id_of(1), hub = id_of(2), other = id_of(3);

	memset(w, 0, sizeof(*w));
	crypto_dh_keys(seeds[0], &w->cress_pub, &w->cress_dh);
	crypto_dh_keys(seeds[1], &w->hub_pub, &w->hub_dh);
	crypto_dh_keys(seeds[2], &w->stranger_pub, &w->stranger_dh);
	w->rights.founded = true;
	w->rights.seq = 5;
	w->rights.control_log = id_of(10);
	w->rights.members = calloc(3, sizeof(struct member));
	w->rights.logs = calloc(8, sizeof(struct open_log));
	assert(w->rights.members != NULL && w->rights.logs != NULL);
	w->rights.member_count = 3;
	w->rights.members[0] = (struct member){.hub = cress, .role = ROLE_CRESS, .dh = w->cress_pub};
	w->rights.members[1] = (struct member){.hub = hub, .role = ROLE_HUB, .dh = w->hub_pub};
	w->rights.members[2] = (struct member){.hub = other, .role = ROLE_HUB};
	open_log(w, 10, cress, SCOPE_CONTROL, 5);
	open_log(w, 11, cress, SCOPE_PUBLIC, 0);
	open_log(w, 12, hub, SCOPE_PUBLIC, 3);
	open_log(w, 13, hub, SCOPE_FEDERATION, 0);
	open_log(w, 14, hub, SCOPE_CRESS, 2);
	open_log(w, 15, other, SCOPE_PUBLIC, 70000);
	open_log(w, 16, other, SCOPE_CRESS, 1);
	rng_seed_number(&w->rng, 1);
	w->buffers = SESSION_BUFFERS;
	w->env = (struct session_env){
		.rights = &w->rights, .frontier = &w->frontier, .self = we_are_hub ? hub : cress,
		.role = we_are_hub ? ROLE_HUB : ROLE_CRESS, .instance = id_of(9), .lineage = 1,
		.dh = we_are_hub ? &w->hub_dh : &w->cress_dh, .rng = &w->rng, .buffers = &w->buffers,
		.software = "fuzz", .now = 1000, .utc = 1800000000000,
	};
	buf_init(&w->sent, 1u << 24);
}

static void step(struct world *w, struct session_event ev)
{
	struct session_effects fx = {.send = &w->sent};
	const struct id16 cress_only = id_of(16);
	uint32_t log;

	if (w->s.state == SESSION_CLOSED)
		return;
	session_step(&w->s, &w->env, &ev, &fx);
	assert(w->buffers >= 0 && w->buffers <= SESSION_BUFFERS);
	assert(!fx.closed || w->s.state == SESSION_CLOSED);
	assert(!fx.store || (fx.store_log < w->frontier.count && w->s.tracks[fx.store_log].asked));
	assert(!fx.load || fx.load_log < w->frontier.count);
	/* What another hub shares with the CRESS alone is never read for this peer. */
	assert(!fx.load || !id_eq(&w->frontier.heads[fx.load_log].log, &cress_only));
	log = fx.store_log;
	if (fx.store && w->s.state != SESSION_CLOSED)
		step(w, (struct session_event){.type = SESSION_EV_STORED, .log = log,
					       .seq = w->frontier.heads[log].seq + 1});
}

static void bytes(struct world *w, struct slice in)
{
	while (in.len > 0 && w->s.state != SESSION_CLOSED) {
		struct slice before = in;

		step(w, (struct session_event){.type = SESSION_EV_BYTES, .bytes = &in});
		assert(in.len < before.len || w->s.state == SESSION_CLOSED);
	}
}

/* The peer's half of the handshake, honest. */
static bool greet(struct world *w, enum peer_kind kind)
{
	bool peer_starts = kind != PEER_HOME;
	uint8_t preamble[WIRE_PREAMBLE_LEN], e[32] = {42};
	struct noise_cipher in, out;
	struct buf b, none;
	struct slice got;

	wire_preamble(preamble);
	noise_init(&w->noise, &(struct noise_config){
		.pattern = &noise_xk, .initiator = peer_starts, .prologue = SLICE(preamble, sizeof(preamble)),
		.s = kind == PEER_HUB ? &w->hub_dh : kind == PEER_HOME ? &w->cress_dh : &w->stranger_dh,
		.rs = peer_starts ? &w->cress_pub : NULL});
	buf_init(&b, 4096);
	buf_init(&none, 4096);
	buf_add(&b, preamble, sizeof(preamble));
	if (!peer_starts)
		step(w, (struct session_event){.type = SESSION_EV_START});
	bool mine = peer_starts;
	size_t taken = 0;

	while (!noise_finished(&w->noise) && w->s.state != SESSION_CLOSED) {
		if (mine) {
			struct buf m;

			buf_init(&m, 1024);
			assert(noise_write(&w->noise, e, SLICE_NONE, &m) == ES_OK);
			buf_add_be(&b, m.len, 2);
			buf_add(&b, m.p, m.len);
			bytes(w, buf_slice(&b));
			buf_clear(&b);
			buf_done(&m);
		} else {
			if (taken == 0)
				taken = WIRE_PREAMBLE_LEN;
			got = SLICE(w->sent.p + taken, w->sent.len - taken);
			assert(got.len >= 2);
			size_t len = (size_t)be_read(got.p, 2);

			assert(noise_read(&w->noise, SLICE(got.p + 2, len), &none) == ES_OK);
			taken += 2 + len;
		}
		mine = !mine;
	}
	buf_done(&b);
	buf_done(&none);
	if (!noise_finished(&w->noise))
		return false;
	noise_split(&w->noise, &out, &in);
	wire_init(&w->wire, &in, &out);
	w->wired = true;
	return true;
}

static void happen(struct world *w, unsigned event, uint8_t argument)
{
	struct session_event ev = {.type = (enum session_event_type)(event % (SESSION_EV_CLOSE + 1))};
	uint8_t memory[64];
	struct buf body;
	struct slice in;

	switch (ev.type) {
	case SESSION_EV_START:
	case SESSION_EV_BYTES:
	case SESSION_EV_STORED: /* follows a store, see step() */
		return;
	case SESSION_EV_LOADED:
		if (!w->s.loading)
			return;
		buf_init_fixed(&body, memory, sizeof(memory));
		canon_array(&body, 2);
		canon_bin(&body, w->frontier.heads[0].log.bytes, 16);
		canon_array(&body, 0);
		in = buf_slice(&body);
		ev.bytes = &in;
		ev.log = argument % (uint32_t)w->frontier.count;
		ev.seq = w->frontier.heads[ev.log].seq;
		break;
	case SESSION_EV_GREW:
		w->frontier.heads[argument % w->frontier.count].seq++;
		break;
	case SESSION_EV_ROOM:
		break;
	case SESSION_EV_TIME:
		w->env.now += (es_ms)argument * 997;
		break;
	case SESSION_EV_JOIN:
		if (w->s.state != SESSION_GREETING)
			return;
		buf_init_fixed(&body, memory, sizeof(memory));
		canon_array(&body, 0);
		in = buf_slice(&body);
		ev.bytes = &in;
		break;
	case SESSION_EV_CLOSE:
		ev.err = argument & 1 ? ES_BUSY : ES_OK;
		break;
	}
	step(w, ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	enum peer_kind kind;
	struct buf stream;

	if (size < 1 || size > (1u << 18))
		return 0;
	kind = data[0] % PEER_KINDS;
	build(&w, kind == PEER_HOME);
	session_init(&w.s, kind == PEER_HOME, &w.cress_pub);
	if (kind != PEER_HOME)
		step(&w, (struct session_event){.type = SESSION_EV_START});
	if (kind == PEER_BYTES) {
		/* In pieces, as a stream comes. */
		for (size_t at = 1; at < size; at += 7)
			bytes(&w, SLICE(data + at, size - at < 7 ? size - at : 7));
	} else if (greet(&w, kind)) {
		buf_init(&stream, 1u << 20);
		for (size_t at = 1; at + 2 <= size && w.s.state != SESSION_CLOSED;) {
			if (data[at] >= 128) {
				happen(&w, data[at] - 128u, data[at + 1]);
				at += 2;
				continue;
			}
			if (at + 4 > size)
				break;
			size_t len = (size_t)be_read(data + at + 2, 2);
			struct buf plain;

			if (len > size - at - 4)
				len = size - at - 4;
			if (len > WIRE_BODY_MAX)
				len = WIRE_BODY_MAX;
			buf_init(&plain, WIRE_FRAME_MAX);
			buf_add(&plain, data + at, 2);
			buf_add(&plain, data + at + 4, len);
			buf_clear(&stream);
			buf_add_be(&stream, plain.len + 16, 2);
			assert(noise_seal(&w.wire.out.cipher, SLICE_NONE, buf_slice(&plain), &stream) == ES_OK);
			buf_done(&plain);
			bytes(&w, buf_slice(&stream));
			at += 4 + len;
		}
		buf_done(&stream);
	}
	if (kind == PEER_STRANGER)
		assert(!w.s.known); /* no word of the federation for a stranger */
	if (w.s.state != SESSION_CLOSED) {
		(void)session_deadline(&w.s);
		(void)session_lag(&w.s, &w.env);
	}
	session_done(&w.s, &w.env);
	assert(w.buffers == SESSION_BUFFERS);
	if (w.wired)
		wire_done(&w.wire);
	noise_wipe(&w.noise);
	buf_done(&w.sent);
	rights_done(&w.rights);
	frontier_done(&w.frontier);
	return 0;
}
