/* SPDX-License-Identifier: Apache-2.0
 *
 * proto/PROTOCOL.md against the code. Its examples (blocks "```hex NAME" and
 * "```text NAME") are made again from the same fixed inputs, session messages by
 * two sessions that talk in memory; its tables of numbers are read. A block that
 * differs, is missing or is checked by nobody fails, and the right one is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/places.h"
#include "proto/admit.h"
#include "proto/canon.h"
#include "proto/fold.h"
#include "proto/invite.h"
#include "proto/join.h"
#include "proto/session.h"
#include "tests/proto/protocol_doc.h"

#define UTC 1800000000000 /* 2027-01-15T08:00:00Z */
#define EXAMPLES_MAX 96
#define HANDSHAKE_SENT_I (WIRE_PREAMBLE_LEN + 2 + 48 + 2 + 64)
#define HANDSHAKE_SENT_R (WIRE_PREAMBLE_LEN + 2 + 48)

/* --- examples --- */

static struct example {
	const char *kind, *name;
	char *content;
} examples[EXAMPLES_MAX];
static size_t example_count;

static void example(const char *kind, const char *name, char *content)
{
	assert_true(example_count < EXAMPLES_MAX);
	examples[example_count++] = (struct example){kind, name, content};
}

static void hex(const char *name, const void *p, size_t len)
{
	char *text = malloc(2 * len + 1);

	hex_encode(p, len, text);
	example("hex", name, text);
}

static void hex_buf(const char *name, const struct buf *b)
{
	assert_int_equal(buf_err(b), ES_OK);
	hex(name, b->p, b->len);
}

static void fill(void *out, size_t n, unsigned from)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)(from + i);
}

/* --- what the examples are about --- */

struct party {
	struct sign_public sign;
	struct sign_secret sign_secret;
	struct dh_public dh;
	struct dh_secret dh_secret;
	struct id16 hub;
};
struct sealed {
	struct commit c;
	struct buf header, packed;
	struct packed p;
	struct payload payload[8];
	struct buf changes[8];
	uint32_t count;
};
static struct world {
	struct party cress, hub;
	struct genesis genesis;
	struct hash fed;
	struct open_log control, open;
	struct invite invite;
	struct invitation_entry invitation;
	struct member cress_member, hub_member;
	struct acceptance acceptance;
	struct rights before, rights; /* after control commits 1, and 2 */
	struct sealed first, second, data;
} w;

static void party_make(struct party *p, unsigned sign_seed, unsigned dh_seed)
{
	uint8_t seed[32];

	fill(seed, 32, sign_seed);
	crypto_sign_keys(seed, &p->sign, &p->sign_secret);
	fill(seed, 32, dh_seed);
	crypto_dh_keys(seed, &p->dh, &p->dh_secret);
}

static struct buf *add_change(struct sealed *s)
{
	struct buf *b = &s->changes[s->count++];

	buf_init(b, CHANGE_MAX);
	return b;
}

/* Salts are 16 bytes from `salt` on, then from salt + 1 on, ... */
static void seal(struct sealed *s, const struct party *by, unsigned salt)
{
	for (uint32_t i = 0; i < s->count; i++) {
		assert_int_equal(canon_check(buf_slice(&s->changes[i])), ES_OK);
		s->payload[i] = (struct payload){.present = true, .change = buf_slice(&s->changes[i])};
		fill(s->payload[i].salt.bytes, 16, salt + i);
		s->c.digests[i].digest = crypto_hash_salted(HASH_CHANGE, &s->payload[i].salt, s->payload[i].change);
		s->c.digests[i].length = (uint32_t)s->payload[i].change.len;
	}
	s->c.fed_id = w.fed;
	s->c.has_ctl = true;
	s->c.key_epoch = 1;
	s->c.count = s->count;
	buf_init(&s->header, COMMIT_HEADER_MAX);
	buf_init(&s->packed, COMMIT_PACKED_MAX);
	commit_encode(&s->c, &s->header);
	struct signature sig = commit_sign(buf_slice(&s->header), &by->sign_secret);
	commit_pack(buf_slice(&s->header), &sig, s->payload, s->count, &s->packed);
	assert_int_equal(commit_unpack(buf_slice(&s->packed), &s->p), ES_OK);
}

static void admit(const struct rights *r, struct head *h, const struct sealed *s, const struct hash *control_at)
{
	struct admit_input in = {.rights = r, .head = h, .control_at = control_at, .now = UTC};
	static struct commit c;

	assert_int_equal(commit_decode(s->p.header, &c), ES_OK);
	assert_int_equal(admit_commit(&in, &c, &s->p), ES_OK);
	h->seq = c.seq;
	h->id = c.id;
	h->hlc = c.hlc;
}

static const char charter[] = "Coopérer.";

