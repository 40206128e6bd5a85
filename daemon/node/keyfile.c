/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/keyfile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 4096

void keyfile_path(const char *dir, char out[NODE_PATH_MAX + 16])
{
	snprintf(out, NODE_PATH_MAX + 16, "%s/node.key", dir);
}

void keyfile_wipe(struct keyfile *k)
{
	crypto_wipe(k, sizeof *k);
}

void keys_from_seeds(const uint8_t seeds[64], struct node_keys *out)
{
	memset(out, 0, sizeof *out); /* no epoch known yet, no former key */
	crypto_sign_keys(seeds, &out->sign, &out->sign_secret);
	crypto_dh_keys(seeds + 32, &out->dh, &out->dh_secret);
}

/* --- reading --- */

static bool take_hex(const char *text, void *out, size_t n)
{
	return strlen(text) == 2 * n && hex_decode(text, 2 * n, out, n);
}

static bool take_text(const char *text, char *out, size_t size)
{
	return snprintf(out, size, "%s", text) < (int)size;
}

static bool take_line(struct keyfile *k, char *line, bool first)
{
	char *value = strchr(line, ' ');

	if (first)
		return take_hex(line, k->seeds, 64);
	if (!value)
		return line[0] == 0;
	*value++ = 0;
	if (strcmp(line, "suivante") == 0)
		return k->has_next = take_hex(value, k->next, 64);
	if (strcmp(line, "ancienne") == 0)
		return k->has_former = take_hex(value, k->former, 32);
	if (strcmp(line, "epoque") == 0)
		k->epoch = (uint32_t)strtoul(value, NULL, 10);
	if (strcmp(line, "federation") == 0)
		return k->has_facts = take_hex(value, k->fed_id.bytes, 32);
	if (strcmp(line, "pole") == 0)
		return take_hex(value, k->hub.bytes, 16);
	if (strcmp(line, "role") == 0)
		k->role = strcmp(value, "cress") == 0 ? ROLE_CRESS : ROLE_HUB;
	if (strcmp(line, "nom") == 0)
		return take_text(value, k->name, sizeof k->name);
	if (strcmp(line, "pays") == 0)
		return take_text(value, k->pays, sizeof k->pays);
	if (strcmp(line, "region") == 0)
		return take_text(value, k->region, sizeof k->region);
	if (strcmp(line, "home") == 0)
		return take_hex(value, k->home.bytes, 32);
	if (strcmp(line, "adresse") == 0)
		return take_text(value, k->address, sizeof k->address);
	if (strcmp(line, "ecoute") == 0)
		return take_text(value, k->listen, sizeof k->listen);
	return true; /* of a later version */
}

static enum es_err parse(char *text, struct keyfile *k)
{
	bool first = true;

	for (char *line = text, *end; *line; line = end, first = false) {
		end = strchrnul(line, '\n');
		if (*end)
			*end++ = 0;
		if (!take_line(k, line, first))
			return ES_CONFIG;
	}
	return first ? ES_CONFIG : ES_OK;
}

enum es_err keyfile_read(const char *path, struct keyfile *out)
{
	char text[FILE_MAX + 1];
	struct stat st;

	memset(out, 0, sizeof *out);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ES_NO_NODE : ES_IO;
	ssize_t got = read(fd, text, FILE_MAX);
	bool open_to_others = fstat(fd, &st) != 0 || (st.st_mode & 077) != 0;
	close(fd);
	if (open_to_others)
		return ES_KEY_OPEN;
	text[got > 0 ? got : 0] = 0;
	enum es_err err = parse(text, out);
	crypto_wipe(text, sizeof text);
	return err;
}

/* --- writing --- */

static void put_hex(struct buf *b, const char *name, const void *p, size_t n)
{
	char hex[129];

	hex_encode(p, n, hex);
	buf_printf(b, "%s%s%s\n", name, name[0] ? " " : "", hex);
	crypto_wipe(hex, sizeof hex);
}

static void put_text(struct buf *b, const char *name, const char *text)
{
	if (!text[0])
		return;
	buf_printf(b, "%s ", name);
	for (; *text; text++) /* a name with a line's end writes no line of its own */
		buf_printf(b, "%c", (unsigned char)*text < 0x20 ? ' ' : *text);
	buf_str(b, "\n");
}

static void write_text(const struct keyfile *k, struct buf *b)
{
	put_hex(b, "", k->seeds, 64);
	if (k->has_next)
		put_hex(b, "suivante", k->next, 64);
	if (k->has_former)
		put_hex(b, "ancienne", k->former, 32);
	if (k->epoch)
		buf_printf(b, "epoque %u\n", k->epoch);
	if (!k->has_facts)
		return;
	put_hex(b, "federation", k->fed_id.bytes, 32);
	put_hex(b, "pole", k->hub.bytes, 16);
	put_text(b, "role", k->role == ROLE_CRESS ? "cress" : "hub");
	put_text(b, "nom", k->name);
	put_text(b, "pays", k->pays);
	put_text(b, "region", k->region);
	if (k->role != ROLE_CRESS) {
		put_hex(b, "home", k->home.bytes, 32);
		put_text(b, "adresse", k->address);
	}
	put_text(b, "ecoute", k->listen);
}

static void sync_dir(const char *path)
{
	char dir[NODE_PATH_MAX + 16];
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = 0;
	int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!fsync(fd);
		close(fd);
	}
}

enum es_err keyfile_write(const char *path, const struct keyfile *k)
{
	char temp[NODE_PATH_MAX + 32], memory[FILE_MAX];
	struct buf b;

