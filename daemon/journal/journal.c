/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/journal/journal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/journal/journal_parts.h"
#include "proto/canon.h"

static const char *const statement_sql[] = {
#define S(name, sql) sql,
	STATEMENTS(S)
#undef S
};
static const char *const schema_sql =
	"CREATE TABLE meta(nom TEXT PRIMARY KEY, valeur BLOB) WITHOUT ROWID;"
	"CREATE TABLE log(no INTEGER PRIMARY KEY, id BLOB NOT NULL, hub BLOB NOT NULL, scope INTEGER NOT NULL,"
	" generation INTEGER NOT NULL, acked INTEGER NOT NULL, acked_id BLOB NOT NULL);"
	"CREATE TABLE commits(pos INTEGER PRIMARY KEY AUTOINCREMENT, log INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" id BLOB NOT NULL, hlc INTEGER NOT NULL, header BLOB NOT NULL, sig BLOB NOT NULL, stored INTEGER NOT NULL,"
	" UNIQUE(log, seq));"
	"CREATE TABLE payload(no INTEGER PRIMARY KEY, salt BLOB, change BLOB);"
	"CREATE TABLE outbox(edit INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER NOT NULL, record BLOB NOT NULL,"
	" kind INTEGER NOT NULL, edited INTEGER NOT NULL, salt BLOB NOT NULL, change BLOB);"
	"CREATE INDEX outbox_record ON outbox(record);"
	"CREATE INDEX outbox_scope ON outbox(scope, edit);"
	"CREATE TABLE demande(hub BLOB PRIMARY KEY, nom TEXT, pays TEXT, sign BLOB, dh BLOB, adresse TEXT,"
	" invitation BLOB, charte BLOB, signature BLOB, poignee BLOB, etat INTEGER, le INTEGER) WITHOUT ROWID;"
	"PRAGMA user_version=1;";

/* Version 1 had no life cycle. */
static enum es_err upgrade(struct journal *j)
{
	sqlite3_stmt *st = NULL;
	enum es_err err = sql_err(sqlite3_prepare_v2(j->db, "PRAGMA user_version", -1, &st, NULL));
	int version = err == ES_OK && sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int(st, 0) : 0;

	sqlite3_finalize(st);
	if (err == ES_OK && version > JOURNAL_VERSION)
		return ES_VERSION;
	return err == ES_OK && version < JOURNAL_VERSION ? sql_exec(j->db, journal_life_schema) : err;
}

sqlite3_stmt *journal_st(struct journal *j, int which)
{
	if (!j->st[which])
		(void)sqlite3_prepare_v3(j->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, &j->st[which], NULL);
	return j->st[which];
}

