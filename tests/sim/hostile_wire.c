/* SPDX-License-Identifier: Apache-2.0
 *
 * Between a hostile machine's core and its lines. What the core wrote is opened
 * with a copy of its own cipher, changed, and sealed again. */
#include "tests/sim/hostile.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "tests/sim/trace.h"

#define MESSAGE_3 (2 + 64) /* the initiator's last handshake message */
#define SHAKE_TO_INITIATOR (WIRE_PREAMBLE_LEN + 2 + 48)
#define SHAKE_TO_RESPONDER (WIRE_PREAMBLE_LEN + 2 + 48 + 2 + 64)
#define VERSIONS_AT 8 /* of the preamble: lowest, highest */

static int other_end(const struct peer *p)
{
	return p->conn ? conn_node(p->conn, !p->side) : 0;
}

bool hostile_plays(const struct hostile *h, const struct peer *p, enum trick t)
{
	int other = other_end(p);

	return h->active && h->until[t] > p->owner->w->now && other > 0 && other < 64 && (h->to >> other & 1);
}

/* --- saying something of its own --- */

void hostile_bytes(struct peer *p, struct slice bytes)
{
	if (p->conn && !p->closing)
		net_send(p->conn, p->side, bytes.p, bytes.len, false);
}

void hostile_send(struct peer *p, unsigned type, struct slice body, bool compress)
{
	struct buf out;

	if (!p->session.wired || p->closing)
		return;
	buf_init(&out, 2 * WIRE_MESSAGE_MAX);
	if (wire_send(&p->session.wire, (enum wire_type)type, body, compress, &out) == ES_OK)
		hostile_bytes(p, buf_slice(&out));
	buf_done(&out);
}

void hostile_frame(struct peer *p, uint8_t type, uint8_t flags, struct slice body)
{
	struct wire_half *half = &p->session.wire.out;
	struct buf plain, out;

	if (!p->session.wired || p->closing)
		return;
	buf_init(&plain, WIRE_FRAME_MAX);
	buf_init(&out, WIRE_FRAME_MAX + 2);
	buf_add_u8(&plain, type);
	buf_add_u8(&plain, flags);
	buf_add(&plain, body.p, body.len);
	buf_add_be(&out, plain.len + 16, 2);
	if (noise_seal(&half->cipher, SLICE_NONE, buf_slice(&plain), &out) == ES_OK)
		hostile_bytes(p, buf_slice(&out));
	half->frames++;
	half->bytes += plain.len + 16;
	buf_done(&plain);
	buf_done(&out);
}

/* --- hearing --- */

void hostile_tap_free(struct tap *t)
{
	if (!t)
		return;
	if (t->begun)
		wire_done(&t->wire);
	buf_done(&t->body);
	free(t);
}

static struct tap *tap_of(struct peer *p)
{
	if (!p->tap) {
		p->tap = calloc(1, sizeof *p->tap);
		assert(p->tap);
		p->tap->skip = p->session.initiator ? SHAKE_TO_INITIATOR : SHAKE_TO_RESPONDER;
		buf_init(&p->tap->body, WIRE_MESSAGE_MAX);
	}
	return p->tap;
}

/* The first key, whatever has been opened with it since. */
static struct noise_cipher first_key(const struct noise_cipher *c)
{
	struct noise_cipher first = *c;

	first.nonce = 0;
	return first;
}

static void listen(struct peer *p, struct tap *t, struct slice bytes)
{
	enum wire_type type;

	if (!t->begun) {
		struct noise_cipher key = first_key(&p->session.wire.in.cipher);

		wire_init(&t->wire, &key, &key);
		t->begun = true;
	}
	while (bytes.len > 0 && !t->lost) {
		t->lost = wire_receive(&t->wire, &bytes, ~0u, &type, &t->body) != ES_OK;
		if (t->lost || type == 0)
			return;
		judge_given(p, type, buf_slice(&t->body));
	}
}

void hostile_heard(struct peer *p, struct slice taken)
{
	struct tap *t = tap_of(p);
	size_t skip = t->skip < taken.len ? t->skip : taken.len;

	t->skip -= skip;
	if (t->skip == 0 && taken.len > skip && p->session.wired)
		listen(p, t, SLICE(taken.p + skip, taken.len - skip));
}

/* --- the other branch of its own log (TRICK_BRANCH) --- */

static struct branch_commit *branch_at(struct hostile *h, uint64_t seq)
{
	for (size_t i = 0; i < h->branch_count; i++)
		if (h->branch[i].seq == seq)
			return &h->branch[i];
	return NULL;
}

