/* SPDX-License-Identifier: Apache-2.0
 *
 * Records handed over and forgotten; then all entries at once, many and hostile. */
#include "tests/proto/rights_life.h"

/* --- hand-over --- */

static void gives(const struct record_id *record, unsigned from, unsigned to, struct log_cut *cuts, size_t n)
{
	struct tenure t = hand_over(record, from, to, cuts, n);

	entry_steward(&t, entry());
	apply();
}

static bool is_steward(const struct record_id *record, uint64_t seq, unsigned who)
{
	struct id16 s = rights_steward_at(&w.rights, record, 1, seq);

	return id_eq(&s, hub(who));
}

static void a_record_s_first_steward_is_its_creator(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct id16 s = rights_steward(&w.rights, &record, 1);

	(void)state;
	assert_true(id_eq(&s, hub(AURAY)));
	assert_true(rights_counts(&w.rights, hub(AURAY), &w.open[AURAY][SCOPE_PUBLIC].id, 1, 3, &record, 1));
	assert_false(rights_counts(&w.rights, hub(VANNES), &w.open[VANNES][SCOPE_PUBLIC].id, 1, 3, &record, 1));
}

static void a_change_counts_within_its_author_s_tenure(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct log_cut cuts[] = {cut_at(AURAY, SCOPE_PUBLIC, 5), cut_at(AURAY, SCOPE_FEDERATION, 2)};

	(void)state;
	gives(&record, AURAY, VANNES, cuts, 2);
	assert_true(w.rights.stewards_changed);
	uint64_t at = w.rights.seq;
	const struct { unsigned author; enum scope scope; uint64_t seq, ctl; bool counts; } row[] = {
		{AURAY, SCOPE_PUBLIC, 5, at - 1, true}, {AURAY, SCOPE_PUBLIC, 6, at - 1, false}, /* beyond the cut */
		{AURAY, SCOPE_PUBLIC, 5, at, false}, /* no steward any more there */
		{AURAY, SCOPE_FEDERATION, 2, at - 1, true}, {AURAY, SCOPE_FEDERATION, 3, at - 1, false},
		{AURAY, SCOPE_CRESS, 1, at - 1, false}, /* not listed */
		{VANNES, SCOPE_PUBLIC, 1, at - 1, false}, {VANNES, SCOPE_PUBLIC, 1, at, true}, {VANNES, SCOPE_CRESS, 9, at + 5, true},
	};
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		assert_int_equal(rights_counts(&w.rights, hub(row[i].author), &w.open[row[i].author][row[i].scope].id, row[i].seq,
					       row[i].ctl, &record, 1), row[i].counts);
	assert_true(is_steward(&record, at - 1, AURAY) && is_steward(&record, at, VANNES) && is_steward(&record, at + 9, VANNES));
	struct record_id another = record_of(AURAY, 2);
	struct id16 s = rights_steward(&w.rights, &another, 1), kind = rights_steward(&w.rights, &record, 2);
	assert_true(id_eq(&s, hub(AURAY)) && id_eq(&kind, hub(AURAY)));
	entry_quota(hub(AURAY), 1, entry());
	apply();
	assert_false(w.rights.stewards_changed);
}

static void a_record_may_go_there_and_back(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct log_cut there = cut_at(AURAY, SCOPE_PUBLIC, 5), back = cut_at(VANNES, SCOPE_PUBLIC, 3);
	const struct id16 *a = &w.open[AURAY][SCOPE_PUBLIC].id, *v = &w.open[VANNES][SCOPE_PUBLIC].id;

	(void)state;
	gives(&record, AURAY, VANNES, &there, 1);
	uint64_t first = w.rights.seq;
	gives(&record, VANNES, AURAY, &back, 1);
	uint64_t second = w.rights.seq;
	assert_true(rights_counts(&w.rights, hub(AURAY), a, 5, first - 1, &record, 1));
	assert_false(rights_counts(&w.rights, hub(AURAY), a, 6, first - 1, &record, 1));
	assert_true(rights_counts(&w.rights, hub(VANNES), v, 3, first, &record, 1));
	assert_false(rights_counts(&w.rights, hub(VANNES), v, 4, first, &record, 1));
	assert_false(rights_counts(&w.rights, hub(AURAY), a, 7, first, &record, 1));
	assert_true(rights_counts(&w.rights, hub(AURAY), a, 7, second, &record, 1));
	assert_false(rights_counts(&w.rights, hub(VANNES), v, 3, second, &record, 1));
}

