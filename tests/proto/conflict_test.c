/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "proto/canon.h"
#include "proto/conflict.h"
#include "proto/fold.h"

#define SAID_MAX 6
#define P LOG_PENDING

/* Who said what of one field: the log, the stamp, the base, a word of one letter. */
struct word {
	uint32_t log;
	unsigned edited, base;
	const char *value;
};
struct row {
	const char *what;
	struct word said[SAID_MAX];
	const char *expected; /* stands<beaten, ... */
};

static const struct row rows[] = {
	{"one author", {{1, 5, 0, "a"}, {1, 9, 5, "b"}, {1, 12, 9, "c"}}, ""},
	{"the next generation saw it", {{1, 5, 0, "a"}, {2, 9, 5, "b"}}, ""},
	{"two editors from one base", {{1, 5, 0, "a"}, {1, 10, 5, "b"}, {2, 12, 5, "c"}}, "c<b "},
	{"the beaten one came from the newer log", {{1, 5, 0, "a"}, {2, 10, 5, "b"}, {1, 12, 5, "c"}}, "c<b "},
	{"the same value", {{1, 5, 0, "a"}, {1, 10, 5, "b"}, {2, 12, 5, "b"}}, ""},
	{"the same value, changed by who saw one of them",
	 {{1, 5, 0, "a"}, {1, 10, 5, "b"}, {2, 12, 5, "b"}, {2, 14, 12, "c"}}, ""},
	{"both from nothing", {{1, 10, 0, "b"}, {2, 12, 0, "c"}}, "c<b "},
	{"who goes on without having seen it hides nothing",
	 {{1, 5, 0, "a"}, {1, 10, 5, "b"}, {2, 12, 5, "c"}, {2, 13, 12, "d"}}, "d<b "},
	{"the last word of each", {{1, 5, 0, "a"}, {1, 10, 5, "b"}, {1, 11, 10, "c"}, {2, 12, 5, "d"}}, "d<c "},
	{"who saw both says it for each", {{1, 10, 5, "b"}, {2, 12, 5, "c"}, {2, 14, 10, "d"}, {2, 15, 12, "d"}}, ""},
	{"who saw both says it again", {{1, 10, 5, "b"}, {2, 12, 5, "c"}, {2, 14, 10, "c"}}, ""},
	{"a third that saw both", {{1, 10, 5, "b"}, {2, 12, 5, "c"}, {3, 14, 10, "d"}, {3, 15, 12, "d"}}, ""},
	{"three editors", {{1, 10, 5, "b"}, {2, 12, 5, "c"}, {3, 14, 5, "d"}}, "d<b d<c "},
	{"one of two decided", {{1, 10, 5, "b"}, {2, 12, 5, "c"}, {3, 14, 10, "d"}}, "d<c "},
	{"a nil is a value", {{1, 5, 0, "a"}, {1, 10, 5, "b"}, {2, 12, 5, ""}}, "<b "},
	{"a base that is not here came later", {{1, 10, 5, "b"}, {2, 14, 12, "c"}}, ""},
	{"a base that is not here came before", {{1, 10, 5, "b"}, {2, 14, 9, "c"}}, "c<b "},
	{"what waits stands", {{1, 20, 5, "b"}, {P, 12, 5, "c"}}, "c<b "},
	{"what waits has seen it", {{1, 10, 5, "b"}, {2, 12, 5, "c"}, {P, 14, 10, "c"}}, ""},
};

struct story {
	char text[64];
	size_t len;
};

static char letter(struct slice value)
{
	return (char)(value.len == 2 ? value.p[1] : 0);
}

static bool note(void *ctx, const struct said *stands, const struct said *other)
{
	struct story *s = ctx;
	const char all[] = {letter(stands->value), '<', letter(other->value), ' '};

	for (size_t i = 0; i < sizeof(all); i++)
		if (all[i] != 0)
			s->text[s->len++] = all[i];
	return true;
}

static size_t make(const struct row *row, struct said *list, uint8_t bytes[SAID_MAX][4])
{
	size_t n = 0;

	for (; n < SAID_MAX && row->said[n].edited != 0; n++) {
		const struct word *w = &row->said[n];
		struct buf b;

		buf_init_fixed(&b, bytes[n], 4);
		if (w->value[0] == 0)
			canon_nil(&b);
		else
			canon_str(&b, slice_str(w->value));
		list[n] = (struct said){.kind = 1, .field = 7, .scope = SCOPE_PUBLIC, .log = w->log, .edited = w->edited,
					.base = w->base, .value = buf_slice(&b)};
		list[n].commit.bytes[0] = (uint8_t)w->edited;
	}
	return n;
}

/* Every order of the first `n`, each list sorted and judged anew. */
static void permute(const struct row *row, struct said *list, size_t n, size_t at)
{
	for (size_t i = at; i < n; i++) {
		struct said swap = list[at], sorted[SAID_MAX];
		struct story s = {.len = 0};

		list[at] = list[i];
		list[i] = swap;
		permute(row, list, n, at + 1);
		memcpy(sorted, list, n * sizeof(*list));
		conflict_sort(sorted, n);
		conflict_each(sorted, n, note, &s);
		if (strcmp(s.text, row->expected) != 0)
			fail_msg("%s: '%s', not '%s'", row->what, s.text, row->expected);
		list[i] = list[at];
		list[at] = swap;
	}
}

