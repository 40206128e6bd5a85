/* SPDX-License-Identifier: Apache-2.0
 *
 * What is forgotten, on whole nodes (protocol.md part 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/daemon/records.h"

/* --- erasure --- */

static enum es_err forget(struct nodes *w, struct party *p, unsigned number, int64_t *count)
{
	struct id16 uid = uid_of(number);

	return STEP(w, p, node_forget(p->n, &uid, count));
}

struct silent {
	unsigned erasures, silent;
};

static bool note_erasure(void *ctx, const struct erasure *e)
{
	struct silent *s = ctx;

	s->erasures++;
	s->silent += (unsigned)e->silent;
	return true;
}

static struct silent silent(struct party *p)
{
	struct silent s = {0};

	assert_int_equal(node_erasures(p->n, note_erasure, &s), ES_OK);
	return s;
}

static void assert_gone(struct nodes *w, unsigned number, const char *text)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->p[i].n) {
			if (on_disk(&w->p[i], text))
				fail_msg("node %zu holds %s", i, text);
			assert_false(shows(&w->p[i], number, "nom"));
		}
}

static void what_is_forgotten_is_in_no_file_of_anybody(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *home = &w->p[CRESS];
	int64_t count = 0;

	create(w, auray, 1, "Secretissime");
	create(w, auray, 2, "Banal");
	assert_int_equal(edit(w, auray, 1, "nom", "Encoresecret"), ES_OK);
	assert_true(on_disk(auray, "Secretissime") && on_disk(&w->p[RENNES], "Secretissime"));
	assert_int_equal(forget(w, auray, 9, &count), ES_NOT_FOUND);
	assert_int_equal(forget(w, &w->p[VANNES], 1, &count), ES_OTHER_HUB);
	assert_int_equal(forget(w, home, 1, &count), ES_OTHER_HUB);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	assert_true(count >= 2);
	assert_false(on_disk(auray, "ecret")); /* here at once, the outbox too */
	assert_false(shows(auray, 1, "nom"));
	assert_int_equal(silent(home).erasures, 0);
	visit(w, auray);
	assert_int_equal(silent(home).erasures, 1);
	assert_true(silent(home).silent >= 2);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "ecret");
	assert_true(shows(&w->p[RENNES], 2, "Banal"));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(silent(&w->p[i]).erasures, 1);
		assert_int_equal(silent(&w->p[i]).silent, 0); /* everybody has said so */
	}
	for (size_t i = 0; i < 4; i++)
		party_restart(w, &w->p[i]);
	visit_all(w);
	assert_int_equal(silent(home).silent, 0);
	assert_true(shows(&w->p[RENNES], 2, "Banal"));
	/* Its uid may be used anew, for something else. */
	assert_int_equal(edit(w, auray, 1, "nom", "Nouveau"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[RENNES], 1, "Nouveau"));
}