static void two_hand_overs_in_one_commit_follow_each_other(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct tenure one = hand_over(&record, AURAY, VANNES, NULL, 0), two = hand_over(&record, VANNES, CRESS, NULL, 0);

	(void)state;
	two.answer.log = w.open[CRESS][SCOPE_PUBLIC].id;
	entry_steward(&one, entry());
	entry_steward(&two, entry_more());
	apply();
	assert_true(is_steward(&record, w.rights.seq, CRESS) && is_steward(&record, w.rights.seq - 1, AURAY));
	assert_false(rights_counts(&w.rights, hub(VANNES), &w.open[VANNES][SCOPE_PUBLIC].id, 1, w.rights.seq, &record, 1));
}

static void a_hand_over_that_is_not_allowed_has_no_effect(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct log_cut other = cut_at(VANNES, SCOPE_PUBLIC, 5), good = cut_at(AURAY, SCOPE_PUBLIC, 4);

	(void)state;
	checkpoint(AURAY, SCOPE_PUBLIC, 4);
	for (int i = 0; i < 8; i++) {
		struct tenure t = hand_over(&record, i == 0 ? VANNES : AURAY, i == 1 ? AURAY : VANNES, &good, 1);

		if (i == 0)
			t.to = *hub(AURAY); /* not from its steward */
		if (i == 2)
			t.to = *hub(STRANGER);
		if (i == 3)
			t.cuts = &other;
		if (i == 4)
			t.cut_count = 0; /* below the checkpoint */
		if (i == 5)
			t.offer.log = t.answer.log;
		if (i == 6)
			t.answer.log = t.offer.log;
		if (i == 7)
			t.offer.seq = 0;
		if (i == 0)
			entry();
		else
			entry_more();
		entry_steward(&t, &w.control[w.commits].change[i]);
	}
	apply();
	assert_true(is_steward(&record, w.rights.seq, AURAY));
	assert_int_equal(w.rights.tenure_count, 0);
	assert_false(w.rights.stewards_changed);
	gives(&record, AURAY, VANNES, &good, 1);
	gives(&record, AURAY, CRESS, &good, 1); /* too late */
	assert_true(is_steward(&record, w.rights.seq, VANNES));
}

static void a_revoked_member_hands_over_what_lies_below_its_cut(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct log_cut cuts[] = {cut_at(AURAY, SCOPE_FEDERATION, 2), cut_at(AURAY, SCOPE_PUBLIC, 5)};
	struct tenure t = hand_over(&record, AURAY, VANNES, cuts, 2);

	(void)state;
	entry_revoke(hub(AURAY), cuts, 2, entry());
	apply();
	t.offer.seq = 3;
	entry_steward(&t, entry());
	apply();
	assert_true(is_steward(&record, w.rights.seq, AURAY));
	t.offer.seq = 2;
	entry_steward(&t, entry());
	apply();
	assert_true(is_steward(&record, w.rights.seq, VANNES));
	assert_true(rights_counts(&w.rights, hub(AURAY), &cuts[1].log, 5, 3, &record, 1));
	assert_false(rights_counts(&w.rights, hub(AURAY), &cuts[1].log, 6, 3, &record, 1));
	record = record_of(VANNES, 1); /* nobody hands over to it */
	t = hand_over(&record, VANNES, AURAY, NULL, 0);
	entry_steward(&t, entry());
	apply();
	assert_true(is_steward(&record, w.rights.seq, VANNES));
}

/* --- forgetting --- */

