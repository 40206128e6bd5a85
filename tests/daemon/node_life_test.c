/* SPDX-License-Identifier: Apache-2.0
 *
 * The life cycle, rule by rule (protocol.md part 6), on whole nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "daemon/node/found.h"
#include "daemon/node/health.h"
#include "proto/canon.h"
#include "proto/request.h"
#include "proto/session.h"
#include "tests/daemon/nodes.h"

/* --- an ordinary day --- */

static void an_edit_reaches_everybody(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	assert_int_equal(edit(w, auray, 1, "nom", "Atelier"), ES_OK);
	assert_int_equal(waiting(auray, "Atelier").count, 1);
	visit_all(w);
	assert_int_equal(waiting(auray, "Atelier").count, 0);
	assert_true(shows(&w->p[CRESS], 1, "Atelier"));
	assert_true(shows(vannes, 1, "Atelier"));
	assert_true(shows(vannes, 1, "pole-auray"));
	assert_true(own_head(auray, auray, SCOPE_PUBLIC)->acked > 0);
}

/* --- cuts (L4, L6, L9) --- */

/* Home ends a hub's log behind commit `seq`: a new generation. */
static void cut_at(struct nodes *w, const struct party *hub, enum scope scope, uint64_t seq)
{
	struct party *home = &w->p[CRESS];
	const struct head *h = own_head(home, hub, scope);
	struct log_cut cut = {.log = h->log, .seq = seq};
	struct buf b;

	if (seq > 0)
		assert_true(journal_commit_id(home->n->journal, (uint32_t)(h - home->n->frontier.heads), seq, &cut.id));
	buf_init(&b, 512);
	node_open_entry(home->n, &hub->n->hub, scope, h->generation + 1, &cut, &b);
	struct slice s = buf_slice(&b);
	assert_int_equal(STEP(w, home, node_control(home->n, &s, 1)), ES_OK);
	buf_done(&b);
}

static void a_cut_gives_own_commits_back_to_the_outbox_as_they_were(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	three_edits(w);
	struct stored before = stored(auray, "Troisieme");
	struct id16 old = before.log;
	cut_at(w, auray, SCOPE_PUBLIC, 2);
	assert_false(shows(home, 3, "Troisieme"));
	send_control(w, home, auray);
	struct waiting back = waiting(auray, "Troisieme");
	assert_int_equal(back.count, 1);
	assert_int_equal(back.op, OP_PUT);
	assert_memory_equal(back.salt.bytes, before.salt.bytes, 16);
	assert_true(back.edited == before.edited);
	assert_int_equal(stored(auray, "Troisieme").count, 0);
	assert_int_equal(waiting(auray, "Deuxieme").count, 0);
	assert_int_equal(head_of(auray, &old)->seq, 2);
	assert_int_equal(head_of(auray, &old)->acked, 2);
	assert_false(auray->n->confirmed);
	assert_true(shows(auray, 3, "Troisieme")); /* it is still what our people see */
	visit_all(w);
	assert_int_equal(waiting(auray, "Troisieme").count, 0);
	struct stored again = stored(auray, "Troisieme");
	assert_int_equal(again.count, 1);
	assert_memory_equal(again.salt.bytes, before.salt.bytes, 16);
	assert_true(again.edited == before.edited);
	assert_memory_not_equal(again.log.bytes, old.bytes, 16);
	assert_int_equal(again.seq, 1);
	assert_true(shows(&w->p[VANNES], 3, "Troisieme"));
	assert_true(shows(home, 3, "Troisieme"));
}

/* L18: it was edited before the offer, though it comes into the outbox after it. */
static void what_a_cut_gives_back_goes_before_an_offer_made_later(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	struct id16 uid = uid_of(3), to = w->p[VANNES].n->hub;

	three_edits(w);
	assert_int_equal(STEP(w, auray, node_hand_over(auray->n, &uid, &to)), ES_OK);
	assert_int_equal(edit(w, auray, 3, "nom", "Apres"), ES_OK);
	cut_at(w, auray, SCOPE_PUBLIC, 2);
	send_control(w, &w->p[CRESS], auray);
	assert_int_equal(waiting(auray, "Troisieme").count, 1);
	visit_all(w);
	assert_int_equal(waiting(auray, "Troisieme").count, 0);
	assert_true(shows(&w->p[VANNES], 3, "Troisieme"));
	assert_int_equal(waiting(auray, "Apres").count, 1);
}

static void what_a_restart_finds_after_a_cut_is_the_same(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];

	three_edits(w);
	cut_at(w, auray, SCOPE_PUBLIC, 1);
	send_control(w, &w->p[CRESS], auray);
	party_restart(w, auray);
	assert_int_equal(waiting(auray, "Deuxieme").count, 1);
	assert_int_equal(waiting(auray, "Troisieme").count, 1);
	visit_all(w);
	assert_true(shows(&w->p[VANNES], 1, "Premier") && shows(&w->p[VANNES], 3, "Troisieme"));
}

static void a_cut_below_a_checkpoint_does_not_apply(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	three_edits(w);
	assert_int_equal(STEP(w, home, node_checkpoint(home->n)), ES_OK);
	struct id16 log = own_head(home, auray, SCOPE_PUBLIC)->log;
	assert_int_equal(rights_log(&home->n->rights, &log)->checkpoint, 3);
	cut_at(w, auray, SCOPE_PUBLIC, 2);
	send_control(w, home, auray);
	assert_false(rights_log(&auray->n->rights, &log)->cut);
	assert_int_equal(head_of(auray, &log)->seq, 3);
	assert_int_equal(head_of(home, &log)->seq, 3);
}

