/* SPDX-License-Identifier: Apache-2.0
 *
 * Restored, cloned, fenced and revoked nodes, forks, and what is given back: the
 * session's part in protocol.md part 6, rule by rule. */
#include "tests/proto/session_pair.h"

static struct pair pair;
static struct world other; /* the same keys, another fourth control commit */

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	world_init(&other);
	world_found(&other);
	world_let_in(&other, AURAY);
	world_let_in(&other, VANNES);
	world_let_in(&other, STRANGER);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_done(&pair);
	world_done(&other);
	return 0;
}

static void meet(void)
{
	start(&pair);
	talk(&pair);
}

static struct head *head(struct node *n, unsigned who, enum scope scope)
{
	return &n->frontier.heads[node_log(n, who, scope)];
}

static bool same_head(unsigned who, enum scope scope)
{
	const struct head *a = head(&pair.a, who, scope), *b = head(&pair.b, who, scope);

	return a->seq == b->seq && hash_eq(&a->id, &b->id);
}

static uint32_t items(const struct node *n, enum wire_type type)
{
	struct canon_reader r;

	canon_read_init(&r, buf_slice(&n->heard[type]));
	return canon_read_array(&r, RIGHTS_LOGS_MAX);
}

static struct member *member_at(struct node *n, unsigned who)
{
	for (size_t i = 0; i < n->rights.member_count; i++)
		if (id_eq(&n->rights.members[i].hub, &n->w->keys[who].hub))
			return &n->rights.members[i];
	return NULL;
}

static struct open_log *log_at(struct node *n, unsigned who, enum scope scope)
{
	for (size_t i = 0; i < n->rights.log_count; i++)
		if (id_eq(&n->rights.logs[i].id, &n->w->open[who][scope].id))
			return &n->rights.logs[i];
	return NULL;
}

/* --- FRONTIER --- */

static void the_first_frontier_names_every_log_and_the_heartbeat_none(void **state)
{
	(void)state;
	node_write(&pair.b, SCOPE_PUBLIC, "Biocoop");
	meet();
	assert_int_equal(items(&pair.a, WIRE_FRONTIER), 1 + 1 + 3 + 2 + 2); /* control, home's, ours, the others' */
	unsigned before = seen(&pair.a, WIRE_FRONTIER);
	tick(&pair, SESSION_PING_MS);
	talk(&pair);
	assert_int_equal(seen(&pair.a, WIRE_FRONTIER), before + 1);
	assert_int_equal(items(&pair.a, WIRE_FRONTIER), 0);
	assert_int_equal(items(&pair.b, WIRE_FRONTIER), 0);
	assert_true(pair.a.s.confirmed);
}

static void a_later_frontier_names_the_control_log_and_what_moved(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_acked(&pair.a, SCOPE_PUBLIC, 1);
	meet();
	node_write(&pair.a, SCOPE_FEDERATION, "deux");
	node_acked(&pair.a, SCOPE_FEDERATION, 1);
	grew(&pair.a);
	tick(&pair, 1000);
	talk(&pair);
	assert_int_equal(items(&pair.b, WIRE_FRONTIER), 2);
	assert_true(same_head(AURAY, SCOPE_FEDERATION));
	/* What flows to a subscriber needs no FRONTIER. */
	unsigned before = seen(&pair.b, WIRE_FRONTIER);
	node_write(&pair.a, SCOPE_FEDERATION, "trois");
	node_acked(&pair.a, SCOPE_FEDERATION, 2);
	grew(&pair.a);
	talk(&pair);
	tick(&pair, 1000);
	talk(&pair);
	assert_true(same_head(AURAY, SCOPE_FEDERATION));
	assert_int_equal(seen(&pair.b, WIRE_FRONTIER), before);
}

static void positions_of_unknown_logs_are_kept_until_the_control_log_names_them(void **state)
{
	(void)state;
	replace(&pair, &pair.a, AURAY, 2);
	node_write_as(&pair.b, VANNES, SCOPE_PUBLIC, "Amap");
	pair.a.hold_store = true;
	meet();
	assert_true(pair.a.held_store);
	pair.a.hold_store = false;
	buf_clear(&pair.b.out); /* home says nothing more by itself */
	node_event(&pair.a, pair.a.store_event);
	grew(&pair.a);
	assert_int_equal(pair.a.s.tracks[node_log(&pair.a, VANNES, SCOPE_PUBLIC)].theirs, 1);
	assert_true(pair.a.s.tracks[node_log(&pair.a, VANNES, SCOPE_PUBLIC)].asked);
	assert_int_equal(pair.a.s.held.len, 0);
	talk(&pair);
	assert_true(same_head(VANNES, SCOPE_PUBLIC));
}

/* --- L1, L2: a hub that may be a copy --- */

