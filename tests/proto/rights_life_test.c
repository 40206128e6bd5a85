/* SPDX-License-Identifier: Apache-2.0
 *
 * What a control log says as time goes on: cuts, members, keys. */
#include "tests/proto/rights_life.h"

/* --- cuts --- */

static void an_open_cuts_the_generation_before_it(void **state)
{
	struct open_log second = world_open(&w, AURAY, SCOPE_PUBLIC, 2);
	struct log_cut cut = cut_at(AURAY, SCOPE_PUBLIC, 5);

	(void)state;
	entry_open_cut(&second, &cut, entry());
	apply();
	assert_true(w.rights.cuts_changed);
	const struct open_log *first = log_at(AURAY, SCOPE_PUBLIC);
	assert_true(first->cut && first->cut_seq == 5 && hash_eq(&first->cut_id, &cut.id));
	assert_false(is_void(AURAY, SCOPE_PUBLIC, 5));
	assert_true(is_void(AURAY, SCOPE_PUBLIC, 6));
	assert_false(is_void(AURAY, SCOPE_FEDERATION, 6));
	assert_false(rights_is_void(&w.rights, &second.id, 6));
	assert_true(id_eq(&rights_log_of(&w.rights, hub(AURAY), SCOPE_PUBLIC)->id, &second.id));
	entry_quota(hub(AURAY), 1, entry());
	apply();
	assert_false(w.rights.cuts_changed);
}

static void an_open_whose_cut_is_not_allowed_opens_nothing(void **state)
{
	struct open_log second = world_open(&w, AURAY, SCOPE_PUBLIC, 2), control = world_open(&w, CRESS, SCOPE_CONTROL, 2);
	struct log_cut row[] = {
		cut_at(AURAY, SCOPE_PUBLIC, 3), /* below the checkpoint */
		cut_at(AURAY, SCOPE_PUBLIC, 0),
		cut_at(AURAY, SCOPE_PUBLIC, 4), /* at it, another commit */
		cut_at(AURAY, SCOPE_FEDERATION, 9), /* another scope */
		cut_at(VANNES, SCOPE_PUBLIC, 9), /* another hub */
		cut_at(WATCHER, SCOPE_PUBLIC, 9), /* not open */
	};

	(void)state;
	checkpoint(AURAY, SCOPE_PUBLIC, 4);
	row[2].id.bytes[0] ^= 1;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		if (i == 0)
			entry();
		else
			entry_more();
		entry_open_cut(&second, &row[i], &w.control[w.commits].change[i]);
	}
	entry_open_cut(&control, &row[4], entry_more());
	apply();
	assert_false(w.rights.cuts_changed);
	assert_null(rights_log(&w.rights, &second.id));
	assert_false(log_at(AURAY, SCOPE_PUBLIC)->cut || log_at(AURAY, SCOPE_FEDERATION)->cut || log_at(VANNES, SCOPE_PUBLIC)->cut);
	row[0] = cut_at(AURAY, SCOPE_PUBLIC, 4);
	struct open_log early = world_open(&w, AURAY, SCOPE_PUBLIC, 3);
	early.generation = 1; /* not after the one it cuts */
	entry_open_cut(&early, &row[0], entry());
	entry_open_cut(&second, &row[0], entry_more());
	apply();
	assert_null(rights_log(&w.rights, &early.id));
	assert_int_equal(log_at(AURAY, SCOPE_PUBLIC)->cut_seq, 4);
	assert_non_null(rights_log(&w.rights, &second.id));
}

static void of_several_cuts_the_smallest_counts(void **state)
{
	static const struct { uint64_t seq, then; bool changed; } row[] = {{9, 9, true}, {4, 4, true}, {7, 4, false}, {4, 4, false}, {0, 0, true}};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct log_cut cut = cut_at(AURAY, SCOPE_CRESS, row[i].seq);

		entry_resolve(&cut.log, &cut, entry());
		apply();
		assert_true(log_at(AURAY, SCOPE_CRESS)->cut);
		assert_int_equal(log_at(AURAY, SCOPE_CRESS)->cut_seq, row[i].then);
		assert_int_equal(w.rights.cuts_changed, row[i].changed);
	}
	assert_true(is_void(AURAY, SCOPE_CRESS, 1));
}