static void a_forgotten_record_s_changes_may_be_missing(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	const struct id16 *a = &w.open[AURAY][SCOPE_PUBLIC].id, *f = &w.open[AURAY][SCOPE_FEDERATION].id;
	struct position3 first[] = {{*f, 4, 1}, {*a, 2, 0}, {*a, 2, 3}, {w.open[WATCHER][SCOPE_PUBLIC].id, 1, 0}};
	struct position3 then[] = {{*a, 1, 0}, {*f, 9, 2}, {*a, 7, 255}};
	struct forget_order o = order(&record, AURAY, 70);

	(void)state;
	assert_int_equal(rights_forgotten(&w.rights, &record, 1), 0);
	entry_forget(&o, first, 4, entry());
	apply();
	assert_true(w.rights.forgets_changed);
	o = order(&record, AURAY, 50);
	entry_quota(hub(AURAY), 1, entry());
	entry_forget(&o, then, 3, entry_more());
	apply();
	assert_int_equal(rights_forgotten(&w.rights, &record, 1), 70);
	assert_int_equal(rights_forgotten(&w.rights, &record, 2), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(rights_is_erased(&w.rights, &first[i].log, first[i].seq, first[i].index));
		assert_true(rights_is_erased(&w.rights, &then[i].log, then[i].seq, then[i].index));
		assert_false(rights_is_erased(&w.rights, &then[i].log, then[i].seq + 20, then[i].index));
	}
	assert_false(rights_is_erased(&w.rights, a, 2, 1) || rights_is_erased(&w.rights, f, 2, 0));
	assert_int_equal(w.rights.erased_count, 6); /* a log that is not open has nothing to erase */
	assert_int_equal(w.rights.forgotten_count, 2);
	assert_true(w.rights.forgotten[1].seq == w.rights.seq && w.rights.forgotten[1].index == 1);
	assert_true(id_eq(&w.rights.forgotten[1].steward, hub(AURAY)));
	entry_quota(hub(AURAY), 1, entry());
	apply();
	assert_false(w.rights.forgets_changed);
}

static void the_steward_alone_signs_to_forget(void **state)
{
	struct record_id record = record_of(AURAY, 1), other = record_of(AURAY, 2);

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct forget_order o = order(&record, i == 0 ? VANNES : AURAY, 70);

		if (i == 1)
			o.sig.bytes[5] ^= 1;
		if (i == 2)
			o.is_signed = false; /* its steward is there to sign */
		if (i == 3)
			o.upto++;
		if (i == 4)
			o.record = other;
		if (i == 5)
			o.kind = 2;
		if (i == 6)
			o.epoch = 2;
		if (i == 7)
			o.signer = *hub(VANNES);
		if (i == 0)
			entry();
		else
			entry_more();
		entry_forget(&o, NULL, 0, &w.control[w.commits].change[i]);
	}
	apply();
	assert_int_equal(w.rights.forgotten_count, 0);
	assert_false(w.rights.forgets_changed);
	gives(&record, AURAY, VANNES, NULL, 0);
	struct forget_order late = order(&record, AURAY, 70), now = order(&record, VANNES, 60);
	entry_forget(&late, NULL, 0, entry());
	entry_forget(&now, NULL, 0, entry_more());
	apply();
	assert_int_equal(rights_forgotten(&w.rights, &record, 1), 60);
}

static void a_revoked_steward_s_record_is_forgotten_by_the_cress(void **state)
{
	struct record_id record = record_of(AURAY, 1);
	struct forget_order o = {.record = record, .kind = 1, .upto = 70, .signer = *hub(CRESS), .epoch = 1};

	(void)state;
	entry_revoke(hub(AURAY), NULL, 0, entry());
	entry_forget(&o, NULL, 0, entry_more());
	o.record = record_of(STRANGER, 1);
	entry_forget(&o, NULL, 0, entry_more());
	apply();
	assert_int_equal(rights_forgotten(&w.rights, &record, 1), 70);
	assert_int_equal(w.rights.forgotten_count, 1);
}

