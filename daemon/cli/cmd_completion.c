/* SPDX-License-Identifier: Apache-2.0
 *
 * completion: what a shell wants to know of the command table, and the manual. The
 * package's build runs it once for each shell. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/roles.h"
#include "daemon/cli/command.h"
#include "daemon/cli/manual.h"
#include "daemon/cli/print.h"
#include "daemon/export/export.h"
#include "proto/schema.h"

/* What an argument, as the table writes it, may be. */
struct choice {
	char words[2048]; /* separated by spaces */
	bool files, dirs;
};

static void add_word(struct choice *c, const char *word, size_t len)
{
	size_t have = strlen(c->words);

	assert(have + len + 2 < sizeof c->words);
	snprintf(c->words + have, sizeof c->words - have, "%s%.*s", have > 0 ? " " : "", (int)len, word);
}

static void add_kinds(struct choice *c)
{
	for (size_t i = 0; i < schema_kind_count; i++)
		add_word(c, schema_kinds[i].name, strlen(schema_kinds[i].name));
}

static void add_formats(struct choice *c)
{
	for (size_t i = 0; i < export_format_count; i++)
		add_word(c, export_formats[i].name, strlen(export_formats[i].name));
}

static void add_roles(struct choice *c)
{
	for (size_t i = 0; i < ROLE_ID_COUNT; i++)
		add_word(c, role_rows[i].name, strlen(role_rows[i].name));
}

static void add_commands(struct choice *c)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		add_word(c, commands[i].name, strlen(commands[i].name));
}

/* One piece of "bash|zsh", "[add CODE]", "KIND FILE": what is in capitals is a name for
 * something, the rest is typed as it stands. */
static void add_piece(struct choice *c, const char *piece, size_t len)
{
	static const struct {
		const char *name;
		void (*add)(struct choice *c);
	} lists[] = {{"KIND", add_kinds}, {"FORMAT", add_formats}, {"ROLE", add_roles}, {"COMMAND", add_commands}};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (strlen(lists[i].name) == len && memcmp(lists[i].name, piece, len) == 0)
			lists[i].add(c);
	c->files = c->files || (len == 4 && (memcmp(piece, "FILE", 4) == 0 || memcmp(piece, "PATH", 4) == 0));
	c->dirs = c->dirs || (len == 3 && memcmp(piece, "DIR", 3) == 0);
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)piece[i]) && piece[i] != '-')
			return;
	if (len > 0)
		add_word(c, piece, len);
}

static struct choice choices(const char *arg)
{
	struct choice c = {.words = ""};

	for (const char *p = arg; p && *p;) {
		size_t len = strcspn(p, " |[]=.");

		/* "structure=UID" is a word to begin with; it is left to the hand. */
		if (p[len] != '=')
			add_piece(&c, p, len);
		p += len;
		p += *p ? 1 : 0;
	}
	return c;
}

/* The text with a backslash before each of these. */
static void put_escaped(const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			putchar('\\');
		putchar(*text);
	}
}

/* Inside '...': a quote ends it, is said, and begins it again. */
static void put_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		putchar(*text);
	}
}

/* --- bash --- */

static void bash_options(enum command_id command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (command_options[i].command == command)
			printf(" --%s", command_options[i].name);
}

static void bash_reply(const struct choice *c)
{
	const char *kind = c->files ? " -f" : c->dirs ? " -d" : "";

	printf("COMPREPLY=($(compgen%s -W \"%s\" -- \"$cur\"))", kind, c->words);
}

/* "command:--option" and what may follow it. */
static void bash_values(void)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct command_option *o = &command_options[i];
		struct choice c = choices(o->arg);

		if (!o->arg)
			continue;
		printf("\t%s:--%s) ", o->command == COMMAND_all ? "*" : commands[o->command].name, o->name);
		bash_reply(&c);
		puts("; return ;;");
	}
}

static void bash_words(void)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		struct choice c = choices(commands[i].words);

		if (c.words[0] || c.files || c.dirs) {
			printf("\t%s) ", commands[i].name);
			bash_reply(&c);
			puts(" ;;");
		}
	}
}

