/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/found.h"
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

#define FOUNDING_MAX 64 /* entries of the first commit */

/* An empty journal in a transaction, and what every node has in it. */
static enum es_err begin(const struct found *f, enum role role, struct node **out)
{
	char path[NODE_PATH_MAX + 16];
	struct node *n = calloc(1, sizeof *n);
	uint8_t seed[32];
	enum es_err err;

	if (!n)
		return ES_NOMEM;
	*out = n;
	rng_fill(f->rng, seed, sizeof seed);
	rng_seed(&n->rng, seed);
	crypto_wipe(seed, sizeof seed);
	snprintf(n->dir, sizeof n->dir, "%s", f->dir);
	snprintf(path, sizeof path, "%s/journal.db", f->dir);
	n->keys = *f->keys;
	n->role = role;
	n->utc = f->utc;
	n->epoch = 1;
	n->damaged_index = -1;
	rng_fill(&n->rng, n->instance.bytes, 16);
	snprintf(n->name, sizeof n->name, "%s", f->name);
	snprintf(n->pays, sizeof n->pays, "%s", f->pays);
	snprintf(n->region, sizeof n->region, "%s", f->region);
	err = journal_open(path, true, &n->journal);
	if (err == ES_OK)
		err = journal_begin(n->journal);
	if (err == ES_OK)
		err = journal_set(n->journal, "instance", SLICE(n->instance.bytes, 16));
	if (err == ES_OK)
		err = journal_set(n->journal, "name", slice_str(n->name));
	if (err == ES_OK)
		err = journal_set(n->journal, "pays", slice_str(n->pays));
	if (err == ES_OK)
		err = journal_set(n->journal, "region", slice_str(n->region));
	if (err == ES_OK)
		err = node_set_number(n, "role", role);
	return err == ES_OK ? node_set_number(n, "lineage", 0) : err;
}

static enum es_err end(struct node *n, enum es_err err)
{
	if (err == ES_OK)
		err = journal_commit(n->journal);
	if (n && n->journal)
		node_close(n);
	else
		free(n);
	return err;
}

/* The control log's place (its id is learned), and our local log (L10). */
static enum es_err make_logs(struct node *n, const struct hash *fed, const struct id16 *control_hub)
{
	struct id16 nonce, none = {{0}};
	enum es_err err;

	rights_init(&n->rights, fed);
	rng_fill(&n->rng, nonce.bytes, 16);
	struct id16 local = crypto_log_id(fed, &n->hub, SCOPE_LOCAL, &nonce);
	if (!frontier_add(&n->frontier, &none, control_hub ? control_hub : &none, SCOPE_CONTROL, 1) ||
	    !frontier_add(&n->frontier, &local, &n->hub, SCOPE_LOCAL, 1))
		return ES_NOMEM;
	n->local_index = 1;
	err = journal_set(n->journal, "fed_id", SLICE(fed->bytes, 32));
	if (err == ES_OK)
		err = journal_add_log(n->journal, &n->frontier, 0);
	return err != ES_OK ? err : journal_add_log(n->journal, &n->frontier, 1);
}

/* --- a federation --- */

struct founding {
	struct buf entries[FOUNDING_MAX];
	size_t count;
	struct buf communes;
	uint32_t commune_count;
};

static struct buf *next_entry(struct founding *f)
{
	struct buf *b = &f->entries[f->count++];

	buf_init(b, CHANGE_MAX);
	return b;
}

static void add_commune(void *ctx, const char *code)
{
	struct founding *f = ctx;

	canon_array(&f->communes, 3);
	canon_str(&f->communes, slice_str(code));
	canon_nil(&f->communes);
	canon_nil(&f->communes);
	f->commune_count++;
}

void found_territory(const struct reference *ref, const struct pays *p, struct buf *entry)
{
	struct founding f = {0};
	struct buf list;

	buf_init(&f.communes, CHANGE_MAX);
	reference_pays_communes(ref, slice_str(p->code), add_commune, &f);
	buf_init(&list, CHANGE_MAX);
	canon_array(&list, f.commune_count);
	buf_add(&list, f.communes.p, f.communes.len);
	entry_territory(slice_str("pays"), slice_str(p->code), slice_str(p->name), buf_slice(&list), entry);
	buf_done(&list);
	buf_done(&f.communes);
}

