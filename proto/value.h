/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person or a spreadsheet writes, into canonical values and back
 * (domain.md part 4). Pure: reference tables are asked through a callback.
 *
 * A value that cannot be taken is named by a code of domain.md ("siret_cle");
 * a note or warning lets it through. */
#ifndef PROTO_VALUE_H
#define PROTO_VALUE_H

#include "proto/schema.h"

enum verdict { VERDICT_ACCEPTED, VERDICT_WARNING, VERDICT_REJECTED };

#define FINDING_VALUE_MAX 120
struct finding {
	const char *column; /* header or field name; static or longer-lived than the report */
	const char *code; /* static, "siret_cle" */
	enum verdict verdict;
	/* What was written, cut to fit; empty for FIELD_PERSONAL fields. */
	char value[FINDING_VALUE_MAX];
};
#define FINDINGS_MAX 24 /* said of one record, all its fields together; `worst` knows the rest too */
struct findings {
	struct finding list[FINDINGS_MAX];
	size_t count;
	enum verdict worst;
};
void findings_add(struct findings *f, const char *column, const char *code, enum verdict verdict,
		  struct slice value);

/* Reads `text` as field f and appends one canonical value to out (nil where
 * empty after trimming). On rejection a finding says why and nothing is
 * appended. A code of a list that the CRESS extends (`refers`) is only asked for its
 * form: a-z, 0-9 and _. */
ES_MUST_USE bool value_parse(const struct schema_field *f, struct slice text, struct buf *out,
			     struct findings *findings);
/* Appends the value as the exchange CSV (`csv`: lists joined by |, oui/non) or as
 * plain text writes it; nothing for nil. A value of another type than the
 * field's is shown as hex rather than trusted. */
void value_text(const struct schema_field *f, struct slice value, struct buf *out);
/* Appends the value as JSON (decimals outside, lists as arrays, strings escaped). */
void value_json(const struct schema_field *f, struct slice value, struct buf *out);
/* Any canonical value as JSON, for unknown kinds and fields; bin as hex. */
void value_json_any(struct slice value, struct buf *out);
/* With its quotes. */
void json_quote(struct slice text, struct buf *out);

/* Is it one of "a|b|c"? `codes` may be NULL: of none. */
bool value_one_of(const char *codes, struct slice code);
/* Letters a-z, digits and "_", at most 40, as every code is written. */
bool value_is_code(struct slice text);
bool value_siret_valid(struct slice digits); /* 14 digits exactly, nothing cleaned */
bool value_siren_valid(struct slice digits);
/* Seconds of a canonical date or time, to compare two; INT64_MIN: not one. */
int64_t value_time_seconds(struct slice text);
/* Great circle, R = 6371.0088 km, to the nearest km. */
int64_t value_distance_km(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7, int32_t lon2_e7);
/* NFC, trimmed, CRLF to LF; false on control characters or bad UTF-8. */
bool value_clean_text(struct slice text, struct buf *out);

/* For search: lower case, no accents, oe for the ligature (and ae, o, l, ss...);
 * what out holds already stands before it with a space;
 * an apostrophe disappears and the parts it joined follow as words too:
 * "L'Atelier" gives "latelier l atelier". In a query (`query`), only the joined form. */
void value_fold_text(struct slice text, bool query, struct buf *out);

#endif
