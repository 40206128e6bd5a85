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

static void a_change_that_is_missing_or_another_than_its_digest_is_refused(void **state)
{
	(void)state;
	assert_int_equal(admit(), ES_OK);
	s.p.payload[0].salt.bytes[0] ^= 1;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
	s.p.payload[0].present = false;
	assert_int_equal(admit_commit(&in, &s.c, &s.p), ES_BAD_DIGEST);
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
		T(stamps_rise_from_commit_to_commit),
		T(a_stamp_ahead_of_the_physical_clock_waits),
		T(an_edit_is_not_later_than_its_commit_nor_earlier_than_its_base),
		T(data_stays_out_of_the_control_log_and_control_out_of_data_logs),
		T(a_change_that_is_not_one_is_malformed),
		T(another_s_signature_and_another_key_epoch_are_refused),
		T(the_author_must_be_a_member),
		T(a_change_that_is_missing_or_another_than_its_digest_is_refused),
		T(the_founding_commit_brings_its_own_key_and_opens_its_own_log),
		T(a_founding_without_a_cress_or_of_another_genesis_is_refused),
		T(control_commits_are_the_cress_s_and_name_the_position_before_them),
		T(a_control_generation_opens_itself),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
