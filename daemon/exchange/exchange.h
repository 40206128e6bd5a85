/* SPDX-License-Identifier: Apache-2.0
 *
 * Spreadsheets in: any CSV of the sample's dialects into edits, with a verdict
 * per record (domain.md parts 4 to 6). Nothing is dropped silently. The same
 * checks serve `add` and `set`.
 *
 * Which record a line means (W1): that of its uid; else the structure of this hub
 * with its SIRET (now or earlier), else its RNA (where the SIRET do not
 * contradict), else, for a line without numbers, the one of the same name and
 * commune that has none either. Failing that, a structure of the same SIREN and
 * commune, or of the same name (accents, case, apostrophes apart) and commune and
 * no other SIREN or RNA, is a *candidate*: whether it is the same one only a person
 * knows. Such a line gets `doublon_possible`, is neither merged nor created, and
 * hinders no other line: it is left for correction with its candidates. To answer:
 * the uid in a column `uid` (the same), or `candidates` for all lines at once.
 * Candidates are looked for in the directory as it was before the import, so a
 * first import meets none and an import repeated finds its own lines.
 *
 * Columns about a contact in a table of structures ("Nom du contact", "Mail du
 * contact", "Prénom", "Portable") become a local contact of that structure: known again
 * by its e-mail, else its name. Where a line names a contact, an e-mail or a telephone that
 * the sheet does not say to be the structure's is the contact's too, and never stands on the
 * structure: all but a landline number away from the columns about the contact.
 *
 * A line whose `date_maj` is before the record's adds what the record never said
 * and overwrites nothing (`date_maj_ancienne`).
 *
 * Borrows everything for the call. Memory: one record at a time; the file is a
 * slice (the caller maps it), the report goes to a stream. */
#ifndef DAEMON_EXCHANGE_H
#define DAEMON_EXCHANGE_H

#include <stdio.h>
#include "common/crypto.h"
#include "daemon/reference/reference.h"
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
	uint64_t columns; /* an import: bit i, the table has field i */
	bool decides; /* somebody chose: ends the conflicts of the fields it names, an import does not */
	uint64_t withdraws; /* bit i: values[i] is nil since it should not have been seen: it is erased, too */
	const struct id16 *moved; /* who may see that record has changed: fields that name it follow it */
	bool yields; /* from a file: where its date_maj is before the record's, only what was never said is taken */
};
enum edit_outcome { EDIT_NEW, EDIT_CHANGED, EDIT_SAME };
struct edit_answer {
	enum edit_outcome outcome;
	struct id16 uid;
	bool older; /* it yielded */
};

/* Records a line may mean. */
#define EXCHANGE_CANDIDATES 4
struct exchange_match {
	const char *by; /* "siret", "siret_precedent", "rna", "nom_commune", "siren_commune", "ligne"; static */
	bool sure; /* the line means uids[0] */
	size_t count; /* 0: none */
	struct id16 uids[EXCHANGE_CANDIDATES];
};

/* Seats of an event. */
struct seats_taken {
	bool ours; /* the event is this hub's: it grants them */
	int64_t granted, places; /* places: -1, no limit */
};

struct reader;
/* What the node answers for an import; every call runs inside its transaction. */
struct exchange_host {
	void *ctx;
	const char *pole; /* this node's own, "pole-auray"; NULL: any (a CRESS's dry run) */
	const char *region; /* INSEE region of the federation, "53"; NULL: any */
	/* Writes the edit to the outbox (or only says what it would do). ES_OTHER_HUB:
	 * the uid belongs to another hub. */
	enum es_err (*edit)(void *ctx, const struct edit *e, struct edit_answer *answer);
	/* The record that the numbers of a line without uid name; may be NULL. */
	enum es_err (*find)(void *ctx, const struct edit *e, struct exchange_match *match);
	/* Does the structure of another hub that a line of our annuaire is about say all that the line
	 * says? NULL: nobody can say. */
	bool (*repeats)(void *ctx, const struct edit *e);
	/* Those like it, once its commune is known; may be NULL. */
	enum es_err (*resemble)(void *ctx, const struct edit *e, struct exchange_match *match);
	/* The contact of that structure which the line's contact means; may be NULL. */
	bool (*contact)(void *ctx, const struct id16 *structure, const struct edit *contact, struct id16 *uid);
	bool cress; /* this node is a CRESS */
	bool charter_due; /* this hub has not accepted the charter in force (R14) */
	bool by_hand; /* a person's edit: the steps of a state bind; an import brings what is */
	const char *today; /* "2026-11-27": facts are not dated later */
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
	/* As they would be with so many persons of that structure more; what this import has
	 * noted so counts. False: no such event here. NULL: not asked. */
	bool (*note_seats)(void *ctx, const struct id16 *event, const struct id16 *structure, int64_t persons, struct seats_taken *out);
	/* Is the record referred to known here (or seen earlier in this import)? */
	bool (*knows)(void *ctx, const struct schema_kind *k, const struct id16 *uid);
	/* How many bytes of the file are done; its error ends the import. May be NULL. */
	enum es_err (*progress)(void *ctx, uint64_t bytes_done, uint64_t bytes_total);
};

/* What becomes of a line that has candidates. */
enum candidates { CANDIDATES_LEFT, CANDIDATES_NEW, CANDIDATES_SAME /* where there is only one */ };
struct import_options {
	const struct schema_kind *kind;
	enum candidates candidates;
	bool brief; /* the report lists only what is not plainly accepted */
	bool skip_rejected;
	const char *encoding; /* "utf-8", "windows-1252"; NULL: detect. A byte order mark says it itself */
	char separator; /* 0: detect */
};
struct import_counts {
	int64_t accepted, warned, rejected, new_, changed, same, candidates, contacts_new, contacts_changed;
};
/* Writes the JSON report of contract.md to `report` and calls host->edit for each
 * record not rejected. ES_OK also with rejected records: the caller looks at the
 * counts and rolls back. ES_BAD_VALUE: not a readable CSV (no header, encoding
 * to be asked; `why` gets a sentence). */
ES_MUST_USE enum es_err exchange_import(struct slice file, const struct import_options *options,
					const struct reference *ref, const struct exchange_host *host,
					FILE *report, struct import_counts *counts, struct buf *why);

/* "counts":{...} of a report. */
void exchange_counts_json(const struct import_counts *counts, struct buf *out);

/* The rules of one record as they bind `add` and `set` too: fills derived fields
 * (commune, code_epci, famille_ess...), checks fields against each other. `e`'s
 * values may come to point into `scratch`. `creating`: required fields must be there,
 * and a field that is not named is empty; else what is not named is not judged. */
void exchange_check(struct edit *e, bool creating, const struct reference *ref,
		    const struct exchange_host *host, struct buf *scratch, struct findings *findings);

/* The category of a form of partnership; "" where the table has none (the CRESS's say their own). */
const char *exchange_categorie(struct slice forme);

/* FILE.rejets.csv: the header and the records that a report (parsed by the
 * caller into `reasons`, NULL for records not rejected, index = record - 1)
 * names, raw as they were, with a column `motif_rejet` behind the header's; cells that a
 * record has too many come after it. UTF-16 comes back as UTF-8 with a byte order mark. */
ES_MUST_USE enum es_err exchange_rejects(struct slice file, char separator,
					 const char *const *reasons, size_t count, FILE *out);

#endif
