/* SPDX-License-Identifier: Apache-2.0
 *
 * SIRET numbers and distances: CSV with a header line, commas, quotes. */
#include <stdlib.h>
#include <string.h>

#include "proto/value.h"
#include "tests/vectors/vectors.h"

#define COLUMNS_MAX 16

struct row {
	char *cell[COLUMNS_MAX];
	size_t count;
};

/* Unquotes a cell in place and steps over what ends it, which it returns: a
 * comma, a newline or the NUL. */
static char cell_next(char **text, char **cell)
{
	char *p = *text, *out = p, separator;
	bool quoted = false;

	*cell = p;
	for (; *p != '\0' && (quoted || (*p != ',' && *p != '\n')); p++) {
		if (*p == '"' && quoted && p[1] == '"')
			*out++ = *p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (quoted || *p != '\r')
			*out++ = *p;
	}
	separator = *p;
	*text = p + (separator != '\0');
	*out = '\0'; /* last: it may fall on the separator */
	return separator;
}

/* The next line's cells; false at the end of the text. */
static bool row_next(char **text, struct row *row)
{
	char separator = ',';

	row->count = 0;
	if (**text == '\0')
		return false;
	while (separator == ',') {
		char *cell;

		separator = cell_next(text, &cell);
		if (row->count < COLUMNS_MAX)
			row->cell[row->count++] = cell;
	}
	return true;
}

/* The header line must hold these columns; says where each one is. */
static bool header_read(char **text, const char *const *names, size_t *column, size_t count)
{
	struct row row;

	if (strncmp(*text, "\xef\xbb\xbf", 3) == 0)
		*text += 3;
	if (!row_next(text, &row))
		return false;
	for (size_t n = 0; n < count; n++) {
		column[n] = 0;
		while (column[n] < row.count && strcmp(row.cell[column[n]], names[n]) != 0)
			column[n]++;
		if (column[n] == row.count)
			return false;
	}
	return true;
}

/* Reads a line into the cells asked for; false at the end, or on a line with
 * too few cells, which makes the file unparsable. */
static bool line_read(char **text, const size_t *column, char **cell, size_t count,
		      struct tally *t)
{
	struct row row;

	do {
		if (!row_next(text, &row))
			return false;
	} while (row.count == 1 && row.cell[0][0] == '\0'); /* an empty line */
	for (size_t n = 0; n < count; n++) {
		if (column[n] >= row.count) {
			t->unparsable = true;
			return false;
		}
		cell[n] = row.cell[column[n]];
	}
	return true;
}

void siret_vectors(char *csv, struct tally *t)
{
	static const char *const names[] = {"valeur", "valide"};
	size_t column[2];
	char *cell[2];

	if (!header_read(&csv, names, column, 2)) {
		t->unparsable = true;
		return;
	}
	while (line_read(&csv, column, cell, 2, t)) {
		bool valid = strcmp(cell[1], "1") == 0;

		if (!valid && strcmp(cell[1], "0") != 0)
			t->unparsable = true;
		vector_check(t, value_siret_valid(slice_str(cell[0])) == valid,
			     "siret '%s': must be %s", cell[0], valid ? "valid" : "refused");
	}
}

/* "-3.82792" as -38279200; a double would be exact enough, but this is how
 * coordinates are stored. */
static bool degrees_parse(const char *text, int32_t *e7)
{
	bool minus = text[0] == '-';
	int64_t v = 0;
	int decimals = -1; /* until the point */

	text += minus;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || v > INT32_MAX)
			return false;
		if (decimals < 7)
			v = v * 10 + (*text - '0');
		decimals += decimals >= 0 && decimals < 7;
	}
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 7; decimals++)
		v *= 10;
	*e7 = (int32_t)(minus ? -v : v);
	return v <= 1800000000;
}

void distance_vectors(char *csv, struct tally *t)
{
	static const char *const names[] = {"lat_1", "lon_1", "lat_2", "lon_2", "km",
					    "code_insee_1", "code_insee_2"};
	size_t column[7];
	char *cell[7], *end;

	if (!header_read(&csv, names, column, 7)) {
		t->unparsable = true;
		return;
	}
	while (line_read(&csv, column, cell, 7, t)) {
		int32_t at[4];
		long long km, ours;

		for (int i = 0; i < 4; i++) {
			at[i] = 0;
			t->unparsable = t->unparsable || !degrees_parse(cell[i], &at[i]);
		}
		km = strtoll(cell[4], &end, 10);
		t->unparsable = t->unparsable || end == cell[4] || *end != '\0';
		if (t->unparsable)
			return;
		ours = value_distance_km(at[0], at[1], at[2], at[3]);
		vector_check(t, ours == km, "distance %s %s: %lld km, must be %lld", cell[5],
			     cell[6], ours, km);
	}
}
