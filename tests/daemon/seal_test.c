/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/places.h"
#include "daemon/node/health.h"
#include "daemon/node/node_parts.h"
#include "daemon/node/setup.h"
#include "proto/canon.h"

#define SEEN_MAX 1024
#define HOUR 3600000

struct world {
	char dir[64], data[80];
	struct node *n;
	uint64_t session;
};

static struct reference *ref;

static int load_reference(void **state)
{
	(void)state;
	return reference_load(ESSAIM_SOURCE_DIR "/conf/reference", &ref) == ES_OK ? 0 : -1;
}

static int free_reference(void **state)
{
	(void)state;
	reference_free(ref);
	return 0;
}

static void reopen(struct world *w)
{
	node_close(w->n);
	w->n = NULL;
	assert_int_equal(node_open(w->data, ref, &w->n), ES_OK);
	w->n->utc = ((es_ms)time(NULL) + 1) * 1000; /* after what setup has signed */
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char recovery[RECOVERY_TEXT_MAX];
	struct buf why;

	strcpy(w->dir, "/tmp/essaim-seal-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->data, sizeof(w->data), "%s/data", w->dir);
	buf_init(&why, 4096);
	if (setup_cress(&(struct setup){.dir = w->data, .name = "CRESS Bretagne", .region = "53"}, recovery, &why) != ES_OK)
		fail_msg("%s", buf_cstr(&why));
	buf_done(&why);
	reopen(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	node_close(w->n);
	snprintf(command, sizeof(command), "rm -r %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

/* A row of the outbox: one text field of a structure. */
static void put(struct world *w, enum scope scope, unsigned uid, es_stamp edited, es_stamp base, const char *text)
{
	struct change ch = {.op = OP_PUT, .kind = 1, .edited = edited, .base = base};
	struct outbox_edit e = {.scope = scope, .kind = 1, .edited = edited};
	struct buf fields, bytes;

	memcpy(ch.record.bytes, w->n->hub.bytes, 16);
	be_write(ch.record.bytes + 28, uid, 4);
	buf_init(&fields, CHANGE_MAX);
	buf_init(&bytes, CHANGE_MAX);
	canon_map(&fields, 1);
	canon_u64(&fields, 12);
	canon_str(&fields, slice_str(text));
	ch.fields = buf_slice(&fields);
	change_encode(&ch, &bytes);
	e.record = ch.record;
	e.change = buf_slice(&bytes);
	rng_fill(&w->n->rng, e.salt.bytes, 16);
	assert_int_equal(journal_outbox_add(w->n->journal, &e), ES_OK);
	if (e.edited > w->n->last_edited)
		w->n->last_edited = e.edited; /* as node_edit does */
	buf_done(&fields);
	buf_done(&bytes);
}

static bool seal(struct world *w, unsigned commits)
{
	bool more = false;

	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_seal(w->n, commits, &more), ES_OK);
	assert_int_equal(journal_commit(w->n->journal), ES_OK);
	return more;
}

/* What the signed commits of one scope say, in order. */
struct seen {
	es_stamp edited[SEEN_MAX], base[SEEN_MAX], hlc[SEEN_MAX];
	char text[SEEN_MAX][24];
	unsigned count, commits, per_commit[16];
};

static void note_change(struct seen *s, const struct payload *y, es_stamp hlc)
{
	struct change ch;
	struct canon_reader r;

	assert_true(y->present && s->count < SEEN_MAX);
	assert_int_equal(change_decode(y->change, &ch), ES_OK);
	s->edited[s->count] = ch.edited;
	s->base[s->count] = ch.base;
	s->hlc[s->count] = hlc;
	canon_read_init(&r, change_field(ch.fields, 12));
	struct slice text = canon_read_str(&r, 23);
	memcpy(s->text[s->count], text.p, text.len);
	s->count++;
}

static struct seen *sealed(struct world *w, enum scope scope)
{
	static struct seen s;
	static struct packed p;
	static struct commit c;

	memset(&s, 0, sizeof(s));
	for (int64_t pos = 1; pos <= journal_last_pos(w->n->journal); pos++) {
		struct buf bytes;
		uint32_t index;
		int64_t stored;

		buf_init(&bytes, 2 * COMMIT_PACKED_MAX);
		assert_int_equal(journal_one(w->n->journal, pos, &index, &bytes, &stored), ES_OK);
		if (w->n->frontier.heads[index].scope == scope) {
			assert_int_equal(commit_unpack(buf_slice(&bytes), &p), ES_OK);
			assert_int_equal(commit_decode(p.header, &c), ES_OK);
			assert_true(commit_verify(p.header, &p.sig, &w->n->keys.sign));
			for (uint32_t i = 0; i < p.count; i++)
				note_change(&s, &p.payload[i], c.hlc);
			assert_true(s.commits < 16);
			s.per_commit[s.commits++] = p.count;
		}
		buf_done(&bytes);
	}
	return &s;
}

static es_stamp clock_of(const struct world *w)
{
	return stamp_at(w->n->utc) | 0xffff;
}

static void let_in(struct world *w, unsigned number, struct id16 *hub)
{
	struct join_request r = {.charter = w->n->rights.charter, .at = w->n->utc};
	uint8_t seed[32] = {(uint8_t)(8 * number + 8), 1}; /* X25519 ignores the lowest three bits */
	struct sign_secret secret;
	struct dh_secret dh_secret;

	r.member.role = ROLE_HUB;
	r.member.epoch = 1;
	crypto_sign_keys(seed, &r.member.sign, &secret);
	seed[1] = 2;
	crypto_dh_keys(seed, &r.member.dh, &dh_secret);
	r.member.hub = crypto_hub_id(&w->n->rights.fed_id, &r.member.sign);
	snprintf(r.member.name, sizeof(r.member.name), "Pole %u", number);
	assert_true(w->n->rights.territory_count >= number);
	snprintf(r.member.pays, sizeof(r.member.pays), "%s", w->n->rights.territories[number - 1].code);
	memset(&r.member.invite, (int)number, sizeof(r.member.invite));
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_approve(w->n, &r), ES_OK);
	assert_int_equal(journal_commit(w->n->journal), ES_OK);
	*hub = r.member.hub;
}

/* A session with that hub comes to have nothing that we lack. */
static void report(struct world *w, const struct id16 *hub)
{
	bool pending, report_only;

	w->session++;
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_greet(w->n, w->session, hub, hub, ROLE_HUB, w->session, 0, &pending, &report_only), ES_OK);
	assert_int_equal(node_report(w->n, w->session, true), ES_OK);
	assert_int_equal(journal_commit(w->n->journal), ES_OK);
}

/* Home says that it holds all our logs, and what its clock shows. */
static void confirm(struct world *w, int64_t home_clock_ms)
{
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_confirm(w->n, 1, true, home_clock_ms), ES_OK);
	assert_int_equal(journal_commit(w->n->journal), ES_OK);
}

