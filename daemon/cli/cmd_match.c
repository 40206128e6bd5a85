/* SPDX-License-Identifier: Apache-2.0
 *
 * match: what fits, line by line, so that an officer can say why. */
#include <string.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"
#include "daemon/search/score.h"

#define EXPLAINED 3 /* the best ones, with their six lines */

/* "6975" as 69,75. */
static void hundredths(struct buf *b, int64_t n)
{
	buf_printf(b, "%lld%s%02lld", (long long)(n / 100), word_pick(",", "."), (long long)(n % 100));
}

static bool is_unknown(const json_t *item, int criterion)
{
	json_t *list = json_object_get(item, "inconnu"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(json_string_value(one) ? json_string_value(one) : "", score_criteria[criterion]) == 0)
			return true;
	return false;
}

static int64_t part_of(const json_t *item, int criterion, size_t which)
{
	return json_integer_value(json_array_get(json_object_get(json_object_get(item, "detail"), score_criteria[criterion]), which));
}

/* --- the table --- */

static void item_row(struct grid *g, const json_t *item, size_t rank)
{
	char cell[32];
	struct buf b;

	grid_add_int(g, (int64_t)rank);
	buf_init_fixed(&b, cell, sizeof cell);
	hundredths(&b, fact_int(item, "total"));
	grid_add(g, buf_cstr(&b));
	for (int c = 0; c < SCORE_CRITERIA; c++) {
		snprintf(cell, sizeof cell, "%lld%s", (long long)part_of(item, c, 0), is_unknown(item, c) ? "?" : "");
		grid_add(g, cell);
	}
	grid_add(g, fact_has(item, "km") ? fact_shown(json_object_get(item, "km")) : "?");
	grid_add(g, fact_text(item, "titre"));
	grid_add(g, fact_text(json_object_get(item, "structure"), "nom"));
	grid_add(g, fact_text(item, "uid"));
}

static void show_table(const json_t *items)
{
	const char *names[12] = {"", word(W_MATCH_TOTAL)};
	const json_t *item;
	bool unknown = false;
	struct grid g;
	size_t i;

	for (int c = 0; c < SCORE_CRITERIA; c++)
		names[2 + c] = word((enum word_id)(W_MATCH_QUALITE + c));
	names[8] = "km";
	names[9] = word(W_TITLE);
	names[10] = word(W_STRUCTURE);
	names[11] = "uid";
	grid_init(&g, 12);
	g.right = 0x1ff;
	grid_head(&g, names);
	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		item_row(&g, item, i + 1);
		unknown = unknown || json_array_size(json_object_get(item, "inconnu")) > 0;
	}
	grid_print(&g, stdout);
	if (unknown)
		word_print(stdout, W_MATCH_MARK);
}

/* --- the six lines of one --- */

static void say_list(struct buf *b, enum word_id head, const json_t *list)
{
	if (json_array_size(list) == 0)
		return;
	word_add(b, head);
	fact_join(b, list);
}

static void say_qualite(struct buf *b, const json_t *item, const json_t *proof)
{
	(void)item;
	if (fact_int(proof, "nb_avis") > 0)
		word_add(b, W_MATCH_OPINIONS, (long long)fact_int(proof, "nb_avis"), (long long)fact_int(proof, "somme_avis"));
	else
		word_add(b, W_MATCH_NO_OPINION);
	say_list(b, W_MATCH_CERTIFIED, json_object_get(proof, "certifications"));
}

static void say_money(struct buf *b, const json_t *proof, const char *cents, const char *unit)
{
	if (!fact_has(proof, cents)) {
		buf_str(b, "?");
		return;
	}
	hundredths(b, fact_int(proof, cents));
	word_add(b, W_MATCH_PER, fact_has(proof, unit) ? fact_text(proof, unit) : "?");
}

