/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rules/codes.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/exchange/exchange.h"
#include "proto/text.h"
#include "proto/value.h"

#define CODES_MAX 512 /* of one list */
#define LISTS_MAX 256

/* --- one list --- */

static size_t static_codes(const struct schema_field *f, struct slice *out, size_t max)
{
	size_t n = 0;

	for (const char *p = f->codes; p && n < max; p = strchr(p, '|')) {
		p += *p == '|';
		out[n++] = SLICE(p, strcspn(p, "|"));
	}
	return n;
}

static bool in_table(const struct schema_field *f, struct slice code)
{
	struct slice codes[CODES_MAX];
	size_t n = static_codes(f, codes, CODES_MAX);

	for (size_t i = 0; i < n; i++)
		if (code.len > 0 && slice_eq(codes[i], code))
			return true;
	return false;
}

bool codes_built_in(const struct schema_field *f, struct slice code)
{
	return in_table(f, code);
}

bool codes_allow(struct reader *r, const struct schema_field *f, const char *today, struct slice code)
{
	const struct slice args[] = {slice_str(f->refers ? f->refers : ""), code, slice_str(today ? today : "")};

	if (!r || !f->refers)
		return in_table(f, code);
	if (in_table(f, code))
		return reader_number(r, "SELECT count(*) FROM code_liste WHERE liste = ?1 AND code = ?2 AND ferme_le <= ?3", args, 3) == 0;
	return reader_number(r, "SELECT count(*) FROM code_liste WHERE liste = ?1 AND code = ?2"
				" AND (ferme_le IS NULL OR ferme_le > ?3)", args, 3) > 0;
}

struct listing {
	struct slice codes[CODES_MAX];
	size_t count;
	struct buf names; /* of those that the CRESS added */
};

static bool add_code(void *ctx, struct slice code)
{
	struct listing *l = ctx;
	size_t from = l->names.len;

	buf_add(&l->names, code.p, code.len);
	if (buf_err(&l->names) == ES_OK)
		l->codes[l->count++] = SLICE(l->names.p + from, code.len);
	return l->count < CODES_MAX;
}

static int by_name(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* The table's and the CRESS's, by name, each once. The names never move: there is room. */
static void list_codes(struct reader *r, const struct schema_field *f, struct listing *l)
{
	const struct slice list = slice_str(f->refers ? f->refers : "");
	size_t n = 0;

	buf_init(&l->names, CODES_MAX * 64);
	l->count = static_codes(f, l->codes, CODES_MAX);
	if (r && f->refers && l->count < CODES_MAX && buf_reserve(&l->names, CODES_MAX * 64))
		(void)!reader_texts(r, "SELECT DISTINCT code FROM code_liste WHERE liste = ?1 ORDER BY code", &list, 1, add_code, l);
	qsort(l->codes, l->count, sizeof(l->codes[0]), by_name);
	for (size_t i = 0; i < l->count; i++)
		if (n == 0 || !slice_eq(l->codes[n - 1], l->codes[i]))
			l->codes[n++] = l->codes[i];
	l->count = n;
}

void codes_known(struct reader *r, const struct schema_field *f, const char *today, const char *separator, struct buf *out)
{
	struct listing *l = calloc(1, sizeof *l);
	bool any = false;

	if (!l)
		return;
	list_codes(r, f, l);
	for (size_t i = 0; i < l->count; i++) {
		if (!codes_allow(r, f, today, l->codes[i]))
			continue;
		buf_str(out, any ? separator : "");
		buf_add(out, l->codes[i].p, l->codes[i].len);
		any = true;
	}
	buf_done(&l->names);
	free(l);
}

static bool spelled_like(struct slice a, struct slice b)
{
	struct buf x, y;

	buf_init(&x, 1024);
	buf_init(&y, 1024);
	text_fold(a, TEXT_JOINED, &x);
	text_fold(b, TEXT_JOINED, &y);
	bool same = slice_eq(buf_slice(&x), buf_slice(&y));
	buf_done(&x);
	buf_done(&y);
	return same;
}

enum code_known codes_find(struct reader *r, const struct schema_field *f, struct slice code)
{
	const struct slice args[] = {slice_str(f->refers ? f->refers : ""), code};
	struct listing *l = calloc(1, sizeof *l);
	bool found = false;

	if (!l)
		return CODE_TAKEN; /* as long as nobody can say */
	list_codes(r, f, l);
	for (size_t i = 0; i < l->count && !found; i++)
		found = spelled_like(l->codes[i], code);
	buf_done(&l->names);
	free(l);
	if (!found)
		return CODE_UNKNOWN;
	bool has_record = r && reader_number(r, "SELECT count(*) FROM code_liste WHERE liste = ?1 AND code = ?2", args, 2) > 0;
	return in_table(f, code) && !has_record ? CODE_BUILT_IN : CODE_TAKEN;
}

/* --- as JSON --- */

static void text_member(const char *name, struct slice text, struct buf *json)
{
	buf_printf(json, ",\"%s\":", name);
	if (text.len > 0)
		json_quote(text, json);
	else
		buf_str(json, "null");
}

static void said_member(struct reader *r, const struct schema_field *f, struct slice code, const char *name, const char *otherwise,
			struct buf *json)
{
	const struct slice args[] = {slice_str(f->refers ? f->refers : ""), code};
	char sql[160];
	struct buf text;

	buf_init(&text, 4096);
	snprintf(sql, sizeof sql, "SELECT %s FROM code_liste WHERE liste = ?1 AND code = ?2 AND %s IS NOT NULL ORDER BY uid LIMIT 1", name, name);
	if (!reader_text(r, sql, args, 2, &text))
		buf_str(&text, otherwise);
	text_member(name, buf_slice(&text), json);
	buf_done(&text);
}

static void code_json(struct reader *r, const struct schema_field *f, struct slice code, struct buf *json)
{
	bool forme = f->refers && strcmp(f->refers, "forme") == 0;

	buf_str(json, "{\"code\":");
	json_quote(code, json);
	said_member(r, f, code, "libelle", "", json);
	said_member(r, f, code, "categorie", forme ? exchange_categorie(code) : "", json);
	said_member(r, f, code, "ferme_le", "", json);
	buf_printf(json, ",\"ajoute\":%s}", in_table(f, code) ? "false" : "true");
}

struct list {
	char name[96];
	const struct schema_field *f; /* the first that has it */
};

static void list_name(const struct schema_kind *k, const struct schema_field *f, struct list *out)
{
	out->f = f;
	if (f->refers)
		snprintf(out->name, sizeof out->name, "%s", f->refers);
	else
		snprintf(out->name, sizeof out->name, "%s.%s", k->name, f->name);
}

static int by_list(const void *a, const void *b)
{
	return strcmp(((const struct list *)a)->name, ((const struct list *)b)->name);
}

/* Who may see a record is no list of the domain. */
static size_t all_lists(struct list *out, size_t max)
{
	size_t n = 0, kept = 0;

	for (size_t k = 0; k < schema_kind_count; k++)
		for (size_t i = 0; i < schema_kinds[k].field_count && n < max; i++)
			if (schema_kinds[k].fields[i].codes && schema_kinds[k].fields[i].no != FIELD_PORTEE)
				list_name(&schema_kinds[k], &schema_kinds[k].fields[i], &out[n++]);
	qsort(out, n, sizeof *out, by_list);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(out[kept - 1].name, out[i].name) != 0)
			out[kept++] = out[i];
	return kept;
}

