/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/report/report_freeze.h"
#include <stdlib.h>
#include <string.h>
#include "common/say.h"
#include "daemon/directory/sql.h"
#include "daemon/node/node_parts.h"
#include "daemon/report/report_parts.h"
#include "daemon/swarm/worker.h"

/* --- the digest: format, month, frontier, then one line per figure --- */

void report_digest(const struct node *n, const struct report_base *b, const struct report *r, char out[65])
{
	struct buf text, name;
	struct hash h;

	buf_init(&text, 256u << 20);
	buf_init(&name, 4096);
	buf_printf(&text, "%s\n%s\n", REPORT_FORMAT, r->month.text);
	report_base_text(n, b, false, &text);
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
		report_not_frozen(month, why);
	if (err != ES_OK)
		return err;
	bool ok = v.kept && (v.same || v.erased > 0) && v.missing == 0;
	buf_printf(json, "{\"mois\":\"%s\",\"ok\":%s,\"empreinte\":\"%s\",\"recalcul\":\"%s\",\"effaces\":%lld,\"manque\":%zu}", month->text,
		   ok ? "true" : "false", v.recorded, v.missing ? "" : v.again, (long long)v.erased, v.missing);
	if (!v.kept)
		buf_printf(why, _("%s: the recorded figures are not those of the digest"), month->text);
	else if (v.missing > 0)
		report_logs_missing(month, v.missing, why);
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

/* The object is left open. */
static void answer(const struct report *r, bool new_one, int64_t measures, const char *late, struct buf *json)
{
	char iso[25];

	stamp_text(stamp_at(r->month.cutoff), iso);
	buf_printf(json, "{\"mois\":\"%s\",\"empreinte\":\"%s\",\"nouveau\":%s,\"mesures\":%lld,\"arrete\":\"%s\",\"retards\":[%s],\"note\":",
		   r->month.text, r->digest, new_one ? "true" : "false", (long long)measures, iso, late);
	json_quote(buf_slice(&r->note), json);
}

/* Nothing was known at the cut-off: zeros alone. Signed, they would stay so for ever. */
static bool nothing_known(const struct report *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->rows[i].masked || r->rows[i].value != 0)
			return false;
	return true;
}

static enum es_err refuse_nothing(const struct report *r, struct buf *why)
{
	char iso[25];

	stamp_text(stamp_at(r->month.cutoff), iso);
	buf_printf(why, _("%s: there is no figure to freeze: nothing was known here at its cut-off, %s; choose a later month, or another cut-off with --at"),
		   r->month.text, iso);
	return ES_NOT_FOUND;
}

/* What would be signed: how many cells are hidden, and the region's figures. */
static void show_draft(const struct node *n, const struct report *r, struct buf *json)
{
	struct report_view v = {.has_place = true, .type = PLACE_REGION};
	int64_t masked = 0;

	snprintf(v.code, sizeof v.code, "%s", n->rights.region);
	for (size_t i = 0; i < r->count; i++)
		masked += r->rows[i].masked;
	buf_printf(json, ",\"essai\":true,\"vide\":%s,\"masquees\":%lld,\"rapport\":", nothing_known(r) ? "true" : "false", (long long)masked);
	report_json(r, &v, slice_str("[]"), json);
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
	buf_str(json, "}");
	report_done(&r);
	return ES_OK;
}

static enum es_err freeze_now(struct node *n, const struct report_month *month, bool dry, struct buf *json, struct buf *why)
{
	struct report_base b;
	struct report r = {0};
	struct buf frontier, late;
	int64_t erased;
	size_t measures = 0;
	enum es_err err = report_base_at(n, month->cutoff, &b);

	buf_init(&frontier, 20000);
	buf_init(&late, 1 << 16);
	if (err == ES_OK)
		err = report_past(n, &b, month, &r, &erased);
	if (err == ES_OK && !dry && nothing_known(&r))
		err = refuse_nothing(&r, why);
	if (err == ES_OK) {
		report_sort(&r);
		report_digest(n, &b, &r, r.digest);
		report_base_text(n, &b, true, &frontier);
		err = report_notes(n, month, &b, &r.note, &late);
		measures = r.count;
	}
	if (err == ES_OK && !dry)
		err = report_write_frozen(n, &r, buf_slice(&frontier));
	if (err == ES_OK) {
		answer(&r, true, (int64_t)measures, late.len ? buf_cstr(&late) : "", json);
		if (dry)
			show_draft(n, &r, json);
		buf_str(json, "}");
	}
	report_done(&r);
	report_base_done(&b);
	buf_done(&frontier);
	buf_done(&late);
	return err;
}

enum es_err report_freeze(struct node *n, const struct report_month *month, bool dry, struct buf *json, struct buf *why)
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
		err = still_running(n, month, why) ? ES_AGAIN : freeze_now(n, month, dry, json, why);
	report_base_done(&b);
	return err;
}
