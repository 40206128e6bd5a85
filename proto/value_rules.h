/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of domain.md part 4 that belong to one kind of number or date. Each
 * takes a trimmed text, leaves the canonical spelling in the reading, and
 * raises its findings there. Private to value.c. */
#ifndef PROTO_VALUE_RULES_H
#define PROTO_VALUE_RULES_H

#include "proto/value.h"

#define READING_MAX 300 /* longest canonical spelling of a rule */
struct reading {
	const struct schema_field *f;
	struct slice text; /* trimmed, not empty */
	struct findings *findings;
	char out[READING_MAX];
	size_t len;
	int64_t number;
};

/* Always false: `return reading_reject(r, "siret_cle")`. */
bool reading_reject(struct reading *r, const char *code);
void reading_note(struct reading *r, const char *code, enum verdict verdict);

/* The text without spaces and without the bytes in `drop`, into r->out; false
 * where it does not fit in max. */
bool reading_squeeze(struct reading *r, const char *drop, size_t max);
bool reading_digits(const struct reading *r);

bool rule_siret(struct reading *r);
bool rule_siren(struct reading *r);
bool rule_epci(struct reading *r);
bool rule_rna(struct reading *r);
bool rule_categorie(struct reading *r);
bool rule_naf(struct reading *r);
bool rule_postal(struct reading *r);
bool rule_insee(struct reading *r);
bool rule_phone(struct reading *r);
bool rule_email(struct reading *r);
bool rule_rome(struct reading *r);
bool rule_extra(struct reading *r);

/* "YYYY-MM-DD" and "YYYY-MM-DDTHH:MM:SS+HH:MM" */
bool rule_date(struct reading *r);
bool rule_time(struct reading *r);
/* r->number, by the field's type and bounds. */
bool rule_number(struct reading *r);
/* r->number is 0 or 1. */
bool rule_bool(struct reading *r);

#endif