static void home_judges_a_hub_before_it_answers(void **state)
{
	(void)state;
	pair.b.hold_greet = true;
	meet();
	assert_int_equal(pair.b.greets, 1);
	assert_int_equal(pair.b.s.state, SESSION_GREETING);
	assert_false(pair.b.identified);
	assert_int_equal(seen(&pair.a, WIRE_HELLO), 0);
	node_event(&pair.b, pair.b.greeted);
	assert_true(pair.b.identified);
	talk(&pair);
	assert_true(pair.a.s.confirmed);
}

static void a_hub_that_is_not_let_in_hears_why(void **state)
{
	(void)state;
	pair.b.greeted.err = ES_LINEAGE_BEHIND;
	meet();
	both_ended(&pair, ES_LINEAGE_BEHIND);
	assert_false(pair.b.identified);
}

static void nothing_is_taken_from_a_hub_that_is_being_judged(void **state)
{
	struct buf body;

	(void)state;
	pair.b.hold_greet = true;
	meet();
	buf_init(&body, 16);
	canon_array(&body, 0);
	forge(&pair.a, WIRE_JOIN, &body);
	deliver(&pair.a, &pair.b);
	assert_int_equal(pair.b.s.why, ES_STATE);
	buf_done(&body);
	hang_up(&pair);
	meet();
	at(&pair, pair.now + SESSION_HANDSHAKE_MS);
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_TIME});
	assert_int_equal(pair.b.s.why, ES_TIMEOUT); /* the node must be quick */
}

static void nobody_is_judged_by_a_hub(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	meet();
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.a.greets + pair.b.greets, 0);
}

static void a_copy_offers_home_only_what_home_acknowledged_and_is_not_confirmed(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	meet();
	hang_up(&pair);
	node_write(&pair.a, SCOPE_PUBLIC, "deux");
	pair.b.greeted.pending = true;
	meet();
	assert_true(pair.a.s.pending && pair.b.s.pending);
	assert_int_equal(pair.a.s.peer_lineage, 1);
	assert_int_equal(head(&pair.b, AURAY, SCOPE_PUBLIC)->seq, 1);
	assert_int_equal(pair.b.s.tracks[node_log(&pair.b, AURAY, SCOPE_PUBLIC)].theirs, 1);
	assert_int_equal(session_shareable(&pair.a.s, &pair.a.env, node_log(&pair.a, AURAY, SCOPE_PUBLIC)), 1);
	assert_false(pair.a.s.confirmed);
}

static uint64_t level_of(const struct node *n, unsigned who, enum scope scope)
{
	struct canon_reader r;

	canon_read_init(&r, buf_slice(&n->effect));
	for (uint32_t left = canon_read_array(&r, LOGS); left > 0; left--) {
		struct id16 log;

		assert_int_equal(canon_read_array(&r, 2), 2);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		if (id_eq(&log, &n->w->open[who][scope].id))
			return seq;
	}
	fail_msg("not named");
	return 0;
}

static void home_is_told_what_a_copy_holds_as_it_fetches_its_logs_back(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_write(&pair.a, SCOPE_PUBLIC, "deux");
	meet();
	assert_int_equal(pair.b.levels, 0);
	replace(&pair, &pair.a, AURAY, 4);
	hang_up(&pair);
	pair.b.greeted.pending = true;
	pair.a.hold_store = true;
	meet();
	assert_int_equal(level_of(&pair.b, AURAY, SCOPE_PUBLIC), 0);
	assert_int_equal(level_of(&pair.b, AURAY, SCOPE_CRESS), 0);
	unsigned before = pair.b.levels;
	pair.a.hold_store = false;
	node_event(&pair.a, pair.a.store_event);
	talk(&pair);
	assert_true(pair.b.levels > before);
	assert_int_equal(level_of(&pair.b, AURAY, SCOPE_PUBLIC), 2);
	before = pair.b.levels;
	tick(&pair, SESSION_PING_MS);
	talk(&pair);
	assert_int_equal(pair.b.levels, before); /* only when it changes */
}

static void home_that_lost_what_it_acknowledged_is_given_it_back(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		node_write(&pair.a, SCOPE_PUBLIC, "un");
	meet();
	assert_int_equal(head(&pair.a, AURAY, SCOPE_PUBLIC)->acked, 3);
	replace(&pair, &pair.b, CRESS, 4);
	hang_up(&pair);
	pair.b.greeted.pending = true; /* also while the hub is taken for a copy (L2) */
	meet();
	assert_true(same_head(AURAY, SCOPE_PUBLIC));
	assert_int_equal(level_of(&pair.b, AURAY, SCOPE_PUBLIC), 3);
}

/* --- L6, L7: our own logs at home --- */

