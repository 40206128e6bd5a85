/* SPDX-License-Identifier: Apache-2.0
 *
 * The past: how far each log counted at a cut-off, and the directory folded up to
 * there, beside the one in use. */
#include <stdlib.h>
#include <string.h>
#include "common/say.h"
#include "daemon/directory/sql.h"
#include "daemon/node/node_parts.h"
#include "daemon/report/report_parts.h"
#include "daemon/swarm/worker.h"

/* --- the frontier of a cut-off --- */

void report_base_done(struct report_base *b)
{
	free(b->upto);
	b->upto = NULL;
}

ES_MUST_USE static enum es_err base_room(struct node *n, struct report_base *b)
{
	*b = (struct report_base){.count = n->frontier.count};
	b->upto = calloc(b->count + 1, sizeof *b->upto);
	return b->upto ? ES_OK : ES_NOMEM;
}

/* The last commit sealed at or before the cut-off: from the head backwards, for the
 * cut-off is rarely far away. */
static enum es_err seq_at(struct node *n, uint32_t index, es_ms cutoff, uint64_t *out)
{
	struct packed *packed = malloc(sizeof *packed);
	struct commit *commit = malloc(sizeof *commit);
	uint64_t seq = n->frontier.heads[index].seq;
	enum es_err err = packed && commit ? ES_OK : ES_NOMEM;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	for (; seq > 0 && err == ES_OK; seq--) {
		buf_clear(&bytes);
		err = node_read_commit(n, index, seq, &bytes, packed);
		if (err == ES_OK)
			err = commit_decode(packed->header, commit);
		if (err == ES_OK && stamp_ms(commit->hlc) <= cutoff)
			break;
	}
	buf_done(&bytes);
	free(packed);
	free(commit);
	*out = seq;
	return err;
}

/* Counts of scope cress are made after the month: all that is here (report_freeze.h). */
enum es_err report_base_at(struct node *n, es_ms cutoff, struct report_base *b)
{
	enum es_err err = base_room(n, b);

	b->cutoff = cutoff;
	for (uint32_t i = 0; i < n->frontier.count && err == ES_OK; i++) {
		const struct head *h = &n->frontier.heads[i];

		if (h->scope == SCOPE_CRESS)
			b->upto[i] = h->seq;
		else if (h->scope != SCOPE_LOCAL)
			err = seq_at(n, i, cutoff, &b->upto[i]);
	}
	return err;
}

static _Thread_local const struct frontier *sorting;

static int by_log(const void *a, const void *b)
{
	return memcmp(sorting->heads[*(const size_t *)a].log.bytes, sorting->heads[*(const size_t *)b].log.bytes, 16);
}

/* In order of the logs' ids: every node has its own indexes. */
void report_base_text(const struct node *n, const struct report_base *b, bool cress_too, struct buf *out)
{
	size_t *order = malloc((b->count + 1) * sizeof *order);
	char iso[25], log[BASE32_LEN(16) + 1];

	stamp_text(stamp_at(b->cutoff), iso);
	buf_printf(out, "arrete=%.19sZ control=%llu", iso, (unsigned long long)b->upto[0]);
	for (size_t i = 0; i < b->count && order; i++)
		order[i] = i;
	sorting = &n->frontier;
	if (order && b->count > 2)
		qsort(order + 1, b->count - 1, sizeof *order, by_log);
	for (size_t i = 1; i < b->count && order; i++) {
		const struct head *h = &n->frontier.heads[order[i]];

		if (b->upto[order[i]] == 0 || (h->scope == SCOPE_CRESS && !cress_too))
			continue;
		base32_encode(h->log.bytes, 16, log);
		buf_printf(out, " %s%s=%llu", h->scope == SCOPE_CRESS ? "cress:" : "", log, (unsigned long long)b->upto[order[i]]);
	}
	free(order);
}

