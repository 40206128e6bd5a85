/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/report/report_freeze.h"
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
static enum es_err base_at(struct node *n, es_ms cutoff, struct report_base *b)
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
static void base_text(const struct node *n, const struct report_base *b, bool cress_too, struct buf *out)
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

/* --- the directory of then --- */

static void unlink_scratch(const struct node *n, char path[NODE_PATH_MAX + 32])
{
	snprintf(path, NODE_PATH_MAX + 32, "%.4000s/report.db", n->dir);
	sql_unlink(path);
}

static enum es_err fold_part(struct node *n, const struct report_base *b, struct directory *d, bool cress, struct rights *rights,
			     int64_t *erased)
{
	struct past past = {.count = b->count, .rights = rights};
	uint64_t *upto = calloc(b->count + 1, sizeof *upto);
	enum es_err err = upto ? ES_OK : ES_NOMEM;

	for (size_t i = 1; i < b->count && upto; i++)
		if ((n->frontier.heads[i].scope == SCOPE_CRESS) == cress)
			upto[i] = b->upto[i];
	past.upto = upto;
	if (err == ES_OK)
		err = worker_project_past(n, d, &past);
	*erased += past.erased;
	free(upto);
	return err;
}

static enum es_err compute_there(struct node *n, const char *path, const struct report_month *month, struct report *out)
{
	struct report_ask ask = {.month = *month, .fold = true};
	struct reader *r = NULL;
	enum es_err err = reader_open(path, n->ref, &r);

	if (err != ES_OK)
		return err;
	reader_prefer(r, &n->hub);
	err = report_compute(r, &ask, out);
	reader_close(r);
	return err;
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

enum es_err report_past(struct node *n, const struct report_base *b, const struct report_month *month, struct report *out, int64_t *erased)
{
	char path[NODE_PATH_MAX + 32];
	struct directory *d = NULL;
	struct report with = {0};
	struct rights rights;
	enum es_err err;

	*erased = 0;
	*out = (struct report){0};
	unlink_scratch(n, path);
	rights_init(&rights, &n->rights.fed_id);
	err = node_rights_upto(n, b->upto[0], &rights);
	if (err == ES_OK)
		err = directory_open(path, n->ref, &d);
	if (err == ES_OK)
		err = fold_part(n, b, d, false, &rights, erased);
	if (err == ES_OK)
		err = compute_there(n, path, month, out);
	if (err == ES_OK)
		drop_home_rows(out);
	if (err == ES_OK && n->role == ROLE_CRESS) {
		err = fold_part(n, b, d, true, &rights, erased);
		if (err == ES_OK)
			err = compute_there(n, path, month, &with);
		if (err == ES_OK)
			err = take_rows(out, &with, true);
		report_done(&with);
	}
	directory_close(d);
	unlink_scratch(n, path);
	rights_done(&rights);
	if (err != ES_OK)
		report_done(out);
	return err;
}

/* --- the digest: format, month, frontier, then one line per figure --- */

void report_digest(const struct node *n, const struct report_base *b, const struct report *r, char out[65])
{
	struct buf text, name;
	struct hash h;

	buf_init(&text, 256u << 20);
	buf_init(&name, 4096);
	buf_printf(&text, "%s\n%s\n", REPORT_FORMAT, r->month.text);
	base_text(n, b, false, &text);
	for (size_t i = 0; i < r->count; i++) {
		const struct report_row *row = &r->rows[i];
		const struct report_place *place = &r->places.list[row->place];

		if (report_row_home(row))
			continue;
		buf_clear(&name);
		report_row_name(row, &name);
		buf_printf(&text, "\n%s,%s,%s,", report_place_types[place->type], place->code, buf_cstr(&name));
		if (row->masked)
			buf_str(&text, ",,oui");
		else
			buf_printf(&text, "%lld,%lld,non", (long long)row->value, (long long)row->n);
		buf_printf(&text, ",%s", row->ind->version);
	}
	h = crypto_hash(HASH_REPORT, buf_slice(&text));
	hex_encode(h.bytes, 32, out);
	buf_done(&name);
	buf_done(&text);
}

/* --- checking --- */

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

struct judgement {
	char recorded[65], again[65];
	bool kept, same; /* what is recorded holds; it comes out again */
	int64_t erased;
	size_t missing;
};

static enum es_err judge(struct node *n, const struct report_month *month, struct report_base *b, struct judgement *v)
{
	struct report frozen, again;
	enum es_err err = report_frozen(n->reader, month, &frozen);

	if (err != ES_OK)
		return err;
	snprintf(v->recorded, sizeof v->recorded, "%s", frozen.digest);
	report_digest(n, b, &frozen, v->again);
	v->kept = strcmp(v->again, v->recorded) == 0;
	report_done(&frozen);
	v->missing = b->missing;
	if (b->missing > 0)
		return ES_OK;
	err = report_past(n, b, month, &again, &v->erased);
	if (err != ES_OK)
		return err;
	report_digest(n, b, &again, v->again);
	v->same = strcmp(v->again, v->recorded) == 0;
	report_done(&again);
	return ES_OK;
}

enum es_err report_check(struct node *n, const struct report_month *month, struct buf *json, struct buf *why)
{
	struct report_base b = {0};
	struct judgement v = {0};
	enum es_err err = report_recorded_base(n, month, &b);

