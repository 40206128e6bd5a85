/* SPDX-License-Identifier: Apache-2.0
 *
 * Personal data: the register, terms, a person's file and her erasure. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/say.h"
#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/output.h"
#include "daemon/cli/print.h"

static void say(const char *name, const char *text)
{
	printf("  %s ", name);
	print_line(stdout, text);
	putchar('\n');
}

/* --- the register --- */

static void add_kind(struct grid *g, const json_t *kind, struct buf *b)
{
	json_t *fields = json_object_get(kind, "fields"), *f;
	char term[96];
	size_t i;

	buf_clear(b);
	json_array_foreach(fields, i, f)
		buf_printf(b, "%s%s (%s)", i ? ", " : "", fact_text(f, "name"), fact_text(f, "scope"));
	if (fact_has(kind, "months"))
		snprintf(term, sizeof term, word(W_RGPD_MONTHS), (long long)fact_int(kind, "months"), fact_text(kind, "goes"));
	else
		snprintf(term, sizeof term, "-");
	grid_add(g, fact_text(kind, "kind"));
	grid_add(g, term);
	grid_add(g, fact_text(kind, "since"));
	grid_add(g, b->len ? buf_cstr(b) : "-");
}

static void show_processing(const json_t *p, struct buf *b)
{
	json_t *kinds = json_object_get(p, "kinds"), *kind;
	struct grid g;
	size_t i;

	print_line(stdout, fact_text(p, "name"));
	putchar('\n');
	say(word(W_RGPD_PERSONS), fact_text(p, "persons"));
	say(word(W_RGPD_BASIS), fact_text(p, "basis"));
	say(word(W_RGPD_RECIPIENTS), fact_text(p, "recipients"));
	say(word(W_RGPD_TERM), fact_text(p, "term"));
	grid_init(&g, 4);
	g.indent = "    ";
	json_array_foreach(kinds, i, kind)
		add_kind(&g, kind, b);
	grid_print(&g, stdout);
	putchar('\n');
}

static int show_register(const struct args *a)
{
	json_t *p;
	struct client c;
	struct buf b;
	size_t i;

	buf_init(&b, 65536);
	if (client_open(&c, a) && client_call(&c, "GET", "/rgpd/register", NULL) && !command_json(&c))
		json_array_foreach(json_object_get(c.json, "processings"), i, p)
			show_processing(p, &b);
	buf_done(&b);
	return client_close(&c, 0);
}

/* --- terms --- */

static const struct column due_columns[] = {
	{.word = W_KIND, .key = "kind"}, {.word = W_RGPD_DUE, .key = "due"},
	{.word = W_STATE, .key = "past", .shape = COLUMN_FLAG, .yes = W_RGPD_PAST, .no = W_RGPD_SOON}, {.word = W_RGPD_GOES, .key = "goes"},
	{.name = "uid", .key = "uid"}, {.word = W_NAME, .key = "name"}};

static void show_dues(const json_t *items, bool names)
{
	columns_print(stdout, items, due_columns, sizeof due_columns / sizeof *due_columns - !names, "");
}

/* Names are for who sits at the screen, not for a file or a pipe. */
static int due(const struct args *a)
{
	bool names = args_has(a, "names");
	struct client c;

	if (names && !isatty(STDOUT_FILENO))
		return print_fail(ES_USAGE, W_RGPD_NAMES_TERMINAL);
	if (client_open(&c, a) && client_call(&c, "GET", names ? "/rgpd/due?names=1" : "/rgpd/due", NULL) && !command_json(&c)) {
		if (json_array_size(json_object_get(c.json, "items")) > 0)
			show_dues(json_object_get(c.json, "items"), names);
		if (!a->quiet)
			word_print(stderr, W_RGPD_DUE_COUNT, (long long)fact_int(c.json, "past"), (long long)fact_int(c.json, "soon"));
	}
	return client_close(&c, 0);
}

/* Said beforehand: to look, or to do. 0, or 64, said. */
static int chosen(const struct args *a)
{
	return args_has(a, "dry-run") == args_has(a, "yes") ? print_fail(ES_USAGE, W_RGPD_CHOOSE, a->words[0]) : 0;
}

