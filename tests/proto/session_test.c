/* SPDX-License-Identifier: Apache-2.0
 *
 * Two sessions, wired together: what they agree on. What they refuse is in
 * session_end_test.c. */
#include "tests/proto/session_pair.h"

static struct pair pair;

static void nodes_meet_and_a_hub_learns_the_control_log_from_nothing(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 0, CRESS, 4);
	assert_false(pair.a.rights.founded);
	start(&pair);
	assert_int_equal(pair.a.s.state, SESSION_HANDSHAKE);
	talk(&pair);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.b.s.state, SESSION_STREAM);
	assert_true(pair.a.identified && pair.b.identified);
	assert_true(id_eq(&pair.a.s.peer, &pair.w.keys[CRESS].hub));
	assert_true(id_eq(&pair.b.s.peer, &pair.w.keys[AURAY].hub));
	assert_int_equal(pair.a.frontier.heads[0].seq, 4);
	assert_true(hash_eq(&pair.a.rights.id, &pair.b.rights.id));
	assert_memory_equal(pair.a.s.handshake, pair.b.s.handshake, 64);
	assert_true(seen(&pair.b, WIRE_WANT) > 0 && seen(&pair.b, WIRE_ACK) > 0 && seen(&pair.b, WIRE_CREDIT) > 0);
	assert_true(seen(&pair.a, WIRE_HELLO) == 1 && seen(&pair.a, WIRE_FRONTIER) > 0 && seen(&pair.a, WIRE_COMMITS) > 0);
	pair_done(&pair);
}

static void the_control_log_is_levelled_before_any_data_log(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 2, CRESS, 4);
	pair.a.hold_store = true;
	node_write(&pair.b, SCOPE_PUBLIC, "Biocoop");
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.s.state, SESSION_CONTROL);
	assert_int_equal(pair.a.store_count, 1);
	assert_int_equal(pair.a.stores[0], 0);
	assert_int_equal(pair.b.s.tracks[node_log(&pair.b, CRESS, SCOPE_PUBLIC)].next, 0); /* not asked */
	pair.a.hold_store = false;
	node_event(&pair.a, pair.a.store_event);
	grew(&pair.a);
	talk(&pair);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.a.frontier.heads[node_log(&pair.a, CRESS, SCOPE_PUBLIC)].seq, 1);
	assert_true(pair.a.s.reported);
	pair_done(&pair);
}

static void what_a_hub_writes_reaches_its_home_and_is_acknowledged(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	for (int i = 0; i < 9; i++)
		node_write(&pair.a, SCOPE_FEDERATION, "Ressourcerie");
	start(&pair);
	talk(&pair);
	uint32_t ours = node_log(&pair.a, AURAY, SCOPE_FEDERATION), theirs = node_log(&pair.b, AURAY, SCOPE_FEDERATION);
	assert_int_equal(pair.b.frontier.heads[theirs].seq, 9);
	assert_int_equal(pair.a.frontier.heads[ours].acked, 9);
	assert_true(hash_eq(&pair.a.frontier.heads[ours].acked_id, &pair.b.frontier.heads[theirs].id));
	assert_true(pair.a.acks > 0);
	assert_int_equal(seen(&pair.b, WIRE_COMMITS), 5); /* two commits in each */
	assert_int_equal(session_lag(&pair.a.s, &pair.a.env), 0);
	pair_done(&pair);
}

static void new_commits_flow_to_a_subscriber_without_being_asked_for_again(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	start(&pair);
	talk(&pair);
	unsigned wants = seen(&pair.a, WIRE_WANT);
	node_write(&pair.b, SCOPE_PUBLIC, "Amap");
	grew(&pair.b);
	assert_int_equal(session_lag(&pair.b.s, &pair.b.env), 1);
	talk(&pair);
	assert_int_equal(pair.a.frontier.heads[node_log(&pair.a, CRESS, SCOPE_PUBLIC)].seq, 1);
	node_write(&pair.a, SCOPE_CRESS, "Garage");
	grew(&pair.a);
	talk(&pair);
	assert_int_equal(pair.b.frontier.heads[node_log(&pair.b, AURAY, SCOPE_CRESS)].seq, 1);
	assert_int_equal(seen(&pair.a, WIRE_WANT), wants);
	assert_int_equal(session_lag(&pair.b.s, &pair.b.env), 0);
	pair_done(&pair);
}

