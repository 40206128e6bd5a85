/* SPDX-License-Identifier: Apache-2.0
 *
 * Spreadsheets in: any CSV of the sample's dialects into edits, with a verdict
 * per record (domain.md parts 4 to 6). Nothing is dropped silently. The same
 * checks serve `add` and `set`.
 *
 * Borrows everything for the call. Memory: one record at a time; the file is a
 * slice (the caller maps it), the report goes to a stream. */
#ifndef DAEMON_EXCHANGE_H
#define DAEMON_EXCHANGE_H

#include <stdio.h>
#include "common/crypto.h"
#include "daemon/reference.h"
#include "proto/value.h"

/* One record's wish: canonical values by field index (an empty slice: not
 * named, what stands is kept; a nil: cleared). */
struct edit {
	const struct schema_kind *kind;
	bool has_uid;
	struct id16 uid;
	struct slice values[SCHEMA_FIELDS_MAX];
	/* Bit i: values[i] is a default or a guess (type_acteur, famille_ess,
	 * statut_ess), to be taken only where the record has no value there. */
	uint64_t if_empty;
	bool listed; /* a line of our own annuaire, which has other hubs' structures too */
	bool decides; /* somebody chose: ends the conflicts of the fields it names, an import does not */
};
enum edit_outcome { EDIT_NEW, EDIT_CHANGED, EDIT_SAME };

struct reader;
/* What the node answers for an import; every call runs inside its transaction. */
struct exchange_host {
	void *ctx;
	const char *pole; /* this node's own, "pole-auray"; NULL: any (a CRESS's dry run) */
	const char *region; /* INSEE region of the federation, "53"; NULL: any */
	/* Writes the edit to the outbox (or only says what it would do). ES_OTHER_HUB:
	 * the uid belongs to another hub. */
	enum es_err (*edit)(void *ctx, const struct edit *e, enum edit_outcome *outcome);
	bool cress; /* this node is a CRESS */
	bool by_hand; /* a person's edit: the steps of a state bind; an import brings what is */
	const char *today; /* "2026-11-27" */
	struct reader *reader; /* what this node shows; NULL: nothing is looked up */
	/* The fold state of our record of that uid and kind, pending edits included, appended:
	 * nothing where it is new. NULL: nobody can say. */
	enum es_err (*state)(void *ctx, const struct edit *e, struct buf *out);
	/* Does a hub's Pays hold this commune? NULL: not asked. */
	bool (*in_pays)(void *ctx, struct slice code_insee);
	/* Whose ground a commune is, appended: "pole-morlaix", else the CRESS's; NULL: not asked. */
	void (*pole_of)(void *ctx, struct slice code_insee, struct buf *out);
	/* The requests for seats of our event, as sheet.h wants them, appended; NULL: none are known. */
	void (*seats)(void *ctx, const struct id16 *event, struct buf *json);
	/* Is the record referred to known here (or seen earlier in this import)? */
	bool (*knows)(void *ctx, const struct schema_kind *k, const struct id16 *uid);
	/* How many records are done, of how many bytes of the file; may be NULL. */
	void (*progress)(void *ctx, uint64_t bytes_done, uint64_t bytes_total);
};

struct import_options {
	const struct schema_kind *kind;
	bool skip_rejected;
	const char *encoding; /* "utf-8", "windows-1252"; NULL: detect */
	char separator; /* 0: detect */
};
struct import_counts {
	int64_t accepted, warned, rejected, new_, changed, same;
};
/* Writes the JSON report of contract.md to `report` and calls host->edit for each
 * record not rejected. ES_OK also with rejected records: the caller looks at the
 * counts and rolls back. ES_BAD_VALUE: not a readable CSV (no header, encoding
 * to be asked; `why` gets a sentence). */
ES_MUST_USE enum es_err exchange_import(struct slice file, const struct import_options *options,
					const struct reference *ref, const struct exchange_host *host,
					FILE *report, struct import_counts *counts, struct buf *why);

/* The rules of one record as they bind `add` and `set` too: fills derived fields
 * (commune, code_epci, famille_ess...), checks fields against each other. `e`'s
 * values may come to point into `scratch`. `creating`: required fields must be there,
 * and a field that is not named is empty; else what is not named is not judged. */
void exchange_check(struct edit *e, bool creating, const struct reference *ref,
		    const struct exchange_host *host, struct buf *scratch, struct findings *findings);

/* FILE.rejets.csv: the header and the records that a report (parsed by the
 * caller into `reasons`, NULL for records not rejected, index = record - 1)
 * names, raw as they were, with a last column `motif_rejet`. */
ES_MUST_USE enum es_err exchange_rejects(struct slice file, char separator,
					 const char *const *reasons, size_t count, FILE *out);

#endif
