/* SPDX-License-Identifier: Apache-2.0
 *
 * Rights of several nodes in one process, held once while they say the same. */
#include "tests/proto/rights_life.h"

/* The same control log, folded by another node. */
static void fold_again(struct rights *r)
{
	rights_init(r, &w.fed_id);
	for (size_t i = 0; i < w.commits; i++)
		assert_int_equal(rights_apply(r, &w.control[i].c, &w.control[i].p), ES_OK);
}

static void sealed_next(struct rights *r)
{
	assert_int_equal(rights_apply(r, &w.control[w.commits - 1].c, &w.control[w.commits - 1].p), ES_OK);
}

static void hand_over_with_cuts(void)
{
	struct record_id record = record_of(AURAY, 1);
	struct log_cut cut = cut_at(AURAY, SCOPE_PUBLIC, 5);
	struct tenure t = hand_over(&record, AURAY, VANNES, &cut, 1);

	entry_steward(&t, entry());
	apply();
}

static void what_says_the_same_is_held_once(void **state)
{
	struct rights other;

	(void)state;
	hand_over_with_cuts();
	fold_again(&other);
	assert_ptr_not_equal(other.members, w.rights.members);
	assert_true(rights_share(&other, &w.rights));
	assert_ptr_equal(other.members, w.rights.members);
	assert_ptr_equal(other.logs, w.rights.logs);
	assert_ptr_equal(other.tenures, w.rights.tenures);
	assert_true(rights_share(&other, &w.rights)); /* already */
	assert_non_null(rights_member(&other, hub(AURAY)));
	rights_done(&other);
	assert_non_null(rights_member(&w.rights, hub(AURAY)));
}

static void who_applies_changes_nobody_else(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct rights other, third;

	(void)state;
	hand_over_with_cuts();
	fold_again(&other);
	fold_again(&third);
	assert_true(rights_share(&other, &w.rights) && rights_share(&third, &other));
	entry_hub(OP_SUSPEND, hub(AURAY), entry());
	apply();
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->state, MEMBER_SUSPENDED);
	assert_int_equal(rights_member(&other, hub(AURAY))->state, MEMBER_ACTIVE);
	struct id16 steward = rights_steward(&w.rights, &record, 1);
	assert_true(id_eq(&steward, hub(VANNES)));
	assert_int_equal(w.rights.tenures[0].cuts[0].seq, 5);
	assert_ptr_not_equal(w.rights.tenures[0].cuts, other.tenures[0].cuts);
	assert_false(rights_share(&other, &w.rights)); /* other positions */
	sealed_next(&other);
	sealed_next(&third);
	assert_true(rights_share(&third, &other) && rights_share(&w.rights, &third));
	rights_done(&other);
	rights_done(&third);
	assert_int_equal(rights_member(&w.rights, hub(AURAY))->state, MEMBER_SUSPENDED);
}

static void a_shared_copy_grows_as_any_other(void **state)
{
	struct rights other;

	(void)state;
	fold_again(&other);
	assert_true(rights_share(&other, &w.rights));
	while (w.commits < WORLD_COMMITS) {
		struct invitation_entry invite = {.expires = 1000};

		memset(invite.hash.bytes, (int)(100 + w.commits), sizeof invite.hash.bytes);
		strcpy(invite.pays, "auray");
		entry_invite(&invite, entry());
		apply();
		sealed_next(&other);
		assert_true(rights_share(&other, &w.rights));
	}
	assert_int_equal(other.invite_count, w.rights.invite_count);
	assert_true(other.invite_count > 8); /* past several powers of two */
	rights_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_says_the_same_is_held_once),
		T(who_applies_changes_nobody_else),
		T(a_shared_copy_grows_as_any_other),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
