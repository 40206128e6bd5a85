/* SPDX-License-Identifier: Apache-2.0
 *
 * What hubs ask of each other about a record, and what becomes of it as a whole. */
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

static void add_fields(struct buf *b, const json_t *fields)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)fields, name, value)
	{
		buf_printf(b, "%s%s=", b->len ? " " : "", name);
		fact_write(b, value);
	}
}

static void show_inbox(const json_t *answer, bool quiet)
{
	json_t *items = json_object_get(answer, "items"), *item;
	struct grid g;
	struct buf b;
	size_t i;

	if (json_array_size(items) == 0) {
		if (!quiet)
			word_print(stderr, W_INBOX_EMPTY);
		return;
	}
	buf_init(&b, 1 << 20);
	grid_init(&g, 7);
	grid_head(&g, (const char *const[]){"N", word(W_WHAT), word(W_FROM), word(W_TO), word(W_STATE), "uid", ""});
	json_array_foreach(items, i, item)
	{
		grid_add_int(&g, fact_int(item, "no"));
		grid_add(&g, fact_text(item, "type"));
		grid_add(&g, fact_text(json_object_get(item, "from"), "name"));
		grid_add(&g, fact_text(json_object_get(item, "to"), "name"));
		grid_add(&g, fact_text(item, "state"));
		grid_add(&g, fact_text(item, "uid"));
		buf_clear(&b);
		add_fields(&b, json_object_get(item, "fields"));
		if (fact_has(item, "follows"))
			buf_printf(&b, "%s %s", word(W_FOLLOWS), fact_text(item, "follows"));
		if (*fact_text(item, "why"))
			buf_printf(&b, "%s(%s %s)", b.len ? " " : "", word(W_SAYS_WHY), fact_text(item, "why"));
		grid_add(&g, b.len ? buf_cstr(&b) : "");
	}
	grid_print(&g, stdout);
	buf_done(&b);
}

static int list(const struct args *a, const char *path, void (*show)(const json_t *answer, bool quiet))
{
	struct client c;

	if (client_open(&c, a) && client_call(&c, "GET", path, NULL) && !command_json(&c))
		show(c.json, a->quiet);
	return client_close(&c, 0);
}

int cmd_proposals(const struct args *a)
{
	return list(a, "/proposals", show_inbox);
}

static void add_side(struct grid *g, const json_t *side)
{
	grid_add(g, fact_shown(json_object_get(side, "value")));
	grid_add(g, fact_text(json_object_get(side, "by"), "name"));
	grid_add(g, fact_text(side, "when"));
}

static void show_conflicts(const json_t *answer, bool quiet)
{
	json_t *items = json_object_get(answer, "items"), *item;
	struct grid g;
	size_t i;

	if (json_array_size(items) == 0) {
		if (!quiet)
			word_print(stderr, W_NO_CONFLICT);
		return;
	}
	grid_init(&g, 9);
	grid_head(&g, (const char *const[]){"uid", word(W_FIELD), word(W_SCOPE), word(W_STANDS), word(W_FROM), word(W_WHEN),
					    word(W_BEATEN), word(W_FROM), word(W_WHEN)});
	json_array_foreach(items, i, item)
	{
		grid_add(&g, fact_text(item, "uid"));
		grid_add(&g, fact_text(item, "field"));
		grid_add(&g, fact_text(item, "scope"));
		add_side(&g, json_object_get(item, "shown"));
		add_side(&g, json_object_get(item, "other"));
	}
	grid_print(&g, stdout);
	if (!quiet)
		word_print(stderr, W_CONFLICT_HOW);
}

int cmd_conflicts(const struct args *a)
{
	return list(a, "/conflicts", show_conflicts);
}

static int answer(const struct args *a, const char *path, const char *why, enum word_id said)
{
	struct client c;
	int64_t no;

	if (!count_parse(a->words[0], INT64_MAX, &no))
		return print_fail(ES_USAGE, W_NOT_A_NUMBER, a->words[0]);
	json_t *send = json_pack("{s:I}", "no", (json_int_t)no);
	if (why && json_object_set_new(send, "why", json_stringn(why, strlen(why))) != 0) {
		json_decref(send);
		return print_fail(ES_BAD_VALUE, W_NOT_UTF8, "why");
	}
	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", path, send) && !command_json(&c) && !a->quiet)
		word_print(stdout, said);
	return client_close(&c, 0);
}

int cmd_accept(const struct args *a)
{
	return answer(a, "/accept", NULL, W_ANSWERED_YES);
}

int cmd_refuse(const struct args *a)
{
	return answer(a, "/refuse", args_get(a, "why"), W_ANSWERED_NO);
}

int cmd_propose(const struct args *a)
{
	int code;
	json_t *values = command_values(a, 1, &code);
	struct client c;

	if (!values)
		return code;
	if (!client_open(&c, a))
		json_decref(values);
	else if (client_call(&c, "POST", "/propose", json_pack("{s:s, s:o}", "uid", a->words[0], "values", values)) &&
		 !command_json(&c) && !a->quiet)
		word_print(stdout, W_PROPOSED);
	return client_close(&c, 0);
}

int cmd_forget(const struct args *a)
{
	struct client c;
	int code = command_confirm(a, W_FORGET_WARN, a->words[0]);

	if (code != 0)
		return code;
	if (client_open(&c, a) && client_call(&c, "POST", "/forget", json_pack("{s:s}", "uid", a->words[0])) &&
	    !command_json(&c) && !a->quiet)
		word_print(stdout, W_FORGOTTEN);
	return client_close(&c, 0);
}

static void write_silent(struct buf *cell, const json_t *item, const char *key)
{
	buf_str(cell, word(fact_int(item, key) ? W_SILENT : W_ALL_ANSWERED));
}

static const struct column erasure_columns[] = {{.key = "kind"}, {.key = "uid"}, {.key = "silent", .write = write_silent},
						{.key = "who", .shape = COLUMN_LIST}};

int cmd_erasures(const struct args *a)
{
	struct client c;

	if (client_open(&c, a) && client_call(&c, "GET", "/erasures", NULL) && !command_json(&c))
		columns_print(stdout, json_object_get(c.json, "items"), COLUMNS(erasure_columns), "");
	return client_close(&c, 0);
}
