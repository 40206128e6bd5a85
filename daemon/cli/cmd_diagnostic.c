/* SPDX-License-Identifier: Apache-2.0
 *
 * A structure's diagnostics and plan, shown or taken away. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

/* A theme a row, a diagnostic a column, what became of it last. */
#define GRID_DIAGNOSTICS (GRID_COLUMNS_MAX - 2)

static void write_themes(struct grid *g, json_t *done, size_t first, const json_t *progress)
{
	const char *theme;
	json_t *note, *change;
	size_t i;

	json_object_foreach(json_object_get(json_array_get(done, first), "notes"), theme, note)
	{
		grid_add(g, theme);
		for (i = first; i < json_array_size(done); i++)
			grid_add(g, fact_shown(json_object_get(json_object_get(json_array_get(done, i), "notes"), theme)));
		change = json_object_get(json_object_get(progress, "themes"), theme);
		if (json_is_integer(change))
			grid_add(g, json_integer_value(change) > 0 ? "+" : json_integer_value(change) < 0 ? "-" : "=");
		else
			grid_add(g, "");
	}
}

static void write_grid(FILE *f, const json_t *grid)
{
	json_t *done = json_object_get(grid, "diagnostics");
	size_t count = json_array_size(done), first = count > GRID_DIAGNOSTICS ? count - GRID_DIAGNOSTICS : 0;
	struct grid g;

	fprintf(f, "\n");
	word_print(f, W_DIAGNOSTIC_GRID, fact_text(grid, "grille"));
	fprintf(f, "\n");
	grid_init(&g, count - first + 2);
	g.indent = "  ";
	grid_add(&g, word(W_DIAGNOSTIC_THEME));
	for (size_t i = first; i < count; i++)
		grid_add(&g, fact_text(json_array_get(done, i), "date"));
	grid_add(&g, fact_has(grid, "progres") ? word(W_DIAGNOSTIC_PROGRESS) : "");
	write_themes(&g, done, first, json_object_get(grid, "progres"));
	grid_add(&g, word(W_DIAGNOSTIC_MEAN));
	for (size_t i = first; i < count; i++)
		grid_add(&g, fact_shown(json_object_get(json_array_get(done, i), "moyenne")));
	grid_add(&g, "");
	grid_print(&g, f);
}

static const struct column plan_columns[] = {{.word = W_DIAGNOSTIC_THEME, .key = "theme"}, {.word = W_STATE, .key = "etat"},
					     {.word = W_DIAGNOSTIC_DUE, .key = "echeance"}, {.name = "action", .key = "action"}};

static void write_plan(FILE *f, json_t *plan)
{
	if (json_array_size(plan) == 0)
		return;
	fprintf(f, "\n%s\n", word(W_DIAGNOSTIC_PLAN));
	columns_print(f, plan, COLUMNS(plan_columns), "  ");
}

static void write_file(FILE *f, const json_t *answer)
{
	json_t *grids = json_object_get(answer, "grilles"), *one;
	size_t i;

	print_line(f, fact_text(answer, "nom"));
	fprintf(f, " (%s)\n", fact_text(answer, "uid"));
	if (json_array_size(grids) == 0)
		word_print(f, W_DIAGNOSTIC_NONE);
	json_array_foreach(grids, i, one)
		write_grid(f, one);
	write_plan(f, json_object_get(answer, "plan"));
}

/* What is local goes into a file that only its owner reads. */
static int take_away(const struct client *c, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good = f != NULL;

	if (!f) {
		int saved = errno;

		if (fd >= 0)
			close(fd);
		return print_fail_file(path, saved);
	}
	if (c->args->json)
		good = json_dumpf(c->json, f, JSON_INDENT(1)) == 0 && fputc('\n', f) != EOF;
	else
		write_file(f, c->json);
	good = good && !ferror(f);
	if (fclose(f) != 0 || !good)
		return print_fail_file(path, errno);
	if (!c->args->quiet)
		word_print(stderr, W_DIAGNOSTIC_WRITTEN, path);
	return 0;
}

int cmd_diagnostic(const struct args *a)
{
	const char *output = args_get(a, "output");
	struct client c;
	struct buf path;
	int code = 0;

	buf_init(&path, 4096);
	buf_str(&path, "/diagnostic/");
	path_part(&path, a->words[0]);
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL)) {
		if (output)
			code = take_away(&c, output);
		else if (!command_json(&c))
			write_file(stdout, c.json);
	}
	buf_done(&path);
	return client_close(&c, code);
}
