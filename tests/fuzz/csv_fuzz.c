/* SPDX-License-Identifier: Apache-2.0
 *
 * Any file as a spreadsheet of any kind: the reader stays inside it, the report
 * names each record, what is let through is canonical. The first two bytes
 * choose the kind and the options. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/places.h"
#include "daemon/exchange/csv.h"
#include "daemon/exchange/exchange.h"
#include "proto/canon.h"
#include "tests/fuzz/fuzz.h"

static enum es_err take_edit(void *ctx, const struct edit *e, struct edit_answer *answer)
{
	(void)ctx;
	for (size_t i = 0; i < e->kind->field_count; i++)
		assert(e->values[i].len == 0 || canon_check(e->values[i]) == ES_OK);
	*answer = (struct edit_answer){.outcome = EDIT_NEW};
	return e->has_uid && e->uid.bytes[15] == 0 ? ES_OTHER_HUB : ES_OK;
}

static bool knows(void *ctx, const struct schema_kind *k, const struct id16 *uid)
{
	(void)ctx;
	(void)k;
	return uid->bytes[15] & 1;
}

static void read_all(struct slice file, char separator)
{
	struct csv c;
	size_t records = 0;

	csv_init(&c, file, separator);
	while (csv_next(&c)) {
		assert(c.raw.len <= file.len && ++records <= file.len + 1);
		for (size_t i = 0; i < c.count && i < CSV_FIELDS_MAX; i++)
			assert(c.fields[i].len <= file.len);
	}
	csv_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reference *reference;
	static const char *const encodings[] = {NULL, "utf-8", "windows-1252", "x"};
	static const char separators[] = {0, ';', ',', '\t'};
	struct exchange_host host = {.pole = "pole-auray", .region = "53", .edit = take_edit, .knows = knows};
	struct import_options options = {0};
	struct import_counts counts = {0};
	struct slice file;
	struct buf why;
	char *report = NULL;
	size_t report_len = 0;
	FILE *out;

	if (reference == NULL && reference_load(ESSAIM_SOURCE_DIR "/conf/reference", &reference) != ES_OK)
		abort();
	if (size < 2)
		return 0;
	file = SLICE(data + 2, size - 2);
	options.kind = &schema_kinds[data[0] % schema_kind_count];
	options.skip_rejected = data[1] & 1;
	options.encoding = encodings[(data[1] >> 1) & 3];
	options.separator = separators[(data[1] >> 3) & 3];
	read_all(file, options.separator);

	out = open_memstream(&report, &report_len);
	buf_init(&why, 4096);
	(void)!exchange_import(file, &options, reference, &host, out, &counts, &why);
	fclose(out);
	free(report);
	buf_done(&why);
	return 0;
}
