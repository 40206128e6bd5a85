/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal's place with more logs, and commits about chosen records. */
#ifndef TESTS_DAEMON_JOURNAL_LIFE_H
#define TESTS_DAEMON_JOURNAL_LIFE_H

#include <dirent.h>
#include <sys/stat.h>

#include "tests/daemon/journal_place.h"

#define FEDERATION 2 /* indexes of Auray's other logs... */
#define LOCAL 3
#define OTHER 4 /* ...and of the CRESS's public one */
#define EARLY (stamp_at(NOW_MS) - 1000000)

static inline void add_log(struct place *p, const struct id16 *log, unsigned who, enum scope scope)
{
	assert_non_null(frontier_add(&p->f, log, &p->fed.keys[who].hub, scope, 1));
	assert_int_equal(journal_add_log(p->j, &p->f, (uint32_t)p->f.count - 1), ES_OK);
}

static inline int life_setup(void **state)
{
	int rc = place_setup(state);
	struct place *p = *state;

	add_log(p, &p->fed.open[AURAY][SCOPE_FEDERATION].id, AURAY, SCOPE_FEDERATION);
	add_log(p, &p->fed.open[AURAY][SCOPE_LOCAL].id, AURAY, SCOPE_LOCAL);
	add_log(p, &p->fed.open[CRESS][SCOPE_PUBLIC].id, CRESS, SCOPE_PUBLIC);
	return rc;
}

static inline struct record_id record(const struct place *p, unsigned who, unsigned number)
{
	struct record_id id = {{0}};

	memcpy(id.bytes, p->fed.keys[who].hub.bytes, 16);
	id.bytes[31] = (uint8_t)number;
	return id;
}

static inline void assert_place(const struct position3 *a, const struct position3 *b)
{
	assert_memory_equal(a->log.bytes, b->log.bytes, 16);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->index, b->index);
}

static inline struct id16 salt_of(unsigned number)
{
	struct id16 salt;

	memset(salt.bytes, (int)number, 16);
	return salt;
}

static inline void write_change(struct buf *b, unsigned op, const struct record_id *id, es_stamp edited, const char *text)
{
	struct change ch = {.op = op, .record = *id, .kind = 1, .edited = edited};
	struct buf fields;

	buf_init(&fields, CHANGE_MAX);
	canon_map(&fields, 1);
	canon_u64(&fields, 10);
	canon_str(&fields, slice_str(text));
	ch.fields = buf_slice(&fields);
	change_encode(&ch, b);
	buf_done(&fields);
}

static inline unsigned owner_of(uint32_t index)
{
	return index == OTHER ? CRESS : AURAY;
}

/* The next commit of a log, its changes added by the caller. */
static inline void begin(const struct place *p, uint32_t index, struct sealed *s)
{
	const struct head *h = &p->f.heads[index];

	sealed_init(s);
	s->c.fed_id = p->fed.fed_id;
	s->c.log_id = h->log;
	s->c.seq = h->seq + 1;
	s->c.prev_id = h->seq ? h->id : p->fed.fed_id;
	s->c.hlc = EARLY + 100000 + index * 1000 + h->seq;
	s->c.ctl_seq = p->fed.rights.seq;
	s->c.ctl_id = p->fed.rights.id;
}

/* Salts are the fixture's: seq * 16 + place, in every byte. */
static inline int64_t store(struct place *p, uint32_t index, struct sealed *s)
{
	struct head *h = &p->f.heads[index];
	int64_t pos = 0;

	seal(s, &p->fed.keys[owner_of(index)]);
	assert_int_equal(journal_append(p->j, index, &s->c, &s->p, NOW_MS, &pos), ES_OK);
	h->seq = s->c.seq;
	h->id = s->c.id;
	h->hlc = s->c.hlc;
	return pos;
}

/* One commit with one put. */
static inline int64_t put(struct place *p, uint32_t index, unsigned number, es_stamp edited, const char *text)
{
	struct record_id id = record(p, owner_of(index), number);
	struct sealed s;

	begin(p, index, &s);
	write_change(sealed_add(&s), OP_PUT, &id, edited, text);
	int64_t pos = store(p, index, &s);
	sealed_done(&s);
	return pos;
}

static inline void wait_in_outbox(struct place *p, enum scope scope, unsigned op, unsigned number, es_stamp edited, unsigned salt,
			   const char *text)
{
	struct record_id id = record(p, AURAY, number);
	struct outbox_edit e = {.scope = scope, .record = id, .kind = 1, .edited = edited, .salt = salt_of(salt)};
	struct buf change;

	buf_init(&change, CHANGE_MAX);
	write_change(&change, op, &id, edited, text);
	e.change = buf_slice(&change);
	assert_int_equal(journal_outbox_add(p->j, &e), ES_OK);
	buf_done(&change);
}

/* --- what the files hold --- */

static inline bool file_has(const char *path, const char *text)
{
	FILE *f = fopen(path, "rb");
	bool found = false;
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	char *bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	size_t len = fread(bytes, 1, (size_t)st.st_size, f);
	found = memmem(bytes, len, text, strlen(text)) != NULL;
	free(bytes);
	fclose(f);
	return found;
}

/* Does any file of the journal hold that text? */
static inline bool on_disk(const struct place *p, const char *text)
{
	DIR *d = opendir(p->dir);
	struct dirent *e;
	bool found = false;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char path[512];

		snprintf(path, sizeof path, "%s/%s", p->dir, e->d_name);
		if (e->d_name[0] != '.')
			found = found || file_has(path, text);
	}
	closedir(d);
	return found;
}

#endif