/* Made as far as `seq`, from what the journal holds. */
static struct branch_commit *branch_make(struct sim_node *s, uint64_t seq)
{
	struct hostile *h = s->hostile;

	for (uint64_t q = h->branch_from; q <= seq; q++) {
		struct branch_commit *before = q > h->branch_from ? branch_at(h, q - 1) : NULL;
		struct branch_commit *one = &h->branch[h->branch_count];
		struct buf packed;
		uint32_t index;
		int64_t stored;

		if (branch_at(h, q))
			continue;
		if (h->branch_count == BRANCH_MAX_SEEN || (q > h->branch_from && !before))
			return NULL;
		buf_init(&packed, COMMIT_PACKED_MAX);
		buf_init(&one->packed, COMMIT_PACKED_MAX);
		bool made = journal_one(s->n->journal, journal_pos(s->n->journal, h->branch_index, q), &index, &packed, &stored) == ES_OK &&
			    journal_commit_id(s->n->journal, h->branch_index, q, &one->a) &&
			    craft_twin(s, buf_slice(&packed), before ? &before->b : NULL, &one->packed, &one->b);
		buf_done(&packed);
		if (!made) {
			buf_done(&one->packed);
			return NULL;
		}
		one->seq = q;
		h->branch_count++;
	}
	return branch_at(h, seq);
}

/* COMMITS of that log, from the other branch. False: it is not about it. */
static bool branch_commits(struct sim_node *s, struct slice body, struct buf *out)
{
	static struct packed p;
	static struct commit c;
	struct hostile *h = s->hostile;
	struct canon_reader r;
	struct id16 log;

	canon_read_init(&r, body);
	(void)canon_read_array(&r, 2);
	canon_read_exact(&r, log.bytes, 16);
	uint32_t n = canon_read_array(&r, COMMIT_CHANGES_MAX);
	if (r.err != ES_OK || !id_eq(&log, &h->branch_log))
		return false;
	canon_array(out, 2);
	canon_bin(out, log.bytes, 16);
	canon_array(out, n);
	for (uint32_t i = 0; i < n; i++) {
		struct slice packed = canon_read_value(&r);
		struct branch_commit *b = NULL;

		if (commit_unpack(packed, &p) == ES_OK && commit_decode(p.header, &c) == ES_OK && c.seq >= h->branch_from)
			b = branch_make(s, c.seq);
		if (b)
			buf_add(out, b->packed.p, b->packed.len);
		else
			buf_add(out, packed.p, packed.len);
	}
	return true;
}

/* --- heads --- */

/* False: this position is not said. May change it. */
static bool head_said(struct peer *p, struct id16 *log, uint64_t *seq, struct hash *id)
{
	struct sim_node *s = p->owner;
	struct hostile *h = s->hostile;
	const struct open_log *l = rights_log(&s->n->rights, log);
	bool victims = l && l->scope != SCOPE_CONTROL && id_eq(&l->hub, &h->victim);

	if (hostile_plays(h, p, TRICK_BRANCH) && id_eq(log, &h->branch_log) && *seq >= h->branch_from) {
		struct branch_commit *b = branch_make(s, *seq);

		if (b)
			*id = b->b;
	}
	if (victims && hostile_plays(h, p, TRICK_WITHHOLD) && !id_eq(&p->session.peer, &h->victim))
		return false;
	return !(victims && hostile_plays(h, p, TRICK_NO_ACK) && id_eq(&p->session.peer, &h->victim));
}

static bool heads_said(struct peer *p, struct slice body, struct buf *out)
{
	struct canon_reader r;
	struct buf list;
	uint32_t said = 0;

	buf_init(&list, WIRE_MESSAGE_MAX);
	canon_read_init(&r, body);
	for (uint32_t n = canon_read_array(&r, RIGHTS_LOGS_MAX); n > 0 && r.err == ES_OK; n--) {
		struct id16 log;
		struct hash id;

		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		canon_read_exact(&r, id.bytes, 32);
		if (r.err != ES_OK || !head_said(p, &log, &seq, &id))
			continue;
		said++;
		canon_array(&list, 3);
		canon_bin(&list, log.bytes, 16);
		canon_u64(&list, seq);
		canon_bin(&list, id.bytes, 32);
	}
	canon_array(out, said);
	buf_add(out, list.p, list.len);
	buf_done(&list);
	return r.err == ES_OK;
}

/* --- HELLO --- */

struct hello {
	uint64_t version, lineage, role;
	uint8_t fed[32], hub[16], instance[16];
	int64_t utc;
	struct slice software;
};

