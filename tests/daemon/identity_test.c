/* SPDX-License-Identifier: Apache-2.0
 *
 * Who stands for whom, as a function of what is said: every order of the records and of
 * what is said of them gives the same answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/identity.h"

#define KIN_MAX 4
#define SAID_MAX 4

/* A record: its letter is its uid, in order of age. */
struct record {
	char letter;
	const char *pole, *siret;
	bool at_home;
};
/* "ab": of these two; `named` a letter or 0. */
struct word {
	const char *pair, *pole, *le;
	enum saying_what what;
	char named;
};
struct story {
	const char *what;
	struct record records[KIN_MAX];
	struct word words[SAID_MAX];
	const char *absorbed[2]; /* "ab": a by b */
	const char *counted, *linked; /* for each record, in the order above, who stands for it */
};

#define S "33252821500020"
static const struct story stories[] = {
	{"the hub whose Pays it is goes before the older one", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}}, .counted = "bb", .linked = "ab"},
	{"else the older one", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, false}}, .counted = "aa", .linked = "ab"},
	{"both at home: the older one", {{'a', "pole-auray", S, true}, {'b', "pole-vitre", S, true}}, .counted = "aa", .linked = "ab"},
	{"another SIRET is another establishment", {{'a', "pole-auray", S, true}, {'b', "pole-vitre", "33252821500012", true}}, .counted = "ab", .linked = "ab"},
	{"no SIRET is no bond", {{'a', "pole-auray", "", true}, {'b', "pole-vitre", "", true}}, .counted = "ab", .linked = "ab"},
	{"one hub's word is not enough", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "pole-auray", "2026-11-01", SAYS_ACCEPTED, 0}}, .counted = "bb", .linked = "ab"},
	{"both accept", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "pole-auray", "2026-11-01", SAYS_ACCEPTED, 0}, {"ba", "pole-vitre", "2026-11-02", SAYS_ACCEPTED, 0}}, .counted = "bb", .linked = "bb"},
	{"a third hub's word counts for nothing", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "pole-auray", "2026-11-01", SAYS_ACCEPTED, 0}, {"ab", "pole-brest", "2026-11-02", SAYS_ACCEPTED, 0}}, .counted = "bb", .linked = "ab"},
	{"a hub's last word counts", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "pole-auray", "2026-11-01", SAYS_ACCEPTED, 0}, {"ab", "pole-vitre", "2026-11-02", SAYS_ACCEPTED, 0},
	  {"ab", "pole-vitre", "2026-11-03", SAYS_REFUSED, 0}}, .counted = "bb", .linked = "ab"},
	{"the CRESS decides against a hub", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "pole-auray", "2026-11-01", SAYS_REFUSED, 0}, {"ab", "cress-bretagne", "2026-12-02", SAYS_ACCEPTED, 0}}, .counted = "bb", .linked = "bb"},
	{"and names the other one", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "cress-bretagne", "2026-12-02", SAYS_ACCEPTED, 'a'}}, .counted = "aa", .linked = "aa"},
	{"a name in a mere proposal weighs nothing", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "cress-bretagne", "2026-12-02", SAYS_PROPOSED, 'a'}}, .counted = "bb", .linked = "ab"},
	{"ended by the CRESS: both count, whatever the hubs said", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "pole-auray", "2026-11-01", SAYS_ACCEPTED, 0}, {"ab", "pole-vitre", "2026-11-02", SAYS_ACCEPTED, 0},
	  {"ab", "cress-bretagne", "2026-11-03", SAYS_ANNULLED, 0}}, .counted = "ab", .linked = "ab"},
	{"the CRESS's own record: its proposal is its consent", {{'a', "cress-bretagne", S, false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "cress-bretagne", "2026-11-01", SAYS_PROPOSED, 0}, {"ab", "pole-vitre", "2026-11-02", SAYS_ACCEPTED, 0}}, .counted = "bb", .linked = "bb"},
	{"without a SIRET too", {{'a', "pole-auray", "", false}, {'b', "pole-vitre", S, true}},
	 {{"ab", "cress-bretagne", "2026-11-01", SAYS_ACCEPTED, 0}}, .counted = "bb", .linked = "bb"},
	{"three, two of them linked", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, false}, {'c', "pole-brest", S, true}},
	 {{"ab", "cress-bretagne", "2026-11-01", SAYS_ACCEPTED, 0}}, .counted = "ccc", .linked = "aac"},
	{"one parted from two that stay one", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", S, false}, {'c', "pole-brest", S, true}},
	 {{"ac", "cress-bretagne", "2026-11-01", SAYS_ANNULLED, 0}, {"bc", "cress-bretagne", "2026-11-01", SAYS_ANNULLED, 0}},
	 .counted = "aac", .linked = "abc"},
	{"absorbed, and absorbed again", {{'a', "pole-auray", S, true}, {'b', "pole-vitre", "", true}, {'c', "pole-brest", "", false}},
	 .absorbed = {"ab", "bc"}, .counted = "ccc", .linked = "abc"},
	{"each by the other: still one", {{'a', "pole-auray", S, false}, {'b', "pole-vitre", "", false}}, .absorbed = {"ab", "ba"}, .counted = "aa", .linked = "ab"},
};

