/* SPDX-License-Identifier: Apache-2.0
 *
 * Forks of data logs: proven, told once, blocked, resolved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/canon.h"
#include "proto/fork.h"
#include "tests/daemon/nodes.h"

struct proof_seen {
	unsigned count;
	uint64_t seq;
	struct buf body;
};

static bool note_proof(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct proof_seen *s = ctx;

	(void)log;
	s->count++;
	s->seq = seq;
	buf_clear(&s->body);
	buf_add(&s->body, proof.p, proof.len);
	return true;
}

/* Auray and its clone sign different commits 4; home has the one, Vannes the other. */
static void fork_auray(struct nodes *w, struct party **copy)
{
	three_edits(w);
	*copy = party_clone(w, &w->p[AURAY]);
	assert_int_equal(edit(w, &w->p[AURAY], 4, "nom", "Une branche"), ES_OK);
	seal_alone(w, &w->p[AURAY]);
	assert_int_equal(edit(w, *copy, 5, "nom", "Autre branche"), ES_OK);
	seal_alone(w, *copy);
	send_data(w, &w->p[AURAY], &w->p[CRESS]);
	send_acks(w, &w->p[CRESS], &w->p[AURAY]);
	send_data(w, *copy, &w->p[VANNES]);
}

static void a_fork_is_proven_and_blocks_the_log_from_where_it_parts(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES], *copy;
	struct proof_seen seen = {.count = 0};
	struct fork_proof proof;

	buf_init(&seen.body, 65536);
	fork_auray(w, &copy);
	assert_true(shows(home, 4, "Une branche"));
	assert_true(shows(vannes, 5, "Autre branche"));
	const struct head *h = own_head(vannes, &w->p[AURAY], SCOPE_PUBLIC);
	uint32_t index = (uint32_t)(h - vannes->n->frontier.heads);
	struct id16 log = h->log;
	assert_int_equal(send_from(w, vannes, home, index, 4, UINT64_MAX), ES_FORK);
	assert_int_equal(head_of(home, &log)->blocked, ES_FORK);
	assert_int_equal(head_of(home, &log)->blocked_seq, 4);
	assert_false(shows(home, 4, "Une branche")); /* neither branch counts */
	assert_true(shows(home, 3, "Troisieme"));
	assert_int_equal(node_proofs(home->n, note_proof, &seen), ES_OK);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.seq, 4);
	assert_int_equal(fork_decode(buf_slice(&seen.body), &proof), ES_OK);
	assert_int_equal(fork_verify(&proof, &home->n->rights), ES_OK);
	/* Nothing more is taken from there on. */
	assert_int_equal(send_from(w, vannes, home, index, 4, UINT64_MAX), ES_FORK);
	party_restart(w, home);
	assert_int_equal(head_of(home, &log)->blocked, ES_FORK);
	assert_int_equal(head_of(home, &log)->blocked_seq, 4);
	assert_false(shows(home, 4, "Une branche"));
	/* The proof alone convinces. */
	assert_int_equal(STEP(w, vannes, node_fork(vannes->n, buf_slice(&seen.body))), ES_OK);
	assert_int_equal(head_of(vannes, &log)->blocked, ES_FORK);
	assert_false(shows(vannes, 5, "Autre branche"));
	assert_int_equal(STEP(w, vannes, node_fork(vannes->n, buf_slice(&seen.body))), ES_OK);
	buf_done(&seen.body);
}

/* Home holds the one branch; Vannes shows it the other. */
static void tell_fork(struct nodes *w)
{
	struct party *vannes = &w->p[VANNES];
	const struct head *h = own_head(vannes, &w->p[AURAY], SCOPE_PUBLIC);

	assert_int_equal(send_from(w, vannes, &w->p[CRESS], (uint32_t)(h - vannes->n->frontier.heads), 4, UINT64_MAX), ES_FORK);
}

static bool tells_of(struct nodes *w, struct party *p, struct slice proof)
{
	step_begin(w, p);
	enum es_err err = node_fork(p->n, proof);
	bool tells = p->n->forks_grew;
	assert_int_equal(step_end(p, err), ES_OK);
	return tells;
}

/* Else two nodes that know it tell each other for ever. */
static void a_proof_that_is_known_is_not_told_again(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES], *copy;
	struct proof_seen seen = {.count = 0};

	buf_init(&seen.body, 65536);
	fork_auray(w, &copy);
	tell_fork(w);
	assert_int_equal(node_proofs(home->n, note_proof, &seen), ES_OK);
	assert_true(tells_of(w, vannes, buf_slice(&seen.body)));
	assert_false(tells_of(w, vannes, buf_slice(&seen.body)));
	assert_false(tells_of(w, home, buf_slice(&seen.body)));
	buf_done(&seen.body);
}

static void a_cut_that_names_one_branch_makes_it_count_again(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *copy;

	fork_auray(w, &copy);
	tell_fork(w);
	assert_false(shows(home, 4, "Une branche"));
	const struct member *m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_revoke(home->n, m)), ES_OK); /* at the frontier that home holds */
	assert_true(shows(home, 4, "Une branche"));
}

