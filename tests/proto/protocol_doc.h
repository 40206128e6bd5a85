/* SPDX-License-Identifier: Apache-2.0
 *
 * proto/PROTOCOL.md as text: its marked blocks and its tables. */
#ifndef TESTS_PROTO_PROTOCOL_DOC_H
#define TESTS_PROTO_PROTOCOL_DOC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CELLS 6

static char *document;

/* The line after `at`, or NULL. */
static const char *next_line(const char *at)
{
	const char *end = strchr(at, '\n');

	return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

#define BLOCK_HEAD "```%7[a-z] %63[a-z0-9._]"

/* Its content, blanks left out; NULL where there is none of that name. */
static char *block_named(const char *kind, const char *name)
{
	char is_kind[8], is_name[64];

	for (const char *line = document; line != NULL; line = next_line(line)) {
		if (sscanf(line, BLOCK_HEAD, is_kind, is_name) != 2 || strcmp(is_kind, kind) != 0 || strcmp(is_name, name) != 0)
			continue;
		const char *from = next_line(line), *end = from ? strstr(from, "```") : NULL;
		if (end == NULL)
			return NULL;
		char *text = calloc(1, (size_t)(end - from) + 1);
		for (size_t n = 0; from < end; from++)
			if (*from != '\n' && *from != ' ')
				text[n++] = *from;
		return text;
	}
	return NULL;
}

struct row {
	char cell[CELLS][200];
};

/* The rows of the table under "## heading" whose first cell is a number or a
 * name in backquotes; the number of rows read. */
static size_t table(const char *heading, struct row *rows, size_t max)
{
	char title[64];
	size_t count = 0;

	snprintf(title, sizeof(title), "\n## %s\n", heading);
	const char *line = strstr(document, title);
	if (line == NULL)
		fail_msg("no section \"%s\"", heading);
	line = next_line(line + 1);
	for (; line != NULL && strncmp(line, "## ", 3) != 0; line = next_line(line)) {
		if (strncmp(line, "| ", 2) != 0 || (line[2] != '`' && (line[2] < '0' || line[2] > '9')))
			continue;
		assert_true(count < max);
		struct row *r = &rows[count++];
		size_t c = 0, n = 0;
		memset(r, 0, sizeof(*r));
		for (const char *p = line + 1; *p != '\n' && *p != '\0' && c < CELLS; p++) {
			if (*p == '|') {
				while (n > 0 && r->cell[c][n - 1] == ' ')
					r->cell[c][--n] = '\0';
				c++;
				n = 0;
			} else if (*p != '`' && (*p != ' ' || n > 0) && n + 1 < sizeof(r->cell[c])) {
				r->cell[c][n++] = *p;
			}
		}
	}
	return count;
}

static void expect_row(const struct row *rows, size_t count, unsigned long long number, const char *name)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", number);
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].cell[0], text) == 0 && strcmp(rows[i].cell[1], name) == 0)
			return;
	fail_msg("no row | %llu | `%s` |", number, name);
}

#endif
