/* SPDX-License-Identifier: Apache-2.0
 *
 * A list of facts as a grid: a row an item, a column a key.
 *
 *     static const struct column columns[] = {{.word = W_NAME, .key = "nom"}, {.name = "uid", .key = "uid"}};
 *     columns_print(stdout, items, COLUMNS(columns), "");
 *
 * The head is printed where a column has one. */
#ifndef DAEMON_CLI_COLUMNS_H
#define DAEMON_CLI_COLUMNS_H

#include <stdio.h>
#include "daemon/cli/facts.h"
#include "daemon/cli/words.h"

enum column_shape {
	COLUMN_TEXT, /* a text, else `second`'s, else the word `no` */
	COLUMN_FLAG, /* the word `yes` where it is true, else `no` */
	COLUMN_INT, /* 0 where it is missing */
	COLUMN_COUNT, /* ? where it is missing */
	COLUMN_SHOWN, /* as people read it */
	COLUMN_LIST /* joined by ", " */
};
struct column {
	const char *name; /* above it... */
	enum word_id word; /* ...or this word; the table's first word is none */
	const char *key, *second;
	enum column_shape shape;
	enum word_id yes, no;
	void (*write)(struct buf *cell, const json_t *item, const char *key); /* instead of a shape */
	bool right;
};
#define COLUMNS(table) (table), sizeof(table) / sizeof((table)[0])

/* Nothing where there are no items and no head. */
void columns_print(FILE *f, const json_t *items, const struct column *columns, size_t count, const char *indent);

#endif
