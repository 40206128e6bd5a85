/* SPDX-License-Identifier: Apache-2.0
 *
 * Text for people: error lines, aligned columns, and the cleaning of what came
 * from elsewhere. A name chosen on another node never moves a cursor here:
 * control characters are shown as '?'. */
#ifndef DAEMON_CLI_PRINT_H
#define DAEMON_CLI_PRINT_H

#include <stdio.h>
#include "common/bytes.h"
#include "daemon/cli/words.h"

/* "essaim: ..." on stderr, one line; returns `code`. */
int print_fail_text(int code, const char *text);
/* The same with a word's text; the exit code is that of `err`. Arguments that
 * come from elsewhere are cleaned with the line. */
int print_fail(enum es_err err, enum word_id id, ...);
/* "essaim: FILE: why", 74. */
int print_fail_file(const char *path, int errno_value);

/* Text on f without control characters. `print_text` keeps line breaks. */
void print_line(FILE *f, const char *text);
void print_text(FILE *f, const char *text);

/* Columns: cells are copied, row by row; the last column is not padded. */
#define GRID_COLUMNS_MAX 12
struct grid {
	size_t columns;
	unsigned right; /* bit n: column n is aligned on the right */
	const char *indent; /* before each row */
	bool heading; /* the first row is bold on a terminal */
	char **cells;
	size_t count, room;
};
void grid_init(struct grid *g, size_t columns);
void grid_add(struct grid *g, const char *text);
void grid_add_int(struct grid *g, int64_t n);
/* A row of column names. */
void grid_head(struct grid *g, const char *const *names);
void grid_print(struct grid *g, FILE *f); /* and frees */

/* Is colour wanted on f: a terminal, and NO_COLOR unset or empty. */
bool print_colour(FILE *f);
/* "3 s", "12 min", "5 h", "2 j". */
void print_age(char out[32], int64_t seconds);
size_t text_width(const char *text); /* columns that UTF-8 text takes */

#endif
