/* SPDX-License-Identifier: Apache-2.0
 *
 * Personal data: what is held for what, for how long, whose it is, and how it goes
 * (rgpd.def; domain.md part 9 and workflow W6).
 *
 *   register   rgpd.def and the schema, printed: no kind with a personal field can be missing
 *   term       records past it, and those that draw near
 *   person     everything here that names somebody, former values and deleted records included:
 *              the journal is searched, the directory forgets sooner than it
 *   erasure    a person's own record is forgotten; of others what names her goes, the rest is
 *              said anew (node_forget_fields)
 *
 * Dates are texts "YYYY-MM-DD". Nothing here logs a value. */
#ifndef DAEMON_RGPD_H
#define DAEMON_RGPD_H

#include "daemon/node/node.h"
#include "daemon/rules/day.h"

#define RGPD_ANSWER_MONTHS 1 /* article 12... */
#define RGPD_LONGER_MONTHS 2 /* ...and how much longer where the person is told */
#define RGPD_LATE_DAYS 20    /* the CRESS is told */
#define RGPD_NEEDLES_MAX 32

enum rgpd_goes { RGPD_NOTHING, RGPD_RECORD, RGPD_NAMES };

const char *rgpd_goes_name(enum rgpd_goes goes); /* "rien", "fiche", "noms" */

struct rgpd_processing {
	const char *id, *name, *persons, *basis, *recipients, *term;
};
struct rgpd_term {
	const char *kind;
	unsigned processing;
	unsigned months, warned;
	const char *since; /* SQL over the row `t` */
	enum rgpd_goes goes;
	const char *since_text;
};
extern const struct rgpd_processing rgpd_processings[];
extern const size_t rgpd_processing_count;
extern const struct rgpd_term rgpd_terms[];
extern const size_t rgpd_term_count;

bool rgpd_is_person(const struct schema_kind *k); /* its records are a person */
bool rgpd_is_nobody(const struct schema_kind *k); /* R17: unknown columns are refused */
/* Tells of a person: a personal field, or a reference to one. */
bool rgpd_names(const struct schema_field *f);
bool rgpd_names_anybody(const struct schema_kind *k);
/* The register as JSON {processings[{id, name, ..., kinds[{kind, ..., fields[]}]}]}. */
void rgpd_register_json(struct buf *out);

/* --- what a person is known by --- */

enum needle_type { NEEDLE_EMAIL, NEEDLE_PHONE, NEEDLE_NAME, NEEDLE_UID };
struct needle {
	enum needle_type type;
	bool asked; /* typed by somebody; else learnt from a record of hers */
	char text[272]; /* address: lower case; phone: its last 9 digits; name: folded, between spaces */
	struct id16 uid;
};
struct needles {
	struct needle list[RGPD_NEEDLES_MAX];
	size_t count;
};
const char *needle_by(const struct needle *x); /* "courriel", "telephone", "nom", "reference" */
/* An address, a number, or a name of two words at least. False: too little to look for,
 * or no room for more. What is there already is not added again. */
bool needles_add(struct needles *n, struct slice text, bool asked);
bool needles_add_uid(struct needles *n, const struct id16 *uid);
/* The first that is named in the text, NULL: none. Case, accents, and how a number is
 * written make no difference; a part of a word is not the word. */
const struct needle *needles_in(const struct needles *n, struct slice text);
const struct needle *needles_uid(const struct needles *n, const struct id16 *uid);
/* The columns of an `extra` without those that name her, "" where none is left; false: none does. */
bool needles_extra(const struct needles *n, struct slice extra, struct buf *rest);

/* --- where somebody is named --- */

struct rgpd_hit {
	struct record_id record;
	const struct schema_kind *kind;
	uint64_t fields; /* bits by index: those that name her, now or before */
	const struct needle *by; /* the first that was found: those typed come first */
	bool ours;
	bool deleted; /* not shown any more, still in the journal */
	bool other; /* of her name, with another address or number: perhaps somebody else */
};
struct rgpd_found {
	struct needles needles;
	struct rgpd_hit *list; /* by kind, then record; malloc'd */
	size_t count;
};
/* ES_BAD_VALUE: too little to look for. Reads the journal from end to end. */
ES_MUST_USE enum es_err rgpd_find(struct node *n, struct slice text, struct rgpd_found *out);
void rgpd_found_done(struct rgpd_found *f);
/* What becomes of a hit where she is to be erased. */
enum rgpd_goes rgpd_fate(const struct rgpd_hit *h);

/* --- terms --- */

struct rgpd_due {
	struct id16 uid;
	const struct rgpd_term *term;
	char since[11], due[11];
	bool past; /* else it draws near */
};
/* Own records past their term or near it, by due date, kind, uid. False from each stops. */
ES_MUST_USE enum es_err rgpd_each_due(struct reader *r, const char *pole, const char *today,
				      bool (*each)(void *ctx, const struct rgpd_due *d), void *ctx);

/* --- requests (kind demande_rgpd) --- */

struct rgpd_request {
	struct slice uid, reference, type, received, due, uids, why, closed; /* texts; empty: none */
	bool longer;
};
/* Own ones, the oldest first. False from each stops; texts last until it returns. */
ES_MUST_USE enum es_err rgpd_each_request(struct reader *r, const char *pole,
					  bool (*each)(void *ctx, const struct rgpd_request *q), void *ctx);
/* When the answer is due. False where the record says no date. */
ES_MUST_USE bool rgpd_request_due(const struct rgpd_request *q, char out[11]);

/* --- exports given out --- */

/* A line in DIR/exports.log: when, which format, which kind (NULL: all). No data. Only of kinds that
 * name somebody. What cannot be noted is logged: the export is not held up. */
void rgpd_note_export(const char *dir, const char *format, const struct schema_kind *k);
/* JSON array of those on or after a day. */
void rgpd_exports_json(const char *dir, const char *since, struct buf *out);

#endif
