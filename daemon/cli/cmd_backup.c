/* SPDX-License-Identifier: Apache-2.0
 *
 * backup, restore, evidence. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/say.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/here.h"
#include "daemon/cli/output.h"
#include "daemon/cli/print.h"
#include "daemon/node/setup.h"

/* Without a daemon the copy is made beside the journal, by the directory's owner. */
static enum es_err backup_here(const struct args *a, const char *dir, struct buf *json, struct buf *why)
{
	char path[CLIENT_PATH_MAX + 16];

	snprintf(path, sizeof path, "%s/.sauvegarde", dir);
	unlink(path); /* of a backup that was interrupted */
	return setup_backup(dir, path, args_has(a, "with-key"), json, why);
}

/* It goes into the file that its reader has opened. */
static bool fetch_here(struct client *c, const char *name, FILE *f, int *code)
{
	char dir[CLIENT_PATH_MAX], path[CLIENT_PATH_MAX + 16];
	FILE *made;
	bool good;
	int fd;

	if (!command_do_here(c, backup_here, code) || !client_data_dir(c->args, dir))
		return false;
	snprintf(path, sizeof path, "%s/.sauvegarde", dir);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC); /* the folder is not ours */
	made = fd < 0 ? NULL : fdopen(fd, "r");
	good = made && here_pour(made, f);
	if (!good)
		*code = print_fail_file(made ? name : path, errno);
	if (made)
		fclose(made);
	unlink(path);
	return good;
}

/* The daemon hears that its copy lies safe somewhere only when it does. */
static bool fetch(struct client *c, const char *name, FILE *f, int *code)
{
	int with_key = args_has(c->args, "with-key");

	if (!client_fetch(c, "/backup", json_pack("{s:b}", "with_key", with_key), f)) {
		if (!c->write_errno)
			return fetch_here(c, name, f, code);
		client_forgive(c);
		*code = print_fail_file(name, c->write_errno);
		return false;
	}
	if (fflush(f) != 0 || fsync(fileno(f)) != 0) {
		*code = print_fail_file(name, errno);
		return false;
	}
	return client_call(c, "POST", "/backup/kept", json_pack("{s:b}", "with_key", with_key));
}

/* A new file, that nobody else may read, or none at all. */
static int make_backup(const struct args *a, const char *path)
{
	int code = 0, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	struct client c;

	if (!f)
		return errno == EEXIST ? print_fail(ES_EXISTS, W_BACKUP_EXISTS, path) : print_fail_file(path, errno);
	bool good = client_open(&c, a) && fetch(&c, path, f, &code);
	if ((fsync(fd) != 0 || fclose(f) != 0) && good) {
		good = false;
		code = print_fail_file(path, errno);
	}
	if (!good)
		unlink(path);
	else if (!command_json(&c) && !a->quiet)
		word_print(stdout, args_has(a, "with-key") ? W_BACKED_UP_KEY : W_BACKED_UP, path);
	return client_close(&c, code);
}

/* --- a folder of dated ones: essaim-20261127T033000Z.db --- */

#define DATED "essaim-%Y%m%dT%H%M%SZ.db"
#define DATED_LEN 26

static int is_dated(const struct dirent *e)
{
	static const char shape[] = "essaim-00000000T000000Z.db";
	const char *name = e->d_name;

	for (size_t i = 0; i < DATED_LEN; i++)
		if (shape[i] == '0' ? name[i] < '0' || name[i] > '9' : name[i] != shape[i])
			return 0;
	return name[DATED_LEN] == 0;
}

/* Names in order are dates in order. What has another name is not ours. */
static int drop_old(const char *dir, int64_t keep)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_dated, alphasort), saved = n < 0 ? errno : 0;
	char path[PATH_MAX + 1024];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
		if (i < n - keep && saved == 0 && unlink(path) != 0)
			saved = errno;
		free(list[i]);
	}
	free(list);
	return saved == 0 ? 0 : print_fail_file(dir, saved);
}

static int keep_backups(const struct args *a, const char *dir)
{
	char path[PATH_MAX + 512], name[64];
	time_t now = time(NULL);
	struct tm utc;
	int64_t keep;

	if (!count_parse(args_get(a, "keep"), INT32_MAX, &keep))
		return print_fail(ES_USAGE, W_NOT_A_COUNT, "keep", args_get(a, "keep"));
	if (keep < 1)
		return print_fail(ES_USAGE, W_BACKUP_KEEP_NONE);
	if (args_has(a, "with-key"))
		return print_fail(ES_USAGE, W_BACKUP_KEEP_KEY);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return print_fail_file(dir, errno);
	strftime(name, sizeof name, DATED, gmtime_r(&now, &utc));
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int code = make_backup(a, path);
	return code != 0 ? code : drop_old(dir, keep);
}

int cmd_backup(const struct args *a)
{
	return args_has(a, "keep") ? keep_backups(a, a->words[0]) : make_backup(a, a->words[0]);
}

/* --- restore --- */

/* Files that root may read and the service's user not: lent to it while it restores. */
struct loan {
	const char *file; /* as the user named it */
	char path[CLIENT_PATH_MAX + 32];
};

static bool lend(struct loan *l, const char *file, const char *dir, const char *name)
{
	l->file = file;
	snprintf(l->path, sizeof l->path, "%s/%s", dir, name);
	return here_copy(file, l->path, dir);
}

/* A sentence about the copy is one about the file. */
static int fail_restore(enum es_err err, const char *why, const struct loan *loans)
{
	char said[4096];

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(loans[i].path);

		if (len == 0 || strncmp(why, loans[i].path, len) != 0)
			continue;
		snprintf(said, sizeof said, "%s%s", loans[i].file, why + len);
		return print_fail_text(es_err_exit(err), said);
	}
	return print_fail_text(es_err_exit(err), why[0] ? why : _(es_err_text(err)));
}