static void others_commits_beyond_a_cut_are_kept_for_their_author(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];

	three_edits(w);
	cut_at(w, auray, SCOPE_PUBLIC, 1);
	assert_int_equal(journal_void_count(home->n->journal), 2);
	send_control(w, home, vannes);
	assert_int_equal(journal_void_count(vannes->n->journal), 2);
	assert_false(shows(vannes, 2, "Deuxieme") || shows(vannes, 3, "Troisieme"));
	assert_true(shows(vannes, 1, "Premier"));
	/* Home has them already; it thanks, and is not asked again. */
	send_returns(w, vannes, home);
	assert_int_equal(journal_void_count(home->n->journal), 2);
	assert_int_equal(journal_void_count(vannes->n->journal), 2); /* until their author has them */
	struct buf body;
	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	assert_int_equal(node_returns(vannes->n, &home->n->hub, ROLE_CRESS, &body), ES_OK);
	assert_int_equal(body.len, 0);
	buf_done(&body);
	/* Their author has them in its outbox: they come in vain. */
	send_control(w, home, auray);
	assert_int_equal(waiting(auray, "Deuxieme").count, 1);
	send_returns(w, vannes, auray);
	assert_int_equal(journal_void_count(vannes->n->journal), 0);
	assert_int_equal(waiting(auray, "Deuxieme").count, 1);
	assert_int_equal(waiting(auray, "Troisieme").count, 1);
}

static void a_restored_author_is_given_back_what_it_lost(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	struct party *copy = party_clone(w, auray); /* the backup */
	three_edits(w);
	struct stored lost = stored(auray, "Troisieme");
	cut_at(w, auray, SCOPE_PUBLIC, 1);
	party_stop(auray);
	send_control(w, home, copy);
	send_data(w, home, copy);
	assert_int_equal(stored(copy, "Premier").count, 1);
	assert_int_equal(waiting(copy, "Troisieme").count, 0);
	send_returns(w, home, copy);
	assert_int_equal(journal_void_count(home->n->journal), 0);
	struct waiting back = waiting(copy, "Troisieme");
	assert_int_equal(back.count, 1);
	assert_memory_equal(back.salt.bytes, lost.salt.bytes, 16);
	assert_true(back.edited == lost.edited);
	assert_int_equal(waiting(copy, "Deuxieme").count, 1);
	assert_int_equal(waiting(copy, "Premier").count, 0);
	assert_true(shows(copy, 3, "Troisieme"));
}

static void a_returned_commit_must_bear_its_author_s_signature(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct buf body, ids;

	party_clone(w, auray);
	struct party *copy = &w->p[w->count - 1];
	three_edits(w);
	cut_at(w, auray, SCOPE_PUBLIC, 2);
	send_control(w, home, copy);
	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	buf_init(&ids, 65536);
	assert_int_equal(node_returns(home->n, &copy->n->hub, ROLE_HUB, &body), ES_OK);
	uint8_t *text = memmem(body.p, body.len, "Troisieme", 9);
	assert_non_null(text);
	text[0] = 't'; /* a change that its digest does not say */
	assert_int_equal(STEP(w, copy, node_given_back(copy->n, buf_slice(&body), &ids)), ES_OK);
	assert_int_equal(waiting(copy, "roisieme").count, 0);
	text[0] = 'T';
	uint8_t *fed = memmem(body.p, body.len, w->fed_id.bytes, 32);
	assert_non_null(fed);
	fed[70] ^= 1; /* in its header */
	buf_clear(&ids);
	(void)!STEP(w, copy, node_given_back(copy->n, buf_slice(&body), &ids));
	assert_int_equal(waiting(copy, "Troisieme").count, 0);
	fed[70] ^= 1;
	buf_clear(&ids);
	assert_int_equal(STEP(w, copy, node_given_back(copy->n, buf_slice(&body), &ids)), ES_OK);
	assert_int_equal(waiting(copy, "Troisieme").count, 1);
	buf_done(&body);
	buf_done(&ids);
}

static void nobody_but_its_author_makes_a_void_commit_go(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	struct hash id;
	struct buf ids;

	three_edits(w);
	const struct head *h = own_head(home, auray, SCOPE_PUBLIC);
	assert_true(journal_commit_id(home->n->journal, (uint32_t)(h - home->n->frontier.heads), 3, &id));
	cut_at(w, auray, SCOPE_PUBLIC, 2);
	assert_int_equal(journal_void_count(home->n->journal), 1);
	buf_init(&ids, 128);
	canon_array(&ids, 1);
	canon_bin(&ids, id.bytes, 32);
	assert_int_equal(STEP(w, home, node_returned(home->n, &vannes->n->hub, ROLE_HUB, buf_slice(&ids))), ES_OK);
	assert_int_equal(journal_void_count(home->n->journal), 1);
	assert_int_equal(STEP(w, home, node_returned(home->n, &auray->n->hub, ROLE_HUB, buf_slice(&ids))), ES_OK);
	assert_int_equal(journal_void_count(home->n->journal), 0);
	buf_done(&ids);
}

