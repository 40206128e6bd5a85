/* SPDX-License-Identifier: Apache-2.0
 *
 * The statistical secret (R15). First each cell for itself; then the differences:
 * from a territory that is shown, whoever subtracts those within it that are shown
 * too has the remainder. Where R15 would hide the remainder, the smallest of the
 * inner ones is hidden as well, until no difference says too much. That is looked at
 * for each territory with each type of smaller ones that lie wholly in it. */
#include <stdlib.h>
#include <string.h>
#include "daemon/report/report.h"

#define UNITS_MIN 3
#define WEIGHT_MAX 85 /* per 100 */

bool report_secret(enum report_rule rule, int64_t n, int64_t largest, int64_t sum)
{
	switch (rule) {
	case SECRET_NONE:
		return false;
	case SECRET_FEW:
	case SECRET_MEAN:
		return n > 0 && n < UNITS_MIN;
	case SECRET_SUM:
		return n > 0 && (n < UNITS_MIN || largest * 100 > sum * WEIGHT_MAX);
	}
	return true;
}

struct masking {
	const struct indicator *ind;
	const struct report_places *p;
	const struct report_unit *units;
	size_t count;
	struct report_cell *cells;
	uint8_t *within; /* [outer * places + inner]: every unit of inner lies in outer, and it is not the same */
};

static bool lies_in(const struct report_unit *u, uint16_t place)
{
	for (size_t i = 0; i < u->at_count; i++)
		if (u->at[i] == place)
			return true;
	return false;
}

/* Who lies within whom: where its communes do. */
static void find_within(struct masking *m)
{
	const struct report_places *p = m->p;

	memset(m->within, 1, p->count * p->count);
	for (size_t i = 0; i < p->count; i++)
		m->within[i * p->count + i] = 0;
	for (size_t a = 0; a < p->member_count;) {
		size_t b = a;

		while (b < p->member_count && strcmp(p->members[b].commune, p->members[a].commune) == 0)
			b++;
		for (size_t i = a; i < b; i++) /* outer places without this commune do not hold members[i]'s */
			for (size_t outer = 0; outer < p->count; outer++) {
				bool has = false;

				for (size_t k = a; k < b && !has; k++)
					has = p->members[k].place == outer;
				if (!has)
					m->within[outer * p->count + p->members[i].place] = 0;
			}
		a = b;
	}
}

static bool shown_inside(const struct masking *m, size_t outer, unsigned type, size_t inner)
{
	return m->p->list[inner].type == type && m->within[outer * m->p->count + inner] && m->cells[inner].any &&
	       !m->cells[inner].masked;
}

/* The cell of what lies in `outer` and in none of the shown inner ones. */
static bool remainder_secret(const struct masking *m, size_t outer, unsigned type)
{
	int64_t n = 0, sum = 0, largest = 0, run = 0;
	const char *key = NULL;

	for (size_t i = 0; i < m->count; i++) {
		const struct report_unit *u = &m->units[i];
		bool left = lies_in(u, (uint16_t)outer);

		for (size_t k = 0; k < u->at_count && left; k++)
			left = !shown_inside(m, outer, type, u->at[k]);
		if (!left)
			continue;
		if (!key || strcmp(key, u->key) != 0) {
			key = u->key;
			run = 0;
			n++;
		}
		run += u->value;
		sum += u->value;
		largest = run > largest ? run : largest;
	}
	return report_secret(m->ind->rule, n, largest, sum);
}

/* Hides the smallest shown inner one; the outer itself where there is none. */
static void hide_one(struct masking *m, size_t outer, unsigned type)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < m->p->count; i++)
		if (shown_inside(m, outer, type, i) && (least == SIZE_MAX || m->cells[i].n < m->cells[least].n))
			least = i;
	m->cells[least == SIZE_MAX ? outer : least].masked = true;
}

static bool any_inside(const struct masking *m, size_t outer, unsigned type)
{
	for (size_t i = 0; i < m->p->count; i++)
		if (shown_inside(m, outer, type, i))
			return true;
	return false;
}

static bool mask_differences(struct masking *m)
{
	bool again = false;

	for (size_t outer = 0; outer < m->p->count; outer++)
		for (unsigned type = 0; type < PLACE_TYPES; type++)
			while (m->cells[outer].any && !m->cells[outer].masked && any_inside(m, outer, type) &&
			       remainder_secret(m, outer, type)) {
				hide_one(m, outer, type);
				again = true;
			}
	return again;
}

void report_mask(const struct indicator *ind, const struct report_places *p, const struct report_unit *units, size_t count,
		 struct report_cell *cells)
{
	struct masking m = {.ind = ind, .p = p, .units = units, .count = count, .cells = cells};

	if (ind->rule != SECRET_SUM && ind->rule != SECRET_MEAN)
		return;
	for (size_t i = 0; i < p->count; i++)
		cells[i].masked = cells[i].any && report_secret(ind->rule, cells[i].n, cells[i].largest, cells[i].sum);
	m.within = malloc(p->count * p->count + 1);
	if (!m.within) { /* without the memory to look, all is hidden */
		for (size_t i = 0; i < p->count; i++)
			cells[i].masked = true;
		return;
	}
	find_within(&m);
	while (mask_differences(&m))
		;
	free(m.within);
}