static enum es_err configure(struct journal *j)
{
	sqlite3_db_config(j->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(j->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(j->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(j->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	char limits[128];

	snprintf(limits, sizeof limits, "PRAGMA cache_size=-%d; PRAGMA wal_autocheckpoint=%d; PRAGMA journal_size_limit=%d",
		 sql_limits.journal_cache_kib, sql_limits.journal_wal_pages, sql_limits.journal_wal_pages * 4 * 4096);
	enum es_err err = sql_exec(j->db, limits);
	return err != ES_OK ? err : sql_exec(j->db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			       "PRAGMA secure_delete=ON; BEGIN EXCLUSIVE; COMMIT;");
}

enum es_err journal_open(const char *path, bool create, struct journal **out)
{
	bool there = sql_exists(path);
	struct journal *j;
	enum es_err err;

	if (create && there)
		return ES_EXISTS;
	if (!create && !there)
		return ES_NO_NODE;
	j = calloc(1, sizeof *j);
	if (!j)
		return ES_NOMEM;
	err = sql_err(sqlite3_open_v2(path, &j->db, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) |
					       SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL));
	if (err == ES_OK)
		err = configure(j);
	if (err == ES_OK && create)
		err = sql_exec(j->db, "BEGIN");
	if (err == ES_OK && create)
		err = sql_exec(j->db, schema_sql);
	if (err == ES_OK && create)
		err = sql_exec(j->db, "COMMIT");
	if (err == ES_OK)
		err = upgrade(j);
	if (err != ES_OK) {
		journal_close(j);
		return err;
	}
	*out = j;
	return ES_OK;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	for (int i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(j->st[i]);
	sqlite3_close(j->db);
	free(j);
}

enum es_err journal_begin(struct journal *j)
{
	return sql_run(journal_st(j, ST_BEGIN));
}

enum es_err journal_commit(struct journal *j)
{
	enum es_err err = sql_run(journal_st(j, ST_COMMIT));

	if (err != ES_OK)
		journal_rollback(j);
	return err;
}

void journal_rollback(struct journal *j)
{
	if (!sqlite3_get_autocommit(j->db))
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
}

static enum es_err end_savepoint(struct journal *j, bool keep, enum statement undo, enum statement release)
{
	enum es_err err = keep ? ES_OK : sql_run(journal_st(j, (int)undo));

	return err == ES_OK ? sql_run(journal_st(j, (int)release)) : err;
}

enum es_err journal_savepoint(struct journal *j)
{
	if (sqlite3_get_autocommit(j->db))
		return ES_DISK_FULL; /* which has undone the transaction that this was to be part of */
	return sql_run(journal_st(j, ST_SAVE_JOB));
}

enum es_err journal_release(struct journal *j, bool keep)
{
	if (sqlite3_get_autocommit(j->db))
		return ES_DISK_FULL; /* which has already undone everything */
	return end_savepoint(j, keep, ST_UNDO_JOB, ST_RELEASE_JOB);
}

enum es_err journal_mark(struct journal *j)
{
	return sql_run(journal_st(j, ST_SAVE_MARK));
}

enum es_err journal_unmark(struct journal *j, bool keep)
{
	if (sqlite3_get_autocommit(j->db))
		return ES_DISK_FULL;
	return end_savepoint(j, keep, ST_UNDO_MARK, ST_RELEASE_MARK);
}

enum es_err journal_set(struct journal *j, const char *name, struct slice value)
{
	sqlite3_bind_text(journal_st(j, ST_SET), 1, name, -1, SQLITE_STATIC);
	sql_bind_slice(journal_st(j, ST_SET), 2, value);
	return sql_run(journal_st(j, ST_SET));
}

bool journal_get(struct journal *j, const char *name, struct buf *out)
{
	sqlite3_stmt *st = journal_st(j, ST_GET);
	int rc;

	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		struct slice s = sql_blob(st, 0);
		buf_add(out, s.p, s.len);
	}
	sqlite3_reset(st);
	if (j->get_err == ES_OK)
		j->get_err = sql_err(rc);
	return rc == SQLITE_ROW;
}

enum es_err journal_get_err(struct journal *j)
{
	enum es_err err = j->get_err;

	j->get_err = ES_OK;
	return err;
}

/* --- logs --- */

static enum es_err load_head(struct journal *j, uint32_t no, struct head *h)
{
	sqlite3_stmt *st = journal_st(j, ST_HEAD);
	bool good = true;

	sqlite3_bind_int64(st, 1, no);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		h->seq = (uint64_t)sqlite3_column_int64(st, 0);
		good = sql_exact(st, 1, h->id.bytes, 32);
		h->hlc = (es_stamp)sqlite3_column_int64(st, 2);
		h->grew_ms = sqlite3_column_int64(st, 3);
	}
	sqlite3_reset(st);
	return good ? sql_err(rc) : ES_PAGE_DAMAGED;
}

enum es_err journal_head(struct journal *j, uint32_t index, struct head *h)
{
	h->seq = 0;
	h->hlc = 0;
	memset(&h->id, 0, sizeof h->id);
	return load_head(j, index + 1, h);
}

enum es_err journal_frontier(struct journal *j, struct frontier *f)
{
	sqlite3_stmt *st = journal_st(j, ST_LOGS);
	enum es_err err = ES_OK;
	int rc;

	while (err == ES_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct id16 id, hub;

		if (!sql_exact(st, 1, id.bytes, 16) || !sql_exact(st, 2, hub.bytes, 16)) {
			err = ES_PAGE_DAMAGED;
			break;
		}
		struct head *h = frontier_add(f, &id, &hub, (enum scope)sqlite3_column_int(st, 3),
					      (uint32_t)sqlite3_column_int(st, 4));
		if (!h) {
			err = ES_NOMEM;
			break;
		}
		h->acked = (uint64_t)sqlite3_column_int64(st, 5);
		(void)sql_exact(st, 6, h->acked_id.bytes, 32);
		err = load_head(j, (uint32_t)f->count, h);
	}
	sqlite3_reset(st);
	return err != ES_OK ? err : sql_err(rc);
}

enum es_err journal_add_log(struct journal *j, const struct frontier *f, uint32_t index)
{
	const struct head *h = &f->heads[index];
	sqlite3_stmt *st = journal_st(j, ST_ADD_LOG);

	sqlite3_bind_int64(st, 1, index + 1);
	sqlite3_bind_blob(st, 2, h->log.bytes, 16, SQLITE_STATIC);
	sqlite3_bind_blob(st, 3, h->hub.bytes, 16, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, h->scope);
	sqlite3_bind_int64(st, 5, h->generation);
	sqlite3_bind_int64(st, 6, (int64_t)h->acked);
	sqlite3_bind_blob(st, 7, h->acked_id.bytes, 32, SQLITE_STATIC);
	return sql_run(st);
}

enum es_err journal_update_log(struct journal *j, const struct frontier *f, uint32_t index)
{
	const struct head *h = &f->heads[index];
	sqlite3_stmt *st = journal_st(j, ST_UPDATE_LOG);

	sqlite3_bind_int64(st, 1, index + 1);
	sqlite3_bind_blob(st, 2, h->log.bytes, 16, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, h->generation);
	sqlite3_bind_int64(st, 4, (int64_t)h->acked);
	sqlite3_bind_blob(st, 5, h->acked_id.bytes, 32, SQLITE_STATIC);
	return sql_run(st);
}

enum es_err journal_append(struct journal *j, uint32_t index, const struct commit *c, const struct packed *p,
			   es_ms utc, int64_t *pos)
{
	sqlite3_stmt *st = journal_st(j, ST_APPEND);
	enum es_err err;

	sqlite3_bind_int64(st, 1, index + 1);
	sqlite3_bind_int64(st, 2, (int64_t)c->seq);
	sqlite3_bind_blob(st, 3, c->id.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, (int64_t)c->hlc);
	sql_bind_slice(st, 5, p->header);
	sqlite3_bind_blob(st, 6, p->sig.bytes, 64, SQLITE_STATIC);
	sqlite3_bind_int64(st, 7, utc);
	err = sql_run(st);
	if (err != ES_OK)
		return err;
	*pos = sqlite3_last_insert_rowid(j->db);
	st = journal_st(j, ST_PAYLOAD);
	for (uint32_t i = 0; i < p->count && err == ES_OK; i++) {
		sqlite3_bind_int64(st, 1, *pos << 8 | i);
		if (p->payload[i].present) { /* else erased: both stay NULL */
			sqlite3_bind_blob(st, 2, p->payload[i].salt.bytes, 16, SQLITE_STATIC);
			sql_bind_slice(st, 3, p->payload[i].change);
		}
		err = sql_run(st);
	}
	return err;
}

bool journal_commit_id(struct journal *j, uint32_t index, uint64_t seq, struct hash *id)
{
	sqlite3_stmt *st = journal_st(j, ST_ID);
	bool found;

	sqlite3_bind_int64(st, 1, index + 1);
	sqlite3_bind_int64(st, 2, (int64_t)seq);
	found = sqlite3_step(st) == SQLITE_ROW && sql_exact(st, 0, id->bytes, 32);
	sqlite3_reset(st);
	return found;
}

int64_t journal_number(sqlite3_stmt *st)
{
	int64_t n = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;

	sqlite3_reset(st);
	return n;
}

int64_t journal_void_waiting(struct journal *j)
{
	return journal_number(journal_st(j, ST_VOID_WAITING));
}

int64_t journal_pos(struct journal *j, uint32_t index, uint64_t seq)
{
	sqlite3_bind_int64(journal_st(j, ST_POS), 1, index + 1);
	sqlite3_bind_int64(journal_st(j, ST_POS), 2, (int64_t)seq);
	return journal_number(journal_st(j, ST_POS));
}

uint64_t journal_seq_of(struct journal *j, uint32_t index, const struct hash *id)
{
	sqlite3_bind_int64(journal_st(j, ST_SEQ_OF), 1, index + 1);
	sql_bind_slice(journal_st(j, ST_SEQ_OF), 2, SLICE(id->bytes, sizeof id->bytes));
	return (uint64_t)journal_number(journal_st(j, ST_SEQ_OF));
}

int64_t journal_last_pos(struct journal *j)
{
	return journal_number(journal_st(j, ST_LAST_POS));
}

int64_t journal_changes(struct journal *j, int64_t pos)
{
	sqlite3_bind_int64(journal_st(j, ST_COUNT_OF), 1, pos << 8);
	sqlite3_bind_int64(journal_st(j, ST_COUNT_OF), 2, pos << 8 | 255);
	return journal_number(journal_st(j, ST_COUNT_OF));
}

int64_t journal_last_edit(struct journal *j)
{
	return journal_number(journal_st(j, ST_LAST_EDIT));
}

/* --- reading commits --- */

/* The changes of the commit at `pos`, borrowed from `bytes`, which holds them. */
static enum es_err read_payload(struct journal *j, int64_t pos, struct buf *bytes, struct packed *p)
{
	sqlite3_stmt *st = journal_st(j, ST_CHANGES);
	size_t at[COMMIT_CHANGES_MAX];
	int rc;

	p->count = 0;
	buf_clear(bytes);
	sqlite3_bind_int64(st, 1, pos << 8);
	sqlite3_bind_int64(st, 2, pos << 8 | 255);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && p->count < COMMIT_CHANGES_MAX) {
		struct payload *y = &p->payload[p->count];
		struct slice change = sql_blob(st, 2);

		y->present = sql_exact(st, 1, y->salt.bytes, 16);
		y->change = SLICE(NULL, change.len);
		at[p->count++] = bytes->len;
		buf_add(bytes, change.p, change.len);
	}
	sqlite3_reset(st);
	for (uint32_t i = 0; i < p->count; i++)
		p->payload[i].change.p = bytes->p + at[i];
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? buf_err(bytes) : sql_err(rc);
}

/* Header, signature and changes of the row that `st` stands on. */
enum es_err journal_read(struct journal *j, sqlite3_stmt *st, int header_column, int64_t pos,
			       struct buf *bytes, struct packed *p)
{
	p->header = sql_blob(st, header_column);
	if (!sql_exact(st, header_column + 1, p->sig.bytes, 64))
		return ES_DAMAGED;
	return read_payload(j, pos, bytes, p);
}

/* Does what is stored still say what was admitted? */
static enum es_err check_stored(const struct hash *id, const struct packed *p, struct commit *c)
{
	if (commit_decode(p->header, c) != ES_OK || !hash_eq(&c->id, id))
		return ES_DAMAGED;
	return commit_check_held(c, p) == ES_OK ? ES_OK : ES_DAMAGED; /* an erased change is no damage */
}

static enum es_err load_one(struct journal *j, sqlite3_stmt *st, struct loading *l, struct buf *list)
{
	struct hash id;
	enum es_err err = journal_read(j, st, 3, sqlite3_column_int64(st, 0), &l->bytes, &l->packed);