	if (err == ES_OK)
		err = judge(n, month, &b, &v);
	report_base_done(&b);
	if (err == ES_NOT_FOUND)
		buf_printf(why, _("%s: no frozen report here; the CRESS makes it with 'essaim report freeze --month %s'"), month->text, month->text);
	if (err != ES_OK)
		return err;
	bool ok = v.kept && (v.same || v.erased > 0) && v.missing == 0;
	buf_printf(json, "{\"mois\":\"%s\",\"ok\":%s,\"empreinte\":\"%s\",\"recalcul\":\"%s\",\"effaces\":%lld,\"manque\":%zu}", month->text,
		   ok ? "true" : "false", v.recorded, v.missing ? "" : v.again, (long long)v.erased, v.missing);
	if (!v.kept)
		buf_printf(why, _("%s: the recorded figures are not those of the digest"), month->text);
	else if (v.missing > 0)
		buf_printf(why, _("%s: %zu logs of that frontier are not here; 'essaim wait --synced', then again"), month->text, v.missing);
	else if (!ok)
		buf_printf(why, _("%s: computed again, the figures differ from what was frozen"), month->text);
	return ok ? ES_OK : v.missing > 0 && v.kept ? ES_NOT_FOUND : ES_DAMAGED;
}

/* --- freezing --- */

static bool still_running(struct node *n, const struct report_month *month, struct buf *why)
{
	char iso[25];

	if (month->cutoff <= n->utc + 1000) /* "now" is the end of this second */
		return false;
	stamp_text(stamp_at(month->cutoff), iso);
	buf_printf(why, _("%s: is closed at %s; freeze it after that, or name another cut-off with --at"), month->text, iso);
	return true;
}

static void answer(const struct report *r, bool new_one, int64_t measures, const char *late, struct buf *json)
{
	char iso[25];

	stamp_text(stamp_at(r->month.cutoff), iso);
	buf_printf(json, "{\"mois\":\"%s\",\"empreinte\":\"%s\",\"nouveau\":%s,\"mesures\":%lld,\"arrete\":\"%s\",\"retards\":[%s],\"note\":",
		   r->month.text, r->digest, new_one ? "true" : "false", (long long)measures, iso, late);
	json_quote(buf_slice(&r->note), json);
	buf_str(json, "}");
}

static enum es_err frozen_before(struct node *n, const struct report_month *month, struct report_base *b, struct buf *json, struct buf *why)
{
	struct report r;
	struct judgement v = {0};
	enum es_err err = judge(n, month, b, &v);

	if (err == ES_OK && !(v.kept && (v.same || v.erased > 0))) {
		buf_printf(why, _("%s: is frozen, and does not come out the same again; see 'essaim report --month %s --check'"), month->text, month->text);
		err = ES_DAMAGED;
	}
	if (err == ES_OK)
		err = report_frozen(n->reader, month, &r);
	if (err != ES_OK)
		return err;
	r.month.cutoff = b->cutoff;
	answer(&r, false, 0, "", json);
	report_done(&r);
	return ES_OK;
}

static enum es_err freeze_now(struct node *n, const struct report_month *month, struct buf *json)
{
	struct report_base b;
	struct report r = {0};
	struct buf frontier, late;
	int64_t erased;
	size_t measures = 0;
	enum es_err err = base_at(n, month->cutoff, &b);

	buf_init(&frontier, 20000);
	buf_init(&late, 1 << 16);
	if (err == ES_OK)
		err = report_past(n, &b, month, &r, &erased);
	if (err == ES_OK) {
		report_sort(&r);
		report_digest(n, &b, &r, r.digest);
		base_text(n, &b, true, &frontier);
		err = report_notes(n, month, &b, &r.note, &late);
		measures = r.count;
	}
	if (err == ES_OK)
		err = report_write_frozen(n, &r, buf_slice(&frontier));
	if (err == ES_OK)
		answer(&r, true, (int64_t)measures, late.len ? buf_cstr(&late) : "", json);
	report_done(&r);
	report_base_done(&b);
	buf_done(&frontier);
	buf_done(&late);
	return err;
}

enum es_err report_freeze(struct node *n, const struct report_month *month, struct buf *json, struct buf *why)
{
	struct report_base b = {0};
	enum es_err err;

	if (n->role != ROLE_CRESS) {
		buf_str(why, _("report freeze: only the CRESS freezes the month; 'essaim report' shows what is known here"));
		return ES_NOT_ALLOWED;
	}
	err = report_recorded_base(n, month, &b);
	if (err == ES_OK)
		err = frozen_before(n, month, &b, json, why);
	else if (err == ES_NOT_FOUND)
		err = still_running(n, month, why) ? ES_AGAIN : freeze_now(n, month, json);
	report_base_done(&b);
	return err;
}