static enum es_err control(struct world *w)
{
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	enum es_err err = node_control(w->n, NULL, 0);
	if (err == ES_OK)
		assert_int_equal(journal_commit(w->n->journal), ES_OK);
	else
		journal_rollback(w->n->journal);
	return err;
}

/* --- the tests --- */

static void a_commit_holds_256_changes(void **state)
{
	struct world *w = *state;
	es_stamp at = stamp_at(w->n->utc - HOUR);

	for (unsigned i = 0; i < 600; i++)
		put(w, SCOPE_PUBLIC, i, at + i, 0, "Une");
	assert_true(seal(w, 2));
	assert_int_equal(journal_outbox_count(w->n->journal), 600 - 2 * 256);
	assert_false(seal(w, 2));
	assert_int_equal(journal_outbox_count(w->n->journal), 0);
	struct seen *s = sealed(w, SCOPE_PUBLIC);
	assert_int_equal(s->commits, 3);
	assert_int_equal(s->per_commit[0], 256);
	assert_int_equal(s->per_commit[1], 256);
	assert_int_equal(s->per_commit[2], 88);
	for (unsigned i = 0; i < 600; i++)
		assert_true(s->edited[i] == at + i);
}

static void sealing_nothing_signs_nothing(void **state)
{
	struct world *w = *state;
	int64_t last = journal_last_pos(w->n->journal);

	assert_false(seal(w, 100));
	assert_int_equal(journal_last_pos(w->n->journal), last);
}

