/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal's part in the life cycle: commits beyond a cut, erasure, the book of
 * instances, proofs. See journal.h. */
#include <stdlib.h>
#include <string.h>
#include "daemon/journal/journal_parts.h"
#include "common/plant.h"
#include "proto/canon.h"

const char journal_life_schema[] =
	"BEGIN; CREATE TABLE trou(log BLOB, seq INTEGER, idx INTEGER, record BLOB, kind INTEGER, PRIMARY KEY(log, seq, idx))"
	" WITHOUT ROWID;"
	"CREATE TABLE reponse(log BLOB, seq INTEGER, idx INTEGER, hub BLOB, oui INTEGER, rlog BLOB, rseq INTEGER,"
	" ridx INTEGER, PRIMARY KEY(rlog, rseq, ridx)) WITHOUT ROWID;"
	"CREATE INDEX reponse_a ON reponse(log, seq, idx);"
	"CREATE TABLE copie(hub BLOB, instance BLOB, lineage INTEGER NOT NULL, etat INTEGER NOT NULL,"
	" PRIMARY KEY(hub, instance)) WITHOUT ROWID;"
	"CREATE TABLE du(hub BLOB PRIMARY KEY, attend INTEGER, jour INTEGER, nombre INTEGER) WITHOUT ROWID;"
	"CREATE TABLE hors_coupe(id BLOB PRIMARY KEY, hub BLOB NOT NULL, packed BLOB NOT NULL, a_home INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE preuve(log BLOB PRIMARY KEY, seq INTEGER NOT NULL, preuve BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE branche(seq INTEGER, id BLOB, PRIMARY KEY(seq, id)) WITHOUT ROWID;"
	"CREATE TABLE requete(no INTEGER PRIMARY KEY AUTOINCREMENT, log BLOB NOT NULL, seq INTEGER NOT NULL,"
	" idx INTEGER NOT NULL, op INTEGER NOT NULL, record BLOB NOT NULL, kind INTEGER NOT NULL, de BLOB NOT NULL,"
	" a BLOB NOT NULL, etat INTEGER NOT NULL, rlog BLOB, rseq INTEGER, ridx INTEGER, UNIQUE(log, seq, idx));"
	"CREATE TABLE recu(seq INTEGER, idx INTEGER, hub BLOB, PRIMARY KEY(seq, idx, hub)) WITHOUT ROWID;"
	"CREATE TABLE refonte(no INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB);"
	"CREATE TABLE charte(hub BLOB, empreinte BLOB, PRIMARY KEY(hub, empreinte)) WITHOUT ROWID;"
	"ALTER TABLE demande ADD COLUMN remplace BLOB; ALTER TABLE demande ADD COLUMN rotation BLOB;"
	"PRAGMA user_version=2; COMMIT;";

static bool has_row(sqlite3_stmt *st)
{
	bool found = sqlite3_step(st) == SQLITE_ROW;

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return found;
}

/* --- commits beyond a cut --- */

enum es_err journal_refold(struct journal *j, const struct record_id *record)
{
	if (record)
		sqlite3_bind_blob(journal_st(j, ST_REFOLD), 1, record->bytes, 32, SQLITE_STATIC);
	return sql_run(journal_st(j, ST_REFOLD));
}

int64_t journal_last_refold(struct journal *j)
{
	return journal_number(journal_st(j, ST_REFOLD_LAST));
}

static enum es_err refold_changes(struct journal *j, const struct packed *p)
{
	enum es_err err = ES_OK;
	struct change ch;

	for (uint32_t i = 0; i < p->count && err == ES_OK; i++)
		if (p->payload[i].present && change_read(p->payload[i].change, &ch) == ES_OK && !ch.control)
			err = journal_refold(j, &ch.record);
	return err;
}

struct dropping {
	int64_t *pos;
	size_t count;
};

static enum es_err note_pos(struct dropping *d, int64_t pos)
{
	int64_t *more = realloc(d->pos, (d->count + 1) * sizeof *more);

	if (!more)
		return ES_NOMEM;
	d->pos = more;
	d->pos[d->count++] = pos;
	return ES_OK;
}

