/* SPDX-License-Identifier: Apache-2.0
 *
 * Indicators of a month: shown, frozen, checked, sent. */
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

/* 1234 with its unit, as people write it: shares per cent, money in euros, tenths. */
static void add_value(struct buf *b, const json_t *item)
{
	static const struct {
		const char *unit, *shown;
		int64_t per;
		int digits;
	} units[] = {{"pour_dix_mille", "%", 100, 2}, {"centimes", "€", 100, 2}, {"dixiemes_etp", "ETP", 10, 1},
		     {"dixiemes_heure", "h", 10, 1}, {"centiemes", "", 100, 2}};
	const char *unit = fact_text(item, "unite");
	int64_t v = fact_int(item, "valeur");

	if (fact_true(item, "masque")) {
		buf_str(b, word(W_REPORT_MASKED));
		return;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].unit, unit) == 0) {
			buf_printf(b, "%s%lld%c%0*lld %s", v < 0 ? "-" : "", (long long)((v < 0 ? -v : v) / units[i].per),
				   words_language() == WORDS_FR ? ',' : '.', units[i].digits, (long long)((v < 0 ? -v : v) % units[i].per),
				   units[i].shown);
			return;
		}
	buf_printf(b, "%lld %s", (long long)v, unit);
}

static void add_row(struct grid *g, const json_t *item)
{
	struct buf b;

	buf_init(&b, 4096);
	grid_add(g, fact_text(item, "indicateur"));
	grid_add(g, fact_text(item, words_language() == WORDS_FR ? "libelle" : "label"));
	add_value(&b, item);
	grid_add(g, buf_cstr(&b));
	buf_done(&b);
}

static bool same_place(const json_t *a, const json_t *b)
{
	return strcmp(fact_text(a, "territoire_type"), fact_text(b, "territoire_type")) == 0 &&
	       strcmp(fact_text(a, "territoire_code"), fact_text(b, "territoire_code")) == 0;
}

/* One territory, from `at` on; returns where the next begins. */
static size_t show_place(json_t *items, size_t at)
{
	const json_t *first = json_array_get(items, at);
	const char *sens = "";
	struct grid g;
	size_t i;

	printf("\n%s (%s %s)\n", fact_text(first, "territoire_nom"), fact_text(first, "territoire_type"), fact_text(first, "territoire_code"));
	for (i = at; i < json_array_size(items) && same_place(json_array_get(items, i), first);) {
		sens = fact_text(json_array_get(items, i), "sens");
		printf("  %s\n", word(strcmp(sens, "evite") == 0 ? W_REPORT_EVITE : W_REPORT_APPORTE));
		grid_init(&g, 3);
		g.indent = "    ";
		for (; i < json_array_size(items) && same_place(json_array_get(items, i), first) &&
		       strcmp(sens, fact_text(json_array_get(items, i), "sens")) == 0; i++)
			add_row(&g, json_array_get(items, i));
		grid_print(&g, stdout);
	}
	return i;
}

/* A line of the note: signed in French, it cannot change (report_records.c writes it). */
static void show_note_line(const char *line)
{
	char owner[64], month[8], sent[11];
	long long count;
	int end = 0;

	if (sscanf(line, "%63s est en retard : ses comptes de %7s ne sont pas arrivés (dernier envoi : %10[^)]).%n", owner, month, sent, &end) == 3 &&
	    end > 0 && line[end] == 0)
		word_print(stdout, W_REPORT_NOTE_LATE, owner, month, strcmp(sent, "aucun") == 0 ? word(W_REPORT_NOTE_NEVER) : sent);
	else if (sscanf(line, "%63s : %lld changement(s) d'avant l'arrêté de %7[^,], arrivé(s) après, compté(s) ici.%n", owner, &count, month, &end) == 3 &&
		 end > 0 && line[end] == 0)
		word_print(stdout, W_REPORT_NOTE_AFTER, owner, count, month);
	else
		print_text(stdout, line), printf("\n");
}

static void show_note(const json_t *answer)
{
	char *lines = strdup(fact_text(answer, "note")), *rest = lines, *line;

	while (rest && (line = strsep(&rest, "\n")) != NULL)
		if (*line)
			show_note_line(line);
	free(lines);
}

