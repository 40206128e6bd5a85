/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/setup.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "daemon/conf.h"
#include "daemon/node_parts.h"
#include "daemon/swarm.h"
#include "daemon/verify.h"
#include "proto/canon.h"

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum es_err fail(struct buf *why, enum es_err err, const char *what, const char *where)
{
	if (why->len == 0)
		buf_printf(why, "%s: %s", where, what);
	return err;
}

/* --- the directory --- */

struct place {
	const struct setup *s;
	bool made_dir;
	char journal[NODE_PATH_MAX + 16], conf[NODE_PATH_MAX + 16], key[NODE_PATH_MAX + 16];
	char listen[RIGHTS_ADDRESS_MAX + 1], advertise[RIGHTS_ADDRESS_MAX + 1];
	struct node *node;
};

static enum es_err check_addresses(struct place *p, struct buf *why)
{
	if (p->s->listen && !conf_address(p->s->listen, p->listen))
		return fail(why, ES_USAGE, "expected HOST:PORT for --listen", p->s->listen);
	if (p->s->advertise && !conf_address(p->s->advertise, p->advertise))
		return fail(why, ES_USAGE, "expected HOST:PORT for --advertise", p->s->advertise);
	if (p->advertise[0] && address_is_wildcard(p->advertise))
		return fail(why, ES_CONFIG, "others cannot dial a wildcard; give --advertise HOST:PORT", p->advertise);
	if (!p->advertise[0] && p->listen[0] && !address_is_wildcard(p->listen))
		memcpy(p->advertise, p->listen, sizeof p->advertise);
	return ES_OK;
}

static enum es_err place_check(struct place *p, const struct setup *s, struct buf *why)
{
	struct stat st;

	memset(p, 0, sizeof *p);
	p->s = s;
	if (strlen(s->dir) >= NODE_PATH_MAX)
		return fail(why, ES_USAGE, "path too long", "--data");
	snprintf(p->journal, sizeof p->journal, "%s/journal.db", s->dir);
	snprintf(p->conf, sizeof p->conf, "%s/essaim.conf", s->dir);
	snprintf(p->key, sizeof p->key, "%s/node.key", s->dir);
	if (stat(p->journal, &st) == 0 || stat(p->key, &st) == 0)
		return fail(why, ES_EXISTS, "a node exists here already; choose another --data directory", s->dir);
	return check_addresses(p, why);
}

static void place_undo(struct place *p)
{
	char path[NODE_PATH_MAX + 32];
	static const char *const parts[] = {"", "-wal", "-shm"};

	if (p->node)
		node_close(p->node);
	p->node = NULL;
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", p->journal, parts[i]);
		unlink(path);
	}
	unlink(p->key);
	if (p->s->listen || p->s->advertise)
		unlink(p->conf);
	if (p->made_dir)
		rmdir(p->s->dir);
}

static enum es_err set_number(struct node *n, const char *name, uint64_t v)
{
	uint8_t be[8];

	be_write(be, v, 8);
	return journal_set(n->journal, name, SLICE(be, 8));
}

/* Keys, an empty journal in a transaction, and what every node has in it. */
static enum es_err place_make(struct place *p, enum role role, const char *pays, const char *region,
			      const struct node_keys *keys)
{
	struct node *n = calloc(1, sizeof *n);
	enum es_err err;

	if (!n)
		return ES_NOMEM;
	p->node = n;
	rng_seed_system(&n->rng);
	umask(0077);
	p->made_dir = mkdir(p->s->dir, 0700) == 0;
	if (!p->made_dir && errno != EEXIST)
		return errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	snprintf(n->dir, sizeof n->dir, "%s", p->s->dir);
	n->keys = *keys;
	n->role = role;
	n->utc = utc_now();
	rng_fill(&n->rng, n->instance.bytes, 16);
	snprintf(n->name, sizeof n->name, "%s", p->s->name);
	snprintf(n->pays, sizeof n->pays, "%s", pays);
	snprintf(n->region, sizeof n->region, "%s", region);
	err = journal_open(p->journal, true, &n->journal);
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
		err = set_number(n, "role", role);
	if (err == ES_OK)
		err = set_number(n, "lineage", 0);
	return err;
}

