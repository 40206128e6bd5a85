/* SPDX-License-Identifier: Apache-2.0
 *
 * What no core would say: messages of any bytes, and commits that are right but
 * for one thing. */
#include "tests/sim/hostile.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/canon.h"
#include "proto/fork.h"
#include "tests/sim/check.h"
#include "tests/sim/human.h"
#include "tests/sim/trace.h"

#define LATER_MS 6000 /* for the peer to ask for what it was told of */

static struct hostile *of(const struct peer *p)
{
	return p->owner->hostile;
}

static struct rng *dice(const struct peer *p)
{
	return of(p)->rng;
}

/* --- a commit --- */

enum twist {
	TWIST_NONE, TWIST_KEY, TWIST_SIGNATURE, TWIST_RECORD, TWIST_CONTROL_OP, TWIST_EDITED, TWIST_HLC_BACK, TWIST_HLC_AHEAD,
	TWIST_CTL_AHEAD, TWIST_CTL_OTHER, TWIST_CTL_NONE, TWIST_EPOCH, TWIST_DIGEST, TWIST_LENGTH, TWIST_MISSING, TWIST_GAP,
	TWIST_PREV, TWIST_FED, TWIST_CHANGE, TWIST_MANY, TWIST_SALT, TWIST_FORK, TWIST_OLD_FORK, TWIST_RECEIPT, TWIST_ANSWER,
	TWIST_OFFER, TWIST_FORGET, TWIST_OLD_KEY /* of a focus only */, TWISTS
};
#define TWISTS_DRAWN TWIST_OLD_KEY
static const char *const twist_names[TWISTS] = {
	"right", "key", "signature", "record", "control.op", "edited", "hlc.back", "hlc.ahead", "ctl.ahead", "ctl.other",
	"ctl.none", "epoch", "digest", "length", "missing", "gap", "prev", "fed", "change", "many", "salt", "fork", "old.fork",
	"receipt", "answer", "offer", "forget", "old.key",
};

struct craft {
	struct sim_node *s;
	struct rng *r;
	enum twist twist;
	const struct head *head;
	struct commit c;
	struct payload payload[COMMIT_CHANGES_MAX];
	struct buf changes[COMMIT_CHANGES_MAX];
	uint32_t count;
};

static struct record_id a_record(struct craft *k, bool ours)
{
	const struct people *people = k->s->w->people;
	struct record_id id;

	memcpy(id.bytes, k->s->hub.bytes, 16);
	rng_fill(k->r, id.bytes + 16, 16);
	if (!ours && people->record_count > 0)
		id = people->records[rng_below(k->r, people->record_count)].id;
	return id;
}

static void any_position(struct craft *k, struct buf *b)
{
	const struct frontier *f = &k->s->n->frontier;
	const struct head *h = &f->heads[rng_below(k->r, f->count)];

	canon_u64(b, 1);
	canon_bin(b, h->log.bytes, 16);
	canon_u64(b, 2);
	canon_u64(b, draw(k->r, 1, h->seq + 1));
	canon_u64(b, 3);
	canon_u64(b, draw(k->r, 0, 3));
}