static size_t place(const struct family *f, char letter)
{
	for (size_t i = 0; i < f->kin_count; i++)
		if (f->kin[i].uid[0] == letter)
			return i;
	return KIN_NONE;
}

/* The n-th order of the first `count` numbers. */
static void order(size_t n, size_t count, size_t *out)
{
	size_t left[KIN_MAX] = {0, 1, 2, 3};

	for (size_t i = 0; i < count; i++) {
		size_t at = n % (count - i);

		n /= count - i;
		out[i] = left[at];
		memmove(left + at, left + at + 1, (KIN_MAX - at - 1) * sizeof *left);
	}
}

static void tell(const struct story *s, size_t n)
{
	struct kin kin[KIN_MAX] = {0};
	struct saying said[SAID_MAX] = {0};
	struct bond bonds[2] = {0};
	struct family f = {.kin = kin, .sayings = said, .bonds = bonds};
	size_t at[KIN_MAX], words = 0, to[SAID_MAX];

	while (f.kin_count < KIN_MAX && s->records[f.kin_count].letter)
		f.kin_count++;
	while (words < SAID_MAX && s->words[words].pair)
		words++;
	order(n, f.kin_count, at);
	order(n, words, to);
	for (size_t i = 0; i < f.kin_count; i++) {
		const struct record *r = &s->records[at[i]];

		kin[i].uid[0] = r->letter;
		snprintf(kin[i].pole, sizeof kin[i].pole, "%s", r->pole);
		snprintf(kin[i].siret, sizeof kin[i].siret, "%s", r->siret);
		kin[i].at_home = r->at_home;
	}
	for (size_t i = 0; i < words; i++) {
		const struct word *w = &s->words[to[i]];

		said[i] = (struct saying){.a = place(&f, w->pair[0]), .b = place(&f, w->pair[1]), .what = w->what,
					  .named = w->named ? place(&f, w->named) : KIN_NONE};
		snprintf(said[i].pole, sizeof said[i].pole, "%s", w->pole);
		snprintf(said[i].le, sizeof said[i].le, "%s", w->le);
	}
	f.saying_count = words;
	for (size_t i = 0; i < 2 && s->absorbed[i]; i++)
		bonds[f.bond_count++] = (struct bond){place(&f, s->absorbed[i][0]), place(&f, s->absorbed[i][1])};
	assert_int_equal(family_settle(&f), ES_OK);
	for (size_t i = 0; i < f.kin_count; i++) {
		const struct kin *k = &kin[place(&f, s->records[i].letter)];

		if (kin[k->counted].uid[0] != s->counted[i] || kin[k->linked].uid[0] != s->linked[i])
			fail_msg("%s (order %zu): %c counts as %c, linked to %c", s->what, n, k->uid[0], kin[k->counted].uid[0],
				 kin[k->linked].uid[0]);
	}
}

static void who_stands_for_whom_in_any_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
		for (size_t n = 0; n < 24; n++)
			tell(&stories[i], n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_stands_for_whom_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