static void home_confirms_once_it_holds_every_log_of_the_hub(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	pair.b.hold_store = true;
	start(&pair);
	talk(&pair);
	assert_true(pair.b.held_store);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_false(pair.a.s.confirmed);
	pair.b.hold_store = false;
	node_event(&pair.b, pair.b.store_event);
	talk(&pair);
	assert_true(pair.a.s.confirmed);
	assert_false(pair.b.s.confirmed); /* a hub is nobody's home */
	pair_done(&pair);
}

static void home_that_holds_more_than_the_hub_does_not_confirm_before_it_is_restored(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_write(&pair.a, SCOPE_PUBLIC, "deux");
	start(&pair);
	talk(&pair);
	/* The hub comes back from an old backup, without its logs. */
	node_done(&pair.a);
	node_init(&pair.a, &pair.w, AURAY, 4, &pair);
	session_done(&pair.b.s, &pair.b.env);
	pair.b.closed = false;
	pair.a.hold_store = true;
	start(&pair);
	talk(&pair);
	assert_false(pair.a.s.confirmed);
	assert_true(pair.a.held_store);
	pair.a.hold_store = false;
	node_event(&pair.a, pair.a.store_event);
	grew(&pair.a);
	talk(&pair);
	assert_int_equal(pair.a.frontier.heads[node_log(&pair.a, AURAY, SCOPE_PUBLIC)].seq, 2);
	assert_true(pair.a.s.confirmed);
	pair_done(&pair);
}

static void another_hub_is_offered_only_what_home_has_acknowledged(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, VANNES, 4);
	uint32_t ours = node_log(&pair.a, AURAY, SCOPE_PUBLIC), theirs = node_log(&pair.b, AURAY, SCOPE_PUBLIC);
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	node_write(&pair.a, SCOPE_PUBLIC, "deux");
	node_acked(&pair.a, SCOPE_PUBLIC, 1);
	start(&pair);
	talk(&pair);
	assert_int_equal(session_shareable(&pair.a.s, &pair.a.env, ours), 1);
	assert_int_equal(pair.b.frontier.heads[theirs].seq, 1);
	assert_false(pair.a.s.confirmed);
	/* Home has taken the second: now it is told, and served. */
	pair.a.frontier.heads[ours].acked = 2;
	pair.a.frontier.heads[ours].acked_id = pair.a.ids[ours][2];
	grew(&pair.a);
	talk(&pair);
	tick(&pair, 1000);
	talk(&pair);
	assert_int_equal(pair.b.frontier.heads[theirs].seq, 2);
	pair_done(&pair);
}

static void a_peer_is_told_only_of_logs_it_may_hold(void **state)
{
	(void)state;
	pair_init(&pair, WATCHER, 4, CRESS, 4);
	node_write(&pair.b, SCOPE_PUBLIC, "Biocoop");
	uint32_t federation = node_log(&pair.b, AURAY, SCOPE_FEDERATION);
	pair.b.frontier.heads[federation].seq = 7;
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.frontier.heads[node_log(&pair.a, CRESS, SCOPE_PUBLIC)].seq, 1);
	assert_null(frontier_find(&pair.a.frontier, &pair.w.open[AURAY][SCOPE_FEDERATION].id));
	/* It asks all the same: no answer, as if the log did not exist. */
	struct buf b;
	unsigned before = seen(&pair.a, WIRE_COMMITS);
	buf_init(&b, 100);
	canon_array(&b, 1);
	canon_array(&b, 2);
	canon_bin(&b, pair.w.open[AURAY][SCOPE_FEDERATION].id.bytes, 16);
	canon_u64(&b, 1);
	forge(&pair.a, WIRE_WANT, &b);
	talk(&pair);
	assert_int_equal(pair.b.s.state, SESSION_STREAM);
	assert_int_equal(seen(&pair.a, WIRE_COMMITS), before);
	assert_int_equal(pair.b.s.tracks[federation].next, 0);
	buf_done(&b);
	pair_done(&pair);
}

