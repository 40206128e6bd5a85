/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/backup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "common/say.h"
#include "daemon/directory/sql.h"
#include "daemon/node/found.h"
#include "daemon/node/keyfile.h"
#include "daemon/node/setup.h"
#include "daemon/service/conf.h"

#define KEY_TEXT_MAX 4096

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum es_err fail(struct buf *why, enum es_err err, const char *where, const char *what)
{
	if (why->len == 0)
		buf_printf(why, "%s: %s", where, what);
	return err;
}

static enum es_err errno_err(void)
{
	return errno == ENOSPC ? ES_DISK_FULL : ES_IO;
}

/* --- making one --- */

static enum es_err put(sqlite3 *db, const char *name, struct slice value)
{
	sqlite3_stmt *st = NULL;
	enum es_err err = sql_err(sqlite3_prepare_v2(db, "INSERT INTO sauvegarde VALUES(?1, ?2)", -1, &st, NULL));

	if (err == ES_OK) {
		sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 2, (const char *)value.p, (int)value.len, SQLITE_STATIC);
		err = sql_err(sqlite3_step(st));
	}
	sqlite3_finalize(st);
	return err;
}

static enum es_err read_text(const char *path, char *out, size_t size, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, size);

	if (fd >= 0)
		close(fd);
	*len = got > 0 ? (size_t)got : 0;
	return got < 0 ? ES_IO : *len == size ? ES_TOO_LARGE : ES_OK;
}

static enum es_err put_key(sqlite3 *db, const char *dir)
{
	char path[NODE_PATH_MAX + 16], text[KEY_TEXT_MAX];
	size_t len = 0;

	keyfile_path(dir, path);
	enum es_err err = read_text(path, text, sizeof text, &len);
	if (err == ES_OK)
		err = put(db, "cle", SLICE(text, len));
	crypto_wipe(text, sizeof text);
	return err;
}

/* The few words about itself, into the copy. */
static enum es_err label(struct node *n, const char *path, bool with_key)
{
	sqlite3 *db = NULL;
	char iso[25];
	enum es_err err = sql_err(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL));

	stamp_text(stamp_at(n->utc), iso);
	if (err == ES_OK)
		err = sql_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL; BEGIN IMMEDIATE;"
				   "CREATE TABLE sauvegarde(nom TEXT PRIMARY KEY, valeur TEXT) WITHOUT ROWID;");
	if (err == ES_OK)
		err = put(db, "version", slice_str(ESSAIM_VERSION));
	if (err == ES_OK)
		err = put(db, "date", slice_str(iso));
	if (err == ES_OK && with_key)
		err = put_key(db, n->dir);
	if (err == ES_OK)
		err = sql_exec(db, "COMMIT");
	int rc = sqlite3_close(db);
	return err != ES_OK ? err : sql_err(rc);
}

static enum es_err reserve(const char *path, struct buf *why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return fail(why, ES_EXISTS, path, _("exists already; choose another name"));
	if (fd < 0) {
		enum es_err err = errno_err();

		return fail(why, err, path, _(strerror(errno)));
	}
	close(fd);
	return ES_OK;
}

static void sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!fsync(fd);
		close(fd);
	}
}

static void sync_parent(const char *path)
{
	char dir[NODE_PATH_MAX + 64];
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = 0;
	sync_path(slash ? dir : ".");
}

enum es_err backup_make(struct node *n, const char *path, bool with_key, struct buf *why)
{
	enum es_err err = reserve(path, why);

	if (err != ES_OK)
		return err;
	err = journal_copy(n->journal, path);
	if (err == ES_OK)
		err = label(n, path, with_key);
	if (err != ES_OK) {
		sql_unlink(path);
		unlink(path);
		return fail(why, err, path, _(es_err_text(err)));
	}
	sync_path(path);
	sync_parent(path);
	return ES_OK;
}

enum es_err backup_kept(struct node *n)
{
	uint8_t be[8];
	enum es_err err;

	be_write(be, (uint64_t)n->utc, 8);
	err = journal_begin(n->journal);
	if (err == ES_OK)
		err = journal_set(n->journal, "backup", SLICE(be, 8));
	return err == ES_OK ? journal_commit(n->journal) : err;
}

