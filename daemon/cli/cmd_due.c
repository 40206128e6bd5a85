/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub officer's Monday (due), and the code lists. */
#include <stdio.h>
#include <string.h>

#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"

/* --- due --- */

static void write_side(struct buf *cell, const json_t *item, const char *side)
{
	json_t *s = json_object_get(item, side);
	const char *name = fact_text(s, "nom");

	buf_str(cell, *name ? name : fact_text(s, "uid"));
	if (strcmp(fact_text(s, "etat"), "fermee") == 0)
		buf_printf(cell, " (%s)", word(W_DUE_SHUT));
}

static void write_late(struct buf *cell, const json_t *item, const char *key)
{
	if (fact_true(item, key))
		word_add(cell, W_DUE_LATE, (long long)fact_int(item, "jours"));
}

static void write_reason(struct buf *cell, const json_t *item, const char *key)
{
	buf_str(cell, word(strcmp(fact_text(item, key), "risque") == 0 ? W_DUE_WORST : W_DUE_RISING));
}

#define PARTNERSHIP \
	{.name = "a", .key = "structure_a", .write = write_side}, {.name = "b", .key = "structure_b", .write = write_side}, \
	{.word = W_DUE_FORM, .key = "forme"}, {.word = W_STATE, .key = "etat"}, {.word = W_DUE_PARTNERSHIP, .key = "partenariat"}
static const struct column followup_columns[] = {
	{.word = W_DUE_ON, .key = "date"}, {.word = W_DUE_MONTHS, .key = "echeance_mois", .shape = COLUMN_INT},
	{.key = "en_retard", .write = write_late}, PARTNERSHIP, {.word = W_DUE_FOLLOWUP, .key = "uid"}};
static const struct column risk_columns[] = {{.word = W_DUE_ON, .key = "date"}, {.key = "motif", .write = write_reason}, PARTNERSHIP};
static const struct column to_close_columns[] = {PARTNERSHIP};

static void show_due(const struct client *c)
{
	json_t *followups = json_object_get(c->json, "suivis"), *risks = json_object_get(c->json, "alertes"),
	       *to_close = json_object_get(c->json, "a_clore");

	if (json_array_size(followups) > 0) {
		word_print(stdout, W_DUE_FOLLOWUPS, fact_text(c->json, "on"));
		columns_print(stdout, followups, COLUMNS(followup_columns), "");
	} else if (!c->args->quiet) {
		word_print(stderr, W_DUE_NONE);
	}
	if (json_array_size(risks) > 0) {
		word_print(stdout, W_DUE_RISKS);
		columns_print(stdout, risks, COLUMNS(risk_columns), "");
	}
	if (json_array_size(to_close) > 0) {
		word_print(stdout, W_DUE_TO_CLOSE);
		columns_print(stdout, to_close, COLUMNS(to_close_columns), "");
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

static void write_size(struct buf *cell, const json_t *list, const char *key)
{
	buf_printf(cell, "%zu", json_array_size(json_object_get(list, key)));
}

static void write_closed(struct buf *cell, const json_t *code, const char *key)
{
	if (*fact_text(code, key))
		word_add(cell, W_CODES_CLOSED, fact_text(code, key));
}

static const struct column list_columns[] = {
	{.word = W_CODES_LIST, .key = "name"}, {.word = W_CODES_COUNT, .key = "codes", .write = write_size, .right = true},
	{.key = "extensible", .shape = COLUMN_FLAG, .yes = W_CODES_EXTENSIBLE}, {.word = W_CODES_FIELDS, .key = "fields", .shape = COLUMN_LIST}};
static const struct column code_columns[] = {
	{.word = W_CODES_CODE, .key = "code"}, {.word = W_CODES_CATEGORY, .key = "categorie"}, {.word = W_CODES_LABEL, .key = "libelle"},
	{.key = "ajoute", .shape = COLUMN_FLAG, .yes = W_CODES_ADDED}, {.key = "ferme_le", .write = write_closed}};

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
			columns_print(stdout, json_object_get(json_array_get(lists, 0), "codes"), COLUMNS(code_columns), "");
		else
			columns_print(stdout, lists, COLUMNS(list_columns), "");
	}
	buf_done(&path);
	return client_close(&c, 0);
}