static void a_resolve_cuts_the_log_it_names_and_not_below_its_checkpoint(void **state)
{
	struct log_cut cut = cut_at(AURAY, SCOPE_PUBLIC, 9), low = cut_at(VANNES, SCOPE_PUBLIC, 2);

	(void)state;
	checkpoint(VANNES, SCOPE_PUBLIC, 3);
	entry_resolve(&low.log, &cut, entry());
	entry_resolve(&low.log, &low, entry_more());
	low = cut_at(WATCHER, SCOPE_PUBLIC, 2);
	entry_resolve(&low.log, &low, entry_more());
	entry_resolve(&w.control_open.id, &(struct log_cut){.log = w.control_open.id}, entry_more());
	apply();
	assert_false(w.rights.cuts_changed);
	assert_false(rights_log(&w.rights, &w.control_open.id)->cut);
}

/* ...but which commit stands at the checkpoint's own number, it may say. */
static void a_resolve_beside_a_checkpoint_sets_it_right(void **state)
{
	struct log_cut cut = cut_at(VANNES, SCOPE_PUBLIC, 3);

	(void)state;
	checkpoint(VANNES, SCOPE_PUBLIC, 3);
	cut.id.bytes[0] ^= 1;
	assert_false(rights_may_cut(&w.rights, &cut));
	entry_resolve(&cut.log, &cut, entry());
	apply();
	assert_true(log_at(VANNES, SCOPE_PUBLIC)->cut);
	assert_int_equal(log_at(VANNES, SCOPE_PUBLIC)->cut_seq, 3);
	assert_memory_equal(&log_at(VANNES, SCOPE_PUBLIC)->cut_id, &cut.id, sizeof cut.id);
	assert_true(rights_may_cut(&w.rights, &cut));
}

static void a_revocation_is_final_and_cuts_every_log(void **state)
{
	struct log_cut cuts[] = {cut_at(AURAY, SCOPE_FEDERATION, 7), cut_at(AURAY, SCOPE_PUBLIC, 2)};
	struct open_log second = world_open(&w, AURAY, SCOPE_PUBLIC, 2);

	(void)state;
	entry_revoke(hub(AURAY), cuts, 2, entry());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->state, MEMBER_REVOKED);
	assert_true(w.rights.cuts_changed);
	assert_int_equal(log_at(AURAY, SCOPE_PUBLIC)->cut_seq, 2);
	assert_int_equal(log_at(AURAY, SCOPE_FEDERATION)->cut_seq, 7);
	assert_true(log_at(AURAY, SCOPE_CRESS)->cut && log_at(AURAY, SCOPE_CRESS)->cut_seq == 0); /* not listed */
	assert_false(log_at(VANNES, SCOPE_PUBLIC)->cut);
	entry_hub(OP_RESUME, hub(AURAY), entry());
	entry_revoke(hub(AURAY), NULL, 0, entry_more());
	entry_open(&second, entry_more());
	entry_revoke(hub(CRESS), NULL, 0, entry_more());
	entry_revoke(hub(STRANGER), NULL, 0, entry_more());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->state, MEMBER_REVOKED);
	assert_int_equal(log_at(AURAY, SCOPE_PUBLIC)->cut_seq, 2);
	assert_null(rights_log(&w.rights, &second.id));
	assert_int_equal(rights_cress(&w.rights)->state, MEMBER_ACTIVE);
	assert_false(w.rights.cuts_changed);
}

static void a_revocation_below_a_checkpoint_does_not_apply(void **state)
{
	static const struct { uint64_t seq; bool other, done; } row[] = {{3, false, false}, {0, false, false}, {5, true, false}, {4, false, true}};

	(void)state;
	checkpoint(AURAY, SCOPE_PUBLIC, 4);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct log_cut cuts[] = {cut_at(AURAY, SCOPE_PUBLIC, row[i].seq), cut_at(VANNES, SCOPE_PUBLIC, 9)};

		entry_revoke(hub(AURAY), cuts, row[i].other ? 2 : 1, entry()); /* another's log is not cut with it */
		apply();
		assert_int_equal(rights_member(&w.rights, hub(AURAY))->state == MEMBER_REVOKED, row[i].done);
		assert_int_equal(log_at(AURAY, SCOPE_PUBLIC)->cut, row[i].done);
		assert_false(log_at(VANNES, SCOPE_PUBLIC)->cut);
	}
}

