/* SPDX-License-Identifier: Apache-2.0
 *
 * The oracle against a federation written by hand: one CRESS, two hubs, every
 * rule once. What must stand is told here, not computed. */
#include "tests/sim/oracle.h"

#include <stdio.h>
#include <string.h>

#include "proto/canon.h"

#define PACKED_MAX 32
enum { CRESS, HUB1, HUB2, HUB1_NEW, CRESS_NEW, RECOVERY, KEYS };

struct made {
	struct sign_public pk[KEYS];
	struct sign_secret sk[KEYS];
	struct hash fed_id, control_id;
	struct id16 hub[KEYS], control, pub[KEYS], fed[KEYS];
	struct hash second; /* public commit 2 of hub 1 */
	uint64_t control_seq;
	unsigned cress_key;
	uint32_t cress_epoch;
	struct buf packed[PACKED_MAX];
	size_t count, failures;
	struct oracle *o;
};
struct sealed { /* where a log stands */
	struct id16 log;
	uint64_t seq, hlc;
	struct hash id;
	unsigned key;
	uint32_t epoch;
};
struct stands { /* a line that must be there */
	unsigned record;
	unsigned field;
	es_stamp edited;
	struct hash commit;
	const char *text; /* NULL: nil */
};

static void check(struct made *m, bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "oracle_self_test: %s\n", what);
	m->failures++;
}

/* ---- writing ---- */

static struct record_id record(const struct made *m, unsigned no) /* both are hub 1's */
{
	struct record_id r;

	memcpy(r.bytes, m->hub[HUB1].bytes, 16);
	memset(r.bytes + 16, (int)no, 16);
	return r;
}

static void put_bin(struct buf *b, uint64_t no, const void *p, size_t n)
{
	canon_u64(b, no);
	canon_bin(b, p, n);
}

static void put_u64(struct buf *b, uint64_t no, uint64_t v)
{
	canon_u64(b, no);
	canon_u64(b, v);
}

static void cut(struct buf *b, const struct id16 *log, uint64_t seq, const struct hash *id)
{
	canon_array(b, 3);
	canon_bin(b, log->bytes, 16);
	canon_u64(b, seq);
	if (seq == 0)
		canon_nil(b);
	else
		canon_bin(b, id->bytes, 32);
}

/* The head of a control entry; its fields follow. */
static void entry(struct buf *b, unsigned op, uint32_t fields)
{
	buf_clear(b);
	canon_array(b, 6);
	canon_u64(b, op);
	for (int i = 0; i < 4; i++)
		canon_nil(b);
	canon_map(b, fields);
}

/* One change of one field; kind 1. */
static void change(const struct made *m, struct buf *b, unsigned op, unsigned rec, unsigned field,
		   es_stamp edited, const char *text)
{
	struct buf fields;
	struct change c = {.op = op, .record = record(m, rec), .kind = 1, .edited = edited};

	buf_init(&fields, 256);
	canon_map(&fields, 1);
	canon_u64(&fields, field);
	if (text)
		canon_str(&fields, slice_str(text));
	else
		canon_nil(&fields);
	c.fields = buf_slice(&fields);
	change_encode(&c, b);
	buf_done(&fields);
}

/* Seals some changes; `b` is the array of their buffers. The log moves on. */
static void seal(struct made *m, struct sealed *at, uint64_t ctl_seq, const struct hash *ctl_id,
		 struct buf *b, uint32_t n)
{
	struct commit c = {.fed_id = m->fed_id,
			   .log_id = at->log,
			   .seq = at->seq + 1,
			   .prev_id = at->id,
			   .hlc = at->hlc + 1000,
			   .has_ctl = true,
			   .ctl_seq = ctl_seq,
			   .ctl_id = *ctl_id,
			   .key_epoch = at->epoch,
			   .count = n};
	struct payload payload[8] = {0};
	struct signature sig;
	struct buf header;

	for (uint32_t i = 0; i < n; i++) {
		memset(payload[i].salt.bytes, (int)(m->count * 8 + i), 16);
		payload[i].present = true;
		payload[i].change = buf_slice(&b[i]);
		c.digests[i].digest = crypto_hash_salted(HASH_CHANGE, &payload[i].salt, payload[i].change);
		c.digests[i].length = (uint32_t)payload[i].change.len;
	}
	buf_init(&header, COMMIT_HEADER_MAX);
	commit_encode(&c, &header);
	sig = commit_sign(buf_slice(&header), &m->sk[at->key]);
	buf_init(&m->packed[m->count], COMMIT_PACKED_MAX);
	commit_pack(buf_slice(&header), &sig, payload, n, &m->packed[m->count++]);
	buf_done(&header);
	at->seq++;
	at->hlc += 1000;
	at->id = c.id;
}