static void say_prix(struct buf *b, const json_t *item, const json_t *proof)
{
	struct buf price, budget;

	(void)item;
	buf_init(&price, 4096);
	buf_init(&budget, 4096);
	say_money(&price, proof, "prix_cents", "unite");
	say_money(&budget, proof, "budget_max_cents", "unite_besoin");
	word_add(b, W_MATCH_PRICE, buf_cstr(&price), buf_cstr(&budget));
	buf_done(&price);
	buf_done(&budget);
}

static void say_environnement(struct buf *b, const json_t *item, const json_t *proof)
{
	const json_t *verified = json_object_get(proof, "verifies"), *declared = json_object_get(proof, "declares");

	(void)item;
	if (json_array_size(verified) + json_array_size(declared) == 0)
		word_add(b, W_MATCH_NO_LABEL);
	say_list(b, W_MATCH_VERIFIED, verified);
	if (json_array_size(verified) > 0 && json_array_size(declared) > 0)
		buf_str(b, " ; ");
	say_list(b, W_MATCH_DECLARED, declared);
}

static void say_social(struct buf *b, const json_t *item, const json_t *proof)
{
	(void)item;
	if (!fact_has(proof, "statut"))
		word_add(b, W_MATCH_NO_STATUS);
	buf_str(b, fact_text(proof, "statut"));
	if (fact_has(proof, "siae_type"))
		buf_printf(b, " (%s)", fact_text(proof, "siae_type"));
	if (fact_has(proof, "charte_version") || fact_has(proof, "charte_date"))
		word_add(b, W_MATCH_CHARTER);
}

static void say_proximite(struct buf *b, const json_t *item, const json_t *proof)
{
	enum score_level level = score_level_named(slice_str(fact_text(item, "niveau")));

	(void)proof;
	if (level == LEVEL_NONE && !fact_has(item, "km"))
		word_add(b, W_MATCH_NO_PLACE);
	if (level != LEVEL_NONE)
		word_add(b, (enum word_id)(W_MATCH_COMMUNE + level - LEVEL_COMMUNE));
	if (fact_has(item, "km"))
		buf_printf(b, "%s%lld km", level == LEVEL_NONE ? "" : ", ", (long long)fact_int(item, "km"));
}

static void say_delai(struct buf *b, const json_t *item, const json_t *proof)
{
	char days[24] = "?", most[24] = "?";

	(void)item;
	if (fact_has(proof, "delai_jours"))
		snprintf(days, sizeof days, "%lld", (long long)fact_int(proof, "delai_jours"));
	if (fact_has(proof, "delai_max_jours"))
		snprintf(most, sizeof most, "%lld", (long long)fact_int(proof, "delai_max_jours"));
	word_add(b, W_MATCH_DAYS, days, most);
}

static void (*const sayings[SCORE_CRITERIA])(struct buf *b, const json_t *item, const json_t *proof) = {
	[SCORE_QUALITE] = say_qualite, [SCORE_PRIX] = say_prix, [SCORE_ENVIRONNEMENT] = say_environnement,
	[SCORE_SOCIAL] = say_social, [SCORE_PROXIMITE] = say_proximite, [SCORE_DELAI] = say_delai,
};

static void show_line(const json_t *item, int c)
{
	const char *name = word((enum word_id)(W_MATCH_QUALITE + c));
	char product[32];
	struct buf b;

	buf_init_fixed(&b, product, sizeof product);
	hundredths(&b, part_of(item, c, 2));
	printf("   %s%*s %3lld × %2lld %% = %5s   ", name, (int)(13 - text_width(name)), "", (long long)part_of(item, c, 0),
	       (long long)part_of(item, c, 1), buf_cstr(&b));
	buf_init(&b, 65536);
	if (is_unknown(item, c))
		word_add(&b, W_MATCH_UNKNOWN);
	sayings[c](&b, item, json_object_get(json_object_get(item, "preuves"), score_criteria[c]));
	print_line(stdout, buf_cstr(&b));
	putchar('\n');
	buf_done(&b);
}

static void show_best(const json_t *items)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		if (i >= EXPLAINED)
			break;
		printf("\n%zu. ", i + 1);
		print_line(stdout, fact_text(item, "titre"));
		printf(" : ");
		print_line(stdout, fact_text(json_object_get(item, "structure"), "nom"));
		putchar('\n');
		for (int c = 0; c < SCORE_CRITERIA; c++)
			show_line(item, c);
	}
}

