/* SPDX-License-Identifier: Apache-2.0
 *
 * Records that change hands, and proposals (protocol.md part 6, L18 to L20), on
 * whole nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/daemon/records.h"

/* --- hand-over --- */

static void a_record_offered_and_accepted_is_the_other_s(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	handed_over(w);
	for (size_t i = 0; i < 4; i++) {
		assert_true(is_steward(&w->p[i], auray, 1, vannes));
		assert_true(shows(&w->p[i], 1, "Atelier"));
		assert_int_equal(inbox(&w->p[i]).count, 0);
	}
	assert_int_equal(edit(w, auray, 1, "nom", "Trop tard"), ES_OTHER_HUB);
	assert_int_equal(edit(w, vannes, 1, "nom", "Le nouveau"), ES_OK);
	assert_int_equal(waiting(vannes, "Le nouveau").count, 1);
	visit_all(w);
	for (size_t i = 0; i < 4; i++)
		assert_true(shows(&w->p[i], 1, "Le nouveau"));
	party_restart(w, vannes);
	party_restart(w, auray);
	assert_int_equal(edit(w, vannes, 1, "nom", "Encore"), ES_OK);
	assert_int_equal(edit(w, auray, 1, "nom", "Non"), ES_OTHER_HUB);
	visit_all(w);
	assert_true(shows(auray, 1, "Encore"));
}

static void a_record_comes_back_to_who_made_it(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	handed_over(w);
	assert_int_equal(edit(w, vannes, 1, "sigle", "VA"), ES_OK);
	visit_all(w);
	assert_int_equal(hand_over(w, vannes, 1, auray), ES_OK);
	visit_all(w);
	assert_int_equal(answer(w, auray, true), ES_OK);
	visit_all(w);
	assert_true(is_steward(&w->p[RENNES], auray, 1, auray));
	assert_int_equal(edit(w, vannes, 1, "nom", "Non"), ES_OTHER_HUB);
	assert_int_equal(edit(w, auray, 1, "nom", "De retour"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[RENNES], 1, "De retour"));
	assert_true(shows(&w->p[RENNES], 1, "VA")); /* what the other wrote in its time counts */
}

static void the_entry_cuts_all_the_old_steward_s_logs(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	create(w, auray, 2, "Autre");
	assert_int_equal(STEP(w, auray, node_restored(auray->n)), ES_OK); /* a closed generation too */
	visit_all(w);
	handed_over(w);
	assert_int_equal(home->n->rights.tenure_count, 1);
	const struct tenure *t = &home->n->rights.tenures[0];
	unsigned own = 0;
	for (uint32_t i = 1; i < home->n->frontier.count; i++) {
		const struct head *h = &home->n->frontier.heads[i];
		const struct open_log *log = h->scope == SCOPE_LOCAL ? NULL : rights_log(&home->n->rights, &h->log);
		uint64_t seq = 0;

		if (!log || !id_eq(&h->hub, &auray->n->hub))
			continue;
		for (size_t k = 0; k < t->cut_count; k++)
			if (id_eq(&t->cuts[k].log, &h->log))
				seq = t->cuts[k].seq;
		own++;
		assert_int_equal(seq, log->cut ? log->cut_seq : h->seq);
	}
	assert_int_equal(own, 6); /* two generations of three scopes */
}

static void an_old_steward_that_has_not_heard_writes_in_vain(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	create(w, auray, 1, "Atelier");
	struct party *deaf = party_clone(w, auray);
	assert_int_equal(edit(w, deaf, 1, "nom", "Sourd"), ES_OK);
	assert_int_equal(edit(w, deaf, 2, "nom", "Autre fiche"), ES_OK);
	seal_alone(w, deaf);
	assert_int_equal(hand_over(w, auray, 1, &w->p[VANNES]), ES_OK);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = AURAY; k <= RENNES; k++)
			visit(w, &w->p[k]);
	assert_int_equal(answer(w, &w->p[VANNES], true), ES_OK);
	visit(w, &w->p[VANNES]);
	visit(w, &w->p[VANNES]);
	assert_true(is_steward(home, auray, 1, &w->p[VANNES]));
	send_data(w, deaf, home); /* signed under an older control position, beyond the cut */
	party_stop(deaf);
	assert_int_equal(stored(home, "Sourd").count, 1);
	assert_true(shows(home, 1, "Atelier"));
	assert_false(shows(home, 1, "Sourd"));
	assert_true(shows(home, 2, "Autre fiche")); /* the cut is the record's, not the log's */
}

