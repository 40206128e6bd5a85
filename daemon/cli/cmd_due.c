/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub officer's Monday (due), and the code lists. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

/* --- due --- */

static void add_side(struct grid *g, const json_t *item, const char *side)
{
	json_t *s = json_object_get(item, side);
	bool shut = strcmp(fact_text(s, "etat"), "fermee") == 0;
	const char *name = fact_text(s, "nom");
	char text[256];

	snprintf(text, sizeof text, "%s%s%s%s", *name ? name : fact_text(s, "uid"), shut ? " (" : "", shut ? word(W_DUE_SHUT) : "",
		 shut ? ")" : "");
	grid_add(g, text);
}

static void add_partnership(struct grid *g, const json_t *item)
{
	add_side(g, item, "structure_a");
	add_side(g, item, "structure_b");
	grid_add(g, fact_text(item, "forme"));
	grid_add(g, fact_text(item, "etat"));
	grid_add(g, fact_text(item, "partenariat"));
}

static void show_followups(const json_t *items)
{
	char late[64];
	json_t *item;
	struct grid g;
	size_t i;

	grid_init(&g, 9);
	grid_head(&g, (const char *const[]){word(W_DUE_ON), word(W_DUE_MONTHS), "", "a", "b", word(W_DUE_FORM), word(W_STATE),
					    word(W_DUE_PARTNERSHIP), word(W_DUE_FOLLOWUP)});
	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		snprintf(late, sizeof late, word(W_DUE_LATE), (long long)fact_int(item, "jours"));
		grid_add(&g, fact_text(item, "date"));
		grid_add_int(&g, fact_int(item, "echeance_mois"));
		grid_add(&g, fact_true(item, "en_retard") ? late : "");
		add_partnership(&g, item);
		grid_add(&g, fact_text(item, "uid"));
	}
	grid_print(&g, stdout);
}

static void show_risks(const json_t *items)
{
	json_t *item;
	struct grid g;
	size_t i;

	grid_init(&g, 7);
	grid_head(&g, (const char *const[]){word(W_DUE_ON), "", "a", "b", word(W_DUE_FORM), word(W_STATE), word(W_DUE_PARTNERSHIP)});
	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		grid_add(&g, fact_text(item, "date"));
		grid_add(&g, word(strcmp(fact_text(item, "motif"), "risque") == 0 ? W_DUE_WORST : W_DUE_RISING));
		add_partnership(&g, item);
	}
	grid_print(&g, stdout);
}

static void show_to_close(const json_t *items)
{
	json_t *item;
	struct grid g;
	size_t i;

	grid_init(&g, 5);
	grid_head(&g, (const char *const[]){"a", "b", word(W_DUE_FORM), word(W_STATE), word(W_DUE_PARTNERSHIP)});
	json_array_foreach((json_t *)(uintptr_t)items, i, item) add_partnership(&g, item);
	grid_print(&g, stdout);
}

static void show_due(const struct client *c)
{
	json_t *followups = json_object_get(c->json, "suivis"), *risks = json_object_get(c->json, "alertes"),
	       *to_close = json_object_get(c->json, "a_clore");

	if (json_array_size(followups) > 0) {
		word_print(stdout, W_DUE_FOLLOWUPS, fact_text(c->json, "on"));
		show_followups(followups);
	} else if (!c->args->quiet) {
		word_print(stderr, W_DUE_NONE);
	}
	if (json_array_size(risks) > 0) {
		word_print(stdout, W_DUE_RISKS);
		show_risks(risks);
	}
	if (json_array_size(to_close) > 0) {
		word_print(stdout, W_DUE_TO_CLOSE);
		show_to_close(to_close);
	}
}

int cmd_due(const struct args *a)
{
	struct client c;
	struct buf path;

	buf_init(&path, 4096);
	buf_str(&path, "/due");
	path_query(&path, "on", args_get(a, "on"));
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c))
		show_due(&c);
	buf_done(&path);
	return client_close(&c, 0);
}

/* --- codes --- */

static void show_lists(const json_t *lists)
{
	json_t *list;
	struct grid g;
	size_t i;

	grid_init(&g, 4);
	g.right = 2;
	grid_head(&g, (const char *const[]){word(W_CODES_LIST), word(W_CODES_COUNT), "", word(W_CODES_FIELDS)});
	json_array_foreach((json_t *)(uintptr_t)lists, i, list)
	{
		struct buf fields;

		buf_init(&fields, 1 << 16);
		fact_join(&fields, json_object_get(list, "fields"));
		grid_add(&g, fact_text(list, "name"));
		grid_add_int(&g, (int64_t)json_array_size(json_object_get(list, "codes")));
		grid_add(&g, fact_true(list, "extensible") ? word(W_CODES_EXTENSIBLE) : "");
		grid_add(&g, buf_cstr(&fields));
		buf_done(&fields);
	}
	grid_print(&g, stdout);
}

static void show_codes(const json_t *list)
{
	char closed[64];
	json_t *code;
	struct grid g;
	size_t i;

	grid_init(&g, 5);
	grid_head(&g, (const char *const[]){word(W_CODES_CODE), word(W_CODES_CATEGORY), word(W_CODES_LABEL), "", ""});
	json_array_foreach(json_object_get(list, "codes"), i, code)
	{
		snprintf(closed, sizeof closed, word(W_CODES_CLOSED), fact_text(code, "ferme_le"));
		grid_add(&g, fact_text(code, "code"));
		grid_add(&g, fact_text(code, "categorie"));
		grid_add(&g, fact_text(code, "libelle"));
		grid_add(&g, fact_true(code, "ajoute") ? word(W_CODES_ADDED) : "");
		grid_add(&g, *fact_text(code, "ferme_le") ? closed : "");
	}
	grid_print(&g, stdout);
}

int cmd_codes(const struct args *a)
{
	struct client c;
	struct buf path;

	buf_init(&path, 4096);
	buf_str(&path, "/codes");
	path_query(&path, "list", a->word_count ? a->words[0] : NULL);
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c)) {
		json_t *lists = json_object_get(c.json, "lists");

		if (a->word_count)
			show_codes(json_array_get(lists, 0));
		else
			show_lists(lists);
	}
	buf_done(&path);
	return client_close(&c, 0);
}