static struct hash seal_put(struct made *m, struct sealed *at, unsigned rec, unsigned field, es_stamp edited,
			    const char *text)
{
	struct buf b;

	buf_init(&b, CHANGE_MAX);
	change(m, &b, OP_PUT, rec, field, edited, text);
	seal(m, at, m->control_seq, &m->control_id, &b, 1);
	buf_done(&b);
	return at->id;
}

static void seal_control(struct made *m, struct buf *b, uint32_t n)
{
	struct sealed at = {.log = m->control,
			    .seq = m->control_seq,
			    .hlc = m->control_seq * 1000,
			    .id = m->control_id,
			    .key = m->cress_key,
			    .epoch = m->cress_epoch};

	seal(m, &at, m->control_seq, &m->control_id, b, n);
	m->control_seq = at.seq;
	m->control_id = at.id;
	for (uint32_t i = 0; i < n; i++)
		buf_clear(&b[i]);
}

static void entry_of_member(const struct made *m, struct buf *b, unsigned who)
{
	entry(b, OP_MEMBER, 4);
	put_bin(b, 1, m->hub[who].bytes, 16);
	put_u64(b, 4, who == CRESS ? 2 : 1);
	put_bin(b, 5, m->pk[who].bytes, 32);
	put_u64(b, 7, 1);
}

/* `old`: the generation before, cut there. */
static struct id16 entry_of_open(const struct made *m, struct buf *b, unsigned who, enum scope scope,
				 const struct sealed *old)
{
	struct id16 nonce = {{(uint8_t)who, (uint8_t)scope, old ? 2 : 1}};
	struct id16 id = crypto_log_id(&m->fed_id, &m->hub[who], (uint8_t)scope, &nonce);

	entry(b, OP_OPEN, old ? 6 : 5);
	put_bin(b, 1, m->hub[who].bytes, 16);
	put_u64(b, 2, scope);
	put_u64(b, 3, old ? 2 : 1);
	put_bin(b, 4, nonce.bytes, 16);
	put_bin(b, 5, id.bytes, 16);
	if (old) {
		canon_u64(b, 6);
		cut(b, &old->log, old->seq, &old->id);
	}
	return id;
}

/* The first change of a log: an offer, an answer. */
static void put_place(struct buf *b, unsigned no, const struct id16 *log)
{
	canon_u64(b, no);
	canon_array(b, 3);
	canon_bin(b, log->bytes, 16);
	canon_u64(b, 1);
	canon_u64(b, 0);
}

static void entry_of_steward(const struct made *m, struct buf *b, unsigned from, unsigned to,
			     const struct sealed *head)
{
	struct record_id r = record(m, 1);

	entry(b, OP_STEWARD, 7);
	put_bin(b, 1, r.bytes, 32);
	put_u64(b, 2, 1);
	put_bin(b, 3, m->hub[from].bytes, 16);
	put_bin(b, 4, m->hub[to].bytes, 16);
	put_place(b, 5, &head->log);
	put_place(b, 6, &m->pub[to]);
	canon_u64(b, 7);
	canon_array(b, 1);
	cut(b, &head->log, head->seq, &head->id);
}

static void entry_of_forget(const struct made *m, struct buf *b, unsigned rec, uint64_t upto, unsigned signer)
{
	struct record_id r = record(m, rec);
	struct signature sig;
	struct buf message;

	buf_init(&message, 256);
	canon_array(&message, 4);
	canon_bin(&message, m->fed_id.bytes, 32);
	canon_bin(&message, r.bytes, 32);
	canon_u64(&message, 1);
	canon_u64(&message, upto);
	sig = crypto_sign_as(SIGN_FORGET, &m->sk[signer], buf_slice(&message));
	buf_done(&message);
	entry(b, OP_FORGET, 7);
	put_bin(b, 1, r.bytes, 32);
	put_u64(b, 2, 1);
	put_u64(b, 3, upto);
	canon_u64(b, 4);
	canon_array(b, 0);
	put_bin(b, 5, m->hub[signer].bytes, 16);
	put_u64(b, 6, 1);
	put_bin(b, 7, sig.bytes, 64);
}

