/* SPDX-License-Identifier: Apache-2.0
 *
 * One scan of the kind's records, then a hash of each, sorted. */
#include "daemon/rules/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/directory/directory_sql.h"

#define REPEATS_MAX (1u << 26)

struct said_once {
	uint8_t key[8]; /* of what it says in the table's columns */
	struct id16 uid;
	uint32_t order; /* by uid */
	uint32_t meant;
};
struct repeats {
	const struct schema_kind *kind;
	uint64_t columns;
	struct buf all;
};

static bool is_set(struct slice value)
{
	return value.len > 1 || (value.len == 1 && value.p[0] != 0xc0);
}

/* What is said, field by field; an empty cell says as much as a field unset. */
static void key_of(const struct schema_kind *k, uint64_t columns, const struct slice *values, uint8_t out[8])
{
	struct hash h = {{0}};

	for (size_t i = 0; i < k->field_count; i++) {
		uint8_t at[34];

		if (!(columns >> i & 1) || !is_set(values[i]))
			continue;
		memcpy(at, h.bytes, 32);
		at[32] = (uint8_t)(k->fields[i].no >> 8);
		at[33] = (uint8_t)k->fields[i].no;
		h = crypto_hash2(HASH_IMPORT, SLICE(at, sizeof(at)), values[i]);
	}
	memcpy(out, h.bytes, 8);
}

static int by_key(const void *a, const void *b)
{
	const struct said_once *x = a, *y = b;
	int apart = memcmp(x->key, y->key, sizeof(x->key));

	return apart != 0 ? apart : x->order < y->order ? -1 : x->order > y->order;
}

static void add_record(struct repeats *r, const struct kind_map *m, struct slice record, struct slice state)
{
	struct said_once s = {.order = (uint32_t)(r->all.len / sizeof(s))};
	struct shown shown;

	shown_read(&shown, m, state);
	key_of(r->kind, r->columns, shown.value, s.key);
	memcpy(s.uid.bytes, record_uid(record).p, sizeof(s.uid.bytes));
	buf_add(&r->all, &s, sizeof(s));
}

static enum es_err read_all(struct repeats *r, struct reader *reader, const char *pole)
{
	const struct kind_map *m = kind_maps_find(&reader->maps, r->kind->no);
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err = sql_preparef(reader->db, &s,
		"SELECT e.id, e.state FROM \"%w\" t JOIN etat e ON e.rec = t.rec WHERE t.pole = %Q ORDER BY t.uid", r->kind->name, pole);

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		add_record(r, m, sql_blob(s, 0), sql_blob(s, 1));
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err == ES_OK ? buf_err(&r->all) : err;
}

enum es_err repeats_open(struct reader *reader, const char *pole, const struct schema_kind *k, uint64_t columns,
			 struct repeats **out)
{
	struct repeats *r = calloc(1, sizeof(*r));
	enum es_err err;

	if (r == NULL)
		return ES_NOMEM;
	r->kind = k;
	r->columns = columns;
	buf_init(&r->all, REPEATS_MAX * sizeof(struct said_once));
	err = read_all(r, reader, pole);
	if (err != ES_OK) {
		repeats_close(r);
		return err;
	}
	if (r->all.len > 0)
		qsort(r->all.p, r->all.len / sizeof(struct said_once), sizeof(struct said_once), by_key);
	*out = r;
	return ES_OK;
}

void repeats_close(struct repeats *r)
{
	if (r == NULL)
		return;
	buf_done(&r->all);
	free(r);
}

bool repeats_serves(const struct repeats *r, const struct schema_kind *k, uint64_t columns)
{
	return r != NULL && r->kind == k && r->columns == columns;
}

bool repeats_take(struct repeats *r, const struct edit *line, struct id16 *uid)
{
	struct said_once *all = (struct said_once *)(void *)r->all.p, wanted = {.order = 0};
	size_t count = r->all.len / sizeof(*all), low = 0, high = count;

	key_of(r->kind, r->columns, line->values, wanted.key);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_key(&all[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < count && memcmp(all[low].key, wanted.key, sizeof(wanted.key)) == 0 && all[low].meant)
		low++;
	if (low == count || memcmp(all[low].key, wanted.key, sizeof(wanted.key)) != 0)
		return false;
	all[low].meant = 1;
	*uid = all[low].uid;
	return true;
}