enum es_err setup_backup(const char *dir, const char *path, bool with_key, struct buf *json, struct buf *why)
{
	struct reference *ref;
	struct node *n;
	enum es_err err = setup_open(dir, &ref, &n, why);

	if (err != ES_OK)
		return err;
	n->utc = utc_now();
	err = backup_make(n, path, with_key, why);
	if (err == ES_OK)
		err = backup_kept(n);
	if (err == ES_OK)
		buf_printf(json, "{\"with_key\":%s}", with_key ? "true" : "false");
	node_close(n);
	reference_free(ref);
	return err;
}

/* --- making a node of one --- */

struct restoring {
	const char *dir, *file;
	struct buf *why;
	char temp[NODE_PATH_MAX + 32]; /* DIR/.restore, made and taken away */
	char copy[NODE_PATH_MAX + 64]; /* the journal in it... */
	char temp_key[NODE_PATH_MAX + 64]; /* ...and the key that the backup held */
	struct keyfile key;
	bool has_key, made_dir;
	char date[32];
};

static bool is_database(const char *path)
{
	char head[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, head, sizeof head);

	if (fd >= 0)
		close(fd);
	return got == sizeof head && memcmp(head, "SQLite format 3", 16) == 0;
}

static enum es_err copy_file(const char *from, const char *to)
{
	static char chunk[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t got = in < 0 || out < 0 ? -1 : 1;
	enum es_err err = ES_OK;

	while (got > 0 && err == ES_OK) {
		got = read(in, chunk, sizeof chunk);
		if (got > 0 && write(out, chunk, (size_t)got) != got)
			err = errno_err();
	}
	if (got < 0)
		err = ES_IO;
	if (out >= 0 && err == ES_OK && fsync(out) != 0)
		err = errno_err();
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return err;
}

static bool column(sqlite3 *db, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *st = NULL;
	bool good = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW;

	if (good)
		snprintf(out, size, "%s", sqlite3_column_text(st, 0) ? (const char *)sqlite3_column_text(st, 0) : "");
	sqlite3_finalize(st);
	return good;
}

static enum es_err key_from(struct restoring *r, const char *path)
{
	enum es_err err = keyfile_read(path, &r->key);

	r->has_key = err == ES_OK;
	if (err == ES_KEY_OPEN)
		return fail(r->why, err, path, _("the key file can be read by others: chmod 600, then again"));
	if (err == ES_CONFIG)
		return fail(r->why, ES_BAD_VALUE, path, _("is neither a backup of essaim nor a key file"));
	return err == ES_OK ? err : fail(r->why, err == ES_NO_NODE ? ES_IO : err, path, _("the key file cannot be read"));
}

static enum es_err key_from_text(struct restoring *r, const char *text)
{
	int fd = open(r->temp_key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	size_t len = strlen(text);
	bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return good ? key_from(r, r->temp_key) : fail(r->why, errno_err(), r->temp, _(strerror(errno)));
}

/* The copy without what makes it a backup: pages of the key are wiped. */
static enum es_err unlabel(struct restoring *r)
{
	char word[64] = "", text[KEY_TEXT_MAX] = "";
	sqlite3 *db = NULL;
	enum es_err err = sql_err(sqlite3_open_v2(r->copy, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL));

	if (err == ES_OK && (!column(db, "PRAGMA integrity_check", word, sizeof word) || strcmp(word, "ok") != 0))
		err = fail(r->why, ES_PAGE_DAMAGED, r->file, _("the file is damaged; take another backup"));
	else if (err == ES_OK && !column(db, "SELECT valeur FROM sauvegarde WHERE nom='version'", word, sizeof word))
		err = fail(r->why, ES_BAD_VALUE, r->file, _("is no backup of essaim"));
	if (err == ES_OK)
		(void)column(db, "SELECT valeur FROM sauvegarde WHERE nom='date'", r->date, sizeof r->date);
	if (err == ES_OK && !r->has_key && column(db, "SELECT valeur FROM sauvegarde WHERE nom='cle'", text, sizeof text))
		err = key_from_text(r, text);
	crypto_wipe(text, sizeof text);
	if (err == ES_OK)
		err = sql_exec(db, "PRAGMA secure_delete=ON; PRAGMA journal_mode=DELETE; DROP TABLE sauvegarde");
	int rc = sqlite3_close(db);
	if (err == ES_OK)
		err = sql_err(rc);
	return err == ES_OK ? err : fail(r->why, err, r->file, _(es_err_text(err)));
}

static enum es_err make_copy_a_node(struct restoring *r)
{
	struct reference *ref = NULL;
	struct node *n = NULL;
	struct node_keys keys = {0};
	struct rng rng;
	enum es_err err = reference_load(reference_default_dir(), &ref);