static void a_proof_that_proves_nothing_blocks_nothing(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES], *copy;
	struct proof_seen seen = {.count = 0};

	buf_init(&seen.body, 65536);
	fork_auray(w, &copy);
	const struct head *h = own_head(vannes, &w->p[AURAY], SCOPE_PUBLIC);
	struct id16 log = h->log;
	tell_fork(w);
	assert_int_equal(node_proofs(home->n, note_proof, &seen), ES_OK);
	seen.body.p[seen.body.len - 1] ^= 1; /* the last signature */
	assert_int_not_equal(STEP(w, vannes, node_fork(vannes->n, buf_slice(&seen.body))), ES_OK);
	assert_int_not_equal(STEP(w, vannes, node_fork(vannes->n, slice_str("garbage"))), ES_OK);
	assert_int_not_equal(STEP(w, vannes, node_fork(vannes->n, SLICE_NONE)), ES_OK);
	assert_int_equal(head_of(vannes, &log)->blocked, ES_OK);
	assert_true(shows(vannes, 5, "Autre branche"));
	buf_done(&seen.body);
}

static void a_fork_resolved_leaves_both_branches_to_their_author(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *copy;

	fork_auray(w, &copy);
	const struct head *h = own_head(vannes, auray, SCOPE_PUBLIC);
	struct id16 log = h->log;
	assert_int_equal(STEP(w, home, node_resolve(home->n, &log)), ES_NOT_FOUND);
	tell_fork(w);
	assert_int_equal(STEP(w, vannes, node_resolve(vannes->n, &log)), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &log)), ES_OK);
	assert_int_equal(head_of(home, &log)->blocked, ES_OK);
	assert_int_equal(head_of(home, &log)->seq, 3);
	assert_true(rights_log(&home->n->rights, &log)->cut);
	assert_int_equal(journal_void_count(home->n->journal), 1);
	send_control(w, home, auray);
	assert_int_equal(waiting(auray, "Une branche").count, 1);
	send_control(w, home, vannes);
	assert_int_equal(head_of(vannes, &log)->seq, 3);
	assert_int_equal(journal_void_count(vannes->n->journal), 1);
	party_stop(copy);
	visit_all(w);
	for (size_t i = 0; i < 3; i++) {
		assert_true(shows(&w->p[i], 4, "Une branche"));
		assert_true(shows(&w->p[i], 5, "Autre branche"));
		assert_int_equal(head_of(&w->p[i], &log)->blocked, ES_OK);
	}
	assert_int_equal(journal_void_count(home->n->journal), 0);
	send_returns(w, vannes, auray); /* which has it through home */
	assert_int_equal(journal_void_count(vannes->n->journal), 0);
	assert_int_equal(waiting(auray, "Autre branche").count, 0);
	party_restart(w, home);
	assert_int_equal(head_of(home, &log)->blocked, ES_OK);
}

static void a_copy_that_differs_further_back_is_compared_commit_by_commit(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *copy;
	struct buf body, out;
	struct canon_reader r;

	three_edits(w);
	copy = party_clone(w, auray);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(edit(w, auray, 10 + i, "nom", "Une branche"), ES_OK);
		seal_alone(w, auray);
		assert_int_equal(edit(w, copy, 20 + i, "nom", "Autre branche"), ES_OK);
		seal_alone(w, copy);
	}
	send_data(w, auray, home);
	const struct head *h = own_head(copy, auray, SCOPE_PUBLIC);
	uint32_t index = (uint32_t)(h - copy->n->frontier.heads);
	uint32_t here = (uint32_t)(own_head(home, auray, SCOPE_PUBLIC) - home->n->frontier.heads);
	buf_init(&body, 4096);
	buf_init(&out, 4096);
	canon_array(&body, 2);
	for (uint64_t seq = 3; seq <= 5; seq += 2) {
		struct hash id;

		assert_true(journal_commit_id(copy->n->journal, index, seq, &id));
		canon_array(&body, 3);
		canon_bin(&body, h->log.bytes, 16);
		canon_u64(&body, seq);
		canon_bin(&body, id.bytes, 32);
	}
	assert_int_equal(node_compare(home->n, buf_slice(&body), &out), ES_OK);
	canon_read_init(&r, buf_slice(&out));
	assert_int_equal(canon_read_array(&r, 10), 1); /* 5 differs, 3 does not */
	assert_int_equal(canon_read_u64(&r, 1000), here);
	assert_int_equal(canon_read_done(&r), ES_OK);
	assert_int_equal(send_from(w, copy, home, index, 5, 5), ES_DIVERGED);
	assert_int_equal(home->n->frontier.heads[here].blocked, ES_OK);
	assert_int_equal(send_from(w, copy, home, index, 3, 5), ES_FORK);
	assert_int_equal(home->n->frontier.heads[here].blocked_seq, 4);
	buf_done(&body);
	buf_done(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, two_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fork_is_proven_and_blocks_the_log_from_where_it_parts),
		TEST(a_proof_that_is_known_is_not_told_again),
		TEST(a_cut_that_names_one_branch_makes_it_count_again),
		TEST(a_proof_that_proves_nothing_blocks_nothing),
		TEST(a_fork_resolved_leaves_both_branches_to_their_author),
		TEST(a_copy_that_differs_further_back_is_compared_commit_by_commit),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