static void home_s_commit_replaces_an_own_one_that_home_never_had(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	uint64_t head;

	three_edits(w);
	struct party *copy = party_clone(w, auray);
	assert_int_equal(edit(w, auray, 4, "nom", "Le notre"), ES_OK);
	seal_alone(w, auray);
	struct stored ours = stored(auray, "Le notre");
	assert_int_equal(ours.seq, 4);
	assert_int_equal(own_head(auray, auray, SCOPE_PUBLIC)->acked, 3);
	assert_int_equal(edit(w, copy, 5, "nom", "Le leur"), ES_OK);
	seal_alone(w, copy);
	send_data(w, copy, home);
	head = own_head(home, auray, SCOPE_PUBLIC)->seq;
	assert_int_equal(head, 4);
	/* L6: home's head differs, from acked + 1 on. */
	const struct head *h = own_head(home, auray, SCOPE_PUBLIC);
	assert_int_equal(send_from(w, home, auray, (uint32_t)(h - home->n->frontier.heads), 4, UINT64_MAX), ES_OK);
	assert_int_equal(stored(auray, "Le leur").seq, 4);
	assert_int_equal(stored(auray, "Le notre").count, 0);
	struct waiting back = waiting(auray, "Le notre");
	assert_int_equal(back.count, 1);
	assert_memory_equal(back.salt.bytes, ours.salt.bytes, 16);
	assert_true(back.edited == ours.edited);
	assert_int_equal(own_head(auray, auray, SCOPE_PUBLIC)->acked, 4);
	assert_int_equal(own_head(auray, auray, SCOPE_PUBLIC)->blocked, ES_OK);
	assert_true(shows(auray, 4, "Le notre") && shows(auray, 5, "Le leur"));
	party_stop(copy);
	visit_all(w);
	assert_true(shows(&w->p[VANNES], 4, "Le notre") && shows(&w->p[VANNES], 5, "Le leur"));
}

static void an_own_commit_that_comes_back_takes_its_edit_out_of_the_outbox(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	assert_int_equal(edit(w, auray, 1, "nom", "Premier"), ES_OK);
	struct party *copy = party_clone(w, auray); /* a backup with the edit in its outbox */
	visit(w, auray);
	party_stop(auray);
	assert_int_equal(waiting(copy, "Premier").count, 1);
	send_data(w, home, copy);
	assert_int_equal(waiting(copy, "Premier").count, 0);
	assert_int_equal(stored(copy, "Premier").count, 1);
	assert_true(own_head(copy, copy, SCOPE_PUBLIC)->acked == own_head(copy, copy, SCOPE_PUBLIC)->seq);
}

/* --- copies of a hub (L1, L2, L8) --- */

static enum es_err greet(struct nodes *w, const struct party *hub, const struct id16 *instance, uint64_t lineage, bool *pending)
{
	struct party *home = &w->p[CRESS];
	bool report_only, waits;
	uint64_t no = ++w->sessions;
	enum es_err err = STEP(w, home, node_greet(home->n, no, &hub->n->hub, instance, ROLE_HUB, lineage, 0, &waits, &report_only));

	if (pending)
		*pending = waits;
	assert_int_equal(STEP(w, home, node_session_closed(home->n, no, ROLE_HUB, ES_OK)), ES_OK);
	return err;
}

static void a_lineage_that_does_not_rise_is_behind(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	struct id16 instance = auray->n->instance;
	uint64_t last = auray->n->lineage;
	bool pending = true;

	assert_true(last > 0);
	assert_int_equal(greet(w, auray, &instance, last, NULL), ES_LINEAGE_BEHIND);
	assert_int_equal(greet(w, auray, &instance, last - 1, NULL), ES_LINEAGE_BEHIND);
	assert_int_equal(greet(w, auray, &instance, last + 1, &pending), ES_OK);
	assert_false(pending);
	assert_int_equal(greet(w, auray, &instance, last + 1, NULL), ES_LINEAGE_BEHIND);
	party_restart(w, &w->p[CRESS]);
	assert_int_equal(greet(w, auray, &instance, last + 1, NULL), ES_LINEAGE_BEHIND);
	/* The hub hears it, and is another instance from now on. */
	assert_int_equal(STEP(w, auray, node_session_closed(auray->n, 1, ROLE_CRESS, ES_LINEAGE_BEHIND)), ES_OK);
	assert_memory_not_equal(auray->n->instance.bytes, instance.bytes, 16);
	struct id16 renewed = auray->n->instance;
	party_restart(w, auray);
	assert_memory_equal(auray->n->instance.bytes, renewed.bytes, 16);
}

static void a_lineage_is_durable_before_it_is_said(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	uint64_t before = auray->n->lineage;

	assert_int_equal(STEP(w, auray, node_next_lineage(auray->n)), ES_OK);
	party_restart(w, auray);
	assert_int_equal(auray->n->lineage, before + 1);
}

static void a_new_instance_gets_a_new_generation_and_fences_the_old_one(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *copy;

	three_edits(w);
	copy = party_clone(w, auray);
	assert_int_equal(STEP(w, copy, node_restored(copy->n)), ES_OK);
	assert_memory_not_equal(copy->n->instance.bytes, auray->n->instance.bytes, 16);
	struct id16 log = own_head(home, auray, SCOPE_PUBLIC)->log;
	assert_int_equal(call(w, copy), ES_OK);
	assert_true(copy->pending);
	settle(w, copy);
	assert_int_equal(copy->session, 0); /* the session starts again (ES_AGAIN) */
	assert_true(rights_log(&home->n->rights, &log)->cut);
	assert_int_equal(rights_log(&home->n->rights, &log)->cut_seq, 3);
	visit(w, copy);
	assert_int_equal(own_head(copy, copy, SCOPE_PUBLIC)->generation, 2);
	assert_int_equal(edit(w, copy, 4, "nom", "Apres"), ES_OK);
	visit(w, copy);
	assert_true(shows(home, 4, "Apres"));
	/* The older one answers no more, until a human decides. */
	assert_int_equal(call(w, auray), ES_INSTANCE_FENCED);
	assert_true(auray->n->fenced);
	party_restart(w, auray);
	assert_true(auray->n->fenced);
	const struct member *m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, auray, node_admit_instance(auray->n, m)), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, home, node_admit_instance(home->n, m)), ES_OK);
	assert_int_equal(call(w, auray), ES_OK);
	assert_true(auray->pending);
	settle(w, auray);
	visit(w, auray);
	assert_false(auray->n->fenced);
	assert_true(shows(auray, 4, "Apres"));
	assert_int_equal(call(w, copy), ES_INSTANCE_FENCED);
	assert_int_equal(STEP(w, home, node_admit_instance(home->n, rights_member(&home->n->rights, &w->p[VANNES].n->hub))),
			 ES_NOT_FOUND);
}