static enum es_err drop_rows(struct journal *j, uint32_t index, uint64_t after, const struct dropping *d)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < d->count && err == ES_OK; i++) {
		sqlite3_bind_int64(journal_st(j, ST_DROP_PAYLOAD), 1, d->pos[i] << 8);
		sqlite3_bind_int64(journal_st(j, ST_DROP_PAYLOAD), 2, d->pos[i] << 8 | 255);
		err = sql_run(journal_st(j, ST_DROP_PAYLOAD));
	}
	sqlite3_bind_int64(journal_st(j, ST_DROP), 1, index + 1);
	sqlite3_bind_int64(journal_st(j, ST_DROP), 2, (int64_t)after);
	return err != ES_OK ? err : sql_run(journal_st(j, ST_DROP));
}

enum es_err journal_drop_after(struct journal *j, uint32_t index, uint64_t after,
			       enum es_err (*each)(void *ctx, const struct commit *c, const struct packed *p), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_BEYOND);
	struct loading *l = calloc(1, sizeof *l);
	struct dropping d = {0};
	enum es_err err = l ? ES_OK : ES_NOMEM;
	int rc = SQLITE_DONE;

	if (!l)
		return err;
	buf_init(&l->bytes, COMMIT_BYTES_MAX);
	sqlite3_bind_int64(st, 1, index + 1);
	sqlite3_bind_int64(st, 2, (int64_t)after);
	while (err == ES_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t pos = sqlite3_column_int64(st, 0);

		err = note_pos(&d, pos);
		if (err == ES_OK)
			err = journal_read(j, st, 3, pos, &l->bytes, &l->packed);
		if (err == ES_OK)
			err = commit_decode(l->packed.header, &l->commit);
		if (err == ES_OK)
			err = refold_changes(j, &l->packed);
		if (err == ES_OK && each)
			err = each(ctx, &l->commit, &l->packed);
	}
	sqlite3_reset(st);
	if (err == ES_OK)
		err = sql_err(rc);
	if (err == ES_OK)
		err = drop_rows(j, index, after, &d);
	free(d.pos);
	buf_done(&l->bytes);
	free(l);
	return err;
}

/* --- salts --- */

struct wanted {
	const struct id16 *salt;
	size_t at;
};

static int wanted_cmp(const void *a, const void *b)
{
	return memcmp(((const struct wanted *)a)->salt->bytes, ((const struct wanted *)b)->salt->bytes, 16);
}

static bool is_of_hub(struct journal *j, const struct frontier *f, const struct id16 *hub, int64_t pos)
{
	sqlite3_stmt *st = journal_st(j, ST_LOG_OF);
	bool yes = false;

	sqlite3_bind_int64(st, 1, pos);
	if (sqlite3_step(st) == SQLITE_ROW) {
		size_t index = (size_t)sqlite3_column_int64(st, 0) - 1;

		yes = index < f->count && id_eq(&f->heads[index].hub, hub);
	}
	sqlite3_reset(st);
	return yes;
}

static enum es_err look_in_logs(struct journal *j, const struct frontier *f, const struct id16 *hub,
				const struct wanted *list, size_t n, bool *found)
{
	sqlite3_stmt *st = journal_st(j, ST_SALTS);
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct id16 salt;
		struct wanted key = {.salt = &salt};

		if (!sql_exact(st, 1, salt.bytes, 16))
			continue;
		const struct wanted *w = bsearch(&key, list, n, sizeof *list, wanted_cmp);
		if (w && is_of_hub(j, f, hub, sqlite3_column_int64(st, 0) >> 8))
			found[w->at] = true;
	}
	sqlite3_reset(st);
	return sql_err(rc);
}

enum es_err journal_find_salts(struct journal *j, const struct frontier *f, const struct id16 *hub,
			       const struct id16 *salts, size_t n, bool *found)
{
	struct wanted *list = calloc(n + 1, sizeof *list);
	enum es_err err;

	if (!list)
		return ES_NOMEM;
	for (size_t i = 0; i < n; i++) {
		list[i] = (struct wanted){.salt = &salts[i], .at = i};
		bind_id(journal_st(j, ST_OUT_HAS), 1, &salts[i]);
		found[i] = has_row(journal_st(j, ST_OUT_HAS));
	}
	qsort(list, n, sizeof *list, wanted_cmp);
	err = look_in_logs(j, f, hub, list, n, found);
	free(list);
	return err;
}