	rng_seed_system(&rng);
	keys_from_seeds(r->key.seeds, &keys);
	keys.epoch = r->key.epoch;
	if (err == ES_OK)
		err = node_open_keys(r->temp, &keys, ref, &rng, &n);
	if (err == ES_OK) {
		n->utc = utc_now();
		err = journal_begin(n->journal);
	}
	if (err == ES_OK)
		err = node_restored(n);
	if (err == ES_OK)
		err = journal_commit(n->journal);
	if (err == ES_OK) { /* what the copy says of itself goes into the key file too */
		r->key.has_facts = true;
		r->key.fed_id = n->rights.fed_id;
		r->key.hub = n->hub;
		r->key.role = n->role;
		snprintf(r->key.name, sizeof r->key.name, "%s", n->name);
		snprintf(r->key.pays, sizeof r->key.pays, "%s", n->pays);
		snprintf(r->key.region, sizeof r->key.region, "%s", n->region);
		r->key.home = n->home;
		snprintf(r->key.address, sizeof r->key.address, "%s", n->home_address);
	}
	node_close(n);
	crypto_wipe(&keys, sizeof keys);
	crypto_wipe(&rng, sizeof rng);
	if (ref)
		reference_free(ref);
	return err == ES_OK ? err : fail(r->why, err, r->file, _(es_err_text(err)));
}

static enum es_err from_backup(struct restoring *r)
{
	enum es_err err = copy_file(r->file, r->copy);

	if (err != ES_OK)
		return fail(r->why, err, r->file, _(es_err_text(err)));
	err = unlabel(r);
	if (err == ES_OK && !r->has_key)
		err = fail(r->why, ES_CONFIG, r->file, _("holds no key; give the node's key file: --key FILE"));
	return err == ES_OK ? make_copy_a_node(r) : err;
}

/* Nothing but the key: an empty journal, to be filled by home or the members. */
static enum es_err from_key(struct restoring *r)
{
	const struct keyfile *k = &r->key;
	struct node_keys keys = {0};
	struct rng rng;
	enum es_err err;

	if (!k->has_facts)
		return fail(r->why, ES_BAD_VALUE, r->file, _("this key file is too old to say what node it was; restore a backup with --key"));
	keys_from_seeds(k->seeds, &keys);
	keys.epoch = k->epoch;
	rng_seed_system(&rng);
	struct found f = {.dir = r->temp, .keys = &keys, .rng = &rng, .utc = utc_now(), .name = k->name, .pays = k->pays,
			  .region = k->region, .advertise = k->listen};
	struct found_home home = {.fed_id = k->fed_id, .key = k->home, .address = k->address, .hub = k->hub};
	err = k->role == ROLE_CRESS ? found_cress_again(&f, &k->fed_id, &k->hub) : found_hub(&f, &home);
	crypto_wipe(&keys, sizeof keys);
	return err == ES_OK ? err : fail(r->why, err, r->file, _(es_err_text(err)));
}

/* The key first: a journal without it would be no node, and say that one exists. */
static enum es_err move_in(struct restoring *r, const char *listen)
{
	char path[NODE_PATH_MAX + 32], address[RIGHTS_ADDRESS_MAX + 1] = "";
	enum es_err err = ES_OK;