static void make_founding(void)
{
	uint8_t recovery[32];

	party_make(&w.cress, 0x00, 0x20);
	party_make(&w.hub, 0x80, 0xa0);
	fill(recovery, 32, 0x40);
	w.genesis = (struct genesis){.name = slice_str("Bretagne"), .region = slice_str("53"), .cress = w.cress.sign,
				     .recovery = crypto_hash(HASH_GENESIS, SLICE(recovery, 32)),
				     .charter = crypto_hash(HASH_GENESIS, slice_str(charter))};
	fill(w.genesis.random, 32, 0x60);
	w.fed = rights_fed_id(w.genesis.name, &w.cress.sign, &w.genesis.recovery, w.genesis.random, &w.genesis.charter);
	w.cress.hub = crypto_hub_id(&w.fed, &w.cress.sign);
	w.hub.hub = crypto_hub_id(&w.fed, &w.hub.sign);
	w.control = (struct open_log){.hub = w.cress.hub, .scope = SCOPE_CONTROL, .generation = 1};
	fill(w.control.nonce.bytes, 16, 0xc0);
	w.control.id = crypto_log_id(&w.fed, &w.cress.hub, SCOPE_CONTROL, &w.control.nonce);
	w.cress_member = (struct member){.hub = w.cress.hub, .name = "Bretagne", .pays = "53", .role = ROLE_CRESS,
					 .sign = w.cress.sign, .dh = w.cress.dh, .epoch = 1, .address = "cress.example:4446"};
	struct sealed *s = &w.first;
	entry_genesis(&w.genesis, add_change(s));
	entry_charter(slice_str("collaboration"), slice_str("1"), slice_str(charter), add_change(s));
	entry_territory(slice_str("pays"), slice_str("auray"), slice_str("Auray"),
			slice_str("\x91\x93\xa5" "56007\xc0\xc0"), add_change(s));
	entry_member(&w.cress_member, &w.genesis.charter, NULL, add_change(s));
	entry_open(&w.control, add_change(s));
	s->c.log_id = w.control.id;
	s->c.seq = 1;
	s->c.prev_id = s->c.ctl_id = w.fed;
	s->c.hlc = stamp_at(UTC);
	seal(s, &w.cress, 0xd0);
	struct head head = {.scope = SCOPE_CONTROL};
	rights_init(&w.before, &w.fed);
	admit(&w.before, &head, s, NULL);
	assert_int_equal(rights_apply(&w.before, &s->c, &s->p), ES_OK);
}

/* The hub is let in: what its JOIN said, once the handshake is known. */
static void make_member(const uint8_t handshake[64])
{
	struct buf message;
	struct sealed *s = &w.second;

	w.hub_member = (struct member){.hub = w.hub.hub, .name = "Pôle d'Auray", .pays = "auray", .role = ROLE_HUB,
				       .sign = w.hub.sign, .dh = w.hub.dh, .epoch = 1, .invite = w.invitation.hash};
	buf_init(&message, 1024);
	acceptance_message(handshake, &w.fed, &w.hub_member, &w.genesis.charter, &message);
	memcpy(w.acceptance.handshake, handshake, 64);
	w.acceptance.sig = crypto_sign_as(SIGN_JOIN, &w.hub.sign_secret, buf_slice(&message));
	hex_buf("join.message", &message);
	hex("join.signature", w.acceptance.sig.bytes, 64);
	buf_done(&message);
	w.open = (struct open_log){.hub = w.hub.hub, .scope = SCOPE_PUBLIC, .generation = 1};
	fill(w.open.nonce.bytes, 16, 0xe0);
	w.open.id = crypto_log_id(&w.fed, &w.hub.hub, SCOPE_PUBLIC, &w.open.nonce);
	entry_invite(&w.invitation, add_change(s));
	entry_member(&w.hub_member, &w.genesis.charter, &w.acceptance, add_change(s));
	entry_open(&w.open, add_change(s));
	s->c.log_id = w.control.id;
	s->c.seq = 2;
	s->c.ctl_seq = 1;
	s->c.prev_id = s->c.ctl_id = w.first.c.id;
	s->c.hlc = stamp_at(UTC + 1000);
	seal(s, &w.cress, 0x30);
	struct head head = {.scope = SCOPE_CONTROL, .seq = 1, .id = w.first.c.id, .hlc = w.first.c.hlc};
	admit(&w.before, &head, s, NULL);
	rights_init(&w.rights, &w.fed);
	assert_int_equal(rights_apply(&w.rights, &w.first.c, &w.first.p), ES_OK);
	assert_int_equal(rights_apply(&w.rights, &s->c, &s->p), ES_OK);
}

static void make_data(void)
{
	struct sealed *s = &w.data;
	struct change c = {.op = OP_PUT, .kind = 1, .edited = stamp_at(UTC + 2000)};

	c.fields = slice_str("\x83\x0c\xac" "Ressourcerie" "\x14\xc3\x1a\x91\xb0" "dechets_reemploi");
	memcpy(c.record.bytes, w.hub.hub.bytes, 16);
	fill(c.record.bytes + 16, 16, 0x01);
	change_encode(&c, add_change(s));
	s->c.log_id = w.open.id;
	s->c.seq = 1;
	s->c.prev_id = s->c.ctl_id = w.second.c.id;
	s->c.ctl_seq = 2;
	s->c.hlc = stamp_at(UTC + 2500);
	seal(s, &w.hub, 0x50);
	struct head head = {.log = w.open.id, .hub = w.hub.hub, .scope = SCOPE_PUBLIC};
	admit(&w.rights, &head, s, &w.second.c.id);
}