	if (err == ES_OK && !sql_exact(st, 2, id.bytes, 32))
		err = ES_DAMAGED;
	if (err == ES_OK)
		err = check_stored(&id, &l->packed, &l->commit);
	if (err == ES_OK)
		commit_pack(l->packed.header, &l->packed.sig, l->packed.payload, l->packed.count, list);
	return err;
}

enum es_err journal_load(struct journal *j, uint32_t index, const struct id16 *log, uint64_t seq, uint64_t upto,
			 size_t want, struct buf *body, uint64_t *last)
{
	sqlite3_stmt *st = journal_st(j, ST_FROM);
	static _Thread_local struct loading l;
	struct buf list;
	enum es_err err = ES_OK;
	uint32_t n = 0;
	int rc = SQLITE_DONE;

	/* At most 256 in a message, however small what was forgotten has left them. */
	buf_init(&list, 2 * COMMIT_PACKED_MAX + want);
	buf_init(&l.bytes, COMMIT_BYTES_MAX);
	sqlite3_bind_int64(st, 1, index + 1);
	sqlite3_bind_int64(st, 2, (int64_t)seq);
	while (list.len < want && n < COMMIT_CHANGES_MAX && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		size_t before = list.len;

		if ((uint64_t)sqlite3_column_int64(st, 1) > upto)
			break;
		err = load_one(j, st, &l, &list);
		*last = (uint64_t)sqlite3_column_int64(st, 1);
		if (err == ES_OK && n > 0 && list.len > COMMIT_PACKED_MAX) {
			list.len = before; /* it would not fit one message */
			break;
		}
		if (err != ES_OK)
			break;
		n++;
	}
	sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = sql_err(rc);
	if (n > 0 && (err == ES_OK || err == ES_DAMAGED || err == ES_PAGE_DAMAGED)) {
		err = ES_OK; /* what comes before the damage is served */
		*last = seq + n - 1;
		canon_array(body, 2);
		canon_bin(body, log->bytes, 16);
		canon_array(body, n);
		buf_add(body, list.p, list.len);
		err = buf_err(body);
	}
	buf_done(&list);
	buf_done(&l.bytes);
	return err;
}

enum es_err journal_one(struct journal *j, int64_t pos, uint32_t *index, struct buf *packed, int64_t *stored)
{
	sqlite3_stmt *st = journal_st(j, ST_ONE);
	static _Thread_local struct loading l;
	enum es_err err = ES_NOT_FOUND;