/* One "name=number" of a frontier's text; a log of others' that we do not hold is missing,
 * unless it is one of scope cress, which only the CRESS has. */
static enum es_err read_part(struct node *n, const char *name, size_t len, uint64_t seq, struct report_base *b)
{
	bool cress = len > 6 && memcmp(name, "cress:", 6) == 0;
	struct id16 log;
	struct head *h;

	if (len == 7 && memcmp(name, "control", 7) == 0) {
		b->upto[0] = seq;
		b->missing += n->frontier.heads[0].seq < seq;
		return ES_OK;
	}
	name += cress ? 6 : 0;
	len -= cress ? 6 : 0;
	if (!base32_decode(name, len, log.bytes, 16))
		return ES_MALFORMED;
	h = frontier_find(&n->frontier, &log);
	if (h && h->seq >= seq)
		b->upto[h - n->frontier.heads] = seq;
	else
		b->missing += !cress || n->role == ROLE_CRESS;
	return ES_OK;
}

static enum es_err base_read(struct node *n, const char *text, struct report_base *b)
{
	enum es_err err = base_room(n, b);

	while (*text && err == ES_OK) {
		size_t len = strcspn(text, " ");
		const char *sign = memchr(text, '=', len);

		if (!sign)
			return ES_MALFORMED;
		if (strncmp(text, "arrete=", 7) == 0)
			b->cutoff = report_time_ms(SLICE(sign + 1, len - (size_t)(sign + 1 - text)));
		else
			err = read_part(n, text, (size_t)(sign - text), strtoull(sign + 1, NULL, 10), b);
		text += len + (text[len] == ' ');
	}
	return err;
}

enum es_err report_recorded_base(struct node *n, const struct report_month *month, struct report_base *b)
{
	struct buf text;
	enum es_err err;

	buf_init(&text, 65536);
	err = n->reader ? report_frontier_text(n->reader, month, &text) : ES_NOT_FOUND;
	if (err == ES_OK)
		err = base_read(n, buf_cstr(&text), b);
	buf_done(&text);
	return err;
}

void report_not_frozen(const struct report_month *month, struct buf *why)
{
	buf_printf(why, _("%s: no frozen report here; the CRESS makes it with 'essaim report freeze --month %s'"), month->text, month->text);
}

void report_logs_missing(const struct report_month *month, size_t count, struct buf *why)
{
	buf_printf(why, _("%s: %zu logs of that frontier are not here; 'essaim wait --synced', then again"), month->text, count);
}

/* --- the directory of then --- */

struct past_directory {
	char path[NODE_PATH_MAX + 32];
	struct directory *d;
	struct rights rights;
	struct report_anew *anew;
	int64_t erased, unlisted;
};

static enum es_err fold_part(struct node *n, const struct report_base *b, struct past_directory *p, bool cress)
{
	struct past past = {.count = b->count, .rights = &p->rights, .anew = report_anew_says, .anew_ctx = p->anew};
	uint64_t *upto = calloc(b->count + 1, sizeof *upto);
	enum es_err err = upto ? ES_OK : ES_NOMEM;

	for (size_t i = 1; i < b->count && upto; i++)
		if ((n->frontier.heads[i].scope == SCOPE_CRESS) == cress)
			upto[i] = b->upto[i];
	past.upto = upto;
	report_anew_of(p->anew, cress);
	if (err == ES_OK)
		err = worker_project_past(n, p->d, &past);
	p->erased += past.erased;
	p->unlisted += past.unlisted;
	free(upto);
	return err;
}

static void past_close(struct past_directory *p)
{
	directory_close(p->d);
	sql_unlink(p->path);
	report_anew_done(p->anew);
	rights_done(&p->rights);
}

/* Public and federation logs. Closed by the caller, whatever it returns. */
static enum es_err past_open(struct node *n, const struct report_base *b, struct past_directory *p)
{
	enum es_err err;