enum es_err journal_outbox_remove_salt(struct journal *j, const struct id16 *salt, int64_t *removed)
{
	int before = sqlite3_total_changes(j->db);

	bind_id(journal_st(j, ST_OUT_SALT), 1, salt);
	enum es_err err = sql_run(journal_st(j, ST_OUT_SALT));
	*removed = sqlite3_total_changes(j->db) - before;
	return err;
}

/* --- records folded anew --- */

static int record_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record_id));
}

struct refolding {
	struct record_id *records;
	size_t count;
	int64_t *pos; /* commits that hold one of them, ascending */
	size_t pos_count;
	bool all;
};

static enum es_err read_refolds(struct journal *j, struct feed *f, struct refolding *r)
{
	sqlite3_stmt *st = journal_st(j, ST_REFOLDS);
	int rc;

	sqlite3_bind_int64(st, 1, f->from.refold);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct record_id *more = realloc(r->records, (r->count + 1) * sizeof *more);

		if (!more) {
			sqlite3_reset(st);
			return ES_NOMEM;
		}
		r->records = more;
		f->to.refold = sqlite3_column_int64(st, 0);
		if (sql_exact(st, 1, more[r->count].bytes, 32))
			r->count++;
		else
			r->all = true;
	}
	sqlite3_reset(st);
	if (r->count > 1)
		qsort(r->records, r->count, sizeof *r->records, record_cmp);
	size_t kept = 0;
	for (size_t i = 0; i < r->count; i++)
		if (kept == 0 || record_cmp(&r->records[i], &r->records[kept - 1]) != 0)
			r->records[kept++] = r->records[i];
	r->count = kept;
	return sql_err(rc);
}

static enum es_err find_commits(struct journal *j, struct refolding *r)
{
	sqlite3_stmt *st = journal_st(j, ST_RECORDS);
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	while (err == ES_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct slice id = sql_blob(st, 1);
		int64_t pos = sqlite3_column_int64(st, 0) >> 8, *more;

		if (id.len != 32 || !bsearch(id.p, r->records, r->count, sizeof *r->records, record_cmp))
			continue;
		if (r->pos_count > 0 && r->pos[r->pos_count - 1] == pos)
			continue;
		more = realloc(r->pos, (r->pos_count + 1) * sizeof *more);
		if (!more) {
			err = ES_NOMEM;
			break;
		}
		r->pos = more;
		r->pos[r->pos_count++] = pos;
	}
	sqlite3_reset(st);
	return err != ES_OK ? err : sql_err(rc);
}

static enum es_err tell_commit(struct journal *j, struct feed *f, const struct refolding *r, struct loading *l, int64_t pos)
{
	sqlite3_stmt *st = journal_st(j, ST_WHOLE);
	enum es_err err = ES_OK;
	struct change ch;

	sqlite3_bind_int64(st, 1, pos);
	if (sqlite3_step(st) == SQLITE_ROW) {
		uint32_t index = (uint32_t)sqlite3_column_int64(st, 1) - 1;
		struct arrival at = {pos, sqlite3_column_int64(st, 5)};

		err = journal_read(j, st, 3, pos, &l->bytes, &l->packed);
		if (err == ES_OK)
			err = journal_intact(st, &l->packed, &l->commit);
		for (uint32_t i = 0; i < l->packed.count && err == ES_OK && index > 0 && index < f->frontier->count; i++) {
			const struct payload *y = &l->packed.payload[i];

			if (y->present && change_read(y->change, &ch) == ES_OK && !ch.control &&
			    bsearch(&ch.record, r->records, r->count, sizeof *r->records, record_cmp))
				err = journal_feed_change(f, &f->frontier->heads[index], &at, &l->commit, y, i);
		}
	}
	sqlite3_reset(st);
	if (err == ES_DAMAGED) { /* as the feed: passed over */
		f->damaged++;
		err = ES_OK;
	}
	return err;
}

struct telling {
	struct feed *feed;
	enum es_err err;
};

