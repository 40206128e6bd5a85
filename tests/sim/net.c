/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "tests/sim/carrier.h"
#include "tests/sim/trace.h"
#include "tests/sim/world.h"

struct piece {
	struct piece *next;
	es_ms at; /* when it arrives, unless held */
	bool fin;
	size_t len;
	uint8_t bytes[];
};
struct direction {
	struct piece *head, **tail;
	es_ms free_at, last_at; /* the line is busy until; the last piece arrives at */
	size_t writing;
	es_ms moved; /* when bytes last arrived, or began to wait */
	bool armed, held, closed; /* closed: nothing more is sent this way */
};
struct conn {
	struct world *w;
	uint64_t no;
	int node[2];
	struct peer *end[2]; /* NULL: has let go */
	bool vanished[2]; /* its machine went down: it answers nothing */
	bool connected, broken;
	es_ms latency;
	struct direction dir[2]; /* from side 0, from side 1 */
	unsigned refs; /* events under way */
	struct conn *next, **at;
};

static void pump(struct world *w, const struct event *e);

static void maybe_free(struct conn *c)
{
	if (c->refs > 0 || c->end[0] || c->end[1])
		return;
	for (int d = 0; d < 2; d++)
		while (c->dir[d].head) {
			struct piece *p = c->dir[d].head;

			c->dir[d].head = p->next;
			free(p);
		}
	*c->at = c->next;
	if (c->next)
		c->next->at = c->at;
	free(c);
}

/* --- ways --- */

bool way_blocked(const struct world *w, int from, int to)
{
	if (w->island[from] != w->island[to])
		return true;
	for (size_t i = 0; i < w->way_count; i++)
		if ((w->ways[i].from < 0 || w->ways[i].from == from) && (w->ways[i].to < 0 || w->ways[i].to == to))
			return true;
	return false;
}

static es_ms pair_latency(const struct world *w, int a, int b)
{
	uint64_t low = (uint64_t)(a < b ? a : b), high = (uint64_t)(a < b ? b : a);
	uint64_t x = (w->seed * 0x9e3779b97f4a7c15ull + low) * 0xd6e8feb86659fd93ull + high;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 32;
	return w->lines.latency_min + (es_ms)(x % (uint64_t)(w->lines.latency_max - w->lines.latency_min + 1));
}

static es_ms piece_latency(struct conn *c)
{
	struct world *w = c->w;
	es_ms late = c->latency;

	if (w->lines.jitter > 0)
		late += (es_ms)rng_below(&w->net_rng, (uint64_t)w->lines.jitter + 1);
	if (w->lines.delay > 0)
		late += (es_ms)rng_below(&w->net_rng, (uint64_t)w->lines.delay + 1);
	return late;
}

static void arm(struct conn *c, int side, es_ms at)
{
	struct direction *d = &c->dir[side];

	if (d->armed)
		return;
	d->armed = true;
	c->refs++;
	world_at(c->w, at, pump, c, (uint64_t)side, 0);
}

void ways_changed(struct world *w)
{
	for (struct conn *c = w->conns; c; c = c->next)
		for (int side = 0; side < 2; side++)
			if (c->dir[side].held && !way_blocked(w, c->node[side], c->node[!side])) {
				c->dir[side].held = false;
				arm(c, side, w->now + 200 + piece_latency(c)); /* TCP tries again */
			}
}

void ways_heal(struct world *w)
{
	memset(w->island, 0, sizeof w->island);
	w->way_count = 0;
	ways_changed(w);
}

/* --- sending --- */

static void append(struct conn *c, int side, const void *p, size_t len, bool fin)
{
	struct direction *d = &c->dir[side];
	struct world *w = c->w;
	struct piece *piece = malloc(sizeof *piece + len);

	assert(piece);
	*piece = (struct piece){.fin = fin, .len = len};
	if (len > 0)
		memcpy(piece->bytes, p, len);
	es_ms from = d->free_at > w->now ? d->free_at : w->now;
	d->free_at = from + (es_ms)(len / w->lines.bytes_per_ms);
	piece->at = d->free_at + piece_latency(c);
	if (piece->at < d->last_at)
		piece->at = d->last_at;
	d->last_at = piece->at;
	if (!d->head)
		d->tail = &d->head;
	*d->tail = piece;
	d->tail = &piece->next;
	if (d->writing == 0)
		d->moved = w->now;
	d->writing += len;
	w->pieces++;
	w->bytes += len;
	if (!d->held)
		arm(c, side, d->head->at);
}

void net_send(struct conn *c, int side, const void *p, size_t len, bool last)
{
	const uint8_t *at = p;
	struct world *w = c->w;

	if (c->broken || c->dir[side].closed)
		return;
	trace_mix(c->no << 8 | (uint64_t)side << 4 | 5);
	trace_bytes(p, len);
	while (len > 0) {
		size_t max = w->lines.piece_max, n;

		if (max < 65536)
			max = draw(&w->net_rng, 1, max);
		n = len < max ? len : max;
		append(c, side, at, n, false);
		at += n;
		len -= n;
	}
	if (last) {
		append(c, side, NULL, 0, true);
		c->dir[side].closed = true;
	}
	if (w->lines.loss_ppm && chance(&w->net_rng, w->lines.loss_ppm))
		net_reset(c);
}

size_t net_writing(const struct conn *c, int side)
{
	return c->dir[side].writing;
}

