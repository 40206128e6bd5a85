/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim, the command line: reads the table, says help, calls the handler. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/command.h"
#include "daemon/cli/print.h"
#include "daemon/export.h"

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

static int help_all(void)
{
	struct grid g;

	printf("%s essaim [OPTION...] %s\n\n%s\n", word(W_HELP_USAGE), word(W_HELP_SYNOPSIS),
	       word(W_HELP_COMMANDS));
	grid_init(&g, 2);
	g.indent = "  ";
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char left[64];

		snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].words);
		grid_add(&g, left);
		grid_add(&g, word_pick(commands[i].fr, commands[i].en));
	}
	grid_print(&g, stdout);
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

bool command_json(const struct client *c)
{
	if (c->args->json)
		client_print(c);
	return c->args->json;
}

static int dispatch(const struct args *a)
{
	if (a->help)
		return a->command == COMMAND_all ? help_all() : help_command(a->command);
	if (a->version > 0)
		return cmd_version(a);
	return handlers[a->command](a);
}

/* A full disk under stdout shows only here. */
static int flush(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return print_fail(ES_IO, W_OUTPUT, strerror(errno ? errno : EIO));
	return code;
}

int main(int argc, char *argv[])
{
	struct args a;
	struct buf why;
	int code;

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
