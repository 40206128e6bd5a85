/* SPDX-License-Identifier: Apache-2.0
 *
 * One record at a time, and lists of them: add, set, show, list, rm. */
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

/* One FIELD=VALUE into `values`; 0, or the exit code once said. What follows
 * the field's name may be private, so no failure repeats it. */
static int read_value(const struct args *a, size_t i, json_t *values)
{
	const char *text = a->words[i], *equal = strchr(text, '=');
	char name[128];

	if (!equal || equal == text || (size_t)(equal - text) >= sizeof name)
		return print_fail(ES_USAGE, W_NOT_A_VALUE, i + 1);
	snprintf(name, sizeof name, "%.*s", (int)(equal - text), text);
	if (json_object_get(values, name))
		return print_fail(ES_USAGE, W_VALUE_TWICE, name);
	/* jansson takes nothing but UTF-8. */
	if (json_object_set_new(values, name, json_stringn(equal + 1, strlen(equal + 1))) != 0)
		return print_fail(ES_BAD_VALUE, W_NOT_UTF8, name);
	return 0;
}

json_t *command_values(const struct args *a, size_t first, int *code)
{
	json_t *values = json_object();

	*code = 0;
	for (size_t i = first; i < a->word_count && *code == 0; i++)
		*code = read_value(a, i, values);
	if (*code == 0)
		return values;
	json_decref(values);
	return NULL;
}

/* The value is not repeated; another record, or a hub, is named. */
static void say_finding(const json_t *f)
{
	const char *column = fact_text(f, "column"), *code = fact_text(f, "code");
	struct buf text;

	buf_init(&text, 4096);
	buf_printf(&text, "%s: %s", column, code);
	if (strcmp(code, "siret_deja_ici") == 0 || strcmp(code, "deja_contacte") == 0)
		buf_printf(&text, " %s", fact_text(f, "value"));
	word_add_sentence(&text, code, column);
	print_line(stderr, buf_cstr(&text));
	fputc('\n', stderr);
	buf_done(&text);
}

/* Remarks that let the value through. */
static void say_findings(const struct client *c)
{
	json_t *list = json_object_get(c->json, "findings"), *f;
	size_t i;

	if (c->args->quiet)
		return;
	json_array_foreach(list, i, f) say_finding(f);
}

int cmd_add(const struct args *a)
{
	int code;
	json_t *values = command_values(a, 1, &code);
	struct client c;

	if (!values)
		return code;
	if (!client_open(&c, a)) {
		json_decref(values);
	} else if (client_call(&c, "POST", "/records",
			       json_pack("{s:s, s:o}", "kind", a->words[0], "values", values))) {
		if (!command_json(&c)) {
			print_line(stdout, fact_text(c.json, "uid"));
			putchar('\n');
		}
		say_findings(&c);
	}
	return client_close(&c, 0);
}

static void record_path(struct buf *path, const char *uid)
{
	buf_init(path, 4096);
	buf_str(path, "/records/");
	path_part(path, uid);
}

int cmd_set(const struct args *a)
{
	int code;
	json_t *values = command_values(a, 1, &code);
	struct client c;
	struct buf path;

	if (!values)
		return code;
	record_path(&path, a->words[0]);
	if (!client_open(&c, a)) {
		json_decref(values);
	} else if (client_call(&c, "POST", buf_cstr(&path), json_pack("{s:o}", "values", values))) {
		if (!command_json(&c)) {
			if (!a->quiet)
				puts(word(fact_true(c.json, "changed") ? W_CHANGED : W_UNCHANGED));
			command_names(json_object_get(c.json, "encore_chez"), W_STILL_HELD);
			command_names(json_object_get(c.json, "offres_suspendues"), W_OFFERS_SUSPENDED);
			command_names(json_object_get(c.json, "partenariats_a_clore"), W_PARTNERSHIPS_TO_CLOSE);
		}
		say_findings(&c);
	}
	buf_done(&path);
	return client_close(&c, 0);
}

static void show_others(const json_t *list, enum word_id head, const char *const *keys)
{
	json_t *item;
	struct grid g;
	size_t i, columns = 0;

	if (json_array_size(list) == 0)
		return;
	while (keys[columns])
		columns++;
	word_print(stdout, head);
	grid_init(&g, columns);
	g.indent = "  ";
	json_array_foreach((json_t *)(uintptr_t)list, i, item)
		for (size_t k = 0; k < columns; k++)
			grid_add(&g, fact_text(item, keys[k]));
	grid_print(&g, stdout);
}

/* What stands beside a structure. */
static void show_around(const json_t *r)
{
	static const struct { const char *key; enum word_id word; } one[] = {
		{"doublon_de", W_ALIAS_OF}, {"compte_avec", W_COUNTED_WITH}, {"successeur", W_SUCCEEDED_BY},
	};
	static const struct { const char *key; enum word_id word; const char *keys[5]; } many[] = {
		{"doublons", W_ALIASES, {"uid", "owner"}},
		{"etablissements", W_SIBLINGS, {"siret", "nom", "owner", "uid"}},
		{"organes", W_BODIES, {"niveau", "nom", "territoire", "uid"}},
	};

	for (size_t i = 0; i < sizeof one / sizeof *one; i++)
		if (fact_has(r, one[i].key))
			word_print(stdout, one[i].word, fact_text(r, one[i].key));
	for (size_t i = 0; i < sizeof many / sizeof *many; i++)
		show_others(json_object_get(r, many[i].key), many[i].word, many[i].keys);
}

