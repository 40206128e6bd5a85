/* SPDX-License-Identifier: Apache-2.0
 *
 * account, audit: who may sign in on the page, and what was done. Accounts can be made
 * before the daemon runs: it does not start beyond loopback without one. */
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/say.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"
#include "daemon/node/node.h"
#include "daemon/node/setup.h"
#include "daemon/web/accounts.h"

#define PASSWORD_ROOM (ACCOUNT_PASSWORD_MAX + 3)

/* --- the password --- */

static bool read_line(char *out)
{
	if (!fgets(out, PASSWORD_ROOM, stdin))
		return false;
	out[strcspn(out, "\r\n")] = 0;
	return true;
}

/* Nothing of it is shown. */
static bool ask(enum word_id question, const char *name, char *out)
{
	struct termios before, silent;
	bool there;

	word_print(stderr, question, name);
	fflush(stderr);
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return read_line(out);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	there = read_line(out);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return there;
}

/* On a terminal twice; else the first line of the input. 0, or the exit code, said. */
static int get_password(const char *name, char out[PASSWORD_ROOM])
{
	char again[PASSWORD_ROOM];
	bool same;

	if (!isatty(STDIN_FILENO))
		return read_line(out) ? 0 : print_fail(ES_BAD_VALUE, W_ACCOUNT_NO_PASSWORD);
	if (!ask(W_ACCOUNT_ASK, name, out) || !ask(W_ACCOUNT_AGAIN, name, again))
		return print_fail(ES_BAD_VALUE, W_ACCOUNT_NO_PASSWORD);
	same = strcmp(out, again) == 0;
	crypto_wipe(again, sizeof again);
	return same ? 0 : print_fail(ES_BAD_VALUE, W_ACCOUNT_DIFFER);
}

/* --- without a daemon --- */

static char typed[PASSWORD_ROOM]; /* for the callback, which has no context */

static enum es_err is_cress(const char *dir, bool *out, struct buf *why)
{
	struct reference *ref;
	struct node *n;
	enum es_err err = setup_open(dir, &ref, &n, why);

	if (err != ES_OK)
		return err;
	*out = n->role == ROLE_CRESS;
	node_close(n);
	reference_free(ref);
	return ES_OK;
}

static enum es_err put_here(const char *dir, struct accounts *all, struct account *one, struct buf *json, struct buf *why)
{
	enum es_err err = account_check_password(typed, why);

	if (err == ES_OK)
		err = account_hash(typed, one->hash);
	if (err == ES_OK)
		err = accounts_put(all, one);
	if (err == ES_OK)
		err = accounts_save(dir, all);
	buf_printf(json, "{\"name\":\"%s\",\"role\":\"%s\"}", one->name, one->role->name);
	return err;
}

static enum es_err add_to(const struct args *a, const char *dir, struct accounts *all, struct buf *json, struct buf *why)
{
	struct account one = {.since = (es_ms)time(NULL) * 1000, .role = role_named(args_get(a, "role"))};
	bool cress;
	enum es_err err = is_cress(dir, &cress, why);

	if (err == ES_OK)
		err = account_check(a->words[1], args_get(a, "role"), cress, why);
	if (err != ES_OK)
		return err;
	if (accounts_named(all, a->words[1])) {
		buf_printf(why, _("%s has an account already; 'essaim account password' changes its password"), a->words[1]);
		return ES_EXISTS;
	}
	snprintf(one.name, sizeof one.name, "%s", a->words[1]);
	return put_here(dir, all, &one, json, why);
}

static enum es_err change_in(const struct args *a, const char *dir, struct accounts *all, struct buf *json, struct buf *why)
{
	struct account *there = accounts_named(all, a->words[1]), one;

	if (!there) {
		buf_printf(why, _("%.40s: no such account; 'essaim account list' shows them"), a->words[1]);
		return ES_NOT_FOUND;
	}
	one = *there;
	if (strcmp(a->words[0], "password") == 0)
		return put_here(dir, all, &one, json, why);
	accounts_remove(all, one.name);
	buf_printf(json, "{\"name\":\"%s\",\"role\":\"%s\"}", one.name, one.role->name);
	return accounts_save(dir, all);
}

static enum es_err here(const struct args *a, const char *dir, struct buf *json, struct buf *why)
{
	struct accounts all = {0};
	enum es_err err = accounts_load(dir, &all, why);

	if (err == ES_OK && strcmp(a->words[0], "add") == 0)
		err = add_to(a, dir, &all, json, why);
	else if (err == ES_OK)
		err = change_in(a, dir, &all, json, why);
	accounts_free(&all);
	return err;
}

/* --- verbs --- */