static void write_fields(struct craft *k, struct change *ch, struct buf *b)
{
	switch (k->twist) {
	case TWIST_RECEIPT:
		ch->op = OP_RECEIPT;
		canon_map(b, 2);
		canon_u64(b, 1);
		canon_u64(b, draw(k->r, 1, k->s->n->rights.seq));
		canon_u64(b, 2);
		canon_u64(b, draw(k->r, 0, 3));
		break;
	case TWIST_ANSWER: /* to what was never asked of us */
		ch->op = OP_ANSWER;
		canon_map(b, 4);
		any_position(k, b);
		canon_u64(b, 4);
		canon_bool(b, rng_below(k->r, 2));
		break;
	case TWIST_OFFER: /* of what is not ours */
		ch->op = OP_REQUEST;
		canon_map(b, 2);
		canon_u64(b, 1);
		canon_u64(b, OP_STEWARD);
		canon_u64(b, 2);
		canon_bin(b, k->s->hub.bytes, 16);
		break;
	case TWIST_FORGET: {
		struct forget_order f = {.record = ch->record, .kind = ch->kind, .upto = ch->edited, .signer = k->s->hub,
					 .epoch = k->s->n->epoch, .is_signed = true};
		struct buf message;

		buf_init(&message, 512);
		forget_message(&k->s->n->rights.fed_id, &f, &message);
		f.sig = crypto_sign_as(SIGN_FORGET, &k->s->keys.sign_secret, buf_slice(&message));
		buf_done(&message);
		ch->op = OP_REQUEST;
		canon_map(b, 4);
		canon_u64(b, 1);
		canon_u64(b, OP_FORGET);
		canon_u64(b, 2);
		canon_u64(b, f.upto);
		canon_u64(b, 3);
		canon_u64(b, f.epoch);
		canon_u64(b, 4);
		canon_bin(b, f.sig.bytes, 64);
		break;
	}
	case TWIST_MANY: {
		char text[900];

		memset(text, 'q', sizeof text - 1);
		text[sizeof text - 1] = 0;
		canon_map(b, 1);
		canon_u64(b, 12);
		canon_str(b, slice_str(text));
		break;
	}
	default:
		canon_map(b, 1);
		canon_u64(b, 12);
		canon_str(b, slice_str("Sans foi ni loi"));
		break;
	}
}

static bool is_about_others(enum twist t)
{
	return t == TWIST_RECORD || t == TWIST_ANSWER || t == TWIST_OFFER || t == TWIST_FORGET || t == TWIST_RECEIPT;
}

static void add_change(struct craft *k)
{
	struct buf fields, *b = &k->changes[k->count];
	struct payload *y = &k->payload[k->count];
	struct ledger *l = &k->s->w->judge->ledger;
	struct change ch = {.op = OP_PUT, .record = a_record(k, !is_about_others(k->twist)), .kind = 1};

	ch.edited = k->twist == TWIST_HLC_BACK ? k->head->hlc : k->c.hlc + (k->twist == TWIST_EDITED ? 1000 : 0);
	buf_init(&fields, 2048);
	write_fields(k, &ch, &fields);
	ch.fields = buf_slice(&fields);
	buf_init(b, CHANGE_MAX);
	if (k->head->scope == SCOPE_CONTROL && k->twist != TWIST_CHANGE)
		entry_quota(&k->s->n->rights.members[rng_below(k->r, k->s->n->rights.member_count)].hub, 0, b);
	else if (k->twist == TWIST_CONTROL_OP)
		entry_hub(OP_SUSPEND, &k->s->n->rights.members[rng_below(k->r, k->s->n->rights.member_count)].hub, b);
	else if (k->twist == TWIST_CHANGE)
		canon_str(b, slice_str("ni queue ni tete"));
	else
		change_encode(&ch, b);
	buf_done(&fields);
	y->present = k->twist != TWIST_MISSING;
	rng_fill(k->r, y->salt.bytes, 16);
	if (k->twist == TWIST_SALT && l->unit_count > 0) /* another's edit, as it were */
		y->salt = l->units[rng_below(k->r, l->unit_count)].salt;
	y->change = buf_slice(b);
	k->c.digests[k->count].digest = crypto_hash_salted(HASH_CHANGE, &y->salt, y->change);
	k->c.digests[k->count].length = (uint32_t)b->len;
	k->count++;
}

