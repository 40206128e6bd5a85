/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests and their answers, as the journal keeps them beside the commits that say
 * them. See journal.h. */
#include <string.h>
#include "daemon/journal/journal_parts.h"
#include "proto/change.h"

enum es_err journal_ask_put(struct journal *j, const struct ask *a)
{
	sqlite3_stmt *st = journal_st(j, ST_ASK_PUT);

	bind_id(st, 1, &a->at.log);
	sqlite3_bind_int64(st, 2, (int64_t)a->at.seq);
	sqlite3_bind_int64(st, 3, a->at.index);
	sqlite3_bind_int64(st, 4, a->op);
	sqlite3_bind_blob(st, 5, a->record.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_int64(st, 6, a->kind);
	bind_id(st, 7, &a->from);
	bind_id(st, 8, &a->to);
	sqlite3_bind_int64(st, 9, a->state);
	return sql_run(st);
}

static bool read_ask(sqlite3_stmt *st, struct ask *out)
{
	memset(out, 0, sizeof *out);
	out->no = sqlite3_column_int64(st, 0);
	out->at.seq = (uint64_t)sqlite3_column_int64(st, 2);
	out->at.index = (uint32_t)sqlite3_column_int64(st, 3);
	out->op = (unsigned)sqlite3_column_int64(st, 4);
	out->kind = (unsigned)sqlite3_column_int64(st, 6);
	out->state = (enum ask_state)sqlite3_column_int(st, 9);
	if (sql_exact(st, 10, out->answer.log.bytes, 16)) {
		out->answer.seq = (uint64_t)sqlite3_column_int64(st, 11);
		out->answer.index = (uint32_t)sqlite3_column_int64(st, 12);
	}
	return sql_exact(st, 1, out->at.log.bytes, 16) && sql_exact(st, 5, out->record.bytes, 32) &&
	       sql_exact(st, 7, out->from.bytes, 16) && sql_exact(st, 8, out->to.bytes, 16);
}

static bool one_ask(sqlite3_stmt *st, struct ask *out)
{
	bool found = sqlite3_step(st) == SQLITE_ROW && read_ask(st, out);

	sqlite3_reset(st);
	return found;
}

bool journal_ask_at(struct journal *j, const struct position3 *at, struct ask *out)
{
	bind_id(journal_st(j, ST_ASK_AT), 1, &at->log);
	sqlite3_bind_int64(journal_st(j, ST_ASK_AT), 2, (int64_t)at->seq);
	sqlite3_bind_int64(journal_st(j, ST_ASK_AT), 3, at->index);
	return one_ask(journal_st(j, ST_ASK_AT), out);
}

bool journal_ask_no(struct journal *j, int64_t no, struct ask *out)
{
	sqlite3_bind_int64(journal_st(j, ST_ASK_NO), 1, no);
	return one_ask(journal_st(j, ST_ASK_NO), out);
}

enum es_err journal_ask_state(struct journal *j, const struct ask *a)
{
	sqlite3_stmt *st = journal_st(j, ST_ASK_STATE);

	sqlite3_bind_int64(st, 1, a->no);
	sqlite3_bind_int64(st, 2, a->state);
	if (!id_is_zero(&a->answer.log)) {
		bind_id(st, 3, &a->answer.log);
		sqlite3_bind_int64(st, 4, (int64_t)a->answer.seq);
		sqlite3_bind_int64(st, 5, a->answer.index);
	}
	return sql_run(st);
}

static enum es_err each_ask(sqlite3_stmt *st, bool (*each)(void *ctx, const struct ask *a), void *ctx)
{
	struct ask a;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		if (read_ask(st, &a) && !each(ctx, &a))
			break;
	sqlite3_reset(st);
	return sql_err(rc);
}

enum es_err journal_ask_each(struct journal *j, bool (*each)(void *ctx, const struct ask *a), void *ctx)
{
	return each_ask(journal_st(j, ST_ASK_ALL), each, ctx);
}

enum es_err journal_ask_refused(struct journal *j, const struct id16 *from, unsigned max,
				bool (*each)(void *ctx, const struct ask *a), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_ASK_REFUSED_OF);

	bind_id(st, 1, from);
	sqlite3_bind_int64(st, 2, OP_PROPOSE);
	sqlite3_bind_int64(st, 3, OP_STEWARD);
	sqlite3_bind_int64(st, 4, max);
	return each_ask(st, each, ctx);
}

enum es_err journal_ask_cut(struct journal *j, const struct id16 *log, uint64_t seq)
{
	bind_id(journal_st(j, ST_ASK_CUT), 1, log);
	sqlite3_bind_int64(journal_st(j, ST_ASK_CUT), 2, (int64_t)seq);
	enum es_err err = sql_run(journal_st(j, ST_ASK_CUT));
	if (err == ES_OK) {
		bind_id(journal_st(j, ST_ANSWER_CUT), 1, log);
		sqlite3_bind_int64(journal_st(j, ST_ANSWER_CUT), 2, (int64_t)seq);
		err = sql_run(journal_st(j, ST_ANSWER_CUT));
	}
	bind_id(journal_st(j, ST_ASK_REOPEN), 1, log);
	sqlite3_bind_int64(journal_st(j, ST_ASK_REOPEN), 2, (int64_t)seq);
	return err != ES_OK ? err : sql_run(journal_st(j, ST_ASK_REOPEN));
}

enum es_err journal_answer_put(struct journal *j, const struct reply *r)
{
	sqlite3_stmt *st = journal_st(j, ST_ANSWER_PUT);

	bind_id(st, 1, &r->to.log);
	sqlite3_bind_int64(st, 2, (int64_t)r->to.seq);
	sqlite3_bind_int64(st, 3, r->to.index);
	bind_id(st, 4, &r->hub);
	sqlite3_bind_int(st, 5, r->accepted);
	bind_id(st, 6, &r->at.log);
	sqlite3_bind_int64(st, 7, (int64_t)r->at.seq);
	sqlite3_bind_int64(st, 8, r->at.index);
	return sql_run(st);
}

enum es_err journal_answer_each(struct journal *j, const struct position3 *to,
				bool (*each)(void *ctx, const struct reply *r), void *ctx)
{
	sqlite3_stmt *st = journal_st(j, ST_ANSWERS);
	int rc;

	bind_id(st, 1, &to->log);
	sqlite3_bind_int64(st, 2, (int64_t)to->seq);
	sqlite3_bind_int64(st, 3, to->index);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct reply r = {.to = *to, .accepted = sqlite3_column_int(st, 1) != 0};

		r.at.seq = (uint64_t)sqlite3_column_int64(st, 3);
		r.at.index = (uint32_t)sqlite3_column_int64(st, 4);
		if (sql_exact(st, 0, r.hub.bytes, 16) && sql_exact(st, 2, r.at.log.bytes, 16) && !each(ctx, &r))
			break;
	}
	sqlite3_reset(st);
	return sql_err(rc);
}