static void a_local_log_is_never_told(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	struct head *local = frontier_add(&pair.a.frontier, &pair.w.open[AURAY][SCOPE_LOCAL].id, &pair.w.keys[AURAY].hub,
					  SCOPE_LOCAL, 1);
	assert_non_null(local);
	local->seq = 3;
	start(&pair);
	talk(&pair);
	assert_int_equal(session_lag(&pair.a.s, &pair.a.env), 0);
	assert_true(pair.a.s.confirmed); /* nor awaited */
	struct buf b;
	buf_init(&b, 100);
	canon_array(&b, 1);
	canon_array(&b, 2);
	canon_bin(&b, pair.w.open[AURAY][SCOPE_LOCAL].id.bytes, 16);
	canon_u64(&b, 1);
	forge(&pair.b, WIRE_WANT, &b);
	talk(&pair);
	assert_int_equal(pair.a.s.tracks[pair.a.frontier.count - 1].next, 0);
	buf_done(&b);
	pair_done(&pair);
}

static void a_commit_that_has_to_wait_is_asked_for_again_after_a_while(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	uint32_t log = node_log(&pair.a, CRESS, SCOPE_PUBLIC), theirs = node_log(&pair.b, CRESS, SCOPE_PUBLIC);
	node_write(&pair.b, SCOPE_PUBLIC, "Biocoop");
	pair.a.refuse = ES_CLOCK_SKEW;
	pair.a.refuse_log = log;
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.b.nacks, 1);
	assert_int_equal(pair.b.nack_err, ES_CLOCK_SKEW);
	assert_memory_equal(pair.b.s.tracks ? pair.w.open[CRESS][SCOPE_PUBLIC].id.bytes : NULL,
			    pair.b.frontier.heads[theirs].log.bytes, 16);
	assert_int_equal(pair.b.s.tracks[theirs].next, 0);
	assert_int_equal(session_deadline(&pair.a.s), pair.now + SESSION_RETRY_MS);
	pair.a.refuse = ES_OK;
	tick(&pair, SESSION_RETRY_MS - 1);
	talk(&pair);
	assert_int_equal(pair.a.frontier.heads[log].seq, 0);
	tick(&pair, 1);
	talk(&pair);
	assert_int_equal(pair.a.frontier.heads[log].seq, 1);
	pair_done(&pair);
}

static void a_blocked_log_is_not_asked_for_again_and_the_others_go_on(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	uint32_t log = node_log(&pair.a, CRESS, SCOPE_PUBLIC);
	node_write(&pair.b, SCOPE_PUBLIC, "Biocoop");
	pair.a.refuse = ES_BAD_SIG;
	pair.a.refuse_log = log;
	pair.a.block = true;
	node_write(&pair.a, SCOPE_PUBLIC, "Amap");
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.b.nacks, 1);
	assert_int_equal(pair.b.nack_err, ES_BAD_SIG);
	unsigned commits = seen(&pair.a, WIRE_COMMITS);
	node_write(&pair.b, SCOPE_PUBLIC, "Garage");
	grew(&pair.b);
	tick(&pair, SESSION_RETRY_MS);
	talk(&pair);
	tick(&pair, SESSION_PING_MS);
	talk(&pair);
	assert_int_equal(seen(&pair.a, WIRE_COMMITS), commits);
	assert_int_equal(pair.a.frontier.heads[log].seq, 0);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.b.frontier.heads[node_log(&pair.b, AURAY, SCOPE_PUBLIC)].seq, 1);
	assert_true(pair.a.s.reported); /* a blocked log is not awaited */
	pair_done(&pair);
}

