/* SPDX-License-Identifier: Apache-2.0
 *
 * What officers decide: members, keys, charter, territory, forks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto.h"
#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

#define TEXT_MAX 65536

int command_confirm(const struct args *a, enum word_id warning, const char *what)
{
	char line[256] = "";

	if (args_has(a, "yes"))
		return 0;
	if (!isatty(STDIN_FILENO))
		return print_fail(ES_USAGE, W_CONFIRM_NO_TERMINAL, commands[a->command].name);
	word_print(stderr, W_CONFIRM_ASK, word(warning), what);
	fflush(stderr);
	if (!fgets(line, sizeof line, stdin))
		line[0] = 0;
	line[strcspn(line, "\r\n")] = 0;
	return strcmp(line, what) == 0 ? 0 : print_fail(ES_USAGE, W_CONFIRM_NOT, what);
}

/* --- members --- */

int cmd_suspend(const struct args *a)
{
	return command_decide(a, "/suspend", json_pack("{s:s}", "hub", a->words[0]), W_SUSPENDED);
}

int cmd_resume(const struct args *a)
{
	return command_decide(a, "/resume", json_pack("{s:s}", "hub", a->words[0]), W_RESUMED);
}

int cmd_revoke(const struct args *a)
{
	int code = command_confirm(a, W_REVOKE_WARN, a->words[0]);

	return code ? code : command_decide(a, "/revoke", json_pack("{s:s}", "hub", a->words[0]), W_REVOKED);
}

int cmd_quota(const struct args *a)
{
	return command_decide(a, "/quota", json_pack("{s:s, s:s}", "hub", a->words[0], "bytes", a->words[1]), W_QUOTA_SET);
}

/* --- keys --- */

int cmd_rotate_key(const struct args *a)
{
	struct client c;

	if (!client_open(&c, a) ||
	    !client_call(&c, "POST", "/rotate", a->word_count ? json_pack("{s:s}", "hub", a->words[0]) : json_object()) ||
	    command_json(&c))
		return client_close(&c, 0);
	if (a->word_count > 0)
		command_show_code(&c, W_REPLACE_NOTE);
	else if (!a->quiet)
		word_print(stdout, strcmp(fact_text(c.json, "state"), "asked") == 0 ? W_ROTATED_ASKED : W_ROTATED_ENTERED,
			   fact_text(c.json, "fingerprint"));
	return client_close(&c, 0);
}

/* The first lines of a file, joined: what is on paper may have been broken anywhere. */
static int read_key(const struct args *a, char *out, size_t size)
{
	const char *path = args_get(a, "key");
	FILE *f = path ? fopen(path, "re") : stdin;

	if (!f)
		return print_fail_file(path, errno);
	if (!path && isatty(STDIN_FILENO)) {
		fputs(word(W_RECOVER_ASK), stderr);
		fflush(stderr);
		if (!fgets(out, (int)size, stdin))
			out[0] = 0;
	} else {
		out[fread(out, 1, size - 1, f)] = 0;
	}
	if (path)
		fclose(f);
	return 0;
}

int cmd_recover(const struct args *a)
{
	const char *last_good = args_get(a, "last-good");
	char key[512] = "";
	struct client c;
	json_t *send;
	int64_t seq = 0;
	int code = 0;

	if (last_good && (!count_parse(last_good, INT64_MAX, &seq) || seq == 0))
		return print_fail(ES_USAGE, W_NOT_A_COUNT, "last-good", last_good);
	/* The key on stdin leaves no terminal to ask on: having it is the confirmation. */
	if (isatty(STDIN_FILENO))
		code = command_confirm(a, W_RECOVER_WARN, "recover");
	if (code == 0)
		code = read_key(a, key, sizeof key);
	if (code != 0)
		return code;
	send = json_pack("{s:s#}", "key", key, strlen(key));
	crypto_wipe(key, sizeof key);
	if (!send)
		return print_fail(ES_MISTYPED, W_MISTYPED);
	if (last_good)
		json_object_set_new(send, "last_good", json_integer(seq));
	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", "/recover", send) && !command_json(&c) && !a->quiet)
		word_print(stdout, W_RECOVERED, fact_text(c.json, "fingerprint"));
	return client_close(&c, 0);
}

/* --- charter, territory --- */

static const struct column charter_columns[] = {
	{.key = "name"}, {.key = "accepted", .shape = COLUMN_FLAG, .yes = W_CHARTER_ACCEPTED, .no = W_CHARTER_WAITS}};

static void show_charter(const json_t *answer)
{
	word_print(stdout, W_CHARTER_STATE, fact_text(answer, "digest"),
		   word(fact_true(answer, "mandatory") ? W_CHARTER_MANDATORY : W_CHARTER_OPTIONAL));
	print_text(stdout, fact_text(answer, "text"));
	fputs("\n\n", stdout);
	columns_print(stdout, json_object_get(answer, "hubs"), COLUMNS(charter_columns), "");
}

/* A small file as a text; NULL: said, and in *code. */
static json_t *text_of_file(const char *path, int *code)
{
	static char text[TEXT_MAX];
	FILE *f = fopen(path, "re");

	if (!f) {
		*code = print_fail_file(path, errno);
		return NULL;
	}
	size_t len = fread(text, 1, sizeof text, f);
	bool bad = ferror(f) != 0;
	fclose(f);
	json_t *out = bad ? NULL : json_stringn(text, len);
	if (!out)
		*code = bad ? print_fail_file(path, EIO) : print_fail(ES_BAD_VALUE, W_NOT_UTF8, path);
	return out;
}

