/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "common/rng.h"
#include "proto/canon.h"
#include "proto/fold.h"

#define STATE_BYTES (1u << 20)
#define A 10
#define B 11

/* A change and the memory of its fields. */
struct made {
	struct fold_change c;
	uint8_t bytes[256];
	struct buf fields;
};

static void made_start(struct made *m, enum scope scope, es_stamp edited, uint8_t commit, unsigned index, uint32_t fields)
{
	memset(m, 0, sizeof(*m));
	m->c.scope = scope;
	m->c.edited = edited;
	m->c.index = index;
	memset(m->c.commit.bytes, commit, sizeof(m->c.commit.bytes));
	m->c.salt.bytes[0] = commit;
	m->c.salt.bytes[1] = (uint8_t)index;
	buf_init_fixed(&m->fields, m->bytes, sizeof(m->bytes));
	canon_map(&m->fields, fields);
}

static void made_text(struct made *m, unsigned no, const char *text)
{
	canon_u64(&m->fields, no);
	if (text == NULL)
		canon_nil(&m->fields);
	else
		canon_str(&m->fields, slice_str(text));
	m->c.fields = buf_slice(&m->fields);
}

/* One field: a NULL text is nil. */
static struct made *one(struct made *m, enum scope scope, es_stamp edited, uint8_t commit, unsigned no, const char *text)
{
	made_start(m, scope, edited, commit, 0, 1);
	made_text(m, no, text);
	return m;
}

static struct made *pending(struct made *m)
{
	m->c.pending = true;
	return m;
}

static void apply(struct buf *state, const struct made *m)
{
	struct buf next;

	buf_init(&next, STATE_BYTES);
	assert_int_equal(fold_apply(buf_slice(state), &m->c, &next), ES_OK);
	assert_int_equal(canon_check(buf_slice(&next)), ES_OK);
	buf_done(state);
	*state = next;
}

static void assert_text(struct fold_value v, const char *text)
{
	struct canon_reader r;

	canon_read_init(&r, v.value);
	if (text == NULL) {
		assert_int_equal(canon_peek(&r), CANON_NIL);
		return;
	}
	assert_true(slice_eq(canon_read_str(&r, 200), slice_str(text)));
}

static void assert_shows(const struct buf *state, unsigned no, const char *text)
{
	assert_text(fold_shown(buf_slice(state), no), text);
}

static void a_first_change_is_shown_with_its_scope_and_stamp(void **unused)
{
	struct buf s = {0};
	struct made m;
	struct fold_value v;

	(void)unused;
	apply(&s, one(&m, SCOPE_FEDERATION, 50, 1, A, "un"));
	v = fold_shown(buf_slice(&s), A);
	assert_text(v, "un");
	assert_int_equal(v.scope, SCOPE_FEDERATION);
	assert_int_equal(v.edited, 50);
	assert_false(v.pending);
	assert_int_equal(fold_shown(buf_slice(&s), B).value.len, 0);
	assert_int_equal(fold_latest(buf_slice(&s)), 50);
	buf_done(&s);
}

static void the_greater_stamp_stands_in_either_order(void **unused)
{
	struct buf s = {0}, t = {0};
	struct made old, new;

	(void)unused;
	one(&old, SCOPE_PUBLIC, 50, 9, A, "vieux");
	one(&new, SCOPE_PUBLIC, 60, 1, A, "neuf");
	apply(&s, &old);
	apply(&s, &new);
	apply(&t, &new);
	apply(&t, &old);
	assert_shows(&s, A, "neuf");
	assert_true(slice_eq(buf_slice(&s), buf_slice(&t)));
	buf_done(&s);
	buf_done(&t);
}

static void equal_stamps_go_to_the_greater_commit_then_index(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	apply(&s, one(&m, SCOPE_PUBLIC, 50, 2, A, "deux"));
	apply(&s, one(&m, SCOPE_PUBLIC, 50, 1, A, "un"));
	assert_shows(&s, A, "deux");
	made_start(&m, SCOPE_PUBLIC, 50, 2, 7, 1);
	made_text(&m, A, "deux, plus loin");
	apply(&s, &m);
	assert_shows(&s, A, "deux, plus loin");
	buf_done(&s);
}

