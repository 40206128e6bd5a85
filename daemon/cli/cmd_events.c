/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read off events and pooled purchases. */
#include <string.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"
#include "proto/text.h"

static int ask(const struct args *a, const char *path, const char *parameter, void (*say)(const struct args *a, const json_t *answer))
{
	const char *structure = a->command == COMMAND_schedule ? args_get(a, "structure") : NULL;
	struct client c;
	struct buf query;

	buf_init(&query, 4096);
	buf_str(&query, path);
	path_query(&query, parameter, a->words[0]);
	path_query(&query, "structure", structure);
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&query), NULL) && !command_json(&c))
		say(a, c.json);
	buf_done(&query);
	return client_close(&c, 0);
}

/* A title, and what else tells it from others. */
static void head(const json_t *event)
{
	char day[11] = "";

	snprintf(day, sizeof day, "%s", fact_text(event, "debut"));
	word_print(stdout, W_SESSION_HEAD, fact_text(event, "titre"), day);
}

static void add_count(struct grid *g, const json_t *o, const char *key)
{
	grid_add(g, fact_has(o, key) ? fact_shown(json_object_get(o, key)) : "?");
}

/* --- attendance --- */

static void show_presences(const json_t *answer, const json_t *event)
{
	json_t *item;
	struct grid g;
	size_t i;

	grid_init(&g, 5);
	g.right = 0x1e;
	g.indent = "  ";
	grid_head(&g, (const char *const[]){word(W_HUB), word(W_REGISTERED), word(W_WAITING), word(W_PRESENT), word(W_ABSENT)});
	json_array_foreach(json_object_get(answer, "presences"), i, item)
	{
		if (strcmp(fact_text(item, "evenement"), fact_text(event, "uid")) != 0)
			continue;
		grid_add(&g, fact_text(item, "pole"));
		add_count(&g, item, "inscrits");
		add_count(&g, item, "attente");
		add_count(&g, item, "presents");
		add_count(&g, item, "absents");
	}
	grid_print(&g, stdout);
}

static void show_missed(const json_t *answer)
{
	json_t *structures = json_object_get(answer, "structures"), *item;
	struct grid g;
	struct buf b;
	size_t i;

	grid_init(&g, 3);
	grid_head(&g, (const char *const[]){word(W_STRUCTURE), word(W_HUB), word(W_MISSED)});
	json_array_foreach(structures, i, item)
	{
		json_t *rank;
		size_t k;

		buf_init(&b, 4096);
		json_array_foreach(json_object_get(item, "manques"), k, rank)
			buf_printf(&b, "%s%lld", k ? ", " : "", (long long)json_integer_value(rank));
		grid_add(&g, fact_has(item, "nom") ? fact_text(item, "nom") : fact_text(item, "uid"));
		grid_add(&g, fact_text(item, "pole"));
		grid_add(&g, b.len ? buf_cstr(&b) : "-");
		buf_done(&b);
	}
	grid_print(&g, stdout);
}

static void show_attendance(const struct args *a, const json_t *answer)
{
	json_t *event;
	size_t i;

	json_array_foreach(json_object_get(answer, "events"), i, event)
	{
		if (fact_has(event, "rang"))
			printf("%s %lld. ", word(W_RANK), (long long)fact_int(event, "rang"));
		head(event);
		show_presences(answer, event);
	}
	if (json_array_size(json_object_get(answer, "structures")) > 0)
		show_missed(answer);
	else if (json_array_size(json_object_get(answer, "presences")) == 0 && !a->quiet)
		word_print(stderr, W_ATTENDANCE_NOBODY);
}

int cmd_attendance(const struct args *a)
{
	return ask(a, "/attendance", "of", show_attendance);
}

/* --- a session --- */

static void show_natures(const json_t *natures)
{
	json_t *item;
	struct grid g;
	size_t i;

	grid_init(&g, 4);
	g.right = 0xe;
	g.indent = "  ";
	grid_head(&g, (const char *const[]){word(W_NATURE), word(W_TOTAL), word(W_CONCLUDED), word(W_IN_SIX_MONTHS)});
	json_array_foreach((json_t *)(uintptr_t)natures, i, item)
	{
		grid_add(&g, fact_text(item, "nature"));
		add_count(&g, item, "total");
		add_count(&g, item, "conclues");
		add_count(&g, item, "conclues_6_mois");
	}
	grid_print(&g, stdout);
}

static void show_visits(const json_t *answer)
{
	json_t *item;
	struct grid g;
	size_t i;

	grid_init(&g, 2);
	g.indent = "  ";
	json_array_foreach(json_object_get(answer, "phases"), i, item)
	{
		if (fact_has(item, "structure"))
			continue;
		grid_add(&g, fact_text(item, "type_phase"));
		grid_add(&g, fact_has(item, "debut") ? fact_text(item, "debut") : word(W_VISIT_MISSING));
	}
	grid_print(&g, stdout);
	word_print(stdout, W_VISITS);
	grid_init(&g, 2);
	g.indent = "  ";
	json_array_foreach(json_object_get(answer, "visites"), i, item)
	{
		grid_add(&g, fact_has(item, "nom") ? fact_text(item, "nom") : fact_text(item, "structure"));
		grid_add(&g, fact_has(item, "debut") ? fact_text(item, "debut") : word(W_VISIT_MISSING));
	}
	grid_print(&g, stdout);
}

