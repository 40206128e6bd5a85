/* SPDX-License-Identifier: Apache-2.0
 *
 * Indicators of a month, by territory (domain.md part 7, R15, W7).
 *
 * indicators.def names each one: what rows of the directory it is made of, how
 * they become one integer, whether it must be hidden. A report is those figures
 * over one directory:
 *
 *     rows of SQL -> units -> cells by territory -> masks -> report_row
 *
 * The directory in use gives a provisional report. A frozen one is computed over
 * a second directory, folded from the journal up to a frontier (report_freeze.h),
 * so that the same frontier gives the same bytes on every node that holds it.
 *
 * What is local at a hub is counted there: a CRESS adds up the counts that hubs
 * send (`mesure` records of scope cress whose indicator begins with "local.").
 *
 * Integers only: shares per 10 000, money in cents, ETP in tenths, divisions and
 * medians round down. Every listing has a total order. Not thread-safe: one
 * report belongs to one thread, like its reader. */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include <stdio.h>
#include "daemon/directory/directory.h"

#define REPORT_DETAIL_MAX 80
#define REPORT_FORMAT "essaim-rapport-1"

/* A calendar month, or part of one, and its cut-off: the last day at 24:00 in Paris. */
struct report_month {
	char text[8]; /* "2026-10" */
	char from[11], to[11]; /* its days, both in it */
	char year_ago[11]; /* the day 12 months before `to` */
	es_ms cutoff; /* UTC */
};
ES_MUST_USE bool report_month_parse(struct slice text, struct report_month *out); /* AAAA-MM */
void report_month_at(es_ms utc, struct report_month *out); /* the one that Paris is in */
void report_month_before(const struct report_month *m, struct report_month *out);
/* The same month only up to a day of it. */
ES_MUST_USE bool report_month_upto(struct report_month *m, struct slice day);

enum report_sens { SENS_APPORTE, SENS_EVITE }; /* E13: what it brings, what it avoids */
enum report_sees {
	SEES_ALL,  /* made of what all may read: any node gives the same figure */
	SEES_HOME, /* made of what stays at its hub: each hub counts, the CRESS adds up */
	SEES_SUMS  /* made of two others */
};
enum report_form {
	FORM_SUM,    /* sum of values */
	FORM_SHARE,  /* sum of values x 10 000 / sum of bases */
	FORM_MEAN,   /* sum of values / their number */
	FORM_MEDIAN, /* of the values */
	FORM_COVER,  /* communes that are named x 10 000 / communes of the territory */
	FORM_EPCI    /* EPCI that are named x 10 000 / EPCI that have a commune there */
};
enum report_rule {
	SECRET_NONE, /* counts of public records */
	SECRET_FEW,  /* counts of records that are not public: published for the region only, and not 1 or 2 */
	SECRET_MEAN, /* hidden under 3 units */
	SECRET_SUM   /* hidden under 3 units, or where one weighs more than 85 % */
};
struct indicator {
	const char *code, *unit;
	enum report_sens sens;
	enum report_sees sees;
	enum report_form form;
	enum report_rule rule;
	const char *version; /* of the definition; changes with the formula */
	const char *kind; /* the kind that it is made of; a build without it leaves it out */
	const char *sql; /* rows: place, pole, unit, value, base, detail */
	const char *over, *under; /* SEES_SUMS: codes; under NULL: over's n */
	int64_t factor;
	bool inner; /* only feeds others: sent, never shown */
	const char *label, *english;
};
extern const struct indicator indicators[];
extern const size_t indicator_count;
const struct indicator *indicator_named(struct slice code);

/* --- territories --- */

enum { PLACE_PAYS, PLACE_EPCI, PLACE_DEPARTEMENT, PLACE_REGION, PLACE_TYPES };
extern const char *const report_place_types[PLACE_TYPES]; /* "pays"... */
struct report_place {
	unsigned type;
	char code[16], name[160];
	int64_t communes, epcis;
};
struct report_member {
	char commune[6];
	uint16_t place;
};
struct report_places {
	struct report_place *list; /* by type, then code */
	size_t count;
	struct report_member *members; /* by commune, then place */
	size_t member_count;
	const struct reference *ref;
	char region[8];
};
#define PLACES_OF_MAX 64
/* Pays, EPCI, départements and the region as they are on that day: the dated lists of
 * `territoire` records, else the reference tables. */
ES_MUST_USE enum es_err report_places_open(struct reader *r, const char *day, struct report_places *out);
void report_places_done(struct report_places *p);
/* Where something at `place` counts: a commune's code (an old one too), an EPCI's, or
 * "type:code"; where that says nothing, the Pays of the hub and the region. */