static void entry_of_revoke(const struct made *m, struct buf *b, unsigned who, const struct sealed *head)
{
	entry(b, OP_REVOKE, 2);
	put_bin(b, 1, m->hub[who].bytes, 16);
	canon_u64(b, 2);
	canon_array(b, 1);
	cut(b, &head->log, head->seq, &head->id);
}

/* ---- reading ---- */

static bool lines_are(struct made *m, enum scope scope, const struct stands *all, size_t n)
{
	struct buf want, got, value, why;
	bool good;

	buf_init(&want, 65536);
	buf_init(&got, 65536);
	buf_init(&value, 256);
	buf_init(&why, 256);
	for (size_t i = 0; i < n; i++) {
		struct record_id r = record(m, all[i].record);

		buf_clear(&value);
		if (all[i].text)
			canon_str(&value, slice_str(all[i].text));
		else
			canon_nil(&value);
		oracle_line(&r, 1, all[i].field, all[i].edited, &all[i].commit, 0, buf_slice(&value), &want);
	}
	good = oracle_fold(m->o, &m->control_id, &why);
	oracle_lines(m->o, scope, &got);
	good = good && slice_eq(buf_slice(&want), buf_slice(&got));
	if (!good)
		fprintf(stderr, "%s\nwanted:\n%sgot:\n%s", buf_cstr(&why), buf_cstr(&want), buf_cstr(&got));
	buf_done(&want);
	buf_done(&got);
	buf_done(&value);
	buf_done(&why);
	return good;
}

/* Everything sealed up to now, newest first and some of it twice. */
static void add_all(struct made *m)
{
	oracle_free(m->o);
	m->o = oracle_new(&m->fed_id);
	for (size_t i = m->count; i > 0; i--)
		oracle_add(m->o, buf_slice(&m->packed[i - 1]));
	oracle_add(m->o, buf_slice(&m->packed[m->count / 2]));
}

static void add_all_but(struct made *m, size_t out)
{
	oracle_free(m->o);
	m->o = oracle_new(&m->fed_id);
	for (size_t i = 0; i < m->count; i++)
		if (i != out)
			oracle_add(m->o, buf_slice(&m->packed[i]));
}

/* ---- the story ---- */

static void found(struct made *m, struct buf *b)
{
	struct hash recovery = crypto_hash(HASH_GENESIS, SLICE(m->pk[RECOVERY].bytes, 32)), zero = {{0}};
	struct buf genesis;

	for (int pass = 0; pass < 2; pass++) { /* the hashed array, then the entry */
		buf_init(&genesis, 512);
		if (pass == 0)
			canon_array(&genesis, 5);
		else
			entry(&genesis, OP_GENESIS, 5);
		for (unsigned no = 1; no <= 5; no++) {
			const void *part[] = {NULL,           NULL,       m->pk[CRESS].bytes,
					      recovery.bytes, zero.bytes, zero.bytes};

			if (pass == 1)
				canon_u64(&genesis, no);
			if (no == 1)
				canon_str(&genesis, slice_str("Bretagne"));
			else
				canon_bin(&genesis, part[no], 32);
		}
		if (pass == 0) {
			m->fed_id = crypto_hash(HASH_GENESIS, buf_slice(&genesis));
			m->control_id = m->fed_id;
		} else {
			buf_add(&b[0], genesis.p, genesis.len);
		}
		buf_done(&genesis);
	}
	for (unsigned i = CRESS; i <= HUB2; i++)
		m->hub[i] = crypto_hub_id(&m->fed_id, &m->pk[i]);
	entry_of_member(m, &b[1], CRESS);
	m->control = entry_of_open(m, &b[2], CRESS, SCOPE_CONTROL, NULL);
	seal_control(m, b, 3);
	entry_of_member(m, &b[0], HUB1);
	entry_of_member(m, &b[1], HUB2);
	m->pub[HUB1] = entry_of_open(m, &b[2], HUB1, SCOPE_PUBLIC, NULL);
	m->pub[HUB2] = entry_of_open(m, &b[3], HUB2, SCOPE_PUBLIC, NULL);
	m->fed[HUB1] = entry_of_open(m, &b[4], HUB1, SCOPE_FEDERATION, NULL);
	seal_control(m, b, 5);
}

