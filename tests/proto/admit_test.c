/* SPDX-License-Identifier: Apache-2.0
 *
 * One commit that passes, and for each verdict the one thing changed in it. */
#include "proto/admit.h"
#include "tests/proto/fixture.h"

static struct world w;
static struct sealed s;
static struct head head;
static struct admit_input in;

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	world_found(&w);
	world_let_in(&w, AURAY);
	world_data(&w, AURAY, SCOPE_PUBLIC, &s);
	head = (struct head){.log = s.c.log_id, .hub = w.keys[AURAY].hub, .scope = SCOPE_PUBLIC, .generation = 1};
	in = (struct admit_input){.rights = &w.rights, .head = &head, .control_at = &w.rights.id, .now = NOW_MS};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sealed_done(&s);
	world_done(&w);
	return 0;
}

static enum es_err admit_by(unsigned who)
{
	seal(&s, &w.keys[who]);
	return admit_commit(&in, &s.c, &s.p);
}

static enum es_err admit(void)
{
	return admit_by(AURAY);
}

/* The head after s. */
static void stored(void)
{
	head.seq = s.c.seq;
	head.id = s.c.id;
	head.hlc = s.c.hlc;
}

static void follow(void)
{
	stored();
	s.c.seq++;
	s.c.prev_id = head.id;
	s.c.hlc++;
}

static void a_commit_that_follows_its_head_is_admitted(void **state)
{
	(void)state;
	assert_int_equal(admit(), ES_OK);
	follow();
	assert_int_equal(admit(), ES_OK);
}

static void a_commit_of_another_federation_is_refused(void **state)
{
	(void)state;
	s.c.fed_id.bytes[0] ^= 1;
	assert_int_equal(admit(), ES_WRONG_FEDERATION);
}

static void a_commit_at_or_below_the_head_is_passed_over_unless_it_is_a_fork(void **state)
{
	(void)state;
	assert_int_equal(admit(), ES_OK);
	stored();
	assert_int_equal(admit(), ES_EXISTS);
	s.c.hlc++;
	assert_int_equal(admit(), ES_FORK);
	head.seq = 2;
	assert_int_equal(admit(), ES_EXISTS);
}

static void a_commit_out_of_its_chain_is_refused(void **state)
{
	(void)state;
	s.c.prev_id = w.fed_id; /* a data log begins at its `open` */
	assert_int_equal(admit(), ES_BAD_CHAIN);
	s.c.prev_id = rights_log(&w.rights, &s.c.log_id)->opened_by;
	assert_int_equal(admit(), ES_OK);
	follow();
	s.c.seq++;
	assert_int_equal(admit(), ES_BAD_CHAIN);
	s.c.seq--;
	s.c.prev_id.bytes[3] ^= 1;
	assert_int_equal(admit(), ES_BAD_CHAIN);
}

static void a_commit_of_a_log_that_is_not_open_waits(void **state)
{
	(void)state;
	s.c.log_id = head.log = w.open[VANNES][SCOPE_PUBLIC].id;
	head.hub = w.keys[VANNES].hub;
	assert_int_equal(admit_by(VANNES), ES_UNKNOWN_LOG);
	head.log = w.open[AURAY][SCOPE_PUBLIC].id;
	head.seq = 1;
	s.c.seq = 2;
	s.c.prev_id = head.id;
	assert_int_equal(admit(), ES_UNKNOWN_LOG); /* nor one of another log than the head's */
}

static void the_control_position_is_held_here_and_is_the_same_commit(void **state)
{
	struct hash other = {{1}};

	(void)state;
	in.control_at = NULL;
	assert_int_equal(admit(), ES_CONTROL_AHEAD);
	in.control_at = &other;
	assert_int_equal(admit(), ES_BAD_CHAIN);
	in.control_at = &w.rights.id;
	s.c.has_ctl = false;
	assert_int_equal(admit(), ES_BAD_CHAIN);
}

static void a_local_log_is_verified_with_our_key_and_may_precede_membership(void **state)
{
	(void)state;
	s.c.log_id = head.log = w.open[AURAY][SCOPE_LOCAL].id;
	head.scope = SCOPE_LOCAL;
	s.c.prev_id = w.fed_id;
	s.c.has_ctl = false;
	in.control_at = NULL;
	assert_int_equal(admit(), ES_UNKNOWN_LOG); /* no key to verify it with */
	in.local_key = &w.keys[AURAY].sign;
	assert_int_equal(admit(), ES_OK);
	assert_int_equal(admit_by(VANNES), ES_BAD_SIG);
	s.c.prev_id = w.rights.id;
	assert_int_equal(admit(), ES_BAD_CHAIN);
}

