/* SPDX-License-Identifier: Apache-2.0
 *
 * A session against a peer that sends what it likes. The first byte says who the
 * peer is: a member with its key, a stranger with a key, bytes without any
 * handshake, or home answering us; and (by its quotient) what home makes of a hub
 * and by which of home's keys it calls.
 * What follows is a list of
 *     type, flags, length u16, body         a frame, where type < 128
 *     128 + event, argument                 something that happens at our end
 * In a frame 16 equal bytes n stand for the hub (1 to 3) or log (10 to 16) number n.
 * Whatever comes: no crash, credit is given back, a closed session stays so,
 * nothing is asked to be stored that was not asked for, nothing is read for a peer
 * that may not have it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/canon.h"
#include "proto/session.h"
#include "tests/fuzz/fuzz.h"

enum peer_kind { PEER_HUB, PEER_STRANGER, PEER_BYTES, PEER_HOME, PEER_KINDS };

struct world {
	struct dh_public cress_pub, former_pub, hub_pub, stranger_pub;
	struct dh_secret cress_dh, former_dh, hub_dh, stranger_dh;
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
	struct id16 hubs[3], logs[7]; /* numbers 1 to 3, 10 to 16 */
	struct buf entries[16]; /* of the one control commit */
	struct commit c;
	struct packed p;
	struct session_event greeted; /* home's verdict on a hub */
	enum es_err store_as;
	bool compares, asked, given; /* what the node has not answered yet */
};

static struct id16 id_of(uint8_t n)
{
	struct id16 id = {{0}};

	memset(id.bytes, n, sizeof(id.bytes));
	return id;
}

static struct buf *entry(struct world *w)
{
	struct buf *b = &w->entries[w->p.count++];

	buf_init(b, CHANGE_MAX);
	return b;
}

static void open_log(struct world *w, unsigned n, unsigned hub, enum scope scope, uint64_t seq)
{
	struct open_log o = {.hub = w->hubs[hub - 1], .scope = scope, .generation = 1};

	o.nonce = id_of((uint8_t)n);
	o.id = crypto_log_id(&w->rights.fed_id, &o.hub, (uint8_t)scope, &o.nonce);
	w->logs[n - 10] = o.id;
	entry_open(&o, entry(w));
	struct head *h = frontier_add(&w->frontier, &o.id, &o.hub, scope, 1);
	assert(h != NULL);
	h->seq = h->acked = seq;
}

static void let_in(struct world *w, unsigned n, enum role role, const struct dh_public *dh)
{
	struct member m = {.role = role, .epoch = 1, .name = "x", .pays = "auray", .dh = *dh};
	uint8_t seed[32] = {(uint8_t)n};
	struct sign_secret secret;
	struct hash charter = {{0}};
	struct acceptance a = {.handshake = {0}};

	crypto_sign_keys(seed, &m.sign, &secret);
	m.hub = w->hubs[n - 1] = crypto_hub_id(&w->rights.fed_id, &m.sign);
	if (role == ROLE_CRESS)
		w->rights.founder = m.sign;
	entry_member(&m, &charter, role == ROLE_CRESS ? NULL : &a, entry(w));
}