static bool tell_edit(void *ctx, const struct outbox_edit *e)
{
	struct telling *t = ctx;
	struct change ch;
	struct feed_item item = {
		.record = e->record, .kind = e->kind, .steward = rights_steward(t->feed->rights, &e->record, e->kind),
		.change = {.scope = e->scope, .edited = e->edited, .pending = true, .salt = e->salt},
		.log = LOG_PENDING,
	};

	if (e->change.len == 0 || change_read(e->change, &ch) != ES_OK || ch.op != OP_PUT)
		return true;
	item.change.fields = ch.fields;
	item.base = ch.base;
	t->err = t->feed->each(t->feed->ctx, &item);
	return t->err == ES_OK;
}

static enum es_err tell_records(struct journal *j, struct feed *f, const struct refolding *r)
{
	struct loading *l = calloc(1, sizeof *l);
	enum es_err err = l ? ES_OK : ES_NOMEM;
	struct telling t = {.feed = f};

	if (!l)
		return err;
	buf_init(&l->bytes, COMMIT_BYTES_MAX);
	for (size_t i = 0; i < r->count && err == ES_OK; i++) {
		struct feed_item reset = {.record = r->records[i], .reset = true};

		err = f->each(f->ctx, &reset);
	}
	for (size_t i = 0; i < r->pos_count && err == ES_OK; i++)
		err = tell_commit(j, f, r, l, r->pos[i]);
	for (size_t i = 0; i < r->count && err == ES_OK; i++) {
		err = journal_outbox_each(j, SCOPE_COUNT, &r->records[i], 0, tell_edit, &t);
		if (err == ES_OK)
			err = t.err;
	}
	buf_done(&l->bytes);
	free(l);
	return err;
}

enum es_err journal_feed_refolds(struct journal *j, struct feed *f)
{
	struct refolding r = {0};
	enum es_err err = read_refolds(j, f, &r);

	f->all = r.all || r.count > FEED_REFOLDS_MAX;
	if (err == ES_OK && !f->all && r.count > 0)
		err = find_commits(j, &r);
	if (err == ES_OK && !f->all && r.count > 0)
		err = tell_records(j, f, &r);
	if (err == ES_OK && f->to.refold == f->from.refold)
		f->to.refold = journal_last_refold(j);
	free(r.records);
	free(r.pos);
	return err;
}

enum es_err journal_tell(struct journal *j, struct feed *f, struct record_id *records, size_t count)
{
	struct refolding r = {.records = records, .count = count};
	enum es_err err = find_commits(j, &r);

	if (err == ES_OK)
		err = tell_records(j, f, &r);
	free(r.pos);
	return err;
}

enum es_err journal_refold_done(struct journal *j, int64_t no)
{
	sqlite3_bind_int64(journal_st(j, ST_REFOLD_DONE), 1, no);
	return sql_run(journal_st(j, ST_REFOLD_DONE));
}

/* --- erasure --- */

static enum es_err erase_row(struct journal *j, struct erasing *e, int64_t no, uint32_t index, uint64_t seq)
{
	struct position3 at = {.log = e->frontier->heads[index].log, .seq = seq, .index = (uint32_t)(no & 255)};
	enum es_err err = ES_OK;

	if (e->each)
		err = e->each(e->ctx, &at);
	if (err != ES_OK || e->look_only || (e->kept && e->kept(e->ctx, index, seq)))
		return err;
	e->destroyed++;
	sqlite3_bind_int64(journal_st(j, ST_ERASE), 1, no);
	return sql_run(journal_st(j, ST_ERASE));
}

static bool is_meant(const struct erasing *e, struct slice bytes)
{
	struct change ch;

	return change_read(bytes, &ch) == ES_OK && !ch.control && ch.kind == e->kind && ch.edited <= e->upto &&
	       (ch.op == OP_PUT || ch.op == OP_PROPOSE) && memcmp(ch.record.bytes, e->record.bytes, 32) == 0;
}