const struct schema_field *codes_list(struct slice name)
{
	struct list lists[LISTS_MAX];
	size_t n = all_lists(lists, LISTS_MAX);

	for (size_t i = 0; i < n; i++)
		if (lists[i].f->refers && slice_eq(name, slice_str(lists[i].name)))
			return lists[i].f;
	return NULL;
}

void codes_lists(const char *separator, struct buf *out)
{
	struct list lists[LISTS_MAX];
	size_t n = all_lists(lists, LISTS_MAX);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (!lists[i].f->refers)
			continue;
		buf_printf(out, "%s%s", any ? separator : "", lists[i].name);
		any = true;
	}
}

static void fields_json_of(const struct list *list, struct buf *json)
{
	const char *comma = "";

	for (size_t k = 0; k < schema_kind_count; k++)
		for (size_t i = 0; i < schema_kinds[k].field_count; i++) {
			const struct schema_field *f = &schema_kinds[k].fields[i];
			struct list other;

			if (!f->codes)
				continue;
			list_name(&schema_kinds[k], f, &other);
			if (strcmp(other.name, list->name) != 0)
				continue;
			buf_printf(json, "%s\"%s.%s\"", comma, schema_kinds[k].name, f->name);
			comma = ",";
		}
}

static void list_json(struct reader *r, const struct list *list, struct listing *l, struct buf *json)
{
	buf_printf(json, "{\"name\":\"%s\",\"extensible\":%s,\"fields\":[", list->name, list->f->refers ? "true" : "false");
	fields_json_of(list, json);
	buf_str(json, "],\"codes\":[");
	list_codes(r, list->f, l);
	for (size_t i = 0; i < l->count; i++) {
		buf_str(json, i ? "," : "");
		code_json(r, list->f, l->codes[i], json);
	}
	buf_str(json, "]}");
	buf_done(&l->names);
}

enum es_err codes_json(struct reader *r, const char *list, struct buf *json)
{
	struct list *lists = calloc(LISTS_MAX, sizeof *lists);
	struct listing *l = calloc(1, sizeof *l);
	size_t n = lists && l ? all_lists(lists, LISTS_MAX) : 0, shown = 0;

	buf_str(json, "{\"lists\":[");
	for (size_t i = 0; i < n; i++) {
		if (list && strcmp(list, lists[i].name) != 0)
			continue;
		buf_str(json, shown++ ? "," : "");
		list_json(r, &lists[i], l, json);
	}
	buf_str(json, "]}");
	bool memory = lists && l;
	free(lists);
	free(l);
	return !memory ? ES_NOMEM : shown == 0 ? ES_NOT_FOUND : buf_err(json);
}