/* Deleted is not forgotten: what it said lies in every node's log. */
static void what_was_deleted_is_forgotten_too(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	struct id16 uid = uid_of(1);
	struct edit_result result;
	int64_t count = 0;

	create(w, auray, 1, "Secretissime");
	create(w, auray, 2, "Banal");
	visit_all(w);
	assert_int_equal(STEP(w, auray, node_delete(auray->n, &uid, &result)), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_true(on_disk(&w->p[RENNES], "Secretissime"));
	assert_int_equal(forget(w, &w->p[VANNES], 1, &count), ES_OTHER_HUB);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	assert_true(count >= 2);
	visit_all(w);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
	assert_int_equal(silent(&w->p[CRESS]).silent, 0);
	assert_int_equal(forget(w, auray, 1, &count), ES_NOT_FOUND); /* twice is nothing */
	assert_int_equal(edit(w, auray, 1, "nom", "Nouveau"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[RENNES], 1, "Nouveau"));
}

static void a_receipt_is_written_once(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *rennes = &w->p[RENNES];
	int64_t count;

	create(w, auray, 1, "Secretissime");
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	visit_all(w);
	visit_all(w);
	uint64_t seq = own_head(rennes, rennes, SCOPE_FEDERATION)->seq;
	party_restart(w, rennes);
	project(rennes);
	visit_all(w);
	visit_all(w);
	assert_int_equal(own_head(rennes, rennes, SCOPE_FEDERATION)->seq, seq);
}

static void what_is_forgotten_is_not_stored_when_it_comes_back(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	int64_t count;

	create(w, auray, 1, "Secretissime");
	create(w, auray, 2, "Banal");
	struct party *old = party_clone(w, &w->p[VANNES]); /* a backup that has not heard */
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = AURAY; k <= RENNES; k++)
			visit(w, &w->p[k]);
	struct party *vitre = party_join(w, "vitre", "Vitre");
	send_control(w, &w->p[CRESS], vitre);
	send_data(w, old, vitre);
	assert_true(stored(old, "Secretissime").count > 0);
	party_stop(old);
	assert_true(shows(vitre, 2, "Banal"));
	assert_false(on_disk(vitre, "Secretissime"));
	assert_gone(w, 1, "Secretissime");
	visit_all(w);
	/* A backup that comes up hears first. */
	party_start(w, old);
	assert_true(on_disk(old, "Secretissime"));
	send_control(w, &w->p[CRESS], old);
	assert_false(on_disk(old, "Secretissime"));
}

/* The first value was everybody's; what was made local since is in the backup's local log. */
static void a_restored_author_forgets_what_was_local_too(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	int64_t count;

	create(w, auray, 1, "Secretissime");
	assert_int_equal(edit(w, auray, 1, "portee", "local"), ES_OK);
	visit_all(w);
	struct party *backup = party_clone(w, auray);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	visit(w, auray);
	assert_false(on_disk(auray, "Secretissime"));
	party_stop(auray);
	assert_true(on_disk(backup, "Secretissime"));
	send_control(w, &w->p[CRESS], backup);
	assert_false(on_disk(backup, "Secretissime"));
}

static void a_new_member_takes_logs_with_what_is_missing(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	int64_t count;

	create(w, auray, 1, "Secretissime");
	create(w, auray, 2, "Banal");
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	visit_all(w);
	struct party *vitre = party_join(w, "vitre", "Vitre");
	visit_all(w);
	assert_true(shows(vitre, 2, "Banal"));
	assert_int_equal(own_head(vitre, auray, SCOPE_PUBLIC)->seq, own_head(auray, auray, SCOPE_PUBLIC)->seq);
}

static void a_record_of_the_cress_s_own_is_forgotten_too(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];
	int64_t count = 0;

	create(w, home, 1, "Secretissime");
	create(w, home, 2, "Banal");
	assert_int_equal(forget(w, home, 1, &count), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
	assert_int_equal(silent(home).silent, 0);
	struct party *vitre = party_join(w, "vitre", "Vitre");
	visit_all(w);
	assert_true(shows(vitre, 2, "Banal"));
	assert_true(count > 0); /* finding F3, open */
}

/* Finding F5: it is not shown meanwhile. */
static void what_home_does_not_hold_yet_is_destroyed_once_it_does(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	int64_t count;

	create(w, auray, 2, "Banal");
	assert_int_equal(edit(w, auray, 1, "nom", "Secretissime"), ES_OK);
	seal_alone(w, auray);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	assert_false(shows(auray, 1, "nom"));
	assert_true(on_disk(auray, "Secretissime")); /* nobody would take the commit with a hole */
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
	assert_true(own_head(auray, auray, SCOPE_PUBLIC)->acked == own_head(auray, auray, SCOPE_PUBLIC)->seq);
	assert_int_equal(silent(&w->p[CRESS]).silent, 0);
	assert_int_equal(edit(w, auray, 3, "nom", "Ensuite"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[RENNES], 3, "Ensuite"));
}