	*p = (struct past_directory){0};
	snprintf(p->path, sizeof p->path, "%.4000s/report.db", n->dir);
	sql_unlink(p->path);
	rights_init(&p->rights, &n->rights.fed_id);
	err = node_rights_upto(n, b->upto[0], &p->rights);
	if (err == ES_OK)
		err = report_anew_read(n, b, &p->anew);
	if (err == ES_OK)
		err = directory_open(p->path, n->ref, &p->d);
	return err == ES_OK ? fold_part(n, b, p, false) : err;
}

static enum es_err past_read(struct node *n, const struct past_directory *p, report_reading *each, void *ctx)
{
	struct reader *r = NULL;
	enum es_err err = reader_open(p->path, n->ref, &r);

	if (err != ES_OK)
		return err;
	reader_prefer(r, &n->hub);
	err = each(ctx, r);
	reader_close(r);
	return err;
}

struct computing {
	const struct report_month *month;
	struct report *out;
};

static enum es_err compute(void *ctx, struct reader *r)
{
	const struct computing *c = ctx;
	struct report_ask ask = {.month = *c->month, .fold = true};

	return report_compute(r, &ask, c->out);
}

/* Rows of `from` that come from hubs' own counts (or not) go behind those of `to`. */
static enum es_err take_rows(struct report *to, const struct report *from, bool home)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < from->count && err == ES_OK; i++)
		if (report_row_home(&from->rows[i]) == home)
			err = report_add(to, &from->rows[i]);
	return err;
}

static void drop_home_rows(struct report *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++)
		if (!report_row_home(&r->rows[i]))
			r->rows[kept++] = r->rows[i];
	r->count = kept;
}

/* What hubs counted at home the CRESS alone has: its rows come from a fold with their logs too. */
static enum es_err add_home_rows(struct node *n, const struct report_base *b, struct past_directory *p, const struct report_month *month,
				 struct report *out)
{
	struct report with = {0};
	struct computing c = {month, &with};
	enum es_err err = fold_part(n, b, p, true);

	if (err == ES_OK)
		err = past_read(n, p, compute, &c);
	if (err == ES_OK)
		err = take_rows(out, &with, true);
	report_done(&with);
	return err;
}

enum es_err report_past(struct node *n, const struct report_base *b, const struct report_month *month, struct report *out, int64_t *erased)
{
	struct computing c = {month, out};
	struct past_directory p;
	enum es_err err = past_open(n, b, &p);

	*out = (struct report){0};
	if (err == ES_OK)
		err = past_read(n, &p, compute, &c);
	if (err == ES_OK)
		drop_home_rows(out);
	if (err == ES_OK && n->role == ROLE_CRESS)
		err = add_home_rows(n, b, &p, month, out);
	*erased = p.erased;
	past_close(&p);
	if (err != ES_OK)
		report_done(out);
	return err;
}

/* What is gone here and was said anew lies in our outbox, and nobody else reads it so far. */
static enum es_err erasure_waits(struct buf *why)
{
	buf_str(why, _("an erasure made here is on its way to the CRESS; 'essaim wait --synced', then again"));
	return ES_AWAITING;
}

enum es_err report_then(struct node *n, const struct report_month *month, report_reading *each, void *ctx, struct buf *why)
{
	struct report_base b = {0};
	struct past_directory p;
	enum es_err err = report_recorded_base(n, month, &b);

	if (err == ES_NOT_FOUND)
		report_not_frozen(month, why);
	if (err == ES_OK && b.missing > 0) {
		report_logs_missing(month, b.missing, why);
		err = ES_NOT_FOUND;
	}
	if (err == ES_OK) {
		err = past_open(n, &b, &p);
		if (err == ES_OK && p.unlisted > 0)
			err = erasure_waits(why);
		if (err == ES_OK)
			err = past_read(n, &p, each, ctx);
		past_close(&p);
	}
	report_base_done(&b);
	return err;
}