/* --- all of them --- */

static struct packed one;

/* Entries without their commit: as rights_apply() is called when all has been checked. */
static enum es_err apply_bytes(struct rights *r, struct slice bytes)
{
	struct commit *c = &w.control[0].c;

	c->seq = r->seq + 1;
	c->prev_id = r->id;
	one.count = 1;
	one.payload[0].present = true;
	one.payload[0].change = bytes;
	return rights_apply(r, c, &one);
}

static void a_thousand_members_are_found_as_few_are(void **state)
{
	enum { MANY = 1000 };
	struct buf b;

	(void)state;
	buf_init(&b, CHANGE_MAX);
	for (unsigned i = 0; i < MANY; i++) {
		struct member m = {.role = ROLE_HUB, .epoch = 1};
		uint8_t seed[32] = {77, (uint8_t)i, (uint8_t)(i >> 8)};
		struct sign_secret sk;

		crypto_sign_keys(seed, &m.sign, &sk);
		memcpy(m.dh.bytes, seed, 32);
		m.hub = crypto_hub_id(&w.fed_id, &m.sign);
		buf_clear(&b);
		entry_member(&m, &w.charter, NULL, &b);
		assert_int_equal(apply_bytes(&w.rights, buf_slice(&b)), ES_OK);
		for (unsigned scope = SCOPE_PUBLIC; scope <= SCOPE_CRESS; scope++) {
			struct open_log log = {.hub = m.hub, .scope = (enum scope)scope, .generation = 1};

			log.id = crypto_log_id(&w.fed_id, &m.hub, (uint8_t)scope, &log.nonce);
			buf_clear(&b);
			entry_open(&log, &b);
			assert_int_equal(apply_bytes(&w.rights, buf_slice(&b)), ES_OK);
		}
	}
	assert_int_equal(w.rights.member_count, MANY + 3);
	for (size_t i = 0; i < w.rights.member_count; i++) {
		const struct member *m = &w.rights.members[i];

		assert_ptr_equal(rights_member(&w.rights, &m->hub), m);
		assert_ptr_equal(rights_member_dh(&w.rights, &m->dh), m);
		assert_ptr_equal(rights_member_sign(&w.rights, &m->sign), m);
	}
	for (size_t i = 0; i < w.rights.log_count; i++) {
		const struct open_log *log = &w.rights.logs[i];

		assert_ptr_equal(rights_log(&w.rights, &log->id), log);
		assert_ptr_equal(rights_log_of(&w.rights, &log->hub, log->scope), log);
	}
	buf_done(&b);
}

/* One valid entry of each kind. */
static void write_entry(unsigned i, struct buf *out)
{
	static struct keys two;
	struct record_id record = record_of(AURAY, 1);
	struct log_cut cuts[] = {cut_at(AURAY, SCOPE_PUBLIC, 5), cut_at(AURAY, SCOPE_CRESS, 0)};
	struct open_log second = world_open(&w, AURAY, SCOPE_PUBLIC, 2);
	struct tenure t = hand_over(&record, AURAY, VANNES, cuts, 2);
	struct forget_order o = order(&record, AURAY, 70);
	struct position3 at[] = {{cuts[0].log, 2, 0}, {cuts[1].log, 1, 7}};
	struct invitation_entry invite = {.hash = {{4}}, .replaces = true, .hub = *hub(AURAY)};

	two = fresh(20);
	struct rotation rotate = rotation(AURAY, &w.keys[AURAY], &two, 2);
	struct recovery recover = recovery(&w.recovery, &two);
	switch (i) {
	case 0:
		entry_open_cut(&second, &cuts[0], out);
		break;
	case 1:
		entry_revoke(hub(VANNES), NULL, 0, out);
		break;
	case 2:
		entry_rotate(&rotate, cuts, 2, out);
		break;
	case 3:
		entry_recover(&recover, out);
		break;
	case 4:
		entry_steward(&t, out);
		break;
	case 5:
		entry_forget(&o, at, 2, out);
		break;
	case 6:
		entry_checkpoint(cuts, 2, out);
		break;
	case 7:
		entry_void(&cuts[0], out);
		break;
	case 8:
		entry_resolve(&cuts[0].log, &cuts[0], out);
		break;
	case 9:
		entry_resolve_control(2, &w.fed_id, &w.charter, 1, out);
		break;
	case 10:
		entry_alone(out);
		break;
	case 11:
		entry_quota(hub(AURAY), 70000, out);
		break;
	case 12:
		entry_invite(&invite, out);
		break;
	case 13:
		entry_hub(OP_SUSPEND, hub(AURAY), out);
		break;
	default:
		entry_charter_version(slice_str("a"), slice_str("b"), slice_str("c"), true, out);
		break;
	}
}
#define ENTRIES 15

