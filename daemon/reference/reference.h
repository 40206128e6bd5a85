/* SPDX-License-Identifier: Apache-2.0
 *
 * Reference tables of conf/reference (communes, old codes, EPCI, NAF, legal
 * categories, Pays, départements, regions), read once at start into compact sorted arrays, then
 * immutable: any thread may read. Sources and licences: conf/reference/SOURCES.md. */
#ifndef DAEMON_REFERENCE_H
#define DAEMON_REFERENCE_H

#include "common/bytes.h"

struct commune {
	const char *code; /* INSEE, 5 characters */
	const char *name;
	const char *postal; /* "35210|35133" */
	const char *epci; /* "" where none */
	const char *departement, *region;
	int32_t lat_e7, lon_e7;
	int32_t population; /* 0: unknown */
	bool has_point, estimated; /* estimated: for distances only */
};
struct pays {
	const char *code, *name; /* "auray", "Pays d'Auray" */
};
struct reference;

/* Where the tables are: $ESSAIM_REFERENCE, else the installed folder, else the
 * source tree's conf/reference (both compiled in). */
const char *reference_default_dir(void);
ES_MUST_USE enum es_err reference_load(const char *dir, struct reference **out);
void reference_free(struct reference *r);

const struct commune *reference_commune(const struct reference *r, struct slice code);
/* Every commune, by code. */
void reference_each_commune(const struct reference *r, void (*each)(void *ctx, const struct commune *c), void *ctx);
/* The current code for an old one, or NULL. */
const struct commune *reference_old_commune(const struct reference *r, struct slice old_code);
/* Upper bound of what the tables take in memory, for those who count it. */
size_t reference_bytes(const struct reference *r);
/* By normalised name (no accents, case, apostrophes, hyphens, CEDEX; St = Saint), within
 * a postal code (may be empty) and a region (may be empty). How many match; up to max are stored. */
size_t reference_commune_named(const struct reference *r, struct slice name, struct slice postal,
			       struct slice region, const struct commune **out, size_t max);
/* Those of the region whose name goes on after these words, by code: "Saint-Martin" has
 * "Saint-Martin-des-Champs", not "Saint-Martinien". Up to max are stored, and how many those are. */
size_t reference_commune_beginning(const struct reference *r, struct slice name, struct slice region,
				   const struct commune **out, size_t max);
bool commune_has_postal(const struct commune *c, struct slice postal);
bool name_is_cedex(struct slice name); /* "Fougères Cedex 2": its postal code is a post office's, no commune's */
bool commune_is_named(const struct commune *c, struct slice name); /* however it is written */
bool reference_naf(const struct reference *r, struct slice code_with_dot); /* a sub-class */
struct legal_category {
	const char *code, *label, *famille_ess, *statut_ess, *type_acteur;
};
const struct legal_category *reference_category(const struct reference *r, struct slice code);
const char *reference_epci_name(const struct reference *r, struct slice code); /* NULL: unknown */
const char *reference_region_name(const struct reference *r, struct slice code); /* NULL: unknown */
/* The départements by code: that of the i-th, and its name. */
size_t reference_departement_count(const struct reference *r);
const char *reference_departement_at(const struct reference *r, size_t i, const char **name);
const struct pays *reference_pays(const struct reference *r, struct slice code);
size_t reference_pays_count(const struct reference *r);
const struct pays *reference_pays_at(const struct reference *r, size_t i);
/* The Pays that a commune of the tables is in, NULL where in none. */
const struct pays *reference_pays_of(const struct reference *r, const struct commune *c);
/* The communes of a Pays, ascending: calls each. */
void reference_pays_communes(const struct reference *r, struct slice pays,
			     void (*each)(void *ctx, const char *code_insee), void *ctx);

#endif