/* A hand-over with a late commit of the old steward, a forget, a revocation. */
static void hand_over_forget_revoke(struct made *m, struct buf *b)
{
	struct sealed h1 = {.log = m->pub[HUB1], .id = m->control_id, .key = HUB1, .epoch = 1};
	struct sealed h2 = {.log = m->pub[HUB2], .id = m->control_id, .key = HUB2, .epoch = 1}, at_cut;
	struct hash a, c, d, x, gone, old_id = m->control_id;
	uint64_t old_seq = m->control_seq;

	seal_put(m, &h1, 1, 10, 100, "first");
	a = m->second = seal_put(m, &h1, 1, 10, 200, "second");
	gone = seal_put(m, &h1, 2, 10, 110, "to forget");
	d = seal_put(m, &h1, 2, 11, 130, "stays");
	change(m, &b[0], OP_PROPOSE, 2, 10, 140, "only proposed");
	seal(m, &h1, m->control_seq, &m->control_id, &b[0], 1);
	buf_clear(&b[0]);
	seal_put(m, &h2, 1, 10, 900, "not yet the steward");
	at_cut = h1;
	add_all(m);
	check(m,
	      lines_are(m, SCOPE_PUBLIC,
			(struct stands[]){{1, 10, 200, a, "second"},
					  {2, 10, 110, gone, "to forget"},
					  {2, 11, 130, d, "stays"}},
			3),
	      "only the creator's count");

	entry_of_steward(m, &b[0], HUB1, HUB2, &at_cut);
	entry_of_steward(m, &b[1], HUB1, CRESS, &at_cut); /* no longer its to give */
	entry_of_forget(m, &b[2], 2, 120, HUB1);
	entry_of_forget(m, &b[3], 2, 500, HUB2); /* not the steward */
	seal_control(m, b, 4);
	x = seal_put(m, &h2, 1, 11, 150, NULL);
	seal_put(m, &h2, 1, 10, 150, "older than second");
	/* Hub 1 had not seen it: beyond the cut, another record of its is not hurt. */
	change(m, &b[0], OP_PUT, 1, 10, 300, "too late");
	seal(m, &h1, old_seq, &old_id, &b[0], 1);
	buf_clear(&b[0]);
	c = seal_put(m, &h1, 2, 12, 140, "goes on");
	at_cut = h2;
	seal_put(m, &h2, 1, 10, 999, "beyond the revocation");
	entry_of_revoke(m, &b[0], HUB2, &at_cut);
	seal_control(m, b, 1);
	add_all(m);
	check(m,
	      lines_are(m, SCOPE_PUBLIC,
			(struct stands[]){{1, 10, 200, a, "second"},
					  {1, 11, 150, x, NULL},
					  {2, 11, 130, d, "stays"},
					  {2, 12, 140, c, "goes on"}},
			4),
	      "hand-over, forget, revoke");
	check(m, oracle_rejected(m->o) == 0, "nothing is rejected");
}

static bool all_text_is(struct made *m, enum scope scope, const char *text)
{
	struct buf got, why;

	buf_init(&got, 65536);
	buf_init(&why, 256);
	bool good = oracle_fold(m->o, &m->control_id, &why);
	oracle_lines(m->o, scope, &got);
	good = good && strcmp(buf_cstr(&got), text) == 0;
	buf_done(&got);
	buf_done(&why);
	return good;
}