static void a_local_log_goes_on_whatever_its_clock_once_said(void **state)
{
	(void)state;
	s.c.log_id = head.log = w.open[AURAY][SCOPE_LOCAL].id;
	head.scope = SCOPE_LOCAL;
	s.c.prev_id = w.fed_id;
	in.local_key = &w.keys[AURAY].sign;
	s.c.hlc = stamp_at(NOW_MS + 3600 * 1000);
	assert_int_equal(admit(), ES_OK);
	follow();
	assert_int_equal(admit(), ES_OK);
	s.c.hlc = head.hlc; /* but forward */
	assert_int_equal(admit(), ES_BAD_STAMP);
}

static void stamps_rise_from_commit_to_commit(void **state)
{
	(void)state;
	assert_int_equal(admit(), ES_OK);
	follow();
	s.c.hlc = head.hlc;
	assert_int_equal(admit(), ES_BAD_STAMP);
	s.c.hlc = head.hlc + 1;
	assert_int_equal(admit(), ES_OK);
}

static void a_stamp_ahead_of_the_physical_clock_waits(void **state)
{
	(void)state;
	s.c.hlc = stamp_at(NOW_MS + STAMP_SKEW_MAX_MS);
	assert_int_equal(admit(), ES_OK);
	s.c.hlc = stamp_at(NOW_MS + STAMP_SKEW_MAX_MS + 1);
	assert_int_equal(admit(), ES_CLOCK_SKEW);
	/* Our logical clock may be far ahead: it does not count. */
	head.hlc = stamp_at(NOW_MS + 2 * STAMP_SKEW_MAX_MS);
	s.c.hlc = head.hlc + 1;
	assert_int_equal(admit(), ES_CLOCK_SKEW);
	in.now += 2 * STAMP_SKEW_MAX_MS;
	assert_int_equal(admit(), ES_OK);
}

static void an_edit_is_not_later_than_its_commit_nor_earlier_than_its_base(void **state)
{
	static const struct { int edited, base; enum es_err err; } row[] = {
		{0, -1, ES_OK}, {1, 0, ES_BAD_STAMP}, {-5, -5, ES_BAD_STAMP}, {-5, -4, ES_BAD_STAMP}, {-5, -6, ES_OK}};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		buf_clear(&s.change[0]);
		write_put(&s.change[0], &w.keys[AURAY], s.c.hlc + (es_stamp)(int64_t)row[i].edited,
			  s.c.hlc + (es_stamp)(int64_t)row[i].base, "x");
		assert_int_equal(admit(), row[i].err);
	}
}

static void data_stays_out_of_the_control_log_and_control_out_of_data_logs(void **state)
{
	(void)state;
	buf_clear(&s.change[0]);
	entry_territory(slice_str("pays"), slice_str("x"), slice_str("X"), SLICE("\x90", 1), &s.change[0]);
	assert_int_equal(admit(), ES_NOT_ALLOWED);
	struct sealed *c = world_next(&w);
	head = (struct head){.log = w.rights.control_log, .hub = w.keys[CRESS].hub, .seq = 2, .id = w.rights.id};
	write_put(sealed_add(c), &w.keys[CRESS], 5, 0, "x");
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_NOT_ALLOWED);
	sealed_done(c);
}

static void a_change_that_is_not_one_is_malformed(void **state)
{
	(void)state;
	buf_clear(&s.change[0]);
	canon_array(&s.change[0], 0);
	assert_int_equal(admit(), ES_MALFORMED);
}

static void another_s_signature_and_another_key_epoch_are_refused(void **state)
{
	(void)state;
	assert_int_equal(admit_by(VANNES), ES_BAD_SIG);
	assert_int_equal(admit_by(CRESS), ES_BAD_SIG);
	s.c.key_epoch = 2;
	assert_int_equal(admit(), ES_BAD_SIG);
	s.c.key_epoch = 1;
	assert_int_equal(admit(), ES_OK);
	s.p.sig.bytes[7] ^= 1;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_SIG);
}

static void the_author_must_be_a_member(void **state)
{
	(void)state;
	head.hub = w.keys[STRANGER].hub;
	assert_int_equal(admit_by(STRANGER), ES_NOT_MEMBER);
}