/* By root into another's directory, with copies of both files. False: said. */
static bool lend_both(struct loan loans[2], const struct args *a, const char *dir, int *code)
{
	const char *files[2] = {a->words[0], args_get(a, "key")}, *names[2] = {".prete", ".prete-cle"};
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
		return true;
	for (size_t i = 0; i < 2; i++)
		if (files[i] && !lend(&loans[i], files[i], dir, names[i])) {
			loans[i].path[0] = 0;
			*code = print_fail_file(files[i], errno);
			return false;
		}
	return true;
}

static int restore(const struct args *a, const char *dir, const struct loan *loans)
{
	const char *file = loans[0].path[0] ? loans[0].path : a->words[0];
	const char *key = loans[1].path[0] ? loans[1].path : args_get(a, "key");
	struct buf json, why;
	int code = 0;

	buf_init(&json, 65536);
	buf_init(&why, 65536);
	enum es_err err = setup_restore(dir, file, key, args_get(a, "listen"), &json, &why);
	json_t *answer = json_loadb((const char *)json.p, json.len, 0, NULL);
	if (err != ES_OK)
		code = fail_restore(err, why.len ? buf_cstr(&why) : "", loans);
	else if (a->json)
		puts(buf_cstr(&json));
	else if (!a->quiet)
		word_print(stdout, strcmp(fact_text(answer, "role"), "cress") == 0 ? W_RESTORED_CRESS : W_RESTORED_HUB,
			   fact_text(answer, "name"));
	json_decref(answer);
	buf_done(&json);
	buf_done(&why);
	return code;
}

int cmd_restore(const struct args *a)
{
	struct loan loans[2] = {0};
	char dir[CLIENT_PATH_MAX];
	int code = 0;

	if (!client_data_dir(a, dir))
		return print_fail(ES_USAGE, W_PATH_LONG, "--data");
	if (crypto_start() != ES_OK)
		return print_fail_text(es_err_exit(ES_KEY_CHECK), _(es_err_text(ES_KEY_CHECK)));
	if (lend_both(loans, a, dir, &code) && here_enter(dir, &code))
		code = restore(a, dir, loans);
	for (size_t i = 0; i < 2; i++)
		if (loans[i].path[0])
			unlink(loans[i].path);
	here_leave();
	if (code == 0)
		here_made(a, dir, false); /* one looks before a copy goes to work */
	return code;
}

/* --- evidence --- */

static void show_evidence(const json_t *answer)
{
	json_t *items = json_object_get(answer, "items"), *item;
	struct grid g;
	size_t i;

	if (json_array_size(items) == 0) {
		word_print(stderr, W_EVIDENCE_NONE);
		return;
	}
	grid_init(&g, 5);
	grid_head(&g, (const char *const[]){word(W_AUTHOR), word(W_LOG), "seq", "id", "id"});
	json_array_foreach(items, i, item)
	{
		grid_add(&g, fact_text(item, "author"));
		grid_add(&g, fact_text(item, "log"));
		grid_add_int(&g, fact_int(item, "seq"));
		grid_add(&g, fact_text(item, "id_a"));
		grid_add(&g, fact_text(item, "id_b"));
	}
	grid_print(&g, stdout);
}

static int write_evidence(const struct client *c, const char *path)
{
	struct output o;

	if (!output_open(&o, path))
		return print_fail_file(path, errno);
	fwrite(c->body.p, 1, c->body.len, o.file);
	fputc('\n', o.file);
	if (!output_done(&o))
		return print_fail_file(path, errno);
	if (!c->args->quiet)
		word_print(stderr, W_EVIDENCE_WRITTEN, (long long)fact_int(c->json, "total"), path);
	return 0;
}

static int check_evidence(const struct args *a, const char *path)
{
	json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, NULL), *items = json_object_get(file, "items"), *item;
	int64_t bad = 0, total = (int64_t)json_array_size(items);
	struct client c;
	size_t i;
	int code = 0;

	if (!json_is_array(items)) {
		json_decref(file);
		return print_fail(ES_BAD_VALUE, W_EVIDENCE_FILE, path);
	}
	if (!client_open(&c, a)) {
		json_decref(file);
		return client_close(&c, 0);
	}
	json_array_foreach(items, i, item)
	{
		if (!client_call(&c, "POST", "/evidence/check", json_incref(item)))
			break;
		bool ok = fact_true(c.json, "ok");
		bad += !ok;
		if (a->json)
			client_print(&c);
		else if (!a->quiet || !ok)
			printf("%s %s %lld: %s%s%s\n", fact_text(item, "author"), fact_text(item, "log"), (long long)fact_int(item, "seq"),
			       word(ok ? W_EVIDENCE_GOOD : W_EVIDENCE_BAD), ok ? "" : ": ", fact_text(c.json, "why"));
	}
	json_decref(file);
	if (bad > 0 && c.exit == 0)
		code = print_fail(ES_BAD_SIG, W_EVIDENCE_FAILED, (long long)bad, (long long)total);
	return client_close(&c, code);
}

int cmd_evidence(const struct args *a)
{
	struct client c;
	int code = 0;

	if (args_has(a, "check"))
		return check_evidence(a, args_get(a, "check"));
	if (client_open(&c, a) && client_call(&c, "GET", "/evidence", NULL)) {
		if (args_has(a, "output"))
			code = write_evidence(&c, args_get(a, "output"));
		else if (!command_json(&c))
			show_evidence(c.json);
	}
	return client_close(&c, code);
}
