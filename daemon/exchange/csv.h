/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading CSV (RFC 4180 and what spreadsheets make of it) from a slice, one
 * record at a time: quotes with separators and line breaks inside, lines ended
 * by LF, CRLF or CR, a byte order mark, Excel's "sep=;" first line. Bytes are
 * not interpreted: every encoding that keeps ASCII as it is passes through.
 *
 * A quote that opens a field has to close it. One that is never closed, or that
 * closes over separators or line breaks with text behind it (another field's quote
 * closed it), is stray: it is a letter of its field, the field ends like any
 * without quotes, and the lines below stay records of their own. Each byte is read
 * at most three times, however many are stray: between a stray quote and the one
 * that seemed to close it quotes stand in pairs, so none of those looks further. */
#ifndef DAEMON_CSV_H
#define DAEMON_CSV_H

#include "common/bytes.h"

#define CSV_FIELDS_MAX 256

struct csv {
	struct slice file;
	size_t at; /* behind the record */
	char separator;
	uint64_t next_line; /* of the record to come, from 1 */
	/* The record, until the next call: */
	struct slice raw; /* without its line end */
	uint64_t line; /* of its first row in the file */
	size_t count; /* its fields; those beyond CSV_FIELDS_MAX are only counted */
	struct slice fields[CSV_FIELDS_MAX];
	size_t starts[CSV_FIELDS_MAX]; /* in the file */
	size_t strays; /* how many begin with a stray quote */
	bool stray[CSV_FIELDS_MAX];
	struct buf unquoted;
	bool quoted[CSV_FIELDS_MAX];
};

/* Stands before the header, behind the byte order mark and a "sep=" line.
 * Separator 0: detect. */
void csv_init(struct csv *c, struct slice file, char separator);
/* False at the end, or without memory (then c->unquoted.err says so). Lines
 * with nothing on them but separators and what shows nothing (spaces of any width) are no records. */
bool csv_next(struct csv *c);
void csv_done(struct csv *c);

/* Of ; , and TAB the one that makes the most records as wide as the header. */
char csv_detect_separator(struct slice file);
/* "\r\n", "\n" or "\r", as the file's first line ends. */
const char *csv_line_end(struct slice file);

#endif