static void a_missing_change_waits_and_another_than_its_digest_is_refused(void **state)
{
	(void)state;
	assert_int_equal(admit(), ES_OK);
	s.p.payload[0].salt.bytes[0] ^= 1;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
	s.p.payload[0].present = false;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_CONTROL_AHEAD); /* is it to be forgotten? We may yet hear */
	assert_int_equal(es_err_then(ES_CONTROL_AHEAD), ES_RETRY);
	s.p.count = 0;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
}

/* --- the control log --- */

static struct rights nothing;

static void before_the_founding(void)
{
	rights_init(&nothing, &w.fed_id);
	head = (struct head){.scope = SCOPE_CONTROL};
	in = (struct admit_input){.rights = &nothing, .head = &head, .now = NOW_MS};
}

static void the_founding_commit_brings_its_own_key_and_opens_its_own_log(void **state)
{
	struct sealed *f = &w.control[0];

	(void)state;
	before_the_founding();
	assert_int_equal(admit_commit(&in, &f->c, &f->p), ES_OK);
	f->p.sig.bytes[0] ^= 1;
	assert_int_equal(admit_commit(&in, &f->c, &f->p), ES_BAD_SIG);
	seal(f, &w.keys[VANNES]);
	assert_int_equal(admit_commit(&in, &f->c, &f->p), ES_BAD_SIG);
	f->c.log_id.bytes[0] ^= 1; /* not the log that its `open` names */
	seal(f, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &f->c, &f->p), ES_UNKNOWN_LOG);
}

static void a_founding_without_a_cress_or_of_another_genesis_is_refused(void **state)
{
	struct sealed f;

	(void)state;
	before_the_founding();
	sealed_init(&f);
	f.c = w.control[0].c;
	entry_genesis(&w.genesis, sealed_add(&f));
	entry_open(&w.control_open, sealed_add(&f));
	seal(&f, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &f.c, &f.p), ES_NOT_ALLOWED);
	w.genesis.random[0] ^= 1;
	buf_clear(&f.change[0]);
	entry_genesis(&w.genesis, &f.change[0]);
	seal(&f, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &f.c, &f.p), ES_WRONG_FEDERATION);
	sealed_done(&f);
}

static void control_commits_are_the_cress_s_and_name_the_position_before_them(void **state)
{
	struct member vannes = world_member(&w, VANNES);
	struct sealed *c = world_next(&w);

	(void)state;
	head = (struct head){.log = w.rights.control_log, .hub = w.keys[CRESS].hub, .seq = 2, .id = w.rights.id,
			     .hlc = w.control[1].c.hlc};
	entry_member(&vannes, &w.charter, NULL, sealed_add(c));
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_OK);
	seal(c, &w.keys[AURAY]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_SIG);
	seal(c, &w.keys[CRESS]);
	c->p.payload[0].present = false; /* whoever has it whole will give it */
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_CONTROL_AHEAD);
	c->c.ctl_seq = 1;
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_CHAIN);
	c->c.has_ctl = false;
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_CHAIN);
	sealed_done(c);
}

static void a_control_generation_opens_itself(void **state)
{
	struct open_log second = world_open(&w, CRESS, SCOPE_CONTROL, 2);
	struct sealed *c = world_next(&w);

	(void)state;
	head = (struct head){.log = w.rights.control_log, .hub = w.keys[CRESS].hub, .seq = 2, .id = w.rights.id,
			     .hlc = w.control[1].c.hlc};
	c->c.log_id = second.id;
	entry_territory(slice_str("pays"), slice_str("x"), slice_str("X"), SLICE("\x90", 1), sealed_add(c));
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_UNKNOWN_LOG);
	entry_open(&second, sealed_add(c));
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_OK);
	/* an `open` of a data log of that id opens nothing */
	second.scope = SCOPE_PUBLIC;
	buf_clear(&c->change[1]);
	entry_open(&second, &c->change[1]);
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_UNKNOWN_LOG);
	sealed_done(c);
}

/* --- what the control log has changed since --- */

/* A control commit of one entry, which `write` has put into the buf. */
static struct buf *control_entry(void)
{
	return sealed_add(world_next(&w));
}

static void control_apply(void)
{
	assert_int_equal(world_apply(&w), ES_OK);
	in.control_at = &w.control[1].c.id; /* s goes on naming the position it was made at */
}

static struct log_cut cut_of_s(uint64_t seq, struct hash id)
{
	return (struct log_cut){.log = s.c.log_id, .seq = seq, .id = id};
}

