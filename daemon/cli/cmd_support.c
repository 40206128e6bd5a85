/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks, surveys, requests, referrals, hours. */

#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

static json_t *list_of(const json_t *o, const char *key)
{
	return json_object_get(o, key);
}

/* Nothing where there are no items. */
static void show_under(enum word_id title, const json_t *items, const struct column *columns, size_t count)
{
	if (json_array_size(items) == 0)
		return;
	printf("\n%s\n", word(title));
	columns_print(stdout, items, columns, count, "  ");
}

/* GET folder, or folder/UID, with one parameter. */
static int get(const struct args *a, const char *folder, const char *key, const char *value, void (*show)(const json_t *answer))
{
	struct client c;
	struct buf path;

	buf_init(&path, 4096);
	buf_str(&path, folder);
	if (a->word_count > 0)
		path_part(&path, a->words[0]);
	path_query(&path, key, value);
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c))
		show(c.json);
	buf_done(&path);
	return client_close(&c, 0);
}

static int post(const struct args *a, const char *folder, json_t *send, void (*show)(const json_t *answer))
{
	struct client c;
	struct buf path;

	buf_init(&path, 4096);
	buf_str(&path, folder);
	path_part(&path, a->words[0]);
	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", buf_cstr(&path), send) && !command_json(&c) && !a->quiet)
		show(c.json);
	buf_done(&path);
	return client_close(&c, 0);
}

/* --- networks --- */

static void write_names(struct buf *cell, const json_t *item, const char *key)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(item, key), i, one)
		buf_printf(cell, "%s%s", i ? ", " : "", fact_text(one, "nom"));
}

static const struct column below_columns[] = {{.key = "total", .shape = COLUMN_INT, .right = true}, {.key = "nom"}, {.key = "uid"}};
static const struct column assembly_columns[] = {{.key = "debut"}, {.key = "titre"}, {.key = "statut"}};
static const struct column member_columns[] = {{.word = W_NAME, .key = "nom"}, {.word = W_COMMUNE, .key = "commune"},
					       {.word = W_OWNER, .key = "owner"},
					       {.word = W_NETWORKS, .key = "adhesions", .write = write_names},
					       {.name = "uid", .key = "uid"}};

static void show_members(const json_t *answer)
{
	json_t *items = list_of(answer, "items");

	word_print(stdout, W_MEMBERS_OF, fact_text(answer, "nom"), fact_text(answer, "jour"), (long long)fact_int(answer, "total"),
		   (long long)fact_int(answer, "directs"));
	show_under(W_MEMBERS_BELOW, list_of(answer, "reseaux"), COLUMNS(below_columns));
	show_under(W_MEMBERS_ASSEMBLIES, list_of(answer, "assemblees"), COLUMNS(assembly_columns));
	if (json_array_size(items) == 0)
		return;
	printf("\n");
	columns_print(stdout, items, COLUMNS(member_columns), "");
}

int cmd_members_of(const struct args *a)
{
	return get(a, "/network/", "on", args_get(a, "on"), show_members);
}

/* --- surveys --- */

static void show_counts(enum word_id title, json_t *list, const char *key)
{
	const struct column columns[] = {{.key = "n", .shape = COLUMN_INT, .right = true}, {.key = key, .no = W_SURVEY_NO_NETWORK},
					 {.key = "commanditaire", .shape = COLUMN_FLAG, .yes = W_SURVEY_SPONSOR}};

	show_under(title, list, COLUMNS(columns));
}

static void write_share(struct buf *cell, const json_t *item, const char *key)
{
	int64_t mean = fact_int(item, key);

	if (fact_has(item, key))
		buf_printf(cell, "%lld%s%02lld %%", (long long)mean / 100, word_pick(",", "."), (long long)mean % 100);
	else
		buf_str(cell, word(W_SURVEY_FEW));
}

static void write_n(struct buf *cell, const json_t *item, const char *key)
{
	buf_printf(cell, "n = %lld", (long long)fact_int(item, key));
}