	buf_init(&l.bytes, COMMIT_BYTES_MAX);
	sqlite3_bind_int64(st, 1, pos);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*index = (uint32_t)sqlite3_column_int64(st, 0) - 1;
		*stored = sqlite3_column_int64(st, 3);
		err = journal_read(j, st, 1, pos, &l.bytes, &l.packed);
		if (err == ES_OK)
			commit_pack(l.packed.header, &l.packed.sig, l.packed.payload, l.packed.count, packed);
	} else if (rc != SQLITE_DONE) {
		err = sql_err(rc);
	}
	sqlite3_reset(st);
	buf_done(&l.bytes);
	return err != ES_OK ? err : buf_err(packed);
}

/* --- the fold's feed --- */

/* Layers 2 and 3: void commits, blocked logs and what is not its author's to say
 * are not told. */
static bool counts(const struct feed *f, const struct rights *rights, const struct head *h, const struct commit *c, const struct change *ch)
{
	if (ch->control || ch->op != OP_PUT)
		return false;
	for (size_t i = 0; i < f->order_count; i++)
		if (ch->edited <= f->orders[i].upto && ch->kind == f->orders[i].kind &&
		    memcmp(ch->record.bytes, f->orders[i].record.bytes, 32) == 0)
			return false;
	if (rights->forgotten_count > 0 && h->scope != SCOPE_LOCAL &&
	    ch->edited <= rights_forgotten(rights, &ch->record, ch->kind))
		return false; /* kept until home holds the commit, not shown */
	if (h->scope == SCOPE_LOCAL)
		return true;
	if (h->blocked == ES_FORK && c->seq >= h->blocked_seq)
		return false;
	return rights_counts(rights, &h->hub, &h->log, c->seq, c->ctl_seq, &ch->record, ch->kind);
}