static void a_pending_hub_offers_nothing_that_home_had_not_acknowledged(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	three_edits(w);
	assert_int_equal(edit(w, auray, 4, "nom", "Quatrieme"), ES_OK);
	seal_alone(w, auray);
	struct stored before = stored(auray, "Quatrieme");
	assert_int_equal(STEP(w, auray, node_restored(auray->n)), ES_OK);
	visit(w, auray);
	struct stored after = stored(auray, "Quatrieme"); /* unsealed by the cut, sealed anew */
	assert_int_equal(after.count, 1);
	assert_memory_equal(after.salt.bytes, before.salt.bytes, 16);
	assert_memory_not_equal(after.log.bytes, before.log.bytes, 16);
	assert_int_equal(head_of(auray, &before.log)->seq, 3);
	assert_true(shows(home, 4, "Quatrieme"));
}

static void a_generation_waits_until_both_ends_are_level(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct buf body;

	three_edits(w);
	assert_int_equal(STEP(w, auray, node_restored(auray->n)), ES_OK);
	assert_int_equal(call(w, auray), ES_OK);
	assert_true(auray->pending);
	uint64_t seq = home->n->rights.seq;
	assert_int_equal(STEP(w, home, node_report(home->n, auray->session, true)), ES_OK);
	idle(w, home);
	assert_int_equal(home->n->rights.seq, seq); /* it has told of no log */
	buf_init(&body, 4096);
	canon_array(&body, 3);
	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_CRESS; scope++) {
		canon_array(&body, 2);
		canon_bin(&body, own_head(home, auray, scope)->log.bytes, 16);
		canon_u64(&body, scope == SCOPE_PUBLIC ? 2 : 0); /* it has lost one */
	}
	assert_int_equal(STEP(w, home, node_level(home->n, auray->session, buf_slice(&body))), ES_OK);
	idle(w, home);
	assert_int_equal(home->n->rights.seq, seq);
	buf_done(&body);
	settle(w, auray);
	assert_true(home->n->rights.seq > seq);
}

/* Home's key has made another commit of Auray's public log final: there were two homes. */
static void freeze_other(struct nodes *w, uint64_t seq)
{
	struct party *home = &w->p[CRESS];
	struct log_cut cut = {.log = own_head(home, &w->p[AURAY], SCOPE_PUBLIC)->log, .seq = seq, .id = {{7}}};
	struct buf b;

	buf_init(&b, 512);
	entry_checkpoint(&cut, 1, &b);
	struct slice s = buf_slice(&b);
	assert_int_equal(STEP(w, home, node_control(home->n, &s, 1)), ES_OK);
	buf_done(&b);
}

static void a_generation_whose_cut_is_not_allowed_is_not_taken_for_opened(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct due due;

	three_edits(w);
	assert_true(id_is_zero(&home->n->astray));
	freeze_other(w, 3);
	struct id16 log = own_head(home, auray, SCOPE_PUBLIC)->log;
	assert_true(id_eq(&home->n->astray, &log) && home->n->astray_seq == 3);
	visit(w, auray);
	memset(&home->n->astray, 0, sizeof home->n->astray);
	uint64_t seq = home->n->rights.seq;
	assert_int_equal(STEP(w, auray, node_restored(auray->n)), ES_OK);
	visit(w, auray);
	journal_due_get(home->n->journal, &auray->n->hub, &due);
	assert_true(due.waits); /* it may not go on in a log where it has shown more, perhaps */
	assert_int_equal(home->n->rights.seq, seq);
	assert_true(id_eq(&home->n->astray, &log));
	assert_int_equal(call(w, auray), ES_OK);
	assert_true(auray->pending);

	/* Until an officer says that home's commit stands: then as after any restore. */
	assert_int_equal(STEP(w, home, node_resolve(home->n, &log)), ES_OK);
	assert_true(id_is_zero(&home->n->astray));
	visit(w, auray);
	journal_due_get(home->n->journal, &auray->n->hub, &due);
	assert_false(due.waits);
	assert_false(id_eq(&own_head(home, auray, SCOPE_PUBLIC)->log, &log));
}

static void a_hub_whose_checkpoint_lied_goes_on_in_a_new_log_once_an_officer_says_so(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	three_edits(w);
	struct id16 log = own_head(home, auray, SCOPE_PUBLIC)->log;
	assert_int_equal(STEP(w, home, node_resolve(home->n, &log)), ES_NOT_FOUND);
	freeze_other(w, 3);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &log)), ES_OK);
	const struct open_log *open = rights_log(&home->n->rights, &log);
	assert_true(open->cut && open->cut_seq == 3);
	assert_memory_equal(&open->cut_id, &open->checkpoint_id, sizeof open->cut_id);
	assert_int_equal(rights_log_of(&home->n->rights, &auray->n->hub, SCOPE_PUBLIC)->generation, open->generation + 1);
}

static bool note_item(void *ctx, const struct inbox_item *i)
{
	*(int64_t *)ctx = i->no;
	return true;
}