	snprintf(path, sizeof path, "%s/essaim.conf", r->dir);
	if (listen && !conf_address(listen, address))
		return fail(r->why, ES_USAGE, listen, _("expected HOST:PORT for --listen"));
	if (!listen)
		snprintf(address, sizeof address, "%s", r->key.listen);
	if (address[0] && (listen || access(path, F_OK) != 0))
		err = conf_write(path, address, NULL);
	if (address[0])
		snprintf(r->key.listen, sizeof r->key.listen, "%s", address);
	keyfile_path(r->dir, path);
	if (err == ES_OK)
		err = keyfile_write(path, &r->key);
	snprintf(path, sizeof path, "%s/directory.db", r->dir); /* of the node that was; made again */
	sql_unlink(path);
	snprintf(path, sizeof path, "%s/journal.db", r->dir);
	if (err == ES_OK && rename(r->copy, path) != 0)
		err = errno_err();
	sync_parent(path);
	return err == ES_OK ? err : fail(r->why, err, r->dir, _(es_err_text(err)));
}

static enum es_err prepare(struct restoring *r)
{
	char path[NODE_PATH_MAX + 32];
	struct stat st;

	if (strlen(r->dir) >= NODE_PATH_MAX)
		return fail(r->why, ES_USAGE, "--data", _("path too long"));
	snprintf(path, sizeof path, "%s/journal.db", r->dir);
	if (stat(path, &st) == 0)
		return fail(r->why, ES_EXISTS, r->dir, _("a node exists here already; restore into another --data directory"));
	umask(0077);
	r->made_dir = mkdir(r->dir, 0700) == 0;
	if (!r->made_dir && errno != EEXIST)
		return fail(r->why, errno_err(), r->dir, _(strerror(errno)));
	snprintf(r->temp, sizeof r->temp, "%s/.restore", r->dir);
	snprintf(r->copy, sizeof r->copy, "%s/journal.db", r->temp);
	snprintf(r->temp_key, sizeof r->temp_key, "%s/node.key", r->temp);
	sql_unlink(r->copy); /* of a restore that was interrupted */
	unlink(r->temp_key);
	if (mkdir(r->temp, 0700) != 0 && errno != EEXIST)
		return fail(r->why, errno_err(), r->temp, _(strerror(errno)));
	return ES_OK;
}

static void tidy(struct restoring *r, bool done)
{
	if (!r->temp[0])
		return;
	sql_unlink(r->copy);
	unlink(r->temp_key);
	rmdir(r->temp);
	if (!done && r->made_dir)
		rmdir(r->dir);
	keyfile_wipe(&r->key);
}

/* A key that lies here is not written over by another. */
static enum es_err keep_key(struct restoring *r, const char *here)
{
	struct keyfile k;
	enum es_err err = keyfile_read(here, &k);
	bool same = err == ES_NO_NODE || (err == ES_OK && memcmp(k.seeds, r->key.seeds, sizeof k.seeds) == 0);

	keyfile_wipe(&k);
	return same || !r->has_key ? ES_OK : fail(r->why, ES_EXISTS, here, _("another node's key lies here; choose another --data directory"));
}

enum es_err setup_restore(const char *dir, const char *file, const char *key, const char *listen, struct buf *json,
			   struct buf *why)
{
	struct restoring r = {.dir = dir, .file = file, .why = why};
	char here[NODE_PATH_MAX + 16];
	enum es_err err = access(file, R_OK) == 0 ? ES_OK : fail(why, ES_IO, file, _(strerror(errno)));

	log_set_level((enum log_level)0); /* the command line says it, in one line */
	if (err == ES_OK)
		err = prepare(&r);
	keyfile_path(dir, here);
	bool backup = err == ES_OK && is_database(file);
	if (err == ES_OK && (key || !backup))
		err = key_from(&r, key ? key : file);
	else if (err == ES_OK && access(here, F_OK) == 0)
		err = key_from(&r, here);
	if (err == ES_OK)
		err = keep_key(&r, here);
	if (err == ES_OK)
		err = backup ? from_backup(&r) : from_key(&r);
	if (err == ES_OK)
		err = move_in(&r, listen);
	if (err == ES_OK) {
		buf_printf(json, "{\"role\":\"%s\",\"name\":", r.key.role == ROLE_CRESS ? "cress" : "hub");
		json_quote(slice_str(r.key.name), json);
		buf_printf(json, ",\"from\":\"%s\",\"date\":\"%s\",\"listen\":", backup ? "backup" : "key", r.date);
		json_quote(slice_str(r.key.listen), json);
		buf_str(json, "}");
	}
	tidy(&r, err == ES_OK);
	return err;
}
