/* SPDX-License-Identifier: Apache-2.0
 *
 * What a hub officer looks up: follow-ups due, charters to renew, code lists. */
#include <string.h>
#include <time.h>
#include "daemon/api/api_parts.h"
#include "daemon/directory/reader_due.h"
#include "daemon/rules/codes.h"
#include "proto/canon.h"
#include "proto/value.h"

static void today(char out[11])
{
	today_text(out);
}

/* As a date of a record is read; today where none is said. */
static enum es_err day_param(struct request *r, char day[11])
{
	const char *on = request_param(r, "on");
	const struct schema_field *date = schema_field_named(schema_kind_named(slice_str("suivi")), slice_str("date"));
	struct findings f = {0};
	struct canon_reader value;
	uint8_t bytes[64];
	struct buf memory;

	today(day);
	if (!on[0])
		return ES_OK;
	buf_init_fixed(&memory, bytes, sizeof bytes);
	if (!value_parse(date, slice_str(on), &memory, &f) || buf_err(&memory) != ES_OK) {
		buf_printf(&r->why, _("on: '%.40s' is not a day YYYY-MM-DD"), on);
		return ES_BAD_VALUE;
	}
	canon_read_init(&value, buf_slice(&memory));
	struct slice text = canon_read_str(&value, 10);
	if (text.len == 10)
		memcpy(day, text.p, 10);
	return ES_OK;
}

enum es_err api_due(struct request *r, struct reader *reader)
{
	char day[11];
	enum es_err err = day_param(r, day);

	return err == ES_OK ? reader_due(reader, day, &r->out) : err;
}

enum es_err api_renewals(struct request *r, struct reader *reader)
{
	char day[11];

	today(day);
	return reader_renewals(reader, day, r->api->swarm->role == ROLE_CRESS, &r->out);
}

enum es_err api_codes(struct request *r, struct reader *reader)
{
	const char *list = request_param(r, "list");
	enum es_err err = codes_json(reader, list[0] ? list : NULL, &r->out);

	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, _("%s: no such code list; 'essaim codes' names them"), list);
	return err;
}