static bool is_vannes_s(const struct nodes *w, unsigned number)
{
	struct record_id id = record_of(&w->p[AURAY], number);
	struct id16 steward = rights_steward(&w->p[CRESS].n->rights, &id, 1);

	return id_eq(&steward, &w->p[VANNES].n->hub);
}

static void a_hand_over_waits_until_its_entry_has_an_effect(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	struct id16 uid = uid_of(1), to = vannes->n->hub;
	int64_t offer = 0;

	three_edits(w);
	freeze_other(w, 3);
	assert_int_equal(STEP(w, auray, node_hand_over(auray->n, &uid, &to)), ES_OK);
	visit_all(w);
	assert_int_equal(node_inbox(vannes->n, note_item, &offer), ES_OK);
	assert_int_equal(STEP(w, vannes, node_answer(vannes->n, offer, true, SLICE_NONE)), ES_OK);
	visit_all(w);
	uint64_t seq = home->n->rights.seq;
	visit_all(w);
	assert_int_equal(home->n->rights.seq, seq);
	assert_false(is_vannes_s(w, 1));
	assert_int_equal(edit(w, auray, 1, "nom", "Attend"), ES_OK);
	assert_int_equal(edit(w, auray, 2, "nom", "Au-dela"), ES_OK); /* and the log has grown beyond what is final */
	visit_all(w);
	visit_all(w);
	assert_true(is_vannes_s(w, 1));
	assert_int_equal(waiting(auray, "Attend").count, 0);
	assert_int_equal(stored(home, "Attend").op, OP_PROPOSE);
}

/* Vannes is in session and due a new generation; does home open it? */
static bool home_enters(struct nodes *w)
{
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES];
	uint64_t seq = home->n->rights.seq;

	assert_int_equal(STEP(w, vannes, node_restored(vannes->n)), ES_OK);
	assert_int_equal(call(w, vannes), ES_OK);
	assert_true(vannes->pending);
	settle(w, vannes);
	if (vannes->session)
		hang_up(w, vannes, ES_OK);
	return home->n->rights.seq > seq;
}

static void who_claims_to_hold_more_and_gives_nothing_is_not_waited_for(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	visit_all(w);
	assert_int_equal(call(w, auray), ES_OK);
	assert_false(node_all_reported(home->n)); /* L12: it has not said yet */
	uint64_t first = auray->session;
	w->utc += SESSION_STALL_MS / 2;
	assert_int_equal(call(w, auray), ES_OK); /* again, before the first session has ended */
	assert_int_equal(STEP(w, home, node_session_closed(home->n, first, ROLE_HUB, ES_OK)), ES_OK);
	assert_false(node_all_reported(home->n));
	w->utc += SESSION_STALL_MS / 2;
	assert_true(home_enters(w));
	/* Nor when it calls once more that day, whatever it says in between... */
	hang_up(w, auray, ES_TIMEOUT);
	assert_int_equal(call(w, auray), ES_OK);
	assert_int_equal(STEP(w, home, node_report(home->n, auray->session, true)), ES_OK);
	assert_int_equal(STEP(w, home, node_report(home->n, auray->session, false)), ES_OK);
	assert_true(node_all_reported(home->n));
	/* ...but once it gives something. */
	node_gave(home->n, auray->session);
	assert_false(node_all_reported(home->n));
	assert_false(home_enters(w));
}

static void after_three_generations_a_day_a_human_is_asked(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	struct id16 instance = {{1}};
	bool pending;

	for (unsigned i = 0; i < 3; i++) {
		instance.bytes[1] = (uint8_t)i;
		assert_int_equal(greet(w, auray, &instance, 1, &pending), ES_OK);
		assert_true(pending);
	}
	instance.bytes[1] = 3;
	assert_int_equal(greet(w, auray, &instance, 1, &pending), ES_GENERATIONS);
	assert_int_equal(greet(w, auray, &instance, 2, &pending), ES_INSTANCE_FENCED);
	instance.bytes[1] = 2; /* the last one let in is the current one still */
	assert_int_equal(greet(w, auray, &instance, 2, &pending), ES_OK);
	instance.bytes[1] = 3;
	struct party *home = &w->p[CRESS];
	assert_int_equal(STEP(w, home, node_admit_instance(home->n, rights_member(&home->n->rights, &auray->n->hub))), ES_OK);
	w->utc += 24 * 3600 * 1000;
	instance.bytes[1] = 9;
	assert_int_equal(greet(w, auray, &instance, 1, &pending), ES_OK); /* another day */
}

/* --- who may come in --- */

static void strangers_and_members_shut_out_are_told_so(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct id16 nobody = {{1}}, instance = auray->n->instance;
	bool pending, report_only;

	assert_int_equal(STEP(w, home, node_greet(home->n, 77, &nobody, &nobody, ROLE_HUB, 1, 0, &pending, &report_only)), ES_NOT_MEMBER);
	const struct member *m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_suspend(home->n, m, true)), ES_NOT_ALLOWED);
	m = rights_member(&home->n->rights, &auray->n->hub); /* memory was read again */
	assert_int_equal(STEP(w, home, node_suspend(home->n, m, false)), ES_OK);
	assert_int_equal(greet(w, auray, &instance, 100, NULL), ES_SUSPENDED);
	m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_suspend(home->n, m, false)), ES_NOT_ALLOWED);
	m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_suspend(home->n, m, true)), ES_OK);
	assert_int_equal(greet(w, auray, &instance, 101, NULL), ES_OK);
	assert_int_equal(STEP(w, auray, node_suspend(auray->n, rights_member(&auray->n->rights, &w->p[VANNES].n->hub), false)),
			 ES_NOT_ALLOWED);
}

