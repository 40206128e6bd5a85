/* SPDX-License-Identifier: Apache-2.0
 *
 * backup, restore, evidence. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/output.h"
#include "daemon/cli/print.h"
#include "daemon/setup.h"

/* The daemon has another working directory. */
static bool absolute(const char *path, char *out, size_t size)
{
	char here[PATH_MAX];

	if (path[0] == '/')
		return snprintf(out, size, "%s", path) < (int)size;
	return getcwd(here, sizeof here) && snprintf(out, size, "%s/%s", here, path) < (int)size;
}

static const char *making; /* the path, for backup_here */

static enum es_err backup_here(const struct args *a, const char *dir, struct buf *json, struct buf *why)
{
	return setup_backup(dir, making, args_has(a, "with-key"), json, why);
}

static int make_backup(const struct args *a, const char *path)
{
	struct client c;
	int code = 0;

	if (!client_open(&c, a))
		return client_close(&c, 0);
	json_t *send = json_pack("{s:s, s:b}", "path", path, "with_key", (int)args_has(a, "with-key"));
	making = path;
	if (!send)
		code = print_fail(ES_USAGE, W_NOT_UTF8, "FILE");
	else if (command_ask_or_do(&c, "/backup", send, backup_here, &code) && !command_json(&c) && !a->quiet)
		word_print(stdout, args_has(a, "with-key") ? W_BACKED_UP_KEY : W_BACKED_UP, args_has(a, "keep") ? path : a->words[0]);
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
	char path[PATH_MAX + 256];

	if (!absolute(a->words[0], path, sizeof path))
		return print_fail(ES_USAGE, W_PATH_LONG, a->words[0]);
	return args_has(a, "keep") ? keep_backups(a, path) : make_backup(a, path);
}

int cmd_restore(const struct args *a)
{
	char dir[CLIENT_PATH_MAX];
	struct buf json, why;
	int code = 0;

	if (!client_data_dir(a, dir))
		return print_fail(ES_USAGE, W_PATH_LONG, "--data");
	if (crypto_start() != ES_OK)
		return print_fail_text(es_err_exit(ES_KEY_CHECK), es_err_text(ES_KEY_CHECK));
	buf_init(&json, 65536);
	buf_init(&why, 65536);
	enum es_err err = setup_restore(dir, a->words[0], args_get(a, "key"), args_get(a, "listen"), &json, &why);
	json_t *answer = json_loadb((const char *)json.p, json.len, 0, NULL);
	if (err != ES_OK)
		code = print_fail_text(es_err_exit(err), why.len ? buf_cstr(&why) : es_err_text(err));
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
