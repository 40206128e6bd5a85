/* SPDX-License-Identifier: Apache-2.0
 *
 * What home acknowledges of a hub's own logs by its FRONTIER, where the ACK was lost
 * with its session. */
#include "tests/proto/session_pair.h"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, AURAY, 4, CRESS, 4);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_done(&pair);
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

/* `ours` commits here, the first `theirs` of them at home, which takes in no more. */
static void write_both(int ours, int theirs)
{
	for (int i = 0; i < ours; i++)
		node_write(&pair.a, SCOPE_PUBLIC, "un");
	for (int i = 0; i < theirs; i++)
		node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "un");
	pair.b.hold_store = true;
}

static void home_s_frontier_acknowledges_where_its_ack_was_lost(void **state)
{
	(void)state;
	write_both(3, 2);
	meet();
	assert_int_equal(seen(&pair.a, WIRE_ACK), 0);
	assert_int_equal(pair.a.acks, 1);
	const struct head *h = head(&pair.a, AURAY, SCOPE_PUBLIC);
	assert_int_equal(h->acked, 2);
	assert_memory_equal(&h->acked_id, &pair.b.ids[node_log(&pair.b, AURAY, SCOPE_PUBLIC)][2], 32);
	assert_true(pair.b.held_store); /* the third */
	pair.b.hold_store = false;
	node_event(&pair.b, pair.b.store_event);
	talk(&pair);
	assert_int_equal(pair.a.acks, 2);
	assert_int_equal(h->acked, 3);
	assert_true(pair.a.s.confirmed);
	hang_up(&pair);
	meet(); /* there is nothing new in it now */
	assert_int_equal(pair.a.acks, 2);
}

static void nothing_is_compared_where_home_has_all_of_ours(void **state)
{
	(void)state;
	write_both(2, 2);
	pair.b.hold_store = false;
	meet();
	assert_int_equal(seen(&pair.a, WIRE_ACK), 0);
	assert_int_equal(head(&pair.a, AURAY, SCOPE_PUBLIC)->acked, 2);
	assert_true(pair.a.s.confirmed);
	node_write(&pair.a, SCOPE_PUBLIC, "deux"); /* nor at each ACK */
	grew(&pair.a);
	talk(&pair);
	assert_int_equal(head(&pair.a, AURAY, SCOPE_PUBLIC)->acked, 3);
	assert_int_equal(pair.a.compares, 0);
}

static void only_home_acknowledges_and_only_our_own_logs(void **state)
{
	(void)state;
	replace(&pair, &pair.b, VANNES, 4);
	write_both(2, 1); /* it has it from home, which we have yet to hear of */
	meet();
	assert_int_equal(pair.a.acks, 0);
	hang_up(&pair);
	replace(&pair, &pair.a, AURAY, 4);
	replace(&pair, &pair.b, CRESS, 4);
	node_write_as(&pair.a, VANNES, SCOPE_PUBLIC, "un");
	node_write_as(&pair.b, VANNES, SCOPE_PUBLIC, "un");
	node_write_as(&pair.b, AURAY, SCOPE_PUBLIC, "lost here"); /* above our head */
	meet();
	assert_int_equal(pair.a.acks + pair.b.acks, 0);
}

static void what_home_holds_of_a_copy_is_told_to_it_by_its_frontier(void **state)
{
	(void)state;
	write_both(2, 1);
	pair.b.greeted.pending = true;
	meet();
	assert_true(pair.a.s.pending);
	assert_int_equal(head(&pair.a, AURAY, SCOPE_PUBLIC)->acked, 1);
	assert_int_equal(session_shareable(&pair.a.s, &pair.a.env, node_log(&pair.a, AURAY, SCOPE_PUBLIC)), 1);
	unsigned before = pair.b.levels;
	tick(&pair, 1000); /* no commits tell home that the offer has grown: a FRONTIER does */
	talk(&pair);
	assert_int_equal(pair.b.s.tracks[node_log(&pair.b, AURAY, SCOPE_PUBLIC)].theirs, 1);
	assert_true(pair.b.levels > before);
}

/* The node makes nothing of it as an acknowledgement: then it compares, at once. */
static void a_frontier_with_another_id_acknowledges_nothing_and_is_compared(void **state)
{
	struct hash other_id = {{1}};
	struct buf b;

	(void)state;
	write_both(3, 0);
	meet();
	assert_int_equal(pair.a.acks, 0);
	buf_init(&b, 256);
	canon_array(&b, 2);
	for (int i = 0; i < 2; i++) {
		const struct head *h = i ? head(&pair.a, AURAY, SCOPE_PUBLIC) : &pair.a.frontier.heads[0];

		canon_array(&b, 3);
		canon_bin(&b, h->log.bytes, 16);
		canon_u64(&b, i ? 1 : h->seq);
		canon_bin(&b, i ? other_id.bytes : h->id.bytes, 32);
	}
	forge(&pair.b, WIRE_FRONTIER, &b);
	deliver(&pair.b, &pair.a);
	buf_done(&b);
	assert_int_equal(pair.a.acks, 1);
	assert_int_equal(head(&pair.a, AURAY, SCOPE_PUBLIC)->acked, 0);
	assert_true(session_deadline(&pair.a.s) <= pair.now);
	node_event(&pair.a, (struct session_event){.type = SESSION_EV_TIME});
	assert_int_equal(pair.a.compares, 1);
	assert_true(pair.a.s.tracks[node_log(&pair.a, AURAY, SCOPE_PUBLIC)].differs);
	assert_true(session_deadline(&pair.a.s) > pair.now);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(home_s_frontier_acknowledges_where_its_ack_was_lost),
		T(nothing_is_compared_where_home_has_all_of_ours),
		T(only_home_acknowledges_and_only_our_own_logs),
		T(what_home_holds_of_a_copy_is_told_to_it_by_its_frontier),
		T(a_frontier_with_another_id_acknowledges_nothing_and_is_compared),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