static void a_checkpoint_only_rises(void **state)
{
	struct log_cut heads[] = {cut_at(AURAY, SCOPE_PUBLIC, 6), cut_at(WATCHER, SCOPE_PUBLIC, 3), cut_at(VANNES, SCOPE_PUBLIC, 2)};
	struct log_cut cut = cut_at(VANNES, SCOPE_CRESS, 1);

	(void)state;
	assert_int_equal(w.rights.checkpoint_utc, 0);
	entry_resolve(&cut.log, &cut, entry());
	entry_checkpoint(heads, 3, entry_more());
	apply();
	heads[0] = cut_at(AURAY, SCOPE_PUBLIC, 5);
	heads[1] = cut_at(VANNES, SCOPE_PUBLIC, 3);
	heads[2] = cut_at(VANNES, SCOPE_CRESS, 2); /* beyond its cut */
	entry_checkpoint(heads, 3, entry());
	apply();
	assert_int_equal(log_at(AURAY, SCOPE_PUBLIC)->checkpoint, 6);
	assert_int_equal(log_at(AURAY, SCOPE_PUBLIC)->checkpoint_id.bytes[0], 6);
	assert_int_equal(log_at(VANNES, SCOPE_PUBLIC)->checkpoint, 3);
	assert_int_equal(log_at(VANNES, SCOPE_CRESS)->checkpoint, 0);
	assert_int_equal(w.rights.checkpoint_seq, w.rights.seq);
	assert_int_equal(w.rights.checkpoint_utc, stamp_ms(w.control[w.commits - 1].c.hlc));
	assert_false(w.rights.cuts_changed);
}

static void a_void_commit_is_inert_and_no_other(void **state)
{
	struct log_cut which = cut_at(AURAY, SCOPE_PUBLIC, 5), below = cut_at(VANNES, SCOPE_PUBLIC, 2);
	struct log_cut control = {.log = w.control_open.id, .seq = 2};

	(void)state;
	checkpoint(VANNES, SCOPE_PUBLIC, 2);
	entry_void(&which, entry());
	entry_void(&below, entry_more());
	entry_void(&control, entry_more());
	apply();
	assert_true(w.rights.cuts_changed);
	assert_true(is_void(AURAY, SCOPE_PUBLIC, 5));
	assert_false(is_void(AURAY, SCOPE_PUBLIC, 4) || is_void(AURAY, SCOPE_PUBLIC, 6) || is_void(AURAY, SCOPE_CRESS, 5));
	assert_false(is_void(VANNES, SCOPE_PUBLIC, 2));
	assert_int_equal(w.rights.void_count, 1);
}

/* --- members --- */

static void suspension_comes_and_goes_and_cuts_nothing(void **state)
{
	(void)state;
	entry_hub(OP_SUSPEND, hub(AURAY), entry());
	entry_hub(OP_SUSPEND, hub(CRESS), entry_more());
	entry_hub(OP_SUSPEND, hub(STRANGER), entry_more());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->state, MEMBER_SUSPENDED);
	assert_int_equal(rights_cress(&w.rights)->state, MEMBER_ACTIVE);
	assert_false(log_at(AURAY, SCOPE_PUBLIC)->cut || w.rights.cuts_changed);
	entry_hub(OP_RESUME, hub(AURAY), entry());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->state, MEMBER_ACTIVE);
}

static void a_quota_is_one_member_s(void **state)
{
	(void)state;
	entry_quota(hub(AURAY), 5000000000, entry());
	entry_quota(hub(STRANGER), 1, entry_more());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->quota, 5000000000);
	assert_int_equal(rights_member(&w.rights, hub(VANNES))->quota, 0);
	entry_quota(hub(AURAY), 0, entry());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->quota, 0);
}

static void an_officer_may_go_on_alone(void **state)
{
	struct hash given_up[2] = {{{1}}, {{2}}};

	(void)state;
	entry_alone(entry());
	apply();
	assert_true(w.rights.alone);
	entry_resolve_control(2, &w.control[1].c.id, given_up, 2, entry());
	apply();
	assert_false(w.rights.alone || w.rights.cuts_changed);
	assert_int_equal(w.rights.given_up_count, 2);
	assert_true(hash_eq(&w.rights.given_up[1], &given_up[1]));
}

/* --- keys --- */

static void expect_key(unsigned who, const struct id16 *log, uint64_t seq, const struct keys *key, uint32_t epoch)
{
	uint32_t got;
	const struct sign_public *k = rights_key(&w.rights, hub(who), log, seq, &got);

	assert_non_null(k);
	assert_int_equal(got, epoch);
	assert_memory_equal(k->bytes, key->sign.bytes, 32);
}