static void nothing_is_admitted_beyond_a_cut(void **state)
{
	(void)state;
	assert_int_equal(admit(), ES_OK);
	struct log_cut cut = cut_of_s(1, s.c.id);
	entry_resolve(&cut.log, &cut, control_entry());
	control_apply();
	assert_int_equal(admit(), ES_OK); /* the last that counts */
	follow();
	assert_int_equal(admit(), ES_BEYOND_CUT);
	s.c.prev_id.bytes[0] ^= 1; /* whatever else is wrong with it */
	assert_int_equal(admit(), ES_BEYOND_CUT);
	s.c.prev_id = head.id;
	in.lenient = true; /* given back to its author */
	assert_int_equal(admit(), ES_OK);
	assert_int_equal(admit_by(VANNES), ES_BAD_SIG);
}

static void the_cut_says_which_commit_is_the_last(void **state)
{
	(void)state;
	assert_int_equal(admit(), ES_OK);
	struct log_cut cut = cut_of_s(1, s.c.id);
	entry_resolve(&cut.log, &cut, control_entry());
	control_apply();
	s.c.hlc++;
	assert_int_equal(admit(), ES_FORK);
}

static void a_log_cut_at_nothing_holds_nothing(void **state)
{
	(void)state;
	entry_revoke(&w.keys[AURAY].hub, NULL, 0, control_entry());
	control_apply();
	assert_int_equal(admit(), ES_BEYOND_CUT);
}

static void a_suspended_member_s_log_goes_on(void **state)
{
	(void)state;
	entry_hub(OP_SUSPEND, &w.keys[AURAY].hub, control_entry());
	control_apply();
	assert_int_equal(admit(), ES_OK);
}

/* Auray takes the stranger's keys. */
static void rotate_auray(uint64_t cut_seq)
{
	struct rotation r = {.hub = w.keys[AURAY].hub, .sign = w.keys[STRANGER].sign, .dh = w.keys[STRANGER].dh, .epoch = 2};
	struct log_cut cut = cut_of_s(cut_seq, s.c.id);
	struct buf b;

	buf_init(&b, 256);
	rotation_message(&w.fed_id, &r, &b);
	r.old = crypto_sign_as(SIGN_ROTATE, &w.keys[AURAY].sign_secret, buf_slice(&b));
	r.new = crypto_sign_as(SIGN_ROTATE, &w.keys[STRANGER].sign_secret, buf_slice(&b));
	buf_done(&b);
	entry_rotate(&r, &cut, 1, control_entry());
	control_apply();
	assert_int_equal(rights_member(&w.rights, &w.keys[AURAY].hub)->epoch, 2);
}

static void a_commit_bears_the_key_of_its_place(void **state)
{
	static const struct { uint64_t seq; uint32_t epoch; unsigned by; enum es_err err; } row[] = {
		{1, 1, AURAY, ES_OK}, {1, 2, STRANGER, ES_BAD_SIG}, {1, 2, AURAY, ES_BAD_SIG}, {1, 1, STRANGER, ES_BAD_SIG},
		{2, 2, STRANGER, ES_OK}, {2, 1, AURAY, ES_BAD_SIG}, {2, 2, AURAY, ES_BAD_SIG}, {2, 3, STRANGER, ES_BAD_SIG},
	};

	(void)state;
	assert_int_equal(admit(), ES_OK);
	rotate_auray(1);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		if (row[i].seq > s.c.seq) {
			s.c.key_epoch = 1;
			assert_int_equal(admit(), ES_OK);
			follow();
		}
		s.c.key_epoch = row[i].epoch;
		assert_int_equal(admit_by(row[i].by), row[i].err);
	}
	in.lenient = true; /* what the old key signed beyond its turn goes back to its author */
	s.c.key_epoch = 1;
	assert_int_equal(admit(), ES_OK);
	s.c.key_epoch = 2;
	assert_int_equal(admit(), ES_BAD_SIG);
}

static void a_local_log_s_key_is_the_caller_s_to_choose(void **state)
{
	(void)state;
	s.c.log_id = head.log = w.open[AURAY][SCOPE_LOCAL].id;
	head.scope = SCOPE_LOCAL;
	s.c.prev_id = w.fed_id;
	s.c.key_epoch = 3;
	in.local_key = &w.keys[STRANGER].sign;
	assert_int_equal(admit_by(STRANGER), ES_OK);
	assert_int_equal(admit(), ES_BAD_SIG);
}

/* s without the change at that place. */
static enum es_err admit_without(uint32_t index)
{
	seal(&s, &w.keys[AURAY]);
	s.p.payload[index].present = false;
	return admit_commit(&in, &s.c, &s.p);
}