/* Where it stands: behind the head, or beside it. */
static bool stand(struct craft *k)
{
	struct node *n = k->s->n;
	const struct head *h = k->head;
	const struct open_log *log = rights_log(&n->rights, &h->log);
	bool fork = k->twist == TWIST_FORK || k->twist == TWIST_OLD_FORK;

	k->c.fed_id = n->rights.fed_id;
	k->c.log_id = h->log;
	k->c.seq = h->seq + 1;
	k->c.prev_id = h->id;
	if (fork && h->seq == 0)
		return false;
	if (fork)
		k->c.seq = k->twist == TWIST_FORK ? h->seq : draw(k->r, 1, h->seq);
	if (k->c.seq == 1 && (!log || h->scope == SCOPE_CONTROL))
		return false;
	if (k->c.seq == 1)
		k->c.prev_id = log->opened_by;
	else if (fork && !journal_commit_id(n->journal, (uint32_t)(h - n->frontier.heads), k->c.seq - 1, &k->c.prev_id))
		return false;
	k->c.hlc = stamp_at(machine_utc(k->s));
	if (k->c.hlc <= h->hlc)
		k->c.hlc = h->hlc + 1;
	k->c.has_ctl = true;
	k->c.ctl_seq = h->scope == SCOPE_CONTROL ? k->c.seq - 1 : n->rights.seq;
	k->c.ctl_id = h->scope == SCOPE_CONTROL ? k->c.prev_id : n->rights.id;
	k->c.key_epoch = n->epoch;
	return true;
}

/* What is wrong with the header. */
static void twist_header(struct craft *k)
{
	struct commit *c = &k->c;

	switch (k->twist) {
	case TWIST_HLC_BACK:
		c->hlc = k->head->hlc;
		break;
	case TWIST_HLC_AHEAD:
		c->hlc += (es_stamp)draw(k->r, 400, 90000) * 1000 << 16;
		break;
	case TWIST_CTL_AHEAD:
		c->ctl_seq += 1000;
		break;
	case TWIST_CTL_OTHER:
		rng_fill(k->r, c->ctl_id.bytes, 32);
		break;
	case TWIST_CTL_NONE:
		c->has_ctl = false;
		break;
	case TWIST_EPOCH:
		c->key_epoch++;
		break;
	case TWIST_OLD_KEY:
		c->key_epoch--;
		break;
	case TWIST_DIGEST:
		c->digests[0].digest.bytes[7] ^= 1;
		break;
	case TWIST_LENGTH:
		c->digests[0].length++;
		break;
	case TWIST_GAP:
		c->seq++;
		break;
	case TWIST_PREV:
		rng_fill(k->r, c->prev_id.bytes, 32);
		break;
	case TWIST_FED:
		rng_fill(k->r, c->fed_id.bytes, 32);
		break;
	default:
		break;
	}
}

/* False: that cannot be said of this log. */
static bool craft(struct sim_node *s, struct rng *r, const struct head *head, enum twist twist, struct buf *packed,
		  struct commit *made)
{
	static struct craft k;
	struct sign_secret key = s->keys.sign_secret;
	struct sign_public unused;
	struct signature sig;
	struct buf header;
	uint8_t seed[32];

	memset(&k, 0, sizeof k);
	k.s = s;
	k.r = r;
	k.twist = twist;
	k.head = head;
	if (!stand(&k))
		return false;
	for (unsigned n = twist == TWIST_MANY ? 200 : 1; n > 0; n--)
		add_change(&k);
	k.c.count = k.count;
	twist_header(&k);
	buf_init(&header, COMMIT_HEADER_MAX);
	commit_encode(&k.c, &header);
	rng_fill(r, seed, 32);
	if (twist == TWIST_KEY)
		crypto_sign_keys(seed, &unused, &key);
	if (twist == TWIST_OLD_KEY)
		key = s->old_sign;
	sig = commit_sign(buf_slice(&header), &key);
	if (twist == TWIST_SIGNATURE)
		sig.bytes[rng_below(r, 64)] ^= 1;
	commit_pack(buf_slice(&header), &sig, k.payload, k.count, packed);
	*made = k.c;
	buf_done(&header);
	for (uint32_t i = 0; i < k.count; i++)
		buf_done(&k.changes[i]);
	return buf_err(packed) == ES_OK;
}

