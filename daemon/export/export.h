/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory as files (domain.md part 5), each format a line of exports.def.
 *
 * A file is one moment of the directory, read in one transaction, with one record
 * in memory. Everything has a total order, and nothing comes from a clock or from
 * this node alone: same data, same bytes, on every node that may see the data.
 *
 * What may be in a file:
 *   liste-ess, geojson, data-inclusion, schema-org   what stands in scope public, and
 *                       of structures with partial diffusion (R16) no address or point
 *   annuaire            what is shared: public and federation. Staff send it around,
 *                       so what is local stays out of it (R2)
 *   indicateurs         figures of a month; those of local records where this node counts them
 *   csv, jsonl          all that this node shows, its own local values too
 *   liste-diffusion     contacts that this node shows and that consent
 * With `public`, of each only what may be put on a web site. */
#ifndef DAEMON_EXPORT_H
#define DAEMON_EXPORT_H

#include <stdio.h>
#include "daemon/directory/directory.h"

enum export_kinds { EXPORT_WHOLE, EXPORT_ANY, EXPORT_ONE };
enum export_holds { HOLDS_ALL, HOLDS_SHARED, HOLDS_PUBLIC, HOLDS_PERSONS };

struct exporting;
struct export_format {
	const char *name; /* "liste-ess" */
	enum export_kinds kinds;
	enum export_holds holds;
	const char *default_kind; /* NULL: none */
	const char *stem; /* "liste_ess"; NULL: the kind's plural */
	const char *ending; /* "csv" */
	const char *type; /* Content-Type */
	const char *fr, *en;
	enum es_err (*write)(struct exporting *e);
};
extern const struct export_format export_formats[];
extern const size_t export_format_count;
const struct export_format *export_format_named(const char *name); /* NULL: unknown */
/* Can it be had as of a frozen month's cut-off? What is published can. */
bool export_has_past(const struct export_format *f);
/* "csv, jsonl, ..." */
void export_format_names(struct buf *out);

/* The annuaire's first line, without its end: an import knows its own file by it. */
extern const char export_annuaire_header[];

struct export_options {
	const struct schema_kind *kind; /* NULL: the format's default, or all */
	const char *region; /* of the federation, "53" */
	const char *month; /* of indicateurs, "2026-10" */
	const char *finalite; /* of liste-diffusion; NULL: newsletter */
	bool public; /* no more than what is public */
};
/* ES_UNKNOWN_KIND where the format needs a kind and has no default; ES_USAGE where it
 * has no kind to choose. */
ES_MUST_USE enum es_err export_write(struct reader *r, const struct export_format *f, const struct export_options *o,
				     FILE *out);

#endif