static void a_revoked_member_only_hands_over_what_counts(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	bool pending, report_only;

	three_edits(w);
	assert_int_equal(edit(w, auray, 4, "nom", "Trop tard"), ES_OK);
	seal_alone(w, auray);
	const struct member *m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_revoke(home->n, m)), ES_OK);
	m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(m->state, MEMBER_REVOKED);
	assert_int_equal(STEP(w, home, node_revoke(home->n, m)), ES_NOT_ALLOWED);
	m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_suspend(home->n, m, true)), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, home, node_greet(home->n, 88, &auray->n->hub, &auray->n->instance, ROLE_HUB, 100, 0, &pending,
						 &report_only)), ES_OK);
	assert_true(report_only);
	assert_false(pending);
	assert_int_equal(STEP(w, home, node_session_closed(home->n, 88, ROLE_HUB, ES_OK)), ES_OK);
	const struct head *h = own_head(auray, auray, SCOPE_PUBLIC);
	assert_int_equal(send_from(w, auray, home, (uint32_t)(h - auray->n->frontier.heads), 4, UINT64_MAX), ES_BEYOND_CUT);
	visit(w, vannes);
	assert_true(shows(vannes, 3, "Troisieme"));
	assert_false(shows(vannes, 4, "Trop tard"));
	assert_int_equal(journal_void_count(home->n->journal), 0);
	/* It is told, and unsealed there; nothing of it is sealed again. */
	send_control(w, home, auray);
	assert_int_equal(waiting(auray, "Trop tard").count, 1);
	seal_alone(w, auray);
	assert_int_equal(waiting(auray, "Trop tard").count, 1);
}

static void a_void_commit_counts_no_more_and_those_behind_it_do(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES];

	three_edits(w);
	struct id16 log = own_head(home, &w->p[AURAY], SCOPE_PUBLIC)->log;
	assert_int_equal(STEP(w, home, node_void(home->n, &log, 4)), ES_NOT_FOUND);
	assert_int_equal(STEP(w, home, node_void(home->n, &home->n->frontier.heads[home->n->local_index].log, 1)), ES_NOT_FOUND);
	assert_int_equal(STEP(w, home, node_void(home->n, &log, 2)), ES_OK);
	visit_all(w);
	for (size_t i = 0; i < 3; i++) {
		assert_true(shows(&w->p[i], 1, "Premier") && shows(&w->p[i], 3, "Troisieme"));
		assert_false(shows(&w->p[i], 2, "Deuxieme"));
	}
	(void)vannes;
}

static void over_its_quota_a_hub_s_commits_wait(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	three_edits(w);
	const struct member *m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_quota(home->n, m, 100)), ES_OK);
	assert_int_equal(STEP(w, home, node_quota(home->n, rights_cress(&home->n->rights), 100)), ES_NOT_ALLOWED);
	assert_int_equal(edit(w, auray, 4, "nom", "Quatrieme"), ES_OK);
	seal_alone(w, auray);
	const struct head *h = own_head(auray, auray, SCOPE_PUBLIC);
	uint32_t index = (uint32_t)(h - auray->n->frontier.heads);
	assert_int_equal(send_from(w, auray, home, index, 4, UINT64_MAX), ES_QUOTA);
	m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_quota(home->n, m, 0)), ES_OK);
	assert_int_equal(send_from(w, auray, home, index, 4, UINT64_MAX), ES_OK);
}

static void a_mandatory_charter_is_accepted_before_anything_else(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	assert_int_equal(STEP(w, home, node_charter(home->n, slice_str("2"), slice_str("Nouvelle charte."), true)), ES_OK);
	assert_false(node_charter_accepted(home->n, &auray->n->hub));
	assert_int_equal(edit(w, auray, 1, "nom", "Avant"), ES_OK);
	visit(w, auray);
	assert_int_equal(waiting(auray, "Avant").count, 1);
	assert_false(shows(home, 1, "Avant"));
	assert_int_equal(STEP(w, home, node_accept_charter(home->n)), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, auray, node_accept_charter(auray->n)), ES_OK);
	visit(w, auray);
	visit(w, auray);
	assert_true(node_charter_accepted(home->n, &auray->n->hub));
	assert_true(node_charter_accepted(auray->n, &auray->n->hub));
	assert_false(node_charter_accepted(home->n, &w->p[VANNES].n->hub));
	assert_true(shows(home, 1, "Avant"));
	party_restart(w, auray);
	assert_true(node_charter_accepted(auray->n, &auray->n->hub));
}

/* --- a CRESS that starts (L11, L13, L14) --- */

static void add_name(void *ctx, const char *name)
{
	(void)health_add_name(ctx, name);
}

static void a_list_of_names_ends_where_it_is_full(void **state)
{
	char names[HEALTH_NAMES_MAX] = "", long_one[101];

	(void)state;
	memset(long_one, 'x', 100);
	long_one[100] = 0;
	assert_true(health_add_name(names, "Auray"));
	assert_true(health_add_name(names, long_one));
	assert_true(health_add_name(names, long_one));
	assert_false(health_add_name(names, long_one));
	assert_false(health_add_name(names, "Vitré"));
	assert_int_equal(strncmp(names, "Auray, xx", 9), 0);
	assert_string_equal(names + strlen(names) - 6, "x, ...");
}