static const struct column share_columns[] = {{.key = "part"}, {.key = "moyenne", .write = write_share}, {.key = "n", .write = write_n}};
static const struct column version_columns[] = {{.key = "uid"}, {.key = "version"}};

static void show_survey(const json_t *answer)
{
	const json_t *bias = json_object_get(answer, "biais");

	word_print(stdout, W_SURVEY, fact_text(answer, "titre"), fact_text(answer, "version"), (long long)fact_int(answer, "n"));
	if (fact_true(bias, "averti"))
		word_print(stdout, W_SURVEY_BIAS, (long long)fact_int(bias, "n"), (long long)fact_int(answer, "n"), (long long)fact_int(bias, "part") / 100);
	show_counts(W_SURVEY_NETWORKS, list_of(answer, "reseaux"), "reseau");
	show_counts(W_SURVEY_MODES, list_of(answer, "modes"), "mode");
	show_counts(W_SURVEY_OBSTACLES, list_of(answer, "freins"), "code");
	show_counts(W_SURVEY_LEVERS, list_of(answer, "leviers"), "code");
	show_counts(W_SURVEY_REASONS, list_of(answer, "motifs"), "code");
	show_under(W_SURVEY_SHARES, list_of(answer, "parts"), COLUMNS(share_columns));
	show_counts(W_SURVEY_HUBS, list_of(answer, "poles"), "pole");
	show_under(W_SURVEY_OTHERS, list_of(answer, "autres_versions"), COLUMNS(version_columns));
}

static void show_survey_sent(const json_t *answer)
{
	word_print(stdout, W_SURVEY_SENT, (long long)fact_int(answer, "envoyes"));
}

int cmd_survey(const struct args *a)
{
	return args_has(a, "send") ? post(a, "/survey/", NULL, show_survey_sent) : get(a, "/survey/", NULL, NULL, show_survey);
}

/* --- requests --- */

static void write_waiting(struct buf *cell, const json_t *item, const char *key)
{
	if (fact_true(item, "propose"))
		buf_str(cell, word(W_REQUESTS_PROPOSED));
	else if (fact_true(item, key))
		buf_str(cell, word(W_REQUESTS_LATE));
}

static const struct column request_columns[] = {
	{.word = W_REQUESTS_RECEIVED, .key = "recue_le"}, {.word = W_REQUESTS_DAYS, .key = "jours", .shape = COLUMN_INT, .right = true},
	{.key = "en_retard", .write = write_waiting}, {.word = W_REQUESTS_SUBJECT, .key = "sujet"}, {.word = W_COMMUNE, .key = "code_insee"},
	{.word = W_REQUESTS_HUB, .key = "pole_destinataire"}, {.name = "uid", .key = "uid"}};

static void show_requests(const json_t *answer)
{
	json_t *items = list_of(answer, "items");

	if (json_array_size(items) == 0) {
		word_print(stdout, W_REQUESTS_NONE);
		return;
	}
	word_print(stdout, W_REQUESTS_COUNT, (long long)fact_int(answer, "total"), (long long)fact_int(answer, "en_retard"));
	columns_print(stdout, items, COLUMNS(request_columns), "");
}

int cmd_requests(const struct args *a)
{
	return get(a, "/requests", NULL, NULL, show_requests);
}

static void show_answered(const json_t *answer)
{
	word_print(stdout, fact_true(answer, "propose") ? W_ANSWER_PROPOSED : W_ANSWERED);
}

int cmd_answer(const struct args *a)
{
	const char *structure = args_get(a, "structure");

	return post(a, "/requests/", json_pack("{s:s, s:s}", "structure", structure ? structure : "", "refuse", args_has(a, "refuse") ? "1" : ""),
		    show_answered);
}

/* --- referrals --- */

static void add_candidate(struct grid *g, const char *competence, const json_t *one)
{
	grid_add(g, competence);
	grid_add(g, fact_text(one, "nom"));
	grid_add(g, fact_text(one, "groupement"));
	grid_add(g, word(fact_true(one, "nomme") ? W_ORIENT_NAMED : W_ORIENT_LEAD));
	grid_add(g, fact_text(one, "uid"));
}