static void our_commit_that_home_never_acknowledged_gives_way_to_home_s(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "ours");
	node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "the clone's");
	meet();
	assert_true(same_head(AURAY, SCOPE_PUBLIC));
	assert_int_equal(pair.a.nacks + pair.b.nacks, 0);
	assert_int_equal(head(&pair.a, AURAY, SCOPE_PUBLIC)->blocked, ES_OK);
	assert_int_equal(head(&pair.b, AURAY, SCOPE_PUBLIC)->blocked, ES_OK); /* ours was shown to nobody */
	assert_true(pair.a.s.confirmed);
}

static void so_it_does_where_home_s_head_is_lower_or_higher(void **state)
{
	(void)state;
	for (int home = 1; home <= 5; home += 4) {
		replace(&pair, &pair.a, AURAY, 4);
		replace(&pair, &pair.b, CRESS, 4);
		node_write(&pair.a, SCOPE_PUBLIC, "common");
		node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "common");
		node_acked(&pair.a, SCOPE_PUBLIC, 1);
		for (int i = 0; i < 3; i++)
			node_write(&pair.a, SCOPE_PUBLIC, "ours");
		for (int i = 0; i < home; i++)
			node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "the clone's");
		meet();
		assert_true(same_head(AURAY, SCOPE_PUBLIC));
		assert_int_equal(head(&pair.b, AURAY, SCOPE_PUBLIC)->seq, 1 + home);
		assert_int_equal(head(&pair.b, AURAY, SCOPE_PUBLIC)->blocked, ES_OK);
		assert_true(pair.a.s.confirmed);
		hang_up(&pair);
	}
}

static void nothing_of_a_log_is_sent_home_before_its_head_there_is_compared(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "un");
	node_write(&pair.a, SCOPE_PUBLIC, "deux");
	pair.a.hold_compare = true;
	meet();
	assert_int_equal(pair.a.compares, 1);
	assert_int_equal(pair.b.store_count, 0);
	assert_false(pair.a.s.confirmed || pair.a.s.reported);
	node_answer_compare(&pair.a);
	talk(&pair);
	assert_true(same_head(AURAY, SCOPE_PUBLIC));
	assert_true(pair.a.s.confirmed && pair.a.s.reported);
}

static void a_hub_that_has_to_fetch_its_own_commit_may_not_seal_until_home_confirms_again(void **state)
{
	(void)state;
	meet();
	assert_true(pair.a.s.confirmed);
	assert_int_equal(pair.a.s.confirmations, 1);
	pair.a.hold_store = true;
	node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "taken back by home");
	grew(&pair.b);
	tick(&pair, SESSION_PING_MS);
	talk(&pair);
	assert_true(pair.a.held_store);
	assert_false(pair.a.s.confirmed);
	pair.a.hold_store = false;
	node_event(&pair.a, pair.a.store_event);
	talk(&pair);
	assert_true(pair.a.s.confirmed);
	assert_int_equal(pair.a.s.confirmations, 2);
}

static void a_hub_that_is_another_instance_since_its_hello_calls_again(void **state)
{
	(void)state;
	meet();
	assert_true(pair.a.s.confirmed);
	pair.a.env.instance.bytes[3] ^= 1;
	grew(&pair.a);
	talk(&pair);
	assert_true(pair.a.closed);
	assert_int_equal(pair.a.s.why, ES_AGAIN);
}

static void what_we_seal_meanwhile_does_not_end_the_permission(void **state)
{
	(void)state;
	meet();
	pair.b.hold_store = true;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	grew(&pair.a);
	talk(&pair);
	assert_true(pair.b.held_store && pair.a.s.confirmed);
	pair.b.hold_store = false;
	node_event(&pair.b, pair.b.store_event);
	talk(&pair);
	assert_int_equal(pair.a.s.confirmations, 1);
}

static void an_old_generation_must_reach_its_cut_on_both_sides(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	log_at(&pair.a, AURAY, SCOPE_PUBLIC)->cut = true;
	log_at(&pair.a, AURAY, SCOPE_PUBLIC)->cut_seq = 2;
	meet();
	assert_true(same_head(AURAY, SCOPE_PUBLIC));
	assert_false(pair.a.s.confirmed); /* a third disk has the rest */
	hang_up(&pair);
	log_at(&pair.a, AURAY, SCOPE_PUBLIC)->cut_seq = 1;
	meet();
	assert_true(pair.a.s.confirmed);
}

static void a_fenced_hub_is_confirmed_once_home_lets_it_in_again(void **state)
{
	(void)state;
	pair.b.greeted.report_only = true;
	meet();
	both_ended(&pair, ES_INSTANCE_FENCED);
	assert_false(pair.a.s.confirmed);
	hang_up(&pair);
	pair.b.greeted.report_only = false;
	meet();
	assert_true(pair.a.s.confirmed);
}