static void nobody_is_offered_what_is_not_ours_or_twice(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	struct id16 uid = uid_of(1), nobody = {{9}};

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 7, vannes), ES_NOT_FOUND);
	assert_int_equal(hand_over(w, vannes, 1, auray), ES_OTHER_HUB);
	assert_int_equal(hand_over(w, auray, 1, auray), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, auray, node_hand_over(auray->n, &uid, &nobody)), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, home, node_suspend(home->n, rights_member(&home->n->rights, &vannes->n->hub), false)), ES_OK);
	visit(w, auray);
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_NOT_ALLOWED);
	assert_int_equal(hand_over(w, auray, 1, &w->p[RENNES]), ES_OK);
	assert_int_equal(hand_over(w, auray, 1, &w->p[RENNES]), ES_EXISTS); /* in the outbox */
	visit(w, auray);
	assert_int_equal(hand_over(w, auray, 1, home), ES_EXISTS); /* sealed */
}

static void an_offer_is_answered_by_whom_it_is_for_alone(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *rennes = &w->p[RENNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	assert_int_equal(inbox(vannes).item.op, OP_REQUEST);
	assert_int_equal(answer(w, rennes, true), ES_NOT_ALLOWED);
	assert_int_equal(answer(w, rennes, false), ES_NOT_ALLOWED);
	assert_int_equal(answer(w, auray, true), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, vannes, node_answer(vannes->n, 99, true, SLICE_NONE)), ES_NOT_FOUND);
	assert_int_equal(answer(w, vannes, false), ES_OK);
	visit_all(w);
	assert_int_equal(inbox(vannes).count, 0);
	assert_int_equal(inbox(auray).count, 0);
	assert_true(is_steward(&w->p[CRESS], auray, 1, auray));
	assert_int_equal(hand_over(w, auray, 1, rennes), ES_OK); /* to somebody else then */
}

/* L18 */
static void edits_after_the_offer_wait(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];

	create(w, auray, 1, "Atelier");
	assert_int_equal(edit(w, auray, 1, "nom", "Avant"), ES_OK);
	assert_int_equal(hand_over(w, auray, 1, &w->p[VANNES]), ES_OK);
	assert_int_equal(edit(w, auray, 1, "nom", "Apres"), ES_OK);
	assert_int_equal(edit(w, auray, 2, "nom", "Autre fiche"), ES_OK);
	seal_alone(w, auray);
	assert_int_equal(waiting(auray, "Avant").count, 0);
	assert_int_equal(waiting(auray, "Apres").count, 1);
	assert_int_equal(waiting(auray, "Autre fiche").count, 0);
	visit_all(w);
	assert_int_equal(waiting(auray, "Apres").count, 1); /* offered, not answered */
	assert_true(shows(auray, 1, "Apres"));
	assert_true(shows(&w->p[CRESS], 1, "Avant"));
	party_restart(w, auray);
	visit_all(w);
	assert_int_equal(waiting(auray, "Apres").count, 1);
	assert_int_equal(answer(w, auray, false), ES_OK); /* withdrawn */
	visit_all(w);
	assert_int_equal(waiting(auray, "Apres").count, 0);
	assert_true(shows(&w->p[VANNES], 1, "Apres"));
	assert_int_equal(stored(auray, "Apres").op, OP_PUT);
}

/* L20: home went back to before an edit that it had acknowledged. */
static void an_edit_that_the_hand_over_leaves_out_is_proposed(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *copy;

	create(w, auray, 1, "Atelier");
	copy = party_clone(w, home);
	party_stop(copy);
	create(w, auray, 1, "Perdu");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	assert_int_equal(answer(w, vannes, true), ES_OK);
	seal_alone(w, vannes);
	go_back(w, copy);
	assert_int_equal(STEP(w, home, node_alone(home->n)), ES_OK);
	send_requests(w, auray, home);
	send_requests(w, vannes, home);
	send_control(w, home, auray);
	assert_int_equal(waiting(auray, "Perdu").count, 1);
	visit_all(w);
	assert_int_equal(answer(w, vannes, true), ES_OK);
	assert_true(shows(vannes, 1, "Perdu"));
}