static enum es_err tell(struct feed *f, const struct head *h, const struct arrival *at, const struct commit *c,
			const struct payload *y, unsigned index, const struct change *ch)
{
	struct feed_item item = {
		.record = ch->record, .kind = ch->kind, .steward = rights_steward(f->rights, &ch->record, ch->kind),
		.change = {.scope = h->scope, .edited = ch->edited, .commit = c->id, .index = index,
			   .salt = y->salt, .fields = ch->fields},
		.base = ch->base, .log = (uint32_t)(h - f->frontier->heads),
	};

	if (!f->self || !id_eq(f->self, &h->hub)) {
		item.arrived = at->pos;
		item.heard = at->heard;
	}
	return f->each(f->ctx, &item);
}

enum es_err journal_feed_change(struct feed *f, const struct head *h, const struct arrival *at, const struct commit *c,
				const struct payload *y, unsigned index)
{
	struct change ch;

	if (!y->present)
		return ES_OK; /* erased */
	if (change_read(y->change, &ch) != ES_OK)
		return ES_DAMAGED;
	return counts(f, f->rights, h, c, &ch) ? tell(f, h, at, c, y, index, &ch) : ES_OK;
}

/* Beyond the limit only what says anew, after an erasure, what stood below it. */
static enum es_err feed_anew(struct feed *f, const struct head *h, const struct arrival *at, const struct loading *l)
{
	enum es_err err = ES_OK;

