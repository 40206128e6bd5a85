/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading records: show, list, search, match, export. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "daemon/api/api_parts.h"
#include "daemon/directory/reader_due.h"
#include "daemon/directory/sql.h"
#include "daemon/export/export.h"
#include "daemon/report/report_freeze.h"
#include "daemon/rgpd/rgpd.h"
#include "proto/value.h"

static int64_t number(struct request *r, const char *name, int64_t otherwise, int64_t max)
{
	const char *text = request_param(r, name);
	int64_t v = text[0] ? strtoll(text, NULL, 10) : otherwise;

	return v < 0 ? 0 : v > max ? max : v;
}

static enum es_err kind_param(struct request *r, bool needed, const struct schema_kind **out)
{
	const char *name = request_param(r, "kind");

	*out = schema_kind_named(slice_str(name));
	if (*out || (!needed && !name[0]))
		return ES_OK;
	buf_printf(&r->why, _("%s: unknown kind"), name[0] ? name : "kind");
	kinds_known(&r->why);
	return ES_UNKNOWN_KIND;
}

/* With facts=1, as the page's sheets ask; that it is not here is an answer to them too. */
static enum es_err show_facts(struct request *r, struct reader *reader, const struct id16 *uid, enum es_err err)
{
	if (err == ES_NOT_FOUND) {
		buf_clear(&r->out);
		buf_printf(&r->out, "{\"uid\":\"%s\",\"missing\":true}", r->part);
		return ES_OK;
	}
	if (err != ES_OK)
		return err;
	r->out.len--; /* the object goes on */
	buf_str(&r->out, ",\"facts\":");
	err = reader_facts(reader, uid, &r->out);
	buf_str(&r->out, "}");
	return err;
}

enum es_err api_show(struct request *r, struct reader *reader)
{
	const char *on = request_param(r, "on");
	struct id16 uid;
	bool siret = strlen(r->part) == 14 && strspn(r->part, "0123456789") == 14;
	enum es_err err = siret ? ES_OK : part_uid(r, &uid);

	if (siret && !reader_resolve(reader, slice_str(r->part), &uid))
		err = ES_NOT_FOUND;
	if (err == ES_OK && on[0] && (strlen(on) != SEARCH_DATE_LEN || value_time_seconds(slice_str(on)) == INT64_MIN)) {
		buf_printf(&r->why, _("on: '%.40s' is not a day YYYY-MM-DD"), on);
		err = ES_BAD_VALUE;
	}
	if (err == ES_OK)
		err = reader_show_on(reader, &uid, on[0] ? on : NULL, &r->out);
	if (err == ES_OK)
		reader_clause_hours(reader, r->part, &r->out);
	if (strcmp(request_param(r, "facts"), "1") == 0)
		err = show_facts(r, reader, &uid, err);
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no such record here"), r->part);
	return err;
}

/* Whoever counts what came must not take a part for the whole. */
static enum es_err limit_param(struct request *r, int64_t otherwise, int64_t max, int64_t *out)
{
	*out = number(r, "limit", otherwise, INT64_MAX);
	if (*out <= max)
		return ES_OK;
	buf_printf(&r->why, _("limit: at most %lld records in one answer; --offset has those that follow, 'essaim export csv --kind KIND' all at once"),
		   (long long)max);
	return ES_USAGE;
}

enum es_err api_list(struct request *r, struct reader *reader)
{
	const struct schema_kind *k;
	int64_t limit = 0;
	enum es_err err = kind_param(r, true, &k);

	if (err == ES_OK)
		err = limit_param(r, 100, API_RECORDS_MAX, &limit);
	return err != ES_OK ? err : reader_list(reader, k, limit, number(r, "offset", 0, INT64_MAX), &r->out);
}

static const char *search_param(void *r, const char *name)
{
	return request_param(r, name);
}

struct search_source search_from_request(struct request *r)
{
	return (struct search_source){search_param, r, r->api->ref, r->api->swarm->rights.region, NULL};
}

static enum MHD_Result known_parameter(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct request *r = ctx;

	(void)kind;
	(void)value;
	return key[0] == '\0' || search_parameter(key, &r->why) == ES_OK ? MHD_YES : MHD_NO;
}

enum es_err api_search(struct request *r, struct reader *reader)
{
	struct search_source from = search_from_request(r);
	enum es_err err = ES_OK;

	from.reader = reader;
	MHD_get_connection_values(r->conn, MHD_GET_ARGUMENT_KIND, known_parameter, r);
	if (r->why.len > 0)
		err = ES_BAD_VALUE;
	if (err == ES_OK)
		err = search_read(&r->search, &from, &r->why);
	return err != ES_OK ? err : reader_search(reader, &r->search, &r->out);
}

void today_text(char out[11])
{
	day_of((es_ms)time(NULL) * 1000, out);
}

enum es_err api_match(struct request *r, struct reader *reader)
{
	struct ranking q = {.all = strcmp(request_param(r, "all"), "1") == 0, .limit = number(r, "limit", 20, API_LIST_MAX)};
	enum es_err err = part_uid(r, &q.uid);
	char today[11];

