/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/journal_life.h"

/* --- commits beyond a cut --- */

struct dropped {
	uint64_t seq[COMMITS];
	uint32_t count, changes;
	enum es_err answer;
};

static enum es_err note_dropped(void *ctx, const struct commit *c, const struct packed *p)
{
	struct dropped *d = ctx;

	assert_int_equal(p->count, c->count);
	assert_true(p->count > 0 && p->payload[0].present);
	d->seq[d->count++] = c->seq;
	d->changes += p->count;
	return d->answer;
}

static void commits_beyond_a_cut_go_in_order_and_whole(void **state)
{
	struct place *p = *state;
	struct dropped d = {.answer = ES_OK};
	struct head h = {.seq = 99};
	struct hash id;

	append_all(p);
	put(p, OTHER, 1, EARLY, "Autre");
	assert_int_equal(journal_begin(p->j), ES_OK);
	assert_int_equal(journal_drop_after(p->j, DATA, 4, note_dropped, &d), ES_OK);
	assert_int_equal(journal_commit(p->j), ES_OK);
	assert_int_equal(d.count, 2);
	assert_int_equal(d.seq[0], 5);
	assert_int_equal(d.seq[1], 6);
	assert_int_equal(d.changes, 4);
	assert_int_equal(journal_head(p->j, DATA, &h), ES_OK);
	assert_int_equal(h.seq, 4);
	assert_memory_equal(h.id.bytes, p->data[3].c.id.bytes, 32);
	assert_true(h.hlc == p->data[3].c.hlc);
	assert_false(journal_commit_id(p->j, DATA, 5, &id));
	assert_true(journal_commit_id(p->j, OTHER, 1, &id));
	assert_int_equal(journal_changes(p->j, 5), 0);
	assert_int_equal(journal_changes(p->j, 7), 1);
	open_again(p);
	assert_int_equal(p->f.heads[DATA].seq, 4);
}

static void a_new_commit_does_not_take_a_dropped_one_s_place_in_the_order_of_arrival(void **state)
{
	struct place *p = *state;

	append_all(p);
	assert_int_equal(journal_drop_after(p->j, DATA, 0, NULL, NULL), ES_OK);
	struct head h = {.seq = 99};
	assert_int_equal(journal_head(p->j, DATA, &h), ES_OK);
	assert_int_equal(h.seq, 0);
	/* The directory has folded up to 6: what comes must be behind it. */
	assert_true(put(p, DATA, 1, EARLY, "Nouveau") > COMMITS);
}

static void nothing_is_dropped_when_the_receiver_refuses(void **state)
{
	struct place *p = *state;
	struct dropped d = {.answer = ES_DISK_FULL};
	struct head h = {.seq = 0};

	append_all(p);
	assert_int_equal(journal_begin(p->j), ES_OK);
	assert_int_equal(journal_savepoint(p->j), ES_OK);
	assert_int_equal(journal_drop_after(p->j, DATA, 4, note_dropped, &d), ES_DISK_FULL);
	assert_int_equal(journal_release(p->j, false), ES_OK);
	assert_int_equal(journal_commit(p->j), ES_OK);
	assert_int_equal(journal_head(p->j, DATA, &h), ES_OK);
	assert_int_equal(h.seq, COMMITS);
	assert_int_equal(journal_last_refold(p->j), 0);
}

/* --- salts --- */

static void salts_are_found_in_own_logs_and_in_the_outbox(void **state)
{
	struct place *p = *state;
	struct id16 salts[4] = {salt_of(201), salt_of(17), salt_of(200), salt_of(16)};
	bool found[4];
	struct sealed s;
	struct record_id id = record(p, CRESS, 1);

	append(p); /* salts 16 and 17 */
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 1, EARLY, 200, "Attend");
	assert_int_equal(journal_find_salts(p->j, &p->f, &p->fed.keys[AURAY].hub, salts, 4, found), ES_OK);
	assert_true(found[1] && found[2] && found[3]);
	assert_false(found[0]);
	/* In another hub's log it is not ours. */
	begin(p, OTHER, &s);
	s.c.seq = 12; /* salt 192 */
	write_change(sealed_add(&s), OP_PUT, &id, EARLY, "Autre");
	store(p, OTHER, &s);
	sealed_done(&s);
	salts[0] = salt_of(192);
	assert_int_equal(journal_find_salts(p->j, &p->f, &p->fed.keys[AURAY].hub, salts, 4, found), ES_OK);
	assert_false(found[0]);
	assert_int_equal(journal_find_salts(p->j, &p->f, &p->fed.keys[CRESS].hub, salts, 4, found), ES_OK);
	assert_true(found[0]);
	assert_false(found[1]);
	assert_int_equal(journal_find_salts(p->j, &p->f, &p->fed.keys[AURAY].hub, salts, 0, found), ES_OK);
}