/* --- two sessions --- */

struct end {
	struct session s;
	struct session_env env;
	struct frontier frontier;
	struct rng rng;
	int buffers;
	struct buf sent;
	size_t heard; /* of the other end's `sent` */
	enum es_err store_as;
	struct buf answer; /* to a JOIN */
	bool gives; /* something void */
};

static void end_make(struct end *e, const struct party *p, const struct rights *r, enum role role, unsigned ephemeral)
{
	uint8_t seed[32];

	memset(e, 0, sizeof(*e));
	fill(seed, 32, ephemeral);
	rng_seed(&e->rng, seed);
	e->buffers = SESSION_BUFFERS;
	e->env = (struct session_env){
		.rights = r, .frontier = &e->frontier, .self = p->hub, .role = role, .lineage = role == ROLE_HUB ? 7 : 3,
		.dh = &p->dh_secret, .rng = &e->rng, .buffers = &e->buffers, .software = "essaimd 0.1", .now = 1000,
		.utc = UTC + 3000,
	};
	fill(e->env.instance.bytes, 16, role == ROLE_HUB ? 0x10 : 0x90);
	buf_init(&e->sent, 1 << 20);
	buf_init(&e->answer, 4096);
}

static void end_done(struct end *e)
{
	session_done(&e->s, &e->env);
	frontier_done(&e->frontier);
	buf_done(&e->sent);
	buf_done(&e->answer);
}

static void commits_body(struct buf *b)
{
	buf_init(b, WIRE_MESSAGE_MAX);
	canon_array(b, 2);
	canon_bin(b, w.open.id.bytes, 16);
	canon_array(b, 1);
	buf_add(b, w.data.packed.p, w.data.packed.len);
}

static void step(struct end *e, struct session_event ev);

static void say_join(struct end *e, const struct buf *body)
{
	struct slice bytes = buf_slice(body);

	step(e, (struct session_event){.type = SESSION_EV_JOIN, .bytes = &bytes});
}

/* The hub's commit as if a cut had made it void: given by the hub, once; taken by home. */
static void say_void(struct end *e, enum session_event_type type)
{
	struct slice bytes;
	struct buf body;

	buf_init(&body, WIRE_MESSAGE_MAX);
	canon_array(&body, 1);
	if (type == SESSION_EV_RETURNS) {
		canon_array(&body, 1);
		buf_add(&body, w.data.packed.p, w.data.packed.len);
	} else {
		canon_bin(&body, w.data.c.id.bytes, 32);
	}
	bytes = type == SESSION_EV_RETURNED || e->gives ? buf_slice(&body) : SLICE_NONE;
	e->gives = false;
	step(e, (struct session_event){.type = type, .bytes = &bytes});
	buf_done(&body);
}

static void step(struct end *e, struct session_event ev)
{
	struct session_effects fx = {.send = &e->sent};

	session_step(&e->s, &e->env, &ev, &fx);
	if (fx.load) {
		struct buf body;

		commits_body(&body);
		struct slice bytes = buf_slice(&body);
		step(e, (struct session_event){.type = SESSION_EV_LOADED, .bytes = &bytes, .log = fx.load_log, .seq = 1});
		buf_done(&body);
	}
	if (fx.store) {
		struct head *h = &e->frontier.heads[fx.store_log];

		if (e->store_as == ES_OK) {
			h->seq = 1;
			h->id = w.data.c.id;
		}
		h->blocked = e->store_as;
		step(e, (struct session_event){.type = SESSION_EV_STORED, .log = fx.store_log, .seq = 1, .err = e->store_as});
	}
	if (fx.join && e->answer.len > 0)
		say_join(e, &e->answer);
	if (fx.greet)
		step(e, (struct session_event){.type = SESSION_EV_GREETED});
	if (fx.returns || fx.give_back)
		say_void(e, fx.returns ? SESSION_EV_RETURNS : SESSION_EV_RETURNED);
}

/* `to` hears what `from` has sent, up to `most` bytes of it in all. */
static bool hear(struct end *to, const struct end *from, size_t most)
{
	bool any = false;

	while (to->heard < from->sent.len && to->heard < most && to->s.state != SESSION_CLOSED) {
		size_t end = from->sent.len < most ? from->sent.len : most;
		struct slice in = SLICE(from->sent.p + to->heard, end - to->heard);

		step(to, (struct session_event){.type = SESSION_EV_BYTES, .bytes = &in});
		to->heard = end - in.len;
		any = true;
	}
	return any;
}

static void talk(struct end *a, struct end *b)
{
	do
		hear(b, a, SIZE_MAX);
	while (hear(a, b, SIZE_MAX));
}

/* The nth (from 1) message of that type that `e` has sent, decrypted. */
static void sent(const struct end *e, enum wire_type type, unsigned nth, struct buf *body)
{
	struct noise_cipher cipher = e->s.wire.out.cipher;
	size_t skip = e->s.initiator ? HANDSHAKE_SENT_I : HANDSHAKE_SENT_R;
	struct slice in = SLICE(e->sent.p + skip, e->sent.len - skip);
	enum wire_type got = WIRE_TYPES;
	struct wire tap;

	cipher.nonce = 0;
	wire_init(&tap, &cipher, &cipher);
	buf_init(body, WIRE_MESSAGE_MAX);
	while (nth > 0 && got != 0) {
		assert_int_equal(wire_receive(&tap, &in, ~0u, &got, body), ES_OK);
		nth -= got == type;
	}
	wire_done(&tap);
	if (got != type)
		fail_msg("message %d was not sent", (int)type);
}

