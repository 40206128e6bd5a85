/* SPDX-License-Identifier: Apache-2.0
 *
 * Replicas that hold the same commits have the same state, in whatever order they
 * came: a federation lives through its schedule, then all it holds is given to new
 * replicas, each in an order and in portions of its own, with commits tried before
 * their time; the directories' digests must be one. */
#include "tests/sim/permute.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/found.h"
#include "daemon/node/task.h"
#include "daemon/swarm/worker.h"
#include "proto/canon.h"
#include "tests/sim/vfs.h"

struct held {
	struct id16 log;
	struct buf *commits;
	uint64_t count, given;
};
struct holding {
	struct held *logs;
	size_t count;
};

static void take_log(struct node *n, uint32_t index, struct held *h)
{
	const struct head *head = &n->frontier.heads[index];

	h->log = head->log;
	h->count = head->seq;
	h->commits = calloc(head->seq + 1, sizeof *h->commits);
	for (uint64_t seq = 1; h->commits && seq <= head->seq; seq++) {
		uint32_t at;
		int64_t stored;

		buf_init(&h->commits[seq - 1], COMMIT_PACKED_MAX);
		if (journal_one(n->journal, journal_pos(n->journal, index, seq), &at, &h->commits[seq - 1], &stored) != ES_OK)
			abort();
	}
}

/* What every hub may hold, the control log first. */
static void take_all(struct node *n, struct holding *all)
{
	all->logs = calloc(n->frontier.count, sizeof *all->logs);
	for (uint32_t i = 0; all->logs && i < n->frontier.count; i++) {
		enum scope scope = n->frontier.heads[i].scope;

		if (scope == SCOPE_CONTROL || scope == SCOPE_PUBLIC || scope == SCOPE_FEDERATION)
			take_log(n, i, &all->logs[all->count++]);
	}
}

struct replica {
	struct disk *disk;
	struct node *n;
	struct directory *d;
	char dir[32], path[64];
};

static bool replica_new(struct replica *r, struct sim_node *like, int no, struct rng *rng)
{
	struct node_keys keys;
	uint8_t seeds[64];
	struct found f = {.dir = r->dir, .keys = &keys, .rng = rng, .utc = like->n->utc, .name = "x", .pays = "x", .region = "53"};
	struct found_home home = {.fed_id = like->n->rights.fed_id, .key = like->n->keys.dh, .address = "x:1"};

	memset(r, 0, sizeof *r);
	snprintf(r->dir, sizeof r->dir, "/sim/%d", no);
	snprintf(r->path, sizeof r->path, "/sim/%d/directory.db", no);
	r->disk = disk_new(no, 7);
	rng_fill(rng, seeds, sizeof seeds);
	memset(&keys, 0, sizeof keys);
	crypto_sign_keys(seeds, &keys.sign, &keys.sign_secret);
	crypto_dh_keys(seeds + 32, &keys.dh, &keys.dh_secret);
	for (size_t i = 0; i < like->n->rights.member_count; i++) /* an active hub's eyes */
		if (like->n->rights.members[i].role == ROLE_HUB && like->n->rights.members[i].state == MEMBER_ACTIVE)
			home.hub = like->n->rights.members[i].hub;
	return !id_is_zero(&home.hub) && found_hub(&f, &home) == ES_OK &&
	       node_open_keys(r->dir, &keys, like->w->ref, rng, &r->n) == ES_OK &&
	       directory_open(r->path, like->w->ref, &r->d) == ES_OK;
}

static void replica_free(struct replica *r)
{
	directory_close(r->d);
	node_close(r->n);
	disk_free(r->disk);
}

static enum es_err give(struct replica *r, uint32_t index, const struct id16 *log, struct slice packed)
{
	struct buf body;
	uint64_t seq;
	enum es_err err;