static void a_nil_is_a_value_like_another(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	apply(&s, one(&m, SCOPE_PUBLIC, 50, 1, A, "un"));
	apply(&s, one(&m, SCOPE_PUBLIC, 60, 2, A, NULL));
	apply(&s, one(&m, SCOPE_PUBLIC, 55, 3, A, "trois"));
	assert_shows(&s, A, NULL);
	assert_false(fold_sealed_in_scope(buf_slice(&s), A, SCOPE_PUBLIC));
	apply(&s, one(&m, SCOPE_PUBLIC, 70, 4, A, "quatre"));
	assert_shows(&s, A, "quatre");
	assert_true(fold_sealed_in_scope(buf_slice(&s), A, SCOPE_PUBLIC));
	assert_false(fold_sealed_in_scope(buf_slice(&s), A, SCOPE_LOCAL));
	buf_done(&s);
}

static void a_group_that_lost_all_its_fields_vanishes(void **unused)
{
	struct buf s = {0}, t = {0};
	struct made m;

	(void)unused;
	made_start(&m, SCOPE_PUBLIC, 50, 1, 0, 2);
	made_text(&m, A, "a");
	made_text(&m, B, "b");
	apply(&s, &m);
	apply(&s, one(&m, SCOPE_PUBLIC, 60, 2, A, "aa"));
	assert_shows(&s, B, "b");
	apply(&s, one(&m, SCOPE_PUBLIC, 70, 3, B, "bb"));
	apply(&t, one(&m, SCOPE_PUBLIC, 60, 2, A, "aa"));
	apply(&t, one(&m, SCOPE_PUBLIC, 70, 3, B, "bb"));
	assert_true(slice_eq(buf_slice(&s), buf_slice(&t)));
	buf_done(&s);
	buf_done(&t);
}

static void the_same_change_twice_changes_nothing(void **unused)
{
	struct buf s = {0}, t = {0};
	struct made m, n;

	(void)unused;
	one(&m, SCOPE_PUBLIC, 50, 1, A, "un");
	one(&n, SCOPE_PUBLIC, 60, 2, B, "deux");
	apply(&s, &m);
	apply(&s, &n);
	apply(&t, &m);
	apply(&t, &n);
	apply(&t, &m);
	assert_true(slice_eq(buf_slice(&s), buf_slice(&t)));
	buf_done(&s);
	buf_done(&t);
}

static void across_scopes_the_greatest_stamp_is_shown(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	apply(&s, one(&m, SCOPE_LOCAL, 50, 1, A, "local"));
	apply(&s, one(&m, SCOPE_PUBLIC, 60, 2, A, "public"));
	assert_shows(&s, A, "public");
	assert_text(fold_in_scope(buf_slice(&s), A, SCOPE_LOCAL), "local");
	assert_text(fold_in_scope(buf_slice(&s), A, SCOPE_PUBLIC), "public");
	assert_int_equal(fold_in_scope(buf_slice(&s), A, SCOPE_CRESS).value.len, 0);
	buf_done(&s);
}

static void of_equal_stamps_the_narrower_scope_is_shown(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	apply(&s, one(&m, SCOPE_LOCAL, 50, 1, A, "gardé chez nous"));
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 50, 2, A, NULL)));
	assert_shows(&s, A, "gardé chez nous");
	buf_done(&s);
}

static void a_pending_edit_stands_over_the_journal_of_its_scope(void **unused)
{
	struct buf s = {0};
	struct made m;
	struct fold_value v;

	(void)unused;
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 50, 1, A, "en attente")));
	apply(&s, one(&m, SCOPE_PUBLIC, 60, 2, A, "scellé"));
	v = fold_shown(buf_slice(&s), A);
	assert_text(v, "en attente");
	assert_true(v.pending);
	assert_true(fold_in_scope(buf_slice(&s), A, SCOPE_PUBLIC).pending);
	assert_true(fold_sealed_in_scope(buf_slice(&s), A, SCOPE_PUBLIC));
	buf_done(&s);
}

static void the_sealed_change_with_its_salt_replaces_the_pending_one(void **unused)
{
	struct buf s = {0}, t = {0};
	struct made waiting, sealed, other;

	(void)unused;
	pending(one(&waiting, SCOPE_PUBLIC, 50, 1, A, "valeur"));
	/* Sealing may lower `edited`; the salt is what tells. */
	one(&sealed, SCOPE_PUBLIC, 45, 8, A, "valeur");
	sealed.c.salt = waiting.c.salt;
	one(&other, SCOPE_PUBLIC, 40, 3, A, "autre");
	apply(&s, &waiting);
	apply(&s, &other);
	apply(&s, &sealed);
	apply(&t, &other);
	apply(&t, &sealed);
	assert_false(fold_shown(buf_slice(&s), A).pending);
	assert_true(slice_eq(buf_slice(&s), buf_slice(&t)));
	buf_done(&s);
	buf_done(&t);
}