static void write_founding(struct node *n, struct founding *f, const struct found *what, const struct reference *ref,
			   const struct genesis *g, struct slice charter)
{
	struct member self = {.hub = n->hub, .role = ROLE_CRESS, .sign = n->keys.sign, .dh = n->keys.dh, .epoch = 1};

	snprintf(self.name, sizeof self.name, "%s", n->name);
	snprintf(self.pays, sizeof self.pays, "%s", n->pays);
	snprintf(self.address, sizeof self.address, "%s", what->advertise ? what->advertise : "");
	entry_genesis(g, next_entry(f));
	entry_charter(slice_str("collaboration"), slice_str("1"), charter, next_entry(f));
	for (size_t i = 0; ref && i < reference_pays_count(ref) && f->count < FOUNDING_MAX / 2; i++)
		found_territory(ref, reference_pays_at(ref, i), next_entry(f));
	entry_member(&self, &g->charter, NULL, next_entry(f));
	for (enum scope s = SCOPE_CONTROL; s <= SCOPE_CRESS; s++)
		node_open_entry(n, &n->hub, s, 1, NULL, next_entry(f));
}

/* Control commit 1: the whole founding in one signed act. */
static enum es_err found(struct node *n, const struct found *what, const struct reference *ref, const struct genesis *g,
			 struct slice charter)
{
	struct founding *f = calloc(1, sizeof *f);
	struct slice entries[FOUNDING_MAX];
	enum es_err err = ES_OK;

	if (!f)
		return ES_NOMEM;
	write_founding(n, f, what, ref, g, charter);
	for (size_t i = 0; i < f->count; i++) {
		entries[i] = buf_slice(&f->entries[i]);
		if (err == ES_OK)
			err = buf_err(&f->entries[i]);
	}
	if (err == ES_OK)
		err = node_control(n, entries, f->count);
	for (size_t i = 0; i < f->count; i++)
		buf_done(&f->entries[i]);
	free(f);
	return err;
}

enum es_err found_cress(const struct found *f, const struct reference *ref, struct slice charter,
			const struct sign_public *recovery, struct hash *fed_id)
{
	struct node *n = NULL;
	struct genesis g = {.name = slice_str(f->name), .region = slice_str(f->region), .cress = f->keys->sign};
	enum es_err err = begin(f, ROLE_CRESS, &n);

	if (err != ES_OK)
		return end(n, err);
	g.recovery = recovery_hash(recovery);
	g.charter = crypto_hash(HASH_GENESIS, charter);
	rng_fill(&n->rng, g.random, 32);
	*fed_id = rights_fed_id(g.name, &g.cress, &g.recovery, g.random, &g.charter);
	n->hub = crypto_hub_id(fed_id, &n->keys.sign);
	n->released = true;
	err = make_logs(n, fed_id, &n->hub);
	if (err == ES_OK)
		err = journal_set(n->journal, "hub", SLICE(n->hub.bytes, 16));
	if (err == ES_OK)
		err = found(n, f, ref, &g, charter);
	return end(n, err);
}

/* --- a hub --- */

enum es_err found_hub(const struct found *f, const struct found_home *home)
{
	struct node *n = NULL;
	enum es_err err = begin(f, ROLE_HUB, &n);

	if (err != ES_OK)
		return end(n, err);
	n->hub = id_is_zero(&home->hub) ? crypto_hub_id(&home->fed_id, &n->keys.sign) : home->hub;
	err = make_logs(n, &home->fed_id, NULL);
	if (err == ES_OK)
		err = journal_set(n->journal, "hub", SLICE(n->hub.bytes, 16));
	if (err == ES_OK)
		err = journal_set(n->journal, "home", SLICE(home->key.bytes, 32));
	if (err == ES_OK)
		err = journal_set(n->journal, "home_address", slice_str(home->address));
	if (err == ES_OK && home->federation)
		err = journal_set(n->journal, "federation", slice_str(home->federation));
	if (err == ES_OK && !id_is_zero(&home->secret))
		err = journal_set(n->journal, "join_secret", SLICE(home->secret.bytes, 16));
	if (err == ES_OK && !id_is_zero(&home->secret))
		err = journal_set(n->journal, "join_charter", SLICE(home->charter.bytes, 32));
	if (err == ES_OK)
		err = node_set_number(n, "join_epoch", home->epoch);
	return end(n, err);
}

enum es_err found_cress_again(const struct found *f, const struct hash *fed_id, const struct id16 *hub)
{
	struct node *n = NULL;
	enum es_err err = begin(f, ROLE_CRESS, &n);

	if (err != ES_OK)
		return end(n, err);
	n->hub = *hub;
	err = make_logs(n, fed_id, hub);
	if (err == ES_OK)
		err = journal_set(n->journal, "hub", SLICE(hub->bytes, 16));
	if (err == ES_OK)
		err = node_set_number(n, "restored", 1);
	return end(n, err);
}
