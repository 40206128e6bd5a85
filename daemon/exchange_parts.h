/* SPDX-License-Identifier: Apache-2.0
 *
 * What exchange.c stands on: a spreadsheet's header against a kind's fields, and what
 * a line says against what stands. Private to daemon/exchange*.c. */
#ifndef DAEMON_EXCHANGE_PARTS_H
#define DAEMON_EXCHANGE_PARTS_H

#include "daemon/csv.h"
#include "daemon/encoding.h"
#include "daemon/exchange.h"
#include "proto/schema.h"

enum column_use { COLUMN_FIELD, COLUMN_CONTACT, COLUMN_UID, COLUMN_POLE, COLUMN_EXTRA, COLUMN_IGNORED };
struct column {
	const char *header; /* UTF-8, trimmed, unique */
	enum column_use use;
	const struct schema_field *field; /* COLUMN_FIELD; COLUMN_CONTACT: of the kind contact */
	bool euros; /* money, and not said to be in cents */
	const char *tax; /* "ht", "ttc" where the header says so; NULL */
};
struct header {
	struct column columns[CSV_FIELDS_MAX];
	size_t count;
	const struct column *of_field[SCHEMA_FIELDS_MAX]; /* by field index; NULL: absent */
	bool has_uid, has_pole;
	bool is_annuaire; /* these are the headers of our own export for spreadsheets */
	bool contacts; /* some column is of a contact */
	struct buf names; /* what the headers point into */
};

/* ES_BAD_VALUE with a sentence in `why` where no column is known, one is named
 * twice, or there are too many. header_done() in every case. */
ES_MUST_USE enum es_err header_read(struct header *h, const struct csv *c, enum encoding e,
				    const struct schema_kind *k, struct buf *why);
void header_done(struct header *h);
/* Where a price's or an amount's "ht" or "ttc" goes: prix_taxe of prix_cents. NULL: nowhere. */
const struct schema_field *header_tax_field(const struct schema_kind *k, const struct schema_field *money);
/* "encoding", "separator", "mapping" and "extra" of the report. */
void header_json(const struct header *h, enum encoding e, char separator, struct buf *out);

/* Does the record of the line's uid, whosever it is, say all that the line says in the
 * table's columns? False where there is none. */
bool exchange_stands(const struct exchange_host *host, const struct edit *e);

#endif
