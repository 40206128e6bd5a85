/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/directory/identity.h"

#include <stdlib.h>
#include <string.h>

/* --- what is said of two --- */

bool pole_is_cress(const char *pole)
{
	return strncmp(pole, "cress-", 6) == 0;
}

static bool is_later(const struct saying *a, const struct saying *b)
{
	int order = strcmp(a->le, b->le);

	return order != 0 ? order > 0 : strcmp(a->uid, b->uid) > 0;
}

const struct saying *family_word(const struct family *f, size_t a, size_t b, const char *pole)
{
	const struct saying *last = NULL;

	for (size_t i = 0; i < f->saying_count; i++) {
		const struct saying *s = &f->sayings[i];
		bool theirs = pole ? strcmp(s->pole, pole) == 0 : pole_is_cress(s->pole);

		if (theirs && ((s->a == a && s->b == b) || (s->a == b && s->b == a)) && (!last || is_later(s, last)))
			last = s;
	}
	return last;
}

/* A CRESS that proposes has answered for its own record. */
static bool consents(const struct family *f, size_t a, size_t b, const char *pole)
{
	const struct saying *s = family_word(f, a, b, pole);

	return s && (s->what == SAYS_ACCEPTED || (s->what == SAYS_PROPOSED && pole_is_cress(pole)));
}

enum pair_state family_pair(const struct family *f, size_t a, size_t b)
{
	const struct saying *decision = family_word(f, a, b, NULL);

	if (decision && decision->what == SAYS_ACCEPTED)
		return PAIR_LINKED;
	if (decision && decision->what != SAYS_PROPOSED)
		return PAIR_APART;
	if (consents(f, a, b, f->kin[a].pole) && consents(f, a, b, f->kin[b].pole))
		return PAIR_LINKED;
	return decision || family_word(f, a, b, f->kin[a].pole) || family_word(f, a, b, f->kin[b].pole) ? PAIR_PROPOSED
													 : PAIR_UNSAID;
}

/* --- who stands for whom --- */

/* Sets of kin, each by its least index. */
static size_t root(const size_t *set, size_t i)
{
	while (set[i] != i)
		i = set[i];
	return i;
}

static void unite(size_t *set, size_t a, size_t b)
{
	size_t x = root(set, a), y = root(set, b);

	set[x > y ? x : y] = x > y ? y : x;
}

static bool goes_before(const struct kin *a, const struct kin *b)
{
	int order;

	if (a->absorbed != b->absorbed)
		return b->absorbed;
	if (a->named != b->named)
		return a->named;
	if (a->at_home != b->at_home)
		return a->at_home;
	order = strcmp(a->uid, b->uid);
	return order != 0 ? order < 0 : memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes) < 0;
}

static void read_sayings(struct family *f, size_t *counted, size_t *linked, bool *parted)
{
	for (size_t i = 0; i < f->saying_count; i++) {
		const struct saying *s = &f->sayings[i], *word;

		switch (family_pair(f, s->a, s->b)) {
		case PAIR_LINKED:
			unite(counted, s->a, s->b);
			unite(linked, s->a, s->b);
			word = family_word(f, s->a, s->b, NULL);
			if (word && word->named != KIN_NONE)
				f->kin[word->named].named = true;
			break;
		case PAIR_APART:
			*parted = true;
			break;
		case PAIR_UNSAID:
		case PAIR_PROPOSED:
			break;
		}
	}
}

static bool same_siret(const struct kin *a, const struct kin *b)
{
	return a->siret[0] && strcmp(a->siret, b->siret) == 0;
}

/* Pair by pair only where the CRESS has parted some: a hub may hold one SIRET often. */
static void read_sirets(const struct family *f, size_t *counted, bool parted)
{
	for (size_t a = 0; a < f->kin_count; a++)
		for (size_t b = a + 1; b < f->kin_count; b++) {
			if (!same_siret(&f->kin[a], &f->kin[b]) || (parted && family_pair(f, a, b) == PAIR_APART))
				continue;
			unite(counted, a, b);
			if (!parted)
				break; /* b ties to the next one */
		}
}

static void choose(struct family *f, size_t *counted, size_t *linked)
{
	for (size_t i = 0; i < f->kin_count; i++)
		f->kin[i].counted = f->kin[i].linked = i;
	for (size_t i = 0; i < f->kin_count; i++) { /* the least index of a set holds its best */
		struct kin *c = &f->kin[root(counted, i)], *l = &f->kin[root(linked, i)];

		if (goes_before(&f->kin[i], &f->kin[c->counted]))
			c->counted = i;
		if (goes_before(&f->kin[i], &f->kin[l->linked]))
			l->linked = i;
	}
	for (size_t i = f->kin_count; i-- > 0;) {
		f->kin[i].counted = f->kin[root(counted, i)].counted;
		f->kin[i].linked = f->kin[root(linked, i)].linked;
	}
}

enum es_err family_settle(struct family *f)
{
	size_t *counted = calloc(2 * f->kin_count + 1, sizeof *counted), *linked = counted + f->kin_count;
	bool parted = false;

	if (!counted)
		return ES_NOMEM;
	for (size_t i = 0; i < f->kin_count; i++)
		counted[i] = linked[i] = i;
	read_sayings(f, counted, linked, &parted);
	read_sirets(f, counted, parted);
	for (size_t i = 0; i < f->bond_count; i++) {
		unite(counted, f->bonds[i].from, f->bonds[i].to);
		f->kin[f->bonds[i].from].absorbed = true;
	}
	choose(f, counted, linked);
	free(counted);
	return ES_OK;
}

void family_done(struct family *f)
{
	free(f->kin);
	free(f->sayings);
	free(f->bonds);
	*f = (struct family){0};
}