static void bash(void)
{
	struct choice names = {.words = ""};

	add_commands(&names);
	puts("# bash completion of essaim, made by 'essaim completion bash'\n"
	     "_essaim() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i options\n"
	     "\tCOMPREPLY=()\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tcase ${COMP_WORDS[i]} in\n"
	     "\t\t--data|--socket|--as) ((i++)) ;;\n"
	     "\t\t-*) ;;\n"
	     "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tcase $command:$prev in");
	bash_values();
	puts("\tesac\n\tif [[ $cur == -* ]]; then\n\t\tcase $command in");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		printf("\t\t%s) options=\"", commands[i].name);
		bash_options((enum command_id)i);
		puts("\" ;;");
	}
	fputs("\t\tesac\n\t\tCOMPREPLY=($(compgen -W \"$options", stdout);
	bash_options(COMMAND_all);
	printf("\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $command in\n\t'') COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")) ;;\n", names.words);
	bash_words();
	puts("\tesac\n}\ncomplete -o filenames -F _essaim essaim");
}

/* --- zsh --- */

static void zsh_action(const struct choice *c)
{
	if (c->words[0])
		printf("(%s)", c->words);
	else if (c->files || c->dirs)
		fputs(c->dirs ? "_files -/" : "_files", stdout);
}

/* '--name[text]:ARG:action' */
static void zsh_option(const struct command_option *o)
{
	struct choice c = choices(o->arg);

	printf(" \\\n\t\t'--%s[", o->name);
	for (const char *p = word_pick(o->fr, o->en); *p; p++) {
		if (strchr("[]:\\", *p))
			putchar('\\');
		if (*p == '\'')
			fputs("'\\'", stdout);
		putchar(*p);
	}
	putchar(']');
	if (o->arg) {
		putchar(':');
		put_escaped(o->arg, ":\\");
		putchar(':');
		zsh_action(&c);
	}
	putchar('\'');
}

static void zsh_options(enum command_id command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (command_options[i].command == command)
			zsh_option(&command_options[i]);
}

static void zsh_command(enum command_id id)
{
	struct choice c = choices(commands[id].words);

	printf("\t%s) _arguments", commands[id].name);
	zsh_options(id);
	zsh_options(COMMAND_all);
	if (commands[id].most > 0) {
		fputs(" \\\n\t\t'*:", stdout);
		put_escaped(commands[id].words, ":\\");
		putchar(':');
		zsh_action(&c);
		putchar('\'');
	}
	puts(" ;;");
}

static void zsh(void)
{
	puts("#compdef essaim\n# zsh completion of essaim, made by 'essaim completion zsh'\n"
	     "_essaim() {\n\tlocal -a names\n\tlocal context state line\n\tnames=(");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		printf("\t\t'%s:", commands[i].name);
		put_quoted(word_pick(commands[i].fr, commands[i].en));
		puts("'");
	}
	fputs("\t)\n\t_arguments -C", stdout);
	zsh_options(COMMAND_all);
	puts(" \\\n\t\t'1:COMMAND:->command' '*::ARGUMENT:->rest'\n"
	     "\tcase $state in\n\tcommand) _describe COMMAND names; return ;;\n\trest) ;;\n\t*) return ;;\n\tesac\n"
	     "\tcase $words[1] in");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		zsh_command((enum command_id)i);
	puts("\tesac\n}\n_essaim \"$@\"");
}

/* --- fish --- */

static void fish_words(const struct choice *c)
{
	if (c->words[0])
		printf(" -a '%s'", c->words);
	else if (c->files || c->dirs)
		fputs(" -F", stdout);
}

static void fish_option(const struct command_option *o)
{
	struct choice c = choices(o->arg);

	fputs("complete -c essaim", stdout);
	if (o->command != COMMAND_all)
		printf(" -n '__fish_seen_subcommand_from %s'", commands[o->command].name);
	printf(" -l %s", o->name);
	if (o->arg) {
		fputs(" -x", stdout);
		fish_words(&c);
	}
	fputs(" -d '", stdout);
	put_escaped(word_pick(o->fr, o->en), "'\\");
	puts("'");
}

static void fish(void)
{
	puts("# fish completion of essaim, made by 'essaim completion fish'\ncomplete -c essaim -f");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		printf("complete -c essaim -n __fish_use_subcommand -a %s -d '", commands[i].name);
		put_escaped(word_pick(commands[i].fr, commands[i].en), "'\\");
		puts("'");
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		struct choice c = choices(commands[i].words);

		if (!c.words[0] && !c.files && !c.dirs)
			continue;
		printf("complete -c essaim -n '__fish_seen_subcommand_from %s'", commands[i].name);
		fish_words(&c);
		puts("");
	}
	for (size_t i = 0; i < OPTION_COUNT; i++)
		fish_option(&command_options[i]);
}

int cmd_completion(const struct args *a)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}, {"man", manual_print}};

	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shells[i].name, a->words[0]) == 0) {
			shells[i].print();
			return 0;
		}
	return print_fail(ES_USAGE, W_SHELL_UNKNOWN, a->words[0]);
}
