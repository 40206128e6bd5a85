/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks, surveys, requests, referrals, hours. */

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

static json_t *list_of(const json_t *o, const char *key)
{
	return json_object_get(o, key);
}

static void heading(enum word_id id)
{
	printf("\n%s\n", word(id));
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

static void add_names(struct grid *g, json_t *memberships)
{
	struct buf b;
	json_t *one;
	size_t i;

	buf_init(&b, 1 << 20);
	json_array_foreach(memberships, i, one)
		buf_printf(&b, "%s%s", i ? ", " : "", fact_text(one, "nom"));
	grid_add(g, b.len ? buf_cstr(&b) : "");
	buf_done(&b);
}

static void show_below(json_t *networks)
{
	struct grid g;
	json_t *one;
	size_t i;

	if (json_array_size(networks) == 0)
		return;
	heading(W_MEMBERS_BELOW);
	grid_init(&g, 3);
	g.indent = "  ";
	g.right = 1;
	json_array_foreach(networks, i, one)
	{
		grid_add_int(&g, fact_int(one, "total"));
		grid_add(&g, fact_text(one, "nom"));
		grid_add(&g, fact_text(one, "uid"));
	}
	grid_print(&g, stdout);
}

static void show_assemblies(json_t *events)
{
	struct grid g;
	json_t *one;
	size_t i;

	if (json_array_size(events) == 0)
		return;
	heading(W_MEMBERS_ASSEMBLIES);
	grid_init(&g, 3);
	g.indent = "  ";
	json_array_foreach(events, i, one)
	{
		grid_add(&g, fact_text(one, "debut"));
		grid_add(&g, fact_text(one, "titre"));
		grid_add(&g, fact_text(one, "statut"));
	}
	grid_print(&g, stdout);
}

static void show_members(const json_t *answer)
{
	json_t *items = list_of(answer, "items"), *one;
	struct grid g;
	size_t i;

	word_print(stdout, W_MEMBERS_OF, fact_text(answer, "nom"), fact_text(answer, "jour"), (long long)fact_int(answer, "total"),
		   (long long)fact_int(answer, "directs"));
	show_below(list_of(answer, "reseaux"));
	show_assemblies(list_of(answer, "assemblees"));
	if (json_array_size(items) == 0)
		return;
	printf("\n");
	grid_init(&g, 5);
	grid_head(&g, (const char *const[]){word(W_NAME), word(W_COMMUNE), word(W_OWNER), word(W_NETWORKS), "uid"});
	json_array_foreach(items, i, one)
	{
		grid_add(&g, fact_text(one, "nom"));
		grid_add(&g, fact_text(one, "commune"));
		grid_add(&g, fact_text(one, "owner"));
		add_names(&g, list_of(one, "adhesions"));
		grid_add(&g, fact_text(one, "uid"));
	}
	grid_print(&g, stdout);
}

int cmd_members_of(const struct args *a)
{
	return get(a, "/network/", "on", args_get(a, "on"), show_members);
}

/* --- surveys --- */

static void show_counts(enum word_id title, json_t *list, const char *key)
{
	struct grid g;
	json_t *one;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	heading(title);
	grid_init(&g, 3);
	g.indent = "  ";
	g.right = 1;
	json_array_foreach(list, i, one)
	{
		const char *name = fact_text(one, key);

		grid_add_int(&g, fact_int(one, "n"));
		grid_add(&g, name[0] ? name : word(W_SURVEY_NO_NETWORK));
		grid_add(&g, fact_true(one, "commanditaire") ? word(W_SURVEY_SPONSOR) : "");
	}
	grid_print(&g, stdout);
}

static void show_shares(json_t *list)
{
	struct grid g;
	json_t *one;
	char share[64];
	size_t i;

	if (json_array_size(list) == 0)
		return;
	heading(W_SURVEY_SHARES);
	grid_init(&g, 3);
	g.indent = "  ";
	json_array_foreach(list, i, one)
	{
		int64_t mean = fact_int(one, "moyenne");

		snprintf(share, sizeof share, "%lld%c%02lld %%", (long long)mean / 100, words_language() == WORDS_FR ? ',' : '.', (long long)mean % 100);
		grid_add(&g, fact_text(one, "part"));
		grid_add(&g, fact_has(one, "moyenne") ? share : word(W_SURVEY_FEW));
		snprintf(share, sizeof share, "n = %lld", (long long)fact_int(one, "n"));
		grid_add(&g, share);
	}
	grid_print(&g, stdout);
}

static void show_survey(const json_t *answer)
{
	const json_t *bias = json_object_get(answer, "biais");
	json_t *others = list_of(answer, "autres_versions"), *one;
	size_t i;

	word_print(stdout, W_SURVEY, fact_text(answer, "titre"), fact_text(answer, "version"), (long long)fact_int(answer, "n"));
	if (fact_true(bias, "averti"))
		word_print(stdout, W_SURVEY_BIAS, (long long)fact_int(bias, "n"), (long long)fact_int(answer, "n"), (long long)fact_int(bias, "part") / 100);
	show_counts(W_SURVEY_NETWORKS, list_of(answer, "reseaux"), "reseau");
	show_counts(W_SURVEY_MODES, list_of(answer, "modes"), "mode");
	show_counts(W_SURVEY_OBSTACLES, list_of(answer, "freins"), "code");
	show_counts(W_SURVEY_LEVERS, list_of(answer, "leviers"), "code");
	show_counts(W_SURVEY_REASONS, list_of(answer, "motifs"), "code");
	show_shares(list_of(answer, "parts"));
	show_counts(W_SURVEY_HUBS, list_of(answer, "poles"), "pole");
	if (json_array_size(others) > 0)
		heading(W_SURVEY_OTHERS);
	json_array_foreach(others, i, one)
	{
		printf("  %s  ", fact_text(one, "uid"));
		print_line(stdout, fact_text(one, "version"));
		printf("\n");
	}
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

static void show_requests(const json_t *answer)
{
	json_t *items = list_of(answer, "items"), *one;
	struct grid g;
	size_t i;

	if (json_array_size(items) == 0) {
		word_print(stdout, W_REQUESTS_NONE);
		return;
	}
	word_print(stdout, W_REQUESTS_COUNT, (long long)fact_int(answer, "total"), (long long)fact_int(answer, "en_retard"));
	grid_init(&g, 7);
	g.right = 1 << 1;
	grid_head(&g, (const char *const[]){word(W_REQUESTS_RECEIVED), word(W_REQUESTS_DAYS), "", word(W_REQUESTS_SUBJECT), word(W_COMMUNE),
					    word(W_REQUESTS_HUB), "uid"});
	json_array_foreach(items, i, one)
	{
		grid_add(&g, fact_text(one, "recue_le"));
		grid_add_int(&g, fact_int(one, "jours"));
		grid_add(&g, fact_true(one, "propose") ? word(W_REQUESTS_PROPOSED) : fact_true(one, "en_retard") ? word(W_REQUESTS_LATE) : "");
		grid_add(&g, fact_text(one, "sujet"));
		grid_add(&g, fact_text(one, "code_insee"));
		grid_add(&g, fact_text(one, "pole_destinataire"));
		grid_add(&g, fact_text(one, "uid"));
	}
	grid_print(&g, stdout);
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

static void show_referrals(const json_t *answer)
{
	json_t *items = list_of(answer, "items"), *one;
	struct grid g;
	size_t i;

	if (json_array_size(items) == 0) {
		word_print(stdout, W_ORIENT_NONE);
		return;
	}
	grid_init(&g, 8);
	grid_head(&g, (const char *const[]){word(W_WHEN), word(W_ORIENT_COMPETENCE), word(W_ORIENT_PROJECT), word(W_FROM), word(W_TO), word(W_STATE),
					    "", "uid"});
	json_array_foreach(items, i, one)
	{
		static const char *const keys[] = {"le", "competence", "projet", "de", "vers", "etat"};

		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
			grid_add(&g, fact_text(one, keys[k]));
		grid_add(&g, fact_true(one, "pour_nous") ? word(W_ORIENT_FOR_US) : "");
		grid_add(&g, fact_text(one, "uid"));
	}
	grid_print(&g, stdout);
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

static void show_hours(const json_t *answer)
{
	json_t *items = list_of(answer, "items"), *one;
	struct grid g;
	struct buf name;
	size_t i;

	buf_init(&name, 4096);
	grid_init(&g, 7);
	g.right = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5;
	grid_head(&g, (const char *const[]){word(W_HOURS_YEAR), word(W_NAME), word(W_HOURS), word(W_HOURS_PLANNED), word(W_HOURS_TIMES),
					    word(W_HOURS_PUPILS), "uid"});
	json_array_foreach(items, i, one)
	{
		buf_clear(&name);
		buf_printf(&name, "%s%s%s", fact_text(one, "prenom"), fact_has(one, "prenom") ? " " : "",
			   fact_has(one, "nom") ? fact_text(one, "nom") : word(W_HOURS_UNNAMED));
		grid_add(&g, fact_text(one, "annee"));
		grid_add(&g, buf_cstr(&name));
		grid_add(&g, fact_shown(json_object_get(one, "heures")));
		grid_add(&g, fact_shown(json_object_get(one, "prevues")));
		grid_add_int(&g, fact_int(one, "interventions"));
		grid_add_int(&g, fact_int(one, "eleves"));
		grid_add(&g, fact_text(one, "uid"));
	}
	grid_print(&g, stdout);
	word_print(stdout, W_HOURS_TOTAL, fact_shown(json_object_get(answer, "total")));
	buf_done(&name);
}

int cmd_hours(const struct args *a)
{
	return get(a, "/hours", "year", args_get(a, "year"), show_hours);
}