static void a_cress_that_starts_awaits_its_members(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];
	char names[HEALTH_NAMES_MAX] = "";

	party_restart(w, home);
	assert_int_equal(node_awaited(home->n), 2);
	node_awaited_each(home->n, add_name, names);
	assert_non_null(strstr(names, "Auray"));
	assert_int_equal(STEP(w, home, node_charter(home->n, slice_str("2"), slice_str("Nouvelle."), false)), ES_AWAITING);
	uint64_t seq = home->n->rights.seq;
	struct id16 control = home->n->rights.control_log;
	assert_int_equal(edit(w, &w->p[AURAY], 1, "nom", "Pendant"), ES_OK);
	visit(w, &w->p[AURAY]); /* members' commits are acknowledged meanwhile */
	assert_int_equal(home->n->rights.seq, seq);
	assert_true(shows(home, 1, "Pendant"));
	assert_int_equal(own_head(&w->p[AURAY], &w->p[AURAY], SCOPE_PUBLIC)->acked, 1);
	assert_int_equal(node_awaited(home->n), 1);
	visit(w, &w->p[AURAY]);
	assert_int_equal(node_awaited(home->n), 1);
	visit(w, &w->p[VANNES]);
	assert_int_equal(node_awaited(home->n), 0);
	assert_int_equal(STEP(w, home, node_charter(home->n, slice_str("2"), slice_str("Nouvelle."), false)), ES_OK);
	assert_memory_not_equal(home->n->rights.control_log.bytes, control.bytes, 16); /* L14 */
	visit_all(w);
	assert_memory_equal(w->p[VANNES].n->rights.control_log.bytes, home->n->rights.control_log.bytes, 16);
}

static void a_fenced_instance_may_report_to_a_cress_that_awaits(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct id16 instance = auray->n->instance, newer = {{7}};
	bool pending, report_only;

	assert_int_equal(greet(w, auray, &newer, 1, &pending), ES_OK);
	assert_int_equal(greet(w, auray, &instance, 100, NULL), ES_INSTANCE_FENCED);
	party_restart(w, home);
	assert_int_equal(STEP(w, home, node_greet(home->n, 5, &auray->n->hub, &instance, ROLE_HUB, 101, 0, &pending, &report_only)),
			 ES_OK);
	assert_true(report_only);
	assert_false(pending);
	assert_int_equal(STEP(w, home, node_report(home->n, 5, true)), ES_OK);
	assert_int_equal(node_awaited(home->n), 1);
}

static void a_restored_cress_awaits_all_and_renews_every_log(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];

	three_edits(w);
	struct id16 log = own_head(home, &w->p[AURAY], SCOPE_PUBLIC)->log;
	party_restart(w, home);
	assert_int_equal(STEP(w, home, node_restored(home->n)), ES_OK);
	party_restart(w, home); /* durable */
	assert_true(home->n->restored);
	assert_int_equal(node_awaited(home->n), 2);
	assert_int_equal(call(w, &w->p[AURAY]), ES_OK);
	assert_true(w->p[AURAY].pending);
	settle(w, &w->p[AURAY]);
	assert_true(w->p[AURAY].session > 0);
	assert_false(rights_log(&home->n->rights, &log)->cut); /* not before the other has reported */
	assert_int_equal(node_awaited(home->n), 1);
	hang_up(w, &w->p[AURAY], ES_OK);
	visit(w, &w->p[VANNES]);
	assert_int_equal(node_awaited(home->n), 0);
	assert_false(home->n->restored);
	visit(w, &w->p[AURAY]);
	assert_true(rights_log(&home->n->rights, &log)->cut);
	assert_int_equal(own_head(&w->p[VANNES], &w->p[VANNES], SCOPE_PUBLIC)->generation, 2);
	party_restart(w, home);
	assert_false(home->n->restored);
	visit_all(w);
	assert_true(shows(&w->p[VANNES], 3, "Troisieme"));
}

/* Its resume may be among what the backup lacks. */
static void a_restored_cress_awaits_the_suspended_too(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	assert_int_equal(STEP(w, home, node_suspend(home->n, rights_member(&home->n->rights, &auray->n->hub), false)), ES_OK);
	assert_int_equal(STEP(w, home, node_restored(home->n)), ES_OK);
	party_restart(w, home);
	visit(w, &w->p[VANNES]);
	assert_int_equal(node_awaited(home->n), 1);
	assert_int_equal(call(w, auray), ES_OK);
	assert_int_equal(STEP(w, home, node_report(home->n, auray->session, true)), ES_OK);
	assert_int_equal(node_awaited(home->n), 0);
}

static void a_restored_cress_takes_back_what_its_members_hold(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *copy = party_clone(w, home); /* the backup, of before */

	three_edits(w);
	assert_int_equal(STEP(w, home, node_charter(home->n, slice_str("2"), slice_str("Nouvelle."), false)), ES_OK);
	visit_all(w);
	uint64_t seq = home->n->rights.seq;
	party_stop(home);
	party_stop(copy);
	w->count--; /* the backup's place is the CRESS's now */
	char dir[sizeof home->dir], path[sizeof home->path];
	memcpy(dir, copy->dir, sizeof dir);
	memcpy(path, copy->path, sizeof path);
	memcpy(home->dir, dir, sizeof dir);
	memcpy(home->path, path, sizeof path);
	party_start(w, home);
	assert_int_equal(STEP(w, home, node_restored(home->n)), ES_OK);
	assert_int_equal(call(w, &w->p[AURAY]), ES_OK);
	send_control(w, &w->p[AURAY], home);
	assert_int_equal(home->n->rights.seq, seq);
	settle(w, &w->p[AURAY]);
	assert_true(shows(home, 3, "Troisieme"));
	hang_up(w, &w->p[AURAY], ES_OK);
	visit_all(w);
	assert_int_equal(node_awaited(home->n), 0);
	assert_int_equal(own_head(&w->p[AURAY], &w->p[AURAY], SCOPE_PUBLIC)->generation, 2);
	assert_int_equal(edit(w, &w->p[AURAY], 4, "nom", "Quatrieme"), ES_OK);
	visit_all(w);
	assert_true(shows(&w->p[VANNES], 4, "Quatrieme"));
}