static void hex_sent(const char *name, const struct end *e, enum wire_type type, unsigned nth)
{
	struct buf body;

	sent(e, type, nth, &body);
	hex_buf(name, &body);
	buf_done(&body);
}

static void two_ends(struct end *hub, struct end *cress, const struct rights *r)
{
	end_make(hub, &w.hub, r, ROLE_HUB, 0xb0);
	end_make(cress, &w.cress, r, ROLE_CRESS, 0xf0);
	session_init(&cress->s, false, NULL);
	session_init(&hub->s, true, &w.cress.dh);
	for (int i = 0; i < 2; i++) {
		struct end *e = i ? cress : hub;
		struct head *h = frontier_add(&e->frontier, &w.control.id, &w.cress.hub, SCOPE_CONTROL, 1);

		h->seq = 2;
		h->id = w.second.c.id;
		h = frontier_add(&e->frontier, &w.open.id, &w.hub.hub, SCOPE_PUBLIC, 1);
		if (i == 0) {
			h->seq = 1;
			h->id = w.data.c.id;
		}
	}
}

static void start(struct end *a, struct end *b)
{
	step(b, (struct session_event){.type = SESSION_EV_START});
	step(a, (struct session_event){.type = SESSION_EV_START});
}

/* --- the examples, part by part --- */

static void examples_of_canon(void)
{
	struct buf b;

	buf_init(&b, 256);
	canon_map(&b, 5);
	canon_u64(&b, 1);
	canon_int(&b, -33);
	canon_u64(&b, 10);
	canon_u64(&b, 4294967296);
	canon_str(&b, slice_str("a"));
	canon_bin(&b, "\1\2", 2);
	canon_u64(&b, 300);
	canon_array(&b, 2);
	canon_bool(&b, true);
	canon_nil(&b);
	canon_int(&b, -1);
	canon_str(&b, slice_str("é"));
	assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
	hex_buf("canonical.map", &b);
	buf_done(&b);
}

static void examples_of_founding(void)
{
	char finger[FINGERPRINT_LEN + 1], id[BASE32_LEN(16) + 1];

	hex("cress.sign", w.cress.sign.bytes, 32);
	hex("cress.dh", w.cress.dh.bytes, 32);
	hex("hub.sign", w.hub.sign.bytes, 32);
	hex("hub.dh", w.hub.dh.bytes, 32);
	hex("recovery.hash", w.genesis.recovery.bytes, 32);
	hex("charter.digest", w.genesis.charter.bytes, 32);
	hex("federation.id", w.fed.bytes, 32);
	hex("cress.id", w.cress.hub.bytes, 16);
	hex("hub.id", w.hub.hub.bytes, 16);
	base32_encode(w.hub.hub.bytes, 16, id);
	example("text", "hub.id.shown", strdup(id));
	hex("control.log", w.control.id.bytes, 16);
	crypto_fingerprint(&w.cress.sign, &w.cress.dh, finger);
	example("text", "cress.fingerprint", strdup(finger));
	hex_buf("control.genesis", &w.first.changes[0]);
	hex_buf("control.charter", &w.first.changes[1]);
	hex_buf("control.territory", &w.first.changes[2]);
	hex_buf("control.member.cress", &w.first.changes[3]);
	hex_buf("control.open", &w.first.changes[4]);
	hex_buf("control.header", &w.first.header);
	hex("control.id", w.first.c.id.bytes, 32);
	hex("control.signature", w.first.p.sig.bytes, 64);
}

static void examples_of_invitation(void)
{
	char shown[INVITE_TEXT_MAX];
	struct invite back;

	w.invite = (struct invite){.fed_id = w.fed, .home = w.cress.dh, .expires = UTC + 604800000, .port = 4446,
				   .host = "cress.example"};
	fill(w.invite.secret.bytes, 16, 0x70);
	invite_encode(&w.invite, shown);
	example("text", "invitation", strdup(shown));
	assert_int_equal(invite_decode(slice_str(shown), &back), ES_OK);
	assert_string_equal(back.host, w.invite.host);
	w.invitation = (struct invitation_entry){.hash = invite_hash(&w.invite.secret), .pays = "auray",
						 .name = "Pôle d'Auray", .expires = w.invite.expires};
	hex("invitation.hash", w.invitation.hash.bytes, 32);
}