static void show(const json_t *answer)
{
	json_t *items = json_object_get(answer, "items");

	bool frozen = strcmp(fact_text(answer, "etat"), "fige") == 0;

	word_print(stdout, W_REPORT_TITLE, fact_text(answer, "mois"), word(frozen ? W_REPORT_STATE_FROZEN : W_REPORT_STATE_LIVE));
	if (fact_text(answer, "empreinte")[0])
		word_print(stdout, W_REPORT_FROZEN, fact_text(answer, "arrete"), fact_text(answer, "empreinte"));
	else
		word_print(stdout, W_REPORT_LIVE);
	show_note(answer);
	if (json_array_size(items) == 0)
		word_print(stdout, W_REPORT_NOTHING);
	for (size_t at = 0; at < json_array_size(items);)
		at = show_place(items, at);
}

static void show_checked(const json_t *answer)
{
	if (fact_int(answer, "effaces") > 0 && strcmp(fact_text(answer, "empreinte"), fact_text(answer, "recalcul")) != 0)
		word_print(stdout, W_REPORT_ERASED, fact_text(answer, "mois"), (long long)fact_int(answer, "effaces"));
	else
		word_print(stdout, W_REPORT_SAME, fact_text(answer, "mois"));
}

static void show_frozen(const json_t *answer)
{
	if (fact_true(answer, "vide"))
		word_print(stdout, W_REPORT_DRY_NOTHING, fact_text(answer, "mois"));
	else if (fact_true(answer, "essai"))
		word_print(stdout, W_REPORT_DRY, fact_text(answer, "mois"), (long long)fact_int(answer, "mesures"),
			   (long long)fact_int(answer, "masquees"));
	else
		word_print(stdout, fact_true(answer, "nouveau") ? W_REPORT_IS_FROZEN : W_REPORT_WAS_FROZEN, fact_text(answer, "mois"),
			   fact_text(answer, "empreinte"));
	show_note(answer);
}

static void show_sent(const json_t *answer)
{
	word_print(stdout, W_REPORT_SENT, (long long)fact_int(answer, "envoyes"), fact_text(answer, "mois"));
}

static void show_epci(const json_t *answer)
{
	json_t *items = json_object_get(answer, "items"), *item;
	struct grid g;
	size_t i;

	word_print(stdout, W_REPORT_EPCI, (long long)fact_int(answer, "rencontres"), (long long)fact_int(answer, "total"));
	grid_init(&g, 2);
	json_array_foreach(items, i, item)
	{
		if (fact_true(item, "rencontre"))
			continue;
		grid_add(&g, fact_text(item, "code"));
		grid_add(&g, fact_text(item, "nom"));
	}
	grid_print(&g, stdout);
}

static int ask(const struct args *a, const char *path, void (*say)(const json_t *answer))
{
	static const char *const names[] = {"month", "date", "pays", "territory", "programme", "public", "live"};
	struct client c;
	struct buf query;

	buf_init(&query, 4096);
	buf_str(&query, path);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = args_get(a, names[i]);

		path_query(&query, names[i], value && !value[0] ? "1" : value);
	}
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&query), NULL) && !command_json(&c))
		say(c.json);
	buf_done(&query);
	return client_close(&c, 0);
}

static int tell(const struct args *a, const char *path, void (*say)(const json_t *answer))
{
	const char *month = args_get(a, "month"), *at = args_get(a, "at");
	json_t *send = json_pack("{s:s, s:s, s:b}", "month", month ? month : "", "at", at ? at : "", "dry_run", args_has(a, "dry-run"));
	struct client c;

	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", path, send) && !command_json(&c))
		say(c.json);
	return client_close(&c, 0);
}

int cmd_report(const struct args *a)
{
	const char *what = a->word_count > 0 ? a->words[0] : "";

	if (strcmp(what, "freeze") == 0)
		return tell(a, "/report/freeze", show_frozen);
	if (strcmp(what, "send") == 0)
		return tell(a, "/report/send", show_sent);
	if (strcmp(what, "epci") == 0)
		return ask(a, "/report/epci", show_epci);
	if (what[0])
		return print_fail(ES_USAGE, W_REPORT_WHAT, what);
	return args_has(a, "check") ? ask(a, "/report/check", show_checked) : ask(a, "/report", show);
}