static bool place_of_row(struct journal *j, const struct frontier *f, int64_t no, uint32_t *index, uint64_t *seq)
{
	sqlite3_stmt *st = journal_st(j, ST_LOG_OF);
	bool good;

	sqlite3_bind_int64(st, 1, no >> 8);
	good = sqlite3_step(st) == SQLITE_ROW;
	*index = good ? (uint32_t)sqlite3_column_int64(st, 0) - 1 : 0;
	*seq = good ? (uint64_t)sqlite3_column_int64(st, 1) : 0;
	sqlite3_reset(st);
	return good && *index > 0 && *index < f->count;
}

static enum es_err erase_commits(struct journal *j, struct erasing *e)
{
	sqlite3_stmt *st = journal_st(j, ST_OF_RECORD);
	struct dropping rows = {0};
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	sqlite3_bind_blob(st, 1, e->record.bytes, 32, SQLITE_STATIC);
	while (err == ES_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		if (is_meant(e, sql_blob(st, 1)))
			err = note_pos(&rows, sqlite3_column_int64(st, 0));
	sqlite3_reset(st);
	if (err == ES_OK)
		err = sql_err(rc);
	for (size_t i = 0; i < rows.count && err == ES_OK; i++) {
		uint32_t index;
		uint64_t seq;

		if (place_of_row(j, e->frontier, rows.pos[i], &index, &seq) &&
		    (e->local || e->frontier->heads[index].scope != SCOPE_LOCAL))
			err = erase_row(j, e, rows.pos[i], index, seq);
	}
	free(rows.pos);
	return err;
}

struct outbox_erasing {
	struct erasing *e;
	struct dropping edits;
	enum es_err err;
};

static bool note_edit(void *ctx, const struct outbox_edit *o)
{
	struct outbox_erasing *x = ctx;

	if ((x->e->local || o->scope != SCOPE_LOCAL) && o->change.len > 0 && is_meant(x->e, o->change))
		x->err = note_pos(&x->edits, o->edit);
	return x->err == ES_OK;
}

static enum es_err erase_outbox(struct journal *j, struct erasing *e)
{
	struct outbox_erasing x = {.e = e};
	enum es_err err = journal_outbox_each(j, SCOPE_COUNT, &e->record, 0, note_edit, &x);

	if (err == ES_OK)
		err = x.err;
	for (size_t i = 0; i < x.edits.count && err == ES_OK; i++, e->destroyed++)
		err = journal_outbox_remove(j, x.edits.pos[i]);
	free(x.edits.pos);
	return err;
}

/* A void commit, packed again without what is forgotten. */
static enum es_err strip(struct journal *j, struct erasing *e, const struct hash *id, struct slice packed)
{
	static _Thread_local struct packed p;
	struct buf again;
	bool hit = false;
	enum es_err err = commit_unpack(packed, &p);

	for (uint32_t i = 0; i < p.count && err == ES_OK; i++)
		if (p.payload[i].present && is_meant(e, p.payload[i].change)) {
			p.payload[i].present = false;
			e->destroyed++;
			hit = true;
		}
	if (err != ES_OK || !hit)
		return ES_OK;
	buf_init(&again, COMMIT_PACKED_MAX);
	commit_pack(p.header, &p.sig, p.payload, p.count, &again);
	err = buf_err(&again);
	sqlite3_bind_blob(journal_st(j, ST_VOID_STRIP), 1, id->bytes, 32, SQLITE_STATIC);
	sql_bind_slice(journal_st(j, ST_VOID_STRIP), 2, buf_slice(&again));
	if (err == ES_OK)
		err = sql_run(journal_st(j, ST_VOID_STRIP));
	buf_done(&again);
	return err;
}

static enum es_err erase_void(struct journal *j, struct erasing *e)
{
	sqlite3_stmt *st = journal_st(j, ST_VOID_ALL);
	struct buf *copies = NULL;
	struct hash *ids = NULL;
	size_t n = 0;
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	while (err == ES_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct buf *more = realloc(copies, (n + 1) * sizeof *more);
		struct hash *more_ids = realloc(ids, (n + 1) * sizeof *more_ids);
		struct slice s = sql_blob(st, 1);

		copies = more ? more : copies;
		ids = more_ids ? more_ids : ids;
		if (!more || !more_ids || !sql_exact(st, 0, ids[n].bytes, 32)) {
			err = ES_NOMEM;
			break;
		}
		buf_init(&copies[n], COMMIT_PACKED_MAX);
		buf_add(&copies[n++], s.p, s.len);
	}
	sqlite3_reset(st);
	if (err == ES_OK)
		err = sql_err(rc);
	for (size_t i = 0; i < n; i++) {
		if (err == ES_OK)
			err = strip(j, e, &ids[i], buf_slice(&copies[i]));
		buf_done(&copies[i]);
	}
	free(copies);
	free(ids);
	return err;
}

enum es_err journal_erase(struct journal *j, struct erasing *e)
{
	enum es_err err = erase_commits(j, e);