static void an_outbox_row_is_removed_by_its_salt(void **state)
{
	struct place *p = *state;
	struct id16 salt = salt_of(7);
	int64_t removed = 99;

	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 1, EARLY, 7, "Un");
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 2, EARLY, 8, "Deux");
	assert_int_equal(journal_outbox_remove_salt(p->j, &salt, &removed), ES_OK);
	assert_int_equal(removed, 1);
	assert_int_equal(journal_outbox_remove_salt(p->j, &salt, &removed), ES_OK);
	assert_int_equal(removed, 0);
	assert_int_equal(journal_outbox_count(p->j), 1);
}

/* --- records folded anew --- */

struct told {
	struct {
		struct record_id record;
		bool reset, pending;
		char text[16];
	} item[64];
	size_t count;
};

static enum es_err note_told(void *ctx, const struct feed_item *item)
{
	struct told *t = ctx;
	struct canon_reader r;

	assert_true(t->count < 64);
	t->item[t->count].record = item->record;
	t->item[t->count].reset = item->reset;
	t->item[t->count].pending = item->change.pending;
	t->item[t->count].text[0] = 0;
	if (!item->reset) {
		struct id16 creator;

		memcpy(creator.bytes, item->record.bytes, 16);
		assert_memory_equal(item->steward.bytes, creator.bytes, 16);
		canon_read_init(&r, change_field(item->change.fields, 10));
		struct slice text = item->change.fields.len > 1 ? canon_read_str(&r, 15) : SLICE_NONE;
		if (text.len > 0)
			memcpy(t->item[t->count].text, text.p, text.len);
		t->item[t->count].text[text.len] = 0;
	}
	t->count++;
	return ES_OK;
}

static struct feed feed_from(const struct place *p, struct position from, struct told *t)
{
	t->count = 0;
	return (struct feed){.from = from, .max = 100, .frontier = &p->f, .rights = &p->fed.rights, .each = note_told, .ctx = t};
}

/* Everything there is so far; where the directory stands then. */
static struct position caught_up(struct place *p)
{
	struct told t;
	struct feed f = feed_from(p, (struct position){0}, &t);

	do {
		t.count = 0;
		assert_int_equal(journal_feed(p->j, &f), ES_OK);
		f.from = f.to;
	} while (f.more);
	return f.to;
}

static void a_record_is_told_again_behind_a_reset(void **state)
{
	struct place *p = *state;
	struct record_id one = record(p, AURAY, 1);
	struct told t;

	put(p, DATA, 1, EARLY, "Un");
	put(p, DATA, 2, EARLY, "Deux");
	put(p, LOCAL, 1, EARLY, "Chez nous");
	put(p, DATA, 1, EARLY + 5, "Un encore");
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 1, EARLY + 9, 90, "Attend");
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PROPOSE, 1, EARLY + 9, 91, "Propose");
	struct position at = caught_up(p);
	assert_int_equal(at.refold, 0);
	assert_int_equal(journal_refold(p->j, &one), ES_OK);
	assert_int_equal(journal_refold(p->j, &one), ES_OK); /* twice asked, told once */
	struct feed f = feed_from(p, at, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_false(f.all || f.more);
	assert_int_equal(t.count, 5);
	assert_true(t.item[0].reset);
	assert_memory_equal(t.item[0].record.bytes, one.bytes, 32);
	assert_string_equal(t.item[1].text, "Un");
	assert_string_equal(t.item[2].text, "Chez nous");
	assert_string_equal(t.item[3].text, "Un encore");
	assert_string_equal(t.item[4].text, "Attend");
	assert_true(t.item[4].pending);
	assert_int_equal(f.to.refold, 2);
	assert_int_equal(f.to.commit, at.commit);
	assert_int_equal(f.to.edit, at.edit);
	f = feed_from(p, f.to, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 0);
}