/* A checkpoint names what home alone held and has lost: its entries cut there, not below. */
static void a_home_that_lost_what_is_final_goes_on_and_hands_over(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES];

	create(w, home, 1, "Atelier");
	struct party *copy = party_clone(w, home);
	struct id16 log = own_head(home, home, SCOPE_PUBLIC)->log;
	assert_int_equal(edit(w, home, 2, "nom", "Perdu"), ES_OK);
	assert_int_equal(STEP(w, home, node_checkpoint(home->n)), ES_OK);
	send_control(w, home, vannes); /* but not the data */
	go_back(w, copy);
	send_control(w, vannes, home);
	visit_all(w);
	assert_int_equal(rights_log(&home->n->rights, &log)->checkpoint, 2);
	assert_int_equal(hand_over(w, home, 1, vannes), ES_OK);
	visit_all(w);
	assert_memory_not_equal(own_head(home, home, SCOPE_PUBLIC)->log.bytes, log.bytes, 16); /* no seq is used twice (L14) */
	assert_int_equal(rights_log(&home->n->rights, &log)->cut_seq, 2);
	assert_int_equal(answer(w, vannes, true), ES_OK);
	visit_all(w);
	assert_true(is_steward(&w->p[AURAY], home, 1, vannes));
}

/* L17: only then may the hub's old generation be whole again. */
static void a_cut_that_names_what_nobody_holds_is_lowered_by_an_officer(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct log_cut cut = {.seq = 5, .id = {{7}}};
	struct slice s;
	struct buf b;

	create(w, auray, 1, "Atelier");
	cut.log = own_head(home, auray, SCOPE_PUBLIC)->log;
	assert_int_equal(STEP(w, home, node_resolve(home->n, &cut.log)), ES_NOT_FOUND);
	buf_init(&b, 512);
	entry_resolve(&cut.log, &cut, &b);
	s = buf_slice(&b);
	assert_int_equal(STEP(w, home, node_control(home->n, &s, 1)), ES_OK);
	buf_done(&b);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &cut.log)), ES_OK);
	assert_int_equal(rights_log(&home->n->rights, &cut.log)->cut_seq, 1);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &cut.log)), ES_NOT_FOUND);
	visit_all(w);
	assert_true(shows(&w->p[VANNES], 1, "Atelier"));
}

/* Acceptance and withdrawal may cross: home alone says which came in time. */
static void a_withdrawal_counts_once_home_holds_it(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	assert_int_equal(answer(w, vannes, true), ES_OK);
	assert_int_equal(answer(w, auray, false), ES_OK);
	assert_int_equal(edit(w, auray, 1, "nom", "Apres"), ES_OK);
	seal_alone(w, auray); /* the withdrawal is signed, home has not heard */
	assert_int_equal(waiting(auray, "Apres").count, 1);
	visit(w, vannes);
	assert_true(is_steward(&w->p[CRESS], auray, 1, vannes));
	visit_all(w);
	assert_int_equal(waiting(auray, "Apres").count, 0);
	assert_int_equal(stored(auray, "Apres").op, OP_PROPOSE);
}

static void a_withdrawal_goes_before_an_acceptance_that_home_has_not_entered(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	party_restart(w, home); /* it enters nothing until all three have called (L11) */
	assert_int_equal(answer(w, vannes, true), ES_OK);
	assert_int_equal(answer(w, auray, false), ES_OK);
	assert_int_equal(edit(w, auray, 1, "nom", "Apres"), ES_OK);
	visit(w, vannes);
	visit(w, auray);
	assert_int_equal(waiting(auray, "Apres").count, 0);
	assert_int_equal(stored(auray, "Apres").op, OP_PUT);
	visit_all(w);
	assert_true(is_steward(home, auray, 1, auray));
	assert_true(shows(vannes, 1, "Apres"));
}