	for (uint32_t i = 0; f->anew && i < l->packed.count && err == ES_OK; i++) {
		const struct payload *y = &l->packed.payload[i];
		struct change ch, then;

		if (!y->present) { /* it may have said anew what an order since takes along */
			f->unlisted += h->scope != SCOPE_LOCAL && !rights_is_erased(f->now, &h->log, l->commit.seq, i);
			continue;
		}
		if (change_read(y->change, &ch) != ES_OK)
			return ES_DAMAGED;
		then = ch;
		if (!ch.control && f->anew(f->anew_ctx, h->scope, &then) && counts(f, f->now, h, &l->commit, &ch))
			err = tell(f, h, at, &l->commit, y, i, &then);
	}
	return err;
}

static void count_erased(struct feed *f, const struct head *h, const struct commit *c, const struct packed *p)
{
	for (uint32_t i = 0; i < p->count && f->upto; i++) {
		f->erased += !p->payload[i].present;
		f->unlisted += f->now && !p->payload[i].present && !rights_is_erased(f->now, &h->log, c->seq, i);
	}
}

static enum es_err feed_commit(struct journal *j, sqlite3_stmt *st, struct feed *f, struct loading *l, size_t *items)
{
	int64_t pos = sqlite3_column_int64(st, 0);
	uint32_t index = (uint32_t)sqlite3_column_int64(st, 1) - 1;
	struct arrival at = {pos, sqlite3_column_int64(st, 5)};
	struct hash id;
	enum es_err err;

	if (index >= f->frontier->count || f->frontier->heads[index].scope == SCOPE_CONTROL)
		return ES_OK;
	err = journal_read(j, st, 3, pos, &l->bytes, &l->packed);
	if (err == ES_OK && !sql_exact(st, 2, id.bytes, 32))
		err = ES_DAMAGED;
	if (err == ES_OK)
		err = check_stored(&id, &l->packed, &l->commit);
	const struct head *h = &f->frontier->heads[index];
	if (err == ES_OK && f->upto && (index >= f->upto_count || l->commit.seq > f->upto[index])) {
		err = feed_anew(f, h, &at, l);
	} else {
		if (err == ES_OK)
			count_erased(f, h, &l->commit, &l->packed);
		for (uint32_t i = 0; i < l->packed.count && err == ES_OK; i++, (*items)++)
			err = journal_feed_change(f, h, &at, &l->commit, &l->packed.payload[i], i);
	}
	if (err != ES_DAMAGED)
		return err;
	f->damaged++;
	f->damaged_log = index;
	return ES_OK;
}

static enum es_err feed_commits(struct journal *j, struct feed *f, size_t *items)
{
	sqlite3_stmt *st = journal_st(j, ST_AFTER);
	static _Thread_local struct loading l;
	enum es_err err = ES_OK;
	int rc = SQLITE_ROW;

	buf_init(&l.bytes, COMMIT_BYTES_MAX);
	sqlite3_bind_int64(st, 1, f->from.commit);
	while (err == ES_OK && *items < f->max && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		err = feed_commit(j, st, f, &l, items);
		f->to.commit = sqlite3_column_int64(st, 0);
	}
	f->more = rc == SQLITE_ROW;
	sqlite3_reset(st);
	buf_done(&l.bytes);
	return err != ES_OK || rc == SQLITE_ROW ? err : sql_err(rc);
}

enum es_err journal_intact(sqlite3_stmt *st, const struct packed *p, struct commit *c)
{
	struct hash id;

	return sql_exact(st, 2, id.bytes, 32) ? check_stored(&id, p, c) : ES_DAMAGED;
}

struct feed_outbox {
	struct feed *feed;
	size_t items;
	enum es_err err;
};

static bool feed_edit(void *ctx, const struct outbox_edit *e)
{
	struct feed_outbox *o = ctx;
	struct change ch;
	struct feed_item item = {
		.record = e->record, .kind = e->kind,
		.change = {.scope = e->scope, .edited = e->edited, .pending = true, .salt = e->salt},
		.log = LOG_PENDING,
	};
	static const uint8_t empty_map = 0x80;

	item.change.fields = SLICE(&empty_map, 1);
	item.steward = rights_steward(o->feed->rights, &e->record, e->kind);
	ch.op = OP_PUT;
	if (e->change.len > 0) {
		o->err = change_read(e->change, &ch);
		item.change.fields = ch.fields;
		item.base = ch.base;
	}
	if (o->err == ES_OK && ch.op == OP_PUT) /* proposals and requests are shown elsewhere */
		o->err = o->feed->each(o->feed->ctx, &item);
	o->feed->to.edit = e->edit;
	o->feed->more = ++o->items >= o->feed->max;
	return o->err == ES_OK && !o->feed->more;
}