static void a_pending_edit_replaces_the_one_of_same_scope_and_stamp(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 50, 1, A, "premier")));
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 50, 2, B, "second")));
	assert_int_equal(fold_shown(buf_slice(&s), A).value.len, 0);
	assert_shows(&s, B, "second");
	apply(&s, pending(one(&m, SCOPE_LOCAL, 50, 3, A, "troisième")));
	assert_shows(&s, B, "second");
	assert_shows(&s, A, "troisième");
	buf_done(&s);
}

static void a_pending_edit_comes_back_lowered_under_its_salt(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 50, 1, A, "valeur")));
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 40, 1, A, "valeur")));
	assert_int_equal(fold_latest(buf_slice(&s)), 40);
	buf_done(&s);
}

static void put_deleted(struct buf *s, es_stamp edited, bool deleted)
{
	struct made m;

	made_start(&m, SCOPE_PUBLIC, edited, (uint8_t)edited, 0, 1);
	canon_u64(&m.fields, FIELD_DELETED);
	canon_bool(&m.fields, deleted);
	m.c.fields = buf_slice(&m.fields);
	apply(s, &m);
}

static void a_deletion_is_undone_by_a_later_false(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	apply(&s, one(&m, SCOPE_PUBLIC, 10, 1, A, "un"));
	assert_false(fold_deleted(buf_slice(&s)));
	put_deleted(&s, 20, true);
	assert_true(fold_deleted(buf_slice(&s)));
	assert_shows(&s, A, "un");
	put_deleted(&s, 30, false);
	assert_false(fold_deleted(buf_slice(&s)));
	put_deleted(&s, 25, true);
	assert_false(fold_deleted(buf_slice(&s)));
	buf_done(&s);
}

static void the_hash_sees_only_the_sealed_groups_of_its_scope(void **unused)
{
	struct record_id id = {{1}}, other = {{2}};
	struct buf s = {0};
	struct hash before, after;
	struct made m;

	(void)unused;
	assert_false(fold_hash(SLICE_NONE, &id, 1, SCOPE_PUBLIC, &before));
	apply(&s, one(&m, SCOPE_PUBLIC, 10, 1, A, "un"));
	assert_false(fold_hash(buf_slice(&s), &id, 1, SCOPE_LOCAL, &before));
	assert_true(fold_hash(buf_slice(&s), &id, 1, SCOPE_PUBLIC, &before));
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 20, 2, A, "deux")));
	apply(&s, one(&m, SCOPE_LOCAL, 30, 3, A, "trois"));
	assert_true(fold_hash(buf_slice(&s), &id, 1, SCOPE_PUBLIC, &after));
	assert_true(hash_eq(&before, &after));
	assert_true(fold_hash(buf_slice(&s), &id, 2, SCOPE_PUBLIC, &after));
	assert_false(hash_eq(&before, &after));
	assert_true(fold_hash(buf_slice(&s), &other, 1, SCOPE_PUBLIC, &after));
	assert_false(hash_eq(&before, &after));
	apply(&s, one(&m, SCOPE_PUBLIC, 40, 4, A, "un"));
	assert_true(fold_hash(buf_slice(&s), &id, 1, SCOPE_PUBLIC, &after));
	assert_false(hash_eq(&before, &after));
	buf_done(&s);
}

struct seen {
	unsigned count, last;
	bool ascending;
	const struct buf *state;
};

static void see(void *ctx, unsigned no, const struct fold_value *v)
{
	struct seen *seen = ctx;
	struct fold_value shown = fold_shown(buf_slice(seen->state), no);

	if (seen->count > 0 && no <= seen->last)
		seen->ascending = false;
	seen->count++;
	seen->last = no;
	assert_true(slice_eq(v->value, shown.value));
	assert_int_equal(v->scope, shown.scope);
	assert_int_equal(v->edited, shown.edited);
	assert_int_equal(v->pending, shown.pending);
}

static unsigned see_all(const struct buf *state)
{
	struct seen seen = {.ascending = true, .state = state};

	fold_each(buf_slice(state), see, &seen);
	assert_true(seen.ascending);
	return seen.count;
}

