/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal seen from outside: verify, rebuild, tail. The first two do
 * without a daemon. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/say.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/here.h"
#include "daemon/cli/print.h"
#include "daemon/node/setup.h"

#define FOLLOW_MS 300
#define TAIL_DEFAULT "20"
#define TAIL_PAGE "500"

bool command_do_here(struct client *c, command_here *here, int *code)
{
	char dir[CLIENT_PATH_MAX];
	struct buf why;

	if (!c->unreachable || args_has(c->args, "as") || (args_has(c->args, "socket") && !args_has(c->args, "data")))
		return false;
	client_forgive(c);
	if (!client_data_dir(c->args, dir)) {
		*code = print_fail(ES_USAGE, W_PATH_LONG, "--data");
		return false;
	}
	if (!here_enter(dir, code))
		return false;
	buf_init(&why, 65536);
	buf_clear(&c->body);
	enum es_err err = crypto_start();
	if (err == ES_OK)
		err = here(c->args, dir, &c->body, &why);
	here_leave();
	c->json = json_loadb((const char *)c->body.p, c->body.len, 0, NULL);
	/* ES_DAMAGED with a JSON is an answer, not a failure to answer. */
	if (!c->json || (err != ES_OK && err != ES_DAMAGED))
		*code = print_fail_text(err == ES_OK ? es_err_exit(ES_IO) : es_err_exit(err),
					why.len ? buf_cstr(&why) : _(es_err_text(err)));
	buf_done(&why);
	return *code == 0;
}

bool command_ask_or_do(struct client *c, const char *path, json_t *send, command_here *here, int *code)
{
	return client_call(c, "POST", path, send) || command_do_here(c, here, code);
}

static enum es_err verify_here(const struct args *a, const char *dir, struct buf *json, struct buf *why)
{
	(void)a;
	return setup_verify(dir, json, why);
}

static enum es_err rebuild_here(const struct args *a, const char *dir, struct buf *json, struct buf *why)
{
	(void)a;
	return setup_rebuild(dir, json, why);
}

static void show_problems(const json_t *answer)
{
	json_t *problems = json_object_get(answer, "problems"), *p;
	size_t i;

	json_array_foreach(problems, i, p)
	{
		printf("%s ", word(W_LOG));
		print_line(stdout, fact_shown(json_object_get(p, "log")));
		fputs(" seq ", stdout);
		print_line(stdout, fact_shown(json_object_get(p, "seq")));
		fputs(": ", stdout);
		print_line(stdout, fact_shown(json_object_get(p, "what")));
		putchar('\n');
	}
}

/* What rebuild mends is no reason to restore a backup. */
static bool only_directory(const json_t *answer)
{
	const json_t *list = json_object_get(answer, "problems");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(fact_shown(json_object_get(json_array_get(list, i), "log")), "directory.db") != 0)
			return false;
	return json_array_size(list) > 0;
}

int cmd_verify(const struct args *a)
{
	struct client c;
	int code = 0;

	if (!client_open(&c, a) || !command_ask_or_do(&c, "/verify", NULL, verify_here, &code))
		return client_close(&c, code);
	code = fact_true(c.json, "ok") ? 0 : 1;
	if (!command_json(&c)) {
		show_problems(c.json);
		if (code == 0)
			word_print(stdout, W_VERIFIED, (long long)fact_int(c.json, "commits"),
				   (long long)fact_int(c.json, "changes"));
	}
	if (code != 0)
		print_fail(ES_DAMAGED, only_directory(c.json) ? W_VERIFY_DIRECTORY : W_VERIFY_FAILED);
	return client_close(&c, code);
}

int cmd_rebuild(const struct args *a)
{
	struct client c;
	int code = 0;

	if (client_open(&c, a) && command_ask_or_do(&c, "/rebuild", NULL, rebuild_here, &code) && !command_json(&c))
		word_print(stdout, W_REBUILT, (long long)fact_int(c.json, "records"),
			   (long long)fact_int(c.json, "ms"));
	return client_close(&c, code);
}

static void add_fields(struct buf *b, const json_t *fields)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)fields, name, value)
	{
		buf_printf(b, " %s=", name);
		fact_write(b, value);
	}
}

static void add_answer(struct buf *b, const json_t *fields)
{
	buf_printf(b, " %s", word(fact_true(fields, "accepted") ? W_SAYS_YES : W_SAYS_NO));
	if (*fact_text(fields, "why"))
		buf_printf(b, ", %s %s", word(W_SAYS_WHY), fact_text(fields, "why"));
}

static void print_change(const json_t *item)
{
	struct buf b;
	const char *log = *fact_text(item, "scope") ? fact_text(item, "scope") : fact_text(item, "log");

	buf_init(&b, 1 << 24);
	fact_write(&b, json_object_get(item, "edited"));
	buf_printf(&b, " %s/%s ", fact_text(item, "author"), log);
	fact_write(&b, json_object_get(item, "op"));
	buf_printf(&b, " %s %s", fact_text(item, "kind"), fact_text(item, "uid"));
	if (strcmp(fact_text(item, "op"), "answer") == 0)
		add_answer(&b, json_object_get(item, "fields"));
	else
		add_fields(&b, json_object_get(item, "fields"));
	print_line(stdout, buf_cstr(&b));
	putchar('\n');
	buf_done(&b);
}

static void print_object(const json_t *item)
{
	char *text = json_dumps(item, JSON_COMPACT | JSON_REAL_PRECISION(10));

	puts(text ? text : "{}");
	free(text);
}

/* Returns how many there were. */
static size_t print_changes(const struct client *c)
{
	json_t *items = json_object_get(c->json, "items"), *item;
	size_t i;

	json_array_foreach(items, i, item)
	{
		if (c->args->json)
			print_object(item);
		else
			print_change(item);
	}
	return json_array_size(items);
}

static bool ask_tail(struct client *c, const char *after, const char *limit)
{
	struct buf path;
	bool ok;

	buf_init(&path, 4096);
	buf_str(&path, "/tail");
	path_query(&path, "after", after);
	path_query(&path, "limit", limit);
	ok = client_call(c, "GET", buf_cstr(&path), NULL);
	buf_done(&path);
	return ok;
}

static void follow(struct client *c)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
	char after[24];

	for (;;) {
		size_t n = print_changes(c);

		if (fflush(stdout) != 0)
			return;
		snprintf(after, sizeof after, "%lld", (long long)fact_int(c->json, "last"));
		if (n == 0)
			nanosleep(&pause, NULL);
		if (!ask_tail(c, after, TAIL_PAGE))
			return;
	}
}

int cmd_tail(const struct args *a)
{
	const char *limit = args_has(a, "limit") ? args_get(a, "limit") : TAIL_DEFAULT;
	int64_t n;
	struct client c;

	if (!count_parse(limit, INT32_MAX, &n))
		return print_fail(ES_USAGE, W_NOT_A_COUNT, "limit", limit);
	if (client_open(&c, a) && ask_tail(&c, NULL, limit)) {
		if (args_has(a, "follow"))
			follow(&c);
		else
			print_changes(&c);
	}
	return client_close(&c, 0);
}