bool craft_twin(struct sim_node *s, struct slice packed, const struct hash *prev, struct buf *out, struct hash *id)
{
	static struct packed p;
	static struct commit c;
	struct signature sig;
	struct buf header;

	if (commit_unpack(packed, &p) != ES_OK || commit_decode(p.header, &c) != ES_OK)
		return false;
	if (prev)
		c.prev_id = *prev;
	for (uint32_t i = 0; i < p.count; i++) {
		if (!p.payload[i].present)
			continue;
		rng_fill(s->hostile->rng, p.payload[i].salt.bytes, 16);
		c.digests[i].digest = crypto_hash_salted(HASH_CHANGE, &p.payload[i].salt, p.payload[i].change);
		break;
	}
	buf_init(&header, COMMIT_HEADER_MAX);
	commit_encode(&c, &header);
	sig = commit_sign(buf_slice(&header), &s->keys.sign_secret);
	commit_pack(buf_slice(&header), &sig, p.payload, p.count, out);
	*id = c.id;
	buf_done(&header);
	return buf_err(out) == ES_OK;
}

/* --- a crafted commit, told and then given --- */

struct gift {
	uint64_t peer;
	unsigned run;
	struct buf body;
	unsigned times;
};

static void on_give(struct world *w, const struct event *e)
{
	struct gift *g = e->ctx;
	struct sim_node *s = w->nodes[e->a];
	struct peer *p = s && s->n && s->runs == g->run ? peer_find(s, g->peer) : NULL;

	for (; p && s->hostile && g->times > 0; g->times--)
		hostile_send(p, WIRE_COMMITS, buf_slice(&g->body), true);
	buf_done(&g->body);
	free(g);
}

static void give(struct peer *p, const struct id16 *log, const struct buf *packed, unsigned times, es_ms in)
{
	struct gift *g = calloc(1, sizeof *g);

	assert(g);
	g->peer = p->no;
	g->run = p->owner->runs;
	g->times = times;
	buf_init(&g->body, WIRE_MESSAGE_MAX);
	canon_array(&g->body, 2);
	canon_bin(&g->body, log->bytes, 16);
	canon_array(&g->body, 1);
	buf_add(&g->body, packed->p, packed->len);
	world_in(p->owner->w, in, on_give, g, (uint64_t)p->owner->no, 0);
}

/* A FRONTIER of the control head as it is and one more position. */
static void tell_head(struct peer *p, const struct id16 *log, uint64_t seq, const struct hash *id)
{
	const struct node *n = p->owner->n;
	struct buf b;

	buf_init(&b, 1024);
	canon_array(&b, 2);
	canon_array(&b, 3);
	canon_bin(&b, n->rights.control_log.bytes, 16);
	canon_u64(&b, n->rights.seq);
	canon_bin(&b, n->rights.id.bytes, 32);
	canon_array(&b, 3);
	canon_bin(&b, log->bytes, 16);
	canon_u64(&b, seq);
	canon_bin(&b, id->bytes, 32);
	hostile_send(p, WIRE_FRONTIER, buf_slice(&b), false);
	buf_done(&b);
}

static const struct head *a_log(struct peer *p, bool ours)
{
	const struct frontier *f = &p->owner->n->frontier;
	const struct head *h = &f->heads[rng_below(dice(p), f->count)];

	for (unsigned tries = 0; tries < 20; tries++) {
		if (h->scope != SCOPE_LOCAL && id_eq(&h->hub, &p->owner->hub) == ours)
			return h;
		h = &f->heads[rng_below(dice(p), f->count)];
	}
	return h->scope == SCOPE_LOCAL ? &f->heads[0] : h;
}

static void give_twisted(struct peer *p, const struct head *h, enum twist twist)
{
	struct rng *r = dice(p);
	struct commit c;
	struct buf packed;

	buf_init(&packed, COMMIT_PACKED_MAX);
	if (craft(p->owner, r, h, twist, &packed, &c)) {
		trace_say("a commit, %s: %s log of hub %02x%02x, seq %llu", twist_names[twist], scope_name(h->scope), h->hub.bytes[0],
			  h->hub.bytes[1], (unsigned long long)c.seq);
		tell_head(p, &h->log, c.seq, &c.id);
		give(p, &h->log, &packed, 1, LATER_MS);
	}
	buf_done(&packed);
}

