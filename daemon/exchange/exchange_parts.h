/* SPDX-License-Identifier: Apache-2.0
 *
 * What exchange.c stands on: a spreadsheet's header against a kind's fields, and what
 * a line says against what stands. Private to daemon/exchange*.c. */
#ifndef DAEMON_EXCHANGE_PARTS_H
#define DAEMON_EXCHANGE_PARTS_H

#include "daemon/exchange/csv.h"
#include "daemon/exchange/encoding.h"
#include "daemon/exchange/exchange.h"
#include "proto/schema.h"

enum column_use { COLUMN_FIELD, COLUMN_CONTACT, COLUMN_UID, COLUMN_POLE, COLUMN_EXTRA, COLUMN_IGNORED };
struct column {
	const char *header; /* UTF-8, trimmed, unique */
	enum column_use use;
	const struct schema_field *field; /* COLUMN_FIELD; COLUMN_CONTACT: of the kind contact */
	const struct schema_field *person; /* of the contact, where a line names one; NULL: never */
	bool beside; /* it stands among the columns about the contact */
	bool of_structure; /* it says itself that it is the structure's: "Mail de la structure" */
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

/* exchange_persons.c: what in a table of structures is about a person. */
/* Is the column? Then it is of the contact; one that says it is the structure's own is of that. */
bool persons_column(struct column *c, struct slice name, const struct schema_kind *k);
/* Once all columns are known: "Nom" beside "Raison sociale" and "Prénom" is the person's; of
 * two for one field of the contact the second is kept as unknown; and e-mail and telephone
 * without a word whose they are belong to the contact of lines that name one. */
void persons_settle(struct header *h, const struct schema_kind *k);
/* Where a cell of this line goes. */
struct target {
	enum column_use use;
	const struct schema_field *field;
};
struct target persons_target(const struct header *h, const struct csv *line, size_t column);
/* What stands on the structure and is the contact's, as this line says: its e-mail, its mobile.
 * The edit withdraws it there. */
void persons_withdraw(const struct exchange_host *host, const struct edit *contact, struct edit *e, struct findings *findings);

struct folded { char text[200]; size_t len; };
void header_fold(struct slice text, struct folded *out);
/* By its name, then by what people call it, then by its label. */
const struct schema_field *header_field_of(const struct schema_kind *k, struct slice header);

/* Does the record of the line's uid, whosever it is, say all that the line says in the
 * table's columns? False where there is none. */
bool exchange_stands(const struct exchange_host *host, const struct edit *e);
/* Our annuaire's "Mise à jour" of a record that says none is the day it was written: back
 * in, up to that day, it says nothing. */
void exchange_forget_day(const struct exchange_host *host, struct edit *e);

#endif