static void every_field_is_given_once_ascending_as_it_is_shown(void **unused)
{
	static const unsigned numbers[] = {0, 5, 127, 128, 129, 300, 4000, 65535};
	struct buf s = {0};
	struct made m;

	(void)unused;
	assert_int_equal(see_all(&s), 0);
	for (unsigned i = 0; i < 8; i++) {
		apply(&s, one(&m, SCOPE_PUBLIC, 10 + i, (uint8_t)i, numbers[i], "public"));
		assert_int_equal(see_all(&s), i + 1);
		apply(&s, one(&m, SCOPE_LOCAL, 5 + 2 * i, (uint8_t)(50 + i), numbers[i], "local"));
		apply(&s, pending(one(&m, SCOPE_FEDERATION, 12 + i, (uint8_t)(90 + i), numbers[i], "en attente")));
		assert_int_equal(see_all(&s), i + 1);
	}
	buf_done(&s);
}

static void random_change(struct rng *rng, struct made *m, unsigned i)
{
	bool named[4];
	uint32_t count = 0;

	for (unsigned f = 0; f < 4; f++)
		count += named[f] = rng_below(rng, 2);
	made_start(m, (enum scope)(SCOPE_PUBLIC + rng_below(rng, 4)), 1 + rng_below(rng, 4), (uint8_t)(1 + rng_below(rng, 3)), i,
		   count);
	for (unsigned f = 0; f < 4; f++) {
		char text[2] = {(char)('a' + i), '\0'};

		if (named[f])
			made_text(m, f == 0 ? FIELD_DELETED : A + f, rng_below(rng, 5) == 0 ? NULL : text);
	}
	m->c.fields = buf_slice(&m->fields);
}

static bool next_order(unsigned *order, unsigned n)
{
	unsigned i = n - 1, j = n - 1, swap;

	while (i > 0 && order[i - 1] > order[i])
		i--;
	if (i == 0)
		return false;
	while (order[j] < order[i - 1])
		j--;
	swap = order[i - 1];
	order[i - 1] = order[j];
	order[j] = swap;
	for (j = n - 1; i < j; i++, j--) {
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
	return true;
}

#define SET 5

/* Applies a set of changes in every order; the states must be one. */
static void check_every_order(const struct made *set, unsigned n)
{
	unsigned order[SET];
	struct buf first = {0};

	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	do {
		struct buf s = {0};

		for (unsigned i = 0; i < n; i++)
			apply(&s, &set[order[i]]);
		if (first.len == 0) {
			first = s;
			continue;
		}
		assert_true(slice_eq(buf_slice(&first), buf_slice(&s)));
		buf_done(&s);
	} while (next_order(order, n));
	see_all(&first);
	buf_done(&first);
}

static void every_order_of_arrival_gives_the_same_state(void **unused)
{
	struct made set[SET];
	struct rng rng;

	(void)unused;
	rng_seed_number(&rng, 42);
	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < SET; i++)
			random_change(&rng, &set[i], i);
		check_every_order(set, SET);
	}
}

static void many_groups_fold_as_few_do(void **unused)
{
	struct buf up = {0}, down = {0};
	struct made m;

	(void)unused;
	for (unsigned i = 0; i < 60; i++)
		apply(&up, one(&m, SCOPE_PUBLIC, 10 + i, (uint8_t)i, A + i, "x"));
	for (unsigned i = 60; i-- > 0;)
		apply(&down, one(&m, SCOPE_PUBLIC, 10 + i, (uint8_t)i, A + i, "x"));
	assert_int_equal(see_all(&up), 60);
	assert_true(slice_eq(buf_slice(&up), buf_slice(&down)));
	buf_done(&up);
	buf_done(&down);
}

static void a_change_without_fields_leaves_an_empty_state(void **unused)
{
	struct buf s = {0};
	struct made m;

	(void)unused;
	made_start(&m, SCOPE_PUBLIC, 10, 1, 0, 0);
	m.c.fields = buf_slice(&m.fields);
	apply(&s, &m);
	assert_int_equal(s.len, 1);
	assert_int_equal(see_all(&s), 0);
	apply(&s, one(&m, SCOPE_PUBLIC, 20, 2, A, "un"));
	assert_shows(&s, A, "un");
	buf_done(&s);
}

static void a_damaged_state_is_named_and_shows_nothing(void **unused)
{
	static const char *const damaged[] = {"\x91", "\x91\x90", "\xa1x", "\x91\x96\x09\x0a\xc0", "\x9f\x90\x90\x90", "\x90\x90"};
	struct made m;
	struct buf out;

	(void)unused;
	one(&m, SCOPE_PUBLIC, 10, 1, A, "un");
	buf_init(&out, STATE_BYTES);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		struct slice state = slice_str(damaged[i]);

		assert_int_equal(fold_apply(state, &m.c, &out), ES_DAMAGED);
		assert_int_equal(fold_shown(state, A).value.len, 0);
		assert_int_equal(fold_latest(state), 0);
	}
	assert_int_equal(out.len, 0);
	buf_done(&out);
}