/* The control log's place (its id is learned), and our local log (L10). */
static enum es_err place_logs(struct node *n, const struct hash *fed, const struct id16 *control)
{
	struct id16 nonce, none = {{0}};
	enum es_err err;

	n->hub = crypto_hub_id(fed, &n->keys.sign);
	rights_init(&n->rights, fed);
	rng_fill(&n->rng, nonce.bytes, 16);
	struct id16 local = crypto_log_id(fed, &n->hub, SCOPE_LOCAL, &nonce);
	if (!frontier_add(&n->frontier, control ? control : &none, control ? &n->hub : &none, SCOPE_CONTROL, 1) ||
	    !frontier_add(&n->frontier, &local, &n->hub, SCOPE_LOCAL, 1))
		return ES_NOMEM;
	n->local_index = 1;
	err = journal_set(n->journal, "fed_id", SLICE(fed->bytes, 32));
	if (err == ES_OK)
		err = journal_add_log(n->journal, &n->frontier, 0);
	return err != ES_OK ? err : journal_add_log(n->journal, &n->frontier, 1);
}

/* The key file comes last but one: without it there is no node. */
static enum es_err place_finish(struct place *p, struct rng *key_rng, struct node_keys *keys)
{
	enum es_err err = journal_commit(p->node->journal);

	if (err == ES_OK && (p->s->listen || p->s->advertise))
		err = conf_write(p->conf, p->listen[0] ? p->listen : NULL, p->advertise[0] ? p->advertise : NULL);
	if (err == ES_OK)
		err = node_keys_create(p->s->dir, key_rng, keys);
	if (err == ES_OK) {
		node_close(p->node);
		p->node = NULL;
	}
	return err;
}

/* The keys that node_keys_create() will write: the same stream, drawn twice. */
static void draw_keys(struct rng *rng, struct node_keys *out)
{
	struct rng copy = *rng;
	uint8_t seeds[64];

	rng_fill(&copy, seeds, 64);
	crypto_sign_keys(seeds, &out->sign, &out->sign_secret);
	crypto_dh_keys(seeds + 32, &out->dh, &out->dh_secret);
	crypto_wipe(seeds, sizeof seeds);
	crypto_wipe(&copy, sizeof copy);
}

/* --- init --- */

static void region_code(const char *region, char *out, size_t size)
{
	snprintf(out, size, "%s", strcmp(region, "53") == 0 ? "bretagne" : region);
}

static enum es_err read_charter(struct buf *out)
{
	const char *paths[] = {getenv("ESSAIM_CHARTE"), "/usr/share/essaim/charte.txt", ESSAIM_SOURCE_CONF_DIR "/charte.txt"};
	char chunk[4096];

	for (size_t i = 0; i < 3; i++) {
		FILE *f = paths[i] ? fopen(paths[i], "re") : NULL;

		if (!f)
			continue;
		for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
			buf_add(out, chunk, n);
		fclose(f);
		return buf_err(out) == ES_OK && utf8_valid(out->p, out->len) ? ES_OK : ES_BAD_VALUE;
	}
	return ES_IO;
}

static void recovery_text(const uint8_t key[32], char out[RECOVERY_TEXT_MAX])
{
	char flat[BASE32_LEN(32) + 1];
	size_t n = 0;

	base32_encode(key, 32, flat);
	for (size_t i = 0; flat[i]; i++) {
		if (i > 0 && i % 4 == 0)
			out[n++] = '-';
		out[n++] = flat[i];
	}
	out[n] = 0;
	crypto_wipe(flat, sizeof flat);
}