static void a_change_may_be_missing_where_an_order_to_forget_says_so(void **state)
{
	struct position3 at = {s.c.log_id, 1, 1};
	struct forget_order o = {.kind = 1, .upto = 9, .signer = w.keys[AURAY].hub, .epoch = 1, .is_signed = true};
	struct buf b;

	(void)state;
	write_put(sealed_add(&s), &w.keys[AURAY], s.c.hlc - 5, 0, "Il");
	assert_int_equal(admit_without(1), ES_CONTROL_AHEAD);
	memcpy(o.record.bytes, w.keys[AURAY].hub.bytes, 16);
	buf_init(&b, 256);
	forget_message(&w.fed_id, &o, &b);
	o.sig = crypto_sign_as(SIGN_FORGET, &w.keys[AURAY].sign_secret, buf_slice(&b));
	buf_done(&b);
	entry_forget(&o, &at, 1, control_entry());
	control_apply();
	assert_int_equal(admit_without(1), ES_OK); /* the order has come */
	assert_int_equal(admit_without(0), ES_CONTROL_AHEAD);
	assert_int_equal(admit(), ES_OK); /* who has it still drops it */
	assert_int_equal(admit_without(1), ES_OK);
	s.p.payload[0].salt.bytes[0] ^= 1; /* what is there is what was signed */
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
	in.lenient = true;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
	assert_int_equal(admit_without(0), ES_OK);
	s.p.count = 1; /* fewer than the header has */
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
}

static void a_void_commit_lets_its_log_go_on(void **state)
{
	struct log_cut which;

	(void)state;
	assert_int_equal(admit(), ES_OK);
	follow();
	s.c.hlc = head.hlc; /* does not rise, and its change comes from after it */
	assert_int_equal(admit(), ES_BAD_STAMP);
	which = cut_of_s(2, s.c.id);
	entry_void(&which, control_entry());
	control_apply();
	assert_int_equal(admit(), ES_OK);
	assert_int_equal(admit_without(0), ES_OK);
	assert_int_equal(admit_by(VANNES), ES_BAD_SIG);
	assert_int_equal(admit(), ES_OK);
	s.p.payload[0].salt.bytes[0] ^= 1;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
	s.c.hlc = stamp_at(NOW_MS + STAMP_SKEW_MAX_MS + 1);
	assert_int_equal(admit(), ES_CLOCK_SKEW);
}

static void before_the_next_control_commit(void)
{
	const struct sealed *last = &w.control[w.commits - 1];

	head = (struct head){.log = w.rights.control_log, .hub = w.keys[CRESS].hub, .seq = last->c.seq, .id = last->c.id,
			     .hlc = last->c.hlc};
}

static void a_control_commit_bears_the_cress_s_key_of_its_place(void **state)
{
	struct rotation r = {.hub = w.keys[CRESS].hub, .sign = w.keys[STRANGER].sign, .dh = w.keys[STRANGER].dh, .epoch = 2,
			     .emergency = true};
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	rotation_message(&w.fed_id, &r, &b);
	r.new = crypto_sign_as(SIGN_ROTATE, &w.keys[STRANGER].sign_secret, buf_slice(&b));
	buf_done(&b);
	before_the_next_control_commit();
	struct sealed *c = world_next(&w);
	entry_rotate(&r, NULL, 0, sealed_add(c));
	c->c.key_epoch = 2;
	seal(c, &w.keys[STRANGER]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_SIG);
	c->c.key_epoch = 1;
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_OK);
	control_apply();
	before_the_next_control_commit();
	c = world_next(&w);
	entry_quota(&w.keys[AURAY].hub, 1, sealed_add(c));
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_SIG);
	c->c.key_epoch = 2;
	seal(c, &w.keys[STRANGER]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_OK);
	sealed_done(c);
}

static void write_recovery(struct buf *out, const struct keys *by, uint64_t cut_seq)
{
	struct recovery r = {.sign = w.keys[STRANGER].sign, .dh = w.keys[STRANGER].dh, .epoch = 2, .cut_seq = cut_seq,
			     .cut_id = w.control[1].c.id, .key = by->sign};
	struct buf b;

	buf_init(&b, 256);
	recovery_message(&w.fed_id, &r, &b);
	r.sig = crypto_sign_as(SIGN_RECOVER, &by->sign_secret, buf_slice(&b));
	buf_done(&b);
	buf_clear(out);
	entry_recover(&r, out);
}