enum es_err journal_feed(struct journal *j, struct feed *f)
{
	size_t items = 0;
	enum es_err err;

	f->to = f->from;
	f->more = false;
	err = feed_commits(j, f, &items);
	if (err != ES_OK || f->more)
		return err;
	struct feed_outbox o = {.feed = f, .items = items};
	err = journal_outbox_each(j, SCOPE_COUNT, NULL, f->from.edit, feed_edit, &o);
	if (err == ES_OK && o.err == ES_OK && !f->more)
		f->to.edit = journal_last_edit(j); /* those sealed meanwhile came as commits */
	if (err == ES_OK)
		err = o.err;
	if (err != ES_OK || f->more || journal_last_refold(j) <= f->from.refold)
		return err;
	if (o.items > 0) { /* a batch of their own */
		f->more = true;
		return ES_OK;
	}
	return journal_feed_refolds(j, f);
}

/* --- outbox --- */

enum es_err journal_outbox_add(struct journal *j, const struct outbox_edit *e)
{
	sqlite3_stmt *st = journal_st(j, ST_OUT_ADD);

	sqlite3_bind_int64(st, 1, e->scope);
	sqlite3_bind_blob(st, 2, e->record.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, e->kind);
	sqlite3_bind_int64(st, 4, (int64_t)e->edited);
	sqlite3_bind_blob(st, 5, e->salt.bytes, 16, SQLITE_STATIC);
	if (e->change.len > 0)
		sql_bind_slice(st, 6, e->change);
	return sql_run(st);
}

enum es_err journal_outbox_remove(struct journal *j, int64_t edit)
{
	sqlite3_bind_int64(journal_st(j, ST_OUT_DEL), 1, edit);
	return sql_run(journal_st(j, ST_OUT_DEL));
}

static enum es_err walk_outbox(sqlite3_stmt *st, bool (*each)(void *ctx, const struct outbox_edit *e), void *ctx)
{
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct outbox_edit e = {.edit = sqlite3_column_int64(st, 0), .scope = (enum scope)sqlite3_column_int(st, 1),
					.kind = (unsigned)sqlite3_column_int(st, 3),
					.edited = (es_stamp)sqlite3_column_int64(st, 4), .change = sql_blob(st, 6)};

		if (!sql_exact(st, 2, e.record.bytes, 32) || !sql_exact(st, 5, e.salt.bytes, 16))
			rc = SQLITE_CORRUPT;
		if (rc == SQLITE_CORRUPT || !each(ctx, &e))
			break;
	}
	sqlite3_reset(st);
	return sql_err(rc);
}

enum es_err journal_outbox_each(struct journal *j, enum scope scope, const struct record_id *record, int64_t after,
				bool (*each)(void *ctx, const struct outbox_edit *e), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, record ? ST_OUT_RECORD : scope != SCOPE_COUNT ? ST_OUT_SCOPE : ST_OUT_ALL);

	sqlite3_clear_bindings(st);
	if (record)
		sqlite3_bind_blob(st, 2, record->bytes, 32, SQLITE_STATIC);
	else if (scope != SCOPE_COUNT)
		sqlite3_bind_int64(st, 1, scope);
	sqlite3_bind_int64(st, 3, after);
	return walk_outbox(st, each, ctx);
}

enum es_err journal_outbox_above(struct journal *j, es_stamp limit,
				 bool (*each)(void *ctx, const struct outbox_edit *e), void *ctx)
{
	sqlite3_bind_int64(journal_st(j, ST_OUT_ABOVE), 1, (int64_t)limit);
	return walk_outbox(journal_st(j, ST_OUT_ABOVE), each, ctx);
}

enum es_err journal_outbox_one(struct journal *j, int64_t edit, bool (*each)(void *ctx, const struct outbox_edit *e),
			       void *ctx)
{
	sqlite3_bind_int64(journal_st(j, ST_OUT_ONE), 1, edit);
	return walk_outbox(journal_st(j, ST_OUT_ONE), each, ctx);
}

