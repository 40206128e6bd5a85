/* SPDX-License-Identifier: Apache-2.0
 *
 * search, and the searches that are kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

/* Options of search that are passed on as they are: the API's name, ours; switches
 * are "1" there. */
static const struct {
	const char *parameter, *option;
} passed[] = {
	{"kind", "kind"}, {"near", "near"}, {"within", "within"}, {"all", "all"},
#define FILTER(id, name, how, columns) {name, name},
#include "daemon/search/search_filters.def"
};

static bool number_valid(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	return *text && !*end && isfinite(n) && n >= 0;
}

/* The option of that name: a dash where the API has an underscore. */
static const char *option_value(const struct args *a, const char *name)
{
	char option[32];
	const char *value;

	snprintf(option, sizeof option, "%s", name);
	for (char *c = option; *c; c++)
		*c = *c == '_' ? '-' : *c;
	value = args_get(a, option);
	return value && !*value ? "1" : value;
}

static void add_text(const struct args *a, struct buf *path)
{
	struct buf text;

	buf_init(&text, 65536);
	for (size_t i = 0; i < a->word_count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", a->words[i]);
	if (text.len > 0)
		path_query(path, "text", buf_cstr(&text));
	buf_done(&text);
}

static int search_path(const struct args *a, struct buf *path)
{
	const char *within = args_get(a, "within");

	if (within && !args_has(a, "near"))
		return print_fail(ES_USAGE, W_WITHIN_ALONE);
	if (within && !number_valid(within))
		return print_fail(ES_USAGE, W_NOT_A_COUNT, "within", within);
	buf_str(path, "/search");
	add_text(a, path);
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		path_query(path, passed[i].parameter, option_value(a, passed[i].option));
	if (!strchr(buf_cstr(path), '?'))
		return print_fail(ES_USAGE, W_SEARCH_WHAT);
	return 0;
}

static void save(struct client *c, const struct args *a, const char *path)
{
	if (!client_call(c, "POST", "/searches",
			 json_pack("{s:s, s:s}", "titre", args_get(a, "save"), "critere", strchr(path, '?') + 1)))
		return;
	if (!command_json(c)) {
		print_line(stdout, fact_text(c->json, "uid"));
		putchar('\n');
	}
}

int cmd_search(const struct args *a)
{
	struct client c;
	struct buf path;
	int code;

	buf_init(&path, 1 << 20);
	code = search_path(a, &path);
	if (code == 0 && !args_has(a, "save") && (!command_count(a, "limit", &path) || !command_count(a, "offset", &path)))
		code = es_err_exit(ES_USAGE);
	if (code != 0) {
		buf_done(&path);
		return code;
	}
	if (client_open(&c, a)) {
		if (args_has(a, "save"))
			save(&c, a, buf_cstr(&path));
		else if (client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c))
			command_show_list(a, c.json, args_has(a, "near"));
	}
	buf_done(&path);
	return client_close(&c, code);
}

static const struct column search_columns[] = {
	{.word = W_NEW, .key = "nouveaux", .shape = COLUMN_INT, .right = true}, {.word = W_TITLE, .key = "titre"},
	{.word = W_ACTIVE, .key = "actif", .shape = COLUMN_FLAG, .yes = W_YES, .no = W_NO}, {.name = "uid", .key = "uid"},
	{.word = W_CRITERION, .key = "erreur", .second = "critere"}};

static void show_searches(const struct args *a, const json_t *answer)
{
	json_t *items = json_object_get(answer, "items");

	if (json_array_size(items) > 0)
		columns_print(stdout, items, COLUMNS(search_columns), "");
	else if (!a->quiet)
		word_print(stderr, W_SEARCHES_NONE);
}

static void show_new(const struct args *a, const json_t *answer)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(answer, "items"), i, item)
	{
		if (!fact_true(item, "actif") || fact_int(item, "nouveaux") == 0)
			continue;
		print_line(stdout, fact_text(item, "titre"));
		printf(" (%s)\n", fact_text(item, "uid"));
		command_show_list(a, json_object_get(item, "fiches"), false);
	}
}

static int mark_seen(const struct args *a)
{
	struct client c;

	if (strcmp(a->words[0], "seen") != 0 || a->word_count != 2)
		return print_fail(ES_USAGE, W_SEARCHES_HOW);
	if (client_open(&c, a) && client_call(&c, "POST", "/searches/seen", json_pack("{s:s}", "uid", a->words[1])) &&
	    !command_json(&c) && !a->quiet)
		word_print(stdout, W_SEARCHES_SEEN, (long long)fact_int(c.json, "vues"));
	return client_close(&c, 0);
}

int cmd_searches(const struct args *a)
{
	bool new = args_has(a, "new");
	struct client c;

	if (a->word_count > 0)
		return mark_seen(a);
	if (client_open(&c, a) && client_call(&c, "GET", new ? "/searches?new=1" : "/searches", NULL) && !command_json(&c)) {
		if (new)
			show_new(a, c.json);
		else
			show_searches(a, c.json);
	}
	return client_close(&c, 0);
}