struct founding {
	struct buf entries[64];
	size_t count;
	const struct reference *ref;
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

void setup_territory(const struct reference *ref, const struct pays *p, struct buf *entry)
{
	struct founding f = {.ref = ref};
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

/* Control commit 1: the whole founding in one signed act. */
static enum es_err found(struct place *p, const struct reference *ref, struct slice charter, const uint8_t recovery[32])
{
	struct node *n = p->node;
	struct founding *f = calloc(1, sizeof *f);
	struct genesis g = {.name = slice_str(n->name), .region = slice_str(n->region), .cress = n->keys.sign};
	struct slice entries[64];
	enum es_err err;

	if (!f)
		return ES_NOMEM;
	g.recovery = crypto_hash(HASH_GENESIS, SLICE(recovery, 32));
	g.charter = crypto_hash(HASH_GENESIS, charter);
	rng_fill(&n->rng, g.random, 32);
	struct hash fed = rights_fed_id(g.name, &g.cress, &g.recovery, g.random, &g.charter);
	struct id16 zero = {{0}};
	err = place_logs(n, &fed, &zero);
	n->frontier.heads[0].hub = n->hub;
	struct member self = {.hub = n->hub, .role = ROLE_CRESS, .sign = n->keys.sign, .dh = n->keys.dh, .epoch = 1};
	snprintf(self.name, sizeof self.name, "%s", n->name);
	snprintf(self.pays, sizeof self.pays, "%s", n->pays);
	snprintf(self.address, sizeof self.address, "%s", p->advertise);
	entry_genesis(&g, next_entry(f));
	entry_charter(slice_str("collaboration"), slice_str("1"), charter, next_entry(f));
	for (size_t i = 0; i < reference_pays_count(ref) && f->count < 32; i++)
		setup_territory(ref, reference_pays_at(ref, i), next_entry(f));
	entry_member(&self, &g.charter, NULL, next_entry(f));
	for (enum scope s = SCOPE_CONTROL; s <= SCOPE_CRESS; s++)
		node_open_entry(n, &n->hub, s, 1, next_entry(f));
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

enum es_err setup_cress(const struct setup *s, char recovery[RECOVERY_TEXT_MAX], struct buf *why)
{
	struct place p;
	struct reference *ref = NULL;
	struct node_keys keys;
	struct buf charter;
	struct rng rng;
	uint8_t key[32];
	char code[16];
	enum es_err err = place_check(&p, s, why);

	if (err != ES_OK)
		return err;
	if (!s->name[0] || strlen(s->name) > RIGHTS_NAME_MAX || strlen(s->region) != 2 ||
	    strspn(s->region, "0123456789") != 2)
		return fail(why, ES_BAD_VALUE, "a name, and the region's two-digit INSEE code (53: Bretagne)", "init");
	buf_init(&charter, CHARTER_MAX);
	err = read_charter(&charter);
	if (err != ES_OK)
		fail(why, err, "the charter cannot be read", "charte.txt");
	if (err == ES_OK && (err = reference_load(reference_default_dir(), &ref)) != ES_OK)
		fail(why, err, "the reference tables cannot be read", reference_default_dir());
	rng_seed_system(&rng);
	draw_keys(&rng, &keys);
	region_code(s->region, code, sizeof code);
	if (err == ES_OK) {
		err = place_make(&p, ROLE_CRESS, code, s->region, &keys);
		rng_fill(&p.node->rng, key, sizeof key);
		if (err == ES_OK)
			err = found(&p, ref, buf_slice(&charter), key);
		if (err == ES_OK)
			err = place_finish(&p, &rng, &keys);
		if (err != ES_OK)
			place_undo(&p);
		else
			recovery_text(key, recovery);
	}
	if (err != ES_OK)
		fail(why, err, es_err_text(err), s->dir);
	crypto_wipe(key, sizeof key);
	crypto_wipe(&keys, sizeof keys);
	buf_done(&charter);
	if (ref)
		reference_free(ref);
	return err;
}

/* --- join: see setup_join.c for the conversation --- */

enum es_err setup_make_hub(const struct setup *s, const struct invite *invite, const struct join_offer *offer,
			   const char *region, struct rng *rng, struct buf *why);
enum es_err setup_make_hub(const struct setup *s, const struct invite *invite, const struct join_offer *offer,
			   const char *region, struct rng *rng, struct buf *why)
{
	struct place p;
	struct node_keys keys;
	char address[RIGHTS_ADDRESS_MAX + 8];
	enum es_err err = place_check(&p, s, why);

	if (err != ES_OK)
		return err;
	draw_keys(rng, &keys);
	snprintf(address, sizeof address, "%s:%u", invite->host, invite->port);
	err = place_make(&p, ROLE_HUB, offer->pays, region, &keys);
	if (err == ES_OK)
		err = place_logs(p.node, &invite->fed_id, NULL);
	if (err == ES_OK)
		err = journal_set(p.node->journal, "home", SLICE(invite->home.bytes, 32));
	if (err == ES_OK)
		err = journal_set(p.node->journal, "home_address", slice_str(address));
	if (err == ES_OK)
		err = journal_set(p.node->journal, "federation", slice_str(offer->federation));
	if (err == ES_OK)
		err = journal_set(p.node->journal, "join_secret", SLICE(invite->secret.bytes, 16));
	if (err == ES_OK)
		err = journal_set(p.node->journal, "join_charter", SLICE(offer->charter_digest.bytes, 32));
	if (err == ES_OK)
		err = place_finish(&p, rng, &keys);
	if (err != ES_OK) {
		place_undo(&p);
		fail(why, err, es_err_text(err), s->dir);
	}
	crypto_wipe(&keys, sizeof keys);
	return err;
}

/* --- without a daemon --- */

static enum es_err open_offline(const char *dir, struct reference **ref, struct node **n, struct buf *why)
{
	enum es_err err = reference_load(reference_default_dir(), ref);

	log_set_level((enum log_level)0); /* the command line says it, in one line */
	if (err != ES_OK)
		return fail(why, err, "the reference tables cannot be read", reference_default_dir());
	err = node_open(dir, *ref, n);
	if (err != ES_OK) {
		fail(why, err, es_err_text(err), dir);
		reference_free(*ref);
	}
	return err;
}

enum es_err setup_verify(const char *dir, struct buf *json, struct buf *why)
{
	struct reference *ref;
	struct node *n;
	enum es_err err = open_offline(dir, &ref, &n, why);

	if (err == ES_DAMAGED || err == ES_PAGE_DAMAGED) /* the control log itself */
		return verify_broken(dir, json, why);
	if (err != ES_OK)
		return err;
	n->utc = utc_now();
	err = verify_node(n, json);
	if (err != ES_OK)
		fail(why, err, es_err_text(err), dir);
	node_close(n);
	reference_free(ref);
	return err;
}

enum es_err setup_rebuild(const char *dir, struct buf *json, struct buf *why)
{
	char path[NODE_PATH_MAX + 32];
	struct reference *ref;
	struct directory *d = NULL;
	struct node *n;
	es_ms start = utc_now();
	enum es_err err = open_offline(dir, &ref, &n, why);

	if (err != ES_OK)
		return err;
	snprintf(path, sizeof path, "%s/directory.db", dir);
	err = directory_open(path, ref, &d);
	if (err == ES_OK)
		err = directory_reset(d);
	if (err == ES_PAGE_DAMAGED) { /* closing takes a damaged file away */
		directory_close(d);
		d = NULL;
		err = directory_open(path, ref, &d);
	}
	if (err == ES_OK)
		err = worker_project(n, d);
	if (err == ES_OK) {
		directory_idle(d);
		buf_printf(json, "{\"records\":%lld,\"ms\":%lld}", (long long)directory_records(d),
			   (long long)(utc_now() - start));
	}
	directory_close(d);
	if (err != ES_OK)
		fail(why, err, es_err_text(err), path);
	node_close(n);
	reference_free(ref);
	return err;
}
