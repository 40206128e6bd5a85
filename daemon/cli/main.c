/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim, the command line: reads the table, says help, calls the handler. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/roles.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"
#include "daemon/export/export.h"
#include "daemon/service/language.h"

#ifndef ESSAIM_VERSION
#define ESSAIM_VERSION "0.1.0"
#endif

static int (*const handlers[])(const struct args *) = {
#define COMMAND(name, ...) cmd_##name,
#define OPTION(...)
#include "daemon/cli/commands.def"
#undef COMMAND
#undef OPTION
};

static void help_options(enum command_id command)
{
	struct grid g;

	grid_init(&g, 2);
	g.indent = "  ";
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct command_option *o = &command_options[i];
		char left[64];

		if (o->command != command)
			continue;
		snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		grid_add(&g, left);
		grid_add(&g, word_pick(o->fr, o->en));
	}
	if (g.count > 0)
		printf("\n%s\n", word(command == COMMAND_all ? W_HELP_GLOBAL : W_HELP_OPTIONS));
	grid_print(&g, stdout);
}

static void help_formats(void)
{
	struct grid g;

	grid_init(&g, 2);
	g.indent = "  ";
	for (size_t i = 0; i < export_format_count; i++) {
		grid_add(&g, export_formats[i].name);
		grid_add(&g, word_pick(export_formats[i].fr, export_formats[i].en));
	}
	printf("\n%s\n", word(W_HELP_FORMATS));
	grid_print(&g, stdout);
}

static int help_command(enum command_id id)
{
	const struct command *c = &commands[id];

	printf("%s essaim %s%s%s\n\n%s\n", word(W_HELP_USAGE), c->name, *c->words ? " " : "", c->words,
	       word_pick(c->fr, c->en));
	if (id == COMMAND_export)
		help_formats();
	help_options(id);
	help_options(COMMAND_all);
	return 0;
}

/* The commands from `first` up to `end`. */
static void help_group(size_t first, size_t end)
{
	struct grid g;

	grid_init(&g, 2);
	g.indent = "  ";
	for (size_t i = first; i < end; i++) {
		char left[64];

		snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].words);
		grid_add(&g, left);
		grid_add(&g, word_pick(commands[i].fr, commands[i].en));
	}
	grid_print(&g, stdout);
}

static int help_all(void)
{
	static_assert(COMMAND_init == 0, "the first group begins with the first command");
	printf("%s essaim [OPTION...] %s\n", word(W_HELP_USAGE), word(W_HELP_SYNOPSIS));
	for (size_t i = 0; i < command_group_count; i++) {
		printf("\n%s\n", word_pick(command_groups[i].fr, command_groups[i].en));
		help_group(command_groups[i].first, i + 1 < command_group_count ? command_groups[i + 1].first : COMMAND_COUNT);
	}
	help_options(COMMAND_all);
	printf("\n%s\n", word(W_HELP_MORE));
	return 0;
}

int cmd_help(const struct args *a)
{
	if (a->word_count == 0)
		return help_all();
	enum command_id id = command_named(a->words[0]);
	const char *near = command_suggest(a->words[0]);

	if (id != COMMAND_all)
		return help_command(id);
	if (near)
		return print_fail(ES_USAGE, W_COMMAND_NEAR, a->words[0], near);
	return print_fail(ES_USAGE, W_COMMAND_UNKNOWN, a->words[0]);
}

int cmd_version(const struct args *a)
{
	if (a->json)
		printf("{\"version\":\"%s\"}\n", ESSAIM_VERSION);
	else
		printf("essaim %s\n", ESSAIM_VERSION);
	if (a->version > 1)
		printf("C %ld, %s, %s, jansson %s\n", (long)__STDC_VERSION__, __VERSION__, curl_version(),
		       jansson_version_str());
	return 0;
}

static const char *role_cell_word(const char *cell)
{
	static const struct {
		const char *cell;
		enum word_id word;
	} words[] = {{"yes", W_CELL_YES}, {"own", W_CELL_OWN}, {"outside", W_CELL_OUTSIDE}, {"logged", W_CELL_LOGGED},
		     {"cosign", W_CELL_COSIGN}, {"shown", W_CELL_SHOWN}};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].cell, cell) == 0)
			return word(words[i].word);
	return "-";
}