/* --- L11, L12: reports --- */

static void a_report_ends_where_the_peer_shows_more_later(void **state)
{
	(void)state;
	meet();
	assert_true(pair.b.s.reported);
	pair.b.hold_store = true;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	grew(&pair.a);
	node_write_as(&pair.a, VANNES, SCOPE_PUBLIC, "un");
	grew(&pair.a);
	tick(&pair, 1000);
	talk(&pair);
	assert_false(pair.b.s.reported);
	pair.b.hold_store = false;
	node_event(&pair.b, pair.b.store_event);
	talk(&pair);
	assert_true(pair.b.s.reported);
	assert_true(same_head(VANNES, SCOPE_PUBLIC)); /* a log of any author */
}

/* Only an officer's entry frees it, and a home that awaits reports enters nothing. */
static void what_is_over_quota_is_not_awaited(void **state)
{
	static const enum es_err why[] = {ES_QUOTA, ES_CHARTER, ES_CLOCK_SKEW};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		node_write(&pair.a, SCOPE_PUBLIC, "de trop");
		pair.b.refuse = why[i];
		pair.b.refuse_log = node_log(&pair.b, AURAY, SCOPE_PUBLIC);
		meet();
		assert_int_equal(pair.a.nack_err, why[i]);
		assert_int_equal(pair.b.s.reported, why[i] != ES_CLOCK_SKEW);
		tick(&pair, SESSION_RETRY_MS); /* refused again */
		talk(&pair);
		assert_int_equal(pair.b.s.reported, why[i] != ES_CLOCK_SKEW);
		pair.b.refuse = ES_OK;
		tick(&pair, 2 * SESSION_RETRY_MS);
		talk(&pair);
		assert_true(same_head(AURAY, SCOPE_PUBLIC));
		assert_true(pair.b.s.reported);
		hang_up(&pair);
	}
}

static void a_peer_that_promises_and_gives_nothing_is_left(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	pair.a.hold_load = true;
	meet();
	assert_false(pair.b.s.reported);
	for (int i = 0; i < 2; i++) {
		tick(&pair, SESSION_STALL_MS / 2 - (i == 1));
		talk(&pair); /* it is alive */
	}
	assert_false(pair.b.closed);
	assert_int_equal(session_deadline(&pair.b.s), pair.now + 1);
	tick(&pair, 1);
	assert_int_equal(pair.b.s.why, ES_TIMEOUT);
}

static void our_own_slowness_is_not_the_peer_s(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	pair.b.hold_store = true; /* our disk */
	meet();
	for (int i = 0; i < 6; i++) {
		tick(&pair, SESSION_PING_MS);
		talk(&pair);
	}
	assert_false(pair.b.closed);
}

static void heard_out(enum es_err why)
{
	both_ended(&pair, why);
	assert_true(pair.b.report); /* nothing is lacking when it is told to go */
	assert_true(same_head(AURAY, SCOPE_PUBLIC));
	assert_int_equal(items(&pair.a, WIRE_FRONTIER), 0);
	assert_int_equal(seen(&pair.a, WIRE_COMMITS), 0);
	assert_int_equal(head(&pair.a, CRESS, SCOPE_PUBLIC)->seq, 0);
	assert_false(pair.a.s.confirmed);
}

static void a_fenced_copy_shows_what_it_holds_and_gets_nothing(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_write(&pair.b, SCOPE_PUBLIC, "home's");
	pair.b.greeted.report_only = true;
	meet();
	heard_out(ES_INSTANCE_FENCED);
}

static void a_revoked_member_hands_over_what_counts_and_gets_nothing(void **state)
{
	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_write(&pair.b, SCOPE_PUBLIC, "home's");
	member_at(&pair.b, AURAY)->state = MEMBER_REVOKED;
	meet();
	assert_int_equal(pair.b.greets, 0);
	heard_out(ES_REVOKED);
	hang_up(&pair);
	/* It knows by now: it calls all the same, and is heard again. */
	member_at(&pair.a, AURAY)->state = MEMBER_REVOKED;
	meet();
	both_ended(&pair, ES_REVOKED);
}

/* A restored home may have lost the entry that let it in again. */
static void a_suspended_hub_is_heard_out_where_the_node_wants_it(void **state)
{
	uint64_t seq;

	(void)state;
	replace(&pair, &pair.b, CRESS, 3);
	member_at(&pair.b, AURAY)->state = MEMBER_SUSPENDED;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	pair.b.greeted.report_only = true;
	meet();
	assert_int_equal(pair.b.greets, 1);
	assert_int_equal(pair.b.frontier.heads[0].seq, 4);
	heard_out(ES_SUSPENDED);
	hang_up(&pair);
	pair.b.hold_store = true; /* as if what it shows were its resume */
	world_let_in(&pair.w, STRANGER);
	assert_int_equal(node_admit(&pair.a, 0, buf_slice(&pair.w.control[4].bytes), &seq), ES_OK);
	meet();
	assert_true(pair.b.held_store);
	member_at(&pair.b, AURAY)->state = MEMBER_ACTIVE;
	pair.b.hold_store = false;
	node_event(&pair.b, pair.b.store_event);
	talk(&pair);
	both_ended(&pair, ES_AGAIN);
}

