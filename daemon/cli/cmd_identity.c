/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is who: duplicates and establishments, links between records, records that change
 * hands, partnerships across a border. */
#include <string.h>

#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

/* --- duplicates --- */

static enum word_id state_word(const char *state)
{
	static const struct { const char *state; enum word_id word; } states[] = {
		{"propose", W_DUPLICATE_PROPOSED}, {"accepte", W_DUPLICATE_LINKED}, {"separe", W_DUPLICATE_APART},
	};

	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(state, states[i].state) == 0)
			return states[i].word;
	return W_DUPLICATE_FOUND;
}

/* One line a record: the number once, then what stands between it and the reference. */
static void add_group(struct grid *g, const json_t *group, const char *key)
{
	json_t *items = json_object_get(group, "items"), *item;
	size_t k;

	json_array_foreach(items, k, item)
	{
		bool canonical = strcmp(fact_text(item, "uid"), fact_text(group, "canonical")) == 0;
		struct buf differ;

		buf_init(&differ, 1 << 16);
		fact_join(&differ, json_object_get(item, "differ"));
		grid_add(g, k ? "" : fact_text(group, key));
		grid_add(g, fact_text(item, "uid"));
		grid_add(g, fact_text(item, "owner"));
		grid_add(g, canonical ? word(W_CANONICAL) : fact_has(item, "state") ? word(state_word(fact_text(item, "state")))
										     : fact_text(item, "siret"));
		grid_add(g, fact_text(item, "answer"));
		grid_add(g, fact_text(item, "nom"));
		grid_add(g, differ.len ? buf_cstr(&differ) : "");
		buf_done(&differ);
	}
}

static void show_groups(const json_t *groups, const char *head, const char *key)
{
	json_t *group;
	struct grid g;
	size_t i;

	if (json_array_size(groups) == 0)
		return;
	grid_init(&g, 7);
	grid_head(&g, (const char *const[]){head, "uid", word(W_OWNER), "", word(W_ANSWER), word(W_NAME), word(W_DIFFER)});
	json_array_foreach((json_t *)(uintptr_t)groups, i, group)
		add_group(&g, group, key);
	grid_print(&g, stdout);
}

int cmd_duplicates(const struct args *a)
{
	bool siblings = args_has(a, "siblings");
	struct client c;

	if (!client_open(&c, a) || !client_call(&c, "GET", siblings ? "/siblings" : "/duplicates", NULL) || command_json(&c))
		return client_close(&c, 0);
	show_groups(json_object_get(c.json, "items"), siblings ? "SIREN" : "SIRET", siblings ? "siren" : "siret");
	show_groups(json_object_get(c.json, "candidates"), "RNA", "rna");
	if (fact_int(c.json, "total") == 0 && !a->quiet)
		word_print(stderr, siblings ? W_SIBLINGS_NONE : W_DUPLICATES_NONE);
	return client_close(&c, 0);
}

static int two(const struct args *a, const char *path, json_t *send, void (*say)(const json_t *answer))
{
	struct client c;

	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", path, send) && !command_json(&c) && !a->quiet)
		say(c.json);
	return client_close(&c, 0);
}

static void say_word(const json_t *answer)
{
	const char *etat = fact_text(answer, "etat");

	if (strcmp(etat, "propose") == 0)
		word_print(stdout, W_LINK_PROPOSED, fact_text(answer, "le"));
	else
		word_print(stdout, strcmp(etat, "accepte") == 0 ? W_LINK_ACCEPTED : W_LINK_ENDED);
}

int cmd_link(const struct args *a)
{
	json_t *send = json_pack("{s:s, s:s, s:b}", "a", a->words[0], "b", a->words[1], "decide", args_has(a, "decide"));

	if (args_has(a, "canonical"))
		json_object_set_new(send, "canonical", json_pack("s", args_get(a, "canonical")));
	return two(a, "/link", send, say_word);
}

int cmd_unlink(const struct args *a)
{
	return two(a, "/unlink", json_pack("{s:s, s:s}", "a", a->words[0], "b", a->word_count > 1 ? a->words[1] : ""), say_word);
}

static void say_countersigned(const json_t *answer)
{
	struct buf line;

	buf_init(&line, 1 << 12);
	word_add(&line, W_COUNTERSIGNED, fact_text(answer, "owner"));
	print_line(stdout, buf_cstr(&line));
	putchar('\n');
	buf_done(&line);
}

int cmd_countersign(const struct args *a)
{
	return two(a, "/countersign", json_pack("{s:s}", "uid", a->words[0]), say_countersigned);
}

/* --- hand-over --- */

static const struct column moving_columns[] = {{.key = "kind"}, {.key = "titre"}, {.key = "uid"}};

static void show_moving(const json_t *answer, bool quiet)
{
	json_t *with = json_object_get(answer, "with");

	if (json_array_size(with) == 0)
		return;
	if (!quiet)
		word_print(stdout, W_GOES_ALONG);
	columns_print(stdout, with, COLUMNS(moving_columns), "  ");
}

static void say_offered(const json_t *answer, bool dry)
{
	struct buf line;

	buf_init(&line, 1 << 12);
	word_add(&line, dry ? W_WOULD_OFFER : W_OFFERED, (long long)fact_int(answer, "total"), fact_text(answer, "name"),
		   fact_text(answer, "pays"));
	print_line(stdout, buf_cstr(&line));
	putchar('\n');
	buf_done(&line);
}

int cmd_hand_over(const struct args *a)
{
	const char *pays = args_get(a, "pays");
	bool dry = args_has(a, "dry-run");
	struct client c;

	if (a->word_count != (pays ? 1u : 2u))
		return print_fail(ES_USAGE, W_HAND_OVER_WHAT);
	json_t *send = json_pack("{s:s, s:s, s:b}", pays ? "pays" : "uid", pays ? pays : a->words[0], "hub",
				 a->words[a->word_count - 1], "dry_run", dry);
	if (!client_open(&c, a)) {
		json_decref(send);
	} else if (client_call(&c, "POST", "/hand-over", send) && !command_json(&c)) {
		if (!a->quiet)
			say_offered(c.json, dry);
		show_moving(c.json, a->quiet || pays);
	}
	return client_close(&c, 0);
}
