/* SPDX-License-Identifier: Apache-2.0
 *
 * A small federation made of real control commits: a CRESS, two hubs and an
 * observer, with keys that follow from a number. */
#ifndef TESTS_PROTO_FIXTURE_H
#define TESTS_PROTO_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/canon.h"
#include "proto/rights.h"

#define NOW_MS 1790000000000
#define CHARTER_TEXT "Nous partageons nos fiches."
#define SEALED_MAX 8
#define WORLD_COMMITS 12

struct keys {
	struct sign_public sign;
	struct sign_secret sign_secret;
	struct dh_public dh;
	struct dh_secret dh_secret;
	struct id16 hub;
};

/* A commit, signed and packed; the slices point into the bufs. */
struct sealed {
	struct commit c;
	struct packed p;
	struct buf header, bytes, change[SEALED_MAX];
	struct payload payload[SEALED_MAX];
	uint32_t count;
};

enum { CRESS, AURAY, VANNES, WATCHER, STRANGER, PARTIES };

struct world {
	struct keys keys[PARTIES], recovery;
	struct hash fed_id, charter;
	struct genesis genesis;
	struct rights rights; /* after `control` */
	struct sealed control[WORLD_COMMITS];
	unsigned commits; /* of control */
	struct open_log control_open, open[PARTIES][SCOPE_COUNT];
};

static inline void keys_make(struct keys *k, unsigned number)
{
	uint8_t seed[32] = {(uint8_t)(8 * number + 8), 1}, dh_seed[32] = {(uint8_t)(8 * number + 8), 2};

	crypto_sign_keys(seed, &k->sign, &k->sign_secret);
	crypto_dh_keys(dh_seed, &k->dh, &k->dh_secret);
}

static inline void sealed_init(struct sealed *s)
{
	memset(s, 0, sizeof *s);
	buf_init(&s->header, COMMIT_HEADER_MAX);
	buf_init(&s->bytes, COMMIT_PACKED_MAX);
	for (int i = 0; i < SEALED_MAX; i++)
		buf_init(&s->change[i], 2 * CHANGE_MAX);
	s->c.key_epoch = 1;
	s->c.has_ctl = true;
}

static inline void sealed_done(struct sealed *s)
{
	buf_done(&s->header);
	buf_done(&s->bytes);
	for (int i = 0; i < SEALED_MAX; i++)
		buf_done(&s->change[i]);
}

/* The next change, to be written by the caller. */
static inline struct buf *sealed_add(struct sealed *s)
{
	assert_true(s->count < SEALED_MAX);
	return &s->change[s->count++];
}

/* Digests, header, signature, packed form: of the changes and header fields as they are. */
static inline void seal(struct sealed *s, const struct keys *k)
{
	s->c.count = s->count;
	for (uint32_t i = 0; i < s->count; i++) {
		s->payload[i].present = true;
		memset(&s->payload[i].salt, (int)(s->c.seq * 16 + i), sizeof s->payload[i].salt);
		s->payload[i].change = buf_slice(&s->change[i]);
		s->c.digests[i].digest = crypto_hash_salted(HASH_CHANGE, &s->payload[i].salt, s->payload[i].change);
		s->c.digests[i].length = (uint32_t)s->payload[i].change.len;
	}
	buf_clear(&s->header);
	commit_encode(&s->c, &s->header);
	assert_int_equal(buf_err(&s->header), ES_OK);
	struct signature sig = commit_sign(buf_slice(&s->header), &k->sign_secret);
	buf_clear(&s->bytes);
	commit_pack(buf_slice(&s->header), &sig, s->payload, s->count, &s->bytes);
	assert_int_equal(buf_err(&s->bytes), ES_OK);
	assert_int_equal(commit_unpack(buf_slice(&s->bytes), &s->p), ES_OK);
}

/* A put of one text field. */
static inline void write_put(struct buf *b, const struct keys *author, es_stamp edited, es_stamp base, const char *text)
{
	struct change ch = {.op = OP_PUT, .kind = 1, .edited = edited, .base = base};
	struct buf fields;

	memcpy(ch.record.bytes, author->hub.bytes, 16);
	buf_init(&fields, CHANGE_MAX);
	canon_map(&fields, 1);
	canon_u64(&fields, 10);
	canon_str(&fields, slice_str(text));
	ch.fields = buf_slice(&fields);
	change_encode(&ch, b);
	buf_done(&fields);
}

static inline struct member world_member(const struct world *w, unsigned who)
{
	static const struct { const char *name, *pays, *address; enum role role; } of[PARTIES] = {
		[CRESS] = {"CRESS Bretagne", "bretagne", "cress.example:7480", ROLE_CRESS},
		[AURAY] = {"Pole Auray", "auray", "", ROLE_HUB},
		[VANNES] = {"Pole Vannes", "vannes", "vannes.example:7480", ROLE_HUB},
		[WATCHER] = {"Observatoire", "rennes", "", ROLE_OBSERVER},
		[STRANGER] = {"Inconnu", "brest", "", ROLE_HUB},
	};
	struct member m = {.hub = w->keys[who].hub, .role = of[who].role, .sign = w->keys[who].sign,
			   .dh = w->keys[who].dh, .epoch = 1};

	strcpy(m.name, of[who].name);
	strcpy(m.pays, of[who].pays);
	strcpy(m.address, of[who].address);
	return m;
}