	if (err == ES_OK && !e->look_only && !PLANT(outbox_not_purged) && !PLANT(dedup_by_salt_only))
		err = erase_outbox(j, e);
	if (err == ES_OK && !e->look_only)
		err = erase_void(j, e);
	return err;
}

/* --- the book of instances --- */

static bool read_copy(sqlite3_stmt *st, struct hub_copy *out)
{
	bool good = sqlite3_step(st) == SQLITE_ROW && sql_exact(st, 0, out->hub.bytes, 16) &&
		    sql_exact(st, 1, out->instance.bytes, 16);

	if (good) {
		out->lineage = (uint64_t)sqlite3_column_int64(st, 2);
		out->state = (enum copy_state)sqlite3_column_int(st, 3);
	}
	sqlite3_reset(st);
	return good;
}

bool journal_copy_get(struct journal *j, const struct id16 *hub, const struct id16 *instance, struct hub_copy *out)
{
	bind_id(journal_st(j, ST_COPY_GET), 1, hub);
	bind_id(journal_st(j, ST_COPY_GET), 2, instance);
	return read_copy(journal_st(j, ST_COPY_GET), out);
}

bool journal_copy_current(struct journal *j, const struct id16 *hub, struct hub_copy *out)
{
	bind_id(journal_st(j, ST_COPY_CURRENT), 1, hub);
	return read_copy(journal_st(j, ST_COPY_CURRENT), out);
}

enum es_err journal_copy_put(struct journal *j, const struct hub_copy *c)
{
	sqlite3_stmt *st = journal_st(j, ST_COPY_PUT);

	bind_id(st, 1, &c->hub);
	bind_id(st, 2, &c->instance);
	sqlite3_bind_int64(st, 3, (int64_t)c->lineage);
	sqlite3_bind_int64(st, 4, c->state);
	return sql_run(st);
}

enum es_err journal_copy_accept(struct journal *j, const struct hub_copy *c)
{
	struct hub_copy now = *c;

	bind_id(journal_st(j, ST_COPY_FENCE), 1, &c->hub);
	enum es_err err = sql_run(journal_st(j, ST_COPY_FENCE));
	now.state = COPY_CURRENT;
	return err != ES_OK ? err : journal_copy_put(j, &now);
}

enum es_err journal_copy_each(struct journal *j, bool (*each)(void *ctx, const struct hub_copy *c), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_COPY_ALL);
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct hub_copy c = {.lineage = (uint64_t)sqlite3_column_int64(st, 2),
				     .state = (enum copy_state)sqlite3_column_int(st, 3)};

		if (sql_exact(st, 0, c.hub.bytes, 16) && sql_exact(st, 1, c.instance.bytes, 16) && !each(ctx, &c))
			break;
	}
	sqlite3_reset(st);
	return sql_err(rc);
}

void journal_due_get(struct journal *j, const struct id16 *hub, struct due *out)
{
	sqlite3_stmt *st = journal_st(j, ST_DUE_GET);

	memset(out, 0, sizeof *out);
	bind_id(st, 1, hub);
	if (sqlite3_step(st) == SQLITE_ROW) {
		out->waits = sqlite3_column_int(st, 0) != 0;
		out->day = sqlite3_column_int64(st, 1);
		out->count = (unsigned)sqlite3_column_int(st, 2);
	}
	sqlite3_reset(st);
}

enum es_err journal_due_put(struct journal *j, const struct id16 *hub, const struct due *d)
{
	sqlite3_stmt *st = journal_st(j, ST_DUE_PUT);