static void a_withdrawn_row_goes_without_a_commit(void **state)
{
	struct world *w = *state;
	struct outbox_edit e = {.scope = SCOPE_LOCAL, .kind = 1, .edited = stamp_at(w->n->utc - 1)};

	assert_int_equal(journal_outbox_add(w->n->journal, &e), ES_OK);
	assert_false(seal(w, 100));
	assert_int_equal(sealed(w, SCOPE_LOCAL)->commits, 0);
	assert_int_equal(journal_last_edit(w->n->journal), 1);
}

static void what_is_sealed_survives_a_restart(void **state)
{
	struct world *w = *state;

	put(w, SCOPE_PUBLIC, 1, stamp_at(w->n->utc - 1), 0, "Une");
	seal(w, 100);
	reopen(w);
	struct seen *s = sealed(w, SCOPE_PUBLIC);
	assert_int_equal(s->count, 1);
	assert_string_equal(s->text[0], "Une");
	assert_int_equal(journal_outbox_count(w->n->journal), 0);
	assert_true(w->n->own_pos == journal_last_pos(w->n->journal));
}

static void a_seal_rolled_back_leaves_the_outbox(void **state)
{
	struct world *w = *state;
	int64_t last = journal_last_pos(w->n->journal);
	bool more;

	put(w, SCOPE_LOCAL, 1, stamp_at(w->n->utc - 1), 0, "Une");
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_seal(w->n, 100, &more), ES_OK);
	journal_rollback(w->n->journal);
	assert_int_equal(node_reload(w->n), ES_OK);
	assert_int_equal(journal_last_pos(w->n->journal), last);
	assert_int_equal(journal_outbox_count(w->n->journal), 1);
	seal(w, 100);
	assert_int_equal(sealed(w, SCOPE_LOCAL)->count, 1);
}

static void an_edit_above_the_clock_is_lowered_to_it_in_order_with_its_base(void **state)
{
	struct world *w = *state;
	es_stamp at = stamp_at(w->n->utc - HOUR), ahead = stamp_at(w->n->utc + HOUR);

	put(w, SCOPE_PUBLIC, 1, at, 0, "avant");
	put(w, SCOPE_PUBLIC, 1, ahead, at, "un");
	put(w, SCOPE_PUBLIC, 1, ahead + 5, ahead, "deux");
	put(w, SCOPE_PUBLIC, 1, ahead + 9, ahead + 5, "trois");
	seal(w, 100);
	struct seen *s = sealed(w, SCOPE_PUBLIC);
	assert_int_equal(s->count, 4);
	assert_true(s->edited[0] == at);
	assert_true(s->edited[1] == clock_of(w));
	assert_true(s->base[1] == at);
	for (unsigned i = 1; i < 4; i++) {
		assert_true(s->edited[i] > s->edited[i - 1]);
		assert_true(s->base[i] == s->edited[i - 1]);
		assert_true(s->hlc[i] >= s->edited[i]);
	}
	assert_false(stamp_ahead(s->hlc[3], w->n->utc));
	assert_string_equal(s->text[3], "trois");
}

static void lowered_edits_keep_their_order_from_one_commit_to_the_next(void **state)
{
	struct world *w = *state;
	es_stamp ahead = stamp_at(w->n->utc + HOUR);

	for (unsigned i = 0; i < 300; i++)
		put(w, SCOPE_PUBLIC, 1, ahead + i, i ? ahead + i - 1 : 0, "Une");
	assert_false(seal(w, 100));
	struct seen *s = sealed(w, SCOPE_PUBLIC);
	assert_int_equal(s->count, 300);
	for (unsigned i = 1; i < 300; i++)
		if (s->edited[i] <= s->edited[i - 1] || s->base[i] != s->edited[i - 1])
			fail_msg("change %u: order or base lost", i);
}