static void each_position_has_one_key(void **state)
{
	struct keys two = fresh(20), three = fresh(21);
	struct log_cut cuts[] = {cut_at(AURAY, SCOPE_PUBLIC, 5), cut_at(AURAY, SCOPE_FEDERATION, 2)};
	struct rotation r = rotation(AURAY, &w.keys[AURAY], &two, 2);
	struct open_log later = world_open(&w, AURAY, SCOPE_PUBLIC, 2);
	const struct id16 *pub = &w.open[AURAY][SCOPE_PUBLIC].id;
	uint32_t epoch;

	(void)state;
	expect_key(AURAY, pub, 1, &w.keys[AURAY], 1);
	entry_rotate(&r, cuts, 2, entry());
	apply();
	r = rotation(AURAY, &two, &three, 3);
	cuts[0].seq = 8;
	entry_rotate(&r, cuts, 1, entry());
	entry_open(&later, entry_more());
	apply();
	assert_true(w.rights.cuts_changed);
	expect_key(AURAY, pub, 5, &w.keys[AURAY], 1);
	expect_key(AURAY, pub, 6, &two, 2);
	expect_key(AURAY, pub, 8, &two, 2);
	expect_key(AURAY, pub, 9, &three, 3);
	expect_key(AURAY, &w.open[AURAY][SCOPE_FEDERATION].id, 2, &w.keys[AURAY], 1);
	expect_key(AURAY, &w.open[AURAY][SCOPE_FEDERATION].id, 3, &three, 3); /* not listed the second time */
	expect_key(AURAY, &w.open[AURAY][SCOPE_CRESS].id, 1, &three, 3);
	expect_key(AURAY, &later.id, 1, &three, 3);
	assert_null(rights_key(&w.rights, hub(STRANGER), pub, 1, &epoch));
	const struct member *m = rights_member(&w.rights, hub(AURAY));
	assert_ptr_equal(rights_member_sign(&w.rights, &three.sign), m);
	assert_ptr_equal(rights_member_dh(&w.rights, &three.dh), m);
	assert_null(rights_member_sign(&w.rights, &two.sign));
	assert_null(rights_member_dh(&w.rights, &w.keys[AURAY].dh));
	assert_memory_equal(rights_key_age(&w.rights, hub(AURAY), 2)->sign.bytes, two.sign.bytes, 32);
	assert_null(rights_key_age(&w.rights, hub(AURAY), 4));
	assert_null(rights_key_age(&w.rights, hub(VANNES), 2));
}

static void a_rotation_is_signed_by_both_keys(void **state)
{
	struct keys two = fresh(20), other = fresh(21);
	struct log_cut low = cut_at(AURAY, SCOPE_PUBLIC, 1);

	(void)state;
	checkpoint(AURAY, SCOPE_PUBLIC, 2);
	struct log_cut good = cut_at(AURAY, SCOPE_PUBLIC, 2);
	for (int i = 0; i < 10; i++) {
		struct rotation r = rotation(AURAY, i == 0 ? &w.keys[VANNES] : &w.keys[AURAY], i == 7 ? &w.keys[VANNES] : &two,
					     i == 3 ? 1 : 2);
		if (i == 1)
			r.new = r.old;
		if (i == 2)
			r.old.bytes[3] ^= 1;
		if (i == 4)
			r.dh = other.dh; /* not what was signed */
		if (i == 5)
			r.hub = *hub(VANNES);
		if (i == 6)
			r.hub = *hub(STRANGER);
		if (i % 8 == 0)
			entry();
		else
			entry_more();
		entry_rotate(&r, i == 8 ? &low : &good, i == 9 ? 0 : 1, &w.control[w.commits].change[i % 8]);
		if (i == 7)
			apply();
	}
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->epoch, 1);
	assert_int_equal(rights_member(&w.rights, hub(VANNES))->epoch, 1);
	assert_int_equal(w.rights.turn_count, 0);
	struct rotation r = rotation(AURAY, &w.keys[AURAY], &two, 2);
	entry_rotate(&r, &good, 1, entry());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->epoch, 2);
}

static void a_lost_key_is_replaced_by_the_cress_alone(void **state)
{
	struct keys two = fresh(20);
	struct rotation r = rotation(AURAY, NULL, &two, 2);
	struct invitation_entry i = {.hash = {{5}}, .pays = "auray", .replaces = true, .hub = *hub(AURAY)}, far = i;

	(void)state;
	far.hash.bytes[0] = 6;
	far.hub = *hub(STRANGER);
	entry_invite(&i, entry());
	entry_invite(&far, entry_more());
	apply();
	const struct invitation_entry *e = rights_invite(&w.rights, &i.hash);
	assert_true(e && e->replaces && !e->used && id_eq(&e->hub, hub(AURAY)));
	assert_null(rights_invite(&w.rights, &far.hash)); /* replaces nobody */
	entry_rotate(&r, NULL, 0, entry());
	apply();
	assert_memory_equal(rights_member(&w.rights, hub(AURAY))->sign.bytes, two.sign.bytes, 32);
	assert_true(rights_invite(&w.rights, &i.hash)->used);
}