static void what_is_heard_out_may_not_ask(void **state)
{
	struct buf b;

	(void)state;
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_write(&pair.b, SCOPE_PUBLIC, "home's");
	pair.b.greeted.report_only = true;
	pair.b.hold_store = true;
	meet();
	assert_int_equal(pair.b.s.state, SESSION_STREAM);
	buf_init(&b, 100);
	canon_array(&b, 1);
	canon_array(&b, 2);
	canon_bin(&b, pair.w.open[CRESS][SCOPE_PUBLIC].id.bytes, 16);
	canon_u64(&b, 1);
	forge(&pair.a, WIRE_WANT, &b);
	canon_array(&b, 0);
	forge(&pair.a, WIRE_RETURN, &b);
	talk(&pair);
	assert_false(pair.b.closed);
	assert_int_equal(seen(&pair.a, WIRE_COMMITS), 0);
	assert_int_equal(pair.b.gave_back, 0);
	buf_done(&b);
}

static void an_unknown_key_shows_the_control_entries_that_home_has_lost(void **state)
{
	(void)state;
	replace(&pair, &pair.a, VANNES, 4);
	replace(&pair, &pair.b, CRESS, 2); /* before Vannes came */
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	meet();
	both_ended(&pair, ES_AGAIN);
	assert_false(pair.b.identified);
	assert_int_equal(pair.b.greets, 0);
	assert_int_equal(pair.b.frontier.heads[0].seq, 4);
	assert_int_equal(head(&pair.b, VANNES, SCOPE_PUBLIC)->seq, 0); /* that comes next time */
	hang_up(&pair);
	meet();
	assert_true(same_head(VANNES, SCOPE_PUBLIC));
	assert_true(pair.a.s.confirmed);
}

static void a_home_without_anything_learns_from_its_members(void **state)
{
	(void)state;
	replace(&pair, &pair.b, CRESS, 0);
	meet();
	both_ended(&pair, ES_AGAIN);
	assert_true(pair.b.rights.founded);
}

/* --- forks --- */

static void two_commits_at_one_place_block_that_log_and_no_other(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	node_write_as(&pair.a, CRESS, SCOPE_PUBLIC, "one");
	node_write_as(&pair.b, CRESS, SCOPE_PUBLIC, "another");
	node_write_as(&pair.b, VANNES, SCOPE_PUBLIC, "Amap");
	node_acked(&pair.b, SCOPE_PUBLIC, 1);
	meet();
	assert_int_equal(head(&pair.a, CRESS, SCOPE_PUBLIC)->blocked, ES_FORK);
	assert_int_equal(head(&pair.b, CRESS, SCOPE_PUBLIC)->blocked, ES_FORK);
	assert_int_equal(pair.a.nack_err, ES_FORK);
	assert_int_equal(pair.b.nack_err, ES_FORK);
	assert_true(same_head(VANNES, SCOPE_PUBLIC));
	assert_true(pair.a.s.reported && pair.b.s.reported);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
}

static void a_fork_far_below_both_heads_is_found(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	for (int i = 0; i < 3; i++) {
		node_write_as(&pair.a, CRESS, SCOPE_PUBLIC, "common");
		node_write_as(&pair.b, CRESS, SCOPE_PUBLIC, "common");
	}
	for (int i = 0; i < 19; i++)
		node_write_as(&pair.a, CRESS, SCOPE_PUBLIC, "one");
	for (int i = 0; i < 17; i++)
		node_write_as(&pair.b, CRESS, SCOPE_PUBLIC, "another");
	meet();
	assert_int_equal(head(&pair.a, CRESS, SCOPE_PUBLIC)->blocked, ES_FORK);
	assert_int_equal(head(&pair.a, CRESS, SCOPE_PUBLIC)->blocked_seq, 4);
	assert_int_equal(head(&pair.b, CRESS, SCOPE_PUBLIC)->blocked_seq, 4);
	assert_true(pair.a.compares > 0);
}