static bool read_hello(struct slice body, struct hello *h)
{
	struct canon_reader r;

	canon_read_init(&r, body);
	(void)canon_read_array(&r, 8);
	h->version = canon_read_u64(&r, 255);
	canon_read_exact(&r, h->fed, 32);
	canon_read_exact(&r, h->hub, 16);
	canon_read_exact(&r, h->instance, 16);
	h->lineage = canon_read_u64(&r, UINT64_MAX);
	h->role = canon_read_u64(&r, 255);
	h->utc = canon_read_int(&r, INT64_MIN, INT64_MAX);
	h->software = canon_read_str(&r, 64);
	return canon_read_done(&r) == ES_OK;
}

static void write_hello(const struct hello *h, bool longer, struct buf *out)
{
	canon_array(out, longer ? 9 : 8);
	canon_u64(out, h->version);
	canon_bin(out, h->fed, 32);
	canon_bin(out, h->hub, 16);
	canon_bin(out, h->instance, 16);
	canon_u64(out, h->lineage);
	canon_u64(out, h->role);
	canon_int(out, h->utc);
	canon_str(out, h->software);
	if (longer)
		canon_u64(out, 1);
}

/* Somebody else, another time, another life. */
static void lie_in_hello(struct sim_node *s, struct hello *h)
{
	struct rng *r = s->hostile->rng;
	const struct rights *g = &s->n->rights;

	switch (rng_below(r, 7)) {
	case 0:
		memcpy(h->hub, g->members[rng_below(r, g->member_count)].hub.bytes, 16);
		break;
	case 1:
		h->role = draw(r, 0, 4);
		break;
	case 2:
		h->lineage = rng_below(r, 2) ? UINT64_MAX : rng_below(r, h->lineage + 1);
		break;
	case 3:
		rng_fill(r, h->instance, 16);
		break;
	case 4:
		h->utc += (int64_t)draw(r, 0, 1ull << 42) - (1ll << 41);
		break;
	case 5:
		rng_fill(r, h->fed, 32);
		break;
	default:
		h->utc = rng_below(r, 2) ? -1 : INT64_MAX;
		break;
	}
}

static bool other_hello(struct peer *p, struct slice body, struct buf *out)
{
	struct sim_node *s = p->owner;
	struct hello h;
	bool newer = hostile_plays(s->hostile, p, TRICK_HELLO_VERSION);

	if (!read_hello(body, &h))
		return false;
	if (newer)
		h.version = draw(s->hostile->rng, 0, 1) ? 2 : 0;
	else
		lie_in_hello(s, &h);
	write_hello(&h, newer && draw(s->hostile->rng, 0, 1), out);
	return true;
}

/* --- what goes --- */

/* One draw after the other: C leaves the order of two in one expression to the compiler. */
static void flip_bit(struct buf *b, struct rng *r)
{
	size_t at = rng_below(r, b->len);

	b->p[at] ^= (uint8_t)(1u << rng_below(r, 8));
}

static bool is_withheld(struct peer *p, enum wire_type type, struct slice body)
{
	struct hostile *h = p->owner->hostile;
	struct canon_reader r;
	struct id16 log;

	if (hostile_plays(h, p, TRICK_MUTE) && h->mute_type == type)
		return true;
	if (type == WIRE_FORK && h->kind == HOSTILE_HUB && h->branch_count > 0)
		return true; /* it does not give itself away */
	if (type != WIRE_COMMITS || !hostile_plays(h, p, TRICK_WITHHOLD) || id_eq(&p->session.peer, &h->victim))
		return false;
	canon_read_init(&r, body);
	(void)canon_read_array(&r, 2);
	canon_read_exact(&r, log.bytes, 16);
	const struct open_log *l = rights_log(&p->owner->n->rights, &log);
	return l && l->scope != SCOPE_CONTROL && id_eq(&l->hub, &h->victim);
}

/* False: as it was. */
static bool changed(struct peer *p, enum wire_type type, struct slice body, struct buf *out)
{
	struct hostile *h = p->owner->hostile;
	bool heads = type == WIRE_FRONTIER || type == WIRE_ACK;

	if (type == WIRE_HELLO && (hostile_plays(h, p, TRICK_HELLO) || hostile_plays(h, p, TRICK_HELLO_VERSION)))
		return other_hello(p, body, out);
	if (type == WIRE_COMMITS && hostile_plays(h, p, TRICK_BRANCH) && branch_commits(p->owner, body, out))
		return true;
	if (heads && (hostile_plays(h, p, TRICK_BRANCH) || hostile_plays(h, p, TRICK_WITHHOLD) || hostile_plays(h, p, TRICK_NO_ACK)))
		return heads_said(p, body, out);
	if (!hostile_plays(h, p, TRICK_FLIP) || rng_below(h->rng, 4) > 0 || body.len == 0)
		return false;
	buf_add(out, body.p, body.len);
	flip_bit(out, h->rng);
	return true;
}

