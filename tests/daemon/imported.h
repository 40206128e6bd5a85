/* SPDX-License-Identifier: Apache-2.0
 *
 * An import in a test: the file goes in, what was said of each line comes out. Behind
 * cmocka.h. */
#ifndef TESTS_DAEMON_IMPORTED_H
#define TESTS_DAEMON_IMPORTED_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/exchange/exchange.h"
#include "proto/canon.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct reference *ref;

static int load(void **state)
{
	(void)state;
	return reference_load(ESSAIM_SOURCE_DIR "/conf/reference", &ref) != ES_OK;
}

static int unload(void **state)
{
	(void)state;
	reference_free(ref);
	return 0;
}

/* An edit as text, one "field=value" a line. */
static void edit_lines(const struct edit *e, char *text, size_t size)
{
	struct buf out;

	buf_init_fixed(&out, text, size - 1);
	for (size_t i = 0; i < e->kind->field_count; i++) {
		if (e->values[i].len == 0)
			continue;
		assert_int_equal(canon_check(e->values[i]), ES_OK);
		buf_printf(&out, "%s=", e->kind->fields[i].name);
		value_text(&e->kind->fields[i], e->values[i], &out);
		buf_add_u8(&out, '\n');
	}
	assert_int_equal(buf_err(&out), ES_OK);
	text[out.len] = '\0';
}

struct outcome {
	enum es_err err;
	struct import_counts counts;
	json_t *report; /* NULL: `why` */
	char why[500];
};

static struct outcome import_by(struct slice file, const struct import_options *options, struct exchange_host *host)
{
	struct outcome o = {0};
	char *text = NULL;
	size_t len = 0;
	struct buf why;
	FILE *report = open_memstream(&text, &len);

	buf_init(&why, sizeof(o.why) - 1);
	o.err = exchange_import(file, options, ref, host, report, &o.counts, &why);
	fclose(report);
	snprintf(o.why, sizeof(o.why), "%s", buf_cstr(&why));
	buf_done(&why);
	if (o.err == ES_OK) {
		o.report = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(o.report);
	}
	free(text);
	return o;
}

static const json_t *line_at(const struct outcome *o, size_t record)
{
	return json_array_get(json_object_get(o->report, "lines"), record - 1);
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "null";
}

/* The codes of a line's findings, joined by spaces. */
static void join_codes(const json_t *line, char *out, size_t size)
{
	const json_t *finding;
	size_t i;

	out[0] = '\0';
	json_array_foreach(json_object_get(line, "findings"), i, finding) {
		size_t n = strlen(out);

		snprintf(out + n, size - n, "%s%s", n > 0 ? " " : "", text_at(finding, "code"));
	}
}

#endif
