/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read off events and pooled purchases. */
#include <string.h>

#include "daemon/cli/columns.h"
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

/* --- attendance --- */

static const struct column presence_columns[] = {
	{.word = W_HUB, .key = "pole"}, {.word = W_REGISTERED, .key = "inscrits", .shape = COLUMN_COUNT, .right = true},
	{.word = W_WAITING, .key = "attente", .shape = COLUMN_COUNT, .right = true},
	{.word = W_PRESENT, .key = "presents", .shape = COLUMN_COUNT, .right = true},
	{.word = W_ABSENT, .key = "absents", .shape = COLUMN_COUNT, .right = true}};

static void show_presences(const json_t *answer, const json_t *event)
{
	json_t *here = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(answer, "presences"), i, item)
		if (strcmp(fact_text(item, "evenement"), fact_text(event, "uid")) == 0)
			json_array_append(here, item);
	columns_print(stdout, here, COLUMNS(presence_columns), "  ");
	json_decref(here);
}

static void write_missed(struct buf *cell, const json_t *item, const char *key)
{
	fact_join(cell, json_object_get(item, key));
	if (cell->len == 0)
		buf_str(cell, "-");
}

static const struct column missed_columns[] = {{.word = W_STRUCTURE, .key = "nom", .second = "uid"}, {.word = W_HUB, .key = "pole"},
					       {.word = W_MISSED, .key = "manques", .write = write_missed}};

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
		columns_print(stdout, json_object_get(answer, "structures"), COLUMNS(missed_columns), "");
	else if (json_array_size(json_object_get(answer, "presences")) == 0 && !a->quiet)
		word_print(stderr, W_ATTENDANCE_NOBODY);
}

int cmd_attendance(const struct args *a)
{
	return ask(a, "/attendance", "of", show_attendance);
}

/* --- a session --- */

static const struct column nature_columns[] = {
	{.word = W_NATURE, .key = "nature"}, {.word = W_TOTAL, .key = "total", .shape = COLUMN_COUNT, .right = true},
	{.word = W_CONCLUDED, .key = "conclues", .shape = COLUMN_COUNT, .right = true},
	{.word = W_IN_SIX_MONTHS, .key = "conclues_6_mois", .shape = COLUMN_COUNT, .right = true}};
static const struct column phase_columns[] = {{.key = "type_phase"}, {.key = "debut", .no = W_VISIT_MISSING}};
static const struct column visit_columns[] = {{.key = "nom", .second = "structure"}, {.key = "debut", .no = W_VISIT_MISSING}};

static void show_visits(const json_t *answer)
{
	json_t *together = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(answer, "phases"), i, item)
		if (!fact_has(item, "structure"))
			json_array_append(together, item);
	columns_print(stdout, together, COLUMNS(phase_columns), "  ");
	json_decref(together);
	word_print(stdout, W_VISITS);
	columns_print(stdout, json_object_get(answer, "visites"), COLUMNS(visit_columns), "  ");
}

static void show_session(const struct args *a, const json_t *answer)
{
	const json_t *o = json_object_get(answer, "opportunites"), *event = json_object_get(answer, "evenement");

	(void)a;
	head(event);
	word_print(stdout, W_OPPORTUNITIES, (long long)fact_int(o, "total"), (long long)fact_int(o, "conclues"),
		   (long long)fact_int(o, "conclues_6_mois"));
	if (fact_int(o, "total") > 0)
		columns_print(stdout, json_object_get(answer, "natures"), COLUMNS(nature_columns), "  ");
	if (strcmp(fact_text(event, "type_evenement"), "formation_action") == 0)
		show_visits(answer);
}

int cmd_session(const struct args *a)
{
	return ask(a, "/session", "uid", show_session);
}

/* --- appointments --- */

static const struct column schedule_columns[] = {{.word = W_SLOT, .key = "creneau"}, {.word = W_TABLE, .key = "table"},
						 {.word = W_WITH, .key = "nom", .second = "avec"}, {.word = W_STATE, .key = "etat"}};

static void show_one_schedule(const json_t *structure)
{
	print_line(stdout, fact_has(structure, "nom") ? fact_text(structure, "nom") : fact_text(structure, "structure"));
	putchar('\n');
	columns_print(stdout, json_object_get(structure, "rendez_vous"), COLUMNS(schedule_columns), "  ");
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

static const struct column hub_columns[] = {{.key = "pole"}, {.key = "total", .shape = COLUMN_COUNT, .right = true}};

static void show_tiers(const struct args *a, const json_t *answer)
{
	const json_t *reached = json_object_get(answer, "palier"), *next = json_object_get(answer, "suivant");
	char price[40];

	(void)a;
	word_print(stdout, W_TIERS_HEAD, fact_text(answer, "titre"), fact_text(answer, "echeance"), fact_text(answer, "statut"));
	word_print(stdout, W_TIERS_TOTAL, (long long)fact_int(answer, "total"), (long long)fact_int(answer, "engagements"));
	columns_print(stdout, json_object_get(answer, "poles"), COLUMNS(hub_columns), "  ");
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