/* A dash where the role may not; the rest by the table's own words. */
int cmd_roles(const struct args *a)
{
	json_t *list, *actions, *item, *role;
	struct client c;
	struct grid g;
	size_t i, n;

	if (!client_open(&c, a) || !client_call(&c, "GET", "/roles", NULL) || command_json(&c))
		return client_close(&c, 0);
	list = json_object_get(c.json, "roles");
	actions = json_object_get(c.json, "actions");
	grid_init(&g, json_array_size(list) + 1);
	grid_add(&g, "");
	json_array_foreach(list, i, role)
	{
		char head[96];

		snprintf(head, sizeof head, "%s%s", fact_text(role, "role"), fact_true(role, "here") ? "" : " *");
		grid_add(&g, head);
	}
	json_array_foreach(actions, i, item)
	{
		grid_add(&g, fact_text(item, word_pick("fr", "en")));
		json_array_foreach(list, n, role)
			grid_add(&g, role_cell_word(fact_text(item, fact_text(role, "role"))));
	}
	grid_print(&g, stdout);
	word_print(stdout, W_ROLES_NOTE, fact_text(c.json, "default"));
	return client_close(&c, 0);
}

bool command_count(const struct args *a, const char *option, struct buf *path)
{
	const char *value = args_get(a, option);
	int64_t n;

	if (value && !count_parse(value, INT32_MAX, &n)) {
		print_fail(ES_USAGE, W_NOT_A_COUNT, option, value);
		return false;
	}
	path_query(path, option, value);
	return true;
}

void command_names(const json_t *names, enum word_id head)
{
	struct buf b;

	if (json_array_size(names) == 0)
		return;
	buf_init(&b, 1 << 20);
	fact_join(&b, names);
	printf("%s ", word(head));
	print_line(stdout, buf_cstr(&b));
	putchar('\n');
	buf_done(&b);
}

bool command_json(const struct client *c)
{
	if (c->args->json)
		client_print(c);
	return c->args->json;
}

/* --as: the daemon holds a request to the role; what is done without a daemon is held here. */
static int check_role(const struct args *a)
{
	static const enum command_id alone[] = {COMMAND_init, COMMAND_join, COMMAND_restore};
	const char *name = args_get(a, "as");
	const struct role_row *role = name ? role_named(name) : NULL;
	char names[256];
	struct buf known;

	if (name && !role) {
		buf_init_fixed(&known, names, sizeof names - 1);
		role_names(&known);
		names[known.len] = 0;
		return print_fail(ES_USAGE, W_ROLE_UNKNOWN, name, names);
	}
	for (size_t i = 0; role && i < sizeof alone / sizeof *alone; i++)
		if (a->command == alone[i] && !role_may(role, ACTION_GOVERN, false))
			return print_fail(ES_NOT_ALLOWED, W_ROLE_ADMIN, name, commands[a->command].name);
	return 0;
}

static int dispatch(const struct args *a)
{
	int code;

	if (a->help)
		return a->command == COMMAND_all ? help_all() : help_command(a->command);
	if (a->version > 0)
		return cmd_version(a);
	code = check_role(a);
	if (code != 0)
		return code;
	return handlers[a->command](a);
}

/* A full disk under stdout shows only here. */
static int flush(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return print_fail(ES_IO, W_OUTPUT, _(strerror(errno ? errno : EIO)));
	return code;
}

int main(int argc, char *argv[])
{
	struct args a;
	struct buf why;
	int code;

	language_start();
	words_choose();
	buf_init(&why, 65536);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	enum es_err err = args_parse(&a, argc, argv, &why);
	if (err == ES_USAGE) {
		word_add(&why, W_TRY_HELP);
		code = print_fail_text(es_err_exit(err), buf_cstr(&why));
	} else {
		code = err == ES_OK ? dispatch(&a) : print_fail(err, W_MEMORY);
	}
	code = flush(code);
	args_done(&a);
	buf_done(&why);
	curl_global_cleanup();
	return code;
}
