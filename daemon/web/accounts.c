/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/web/accounts.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_pwhash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/crypto.h"
#include "common/say.h"

#define FILE_MAX (ACCOUNTS_MAX * 256)

static void accounts_path(const char *dir, const char *suffix, char *out, size_t size)
{
	snprintf(out, size, "%.4000s/accounts%s", dir, suffix);
}

/* --- the list --- */

struct account *accounts_named(const struct accounts *a, const char *name)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].name, name) == 0)
			return &a->list[i];
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

enum es_err accounts_put(struct accounts *a, const struct account *one)
{
	struct account *there = accounts_named(a, one->name), *more;

	if (there) {
		*there = *one;
		return ES_OK;
	}
	if (a->count == ACCOUNTS_MAX)
		return ES_TOO_LARGE;
	more = realloc(a->list, (a->count + 1) * sizeof *more);
	if (!more)
		return ES_NOMEM;
	a->list = more;
	a->list[a->count++] = *one;
	qsort(a->list, a->count, sizeof *a->list, compare);
	return ES_OK;
}

bool accounts_remove(struct accounts *a, const char *name)
{
	struct account *one = accounts_named(a, name);

	if (!one)
		return false;
	a->count--;
	memmove(one, one + 1, (size_t)(a->list + a->count - one) * sizeof *one);
	return true;
}

void accounts_free(struct accounts *a)
{
	free(a->list);
	*a = (struct accounts){0};
}

/* --- the file --- */

static bool name_good(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= ACCOUNT_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool take_line(const char *line, struct account *out)
{
	char role[32];
	long long since;

	if (sscanf(line, "%32s %31s %lld %127s", out->name, role, &since, out->hash) != 4)
		return false;
	out->since = since;
	out->role = role_named(role);
	return name_good(out->name) && out->role && strncmp(out->hash, "$argon2id$", 10) == 0;
}

static enum es_err take_file(FILE *f, const char *path, struct accounts *out, struct buf *why)
{
	char line[512];
	enum es_err err = ES_OK;

	for (int n = 1; err == ES_OK && fgets(line, sizeof line, f); n++) {
		struct account one = {0};

		err = take_line(line, &one) ? accounts_put(out, &one) : ES_CONFIG;
		if (err != ES_OK)
			buf_printf(why, _("%s:%d: not an account; remove the line and make the account again"), path, n);
	}
	crypto_wipe(line, sizeof line);
	return err;
}

enum es_err accounts_load(const char *dir, struct accounts *out, struct buf *why)
{
	struct accounts read = {0};
	char path[4096];
	struct stat st;
	enum es_err err;

	accounts_path(dir, "", path, sizeof path);
	FILE *f = fopen(path, "re");
	if (!f && errno == ENOENT) {
		*out = read;
		return ES_OK;
	}
	if (!f || fstat(fileno(f), &st) != 0) {
		buf_printf(why, "%s: %s", path, _(strerror(errno)));
		if (f)
			fclose(f);
		return ES_CONFIG;
	}
	err = st.st_mode & 0077 ? ES_KEY_OPEN : ES_OK;
	if (err != ES_OK)
		buf_printf(why, _("%s: others can read it; chmod 600"), path);
	else
		err = take_file(f, path, &read, why);
	fclose(f);
	if (err == ES_OK)
		*out = read;
	else
		accounts_free(&read);
	return err;
}

/* Root may add an account to a node that another user runs. */
static bool give_to_owner(int fd, const char *dir)
{
	struct stat st;

	return geteuid() != 0 || (stat(dir, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0);
}

static enum es_err write_whole(const char *dir, struct slice text)
{
	char path[4096], beside[4096 + 8];

	accounts_path(dir, "", path, sizeof path);
	accounts_path(dir, ".new", beside, sizeof beside);
	unlink(beside);
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	bool good = give_to_owner(fd, dir) && write(fd, text.p, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	int error = errno;
	close(fd);
	if (good && rename(beside, path) == 0)
		return ES_OK;
	unlink(beside);
	return error == ENOSPC ? ES_DISK_FULL : ES_IO;
}

enum es_err accounts_save(const char *dir, const struct accounts *a)
{
	struct buf text;
	enum es_err err;

	buf_init(&text, FILE_MAX);
	for (size_t i = 0; i < a->count; i++)
		buf_printf(&text, "%s %s %lld %s\n", a->list[i].name, a->list[i].role->name, (long long)a->list[i].since,
			   a->list[i].hash);
	err = buf_err(&text);
	if (err == ES_OK)
		err = write_whole(dir, buf_slice(&text));
	buf_done(&text);
	return err;
}

/* --- names and passwords --- */

enum es_err account_check(const char *name, const char *role, bool cress, struct buf *why)
{
	const struct role_row *row = role_named(role);

	if (!name_good(name)) {
		buf_printf(why, _("an account's name is 1 to %d of a-z 0-9 . _ -"), ACCOUNT_NAME_MAX);
		return ES_BAD_VALUE;
	}
	if (!row) {
		buf_printf(why, _("%.60s: unknown role; known: "), role);
		role_names(why);
		return ES_BAD_VALUE;
	}
	if (!(row->node & (cress ? NODE_CRESS : NODE_HUB))) {
		buf_printf(why, cress ? _("%s is no role of a CRESS's node") : _("%s is no role of a hub's node"), row->name);
		return ES_BAD_VALUE;
	}
	return ES_OK;
}

enum es_err account_check_password(const char *password, struct buf *why)
{
	size_t len = strlen(password), characters = 0;

	for (size_t i = 0; i < len; i++)
		characters += ((unsigned char)password[i] & 0xc0) != 0x80;
	if (characters >= ACCOUNT_PASSWORD_MIN && len <= ACCOUNT_PASSWORD_MAX && utf8_valid((const uint8_t *)password, len))
		return ES_OK;
	buf_printf(why, _("a password has %d characters or more, %d bytes at most; four words do well"), ACCOUNT_PASSWORD_MIN,
		   ACCOUNT_PASSWORD_MAX);
	return ES_BAD_VALUE;
}

enum es_err account_hash(const char *password, char out[ACCOUNT_HASH_MAX])
{
	_Static_assert(crypto_pwhash_STRBYTES <= ACCOUNT_HASH_MAX, "a hash fits");

	return crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
				 crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0 ? ES_OK : ES_NOMEM;
}

bool account_matches(const char *hash, const char *password)
{
	char spent[ACCOUNT_HASH_MAX];

	enum es_err err;

	if (hash[0])
		return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
	err = account_hash(password, spent); /* for the time it takes */
	(void)err;
	return false;
}