static int list(const struct args *a)
{
	json_t *items, *item;
	struct client c;
	struct grid g;
	size_t i;

	if (!client_open(&c, a) || !client_call(&c, "GET", "/accounts", NULL) || command_json(&c))
		return client_close(&c, 0);
	items = json_object_get(c.json, "items");
	if (json_array_size(items) == 0) {
		word_print(stdout, W_ACCOUNT_NONE);
		return client_close(&c, 0);
	}
	grid_init(&g, 4);
	g.right = 1 << 3;
	grid_head(&g, (const char *const[]){word(W_NAME), word(W_ROLE), word(W_ACCOUNT_SINCE), word(W_ACCOUNT_SESSIONS)});
	json_array_foreach(items, i, item)
	{
		char day[11];

		snprintf(day, sizeof day, "%.10s", fact_text(item, "since"));
		grid_add(&g, fact_text(item, "name"));
		grid_add(&g, fact_text(item, "role"));
		grid_add(&g, day);
		grid_add_int(&g, fact_int(item, "sessions"));
	}
	grid_print(&g, stdout);
	return client_close(&c, 0);
}

/* Takes `send`. */
static int change(const struct args *a, const char *path, json_t *send, enum word_id said)
{
	struct client c;
	int code = 0;

	if (!client_open(&c, a))
		json_decref(send);
	else if (command_ask_or_do(&c, path, send, here, &code) && !command_json(&c) && !a->quiet)
		word_print(stdout, said, fact_text(c.json, "name"), fact_text(c.json, "role"));
	crypto_wipe(typed, sizeof typed);
	return client_close(&c, code);
}

static int add(const struct args *a)
{
	const char *role = args_get(a, "role");
	json_t *send;
	int code;

	if (!role)
		return print_fail(ES_USAGE, W_OPTION_MISSING, "account add", "role");
	code = get_password(a->words[1], typed);
	if (code != 0)
		return code;
	send = json_pack("{s:s, s:s, s:s}", "name", a->words[1], "role", role, "password", typed);
	return send ? change(a, "/accounts", send, W_ACCOUNT_ADDED) : print_fail(ES_BAD_VALUE, W_NOT_UTF8, "password");
}

static int change_one(const struct args *a, json_t *send, enum word_id said)
{
	struct buf path;
	int code;

	buf_init(&path, 1024);
	buf_str(&path, "/accounts/");
	path_part(&path, a->words[1]);
	code = change(a, buf_cstr(&path), send, said);
	buf_done(&path);
	return code;
}

static int set_password(const struct args *a)
{
	int code = get_password(a->words[1], typed);
	json_t *send;

	if (code != 0)
		return code;
	send = json_pack("{s:s}", "password", typed);
	return send ? change_one(a, send, W_ACCOUNT_CHANGED) : print_fail(ES_BAD_VALUE, W_NOT_UTF8, "password");
}

static int remove_one(const struct args *a)
{
	return change_one(a, json_pack("{s:b}", "remove", 1), W_ACCOUNT_REMOVED);
}

int cmd_account(const struct args *a)
{
	static const struct {
		const char *name;
		size_t words; /* itself included */
		int (*run)(const struct args *a);
	} verbs[] = {{"list", 1, list}, {"add", 2, add}, {"password", 2, set_password}, {"remove", 2, remove_one}};

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(a->words[0], verbs[i].name) == 0 && a->word_count == verbs[i].words)
			return verbs[i].run(a);
	return print_fail(ES_USAGE, W_ACCOUNT_HOW);
}

/* --- audit --- */

int cmd_audit(const struct args *a)
{
	json_t *items, *item;
	struct client c;
	struct buf path;
	struct grid g;
	size_t i;

	buf_init(&path, 256);
	buf_str(&path, "/audit");
	if (!command_count(a, "limit", &path))
		return es_err_exit(ES_USAGE);
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c)) {
		items = json_object_get(c.json, "items");
		grid_init(&g, 7);
		grid_head(&g, (const char *const[]){word(W_WHEN), word(W_AUDIT_WHO), word(W_ROLE), word(W_AUDIT_FROM), word(W_WHAT),
						    word(W_AUDIT_RECORD), word(W_AUDIT_CODE)});
		json_array_foreach(items, i, item)
		{
			static const char *const cells[] = {"who", "role", "from", "what", "uid", "code"};
			char at[21];

			snprintf(at, sizeof at, "%.19sZ", fact_text(item, "at"));
			grid_add(&g, at);
			for (size_t n = 0; n < sizeof cells / sizeof *cells; n++)
				grid_add(&g, fact_text(item, cells[n]));
		}
		grid_print(&g, stdout);
	}
	buf_done(&path);
	return client_close(&c, 0);
}
