/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON requests, read strictly: no duplicate keys, nothing behind. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <microhttpd.h>
#include "daemon/api/api_parts.h"

static json_t *parse(struct request *r)
{
	return json_loadb((const char *)r->body.p, r->body.len, JSON_REJECT_DUPLICATES, NULL);
}

/* A string, a number or a boolean as people would type it. */
static char *plain(const json_t *v)
{
	char number[32];

	if (json_is_string(v))
		return strdup(json_string_value(v));
	if (json_is_boolean(v))
		return strdup(json_is_true(v) ? "oui" : "non");
	if (json_is_integer(v))
		snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(number, sizeof number, "%.7g", json_real_value(v));
	else
		return json_is_null(v) ? strdup("") : NULL;
	return strdup(number);
}

/* A list is joined by |, as in the CSV. */
static char *joined(const json_t *v)
{
	struct buf b;
	char *out;

	if (!json_is_array(v))
		return plain(v);
	buf_init(&b, API_BODY_MAX);
	for (size_t i = 0; i < json_array_size(v); i++) {
		char *item = plain(json_array_get(v, i));

		if (i > 0)
			buf_str(&b, "|");
		buf_str(&b, item ? item : "");
		free(item);
	}
	out = strdup(buf_cstr(&b) ? buf_cstr(&b) : "");
	buf_done(&b);
	return out;
}

size_t body_pairs(struct request *r, const char *inside, struct pair *out, size_t max, enum es_err *err)
{
	json_t *root = parse(r), *from = inside && root ? json_object_get(root, inside) : root, *v;
	const char *key;
	size_t n = 0;

	*err = json_is_object(from) ? ES_OK : ES_MALFORMED;
	if (*err == ES_OK)
		json_object_foreach(from, key, v) {
			char *text = n < max ? joined(v) : NULL;

			if (!text) {
				*err = ES_MALFORMED;
				break;
			}
			out[n].key = strdup(key);
			out[n++].value = text;
		}
	json_decref(root);
	return n;
}

void pairs_free(struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
}

const char *body_text(struct request *r, const char *name, char *out, size_t size)
{
	json_t *root = parse(r);
	char *text = root ? plain(json_object_get(root, name)) : NULL;

	snprintf(out, size, "%s", text ? text : "");
	free(text);
	json_decref(root);
	return out;
}
