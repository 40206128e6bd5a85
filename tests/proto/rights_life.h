/* SPDX-License-Identifier: Apache-2.0
 *
 * The small federation after its two hubs have come in, and the entries that
 * change what it says as time goes on. */
#ifndef TESTS_PROTO_RIGHTS_LIFE_H
#define TESTS_PROTO_RIGHTS_LIFE_H

#include "tests/proto/fixture.h"

static struct world w;

static inline int setup(void **state)
{
	(void)state;
	world_init(&w);
	world_found(&w);
	world_let_in(&w, AURAY);
	world_let_in(&w, VANNES);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

/* The entry of a control commit of its own; apply() follows. */
static inline struct buf *entry(void)
{
	return sealed_add(world_next(&w));
}

static inline struct buf *entry_more(void)
{
	return sealed_add(&w.control[w.commits]);
}

static inline void apply(void)
{
	assert_int_equal(world_apply(&w), ES_OK);
}

static inline const struct id16 *hub(unsigned who)
{
	return &w.keys[who].hub;
}

static inline const struct open_log *log_at(unsigned who, enum scope scope)
{
	const struct open_log *log = rights_log(&w.rights, &w.open[who][scope].id);

	assert_non_null(log);
	return log;
}

static inline struct log_cut cut_at(unsigned who, enum scope scope, uint64_t seq)
{
	struct log_cut cut = {.log = w.open[who][scope].id, .seq = seq};

	if (seq)
		memset(cut.id.bytes, (int)seq, sizeof cut.id.bytes);
	return cut;
}

static inline struct record_id record_of(unsigned who, unsigned number)
{
	struct record_id record = {{0}};

	memcpy(record.bytes, hub(who)->bytes, 16);
	record.bytes[31] = (uint8_t)number;
	return record;
}

static inline bool is_void(unsigned who, enum scope scope, uint64_t seq)
{
	return rights_is_void(&w.rights, &w.open[who][scope].id, seq);
}

static inline void checkpoint(unsigned who, enum scope scope, uint64_t seq)
{
	struct log_cut head = cut_at(who, scope, seq);

	entry_checkpoint(&head, 1, entry());
	apply();
}

static inline struct keys fresh(unsigned number)
{
	struct keys k;

	keys_make(&k, number);
	return k;
}

static inline struct rotation rotation(unsigned who, const struct keys *old, const struct keys *new, uint32_t epoch)
{
	struct rotation r = {.hub = *hub(who), .sign = new->sign, .dh = new->dh, .epoch = epoch, .emergency = old == NULL};
	struct buf b;

	buf_init(&b, 256);
	rotation_message(&w.fed_id, &r, &b);
	if (old)
		r.old = crypto_sign_as(SIGN_ROTATE, &old->sign_secret, buf_slice(&b));
	r.new = crypto_sign_as(SIGN_ROTATE, &new->sign_secret, buf_slice(&b));
	buf_done(&b);
	return r;
}

static inline struct recovery recovery(const struct keys *by, const struct keys *new)
{
	struct recovery r = {.sign = new->sign, .dh = new->dh, .epoch = 2, .cut_seq = w.rights.seq, .cut_id = w.rights.id,
			     .key = by->sign};
	struct buf b;

	buf_init(&b, 256);
	recovery_message(&w.fed_id, &r, &b);
	r.sig = crypto_sign_as(SIGN_RECOVER, &by->sign_secret, buf_slice(&b));
	buf_done(&b);
	return r;
}

static inline struct tenure hand_over(const struct record_id *record, unsigned from, unsigned to, struct log_cut *cuts, size_t n)
{
	return (struct tenure){.record = *record, .kind = 1, .from = *hub(from), .to = *hub(to),
			       .offer = {w.open[from][SCOPE_FEDERATION].id, 2, 0},
			       .answer = {w.open[to][SCOPE_FEDERATION].id, 2, 0}, .cuts = cuts, .cut_count = n};
}

static inline struct forget_order order(const struct record_id *record, unsigned who, es_stamp upto)
{
	struct forget_order f = {.record = *record, .kind = 1, .upto = upto, .signer = *hub(who), .epoch = 1, .is_signed = true};
	struct buf b;

	buf_init(&b, 256);
	forget_message(&w.fed_id, &f, &b);
	f.sig = crypto_sign_as(SIGN_FORGET, &w.keys[who].sign_secret, buf_slice(&b));
	buf_done(&b);
	return f;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