static void a_log_blocked_before_the_session_is_not_asked_for(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	uint32_t log = node_log(&pair.a, CRESS, SCOPE_PUBLIC);
	pair.a.frontier.heads[log].blocked = ES_FORK;
	node_write(&pair.b, SCOPE_PUBLIC, "Biocoop");
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_false(pair.a.s.tracks[log].asked);
	assert_int_equal(seen(&pair.a, WIRE_COMMITS), 0);
	assert_true(pair.a.s.reported);
	pair_done(&pair);
}

static void a_commit_already_held_is_acknowledged(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	pair.b.refuse = ES_EXISTS;
	pair.b.refuse_log = node_log(&pair.b, AURAY, SCOPE_PUBLIC);
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.nacks, 0);
	assert_true(pair.a.acks > 0);
	pair_done(&pair);
}

static void a_control_commit_made_during_the_session_opens_new_logs_on_both_sides(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 2, CRESS, 2);
	start(&pair);
	talk(&pair);
	assert_null(rights_member(&pair.a.rights, &pair.w.keys[VANNES].hub));
	uint64_t seq;
	assert_int_equal(node_admit(&pair.b, 0, buf_slice(&pair.w.control[2].bytes), &seq), ES_OK);
	grew(&pair.b);
	talk(&pair);
	assert_non_null(rights_member(&pair.a.rights, &pair.w.keys[VANNES].hub));
	assert_int_equal(pair.a.s.track_count, pair.a.frontier.count);
	/* and what is written there arrives */
	uint32_t log = node_log(&pair.b, VANNES, SCOPE_PUBLIC);
	static struct sealed s;
	world_data(&pair.w, VANNES, SCOPE_PUBLIC, &s);
	s.c.ctl_seq = 3;
	s.c.ctl_id = pair.b.ids[0][3];
	seal(&s, &pair.w.keys[VANNES]);
	assert_int_equal(node_admit(&pair.b, log, buf_slice(&s.bytes), &seq), ES_OK);
	sealed_done(&s);
	grew(&pair.b);
	talk(&pair);
	tick(&pair, 1000);
	talk(&pair);
	assert_int_equal(pair.a.frontier.heads[node_log(&pair.a, VANNES, SCOPE_PUBLIC)].seq, 1);
	pair_done(&pair);
}

static int last_seen(const struct node *n, enum wire_type type)
{
	for (int i = (int)n->seen_count - 1; i >= 0; i--)
		if (n->seen[i] == type)
			return i;
	return -1;
}

/* L18: what we seal stands on all that home had entered when it took what we said before. */
static void an_entry_is_told_before_the_ack_of_what_came_after_it_and_ends_the_permission(void **state)
{
	uint64_t seq;

	(void)state;
	pair_init(&pair, AURAY, 2, CRESS, 2);
	start(&pair);
	talk(&pair);
	assert_true(pair.a.s.confirmed);
	node_write(&pair.a, SCOPE_PUBLIC, "un");
	pair.b.hold_store = pair.a.hold_store = true;
	grew(&pair.a);
	talk(&pair);
	assert_true(pair.b.held_store && pair.a.s.confirmed);
	assert_int_equal(node_admit(&pair.b, 0, buf_slice(&pair.w.control[2].bytes), &seq), ES_OK);
	pair.b.hold_store = false;
	node_event(&pair.b, pair.b.store_event);
	talk(&pair);
	assert_int_equal(pair.a.frontier.heads[node_log(&pair.a, AURAY, SCOPE_PUBLIC)].acked, 1);
	assert_true(last_seen(&pair.a, WIRE_FRONTIER) < last_seen(&pair.a, WIRE_ACK));
	assert_true(pair.a.held_store); /* the entry */
	assert_false(pair.a.s.confirmed);
	pair.a.hold_store = false;
	node_event(&pair.a, pair.a.store_event);
	talk(&pair);
	assert_true(pair.a.s.confirmed);
	pair_done(&pair);
}