static int publish_charter(const struct args *a)
{
	const char *version = args_get(a, "version");
	struct client c;
	json_t *send, *text;
	int code = 0;

	if (!version)
		return print_fail(ES_USAGE, W_OPTION_MISSING, "charter", "version");
	text = text_of_file(a->words[1], &code);
	if (!text)
		return code;
	send = json_pack("{s:s, s:o, s:b}", "version", version, "text", text, "mandatory", (int)args_has(a, "mandatory"));
	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", "/charter", send) && !command_json(&c) && !a->quiet)
		word_print(stdout, W_CHARTER_PUBLISHED, fact_text(c.json, "digest"));
	return client_close(&c, 0);
}

static void write_partnerships(struct buf *cell, const json_t *item, const char *key)
{
	json_t *p;
	size_t i;

	json_array_foreach(json_object_get(item, key), i, p)
		buf_printf(cell, "%s%s (%s)", i ? ", " : "", fact_text(p, "uid"), fact_text(p, "etat"));
}

static const struct column renewal_columns[] = {{.word = W_NAME, .key = "nom"}, {.word = W_VERSION, .key = "version"},
						{.word = W_OWNER, .key = "owner"}, {.name = "uid", .key = "uid"},
						{.word = W_PARTNERSHIPS, .key = "partenariats", .write = write_partnerships}};

static int list_renewals(const struct args *a)
{
	struct client c;

	if (!client_open(&c, a) || !client_call(&c, "GET", "/charter/renewals", NULL) || command_json(&c))
		return client_close(&c, 0);
	if (json_array_size(json_object_get(c.json, "items")) > 0) {
		word_print(stdout, W_RENEWALS, fact_text(c.json, "version"));
		columns_print(stdout, json_object_get(c.json, "items"), COLUMNS(renewal_columns), "");
	} else if (!a->quiet) {
		word_print(stderr, W_RENEWALS_NONE);
	}
	return client_close(&c, 0);
}

int cmd_charter(const struct args *a)
{
	struct client c;

	if (strcmp(a->words[0], "publish") == 0 && a->word_count == 2)
		return publish_charter(a);
	if (strcmp(a->words[0], "renewals") == 0 && a->word_count == 1)
		return list_renewals(a);
	if (a->word_count != 1 || (strcmp(a->words[0], "show") != 0 && strcmp(a->words[0], "accept") != 0))
		return print_fail(ES_USAGE, W_CHARTER_HOW);
	bool accept = strcmp(a->words[0], "accept") == 0;
	if (client_open(&c, a) && client_call(&c, accept ? "POST" : "GET", accept ? "/charter/accept" : "/charter", NULL) &&
	    !command_json(&c)) {
		if (!accept)
			show_charter(c.json);
		else if (!a->quiet)
			word_print(stdout, W_CHARTER_DONE);
	}
	return client_close(&c, 0);
}

/* What `territory add` sends; NULL: said, and in *code. */
static json_t *new_territory(const struct args *a, int *code)
{
	const char *path = args_get(a, "communes"), *name = args_get(a, "name");
	json_t *text = path ? text_of_file(path, code) : json_stringn("", 0);

	if (!text)
		return NULL;
	return json_pack("{s:s, s:s, s:b, s:o}", "code", a->words[1], "name", name ? name : "", "shared", (int)args_has(a, "shared"),
			 "communes", text);
}

static const struct column territory_columns[] = {{.key = "code"}, {.key = "name"}};

int cmd_territory(const struct args *a)
{
	bool add = a->word_count == 2 && strcmp(a->words[0], "add") == 0;
	json_t *items, *send = NULL;
	struct client c;
	int code = 0;

	if (a->word_count > 0 && !add)
		return print_fail(ES_USAGE, W_TERRITORY_HOW);
	if (add && !(send = new_territory(a, &code)))
		return code;
	if (!client_open(&c, a)) {
		json_decref(send);
		return client_close(&c, 0);
	}
	if (!client_call(&c, add ? "POST" : "GET", "/territory", send) || command_json(&c))
		return client_close(&c, 0);
	items = add ? json_pack("[O]", c.json) : json_incref(json_object_get(c.json, "items"));
	columns_print(stdout, items, COLUMNS(territory_columns), "");
	json_decref(items);
	return client_close(&c, 0);
}

/* --- the journal --- */

static int decide_log(const struct args *a, const char *path, json_t *send, enum word_id said)
{
	struct client c;

	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", path, send) && !command_json(&c) && !a->quiet)
		word_print(stdout, said);
	return client_close(&c, 0);
}

int cmd_void(const struct args *a)
{
	int64_t seq;
	int code;

	if (!count_parse(a->words[1], UINT32_MAX, &seq) || seq == 0)
		return print_fail(ES_USAGE, W_NOT_A_SEQ, a->words[1]);
	code = command_confirm(a, W_VOID_WARN, a->words[0]);
	return code ? code : decide_log(a, "/void", json_pack("{s:s, s:I}", "log", a->words[0], "seq", (json_int_t)seq), W_VOIDED);
}

int cmd_resolve(const struct args *a)
{
	bool alone = args_has(a, "alone");
	int code;

	if (alone == (a->word_count == 1))
		return print_fail(ES_USAGE, W_RESOLVE_HOW);
	code = command_confirm(a, W_RESOLVE_WARN, alone ? "alone" : a->words[0]);
	if (code != 0)
		return code;
	return decide_log(a, "/resolve", alone ? json_pack("{s:b}", "alone", 1) : json_pack("{s:s}", "log", a->words[0]), W_RESOLVED);
}

int cmd_checkpoint(const struct args *a)
{
	return decide_log(a, "/checkpoint", NULL, W_CHECKPOINTED);
}