	buf_init(&body, 2 * COMMIT_PACKED_MAX);
	canon_array(&body, 2);
	canon_bin(&body, log->bytes, 16);
	canon_array(&body, 1);
	buf_add(&body, packed.p, packed.len);
	err = node_receive(r->n, index, &(struct giver){.as = FROM_HOME}, buf_slice(&body), &seq);
	buf_done(&body);
	return err;
}

/* One commit of this log: its next, or, to no avail, a later one. */
static bool give_one(struct replica *r, struct held *h, bool control, struct rng *rng)
{
	const struct head *head = frontier_find(&r->n->frontier, &h->log);
	uint32_t index = control ? 0 : head ? (uint32_t)(head - r->n->frontier.heads) : UINT32_MAX;
	uint64_t at = h->given;

	if (index == UINT32_MAX || h->given == h->count)
		return false;
	if (rng_below(rng, 10) == 0)
		at += rng_below(rng, h->count - h->given);
	enum es_err err = give(r, index, &h->log, buf_slice(&h->commits[at]));
	if (at != h->given)
		return false;
	if (err == ES_OK || err == ES_EXISTS)
		h->given++;
	return err == ES_OK;
}

static bool is_done(const struct holding *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->logs[i].given < all->logs[i].count)
			return false;
	return true;
}

static bool fill(struct replica *r, struct holding *all, struct rng *rng)
{
	unsigned idle = 0;

	for (size_t i = 0; i < all->count; i++)
		all->logs[i].given = 0;
	while (!is_done(all) && idle < 5000) {
		unsigned portion = 1 + (unsigned)rng_below(rng, 20);

		if (journal_begin(r->n->journal) != ES_OK)
			return false;
		for (; portion > 0; portion--) {
			size_t i = rng_below(rng, 4) == 0 ? 0 : (size_t)rng_below(rng, all->count);

			idle = give_one(r, &all->logs[i], i == 0, rng) ? 0 : idle + 1;
		}
		if (journal_commit(r->n->journal) != ES_OK)
			return false;
		if (rng_below(rng, 4) == 0 && worker_project(r->n, r->d) != ES_OK)
			return false;
	}
	return is_done(all) && worker_project(r->n, r->d) == ES_OK;
}

static bool one_order(struct sim_node *like, struct holding *all, uint64_t number, struct hash digest[2])
{
	struct replica r;
	struct rng rng;
	bool good;

	rng_seed_number(&rng, number * 7919 + 1);
	good = replica_new(&r, like, NODES_MAX + 2, &rng);
	if (!good)
		return false;
	r.n->utc = like->n->utc + 3600000;
	good = fill(&r, all, &rng) && directory_digest(r.d, SCOPE_PUBLIC, &digest[0]) == ES_OK &&
	       directory_digest(r.d, SCOPE_FEDERATION, &digest[1]) == ES_OK;
	replica_free(&r);
	return good;
}

int permute(struct world *w, unsigned count)
{
	struct sim_node *home = w->nodes[1];
	struct holding all = {0};
	struct hash wanted[2], got[2];
	uint64_t commits = 0;

	if (!home->n || worker_project(home->n, home->d) != ES_OK ||
	    directory_digest(home->d, SCOPE_PUBLIC, &wanted[0]) != ES_OK ||
	    directory_digest(home->d, SCOPE_FEDERATION, &wanted[1]) != ES_OK)
		return 2;
	take_all(home->n, &all);
	for (size_t i = 0; i < all.count; i++)
		commits += all.logs[i].count;
	for (unsigned k = 1; k <= count; k++) {
		if (!one_order(home, &all, k, got) || !hash_eq(&got[0], &wanted[0]) || !hash_eq(&got[1], &wanted[1])) {
			printf("violation: order %u of the commits of seed %llu gives another digest\n", k, (unsigned long long)w->seed);
			return 1;
		}
	}
	printf("%u orders of %llu commits in %zu logs: one digest\n", count, (unsigned long long)commits, all.count);
	return 0;
}
