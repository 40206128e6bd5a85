/* SPDX-License-Identifier: Apache-2.0
 *
 * Indicators of a month, provisional or frozen. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "daemon/api/api_parts.h"
#include "daemon/report/report_parts.h"

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* `month` (default: the one we are in), `date`: up to that day of its month. */
enum es_err month_param(struct request *r, const char *month, const char *date, struct report_month *out)
{
	if (!month[0] && !date[0]) {
		report_month_at(utc_now(), out);
		return ES_OK;
	}
	if (report_month_parse(month[0] ? slice_str(month) : SLICE(date, strlen(date) < 7 ? strlen(date) : 7), out) &&
	    (!date[0] || report_month_upto(out, slice_str(date))))
		return ES_OK;
	buf_printf(&r->why, _("%s: not a month AAAA-MM, or a day AAAA-MM-JJ of it"), date[0] ? date : month);
	return ES_BAD_VALUE;
}

/* `pays=CODE`, or `territory=TYPE:CODE`; "region" alone is the federation's. A hub's default
 * is its own Pays. */
static enum es_err view_of(struct request *r, struct reader *reader, struct report_view *v)
{
	const char *pays = request_param(r, "pays"), *territory = request_param(r, "territory"), *colon = strchr(territory, ':');
	char own[HUB_POLE_MAX];
	enum es_err err = report_own_pole(reader, own);

	v->public_only = r->within == SCOPE_PUBLIC || request_param(r, "public")[0] != 0;
	if (err != ES_OK)
		return err;
	v->has_place = true;
	if (strcmp(territory, "region") == 0) {
		v->type = PLACE_REGION;
		snprintf(v->code, sizeof v->code, "%s", r->api->swarm->rights.region);
	} else if (territory[0]) {
		if (!colon || !report_place_type(SLICE(territory, (size_t)(colon - territory)), &v->type)) {
			buf_printf(&r->why, _("%s: not a territory; pays:CODE, epci:CODE, departement:CODE or region:CODE"), territory);
			return ES_USAGE;
		}
		snprintf(v->code, sizeof v->code, "%.15s", colon + 1);
	} else {
		const char *code = pays[0] ? pays : strncmp(own, "pole-", 5) == 0 ? own + 5 : "";

		v->type = PLACE_PAYS;
		v->has_place = code[0] != 0;
		snprintf(v->code, sizeof v->code, "%.15s", code);
	}
	return ES_OK;
}

static enum es_err known_place(struct request *r, const struct report *report, const struct report_view *v)
{
	uint16_t place;

	if (!v->has_place || report_place_find(&report->places, v->type, slice_str(v->code), &place))
		return ES_OK;
	buf_printf(&r->why, _("%s:%s: no such territory here"), report_place_types[v->type], v->code);
	return ES_BAD_VALUE;
}

enum es_err api_report(struct request *r, struct reader *reader)
{
	const char *programme = request_param(r, "programme"), *month = request_param(r, "month"), *date = request_param(r, "date");
	struct report_ask ask = {.programme = slice_str(programme), .whole_programme = programme[0] && !month[0] && !date[0]};
	struct report_view v = {0};
	struct report report;
	struct buf poles;
	enum es_err err = month_param(r, month, date, &ask.month);

	if (err == ES_OK)
		err = view_of(r, reader, &v);
	if (err != ES_OK)
		return err;
	err = programme[0] || date[0] || request_param(r, "live")[0] ? ES_NOT_FOUND : report_frozen(reader, &ask.month, &report);
	if (err == ES_NOT_FOUND)
		err = report_compute(reader, &ask, &report);
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no such programme here"), programme);
	if (err != ES_OK)
		return err;
	buf_init(&poles, 1 << 20);
	err = known_place(r, &report, &v);
	if (err == ES_OK)
		err = report_poles(reader, &poles);
	if (err == ES_OK)
		report_json(&report, &v, buf_slice(&poles), &r->out);
	buf_done(&poles);
	report_done(&report);
	return err == ES_OK ? buf_err(&r->out) : err;
}

enum es_err api_report_epci(struct request *r, struct reader *reader)
{
	struct report_month month;
	enum es_err err = month_param(r, request_param(r, "month"), request_param(r, "date"), &month);

	return err == ES_OK ? report_epci(reader, &month, &r->out) : err;
}

/* --- what is written, and checked --- */

static enum es_err month_body(struct request *r, struct report_month *out)
{
	char month[16];

	body_text(r, "month", month, sizeof month);
	return month_param(r, month, "", out);
}

/* `at`: another cut-off than the month's, a time with its offset, or "now". */
static enum es_err cutoff_body(struct request *r, struct node *n, struct report_month *month)
{
	char at[40];

	body_text(r, "at", at, sizeof at);
	if (!at[0])
		return ES_OK;
	if (strcmp(at, "now") == 0) {
		month->cutoff = (n->utc / 1000 + 1) * 1000;
		return ES_OK;
	}
	month->cutoff = strlen(at) > 10 ? report_time_ms(slice_str(at)) : 0;
	if (month->cutoff > 0)
		return ES_OK;
	buf_printf(&r->why, _("%s: not a time like 2026-12-01T00:00:00+01:00, nor 'now'"), at);
	return ES_BAD_VALUE;
}

enum es_err api_report_freeze(struct request *r, struct node *n)
{
	struct report_month month;
	char dry[8];
	enum es_err err = month_body(r, &month);

	if (err == ES_OK)
		err = cutoff_body(r, n, &month);
	return err == ES_OK ? report_freeze(n, &month, strcmp(body_text(r, "dry_run", dry, sizeof dry), "oui") == 0, &r->out, &r->why) : err;
}

enum es_err api_report_check(struct request *r, struct node *n)
{
	struct report_month month;
	enum es_err err = month_param(r, request_param(r, "month"), "", &month);

	return err == ES_OK ? report_check(n, &month, &r->out, &r->why) : err;
}

enum es_err api_report_send(struct request *r, struct node *n)
{
	struct report_month month;
	int64_t count = 0;
	enum es_err err = month_body(r, &month);

	if (err == ES_OK)
		err = report_send(n, &month, &count);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"mois\":\"%s\",\"envoyes\":%lld}", month.text, (long long)count);
	return err;
}