static void a_lowered_edit_stays_above_what_was_sealed_before(void **state)
{
	struct world *w = *state;
	es_stamp first = stamp_at(w->n->utc);

	put(w, SCOPE_PUBLIC, 1, first, 0, "Ancien");
	seal(w, 100);
	w->n->utc -= 2000; /* the clock is set back, by far less than the 5 minutes */
	put(w, SCOPE_PUBLIC, 1, first + 1, first, "Nouveau"); /* as node_edit stamps it */
	seal(w, 100);
	struct seen *s = sealed(w, SCOPE_PUBLIC);
	assert_int_equal(s->count, 2);
	assert_true(s->edited[1] > s->edited[0]);
	assert_true(s->base[1] == s->edited[0]);
}

static void a_row_written_again_keeps_its_place_when_lowered(void **state)
{
	struct world *w = *state;
	es_stamp ahead = stamp_at(w->n->utc + HOUR);

	/* As purge_outbox leaves them: the older edit, written again, comes last. */
	put(w, SCOPE_PUBLIC, 1, ahead + 1, ahead, "Nouveau");
	put(w, SCOPE_PUBLIC, 1, ahead, 0, "Ancien");
	seal(w, 100);
	struct seen *s = sealed(w, SCOPE_PUBLIC);
	assert_int_equal(s->count, 2);
	unsigned newer = strcmp(s->text[0], "Nouveau") == 0 ? 0 : 1;
	assert_true(s->edited[newer] > s->edited[1 - newer]);
}

static void a_hub_seals_its_local_log_without_home_and_the_others_with(void **state)
{
	struct world *w = *state;
	es_stamp at = stamp_at(w->n->utc - 1);

	w->n->role = ROLE_HUB;
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++)
		put(w, s, 1, at, 0, "Une");
	assert_false(seal(w, 100));
	assert_int_equal(journal_outbox_count(w->n->journal), 3);
	assert_int_equal(sealed(w, SCOPE_LOCAL)->count, 1);
	confirm(w, NODE_CLOCK_MAX_MS); /* home's clock is too far from ours */
	assert_false(seal(w, 100));
	confirm(w, -NODE_CLOCK_MAX_MS);
	assert_false(seal(w, 100));
	assert_int_equal(journal_outbox_count(w->n->journal), 3);
	confirm(w, 1000);
	assert_false(seal(w, 100));
	assert_int_equal(sealed(w, SCOPE_PUBLIC)->count, 1);
}

static void add_name(void *ctx, const char *name)
{
	(void)health_add_name(ctx, name);
}

static void the_cress_waits_for_its_members_and_seals_its_local_log(void **state)
{
	struct world *w = *state;
	struct id16 hub[2];
	es_stamp at;
	char names[HEALTH_NAMES_MAX] = "";

	let_in(w, 1, &hub[0]);
	let_in(w, 2, &hub[1]);
	reopen(w);
	assert_int_equal(node_awaited(w->n), 2);
	node_awaited_each(w->n, add_name, names);
	assert_non_null(strstr(names, "Pole 1"));
	at = stamp_at(w->n->utc - 1);
	put(w, SCOPE_PUBLIC, 1, at, 0, "Une");
	put(w, SCOPE_LOCAL, 1, at, 0, "Une");
	assert_false(seal(w, 100));
	assert_int_equal(sealed(w, SCOPE_LOCAL)->count, 1);
	assert_int_equal(sealed(w, SCOPE_PUBLIC)->count, 0);
	assert_int_equal(control(w), ES_AWAITING);
	report(w, &hub[0]);
	report(w, &hub[0]);
	assert_int_equal(node_awaited(w->n), 1);
	assert_false(seal(w, 100));
	assert_int_equal(sealed(w, SCOPE_PUBLIC)->count, 0);
	report(w, &hub[1]);
	assert_int_equal(node_awaited(w->n), 0);
	assert_false(seal(w, 100));
	assert_int_equal(sealed(w, SCOPE_PUBLIC)->count, 1);
}