	bind_id(st, 1, hub);
	sqlite3_bind_int(st, 2, d->waits);
	sqlite3_bind_int64(st, 3, d->day);
	sqlite3_bind_int64(st, 4, d->count);
	return sql_run(st);
}

/* --- void commits --- */

enum es_err journal_void_put(struct journal *j, const struct id16 *author, const struct hash *id, struct slice packed)
{
	sqlite3_stmt *st = journal_st(j, ST_VOID_PUT);

	sqlite3_bind_blob(st, 1, id->bytes, 32, SQLITE_STATIC);
	bind_id(st, 2, author);
	sql_bind_slice(st, 3, packed);
	return sql_run(st);
}

enum es_err journal_void_load(struct journal *j, const struct id16 *author, bool home, size_t want, struct buf *body)
{
	sqlite3_stmt *st = journal_st(j, home ? ST_VOID_HOME : ST_VOID_AUTHOR);
	struct buf list;
	uint32_t n = 0;
	int rc = SQLITE_DONE;

	buf_init(&list, 2 * COMMIT_PACKED_MAX);
	if (!home)
		bind_id(st, 1, author);
	while (list.len < want && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct slice s = sql_blob(st, 0);

		if (n > 0 && list.len + s.len > COMMIT_PACKED_MAX)
			break;
		buf_add(&list, s.p, s.len);
		n++;
	}
	sqlite3_reset(st);
	if (n > 0) {
		canon_array(body, 1);
		canon_array(body, n);
		buf_add(body, list.p, list.len);
	}
	enum es_err err = buf_err(&list);
	buf_done(&list);
	return err != ES_OK ? err : rc != SQLITE_ROW ? sql_err(rc) : buf_err(body);
}

enum es_err journal_void_given(struct journal *j, const struct hash *id, const struct id16 *author)
{
	sqlite3_stmt *st = journal_st(j, author ? ST_VOID_DEL : ST_VOID_GIVEN);

	sqlite3_bind_blob(st, 1, id->bytes, 32, SQLITE_STATIC);
	if (author)
		bind_id(st, 2, author);
	return sql_run(st);
}

enum es_err journal_void_again(struct journal *j)
{
	return sql_run(journal_st(j, ST_VOID_AGAIN));
}

int64_t journal_void_count(struct journal *j)
{
	return journal_number(journal_st(j, ST_VOID_COUNT));
}

enum es_err journal_void_bytes(struct journal *j, bool (*each)(void *ctx, const struct id16 *hub, uint64_t bytes), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_VOID_BYTES);
	struct id16 hub;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (sql_exact(st, 0, hub.bytes, 16) && !each(ctx, &hub, (uint64_t)sqlite3_column_int64(st, 1)))
			break;
	sqlite3_reset(st);
	return sql_err(rc);
}

/* --- proofs and branches --- */

enum es_err journal_proof_put(struct journal *j, const struct id16 *log, uint64_t seq, struct slice proof)
{
	sqlite3_stmt *st = journal_st(j, ST_PROOF_PUT);

	bind_id(st, 1, log);
	sqlite3_bind_int64(st, 2, (int64_t)seq);
	sql_bind_slice(st, 3, proof);
	enum es_err err = sql_run(st);
	return err == ES_OK && sqlite3_changes(j->db) == 0 ? ES_EXISTS : err;
}

enum es_err journal_proof_each(struct journal *j,
			       bool (*each)(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_PROOF_ALL);
	struct id16 log;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (sql_exact(st, 0, log.bytes, 16) &&
		    !each(ctx, &log, (uint64_t)sqlite3_column_int64(st, 1), sql_blob(st, 2)))
			break;
	sqlite3_reset(st);
	return sql_err(rc);
}

enum es_err journal_branch_put(struct journal *j, uint64_t seq, const struct hash *id)
{
	sqlite3_stmt *st = journal_st(j, ST_BRANCH_PUT);

	sqlite3_bind_int64(st, 1, (int64_t)seq);
	sqlite3_bind_blob(st, 2, id->bytes, 32, SQLITE_STATIC);
	return sql_run(st);
}

