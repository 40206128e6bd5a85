/* SPDX-License-Identifier: Apache-2.0
 *
 * A journal of its own folder, fed with commits of the small federation. */
#ifndef TESTS_DAEMON_JOURNAL_PLACE_H
#define TESTS_DAEMON_JOURNAL_PLACE_H

#include "tests/proto/fixture.h"

#include <stdio.h>
#include <sqlite3.h>

#include "daemon/journal/journal.h"

#define COMMITS 6
#define DATA 1 /* index of Auray's public log */

/* A journal with a control log and Auray's public log of six commits. */
struct place {
	char dir[64], path[96];
	struct world fed;
	struct journal *j;
	struct frontier f;
	struct sealed data[COMMITS];
	unsigned appended;
};

static inline void open_again(struct place *p)
{
	if (p->j)
		journal_close(p->j);
	p->j = NULL;
	frontier_done(&p->f);
	memset(&p->f, 0, sizeof(p->f));
	assert_int_equal(journal_open(p->path, false, &p->j), ES_OK);
	assert_int_equal(journal_frontier(p->j, &p->f), ES_OK);
}

static inline int place_setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const struct keys *k = p->fed.keys;

	strcpy(p->dir, "/tmp/essaim-journal-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/journal.db", p->dir);
	world_init(&p->fed);
	world_found(&p->fed);
	world_let_in(&p->fed, AURAY);
	assert_int_equal(journal_open(p->path, true, &p->j), ES_OK);
	assert_non_null(frontier_add(&p->f, &p->fed.control_open.id, &k[CRESS].hub, SCOPE_CONTROL, 1));
	assert_non_null(frontier_add(&p->f, &p->fed.open[AURAY][SCOPE_PUBLIC].id, &k[AURAY].hub, SCOPE_PUBLIC, 1));
	assert_int_equal(journal_add_log(p->j, &p->f, 0), ES_OK);
	assert_int_equal(journal_add_log(p->j, &p->f, DATA), ES_OK);
	*state = p;
	return 0;
}

static inline int place_teardown(void **state)
{
	struct place *p = *state;
	char command[96];

	journal_close(p->j);
	frontier_done(&p->f);
	for (unsigned i = 0; i < p->appended; i++)
		sealed_done(&p->data[i]);
	world_done(&p->fed);
	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

/* One more commit of Auray's, with two changes. */
static inline int64_t append(struct place *p)
{
	struct sealed *s = &p->data[p->appended];
	int64_t pos = 0;

	assert_true(p->appended < COMMITS);
	world_data(&p->fed, AURAY, SCOPE_PUBLIC, s);
	write_put(sealed_add(s), &p->fed.keys[AURAY], s->c.hlc - 9, 0, "Second");
	s->c.seq = p->appended + 1;
	s->c.hlc += p->appended;
	if (p->appended > 0)
		s->c.prev_id = p->data[p->appended - 1].c.id;
	seal(s, &p->fed.keys[AURAY]);
	p->appended++;
	assert_int_equal(journal_append(p->j, DATA, &s->c, &s->p, NOW_MS + p->appended, &pos), ES_OK);
	return pos;
}

static inline void append_all(struct place *p)
{
	assert_int_equal(journal_begin(p->j), ES_OK);
	while (p->appended < COMMITS)
		append(p);
	assert_int_equal(journal_commit(p->j), ES_OK);
}

/* With the journal closed: what another program, or a bad disk, does to it. */
static inline void tamper(struct place *p, const char *sql)
{
	sqlite3 *db;

	journal_close(p->j);
	p->j = NULL;
	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	open_again(p);
}

static inline void add_row(struct place *p, enum scope scope, unsigned record, es_stamp edited, const char *text)
{
	struct outbox_edit e = {.scope = scope, .kind = 1, .edited = edited, .record.bytes = {[31] = (uint8_t)record}};
	struct buf change;

	buf_init(&change, CHANGE_MAX);
	if (text)
		write_put(&change, &p->fed.keys[AURAY], edited, 0, text);
	e.change = buf_slice(&change);
	memset(e.salt.bytes, (int)record, 16);
	assert_int_equal(journal_outbox_add(p->j, &e), ES_OK);
	buf_done(&change);
}

#endif