enum es_err journal_outbox_restamp(struct journal *j, int64_t edit, es_stamp edited, struct slice change)
{
	sqlite3_stmt *st = journal_st(j, ST_OUT_STAMP);

	sqlite3_bind_int64(st, 1, edit);
	sqlite3_bind_int64(st, 2, (int64_t)edited);
	if (change.len > 0)
		sql_bind_slice(st, 3, change);
	return sql_run(st);
}

bool journal_outbox_rows(struct journal *j)
{
	return journal_number(journal_st(j, ST_OUT_ANY)) != 0;
}

int64_t journal_outbox_count(struct journal *j)
{
	return journal_number(journal_st(j, ST_OUT_COUNT));
}

/* --- requests to join --- */

enum es_err journal_request_put(struct journal *j, const struct join_request *r)
{
	sqlite3_stmt *st = journal_st(j, ST_REQ_PUT);

	sqlite3_bind_blob(st, 1, r->member.hub.bytes, 16, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, r->member.name, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, r->member.pays, -1, SQLITE_STATIC);
	sqlite3_bind_blob(st, 4, r->member.sign.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_blob(st, 5, r->member.dh.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_text(st, 6, r->member.address, -1, SQLITE_STATIC);
	sqlite3_bind_blob(st, 7, r->member.invite.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_blob(st, 8, r->charter.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_blob(st, 9, r->acceptance.sig.bytes, 64, SQLITE_STATIC);
	sqlite3_bind_blob(st, 10, r->acceptance.handshake, 64, SQLITE_STATIC);
	sqlite3_bind_int(st, 11, r->state);
	sqlite3_bind_int64(st, 12, r->at);
	if (r->replaces) {
		sqlite3_bind_blob(st, 13, r->hub.bytes, 16, SQLITE_STATIC);
		sqlite3_bind_blob(st, 14, r->rotation.bytes, 64, SQLITE_STATIC);
	}
	return sql_run(st);
}

static void column_text(sqlite3_stmt *st, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	snprintf(out, size, "%s", text ? text : "");
}

enum es_err journal_request_each(struct journal *j, bool (*each)(void *ctx, const struct join_request *r), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_REQ_ALL);
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct join_request r = {.member = {.role = ROLE_HUB, .epoch = 1}};

		if (!sql_exact(st, 0, r.member.hub.bytes, 16) || !sql_exact(st, 3, r.member.sign.bytes, 32) ||
		    !sql_exact(st, 4, r.member.dh.bytes, 32) || !sql_exact(st, 6, r.member.invite.bytes, 32) ||
		    !sql_exact(st, 7, r.charter.bytes, 32) || !sql_exact(st, 8, r.acceptance.sig.bytes, 64) ||
		    !sql_exact(st, 9, r.acceptance.handshake, 64)) {
			rc = SQLITE_CORRUPT;
			break;
		}
		column_text(st, 1, r.member.name, sizeof r.member.name);
		column_text(st, 2, r.member.pays, sizeof r.member.pays);
		column_text(st, 5, r.member.address, sizeof r.member.address);
		r.state = sqlite3_column_int(st, 10);
		r.at = sqlite3_column_int64(st, 11);
		r.replaces = sql_exact(st, 12, r.hub.bytes, 16) && sql_exact(st, 13, r.rotation.bytes, 64);
		if (!each(ctx, &r))
			break;
	}
	sqlite3_reset(st);
	return sql_err(rc);
}

enum es_err journal_check_pages(struct journal *j, bool quick, struct buf *what)
{
	sqlite3_stmt *st;
	const char *sql = quick ? "PRAGMA quick_check(20)" : "PRAGMA integrity_check(20)";
	enum es_err err = sql_err(sqlite3_prepare_v2(j->db, sql, -1, &st, NULL));
	int rc = SQLITE_ERROR;

	while (err == ES_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(st, 0);

		if (line && strcmp(line, "ok") != 0)
			buf_printf(what, "%s%s", what->len ? "; " : "", line);
	}
	sqlite3_finalize(st);
	if (what->len > 0 || (rc & 0xff) == SQLITE_CORRUPT)
		return ES_PAGE_DAMAGED;
	return err != ES_OK ? err : sql_err(rc);
}
