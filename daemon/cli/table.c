/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/table.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/words.h"
#include "daemon/service/spelling.h"

#define COMMAND(name_, words_, least_, most_, fr_, en_) \
	{.name = #name_, .words = words_, .least = least_, .most = most_, .fr = fr_, .en = en_},
#define COMMAND_AS(id_, name_, words_, least_, most_, fr_, en_) \
	{.name = name_, .words = words_, .least = least_, .most = most_, .fr = fr_, .en = en_},
#define OPTION(...)
const struct command commands[COMMAND_COUNT] = {
#include "daemon/cli/commands.def"
};
#undef COMMAND
#undef OPTION

#define COMMAND(...)
#define OPTION(command_, name_, arg_, fr_, en_) \
	{.command = COMMAND_##command_, .name = name_, .arg = arg_, .fr = fr_, .en = en_},
const struct command_option command_options[OPTION_COUNT] = {
#include "daemon/cli/commands.def"
};
#undef COMMAND
#undef OPTION

#define COMMAND(...)
#define OPTION(...)
#define GROUP(id, ...) {COMMAND_##id, __VA_ARGS__},
const struct command_group command_groups[] = {
#include "daemon/cli/commands.def"
};
#undef COMMAND
#undef OPTION
const size_t command_group_count = sizeof command_groups / sizeof *command_groups;

enum command_id command_named(const char *name)
{
	size_t i = 0;

	while (i < COMMAND_COUNT && strcmp(commands[i].name, name) != 0)
		i++;
	return (enum command_id)i;
}

static bool belongs(const struct command_option *o, enum command_id command)
{
	return o->command == COMMAND_all || o->command == command;
}

/* Where in the table, OPTION_COUNT where the command has no such option. */
static size_t option_find(enum command_id command, const char *name, size_t len)
{
	size_t i = 0;

	for (; i < OPTION_COUNT; i++) {
		const struct command_option *o = &command_options[i];

		if (belongs(o, command) && strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			break;
	}
	return i;
}

const char *command_suggest(const char *name)
{
	size_t best = SIZE_MAX;
	const char *found = NULL;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		spelling_nearer(name, commands[i].name, &best, &found);
	return found;
}

const char *command_suggest_option(enum command_id command, const char *name)
{
	size_t best = SIZE_MAX;
	const char *found = NULL;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (belongs(&command_options[i], command))
			spelling_nearer(name, command_options[i].name, &best, &found);
	}
	return found;
}

static enum es_err unknown_option(enum command_id command, const char *arg, struct buf *why)
{
	char name[64] = "";
	const char *bare = arg + strspn(arg, "-");
	const char *near;

	strncat(name, bare, strcspn(bare, "=") < sizeof name ? strcspn(bare, "=") : sizeof name - 1);
	near = command_suggest_option(command, name);
	if (near)
		word_add(why, W_OPTION_NEAR, (int)strcspn(arg, "="), arg, near);
	else
		word_add(why, W_OPTION_UNKNOWN, (int)strcspn(arg, "="), arg);
	return ES_USAGE;
}

/* argv[*i] is "--name", "--name=value", or "--name" before its value. */
static enum es_err take_option(struct args *a, int argc, char *const argv[], int *i, struct buf *why)
{
	const char *name = argv[*i] + 2, *equal = strchr(name, '=');
	size_t len = equal ? (size_t)(equal - name) : strlen(name);
	size_t at = option_find(a->command, name, len);

	if (at == OPTION_COUNT)
		return unknown_option(a->command, argv[*i], why);
	const struct command_option *o = &command_options[at];
	if (!o->arg && equal) {
		word_add(why, W_OPTION_NO_VALUE, o->name);
		return ES_USAGE;
	}
	if (o->arg && !equal && *i + 1 >= argc) {
		word_add(why, W_OPTION_NEEDS_VALUE, o->name, o->arg);
		return ES_USAGE;
	}
	if (o->arg && a->values[at]) {
		word_add(why, W_OPTION_TWICE, o->name);
		return ES_USAGE;
	}
	a->values[at] = !o->arg ? "" : equal ? equal + 1 : argv[++*i];
	return ES_OK;
}

static enum es_err take_short(struct args *a, const char *arg, struct buf *why)
{
	for (const char *c = arg + 1; *c; c++) {
		if (*c == 'h')
			a->help = true;
		else if (*c == 'V')
			a->version++;
		else
			return unknown_option(a->command, arg, why);
	}
	return ES_OK;
}

static enum es_err take_word(struct args *a, const char *word, struct buf *why)
{
	if (a->command != COMMAND_all) {
		a->words[a->word_count++] = word;
		return ES_OK;
	}
	a->command = command_named(word);
	if (a->command != COMMAND_all)
		return ES_OK;
	const char *near = command_suggest(word);
	if (near)
		word_add(why, W_COMMAND_NEAR, word, near);
	else
		word_add(why, W_COMMAND_UNKNOWN, word);
	return ES_USAGE;
}

static enum es_err check_words(const struct args *a, struct buf *why)
{
	const struct command *c = &commands[a->command];

	if (a->command == COMMAND_all) {
		word_add(why, W_COMMAND_MISSING);
		return ES_USAGE;
	}
	if (a->word_count >= c->least && a->word_count <= c->most)
		return ES_OK;
	if (a->word_count > c->most)
		word_add(why, W_WORDS_MANY, a->words[c->most], c->name, c->words[0] ? " " : "", c->words);
	else
		word_add(why, W_WORDS_FEW, c->name, c->words);
	return ES_USAGE;
}

enum es_err args_parse(struct args *a, int argc, char *const argv[], struct buf *why)
{
	enum es_err err = ES_OK;
	bool options = true;

	memset(a, 0, sizeof *a);
	a->command = COMMAND_all;
	a->words = calloc((size_t)argc + 1, sizeof *a->words);
	if (!a->words)
		return ES_NOMEM;
	for (int i = 1; i < argc && err == ES_OK; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && strcmp(argv[i], "--version") == 0 &&
			 option_find(a->command, "version", strlen("version")) == OPTION_COUNT)
			a->version++;
		else if (options && strncmp(argv[i], "--", 2) == 0)
			err = take_option(a, argc, argv, &i, why);
		else if (options && argv[i][0] == '-' && argv[i][1])
			err = take_short(a, argv[i], why);
		else
			err = take_word(a, argv[i], why);
	}
	a->json = args_has(a, "json");
	a->quiet = args_has(a, "quiet");
	a->help = a->help || args_has(a, "help");
	if (err == ES_OK && !a->help && !a->version)
		err = check_words(a, why);
	return err;
}

void args_done(struct args *a)
{
	free(a->words);
	a->words = NULL;
}

const char *args_get(const struct args *a, const char *name)
{
	size_t at = option_find(a->command, name, strlen(name));

	assert(at < OPTION_COUNT);
	return a->values[at];
}

bool args_has(const struct args *a, const char *name)
{
	return args_get(a, name) != NULL;
}

bool count_parse(const char *text, int64_t max, int64_t *out)
{
	int64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		int digit = *text - '0';

		if (digit < 0 || digit > 9 || digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

bool duration_parse(const char *text, int64_t *seconds)
{
	static const struct {
		char letter;
		int64_t s;
	} units[] = {{'d', 86400}, {'j', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	const int64_t most = (int64_t)10 * 366 * 86400;
	char digits[16] = "";
	size_t len = strspn(text, "0123456789");
	int64_t unit = text[len] ? 0 : 1, n;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (text[len] == units[i].letter && !text[len + 1])
			unit = units[i].s;
	}
	if (unit == 0 || len >= sizeof digits)
		return false;
	memcpy(digits, text, len);
	if (!count_parse(digits, most, &n) || n == 0 || n > most / unit)
		return false;
	*seconds = n * unit;
	return true;
}

bool timeout_parse(const char *text, int64_t *ms)
{
	const int64_t most = (int64_t)366 * 86400;
	char whole[16] = "", part[4] = "000";
	size_t len = strcspn(text, ".");
	int64_t s, thousandths;

	if (len >= sizeof whole)
		return false;
	memcpy(whole, text, len);
	if (text[len] == '.') {
		size_t decimals = strlen(text + len + 1);

		if (decimals == 0 || decimals > 3)
			return false;
		memcpy(part, text + len + 1, decimals);
	}
	if (!count_parse(whole, most, &s) || !count_parse(part, 999, &thousandths))
		return false;
	*ms = s * 1000 + thousandths;
	return true;
}

bool separator_parse(const char *text, char *out)
{
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		text = "\t";
	if (text[0] <= 0 || text[1] || text[0] == '"' || text[0] == '\n' || text[0] == '\r' ||
	    isalnum((unsigned char)text[0]))
		return false;
	*out = text[0];
	return true;
}