static void what_is_new_comes_before_what_is_told_again(void **state)
{
	struct place *p = *state;
	struct record_id one = record(p, AURAY, 1);
	struct told t;

	put(p, DATA, 1, EARLY, "Un");
	struct position at = caught_up(p);
	assert_int_equal(journal_refold(p->j, &one), ES_OK);
	wait_in_outbox(p, SCOPE_PUBLIC, OP_PUT, 1, EARLY + 9, 90, "Attend");
	struct feed f = feed_from(p, at, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_true(f.more);
	assert_int_equal(t.count, 1);
	assert_false(t.item[0].reset);
	assert_int_equal(f.to.refold, 0);
	f = feed_from(p, f.to, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 3);
	assert_true(t.item[0].reset);
	assert_string_equal(t.item[2].text, "Attend");
}

static void what_was_dropped_is_told_no_more(void **state)
{
	struct place *p = *state;
	struct told t;

	put(p, DATA, 1, EARLY, "Un");
	put(p, DATA, 1, EARLY + 5, "Un encore");
	put(p, DATA, 2, EARLY + 6, "Deux");
	struct position at = caught_up(p);
	assert_int_equal(journal_drop_after(p->j, DATA, 1, NULL, NULL), ES_OK);
	assert_int_equal(journal_last_refold(p->j), 2);
	struct feed f = feed_from(p, at, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 3);
	assert_true(t.item[0].reset && t.item[1].reset);
	assert_string_equal(t.item[2].text, "Un");
}

static void all_or_too_many_records_are_everything_anew(void **state)
{
	struct place *p = *state;
	struct told t;

	put(p, DATA, 1, EARLY, "Un");
	struct position at = caught_up(p);
	assert_int_equal(journal_refold(p->j, NULL), ES_OK);
	struct feed f = feed_from(p, at, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_true(f.all);
	assert_int_equal(t.count, 0);
	assert_int_equal(f.to.refold, 1);
	/* As the projector does: emptied, from the start, behind that refold. */
	f = feed_from(p, (struct position){.refold = f.to.refold}, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_false(f.all);
	assert_int_equal(t.count, 1);
	at = f.to;
	assert_int_equal(journal_begin(p->j), ES_OK);
	for (unsigned i = 0; i <= FEED_REFOLDS_MAX; i++) {
		struct record_id id = record(p, AURAY, 1);

		be_write(id.bytes + 16, i, 8);
		assert_int_equal(journal_refold(p->j, &id), ES_OK);
	}
	assert_int_equal(journal_commit(p->j), ES_OK);
	f = feed_from(p, at, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_true(f.all);
	assert_int_equal(f.to.refold, journal_last_refold(p->j));
}

static void refolds_that_are_done_are_forgotten_and_their_numbers_are_not(void **state)
{
	struct place *p = *state;
	struct record_id one = record(p, AURAY, 1), two = record(p, AURAY, 2);
	struct told t;

	put(p, DATA, 1, EARLY, "Un");
	put(p, DATA, 2, EARLY, "Deux");
	struct position at = caught_up(p);
	assert_int_equal(journal_refold(p->j, &one), ES_OK);
	assert_int_equal(journal_refold_done(p->j, 1), ES_OK);
	assert_int_equal(journal_last_refold(p->j), 1);
	open_again(p);
	struct feed f = feed_from(p, at, &t); /* a directory that lags behind gets on too */
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 0);
	assert_int_equal(f.to.refold, 1);
	assert_int_equal(journal_refold(p->j, &two), ES_OK);
	assert_int_equal(journal_last_refold(p->j), 2);
	f = feed_from(p, f.to, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 2);
	assert_memory_equal(t.item[0].record.bytes, two.bytes, 32);
}

static void what_is_void_or_blocked_is_not_told(void **state)
{
	struct place *p = *state;
	struct record_id one = record(p, AURAY, 1);
	struct told t;

	for (unsigned i = 0; i < 3; i++)
		put(p, DATA, 1, EARLY + i, i == 0 ? "Un" : i == 1 ? "Deux" : "Trois");
	p->f.heads[DATA].blocked = ES_FORK;
	p->f.heads[DATA].blocked_seq = 3;
	struct log_cut which = {.log = p->f.heads[DATA].log, .seq = 1};
	assert_true(journal_commit_id(p->j, DATA, 1, &which.id));
	struct sealed *s = world_next(&p->fed);
	entry_void(&which, sealed_add(s));
	assert_int_equal(world_apply(&p->fed), ES_OK);
	struct feed f = feed_from(p, (struct position){0}, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 1);
	assert_string_equal(t.item[0].text, "Deux");
	assert_int_equal(journal_refold(p->j, &one), ES_OK);
	f = feed_from(p, f.to, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 2);
	assert_string_equal(t.item[1].text, "Deux");
}

/* What the feed passes over a refold passes over too. */
static void a_damaged_commit_is_not_told_again_either(void **state)
{
	struct place *p = *state;
	struct record_id one = record(p, AURAY, 1);
	struct told t;

	put(p, DATA, 1, EARLY, "Un");
	put(p, DATA, 1, EARLY + 1, "Deux");
	tamper(p, "UPDATE payload SET change = CAST(replace(change, CAST('Deux' AS BLOB), CAST('Dieu' AS BLOB)) AS BLOB)");
	struct feed f = feed_from(p, (struct position){0}, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 1);
	assert_int_equal(f.damaged, 1);
	assert_int_equal(journal_refold(p->j, &one), ES_OK);
	f = feed_from(p, f.to, &t);
	assert_int_equal(journal_feed(p->j, &f), ES_OK);
	assert_int_equal(t.count, 2);
	assert_string_equal(t.item[1].text, "Un");
	assert_int_equal(f.damaged, 1);
}

/* --- the book of instances --- */

static bool count_copy(void *ctx, const struct hub_copy *c)
{
	(void)c;
	++*(int *)ctx;
	return *(int *)ctx != 100;
}

static void the_newest_instance_is_current_and_the_others_fenced(void **state)
{
	struct place *p = *state;
	struct hub_copy a = {.hub = salt_of(1), .instance = salt_of(10), .lineage = 5}, b = a, c = a, out;
	int n = 0;

	b.instance = salt_of(11);
	c.hub = salt_of(2);
	assert_false(journal_copy_current(p->j, &a.hub, &out));
	assert_false(journal_copy_get(p->j, &a.hub, &a.instance, &out));
	assert_int_equal(journal_copy_accept(p->j, &a), ES_OK);
	assert_int_equal(journal_copy_accept(p->j, &c), ES_OK);
	assert_int_equal(journal_copy_accept(p->j, &b), ES_OK);
	open_again(p);
	assert_true(journal_copy_current(p->j, &a.hub, &out));
	assert_memory_equal(out.instance.bytes, b.instance.bytes, 16);
	assert_true(journal_copy_get(p->j, &a.hub, &a.instance, &out));
	assert_int_equal(out.state, COPY_FENCED);
	assert_int_equal(out.lineage, 5);
	assert_true(journal_copy_current(p->j, &c.hub, &out));
	out.state = COPY_CURRENT;
	a.state = COPY_ADMITTED;
	a.lineage = 9;
	assert_int_equal(journal_copy_put(p->j, &a), ES_OK); /* one alone */
	assert_true(journal_copy_current(p->j, &a.hub, &out));
	assert_memory_equal(out.instance.bytes, b.instance.bytes, 16);
	assert_true(journal_copy_get(p->j, &a.hub, &a.instance, &out));
	assert_int_equal(out.state, COPY_ADMITTED);
	assert_int_equal(out.lineage, 9);
	assert_int_equal(journal_copy_each(p->j, count_copy, &n), ES_OK);
	assert_int_equal(n, 3);
	n = 99;
	assert_int_equal(journal_copy_each(p->j, count_copy, &n), ES_OK);
	assert_int_equal(n, 100);
}

static void what_is_due_is_kept_by_hub(void **state)
{
	struct place *p = *state;
	struct id16 a = salt_of(1), b = salt_of(2);
	struct due d = {.waits = true, .day = 20000, .count = 3};

	assert_int_equal(journal_due_put(p->j, &a, &d), ES_OK);
	d.waits = false;
	assert_int_equal(journal_due_put(p->j, &b, &d), ES_OK);
	open_again(p);
	journal_due_get(p->j, &a, &d);
	assert_true(d.waits && d.day == 20000 && d.count == 3);
	d.count = 4;
	assert_int_equal(journal_due_put(p->j, &a, &d), ES_OK);
	journal_due_get(p->j, &b, &d);
	assert_true(!d.waits && d.count == 3);
	b = salt_of(3);
	journal_due_get(p->j, &b, &d);
	assert_true(!d.waits && d.day == 0 && d.count == 0);
}

/* --- void commits --- */

static uint32_t loaded(struct place *p, unsigned who, bool home, size_t want)
{
	struct canon_reader r;
	struct buf body;
	uint32_t n = 0;

	buf_init(&body, 8 * COMMIT_PACKED_MAX);
	assert_int_equal(journal_void_load(p->j, &p->fed.keys[who].hub, home, want, &body), ES_OK);
	if (body.len > 0) {
		canon_read_init(&r, buf_slice(&body));
		assert_int_equal(canon_read_array(&r, 1), 1);
		n = canon_read_array(&r, 100);
		for (uint32_t i = 0; i < n; i++) {
			static struct packed packed;

			assert_int_equal(commit_unpack(canon_read_value(&r), &packed), ES_OK);
		}
		assert_int_equal(canon_read_done(&r), ES_OK);
	}
	buf_done(&body);
	return n;
}

static void void_commits_wait_for_their_author_and_for_home(void **state)
{
	struct place *p = *state;
	const struct id16 *auray = &p->fed.keys[AURAY].hub, *vannes = &p->fed.keys[VANNES].hub;

	append_all(p);
	for (unsigned i = 0; i < COMMITS; i++)
		assert_int_equal(journal_void_put(p->j, i < 4 ? auray : vannes, &p->data[i].c.id, buf_slice(&p->data[i].bytes)),
				 ES_OK);
	assert_int_equal(journal_void_put(p->j, auray, &p->data[0].c.id, buf_slice(&p->data[0].bytes)), ES_OK);
	assert_int_equal(journal_void_count(p->j), COMMITS);
	assert_int_equal(loaded(p, AURAY, false, 100000), 4);
	assert_int_equal(loaded(p, VANNES, false, 100000), 2);
	assert_int_equal(loaded(p, STRANGER, false, 100000), 0);
	assert_int_equal(loaded(p, AURAY, false, 1), 1); /* at least one */
	assert_int_equal(loaded(p, CRESS, true, 100000), COMMITS);
	/* Home has had one: it stays until its author has it. */
	assert_int_equal(journal_void_given(p->j, &p->data[0].c.id, NULL), ES_OK);
	assert_int_equal(loaded(p, CRESS, true, 100000), COMMITS - 1);
	assert_int_equal(loaded(p, AURAY, false, 100000), 4);
	assert_int_equal(journal_void_given(p->j, &p->data[0].c.id, vannes), ES_OK); /* not its author */
	assert_int_equal(loaded(p, AURAY, false, 100000), 4);
	assert_int_equal(journal_void_given(p->j, &p->data[0].c.id, auray), ES_OK);
	assert_int_equal(loaded(p, AURAY, false, 100000), 3);
	for (unsigned i = 1; i < COMMITS; i++)
		assert_int_equal(journal_void_given(p->j, &p->data[i].c.id, NULL), ES_OK);
	assert_int_equal(loaded(p, CRESS, true, 100000), 0);
	assert_int_equal(journal_void_again(p->j), ES_OK); /* home begins anew */
	assert_int_equal(loaded(p, CRESS, true, 100000), COMMITS - 1);
	assert_int_equal(journal_void_given(p->j, &p->data[0].c.id, auray), ES_OK); /* gone already */
}

/* --- proofs, branches --- */

struct proofs {
	uint64_t seq[4];
	char text[4][16];
	unsigned count;
};

static bool note_proof(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct proofs *l = ctx;

	(void)log;
	l->seq[l->count] = seq;
	memcpy(l->text[l->count], proof.p, proof.len);
	l->text[l->count++][proof.len] = 0;
	return true;
}

static void of_a_log_s_proofs_the_earliest_is_kept(void **state)
{
	struct place *p = *state;
	struct id16 a = salt_of(1), b = salt_of(2);
	struct proofs l = {.count = 0};

	assert_int_equal(journal_proof_put(p->j, &a, 5, slice_str("cinq")), ES_OK);
	assert_int_equal(journal_proof_put(p->j, &a, 7, slice_str("sept")), ES_EXISTS);
	assert_int_equal(journal_proof_put(p->j, &a, 3, slice_str("trois")), ES_OK);
	assert_int_equal(journal_proof_put(p->j, &a, 3, slice_str("autre")), ES_EXISTS);
	assert_int_equal(journal_proof_put(p->j, &b, 9, slice_str("neuf")), ES_OK);
	open_again(p);
	assert_int_equal(journal_proof_each(p->j, note_proof, &l), ES_OK);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.seq[0], 3);
	assert_string_equal(l.text[0], "trois");
	assert_int_equal(l.seq[1], 9);
}

static bool count_branch(void *ctx, uint64_t seq, const struct hash *id)
{
	assert_int_equal(seq, id->bytes[0]);
	++*(int *)ctx;
	return true;
}

static void branches_are_listed_until_cleared(void **state)
{
	struct place *p = *state;
	struct hash id = {{4}}, other = {{4, 1}};
	int n = 0;

	assert_int_equal(journal_branch_put(p->j, 4, &id), ES_OK);
	assert_int_equal(journal_branch_put(p->j, 4, &id), ES_OK);
	assert_int_equal(journal_branch_put(p->j, 4, &other), ES_OK);
	open_again(p);
	assert_int_equal(journal_branch_each(p->j, count_branch, &n), ES_OK);
	assert_int_equal(n, 2);
	assert_int_equal(journal_branch_clear(p->j), ES_OK);
	n = 0;
	assert_int_equal(journal_branch_each(p->j, count_branch, &n), ES_OK);
	assert_int_equal(n, 0);
}

/* --- requests --- */

static struct ask asked(const struct place *p, uint64_t seq)
{
	return (struct ask){.at = {.log = salt_of(1), .seq = seq, .index = 2}, .op = OP_STEWARD, .record = record(p, AURAY, 1),
			    .kind = 1, .from = salt_of(20), .to = salt_of(21)};
}

static bool count_ask(void *ctx, const struct ask *a)
{
	assert_true(a->state <= ASK_ACCEPTED);
	++*(int *)ctx;
	return true;
}

static int open_asks(struct place *p)
{
	int n = 0;

	assert_int_equal(journal_ask_each(p->j, count_ask, &n), ES_OK);
	return n;
}

static void a_request_is_kept_whole_and_found_by_place_and_number(void **state)
{
	struct place *p = *state;
	struct ask a = asked(p, 5), out, again;

	assert_false(journal_ask_at(p->j, &a.at, &out));
	assert_int_equal(journal_ask_put(p->j, &a), ES_OK);
	assert_int_equal(journal_ask_put(p->j, &a), ES_OK);
	open_again(p);
	assert_true(journal_ask_at(p->j, &a.at, &out));
	assert_true(out.no > 0);
	assert_int_equal(out.op, OP_STEWARD);
	assert_int_equal(out.kind, 1);
	assert_int_equal(out.state, ASK_OPEN);
	assert_place(&out.at, &a.at);
	assert_memory_equal(out.record.bytes, a.record.bytes, 32);
	assert_memory_equal(out.from.bytes, a.from.bytes, 16);
	assert_memory_equal(out.to.bytes, a.to.bytes, 16);
	assert_true(journal_ask_no(p->j, out.no, &again));
	assert_place(&again.at, &a.at);
	assert_false(journal_ask_no(p->j, out.no + 1, &again));
	assert_int_equal(open_asks(p), 1);
}

static void a_state_goes_on_and_done_ones_are_listed_no_more(void **state)
{
	struct place *p = *state;
	struct ask a = asked(p, 5), out;

	assert_int_equal(journal_ask_put(p->j, &a), ES_OK);
	assert_true(journal_ask_at(p->j, &a.at, &out));
	out.state = ASK_ACCEPTED;
	out.answer = (struct position3){.log = salt_of(9), .seq = 3, .index = 1};
	assert_int_equal(journal_ask_state(p->j, &out), ES_OK);
	assert_int_equal(open_asks(p), 1);
	assert_true(journal_ask_at(p->j, &a.at, &out));
	assert_int_equal(out.answer.seq, 3);
	assert_int_equal(out.answer.index, 1);
	assert_memory_equal(out.answer.log.bytes, salt_of(9).bytes, 16);
	assert_int_equal(journal_ask_put(p->j, &a), ES_OK); /* the commit came again */
	assert_true(journal_ask_at(p->j, &a.at, &out));
	assert_int_equal(out.state, ASK_ACCEPTED);
	out.state = ASK_DONE;
	assert_int_equal(journal_ask_state(p->j, &out), ES_OK);
	assert_int_equal(open_asks(p), 0);
}

struct replies {
	struct reply r[4];
	unsigned count, stop;
};

static bool note_reply(void *ctx, const struct reply *r)
{
	struct replies *l = ctx;

	l->r[l->count++] = *r;
	return l->count != l->stop;
}

static struct reply replied(const struct place *p, unsigned hub, uint64_t seq, bool accepted)
{
	return (struct reply){.to = asked(p, 5).at, .at = {.log = salt_of(hub), .seq = seq, .index = 1}, .hub = salt_of(hub),
			      .accepted = accepted};
}

static void answers_are_kept_whether_or_not_there_is_what_they_answer(void **state)
{
	struct place *p = *state;
	struct reply a = replied(p, 9, 3, true), b = replied(p, 9, 4, false), c = replied(p, 8, 7, true);
	struct replies l = {.count = 0};
	struct position3 other = asked(p, 6).at;

	assert_int_equal(journal_answer_put(p->j, &a), ES_OK);
	assert_int_equal(journal_answer_put(p->j, &a), ES_OK);
	assert_int_equal(journal_answer_put(p->j, &b), ES_OK);
	assert_int_equal(journal_answer_put(p->j, &c), ES_OK);
	open_again(p);
	assert_int_equal(journal_answer_each(p->j, &a.to, note_reply, &l), ES_OK);
	assert_int_equal(l.count, 3);
	assert_place(&l.r[0].at, &c.at); /* in order of place, the same everywhere */
	assert_place(&l.r[1].at, &a.at);
	assert_memory_equal(&l.r[1].to, &a.to, sizeof a.to);
	assert_memory_equal(l.r[1].hub.bytes, a.hub.bytes, 16);
	assert_true(l.r[1].accepted);
	assert_false(l.r[2].accepted);
	l = (struct replies){.stop = 1};
	assert_int_equal(journal_answer_each(p->j, &a.to, note_reply, &l), ES_OK);
	assert_int_equal(l.count, 1);
	l.count = 0;
	assert_int_equal(journal_answer_each(p->j, &other, note_reply, &l), ES_OK);
	assert_int_equal(l.count, 0);
}

static void a_cut_takes_answers_away(void **state)
{
	struct place *p = *state;
	struct reply a = replied(p, 9, 3, true), b = replied(p, 9, 4, false), c = replied(p, 8, 7, true);
	struct replies l = {.count = 0};

	assert_int_equal(journal_answer_put(p->j, &a), ES_OK);
	assert_int_equal(journal_answer_put(p->j, &b), ES_OK);
	assert_int_equal(journal_answer_put(p->j, &c), ES_OK);
	assert_int_equal(journal_ask_cut(p->j, &a.at.log, 3), ES_OK);
	assert_int_equal(journal_answer_each(p->j, &a.to, note_reply, &l), ES_OK);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.r[1].at.seq, 3);
}

/* --- holes that no entry lists --- */

static void holes_wait_until_they_are_listed(void **state)
{
	struct place *p = *state;
	struct position3 a = {.log = salt_of(1), .seq = 5, .index = 2}, b = {.log = salt_of(1), .seq = 6}, at;
	struct record_id id = record(p, AURAY, 1), got;
	unsigned kind = 0;

	assert_false(journal_hole(p->j, 0, &at, &got, &kind));
	assert_int_equal(journal_hole_put(p->j, &b, &id, 3), ES_OK);
	assert_int_equal(journal_hole_put(p->j, &a, &id, 2), ES_OK);
	assert_int_equal(journal_hole_put(p->j, &a, &id, 2), ES_OK);
	open_again(p);
	assert_true(journal_hole(p->j, 0, &at, &got, &kind));
	assert_place(&at, &a);
	assert_memory_equal(got.bytes, id.bytes, 32);
	assert_int_equal(kind, 2);
	assert_true(journal_hole(p->j, 1, &at, &got, &kind));
	assert_place(&at, &b);
	assert_false(journal_hole(p->j, 2, &at, &got, &kind));
	assert_int_equal(journal_hole_listed(p->j, &a), ES_OK);
	assert_true(journal_hole(p->j, 0, &at, &got, &kind));
	assert_int_equal(at.seq, 6);
	assert_int_equal(kind, 3);
	assert_int_equal(journal_hole_listed(p->j, &b), ES_OK);
	assert_false(journal_hole(p->j, 0, &at, &got, &kind));
}

static void a_cut_takes_requests_away_and_opens_answers_again(void **state)
{
	struct place *p = *state;
	struct ask a = asked(p, 5), b = asked(p, 6), out;
	struct id16 log = salt_of(1), answers = salt_of(9);

	assert_int_equal(journal_ask_put(p->j, &a), ES_OK);
	assert_int_equal(journal_ask_put(p->j, &b), ES_OK);
	assert_true(journal_ask_at(p->j, &a.at, &out));
	out.state = ASK_REFUSED;
	out.answer = (struct position3){.log = answers, .seq = 3};
	assert_int_equal(journal_ask_state(p->j, &out), ES_OK);
	assert_int_equal(open_asks(p), 1);
	assert_int_equal(journal_ask_cut(p->j, &answers, 3), ES_OK); /* at it: it counts */
	assert_int_equal(open_asks(p), 1);
	assert_int_equal(journal_ask_cut(p->j, &answers, 2), ES_OK);
	assert_true(journal_ask_at(p->j, &a.at, &out));
	assert_int_equal(out.state, ASK_OPEN);
	assert_int_equal(out.answer.seq, 0);
	assert_int_equal(open_asks(p), 2);
	assert_int_equal(journal_ask_cut(p->j, &log, 5), ES_OK);
	assert_false(journal_ask_at(p->j, &b.at, &out));
	assert_true(journal_ask_at(p->j, &a.at, &out));
}

/* --- receipts, charters, sizes --- */

static void receipts_and_acceptances_are_kept(void **state)
{
	struct place *p = *state;
	struct id16 a = salt_of(1), b = salt_of(2);
	struct hash one = {{1}}, two = {{2}};

	assert_int_equal(journal_receipt_put(p->j, 7, 2, &a), ES_OK);
	assert_int_equal(journal_receipt_put(p->j, 7, 2, &a), ES_OK);
	assert_int_equal(journal_charter_put(p->j, &a, &one), ES_OK);
	assert_int_equal(journal_charter_put(p->j, &a, &one), ES_OK);
	open_again(p);
	assert_true(journal_receipt(p->j, 7, 2, &a));
	assert_false(journal_receipt(p->j, 7, 2, &b));
	assert_false(journal_receipt(p->j, 7, 1, &a));
	assert_false(journal_receipt(p->j, 8, 2, &a));
	assert_true(journal_charter(p->j, &a, &one));
	assert_false(journal_charter(p->j, &a, &two));
	assert_false(journal_charter(p->j, &b, &one));
}

static void bytes_are_counted_by_hub(void **state)
{
	struct place *p = *state;
	struct erasing e = {.frontier = &p->f, .record = record(p, AURAY, 1), .kind = 1, .upto = EARLY};

	assert_int_equal(journal_bytes_of(p->j, &p->f, &p->fed.keys[AURAY].hub), 0);
	put(p, DATA, 1, EARLY, "Un");
	int64_t one = journal_bytes_of(p->j, &p->f, &p->fed.keys[AURAY].hub);
	assert_true(one > 40);
	put(p, FEDERATION, 2, EARLY, "Deux");
	assert_int_equal(journal_bytes_of(p->j, &p->f, &p->fed.keys[AURAY].hub), 2 * one + 2);
	put(p, OTHER, 1, EARLY, "Un");
	assert_int_equal(journal_bytes_of(p->j, &p->f, &p->fed.keys[AURAY].hub), 2 * one + 2);
	assert_int_equal(journal_bytes_of(p->j, &p->f, &p->fed.keys[CRESS].hub), one);
	assert_int_equal(journal_erase(p->j, &e), ES_OK);
	assert_int_equal(journal_bytes_of(p->j, &p->f, &p->fed.keys[AURAY].hub), one + 2);
}

/* --- files of before --- */

static void as_version_1(struct place *p)
{
	tamper(p, "DROP TABLE copie; DROP TABLE trou; DROP TABLE reponse; DROP TABLE du; DROP TABLE hors_coupe; DROP TABLE preuve; DROP TABLE branche;"
				  "DROP TABLE requete; DROP TABLE recu; DROP TABLE refonte; DROP TABLE charte;"
				  "ALTER TABLE demande DROP COLUMN remplace; ALTER TABLE demande DROP COLUMN rotation;"
				  "PRAGMA user_version=1;");
}

static void a_journal_of_version_1_is_carried_on(void **state)
{
	struct place *p = *state;

	append_all(p);
	as_version_1(p);
	assert_int_equal(p->f.heads[DATA].seq, COMMITS);
	assert_int_equal(journal_void_count(p->j), 0);
	assert_int_equal(journal_last_refold(p->j), 0);
	open_again(p);
}

static void a_journal_of_a_later_version_is_refused(void **state)
{
	struct place *p = *state;
	struct journal *other = NULL;
	sqlite3 *db;

	journal_close(p->j);
	p->j = NULL;
	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=3", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(journal_open(p->path, false, &other), ES_VERSION);
	assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commits_beyond_a_cut_go_in_order_and_whole),
		TEST(a_new_commit_does_not_take_a_dropped_one_s_place_in_the_order_of_arrival),
		TEST(nothing_is_dropped_when_the_receiver_refuses),
		TEST(salts_are_found_in_own_logs_and_in_the_outbox),
		TEST(an_outbox_row_is_removed_by_its_salt),
		TEST(a_record_is_told_again_behind_a_reset),
		TEST(what_is_new_comes_before_what_is_told_again),
		TEST(what_was_dropped_is_told_no_more),
		TEST(all_or_too_many_records_are_everything_anew),
		TEST(refolds_that_are_done_are_forgotten_and_their_numbers_are_not),
		TEST(what_is_void_or_blocked_is_not_told),
		TEST(a_damaged_commit_is_not_told_again_either),
		TEST(the_newest_instance_is_current_and_the_others_fenced),
		TEST(what_is_due_is_kept_by_hub),
		TEST(void_commits_wait_for_their_author_and_for_home),
		TEST(of_a_log_s_proofs_the_earliest_is_kept),
		TEST(branches_are_listed_until_cleared),
		TEST(a_request_is_kept_whole_and_found_by_place_and_number),
		TEST(a_state_goes_on_and_done_ones_are_listed_no_more),
		TEST(answers_are_kept_whether_or_not_there_is_what_they_answer),
		TEST(a_cut_takes_answers_away),
		TEST(holes_wait_until_they_are_listed),
		TEST(a_cut_takes_requests_away_and_opens_answers_again),
		TEST(receipts_and_acceptances_are_kept),
		TEST(bytes_are_counted_by_hub),
		TEST(a_journal_of_version_1_is_carried_on),
		TEST(a_journal_of_a_later_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
