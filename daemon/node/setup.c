/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/setup.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "common/places.h"
#include "common/say.h"
#include "daemon/node/found.h"
#include "daemon/node/verify.h"
#include "daemon/service/conf.h"
#include "daemon/swarm/swarm.h"

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
};

static enum es_err check_addresses(struct place *p, struct buf *why)
{
	if (p->s->listen && !conf_address(p->s->listen, p->listen))
		return fail(why, ES_USAGE, _("expected HOST:PORT for --listen"), p->s->listen);
	if (p->s->advertise && !conf_address(p->s->advertise, p->advertise))
		return fail(why, ES_USAGE, _("expected HOST:PORT for --advertise"), p->s->advertise);
	if (p->advertise[0] && address_is_wildcard(p->advertise))
		return fail(why, ES_CONFIG, _("others cannot dial a wildcard; give --advertise HOST:PORT"), p->advertise);
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
		return fail(why, ES_USAGE, _("path too long"), "--data");
	snprintf(p->journal, sizeof p->journal, "%s/journal.db", s->dir);
	snprintf(p->conf, sizeof p->conf, "%s/essaim.conf", s->dir);
	snprintf(p->key, sizeof p->key, "%s/node.key", s->dir);
	if (stat(p->journal, &st) == 0 || stat(p->key, &st) == 0)
		return fail(why, ES_EXISTS, _("a node exists here already; choose another --data directory"), s->dir);
	return check_addresses(p, why);
}

static void place_undo(struct place *p)
{
	char path[NODE_PATH_MAX + 32];
	static const char *const parts[] = {"", "-wal", "-shm"};

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

/* The key file comes last: without it there is no node. */
static enum es_err place_finish(struct place *p, struct rng *key_rng, struct node_keys *keys)
{
	enum es_err err = ES_OK;

	if (p->s->listen || p->s->advertise)
		err = conf_write(p->conf, p->listen[0] ? p->listen : NULL, p->advertise[0] ? p->advertise : NULL);
	return err == ES_OK ? node_keys_create(p->s->dir, key_rng, keys) : err;
}

static enum es_err place_dir(struct place *p)
{
	umask(0077);
	p->made_dir = mkdir(p->s->dir, 0700) == 0;
	if (!p->made_dir && errno != EEXIST)
		return errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	return ES_OK;
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

enum es_err recovery_parse(struct slice text, uint8_t key[32])
{
	char flat[BASE32_LEN(32) + 1];
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (strchr("- \t\r\n", text.p[i]))
			continue;
		if (n == BASE32_LEN(32))
			return ES_MISTYPED;
		flat[n++] = (char)text.p[i];
	}
	bool good = n == BASE32_LEN(32) && base32_decode(flat, n, key, 32);
	crypto_wipe(flat, sizeof flat);
	return good ? ES_OK : ES_MISTYPED;
}

/* The federation, with a recovery key drawn for the paper and kept nowhere. */
static enum es_err found_region(const struct setup *s, struct place *p, const struct reference *ref, struct slice charter,
				char recovery[RECOVERY_TEXT_MAX])
{
	struct node_keys keys;
	struct rng rng, own;
	struct sign_public paper;
	struct sign_secret secret;
	struct hash fed;
	uint8_t key[32];
	char code[16];
	struct found f = {.dir = s->dir, .keys = &keys, .rng = &own, .utc = utc_now(), .name = s->name, .pays = code,
			  .region = s->region, .advertise = p->advertise};

	rng_seed_system(&rng);
	draw_keys(&rng, &keys);
	region_code(s->region, code, sizeof code);
	rng_seed_system(&own);
	rng_fill(&own, key, sizeof key);
	crypto_sign_keys(key, &paper, &secret);
	crypto_wipe(&secret, sizeof secret);
	enum es_err err = place_dir(p);
	if (err == ES_OK)
		err = found_cress(&f, ref, charter, &paper, &fed);
	if (err == ES_OK)
		err = place_finish(p, &rng, &keys);
	if (err != ES_OK)
		place_undo(p);
	else
		recovery_text(key, recovery);
	crypto_wipe(key, sizeof key);
	crypto_wipe(&keys, sizeof keys);
	return err;
}

enum es_err setup_cress(const struct setup *s, char recovery[RECOVERY_TEXT_MAX], struct buf *why)
{
	struct place p;
	struct reference *ref = NULL;
	struct buf charter;
	enum es_err err = place_check(&p, s, why);

	if (err != ES_OK)
		return err;
	if (!s->name[0] || strlen(s->name) > RIGHTS_NAME_MAX || strlen(s->region) != 2 ||
	    strspn(s->region, "0123456789") != 2)
		return fail(why, ES_BAD_VALUE, _("a name, and the region's two-digit INSEE code (53: Bretagne)"), "init");
	buf_init(&charter, CHARTER_MAX);
	err = read_charter(&charter);
	if (err != ES_OK)
		fail(why, err, _("the charter cannot be read"), "charte.txt");
	if (err == ES_OK && (err = reference_load(reference_default_dir(), &ref)) != ES_OK)
		fail(why, err, _("the reference tables cannot be read"), reference_default_dir());
	if (err == ES_OK)
		err = found_region(s, &p, ref, buf_slice(&charter), recovery);
	if (err != ES_OK)
		fail(why, err, _(es_err_text(err)), s->dir);
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
	struct rng own;
	struct found f = {.dir = s->dir, .keys = &keys, .rng = &own, .utc = utc_now(), .name = s->name, .pays = offer->pays,
			  .region = region, .advertise = p.advertise};
	struct found_home home = {.fed_id = invite->fed_id, .key = invite->home, .address = address,
				  .federation = offer->federation, .secret = invite->secret,
				  .charter = offer->charter_digest, .hub = offer->replaces,
				  .epoch = offer->epoch};
	rng_seed_system(&own);
	err = place_dir(&p);
	if (err == ES_OK)
		err = found_hub(&f, &home);
	if (err == ES_OK)
		err = place_finish(&p, rng, &keys);
	if (err != ES_OK) {
		place_undo(&p);
		fail(why, err, _(es_err_text(err)), s->dir);
	}
	crypto_wipe(&keys, sizeof keys);
	return err;
}

/* --- without a daemon --- */

enum es_err setup_open(const char *dir, struct reference **ref, struct node **n, struct buf *why)
{
	enum es_err err = reference_load(reference_default_dir(), ref);

	log_set_level((enum log_level)0); /* the command line says it, in one line */
	if (err != ES_OK)
		return fail(why, err, _("the reference tables cannot be read"), reference_default_dir());
	err = node_open(dir, *ref, n);
	if (err != ES_OK) {
		fail(why, err, _(es_err_text(err)), dir);
		reference_free(*ref);
	}
	return err;
}

enum es_err setup_verify(const char *dir, struct buf *json, struct buf *why)
{
	struct reference *ref;
	struct node *n;
	enum es_err err = setup_open(dir, &ref, &n, why);

	if (err == ES_DAMAGED || err == ES_PAGE_DAMAGED) /* the control log itself */
		return verify_broken(dir, json, why);
	if (err != ES_OK)
		return err;
	n->utc = utc_now();
	err = verify_node(n, json);
	if (err != ES_OK)
		fail(why, err, _(es_err_text(err)), dir);
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
	enum es_err err = setup_open(dir, &ref, &n, why);

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
		fail(why, err, _(es_err_text(err)), path);
	node_close(n);
	reference_free(ref);
	return err;
}
