/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "tests/sim/trace.h"

void world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof *w);
	w->seed = seed;
	rng_seed_number(&w->rng, seed);
	rng_seed_number(&w->net_rng, seed ^ 0x6e657400ull << 24);
	w->lines = (struct lines){.latency_min = 1, .latency_max = 60, .jitter = 5, .bytes_per_ms = 1000,
				  .piece_max = 65536, .connect_timeout = 20000};
}

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->no < b->no;
}

void world_at(struct world *w, es_ms at, void (*run)(struct world *w, const struct event *e), void *ctx, uint64_t a, uint64_t b)
{
	if (w->heap_count == w->heap_cap) {
		w->heap_cap = w->heap_cap ? 2 * w->heap_cap : 1024;
		w->heap = realloc(w->heap, w->heap_cap * sizeof *w->heap);
		assert(w->heap);
	}
	struct event e = {.at = at > w->now ? at : w->now, .no = w->event_no++, .run = run, .ctx = ctx, .a = a, .b = b};
	size_t i = w->heap_count++;
	while (i > 0 && before(&e, &w->heap[(i - 1) / 2])) {
		w->heap[i] = w->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->heap[i] = e;
}

void world_in(struct world *w, es_ms in, void (*run)(struct world *w, const struct event *e), void *ctx, uint64_t a, uint64_t b)
{
	world_at(w, w->now + in, run, ctx, a, b);
}

static struct event pop(struct world *w)
{
	struct event top = w->heap[0], last = w->heap[--w->heap_count];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= w->heap_count)
			break;
		if (child + 1 < w->heap_count && before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!before(&w->heap[child], &last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = last;
	return top;
}

void world_run(struct world *w, es_ms until)
{
	while (!w->stopped && w->heap_count > 0 && w->heap[0].at <= until) {
		struct event e = pop(w);

		w->now = e.at;
		e.run(w, &e);
	}
	if (!w->stopped && w->now < until)
		w->now = until;
}

uint64_t draw(struct rng *r, uint64_t low, uint64_t high)
{
	return high <= low ? low : low + rng_below(r, high - low + 1);
}

bool chance(struct rng *r, uint32_t per_million)
{
	return per_million > 0 && rng_below(r, 1000000) < per_million;
}

/* Whole numbers only, so that every compiler draws the same: a power of two's
 * range is chosen first, then a number within it. */
uint64_t draw_log(struct rng *r, uint64_t low, uint64_t high)
{
	unsigned steps = 0;

	while (low << (steps + 1) <= high)
		steps++;
	uint64_t from = low << rng_below(r, steps + 1), to = 2 * from - 1;
	return draw(r, from, to < high ? to : high);
}

/* --- clocks --- */

es_ms clock_utc(const struct clock *c, es_ms now)
{
	es_ms gone = now - c->mono;

	return c->frozen ? c->utc : c->utc + gone + gone / 1000 * c->ppm / 1000;
}

static void clock_rebase(struct clock *c, es_ms now)
{
	c->utc = clock_utc(c, now);
	c->mono = now;
}

void clock_right(struct clock *c, es_ms now)
{
	*c = (struct clock){.utc = WORLD_EPOCH_MS + now, .mono = now};
}

void clock_jump(struct clock *c, es_ms now, es_ms by)
{
	clock_rebase(c, now);
	c->utc += by;
	if (c->utc < 0)
		c->utc = 0;
}

void clock_freeze(struct clock *c, es_ms now, bool frozen)
{
	clock_rebase(c, now);
	c->frozen = frozen;
}

void clock_creep(struct clock *c, es_ms now, int64_t ppm)
{
	clock_rebase(c, now);
	c->ppm = ppm;
}
