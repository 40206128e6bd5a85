/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/manual.h"

#include <stdio.h>

#include "daemon/cli/command.h"
#include "daemon/export/export.h"

/* What roff would take for its own is made plain. */
static void put(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
}

static void section(const char *fr, const char *en)
{
	printf(".SH \"%s\"\n", word_pick(fr, en));
}

static void paragraph(const char *fr, const char *en)
{
	puts(".PP");
	put(word_pick(fr, en));
	putchar('\n');
}

/* .TP, a head in bold and in italics, a text. */
static void entry(const char *before, const char *name, const char *arg, const char *text)
{
	fputs(".TP\n\\fB", stdout);
	put(before);
	put(name);
	fputs("\\fR", stdout);
	if (arg && *arg) {
		fputs(" \\fI", stdout);
		put(arg);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	put(text);
	putchar('\n');
}

static void options_of(enum command_id command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct command_option *o = &command_options[i];

		if (o->command == command)
			entry("--", o->name, o->arg, word_pick(o->fr, o->en));
	}
}

static void commands_all(void)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command *c = &commands[i];

		for (size_t g = 0; g < command_group_count; g++)
			if (command_groups[g].first == i)
				printf(".SS \"%s\"\n", word_pick(command_groups[g].fr, command_groups[g].en));
		entry("", c->name, c->words, word_pick(c->fr, c->en));
		puts(".RS");
		options_of((enum command_id)i);
		if (i == COMMAND_export)
			for (size_t f = 0; f < export_format_count; f++)
				entry("", export_formats[f].name, NULL, word_pick(export_formats[f].fr, export_formats[f].en));
		puts(".RE");
	}
}

static void exit_codes(void)
{
	static const struct {
		const char *code, *fr, *en;
	} codes[] = {
		{"0", "fait", "done"},
		{"1", "une vérification a échoué", "a check failed"},
		{"64", "commande mal écrite", "usage"},
		{"65", "donnée refusée", "data refused"},
		{"69", "le démon ne répond pas", "the daemon does not answer"},
		{"74", "fichier ou disque", "file or disk"},
		{"75", "à réessayer plus tard", "try again later"},
		{"77", "pas permis", "not allowed"},
		{"78", "configuration, ou un nœud existe déjà", "configuration, or a node exists already"},
	};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		entry("", codes[i].code, NULL, word_pick(codes[i].fr, codes[i].en));
}

void manual_print(void)
{
	puts(".TH ESSAIM 1 \"\" \"essaim " ESSAIM_VERSION "\"\n.nh\n.ad l");
	section("NOM", "NAME");
	puts(word_pick("essaim \\- un annuaire partagé de l'économie sociale et solidaire",
		       "essaim \\- a shared directory of the social and solidarity economy"));
	section("SYNOPSIS", "SYNOPSIS");
	puts(word_pick("\\fBessaim\\fR [\\fIOPTION\\fR...] \\fICOMMANDE\\fR [\\fIMOT\\fR | \\fIOPTION\\fR]...",
		       "\\fBessaim\\fR [\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIWORD\\fR | \\fIOPTION\\fR]..."));
	section("DESCRIPTION", "DESCRIPTION");
	paragraph("essaim parle au démon essaimd de cette machine, par son socket. init, join et restore font le nœud ; verify, "
		  "rebuild et backup se passent de démon.",
		  "essaim talks to the daemon of this machine, essaimd, over its socket. init, join and restore make the node; "
		  "verify, rebuild and backup do without a daemon.");
	paragraph("Sans --data, tout est à sa place de service : /var/lib/essaim, /run/essaim. En root, ce qui y est fait "
		  "appartient à l'utilisateur essaim, et init et join démarrent le service.",
		  "Without --data everything is in the service's places: /var/lib/essaim, /run/essaim. Run by root, what is made "
		  "there belongs to the user essaim, and init and join start the service.");
	section("OPTIONS DE TOUTES LES COMMANDES", "OPTIONS OF ALL COMMANDS");
	options_of(COMMAND_all);
	section("COMMANDES", "COMMANDS");
	commands_all();
	section("CODE DE RETOUR", "EXIT STATUS");
	exit_codes();
	section("VOIR AUSSI", "SEE ALSO");
	puts("\\fBessaimd\\fR(8), \\fBessaim.conf\\fR(5), \\fBessaim\\-guide\\-pole\\fR(7), "
	     "\\fBessaim\\-guide\\-cress\\fR(7), \\fBessaim\\-guide\\-admin\\fR(7)");
}