static void give_commit(struct peer *p)
{
	struct rng *r = dice(p);
	enum twist twist = (enum twist)rng_below(r, TWISTS_DRAWN);

	give_twisted(p, a_log(p, rng_below(r, 10) < 7), twist);
}

int hostile_twist(const char *name)
{
	for (int i = 0; i < TWISTS; i++)
		if (strcmp(twist_names[i], name) == 0)
			return i;
	return -1;
}

void hostile_lie(struct peer *p, int twist)
{
	give_twisted(p, a_log(p, true), (enum twist)twist);
}

static void flood(struct peer *p)
{
	const struct head *h = a_log(p, true);
	struct commit c;
	struct buf packed;

	buf_init(&packed, COMMIT_PACKED_MAX);
	p->floods = true;
	if (craft(p->owner, dice(p), h, rng_below(dice(p), 2) ? TWIST_MANY : TWIST_NONE, &packed, &c))
		give(p, &h->log, &packed, (unsigned)draw(dice(p), 5, 80), 1);
	buf_done(&packed);
}

/* A log that this hub may not even know of, told and given by home itself. */
static void leak(struct peer *p)
{
	struct node *n = p->owner->n;
	struct buf packed;
	struct hash id;
	uint32_t index, at;
	int64_t stored;

	buf_init(&packed, COMMIT_PACKED_MAX);
	for (unsigned tries = 0; tries < 50; tries++) {
		at = (uint32_t)rng_below(dice(p), n->frontier.count);
		const struct head *h = &n->frontier.heads[at];
		if (h->scope != SCOPE_CRESS || h->seq == 0 || id_eq(&h->hub, &p->session.peer))
			continue;
		uint64_t seq = rng_below(dice(p), 2) ? 1 : draw(dice(p), 1, h->seq);
		if (journal_one(n->journal, journal_pos(n->journal, at, seq), &index, &packed, &stored) == ES_OK &&
		    journal_commit_id(n->journal, at, seq, &id)) {
			tell_head(p, &h->log, seq, &id);
			give(p, &h->log, &packed, 1, LATER_MS);
		}
		break;
	}
	buf_done(&packed);
}

/* --- messages --- */

static void random_body(struct peer *p, struct buf *b)
{
	uint8_t bytes[600];
	size_t len = draw(dice(p), 0, sizeof bytes);

	rng_fill(dice(p), bytes, len);
	if (rng_below(dice(p), 2)) { /* canonical, at least */
		canon_array(b, 1);
		canon_bin(b, bytes, len);
	} else {
		buf_add(b, bytes, len);
	}
}

/* Every log of anybody: those that it may know of, and those that it may not. */
static uint32_t all_logs(struct world *w, struct buf *list, void (*add)(struct buf *b, const struct head *h, struct rng *r),
			 struct rng *r)
{
	uint32_t n = 0;

	for (int i = 1; i <= w->node_count; i++) {
		const struct sim_node *s = w->nodes[i];

		for (size_t k = 0; s && s->n && k < s->n->frontier.count && n < 300; k++, n++)
			add(list, &s->n->frontier.heads[k], r);
	}
	return n;
}

static void add_want(struct buf *b, const struct head *h, struct rng *r)
{
	canon_array(b, 2);
	canon_bin(b, h->log.bytes, 16);
	canon_u64(b, rng_below(r, 3) ? 1 : draw(r, 1, h->seq + 1));
}

static void add_head(struct buf *b, const struct head *h, struct rng *r)
{
	struct hash id = h->id;
	uint64_t seq = rng_below(r, 3) ? h->seq : draw(r, 0, 2 * h->seq + 2);

	if (rng_below(r, 3) == 0)
		rng_fill(r, id.bytes, 32);
	if (rng_below(r, 40) == 0)
		seq = UINT32_MAX;
	canon_array(b, 3);
	canon_bin(b, h->log.bytes, 16);
	canon_u64(b, seq);
	canon_bin(b, id.bytes, 32);
}

