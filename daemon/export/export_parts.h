/* SPDX-License-Identifier: Apache-2.0
 *
 * What the formats share: walking the records of a kind, seeing no more of them than
 * the file may hold, and writing lines. Private to daemon/export*.c. */
#ifndef DAEMON_EXPORT_PARTS_H
#define DAEMON_EXPORT_PARTS_H

#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/export/export.h"
#include "proto/value.h"

#define EXPORT_LINE_MAX (64u << 20)

/* The columns of an exchange CSV. */
struct export_columns {
	bool omit[SCHEMA_FIELDS_MAX];
	size_t pole_before; /* index of the field that follows `pole` */
};

struct exporting {
	struct reader *r;
	const struct export_options *o;
	const struct schema_kind *kind; /* chosen or default; NULL: all */
	enum scope within; /* the narrowest scope of what the file may hold */
	char region[64]; /* the federation's, in lower case and dashes: "bretagne" */
	FILE *out;
	struct buf line, cell;
	sqlite3_stmt *others, *refers; /* see export_listed_before and export_reference */
	struct export_columns columns;
	int64_t count; /* items written so far, for formats that part them */
};

/* One record, as far as the file may see it. Borrows from the statement. */
struct export_row {
	const struct kind_map *m;
	struct slice record, state, pole;
	char uid[ULID_LEN + 1];
	struct shown shown; /* without what the file may not hold */
};
typedef enum es_err export_each_row(struct exporting *e, const struct export_row *row);

/* Every live record of the kind by (uid, pole). A kind this build does not know has none. */
ES_MUST_USE enum es_err export_each(struct exporting *e, const char *kind, export_each_row *each);
/* The text of a field as the exchange CSV writes it, in e->cell until the next call; empty
 * where unset. `at` is the field's index, of export_field() below it may be -1. */
struct slice export_text(struct exporting *e, const struct export_row *row, int at);
int export_field(const struct export_row *row, const char *name); /* -1: the kind has none */
bool export_is(struct exporting *e, const struct export_row *row, int at, const char *text);
bool export_has(const struct export_row *row, int at);
/* The day when the last of its values that the file may hold was written down. From no
 * clock: same data, same bytes. */
void export_written(const struct export_row *row, char day[11]);
/* What the record says of its last update, else the day that it was written; in e->cell. */
struct slice export_updated(struct exporting *e, const struct export_row *row);
/* The commune of the record's code_insee, or NULL. */
const struct commune *export_commune(struct exporting *e, const struct export_row *row);
/* Both coordinates, where the record bears a point that may be on a map: one that is
 * our guess for its commune is not. */
bool export_point(struct exporting *e, const struct export_row *row);
/* A structure of the same SIRET that comes first and that the file lists too: an
 * establishment is counted once (R5). */
ES_MUST_USE enum es_err export_listed_before(struct exporting *e, const struct export_row *row,
					     bool (*lists)(struct exporting *, const struct export_row *), bool *before);
/* The record that a reference names: false where it is not here, or nothing of it may be
 * in the file. `to` stands until the next call. */
bool export_reference(struct exporting *e, const struct export_row *row, int at, struct export_row *to);

/* Ends the line with `end`, writes it and starts the next. */
ES_MUST_USE enum es_err export_line(struct exporting *e, const char *end);
/* Quoted where the separator, a quote or a line break is in it. */
void export_cell(struct exporting *e, struct slice cell, char separator);
/* The same for spreadsheets: what they would take for a formula gets an apostrophe (R19). */
void export_neutral_cell(struct exporting *e, struct slice cell, char separator);
/* ,"key":"text" (the comma unless the line ends with an opening brace); nothing where empty. */
void export_member(struct exporting *e, const char *key, struct slice text);
/* ,"key": of a value that the caller then writes. */
void export_key(struct exporting *e, const char *key);

#define EXPORT(id, ...) enum es_err export_##id(struct exporting *e);
#include "daemon/export/exports.def"
#undef EXPORT

#endif