static void a_hub_ahead_in_the_control_log_gives_it_to_a_hub_behind(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, VANNES, 3);
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.b.frontier.heads[0].seq, 4);
	assert_int_equal(pair.b.s.state, SESSION_STREAM);
	pair_done(&pair);
}

static void bytes_may_arrive_one_at_a_time(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 0, CRESS, 4);
	start(&pair);
	for (int i = 0; i < 100 && (pair.a.out.len > 0 || pair.b.out.len > 0); i++) {
		deliver_by(&pair.a, &pair.b, 1);
		deliver_by(&pair.b, &pair.a, 1);
	}
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.b.s.state, SESSION_STREAM);
	assert_int_equal(pair.a.frontier.heads[0].seq, 4);
	pair_done(&pair);
}

static void nothing_is_sent_beyond_the_credit_that_the_peer_gave(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	for (int i = 0; i < 20; i++)
		node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	pair.a.per_load = 1;
	pair.b.hold_store = true; /* the disk is slow */
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.s.sent, SESSION_CREDIT_BUSY);
	assert_int_equal(pair.b.s.got, SESSION_CREDIT_BUSY);
	assert_int_equal(pair.b.buffers, SESSION_BUFFERS - SESSION_CREDIT_BUSY);
	pair_done(&pair);
}

static void a_node_short_of_buffers_keeps_some_for_whoever_catches_up(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	pair.b.buffers = SESSION_BUFFERS_SPARE;
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.b.s.granted, 0); /* nothing to catch up on */
	assert_int_equal(pair.b.buffers, SESSION_BUFFERS_SPARE);
	/* The hub writes; home hears of it and grants from the spare ones. */
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	grew(&pair.a);
	talk(&pair);
	tick(&pair, SESSION_PING_MS);
	talk(&pair);
	assert_true(pair.b.s.granted > 0);
	assert_int_equal(pair.b.frontier.heads[node_log(&pair.b, AURAY, SCOPE_PUBLIC)].seq, 1);
	session_done(&pair.b.s, &pair.b.env);
	pair.b.buffers += SESSION_BUFFERS - SESSION_BUFFERS_SPARE;
	pair_done(&pair);
}

static void a_full_transport_is_not_loaded_for_until_it_has_room(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	start(&pair);
	talk(&pair);
	pair.a.s.room = false;
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	grew(&pair.a);
	assert_false(pair.a.last.load);
	talk(&pair);
	assert_int_equal(pair.a.s.sent, 0);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_ROOM});
	talk(&pair);
	assert_int_equal(pair.a.s.sent, 1);
	pair_done(&pair);
}

static void commits_damaged_on_this_disk_are_not_served(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	pair.a.hold_load = true;
	start(&pair);
	talk(&pair);
	assert_true(pair.a.held_load);
	struct slice none = SLICE_NONE;
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_LOADED, .log = pair.a.load_log, .err = ES_DAMAGED,
						   .bytes = &none});
	talk(&pair);
	assert_int_equal(pair.a.s.tracks[pair.a.load_log].next, 0);
	assert_int_equal(pair.a.s.sent, 0);
	assert_int_equal(pair.a.s.state, SESSION_STREAM);
	assert_int_equal(pair.b.nacks, 0); /* it is the peer's copy, not ours */
	assert_true(pair.b.s.reported); /* and home does not wait for it */
	pair_done(&pair);
}

static void what_the_peer_refused_while_it_was_read_is_not_sent(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	pair.a.hold_load = true;
	start(&pair);
	talk(&pair);
	assert_true(pair.a.held_load);
	struct buf b;
	buf_init(&b, 100);
	canon_array(&b, 3);
	canon_bin(&b, pair.w.open[AURAY][SCOPE_PUBLIC].id.bytes, 16);
	canon_u64(&b, 1);
	canon_u64(&b, es_err_wire(ES_BAD_SIG));
	forge(&pair.b, WIRE_NACK, &b);
	talk(&pair);
	assert_int_equal(pair.a.nack_err, ES_BAD_SIG);
	node_load(&pair.a, pair.a.load_log, pair.a.load_seq, pair.a.load_last);
	assert_int_equal(pair.a.s.sent, 0);
	buf_done(&b);
	pair_done(&pair);
}

