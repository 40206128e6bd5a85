/* SPDX-License-Identifier: Apache-2.0
 *
 * Void commits on their way back to their author (L9): what is kept of them on the
 * way, and how much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/canon.h"
#include "tests/daemon/nodes.h"

/* A RETURN of all that `from` holds of one log. */
static void returned_by(struct party *from, const struct head *h, struct buf *out)
{
	struct canon_reader r;
	struct buf body;
	uint64_t last;

	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	assert_int_equal(node_load(from->n, (uint32_t)(h - from->n->frontier.heads), 1, h->seq, &body, &last), ES_OK);
	canon_read_init(&r, buf_slice(&body));
	(void)canon_read_array(&r, 2);
	(void)canon_read_bin(&r, 16);
	canon_array(out, 1);
	buf_add(out, r.rest.p, r.rest.len);
	buf_done(&body);
}

static void what_may_not_lie_here_is_not_kept_for_its_author(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	struct buf body, ids;

	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	buf_init(&ids, 65536);
	assert_int_equal(edit(w, auray, 1, "nom", "Entre nous"), ES_OK);
	assert_int_equal(edit(w, auray, 1, "portee", "cress"), ES_OK);
	visit(w, auray);
	const struct head *h = own_head(home, auray, SCOPE_CRESS);
	assert_true(h->seq > 0);
	returned_by(home, h, &body);
	assert_non_null(memmem(body.p, body.len, "Entre nous", 10));
	assert_int_equal(STEP(w, vannes, node_given_back(vannes->n, buf_slice(&body), &ids)), ES_OK);
	assert_int_equal(journal_void_count(vannes->n->journal), 0);
	buf_clear(&ids);
	assert_int_equal(STEP(w, home, node_given_back(home->n, buf_slice(&body), &ids)), ES_OK);
	assert_true(journal_void_count(home->n->journal) > 0);
	buf_done(&body);
	buf_done(&ids);
}

/* Home is given all of Auray's public log; how many commits does it keep? */
static int64_t kept_of_auray(struct nodes *w)
{
	struct party *home = &w->p[CRESS];
	int64_t before = journal_void_count(home->n->journal);
	struct buf body, ids;

	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	buf_init(&ids, 65536);
	returned_by(home, own_head(home, &w->p[AURAY], SCOPE_PUBLIC), &body);
	assert_int_equal(STEP(w, home, node_given_back(home->n, buf_slice(&body), &ids)), ES_OK);
	assert_int_equal(ids.p[0], 0x93); /* it answers for all three: they are not offered again */
	buf_done(&body);
	buf_done(&ids);
	return journal_void_count(home->n->journal) - before;
}

static void what_is_kept_for_its_author_is_bounded(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct hash id = {{1}};
	uint8_t *much = calloc(1, NODE_RETURNED_MAX);

	assert_non_null(much);
	three_edits(w);
	assert_int_equal(STEP(w, home, journal_void_put(home->n->journal, &auray->n->hub, &id, SLICE(much, NODE_RETURNED_MAX))), ES_OK);
	assert_int_equal(kept_of_auray(w), 0);
	assert_int_equal(STEP(w, home, journal_void_given(home->n->journal, &id, &auray->n->hub)), ES_OK);
	assert_int_equal(STEP(w, home, journal_void_put(home->n->journal, &w->p[VANNES].n->hub, &id, SLICE(much, NODE_RETURNED_MAX))), ES_OK);
	assert_int_equal(kept_of_auray(w), 3); /* another's is none of its */
	free(much);
}

static void what_is_kept_for_its_author_counts_in_its_quota(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	three_edits(w);
	int64_t logs = journal_bytes_of(home->n->journal, &home->n->frontier, &auray->n->hub);
	const struct member *m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_quota(home->n, m, (uint64_t)logs + 100)), ES_OK);
	assert_int_equal(kept_of_auray(w), 0);
	m = rights_member(&home->n->rights, &auray->n->hub);
	assert_int_equal(STEP(w, home, node_quota(home->n, m, (uint64_t)logs + COMMIT_BYTES_MAX)), ES_OK);
	assert_int_equal(kept_of_auray(w), 3);
}

static void what_is_forgotten_is_not_kept_for_its_author(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct id16 uid = uid_of(3);
	struct buf body, ids, kept;
	int64_t forgot;

	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	buf_init(&kept, 4 * COMMIT_PACKED_MAX);
	buf_init(&ids, 65536);
	three_edits(w);
	returned_by(home, own_head(home, auray, SCOPE_PUBLIC), &body);
	assert_int_equal(STEP(w, auray, node_forget(auray->n, &uid, &forgot)), ES_OK);
	visit_all(w);
	assert_int_equal(STEP(w, home, node_given_back(home->n, buf_slice(&body), &ids)), ES_OK);
	assert_int_equal(node_returns(home->n, &auray->n->hub, ROLE_HUB, &kept), ES_OK);
	assert_non_null(memmem(kept.p, kept.len, "Deuxieme", 8));
	assert_null(memmem(kept.p, kept.len, "Troisieme", 9));
	buf_done(&body);
	buf_done(&kept);
	buf_done(&ids);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, two_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_may_not_lie_here_is_not_kept_for_its_author),
		TEST(what_is_kept_for_its_author_is_bounded),
		TEST(what_is_kept_for_its_author_counts_in_its_quota),
		TEST(what_is_forgotten_is_not_kept_for_its_author),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