static void show_session(const struct args *a, const json_t *answer)
{
	const json_t *o = json_object_get(answer, "opportunites"), *event = json_object_get(answer, "evenement");

	(void)a;
	head(event);
	word_print(stdout, W_OPPORTUNITIES, (long long)fact_int(o, "total"), (long long)fact_int(o, "conclues"),
		   (long long)fact_int(o, "conclues_6_mois"));
	if (fact_int(o, "total") > 0)
		show_natures(json_object_get(answer, "natures"));
	if (strcmp(fact_text(event, "type_evenement"), "formation_action") == 0)
		show_visits(answer);
}

int cmd_session(const struct args *a)
{
	return ask(a, "/session", "uid", show_session);
}

/* --- appointments --- */

static void show_one_schedule(const json_t *structure)
{
	json_t *item;
	struct grid g;
	size_t i;

	print_line(stdout, fact_has(structure, "nom") ? fact_text(structure, "nom") : fact_text(structure, "structure"));
	putchar('\n');
	grid_init(&g, 4);
	g.indent = "  ";
	grid_head(&g, (const char *const[]){word(W_SLOT), word(W_TABLE), word(W_WITH), word(W_STATE)});
	json_array_foreach(json_object_get(structure, "rendez_vous"), i, item)
	{
		grid_add(&g, fact_text(item, "creneau"));
		grid_add(&g, fact_text(item, "table"));
		grid_add(&g, fact_has(item, "nom") ? fact_text(item, "nom") : fact_text(item, "avec"));
		grid_add(&g, fact_text(item, "etat"));
	}
	grid_print(&g, stdout);
}

static void show_schedule(const struct args *a, const json_t *answer)
{
	json_t *items = json_object_get(answer, "items"), *item;
	size_t i;

	head(json_object_get(answer, "evenement"));
	json_array_foreach(items, i, item)
	{
		putchar('\n');
		show_one_schedule(item);
	}
	if (json_array_size(items) == 0 && !a->quiet)
		word_print(stderr, W_SCHEDULE_NONE);
}

int cmd_schedule(const struct args *a)
{
	return ask(a, "/schedule", "uid", show_schedule);
}

/* --- invitations --- */

/* One cell for a spreadsheet: quoted, and no formula (R19). */
static void put_cell(const char *text, const char *before)
{
	printf("%s\"%s", before, text_is_formula(slice_str(text)) ? "'" : "");
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			putchar('"');
		putchar(*p);
	}
	putchar('"');
}

static void show_invited(const struct args *a, const json_t *answer)
{
	static const char *const columns[] = {"uid", "nom", "courriel", "telephone", "adresse", "complement_adresse", "code_postal", "commune"};
	json_t *items = json_object_get(answer, "items"), *item;
	size_t i;

	for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
		printf("%s%s", k ? ";" : "", columns[k]);
	putchar('\n');
	json_array_foreach(items, i, item)
	{
		for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
			put_cell(fact_text(item, columns[k]), k ? ";" : "");
		putchar('\n');
	}
	if (json_array_size(items) == 0 && !a->quiet)
		word_print(stderr, W_INVITED_NONE);
}

int cmd_invite_list(const struct args *a)
{
	return ask(a, "/invited", "uid", show_invited);
}

/* --- pooled purchases --- */

static const char *euros(char out[40], int64_t cents)
{
	snprintf(out, 40, "%lld%s%02lld €", (long long)(cents / 100), word_pick(",", "."), (long long)(cents % 100));
	return out;
}

static void show_tiers(const struct args *a, const json_t *answer)
{
	const json_t *reached = json_object_get(answer, "palier"), *next = json_object_get(answer, "suivant");
	json_t *item;
	char price[40];
	struct grid g;
	size_t i;

	(void)a;
	word_print(stdout, W_TIERS_HEAD, fact_text(answer, "titre"), fact_text(answer, "echeance"), fact_text(answer, "statut"));
	word_print(stdout, W_TIERS_TOTAL, (long long)fact_int(answer, "total"), (long long)fact_int(answer, "engagements"));
	grid_init(&g, 2);
	g.right = 1 << 1;
	g.indent = "  ";
	json_array_foreach(json_object_get(answer, "poles"), i, item)
	{
		grid_add(&g, fact_text(item, "pole"));
		add_count(&g, item, "total");
	}
	grid_print(&g, stdout);
	if (json_is_object(reached))
		word_print(stdout, W_TIERS_REACHED, (long long)fact_int(reached, "quantite"), euros(price, fact_int(reached, "prix_cents")));
	else
		word_print(stdout, W_TIERS_BELOW);
	if (json_is_object(next) && strcmp(fact_text(answer, "statut"), "ouvert") == 0)
		word_print(stdout, W_TIERS_NEXT, (long long)fact_int(next, "quantite"), euros(price, fact_int(next, "prix_cents")),
			   (long long)fact_int(next, "manque"));
}

int cmd_tiers(const struct args *a)
{
	return ask(a, "/tiers", "uid", show_tiers);
}