static void a_blocked_log_is_still_told_and_not_wanted(void **state)
{
	(void)state;
	node_write_as(&pair.a, VANNES, SCOPE_PUBLIC, "un");
	head(&pair.a, VANNES, SCOPE_PUBLIC)->blocked = ES_FORK;
	head(&pair.a, CRESS, SCOPE_PUBLIC)->blocked = ES_FORK;
	node_write(&pair.b, SCOPE_PUBLIC, "home's");
	meet();
	assert_true(same_head(VANNES, SCOPE_PUBLIC));
	assert_int_equal(head(&pair.a, CRESS, SCOPE_PUBLIC)->seq, 0);
}

static void a_proof_is_shown_to_whoever_may_hold_the_log(void **state)
{
	uint8_t proof[] = {0x91, 7};
	struct slice bytes = SLICE(proof, sizeof proof);

	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	meet();
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_FORK, .bytes = &bytes,
						   .log = node_log(&pair.a, AURAY, SCOPE_CRESS)});
	talk(&pair);
	assert_int_equal(pair.b.forks, 0);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_FORK, .bytes = &bytes,
						   .log = node_log(&pair.a, CRESS, SCOPE_PUBLIC)});
	talk(&pair);
	assert_int_equal(pair.b.forks, 1);
	assert_true(slice_eq(buf_slice(&pair.b.effect), bytes));
}

static void give_other_fourth(struct node *n)
{
	uint64_t seq;

	assert_int_equal(node_admit(n, 0, buf_slice(&other.control[3].bytes), &seq), ES_OK);
}

static void a_control_fork_ends_the_session_once_the_branch_is_known(void **state)
{
	(void)state;
	replace(&pair, &pair.b, CRESS, 3);
	give_other_fourth(&pair.b);
	node_write(&pair.b, SCOPE_PUBLIC, "home's");
	meet();
	both_ended(&pair, ES_CONTROL_FORK);
	assert_true(pair.a.on_branch && pair.b.on_branch); /* both ends can show it */
	assert_int_equal(pair.a.nack_err, ES_CONTROL_FORK);
	assert_int_equal(head(&pair.a, CRESS, SCOPE_PUBLIC)->seq, 0); /* no data meanwhile */
}

static void a_control_branch_longer_than_ours_is_found_too(void **state)
{
	(void)state;
	replace(&pair, &pair.a, AURAY, 3);
	give_other_fourth(&pair.a);
	world_let_in(&pair.w, STRANGER);
	replace(&pair, &pair.b, CRESS, 4);
	uint64_t seq;
	assert_int_equal(node_admit(&pair.b, 0, buf_slice(&pair.w.control[4].bytes), &seq), ES_OK);
	meet();
	both_ended(&pair, ES_CONTROL_FORK);
	assert_true(pair.a.on_branch && pair.b.on_branch);
}

/* What names the other branch would be refused as if it were garbled. */
static void no_data_passes_before_a_shorter_control_log_is_compared(void **state)
{
	(void)state;
	replace(&pair, &pair.a, AURAY, 3);
	give_other_fourth(&pair.a);
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	world_let_in(&pair.w, STRANGER);
	replace(&pair, &pair.b, CRESS, 4);
	uint64_t seq;
	assert_int_equal(node_admit(&pair.b, 0, buf_slice(&pair.w.control[4].bytes), &seq), ES_OK);
	pair.b.hold_compare = true;
	meet();
	assert_int_equal(pair.b.s.state, SESSION_CONTROL);
	node_answer_compare(&pair.b);
	talk(&pair);
	both_ended(&pair, ES_CONTROL_FORK);
	for (unsigned i = 0; i < pair.b.store_count; i++)
		assert_int_equal(pair.b.stores[i], 0); /* of the control log all */
}

static void a_log_that_the_control_log_does_not_know_any_more_holds_up_nobody(void **state)
{
	struct id16 lost = {{7}};

	(void)state;
	assert_non_null(frontier_add(&pair.a.frontier, &lost, &pair.w.keys[AURAY].hub, SCOPE_PUBLIC, 2));
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	meet();
	assert_true(pair.a.s.confirmed);
	assert_true(same_head(AURAY, SCOPE_PUBLIC));
}

static void a_peer_that_does_not_look_at_our_control_branch_is_not_waited_for_long(void **state)
{
	(void)state;
	replace(&pair, &pair.b, CRESS, 3);
	give_other_fourth(&pair.b);
	pair.b.hold_store = true;
	meet();
	assert_true(pair.a.s.forked);
	assert_false(pair.a.closed);
	tick(&pair, SESSION_FORKED_MS);
	assert_int_equal(pair.a.s.why, ES_CONTROL_FORK);
}

static void a_control_branch_given_up_is_not_wanted_again(void **state)
{
	(void)state;
	replace(&pair, &pair.b, CRESS, 3);
	give_other_fourth(&pair.b);
	pair.a.other_branch = pair.b.other_branch = ES_EXISTS; /* resolved: the peer shall follow us */
	node_write(&pair.b, SCOPE_PUBLIC, "home's");
	meet();
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.b.s.state, SESSION_STREAM);
	unsigned wants = seen(&pair.b, WIRE_WANT);
	tick(&pair, SESSION_PING_MS);
	talk(&pair);
	assert_int_equal(seen(&pair.b, WIRE_WANT), wants);
}

