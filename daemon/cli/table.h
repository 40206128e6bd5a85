/* SPDX-License-Identifier: Apache-2.0
 *
 * The command table (commands.def) and what a command line says by it. Pure:
 * prints nothing, reads no file and no environment.
 *
 *     essaim [OPTION...] COMMAND [OPTION | WORD]... [-- WORD...]
 *
 * Options are --name VALUE, --name=VALUE or --name; short -h and -V exist.
 * A struct args borrows from argv and from the table. */
#ifndef DAEMON_CLI_TABLE_H
#define DAEMON_CLI_TABLE_H

#include "common/bytes.h"

enum command_id {
#define COMMAND(name, ...) COMMAND_##name,
#define OPTION(...)
#include "daemon/cli/commands.def"
#undef COMMAND
#undef OPTION
	COMMAND_all /* not a command: the options that belong to all */
};
#define COMMAND_COUNT ((size_t)COMMAND_all)

#define COMMAND(...)
#define OPTION(...) +1
enum {
	OPTION_COUNT = 0
#include "daemon/cli/commands.def"
};
#undef COMMAND
#undef OPTION

struct command {
	const char *name;
	const char *words; /* "KIND FILE" */
	size_t least, most; /* how many words */
	const char *fr, *en;
};
struct command_option {
	enum command_id command;
	const char *name; /* "dry-run" */
	const char *arg; /* "DIR", NULL for a switch */
	const char *fr, *en;
};
/* Headings: each stands before the command that it names. */
struct command_group {
	enum command_id first;
	const char *fr, *en;
};
extern const struct command_group command_groups[];
extern const size_t command_group_count;
extern const struct command commands[COMMAND_COUNT];
extern const struct command_option command_options[OPTION_COUNT];

struct args {
	enum command_id command; /* COMMAND_all: none was given */
	const char *values[OPTION_COUNT]; /* as command_options; "" for a switch, NULL: absent */
	const char **words; /* malloc'd array */
	size_t word_count;
	unsigned version; /* how many V were asked: --version, -VV */
	bool json, quiet, help;
};

/* ES_USAGE: `why` gets a sentence, in the words' language, with a suggestion
 * where one is near. With `help` or `version` nothing is asked of the rest. */
ES_MUST_USE
enum es_err args_parse(struct args *a, int argc, char *const argv[], struct buf *why);
void args_done(struct args *a);
/* The option's value, NULL where absent. Asserts that the command, or all
 * commands, have it. */
const char *args_get(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name);

/* COMMAND_all where there is none of that name. */
enum command_id command_named(const char *name);
/* The nearest of the table's names if it is near enough, else NULL. */
const char *command_suggest(const char *name);
const char *command_suggest_option(enum command_id command, const char *name);

/* "7d", "12h", "30m", "90s", "90" into seconds: 1 s to 10 years. */
ES_MUST_USE
bool duration_parse(const char *text, int64_t *seconds);
/* Seconds with up to three decimals into milliseconds, at most a year. */
ES_MUST_USE
bool timeout_parse(const char *text, int64_t *ms);
/* A decimal number without sign, at most `max`. */
ES_MUST_USE
bool count_parse(const char *text, int64_t max, int64_t *out);
/* One ASCII character, or "tab" or "\t". */
ES_MUST_USE
bool separator_parse(const char *text, char *out);

#endif