static void say_all_logs(struct peer *p, enum wire_type type, void (*add)(struct buf *b, const struct head *h, struct rng *r))
{
	struct buf b, list;

	buf_init(&b, WIRE_SMALL_MAX);
	buf_init(&list, WIRE_SMALL_MAX);
	canon_array(&b, all_logs(p->owner->w, &list, add, dice(p)));
	buf_add(&b, list.p, list.len);
	if (buf_err(&b) == ES_OK)
		hostile_send(p, type, buf_slice(&b), false);
	buf_done(&b);
	buf_done(&list);
}

static void say_nack(struct peer *p)
{
	const struct head *h = a_log(p, rng_below(dice(p), 2));
	uint8_t memory[64];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 3);
	canon_bin(&b, h->log.bytes, 16);
	canon_u64(&b, draw(dice(p), 0, h->seq + 1));
	canon_u64(&b, draw(dice(p), 0, 70));
	hostile_send(p, WIRE_NACK, buf_slice(&b), false);
}

/* Somebody else's log, forked by a key that is not its author's. */
static void false_proof(struct peer *p)
{
	static struct packed a, b;
	struct rng *r = dice(p);
	const struct head *h = a_log(p, false);
	struct fork_proof proof;
	struct buf one, two, body;
	struct commit c;

	buf_init(&one, COMMIT_PACKED_MAX);
	buf_init(&two, COMMIT_PACKED_MAX);
	buf_init(&body, WIRE_SMALL_MAX);
	if (craft(p->owner, r, h, TWIST_NONE, &one, &c) && craft(p->owner, r, h, TWIST_NONE, &two, &c) &&
	    commit_unpack(buf_slice(&one), &a) == ES_OK && commit_unpack(buf_slice(&two), &b) == ES_OK &&
	    fork_make(a.header, &a.sig, b.header, &b.sig, &proof) == ES_OK) {
		fork_encode(&proof, &body);
		hostile_send(p, WIRE_FORK, buf_slice(&body), true);
	}
	buf_done(&one);
	buf_done(&two);
	buf_done(&body);
}

/* A commit as it was when it was first seen: it has kept what it was told to forget. */
static bool kept_commit(struct peer *p, struct buf *packed)
{
	const struct ledger *l = &p->owner->w->judge->ledger;
	const struct seen_commit *c = l->commit_count > 0 ? &l->commits[rng_below(dice(p), l->commit_count)] : NULL;

	if (!c || c->scope == SCOPE_LOCAL || (c->scope == SCOPE_CRESS && p->owner->role != ROLE_CRESS))
		return false;
	buf_add(packed, c->bytes, c->len);
	return true;
}

/* "This was void": commits of anybody, as they are or crafted. */
static void say_return(struct peer *p)
{
	struct rng *r = dice(p);
	const struct head *h = a_log(p, rng_below(r, 2));
	struct node *n = p->owner->n;
	struct buf packed, body;
	struct commit c;
	uint32_t index;
	int64_t stored;
	bool made;

	buf_init(&packed, COMMIT_PACKED_MAX);
	buf_init(&body, WIRE_MESSAGE_MAX);
	if (rng_below(r, 2))
		made = kept_commit(p, &packed);
	else if (rng_below(r, 2) && h->seq > 0)
		made = journal_one(n->journal, journal_pos(n->journal, (uint32_t)(h - n->frontier.heads), draw(r, 1, h->seq)), &index,
				   &packed, &stored) == ES_OK;
	else
		made = craft(p->owner, r, h, (enum twist)rng_below(r, TWISTS), &packed, &c);
	canon_array(&body, 1);
	canon_array(&body, 1);
	buf_add(&body, packed.p, packed.len);
	for (uint64_t times = draw(r, 1, 3); made && times > 0; times--)
		hostile_send(p, WIRE_RETURN, buf_slice(&body), true);
	buf_done(&packed);
	buf_done(&body);
}