size_t report_places_of(const struct report_places *p, struct slice place, struct slice pole, uint16_t out[PLACES_OF_MAX]);
ES_MUST_USE bool report_place_find(const struct report_places *p, unsigned type, struct slice code, uint16_t *out);
/* Finds it, or puts it in its place: a territory of then that is no more. */
ES_MUST_USE enum es_err report_place_ensure(struct report_places *p, unsigned type, struct slice code);
/* "pays", "epci"... false: none of that name. */
ES_MUST_USE bool report_place_type(struct slice name, unsigned *type);

/* --- units and cells --- */

/* One enterprise, commune or person-free count: what R15 calls a unit is a `key`. */
struct report_unit {
	char *key, *detail;
	int64_t value, base;
	uint16_t *at; /* places */
	size_t at_count;
};
struct report_cell {
	int64_t sum, base, count, n, largest; /* n: distinct keys; largest: of their sums */
	int64_t value;
	bool any, masked;
};
/* Cells of one indicator and detail, one per place; `units` sorted by key. */
void report_cells(const struct indicator *ind, const struct report_places *p, const struct report_unit *units, size_t count,
		  struct report_cell *cells);
/* R15, also against differences: where a territory is shown and those within it that are
 * shown leave a remainder that R15 would hide, the smallest of these is hidden too. */
void report_mask(const struct indicator *ind, const struct report_places *p, const struct report_unit *units, size_t count,
		 struct report_cell *cells);
bool report_secret(enum report_rule rule, int64_t n, int64_t largest, int64_t sum);
int64_t report_median(int64_t *values, size_t count); /* sorts; 0 for none */

/* --- a report --- */

struct report_row {
	const struct indicator *ind;
	char detail[REPORT_DETAIL_MAX];
	uint16_t place;
	int64_t value, n;
	bool masked;
};
struct report_ask {
	struct report_month month;
	struct slice programme; /* a code: only its hubs, only between its dates; empty: all */
	bool whole_programme; /* all its dates, whatever the month */
	bool fold; /* the reader's directory holds no local record: all counts come from hubs */
	bool everything; /* also figures that only feed others */
};
struct report {
	struct report_places places;
	struct report_row *rows; /* by place, sens, indicator, detail */
	size_t count, room;
	struct indicator *declared; /* of `indicateur` records: figures typed, not computed */
	size_t declared_count;
	struct buf memory; /* of `declared` */
	bool frozen;
	char digest[65], format[24];
	struct buf note;
	struct report_month month;
};
/* ES_NOT_FOUND: no such programme. */
ES_MUST_USE enum es_err report_compute(struct reader *r, const struct report_ask *ask, struct report *out);
/* What the CRESS froze for that month, as records say: ES_NOT_FOUND where it has not. */
ES_MUST_USE enum es_err report_frozen(struct reader *r, const struct report_month *m, struct report *out);
void report_done(struct report *r);
void report_sort(struct report *r);
ES_MUST_USE enum es_err report_add(struct report *r, const struct report_row *row);
/* May this row be published? */
bool report_row_public(const struct report *r, const struct report_row *row);
/* A count that is published: as report_row, hidden where few. */
void report_row_publish(struct report_row *row);
/* "code" or "code:detail". */
void report_row_name(const struct report_row *row, struct buf *out);

struct report_view {
	bool public_only;
	bool has_place; /* only that one */
	unsigned type;
	char code[16];
};
/* JSON [{pole, nom, derniere_maj}]: the hubs that take part. */
ES_MUST_USE enum es_err report_poles(struct reader *r, struct buf *json);
/* `poles`: of report_poles. */
void report_json(const struct report *r, const struct report_view *v, struct slice poles, struct buf *out);
/* indicateurs.csv (domain.md part 5.6). */
ES_MUST_USE enum es_err report_csv(const struct report *r, const struct report_view *v, FILE *out);
/* The frozen report of that month if there is one, else today's figures for it. */
ES_MUST_USE enum es_err report_export(struct reader *r, const struct report_month *m, bool public_only, FILE *out);
/* JSON {total, met, items[{code, nom, rencontre, le}]}: EPCI of the region, met or not (E9). */
ES_MUST_USE enum es_err report_epci(struct reader *r, const struct report_month *m, struct buf *json);

/* The role of the node whose directory this is: its own pole's text, "" where unknown. */
ES_MUST_USE enum es_err report_own_pole(struct reader *r, char out[HUB_POLE_MAX]);

#endif