static void commits_sent_before_our_last_want_are_dropped(void **state)
{
	struct buf b;

	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	node_write_as(&pair.a, CRESS, SCOPE_PUBLIC, "un");
	node_write_as(&pair.a, CRESS, SCOPE_PUBLIC, "deux");
	pair.a.hold_load = true;
	meet();
	uint32_t log = node_log(&pair.b, CRESS, SCOPE_PUBLIC);
	assert_true(pair.b.s.tracks[log].fresh);
	buf_init(&b, WIRE_MESSAGE_MAX);
	canon_array(&b, 2);
	canon_bin(&b, pair.w.open[CRESS][SCOPE_PUBLIC].id.bytes, 16);
	canon_array(&b, 1);
	const struct buf *second = &pair.a.journal[node_log(&pair.a, CRESS, SCOPE_PUBLIC)][2];
	buf_add(&b, second->p, second->len);
	forge(&pair.a, WIRE_COMMITS, &b);
	talk(&pair);
	assert_int_equal(pair.b.store_count, 0);
	node_load(&pair.a, pair.a.load_log, pair.a.load_seq, pair.a.load_last);
	pair.a.hold_load = false;
	talk(&pair);
	assert_true(same_head(CRESS, SCOPE_PUBLIC));
	buf_done(&b);
}

/* --- L9: given back --- */

static void void_commits_are_given_back_one_message_at_a_time(void **state)
{
	static const uint8_t commits[] = {0x91, 0x91, 5}, ids[] = {0x91, 6};
	struct slice answer = SLICE(ids, sizeof ids);

	(void)state;
	pair.a.to_return = SLICE(commits, sizeof commits);
	meet();
	assert_true(pair.a.asked_returns == 1 && pair.b.asked_returns == 1);
	assert_int_equal(pair.b.gave_back, 1);
	assert_memory_equal(pair.b.effect.p, commits, sizeof commits);
	grew(&pair.a);
	tick(&pair, SESSION_RETURNS_MS);
	assert_int_equal(pair.a.asked_returns, 1); /* one is under way */
	node_event(&pair.b, (struct session_event){.type = SESSION_EV_RETURNED, .bytes = &answer});
	talk(&pair);
	assert_int_equal(pair.a.returned, 1);
	assert_memory_equal(pair.a.effect.p, ids, sizeof ids);
	assert_int_equal(pair.a.asked_returns, 2); /* is there more? */
}

static void a_second_return_before_the_first_is_answered_is_out_of_state(void **state)
{
	struct buf b;

	(void)state;
	meet();
	buf_init(&b, 16);
	for (int i = 0; i < 2; i++) {
		canon_array(&b, 0);
		forge(&pair.a, WIRE_RETURN, &b);
	}
	deliver(&pair.a, &pair.b);
	assert_int_equal(pair.b.gave_back, 1);
	assert_int_equal(pair.b.s.why, ES_STATE);
	buf_done(&b);
}

static void a_returned_that_answers_nothing_is_not_believed(void **state)
{
	struct buf b;

	(void)state;
	meet();
	buf_init(&b, 16);
	canon_array(&b, 0);
	forge(&pair.b, WIRE_RETURNED, &b);
	talk(&pair);
	assert_int_equal(pair.a.returned, 0);
	assert_false(pair.a.closed);
	buf_done(&b);
}

static void news_leads_to_a_look_for_void_commits_now_and_then(void **state)
{
	(void)state;
	meet();
	for (int i = 0; i < 5; i++)
		grew(&pair.a);
	assert_int_equal(pair.a.asked_returns, 1);
	assert_int_equal(session_deadline(&pair.a.s), pair.now + SESSION_RETURNS_MS);
	tick(&pair, SESSION_RETURNS_MS);
	talk(&pair);
	assert_int_equal(pair.a.asked_returns, 2);
}

static void nothing_is_given_to_a_hub_that_is_behind_or_taken_for_a_copy(void **state)
{
	(void)state;
	node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "un");
	pair.a.hold_store = true;
	meet();
	assert_int_equal(pair.b.asked_returns, 0); /* what is void may stand in what it lacks */
	pair.a.hold_store = false;
	node_event(&pair.a, pair.a.store_event);
	talk(&pair);
	assert_int_equal(pair.b.asked_returns, 1);
	hang_up(&pair);
	pair.b.greeted.pending = true;
	unsigned before = pair.a.asked_returns;
	meet();
	assert_int_equal(pair.b.asked_returns, 1);
	assert_int_equal(pair.a.asked_returns, before);
}