static int purge(const struct args *a)
{
	bool dry = args_has(a, "dry-run");
	int code = chosen(a);
	struct client c;

	if (code != 0)
		return code;
	if (client_open(&c, a) && client_call(&c, "POST", "/rgpd/purge", json_pack("{s:b}", "dry_run", (int)dry)) && !command_json(&c)) {
		if (dry && json_array_size(json_object_get(c.json, "items")) > 0)
			show_dues(json_object_get(c.json, "items"), false);
		if (!a->quiet)
			word_print(dry ? stderr : stdout, dry ? W_RGPD_WOULD_PURGE : W_RGPD_PURGED, (long long)fact_int(c.json, "records"),
				   (long long)fact_int(c.json, "names"));
	}
	return client_close(&c, 0);
}

/* --- a person --- */

static void write_ours(struct buf *cell, const json_t *item, const char *key)
{
	if (!fact_true(item, key))
		buf_str(cell, word(W_RGPD_ASK_HUB));
	else if (fact_true(item, "perhaps"))
		buf_str(cell, word(W_RGPD_PERHAPS));
	else if (fact_true(item, "deleted"))
		buf_str(cell, word(W_RGPD_DELETED));
}

static const struct column hit_columns[] = {
	{.word = W_KIND, .key = "kind"}, {.name = "uid", .key = "uid"}, {.word = W_OWNER, .key = "owner"}, {.word = W_RGPD_BY, .key = "by"},
	{.word = W_RGPD_GOES, .key = "goes"}, {.key = "ours", .write = write_ours}};

static void show_data(const json_t *items)
{
	const char *name;
	json_t *item, *value;
	struct grid g;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		printf("\n%s %s\n", fact_text(item, "kind"), fact_text(item, "uid"));
		grid_init(&g, 2);
		g.indent = "  ";
		json_object_foreach(json_object_get(item, "data"), name, value)
		{
			grid_add(&g, name);
			grid_add(&g, fact_shown(value));
		}
		grid_print(&g, stdout);
	}
}

static void show_exports(const json_t *exports)
{
	json_t *x;
	size_t i;

	if (json_array_size(exports) > 0)
		printf("\n%s\n", word(W_RGPD_EXPORTS));
	json_array_foreach((json_t *)(uintptr_t)exports, i, x)
	{
		printf("  %s %s ", fact_text(x, "date"), fact_text(x, "format"));
		print_line(stdout, fact_text(x, "kind"));
		putchar('\n');
	}
}

static int to_file(const struct client *c, const char *file)
{
	struct output o;

	if (!output_open(&o, file))
		return print_fail_file(file, errno);
	if (fwrite(c->body.p, 1, c->body.len, o.file) != c->body.len || fputc('\n', o.file) == EOF) {
		int why = errno;

		output_drop(&o);
		return print_fail_file(file, why);
	}
	return output_done(&o) ? 0 : print_fail_file(file, errno);
}

static int person(const struct args *a)
{
	const char *file = args_get(a, "output");
	struct client c;
	int code = 0;

	if (client_open(&c, a) && client_call(&c, "POST", "/rgpd/person", json_pack("{s:s}", "text", a->words[1]))) {
		if (file) {
			code = to_file(&c, file);
		} else if (!command_json(&c)) {
			columns_print(stdout, json_object_get(c.json, "items"), COLUMNS(hit_columns), "");
			show_data(json_object_get(c.json, "items"));
			show_exports(json_object_get(c.json, "exports"));
		}
		if (!a->quiet && !a->json && code == 0)
			word_print(stderr, W_RGPD_PERSON, (long long)fact_int(c.json, "total"), fact_text(c.json, "reference"),
				   fact_text(c.json, "due"));
	}
	return client_close(&c, code);
}

