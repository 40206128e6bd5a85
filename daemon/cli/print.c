/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/print.h"
#include "common/say.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* Length of the control character at p: C0 and DEL, or C1 in UTF-8; 0: none. */
static size_t control_len(const unsigned char *p)
{
	if (p[0] < 0x20 || p[0] == 0x7f)
		return 1;
	return p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

static void print_clean(FILE *f, const char *text, bool lines)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t skip = control_len(p);

		if (skip == 0)
			putc(*p++, f);
		else if (lines && (*p == '\n' || *p == '\t'))
			putc(*p++, f);
		else {
			/* One line stays one line. */
			putc(*p == '\n' || *p == '\t' ? ' ' : '?', f);
			p += skip;
		}
	}
}

void print_line(FILE *f, const char *text)
{
	print_clean(f, text, false);
}

void print_text(FILE *f, const char *text)
{
	print_clean(f, text, true);
}

int print_fail_text(int code, const char *text)
{
	fflush(stdout);
	fputs("essaim: ", stderr);
	print_line(stderr, text);
	fputc('\n', stderr);
	return code;
}

int print_fail(enum es_err err, enum word_id id, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, id);
	if (vasprintf(&text, word(id), ap) >= 0)
		print_fail_text(es_err_exit(err), text);
	va_end(ap);
	free(text);
	return es_err_exit(err);
}

int print_fail_file(const char *path, int errno_value)
{
	return print_fail(ES_IO, W_FILE, path, _(strerror(errno_value)));
}

bool print_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fileno(f)) && !(no && *no);
}

size_t text_width(const char *text)
{
	size_t n = 0;

	/* A combining accent (U+0300..036F) takes no column of its own. */
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		bool accent = *p == 0xcc || (*p == 0xcd && p[1] < 0xb0);

		n += (*p & 0xc0) != 0x80 && !accent;
	}
	return n;
}

void print_age(char out[32], int64_t seconds)
{
	static const struct {
		int64_t s;
		const char *fr, *en;
	} units[] = {{86400, "j", "d"}, {3600, "h", "h"}, {60, "min", "min"}, {1, "s", "s"}};

	for (size_t i = 0; i < 4; i++) {
		if (seconds >= 2 * units[i].s || i == 3) {
			snprintf(out, 32, "%lld %.8s", (long long)(seconds / units[i].s),
				 word_pick(units[i].fr, units[i].en));
			return;
		}
	}
}

void grid_init(struct grid *g, size_t columns)
{
	assert(columns <= GRID_COLUMNS_MAX);
	*g = (struct grid){.columns = columns, .indent = ""};
}

static void grid_grow(struct grid *g)
{
	g->room = g->room ? 2 * g->room : 64;
	g->cells = realloc(g->cells, g->room * sizeof *g->cells);
	if (!g->cells)
		abort();
}

void grid_add(struct grid *g, const char *text)
{
	char *clean = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&clean, &len);

	if (!f)
		abort();
	print_line(f, text);
	fclose(f);
	if (g->count == g->room)
		grid_grow(g);
	g->cells[g->count++] = clean;
}

void grid_add_int(struct grid *g, int64_t n)
{
	char text[32];

	snprintf(text, sizeof text, "%lld", (long long)n);
	grid_add(g, text);
}

void grid_head(struct grid *g, const char *const *names)
{
	g->heading = true;
	for (size_t i = 0; i < g->columns; i++)
		grid_add(g, names[i]);
}

static void grid_cell(const struct grid *g, size_t i, size_t width, FILE *f)
{
	size_t column = i % g->columns;
	size_t pad = width - text_width(g->cells[i]);
	bool last = column + 1 == g->columns, right = g->right >> column & 1;

	if (right)
		fprintf(f, "%*s", (int)pad, "");
	fputs(g->cells[i], f);
	if (!right && !last)
		fprintf(f, "%*s", (int)pad, "");
	fputs(last ? "\n" : "  ", f);
}

void grid_print(struct grid *g, FILE *f)
{
	size_t widths[GRID_COLUMNS_MAX] = {0};
	bool bold = g->heading && print_colour(f);

	for (size_t i = 0; i < g->count; i++) {
		size_t w = text_width(g->cells[i]);

		if (w > widths[i % g->columns])
			widths[i % g->columns] = w;
	}
	for (size_t i = 0; i < g->count; i++) {
		if (i % g->columns == 0)
			fputs(g->indent, f);
		if (bold && i < g->columns)
			fputs("\033[1m", f);
		grid_cell(g, i, widths[i % g->columns], f);
		if (bold && i < g->columns)
			fputs("\033[0m", f);
	}
	for (size_t i = 0; i < g->count; i++)
		free(g->cells[i]);
	free(g->cells);
	g->cells = NULL;
	g->count = g->room = 0;
}