/* As above, and the acknowledgement is a commit of ours that home shows. */
static void what_was_kept_is_destroyed_where_home_shows_that_it_has_it(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *home = &w->p[CRESS];
	int64_t count;

	assert_int_equal(edit(w, auray, 1, "nom", "Secretissime"), ES_OK);
	seal_alone(w, auray);
	send_data(w, auray, home);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	assert_true(on_disk(auray, "Secretissime"));
	const struct head *h = own_head(home, auray, SCOPE_PUBLIC);
	assert_int_equal(send_from(w, home, auray, (uint32_t)(h - home->n->frontier.heads), h->seq, h->seq), ES_EXISTS);
	assert_false(on_disk(auray, "Secretissime"));
}

static void a_proposal_under_way_is_forgotten_with_its_record(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	int64_t count;

	create(w, auray, 1, "Atelier");
	assert_int_equal(propose(w, vannes, 1, "nom", "Secretissime"), ES_OK);
	seal_alone(w, vannes);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	visit(w, auray);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
	assert_int_equal(edit(w, vannes, 5, "nom", "Ensuite"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[RENNES], 5, "Ensuite"));
	assert_int_equal(silent(&w->p[CRESS]).silent, 0);
	struct party *vitre = party_join(w, "vitre", "Vitre");
	visit_all(w);
	assert_true(shows(vitre, 5, "Ensuite"));
}