static void say_returned(struct peer *p)
{
	struct ledger *l = &p->owner->w->judge->ledger;
	struct hash id;
	struct buf b;

	rng_fill(dice(p), id.bytes, 32);
	if (l->commit_count > 0 && rng_below(dice(p), 2))
		id = l->commits[rng_below(dice(p), l->commit_count)].id;
	buf_init(&b, 64);
	canon_array(&b, 1);
	canon_bin(&b, id.bytes, 32);
	hostile_send(p, WIRE_RETURNED, buf_slice(&b), false);
	buf_done(&b);
}

static void say_number(struct peer *p, enum wire_type type, uint64_t v)
{
	uint8_t memory[16];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, 1);
	canon_u64(&b, v);
	hostile_send(p, type, buf_slice(&b), false);
}

static void say_garbage(struct peer *p, enum trick t)
{
	uint8_t wild[64], type;
	struct buf b;

	buf_init(&b, 4096);
	random_body(p, &b);
	rng_fill(dice(p), wild, sizeof wild);
	switch (t) {
	case TRICK_RAW:
		hostile_bytes(p, SLICE(wild, draw(dice(p), 1, sizeof wild)));
		break;
	case TRICK_FLAGS:
		type = (uint8_t)draw(dice(p), 1, 16);
		hostile_frame(p, type, (uint8_t)draw(dice(p), 1, 255), buf_slice(&b));
		break;
	case TRICK_TYPE:
	case TRICK_NEW_TYPE:
		hostile_frame(p, (uint8_t)draw(dice(p), WIRE_TYPES, 255), 0, buf_slice(&b));
		break;
	case TRICK_TRUNCATED: /* more items claimed than there are */
		buf_clear(&b);
		canon_array(&b, 60000);
		hostile_send(p, (unsigned)draw(dice(p), WIRE_HELLO, WIRE_RETURNED), buf_slice(&b), false);
		break;
	default:
		hostile_send(p, (unsigned)draw(dice(p), WIRE_HELLO, WIRE_RETURNED), buf_slice(&b), false);
		break;
	}
	buf_done(&b);
}

/* Frame upon frame of one message that never ends. */
static void say_overlong(struct peer *p)
{
	static uint8_t zeros[WIRE_BODY_MAX];
	uint8_t type = (uint8_t)draw(dice(p), WIRE_HELLO, WIRE_RETURNED);

	for (int i = 0; i < 8; i++)
		hostile_frame(p, type, WIRE_MORE, SLICE(zeros, sizeof zeros));
}

void hostile_trick(struct peer *p, enum trick t)
{
	switch (t) {
	case TRICK_OVERLONG:
		say_overlong(p);
		break;
	case TRICK_FLOOD:
		flood(p);
		break;
	case TRICK_CREDIT:
		say_number(p, WIRE_CREDIT, rng_below(dice(p), 2) ? 0 : UINT64_MAX);
		break;
	case TRICK_WANT_PRIVATE:
		say_all_logs(p, WIRE_WANT, add_want);
		break;
	case TRICK_FRONTIER:
		say_all_logs(p, WIRE_FRONTIER, add_head);
		break;
	case TRICK_ACK:
		say_all_logs(p, WIRE_ACK, add_head);
		break;
	case TRICK_NACK:
		say_nack(p);
		break;
	case TRICK_FALSE_PROOF:
		false_proof(p);
		break;
	case TRICK_RETURN:
		say_return(p);
		break;
	case TRICK_RETURNED:
		say_returned(p);
		break;
	case TRICK_BYE:
		say_number(p, WIRE_BYE, draw(dice(p), 0, 70));
		break;
	case TRICK_COMMIT:
		give_commit(p);
		break;
	case TRICK_LEAK:
		leak(p);
		break;
	default:
		say_garbage(p, t);
		break;
	}
}