static void examples_of_handshake(const struct end *hub, const struct end *cress)
{
	const uint8_t *i = hub->sent.p, *r = cress->sent.p;

	for (int k = 0; k < 2; k++) {
		uint8_t seed[32], e[32];
		struct rng rng;

		fill(seed, 32, k ? 0xf0 : 0xb0);
		rng_seed(&rng, seed);
		rng_fill(&rng, e, 32);
		hex(k ? "noise.ephemeral.responder" : "noise.ephemeral.initiator", e, 32);
	}
	hex("preamble", i, WIRE_PREAMBLE_LEN);
	assert_memory_equal(i, r, WIRE_PREAMBLE_LEN);
	hex("noise.message.1", i + WIRE_PREAMBLE_LEN, 50);
	hex("noise.message.2", r + WIRE_PREAMBLE_LEN, 50);
	hex("noise.message.3", i + WIRE_PREAMBLE_LEN + 50, 66);
	assert_memory_equal(hub->s.handshake, cress->s.handshake, 64);
	hex("noise.hash", hub->s.handshake, 64);
}

/* Instead: for a member whose keys were lost, by keys that follow them. */
static void examples_of_replacing(struct join_answer offer)
{
	struct rotation r = {.hub = w.hub.hub, .epoch = 2};
	struct party new;
	struct buf b;

	party_make(&new, 0x90, 0xb8);
	r.sign = new.sign;
	r.dh = new.dh;
	offer.replaces = true;
	offer.hub = r.hub;
	offer.epoch = r.epoch;
	buf_init(&b, 4096);
	join_answer_encode(&offer, &b);
	hex_buf("body.joined.offer.replacing", &b);
	buf_clear(&b);
	rotation_message(&w.fed, &r, &b);
	hex_buf("join.rotation.message", &b);
	r.new = crypto_sign_as(SIGN_ROTATE, &new.sign_secret, buf_slice(&b));
	hex("join.rotation.signature", r.new.bytes, 64);
	buf_done(&b);
}

/* A stranger asks, is answered, and agrees; the CRESS refuses another. */
static void examples_of_join(void)
{
	struct end hub, cress;
	struct join_ask ask = {.fed_id = w.fed, .secret = w.invite.secret};
	struct join_answer offer = {.federation = "Bretagne", .cress = "Bretagne", .pays = "auray", .name = "Pôle d'Auray",
				    .region = "53", .charter = slice_str(charter), .cress_sign = w.cress.sign};
	struct join_answer waiting = {.accepted = true, .state = JOIN_WAITING};
	struct buf body;

	end_make(&hub, &w.hub, &w.before, ROLE_HUB, 0xb0);
	end_make(&cress, &w.cress, &w.before, ROLE_CRESS, 0xf0);
	session_init(&cress.s, false, NULL);
	session_init_join(&hub.s, &w.cress.dh);
	start(&hub, &cress);
	talk(&hub, &cress);
	examples_of_handshake(&hub, &cress);
	make_member(hub.s.handshake);

	buf_init(&body, 4096);
	join_answer_encode(&offer, &cress.answer);
	join_ask_encode(&ask, &body);
	say_join(&hub, &body);
	hex("frame.join", hub.sent.p + HANDSHAKE_SENT_I, hub.sent.len - HANDSHAKE_SENT_I);
	talk(&hub, &cress);

	struct join_ask accept = {.accept = true, .fed_id = w.fed, .secret = w.invite.secret, .name = "Pôle d'Auray",
				  .sign = w.hub.sign, .charter = w.genesis.charter, .sig = w.acceptance.sig};
	buf_clear(&body);
	join_ask_encode(&accept, &body);
	buf_clear(&cress.answer);
	join_answer_encode(&waiting, &cress.answer);
	say_join(&hub, &body);
	talk(&hub, &cress);
	step(&cress, (struct session_event){.type = SESSION_EV_CLOSE, .err = ES_INVITE_USED});

	hex_sent("body.join.ask", &hub, WIRE_JOIN, 1);
	hex_sent("body.join.accept", &hub, WIRE_JOIN, 2);
	hex_sent("body.joined.offer", &cress, WIRE_JOINED, 1);
	hex_sent("body.joined.state", &cress, WIRE_JOINED, 2);
	hex_sent("body.bye", &cress, WIRE_BYE, 1);
	examples_of_replacing(offer);
	buf_done(&body);
	end_done(&hub);
	end_done(&cress);
}