static void too_many_fields_are_refused(void **unused)
{
	struct buf fields, out;
	struct fold_change c = {.scope = SCOPE_PUBLIC, .edited = 1};

	(void)unused;
	buf_init(&fields, STATE_BYTES);
	buf_init(&out, STATE_BYTES);
	canon_map(&fields, CHANGE_FIELDS_MAX + 1);
	for (unsigned i = 0; i <= CHANGE_FIELDS_MAX; i++) {
		canon_u64(&fields, i);
		canon_nil(&fields);
	}
	c.fields = buf_slice(&fields);
	assert_int_equal(fold_apply(SLICE_NONE, &c, &out), ES_TOO_LARGE);
	assert_int_equal(fold_apply(SLICE("\x90", 1), &c, &out), ES_TOO_LARGE);
	buf_done(&fields);
	buf_done(&out);
}

static void the_newest_change_is_the_pending_one_and_never_a_local_one(void **unused)
{
	struct fold_change newest;
	struct buf s = {0};
	struct made m;

	(void)unused;
	assert_false(fold_newest(SLICE_NONE, &newest));
	apply(&s, one(&m, SCOPE_LOCAL, 90, 4, A, "ici"));
	assert_false(fold_newest(buf_slice(&s), &newest));
	apply(&s, one(&m, SCOPE_PUBLIC, 50, 9, A, "vieux"));
	apply(&s, one(&m, SCOPE_FEDERATION, 60, 2, B, "neuf"));
	assert_true(fold_newest(buf_slice(&s), &newest));
	assert_int_equal(newest.edited, 60);
	assert_int_equal(newest.scope, SCOPE_FEDERATION);
	assert_int_equal(newest.commit.bytes[0], m.c.commit.bytes[0]);
	apply(&s, pending(one(&m, SCOPE_PUBLIC, 55, 1, A, "attend")));
	assert_true(fold_newest(buf_slice(&s), &newest));
	assert_true(newest.pending);
	buf_done(&s);
}

static void a_state_beyond_the_buffer_is_too_large(void **unused)
{
	uint8_t memory[16];
	struct buf out;
	struct made m;

	(void)unused;
	one(&m, SCOPE_PUBLIC, 10, 1, A, "un");
	buf_init_fixed(&out, memory, sizeof(memory));
	assert_int_equal(fold_apply(SLICE_NONE, &m.c, &out), ES_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_change_is_shown_with_its_scope_and_stamp),
		cmocka_unit_test(the_greater_stamp_stands_in_either_order),
		cmocka_unit_test(equal_stamps_go_to_the_greater_commit_then_index),
		cmocka_unit_test(a_nil_is_a_value_like_another),
		cmocka_unit_test(a_group_that_lost_all_its_fields_vanishes),
		cmocka_unit_test(the_same_change_twice_changes_nothing),
		cmocka_unit_test(across_scopes_the_greatest_stamp_is_shown),
		cmocka_unit_test(of_equal_stamps_the_narrower_scope_is_shown),
		cmocka_unit_test(a_pending_edit_stands_over_the_journal_of_its_scope),
		cmocka_unit_test(the_sealed_change_with_its_salt_replaces_the_pending_one),
		cmocka_unit_test(a_pending_edit_replaces_the_one_of_same_scope_and_stamp),
		cmocka_unit_test(a_pending_edit_comes_back_lowered_under_its_salt),
		cmocka_unit_test(a_deletion_is_undone_by_a_later_false),
		cmocka_unit_test(the_hash_sees_only_the_sealed_groups_of_its_scope),
		cmocka_unit_test(every_field_is_given_once_ascending_as_it_is_shown),
		cmocka_unit_test(every_order_of_arrival_gives_the_same_state),
		cmocka_unit_test(many_groups_fold_as_few_do),
		cmocka_unit_test(a_change_without_fields_leaves_an_empty_state),
		cmocka_unit_test(a_damaged_state_is_named_and_shows_nothing),
		cmocka_unit_test(too_many_fields_are_refused),
		cmocka_unit_test(the_newest_change_is_the_pending_one_and_never_a_local_one),
		cmocka_unit_test(a_state_beyond_the_buffer_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