/* A federation of a CRESS (1) and two hubs (2: the peer or us, 3). */
static void build(struct world *w, bool we_are_hub)
{
	static const uint8_t seeds[5][32] = {{8, 1}, {8, 2}, {8, 3}, {8, 4}, {8, 5}}; /* differ beyond the clamped bits */
	struct hash fed = {{0}};
	struct dh_public other_dh;
	struct dh_secret unused;

	memset(w, 0, sizeof(*w));
	crypto_dh_keys(seeds[0], &w->cress_pub, &w->cress_dh);
	crypto_dh_keys(seeds[1], &w->hub_pub, &w->hub_dh);
	crypto_dh_keys(seeds[2], &w->stranger_pub, &w->stranger_dh);
	crypto_dh_keys(seeds[3], &other_dh, &unused);
	crypto_dh_keys(seeds[4], &w->former_pub, &w->former_dh);
	rights_init(&w->rights, &fed);
	w->rights.founded = true;
	let_in(w, 1, ROLE_CRESS, &w->cress_pub);
	let_in(w, 2, ROLE_HUB, &w->hub_pub);
	let_in(w, 3, ROLE_HUB, &other_dh);
	open_log(w, 10, 1, SCOPE_CONTROL, 5);
	open_log(w, 11, 1, SCOPE_PUBLIC, 0);
	open_log(w, 12, 2, SCOPE_PUBLIC, 3);
	open_log(w, 13, 2, SCOPE_FEDERATION, 0);
	open_log(w, 14, 2, SCOPE_CRESS, 2);
	open_log(w, 15, 3, SCOPE_PUBLIC, 70000);
	open_log(w, 16, 3, SCOPE_CRESS, 1);
	for (uint32_t i = 0; i < w->p.count; i++)
		w->p.payload[i] = (struct payload){.present = true, .change = buf_slice(&w->entries[i])};
	w->c.seq = 5;
	assert(rights_apply(&w->rights, &w->c, &w->p) == ES_OK);
	rng_seed_number(&w->rng, 1);
	w->buffers = SESSION_BUFFERS;
	w->env = (struct session_env){
		.rights = &w->rights, .frontier = &w->frontier, .self = w->hubs[we_are_hub],
		.role = we_are_hub ? ROLE_HUB : ROLE_CRESS, .instance = id_of(9), .lineage = 1,
		.dh = we_are_hub ? &w->hub_dh : &w->cress_dh, .dh_former = we_are_hub ? NULL : &w->former_dh, .rng = &w->rng, .buffers = &w->buffers,
		.software = "fuzz", .now = 1000, .utc = 1800000000000,
	};
	buf_init(&w->sent, 1u << 24);
}