static void what_the_writers_write_is_canonical_and_applies(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, CHANGE_MAX);
	for (unsigned i = 0; i < ENTRIES; i++) {
		buf_clear(&b);
		write_entry(i, &b);
		assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
		assert_int_equal(apply_bytes(&w.rights, buf_slice(&b)), ES_OK);
	}
	buf_done(&b);
}

static uint32_t dice_state = 1;

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

static void found(struct rights *r)
{
	rights_init(r, &w.fed_id);
	for (unsigned i = 0; i < w.commits; i++)
		assert_int_equal(rights_apply(r, &w.control[i].c, &w.control[i].p), ES_OK);
}

static void same_rights(const struct rights *a, const struct rights *b)
{
	assert_int_equal(a->log_count, b->log_count);
	assert_memory_equal(a->logs, b->logs, a->log_count * sizeof *a->logs);
	assert_int_equal(a->member_count, b->member_count);
	assert_memory_equal(a->members, b->members, a->member_count * sizeof *a->members);
	assert_int_equal(a->turn_count, b->turn_count);
	assert_int_equal(a->tenure_count, b->tenure_count);
	assert_int_equal(a->forgotten_count, b->forgotten_count);
	assert_int_equal(a->void_count, b->void_count);
	assert_int_equal(a->erased_count, b->erased_count);
}

/* Bytes changed at random: an error or an effect, the same for two readers. */
static void hostile_entries_do_the_same_everywhere(void **state)
{
	struct rights a, b;
	struct buf bytes;

	(void)state;
	buf_init(&bytes, CHANGE_MAX);
	struct commit first = w.control[0].c;
	for (unsigned round = 0; round < 300; round++) {
		w.control[0].c = first;
		found(&a);
		found(&b);
		for (unsigned n = 0; n < 60; n++) {
			buf_clear(&bytes);
			write_entry(dice(ENTRIES), &bytes);
			for (uint32_t flips = dice(3); flips > 0; flips--)
				bytes.p[dice((uint32_t)bytes.len)] = (uint8_t)dice(256);
			if (dice(20) == 0)
				bytes.len = dice((uint32_t)bytes.len + 1);
			enum es_err err = apply_bytes(&a, buf_slice(&bytes));
			assert_int_equal(apply_bytes(&b, buf_slice(&bytes)), err);
		}
		same_rights(&a, &b);
		rights_done(&a);
		rights_done(&b);
	}
	buf_done(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_record_s_first_steward_is_its_creator),
		T(a_change_counts_within_its_author_s_tenure),
		T(a_record_may_go_there_and_back),
		T(two_hand_overs_in_one_commit_follow_each_other),
		T(a_hand_over_that_is_not_allowed_has_no_effect),
		T(a_revoked_member_hands_over_what_lies_below_its_cut),
		T(a_forgotten_record_s_changes_may_be_missing),
		T(the_steward_alone_signs_to_forget),
		T(a_revoked_steward_s_record_is_forgotten_by_the_cress),
		T(a_thousand_members_are_found_as_few_are),
		T(what_the_writers_write_is_canonical_and_applies),
		T(hostile_entries_do_the_same_everywhere),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