static void news_that_nobody_follows_is_told_at_most_once_a_second(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, VANNES, 4);
	start(&pair);
	talk(&pair);
	uint32_t ours = node_log(&pair.a, AURAY, SCOPE_PUBLIC);
	unsigned before = seen(&pair.b, WIRE_FRONTIER);
	node_write(&pair.a, SCOPE_PUBLIC, "Biocoop");
	pair.a.frontier.heads[ours].acked = 1;
	pair.a.frontier.heads[ours].acked_id = pair.a.ids[ours][1];
	grew(&pair.a);
	talk(&pair);
	assert_int_equal(seen(&pair.b, WIRE_FRONTIER), before);
	assert_int_equal(session_deadline(&pair.a.s), pair.now + 1000);
	tick(&pair, 1000);
	talk(&pair);
	assert_int_equal(seen(&pair.b, WIRE_FRONTIER), before + 1);
	assert_int_equal(pair.b.frontier.heads[node_log(&pair.b, AURAY, SCOPE_PUBLIC)].seq, 1);
	pair_done(&pair);
}

static void the_peer_s_clock_is_compared_with_ours(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	pair.b.env.utc = NOW_MS + 7000;
	start(&pair);
	talk(&pair);
	assert_int_equal(pair.a.s.peer_clock_ms, 7000);
	assert_int_equal(pair.b.s.peer_clock_ms, -7000);
	assert_int_equal(pair.b.s.peer_lineage, 1);
	assert_int_equal(pair.a.s.peer_lineage, 0); /* home says there whether it takes us for a copy */
	pair_done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_meet_and_a_hub_learns_the_control_log_from_nothing),
		cmocka_unit_test(the_control_log_is_levelled_before_any_data_log),
		cmocka_unit_test(what_a_hub_writes_reaches_its_home_and_is_acknowledged),
		cmocka_unit_test(new_commits_flow_to_a_subscriber_without_being_asked_for_again),
		cmocka_unit_test(home_confirms_once_it_holds_every_log_of_the_hub),
		cmocka_unit_test(home_that_holds_more_than_the_hub_does_not_confirm_before_it_is_restored),
		cmocka_unit_test(another_hub_is_offered_only_what_home_has_acknowledged),
		cmocka_unit_test(a_peer_is_told_only_of_logs_it_may_hold),
		cmocka_unit_test(a_local_log_is_never_told),
		cmocka_unit_test(a_commit_that_has_to_wait_is_asked_for_again_after_a_while),
		cmocka_unit_test(a_blocked_log_is_not_asked_for_again_and_the_others_go_on),
		cmocka_unit_test(a_log_blocked_before_the_session_is_not_asked_for),
		cmocka_unit_test(a_commit_already_held_is_acknowledged),
		cmocka_unit_test(a_control_commit_made_during_the_session_opens_new_logs_on_both_sides),
		cmocka_unit_test(an_entry_is_told_before_the_ack_of_what_came_after_it_and_ends_the_permission),
		cmocka_unit_test(a_hub_ahead_in_the_control_log_gives_it_to_a_hub_behind),
		cmocka_unit_test(bytes_may_arrive_one_at_a_time),
		cmocka_unit_test(nothing_is_sent_beyond_the_credit_that_the_peer_gave),
		cmocka_unit_test(a_node_short_of_buffers_keeps_some_for_whoever_catches_up),
		cmocka_unit_test(a_full_transport_is_not_loaded_for_until_it_has_room),
		cmocka_unit_test(commits_damaged_on_this_disk_are_not_served),
		cmocka_unit_test(what_the_peer_refused_while_it_was_read_is_not_sent),
		cmocka_unit_test(news_that_nobody_follows_is_told_at_most_once_a_second),
		cmocka_unit_test(the_peer_s_clock_is_compared_with_ours),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
