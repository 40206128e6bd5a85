/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rules/follow.h"

#include <assert.h>
#include <stdlib.h>

#include "daemon/directory/directory.h"
#include "proto/text.h"

#define FOLLOW_BYTES (4 * CHANGE_MAX)

static const struct {
	unsigned kind;
	size_t field;
	const char *value;
	enum es_err (*then)(const struct following *f);
} rows[] = {
#define FOLLOW(k, f, v, function) {.kind = k##_KIND, .field = k##_##f, .value = (v), .then = (function)},
#define FOLLOW_ALL(number, function)
#include "daemon/rules/follow.def"
#undef FOLLOW
#undef FOLLOW_ALL
};
static const struct {
	unsigned number;
	enum es_err (*then)(const struct following *f);
} rows_of_all[] = {
#define FOLLOW(k, f, v, function)
#define FOLLOW_ALL(n, function) {.number = (n), .then = (function)},
#include "daemon/rules/follow.def"
#undef FOLLOW
#undef FOLLOW_ALL
};

static enum es_err follow_of_all(struct following *one)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < sizeof(rows_of_all) / sizeof(rows_of_all[0]) && err == ES_OK; i++) {
		const struct schema_field *f = schema_field_no(one->was.e->kind, rows_of_all[i].number);

		if (!f || !rules_changes(&one->was, f->index))
			continue;
		one->field = f->index;
		err = rows_of_all[i].then(one);
	}
	return err;
}

enum es_err follow_edit(const struct following *f)
{
	struct following one = *f;
	enum es_err err = ES_OK;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && err == ES_OK; i++) {
		if (rows[i].kind != f->was.e->kind->no)
			continue;
		if (rows[i].value ? rules_enters(&f->was, rows[i].field, rows[i].value) : rules_changes(&f->was, rows[i].field)) {
			one.field = rows[i].field;
			err = rows[i].then(&one);
		}
	}
	return err == ES_OK ? follow_of_all(&one) : err;
}

/* --- one record --- */

struct putting {
	struct edit e;
	struct findings findings;
	struct buf memory, scratch, before;
};

static enum es_err read_values(struct putting *p, const struct follow_value *values, size_t count)
{
	size_t at[SCHEMA_FIELDS_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct schema_field *f = schema_field_named(p->e.kind, slice_str(values[i].field));

		assert(f && count <= SCHEMA_FIELDS_MAX);
		at[i] = p->memory.len;
		if (!value_parse(f, slice_str(values[i].text), &p->memory, &p->findings))
			return ES_BAD_VALUE;
	}
	for (size_t i = 0; i < count && buf_err(&p->memory) == ES_OK; i++) {
		size_t index = schema_field_named(p->e.kind, slice_str(values[i].field))->index;

		p->e.values[index] = SLICE(p->memory.p + at[i], (i + 1 < count ? at[i + 1] : p->memory.len) - at[i]);
	}
	return buf_err(&p->memory);
}

/* What was refused of the record that follows is refused of the edit. */
static enum es_err judge(struct putting *p, const struct following *because)
{
	exchange_check(&p->e, !p->e.has_uid, because->was.ref, because->was.host, &p->scratch, &p->findings);
	if (p->findings.worst != VERDICT_REJECTED)
		return ES_OK;
	for (size_t i = 0; i < p->findings.count; i++) {
		const struct finding *one = &p->findings.list[i];

		if (one->verdict == VERDICT_REJECTED)
			findings_add(because->was.findings, one->column, one->code, VERDICT_REJECTED, slice_str(one->value));
	}
	return ES_BAD_VALUE;
}

static enum es_err put(struct putting *p, const struct following *because)
{
	struct following next = {.n = because->n, .was = because->was};
	struct edit_result result;
	enum es_err err = p->e.has_uid ? node_stands(because->n, &p->e, &p->before) : ES_OK;

	next.was.e = &p->e;
	next.was.creating = !p->e.has_uid;
	next.was.state = &p->before;
	next.was.scratch = &p->scratch;
	if (err == ES_OK)
		err = judge(p, because);
	if (err == ES_OK)
		err = node_edit(because->n, &p->e, p->e.has_uid, &result);
	if (err == ES_OK) {
		ulid_encode(result.uid.bytes, next.uid);
		err = follow_edit(&next);
	}
	return err;
}

enum es_err follow_put(const struct following *because, const char *kind, const char *uid, const struct follow_value *values,
		       size_t count)
{
	struct putting *p = calloc(1, sizeof *p);
	enum es_err err;

	if (!p)
		return ES_NOMEM;
	buf_init(&p->memory, FOLLOW_BYTES);
	buf_init(&p->scratch, FOLLOW_BYTES);
	buf_init(&p->before, FOLLOW_BYTES);
	p->e.kind = schema_kind_named(slice_str(kind));
	p->e.decides = because->was.host->by_hand;
	p->e.has_uid = uid != NULL;
	assert(p->e.kind);
	err = uid && !ulid_decode(uid, strlen(uid), p->e.uid.bytes) ? ES_NOT_FOUND : read_values(p, values, count);
	if (err == ES_OK)
		err = put(p, because);
	buf_done(&p->memory);
	buf_done(&p->scratch);
	buf_done(&p->before);
	free(p);
	return err;
}

/* --- several --- */

struct uids {
	size_t count;
	char text[FOLLOW_MANY][ULID_LEN + 1];
};

static bool add_uid(void *ctx, struct slice text)
{
	struct uids *u = ctx;

	if (text.len == ULID_LEN) {
		memcpy(u->text[u->count], text.p, ULID_LEN);
		u->text[u->count++][ULID_LEN] = '\0';
	}
	return u->count < FOLLOW_MANY;
}

enum es_err follow_put_each(const struct following *because, const char *kind, const char *sql, const struct slice *args,
			    size_t arg_count, const struct follow_value *values, size_t count)
{
	struct uids *u = calloc(1, sizeof *u);
	enum es_err err = u ? reader_texts(because->was.host->reader, sql, args, arg_count, add_uid, u) : ES_NOMEM;

	for (size_t i = 0; u && i < u->count && err == ES_OK; i++)
		err = follow_put(because, kind, u->text[i], values, count);
	free(u);
	return err;
}