es_ms net_stalled(const struct conn *c, int side)
{
	return c->dir[side].writing ? c->dir[side].moved : 0;
}

/* --- arriving --- */

static void let_go(struct conn *c, int side)
{
	struct peer *p = c->end[side];

	c->end[side] = NULL;
	if (p)
		peer_ended(p);
}

static void break_one(struct world *w, const struct event *e)
{
	struct conn *c = e->ctx;

	(void)w;
	c->refs--;
	let_go(c, (int)e->a);
	maybe_free(c);
}

static void break_later(struct conn *c, int side, es_ms in)
{
	c->refs++;
	world_in(c->w, in, break_one, c, (uint64_t)side, 0);
}

void net_reset(struct conn *c)
{
	if (c->broken)
		return;
	c->broken = true;
	c->w->resets++;
	/* Each end hears of it in its own time. */
	for (int side = 0; side < 2; side++)
		break_later(c, side, 1 + (es_ms)rng_below(&c->w->net_rng, 50));
}

static bool machine_up(const struct conn *c, int side)
{
	return sim_up(c->w->nodes[c->node[side]]);
}

/* One piece has arrived at the other side. */
static void arrive(struct conn *c, int side, struct piece *p)
{
	int other = !side;
	struct direction *d = &c->dir[side];

	d->writing -= p->len;
	d->moved = c->w->now;
	if (c->vanished[other]) { /* it has started again and knows of no such connection */
		c->broken = true;
		break_later(c, side, c->latency);
	} else if (c->end[other] && p->fin) {
		let_go(c, other);
	} else if (c->end[other]) {
		peer_bytes(c->end[other], SLICE(p->bytes, p->len));
	} else if (!p->fin && !c->broken) {
		c->broken = true; /* written to one that has closed: RST */
		break_later(c, side, c->latency);
	}
	if (c->end[side] && !p->fin)
		peer_room(c->end[side]);
}

static void pump(struct world *w, const struct event *e)
{
	struct conn *c = e->ctx;
	int side = (int)e->a;
	struct direction *d = &c->dir[side];

	d->armed = false;
	if (d->head && !c->broken && way_blocked(w, c->node[side], c->node[!side])) {
		d->held = true;
	} else if (d->head && !c->broken && c->vanished[!side] && !machine_up(c, !side)) {
		arm(c, side, w->now + 5000); /* nobody there: TCP tries again, the writer's stall timer decides */
	} else if (d->head && !c->broken) {
		struct piece *p = d->head;

		d->head = p->next;
		arrive(c, side, p);
		free(p);
		if (d->head && !d->held)
			arm(c, side, d->head->at);
	}
	c->refs--;
	maybe_free(c);
}

/* --- beginnings and ends --- */

static void connected(struct world *w, const struct event *e)
{
	struct conn *c = e->ctx;
	int from = c->node[0], to = c->node[1];
	bool blocked = way_blocked(w, from, to) || way_blocked(w, to, from) || !sim_up(w->nodes[to]);

	if (c->end[0] && !c->broken && !blocked)
		c->end[1] = peer_accepted(w->nodes[to], c);
	if (c->end[1]) {
		c->connected = true;
		peer_connected(c->end[1]);
		if (c->end[0])
			peer_connected(c->end[0]);
	} else if (c->end[0] && !c->broken) {
		c->broken = true;
		/* A closed port answers at once, a way that swallows does not. */
		break_later(c, 0, blocked && !sim_refuses(w->nodes[to]) ? w->lines.connect_timeout : c->latency);
	}
	c->refs--;
	maybe_free(c);
}

struct conn *net_dial(struct world *w, int from, int to, struct peer *end)
{
	struct conn *c = calloc(1, sizeof *c);

	assert(c);
	c->w = w;
	c->no = ++w->conn_no;
	c->node[0] = from;
	c->node[1] = to;
	c->end[0] = end;
	c->latency = pair_latency(w, from, to);
	c->next = w->conns;
	c->at = &w->conns;
	if (w->conns)
		w->conns->at = &c->next;
	w->conns = c;
	c->refs++;
	world_in(w, 2 * c->latency + 1, connected, c, 0, 0);
	return c;
}

/* The peer behind this end is going: it hears nothing more. */
void net_close(struct conn *c, int side)
{
	c->end[side] = NULL;
	if (!c->broken && !c->dir[side].closed && c->connected) {
		append(c, side, NULL, 0, true);
		c->dir[side].closed = true;
	}
	maybe_free(c);
}

void net_vanish(struct conn *c, int side)
{
	c->end[side] = NULL;
	c->vanished[side] = true;
	maybe_free(c);
}

int conn_node(const struct conn *c, int side)
{
	return c->node[side];
}

struct conn *net_any(struct world *w, struct rng *r)
{
	size_t count = 0;

	for (struct conn *c = w->conns; c; c = c->next)
		count += c->connected && !c->broken;
	if (count == 0)
		return NULL;
	uint64_t at = rng_below(r, count);
	for (struct conn *c = w->conns; c; c = c->next)
		if (c->connected && !c->broken && at-- == 0)
			return c;
	return NULL;
}

void world_done(struct world *w)
{
	while (w->conns) {
		struct conn *c = w->conns;

		c->refs = 0;
		c->end[0] = c->end[1] = NULL;
		maybe_free(c);
	}
	free(w->heap);
	w->heap = NULL;
	w->heap_count = w->heap_cap = 0;
}
