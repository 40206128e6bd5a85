/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/federation.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/found.h"
#include "tests/sim/check.h"
#include "tests/sim/human.h"
#include "tests/sim/officer.h"
#include "tests/sim/schedule.h"
#include "tests/sim/vfs.h"

#define ENTRIES_A_COMMIT 200

static void must(enum es_err err, const char *what)
{
	if (err == ES_OK)
		return;
	fprintf(stderr, "essaim-sim: %s: %s\n", what, es_err_name(err));
	abort();
}

const struct disk_image *federation_template(const struct reference *ref)
{
	struct disk *d = disk_new(NODES_MAX + 1, 1);
	struct directory *dir;
	char path[64];

	vfs_seed(1);
	snprintf(path, sizeof path, "/sim/%d/directory.db", NODES_MAX + 1);
	must(directory_open(path, ref, &dir), "the empty directory");
	directory_idle(dir);
	directory_close(dir);
	struct disk_image *im = disk_snapshot(d);
	disk_free(d);
	return im;
}

static void found_one(struct world *w, struct sim_node *s, const char *name, const char *pays, struct found *f, struct rng *r)
{
	snprintf(s->name, sizeof s->name, "%s", name);
	machine_address(s->no, s->advertise);
	rng_seed_number(r, w->seed * 65537 + (uint64_t)s->no);
	*f = (struct found){.dir = s->dir, .keys = &s->keys, .rng = r, .utc = machine_utc(s), .name = s->name, .pays = pays,
			    .region = "53", .advertise = s->advertise};
	vfs_utc = f->utc;
}

static void make_cress(struct world *w, struct federation *f)
{
	struct node_keys keys;
	struct sign_public recovery;
	struct sign_secret secret;
	struct found found;
	struct rng r;

	officer_keys(w, &w->rng, &keys);
	rng_fill(&w->rng, f->recovery, sizeof f->recovery);
	crypto_sign_keys(f->recovery, &recovery, &secret);
	struct sim_node *s = machine_new(w, 1, 0, ROLE_CRESS, &keys);
	found_one(w, s, "CRESS Bretagne", "bretagne", &found, &r);
	struct slice charter = slice_str("La charte.\n");
	must(found_cress(&found, w->few_pays ? NULL : w->ref, charter, &recovery, &f->fed_id), "the CRESS");
	f->charter = crypto_hash(HASH_GENESIS, charter);
	f->cress = crypto_hub_id(&f->fed_id, &keys.sign);
	s->hub = f->cress;
	snprintf(f->name, sizeof f->name, "%s", "CRESS Bretagne");
}

static void make_hub(struct world *w, struct federation *f, int no, const char *pays)
{
	struct node_keys keys;
	struct found found;
	struct rng r;
	char name[40], home[64];

	officer_keys(w, &w->rng, &keys);
	struct sim_node *s = machine_new(w, no, no - 1, ROLE_HUB, &keys);
	snprintf(name, sizeof name, "Pole %d", no - 1);
	found_one(w, s, name, pays, &found, &r);
	machine_address(1, home);
	must(found_hub(&found, &(struct found_home){.fed_id = f->fed_id, .key = w->nodes[1]->keys.dh, .address = home,
						    .federation = f->name, .charter = f->charter}), "a hub");
	s->hub = crypto_hub_id(&f->fed_id, &keys.sign);
}

static const char *pays_of(const struct node *n, int no)
{
	return n->rights.territory_count ? n->rights.territories[(size_t)no % n->rights.territory_count].code : "auray";
}

static void member_of(struct world *w, const struct federation *f, struct sim_node *s, const char *pays, struct member *m,
		      struct acceptance *a)
{
	struct buf message;

	memset(m, 0, sizeof *m);
	m->hub = s->hub;
	m->role = ROLE_HUB;
	m->epoch = 1;
	m->sign = s->keys.sign;
	m->dh = s->keys.dh;
	snprintf(m->name, sizeof m->name, "%s", s->name);
	snprintf(m->pays, sizeof m->pays, "%s", pays);
	snprintf(m->address, sizeof m->address, "%s", s->advertise);
	rng_fill(&w->rng, a->handshake, sizeof a->handshake);
	rng_fill(&w->rng, m->invite.bytes, 32);
	buf_init(&message, 2048);
	acceptance_message(a->handshake, &f->fed_id, m, &f->charter, &message);
	a->sig = crypto_sign_as(SIGN_JOIN, &s->keys.sign_secret, buf_slice(&message));
	buf_done(&message);
}

struct batch {
	struct buf bytes[ENTRIES_A_COMMIT];
	struct slice entries[ENTRIES_A_COMMIT];
	size_t count;
};

static void flush(struct node *n, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		b->entries[i] = buf_slice(&b->bytes[i]);
	if (b->count > 0) {
		must(journal_begin(n->journal), "begin");
		must(node_control(n, b->entries, b->count), "the members");
		must(journal_commit(n->journal), "commit");
	}
	for (size_t i = 0; i < b->count; i++)
		buf_done(&b->bytes[i]);
	b->count = 0;
}

static void enter(struct world *w, const struct federation *f, struct node *n, struct sim_node *s, struct batch *b)
{
	struct member m;
	struct acceptance a;

	if (b->count + 4 > ENTRIES_A_COMMIT)
		flush(n, b);
	member_of(w, f, s, pays_of(n, s->no), &m, &a);
	buf_init(&b->bytes[b->count], CHANGE_MAX);
	entry_member(&m, &f->charter, &a, &b->bytes[b->count++]);
	for (enum scope scope = SCOPE_PUBLIC; scope <= SCOPE_CRESS; scope++) {
		struct open_log log = {.hub = s->hub, .scope = scope, .generation = 1};

		rng_fill(&w->rng, log.nonce.bytes, 16);
		log.id = crypto_log_id(&f->fed_id, &s->hub, (uint8_t)scope, &log.nonce);
		buf_init(&b->bytes[b->count], CHANGE_MAX);
		entry_open(&log, &b->bytes[b->count++]);
	}
}

void federation_make(struct world *w, int hubs)
{
	struct federation *f = &w->plan->federation;
	struct batch *b = calloc(1, sizeof *b);

	assert(b);
	make_cress(w, f);
	struct sim_node *home = w->nodes[1];
	bool good = machine_start(home);
	assert(good);
	home->n->utc = machine_utc(home);
	home->n->mono = home->w->now;
	for (int i = 0; i < hubs; i++) {
		make_hub(w, f, i + 2, pays_of(home->n, i + 2));
		enter(w, f, home->n, w->nodes[i + 2], b);
	}
	flush(home->n, b);
	free(b);
	judge_written(home, ES_OK);
}