static void show_erased(const struct client *c, bool dry)
{
	if (json_array_size(json_object_get(c->json, "items")) > 0)
		columns_print(stdout, json_object_get(c->json, "items"), COLUMNS(hit_columns), "");
	show_exports(json_object_get(c->json, "exports"));
	if (c->args->quiet)
		return;
	word_print(dry ? stderr : stdout, dry ? W_RGPD_WOULD_ERASE : W_RGPD_ERASED, (long long)fact_int(c->json, "forgotten"),
		   (long long)fact_int(c->json, "cleared"), (long long)fact_int(c->json, "others"), fact_text(c->json, "reference"));
}

static int erase(const struct args *a)
{
	const char *request = args_get(a, "request");
	bool dry = args_has(a, "dry-run");
	int code = chosen(a);
	struct client c;

	if (code != 0)
		return code;
	if (client_open(&c, a) && client_call(&c, "POST", "/rgpd/erase", json_pack("{s:s, s:b, s:s}", "text", a->words[1], "dry_run", (int)dry, "request", request ? request : "")) &&
	    !command_json(&c))
		show_erased(&c, dry);
	return client_close(&c, 0);
}

/* --- requests --- */

static void add_request(struct grid *g, const json_t *q, struct buf *b)
{
	bool closed = fact_has(q, "closed"), refused = fact_has(q, "refused");
	size_t waiting = (size_t)fact_int(q, "orders_waiting");

	buf_clear(b);
	fact_join(b, json_object_get(q, "silent"));
	if (waiting > 0)
		buf_printf(b, "%s%s", b->len ? ", " : "", word(W_RGPD_ORDER_WAITS));
	grid_add(g, fact_text(q, "reference"));
	grid_add(g, fact_text(q, "type"));
	grid_add(g, fact_text(q, "received"));
	grid_add(g, fact_text(q, "due"));
	grid_add(g, word(refused ? W_RGPD_REFUSED : closed ? W_RGPD_CLOSED : fact_true(q, "late") ? W_RGPD_LATE : W_RGPD_OPEN));
	grid_add(g, fact_text(q, "uid"));
	grid_add(g, b->len ? buf_cstr(b) : "-");
}

static int requests(const struct args *a)
{
	json_t *items, *q;
	struct client c;
	struct grid g;
	struct buf b;
	size_t i;

	buf_init(&b, 65536);
	if (client_open(&c, a) && client_call(&c, "GET", "/rgpd/requests", NULL) && !command_json(&c)) {
		items = json_object_get(c.json, "items");
		grid_init(&g, 7);
		grid_head(&g, (const char *const[]){word(W_RGPD_REFERENCE), word(W_WHAT), word(W_RGPD_RECEIVED), word(W_RGPD_DUE),
						    word(W_STATE), "uid", word(W_SILENT)});
		json_array_foreach(items, i, q)
			add_request(&g, q, &b);
		grid_print(&g, stdout);
	}
	buf_done(&b);
	return client_close(&c, 0);
}

static int refuse(const struct args *a)
{
	const char *why = args_get(a, "why");
	struct client c;

	if (!why)
		return print_fail(ES_USAGE, W_OPTION_MISSING, "rgpd refuse", "why");
	json_t *send = json_pack("{s:s, s:s}", "uid", a->words[1], "why", why);
	if (!send)
		return print_fail(ES_BAD_VALUE, W_NOT_UTF8, "why");
	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", "/rgpd/refuse", send) && !command_json(&c) && !a->quiet)
		word_print(stdout, W_RGPD_REFUSAL, fact_text(c.json, "closed"));
	return client_close(&c, 0);
}

int cmd_rgpd(const struct args *a)
{
	static const struct {
		const char *name;
		size_t words; /* itself included */
		int (*run)(const struct args *a);
	} verbs[] = {{"register", 1, show_register}, {"due", 1, due}, {"purge", 1, purge}, {"person", 2, person},
		     {"erase", 2, erase}, {"requests", 1, requests}, {"refuse", 2, refuse}};

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(a->words[0], verbs[i].name) == 0 && a->word_count == verbs[i].words)
			return verbs[i].run(a);
	return print_fail(ES_USAGE, W_RGPD_HOW);
}
