/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/facts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/cli/words.h"

const char *fact_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

int64_t fact_int(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_real(v) ? (int64_t)json_real_value(v) : (int64_t)json_integer_value(v);
}

bool fact_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

bool fact_has(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return v && !json_is_null(v);
}

static void write_list(struct buf *b, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (i > 0)
			buf_str(b, "|");
		fact_write(b, item);
	}
}

static void write_object(struct buf *b, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY);

	buf_str(b, text ? text : "");
	free(text);
}

void fact_write(struct buf *b, const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		buf_str(b, json_string_value(value));
		break;
	case JSON_INTEGER:
		buf_printf(b, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		buf_printf(b, "%.10g", json_real_value(value));
		break;
	case JSON_TRUE:
		buf_str(b, word(W_YES));
		break;
	case JSON_FALSE:
		buf_str(b, word(W_NO));
		break;
	case JSON_ARRAY:
		write_list(b, value);
		break;
	case JSON_OBJECT:
		write_object(b, value);
		break;
	case JSON_NULL:
		break;
	}
}

const char *fact_shown(const json_t *value)
{
	static char text[4096];
	struct buf b;

	buf_init(&b, 1 << 24);
	fact_write(&b, value);
	snprintf(text, sizeof text, "%s", buf_cstr(&b));
	buf_done(&b);
	return text;
}

void fact_join(struct buf *b, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		if (i > 0)
			buf_str(b, ", ");
		fact_write(b, item);
	}
}

int64_t fact_since(const char *iso)
{
	struct tm tm = {0};

	if (!strptime(iso, strchr(iso, 'T') ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d", &tm))
		return -1;
	int64_t seconds = (int64_t)time(NULL) - (int64_t)timegm(&tm);
	return seconds < 0 ? 0 : seconds;
}