/* --- what is set aside --- */

static const char *reason_word(const char *reason)
{
	for (int f = FILTER_NONE + 1; f < FILTER_COUNT; f++)
		if (strcmp(reason, score_filter_name((enum score_filter)f)) == 0)
			return word((enum word_id)(W_MATCH_BESOIN_FERME + f - FILTER_BESOIN_FERME));
	return reason;
}

static void show_aside(const json_t *answer)
{
	json_t *list = json_object_get(answer, "ecartes"), *reasons = json_object_get(answer, "raisons"), *one;
	const char *reason;
	struct grid g;
	size_t i;

	if (json_object_size(reasons) == 0)
		return;
	printf("\n%s\n", word(W_MATCH_ASIDE));
	grid_init(&g, 2);
	g.right = 1;
	json_object_foreach(reasons, reason, one)
	{
		grid_add_int(&g, json_integer_value(one));
		grid_add(&g, reason_word(reason));
	}
	grid_print(&g, stdout);
	if (json_array_size(list) == 0)
		return;
	putchar('\n');
	grid_init(&g, 3);
	grid_head(&g, (const char *const[]){word(W_TITLE), word(W_MATCH_REASON), "uid"});
	json_array_foreach(list, i, one)
	{
		grid_add(&g, fact_text(one, "titre"));
		grid_add(&g, reason_word(fact_text(one, "raison")));
		grid_add(&g, fact_text(one, "uid"));
	}
	grid_print(&g, stdout);
}

static int64_t count_aside(const json_t *answer)
{
	json_t *reasons = json_object_get(answer, "raisons"), *one;
	const char *reason;
	int64_t n = 0;

	json_object_foreach(reasons, reason, one)
		n += json_integer_value(one);
	return n;
}

static void show_answer(const struct client *c)
{
	const json_t *items = json_object_get(c->json, "items");
	int64_t shown = (int64_t)json_array_size(items), total = fact_int(c->json, "total");

	printf("%s", word(fact_has(c->json, "offre") ? W_MATCH_OFFER : W_MATCH_NEED));
	print_line(stdout, fact_text(c->json, "titre"));
	word_print(stdout, W_MATCH_SCALE, fact_text(c->json, "type"), fact_text(c->json, "jour"), fact_text(c->json, "bareme"));
	if (fact_has(c->json, "rome"))
		word_print(stdout, W_MATCH_POSTS, fact_text(c->json, "rome"),
			   fact_has(c->json, "postes") ? fact_shown(json_object_get(c->json, "postes")) : "?");
	if (fact_true(c->json, "a_traiter"))
		word_print(stdout, W_MATCH_HANDLE);
	if (strcmp(fact_text(c->json, "poids"), "invalides") == 0)
		word_print(stdout, W_MATCH_WEIGHTS);
	word_print(stdout, W_MATCH_COUNT, (long long)total, (long long)count_aside(c->json));
	if (shown > 0) {
		putchar('\n');
		show_table(items);
		show_best(items);
	}
	show_aside(c->json);
	if (!c->args->quiet && shown < total)
		word_print(stderr, W_SHOWN_OF, (long long)shown, (long long)total);
	if (!c->args->quiet && !args_has(c->args, "all") && count_aside(c->json) > 0)
		word_print(stderr, W_MATCH_ASIDE_HOW);
}

int cmd_match(const struct args *a)
{
	struct client c;
	struct buf path;

	buf_init(&path, 4096);
	buf_str(&path, "/match/");
	path_part(&path, a->words[0]);
	if (!command_count(a, "limit", &path)) {
		buf_done(&path);
		return es_err_exit(ES_USAGE);
	}
	path_query(&path, "all", args_has(a, "all") ? "1" : NULL);
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c))
		show_answer(&c);
	buf_done(&path);
	return client_close(&c, 0);
}