static void the_cress_waits_for_three_at_most_and_for_nobody_when_alone(void **state)
{
	struct world *w = *state;
	struct id16 hub[5];

	for (unsigned i = 0; i < 5; i++)
		let_in(w, i + 1, &hub[i]);
	reopen(w);
	assert_int_equal(node_awaited(w->n), 3);
	for (unsigned i = 1; i < 4; i++)
		report(w, &hub[i]);
	assert_int_equal(node_awaited(w->n), 0);
	reopen(w);
	assert_int_equal(node_awaited(w->n), 3);
	w->n->alone = true;
	assert_int_equal(node_awaited(w->n), 0);
	assert_int_equal(control(w), ES_OK);
}

static void each_run_opens_generations_of_its_own_with_new_nonces(void **state)
{
	struct world *w = *state;
	struct id16 log[3], nonce[3];
	uint32_t generation[3];

	for (unsigned run = 0; run < 3; run++) {
		reopen(w);
		assert_false(w->n->opened);
		assert_int_equal(control(w), ES_OK);
		assert_true(w->n->opened);
		const struct open_log *open = rights_log(&w->n->rights, &w->n->rights.control_log);
		assert_non_null(open);
		log[run] = open->id;
		nonce[run] = open->nonce;
		generation[run] = open->generation;
		assert_memory_equal(w->n->frontier.heads[0].log.bytes, open->id.bytes, 16);
		uint64_t seq = w->n->rights.seq;
		assert_int_equal(control(w), ES_OK); /* open already */
		assert_true(w->n->rights.seq == seq);
		for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_CRESS; s++) {
			const struct open_log *data = rights_log_of(&w->n->rights, &w->n->hub, s);

			assert_non_null(data);
			assert_true(data->opened_seq == seq);
			assert_non_null(frontier_find(&w->n->frontier, &data->id));
		}
		for (unsigned i = 0; i < run; i++) {
			assert_memory_not_equal(log[i].bytes, log[run].bytes, 16);
			assert_memory_not_equal(nonce[i].bytes, nonce[run].bytes, 16);
			assert_true(generation[run] > generation[i]);
		}
	}
}

static void a_seal_of_a_new_run_goes_to_that_run_s_log(void **state)
{
	struct world *w = *state;

	put(w, SCOPE_PUBLIC, 1, stamp_at(w->n->utc - 1), 0, "Une");
	seal(w, 100);
	struct id16 first = rights_log_of(&w->n->rights, &w->n->hub, SCOPE_PUBLIC)->id;
	reopen(w);
	put(w, SCOPE_PUBLIC, 1, stamp_at(w->n->utc - 1) + 1, 0, "Deux");
	seal(w, 100);
	const struct open_log *second = rights_log_of(&w->n->rights, &w->n->hub, SCOPE_PUBLIC);
	assert_memory_not_equal(first.bytes, second->id.bytes, 16);
	assert_int_equal(frontier_find(&w->n->frontier, &first)->seq, 1);
	assert_int_equal(frontier_find(&w->n->frontier, &second->id)->seq, 1);
	assert_int_equal(sealed(w, SCOPE_PUBLIC)->count, 2);
}

static void a_hub_writes_no_control_entry(void **state)
{
	struct world *w = *state;

	w->n->role = ROLE_HUB;
	assert_int_equal(control(w), ES_NOT_ALLOWED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_commit_holds_256_changes),
		TEST(sealing_nothing_signs_nothing),
		TEST(a_withdrawn_row_goes_without_a_commit),
		TEST(what_is_sealed_survives_a_restart),
		TEST(a_seal_rolled_back_leaves_the_outbox),
		TEST(an_edit_above_the_clock_is_lowered_to_it_in_order_with_its_base),
		TEST(lowered_edits_keep_their_order_from_one_commit_to_the_next),
		TEST(a_lowered_edit_stays_above_what_was_sealed_before),
		TEST(a_row_written_again_keeps_its_place_when_lowered),
		TEST(a_hub_seals_its_local_log_without_home_and_the_others_with),
		TEST(the_cress_waits_for_its_members_and_seals_its_local_log),
		TEST(the_cress_waits_for_three_at_most_and_for_nobody_when_alone),
		TEST(each_run_opens_generations_of_its_own_with_new_nonces),
		TEST(a_seal_of_a_new_run_goes_to_that_run_s_log),
		TEST(a_hub_writes_no_control_entry),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
