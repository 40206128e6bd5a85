/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory of its own folder, fed with changes as a person would write them. */
#ifndef TESTS_DAEMON_DIRECTORY_WORLD_H
#define TESTS_DAEMON_DIRECTORY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <sqlite3.h>

#include "common/places.h"
#include "daemon/directory/directory.h"
#include "proto/canon.h"
#include "proto/value.h"

#define JSON_MAX (4u << 20)
#define RENNES 481113000, -16800000

/* A directory under a folder of its own, and a writer's clock. */
struct world {
	char dir[64];
	char path[96], other[96];
	struct directory *d;
	struct reader *r;
	struct position at;
	es_stamp clock;
};

static struct reference *ref;
static const struct id16 auray = {{0xa0}}, vitre = {{0xb0}};

static inline int load_reference(void **state)
{
	(void)state;
	return reference_load(ESSAIM_SOURCE_DIR "/conf/reference", &ref) == ES_OK ? 0 : -1;
}

static inline int free_reference(void **state)
{
	(void)state;
	reference_free(ref);
	return 0;
}

static inline void close_world(struct world *w)
{
	reader_close(w->r);
	directory_close(w->d);
	w->r = NULL;
	w->d = NULL;
}

static inline void reopen(struct world *w)
{
	close_world(w);
	assert_int_equal(directory_open(w->path, ref, &w->d), ES_OK);
	assert_int_equal(reader_open(w->path, ref, &w->r), ES_OK);
	reader_prefer(w->r, &auray);
}

static inline void name_hub(struct directory *d, const struct id16 *hub, const char *pole)
{
	struct named_hub name = {.hub = *hub};

	snprintf(name.pole, sizeof(name.pole), "%s", pole);
	assert_int_equal(directory_name_hubs(d, &name, 1), ES_OK);
}

static inline int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->dir, "/tmp/essaim-directory-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/directory.db", w->dir);
	snprintf(w->other, sizeof(w->other), "%s/other.db", w->dir);
	w->clock = 1000u << 16;
	reopen(w);
	name_hub(w->d, &auray, "pole-auray");
	name_hub(w->d, &vitre, "pole-vitre");
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	struct world *w = *state;
	static const char *const tails[] = {"", "-wal", "-shm"};
	char name[128];

	reader_close(w->r);
	directory_close(w->d);
	for (size_t i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "%s%s", i < 3 ? w->path : w->other, tails[i % 3]);
		unlink(name);
	}
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

/* A change in the making: `name=value` pairs as a person writes them. */
struct made {
	struct feed_item item;
	struct buf bytes;
};

static inline int pair_cmp(const void *a, const void *b)
{
	const struct schema_field *const *x = a, *const *y = b;

	return (int)(*x)->no - (int)(*y)->no;
}

static inline struct slice text_of(const char *const *pairs, const char *name)
{
	size_t n = strlen(name);

	for (; *pairs != NULL; pairs++)
		if (strncmp(*pairs, name, n) == 0 && (*pairs)[n] == '=')
			return slice_str(*pairs + n + 1);
	return SLICE_NONE;
}

static inline void made_fields(struct made *m, const struct schema_kind *k, const char *const *pairs)
{
	const struct schema_field *fields[SCHEMA_FIELDS_MAX];
	struct findings findings = {0};
	uint32_t count = 0;

	for (size_t i = 0; pairs[i] != NULL; i++) {
		struct slice name = SLICE(pairs[i], (size_t)(strchr(pairs[i], '=') - pairs[i]));

		fields[count] = schema_field_named(k, name);
		assert_non_null(fields[count]);
		count++;
	}
	qsort(fields, count, sizeof(fields[0]), pair_cmp);
	canon_map(&m->bytes, count);
	for (uint32_t i = 0; i < count; i++) {
		canon_u64(&m->bytes, fields[i]->no);
		assert_true(value_parse(fields[i], text_of(pairs, fields[i]->name), &m->bytes, &findings));
	}
}

static inline void made_start(struct made *m, const struct id16 *hub, unsigned uid, unsigned kind, es_stamp edited)
{
	memset(m, 0, sizeof(*m));
	buf_init(&m->bytes, 1 << 16);
	memcpy(m->item.record.bytes, hub->bytes, 16);
	m->item.steward = *hub;
	be_write(m->item.record.bytes + 28, uid, 4);
	m->item.kind = kind;
	m->item.change.scope = SCOPE_PUBLIC;
	m->item.change.edited = edited;
	be_write(m->item.change.commit.bytes, edited, 8);
	be_write(m->item.change.salt.bytes, edited, 8);
}