	today_text(today);
	q.today = slice_str(today);
	if (err == ES_OK)
		err = reader_rank(reader, &q, &r->out);
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no need or offer of that uid here; see 'essaim list besoin'"), r->part);
	return err;
}

struct exporting_request {
	struct request *r;
	const struct export_format *format;
	struct report_month month;
	struct export_options o;
};

static enum es_err format_param(struct request *r, const struct export_format **out)
{
	*out = export_format_named(request_param(r, "format"));
	if (*out)
		return ES_OK;
	buf_printf(&r->why, _("%s: unknown format; known: "), request_param(r, "format"));
	export_format_names(&r->why);
	return ES_USAGE;
}

/* A purpose that nobody was ever asked about gives no list, and no hint why. */
static enum es_err purpose_param(struct request *r, struct reader *reader, const char *finalite)
{
	static const char asked[] = "SELECT DISTINCT substr(i.value, 1, instr(i.value || ':', ':') - 1) AS f FROM contact t, " ITEMS("t.consentements") " i"
				    " WHERE i.value <> ''";
	const struct slice args[] = {slice_str(finalite)};
	char sql[512];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM (%s) WHERE f = ?1", asked);
	if (!finalite[0] || strcmp(finalite, "newsletter") == 0 || reader_number(reader, sql, args, 1) > 0)
		return ES_OK;
	buf_printf(&r->why, _("finalite: '%.40s' is not known; known: newsletter"), finalite);
	snprintf(sql, sizeof sql, "SELECT '|' || group_concat(f, '|') FROM (%s AND f <> 'newsletter' ORDER BY f LIMIT 40)", asked);
	(void)reader_text(reader, sql, NULL, 0, &r->why);
	return ES_BAD_VALUE;
}

static enum es_err no_month(struct request *r, const struct export_format *f)
{
	buf_printf(&r->why, _("%s: this format has no month, it is as of today; 'essaim export indicateurs --month' has one"), f->name);
	return ES_USAGE;
}

/* A list of today must not pass for that of a month. */
static enum es_err refuse_month(struct request *r, const struct export_format *f)
{
	if (!request_param(r, "month")[0] || strcmp(f->name, "indicateurs") == 0)
		return ES_OK;
	if (!export_has_past(f))
		return no_month(r, f);
	buf_printf(&r->why, _("%s: of a month that is frozen: GET export/past"), f->name);
	return ES_USAGE;
}

/* What is asked for, and whether who asks may. */
static enum es_err export_asked(struct request *r, struct exporting_request *x)
{
	const struct role_row *role = r->role;
	enum es_err err = format_param(r, &x->format);

	if (err == ES_OK && role && action_rows[ACTION_EXPORT].cells[role->id] == CELL_SHOWN && strncmp(x->format->type, "text/csv", 8) != 0) {
		buf_printf(&r->why, _("%s: %s exports CSV of what is public only"), x->format->name, role->name);
		err = ES_NOT_ALLOWED;
	}
	if (err == ES_OK)
		err = month_param(r, request_param(r, "month"), "", &x->month);
	if (err == ES_OK)
		err = kind_param(r, x->format->kinds == EXPORT_ONE && !x->format->default_kind, &x->o.kind);
	x->o.month = x->month.text;
	x->o.region = r->api->swarm->rights.region;
	x->o.finalite = request_param(r, "finalite")[0] ? request_param(r, "finalite") : NULL;
	x->o.public = r->within == SCOPE_PUBLIC || strcmp(request_param(r, "public"), "1") == 0;
	return err;
}

static enum es_err export_to_file(struct request *r, const struct exporting_request *x, struct reader *reader)
{
	enum es_err err = ES_IO;

	if ((r->out_file = tmpfile()))
		err = export_write(reader, x->format, &x->o, r->out_file);
	if (err == ES_IO && errno == ENOSPC)
		err = ES_DISK_FULL;
	if (err == ES_USAGE && r->why.len == 0)
		buf_printf(&r->why, _("%s: this format has no kind to choose"), x->format->name);
	r->type = x->format->type;
	if (err == ES_OK)
		rgpd_note_export(r->api->dir, x->format->name, x->o.kind);
	return err;
}

enum es_err api_export(struct request *r, struct reader *reader)
{
	struct exporting_request x = {0};
	enum es_err err = export_asked(r, &x);

	if (err == ES_OK)
		err = refuse_month(r, x.format);
	if (err == ES_OK)
		err = purpose_param(r, reader, request_param(r, "finalite"));
	return err == ES_OK ? export_to_file(r, &x, reader) : err;
}

static enum es_err export_then(void *ctx, struct reader *reader)
{
	const struct exporting_request *x = ctx;

	return export_to_file(x->r, x, reader);
}

/* The same file as of a frozen month's cut-off. On the writer's thread: the journal is folded anew. */
enum es_err api_export_past(struct request *r, struct node *n)
{
	struct exporting_request x = {.r = r};
	enum es_err err = export_asked(r, &x);

	if (err == ES_OK && !export_has_past(x.format))
		err = no_month(r, x.format);
	return err == ES_OK ? report_then(n, &x.month, export_then, &x, &r->why) : err;
}