static void a_recovery_is_signed_by_the_key_that_it_brings(void **state)
{
	struct sealed *c = world_next(&w);

	(void)state;
	before_the_next_control_commit();
	write_recovery(sealed_add(c), &w.recovery, 2);
	c->c.key_epoch = 2;
	seal(c, &w.keys[STRANGER]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_OK);
	seal(c, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_SIG);
	c->c.key_epoch = 1;
	seal(c, &w.keys[CRESS]); /* the lost key stands for nothing here */
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_SIG);
	c->c.key_epoch = 2;
	const struct keys *by[] = {&w.keys[VANNES], &w.recovery};
	for (unsigned i = 0; i < 2; i++) { /* another recovery key, another cut */
		write_recovery(&c->change[0], by[i], 2 - i);
		seal(c, &w.keys[STRANGER]);
		assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_SIG);
	}
	write_recovery(&c->change[0], &w.recovery, 2);
	entry_quota(&w.keys[AURAY].hub, 1, sealed_add(c));
	struct buf first = c->change[0];
	c->change[0] = c->change[1];
	c->change[1] = first; /* not the first entry */
	seal(c, &w.keys[STRANGER]);
	assert_int_equal(admit_commit(&in, &c->c, &c->p), ES_BAD_SIG);
	sealed_done(c);
}

/* Anybody can copy a genesis; the CRESS's key alone founds with it. */
static void no_entry_gives_the_founding_commit_another_key(void **state)
{
	struct rotation r = {.hub = w.keys[CRESS].hub, .sign = w.keys[STRANGER].sign, .dh = w.keys[STRANGER].dh, .epoch = 2,
			     .emergency = true};
	struct sealed *f = &w.control[0];
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	rotation_message(&w.fed_id, &r, &b);
	r.new = crypto_sign_as(SIGN_ROTATE, &w.keys[STRANGER].sign_secret, buf_slice(&b));
	buf_done(&b);
	entry_rotate(&r, NULL, 0, sealed_add(f));
	before_the_founding();
	for (f->c.key_epoch = 1; f->c.key_epoch <= 2; f->c.key_epoch++) {
		seal(f, &w.keys[STRANGER]);
		assert_int_equal(admit_commit(&in, &f->c, &f->p), ES_BAD_SIG);
	}
	f->c.key_epoch = 1;
	seal(f, &w.keys[CRESS]);
	assert_int_equal(admit_commit(&in, &f->c, &f->p), ES_OK);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_commit_that_follows_its_head_is_admitted),
		T(a_commit_of_another_federation_is_refused),
		T(a_commit_at_or_below_the_head_is_passed_over_unless_it_is_a_fork),
		T(a_commit_out_of_its_chain_is_refused),
		T(a_commit_of_a_log_that_is_not_open_waits),
		T(the_control_position_is_held_here_and_is_the_same_commit),
		T(a_local_log_is_verified_with_our_key_and_may_precede_membership),
		T(a_local_log_goes_on_whatever_its_clock_once_said),
		T(stamps_rise_from_commit_to_commit),
		T(a_stamp_ahead_of_the_physical_clock_waits),
		T(an_edit_is_not_later_than_its_commit_nor_earlier_than_its_base),
		T(data_stays_out_of_the_control_log_and_control_out_of_data_logs),
		T(a_change_that_is_not_one_is_malformed),
		T(another_s_signature_and_another_key_epoch_are_refused),
		T(the_author_must_be_a_member),
		T(a_missing_change_waits_and_another_than_its_digest_is_refused),
		T(the_founding_commit_brings_its_own_key_and_opens_its_own_log),
		T(a_founding_without_a_cress_or_of_another_genesis_is_refused),
		T(control_commits_are_the_cress_s_and_name_the_position_before_them),
		T(a_control_generation_opens_itself),
		T(nothing_is_admitted_beyond_a_cut),
		T(the_cut_says_which_commit_is_the_last),
		T(a_log_cut_at_nothing_holds_nothing),
		T(a_suspended_member_s_log_goes_on),
		T(a_commit_bears_the_key_of_its_place),
		T(a_local_log_s_key_is_the_caller_s_to_choose),
		T(a_change_may_be_missing_where_an_order_to_forget_says_so),
		T(a_void_commit_lets_its_log_go_on),
		T(a_control_commit_bears_the_cress_s_key_of_its_place),
		T(a_recovery_is_signed_by_the_key_that_it_brings),
		T(no_entry_gives_the_founding_commit_another_key),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