static void examples_of_data(void)
{
	struct fold_change fc = {.scope = SCOPE_PUBLIC};
	struct record_id record;
	struct change ch;
	struct buf state, buckets;
	struct hash hash;
	char ulid[ULID_LEN + 1];

	hex("hub.log", w.open.id.bytes, 16);
	hex_buf("control.invite", &w.second.changes[0]);
	hex_buf("control.member.hub", &w.second.changes[1]);
	hex("control.id.2", w.second.c.id.bytes, 32);
	hex_buf("change.put", &w.data.changes[0]);
	hex("change.digest", w.data.c.digests[0].digest.bytes, 32);
	hex_buf("commit.header", &w.data.header);
	hex("commit.id", w.data.c.id.bytes, 32);
	hex("commit.signature", w.data.p.sig.bytes, 64);
	hex_buf("commit.packed", &w.data.packed);

	assert_int_equal(change_decode(buf_slice(&w.data.changes[0]), &ch), ES_OK);
	record = ch.record;
	ulid_encode(record.bytes + 16, ulid);
	example("text", "record.uid.shown", strdup(ulid));
	fc.edited = ch.edited;
	fc.commit = w.data.c.id;
	fc.fields = ch.fields;
	buf_init(&state, 4096);
	assert_int_equal(fold_apply(SLICE_NONE, &fc, &state), ES_OK);
	hex_buf("fold.state", &state);
	assert_true(fold_hash(buf_slice(&state), &record, 1, SCOPE_PUBLIC, &hash));
	hex("digest.record", hash.bytes, 32);

	/* The rest as daemon/directory/directory_digest.c has it. */
	struct hash key = crypto_hash(HASH_BUCKET, SLICE(record.bytes, 32));
	unsigned bucket = (unsigned)be_read(key.bytes, 2) >> 4;
	uint8_t be[2];
	be_write(be, bucket, 2);
	hex("digest.bucket", be, 2);
	buf_clear(&state);
	buf_add(&state, record.bytes, 32);
	buf_add_be(&state, 1, 2);
	buf_add(&state, hash.bytes, 32);
	hash = crypto_hash(HASH_BUCKET, buf_slice(&state));
	hex("digest.bucket.hash", hash.bytes, 32);
	buf_init(&buckets, 4096 * 32);
	memset(buf_reserve(&buckets, 4096 * 32), 0, 4096 * 32);
	buckets.len = 4096 * 32;
	memcpy(buckets.p + bucket * 32u, hash.bytes, 32);
	hash = crypto_hash(HASH_BUCKET, buf_slice(&buckets));
	hex("digest.root", hash.bytes, 32);
	buf_done(&buckets);
	buf_done(&state);
}

static size_t frame_end(const struct end *e, size_t at)
{
	return at + 2 + (size_t)be_read(e->sent.p + at, 2);
}

/* A member greets home and gives it a commit; in another session, a bad one. */
static void examples_of_session(void)
{
	struct end hub, cress;

	two_ends(&hub, &cress, &w.rights);
	hub.gives = true;
	start(&hub, &cress);
	talk(&hub, &cress);
	assert_true(hub.s.confirmed);
	hex("frame.hello", hub.sent.p + HANDSHAKE_SENT_I, frame_end(&hub, HANDSHAKE_SENT_I) - HANDSHAKE_SENT_I);
	hex_sent("body.hello", &hub, WIRE_HELLO, 1);
	hex_sent("body.hello.home", &cress, WIRE_HELLO, 1);
	hex_sent("body.frontier", &hub, WIRE_FRONTIER, 1);
	hex_sent("body.frontier.home", &cress, WIRE_FRONTIER, 1);
	hex_sent("body.want", &cress, WIRE_WANT, 1);
	hex_sent("body.credit", &cress, WIRE_CREDIT, 1);
	hex_sent("body.ack", &cress, WIRE_ACK, 1);
	hex_sent("body.commits", &hub, WIRE_COMMITS, 1);
	hex_sent("body.return", &hub, WIRE_RETURN, 1);
	hex_sent("body.returned", &cress, WIRE_RETURNED, 1);
	hub.env.now += SESSION_PING_MS;
	step(&hub, (struct session_event){.type = SESSION_EV_TIME});
	hex_sent("body.frontier.quiet", &hub, WIRE_FRONTIER, 2);
	end_done(&hub);
	end_done(&cress);

	two_ends(&hub, &cress, &w.rights);
	cress.store_as = ES_BAD_SIG;
	start(&hub, &cress);
	talk(&hub, &cress);
	assert_int_equal(cress.s.state, SESSION_STREAM);
	hex_sent("body.nack", &cress, WIRE_NACK, 1);
	end_done(&hub);
	end_done(&cress);
}

static void make_examples(void)
{
	examples_of_canon();
	make_founding();
	examples_of_founding();
	examples_of_invitation();
	examples_of_join();
	make_data();
	examples_of_data();
	examples_of_session();
}

static int read_document(void **state)
{
	FILE *f = fopen(ESSAIM_SOURCE_DIR "/proto/PROTOCOL.md", "rb");
	size_t size = 1 << 20, n;

	(void)state;
	if (f == NULL || crypto_start() != ES_OK)
		return -1;
	document = malloc(size);
	n = fread(document, 1, size - 1, f);
	document[n] = '\0';
	fclose(f);
	make_examples();
	return n == size - 1 ? -1 : 0;
}

static int forget_document(void **state)
{
	struct sealed *all[] = {&w.first, &w.second, &w.data};

	(void)state;
	for (size_t i = 0; i < example_count; i++)
		free(examples[i].content);
	for (size_t k = 0; k < 3; k++) {
		for (uint32_t i = 0; i < all[k]->count; i++)
			buf_done(&all[k]->changes[i]);
		buf_done(&all[k]->header);
		buf_done(&all[k]->packed);
	}
	rights_done(&w.before);
	rights_done(&w.rights);
	free(document);
	return 0;
}

static void examples_are_what_the_code_makes(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < example_count; i++) {
		const struct example *x = &examples[i];
		char *written = block_named(x->kind, x->name);

		if (written == NULL || strcmp(written, x->content) != 0) {
			printf("%s; this is right:\n```%s %s\n", written ? "differs" : "missing", x->kind, x->name);
			for (size_t at = 0, len = strlen(x->content); at < len; at += 96)
				printf("%.96s\n", x->content + at);
			printf("```\n");
			wrong++;
		}
		free(written);
	}
	assert_int_equal(wrong, 0);
}