static inline struct open_log world_open(const struct world *w, unsigned who, enum scope scope, uint32_t generation)
{
	struct open_log log = {.hub = w->keys[who].hub, .scope = scope, .generation = generation};

	memset(&log.nonce, (int)(who * 64 + scope * 8 + generation), sizeof log.nonce);
	log.id = crypto_log_id(&w->fed_id, &log.hub, (uint8_t)scope, &log.nonce);
	return log;
}

/* The next control commit's frame: number, chain, stamp; entries are the caller's. */
static inline struct sealed *world_next(struct world *w)
{
	struct sealed *s = &w->control[w->commits];

	assert_true(w->commits < WORLD_COMMITS);
	sealed_init(s);
	s->c.fed_id = w->fed_id;
	s->c.log_id = w->commits ? w->rights.control_log : w->control_open.id;
	s->c.seq = w->commits + 1;
	s->c.prev_id = w->commits ? w->rights.id : w->fed_id;
	s->c.hlc = stamp_at(NOW_MS - 100000 + (es_ms)w->commits * 10);
	s->c.ctl_seq = w->commits;
	s->c.ctl_id = s->c.prev_id;
	return s;
}

static inline enum es_err world_apply(struct world *w)
{
	struct sealed *s = &w->control[w->commits++];

	seal(s, &w->keys[CRESS]);
	return rights_apply(&w->rights, &s->c, &s->p);
}

static inline void world_init(struct world *w)
{
	memset(w, 0, sizeof *w);
	for (unsigned i = 0; i < PARTIES; i++)
		keys_make(&w->keys[i], i);
	keys_make(&w->recovery, PARTIES);
	w->charter = crypto_hash(HASH_GENESIS, slice_str(CHARTER_TEXT));
	w->genesis = (struct genesis){.name = slice_str("Bretagne ESS"), .region = slice_str("53"),
				      .cress = w->keys[CRESS].sign, .charter = w->charter,
				      .recovery = recovery_hash(&w->recovery.sign)};
	memset(w->genesis.random, 9, 32);
	w->fed_id = rights_fed_id(w->genesis.name, &w->genesis.cress, &w->genesis.recovery, w->genesis.random,
				  &w->genesis.charter);
	for (unsigned i = 0; i < PARTIES; i++) {
		w->keys[i].hub = crypto_hub_id(&w->fed_id, &w->keys[i].sign);
		for (unsigned scope = SCOPE_PUBLIC; scope <= SCOPE_LOCAL; scope++)
			w->open[i][scope] = world_open(w, i, (enum scope)scope, 1);
	}
	w->control_open = world_open(w, CRESS, SCOPE_CONTROL, 1);
	rights_init(&w->rights, &w->fed_id);
}

/* Commit 1: genesis, charter, territory, the CRESS, its control and public logs. */
static inline void world_found(struct world *w)
{
	struct member cress = world_member(w, CRESS);
	struct sealed *s = world_next(w);
	uint8_t empty[1] = {0x90};

	entry_genesis(&w->genesis, sealed_add(s));
	entry_charter(slice_str("charte"), slice_str("1"), slice_str(CHARTER_TEXT), sealed_add(s));
	entry_territory(slice_str("pays"), slice_str("auray"), slice_str("Pays d'Auray"), SLICE(empty, 1), sealed_add(s));
	entry_member(&cress, &w->charter, NULL, sealed_add(s));
	entry_open(&w->control_open, sealed_add(s));
	entry_open(&w->open[CRESS][SCOPE_PUBLIC], sealed_add(s));
	assert_int_equal(world_apply(w), ES_OK);
}

/* Adds a hub as the CRESS does, with its public, federation and cress logs. */
static inline void world_let_in(struct world *w, unsigned who)
{
	struct member m = world_member(w, who);
	struct acceptance a = {.handshake = {0}};
	struct sealed *s = world_next(w);

	memset(&m.invite, (int)(50 + who), sizeof m.invite);
	entry_member(&m, &w->charter, &a, sealed_add(s));
	for (unsigned scope = SCOPE_PUBLIC; scope <= SCOPE_CRESS; scope++)
		entry_open(&w->open[who][scope], sealed_add(s));
	assert_int_equal(world_apply(w), ES_OK);
}

static inline void world_done(struct world *w)
{
	rights_done(&w->rights);
	for (unsigned i = 0; i < w->commits; i++)
		sealed_done(&w->control[i]);
}

/* The first commit of a data log of `who`, with one change; not yet sealed. */
static inline void world_data(const struct world *w, unsigned who, enum scope scope, struct sealed *s)
{
	sealed_init(s);
	s->c.fed_id = w->fed_id;
	s->c.log_id = w->open[who][scope].id;
	s->c.seq = 1;
	const struct open_log *log = rights_log(&w->rights, &s->c.log_id);
	s->c.prev_id = log ? log->opened_by : w->fed_id;
	s->c.hlc = stamp_at(NOW_MS - 50000);
	s->c.ctl_seq = w->rights.seq;
	s->c.ctl_id = w->rights.id;
	write_put(sealed_add(s), &w->keys[who], s->c.hlc - 10, 0, "Biocoop");
}

#endif