static void an_accepted_offer_may_be_withdrawn_until_home_enters_it(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	party_restart(w, home);
	assert_int_equal(answer(w, vannes, true), ES_OK);
	visit(w, vannes);
	visit(w, auray);
	assert_int_equal(inbox(auray).item.state, INBOX_ACCEPTED);
	assert_int_equal(answer(w, vannes, false), ES_NOT_FOUND); /* it has spoken */
	assert_int_equal(answer(w, auray, false), ES_OK);
	visit(w, auray);
	visit_all(w);
	assert_true(is_steward(home, auray, 1, auray));
	assert_int_equal(inbox(auray).count, 0);
}

/* Nobody is left to take it: what waits for it goes on. */
static void an_offer_to_a_member_that_is_revoked_is_over(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	assert_int_equal(edit(w, auray, 1, "nom", "Apres"), ES_OK);
	assert_int_equal(STEP(w, home, node_revoke(home->n, rights_member(&home->n->rights, &vannes->n->hub))), ES_OK);
	visit(w, auray);
	visit(w, auray);
	assert_int_equal(waiting(auray, "Apres").count, 0);
	assert_int_equal(stored(home, "Apres").op, OP_PUT);
}

static void a_void_offer_is_over_and_a_void_answer_is_none(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	assert_int_equal(answer(w, vannes, false), ES_OK);
	seal_alone(w, vannes);
	struct head *h = own_head(vannes, vannes, SCOPE_FEDERATION);
	send_data(w, vannes, home);
	assert_int_equal(inbox(home).count, 0);
	assert_int_equal(edit(w, auray, 1, "nom", "Apres"), ES_OK);
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_EXISTS); /* it has not heard */
	assert_int_equal(STEP(w, home, node_void(home->n, &h->log, h->seq)), ES_OK);
	visit_all(w);
	assert_int_equal(waiting(auray, "Apres").count, 1); /* unanswered */
	h = own_head(auray, auray, SCOPE_FEDERATION);
	assert_int_equal(STEP(w, home, node_void(home->n, &h->log, h->seq)), ES_OK);
	visit_all(w);
	assert_true(is_steward(home, auray, 1, auray));
	assert_int_equal(waiting(auray, "Apres").count, 0);
	assert_int_equal(stored(home, "Apres").op, OP_PUT);
	assert_int_equal(inbox(vannes).count, 0);
}

static void an_offer_waits_until_home_holds_all(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];

	create(w, auray, 1, "Atelier");
	assert_int_equal(edit(w, auray, 2, "nom", "Pas encore"), ES_OK);
	seal_alone(w, auray);
	assert_int_equal(hand_over(w, auray, 1, &w->p[VANNES]), ES_OK);
	uint64_t seq = own_head(auray, auray, SCOPE_FEDERATION)->seq;
	seal_alone(w, auray);
	assert_int_equal(own_head(auray, auray, SCOPE_FEDERATION)->seq, seq);
	visit(w, auray);
	assert_int_equal(own_head(auray, auray, SCOPE_FEDERATION)->seq, seq + 1);
}