static void every_block_is_checked_once(void **state)
{
	char kind[8], name[64];
	bool seen[EXAMPLES_MAX] = {false}, inside = false;
	unsigned wrong = 0;

	(void)state;
	for (const char *line = document; line != NULL; line = next_line(line)) {
		if (strncmp(line, "```", 3) != 0)
			continue;
		inside = !inside;
		if (!inside || strncmp(line, "```\n", 4) == 0)
			continue; /* an end, or a drawing */
		size_t i = example_count;
		if (sscanf(line, BLOCK_HEAD, kind, name) == 2)
			for (i = 0; i < example_count; i++)
				if (strcmp(examples[i].kind, kind) == 0 && strcmp(examples[i].name, name) == 0)
					break;
		if (i == example_count || seen[i]) {
			printf("nobody checks %.*s\n", (int)strcspn(line, "\n"), line);
			wrong++;
		} else {
			seen[i] = true;
		}
	}
	assert_false(inside);
	assert_int_equal(wrong, 0);
}

/* --- tables --- */

static const struct {
	const char *name;
	enum wire_type type;
} types[] = {
	{"HELLO", WIRE_HELLO}, {"FRONTIER", WIRE_FRONTIER}, {"CREDIT", WIRE_CREDIT}, {"WANT", WIRE_WANT},
	{"COMMITS", WIRE_COMMITS}, {"ACK", WIRE_ACK}, {"NACK", WIRE_NACK}, {"FORK", WIRE_FORK}, {"JOIN", WIRE_JOIN},
	{"JOINED", WIRE_JOINED}, {"PING", WIRE_PING}, {"PONG", WIRE_PONG}, {"DIGEST", WIRE_DIGEST}, {"BYE", WIRE_BYE},
	{"RETURN", WIRE_RETURN}, {"RETURNED", WIRE_RETURNED},
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static void codes_are_the_code_s(void **state)
{
	static struct row rows[64];
	size_t count = table("Codes", rows, 64), sent_codes = 0;
	static const char *const then[] = {"TELL", "RETRY", "CLOSE", "BLOCK", "STOP"};

	(void)state;
	for (int e = 0; e < ES_ERR_COUNT; e++) {
		unsigned wire = es_err_wire((enum es_err)e);

		if (wire == 0)
			continue;
		sent_codes++;
		expect_row(rows, count, wire, es_err_name((enum es_err)e));
		for (size_t i = 0; i < count; i++)
			if (strcmp(rows[i].cell[1], es_err_name((enum es_err)e)) == 0)
				assert_string_equal(rows[i].cell[2], then[es_err_then((enum es_err)e)]);
	}
	assert_int_equal(count, sent_codes);
}

static void types_are_the_code_s(void **state)
{
	static struct row rows[32];
	size_t count = table("Message types", rows, 32);

	(void)state;
	assert_int_equal(TYPES, WIRE_TYPES - 1);
	assert_int_equal(count, TYPES);
	for (size_t i = 0; i < TYPES; i++)
		expect_row(rows, count, (unsigned)types[i].type, types[i].name);
}

/* Home, brought to that state by an honest hub, hears one message of that type. */
static enum es_err heard_in(enum session_state at, enum wire_type type, bool *answered)
{
	struct end hub, cress;
	struct wire forged;
	struct buf bytes, body;
	size_t most = HANDSHAKE_SENT_I;

	two_ends(&hub, &cress, &w.rights);
	start(&hub, &cress);
	hear(&cress, &hub, SIZE_MAX);
	hear(&hub, &cress, SIZE_MAX);
	if (at >= SESSION_CONTROL)
		most = frame_end(&hub, most);
	hear(&cress, &hub, most);
	if (at == SESSION_STREAM) {
		hear(&hub, &cress, SIZE_MAX);
		hear(&cress, &hub, frame_end(&hub, most));
	}
	assert_int_equal(cress.s.state, at);
	struct noise_cipher cipher = hub.s.wire.out.cipher;
	cipher.nonce = cress.s.wire.in.cipher.nonce;
	wire_init(&forged, &cipher, &cipher);
	buf_init(&bytes, 256);
	buf_init(&body, 4);
	canon_array(&body, 0);
	assert_int_equal(wire_send(&forged, type, buf_slice(&body), false, &bytes), ES_OK);
	struct slice in = buf_slice(&bytes);
	size_t before = cress.sent.len;
	step(&cress, (struct session_event){.type = SESSION_EV_BYTES, .bytes = &in});
	enum es_err why = cress.s.why;

	*answered = cress.sent.len > before;
	wire_done(&forged);
	buf_done(&bytes);
	buf_done(&body);
	end_done(&hub);
	end_done(&cress);
	return why;
}

static void states_allow_the_types_that_are_written(void **state)
{
	static struct row rows[32];
	size_t count = table("Message types", rows, 32);
	static const char *const names[] = {[SESSION_GREETING] = "GREETING", [SESSION_CONTROL] = "CONTROL",
					    [SESSION_STREAM] = "STREAM"};
	bool answered;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		enum wire_type type = (enum wire_type)atoi(rows[i].cell[0]);

		for (enum session_state s = SESSION_GREETING; s <= SESSION_STREAM; s++) {
			bool written = strstr(rows[i].cell[2], names[s]) != NULL;

			if (type == WIRE_JOINED)
				written = false; /* home never asks to join */
			if (written != (heard_in(s, type, &answered) != ES_STATE))
				fail_msg("%s in %s: the table says %s", rows[i].cell[1], names[s], written ? "yes" : "no");
		}
	}
	assert_int_equal(heard_in(SESSION_STREAM, WIRE_PING, &answered), ES_OK);
	assert_true(answered);
	assert_int_equal(heard_in(SESSION_STREAM, WIRE_FORK, &answered), ES_OK);
	assert_false(answered);
}