	snprintf(temp, sizeof temp, "%s.new", path);
	buf_init_fixed(&b, memory, sizeof memory);
	write_text(k, &b);
	if (buf_err(&b) != ES_OK)
		return ES_TOO_LARGE;
	unlink(temp);
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	bool good = write(fd, b.p, b.len) == (ssize_t)b.len && fsync(fd) == 0;
	int why = errno;
	close(fd);
	crypto_wipe(memory, sizeof memory);
	good = good && rename(temp, path) == 0;
	if (!good) {
		unlink(temp);
		return why == ENOSPC ? ES_DISK_FULL : ES_IO;
	}
	sync_dir(path);
	return ES_OK;
}

/* --- the node's own --- */

enum es_err node_keys_create(const char *dir, struct rng *rng, struct node_keys *out)
{
	char path[NODE_PATH_MAX + 16];
	struct keyfile k = {.has_facts = false};
	struct stat st;

	keyfile_path(dir, path);
	if (stat(path, &st) == 0)
		return ES_EXISTS;
	rng_fill(rng, k.seeds, sizeof k.seeds);
	keys_from_seeds(k.seeds, out);
	enum es_err err = keyfile_write(path, &k);
	keyfile_wipe(&k);
	return err;
}

static void keys_of(const struct keyfile *k, struct node_keys *out)
{
	struct dh_public unused;

	keys_from_seeds(k->seeds, out);
	out->has_former = k->has_former;
	out->epoch = k->epoch;
	if (k->has_former)
		crypto_dh_keys(k->former, &unused, &out->former_dh);
}

enum es_err node_keys_load(const char *dir, struct node_keys *out)
{
	char path[NODE_PATH_MAX + 16];
	struct keyfile k;
	enum es_err err;

	memset(out, 0, sizeof *out);
	keyfile_path(dir, path);
	err = keyfile_read(path, &k);
	if (err == ES_OK)
		keys_of(&k, out);
	keyfile_wipe(&k);
	return err;
}

enum es_err node_keys_load_next(const char *dir, struct node_keys *out, bool *has)
{
	char path[NODE_PATH_MAX + 16];
	struct keyfile k;
	enum es_err err;

	memset(out, 0, sizeof *out);
	keyfile_path(dir, path);
	err = keyfile_read(path, &k);
	*has = err == ES_OK && k.has_next;
	if (*has)
		keys_from_seeds(k.next, out);
	keyfile_wipe(&k);
	return err;
}

enum es_err node_keys_draw_next(const char *dir, struct rng *rng, struct node_keys *out)
{
	char path[NODE_PATH_MAX + 16];
	struct keyfile k;
	enum es_err err;

	keyfile_path(dir, path);
	err = keyfile_read(path, &k);
	if (err == ES_OK && !k.has_next) { /* asked twice: the same ones */
		rng_fill(rng, k.next, sizeof k.next);
		k.has_next = true;
		err = keyfile_write(path, &k);
	}
	memset(out, 0, sizeof *out);
	if (err == ES_OK)
		keys_from_seeds(k.next, out);
	keyfile_wipe(&k);
	return err;
}

/* Keys that no member ever heard of leave the former one as it was. */
static bool is_former_still(const struct keyfile *k, const struct dh_secret *former)
{
	struct dh_public unused;
	struct dh_secret had;

	if (!former || !k->has_former)
		return false;
	crypto_dh_keys(k->former, &unused, &had);
	bool same = memcmp(had.bytes, former->bytes, sizeof had.bytes) == 0;
	crypto_wipe(&had, sizeof had);
	return same;
}

enum es_err node_keys_take_next(const char *dir, uint32_t epoch, const struct dh_secret *former, struct node_keys *out)
{
	char path[NODE_PATH_MAX + 16];
	struct keyfile k;
	enum es_err err;

	keyfile_path(dir, path);
	err = keyfile_read(path, &k);
	if (err == ES_OK && k.has_next) {
		if (!is_former_still(&k, former))
			memcpy(k.former, k.seeds + 32, 32);
		k.has_former = true;
		memcpy(k.seeds, k.next, 64);
		k.has_next = false;
		k.epoch = epoch;
		err = keyfile_write(path, &k);
	}
	if (err == ES_OK)
		keys_of(&k, out);
	keyfile_wipe(&k);
	return err;
}

enum es_err keyfile_note(const struct node *n, const char *listen)
{
	char path[NODE_PATH_MAX + 16];
	struct keyfile k, before;
	enum es_err err;

	keyfile_path(n->dir, path);
	err = keyfile_read(path, &k);
	if (err != ES_OK)
		return err;
	before = k;
	k.has_facts = true;
	if (n->keys.epoch)
		k.epoch = n->keys.epoch;
	k.fed_id = n->rights.fed_id;
	k.hub = n->hub;
	k.role = n->role;
	snprintf(k.name, sizeof k.name, "%s", n->name);
	snprintf(k.pays, sizeof k.pays, "%s", n->pays);
	snprintf(k.region, sizeof k.region, "%s", n->region);
	k.home = n->home;
	snprintf(k.address, sizeof k.address, "%s", n->home_address);
	snprintf(k.listen, sizeof k.listen, "%s", listen ? listen : "");
	err = memcmp(&k, &before, sizeof k) == 0 ? ES_OK : keyfile_write(path, &k);
	keyfile_wipe(&k);
	keyfile_wipe(&before);
	return err;
}