enum es_err journal_branch_each(struct journal *j, bool (*each)(void *ctx, uint64_t seq, const struct hash *id), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_BRANCH_ALL);
	struct hash id;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (sql_exact(st, 1, id.bytes, 32) && !each(ctx, (uint64_t)sqlite3_column_int64(st, 0), &id))
			break;
	sqlite3_reset(st);
	return sql_err(rc);
}

enum es_err journal_branch_clear(struct journal *j)
{
	return sql_run(journal_st(j, ST_BRANCH_DEL));
}

/* --- holes that no entry lists yet --- */

enum es_err journal_hole_put(struct journal *j, const struct position3 *at, const struct record_id *record, unsigned kind)
{
	sqlite3_stmt *st = journal_st(j, ST_HOLE_PUT);

	bind_id(st, 1, &at->log);
	sqlite3_bind_int64(st, 2, (int64_t)at->seq);
	sqlite3_bind_int64(st, 3, at->index);
	sqlite3_bind_blob(st, 4, record->bytes, 32, SQLITE_STATIC);
	sqlite3_bind_int64(st, 5, kind);
	return sql_run(st);
}

uint64_t journal_hole_of(struct journal *j, const struct id16 *log)
{
	bind_id(journal_st(j, ST_HOLE_OF), 1, log);
	return (uint64_t)journal_number(journal_st(j, ST_HOLE_OF));
}

bool journal_hole(struct journal *j, size_t nth, struct position3 *at, struct record_id *record, unsigned *kind)
{
	sqlite3_stmt *st = journal_st(j, ST_HOLES);

	sqlite3_bind_int64(st, 1, (int64_t)nth);
	bool found = sqlite3_step(st) == SQLITE_ROW && sql_exact(st, 0, at->log.bytes, 16) && sql_exact(st, 3, record->bytes, 32);

	if (found) {
		at->seq = (uint64_t)sqlite3_column_int64(st, 1);
		at->index = (uint32_t)sqlite3_column_int64(st, 2);
		*kind = (unsigned)sqlite3_column_int64(st, 4);
	}
	sqlite3_reset(st);
	return found;
}

enum es_err journal_hole_listed(struct journal *j, const struct position3 *at)
{
	sqlite3_stmt *st = journal_st(j, ST_HOLE_DEL);

	bind_id(st, 1, &at->log);
	sqlite3_bind_int64(st, 2, (int64_t)at->seq);
	sqlite3_bind_int64(st, 3, at->index);
	return sql_run(st);
}

/* --- receipts, charters, sizes --- */

enum es_err journal_receipt_put(struct journal *j, uint64_t seq, uint32_t index, const struct id16 *hub)
{
	sqlite3_bind_int64(journal_st(j, ST_RECEIPT_PUT), 1, (int64_t)seq);
	sqlite3_bind_int64(journal_st(j, ST_RECEIPT_PUT), 2, index);
	bind_id(journal_st(j, ST_RECEIPT_PUT), 3, hub);
	return sql_run(journal_st(j, ST_RECEIPT_PUT));
}

bool journal_receipt(struct journal *j, uint64_t seq, uint32_t index, const struct id16 *hub)
{
	sqlite3_bind_int64(journal_st(j, ST_RECEIPT), 1, (int64_t)seq);
	sqlite3_bind_int64(journal_st(j, ST_RECEIPT), 2, index);
	bind_id(journal_st(j, ST_RECEIPT), 3, hub);
	return has_row(journal_st(j, ST_RECEIPT));
}

enum es_err journal_charter_put(struct journal *j, const struct id16 *hub, const struct hash *digest)
{
	bind_id(journal_st(j, ST_CHARTER_PUT), 1, hub);
	sqlite3_bind_blob(journal_st(j, ST_CHARTER_PUT), 2, digest->bytes, 32, SQLITE_STATIC);
	return sql_run(journal_st(j, ST_CHARTER_PUT));
}

bool journal_charter(struct journal *j, const struct id16 *hub, const struct hash *digest)
{
	bind_id(journal_st(j, ST_CHARTER), 1, hub);
	sqlite3_bind_blob(journal_st(j, ST_CHARTER), 2, digest->bytes, 32, SQLITE_STATIC);
	return has_row(journal_st(j, ST_CHARTER));
}