/* L20 */
static void an_edit_of_a_record_that_was_lost_becomes_a_proposal(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	assert_int_equal(edit(w, auray, 1, "nom", "Proposition"), ES_OK); /* waits */
	assert_int_equal(answer(w, vannes, true), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_int_equal(waiting(auray, "Proposition").count, 0);
	assert_int_equal(stored(auray, "Proposition").op, OP_PROPOSE);
	for (size_t i = 0; i < 4; i++)
		assert_false(shows(&w->p[i], 1, "Proposition"));
	struct inbox in = inbox(vannes);
	assert_int_equal(in.count, 1);
	assert_int_equal(in.item.op, OP_PROPOSE);
	assert_true(id_eq(&in.item.from, &auray->n->hub));
	assert_int_equal(answer(w, vannes, true), ES_OK);
	assert_true(inbox(vannes).count == 1 && inbox(vannes).item.waits); /* its answer is not sealed yet */
	visit_all(w);
	for (size_t i = 0; i < 4; i++) {
		assert_true(shows(&w->p[i], 1, "Proposition"));
		assert_int_equal(inbox(&w->p[i]).count, 0);
	}
}

/* --- proposals --- */

static void a_proposal_is_shown_to_the_steward_and_taken_or_not(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	create(w, auray, 1, "Atelier");
	assert_int_equal(propose(w, auray, 1, "nom", "Soi-meme"), ES_EXISTS);
	assert_int_equal(propose(w, vannes, 7, "nom", "Rien"), ES_NOT_FOUND);
	assert_int_equal(propose(w, vannes, 1, "nom", "Une idee"), ES_OK);
	visit_all(w);
	assert_false(shows(auray, 1, "Une idee"));
	assert_int_equal(answer(w, vannes, true), ES_NOT_ALLOWED);
	assert_int_equal(answer(w, auray, false), ES_OK);
	visit_all(w);
	assert_int_equal(inbox(auray).count, 0);
	assert_true(shows(vannes, 1, "Atelier"));
	assert_int_equal(propose(w, vannes, 1, "nom", "Meilleure idee"), ES_OK);
	visit_all(w);
	assert_int_equal(answer(w, auray, true), ES_OK);
	visit_all(w);
	assert_true(shows(vannes, 1, "Meilleure idee"));
	assert_int_equal(inbox(vannes).count, 0);
	assert_int_equal(propose(w, vannes, 1, "nom", "Retiree"), ES_OK);
	visit_all(w);
	assert_int_equal(answer(w, vannes, false), ES_OK); /* by who made it */
	visit_all(w);
	assert_int_equal(inbox(auray).count, 0);
}

/* What is private to a hub is not a member's to write. */
static void a_proposal_to_oneself_is_none(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	struct inbox_item offer;

	create(w, auray, 1, "Atelier");
	assert_int_equal(propose(w, vannes, 1, "nom", "Autre"), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_int_equal(inbox(auray).count, 1);
	assert_int_equal(hand_over(w, auray, 1, vannes), ES_OK);
	visit_all(w);
	visit_all(w);
	offer = inbox(vannes).item; /* the last one */
	assert_int_equal(offer.op, OP_REQUEST);
	assert_int_equal(STEP(w, vannes, node_answer(vannes->n, offer.no, true, SLICE_NONE)), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_true(is_steward(&w->p[CRESS], auray, 1, vannes));
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(inbox(&w->p[i]).count, 0);
}

static void nothing_private_is_proposed(void **state)
{
	struct nodes *w = *state;

	create(w, &w->p[AURAY], 1, "Atelier");
	assert_int_equal(propose(w, &w->p[VANNES], 1, "champs_locaux", "telephone"), ES_NOT_ALLOWED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, three_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_offered_and_accepted_is_the_other_s),
		TEST(a_record_comes_back_to_who_made_it),
		TEST(the_entry_cuts_all_the_old_steward_s_logs),
		TEST(an_old_steward_that_has_not_heard_writes_in_vain),
		TEST(nobody_is_offered_what_is_not_ours_or_twice),
		TEST(an_offer_is_answered_by_whom_it_is_for_alone),
		TEST(edits_after_the_offer_wait),
		TEST(an_edit_that_the_hand_over_leaves_out_is_proposed),
		TEST(a_home_that_lost_what_is_final_goes_on_and_hands_over),
		TEST(a_cut_that_names_what_nobody_holds_is_lowered_by_an_officer),
		TEST(a_withdrawal_counts_once_home_holds_it),
		TEST(a_withdrawal_goes_before_an_acceptance_that_home_has_not_entered),
		TEST(an_accepted_offer_may_be_withdrawn_until_home_enters_it),
		TEST(an_offer_to_a_member_that_is_revoked_is_over),
		TEST(a_void_offer_is_over_and_a_void_answer_is_none),
		TEST(an_offer_waits_until_home_holds_all),
		TEST(an_edit_of_a_record_that_was_lost_becomes_a_proposal),
		TEST(a_proposal_is_shown_to_the_steward_and_taken_or_not),
		TEST(a_proposal_to_oneself_is_none),
		TEST(nothing_private_is_proposed),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