/* What was said about it has nothing more to say, to its steward and to who said it. */
static void a_proposal_that_waits_goes_with_its_record(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	int64_t count;

	create(w, auray, 1, "Atelier");
	create(w, auray, 2, "Banal");
	assert_int_equal(propose(w, vannes, 1, "nom", "Secretissime"), ES_OK);
	visit_all(w);
	assert_int_equal(propose(w, vannes, 2, "nom", "Autre"), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_int_equal(inbox(auray).count, 2);
	assert_int_equal(inbox(vannes).count, 2);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	assert_int_equal(inbox(auray).count, 1);
	visit_all(w);
	visit_all(w);
	for (size_t i = 0; i < w->count; i++) {
		struct record_id other = record_of(auray, 2);

		assert_int_equal(inbox(&w->p[i]).count, 1);
		assert_memory_equal(inbox(&w->p[i]).item.record.bytes, other.bytes, 32);
	}
}

static void a_void_commit_is_forgotten_too(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *home = &w->p[CRESS];
	int64_t count;

	create(w, auray, 2, "Banal");
	create(w, auray, 1, "Secretissime");
	struct head *h = own_head(home, auray, SCOPE_PUBLIC);
	struct log_cut cut = {.log = h->log, .seq = 1};
	assert_true(journal_commit_id(home->n->journal, (uint32_t)(h - home->n->frontier.heads), 1, &cut.id));
	struct buf b;
	buf_init(&b, 512);
	node_open_entry(home->n, &auray->n->hub, SCOPE_PUBLIC, 2, &cut, &b);
	struct slice s = buf_slice(&b);
	assert_int_equal(STEP(w, home, node_control(home->n, &s, 1)), ES_OK);
	buf_done(&b);
	send_control(w, home, &w->p[RENNES]);
	assert_int_equal(journal_void_count(w->p[RENNES].n->journal), 1);
	visit(w, auray);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
}

static void a_revoked_member_s_record_is_forgotten_by_the_cress(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *home = &w->p[CRESS];
	int64_t count;

	create(w, auray, 1, "Secretissime");
	create(w, auray, 2, "Banal");
	assert_int_equal(STEP(w, home, node_revoke(home->n, rights_member(&home->n->rights, &auray->n->hub))), ES_OK);
	party_stop(auray);
	visit_all(w);
	assert_int_equal(forget(w, &w->p[VANNES], 1, &count), ES_OTHER_HUB);
	assert_int_equal(forget(w, home, 1, &count), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
	assert_true(shows(&w->p[VANNES], 2, "Banal"));
	assert_int_equal(silent(home).silent, 0); /* it is not awaited */
}

static void what_was_handed_over_is_forgotten_by_its_steward(void **state)
{
	struct nodes *w = *state;
	int64_t count;

	handed_over(w);
	assert_int_equal(edit(w, &w->p[VANNES], 1, "nom", "Secretissime"), ES_OK);
	visit_all(w);
	assert_int_equal(forget(w, &w->p[AURAY], 1, &count), ES_OTHER_HUB);
	assert_int_equal(forget(w, &w->p[VANNES], 1, &count), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
	assert_gone(w, 1, "Atelier"); /* the first steward's commits too */
}

/* L18: its order could come too late, and what is destroyed at once be missing here alone. */
static void a_record_on_offer_is_not_forgotten(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	int64_t count;

	create(w, auray, 1, "Secretissime");
	assert_int_equal(hand_over(w, auray, 1, &w->p[VANNES]), ES_OK);
	visit_all(w);
	assert_int_equal(forget(w, auray, 1, &count), ES_NOT_ALLOWED);
	assert_true(shows(auray, 1, "Secretissime"));
	assert_int_equal(answer(w, auray, false), ES_OK);
	seal_alone(w, auray);
	assert_int_equal(forget(w, auray, 1, &count), ES_NOT_ALLOWED); /* home has not heard */
	visit_all(w);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
}

static void an_offer_that_nobody_has_heard_goes_with_what_is_forgotten(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	int64_t count;

	create(w, auray, 1, "Secretissime");
	assert_int_equal(hand_over(w, auray, 1, &w->p[VANNES]), ES_OK);
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_int_equal(inbox(&w->p[VANNES]).count, 0);
	assert_gone(w, 1, "Secretissime");
}

/* A home of before the forgotten commit: its author has the hole, nobody the bytes.
 * He alone is believed that there is nothing more to be had. */
static void a_restored_home_takes_a_commit_whose_payload_is_gone(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *home = &w->p[CRESS];
	int64_t count;

	create(w, auray, 2, "Banal");
	struct party *copy = party_clone(w, home);
	assert_int_equal(edit(w, auray, 1, "nom", "Secretissime"), ES_OK);
	visit(w, auray); /* acknowledged; the others have not had it */
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	assert_false(on_disk(auray, "Secretissime"));
	go_back(w, copy);
	assert_int_equal(STEP(w, home, node_restored(home->n)), ES_OK);
	visit_all(w);
	visit_all(w);
	visit_all(w);
	assert_int_equal(node_awaited(home->n), 0);
	assert_int_equal(edit(w, auray, 3, "nom", "Ensuite"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[RENNES], 3, "Ensuite"));
	assert_int_equal(silent(home).erasures, 2); /* the order, and the place listed under it */
	visit_all(w);
	assert_int_equal(silent(home).silent, 0);
}

/* The same of home's own log: who destroyed is not its author. A home that asks for its
 * own back takes the hole once nobody is left who might have the whole. */
static void a_restored_home_takes_its_own_commit_that_a_steward_has_destroyed(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *home = &w->p[CRESS];
	int64_t count;

	create(w, auray, 1, "Atelier");
	struct party *copy = party_clone(w, home);
	assert_int_equal(propose(w, home, 1, "nom", "Secretissime"), ES_OK);
	visit(w, auray);
	uint64_t had = own_head(auray, home, SCOPE_PUBLIC)->seq;
	assert_true(on_disk(auray, "Secretissime"));
	assert_int_equal(forget(w, auray, 1, &count), ES_OK);
	assert_false(on_disk(auray, "Secretissime"));
	go_back(w, copy);
	assert_int_equal(STEP(w, home, node_restored(home->n)), ES_OK);
	visit(w, vannes);
	assert_int_equal(call(w, auray), ES_OK);
	settle(w, auray);
	w->utc += 61000; /* Rennes, which has not reported, is away: it might have it whole */
	settle(w, auray);
	assert_true(own_head(home, home, SCOPE_PUBLIC)->seq < had);
	assert_int_equal(node_awaited(home->n), 2);
	hang_up(w, auray, ES_OK);
	visit(w, &w->p[RENNES]);
	assert_int_equal(call(w, auray), ES_OK);
	settle(w, auray);
	assert_true(own_head(home, home, SCOPE_PUBLIC)->seq < had);
	w->utc += 61000;
	settle(w, auray);
	assert_int_equal(node_awaited(home->n), 0);
	hang_up(w, auray, ES_OK);
	visit_all(w);
	visit_all(w);
	visit_all(w);
	assert_gone(w, 1, "Secretissime");
	assert_int_equal(silent(home).silent, 0);
	assert_int_equal(edit(w, home, 3, "nom", "Ensuite"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[RENNES], 3, "Ensuite"));
}

static enum es_err destroy_unordered(struct party *p, unsigned number)
{
	struct erasing e = {.frontier = &p->n->frontier, .record = record_of(p, number),
			    .kind = schema_kind_named(slice_str("structure"))->no, .upto = INT64_MAX};

	return journal_erase(p->n->journal, &e);
}

/* A hub that breaks the rules: it says that there is no more of a change, and orders
 * nothing. The others wait; a checkpoint must not make them wait for ever. */
static void what_an_author_alone_calls_destroyed_is_not_final(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *home = &w->p[CRESS];

	create(w, auray, 1, "Entier");
	visit_all(w);
	uint64_t whole = own_head(home, auray, SCOPE_PUBLIC)->seq;
	assert_int_equal(edit(w, auray, 2, "nom", "Rien"), ES_OK);
	seal_alone(w, auray);
	assert_int_equal(STEP(w, auray, destroy_unordered(auray, 2)), ES_OK);
	visit(w, auray);
	assert_int_equal(own_head(home, auray, SCOPE_PUBLIC)->seq, whole + 1);
	assert_int_equal(STEP(w, home, node_checkpoint(home->n)), ES_OK);
	const struct open_log *log = rights_log(&home->n->rights, &own_head(home, auray, SCOPE_PUBLIC)->log);
	assert_int_equal(log->checkpoint, whole);
	assert_int_equal(STEP(w, home, node_revoke(home->n, rights_member(&home->n->rights, &auray->n->hub))), ES_OK);
	visit(w, vannes);
	assert_int_equal(own_head(vannes, auray, SCOPE_PUBLIC)->seq, whole);
	assert_int_equal(own_head(home, auray, SCOPE_PUBLIC)->seq, whole);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, three_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_forgotten_is_in_no_file_of_anybody),
		TEST(what_was_deleted_is_forgotten_too),
		TEST(a_receipt_is_written_once),
		TEST(what_is_forgotten_is_not_stored_when_it_comes_back),
		TEST(a_restored_author_forgets_what_was_local_too),
		TEST(a_new_member_takes_logs_with_what_is_missing),
		TEST(a_record_of_the_cress_s_own_is_forgotten_too),
		TEST(what_home_does_not_hold_yet_is_destroyed_once_it_does),
		TEST(what_was_kept_is_destroyed_where_home_shows_that_it_has_it),
		TEST(a_proposal_under_way_is_forgotten_with_its_record),
		TEST(a_proposal_that_waits_goes_with_its_record),
		TEST(a_void_commit_is_forgotten_too),
		TEST(a_revoked_member_s_record_is_forgotten_by_the_cress),
		TEST(what_was_handed_over_is_forgotten_by_its_steward),
		TEST(a_record_on_offer_is_not_forgotten),
		TEST(an_offer_that_nobody_has_heard_goes_with_what_is_forgotten),
		TEST(a_restored_home_takes_a_commit_whose_payload_is_gone),
		TEST(a_restored_home_takes_its_own_commit_that_a_steward_has_destroyed),
		TEST(what_an_author_alone_calls_destroyed_is_not_final),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