/* The key turns, a bad signature, a fork and its cut, in the federation log. */
static void turn_fork_cut(struct made *m, struct buf *b)
{
	struct sealed at = {.log = m->fed[HUB1], .key = HUB1, .epoch = 1}, first, other;
	struct hash one, kept;
	struct buf before;
	struct commit c;
	struct packed p;

	check(m, commit_unpack(buf_slice(&m->packed[1]), &p) == ES_OK && commit_decode(p.header, &c) == ES_OK,
	      "unpack");
	at.id = c.id; /* of the control commit that opened it */
	size_t eaten = m->count;
	seal_put(m, &at, 1, 20, 1, "not mine any more");
	struct hash eaten_id = at.id;
	one = seal_put(m, &at, 2, 20, 200, "old key");
	first = at;
	seal_put(m, &at, 2, 20, 1500, "old key, beyond its turn");
	entry(&b[0], OP_ROTATE, 4);
	put_bin(&b[0], 1, m->hub[HUB1].bytes, 16);
	put_bin(&b[0], 2, m->pk[HUB1_NEW].bytes, 32);
	put_u64(&b[0], 4, 2);
	canon_u64(&b[0], 5);
	canon_array(&b[0], 2);
	cut(&b[0], &m->pub[HUB1], 2, &m->second);
	cut(&b[0], &first.log, first.seq, &first.id);
	seal_control(m, b, 1);
	at = first;
	at.key = HUB1_NEW;
	at.epoch = 2;
	other = at;
	kept = seal_put(m, &at, 2, 21, 201, "new key");
	add_all(m);
	check(m,
	      lines_are(m, SCOPE_FEDERATION,
			(struct stands[]){{2, 20, 200, one, "old key"}, {2, 21, 201, kept, "new key"}}, 2),
	      "a key turns at its cut");
	add_all_but(m, eaten);
	check(m, lines_are(m, SCOPE_FEDERATION, NULL, 0), "after a hole in the chain nothing counts");
	oracle_gap(m->o, &at.log, 1, &eaten_id);
	check(m,
	      lines_are(m, SCOPE_FEDERATION,
			(struct stands[]){{2, 20, 200, one, "old key"}, {2, 21, 201, kept, "new key"}}, 2),
	      "what comes after a commit that was good counts");

	first = at;
	first.key = CRESS;
	seal_put(m, &first, 2, 22, 202, "signed by another");
	add_all(m);
	check(m,
	      lines_are(m, SCOPE_FEDERATION,
			(struct stands[]){{2, 20, 200, one, "old key"}, {2, 21, 201, kept, "new key"}}, 2) &&
		      oracle_rejected(m->o) == 1,
	      "a bad signature is rejected and counted");

	oracle_fork(m->o, &at.log, 3);
	check(m, lines_are(m, SCOPE_FEDERATION, (struct stands[]){{2, 20, 200, one, "old key"}}, 1),
	      "a known fork blocks");
	seal_put(m, &other, 2, 21, 203, "other branch");
	add_all(m);
	check(m, lines_are(m, SCOPE_FEDERATION, (struct stands[]){{2, 20, 200, one, "old key"}}, 1),
	      "a fork blocks");
	entry(&b[0], OP_RESOLVE, 2);
	put_bin(&b[0], 1, at.log.bytes, 16);
	canon_u64(&b[0], 2);
	cut(&b[0], &at.log, at.seq, &at.id);
	seal_control(m, b, 1);
	add_all(m);
	oracle_fork(m->o, &at.log, 3);
	check(m,
	      lines_are(m, SCOPE_FEDERATION,
			(struct stands[]){{2, 20, 200, one, "old key"}, {2, 21, 201, kept, "new key"}}, 2),
	      "what the cut names counts");
	/* Final: a lower cut is not allowed once a checkpoint holds more, nor a void there. */
	entry(&b[0], OP_VOID, 3);
	put_bin(&b[0], 1, at.log.bytes, 16);
	put_u64(&b[0], 2, 2);
	put_bin(&b[0], 3, one.bytes, 32);
	entry(&b[1], OP_CHECKPOINT, 1);
	canon_u64(&b[1], 1);
	canon_array(&b[1], 1);
	cut(&b[1], &at.log, at.seq, &at.id);
	entry(&b[2], OP_RESOLVE, 2);
	put_bin(&b[2], 1, at.log.bytes, 16);
	canon_u64(&b[2], 2);
	cut(&b[2], &at.log, 0, NULL);
	entry(&b[3], OP_VOID, 3);
	put_bin(&b[3], 1, at.log.bytes, 16);
	put_u64(&b[3], 2, at.seq);
	put_bin(&b[3], 3, kept.bytes, 32);
	seal_control(m, b, 4);
	add_all(m);
	check(m, lines_are(m, SCOPE_FEDERATION, (struct stands[]){{2, 21, 201, kept, "new key"}}, 1),
	      "below a checkpoint nothing is cut or void; above it a void is inert, what comes after it counts");
	buf_init(&before, 65536);
	oracle_lines(m->o, SCOPE_PUBLIC, &before);
	check(m, before.len > 0, "a public log of that hub counts");
	/* Nor by a cut at it that names another commit. */
	at.id = one;
	entry_of_revoke(m, &b[0], HUB1, &at);
	seal_control(m, b, 1);
	add_all(m);
	check(m, all_text_is(m, SCOPE_PUBLIC, buf_cstr(&before)), "a revocation that cuts what is final has no effect");
	buf_done(&before);
}