static void add_wanted(struct grid *g, const json_t *wanted)
{
	json_t *candidates = list_of(wanted, "candidats"), *one;
	bool done = fact_has(wanted, "oriente");
	size_t i;

	if (done || json_array_size(candidates) == 0) {
		grid_add(g, fact_text(wanted, "competence"));
		grid_add(g, word(done ? W_ORIENT_DONE : W_ORIENT_NOBODY));
		grid_add(g, "");
		grid_add(g, "");
		grid_add(g, fact_text(wanted, "oriente"));
		return;
	}
	json_array_foreach(candidates, i, one)
		add_candidate(g, i ? "" : fact_text(wanted, "competence"), one);
}

static void show_candidates(const json_t *answer)
{
	json_t *wanted = list_of(answer, "competences"), *one;
	struct grid g;
	size_t i;

	if (json_array_size(wanted) == 0) {
		word_print(stdout, W_ORIENT_NOTHING);
		return;
	}
	grid_init(&g, 5);
	grid_head(&g, (const char *const[]){word(W_ORIENT_COMPETENCE), word(W_ORIENT_WHO), word(W_ORIENT_GROUP), "", "uid"});
	json_array_foreach(wanted, i, one)
		add_wanted(&g, one);
	grid_print(&g, stdout);
}

static const struct column referral_columns[] = {
	{.word = W_WHEN, .key = "le"}, {.word = W_ORIENT_COMPETENCE, .key = "competence"}, {.word = W_ORIENT_PROJECT, .key = "projet"},
	{.word = W_FROM, .key = "de"}, {.word = W_TO, .key = "vers"}, {.word = W_STATE, .key = "etat"},
	{.key = "pour_nous", .shape = COLUMN_FLAG, .yes = W_ORIENT_FOR_US}, {.name = "uid", .key = "uid"}};

static void show_referrals(const json_t *answer)
{
	json_t *items = list_of(answer, "items");

	if (json_array_size(items) == 0)
		word_print(stdout, W_ORIENT_NONE);
	else
		columns_print(stdout, items, COLUMNS(referral_columns), "");
}

static void show_assigned(const json_t *answer)
{
	word_print(stdout, W_ORIENT_WRITTEN, (long long)json_array_size(list_of(answer, "orientations")));
}

int cmd_orient(const struct args *a)
{
	if (a->word_count == 0 && args_has(a, "assign"))
		return print_fail(ES_USAGE, W_ORIENT_WHICH);
	if (a->word_count == 0)
		return get(a, "/referrals", NULL, NULL, show_referrals);
	return args_has(a, "assign") ? post(a, "/referrals/", NULL, show_assigned) : get(a, "/referrals/", NULL, NULL, show_candidates);
}

/* --- hours --- */

static void write_person(struct buf *cell, const json_t *item, const char *key)
{
	buf_printf(cell, "%s%s%s", fact_text(item, "prenom"), fact_has(item, "prenom") ? " " : "",
		   fact_has(item, key) ? fact_text(item, key) : word(W_HOURS_UNNAMED));
}

static const struct column hour_columns[] = {
	{.word = W_HOURS_YEAR, .key = "annee"}, {.word = W_NAME, .key = "nom", .write = write_person},
	{.word = W_HOURS, .key = "heures", .shape = COLUMN_SHOWN, .right = true},
	{.word = W_HOURS_PLANNED, .key = "prevues", .shape = COLUMN_SHOWN, .right = true},
	{.word = W_HOURS_TIMES, .key = "interventions", .shape = COLUMN_INT, .right = true},
	{.word = W_HOURS_PUPILS, .key = "eleves", .shape = COLUMN_INT, .right = true}, {.name = "uid", .key = "uid"}};

static void show_hours(const json_t *answer)
{
	columns_print(stdout, list_of(answer, "items"), COLUMNS(hour_columns), "");
	word_print(stdout, W_HOURS_TOTAL, fact_shown(json_object_get(answer, "total")));
}

int cmd_hours(const struct args *a)
{
	return get(a, "/hours", "year", args_get(a, "year"), show_hours);
}