static void a_revoked_member_gets_no_key(void **state)
{
	struct keys two = fresh(20);
	struct rotation r = rotation(AURAY, &w.keys[AURAY], &two, 2);

	(void)state;
	entry_revoke(hub(AURAY), NULL, 0, entry());
	entry_rotate(&r, NULL, 0, entry_more());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->epoch, 1);
}

static void the_cress_s_control_key_turns_with_the_entry(void **state)
{
	static const struct id16 control;
	struct keys two = fresh(20);
	struct log_cut cut = cut_at(CRESS, SCOPE_PUBLIC, 3);
	struct rotation r = rotation(CRESS, &w.keys[CRESS], &two, 2);

	(void)state;
	entry_rotate(&r, &cut, 1, entry());
	apply();
	uint64_t seq = w.rights.seq;
	expect_key(CRESS, &control, 1, &w.keys[CRESS], 1);
	expect_key(CRESS, &control, seq, &w.keys[CRESS], 1);
	expect_key(CRESS, &control, seq + 1, &two, 2);
	expect_key(CRESS, &w.open[CRESS][SCOPE_PUBLIC].id, 3, &w.keys[CRESS], 1);
	expect_key(CRESS, &w.open[CRESS][SCOPE_PUBLIC].id, 4, &two, 2);
}

static void the_recovery_key_gives_the_cress_a_new_one(void **state)
{
	static const struct id16 control;
	struct keys two = fresh(20);
	struct recovery r = recovery(&w.recovery, &two);

	(void)state;
	entry_recover(&r, entry());
	apply();
	uint64_t seq = w.rights.seq;
	assert_int_equal(rights_cress(&w.rights)->epoch, 2);
	assert_true(w.rights.cuts_changed);
	expect_key(CRESS, &control, seq - 1, &w.keys[CRESS], 1);
	expect_key(CRESS, &control, seq, &two, 2); /* its own commit bears it */
	expect_key(CRESS, &w.open[CRESS][SCOPE_PUBLIC].id, 9, &w.keys[CRESS], 1);
	assert_ptr_equal(rights_member_dh(&w.rights, &two.dh), rights_cress(&w.rights));
}

static void a_recovery_that_does_not_hold_has_no_effect(void **state)
{
	struct keys two = fresh(20);

	(void)state;
	for (int i = 0; i < 7; i++) {
		struct buf *first = entry();
		struct recovery r = recovery(i == 0 ? &w.keys[CRESS] : &w.recovery, i == 1 ? &w.keys[VANNES] : &two);

		r.cut_seq -= i == 2;
		r.cut_id.bytes[0] ^= i == 3;
		r.epoch -= i == 4;
		r.sig.bytes[0] ^= i == 5;
		if (i == 6) { /* it would hold as the commit's first entry */
			entry_quota(hub(AURAY), 7, first);
			first = entry_more();
		}
		entry_recover(&r, first);
		apply();
	}
	assert_int_equal(rights_cress(&w.rights)->epoch, 1);
	assert_int_equal(w.rights.turn_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_open_cuts_the_generation_before_it),
		T(an_open_whose_cut_is_not_allowed_opens_nothing),
		T(of_several_cuts_the_smallest_counts),
		T(a_resolve_cuts_the_log_it_names_and_not_below_its_checkpoint),
		T(a_resolve_beside_a_checkpoint_sets_it_right),
		T(a_revocation_is_final_and_cuts_every_log),
		T(a_revocation_below_a_checkpoint_does_not_apply),
		T(a_checkpoint_only_rises),
		T(a_void_commit_is_inert_and_no_other),
		T(suspension_comes_and_goes_and_cuts_nothing),
		T(a_quota_is_one_member_s),
		T(an_officer_may_go_on_alone),
		T(each_position_has_one_key),
		T(a_rotation_is_signed_by_both_keys),
		T(a_lost_key_is_replaced_by_the_cress_alone),
		T(a_revoked_member_gets_no_key),
		T(the_cress_s_control_key_turns_with_the_entry),
		T(the_recovery_key_gives_the_cress_a_new_one),
		T(a_recovery_that_does_not_hold_has_no_effect),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