static void alone_is_said_and_waits_for_nobody(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];

	party_restart(w, home);
	assert_int_equal(STEP(w, &w->p[AURAY], node_alone(w->p[AURAY].n)), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, home, node_alone(home->n)), ES_OK);
	assert_int_equal(node_awaited(home->n), 0);
	assert_true(home->n->rights.alone);
	visit_all(w);
	assert_true(w->p[VANNES].n->rights.alone);
	party_restart(w, home);
	assert_int_equal(node_awaited(home->n), 2); /* said for one run */
}

static void a_cress_with_its_key_alone_learns_everything_from_its_members(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];
	struct id16 hub = home->n->hub;

	three_edits(w);
	char command[160];
	party_stop(home);
	snprintf(command, sizeof command, "rm %s/journal.db*", home->dir);
	assert_int_equal(system(command), 0);
	struct found f = {.dir = home->dir, .keys = &home->keys, .rng = &w->rng, .utc = w->utc, .name = "CRESS", .pays = "bretagne",
			  .region = "53"};
	assert_int_equal(found_cress_again(&f, &w->fed_id, &hub), ES_OK);
	party_start(w, home);
	assert_true(node_awaited(home->n) > 0);
	assert_int_equal(STEP(w, home, node_control(home->n, NULL, 0)), ES_AWAITING);
	send_control(w, &w->p[AURAY], home);
	assert_true(home->n->rights.founded);
	assert_int_equal(node_awaited(home->n), 2);
	send_data(w, &w->p[VANNES], home);
	visit_all(w);
	visit_all(w);
	assert_int_equal(node_awaited(home->n), 0);
	assert_true(shows(home, 3, "Troisieme"));
	assert_int_equal(STEP(w, home, node_charter(home->n, slice_str("2"), slice_str("Nouvelle."), false)), ES_OK);
	visit_all(w);
	assert_int_equal(w->p[AURAY].n->rights.seq, home->n->rights.seq);
}

/* Who may do what is read from it at each start: rot in a header shows in no digest of a change. */
static void a_control_log_that_rot_has_changed_is_not_started_on(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];
	struct node *n = NULL;
	char journal[128];
	struct rng rng;
	sqlite3 *db;

	party_stop(home);
	snprintf(journal, sizeof journal, "%s/journal.db", home->dir);
	assert_int_equal(sqlite3_open(journal, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE commits SET header = CAST(substr(header, 1, 70) || x'00' || substr(header, 72) AS BLOB)"
					  " WHERE log = 1 AND seq = 2", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_changes(db), 1);
	sqlite3_close(db);
	rng_seed_number(&rng, 1);
	assert_int_equal(node_open_keys(home->dir, &home->keys, nodes_ref, &rng, &n), ES_DAMAGED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, two_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_edit_reaches_everybody),
		TEST(a_cut_gives_own_commits_back_to_the_outbox_as_they_were),
		TEST(what_a_cut_gives_back_goes_before_an_offer_made_later),
		TEST(what_a_restart_finds_after_a_cut_is_the_same),
		TEST(a_cut_below_a_checkpoint_does_not_apply),
		TEST(others_commits_beyond_a_cut_are_kept_for_their_author),
		TEST(a_restored_author_is_given_back_what_it_lost),
		TEST(a_returned_commit_must_bear_its_author_s_signature),
		TEST(nobody_but_its_author_makes_a_void_commit_go),
		TEST(home_s_commit_replaces_an_own_one_that_home_never_had),
		TEST(an_own_commit_that_comes_back_takes_its_edit_out_of_the_outbox),
		TEST(a_lineage_that_does_not_rise_is_behind),
		TEST(a_lineage_is_durable_before_it_is_said),
		TEST(a_new_instance_gets_a_new_generation_and_fences_the_old_one),
		TEST(a_pending_hub_offers_nothing_that_home_had_not_acknowledged),
		TEST(a_generation_waits_until_both_ends_are_level),
		TEST(a_generation_whose_cut_is_not_allowed_is_not_taken_for_opened),
		TEST(a_hub_whose_checkpoint_lied_goes_on_in_a_new_log_once_an_officer_says_so),
		TEST(a_hand_over_waits_until_its_entry_has_an_effect),
		TEST(who_claims_to_hold_more_and_gives_nothing_is_not_waited_for),
		TEST(after_three_generations_a_day_a_human_is_asked),
		TEST(strangers_and_members_shut_out_are_told_so),
		TEST(a_revoked_member_only_hands_over_what_counts),
		TEST(a_void_commit_counts_no_more_and_those_behind_it_do),
		TEST(over_its_quota_a_hub_s_commits_wait),
		TEST(a_mandatory_charter_is_accepted_before_anything_else),
		TEST(a_list_of_names_ends_where_it_is_full),
		TEST(a_cress_that_starts_awaits_its_members),
		TEST(a_fenced_instance_may_report_to_a_cress_that_awaits),
		TEST(a_restored_cress_awaits_all_and_renews_every_log),
		TEST(a_restored_cress_awaits_the_suspended_too),
		TEST(a_restored_cress_takes_back_what_its_members_hold),
		TEST(alone_is_said_and_waits_for_nobody),
		TEST(a_cress_with_its_key_alone_learns_everything_from_its_members),
		TEST(a_control_log_that_rot_has_changed_is_not_started_on),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