static void say_one(struct peer *p, struct wire *wire, enum wire_type type, struct slice body, struct buf *send)
{
	struct hostile *h = p->owner->hostile;
	bool compress = type == WIRE_COMMITS || type == WIRE_RETURN || type == WIRE_FORK;
	unsigned times = hostile_plays(h, p, TRICK_TWICE) && rng_below(h->rng, 2) ? 2 : 1;
	struct buf other;

	if (is_withheld(p, type, body))
		return;
	buf_init(&other, 2 * WIRE_MESSAGE_MAX);
	if (changed(p, type, body, &other) && buf_err(&other) == ES_OK && other.len <= WIRE_MESSAGE_MAX)
		body = buf_slice(&other);
	while (times-- > 0)
		(void)!wire_send(wire, type, body, compress, send);
	buf_done(&other);
}

/* The other version's preamble; old bytes of another session. */
static void say_shake(struct peer *p, struct buf *send)
{
	struct hostile *h = p->owner->hostile;
	bool preamble = send->len >= WIRE_PREAMBLE_LEN && memcmp(send->p, "ESSAIM", 6) == 0;

	if (preamble && hostile_plays(h, p, TRICK_PREAMBLE)) {
		static const uint8_t ranges[][2] = {{2, 2}, {0, 0}, {1, 3}, {2, 9}, {0, 1}};
		const uint8_t *range = ranges[rng_below(h->rng, 5)];

		send->p[VERSIONS_AT] = range[0];
		send->p[VERSIONS_AT + 1] = range[1];
		send->p[VERSIONS_AT + 3] = (uint8_t)rng_below(h->rng, 2); /* features */
	} else if (hostile_plays(h, p, TRICK_REPLAY) && h->old.len > 0) {
		buf_clear(send);
		buf_add(send, h->old.p, h->old.len);
	} else if (hostile_plays(h, p, TRICK_SHAKE)) {
		flip_bit(send, h->rng);
	}
}

/* For TRICK_REPLAY: all that it said in one session, from its first byte on. */
static void remember(struct peer *p, bool first, const struct buf *send)
{
	struct hostile *h = p->owner->hostile;

	if (first && !h->old_from && h->old.len == 0)
		h->old_from = p->no;
	if (h->old_from == p->no && h->old.len + send->len < 20000)
		buf_add(&h->old, send->p, send->len);
}

void hostile_before(const struct peer *p, struct spoken *b)
{
	b->wired = p->session.wired;
	b->out = p->session.wire.out;
}

void hostile_say(struct peer *p, const struct spoken *b, struct buf *send)
{
	struct hostile *h = p->owner->hostile;
	struct wire_half out = b->out;
	struct wire wire;
	struct buf body, other;
	enum wire_type type;

	if (!h->active || send->len == 0)
		return;
	remember(p, !b->wired && p->session.initiator, send);
	if (!p->session.wired) {
		say_shake(p, send);
		return;
	}
	size_t shaken = b->wired || !p->session.initiator ? 0 : MESSAGE_3;
	if (!b->wired)
		out = (struct wire_half){.cipher = first_key(&p->session.wire.out.cipher)};
	wire_init(&wire, &out.cipher, &out.cipher);
	wire.in = wire.out = out;
	buf_init(&body, WIRE_MESSAGE_MAX);
	buf_init(&other, 16 * WIRE_MESSAGE_MAX);
	buf_add(&other, send->p, shaken);
	struct slice rest = SLICE(send->p + shaken, send->len - shaken);
	while (rest.len > 0 && wire_receive(&wire, &rest, ~0u, &type, &body) == ES_OK && type != 0)
		say_one(p, &wire, type, buf_slice(&body), &other);
	assert(rest.len == 0 && buf_err(&other) == ES_OK);
	p->session.wire.out = wire.out;
	buf_done(send);
	*send = other;
	if (send->len > 0 && hostile_plays(h, p, TRICK_BITS) && rng_below(h->rng, 8) == 0)
		send->p[rng_below(h->rng, send->len)] ^= 1;
	wire_done(&wire);
	buf_done(&body);
}
