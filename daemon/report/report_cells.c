/* SPDX-License-Identifier: Apache-2.0
 *
 * From units to one integer per territory. */
#include <stdlib.h>
#include <string.h>
#include "daemon/report/report.h"

#define PER 10000

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int64_t report_median(int64_t *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof *values, by_value);
	int64_t low = values[(count - 1) / 2], high = values[count / 2];
	return low + (high - low) / 2;
}

static bool lies_in(const struct report_unit *u, uint16_t place)
{
	for (size_t i = 0; i < u->at_count; i++)
		if (u->at[i] == place)
			return true;
	return false;
}

/* The median has to see the values together. */
static int64_t median_in(const struct report_unit *units, size_t count, uint16_t place, int64_t *room)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (lies_in(&units[i], place))
			room[n++] = units[i].value;
	return report_median(room, n);
}

/* What one key has in each place so far. */
struct running {
	const char *key;
	int64_t sum;
};

static void add_unit(struct report_cell *c, struct running *run, const struct report_unit *u)
{
	if (!run->key || strcmp(run->key, u->key) != 0) {
		run->key = u->key;
		run->sum = 0;
		c->n++;
	}
	run->sum += u->value;
	if (run->sum > c->largest)
		c->largest = run->sum;
	c->sum += u->value;
	c->base += u->base;
	c->count++;
	c->any = true;
}

static int64_t value_of(const struct indicator *ind, const struct report_place *place, const struct report_cell *c)
{
	switch (ind->form) {
	case FORM_SUM:
	case FORM_MEDIAN:
		return c->sum;
	case FORM_SHARE:
		return c->base > 0 ? c->sum * PER / c->base : 0;
	case FORM_MEAN:
		return c->count > 0 ? c->sum / c->count : 0;
	case FORM_COVER:
		return place->communes > 0 ? c->n * PER / place->communes : 0;
	case FORM_EPCI:
		return place->epcis > 0 ? c->n * PER / place->epcis : 0;
	}
	return 0;
}

void report_cells(const struct indicator *ind, const struct report_places *p, const struct report_unit *units, size_t count,
		  struct report_cell *cells)
{
	struct running *runs = calloc(p->count + 1, sizeof *runs);
	int64_t *room = ind->form == FORM_MEDIAN ? malloc((count + 1) * sizeof *room) : NULL;

	memset(cells, 0, p->count * sizeof *cells);
	for (size_t i = 0; i < count && runs; i++)
		for (size_t k = 0; k < units[i].at_count; k++)
			add_unit(&cells[units[i].at[k]], &runs[units[i].at[k]], &units[i]);
	for (size_t i = 0; i < p->count; i++) {
		cells[i].value = room && cells[i].any ? median_in(units, count, (uint16_t)i, room)
						      : value_of(ind, &p->list[i], &cells[i]);
		if (ind->form == FORM_SHARE)
			cells[i].n = cells[i].base;
		else if (ind->form == FORM_COVER)
			cells[i].n = p->list[i].communes;
		else if (ind->form == FORM_EPCI)
			cells[i].n = p->list[i].epcis;
	}
	free(runs);
	free(room);
}