static void what_is_in_conflict_does_not_depend_on_the_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct said list[SAID_MAX];
		uint8_t bytes[SAID_MAX][4];

		permute(&rows[i], list, make(&rows[i], list, bytes), 0);
	}
}

static void each_field_and_scope_is_judged_alone(void **state)
{
	static const struct row two = {.said = {{1, 10, 5, "b"}, {2, 12, 5, "c"}}};
	struct said list[8];
	uint8_t bytes[SAID_MAX][4];
	struct story s = {.len = 0};

	(void)state;
	for (size_t i = 0; i < 8; i += 2)
		assert_int_equal(make(&two, &list[i], bytes), 2);
	list[1].field = 8;
	list[3].scope = SCOPE_FEDERATION;
	list[5].kind = 2;
	list[7].record.bytes[31] = 1;
	for (size_t i = 0; i < 8; i++) /* the pairs are of four records */
		list[i].record.bytes[1] = (uint8_t)(i / 2);
	conflict_sort(list, 8);
	conflict_each(list, 8, note, &s);
	assert_string_equal(s.text, "");
}

/* The sieve: whatever order two to six changes of a field come in, a field where one
 * is in conflict at the end has met another on the way. */
static void count_meeting(void *ctx, unsigned field)
{
	assert_int_equal(field, 7);
	(*(int *)ctx)++;
}

static void sift(const struct row *row, const struct said *list, size_t n)
{
	uint8_t states[2][1024], map[8];
	struct buf old, new;
	int met = 0;

	buf_init_fixed(&old, states[0], sizeof(states[0]));
	for (size_t i = 0; i < n; i++) {
		struct fold_change c = {.scope = list[i].scope, .edited = list[i].edited, .commit = list[i].commit};
		struct buf fields;

		if (list[i].log == P)
			return;
		buf_init_fixed(&fields, map, sizeof(map));
		canon_map(&fields, 1);
		canon_u64(&fields, list[i].field);
		buf_add(&fields, list[i].value.p, list[i].value.len);
		c.fields = buf_slice(&fields);
		fold_meets(buf_slice(&old), &c, list[i].base, count_meeting, &met);
		buf_init_fixed(&new, states[1], sizeof(states[1]));
		assert_int_equal(fold_apply(buf_slice(&old), &c, &new), ES_OK);
		memcpy(states[0], states[1], new.len);
		old.len = new.len;
	}
	if (row->expected[0] != 0 && met == 0)
		fail_msg("%s: passed the sieve unnoticed", row->what);
}

static void sift_all(const struct row *row, struct said *list, size_t n, size_t at)
{
	if (at == n)
		sift(row, list, n);
	for (size_t i = at; i < n; i++) {
		struct said swap = list[at];

		list[at] = list[i];
		list[i] = swap;
		sift_all(row, list, n, at + 1);
		list[i] = list[at];
		list[at] = swap;
	}
}

static void no_conflict_passes_the_sieve(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct said list[SAID_MAX];
		uint8_t bytes[SAID_MAX][4];

		sift_all(&rows[i], list, make(&rows[i], list, bytes), 0);
	}
}

static void an_ordinary_edit_meets_nothing(void **state)
{
	uint8_t states[2][256];
	struct buf first, second;
	int met = 0;
	uint8_t a[] = {0x81, 7, 0xa1, 'a'}, b[] = {0x81, 7, 0xa1, 'b'};
	struct fold_change c = {.scope = SCOPE_PUBLIC, .edited = 5, .fields = SLICE(a, sizeof(a))};

	(void)state;
	buf_init_fixed(&first, states[0], sizeof(states[0]));
	buf_init_fixed(&second, states[1], sizeof(states[1]));
	assert_int_equal(fold_apply(SLICE_NONE, &c, &first), ES_OK);
	fold_meets(buf_slice(&first), &c, 0, count_meeting, &met); /* itself, told again */
	c = (struct fold_change){.scope = SCOPE_PUBLIC, .edited = 9, .commit = {{1}}, .fields = SLICE(b, sizeof(b))};
	fold_meets(buf_slice(&first), &c, 5, count_meeting, &met);
	c.scope = SCOPE_LOCAL;
	fold_meets(buf_slice(&first), &c, 0, count_meeting, &met);
	assert_int_equal(met, 0);
	c.scope = SCOPE_PUBLIC;
	fold_meets(buf_slice(&first), &c, 4, count_meeting, &met);
	assert_int_equal(met, 1);
	assert_int_equal(fold_apply(buf_slice(&first), &c, &second), ES_OK);
	c = (struct fold_change){.scope = SCOPE_PUBLIC, .edited = 5, .fields = SLICE(a, sizeof(a))};
	fold_meets(buf_slice(&second), &c, 4, count_meeting, &met); /* too late */
	assert_int_equal(met, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_conflict_does_not_depend_on_the_order),
		cmocka_unit_test(each_field_and_scope_is_judged_alone),
		cmocka_unit_test(no_conflict_passes_the_sieve),
		cmocka_unit_test(an_ordinary_edit_meets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