static struct buf erased_copy(const struct buf *packed)
{
	struct packed p;
	struct buf b;

	buf_init(&b, COMMIT_PACKED_MAX);
	if (commit_unpack(buf_slice(packed), &p) == ES_OK) {
		p.payload[0].present = false;
		commit_pack(p.header, &p.sig, p.payload, p.count, &b);
	}
	return b;
}

/* The CRESS's key is lost: `recover` on a branch; hub 1's federation log goes on in
 * a new generation; what the revoked steward left is forgotten without a signature. */
static void recover(struct made *m, struct buf *b)
{
	struct sealed old = {.log = m->fed[HUB1], .seq = 3, .id = m->second},
		      at = {.key = HUB1_NEW, .epoch = 2}, other;
	struct hash good = m->control_id, lost, again;
	struct record_id r = record(m, 1);
	uint64_t good_seq = m->control_seq;
	struct buf bare;

	entry_of_open(m, &b[0], HUB1, SCOPE_FEDERATION, &old);
	seal_control(m, b, 1);
	lost = m->control_id;
	m->control_id = good;
	m->control_seq = good_seq;
	m->cress_key = CRESS_NEW;
	m->cress_epoch = 2;
	entry(&b[0], OP_RECOVER, 5);
	put_bin(&b[0], 1, m->pk[CRESS_NEW].bytes, 32);
	put_u64(&b[0], 3, 2);
	put_u64(&b[0], 4, good_seq);
	put_bin(&b[0], 5, good.bytes, 32);
	put_bin(&b[0], 6, m->pk[RECOVERY].bytes, 32);
	old = (struct sealed){.log = m->pub[HUB1], .seq = 2, .id = m->second}; /* below what it has: cut */
	at.log = entry_of_open(m, &b[1], HUB1, SCOPE_PUBLIC, &old);
	entry(&b[2], OP_FORGET, 6);
	put_bin(&b[2], 1, r.bytes, 32);
	put_u64(&b[2], 2, 1);
	put_u64(&b[2], 3, 150);
	canon_u64(&b[2], 4);
	canon_array(&b[2], 0);
	put_bin(&b[2], 5, m->hub[HUB2].bytes, 16);
	put_u64(&b[2], 6, 1);
	seal_control(m, b, 3);
	at.id = m->control_id;
	again = seal_put(m, &at, 2, 11, 135, "new generation");
	other = at;
	change(m, &b[0], OP_PUT, 2, 12, 136, "as of the lost branch");
	seal(m, &other, good_seq + 1, &lost, &b[0], 1);
	bare = erased_copy(&m->packed[m->count - 2]);
	add_all(m);
	oracle_add(m->o, buf_slice(&bare));
	buf_done(&bare);
	check(m,
	      lines_are(m, SCOPE_PUBLIC,
			(struct stands[]){{1, 10, 200, m->second, "second"},
					  {2, 11, 135, again, "new generation"}},
			2),
	      "recover, a new generation, a revoked member's record");
}

int oracle_self_test(void)
{
	struct record_id r;
	struct made m = {.cress_key = CRESS, .cress_epoch = 1};
	struct buf b[8];
	struct id16 steward;

	for (unsigned i = 0; i < 8; i++)
		buf_init(&b[i], CHANGE_MAX);
	for (unsigned i = 0; i < KEYS; i++)
		crypto_sign_keys((uint8_t[32]){(uint8_t)(i + 1)}, &m.pk[i], &m.sk[i]);
	found(&m, b);
	hand_over_forget_revoke(&m, b);
	r = record(&m, 1);
	steward = oracle_steward(m.o, &r, 1);
	check(&m, id_eq(&steward, &m.hub[HUB2]), "the record is hub 2's");
	steward = oracle_steward(m.o, &r, 2);
	check(&m, id_eq(&steward, &m.hub[HUB1]), "of another kind it is not");
	turn_fork_cut(&m, b);
	recover(&m, b);
	oracle_free(m.o);
	for (size_t i = 0; i < m.count; i++)
		buf_done(&m.packed[i]);
	for (unsigned i = 0; i < 8; i++)
		buf_done(&b[i]);
	return m.failures == 0 ? 0 : 1;
}