/* What is computed from other records: "heures_clauses.prevues". */
static void add_derived(struct grid *g, const json_t *derived)
{
	const char *name, *part;
	json_t *parts, *value;
	char full[128];

	json_object_foreach((json_t *)(uintptr_t)derived, name, parts)
		json_object_foreach(parts, part, value)
		{
			snprintf(full, sizeof full, "%s.%s", name, part);
			grid_add(g, full);
			grid_add(g, fact_shown(value));
		}
}

static void show_record(const json_t *r)
{
	static const char *const keys[] = {"kind", "uid", "owner", "scope"};
	json_t *data = json_object_get(r, "data"), *value;
	const char *name;
	struct grid g;

	grid_init(&g, 2);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		grid_add(&g, word_of_code(keys[i]));
		grid_add(&g, fact_text(r, keys[i]));
	}
	json_object_foreach(data, name, value)
	{
		grid_add(&g, name);
		grid_add(&g, fact_shown(value));
	}
	add_derived(&g, json_object_get(r, "derived"));
	grid_print(&g, stdout);
	show_around(r);
}

int cmd_show(const struct args *a)
{
	struct client c;
	struct buf path;

	record_path(&path, a->words[0]);
	path_query(&path, "on", args_get(a, "on"));
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c))
		show_record(c.json);
	buf_done(&path);
	return client_close(&c, 0);
}

int cmd_rm(const struct args *a)
{
	struct client c;
	struct buf path;

	record_path(&path, a->words[0]);
	if (client_open(&c, a) && client_call(&c, "DELETE", buf_cstr(&path), NULL) && !command_json(&c)) {
		if (!a->quiet)
			puts(word(W_REMOVED));
		command_names(json_object_get(c.json, "encore_chez"), W_STILL_HELD);
	}
	buf_done(&path);
	return client_close(&c, 0);
}

/* What a list shows of a record: its own key, else its data's. */
static const char *item_text(const json_t *item, const char *const *keys)
{
	const json_t *data = json_object_get(item, "data");

	for (; *keys; keys++) {
		if (fact_has(item, *keys))
			return fact_shown(json_object_get(item, *keys));
		if (fact_has(data, *keys))
			return fact_shown(json_object_get(data, *keys));
	}
	return "";
}

/* How old what is shown is: a hub may not have been heard for weeks. */
static void item_age(struct grid *g, const char *updated)
{
	int64_t seconds = fact_since(updated);
	char age[32] = "";

	if (seconds >= 0)
		print_age(age, seconds);
	grid_add(g, age);
}

static void item_row(struct grid *g, const json_t *item)
{
	static const char *const title[] = {"titre", "nom", "intitule", "objet", "type", NULL};
	static const char *const commune[] = {"commune", "code_insee", NULL};
	static const char *const updated[] = {"maj", "date_maj", NULL};

	grid_add(g, item_text(item, title));
	grid_add(g, item_text(item, commune));
	grid_add(g, fact_text(item, "kind"));
	grid_add(g, fact_text(item, "owner"));
	grid_add(g, fact_text(item, "scope"));
	grid_add(g, item_text(item, updated));
	item_age(g, item_text(item, updated));
	grid_add(g, fact_text(item, "uid"));
}

/* With distances when the search was around somewhere. */
static void show_items(const json_t *answer, bool near)
{
	const char *const names[] = {"km",          word(W_TITLE), word(W_COMMUNE), word(W_KIND), word(W_OWNER),
				     word(W_SCOPE), word(W_UPDATED), word(W_AGE), "uid"};
	json_t *items = json_object_get(answer, "items"), *item;
	size_t i;
	struct grid g;

	grid_init(&g, near ? 9 : 8);
	g.right = near ? 1 : 0;
	grid_head(&g, names + (near ? 0 : 1));
	json_array_foreach(items, i, item)
	{
		if (near)
			grid_add(&g, fact_shown(json_object_get(item, "km")));
		item_row(&g, item);
	}
	grid_print(&g, stdout);
}

void command_show_list(const struct args *a, const json_t *answer, bool near)
{
	size_t shown = json_array_size(json_object_get(answer, "items"));
	int64_t total = fact_int(answer, "total");

	if (shown > 0)
		show_items(answer, near);
	if (!a->quiet && (int64_t)shown < total)
		word_print(stderr, W_SHOWN_OF, (long long)shown, (long long)total);
	else if (!a->quiet && shown == 0)
		word_print(stderr, W_NOTHING);
}

int cmd_list(const struct args *a)
{
	struct client c;
	struct buf path;

	buf_init(&path, 4096);
	buf_str(&path, "/records");
	path_query(&path, "kind", a->words[0]);
	if (!command_count(a, "limit", &path) || !command_count(a, "offset", &path)) {
		buf_done(&path);
		return es_err_exit(ES_USAGE);
	}
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c))
		command_show_list(a, c.json, false);
	buf_done(&path);
	return client_close(&c, 0);
}