static inline struct made *make(struct world *w, struct made *m, const struct id16 *hub, const char *kind, unsigned uid, ...)
{
	const struct schema_kind *k = schema_kind_named(slice_str(kind));
	const char *pairs[SCHEMA_FIELDS_MAX + 1];
	size_t count = 0;
	va_list args;

	assert_non_null(k);
	va_start(args, uid);
	while ((pairs[count] = va_arg(args, const char *)) != NULL)
		count++;
	va_end(args);
	made_start(m, hub, uid, k->no, w->clock += 1u << 16);
	made_fields(m, k, pairs);
	m->item.change.fields = buf_slice(&m->bytes);
	return m;
}

static inline void made_done(struct made *m)
{
	buf_done(&m->bytes);
}

static inline void apply_to(struct directory *d, struct world *w, const struct made *m)
{
	w->at.commit++;
	assert_int_equal(directory_apply(d, &m->item, 1, w->at), ES_OK);
}

static inline void apply(struct world *w, struct made *m)
{
	apply_to(w->d, w, m);
	made_done(m);
}

static inline struct id16 uid_of(unsigned uid)
{
	struct id16 id = {{0}};

	be_write(id.bytes + 12, uid, 4);
	return id;
}

static inline struct made *remove_record(struct world *w, struct made *m, const struct id16 *hub, const char *kind, unsigned uid, bool gone)
{
	made_start(m, hub, uid, schema_kind_named(slice_str(kind))->no, w->clock += 1u << 16);
	canon_map(&m->bytes, 1);
	canon_u64(&m->bytes, FIELD_DELETED);
	canon_bool(&m->bytes, gone);
	m->item.change.fields = buf_slice(&m->bytes);
	return m;
}

static inline void structure(struct world *w, unsigned uid, const char *name)
{
	struct made m;

	apply(w, make(w, &m, &auray, "structure", uid, name, "code_insee=35238", "portee=public", NULL));
}

static inline const char *show(struct world *w, unsigned uid, struct buf *json)
{
	struct id16 id = uid_of(uid);

	buf_init(json, JSON_MAX);
	assert_int_equal(reader_show(w->r, &id, json), ES_OK);
	return buf_cstr(json);
}

static inline void assert_shows(struct world *w, unsigned uid, const char *expected)
{
	struct buf json;

	if (strstr(show(w, uid, &json), expected) == NULL)
		fail_msg("%s lacks %s", buf_cstr(&json), expected);
	buf_done(&json);
}

static inline void assert_hides(struct world *w, unsigned uid, const char *unexpected)
{
	struct buf json;

	if (strstr(show(w, uid, &json), unexpected) != NULL)
		fail_msg("%s has %s", buf_cstr(&json), unexpected);
	buf_done(&json);
}

static inline void assert_unknown(struct world *w, unsigned uid)
{
	struct id16 id = uid_of(uid);
	struct buf json;

	buf_init(&json, JSON_MAX);
	assert_int_equal(reader_show(w->r, &id, &json), ES_NOT_FOUND);
	buf_done(&json);
}

/* The one value of a query, as the sqlite3 tool would see it. */
static inline int64_t query(const char *path, const char *sql)
{
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	int64_t value;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return value;
}

static inline int64_t total_of(const struct buf *json)
{
	long long total = -1;

	sscanf((const char *)json->p, "{\"total\":%lld", &total);
	return total;
}

static inline int64_t search(struct world *w, struct search s, struct buf *json)
{
	if (s.limit == 0)
		s.limit = 20;
	buf_init(json, JSON_MAX);
	assert_int_equal(reader_search(w->r, &s, json), ES_OK);
	buf_cstr(json);
	return total_of(json);
}

static inline int64_t count_hits(struct world *w, const char *text)
{
	struct buf json;
	int64_t total = search(w, (struct search){.text = slice_str(text)}, &json);

	buf_done(&json);
	return total;
}

static inline void fill(struct world *w, struct directory *d, struct made *set, size_t count, bool backwards)
{
	for (size_t i = 0; i < count; i++)
		apply_to(d, w, &set[backwards ? count - 1 - i : i]);
}

#endif