static void step(struct world *w, struct session_event ev)
{
	struct session_effects fx = {.send = &w->sent};
	uint32_t log;

	if (w->s.state == SESSION_CLOSED)
		return;
	session_step(&w->s, &w->env, &ev, &fx);
	assert(w->buffers >= 0 && w->buffers <= SESSION_BUFFERS);
	assert(!fx.closed || w->s.state == SESSION_CLOSED);
	assert(!fx.store || (fx.store_log < w->frontier.count && w->s.tracks[fx.store_log].asked));
	assert(!fx.load || fx.load_log < w->frontier.count);
	/* What another hub shares with the CRESS alone is never read for this peer. */
	assert(!fx.load || !id_eq(&w->frontier.heads[fx.load_log].log, &w->logs[16 - 10]));
	assert(!fx.load || fx.load_last <= w->frontier.heads[fx.load_log].seq);
	/* Who is heard out gets nothing. */
	assert(!fx.load || w->env.role != ROLE_CRESS || !(w->s.report_only || w->s.stranger));
	/* Home alone acknowledges. */
	assert(!fx.ack || (w->env.role == ROLE_HUB && w->s.peer_role == ROLE_CRESS && fx.body));
	w->compares |= fx.compare;
	w->asked |= fx.returns;
	w->given |= fx.give_back;
	log = fx.store_log;
	if (fx.greet)
		step(w, w->greeted);
	if (fx.store && w->s.state != SESSION_CLOSED)
		step(w, (struct session_event){.type = SESSION_EV_STORED, .log = log, .err = w->store_as,
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
static bool greet(struct world *w, enum peer_kind kind, const struct dh_public *home)
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
		.rs = peer_starts ? home : NULL});
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

/* Numbers in a frame become the ids that they stand for. */
static void name_ids(const struct world *w, uint8_t *p, size_t len)
{
	for (size_t at = 0; at + 16 <= len; at++) {
		const struct id16 *id = p[at] >= 1 && p[at] <= 3 ? &w->hubs[p[at] - 1]
				      : p[at] >= 10 && p[at] <= 16 ? &w->logs[p[at] - 10] : NULL;
		struct id16 run = id_of(p[at]);

		if (id != NULL && memcmp(p + at, run.bytes, 16) == 0) {
			memcpy(p + at, id->bytes, 16);
			at += 15;
		}
	}
}

static void happen(struct world *w, unsigned event, uint8_t argument)
{
	static const enum es_err verdicts[] = {ES_OK, ES_EXISTS, ES_DIVERGED, ES_CONTROL_FORK, ES_FORK, ES_BAD_SIG,
					       ES_CLOCK_SKEW, ES_MALFORMED};
	struct session_event ev = {.type = (enum session_event_type)(event % (SESSION_EV_CLOSE + 1))};
	uint8_t memory[64];
	struct buf body;
	struct slice in;

	switch (ev.type) {
	case SESSION_EV_START:
	case SESSION_EV_BYTES:
	case SESSION_EV_GREETED: /* see step() */
		return;
	case SESSION_EV_STORED: /* the verdict on what comes next */
		w->store_as = verdicts[argument % (sizeof(verdicts) / sizeof(verdicts[0]))];
		return;
	case SESSION_EV_COMPARED:
		if (!w->compares)
			return;
		w->compares = false;
		buf_init_fixed(&body, memory, sizeof(memory));
		canon_array(&body, argument & 1);
		if (argument & 1)
			canon_u64(&body, argument / 2);
		in = buf_slice(&body);
		ev.bytes = &in;
		break;
	case SESSION_EV_RETURNS:
	case SESSION_EV_RETURNED:
		if (ev.type == SESSION_EV_RETURNS ? !w->asked : !w->given)
			return;
		if (ev.type == SESSION_EV_RETURNS)
			w->asked = false;
		else
			w->given = false;
		/* fall through */
	case SESSION_EV_FORK:
		buf_init_fixed(&body, memory, sizeof(memory));
		canon_array(&body, 0);
		in = argument & 1 ? SLICE_NONE : buf_slice(&body);
		ev.bytes = &in;
		ev.log = argument % (uint32_t)w->frontier.count;
		break;
	case SESSION_EV_LOADED:
		if (!w->s.loading)
			return;
		buf_init_fixed(&body, memory, sizeof(memory));
		canon_array(&body, 2);
		canon_bin(&body, w->frontier.heads[0].log.bytes, 16);
		canon_array(&body, 0);
		in = buf_slice(&body);
		ev.bytes = &in;
		ev.log = w->s.load_log;
		ev.seq = w->frontier.heads[ev.log].seq;
		ev.err = argument == 255 ? ES_DAMAGED : ES_OK;
		break;
	case SESSION_EV_GREW:
		if (argument & 128)
			w->rights.members[1].state = (enum member_state)(argument % 3);
		else
			w->frontier.heads[argument % w->frontier.count].seq++;
		break;
	case SESSION_EV_ROOM:
		break;
	case SESSION_EV_TIME:
		w->env.now += (es_ms)argument * 997;
		w->env.utc += (es_ms)argument * 997 + (argument == 255 ? 200000 : 0); /* and the wall clock jumps */
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
	w.greeted = (struct session_event){
		.type = SESSION_EV_GREETED, .pending = data[0] / PEER_KINDS & 1, .report_only = data[0] / PEER_KINDS & 2,
		.err = data[0] / PEER_KINDS & 4 ? ES_LINEAGE_BEHIND : ES_OK,
	};
	session_init(&w.s, kind == PEER_HOME, &w.cress_pub);
	if (kind != PEER_HOME)
		step(&w, (struct session_event){.type = SESSION_EV_START});
	if (kind == PEER_BYTES) {
		/* In pieces, as a stream comes. */
		for (size_t at = 1; at < size; at += 7)
			bytes(&w, SLICE(data + at, size - at < 7 ? size - at : 7));
	} else if (greet(&w, kind, data[0] / PEER_KINDS & 8 ? &w.former_pub : &w.cress_pub)) {
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
			name_ids(&w, plain.p + 2, len);
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
	for (uint32_t i = 0; i < w.p.count; i++)
		buf_done(&w.entries[i]);
	rights_done(&w.rights);
	frontier_done(&w.frontier);
	return 0;
}