static void hubs_give_each_other_nothing_back(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	meet();
	assert_int_equal(pair.a.asked_returns + pair.b.asked_returns, 0);
}

/* --- memberships that end --- */

static void a_member_that_is_revoked_or_suspended_is_hung_up_on_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		meet();
		member_at(&pair.b, AURAY)->state = i ? MEMBER_SUSPENDED : MEMBER_REVOKED;
		grew(&pair.b);
		talk(&pair);
		both_ended(&pair, i ? ES_SUSPENDED : ES_REVOKED);
		member_at(&pair.b, AURAY)->state = MEMBER_ACTIVE;
		hang_up(&pair);
	}
}

static void a_hub_that_learns_of_its_own_revocation_leaves(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	meet();
	member_at(&pair.a, AURAY)->state = MEMBER_REVOKED;
	grew(&pair.a);
	talk(&pair);
	both_ended(&pair, ES_REVOKED);
}

static void whoever_bears_a_replaced_key_is_hung_up_on(void **state)
{
	(void)state;
	meet();
	member_at(&pair.b, AURAY)->dh = pair.w.keys[STRANGER].dh;
	grew(&pair.b);
	talk(&pair);
	both_ended(&pair, ES_AGAIN);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_frontier_names_every_log_and_the_heartbeat_none),
		T(a_later_frontier_names_the_control_log_and_what_moved),
		T(positions_of_unknown_logs_are_kept_until_the_control_log_names_them),
		T(home_judges_a_hub_before_it_answers),
		T(a_hub_that_is_not_let_in_hears_why),
		T(nothing_is_taken_from_a_hub_that_is_being_judged),
		T(nobody_is_judged_by_a_hub),
		T(a_copy_offers_home_only_what_home_acknowledged_and_is_not_confirmed),
		T(home_is_told_what_a_copy_holds_as_it_fetches_its_logs_back),
		T(home_that_lost_what_it_acknowledged_is_given_it_back),
		T(our_commit_that_home_never_acknowledged_gives_way_to_home_s),
		T(so_it_does_where_home_s_head_is_lower_or_higher),
		T(nothing_of_a_log_is_sent_home_before_its_head_there_is_compared),
		T(a_hub_that_has_to_fetch_its_own_commit_may_not_seal_until_home_confirms_again),
		T(a_hub_that_is_another_instance_since_its_hello_calls_again),
		T(what_we_seal_meanwhile_does_not_end_the_permission),
		T(an_old_generation_must_reach_its_cut_on_both_sides),
		T(a_fenced_hub_is_confirmed_once_home_lets_it_in_again),
		T(a_report_ends_where_the_peer_shows_more_later),
		T(what_is_over_quota_is_not_awaited),
		T(a_peer_that_promises_and_gives_nothing_is_left),
		T(our_own_slowness_is_not_the_peer_s),
		T(a_fenced_copy_shows_what_it_holds_and_gets_nothing),
		T(a_revoked_member_hands_over_what_counts_and_gets_nothing),
		T(a_suspended_hub_is_heard_out_where_the_node_wants_it),
		T(what_is_heard_out_may_not_ask),
		T(an_unknown_key_shows_the_control_entries_that_home_has_lost),
		T(a_home_without_anything_learns_from_its_members),
		T(two_commits_at_one_place_block_that_log_and_no_other),
		T(a_fork_far_below_both_heads_is_found),
		T(a_blocked_log_is_still_told_and_not_wanted),
		T(a_proof_is_shown_to_whoever_may_hold_the_log),
		T(a_control_fork_ends_the_session_once_the_branch_is_known),
		T(a_control_branch_longer_than_ours_is_found_too),
		T(no_data_passes_before_a_shorter_control_log_is_compared),
		T(a_log_that_the_control_log_does_not_know_any_more_holds_up_nobody),
		T(a_peer_that_does_not_look_at_our_control_branch_is_not_waited_for_long),
		T(a_control_branch_given_up_is_not_wanted_again),
		T(commits_sent_before_our_last_want_are_dropped),
		T(void_commits_are_given_back_one_message_at_a_time),
		T(a_second_return_before_the_first_is_answered_is_out_of_state),
		T(a_returned_that_answers_nothing_is_not_believed),
		T(news_leads_to_a_look_for_void_commits_now_and_then),
		T(nothing_is_given_to_a_hub_that_is_behind_or_taken_for_a_copy),
		T(hubs_give_each_other_nothing_back),
		T(a_member_that_is_revoked_or_suspended_is_hung_up_on_at_once),
		T(a_hub_that_learns_of_its_own_revocation_leaves),
		T(whoever_bears_a_replaced_key_is_hung_up_on),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