static void kinds_and_scopes_are_the_schema_s(void **state)
{
	static struct row rows[64];
	size_t count = table("Kinds", rows, 64);

	(void)state;
	assert_int_equal(count, schema_kind_count);
	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		expect_row(rows, count, k->no, k->name);
		assert_string_equal(rows[i].cell[2], scope_name(k->portee_default));
		assert_string_equal(rows[i].cell[3], scope_name(k->cap));
	}
	count = table("Scopes", rows, 64);
	assert_int_equal(count, SCOPE_COUNT);
	for (int s = 0; s < SCOPE_COUNT; s++)
		expect_row(rows, count, (unsigned)s, scope_name((enum scope)s));
}

static void operations_are_the_code_s(void **state)
{
	static const char *const data[] = {"put", "propose", "answer", "receipt", "request"};
	static const char *const control[] = {"genesis", "member", "open", "suspend", "resume", "revoke", "rotate", "steward",
					      "forget", "territory", "charter", "checkpoint", "resolve", "void", "quota",
					      "invite", "recover"};
	static struct row rows[64];
	size_t count = table("Operations", rows, 64);

	(void)state;
	assert_int_equal(count, 5 + 17);
	assert_int_equal(OP_RECOVER, OP_GENESIS + 16);
	for (unsigned i = 0; i < 5; i++)
		expect_row(rows, count, OP_PUT + i, data[i]);
	for (unsigned i = 0; i < 17; i++)
		expect_row(rows, count, OP_GENESIS + i, control[i]);
}

static void limits_are_the_code_s(void **state)
{
#define LIMIT(name) {#name, (unsigned long long)(name)}
	static const struct {
		const char *name;
		unsigned long long value;
	} limits[] = {
		LIMIT(CANON_DEPTH), LIMIT(CHANGE_MAX), LIMIT(CHANGE_FIELDS_MAX), LIMIT(COMMIT_CHANGES_MAX),
		LIMIT(COMMIT_BYTES_MAX), LIMIT(COMMIT_HEADER_MAX), LIMIT(COMMIT_PACKED_MAX), LIMIT(STAMP_SKEW_MAX_MS),
		LIMIT(RIGHTS_NAME_MAX), LIMIT(RIGHTS_PAYS_MAX), LIMIT(RIGHTS_ADDRESS_MAX), LIMIT(RIGHTS_MEMBERS_MAX),
		LIMIT(RIGHTS_LOGS_MAX), LIMIT(CHARTER_MAX), LIMIT(INVITE_HOST_MAX), LIMIT(WIRE_PREAMBLE_LEN),
		LIMIT(WIRE_VERSION), LIMIT(WIRE_BODY_MAX), LIMIT(WIRE_MESSAGE_MAX), LIMIT(WIRE_SMALL_MAX),
		LIMIT(WIRE_REKEY_FRAMES), LIMIT(WIRE_REKEY_BYTES), LIMIT(SESSION_HANDSHAKE_MS), LIMIT(SESSION_FRAME_MS),
		LIMIT(SESSION_PING_MS), LIMIT(SESSION_DEAD_MS), LIMIT(SESSION_RETRY_MS), LIMIT(SESSION_STALL_MS),
		LIMIT(SESSION_FORKED_MS), LIMIT(SESSION_RETURNS_MS), LIMIT(SESSION_CREDIT_BUSY), LIMIT(SESSION_BUFFERS),
		LIMIT(SESSION_BUFFERS_SPARE),
	};
	static struct row rows[64];
	size_t count = table("Limits", rows, 64);

	(void)state;
	assert_int_equal(count, sizeof(limits) / sizeof(limits[0]));
	for (size_t i = 0; i < count; i++)
		expect_row(rows, count, limits[i].value, limits[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_are_what_the_code_makes),
		cmocka_unit_test(every_block_is_checked_once),
		cmocka_unit_test(codes_are_the_code_s),
		cmocka_unit_test(types_are_the_code_s),
		cmocka_unit_test(states_allow_the_types_that_are_written),
		cmocka_unit_test(kinds_and_scopes_are_the_schema_s),
		cmocka_unit_test(operations_are_the_code_s),
		cmocka_unit_test(limits_are_the_code_s),
	};

	return cmocka_run_group_tests(tests, read_document, forget_document);
}
